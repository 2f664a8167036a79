"""Ways through the house, compared with networkx, which shares no code with the compiled search."""

from __future__ import annotations

import os
import random
from itertools import pairwise
from typing import Any

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import strategies as hospital
from twin.errors import NotFound
from twin.events import places
from twin.events.envelope import Event
from twin.events.places import PathClosed, PathDefined, PathKind, PathRemoved, PathReopened, PlaceDefined, PlaceKind
from twin.events.things import TagLost
from twin.places.building import Building
from twin.places.movers import DEFAULT_PROFILES, Mover, MoverProfile
from twin.places.routes import Routes

QUESTIONS = int(os.environ.get("HOSPITAL_TWIN_QUESTIONS", "1000"))


class Drawing:
    """Draws a building fact by fact."""

    def __init__(self) -> None:
        self.building = Building()
        self.facts: list[Event] = []

    def tell(self, kind: type[Event], thing: str, at: int = 0, /, **payload: Any) -> Event:
        event = kind(thing=thing, occurred_at=at, source="import:plan", source_key=str(len(self.facts)), **payload)
        self.facts.append(event)
        self.building.apply(event)
        return event

    def place(self, name: str, parent: str = "", kind: PlaceKind = PlaceKind.ROOM) -> None:
        self.tell(PlaceDefined, name, kind=kind, name=name, parent=parent)

    def path(self, start: str, end: str, **payload: Any) -> str:
        name = f"{start}-{end}-{len(self.facts)}"
        self.tell(PathDefined, name, start=start, end=end, **payload)
        return name


def two_floors() -> Drawing:
    drawing = Drawing()
    for name in ("hall", "lift-0", "lift-1", "ward", "store"):
        drawing.place(name)
    drawing.path("hall", "lift-0", length_m=13.0)
    drawing.path("lift-1", "ward", length_m=13.0)
    drawing.tell(PathDefined, "lift", start="lift-0", end="lift-1", kind=PathKind.LIFT, floors=1)
    drawing.tell(PathDefined, "stairs", start="hall", end="ward", kind=PathKind.STAIRS, floors=1, length_m=2.6)
    drawing.tell(PathDefined, "door", start="ward", end="store", kind=PathKind.DOOR, length_m=1.3, width_m=0.9)
    return drawing


def test_a_person_takes_the_stairs_and_a_bed_the_lift() -> None:
    building = two_floors().building

    on_foot = building.routes(Mover.PERSON).path("hall", "ward")
    in_bed = building.routes(Mover.BED).path("hall", "ward")

    assert on_foot is not None
    assert in_bed is not None
    assert on_foot.paths == ("stairs",)
    assert on_foot.seconds == pytest.approx(18.0 + 2.6 / 1.3)
    assert in_bed.places == ("hall", "lift-0", "lift-1", "ward")
    assert in_bed.seconds == pytest.approx(13.0 / 0.8 * 2 + 60.0 + 4.0)


def test_a_bed_does_not_pass_a_narrow_door_but_a_cart_does() -> None:
    building = two_floors().building

    assert building.routes(Mover.BED).seconds("ward", "store") == float("inf")
    assert building.routes(Mover.BED).path("ward", "store") is None
    assert building.routes(Mover.CART).seconds("ward", "store") == pytest.approx(1.3 / 1.0 + 5.0)


def test_a_closed_lift_is_not_taken_until_it_is_open_again() -> None:
    drawing = two_floors()
    first = drawing.building.routes(Mover.CART)
    assert first.seconds("hall", "ward") < float("inf")

    drawing.tell(PathClosed, "lift", 10, reason="maintenance")
    assert drawing.building.is_closed("lift")
    assert drawing.building.routes(Mover.CART).seconds("hall", "ward") == float("inf")
    drawing.tell(PathReopened, "lift", 20)

    assert drawing.building.routes(Mover.CART).seconds("hall", "ward") == first.seconds("hall", "ward")
    assert drawing.building.routes(Mover.CART).version > first.version


def test_routes_are_compiled_once_per_change() -> None:
    drawing = two_floors()

    assert drawing.building.routes(Mover.BED) is drawing.building.routes("bed")


def test_an_older_closure_that_arrives_late_does_not_close_again() -> None:
    drawing = two_floors()
    drawing.tell(PathReopened, "lift", 20)

    drawing.tell(PathClosed, "lift", 10)

    assert drawing.building.routes(Mover.CART).seconds("hall", "ward") < float("inf")


def test_a_one_way_path_is_walked_one_way_only() -> None:
    drawing = Drawing()
    drawing.place("clean")
    drawing.place("dirty")
    drawing.path("dirty", "clean", length_m=5.0, one_way=True)

    routes = drawing.building.routes()

    assert routes.seconds("dirty", "clean") < float("inf")
    assert routes.seconds("clean", "dirty") == float("inf")


def test_a_path_drawn_anew_replaces_the_old_one() -> None:
    drawing = two_floors()
    drawing.tell(PathDefined, "stairs", 5, start="hall", end="store", kind=PathKind.STAIRS, floors=1)

    route = drawing.building.routes().path("hall", "ward")

    assert route is not None
    assert route.paths[0] == "stairs"
    assert "store" in route.places


def test_a_removed_path_or_place_is_not_walked() -> None:
    drawing = two_floors()
    drawing.tell(PathRemoved, "stairs", 5)
    drawing.tell(places.PlaceRemoved, "lift-1", 5)

    assert drawing.building.routes().seconds("hall", "ward") == float("inf")


def test_the_shorter_of_two_parallel_paths_is_taken() -> None:
    drawing = Drawing()
    drawing.place("a")
    drawing.place("b")
    drawing.path("a", "b", length_m=50.0)
    short = drawing.path("a", "b", length_m=5.0)

    route = drawing.building.routes().path("b", "a")

    assert route is not None
    assert route.paths == (short,)


def test_a_bin_on_a_shelf_is_reached_through_its_room() -> None:
    drawing = two_floors()
    drawing.place("shelf", parent="store", kind=PlaceKind.CABINET)
    drawing.place("bin", parent="shelf", kind=PlaceKind.BIN)

    routes = drawing.building.routes()

    assert routes.seconds("ward", "bin") == routes.seconds("ward", "store")
    assert [found.place for found in routes.nearest("ward", ["bin", "hall"])] == ["bin"]


def test_a_place_without_any_way_is_not_known_to_routes() -> None:
    drawing = two_floors()
    drawing.place("island")

    routes = drawing.building.routes()

    assert not routes.knows("island")
    assert routes.nearest("hall", ["island"]) == []
    with pytest.raises(NotFound, match="island"):
        routes.seconds("hall", "island")


def test_the_way_to_where_one_is_takes_no_time() -> None:
    route = two_floors().building.routes().path("hall", "hall")

    assert route is not None
    assert (route.places, route.paths, route.seconds) == (("hall",), (), 0.0)


def test_an_empty_building_knows_no_ways() -> None:
    routes = Building().routes()

    assert not routes.knows("hall")


def test_reach_tells_all_within_a_time_nearest_first() -> None:
    routes = two_floors().building.routes()

    found = routes.reach("hall", 20.0)

    assert list(found) == ["hall", "lift-0", "ward"]
    assert list(found.values()) == sorted(found.values())


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"speed_m_per_s": 0.0}, id="nobody arrives"),
        pytest.param({"ramp_speed_m_per_s": -1.0}, id="backwards on the ramp"),
        pytest.param({"lift_wait_s": -1.0}, id="a lift before it was called"),
    ],
)
def test_an_impossible_mover_is_refused(change: dict[str, float]) -> None:
    valid = {
        "speed_m_per_s": 1.0,
        "ramp_speed_m_per_s": 1.0,
        "clear_width_m": 1.0,
        "stairs_s_per_floor": 0.0,
        "lift_wait_s": 1.0,
        "lift_ride_s_per_floor": 1.0,
        "door_s": 0.0,
    }

    with pytest.raises(ValueError, match="Expected"):
        MoverProfile(**{**valid, **change})


def test_a_ramp_has_its_own_speed() -> None:
    profile = DEFAULT_PROFILES[Mover.CART]
    ramp = Drawing().tell(PathDefined, "ramp", start="a", end="b", kind=PathKind.RAMP, length_m=7.0)
    assert isinstance(ramp, PathDefined)

    assert profile.seconds(ramp) == pytest.approx(10.0)


def random_building(seed: int, rooms: int, extra: int) -> Drawing:
    """A random tree of rooms with some shortcuts, so that most places can be reached."""
    chance = random.Random(seed)
    drawing = Drawing()
    for room in range(rooms):
        drawing.place(f"r{room:04}")
    for room in range(1, rooms):
        drawing.path(f"r{chance.randrange(room):04}", f"r{room:04}", length_m=chance.choice((0.0, 1.3, 2.6, 6.5)))
    for _ in range(extra):
        start, end = chance.sample(range(rooms), 2)
        drawing.path(
            f"r{start:04}",
            f"r{end:04}",
            length_m=chance.uniform(0.0, 30.0),
            one_way=chance.random() < 0.3,
            width_m=chance.choice((0.7, 1.0, 2.0)),
        )
    return drawing


def by_networkx(drawing: Drawing, mover: Mover, start: str) -> dict[str, float]:
    graph = nx.MultiDiGraph()
    for event in drawing.facts:
        if isinstance(event, PathDefined):
            seconds = DEFAULT_PROFILES[mover].seconds(event)
            if seconds is not None:
                graph.add_edge(event.start, event.end, weight=seconds)
                if not event.one_way:
                    graph.add_edge(event.end, event.start, weight=seconds)
    found: dict[str, float] = nx.single_source_dijkstra_path_length(graph, start)
    return found


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 40), st.integers(0, 20), st.sampled_from(list(Mover)))
def test_seconds_equal_those_of_networkx(seed: int, rooms: int, extra: int, mover: Mover) -> None:
    drawing = random_building(seed, rooms, extra)

    found = drawing.building.routes(mover).reach("r0000")

    assert found == pytest.approx(by_networkx(drawing, mover, "r0000"))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 30))
def test_a_path_takes_as_long_as_its_pieces(seed: int, rooms: int) -> None:
    drawing = random_building(seed, rooms, 10)
    definitions = {event.thing: event for event in drawing.facts if isinstance(event, PathDefined)}
    routes = drawing.building.routes()

    route = routes.path("r0000", f"r{rooms - 1:04}")

    assert route is not None
    pieces = [DEFAULT_PROFILES[Mover.PERSON].seconds(definitions[path]) for path in route.paths]
    assert sum(piece for piece in pieces if piece is not None) == pytest.approx(route.seconds)
    for path, ends in zip(route.paths, pairwise(route.places), strict=True):
        assert {definitions[path].start, definitions[path].end} == set(ends)


def test_nearest_equals_brute_force_on_many_random_questions() -> None:
    drawing = random_building(3, 600, 300)
    routes = drawing.building.routes()
    chance = random.Random(5)
    rooms = [f"r{room:04}" for room in range(600)]
    truth: dict[str, dict[str, float]] = {}

    for _ in range(QUESTIONS):
        start, k = chance.choice(rooms), chance.randrange(1, 12)
        candidates = chance.sample(rooms, chance.randrange(1, 80))
        if start not in truth:
            truth[start] = by_networkx(drawing, Mover.PERSON, start)
        # Sums in another order differ in the last digits, so ties are told at a billionth of a second.
        expected = sorted(round(truth[start][room], 9) for room in candidates if room in truth[start])[:k]

        found = routes.nearest(start, candidates, k)

        assert [round(reached.seconds, 9) for reached in found] == expected
        assert all(reached.place in candidates for reached in found)
        assert len({reached.place for reached in found}) == len(found)


BUILDING = (
    places.PlaceDefined,
    places.PlaceRemoved,
    places.PathDefined,
    places.PathRemoved,
    places.PathClosed,
    places.PathReopened,
)


@settings(max_examples=150, deadline=None)
@given(hospital.event_sets(*BUILDING, max_size=20, last=8), st.integers(0, 2**32), st.sampled_from(list(Mover)))
def test_any_order_of_events_gives_the_same_ways(events: list[Event], seed: int, mover: Mover) -> None:
    shuffled = events[:]
    random.Random(seed).shuffle(shuffled)

    def distances(facts: list[Event]) -> dict[str, dict[str, float]]:
        building = Building()
        for fact in facts:
            building.apply(fact)
        routes: Routes = building.routes(mover)
        return {name: routes.reach(name) for name in hospital.PLACES if routes.knows(name)}

    assert distances(events) == distances(shuffled)


def test_other_events_change_no_building() -> None:
    building = two_floors().building
    version = building.version
    lost = hospital.POOLS["tag"][0]

    assert not building.apply(TagLost(thing=lost, occurred_at=1, source="gateway:g", source_key="x", last_zone="hall"))
    assert building.version == version

"""Ways between places, told by a document or found in a building."""

from __future__ import annotations

from typing import Any

import pytest

from simulation.model.operations import Delay
from simulation.model.plan import Mark
from simulation.model.problems import PathwayError
from simulation.model.ways import places_named, with_travel
from simulation.statistics.moments import mean_of, second_moment_of
from tests.simulation.pathways import both, plan_of, rows
from twin.events.places import PathDefined, PlaceDefined, PlaceKind
from twin.places.building import Building
from twin.places.movers import DEFAULT_PROFILES, Mover

Document = dict[str, Any]
BED = DEFAULT_PROFILES[Mover.BED]


def moved(mover: str = "bed", **told: Any) -> Document:
    """One patient who is taken from ED to 3A by a porter."""
    return {
        "pools": {"porter": {"capacity": 1}},
        "arrivals": {"in": {"at": [0], "to": "move"}},
        "nodes": {
            "move": {"do": "transport", "pools": "porter", "from": "ED", "to": "3A", "mover": mover, "next": "out"},
            "out": {"do": "exit"},
        },
        **told,
    }


def seconds_of(document: Document) -> float:
    found = plan_of(document).pathway.operations["move:way"].durations[0].mean  # type: ignore[union-attr]
    return round(found / 1e6, 3)


def corridor(start: str, end: str, length_m: float, **more: object) -> Document:
    return {"from": start, "to": end, "length_m": length_m, **more}


def test_the_shortest_way_through_the_corridors_is_walked_at_the_movers_speed() -> None:
    long_way = [corridor("ED", "3A", 400)]
    short_way = [corridor("ED", "lift", 40), corridor("lift", "3A", 24)]

    assert seconds_of(moved(corridors=long_way + short_way)) == pytest.approx(64 / BED.speed_m_per_s, abs=1e-3)
    person = DEFAULT_PROFILES[Mover.PERSON].speed_m_per_s
    assert seconds_of(moved("person", corridors=long_way + short_way)) == pytest.approx(64 / person, abs=1e-3)


def test_a_bed_goes_round_what_is_too_narrow_and_takes_the_lift() -> None:
    narrow = corridor("ED", "3A", 10, width_m=0.9)
    lift = corridor("ED", "3A", 0, kind="lift", floors=3)

    assert seconds_of(moved(corridors=[narrow, lift])) == BED.lift_wait_s + 3 * BED.lift_ride_s_per_floor


def test_what_the_document_tells_goes_before_what_is_found() -> None:
    told = {"travel": {"bed": {"ED": {"3A": "4 min"}}}, "corridors": [corridor("ED", "3A", 10)]}

    assert seconds_of(moved(**told)) == 240.0


def test_both_engines_walk_the_same_way() -> None:
    fast, slow = both(plan_of(moved(corridors=[corridor("ED", "3A", 80)])))

    assert rows(fast) == rows(slow)
    assert rows(fast)[-1][0] == round(80 / BED.speed_m_per_s * 1e6)


@pytest.mark.parametrize(
    ("told", "place"),
    [
        ({"corridors": [corridor("ED", "CT", 10)]}, "nodes.move.to"),  # no way
        ({"corridors": [corridor("3A", "ED", 10, one_way=True)]}, "nodes.move.to"),  # only back
        ({"corridors": [corridor("ED", "3A", 10, width_m=0.5)]}, "nodes.move.to"),  # too narrow for a bed
        ({"corridors": [corridor("ED", "3A", -1)]}, "corridors.0.length_m"),
        ({"corridors": [corridor("ED", "3A", 10, kind="rope")]}, "corridors.0.kind"),
        ({"corridors": [corridor("ED", "3A", 10, colour="red")]}, "corridors.0.colour"),
        ({"corridors": [{"from": "ED"}]}, "corridors.0.to"),
        ({"corridors": {"from": "ED"}}, "corridors"),
        ({"travel": {"horse": {"ED": {"3A": 4}}}}, "travel.horse"),
        ({"travel": {"bed": {"ED": {"3A": "soon"}}}}, "travel.bed.ED.3A"),
        ({"travel": {"bed": 4}}, "travel.bed"),
    ],
)
def test_ways_that_cannot_be_read_or_walked_name_their_place(told: Document, place: str) -> None:
    with pytest.raises(PathwayError) as caught:
        plan_of(moved(**told))

    assert caught.value.problem.place == place


def test_an_unknown_mover_is_refused() -> None:
    with pytest.raises(PathwayError, match="horse"):
        plan_of(moved("horse", corridors=[corridor("ED", "3A", 10)]))


def house(length_m: float) -> Building:
    head = {"occurred_at": 1, "source": "import:test"}
    places = [
        PlaceDefined(thing=name, source_key=name, kind=PlaceKind.ROOM, name=name, **head) for name in ("ED", "3A")
    ]
    path = PathDefined(thing="p", source_key="p", start="ED", end="3A", length_m=length_m, **head)
    return Building.from_definitions(places, [path])


def test_a_document_takes_along_what_it_needs_of_the_building() -> None:
    carried = with_travel(moved(), house(80.0))

    assert seconds_of(carried) == pytest.approx(80 / BED.speed_m_per_s, abs=1e-3)
    assert with_travel(carried, house(8000.0)) == carried  # what is told stays
    assert places_named(carried) == {("bed", "ED", "3A")}


def test_a_document_without_ways_stays_as_it_is() -> None:
    plain: Document = {"nodes": {"out": {"do": "exit"}}}

    assert with_travel(plain, house(8.0)) == plain
    assert places_named({"nodes": 3}) == set()


def waiting_pair(**more: object) -> Document:
    """Two patients who come at once and are moved by the same porter."""
    told = moved(corridors=[corridor("ED", "3A", 80)])
    told["arrivals"] = {"in": {"at": [0, 0], "to": "move"}}
    told["nodes"]["move"] |= more
    return told


def test_a_porter_walks_back_alone_before_the_next_patient_is_moved() -> None:
    there, home = (80 / DEFAULT_PROFILES[mover].speed_m_per_s for mover in (Mover.BED, Mover.PERSON))

    fast, slow = both(plan_of(waiting_pair(back=True)))

    assert rows(fast) == rows(slow)
    granted = [row[0] for row in rows(fast) if Mark(row[5]) is Mark.GRANT]
    exits = [row[0] for row in rows(fast) if Mark(row[5]) is Mark.EXIT and row[3] == 0]
    assert granted == pytest.approx([0, (there + home) * 1e6], abs=2)
    assert exits == pytest.approx([there * 1e6, (2 * there + home) * 1e6], abs=2)  # the patient does not wait for it


def test_the_way_back_may_be_told_and_is_as_long_as_there_where_none_is_known() -> None:
    told = plan_of(waiting_pair(back="3 min")).pathway.operations["move:back"]
    one_way = waiting_pair(back=True) | {"corridors": [corridor("ED", "3A", 80, one_way=True)]}
    unknown = plan_of(one_way).pathway.operations["move:back"]

    assert isinstance(told, Delay)
    assert isinstance(unknown, Delay)
    assert told.durations[0].mean == 180e6
    assert unknown.durations[0].mean == pytest.approx(80e6 / BED.speed_m_per_s)


def test_ways_vary_as_they_are_told_to() -> None:
    operation = plan_of(waiting_pair(varies=0.5)).pathway.operations["move:way"]

    assert isinstance(operation, Delay)
    (law,) = set(operation.durations)
    mean = 80e6 / BED.speed_m_per_s
    assert mean_of(law) == pytest.approx(mean)
    assert second_moment_of(law) - mean**2 == pytest.approx((0.5 * mean) ** 2)


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"varies": -0.1}, "nodes.move.varies"),
        ({"varies": 40}, "nodes.move.varies"),
        ({"back": "soon"}, "nodes.move.back"),
        ({"back": True, "any_of": True}, "nodes.move.back"),
    ],
)
def test_ways_back_that_cannot_be_walked_are_refused(more: Document, place: str) -> None:
    with pytest.raises(PathwayError) as caught:
        plan_of(waiting_pair(**more))

    assert caught.value.problem.place == place


def test_the_way_back_is_taken_along_from_the_building() -> None:
    document = moved()
    document["nodes"]["move"]["back"] = True

    assert places_named(document) == {("bed", "ED", "3A"), ("person", "3A", "ED")}

"""Places that somebody makes, changes and removes: what is taken is in force, what is refused names why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.errors import FieldError, NotFound, Refused
from twin.events.patients import EncounterClass, EncounterStarted
from twin.events.places import PathDefined, PlaceDefined, PlaceKind
from twin.events.supply import StockMoved
from twin.events.things import AssetRegistered
from twin.events.watch import ReadPointDefined
from twin.state import place_acts
from twin.state.house_acts import Said
from twin.state.live import LiveState
from twin.state.place_acts import PlaceTold

HEAD = {"occurred_at": 1, "source": "import:test"}


def house() -> LiveState:
    state = LiveState()
    for key, parent in (("W", ""), ("R", "W"), ("B", "R")):
        kind = PlaceKind.BED if key == "B" else PlaceKind.ROOM
        state.apply(PlaceDefined(thing=key, source_key=key, kind=kind, name=f"Place {key}", parent=parent, **HEAD))
    return state


def said(at: int = 10) -> Said:
    return Said(actor="u1", at=at, key=f"k{at}")


def test_what_is_told_replaces_all_that_was_told():
    state = house()

    state.apply(
        place_acts.define_place(
            state, PlaceTold(id="R", kind=PlaceKind.WARD, name=" Ward R ", parent="", floor=3, x_m=-2.5), said=said()
        )
    )

    held = state.places["R"]
    assert (held.name, held.kind, held.parent, held.floor, held.x_m) == ("Ward R", PlaceKind.WARD, "", 3, -2.5)
    assert held.actor == "u1"
    assert "R" not in state.index.children["W"]


def test_a_bed_that_is_made_stands_on_the_board_at_once():
    state = house()

    state.apply(
        place_acts.define_place(state, PlaceTold(id="B2", kind=PlaceKind.BED, name="Bed 2", parent="R"), said=said())
    )

    assert "B2" in state.beds


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"id": ""}, "id"),
        ({"id": " R"}, "id"),  # a blank that nobody sees would be another place
        ({"id": "supplier"}, "id"),  # a virtual place of the stock ledger
        ({"name": "  "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name_zh": "病" * 201}, "name_zh"),
        ({"parent": "nowhere"}, "parent"),
        ({"parent": "R"}, "parent"),  # itself
        ({"parent": "B"}, "parent"),  # a bed that lies in it
        ({"floor": 201}, "floor"),
        ({"capacity": -1}, "capacity"),
        ({"x_m": float("nan")}, "x_m"),
        ({"width_m": -0.1}, "width_m"),
        ({"depth_m": float("inf")}, "depth_m"),
    ],
)
def test_what_cannot_be_names_its_field(told, field):
    with pytest.raises(FieldError) as refused:
        place_acts.define_place(
            house(),
            PlaceTold(**{"id": "R", "kind": PlaceKind.ROOM, "name": "Room", "parent": "W", **told}),
            said=said(),
        )

    assert refused.value.problem.field == field


@given(st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(["", *"abcdef"]), min_size=1))
def test_no_order_of_changes_makes_places_lie_in_a_circle(parent_by_place):
    state = LiveState()
    for at, (place, parent) in enumerate(list(parent_by_place.items()) * 2, start=2):
        try:
            event = place_acts.define_place(
                state, PlaceTold(id=place, kind=PlaceKind.ROOM, name=place, parent=parent), said=said(at)
            )
        except FieldError:
            continue
        state.apply(event)

    for place in state.places:
        seen = []
        while place:
            assert place not in seen
            seen.append(place)
            place = state.places[place].parent


@pytest.mark.parametrize(
    ("needs", "place"),
    [
        (PlaceDefined(thing="X", source_key="x", kind=PlaceKind.BIN, name="Bin", parent="B", **HEAD), "B"),
        (PathDefined(thing="P", source_key="p", start="W", end="B", **HEAD), "B"),
        (StockMoved(thing="gauze", source_key="s", quantity=2, from_place="supplier", to_place="B", **HEAD), "B"),
        (AssetRegistered(thing="A", source_key="a", category="pump", name="Pump", home="B", **HEAD), "B"),
        (ReadPointDefined(thing="RP", source_key="r", reader="rd", antenna=1, place="B", **HEAD), "B"),
        (
            EncounterStarted(thing="E", source_key="e", encounter_class=EncounterClass.INPATIENT, place="B", **HEAD),
            "B",
        ),
    ],
)
def test_a_place_that_something_needs_is_not_removed(needs, place):
    state = house()
    state.apply(needs)

    with pytest.raises(Refused, match="still needed") as refused:
        place_acts.remove_place(state, place, said=said())

    assert refused.value.code == "refused.place_in_use"


def test_what_nothing_needs_goes_from_the_inside_out():
    state = house()
    with pytest.raises(Refused, match="R lies in it"):
        place_acts.remove_place(state, "W", said=said())

    for at, place in enumerate(("B", "R", "W"), start=10):
        state.apply(place_acts.remove_place(state, place, said=said(at)))

    assert not state.places
    with pytest.raises(NotFound):
        place_acts.remove_place(state, "W", said=said(20))

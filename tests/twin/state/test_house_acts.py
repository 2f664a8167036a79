"""Acts on the house: what is refused names why, what is taken changes ways and beds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.errors import FieldError, NotFound, Refused
from twin.events.patients import BedReadiness, BedService
from twin.events.places import PathDefined, PathKind, PlaceDefined, PlaceKind
from twin.state import house_acts, views
from twin.state.house_acts import Said
from twin.state.live import LiveState


def house() -> LiveState:
    state = LiveState()
    head = {"occurred_at": 1, "source": "import:test"}
    state.apply(PlaceDefined(thing="W", source_key="w", kind=PlaceKind.WARD, name="Ward", **head))
    state.apply(PlaceDefined(thing="B", source_key="b", kind=PlaceKind.BED, name="Bed", parent="W", **head))
    state.apply(PathDefined(thing="L1", source_key="l", start="W", end="B", kind=PathKind.LIFT, **head))
    return state


def said(at: int = 10) -> Said:
    return Said(actor="u1", at=at, key=f"k{at}")


def test_a_closed_way_is_closed_until_it_is_opened():
    state = house()
    state.apply(house_acts.close_path(state, "L1", reason=" serviced until noon ", said=said(10)))
    assert house_acts.is_closed(state, "L1")
    assert state.closures["L1"].reason == "serviced until noon"
    with pytest.raises(Refused, match="closed already"):
        house_acts.close_path(state, "L1", reason="again", said=said(11))

    state.apply(house_acts.reopen_path(state, "L1", said=said(12)))
    assert not house_acts.is_closed(state, "L1")
    with pytest.raises(Refused, match="not closed"):
        house_acts.reopen_path(state, "L1", said=said(13))


@pytest.mark.parametrize("reason", ["", "   ", "x" * 301, "a\0b"])
def test_a_way_is_not_closed_without_a_reason_that_can_be_read(reason):
    with pytest.raises(FieldError) as refused:
        house_acts.close_path(house(), "L1", reason=reason, said=said())

    assert refused.value.problem.field == "reason"


def test_unknown_ways_and_beds_are_named():
    state = house()
    for act in (
        lambda: house_acts.close_path(state, "L9", reason="x", said=said()),
        lambda: house_acts.reopen_path(state, "L9", said=said()),
        lambda: house_acts.set_bed_service(state, "W", BedService.CLOSED, reason="x", said=said()),
        lambda: house_acts.set_bed_readiness(state, "B9", BedReadiness.DIRTY, said=said()),
    ):
        with pytest.raises(NotFound):
            act()


def test_closing_a_bed_needs_a_reason_and_opening_it_does_not():
    state = house()
    with pytest.raises(FieldError):
        house_acts.set_bed_service(state, "B", BedService.CLOSED, said=said())
    state.apply(house_acts.set_bed_service(state, "B", BedService.CLOSED, reason="motor broken", said=said(10)))
    assert views.bed_view(state, "B").service is BedService.CLOSED

    state.apply(house_acts.set_bed_service(state, "B", BedService.OPEN, said=said(11)))
    assert views.bed_view(state, "B").service is BedService.OPEN
    with pytest.raises(Refused):
        house_acts.set_bed_service(state, "B", BedService.OPEN, said=said(12))


@given(st.lists(st.sampled_from(list(BedReadiness)), min_size=1, max_size=20))
def test_a_bed_is_what_was_said_last(steps):
    state = house()
    for at, readiness in enumerate(steps, start=10):
        try:
            state.apply(house_acts.set_bed_readiness(state, "B", readiness, said=said(at)))
        except Refused:
            assert views.bed_view(state, "B").readiness is readiness
        assert views.bed_view(state, "B").readiness is readiness

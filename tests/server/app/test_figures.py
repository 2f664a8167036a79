"""The overview's own figures are kept, so that its tiles can show the last day."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dash_app.queries.overview import tiles
from dash_app.queries.past_figures import counts_at
from dash_app.queries.trends import SPAN_US, trends
from server.app.figures import PastFigures, note_figures
from server.wiring import Hospital, follow
from twin.clock import HOUR_US, ManualClock
from twin.events.patients import EncounterClass, EncounterDeparted, EncounterStarted
from twin.events.places import PlaceDefined, PlaceKind
from twin.events.things import AssetRegistered, AvailabilityChanged


def tell(hospital: Hospital, clock: ManualClock, event_type: type, thing: str, **more: object) -> None:
    now = clock.now()
    hospital.record_now(
        [event_type(thing=thing, occurred_at=now, source="import:t", source_key=f"{thing}/{now}", **more)]
    )


def shown(hospital: Hospital, clock: ManualClock) -> dict[str, list[float]]:
    now = clock.now()
    with hospital.read() as session:
        found = trends(session, hospital.telemetry, tiles(hospital.live, now), now)
    return {key: [value for _at, value in trend.points] for key, trend in found.items()}


def test_a_tile_shows_what_was_kept_and_ends_with_the_present(hospital: Hospital, clock: ManualClock) -> None:
    tell(hospital, clock, PlaceDefined, "STORE", kind=PlaceKind.ROOM, name="Store")
    tell(hospital, clock, AssetRegistered, "P1", category="pump", name="Pump", home="STORE")
    note_figures(hospital)
    clock.set(clock.now() + HOUR_US)
    tell(hospital, clock, AvailabilityChanged, "P1", is_usable=False, reasons=("dirty",))

    assert shown(hospital, clock)["devices"] == [0, 1]


def test_what_is_older_than_a_day_is_not_shown(hospital: Hospital, clock: ManualClock) -> None:
    tell(hospital, clock, PlaceDefined, "STORE", kind=PlaceKind.ROOM, name="Store")
    note_figures(hospital)
    clock.set(clock.now() + SPAN_US + 1)

    assert shown(hospital, clock) == {}


def test_the_same_instant_is_kept_once(hospital: Hospital, clock: ManualClock) -> None:
    tell(hospital, clock, PlaceDefined, "STORE", kind=PlaceKind.ROOM, name="Store")
    note_figures(hospital)
    note_figures(hospital)
    clock.set(clock.now() + 1)

    assert len(shown(hospital, clock)["beds"]) == 2


def test_an_empty_hospital_keeps_nothing(hospital: Hospital, clock: ManualClock) -> None:
    note_figures(hospital)
    clock.set(clock.now() + 1)

    assert shown(hospital, clock) == {}


def fill_past(hospital: Hospital) -> None:
    follow(hospital)
    followed = hospital.services["history"]
    assert followed.wait_until(hospital.ledger.last_sequence())  # type: ignore[attr-defined]
    PastFigures(hospital).fill()


def test_what_the_history_knows_of_the_day_before_the_first_start_is_shown(
    hospital: Hospital, clock: ManualClock
) -> None:
    tell(hospital, clock, PlaceDefined, "W", kind=PlaceKind.WARD, name="Ward")
    tell(hospital, clock, PlaceDefined, "W-1", kind=PlaceKind.BED, name="Bed 1", parent="W")
    tell(hospital, clock, AssetRegistered, "P1", category="pump", name="Pump", home="W")
    clock.set(clock.now() + 1)
    tell(hospital, clock, AvailabilityChanged, "P1", is_usable=False, reasons=("dirty",))
    tell(hospital, clock, EncounterStarted, "E1", encounter_class=EncounterClass.INPATIENT, place="W-1")
    clock.set(clock.now() + 4 * HOUR_US)
    tell(hospital, clock, AvailabilityChanged, "P1", is_usable=True)
    clock.set(clock.now() + 4 * HOUR_US)
    tell(hospital, clock, EncounterDeparted, "E1")
    clock.set(clock.now() + 2 * HOUR_US)
    note_figures(hospital)
    clock.set(clock.now() + 1)

    fill_past(hospital)

    found = shown(hospital, clock)
    assert len(found["beds"]) == 42  # ten hours by quarters of an hour, the first kept figure, and the present
    assert found["beds"][0] == 1
    assert found["beds"][-1] == 0
    assert found["beds"].count(1) == pytest.approx(32, abs=1)
    assert found["devices"].count(1) == pytest.approx(16, abs=1)
    # nothing is known of who waited: no line is better than a line of zeros
    assert len(found["emergency"]) == 2


def test_the_past_is_filled_once_and_never_over_what_was_kept(hospital: Hospital, clock: ManualClock) -> None:
    tell(hospital, clock, PlaceDefined, "W", kind=PlaceKind.WARD, name="Ward")
    tell(hospital, clock, AssetRegistered, "P1", category="pump", name="Pump", home="W")
    clock.set(clock.now() + HOUR_US)
    note_figures(hospital)
    clock.set(clock.now() + 1)
    fill_past(hospital)
    before = shown(hospital, clock)

    PastFigures(hospital).fill()

    assert shown(hospital, clock) == before
    assert len(before["devices"]) == 6


spans = st.tuples(st.sampled_from("abc"), st.tuples(st.integers(0, 30), st.integers(0, 30)))


@given(held=st.lists(spans, max_size=20), instants=st.lists(st.integers(-2, 35), max_size=12))
def test_things_are_counted_once_however_often_they_are_held(
    held: list[tuple[str, tuple[int, int]]], instants: list[int]
) -> None:
    instants.sort()

    plainly = [len({thing for thing, (start, end) in held if start <= at < end}) for at in instants]

    assert counts_at(held, instants) == plainly

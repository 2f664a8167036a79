"""The overview's own figures are kept, so that its tiles can show the last day."""

from __future__ import annotations

from dash_app.queries.overview import tiles
from dash_app.queries.trends import SPAN_US, trends
from server.app.running import note_figures
from server.wiring import Hospital
from twin.clock import HOUR_US, ManualClock
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

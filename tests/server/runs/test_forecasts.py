"""The forecast desk on a hospital whose past is written into its ledger."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest
from sqlmodel import select

from scheduling.model.surgery_day import Case, CaseStatus
from scheduling.tables.surgery_day import save_case
from server.runs.forecasts import ForecastDesk, stays_by_unit
from server.runs.house_model import operations, with_kinds
from server.schema.runs import ForecastOutcomeRow, ForecastRow
from server.wiring import Hospital, open_hospital
from simulation.calibration.house import UnitStay
from twin.clock import DAY_US, HOUR_US, ManualClock
from twin.events.envelope import Event
from twin.events.patients import (
    EncounterClass,
    EncounterFinished,
    EncounterMoved,
    EncounterPlanned,
    EncounterStarted,
    EncounterUpdated,
)
from twin.events.places import PlaceDefined, PlaceKind
from twin.history.projection import HistoryProjection
from twin.settings import Settings
from twin.state.model import EncounterStatus

START = 1_764_547_200_000_000
NOW = START + 40 * 24 * HOUR_US
BEDS = 12


def places() -> list[Event]:
    rows = [("W1", PlaceKind.WARD, "", "ward"), *((f"B{n}", PlaceKind.BED, "W1", "bed") for n in range(BEDS))]
    return [
        PlaceDefined(
            thing=key,
            occurred_at=START - HOUR_US,
            source="import:t",
            source_key=key,
            kind=kind,
            name=key,
            parent=parent,
            purpose=purpose,
        )
        for key, kind, parent, purpose in rows
    ]


def stay(number: int, begin: int, end: int) -> list[Event]:
    """Give the events of one patient who changes beds within the ward half way."""
    name = f"E{number}"

    def told(kind: type[Event], at: int, **payload: object) -> Event:
        return kind(thing=name, occurred_at=at, source="his:t", source_key=f"{name}-{kind.__name__}", **payload)

    events = [
        told(EncounterStarted, begin, encounter_class=EncounterClass.INPATIENT, place=f"B{number % BEDS}"),
        told(EncounterMoved, (begin + end) // 2, place=f"B{(number + 1) % BEDS}"),
        told(EncounterFinished, end),
    ]
    return [event for event in events if event.occurred_at <= NOW]


def lying(hospital: Hospital) -> list[str]:
    """Give who is in a bed."""
    encounters = hospital.live.freeze(NOW).encounters.values()
    return [one.id for one in encounters if one.status is EncounterStatus.IN_PROGRESS]


def past() -> list[Event]:
    """Give forty days of patients, in order."""
    random = np.random.default_rng(1)
    events, begin, number = places(), START, 0
    while (begin := begin + int(random.exponential(4 * HOUR_US))) < NOW:
        events += stay(number, begin, begin + HOUR_US + int(random.exponential(30 * HOUR_US)))
        number += 1
    return sorted(events, key=lambda event: event.occurred_at)


@pytest.fixture
def hospital(settings: Settings, clock: ManualClock) -> Iterator[Hospital]:
    clock.set(NOW)
    found = open_hospital(settings, clock=clock)
    history = HistoryProjection().follow(found.ledger)
    found.record_now(past())
    assert history.wait_until(found.ledger.last_sequence())
    found.services["history"] = history
    yield found
    found.close()


def test_the_first_forecast_waits_until_the_history_tells_everything(settings: Settings, clock: ManualClock) -> None:
    clock.set(NOW)
    found = open_hospital(settings, clock=clock)
    found.record_now(past())
    found.services["history"] = HistoryProjection().follow(found.ledger)  # begins with the first event only now
    desk = ForecastDesk(found)
    desk.start()
    ends = time.monotonic() + 30
    while desk.outlook() is None and time.monotonic() < ends:
        time.sleep(0.02)
    first, again = desk.outlook(), desk.refresh()
    desk.stop()
    found.close()

    assert first is not None
    told = [[[(p.present, p.mean) for p in unit.points] for unit in made.units] for made in (first, again)]
    assert told[0] == told[1]
    assert len(told[0][0]) == 5


def test_move_within_a_ward_is_one_stay(hospital: Hospital) -> None:
    with hospital.read() as session:
        stays = stays_by_unit(session, hospital.live, NOW).stays["W1"]

    assert len(stays.arrived_us) > 150
    assert int(stays.is_open.sum()) == len(lying(hospital))
    assert np.all(stays.ended_us >= stays.arrived_us)


def test_forecast_is_archived_once_an_hour_and_judged_by_what_came(hospital: Hospital, clock: ManualClock) -> None:
    desk = ForecastDesk(hospital)

    first = desk.refresh()
    clock.set(NOW + HOUR_US // 4)
    desk.refresh()
    with hospital.read() as session:
        before = [(row.made_at, row.target_at, row.chances) for row in session.exec(select(ForecastRow))]
    clock.set(NOW + 9 * HOUR_US)
    hospital.record_now(
        [
            EncounterFinished(thing=name, occurred_at=NOW + HOUR_US, source="his:t", source_key=f"{name}-late")
            for name in lying(hospital)[:2]
        ]
    )
    assert hospital.services["history"].wait_until(hospital.ledger.last_sequence())  # type: ignore[attr-defined]
    desk.refresh()

    [unit] = first.units
    assert [point.target_at - NOW for point in unit.points] == [h * HOUR_US for h in (4, 8, 24, 48, 72)]
    assert len(before) == 5
    with hospital.read() as session:
        outcomes = {row.target_at: row.came for row in session.exec(select(ForecastOutcomeRow))}
        after = [(row.made_at, row.target_at, row.chances) for row in session.exec(select(ForecastRow))]
    assert outcomes == {NOW + 4 * HOUR_US: unit.present - 2, NOW + 8 * HOUR_US: unit.present - 2}
    assert set(before) <= set(after)
    judged = desk.accuracy("W1")
    assert [(one.horizon_h, one.accuracy.n) for one in judged] == [(4.0, 1), (8.0, 1)]
    assert judged[0].persistence_mae == 2.0


def test_no_card_is_shown_while_nothing_is_heard(hospital: Hospital, clock: ManualClock) -> None:
    desk = ForecastDesk(hospital)
    heard = desk.refresh().heard_at

    clock.set(NOW + 5 * 24 * HOUR_US)
    blind = desk.refresh()

    assert blind.blind_since == heard
    assert blind.cards == ()
    with hospital.read() as session:
        assert {row.made_at for row in session.exec(select(ForecastRow))} == {NOW}  # what is not believed is not kept


def test_ward_without_a_past_has_no_forecast(settings: Settings, clock: ManualClock) -> None:
    clock.set(NOW)
    hospital = open_hospital(settings, clock=clock)
    try:
        hospital.record_now([*places(), *stay(1, NOW - HOUR_US, NOW + HOUR_US)])

        [unit] = ForecastDesk(hospital).refresh().units
    finally:
        hospital.close()

    assert (unit.unit, unit.beds, unit.points) == ("W1", BEDS, ())


def booked(number: int, said_at: int, expected_at: int) -> Event:
    """Give the booking of one patient on a bed of the ward."""
    name = f"E{number}"
    return EncounterPlanned(
        thing=name,
        occurred_at=said_at,
        source="his:t",
        source_key=f"{name}-planned",
        encounter_class=EncounterClass.INPATIENT,
        expected_at=expected_at,
        place="B0",
    )


def test_bookings_enter_the_forecast_once_and_as_far_as_they_are_kept(settings: Settings, clock: ManualClock) -> None:
    clock.set(NOW)
    found = open_hospital(settings, clock=clock)
    try:
        history = HistoryProjection().follow(found.ledger)
        found.services["history"] = history
        came = [booked(1000 + n, START + n * DAY_US, START + (n + 1) * DAY_US) for n in range(30)]
        stays = [
            one for n, event in enumerate(came) for one in stay(1000 + n, event.expected_at, event.expected_at + DAY_US)
        ]  # type: ignore[attr-defined]
        found.record_now(sorted([*past(), *came, *stays], key=lambda event: event.occurred_at))
        assert history.wait_until(found.ledger.last_sequence())
        before = ForecastDesk(found).refresh().units[0]
        found.record_now([booked(n, NOW, NOW + 2 * HOUR_US) for n in range(2000, 2006)])
        assert history.wait_until(found.ledger.last_sequence())
        after = ForecastDesk(found).refresh().units[0]
    finally:
        found.close()

    assert before.booked == 0
    assert 5.0 < after.booked < 6.0  # six, less those who use not to come
    assert after.points[0].booked < after.booked  # some have left again after four hours
    gained = [b.mean - a.mean for a, b in zip(before.points, after.points, strict=True)]
    assert 4.0 < gained[0] < 6.0
    assert gained[-1] < gained[0]


def test_kinds_of_patients_are_read_from_what_the_ledger_was_told(hospital: Hospital) -> None:
    def started(name: str, **facts: object) -> Event:
        head = {"occurred_at": NOW, "source": "his:k", "source_key": name, "encounter_class": EncounterClass.EMERGENCY}
        return EncounterStarted(thing=name, **(head | facts))  # type: ignore[arg-type]

    told = EncounterUpdated(thing="K3", occurred_at=NOW + 1, source="his:k", source_key="K3u", acuity=5)
    hospital.record_now(
        [
            started("K1", acuity=2),
            started("K2", acuity=4),
            started("K3", acuity=2),  # judged again later
            started("K4"),
            started("K5", arrival_mode="elective", encounter_class=EncounterClass.INPATIENT),
            told,
        ]
    )
    stays = [
        UnitStay(encounter=name, pool="ed", arrived_us=NOW, ended_us=NOW + HOUR_US)
        for name in ("K1", "K2", "K3", "K4", "K5", "unknown")
    ]

    with hospital.read() as session:
        found = with_kinds(session, stays)

    assert [stay.kind for stay in found] == ["major", "minor", "minor", "", "elective", ""]


def emergency_department() -> list[Event]:
    rows = [("ED", PlaceKind.WARD, "", "emergency"), *((f"bay{n}", PlaceKind.BED, "ED", "bed") for n in range(3))]
    head = {"occurred_at": START, "source": "import:t"}
    return [
        PlaceDefined(thing=key, source_key=key, kind=kind, name=key, parent=parent, purpose=purpose, **head)
        for key, kind, parent, purpose in rows
    ]


def test_stay_in_the_emergency_department_begins_at_the_door(settings: Settings, clock: ManualClock) -> None:
    clock.set(NOW)

    def told(name: str, kind: type[Event], before_h: float, **payload: object) -> Event:
        at = NOW - round(before_h * HOUR_US)
        return kind(thing=name, occurred_at=at, source="his:t", source_key=f"{name}-{kind.__name__}", **payload)

    emergency = {"encounter_class": EncounterClass.EMERGENCY}
    events = [
        told("treated", EncounterStarted, 6, **emergency),
        told("treated", EncounterMoved, 4, place="bay1"),
        told("treated", EncounterFinished, 1),
        told("in bay", EncounterStarted, 3, **emergency),
        told("in bay", EncounterMoved, 2, place="bay2"),
        told("waits", EncounterStarted, 1, **emergency),
        told("admitted", EncounterStarted, 9, encounter_class=EncounterClass.INPATIENT),
        told("admitted", EncounterMoved, 5, place="B1"),
    ]
    found = open_hospital(settings, clock=clock)
    try:
        history = HistoryProjection().follow(found.ledger)
        found.record_now(places() + emergency_department() + sorted(events, key=lambda event: event.occurred_at))
        assert history.wait_until(found.ledger.last_sequence())
        with found.read() as session:
            units = stays_by_unit(session, found.live, NOW, (), {"ED"}).stays
            bays_only = stays_by_unit(session, found.live, NOW).stays
    finally:
        found.close()

    assert ((NOW - units["ED"].arrived_us) // HOUR_US).tolist() == [6, 3, 1]
    assert units["ED"].is_open.tolist() == [False, True, True]
    assert ((NOW - units["W1"].arrived_us) // HOUR_US).tolist() == [5]  # only the department is waited in
    assert ((NOW - bays_only["ED"].arrived_us) // HOUR_US).tolist() == [4, 2]


def test_times_in_theatre_are_those_of_operations_that_are_over(hospital: Hospital) -> None:
    def case(name: str, before_h: float, lasts_h: float, status: CaseStatus = CaseStatus.DONE) -> Case:
        started = NOW - round(before_h * HOUR_US)
        return Case(
            id=name,
            theatre="T1",
            position=0,
            planned_start_at=started,
            planned_minutes=60,
            status=status,
            started_at=started,
            ended_at=started + round(lasts_h * HOUR_US) if status is CaseStatus.DONE else 0,
        )

    told = [
        case("over", 5, 2),
        case("under way", 1, 0, CaseStatus.IN_THEATRE),
        case("told the next morning", 30, 20),
        case("long ago", 24 * 365, 2),
        case("not at all", 4, 0),
    ]
    hospital.write_now(lambda session: [save_case(session, NOW // DAY_US * DAY_US, one) for one in told])

    with hospital.read() as session:
        found = operations(session, NOW)

    assert [(stay.encounter, stay.pool, stay.ended_us - stay.arrived_us) for stay in found] == [
        ("over", "theatres", 2 * HOUR_US)
    ]

"""The demo's waiting list can be read by the loader of everybody's waiting lists."""

import csv
import io

from scheduling.loaders.horizon import Horizon
from scheduling.loaders.waiting_list import problem_from_state
from server.demo.building import building_events
from server.demo.inhabitants import inhabitant_events, inhabitants
from server.demo.theatre_kits import PROCEDURES
from server.demo.waiting_list import waiting_list
from twin.clock import DAY_US, HOUR_US
from twin.events.patients import EncounterClass, EncounterPlanned
from twin.events.places import PlaceDefined
from twin.state.live import LiveState

NOW = 20_000 * DAY_US + 15 * HOUR_US


def booked(number: int, at: int, mode: str = "elective") -> EncounterPlanned:
    return EncounterPlanned(
        thing=f"E{number}",
        occurred_at=NOW - DAY_US,
        source="his",
        source_key=f"E{number}",
        encounter_class=EncounterClass.INPATIENT,
        expected_at=at,
        arrival_mode=mode,
    )


def hospital(*events: EncounterPlanned) -> LiveState:
    live = LiveState()
    built = building_events(NOW - 2 * DAY_US)
    found = inhabitants([event for event in built if isinstance(event, PlaceDefined)], seed=1, at=NOW - 2 * DAY_US)
    for event in [*built, *inhabitant_events(found, at=NOW - 2 * DAY_US), *events]:
        live.apply(event)
    return live


def test_everybody_booked_within_the_days_stands_on_the_list_once_and_the_loader_takes_it():
    midnight = 20_001 * DAY_US
    inside = [booked(number, midnight + number * 5 * HOUR_US) for number in range(30)]
    outside = [booked(90, midnight - HOUR_US), booked(91, midnight + 7 * DAY_US), booked(92, midnight, "ambulance")]
    live = hospital(*inside, *outside)

    text = waiting_list(live, NOW, days=7, seed=1)

    rows = list(csv.DictReader(io.StringIO(text)))
    assert sorted(row["patient"] for row in rows) == sorted(event.thing for event in inside)
    problem = problem_from_state(live.freeze(NOW), Horizon(start_at=midnight, days=12), text)
    assert {patient.id for patient in problem.patients} == {event.thing for event in inside}
    assert any(patient.surgery_minutes for patient in problem.patients)
    # who is operated has a procedure, and the demo has a kit for each
    assert {patient.procedure in PROCEDURES for patient in problem.patients if patient.surgery_minutes} == {True}
    assert {patient.procedure for patient in problem.patients if not patient.surgery_minutes} <= {""}
    assert text == waiting_list(live, NOW, days=7, seed=1)
    assert not any(patient.intensive_days and patient.is_mandatory for patient in problem.patients)


def test_some_who_need_not_come_are_in_intensive_care_after_a_large_operation():
    midnight = 20_001 * DAY_US
    live = hospital(*(booked(number, midnight + number * HOUR_US) for number in range(150)))

    problem = problem_from_state(
        live.freeze(NOW), Horizon(start_at=midnight, days=12), waiting_list(live, NOW, days=7, seed=1)
    )

    intensive = [patient for patient in problem.patients if patient.intensive_days]
    assert intensive
    assert all(patient.surgery_minutes >= 150 and not patient.is_mandatory for patient in intensive)


def test_a_hospital_without_bookings_has_an_empty_list():
    assert waiting_list(hospital(), NOW, days=7, seed=1).count("\n") == 1

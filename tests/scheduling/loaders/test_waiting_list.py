"""A waiting list as a spreadsheet: every row that cannot be used is named."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from scheduling.loaders.waiting_list import Horizon, problem_from_state
from twin.clock import DAY_US
from twin.errors import DecodeError, ImportRefused, InputError
from twin.events.patients import DischargePlanned, EncounterClass, EncounterPlanned, EncounterStarted
from twin.events.places import PlaceDefined, PlaceKind
from twin.events.work import StaffDefined
from twin.state.frozen import HospitalState
from twin.state.live import LiveState

MONDAY = int(datetime(2026, 1, 5, tzinfo=UTC).timestamp()) * 1_000_000
HORIZON = Horizon(start_at=MONDAY, days=7)
HEADER = "patient,gender,age,days,release,due,mandatory,minutes,surgeon,ward"
GOOD = "e1,A,40,2,2026-01-05,2026-01-07,yes,60,dr1,w1"


def hospital(*further: object) -> HospitalState:
    """Give a hospital with two rooms of one bed, a theatre and a surgeon."""
    live = LiveState()
    rows = [
        ("w1", PlaceKind.WARD, "", "ward"),
        ("r1", PlaceKind.ROOM, "w1", ""),
        ("b1", PlaceKind.BED, "r1", "bed"),
        ("w2", PlaceKind.WARD, "", "ward"),
        ("r2", PlaceKind.ROOM, "w2", ""),
        ("b2", PlaceKind.BED, "r2", "bed"),
        ("t1", PlaceKind.ROOM, "", "theatre"),
    ]
    events = [
        PlaceDefined(thing=k, occurred_at=1, source="import:t", source_key=k, kind=d, name=k, parent=p, purpose=u)
        for k, d, p, u in rows
    ]
    surgeon = StaffDefined(thing="dr1", occurred_at=1, source="import:t", source_key="dr1", role="surgeon")
    for sequence, event in enumerate([*events, surgeon, *further], start=1):
        live.apply(event, sequence)  # type: ignore[arg-type]
    return live.freeze(MONDAY - DAY_US)


def test_a_row_becomes_a_patient_with_rooms_of_the_right_ward() -> None:
    made = problem_from_state(hospital(), HORIZON, f"{HEADER}\n{GOOD}\n")

    [found] = made.patients
    assert (found.id, found.length_of_stay, found.release_day, found.due_day) == ("e1", 2, 0, 2)
    assert (found.surgery_minutes, found.surgeon, found.is_mandatory) == (60, "dr1", True)
    assert found.incompatible_rooms == {"r2"}
    assert [room.capacity for room in made.rooms] == [1, 1]
    assert made.theatres[0].minutes_by_day == (480,) * 5 + (0, 0)  # nobody operates at the weekend


def test_a_bed_is_blocked_until_the_discharge_that_is_expected() -> None:
    start = EncounterStarted(
        thing="e9", occurred_at=2, source="his:m", source_key="e9", encounter_class=EncounterClass.INPATIENT, place="b1"
    )
    leaves = DischargePlanned(
        thing="e9", occurred_at=3, source="his:m", source_key="e9d", expected_at=MONDAY + 3 * DAY_US - 1
    )

    made = problem_from_state(hospital(start, leaves), HORIZON, f"{HEADER}\n{GOOD}\n")

    rooms = {room.id: room for room in made.rooms}
    assert [rooms["r1"].capacity_on(day) for day in range(7)] == [0, 0, 0, 1, 1, 1, 1]


def test_without_a_list_booked_encounters_are_planned() -> None:
    booked = EncounterPlanned(
        thing="e7",
        occurred_at=2,
        source="his:m",
        source_key="e7",
        encounter_class=EncounterClass.INPATIENT,
        expected_at=MONDAY + DAY_US + 1,
    )

    made = problem_from_state(hospital(booked), HORIZON, "")

    assert [(found.id, found.release_day, found.length_of_stay) for found in made.patients] == [("e7", 1, 3)]


BAD = [
    ("e1,A,40,0,2026-01-05,,,,,", "days"),  # a stay has a day at least
    ("e1,A,40,-2,2026-01-05,,,,,", "days"),
    ("e1,A,40,two,2026-01-05,,,,,", "days"),
    ("e1,A,400,2,2026-01-05,,,,,", "age"),
    ("e1,A,40,2,tomorrow,,,,,", "release"),
    ("e1,A,40,2,2026-03-05,,,,,", "release"),  # after the horizon
    ("e1,A,40,2,2026-01-06,2026-01-05,,,,", "due"),  # before the release
    ("e1,A,40,2,2026-01-05,,maybe,,,", "mandatory"),
    ("e1,A,40,2,2026-01-05,,,60,nobody,", "surgeon"),
    ("e1,A,40,2,2026-01-05,,,-5,dr1,", "minutes"),
    ("e1,A,40,2,2026-01-05,,,,,w9", "ward"),
    (",A,40,2,2026-01-05,,,,,", "patient"),
    ("e1,,40,2,2026-01-05,,,,,", "gender"),
    ("e0,A,40,2,2026-01-05,,,,,", "patient"),  # the same id as in row 2
    ("e1,A", "age"),  # a row that ends early
]


@pytest.mark.parametrize(("row", "field"), BAD)
def test_a_bad_row_is_named_by_field_and_number(row: str, field: str) -> None:
    text = f"{HEADER}\ne0,A,40,2,2026-01-05,,,,,\n{row}\n"

    with pytest.raises(ImportRefused) as refused:
        problem_from_state(hospital(), HORIZON, text)

    assert (field, "row 3") in {(found.field, found.place) for found in refused.value.problems}


@pytest.mark.parametrize("text", ["patient,gender\n", "a,b\n1,2\n", 'patient\n"x\n', "\x00"])
def test_what_is_no_list_is_refused(text: str) -> None:
    with pytest.raises(DecodeError):
        problem_from_state(hospital(), HORIZON, text)


def test_nobody_booked_and_no_rooms_are_told() -> None:
    with pytest.raises(DecodeError, match="Nobody"):
        problem_from_state(hospital(), HORIZON, "")
    with pytest.raises(DecodeError, match="beds"):
        problem_from_state(hospital(), Horizon(start_at=MONDAY, wards=frozenset({"w9"})), "")


@pytest.mark.parametrize("changes", [{"days": 0}, {"days": 61}, {"theatre_minutes": -1}, {"surgeon_minutes": 2000}])
def test_a_horizon_out_of_range_is_refused(changes: dict[str, int]) -> None:
    with pytest.raises(InputError):
        Horizon(start_at=MONDAY, **changes)

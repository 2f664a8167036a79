"""A waiting list as a spreadsheet: every row that cannot be used is named."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from scheduling.loaders.horizon import Horizon
from scheduling.loaders.waiting_list import problem_from_state, read_waiting_list
from scheduling.model.admissions import AdmissionPlan, Stay
from scheduling.service.publishing import stays_of
from twin.clock import DAY_US
from twin.errors import DecodeError, ImportRefused, InputError
from twin.events.patients import (
    BedReadiness,
    BedReadinessChanged,
    DischargePlanned,
    EncounterClass,
    EncounterPlanned,
    EncounterStarted,
)
from twin.events.places import PlaceDefined, PlaceKind
from twin.events.things import AssetRegistered, AvailabilityChanged
from twin.events.work import PlannedShift, PlanPublished, StaffDefined, TaskCreated, TaskKind
from twin.opening_hours import opening_hours
from twin.state.frozen import HospitalState
from twin.state.live import LiveState

MONDAY = int(datetime(2026, 1, 5, tzinfo=UTC).timestamp()) * 1_000_000
HOUR = 3_600_000_000
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


def device(name: str, category: str, home: str, *, is_mobile: bool = False, is_usable: bool = True) -> list[object]:
    """Give the events of a device."""
    told = {"thing": name, "source": "import:t"}
    made: list[object] = [
        AssetRegistered(
            **told, occurred_at=1, source_key=name, category=category, name=name, home=home, is_mobile=is_mobile
        )
    ]
    if not is_usable:
        made.append(AvailabilityChanged(**told, occurred_at=2, source_key=f"{name}a", is_usable=False, reasons=("x",)))
    return made


def test_equipment_isolation_and_sets_choose_rooms_and_days() -> None:
    state = hospital(
        *device("v1", "ventilator", "b2"),
        *device("m1", "monitor", "r1", is_mobile=True),  # it can be carried away
        *device("set1", "instrument_set", "", is_mobile=True, is_usable=False),
    )
    # the state is of Sunday's first minute: what is not released then is on its shelf a day later
    early = Horizon(start_at=MONDAY - DAY_US, days=7)
    header = f"{HEADER},isolation,equipment,sets"

    made = problem_from_state(state, HORIZON, f"{header}\ne1,A,40,2,2026-01-05,,,60,dr1,,yes,ventilator,set1\n")
    sooner = problem_from_state(state, early, f"{header}\ne1,A,40,2,2026-01-04,,,60,dr1,,,,set1\n")

    assert made.patients[0].incompatible_rooms == {"r1"}
    assert made.patients[0].release_day == 0
    assert sooner.patients[0].release_day == 1


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (",,set9", "sets"),  # no such set
        (",laser,", "equipment"),  # no room has one
        (",monitor,", "equipment"),  # it is not fixed
        ("perhaps,,", "isolation"),  # neither yes nor no
        (",,,t9", "theatres"),  # no such theatre
        (",,,,1", "days_high"),  # below the usual days
    ],
)
def test_needs_that_nothing_meets_are_named(row: str, field: str) -> None:
    state = hospital(*device("m1", "monitor", "r1", is_mobile=True))
    text = f"{HEADER},isolation,equipment,sets,theatres,days_high\n{GOOD},{row}\n"

    with pytest.raises(ImportRefused) as refused:
        problem_from_state(state, HORIZON, text)

    assert ("row 2", field) in {(one.place, one.field) for one in refused.value.problems}


@pytest.mark.parametrize(("share", "days"), [(0.5, 2), (0.6, 3), (0.7, 4), (0.9, 6)])
def test_an_uncertain_stay_gets_a_buffer(share: float, days: int) -> None:
    horizon = Horizon(start_at=MONDAY, days=7, stay_share=share)

    made = problem_from_state(hospital(), horizon, f"{HEADER},days_high\n{GOOD},6\n")

    assert made.patients[0].length_of_stay == days
    assert len(made.patients[0].workload) == 3 * days


def test_only_theatres_that_suit_are_taken() -> None:
    second = PlaceDefined(
        thing="t2", occurred_at=1, source="import:t", source_key="t2", kind=PlaceKind.ROOM, name="t2", purpose="theatre"
    )

    made = problem_from_state(hospital(second), HORIZON, f"{HEADER},theatres\n{GOOD},t2\n")

    assert made.patients[0].incompatible_theatres == {"t1"}


def test_a_dirty_bed_is_blocked_until_it_is_cleaned() -> None:
    dirty = BedReadinessChanged(thing="b1", occurred_at=2, source="his:m", source_key="d", readiness=BedReadiness.DIRTY)
    task = TaskCreated(
        thing="t-clean",
        occurred_at=3,
        source="system:t",
        source_key="t",
        kind=TaskKind.CLEAN,
        dedupe_key="clean:b1",
        subject_id="b1",
        due_at=MONDAY + DAY_US + 9 * HOUR,  # Tuesday at nine, an hour after admissions begin
    )

    soon = problem_from_state(hospital(dirty), HORIZON, f"{HEADER}\n{GOOD}\n")
    late = problem_from_state(hospital(dirty, task), HORIZON, f"{HEADER}\n{GOOD}\n")

    assert [next(room for room in soon.rooms if room.id == "r1").capacity_on(day) for day in range(3)] == [1, 1, 1]
    assert [next(room for room in late.rooms if room.id == "r1").capacity_on(day) for day in range(3)] == [0, 0, 1]


def roster(shifts: list[tuple[str, int, int]]) -> PlanPublished:
    """Give a roster in force: who begins on which day at which hour."""
    made = tuple(
        PlannedShift(
            staff=who,
            place="",
            start_at=MONDAY + day * DAY_US + at * HOUR,
            end_at=MONDAY + day * DAY_US + (at + 8) * HOUR,
        )
        for who, day, at in shifts
    )
    told = {"thing": "ro", "occurred_at": 2, "source": "user:p", "source_key": "ro", "kind": "roster"}
    return PlanPublished(**told, start_at=MONDAY, end_at=MONDAY + 7 * DAY_US, shifts=made)


def test_nurses_are_those_of_the_roster_if_it_covers_every_shift() -> None:
    whole = [(f"n{at}", day, at) for day in range(7) for at in (7, 15, 23)]

    made = problem_from_state(hospital(roster(whole)), HORIZON, f"{HEADER}\n{GOOD}\n")
    partly = problem_from_state(hospital(roster(whole[:-1])), HORIZON, f"{HEADER}\n{GOOD}\n")

    assert [(nurse.id, len(nurse.shifts)) for nurse in made.nurses] == [("n15", 7), ("n23", 7), ("n7", 7)]
    assert {shift.shift for shift in made.nurses[1].shifts} == {2}
    assert partly.nurses == ()


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


@pytest.mark.parametrize(
    ("expected_at", "free"),
    [
        (MONDAY - 4 * HOUR, [1, 1, 1, 1, 1, 1, 1]),  # goes on Sunday evening, before the plan begins
        (MONDAY - 3 * DAY_US, [0, 1, 1, 1, 1, 1, 1]),  # should have gone on Friday: not gone on Monday either
    ],
)
def test_a_discharge_before_the_plan_begins_blocks_no_day_of_it_unless_it_is_overdue(
    expected_at: int, free: list[int]
) -> None:
    start = EncounterStarted(
        thing="e9", occurred_at=2, source="his:m", source_key="e9", encounter_class=EncounterClass.INPATIENT, place="b1"
    )
    leaves = DischargePlanned(thing="e9", occurred_at=3, source="his:m", source_key="e9d", expected_at=expected_at)

    made = problem_from_state(hospital(start, leaves), HORIZON, f"{HEADER}\n{GOOD}\n")

    assert [made.rooms[0].capacity_on(day) for day in range(7)] == free


def test_theatres_are_planned_for_the_hours_that_they_are_open() -> None:
    told = opening_hours("mon-fri 08:00-16:00; t1 tue 07:00-18:00; t1 wed closed; sat 09:00-12:00")
    horizon = Horizon(start_at=MONDAY, days=7, hours=told)

    made = problem_from_state(hospital(), horizon, f"{HEADER}\n{GOOD}\n")

    assert made.theatres[0].minutes_by_day == (480, 660, 0, 480, 480, 180, 0)
    assert made.surgeons[0].minutes_by_day == (480,) * 6 + (0,)  # on Saturday too, since a theatre is open


def intensive_care(*further: object) -> HospitalState:
    """Give the hospital with a unit of intensive care of two beds in a room of their own."""
    rows = [
        ("icu", PlaceKind.WARD, "", "icu"),
        ("r9", PlaceKind.ROOM, "icu", ""),
        ("b8", PlaceKind.BED, "r9", "bed"),
        ("b9", PlaceKind.BED, "r9", "bed"),
    ]
    events = [
        PlaceDefined(thing=k, occurred_at=1, source="import:t", source_key=k, kind=d, name=k, parent=p, purpose=u)
        for k, d, p, u in rows
    ]
    return hospital(*events, *further)


def test_the_code_of_an_operation_reaches_the_published_stay() -> None:
    rows = "e1,A,40,2,2026-01-05,2026-01-07,yes,60,dr1,w1,5-820\ne2,A,40,2,2026-01-05,2026-01-07,yes,,,w2,5-820"

    made = problem_from_state(hospital(), HORIZON, f"{HEADER},procedure\n{rows}\n")
    plan = AdmissionPlan(
        stays=(
            Stay(patient="e1", day=0, room="r1", theatre="t1"),
            Stay(patient="e2", day=0, room="r2", theatre=""),
        )
    )

    stays = stays_of(HORIZON.start_at, made, plan)

    # who is not operated has no procedure, whatever the row says
    assert [(stay.encounter, stay.procedure) for stay in stays] == [("e1", "5-820"), ("e2", "")]


def test_a_description_is_no_code() -> None:
    row = f"e1,A,40,2,2026-01-05,2026-01-07,yes,60,dr1,w1,{'hip ' * 30}"

    with pytest.raises(ImportRefused, match="procedure"):
        problem_from_state(hospital(), HORIZON, f"{HEADER},procedure\n{row}\n")


def test_days_in_intensive_care_take_its_free_beds_and_no_work_of_the_ward() -> None:
    lies = EncounterStarted(
        thing="e9", occurred_at=2, source="his:m", source_key="e9", encounter_class=EncounterClass.INPATIENT, place="b9"
    )
    leaves = DischargePlanned(
        thing="e9", occurred_at=3, source="his:m", source_key="e9d", expected_at=MONDAY + 2 * DAY_US - 1
    )
    rows = "e1,A,40,3,2026-01-05,2026-01-07,yes,60,dr1,w1,1\ne2,A,40,2,2026-01-05,,,,,icu,\ne3,A,40,2,2026-01-05,,,,,,"

    made = problem_from_state(intensive_care(lies, leaves), HORIZON, f"{HEADER},intensive\n{rows}\n")

    after, whole, plain = made.patients
    assert made.intensive_beds == (1, 1, 2, 2, 2, 2, 2)
    assert [one.intensive_days for one in made.patients] == [1, 2, 0]
    assert after.workload == (0,) * 3 + (1,) * 6
    assert whole.workload == (1,) * 6
    assert whole.incompatible_rooms == {"r1", "r2"}
    assert plain.incompatible_rooms == {"r9"}  # intensive care is for those who need it


@pytest.mark.parametrize(
    ("state", "days"),
    [
        (hospital(), "1"),  # no ward of intensive care
        (intensive_care(), "3"),  # longer than the stay
        (intensive_care(), "-1"),
        (intensive_care(), "a night"),
    ],
)
def test_intensive_care_that_cannot_be_is_named(state: HospitalState, days: str) -> None:
    with pytest.raises(ImportRefused) as refused:
        problem_from_state(state, HORIZON, f"{HEADER},intensive\n{GOOD},{days}\n")

    assert {(one.place, one.field) for one in refused.value.problems} == {("row 2", "intensive")}


def test_rooms_to_a_nurse_are_limited_when_asked() -> None:
    whole = roster([(f"n{at}", day, at) for day in range(7) for at in (7, 15, 23)])
    limited = Horizon(start_at=MONDAY, days=7, nurse_rooms=3)

    free, made = (problem_from_state(hospital(whole), one, f"{HEADER}\n{GOOD}\n") for one in (HORIZON, limited))

    assert {shift.max_rooms for nurse in free.nurses for shift in nurse.shifts} == {0}
    assert {shift.max_rooms for nurse in made.nurses for shift in nurse.shifts} == {3}


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
    ("e1,A,40,2,2025-12-05,,,,,", "release"),  # before the first day
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


@pytest.mark.parametrize(
    "changes", [{"days": 0}, {"days": 61}, {"theatre_minutes": -1}, {"surgeon_minutes": 2000}, {"nurse_rooms": -1}]
)
def test_a_horizon_out_of_range_is_refused(changes: dict[str, int]) -> None:
    with pytest.raises(InputError):
        Horizon(start_at=MONDAY, **changes)


@pytest.mark.parametrize("separator", [";", "\t"])
def test_list_may_be_saved_with_other_separators(separator: str) -> None:
    made = problem_from_state(hospital(), HORIZON, f"{HEADER}\n{GOOD}\n".replace(",", separator))

    assert [found.id for found in made.patients] == ["e1"]


def test_a_chinese_spreadsheet_with_byte_order_mark_semicolons_and_slashes_is_the_same_list() -> None:
    header = "患者编号;性别;年龄;住院天数;最早入院日;最迟入院日;必须入院;手术分钟;主刀医生;病区"
    row = "e1;A;40;2;2026/1/5;2026年1月7日;是;60;dr1;w1"

    made = problem_from_state(hospital(), HORIZON, f"\ufeff{header}\r\n{row}\r\n;;;;;;;;;\r\n")

    assert made == problem_from_state(hospital(), HORIZON, f"{HEADER}\n{GOOD}\n")


def test_a_json_list_is_the_same_list() -> None:
    body = [dict(zip(HEADER.split(","), GOOD.split(","), strict=True)) | {"age": 40, "mandatory": True, "sets": []}]

    made = problem_from_state(hospital(), HORIZON, json.dumps(body))

    assert made == problem_from_state(hospital(), HORIZON, f"{HEADER}\n{GOOD}\n")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[1, 2]", "list of objects"),
        ('[{"patient": "e1"', "JSON"),  # cut off
        ("[]", "no row"),
        ('[{"patient": "e1"}]', "'gender'"),
        (f"{HEADER},age\n{GOOD},40\n", "'age' stands twice"),
        (f"{HEADER},年龄\n{GOOD},40\n", "'age' stands twice"),  # in two languages
    ],
)
def test_a_list_that_cannot_be_read_says_why(text: str, named: str) -> None:
    with pytest.raises(DecodeError, match=named):
        problem_from_state(hospital(), HORIZON, text)


def test_of_five_thousand_rows_each_wrong_one_is_named_by_its_own_number() -> None:
    rows = [GOOD.replace("e1", f"e{number}") for number in range(5000)]
    rows[4321] = GOOD.replace("e1", "e17")  # stands in row 19 already
    rows[77] = rows[77].replace(",40,", ",old,")
    text = "\n".join([HEADER, *rows])

    with pytest.raises(ImportRefused) as refused:
        problem_from_state(hospital(), HORIZON, text)

    assert {(one.field, one.place) for one in refused.value.problems} == {("patient", "row 4323"), ("age", "row 79")}
    rows[4321], rows[77] = GOOD.replace("e1", "e4321"), GOOD.replace("e1", "e77")
    assert len(problem_from_state(hospital(), HORIZON, "\n".join([HEADER, *rows])).patients) == 5000


def test_a_full_theatre_ends_in_time_with_its_turnovers() -> None:
    """Three operations of 120 minutes with 20 between them fill 400 minutes."""
    rows = [GOOD.replace("e1", f"e{number}").replace(",60,", ",120,").replace(",w1", ",") for number in range(4)]
    horizon = replace(HORIZON, turnover_minutes=20, theatre_minutes=400, surgeon_minutes=400)

    made = problem_from_state(hospital(), horizon, "\n".join([HEADER, *rows]))

    theatre, patients = made.theatres[0], made.patients
    assert sum(one.surgery_minutes for one in patients[:3]) == theatre.minutes_by_day[0] == 420
    stays = tuple(Stay(patient=one.id, day=0, room="r1", theatre="t1") for one in patients[:3])
    told = stays_of(MONDAY, made, AdmissionPlan(stays=stays, duties=()))
    begins = [(one.theatre_start_at - told[0].theatre_start_at) // 60_000_000 for one in told]
    assert begins == [0, 140, 280]
    assert {(one.theatre_end_at - one.theatre_start_at) // 60_000_000 for one in told} == {120}
    assert told[-1].theatre_end_at - told[0].theatre_start_at == 400 * 60_000_000
    assert problem_from_state(hospital(), horizon, f"{HEADER}\n{GOOD}\n").theatres[0].minutes_by_day[5] == 0  # Saturday


def test_who_cannot_come_yet_is_left_out_by_name_and_all_others_are_planned():
    rows = f"{GOOD}\ne2,A,40,2,2026-03-05,,yes,,,\ne3,A,40,2,2026-04-05,2026-04-09,,,,"

    found = read_waiting_list(hospital(), HORIZON, f"{HEADER}\n{rows}\n")

    assert [one.id for one in found.problem.patients] == ["e1"]
    assert [one.id for one in found.later] == ["e2", "e3"]


def test_a_wrong_cell_is_told_even_of_who_cannot_come_yet():
    with pytest.raises(ImportRefused) as refused:
        read_waiting_list(hospital(), HORIZON, f"{HEADER}\n{GOOD}\ne2,A,-1,2,2026-03-05,,,,,\n")

    assert [(one.place, one.field) for one in refused.value.problems] == [("row 3", "age")]


def test_a_list_of_which_nobody_can_come_yet_says_so():
    with pytest.raises(DecodeError, match="plan more days"):
        read_waiting_list(hospital(), HORIZON, f"{HEADER}\ne2,A,40,2,2026-03-05,,,,,\n")

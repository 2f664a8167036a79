"""The checker against published solutions and against every kind of broken plan."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.checker.admissions import check_admissions
from scheduling.loaders.ihtc import load_plan, load_problem
from scheduling.model.admissions import AdmissionPlan, AdmissionProblem, Duty, Pin, Room, Stay, Surgeon, Theatre
from scheduling.model.report import HardRule, SoftRule
from tests.datafiles import data_file
from tests.scheduling.wards import everywhere, good_plan, nurse, occupant, patient, problem, problems

STATED = {
    "Unscheduled": SoftRule.UNSCHEDULED,
    "Delay": SoftRule.DELAY,
    "OpenOT": SoftRule.OPEN_THEATRE,
    "AgeMix": SoftRule.MIXED_AGE,
    "Skill": SoftRule.NURSE_SKILL,
    "Excess": SoftRule.EXCESS_WORKLOAD,
    "Continuity": SoftRule.CONTINUITY,
    "SurgeonTransfer": SoftRule.SURGEON_TRANSFER,
}


@pytest.mark.parametrize("number", range(1, 11))
def test_published_solutions_keep_all_rules_and_cost_what_they_state(number: int) -> None:
    made = load_problem(data_file(f"ihtc2024/test{number:02}.json"))
    file = data_file(f"ihtc2024/sol_test{number:02}.json")
    stated = json.loads(file.read_text())["costs"][0]

    report = check_admissions(made, load_plan(file, made))

    assert report.is_valid
    assert report.cost == int(re.search(r"Cost: *(\d+)", stated)[1])  # type: ignore[index]
    costs = report.cost_by_rule()
    for name, rule in STATED.items():
        assert costs[rule] == int(re.search(rf"{name}: *(\d+)", stated)[1]), name  # type: ignore[index]


def test_a_good_plan_breaks_nothing() -> None:
    made = problem()

    assert check_admissions(made, good_plan(made)).violations == ()


def _move(name: str, **changes: object) -> Callable[[AdmissionPlan], AdmissionPlan]:
    def change(plan: AdmissionPlan) -> AdmissionPlan:
        stays = tuple(replace(stay, **changes) if stay.patient == name else stay for stay in plan.stays)  # type: ignore[arg-type]
        return replace(plan, stays=stays)

    return change


def _add(stay: Stay) -> Callable[[AdmissionPlan], AdmissionPlan]:
    return lambda plan: replace(plan, stays=(*plan.stays, stay))


def _duty(duty: Duty) -> Callable[[AdmissionPlan], AdmissionPlan]:
    return lambda plan: replace(plan, duties=(*plan.duties, duty))


BROKEN: list[tuple[str, HardRule, int, Callable[[AdmissionPlan], AdmissionPlan]]] = [
    ("woman and man in one room", HardRule.GENDER_MIX, 2, _move("p2", room="r1")),
    ("stays before the release day", HardRule.ADMISSION_DAY, 1, _move("p3", day=0)),
    ("day outside the horizon", HardRule.ADMISSION_DAY, 1, _move("p1", day=9)),
    ("day below zero", HardRule.ADMISSION_DAY, 1, _move("p1", day=-1)),
    ("mandatory patient left out", HardRule.MANDATORY_UNSCHEDULED, 1, lambda plan: replace(plan, stays=plan.stays[1:])),
    ("room of another building", HardRule.UNKNOWN, 1, _move("p1", room="r9")),
    ("theatre of another building", HardRule.UNKNOWN, 1, _move("p1", theatre="t9")),
    ("nobody's stay", HardRule.UNKNOWN, 1, _add(Stay(patient="p9", day=0, room="r1", theatre="t1"))),
    ("two stays of one patient", HardRule.TWO_STAYS, 1, _add(Stay(patient="p1", day=2, room="r1", theatre="t1"))),
    ("operation without theatre", HardRule.THEATRE_MISSING, 1, _move("p1", theatre="")),
    ("unsuitable room", HardRule.INCOMPATIBLE_ROOM, 1, _move("p3", room="r2")),
    ("unsuitable theatre", HardRule.INCOMPATIBLE_THEATRE, 1, _move("p3", theatre="t2")),
    ("room looked after by two", HardRule.TWO_NURSES, 1, _duty(Duty(nurse="n2", day=0, shift=0, rooms=("r1",)))),
    ("nurse who is off", HardRule.NURSE_PRESENCE, 1, _duty(Duty(nurse="n2", day=3, shift=0, rooms=("r1",)))),
    ("nurse of another hospital", HardRule.UNKNOWN, 1, _duty(Duty(nurse="n9", day=0, shift=0, rooms=()))),
    ("nobody looks after a room", HardRule.UNCOVERED_ROOM, 2, lambda plan: replace(plan, duties=plan.duties[1:])),
]


@pytest.mark.parametrize(("name", "rule", "amount", "change"), BROKEN, ids=[row[0] for row in BROKEN])
def test_each_kind_of_broken_plan_is_refused(
    name: str, rule: HardRule, amount: int, change: Callable[[AdmissionPlan], AdmissionPlan]
) -> None:
    third = patient(
        "p3",
        release_day=1,
        is_mandatory=False,
        incompatible_rooms=frozenset({"r2"}),
        incompatible_theatres=frozenset({"t2"}),
    )
    made = problem(
        patients=(patient(), patient("p2", gender="B", is_mandatory=False), third),
        theatres=(
            Theatre(id="t1", minutes_by_day=(120,) * 4),
            Theatre(id="t2", minutes_by_day=(120,) * 4),
        ),
        nurses=(nurse(), nurse("n2", days=2)),
    )
    plan = good_plan(made)
    plan = replace(plan, stays=(*plan.stays, Stay(patient="p3", day=2, room="r1", theatre="t1")))
    assert check_admissions(made, plan).is_valid

    report = check_admissions(made, change(plan))

    assert report.violations_by_rule().get(rule) == amount


def test_too_many_people_in_a_room_are_counted() -> None:
    made = problem(rooms=(Room(id="r1", capacity=2, blocked_by_day=(0, 1)), Room(id="r2", capacity=1)))
    second = patient("p2", is_mandatory=False)
    made = replace(made, patients=(patient(), second))
    stays = tuple(Stay(patient=name, day=0, room="r1", theatre="t1") for name in ("p1", "p2"))

    report = check_admissions(made, AdmissionPlan(stays=stays, duties=everywhere(made)))

    over = {(found.where.day, found.amount) for found in report.violations if found.rule is HardRule.ROOM_CAPACITY}
    assert over == {(0, 1), (1, 1)}


def test_people_too_many_in_intensive_care_are_counted_by_day_and_occupants_with_them() -> None:
    made = problem(
        occupants=(occupant(intensive_days=1),),
        patients=(patient(intensive_days=2), patient("p2", gender="B", intensive_days=1)),
        intensive_beds=(1, 0, 5, 5),
    )

    report = check_admissions(made, good_plan(made))
    elsewhere = check_admissions(replace(made, intensive_beds=()), good_plan(made))

    over = {(found.where.day, found.amount) for found in report.violations}
    assert over == {(0, 2), (1, 1)}
    assert set(report.violations_by_rule()) == {HardRule.INTENSIVE_CARE}
    assert elsewhere.is_valid  # without beds it is planned by others


def test_a_nurse_with_more_occupied_rooms_than_allowed_is_named() -> None:
    first, *others = nurse().shifts
    third = Room(id="r3", capacity=1)  # empty: nobody's work
    made = problem(
        nurses=(replace(nurse(), shifts=(replace(first, max_rooms=1), *others)),),
        rooms=(Room(id="r1", capacity=2), Room(id="r2", capacity=1), third),
    )

    report = check_admissions(made, good_plan(made))

    assert [(found.rule, found.amount) for found in report.violations] == [(HardRule.NURSE_ROOMS, 1)]
    where = report.violations[0].where
    assert (where.nurse, where.day, where.shift) == ("n1", 0, 0)


def test_overtime_counts_minutes_of_theatre_and_surgeon() -> None:
    made = problem(
        theatres=(Theatre(id="t1", minutes_by_day=(110,) * 4),), surgeons=(Surgeon(id="s1", minutes_by_day=(90,) * 4),)
    )

    found = check_admissions(made, good_plan(made)).violations_by_rule()

    assert found == {HardRule.THEATRE_OVERTIME: 10, HardRule.SURGEON_OVERTIME: 30}


@pytest.mark.parametrize(
    ("pin", "is_kept"),
    [
        (Pin(patient="p1", day=0), True),
        (Pin(patient="p1", room="r1", theatre="t1"), True),
        (Pin(patient="p1", day=1), False),  # planned on day 0
        (Pin(patient="p1", room="r2"), False),  # planned in r1
        (Pin(patient="p9", day=0), False),  # not planned at all
    ],
)
def test_a_pin_holds(pin: Pin, is_kept: bool) -> None:
    made = problem(pins=(pin,))

    assert check_admissions(made, good_plan(made)).is_valid is is_kept


def test_every_soft_rule_is_priced_where_it_is_broken() -> None:
    made = problem(
        occupants=(occupant(age_group=0, skill_required=(2, 0, 0)),),
        nurses=(nurse(skill=1), nurse("n2")),
        published=(Stay(patient="p1", day=1, room="r1", theatre="t1"),),
    )
    plan = AdmissionPlan(stays=(Stay(patient="p1", day=0, room="r1", theatre="t1"),), duties=everywhere(made))

    report = check_admissions(made, plan)

    assert {rule: cost for rule, cost in report.cost_by_rule().items() if cost} == {
        SoftRule.MIXED_AGE: 1,  # infant and adult on day 0
        SoftRule.NURSE_SKILL: 1,  # level 2 asked for, level 1 there
        SoftRule.CONTINUITY: 2,  # each met one nurse
        SoftRule.OPEN_THEATRE: 10,
        SoftRule.UNSCHEDULED: 150,  # p2
        SoftRule.CHANGE: 7,  # a day earlier than published
    }
    assert report.cost_by(lambda where: where.patient) == {"p2": 150, "p1": 8, "o1": 2}


def test_work_beyond_a_nurses_limit_is_priced() -> None:
    made = problem(occupants=(occupant(workload=(5, 1, 1)),))

    report = check_admissions(made, good_plan(made))

    assert report.cost_by_rule()[SoftRule.EXCESS_WORKLOAD] == 4  # 5 + 1 + 1 for p1, p2 against 3


def _any_stays(made: AdmissionProblem) -> st.SearchStrategy[AdmissionPlan]:
    stay = st.builds(
        Stay,
        patient=st.sampled_from([found.id for found in made.patients]),
        day=st.integers(0, made.days - 1),
        room=st.sampled_from([room.id for room in made.rooms]),
        theatre=st.sampled_from([theatre.id for theatre in made.theatres]),
    )
    return st.lists(stay, max_size=8, unique_by=lambda found: found.patient).map(
        lambda stays: AdmissionPlan(stays=tuple(stays))
    )


@settings(max_examples=40, deadline=None)
@given(data=st.data(), made=problems)
def test_the_order_of_stays_changes_nothing(data: st.DataObject, made: AdmissionProblem) -> None:
    plan = data.draw(_any_stays(made))
    shuffled = replace(plan, stays=tuple(data.draw(st.permutations(plan.stays))))

    first, second = check_admissions(made, plan), check_admissions(made, shuffled)

    assert first.cost_by_rule() == second.cost_by_rule()
    assert first.violations_by_rule() == second.violations_by_rule()


@settings(max_examples=40, deadline=None)
@given(data=st.data(), made=problems)
def test_a_patient_less_never_breaks_more_rules_of_rooms_and_theatres(
    data: st.DataObject, made: AdmissionProblem
) -> None:
    plan = data.draw(_any_stays(made).filter(lambda found: bool(found.stays)))
    rules = (HardRule.ROOM_CAPACITY, HardRule.THEATRE_OVERTIME, HardRule.SURGEON_OVERTIME, HardRule.GENDER_MIX)

    before = check_admissions(made, plan).violations_by_rule()
    after = check_admissions(made, replace(plan, stays=plan.stays[1:])).violations_by_rule()

    assert all(after.get(rule, 0) <= before.get(rule, 0) for rule in rules)

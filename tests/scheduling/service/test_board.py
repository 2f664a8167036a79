"""A plan under discussion: what is foretold is what the checker finds, and a bad call changes little."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.checker.admissions import check_admissions
from scheduling.model.admissions import AdmissionPlan, AdmissionProblem, Nurse, NurseShift, Pin, Stay
from scheduling.model.report import HardRule, SoftRule
from scheduling.service.board import Board, consequences_between
from scheduling.service.repairing import Outage, repair, without
from scheduling.solvers.admissions.search import Settings, solve
from tests.scheduling.wards import good_plan, patient, problem, random_problem
from twin.errors import InputError, NotFound

pytestmark = pytest.mark.timeout(300)  # the first test of a fresh machine compiles the kernels


def solved(seed: int) -> tuple[AdmissionProblem, AdmissionPlan]:
    """Give a random problem and a plan of it."""
    made = random_problem(seed)
    return made, solve(made, Settings(steps=3_000, seed=seed)).plan


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 5_000), data=st.data())
def test_an_alternative_costs_what_the_checker_finds_once_it_is_taken(seed: int, data: st.DataObject) -> None:
    made, plan = solved(seed)
    board = Board(made, plan)
    who = data.draw(st.sampled_from([one.id for one in made.patients]))
    found = board.alternatives(who, limit=200)
    if not found:
        return
    chosen = data.draw(st.sampled_from(found))

    edited = board.edit(who, chosen.stay)

    assert edited.cost_after - edited.cost_before == chosen.cost
    told = check_admissions(made, edited.plan)
    assert told.cost == edited.cost_after


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 5_000))
def test_alternatives_come_best_first_and_hold_the_present_place(seed: int) -> None:
    made, plan = solved(seed)
    admitted = plan.stays[0].patient if plan.stays else made.patients[0].id

    found = Board(made, plan).alternatives(admitted, limit=500)

    allowed = [one.cost for one in found if one.is_allowed]
    assert allowed == sorted(allowed)
    if plan.stays:
        assert [one.stay for one in found if one.is_present] == [plan.stays[0]]
        assert found[[one.is_present for one in found].index(True)].cost == 0


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 5_000))
def test_consequences_add_up_to_the_change_of_cost(seed: int) -> None:
    made, plan = solved(seed)
    first = plan.stays[0].patient if plan.stays else made.patients[0].id

    edited = Board(made, plan).edit(first, None)

    soft = sum(one.after - one.before for one in edited.consequences if not one.is_hard)
    assert soft == edited.cost_after - edited.cost_before


def test_why_here_tells_the_patients_own_costs_and_what_else_there_is() -> None:
    made = problem(patients=(patient(release_day=0), patient("p2", gender="B")))
    plan = replace(
        good_plan(made), stays=(Stay(patient="p1", day=1, room="r1", theatre="t1"), good_plan(made).stays[1])
    )

    own, others = Board(made, plan).why("p1")

    assert own.cost_by_rule()[SoftRule.DELAY] == made.weights.delay
    assert {found.where.patient for found in own.costs} == {"p1"}
    assert others[0].stay is not None
    assert others[0].stay.day == 0  # a day earlier costs nothing


def test_why_not_there_names_the_rule_that_breaks() -> None:
    made = problem()
    edited = Board(made, good_plan(made)).edit("p2", Stay(patient="p2", day=0, room="r1", theatre="t1"))

    worse = {one.rule for one in edited.consequences if one.is_hard and one.after > one.before}
    assert HardRule.GENDER_MIX in worse
    assert HardRule.ROOM_CAPACITY in worse


def test_a_room_that_was_empty_gets_a_nurse_when_somebody_is_moved_there() -> None:
    made = problem()
    only_r1 = AdmissionPlan(
        stays=(good_plan(made).stays[0],), duties=tuple(replace(d, rooms=("r1",)) for d in good_plan(made).duties)
    )

    edited = Board(made, only_r1).edit("p1", Stay(patient="p1", day=0, room="r2", theatre="t1"))

    assert check_admissions(made, edited.plan).is_valid


@pytest.mark.parametrize(
    "stay",
    [
        Stay(patient="p1", day=0, room="nowhere", theatre="t1"),  # unknown room
        Stay(patient="p1", day=0, room="r1", theatre="nowhere"),  # unknown theatre
        Stay(patient="p1", day=99, room="r1", theatre="t1"),  # after the plan
        Stay(patient="p1", day=0, room="r1", theatre=""),  # an operation without a theatre
    ],
)
def test_a_place_that_there_is_not_is_refused(stay: Stay) -> None:
    with pytest.raises(InputError):
        Board(problem(), good_plan(problem())).edit("p1", stay)


def test_an_unknown_patient_is_refused() -> None:
    board = Board(problem(), good_plan(problem()))
    for ask in (board.alternatives, board.why, lambda who: board.edit(who, None)):
        with pytest.raises(NotFound):
            ask("nobody")


def test_a_sick_nurses_rooms_go_to_others_and_nothing_else_changes() -> None:
    other = Nurse(
        id="n2", skill=2, shifts=tuple(NurseShift(day=d, shift=s, max_load=9) for d in range(4) for s in range(3))
    )
    made = problem(nurses=(*problem().nurses, other))
    plan = good_plan(made)

    found = repair(made, plan, Outage(nurse="n1", from_day=1, to_day=1, shift=0))

    assert check_admissions(found.problem, found.edited.plan).is_valid
    assert set(found.edited.plan.stays) == set(plan.stays)
    assert 0 < found.n_changed <= 2
    taken = [duty for duty in found.edited.plan.duties if duty.nurse == "n2"]
    assert {(duty.day, duty.shift) for duty in taken} == {(1, 0)}


def test_a_closed_theatre_moves_its_own_patients_only() -> None:
    made = problem(patients=(patient(), patient("p2", gender="B"), patient("p3", surgery_minutes=0, surgeon="")))
    plan = AdmissionPlan(
        stays=(*good_plan(made).stays, Stay(patient="p3", day=2, room="r1", theatre="")), duties=good_plan(made).duties
    )

    found = repair(made, plan, Outage(theatre="t1", from_day=0, to_day=0))

    report = check_admissions(found.problem, found.edited.plan)
    assert report.is_valid
    days = {stay.patient: stay.day for stay in found.edited.plan.stays}
    assert days["p3"] == 2
    assert min(days["p1"], days["p2"]) >= 1


def test_a_pin_that_an_outage_makes_impossible_is_let_go_and_all_others_hold() -> None:
    made = problem(patients=(patient(), patient("p2", gender="B"), patient("p3", surgery_minutes=0, surgeon="")))
    plan = AdmissionPlan(
        stays=(*good_plan(made).stays, Stay(patient="p3", day=2, room="r1", theatre="")), duties=good_plan(made).duties
    )
    held = tuple(Pin(patient=one.patient, day=one.day, room=one.room, theatre=one.theatre) for one in plan.stays)
    first = next(one for one in plan.stays if one.patient == "p1")

    found = repair(replace(made, pins=held), plan, Outage(surgeon="s1", from_day=first.day, to_day=first.day))

    pins = {pin.patient: pin for pin in found.problem.pins}
    assert pins["p1"] == Pin(patient="p1", room=first.room, theatre=first.theatre)
    assert pins["p3"].day == 2
    assert check_admissions(found.problem, found.edited.plan).is_valid
    moved = {now.patient: now for _was, now in found.moved if now is not None}
    assert moved["p1"].day != first.day
    assert moved["p1"].room == first.room
    assert "p3" not in moved


def test_a_pinned_patient_has_no_other_place_and_is_not_sent_back_to_the_list() -> None:
    made, plan = problem(), good_plan(problem())
    stay = plan.stays[0]
    held = replace(made, pins=(Pin(patient=stay.patient, day=stay.day, room=stay.room, theatre=stay.theatre),))

    (only,) = Board(held, plan).alternatives(stay.patient)

    assert (only.stay, only.is_present) == (stay, True)


@pytest.mark.parametrize(
    ("outage", "error"),
    [
        (Outage(), InputError),  # nobody
        (Outage(nurse="n1", theatre="t1"), InputError),  # two at once
        (Outage(nurse="n1", from_day=3, to_day=2), InputError),  # ends before it begins
        (Outage(nurse="n1", to_day=9), InputError),  # after the plan
        (Outage(nurse="n9"), NotFound),
        (Outage(surgeon="s9"), NotFound),
    ],
)
def test_an_outage_that_cannot_be_is_refused(outage: Outage, error: type[Exception]) -> None:
    with pytest.raises(error):
        without(problem(), outage)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 5_000))
def test_equal_plans_have_no_consequences(seed: int) -> None:
    made, plan = solved(seed)
    report = check_admissions(made, plan)

    assert consequences_between(report, report) == ()

"""The annealing search: every sum after every move, and what comes out of it."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.checker.admissions import check_admissions
from scheduling.loaders.ihtc import load_problem
from scheduling.model.admissions import AdmissionProblem, Nurse, Pin, Room, Weights
from scheduling.model.report import HardRule, Report
from scheduling.solvers.admissions.annealing import Heat, anneal
from scheduling.solvers.admissions.arrays import (
    CROWD,
    OVERTIME,
    SOFT,
    Bound,
    Fixed,
    Slot,
    State,
    empty_state,
    fixed_of,
    no_best,
    plan_of,
)
from scheduling.solvers.admissions.changes import begin, decide, place, set_nurse
from scheduling.solvers.admissions.evaluation import evaluate, evaluate_nurse
from scheduling.solvers.admissions.room_limits import hand_over_change
from scheduling.solvers.admissions.search import CROWD_PRICE, PHASES, Settings, _Search, solve
from scheduling.solvers.admissions.starting import any_nurses, settle_occupants
from tests.datafiles import data_file
from tests.scheduling.wards import nurse, patient, problem, problems, random_problem
from twin.errors import InputError

pytestmark = pytest.mark.timeout(300)  # the first test of a fresh machine compiles the kernels

CROWDING = (HardRule.GENDER_MIX, HardRule.ROOM_CAPACITY, HardRule.INTENSIVE_CARE)
"""What occupants alone can break, and no plan can avoid."""
LATE = (HardRule.THEATRE_OVERTIME, HardRule.SURGEON_OVERTIME)


def started(made: AdmissionProblem, seed: int = 1) -> tuple[Fixed, State]:
    """Give a state with nurses and occupants."""
    fixed = fixed_of(made)
    now = empty_state(fixed, seed)
    rooms = [room.id for room in made.rooms]
    any_nurses(fixed, now)
    settle_occupants(fixed, now, np.array([rooms.index(found.room) for found in made.occupants], np.int32))
    return fixed, now


def checked(made: AdmissionProblem, now: State) -> Report:
    """Give what the checker says about a state."""
    return check_admissions(made, plan_of(made, now.who, now.nurse_of))


def agrees(made: AdmissionProblem, now: State, crowd_before: int) -> None:
    """Hold the state's sums against the checker's."""
    report = checked(made, now)
    by_rule = report.violations_by_rule()
    assert int(now.total[SOFT]) == report.cost
    crowded = sum(by_rule.get(rule, 0) for rule in (*CROWDING, HardRule.NURSE_ROOMS))
    assert int(now.total[CROWD]) + crowd_before == crowded
    assert int(now.total[OVERTIME]) == sum(by_rule.get(rule, 0) for rule in LATE)


def rooms_too_many(fixed: Fixed, load: np.ndarray) -> int:
    """Give rooms beyond the limits of their nurses."""
    n_all = fixed.size.days * fixed.size.shifts
    return int(np.maximum(0, load[:, n_all:] - fixed.max_load[:, n_all:]).sum())


def crowd_of_occupants(made: AdmissionProblem, now: State) -> int:
    """Give crowding that no plan can avoid."""
    by_rule = checked(made, now).violations_by_rule()
    return sum(by_rule.get(rule, 0) for rule in CROWDING)


@settings(max_examples=60, deadline=None)
@given(made=problems, seed=st.integers(0, 1000), temperature=st.sampled_from([0.5, 20.0, 400.0]))
def test_sums_equal_the_checkers_after_every_move(made: AdmissionProblem, seed: int, temperature: float) -> None:
    fixed, now = started(made, seed)
    before = crowd_of_occupants(made, now)
    best = no_best(fixed)

    for _ in range(40):
        anneal(fixed, now, best, Heat(3, temperature, temperature, 0.4, 300.0, 75.0, 1e9))
        agrees(made, now, before)


@settings(max_examples=60, deadline=None)
@given(made=problems, data=st.data())
def test_a_cost_foretold_is_the_cost_of_the_change(made: AdmissionProblem, data: st.DataObject) -> None:
    fixed, now = started(made)
    for _ in range(12):
        p = data.draw(st.integers(0, fixed.size.patients - 1))
        slot = Slot(-1, -1, -1)
        days, rooms = int(fixed.person[p, 10]), int(fixed.person[p, 11])
        if days and rooms and data.draw(st.booleans()):
            theatres = [int(t) for t in np.flatnonzero(fixed.may_theatre[p])]
            has_operation = made.patients[p].surgery_minutes > 0
            slot = Slot(
                int(fixed.days[p, data.draw(st.integers(0, days - 1))]),
                int(fixed.rooms[p, data.draw(st.integers(0, rooms - 1))]),
                data.draw(st.sampled_from(theatres)) if has_operation else -1,
            )
        told = evaluate(fixed, now, p, slot, Bound(1e18, 1.0, 1.0))
        begin(now)
        place(fixed, now, p, slot)
        assert (told.soft, told.crowd, told.overtime) == tuple(int(value) for value in now.delta)
        assert decide(fixed, now, Bound(1e18, 0.0, 0.0))

        room = data.draw(st.integers(0, fixed.size.rooms - 1))
        shift = data.draw(st.integers(0, now.nurse_of.shape[1] - 1))
        nurse = int(fixed.on_duty[shift, data.draw(st.integers(0, int(fixed.n_on_duty[shift]) - 1))])
        foretold = evaluate_nurse(fixed, now, room, shift, nurse)
        too_many = hand_over_change(fixed, now, room, shift, nurse)
        counts = now.load.copy()
        if nurse != now.nurse_of[room, shift]:
            assert foretold == set_nurse(fixed, now, room, shift, nurse)
        assert too_many == rooms_too_many(fixed, now.load) - rooms_too_many(fixed, counts)


@settings(max_examples=30, deadline=None)
@given(made=problems, seed=st.integers(0, 1000))
def test_a_refused_move_leaves_no_trace(made: AdmissionProblem, seed: int) -> None:
    fixed, now = started(made, seed)
    best = no_best(fixed)
    anneal(fixed, now, best, Heat(500, 100.0, 100.0, 0.4, 300.0, 75.0, 0.0))
    kept = [np.sort(np.array(part), axis=None).copy() for part in now if part is not now.chance]
    loads, who = now.load.copy(), now.who.copy()

    begin(now)
    for p in range(min(5, fixed.size.patients)):
        place(fixed, now, p, Slot(-1, -1, -1))
    decide(fixed, now, Bound(-1e18, 0.0, 0.0))

    assert (now.who == who).all()
    assert (now.load == loads).all()
    assert all(
        (np.sort(np.array(part), axis=None) == old).all()
        for part, old in zip([now.who, now.ward, now.theatre], kept[:3], strict=True)
    )


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_what_the_search_believes_valid_is_valid_for_the_checker(seed: int) -> None:
    made = random_problem(seed)

    outcome = solve(made, Settings(steps=20_000, seed=seed))

    report = check_admissions(made, outcome.plan)
    unavoidable = {HardRule.MANDATORY_UNSCHEDULED, HardRule.UNCOVERED_ROOM, *CROWDING}
    if outcome.is_valid:
        assert set(report.violations_by_rule()) <= unavoidable


def test_the_same_seed_and_steps_give_the_same_plan() -> None:
    made = random_problem(7, n_patients=20, days=7)

    first, second = (solve(made, Settings(steps=120_000, seed=3, threads=2)) for _ in range(2))

    assert first.plan == second.plan
    assert first.steps == second.steps


@pytest.mark.parametrize("name", ["i02", "small03", "test04"])
def test_a_published_problem_is_solved_without_breaking_a_rule(name: str) -> None:
    made = load_problem(data_file(f"ihtc2024/{name}.json"))

    report = check_admissions(made, solve(made, Settings(steps=400_000, seed=1)).plan)

    assert report.is_valid


def test_broken_rules_get_dearer_until_a_thread_finds_a_valid_plan() -> None:
    search = _Search(problem(), Settings(steps=1000), lambda share, cost: None, lambda: False)
    search.steps[0] = 800
    rising = search._heat(PHASES[1], 0, 0.1, 1).crowd
    prices = []
    for steps in (800, 820, 840, 860):
        search.steps[0] = steps
        prices.append(search._heat(PHASES[1], 0, 0.9, 1).crowd)
    search.found[0].value[0] = 17
    calm = search._heat(PHASES[1], 0, 0.9, 1).crowd

    search.found[0] = no_best(search.fixed)
    search.steps[0] = 880

    # from the price at which nothing was known, twice as much after each fiftieth of the search
    assert prices[1:] == [pytest.approx(prices[0] * 2), pytest.approx(prices[0] * 4), pytest.approx(prices[0] * 8)]
    assert calm == pytest.approx(search.unscheduled * CROWD_PRICE)
    assert search._heat(PHASES[1], 0, 0.9, 1).crowd == pytest.approx(calm * 2)
    assert rising < calm


def test_a_search_stops_when_told_and_has_a_plan() -> None:
    made = random_problem(11, n_patients=15)
    heard: list[tuple[float, int]] = []
    stop = threading.Event()

    def progress(share: float, cost: int) -> None:
        heard.append((share, cost))
        stop.set()

    outcome = solve(made, Settings(seconds=3000.0), progress, stop.is_set)

    assert outcome.plan.duties
    assert len(heard) == 1
    assert 0 <= heard[0][0] <= 1


def test_pins_bind_the_search() -> None:
    made = problem(pins=(Pin(patient="p1", day=3, room="r2"),))

    stays = {stay.patient: stay for stay in solve(made, Settings(steps=20_000)).plan.stays}

    assert (stays["p1"].day, stays["p1"].room) == (3, "r2")


def test_beds_that_are_blocked_are_left_alone() -> None:
    made = problem(
        occupants=(),
        rooms=(Room(id="r1", capacity=2, blocked_by_day=(2, 2, 0, 0)),),
        patients=(patient("p1"), patient("p2", is_mandatory=False)),
    )

    outcome = solve(made, Settings(steps=20_000))

    assert check_admissions(made, outcome.plan).is_valid
    assert min(stay.day for stay in outcome.plan.stays) == 2


def test_beds_of_intensive_care_are_shared_out_over_the_days() -> None:
    people = [patient(f"p{i}", intensive_days=1, surgery_minutes=30) for i in range(3)]
    made = problem(
        occupants=(), patients=tuple(people), rooms=(Room(id="r1", capacity=3),), intensive_beds=(1, 0, 1, 1)
    )

    free = solve(replace(made, intensive_beds=()), Settings(steps=20_000))
    outcome = solve(made, Settings(steps=20_000))

    assert [stay.day for stay in free.plan.stays] == [0, 0, 0]
    assert check_admissions(made, outcome.plan).is_valid
    assert sorted(stay.day for stay in outcome.plan.stays) == [0, 2, 3]


def test_no_nurse_gets_more_occupied_rooms_than_allowed() -> None:
    def limited(name: str) -> Nurse:
        made = nurse(name)
        return replace(made, shifts=tuple(replace(shift, max_rooms=1, max_load=100) for shift in made.shifts))

    made = problem(nurses=(limited("n1"), limited("n2")))

    outcome = solve(made, Settings(steps=20_000))

    assert check_admissions(made, outcome.plan).is_valid
    assert len(outcome.plan.stays) == 2
    assert max(len(duty.rooms) for duty in outcome.plan.duties) == 1


def test_a_limit_of_rooms_that_nobody_can_keep_is_told_by_nurse_and_shift() -> None:
    shifts = tuple(replace(shift, max_rooms=1) for shift in nurse().shifts)
    elsewhere = patient("p2", gender="B", due_day=0, incompatible_rooms=frozenset({"r1"}))
    people = (patient(due_day=0), elsewhere)
    made = problem(nurses=(replace(nurse(), shifts=shifts),), patients=people)

    outcome = solve(made, Settings(steps=20_000))

    report = check_admissions(made, outcome.plan)
    assert not outcome.is_valid
    assert set(report.violations_by_rule()) == {HardRule.NURSE_ROOMS}
    assert {found.where.nurse for found in report.violations} == {"n1"}


def test_a_published_plan_is_kept_when_change_has_a_price() -> None:
    made = problem(weights=Weights(change=1000))
    old = solve(made, Settings(steps=20_000, seed=1)).plan.stays

    again = solve(replace(made, published=old), Settings(steps=20_000, seed=99)).plan.stays

    assert set(again) == set(old)


def test_nobody_to_plan_for_and_nobody_to_nurse_is_no_trouble() -> None:
    made = problem(nurses=(), patients=(patient(surgery_minutes=0, surgeon=""),), theatres=(), surgeons=())

    outcome = solve(made, Settings(steps=5_000))

    assert check_admissions(made, outcome.plan).is_valid
    assert outcome.plan.duties == ()


def test_a_problem_without_any_valid_plan_still_gets_a_plan_and_the_reasons() -> None:
    made = problem(patients=tuple(patient(f"p{i}", due_day=0) for i in range(5)))

    outcome = solve(made, Settings(steps=20_000))

    report = check_admissions(made, outcome.plan)
    assert not outcome.is_valid
    assert len(outcome.plan.stays) == 5
    assert HardRule.ROOM_CAPACITY in report.violations_by_rule()


@pytest.mark.parametrize(
    "changes",
    [
        {"seconds": 0.0},  # no time
        {"seconds": float("nan")},
        {"seconds": 1e9},  # longer than a day
        {"threads": 0},
        {"threads": 1000},
        {"seed": -1},
        {"steps": -1},
    ],
)
def test_settings_out_of_range_are_refused(changes: dict[str, float]) -> None:
    with pytest.raises(InputError):
        Settings(**changes)  # type: ignore[arg-type]


def test_failure_of_one_thread_ends_the_others() -> None:
    def progress(share: float, cost: int) -> None:
        raise RuntimeError("nobody listens")

    with pytest.raises(RuntimeError, match="nobody listens"):
        solve(problem(), Settings(seconds=5.0, threads=2), progress)

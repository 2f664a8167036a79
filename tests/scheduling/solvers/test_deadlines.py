"""Searches end in time, whatever takes it: the clock is one that goes on by looks and by what solvers are allowed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace

import pytest
from ortools.sat.python import cp_model

from scheduling.checker.rosters import check_roster
from scheduling.loaders.inrc2 import Weeks
from scheduling.model.rosters import ANY, Employee, Need, RosterProblem
from scheduling.service import rostering
from scheduling.service.rostering import roster_weeks
from scheduling.solvers.admissions import search as admissions
from scheduling.solvers.bounds import Deadline
from scheduling.solvers.rosters import search
from scheduling.solvers.rosters.search import solve_roster
from scheduling.solvers.rosters.settings import GRACE_S, RosterSettings
from tests.scheduling.staff import month, random_problem
from tests.scheduling.wards import random_problem as random_ward
from twin.errors import InputError

pytestmark = pytest.mark.timeout(300)  # the first test of a fresh machine compiles the kernels
MARGIN_S = 1.5
"""What a search may take beyond its time, seconds of the clock."""


class Looked:
    """A clock that goes on a step whenever somebody looks at it."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.step = 0.0

    def __call__(self) -> float:
        """Give the time."""
        self.seconds += self.step
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Looked:
    """Give the clock of every search in the test."""
    clock = Looked()
    for module in (search, rostering, admissions):
        monkeypatch.setattr(module, "Deadline", lambda seconds: Deadline(seconds, clock))
    return clock


def hungry(clock: Looked, finds: Callable[[float], bool]) -> type[cp_model.CpSolver]:
    """Give a solver that uses up all the time it is allowed, and may find nothing in it."""

    class Hungry(cp_model.CpSolver):
        def solve(self, model: cp_model.CpModel, callback: object = None) -> cp_model.CpSolverStatus:
            # a count of work is about as many seconds
            allowed = min(self.parameters.max_time_in_seconds, self.parameters.max_deterministic_time)
            clock.seconds += allowed
            if not finds(allowed):
                super().solve(cp_model.CpModel())
                return cp_model.UNKNOWN
            # it does not really take that long
            self.parameters.max_time_in_seconds = min(allowed, 0.3)
            return super().solve(model, callback)  # type: ignore[arg-type]  # a callback of its own kind

    return Hungry


def bound_to_each_other(people: int, days: int) -> RosterProblem:
    """Give a roster with needs of anybody beside needs of a skill, which is left to constraint programming."""
    names = [f"e{at}" for at in range(people)]
    return month(
        days=days,
        employees=tuple(Employee(id=name, contract="full", skills=frozenset({"nurse"})) for name in names),
        needs=tuple(
            Need(day=day, shift=shift, skill=skill, preferred=1, under=10)
            for day in range(days)
            for shift in "ELN"
            for skill in ("nurse", "")
        ),
        skills=("nurse",),
    )


def alone(people: int) -> RosterProblem:
    """Give a roster whose people are bound to each other by needs alone, which is put together from schedules."""
    return month(
        shifts=tuple(replace(shift, run=ANY) for shift in month().shifts),
        employees=tuple(Employee(id=f"e{at}", contract="full") for at in range(people)),
    )


@pytest.mark.parametrize("seconds", [0.5, 2.0, 20.0])
@pytest.mark.parametrize("least", [0.0, 1.0, 1000.0])
def test_steps_of_constraint_programming_share_the_time(
    clock: Looked, monkeypatch: pytest.MonkeyPatch, least: float, seconds: float
) -> None:
    monkeypatch.setattr(cp_model, "CpSolver", hungry(clock, lambda allowed: allowed >= least))
    problem = bound_to_each_other(6, 14)

    # something is found whenever solvers find anything
    refused = contextlib.suppress(*([InputError] if least else []))
    with refused:
        found = solve_roster(problem, RosterSettings(seconds=seconds, threads=2))
        assert {one.employee for one in found.roster.assignments} <= {one.id for one in problem.employees}
    assert clock.seconds <= seconds + MARGIN_S


def test_a_model_that_is_not_written_down_in_time_is_told_with_its_size(clock: Looked) -> None:
    clock.step = 0.05
    heard: list[tuple[float, int]] = []

    with pytest.raises(InputError, match=r"60 people, 90 days and 3 shifts are 16200 choices.*more seconds") as told:
        solve_roster(
            bound_to_each_other(60, 90), RosterSettings(seconds=2.0), lambda share, price: heard.append((share, price))
        )

    assert told.value.code == "roster.too_large"
    assert clock.seconds <= 2.0 + MARGIN_S
    # how far it is is told meanwhile
    assert len(heard) > 5
    assert heard == sorted(heard)
    assert {price for _, price in heard} == {-1}


def test_a_roster_of_schedules_is_given_where_the_model_comes_too_late(
    clock: Looked, monkeypatch: pytest.MonkeyPatch
) -> None:
    def model(problem: RosterProblem, look: Callable[[], None], *, is_relaxed: bool, kept: object) -> None:
        assert not is_relaxed
        assert kept is None
        clock.seconds += 100.0
        look()

    monkeypatch.setattr(search, "RosterModel", model)
    monkeypatch.setattr(search, "SURE_CELLS", 0)
    clock.step = 0.01
    problem = alone(30)

    found = solve_roster(problem, RosterSettings(seconds=2.0))

    assert check_roster(problem, found.roster).is_valid


@pytest.mark.parametrize("step", [0.001, 0.02])
def test_whole_schedules_are_looked_for_no_longer_than_there_is_time(
    clock: Looked, monkeypatch: pytest.MonkeyPatch, step: float
) -> None:
    monkeypatch.setattr(search, "MODEL_CELLS", 100)
    clock.step = step
    problem = alone(40)

    found = solve_roster(problem, RosterSettings(seconds=3.0, threads=1))

    assert check_roster(problem, found.roster).is_valid
    assert clock.seconds <= 3.0 + MARGIN_S


def test_too_many_people_for_a_schedule_each_are_told(clock: Looked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "MODEL_CELLS", 100)
    clock.step = 0.1
    problem = alone(40)

    with pytest.raises(InputError, match="40 people"):
        solve_roster(problem, RosterSettings(seconds=1.0, threads=1))

    assert clock.seconds <= 1.0 + GRACE_S + MARGIN_S


def test_weeks_share_the_time_even_if_each_is_made_again(clock: Looked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cp_model, "CpSolver", hungry(clock, lambda allowed: True))
    week = bound_to_each_other(8, 7)
    # more than there are: every week breaks a must, and the one before is made again
    needs = tuple(replace(need, minimum=6) for need in week.needs)
    weeks = Weeks(scenario="s", base=replace(week, weeks=4), needs=(needs,) * 4, requests=((),) * 4)

    done = roster_weeks(weeks, RosterSettings(seconds=16.0))

    assert len(done) == 4
    assert not done[1].report.is_valid
    assert clock.seconds <= 16.0 + 4 * GRACE_S


def test_who_must_come_is_admitted_somewhere_when_there_is_no_time_for_the_best_place(clock: Looked) -> None:
    made = random_ward(5, n_patients=120, days=7)
    clock.step = 0.1

    found = admissions.solve(made, admissions.Settings(seconds=2.0, seed=1))

    stays = {stay.patient for stay in found.plan.stays}
    assert {one.id for one in made.patients if one.is_mandatory and one.surgery_minutes == 0} <= stays
    assert clock.seconds <= 2.0 + MARGIN_S


def test_random_rosters_end_in_time_too(clock: Looked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cp_model, "CpSolver", hungry(clock, lambda allowed: True))

    for seed in range(3):
        clock.seconds = 0.0
        solve_roster(random_problem(seed), RosterSettings(seconds=5.0, seed=seed))
        assert clock.seconds <= 5.0 + MARGIN_S

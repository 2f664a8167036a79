"""Rosters of whole schedules: the same seed gives the same one, and the checker finds what the search tells."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ortools.sat.python import cp_model

from scheduling.checker.rosters import check_roster
from scheduling.model.rosters import Contract, Employee, Limit, Need, RosterProblem, Shift
from scheduling.solvers.rosters import search
from scheduling.solvers.rosters.columns import Column
from scheduling.solvers.rosters.composing import ColumnSearch
from scheduling.solvers.rosters.improving import GOOD_KEPT, Experience
from scheduling.solvers.rosters.modelling import RosterModel
from scheduling.solvers.rosters.search import solve_roster
from scheduling.solvers.rosters.settings import RosterSettings


def ward(n: int, *, days: int = 14, minimum: int = 0, n_shifts: int = 3) -> RosterProblem:
    """Give a ward whose people are alike, with fewer of them than are wanted."""
    names = [f"s{at}" for at in range(n_shifts)]
    shifts = tuple(Shift(id=name, minutes=480, forbidden_next=frozenset(names[:at])) for at, name in enumerate(names))
    contract = Contract(
        id="c",
        minutes=Limit(low=480 * (days * 4 // 7), high=480 * (days * 5 // 7)),
        work_run=Limit(low=2, high=5),
        off_run=Limit(low=2),
        weekends=Limit(high=days // 14),
    )
    wanted = max(1, n // n_shifts)
    return RosterProblem(
        days=days,
        shifts=shifts,
        contracts=(contract,),
        employees=tuple(Employee(id=f"e{at}", contract="c") for at in range(n)),
        needs=tuple(
            Need(day=day, shift=name, preferred=wanted, under=100, over=1, minimum=minimum)
            for day in range(days)
            for name in names
        ),
        weeks=0,
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_seed_and_iterations_give_the_same_roster(seed: int) -> None:
    problem = ward(8)
    settings = RosterSettings(threads=1, seed=seed, iterations=1500)

    one, other = solve_roster(problem, settings), solve_roster(problem, settings)

    assert one == other
    report = check_roster(problem, one.roster)
    assert report.is_valid
    assert report.cost == one.price


def test_iterations_bound_the_neighbourhoods_of_constraint_programming_too() -> None:
    problem = ward(6)
    # a pair of skills binds people to each other, so that schedules alone are not enough
    problem = RosterProblem(
        days=problem.days,
        shifts=problem.shifts,
        contracts=problem.contracts,
        employees=tuple(Employee(id=one.id, contract="c", skills=frozenset({"nurse"})) for one in problem.employees),
        needs=tuple(
            Need(day=need.day, shift=need.shift, skill="nurse", preferred=1, under=30) for need in problem.needs
        ),
        skills=("nurse",),
    )
    settings = RosterSettings(threads=1, seed=1, iterations=3)

    one, other = solve_roster(problem, settings), solve_roster(problem, settings)

    assert one == other
    assert one.rounds <= 3


def test_a_lack_of_people_who_must_be_there_is_told() -> None:
    problem = ward(4, minimum=3)

    found = solve_roster(problem, RosterSettings(threads=1, seed=1, iterations=400))

    assert found.is_relaxed
    assert not check_roster(problem, found.roster).is_valid


def test_a_problem_too_large_for_the_model_is_rostered_without_it_and_stops_when_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(search, "MODEL_CELLS", 100)
    monkeypatch.setattr(search, "RosterModel", None)  # to build it would fail
    problem = ward(30, days=182, n_shifts=4)

    found = solve_roster(problem, RosterSettings(threads=1, seed=1, iterations=200))

    assert check_roster(problem, found.roster).is_valid
    # it is asked after each person whether to stop
    assert 200 <= found.rounds <= 200 + len(problem.employees)


def test_only_the_newest_schedules_of_good_rosters_are_kept() -> None:
    experience = Experience(2)

    def roster(at: int) -> list[Column]:
        return [Column(employee=who, shifts=(at, who), price=float(at)) for who in range(2)]

    for at in range(GOOD_KEPT + 3):
        experience.keep(roster(at))
    experience.keep(roster(3))  # it was the next to go; now it is the newest
    experience.keep(roster(GOOD_KEPT + 3))

    kept = experience.kept()
    assert len(kept) == 2 * GOOD_KEPT
    assert {column.shifts[0] for column in kept} == {3, *range(5, GOOD_KEPT + 4)}
    assert experience.kept_of(1) == [column for column in kept if column.employee == 1]


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_no_roster_is_below_the_proven_bound(seed: int) -> None:
    problem = ward(3, days=5)
    wanted = np.random.default_rng(seed).integers(0, 3, len(problem.needs))
    problem = replace(
        problem,
        needs=tuple(replace(need, preferred=int(n)) for need, n in zip(problem.needs, wanted, strict=True)),
    )
    composed = ColumnSearch(problem, RosterSettings(iterations=600, seed=seed), lambda price: None, lambda: False)
    composed.run(1.0)
    model = RosterModel(problem)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1

    assert solver.solve(model.model) == cp_model.OPTIMAL

    cheapest = round(solver.objective_value)
    assert composed.standing.proven <= cheapest + 1e-6
    assert composed.standing.best.price >= cheapest
    if composed.standing.is_proven():
        assert composed.standing.best.price == cheapest

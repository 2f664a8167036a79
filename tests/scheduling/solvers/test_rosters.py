"""Rosters made by the search: the checker finds the price that the search told, and no must broken."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.checker.rosters import check_roster
from scheduling.loaders.curtois import load_curtois
from scheduling.model.rosters import Assignment, Limit, Need, Roster, RosterRule
from scheduling.solvers.rosters.modelling import HARD_PRICE, RosterModel
from scheduling.solvers.rosters.neighbourhoods import Frame, roster_of
from scheduling.solvers.rosters.search import solve_roster
from scheduling.solvers.rosters.settings import RosterSettings
from tests.datafiles import data_file
from tests.scheduling.staff import contract, month, random_problem
from twin.errors import InputError


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_price_of_the_search_is_that_of_the_checker(seed: int) -> None:
    problem = random_problem(seed)

    outcome = solve_roster(problem, RosterSettings(seconds=0.6, seed=seed))

    report = check_roster(problem, outcome.roster)
    if not outcome.is_relaxed:
        assert report.is_valid, report.violations
    if outcome.is_optimal:
        assert report.cost + 100_000 * sum(found.amount for found in report.violations) == outcome.price


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_each_neighbourhood_costs_what_the_checker_counts_anew(seed: int) -> None:
    problem, chance = random_problem(seed), np.random.default_rng(seed)
    made = RosterModel(problem, is_relaxed=True)
    frame, plan = Frame(made), RosterSettings(seed=seed, iterations=1)
    nobody = np.zeros((len(problem.employees), problem.days), np.bool_)
    values = [0] * len(made.model.proto.variables)
    for var, value in made.values(Roster()):
        values[var.index] = value
    found = frame.solve(values, nobody, 5.0, plan)
    for kind in ("people", "days", "both") * 3:
        report = check_roster(problem, roster_of(made, found.values))
        assert found.price == made.price(found.values)
        assert found.is_whole
        assert found.price == report.cost + HARD_PRICE * sum(one.amount for one in report.violations)
        free = frame.free(kind, 1, chance)
        after = frame.solve(found.values, free, 5.0, plan)
        assert after.price <= found.price
        found = after


@pytest.mark.timeout(120)
def test_the_first_benchmark_instance_is_solved_to_its_known_optimum() -> None:
    problem = load_curtois(data_file("rostering/Instance1.txt"))

    outcome = solve_roster(problem, RosterSettings(seconds=45.0, threads=2))

    assert check_roster(problem, outcome.roster).cost == 607
    assert outcome.is_optimal


def test_what_cannot_be_kept_is_broken_by_name_not_refused() -> None:
    needs = tuple(Need(day=day, shift="N", minimum=3) for day in range(14))
    problem = month(needs=needs, contracts=(contract(weekends=Limit(high=0)),))

    outcome = solve_roster(problem, RosterSettings(seconds=2.0))

    report = check_roster(problem, outcome.roster)
    assert outcome.is_relaxed
    assert report.violations
    assert {found.rule for found in report.violations} & {RosterRule.MINIMUM_COVER, RosterRule.WEEKENDS}


def test_pins_stay_and_few_days_change_when_a_change_has_a_price() -> None:
    problem = month()
    before = solve_roster(problem, RosterSettings(seconds=3.0)).roster
    worked = before.assignments[0]
    ill = Assignment(employee=worked.employee, day=worked.day, shift="")
    again = replace(problem, published=before.assignments, change=3, pins=(ill,))

    after = solve_roster(again, RosterSettings(seconds=3.0), start=before).roster

    assert (worked.employee, worked.day) not in {(found.employee, found.day) for found in after.assignments}
    changed = set(before.assignments) ^ set(after.assignments)
    assert len(changed) <= 8


def test_a_roster_leaves_enough_people_who_may_work_what_is_known_of_the_day_after() -> None:
    # Three want the night of the last day, but two are needed early on the day after, and nights forbid that.
    needs = (Need(day=13, shift="N", preferred=3, under=50),)
    problem = month(
        employees=month().employees[:3], contracts=(contract(minutes=Limit(), work_run=Limit()),), needs=needs
    )
    known = replace(problem, following=(Need(day=14, shift="E", minimum=2), Need(day=15, shift="N", minimum=1)))

    free, kept = (solve_roster(one, RosterSettings(seconds=3.0)).roster for one in (problem, known))

    assert sum(one.shift == "N" and one.day == 13 for one in free.assignments) == 3
    assert sum(one.shift == "N" and one.day == 13 for one in kept.assignments) == 1
    assert max(one.day for one in kept.assignments) == 13


def test_a_search_ends_when_told() -> None:
    outcome = solve_roster(month(), RosterSettings(seconds=600.0), should_stop=lambda: True)

    assert outcome.roster.assignments


@pytest.mark.parametrize("wrong", [{"seconds": 0.0}, {"threads": 0}, {"seed": -1}])
def test_settings_out_of_range_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(InputError):
        RosterSettings(**wrong)


@pytest.mark.timeout(20)
def test_pin_on_a_day_of_leave_is_broken_by_name_and_ends_the_search() -> None:
    problem = month()
    who = problem.employees[0]
    away = replace(who, days_off=who.days_off | {3})
    pin = Assignment(employee=who.id, day=3, shift=problem.shifts[0].id)

    outcome = solve_roster(
        replace(problem, employees=(away, *problem.employees[1:]), pins=(pin,)), RosterSettings(seconds=2.0)
    )

    assert outcome.is_relaxed
    assert (who.id, 3) not in {(one.employee, one.day) for one in outcome.roster.assignments}

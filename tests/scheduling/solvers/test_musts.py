"""Rosters that keep every must are there before anything with a price is looked at, whatever the clock says."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ortools.sat.python import cp_model

from scheduling.checker.rosters import check_roster
from scheduling.loaders.inrc2 import Weeks
from scheduling.model.rosters import (
    HARD,
    Assignment,
    Contract,
    Employee,
    History,
    Limit,
    Need,
    Request,
    Roster,
    RosterProblem,
    Shift,
)
from scheduling.service.rostering import roster_weeks
from scheduling.solvers.bounds import Deadline
from scheduling.solvers.rosters import search
from scheduling.solvers.rosters.modelling import RosterModel
from scheduling.solvers.rosters.musts import musts_of
from scheduling.solvers.rosters.reserve import ENVELOPE_PRICE, SEEN_PRICE, demands_after, kept_after
from scheduling.solvers.rosters.search import MUSTS_WORK, solve_roster
from scheduling.solvers.rosters.settings import RosterSettings
from tests.scheduling.staff import contract, month, random_problem

SHIFTS = (
    Shift(id="E", run=Limit(low=2, high=5, weight=15)),
    Shift(id="D", forbidden_next=frozenset({"E"}), run=Limit(low=2, high=5, weight=15)),
    Shift(id="L", forbidden_next=frozenset({"E", "D"}), run=Limit(low=2, high=5, weight=15)),
    Shift(id="N", forbidden_next=frozenset({"E", "D", "L"}), run=Limit(low=4, high=5, weight=15)),
)


def ward(people: int, seed: int) -> RosterProblem:
    """Give a week of a ward with history, rules at a price and two skills, drawn by chance."""
    chance = np.random.default_rng(seed)
    names = [f"n{at}" for at in range(people)]
    staff = []
    for at, name in enumerate(names):
        last = ("", "E", "D", "L", "N")[int(chance.integers(5))]
        history = History(last_shift=last, shift_run=bool(last), work_run=bool(last), off_run=not last)
        skills = {"nurse"} | ({"senior"} if at % 4 == 0 else set())
        staff.append(Employee(id=name, contract="c", skills=frozenset(skills), history=history))
    soft = Contract(
        id="c",
        assignments=Limit(low=15, high=22, weight=20),
        work_run=Limit(low=3, high=5, weight=30),
        off_run=Limit(low=2, high=3, weight=30),
        weekends=Limit(high=2, weight=30),
        complete_weekend=30,
    )
    wishes = [Request(employee=name, day=int(chance.integers(7)), weight=10) for name in names[::2]]
    return RosterProblem(
        days=7,
        shifts=SHIFTS,
        contracts=(soft,),
        employees=tuple(staff),
        needs=needs_of(people, chance),
        requests=tuple(wishes),
        skills=("nurse", "senior"),
        weeks=4,
    )


def needs_of(people: int, chance: np.random.Generator) -> tuple[Need, ...]:
    """Give needs of a week: half of the people at most, a fourth of those seniors."""
    found = []
    for day in range(7):
        for shift in SHIFTS:
            for skill, most in (("nurse", people // 12), ("senior", people // 40)):
                minimum = int(chance.integers(most + 1))
                found.append(
                    Need(day=day, shift=shift.id, skill=skill, minimum=minimum, preferred=minimum + 1, under=30)
                )
    return tuple(found)


class Starved(cp_model.CpSolver):
    """A solver that others keep from the machine: within seconds it finds nothing, only by a count of work."""

    def solve(self, model: cp_model.CpModel, callback: object = None) -> cp_model.CpSolverStatus:
        if self.parameters.max_deterministic_time < float("inf"):
            return super().solve(model, callback)  # type: ignore[arg-type]  # a callback of its own kind
        super().solve(cp_model.CpModel())
        return cp_model.UNKNOWN


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), is_hard=st.booleans())
def test_the_musts_of_a_problem_are_broken_by_the_same_rosters(seed: int, *, is_hard: bool) -> None:
    chance = np.random.default_rng(seed)
    problem = random_problem(seed)
    if is_hard:
        needs = tuple(Need(day=day, shift="E", minimum=int(chance.integers(3)), under=9) for day in range(14))
        problem = month(needs=needs, contracts=(contract(complete_weekend=HARD),))
    days = [(one, day) for one in problem.employees for day in range(problem.days)]
    names = [shift.id for shift in problem.shifts]
    roster = Roster(
        assignments=tuple(
            Assignment(
                employee=one.id,
                day=day,
                shift=names[int(chance.integers(len(names)))],
                skill=min(one.skills) if one.skills else "",
            )
            for one, day in days
            if chance.random() < 0.6
        )
    )

    whole, alone = check_roster(problem, roster), check_roster(musts_of(problem), roster)

    assert set(alone.violations) == set(whole.violations)
    assert alone.cost == 0


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_a_model_of_musts_has_no_price(seed: int) -> None:
    assert RosterModel(musts_of(random_problem(seed)), kept=[]).prices == []


def test_a_model_of_musts_is_a_fraction_of_the_whole_one() -> None:
    problem = replace(ward(20, 1), is_last=False)

    whole, alone = RosterModel(problem), RosterModel(musts_of(problem), kept=kept_after(problem)[0][:1])

    assert len(alone.model.proto.constraints) < 0.5 * len(whole.model.proto.constraints)
    assert len(alone.model.proto.variables) < 0.5 * len(whole.model.proto.variables)


def test_the_most_people_are_kept_first_and_nothing_where_nobody_follows() -> None:
    problem = ward(24, 3)
    going_on = replace(problem, is_last=False)

    at_once, by_day, nothing = kept_after(going_on)

    musts = [demand for demand, price in at_once if price >= SEEN_PRICE]
    assert len(musts) == 1
    for demand, price in by_day:
        if price == SEEN_PRICE:
            assert all(musts[0].get(cell, 0) >= n for cell, n in demand.items())
    assert by_day == demands_after(going_on)
    assert ENVELOPE_PRICE in {price for _, price in by_day}
    assert nothing == []
    assert kept_after(problem) == [[]]
    assert kept_after(replace(going_on, following=(Need(day=7, shift="E"),))) == [[]]


@pytest.mark.parametrize("people", [12, 60])
def test_weeks_keep_every_must_where_solvers_get_nothing_done_in_time(
    monkeypatch: pytest.MonkeyPatch, people: int
) -> None:
    monkeypatch.setattr(cp_model, "CpSolver", Starved)
    base, chance = ward(people, people), np.random.default_rng(people)
    needs = tuple(needs_of(people, chance) for _ in range(3))
    weeks = Weeks(scenario="s", base=replace(base, needs=(), weeks=3), needs=needs, requests=(base.requests,) * 3)

    done = roster_weeks(weeks, RosterSettings(seconds=3.0))

    assert [week.report.is_valid for week in done] == [True] * 3
    assert not any(week.is_again for week in done)


def test_a_roster_of_musts_is_given_where_the_time_is_over_before_its_price_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks = itertools.count()
    # a clock that goes on a second at each look
    monkeypatch.setattr(search, "Deadline", lambda seconds: Deadline(seconds, lambda: float(next(looks))))
    worked: list[float] = []

    class Counted(cp_model.CpSolver):
        def solve(self, model: cp_model.CpModel, callback: object = None) -> cp_model.CpSolverStatus:
            status = super().solve(model, callback)  # type: ignore[arg-type]  # a callback of its own kind
            worked.append(self.response_proto.deterministic_time)
            return status

    monkeypatch.setattr(cp_model, "CpSolver", Counted)
    problem = ward(60, 2)

    found = solve_roster(problem, RosterSettings(seconds=0.5))

    assert check_roster(problem, found.roster).is_valid
    assert (found.price, found.is_relaxed, found.is_optimal) == (-1, False, False)
    # one look, far from the work that is allowed for it
    assert len(worked) == 1
    assert worked[0] < 0.5 * MUSTS_WORK


def test_a_roster_of_musts_is_priced_as_the_checker_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cp_model, "CpSolver", Starved)
    problem = ward(16, 4)

    found = solve_roster(problem, RosterSettings(seconds=1.0))

    report = check_roster(problem, found.roster)
    assert report.is_valid
    assert not found.is_relaxed
    assert found.price == report.cost

"""A problem without what binds people beyond needs: its rosters keep every must of the true one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.checker.rosters import check_roster
from scheduling.model.rosters import (
    Assignment,
    Contract,
    Employee,
    Fairness,
    History,
    Limit,
    Need,
    Pair,
    Request,
    RosterProblem,
    RosterRule,
    Shift,
)
from scheduling.solvers.rosters.composing import ColumnSearch
from scheduling.solvers.rosters.employees import is_each_alone
from scheduling.solvers.rosters.settings import RosterSettings
from scheduling.solvers.rosters.simplifying import simplified

BOUND_TOGETHER = {RosterRule.FAIRNESS, RosterRule.TRAINING}


def skilled(seed: int, *, people: int = 6, days: int = 7) -> RosterProblem:
    """Give people with one or two skills, needs by skill, wishes, even shares and a pair, by chance."""
    chance = np.random.default_rng(seed)
    employees = tuple(
        Employee(
            id=f"e{at}",
            contract="c",
            skills=frozenset({"nurse"} if chance.random() < 0.6 else {"nurse", "head"}),
            history=History(last_shift="N", work_run=1) if chance.random() < 0.3 else History(off_run=2),
        )
        for at in range(people)
    )
    return RosterProblem(
        days=days,
        shifts=(
            Shift(id="D", minutes=480),
            Shift(id="N", minutes=600, forbidden_next=frozenset({"D"})),
        ),
        contracts=(Contract(id="c", minutes=Limit(high=480 * days * 5 // 7), work_run=Limit(high=5)),),
        employees=employees,
        needs=tuple(
            Need(day=day, shift=shift, skill=skill, preferred=int(chance.integers(0, 3)), under=30, over=1)
            for day in range(days)
            for shift in "DN"
            for skill in ("nurse", "head")
        ),
        requests=tuple(
            Request(
                employee=f"e{int(chance.integers(people))}",
                day=int(chance.integers(days)),
                shift=("", "D", "N")[int(chance.integers(3))],
                is_on=bool(chance.integers(2)),
                weight=int(chance.integers(1, 9)),
            )
            for _ in range(6)
        ),
        skills=("nurse", "head"),
        fairness=(Fairness(shifts=frozenset({"N"}), weight=2), Fairness(weight=2)),
        pairs=(Pair(trainee="e0", mentor="e1"),),
    )


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_roster_of_the_easier_problem_costs_the_same_but_for_what_binds_people(seed: int) -> None:
    problem = skilled(seed)
    easier = simplified(problem)
    assert easier is not None
    assert is_each_alone(easier.problem)
    search = ColumnSearch(easier.problem, RosterSettings(iterations=200, seed=seed), lambda price: None, lambda: False)

    found = search.run(1.0)

    assert found is not None
    report = check_roster(problem, easier.roster(found))
    assert report.is_valid, report.violations
    alone = sum(one.cost for one in report.findings if one.rule not in BOUND_TOGETHER)
    assert alone == check_roster(easier.problem, found).cost == search.standing.best.price


def test_what_is_alone_already_is_not_made_easier() -> None:
    problem = replace(skilled(1), skills=(), needs=(), fairness=(), pairs=())

    assert simplified(problem) is None


def test_even_shares_alone_are_left_out() -> None:
    problem = replace(skilled(1), skills=(), needs=())
    easier = simplified(problem)

    assert easier is not None
    assert easier.problem == replace(problem, fairness=(), pairs=())


def test_skills_that_nobody_needs_are_left_out() -> None:
    problem = skilled(1)
    problem = replace(problem, needs=tuple(replace(need, skill="") for need in problem.needs))
    easier = simplified(problem)

    assert easier is not None
    assert easier.problem.skills == ()
    assert easier.meaning == {"D": ("D", ""), "N": ("N", "")}


@pytest.mark.parametrize(
    "changed",
    [
        # people needed whatever their skill would be needed on several shifts together
        {"needs": (Need(day=0, shift="D", preferred=3, under=5), Need(day=0, shift="D", skill="head", minimum=1))},
        # a fixed day would be one of two shifts
        {"pins": (Assignment(employee="e0", day=2, shift="D"),)},
        {"change": 3, "published": (Assignment(employee="e0", day=2, shift="D"),)},
        # a number of nights would be a number of two shifts together
        {"contracts": (Contract(id="c", shift_counts={"N": 2}),)},
        # what may be broken at a price
        {"contracts": (Contract(id="c", minutes=Limit(high=2400, weight=3)),)},
        {"shifts": (Shift(id="D", run=Limit(high=3)), Shift(id="N"))},
        # who has no skill may work nothing
        {
            "needs": (Need(day=0, shift="D", preferred=1),),
            "employees": (Employee(id="e0", contract="c"), Employee(id="e1", contract="c", skills=frozenset({"head"}))),
        },
    ],
)
def test_what_cannot_be_told_of_shifts_with_skills_is_left_to_the_other_search(changed: dict[str, object]) -> None:
    problem = skilled(1)
    two = frozenset({"nurse", "head"})
    problem = replace(problem, employees=tuple(replace(one, skills=two) for one in problem.employees))

    assert simplified(problem) is not None
    assert simplified(replace(problem, **changed)) is None  # type: ignore[arg-type]  # fields of RosterProblem


def test_one_skill_each_keeps_pins_and_numbers_of_shifts() -> None:
    problem = skilled(1)
    problem = replace(
        problem,
        employees=tuple(
            replace(one, skills=frozenset({("nurse", "head")[at % 2]})) for at, one in enumerate(problem.employees)
        ),
        contracts=(Contract(id="c", shift_counts={"N": 1}),),
        pins=(Assignment(employee="e1", day=2, shift="N"), Assignment(employee="e0", day=3, shift="")),
    )
    easier = simplified(problem)
    assert easier is not None
    search = ColumnSearch(easier.problem, RosterSettings(iterations=200, seed=1), lambda price: None, lambda: False)

    found = search.run(1.0)

    assert found is not None
    assert check_roster(problem, easier.roster(found)).is_valid

"""Schedules of one employee: the labels find what trying every schedule finds, and whole rosters are put together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from scheduling.checker.rosters import check_roster
from scheduling.loaders.curtois import load_curtois
from scheduling.model.rosters import (
    Assignment,
    Contract,
    Employee,
    Fairness,
    Limit,
    Need,
    Pair,
    Roster,
    RosterProblem,
    RosterReport,
    RosterRule,
    Shift,
)
from scheduling.solvers.rosters.columns import Seeker
from scheduling.solvers.rosters.composing import ColumnSearch
from scheduling.solvers.rosters.employees import MOST_LIMITS, is_each_alone, person_of, price_of, prices_of
from scheduling.solvers.rosters.modelling import HARD_PRICE
from scheduling.solvers.rosters.persons import REST
from scheduling.solvers.rosters.settings import RosterSettings
from scheduling.solvers.rosters.shaking import Cover, answer, cooling, shake
from tests.datafiles import data_file
from tests.scheduling.one_person import cheapest, five_days, of_one

PLAIN = RosterSettings(seconds=2.0, threads=1, seed=1)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1_000_000))
def test_the_cheapest_schedule_is_that_of_trying_all(seed: int) -> None:
    problem = five_days(seed)
    who = problem.employees[0]

    found = Seeker(problem, 1).thorough(0, np.zeros((5, 3)), 0)

    least = cheapest(problem)
    assert (found[0][0] if found else None) == least
    if found:
        price, column = found[0]
        assert price_of(person_of(problem, who), prices_of(problem, who), np.array(column.shifts)) == price


@pytest.mark.parametrize(
    "changed",
    [
        {"fairness": (Fairness(),)},
        {"pairs": (Pair(trainee="a", mentor="a"),)},
        {"skills": ("nurse",)},
        {"is_last": False, "weeks": 4},
        {"shifts": (Shift(id="E", minutes=480, run=Limit(high=2)),)},
        {"contracts": (Contract(id="c", minutes=Limit(high=480, weight=3)),)},
        {"needs": (Need(day=0, shift="E", skill="nurse", preferred=1),)},
        {"pins": (Assignment(employee="a", day=2, shift="E"),)},  # on a day of leave
    ],
)
def test_who_is_bound_by_more_than_needs_is_left_to_the_other_search(changed: dict[str, object]) -> None:
    problem = RosterProblem(
        days=7,
        shifts=(Shift(id="E", minutes=480),),
        contracts=(Contract(id="c"),),
        employees=(Employee(id="a", contract="c", days_off=frozenset({2})),),
    )

    assert is_each_alone(problem)
    assert not is_each_alone(replace(problem, **changed))  # type: ignore[arg-type]  # fields of RosterProblem


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_roster_of_schedules_keeps_every_must_of_people_and_costs_what_it_tells(seed: int) -> None:
    one = of_one(seed)
    chance = np.random.default_rng(seed)
    staff = tuple(Employee(id=name, contract="c") for name in "abcde")
    needs = tuple(
        Need(day=day, shift=shift, preferred=int(chance.integers(0, 3)), under=100, over=1)
        for day in range(7)
        for shift in "ELN"
    )
    problem = replace(one, employees=staff, needs=needs)
    prices: list[int] = []

    roster = ColumnSearch(problem, PLAIN, prices.append, lambda: False).run(1.0)

    if roster is None:  # the contract allows nobody any week
        assert not prices
        return
    report = check_roster(problem, roster)
    assert not [found for found in report.violations if found.rule is not RosterRule.MINIMUM_COVER]
    assert report.cost == prices[-1]
    assert prices == sorted(prices, reverse=True)


def test_as_many_of_a_shift_as_there_are_days_is_no_limit() -> None:
    names = [f"s{at}" for at in range(MOST_LIMITS + 2)]
    problem = RosterProblem(
        days=7,
        shifts=tuple(Shift(id=name, minutes=480) for name in names),
        contracts=(Contract(id="c", shift_counts=dict.fromkeys(names, 7)),),
        employees=(Employee(id="a", contract="c"),),
    )

    assert is_each_alone(problem)
    limited = Contract(id="c", shift_counts=dict.fromkeys(names, 6))
    assert not is_each_alone(replace(problem, contracts=(limited,)))


def test_nobody_with_a_schedule_is_told_not_guessed() -> None:
    problem = RosterProblem(
        days=7,
        shifts=(Shift(id="E", minutes=480),),
        contracts=(Contract(id="c", minutes=Limit(low=480 * 8)),),  # eight shifts in seven days
        employees=(Employee(id="a", contract="c"),),
    )

    assert ColumnSearch(problem, PLAIN, lambda price: None, lambda: False).run(1.0) is None


def test_an_instance_of_a_month_is_as_good_as_known_from_schedules_alone() -> None:
    problem = load_curtois(data_file("rostering/Instance4.txt"))

    roster = ColumnSearch(problem, PLAIN, lambda price: None, lambda: False).run(20.0)

    assert roster is not None
    report = check_roster(problem, roster)
    assert report.is_valid
    assert report.cost <= 1.02 * 1716  # the best known cost


def test_days_off_are_told_from_shifts() -> None:
    problem = of_one(1)

    seeker = Seeker(problem, 1)

    for _, column in seeker.best(0, np.full((7, 3), -50.0), seeker.narrow[0], most=3):
        assert set(column.shifts) <= {REST, 0, 1, 2}


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_each_exchange_of_a_schedule_changes_price_and_presence_as_counted_anew(seed: int) -> None:
    staff = tuple(Employee(id=name, contract="c") for name in "abcd")
    needs = tuple(
        Need(day=day, shift=shift, preferred=1, minimum=day % 2, under=50, over=2)
        for day in range(7)
        for shift in "ELN"
    )
    problem = replace(of_one(seed), employees=staff, needs=needs)
    search, chance = ColumnSearch(problem, PLAIN, lambda price: None, lambda: False), np.random.default_rng(seed)
    chosen = search.one_by_one()
    assume(chosen is not None)  # else the contract allows nobody any week
    standing = search.standing
    held = np.array([column.shifts for column in chosen or ()], np.int64)
    cover = Cover(standing.needs.table, 1.0, counted(held), np.zeros((7, 3)), np.zeros(7, np.int64))
    price = standing.price(standing.columns(held), cover.present)
    for _ in range(20):
        who = int(chance.integers(4))
        noise = chance.normal(scale=float(chance.choice([0.0, 5.0, 100.0])), size=(7, 3))

        change = answer(*standing.staff[who], noise, cover, held[who], standing.seeker.hasty[0])

        assert (cover.present == counted(held)).all()
        now = standing.price(standing.columns(held), cover.present)
        assert now == pytest.approx(price + change)
        report = check_roster(problem, roster_of(held))
        missing = [found for found in report.violations if found.rule is RosterRule.MINIMUM_COVER]
        assert list(report.violations) == missing
        assert report.cost + HARD_PRICE * sum(found.amount for found in missing) == round(now)
        price = now


def counted(held: np.ndarray) -> np.ndarray:
    """Give who is there, one after the other."""
    present = np.zeros((7, 3), np.int64)
    for shifts in held.tolist():
        for day, shift in enumerate(shifts):
            present[day, shift] += shift != REST
    return present


def roster_of(held: np.ndarray) -> Roster:
    """Give the roster of four people that numbers of shifts mean."""
    return Roster(
        assignments=tuple(
            Assignment(employee="abcd"[who], day=day, shift="ELN"[shift])
            for who, shifts in enumerate(held.tolist())
            for day, shift in enumerate(shifts)
            if shift != REST
        )
    )


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_shaken_roster_costs_what_the_change_tells_and_keeps_every_must(seed: int) -> None:
    staff = tuple(Employee(id=name, contract="c") for name in "abcd")
    needs = tuple(Need(day=day, shift=shift, preferred=1, under=50, over=2) for day in range(7) for shift in "ELN")
    problem = replace(of_one(seed), employees=staff, needs=needs)
    search = ColumnSearch(problem, PLAIN, lambda price: None, lambda: False)
    chosen = search.one_by_one()
    if chosen is None:  # the contract allows nobody any week
        return
    present = np.zeros((7, 3), np.int64)
    for column in chosen:
        for at in column.cells():
            present[at] += 1
    held = np.array([column.shifts for column in chosen], np.int64)
    cover = Cover(search.standing.needs.table, 1.0, present, np.zeros((7, 3)), np.zeros(7, np.int64))
    space = search.standing.seeker.hasty[0]

    change, best = shake(
        search.standing.staff, cover, held, cooling(30.0, 0.2, 3), np.random.default_rng(seed), space, lambda: False
    )

    def report(roster: np.ndarray) -> RosterReport:
        return check_roster(problem, roster_of(roster))

    before, after = report(np.array([column.shifts for column in chosen])), report(best)
    assert after.is_valid
    assert change == pytest.approx(after.cost - before.cost)
    assert change <= 1e-6
    assert cooling(30.0, 0.2, 3)[0] == (30.0, 0.2)
    # who is there is followed too: the roster in hand at the end, not the best one
    counted = np.array([[(held[:, day] == shift).sum() for shift in range(3)] for day in range(7)])
    assert (cover.present == counted).all()

"""Schedules of one employee: the labels find what trying every schedule finds, and whole rosters are put together."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.checker.rosters import check_roster
from scheduling.loaders.curtois import load_curtois
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
    Roster,
    RosterProblem,
    RosterReport,
    RosterRule,
    Shift,
)
from scheduling.solvers.rosters.columns import Seeker
from scheduling.solvers.rosters.composing import ColumnSearch
from scheduling.solvers.rosters.employees import is_each_alone, person_of, price_of, prices_of
from scheduling.solvers.rosters.schedules import REST
from scheduling.solvers.rosters.settings import RosterSettings
from scheduling.solvers.rosters.shaking import Cover, cooling, shake
from tests.datafiles import data_file

PLAIN = RosterSettings(seconds=2.0, threads=1, seed=1)


def of_one(seed: int) -> RosterProblem:
    """Give a week of one person under musts by chance."""
    chance = np.random.default_rng(seed)

    def draw(low: int, high: int) -> int:
        return int(chance.integers(low, high + 1))

    shifts = (
        Shift(id="E", minutes=480),
        Shift(id="L", minutes=480, forbidden_next=frozenset({"E"} if draw(0, 1) else ())),
        Shift(id="N", minutes=(480, 600)[draw(0, 1)], forbidden_next=frozenset({"E", "L"})),
    )
    contract = Contract(
        id="c",
        shift_counts={"N": draw(0, 3), "E": draw(1, 7)},
        minutes=Limit(low=480 * draw(0, 3), high=480 * draw(3, 6)),
        work_run=Limit(low=draw(0, 3), high=draw(3, 5)),
        off_run=Limit(low=draw(0, 3)) if draw(0, 2) else Limit(low=draw(0, 2), high=draw(3, 4)),
        weekends=Limit(high=draw(0, 2)) if draw(0, 1) else Limit(),
        complete_weekend=draw(0, 1) * 7,
    )
    last = ("", "E", "N")[draw(0, 2)]
    history = History(
        last_shift=last, work_run=draw(1, 4) if last else 0, off_run=0 if last else draw(0, 3), weekends=draw(0, 1)
    )
    who = Employee(
        id="a",
        contract="c",
        days_off=frozenset({draw(0, 6)}) if draw(0, 1) else frozenset(),
        history=history if draw(0, 1) else History(),
    )
    wishes = tuple(
        Request(
            employee="a", day=draw(0, 6), shift=("", "E", "N")[draw(0, 2)], is_on=bool(draw(0, 1)), weight=draw(1, 9)
        )
        for _ in range(4)
    )
    return RosterProblem(
        days=7,
        shifts=shifts,
        contracts=(contract,),
        employees=(who,),
        requests=wishes,
        first_weekday=draw(0, 6),
        weeks=draw(0, 1),
        published=(Assignment(employee="a", day=draw(0, 6), shift="E"),),
        change=draw(0, 1) * 3,
    )


def cheapest(problem: RosterProblem) -> float | None:
    """Give the price of the cheapest week that the checker lets pass, by trying all of them."""
    names = ("", *(shift.id for shift in problem.shifts))
    found = [
        check_roster(
            problem,
            Roster(
                assignments=tuple(
                    Assignment(employee="a", day=day, shift=shift) for day, shift in enumerate(week) if shift
                )
            ),
        )
        for week in product(names, repeat=problem.days)
    ]
    return min((float(report.cost) for report in found if report.is_valid), default=None)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1_000_000))
def test_the_cheapest_schedule_is_that_of_trying_all(seed: int) -> None:
    # five days: trying all weeks of seven days would take a minute
    problem = replace(of_one(seed), days=5, requests=tuple(one for one in of_one(seed).requests if one.day < 5))
    problem = replace(problem, published=tuple(one for one in problem.published if one.day < 5))
    who = replace(problem.employees[0], days_off=frozenset(day for day in problem.employees[0].days_off if day < 5))
    problem = replace(problem, employees=(who,))

    found = Seeker(problem, 1).best(0, np.zeros((5, 3)))

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

    for _, column in Seeker(problem, 1).best(0, np.full((7, 3), -50.0), most=3):
        assert set(column.shifts) <= {REST, 0, 1, 2}


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_shaken_roster_costs_what_the_change_tells_and_keeps_every_must(seed: int) -> None:
    staff = tuple(Employee(id=name, contract="c") for name in "abcd")
    needs = tuple(Need(day=day, shift=shift, preferred=1, under=50, over=2) for day in range(7) for shift in "ELN")
    problem = replace(of_one(seed), employees=staff, needs=needs)
    search = ColumnSearch(problem, PLAIN, lambda price: None, lambda: False)
    chosen = search._one_by_one()
    if chosen is None:  # the contract allows nobody any week
        return
    present = np.zeros((7, 3), np.int64)
    for column in chosen:
        for at in column.cells():
            present[at] += 1
    held = np.array([column.shifts for column in chosen], np.int64)
    cover = Cover(search.needs.table, 1.0, present, np.zeros((7, 3)), np.zeros(7, np.int64))
    space = search.seeker.hasty[0]

    change, best = shake(
        search.staff, cover, held, cooling(30.0, 0.2, 3), np.random.default_rng(seed), space, lambda: False
    )

    def report(roster: np.ndarray) -> RosterReport:
        return check_roster(
            problem,
            Roster(
                assignments=tuple(
                    Assignment(employee="abcd"[who], day=day, shift="ELN"[shift])
                    for who, shifts in enumerate(roster.tolist())
                    for day, shift in enumerate(shifts)
                    if shift != REST
                )
            ),
        )

    before, after = report(np.array([column.shifts for column in chosen])), report(best)
    assert after.is_valid
    assert change == pytest.approx(after.cost - before.cost)
    assert change <= 1e-6
    assert cooling(30.0, 0.2, 3)[0] == (30.0, 0.2)
    # who is there is followed too: the roster in hand at the end, not the best one
    counted = np.array([[(held[:, day] == shift).sum() for shift in range(3)] for day in range(7)])
    assert (cover.present == counted).all()

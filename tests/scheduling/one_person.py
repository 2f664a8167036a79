"""One person under musts by chance, and every week that they allow, told by the checker."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np

from scheduling.checker.rosters import check_roster
from scheduling.model.rosters import (
    Assignment,
    Contract,
    Employee,
    History,
    Limit,
    Request,
    Roster,
    RosterProblem,
    Shift,
)


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
    return min((cost for _, cost in every_valid_week(problem)), default=None)


def every_valid_week(problem: RosterProblem) -> list[tuple[tuple[str, ...], float]]:
    """Give all weeks that the checker lets pass, as shifts by day, and what each costs."""
    names = ("", *(shift.id for shift in problem.shifts))
    found = []
    for week in product(names, repeat=problem.days):
        worked = tuple(Assignment(employee="a", day=day, shift=shift) for day, shift in enumerate(week) if shift)
        report = check_roster(problem, Roster(assignments=worked))
        if report.is_valid:
            found.append((week, float(report.cost)))
    return found


def five_days(seed: int) -> RosterProblem:
    """Give five days of :func:`of_one`: to try all weeks of seven days would take a minute."""
    problem = of_one(seed)
    who = replace(problem.employees[0], days_off=frozenset(day for day in problem.employees[0].days_off if day < 5))
    return replace(
        problem,
        days=5,
        employees=(who,),
        requests=tuple(one for one in problem.requests if one.day < 5),
        published=tuple(one for one in problem.published if one.day < 5),
    )

"""Employees of a roster as flat arrays, for the search for their schedules."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

import numpy as np

from scheduling.model.rosters import HARD, NO_LIMIT, Contract, Employee, Limit, RosterProblem
from scheduling.solvers.rosters.persons import (
    FIRST_OF_WEEKEND,
    REST,
    SECOND_OF_WEEKEND,
    Longs,
    Person,
    Reals,
)

MOST_LIMITS = 12
"""Shifts of limited number; more would make too many labels that nothing replaces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What the wishes of one employee and changed days cost.

    Parameters
    ----------
    shift : Reals
        Of working a shift on a day, shape ``(days, shifts)``.
    rest : Reals
        Of a day off, shape ``(days,)``.
    """

    shift: Reals
    rest: Reals


def is_each_alone(problem: RosterProblem, most_limits: int = MOST_LIMITS) -> bool:
    """Tell whether employees are bound to each other by needs alone and by nothing but musts themselves.

    Then a roster is one schedule of each that together cover the needs. Skills, shares of nights, pairs, runs of single
    shifts and rules that may be broken at a price are left to the search by neighbourhoods.

    Parameters
    ----------
    problem : RosterProblem
        What is to be rostered.
    most_limits : int, optional
        Shifts of limited number to a contract.
    """
    if problem.fairness or problem.pairs or problem.skills or problem.following or not problem.is_last:
        return False
    if any(need.skill for need in problem.needs) or any(not shift.run.is_open for shift in problem.shifts):
        return False
    is_plain = all(_is_plain(contract, problem.days, most_limits) for contract in problem.contracts)
    return is_plain and not _clashing_pins(problem)


def _is_plain(contract: Contract, days: int, most_limits: int) -> bool:
    limits = (contract.minutes, contract.work_run, contract.off_run, contract.weekends)
    return (
        contract.assignments.is_open
        and all(limit.is_open or limit.weight == HARD for limit in limits)
        and contract.weekends.low <= 0
        and contract.complete_weekend >= 0
        # as many as there are days is no limit
        and sum(0 < most < days for most in contract.shift_counts.values()) <= most_limits
    )


def _clashing_pins(problem: RosterProblem) -> bool:
    away = {employee.id: employee.days_off for employee in problem.employees}
    return any(pin.shift and pin.day in away[pin.employee] for pin in problem.pins)


def person_of(problem: RosterProblem, employee: Employee) -> Person:
    """Give what binds an employee of a problem for which :func:`is_each_alone` holds."""
    contract, history, days = problem.contract_of(employee), employee.history, problem.days
    names = [shift.id for shift in problem.shifts]
    unit = gcd(*(shift.minutes for shift in problem.shifts)) or 1
    units = np.array([shift.minutes // unit for shift in problem.shifts], np.int64)
    counts = {name: most for name, most in contract.shift_counts.items() if 0 < most < days}
    limited = np.array([list(counts).index(name) if name in counts else REST for name in names], np.int64)
    may, must = _days(problem, employee, contract)
    kind, may_follow = _kinds(problem)
    weekend, weekends_left = _weekends(problem)
    work, off = contract.work_run, contract.off_run
    work_cap = _cap(work, history.work_run, days)
    off_cap = _cap(off, history.off_run, days)
    is_at_work = history.work_run > 0
    last = names.index(history.last_shift) if history.last_shift in names else -1
    return Person(
        number=[one.id for one in problem.employees].index(employee.id),
        days=days,
        work_low=_low(work),
        work_high=_high(work),
        work_cap=work_cap,
        off_low=_low(off),
        off_high=_high(off),
        off_cap=off_cap,
        units_low=-(-_low(contract.minutes) // unit),
        units_high=_high(contract.minutes) // unit,
        weekends_high=_high(contract.weekends) - history.weekends,
        half_weekend=float(contract.complete_weekend),
        # the last kind may be followed by everything: who worked before, nobody knows what
        first_kind=(int(kind[last]) if last >= 0 else len(may_follow) - 1) if is_at_work else -1,
        first_run=min(history.work_run, work_cap) if is_at_work else min(history.off_run, off_cap),
        is_work_cut=problem.weeks == 0 and history.work_run == 0,
        is_off_cut=problem.weeks == 0 and history.off_run == 0,
        may=may,
        must=must,
        units=units,
        kind=kind,
        may_follow=may_follow,
        replaces=_replacing(kind, may_follow, units, limited),
        limited=limited,
        limits=np.array(list(counts.values()), np.int64),
        weekend=weekend,
        weekends_left=weekends_left,
        reach=_reach(days, int(units.max()), _high(work), max(1, _low(off))),
    )


def prices_of(problem: RosterProblem, employee: Employee) -> Prices:
    """Give what the days of an employee cost by themselves."""
    names = [shift.id for shift in problem.shifts]
    shift, rest = np.zeros((problem.days, len(names))), np.zeros(problem.days)
    for wish in problem.requests:
        if wish.employee != employee.id:
            continue
        wished = np.array([name == wish.shift or not wish.shift for name in names])
        shift[wish.day] += np.where(wished != wish.is_on, wish.weight, 0)
        rest[wish.day] += wish.weight if wish.is_on else 0
    if problem.change:
        old = {one.day: one.shift for one in problem.published if one.employee == employee.id}
        for day in range(problem.days):
            before = old.get(day, "")
            shift[day] += np.array([0 if name == before else problem.change for name in names])
            rest[day] += problem.change if before else 0
    return Prices(shift=shift, rest=rest)


def price_of(person: Person, prices: Prices, shifts: Longs) -> float:
    """Give what a schedule costs by itself, needs left aside."""
    works = shifts != REST
    days = np.arange(len(shifts))
    total = float(prices.shift[days[works], shifts[works]].sum() + prices.rest[~works].sum())
    second = np.flatnonzero(person.weekend == SECOND_OF_WEEKEND)
    return total + person.half_weekend * int((works[second] != works[second - 1]).sum())


def _low(limit: Limit) -> int:
    return 0 if limit.is_open else max(0, limit.low)


def _high(limit: Limit) -> int:
    return NO_LIMIT if limit.is_open else limit.high


def _cap(limit: Limit, before: int, days: int) -> int:
    """Give up to where days in a row count: beyond the longest of the roster, or the least, nothing changes."""
    high = _high(limit)
    return max(1, min(high, before + days) if high < days + before else _low(limit))


def _days(problem: RosterProblem, employee: Employee, contract: Contract) -> tuple[np.ndarray, np.ndarray]:
    names = [shift.id for shift in problem.shifts]
    may = np.ones((problem.days, len(names)), np.bool_)
    may[:, [contract.shift_counts.get(name, 1) <= 0 for name in names]] = False
    may[sorted(employee.days_off)] = False
    must = np.zeros(problem.days, np.bool_)
    for pin in problem.pins:
        if pin.employee == employee.id:
            may[pin.day] &= [name == pin.shift for name in names]
            must[pin.day] = bool(pin.shift)
    return may, must


def _kinds(problem: RosterProblem) -> tuple[Longs, np.ndarray]:
    """Give the kind of each shift, and for each kind the shifts that may follow; the last kind is free."""
    forbidden = [shift.forbidden_next for shift in problem.shifts]
    kinds = list(dict.fromkeys(forbidden))
    kind = np.array([kinds.index(one) for one in forbidden], np.int64)
    follow = [[shift.id not in one for shift in problem.shifts] for one in [*kinds, frozenset()]]
    return kind, np.array(follow, np.bool_)


def _replacing(kind: Longs, may_follow: np.ndarray, units: Longs, limited: Longs) -> np.ndarray:
    """Tell for each shift and each other whether it fits wherever the other one does: same kind, length, no limit."""
    n = len(kind)
    found = np.zeros((n, n), np.bool_)
    for one in range(n):
        for other in range(n):
            is_like = kind[one] == kind[other] and units[one] == units[other] and limited[one] < 0
            found[one, other] = is_like and bool((may_follow[:, one] >= may_follow[:, other]).all())
    return found


def _weekends(problem: RosterProblem) -> tuple[Longs, Longs]:
    """Give what each day is in its weekend, and how many weekends go on or begin from each day on."""
    weekend = np.zeros(problem.days, np.int64)
    left = np.zeros(problem.days + 1, np.int64)
    for days in problem.weekends():
        weekend[days[0]] = FIRST_OF_WEEKEND
        weekend[list(days[1:])] = SECOND_OF_WEEKEND
        left[: days[-1] + 1] += 1
    return weekend, left


def _reach(days: int, longest: int, work_high: int, off_low: int) -> Longs:
    """Give the most units that anybody can work from each day to the end."""
    left = np.arange(days, -1, -1)
    cycle = work_high + off_low
    worked = left // cycle * work_high + np.minimum(left % cycle, work_high)
    return (worked * longest).astype(np.int64)

"""Whole rosters in heat: one employee after the other gets the best schedule beside the others' at shaken prices.

The cheapest schedule under prices with noise is a draw from all schedules, the cheap ones more often: a step of
annealing that exchanges a month of work at once and never breaks a must. As the noise fades the roster settles. What
it costs is followed exactly, so the best roster on the way is kept, not only the last.

References
----------
Charon, I., Hudry, O. (1993). The noising method: a new method for combinatorial optimization. Operations Research
Letters 14(3), 133-137.
Kirkpatrick, S., Gelatt, C. D., Vecchi, M. P. (1983). Optimization by simulated annealing. Science 220, 671-680.
Papandreou, G., Yuille, A. (2011). Perturb-and-MAP random fields. ICCV 2011, 193-200.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from scheduling.solvers.compiling import compiled, inlined
from scheduling.solvers.rosters.persons import REST, SECOND_OF_WEEKEND, Longs, Person, Reals
from scheduling.solvers.rosters.schedules import Ask, Space, best_of_kind, extend, read_back
from scheduling.solvers.rosters.tolls import raise_bound

LITTLE = 1e-6
COOLED = 30.0
"""By how much the noise is less in the end."""
SHARE_RISES = 0.8
"""Part of the rounds after which the needs count in full."""

Staff = tuple[Person, Reals, Reals]
"""What binds an employee, prices of shifts by day and of days off."""


class Cover(NamedTuple):
    """Who is there, and room for prices and for one schedule.

    The table tells the price of each number of people on each day and shift; while schedules are compared only a share
    of it counts.
    """

    table: Reals
    share: float
    present: Longs
    price: Reals
    shifts: Longs


@compiled
def answer(
    person: Person, shift_price: Reals, rest_price: Reals, noise: Reals, cover: Cover, held: Longs, space: Space
) -> float:
    """Exchange the schedule of one employee, shape ``(days,)``, for the best one; gives the change of the price.

    Noise, ``(days, shifts)``, and the share of the needs count while the two are compared, not in the change.
    """
    for day in range(person.days):
        if held[day] != REST:
            cover.present[day, held[day]] -= 1
    for day in range(person.days):
        for shift in range(shift_price.shape[1]):
            worth = cover.share * _of_one_more(cover, day, shift)
            cover.price[day, shift] = shift_price[day, shift] + worth + noise[day, shift]
    change = 0.0
    below = _price(person, cover.price, rest_price, held) - LITTLE
    if _find(person, Ask(cover.price, rest_price, below), space, cover.shifts):
        for day in range(person.days):
            for shift in range(shift_price.shape[1]):
                cover.price[day, shift] = shift_price[day, shift] + _of_one_more(cover, day, shift)
        change = _price(person, cover.price, rest_price, cover.shifts) - _price(person, cover.price, rest_price, held)
        for day in range(person.days):
            held[day] = cover.shifts[day]
    for day in range(person.days):
        if held[day] != REST:
            cover.present[day, held[day]] += 1
    return change


@inlined
def _find(person: Person, ask: Ask, space: Space, shifts: Longs) -> bool:
    """Write the cheapest schedule that is found, if it is below the price asked for; gives whether it is."""
    bound, is_whole = raise_bound(person, ask, space)
    if bound >= ask.below:
        return False
    if is_whole:
        for day in range(person.days):
            shifts[day] = space.walk[day]
        return True
    extend(person, ask, space)
    best, best_kind, best_place = ask.below, -1, -1
    for kind in range(person.off_cap + 1 + person.may_follow.shape[0] * person.work_cap):
        place = best_of_kind(person, space, kind)
        if place >= 0 and space.price[person.days, kind, place] < best:
            best, best_kind, best_place = space.price[person.days, kind, place], kind, place
    # few labels may not find again what is there: then it stays
    if best_kind < 0:
        return False
    read_back(person, space, best_kind, best_place, shifts)
    return True


@inlined
def _of_one_more(cover: Cover, day: int, shift: int) -> float:
    """Give what one more person on a shift costs, below 0 where somebody is missing."""
    n = cover.present[day, shift]
    return float(cover.table[day, shift, n + 1] - cover.table[day, shift, n])


@compiled
def _price(person: Person, price: Reals, rest_price: Reals, shifts: Longs) -> float:
    """Give what a schedule costs at prices of days and shifts."""
    total = 0.0
    for day in range(person.days):
        total += rest_price[day] if shifts[day] == REST else price[day, shifts[day]]
        if person.weekend[day] == SECOND_OF_WEEKEND and (shifts[day] == REST) != (shifts[day - 1] == REST):
            total += person.half_weekend
    return total


def cooling(spread: float, share: float, rounds: int) -> list[tuple[float, float]]:
    """Give spread of noise and share of the needs round by round; the last two only go down.

    Noise falls to a thirtieth, the share rises to 1 well before the end. While the needs count little, people who are
    missing move about between days and shifts instead of being stuck where nobody alone can mend it.
    """
    plan = []
    for at in range(rounds):
        done = at / rounds
        plan.append((spread * COOLED**-done, share ** max(0.0, 1 - done / SHARE_RISES)))
    return [*plan, (0.0, 1.0), (0.0, 1.0)]


def shake(
    staff: Sequence[Staff],
    cover: Cover,
    held: Longs,
    plan: Sequence[tuple[float, float]],
    chance: np.random.Generator,
    space: Space,
    is_over: Callable[[], bool],
) -> tuple[float, Longs]:
    """Shake a roster and let it cool.

    Parameters
    ----------
    staff : Sequence[Staff]
        What binds each employee, and the prices of their shifts ``(days, shifts)`` and days off ``(days,)``.
    cover : Cover
        With the people of the roster present; changed in place, as is ``held``.
    held : Longs
        Shift of each employee and day, shape ``(employees, days)``.
    plan : Sequence[tuple[float, float]]
        Spread of the noise, in units of price, and share of the needs, in each round over all employees.
    chance : np.random.Generator
        For noise and order.
    space : Space
        Room for labels.
    is_over : Callable
        Asked after each employee.

    Returns
    -------
    change : float
        Of the price, from the first roster to the best one on the way; 0 at most.
    best : Longs
        The best one, as ``held``.
    """
    total, least, best = 0.0, 0.0, held.copy()
    for spread, share in plan:
        noise = chance.normal(scale=spread, size=(len(staff), *cover.price.shape))
        cover = cover._replace(share=share)
        for employee in chance.permutation(len(staff)).tolist():
            person, shift_price, rest_price = staff[employee]
            total += answer(person, shift_price, rest_price, noise[employee], cover, held[employee], space)
            # a plateau is walked along: an equal roster that differs is worth as much to start from
            if total < least + LITTLE:
                least, best = total, held.copy()
            if is_over():
                return least, best
    return least, best

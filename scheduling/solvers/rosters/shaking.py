"""Whole rosters in heat: one employee after the other gets the best schedule beside the others' at shaken prices.

The cheapest schedule under prices with noise is a draw from all schedules, the cheap ones more often: a step of
annealing that exchanges a month of work at once and never breaks a must. As the noise fades the roster settles. What
it costs is followed exactly, so the best roster on the way is kept, not only the last.

References
----------
Kirkpatrick, S., Gelatt, C. D., Vecchi, M. P. (1983). Optimization by simulated annealing. Science 220, 671-680.
Papandreou, G., Yuille, A. (2011). Perturb-and-MAP random fields. ICCV 2011, 193-200.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from scheduling.solvers.compiling import compiled
from scheduling.solvers.rosters.schedules import (
    REST,
    SECOND_OF_WEEKEND,
    Longs,
    Person,
    Reals,
    Space,
    best_of_kind,
    extend,
    read_back,
)

LITTLE = 1e-6


class Cover(NamedTuple):
    """Who is there: price of each number of people, numbers, and room for prices and for one schedule."""

    table: Reals
    present: Longs
    price: Reals
    shifts: Longs


@compiled
def answer(
    person: Person, shift_price: Reals, rest_price: Reals, noise: Reals, cover: Cover, held: Longs, space: Space
) -> float:
    """Exchange the schedule of one employee, shape ``(days,)``, for the best one; gives the change of the price.

    Noise is added to the price of each day and shift while the two are compared, but not to the change that is given.
    """
    n_shifts = shift_price.shape[1]
    for day in range(person.days):
        if held[day] != REST:
            cover.present[day, held[day]] -= 1
    for day in range(person.days):
        for shift in range(n_shifts):
            n = cover.present[day, shift]
            worth = cover.table[day, shift, n + 1] - cover.table[day, shift, n]
            cover.price[day, shift] = shift_price[day, shift] + worth + noise[day, shift]
    before = _price(person, cover.price, rest_price, held)
    extend(person, cover.price, rest_price, space)
    best = before - LITTLE
    best_kind = -1
    best_place = -1
    for kind in range(person.off_cap + 1 + person.may_follow.shape[0] * person.work_cap):
        place = best_of_kind(person, space, kind)
        if place >= 0 and space.price[person.days, kind, place] < best:
            best, best_kind, best_place = space.price[person.days, kind, place], kind, place
    change = 0.0
    # few labels may not find again what is there: then it stays
    if best_kind >= 0:
        read_back(person, space, best_kind, best_place, cover.shifts)
        change = best - before
        for day in range(person.days):
            if held[day] != REST:
                change += noise[day, held[day]]
            held[day] = cover.shifts[day]
            if held[day] != REST:
                change -= noise[day, held[day]]
    for day in range(person.days):
        if held[day] != REST:
            cover.present[day, held[day]] += 1
    return change


@compiled
def _price(person: Person, price: Reals, rest_price: Reals, shifts: Longs) -> float:
    """Give what a schedule costs at prices of days and shifts."""
    total = 0.0
    for day in range(person.days):
        total += rest_price[day] if shifts[day] == REST else price[day, shifts[day]]
        if person.weekend[day] == SECOND_OF_WEEKEND and (shifts[day] == REST) != (shifts[day - 1] == REST):
            total += person.half_weekend
    return total


def shake(
    persons: Sequence[tuple[Person, Reals, Reals]],
    cover: Cover,
    held: Longs,
    heat: Sequence[float],
    chance: np.random.Generator,
    space: Space,
    is_over: Callable[[], bool],
) -> tuple[float, Longs]:
    """Shake a roster and let it cool.

    Parameters
    ----------
    persons : Sequence[tuple[Person, Reals, Reals]]
        What binds each employee, and the prices of their shifts ``(days, shifts)`` and days off ``(days,)``.
    cover : Cover
        With the people of the roster present; changed in place, as is ``held``.
    held : Longs
        Shift of each employee and day, shape ``(employees, days)``.
    heat : Sequence[float]
        Spread of the noise in each round over all employees, in units of price.
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
    for spread in heat:
        noise = chance.normal(scale=spread, size=(len(persons), *cover.price.shape))
        for employee in chance.permutation(len(persons)).tolist():
            person, shift_price, rest_price = persons[employee]
            total += answer(person, shift_price, rest_price, noise[employee], cover, held[employee], space)
            # a plateau is walked along: an equal roster that differs is worth as much to start from
            if total < least + LITTLE:
                least, best = total, held.copy()
            if is_over():
                return least, best
    return least, best

"""The cheapest schedules of one employee for given prices of days and shifts, by labels that are extended day by day.

A label is a schedule of the first days that keeps every must so far. Labels are kept apart by what binds the next day
(last shift and days in a row); among those of one kind a label goes when another costs no more and has used up no more
minutes, weekends and shifts. Only so many of a kind go on, the cheapest, so the schedules found are good ones, and the
best in most cases, but that is not proven.

References
----------
Irnich, S., Desaulniers, G. (2005). Shortest path problems with resource constraints. In: Column Generation, Springer,
sections 3 and 4.
Burke, E. K., Curtois, T. (2014). New approaches to nurse rostering benchmark instances. European Journal of Operational
Research 237(1), 71-81, section 3.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scheduling.solvers.compiling import compiled, inlined

Longs = NDArray[np.int64]
Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]

REST = -1
"""Stands for a day off where a shift's number would stand."""
EPSILON = 1e-9
# days of weekends: whether another day of the same weekend lies before it in the roster
NO_WEEKEND, FIRST_OF_WEEKEND, SECOND_OF_WEEKEND = range(3)
# columns of Space.label
UNITS, WEEKENDS, PARENT, SHIFT, COUNTS = range(5)


class Person(NamedTuple):
    """What binds one employee; shifts, kinds of shifts and limits by number.

    Shifts of one kind forbid the same shifts on the next day. A unit is the largest number of minutes that divides the
    length of every shift. Days in a row count up to a cap above which nothing changes any more.
    """

    days: int
    work_low: int
    work_high: int
    work_cap: int
    off_low: int
    off_high: int
    off_cap: int
    units_low: int
    units_high: int
    weekends_high: int
    half_weekend: float
    first_kind: int
    first_run: int
    is_work_cut: bool
    is_off_cut: bool
    may: Flags
    must: Flags
    units: Longs
    kind: Longs
    may_follow: Flags
    replaces: Flags
    limited: Longs
    limits: Longs
    weekend: Longs
    weekends_left: Longs
    reach: Longs


class Space(NamedTuple):
    """Room for labels: by day (one more than the roster has), kind and place; used again for each employee."""

    held: Longs
    price: Reals
    label: Longs
    fresh: Longs
    useful: Longs


def space_for(days: int, kinds: int, width: int, shifts: int, limits: int) -> Space:
    """Give room for the labels of employees.

    Parameters
    ----------
    days : int
        Of the roster.
    kinds : int
        Largest number of kinds of labels, see :func:`kinds_of`.
    width : int
        Labels of a kind that go on; more find better schedules in more time.
    shifts, limits : int
        Largest number of shifts, and of shifts whose number is limited.
    """
    return Space(
        held=np.zeros((days + 1, kinds), np.int64),
        price=np.zeros((days + 1, kinds, width), np.float64),
        label=np.zeros((days + 1, kinds, width, COUNTS + limits), np.int64),
        fresh=np.zeros(COUNTS + limits, np.int64),
        useful=np.zeros(shifts, np.int64),
    )


def kinds_of(person: Person) -> int:
    """Give how many kinds of labels an employee has: days off in a row, then days at work in a row by kind of shift."""
    return person.off_cap + 1 + len(person.may_follow) * person.work_cap


@compiled
def extend(person: Person, price: Reals, rest_price: Reals, space: Space) -> None:
    """Find schedules for prices of shifts ``(days, shifts)`` and of days off ``(days,)``; they stay in the space."""
    space.held[:, :] = 0
    # too many weekends before the roster: whatever is worked now, the sum stays too large
    if person.weekends_high < 0:
        return
    first = person.first_run
    if person.first_kind >= 0:
        first = person.off_cap + 1 + person.first_kind * person.work_cap + person.first_run - 1
    space.held[0, first] = 1
    space.price[0, first, 0] = 0.0
    space.label[0, first, 0, :] = 0
    kinds = person.off_cap + 1 + person.may_follow.shape[0] * person.work_cap
    for day in range(person.days):
        n_useful = _useful_shifts(person, price, day, space)
        for kind in range(kinds):
            for place in range(space.held[day, kind]):
                _rest(person, rest_price, space, day, kind, place)
                _work(person, price, space, day, kind, place, n_useful)


@inlined
def _useful_shifts(person: Person, price: Reals, day: int, space: Space) -> int:
    """List the shifts of a day that no other one replaces at a lower price."""
    n_useful = 0
    n_shifts = price.shape[1]
    for shift in range(n_shifts):
        if not person.may[day, shift]:
            continue
        is_useful = True
        for other in range(n_shifts):
            if other != shift and person.may[day, other] and person.replaces[other, shift]:
                gain = price[day, shift] - price[day, other]
                # of two that cost the same and replace each other the first stays
                if gain > 0 or (gain == 0 and (other < shift or not person.replaces[shift, other])):
                    is_useful = False
                    break
        if is_useful:
            space.useful[n_useful] = shift
            n_useful += 1
    return n_useful


@inlined
def _begin(space: Space, day: int, kind: int, place: int) -> None:
    """Begin a fresh label as a copy; field by field, since numba copies slices by way of the interpreter's memory."""
    for field in range(space.fresh.shape[0]):
        space.fresh[field] = space.label[day, kind, place, field]


@inlined
def _rest(person: Person, rest_price: Reals, space: Space, day: int, kind: int, place: int) -> None:
    """Extend a label by a day off."""
    if person.must[day]:
        return
    added = rest_price[day]
    if kind <= person.off_cap:
        run = kind + 1
        if run > person.off_high:
            return
    else:
        length = (kind - person.off_cap - 1) % person.work_cap + 1
        # what began before a roster without history may have been long enough: it is never too short
        if length < person.work_low and not (person.is_work_cut and length == day):
            return
        run = 1
        if person.weekend[day] == SECOND_OF_WEEKEND:
            added += person.half_weekend
    if person.is_off_cut and day == 0 and person.off_high >= person.days:
        run = person.off_cap
    if space.label[day, kind, place, UNITS] + person.reach[day + 1] < person.units_low:
        return
    _begin(space, day, kind, place)
    space.fresh[SHIFT] = REST
    _keep(person, space, day + 1, min(run, person.off_cap), space.price[day, kind, place] + added, kind, place)


@inlined
def _work(person: Person, price: Reals, space: Space, day: int, kind: int, place: int, n_useful: int) -> None:
    """Extend a label by each shift that it may work next."""
    is_off = kind <= person.off_cap
    before = -1
    if is_off:
        # no day off in a row is known only at the start of a roster
        if 0 < kind < person.off_low and not (person.is_off_cut and kind == day):
            return
        run = 1
    else:
        before = (kind - person.off_cap - 1) // person.work_cap
        run = (kind - person.off_cap - 1) % person.work_cap + 2
        if run > person.work_high:
            return
    if person.is_work_cut and day == 0 and person.work_high >= person.days:
        run = person.work_cap
    run = min(run, person.work_cap)
    added = space.price[day, kind, place]
    weekends = space.label[day, kind, place, WEEKENDS]
    if person.weekend[day] == FIRST_OF_WEEKEND or (person.weekend[day] == SECOND_OF_WEEKEND and is_off):
        weekends += 1
        if person.weekend[day] == SECOND_OF_WEEKEND:
            added += person.half_weekend
        if weekends > person.weekends_high:
            return
    for i in range(n_useful):
        shift = space.useful[i]
        if before >= 0 and not person.may_follow[before, shift]:
            continue
        units = space.label[day, kind, place, UNITS] + person.units[shift]
        if units > person.units_high or units + person.reach[day + 1] < person.units_low:
            continue
        limit = person.limited[shift]
        if limit >= 0 and space.label[day, kind, place, COUNTS + limit] >= person.limits[limit]:
            continue
        _begin(space, day, kind, place)
        space.fresh[UNITS] = units
        space.fresh[WEEKENDS] = weekends
        space.fresh[SHIFT] = shift
        if limit >= 0:
            space.fresh[COUNTS + limit] += 1
        new = person.off_cap + 1 + person.kind[shift] * person.work_cap + run - 1
        _keep(person, space, day + 1, new, added + price[day, shift], kind, place)


@inlined
def _keep(person: Person, space: Space, day: int, kind: int, price: float, from_kind: int, from_place: int) -> None:
    """Keep the fresh label unless another one is as good in everything; drop those that it is as good as."""
    n = space.held[day, kind]
    place = 0
    worst = 0
    while place < n:
        is_better = price <= space.price[day, kind, place] + EPSILON
        is_worse = price >= space.price[day, kind, place] - EPSILON
        if is_worse and _is_as_good(person, space.label[day, kind, place], space.fresh, day):
            return
        if is_better and _is_as_good(person, space.fresh, space.label[day, kind, place], day):
            n -= 1
            space.price[day, kind, place] = space.price[day, kind, n]
            for field in range(space.fresh.shape[0]):
                space.label[day, kind, place, field] = space.label[day, kind, n, field]
            continue
        if space.price[day, kind, place] > space.price[day, kind, worst]:
            worst = place
        place += 1
    if n < space.price.shape[2]:
        worst = n
        n += 1
    elif price >= space.price[day, kind, worst]:
        space.held[day, kind] = n
        return
    space.held[day, kind] = n
    space.price[day, kind, worst] = price
    for field in range(space.fresh.shape[0]):
        space.label[day, kind, worst, field] = space.fresh[field]
    space.label[day, kind, worst, PARENT] = from_kind * space.price.shape[2] + from_place


@inlined
def _is_as_good(person: Person, one: Longs, other: Longs, day: int) -> bool:
    """Tell whether a label has used up no more than another, as far as what is left can still bind."""
    left = person.days - day
    if one[WEEKENDS] > max(other[WEEKENDS], person.weekends_high - person.weekends_left[day]):
        return False
    if one[UNITS] > max(other[UNITS], person.units_high - person.reach[day]):
        return False
    # with fewer it may not reach the least minutes, which the other one still can
    if one[UNITS] < other[UNITS] and one[UNITS] < person.units_low:
        return False
    for limit in range(person.limits.shape[0]):
        if one[COUNTS + limit] > max(other[COUNTS + limit], person.limits[limit] - left):
            return False
    return True


@compiled
def best_of_kind(person: Person, space: Space, kind: int) -> int:
    """Give the place of the cheapest schedule whose last day is of a kind, -1 for none."""
    best = -1
    for place in range(space.held[person.days, kind]):
        if space.label[person.days, kind, place, UNITS] >= person.units_low and (
            best < 0 or space.price[person.days, kind, place] < space.price[person.days, kind, best]
        ):
            best = place
    return best


@compiled
def best_ends(person: Person, space: Space, places: Longs, prices: Reals) -> None:
    """Write :func:`best_of_kind` for each kind and what it costs; one call, since passing a person takes long."""
    for kind in range(person.off_cap + 1 + person.may_follow.shape[0] * person.work_cap):
        places[kind] = best_of_kind(person, space, kind)
        prices[kind] = space.price[person.days, kind, places[kind]] if places[kind] >= 0 else np.inf


@compiled
def read_back(person: Person, space: Space, kind: int, place: int, shifts: Longs) -> None:
    """Write the shift of each day of a schedule, :data:`REST` for a day off, shape ``(days,)``."""
    width = space.price.shape[2]
    for day in range(person.days, 0, -1):
        shifts[day - 1] = space.label[day, kind, place, SHIFT]
        parent = space.label[day, kind, place, PARENT]
        kind = parent // width
        place = parent % width


@compiled
def respond(person: Person, price: Reals, rest_price: Reals, space: Space, shifts: Longs) -> float:
    """Write the cheapest schedule that is found for prices, shape ``(days,)``; gives its price, infinite for none."""
    extend(person, price, rest_price, space)
    best = np.inf
    best_kind = -1
    best_place = -1
    for kind in range(person.off_cap + 1 + person.may_follow.shape[0] * person.work_cap):
        place = best_of_kind(person, space, kind)
        if place >= 0 and space.price[person.days, kind, place] < best:
            best = space.price[person.days, kind, place]
            best_kind = kind
            best_place = place
    if best_kind >= 0:
        read_back(person, space, best_kind, best_place, shifts)
    return best

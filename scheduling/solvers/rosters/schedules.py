"""The cheapest schedules of one employee for given prices of days and shifts, by labels that are extended day by day.

A label is a schedule of the first days that keeps every must so far. Labels are kept apart by what binds the next day
(last shift and days in a row); among those of one kind a label goes when another costs no more and has used up no more
minutes, weekends and shifts. Only so many of a kind go on, so the schedules found are good ones, and the best in most
cases, but that is not proven. Which go on is told by their price with tolls on what they have used up, see
:mod:`scheduling.solvers.rosters.tolls`: by price alone those win that leave no minutes for the days to come. What the
days to come cost at least is known as well, so labels that cannot end below a price go at once.

References
----------
Irnich, S., Desaulniers, G. (2005). Shortest path problems with resource constraints. In: Column Generation, Springer,
sections 3 and 4.
Burke, E. K., Curtois, T. (2014). New approaches to nurse rostering benchmark instances. European Journal of Operational
Research 237(1), 71-81, section 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from scheduling.solvers.compiling import compiled, inlined
from scheduling.solvers.rosters.persons import (
    REST,
    Longs,
    Person,
    Reals,
    before_of,
    first_kind_of,
    is_half_weekend,
    kind_after_rest,
    opens_weekend,
    run_after_work,
)

EPSILON = 1e-9
# columns of Space.label
UNITS, WEEKENDS, PARENT, SHIFT, COUNTS = range(5)


class Ask(NamedTuple):
    """What is asked for: schedules below a price, for prices of shifts ``(days, shifts)`` and days off ``(days,)``."""

    shift: Reals
    rest: Reals
    below: float


class At(NamedTuple):
    """Where a label stands."""

    day: int
    kind: int
    place: int


class Space(NamedTuple):
    """Room for labels: by day (one more than the roster has), kind and place; used again for each employee.

    ``rank`` is the price with tolls, ``worst`` the place of the highest rank where all places are taken. Tolls stand in
    the columns of what they are on; ``tolls`` keeps those of each employee for the next time. ``ahead`` is the least
    that the days from each one on cost with tolls, by kind; ``tried`` the same for tolls that are being tried, ``walk``
    the shifts of the schedule that costs that little, ``used`` what it uses up.
    """

    held: Longs
    price: Reals
    rank: Reals
    worst: Longs
    label: Longs
    fresh: Longs
    useful: Longs
    tolls: Reals
    toll: Reals
    ahead: Reals
    tried: Reals
    step: Reals
    walk: Longs
    used: Longs


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How much room labels need.

    Parameters
    ----------
    people : int
        Employees.
    days : int
        Of the roster.
    kinds : int
        Largest number of kinds of labels, see :func:`kinds_of`.
    befores : int
        Kinds of shifts, and one for what nobody knows.
    shifts, limits : int
        Largest number of shifts, and of shifts whose number is limited.
    """

    people: int
    days: int
    kinds: int
    befores: int
    shifts: int
    limits: int


def space_for(extent: Extent, width: int) -> Space:
    """Give room for the labels of employees.

    Parameters
    ----------
    extent : Extent
        Of the problem.
    width : int
        Labels of a kind that go on; more find better schedules in more time.
    """
    table, fields = (extent.days + 1, extent.kinds), COUNTS + extent.limits
    return Space(
        held=np.zeros(table, np.int64),
        price=np.zeros((*table, width), np.float64),
        rank=np.zeros((*table, width), np.float64),
        worst=np.zeros(table, np.int64),
        label=np.zeros((*table, width, fields), np.int64),
        fresh=np.zeros(fields, np.int64),
        useful=np.zeros(extent.shifts + 1, np.int64),  # the last one is followed by REST
        tolls=np.zeros((extent.people, fields), np.float64),
        toll=np.zeros(fields, np.float64),
        ahead=np.zeros(table, np.float64),
        tried=np.zeros(table, np.float64),
        step=np.zeros((extent.befores, extent.befores), np.float64),
        walk=np.zeros(extent.days, np.int64),
        used=np.zeros(fields, np.int64),
    )


@inlined
def toll_of(person: Person, space: Space, shift: int) -> float:
    """Give the toll on a shift: on its minutes, and on its number if that is limited."""
    toll = space.toll[UNITS] * person.units[shift]
    if person.limited[shift] >= 0:
        toll += space.toll[COUNTS + person.limited[shift]]
    return float(toll)


@inlined
def paid_back(person: Person, space: Space) -> float:
    """Give what tolls come to at most in a schedule that keeps all limits; minutes have the toll of one of theirs."""
    total = 0.0
    if space.toll[UNITS] > 0:
        total += space.toll[UNITS] * person.units_high
    elif space.toll[UNITS] < 0:
        total += space.toll[UNITS] * person.units_low
    if space.toll[WEEKENDS] > 0:
        total += space.toll[WEEKENDS] * person.weekends_high
    for limit in range(person.limits.shape[0]):
        total += space.toll[COUNTS + limit] * person.limits[limit]
    return total


@compiled
def extend(person: Person, ask: Ask, space: Space) -> None:
    """Find schedules; they stay in the space, whose tolls and least costs of days to come are for the same prices."""
    space.held[:, :] = 0
    # too many weekends before the roster: whatever is worked now, the sum stays too large
    if person.weekends_high < 0:
        return
    first = first_kind_of(person)
    most = ask.below + paid_back(person, space)
    space.held[0, first] = 1
    space.price[0, first, 0] = 0.0
    space.rank[0, first, 0] = 0.0
    space.label[0, first, 0, :] = 0
    for day in range(person.days):
        _find_useful(person, ask.shift, day, space)
        for kind in range(person.off_cap + 1 + person.may_follow.shape[0] * person.work_cap):
            for place in range(space.held[day, kind]):
                _rest(person, ask, space, most, At(day, kind, place))
                _work(person, ask, space, most, At(day, kind, place))


@inlined
def _find_useful(person: Person, price: Reals, day: int, space: Space) -> None:
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
    space.useful[n_useful] = REST


@inlined
def _begin(space: Space, at: At) -> None:
    """Begin a fresh label as a copy; field by field, since numba copies slices by way of the interpreter's memory."""
    for field in range(space.fresh.shape[0]):
        space.fresh[field] = space.label[at.day, at.kind, at.place, field]


@inlined
def _rest(person: Person, ask: Ask, space: Space, most: float, at: At) -> None:
    """Extend a label by a day off."""
    new = kind_after_rest(person, at.day, at.kind)
    if new < 0 or space.label[at.day, at.kind, at.place, UNITS] + person.reach[at.day + 1] < person.units_low:
        return
    added = ask.rest[at.day]
    if is_half_weekend(person, at.day, at.kind <= person.off_cap, True):
        added += person.half_weekend
    rank = space.rank[at.day, at.kind, at.place] + added
    if rank + space.ahead[at.day + 1, new] >= most:
        return
    _begin(space, at)
    space.fresh[SHIFT] = REST
    _keep(person, space, new, space.price[at.day, at.kind, at.place] + added, rank, at)


@inlined
def _work(person: Person, ask: Ask, space: Space, most: float, at: At) -> None:
    """Extend a label by each shift that it may work next."""
    day, kind, place = at
    run = run_after_work(person, day, kind)
    if run == 0:
        return
    was_off = kind <= person.off_cap
    before = before_of(person, kind)
    price = space.price[day, kind, place]
    rank = space.rank[day, kind, place]
    weekends = space.label[day, kind, place, WEEKENDS]
    if is_half_weekend(person, day, was_off, False):
        price += person.half_weekend
        rank += person.half_weekend
    if opens_weekend(person, day, was_off):
        weekends += 1
        rank += space.toll[WEEKENDS]
        if weekends > person.weekends_high:
            return
    i = -1
    while space.useful[i + 1] != REST:
        i += 1
        shift = space.useful[i]
        if not person.may_follow[before, shift]:
            continue
        units = space.label[day, kind, place, UNITS] + person.units[shift]
        if units > person.units_high or units + person.reach[day + 1] < person.units_low:
            continue
        limit = person.limited[shift]
        if limit >= 0 and space.label[day, kind, place, COUNTS + limit] >= person.limits[limit]:
            continue
        new = person.off_cap + 1 + person.kind[shift] * person.work_cap + run - 1
        new_rank = rank + ask.shift[day, shift] + toll_of(person, space, shift)
        if new_rank + space.ahead[day + 1, new] >= most:
            continue
        _begin(space, at)
        space.fresh[UNITS] = units
        space.fresh[WEEKENDS] = weekends
        space.fresh[SHIFT] = shift
        if limit >= 0:
            space.fresh[COUNTS + limit] += 1
        _keep(person, space, new, price + ask.shift[day, shift], new_rank, at)


@inlined
def _keep(person: Person, space: Space, kind: int, price: float, rank: float, came: At) -> None:
    """Keep the fresh label unless another one is as good in everything; drop those that it is as good as."""
    day = came.day + 1
    n = space.held[day, kind]
    width = space.price.shape[2]
    # most labels end here: to compare them with all the others first would only take time
    if n == width and rank >= space.rank[day, kind, space.worst[day, kind]]:
        return
    place = 0
    while place < n:
        is_better = price <= space.price[day, kind, place] + EPSILON
        is_worse = price >= space.price[day, kind, place] - EPSILON
        if is_worse and _is_as_good(person, space.label[day, kind, place], space.fresh, day):
            space.held[day, kind] = n
            return
        if is_better and _is_as_good(person, space.fresh, space.label[day, kind, place], day):
            n -= 1
            space.price[day, kind, place] = space.price[day, kind, n]
            space.rank[day, kind, place] = space.rank[day, kind, n]
            for field in range(space.fresh.shape[0]):
                space.label[day, kind, place, field] = space.label[day, kind, n, field]
            continue
        place += 1
    if n < width:
        place = n
        n += 1
    else:
        place = space.worst[day, kind]
    space.held[day, kind] = n
    space.price[day, kind, place] = price
    space.rank[day, kind, place] = rank
    for field in range(space.fresh.shape[0]):
        space.label[day, kind, place, field] = space.fresh[field]
    space.label[day, kind, place, PARENT] = came.kind * width + came.place
    _find_worst(space, day, kind)


@inlined
def _find_worst(space: Space, day: int, kind: int) -> None:
    """Note which label of a kind has the highest rank, as soon as all places are taken."""
    width = space.rank.shape[2]
    if space.held[day, kind] < width:
        return
    worst = 0
    for place in range(1, width):
        if space.rank[day, kind, place] > space.rank[day, kind, worst]:
            worst = place
    space.worst[day, kind] = worst


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

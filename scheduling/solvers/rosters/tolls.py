"""What a schedule costs at least: tolls stand for limits, and then nothing binds a day but the one before it.

Minutes, weekends and shifts of limited number bind days that lie far apart. With a toll on what is limited instead of
the limit, the cheapest schedule comes from a short recursion from the last day to the first. Whatever the tolls, what
it costs less what they come to within the limits is no more than any schedule costs that keeps the limits. Tolls for
which that bound is high are found by steps along its subgradient, from those of the last time.

References
----------
Handler, G. Y., Zang, I. (1980). A dual algorithm for the constrained shortest path problem. Networks 10(4), 293-309.
Held, M., Wolfe, P., Crowder, H. P. (1974). Validation of subgradient optimization. Mathematical Programming 6, 62-88.
"""

from __future__ import annotations

import numpy as np

from scheduling.solvers.compiling import compiled, inlined
from scheduling.solvers.rosters.persons import (
    REST,
    Person,
    before_of,
    first_kind_of,
    is_half_weekend,
    kind_after_rest,
    opens_weekend,
    run_after_work,
)
from scheduling.solvers.rosters.schedules import COUNTS, UNITS, WEEKENDS, Ask, Space, extend, paid_back, toll_of

ROUNDS = 6
"""Tolls tried for one employee; a round takes a small part of what labels take."""
GUESSED_SHARE = 0.05
"""How far below the cheapest schedule the bound is taken to be where no price is given to stay below."""


@compiled
def seek(person: Person, ask: Ask, space: Space) -> float:
    """Find schedules, see :func:`scheduling.solvers.rosters.schedules.extend`; gives a price none of them is below."""
    bound, _ = raise_bound(person, ask, space)
    if bound < ask.below:
        extend(person, ask, space)
    else:
        space.held[person.days, :] = 0
    return bound


@compiled
def raise_bound(person: Person, ask: Ask, space: Space) -> tuple[float, bool]:
    """Find tolls; gives a price below which there is no schedule, and whether the walk in the space costs just that.

    Tolls, and what the days to come cost at least with them, are left in the space. Nothing goes on once it is known
    that there is no schedule below the price asked for.
    """
    if person.weekends_high < 0:
        return np.inf, False
    for field in range(space.toll.shape[0]):
        space.toll[field] = space.tolls[person.number, field]
    most = -np.inf
    pace = 1.0
    is_whole = False
    for _ in range(ROUNDS):
        bound = _look_back(person, ask, space) - paid_back(person, space)
        if bound > most:
            most = bound
            _note(person, space)
        else:
            # too far: the same way in shorter steps
            pace *= 0.5
        if most >= ask.below:
            break
        _walk(person, ask, space)
        steep = _compare(person, space)
        if steep == 0:
            # the walk keeps every limit and pays back what it pays: no schedule is cheaper
            is_whole = True
            break
        room = ask.below - bound if ask.below < np.inf else max(1.0, GUESSED_SHARE * abs(bound))
        _change(person, space, pace * room / steep)
    for field in range(space.toll.shape[0]):
        space.toll[field] = space.tolls[person.number, field]
    return most, is_whole


@inlined
def _note(person: Person, space: Space) -> None:
    """Keep the tolls tried, and what the days to come cost at least with them."""
    for field in range(space.toll.shape[0]):
        space.tolls[person.number, field] = space.toll[field]
    for day in range(person.days + 1):
        for kind in range(person.off_cap + 1 + person.may_follow.shape[0] * person.work_cap):
            space.ahead[day, kind] = space.tried[day, kind]


@inlined
def _look_back(person: Person, ask: Ask, space: Space) -> float:
    """Write what the days from each one on cost at least with tolls, by kind of the days before; gives it for all."""
    kinds = person.off_cap + 1 + person.may_follow.shape[0] * person.work_cap
    for kind in range(kinds):
        space.tried[person.days, kind] = 0.0
    for day in range(person.days - 1, -1, -1):
        _find_steps(person, ask, day, space)
        for kind in range(kinds):
            least, _ = _next(person, ask, space, day, kind)
            space.tried[day, kind] = least
    return float(space.tried[0, first_kind_of(person)])


@inlined
def _find_steps(person: Person, ask: Ask, day: int, space: Space) -> None:
    """Write the least price with tolls of a shift of each kind after a shift of each kind; infinite for none."""
    for before in range(person.may_follow.shape[0]):
        for kind in range(person.may_follow.shape[0]):
            space.step[before, kind] = np.inf
        for shift in range(ask.shift.shape[1]):
            if person.may[day, shift] and person.may_follow[before, shift]:
                price = ask.shift[day, shift] + toll_of(person, space, shift)
                if price < space.step[before, person.kind[shift]]:
                    space.step[before, person.kind[shift]] = price


@inlined
def _next(person: Person, ask: Ask, space: Space, day: int, kind: int) -> tuple[float, int]:
    """Give the least that the days from one on cost with tolls, and the kind that the first of them leads to."""
    was_off = kind <= person.off_cap
    least, best = np.inf, -1
    rest = kind_after_rest(person, day, kind)
    if rest >= 0:
        least, best = ask.rest[day] + space.tried[day + 1, rest], rest
        if is_half_weekend(person, day, was_off, True):
            least += person.half_weekend
    run = run_after_work(person, day, kind)
    if run > 0:
        added = 0.0
        if is_half_weekend(person, day, was_off, False):
            added += person.half_weekend
        if opens_weekend(person, day, was_off):
            added += space.toll[WEEKENDS]
        before = before_of(person, kind)
        # the last kind is that of no shift
        for shift_kind in range(person.may_follow.shape[0] - 1):
            new = person.off_cap + 1 + shift_kind * person.work_cap + run - 1
            price = added + space.step[before, shift_kind] + space.tried[day + 1, new]
            if price < least:
                least, best = price, new
    return least, best


@inlined
def _walk(person: Person, ask: Ask, space: Space) -> None:
    """Write the cheapest schedule with tolls, and what it uses up of what they are on."""
    for field in range(space.used.shape[0]):
        space.used[field] = 0
    kind = first_kind_of(person)
    for day in range(person.days):
        _find_steps(person, ask, day, space)
        _, new = _next(person, ask, space, day, kind)
        space.walk[day] = REST
        if new > person.off_cap:
            if opens_weekend(person, day, kind <= person.off_cap):
                space.used[WEEKENDS] += 1
            shift = _cheapest_shift(person, ask, space, day, kind, (new - person.off_cap - 1) // person.work_cap)
            space.walk[day] = shift
            space.used[UNITS] += person.units[shift]
            if person.limited[shift] >= 0:
                space.used[COUNTS + person.limited[shift]] += 1
        kind = new


@inlined
def _cheapest_shift(person: Person, ask: Ask, space: Space, day: int, kind: int, shift_kind: int) -> int:
    """Give the shift of a kind that costs least with tolls after days of a kind."""
    least, best = np.inf, -1
    for shift in range(ask.shift.shape[1]):
        is_of_kind = person.kind[shift] == shift_kind and person.may[day, shift]
        if is_of_kind and person.may_follow[before_of(person, kind), shift]:
            price = ask.shift[day, shift] + toll_of(person, space, shift)
            if price < least:
                least, best = price, shift
    return best


@inlined
def _compare(person: Person, space: Space) -> float:
    """Turn what the walk uses into the subgradient; gives its square, minutes as shifts, 0 where no limit is hurt."""
    over = space.used[UNITS] - person.units_high
    under = space.used[UNITS] - person.units_low
    if space.toll[UNITS] > 0 or (space.toll[UNITS] == 0 and over > 0):
        space.used[UNITS] = over
    elif space.toll[UNITS] < 0 or under < 0:
        space.used[UNITS] = under
    else:
        space.used[UNITS] = 0
    steep = (space.used[UNITS] / _longest(person)) ** 2
    space.used[WEEKENDS] -= person.weekends_high
    if space.toll[WEEKENDS] == 0 and space.used[WEEKENDS] < 0:
        space.used[WEEKENDS] = 0
    steep += float(space.used[WEEKENDS]) ** 2
    for limit in range(person.limits.shape[0]):
        space.used[COUNTS + limit] -= person.limits[limit]
        if space.toll[COUNTS + limit] == 0 and space.used[COUNTS + limit] < 0:
            space.used[COUNTS + limit] = 0
        steep += float(space.used[COUNTS + limit]) ** 2
    return float(steep)


@inlined
def _change(person: Person, space: Space, step: float) -> None:
    """Raise tolls on what is used too much, lower those on what is used too little; none passes 0 at once."""
    before = space.toll[UNITS]
    # a toll below 0 is a reward for the least minutes
    after = before + step * space.used[UNITS] / _longest(person) ** 2
    if before > 0:
        after = max(0.0, after)
    elif before < 0:
        after = min(0.0, after)
    space.toll[UNITS] = after
    space.toll[WEEKENDS] = max(0.0, space.toll[WEEKENDS] + step * space.used[WEEKENDS])
    for limit in range(person.limits.shape[0]):
        space.toll[COUNTS + limit] = max(0.0, space.toll[COUNTS + limit] + step * space.used[COUNTS + limit])


@inlined
def _longest(person: Person) -> int:
    """Give the units of the longest shift, 1 at least."""
    longest = 1
    for shift in range(person.units.shape[0]):
        longest = max(longest, person.units[shift])
    return longest

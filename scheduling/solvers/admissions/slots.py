"""Where a patient could go: days, rooms and theatres worth a try."""

from __future__ import annotations

from scheduling.solvers.admissions.arrays import (
    COUNT,
    DAY,
    GENDER,
    LIST,
    MINUTES,
    N_DAYS,
    N_ROOMS,
    NEVER,
    ROOM,
    SURGEON,
    USED,
    W_OPEN,
    W_TRANSFER,
    Bound,
    Fixed,
    Slot,
    State,
)
from scheduling.solvers.admissions.chance import below, wide
from scheduling.solvers.admissions.changes import last_day, over, slot_at
from scheduling.solvers.admissions.evaluation import evaluate
from scheduling.solvers.compiling import compiled, inlined

DAY_TRIES = 4
"""Random days looked at for one on which the surgeon has time."""
_MINUTE = 1000
"""Price of a minute of overtime when theatres are compared: any overtime is worse than any soft cost."""


@inlined
def some_day(fixed: Fixed, now: State, p: int) -> int:
    """Give one of the patient's days."""
    return wide(fixed.days[p, below(now, fixed.person[p, N_DAYS])])


@inlined
def some_room(fixed: Fixed, now: State, p: int) -> int:
    """Give one of the patient's rooms."""
    return wide(fixed.rooms[p, below(now, fixed.person[p, N_ROOMS])])


@inlined
def takes(fixed: Fixed, now: State, p: int, slot: Slot) -> bool:
    """Tell whether a room has a bed among the same gender for the whole stay."""
    until: int = now.open_until[slot.room, fixed.person[p, GENDER], slot.day]
    return until >= last_day(fixed, p, slot.day)


@compiled
def good_room(fixed: Fixed, now: State, p: int, d: int) -> int:
    """Give a random room that takes the patient from a day on, or the one that the patient has; -1 if there is none."""
    n = fixed.person[p, N_ROOMS]
    gender = fixed.person[p, GENDER]
    end = last_day(fixed, p, d)
    k = below(now, n)
    own = now.who[p, ROOM] if now.who[p, DAY] != d else -1
    for _ in range(n):
        r = fixed.rooms[p, k]
        # The own room counts as good: the patient's own bed is what makes it look full.
        if r == own or now.open_until[r, gender, d] >= end:
            return wide(r)
        k += 1
        if k == n:
            k = 0
    return -1


@compiled
def good_day(fixed: Fixed, now: State, p: int) -> int:
    """Give one of the patient's days, one with time of the surgeon if a few tries find one."""
    d = some_day(fixed, now, p)
    minutes = fixed.person[p, MINUTES]
    if minutes == 0:
        return d
    u = fixed.person[p, SURGEON]
    for _ in range(DAY_TRIES):
        if d == now.who[p, DAY] or now.surgeon[u, d, USED] + minutes <= fixed.surgeon_minutes[u, d]:
            return d
        d = some_day(fixed, now, p)
    return d


@compiled
def good_theatre(fixed: Fixed, now: State, p: int, d: int) -> int:
    """Give the theatre that costs least on a day; -1 for a patient without operation."""
    minutes = fixed.person[p, MINUTES]
    if minutes == 0:
        return -1
    u = fixed.person[p, SURGEON]
    n = fixed.size.theatres
    # A random start, so that of equally good theatres none is always first.
    start = below(now, n)
    best = -1
    least = NEVER
    for k in range(n):
        t = start + k
        if t >= n:
            t -= n
        if not fixed.may_theatre[p, t]:
            continue
        cost = _MINUTE * over(now.theatre[t, d, USED] + minutes, fixed.theatre_minutes[t, d])
        if now.theatre[t, d, COUNT] == 0:
            cost += fixed.weights[W_OPEN]
        if now.surgeon[u, d, LIST + t] == 0 and now.surgeon[u, d, COUNT] > 0:
            cost += fixed.weights[W_TRANSFER]
        if cost < least:
            least = cost
            best = t
    return best


@compiled
def some_theatre(fixed: Fixed, now: State, p: int, d: int) -> int:
    """Give a random theatre that suits; the cheapest if the first try does not."""
    if fixed.person[p, MINUTES] == 0:
        return -1
    t = below(now, fixed.size.theatres)
    return t if fixed.may_theatre[p, t] else good_theatre(fixed, now, p, d)


@compiled
def good_slot(fixed: Fixed, now: State, p: int, tries: int, bound: Bound) -> Slot:
    """Give the best of a few random slots by full cost; day -1 if the patient has no slot at all.

    Parameters
    ----------
    fixed : Fixed
        The problem.
    now : State
        The plan, which stays as it is.
    p : int
        The patient.
    tries : int
        Random slots looked at.
    bound : Bound
        Prices of broken rules; its limit is not used.
    """
    best = slot_at(-1, -1, -1)
    least = 1e18
    if fixed.person[p, N_DAYS] == 0 or fixed.person[p, N_ROOMS] == 0:
        return best
    for _ in range(tries):
        d = good_day(fixed, now, p)
        r = good_room(fixed, now, p, d)
        if r < 0:
            r = some_room(fixed, now, p)
        slot = slot_at(d, r, good_theatre(fixed, now, p, d))
        told = evaluate(fixed, now, p, slot, Bound(least, bound.crowd, bound.overtime))
        cost = told.soft + bound.crowd * told.crowd + bound.overtime * told.overtime
        if cost < least:
            least = cost
            best = slot
    return best


@compiled
def best_slot(fixed: Fixed, now: State, p: int, bound: Bound) -> Slot:
    """Give the best slot of all days and rooms, with the cheapest theatre of each day.

    Parameters
    ----------
    fixed : Fixed
        The problem.
    now : State
        The plan, which stays as it is.
    p : int
        The patient.
    bound : Bound
        Prices of broken rules; its limit is not used.
    """
    best = slot_at(-1, -1, -1)
    least = 1e18
    for i in range(fixed.person[p, N_DAYS]):
        d = fixed.days[p, i]
        t = good_theatre(fixed, now, p, d)
        for k in range(fixed.person[p, N_ROOMS]):
            slot = slot_at(d, fixed.rooms[p, k], t)
            told = evaluate(fixed, now, p, slot, Bound(least, bound.crowd, bound.overtime))
            cost = told.soft + bound.crowd * told.crowd + bound.overtime * told.overtime
            if cost < least:
                least = cost
                best = slot
    return best

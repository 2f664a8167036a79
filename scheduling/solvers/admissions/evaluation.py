"""What a change would cost, without making it: most changes are refused, and refusing must be cheap."""

from __future__ import annotations

from scheduling.solvers.admissions.arrays import (
    AGE,
    COUNT,
    CROWD,
    DAY,
    GENDER,
    INTENSIVE,
    LIST,
    MINUTES,
    N_MET,
    NEVER,
    SKILL_GAP,
    SURGEON,
    USED,
    W_AGE,
    W_CONTINUITY,
    W_LOAD,
    W_OPEN,
    W_SKILL,
    W_TRANSFER,
    Bound,
    Delta,
    Fixed,
    Slot,
    State,
)
from scheduling.solvers.admissions.changes import age_spread, crowd_of, last_day, over, own_cost, slot_at, slot_of
from scheduling.solvers.admissions.intensive import bed_change
from scheduling.solvers.admissions.room_limits import has_limits, stay_change
from scheduling.solvers.compiling import compiled, inlined


@inlined
def _theatre_change(fixed: Fixed, now: State, p: int, old: Slot, new: Slot) -> Delta:
    """Give what another day or theatre changes at theatres and surgeon."""
    minutes = fixed.person[p, MINUTES]
    if minutes == 0 or (old.day == new.day and old.theatre == new.theatre):
        return Delta(0, 0, 0)
    w = fixed.weights
    u = fixed.person[p, SURGEON]
    soft = 0
    late = 0
    if old.day >= 0:
        used = now.theatre[old.theatre, old.day, USED]
        limit = fixed.theatre_minutes[old.theatre, old.day]
        late += over(used - minutes, limit) - over(used, limit)
        if now.theatre[old.theatre, old.day, COUNT] == 1:
            soft -= w[W_OPEN]
    if new.day >= 0:
        used = now.theatre[new.theatre, new.day, USED]
        limit = fixed.theatre_minutes[new.theatre, new.day]
        late += over(used + minutes, limit) - over(used, limit)
        if now.theatre[new.theatre, new.day, COUNT] == 0:
            soft += w[W_OPEN]
    if old.day == new.day:
        n = now.surgeon[u, old.day, COUNT]
        m = n
        if now.surgeon[u, old.day, LIST + old.theatre] == 1:
            m -= 1
        if now.surgeon[u, old.day, LIST + new.theatre] == 0:
            m += 1
        return Delta(soft + w[W_TRANSFER] * (over(m, 1) - over(n, 1)), 0, late)
    if old.day >= 0:
        used = now.surgeon[u, old.day, USED]
        limit = fixed.surgeon_minutes[u, old.day]
        late += over(used - minutes, limit) - over(used, limit)
        if now.surgeon[u, old.day, LIST + old.theatre] == 1 and now.surgeon[u, old.day, COUNT] > 1:
            soft -= w[W_TRANSFER]
    if new.day >= 0:
        used = now.surgeon[u, new.day, USED]
        limit = fixed.surgeon_minutes[u, new.day]
        late += over(used + minutes, limit) - over(used, limit)
        if now.surgeon[u, new.day, LIST + new.theatre] == 0 and now.surgeon[u, new.day, COUNT] >= 1:
            soft += w[W_TRANSFER]
    return Delta(soft, 0, late)


@compiled
def evaluate(fixed: Fixed, now: State, p: int, new: Slot, bound: Bound) -> Delta:  # noqa: C901, PLR0912, PLR0915
    """Give what another slot for a patient would cost.

    Parameters
    ----------
    fixed : Fixed
        The problem.
    now : State
        The plan, which stays as it is.
    p : int
        The patient.
    new : Slot
        The slot; day -1 for none.
    bound : Bound
        As soon as the cost is above it for certain, ``soft`` is NEVER.

    Notes
    -----
    One long function, since most of the search's time is spent here and each call has a price.
    """
    size = fixed.size
    w = fixed.weights
    old = slot_of(now, p)
    told = _theatre_change(fixed, now, p, old, new)
    soft = told.soft + own_cost(fixed, p, new) - own_cost(fixed, p, old)
    late = told.overtime
    crowd = 0
    if old.day == new.day and old.room == new.room:
        return Delta(soft, crowd, late)
    if fixed.person[p, INTENSIVE] > 0 and old.day != new.day:
        crowd += bed_change(fixed, now, p, old, new)
    if has_limits(fixed, now):
        crowd += stay_change(fixed, now, p, old, new)
    if old.day >= 0:
        soft -= w[W_CONTINUITY] * now.who[p, N_MET] + w[W_SKILL] * now.who[p, SKILL_GAP]
    # Theatres alone are too dear already: nothing that follows can pay for it but what was taken off above.
    if late > 0 and soft + bound.overtime * late > bound.limit:
        return Delta(NEVER, crowd, late)
    end_old = last_day(fixed, p, old.day) if old.day >= 0 else -1
    end_new = last_day(fixed, p, new.day) if new.day >= 0 else -1
    is_same = old.room == new.room
    age = fixed.person[p, AGE]
    gender = fixed.person[p, GENDER]
    nothing = slot_at(-1, 0, 0)
    if new.day >= 0:
        r = new.room
        # A room that is open to the gender for the whole stay needs no look at its days.
        is_open = not is_same and now.open_until[r, gender, new.day] >= end_new
        for d in range(new.day, end_new):
            # In the same room the days of both stays change nothing.
            if is_same and old.day <= d < end_old:
                continue
            if now.ward[r, d, 0] >= size.width:
                return Delta(NEVER, crowd, late)
            if not is_open:
                crowd += crowd_of(fixed, now, r, d, slot_at(gender, 1, 0)) - crowd_of(fixed, now, r, d, nothing)
            if now.ward[r, d, 0] > 0:
                come = slot_at(age, 1, 0)
                soft += w[W_AGE] * (age_spread(fixed, now, r, d, come) - age_spread(fixed, now, r, d, nothing))
        # a plan that breaks no rule so far: what the old room gains cannot pay for breaking one
        if now.total[CROWD] <= 0 and crowd > 0 and soft + bound.crowd * crowd > bound.limit:
            return Delta(NEVER, crowd, late)
    if old.day >= 0:
        r = old.room
        for d in range(old.day, end_old):
            if is_same and new.day <= d < end_new:
                continue
            crowd += crowd_of(fixed, now, r, d, slot_at(gender, -1, 0)) - crowd_of(fixed, now, r, d, nothing)
            if now.ward[r, d, 0] > 1:
                gone = slot_at(age, -1, 0)
                soft += w[W_AGE] * (age_spread(fixed, now, r, d, gone) - age_spread(fixed, now, r, d, nothing))
    shifts = size.shifts
    first_old = old.day * shifts
    first_new = new.day * shifts
    if old.day >= 0:
        for q in range(first_old, end_old * shifts):
            n = now.nurse_of[old.room, q]
            work = -fixed.workload[p, q - first_old]
            # The same nurse before and after: only the difference of the work counts.
            if new.day >= 0 and first_new <= q < end_new * shifts and now.nurse_of[new.room, q] == n:
                work += fixed.workload[p, q - first_new]
            load = now.load[n, q]
            limit = fixed.max_load[n, q]
            if load > limit or load + work > limit:
                soft += w[W_LOAD] * (over(load + work, limit) - over(load, limit))
    if new.day < 0:
        return Delta(soft, crowd, late)
    # Everything that is still to come costs at least one nurse met.
    if soft + bound.crowd * crowd + bound.overtime * late + w[W_CONTINUITY] > bound.limit:
        return Delta(NEVER, crowd, late)
    met = 0
    gap = 0
    # A stamp marks nurses met in this call: clearing an array for each call would cost more than the call.
    now.stamp[size.nurses] += 1
    mark = now.stamp[size.nurses]
    for q in range(first_new, end_new * shifts):
        n = now.nurse_of[new.room, q]
        at = q - first_new
        if now.stamp[n] != mark:
            now.stamp[n] = mark
            met += 1
        gap += over(fixed.skill[p, at], fixed.nurse_skill[n])
        if old.day >= 0 and first_old <= q < end_old * shifts and now.nurse_of[old.room, q] == n:
            continue
        load = now.load[n, q]
        limit = fixed.max_load[n, q]
        if load + fixed.workload[p, at] > limit:
            soft += w[W_LOAD] * (load + fixed.workload[p, at] - limit - over(load, limit))
    return Delta(soft + w[W_CONTINUITY] * met + w[W_SKILL] * gap, crowd, late)


@compiled
def evaluate_nurse(fixed: Fixed, now: State, r: int, q: int, n: int) -> int:
    """Give what another nurse for a room and shift would cost, rooms too many left out.

    Parameters
    ----------
    fixed : Fixed
        The problem.
    now : State
        The plan, which stays as it is.
    r, q, n : int
        Room, shift counted through the horizon, nurse.
    """
    size = fixed.size
    w = fixed.weights
    old = now.nurse_of[r, q]
    d = q // size.shifts
    first = 1 + size.genders + size.ages
    skill_old = fixed.nurse_skill[old]
    skill_new = fixed.nurse_skill[n]
    work = 0
    soft: int = 0
    for k in range(now.ward[r, d, 0]):
        p = now.ward[r, d, first + k]
        at = q - now.who[p, DAY] * size.shifts
        work += fixed.workload[p, at]
        need = fixed.skill[p, at]
        soft += w[W_SKILL] * (over(need, skill_new) - over(need, skill_old))
        if now.met[p, old] == 1:
            soft -= w[W_CONTINUITY]
        if now.met[p, n] == 0:
            soft += w[W_CONTINUITY]
    load_old = now.load[old, q]
    load_new = now.load[n, q]
    limit_old = fixed.max_load[old, q]
    limit_new = fixed.max_load[n, q]
    change = over(load_old - work, limit_old) - over(load_old, limit_old)
    change += over(load_new + work, limit_new) - over(load_new, limit_new)
    soft += w[W_LOAD] * change
    return soft

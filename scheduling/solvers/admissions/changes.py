"""Changing a plan under search: admit, send away, give a room another nurse; every sum follows.

Each function gives the change of cost, and takes time in proportion to the length of stay only.
"""

from __future__ import annotations

from scheduling.solvers.admissions.arrays import (
    AGE,
    COUNT,
    CROWD,
    DAY,
    GENDER,
    INTENSIVE,
    IS_MANDATORY,
    LIST,
    MINUTES,
    N_MET,
    OLD_DAY,
    OLD_ROOM,
    OLD_THEATRE,
    OVERTIME,
    RELEASE,
    ROOM,
    SKILL_GAP,
    SOFT,
    STAY,
    SURGEON,
    THEATRE,
    USED,
    W_AGE,
    W_CHANGE,
    W_CONTINUITY,
    W_DELAY,
    W_LOAD,
    W_OPEN,
    W_SKILL,
    W_TRANSFER,
    W_UNSCHEDULED,
    Bound,
    Delta,
    Fixed,
    Slot,
    State,
)
from scheduling.solvers.admissions.chance import wide
from scheduling.solvers.admissions.intensive import book_bed
from scheduling.solvers.admissions.room_limits import hand_over, has_limits, open_room
from scheduling.solvers.compiling import compiled, inlined

FULL = 1 << 20
"""Crowding that no bound lets pass."""


@inlined
def slot_at(day: int, room: int, theatre: int) -> Slot:
    """Give a slot whose numbers are all of one width, so that kernels are compiled once only."""
    return Slot(wide(day), wide(room), wide(theatre))


@inlined
def over(value: int, limit: int) -> int:
    """Give by how much a value is above a limit."""
    return value - limit if value > limit else 0


@inlined
def own_cost(fixed: Fixed, p: int, slot: Slot) -> int:
    """Give what a patient's slot costs by itself: delay, not being admitted, change of the published plan."""
    w = fixed.weights
    cost = 0
    if slot.day >= 0:
        cost += w[W_DELAY] * (slot.day - fixed.person[p, RELEASE])
    elif fixed.person[p, IS_MANDATORY] == 0:
        cost += w[W_UNSCHEDULED]
    if fixed.person[p, OLD_DAY] >= 0 and w[W_CHANGE] > 0:
        if slot.day < 0:
            cost += 3 * w[W_CHANGE]
        else:
            n = 0
            n += 1 if slot.day != fixed.person[p, OLD_DAY] else 0
            n += 1 if slot.room != fixed.person[p, OLD_ROOM] else 0
            n += 1 if slot.theatre != fixed.person[p, OLD_THEATRE] else 0
            cost += n * w[W_CHANGE]
    return cost


@inlined
def age_spread(fixed: Fixed, now: State, r: int, d: int, changed: Slot) -> int:
    """Give the steps between youngest and oldest in a room, with one age group (``day``) changed by ``room``."""
    start = 1 + fixed.size.genders
    low: int = -1
    high: int = -1
    for g in range(fixed.size.ages):
        n = now.ward[r, d, start + g]
        if g == changed.day:
            n += changed.room
        if n > 0:
            if low < 0:
                low = g
            high = g
    return high - low


@inlined
def crowd_of(fixed: Fixed, now: State, r: int, d: int, changed: Slot) -> int:
    """Give people too many plus people of the lesser genders, with one gender (``day``) changed by ``room``."""
    n: int = now.ward[r, d, 0] + changed.room
    most: int = 0
    for g in range(fixed.size.genders):
        k = now.ward[r, d, 1 + g]
        if g == changed.day:
            k += changed.room
        if k > most:
            most = k
    return n - most + over(n, fixed.capacity[r, d])


@inlined
def last_day(fixed: Fixed, p: int, d: int) -> int:
    """Give the first day after a stay, at most the horizon."""
    end: int = d + fixed.person[p, STAY]
    return min(end, fixed.size.days)


@compiled
def _operate(fixed: Fixed, now: State, p: int, slot: Slot, sign: int) -> Delta:
    """Book (+1) or give back (-1) the theatre and the surgeon of a patient."""
    d = slot.day
    t = slot.theatre
    u = fixed.person[p, SURGEON]
    minutes = fixed.person[p, MINUTES] * sign
    w = fixed.weights
    soft = 0
    used = now.theatre[t, d, USED]
    late = over(used + minutes, fixed.theatre_minutes[t, d]) - over(used, fixed.theatre_minutes[t, d])
    now.theatre[t, d, USED] = used + minutes
    n = now.theatre[t, d, COUNT]
    if sign > 0:
        if n == 0:
            soft += w[W_OPEN]
        now.theatre[t, d, LIST + n] = p
    else:
        if n == 1:
            soft -= w[W_OPEN]
        # Order in the list does not matter: the last one fills the gap.
        for k in range(n):
            if now.theatre[t, d, LIST + k] == p:
                now.theatre[t, d, LIST + k] = now.theatre[t, d, LIST + n - 1]
                break
    now.theatre[t, d, COUNT] = n + sign
    used = now.surgeon[u, d, USED]
    late += over(used + minutes, fixed.surgeon_minutes[u, d]) - over(used, fixed.surgeon_minutes[u, d])
    now.surgeon[u, d, USED] = used + minutes
    before = over(now.surgeon[u, d, COUNT], 1)
    k = now.surgeon[u, d, LIST + t]
    if (sign > 0 and k == 0) or (sign < 0 and k == 1):
        now.surgeon[u, d, COUNT] += sign
    now.surgeon[u, d, LIST + t] = k + sign
    soft += w[W_TRANSFER] * (over(now.surgeon[u, d, COUNT], 1) - before)
    return Delta(soft, 0, late)


@inlined
def _mark(fixed: Fixed, now: State, r: int, d: int) -> None:
    """Keep account of for how long a room is open, after a change on a day."""
    # Kept by change instead of being computed at each look: looks are a hundred times as many as changes.
    n = now.ward[r, d, 0]
    for g in range(fixed.size.genders):
        is_open = n < fixed.capacity[r, d] and now.ward[r, d, 1 + g] == n
        was_open = now.open_until[r, g, d] != d
        k = d
        if is_open and not was_open:
            until = now.open_until[r, g, d + 1]
            # Days before that ran up to this one run further now.
            while k >= 0 and now.open_until[r, g, k] == d:
                now.open_until[r, g, k] = until
                k -= 1
        elif was_open and not is_open:
            while k >= 0 and now.open_until[r, g, k] > d:
                now.open_until[r, g, k] = d
                k -= 1


@compiled
def insert(fixed: Fixed, now: State, p: int, slot: Slot) -> Delta:
    """Put a person who is not there into a slot; own cost not counted."""
    size = fixed.size
    w = fixed.weights
    d1 = slot.day
    r = slot.room
    soft = 0
    crowd = 0
    late = 0
    if fixed.person[p, MINUTES] > 0:
        booked = _operate(fixed, now, p, slot, 1)
        soft += booked.soft
        late = booked.overtime
    if fixed.person[p, INTENSIVE] > 0:
        crowd += book_bed(fixed, now, p, slot, 1)
    is_limited = has_limits(fixed, now)
    age = fixed.person[p, AGE]
    gender = fixed.person[p, GENDER]
    first = 1 + size.genders + size.ages
    met = 0
    gap = 0
    nothing = slot_at(-1, 0, 0)
    for d in range(d1, last_day(fixed, p, d1)):
        # Only the difference counts, so that crowding among occupants alone never does.
        crowd += crowd_of(fixed, now, r, d, slot_at(gender, 1, 0)) - crowd_of(fixed, now, r, d, nothing)
        if now.ward[r, d, 0] > 0:
            soft += w[W_AGE] * (
                age_spread(fixed, now, r, d, slot_at(age, 1, 0)) - age_spread(fixed, now, r, d, nothing)
            )
        n_people = now.ward[r, d, 0]
        if is_limited and n_people == 0:
            crowd += open_room(fixed, now, wide(r), wide(d), 1)
        now.ward[r, d, first + n_people] = p
        now.ward[r, d, 0] = n_people + 1
        now.ward[r, d, 1 + gender] += 1
        now.ward[r, d, 1 + size.genders + age] += 1
        _mark(fixed, now, r, d)
        for q in range(d * size.shifts, (d + 1) * size.shifts):
            n = now.nurse_of[r, q]
            at = q - d1 * size.shifts
            work = fixed.workload[p, at]
            load = now.load[n, q]
            # The excess before and after, since only what is above the limit costs.
            limit = fixed.max_load[n, q]
            soft += w[W_LOAD] * (over(load + work, limit) - over(load, limit))
            now.load[n, q] = load + work
            if now.met[p, n] == 0:
                met += 1
            now.met[p, n] += 1
            gap += over(fixed.skill[p, at], fixed.nurse_skill[n])
    now.who[p, N_MET] = met
    now.who[p, SKILL_GAP] = gap
    now.who[p, DAY] = d1
    now.who[p, ROOM] = r
    now.who[p, THEATRE] = slot.theatre
    return Delta(soft + w[W_CONTINUITY] * met + w[W_SKILL] * gap, crowd, late)


@compiled
def remove(fixed: Fixed, now: State, p: int) -> Delta:
    """Take a person who is there out of the plan; own cost not counted."""
    size = fixed.size
    w = fixed.weights
    d1 = now.who[p, DAY]
    r = now.who[p, ROOM]
    soft = -w[W_CONTINUITY] * now.who[p, N_MET] - w[W_SKILL] * now.who[p, SKILL_GAP]
    crowd = 0
    late = 0
    if fixed.person[p, MINUTES] > 0:
        freed = _operate(fixed, now, p, slot_at(d1, r, now.who[p, THEATRE]), -1)
        soft += freed.soft
        late = freed.overtime
    if fixed.person[p, INTENSIVE] > 0:
        crowd += book_bed(fixed, now, p, slot_at(d1, r, -1), -1)
    is_limited = has_limits(fixed, now)
    age = fixed.person[p, AGE]
    gender = fixed.person[p, GENDER]
    first = 1 + size.genders + size.ages
    nothing = slot_at(-1, 0, 0)
    for d in range(d1, last_day(fixed, p, d1)):
        crowd += crowd_of(fixed, now, r, d, slot_at(gender, -1, 0)) - crowd_of(fixed, now, r, d, nothing)
        n_people = now.ward[r, d, 0]
        if n_people > 1:
            soft += w[W_AGE] * (
                age_spread(fixed, now, r, d, slot_at(age, -1, 0)) - age_spread(fixed, now, r, d, nothing)
            )
        elif is_limited:
            crowd += open_room(fixed, now, wide(r), wide(d), -1)
        for k in range(n_people):
            if now.ward[r, d, first + k] == p:
                now.ward[r, d, first + k] = now.ward[r, d, first + n_people - 1]
                break
        now.ward[r, d, 0] = n_people - 1
        now.ward[r, d, 1 + gender] -= 1
        now.ward[r, d, 1 + size.genders + age] -= 1
        _mark(fixed, now, r, d)
        for q in range(d * size.shifts, (d + 1) * size.shifts):
            n = now.nurse_of[r, q]
            work = fixed.workload[p, q - d1 * size.shifts]
            load = now.load[n, q]
            limit = fixed.max_load[n, q]
            soft += w[W_LOAD] * (over(load - work, limit) - over(load, limit))
            now.load[n, q] = load - work
            now.met[p, n] -= 1
    now.who[p, N_MET] = 0
    now.who[p, SKILL_GAP] = 0
    now.who[p, DAY] = -1
    now.who[p, ROOM] = -1
    now.who[p, THEATRE] = -1
    return Delta(soft, crowd, late)


@inlined
def slot_of(now: State, p: int) -> Slot:
    """Give the slot that a person has."""
    return slot_at(now.who[p, DAY], now.who[p, ROOM], now.who[p, THEATRE])


@inlined
def keep(now: State) -> None:
    """Count what a compound move changed."""
    for k in range(3):
        now.total[k] += now.delta[k]


@inlined
def begin(now: State) -> None:
    """Start a compound move."""
    for k in range(3):
        now.delta[k] = 0
    now.journal[0, 0] = 0


@compiled
def _shift(fixed: Fixed, now: State, p: int, slot: Slot) -> None:
    old = slot_of(now, p)
    now.delta[SOFT] += own_cost(fixed, p, slot) - own_cost(fixed, p, old)
    if old.day >= 0:
        gone = remove(fixed, now, p)
        now.delta[SOFT] += gone.soft
        now.delta[CROWD] += gone.crowd
        now.delta[OVERTIME] += gone.overtime
    if slot.day >= 0:
        come = insert(fixed, now, p, slot)
        now.delta[SOFT] += come.soft
        now.delta[CROWD] += come.crowd
        now.delta[OVERTIME] += come.overtime


@compiled
def place(fixed: Fixed, now: State, p: int, slot: Slot) -> None:
    """Give a patient another slot within a compound move; a room that cannot hold more makes the move too dear."""
    if slot.day >= 0:
        for d in range(slot.day, last_day(fixed, p, slot.day)):
            if now.ward[slot.room, d, 0] >= fixed.size.width:
                now.delta[CROWD] += FULL
                return
    k = now.journal[0, 0] + 1
    now.journal[0, 0] = k
    now.journal[k, 0] = p
    now.journal[k, 1] = now.who[p, DAY]
    now.journal[k, 2] = now.who[p, ROOM]
    now.journal[k, 3] = now.who[p, THEATRE]
    _shift(fixed, now, p, slot)


@compiled
def decide(fixed: Fixed, now: State, bound: Bound) -> bool:
    """Keep a compound move if it costs no more than the bound, else take all of it back."""
    price = now.delta[SOFT] + bound.crowd * now.delta[CROWD] + bound.overtime * now.delta[OVERTIME]
    if price <= bound.limit:
        keep(now)
        return True
    # In reverse order: a patient may have been placed twice within one move.
    for k in range(now.journal[0, 0], 0, -1):
        _shift(fixed, now, now.journal[k, 0], slot_at(now.journal[k, 1], now.journal[k, 2], now.journal[k, 3]))
    return False


@compiled
def set_nurse(fixed: Fixed, now: State, r: int, q: int, n: int) -> int:
    """Give a room another nurse for a shift; gives the change of cost.

    What it changes of rooms too many is told beforehand by ``hand_over_change``.

    Parameters
    ----------
    fixed : Fixed
        The problem.
    now : State
        The plan, which changes.
    r, q, n : int
        Room, shift counted through the horizon, nurse.
    """
    size = fixed.size
    w = fixed.weights
    old = now.nurse_of[r, q]
    d = q // size.shifts
    first = 1 + size.genders + size.ages
    work = 0
    soft: int = 0
    for k in range(now.ward[r, d, 0]):
        p = now.ward[r, d, first + k]
        at = q - now.who[p, DAY] * size.shifts  # occupants count from day 0, as others from their admission
        work += fixed.workload[p, at]
        need = fixed.skill[p, at]
        gap = over(need, fixed.nurse_skill[n]) - over(need, fixed.nurse_skill[old])
        now.who[p, SKILL_GAP] += gap
        soft += w[W_SKILL] * gap
        now.met[p, old] -= 1
        met = 0
        if now.met[p, old] == 0:
            met -= 1
        if now.met[p, n] == 0:
            met += 1
        now.met[p, n] += 1
        now.who[p, N_MET] += met
        soft += w[W_CONTINUITY] * met
    before = over(now.load[old, q], fixed.max_load[old, q]) + over(now.load[n, q], fixed.max_load[n, q])
    now.load[old, q] -= work
    now.load[n, q] += work
    after = over(now.load[old, q], fixed.max_load[old, q]) + over(now.load[n, q], fixed.max_load[n, q])
    now.nurse_of[r, q] = n
    if has_limits(fixed, now) and now.ward[r, d, 0] > 0:
        hand_over(now, old, n, q)
    soft += w[W_LOAD] * (after - before)
    return soft

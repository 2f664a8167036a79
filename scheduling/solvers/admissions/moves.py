"""Moves of patients; each draws a change, and keeps it if it costs no more than the bound."""

from __future__ import annotations

from scheduling.solvers.admissions.arrays import (
    COUNT,
    CROWD,
    DAY,
    GENDER,
    IS_MANDATORY,
    LIST,
    MINUTES,
    N_DAYS,
    N_ROOMS,
    OVERTIME,
    ROOM,
    SOFT,
    STAY,
    SURGEON,
    THEATRE,
    USED,
    Bound,
    Fixed,
    Slot,
    State,
)
from scheduling.solvers.admissions.chance import below, share, wide
from scheduling.solvers.admissions.changes import (
    begin,
    decide,
    insert,
    last_day,
    place,
    remove,
    slot_at,
    slot_of,
)
from scheduling.solvers.admissions.evaluation import evaluate
from scheduling.solvers.admissions.slots import (
    best_slot,
    good_day,
    good_room,
    good_slot,
    good_theatre,
    some_day,
    some_room,
    some_theatre,
)
from scheduling.solvers.compiling import compiled, inlined

CHAIN_LENGTH = 4
"""Patients whom one chain moves on at most."""
CHAIN_TRIES = 5
"""Slots looked at for each of them."""
STRANGERS = 0.5
"""Share of exchanges with any patient, not only one of the same surgeon."""
HOPE = 20
"""What a compound move that breaks a rule may gain elsewhere, in units of cost, to be worth a closer look."""


@compiled
def try_slot(fixed: Fixed, now: State, p: int, slot: Slot, bound: Bound) -> bool:
    """Give a patient a slot, if it costs no more than the bound."""
    told = evaluate(fixed, now, p, slot, bound)
    if told.soft + bound.crowd * told.crowd + bound.overtime * told.overtime > bound.limit:
        return False
    now.total[SOFT] += told.soft
    now.total[CROWD] += told.crowd
    now.total[OVERTIME] += told.overtime
    if now.who[p, DAY] >= 0:
        remove(fixed, now, p)
    if slot.day >= 0:
        insert(fixed, now, p, slot)
    return True


@compiled
def relocate(fixed: Fixed, now: State, p: int, bound: Bound) -> bool:
    """Move a patient who is admitted: another room, theatre, day, or all of them; or send an optional one away."""
    slot = slot_of(now, p)
    x = share(now)
    if x < 0.25:
        slot = slot_at(slot.day, good_room(fixed, now, p, slot.day), slot.theatre)
    elif x < 0.28:
        slot = slot_at(slot.day, some_room(fixed, now, p), slot.theatre)
    elif x < 0.42:
        slot = slot_at(slot.day, slot.room, some_theatre(fixed, now, p, slot.day))
    elif x < 0.58:
        d = good_day(fixed, now, p)
        slot = slot_at(d, slot.room, good_theatre(fixed, now, p, d))
    elif x < 0.96:
        d = good_day(fixed, now, p)
        slot = slot_at(d, good_room(fixed, now, p, d), good_theatre(fixed, now, p, d))
    elif fixed.person[p, IS_MANDATORY] == 0:
        return try_slot(fixed, now, p, slot_at(-1, -1, -1), bound)
    else:
        return False
    old = slot_of(now, p)
    if slot.room < 0 or (slot.day == old.day and slot.room == old.room and slot.theatre == old.theatre):
        return False
    return try_slot(fixed, now, p, slot, bound)


@compiled
def admit(fixed: Fixed, now: State, p: int, bound: Bound) -> bool:
    """Admit a patient who waits: a random slot, or now and then the best of all."""
    if share(now) < 0.001:
        slot = best_slot(fixed, now, p, bound)
        return slot.day >= 0 and try_slot(fixed, now, p, slot, bound)
    d = good_day(fixed, now, p)
    r = good_room(fixed, now, p, d)
    if r < 0:
        if share(now) < 0.9:
            return False
        r = some_room(fixed, now, p)
    return try_slot(fixed, now, p, slot_at(d, r, good_theatre(fixed, now, p, d)), bound)


@inlined
def _may_have(fixed: Fixed, p: int, slot: Slot) -> bool:
    if not fixed.may_day[p, slot.day] or not fixed.may_room[p, slot.room]:
        return False
    return slot.theatre < 0 or fixed.may_theatre[p, slot.theatre]


@compiled
def _clashes(fixed: Fixed, now: State, p: int, slot: Slot, gone: int) -> int:
    """Give the days on which a room would be too full or mixed with a patient in it once somebody else has gone."""
    r = slot.room
    gender = fixed.person[p, GENDER]
    first = now.who[gone, DAY]
    last = last_day(fixed, gone, first)
    is_alike = fixed.person[gone, GENDER] == gender
    days = 0
    for d in range(slot.day, last_day(fixed, p, slot.day)):
        n = now.ward[r, d, 0]
        alike = now.ward[r, d, 1 + gender]
        if first <= d < last:
            n -= 1
            if is_alike:
                alike -= 1
        if now.who[p, ROOM] == r and now.who[p, DAY] <= d < last_day(fixed, p, now.who[p, DAY]):
            n -= 1
            alike -= 1
        if n >= fixed.capacity[r, d] or alike < n:
            days += 1
    return days


@inlined
def _overtime_with(fixed: Fixed, now: State, p: int, slot: Slot, gone: int) -> int:
    """Give minutes of overtime of a patient's operation once that of somebody else, on the same day, is not there."""
    minutes = fixed.person[p, MINUTES]
    if minutes == 0:
        return 0
    u = fixed.person[p, SURGEON]
    d = slot.day
    less = fixed.person[gone, MINUTES]
    of_surgeon: int = minutes + now.surgeon[u, d, USED] - fixed.surgeon_minutes[u, d]
    of_theatre: int = minutes + now.theatre[slot.theatre, d, USED] - fixed.theatre_minutes[slot.theatre, d]
    if fixed.person[gone, SURGEON] == u:
        of_surgeon -= less
    if now.who[gone, THEATRE] == slot.theatre:
        of_theatre -= less
    if now.who[p, DAY] == d:
        of_surgeon -= minutes
        if now.who[p, THEATRE] == slot.theatre:
            of_theatre -= minutes
    return max(0, of_surgeon) + max(0, of_theatre)


@compiled
def _is_hopeless(fixed: Fixed, now: State, p: int, slot: Slot, gone: int, bound: Bound) -> bool:
    """Tell whether a patient's move into the place of somebody else breaks rules for more than the bound.

    Looked at before a compound move is made: most of them end here, at a tenth of the price. Only when no rule is
    broken, since otherwise the way out may lead through such a move.
    """
    if now.total[OVERTIME] <= 0 and bound.overtime * _overtime_with(fixed, now, p, slot, gone) > bound.limit + HOPE:
        return True
    return now.total[CROWD] <= 0 and bound.crowd * _clashes(fixed, now, p, slot, gone) > bound.limit + HOPE


@compiled
def swap(fixed: Fixed, now: State, p: int, q: int, bound: Bound) -> bool:
    """Let two patients exchange rooms, if their stays overlap, or everything."""
    a = slot_of(now, p)
    b = slot_of(now, q)
    if share(now) < 0.6:
        # Rooms can be exchanged only while both lie there.
        if a.room == b.room or b.day >= a.day + fixed.person[p, STAY] or a.day >= b.day + fixed.person[q, STAY]:
            return False
        new_a = slot_at(a.day, b.room, a.theatre)
        new_b = slot_at(b.day, a.room, b.theatre)
    else:
        # A patient without an operation cannot take over a theatre.
        if (a.theatre < 0) != (b.theatre < 0):
            return False
        new_a = b
        new_b = a
    if not _may_have(fixed, p, new_a) or not _may_have(fixed, q, new_b):
        return False
    if _is_hopeless(fixed, now, p, new_a, q, bound) or _is_hopeless(fixed, now, q, new_b, p, bound):
        return False
    begin(now)
    place(fixed, now, p, new_a)
    place(fixed, now, q, new_b)
    return decide(fixed, now, bound)


@inlined
def _is_moved(now: State, p: int) -> bool:
    is_found = False
    for k in range(1, now.journal[0, 0] + 1):
        is_found = is_found or now.journal[k, 0] == p
    return is_found


@compiled
def _blocker_in_room(fixed: Fixed, now: State, p: int) -> int:
    """Give somebody who shares an overfull or mixed room with a patient and can be moved, or -1."""
    size = fixed.size
    r = now.who[p, ROOM]
    first = 1 + size.genders + size.ages
    d1 = now.who[p, DAY]
    for d in range(d1, last_day(fixed, p, d1)):
        n = now.ward[r, d, 0]
        most = 0
        for g in range(size.genders):
            most = max(most, now.ward[r, d, 1 + g])
        if n <= fixed.capacity[r, d] and most == n:
            continue
        start = below(now, n)
        for k in range(n):
            at = start + k
            if at >= n:
                at -= n
            q = now.ward[r, d, first + at]
            is_other = most == n or fixed.person[q, 1] != fixed.person[p, 1]  # column 1 is the gender
            if q < size.patients and is_other and not _is_moved(now, q):
                return wide(q)
    return -1


@compiled
def _blocker_in_theatre(fixed: Fixed, now: State, p: int) -> int:
    """Give somebody whose operation makes the patient's theatre or surgeon work overtime, or -1."""
    d = now.who[p, DAY]
    t = now.who[p, THEATRE]
    if t < 0:
        return -1
    if now.theatre[t, d, USED] > fixed.theatre_minutes[t, d]:
        n = now.theatre[t, d, COUNT]
        start = below(now, n)
        for k in range(n):
            q = now.theatre[t, d, LIST + (start + k) % n]
            if not _is_moved(now, q):
                return wide(q)
    u = fixed.person[p, SURGEON]
    if now.surgeon[u, d, USED] > fixed.surgeon_minutes[u, d]:
        start = below(now, fixed.size.theatres)
        for k in range(fixed.size.theatres):
            other = (start + k) % fixed.size.theatres
            for at in range(now.theatre[other, d, COUNT]):
                q = now.theatre[other, d, LIST + at]
                if fixed.person[q, SURGEON] == u and not _is_moved(now, q):
                    return wide(q)
    return -1


@compiled
def chain(fixed: Fixed, now: State, p: int, bound: Bound) -> bool:
    """Give a patient any slot, then move on whoever stands in the way, and whoever stands in their way.

    An ejection chain over room-days, theatre-days and surgeon-days; all of it is kept or nothing.
    """
    d = some_day(fixed, now, p)
    r = some_room(fixed, now, p)
    t = good_theatre(fixed, now, p, d) if share(now) < 0.5 else some_theatre(fixed, now, p, d)
    if d == now.who[p, DAY] and r == now.who[p, ROOM]:
        return False
    begin(now)
    place(fixed, now, p, slot_at(d, r, t))
    last = p
    for _ in range(CHAIN_LENGTH):
        if now.delta[CROWD] <= 0 and now.delta[OVERTIME] <= 0:
            break
        if now.who[last, DAY] < 0:
            break
        q = _blocker_in_room(fixed, now, last)
        if q < 0:
            q = _blocker_in_theatre(fixed, now, last)
        if q < 0:
            break
        slot = good_slot(fixed, now, q, CHAIN_TRIES, bound)
        told = evaluate(fixed, now, q, slot, Bound(1e18, bound.crowd, bound.overtime))
        cost = told.soft + bound.crowd * told.crowd + bound.overtime * told.overtime
        # Sending an optional blocker home may be cheaper than any place.
        if fixed.person[q, IS_MANDATORY] == 0:
            gone = evaluate(fixed, now, q, slot_at(-1, -1, -1), Bound(1e18, bound.crowd, bound.overtime))
            if gone.soft + bound.crowd * gone.crowd + bound.overtime * gone.overtime < cost:
                slot = slot_at(-1, -1, -1)
        place(fixed, now, q, slot)
        if slot.day >= 0 and (now.delta[CROWD] > 0 or now.delta[OVERTIME] > 0):
            is_settled = _blocker_in_room(fixed, now, p) < 0 and _blocker_in_theatre(fixed, now, p) < 0
            last = q if is_settled else p
    return decide(fixed, now, bound)


@compiled
def take_over(fixed: Fixed, now: State, p: int, q: int, bound: Bound) -> bool:
    """Give a patient the day and room of another, who goes elsewhere, or home if optional."""
    slot = slot_of(now, q)
    t = good_theatre(fixed, now, p, slot.day)
    new = slot_at(slot.day, slot.room, t)
    if not _may_have(fixed, p, new) or _is_hopeless(fixed, now, p, new, q, bound):
        return False
    begin(now)
    if fixed.person[q, IS_MANDATORY] == 0 and share(now) < 0.3:
        place(fixed, now, q, slot_at(-1, -1, -1))
        place(fixed, now, p, slot_at(slot.day, slot.room, good_theatre(fixed, now, p, slot.day)))
    else:
        place(fixed, now, p, new)
        place(fixed, now, q, good_slot(fixed, now, q, 2, bound))
    return decide(fixed, now, bound)


@compiled
def some_partner(fixed: Fixed, now: State, p: int) -> int:
    """Give another patient to exchange with, mostly one of the same surgeon.

    Where operating time is short, only patients of one surgeon can change days with each other: drawing among all
    would waste most tries.
    """
    u = fixed.person[p, SURGEON]
    if u < 0 or share(now) < STRANGERS:
        return below(now, fixed.size.patients)
    return wide(fixed.mates[u, 1 + below(now, fixed.mates[u, 0])])


@compiled
def exchange_days(fixed: Fixed, now: State, p: int, q: int, bound: Bound) -> bool:
    """Let two patients exchange days; each then looks for a room and a theatre anew.

    Unlike :func:`swap` it does not tie the day to the room, which matters where surgeons' time and beds are both short.
    """
    a = slot_of(now, p)
    b = slot_of(now, q)
    if a.day == b.day or not fixed.may_day[p, b.day] or not fixed.may_day[q, a.day]:
        return False
    u = fixed.person[p, SURGEON]
    v = fixed.person[q, SURGEON]
    if now.total[OVERTIME] <= 0 and u >= 0 and v >= 0:
        more = fixed.person[p, MINUTES] - (fixed.person[q, MINUTES] if u == v else 0)
        less = fixed.person[q, MINUTES] - (fixed.person[p, MINUTES] if u == v else 0)
        late = max(0, now.surgeon[u, b.day, USED] + more - fixed.surgeon_minutes[u, b.day])
        late += max(0, now.surgeon[v, a.day, USED] + less - fixed.surgeon_minutes[v, a.day])
        if bound.overtime * late > bound.limit + HOPE:
            return False
    begin(now)
    place(fixed, now, q, slot_at(-1, -1, -1))
    room = good_room(fixed, now, p, b.day)
    if room < 0:
        # A bound that nothing meets: decide takes the whole move back.
        return decide(fixed, now, Bound(-1e18, 0.0, 0.0))
    place(fixed, now, p, slot_at(b.day, room, good_theatre(fixed, now, p, b.day)))
    room = good_room(fixed, now, q, a.day)
    if room < 0:
        return decide(fixed, now, Bound(-1e18, 0.0, 0.0))
    place(fixed, now, q, slot_at(a.day, room, good_theatre(fixed, now, q, a.day)))
    return decide(fixed, now, bound)


@compiled
def change_patients(fixed: Fixed, now: State, bound: Bound) -> bool:
    """Draw and try one change of patients' slots."""
    p = below(now, fixed.size.patients)
    if fixed.person[p, N_DAYS] == 0 or fixed.person[p, N_ROOMS] == 0:
        return False
    x = share(now)
    is_waiting = now.who[p, DAY] < 0
    if x < 0.015:
        return chain(fixed, now, p, bound)
    if is_waiting and x < 0.7:
        return admit(fixed, now, p, bound)
    if x < 0.7:
        return relocate(fixed, now, p, bound)
    q = some_partner(fixed, now, p)
    if q == p or now.who[q, DAY] < 0:
        return False
    if is_waiting or x >= 0.94:
        return take_over(fixed, now, p, q, bound)
    if x >= 0.87:
        return exchange_days(fixed, now, p, q, bound)
    return swap(fixed, now, p, q, bound)

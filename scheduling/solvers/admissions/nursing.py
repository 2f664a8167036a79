"""Moves of nurses between rooms; each draws a change, and keeps it if it costs no more than the bound."""

from __future__ import annotations

from scheduling.solvers.admissions.arrays import CROWD, DAY, SOFT, Bound, Fixed, State
from scheduling.solvers.admissions.chance import below, share, some_nurse, wide
from scheduling.solvers.admissions.changes import begin, last_day, set_nurse
from scheduling.solvers.admissions.evaluation import evaluate_nurse
from scheduling.solvers.admissions.room_limits import hand_over_change
from scheduling.solvers.compiling import compiled

LONGEST_BLOCK = 6
"""Days of one block of equal shifts."""


@compiled
def swap_nurses(fixed: Fixed, now: State, r: int, q: int, bound: Bound) -> bool:
    """Let the nurses of two rooms change places for a shift."""
    other = below(now, fixed.size.rooms)
    a = wide(now.nurse_of[r, q])
    b = wide(now.nurse_of[other, q])
    if a == b:
        return False
    crowd = hand_over_change(fixed, now, r, q, b)
    soft = set_nurse(fixed, now, r, q, b)
    # Told after the first step: both nurses may stand at their limits, and each gives up the room that makes place.
    crowd += hand_over_change(fixed, now, other, q, a)
    soft += set_nurse(fixed, now, other, q, a)
    if soft + bound.crowd * crowd <= bound.limit:
        now.total[SOFT] += soft
        now.total[CROWD] += crowd
        return True
    set_nurse(fixed, now, other, q, b)
    set_nurse(fixed, now, r, q, a)
    return False


@compiled
def block_of_shifts(fixed: Fixed, now: State, r: int, q: int, bound: Bound) -> bool:
    """Give a nurse the same shift of a room on several days in a row, as far as the nurse is on duty."""
    n = some_nurse(fixed, now, q)
    days = 2 + below(now, LONGEST_BLOCK - 1)
    step = fixed.size.shifts
    begin(now)
    used = 0
    soft = 0
    crowd = 0
    for k in range(days):
        at = q + k * step
        if at >= now.nurse_of.shape[1]:
            break
        now.journal[k + 1, 0] = now.nurse_of[r, at]
        used = k + 1
        if fixed.max_load[n, at] >= 0 and now.nurse_of[r, at] != n:
            crowd += hand_over_change(fixed, now, r, at, n)
            soft += set_nurse(fixed, now, r, at, n)
    if soft + bound.crowd * crowd <= bound.limit:
        now.total[SOFT] += soft
        now.total[CROWD] += crowd
        return True
    for k in range(used):
        at = q + k * step
        if now.nurse_of[r, at] != now.journal[k + 1, 0]:
            set_nurse(fixed, now, r, at, now.journal[k + 1, 0])
    return False


@compiled
def change_nurses(fixed: Fixed, now: State, bound: Bound) -> bool:
    """Draw and try one change of nurses: another one, one who knows somebody in the room, a swap or a block."""
    size = fixed.size
    r = below(now, size.rooms)
    q = below(now, now.nurse_of.shape[1])
    d = q // size.shifts
    people = now.ward[r, d, 0]
    if people == 0:
        return False
    x = share(now)
    if x < 0.25:
        return swap_nurses(fixed, now, r, q, bound)
    if x < 0.28:
        return block_of_shifts(fixed, now, r, q, bound)
    if x < 0.7:
        # A nurse who knows somebody in the room costs no further continuity.
        p = now.ward[r, d, 1 + size.genders + size.ages + below(now, people)]
        first = now.who[p, DAY] * size.shifts
        n = wide(now.nurse_of[r, first + below(now, last_day(fixed, p, now.who[p, DAY]) * size.shifts - first)])
        if fixed.max_load[n, q] < 0:
            return False
    else:
        n = some_nurse(fixed, now, q)
    if n == now.nurse_of[r, q]:
        return False
    crowd = hand_over_change(fixed, now, r, q, n)
    soft = evaluate_nurse(fixed, now, r, q, n)
    if soft + bound.crowd * crowd > bound.limit:
        return False
    set_nurse(fixed, now, r, q, n)
    now.total[SOFT] += soft
    now.total[CROWD] += crowd
    return True

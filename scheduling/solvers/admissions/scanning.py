"""Every place that a patient could have, with what it would cost: where else the patient could lie."""

from __future__ import annotations

from scheduling.solvers.admissions.arrays import (
    CROWD,
    DAY,
    N_DAYS,
    N_ROOMS,
    NEVER,
    SOFT,
    Bound,
    Fixed,
    Longs,
    State,
)
from scheduling.solvers.admissions.chance import wide
from scheduling.solvers.admissions.changes import FULL, begin, keep, place, set_nurse, slot_at
from scheduling.solvers.admissions.evaluation import evaluate, evaluate_nurse
from scheduling.solvers.admissions.room_limits import hand_over_change
from scheduling.solvers.admissions.slots import good_theatre
from scheduling.solvers.compiling import compiled

COLUMNS = 6
"""Columns of a scan: day, room, theatre, then change of soft cost, of crowding and of overtime."""


@compiled
def scan_slots(fixed: Fixed, now: State, p: int, found: Longs) -> int:
    """Evaluate every day and room of a patient, with the theatre that costs least.

    Parameters
    ----------
    fixed : Fixed
        The problem.
    now : State
        The plan, which stays as it is.
    p : int
        The patient.
    found : Longs
        Gets one row for each slot, shape ``(at least days times rooms plus 1, 6)``.

    Returns
    -------
    int
        Rows that were written; a patient who is admitted also gets the row of not being admitted, day -1.
    """
    free = Bound(1e18, 0.0, 0.0)
    n = 0
    for i in range(fixed.person[p, N_DAYS]):
        d = fixed.days[p, i]
        t = good_theatre(fixed, now, p, d)
        for k in range(fixed.person[p, N_ROOMS]):
            told = evaluate(fixed, now, p, slot_at(d, fixed.rooms[p, k], t), free)
            if told.soft < NEVER:
                found[n, 0] = d
                found[n, 1] = fixed.rooms[p, k]
                found[n, 2] = t
                found[n, 3] = told.soft
                found[n, 4] = told.crowd
                found[n, 5] = told.overtime
                n += 1
    if now.who[p, DAY] >= 0:
        told = evaluate(fixed, now, p, slot_at(-1, -1, -1), free)
        found[n, 0] = -1
        found[n, 1] = -1
        found[n, 2] = -1
        found[n, 3] = told.soft
        found[n, 4] = told.crowd
        found[n, 5] = told.overtime
        n += 1
    return n


@compiled
def move_to(fixed: Fixed, now: State, p: int, day: int, room: int, theatre: int) -> None:
    """Give a patient a slot, whatever it costs."""
    begin(now)
    place(fixed, now, p, slot_at(day, room, theatre))
    keep(now)


@compiled
def best_nurse(fixed: Fixed, now: State, r: int, q: int) -> int:
    """Give a room the nurse on duty who costs least in a shift; gives the change of soft cost.

    One more room than a nurse may have comes after every soft cost.
    """
    best = wide(now.nurse_of[r, q])
    least = 1 << 40
    for k in range(fixed.n_on_duty[q]):
        n = wide(fixed.on_duty[q, k])
        cost = 0
        if n != now.nurse_of[r, q]:
            cost = evaluate_nurse(fixed, now, r, q, n) + FULL * hand_over_change(fixed, now, r, q, n)
        if cost < least:
            least = cost
            best = n
    if best == now.nurse_of[r, q]:
        return 0
    now.total[CROWD] += hand_over_change(fixed, now, r, q, best)
    soft = set_nurse(fixed, now, r, q, best)
    now.total[SOFT] += soft
    return soft

"""First plans: made from nothing, or taken over from a plan that is there."""

from __future__ import annotations

from scheduling.solvers.admissions.arrays import (
    DAY,
    IS_MANDATORY,
    ROOM,
    SOFT,
    THEATRE,
    Bound,
    Fixed,
    Ints,
    State,
)
from scheduling.solvers.admissions.chance import some_nurse
from scheduling.solvers.admissions.changes import begin, insert, keep, own_cost, place, slot_at
from scheduling.solvers.admissions.room_limits import count_all, has_limits
from scheduling.solvers.admissions.slots import best_slot
from scheduling.solvers.compiling import compiled


@compiled
def any_nurses(fixed: Fixed, now: State) -> None:
    """Give every room of an empty plan some nurse on duty in every shift."""
    for q in range(now.nurse_of.shape[1]):
        for r in range(fixed.size.rooms):
            now.nurse_of[r, q] = some_nurse(fixed, now, q)


@compiled
def settle_occupants(fixed: Fixed, now: State, rooms: Ints) -> None:
    """Put occupants into their rooms and count every patient as not admitted.

    Crowding among occupants alone is not counted: no plan can avoid it. Rooms too many of a nurse are: a plan can.

    Parameters
    ----------
    fixed : Fixed
        The problem.
    now : State
        A plan with nurses and without people.
    rooms : Ints
        Room of each occupant.
    """
    size = fixed.size
    for p in range(size.patients):
        now.total[SOFT] += own_cost(fixed, p, slot_at(-1, -1, -1))
    for k in range(size.people - size.patients):
        told = insert(fixed, now, size.patients + k, slot_at(0, rooms[k], -1))
        now.total[SOFT] += told.soft
    if has_limits(fixed, now):
        count_all(fixed, now)


@compiled
def admit_mandatory(fixed: Fixed, now: State, bound: Bound) -> None:
    """Admit every mandatory patient at the slot that is best at the time."""
    for p in range(fixed.size.patients):
        if fixed.person[p, IS_MANDATORY] == 1:
            slot = best_slot(fixed, now, p, bound)
            if slot.day >= 0:
                begin(now)
                place(fixed, now, p, slot)
                keep(now)


@compiled
def take_over_stays(fixed: Fixed, now: State, who: Ints) -> None:
    """Admit patients as another plan does.

    Parameters
    ----------
    fixed : Fixed
        The problem.
    now : State
        A plan with nurses and occupants.
    who : Ints
        Day, room and theatre of everybody.
    """
    for p in range(fixed.size.patients):
        if who[p, DAY] >= 0:
            begin(now)
            place(fixed, now, p, slot_at(who[p, DAY], who[p, ROOM], who[p, THEATRE]))
            keep(now)

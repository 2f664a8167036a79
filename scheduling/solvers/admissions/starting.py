"""First plans: made from nothing, or taken over from a plan that is there."""

from __future__ import annotations

from typing import NamedTuple

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
from scheduling.solvers.admissions.slots import best_slot, good_slot
from scheduling.solvers.compiling import compiled


class Some(NamedTuple):
    """Patients from ``first`` on, ``after`` left out; ``tries`` slots by chance are looked at, all of them for 0."""

    first: int
    after: int
    tries: int


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
def admit_mandatory(fixed: Fixed, now: State, bound: Bound, some: Some) -> None:
    """Admit some of the mandatory patients, each at the slot that is best at the time.

    Parameters
    ----------
    fixed : Fixed
        The problem.
    now : State
        The plan.
    bound : Bound
        Prices of broken rules; its limit is not used.
    some : Some
        Which patients, and how thoroughly slots are looked for.
    """
    for p in range(some.first, some.after):
        if fixed.person[p, IS_MANDATORY] == 1:
            slot = good_slot(fixed, now, p, some.tries, bound) if some.tries > 0 else best_slot(fixed, now, p, bound)
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

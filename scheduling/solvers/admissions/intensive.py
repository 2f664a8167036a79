"""Beds of intensive care after operations: one unit of the house, whose beds all rooms' patients share.

The unit is the row after the last surgeon, with beds in the place of minutes (see :class:`arrays.Fixed`).
"""

from __future__ import annotations

from scheduling.solvers.admissions.arrays import INTENSIVE, USED, Fixed, Slot, State
from scheduling.solvers.compiling import compiled, inlined


@inlined
def _end(fixed: Fixed, p: int, d: int) -> int:
    """Give the first day on which a patient no longer lies there."""
    end: int = d + fixed.person[p, INTENSIVE]
    return min(end, fixed.size.days)


@compiled
def book_bed(fixed: Fixed, now: State, p: int, slot: Slot, sign: int) -> int:
    """Take (+1) or give back (-1) a bed for a person's first days; gives the change of people too many.

    Parameters
    ----------
    fixed : Fixed
        The problem.
    now : State
        The plan, which changes.
    p : int
        The person, who needs intensive care.
    slot : Slot
        Where and from when the person lies.
    sign : int
        1 or -1.
    """
    unit = fixed.surgeon_minutes.shape[0] - 1
    crowd = 0
    for d in range(slot.day, _end(fixed, p, slot.day)):
        used = now.surgeon[unit, d, USED]
        beds = fixed.surgeon_minutes[unit, d]
        if sign > 0 and used >= beds:
            crowd += 1
        elif sign < 0 and used > beds:
            crowd -= 1
        now.surgeon[unit, d, USED] = used + sign
    return crowd


@compiled
def bed_change(fixed: Fixed, now: State, p: int, old: Slot, new: Slot) -> int:
    """Give what another slot changes of people too many in intensive care; day -1 is none.

    Parameters
    ----------
    fixed : Fixed
        The problem.
    now : State
        The plan, which stays as it is.
    p : int
        The patient, who needs intensive care.
    old, new : Slot
        The slot that the patient has, and the other one.
    """
    unit = fixed.surgeon_minutes.shape[0] - 1
    end_old = _end(fixed, p, old.day) if old.day >= 0 else -1
    end_new = _end(fixed, p, new.day) if new.day >= 0 else -1
    crowd = 0
    if old.day >= 0:
        for d in range(old.day, end_old):
            # Days of both stays change nothing.
            if not (new.day <= d < end_new) and now.surgeon[unit, d, USED] > fixed.surgeon_minutes[unit, d]:
                crowd -= 1
    if new.day >= 0:
        for d in range(new.day, end_new):
            if not (old.day <= d < end_old) and now.surgeon[unit, d, USED] >= fixed.surgeon_minutes[unit, d]:
                crowd += 1
    return crowd

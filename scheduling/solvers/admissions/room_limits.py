"""Limits of how many occupied rooms a nurse looks after in a shift.

Rooms stand to the right of the work of each nurse, and their limits to the right of the limits of work (see
:class:`arrays.Fixed`); where there are none, nothing here is computed.
"""

from __future__ import annotations

from scheduling.solvers.admissions.arrays import CROWD, STAY, Fixed, Slot, State
from scheduling.solvers.compiling import compiled, inlined


@inlined
def has_limits(fixed: Fixed, now: State) -> bool:
    """Tell whether any nurse's rooms are limited."""
    is_limited: bool = fixed.max_load.shape[1] > now.nurse_of.shape[1]
    return is_limited


@inlined
def _more(fixed: Fixed, now: State, n: int, q: int) -> int:
    """Give rooms too many that one room more would be for a nurse."""
    at = now.nurse_of.shape[1] + q
    return 1 if now.load[n, at] >= fixed.max_load[n, at] else 0


@inlined
def _less(fixed: Fixed, now: State, n: int, q: int) -> int:
    """Give rooms too many that one room less would save a nurse."""
    at = now.nurse_of.shape[1] + q
    return 1 if now.load[n, at] > fixed.max_load[n, at] else 0


@compiled
def open_room(fixed: Fixed, now: State, r: int, d: int, sign: int) -> int:
    """Count a room that becomes occupied (+1) or empty (-1) on a day; gives the change of rooms too many.

    Parameters
    ----------
    fixed : Fixed
        The problem.
    now : State
        The plan, whose counts of rooms change.
    r, d, sign : int
        Room, day, and 1 or -1.
    """
    crowd = 0
    for q in range(d * fixed.size.shifts, (d + 1) * fixed.size.shifts):
        n = now.nurse_of[r, q]
        crowd += _more(fixed, now, n, q) if sign > 0 else -_less(fixed, now, n, q)
        now.load[n, now.nurse_of.shape[1] + q] += sign
    return crowd


@inlined
def hand_over(now: State, old: int, new: int, q: int) -> None:
    """Count an occupied room that goes from one nurse to another for a shift."""
    now.load[old, now.nurse_of.shape[1] + q] -= 1
    now.load[new, now.nurse_of.shape[1] + q] += 1


@inlined
def hand_over_change(fixed: Fixed, now: State, r: int, q: int, n: int) -> int:
    """Give what another nurse for a room and shift changes of rooms too many.

    Parameters
    ----------
    fixed : Fixed
        The problem.
    now : State
        The plan, which stays as it is.
    r, q, n : int
        Room, shift counted through the horizon, nurse.
    """
    change: int = 0
    if has_limits(fixed, now):
        old = now.nurse_of[r, q]
        # An empty room is nobody's work.
        if old != n and now.ward[r, q // fixed.size.shifts, 0] > 0:
            change = _more(fixed, now, n, q) - _less(fixed, now, old, q)
    return change


@compiled
def stay_change(fixed: Fixed, now: State, p: int, old: Slot, new: Slot) -> int:
    """Give what another slot of a patient changes of rooms too many: rooms become empty, and others occupied.

    Parameters
    ----------
    fixed : Fixed
        The problem.
    now : State
        The plan, which stays as it is.
    p : int
        The patient.
    old, new : Slot
        The slot that the patient has, and the other one; day -1 is none.
    """
    days = fixed.size.days
    end_old = min(old.day + fixed.person[p, STAY], days) if old.day >= 0 else -1
    end_new = min(new.day + fixed.person[p, STAY], days) if new.day >= 0 else -1
    first = min(old.day, new.day) if min(old.day, new.day) >= 0 else max(old.day, new.day)
    crowd = 0
    for d in range(first, max(end_old, end_new)):
        was = old.day <= d < end_old
        will = new.day <= d < end_new
        # The same room on a day of both stays is neither left nor entered.
        is_kept = was and will and old.room == new.room
        is_left = was and not is_kept and now.ward[old.room, d, 0] == 1
        is_entered = will and not is_kept and now.ward[new.room, d, 0] == 0
        if is_left or is_entered:
            for q in range(d * fixed.size.shifts, (d + 1) * fixed.size.shifts):
                a = now.nurse_of[old.room, q] if is_left else -1
                b = now.nurse_of[new.room, q] if is_entered else -1
                # A nurse who gives one room up and gets another has as many as before.
                if a != b:
                    crowd -= _less(fixed, now, a, q) if is_left else 0
                    crowd += _more(fixed, now, b, q) if is_entered else 0
    return crowd


@compiled
def count_all(fixed: Fixed, now: State) -> None:
    """Add the rooms too many of a plan that has just been begun to its sum, since nothing has counted them yet."""
    n_all = now.nurse_of.shape[1]
    for n in range(fixed.size.nurses):
        for q in range(n_all):
            now.total[CROWD] += max(0, now.load[n, n_all + q] - fixed.max_load[n, n_all + q])

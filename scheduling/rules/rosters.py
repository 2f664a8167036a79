"""What rosters hand on from week to week, and what the law adds to shifts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from scheduling.model.rosters import (
    LEGAL_REST_MINUTES,
    Assignment,
    Employee,
    History,
    Roster,
    RosterProblem,
    Shift,
)

DAY_MINUTES = 24 * 60


def with_legal_rest(shifts: Iterable[Shift], rest_minutes: int = LEGAL_REST_MINUTES) -> tuple[Shift, ...]:
    """Give shifts that also forbid what would leave too little rest until the next day's shift.

    Parameters
    ----------
    shifts : Iterable[Shift]
        Those without a known start forbid nothing more.
    rest_minutes : int
        Least rest between the end of one shift and the start of the next.
    """
    known = list(shifts)
    found = []
    for shift in known:
        end = shift.start_minute + shift.minutes
        early = {
            other.id
            for other in known
            if shift.start_minute >= 0
            and other.start_minute >= 0
            and other.start_minute + DAY_MINUTES - end < rest_minutes
        }
        found.append(replace(shift, forbidden_next=shift.forbidden_next | early))
    return tuple(found)


def with_cells(roster: Roster, cells: Iterable[Assignment]) -> Roster:
    """Give a roster with some days of some people otherwise.

    Parameters
    ----------
    roster : Roster
        As it is.
    cells : Iterable[Assignment]
        What these days are to be; an empty shift is a day off.
    """
    new = {(cell.employee, cell.day): cell for cell in cells}
    kept = [one for one in roster.assignments if (one.employee, one.day) not in new]
    return Roster(assignments=(*kept, *(cell for cell in new.values() if cell.shift)))


def cells_at(roster: Roster, cells: Iterable[Assignment]) -> tuple[Assignment, ...]:
    """Give what the days of some cells are at present; an empty shift is a day off."""
    held = {(one.employee, one.day): one for one in roster.assignments}
    return tuple(
        held.get((cell.employee, cell.day), Assignment(employee=cell.employee, day=cell.day, shift=""))
        for cell in cells
    )


def histories_after(problem: RosterProblem, roster: Roster) -> tuple[History, ...]:
    """Give what each employee has done when a roster is over, in the employees' order.

    Parameters
    ----------
    problem : RosterProblem
        The roster's problem with the histories before.
    roster : Roster
        The roster.
    """
    worked: dict[str, dict[int, str]] = {employee.id: {} for employee in problem.employees}
    for found in roster.assignments:
        worked[found.employee][found.day] = found.shift
    return tuple(_after(problem, employee, worked[employee.id]) for employee in problem.employees)


def _after(problem: RosterProblem, employee: Employee, worked: dict[int, str]) -> History:
    before = employee.history
    shift, shift_run, work_run, off_run = before.last_shift, before.shift_run, before.work_run, before.off_run
    for day in range(problem.days):
        today = worked.get(day, "")
        if today:
            shift_run = shift_run + 1 if today == shift else 1
            work_run, off_run = work_run + 1, 0
        else:
            # A day off ends every run.
            shift_run, work_run, off_run = 0, 0, off_run + 1
        shift = today
    busy = sum(any(day in worked for day in days) for days in problem.weekends())
    return History(
        last_shift=shift,
        shift_run=shift_run,
        work_run=work_run,
        off_run=off_run,
        assignments=before.assignments + len(worked),
        weekends=before.weekends + busy,
    )

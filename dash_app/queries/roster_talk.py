"""A kept roster as a planner argues with it: its days, what a day could be, and what is pinned."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from scheduling.model.plans import PlanKind
from scheduling.model.rosters import Assignment
from scheduling.service import roster_talk
from scheduling.service.roster_board import Choice, RosterBoard
from scheduling.tables.plans import PlanRow


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRoster:
    """A kept roster.

    Parameters
    ----------
    id, title : str
        As kept.
    start_at : int
        Midnight before its first day, UTC microseconds.
    board : RosterBoard
        Problem and roster, ready for questions.
    """

    id: str
    title: str
    start_at: int
    board: RosterBoard

    @property
    def pins(self) -> tuple[Assignment, ...]:
        """Days that are pinned, by person and day."""
        return tuple(sorted(self.board.problem.pins, key=lambda one: (one.employee, one.day)))

    def shift_by_day(self, employee: str) -> dict[int, str]:
        """Give somebody's shifts by day."""
        return {one.day: one.shift for one in self.board.roster.assignments if one.employee == employee}


def kept_roster(session: Session, plan: str) -> KeptRoster | None:
    """Give a kept roster, None if there is none of this id or it is a plan of something else."""
    row = session.get(PlanRow, plan) if plan else None
    if row is None or row.kind != PlanKind.ROSTER.value:
        return None
    return KeptRoster(
        id=row.id, title=row.title, start_at=row.start_at, board=RosterBoard(*roster_talk.content_of(row))
    )


def choices(found: KeptRoster, employee: str, day: int) -> list[Choice]:
    """Give everything that a day of somebody could be, the best first; nothing if there is no such day."""
    if employee not in found.board.employees or not 0 <= day < found.board.problem.days:
        return []
    return found.board.alternatives(employee, day)

"""Who and what a kept plan of admissions could lose, and what a repair without them would change."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from scheduling.checker.admissions import check_admissions
from scheduling.service import talk
from scheduling.service.repairing import Outage, Repaired, repair


@dataclass(frozen=True, slots=True, kw_only=True)
class Absentees:
    """Who and what a plan counts on.

    Parameters
    ----------
    start_at : int
        Midnight before the plan's first day, UTC microseconds.
    days : int
        Its length.
    shift_types : tuple[str, ...]
        Names of a day's shifts.
    nurses, surgeons, theatres : tuple[str, ...]
        Ids.
    """

    start_at: int
    days: int
    shift_types: tuple[str, ...]
    nurses: tuple[str, ...]
    surgeons: tuple[str, ...]
    theatres: tuple[str, ...]


def absentees(session: Session, plan: str) -> Absentees:
    """Give who and what a kept plan counts on.

    Raises
    ------
    NotFound, InputError
        If there is no such plan, or it is a roster.
    """
    row = talk.row_of(session, plan)
    problem, _ = talk.content_of(row)
    return Absentees(
        start_at=row.start_at,
        days=problem.days,
        shift_types=problem.shift_types,
        nurses=tuple(one.id for one in problem.nurses),
        surgeons=tuple(one.id for one in problem.surgeons),
        theatres=tuple(one.id for one in problem.theatres),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A repair that is not kept.

    Parameters
    ----------
    start_at : int
        Midnight before the plan's first day, UTC microseconds.
    shift_types : tuple[str, ...]
        Names of a day's shifts.
    repaired : Repaired
        What it would change.
    broken_before, broken_after : int
        Rules that must hold and are broken, each place counted.
    """

    start_at: int
    shift_types: tuple[str, ...]
    repaired: Repaired
    broken_before: int
    broken_after: int


def tried(session: Session, plan: str, outage: Outage) -> Tried:
    """Give what a repair would change.

    Raises
    ------
    NotFound, InputError
        As of ``scheduling.service.talk.try_repair``.
    """
    row = talk.row_of(session, plan)
    problem, kept = talk.content_of(row)
    repaired = repair(problem, kept, outage)
    return Tried(
        start_at=row.start_at,
        shift_types=problem.shift_types,
        repaired=repaired,
        broken_before=len(check_admissions(problem, kept).violations),
        broken_after=len(check_admissions(repaired.problem, repaired.edited.plan).violations),
    )

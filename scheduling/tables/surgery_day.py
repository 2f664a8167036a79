"""Rows of the day-of-surgery board: one case each."""

from __future__ import annotations

from sqlalchemy import BigInteger
from sqlmodel import Field, Session, SQLModel, col, select

from scheduling.model.surgery_day import Case, CaseStatus
from twin.errors import NotFound

MOST_CASES = 2000
"""Cases of one day that are read; the largest hospitals operate some hundred."""

MOST_PAST = 20_000
"""Cases of all days that are read at once: half a year of the largest hospitals."""


class CaseRow(SQLModel, table=True):
    """A case of a day."""

    __tablename__ = "scheduling_case"

    day_at: int = Field(primary_key=True, sa_type=BigInteger)
    id: str = Field(primary_key=True)
    theatre: str
    surgeon: str = ""
    position: int
    planned_start_at: int = Field(sa_type=BigInteger)
    planned_minutes: int
    is_emergency: bool = False
    status: str = CaseStatus.PLANNED.value
    started_at: int = Field(default=0, sa_type=BigInteger)
    ended_at: int = Field(default=0, sa_type=BigInteger)
    reason: str = ""
    version: int = 1

    def case(self) -> Case:
        """Give the row as a value."""
        return Case(
            id=self.id,
            theatre=self.theatre,
            surgeon=self.surgeon,
            position=self.position,
            planned_start_at=self.planned_start_at,
            planned_minutes=self.planned_minutes,
            is_emergency=self.is_emergency,
            status=CaseStatus(self.status),
            started_at=self.started_at,
            ended_at=self.ended_at,
            reason=self.reason,
            version=self.version,
        )


def rows_of_day(session: Session, day_at: int) -> list[CaseRow]:
    """Give the rows of a day, by theatre and position.

    Parameters
    ----------
    session : Session
        May be a reading session.
    day_at : int
        Midnight before the day, UTC microseconds.
    """
    query = (
        select(CaseRow)
        .where(col(CaseRow.day_at) == day_at)
        .order_by(col(CaseRow.theatre), col(CaseRow.position), col(CaseRow.id))
        .limit(MOST_CASES)
    )
    return list(session.exec(query))


def cases_between(session: Session, since: int, until: int) -> list[tuple[int, Case]]:
    """Give cases of the days that begin within a time, each with the midnight before its day.

    Parameters
    ----------
    session : Session
        May be a reading session.
    since, until : int
        UTC microseconds, the first included.
    """
    query = (
        select(CaseRow)
        .where(col(CaseRow.day_at) >= since, col(CaseRow.day_at) < until)
        # The newest: what a spread is learnt from should be how the house works now.
        .order_by(col(CaseRow.day_at).desc(), col(CaseRow.id))
        .limit(MOST_PAST)
    )
    return [(row.day_at, row.case()) for row in session.exec(query)]


def row_of_case(session: Session, day_at: int, case: str) -> CaseRow:
    """Give the row of a case.

    Raises
    ------
    NotFound
        If the day has no such case.
    """
    row = session.get(CaseRow, (day_at, case))
    if row is None:
        raise NotFound("case", case)
    return row


def save_case(session: Session, day_at: int, case: Case) -> None:
    """Write a case, new or changed."""
    row = session.get(CaseRow, (day_at, case.id)) or CaseRow(
        day_at=day_at, id=case.id, theatre="", position=0, planned_start_at=0, planned_minutes=1
    )
    row.theatre, row.surgeon, row.position = case.theatre, case.surgeon, case.position
    row.planned_start_at, row.planned_minutes = case.planned_start_at, case.planned_minutes
    row.is_emergency, row.status = case.is_emergency, case.status.value
    row.started_at, row.ended_at = case.started_at, case.ended_at
    row.reason, row.version = case.reason, case.version
    session.add(row)
    session.flush()


def delete_case(session: Session, day_at: int, case: str) -> None:
    """Forget a case that was never acted on."""
    row = session.get(CaseRow, (day_at, case))
    if row is not None:
        session.delete(row)
        session.flush()

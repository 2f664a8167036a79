"""Rows of plans: drafts with their problem and check, and the ones that were published."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import BigInteger, LargeBinary, func
from sqlmodel import Field, Session, SQLModel, col, select

from scheduling.model.plans import PlanStatus
from twin.errors import NotFound

MOST_IN_FORCE = 200
"""Rosters in force at once, one for each ward."""


class PlanRow(SQLModel, table=True):
    """A plan; problem, plan and check are JSON and never change once stored.

    Drafts that come from each other share ``number`` and are counted by ``draft``; ``based_on`` is the id of the one
    from which a draft was made, empty for the first.
    """

    __tablename__ = "scheduling_plan"

    id: str = Field(primary_key=True)
    kind: str
    title: str = ""
    number: int = Field(default=0, index=True)
    draft: int = 1
    based_on: str = ""
    status: str = Field(default=PlanStatus.DRAFT.value, index=True)
    start_at: int = Field(sa_type=BigInteger)
    zone: str = "UTC"
    place: str = ""
    days: int
    cost: int = Field(sa_type=BigInteger)
    n_violations: int = 0
    content_hash: str
    problem: bytes = Field(sa_type=LargeBinary)
    plan: bytes = Field(sa_type=LargeBinary)
    report: bytes = Field(sa_type=LargeBinary)
    created_at: int = Field(sa_type=BigInteger)
    created_by: str
    published_at: int = Field(default=0, sa_type=BigInteger)
    published_by: str = ""
    overrides: str = "[]"
    version: int = 1


def load_plan_row(session: Session, plan: str, *, lock: bool = False) -> PlanRow:
    """Give the row of a plan.

    Parameters
    ----------
    session : Session
        The transaction.
    plan : str
        Its id.
    lock : bool
        Whether others must wait until this transaction ends.

    Raises
    ------
    NotFound
        If there is none.
    """
    row = session.get(PlanRow, plan, with_for_update=lock, populate_existing=lock)
    if row is None:
        raise NotFound("plan", plan)
    return row


def numbered(session: Session, based_on: str) -> tuple[int, int]:
    """Give number and draft of a plan that is about to be kept.

    Parameters
    ----------
    session : Session
        The transaction that keeps it; the one writer lets no other count at the same time.
    based_on : str
        Id of the draft that it changes; empty for a plan of its own, which gets the next number.

    Raises
    ------
    NotFound
        If there is no such draft.
    """
    if not based_on:
        return (session.exec(select(func.max(col(PlanRow.number)))).one() or 0) + 1, 1
    number = load_plan_row(session, based_on).number
    last = session.exec(select(func.max(col(PlanRow.draft))).where(col(PlanRow.number) == number)).one()
    return number, (last or 0) + 1


def draft_numbers(session: Session, plans: Iterable[str]) -> dict[str, int]:
    """Give which draft of its plan each is, by id; those that there are not are left out.

    Parameters
    ----------
    session : Session
        May be a reading session.
    plans : Iterable[str]
        Ids of kept plans.
    """
    wanted = {plan for plan in plans if plan}
    if not wanted:
        return {}
    found = session.exec(select(PlanRow.id, PlanRow.draft).where(col(PlanRow.id).in_(wanted)))
    return dict(found.all())


def save_plan_row(session: Session, row: PlanRow) -> None:
    """Write a row, new or changed."""
    session.add(row)
    session.flush()


def published_rows(session: Session, kind: str, place: str | None = None) -> list[PlanRow]:
    """Give the rows of plans of a kind that are in force, the newest first; of a place one at most but for a moment.

    Parameters
    ----------
    session : Session
        May be a reading session.
    kind : str
        Of the plans.
    place : str or None
        Only that of this place; all by default.
    """
    query = select(PlanRow).where(col(PlanRow.status) == PlanStatus.PUBLISHED.value, col(PlanRow.kind) == kind)
    if place is not None:
        query = query.where(col(PlanRow.place) == place)
    # All, not one of each place: publishing replaces whatever is in force.
    newest = query.order_by(col(PlanRow.published_at).desc(), col(PlanRow.id).desc())
    return list(session.exec(newest.limit(MOST_IN_FORCE)))


def once_published_rows(session: Session, kind: str, *, since: int, until: int, limit: int = 200) -> list[PlanRow]:
    """Give the rows of plans of a kind that were in force at some time, in the order in which they were published.

    Parameters
    ----------
    session : Session
        May be a reading session.
    kind : str
        Of the plans.
    since, until : int
        They begin from here on, and before there; UTC microseconds.
    limit : int
        Largest number of rows, the newest.
    """
    query = (
        select(PlanRow)
        .where(col(PlanRow.kind) == kind, col(PlanRow.published_at) > 0)
        .where(col(PlanRow.start_at) >= since, col(PlanRow.start_at) < until)
        .order_by(col(PlanRow.published_at).desc(), col(PlanRow.id).desc())
        .limit(limit)
    )
    return list(session.exec(query))[::-1]


def list_plan_rows(session: Session, *, before: str = "", limit: int = 50) -> list[PlanRow]:
    """Give rows, the newest first, a page at a time.

    Parameters
    ----------
    session : Session
        May be a reading session.
    before : str
        Id of the last row of the page before.
    limit : int
        Largest number of rows.
    """
    query = select(PlanRow).order_by(col(PlanRow.id).desc()).limit(limit)
    if before:
        query = query.where(col(PlanRow.id) < before)
    return list(session.exec(query))

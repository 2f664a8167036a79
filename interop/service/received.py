"""What came in, as people look at it: connections and their figures, messages without their content."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlmodel import Session

from interop.service.messages import Outcome
from interop.tables import MESSAGES
from twin.clock import HOUR_US


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceView:
    """One connection as the page of interfaces shows it."""

    source: str
    messages: int
    last_at: int
    last_hour: int
    duplicates: int
    stored_only: int
    dead_letters: int
    unknown_triggers: int


def interfaces(session: Session, *, now: int) -> list[InterfaceView]:
    """Give every connection that ever spoke, by name.

    Parameters
    ----------
    session : Session
        Any.
    now : int
        UTC microseconds.
    """
    table = MESSAGES.c
    dead = table.outcome.in_((Outcome.DEAD, Outcome.UNREADABLE))

    def count(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.count().filter(condition)

    query = (
        select(
            table.source,
            func.count(),
            func.max(table.received_at),
            count(table.received_at > now - HOUR_US),
            func.sum(table.duplicates),
            count(table.outcome == Outcome.STORED),
            count(dead),
            count(table.notes.contains("trigger_unknown")),
        )
        .group_by(table.source)
        .order_by(table.source)
    )
    return [
        InterfaceView(
            source=row[0],
            messages=row[1],
            last_at=row[2],
            last_hour=row[3],
            duplicates=int(row[4]),
            stored_only=row[5],
            dead_letters=row[6],
            unknown_triggers=row[7],
        )
        for row in session.execute(query)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageView:
    """One message without its content."""

    number: int
    source: str
    kind: str
    trigger: str
    received_at: int
    outcome: str
    notes: str
    problem: str
    events: int
    attempts: int
    duplicates: int


def messages(
    session: Session, *, source: str = "", outcome: str = "", before: int = 0, limit: int = 50
) -> list[MessageView]:
    """Give messages, the newest first.

    Parameters
    ----------
    session : Session
        Any.
    source, outcome : str, optional
        Only those; empty for all.
    before : int, optional
        Only numbers below; 0 for all.
    limit : int, optional
        At most so many.
    """
    table = MESSAGES.c
    query = (
        select(
            table.number,
            table.source,
            table.kind,
            table.trigger_event,
            table.received_at,
            table.outcome,
            table.notes,
            table.problem,
            table.events,
            table.attempts,
            table.duplicates,
        )
        .order_by(table.number.desc())
        .limit(limit)
    )
    if source:
        query = query.where(table.source == source)
    if outcome:
        query = query.where(table.outcome == outcome)
    if before:
        query = query.where(table.number < before)
    names = tuple(MessageView.__slots__)
    return [MessageView(**dict(zip(names, row, strict=True))) for row in session.execute(query)]


def newest_number(session: Session) -> int:
    """Give the number of the message that came last; 0 if none ever came."""
    return session.execute(select(func.max(MESSAGES.c.number))).scalar() or 0

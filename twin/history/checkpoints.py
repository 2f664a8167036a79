"""Checkpoints: the whole hospital at an instant, packed, so that a past instant costs one and a short tail."""

from __future__ import annotations

import msgspec
from sqlalchemy import delete, func, insert, select
from sqlmodel import Session

from twin.collecting import without_collecting
from twin.history.tables import CHECKPOINTS, INTERVALS

EVERY = 25_000  # intervals between two checkpoints: about 25 ms of tail to read at most

Key = tuple[str, str]


class Fact(msgspec.Struct, frozen=True, gc=False):
    """A value of a facet, since when it held, and by which event."""

    value: str
    since: int
    sequence: int


class _Content(msgspec.Struct, array_like=True):
    facets: list[str]
    things: list[str]
    values: list[str]
    since: list[int]
    sequences: list[int]


_decoder = msgspec.msgpack.Decoder(_Content)
_COLUMNS = (INTERVALS.c.facet, INTERVALS.c.thing, INTERVALS.c.value, INTERVALS.c.from_at, INTERVALS.c.sequence)


def facts_at(session: Session, at: int) -> dict[Key, Fact]:
    """Give every facet of every thing at an instant, by what is known now.

    Parameters
    ----------
    session : Session
        Any session.
    at : int
        UTC microseconds.
    """
    newest = select(CHECKPOINTS.c.at, CHECKPOINTS.c.content).where(CHECKPOINTS.c.at <= at)
    row = session.execute(newest.order_by(CHECKPOINTS.c.at.desc()).limit(1)).first()
    with without_collecting():
        # a hundred thousand facts are made that are no garbage
        facts = _decode(row.content) if row is not None else {}
        _add_tail(session, facts, row.at if row is not None else None, at)
    return facts


def extend(session: Session) -> None:
    """Write the checkpoints that are due.

    Parameters
    ----------
    session : Session
        The session of a use case.
    """
    while True:
        last = session.execute(select(func.max(CHECKPOINTS.c.at))).scalar()
        ahead = select(INTERVALS.c.from_at).order_by(INTERVALS.c.from_at)
        if last is not None:
            ahead = ahead.where(INTERVALS.c.from_at > last)
        # the newest rows stay outside, since what comes a little late would only undo the checkpoint
        if session.execute(ahead.offset(2 * EVERY).limit(1)).first() is None:
            return
        # intervals of the same instant may stand on both sides: the checkpoint holds all of them, from_at <= at
        at = int(session.execute(ahead.offset(EVERY).limit(1)).scalar_one())
        session.execute(insert(CHECKPOINTS).values(at=at, content=_encode(facts_at(session, at))))


def drop_from(session: Session, at: int) -> None:
    """Drop the checkpoints that a late fact made untrue.

    Parameters
    ----------
    session : Session
        The session of a use case.
    at : int
        Instant of the earliest late fact, UTC microseconds.
    """
    session.execute(delete(CHECKPOINTS).where(CHECKPOINTS.c.at >= at))


def _add_tail(session: Session, facts: dict[Key, Fact], after: int | None, at: int) -> None:
    query = select(*_COLUMNS).where(INTERVALS.c.from_at <= at, INTERVALS.c.to_at > INTERVALS.c.from_at)
    if after is not None:
        query = query.where(INTERVALS.c.from_at > after)
    # of one instant the later id is the correction, and overwrites
    rows = session.execute(query.order_by(INTERVALS.c.from_at, INTERVALS.c.id)).all()
    for facet, thing, value, since, sequence in rows:
        facts[facet, thing] = Fact(value, since, sequence)


def _encode(facts: dict[Key, Fact]) -> bytes:
    content = _Content(
        facets=[key[0] for key in facts],
        things=[key[1] for key in facts],
        values=[fact.value for fact in facts.values()],
        since=[fact.since for fact in facts.values()],
        sequences=[fact.sequence for fact in facts.values()],
    )
    return msgspec.msgpack.encode(content)


def _decode(content: bytes) -> dict[Key, Fact]:
    columns = _decoder.decode(content)
    keys = zip(columns.facets, columns.things, strict=True)
    return dict(zip(keys, map(Fact, columns.values, columns.since, columns.sequences), strict=True))

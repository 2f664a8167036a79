"""Checkpoints: the whole hospital at an instant, packed, so that a past instant costs one and a short tail."""

from __future__ import annotations

from itertools import repeat

import msgspec
from sqlalchemy import delete, func, insert, select
from sqlmodel import Session

from twin.collecting import without_collecting
from twin.db.bulk import fetch_plain
from twin.history.tables import CHECKPOINTS, INTERVALS

EVERY = 25_000  # intervals between two checkpoints: about 25 ms of tail to read at most

Key = tuple[str, str]


class Fact(msgspec.Struct, frozen=True, gc=False):
    """A value of a facet, since when it held, and by which event."""

    value: str
    since: int
    sequence: int


class _Facet(msgspec.Struct, array_like=True):
    things: list[str]
    values: list[int]  # places in the list of values: a hospital has many things in few zones
    since: list[int]
    sequences: list[int]


class _Content(msgspec.Struct, array_like=True):
    values: list[str]
    facets: dict[str, _Facet]


_decoder = msgspec.msgpack.Decoder(_Content)
_rows = msgspec.json.Decoder(list[tuple[str, str, str, int, int]])
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


def extend(session: Session) -> bool:
    """Write the next checkpoint if one is due; give whether it was, so that another may be.

    One at a time: a very late fact drops all of them, and to make a year's anew in one transaction would hold up
    everybody who writes. Meanwhile a past instant costs a longer tail.

    Parameters
    ----------
    session : Session
        The session of a use case.
    """
    last = session.execute(select(func.max(CHECKPOINTS.c.at))).scalar()
    ahead = select(INTERVALS.c.from_at).order_by(INTERVALS.c.from_at)
    if last is not None:
        ahead = ahead.where(INTERVALS.c.from_at > last)
    # the newest rows stay outside, since what comes a little late would only undo the checkpoint
    if session.execute(ahead.offset(2 * EVERY).limit(1)).first() is None:
        return False
    # intervals of the same instant may stand on both sides: the checkpoint holds all of them, from_at <= at
    at = int(session.execute(ahead.offset(EVERY).limit(1)).scalar_one())
    session.execute(insert(CHECKPOINTS).values(at=at, content=_encode(facts_at(session, at))))
    return True


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
    ordered = query.order_by(INTERVALS.c.from_at, INTERVALS.c.id)
    for facet, thing, value, since, sequence in fetch_plain(session, ordered, _rows):
        facts[facet, thing] = Fact(value, since, sequence)


def _encode(facts: dict[Key, Fact]) -> bytes:
    places: dict[str, int] = {}
    facets: dict[str, _Facet] = {}
    for (facet, thing), fact in facts.items():
        held = facets.get(facet)
        if held is None:
            held = facets[facet] = _Facet([], [], [], [])
        held.things.append(thing)
        held.values.append(places.setdefault(fact.value, len(places)))
        held.since.append(fact.since)
        held.sequences.append(fact.sequence)
    return msgspec.msgpack.encode(_Content(values=list(places), facets=facets))


def _decode(content: bytes) -> dict[Key, Fact]:
    held = _decoder.decode(content)
    facts: dict[Key, Fact] = {}
    for facet, one in held.facets.items():
        values = map(held.values.__getitem__, one.values)
        told = map(Fact, values, one.since, one.sequences)
        facts.update(zip(zip(repeat(facet), one.things), told, strict=False))
    return facts

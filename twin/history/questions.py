"""What the projection asks of its own tables and of the ledger, when what it holds in memory does not tell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import get_args

from sqlalchemy import insert, select
from sqlmodel import Session

from twin.events import registry
from twin.events.envelope import Event, precedence
from twin.history.claims import claims_of
from twin.history.encounters import Told
from twin.history.tables import INTERVALS, LINKS
from twin.ledger.by_thing import indexed_about
from twin.ledger.tables import EVENTS, EVENTS_BY_THING
from twin.ports import Stored
from twin.state.model import EncounterFact

Key = tuple[str, str]
"""Facet and thing."""

ENCOUNTER_FACTS = get_args(EncounterFact)
"""Event types that say something of an encounter."""

_ENCOUNTER_TYPES = [kind.__name__ for kind in ENCOUNTER_FACTS]

HEAD = (INTERVALS.c.id, INTERVALS.c.from_at, INTERVALS.c.value, INTERVALS.c.sequence, INTERVALS.c.said_at)
"""Columns of a :class:`Head`."""


@dataclass(slots=True)
class Head:
    """The open interval of a facet of a thing, and when its value was said last."""

    id: int
    from_at: int
    value: str
    sequence: int
    said_at: int


def row_at(session: Session, key: Key, at: int) -> Head | None:
    """Give the interval of a facet that holds at an instant, by what is known now.

    Parameters
    ----------
    session : Session
        Any session.
    key : Key
        Facet and thing.
    at : int
        UTC microseconds.
    """
    query = (
        select(*HEAD)
        .where(INTERVALS.c.thing == key[1], INTERVALS.c.facet == key[0])
        .where(INTERVALS.c.from_at <= at, INTERVALS.c.to_at > at)
    )
    row = session.execute(query.order_by(INTERVALS.c.from_at.desc(), INTERVALS.c.id.desc()).limit(1)).first()
    return Head(*row) if row is not None else None


def row_after(session: Session, key: Key, at: int) -> Head | None:
    """Give the first interval of a facet that begins after an instant.

    Parameters
    ----------
    session : Session
        Any session.
    key : Key
        Facet and thing.
    at : int
        UTC microseconds.
    """
    query = (
        select(*HEAD)
        .where(INTERVALS.c.thing == key[1], INTERVALS.c.facet == key[0], INTERVALS.c.from_at > at)
        .where(INTERVALS.c.to_at > INTERVALS.c.from_at)
    )
    row = session.execute(query.order_by(INTERVALS.c.from_at).limit(1)).first()
    return Head(*row) if row is not None else None


def first_claim(session: Session, key: Key, between: tuple[int, int], up_to: int) -> Stored | None:
    """Give the claim on a facet that holds first strictly between two instants, of those before a ledger position.

    Parameters
    ----------
    session : Session
        Any session.
    key : Key
        Facet and thing.
    between : tuple[int, int]
        Two instants, UTC microseconds.
    up_to : int
        Position in the ledger.
    """
    spoken = EVENTS.c.occurred_at
    query = indexed_about([key[1]], before=up_to).where(spoken > between[0], spoken < between[1])
    # whole rows of the index that speak of other times are passed over
    query = query.where(EVENTS_BY_THING.c.to_at > between[0], EVENTS_BY_THING.c.from_at < between[1])
    query = query.order_by(spoken).limit(1000)
    best: Stored | None = None
    for sequence, body in session.execute(query):
        event = registry.decode(body)
        # rows come by instant: those of the first instant decide
        if best is not None and event.occurred_at > best.event.occurred_at:
            break
        is_about = any(claim[:2] == key for claim in claims_of(event))
        if is_about and (best is None or precedence(event) > precedence(best.event)):
            best = Stored(sequence, event, True)
    return best


def value_of(event: Event, key: Key) -> str:
    """Give what an event that makes a claim on a facet says of it.

    Parameters
    ----------
    event : Event
        As :func:`first_claim` gave it.
    key : Key
        Facet and thing.
    """
    return next(value for facet, thing, value in claims_of(event) if (facet, thing) == key)


def link(session: Session, one: str, other: str) -> None:
    """Note that a swap or merge joins two encounters.

    Parameters
    ----------
    session : Session
        The session of a use case.
    one, other : str
        Their ids.
    """
    # a set, since one may be linked with itself by a wrong message
    for left, right in {(one, other), (other, one)}:
        where = (LINKS.c.encounter == left) & (LINKS.c.other == right)
        if session.execute(select(LINKS.c.other).where(where)).first() is None:
            session.execute(insert(LINKS).values(encounter=left, other=right))


def joined_with(session: Session, encounter: str) -> set[str]:
    """Give the encounters that swaps and merges join with one, itself among them.

    Parameters
    ----------
    session : Session
        Any session.
    encounter : str
        Its id.
    """
    found, waiting = {encounter}, [encounter]
    while waiting:
        others = session.execute(select(LINKS.c.other).where(LINKS.c.encounter == waiting.pop())).scalars()
        new = set(others) - found
        found |= new
        waiting.extend(new)
    return found


def facts_told(session: Session, encounters: Iterable[str], up_to: int) -> list[Told]:
    """Give what the ledger holds of some encounters; in no order, and as far as its index by thing goes.

    Parameters
    ----------
    session : Session
        Any session.
    encounters : Iterable[str]
        Their ids.
    up_to : int
        Last position in the ledger.
    """
    query = indexed_about(sorted(encounters), before=up_to + 1).where(EVENTS.c.type.in_(_ENCOUNTER_TYPES))
    found: list[Told] = []
    for sequence, body in session.execute(query):
        fact = registry.decode(body)
        if isinstance(fact, ENCOUNTER_FACTS):
            found.append(Told(sequence, fact))
    return found

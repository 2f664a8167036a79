"""Who is told where tags are: which tags a system has enrolled, and the moves that it has not been told yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import delete, insert, select
from sqlmodel import Session

from interop.service.subscriptions import Subscription
from interop.tables import ENROLMENTS
from twin.events import registry
from twin.events.things import PortalCrossed, TagLost, ZoneChanged
from twin.ledger.bodies import WHOLE_BODY
from twin.ledger.tables import EVENTS
from twin.state.model import zone_of

TOPIC = "location"
Move = ZoneChanged | PortalCrossed | TagLost
_MOVES = tuple(kind.__name__ for kind in (ZoneChanged, PortalCrossed, TagLost))
_SCANNED = 500  # moves looked at for one that a receiver wants


def enrol(session: Session, source: str, tags: Iterable[str], *, now: int) -> int:
    """Keep that a system wants to be told of tags; gives how many it had not enrolled before.

    Parameters
    ----------
    session : Session
        A writing transaction.
    source : str
        Which system.
    tags : Iterable[str]
        Their ids.
    now : int
        UTC microseconds.
    """
    held = set(enrolled(session, source=source))
    new = [tag for tag in dict.fromkeys(tags) if tag not in held]
    for tag in new:
        session.execute(insert(ENROLMENTS).values(source=source, tag=tag, enrolled_at=now))
    return len(new)


def unenrol(session: Session, source: str, tags: Iterable[str]) -> int:
    """Keep that a system wants to be told of tags no more; gives of how many it was told; parameters as enrol."""
    wanted = list(dict.fromkeys(tags))
    held = set(enrolled(session, source=source)).intersection(wanted)
    table = ENROLMENTS.c
    session.execute(delete(ENROLMENTS).where(table.source == source, table.tag.in_(wanted)))
    return len(held)


def enrolled(session: Session, *, source: str = "") -> list[str]:
    """Give the tags that a system has enrolled; of all systems if none is named."""
    table = ENROLMENTS.c
    asked = select(table.tag).distinct().order_by(table.tag)
    if source:
        asked = asked.where(table.source == source)
    return [str(tag) for tag in session.execute(asked).scalars()]


@dataclass(frozen=True, slots=True, kw_only=True)
class NextMove:
    """What a receiver is to be told next.

    Parameters
    ----------
    move : ZoneChanged, PortalCrossed, TagLost or None
        None if nothing that it wants has happened.
    sequence : int
        Up to where was looked.
    """

    move: Move | None
    sequence: int


def next_move(session: Session, one: Subscription) -> NextMove:
    """Give the next move of a tag that a receiver wants to hear of.

    Parameters
    ----------
    session : Session
        Any.
    one : Subscription
        Of a receiver of locations.
    """
    table = EVENTS.c
    asked = select(table.sequence, WHOLE_BODY).where(table.type.in_(_MOVES), table.sequence > one.position)
    rows = session.execute(asked.order_by(table.sequence).limit(_SCANNED)).all()
    wanted = set(enrolled(session, source=one.wanted.source)) if one.wanted.only_enrolled else None
    for row in rows:
        event = registry.decode(row.body)
        if isinstance(event, ZoneChanged | PortalCrossed | TagLost) and (wanted is None or event.thing in wanted):
            return NextMove(move=event, sequence=row.sequence)
    return NextMove(move=None, sequence=rows[-1].sequence if rows else one.position)


def place_after(move: Move) -> str:
    """Give the id of the place where a tag is after a move; empty if nobody sees it any more."""
    return "" if isinstance(move, TagLost) else zone_of(move)

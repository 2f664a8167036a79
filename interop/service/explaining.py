"""From an event of the ledger back to the message that told it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import select
from sqlmodel import Session

from interop.service.messages import key_of
from interop.service.received import MessageView
from interop.tables import MESSAGES
from twin.events.envelope import Event


def messages_behind(session: Session, events: Sequence[Event]) -> dict[str, MessageView]:
    """Give the message behind each event, by the event's id; events that no message told are left out.

    Parameters
    ----------
    session : Session
        Any.
    events : Sequence[Event]
        As stored.

    Notes
    -----
    An event's source key is MSH-3, MSH-4 and MSH-10 joined by slashes, then its number. These fields may hold slashes
    themselves, so every way to part the key is looked up; the source must fit too.
    """
    ways = {event.id: list(_ways(event)) for event in events}
    keys = sorted({key for own in ways.values() for key in own})
    if not keys:
        return {}
    table = MESSAGES.c
    columns = (
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
    names = tuple(MessageView.__slots__)
    by_way = {
        row.key: MessageView(**dict(zip(names, row[1:], strict=True)))
        for row in session.execute(select(table.key, *columns).where(table.key.in_(keys)))
    }
    found: dict[str, MessageView] = {}
    for event in events:
        told = (by_way[key] for key in ways[event.id] if key in by_way and by_way[key].source == event.source)
        message = next(told, None)
        if message is not None:
            found[event.id] = message
    return found


def _ways(event: Event) -> Iterator[str]:
    head, _, _number = event.source_key.rpartition("/")
    parts = head.split("/")
    for first in range(1, len(parts) - 1):
        for second in range(first + 1, len(parts)):
            yield key_of("/".join(parts[:first]), "/".join(parts[first:second]), "/".join(parts[second:]))

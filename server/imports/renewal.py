"""Which rows of a spreadsheet say something new: a row is stored unless the last word about its thing was the same row.

A hospital imports its sheet again after each change, and also changes things back. What counts is the last fact about a
thing, not whether a row was ever imported before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import msgspec
from sqlalchemy import func
from sqlmodel import Session, select

from twin.events.envelope import Event
from twin.events.places import PathDefined, PathRemoved, PlaceDefined, PlaceRemoved
from twin.events.things import AssetRegistered, AssetRetired, TagBound, TagUnbound
from twin.events.work import StaffDefined, StaffRemoved
from twin.ledger.tables import EVENTS

UNDOING: Mapping[type[Event], type[Event]] = MappingProxyType(
    {
        PlaceDefined: PlaceRemoved,
        PathDefined: PathRemoved,
        AssetRegistered: AssetRetired,
        StaffDefined: StaffRemoved,
        TagBound: TagUnbound,
    }
)
"""What takes back what an import says."""

_PIECE = 500


@dataclass(frozen=True, slots=True)
class _LastWord:
    type: str
    source: str
    source_key: str


@dataclass(frozen=True, slots=True)
class LastWords:
    """The last fact about each thing of a sheet, by kind of fact, as of a position of the ledger."""

    up_to: int
    by_kind: Mapping[type[Event], Mapping[str, _LastWord]]


def last_words(session: Session, events: Sequence[Event], known: LastWords | None = None) -> LastWords:
    """Give the last word about what events speak of.

    Parameters
    ----------
    session : Session
        Any session; without ``known`` it looks through the whole ledger.
    events : Sequence[Event]
        What a sheet says.
    known : LastWords, optional
        What was found for the same events before: only what came after is looked through.
    """
    after = known.up_to if known is not None else 0
    up_to = session.execute(select(func.coalesce(func.max(EVENTS.c.sequence), 0))).scalar_one()
    by_kind: dict[type[Event], dict[str, _LastWord]] = {}
    for kind in {type(event) for event in events}:
        things = [event.thing for event in events if type(event) is kind]
        before = known.by_kind.get(kind, {}) if known is not None else {}
        by_kind[kind] = {**before, **_last_words(session, kind, things, after)}
    return LastWords(up_to, by_kind)


def new_events(session: Session, events: Sequence[Event], known: LastWords | None = None) -> list[Event]:
    """Give the events that change something, each under a source key that was never used.

    Parameters
    ----------
    session : Session
        The transaction that will store them, so that nobody can come in between.
    events : Sequence[Event]
        As :func:`server.imports.masters.events_of` gives them: the source key tells the row's content.
    known : LastWords, optional
        What :func:`last_words` found for them earlier, outside this transaction.
    """
    words = last_words(session, events, known)
    fresh = []
    for event in events:
        last = words.by_kind[type(event)].get(event.thing)
        if last is None:
            fresh.append(event)
        elif not _is_same(last, event):
            # The row may have stood in an earlier import: the instant tells this one from that.
            fresh.append(msgspec.structs.replace(event, source_key=f"{event.source_key}/{event.occurred_at}"))
    return fresh


def _is_same(last: _LastWord, event: Event) -> bool:
    if (last.type, last.source) != (type(event).__name__, event.source):
        return False
    return last.source_key == event.source_key or last.source_key.startswith(event.source_key + "/")


def _last_words(session: Session, kind: type[Event], things: Sequence[str], after: int) -> dict[str, _LastWord]:
    types = (kind.__name__, UNDOING[kind].__name__)
    found: dict[str, _LastWord] = {}
    columns = EVENTS.c
    for piece in _pieces(things):
        query = (
            select(columns.thing, columns.type, columns.source, columns.source_key)
            .where(columns.thing.in_(piece), columns.type.in_(types), columns.sequence > after)
            .order_by(columns.sequence)
        )
        found |= {row[0]: _LastWord(row[1], row[2], row[3]) for row in session.execute(query)}
    return found


def _pieces(things: Iterable[str]) -> Iterator[list[str]]:
    whole = sorted(set(things))
    for first in range(0, len(whole), _PIECE):
        yield whole[first : first + _PIECE]

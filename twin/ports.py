"""What organs need from outside, as protocols: each is met by one part of the twin and by a fake in the tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec
from sqlmodel import Session

from twin.events.envelope import Event
from twin.state.live import LiveState


class Stored(msgspec.Struct, frozen=True, gc=False):
    """An event as the ledger holds it.

    Parameters
    ----------
    sequence : int
        Position in the ledger, from 1.
    event : Event
        With ``id`` and ``recorded_at`` filled in.
    is_new : bool
        False if (source, source_key) was stored before; ``event`` is then the one stored first.
    """

    sequence: int
    event: Event
    is_new: bool


class EventSink(Protocol):
    """Stores events within the caller's transaction and runs their handlers."""

    def append(self, session: Session, events: Sequence[Event]) -> list[Stored]:
        """Store events; each fact once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlerContext:
    """What a handler may use.

    Parameters
    ----------
    opened : Callable[[], Session]
        Gives the transaction that stores the cause, with which a handler writes its organ's own tables.
    state : LiveState
        As of the last commit: read only.
    now : int
        Instant of recording, UTC microseconds.
    bearer_of : Callable[[str, int], str]
        Gives the bearer's id of a tag as of an instant, or ``""``; sees the bindings of this transaction as well.
    """

    opened: Callable[[], Session]
    state: LiveState
    now: int
    bearer_of: Callable[[str, int], str]

    @property
    def session(self) -> Session:
        """The transaction; opened when first asked for, since most facts lead to nothing that is written."""
        return self.opened()


Handler = Callable[[HandlerContext, Event], Iterable[Event]]
"""Computes for less than 1 ms and gives derived events; the runner fills in source, source_key and causation."""


class InBatches:
    """A handler that is told of many events of its kind at once, so that it may read what it needs in one query.

    Parameters
    ----------
    many : Callable[[HandlerContext, Sequence[Event]], Sequence[Iterable[Event]]]
        Gives the derived events of each event, in the order of the events. What one of them changes, those after it
        must see.
    """

    def __init__(self, many: Callable[[HandlerContext, Sequence[Event]], Sequence[Iterable[Event]]]) -> None:
        self.many = many

    def __call__(self, context: HandlerContext, event: Event) -> Iterable[Event]:
        """Handle one event alone, as after a failure."""
        return self.many(context, [event])[0]


Handlers = Mapping[type[Event], Mapping[str, Handler]]
"""Handlers by event type and by their stable name, such as ``assets.egress``."""

"""Fakes of the ports, for tests that need no database."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlmodel import Session

from twin.events.envelope import Event
from twin.ids import UniqueIds
from twin.ports import Stored

START_US = 1_767_600_000_000_000  # 2026-01-05T08:00:00Z


class ListSink:
    """An event sink that keeps events in a list, each fact once.

    Parameters
    ----------
    now : int
        Instant of recording, UTC microseconds.
    """

    def __init__(self, now: int = START_US) -> None:
        self.now = now
        self.stored: list[Stored] = []
        self._ids = UniqueIds()

    def append(self, session: Session | None, events: Sequence[Event]) -> list[Stored]:
        """Store events; no handler runs."""
        answer: list[Stored] = []
        for event in events:
            known = next((one for one in self.stored if _key(one.event) == _key(event)), None)
            if known is not None:
                answer.append(Stored(known.sequence, known.event, False))
                continue
            complete = msgspec.structs.replace(event, id=event.id or self._ids.next(self.now), recorded_at=self.now)
            self.stored.append(Stored(len(self.stored) + 1, complete, True))
            answer.append(self.stored[-1])
        return answer

    @property
    def events(self) -> list[Event]:
        """All stored events, in order."""
        return [one.event for one in self.stored]


def _key(event: Event) -> tuple[str, str]:
    return event.source, event.source_key

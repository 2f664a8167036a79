"""One act of one person or program: who does it, when, under which key, and where its events go."""

from __future__ import annotations

from dataclasses import dataclass

from twin.access import Actor
from twin.ports import EventSink


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What every use case of this organ is given besides its own arguments.

    Parameters
    ----------
    actor : Actor
        Who acts.
    now : int
        When, UTC microseconds.
    key : str
        Unique key of the act, the same when it is sent again; source keys of its events begin with it.
    ledger : EventSink
        Where its events go.
    """

    actor: Actor
    now: int
    key: str
    ledger: EventSink

    @property
    def source(self) -> str:
        """Source under which the act's events are stored."""
        return self.actor.source or f"user:{self.actor.id}"

"""Acts on queues: call in turn, call out of turn with a reason, begin, end, take out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from dash_app.actions.port import Commands
from twin.access import Permission
from twin.errors import Unavailable
from twin.state.model import Ticket

SERVICE = "queues"


@runtime_checkable
class Desk(Protocol):
    """The one desk of all queues; ``server.queues.QueueDesk`` meets it."""

    def join(self, point: str, *, actor: str, encounter: str = "", priority: int = 0) -> Ticket:
        """Draw a ticket."""

    def call_next(self, point: str, *, actor: str, counter: str) -> Ticket:
        """Call whose turn it is."""

    def call(self, ticket: str, *, actor: str, counter: str, reason: str = "") -> Ticket:
        """Call one ticket; out of turn only with a reason."""

    def start(self, ticket: str, *, actor: str) -> Ticket:
        """Begin to serve."""

    def end(self, ticket: str, *, actor: str) -> Ticket:
        """End serving."""

    def leave(self, ticket: str, *, actor: str, reason: str = "") -> Ticket:
        """Take a ticket out."""


class QueueCommands(Commands, Protocol):
    """The hospital with the services of its parts."""

    @property
    def services(self) -> Mapping[str, object]:
        """Service objects by name."""


def _desk(port: QueueCommands) -> tuple[Desk, str]:
    actor = port.actor()
    actor.require(Permission.QUEUES_CALL)
    held = port.services.get(SERVICE)
    if not isinstance(held, Desk):
        raise Unavailable("No queue desk is running here.")
    return held, actor.id


def draw(port: QueueCommands, point: str, *, priority: int, encounter: str = "") -> Ticket:
    """Draw a ticket for somebody who stands at the desk.

    Parameters
    ----------
    port : QueueCommands
        The hospital.
    point : str
        Id of the service point.
    priority : int
        0 is normal.
    encounter : str, optional
        Pseudonym of whom it is for; empty for somebody who has none yet.
    """
    desk, actor = _desk(port)
    return desk.join(point, actor=actor, encounter=encounter, priority=priority)


def call_next(port: QueueCommands, point: str, *, counter: str) -> Ticket:
    """Call whose turn it is at a service point."""
    desk, actor = _desk(port)
    return desk.call_next(point, actor=actor, counter=counter)


def call(port: QueueCommands, ticket: str, *, counter: str, reason: str) -> Ticket:
    """Call one ticket; out of turn only with a reason."""
    desk, actor = _desk(port)
    return desk.call(ticket, actor=actor, counter=counter, reason=reason)


def move_on(port: QueueCommands, ticket: str, verb: str) -> Ticket:
    """Begin (``start``) or end (``end``) serving a ticket, or take it out (``leave``)."""
    desk, actor = _desk(port)
    acts = {"start": desk.start, "end": desk.end, "leave": desk.leave}
    return acts[verb](ticket, actor=actor)

"""Queues: service points, who waits in which order and how long, who is being served."""

from __future__ import annotations

from dataclasses import dataclass

from dash_app.queries.names import place_name
from twin.clock import HOUR_US
from twin.state.live import LiveState
from twin.state.model import Ticket
from twin.state.queueing import ExpectedWait, at_counter, jumps, waits_at

PURPOSES = frozenset({"registration", "triage", "clinic", "imaging", "laboratory", "pharmacy"})
"""Purposes of places that have a queue even while nobody waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueView:
    """One service point.

    Parameters
    ----------
    point, name : str
        Id and name of the place.
    waiting : list[tuple[Ticket, ExpectedWait]]
        In call order.
    at_counter : list[Ticket]
        Called or being served, the latest first.
    joiner : ExpectedWait
        Of whoever joins now.
    """

    point: str
    name: str
    waiting: list[tuple[Ticket, ExpectedWait]]
    at_counter: list[Ticket]
    joiner: ExpectedWait


def points(state: LiveState, *, chinese: bool = False) -> list[tuple[str, str]]:
    """Give id and name of every service point, by name."""
    known = {place for place, entry in tuple(state.places.items()) if entry.purpose in PURPOSES}
    known |= {point for point, queue in tuple(state.index.queues.items()) if point and queue}
    known |= {ticket.service_point for ticket in at_counters(state)}
    return sorted(((point, place_name(state, point, chinese=chinese)) for point in known), key=lambda one: one[::-1])


def meant_point(state: LiveState, asked: str) -> str:
    """Give the service point that a desk works for: the one asked for, or the only one there is; empty if neither."""
    if asked:
        return asked
    known = points(state)
    return known[0][0] if len(known) == 1 else ""


def at_counters(state: LiveState) -> list[Ticket]:
    """Give every ticket that is called or being served, the latest first."""
    found = [ticket for point in tuple(state.index.off_queue) for ticket in at_counter(state, point)]
    return sorted(found, key=lambda ticket: -ticket.called_at)


def queue(state: LiveState, point: str, now: int, *, chinese: bool = False) -> QueueView:
    """Give one service point.

    Parameters
    ----------
    state : LiveState
        The hospital.
    point : str
        Its id.
    now : int
        UTC microseconds.
    chinese : bool, optional
        Whether names are wanted in Chinese.
    """
    waits = waits_at(state, point, now)
    return QueueView(
        point=point,
        name=place_name(state, point, chinese=chinese),
        waiting=[(state.tickets[wait.ticket], wait) for wait in waits[:-1] if wait.ticket in state.tickets],
        at_counter=at_counter(state, point),
        joiner=waits[-1],
    )


def exceptions(state: LiveState, now: int) -> list[Ticket]:
    """Give the tickets of the last day that were called out of turn."""
    return jumps(state, since=now - 24 * HOUR_US)[:50]

"""Closed matters leave the live state after a while; ledger and history keep them.

What is forgotten can be made anew: a late fact about it brings the whole thing back from the ledger, as if it had never
left, and the next round takes it out again if it is still closed. So the state stays a function of the set of facts and
of the instant before which closed things are forgotten, in whatever order facts and rounds come.

Encounters joined to others by a swap or a merge stay: their story cannot be told from their own facts alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

from twin.events.envelope import Event
from twin.events.patients import EncountersMerged, EncountersSwapped
from twin.state.model import (
    Alarm,
    AlarmFact,
    Encounter,
    EncounterFact,
    EncounterStatus,
    Task,
    TaskFact,
    Ticket,
    TicketFact,
    TicketStatus,
)
from twin.state.reducers.queues import off_queue_entry, take_off_queue
from twin.state.tables import Tables

_TABLE_OF: dict[type[Event], str] = {
    **dict.fromkeys(get_args(EncounterFact), "encounters"),
    **dict.fromkeys(get_args(TicketFact), "tickets"),
    **dict.fromkeys(get_args(TaskFact), "tasks"),
    **dict.fromkeys(get_args(AlarmFact), "alarms"),
}
_CLOSED_VISITS = (EncounterStatus.FINISHED, EncounterStatus.CANCELLED)
_CLOSED_TICKETS = (TicketStatus.SERVED, TicketStatus.LEFT)


def forget_closed(tables: Tables, before: int) -> int:
    """Take out encounters, tickets, tasks and alarms that are closed and of which nothing was said since an instant.

    Parameters
    ----------
    tables : Tables
        Changed in place.
    before : int
        UTC microseconds; the last fact of what is taken out is older.

    Returns
    -------
    int
        How many were taken out.
    """
    tables.forgotten_before = max(tables.forgotten_before, before)
    index = tables.index
    closed_encounters = [one for one in tables.encounters.values() if _is_over(tables, one)]
    gone = 0
    for encounter in closed_encounters:
        if encounter.facts[-1].occurred_at < before:
            # a cancelled visit may still name its bed
            index.encounters_by_place[encounter.place].discard(encounter.id)
            index.reserved_by_place[encounter.reserved].discard(encounter.id)
            del tables.encounters[encounter.id]
            gone += 1
    closed: list[tuple[dict[str, Ticket] | dict[str, Task] | dict[str, Alarm], Ticket | Task | Alarm]] = [
        *((tables.tickets, one) for one in tables.tickets.values() if one.status in _CLOSED_TICKETS),
        *((tables.tasks, one) for one in tables.tasks.values() if one.kind is not None and not one.is_open),
        *((tables.alarms, one) for one in tables.alarms.values() if one.cleared_at and not one.is_active),
    ]
    for table, thing in closed:
        if thing.facts[-1].occurred_at < before:
            if isinstance(thing, Ticket):
                take_off_queue(index, off_queue_entry(thing))
            del table[thing.id]
            gone += 1
    return gone


def _is_over(tables: Tables, encounter: Encounter) -> bool:
    index = tables.index
    return (
        encounter.status in _CLOSED_VISITS
        and not encounter.present
        and bool(encounter.facts)
        and encounter.id not in index.swap_links
        and encounter.id not in index.merging
        and encounter.id not in index.merged_by_survivor
    )


def perhaps_forgotten(tables: Tables, events: Iterable[Event]) -> set[str]:
    """Give the ids that events speak of and the tables do not know, though they may have known them once.

    Parameters
    ----------
    tables : Tables
        Before the events are applied.
    events : Iterable[Event]
        What comes next.
    """
    if not tables.forgotten_before:
        return set()
    asked: set[str] = set()
    for event in events:
        table = _TABLE_OF.get(event.__class__)
        if table is None:
            continue
        known = getattr(tables, table)
        asked.update(key for key in (event.thing, *_others(event)) if key not in known)
    return asked


def _others(event: Event) -> tuple[str, ...]:
    if isinstance(event, EncountersSwapped):
        return (event.other,)
    return (event.into,) if isinstance(event, EncountersMerged) else ()


def is_of_a_matter(event: Event) -> bool:
    """Tell whether an event is a fact about an encounter, ticket, task or alarm, which may be forgotten."""
    return event.__class__ in _TABLE_OF

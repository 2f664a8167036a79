"""Queue tickets: facts in order, folded; waiting tickets stand in call order at their service point."""

from __future__ import annotations

from bisect import bisect_left, insort

from twin.events.patients import QueueCalled, QueueJoined, QueueLeft, QueueServiceEnded, QueueServiceStarted
from twin.state.claims import Inserted, insert_fact
from twin.state.model import Ticket, TicketFact, TicketStatus
from twin.state.tables import AT_COUNTER, Index, Tables

_ENDED = (TicketStatus.SERVED, TicketStatus.LEFT)
_AT_COUNTER = (TicketStatus.CALLED, TicketStatus.SERVING)


def ticket_fact(tables: Tables, event: TicketFact) -> None:
    """Keep a fact about a ticket and what it comes to."""
    ticket = tables.tickets.get(event.thing) or Ticket(id=event.thing)
    tables.tickets[event.thing] = ticket
    before, off_before = _entry(ticket), off_queue_entry(ticket)
    inserted = insert_fact(ticket.facts, event)
    if inserted is Inserted.LAST:
        step(ticket, event)
    elif inserted is Inserted.WITHIN:
        # anew from all facts: a step may have been skipped because the ticket had ended
        tables.tickets[event.thing] = ticket = fold(ticket)
    after = _entry(ticket)
    if before != after:
        queues = tables.index.queues
        if before is not None:
            queue = queues[before[0]]
            del queue[bisect_left(queue, before[1])]
        if after is not None:
            insort(queues[after[0]], after[1])
    off_after = off_queue_entry(ticket)
    if off_before != off_after:
        take_off_queue(tables.index, off_before)
        if off_after is not None:
            insort(tables.index.off_queue[off_after[0]], off_after[1])


def _entry(ticket: Ticket) -> tuple[str, tuple[int, int, str]] | None:
    if ticket.status is not TicketStatus.WAITING:
        return None
    return ticket.service_point, (-ticket.priority, ticket.joined_at, ticket.id)


def off_queue_entry(ticket: Ticket) -> tuple[str, tuple[int, str]] | None:
    """Give service point and entry in ``Index.off_queue`` of a ticket that waits no longer; None of any other."""
    if ticket.status in _AT_COUNTER:
        return ticket.service_point, (AT_COUNTER, ticket.id)
    if ticket.status in _ENDED:
        return ticket.service_point, (max(ticket.called_at, ticket.ended_at), ticket.id)
    return None


def take_off_queue(index: Index, held: tuple[str, tuple[int, str]] | None) -> None:
    """Take an entry that :func:`off_queue_entry` gave out of the index."""
    if held is not None:
        entries = index.off_queue[held[0]]
        del entries[bisect_left(entries, held[1])]


def fold(ticket: Ticket) -> Ticket:
    """Give a ticket made anew from all its facts."""
    anew = Ticket(id=ticket.id, facts=ticket.facts)
    for fact in ticket.facts:
        step(anew, fact)
    return anew


def step(ticket: Ticket, fact: TicketFact) -> None:
    """Fold one fact on top of a ticket; after its end only a new joining counts."""
    if isinstance(fact, QueueJoined):
        ticket.status = TicketStatus.WAITING
        ticket.service_point, ticket.encounter = fact.service_point, fact.encounter
        ticket.number, ticket.priority, ticket.joined_at = fact.number, fact.priority, fact.occurred_at
        ticket.called_at = ticket.started_at = ticket.ended_at = 0
        ticket.counter = ticket.exception_reason = ""  # of the earlier call: nobody has called this one yet
    elif ticket.status in _ENDED:
        return
    elif isinstance(fact, QueueCalled):
        ticket.status, ticket.called_at = TicketStatus.CALLED, fact.occurred_at
        ticket.counter, ticket.exception_reason = fact.counter, fact.exception_reason
    elif isinstance(fact, QueueServiceStarted):
        ticket.status, ticket.started_at = TicketStatus.SERVING, fact.occurred_at
    elif isinstance(fact, QueueServiceEnded):
        ticket.status, ticket.ended_at = TicketStatus.SERVED, fact.occurred_at
    elif isinstance(fact, QueueLeft):
        ticket.status, ticket.ended_at = TicketStatus.LEFT, fact.occurred_at

"""The desk of all queues: draws tickets, calls, and refuses to call out of turn without a reason."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime
from string import ascii_uppercase
from zoneinfo import ZoneInfo

from server.wiring import Hospital
from twin.clock import to_datetime
from twin.errors import Conflict, FieldError, FieldProblem, NotFound
from twin.events.envelope import Event
from twin.events.patients import QueueCalled, QueueJoined, QueueLeft, QueueServiceEnded, QueueServiceStarted
from twin.state.live import LiveState
from twin.state.model import Ticket, TicketStatus
from twin.state.queueing import check_call, next_ticket, off_queue_since

SERVICE = "queues"
PRIORITIES = range(10)


class QueueDesk:
    """Acts on queues for one hospital.

    Every act is decided and stored under one lock: two counters that call at the same moment never get one ticket.

    Parameters
    ----------
    hospital : Hospital
        Whose queues.
    """

    def __init__(self, hospital: Hospital) -> None:
        self._hospital = hospital
        self._lock = threading.Lock()

    def join(self, point: str, *, actor: str, encounter: str = "", priority: int = 0) -> Ticket:
        """Draw a ticket at a service point.

        Parameters
        ----------
        point : str
            Id of a place.
        actor : str
            Who acts.
        encounter : str, optional
            Id of an open encounter; empty for a visitor.
        priority : int, optional
            0 is normal, up to 9; higher is called first.

        Raises
        ------
        NotFound
            If there is no such place or encounter.
        Conflict
            If the encounter waits here already.
        """
        if priority not in PRIORITIES:
            raise _bad("priority", f"Expected 0 to {PRIORITIES[-1]}, got {priority}.")
        live, now = self._hospital.live, self._hospital.clock.now()
        with self._lock:
            with self._hospital.ledger.steady:
                if point not in live.places:
                    raise NotFound("service point", point)
                if encounter and encounter not in live.encounters:
                    raise NotFound("encounter", encounter)
                waiting = [live.tickets[key] for _, _, key in live.index.queues.get(point, ())]
                if encounter and any(ticket.encounter == encounter for ticket in waiting):
                    raise Conflict("This encounter waits here already.", code="queue.waits_already")
                number = self._number(point, now)
            ticket = self._hospital.new_id()
            self._record(
                QueueJoined, ticket, actor, service_point=point, encounter=encounter, number=number, priority=priority
            )
            return live.tickets[ticket]

    def call_next(self, point: str, *, actor: str, counter: str) -> Ticket:
        """Call whose turn it is.

        Raises
        ------
        Conflict
            If nobody waits.
        """
        with self._lock:
            with self._hospital.ledger.steady:
                ticket = next_ticket(self._hospital.live, point).id
            self._record(QueueCalled, ticket, actor, counter=counter)
            return self._hospital.live.tickets[ticket]

    def call(self, ticket: str, *, actor: str, counter: str, reason: str = "") -> Ticket:
        """Call one ticket; out of turn only with a reason, which is kept.

        Raises
        ------
        Refused
            If others come first and there is no reason.
        """
        with self._lock:
            with self._hospital.ledger.steady:
                found = check_call(self._hospital.live, ticket, reason)
                queue = self._hospital.live.index.queues[found.service_point]
                is_turn = found.status is TicketStatus.CALLED or queue[0][2] == ticket
            self._record(
                QueueCalled, ticket, actor, counter=counter, exception_reason="" if is_turn else reason.strip()
            )
            return self._hospital.live.tickets[ticket]

    def start(self, ticket: str, *, actor: str) -> Ticket:
        """Begin to serve a ticket that was called."""
        return self._after(ticket, actor, QueueServiceStarted, (TicketStatus.CALLED,))

    def end(self, ticket: str, *, actor: str) -> Ticket:
        """End serving a ticket."""
        return self._after(ticket, actor, QueueServiceEnded, (TicketStatus.CALLED, TicketStatus.SERVING))

    def leave(self, ticket: str, *, actor: str, reason: str = "") -> Ticket:
        """Take a ticket out of its queue: the person went, or did not come when called."""
        held = (TicketStatus.WAITING, TicketStatus.CALLED)
        return self._after(ticket, actor, QueueLeft, held, reason=reason.strip())

    def _after(
        self, ticket: str, actor: str, kind: type[Event], held: tuple[TicketStatus, ...], **fields: object
    ) -> Ticket:
        with self._lock:
            with self._hospital.ledger.steady:
                found = self._hospital.live.tickets.get(ticket)
                if found is None:
                    raise NotFound("ticket", ticket)
                if found.status not in held:
                    raise Conflict(f"Ticket {found.number or ticket} is {found.status.value}.", code="queue.state")
            self._record(kind, ticket, actor, **fields)
            return self._hospital.live.tickets[ticket]

    def _record(self, kind: type[Event], ticket: str, actor: str, **fields: object) -> None:
        now = self._hospital.clock.now()
        event = kind(
            thing=ticket,
            occurred_at=now,
            source=f"user:{actor}",
            source_key=self._hospital.new_id(),
            actor=actor,
            **fields,  # type: ignore[arg-type]  # fields of the kind, checked by its callers
        )
        self._hospital.record_now([event])

    def _number(self, point: str, now: int) -> str:
        """Give the next number of the day: a letter for the point and three digits; never a name."""
        zone = ZoneInfo(self._hospital.settings.time_zone)
        moment = to_datetime(now).astimezone(zone)
        midnight = datetime(moment.year, moment.month, moment.day, tzinfo=zone)
        start = int(midnight.timestamp() * 1_000_000)
        live = self._hospital.live
        letters = {
            place: next((ticket.number[:1] for ticket in _drawn_since(live, place, start)), "")
            for place in {*live.index.queues, *live.index.off_queue, point}
        }
        letter = letters.pop(point)
        if not letter.isupper():  # the first of the day here, or numbers that another system gave
            # what others call today is left alone: a point that opens later does not change their letters
            letter = next((free for free in ascii_uppercase if free not in letters.values()), ascii_uppercase[-1])
        return f"{letter}{sum(1 for _ in _drawn_since(live, point, start)) + 1:03d}"


def _drawn_since(live: LiveState, point: str, at: int) -> Iterator[Ticket]:
    for _, _, key in live.index.queues.get(point, ()):
        if live.tickets[key].facts[0].occurred_at >= at:
            yield live.tickets[key]
    for ticket in off_queue_since(live, point, at):
        if ticket.facts[0].occurred_at >= at:
            yield ticket


def _bad(field: str, message: str) -> FieldError:
    return FieldError(FieldProblem(field=field, place=f"/{field}", message=message, cure="Mend it."))


def desk_of(hospital: Hospital) -> QueueDesk:
    """Give the hospital's desk, made the first time."""
    held = hospital.services.get(SERVICE)
    if not isinstance(held, QueueDesk):
        held = hospital.services[SERVICE] = QueueDesk(hospital)
    return held

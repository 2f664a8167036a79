"""Queues at service points: who may be called, and how long the others will probably wait.

The rule is that nobody is called before somebody who should come first, unless a person says why; the reason stands in
the ledger. Expected waits are quantiles of a simulation of the queue from the services that were observed there.
"""

from __future__ import annotations

import zlib
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.clock import HOUR_US, SECOND_US
from twin.errors import Conflict, NotFound, Refused
from twin.state.model import Ticket, TicketStatus
from twin.state.tables import AT_COUNTER, Tables

MIN_REASON = 3
"""Least characters of a reason for calling out of turn; one in Chinese may be as short."""
LOOK_BACK_US = 24 * HOUR_US
COUNTERS_US = 2 * HOUR_US
"""A counter that served nobody for so long is taken as closed."""
MIN_SERVICES = 5
PRIOR_MEDIAN_S, PRIOR_SIGMA = 360.0, 0.6
"""Service time where too few were observed yet: log-normal, as service times at counters mostly are."""
REPLICATIONS = 400
QUANTILES = (0.1, 0.5, 0.9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What was observed of serving at a point.

    Parameters
    ----------
    durations_s : tuple[float, ...]
        Ended services of the last 24 h, seconds.
    elapsed_s : tuple[float, ...]
        How long those who are being served have been, seconds.
    counters : int
        Counters that are open, at least 1.
    """

    durations_s: tuple[float, ...]
    elapsed_s: tuple[float, ...]
    counters: int

    @property
    def is_prior(self) -> bool:
        """Whether too few services were observed to rest on them."""
        return len(self.durations_s) < MIN_SERVICES


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedWait:
    """How long from now until a ticket is called.

    Parameters
    ----------
    ticket : str
        Its id; empty for whoever joins now.
    position : int
        1 is next.
    low_s, median_s, high_s : float
        Quantiles 0.1, 0.5, 0.9, seconds.
    n : int
        Observed services that this rests on.
    is_prior : bool
        Whether it rests on a general assumption, for want of observations.
    """

    ticket: str
    position: int
    low_s: float
    median_s: float
    high_s: float
    n: int
    is_prior: bool


def off_queue_since(state: Tables, point: str, at: int) -> list[Ticket]:
    """Give the tickets of a service point that ended since an instant, then those that are at a counter now."""
    entries = state.index.off_queue.get(point, [])
    return [state.tickets[key] for _, key in entries[bisect_left(entries, (at, "")) :]]


def at_counter(state: Tables, point: str) -> list[Ticket]:
    """Give the tickets of a service point that are called or being served, the latest called first."""
    return sorted(off_queue_since(state, point, AT_COUNTER), key=lambda ticket: -ticket.called_at)


def observed_services(state: Tables, point: str, now: int) -> Services:
    """Give what was observed of serving at a point.

    Parameters
    ----------
    state : Tables
        The present hospital.
    point : str
        Id of the service point.
    now : int
        UTC microseconds.
    """
    durations, elapsed, counters = [], [], set()
    for ticket in off_queue_since(state, point, now - LOOK_BACK_US):
        if not ticket.called_at:
            continue  # left while it waited
        # without a named counter the ticket itself stands for one while it is served
        if max(ticket.called_at, ticket.ended_at) > now - COUNTERS_US:
            counters.add(ticket.counter or ticket.id if ticket.status is TicketStatus.SERVING else ticket.counter)
        begun = ticket.started_at or ticket.called_at
        if ticket.status is TicketStatus.SERVED and ticket.ended_at > now - LOOK_BACK_US:
            durations.append(max(ticket.ended_at - begun, 0) / SECOND_US)
        elif ticket.status in (TicketStatus.SERVING, TicketStatus.CALLED):
            elapsed.append(max(now - begun, 0) / SECOND_US)
    open_counters = max(len(counters - {""}), len(elapsed), 1)
    return Services(durations_s=tuple(durations), elapsed_s=tuple(elapsed), counters=open_counters)


def _drawn(services: Services, size: int, random: np.random.Generator) -> NDArray[np.float64]:
    if services.is_prior:
        return random.lognormal(np.log(PRIOR_MEDIAN_S), PRIOR_SIGMA, size)
    return random.choice(np.asarray(services.durations_s, dtype=np.float64), size)


def _rest(services: Services, elapsed_s: float, random: np.random.Generator) -> NDArray[np.float64]:
    """Draw what is left of a service that has lasted a while: only longer ones can still be it."""
    if services.is_prior:
        drawn = random.lognormal(np.log(PRIOR_MEDIAN_S), PRIOR_SIGMA, (16, REPLICATIONS))
        # per run the first of 16 draws that is longer: the least of them would not be a draw of that law
        is_longer = drawn > elapsed_s
        rest = drawn[is_longer.argmax(axis=0), np.arange(REPLICATIONS)] - elapsed_s
        return np.where(is_longer.any(axis=0), rest, PRIOR_MEDIAN_S / 4)
    longer = np.asarray([one - elapsed_s for one in services.durations_s if one > elapsed_s], dtype=np.float64)
    if not len(longer):
        # It lasts longer than any observed: as long again as a quarter of the usual.
        return np.full(REPLICATIONS, float(np.median(services.durations_s)) / 4)
    return random.choice(longer, REPLICATIONS)


def expected_waits(tickets: Sequence[str], services: Services, *, seed: str) -> list[ExpectedWait]:
    """Give the expected waits of a queue, in call order, and last of whoever joins now.

    Parameters
    ----------
    tickets : Sequence[str]
        Ids of the waiting tickets in call order.
    services : Services
        What was observed.
    seed : str
        Anything; the same queue and seed give the same numbers.

    Notes
    -----
    :data:`REPLICATIONS` runs of a queue with ``c`` counters: each waiting ticket takes the counter that is free first;
    services in progress last their residual, drawn from observed ones that were longer than the time elapsed.
    """
    # crc32, not hash(): that differs between processes, and boards would flicker
    random = np.random.default_rng(zlib.crc32(seed.encode()))
    free = np.zeros((services.counters, REPLICATIONS))
    for counter, elapsed_s in enumerate(services.elapsed_s[: services.counters]):
        free[counter] = _rest(services, elapsed_s, random)
    columns = np.arange(REPLICATIONS)
    found = []
    for position, ticket in enumerate((*tickets, ""), 1):
        # all replications at once: column by column the counter that is free first
        first = free.argmin(axis=0)
        waits = free[first, columns]
        low, median, high = (float(value) for value in np.quantile(waits, QUANTILES))
        found.append(
            ExpectedWait(
                ticket=ticket,
                position=position,
                low_s=low,
                median_s=median,
                high_s=high,
                n=len(services.durations_s),
                is_prior=services.is_prior,
            )
        )
        free[first, columns] = waits + _drawn(services, REPLICATIONS, random)
    return found


def waits_at(state: Tables, point: str, now: int) -> list[ExpectedWait]:
    """Give the expected waits at a service point; parameters as :func:`observed_services`."""
    tickets = [key for _, _, key in state.index.queues.get(point, ())]
    return expected_waits(tickets, observed_services(state, point, now), seed=point)


def next_ticket(state: Tables, point: str) -> Ticket:
    """Give the ticket whose turn it is.

    Raises
    ------
    Conflict
        If nobody waits.
    """
    waiting = state.index.queues.get(point, ())
    if not waiting:
        raise Conflict("Nobody waits here.", code="queue.empty")
    return state.tickets[waiting[0][2]]


def check_call(state: Tables, ticket_id: str, reason: str) -> Ticket:
    """Give a ticket that may be called now.

    Parameters
    ----------
    state : Tables
        The present hospital.
    ticket_id : str
        Its id.
    reason : str
        Why it is called before others; empty if it is its turn.

    Raises
    ------
    NotFound
        If there is no such ticket.
    Conflict
        If it does not wait.
    Refused
        If others come first and there is no reason (``queue.jump``).
    """
    ticket = state.tickets.get(ticket_id)
    if ticket is None:
        raise NotFound("ticket", ticket_id)
    if ticket.status is TicketStatus.CALLED:
        return ticket  # called again: the person did not hear it
    if ticket.status is not TicketStatus.WAITING:
        raise Conflict(f"Ticket {ticket.number or ticket_id} is {ticket.status.value}.", code="queue.not_waiting")
    waiting = state.index.queues[ticket.service_point]
    before = next(position for position, entry in enumerate(waiting) if entry[2] == ticket_id)
    if before and len(reason.strip()) < MIN_REASON:
        raise Refused(
            f"{before} others come before ticket {ticket.number or ticket_id}: call them first, or say why.",
            code="queue.jump",
        )
    return ticket


def jumps(state: Tables, *, since: int = 0) -> list[Ticket]:
    """Give the tickets that were called out of turn with a reason, the latest first: exceptions for review."""
    found = [
        ticket
        for point in tuple(state.index.off_queue)
        for ticket in off_queue_since(state, point, since)
        if ticket.exception_reason and ticket.called_at >= since
    ]
    return sorted(found, key=lambda ticket: -ticket.called_at)

"""Goods are promised to a task when somebody gets it, so that nobody finds the shelf emptied on arrival."""

from __future__ import annotations

from sqlmodel import Session

from inventory.service.handing_out import Request, propose_pick
from inventory.tables.driver import Driver
from inventory.tables.reservations import free_all, promise, reservations_of, still_to_fetch, tasks_promised_before
from inventory.tables.rows import InboundRow
from twin.clock import DAY_US

PROMISE_LASTS_US = DAY_US
"""Age of a task's request at which its promise ends: goods must not be kept for somebody who never comes."""


def reserve_for_task(session: Session, *, task: str, now: int) -> int:
    """Promise to a task what it still has to fetch, first expired first, as far as its source has some free.

    What is not there is not promised; the pick tells how much is missing then. Asked again, only what is missing since
    is added.

    Parameters
    ----------
    session : Session
        The transaction.
    task : str
        Id of a restock task.
    now : int
        UTC microseconds.

    Returns
    -------
    int
        Base units newly promised.
    """
    row = session.get(InboundRow, task)
    if row is None or not row.source:
        return 0
    driver = Driver(session)
    missing = still_to_fetch(driver, task) - sum(reservations_of(driver, task).values())
    if missing <= 0:
        return 0
    request = Request(item=row.item, quantity=missing, place=row.source)
    promised = 0
    for portion in propose_pick(session, request=request, now=now).portions:
        holding = portion.source.holding
        key = (holding.place, holding.item, holding.lot, holding.owner)
        # somebody may take it between the look and the promise: then there is less to promise, and that is all
        if promise(driver, task, key, portion.quantity):
            promised += portion.quantity
    return promised


def free_task(session: Session, *, task: str) -> int:
    """Give back what is promised to a task that nobody has, or that cannot go on."""
    return free_all(Driver(session), task)


def free_stale(session: Session, *, now: int) -> int:
    """Give back what has been promised for longer than a day; base units."""
    driver = Driver(session)
    return sum(free_all(driver, task) for task in tasks_promised_before(driver, now - PROMISE_LASTS_US))

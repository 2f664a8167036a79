"""Back-orders: what a short task left open is owed, and asked for as soon as some has arrived."""

from __future__ import annotations

from dataclasses import replace

from msgspec import structs
from sqlmodel import Session

from inventory.model.back_orders import BackOrder, BackOrderState
from inventory.model.items import Item
from inventory.model.movements import Command
from inventory.model.stock import ParLevel
from inventory.rules.restocking import inventory_position, priority_of, quantity_to_par
from inventory.service.restocking import Ask, find_par, request_for
from inventory.tables.back_orders import load_back_order, open_back_orders, save_back_order
from inventory.tables.balances import position_at
from inventory.tables.catalogue import load_item
from inventory.tables.driver import Driver
from inventory.tables.reviewing import supplying_places, usable_at
from inventory.tables.rows import InboundRow
from twin.errors import Refused
from twin.events.work import TaskKind, TaskRequested
from twin.ids import PlaceId


def owe_rest(session: Session, *, task: str, at: int) -> BackOrder | None:
    """Write down what a task that ended short has not brought; None if it brought everything.

    Parameters
    ----------
    session : Session
        The transaction.
    task : str
        Id of the task.
    at : int
        When it ended, UTC microseconds.
    """
    row = session.get(InboundRow, task)
    if row is None or row.quantity <= 0:
        return None
    owed = BackOrder(
        id=task,
        place=row.place,
        item=row.item,
        source=row.source,
        quantity=row.quantity,
        state=BackOrderState.OPEN,
        opened_at=at,
    )
    save_back_order(session, owed)
    return owed


def note_asked(session: Session, *, place: str, item: str, task: str, at: int) -> None:
    """Note that a new task brings what is owed to a place: it asks for the whole lack, so every back-order is in it."""
    for owed in open_back_orders(session, item=item, place=place):
        save_back_order(session, replace(owed, state=BackOrderState.ASKED, task=task, closed_at=at))


def cancel_back_order(session: Session, *, command: Command, identifier: str) -> BackOrder:
    """Say that what is owed is not needed any more.

    Raises
    ------
    Refused
        If it is not open.
    """
    found = load_back_order(session, identifier)
    if found.state is not BackOrderState.OPEN:
        raise Refused(
            f"The back-order is {found.state.value} already.",
            reasons=(f"back_order.{found.state.value}",),
            code="back_order.state",
        )
    given_up = replace(found, state=BackOrderState.CANCELLED, closed_at=command.recorded_at)
    save_back_order(session, given_up)
    return given_up


def requests_for_owed(session: Session, *, item: str, source: str, now: int) -> list[TaskRequested]:
    """Give requests for what is owed of an item, as far as a source has some of it, the longest owed first.

    Parameters
    ----------
    session : Session
        The transaction.
    item, source : str
        What has arrived and where.
    now : int
        UTC microseconds.
    """
    owed_orders = [owed for owed in open_back_orders(session, item=item) if owed.place != source]
    if not owed_orders:
        return []
    found, driver = load_item(session, item), Driver(session)
    stores = set(supplying_places(driver))
    left = usable_at(driver, item=item, now=now).get(source, 0)
    requests: list[TaskRequested] = []
    for owed in owed_orders:
        # a ward that has got some keeps it for its own patients: only the owing source and the stores give
        if left <= 0 or source not in stores | {owed.source}:
            continue
        request = _request(session, owed, found, now)
        if request is not None:
            requests.append(structs.replace(request, from_place=PlaceId(source)))
            left -= request.quantity
    return requests


def _request(session: Session, owed: BackOrder, item: Item, now: int) -> TaskRequested | None:
    stock = position_at(Driver(session), item=owed.item, place=owed.place, now=now)
    position = inventory_position(on_hand=stock.on_hand, reserved=stock.reserved, inbound=stock.inbound)
    par = find_par(session, place=owed.place, item=owed.item)
    wanted = quantity_to_par(par, position) if par is not None else owed.quantity
    if not wanted:  # the place got some another way meanwhile: nothing is owed any more
        save_back_order(session, replace(owed, state=BackOrderState.ASKED, closed_at=now))
        return None
    known = par or ParLevel(place=PlaceId(owed.place), item=item.id, par_level=1, reorder_point=0)
    priority = priority_of(item.criticality, on_hand=stock.on_hand)
    return request_for(session, item, known, Ask(quantity=wanted, reason="back_order", priority=priority, now=now))


def after_short(session: Session, owed: BackOrder, *, now: int) -> list[TaskRequested]:
    """Give what a short pick leads to: the next store that has some is asked, and a shelf that lied is counted.

    Parameters
    ----------
    session : Session
        The transaction; the short task brings nothing any more.
    owed : BackOrder
        What it left open.
    now : int
        UTC microseconds.
    """
    driver = Driver(session)
    free = usable_at(driver, item=owed.item, now=now)
    requests: list[TaskRequested] = []
    others = [(free.get(place, 0), place) for place in supplying_places(driver) if place != owed.source]
    most, other = max(others, default=(0, ""))
    if most > 0:
        requests += requests_for_owed(session, item=owed.item, source=other, now=now)
    if free.get(owed.source, 0) > 0:  # the books say that there is some, the picker says that there is none
        key = f"count:{owed.source}:{owed.item}"
        requests.append(
            TaskRequested(
                thing=key,
                occurred_at=now,
                source="",
                source_key="",
                kind=TaskKind.COUNT,
                dedupe_key=key,
                subject_id=owed.item,
                to_place=PlaceId(owed.source),
                priority=2,
                reason="short_pick",
            )
        )
    return requests

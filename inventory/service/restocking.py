"""Par levels, bins and what is on its way: when a place asks for more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from inventory.model.items import Item
from inventory.model.movements import Command
from inventory.model.places import is_bought_for, is_carrier, is_virtual
from inventory.model.stock import ParLevel, ParMethod
from inventory.rules.restocking import (
    DUE_SECONDS_BY_CRITICALITY,
    inventory_position,
    priority_of,
    quantity_to_order,
)
from inventory.service.desk import source_of
from inventory.tables.back_orders import open_back_orders
from inventory.tables.balances import position_at
from inventory.tables.catalogue import load_item, load_place
from inventory.tables.driver import Driver
from inventory.tables.reservations import free_all, promise
from inventory.tables.reviewing import supplying_places, usable_at
from inventory.tables.rows import BinRow, InboundRow, ParLevelRow
from inventory.tables.substitutes import standing_in
from twin.clock import SECOND_US
from twin.errors import NotFound, Refused
from twin.events.supply import ParLevelSet
from twin.events.work import TaskKind, TaskRequested
from twin.ids import ItemId, PlaceId
from twin.ports import EventSink


def par_of_row(row: ParLevelRow) -> ParLevel:
    """Give the par level of a row."""
    return ParLevel(
        place=PlaceId(row.place),
        item=ItemId(row.item),
        par_level=row.par_level,
        reorder_point=row.reorder_point,
        pack_multiple=row.pack_multiple,
        source=PlaceId(row.source),
        method=ParMethod(row.method),
    )


def set_par(session: Session, *, ledger: EventSink, command: Command, par: ParLevel) -> None:
    """Set how much of an item a place should hold; a person answers for it.

    Parameters
    ----------
    session : Session
        The transaction.
    ledger : EventSink
        Where events go.
    command : Command
        Who set it.
    par : ParLevel
        The new level.

    Raises
    ------
    NotFound
        If there is no such item.
    """
    set_pars(session, ledger=ledger, command=command, pars=[par])


def set_pars(session: Session, *, ledger: EventSink, command: Command, pars: Sequence[ParLevel]) -> None:
    """Set many levels by one command, such as all of a new hospital; see :func:`set_par`."""
    for item in dict.fromkeys(par.item for par in pars):
        load_item(session, item)
    store_pars(session, pars, accepted_by=command.actor, at=command.recorded_at)
    events = [
        ParLevelSet(
            thing=par.item,
            occurred_at=command.occurred_at,
            source=source_of(command),
            source_key=command.id if number == 0 else f"{command.id}/{number}",
            actor=command.actor,
            place=par.place,
            par_level=par.par_level,
            reorder_point=par.reorder_point,
        )
        for number, par in enumerate(pars)
    ]
    ledger.append(session, events)


def unset_par(session: Session, *, ledger: EventSink, command: Command, place: str, item: str) -> None:
    """Take a par level away: nothing is asked for there any more, what lies there stays.

    Raises
    ------
    NotFound
        If there is none.
    """
    if find_par(session, place=place, item=item) is None:
        raise NotFound("par level", f"{place} / {item}")
    remove_par(session, place=place, item=item)
    gone = ParLevelSet(
        thing=item,
        occurred_at=command.occurred_at,
        source=source_of(command),
        source_key=command.id,
        actor=command.actor,
        place=place,
        par_level=0,
        reorder_point=0,
    )
    ledger.append(session, [gone])


def store_pars(session: Session, pars: Sequence[ParLevel], *, accepted_by: str, at: int) -> None:
    """Write par levels, new or changed."""
    places = sorted({par.place for par in pars})
    held = session.exec(select(ParLevelRow).where(col(ParLevelRow.place).in_(places)))
    by_key = {(row.place, row.item): row for row in held}
    for par in pars:
        row = by_key.get((par.place, par.item)) or ParLevelRow(
            place=par.place, item=par.item, par_level=0, reorder_point=0
        )
        by_key[par.place, par.item] = row
        row.par_level, row.reorder_point = par.par_level, par.reorder_point
        row.pack_multiple, row.source, row.method = par.pack_multiple, par.source, par.method.value
        row.accepted_by, row.changed_at = accepted_by, at
        session.add(row)
    session.flush()


def remove_par(session: Session, *, place: str, item: str) -> None:
    """Take a par level away; nothing is asked for there any more."""
    row = session.get(ParLevelRow, (place, item))
    if row is not None:
        session.delete(row)
        session.flush()


def find_par(session: Session, *, place: str, item: str) -> ParLevel | None:
    """Give the par level of an item at a place, or None."""
    row = session.get(ParLevelRow, (place, item))
    return None if row is None else par_of_row(row)


def list_pars(
    session: Session, *, place: str = "", after: tuple[str, str] = ("", ""), limit: int = 200
) -> list[ParLevel]:
    """Give par levels in the order of place and item, a page at a time."""
    query = select(ParLevelRow).order_by(col(ParLevelRow.place), col(ParLevelRow.item)).limit(limit)
    if place:
        query = query.where(col(ParLevelRow.place) == place, col(ParLevelRow.item) > after[1])
    else:
        same_place = (col(ParLevelRow.place) == after[0]) & (col(ParLevelRow.item) > after[1])
        query = query.where((col(ParLevelRow.place) > after[0]) | same_place)
    return [par_of_row(row) for row in session.exec(query)]


def define_bin(session: Session, *, bin_id: str, place: str, item: str, quantity: int) -> None:
    """Say what a bin holds and how much of it, so that its empty position can ask for the right thing.

    Parameters
    ----------
    session : Session
        The transaction.
    bin_id : str
        Id of the bin, to which its tag is bound.
    place : str
        Where it belongs.
    item : str
        What it holds.
    quantity : int
        Base units of a full bin, above 0.
    """
    load_item(session, item)
    session.merge(BinRow(id=bin_id, place=place, item=item, quantity=quantity))
    session.flush()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """A bin as it was defined; parameters as for :func:`define_bin`."""

    id: str
    place: str
    item: str
    quantity: int


def list_bins(session: Session, *, after: str = "", limit: int = 200) -> list[Bin]:
    """Give bins in the order of their ids, a page at a time."""
    query = select(BinRow).where(col(BinRow.id) > after).order_by(col(BinRow.id)).limit(limit)
    return [Bin(id=row.id, place=row.place, item=row.item, quantity=row.quantity) for row in session.exec(query)]


def remove_bin(session: Session, bin_id: str) -> None:
    """Forget what a bin holds; its empty position asks for nothing of its own any more.

    Raises
    ------
    NotFound
        If nothing is known of it.
    """
    row = session.get(BinRow, bin_id)
    if row is None:
        raise NotFound("bin", bin_id)
    session.delete(row)
    session.flush()


def request_for_breach(session: Session, *, item: str, place: str, now: int) -> TaskRequested | None:
    """Give the request for more of an item at a place, or None while its inventory position is high enough.

    None also for a store that no place supplies: what lacks there is bought.
    """
    if is_virtual(place) or is_carrier(place):
        return None
    par = find_par(session, place=place, item=item)
    if par is None:
        return None
    driver = Driver(session)
    # the position, not what lies there: what is on its way would else be asked for with every unit that is taken
    stock = position_at(driver, item=item, place=place, now=now)
    position = inventory_position(on_hand=stock.on_hand, reserved=stock.reserved, inbound=stock.inbound)
    if not quantity_to_order(par, position):
        return None
    # approved stand-ins on the same shelf cover the ward: without them in it, each round would bring more of them
    position += standing_in(driver, now=now, place=place, item=item).get((place, item), 0)
    quantity = quantity_to_order(par, position)
    if not quantity or is_bought(session, par) or waits_for_arrival(session, par, now):
        return None
    found = load_item(session, item)
    priority = priority_of(found.criticality, on_hand=stock.on_hand)
    return request_for(session, found, par, Ask(quantity=quantity, reason="par_breach", priority=priority, now=now))


def is_bought(session: Session, par: ParLevel) -> bool:
    """Tell whether what lacks below a par level is bought, as no place supplies the store."""
    return is_bought_for(load_place(session, par.place), par.source)


def waits_for_arrival(session: Session, par: ParLevel, now: int) -> bool:
    """Tell whether goods are owed to the place and no other source has any: a porter would find it empty again."""
    if not open_back_orders(session, item=par.item, place=par.place):
        return False
    free = _free_elsewhere(session, par, now)
    sources = {par.source or load_place(session, par.place).source, *supplying_places(Driver(session))} - {par.place}
    return not any(free.get(source, 0) > 0 for source in sources)


def _free_elsewhere(session: Session, par: ParLevel, now: int) -> dict[str, int]:
    """Give usable units by place, without sources that a picker has found empty whatever the books say of them."""
    empty = {owed.source for owed in open_back_orders(session, item=par.item, place=par.place)}
    free = usable_at(Driver(session), item=par.item, now=now)
    return {place: quantity for place, quantity in free.items() if place not in empty}


def request_for_bin(session: Session, *, bin_id: str, place: str, now: int) -> list[TaskRequested]:
    """Give the requests that an empty bin makes.

    A bin that was never defined stands for every item whose par level at the place is kept by two bins. A bin of a
    store that no place supplies asks for nothing: its par level is seen by whoever buys.

    Raises
    ------
    NotFound
        If nothing is known about the bin and nothing at its place is kept by two bins.
    """
    row = session.get(BinRow, bin_id)
    if row is not None:
        pars = [
            find_par(session, place=row.place, item=row.item)
            or ParLevel(place=PlaceId(row.place), item=ItemId(row.item), par_level=row.quantity, reorder_point=0)
        ]
        quantities = [row.quantity]
    else:
        pars = _two_bin_pars(session, place)
        quantities = [max(1, par.par_level // 2) for par in pars]
    if not pars:
        raise NotFound("bin", bin_id)
    requests = []
    for par, quantity in zip(pars, quantities, strict=True):
        if is_bought(session, par):
            continue  # nobody can carry it there: buying looks at its par level
        item = load_item(session, par.item)
        stock = position_at(Driver(session), item=par.item, place=par.place, now=now)
        priority = priority_of(item.criticality, on_hand=stock.on_hand)
        ask = Ask(quantity=quantity, reason="bin_empty", priority=priority, now=now)
        requests.append(request_for(session, item, par, ask))
    return requests


def _two_bin_pars(session: Session, place: str) -> list[ParLevel]:
    """Give all par levels of a place that are kept by two bins, a page after the other: a store room has hundreds."""
    found: list[ParLevel] = []
    last = ""
    while page := list_pars(session, place=place, after=(place, last)):
        found += [par for par in page if par.method is ParMethod.TWO_BIN]
        last = page[-1].item
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What is asked for at a place.

    Parameters
    ----------
    quantity : int
        Base units, above 0.
    reason : str
        Stable code of the trigger.
    priority : int
        1 (highest) to 5.
    now : int
        UTC microseconds.
    """

    quantity: int
    reason: str
    priority: int
    now: int


def request_for(session: Session, item: Item, par: ParLevel, ask: Ask) -> TaskRequested:
    """Give the request to bring an item to a place, from where there is some.

    Parameters
    ----------
    session : Session
        The transaction.
    item : Item
        What.
    par : ParLevel
        Where to, and where it is usually fetched.
    ask : Ask
        How much, why and how urgently.
    """
    return TaskRequested(
        thing=f"restock:{par.place}:{par.item}",
        occurred_at=ask.now,
        source="",
        source_key="",
        kind=TaskKind.RESTOCK,
        dedupe_key=f"restock:{par.place}:{par.item}",
        subject_id=item.id,
        from_place=source_with_stock(session, par, ask),
        to_place=par.place,
        quantity=ask.quantity,
        due_at=ask.now + DUE_SECONDS_BY_CRITICALITY[item.criticality] * SECOND_US,
        priority=ask.priority,
        reason=ask.reason,
    )


def source_with_stock(session: Session, par: ParLevel, ask: Ask) -> PlaceId:
    """Give where to fetch an item: its usual source while that has any, else the store that has most.

    A porter sent to an empty shelf comes back with nothing; the usual source stays the answer if no store has any.
    """
    usual = par.source or load_place(session, par.place).source
    driver = Driver(session)
    free = _free_elsewhere(session, par, ask.now)
    if free.get(usual, 0) > 0:
        return usual
    others = [(free.get(place, 0), place) for place in supplying_places(driver) if place != par.place]
    most, place = max(others, default=(0, ""))
    return PlaceId(place) if most > 0 else usual


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """What an open task will bring.

    Parameters
    ----------
    task : str
        Id of the task.
    place, item, source : str
        Where it is brought, what, and where it is fetched; the source is empty if unknown.
    quantity : int
        Base units, above 0.
    at : int
        When the task was made, UTC microseconds.
    """

    task: str
    place: str
    item: str
    quantity: int
    at: int
    source: str = ""


def note_inbound(session: Session, inbound: Inbound) -> None:
    """Note that an open task will bring a quantity to a place.

    Parameters
    ----------
    session : Session
        The transaction.
    inbound : Inbound
        What it brings.
    """
    session.merge(
        InboundRow(
            task=inbound.task,
            place=inbound.place,
            item=inbound.item,
            quantity=inbound.quantity,
            created_at=inbound.at,
            source=inbound.source,
        )
    )
    session.flush()


def lower_inbound(session: Session, *, task: str, quantity: int) -> None:
    """Take a delivered quantity off what a task will still bring."""
    row = session.get(InboundRow, task)
    if row is None:  # goods came without a task that promised them, or after it was closed
        return
    row.quantity -= quantity
    if row.quantity > 0:
        session.add(row)
    else:
        session.delete(row)
    session.flush()


def end_inbound(session: Session, *, task: str) -> None:
    """Forget what a task would have brought, and free what was promised to it."""
    row = session.get(InboundRow, task)
    if row is not None:
        session.delete(row)
        session.flush()
    free_all(Driver(session), task)


def reserve(session: Session, *, task: str, parts: Sequence[tuple[tuple[str, str, str, str], int]]) -> None:
    """Promise quantities of certain lots to a task, all or nothing.

    Parameters
    ----------
    session : Session
        The transaction.
    task : str
        Id of the task.
    parts : Sequence
        Pairs of (place, item, lot, owner) and quantity.

    Raises
    ------
    Refused
        If a balance has not so much free.
    """
    driver = Driver(session)
    for key, quantity in sorted(parts):
        if not promise(driver, task, key, quantity):
            raise Refused(
                f"{key[0]} has fewer than {quantity} free units of {key[1]}, lot {key[2] or 'none'}.",
                reasons=("stock.short",),
                code="stock.short",
            )

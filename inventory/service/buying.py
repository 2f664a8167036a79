"""Buying: what stores lack is proposed, somebody else answers for the money, orders go out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo

from sqlmodel import Session

from inventory.model.movements import Command
from inventory.model.orders import Order, OrderState, Supply
from inventory.rules.buying import cheapest, line_for
from inventory.rules.restocking import quantity_to_order
from inventory.service.desk import source_of
from inventory.service.unsupplied import close_tasks_from_nowhere
from inventory.tables.back_orders import owed_by_source
from inventory.tables.catalogue import load_item
from inventory.tables.consignment import forget_bill
from inventory.tables.driver import Driver
from inventory.tables.order_numbers import next_order_number
from inventory.tables.orders import load_order, on_order, save_order, save_supply, supplies_of
from inventory.tables.reviewing import ReviewLine, lines_to_review, supplying_places
from twin.errors import FieldError, FieldProblem, Refused
from twin.events.supply import OrderDecided
from twin.ids import PlaceId
from twin.ports import EventSink


def define_supply(session: Session, supply: Supply) -> None:
    """Say that an item can be bought of a supplier."""
    load_item(session, supply.item)
    save_supply(session, supply)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """What a look at the stores has led to.

    Parameters
    ----------
    orders : tuple[Order, ...]
        New proposals, one for each supplier and store.
    without_supplier : tuple[tuple[str, str], ...]
        Place and item of what lacks and nobody sells to us.
    """

    orders: tuple[Order, ...]
    without_supplier: tuple[tuple[str, str], ...]


def propose_orders(session: Session, *, ledger: EventSink, command: Command, zone: tzinfo) -> Proposed:
    """Propose orders for what stores and pharmacies lack, beyond what is on order already.

    Parameters
    ----------
    session : Session
        The transaction.
    ledger : EventSink
        Where it is told that tasks are given up which are to fill a store from nowhere.
    command : Command
        Who asks.
    zone : tzinfo
        Of the hospital; orders are numbered by its calendar year.
    """
    driver = Driver(session)
    close_tasks_from_nowhere(session, ledger=ledger, command=command)
    stores, coming, owed = set(supplying_places(driver)), on_order(driver), owed_by_source(driver)
    wanted: dict[tuple[str, str], list[tuple[Supply, int]]] = {}
    without: list[tuple[str, str]] = []
    for line in lines_to_review(driver, now=command.recorded_at):
        needed = _needed(line, coming, owed) if line.par.place in stores else 0
        if not needed:
            continue
        supply = cheapest(supplies_of(session, line.par.item))
        if supply is None:
            without.append(line.key)
        else:
            wanted.setdefault((supply.supplier, line.par.place), []).append((supply, needed))
    orders = []
    for (supplier, place), lines in sorted(wanted.items(), key=lambda each: each[0]):
        order = Order(
            id=next_order_number(driver, at=command.recorded_at, zone=zone),
            supplier=supplier,
            place=PlaceId(place),
            state=OrderState.PROPOSED,
            lines=tuple(line_for(at, supply, needed) for at, (supply, needed) in enumerate(lines, start=1)),
            proposed_by=command.actor,
            proposed_at=command.recorded_at,
        )
        save_order(session, order)
        orders.append(order)
    return Proposed(orders=tuple(orders), without_supplier=tuple(without))


def _needed(line: ReviewLine, coming: dict[tuple[str, str], int], owed: dict[tuple[str, str], int]) -> int:
    # inventory position: on hand and on order, less what is owed to wards already
    position = line.free + line.inbound + coming.get(line.key, 0) - owed.get(line.key, 0)
    return quantity_to_order(line.par, position)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineChange:
    """Another number of packs for a line of a proposed order; 0 takes it off."""

    number: int
    packs: int


def change_lines(session: Session, *, order: str, changes: Sequence[LineChange]) -> Order:
    """Change how much a proposed order asks for.

    Raises
    ------
    Refused
        If the order was approved already, or nothing would be left of it.
    FieldError
        If it has no such line.
    """
    found = load_order(session, order, lock=True)
    check_state(found, OrderState.PROPOSED)
    packs = {line.number: line.packs for line in found.lines}
    for change in changes:
        if change.number not in packs or change.packs < 0:
            raise FieldError(
                FieldProblem(
                    field="number",
                    place=f"order/{order}",
                    message=f"There is no line {change.number}, or {change.packs} packs are fewer than none.",
                    cure=f"Use one of the lines 1 to {len(packs)}.",
                )
            )
        packs[change.number] = change.packs
    lines = tuple(replace(line, packs=packs[line.number]) for line in found.lines)
    if not any(line.packs for line in lines):
        raise Refused(
            "Nothing would be left of the order: cancel it instead.", reasons=("order.empty",), code="order.empty"
        )
    changed = replace(found, lines=lines)
    save_order(session, changed)
    return changed


def check_state(order: Order, *allowed: OrderState) -> None:
    """Refuse what an order's state does not allow.

    Raises
    ------
    Refused
        With code ``order.state``.
    """
    if order.state not in allowed:
        wanted = " or ".join(state.value for state in allowed)
        raise Refused(
            f"Order {order.id} is {order.state.value}; this is possible while it is {wanted}.",
            reasons=(f"order.{order.state.value}",),
            code="order.state",
        )


def told(command: Command, order: Order, decision: str) -> OrderDecided:
    """Give the event by which the audit learns what somebody decided of an order."""
    return OrderDecided(
        thing=order.id,
        occurred_at=command.occurred_at,
        source=source_of(command),
        source_key=f"{command.id}:{decision}:{order.id}",
        actor=command.actor,
        decision=decision,
        supplier=order.supplier,
        value_minor=order.value_minor,
    )


def approve(session: Session, *, ledger: EventSink, command: Command, order: str) -> Order:
    """Answer for the money of an order; the audit notes who did.

    Raises
    ------
    Refused
        If it is not waiting for it, or the same person proposed it: two people stand behind every order.
    """
    found = load_order(session, order, lock=True)
    check_state(found, OrderState.PROPOSED)
    if found.proposed_by == command.actor:
        raise Refused(
            "Whoever proposed an order does not approve it: ask a second person.",
            reasons=("order.same_person",),
            code="order.same_person",
        )
    approved = replace(found, state=OrderState.APPROVED, approved_by=command.actor, approved_at=command.recorded_at)
    save_order(session, approved)
    ledger.append(session, [told(command, approved, "approved")])
    return approved


def order_to_send(session: Session, order: str) -> Order:
    """Give an order that may leave the hospital as a file.

    Parameters
    ----------
    session : Session
        May be a reading session.
    order : str
        Its number.

    Raises
    ------
    Refused
        If nobody has answered for its money yet, or it was given up: a supplier would deliver it all the same.
    """
    found = load_order(session, order)
    if found.state is OrderState.PROPOSED:
        raise Refused(
            f"Order {found.id} is not approved: a second person has to approve it before it goes out.",
            reasons=("order.not_approved",),
            code="order.not_approved",
        )
    if found.state is OrderState.CANCELLED:
        raise Refused(
            f"Order {found.id} was given up: nothing of it goes out.",
            reasons=("order.cancelled",),
            code="order.cancelled",
        )
    return found


def note_sent(session: Session, *, ledger: EventSink, command: Command, order: str) -> Order:
    """Note that an approved order went out to the supplier; again changes nothing."""
    found = load_order(session, order, lock=True)
    if found.state is OrderState.SENT:
        return found
    check_state(found, OrderState.APPROVED)
    # a bill for goods that were used brings nothing: with it the matter is closed
    state = OrderState.RECEIVED if found.is_bill_only else OrderState.SENT
    sent = replace(found, state=state, sent_at=command.recorded_at)
    save_order(session, sent)
    ledger.append(session, [told(command, sent, "sent")])
    return sent


def cancel(session: Session, *, ledger: EventSink, command: Command, order: str) -> Order:
    """Give an order up; what has come of it stays."""
    found = load_order(session, order, lock=True)
    check_state(found, OrderState.PROPOSED, OrderState.APPROVED, OrderState.SENT)
    given_up = replace(found, state=OrderState.CANCELLED)
    save_order(session, given_up)
    if found.is_bill_only:
        forget_bill(Driver(session), found.id)  # what was used still wants to be paid for
    ledger.append(session, [told(command, given_up, "cancelled")])
    return given_up

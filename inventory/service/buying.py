"""Buying: what stores lack is proposed, somebody answers for the money, orders go out, goods come in against them.

Nothing that really arrived is turned away by the books: a delivery that differs from its order is stored as it came,
and the difference is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlmodel import Session

from inventory.model.movements import Command, Movement
from inventory.model.orders import Difference, Order, OrderLine, OrderState, Supply
from inventory.rules.buying import cheapest, differences_of, line_for, spread
from inventory.rules.restocking import quantity_to_order
from inventory.service.desk import source_of
from inventory.service.receiving import Receipt, receive
from inventory.service.unsupplied import close_tasks_from_nowhere
from inventory.tables.back_orders import owed_by_source
from inventory.tables.catalogue import load_item
from inventory.tables.consignment import forget_bill
from inventory.tables.driver import Driver
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


def propose_orders(session: Session, *, ledger: EventSink, command: Command) -> Proposed:
    """Propose orders for what stores and pharmacies lack, beyond what is on order already.

    Parameters
    ----------
    session : Session
        The transaction.
    ledger : EventSink
        Where it is told that tasks are given up which are to fill a store from nowhere.
    command : Command
        Who asks; orders are numbered after it.
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
    for number, ((supplier, place), lines) in enumerate(sorted(wanted.items(), key=lambda each: each[0]), start=1):
        order = Order(
            id=f"PO-{command.id}-{number}",
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
    _check_state(found, OrderState.PROPOSED)
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


def _check_state(order: Order, *allowed: OrderState) -> None:
    if order.state not in allowed:
        wanted = " or ".join(state.value for state in allowed)
        raise Refused(
            f"Order {order.id} is {order.state.value}; this is possible while it is {wanted}.",
            reasons=(f"order.{order.state.value}",),
            code="order.state",
        )


def _told(command: Command, order: Order, decision: str) -> OrderDecided:
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
    _check_state(found, OrderState.PROPOSED)
    if found.proposed_by == command.actor:
        raise Refused(
            "Whoever proposed an order does not approve it: ask a second person.",
            reasons=("order.same_person",),
            code="order.same_person",
        )
    approved = replace(found, state=OrderState.APPROVED, approved_by=command.actor, approved_at=command.recorded_at)
    save_order(session, approved)
    ledger.append(session, [_told(command, approved, "approved")])
    return approved


def note_sent(session: Session, *, ledger: EventSink, command: Command, order: str) -> Order:
    """Note that an approved order went out to the supplier; again changes nothing."""
    found = load_order(session, order, lock=True)
    if found.state is OrderState.SENT:
        return found
    _check_state(found, OrderState.APPROVED)
    # a bill for goods that were used brings nothing: with it the matter is closed
    state = OrderState.RECEIVED if found.is_bill_only else OrderState.SENT
    sent = replace(found, state=state, sent_at=command.recorded_at)
    save_order(session, sent)
    ledger.append(session, [_told(command, sent, "sent")])
    return sent


def cancel(session: Session, *, ledger: EventSink, command: Command, order: str) -> Order:
    """Give an order up; what has come of it stays."""
    found = load_order(session, order, lock=True)
    _check_state(found, OrderState.PROPOSED, OrderState.APPROVED, OrderState.SENT)
    given_up = replace(found, state=OrderState.CANCELLED)
    save_order(session, given_up)
    if found.is_bill_only:
        forget_bill(Driver(session), found.id)  # what was used still wants to be paid for
    ledger.append(session, [_told(command, given_up, "cancelled")])
    return given_up


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What a delivery has brought.

    Parameters
    ----------
    movement : Movement
        The receipt in the books.
    order : Order
        As it stands after it.
    differences : tuple[Difference, ...]
        How the delivery differs from what was still expected.
    """

    movement: Movement
    order: Order
    differences: tuple[Difference, ...]


def receive_order(
    session: Session, *, ledger: EventSink, command: Command, order: str, receipts: Sequence[Receipt], is_last: bool
) -> Delivered:
    """Take goods in against an order; what differs is stored as it came and told.

    Parameters
    ----------
    session : Session
        The transaction.
    ledger : EventSink
        Where events go.
    command : Command
        Who received them and when.
    order : str
        Number of the order.
    receipts : Sequence[Receipt]
        What came.
    is_last : bool
        Whether nothing more will come: what is missing is given up.

    Raises
    ------
    Refused
        If the order was not approved, or is over.
    """
    found = load_order(session, order, lock=True)
    movement = receive(
        session,
        ledger=ledger,
        command=command,
        receipts=[replace(each, supplier=each.supplier or found.supplier) for each in receipts],
    )
    if movement.is_replay:
        return Delivered(movement=movement, order=found, differences=())
    _check_state(found, OrderState.APPROVED, OrderState.SENT)
    came: dict[str, int] = {}
    for each in receipts:
        came[each.item] = came.get(each.item, 0) + each.quantity
    # Against what was still expected, before this delivery counts on the lines.
    differences = differences_of(found.lines, came)
    lines = found.lines
    for item, quantity in came.items():
        counted = spread(lines, item, quantity)
        lines = tuple(_with_more(line, counted.get(line.number, 0)) for line in lines)
    is_over = is_last or all(not line.missing for line in lines)
    after = replace(found, lines=lines, state=OrderState.RECEIVED if is_over else found.state)
    save_order(session, after)
    return Delivered(movement=movement, order=after, differences=tuple(differences))


def _with_more(line: OrderLine, quantity: int) -> OrderLine:
    return replace(line, received=line.received + quantity) if quantity else line

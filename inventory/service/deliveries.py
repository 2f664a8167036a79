"""Goods that come against an order, and what becomes of an order that does not come whole.

Nothing that really arrived is turned away by the books: a delivery that differs from its order is stored as it came,
and the difference is told and kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlmodel import Session

from inventory.model.movements import Command, Movement
from inventory.model.orders import Delivery, Difference, Order, OrderLine, OrderState
from inventory.rules.buying import differences_of, spread
from inventory.service.buying import check_state, told
from inventory.service.receiving import Receipt, receive
from inventory.tables.deliveries import save_delivery
from inventory.tables.orders import load_order, save_order
from twin.errors import FieldError, FieldProblem
from twin.ports import EventSink


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """Goods that arrive against an order.

    Parameters
    ----------
    order : str
        Number of the order.
    receipts : Sequence[Receipt]
        What came.
    is_last : bool
        Whether nothing more will come: what is missing is given up.
    reason : str
        Why it is given up; needed if something is missing then.
    """

    order: str
    receipts: Sequence[Receipt]
    is_last: bool = False
    reason: str = ""


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


def receive_order(session: Session, *, ledger: EventSink, command: Command, arrival: Arrival) -> Delivered:
    """Take goods in against an order; what differs is stored as it came, told and kept.

    Parameters
    ----------
    session : Session
        The transaction.
    ledger : EventSink
        Where events go.
    command : Command
        Who received them and when.
    arrival : Arrival
        What came, and whether more will.

    Raises
    ------
    Refused
        If the order was not approved, or is over.
    FieldError
        If it is closed with something missing and nobody said why.
    """
    found = load_order(session, arrival.order, lock=True)
    receipts = [replace(each, supplier=each.supplier or found.supplier) for each in arrival.receipts]
    movement = receive(session, ledger=ledger, command=command, receipts=receipts)
    if movement.is_replay:
        return Delivered(movement=movement, order=found, differences=())
    check_state(found, OrderState.APPROVED, OrderState.SENT)
    came: dict[str, int] = {}
    for each in receipts:
        came[each.item] = came.get(each.item, 0) + each.quantity
    # Against what was still expected, before this delivery counts on the lines.
    differences = tuple(differences_of(found.lines, came))
    lines = found.lines
    for item, quantity in came.items():
        counted = spread(lines, item, quantity)
        lines = tuple(_with_more(line, counted.get(line.number, 0)) for line in lines)
    after = _after(replace(found, lines=lines), arrival)
    save_order(session, after)
    kept = Delivery(
        movement=movement.id,
        order=found.id,
        at=command.occurred_at,
        actor=command.actor,
        differences=differences,
    )
    save_delivery(session, kept)
    if after.closed_reason:
        ledger.append(session, [told(command, after, "closed")])
    return Delivered(movement=movement, order=after, differences=differences)


def _with_more(line: OrderLine, quantity: int) -> OrderLine:
    return replace(line, received=line.received + quantity) if quantity else line


def _after(order: Order, arrival: Arrival) -> Order:
    """Give an order as a delivery leaves it: whole, waiting for the rest, or closed without it."""
    if not any(line.missing for line in order.lines):
        return replace(order, state=OrderState.RECEIVED)
    return _closed(order, arrival.reason) if arrival.is_last else order


def _closed(order: Order, reason: str) -> Order:
    if not reason.strip():
        raise FieldError(
            FieldProblem(
                field="reason",
                place=f"order/{order.id}",
                message="Something is still missing, and nobody said why it will not come.",
                cure="Say why the rest is given up, or leave it open.",
            ),
            code="order.reason",
        )
    return replace(order, state=OrderState.RECEIVED, closed_reason=reason.strip())


def close_rest(session: Session, *, ledger: EventSink, command: Command, order: str, reason: str) -> Order:
    """Close an order although something of it is missing; what came of it stays.

    What is missing counts as on its way no more: the next proposal asks for it again.

    Parameters
    ----------
    session : Session
        The transaction.
    ledger : EventSink
        Where the audit learns of it.
    command : Command
        Who closes it.
    order : str
        Its number.
    reason : str
        Why the rest will not come.

    Raises
    ------
    Refused
        If it was not approved, or is over.
    FieldError
        If no reason is given.
    """
    found = load_order(session, order, lock=True)
    check_state(found, OrderState.APPROVED, OrderState.SENT)
    closed = _closed(found, reason)
    save_order(session, closed)
    ledger.append(session, [told(command, closed, "closed")])
    return closed

"""Orders to suppliers, what came of them, and an order as a file."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from inventory.model.items import Tracking
from inventory.model.orders import OPEN_ORDERS, Delivery, Order, OrderState
from inventory.service.buying import order_to_send
from inventory.service.sending import Shape, written
from inventory.tables.catalogue import load_item
from inventory.tables.consignment import unbilled_uses
from inventory.tables.deliveries import deliveries_of
from inventory.tables.driver import Driver
from inventory.tables.orders import list_orders, load_order

MOST = 500


def orders(session: Session, state: str = "") -> list[Order]:
    """Give orders, open ones unless a state is named.

    Parameters
    ----------
    session : Session
        Any.
    state : str, optional
        Value of :class:`inventory.model.orders.OrderState`.
    """
    known = {each.value for each in OrderState}
    states = (OrderState(state),) if state in known else OPEN_ORDERS
    return list_orders(session, states=states, limit=MOST)


def order(session: Session, order_id: str) -> Order:
    """Give an order.

    Raises
    ------
    NotFound
        If there is none.
    """
    return load_order(session, order_id)


def file_of(session: Session, order_id: str, shape: Shape) -> tuple[str, str]:
    """Give an order as a file's text, and its media type.

    Raises
    ------
    Refused
        If nobody has approved it, or it was given up.
    """
    return written(session, order_to_send(session, order_id), shape)


def deliveries(session: Session, order_id: str) -> list[Delivery]:
    """Give what has come of an order, the first delivery first."""
    return deliveries_of(session, order_id)


def is_tracked(session: Session, item: str) -> bool:
    """Tell whether an item is received by its lot."""
    return load_item(session, item).tracking is not Tracking.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Consigned:
    """Base units of a vendor's item that were used and are not billed yet."""

    owner: str
    item: str
    quantity: int


def consigned(session: Session) -> list[Consigned]:
    """Give what was used of vendors' goods, by vendor and item; what was taken back counts against it."""
    summed: dict[tuple[str, str], int] = {}
    for use in unbilled_uses(Driver(session)):
        key = (use.owner, use.item)
        summed[key] = summed.get(key, 0) + use.quantity
    return [
        Consigned(owner=owner, item=item, quantity=quantity) for (owner, item), quantity in summed.items() if quantity
    ]

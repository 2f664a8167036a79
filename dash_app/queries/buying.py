"""Orders to suppliers, and an order as a file."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from inventory.model.orders import OPEN_ORDERS, Order, OrderState
from inventory.rules.buying import order_csv
from inventory.tables.consignment import unbilled_uses
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


def csv_of(session: Session, order_id: str, names: dict[str, str]) -> str:
    """Give an order as CSV text."""
    return order_csv(load_order(session, order_id), names)


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

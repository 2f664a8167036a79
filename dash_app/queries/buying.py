"""Orders to suppliers, and an order as a file."""

from __future__ import annotations

from sqlmodel import Session

from inventory.model.orders import OPEN_ORDERS, Order, OrderState
from inventory.rules.buying import order_csv
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

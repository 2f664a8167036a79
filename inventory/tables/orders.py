"""Supplies and orders: rows to values and back, and what is still expected."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, select

from inventory.model.orders import OPEN_ORDERS, Order, OrderLine, OrderState, Supply
from inventory.tables.driver import Driver, number_of, text_of
from inventory.tables.order_rows import OrderLineRow, OrderRow, SupplyRow
from twin.errors import NotFound
from twin.ids import ItemId, PlaceId


def save_supply(session: Session, supply: Supply) -> None:
    """Write that an item can be bought of a supplier, new or changed."""
    session.merge(
        SupplyRow(
            item=supply.item,
            supplier=supply.supplier,
            supplier_code=supply.supplier_code,
            pack_quantity=supply.pack_quantity,
            price_minor=supply.price_minor,
            lead_days=supply.lead_days,
            is_preferred=supply.is_preferred,
        )
    )
    session.flush()


def supplies_of(session: Session, item: str) -> list[Supply]:
    """Give of whom an item can be bought."""
    rows = session.exec(select(SupplyRow).where(col(SupplyRow.item) == item).order_by(col(SupplyRow.supplier)))
    return [
        Supply(
            item=ItemId(row.item),
            supplier=row.supplier,
            supplier_code=row.supplier_code,
            pack_quantity=row.pack_quantity,
            price_minor=row.price_minor,
            lead_days=row.lead_days,
            is_preferred=row.is_preferred,
        )
        for row in rows
    ]


def save_order(session: Session, order: Order) -> None:
    """Write an order with its lines, new or changed."""
    session.merge(
        OrderRow(
            id=order.id,
            supplier=order.supplier,
            place=order.place,
            state=order.state.value,
            proposed_by=order.proposed_by,
            approved_by=order.approved_by,
            proposed_at=order.proposed_at,
            approved_at=order.approved_at,
            sent_at=order.sent_at,
            is_bill_only=order.is_bill_only,
            closed_reason=order.closed_reason,
        )
    )
    for line in order.lines:
        session.merge(
            OrderLineRow(
                order_id=order.id,
                number=line.number,
                item=line.item,
                packs=line.packs,
                pack_quantity=line.pack_quantity,
                price_minor=line.price_minor,
                supplier_code=line.supplier_code,
                received=line.received,
            )
        )
    session.flush()


def _order_of(session: Session, row: OrderRow) -> Order:
    query = select(OrderLineRow).where(col(OrderLineRow.order_id) == row.id).order_by(col(OrderLineRow.number))
    return Order(
        id=row.id,
        supplier=row.supplier,
        place=PlaceId(row.place),
        state=OrderState(row.state),
        lines=tuple(
            OrderLine(
                number=line.number,
                item=ItemId(line.item),
                packs=line.packs,
                pack_quantity=line.pack_quantity,
                price_minor=line.price_minor,
                supplier_code=line.supplier_code,
                received=line.received,
            )
            for line in session.exec(query)
        ),
        proposed_by=row.proposed_by,
        approved_by=row.approved_by,
        proposed_at=row.proposed_at,
        approved_at=row.approved_at,
        sent_at=row.sent_at,
        is_bill_only=row.is_bill_only,
        closed_reason=row.closed_reason,
    )


def load_order(session: Session, order: str, *, lock: bool = False) -> Order:
    """Give an order.

    Parameters
    ----------
    session : Session
        The transaction.
    order : str
        Its number.
    lock : bool
        Whether others must wait until this transaction ends.

    Raises
    ------
    NotFound
        If there is none.
    """
    row = session.get(OrderRow, order, with_for_update=lock, populate_existing=lock)
    if row is None:
        raise NotFound("purchase order", order)
    return _order_of(session, row)


def list_orders(
    session: Session, *, states: Sequence[OrderState] = OPEN_ORDERS, after: str = "", limit: int = 200
) -> list[Order]:
    """Give orders in the order of their numbers, a page at a time.

    Parameters
    ----------
    session : Session
        May be a reading session.
    states : Sequence[OrderState]
        Only orders in these; open ones by default.
    after : str
        Number of the last one of the page before.
    limit : int
        Largest number of orders.
    """
    query = select(OrderRow).where(col(OrderRow.state).in_([state.value for state in states]), col(OrderRow.id) > after)
    return [_order_of(session, row) for row in session.exec(query.order_by(col(OrderRow.id)).limit(limit))]


def on_order(driver: Driver) -> dict[tuple[str, str], int]:
    """Give the base units that open orders still bring, by place and item."""
    states = ",".join(f"'{state.value}'" for state in OPEN_ORDERS)
    rows = driver.rows(
        "SELECT o.place, l.item, SUM(CASE WHEN l.packs * l.pack_quantity > l.received"
        " THEN l.packs * l.pack_quantity - l.received ELSE 0 END)"
        " FROM inventory_order o JOIN inventory_order_line l ON l.order_id = o.id"
        f" WHERE o.state IN ({states}) GROUP BY o.place, l.item"
    )
    return {(text_of(row[0]), text_of(row[1])): number_of(row[2]) for row in rows}

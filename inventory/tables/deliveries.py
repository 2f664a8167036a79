"""Deliveries against orders with their differences: rows to values and back."""

from __future__ import annotations

from sqlmodel import Session, col, select

from inventory.model.orders import Delivery, Difference, Discrepancy
from inventory.tables.order_rows import DeliveryDifferenceRow, DeliveryRow

MOST = 500
"""Deliveries of one order that are read; nobody delivers an order in more parts."""


def save_delivery(session: Session, delivery: Delivery) -> None:
    """Write a delivery with its differences; they stay as they were found."""
    session.add(DeliveryRow(movement=delivery.movement, order_id=delivery.order, at=delivery.at, actor=delivery.actor))
    for each in delivery.differences:
        session.add(
            DeliveryDifferenceRow(
                movement=delivery.movement,
                item=each.item,
                kind=each.kind.value,
                ordered=each.ordered,
                received=each.received,
            )
        )
    session.flush()


def deliveries_of(session: Session, order: str) -> list[Delivery]:
    """Give the deliveries of an order, the first one first."""
    query = select(DeliveryRow).where(col(DeliveryRow.order_id) == order)
    rows = session.exec(query.order_by(col(DeliveryRow.at), col(DeliveryRow.movement)).limit(MOST)).all()
    found: dict[str, list[Difference]] = {row.movement: [] for row in rows}
    differences = session.exec(
        select(DeliveryDifferenceRow)
        .where(col(DeliveryDifferenceRow.movement).in_(list(found)))
        .order_by(col(DeliveryDifferenceRow.item))
    )
    for each in differences:
        found[each.movement].append(
            Difference(item=each.item, kind=Discrepancy(each.kind), ordered=each.ordered, received=each.received)
        )
    return [
        Delivery(
            movement=row.movement,
            order=row.order_id,
            at=row.at,
            actor=row.actor,
            differences=tuple(found[row.movement]),
        )
        for row in rows
    ]

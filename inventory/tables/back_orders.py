"""Back-orders: rows to values and back."""

from __future__ import annotations

from sqlmodel import Session, col, select

from inventory.model.back_orders import BackOrder, BackOrderState
from inventory.tables.driver import Driver, number_of, text_of
from inventory.tables.rows import BackOrderRow
from twin.errors import NotFound


def _of_row(row: BackOrderRow) -> BackOrder:
    return BackOrder(
        id=row.id,
        place=row.place,
        item=row.item,
        source=row.source,
        quantity=row.quantity,
        state=BackOrderState(row.state),
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        task=row.task,
    )


def save_back_order(session: Session, found: BackOrder) -> None:
    """Write a back-order, new or changed."""
    session.merge(
        BackOrderRow(
            id=found.id,
            place=found.place,
            item=found.item,
            source=found.source,
            quantity=found.quantity,
            state=found.state.value,
            opened_at=found.opened_at,
            closed_at=found.closed_at,
            task=found.task,
        )
    )
    session.flush()


def load_back_order(session: Session, identifier: str) -> BackOrder:
    """Give a back-order, locked until the transaction ends.

    Raises
    ------
    NotFound
        If there is none.
    """
    row = session.exec(select(BackOrderRow).where(col(BackOrderRow.id) == identifier).with_for_update()).first()
    if row is None:
        raise NotFound("back-order", identifier)
    return _of_row(row)


def list_back_orders(
    session: Session, *, state: BackOrderState | None = BackOrderState.OPEN, after: str = "", limit: int = 200
) -> list[BackOrder]:
    """Give back-orders in the order of their ids, which is that of time, a page at a time.

    Parameters
    ----------
    session : Session
        Any.
    state : BackOrderState or None
        Only of this state; None for all.
    after : str
        Id of the last one of the page before.
    limit : int
        How many at most.
    """
    query = select(BackOrderRow).where(col(BackOrderRow.id) > after).order_by(col(BackOrderRow.id)).limit(limit)
    if state is not None:
        query = query.where(col(BackOrderRow.state) == state.value)
    return [_of_row(row) for row in session.exec(query)]


def open_back_orders(session: Session, *, item: str, place: str = "") -> list[BackOrder]:
    """Give what is owed of an item, the longest owed first; to one place only if it is named."""
    query = select(BackOrderRow).where(
        col(BackOrderRow.item) == item, col(BackOrderRow.state) == BackOrderState.OPEN.value
    )
    if place:
        query = query.where(col(BackOrderRow.place) == place)
    rows = session.exec(query.order_by(col(BackOrderRow.opened_at), col(BackOrderRow.id)).limit(500))
    return [_of_row(row) for row in rows]


def owed_by_source(driver: Driver) -> dict[tuple[str, str], int]:
    """Give base units that sources owe, by source and item."""
    rows = driver.rows(
        "SELECT source, item, SUM(quantity) FROM inventory_back_order WHERE state = ? GROUP BY source, item",
        (BackOrderState.OPEN.value,),
    )
    return {(text_of(row[0]), text_of(row[1])): number_of(row[2]) for row in rows}

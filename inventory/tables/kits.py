"""Kits and case carts: rows, and to values and back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, fields, replace

from sqlalchemy import BigInteger, CheckConstraint, Index
from sqlmodel import Field, Session, SQLModel, col, delete, select

from inventory.model.kits import CartState, CaseCart, Kit, KitLine
from inventory.tables.driver import Driver, number_of, text_of
from twin.errors import NotFound

_KIT_FIELDS = ("id", "name", "procedure", "surgeon", "emergency_at")
_MOST_VALUES = 500
_MOST_PLANNED = 20_000  # as many rows as a waiting list may have


class KitRow(SQLModel, table=True):
    """A preference card."""

    __tablename__ = "inventory_kit"

    id: str = Field(primary_key=True)
    name: str
    procedure: str = Field(default="", index=True)
    surgeon: str = ""
    emergency_at: str = ""


class KitLineRow(SQLModel, table=True):
    """One item of a preference card."""

    __tablename__ = "inventory_kit_line"
    __table_args__ = (CheckConstraint("opened >= 0 AND held >= 0", name="inventory_kit_line_not_negative"),)

    kit: str = Field(primary_key=True)
    item: str = Field(primary_key=True)
    opened: int = Field(default=0, sa_type=BigInteger)
    held: int = Field(default=0, sa_type=BigInteger)


class CaseCartRow(SQLModel, table=True):
    """The goods of a kit for one case."""

    __tablename__ = "inventory_case_cart"
    __table_args__ = (
        Index("inventory_case_cart_by_state", "state", "id"),
        Index("inventory_case_cart_by_encounter", "encounter"),
    )

    id: str = Field(primary_key=True)
    kit: str
    place: str
    encounter: str = ""
    due_at: int = Field(sa_type=BigInteger)
    state: str
    asked_by: str = ""
    asked_at: int = Field(default=0, sa_type=BigInteger)
    closed_at: int = Field(default=0, sa_type=BigInteger)
    plan: str = ""
    operation_at: int = Field(default=0, sa_type=BigInteger)
    reason: str = ""
    closed_by: str = ""


class CartTaskRow(SQLModel, table=True):
    """A task that brings goods of a case cart; kept when it is over, since what it brought lies there still."""

    __tablename__ = "inventory_cart_task"

    task: str = Field(primary_key=True)
    cart: str = Field(index=True)


def save_kit(session: Session, kit: Kit) -> None:
    """Write a kit, new or changed, with all its lines."""
    session.merge(KitRow(**{name: getattr(kit, name) for name in _KIT_FIELDS}))
    session.exec(delete(KitLineRow).where(col(KitLineRow.kit) == kit.id))
    session.add_all(KitLineRow(kit=kit.id, item=line.item, opened=line.opened, held=line.held) for line in kit.lines)
    session.flush()


def load_kit(session: Session, kit: str) -> Kit:
    """Give a kit.

    Raises
    ------
    NotFound
        If there is none.
    """
    row = session.get(KitRow, kit)
    if row is None:
        raise NotFound("kit", kit)
    return _kit_of(session, row)


def _kit_of(session: Session, row: KitRow) -> Kit:
    query = select(KitLineRow).where(col(KitLineRow.kit) == row.id).order_by(col(KitLineRow.item))
    lines = tuple(KitLine(item=line.item, opened=line.opened, held=line.held) for line in session.exec(query))
    return replace(_card_of(row), lines=lines)


def _card_of(row: KitRow) -> Kit:
    """Give a kit without its lines."""
    return Kit(id=row.id, name=row.name, procedure=row.procedure, surgeon=row.surgeon, emergency_at=row.emergency_at)


def list_kits(session: Session, *, after: str = "", limit: int = 200) -> list[Kit]:
    """Give kits in the order of their ids, a page at a time."""
    query = select(KitRow).where(col(KitRow.id) > after).order_by(col(KitRow.id)).limit(limit)
    return [_kit_of(session, row) for row in session.exec(query).all()]


def cards_for(session: Session, procedures: Iterable[str]) -> list[Kit]:
    """Give the cards of procedures without their lines, in the order of their ids."""
    wanted = sorted(set(procedures) - {""})
    found: list[Kit] = []
    # in parts: a database takes only so many values in one statement
    for at in range(0, len(wanted), _MOST_VALUES):
        query = select(KitRow).where(col(KitRow.procedure).in_(wanted[at : at + _MOST_VALUES]))
        found += [_card_of(row) for row in session.exec(query)]
    return sorted(found, key=lambda kit: kit.id)


def emergency_packs(session: Session) -> list[Kit]:
    """Give the emergency packs without their lines, in the order of their ids."""
    query = select(KitRow).where(col(KitRow.emergency_at) != "").order_by(col(KitRow.id))
    return [_card_of(row) for row in session.exec(query)]


def note_cart_task(session: Session, *, task: str, cart: str) -> None:
    """Note that a task brings goods of a case cart."""
    session.merge(CartTaskRow(task=task, cart=cart))
    session.flush()


def cart_of_task(session: Session, task: str) -> CaseCart | None:
    """Give the case cart whose goods a task brings; None for a task of none."""
    row = session.get(CartTaskRow, task)
    found = session.get(CaseCartRow, row.cart) if row is not None else None
    return None if found is None else _cart_of(found)


def handled_carts(session: Session, carts: Iterable[str]) -> set[str]:
    """Give those among carts of which a task has moved goods already."""
    return {cart for cart in carts if brought_of(session, cart)}


def brought_of(session: Session, cart: str) -> dict[tuple[str, str], int]:
    """Give what lies where of what the tasks of a cart have moved.

    Returns
    -------
    dict[tuple[str, str], int]
        Base units above 0 by item and place; what a porter has on the way lies at the carrier.
    """
    rows = Driver(session).rows(
        "SELECT e.item, e.place, SUM(e.quantity) FROM inventory_cart_task t"
        " JOIN inventory_movement m ON m.task = t.task JOIN inventory_entry e ON e.movement = m.id"
        " WHERE t.cart = ? GROUP BY e.item, e.place HAVING SUM(e.quantity) > 0",
        (cart,),
    )
    return {(text_of(item), text_of(place)): number_of(quantity) for item, place, quantity in rows}


def save_cart(session: Session, cart: CaseCart) -> None:
    """Write a case cart, new or changed."""
    session.merge(CaseCartRow(**{**asdict(cart), "state": cart.state.value}))
    session.flush()


def _cart_of(row: CaseCartRow) -> CaseCart:
    values = {one.name: getattr(row, one.name) for one in fields(CaseCart)}
    return CaseCart(**{**values, "state": CartState(row.state)})


def load_cart(session: Session, cart: str) -> CaseCart:
    """Give a case cart, locked until the transaction ends.

    Raises
    ------
    NotFound
        If there is none.
    """
    row = session.exec(select(CaseCartRow).where(col(CaseCartRow.id) == cart).with_for_update()).first()
    if row is None:
        raise NotFound("case cart", cart)
    return _cart_of(row)


def list_carts(
    session: Session, *, state: CartState | None = CartState.ASKED, after: str = "", limit: int = 200
) -> list[CaseCart]:
    """Give case carts in the order of their ids, a page at a time; open ones by default."""
    query = select(CaseCartRow).where(col(CaseCartRow.id) > after).order_by(col(CaseCartRow.id)).limit(limit)
    if state is not None:
        query = query.where(col(CaseCartRow.state) == state.value)
    return [_cart_of(row) for row in session.exec(query)]


def planned_carts(session: Session, *, since: int) -> list[CaseCart]:
    """Give the carts that plans have proposed for operations from an instant on, whatever became of them.

    They are locked until the transaction ends: two plans that are published at once must not both change them.
    """
    query = (
        select(CaseCartRow)
        .where(col(CaseCartRow.plan) != "", col(CaseCartRow.operation_at) >= since)
        .order_by(col(CaseCartRow.id))
        .limit(_MOST_PLANNED)
        .with_for_update()
    )
    return [_cart_of(row) for row in session.exec(query)]


def carts_of_encounter(session: Session, encounter: str) -> list[CaseCart]:
    """Give the carts that plans have proposed for an encounter, the latest last, locked."""
    query = (
        select(CaseCartRow)
        .where(col(CaseCartRow.encounter) == encounter, col(CaseCartRow.plan) != "")
        .order_by(col(CaseCartRow.operation_at), col(CaseCartRow.id))
        .with_for_update()
    )
    return [_cart_of(row) for row in session.exec(query)]


def carts_to_ask(session: Session, *, due_before: int, limit: int) -> list[CaseCart]:
    """Give proposed carts that are due before an instant, the first due first."""
    query = (
        select(CaseCartRow)
        .where(col(CaseCartRow.state) == CartState.PROPOSED.value, col(CaseCartRow.due_at) < due_before)
        .order_by(col(CaseCartRow.due_at), col(CaseCartRow.id))
        .limit(limit)
    )
    return [_cart_of(row) for row in session.exec(query)]

"""Kits and case carts: rows, and to values and back."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Index
from sqlmodel import Field, Session, SQLModel, col, delete, select

from inventory.model.kits import CartState, CaseCart, Kit, KitLine
from twin.errors import NotFound


class KitRow(SQLModel, table=True):
    """A preference card."""

    __tablename__ = "inventory_kit"

    id: str = Field(primary_key=True)
    name: str
    procedure: str = ""


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
    __table_args__ = (Index("inventory_case_cart_by_state", "state", "id"),)

    id: str = Field(primary_key=True)
    kit: str
    place: str
    encounter: str = ""
    due_at: int = Field(sa_type=BigInteger)
    state: str
    asked_by: str = ""
    asked_at: int = Field(default=0, sa_type=BigInteger)
    closed_at: int = Field(default=0, sa_type=BigInteger)


def save_kit(session: Session, kit: Kit) -> None:
    """Write a kit, new or changed, with all its lines."""
    session.merge(KitRow(id=kit.id, name=kit.name, procedure=kit.procedure))
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
    return Kit(id=row.id, name=row.name, procedure=row.procedure, lines=lines)


def list_kits(session: Session, *, after: str = "", limit: int = 200) -> list[Kit]:
    """Give kits in the order of their ids, a page at a time."""
    query = select(KitRow).where(col(KitRow.id) > after).order_by(col(KitRow.id)).limit(limit)
    return [_kit_of(session, row) for row in session.exec(query).all()]


def save_cart(session: Session, cart: CaseCart) -> None:
    """Write a case cart, new or changed."""
    session.merge(
        CaseCartRow(
            id=cart.id,
            kit=cart.kit,
            place=cart.place,
            encounter=cart.encounter,
            due_at=cart.due_at,
            state=cart.state.value,
            asked_by=cart.asked_by,
            asked_at=cart.asked_at,
            closed_at=cart.closed_at,
        )
    )
    session.flush()


def _cart_of(row: CaseCartRow) -> CaseCart:
    return CaseCart(
        id=row.id,
        kit=row.kit,
        place=row.place,
        encounter=row.encounter,
        due_at=row.due_at,
        state=CartState(row.state),
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        closed_at=row.closed_at,
    )


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

"""Rows of buying: who sells what, orders and their lines."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Index
from sqlmodel import Field, SQLModel


class SupplyRow(SQLModel, table=True):
    """That an item can be bought of a supplier."""

    __tablename__ = "inventory_supply"
    __table_args__ = (CheckConstraint("pack_quantity >= 1", name="inventory_supply_sells_something"),)

    item: str = Field(primary_key=True)
    supplier: str = Field(primary_key=True)
    supplier_code: str = ""
    pack_quantity: int = Field(default=1, sa_type=BigInteger)
    price_minor: int = Field(default=0, sa_type=BigInteger)
    lead_days: int = 2
    is_preferred: bool = True


class OrderRow(SQLModel, table=True):
    """An order to one supplier."""

    __tablename__ = "inventory_order"
    __table_args__ = (Index("inventory_order_by_state", "state", "id"),)

    id: str = Field(primary_key=True)
    supplier: str
    place: str
    state: str
    proposed_by: str = ""
    approved_by: str = ""
    proposed_at: int = Field(default=0, sa_type=BigInteger)
    approved_at: int = Field(default=0, sa_type=BigInteger)
    sent_at: int = Field(default=0, sa_type=BigInteger)
    is_bill_only: bool = False
    closed_reason: str = ""


class OrderNumberRow(SQLModel, table=True):
    """The last number that an order got in a calendar year; taken with the order, so that none is lost."""

    __tablename__ = "inventory_order_number"

    year: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    last: int = Field(default=0, sa_type=BigInteger)


class DeliveryRow(SQLModel, table=True):
    """Goods that came against an order."""

    __tablename__ = "inventory_delivery"

    movement: str = Field(primary_key=True)
    order_id: str = Field(index=True)
    at: int = Field(sa_type=BigInteger)
    actor: str = ""


class DeliveryDifferenceRow(SQLModel, table=True):
    """How a delivery differed in an item from what was still expected."""

    __tablename__ = "inventory_delivery_difference"

    movement: str = Field(primary_key=True)
    item: str = Field(primary_key=True)
    kind: str
    ordered: int = Field(sa_type=BigInteger)
    received: int = Field(sa_type=BigInteger)


class BilledRow(SQLModel, table=True):
    """Which order bills a use of a vendor's goods; a use is billed once."""

    __tablename__ = "inventory_billed"

    movement: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    order_id: str = Field(index=True)


class OrderLineRow(SQLModel, table=True):
    """One position of an order."""

    __tablename__ = "inventory_order_line"
    __table_args__ = (Index("inventory_order_line_by_item", "item"),)

    order_id: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    item: str
    packs: int = Field(sa_type=BigInteger)
    pack_quantity: int = Field(sa_type=BigInteger)
    price_minor: int = Field(default=0, sa_type=BigInteger)
    supplier_code: str = ""
    received: int = Field(default=0, sa_type=BigInteger)

"""Orders to suppliers: what is bought of whom, how far an order has come, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from twin.ids import ItemId, PlaceId


class OrderState(StrEnum):
    """How far an order has come."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    SENT = "sent"
    RECEIVED = "received"
    CANCELLED = "cancelled"


OPEN_ORDERS = (OrderState.PROPOSED, OrderState.APPROVED, OrderState.SENT)
"""States in which goods are still expected."""


class Discrepancy(StrEnum):
    """How a delivery differs from its order."""

    SHORT = "short"
    OVER = "over"
    NOT_ORDERED = "not_ordered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """That an item can be bought of a supplier.

    Parameters
    ----------
    item, supplier : str
        What and of whom.
    supplier_code : str
        The supplier's own number of it.
    pack_quantity : int
        Base units of the smallest pack sold, above 0.
    price_minor : int
        Of one pack, minor units of the currency.
    lead_days : int
        From ordering to having.
    is_preferred : bool
        Whether it is bought here when several sell it.
    """

    item: ItemId
    supplier: str
    supplier_code: str = ""
    pack_quantity: int = 1
    price_minor: int = 0
    lead_days: int = 2
    is_preferred: bool = True

    def __post_init__(self) -> None:
        """Check the ranges; the message names the field."""
        if self.pack_quantity < 1:
            raise ValueError(f"Expected pack_quantity >= 1 of {self.item}, got {self.pack_quantity}.")
        if self.price_minor < 0 or self.lead_days < 0:
            raise ValueError(f"Expected price_minor and lead_days of at least 0 of {self.item}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """One position of an order.

    Parameters
    ----------
    number : int
        From 1.
    item : ItemId
        What.
    packs, pack_quantity : int
        How many packs, and base units in one.
    price_minor : int
        Of one pack.
    supplier_code : str
        The supplier's number of it.
    received : int
        Base units that have come.
    """

    number: int
    item: ItemId
    packs: int
    pack_quantity: int
    price_minor: int = 0
    supplier_code: str = ""
    received: int = 0

    @property
    def quantity(self) -> int:
        """Base units ordered."""
        return self.packs * self.pack_quantity

    @property
    def missing(self) -> int:
        """Base units that have not come."""
        # What came too much is no debt of the buyer: the line is just full.
        return max(0, self.quantity - self.received)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order to one supplier.

    Parameters
    ----------
    id : str
        Its number, ``PO-2026-00001``: the hospital's calendar year and a number that counts without gaps in it.
    supplier : str
        Of whom.
    place : PlaceId
        Where it is delivered.
    state : OrderState
        How far it has come.
    lines : tuple[OrderLine, ...]
        At least one.
    proposed_by, approved_by : str
        Who asked for it and who answers for the money; two people unless the system proposed it.
    proposed_at, approved_at, sent_at : int
        UTC microseconds; 0 if not yet.
    is_bill_only : bool
        Whether it pays for a vendor's goods that were used here, and brings nothing.
    closed_reason : str
        Why what is missing will not come; empty unless it was closed without it.
    """

    id: str
    supplier: str
    place: PlaceId
    state: OrderState
    lines: tuple[OrderLine, ...]
    proposed_by: str = ""
    approved_by: str = ""
    proposed_at: int = 0
    approved_at: int = 0
    sent_at: int = 0
    is_bill_only: bool = False
    closed_reason: str = ""

    @property
    def value_minor(self) -> int:
        """Price of all lines."""
        return sum(line.packs * line.price_minor for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A line of a delivery that is not as ordered; base units."""

    item: str
    kind: Discrepancy
    ordered: int
    received: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Goods that came against an order, and how they differed from what was still expected then.

    Parameters
    ----------
    movement : str
        The receipt in the books.
    order : str
        Number of the order.
    at : int
        When they were taken in, UTC microseconds.
    actor : str
        Who took them in.
    differences : tuple[Difference, ...]
        None if everything came as ordered.
    """

    movement: str
    order: str
    at: int
    actor: str
    differences: tuple[Difference, ...] = ()

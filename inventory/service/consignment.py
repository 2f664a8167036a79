"""Consignment: a vendor's goods are paid for when they are used, by an order that brings nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo

from sqlmodel import Session

from inventory.model.movements import Command
from inventory.model.orders import Order, OrderLine, OrderState, Supply
from inventory.tables.consignment import ConsignedUse, mark_billed, unbilled_uses
from inventory.tables.driver import Driver
from inventory.tables.order_numbers import next_order_number
from inventory.tables.orders import save_order, supplies_of
from twin.ids import ItemId, PlaceId


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """Bill-only orders that were proposed, and items that nobody has told a price of.

    Parameters
    ----------
    orders : tuple[Order, ...]
        One a vendor.
    without_price : tuple[tuple[str, str], ...]
        Vendor and item; they stand in the order at no price, to be corrected with the vendor.
    """

    orders: tuple[Order, ...]
    without_price: tuple[tuple[str, str], ...]


def bill_uses(session: Session, *, command: Command, zone: tzinfo, owner: str = "") -> Billed:
    """Propose a bill-only order for each vendor whose goods were used; a second person approves it as any other.

    Uses that were taken back meanwhile count against it. A vendor of whom more was taken back than used is left for the
    next time.

    Parameters
    ----------
    session : Session
        The transaction.
    command : Command
        Who asks.
    zone : tzinfo
        Of the hospital; orders are numbered by its calendar year.
    owner : str
        Only this vendor; all if empty.
    """
    driver = Driver(session)
    by_owner: defaultdict[str, list[ConsignedUse]] = defaultdict(list)
    for use in unbilled_uses(driver, owner=owner):
        by_owner[use.owner].append(use)
    orders: list[Order] = []
    without: list[tuple[str, str]] = []
    for vendor, uses in sorted(by_owner.items()):
        net = _net(uses)
        if not net or any(quantity < 0 for quantity in net.values()):
            continue
        prices = {item: _supply_of(session, item, vendor) for item in net}
        without += [(vendor, item) for item, supply in prices.items() if supply is None]
        order = Order(
            id=next_order_number(driver, at=command.recorded_at, zone=zone),
            supplier=vendor,
            place=PlaceId(""),
            state=OrderState.PROPOSED,
            lines=tuple(
                _line(number, item, quantity, prices[item])
                for number, (item, quantity) in enumerate(sorted(net.items()), start=1)
            ),
            proposed_by=command.actor,
            proposed_at=command.recorded_at,
            is_bill_only=True,
        )
        save_order(session, order)
        mark_billed(driver, uses, order.id)
        orders.append(order)
    return Billed(orders=tuple(orders), without_price=tuple(without))


def _net(uses: Sequence[ConsignedUse]) -> dict[str, int]:
    net: defaultdict[str, int] = defaultdict(int)
    for use in uses:
        net[use.item] += use.quantity
    return {item: quantity for item, quantity in net.items() if quantity}


def _supply_of(session: Session, item: str, vendor: str) -> Supply | None:
    return next((supply for supply in supplies_of(session, item) if supply.supplier == vendor), None)


def _line(number: int, item: str, quantity: int, supply: Supply | None) -> OrderLine:
    """Give a line whose goods are here already; in the vendor's packs where the quantity is whole ones."""
    pack, price, code = (supply.pack_quantity, supply.price_minor, supply.supplier_code) if supply else (1, 0, "")
    if quantity % pack:
        price, pack = round(price / pack), 1
    return OrderLine(
        number=number,
        item=ItemId(item),
        packs=quantity // pack,
        pack_quantity=pack,
        price_minor=price,
        supplier_code=code,
        received=quantity,
    )

"""An order as a file for its supplier: CSV, or an EDIFACT message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from sqlmodel import Session

from inventory.model.orders import Order
from inventory.rules.buying import Parties, edifact, order_csv
from inventory.tables.catalogue import load_item, packages_of


@dataclass(frozen=True, slots=True)
class Shape:
    """How an order is written.

    Parameters
    ----------
    name : str
        ``csv`` or ``edifact``.
    buyer, currency : str
        For EDIFACT: our location number or name, and the currency's ISO 4217 code.
    """

    name: Literal["csv", "edifact"]
    buyer: str = ""
    currency: str = "EUR"


def written(session: Session, order: Order, shape: Shape) -> tuple[str, str]:
    """Give an order as a file's text, and its media type.

    Parameters
    ----------
    session : Session
        May be a reading session.
    order : Order
        As :func:`inventory.service.buying.order_to_send` gives it.
    shape : Shape
        How.

    Raises
    ------
    FieldError
        If a number is too long for an EDIFACT message.
    """
    if shape.name == "csv":
        return order_csv(order, {line.item: load_item(session, line.item).name for line in order.lines}), "text/csv"
    gtins = {
        str(line.item): str(package.gtin)
        for line in order.lines
        for package in packages_of(session, line.item)
        if package.quantity == line.pack_quantity and package.gtin.isdigit()
    }
    at = order.approved_at or order.proposed_at
    day = datetime.fromtimestamp(at / 1e6, UTC).date()
    parties = Parties(buyer=shape.buyer, supplier=order.supplier, currency=shape.currency)
    return edifact(order, parties, gtins, day), "application/EDIFACT"

"""Kits and the case carts that were asked for."""

from __future__ import annotations

from sqlmodel import Session

from inventory.model.kits import CaseCart, Kit
from inventory.tables.kits import list_carts, list_kits, load_kit

MOST = 500


def kits(session: Session) -> list[Kit]:
    """Give all kits."""
    return list_kits(session, limit=MOST)


def kit(session: Session, number: str) -> Kit:
    """Give a kit; raises NotFound if there is none."""
    return load_kit(session, number)


def open_carts(session: Session) -> list[CaseCart]:
    """Give the case carts that are open, the first due first."""
    return sorted(list_carts(session, limit=MOST), key=lambda cart: (cart.due_at, cart.id))

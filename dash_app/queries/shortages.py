"""What is owed to places, and what may stand in for what."""

from __future__ import annotations

from sqlmodel import Session

from inventory.model.back_orders import BackOrder, BackOrderState
from inventory.model.items import Substitute
from inventory.tables.back_orders import list_back_orders
from inventory.tables.substitutes import list_substitutes

MOST = 500


def owed(session: Session) -> list[BackOrder]:
    """Give what is owed and what a new task brings, the longest owed first; what was given up is left out."""
    found = list_back_orders(session, state=None, limit=MOST)
    shown = [one for one in found if one.state is not BackOrderState.CANCELLED]
    return sorted(shown, key=lambda one: (one.state is not BackOrderState.OPEN, one.opened_at, one.id))


def substitutes(session: Session) -> list[Substitute]:
    """Give all pairs, approved or not."""
    return list_substitutes(session, limit=MOST)

"""The running register of an item at a place."""

from __future__ import annotations

from sqlmodel import Session

from inventory.service.correcting import RegisterLine, register
from inventory.tables.catalogue import every_item

MOST = 500


def lines(session: Session, *, item: str, place: str) -> list[RegisterLine]:
    """Give the last lines of a register, the latest first."""
    return register(session, item=item, place=place)[-MOST:][::-1]


def item_names(session: Session) -> list[tuple[str, str]]:
    """Give items with their names, controlled ones first: theirs is the register that is inspected."""
    found = sorted(every_item(session), key=lambda item: (not item.controlled_schedule, item.name, item.id))
    return [
        (item.id, f"{item.name} ({item.controlled_schedule})" if item.controlled_schedule else item.name)
        for item in found
    ]

"""Where a single piece is, and of which lot it is."""

from __future__ import annotations

from dataclasses import dataclass

from inventory.tables.driver import Driver, text_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece with a serial number as the books have it."""

    place: str
    lot: str


def find_piece(driver: Driver, *, item: str, serial: str) -> Piece | None:
    """Give where a piece is, or None if it was never received."""
    row = driver.row("SELECT place, lot FROM inventory_serial WHERE item = ? AND serial = ?", (item, serial))
    return None if row is None else Piece(place=text_of(row[0]), lot=text_of(row[1]))

"""What was used of goods that belong to vendors, and which order bills it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from inventory.model.places import CONSUMED, PATIENT, WASTE
from inventory.tables.driver import Driver, number_of, text_of

_BILLED_PLACES = (PATIENT, CONSUMED, WASTE)
"""Where a vendor's goods are the hospital's to pay for: used, and what the hospital itself spoilt."""

_UNBILLED = (
    "SELECT e.movement, e.seq, e.owner, e.item, e.lot, e.serial, e.quantity, m.encounter, m.occurred_at"
    " FROM inventory_entry e JOIN inventory_movement m ON m.id = e.movement"
    " LEFT JOIN inventory_billed b ON b.movement = e.movement AND b.seq = e.seq"
    f" WHERE e.owner <> '' AND e.place IN ({','.join(repr(str(place)) for place in _BILLED_PLACES)})"
    " AND b.movement IS NULL"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsignedUse:
    """A quantity of a vendor's goods that was used; below 0 where a use was taken back.

    Parameters
    ----------
    movement, seq : str, int
        Which line of the books.
    owner, item, lot, serial : str
        Whose and what.
    quantity : int
        Signed base units.
    encounter : str
        Pseudonym of who received it; empty if it was no patient's.
    occurred_at : int
        UTC microseconds.
    """

    movement: str
    seq: int
    owner: str
    item: str
    lot: str
    serial: str
    quantity: int
    encounter: str
    occurred_at: int


def unbilled_uses(driver: Driver, *, owner: str = "", limit: int = 5_000) -> list[ConsignedUse]:
    """Give what was used of vendors' goods and no order bills yet, by owner and item.

    Parameters
    ----------
    driver : Driver
        The transaction.
    owner : str
        Only this vendor's; all if empty.
    limit : int
        How many lines at most.
    """
    where, values = (" AND e.owner = ?", [owner]) if owner else ("", [])
    rows = driver.rows(
        f"{_UNBILLED}{where} ORDER BY e.owner, e.item, m.occurred_at, e.movement, e.seq LIMIT ?", [*values, limit]
    )
    return [
        ConsignedUse(
            movement=text_of(row[0]),
            seq=number_of(row[1]),
            owner=text_of(row[2]),
            item=text_of(row[3]),
            lot=text_of(row[4]),
            serial=text_of(row[5]),
            quantity=number_of(row[6]),
            encounter=text_of(row[7]),
            occurred_at=number_of(row[8]),
        )
        for row in rows
    ]


def mark_billed(driver: Driver, uses: Sequence[ConsignedUse], order: str) -> None:
    """Write which order bills some uses; each is billed once, by the table's own key."""
    driver.run_many(
        "INSERT INTO inventory_billed (movement, seq, order_id) VALUES (?,?,?)",
        [(each.movement, each.seq, order) for each in uses],
    )


def forget_bill(driver: Driver, order: str) -> None:
    """Let what an order would have billed be billed by another one."""
    driver.run("DELETE FROM inventory_billed WHERE order_id = ?", (order,))

"""Numbers of orders: the calendar year and a count without gaps, short enough for any supplier's system."""

from __future__ import annotations

from datetime import tzinfo

from inventory.tables.driver import Driver, number_of
from twin.clock import to_datetime


def next_order_number(driver: Driver, *, at: int, zone: tzinfo) -> str:
    """Take the next number of an order, such as ``PO-2026-00001``.

    Two transactions never get the same one, and a number that is taken by one that fails is given out again: the count
    of the year is a row that is changed, and on PostgreSQL locked, with the order itself.

    Parameters
    ----------
    driver : Driver
        The transaction.
    at : int
        When the order is made, UTC microseconds.
    zone : tzinfo
        Of the hospital: its calendar says which year it is.
    """
    year = to_datetime(at).astimezone(zone).year
    driver.run("INSERT INTO inventory_order_number (year, last) VALUES (?, 0) ON CONFLICT (year) DO NOTHING", (year,))
    driver.run("UPDATE inventory_order_number SET last = last + 1 WHERE year = ?", (year,))
    row = driver.row("SELECT last FROM inventory_order_number WHERE year = ?", (year,))
    return f"PO-{year:04d}-{number_of(row[0] if row else None):05d}"

"""What was seen at a count, kept beside the books: a count stays true whatever is written down later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from inventory.model.movements import BalanceKey, Command
from inventory.tables.driver import Driver, number_of, text_of

SeenLine = tuple[BalanceKey, int]
"""A balance and the base units that somebody saw."""


def save_count(driver: Driver, command: Command, seen: Sequence[SeenLine]) -> None:
    """Write what was seen; the same command again changes nothing.

    Parameters
    ----------
    driver : Driver
        The transaction.
    command : Command
        ``occurred_at`` is the instant of counting.
    seen : Sequence[SeenLine]
        Balances with what was seen.
    """
    driver.run_many(
        "INSERT INTO inventory_count (command, seq, place, item, lot, owner, quantity, occurred_at, recorded_at, actor)"
        " VALUES (?,?,?,?,?,?,?,?,?,?) ON CONFLICT (command, seq) DO NOTHING",
        [
            (command.id, seq, *key, quantity, command.occurred_at, command.recorded_at, command.actor)
            for seq, (key, quantity) in enumerate(seen)
        ],
    )


def first_count_after(driver: Driver, key: BalanceKey, at: int) -> int:
    """Give when a balance was first counted after an instant, UTC microseconds; 0 if it was not."""
    row = driver.row(
        "SELECT MIN(occurred_at) FROM inventory_count"
        " WHERE place = ? AND item = ? AND lot = ? AND owner = ? AND occurred_at > ?",
        (*key, at),
    )
    return number_of(row[0]) if row else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LastCount:
    """When something was last counted at a place."""

    place: str
    item: str
    at: int


def last_counts(driver: Driver, place: str = "") -> list[LastCount]:
    """Give the last count of each place and item that was ever counted, in order."""
    where, values = (" WHERE place = ?", [place]) if place else ("", [])
    rows = driver.rows(
        f"SELECT place, item, MAX(occurred_at) FROM inventory_count{where} GROUP BY place, item ORDER BY place, item",
        values,
    )
    return [LastCount(place=text_of(row[0]), item=text_of(row[1]), at=number_of(row[2])) for row in rows]

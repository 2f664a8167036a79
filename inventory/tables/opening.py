"""Many balances at once: an opening stock or a whole stocktake goes into the books by few statements.

The movement is an ordinary one, entries and balances are the same rows as ever; only the way there is shorter: the
lines are laid into a temporary table in the order of the entries' index, and both tables are filled from it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from inventory.model.movements import Command, MovementKind
from inventory.model.places import is_virtual
from inventory.tables.driver import Driver, number_of
from twin.errors import FieldError, FieldProblem

OpeningRow = tuple[str, str, str, str, int]
"""Item, place, lot, owner and base units (above 0): also the order in which the rows are written."""

_MAKE = (
    "CREATE TEMPORARY TABLE inventory_opening (seq INTEGER PRIMARY KEY, item TEXT, place TEXT, lot TEXT, owner TEXT,"
    " quantity BIGINT)"
)
_FILL = "INSERT INTO inventory_opening (seq, item, place, lot, owner, quantity) VALUES (?,?,?,?,?,?)"
_MOVEMENT = (
    "INSERT INTO inventory_movement (id, command_hash, kind, occurred_at, recorded_at, actor, witness, task, reason,"
    " encounter, reverses, flags) VALUES (?,?,?,?,?,?,?,'',?,'','','') ON CONFLICT (id) DO NOTHING"
)
_ENTRIES = (
    "INSERT INTO inventory_entry (movement, seq, place, item, lot, owner, serial, quantity)"
    " SELECT ?, 2 * seq, ?, item, lot, owner, '', -quantity FROM inventory_opening"
    " UNION ALL SELECT ?, 2 * seq + 1, place, item, lot, owner, '', quantity FROM inventory_opening ORDER BY 2"
)
# "WHERE true" parts the query from ON CONFLICT, which SQLite's parser would read as a join's condition
_BALANCES = (
    "INSERT INTO inventory_balance (place, item, lot, owner, on_hand, reserved, received_at, version)"
    " SELECT place, item, lot, owner, SUM(quantity), 0, ?, 1 FROM inventory_opening WHERE true"
    " GROUP BY place, item, lot, owner ON CONFLICT (place, item, lot, owner) DO UPDATE SET"
    " received_at = CASE WHEN inventory_balance.on_hand = 0 THEN excluded.received_at"
    " ELSE inventory_balance.received_at END,"
    " on_hand = inventory_balance.on_hand + excluded.on_hand, version = inventory_balance.version + 1"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What is written in one movement.

    Parameters
    ----------
    command : Command
        Who counted, when.
    content_hash : str
        Hash of the content, so that the same id with other content is refused.
    source : str
        Virtual place that the goods come from.
    rows : tuple[OpeningRow, ...]
        Lines; the same key may stand in several of them.
    """

    command: Command
    content_hash: str
    source: str
    rows: tuple[OpeningRow, ...]

    def __post_init__(self) -> None:
        """Check that goods come from outside the books and lie at real places."""
        if not is_virtual(self.source):
            raise ValueError(f"Expected a virtual source, got {self.source!r}.")
        for index, row in enumerate(self.rows):
            if row[4] < 1 or is_virtual(row[1]):
                raise FieldError(
                    FieldProblem(
                        field="quantity" if row[4] < 1 else "place",
                        place=f"rows/{index}",
                        message=f"Expected at least 1 base unit at a real place, got {row[4]} at {row[1]}.",
                        cure="Leave empty positions out; name the shelf.",
                    )
                )


def post_opening(driver: Driver, opening: Opening) -> bool:
    """Write an opening stock as one movement with its entries and balances; all of it or, by an error, nothing.

    Parameters
    ----------
    driver : Driver
        The transaction.
    opening : Opening
        What lies where.

    Returns
    -------
    bool
        False if the same command has been written before; nothing was changed then.
    """
    command = opening.command
    written = driver.run(
        _MOVEMENT,
        (
            command.id,
            opening.content_hash,
            MovementKind.COUNT.value,
            command.occurred_at,
            command.recorded_at,
            command.actor,
            command.witness,
            command.reason,
        ),
    )
    if not written:
        return False
    driver.run(_MAKE)
    driver.run_many(_FILL, [(seq, *row) for seq, row in enumerate(sorted(opening.rows))])
    driver.run(_ENTRIES, (command.id, opening.source, command.id))
    driver.run(_BALANCES, (command.occurred_at,))
    driver.run("DROP TABLE inventory_opening")
    return True


def places_with_stock(driver: Driver, places: Iterable[str]) -> dict[tuple[str, str], int]:
    """Give base units on hand by place and item, for places whose opening stock is about to be written."""
    found: dict[tuple[str, str], int] = {}
    for place in sorted(set(places)):
        rows = driver.rows(
            "SELECT item, SUM(on_hand) FROM inventory_balance WHERE place = ? AND on_hand > 0 GROUP BY item", (place,)
        )
        found |= {(place, str(item)): number_of(on_hand) for item, on_hand in rows}
    return found

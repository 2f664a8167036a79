"""What hangs on an entry of the item master, and how it goes over to another one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from inventory.model.counting import SessionState
from inventory.tables.driver import Driver, marks, number_of, text_of

_WORK = {
    "tasks_open": "SELECT 1 FROM inventory_inbound WHERE item = ? LIMIT 1",
    "goods_promised": "SELECT 1 FROM inventory_reservation WHERE item = ? LIMIT 1",
    "count_open": (
        "SELECT 1 FROM inventory_count_line l JOIN inventory_count_session s ON s.id = l.session_id"
        f" WHERE l.item = ? AND s.state = '{SessionState.OPEN.value}' LIMIT 1"
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What hangs on an entry.

    Parameters
    ----------
    packages, substitutes, supplies, open_orders : int
        How many of each.
    par_places : tuple[str, ...]
        Places with a par level.
    places : tuple[str, ...]
        Places that hold some.
    """

    packages: int
    substitutes: int
    supplies: int
    open_orders: int
    par_places: tuple[str, ...]
    places: tuple[str, ...]


def standing_of(driver: Driver, item: str) -> Standing:
    """Give what hangs on an entry."""

    def count(statement: str, *values: str) -> int:
        row = driver.row(statement, values)
        return number_of(row[0] if row else 0)

    def names(statement: str) -> tuple[str, ...]:
        return tuple(text_of(row[0]) for row in driver.rows(statement, (item,)))

    return Standing(
        packages=count("SELECT COUNT(*) FROM inventory_package WHERE item = ?", item),
        substitutes=count("SELECT COUNT(*) FROM inventory_substitute WHERE item = ? OR stand_in = ?", item, item),
        supplies=count("SELECT COUNT(*) FROM inventory_supply WHERE item = ?", item),
        open_orders=count(
            "SELECT COUNT(*) FROM inventory_order_line l JOIN inventory_order o ON o.id = l.order_id"
            " WHERE l.item = ? AND o.state IN ('proposed', 'approved', 'sent')",
            item,
        ),
        par_places=names("SELECT place FROM inventory_par_level WHERE item = ? ORDER BY place"),
        places=names("SELECT DISTINCT place FROM inventory_balance WHERE item = ? AND on_hand > 0 ORDER BY place"),
    )


def open_work_of(driver: Driver, item: str) -> list[str]:
    """Give codes of what is under way for an entry and would lose its subject."""
    return [code for code, statement in _WORK.items() if driver.row(statement, (item,)) is not None]


def balances_of(driver: Driver, item: str) -> list[tuple[str, str, str, int]]:
    """Give place, lot, owner and base units of all that lies somewhere, locked in the order of locking."""
    rows = driver.rows(
        "SELECT place, lot, owner, on_hand FROM inventory_balance WHERE item = ? AND on_hand > 0"
        " ORDER BY place, item, lot, owner" + driver.locking("FOR UPDATE"),
        (item,),
    )
    return [(text_of(row[0]), text_of(row[1]), text_of(row[2]), number_of(row[3])) for row in rows]


def serials_of(driver: Driver, item: str) -> list[tuple[str, str, str]]:
    """Give serial number, place and lot of every piece of an entry."""
    rows = driver.rows("SELECT serial, place, lot FROM inventory_serial WHERE item = ? ORDER BY serial", (item,))
    return [(text_of(row[0]), text_of(row[1]), text_of(row[2])) for row in rows]


def supplies_by_item(driver: Driver) -> dict[str, list[tuple[str, str]]]:
    """Give pairs of supplier and the supplier's number, by item."""
    found: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in driver.rows("SELECT item, supplier, supplier_code FROM inventory_supply WHERE supplier_code <> ''"):
        found[text_of(row[0])].append((text_of(row[1]), text_of(row[2])))
    return found


def merged_into(driver: Driver, item: str) -> str:
    """Give the entry that an entry has become; empty if it stands for itself."""
    row = driver.row("SELECT merged_into FROM inventory_item WHERE id = ?", (item,))
    return text_of(row[0]) if row else ""


def merged_items(driver: Driver) -> dict[str, str]:
    """Give the entry that stays for each that was merged."""
    rows = driver.rows("SELECT id, merged_into FROM inventory_item WHERE merged_into <> ''")
    return {text_of(row[0]): text_of(row[1]) for row in rows}


def repoint(driver: Driver, *, keep: str, drop: str, par_conflicts: Sequence[str]) -> None:
    """Hang everything of one entry on another; where both have the same, that of the entry that stays is kept.

    Parameters
    ----------
    driver : Driver
        The transaction.
    keep, drop : str
        Ids of the entry that stays and the one that goes.
    par_conflicts : Sequence[str]
        Places where both have a par level.
    """
    if par_conflicts:
        listed = marks(len(par_conflicts))
        driver.run(f"DELETE FROM inventory_par_level WHERE item = ? AND place IN ({listed})", [drop, *par_conflicts])
    for table in ("par_level", "package", "bin", "order_line", "back_order"):
        driver.run(f"UPDATE inventory_{table} SET item = ? WHERE item = ?", (keep, drop))
    # an entry cannot stand in for itself, nor be bought twice of one supplier
    for mine, other in (("item", "stand_in"), ("stand_in", "item")):
        driver.run(
            f"DELETE FROM inventory_substitute WHERE {mine} = ? AND ({other} = ? OR {other} IN"
            f" (SELECT s.{other} FROM inventory_substitute s WHERE s.{mine} = ?))",
            (drop, keep, keep),
        )
        driver.run(f"UPDATE inventory_substitute SET {mine} = ? WHERE {mine} = ?", (keep, drop))
    driver.run(
        "DELETE FROM inventory_supply WHERE item = ? AND supplier IN"
        " (SELECT s.supplier FROM inventory_supply s WHERE s.item = ?)",
        (drop, keep),
    )
    driver.run("UPDATE inventory_supply SET item = ? WHERE item = ?", (keep, drop))
    # a kit that names both needs as many as before: the units are added up
    driver.run(
        "UPDATE inventory_kit_line SET"
        " opened = opened + (SELECT s.opened FROM inventory_kit_line s WHERE s.kit = inventory_kit_line.kit"
        " AND s.item = ?),"
        " held = held + (SELECT s.held FROM inventory_kit_line s WHERE s.kit = inventory_kit_line.kit AND s.item = ?)"
        " WHERE item = ? AND kit IN (SELECT s.kit FROM inventory_kit_line s WHERE s.item = ?)",
        (drop, drop, keep, drop),
    )
    driver.run(
        "DELETE FROM inventory_kit_line WHERE item = ? AND kit IN"
        " (SELECT s.kit FROM inventory_kit_line s WHERE s.item = ?)",
        (drop, keep),
    )
    driver.run("UPDATE inventory_kit_line SET item = ? WHERE item = ?", (keep, drop))


def drop_plans(driver: Driver, item: str) -> None:
    """Forget what was planned for an entry; the next plan counts its use with that of the entry that stays."""
    for table in ("expected_use", "par_proposal"):
        driver.run(f"DELETE FROM inventory_{table} WHERE item = ?", (item,))


def mark_merged(driver: Driver, *, keep: str, drop: str) -> None:
    """Write which entry stands for another now; what had been merged into that one before follows."""
    driver.run("UPDATE inventory_item SET merged_into = ? WHERE id = ? OR merged_into = ?", (keep, drop, drop))

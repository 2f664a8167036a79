"""Books of ten million entries: what lies where, and who received what of a recalled lot.

Protocol: SQLite (the product's bundled library) with the product's tables and indexes, filled by SQL with 5,000,000
movements of two entries: 2,000 items with 10 lots each, 120 places, one movement in eight a use on a patient. Then the
questions are asked through the product's own functions on a warm file: on hand of one item at a place (2,000 times,
99th percentile), recall trace of one lot and of all ten lots of an item (median of nine), and the past of one item.
``HOSPITAL_TWIN_ENTRIES`` sets another size.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sqlmodel import Session, SQLModel

import inventory.tables.triggers  # noqa: F401
from inventory.service.correcting import as_of
from inventory.service.safety import trace
from inventory.tables.balances import position_at
from inventory.tables.catalogue import load_lots
from inventory.tables.driver import Driver
from twin.db.sqlite import write_engine

ENTRIES = int(os.environ.get("HOSPITAL_TWIN_ENTRIES", "10000000"))
ITEMS, LOTS, PLACES = 2000, 10, 120
START, STEP_US = 1_700_000_000_000_000, 6_000_000

# one row of numbers per movement, from which every table is filled
_NUMBERS = (
    "WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {last}),"
    " m AS (SELECT i, (i / 7) % 8 = 0 AS used,"
    f" (i * 7919) % {ITEMS} AS item, (i / 3) % {LOTS} AS lot, (i * 104729) % {PLACES} AS place FROM n)"
)
_MOVEMENTS = (
    " INSERT INTO inventory_movement (id, command_hash, kind, occurred_at, recorded_at, actor, witness, task, reason,"
    " encounter, reverses, flags) SELECT printf('m%09d', i), '', CASE WHEN used THEN 'consume' ELSE 'receive' END,"
    f" {START} + i * {STEP_US}, {START} + i * {STEP_US}, 'bench', '', '', '',"
    " CASE WHEN used THEN printf('enc-%d', i % 90000) ELSE '' END, '', '' FROM m"
)
_ENTRIES = (
    " INSERT INTO inventory_entry (movement, seq, place, item, lot, owner, serial, quantity)"
    " SELECT printf('m%09d', i), 0, CASE WHEN used THEN printf('place-%d', place) ELSE 'supplier' END,"
    " printf('item-%d', item), printf('lot-%d-%d', item, lot), '', '', CASE WHEN used THEN -1 ELSE -5 END FROM m"
    " UNION ALL SELECT printf('m%09d', i), 1, CASE WHEN used THEN 'patient' ELSE printf('place-%d', place) END,"
    " printf('item-%d', item), printf('lot-%d-%d', item, lot), '', '', CASE WHEN used THEN 1 ELSE 5 END FROM m"
)
_BALANCES = (
    "INSERT INTO inventory_balance (place, item, lot, owner, on_hand, reserved, received_at, version)"
    " SELECT place, item, lot, owner, MAX(SUM(quantity), 0), 0, 0, 1 FROM inventory_entry"
    " WHERE place LIKE 'place-%' GROUP BY place, item, lot, owner"
)
_LOTS = (
    f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {ITEMS * LOTS})"
    " INSERT INTO inventory_lot (id, item, number, number_folded, expires_at, status, status_reason, opened_at,"
    f" thawed_at, supplier, keyed_by) SELECT printf('lot-%d-%d', i / {LOTS}, i % {LOTS}),"
    f" printf('item-%d', i / {LOTS}), printf('L%d', i), printf('l%d', i), 0, 'released', '', 0, 0, '', '' FROM n"
)


def show(row: str, figure: float, unit: str, **more: object) -> None:
    sys.stdout.write(json.dumps({"row": row, "figure": round(figure, 6), "unit": unit, **more}) + "\n")


def fill(folder: str) -> Session:
    """Write the books; the indexes are made afterwards, as a restored backup makes them."""
    engine = write_engine(Path(folder) / "books.db")
    tables = [table for name, table in SQLModel.metadata.tables.items() if name.startswith("inventory_")]
    with engine.begin() as connection:
        SQLModel.metadata.create_all(connection, tables=tables)
    session = Session(engine)
    driver = Driver(session)
    indexes = driver.rows(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        " AND tbl_name IN ('inventory_entry', 'inventory_movement')"
    )
    for name, _ in indexes:
        driver.run(f"DROP INDEX {name}")
    count, piece = ENTRIES // 2, 250_000
    for first in range(0, count, piece):
        numbers = _NUMBERS.format(first=first, last=min(first + piece, count))
        driver.run(numbers + _MOVEMENTS)
        driver.run(numbers + _ENTRIES)
        session.commit()
        driver = Driver(session)
    for _, made_by in indexes:
        driver.run(str(made_by))
    driver.run(_LOTS)
    driver.run(_BALANCES)
    driver.run("ANALYZE")
    session.commit()
    return session


def median_ms(ask: Callable[[], object], times: int = 9) -> float:
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        ask()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken) * 1000


def main() -> None:
    with tempfile.TemporaryDirectory(dir=os.environ.get("HOSPITAL_TWIN_BENCH_DIR")) as folder:
        session = fill(folder)
        driver = Driver(session)
        asked = []
        for i in range(2000):
            start = time.perf_counter()
            position_at(driver, item=f"item-{i * 37 % ITEMS}", place=f"place-{i * 11 % PLACES}", now=START)
            asked.append(time.perf_counter() - start)
        of = f"of {ENTRIES:,} entries"
        show(
            f"on hand of one item at a place {of}, 99th percentile",
            statistics.quantiles(asked, n=100)[98] * 1000,
            "ms",
            must="< 1 ms",
        )
        one = list(load_lots(driver, ["lot-77-3"]).values())
        every = list(load_lots(driver, [f"lot-77-{number}" for number in range(LOTS)]).values())
        hits = trace(session, lots=every)
        show(f"recall trace of one lot {of}", median_ms(lambda: trace(session, lots=one)), "ms", must="< 1 s")
        show(
            f"recall trace of an item with {LOTS} lots {of}: {len(hits.places)} places, {len(hits.patients)} uses",
            median_ms(lambda: trace(session, lots=every)),
            "ms",
            must="< 1 s",
        )
        middle = START + ENTRIES // 4 * STEP_US
        show(
            f"on hand of one item at a place as it was at an instant, {of}",
            median_ms(lambda: as_of(session, item="item-77", place="place-3", occurred_at=middle)),
            "ms",
            must="< 2 s",
        )
        session.close()


if __name__ == "__main__":
    main()

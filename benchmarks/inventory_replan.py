"""The night's plan of a whole hospital: history from the books, forecasts chosen per series, par levels, proposals.

Protocol: SQLite with the product's tables; 60 wards x 1,000 items with a par level each, 26 weeks of use: every item is
taken by chance (Poisson, 0.05 to 3 units a day), a ward's use of a day is one movement. Planned end to end by the
product's own service in one transaction and committed, median of three; then the round that looks at every shelf.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from sqlmodel import Session, SQLModel

import inventory.tables.triggers  # noqa: F401
from inventory.model.movements import Command
from inventory.model.planning import PlanSettings
from inventory.service.planning import prepare, store
from inventory.service.reviewing import ReviewSettings, review
from inventory.tables.driver import Driver
from inventory.tables.rows import ItemRow
from twin.clock import DAY_US, HOUR_US
from twin.db.sqlite import write_engine
from twin.events.envelope import Event
from twin.ports import Stored

WARDS = int(os.environ.get("HOSPITAL_TWIN_WARDS", "60"))
ITEMS, WEEKS, MOVES_PER_WEEK = 1000, 26, 2
NOW = 1_790_000_000_000_000
_ITEM = {
    "kind": "consumable",
    "tracking": "none",
    "is_expiry_tracked": False,
    "storage_class": "ambient",
    "criticality": "E",
    "value_class": "C",
    "unit_cost_minor": 100,
}
"""What all items have in common; written by the table's own class, so that a new column finds its default."""


class Unheard:
    """Takes events and forgets them: what is measured is the plan."""

    def __init__(self) -> None:
        self.count = 0

    def append(self, session: Session, events: list[Event]) -> list[Stored]:
        self.count += len(events)
        return []


def show(row: str, figure: float, unit: str, **more: object) -> None:
    sys.stdout.write(json.dumps({"row": row, "figure": round(figure, 6), "unit": unit, **more}) + "\n")


def fill(session: Session) -> None:
    """Write items, par levels, balances and half a year of use."""
    driver, chance = Driver(session), np.random.default_rng(3)
    session.add_all(ItemRow(**_ITEM, id=f"item-{i}", code=f"item-{i}", name=f"item-{i}") for i in range(ITEMS))
    session.flush()
    rates = chance.uniform(0.05, 3, (WARDS, ITEMS))
    for ward in range(WARDS):
        place = f"ward-{ward:02d}"
        driver.run_many(
            "INSERT INTO inventory_par_level (place, item, par_level, reorder_point, pack_multiple, source, method,"
            " accepted_by, changed_at) VALUES (?,?,?,?,?,'store','fixed','',0)",
            [(place, f"item-{i}", 12, 4, 1 + i % 5) for i in range(ITEMS)],
        )
        driver.run_many(
            "INSERT INTO inventory_balance (place, item, lot, owner, on_hand, reserved, received_at, version)"
            " VALUES (?,?,'','',?,0,0,1)",
            [(place, f"item-{i}", int(chance.integers(0, 14))) for i in range(ITEMS)],
        )
        for number in range(WEEKS * MOVES_PER_WEEK):
            at = NOW - WEEKS * 7 * DAY_US + number * (7 * DAY_US // MOVES_PER_WEEK) + HOUR_US
            movement = f"{place}-{number:04d}"
            driver.run(
                "INSERT INTO inventory_movement (id, command_hash, kind, occurred_at, recorded_at, actor, witness,"
                " task, reason, encounter, reverses, flags) VALUES (?,'','consume',?,?,'bench','','','','','','')",
                (movement, at, at),
            )
            taken = chance.poisson(rates[ward] * 7 / MOVES_PER_WEEK)
            driver.run_many(
                "INSERT INTO inventory_entry (movement, seq, place, item, lot, owner, serial, quantity)"
                " VALUES (?,?,?,?,'','','',?)",
                [
                    (movement, 2 * i + side, (place, "consumed")[side], f"item-{i}", int(n) * (-1, 1)[side])
                    for i, n in enumerate(taken)
                    if n
                    for side in (0, 1)
                ],
            )
    driver.run(
        "INSERT INTO inventory_balance (place, item, lot, owner, on_hand, reserved, received_at, version)"
        " SELECT 'store', id, '', '', 1000000, 0, 0, 1 FROM inventory_item"
    )
    driver.run("ANALYZE")
    session.commit()


def main() -> None:
    with tempfile.TemporaryDirectory(dir=os.environ.get("HOSPITAL_TWIN_BENCH_DIR")) as folder:
        engine = write_engine(Path(folder) / "books.db")
        tables = [table for name, table in SQLModel.metadata.tables.items() if name.startswith("inventory_")]
        with engine.begin() as connection:
            SQLModel.metadata.create_all(connection, tables=tables)
        with Session(engine) as session:
            fill(session)
            entries = Driver(session).rows("SELECT COUNT(*) FROM inventory_entry")[0][0]
            taken = []
            for _ in range(3):
                start = time.perf_counter()
                prepared = prepare(session, settings=PlanSettings(periods=WEEKS), now=NOW)
                store(session, prepared)
                session.commit()
                taken.append(time.perf_counter() - start)
            decisions = ", ".join(
                f"{count} {name.value}" for name, count in sorted(prepared.replanned().by_decision.items())
            )
            show(
                f"nightly plan of {WARDS} wards x {ITEMS} items from {entries:,} entries ({decisions})",
                statistics.median(taken),
                "s",
                must="<= 30 s",
            )
            heard = Unheard()
            start = time.perf_counter()
            command = Command(id="review", actor="system", occurred_at=NOW, recorded_at=NOW)
            seen = review(session, ledger=heard, command=command, settings=ReviewSettings())
            show(
                f"round over {seen.lines} shelves, {heard.count} events told",
                time.perf_counter() - start,
                "s",
            )


if __name__ == "__main__":
    main()

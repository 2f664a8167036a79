"""How long a restart takes: the live state of 50,000 assets from its snapshot and the tail of the ledger.

Protocol: one SQLite file with a snapshot of 50,000 assets, their tags and 1,000 beds, and a tail of 0 and of 50,000
events behind it (as many as come between two snapshots). A restart opens the ledger: the newest snapshot is read,
unpacked, checked and indexed, then the tail is read and applied; the peer replays the whole ledger, as a program
without snapshots must. Medians of five; the file is warm in the page cache, as after the crash of a process.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.apply import ASSETS, Source, make_day, make_house
from twin.db.database import Database, open_database
from twin.events.envelope import Event
from twin.ledger.ledger import Ledger
from twin.settings import Settings
from twin.state.live import LiveState

TAIL, ROUNDS, BATCH = 50_000, 5, 5_000
NEVER = 10**9


def restart_ms(database: Database) -> float:
    """Give the milliseconds from an empty live state to the present one."""
    start = time.perf_counter()
    ledger = Ledger(database, state=LiveState(), snapshot_every=NEVER)
    taken = (time.perf_counter() - start) * 1000
    ledger.close()
    return taken


def store(ledger: Ledger, events: list[Event]) -> None:
    """Store events in batches."""
    for start in range(0, len(events), BATCH):
        ledger.submit(events[start : start + BATCH]).result()


def main() -> None:
    """Measure and print the rows."""
    source = Source()
    house, day = make_house(source), make_day(source, TAIL)
    with (
        tempfile.TemporaryDirectory() as folder,
        open_database(Settings(data_dir=Path(folder), free_disk_floor_mb=0)) as database,
    ):
        database.create_tables()
        ledger = Ledger(database, state=LiveState(), snapshot_every=NEVER)
        store(ledger, house)
        full = restart_ms(database)
        ledger.take_snapshot().result()
        figures = [("no tail", statistics.median(restart_ms(database) for _ in range(ROUNDS)))]
        store(ledger, day)
        figures.append((f"a tail of {TAIL:,} events", statistics.median(restart_ms(database) for _ in range(ROUNDS))))
        ledger.close()
    for tail, figure in figures:
        row = {
            "row": f"restart: snapshot of {ASSETS:,} assets, {tail}",
            "figure": round(figure),
            "unit": "ms",
            "peer": f"replay of {len(house):,} events without snapshot",
            "peer_figure": round(full),
            "ratio": round(full / figure, 2),
            "must": "<= 1,000 ms",
        }
        sys.stdout.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()

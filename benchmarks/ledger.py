"""How many events a second are stored durably, beside the naive app's way with the same disk, driver and promise.

Protocol: store level, without HTTP. Sixteen callers, each waiting for its answer before it sends the next; an answer
means that COMMIT has returned with synchronous=FULL (SQLite) or synchronous_commit=on (PostgreSQL). Single events and
batches of 1,000; then batches of 500. The ledger's figures include ids, the check for
duplicates and the live state; the peer's do not. Each figure is the median of three spells of two seconds, peer and
twin in turn. PostgreSQL is set as ``benchmarks.cluster`` says, for both.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from sqlmodel import Session, SQLModel

from benchmarks.cluster import cluster
from benchmarks.naive_app import NaiveEvent, NaiveEventIn, make_engine, store_many, store_one
from twin.db.database import open_database
from twin.events.things import ZoneChanged
from twin.ledger.ledger import Ledger
from twin.settings import Settings
from twin.state.live import LiveState

CALLERS, SPELL_S, ROUNDS = 16, 2.0, 3
START_US = 1_767_600_000_000_000


class Numbers:
    """Gives numbers that were never given before."""

    def __init__(self) -> None:
        self._next = 0
        self._lock = threading.Lock()

    def take(self, count: int) -> range:
        with self._lock:
            first, self._next = self._next, self._next + count
        return range(first, first + count)


def spell(send: Callable[[], int], callers: int = CALLERS) -> float:
    """Give events a second of callers that send for a spell."""
    counts = [0] * callers
    end = time.perf_counter() + SPELL_S

    def caller(index: int) -> None:
        while time.perf_counter() < end:
            counts[index] += send()

    threads = [threading.Thread(target=caller, args=(i,)) for i in range(callers)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - start)


def event(number: int) -> ZoneChanged:
    return ZoneChanged(
        thing=f"tag-{number % 5000}",
        occurred_at=START_US + number,
        source="gateway:bench",
        source_key=f"{number:012}",
        zone=f"zone-{number % 60}",
    )


def body(number: int) -> NaiveEventIn:
    return NaiveEventIn(
        uid=f"{number:012}",
        thing=f"tag-{number % 5000}",
        type="ZoneChanged",
        occurred_at=START_US + number,
        zone=f"zone-{number % 60}",
    )


def compare(name: str, url: str, folder: Path) -> None:
    """Measure one kind of database."""
    numbers = Numbers()
    engine = make_engine(f"sqlite:///{folder / 'naive.db'}" if name == "SQLite" else url)
    SQLModel.metadata.create_all(engine, tables=[NaiveEvent.__table__])  # type: ignore[attr-defined]
    database = open_database(Settings(data_dir=folder, database_url=url, free_disk_floor_mb=0))
    database.create_tables()
    ledger = Ledger(database, state=LiveState())

    def naive(count: int) -> int:
        bodies = [body(n) for n in numbers.take(count)]
        with Session(engine) as session:
            if count == 1:
                store_one(session, bodies[0])
            else:
                store_many(session, bodies)
        return count

    def twin(count: int) -> int:
        ledger.submit([event(n) for n in numbers.take(count)]).result()
        return count

    for count, must in ((1, 5), (1000, 8)):
        callers = CALLERS
        spells = [
            (spell(lambda n=count: naive(n), callers), spell(lambda n=count: twin(n), callers)) for _ in range(ROUNDS)
        ]
        peer, figure = (statistics.median(one[i] for one in spells) for i in (0, 1))
        what = "single events" if count == 1 else "batches of 1,000"
        row = {
            "row": f"durable ingestion, {what}, {name}, {callers} callers",
            "figure": round(figure),
            "unit": "events/s",
            "peer": "SQLModel add, commit",
            "peer_figure": round(peer),
            "ratio": round(figure / peer, 1),
            "must": f"ratio >= {must}",
        }
        sys.stdout.write(json.dumps(row) + "\n")
    best = statistics.median(spell(lambda: twin(500)) for _ in range(ROUNDS))
    must = 80_000 if name == "SQLite" else 50_000
    row = {
        "row": f"durable ingestion, batches of 500, {name}",
        "figure": round(best),
        "unit": "events/s",
        "must": f">= {must:,}",
    }
    sys.stdout.write(json.dumps(row) + "\n")
    ledger.close()
    database.close()
    engine.dispose()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        compare("SQLite", f"sqlite:///{folder}/hospital.db", Path(folder))
    with cluster() as url, tempfile.TemporaryDirectory() as folder:
        compare("PostgreSQL", url, Path(folder))


if __name__ == "__main__":
    main()

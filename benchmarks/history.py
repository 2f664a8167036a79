"""How long the whole hospital at a past instant takes, with 50,000 things after a million events.

Protocol: 50,000 tags, each zone change a new value, 1,000,000 events written by the history's own projection in batches
of 20,000; then 25 random instants. A figure is the median time to give all 50,000 facts as a dictionary. Peers, same
data and instants: replaying the ledger from the beginning, and the usual GROUP BY over the events.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import text

from twin.db.database import Database, open_database
from twin.events import registry
from twin.events.things import ZoneChanged
from twin.history import history
from twin.history.memory import MemoryHistory
from twin.history.projection import HistoryProjection
from twin.ids import UniqueIds
from twin.ledger.bodies import whole_body
from twin.ledger.rows import SqliteRows, values_of
from twin.ports import Stored
from twin.settings import Settings

THINGS, BATCH, INSTANTS, QUESTIONS = 50_000, 20_000, 25, 500
EVENTS = int(os.environ.get("HOSPITAL_TWIN_BENCH_EVENTS", "1_000_000"))  # 10_000_000 takes half an hour to write
START_US = 1_767_600_000_000_000


def fill(database: Database, events: int = EVENTS) -> None:
    """Write the events and their history."""
    ids, rows, chance, projection = UniqueIds(), SqliteRows(), random.Random(1), HistoryProjection()
    for start in range(0, events, BATCH):
        batch = []
        for i in range(start, start + BATCH):
            # the first round names every thing once; from then on chance decides which one moves
            tag = i if i < THINGS else chance.randrange(THINGS)
            at = START_US + i * 1000
            event = ZoneChanged(
                thing=f"tag-{tag}",
                occurred_at=at,
                source="gateway:bench",
                source_key=str(i),
                id=ids.next(at),
                recorded_at=at,
                zone=f"zone-{i % 4999}",
            )
            batch.append(Stored(i + 1, event, True))
        database.writer.submit_work(lambda t, b=batch: rows.insert(t.raw, values_of([s.event for s in b]))).result()
        database.writer.run(lambda session, b=batch: projection.project(session, b))


def median_ms(question: Callable[[int], int], instants: list[int]) -> float:
    """Give the median time of a question in milliseconds; each answer must hold all things."""
    times = []
    for at in instants:
        start = time.perf_counter()
        count = question(at)
        times.append((time.perf_counter() - start) * 1000)
        if count != THINGS:
            raise SystemExit(f"expected {THINGS} things, got {count}")
    return statistics.median(times)


def longest_ms(question: Callable[[int], str]) -> float:
    """Give the longest time of many questions in milliseconds; each must have an answer."""
    longest = 0.0
    for number in range(QUESTIONS):
        start = time.perf_counter()
        answer = question(number)
        longest = max(longest, time.perf_counter() - start)
        if not answer:
            raise SystemExit(f"question {number} has no answer")
    return longest * 1000


def main() -> None:
    chance = random.Random(2)
    instants = [START_US + chance.randrange(THINGS, EVENTS) * 1000 for _ in range(INSTANTS)]
    with tempfile.TemporaryDirectory() as folder, open_database(Settings(data_dir=Path(folder))) as database:
        database.create_tables()
        fill(database)
        memory = MemoryHistory()
        with database.read() as session:
            memory.refresh(session)
            raw = session.connection().connection.dbapi_connection
            assert raw is not None

            def replayed(at: int) -> int:
                facts = {}
                for (body,) in raw.cursor().execute(f"SELECT {whole_body('sqlite')} FROM events ORDER BY sequence"):
                    event = registry.decode(body)
                    if event.occurred_at > at:
                        break
                    facts[event.thing] = event
                return len(facts)

            def grouped(at: int) -> int:
                query = text("SELECT thing, max(occurred_at), body FROM events WHERE occurred_at <= :at GROUP BY thing")
                return len(session.execute(query, {"at": at}).all())

            full = median_ms(replayed, instants[:5])
            group = median_ms(grouped, instants[:5])
            in_memory = median_ms(lambda at: len(memory.state_at(at)), instants)
            stored = median_ms(lambda at: len(history.state_at(session, at).facts), instants)
            one_thing = longest_ms(
                lambda n: history.value_at(
                    session, "tag.zone", f"tag-{chance.randrange(THINGS)}", instants[n % INSTANTS]
                )
            )
            difference = median_ms(lambda at: history.diff(session, at, at + 1) is None or THINGS, instants[:5])
    rows = [
        ("whole hospital at a past instant, memory", in_memory, "replay of the ledger", full, "<= 25 ms"),
        ("whole hospital at a past instant, SQLite", stored, "GROUP BY over the events", group, "<= 80 ms"),
        (
            f"one thing as of any instant, slowest of {QUESTIONS}, SQLite, {EVENTS:,} events",
            one_thing,
            None,
            None,
            "<= 50 ms",
        ),
        ("difference of two instants, SQLite", difference, None, None, ""),
    ]
    for what, figure, peer, peer_figure, must in rows:
        row: dict[str, object] = {"row": what, "figure": round(figure, 1), "unit": "ms", "must": must}
        if peer is not None and peer_figure is not None:
            row |= {"peer": peer, "peer_figure": round(peer_figure, 1), "ratio": round(peer_figure / figure, 1)}
        sys.stdout.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()

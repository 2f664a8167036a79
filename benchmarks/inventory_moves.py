"""How many guarded stock moves a second, beside adding one row by the object mapper and committing it.

Protocol: SQLite (the product's bundled library, WAL): a move is one movement, two entries and two balances, checked
by the database; the peer adds one row of the entry table by an SQLModel session and commits, on an engine as
``create_engine`` gives it (rollback journal, synchronous=FULL); for processor time both run with synchronous=OFF and
WAL. Own commit with synchronous=FULL; 32 moves in one commit. Before the clock starts the log is written through once,
as a server has within minutes of its start: until then each commit also makes the file longer, which the journal of
the file system pays for and no later commit does; that row is told apart. The pages that one move writes into the log
are counted. Then entries a second for one opening stock, and the time to ask on hand of one item in the resulting
books. Medians of three runs, own and peer in turn.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from itertools import count
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import Engine
from sqlmodel import Session, SQLModel

import inventory.tables.triggers  # noqa: F401
from inventory.model.movements import Command, Line, Movement, MovementKind
from inventory.tables.balances import position_at
from inventory.tables.driver import Driver
from inventory.tables.ledger import Draft, post
from inventory.tables.opening import Opening, post_opening
from inventory.tables.rows import EntryRow
from twin.db.sqlite import write_engine
from twin.ids import ItemId, LotId, PlaceId

MOVES, RUNS = 2000, 3
numbers = count(1)


def show(row: str, figure: float, unit: str, **more: object) -> None:
    sys.stdout.write(json.dumps({"row": row, "figure": round(figure, 6), "unit": unit, **more}) + "\n")


def engine_in(folder: str, synchronous: str) -> Engine:
    engine = write_engine(Path(folder) / f"{synchronous}-{next(numbers)}.db")
    with engine.begin() as connection:
        tables = [table for name, table in SQLModel.metadata.tables.items() if name.startswith("inventory_")]
        SQLModel.metadata.create_all(connection, tables=tables)
    with engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        assert raw is not None
        raw.cursor().execute(f"PRAGMA synchronous={synchronous}")
    return engine


def plain_engine_in(folder: str) -> Engine:
    engine = create_engine(f"sqlite:///{Path(folder) / 'plain.db'}")
    SQLModel.metadata.create_all(engine, tables=[SQLModel.metadata.tables["inventory_entry"]])
    return engine


def draft(quantity: int, start: str, end: str) -> Draft:
    identifier = f"move-{next(numbers):09d}"
    command = Command(id=identifier, actor="bench", occurred_at=1, recorded_at=1)
    line = Line(
        item=ItemId("item"), quantity=quantity, from_place=PlaceId(start), to_place=PlaceId(end), lot=LotId("lot")
    )
    movement = Movement(id=identifier, kind=MovementKind.TRANSFER, command=command, lines=(line,))
    return Draft(movement=movement, content_hash="", released={})


def stocked(engine: Engine, *, is_written_through: bool = True) -> Engine:
    """Give an engine whose store has something, its log as long as it will ever be or as short as it begins."""
    with Session(engine) as session:
        post(Driver(session), draft(10**9, "supplier", "store"))
        session.commit()
    log = Path(f"{engine.url.database}-wal")
    size = -1
    # the log begins anew when it holds as many pages as the writer's checkpoint waits for
    while is_written_through and log.stat().st_size != size:
        size = log.stat().st_size
        for _ in range(8):
            run(engine, moves_each=500, commits=1)
    return engine


def run(engine: Engine, *, moves_each: int, commits: int) -> None:
    for _ in range(commits):
        with Session(engine) as session:
            driver = Driver(session)
            for _ in range(moves_each):
                post(driver, draft(1, "store", "ward"))
            session.commit()


def moves(engine: Engine, group: int) -> tuple[float, float]:
    """Give seconds and processor seconds per move."""
    clock, cpu = time.perf_counter(), time.process_time()
    run(engine, moves_each=group, commits=MOVES // group)
    done = MOVES // group * group
    return (time.perf_counter() - clock) / done, (time.process_time() - cpu) / done


def pages_a_move(engine: Engine) -> float:
    """Give how many pages one move with its own commit writes into the log, mean of 500."""
    with engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")  # a checkpoint cannot run within a transaction
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").all()
    run(engine, moves_each=1, commits=500)
    return Path(f"{engine.url.database}-wal").stat().st_size / (4096 + 24) / 500


def rows_by_mapper(engine: Engine) -> tuple[float, float]:
    clock, cpu = time.perf_counter(), time.process_time()
    for _ in range(MOVES):
        with Session(engine) as session:
            session.add(EntryRow(movement=f"row-{next(numbers)}", seq=0, place="p", item="i", quantity=1))
            session.commit()
    return (time.perf_counter() - clock) / MOVES, (time.process_time() - cpu) / MOVES


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        steady, plain = stocked(engine_in(folder, "FULL")), plain_engine_in(folder)
        # no log is waited for without synchronous: both begin with empty books
        unsafe = stocked(engine_in(folder, "OFF"), is_written_through=False)
        unsafe_plain = engine_in(folder, "OFF")
        found = [
            (
                moves(steady, 1)[0],
                rows_by_mapper(plain)[0],
                moves(steady, 32)[0],
                moves(unsafe, 32)[1],
                rows_by_mapper(unsafe_plain)[1],
                moves(stocked(engine_in(folder, "FULL"), is_written_through=False), 1)[0],
            )
            for _ in range(RUNS)
        ]
        own, mapper, grouped, cpu, mapper_cpu, growing = map(statistics.median, zip(*found, strict=True))
        peer = "SQLModel add + commit of one row"
        show(
            "guarded move with its own commit",
            1 / own,
            "1/s",
            peer=peer,
            peer_figure=round(1 / mapper),
            ratio=round(mapper / own, 2),
            must=">= 2.5x",
        )
        show(
            "guarded move with its own commit, the log still growing",
            1 / growing,
            "1/s",
            peer=peer,
            peer_figure=round(1 / mapper),
            ratio=round(mapper / growing, 2),
        )
        show("pages that a guarded move with its own commit writes", pages_a_move(steady), "pages")
        show(
            "guarded move, 32 in a commit",
            1 / grouped,
            "1/s",
            peer=peer,
            peer_figure=round(1 / mapper),
            ratio=round(mapper / grouped, 2),
            must=">= 8x",
        )
        show(
            "processor time of a guarded move",
            cpu * 1e6,
            "us",
            peer=peer,
            peer_figure=round(mapper_cpu * 1e6, 1),
            ratio=round(mapper_cpu / cpu, 2),
            must=">= 8x less",
        )
        books(engine_in(folder, "FULL"))


def books(engine: Engine) -> None:
    rows = tuple((f"item-{i % 5000}", f"place-{i % 60}", f"lot-{i}", "", 5) for i in range(200_000))
    taken = []
    for run in range(3):
        command = Command(id=f"opening-{run}", actor="bench", occurred_at=1, recorded_at=1)
        books_of_run = engine if not run else engine_in(str(Path(str(engine.url.database)).parent), "FULL")
        start = time.perf_counter()
        with Session(books_of_run) as session:
            post_opening(Driver(session), Opening(command=command, content_hash="", source="found", rows=rows))
            session.commit()
        taken.append(time.perf_counter() - start)
    show(
        "opening stock: entries with their balances",
        2 * len(rows) / statistics.median(taken),
        "entries/s",
        must=">= 100,000/s",
    )
    asked = []
    with Session(engine) as session:
        session.connection().execute(text("SELECT 1"))
        driver = Driver(session)
        for i in range(2000):
            start = time.perf_counter()
            position_at(driver, item=f"item-{i % 5000}", place=f"place-{i % 60}")
            asked.append(time.perf_counter() - start)
    show(
        "on hand of one item at a place, 99th percentile",
        statistics.quantiles(asked, n=100)[98] * 1000,
        "ms",
        must="< 1 ms",
    )


if __name__ == "__main__":
    main()

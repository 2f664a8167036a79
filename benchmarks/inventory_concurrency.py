"""Many hands at once: guarded moves a second on PostgreSQL, and picks that race for the last units on both databases.

Protocol: moves: four threads, each with a connection of its own, move one unit at a time between two places, each move
in a transaction of its own; the peer adds one row by an SQLModel session and commits, by four threads as well. Picks:
8 workers ask for one unit 80,000 times in all (``HOSPITAL_TWIN_PICKS`` sets another number) while there is half as
much; through the one writer on SQLite, on connections of their own on PostgreSQL. The figure is how many units more
were handed out than there were; then every balance is computed anew. ``HOSPITAL_TWIN_BENCH_PARTS`` names the parts to
run: ``moves``, ``sqlite``, ``postgresql``.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

import inventory.tables.count_sessions
import inventory.tables.order_rows
import inventory.tables.plan_rows
import inventory.tables.triggers  # noqa: F401
from benchmarks.own_tests import from_tests
from inventory.model.items import Item
from inventory.model.movements import Command, Line, Movement, MovementKind
from inventory.service import correcting, handing_out, receiving
from inventory.tables.catalogue import save_item
from inventory.tables.driver import Driver
from inventory.tables.ledger import Draft, post
from inventory.tables.rows import EntryRow
from twin.db.database import Database, open_database
from twin.errors import Refused
from twin.events.envelope import Event
from twin.ids import ItemId, LotId, PlaceId
from twin.ports import Stored
from twin.settings import Settings

CONNECTIONS, WORKERS, ITEMS = 4, 8, 64
MOVES_EACH = 750
PICKS = int(os.environ.get("HOSPITAL_TWIN_PICKS", "80000"))
PARTS = os.environ.get("HOSPITAL_TWIN_BENCH_PARTS", "moves,sqlite,postgresql").split(",")
NOW = 1_795_687_200_000_000
numbers = count(1)


def show(row: str, figure: float, unit: str, **more: object) -> None:
    sys.stdout.write(json.dumps({"row": row, "figure": round(figure, 6), "unit": unit, **more}) + "\n")
    sys.stdout.flush()


class Nowhere:
    """An event sink that keeps nothing: the books alone are measured."""

    def append(self, session: Session, events: Sequence[Event]) -> list[Stored]:
        del session, events
        return []


def move(engine: Engine, item: str) -> None:
    identifier = f"move-{next(numbers):09d}"
    command = Command(id=identifier, actor="bench", occurred_at=1, recorded_at=1)
    line = Line(item=ItemId(item), quantity=1, from_place=PlaceId("store"), to_place=PlaceId("ward"), lot=LotId("lot"))
    movement = Movement(id=identifier, kind=MovementKind.TRANSFER, command=command, lines=(line,))
    with Session(engine) as session:
        post(Driver(session), Draft(movement=movement, content_hash="", released={}))
        session.commit()


def row_by_mapper(engine: Engine, _item: str) -> None:
    with Session(engine) as session:
        session.add(EntryRow(movement=f"row-{next(numbers)}", seq=0, place="p", item="i", quantity=1))
        session.commit()


def per_second(work: Callable[[Engine, str], None], engine: Engine) -> float:
    def hand(number: int) -> None:
        for at in range(MOVES_EACH):
            work(engine, f"item-{(number + CONNECTIONS * at) % ITEMS}")

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(lambda number: work(engine, f"item-{number}"), range(CONNECTIONS)))  # connections are open now
        clock = time.perf_counter()
        list(pool.map(hand, range(CONNECTIONS)))
        return CONNECTIONS * MOVES_EACH / (time.perf_counter() - clock)


def measure_moves(database: Database) -> None:
    engine = create_engine(database.write_engine.url, pool_size=CONNECTIONS)
    with Session(engine) as session:
        for number in range(ITEMS):
            line = Line(
                item=ItemId(f"item-{number}"),
                quantity=10**6,
                from_place=PlaceId("supplier"),
                to_place=PlaceId("store"),
                lot=LotId("lot"),
            )
            command = Command(id=f"in-{number}", actor="bench", occurred_at=1, recorded_at=1)
            movement = Movement(id=command.id, kind=MovementKind.RECEIVE, command=command, lines=(line,))
            post(Driver(session), Draft(movement=movement, content_hash="", released={}))
        session.commit()
    own = per_second(move, engine)
    mapper = per_second(row_by_mapper, engine)
    engine.dispose()
    show(
        "guarded moves on PostgreSQL, four connections, each its own commit",
        own,
        "1/s",
        peer="SQLModel add + commit of one row, four connections",
        peer_figure=round(mapper),
        ratio=round(own / mapper, 2),
        must=">= 800/s",
    )


def runner(database: Database) -> tuple[Callable[[Callable[[Session], int]], int], Callable[[], None]]:
    if database.dialect == "sqlite":
        return database.writer.run, lambda: None
    engine = create_engine(database.write_engine.url, pool_size=WORKERS)

    def run(use_case: Callable[[Session], int]) -> int:
        for _ in range(5):
            try:
                with Session(engine) as session, session.begin():
                    return use_case(session)
            except OperationalError:  # a deadlock's victim tries again
                continue
        raise RuntimeError("still deadlocked after five tries")

    return run, engine.dispose


def race(database: Database) -> None:
    run, close = runner(database)
    stock, sink = PICKS // 2, Nowhere()

    def fill(session: Session) -> int:
        save_item(session, Item(id=ItemId("gloves"), code="gloves", name="Gloves"))
        receipts = [
            receiving.Receipt(
                item="gloves", quantity=stock // 4, place="store", lot_number=lot, expires_at=NOW * 2 + at
            )
            for at, lot in enumerate("ABCD")
        ]
        command = Command(id="in", actor="bench", occurred_at=NOW, recorded_at=NOW)
        return receiving.receive(session, ledger=sink, command=command, receipts=receipts).quantity

    def attempt(number: int) -> int:
        request = handing_out.Request(item="gloves", quantity=1, place="store")
        command = Command(
            id=f"pick-{number}", actor="bench", occurred_at=NOW, recorded_at=NOW, task=f"task-{number % WORKERS}"
        )
        try:
            return run(
                lambda session: handing_out.pick(session, ledger=sink, command=command, request=request).quantity
            )
        except Refused:
            return 0

    there = run(fill)
    clock = time.perf_counter()
    with ThreadPoolExecutor(WORKERS) as pool:
        granted = sum(pool.map(attempt, range(PICKS)))
    seconds = time.perf_counter() - clock
    with database.read() as session:
        differences = len(correcting.verify(session))
    close()
    show(
        f"units handed out beyond the stock, {WORKERS} workers, {PICKS} picks, {database.dialect}",
        granted - there,
        "units",
        granted=granted,
        differences=differences,
        picks_per_s=round(PICKS / seconds),
        must="0, and 0 differences",
    )


def opened(folder: str, url: str = "") -> Database:
    database = open_database(Settings(data_dir=Path(folder), database_url=url, free_disk_floor_mb=0))
    database.create_tables()
    return database


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        if "sqlite" in PARTS:
            database = opened(folder)
            race(database)
            database.close()
        tests = from_tests("conftest")
        started = tests.start_postgresql() if {"moves", "postgresql"} & set(PARTS) else None
        if started is None:
            return
        server, _ = started
        for part, work in (("moves", measure_moves), ("postgresql", race)):
            if part in PARTS:
                url, drop = tests.PostgresqlServer(server.get_uri()).fresh_database()
                database = opened(folder, url)
                work(database)
                database.close()
                drop()
        server.cleanup()


if __name__ == "__main__":
    main()

"""Many hands at once: guarded moves a second on PostgreSQL, and picks that race for the last units on both databases.

Protocol: moves: four processes, each with a connection of its own, move one unit at a time between two places, each
move in a transaction of its own; the peer adds one row by an SQLModel session and commits, by four processes as well.
Picks: 8 workers ask for one unit 80,000 times in all, in eight races of 10,000 for 5,000 units of four lots each; by
threads through the one writer on SQLite, by processes on connections of their own on PostgreSQL. The figure is how many
units more were handed out than there were; after each race every balance is computed anew.
``HOSPITAL_TWIN_BENCH_PARTS`` names the parts to run (``moves``, ``sqlite``, ``postgresql``), ``HOSPITAL_TWIN_PICKS``
and ``HOSPITAL_TWIN_MOVES`` other numbers of a race and of a connection. Each race is a piece (see
``benchmarks.pieces``), so that a shared machine is never taken for long.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Protocol

from sqlalchemy import create_engine
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

import inventory.tables.count_sessions
import inventory.tables.order_rows
import inventory.tables.plan_rows
import inventory.tables.triggers  # noqa: F401
from benchmarks.own_tests import from_tests
from benchmarks.pieces import Pieces
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
MOVES_EACH = int(os.environ.get("HOSPITAL_TWIN_MOVES", "750"))
PICKS = int(os.environ.get("HOSPITAL_TWIN_PICKS", "10000"))  # of one race
RACES, TRIES = 8, 5  # races on each database, tries of one transaction
PARTS = os.environ.get("HOSPITAL_TWIN_BENCH_PARTS", "moves,sqlite,postgresql").split(",")
NOW = 1_795_687_200_000_000


class PostgresqlServer(Protocol):
    """The part of the tests' server that is used here."""

    def fresh_database(self) -> tuple[str, Callable[[], None]]:
        """Give the URL of a new database, and how it is dropped."""


def show(row: str, figure: float, unit: str, **more: object) -> None:
    sys.stdout.write(json.dumps({"row": row, "figure": round(figure, 6), "unit": unit, **more}) + "\n")
    sys.stdout.flush()


class Nowhere:
    """An event sink that keeps nothing: the books alone are measured."""

    def append(self, session: Session, events: Sequence[Event]) -> list[Stored]:
        del session, events
        return []


def move(engine: Engine, number: str, item: str) -> None:
    identifier = f"move-{number}"
    command = Command(id=identifier, actor="bench", occurred_at=1, recorded_at=1)
    line = Line(item=ItemId(item), quantity=1, from_place=PlaceId("store"), to_place=PlaceId("ward"), lot=LotId("lot"))
    movement = Movement(id=identifier, kind=MovementKind.TRANSFER, command=command, lines=(line,))
    with Session(engine) as session:
        post(Driver(session), Draft(movement=movement, content_hash="", released={}))
        session.commit()


def row_by_mapper(engine: Engine, number: str) -> None:
    with Session(engine) as session:
        session.add(EntryRow(movement=f"row-{number}", seq=0, place="p", item="i", quantity=1))
        session.commit()


def moves_of(url: str, number: int, count_each: int) -> int:
    """One connection's moves, in a process of its own."""
    engine = create_engine(url, pool_size=1)
    for at in range(count_each):
        move(engine, f"{number}-{at}", f"item-{(number + CONNECTIONS * at) % ITEMS}")
    engine.dispose()
    return count_each


def rows_of(url: str, number: int, count_each: int) -> int:
    """One connection's rows by the mapper, in a process of its own."""
    engine = create_engine(url, pool_size=1)
    for at in range(count_each):
        row_by_mapper(engine, f"{number}-{at}")
    engine.dispose()
    return count_each


def per_second(work: Callable[[str, int, int], int], url: str, processes: ProcessPoolExecutor) -> float:
    each = [url] * CONNECTIONS
    list(processes.map(work, each, range(CONNECTIONS, 2 * CONNECTIONS), [20] * CONNECTIONS))  # caches are warm now
    clock = time.perf_counter()
    done = sum(processes.map(work, each, range(CONNECTIONS), [MOVES_EACH] * CONNECTIONS))
    return done / (time.perf_counter() - clock)


def measure_moves(processes: ProcessPoolExecutor, database: Database) -> dict[str, float]:
    """Give guarded moves and the mapper's rows a second."""
    url = database.write_engine.url.render_as_string(hide_password=False)
    engine = create_engine(url)
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
    engine.dispose()
    return {"own": per_second(moves_of, url, processes), "mapper": per_second(rows_of, url, processes)}


def fill(session: Session) -> int:
    save_item(session, Item(id=ItemId("gloves"), code="gloves", name="Gloves"))
    receipts = [
        receiving.Receipt(item="gloves", quantity=PICKS // 8, place="store", lot_number=lot, expires_at=NOW * 2 + at)
        for at, lot in enumerate("ABCD")
    ]
    command = Command(id="in", actor="bench", occurred_at=NOW, recorded_at=NOW)
    return receiving.receive(session, ledger=Nowhere(), command=command, receipts=receipts).quantity


def pick(session: Session, worker: int, number: int) -> int:
    request = handing_out.Request(item="gloves", quantity=1, place="store")
    command = Command(
        id=f"pick-{worker}-{number}", actor="bench", occurred_at=NOW, recorded_at=NOW, task=f"task-{worker}"
    )
    return handing_out.pick(session, ledger=Nowhere(), command=command, request=request).quantity


def picks_by_writer(database: Database, worker: int) -> int:
    """One picker's picks through the one writer of SQLite."""
    granted = 0
    for number in range(PICKS // WORKERS):
        with suppress(Refused):
            granted += database.writer.run(partial(pick, worker=worker, number=number))
    return granted


def picks_by_connection(url: str, worker: int) -> int:
    """One picker's picks on a connection of its own, in a process of its own."""
    engine, granted = create_engine(url, pool_size=1), 0
    for number in range(PICKS // WORKERS):
        for _ in range(TRIES):
            try:
                with Session(engine) as session, session.begin():
                    granted += pick(session, worker, number)
            except Refused:
                pass
            except OperationalError:  # a deadlock's victim tries again
                continue
            break
        else:
            raise RuntimeError("still deadlocked after five tries")
    engine.dispose()
    return granted


def race(processes: ProcessPoolExecutor | None, database: Database) -> dict[str, float]:
    """Let all pick at once until nothing is left; give what was there, granted, wrong, and the seconds."""
    if processes is None:
        there = database.writer.run(fill)
        clock = time.perf_counter()
        with ThreadPoolExecutor(WORKERS) as pool:
            granted = sum(pool.map(lambda worker: picks_by_writer(database, worker), range(WORKERS)))
    else:
        with Session(database.write_engine) as session, session.begin():
            there = fill(session)
        url = database.write_engine.url.render_as_string(hide_password=False)
        clock = time.perf_counter()
        granted = sum(processes.map(picks_by_connection, [url] * WORKERS, range(WORKERS)))
    seconds = time.perf_counter() - clock
    with database.read() as session:
        wrong = len(correcting.verify(session))
    return {"there": there, "granted": granted, "wrong": wrong, "seconds": seconds}


def tell_races(dialect: str, found: Sequence[dict[str, float]]) -> None:
    total = {key: sum(each[key] for each in found) for key in found[0]}
    show(
        f"units handed out beyond the stock, {WORKERS} workers, {PICKS * len(found)} picks, {dialect}",
        total["granted"] - total["there"],
        "units",
        granted=total["granted"],
        differences=total["wrong"],
        picks_per_s=round(PICKS * len(found) / total["seconds"]),
        must="0, and 0 differences",
    )


def opened(folder: str, url: str = "") -> Database:
    database = open_database(Settings(data_dir=Path(folder), database_url=url, free_disk_floor_mb=0))
    database.create_tables()
    return database


def in_database(work: Callable[[Database], dict[str, float]], server: PostgresqlServer | None) -> dict[str, float]:
    """Do something in a database of its own: a file, or one of a PostgreSQL server."""
    with tempfile.TemporaryDirectory() as folder:
        url, drop = ("", None) if server is None else server.fresh_database()
        database = opened(folder, url)
        try:
            return work(database)
        finally:
            database.close()
            if drop is not None:
                drop()


@contextmanager
def postgresql() -> Iterator[tuple[PostgresqlServer, ProcessPoolExecutor] | None]:
    """Run a server of its own, with a process for each worker; None where it is not installed or not asked for."""
    tests = from_tests("conftest")
    started = tests.start_postgresql() if {"moves", "postgresql"} & set(PARTS) else None
    if started is None:
        yield None
        return
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as processes:
        list(processes.map(time.sleep, [0.5] * WORKERS))  # all are there before a clock starts
        yield tests.PostgresqlServer(started[0].get_uri()), processes
    started[0].cleanup()


def main() -> None:
    pieces = Pieces("inventory_concurrency")
    with postgresql() as found:
        server, processes = found or (None, None)
        if "moves" in PARTS and processes is not None:
            rate = pieces.get("moves", partial(in_database, partial(measure_moves, processes), server))
            show(
                "guarded moves on PostgreSQL, four connections, each its own commit",
                rate["own"],
                "1/s",
                peer="SQLModel add + commit of one row, four connections",
                peer_figure=round(rate["mapper"]),
                ratio=round(rate["own"] / rate["mapper"], 2),
                must=">= 800/s",
            )
        if "sqlite" in PARTS:
            one = partial(in_database, partial(race, None), None)
            tell_races("sqlite", [pieces.get(f"sqlite {number}", one) for number in range(RACES)])
        if "postgresql" in PARTS and processes is not None:
            one = partial(in_database, partial(race, processes), server)
            tell_races("postgresql", [pieces.get(f"postgresql {number}", one) for number in range(RACES)])


if __name__ == "__main__":
    main()

"""Many pickers at once: never more is handed out than there is, and a recall is never overtaken."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, create_engine

import inventory.tables.triggers  # noqa: F401
from inventory.service import correcting, handing_out, safety
from inventory.service.handing_out import Request
from inventory.tables.balances import StockFilter, list_stock
from inventory.tables.driver import Driver
from tests.inventory.stockroom import FakeLedger, Stockroom
from twin.db.database import Database
from twin.errors import Refused

WORKERS = 8
ATTEMPTS = int(os.environ.get("HOSPITAL_TWIN_PICKS", "400"))
STOCK = ATTEMPTS // 2

Run = Callable[[Callable[[Session], object]], object]


def runner(database: Database) -> tuple[Run, Callable[[], None]]:
    """Give how one transaction is run: by the one writer on SQLite, on connections of their own on PostgreSQL."""
    if database.dialect == "sqlite":
        return database.writer.run, lambda: None
    url = database.write_engine.url
    engine = create_engine(url, pool_size=WORKERS, max_overflow=4)

    def run(use_case: Callable[[Session], object]) -> object:
        for _ in range(5):
            try:
                with Session(engine) as session, session.begin():
                    return use_case(session)
            except OperationalError:  # a deadlock's victim tries again
                continue
        raise AssertionError("still deadlocked after five tries")

    return run, engine.dispose


def room_on(session: Session) -> Stockroom:
    return Stockroom(session, FakeLedger())


def stocked(run: Run) -> None:
    def use_case(session: Session) -> None:
        room = room_on(session)
        room.item()
        for index, lot in enumerate("ABCD"):
            room.receive("gloves", STOCK // 4, lot=lot, days=30 + index)

    run(use_case)


def pick_one(session: Session, number: int, *, task: str = "") -> int:
    room = room_on(session)
    handing_out.pick(
        session,
        ledger=room.ledger,
        command=room.command(id=f"pick-{number}", task=task or f"task-{number % WORKERS}"),
        request=Request(item="gloves", quantity=1, place="store"),
    )
    return 1


def test_more_pickers_than_stock_never_oversell(database: Database) -> None:
    run, close = runner(database)
    stocked(run)

    def attempt(number: int) -> int:
        try:
            return int(str(run(lambda session: pick_one(session, number))))
        except Refused:
            return 0

    with ThreadPoolExecutor(WORKERS) as pool:
        granted = sum(pool.map(attempt, range(ATTEMPTS)))

    assert granted == STOCK // 4 * 4
    with database.read() as session:
        assert correcting.verify(session) == []
        assert list_stock(Driver(session), StockFilter(place="store")) == []
    close()


def test_same_command_from_many_places_at_once_has_one_effect(database: Database) -> None:
    run, close = runner(database)
    stocked(run)

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(lambda _: run(lambda session: pick_one(session, 1, task="t")), range(WORKERS * 3)))

    with database.read() as session:
        [carried] = list_stock(Driver(session), StockFilter(place="task:t"))
        assert carried.holding.on_hand == 1
        assert correcting.verify(session) == []
    close()


def test_pick_never_overtakes_a_recall(database: Database) -> None:
    run, close = runner(database)
    stocked(run)
    recalled = threading.Event()
    late: list[int] = []

    def attempt(number: int) -> None:
        was_recalled = recalled.is_set()
        try:
            run(lambda session: pick_one(session, number))
        except Refused:
            return
        if was_recalled:
            late.append(number)

    def recall() -> None:
        run(
            lambda session: safety.recall(
                session,
                ledger=FakeLedger(),
                command=room_on(session).command(id="recall"),
                notice=safety.Notice(id="R", item="gloves"),
            )
        )
        recalled.set()

    with ThreadPoolExecutor(WORKERS) as pool:
        first = [pool.submit(attempt, number) for number in range(40)]
        pending = pool.submit(recall)
        rest = [pool.submit(attempt, number) for number in range(40, 120)]
        for future in (*first, pending, *rest):
            future.result()

    assert late == []
    with pytest.raises(Refused) as refusal:
        run(lambda session: pick_one(session, 999))
    assert "stock.recalled" in refusal.value.reasons
    with database.read() as session:
        assert correcting.verify(session) == []
    close()

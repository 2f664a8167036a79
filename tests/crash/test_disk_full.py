from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg.errors
import pytest
from sqlalchemy.exc import OperationalError

from tests.crash.writing_child import event
from twin.db.database import Database, open_database
from twin.db.failures import storage_failure
from twin.errors import DiskFull, Unavailable
from twin.ledger.ledger import Ledger
from twin.settings import Settings
from twin.state.live import LiveState


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Database]:
    database = open_database(Settings(data_dir=tmp_path, free_disk_floor_mb=0))
    database.create_tables()
    yield database
    database.close()


def limit_pages(database: Database, more: int) -> None:
    def limit(transaction: object) -> None:
        raw = transaction.raw  # type: ignore[attr-defined]
        (pages,) = raw.execute("PRAGMA page_count").fetchall()[0]
        raw.execute(f"PRAGMA max_page_count={pages + more}").fetchall()

    database.writer.submit_work(limit).result(10)


def test_a_full_disk_is_told_reading_goes_on_and_room_mends_it(small: Database) -> None:
    ledger = Ledger(small, state=LiveState())
    limit_pages(small, 30)
    acknowledged, number = 0, 0
    error: BaseException | None = None
    while error is None and number < 5000:
        error = ledger.submit([event(1, number + i) for i in range(10)]).exception(10)
        number += 10
        acknowledged += 10 if error is None else 0

    assert isinstance(error, DiskFull)
    assert "free disk space" in error.message
    with small.read() as session:
        assert len(ledger.read(session, limit=5000)) == acknowledged > 0

    limit_pages(small, 1_000_000)
    stored = ledger.submit([event(2, 1)]).result(10)
    assert stored[0].sequence == acknowledged + 1
    assert ledger.state.sequence == acknowledged + 1
    ledger.close()


def test_nothing_is_stored_below_the_floor_of_free_disk(tmp_path: Path) -> None:
    with open_database(Settings(data_dir=tmp_path, free_disk_floor_mb=0)) as first:
        first.create_tables()
    with open_database(Settings(data_dir=tmp_path, free_disk_floor_mb=10**9)) as database:
        ledger = Ledger(database, state=LiveState())

        assert isinstance(ledger.submit([event(1, 1)]).exception(10), DiskFull)

        with database.read() as session:
            assert ledger.read(session) == []
        ledger.close()


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        # PostgreSQL: SQLSTATE 53100
        (OperationalError("INSERT", {}, psycopg.errors.DiskFull("could not extend file")), DiskFull),
        (psycopg.errors.DiskFull("could not extend file"), DiskFull),
        # the server was stopped: 57P01
        (psycopg.errors.AdminShutdown("terminating connection due to administrator command"), Unavailable),
        # the connection broke
        (psycopg.OperationalError("server closed the connection unexpectedly"), Unavailable),
        # no room in the file system for the write-ahead log
        (OSError(28, "No space left on device"), DiskFull),
        # the fault of one statement
        (psycopg.errors.UniqueViolation("duplicate key"), type(None)),
        (ValueError("database or disk is full"), type(None)),
    ],
)
def test_what_a_driver_says_is_understood(error: Exception, kind: type) -> None:
    assert isinstance(storage_failure(error), kind)

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from pysqlite3 import dbapi2
from sqlalchemy import text

from twin.db import sqlite
from twin.db.database import Database, open_database
from twin.errors import ConfigurationError, UnsafeStorage
from twin.settings import Settings


@pytest.mark.parametrize("version", [(3, 40, 1), (3, 51, 2), (3, 7, 0)])
def test_a_library_that_can_corrupt_a_file_is_refused(version: tuple[int, ...]) -> None:
    with pytest.raises(UnsafeStorage, match=r"3\.51\.3"):
        sqlite.require_safe_library(allow_unsafe=False, version=version)


def test_an_unsafe_library_is_taken_when_told_and_said_so(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        sqlite.require_safe_library(allow_unsafe=True, version=(3, 40, 1))

    assert "3.40.1" in caplog.text


def test_the_library_in_use_is_safe() -> None:
    sqlite.require_safe_library(allow_unsafe=False)


def pragma(database: Database, name: str) -> object:
    return database.writer.submit_work(lambda t: t.raw.execute(f"PRAGMA {name}").fetchall()[0][0]).result(10)


def test_sqlite_commits_are_forced_to_disk(tmp_path: Path) -> None:
    with open_database(Settings(data_dir=tmp_path)) as database:
        assert pragma(database, "journal_mode") == "wal"
        assert pragma(database, "synchronous") == 2
        assert pragma(database, "foreign_keys") == 1
        assert pragma(database, "mmap_size") == 0


def test_readers_do_not_checkpoint(tmp_path: Path) -> None:
    with open_database(Settings(data_dir=tmp_path)) as database, database.read() as session:
        assert session.execute(text("PRAGMA wal_autocheckpoint")).scalar() == 0
        assert session.execute(text("PRAGMA query_only")).scalar() == 1


def test_a_second_core_on_the_same_database_is_refused(database: Database, database_settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match="Another core"):
        open_database(database_settings)


def test_a_tool_beside_the_core_may_read_and_write(database: Database, database_settings: Settings) -> None:
    with open_database(database_settings, is_core=False) as tool:
        tool.writer.run(lambda session: session.execute(text("CREATE TABLE made_by_tool (x INTEGER)")))

    with database.read() as session:
        assert session.execute(text("SELECT count(*) FROM made_by_tool")).scalar() == 0


def test_a_closed_core_makes_room_for_the_next(database_settings: Settings) -> None:
    for _ in range(2):
        with open_database(database_settings) as database:
            assert database.writer.run(lambda session: session.execute(text("SELECT 1")).scalar()) == 1


@pytest.mark.parametrize(
    "url",
    [
        "mysql://somewhere/hospital",  # neither of the two
        "sqlite://",  # in memory: nothing would outlive the process
        "sqlite:///:memory:",
        "hospital.db",  # no URL
        "postgresql://host:x/hospital",
        "postgresql://127.0.0.1:1/hospital",  # nobody answers
    ],
)
def test_a_database_that_cannot_be_used_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        open_database(Settings(data_dir=tmp_path, database_url=url))


def test_a_reader_sees_one_instant(database: Database) -> None:
    database.writer.run(lambda session: session.execute(text("CREATE TABLE seen (x INTEGER)")))
    with database.read() as session:
        assert session.execute(text("SELECT count(*) FROM seen")).scalar() == 0
        database.writer.run(lambda other: other.execute(text("INSERT INTO seen VALUES (1)")))
        assert session.execute(text("SELECT count(*) FROM seen")).scalar() == 0
    with database.read() as session:
        assert session.execute(text("SELECT count(*) FROM seen")).scalar() == 1


def test_nothing_is_left_in_the_log_file_after_a_clean_end(tmp_path: Path) -> None:
    with open_database(Settings(data_dir=tmp_path)) as database:
        database.writer.run(lambda session: session.execute(text("CREATE TABLE t (x INTEGER)")))

    assert not (tmp_path / "hospital.db-wal").exists()
    assert dbapi2.connect(str(tmp_path / "hospital.db")).execute("PRAGMA integrity_check").fetchone() == ("ok",)

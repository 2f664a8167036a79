"""SQLite as the hospital needs it: a library without the known fault, durable commits, one writer.

References
----------
SQLite 3.51.3 release notes (2026-03-13): two connections that write or checkpoint a WAL database at the same instant
could corrupt it in versions 3.7.0 to 3.51.2.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from pysqlite3 import dbapi2
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine, create_engine

from twin.db.channel import BUSY_MS
from twin.errors import UnsafeStorage

SAFE_VERSION = (3, 51, 3)  # first release without the WAL-reset fault

log = logging.getLogger(__name__)

_COMMON = (
    "PRAGMA foreign_keys=ON",
    f"PRAGMA busy_timeout={BUSY_MS}",
    "PRAGMA recursive_triggers=ON",  # else INSERT OR REPLACE would delete a row of the ledger without its trigger
    "PRAGMA temp_store=MEMORY",
)
WRITER_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # NORMAL loses acknowledged commits when the power fails
    "PRAGMA cache_size=-65536",
    "PRAGMA wal_autocheckpoint=16000",
    "PRAGMA journal_size_limit=134217728",
    "PRAGMA secure_delete=ON",  # a key that was thrown away must not stay in a free page
    *_COMMON,
)
READER_PRAGMAS = (
    "PRAGMA wal_autocheckpoint=0",  # the writer's connection is the only one that checkpoints
    "PRAGMA cache_size=-16384",
    "PRAGMA query_only=ON",
    *_COMMON,
)


def require_safe_library(*, allow_unsafe: bool, version: tuple[int, ...] | None = None) -> None:
    """Refuse an SQLite library that can corrupt a database in WAL mode.

    Parameters
    ----------
    allow_unsafe : bool
        Whether the installation accepts the danger; it is logged then.
    version : tuple[int, ...], optional
        Version of the library; that of the driver by default.

    Raises
    ------
    UnsafeStorage
        If it is older than 3.51.3.
    """
    found: tuple[int, ...] = version or dbapi2.sqlite_version_info
    if found >= SAFE_VERSION:
        return
    text = ".".join(map(str, found))
    message = f"Expected SQLite >= 3.51.3, got {text}, which can corrupt the database: install pysqlite3 0.6 or later."
    if not allow_unsafe:
        raise UnsafeStorage(message)
    log.warning("allow_unsafe_sqlite is set. %s", message)


def write_engine(path: Path) -> Engine:
    """Give the engine of the writer's connection; each transaction begins with the right to write.

    Parameters
    ----------
    path : Path
        Database file; made when it does not exist.
    """
    # the driver stays in autocommit and we say BEGIN ourselves: it would hold back BEGIN and savepoints otherwise
    return _engine(path, WRITER_PRAGMAS, "BEGIN IMMEDIATE", pool_size=1)


def read_engine(path: Path) -> Engine:
    """Give the engine of connections that can only read.

    Parameters
    ----------
    path : Path
        Database file.
    """
    return _engine(path, READER_PRAGMAS, "BEGIN", pool_size=8)


def _engine(path: Path, pragmas: tuple[str, ...], begin: str, *, pool_size: int) -> Engine:
    engine = create_engine(
        f"sqlite+pysqlite:///{path}",
        module=dbapi2,
        connect_args={"isolation_level": None, "check_same_thread": False},
        pool_size=pool_size,
        max_overflow=8,
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        for pragma in pragmas:
            connection.execute(pragma).fetchall()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine

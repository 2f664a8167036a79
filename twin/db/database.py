"""The hospital's database: one writer, many readers, SQLite or PostgreSQL."""

from __future__ import annotations

import fcntl
import logging
import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlmodel import Session, SQLModel

from twin.db import postgresql, sqlite
from twin.db.channel import Dialect, EngineChannel
from twin.db.writer import Writer
from twin.errors import ConfigurationError, DiskFull, Unavailable
from twin.settings import Settings

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Database:
    """An open database.

    Parameters
    ----------
    dialect : str
        ``sqlite`` or ``postgresql``.
    url : str
        Where it is; without the password.
    writer : Writer
        The only way to change anything.
    readers : Engine
        Connections that cannot write.
    write_engine : Engine
        Engine of the writer's connection; migrations run on it while no writer works.
    """

    dialect: Dialect
    url: str
    writer: Writer
    readers: Engine
    write_engine: Engine
    _release: Callable[[], None] = lambda: None

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Give a session that sees one committed instant and cannot write."""
        with Session(self.readers, expire_on_commit=False) as session:
            yield session

    def create_tables(self) -> None:
        """Make every table that has been declared and does not exist yet; an installation uses migrations instead."""
        with self.write_engine.begin() as connection:
            SQLModel.metadata.create_all(connection)

    def close(self) -> None:
        """Store what waits, then close every connection; the writer's is the last, so that it alone checkpoints."""
        self.readers.dispose()
        self.writer.close()
        self.write_engine.dispose()
        self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_database(settings: Settings, *, is_core: bool = True) -> Database:
    """Open the database of an installation.

    Parameters
    ----------
    settings : Settings
        ``effective_database_url`` names it: ``sqlite:///FILE`` or ``postgresql://USER@HOST/NAME``.
    is_core : bool, optional
        Whether this process is the one core, which only one process at a time may be; command-line tools that run
        beside it say False.

    Raises
    ------
    UnsafeStorage
        If the SQLite library could corrupt the file.
    ConfigurationError
        If the URL is none or names neither, another core runs on this database, or PostgreSQL does not answer.
    """
    try:
        url = make_url(settings.effective_database_url)
    except (ArgumentError, ValueError) as error:  # ValueError: the port is no number
        raise ConfigurationError(
            "database_url is no URL: expected sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME."
        ) from error
    backend = url.get_backend_name()
    if backend == "sqlite":
        return _open_sqlite(Path(url.database or ""), settings, is_core=is_core)
    if backend in {"postgresql", "postgres"}:
        return _open_postgresql(settings, is_core=is_core)
    raise ConfigurationError(f"Expected a database URL sqlite:///… or postgresql://…, got {backend}://…: see settings.")


def _open_sqlite(path: Path, settings: Settings, *, is_core: bool) -> Database:
    if path.name in {"", ":memory:"}:
        raise ConfigurationError("Expected sqlite:/// and a file, got no file: a database in memory outlives nothing.")
    sqlite.require_safe_library(allow_unsafe=settings.allow_unsafe_sqlite)
    path.parent.mkdir(parents=True, exist_ok=True)
    release = lock_core(path) if is_core else _nothing
    write_engine, readers = sqlite.write_engine(path), sqlite.read_engine(path)
    writer = Writer(
        EngineChannel(write_engine, "sqlite"),
        group_limit=settings.group_commit_limit,
        queue_limit=settings.writer_queue_limit,
        guard=_disk_guard(path.parent, settings.free_disk_floor_mb),
    )
    return Database("sqlite", f"sqlite:///{path}", writer, readers, write_engine, release)


def _open_postgresql(settings: Settings, *, is_core: bool) -> Database:
    url = postgresql.driver_url(settings.effective_database_url)
    write_engine, readers = postgresql.write_engine(url), postgresql.read_engine(url)
    channel = EngineChannel(write_engine, "postgresql", is_core=is_core)
    try:
        channel.connect()  # a second core is refused at its start, not at its first write
    except Unavailable as error:
        write_engine.dispose()
        raise ConfigurationError(error.message) from error
    except DBAPIError as error:
        write_engine.dispose()
        told = url.render_as_string(hide_password=True)
        raise ConfigurationError(
            f"{told} cannot be opened: {error.orig}. Check database_url and the server."
        ) from error
    writer = Writer(channel, group_limit=settings.group_commit_limit, queue_limit=settings.writer_queue_limit)
    return Database("postgresql", url.render_as_string(hide_password=True), writer, readers, write_engine)


_DISK_LOOK_S = 0.25  # far less than what it takes to fill the floor that is kept free


def _disk_guard(folder: Path, floor_mb: int) -> Callable[[], None]:
    looked_at = -math.inf

    def check() -> None:
        nonlocal looked_at
        now = time.monotonic()
        if now - looked_at < _DISK_LOOK_S:
            return
        status = os.statvfs(folder)
        free_mb = status.f_bavail * status.f_frsize // 1_000_000
        if free_mb < floor_mb:
            raise DiskFull(
                f"{free_mb} MB are free in {folder}, the floor is {floor_mb} MB: free disk space; reading goes on."
            )
        looked_at = now  # a disk that is full is looked at each time, so that writing goes on as soon as it can

    return check


def lock_core(database: Path) -> Callable[[], None]:
    """Hold the file lock of the one core; the operating system gives it up when the process ends, however it ends.

    Parameters
    ----------
    database : Path
        SQLite file, which need not exist yet.

    Returns
    -------
    Callable[[], None]
        Gives the lock up.

    Raises
    ------
    ConfigurationError
        If another core runs on it.
    """
    path = database.with_name(database.name + ".core")
    # the file stays when the core ends: taking it away would let two cores lock two files of one name
    handle = path.open("a")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.close()
        raise ConfigurationError(
            f"Another core runs on this database ({path} is locked): stop it first, or use another data folder."
        ) from None
    return handle.close


def _nothing() -> None:
    """Release no lock."""

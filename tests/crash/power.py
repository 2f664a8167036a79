"""A file system that can lose its power: keeps what was synced, and of the rest whatever chance decides."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import apsw
from sqlmodel import Session

from twin.db import sqlite
from twin.db.channel import Dialect, RawConnection


class Disk:
    """What is safe on the disk, and what is only in its cache.

    Parameters
    ----------
    fails_after : int
        Number of writes and syncs after which the power fails.
    """

    def __init__(self, fails_after: int) -> None:
        self.safe: dict[str, bytearray] = {}
        self.cached: dict[str, list[tuple[int, bytes | None]]] = {}
        self.left = fails_after

    def opened(self, path: str) -> None:
        if path not in self.safe:
            file = Path(path)
            self.safe[path] = bytearray(file.read_bytes() if file.exists() else b"")
            self.cached[path] = []

    def step(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise apsw.IOError("the power has failed")

    def sync(self, path: str) -> None:
        for operation in self.cached[path]:
            _apply(self.safe[path], operation)
        self.cached[path].clear()

    def after_the_cut(self, folder: Path, chance: random.Random) -> Path:
        """Write what is left into a folder; give the database file."""
        database = folder
        for path, image in self.safe.items():
            for operation in self.cached[path]:
                if chance.random() < 0.5:
                    _apply(image, operation)
            target = folder / Path(path).name
            target.write_bytes(image)
            if target.suffix == ".db":
                database = target
        return database


def _apply(image: bytearray, operation: tuple[int, bytes | None]) -> None:
    offset, data = operation
    if data is None:
        del image[offset:]
        return
    if len(image) < offset:
        image.extend(bytes(offset - len(image)))
    image[offset : offset + len(data)] = data


class PowerFile(apsw.VFSFile):
    """A file whose writes are remembered until they are synced."""

    def __init__(self, name: Any, flags: list[int], disk: Disk) -> None:
        super().__init__("", name, flags)
        self._disk = disk
        self._path = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        disk.opened(self._path)

    def xWrite(self, data: Any, offset: int) -> None:  # noqa: N802  # SQLite's own name
        self._disk.step()
        super().xWrite(data, offset)
        self._disk.cached[self._path].append((offset, bytes(data)))

    def xTruncate(self, size: int) -> None:  # noqa: N802  # SQLite's own name
        self._disk.step()
        super().xTruncate(size)
        self._disk.cached[self._path].append((size, None))

    def xSync(self, flags: int) -> None:  # noqa: N802  # SQLite's own name
        self._disk.step()
        super().xSync(flags)
        self._disk.sync(self._path)


class PowerVfs(apsw.VFS):
    """The default file system, with files that can lose power."""

    def __init__(self, name: str, disk: Disk) -> None:
        super().__init__(name, "")
        self._disk = disk

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802  # SQLite's own name
        return PowerFile(name, flags, self._disk)


class ApswChannel:
    """The writer's connection on such a file system.

    Parameters
    ----------
    path : Path
        Database file.
    vfs : str
        Name of the file system.
    synchronous : str
        ``FULL`` as the hospital uses it, or a weaker one to prove that the test would notice.
    """

    dialect: Dialect = "sqlite"

    def __init__(self, path: Path, vfs: str, synchronous: str) -> None:
        self._connection = apsw.Connection(str(path), vfs=vfs)
        for pragma in sqlite.WRITER_PRAGMAS:
            statement = pragma.replace("synchronous=FULL", f"synchronous={synchronous}")
            statement = statement.replace("wal_autocheckpoint=16000", "wal_autocheckpoint=12")
            self._connection.execute(statement).fetchall()

    def begin(self) -> RawConnection:
        self._connection.execute("BEGIN IMMEDIATE")
        return self._connection

    def session(self) -> Session:
        raise NotImplementedError("events are stored in plain SQL")

    def commit(self) -> None:
        self._connection.execute("COMMIT")

    def rollback(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def sweep(self) -> bool:
        return not self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]  # type: ignore[index]

    def close(self) -> None:
        self._connection.close()

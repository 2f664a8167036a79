"""A spool file that a failing disk has damaged: what can still be read goes into a new one, and the old one is kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pysqlite3 import dbapi2 as sqlite

from rfid_gateway.spool.store import SCHEMA

_FILES = ("", "-wal", "-shm")  # SQLite's file, its log, and the log's index
_TABLES = {
    "rows": "boot, seq, kind, priority, body, topic, run",
    "boots": "boot, last_seq",
    "figures": "name, value",
    "bins": "tag, seen_at",
}


@dataclass(frozen=True, slots=True)
class Rescue:
    """What was saved of a damaged spool file.

    Parameters
    ----------
    aside : Path
        Where the damaged file is now.
    rows : int
        How many of its rows wait in the new one, under their old numbers.
    """

    aside: Path
    rows: int


def rescue_if_damaged(path: Path, now: int) -> Rescue | None:
    """Put a damaged spool file aside and give what was saved of it; None if it is in order, absent, or no spool.

    Parameters
    ----------
    path : Path
        The file; nobody else has it open.
    now : int
        UTC microseconds; the damaged file is named by it.
    """
    if not path.is_file() or not _is_damaged(path):
        return None
    aside = path.with_name(f"{path.name}.damaged-{now // 1000}")
    for ending in _FILES:
        part = path.with_name(path.name + ending)
        if part.exists():
            part.rename(aside.with_name(aside.name + ending))
    old, new = sqlite.connect(str(aside)), sqlite.connect(str(path))
    try:
        new.executescript(SCHEMA)
        for table, columns in _TABLES.items():
            _copy(old, new, table, columns)
        new.commit()
        return Rescue(aside, int(new.execute("SELECT count(*) FROM rows").fetchone()[0]))
    finally:
        old.close()
        new.close()


def _is_damaged(path: Path) -> bool:
    database = sqlite.connect(str(path))
    try:
        return bool(database.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok")
    except sqlite.DatabaseError as error:
        return "malformed" in str(error)  # anything else is another kind of file, which is not ours to put aside
    finally:
        database.close()


def _copy(old: Any, new: Any, table: str, columns: str) -> None:
    """Copy what can be read of a table: from its beginning as far as it goes, then from its end."""
    key = ", ".join(columns.split(", ")[: 2 if table == "rows" else 1])
    places = ", ".join("?" * len(columns.split(", ")))
    for way in ("ASC", "DESC"):
        order = ", ".join(f"{one} {way}" for one in key.split(", "))
        try:
            for row in old.execute(f"SELECT {columns} FROM {table} ORDER BY {order}"):
                new.execute(f"INSERT OR IGNORE INTO {table} ({columns}) VALUES ({places})", row)
        except sqlite.DatabaseError:  # a page that cannot be read: the rest lies behind it
            continue
        return

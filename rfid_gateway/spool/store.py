"""The spool file: numbered rows in SQLite, freed by the core's watermark only."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from itertools import islice
from pathlib import Path
from typing import Any

from pysqlite3 import dbapi2 as sqlite

from twin.errors import StorageError

_LOG = logging.getLogger(__name__)


class RowKind(IntEnum):
    """What a row holds."""

    EVENT = 0
    SAMPLES = 1


class Priority(IntEnum):
    """What goes first when the spool is full: the greatest number goes last."""

    CONFIRMATION = 0
    SAMPLES = 1
    EVENT = 2
    ALARM = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """Something to be kept until the core has it.

    Parameters
    ----------
    kind : RowKind
        Event or samples.
    body : bytes
        As it will be sent.
    priority : Priority
        What goes first when the spool is full.
    topic : str
        What a confirmation is about: of several about the same only the newest must be kept. Empty for all else.
    """

    kind: RowKind
    body: bytes
    priority: Priority = Priority.EVENT
    topic: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A kept entry with its key.

    Parameters
    ----------
    boot, seq : int
        Key within the gateway.
    kind : RowKind
        Event or samples.
    body : bytes
        As it was appended; empty for an entry dropped by quota.
    """

    boot: int
    seq: int
    kind: RowKind
    body: bytes


@dataclass(frozen=True, slots=True)
class Watermark:
    """All rows of a boot up to a sequence number are committed in the core.

    Parameters
    ----------
    boot, seq : int
        Last committed key.
    """

    boot: int
    seq: int


SCHEMA = """
CREATE TABLE IF NOT EXISTS boots (boot INTEGER PRIMARY KEY, last_seq INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS rows (
    boot INTEGER NOT NULL, seq INTEGER NOT NULL, kind INTEGER NOT NULL, priority INTEGER NOT NULL, body BLOB NOT NULL,
    topic TEXT NOT NULL DEFAULT '', run INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (boot, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS figures (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS bins (tag TEXT PRIMARY KEY, seen_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
"""
"""The tables of a spool file."""


# The window function keeps the newest of each topic; all older ones say what it says again.
# A row that was emptied keeps its number, so that the sequence has no gap that could be taken for a loss on the way.
_EMPTY = f"UPDATE rows SET body = x'', priority = {int(Priority.ALARM)} WHERE (boot, seq) IN"
_OLDER_CONFIRMATIONS = f"""(SELECT boot, seq FROM (
    SELECT boot, seq, row_number() OVER (PARTITION BY topic ORDER BY boot DESC, seq DESC) AS age
    FROM rows WHERE priority = {int(Priority.CONFIRMATION)} AND topic <> '' AND body <> x''
) WHERE age > 1)"""
_LEAST_IMPORTANT = f"""(SELECT boot, seq FROM rows WHERE priority < {int(Priority.ALARM)} AND body <> x''
    ORDER BY priority, boot, seq LIMIT ?)"""
# Emptied rows whose numbers follow each other: seq minus the numbers so far is the same for all of a run.
_RUNS = """SELECT boot, max(seq), sum(run) FROM (
    SELECT boot, seq, run, seq - sum(run) OVER (PARTITION BY boot ORDER BY seq) AS island FROM rows WHERE body = x''
) GROUP BY boot, island HAVING count(*) > 1"""
_PIECES = 20  # a full spool makes room for a twentieth at once, not for each row anew


@contextmanager
def _told() -> Iterator[None]:
    """Tell what the file does not do as what it is: trouble of the disk."""
    try:
        yield
    except sqlite.Error as error:
        text = f"Spool: {error}. Look at the disk; a damaged file is put aside, and what can be read saved, at a start."
        raise StorageError(text, code="spool.file") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """How much a spool may keep.

    Parameters
    ----------
    rows : int
        Rows that hold something.
    octets : int
        Octets of what they hold; the file is somewhat larger.
    """

    rows: int = 2_000_000
    octets: int = 2 * 1024**3


class Spool:
    """One gateway's spool file. Safe to call from several threads; each call is one transaction.

    Parameters
    ----------
    path : Path or None
        The file; None keeps it in memory, for demos and tests.
    now : int
        UTC microseconds; the boot number is made from it, so that a spool file that was deleted does not reuse keys.
    quota : Quota, optional
        When more is kept, confirmations that newer ones have overtaken go first, which loses nothing; then the least
        important rows are dropped and counted; alarms never.
    """

    def __init__(self, path: Path | None, *, now: int, quota: Quota | None = None) -> None:
        self._lock = threading.Lock()
        self._quota = quota or Quota()
        # One connection under a lock: SQLite serialises writers anyway, and two connections would meet "database is
        # locked".
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._database: Any = sqlite.connect(
            str(path) if path else ":memory:", isolation_level=None, check_same_thread=False
        )
        try:
            self._database.execute("PRAGMA journal_mode=WAL")  # readers of the file do not hold up the writer
            # Every commit is on disk before append returns; NORMAL could lose the last ones in a power cut.
            self._database.execute("PRAGMA synchronous=FULL")
            self._database.executescript(SCHEMA)
            self._add_columns()
            self.boot = self._new_boot(now)
            self._count: int = self._database.execute("SELECT coalesce(sum(run), 0) FROM rows").fetchone()[0]
            self._kept, self._octets = self._held()
        except sqlite.DatabaseError as error:
            self._database.close()
            raise StorageError(f"Spool {path}: {error}. Move the file away; what it held is lost.") from error
        self._next = 1

    def _add_columns(self) -> None:
        """Bring a file that an earlier release wrote up to this one; what it holds stays."""
        columns = {row[1] for row in self._database.execute("PRAGMA table_info(rows)")}
        for name, kind in (("topic", "TEXT NOT NULL DEFAULT ''"), ("run", "INTEGER NOT NULL DEFAULT 1")):
            if name not in columns:
                self._database.execute(f"ALTER TABLE rows ADD COLUMN {name} {kind}")

    def _held(self) -> tuple[int, int]:
        found = self._database.execute("SELECT count(*), coalesce(sum(length(body)), 0) FROM rows WHERE body <> x''")
        kept, octets = found.fetchone()
        return int(kept), int(octets)

    def _new_boot(self, now: int) -> int:
        with self._lock:
            last = self._database.execute("SELECT max(boot) FROM boots").fetchone()[0] or 0
            # Milliseconds of the clock, or one more than ever before: a clock that was set back must not reuse a boot.
            boot = max(now // 1000, last + 1)
            self._database.execute("INSERT INTO boots VALUES (?, 0)", (boot,))
        return int(boot)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    def __len__(self) -> int:
        """Give how many rows wait."""
        return self._count

    @property
    def next_seq(self) -> int:
        """Sequence number that the next entry gets."""
        return self._next

    def bins_seen(self, *, since: int) -> dict[str, int]:
        """Give when bins were seen on a rack before this start, by tag; what is older is forgotten.

        Parameters
        ----------
        since : int
            UTC microseconds.
        """
        with self._lock:
            self._database.execute("DELETE FROM bins WHERE seen_at < ?", (since,))
            return dict(self._database.execute("SELECT tag, seen_at FROM bins").fetchall())

    def append(self, entries: Sequence[Entry], *, bins: Mapping[str, int] | None = None) -> int:
        """Keep entries and give the sequence number of the last; they are on disk when this returns.

        Parameters
        ----------
        entries : Sequence[Entry]
            In the order of their numbers.
        bins : Mapping[str, int], optional
            When bins were seen on a rack, by tag, in the same transaction.

        Raises
        ------
        StorageError
            If the file takes nothing, as on a full disk; none of the entries is kept then, and no number is used.
        """
        if not (entries or bins):
            return self._next - 1
        with self._lock:
            first = self._next
            rows = [
                (self.boot, first + i, int(e.kind), int(e.priority), e.body, e.topic) for i, e in enumerate(entries)
            ]
            try:
                self._database.execute("BEGIN IMMEDIATE")
                self._database.executemany(
                    "INSERT INTO rows (boot, seq, kind, priority, body, topic) VALUES (?, ?, ?, ?, ?, ?)", rows
                )
                last = first + len(rows) - 1
                self._database.execute("UPDATE boots SET last_seq = ? WHERE boot = ?", (last, self.boot))
                self._database.executemany("INSERT OR REPLACE INTO bins VALUES (?, ?)", list((bins or {}).items()))
                self._database.execute("COMMIT")
            except sqlite.Error as error:
                # On a full disk SQLite has rolled back by itself already.
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise StorageError(f"Spool: {error}. Make room on the disk.", code="spool.append") from error
            self._next += len(entries)
            self._count += len(entries)
            self._kept += len(entries)
            self._octets += sum(len(entry.body) for entry in entries)
            # Only now: what came last must be kept even when the spool is full.
            if self._kept > self._quota.rows or self._octets > self._quota.octets:
                try:
                    self._make_room()
                except sqlite.Error as error:  # what came is kept; room is made after the next
                    _LOG.warning("Spool: no room could be made: %s", error)
            return self._next - 1

    def _make_room(self) -> None:
        self._add_figure("coalesced", self._database.execute(f"{_EMPTY} {_OLDER_CONFIRMATIONS}").rowcount)
        self._kept, self._octets = self._held()
        rows, octets = (limit - limit // _PIECES for limit in (self._quota.rows, self._quota.octets))
        while self._kept > rows or self._octets > octets:
            # In pieces: octets per row are not known before, and one huge statement would hold the lock for long.
            limit = max(self._quota.rows // _PIECES, self._kept - rows, 1)
            dropped = self._database.execute(f"{_EMPTY} {_LEAST_IMPORTANT}", (limit,)).rowcount
            if not dropped:
                break  # alarms alone: they are kept whatever the quota says
            self._add_figure("dropped", dropped)
            self._kept, self._octets = self._held()
        self._join_emptied()

    def _join_emptied(self) -> None:
        """Keep one row for each run of emptied ones, so that an outage of weeks does not fill the file with numbers."""
        runs = self._database.execute(_RUNS).fetchall()
        if not runs:
            return
        self._database.execute("BEGIN IMMEDIATE")
        try:
            # The last row of a run stays and counts for all of them.
            self._database.executemany(
                "DELETE FROM rows WHERE boot = ? AND seq < ? AND seq > ? - ?", [(b, s, s, n) for b, s, n in runs]
            )
            self._database.executemany(
                "UPDATE rows SET run = ? WHERE boot = ? AND seq = ?", [(n, b, s) for b, s, n in runs]
            )
            self._database.execute("COMMIT")
        except sqlite.Error:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise

    def _add_figure(self, name: str, value: int) -> None:
        self._database.execute(
            "INSERT INTO figures VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
            (name, value),
        )

    @property
    def dropped(self) -> int:
        """How many entries were dropped because the spool was full, over its whole life."""
        return self._figure("dropped")

    @property
    def coalesced(self) -> int:
        """How many confirmations went because newer ones said the same, over its whole life."""
        return self._figure("coalesced")

    def _figure(self, name: str) -> int:
        with self._lock:
            row = self._database.execute("SELECT value FROM figures WHERE name = ?", (name,)).fetchone()
        return int(row[0]) if row else 0

    def peek(self, limit: int) -> list[Row]:
        """Give the oldest rows of one boot, in order, without taking them out.

        Parameters
        ----------
        limit : int
            How many at most.

        Raises
        ------
        StorageError
            If the file cannot be read.
        """
        with self._lock, _told():
            # One boot at a time: a watermark speaks of one boot only.
            boot = self._database.execute("SELECT min(boot) FROM rows").fetchone()[0]
            found = self._database.execute(
                "SELECT seq, kind, body, run FROM rows WHERE boot = ? ORDER BY seq LIMIT ?", (boot, limit)
            ).fetchall()
        # A run of emptied rows is told number by number: the core takes a missing one for a loss on the way.
        each = (
            Row(boot, number, RowKind(kind), bytes(body))
            for seq, kind, body, run in found
            for number in range(seq - run + 1, seq + 1)
        )
        return list(islice(each, limit))

    def free(self, watermark: Watermark) -> int:
        """Take out all rows that the core has committed, and give how many.

        Raises
        ------
        StorageError
            If the file takes no change; the core knows the rows when they come again.
        """
        with self._lock, _told():
            key = (watermark.boot, watermark.seq)
            freed = self._database.execute(
                "SELECT count(*), coalesce(sum(length(body)), 0) FROM rows WHERE boot = ? AND seq <= ? AND body <> x''",
                key,
            ).fetchone()
            whole = self._database.execute(
                "SELECT coalesce(sum(run), 0) FROM rows WHERE boot = ? AND seq <= ?", key
            ).fetchone()[0]
            # Each statement is a transaction of its own: whatever a crash leaves undone is only sent once more, and the
            # core knows what it has.
            self._database.execute("DELETE FROM rows WHERE boot = ? AND seq <= ?", key)
            count = int(whole) + self._shorten_run(watermark)
            self._count -= count
            self._kept -= int(freed[0])
            self._octets -= int(freed[1])
        return count

    def _shorten_run(self, watermark: Watermark) -> int:
        """Take the numbers up to a watermark out of the run that it cuts, and give how many."""
        key = (watermark.boot, watermark.seq)
        ahead = self._database.execute(
            "SELECT seq, run FROM rows WHERE boot = ? AND seq > ? ORDER BY seq LIMIT 1", key
        ).fetchone()
        if ahead is None:
            return 0
        seq, run = ahead
        count: int = max(watermark.seq - (seq - run), 0)
        if count:
            self._database.execute(
                "UPDATE rows SET run = run - ? WHERE boot = ? AND seq = ?", (count, watermark.boot, seq)
            )
        return count

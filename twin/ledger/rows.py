"""Events as rows in plain SQL, for each of the two databases and for any driver."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Protocol

from psycopg.errors import UniqueViolation

from twin.db.channel import RawConnection
from twin.events import registry
from twin.events.envelope import Event

Row = tuple[str, str, int, str, int, int, str, str, str]
"""id, type, version, thing, occurred_at, recorded_at, source, source_key, body; its sequence number comes last."""

AT_ONCE = 1_000  # rows of one SQLite statement: 10,000 of the 32,766 parameters that one may have
_LOTS = (AT_ONCE, 500, 250, 100, 50)  # below the last any number: some fifty prepared statements at most
COPY_FROM = 16  # rows from which COPY beats one INSERT of arrays

COLUMNS = "sequence, id, type, version, thing, occurred_at, recorded_at, source, source_key, body"


def row_of(event: Event) -> Row:
    """Give the row that stores an event, but for its position in the ledger.

    Parameters
    ----------
    event : Event
        With ``id`` and ``recorded_at`` filled in.
    """
    return (
        event.id,
        event.__class__.__name__,
        event.version,
        event.thing,
        event.occurred_at,
        event.recorded_at,
        event.source,
        event.source_key,
        registry.encode(event).decode(),
    )


class EventRows(Protocol):
    """The few statements that storing events needs."""

    def last_sequence(self, raw: RawConnection) -> int:
        """Give the position of the last event, 0 if there is none."""

    def insert(self, raw: RawConnection, first: int, rows: Sequence[Row]) -> int:
        """Add rows, numbered from ``first``, whose (source, source_key) is new; give how many were."""

    def find(self, raw: RawConnection, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], tuple[int, str]]:
        """Give sequence and body of those stored already, by (source, source_key)."""

    def bindings(self, raw: RawConnection, tag: str, at: int) -> list[str]:
        """Give the bodies of the binding events of a tag up to an instant, these not committed included."""


class SqliteRows:
    """The statements for SQLite, whatever driver carries them."""

    _FIND = "SELECT sequence, body FROM events WHERE source = ? AND source_key = ?"
    _BINDINGS = (
        "SELECT body FROM events WHERE thing = ? AND occurred_at <= ? AND type IN ('TagBound', 'TagUnbound')"
        " ORDER BY occurred_at DESC LIMIT 16"
    )

    def last_sequence(self, raw: RawConnection) -> int:
        """Give the position of the last event, 0 if there is none."""
        return _number(raw.execute("SELECT coalesce(max(sequence), 0) FROM events"))

    def insert(self, raw: RawConnection, first: int, rows: Sequence[Row]) -> int:
        """Add rows, numbered from ``first``, whose (source, source_key) is new; give how many were."""
        added, start = 0, 0
        # One statement for many rows: each lets go of the interpreter and waits to get it back, while others compute.
        for size in _lots(len(rows)):
            flat: list[int | str] = []
            for sequence, row in enumerate(rows[start : start + size], first + start):
                flat.append(sequence)
                flat += row
            raw.execute(_insert_of(size), flat).fetchall()
            added += _number(raw.execute("SELECT changes()"))
            start += size
        return added

    def find(self, raw: RawConnection, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], tuple[int, str]]:
        """Give sequence and body of those stored already, by (source, source_key)."""
        found: dict[tuple[str, str], tuple[int, str]] = {}
        for key in keys:
            for sequence, body in raw.execute(self._FIND, key).fetchall():
                found[key] = (sequence, body)
        return found

    def bindings(self, raw: RawConnection, tag: str, at: int) -> list[str]:
        """Give the bodies of the binding events of a tag up to an instant, these not committed included."""
        return [body for (body,) in raw.execute(self._BINDINGS, (tag, at)).fetchall()]


class PostgresqlRows:
    """The statements for PostgreSQL through psycopg 3."""

    _TYPES = ("bigint", "text", "text", "int", "text", "bigint", "bigint", "text", "text", "text")
    _INSERT = (
        f"WITH added AS (INSERT INTO events ({COLUMNS}) SELECT * FROM unnest("
        + ", ".join(f"%s::{name}[]" for name in _TYPES)
        + ") ON CONFLICT (source, source_key) DO NOTHING RETURNING 1) SELECT count(*) FROM added"
    )
    _COPY = f"COPY events ({COLUMNS}) FROM STDIN"
    _FIND = (
        "SELECT e.source, e.source_key, e.sequence, e.body FROM events e"
        " JOIN unnest(%s::text[], %s::text[]) AS wanted(source, source_key)"
        " ON e.source = wanted.source AND e.source_key = wanted.source_key"
    )
    _BINDINGS = SqliteRows._BINDINGS.replace("?", "%s")

    def last_sequence(self, raw: RawConnection) -> int:
        """Give the position of the last event, 0 if there is none."""
        return _number(raw.execute("SELECT coalesce(max(sequence), 0) FROM events"))

    def insert(self, raw: RawConnection, first: int, rows: Sequence[Row]) -> int:
        """Add rows, numbered from ``first``; give how many were new, or fewer than all if any is not."""
        if len(rows) < COPY_FROM:
            columns = [list(column) for column in zip(*rows, strict=True)]
            return _number(raw.execute(self._INSERT, [list(range(first, first + len(rows))), *columns]))
        try:
            with raw.cursor() as cursor, cursor.copy(self._COPY) as copy:
                for sequence, row in enumerate(rows, first):
                    copy.write_row((sequence, *row))
        except UniqueViolation:
            return 0  # COPY is all or nothing; the caller undoes its savepoint and looks which ones are known
        return len(rows)

    def find(self, raw: RawConnection, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], tuple[int, str]]:
        """Give sequence and body of those stored already, by (source, source_key)."""
        sources, source_keys = [key[0] for key in keys], [key[1] for key in keys]
        rows = raw.execute(self._FIND, (sources, source_keys)).fetchall()
        return {(source, source_key): (sequence, body) for source, source_key, sequence, body in rows}

    def bindings(self, raw: RawConnection, tag: str, at: int) -> list[str]:
        """Give the bodies of the binding events of a tag up to an instant, these not committed included."""
        return [body for (body,) in raw.execute(self._BINDINGS, (tag, at)).fetchall()]


ROWS_BY_DIALECT: dict[str, EventRows] = {"sqlite": SqliteRows(), "postgresql": PostgresqlRows()}
"""Statements by database."""


def _lots(count: int) -> Iterator[int]:
    """Cut a number of rows into the sizes of few statements, which stay prepared."""
    for lot in _LOTS:
        while count >= lot:
            yield lot
            count -= lot
    if count:
        yield count


@cache
def _insert_of(count: int) -> str:
    row = "(?,?,?,?,?,?,?,?,?,?)"
    rows = ", ".join([row] * count)
    return f"INSERT INTO events ({COLUMNS}) VALUES {rows} ON CONFLICT(source, source_key) DO NOTHING"


def _number(cursor: Any) -> int:
    return int(cursor.fetchall()[0][0])

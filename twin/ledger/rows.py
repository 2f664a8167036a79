"""Events as rows in plain SQL, for each of the two databases and for any driver."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Protocol

from psycopg.errors import UniqueViolation

from twin.db.channel import RawConnection
from twin.db.failures import is_of_unique
from twin.events.envelope import Event
from twin.ledger.bodies import bodies_of, whole_body

Values = list[int | str]
"""What is stored of some events, as the database takes it; made by whoever sends the events, to spare the writer.

For SQLite :data:`WIDTH` values of each event, one after the other and in the order of :data:`COLUMNS`: what a statement
of many rows takes. For PostgreSQL a line of each event, as COPY reads it, but for its position."""

COLUMNS = "id, type, version, thing, occurred_at, recorded_at, source, source_key, body"
WIDTH = 9
AT_ONCE = 3_000  # rows of one SQLite statement: 27,000 of the 32,766 parameters that one may have
_LOTS = (
    AT_ONCE,
    2_000,
    1_500,
    1_000,
    500,
    250,
    100,
    50,
)  # below the last any number: sixty prepared statements at most


def values_of(events: Sequence[Event]) -> Values:
    """Give the values that store events, but for their positions in the ledger.

    Parameters
    ----------
    events : Sequence[Event]
        With ``id`` and ``recorded_at`` filled in.
    """
    # column by column: a loop over events that builds rows takes twice as long
    columns: tuple[Sequence[int | str], ...] = (
        [event.id for event in events],
        [event.__class__.__name__ for event in events],
        [event.version for event in events],
        [event.thing for event in events],
        [event.occurred_at for event in events],
        [event.recorded_at for event in events],
        [event.source for event in events],
        [event.source_key for event in events],
        bodies_of(events),
    )
    values: Values = [0] * (WIDTH * len(events))
    for number, column in enumerate(columns):
        values[number::WIDTH] = column
    return values


def _bindings_of(dialect: str, mark: str) -> str:
    return (
        f"SELECT {whole_body(dialect)} FROM events WHERE thing = {mark} AND occurred_at <= {mark}"
        " AND type IN ('TagBound', 'TagUnbound') ORDER BY occurred_at DESC LIMIT 16"
    )


class EventRows(Protocol):
    """The few statements that storing events needs."""

    width: int
    """How many entries of :data:`Values` an event has."""

    def values(self, events: Sequence[Event]) -> Values:
        """Give what stores events, but for their positions in the ledger; ``id`` and ``recorded_at`` are filled in."""

    def insert(self, raw: RawConnection, values: Values) -> int | None:
        """Add events behind the last one; give the position of the first.

        None, with nothing added, if a (source, source_key) of them is known: all or none.
        """

    def find(self, raw: RawConnection, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], tuple[int, str]]:
        """Give sequence and body of those stored already, by (source, source_key)."""

    def bindings(self, raw: RawConnection, tag: str, at: int) -> list[str]:
        """Give the bodies of the binding events of a tag up to an instant, these not committed included."""


class SqliteRows:
    """The statements for SQLite, whatever driver carries them."""

    _FIND = f"SELECT sequence, {whole_body('sqlite')} FROM events WHERE source = ? AND source_key = ?"
    _BINDINGS = _bindings_of("sqlite", "?")
    width = WIDTH

    def values(self, events: Sequence[Event]) -> Values:
        """Give what stores events, but for their positions in the ledger."""
        return values_of(events)

    def insert(self, raw: RawConnection, values: Values) -> int | None:
        """Add events behind the last one; give the position of the first, or None if one is known.

        Notes
        -----
        Each statement lets go of the interpreter and, while others compute, waits a good while to get it back: hence
        one statement for many rows, none that asks for the last position (the row number that SQLite gives is the one
        after the greatest, and the newest event is never taken out), and no savepoint where a statement that fails
        undoes itself.
        """
        count = len(values) // WIDTH
        lots = list(_lots(count))
        is_split = len(lots) > 1
        if is_split:
            raw.execute("SAVEPOINT as_new")
        start = 0
        try:
            for size in lots:
                end = start + size * WIDTH
                # mostly one lot, which is all of it: not copied then
                raw.execute(_insert_of(size), values[start:end] if is_split else values).fetchall()
                start = end
        except Exception as error:
            if not is_of_unique(error):
                raise
            if is_split:
                raw.execute("ROLLBACK TO SAVEPOINT as_new")
                raw.execute("RELEASE SAVEPOINT as_new")
            return None
        if is_split:
            raw.execute("RELEASE SAVEPOINT as_new")
        return _number(raw.execute("SELECT last_insert_rowid()")) - count + 1

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

    _LAST = "SELECT coalesce(max(sequence), 0) FROM events"
    _COPY = f"COPY events (sequence, {COLUMNS}) FROM STDIN"
    _FIND = (
        f"SELECT e.source, e.source_key, e.sequence, {whole_body('postgresql', 'e.')} FROM events e"
        " JOIN unnest(%s::text[], %s::text[]) AS wanted(source, source_key)"
        " ON e.source = wanted.source AND e.source_key = wanted.source_key"
    )
    _BINDINGS = _bindings_of("postgresql", "%s")
    width = 1

    def values(self, events: Sequence[Event]) -> Values:
        """Give events as COPY reads them: a line each, but for their positions in the ledger."""
        return list(_lines_of(events))

    def insert(self, raw: RawConnection, values: Values) -> int | None:
        """Add events behind the last one; give the position of the first, or None if one is known."""
        last = _number(raw.execute(self._LAST))
        raw.execute("SAVEPOINT as_new")  # a violated constraint would end the whole transaction
        try:
            with raw.cursor() as cursor, cursor.copy(self._COPY) as copy:
                copy.write("".join([f"{number}\t{line}\n" for number, line in enumerate(values, last + 1)]))
        except UniqueViolation:
            raw.execute("ROLLBACK TO SAVEPOINT as_new")
            raw.execute("RELEASE SAVEPOINT as_new")
            return None
        # The savepoint ends with what is around it, the transaction or the work's own: one answer less to wait for.
        return last + 1

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
    rows = ", ".join([f"({', '.join('?' * WIDTH)})"] * count)
    return f"INSERT INTO events ({COLUMNS}) VALUES {rows}"


def _lines_of(events: Sequence[Event]) -> list[str]:
    """Give events as COPY reads them: a line each, tabs between, both and backslashes in a text escaped.

    References
    ----------
    PostgreSQL 18 manual, COPY, "Text Format".
    """
    # one expression for a line: joining fields, or filling in a pattern, takes twice as long
    lines = [
        f"{one.id}\t{one.__class__.__name__}\t{one.version}\t{one.thing}\t{one.occurred_at}\t{one.recorded_at}"
        f"\t{one.source}\t{one.source_key}\t{body}"
        for one, body in zip(events, bodies_of(events), strict=True)
    ]
    whole = "\n".join(lines)
    # Bodies write tabs and ends of lines as JSON does, and hardly any name holds one.
    if "\r" in whole or whole.count("\t") != (WIDTH - 1) * len(lines) or whole.count("\n") != len(lines) - 1:
        values = [str(value).translate(_ESCAPED) for value in values_of(events)]
        return ["\t".join(values[at : at + WIDTH]) for at in range(0, len(values), WIDTH)]
    # what separates holds no backslash
    return whole.replace("\\", "\\\\").split("\n") if "\\" in whole else lines


_ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _number(cursor: Any) -> int:
    return int(cursor.fetchall()[0][0])

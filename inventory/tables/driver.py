"""Plain SQL on a session's own connection: the hot path of the stock ledger does without the object mapper."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sqlmodel import Session

from twin.db.observing import plain_observer

Value = str | int | float | None
Row = tuple[Value, ...]


class Cursor(Protocol):
    """The part of a DBAPI cursor that the ledger uses."""

    @property
    def rowcount(self) -> int:
        """Rows that the last statement changed."""

    def execute(self, statement: str, parameters: Sequence[Value] = ..., /) -> object:
        """Run a statement."""

    def executemany(self, statement: str, parameters: Sequence[Sequence[Value]], /) -> object:
        """Run a statement once per row of values."""

    def fetchall(self) -> Sequence[Row]:
        """Give all rows found."""

    def fetchone(self) -> Row | None:
        """Give the next row found, or None."""


class Driver:
    """A cursor on a session's connection, with the few words in which the two databases differ.

    Statements are written with ``?`` for values; PostgreSQL gets ``%s``.

    Parameters
    ----------
    session : Session
        Its transaction is used; nothing is committed here.
    """

    def __init__(self, session: Session) -> None:
        connection = session.connection()
        raw = connection.connection.dbapi_connection
        if raw is None:
            raise RuntimeError("The session's connection is closed: open a new session.")
        self.is_postgresql = connection.dialect.name == "postgresql"
        self._cursor: Cursor = raw.cursor()
        # None for whatever happens by itself: only what a person does is told to the audit
        self._observer = plain_observer(session)

    def run(self, statement: str, values: Sequence[Value] = ()) -> int:
        """Run a statement and give how many rows it changed."""
        self._cursor.execute(self._written(statement), values)
        changed = self._cursor.rowcount
        if self._observer is not None and changed:
            self._observer(statement, (values,))
        return changed

    def run_many(self, statement: str, rows: Sequence[Sequence[Value]]) -> None:
        """Run a statement once per row of values."""
        if self._observer is not None and rows:
            self._observer(statement, rows)
        if len(rows) == 1:  # psycopg opens a pipeline for many, which costs one row another round trip
            self._cursor.execute(self._written(statement), rows[0])
        elif rows:
            self._cursor.executemany(self._written(statement), rows)

    def rows(self, statement: str, values: Sequence[Value] = ()) -> list[Row]:
        """Run a query and give all its rows."""
        self._cursor.execute(self._written(statement), values)
        return list(self._cursor.fetchall())

    def row(self, statement: str, values: Sequence[Value] = ()) -> Row | None:
        """Run a query and give its first row, or None."""
        self._cursor.execute(self._written(statement), values)
        return self._cursor.fetchone()

    def locking(self, clause: str) -> str:
        """Give a row-locking clause where the database has one; SQLite's one writer holds all rows anyway.

        Parameters
        ----------
        clause : str
            ``FOR SHARE`` or ``FOR UPDATE``.
        """
        return f" {clause}" if self.is_postgresql else ""

    def written_order(self, alias: str) -> str:
        """Give an expression by which rows of an append-only table stand in the order of their writing.

        SQLite numbers rows as they come, PostgreSQL lays those of a table that is never changed one after the other;
        clocks alone do not tell two writes of one microsecond apart.

        Parameters
        ----------
        alias : str
            Name of the table in the query.
        """
        return f"{alias}.ctid" if self.is_postgresql else f"{alias}.rowid"

    def _written(self, statement: str) -> str:
        return statement.replace("?", "%s") if self.is_postgresql else statement


def marks(count: int) -> str:
    """Give that many value marks, parted by commas."""
    return ",".join("?" * count)


def text_of(value: Value) -> str:
    """Give a column that holds text."""
    return "" if value is None else str(value)


def number_of(value: Value) -> int:
    """Give a column that holds a whole number; PostgreSQL's SUM comes back as Decimal."""
    return 0 if value is None else int(value)

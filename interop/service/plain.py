"""Plain SQL on the hot path: a message costs four statements, and SQLAlchemy's share of them was more than all else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlmodel import Session

from twin.db.channel import SESSION_KEY, Transaction

_LENGTHS = (1, 4, 16, 64, 256)
_AT_ONCE = _LENGTHS[-1]
_ROWS = (32, 16, 8, 4, 2, 1)  # few texts, so that the driver keeps them all prepared


@cache
def _written(statement: str, dialect: str) -> str:
    """Give a statement with the placeholders of a driver; it must hold no other question mark or per cent sign."""
    return statement.replace("?", "%s") if dialect == "postgresql" else statement


def ask(session: Session, statement: str, parameters: Sequence[object]) -> list[Any]:
    """Give the rows of a query.

    Parameters
    ----------
    session : Session
        Of the writer, or any that reads.
    statement : str
        With ``?`` as placeholders.
    parameters : Sequence[object]
        In their order.
    """
    held = session.info.get(SESSION_KEY)
    if isinstance(held, Transaction):
        return held.raw.execute(_written(statement, held.dialect), tuple(parameters)).fetchall()
    connection = session.connection()
    text = _written(statement, connection.dialect.name)
    return list(connection.exec_driver_sql(text, tuple(parameters)).fetchall())


def ask_in(session: Session, statement: str, values: Iterable[object]) -> list[Any]:
    """Give the rows of a query that asks for several values of one column.

    Parameters
    ----------
    session : Session
        As for :func:`ask`.
    statement : str
        With one ``(?)`` where the values go.
    values : Iterable[object]
        Any number; none gives no rows.
    """
    asked, found = list(values), []
    for start in range(0, len(asked), _AT_ONCE):
        part = asked[start : start + _AT_ONCE]
        # A few lengths only, so that the driver finds its prepared statement again; one value more than once is one.
        length = next(size for size in _LENGTHS if size >= len(part))
        marks = ", ".join("?" * length)
        found += ask(session, statement.replace("(?)", f"({marks})"), part + [part[-1]] * (length - len(part)))
    return found


def put(session: Session, table: str, values: Mapping[str, object]) -> None:
    """Insert one row.

    Parameters
    ----------
    session : Session
        Of a use case given to the writer.
    table : str
        Its name.
    values : Mapping[str, object]
        By column.
    """
    names = ", ".join(values)
    marks = ", ".join("?" * len(values))
    change(session, f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values()))  # our names


def put_all(session: Session, table: str, rows: Sequence[Mapping[str, object]], *, on_conflict: str = "") -> None:
    """Insert rows that all have the same columns, many in one statement; like :func:`put`.

    Parameters
    ----------
    session, table
        As for :func:`put`.
    rows : Sequence[Mapping[str, object]]
        By column, each the same columns.
    on_conflict : str, optional
        What follows the values, ``ON CONFLICT ...``; then no key may come twice, which PostgreSQL refuses.
    """
    if not rows:
        return
    names = tuple(rows[0])
    values = [tuple(row[name] for name in names) for row in rows]
    start = 0
    # One statement for many rows lets go of the interpreter once: with each row the writer would wait to get it back.
    for size in _ROWS:
        while len(values) - start >= size:
            flat = [value for row in values[start : start + size] for value in row]
            change(session, _inserting(table, names, size, on_conflict), flat)
            start += size


@cache
def _inserting(table: str, names: tuple[str, ...], count: int, on_conflict: str) -> str:
    row = f"({', '.join('?' * len(names))})"
    written = f"INSERT INTO {table} ({', '.join(names)}) VALUES {', '.join([row] * count)}"  # our names
    return f"{written} {on_conflict}" if on_conflict else written


def change(session: Session, statement: str, parameters: Sequence[object]) -> None:
    """Run one statement that gives no rows; parameters as :func:`ask`."""
    held = session.info.get(SESSION_KEY)
    if isinstance(held, Transaction):
        held.raw.execute(_written(statement, held.dialect), tuple(parameters))
    else:
        connection = session.connection()
        connection.exec_driver_sql(_written(statement, connection.dialect.name), tuple(parameters))

"""Many rows at a time, in plain SQL: building parameters row by row through the mapper takes longer than storing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import cache
from typing import Any, TypeVar, TypeVarTuple, cast

from msgspec.json import Decoder, Encoder
from sqlalchemy import Select, func, select
from sqlalchemy.engine import Connection
from sqlmodel import Session

_encoder = Encoder()
AT_ONCE = 2_000  # parameters of one SQLite statement, far below the limit of 32,766 of an ordinary build

Row = TypeVar("Row", bound=tuple[int | str, ...])
Asked = TypeVarTuple("Asked")
Column = tuple[str, str]
"""Name, and type as PostgreSQL calls it."""


def insert_rows(
    connection: Connection, table: str, columns: Sequence[Column], rows: Sequence[tuple[int | str, ...]]
) -> None:
    """Add rows.

    Parameters
    ----------
    connection : Connection
        Of the writer.
    table : str
        One of our own.
    columns : Sequence[Column]
        What the values of a row are, in order.
    rows : Sequence[tuple]
        Best in the order of the table's key: neighbours then share a page.
    """
    if connection.dialect.name == "sqlite":
        # one statement for many rows lets go of the interpreter once, not for each row: others work meanwhile
        for part in _parts(rows, AT_ONCE // len(columns)):
            statement = _sqlite(table, tuple(name for name, _ in columns), len(part))
            connection.exec_driver_sql(statement, tuple(value for row in part for value in row))
    elif rows:
        statement = _postgresql(table, tuple(columns))
        connection.exec_driver_sql(statement, tuple(list(column) for column in zip(*rows, strict=True)))


def set_numbers(connection: Connection, table: str, column: str, values: Sequence[tuple[int, int]]) -> None:
    """Set a column of rows that are known by their id.

    Parameters
    ----------
    connection : Connection
        Of the writer.
    table, column : str
        Of our own; the rows' key is ``id``.
    values : Sequence[tuple[int, int]]
        Id of a row and its new number; best in the order of the ids.
    """
    if not values:
        return
    if connection.dialect.name == "sqlite":
        told = _encoder.encode(dict(values)).decode()
        connection.exec_driver_sql(set_numbers_of_sqlite(table, column), (told,))
    else:
        connection.exec_driver_sql(
            f"UPDATE {table} SET {column} = told.number"
            f" FROM unnest(%s::bigint[], %s::bigint[]) AS told(id, number) WHERE {table}.id = told.id",
            tuple(list(one) for one in zip(*values, strict=True)),
        )


def fetch_plain(session: Session, query: Select[*Asked], rows: Decoder[list[tuple[*Asked]]]) -> list[tuple[*Asked]]:
    """Give many rows of a query, without the mapper's rows, whose making costs more than reading.

    Parameters
    ----------
    session : Session
        Any session; what it holds back is not written first.
    query : Select
        Of labelled columns of texts and whole numbers.
    rows : Decoder
        Of JSON, for a list of such rows.

    Notes
    -----
    SQLite gives all rows as one JSON text: its driver needs a microsecond for each row, making and reading the text
    half of that. The order of the inner query is kept, since an aggregate that depends on it stands outside.
    """
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        inner = query.subquery()
        packed = select(func.json_group_array(func.json_array(*inner.columns)))
        return rows.decode(session.execute(packed).scalar_one())
    compiled = query.compile(connection)
    raw: Any = connection.connection.dbapi_connection  # psycopg's own
    with closing(raw.cursor()) as cursor:
        cursor.execute(str(compiled), compiled.construct_params())
        return cast("list[tuple[*Asked]]", cursor.fetchall())


@cache
def set_numbers_of_sqlite(table: str, column: str) -> str:
    """Give the statement behind :func:`set_numbers`, whose one parameter is a JSON object of new numbers by id.

    Notes
    -----
    Row by row, each step would give up the interpreter and wait to get it back. A list of values SQLite takes for a
    large table, and walks through ours instead.
    """
    return (
        f"UPDATE {table} SET {column} = told.value FROM json_each(?) AS told"
        f" WHERE {table}.id = CAST(told.key AS INTEGER)"
    )


def _parts(rows: Sequence[Row], size: int) -> Iterator[Sequence[Row]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


@cache
def _sqlite(table: str, names: tuple[str, ...], count: int) -> str:
    row = f"({', '.join('?' * len(names))})"
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES {', '.join([row] * count)}"


@cache
def _postgresql(table: str, columns: tuple[Column, ...]) -> str:
    arrays = ", ".join(f"%s::{kind}[]" for _, kind in columns)
    return f"INSERT INTO {table} ({', '.join(name for name, _ in columns)}) SELECT * FROM unnest({arrays})"

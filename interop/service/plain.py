"""Plain SQL on the hot path: a message costs four statements, and SQLAlchemy's share of them was more than all else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlmodel import Session

from twin.db.channel import SESSION_KEY, Transaction


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


def change(session: Session, statement: str, parameters: Sequence[object]) -> None:
    """Run one statement that gives no rows; parameters as :func:`ask`."""
    held = session.info.get(SESSION_KEY)
    if isinstance(held, Transaction):
        held.raw.execute(_written(statement, held.dialect), tuple(parameters))
    else:
        connection = session.connection()
        connection.exec_driver_sql(_written(statement, connection.dialect.name), tuple(parameters))

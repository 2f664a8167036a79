"""Rows of intervals that are to be written, many at a time."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from twin.db import bulk
from twin.history.tables import INTERVALS

_COLUMNS = (
    ("id", "bigint"),
    ("facet", "text"),
    ("thing", "text"),
    ("value", "text"),
    ("from_at", "bigint"),
    ("to_at", "bigint"),
    ("said_at", "bigint"),
    ("sequence", "bigint"),
    ("known_from", "bigint"),
)
Row = tuple[int, str, str, str, int, int, int, int, int]


@dataclass(slots=True)
class NewRow:
    """An interval that is not stored yet; its end and last saying may still change."""

    id: int
    facet: str
    thing: str
    value: str
    from_at: int
    to_at: int
    said_at: int
    sequence: int
    known_from: int

    def as_tuple(self) -> Row:
        """Give its values in the order of the columns."""
        return (
            self.id,
            self.facet,
            self.thing,
            self.value,
            self.from_at,
            self.to_at,
            self.said_at,
            self.sequence,
            self.known_from,
        )


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be written: new intervals, the ends of stored ones, and when their values were said last, by id."""

    rows: list[Row]
    ends: list[tuple[int, int]]
    said: list[tuple[int, int]]

    def write(self, session: Session) -> None:
        """Write all of it.

        Parameters
        ----------
        session : Session
            The session of a use case.
        """
        connection = session.connection()
        bulk.insert_rows(connection, INTERVALS.name, _COLUMNS, self.rows)
        bulk.set_numbers(connection, INTERVALS.name, "to_at", self.ends)
        bulk.set_numbers(connection, INTERVALS.name, "said_at", self.said)

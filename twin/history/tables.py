"""Tables of the history: intervals of every facet of every thing, and checkpoints of the whole hospital."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text
from sqlmodel import SQLModel

_NUMBER = BigInteger().with_variant(Integer, "sqlite")

INTERVALS = Table(
    "history_intervals",
    SQLModel.metadata,
    Column("id", _NUMBER, primary_key=True, autoincrement=False),
    Column("facet", Text, nullable=False),
    Column("thing", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("from_at", BigInteger, nullable=False),
    Column("to_at", BigInteger, nullable=False),
    Column("said_at", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("known_from", BigInteger, nullable=False),
    Index("ix_history_thing", "thing", "facet", "from_at"),
    Index("ix_history_value", "facet", "value", "from_at"),
    Index("ix_history_from", "from_at"),
    comment="holds for from_at <= t < to_at by what is known now; corrected rows have to_at = from_at",
)

CHECKPOINTS = Table(
    "history_checkpoints",
    SQLModel.metadata,
    Column("at", _NUMBER, primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=False),
)

LINKS = Table(
    "history_links",
    SQLModel.metadata,
    Column("encounter", Text, primary_key=True),
    Column("other", Text, primary_key=True),
    comment="encounters that a swap or merge joins, in both directions",
)

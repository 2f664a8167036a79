"""Tables of the raw samples and their roll-ups."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Index, Integer, LargeBinary, Table, Text, UniqueConstraint
from sqlmodel import SQLModel

SAMPLES = Table(
    "samples",
    SQLModel.metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("device", Text, nullable=False),
    Column("quantity", Text, nullable=False),
    Column("start_at", BigInteger, nullable=False),
    Column("end_at", BigInteger, nullable=False),
    Column("n", Integer, nullable=False),
    Column("source", Text, nullable=False),
    Column("source_key", Text, nullable=False),
    Column("packed", LargeBinary, nullable=False),
    UniqueConstraint("source", "source_key", name="uq_samples_source"),
    Index("ix_samples_device", "device", "quantity", "start_at"),
    Index("ix_samples_end", "end_at"),
)

SAMPLE_COUNTER = Table(
    "samples_counter",
    SQLModel.metadata,
    Column("only", Integer, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
    comment="last sequence ever given: retention may empty the table of samples, and numbers are never used twice",
)

ROLLUPS = Table(
    "sample_rollups",
    SQLModel.metadata,
    Column("device", Text, primary_key=True),
    Column("quantity", Text, primary_key=True),
    Column("width_s", Integer, primary_key=True, autoincrement=False),
    Column("start_at", BigInteger, primary_key=True, autoincrement=False),
    Column("n", Integer, nullable=False),
    Column("minimum", Float(53), nullable=False),
    Column("maximum", Float(53), nullable=False),
    Column("total", Float(53), nullable=False),
)

"""Tables of the interfaces: messages as they came (encrypted), who is who (encrypted), EPCIS events and their jobs."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text
from sqlmodel import SQLModel

ROW_NUMBER = BigInteger().with_variant(Integer, "sqlite")  # INTEGER PRIMARY KEY is SQLite's own row number

MESSAGES = Table(
    "interop_message",
    SQLModel.metadata,
    Column("number", ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("key", Text, nullable=False, unique=True, comment="of (MSH-3, MSH-4, MSH-10)"),
    Column("content", Text, nullable=False, comment="keyed hash of all after MSH"),
    Column("source", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("trigger_event", Text, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("notes", Text, nullable=False),
    Column("problem", Text, nullable=False),
    Column("events", Integer, nullable=False),
    Column("persons", Text, nullable=False, comment="pseudonyms whose keys close the body, outermost last"),
    Column("body", LargeBinary, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("duplicates", Integer, nullable=False),
    Index("ix_interop_message_source", "source", "received_at"),
    Index("ix_interop_message_outcome", "outcome", "number"),
)

PERSONS = Table(
    "interop_person",
    SQLModel.metadata,
    Column("person", Text, primary_key=True),
    Column("wrapped_key", LargeBinary, nullable=False, comment="empty once erased"),
    Column("identity", LargeBinary, nullable=False),
    Column("merged_into", Text, nullable=False, index=True),
    Column("told_at", BigInteger, nullable=False),
    Column("erased_at", BigInteger, nullable=False),
)

LINKS = Table(
    "interop_link",
    SQLModel.metadata,
    Column("encounter", Text, primary_key=True),
    Column("person", Text, nullable=False, index=True),
    Column("told_at", BigInteger, nullable=False),
)

REVEALS = Table(
    "interop_reveal",
    SQLModel.metadata,
    Column("number", ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("encounter", Text, nullable=False, index=True),
    Column("actor", Text, nullable=False),
    Column("act", Text, nullable=False, comment="reveal or erase"),
    Column("reason", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)

EPCIS_EVENTS = Table(
    "interop_epcis_event",
    SQLModel.metadata,
    Column("number", ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("event_id", Text, nullable=False, index=True),
    Column("hash", Text, nullable=False, index=True),
    Column("type", Text, nullable=False),
    Column("event_at", BigInteger, nullable=False, index=True),
    Column("record_at", BigInteger, nullable=False, index=True),
    Column("capture_id", Text, nullable=False, index=True),
    Column("source", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("context", Text, nullable=False),
)

EPCIS_TERMS = Table(
    "interop_epcis_term",
    SQLModel.metadata,
    Column("field", Text, primary_key=True, comment="what a query may ask for, such as bizStep, epc, readPoint"),
    Column("value", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Index("ix_interop_epcis_term_number", "number"),
)

CAPTURES = Table(
    "interop_capture",
    SQLModel.metadata,
    Column("capture_id", Text, primary_key=True),
    Column("created_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger, nullable=False),
    Column("is_success", Integer, nullable=False),
    Column("behaviour", Text, nullable=False),
    Column("errors", Text, nullable=False),
)

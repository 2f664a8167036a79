"""Tables of the interfaces: messages and identities (both encrypted), names of places, EPCIS events, subscribers."""

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

PLACE_NAMES = Table(
    "interop_place_name",
    SQLModel.metadata,
    Column("source", Text, primary_key=True, comment="who speaks"),
    Column("name", Text, primary_key=True, comment="as the sender names the place"),
    Column("place", Text, nullable=False, comment="what a person said that it is; empty until then"),
    Column("taken_as", Text, nullable=False, comment="room or ward that was taken instead; empty if none was"),
    Column("seen", Integer, nullable=False, comment="messages that named it before it was matched"),
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Column("set_at", BigInteger, nullable=False),
    Column("set_by", Text, nullable=False),
)

ACCOUNTS = Table(
    "interop_account",
    SQLModel.metadata,
    Column("account", Text, primary_key=True, comment="pseudonym of PID-18"),
    Column("visit", Text, nullable=False, comment="pseudonym of the PV1-19 that was last named beside it"),
    Column("told_at", BigInteger, nullable=False),
)

STOCK_FIGURES = Table(
    "interop_stock_figure",
    SQLModel.metadata,
    Column("source", Text, primary_key=True, comment="who counts"),
    Column("place", Text, primary_key=True),
    Column("item", Text, primary_key=True),
    Column("lot", Text, primary_key=True, comment="empty where lots are not told"),
    Column("quantity", BigInteger, nullable=False, comment="base units, as told"),
    Column("expires_at", BigInteger, nullable=False),
    Column("told_at", BigInteger, nullable=False),
)

PROPOSALS = Table(
    "interop_item_proposal",
    SQLModel.metadata,
    Column("source", Text, primary_key=True, comment="whose item master"),
    Column("code", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("maker", Text, nullable=False),
    Column("catalogue_number", Text, nullable=False),
    Column("action", Text, nullable=False, comment="MFE-1: MAD, MUP, MDC, MAC or MDL"),
    Column("told_at", BigInteger, nullable=False),
    Column("state", Text, nullable=False, comment="open, accepted or declined"),
    Column("decided_at", BigInteger, nullable=False),
    Column("decided_by", Text, nullable=False),
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
    Column("declares", Integer, nullable=False, comment="1 if it declares an error"),
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

EPCIS_QUERIES = Table(
    "interop_epcis_query",
    SQLModel.metadata,
    Column("name", Text, primary_key=True),
    Column("query", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
)

SUBSCRIPTIONS = Table(
    "interop_subscription",
    SQLModel.metadata,
    Column("subscription_id", Text, primary_key=True),
    Column("kind", Text, nullable=False, comment="epcis, fhir, rtls or memls"),
    Column("topic", Text, nullable=False, index=True, comment="name of the query or topic"),
    Column("body", Text, nullable=False),
    Column("position", BigInteger, nullable=False, comment="last number that was delivered"),
    Column("sent", Integer, nullable=False, comment="notifications since it began, for gap detection"),
    Column("state", Text, nullable=False, comment="active, error or off"),
    Column("failures", Integer, nullable=False),
    Column("problem", Text, nullable=False),
    Column("next_at", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
)

ENROLMENTS = Table(
    "interop_enrolment",
    SQLModel.metadata,
    Column("source", Text, primary_key=True, comment="who wants to be told"),
    Column("tag", Text, primary_key=True),
    Column("enrolled_at", BigInteger, nullable=False),
)

TOLD = Table(
    "interop_told",
    SQLModel.metadata,
    Column("subscription_id", Text, primary_key=True, comment="of FHIR, with a filter"),
    Column("number", Integer, primary_key=True, autoincrement=False, comment="of the notification's event"),
    Column("sequence", BigInteger, nullable=False, comment="of the ledger's event"),
    Column("thing", Text, nullable=False, comment="which of the things that the event is about"),
)

FHIR_RESOURCES = Table(
    "interop_fhir_resource",
    SQLModel.metadata,
    Column("number", ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("type", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("is_last", Integer, nullable=False),
    Column("is_deleted", Integer, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("persons", Text, nullable=False, comment="pseudonyms whose keys close the body, outermost last"),
    Column("body", LargeBinary, nullable=False),
    Index("ix_interop_fhir_resource_key", "type", "id", "version", unique=True),
    Index("ix_interop_fhir_resource_last", "type", "is_last", "id"),
)

FHIR_TERMS = Table(
    "interop_fhir_term",
    SQLModel.metadata,
    Column("type", Text, primary_key=True),
    Column("field", Text, primary_key=True, comment="search parameter"),
    Column("value", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Index("ix_interop_fhir_term_number", "number"),
)

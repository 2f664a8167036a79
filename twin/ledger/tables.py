"""Tables of the ledger; rows of ``events`` can be added, and neither changed nor taken away."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    event,
    inspect,
    text,
)
from sqlalchemy.engine import Connection
from sqlmodel import SQLModel

SEQUENCE = BigInteger().with_variant(Integer, "sqlite")  # INTEGER PRIMARY KEY is SQLite's own row number

# Keys are only compared, never sorted for people: byte by byte, not by the rules of a language as the server would.
KEY = Text().with_variant(Text(collation="C"), "postgresql")

EVENTS = Table(
    "events",
    SQLModel.metadata,
    Column("sequence", SEQUENCE, primary_key=True, autoincrement=False),
    Column("id", KEY, nullable=False),
    Column("type", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("thing", Text, nullable=False),
    Column("occurred_at", BigInteger, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("source", KEY, nullable=False),
    Column("source_key", KEY, nullable=False),
    Column("body", Text, nullable=False),
    UniqueConstraint("source", "source_key", name="uq_events_source"),
    Index("uq_events_id", "id", unique=True),
    Index(
        "ix_events_binding",
        "thing",
        "occurred_at",
        sqlite_where=text("type IN ('TagBound', 'TagUnbound')"),
        postgresql_where=text("type IN ('TagBound', 'TagUnbound')"),
    ),
)

EVENTS_BY_THING = Table(
    "events_by_thing",
    SQLModel.metadata,
    Column("thing", Text, primary_key=True),
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
    Column("from_at", BigInteger, nullable=False),
    Column("to_at", BigInteger, nullable=False),
    Column("positions", Text, nullable=False),
    sqlite_with_rowid=False,  # rows are small, and always looked for by their key
    comment="index of events by thing, written in large steps behind the writer: see twin.ledger.by_thing",
)

INDEXED = Table(
    "events_indexed",
    SQLModel.metadata,
    Column("up_to", SEQUENCE, primary_key=True, autoincrement=False),
    comment="one row: the last event that events_by_thing holds",
)

PRUNING = Table(
    "events_pruning",
    SQLModel.metadata,
    Column("up_to", SEQUENCE, primary_key=True, autoincrement=False),
    comment="holds a row only inside the transaction that prunes archived events",
)

UNHANDLED = Table(
    "unhandled",
    SQLModel.metadata,
    Column("event_id", Text, primary_key=True),
    Column("handler", Text, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("error", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("first_failed_at", BigInteger, nullable=False),
    Column("retry_at", BigInteger, nullable=False, index=True),
)

SUBSCRIPTIONS = Table(
    "subscriptions",
    SQLModel.metadata,
    Column("name", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("failures", Integer, nullable=False, default=0),
    Column("error", Text, nullable=False, default=""),
    Column("updated_at", BigInteger, nullable=False),
)

SNAPSHOTS = Table(
    "state_snapshots",
    SQLModel.metadata,
    Column("sequence", SEQUENCE, primary_key=True, autoincrement=False),
    Column("taken_at", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
)

_SQLITE_TRIGGERS = (
    """CREATE TRIGGER IF NOT EXISTS events_no_update BEFORE UPDATE ON events
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    """CREATE TRIGGER IF NOT EXISTS events_no_delete BEFORE DELETE ON events
    WHEN NOT EXISTS (SELECT 1 FROM events_pruning WHERE up_to >= OLD.sequence)
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
)
_POSTGRESQL_TRIGGERS = (
    """CREATE OR REPLACE FUNCTION events_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' AND EXISTS (SELECT 1 FROM events_pruning WHERE up_to >= OLD.sequence) THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION 'the ledger is append-only';
    END $$""",
    """CREATE OR REPLACE TRIGGER events_no_change BEFORE UPDATE OR DELETE ON events
    FOR EACH ROW EXECUTE FUNCTION events_append_only()""",
    """CREATE OR REPLACE TRIGGER events_no_truncate BEFORE TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION events_append_only()""",
)


def trigger_statements(dialect: str) -> tuple[str, ...]:
    """Give the statements that guard the ledger against change, for migrations.

    Parameters
    ----------
    dialect : str
        ``sqlite`` or ``postgresql``.
    """
    return _SQLITE_TRIGGERS if dialect == "sqlite" else _POSTGRESQL_TRIGGERS


@event.listens_for(PRUNING, "after_create")
@event.listens_for(EVENTS, "after_create")
def _guard(_table: Table, connection: Connection, **_options: object) -> None:
    inspector = inspect(connection)
    if inspector.has_table("events") and inspector.has_table("events_pruning"):
        for statement in trigger_statements(connection.dialect.name):
            connection.exec_driver_sql(statement.replace("%", "%%"))

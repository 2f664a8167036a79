"""Database triggers that keep the stock ledger append-only, also against hands on the database.

They are made with the tables; a migration runs :func:`statements` for its dialect.
"""

from __future__ import annotations

from sqlalchemy import DDL, event

from inventory.tables.rows import EntryRow, MovementRow, table_of

APPEND_ONLY_TABLES = ("inventory_movement", "inventory_entry")

_POSTGRESQL_FUNCTION = """
CREATE OR REPLACE FUNCTION inventory_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the stock ledger is append-only: record a reversal instead';
END $$
"""


def statements(dialect: str, table: str) -> tuple[str, ...]:
    """Give the statements that make a table append-only.

    Parameters
    ----------
    dialect : str
        ``sqlite`` or ``postgresql``.
    table : str
        One of :data:`APPEND_ONLY_TABLES`.
    """
    if dialect == "sqlite":
        return tuple(
            f"CREATE TRIGGER IF NOT EXISTS {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            "BEGIN SELECT RAISE(ABORT, 'the stock ledger is append-only: record a reversal instead'); END"
            for verb in ("UPDATE", "DELETE")
        )
    per_row = f"CREATE OR REPLACE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW"
    per_statement = f"CREATE OR REPLACE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT"
    call = "EXECUTE FUNCTION inventory_refuse_change()"
    return _POSTGRESQL_FUNCTION, f"{per_row} {call}", f"{per_statement} {call}"


for _row in (MovementRow, EntryRow):
    for _dialect in ("sqlite", "postgresql"):
        for _statement in statements(_dialect, str(_row.__tablename__)):
            event.listen(
                table_of(_row),
                "after_create",
                DDL(_statement).execute_if(dialect=_dialect),  # type: ignore[no-untyped-call]  # SQLAlchemy's own
            )

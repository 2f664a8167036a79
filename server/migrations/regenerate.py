"""Writes revision 0001 anew from the declared tables and their triggers; for use until the first release only.

Run ``python -m server.migrations.regenerate`` after a table changed. The drift test fails until it is done.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from sqlalchemy import DDL, MetaData, create_engine

from server.schema.metadata import TABLE_MODULES, full_metadata

TARGET = Path(__file__).parent / "versions" / "0001_first_shape.py"

_HEAD = '''# ruff: noqa: C901, E501, F401, PLR0912, PLR0915

"""The first shape of the database; written by ``python -m server.migrations.regenerate``."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql, sqlite

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
'''


DIALECTS = ("sqlite", "postgresql")


def triggers_of(metadata: MetaData) -> Iterator[tuple[str, str]]:
    """Give the DDL beside tables as (dialect, statement).

    Parameters
    ----------
    metadata : MetaData
        Its tables' ``after_create`` listeners of class :class:`sqlalchemy.DDL` are taken; modules of tables may offer
        ``trigger_statements(dialect)`` instead.
    """
    for table in metadata.sorted_tables:
        for listener in table.dispatch.after_create:
            element = listener if isinstance(listener, DDL) else getattr(listener, "__self__", None)
            if isinstance(element, DDL):
                wanted = element._ddl_if.dialect if element._ddl_if is not None else None
                for dialect in DIALECTS:
                    if wanted in {None, dialect}:
                        yield dialect, str(element.statement)
    for name in TABLE_MODULES:
        statements = getattr(sys.modules.get(name), "trigger_statements", None)
        if statements is not None:
            for dialect in DIALECTS:
                for statement in statements(dialect):
                    yield dialect, statement


def render() -> str:
    """Give the text of revision 0001."""
    metadata = full_metadata()
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"target_metadata": metadata})
        script = produce_migrations(context, metadata)
    if script.upgrade_ops is None:
        raise RuntimeError("There is no table to create.")
    body = render_python_code(script.upgrade_ops, render_as_batch=False, imports=[])
    body = body.replace("sqlmodel.sql.sqltypes.AutoString(", "sa.String(")
    lines = [line.rstrip() for line in body.splitlines() if not line.lstrip().startswith("# ###")]
    lines.append("    bind = op.get_bind()")
    for dialect, statement in triggers_of(metadata):
        lines.append(f'    if bind.dialect.name == "{dialect}":')
        told = " ".join(statement.split())
        lines.append(f"        bind.exec_driver_sql({told.replace('%', '%%') if dialect == 'postgresql' else told!r})")
    return _HEAD + "\n".join(lines) + "\n"


def main() -> None:
    """Write the file."""
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(render(), encoding="utf-8")
    sys.stdout.write(f"{TARGET}\n")


if __name__ == "__main__":
    main()

"""Bringing a database to the shape of this release, by one linear history of migrations (Alembic)."""

from __future__ import annotations

import logging
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from server.schema.metadata import full_metadata
from twin.db.database import Database
from twin.errors import ConfigurationError

MIGRATIONS = Path(__file__).parent.parent / "migrations"
VERSION_TABLE = "schema_version"
log = logging.getLogger("hospital_twin.schema")


def alembic_config(connection: Connection) -> Config:
    """Give Alembic's settings for a connection; no ini file is needed.

    Parameters
    ----------
    connection : Connection
        What migrations run on.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes["version_table"] = VERSION_TABLE
    return config


def newest_revision() -> str:
    """Give the revision that this release wants."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return str(ScriptDirectory.from_config(config).get_current_head())


def revision_of(connection: Connection) -> str:
    """Give the revision that a database has; empty for a fresh one."""
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    return context.get_current_revision() or ""


def upgrade(database: Database) -> str:
    """Bring a database to this release's shape; gives the revision it had before.

    Parameters
    ----------
    database : Database
        Open, with nothing being written.

    Raises
    ------
    ConfigurationError
        If it is of a newer release.
    """
    with database.write_engine.begin() as connection:
        before = revision_of(connection)
        if before == newest_revision():
            return before
        _require_known(before)
        log.info("upgrading the database", extra={"facts": {"from": before, "to": newest_revision()}})
        command.upgrade(alembic_config(connection), "head")
    return before


def require_current(database: Database) -> None:
    """Let pass a database of this release's shape.

    Raises
    ------
    ConfigurationError
        If it has another one, with what to do.
    """
    with database.readers.connect() as connection:
        found = revision_of(connection)
    if found != newest_revision():
        _require_known(found)
        raise ConfigurationError(
            f"The database has revision {found or 'none'}, this release needs {newest_revision()}: "
            f"run `hospital-twin db upgrade`.",
            code="configuration.revision",
        )


def _require_known(revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision and revision not in known:
        raise ConfigurationError(
            f"The database has revision {revision}, which this release does not know: it is of a newer release. "
            f"Start that one, or restore a backup.",
            code="configuration.revision",
        )


def drift(connection: Connection) -> list[str]:
    """Give every difference between a database and the tables that this release declares.

    Parameters
    ----------
    connection : Connection
        Of a database that was upgraded.
    """
    options = {"version_table": VERSION_TABLE, "compare_type": False}
    context = MigrationContext.configure(connection, opts=options)
    return [str(difference) for difference in compare_metadata(context, full_metadata())]

"""Migrations give the declared tables, on both databases, and keep data; a newer database is refused."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from server.migrations.regenerate import TARGET, render
from server.schema.metadata import full_metadata
from server.schema.upgrades import drift, newest_revision, require_current, revision_of, upgrade
from server.wiring import open_hospital
from tests.fakes import START_US
from twin.clock import ManualClock
from twin.db.database import open_database
from twin.errors import ConfigurationError
from twin.events.things import ZoneChanged
from twin.settings import Settings


def test_first_revision_is_what_the_tables_declare() -> None:
    full_metadata()

    assert TARGET.read_text(encoding="utf-8") == render(), "run `python -m server.migrations.regenerate`"


def test_upgraded_database_has_no_drift(database_settings: Settings) -> None:
    full_metadata()
    with open_database(database_settings) as database:
        before = upgrade(database)
        again = upgrade(database)
        with database.write_engine.connect() as connection:
            differences = drift(connection)
            found = revision_of(connection)

    assert (before, again, found) == ("", newest_revision(), newest_revision())
    assert differences == []


def test_data_and_triggers_are_there_after_a_restart(database_settings: Settings, clock: ManualClock) -> None:
    event = ZoneChanged(thing="T1", occurred_at=START_US, source="gateway:g1", source_key="k1", zone="Z1")
    first = open_hospital(database_settings, clock=clock, handlers=[])
    first.record_now([event])
    digest = first.live.digest()
    first.close()

    second = open_hospital(database_settings, clock=clock, handlers=[])
    with pytest.raises(Exception, match="append-only"):
        second.write_now(lambda session: session.execute(text("DELETE FROM events")))
    restored = second.live.digest()
    second.close()

    assert restored == digest


def test_fresh_and_newer_databases_are_told_apart(tmp_path: object) -> None:
    settings = Settings(data_dir=tmp_path, free_disk_floor_mb=0)
    full_metadata()
    with open_database(settings) as database:
        with pytest.raises(ConfigurationError, match="db upgrade"):
            require_current(database)
        upgrade(database)
        with database.write_engine.begin() as connection:
            connection.execute(text("UPDATE schema_version SET version_num = '9999'"))
        with pytest.raises(ConfigurationError, match="newer release"):
            upgrade(database)

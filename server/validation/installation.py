"""Installation: the database keeps what it acknowledged, a backup comes back, in folders of their own."""

from __future__ import annotations

from pathlib import Path

from pysqlite3 import dbapi2

from server.backups import create_backup, restore_backup
from server.validation.checks import Check, Outcome, equal
from server.wiring import Hospital, open_hospital
from twin.clock import SystemClock
from twin.db.sqlite import SAFE_VERSION
from twin.events.places import PlaceDefined, PlaceKind
from twin.settings import Settings

DURABLE = "SQLite: synchronous=FULL keeps acknowledged commits when the power fails"
FULL = 2
PLACES = 50


def _settings(folder: Path) -> Settings:
    return Settings(data_dir=folder, database_url="", free_disk_floor_mb=0)


def _fill(hospital: Hospital) -> None:
    now = hospital.clock.now()
    hospital.record_now(
        [
            PlaceDefined(
                thing=f"P{n}",
                occurred_at=now,
                source="twin:validation",
                source_key=f"p{n}",
                kind=PlaceKind.ROOM,
                name=f"Room {n}",
            )
            for n in range(PLACES)
        ]
    )


def library(_folder: Path, *, version: tuple[int, ...] = dbapi2.sqlite_version_info) -> Outcome:
    """Look at the version of the database library.

    Parameters
    ----------
    version : tuple[int, ...], optional
        Version found; that of the driver by default.
    """
    least, found = (".".join(map(str, one)) for one in (SAFE_VERSION, version))
    source = "SQLite 3.51.3 release notes: two writers could corrupt a WAL database before"
    return Outcome(
        name="database.library", expected=f">= {least}", found=found, source=source, is_passed=version >= SAFE_VERSION
    )


def durability(folder: Path) -> Outcome:
    """Read back on the writing connection that commits are forced to disk."""
    hospital = open_hospital(_settings(folder))
    try:
        found = hospital.database.writer.submit_work(
            lambda transaction: transaction.raw.execute("PRAGMA synchronous").fetchall()[0][0]
        ).result(30)
    finally:
        hospital.close()
    return equal("database.synchronous", FULL, found, DURABLE)


def written_and_read(folder: Path) -> Outcome:
    """Store facts, close, open again, and count them."""
    hospital = open_hospital(_settings(folder))
    _fill(hospital)
    hospital.close()
    hospital = open_hospital(_settings(folder))
    try:
        found = len(hospital.live.places)
    finally:
        hospital.close()
    return equal("database.written_and_read", PLACES, found, "an acknowledged fact is there after a restart")


def integrity(folder: Path) -> Outcome:
    """Let the database check its own file after writing."""
    hospital = open_hospital(_settings(folder))
    try:
        _fill(hospital)
        with hospital.read() as session:
            found = session.connection().exec_driver_sql("PRAGMA integrity_check").scalar()
    finally:
        hospital.close()
    return equal("database.integrity", "ok", found, "SQLite integrity_check")


def backup_drill(folder: Path) -> Outcome:
    """Back up a working hospital, restore into another folder, and compare the whole present state."""
    hospital = open_hospital(_settings(folder / "one"))
    try:
        _fill(hospital)
        backup = create_backup(hospital.settings, SystemClock(), folder / "backups")
        before = hospital.live.digest()
    finally:
        hospital.close()
    restored = _settings(folder / "other")
    restore_backup(restored, backup, check_free=lambda: None)
    hospital = open_hospital(restored)
    try:
        after = hospital.live.digest()
    finally:
        hospital.close()
    return equal("backup.restored", before[:16], after[:16], "restore drill: digest of the whole state")


CHECKS = (
    Check(name="database.library", run=library),
    Check(name="database.synchronous", run=durability),
    Check(name="database.written_and_read", run=written_and_read),
    Check(name="database.integrity", run=integrity),
    Check(name="backup.restored", run=backup_drill),
)
"""All checks of the installation."""

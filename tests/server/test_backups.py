"""A backup taken under load is whole, restores to the same state, and any damage to it is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.backups import BackupBroken, _dump_postgresql, create_backup, restore_backup, verify_backup
from server.wiring import open_hospital
from tests.fakes import START_US
from twin.clock import ManualClock
from twin.errors import InputError, NotFound, StorageError
from twin.events.envelope import Event
from twin.events.things import ZoneChanged
from twin.settings import Settings
from twin.state.live import LiveState


def events(start: int, count: int) -> list[Event]:
    return [
        ZoneChanged(
            thing=f"T{n % 50}", occurred_at=START_US + n, source="gateway:g1", source_key=f"k{n}", zone=f"Z{n % 7}"
        )
        for n in range(start, start + count)
    ]


def test_backup_under_load_restores_to_the_state_at_its_last_event(tmp_path: Path, clock: ManualClock) -> None:
    settings = Settings(data_dir=tmp_path / "a", free_disk_floor_mb=0)
    hospital = open_hospital(settings, clock=clock, handlers=[])
    hospital.record_now(events(0, 500))
    waiting = [hospital.ledger.submit(events(500 + 10 * n, 10)) for n in range(100)]

    backup = create_backup(settings, clock, tmp_path / "kept")

    for future in waiting:
        future.result()
    last = verify_backup(backup).last_sequence
    expected = LiveState()
    with hospital.read() as session:
        for one in hospital.ledger.read(session, limit=last):
            expected.apply(one.event, one.sequence)
    hospital.close()
    target = Settings(data_dir=tmp_path / "b", free_disk_floor_mb=0)
    restore_backup(target, backup, check_free=lambda: None)
    restored = open_hospital(target, clock=clock, handlers=[])
    digest, sequence = restored.live.digest(), restored.live.sequence
    restored.close()

    assert 500 <= sequence == last
    assert digest == expected.digest()


@pytest.mark.parametrize("damage", ["flip", "cut", "manifest", "missing"])
def test_damaged_backup_is_refused(tmp_path: Path, clock: ManualClock, damage: str) -> None:
    settings = Settings(data_dir=tmp_path / "a", free_disk_floor_mb=0)
    hospital = open_hospital(settings, clock=clock, handlers=[])
    hospital.record_now(events(0, 10))
    hospital.close()
    backup = create_backup(settings, clock, tmp_path / "kept")
    content = bytearray(backup.read_bytes())
    manifest = backup.with_name(backup.name + ".json")
    if damage == "flip":
        content[len(content) // 2] ^= 1
        backup.write_bytes(content)
    elif damage == "cut":
        backup.write_bytes(content[:-100])
    elif damage == "manifest":
        manifest.write_text("{}")
    else:
        manifest.unlink()

    with pytest.raises((BackupBroken, InputError, NotFound)):
        restore_backup(settings, backup, check_free=lambda: None)

    assert (settings.data_dir / "hospital.db").is_file()


def test_no_backup_without_a_database(tmp_path: Path, clock: ManualClock) -> None:
    with pytest.raises(NotFound):
        create_backup(Settings(data_dir=tmp_path / "none"), clock, tmp_path / "kept")


def hospital_of(folder: Path, clock: ManualClock, count: int) -> Settings:
    settings = Settings(data_dir=folder, free_disk_floor_mb=0)
    hospital = open_hospital(settings, clock=clock, handlers=[])
    hospital.record_now(events(0, count))
    hospital.close()
    return settings


def test_every_restore_keeps_the_files_that_it_replaces(tmp_path: Path, clock: ManualClock) -> None:
    settings = hospital_of(tmp_path / "a", clock, 10)
    database = settings.data_dir / "hospital.db"
    before = database.read_bytes()
    small = create_backup(hospital_of(tmp_path / "b", clock, 1), clock, tmp_path / "kept")

    for _ in range(2):
        restore_backup(settings, small, check_free=lambda: None)

    # The wrong backup, restored twice in haste, must not cost the only copy of the hospital.
    kept = sorted(settings.data_dir.glob("hospital.db.before-restore-*"))
    assert [path.read_bytes() == before for path in kept] == [True, False]
    assert database.read_bytes() == small.read_bytes()


def test_a_restore_that_ends_halfway_leaves_a_database(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = hospital_of(tmp_path / "a", clock, 10)
    backup = create_backup(settings, clock, tmp_path / "kept")
    database = settings.data_dir / "hospital.db"
    before = database.read_bytes()

    def power_cut(old: Path, new: Path) -> None:
        if Path(new) == database:
            raise KeyboardInterrupt
        Path(old).rename(new)

    monkeypatch.setattr("server.backups.os.replace", power_cut)
    with pytest.raises(KeyboardInterrupt):
        restore_backup(settings, backup, check_free=lambda: None)

    assert database.read_bytes() == before


@pytest.mark.parametrize("folder", ["backups #1", "was? 50%41", "备份"])
def test_a_backup_is_taken_and_proven_in_a_folder_of_any_name(tmp_path: Path, clock: ManualClock, folder: str) -> None:
    settings = hospital_of(tmp_path / folder / "data", clock, 3)

    backup = create_backup(settings, clock, tmp_path / folder)

    assert verify_backup(backup).last_sequence == 3


def test_a_database_that_is_none_is_told_with_a_cure(tmp_path: Path, clock: ManualClock) -> None:
    settings = Settings(data_dir=tmp_path / "a")
    settings.data_dir.mkdir()
    (settings.data_dir / "hospital.db").write_bytes(b"no database at all" * 1000)

    with pytest.raises(StorageError, match="cannot be copied"):
        create_backup(settings, clock, tmp_path / "kept")

    assert list((tmp_path / "kept").iterdir()) == []


def test_the_password_of_a_database_stands_in_no_list_of_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "pg_dump"
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/arguments\necho "$PGPASSWORD" > {tmp_path}/secret\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    _dump_postgresql("postgresql+psycopg://twin:s3%20cret@db.example:5433/house?sslmode=require", tmp_path / "out")

    told = (tmp_path / "arguments").read_text(encoding="utf-8")
    assert "s3" not in told
    assert "postgresql://twin@db.example:5433/house?sslmode=require" in told
    assert (tmp_path / "secret").read_text(encoding="utf-8") == "s3 cret\n"

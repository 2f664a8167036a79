"""Backups by themselves and by hand, proven, few enough, and an alarm when none was taken for too long."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from server.alarms.engine import AlarmEngine
from server.backups import BackupBroken, create_backup, keep_newest, listed_backups, manifest_of
from server.upkeep.backing_up import ALARM, Upkeep
from server.upkeep.findings import FRESH_US
from server.wiring import Hospital, open_hospital
from tests.fakes import START_US
from twin.access import Actor, Role
from twin.clock import DAY_US, HOUR_US, MINUTE_US, ManualClock
from twin.errors import Conflict, NotFound
from twin.events.places import PlaceDefined, PlaceKind
from twin.settings import Settings

ADMIN = Actor(id="u1", name="Root", roles=frozenset({Role.SYSADMIN}))


@pytest.fixture
def hospital(tmp_path: Path, clock: ManualClock) -> Iterator[Hospital]:
    settings = Settings(data_dir=tmp_path / "data", free_disk_floor_mb=0, backup_dir=tmp_path / "kept", backups_kept=2)
    opened = open_hospital(settings, clock=clock)
    place = PlaceDefined(
        thing="P", occurred_at=START_US, source="import:t", source_key="p", kind=PlaceKind.ROOM, name="P"
    )
    opened.record_now([place])
    yield opened
    opened.close()


@pytest.fixture
def upkeep(hospital: Hospital) -> Iterator[Upkeep]:
    engine = AlarmEngine(hospital)
    engine.start()
    yield Upkeep(hospital, engine)
    engine.stop()


def test_the_night_takes_one_and_keeps_the_newest(hospital: Hospital, upkeep: Upkeep, clock: ManualClock) -> None:
    for _night in range(4):
        upkeep.nightly()
        clock.set(clock.now() + DAY_US)

    state = upkeep.state()

    assert [card.last_sequence > 0 for card in state.backups] == [True, True]
    assert state.backups[0].taken_at == clock.now() - DAY_US
    folder = hospital.settings.effective_backup_dir
    assert sorted(path.suffix for path in folder.iterdir()) == [".backup", ".backup", ".json", ".json"]


def test_one_that_is_begun_by_hand_is_listed_when_it_is_done(upkeep: Upkeep) -> None:
    upkeep.begin(actor=ADMIN)
    upkeep.stop()

    state = upkeep.state()

    assert (len(state.backups), state.running_since, state.failure) == (1, 0, "")


def test_two_are_not_taken_at_once(upkeep: Upkeep) -> None:
    upkeep._claim()

    with pytest.raises(Conflict, match="being taken"):
        upkeep.begin(actor=ADMIN)
    upkeep.nightly()  # gives way without a word

    assert upkeep.state().backups == ()


def test_why_one_failed_is_told(hospital: Hospital, upkeep: Upkeep) -> None:
    folder = hospital.settings.effective_backup_dir
    folder.write_text("a file stands where the folder should be", encoding="utf-8")

    upkeep.nightly()

    state = upkeep.state()
    assert state.failure
    assert state.running_since == 0


def test_a_damaged_one_is_found_and_an_unknown_one_named(hospital: Hospital, upkeep: Upkeep) -> None:
    upkeep.nightly()
    name = upkeep.state().backups[0].name
    assert upkeep.prove(name, actor=ADMIN).name == name
    file = hospital.settings.effective_backup_dir / name
    file.write_bytes(file.read_bytes()[:-1] + b"\0\0")

    with pytest.raises(BackupBroken):
        upkeep.prove(name, actor=ADMIN)
    with pytest.raises(NotFound):
        upkeep.prove("../data/hospital.db", actor=ADMIN)


def test_the_alarm_begins_when_a_night_was_missed_and_ends_with_the_next_backup(
    hospital: Hospital, upkeep: Upkeep, clock: ManualClock
) -> None:
    upkeep.look()
    assert ALARM not in ringing(hospital)  # a hospital of a minute misses none

    clock.set(clock.now() + FRESH_US + HOUR_US)
    upkeep.look()
    upkeep.look()
    assert ringing(hospital).count(ALARM) == 1

    upkeep.nightly()
    clock.set(clock.now() + MINUTE_US)
    upkeep.look()
    assert ALARM not in ringing(hospital)


def ringing(hospital: Hospital) -> list[str]:
    live = hospital.live
    return [live.alarms[key].alarm_class for key in tuple(live.index.active_alarms)]


def test_what_has_no_manifest_is_neither_listed_nor_removed(tmp_path: Path, clock: ManualClock) -> None:
    settings = Settings(data_dir=tmp_path / "data", free_disk_floor_mb=0)
    open_hospital(settings, clock=clock).close()
    first = create_backup(settings, clock, tmp_path / "kept")
    clock.set(clock.now() + HOUR_US)
    second = create_backup(settings, clock, tmp_path / "kept")
    manifest_of(second).unlink()

    assert [path for path, _ in listed_backups(tmp_path / "kept")] == [first]
    assert keep_newest(tmp_path / "kept", 1) == []
    assert second.exists()

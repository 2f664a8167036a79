from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.fakes import START_US
from twin.clock import DAY_US, ManualClock
from twin.db.database import Database
from twin.errors import Refused, StorageError
from twin.events import registry
from twin.events.things import ZoneChanged
from twin.ledger.ledger import Ledger
from twin.ledger.retention import archive_and_prune
from twin.state.live import LiveState


def fill(ledger: Ledger, clock: ManualClock, days: int) -> None:
    for day in range(days):
        clock.set(START_US + day * DAY_US)
        events = [
            ZoneChanged(
                thing=f"t{i}", occurred_at=clock.now() + i, source="gateway:g", source_key=f"{day}/{i}", zone="z"
            )
            for i in range(10)
        ]
        ledger.submit(events).result(10)


@pytest.fixture
def ledger(database: Database, clock: ManualClock) -> Ledger:
    made = Ledger(database, state=LiveState(), clock=clock)
    fill(made, clock, 5)
    return made


def count(ledger: Ledger) -> list[int]:
    with ledger.database.read() as session:
        return [s.sequence for s in ledger.read(session)]


def test_nothing_is_taken_out_unless_the_setting_says_so(ledger: Ledger, tmp_path: Path) -> None:
    with pytest.raises(Refused):
        archive_and_prune(ledger.database, tmp_path, now=START_US + 99 * DAY_US, retention_days=0)

    assert len(count(ledger)) == 50


def test_nothing_is_taken_out_that_no_snapshot_holds(ledger: Ledger, tmp_path: Path) -> None:
    assert archive_and_prune(ledger.database, tmp_path, now=START_US + 99 * DAY_US, retention_days=1) is None


def test_old_events_go_to_an_archive_and_the_state_stays(ledger: Ledger, tmp_path: Path) -> None:
    ledger.take_snapshot().result(10)
    with ledger.database.read() as session:
        before = ledger.read(session)

    archive = archive_and_prune(ledger.database, tmp_path / "archive", now=START_US + 6 * DAY_US, retention_days=3)

    assert archive is not None
    assert (archive.first, archive.last) == (1, 30)
    lines = gzip.decompress(archive.path.read_bytes()).splitlines()
    assert [registry.decode(line) for line in lines] == [s.event for s in before[:30]]
    assert count(ledger) == list(range(31, 51))
    again = Ledger(ledger.database, state=LiveState())
    assert again.state.digest() == ledger.state.digest()


def test_an_older_snapshot_still_serves_when_the_newest_is_damaged(
    ledger: Ledger, clock: ManualClock, tmp_path: Path
) -> None:
    for days in (6, 7):
        ledger.take_snapshot().result(10)
        fill(ledger, clock, days)
    archive_and_prune(ledger.database, tmp_path, now=START_US + 99 * DAY_US, retention_days=1)

    damage = text(
        "UPDATE state_snapshots SET digest = 'x' WHERE sequence = (SELECT max(sequence) FROM state_snapshots)"
    )
    ledger.database.writer.run(lambda session: session.execute(damage))

    again = Ledger(ledger.database, state=LiveState())
    assert again.state.digest() == ledger.state.digest()


def test_a_slow_subscriber_keeps_what_it_has_not_seen(ledger: Ledger, tmp_path: Path) -> None:
    ledger.take_snapshot().result(10)
    row = text("INSERT INTO subscriptions (name, position, failures, error, updated_at) VALUES ('slow', 12, 0, '', 0)")
    ledger.database.writer.run(lambda session: session.execute(row))

    archive = archive_and_prune(ledger.database, tmp_path, now=START_US + 99 * DAY_US, retention_days=1)

    assert archive is not None
    assert archive.last == 12


def test_a_snapshot_is_not_judged_by_a_ledger_without_its_beginning(ledger: Ledger, tmp_path: Path) -> None:
    ledger.take_snapshot().result(10)
    archive_and_prune(ledger.database, tmp_path, now=START_US + 99 * DAY_US, retention_days=1)

    with ledger.database.read() as session, pytest.raises(StorageError, match="taken out"):
        ledger.verify(session)


def test_a_ledger_without_its_beginning_and_without_snapshot_does_not_pretend(ledger: Ledger, tmp_path: Path) -> None:
    ledger.take_snapshot().result(10)
    archive_and_prune(ledger.database, tmp_path, now=START_US + 99 * DAY_US, retention_days=1)
    fill(ledger, ManualClock(), 6)
    ledger.database.writer.run(lambda session: session.execute(text("DELETE FROM state_snapshots")))

    with pytest.raises(StorageError, match="Restore a backup"):
        Ledger(ledger.database, state=LiveState())

from __future__ import annotations

import os
import random
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pysqlite3 import dbapi2

from tests.crash.power import ApswChannel, Disk, PowerVfs
from twin.clock import SystemClock
from twin.db.database import open_database
from twin.db.writer import Writer
from twin.errors import HospitalTwinError
from twin.events.things import ZoneChanged
from twin.ids import UniqueIds
from twin.ledger import tables
from twin.ledger.rows import AT_ONCE
from twin.ledger.storing import EventStore
from twin.settings import Settings

assert tables.EVENTS is not None

CUTS = int(os.environ.get("HOSPITAL_TWIN_CUTS", "300"))


@dataclass
class Outcome:
    cuts: int = 0
    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    damaged: int = 0
    torn: int = 0
    gaps: int = 0


@dataclass
class Sent:
    """What was sent before the power failed: each batch is stored as a whole or not at all."""

    acknowledged: set[str] = field(default_factory=set)
    batches: list[list[str]] = field(default_factory=list)


def zone(number: int) -> ZoneChanged:
    return ZoneChanged(thing="t", occurred_at=number, source="gateway:g", source_key=str(number), zone="icu")


def cut_once(template: Path, folder: Path, synchronous: str, chance: random.Random) -> tuple[Sent, Path]:
    """Store events until the power fails; give what was sent and the database that is left."""
    before, after = folder / "before", folder / "after"
    before.mkdir()
    after.mkdir()
    path = before / "hospital.db"
    shutil.copy(template, path)
    disk = Disk(fails_after=chance.randrange(4, 220))
    vfs = PowerVfs(f"power-{folder.name}", disk)
    sent = Sent()
    try:
        writer = Writer(ApswChannel(path, f"power-{folder.name}", synchronous), group_limit=chance.choice([1, 4, 64]))
    except Exception:  # the power failed while the connection was made: nothing was acknowledged
        return sent, disk.after_the_cut(after, chance)
    store = EventStore(SystemClock(), UniqueIds())
    number = 0
    while disk.left >= 0:
        futures = []
        for _ in range(chance.randrange(1, 12)):
            # now and then more than fit into one statement
            size = AT_ONCE + chance.randrange(1, 60) if chance.random() < 0.03 else chance.randrange(1, 5)
            events = [zone(number + i) for i in range(size)]
            number += len(events)
            sent.batches.append([event.source_key for event in events])
            futures.append((events, writer.submit_work(lambda transaction, e=events: store.store(transaction, e))))
        for events, future in futures:
            try:
                future.result(10)
            except HospitalTwinError:
                continue
            sent.acknowledged.update(event.source_key for event in events)
    left = disk.after_the_cut(after, chance)
    writer.close()
    vfs.unregister()
    return sent, left


def cut_often(folder: Path, synchronous: str, cuts: int, seed: int) -> Outcome:
    settings = Settings(data_dir=folder / "template", free_disk_floor_mb=0)
    with open_database(settings) as database:
        database.create_tables()
    chance, outcome = random.Random(seed), Outcome()
    for number in range(cuts):
        place = folder / f"{synchronous}-{number}"
        place.mkdir()
        sent, left = cut_once(settings.data_dir / "hospital.db", place, synchronous, chance)
        connection = dbapi2.connect(str(left))
        outcome.damaged += connection.execute("PRAGMA integrity_check").fetchall() != [("ok",)]
        rows = connection.execute("SELECT sequence, source_key FROM events ORDER BY sequence").fetchall()
        connection.close()
        stored, kept = [key for _, key in rows], {key for _, key in rows}
        shutil.rmtree(place)
        outcome.cuts += 1
        outcome.acknowledged += len(sent.acknowledged)
        outcome.lost += len(sent.acknowledged - kept)
        outcome.doubled += len(stored) - len(kept)
        outcome.torn += sum(0 < len(kept.intersection(batch)) < len(batch) for batch in sent.batches)
        outcome.gaps += [sequence for sequence, _ in rows] != list(range(1, len(rows) + 1))
    return outcome


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_no_acknowledged_event_is_lost_when_the_power_fails(tmp_path: Path) -> None:
    outcome = cut_often(tmp_path, "FULL", CUTS, seed=1)

    assert outcome.acknowledged > 10 * outcome.cuts
    assert (outcome.lost, outcome.doubled, outcome.damaged) == (0, 0, 0)
    assert (outcome.torn, outcome.gaps) == (0, 0)


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_the_same_test_notices_when_commits_are_not_forced_to_disk(tmp_path: Path) -> None:
    outcome = cut_often(tmp_path, "NORMAL", max(CUTS // 5, 20), seed=2)

    assert outcome.lost > 0

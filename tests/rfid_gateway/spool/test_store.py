from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pysqlite3 import dbapi2 as sqlite

from rfid_gateway.spool.store import Entry, Priority, Quota, RowKind, Spool, Watermark
from tests.conftest import ROOT
from twin.errors import StorageError

NOW = 1_767_600_000_000_000
KILLS = int(os.environ.get("HOSPITAL_TWIN_SPOOL_KILLS", "8"))


def entries(count: int, priority: Priority = Priority.EVENT) -> list[Entry]:
    return [Entry(RowKind.EVENT, b"%d" % i, priority) for i in range(count)]


def test_rows_come_back_in_order_with_gapless_numbers() -> None:
    spool = Spool(None, now=NOW)
    spool.append(entries(3))
    spool.append(entries(2))

    assert [row.seq for row in spool.peek(10)] == [1, 2, 3, 4, 5]
    spool.close()


def test_row_goes_only_when_the_core_has_it() -> None:
    spool = Spool(None, now=NOW)
    spool.append(entries(5))

    spool.peek(5)
    assert len(spool) == 5
    spool.free(Watermark(spool.boot, 3))

    assert [row.seq for row in spool.peek(10)] == [4, 5]
    spool.close()


def test_watermark_of_another_boot_frees_nothing(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    first = Spool(path, now=NOW)
    first.append(entries(2))
    first.close()
    second = Spool(path, now=NOW)
    second.append(entries(2))

    assert second.boot > first.boot
    assert second.free(Watermark(second.boot, 99)) == 2
    assert [row.boot for row in second.peek(9)] == [first.boot] * 2
    second.close()


def test_rows_of_an_earlier_boot_are_sent_first_and_by_themselves(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    first = Spool(path, now=NOW)
    first.append(entries(2))
    first.close()
    second = Spool(path, now=NOW - 3_600_000_000)  # the clock was set back
    second.append(entries(3))

    assert {row.boot for row in second.peek(99)} == {first.boot}
    second.free(Watermark(first.boot, 2))
    assert {row.boot for row in second.peek(99)} == {second.boot}
    second.close()


def test_full_spool_drops_the_least_important_first_and_alarms_never() -> None:
    spool = Spool(None, now=NOW, quota=Quota(rows=100))
    spool.append(entries(50, Priority.ALARM))
    spool.append(entries(30, Priority.CONFIRMATION))
    spool.append(entries(60, Priority.EVENT))

    rows = spool.peek(1000)

    assert [row.seq for row in rows] == list(range(1, 141))
    assert [row.seq for row in rows if not row.body] == list(range(51, 96))  # all confirmations, then the oldest events
    assert (spool.dropped, spool.coalesced) == (45, 0)
    spool.close()


def rows_in_file(spool: Spool) -> int:
    count: int = spool._database.execute("SELECT count(*) FROM rows").fetchone()[0]
    return count


def test_run_of_emptied_rows_takes_one_row_and_is_told_number_by_number(tmp_path: Path) -> None:
    path, quota = tmp_path / "spool.db", Quota(rows=100)
    spool = Spool(path, now=NOW, quota=quota)
    for _ in range(40):
        spool.append(entries(50))
    boot = spool.boot
    in_file, waiting = rows_in_file(spool), len(spool)
    spool.free(Watermark(boot, 1234))
    spool.close()

    again = Spool(path, now=NOW, quota=quota)
    told = again.peek(5000)
    first = again.peek(3)

    assert in_file <= 101
    assert (waiting, len(again)) == (2000, 766)
    assert [row.seq for row in told] == list(range(1235, 2001))
    assert [bool(row.body) for row in told[-50:]] == [True] * 50
    assert [(row.seq, row.body) for row in first] == [(1235, b""), (1236, b""), (1237, b"")]
    again.close()


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([Priority.ALARM, Priority.EVENT, Priority.SAMPLES]), st.integers(0, 9), st.integers(0, 12)
        ),
        max_size=30,
    )
)
def test_numbers_stay_gapless_whatever_is_emptied_and_freed(steps: list[tuple[Priority, int, int]]) -> None:
    spool = Spool(None, now=NOW, quota=Quota(rows=10))
    alarms: set[int] = set()
    done = 0
    for priority, count, freed in steps:
        first = spool.next_seq
        spool.append(entries(count, priority))
        alarms |= set(range(first, first + count)) if priority is Priority.ALARM else set()
        done = min(done + freed, spool.next_seq - 1)
        spool.free(Watermark(spool.boot, done))

        rows = spool.peek(1000)
        assert [row.seq for row in rows] == list(range(done + 1, spool.next_seq))
        assert len(spool) == len(rows)
        assert {row.seq for row in rows if row.body} >= {seq for seq in alarms if seq > done}
        assert [row.seq for row in spool.peek(4)] == [row.seq for row in rows[:4]]
    spool.close()


def test_file_of_an_earlier_release_is_taken_on(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    old = sqlite.connect(path, isolation_level=None)
    old.execute(
        "CREATE TABLE rows (boot INTEGER NOT NULL, seq INTEGER NOT NULL, kind INTEGER NOT NULL,"
        " priority INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (boot, seq)) STRICT, WITHOUT ROWID"
    )
    old.execute("INSERT INTO rows VALUES (7, 1, 0, 2, x'61'), (7, 2, 0, 2, x'62')")
    old.close()

    spool = Spool(path, now=NOW)

    assert [(row.boot, row.seq, row.body) for row in spool.peek(9)] == [(7, 1, b"a"), (7, 2, b"b")]
    assert (len(spool), spool.free(Watermark(7, 1)), len(spool)) == (2, 1, 1)
    spool.close()


def test_spool_that_holds_only_alarms_keeps_them_all() -> None:
    spool = Spool(None, now=NOW, quota=Quota(rows=10))

    spool.append(entries(30, Priority.ALARM))

    assert (len(spool.peek(100)), spool.dropped) == (30, 0)
    spool.close()


def confirmations(*topics: str) -> list[Entry]:
    return [Entry(RowKind.EVENT, b"x" * 10, Priority.CONFIRMATION, topic) for topic in topics]


def test_confirmations_that_newer_ones_overtook_go_before_anything_is_dropped() -> None:
    spool = Spool(None, now=NOW, quota=Quota(rows=6))
    spool.append(confirmations("A", "B", "A", "", "A", "B", "C"))

    kept = [row.seq for row in spool.peek(100) if row.body]

    assert kept == [4, 5, 6, 7]  # the newest about each, and the one about nothing
    assert (spool.coalesced, spool.dropped) == (3, 0)
    spool.close()


def test_full_spool_does_not_drop_more_with_every_row_that_comes() -> None:
    spool = Spool(None, now=NOW, quota=Quota(rows=100))
    spool.append(entries(101))

    for _ in range(5):
        spool.append(entries(1))

    assert spool.dropped == 6  # one over, and a twentieth of room, which the five rows then take
    spool.close()


def test_large_rows_fill_a_spool_as_many_small_ones_do(tmp_path: Path) -> None:
    path, quota = tmp_path / "spool", Quota(octets=10_000)
    spool = Spool(path, now=NOW, quota=quota)
    spool.append([Entry(RowKind.SAMPLES, b"x" * 1000, Priority.SAMPLES) for _ in range(12)])
    held = sum(len(row.body) for row in spool.peek(100))
    spool.close()

    again = Spool(path, now=NOW, quota=quota)
    again.append([Entry(RowKind.EVENT, b"y" * 900)])

    assert held <= 10_000
    assert sum(len(row.body) for row in again.peek(100)) <= 10_000
    assert again.dropped >= 3
    again.close()


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 30)), max_size=20))
def test_what_was_put_in_and_not_freed_is_there(steps: list[tuple[int, int]]) -> None:
    spool = Spool(None, now=NOW)
    kept: list[int] = []
    for count, freed in steps:
        first = spool.next_seq
        spool.append(entries(count))
        kept += range(first, first + count)
        spool.free(Watermark(spool.boot, freed))
        kept = [seq for seq in kept if seq > freed]

    assert [row.seq for row in spool.peek(1000)] == kept
    assert len(spool) == len(kept)
    spool.close()


def test_file_that_is_no_spool_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    path.write_bytes(b"this is no database at all" * 100)

    with pytest.raises(StorageError):
        Spool(path, now=NOW)


PRODUCER = """
import sys, itertools
from pathlib import Path
from pysqlite3 import dbapi2 as sqlite
from rfid_gateway.spool.store import Entry, RowKind, Spool, Watermark

spool = Spool(Path(sys.argv[1]), now=1_767_600_000_000_000)
core = sqlite.connect(sys.argv[2], isolation_level=None)
core.execute("CREATE TABLE IF NOT EXISTS facts (boot, seq, body, PRIMARY KEY (boot, seq))")
for i in itertools.count():
    last = spool.append([Entry(RowKind.EVENT, b"%d" % n) for n in range(20)])
    sys.stdout.write(f"{spool.boot} {last}\\n"); sys.stdout.flush()
    if i % 3 == 0:
        rows = spool.peek(50)
        core.execute("BEGIN")
        core.executemany("INSERT OR IGNORE INTO facts VALUES (?, ?, ?)", [(r.boot, r.seq, r.body) for r in rows])
        core.execute("COMMIT")
        if i % 2 == 0:  # every other acknowledgement is lost on its way back
            spool.free(Watermark(rows[-1].boot, rows[-1].seq))
"""


def test_gateway_that_is_killed_again_and_again_loses_and_doubles_nothing(tmp_path: Path) -> None:
    spool_path, core_path = tmp_path / "spool.db", tmp_path / "core.db"
    chance, told = random.Random(4), dict[int, int]()
    for _ in range(KILLS):
        process = subprocess.Popen(
            [sys.executable, "-c", PRODUCER, str(spool_path), str(core_path)],
            stdout=subprocess.PIPE,
            cwd=ROOT,
            text=True,
        )
        assert process.stdout is not None
        for _ in range(chance.randint(2, 12)):
            boot, last = map(int, process.stdout.readline().split())
            told[boot] = last
        process.send_signal(signal.SIGKILL)
        for line in process.stdout:
            boot, last = map(int, line.split())
            told[boot] = last
        process.stdout.close()
        process.wait()
    spool = Spool(spool_path, now=NOW)
    core = sqlite.connect(core_path)

    while rows := spool.peek(500):
        core.executemany(
            "INSERT OR IGNORE INTO facts VALUES (?, ?, ?)", [(row.boot, row.seq, row.body) for row in rows]
        )
        spool.free(Watermark(rows[-1].boot, rows[-1].seq))
    core.commit()

    for boot, last in told.items():
        found = [seq for (seq,) in core.execute("SELECT seq FROM facts WHERE boot = ? ORDER BY seq", (boot,))]
        assert found[:last] == list(range(1, last + 1))
        assert found == list(range(1, len(found) + 1))
    core.close()
    spool.close()


def test_full_disk_is_told_and_takes_no_number(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db", now=1)
    database = spool._database
    database.execute(f"PRAGMA max_page_count = {database.execute('PRAGMA page_count').fetchone()[0]}")

    with pytest.raises(StorageError):
        spool.append([Entry(RowKind.EVENT, bytes(1_000_000))])
    database.execute("PRAGMA max_page_count = 100000")
    last = spool.append([Entry(RowKind.EVENT, b"{}")])

    assert (last, len(spool)) == (1, 1)
    spool.close()


def test_when_bins_were_seen_is_kept_with_the_rows_and_old_ones_are_forgotten(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", now=1)
    spool.append([], bins={"OLD": 10, "NEW": 50})
    spool.append([Entry(RowKind.EVENT, b"e")], bins={"NEW": 60})
    spool.close()

    again = Spool(tmp_path / "spool", now=2)

    assert again.bins_seen(since=20) == {"NEW": 60}
    assert again.bins_seen(since=0) == {"NEW": 60}
    assert [row.seq for row in again.peek(5)] == [1]
    again.close()

"""A damaged spool file is put aside, and what can still be read of it waits under its old numbers."""

from __future__ import annotations

from pathlib import Path

import pytest
from pysqlite3 import dbapi2 as sqlite

from rfid_gateway.spool.rescue import rescue_if_damaged
from rfid_gateway.spool.store import Entry, Priority, RowKind, Spool
from twin.errors import StorageError

NOW = 1_767_600_000_000_000
ROWS = 2000


def filled(path: Path) -> int:
    """Fill a spool file of some hundred pages; give its boot."""
    spool = Spool(path, now=NOW)
    spool.append([Entry(RowKind.EVENT, b"%06d" % i * 40, Priority.EVENT) for i in range(ROWS)])
    spool.append([], bins={"BIN1": NOW})
    boot = spool.boot
    spool.close()
    with sqlite.connect(str(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return boot


def spoil(path: Path, *, first: float, last: float) -> None:
    """Overwrite the pages between two shares of a file."""
    content = bytearray(path.read_bytes())
    start, end = (round(len(content) * share) // 4096 * 4096 for share in (first, last))
    content[start:end] = b"\xa5" * (end - start)
    path.write_bytes(content)


def test_a_file_that_is_in_order_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    assert rescue_if_damaged(path, NOW) is None  # there is none yet
    filled(path)

    assert rescue_if_damaged(path, NOW) is None
    assert sorted(one.name for one in tmp_path.iterdir()) == ["spool.db"]


@pytest.mark.parametrize(("first", "last"), [(0.5, 0.52), (0.3, 0.6), (0.9, 1.0)])
def test_what_lies_before_and_behind_the_damage_is_saved_under_its_numbers(
    first: float, last: float, tmp_path: Path
) -> None:
    path = tmp_path / "spool.db"
    boot = filled(path)
    spoil(path, first=first, last=last)

    rescue = rescue_if_damaged(path, NOW)

    assert rescue is not None
    assert rescue.aside.exists()
    assert rescue.rows >= ROWS * (1 - (last - first)) * 0.8
    spool = Spool(path, now=NOW)
    found = spool.peek(ROWS)
    assert [one.body for one in found] == [b"%06d" % (one.seq - 1) * 40 for one in found]  # each its own
    assert len(spool) == rescue.rows
    # A new boot begins above the old one, so that no number is used twice.
    assert (found[0].boot, found[0].seq, spool.boot > boot) == (boot, 1, True)
    spool.close()


def test_a_file_that_was_cut_off_is_saved_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    filled(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2 // 4096 * 4096])

    rescue = rescue_if_damaged(path, NOW)

    assert rescue is not None
    Spool(path, now=NOW).close()  # whatever could be read of it, the gateway starts


def test_another_kind_of_file_is_not_put_aside(tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text("id: east\n" * 1000)

    assert rescue_if_damaged(path, NOW) is None
    with pytest.raises(StorageError):
        Spool(path, now=NOW)


def test_a_file_that_cannot_be_read_is_told_as_trouble_of_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    filled(path)
    spool = Spool(path, now=NOW)
    spool.close()

    with pytest.raises(StorageError) as told:
        spool.peek(ROWS)
    spoil(path, first=0.1, last=0.9)
    with pytest.raises(StorageError):
        Spool(path, now=NOW)

    assert told.value.code == "spool.file"

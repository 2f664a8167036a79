"""Sticking tags to devices by a sheet: two thousand at once, and every mistake told before anything is bound."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.imports.masters import MasterKind
from server.imports.runs import import_master
from server.wiring import Hospital, open_hospital
from twin.clock import ManualClock
from twin.errors import ImportRefused
from twin.settings import load_settings

NOW = 1_790_000_000_000_000
ONE, TWO, THREE = "3414257BF40C0E4000000065", "3414257BF40C0E4000000066", "3414257BF40C0E4000000067"


@pytest.fixture
def hospital(tmp_path: Path):
    opened = open_hospital(load_settings(data_dir=tmp_path / "data"), clock=ManualClock(NOW))
    yield opened
    opened.close()


def sheet(hospital: Hospital, kind: MasterKind, text: str, *, is_dry_run: bool = False) -> int:
    path = hospital.settings.data_dir / "sheet.csv"
    path.write_text(text)
    hospital.clock.advance(60)
    return import_master(hospital, kind, path, is_dry_run=is_dry_run, actor="user-1").n_new


def devices(hospital: Hospital, count: int = 3) -> None:
    rows = "".join(f"P{number},pump,Pump {number}\n" for number in range(count))
    sheet(hospital, MasterKind.ASSETS, "id,category,name\n" + rows)


def tags(hospital: Hospital, *rows: str, is_dry_run: bool = False) -> int:
    return sheet(hospital, MasterKind.TAGS, "tag,asset,mode\n" + "\n".join(rows) + "\n", is_dry_run=is_dry_run)


def carried(hospital: Hospital) -> dict[str, str]:
    return {tag.id: tag.bound.bearer for tag in hospital.live.tags.values() if tag.bound is not None}


def test_two_thousand_devices_get_their_tags_at_once(hospital: Hospital) -> None:
    devices(hospital, 2000)
    rows = [f"3414257BF40C0E40{number:08X},P{number}," for number in range(2000)]

    looked = tags(hospital, *rows, is_dry_run=True)
    assert (looked, carried(hospital)) == (2000, {})
    assert tags(hospital, *rows) == 2000

    assert carried(hospital) == {f"3414257BF40C0E40{number:08X}": f"P{number}" for number in range(2000)}
    assert tags(hospital, *rows) == 0  # once more changes nothing


@pytest.mark.parametrize(
    ("rows", "place", "field"),
    [
        ([f"{ONE},P0,", f"{ONE},P1,"], "row 3", "tag"),  # a label scanned for two devices
        ([f"{ONE},P0,", f"{ONE.lower()},P1,"], "row 3", "tag"),  # the same, written otherwise
        ([f"{ONE},P0,", f"{TWO},P0,"], "row 3", "asset"),  # a second label on a device
        ([f"{ONE},P9,"], "row 2", "asset"),  # a device that nobody registered
        ([f"{THREE},P1,"], "row 2", "tag"),  # on P2 since before
        ([f"{ONE},P2,"], "row 2", "asset"),  # P2 carries one already
        (["3414257BF40C0E40000000,P0,"], "row 2", "tag"),  # a word is missing
        (["zz,P0,"], "row 2", "tag"),
        (["nfc:04A22C,P0,"], "row 2", "tag"),  # no UID has three octets
        ([f"{ONE},P0,perhaps"], "row 2", "mode"),
        ([f",P0,{ONE}"], "row 2", "tag"),
    ],
)
def test_mistake_is_told_with_its_row_and_nothing_is_bound(
    hospital: Hospital, rows: list[str], place: str, field: str
) -> None:
    devices(hospital)
    tags(hospital, f"{THREE},P2,")

    for is_dry_run in (True, False):
        with pytest.raises(ImportRefused) as told:
            tags(hospital, *rows, is_dry_run=is_dry_run)
        assert (place, field) in {(one.place, one.field) for one in told.value.problems}

    assert carried(hospital) == {THREE: "P2"}


def test_device_may_carry_a_second_tag_or_have_the_first_taken_off(hospital: Hospital) -> None:
    devices(hospital)
    tags(hospital, f"{ONE},P0,")

    tags(hospital, f"{TWO},P0,also")
    assert carried(hospital) == {ONE: "P0", TWO: "P0"}

    assert tags(hospital, f"{THREE},P0,instead") == 3
    assert carried(hospital) == {THREE: "P0"}


def test_label_that_was_taken_off_can_be_used_again(hospital: Hospital) -> None:
    devices(hospital)
    tags(hospital, f"{ONE},P0,")
    tags(hospital, f"{TWO},P0,instead")

    assert tags(hospital, f"{ONE},P1,") == 1

    assert carried(hospital) == {ONE: "P1", TWO: "P0"}

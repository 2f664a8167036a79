"""Work orders of a previous system: looked at first, taken over once, refused as a whole, and counted by reliability."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assets.model.register import Asset
from assets.service import fleet, work
from assets.service.act import Act
from assets.service.register import register_asset
from server.imports.masters import MasterKind
from server.imports.runs import import_master
from server.wiring import Hospital, open_hospital
from twin.access import SYSTEM
from twin.clock import DAY_US, ManualClock
from twin.errors import ImportRefused
from twin.settings import Settings

NOW = 1_790_000_000 * 1_000_000  # 2026-09-21 14:13:20 UTC
HEAD = (
    "id,asset,kind,opened,closed,failure_code,finding,minutes,labour_cost_minor,parts_cost_minor,down_from,down_until\n"
)
REPAIRS = HEAD + (
    "1,C-1,corrective,2025-03-01 08:00,2025-03-02 08:00,latch,,45,4500,12000,,\n"
    "2,C-1,corrective,2025-06-01T08:00:00+02:00,2025-06-01T20:00:00+02:00,,no_problem_found,10,0,0,,\n"
    "3,pump-1,corrective,2025-09-01,2025-09-03,battery,repaired,0,0,0,2025-09-01 06:00,2025-09-01 18:00\n"
    "4,pump-1,preventive,2025-10-01,2025-10-01,,,30,0,0,,\n"
)


@pytest.fixture
def hospital(tmp_path: Path) -> Iterator[Hospital]:
    settings = Settings(data_dir=tmp_path, free_disk_floor_mb=0, time_zone="Europe/Berlin")
    opened = open_hospital(settings, clock=ManualClock(NOW))
    asset = Asset(
        id="pump-1",
        control_no="C-1",
        category="infusion_pump",
        name="Pump",
        manufacturer="Acme",
        model="M",
        commissioned_at=NOW - 3000 * DAY_US,
    )
    act = Act(actor=SYSTEM, now=NOW, key="enter", ledger=opened.ledger)
    opened.write_now(lambda session: register_asset(session, act=act, asset=asset))
    yield opened
    opened.close()


def take_over(hospital: Hospital, text: str, *, is_dry_run: bool = False) -> int:
    path = hospital.settings.data_dir / "repairs.csv"
    path.write_text(text, encoding="utf-8")
    return import_master(hospital, MasterKind.WORK_ORDERS, path, is_dry_run=is_dry_run).n_new


def kept(hospital: Hospital) -> list[work.WorkOrder]:
    with hospital.read() as session:
        return work.list_work_orders(session, asset="pump-1")


def test_a_dry_run_counts_and_the_import_is_kept_once(hospital: Hospital) -> None:
    assert take_over(hospital, REPAIRS, is_dry_run=True) == 4
    assert kept(hospital) == []

    assert [take_over(hospital, REPAIRS), take_over(hospital, REPAIRS)] == [4, 0]
    assert take_over(hospital, REPAIRS + "5,C-1,corrective,2026-01-01,2026-01-02,,,0,0,0,,\n") == 1

    orders = {order.id: order for order in kept(hospital)}
    assert set(orders) == {f"past:{n}" for n in range(1, 6)}
    assert orders["past:1"].failure_code == "latch"
    assert (orders["past:1"].labour[0].minutes, orders["past:1"].parts[0].cost) == (45, 12000)
    # Berlin is an hour before UTC on the first of March: the file says no offset, so the hospital's zone holds.
    assert orders["past:1"].opened_at == 1_740_812_400 * 1_000_000
    assert orders["past:2"].opened_at == 1_748_757_600 * 1_000_000


def test_what_was_taken_over_is_counted_with_its_own_down_times(hospital: Hospital) -> None:
    take_over(hospital, REPAIRS)

    with hospital.read() as session:
        (group,) = fleet.groups(session, now=NOW + DAY_US)
        ((device,),) = fleet.watched(session, now=NOW + DAY_US).values()

    assert (group.failures, group.mtbf_days.events) == (3, 3)
    assert device.down_days * 24 == pytest.approx(24 + 12 + 12)  # as the sheet says where it says so, else while open


def test_a_device_that_never_failed_counts_since_the_previous_system_s_first_record(hospital: Hospital) -> None:
    act = Act(actor=SYSTEM, now=NOW, key="enter-2", ledger=hospital.ledger)
    twin = Asset(
        id="pump-2",
        control_no="C-2",
        category="infusion_pump",
        name="Pump 2",
        manufacturer="Acme",
        model="M",
        serial="2",
        commissioned_at=NOW - 3000 * DAY_US,
    )
    hospital.write_now(lambda session: register_asset(session, act=act, asset=twin))
    take_over(hospital, REPAIRS)

    with hospital.read() as session:
        (watched,) = fleet.watched(session, now=NOW + DAY_US).values()

    first_at = 1_740_812_400 * 1_000_000
    born = NOW - 3000 * DAY_US
    assert {one.asset: round(one.start, 6) for one in watched} == {
        "pump-1": round((first_at - 1 - born) / DAY_US, 6),
        "pump-2": round((first_at - born) / DAY_US, 6),
    }


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ("9,nobody,corrective,2025-01-01,2025-01-02,,,0,0,0,,", "asset"),
        ("9,C-1,corrective,2025-01-02,2025-01-01,,,0,0,0,,", "closed"),  # over before it began
        ("9,C-1,corrective,2026-09-21,2026-09-22,,,0,0,0,,", "closed"),  # has not happened
        ("9,C-1,corrective,2025-01-01,,,,0,0,0,,", "closed"),
        ("9,C-1,sweeping,2025-01-01,2025-01-02,,,0,0,0,,", "kind"),
        ("9,C-1,corrective,yesterday,2025-01-02,,,0,0,0,,", "opened"),
        ("9,C-1,corrective,2025-01-01,2025-01-02,,,-5,0,0,,", "minutes"),
        ("9,C-1,corrective,2025-01-01,2025-01-02,,,0,0,0,2025-01-02,2025-01-01", "down_until"),
        ("9,C-1,corrective,2025-01-01,2025-01-02,,,0,0,0,,2025-01-01", "down_until"),
        ("1,C-1,corrective,2025-01-01,2025-01-02,,,0,0,0,,", "id"),  # the number stands there already
    ],
)
def test_a_row_that_cannot_be_used_keeps_all_of_the_file_back(hospital: Hospital, row: str, field: str) -> None:
    with pytest.raises(ImportRefused) as caught:
        take_over(hospital, REPAIRS + row + "\n")

    assert [(one.field, one.place) for one in caught.value.problems] == [(field, "row 6")]
    assert kept(hospital) == []

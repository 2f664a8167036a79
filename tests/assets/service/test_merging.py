"""Two register entries of one reprocessing machine become one with all cycles of both."""

from __future__ import annotations

import pytest
from sqlmodel import Session, col, select

from assets.model.drift import DriftWatch, Feature
from assets.model.loads import DAY_S, MachineTest, MachineTestKind
from assets.model.machine import DetectionState, Machine
from assets.model.register import Asset
from assets.service.drift import list_watches, save_watch
from assets.service.loads import get_load, open_load, record_test
from assets.service.merging import merge_assets
from assets.service.register import register_asset
from assets.tables.reprocessing import detection_of_row, latest_test, machine_of_row, save_machine, write_detection
from assets.tables.rows import CycleRow, MachineRow
from tests.assets.conftest import House
from twin.clock import SECOND_US
from twin.errors import Refused

DAY_US = DAY_S * SECOND_US


def enter(house: House, *names: str) -> None:
    for number, name in enumerate(names):
        asset = Asset(id=name, control_no=f"S{number}", category="steriliser", name=name, serial=f"{number}")
        house.do(register_asset, act=house.act(), asset=asset)


def add_cycle(house: House, machine: str, *, start: int, end: int) -> None:
    row = CycleRow(id=f"{machine}:{start}", machine=machine, start_at=start, end_at=end)
    house.do(lambda session: session.add(row))


def follow_until(house: House, machine: str, at: int) -> None:
    def use_case(session: Session) -> None:
        row = session.get(MachineRow, machine)
        assert row is not None
        write_detection(session, row, DetectionState(watermark_us=at))

    house.do(use_case)


def test_a_machine_goes_on_under_the_kept_entry_with_its_cycles_loads_and_tests(house: House) -> None:
    enter(house, "ster-1", "ster-2")
    house.do(lambda session: save_machine(session, Machine(id="ster-2", place="cssd")))
    follow_until(house, "ster-2", 77)
    add_cycle(house, "ster-2", start=10, end=20)
    load = house.do(open_load, act=house.act(), machine="ster-2")
    now = house.clock.now()
    test = MachineTest(machine="ster-2", kind=MachineTestKind.LEAK, at=now, valid_until=now + DAY_US, is_passed=True)
    house.do(record_test, act=house.act(), test=test)
    watch = DriftWatch(id="w", asset="ster-2", feature=Feature.LEAK_KPA_PER_MIN)
    house.do(save_watch, act=house.act(), watch=watch)

    house.do(merge_assets, act=house.act(), keep="ster-1", drop="ster-2")

    (row,) = house.ask(lambda session: session.exec(select(MachineRow)).all())
    # Its samples come under the old name still, and detection goes on where it stood: nothing is judged twice.
    assert machine_of_row(row) == Machine(id="ster-1", place="cssd", device="ster-2")
    assert (row.device, detection_of_row(row).watermark_us) == ("ster-2", 77)
    cycles = house.ask(lambda s: s.exec(select(CycleRow.machine).where(col(CycleRow.id) == "ster-2:10")).all())
    assert cycles == ["ster-1"]
    assert house.ask(get_load, load_id=load.id).machine == "ster-1"
    assert house.ask(latest_test, machine="ster-1", kind=MachineTestKind.LEAK, at=now) is not None
    assert [one.asset for one in house.ask(list_watches, asset="ster-1")] == ["ster-1"]


def test_two_machines_or_one_that_runs_are_not_merged(house: House) -> None:
    enter(house, "ster-1", "ster-2")
    for name in ("ster-1", "ster-2"):
        house.do(lambda session, name=name: save_machine(session, Machine(id=name)))
    add_cycle(house, "ster-2", start=10, end=0)

    with pytest.raises(Refused) as refused:
        house.do(merge_assets, act=house.act(), keep="ster-1", drop="ster-2")

    assert set(refused.value.reasons) == {"machine.both", "machine.running"}

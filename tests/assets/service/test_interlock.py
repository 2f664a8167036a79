"""Loads that wait to be started: what the machine's tests, its programme and the sets say."""

from __future__ import annotations

from typing import Any

from assets.model.loads import DAY_S, LoadItem, MachineTest, MachineTestKind
from assets.model.machine import Machine
from assets.model.programme import Evidence, Programme
from assets.rules.interlock import ItemReason
from assets.service.interlock import start_check, waiting
from assets.service.loads import open_load, record_test
from assets.tables.reprocessing import save_machine, save_programme
from tests.assets.conftest import House
from tests.assets.service.test_tracing import biological, reprocess
from twin.clock import HOUR_US

VALIDATED = Programme(
    id="P134",
    band_low_c=134.0,
    band_high_c=137.0,
    required_hold_s=180.0,
    required=frozenset({Evidence.CONTROL_TEMPERATURE, Evidence.LEAK_TEST}),
    source="PQ report",
)
SET = LoadItem(set_instance="set-1", gtin="09506000134352", shelf_life_s=DAY_S)


def machine(house: House, *programmes: Programme) -> None:
    def prepare(session: Any) -> None:
        for programme in programmes:
            save_programme(session, programme)
        told = {number: one.id for number, one in enumerate(programmes)}
        save_machine(session, Machine(id="ster-1", programmes=told))

    house.do(prepare)


def leak_tested(house: House, *, is_passed: bool = True, hours: int = 24) -> None:
    now = house.clock.now()
    test = MachineTest(
        machine="ster-1",
        kind=MachineTestKind.LEAK,
        at=now,
        valid_until=now + hours * HOUR_US,
        is_passed=is_passed,
    )
    house.do(record_test, act=house.act(), test=test)


def load(house: House, *items: LoadItem) -> str:
    return house.do(open_load, act=house.act(), machine="ster-1", items=items or (SET,)).id


def test_a_load_may_start_until_the_test_of_its_machine_runs_out(house: House) -> None:
    machine(house, VALIDATED)
    leak_tested(house, hours=1)
    name = load(house)
    ready = house.ask(start_check, load_id=name, now=house.clock.now())

    late = house.ask(start_check, load_id=name, now=house.clock.now() + HOUR_US)
    house.clock.advance(60)
    leak_tested(house, is_passed=False)
    failed = house.ask(start_check, load_id=name, now=house.clock.now())

    assert ready.may_start
    assert late.reasons == ("evidence_missing.leak_test",)
    assert failed.reasons == ("precondition.leak_test",)


def test_a_programme_without_a_source_and_one_of_another_machine_are_told(house: House) -> None:
    bare = Programme(id="P121", band_low_c=121.0, band_high_c=124.0, required_hold_s=900.0)
    machine(house, VALIDATED, bare)
    leak_tested(house)
    name = load(house)
    now = house.clock.now()

    assert house.ask(start_check, load_id=name, now=now).warnings == ("programme.not_validated",)
    assert house.ask(start_check, load_id=name, now=now, programme="P121").reasons == ("programme.not_validated",)
    assert house.ask(start_check, load_id=name, now=now, programme="P99").reasons == (
        "programme.unknown",
        "programme.not_of_machine",
    )


def test_recalled_sets_and_sets_in_two_loads_are_named(house: House) -> None:
    cycle = reprocess(house, "s1", "set-1")
    biological(house, cycle, is_passed=False)
    machine(house, VALIDATED)
    leak_tested(house)
    first = load(house)
    second = load(house, SET, LoadItem(asset="gone"))

    found = {one.load: one.items for one in house.ask(waiting, now=house.clock.now())}

    twice, recalled = (ItemReason(item="set-1", code=f"set.{what}") for what in ("in_another_load", "recalled"))
    assert found == {
        first: (twice, recalled),
        second: (ItemReason(item="gone", code="device.unknown"), twice, recalled),
    }

"""Steps of an endoscope in whatever order they are entered: the register and the twin agree on how clean it is."""

from __future__ import annotations

from assets.model.register import Asset
from assets.rules.endoscopes import ScopeStep, StepDone
from assets.service.endoscopes import record_step
from assets.service.register import register_asset
from assets.tables.register import load_asset
from tests.assets.conftest import House
from twin.clock import MINUTE_US
from twin.events.things import DeviceReadiness, DeviceReadinessChanged

ROUND = (ScopeStep.USED, ScopeStep.LEAK_TEST, ScopeStep.MANUAL_CLEAN, ScopeStep.MACHINE, ScopeStep.DRIED)


def test_a_step_that_is_entered_late_makes_it_clean_since_the_latest_one(house: House) -> None:
    house.do(register_asset, act=house.act(), asset=Asset(id="e", control_no="E", category="endoscope", name="E"))
    begin = house.clock.now()
    steps = [
        StepDone(step=step, at=begin + number * 10 * MINUTE_US, duration_s=600) for number, step in enumerate(ROUND)
    ]
    house.clock.advance(3600)
    told_late = steps.pop(1)

    for done in [*steps, told_late]:
        house.do(record_step, act=house.act(), asset="e", done=done)

    told = house.events(DeviceReadinessChanged)
    assert told[-1].readiness is DeviceReadiness.CLEAN
    assert told[-1].occurred_at == steps[-1].at == max(one.occurred_at for one in told)
    assert house.ask(load_asset, asset_id="e").reprocessing == "clean"


def test_a_use_that_is_entered_late_does_not_make_it_dirty_while_it_is_reprocessed(house: House) -> None:
    house.do(register_asset, act=house.act(), asset=Asset(id="e", control_no="E", category="endoscope", name="E"))
    begin = house.clock.now()
    house.clock.advance(3600)
    house.do(record_step, act=house.act(), asset="e", done=StepDone(step=ScopeStep.LEAK_TEST, at=begin + MINUTE_US))

    house.do(record_step, act=house.act(), asset="e", done=StepDone(step=ScopeStep.USED, at=begin))

    assert house.ask(load_asset, asset_id="e").reprocessing == "reprocessing"

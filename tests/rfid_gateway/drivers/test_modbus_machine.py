from __future__ import annotations

import asyncio
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfid_gateway.drivers.driver import Backoff, BackoffSettings, end_tasks
from rfid_gateway.drivers.modbus_bus import BusSettings, ModbusBus
from rfid_gateway.drivers.modbus_client import LineSettings
from rfid_gateway.drivers.modbus_machine import MachineSettings, ModbusMachine, SampleFilter
from rfid_gateway.modbus.decoding import Decoded
from rfid_gateway.modbus.profile import (
    Heartbeat,
    Identity,
    PollClass,
    Profile,
    RawType,
    Signal,
    load_profile,
)
from rfid_gateway.modbus.samples import Quality
from rfid_gateway.simulators.faults import Fault
from rfid_gateway.simulators.modbus import FaultPlan, SimulatedPlant
from rfid_gateway.simulators.plants import MedicineFridge
from tests.rfid_gateway.listeners import KeepingListener, until
from twin.clock import SECOND_US, SystemClock
from twin.events.watch import GatewayStatus

QUICK = BackoffSettings(first_s=0.01, most_s=0.02)
FRIDGE = load_profile("generic-medicine-fridge")


def machine_of(plant: SimulatedPlant, listener: KeepingListener, *, unit: int = 1) -> tuple[ModbusMachine, ModbusBus]:
    bus = ModbusBus(BusSettings(line=LineSettings(port=plant.port, answer_s=0.05)))
    settings = MachineSettings(device=f"fridge-{unit}", profile=FRIDGE, unit=unit, speed=100, backoff=QUICK)
    return ModbusMachine(settings, bus, listener, SystemClock(), np.random.default_rng(unit)), bus


async def test_fridge_is_read_with_units_and_quality() -> None:
    plant, listener = SimulatedPlant(SystemClock()), KeepingListener()
    plant.add(1, FRIDGE, MedicineFridge(setpoint_c=5.0).values_at)
    await plant.start()
    machine, bus = machine_of(plant, listener)
    task = asyncio.create_task(machine.run())

    await until(lambda: {"air_c", "door_open"} <= {one.quantity for one in listener.samples})
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    bus.close()
    await plant.stop()

    air = [one for one in listener.samples if one.quantity == "air_c"]
    assert all(3.0 < one.value < 7.0 and one.quality is Quality.GOOD for one in air)
    assert listener.statuses[0].status is GatewayStatus.ONLINE


async def test_machine_that_goes_and_comes_back_is_read_again() -> None:
    plant, listener = SimulatedPlant(SystemClock()), KeepingListener()
    plant.add(1, FRIDGE, MedicineFridge().values_at)
    await plant.start()
    machine, bus = machine_of(plant, listener)
    task = asyncio.create_task(machine.run())
    await until(lambda: bool(listener.samples))

    await plant.stop()
    await until(lambda: machine.health.status is GatewayStatus.OFFLINE)
    await plant.start()
    count = len(listener.samples)
    await until(lambda: len(listener.samples) > count)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    bus.close()
    await plant.stop()

    assert machine.health.status is GatewayStatus.ONLINE


@pytest.mark.parametrize("fault", [Fault.WRONG_UNIT, Fault.SHORT, Fault.GARBAGE, Fault.SILENT])
async def test_machine_that_answers_wrongly_gives_no_sample(fault: Fault) -> None:
    plant, listener = SimulatedPlant(SystemClock()), KeepingListener()
    plant.add(1, FRIDGE, MedicineFridge().values_at)
    plant.faults = FaultPlan(fault=fault)
    await plant.start()
    machine, bus = machine_of(plant, listener)
    task = asyncio.create_task(machine.run())

    await until(lambda: machine.health.status is GatewayStatus.OFFLINE)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    bus.close()
    await plant.stop()

    assert listener.samples == []


BADGED = Profile(
    name="badged",
    identity=Identity(signal="serial"),
    signals=(
        Signal(key="serial", address=10, type=RawType.STRING, words=4, poll=PollClass.SLOW),
        Signal(key="level", address=0, poll=PollClass.FAST),
    ),
)


@pytest.mark.parametrize("expected", ["", "SN-1"])
async def test_other_machine_at_the_same_address_gives_no_sample(expected: str) -> None:
    plant, listener, shown = SimulatedPlant(SystemClock()), KeepingListener(), {"serial": "SN-1", "level": 5.0}
    plant.add(1, BADGED, lambda _: shown)
    await plant.start()
    bus = ModbusBus(BusSettings(line=LineSettings(port=plant.port, answer_s=0.05)))
    settings = MachineSettings(device="m", profile=BADGED, speed=100, backoff=QUICK, identity=expected)
    machine = ModbusMachine(settings, bus, listener, SystemClock(), np.random.default_rng(1))
    task = asyncio.create_task(machine.run())

    await until(lambda: bool(listener.samples))
    await plant.stop()
    await until(lambda: machine.health.status is GatewayStatus.OFFLINE)
    shown |= {"serial": "SN-2", "level": 9.0}
    await plant.start()
    await until(lambda: machine.health.detail == "identity_changed")
    shown |= {"serial": "SN-1"}
    await until(lambda: any(one.value == 9.0 for one in listener.samples))
    await end_tasks([task])
    bus.close()
    await plant.stop()

    assert machine.health.identity == "SN-1"
    told = [one.detail for one in listener.statuses]
    assert told.index("identity_changed") < len(told) - 1


async def test_pauses_that_a_machine_needs_are_kept() -> None:
    plant = SimulatedPlant(SystemClock())
    plant.add(1, BADGED, lambda _: {"serial": "SN-1", "level": 5.0})
    await plant.start()
    line = LineSettings(port=plant.port, answer_s=1.0)
    bus = ModbusBus(BusSettings(line=line, between_requests_s=0.04, after_connect_s=0.06))
    loop = asyncio.get_running_loop()
    started = loop.time()

    for _ in range(3):
        await bus.read(1, 3, 0, 1)
    took_s = loop.time() - started
    bus.close()
    await plant.stop()

    assert took_s >= 0.06 + 2 * 0.04


PROFILE = Profile(
    name="p",
    heartbeat=Heartbeat(signal="beat", stale_s=10),
    signals=(
        Signal(key="beat", address=0),
        Signal(key="slow_c", address=1, most_change_per_s=2.0),
        Signal(key="calm", address=2, deadband=0.5),
    ),
)


def test_value_that_changes_faster_than_it_can_is_marked() -> None:
    kept, signal = SampleFilter("m", PROFILE), PROFILE.by_key["slow_c"]

    first = kept.take(signal, Decoded(20.0), SECOND_US)
    jump = kept.take(signal, Decoded(80.0), 2 * SECOND_US)
    after = kept.take(signal, Decoded(81.0), 3 * SECOND_US)

    assert [one.quality for one in (first, jump, after) if one] == [Quality.GOOD, Quality.TOO_FAST, Quality.GOOD]


def test_values_of_a_machine_whose_heartbeat_stands_still_are_stale() -> None:
    kept = SampleFilter("m", PROFILE)
    kept.take(PROFILE.by_key["beat"], Decoded(5.0), SECOND_US)

    kept.take(PROFILE.by_key["beat"], Decoded(5.0), 20 * SECOND_US)
    stale = kept.take(PROFILE.by_key["slow_c"], Decoded(20.0), 20 * SECOND_US)
    kept.take(PROFILE.by_key["beat"], Decoded(6.0), 21 * SECOND_US)
    fresh = kept.take(PROFILE.by_key["slow_c"], Decoded(20.0), 21 * SECOND_US)

    assert stale is not None
    assert fresh is not None
    assert (stale.quality, fresh.quality) == (Quality.STALE, Quality.GOOD)


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=50))
def test_what_is_kept_is_never_further_off_than_the_deadband(values: list[float]) -> None:
    kept, signal = SampleFilter("m", PROFILE), PROFILE.by_key["calm"]
    last = math.nan

    for second, value in enumerate(values):
        sample = kept.take(signal, Decoded(value), second * SECOND_US)
        last = last if sample is None else sample.value
        assert abs(last - value) <= 0.5


def test_calm_value_is_kept_again_after_a_while() -> None:
    kept, signal = SampleFilter("m", PROFILE), PROFILE.by_key["calm"]

    found = [kept.take(signal, Decoded(1.0), second * SECOND_US) for second in range(0, 200, 10)]

    assert sum(one is not None for one in found) == 4


@given(st.integers(0, 40), st.integers(0, 2**32 - 1))
def test_pauses_grow_and_stay_within_their_limits(failures: int, seed: int) -> None:
    backoff = Backoff(BackoffSettings(first_s=0.25, most_s=30.0), np.random.default_rng(seed))

    pauses = [backoff.next_s() for _ in range(failures + 1)]

    assert 0.125 <= pauses[0] <= 0.25
    assert all(0.125 <= pause <= 30.0 for pause in pauses)
    backoff.reset()
    assert backoff.next_s() <= 0.25


async def test_task_that_loses_a_cancellation_is_ended_all_the_same() -> None:
    async def stubborn() -> None:
        for _ in range(2):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                continue
        await asyncio.Event().wait()

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)

    await end_tasks([task])

    assert task.cancelled()


async def test_machine_that_refuses_one_of_its_requests_is_degraded_once() -> None:
    level = Signal(key="level", address=0, poll=PollClass.FAST)
    asked = Profile(name="asked", signals=(level, Signal(key="missing", address=500, poll=PollClass.FAST)))
    plant, listener = SimulatedPlant(SystemClock()), KeepingListener()
    plant.add(1, Profile(name="held", signals=(level,)), lambda _: {"level": 3.0})
    await plant.start()
    bus = ModbusBus(BusSettings(line=LineSettings(port=plant.port, answer_s=1.0)))
    settings = MachineSettings(device="tank", profile=asked, speed=100, backoff=QUICK)
    machine = ModbusMachine(settings, bus, listener, SystemClock(), np.random.default_rng(1))

    for _ in range(3):
        assert await machine.poll(PollClass.FAST)
    bus.close()
    await plant.stop()

    assert [one.value for one in listener.samples] == [3.0] * 3
    assert [one.status for one in listener.statuses] == [GatewayStatus.DEGRADED]

"""Every shipped map can be tried without its machine: served over TCP, read by the driver, every value good."""

from __future__ import annotations

import numpy as np
import pytest

from rfid_gateway.drivers.modbus_bus import BusSettings, ModbusBus
from rfid_gateway.drivers.modbus_client import LineSettings
from rfid_gateway.drivers.modbus_machine import MachineSettings, ModbusMachine
from rfid_gateway.modbus.planning import poll_plan
from rfid_gateway.modbus.profile import load_profile, shipped_profiles
from rfid_gateway.modbus.samples import Quality
from rfid_gateway.simulators.modbus import SimulatedPlant
from rfid_gateway.simulators.serving import simulated_plant
from rfid_gateway.simulators.steady import SteadyPlant
from tests.rfid_gateway.listeners import KeepingListener
from twin.clock import SystemClock


@pytest.mark.parametrize("name", shipped_profiles())
async def test_simulated_machine_of_every_shipped_profile_is_read_well(name: str) -> None:
    profile, clock, listener = load_profile(name), SystemClock(), KeepingListener()
    plant = SimulatedPlant(clock)
    plant.add(1, profile, simulated_plant(name, 1, clock.now()).values_at)
    bus = ModbusBus(BusSettings(line=LineSettings(port=await plant.start())))
    machine = ModbusMachine(
        MachineSettings(device="m", profile=profile, unit=1), bus, listener, clock, np.random.default_rng(1)
    )

    answered = [await machine.poll(poll) for poll in poll_plan(profile)]
    bus.close()
    await plant.stop()

    assert all(answered)
    assert {one.quality for one in listener.samples} == {Quality.GOOD}
    numeric = {signal.key for signal in profile.signals if signal.words is None}
    assert {one.quantity for one in listener.samples} == numeric


def test_steady_plant_stands_where_the_vectors_say_and_breathes() -> None:
    profile = load_profile("vaisala-hmp")
    plant = SteadyPlant(profile)
    signal, expected = next((one.signal, one.value) for one in profile.vectors if isinstance(one.value, float))

    values = [float(plant.values_at(at * 1_000_000)[signal] or 0) for at in range(20)]

    assert all(abs(one - expected) <= 0.011 * abs(expected) for one in values)
    assert len(set(values)) > 1

"""What ``gateway simulate`` serves is read by the real drivers, from the address that it tells."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest

from rfid_gateway.drivers.driver import Driver, ReaderLine, Surroundings
from rfid_gateway.drivers.kinds import factory_of
from rfid_gateway.drivers.modbus_bus import BusSettings, ModbusBus
from rfid_gateway.drivers.modbus_client import LineSettings
from rfid_gateway.drivers.modbus_machine import MachineSettings, ModbusMachine
from rfid_gateway.modbus.profile import load_profile
from rfid_gateway.modbus.replies import Framing
from rfid_gateway.modbus.samples import Quality
from rfid_gateway.simulators.serving import FAULTS, DeviceKind, Simulation, simulate
from tests.rfid_gateway.listeners import KeepingListener, until
from twin.clock import SystemClock
from twin.errors import ConfigurationError


@asynccontextmanager
async def served(wanted: Simulation) -> AsyncIterator[dict[str, str]]:
    """Serve devices and give their addresses by name."""
    told: dict[str, str] = {}
    running = asyncio.create_task(simulate(wanted, told.__setitem__))
    await until(lambda: len(told) == wanted.count)
    try:
        yield told
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def line_to(address: str) -> ReaderLine:
    if address.startswith("/"):
        return ReaderLine(device="r", path=address)
    host, _, port = address.rpartition(":")
    return ReaderLine(device="r", host=host, port=int(port))


async def readings_of(kind: str, address: str) -> set[str]:
    listener = KeepingListener()
    driver: Driver = factory_of(kind)(
        line_to(address), Surroundings(listener=listener, clock=SystemClock(), chance=np.random.default_rng(1))
    )
    running = asyncio.create_task(driver.run())
    await until(lambda: bool(listener.readings))
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return {one.tag for one in listener.readings}


@pytest.mark.parametrize(
    ("wanted", "kind", "head"),
    [
        (Simulation(kind=DeviceKind.LLRP), "llrp", "303402422000004000000"),
        (Simulation(kind=DeviceKind.IMPINJ), "impinj_r700", "303402422000004000000"),
        (Simulation(kind=DeviceKind.CHAFON), "chafon", "303402422000004000000"),
        (Simulation(kind=DeviceKind.CHAFON, is_serial=True), "chafon", "303402422000004000000"),
        (Simulation(kind=DeviceKind.PN532, fault="split"), "pn532", "nfc:04"),
        (Simulation(kind=DeviceKind.EM4100), "em4100", "em:0416D7AC"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value.kind}{'-serial' * value.is_serial}",
)
async def test_simulated_reader_is_read_by_its_driver(wanted: Simulation, kind: str, head: str) -> None:
    async with served(wanted) as told:
        (address,) = told.values()
        tags = await readings_of(kind, address)

    assert tags
    assert all(tag.startswith(head) for tag in tags)


async def test_machines_on_a_serial_line_are_read_by_their_driver() -> None:
    profile = load_profile("generic-medicine-fridge")
    async with served(Simulation(kind=DeviceKind.MODBUS, count=2, profile=profile.name, is_serial=True)) as told:
        (path,) = set(told.values())
        bus = ModbusBus(BusSettings(line=LineSettings(device=path, framing=Framing.RTU, parity="N"), is_serial=True))
        listener = KeepingListener()
        machine = ModbusMachine(
            MachineSettings(device="f", profile=profile, unit=2), bus, listener, SystemClock(), np.random.default_rng(1)
        )
        running = asyncio.create_task(machine.run())
        await until(lambda: bool(listener.samples))
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        bus.close()

    assert {one.quality for one in listener.samples} == {Quality.GOOD}


@pytest.mark.parametrize("kind", DeviceKind)
async def test_every_fault_of_every_kind_is_served(kind: DeviceKind) -> None:
    for fault in FAULTS[kind]:
        async with served(Simulation(kind=kind, fault=fault, count=2)) as told:
            assert len(set(told)) == 2


async def test_fault_that_a_device_cannot_have_is_refused_with_those_it_can() -> None:
    with pytest.raises(ConfigurationError, match="wrong_checksum"):
        await simulate(Simulation(kind=DeviceKind.PN532, fault="late", seconds=0.01), lambda _name, _address: None)

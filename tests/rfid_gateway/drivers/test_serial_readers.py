from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest

from rfid_gateway.drivers.driver import BackoffSettings
from rfid_gateway.drivers.em4100_reader import Em4100Reader, Em4100Settings
from rfid_gateway.drivers.modbus_bus import BusSettings, ModbusBus
from rfid_gateway.drivers.modbus_client import LineSettings, ModbusFault
from rfid_gateway.drivers.pn532_reader import Pn532Reader, Pn532Settings
from rfid_gateway.modbus.profile import Profile, Signal
from rfid_gateway.modbus.replies import Framing
from rfid_gateway.rfid.em4100 import encode_frame
from rfid_gateway.simulators.faults import Fault
from rfid_gateway.simulators.modbus import FaultPlan, SimulatedPlant
from rfid_gateway.simulators.serial_readers import ChipFault, SimulatedEm4100, SimulatedPn532
from rfid_gateway.transports.connection import Connection
from rfid_gateway.transports.serial_line import PseudoTerminal, open_serial
from tests.rfid_gateway.listeners import KeepingListener, around_of, until
from twin.clock import SystemClock
from twin.events.watch import GatewayStatus

QUICK = BackoffSettings(first_s=0.01, most_s=0.02)
CARDS = [bytes.fromhex("04A1B2C3"), bytes.fromhex("04112233445566")]


@asynccontextmanager
async def running(*works: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(work) for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def nfc_of(terminal: PseudoTerminal, listener: KeepingListener) -> Pn532Reader:
    async def connect() -> Connection:
        return await open_serial(terminal.path, 115_200)

    settings = Pn532Settings(device="nfc-1", poll_s=0.002, acknowledge_s=0.05, answer_s=0.05, backoff=QUICK)
    return Pn532Reader(settings, connect, around_of(listener))


async def test_cards_on_a_pn532_are_read_over_a_pseudo_terminal() -> None:
    terminal, listener = PseudoTerminal(), KeepingListener()
    chip = SimulatedPn532(terminal.line)
    chip.cards = CARDS
    reader = nfc_of(terminal, listener)

    async with running(chip.run(), reader.run()):
        await until(lambda: len({one.tag for one in listener.readings}) == 2)
    await terminal.line.close()

    assert {one.tag for one in listener.readings} == {"nfc:04A1B2C3", "nfc:04112233445566"}
    assert reader.health.firmware == "1.6"


async def test_empty_field_is_no_error() -> None:
    terminal, listener = PseudoTerminal(), KeepingListener()
    chip = SimulatedPn532(terminal.line)
    reader = nfc_of(terminal, listener)

    async with running(chip.run(), reader.run()):
        await until(lambda: reader.health.messages >= 5)
    await terminal.line.close()

    assert listener.readings == []
    assert [one.status for one in listener.statuses] == [GatewayStatus.ONLINE]


@pytest.mark.parametrize("fault", [one for one in ChipFault if one is not ChipFault.NONE])
async def test_chip_that_stumbles_gives_the_right_card_in_the_end(fault: ChipFault) -> None:
    terminal, listener = PseudoTerminal(), KeepingListener()
    chip = SimulatedPn532(terminal.line)
    reader = nfc_of(terminal, listener)
    chip.fault, chip.faults_left = fault, 5

    async with running(chip.run(), reader.run()):
        await until(lambda: chip.faults_left == 0)
        chip.cards = CARDS[:1]
        await until(lambda: bool(listener.readings))
    await terminal.line.close()

    assert {one.tag for one in listener.readings} == {"nfc:04A1B2C3"}


async def test_em4100_tag_is_read_over_a_pseudo_terminal_and_told_once() -> None:
    terminal, listener = PseudoTerminal(), KeepingListener()
    device = SimulatedEm4100(terminal.line)

    async def connect() -> Connection:
        return await open_serial(terminal.path, 9600)

    settings = Em4100Settings(device="door-7", repeat_s=60, backoff=QUICK)
    reader = Em4100Reader(settings, connect, around_of(listener))
    async with running(reader.run()):
        await until(lambda: reader.health.connections == 1)
        await device.send_raw(b"\x0204" + encode_frame(bytes(5)))  # half a frame, and one that nobody confirms
        await device.see(bytes.fromhex("0416D7AC99"), times=5)
        await until(lambda: reader.health.messages >= 4)
    await terminal.line.close()

    assert [one.tag for one in listener.readings] == ["em:0416D7AC99"]


async def test_line_that_is_not_there_is_reported_and_tried_again() -> None:
    listener = KeepingListener()

    async def connect() -> Connection:
        return await open_serial("/nonexistent/ttyUSB0", 9600)

    settings = Em4100Settings(device="door-7", backoff=QUICK)
    reader = Em4100Reader(settings, connect, around_of(listener))
    async with running(reader.run()):
        await until(lambda: reader.health.errors >= 3)

    assert [one.detail for one in listener.statuses] == ["unreachable"]


@pytest.mark.parametrize("share", [0.5, 1.2, 1.6, 2.2, 2.8])
async def test_no_late_answer_on_a_real_serial_line_is_taken_for_another(share: float) -> None:
    answer_s = 0.06
    terminal = PseudoTerminal()
    plant = SimulatedPlant(SystemClock(), framing=Framing.RTU, chance=np.random.default_rng(5))
    image = Profile(name="image", signals=tuple(Signal(key=f"r{i}", address=i) for i in range(320)))
    plant.add(7, image, lambda _: {f"r{i}": 100.0 + i for i in range(320)})
    plant.faults = FaultPlan(fault=Fault.LATE, share=0.4, delay_s=answer_s * share)
    line = LineSettings(device=terminal.path, framing=Framing.RTU, answer_s=answer_s, baud=115_200, parity="N")
    bus = ModbusBus(BusSettings(line=line, is_serial=True, quarantine_s=answer_s * 2))
    right, wrong = 0, 0

    async with running(plant.serve_line(terminal.line)):
        for address in (100, 200, 300, 100, 200, 300):
            try:
                values = await bus.read(7, 3, address, 1)
            except ModbusFault:
                continue
            right += values == (100 + address,)
            wrong += values != (100 + address,)
        bus.close()
    await terminal.line.close()

    assert wrong == 0
    assert right > 0


class _Reset:
    """A converter that resets its connection."""

    async def receive(self) -> bytes:
        raise ConnectionResetError("reset by peer")

    async def send(self, data: bytes) -> None:
        """Take what is sent."""

    async def close(self) -> None:
        """Do nothing."""


async def test_line_that_is_reset_is_opened_again() -> None:
    listener = KeepingListener()

    async def connect() -> Connection:
        return _Reset()

    settings = Em4100Settings(device="door-7", backoff=QUICK)
    reader = Em4100Reader(settings, connect, around_of(listener))
    async with running(reader.run()):
        await until(lambda: reader.health.connections >= 2)

    assert [one.detail for one in listener.statuses][:2] == ["", "connection_lost"]

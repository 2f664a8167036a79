"""The fault matrix: whatever a machine does wrong, our driver gives no wrong value; the bare library gives some."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException
from pymodbus.framer import FramerType

from rfid_gateway.drivers.modbus_bus import BusSettings, ModbusBus
from rfid_gateway.drivers.modbus_client import LineSettings, ModbusFault, ModbusRefusal, StrictClient
from rfid_gateway.modbus.profile import Profile, Signal
from rfid_gateway.modbus.replies import Framing
from rfid_gateway.simulators.faults import Fault
from rfid_gateway.simulators.modbus import FaultPlan, SimulatedPlant
from rfid_gateway.transports.serial_line import PseudoTerminal
from twin.clock import SystemClock

ANSWER_S = 0.08
UNIT = 7
# Every register holds its own address and a hundred: a value that stands in another's place is seen at once.
IMAGE = Profile(name="image", signals=tuple(Signal(key=f"r{i}", address=i) for i in range(400)))


def right(address: int, count: int) -> list[int]:
    return [100 + address + i for i in range(count)]


@asynccontextmanager
async def plant_of(framing: Framing, plan: FaultPlan | None = None) -> AsyncIterator[SimulatedPlant]:
    plant = SimulatedPlant(SystemClock(), framing=framing, chance=np.random.default_rng(3))
    values = {f"r{i}": 100.0 + i for i in range(400)}
    plant.add(UNIT, IMAGE, lambda _: values)
    plant.add(UNIT + 1, IMAGE, lambda _: values)
    plant.faults = plan or FaultPlan()
    await plant.start()
    try:
        yield plant
    finally:
        await plant.stop()


def bus_of(plant: SimulatedPlant, framing: Framing, *, quarantine_s: float = 0.1) -> ModbusBus:
    line = LineSettings(port=plant.port, framing=framing, answer_s=ANSWER_S)
    return ModbusBus(BusSettings(line=line, quarantine_s=quarantine_s))


async def wrong_values_of(bus: ModbusBus, questions: list[tuple[int, int]]) -> int:
    """Ask all questions and give how many answers were not the right one."""
    wrong = 0
    for address, count in questions:
        try:
            values = await bus.read(UNIT, 3, address, count)
        except (ModbusFault, ModbusRefusal):
            continue
        wrong += list(values) != right(address, count)
    bus.close()
    return wrong


async def wrong_values_of_the_bare_library(
    plant: SimulatedPlant, framing: FramerType, questions: list[tuple[int, int]]
) -> int:
    """Do the same as its own examples do: ask, check for an error, take the registers."""
    client = AsyncModbusTcpClient("127.0.0.1", port=plant.port, framer=framing, timeout=ANSWER_S, retries=0)
    wrong = 0
    await client.connect()
    for address, count in questions:
        try:
            answer = await client.read_holding_registers(address, count=count, device_id=UNIT)
        except ModbusException:
            continue
        is_answer = answer.function_code == 3 and list(answer.registers) == right(address, count)
        wrong += not answer.isError() and not is_answer
    client.close()
    return wrong


QUESTIONS = [(10, 2), (50, 2), (100, 4), (10, 2), (200, 2)]
TCP_FAULTS = [fault for fault in Fault if fault is not Fault.WRONG_CHECKSUM]


@pytest.mark.parametrize("fault", TCP_FAULTS)
async def test_no_fault_over_tcp_gives_a_wrong_value(fault: Fault) -> None:
    async with plant_of(Framing.TCP, FaultPlan(fault=fault, share=0.6, delay_s=0.02)) as plant:
        assert await wrong_values_of(bus_of(plant, Framing.TCP), QUESTIONS) == 0


@pytest.mark.parametrize("fault", [one for one in Fault if one not in (Fault.LENGTH_ZERO, Fault.LENGTH_HUGE)])
async def test_no_fault_on_a_serial_line_gives_a_wrong_value(fault: Fault) -> None:
    async with plant_of(Framing.RTU, FaultPlan(fault=fault, share=0.6, delay_s=0.02)) as plant:
        assert await wrong_values_of(bus_of(plant, Framing.RTU), QUESTIONS) == 0


@pytest.mark.parametrize("fault", [Fault.WRONG_FUNCTION, Fault.SHORT])
async def test_the_bare_library_takes_wrong_answers_for_data(fault: Fault, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    questions = [(10, 4), (50, 4)]
    async with plant_of(Framing.TCP, FaultPlan(fault=fault)) as plant:
        bare = await wrong_values_of_the_bare_library(plant, FramerType.SOCKET, questions)
        ours = await wrong_values_of(bus_of(plant, Framing.TCP), questions)

    assert (bare, ours) == (2, 0)


async def test_the_bare_library_shifts_all_values_after_one_late_answer() -> None:
    questions = [(100, 1), (200, 1), (300, 1)]
    late = FaultPlan(fault=Fault.LATE, delay_s=ANSWER_S * 1.5)
    async with plant_of(Framing.RTU, late) as plant:
        assert await wrong_values_of_the_bare_library(plant, FramerType.RTU, questions) > 0
    async with plant_of(Framing.RTU, late) as plant:
        assert await wrong_values_of(bus_of(plant, Framing.RTU, quarantine_s=0.2), questions) == 0


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 2.25])
async def test_no_late_answer_on_a_serial_line_is_taken_for_another(share: float) -> None:
    plan = FaultPlan(fault=Fault.LATE, share=0.5, delay_s=ANSWER_S * share)
    async with plant_of(Framing.RTU, plan) as plant:
        bus = bus_of(plant, Framing.RTU, quarantine_s=ANSWER_S * 1.5)
        assert await wrong_values_of(bus, [(100, 1), (200, 1), (300, 1), (100, 1), (200, 1), (300, 1)]) == 0


async def test_unit_must_prove_itself_with_another_length_after_a_fault() -> None:
    async with plant_of(Framing.RTU) as plant:
        bus = bus_of(plant, Framing.RTU, quarantine_s=0.01)
        plant.faults = FaultPlan(fault=Fault.SILENT)
        with pytest.raises(ModbusFault):
            await bus.read(UNIT, 3, 10, 2)
        plant.faults = FaultPlan()

        values = await bus.read(UNIT, 3, 10, 2)
        await bus.read(UNIT + 1, 3, 10, 2)
        bus.close()

    assert list(values) == right(10, 2)
    assert (bus.figures.quarantines, bus.figures.proofs) == (1, 1)


class _Silent(StrictClient):
    """A line on which nobody answers."""

    @property
    def is_open(self) -> bool:
        return True

    async def read(self, unit: int, function: int, address: int, count: int) -> tuple[int, ...]:
        raise ModbusFault(f"Unit {unit} is silent.", code="modbus.timeout")


async def test_unit_that_is_silent_for_long_stays_a_fault_and_ends_nothing() -> None:
    line = LineSettings(framing=Framing.RTU)
    bus = ModbusBus(BusSettings(line=line, quarantine_s=0.0), _Silent(line))

    for _ in range(300):
        with pytest.raises(ModbusFault):
            await bus.read(UNIT, 3, 100, 1)

    assert bus.figures.proofs == 299


async def test_broken_answer_costs_no_waiting() -> None:
    async with plant_of(Framing.TCP, FaultPlan(fault=Fault.GARBAGE)) as plant:
        line = LineSettings(port=plant.port, answer_s=30.0)
        bus = ModbusBus(BusSettings(line=line))
        async with asyncio.timeout(5):
            with pytest.raises(ModbusFault):
                await bus.read(UNIT, 3, 0, 1)
        bus.close()


async def test_exception_of_the_machine_is_told_as_such() -> None:
    async with plant_of(Framing.TCP) as plant:
        bus = bus_of(plant, Framing.TCP)
        with pytest.raises(ModbusRefusal) as caught:
            await bus.read(UNIT, 3, 390, 20)
        bus.close()

    assert caught.value.exception == 2


async def test_nobody_at_the_address_is_a_fault() -> None:
    async with plant_of(Framing.TCP) as plant:
        port = plant.port
    bus = ModbusBus(BusSettings(line=LineSettings(port=port, answer_s=ANSWER_S)))

    with pytest.raises(ModbusFault) as caught:
        await bus.read(UNIT, 3, 0, 1)

    assert caught.value.code == "modbus.unreachable"


async def test_write_reads_back_what_the_machine_holds() -> None:
    async with plant_of(Framing.TCP) as plant:
        bus = bus_of(plant, Framing.TCP)
        assert await bus.write_registers(UNIT, 5, [4711]) == (4711,)
        assert await bus.write_registers(UNIT, 20, [1, 2, 3]) == (1, 2, 3)
        bus.close()


async def test_bits_are_read() -> None:
    profile = Profile.model_validate(
        {
            "name": "bits",
            "signals": [{"key": f"b{i}", "table": "discrete_inputs", "address": i, "type": "bit"} for i in range(11)],
        }
    )
    plant = SimulatedPlant(SystemClock())
    plant.add(1, profile, lambda _: {"b0": 1.0, "b9": 1.0})
    await plant.start()
    bus = bus_of(plant, Framing.TCP)

    values = await bus.read(1, 2, 0, 11)
    bus.close()
    await plant.stop()

    assert [i for i, bit in enumerate(values) if bit] == [0, 9]


async def test_serial_line_that_takes_no_parity_is_told_as_such() -> None:
    terminal = PseudoTerminal()
    line = LineSettings(device=terminal.path, framing=Framing.RTU, parity="E")
    bus = ModbusBus(BusSettings(line=line, is_serial=True))

    with pytest.raises(ModbusFault) as caught:
        await bus.read(7, 3, 0, 1)
    bus.close()
    await terminal.line.close()

    assert caught.value.code == "modbus.line_settings"
    assert "parity E" in caught.value.message

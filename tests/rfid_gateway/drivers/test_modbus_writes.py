from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from rfid_gateway.drivers.modbus_bus import BusSettings, ModbusBus
from rfid_gateway.drivers.modbus_client import LineSettings, ModbusRefusal
from rfid_gateway.drivers.modbus_scan import scan
from rfid_gateway.drivers.modbus_writes import MachineWriter, Target, WriteOutcome, WritePermit, WriteRecord
from rfid_gateway.modbus.profile import Table, load_profile
from rfid_gateway.simulators.faults import Fault
from rfid_gateway.simulators.modbus import FaultPlan, SimulatedPlant
from rfid_gateway.simulators.plants import MedicineFridge
from tests.fakes import START_US
from twin.clock import ManualClock, SystemClock
from twin.errors import Refused

FRIDGE = load_profile("generic-medicine-fridge")
PERMIT = WritePermit(device="fridge", signal="setpoint_c", low=3.0, high=7.0, role="biomed", least_interval_s=60.0)
BIOMED = frozenset({"biomed"})


@asynccontextmanager
async def fridge() -> AsyncIterator[tuple[SimulatedPlant, ModbusBus]]:
    plant = SimulatedPlant(SystemClock())
    plant.add(1, FRIDGE, MedicineFridge().values_at)
    await plant.start()
    bus = ModbusBus(BusSettings(line=LineSettings(port=plant.port, answer_s=0.1)))
    try:
        yield plant, bus
    finally:
        bus.close()
        await plant.stop()


def writer_of(bus: ModbusBus, clock: ManualClock, kept: list[WriteRecord], *permits: WritePermit) -> MachineWriter:
    return MachineWriter({"fridge": Target(bus, 1, FRIDGE)}, permits or (PERMIT,), clock, kept.append)


async def test_allowed_value_is_written_read_back_and_recorded() -> None:
    kept: list[WriteRecord] = []
    async with fridge() as (_, bus):
        record = await writer_of(bus, ManualClock(START_US), kept).write(
            "fridge", "setpoint_c", 4.5, actor="u1", roles=BIOMED
        )

    assert (record.outcome, record.read_back, record.actor) == (WriteOutcome.DONE, 4.5, "u1")
    assert kept == [record]


@pytest.mark.parametrize(
    ("device", "signal", "value", "roles", "reason"),
    [
        ("fridge", "setpoint_c", 7.5, BIOMED, "out_of_range"),  # the profile would allow it, the allow-list does not
        ("fridge", "setpoint_c", float("nan"), BIOMED, "out_of_range"),
        ("fridge", "setpoint_c", 5.0, frozenset({"nurse"}), "role_missing"),
        ("fridge", "air_c", 5.0, BIOMED, "not_on_allow_list"),
        ("fridge", "nonsense", 5.0, BIOMED, "unknown_signal"),
        ("oven", "setpoint_c", 5.0, BIOMED, "unknown_signal"),
    ],
)
async def test_what_is_not_allowed_is_refused_recorded_and_never_sent(
    device: str, signal: str, value: float, roles: frozenset[str], reason: str
) -> None:
    kept: list[WriteRecord] = []
    async with fridge() as (plant, bus):
        with pytest.raises(Refused) as caught:
            await writer_of(bus, ManualClock(START_US), kept).write(device, signal, value, actor="u1", roles=roles)
        assert plant.requests == 0

    assert reason in caught.value.reasons
    assert kept[0].outcome is WriteOutcome.REFUSED


async def test_second_write_too_soon_is_refused() -> None:
    clock = ManualClock(START_US)
    async with fridge() as (_, bus):
        writer = writer_of(bus, clock, [])
        await writer.write("fridge", "setpoint_c", 4.5, actor="u1", roles=BIOMED)
        with pytest.raises(Refused):
            await writer.write("fridge", "setpoint_c", 5.0, actor="u1", roles=BIOMED)
        clock.advance(61)
        await writer.write("fridge", "setpoint_c", 5.0, actor="u1", roles=BIOMED)


async def test_write_whose_answer_is_lost_is_not_repeated() -> None:
    async with fridge() as (plant, bus):
        plant.faults = FaultPlan(fault=Fault.SILENT)
        record = await writer_of(bus, ManualClock(START_US), []).write(
            "fridge", "setpoint_c", 4.5, actor="u1", roles=BIOMED
        )

        assert (record.outcome, record.detail) == (WriteOutcome.UNKNOWN, "modbus.silent")
        assert plant.requests == 1


async def test_scan_finds_what_a_machine_gives() -> None:
    async with fridge() as (_, bus):
        async with asyncio.timeout(20):
            inputs = await scan(bus, 1, Table.INPUT_REGISTERS, 0, 30)
            bits = await scan(bus, 1, Table.DISCRETE_INPUTS, 0, 30)
            coils = await scan(bus, 1, Table.COILS, 0, 30)

    assert [(one.first, len(one.values)) for one in inputs.readable] == [(0, 2)]
    assert [(one.first, len(one.values)) for one in bits.readable] == [(0, 4)]
    # Why nothing can be read is told: here is no such address.
    assert (list(coils.readable), set(coils.refusals)) == ([], {2})


class Refusing(ModbusBus):
    """A line on which every question is refused with the same exception."""

    def __init__(self, exception: int) -> None:
        super().__init__(BusSettings(line=LineSettings()))
        self.exception, self.asked = exception, 0

    async def read(self, *_args: object, **_more: object) -> tuple[int, ...]:
        self.asked += 1
        raise ModbusRefusal(self.exception)


# 1: no such function; 10, 11: a converter that does not reach the unit; 2: no such address, asked one by one
@pytest.mark.parametrize(("exception", "asked"), [(1, 1), (10, 1), (11, 1), (2, 15)])
async def test_scan_halves_a_block_only_where_smaller_ones_may_be_given(exception: int, asked: int) -> None:
    bus = Refusing(exception)

    found = await scan(bus, 1, Table.INPUT_REGISTERS, 0, 7)

    assert (list(found.readable), dict(found.refusals), bus.asked) == ([], {exception: asked}, asked)

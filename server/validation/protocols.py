"""Operation: the protocols over loopback, simulator against driver, and a faulty reply that must be refused."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rfid_gateway.drivers.driver import Status, Surroundings
from rfid_gateway.drivers.llrp_reader import LlrpReader, LlrpReaderSettings
from rfid_gateway.drivers.modbus_client import LineSettings, ModbusFault, StrictClient
from rfid_gateway.modbus.profile import load_profile
from rfid_gateway.modbus.samples import Sample
from rfid_gateway.rfid.readings import TagReading
from rfid_gateway.simulators.faults import Fault
from rfid_gateway.simulators.llrp import Sighting, SimulatedReader
from rfid_gateway.simulators.modbus import FaultPlan, SimulatedPlant
from rfid_gateway.simulators.plants import MedicineFridge
from rfid_gateway.transports.connection import Connection
from rfid_gateway.transports.tcp import open_tcp
from server.validation.checks import Check, Outcome, equal
from twin.clock import SystemClock

LLRP = "EPCglobal LLRP 1.1: tag report of one sighting"
MODBUS = "Modbus messaging on TCP/IP 1.0b: a reply must bear the request's transaction and unit"
EPC = bytes.fromhex("3074257BF7194E4000001A85")
LIMIT_S = 10.0


class _Kept:
    """Keeps what a driver tells."""

    def __init__(self) -> None:
        self.tags: list[str] = []
        self.came = asyncio.Event()

    def on_readings(self, readings: Sequence[TagReading]) -> None:
        """Keep the tags' identities."""
        self.tags += [one.tag for one in readings]
        self.came.set()

    def on_samples(self, samples: Sequence[Sample]) -> None:
        """Ignore samples."""

    def on_status(self, status: Status) -> None:
        """Ignore the line's condition."""


async def _read_a_tag() -> str:
    reader, kept = SimulatedReader("validation", SystemClock()), _Kept()
    await reader.start()

    async def connect() -> Connection:
        return await open_tcp("127.0.0.1", reader.port)

    around = Surroundings(listener=kept, clock=SystemClock(), chance=np.random.default_rng(1))
    driver = LlrpReader(LlrpReaderSettings(device="validation"), connect, around)
    task = asyncio.create_task(driver.run())
    try:
        async with asyncio.timeout(LIMIT_S):
            while not reader.is_reporting:
                await asyncio.sleep(0.005)
            reader.see([Sighting(EPC, antenna=1)])
            await kept.came.wait()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await reader.stop()
    return kept.tags[0]


async def _ask_a_machine(fault: Fault) -> str:
    """Give ``answered``, or the code of the fault that was noticed."""
    profile = load_profile("generic-medicine-fridge")
    plant = SimulatedPlant(SystemClock())
    plant.add(1, profile, MedicineFridge(setpoint_c=5.0).values_at)
    plant.faults = FaultPlan(fault=fault)
    await plant.start()
    client = StrictClient(LineSettings(port=plant.port, answer_s=1.0))
    signal = next(one for one in profile.signals if not one.table.is_bits)
    try:
        await client.open()
        await client.read(1, signal.table.function_code, profile.wire(signal.address), signal.width)
    except ModbusFault:
        return "refused"
    finally:
        client.close()
        await asyncio.sleep(0.02)  # the plant sees that the line is closed before it stops
        await plant.stop()
    return "answered"


def llrp(_folder: Path) -> Outcome:
    """Read one tag from a simulated reader over TCP."""
    return equal("protocol.llrp", EPC.hex().upper(), asyncio.run(_read_a_tag()), LLRP)


def modbus(_folder: Path) -> Outcome:
    """Read a register from a simulated machine over TCP."""
    return equal("protocol.modbus", "answered", asyncio.run(_ask_a_machine(Fault.NONE)), MODBUS)


def modbus_refusal(fault: Fault) -> Check:
    """Give the check that a faulty reply is refused.

    Parameters
    ----------
    fault : Fault
        What the machine does wrong.
    """
    name = f"protocol.modbus_refuses_{fault.value}"
    return Check(name=name, run=lambda _folder: equal(name, "refused", asyncio.run(_ask_a_machine(fault)), MODBUS))


CHECKS = (
    Check(name="protocol.llrp", run=llrp),
    Check(name="protocol.modbus", run=modbus),
    *(
        modbus_refusal(fault)
        for fault in (Fault.WRONG_TRANSACTION, Fault.WRONG_UNIT, Fault.WRONG_FUNCTION, Fault.WRONG_BYTE_COUNT)
    ),
)
"""All checks of the protocols."""

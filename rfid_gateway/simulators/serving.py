"""Simulated devices as programs: what ``gateway simulate`` serves until it is stopped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum

from rfid_gateway.modbus.profile import load_profile
from rfid_gateway.modbus.replies import Framing
from rfid_gateway.rfid import em4100
from rfid_gateway.simulators.chafon import SimulatedChafon
from rfid_gateway.simulators.faults import Fault
from rfid_gateway.simulators.impinj import SimulatedImpinj
from rfid_gateway.simulators.llrp import Sighting, SimulatedReader
from rfid_gateway.simulators.modbus import FaultPlan, SimulatedPlant
from rfid_gateway.simulators.plants import (
    IsolationRoom,
    MedicineFridge,
    Plant,
    SteamSterilizer,
    WasherDisinfector,
)
from rfid_gateway.simulators.serial_readers import ChipFault, SimulatedEm4100, SimulatedPn532
from rfid_gateway.simulators.steady import SteadyPlant
from rfid_gateway.transports.serial_line import PseudoTerminal
from twin.clock import MINUTE_US, SystemClock
from twin.errors import ConfigurationError

Tell = Callable[[str, str], None]
"""Tells a person the name and address of what was started."""

_TAGS = 10
_STAY_TICKS = 20  # slower than a move needs proof, fast enough to watch
_RESET_TICKS = 10
_FRAME_PAUSE_S = 0.1  # RDM6300 repeats the frame about ten times a second while a tag lies there
_DAMAGED_OCTET = 5


class DeviceKind(StrEnum):
    """What can be simulated."""

    LLRP = "llrp"
    IMPINJ = "impinj"
    CHAFON = "chafon"
    PN532 = "pn532"
    EM4100 = "em4100"
    MODBUS = "modbus"


class ReaderFault(StrEnum):
    """What simulated readers do wrong."""

    NONE = "none"
    RESET = "reset"
    """The network reader drops its client every ten seconds."""
    DAMAGED = "damaged"
    """Every second frame comes with a wrong octet."""


FAULTS: dict[DeviceKind, tuple[str, ...]] = {
    DeviceKind.LLRP: ("none", "reset"),
    DeviceKind.IMPINJ: ("none", "reset"),
    DeviceKind.CHAFON: ("none", "damaged"),
    DeviceKind.PN532: tuple(ChipFault),
    DeviceKind.EM4100: ("none", "damaged"),
    DeviceKind.MODBUS: tuple(Fault),
}
"""Faults that each kind of device can show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """What to simulate.

    Parameters
    ----------
    kind : DeviceKind
        Readers or machines.
    port : int
        First port; 0 for any free ones. PN532 and EM4100 are on pseudo-terminals and have none.
    count : int
        How many.
    profile : str
        Profile of machines.
    fault : str
        What they do wrong, one of :data:`FAULTS`.
    is_serial : bool
        Machines and Chafon readers on a pseudo-terminal in place of the network.
    seconds : float
        Stop after so many seconds; 0 runs until cancelled.
    """

    kind: DeviceKind
    port: int = 0
    count: int = 1
    profile: str = "generic-steam-sterilizer"
    fault: str = "none"
    is_serial: bool = False
    seconds: float = 0.0

    def port_of(self, index: int) -> int:
        """Give the port of one of several devices; 0 for any."""
        return self.port + index if self.port else 0


async def simulate(wanted: Simulation, tell: Tell) -> None:
    """Serve simulated readers or machines.

    Parameters
    ----------
    wanted : Simulation
        What to simulate.
    tell : Tell
        Tells what was started.

    Raises
    ------
    ConfigurationError
        If there is no such fault or plant.
    """
    if wanted.fault not in FAULTS[wanted.kind]:
        known = ", ".join(FAULTS[wanted.kind])
        raise ConfigurationError(f"Unknown fault {wanted.fault!r} of {wanted.kind.value}; known are {known}.")
    serve = {
        DeviceKind.LLRP: _llrp,
        DeviceKind.IMPINJ: _impinj,
        DeviceKind.CHAFON: _chafon,
        DeviceKind.PN532: _pn532,
        DeviceKind.EM4100: _em4100,
        DeviceKind.MODBUS: _modbus,
    }[wanted.kind]
    async with serve(wanted, tell):
        if wanted.seconds > 0:
            await asyncio.sleep(wanted.seconds)
        else:
            await asyncio.Event().wait()


@asynccontextmanager
async def _running(*works: Coroutine[object, object, None]) -> AsyncIterator[None]:
    """Let works go on beside what follows; one that fails ends the whole simulation."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work) for work in works]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


def _epc(number: int) -> bytes:
    return bytes.fromhex("30340242200000400000") + number.to_bytes(2, "big")


def _chip(number: int) -> bytes:
    return bytes.fromhex("E28011602000") + number.to_bytes(6, "big")


def _reader_of(number: int, tick: int, count: int) -> int:
    """Give the reader before which a tag lies: tags wander from one to the next, so that there is something to see."""
    return (tick // _STAY_TICKS + number) % count


@asynccontextmanager
async def _llrp(wanted: Simulation, tell: Tell) -> AsyncIterator[None]:
    clock = SystemClock()
    readers = [SimulatedReader(f"reader-{i + 1:02d}", clock) for i in range(wanted.count)]

    async def see() -> None:
        tick = 0
        while True:
            for number in range(_TAGS):
                reader = readers[_reader_of(number, tick, len(readers))]
                reader.see([Sighting(_epc(number), 1 + number % 4, tid=_chip(number))])
            tick += 1
            if wanted.fault == ReaderFault.RESET and tick % _RESET_TICKS == 0:
                for reader in readers:
                    await reader.drop_client()
            await asyncio.sleep(1.0)

    async with AsyncExitStack() as stack:
        for i, reader in enumerate(readers):
            port = await reader.start(port=wanted.port_of(i))
            stack.push_async_callback(reader.stop)
            tell(reader.device, f"127.0.0.1:{port}")
        await stack.enter_async_context(_running(see()))
        yield


@asynccontextmanager
async def _impinj(wanted: Simulation, tell: Tell) -> AsyncIterator[None]:
    readers = [SimulatedImpinj(f"3702010000{i + 1}") for i in range(wanted.count)]

    async def see() -> None:
        tick = 0
        while True:
            for number in range(_TAGS):
                reader = readers[_reader_of(number, tick, len(readers))]
                reader.see(_epc(number).hex().upper(), 1 + number % 4, tid=_chip(number).hex().upper())
            tick += 1
            if wanted.fault == ReaderFault.RESET and tick % _RESET_TICKS == 0:
                for reader in readers:
                    reader.break_streams()
            await asyncio.sleep(1.0)

    async with AsyncExitStack() as stack:
        for i, reader in enumerate(readers):
            port = await reader.start(port=wanted.port_of(i))
            stack.push_async_callback(reader.stop)
            tell(f"reader-{i + 1:02d}", f"127.0.0.1:{port}")
        await stack.enter_async_context(_running(see()))
        yield


@asynccontextmanager
async def _chafon(wanted: Simulation, tell: Tell) -> AsyncIterator[None]:
    readers = [SimulatedChafon() for _ in range(wanted.count)]

    async def see() -> None:
        tick = 0
        while True:
            for i, reader in enumerate(readers):
                here = [number for number in range(_TAGS) if _reader_of(number, tick, len(readers)) == i]
                reader.tags = [(_epc(number), 1 + number % 4) for number in here]
                reader.spoil = int(wanted.fault == ReaderFault.DAMAGED)
            tick += 1
            await asyncio.sleep(1.0)

    async with AsyncExitStack() as stack:
        works = [see()]
        for i, reader in enumerate(readers):
            if wanted.is_serial:
                line = PseudoTerminal()
                stack.push_async_callback(line.line.close)
                works.append(reader.run(line.line))
                tell(f"reader-{i + 1:02d}", line.path)
            else:
                port = await reader.start(port=wanted.port_of(i))
                stack.push_async_callback(reader.stop)
                tell(f"reader-{i + 1:02d}", f"127.0.0.1:{port}")
        await stack.enter_async_context(_running(*works))
        yield


@asynccontextmanager
async def _pn532(wanted: Simulation, tell: Tell) -> AsyncIterator[None]:
    lines = [PseudoTerminal() for _ in range(wanted.count)]
    chips = [SimulatedPn532(line.line) for line in lines]

    async def see() -> None:
        tick = 0
        while True:
            for i, chip in enumerate(chips):
                # Cards of four and of seven octets take turns, with a pause between them.
                number, phase = divmod(tick // 3 + i, 2)
                chip.cards = (
                    [] if phase else [bytes.fromhex("04A22C9A") if number % 2 else bytes.fromhex("04B1C2D3E4F580")]
                )
                chip.fault, chip.faults_left = ChipFault(wanted.fault), 1
            tick += 1
            await asyncio.sleep(1.0)

    async with AsyncExitStack() as stack:
        for i, line in enumerate(lines):
            stack.push_async_callback(line.line.close)
            tell(f"reader-{i + 1:02d}", line.path)
        await stack.enter_async_context(_running(see(), *(chip.run() for chip in chips)))
        yield


@asynccontextmanager
async def _em4100(wanted: Simulation, tell: Tell) -> AsyncIterator[None]:
    lines = [PseudoTerminal() for _ in range(wanted.count)]
    readers = [SimulatedEm4100(line.line) for line in lines]

    async def see() -> None:
        tick = 0
        while True:
            for i, (line, reader) in enumerate(zip(lines, readers, strict=True)):
                number, phase = divmod(tick // 30 + i, 2)
                if phase:
                    continue  # nothing lies there for three seconds
                # What nobody reads is gone, as on a real line: a driver that comes later must not hear of old tags.
                line.drop_unread()
                frame = bytearray(em4100.encode_frame(bytes.fromhex("0416D7AC") + bytes([0x99 + number % 3])))
                if wanted.fault == ReaderFault.DAMAGED and tick % 2:
                    frame[_DAMAGED_OCTET] ^= 1
                await reader.send_raw(bytes(frame))
            tick += 1
            await asyncio.sleep(_FRAME_PAUSE_S)

    async with AsyncExitStack() as stack:
        for i, line in enumerate(lines):
            stack.push_async_callback(line.line.close)
            tell(f"reader-{i + 1:02d}", line.path)
        await stack.enter_async_context(_running(see()))
        yield


@asynccontextmanager
async def _modbus(wanted: Simulation, tell: Tell) -> AsyncIterator[None]:
    clock = SystemClock()
    plant = SimulatedPlant(clock, framing=Framing.RTU if wanted.is_serial else Framing.TCP)
    # Longer than the answer time of one second that most profiles leave as it is, so that a late answer is too late.
    plant.faults = FaultPlan(fault=Fault(wanted.fault), delay_s=2.0)
    for unit in range(1, wanted.count + 1):
        measured = simulated_plant(wanted.profile, unit, clock.now())
        plant.add(unit, load_profile(wanted.profile), measured.values_at)
    async with AsyncExitStack() as stack:
        if wanted.is_serial:
            # All units hang on one line, as on a real one.
            line = PseudoTerminal()
            stack.push_async_callback(line.line.close)
            await stack.enter_async_context(_running(plant.serve_line(line.line)))
            address = line.path
        else:
            address = f"127.0.0.1:{await plant.start(port=wanted.port)}"
            stack.push_async_callback(plant.stop)
        for unit in range(1, wanted.count + 1):
            tell(f"{wanted.profile} unit {unit}", address)
        yield


def simulated_plant(profile: str, seed: int, now: int) -> Plant:
    """Give a plant that measures what a profile names; it is busy when it is one that runs cycles.

    Parameters
    ----------
    profile : str
        Name of a shipped profile, or a file.
    seed : int
        Tells plants apart.
    now : int
        When its first cycle starts, UTC microseconds.

    Raises
    ------
    NotFound
        If there is no such profile.
    """
    match profile:
        case "generic-steam-sterilizer":
            # A hundred cycles are some two days of work; a plant that is asked later than that stands idle.
            sterilizer, at = SteamSterilizer(seed=seed), now
            for _ in range(100):
                at = sterilizer.start_cycle(at) + 10 * MINUTE_US
            return sterilizer
        case "generic-washer-disinfector":
            washer, at = WasherDisinfector(seed=seed), now
            for _ in range(100):
                at = washer.start_cycle(at) + 10 * MINUTE_US
            return washer
        case "generic-medicine-fridge":
            return MedicineFridge(seed=seed)
        case "generic-isolation-room":
            return IsolationRoom(seed=seed)
    return SteadyPlant(load_profile(profile), seed)

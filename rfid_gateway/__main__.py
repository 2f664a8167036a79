"""The gateway as a program of its own: ``python -m rfid_gateway FILE``; also what ``hospital-twin gateway`` calls."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rfid_gateway.drivers.driver import end_tasks
from rfid_gateway.modbus.profile import load_profile
from rfid_gateway.simulators.faults import Fault
from rfid_gateway.simulators.llrp import Sighting, SimulatedReader
from rfid_gateway.simulators.modbus import FaultPlan, SimulatedPlant
from rfid_gateway.simulators.plants import (
    IsolationRoom,
    MedicineFridge,
    Plant,
    SteamSterilizer,
    WasherDisinfector,
)
from rfid_gateway.simulators.steady import SteadyPlant
from rfid_gateway.uplink.configuration import GatewaySettings, parse_settings
from rfid_gateway.uplink.control import ControlSettings, Desk, GatewayControl
from rfid_gateway.uplink.desk import HttpDesk
from rfid_gateway.uplink.http import HttpSink
from rfid_gateway.uplink.key import UplinkKey
from rfid_gateway.uplink.mqtt import MqttSink
from rfid_gateway.uplink.mqtt_desk import MqttDesk
from rfid_gateway.uplink.runtime import GatewayRuntime
from twin.clock import MINUTE_US, SystemClock
from twin.errors import ConfigurationError, HospitalTwinError

Tell = Callable[[str, str], None]
"""Tells a person the name and address of what was started."""


async def run_gateway(file: Path, seconds: float = 0.0) -> None:
    """Serve the readers and machines of a settings file.

    Parameters
    ----------
    file : Path
        Settings (YAML); they name the core's address and key.
    seconds : float
        Stop after so many seconds; 0 runs until cancelled.

    Raises
    ------
    ConfigurationError
        If the file names no core.
    ImportRefused
        If the file breaks a rule.
    """
    settings = parse_settings(file.read_text(encoding="utf-8"), file.name)
    uplink = settings.uplink
    if not uplink.url:
        raise ConfigurationError(f"{file.name}: uplink.url is missing: name the core's address.")
    clock = SystemClock()
    is_behind_broker = uplink.url.startswith(("mqtt://", "mqtts://"))
    kept = settings.spool.with_suffix(".settings.yaml") if settings.spool else None
    key = UplinkKey(uplink.api_key, settings.spool.with_suffix(".key") if settings.spool else None)

    def build(told: GatewaySettings) -> GatewayRuntime:
        # A sink is closed with its gateway: each gets its own.
        if is_behind_broker:
            return GatewayRuntime(told, MqttSink(uplink.url, settings.id, answer_s=uplink.answer_s), clock)
        return GatewayRuntime(told, HttpSink(uplink.url, key, answer_s=uplink.answer_s), clock)

    desk: Desk = MqttDesk(uplink.url, settings.id) if is_behind_broker else HttpDesk(uplink.url, key)
    # The password at a broker is the broker's business: no order can change it.
    control = ControlSettings(kept=kept, key=None if is_behind_broker else key)
    running = asyncio.create_task(GatewayControl(settings, build, desk, clock, control).run())
    try:
        # asyncio.wait, not wait_for: it leaves the task running at the timeout, and end_tasks cancels it until it has
        # ended.
        await asyncio.wait({running}, timeout=seconds or None)
        if running.done():
            await running
    finally:
        await end_tasks([running])


async def _wait(seconds: float) -> None:
    if seconds > 0:
        await asyncio.sleep(seconds)
    else:
        await asyncio.Event().wait()


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """What to simulate.

    Parameters
    ----------
    kind : str
        ``llrp`` or ``modbus``.
    port : int
        First port; 0 for any free ones.
    count : int
        How many.
    profile : str
        Profile of machines.
    fault : str
        What machines do wrong; a value of :class:`Fault`.
    seconds : float
        Stop after so many seconds; 0 runs until cancelled.
    """

    kind: str
    port: int = 0
    count: int = 1
    profile: str = "generic-steam-sterilizer"
    fault: str = "none"
    seconds: float = 0.0


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
    if wanted.fault not in set(Fault):
        raise ConfigurationError(f"Unknown fault {wanted.fault!r}; known are {', '.join(Fault)}.")
    if wanted.kind == "llrp":
        await _simulate_readers(wanted, tell)
    else:
        await _simulate_machines(wanted, tell)


async def _simulate_readers(wanted: Simulation, tell: Tell) -> None:
    clock = SystemClock()
    readers = [SimulatedReader(f"reader-{i + 1:02d}", clock) for i in range(wanted.count)]
    for i, reader in enumerate(readers):
        tell(reader.device, f"127.0.0.1:{await reader.start(port=wanted.port + i if wanted.port else 0)}")
    seeing = asyncio.create_task(_see_tags(readers))
    try:
        await _wait(wanted.seconds)
    finally:
        seeing.cancel()
        await asyncio.gather(seeing, *(reader.stop() for reader in readers), return_exceptions=True)


async def _simulate_machines(wanted: Simulation, tell: Tell) -> None:
    clock = SystemClock()
    plant = SimulatedPlant(clock)
    # Longer than the answer time of one second that most profiles leave as it is, so that a late answer is too late.
    plant.faults = FaultPlan(fault=Fault(wanted.fault), delay_s=2.0)
    for unit in range(1, wanted.count + 1):
        measured = simulated_plant(wanted.profile, unit, clock.now())
        plant.add(unit, load_profile(wanted.profile), measured.values_at)
    address = await plant.start(port=wanted.port)
    for unit in range(1, wanted.count + 1):
        tell(f"{wanted.profile} unit {unit}", f"127.0.0.1:{address}")
    try:
        await _wait(wanted.seconds)
    finally:
        await plant.stop()


async def _see_tags(readers: list[SimulatedReader]) -> None:
    """Let ten tags wander from reader to reader, so that there is something to see."""
    tick = 0
    while True:
        for number in range(10):
            # Every twenty seconds each tag is heard by the next reader: slower than a move needs proof, fast enough to
            # watch.
            reader = readers[(tick // 20 + number) % len(readers)]
            epc = bytes.fromhex("30340242200000400000") + number.to_bytes(2, "big")
            chip = bytes.fromhex("E28011602000") + number.to_bytes(6, "big")
            reader.see([Sighting(epc, 1 + number % 4, tid=chip)])
        tick += 1
        await asyncio.sleep(1.0)


def main() -> int:
    """Run the gateway of the settings file named on the command line; give the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    if len(sys.argv) != 2:
        sys.stderr.write("usage: python -m rfid_gateway FILE\n")
        return 2
    try:
        asyncio.run(run_gateway(Path(sys.argv[1])))
    except HospitalTwinError as error:
        sys.stderr.write(f"{error.message} ({error.code})\n")
        return 2
    except (OSError, UnicodeError) as error:
        sys.stderr.write(f"{sys.argv[1]}: {error}\n")
        return 2
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())

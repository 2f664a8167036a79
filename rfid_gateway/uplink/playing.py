"""Recording one device of a gateway, and playing a recording to the device's own driver, without device or core."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TextIO

import numpy as np

from rfid_gateway.drivers.driver import ReaderLine, Status, Surroundings, end_tasks
from rfid_gateway.drivers.kinds import factory_of
from rfid_gateway.modbus.samples import Sample
from rfid_gateway.rfid.llrp.layouts import MESSAGE_NUMBERS
from rfid_gateway.rfid.readings import TagReading
from rfid_gateway.spool.store import Row, Watermark
from rfid_gateway.transports.connection import Connection, Connector
from rfid_gateway.transports.recording import Piece, ReplayConnection
from rfid_gateway.uplink.configuration import GatewaySettings
from rfid_gateway.uplink.runtime import GatewayRuntime
from twin.clock import SystemClock
from twin.errors import ConfigurationError, NotFound

REPLAYABLE = ("llrp", "pn532", "em4100", "chafon")
"""Kinds whose line carries octets; the others speak HTTP or MQTT, which have recorders of their own. Recordings of
Modbus lines are read by :mod:`rfid_gateway.modbus.replaying`."""
_DEVICE = "replay"
_MESSAGE_TYPE, _ADD_ACCESSSPEC = 0x3FF, MESSAGE_NUMBERS["ADD_ACCESSSPEC"]
_LONGEST_S = 60.0  # a driver that waits for what the recording does not hold must not wait for ever


class _Nowhere:
    """A sink for a gateway that is never started."""

    async def send(self, rows: Sequence[Row]) -> Watermark:
        return Watermark(rows[-1].boot, rows[-1].seq)

    async def close(self) -> None:
        """Nothing to close."""


async def record(settings: GatewaySettings, device: str, out: TextIO, *, seconds: float) -> int:
    """Serve one device of a gateway, write down all that goes over its line, and give how many readings came.

    Parameters
    ----------
    settings : GatewaySettings
        Of the gateway; nothing is spooled or sent.
    device : str
        Id of a reader or machine.
    out : TextIO
        Where the recording goes.
    seconds : float
        For how long; 0 records until cancelled.

    Raises
    ------
    NotFound
        If the gateway has no such device.
    """
    gateway = GatewayRuntime(settings, _Nowhere(), SystemClock())
    driver = next((one for one in gateway.drivers if one.device == device), None)
    if driver is None:
        raise NotFound("device", device)
    gateway.ear.record(device, out)
    running = asyncio.create_task(driver.run())
    try:
        await asyncio.wait({running}, timeout=seconds or None)
    finally:
        await end_tasks([running])
    return driver.health.readings


@dataclass(slots=True)
class Played:
    """What a driver made of a recording."""

    readings: list[TagReading] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)

    def on_readings(self, readings: Sequence[TagReading]) -> None:
        """Keep readings."""
        self.readings += readings

    def on_samples(self, samples: Sequence[Sample]) -> None:
        """Readers measure nothing."""

    def on_status(self, status: Status) -> None:
        """Keep a status."""
        self.statuses.append(status)


class _RecordedClock:
    """Shows when the last piece was received, so that everything happens as it did."""

    def __init__(self, line: ReplayConnection) -> None:
        self._line = line

    def now(self) -> int:
        return self._line.at


async def replay(pieces: Sequence[Piece], kind: str, *, speed: float = float("inf")) -> Played:
    """Play a recording to the driver of its kind of reader, and give what came of it.

    Parameters
    ----------
    pieces : Sequence[Piece]
        The recording; for readers that are set up first, from the beginning of a connection.
    kind : str
        One of :data:`REPLAYABLE`.
    speed : float
        Recorded seconds per second; infinite as fast as the driver takes it.

    Raises
    ------
    ConfigurationError
        If readers of this kind cannot be replayed.
    """
    if kind not in REPLAYABLE:
        raise ConfigurationError(f"Readers of kind {kind!r} cannot be replayed; {', '.join(REPLAYABLE)} can.")
    line, played, ended = ReplayConnection(pieces, speed=speed, is_in_turn=True), Played(), asyncio.Event()
    is_open = False

    async def connect() -> Connection:
        nonlocal is_open
        if is_open:
            ended.set()
            raise ConnectionRefusedError("The recording is over.")
        is_open = True
        return line

    def tap(_device: str, _connect: Connector) -> Connector:
        return connect

    # Keep-alives were recorded with the rest; none may be missed because the replay is faster or slower.
    around = Surroundings(listener=played, clock=_RecordedClock(line), chance=np.random.default_rng(0), tap=tap)
    line_of = ReaderLine(device=_DEVICE, keepalive_s=_LONGEST_S, reads_tid=kind == "llrp" and _asked_for_chips(pieces))
    driver = factory_of(kind)(line_of, around)
    running = asyncio.create_task(driver.run())
    try:
        async with asyncio.timeout(_LONGEST_S if speed == float("inf") else None):
            await ended.wait()
    except TimeoutError:
        pass
    finally:
        await end_tasks([running])
    return played


def _asked_for_chips(pieces: Sequence[Piece]) -> bool:
    """Tell whether the recorded LLRP driver asked for chip numbers: played, it must send what was sent then."""
    return any(
        not piece.is_received and int.from_bytes(piece.octets[:2], "big") & _MESSAGE_TYPE == _ADD_ACCESSSPEC
        for piece in pieces
    )

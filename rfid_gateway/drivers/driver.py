"""What every driver offers, and to whom it tells what it hears."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np

from rfid_gateway.modbus.samples import Sample
from rfid_gateway.rfid.readings import TagReading
from rfid_gateway.transports.connection import Connector
from twin.clock import Clock
from twin.events.watch import GatewayStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How a device is doing, and since when.

    Parameters
    ----------
    device : str
        Id of the reader or machine.
    status : GatewayStatus
        How it is doing.
    detail : str
        Stable code of the cause, such as ``keepalive_missed``.
    at : int
        UTC microseconds.
    """

    device: str
    status: GatewayStatus
    detail: str = ""
    at: int = 0


class Listener(Protocol):
    """Takes in what drivers hear; called in the event loop, must return at once."""

    def on_readings(self, readings: Sequence[TagReading]) -> None:
        """Take in readings of one reader, in the order in which it reported them."""

    def on_samples(self, samples: Sequence[Sample]) -> None:
        """Take in samples of one machine."""

    def on_status(self, status: Status) -> None:
        """Take in a change of a device's status."""


@dataclass(slots=True)
class DriverHealth:
    """Figures of one driver for screens; counts since the gateway started.

    Parameters
    ----------
    status : GatewayStatus
        How the device is doing.
    detail : str
        Stable code of the cause.
    last_heard_at : int
        When it said anything last, UTC microseconds; 0 for never.
    connections, messages, readings, errors : int
        Counts.
    clock_offset_us : int
        Gateway's clock minus device's clock, microseconds.
    identity, firmware, model : str
        What the device says of itself.
    """

    status: GatewayStatus = GatewayStatus.OFFLINE
    detail: str = "not_started"
    last_heard_at: int = 0
    connections: int = 0
    messages: int = 0
    readings: int = 0
    errors: int = 0
    clock_offset_us: int = 0
    identity: str = ""
    firmware: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderLine:
    """One reader as the settings name it; a driver takes of it what its kind needs.

    Parameters
    ----------
    device : str
        Id of the reader.
    host, port : str, int
        Network address.
    path : str
        Serial line; empty for a network.
    identity : str
        Expected identification; empty: taken as it comes.
    antennas : tuple[int, ...]
        Antennas to use; 0 for all.
    keepalive_s : float
        How often the reader shall give a sign of life.
    tls : ssl.SSLContext or None
        Context of an encrypted line.
    reads_tid : bool
        Whether the reader shall read the number of each tag's chip too.
    options : Mapping[str, str]
        What only this kind knows, such as a user name or a topic.
    """

    device: str
    host: str = "127.0.0.1"
    port: int = 0
    path: str = ""
    identity: str = ""
    antennas: tuple[int, ...] = (0,)
    keepalive_s: float = 10.0
    tls: ssl.SSLContext | None = None
    reads_tid: bool = False
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What every driver works with.

    Parameters
    ----------
    listener : Listener
        Takes in readings and status.
    clock : Clock
        The gateway's clock.
    chance : numpy.random.Generator
        Source of the pauses' jitter.
    tap : Callable[[str, Connector], Connector]
        Puts the gateway's ear on a line, for raw frames and recordings; given the device's id.
    """

    listener: Listener
    clock: Clock
    chance: np.random.Generator
    # No ear by default, as in test reads and drivers of other packages.
    tap: Callable[[str, Connector], Connector] = lambda _device, connect: connect


class Driver(Protocol):
    """One device's driver."""

    device: str
    health: DriverHealth

    async def run(self) -> None:
        """Serve the device until cancelled; connects again by itself."""


@runtime_checkable
class ClockKeeper(Protocol):
    """A driver that learns how far its device's clock is off."""

    def forget_clock(self) -> None:
        """Learn it anew: the gateway's own clock was set."""


class StatusTeller:
    """Tells a device's status to the listener, each change once.

    Parameters
    ----------
    device : str
        Id of the device.
    health : DriverHealth
        Where the status is kept.
    around : Surroundings
        Listener and clock.
    """

    def __init__(self, device: str, health: DriverHealth, around: Surroundings) -> None:
        self._device = device
        self._health = health
        self._around = around

    def online(self) -> None:
        """Say that the device is heard."""
        self._tell(GatewayStatus.ONLINE, "")

    def degraded(self, detail: str) -> None:
        """Say that the device is heard, but something is wrong."""
        self._tell(GatewayStatus.DEGRADED, detail)

    def offline(self, detail: str) -> None:
        """Say that the device is not heard, and count it as an error."""
        self._health.errors += 1
        self._tell(GatewayStatus.OFFLINE, detail)

    def _tell(self, status: GatewayStatus, detail: str) -> None:
        # Each change once: a status is an event in the ledger, and devices flap faster than anybody reads.
        if (self._health.status, self._health.detail) != (status, detail):
            self._health.status, self._health.detail = status, detail
            at = self._around.clock.now()
            self._around.listener.on_status(Status(device=self._device, status=status, detail=detail, at=at))


async def end_tasks(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel tasks until all have ended.

    ``asyncio.wait_for`` of Python 3.11, which the Modbus library waits with, loses a cancellation that comes together
    with the answer; such a task would go on for ever if it were cancelled once only.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class BackoffSettings:
    """How long to wait before trying again.

    Parameters
    ----------
    first_s, most_s : float
        Pause after the first failure, and the longest one, seconds.
    """

    first_s: float = 0.25
    most_s: float = 30.0


class Backoff:
    """Pauses that double after each failure, each shortened by chance so that devices do not come back all at once.

    Parameters
    ----------
    settings : BackoffSettings
        First and longest pause.
    chance : numpy.random.Generator
        Source of the jitter.
    """

    def __init__(self, settings: BackoffSettings, chance: np.random.Generator) -> None:
        self._settings = settings
        self._chance = chance
        self.failures = 0

    def reset(self) -> None:
        """Begin again with the first pause, after a success."""
        self.failures = 0

    def next_s(self) -> float:
        """Give the next pause in seconds: half to all of the doubled one."""
        # the exponent is bounded: 2.0 ** 1024 overflows after a weekend without the device
        ceiling = min(self._settings.first_s * 2.0 ** min(self.failures, 30), self._settings.most_s)
        self.failures += 1
        return ceiling * (0.5 + 0.5 * float(self._chance.random()))

    async def pause(self) -> None:
        """Wait for the next pause."""
        await asyncio.sleep(self.next_s())

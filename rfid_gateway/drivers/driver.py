"""What every driver offers, and to whom it tells what it hears."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from rfid_gateway.modbus.samples import Sample
from rfid_gateway.rfid.readings import TagReading
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


class Driver(Protocol):
    """One device's driver."""

    device: str
    health: DriverHealth

    async def run(self) -> None:
        """Serve the device until cancelled; connects again by itself."""


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
        ceiling = min(self._settings.first_s * 2.0 ** min(self.failures, 30), self._settings.most_s)
        self.failures += 1
        return ceiling * (0.5 + 0.5 * float(self._chance.random()))

    async def pause(self) -> None:
        """Wait for the next pause."""
        await asyncio.sleep(self.next_s())

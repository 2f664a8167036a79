"""A listener that keeps what drivers tell it, and a way to wait for something without sleeping for a fixed time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import numpy as np

from rfid_gateway.drivers.driver import Status, Surroundings
from rfid_gateway.modbus.samples import Sample
from rfid_gateway.rfid.readings import TagReading
from twin.clock import Clock, SystemClock


class KeepingListener:
    def __init__(self) -> None:
        self.readings: list[TagReading] = []
        self.samples: list[Sample] = []
        self.statuses: list[Status] = []

    def on_readings(self, readings: Sequence[TagReading]) -> None:
        self.readings += readings

    def on_samples(self, samples: Sequence[Sample]) -> None:
        self.samples += samples

    def on_status(self, status: Status) -> None:
        self.statuses.append(status)


def around_of(listener: KeepingListener, clock: Clock | None = None) -> Surroundings:
    return Surroundings(listener=listener, clock=clock or SystemClock(), chance=np.random.default_rng(1))


async def until(condition: Callable[[], bool], *, within_s: float = 10.0) -> None:
    """Let the event loop run until a condition holds."""
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.002)

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import numpy as np
import pytest

from rfid_gateway.drivers.driver import BackoffSettings, ReaderLine, Surroundings
from rfid_gateway.drivers.impinj_r700 import ImpinjR700
from rfid_gateway.simulators.impinj import SimulatedImpinj
from tests.rfid_gateway.listeners import KeepingListener, until
from twin.clock import SystemClock
from twin.events.watch import GatewayStatus

QUICK = BackoffSettings(first_s=0.01, most_s=0.02)


@asynccontextmanager
async def reading(
    simulated: SimulatedImpinj, port: int, *, options: Mapping[str, str] | None = None, identity: str = ""
) -> AsyncIterator[tuple[ImpinjR700, KeepingListener]]:
    listener = KeepingListener()
    around = Surroundings(listener=listener, clock=SystemClock(), chance=np.random.default_rng(1))
    line = ReaderLine(device="r700", port=port, identity=identity, keepalive_s=1.0, options=options or {})
    reader = ImpinjR700(line, around, QUICK)
    running = asyncio.create_task(reader.run())
    try:
        yield reader, listener
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await simulated.stop()


async def test_inventory_is_started_and_tags_are_read() -> None:
    simulated = SimulatedImpinj(user="root", password="impinj")
    port = await simulated.start()
    options = {"user": "root", "password": "impinj", "preset": "wards"}

    async with reading(simulated, port, options=options) as (reader, listener):
        await until(lambda: simulated.listeners == 1)
        simulated.see("e2801160", antenna=3, rssi_cdbm=-6120)
        await until(lambda: bool(listener.readings))

    assert [(one.tag, one.antenna, one.rssi_dbm) for one in listener.readings] == [("E2801160", 3, -61.2)]
    assert simulated.started_presets == ["wards"]
    assert (reader.health.identity, reader.health.firmware) == (simulated.serial, "8.0.1")


async def test_lines_in_pieces_and_broken_ones_cost_nothing_else() -> None:
    simulated = SimulatedImpinj()
    port = await simulated.start()

    async with reading(simulated, port) as (reader, listener):
        await until(lambda: simulated.listeners == 1)
        simulated.send_line(b'{"tagInventoryEvent":{"epcHex":"E2')  # cut by a line end: no JSON
        await until(lambda: reader.health.status is GatewayStatus.DEGRADED)
        simulated.send_line(b'{"tagInventoryEvent":{"epcHex":"E28011ZZ"}}')
        simulated.see("AABB")
        await until(lambda: bool(listener.readings))

    assert [one.tag for one in listener.readings] == ["AABB"]
    assert reader.health.errors >= 2


async def test_clock_of_the_reader_is_corrected() -> None:
    simulated = SimulatedImpinj()
    port = await simulated.start()

    async with reading(simulated, port) as (reader, listener):
        await until(lambda: simulated.listeners == 1)
        simulated.see("AABB", seen="2001-02-03T04:05:06Z")  # a reader that has forgotten the time
        await until(lambda: bool(listener.readings))

    assert abs(listener.readings[0].at - SystemClock().now()) < 5_000_000
    assert reader.health.clock_offset_us > 0


async def test_stream_that_breaks_is_opened_again() -> None:
    simulated = SimulatedImpinj()
    port = await simulated.start()

    async with reading(simulated, port) as (_, listener):
        await until(lambda: simulated.listeners == 1)
        simulated.break_streams()
        await until(lambda: any(one.status is GatewayStatus.OFFLINE for one in listener.statuses[1:]))
        await until(lambda: simulated.listeners == 1)
        simulated.see("AABB")
        await until(lambda: bool(listener.readings))


@pytest.mark.parametrize(
    ("options", "identity", "detail"),
    [({"user": "root", "password": "wrong"}, "", "impinj.unauthorized"), ({}, "", "impinj.unauthorized")],
)
async def test_reader_that_refuses_is_told_with_its_code(options: dict[str, str], identity: str, detail: str) -> None:
    simulated = SimulatedImpinj(user="root", password="impinj")
    port = await simulated.start()

    async with reading(simulated, port, options=options, identity=identity) as (reader, _):
        await until(lambda: reader.health.detail == detail)


async def test_another_reader_at_the_address_is_refused() -> None:
    simulated = SimulatedImpinj("370-NEW")
    port = await simulated.start()

    async with reading(simulated, port, identity="370-OLD") as (reader, listener):
        await until(lambda: reader.health.detail == "identity_changed")

    assert simulated.started_presets == []
    assert listener.readings == []

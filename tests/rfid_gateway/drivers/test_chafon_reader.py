from __future__ import annotations

import asyncio

from rfid_gateway.drivers.chafon_reader import ChafonReader, ChafonTiming
from rfid_gateway.drivers.driver import BackoffSettings, ReaderLine
from rfid_gateway.simulators.chafon import SimulatedChafon
from rfid_gateway.transports.connection import Connection
from rfid_gateway.transports.tcp import open_tcp
from tests.rfid_gateway.listeners import KeepingListener, around_of, until
from twin.events.watch import GatewayStatus

QUICK = ChafonTiming(poll_s=0.002, answer_s=0.1, backoff=BackoffSettings(first_s=0.01, most_s=0.02))
EPCS = [bytes([0x30, i]) * 6 for i in range(20)]


def reader_of(port: int, listener: KeepingListener, *antennas: int) -> ChafonReader:
    async def connect() -> Connection:
        return await open_tcp("127.0.0.1", port)

    line = ReaderLine(device="gate-1", antennas=antennas or (0,))
    return ChafonReader(line, connect, around_of(listener), QUICK)


async def test_tags_of_both_families_are_read_antenna_by_antenna() -> None:
    for tells_antennas in (True, False):
        simulated, listener = SimulatedChafon(tells_antennas=tells_antennas), KeepingListener()
        simulated.tags = [(epc, 1 + i % 2 if tells_antennas else 1) for i, epc in enumerate(EPCS)]
        reader = reader_of(await simulated.start(), listener, 1, 2)

        running = asyncio.create_task(reader.run())
        await until(lambda: len({one.tag for one in listener.readings}) == len(EPCS))  # noqa: B023
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await simulated.stop()

        where = {one.tag: one.antenna for one in listener.readings}
        assert where == {epc.hex().upper(): antenna for epc, antenna in simulated.tags}
        assert reader.health.firmware == "3.7"


async def test_damaged_answers_give_no_wrong_tag_and_are_asked_for_again() -> None:
    simulated, listener = SimulatedChafon(), KeepingListener()
    simulated.tags, simulated.spoil = [(EPCS[0], 1)], 5
    reader = reader_of(await simulated.start(), listener)

    running = asyncio.create_task(reader.run())
    await until(lambda: len(listener.readings) >= 3)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await simulated.stop()

    assert {one.tag for one in listener.readings} == {EPCS[0].hex().upper()}


async def test_reader_that_goes_away_and_comes_back_is_found_again() -> None:
    simulated, listener = SimulatedChafon(), KeepingListener()
    simulated.tags = [(EPCS[0], 1)]
    port = await simulated.start()
    reader = reader_of(port, listener)
    running = asyncio.create_task(reader.run())
    await until(lambda: bool(listener.readings))

    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await simulated.stop()
    running = asyncio.create_task(reader.run())
    await until(lambda: reader.health.status is GatewayStatus.OFFLINE)
    await simulated.start(port)
    count = len(listener.readings)
    await until(lambda: len(listener.readings) > count)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await simulated.stop()

    assert reader.health.detail == ""
    assert reader.health.connections == 2

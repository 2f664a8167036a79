from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rfid_gateway.drivers.driver import BackoffSettings
from rfid_gateway.drivers.llrp_reader import LlrpReader, LlrpReaderSettings
from rfid_gateway.simulators.llrp import ReaderFarm, Sighting, SimulatedReader
from rfid_gateway.transports.connection import Connection
from rfid_gateway.transports.tcp import open_tcp
from tests.rfid_gateway.listeners import KeepingListener, around_of, until
from twin.clock import SystemClock
from twin.events.watch import GatewayStatus

EPC = bytes.fromhex("3074257BF7194E4000001A85")
QUICK = BackoffSettings(first_s=0.01, most_s=0.02)


TID = bytes.fromhex("E2801160600002054CC2096F")


def driver_of(
    reader: SimulatedReader,
    listener: KeepingListener,
    *,
    identity: str = "",
    keepalive_s: float = 5.0,
    tid_words: int = 0,
) -> LlrpReader:
    async def connect() -> Connection:
        return await open_tcp("127.0.0.1", reader.port)

    settings = LlrpReaderSettings(
        device=reader.device, identity=identity, keepalive_s=keepalive_s, backoff=QUICK, tid_words=tid_words
    )
    return LlrpReader(settings, connect, around_of(listener))


@asynccontextmanager
async def serving(driver: LlrpReader) -> AsyncIterator[None]:
    task = asyncio.create_task(driver.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_reader_is_set_up_and_its_tags_are_read() -> None:
    reader, listener = SimulatedReader("ward-3", SystemClock()), KeepingListener()
    await reader.start()
    driver = driver_of(reader, listener)

    async with serving(driver):
        await until(lambda: reader.is_reporting)
        reader.see([Sighting(EPC, antenna=2, rssi_dbm=-61, count=3), Sighting(EPC[:8], antenna=1)])
        await until(lambda: len(listener.readings) == 2)
    await reader.stop()

    first, second = listener.readings
    assert (first.tag, first.reader, first.antenna, first.rssi_dbm, first.count) == (
        EPC.hex().upper(),
        "ward-3",
        2,
        -61.0,
        3,
    )
    assert second.tag == EPC[:8].hex().upper()
    assert driver.health.firmware == "simulated"
    assert listener.statuses[0].status is GatewayStatus.ONLINE


async def test_reader_that_comes_back_is_set_up_again() -> None:
    reader, listener = SimulatedReader("r", SystemClock()), KeepingListener()
    await reader.start()

    async with serving(driver_of(reader, listener)):
        await until(lambda: reader.is_reporting)
        await reader.stop()
        await until(lambda: any(one.status is GatewayStatus.OFFLINE for one in listener.statuses))
        await reader.start()
        await until(lambda: reader.is_reporting)
        reader.see([Sighting(EPC)])
        await until(lambda: bool(listener.readings))
    await reader.stop()


async def test_reader_that_loses_power_within_a_report_is_set_up_again_and_tells_nothing_half() -> None:
    reader, listener = SimulatedReader("r", SystemClock()), KeepingListener()
    await reader.start()

    async with serving(driver_of(reader, listener)):
        await until(lambda: reader.is_reporting)
        reader.see([Sighting(EPC, antenna=1)])
        await until(lambda: len(listener.readings) == 1)
        await reader.reboot([Sighting(EPC, antenna=2), Sighting(EPC[::-1], antenna=3)])
        await until(lambda: any(one.status is GatewayStatus.OFFLINE for one in listener.statuses))
        await until(lambda: reader.is_reporting)
        reader.see([Sighting(EPC, antenna=4)])
        await until(lambda: len(listener.readings) >= 2)
    await reader.stop()

    assert [one.antenna for one in listener.readings] == [1, 4]
    assert [one.detail for one in listener.statuses if one.status is GatewayStatus.OFFLINE] == ["connection_lost"]


async def test_silent_reader_is_given_up_after_missed_keepalives() -> None:
    reader, listener = SimulatedReader("r", SystemClock()), KeepingListener()
    await reader.start()

    async with serving(driver_of(reader, listener, keepalive_s=0.05)):
        await until(lambda: reader.is_reporting)
        reader.is_silent = True
        await until(lambda: any(one.detail == "keepalive_missed" for one in listener.statuses))
    await reader.stop()


async def test_another_reader_at_the_address_is_refused() -> None:
    reader, listener = SimulatedReader("imposter", SystemClock()), KeepingListener()
    await reader.start()

    async with serving(driver_of(reader, listener, identity="001625FFFF1125D6")):
        await until(lambda: any(one.detail == "identity_changed" for one in listener.statuses))
    await reader.stop()

    assert not any(one.status is GatewayStatus.ONLINE for one in listener.statuses)


async def test_reader_with_another_client_is_reported_busy() -> None:
    reader, listener = SimulatedReader("r", SystemClock()), KeepingListener()
    await reader.start()

    async with serving(driver_of(reader, KeepingListener())):
        await until(lambda: reader.is_reporting)
        async with serving(driver_of(reader, listener)):
            await until(lambda: any(one.detail == "reader_busy" for one in listener.statuses))
    await reader.stop()


async def test_reader_clock_an_hour_ahead_is_corrected() -> None:
    clock = SystemClock()
    reader, listener = SimulatedReader("r", clock), KeepingListener()
    reader.clock_error_us = 3_600_000_000
    await reader.start()

    async with serving(driver_of(reader, listener)):
        await until(lambda: reader.is_reporting)
        seen_at = clock.now()
        reader.see([Sighting(EPC)])
        await until(lambda: bool(listener.readings))
    await reader.stop()

    assert abs(listener.readings[0].at - seen_at) < 2_000_000


async def test_many_readers_are_served_at_once() -> None:
    devices = [f"reader-{i:02d}" for i in range(20)]
    farm, listener = ReaderFarm(devices, SystemClock()), KeepingListener()
    await farm.start()
    tasks = [asyncio.create_task(driver_of(reader, listener).run()) for reader in farm.readers.values()]

    await until(lambda: all(reader.is_reporting for reader in farm.readers.values()))
    for i, device in enumerate(devices):
        farm.see(device, [Sighting(i.to_bytes(12, "big"))])
    await until(lambda: len(listener.readings) == 20)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await farm.stop()

    assert {(one.reader, int(one.tag, 16)) for one in listener.readings} == {
        (name, i) for i, name in enumerate(devices)
    }


async def test_reader_that_is_asked_reads_code_and_chip_as_a_pair() -> None:
    reader, listener = SimulatedReader("ward-3", SystemClock()), KeepingListener()
    await reader.start()
    driver = driver_of(reader, listener, tid_words=6)

    async with serving(driver):
        await until(lambda: driver.health.status is GatewayStatus.ONLINE)
        reader.see([Sighting(EPC, tid=TID), Sighting(EPC[:8], tid=TID[:4]), Sighting(EPC)])
        await until(lambda: len(listener.readings) == 3)
    await reader.stop()

    # A chip with fewer words than asked for, and a tag of which none is known, are read all the same.
    assert [(one.tag, one.tid) for one in listener.readings] == [
        (EPC.hex().upper(), TID.hex().upper()),
        (EPC[:8].hex().upper(), ""),
        (EPC.hex().upper(), ""),
    ]


async def test_reader_that_is_not_asked_tells_no_chip() -> None:
    reader, listener = SimulatedReader("ward-3", SystemClock()), KeepingListener()
    await reader.start()

    async with serving(driver_of(reader, listener)):
        await until(lambda: reader.is_reporting)
        reader.see([Sighting(EPC, tid=TID)])
        await until(lambda: bool(listener.readings))
    await reader.stop()

    assert listener.readings[0].tid == ""


async def test_reader_without_access_operations_reads_tags_and_says_what_it_cannot() -> None:
    reader, listener = SimulatedReader("old", SystemClock(), access_specs=0), KeepingListener()
    await reader.start()
    driver = driver_of(reader, listener, tid_words=6)

    async with serving(driver):
        await until(lambda: driver.health.status is GatewayStatus.DEGRADED)
        detail = driver.health.detail
        reader.see([Sighting(EPC, tid=TID)])
        await until(lambda: bool(listener.readings))
    await reader.stop()

    assert detail == "tid_unsupported"

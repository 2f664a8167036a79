"""Readers behind a real broker."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import aiomqtt
import numpy as np
import pytest

from rfid_gateway.drivers.driver import BackoffSettings, ReaderLine, Surroundings
from rfid_gateway.drivers.mqtt_reader import MqttReader, decoder_of
from tests.conftest import skip_or_fail
from tests.mosquitto import PROGRAM, Broker, broker_in
from tests.rfid_gateway.listeners import KeepingListener, until
from twin.clock import SystemClock
from twin.errors import ConfigurationError
from twin.events.watch import GatewayStatus

TOPIC = "zebra/dock/data"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    if PROGRAM is None:
        skip_or_fail("mosquitto is not installed")
    with broker_in(tmp_path) as started:
        yield started


def reader_of(broker: Broker, kind: str = "zebra_mqtt", **options: str) -> tuple[MqttReader, KeepingListener]:
    listener = KeepingListener()
    around = Surroundings(listener=listener, clock=SystemClock(), chance=np.random.default_rng(1))
    line = ReaderLine(device="dock", port=broker.port, options={"topic": TOPIC, **options})
    return MqttReader(line, decoder_of(kind, line), around, BackoffSettings(first_s=0.01, most_s=0.05)), listener


def event(number: int, epc: str = "E28011") -> bytes:
    return f'{{"type":"SIMPLE","data":{{"eventNum":{number},"idHex":"{epc}","antenna":2}}}}'.encode()


async def publish(broker: Broker, *payloads: bytes) -> None:
    async with aiomqtt.Client("127.0.0.1", broker.port) as client:
        for payload in payloads:
            await client.publish(TOPIC, payload, qos=1)


async def stop(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_tags_are_read_and_lost_records_are_counted(broker: Broker) -> None:
    reader, listener = reader_of(broker)
    running = asyncio.create_task(reader.run())
    await until(lambda: reader.health.status is GatewayStatus.ONLINE)

    await publish(broker, event(1), event(2), event(6, "E28012"))
    await until(lambda: len(listener.readings) == 3)
    await stop(running)

    assert [(one.tag, one.antenna) for one in listener.readings] == [("E28011", 2), ("E28011", 2), ("E28012", 2)]
    assert reader.lost == 3


async def test_records_that_a_broker_sends_again_are_not_told_as_lost(broker: Broker) -> None:
    reader, listener = reader_of(broker)
    running = asyncio.create_task(reader.run())
    await until(lambda: reader.health.status is GatewayStatus.ONLINE)

    await publish(broker, event(1), event(2), event(3, "E28012"), event(2), event(4), event(7), event(1, "E28013"))
    await until(lambda: len(listener.readings) == 7)
    await publish(broker, event(2, "E28013"))  # the reader was started again, and counts from the start
    await until(lambda: len(listener.readings) == 8)
    await stop(running)

    assert reader.lost == 2


async def test_messages_that_cannot_be_read_are_told_and_hold_nothing_up(broker: Broker) -> None:
    reader, listener = reader_of(broker)
    running = asyncio.create_task(reader.run())
    await until(lambda: reader.health.status is GatewayStatus.ONLINE)

    await publish(broker, b"nonsense", event(1, "XX"), event(2, "AABB"))
    await until(lambda: bool(listener.readings))
    await stop(running)

    assert [one.tag for one in listener.readings] == ["AABB"]
    assert [one.detail for one in listener.statuses] == ["", "json.malformed", "json.record", ""]


async def test_what_came_while_nobody_listened_comes_once_somebody_does(broker: Broker) -> None:
    first, _ = reader_of(broker)
    running = asyncio.create_task(first.run())
    await until(lambda: first.health.status is GatewayStatus.ONLINE)
    await stop(running)
    await publish(broker, event(1))

    second, listener = reader_of(broker)
    running = asyncio.create_task(second.run())
    await until(lambda: bool(listener.readings))
    await stop(running)


async def test_broker_that_dies_is_found_again(broker: Broker) -> None:
    reader, listener = reader_of(broker)
    running = asyncio.create_task(reader.run())
    await until(lambda: reader.health.status is GatewayStatus.ONLINE)

    broker.end()
    await until(lambda: reader.health.status is GatewayStatus.OFFLINE)
    await asyncio.to_thread(broker.start)
    await until(lambda: reader.health.status is GatewayStatus.ONLINE)
    await publish(broker, event(1))
    await until(lambda: bool(listener.readings))
    await stop(running)

    assert reader.health.connections >= 2


async def test_clock_of_a_reader_is_corrected_and_named_fields_are_used(broker: Broker) -> None:
    reader, listener = reader_of(broker, "mqtt", epc="id", seen_at="when")
    running = asyncio.create_task(reader.run())
    await until(lambda: reader.health.status is GatewayStatus.ONLINE)

    await publish(broker, b'{"id":"30AA","when":"2010-01-01T00:00:00Z"}')
    await until(lambda: bool(listener.readings))
    await stop(running)

    assert abs(listener.readings[0].at - SystemClock().now()) < 5_000_000


def test_reader_without_topic_or_decoder_is_refused() -> None:
    around = Surroundings(listener=KeepingListener(), clock=SystemClock(), chance=np.random.default_rng(1))
    line = ReaderLine(device="dock")

    with pytest.raises(ConfigurationError):
        MqttReader(line, decoder_of("mqtt", line), around)
    with pytest.raises(ConfigurationError):
        decoder_of("other", line)

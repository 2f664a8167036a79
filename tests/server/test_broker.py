"""Rows of gateways that come by a real broker: durable once, refused one by one, and told only after the commit."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import aiomqtt
import msgspec
import pytest

from rfid_gateway.modbus.samples import Quality, Sample
from rfid_gateway.spool.store import Row, RowKind, Watermark
from rfid_gateway.uplink.mqtt import MqttSink
from rfid_gateway.uplink.mqtt_desk import MqttDesk
from rfid_gateway.uplink.mqtt_messages import (
    Committed,
    NumberedReport,
    RowBatch,
    batch_of,
    committed_topic,
    parse_broker,
    report_topic,
    rows_topic,
)
from rfid_gateway.uplink.orders import OrderKind, OrderResult, Report
from rfid_gateway.uplink.sinks import series_of
from server.broker import BrokerIntake, take_in
from server.gateways import versions
from server.gateways.desk import desk_of
from server.wiring import Hospital
from tests.conftest import skip_or_fail
from tests.mosquitto import PROGRAM, Broker, broker_in
from tests.rfid_gateway.listeners import until
from twin.access import Actor, Role
from twin.errors import ConfigurationError, Unavailable
from twin.events import registry
from twin.events.things import ZoneChanged

BOOT = 9


def row_of(seq: int, *, source: str = "gateway:east", at: int = 1_767_600_000_000_000) -> Row:
    event = ZoneChanged(thing="T1", occurred_at=at, source=source, source_key=f"{BOOT}-{seq:010d}", zone="A")
    return Row(BOOT, seq, RowKind.EVENT, registry.encode(event))


def samples_row(seq: int, *, source: str = "gateway:east") -> Row:
    sample = Sample("fridge-1", "air_c", 1_767_600_000_000_000, 4.2, Quality.GOOD)
    return Row(BOOT, seq, RowKind.SAMPLES, msgspec.json.encode(series_of([sample], source=source, key=f"{seq}")))


def batch(*rows: Row, gateway: str = "east") -> RowBatch:
    return msgspec.json.decode(batch_of(gateway, rows), type=RowBatch)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    if PROGRAM is None:
        skip_or_fail("mosquitto is not installed")
    with broker_in(tmp_path) as started:
        yield started


def keys_in(hospital: Hospital) -> list[str]:
    with hospital.read() as session:
        return [one.event.source_key for one in hospital.ledger.read(session, after=0, limit=1000)]


async def test_rows_become_durable_once_however_often_they_come(hospital: Hospital) -> None:
    first = await take_in(hospital, batch(row_of(1), samples_row(2), row_of(3)))
    again = await take_in(hospital, batch(row_of(1), samples_row(2), row_of(3)))
    late = await take_in(hospital, batch(row_of(1)))

    assert (first, again, late) == (Committed(BOOT, 3), Committed(BOOT, 3), Committed(BOOT, 3))
    assert keys_in(hospital) == [f"{BOOT}-0000000001", f"{BOOT}-0000000003"]
    with hospital.read() as session:
        kept = hospital.telemetry.read(session, "fridge-1", "air_c", 0, 2**62)
    assert kept.values.tolist() == [4.2]


@pytest.mark.parametrize(
    "bad",
    [
        row_of(2, source="gateway:west"),  # another gateway's facts
        row_of(2, at=4_000_000_000_000_000),  # in the year 2096
        samples_row(2, source="gateway:west"),
        Row(BOOT, 2, RowKind.EVENT, b'{"type":"NoSuchEvent"}'),
        Row(BOOT, 2, RowKind.SAMPLES, b'{"not":"a list"}'),
    ],
)
async def test_row_that_can_never_be_used_does_not_hold_up_the_others(hospital: Hospital, bad: Row) -> None:
    told = await take_in(hospital, batch(row_of(1), bad, row_of(3)))

    assert told == Committed(BOOT, 3, refused=1)
    assert keys_in(hospital) == [f"{BOOT}-0000000001", f"{BOOT}-0000000003"]


async def test_row_dropped_by_the_quota_leaves_no_gap(hospital: Hospital) -> None:
    told = await take_in(hospital, batch(row_of(1), Row(BOOT, 2, RowKind.EVENT, b""), row_of(3)))

    assert told == Committed(BOOT, 3)


async def test_sink_gives_the_cores_watermark_and_not_the_brokers(hospital: Hospital, broker: Broker) -> None:
    sink = MqttSink(broker.url, "east", answer_s=0.3)

    with pytest.raises(Unavailable) as nobody_commits:
        await sink.send([row_of(1)])
    intake = BrokerIntake(hospital, parse_broker(broker.url))
    running = asyncio.create_task(intake.run())
    await until(lambda: intake.figures.is_connected)
    sink._answer_s = 10.0
    watermark = await sink.send([row_of(1), row_of(2)])
    await sink.close()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert nobody_commits.value.code == "uplink.mqtt_no_commit"
    assert watermark == Watermark(BOOT, 2)
    assert keys_in(hospital) == [f"{BOOT}-0000000001", f"{BOOT}-0000000002"]


async def test_messages_that_cannot_be_read_are_counted_and_passed_over(hospital: Hospital, broker: Broker) -> None:
    intake = BrokerIntake(hospital, parse_broker(broker.url))
    running = asyncio.create_task(intake.run())
    await until(lambda: intake.figures.is_connected)
    hostile = [
        b"",
        b"\xff\xfe",
        b"[" * 5000,
        b'{"gateway":"east","boot":0,"first":1,"rows":[]}',
        batch_of("west", [row_of(1)]),
    ]

    async with aiomqtt.Client("127.0.0.1", broker.port) as client:
        for payload in hostile:
            await client.publish(rows_topic("east"), payload, qos=1)
        await client.subscribe(committed_topic("east"), qos=1)
        await client.publish(rows_topic("east"), batch_of("east", [row_of(1)]), qos=1)
        told = await anext(client.messages)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert intake.figures.unreadable == len(hostile)
    assert msgspec.json.decode(bytes(told.payload), type=Committed) == Committed(BOOT, 1)  # type: ignore[arg-type]


async def test_what_came_while_the_core_was_away_is_taken_in_when_it_is_back(
    hospital: Hospital, broker: Broker
) -> None:
    async def listen_until(done: int) -> BrokerIntake:
        intake = BrokerIntake(hospital, parse_broker(broker.url))
        running = asyncio.create_task(intake.run())
        await until(lambda: intake.figures.is_connected and intake.figures.batches >= done)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return intake

    await listen_until(0)
    async with aiomqtt.Client("127.0.0.1", broker.port) as client:
        await client.publish(rows_topic("east"), batch_of("east", [row_of(1)]), qos=1)
    await listen_until(1)

    assert keys_in(hospital) == [f"{BOOT}-0000000001"]


@pytest.mark.parametrize("url", ["http://host", "mqtt://", "mqtt://host:port", "host"])
def test_url_that_is_no_brokers_is_refused_without_telling_the_password(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_broker(url.replace("//", "//user:secret@"))

    assert "secret" not in caught.value.message


def test_gateway_id_that_would_change_the_topic_is_refused() -> None:
    with pytest.raises(ConfigurationError):
        MqttSink("mqtt://host", "east/+")


async def test_an_intake_that_is_called_off_ends_though_taking_leave_of_the_broker_fails(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    intake = BrokerIntake(hospital, parse_broker("mqtt://127.0.0.1:1"))
    begun = asyncio.Event()

    async def listen() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            raise aiomqtt.MqttError("Disconnect timed out")

    monkeypatch.setattr(intake, "_listen", listen)
    running = asyncio.create_task(intake.run())
    await begun.wait()
    running.cancel()
    done, _ = await asyncio.wait({running}, timeout=5)

    assert done
    assert running.cancelled()


async def test_gateway_behind_a_broker_reports_takes_orders_and_goes_over_to_settings(
    hospital: Hospital, broker: Broker
) -> None:
    intake = BrokerIntake(hospital, parse_broker(broker.url))
    running = asyncio.create_task(intake.run())
    await until(lambda: intake.figures.is_connected)
    desk, core = MqttDesk(broker.url, "east"), desk_of(hospital)
    actor = Actor(id="u1", name="u1", roles=frozenset({Role.BIOMED}))

    first = await desk.exchange(Report(gateway="east", started_at=5))
    waiting = core.leave("east", OrderKind.FRAMES, {"device": "r1"}, actor)
    second = await desk.exchange(Report(gateway="east", started_at=5))
    done = OrderResult(id=second.orders[0].id, is_done=True, lines=["1 < 00"])
    row = await hospital.write(
        lambda session: versions.draft(session, "east", "readers: [{id: r9}]", actor=actor, now=hospital.clock.now())
    )
    await hospital.write(
        lambda session: versions.stage(session, "east", row.version, actor=actor, now=hospital.clock.now())
    )
    third = await desk.exchange(Report(gateway="east", started_at=5, results=[done]))
    fourth = await desk.exchange(Report(gateway="east", started_at=5, settings_version=third.settings_version))
    await desk.close()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert first.orders == []
    assert [one.kind for one in second.orders] == [OrderKind.FRAMES]
    assert waiting.result(timeout=1).lines == ["1 < 00"]
    assert (third.settings_version, third.settings) == (1, "readers: [{id: r9}]")
    assert (fourth.settings_version, fourth.settings) == (1, "")
    with hospital.read() as session:
        assert [one.stage for one in versions.list_versions(session, "east")] == ["active"]
    assert intake.figures.reports == 4


async def test_desk_says_when_nobody_answers_by_the_broker(hospital: Hospital, broker: Broker) -> None:
    desk = MqttDesk(broker.url, "east", answer_s=0.3)
    nowhere = MqttDesk("mqtt://127.0.0.1:9", "east", answer_s=0.3)

    with pytest.raises(Unavailable) as silent:
        await desk.exchange(Report(gateway="east"))
    with pytest.raises(Unavailable) as unreachable:
        await nowhere.exchange(Report(gateway="east"))
    await desk.close()
    await nowhere.close()

    assert (silent.value.code, unreachable.value.code) == ("desk.no_answer", "desk.unreachable")


async def test_report_under_another_gateways_topic_is_passed_over(hospital: Hospital, broker: Broker) -> None:
    intake = BrokerIntake(hospital, parse_broker(broker.url))
    running = asyncio.create_task(intake.run())
    await until(lambda: intake.figures.is_connected)

    async with aiomqtt.Client("127.0.0.1", parse_broker(broker.url).port) as client:
        for payload in (b"", b"[" * 5000, msgspec.json.encode(NumberedReport(1, Report(gateway="west")))):
            await client.publish(report_topic("east"), payload)
        await until(lambda: intake.figures.unreadable == 3)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert desk_of(hospital).reported() == []
    assert intake.figures.reports == 0

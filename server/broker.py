"""What gateways send by an MQTT broker: rows become durable together with the watermark, then the broker is told.

A message is acknowledged to the broker after the commit, never before: a core that is killed in between gets it again,
and stores nothing twice because every fact bears its own key. Reports are answered with orders, as by HTTP; the
broker's access list, which lets each gateway write under its own name only, stands there for the key.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiomqtt
import msgspec
import numpy as np
from sqlmodel import Session

from rfid_gateway.drivers.driver import Backoff, BackoffSettings
from rfid_gateway.spool.store import Row, RowKind
from rfid_gateway.uplink.mqtt_messages import (
    PREFIX,
    REPORTS_FILTER,
    ROWS_FILTER,
    BrokerAddress,
    Committed,
    NumberedOrders,
    NumberedReport,
    RowBatch,
    committed_topic,
    orders_topic,
    parse_broker,
    rows_of,
)
from server.gateways.reporting import take_report
from server.http.events import check, decode_one
from server.http.telemetry import AHEAD_US, Chunk, chunk_of
from server.schema.gateways import GatewayMarkRow
from server.wiring import Hospital
from twin.access import Actor, Role
from twin.errors import DecodeError, Forbidden, HospitalTwinError, InputError
from twin.events.envelope import Event
from twin.telemetry.samples import SampleChunk

log = logging.getLogger("hospital_twin.broker")

_batches = msgspec.json.Decoder(RowBatch)
_reports = msgspec.json.Decoder(NumberedReport)
_chunks = msgspec.json.Decoder(list[Chunk])
_REFUSALS = (InputError, Forbidden)


@dataclass(slots=True)
class Facts:
    """What rows say, ready to be stored."""

    events: list[Event] = field(default_factory=list)
    chunks: list[SampleChunk] = field(default_factory=list)


def _facts(hospital: Hospital, actor: Actor, rows: Sequence[Row]) -> Facts:
    now, facts = hospital.clock.now(), Facts()
    for row in rows:
        if row.body and row.kind is RowKind.EVENT:
            facts.events.append(decode_one(row.body))
        elif row.body:
            try:
                told = _chunks.decode(row.body)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise DecodeError(f"Row {row.seq}: expected series of samples: {error}.", code="body.json") from error
            if any(one.source != actor.source for one in told):
                raise InputError(f"Row {row.seq}: this gateway writes for {actor.source!r} only.")
            facts.chunks += [chunk_of(one, i, latest=now + AHEAD_US) for i, one in enumerate(told)]
    check(facts.events, actor, now=now, prefix="/rows")
    return facts


def _store(hospital: Hospital, session: Session, facts: Facts) -> None:
    if facts.events:
        hospital.ledger.append(session, facts.events)
    for chunk in facts.chunks:
        hospital.telemetry.store(session, chunk)


def _advance(session: Session, batch: RowBatch, *, now: int) -> int:
    row = session.get(GatewayMarkRow, (batch.gateway, batch.boot))
    if row is None:
        row = GatewayMarkRow(gateway=batch.gateway, boot=batch.boot, seq=0, at=now)
    if batch.first > row.seq + 1:
        # A gateway always sends its oldest rows. What is older was committed once; here it may lie in a lost backup.
        log.warning(
            "%s: rows %d to %d of boot %d are not known here", batch.gateway, row.seq + 1, batch.first - 1, batch.boot
        )
    row.seq, row.at = max(row.seq, batch.last), now
    session.add(row)
    return row.seq


async def take_in(hospital: Hospital, batch: RowBatch) -> Committed:
    """Store the rows of a batch and its watermark in one transaction; comes back when they are durable.

    A row that can never be used is left out, counted and logged: it would otherwise hold up everything after it.

    Parameters
    ----------
    hospital : Hospital
        Where to.
    batch : RowBatch
        As sent; each fact is stored once however often it comes.

    Raises
    ------
    StorageError, Unavailable
        If nothing can be stored now.
    """
    name = f"gateway:{batch.gateway}"
    actor = Actor(id=name, name=batch.gateway, roles=frozenset({Role.SERVICE_GATEWAY}), source=name)
    rows, refused = rows_of(batch), 0

    async def store(some: Sequence[Row], *, is_last: bool) -> int:
        facts, now = _facts(hospital, actor, some), hospital.clock.now()

        def use_case(session: Session) -> int:
            _store(hospital, session, facts)
            return _advance(session, batch, now=now) if is_last else 0

        return await hospital.write(use_case)

    try:
        seq = await store(rows, is_last=True)
    except _REFUSALS:
        for row in rows:
            try:
                await store([row], is_last=False)
            except _REFUSALS as error:
                refused += 1
                log.warning("%s: row %d-%d can never be used: %s", batch.gateway, row.boot, row.seq, error.message)
        seq = await store([], is_last=True)
    hospital.telemetry.wake()
    return Committed(batch.boot, seq, refused)


@dataclass(slots=True)
class BrokerFigures:
    """How the line to the broker is; counts since the start."""

    is_connected: bool = False
    batches: int = 0
    rows: int = 0
    refused: int = 0
    reports: int = 0
    unreadable: int = 0
    failures: int = 0
    last_error: str = ""


class BrokerIntake:
    """The core's line to a broker.

    Parameters
    ----------
    hospital : Hospital
        Where rows go.
    broker : BrokerAddress
        Where the broker is.
    """

    def __init__(self, hospital: Hospital, broker: BrokerAddress) -> None:
        self.figures = BrokerFigures()
        self._hospital = hospital
        self._broker = broker
        # The same at every start, so that the broker keeps what comes while the core is away.
        self._identifier = f"{PREFIX}-core-{hashlib.sha256(hospital.secret).hexdigest()[:12]}"
        self._backoff = Backoff(BackoffSettings(first_s=0.2, most_s=15.0), np.random.default_rng())

    async def run(self) -> None:
        """Listen until cancelled; connects again by itself."""
        while True:
            try:
                await self._listen()
            except (aiomqtt.MqttError, HospitalTwinError, OSError) as error:
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    # Called off while connected: taking leave failed and hid it, and this loop would never end.
                    raise asyncio.CancelledError from error
                self.figures.failures += 1
                self.figures.last_error = str(error)[:200]
                log.warning("Broker %s: %s", self._broker.host, error)
            finally:
                self.figures.is_connected = False
            await self._backoff.pause()

    async def _listen(self) -> None:
        broker = self._broker
        client = aiomqtt.Client(
            broker.host,
            broker.port,
            username=broker.user,
            password=broker.password,
            tls_context=broker.tls,
            identifier=self._identifier,
            clean_session=False,
            timeout=10.0,
        )
        # The library acknowledges on arrival unless it is told; it has no public way of telling yet. Set before the
        # connection, since the broker sends what it has kept at once.
        client._client.manual_ack_set(True)
        async with client:
            await client.subscribe(ROWS_FILTER, qos=1)
            # Reports are worth nothing a minute later: the broker shall keep none while the core is away.
            await client.subscribe(REPORTS_FILTER, qos=0)
            self.figures.is_connected = True
            self._backoff.reset()
            async for message in client.messages:
                if str(message.topic).endswith("/report"):
                    await self._take_report(client, message)
                else:
                    await self._take(client, message)

    async def _take_report(self, client: aiomqtt.Client, message: aiomqtt.Message) -> None:
        owner = str(message.topic).split("/")[1]
        try:
            told = _reports.decode(message.payload if isinstance(message.payload, bytes) else b"")
            if told.report.gateway != owner:
                raise msgspec.ValidationError(f"it names {told.report.gateway[:60]!r}")
            orders = await take_report(self._hospital, told.report)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            self.figures.unreadable += 1
            log.warning("Broker: a report of gateway %s cannot be read: %s", owner[:60], str(error)[:200])
            return
        except HospitalTwinError as error:
            # Unanswered, the gateway reports again in a moment; rows, which matter more, must not wait for it.
            log.warning("Broker: a report of gateway %s was not taken: %s", owner[:60], error.message)
            return
        self.figures.reports += 1
        await client.publish(orders_topic(owner), msgspec.json.encode(NumberedOrders(told.number, orders)), qos=0)

    async def _take(self, client: aiomqtt.Client, message: aiomqtt.Message) -> None:
        batch = self._read(message)
        if batch is not None:
            # What cannot be stored now raises: unacknowledged, it comes again on the next connection.
            told = await take_in(self._hospital, batch)
            self.figures.batches += 1
            self.figures.rows += len(batch.rows)
            self.figures.refused += told.refused
            await client.publish(committed_topic(batch.gateway), msgspec.json.encode(told), qos=1, retain=True)
        client._client.ack(message.mid, message.qos)

    def _read(self, message: aiomqtt.Message) -> RowBatch | None:
        owner = str(message.topic).split("/")[1]
        try:
            batch = _batches.decode(message.payload if isinstance(message.payload, bytes) else b"")
            if batch.gateway != owner:
                raise msgspec.ValidationError(f"it names {batch.gateway[:60]!r}")
            if any(one.kind not in set(RowKind) for one in batch.rows):
                raise msgspec.ValidationError("a row of an unknown kind")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            self.figures.unreadable += 1
            log.warning("Broker: a message of gateway %s cannot be read: %s", owner[:60], str(error)[:200])
            return None
        return batch


@asynccontextmanager
async def broker_intake(hospital: Hospital) -> AsyncIterator[BrokerIntake]:
    """Take in what gateways send by the broker of the settings, as long as the block lasts.

    Parameters
    ----------
    hospital : Hospital
        Its settings name the broker.
    """
    intake = BrokerIntake(hospital, parse_broker(hospital.settings.mqtt_url))
    hospital.services["broker"] = intake
    task = asyncio.create_task(intake.run(), name="broker")
    try:
        yield intake
    finally:
        hospital.services.pop("broker", None)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

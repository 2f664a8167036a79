"""Readers that publish tags to an MQTT broker: Zebra's IoT Connector, and any program whose fields are named.

A message is acknowledged to the broker once its readings are handed on, so that one that came while the gateway was
killed comes again; readings of an instant count once however often they come.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import aiomqtt

from rfid_gateway.drivers.driver import Backoff, BackoffSettings, DriverHealth, ReaderLine, StatusTeller, Surroundings
from rfid_gateway.rfid.clocks import ClockOffset
from rfid_gateway.rfid.json_events import FieldNames, JsonTag, JsonTags, read_mapped_message, read_zebra_message
from rfid_gateway.rfid.readings import UNKNOWN_RSSI_DBM, TagReading
from rfid_gateway.transports.connection import why_unreachable
from twin.errors import ConfigurationError, DecodeError

Decode = Callable[[bytes], JsonTags]
_MOST_RECENT = 4096  # more records than a broker keeps on their way to one subscriber


def decoder_of(kind: str, line: ReaderLine) -> Decode:
    """Give what reads the messages of a kind of reader: ``zebra_mqtt`` or ``mqtt``.

    Raises
    ------
    ConfigurationError
        If there is no such kind.
    """
    if kind == "zebra_mqtt":
        return read_zebra_message
    if kind == "mqtt":
        named = {name: text for name, text in line.options.items() if name in FieldNames.__dataclass_fields__}
        return partial(read_mapped_message, names=FieldNames(**named))
    raise ConfigurationError(f"There is no decoder of MQTT messages for {kind!r}.")


class MqttReader:
    """Driver of one reader behind a broker.

    Options: ``topic`` (with wildcards), ``user``, ``password``; for ``mqtt`` the names of fields as in
    :class:`rfid_gateway.rfid.json_events.FieldNames`.

    Parameters
    ----------
    line : ReaderLine
        Host and port of the broker.
    decode : Decode
        Reads one message.
    around : Surroundings
        Listener, clock and chance.
    backoff : BackoffSettings, optional
        Pauses between attempts.
    """

    def __init__(
        self, line: ReaderLine, decode: Decode, around: Surroundings, backoff: BackoffSettings | None = None
    ) -> None:
        if not line.options.get("topic"):
            raise ConfigurationError(f"Reader {line.device}: options.topic is missing: name the topic of its tags.")
        self.device = line.device
        self.health = DriverHealth(model="MQTT")
        self.offset = ClockOffset()
        self.lost = 0
        self._line = line
        self._decode = decode
        self._around = around
        self._backoff = Backoff(backoff or BackoffSettings(), around.chance)
        self._status = StatusTeller(line.device, self.health, around)
        self._number: int | None = None
        self._recent: dict[int, JsonTag] = {}

    def forget_clock(self) -> None:
        """Learn anew how far the reader's clock is off: the gateway's own was set."""
        self.offset.forget()

    async def run(self) -> None:
        """Serve the reader until cancelled; connects again by itself."""
        while True:
            self._status.offline(await self._serve_once())
            await self._backoff.pause()

    async def _serve_once(self) -> str:
        line = self._line
        # A kept session (clean_session off) lets the broker hold messages while the gateway restarts; the identifier
        # must stay the same for it.
        client = aiomqtt.Client(
            line.host,
            line.port,
            username=line.options.get("user"),
            password=line.options.get("password"),
            tls_context=line.tls,
            identifier=f"hospital-twin-reader-{line.device}",
            clean_session=False,
            keepalive=max(round(line.keepalive_s), 1),
            timeout=5.0,
        )
        # The library acknowledges on arrival unless it is told, and has no public way of telling yet.
        client._client.manual_ack_set(True)
        try:
            async with client:
                await client.subscribe(line.options["topic"], qos=1)
                self.health.connections += 1
                self._backoff.reset()
                self._status.online()
                async for message in client.messages:
                    self._take(message.payload if isinstance(message.payload, bytes) else b"")
                    client._client.ack(message.mid, message.qos)
                    # Thousands of waiting messages would otherwise be taken in one go, and everything else on the loop
                    # would wait.
                    await asyncio.sleep(0)
        except aiomqtt.MqttError as error:
            return why_unreachable(error) if self.health.status.value == "offline" else "connection_lost"
        return "connection_lost"

    def _take(self, payload: bytes) -> None:
        arrived_at = self._around.clock.now()
        self.health.last_heard_at = arrived_at
        self.health.messages += 1
        try:
            told = self._decode(payload)
        except DecodeError as error:
            self.health.errors += 1
            self._status.degraded(error.code)
            return
        self.health.errors += len(told.problems)
        for tag in told.tags:
            self._count(tag)
        if told.tags:
            self.health.readings += len(told.tags)
            self._around.listener.on_readings([self._reading(tag, arrived_at) for tag in told.tags])
        if told.problems:
            self._status.degraded("json.record")
        else:
            self._status.online()

    def _count(self, tag: JsonTag) -> None:
        """Note records that never came, by the running numbers; a reader that starts again counts from the start."""
        if tag.number is None:
            return
        # A broker sends again what was not acknowledged, after newer messages even: the same record is no step back,
        # and counting on from it would tell the newer ones as lost.
        if self._recent.get(tag.number) == tag:
            return
        self._recent[tag.number] = tag
        if len(self._recent) > _MOST_RECENT:
            del self._recent[next(iter(self._recent))]
        if self._number is not None and tag.number > self._number + 1:
            self.lost += tag.number - self._number - 1
            self.health.errors += 1
        self._number = tag.number

    def _reading(self, tag: JsonTag, arrived_at: int) -> TagReading:
        self.offset.observe(tag.seen_at or 0, arrived_at)
        self.health.clock_offset_us = self.offset.offset_us
        at = self.offset.correct(tag.seen_at, arrived_at)
        rssi = UNKNOWN_RSSI_DBM if tag.rssi_dbm is None else tag.rssi_dbm
        return TagReading(tag.epc, self.device, tag.antenna, at, rssi, tag.times, tag.tid)

"""The uplink by MQTT: a batch goes to the broker with QoS 1, and the core's watermark comes back by it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence

import aiomqtt
import msgspec

from rfid_gateway.spool.store import Row, Watermark
from rfid_gateway.uplink.mqtt_messages import (
    Committed,
    batch_of,
    committed_topic,
    parse_broker,
    require_topic_name,
    rows_topic,
)
from twin.errors import Unavailable

_LOG = logging.getLogger(__name__)
_committed = msgspec.json.Decoder(Committed)


class MqttSink:
    """Sends rows to a core by a broker; gives the core's watermark, never the broker's acknowledgement.

    Parameters
    ----------
    url : str
        The broker: ``mqtt://user:password@host:port`` or ``mqtts://…``.
    gateway : str
        Id of this gateway; a part of the topics, so without ``/``, ``+`` and ``#``.
    answer_s : float
        How long the core's commit may take before the batch is sent again, seconds.

    Raises
    ------
    ConfigurationError
        If the URL or the id does not fit.
    """

    def __init__(self, url: str, gateway: str, *, answer_s: float = 30.0) -> None:
        self.refused = 0
        self._broker = parse_broker(url)
        self._gateway = require_topic_name(gateway)
        self._answer_s = answer_s
        self._client: aiomqtt.Client | None = None
        self._listening: asyncio.Task[None] | None = None
        self._marks: dict[int, int] = {}
        self._changed = asyncio.Condition()

    async def send(self, rows: Sequence[Row]) -> Watermark:
        """Send rows of one boot and give how far the core has committed them.

        Raises
        ------
        Unavailable
            If the broker cannot be reached, or no commit is told in time.
        """
        boot, first, last = rows[0].boot, rows[0].seq, rows[-1].seq
        try:
            client = await self._connected()
            await client.publish(rows_topic(self._gateway), batch_of(self._gateway, rows), qos=1)
            await self._until_committed(boot, last)
        except aiomqtt.MqttError as error:
            await self._hang_up()
            raise Unavailable(f"The broker does not answer: {error}.", code="uplink.mqtt_broker") from error
        mark = self._marks.get(boot, 0)
        if mark < first:
            raise Unavailable(
                f"The core told no commit within {self._answer_s:g} s: it is sent again.", code="uplink.mqtt_no_commit"
            )
        return Watermark(boot, min(mark, last))

    async def _until_committed(self, boot: int, last: int) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._answer_s), self._changed:
                while self._marks.get(boot, 0) < last:
                    if self._listening is None or self._listening.done():
                        raise aiomqtt.MqttError("the line broke while the core's commit was waited for")
                    await self._changed.wait()

    # The line counts as broken once its listener has ended, whatever the client itself still believes.
    async def _connected(self) -> aiomqtt.Client:
        if self._client is not None and self._listening is not None and not self._listening.done():
            return self._client
        await self._hang_up()
        broker = self._broker
        client = aiomqtt.Client(
            broker.host,
            broker.port,
            username=broker.user,
            password=broker.password,
            tls_context=broker.tls,
            # Fixed: the broker ends an older connection of the same gateway by itself.
            identifier=f"hospital-twin-gateway-{self._gateway}",
            timeout=min(self._answer_s, 10.0),
        )
        await client.__aenter__()
        self._client = client
        await client.subscribe(committed_topic(self._gateway), qos=1)
        self._listening = asyncio.create_task(self._listen(client), name="mqtt-marks")
        return client

    async def _listen(self, client: aiomqtt.Client) -> None:
        try:
            async for message in client.messages:
                await self._note(message.payload)
        except aiomqtt.MqttError as error:
            _LOG.info("Broker: %s", error)
        finally:
            # Who waits for a commit must learn that none can come any more.
            async with self._changed:
                self._changed.notify_all()

    async def _note(self, payload: object) -> None:
        try:
            told = _committed.decode(payload if isinstance(payload, bytes) else b"")
        except msgspec.DecodeError:
            _LOG.warning("Broker: a message that tells no commit was passed over.")
            return
        async with self._changed:
            self.refused += told.refused
            # A retained answer may be older than one that came before the line broke.
            self._marks[told.boot] = max(told.seq, self._marks.get(told.boot, 0))
            self._changed.notify_all()

    async def _hang_up(self) -> None:
        client, listening = self._client, self._listening
        self._client = self._listening = None
        if listening is not None:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
        if client is not None:
            # A line that broke tells so again on closing; by then nobody can do anything about it.
            with contextlib.suppress(aiomqtt.MqttError):
                await client.__aexit__(None, None, None)

    async def close(self) -> None:
        """Leave the broker."""
        await self._hang_up()

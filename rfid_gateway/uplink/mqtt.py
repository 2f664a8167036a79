"""The uplink by MQTT: a batch goes to the broker with QoS 1, and the core's watermark comes back by it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence

import aiomqtt
import msgspec

from rfid_gateway.spool.store import Row, Watermark
from rfid_gateway.uplink.broker_line import BrokerLine
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
        self._gateway = require_topic_name(gateway)
        self._answer_s = answer_s
        self._line = BrokerLine(
            parse_broker(url),
            f"hospital-twin-gateway-{gateway}",
            (committed_topic(gateway), 1),
            take=self._note,
            ended=self._ended,
            timeout_s=min(answer_s, 10.0),
        )
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
            client = await self._line.connected()
            await client.publish(rows_topic(self._gateway), batch_of(self._gateway, rows), qos=1)
            await self._until_committed(boot, last)
        except aiomqtt.MqttError as error:
            await self._line.hang_up()
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
                    if not self._line.is_heard:
                        raise aiomqtt.MqttError("the line broke while the core's commit was waited for")
                    await self._changed.wait()

    async def _ended(self, reason: str) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _note(self, payload: bytes) -> None:
        try:
            told = _committed.decode(payload)
        except msgspec.DecodeError:
            _LOG.warning("Broker: a message that tells no commit was passed over.")
            return
        async with self._changed:
            self.refused += told.refused
            # A retained answer may be older than one that came before the line broke.
            self._marks[told.boot] = max(told.seq, self._marks.get(told.boot, 0))
            self._changed.notify_all()

    async def close(self) -> None:
        """Leave the broker."""
        await self._line.hang_up()

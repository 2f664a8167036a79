"""The line to the core's desk by an MQTT broker, for gateways that cannot reach the core itself."""

from __future__ import annotations

import asyncio
import contextlib
import logging

import aiomqtt
import msgspec

from rfid_gateway.uplink.mqtt_messages import (
    NumberedOrders,
    NumberedReport,
    orders_topic,
    parse_broker,
    report_topic,
    require_topic_name,
)
from rfid_gateway.uplink.orders import Orders, Report
from twin.errors import Unavailable

_LOG = logging.getLogger(__name__)
_orders = msgspec.json.Decoder(NumberedOrders)


class MqttDesk:
    """Exchanges reports and orders with a core by a broker.

    A report that nobody answers is not repeated: the next one tells more. It goes with QoS 0, so that a core that comes
    back after an hour does not find an hour of them.

    Parameters
    ----------
    url : str
        The broker: ``mqtt://user:password@host:port`` or ``mqtts://…``.
    gateway : str
        Id of this gateway; a part of the topics, so without ``/``, ``+`` and ``#``.
    answer_s : float
        How long the core's answer may take, seconds.

    Raises
    ------
    ConfigurationError
        If the URL or the id does not fit.
    """

    def __init__(self, url: str, gateway: str, *, answer_s: float = 10.0) -> None:
        self._broker = parse_broker(url)
        self._gateway = require_topic_name(gateway)
        self._answer_s = answer_s
        self._client: aiomqtt.Client | None = None
        self._listening: asyncio.Task[None] | None = None
        self._number = 0
        self._answer: asyncio.Future[Orders] | None = None

    async def exchange(self, report: Report) -> Orders:
        """Hand in a report and get what shall be done.

        Raises
        ------
        Unavailable
            If the broker cannot be reached, or the core does not answer by it.
        """
        try:
            client = await self._connected()
            self._number += 1
            self._answer = asyncio.get_running_loop().create_future()
            await client.publish(
                report_topic(self._gateway), msgspec.json.encode(NumberedReport(self._number, report)), qos=0
            )
            async with asyncio.timeout(self._answer_s):
                return await self._answer
        except TimeoutError as error:
            raise Unavailable("The core's desk does not answer by the broker.", code="desk.no_answer") from error
        except (aiomqtt.MqttError, OSError) as error:
            await self._hang_up()
            raise Unavailable(f"The broker does not answer: {error}.", code="desk.unreachable") from error
        finally:
            self._answer = None

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
            # Beside the uplink's own connection: a broker lets one client be connected under one name only.
            identifier=f"hospital-twin-desk-{self._gateway}",
            timeout=self._answer_s,
        )
        await client.__aenter__()
        self._client = client
        await client.subscribe(orders_topic(self._gateway), qos=0)
        self._listening = asyncio.create_task(self._listen(client), name="mqtt-desk")
        return client

    async def _listen(self, client: aiomqtt.Client) -> None:
        try:
            async for message in client.messages:
                self._note(message.payload)
        except aiomqtt.MqttError as error:
            if self._answer is not None and not self._answer.done():
                self._answer.set_exception(aiomqtt.MqttError(str(error)))

    def _note(self, payload: object) -> None:
        try:
            told = _orders.decode(payload if isinstance(payload, bytes) else b"")
        except msgspec.DecodeError:
            _LOG.warning("Broker: a message that tells no orders was passed over.")
            return
        # An answer that came too late belongs to an earlier report: its orders have lapsed, or come again.
        if told.number == self._number and self._answer is not None and not self._answer.done():
            self._answer.set_result(told.orders)

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

"""The line to the core's desk by an MQTT broker, for gateways that cannot reach the core itself."""

from __future__ import annotations

import asyncio
import logging

import aiomqtt
import msgspec

from rfid_gateway.uplink.broker_line import BrokerLine
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
        self._gateway = require_topic_name(gateway)
        self._answer_s = answer_s
        # Beside the uplink's own connection, so under a name of its own.
        self._line = BrokerLine(
            parse_broker(url),
            f"hospital-twin-desk-{gateway}",
            (orders_topic(gateway), 0),
            take=self._note,
            ended=self._ended,
            timeout_s=answer_s,
        )
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
            client = await self._line.connected()
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
            await self._line.hang_up()
            raise Unavailable(f"The broker does not answer: {error}.", code="desk.unreachable") from error
        finally:
            self._answer = None

    async def _ended(self, reason: str) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(aiomqtt.MqttError(reason))

    async def _note(self, payload: bytes) -> None:
        try:
            told = _orders.decode(payload)
        except msgspec.DecodeError:
            _LOG.warning("Broker: a message that tells no orders was passed over.")
            return
        # An answer that came too late belongs to an earlier report: its orders have lapsed, or come again.
        if told.number == self._number and self._answer is not None and not self._answer.done():
            self._answer.set_result(told.orders)

    async def close(self) -> None:
        """Leave the broker."""
        await self._line.hang_up()

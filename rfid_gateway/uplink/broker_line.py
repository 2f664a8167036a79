"""One subscription at an MQTT broker that is opened again when it broke: what the uplink and the desk share."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

import aiomqtt

from rfid_gateway.uplink.mqtt_messages import BrokerAddress

_LOG = logging.getLogger(__name__)


class BrokerLine:
    """A connection with one topic to hear.

    Parameters
    ----------
    broker : BrokerAddress
        Where it is.
    identifier : str
        Name of this client. A broker lets one client be connected under one name, and ends an older one by itself.
    topic : tuple[str, int]
        What to hear, and with which quality of service.
    take : Callable[[bytes], Awaitable[None]]
        Takes in what comes.
    ended : Callable[[str], Awaitable[None]]
        Learns, with the reason, that nothing more can come.
    timeout_s : float
        How long the broker may take to answer, seconds.
    """

    def __init__(
        self,
        broker: BrokerAddress,
        identifier: str,
        topic: tuple[str, int],
        *,
        take: Callable[[bytes], Awaitable[None]],
        ended: Callable[[str], Awaitable[None]],
        timeout_s: float,
    ) -> None:
        self._broker = broker
        self._identifier = identifier
        self._topic = topic
        self._take = take
        self._ended = ended
        self._timeout_s = timeout_s
        self._client: aiomqtt.Client | None = None
        self._listening: asyncio.Task[None] | None = None

    @property
    def is_heard(self) -> bool:
        """Whether what comes is heard: whatever the client believes, the line is broken once its listener has ended."""
        return self._listening is not None and not self._listening.done()

    async def connected(self) -> aiomqtt.Client:
        """Give the client of an open line, opened afresh if need be.

        Raises
        ------
        aiomqtt.MqttError
            If the broker cannot be reached.
        """
        if self._client is not None and self.is_heard:
            return self._client
        await self.hang_up()
        broker, (topic, quality) = self._broker, self._topic
        client = aiomqtt.Client(
            broker.host,
            broker.port,
            username=broker.user,
            password=broker.password,
            tls_context=broker.tls,
            identifier=self._identifier,
            timeout=self._timeout_s,
        )
        await client.__aenter__()
        self._client = client
        await client.subscribe(topic, qos=quality)
        self._listening = asyncio.create_task(self._listen(client), name=self._identifier)
        return client

    async def _listen(self, client: aiomqtt.Client) -> None:
        reason = "the line was closed"
        try:
            async for message in client.messages:
                await self._take(message.payload if isinstance(message.payload, bytes) else b"")
        except aiomqtt.MqttError as error:
            reason = str(error)
            _LOG.info("Broker: %s", error)
        finally:
            # Who waits for an answer must learn that none can come any more.
            await self._ended(reason)

    async def hang_up(self) -> None:
        """Leave the broker; a second call does nothing."""
        client, listening = self._client, self._listening
        self._client = self._listening = None
        if listening is not None:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
        if client is not None:
            # A line that broke tells so again on closing; by then nobody can do anything about it.
            with contextlib.suppress(aiomqtt.MqttError):
                await client.__aexit__(None, None, None)

"""A 125 kHz reader that sends EM4100 frames on a serial line for as long as a tag lies there."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field

from rfid_gateway.drivers.driver import Backoff, BackoffSettings, DriverHealth, StatusTeller, Surroundings
from rfid_gateway.rfid.em4100 import Em4100Decoder
from rfid_gateway.rfid.readings import TagReading, tag_of_em4100
from rfid_gateway.transports.connection import Connection, Connector
from twin.clock import SECOND_US


@dataclass(frozen=True, slots=True, kw_only=True)
class Em4100Settings:
    """One reader.

    Parameters
    ----------
    device : str
        Id of the reader.
    confirmations : int
        How many equal frames a tag needs.
    repeat_s : float
        How often a tag that stays is reported again, seconds.
    backoff : BackoffSettings
        Pauses between attempts to open the line.
    """

    device: str
    confirmations: int = 2
    repeat_s: float = 1.0
    backoff: BackoffSettings = field(default_factory=BackoffSettings)


class Em4100Reader:
    """Driver of one 125 kHz reader.

    Parameters
    ----------
    settings : Em4100Settings
        Which reader, and how.
    connect : Connector
        Opens the line.
    around : Surroundings
        Listener, clock and chance.
    """

    def __init__(self, settings: Em4100Settings, connect: Connector, around: Surroundings) -> None:
        self.device = settings.device
        self.health = DriverHealth(model="EM4100")
        self._settings = settings
        self._connect = connect
        self._around = around
        self._backoff = Backoff(settings.backoff, around.chance)
        self._status = StatusTeller(settings.device, self.health, around)
        self._last: tuple[bytes, int] = (b"", 0)

    async def run(self) -> None:
        """Serve the reader until cancelled; opens the line again by itself."""
        while True:
            try:
                line = await self._connect()
            except OSError:
                detail = "unreachable"
            else:
                self.health.connections += 1
                self._backoff.reset()
                # Such a reader says nothing while no tag is there: an open line is all that can be known.
                self._status.online()
                with suppress(OSError):  # a converter that resets the connection ends it as well
                    await self._listen(line)
                detail = "connection_lost"
            self._status.offline(detail)
            await self._backoff.pause()

    async def _listen(self, line: Connection) -> None:
        decoder = Em4100Decoder(self._settings.confirmations)
        try:
            while data := await line.receive():
                for identity in decoder.feed(data):
                    self._take(identity)
        finally:
            await line.close()

    def _take(self, identity: bytes) -> None:
        now = self._around.clock.now()
        self.health.last_heard_at = now
        self.health.messages += 1
        # The reader repeats its frame ten times a second while the tag lies there.
        before, at = self._last
        if identity == before and now - at < self._settings.repeat_s * SECOND_US:
            return
        self._last = (identity, now)
        self.health.readings += 1
        self._around.listener.on_readings([TagReading(tag_of_em4100(identity), self.device, 1, now)])

"""An Impinj R700 by its IoT device interface: the inventory is started by REST, tags come as a stream of lines."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator

import httpx2

from rfid_gateway.drivers.driver import Backoff, BackoffSettings, DriverHealth, ReaderLine, StatusTeller, Surroundings
from rfid_gateway.rfid.clocks import ClockOffset
from rfid_gateway.rfid.json_events import JsonTag, read_impinj_line
from rfid_gateway.rfid.readings import UNKNOWN_RSSI_DBM, TagReading
from rfid_gateway.transports.connection import why_unreachable
from twin.errors import DecodeError, HospitalTwinError

_MOST_LINE_OCTETS = 65_536
_SYSTEM, _START, _STREAM = "/api/v1/system", "/api/v1/profiles/inventory/presets/{preset}/start", "/api/v1/data/stream"


class StreamFault(HospitalTwinError):
    """The reader did not do what was asked, or is not the one expected."""

    code = "impinj.refused"


class ImpinjR700:
    """Driver of one reader with the IoT device interface.

    Options: ``user`` and ``password`` of the reader, ``preset`` (the inventory preset that is started; ``default``).

    Parameters
    ----------
    line : ReaderLine
        Which reader; with TLS unless there is no context.
    around : Surroundings
        Listener, clock and chance.
    backoff : BackoffSettings, optional
        Pauses between attempts.
    """

    def __init__(self, line: ReaderLine, around: Surroundings, backoff: BackoffSettings | None = None) -> None:
        self.device = line.device
        self.health = DriverHealth(model="Impinj R700")
        self.offset = ClockOffset()
        self._line = line
        self._around = around
        self._identity = line.identity
        self._backoff = Backoff(backoff or BackoffSettings(), around.chance)
        self._status = StatusTeller(line.device, self.health, around)

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
        scheme, verify = ("https", line.tls) if line.tls else ("http", ssl.create_default_context())
        user = line.options.get("user", "")
        # Nothing for so long means that the reader is gone: an idle stream carries empty lines as signs of life.
        # Only the wait for the next octets is long; connecting and sending are over in five seconds or not at all.
        times = httpx2.Timeout(5.0, read=2.5 * line.keepalive_s)
        client = httpx2.AsyncClient(
            base_url=f"{scheme}://{line.host}:{line.port}",
            verify=verify,
            timeout=times,
            auth=(user, line.options.get("password", "")) if user else None,
        )
        async with client:
            try:
                await self._set_up(client)
                async with client.stream("GET", _STREAM) as answer:
                    _require(answer)
                    self.health.connections += 1
                    self._backoff.reset()
                    self._status.online()
                    async for told in _lines(answer):
                        self._take(told)
                return "connection_lost"
            except httpx2.ReadTimeout:
                return "keepalive_missed"
            except httpx2.HTTPError as error:
                return why_unreachable(error)
            except HospitalTwinError as error:
                return error.code

    async def _set_up(self, client: httpx2.AsyncClient) -> None:
        answer = await client.get(_SYSTEM)
        _require(answer)
        try:
            told = answer.json()
            serial = str(told["serialNumber"])
        except (ValueError, KeyError, TypeError) as error:
            raise StreamFault("The reader did not tell its serial number.", code="impinj.system") from error
        if self._identity and serial != self._identity:
            raise StreamFault(f"Expected reader {self._identity}, got {serial}.", code="identity_changed")
        # From the first connection on, another reader at this address is somebody else.
        self._identity = self.health.identity = serial
        self.health.model = str(told.get("productModel", "Impinj R700"))
        self.health.firmware = str(told.get("primaryFirmware", ""))
        started = await client.post(_START.format(preset=self._line.options.get("preset", "default")))
        if started.status_code != httpx2.codes.CONFLICT:  # it runs already, which is what was wanted
            _require(started)

    def _take(self, line: bytes) -> None:
        arrived_at = self._around.clock.now()
        self.health.last_heard_at = arrived_at
        try:
            told = read_impinj_line(line)
        except DecodeError as error:
            self.health.errors += 1
            self._status.degraded(error.code)
            return
        self.health.errors += len(told.problems)
        if told.tags:
            self.health.messages += 1
            self.health.readings += len(told.tags)
            self._around.listener.on_readings([self._reading(tag, arrived_at) for tag in told.tags])
            self._status.online()

    def _reading(self, tag: JsonTag, arrived_at: int) -> TagReading:
        self.offset.observe(tag.seen_at or 0, arrived_at)
        self.health.clock_offset_us = self.offset.offset_us
        at = self.offset.correct(tag.seen_at, arrived_at)
        rssi = UNKNOWN_RSSI_DBM if tag.rssi_dbm is None else tag.rssi_dbm
        return TagReading(tag.epc, self.device, tag.antenna, at, rssi, tag.times, tag.tid)


def _require(answer: httpx2.Response) -> None:
    if answer.is_success:
        return
    code = "impinj.unauthorized" if answer.status_code in (401, 403) else f"impinj.http_{answer.status_code}"
    raise StreamFault(f"The reader answered {answer.status_code} to {answer.request.url.path}.", code=code)


async def _lines(answer: httpx2.Response) -> AsyncIterator[bytes]:
    """Give the lines of a stream; one without end is refused before it fills the memory."""
    rest = b""
    async for piece in answer.aiter_raw():
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield line
        if len(rest) > _MOST_LINE_OCTETS:
            raise StreamFault("The reader sends a line without end.", code="impinj.line")
        # A stream that never pauses would keep everything else on the loop waiting.
        await asyncio.sleep(0)

"""Simulated LLRP readers over TCP: any number of them, each with a port of its own."""

from __future__ import annotations

import asyncio
import ssl
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rfid_gateway.rfid.llrp import building
from rfid_gateway.rfid.llrp.codec import (
    Frame,
    FrameSplitter,
    Message,
    Parameter,
    decode_message,
    encode_frame,
    encode_message,
)
from rfid_gateway.rfid.llrp.layouts import MESSAGE_NUMBERS
from rfid_gateway.simulators.llrp_capabilities import capabilities
from twin.clock import Clock
from twin.errors import DecodeError

# The response type of each request type (LLRP 1.0.1, section 16).
_ANSWERS = {
    1: 11,
    2: 12,
    3: 13,
    14: 4,
    20: 30,
    21: 31,
    22: 32,
    23: 33,
    24: 34,
    25: 35,
    26: 36,
    40: 50,
    41: 51,
    42: 52,
    43: 53,
    44: 54,
    45: 55,
    46: 56,
    47: 57,
    1023: 1023,
}
_ADD_ROSPEC, _DELETE_ROSPEC, _ENABLE_ROSPEC, _DISABLE_ROSPEC, _SET_CONFIG, _CLOSE = 20, 21, 24, 25, 3, 14
_START_ROSPEC, _STOP_ROSPEC, _GET_ROSPECS = 22, 23, 26
_ROSPEC, _KEEPALIVE_SPEC = 177, 220
_SUCCESS, _UNKNOWN_SPEC, _UNSUPPORTED = 0, 100, 109  # status codes: M_Success, M_ParameterError, M_UnsupportedMessage
_ADD_ACCESS, _DELETE_ACCESS, _ENABLE_ACCESS, _DISABLE_ACCESS, _GET_ACCESS = 40, 41, 42, 43, 44
_ACCESSSPEC, _ACCESS_COMMAND, _READ = 207, 209, 341
_REPORT_HEAD = struct.Struct(">HH")
# What every record bears behind the EPC: antenna, RSSI, first and last seen, count, operation.
_REPORT_VALUES = struct.Struct(">BHBbBQBQBHBI")
_READ_RESULT = struct.Struct(">HHBHH")
_READ_DONE, _MEMORY_OVERRUN = 0, 4  # section 16.2.1.5.3: results of C1G2Read
_MAX_TAGS_PER_REPORT = 500


@dataclass(frozen=True, slots=True)
class Sighting:
    """An antenna sees a tag.

    Parameters
    ----------
    epc : bytes
        12 octets for EPC-96; other whole octets are sent as EPCData.
    antenna : int
        1 and up.
    rssi_dbm : int
        Signal, -128 to 127.
    at : int
        UTC microseconds of the simulated world; 0 for now.
    count : int
        How often it was read.
    tid : bytes
        The chip's own number in whole words; empty for a tag without one.
    """

    epc: bytes
    antenna: int = 1
    rssi_dbm: int = -55
    at: int = 0
    count: int = 1
    tid: bytes = b""


class SimulatedReader:
    """One reader: takes one client, obeys its reader operations, and reports what it is told to see.

    Parameters
    ----------
    device : str
        Id; its first eight octets are also its identification.
    clock : Clock
        The simulated world's clock.
    antennas : int, optional
        How many antennas it has.
    access_specs : int, optional
        How many access operations it can hold; 0 for a reader that reads nothing but EPCs.
    """

    def __init__(self, device: str, clock: Clock, *, antennas: int = 4, access_specs: int = 8) -> None:
        self.device = device
        self.clock_error_us = 0
        self.is_silent = False
        self.reported = 0
        self.missed = 0
        self._clock = clock
        self._antennas = antennas
        self._access_specs = access_specs
        self._accessspec: Parameter | None = None
        self._read_words = 0
        self._rospec: Parameter | None = None
        self._is_active = False
        self._writer: asyncio.StreamWriter | None = None
        self._keepalive: asyncio.Task[None] | None = None
        self._server: asyncio.Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._next_id = 0
        self.port = 0

    @property
    def is_reporting(self) -> bool:
        """Whether a client is connected and has started a reader operation."""
        return self._is_active and self._writer is not None

    async def start(self, host: str = "127.0.0.1", port: int = 0, *, tls: ssl.SSLContext | None = None) -> int:
        """Listen, and give the port; an earlier port is taken again after :meth:`stop`.

        Parameters
        ----------
        host : str
            Address to listen on.
        port : int
            0 for any free one.
        tls : ssl.SSLContext, optional
            With certificate and key: the line is encrypted.
        """
        self._loop = asyncio.get_running_loop()
        self._server = await asyncio.start_server(self._serve, host, port or self.port, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self.port

    async def stop(self) -> None:
        """Drop the client and stop listening, as a reader without power does."""
        if self._server is not None:
            self._server.close()
        await self.drop_client()
        if self._server is not None:
            await self._server.wait_closed()
            self._server = None

    async def drop_client(self) -> None:
        """Cut the connection to the client, if there is one."""
        if self._writer is not None:
            self._writer.transport.abort()
        for _ in range(100):
            if self._writer is None:
                break
            await asyncio.sleep(0)

    def see(self, sightings: Sequence[Sighting]) -> None:
        """Report tags to the client; without a started reader operation they are missed, as on a real reader.

        May be called from any thread.
        """
        if self._loop is None:
            self.missed += len(sightings)
            return
        try:
            running = asyncio.get_running_loop()
        except RuntimeError:
            running = None
        # Writers are not thread-safe: from another thread the loop is asked to report.
        if running is self._loop:
            self._report(sightings)
        else:
            self._loop.call_soon_threadsafe(self._report, list(sightings))

    def _report(self, sightings: Sequence[Sighting]) -> None:
        if not self.is_reporting or self.is_silent or self._writer is None:
            self.missed += len(sightings)
            return
        for start in range(0, len(sightings), _MAX_TAGS_PER_REPORT):
            part = sightings[start : start + _MAX_TAGS_PER_REPORT]
            self._next_id += 1
            self._writer.write(encode_frame(61, self._next_id, b"".join(map(self._tag_report, part))))
            self.reported += len(part)

    def _tag_report(self, seen: Sighting) -> bytes:
        at = (seen.at or self._clock.now()) + self.clock_error_us
        if len(seen.epc) == 12:
            epc = b"\x8d" + seen.epc
        else:
            epc = struct.pack(">HHH", 241, 6 + len(seen.epc), 8 * len(seen.epc)) + seen.epc
        values = _REPORT_VALUES.pack(
            0x81, seen.antenna, 0x86, seen.rssi_dbm, 0x82, at, 0x84, at, 0x88, seen.count, 0x89, building.ROSPEC_ID
        )
        body = epc + values + self._chip_report(seen.tid)
        return _REPORT_HEAD.pack(240, _REPORT_HEAD.size + len(body)) + body

    def _chip_report(self, tid: bytes) -> bytes:
        """Give what was read of the chip, as the access operation wants it; nothing while there is none."""
        words = self._read_words
        if not words:
            return b""
        if len(tid) < 2 * words:
            # A chip without so many words answers with an error: the reader tells the result and no words.
            return _READ_RESULT.pack(349, _READ_RESULT.size, _MEMORY_OVERRUN, 1, 0)
        return _READ_RESULT.pack(349, _READ_RESULT.size + 2 * words, _READ_DONE, 1, words) + tid[: 2 * words]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._writer is not None:
            writer.write(encode_message(self._event(building.parameter("ConnectionAttemptEvent", Status=2))))
            writer.close()
            return
        self._writer = writer
        writer.write(encode_message(self._event(building.parameter("ConnectionAttemptEvent", Status=0))))
        try:
            await self._obey(reader, writer)
        except (OSError, DecodeError):
            pass
        finally:
            self._writer, self._is_active = None, False
            self._read_words = 0
            if self._keepalive is not None:
                self._keepalive.cancel()
                self._keepalive = None
            writer.close()

    async def _obey(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        splitter = FrameSplitter()
        while data := await reader.read(65_536):
            for frame in splitter.feed(data):
                answer = self._answer(frame)
                if answer is not None and not self.is_silent:
                    writer.write(encode_message(answer))
                if frame.number == _CLOSE:
                    return
            await writer.drain()

    def _event(self, *inside: Parameter) -> Message:
        time = building.parameter("UTCTimestamp", Microseconds=self._clock.now() + self.clock_error_us)
        data = building.parameter("ReaderEventNotificationData", time, *inside)
        return building.message("READER_EVENT_NOTIFICATION", 0, data)

    def _answer(self, frame: Frame) -> Message | None:
        number = _ANSWERS.get(frame.number)
        if number is None:
            if frame.number in (64, 72, 60):  # enabling reports, acknowledging a keep-alive, asking for held reports
                return None
            return Message(MESSAGE_NUMBERS["ERROR_MESSAGE"], frame.id, parameters=(_status(_UNSUPPORTED),))
        request = decode_message(frame)
        parameters = (_status(self._act(request)), *self._told(request))
        if frame.number == 1023:
            values = {"VendorID": request.values["VendorID"], "Subtype": 22, "Data": b""}
            return Message(number, frame.id, values, parameters)
        values = {"CurrentVersion": 1, "SupportedVersion": 2} if frame.number == 46 else {}
        return Message(number, frame.id, values, parameters)

    def _act(self, request: Message) -> int:
        if request.number == _ADD_ROSPEC:
            self._rospec = request.find(_ROSPEC)
            return _SUCCESS if self._rospec else _UNKNOWN_SPEC
        if request.number == _DELETE_ROSPEC:
            self._rospec, self._is_active = None, False
        elif request.number in (_ENABLE_ROSPEC, _START_ROSPEC):
            if self._rospec is None or request.values["ROSpecID"] not in (0, self._rospec.values["ROSpecID"]):
                return _UNKNOWN_SPEC
            self._is_active = True
        elif request.number in (_DISABLE_ROSPEC, _STOP_ROSPEC):
            self._is_active = False
        elif request.number in (_ADD_ACCESS, _DELETE_ACCESS, _ENABLE_ACCESS, _DISABLE_ACCESS):
            return self._act_on_access(request)
        elif request.number == _SET_CONFIG and (spec := request.find(_KEEPALIVE_SPEC)):
            self._beat(spec.integer("PeriodicTriggerValue") / 1000)
        return _SUCCESS

    def _act_on_access(self, request: Message) -> int:
        if request.number == _ADD_ACCESS:
            spec = request.find(_ACCESSSPEC)
            if spec is None or not self._access_specs:
                return _UNKNOWN_SPEC
            self._accessspec = spec
        elif request.number == _DELETE_ACCESS:
            self._accessspec, self._read_words = None, 0
        elif request.number == _ENABLE_ACCESS:
            command = self._accessspec.child(_ACCESS_COMMAND) if self._accessspec else None
            read = command.child(_READ) if command else None
            if read is None:
                return _UNKNOWN_SPEC
            self._read_words = read.integer("WordCount")
        else:
            self._read_words = 0
        return _SUCCESS

    def _told(self, request: Message) -> Iterable[Parameter]:
        number = request.number
        if number == 1:
            wanted = request.values["RequestedData"]
            yield from capabilities(
                wanted if isinstance(wanted, int) else 0, antennas=self._antennas, access_specs=self._access_specs
            )
        elif number == 2:
            identity = self.device.encode()[:8].ljust(8, b"\0")
            yield building.parameter("Identification", IDType=0, ReaderID=identity)
        elif number == _GET_ROSPECS and self._rospec is not None:
            yield self._rospec
        elif number == _GET_ACCESS and self._accessspec is not None:
            yield self._accessspec

    def _beat(self, period_s: float) -> None:
        if self._keepalive is not None:
            self._keepalive.cancel()
        if period_s > 0:
            self._keepalive = asyncio.get_running_loop().create_task(self._keep_alive(period_s))

    async def _keep_alive(self, period_s: float) -> None:
        while self._writer is not None:
            if not self.is_silent:
                self._writer.write(encode_frame(62, 0))
            await asyncio.sleep(period_s)


def _status(code: int) -> Parameter:
    text = "" if code == _SUCCESS else "simulated reader: not possible"
    return building.parameter("LLRPStatus", StatusCode=code, ErrorDescription=text)


class ReaderFarm:
    """Many simulated readers, started and stopped together.

    Parameters
    ----------
    devices : Sequence[str]
        Ids of the readers.
    clock : Clock
        The simulated world's clock.
    antennas : int, optional
        Antennas of each.
    """

    def __init__(self, devices: Sequence[str], clock: Clock, *, antennas: int = 4) -> None:
        self.readers = {device: SimulatedReader(device, clock, antennas=antennas) for device in devices}

    async def start(self, host: str = "127.0.0.1") -> dict[str, int]:
        """Start all readers and give their ports by id."""
        return {device: await reader.start(host) for device, reader in self.readers.items()}

    async def stop(self) -> None:
        """Stop all readers."""
        await asyncio.gather(*(reader.stop() for reader in self.readers.values()))

    def see(self, device: str, sightings: Sequence[Sighting]) -> None:
        """Let one reader see tags; may be called from any thread."""
        self.readers[device].see(sightings)

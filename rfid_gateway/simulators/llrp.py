"""Simulated LLRP readers over TCP: any number of them, each with a port of its own."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable, Sequence
from dataclasses import replace

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
from rfid_gateway.simulators.llrp_operation import Happening, OperationState, Outlet, ReaderOperation
from rfid_gateway.simulators.llrp_reports import ChipReading, Observation, Selection, Sighting, tag_report
from rfid_gateway.simulators.llrp_specs import TOO_MANY, Reporting, ReportWhen, SpecRefused, reporting_of, spec_of
from twin.clock import Clock
from twin.errors import DecodeError

__all__ = ["ReaderFarm", "Sighting", "SimulatedReader"]

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
_ADD_ROSPEC, _DELETE_ROSPEC, _START_ROSPEC, _STOP_ROSPEC, _ENABLE_ROSPEC, _DISABLE_ROSPEC = range(20, 26)
_CAPABILITIES, _GET_CONFIG, _SET_CONFIG, _CLOSE, _GET_ROSPECS, _CUSTOM = 1, 2, 3, 14, 26, 1023
_GET_REPORT, _TAG_REPORTS, _KEEPALIVE, _ENABLE_REPORTS, _KEEPALIVE_ACK = 60, 61, 62, 64, 72
_ROSPEC, _KEEPALIVE_SPEC, _REPORT_SPEC, _EVENT_SPEC, _EVENT_STATE, _HOLDING = 177, 220, 237, 244, 245, 226
_SUCCESS, _PARAMETER_ERROR, _UNSUPPORTED = 0, 100, 109  # M_Success, M_ParameterError, M_UnsupportedMessage
_ADD_ACCESS, _DELETE_ACCESS, _ENABLE_ACCESS, _DISABLE_ACCESS, _GET_ACCESS = range(40, 45)
_ACCESSSPEC, _ACCESS_COMMAND, _READ = 207, 209, 341
_TAKEN, _ANOTHER_CAME = 2, 4  # of a ConnectionAttemptEvent (section 13.2.6.11)
_MAX_TAGS_PER_REPORT = 500
_USUAL = Reporting(
    ReportWhen.TAGS_OR_INVENTORY,
    1,
    Selection(operation=True, antenna=True, rssi=True, first_seen=True, last_seen=True, count=True),
)
# Which kind of notification a client must have asked for to be told of each happening (section 13.2.5.1).
_KIND_OF = {
    Happening.OPERATION_BEGAN: 2,
    Happening.OPERATION_ENDED: 2,
    Happening.INVENTORY_ENDED: 6,
    Happening.BUFFER_OVERFLOWED: 3,
}


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
        self.acknowledged = 0
        self.port = 0
        self._clock = clock
        self._antennas = antennas
        self._access_specs = access_specs
        self._writer: asyncio.StreamWriter | None = None
        self._beating: asyncio.Task[None] | None = None
        self._server: asyncio.Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._next_id = 0
        self._forget()

    def _forget(self) -> None:
        """Be as after switching on: what clients have set up is gone."""
        self._operation: ReaderOperation | None = None
        self._usual = _USUAL
        self._told_kinds: frozenset[int] = frozenset()
        self._is_holding_on_connection = self._is_holding = False
        self._accessspec: Parameter | None = None
        self._chip: ChipReading | None = None

    @property
    def is_reporting(self) -> bool:
        """Whether a client is connected and a reader operation runs."""
        running = self._operation is not None and self._operation.state is OperationState.ACTIVE
        return running and self._writer is not None

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
        self._forget()
        self._rearm()
        if self._server is not None:
            await self._server.wait_closed()
            self._server = None

    async def reboot(self, sightings: Sequence[Sighting] = ()) -> None:
        """Lose power: the line ends within the report of what was just seen, and all that was set up is forgotten."""
        if self._writer is not None and sightings:
            selection = self._operation.spec.report.selection if self._operation else _USUAL.selection
            whole = self._frame_of([Observation(self._timed(one), 1, 1) for one in sightings], selection)
            self._writer.write(whole[: -len(whole) // 2])
            await self._writer.drain()
            # Closed and not cut, so that what was written arrives before the end does.
            self._writer.close()
        await self.drop_client()
        self._forget()
        self._rearm()

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
        operation = self._operation
        if operation is None or self.is_silent or not (self._writer or self._is_holding_on_connection):
            self.missed += len(sightings)
            return
        self.missed += operation.see([self._timed(one) for one in sightings], self._now_s())
        self._rearm()

    def _timed(self, one: Sighting) -> Sighting:
        return replace(one, at=(one.at or self._clock.now()) + self.clock_error_us)

    def _now_s(self) -> float:
        return self._loop.time() if self._loop is not None else 0.0

    def _rearm(self) -> None:
        """Wake when the operation has something to do by time."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due_s = self._operation.due_s() if self._operation is not None else None
        if due_s is not None and self._loop is not None:
            self._timer = self._loop.call_at(due_s, self._wake)

    def _wake(self) -> None:
        if self._operation is not None:
            # The loop calls a little early at times: what is due then is done, and not asked for without end.
            self._operation.advance(max(self._now_s(), self._operation.due_s() or 0.0))
        self._rearm()

    def _send_report(self, found: Sequence[Observation], selection: Selection) -> None:
        if self._writer is None:
            return
        frames = []
        for start in range(0, len(found), _MAX_TAGS_PER_REPORT):
            frames.append(self._frame_of(found[start : start + _MAX_TAGS_PER_REPORT], selection))
        self._writer.write(b"".join(frames))
        self.reported += len(found)

    def _frame_of(self, found: Sequence[Observation], selection: Selection) -> bytes:
        operation = self._operation.spec.id if self._operation else 0
        self._next_id += 1
        tags = (tag_report(one, selection, operation, self._chip_of(one.seen.antenna)) for one in found)
        return encode_frame(_TAG_REPORTS, self._next_id, b"".join(tags))

    def _chip_of(self, antenna: int) -> ChipReading | None:
        """Give the access operation that works at an antenna."""
        if self._chip is None or self._accessspec is None:
            return None
        return self._chip if self._accessspec.integer("AntennaID") in (0, antenna) else None

    def _may_tell(self) -> bool:
        return self._writer is not None and not self._is_holding

    def _tell(self, happening: Happening, inventory: int) -> None:
        if self._writer is None or self._is_holding or _KIND_OF[happening] not in self._told_kinds:
            return
        operation = self._operation.spec.id if self._operation else 0
        if happening is Happening.BUFFER_OVERFLOWED:
            event = building.parameter("ReportBufferOverflowErrorEvent")
        elif happening is Happening.INVENTORY_ENDED:
            event = building.parameter("AISpecEvent", EventType=0, ROSpecID=operation, SpecIndex=inventory)
        else:
            event = building.parameter("ROSpecEvent", EventType=int(happening), ROSpecID=operation)
        self._writer.write(encode_message(self._event(event)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._writer is not None:
            writer.write(encode_message(self._attempt(_TAKEN)))
            writer.close()
            # The client that has the reader is told that somebody else wanted it.
            self._writer.write(encode_message(self._attempt(_ANOTHER_CAME)))
            return
        self._writer, self._is_holding = writer, self._is_holding_on_connection
        writer.write(encode_message(self._attempt(_SUCCESS)))
        try:
            await self._obey(reader, writer)
        except (OSError, DecodeError):
            pass
        finally:
            # What was set up stays and goes on: only what is seen meanwhile is told to nobody, unless it is to be held.
            self._writer = None
            if self._beating is not None:
                self._beating.cancel()
                self._beating = None
            writer.close()

    def _attempt(self, status: int) -> Message:
        return self._event(building.parameter("ConnectionAttemptEvent", Status=status))

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
            if frame.number in (_GET_REPORT, _ENABLE_REPORTS, _KEEPALIVE_ACK):
                self._take_word(frame.number)
                return None
            return Message(MESSAGE_NUMBERS["ERROR_MESSAGE"], frame.id, parameters=(_status(_UNSUPPORTED),))
        request = decode_message(frame)
        try:
            self._act(request)
            status = _status(_SUCCESS)
        except SpecRefused as error:
            status = _status(error.status, error.message)
        parameters = (status, *self._told(request))
        if frame.number == _CUSTOM:
            values = {"VendorID": request.values["VendorID"], "Subtype": 22, "Data": b""}
            return Message(number, frame.id, values, parameters)
        values = {"CurrentVersion": 1, "SupportedVersion": 2} if frame.number == 46 else {}
        return Message(number, frame.id, values, parameters)

    def _take_word(self, number: int) -> None:
        """Take in a message that has no answer of its own."""
        if number == _KEEPALIVE_ACK:
            self.acknowledged += 1
            return
        if number == _ENABLE_REPORTS:
            self._is_holding = False
        if self._operation is not None:
            self._operation.give_held()

    def _act(self, request: Message) -> None:
        if request.number == _ADD_ROSPEC:
            self._add_operation(request.find(_ROSPEC))
        elif request.number in (_DELETE_ROSPEC, _START_ROSPEC, _STOP_ROSPEC, _ENABLE_ROSPEC, _DISABLE_ROSPEC):
            self._act_on_operation(request)
        elif request.number in (_ADD_ACCESS, _DELETE_ACCESS, _ENABLE_ACCESS, _DISABLE_ACCESS):
            self._act_on_access(request)
        elif request.number == _SET_CONFIG:
            self._configure(request)
        self._rearm()

    def _add_operation(self, parameter: Parameter | None) -> None:
        if parameter is None:
            raise SpecRefused(_PARAMETER_ERROR, "ADD_ROSPEC without a ROSpec.")
        if self._operation is not None:
            text = f"This reader holds one ROSpec, and has {self._operation.spec.id}: delete it first."
            raise SpecRefused(TOO_MANY, text)
        spec = spec_of(parameter, self._antennas, self._usual)
        outlet = Outlet(self._send_report, self._tell, self._may_tell)
        self._operation = ReaderOperation(spec, outlet, self._now_s())

    def _act_on_operation(self, request: Message) -> None:
        operation, now_s, number = self._operation, self._now_s(), request.number
        wanted, may_be_all = _identifier(request), number in (_DELETE_ROSPEC, _ENABLE_ROSPEC, _DISABLE_ROSPEC)
        if wanted == 0 and may_be_all and operation is None:
            return  # all of none
        if operation is None or wanted not in ((0, operation.spec.id) if may_be_all else (operation.spec.id,)):
            raise SpecRefused(_PARAMETER_ERROR, f"There is no ROSpec {wanted}: add it first.")
        if number == _DELETE_ROSPEC:
            operation.disable(now_s)
            self._operation = None
        elif number == _ENABLE_ROSPEC:
            operation.enable(now_s)
        elif number == _DISABLE_ROSPEC:
            operation.disable(now_s)
        elif not (operation.start(now_s) if number == _START_ROSPEC else operation.stop(now_s)):
            raise SpecRefused(_PARAMETER_ERROR, f"ROSpec {wanted} is disabled: enable it first.")

    def _configure(self, request: Message) -> None:
        if request.values.get("ResetToFactoryDefault"):
            self._usual, self._told_kinds, self._is_holding_on_connection = _USUAL, frozenset(), False
            self._beat(0)
        if kinds := request.find(_EVENT_SPEC):
            states = [one for one in kinds.children if one.number == _EVENT_STATE]
            named = {one.integer("EventType"): bool(one.integer("NotificationState")) for one in states}
            kept = {one for one in self._told_kinds if named.get(one, True)}
            self._told_kinds = frozenset(kept | {kind for kind, is_on in named.items() if is_on})
        if report := request.find(_REPORT_SPEC):
            self._usual = reporting_of(report)
        if holding := request.find(_HOLDING):
            self._is_holding_on_connection = bool(holding.integer("HoldEventsAndReportsUponReconnect"))
        if spec := request.find(_KEEPALIVE_SPEC):
            is_periodic = spec.integer("KeepaliveTriggerType") == 1
            self._beat(spec.integer("PeriodicTriggerValue") / 1000 if is_periodic else 0)

    def _act_on_access(self, request: Message) -> None:
        if request.number == _ADD_ACCESS:
            spec = request.find(_ACCESSSPEC)
            if spec is None or not self._access_specs:
                raise SpecRefused(_PARAMETER_ERROR, "This reader takes no AccessSpec.")
            self._accessspec = spec
        elif request.number == _DELETE_ACCESS:
            self._accessspec = self._chip = None
        elif request.number == _ENABLE_ACCESS:
            command = self._accessspec.child(_ACCESS_COMMAND) if self._accessspec else None
            read = command.child(_READ) if command else None
            if read is None or self._accessspec is None:
                raise SpecRefused(_PARAMETER_ERROR, "There is no AccessSpec with a C1G2Read: add it first.")
            identifier = self._accessspec.integer("AccessSpecID")
            self._chip = ChipReading(identifier, read.integer("OpSpecID"), read.integer("WordCount"))
        else:
            self._chip = None

    def _told(self, request: Message) -> Iterable[Parameter]:
        number = request.number
        if number == _CAPABILITIES:
            wanted = request.values["RequestedData"]
            yield from capabilities(
                wanted if isinstance(wanted, int) else 0, antennas=self._antennas, access_specs=self._access_specs
            )
        elif number == _GET_CONFIG:
            identity = self.device.encode()[:8].ljust(8, b"\0")
            yield building.parameter("Identification", IDType=0, ReaderID=identity)
        elif number == _GET_ROSPECS and self._operation is not None:
            yield self._operation.parameter
        elif number == _GET_ACCESS and self._accessspec is not None:
            yield self._accessspec

    def _beat(self, period_s: float) -> None:
        if self._beating is not None:
            self._beating.cancel()
            self._beating = None
        if period_s > 0:
            self._beating = asyncio.get_running_loop().create_task(self._keep_alive(period_s))

    async def _keep_alive(self, period_s: float) -> None:
        while self._writer is not None:
            await asyncio.sleep(period_s)
            if self._writer is not None and not self.is_silent:
                self._next_id += 1
                self._writer.write(encode_frame(_KEEPALIVE, self._next_id))


def _identifier(request: Message) -> int:
    """Give which operation a request is about."""
    value = request.values["ROSpecID"]
    return value if isinstance(value, int) else 0


def _status(code: int, text: str = "") -> Parameter:
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

"""An LLRP reader: connects, learns what it is, sets it up to report tags, and hands on its readings."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field

from rfid_gateway.drivers.driver import Backoff, BackoffSettings, DriverHealth, StatusTeller, Surroundings
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
from rfid_gateway.rfid.llrp.fields import Value
from rfid_gateway.rfid.llrp.layouts import IMPINJ, MESSAGE_NUMBERS
from rfid_gateway.rfid.llrp.translation import ReportTranslator
from rfid_gateway.rfid.readings import TagReading
from rfid_gateway.transports.connection import Connection, Connector, why_unreachable
from twin.errors import DecodeError, HospitalTwinError

_LOG = logging.getLogger(__name__)
_REPORT, _KEEPALIVE, _NOTIFICATION = 61, 62, 63  # message types of LLRP 1.0.1, section 16
_KEEPALIVE_ACK = encode_frame(72, 0)
_IMPINJ_ENABLE_EXTENSIONS = 21  # vendor message; without it an Impinj reader keeps its own parameters to itself
# parameter types; 246 holds the events of a notification
_CAPABILITIES, _STATUS, _IDENTIFICATION, _EVENT_DATA, _CONNECTION_ATTEMPT, _CLOSE = 137, 287, 218, 246, 256, 257
_LLRP_CAPABILITIES = 142
_CONFIG_IDENTIFICATION = 1  # RequestedData of GET_READER_CONFIG: Identification only
TID_WORDS = 6  # allocation class, maker, model, header of the extended part, 48 bits of serial number (TDS, section 16)


_UNWATCHED_ID = 0xFFFFFFFF  # no request that is waited for gets so far within one connection
_DELETING = (MESSAGE_NUMBERS["DELETE_ROSPEC"], MESSAGE_NUMBERS["DELETE_ACCESSSPEC"])


class ReaderRefused(HospitalTwinError):
    """The reader did not do what was asked, or is not the one expected."""

    code = "llrp.refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class LlrpReaderSettings:
    """One LLRP reader.

    Parameters
    ----------
    device : str
        Id of the reader.
    setup : InventorySetup
        How it shall look for tags.
    identity : str
        Expected identification in upper-case hex; another reader at this address is refused. Empty: taken as it comes.
    keepalive_s : float
        Interval of keep-alives; after two missed ones the line is given up.
    tid_words : int
        How many words of each tag's chip number the reader shall read too; 0 for none. It costs air time.
    answer_s : float
        How long an answer may take.
    backoff : BackoffSettings
        Pauses between attempts.
    """

    device: str
    setup: building.InventorySetup = field(default_factory=building.InventorySetup)
    identity: str = ""
    keepalive_s: float = 10.0
    tid_words: int = 0
    answer_s: float = 5.0
    backoff: BackoffSettings = field(default_factory=BackoffSettings)


class LlrpReader:
    """Driver of one LLRP reader.

    Parameters
    ----------
    settings : LlrpReaderSettings
        Which reader, and how.
    connect : Connector
        Opens the line.
    around : Surroundings
        Listener, clock and chance.
    """

    def __init__(self, settings: LlrpReaderSettings, connect: Connector, around: Surroundings) -> None:
        self.device = settings.device
        self.health = DriverHealth()
        self._settings = settings
        self._connect = connect
        self._around = around
        self._backoff = Backoff(settings.backoff, around.chance)
        self._status = StatusTeller(settings.device, self.health, around)
        self._identity = settings.identity
        self._reports = ReportTranslator(settings.device)
        self._line: Connection | None = None
        self._waiting: dict[int, asyncio.Future[Frame]] = {}
        self._next_id = 0
        self._limitation = ""

    def forget_clock(self) -> None:
        """Learn anew how far the reader's clock is off: the gateway's own was set."""
        self._reports.offset.forget()

    async def run(self) -> None:
        """Serve the reader until cancelled; connects again by itself."""
        while True:
            self._status.offline(await self._serve_once())
            await self._backoff.pause()

    async def _serve_once(self) -> str:
        """Hold one connection until it ends, and give the code of why."""
        try:
            line = await self._connect()
        except OSError as error:
            return why_unreachable(error)
        self._line = line
        self.health.connections += 1
        greeting: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        # The reader speaks first and listens to nothing before; both tasks run, since answers come through the
        # listening one.
        listening = asyncio.create_task(self._listen(line, greeting))
        setting_up = asyncio.create_task(self._set_up(greeting))
        try:
            await asyncio.wait({listening, setting_up}, return_when=asyncio.FIRST_COMPLETED)
            # If the line ended first, its reason is told, not the setting up that failed with it.
            if not listening.done():
                await setting_up
                self._backoff.reset()
                self._tell_served()
            reason = await listening
            if greeting.done():
                # A reader that is taken says so and hangs up at once; that it hung up is not the news.
                _check_greeting(decode_message(greeting.result()))
            return reason
        except TimeoutError:
            return "no_answer"
        except HospitalTwinError as error:
            _LOG.warning("Reader %s: %s", self.device, error.message)
            return error.code
        except OSError:
            return "connection_lost"
        finally:
            await self._hang_up(line, listening, setting_up)

    def _tell_served(self) -> None:
        if self._limitation:
            self._status.degraded(self._limitation)
        else:
            self._status.online()

    async def _hang_up(self, line: Connection, *tasks: asyncio.Task[str] | asyncio.Task[None]) -> None:
        self._line = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for waiting in self._waiting.values():
            waiting.cancel()
        self._waiting.clear()
        await line.close()

    async def _listen(self, line: Connection, greeting: asyncio.Future[Frame]) -> str:
        splitter = FrameSplitter()
        patience_s = 2.5 * self._settings.keepalive_s  # two missed ones and half an interval for the way
        while True:
            try:
                async with asyncio.timeout(patience_s):
                    data = await line.receive()
            except TimeoutError:
                return "keepalive_missed"
            if not data:
                return "connection_lost"
            now = self.health.last_heard_at = self._around.clock.now()
            readings: list[TagReading] = []
            closing = ""
            try:
                for frame in splitter.feed(data):
                    self.health.messages += 1
                    if frame.number == _REPORT:
                        readings += self._reports.read(frame.body, now)
                    elif frame.number == _NOTIFICATION and not greeting.done():
                        greeting.set_result(frame)
                    else:
                        closing = closing or await self._take(line, frame)
            finally:
                # Whatever is wrong with a later message of the same piece: what came before it was read.
                self._hand_on(readings)
            if closing:
                return closing

    async def _take(self, line: Connection, frame: Frame) -> str:
        if frame.number == _KEEPALIVE:
            await line.send(_KEEPALIVE_ACK)
        elif frame.number == _NOTIFICATION:
            data = decode_message(frame).find(_EVENT_DATA)
            if data is not None and data.child(_CLOSE) is not None:
                return "closed_by_reader"
            if data is not None and (attempt := data.child(_CONNECTION_ATTEMPT)) is not None:
                _LOG.warning(
                    "Reader %s: another client tried to connect (status %d): only one can be served; see who it is.",
                    self.device,
                    attempt.integer("Status"),
                )
        elif waiting := self._waiting.pop(frame.id, None):  # an answer to a question that timed out is nobody's
            waiting.set_result(frame)
        return ""

    def _hand_on(self, readings: list[TagReading]) -> None:
        """Hand on what came at once in one go: a reader that reports each tag by itself costs no more than another."""
        if readings:
            self.health.readings += len(readings)
            self.health.clock_offset_us = self._reports.offset.offset_us
            self._around.listener.on_readings(readings)

    async def _set_up(self, greeting: asyncio.Future[Frame]) -> None:
        async with asyncio.timeout(self._settings.answer_s):
            _check_greeting(decode_message(await greeting))
        answer = await self._ask(building.message("GET_READER_CAPABILITIES", self._new_id(), RequestedData=0))
        manufacturer = self._note_capabilities(answer.find(_CAPABILITIES))
        may_access = _may_access(answer.find(_LLRP_CAPABILITIES))
        await self._check_identity()
        if manufacturer == IMPINJ:
            body: dict[str, Value] = {"VendorID": IMPINJ, "Subtype": _IMPINJ_ENABLE_EXTENSIONS, "Data": bytes(4)}
            await self._ask(Message(MESSAGE_NUMBERS["CUSTOM_MESSAGE"], self._new_id(), body))
        keepalive_ms = round(self._settings.keepalive_s * 1000)
        await self._ask(building.reader_configuration(self._new_id(), keepalive_ms))
        # 0 deletes all: what an earlier client left running would report in a form that was not asked for.
        await self._ask(building.message("DELETE_ROSPEC", self._new_id(), ROSpecID=0))
        await self._ask(building.message("ADD_ROSPEC", self._new_id(), building.rospec(self._settings.setup)))
        await self._ask_for_chips(may_access=may_access)
        await self._ask(building.message("ENABLE_ROSPEC", self._new_id(), ROSpecID=building.ROSPEC_ID))
        if not self._settings.tid_words and self._line is not None:
            # What an earlier client left would go on costing air time. Nobody waits for the answer: old readers know no
            # such message, and recordings of earlier times have none.
            leftover = building.message("DELETE_ACCESSSPEC", _UNWATCHED_ID, AccessSpecID=0)
            await self._line.send(encode_message(leftover))

    async def _ask_for_chips(self, *, may_access: bool) -> None:
        """Have the reader read chip numbers too, if settings wish it and it can; without them tags still come."""
        self._limitation = ""
        if not self._settings.tid_words:
            return
        if not may_access:
            self._limitation = "tid_unsupported"
            return
        try:
            await self._ask(building.message("DELETE_ACCESSSPEC", self._new_id(), AccessSpecID=0))
            spec = building.chip_reading(self._settings.tid_words)
            await self._ask(building.message("ADD_ACCESSSPEC", self._new_id(), spec))
            enable = building.message("ENABLE_ACCESSSPEC", self._new_id(), AccessSpecID=building.ACCESSSPEC_ID)
            await self._ask(enable)
        except ReaderRefused as error:
            _LOG.warning("Reader %s reads no chip numbers: %s", self.device, error.message)
            self._limitation = "tid_refused"

    def _note_capabilities(self, capabilities: Parameter | None) -> int:
        if capabilities is None:
            return 0
        self.health.firmware = str(capabilities.values.get("ReaderFirmwareVersion", ""))
        manufacturer = capabilities.integer("DeviceManufacturerName")
        self.health.model = f"{manufacturer}/{capabilities.integer('ModelName')}"
        return manufacturer

    async def _check_identity(self) -> None:
        request = building.message("GET_READER_CONFIG", self._new_id(), RequestedData=_CONFIG_IDENTIFICATION)
        identification = (await self._ask(request)).find(_IDENTIFICATION)
        octets = identification.values.get("ReaderID") if identification else None
        found = octets.hex().upper() if isinstance(octets, bytes) else ""
        if self._identity and found != self._identity:
            text = f"Reader {self.device}: expected identity {self._identity}, got {found or 'none'}: enrol it anew."
            raise ReaderRefused(text, code="identity_changed")
        # From the first connection on, another reader at this address is somebody else.
        self._identity = self.health.identity = found

    def _new_id(self) -> int:
        self._next_id = self._next_id % 0xFFFFFFFF + 1
        return self._next_id

    async def _ask(self, request: Message) -> Message:
        assert self._line is not None  # noqa: S101 - set for as long as a connection is served
        future: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._waiting[request.id] = future
        await self._line.send(encode_message(request))
        async with asyncio.timeout(self._settings.answer_s):
            answer = decode_message(await future)
        status = answer.find(_STATUS)
        code = status.integer("StatusCode") if status else 0
        # Deleting what is not there is what was wanted.
        if code and request.number not in _DELETING:
            reason = status.values.get("ErrorDescription") if status else ""
            raise ReaderRefused(f"Reader {self.device} answered {request.name} with status {code}: {reason!r}")
        return answer


def _may_access(capabilities: Parameter | None) -> bool:
    """Tell whether a reader has room for an access operation; one that says nothing of it is asked all the same."""
    if capabilities is None:
        return True
    return bool(capabilities.integer("MaxNumAccessSpecs") and capabilities.integer("MaxNumOpSpecsPerAccessSpec"))


def _check_greeting(greeting: Message) -> None:
    data = greeting.find(_EVENT_DATA)
    attempt = data.child(_CONNECTION_ATTEMPT) if data else None
    if attempt is None:
        raise DecodeError("The reader did not begin with a ConnectionAttemptEvent.", code="llrp.greeting")
    if status := attempt.integer("Status"):
        text = f"The reader refused the connection with status {status}: another client may be connected (1, 2)."
        raise ReaderRefused(text, code="reader_busy")

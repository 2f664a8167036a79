"""The simulated LLRP reader on its line: one client at a time, and what it tells whom and when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rfid_gateway.rfid.llrp import building
from rfid_gateway.rfid.llrp.codec import FrameSplitter, Message, Parameter, decode_message, encode_message
from rfid_gateway.rfid.llrp.layouts import MESSAGE_NUMBERS, PARAMETER_NUMBERS
from rfid_gateway.rfid.llrp.reports import ReportReader, TagReport
from rfid_gateway.simulators.llrp import Sighting, SimulatedReader
from twin.clock import SystemClock

EPC = bytes.fromhex("3074257BF7194E4000001A85")
REPORT, KEEPALIVE, NOTIFICATION, ERROR = 61, 62, 63, 100


class Client:
    """A bare client: sends a message, and takes what comes as it comes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer
        self._splitter = FrameSplitter()
        self._waiting: list[Message] = []
        self._reports = ReportReader()
        self.tags: list[TagReport] = []
        self.happened: list[Parameter] = []

    async def next(self, *numbers: int) -> Message:
        """Give the next message of a type; those of other types before it are passed over, tags are kept."""
        async with asyncio.timeout(10):
            while True:
                while self._waiting:
                    message = self._waiting.pop(0)
                    if message.number in numbers:
                        return message
                data = await self._reader.read(65_536)
                assert data, "the reader hung up"
                for frame in self._splitter.feed(data):
                    if frame.number == REPORT:
                        self.tags += self._reports.read(frame.body)
                    message = decode_message(frame)
                    self._waiting.append(message)
                    if frame.number == NOTIFICATION:
                        self.happened += message.parameters[0].children[1:]  # behind the time

    async def ask(self, message: Message) -> int:
        """Send a request and give the status of its answer."""
        self.writer.write(encode_message(message))
        answer = await self.next(message.number + 10)
        status = answer.find(PARAMETER_NUMBERS["LLRPStatus"])
        assert status is not None
        return status.integer("StatusCode")

    def say(self, name: str) -> None:
        self.writer.write(encode_message(building.message(name, 99)))


def attempt_of(message: Message) -> int | None:
    data = message.find(PARAMETER_NUMBERS["ReaderEventNotificationData"])
    event = data.child(PARAMETER_NUMBERS["ConnectionAttemptEvent"]) if data else None
    return event.integer("Status") if event else None


@asynccontextmanager
async def client_of(reader: SimulatedReader) -> AsyncIterator[Client]:
    lines = await asyncio.open_connection("127.0.0.1", reader.port)
    try:
        yield Client(*lines)
    finally:
        lines[1].close()
        await lines[1].wait_closed()


@asynccontextmanager
async def listening() -> AsyncIterator[SimulatedReader]:
    reader = SimulatedReader("r", SystemClock())
    await reader.start()
    try:
        yield reader
    finally:
        await reader.stop()


def add(parameter: Parameter | None = None) -> Message:
    return building.message("ADD_ROSPEC", 1, parameter or building.rospec(building.InventorySetup()))


def about(name: str, rospec: int = building.ROSPEC_ID) -> Message:
    return building.message(name, 2, ROSpecID=rospec)


async def test_a_second_client_is_refused_and_the_first_is_told_and_goes_on() -> None:
    async with listening() as reader, client_of(reader) as first:
        assert attempt_of(await first.next(NOTIFICATION)) == 0

        async with client_of(reader) as second:
            assert attempt_of(await second.next(NOTIFICATION)) == 2  # a client has it already
            assert await second._reader.read() == b""

        assert attempt_of(await first.next(NOTIFICATION)) == 4  # another one tried
        assert await first.ask(add()) == 0


async def test_keep_alives_come_by_the_clients_word_and_its_answers_are_counted() -> None:
    async with listening() as reader, client_of(reader) as client:
        assert await client.ask(building.reader_configuration(3, keepalive_ms=20)) == 0
        for _ in range(3):
            await client.next(KEEPALIVE)
            client.say("KEEPALIVE_ACK")

        off = building.message("SET_READER_CONFIG", 4, building.parameter("KeepaliveSpec", KeepaliveTriggerType=0))
        assert await client.ask(off) == 0

        assert reader.acknowledged == 3
        assert reader._beating is None


async def test_what_was_set_up_outlives_the_client_and_not_the_power() -> None:
    async with listening() as reader:
        async with client_of(reader) as client:
            assert await client.ask(add()) == 0
            assert await client.ask(add()) != 0  # it holds one
            assert await client.ask(about("ENABLE_ROSPEC")) == 0
        async with client_of(reader) as client:
            await client.next(NOTIFICATION)
            reader.see([Sighting(EPC)])
            await client.next(REPORT)
            await reader.reboot()
        async with client_of(reader) as client:
            assert await client.ask(about("ENABLE_ROSPEC")) != 0
            assert await client.ask(about("DELETE_ROSPEC", 0)) == 0  # all of none


async def test_what_is_seen_while_nobody_is_there_waits_for_a_client_that_asked_for_it() -> None:
    holding = building.message(
        "SET_READER_CONFIG", 3, building.parameter("EventsAndReports", HoldEventsAndReportsUponReconnect=1)
    )
    async with listening() as reader:
        async with client_of(reader) as client:
            assert await client.ask(holding) == 0
            assert await client.ask(add()) == 0
            assert await client.ask(about("ENABLE_ROSPEC")) == 0
        while reader._writer is not None:
            await asyncio.sleep(0)
        reader.see([Sighting(EPC, 2)])

        async with client_of(reader) as client:
            await client.next(NOTIFICATION)
            reader.see([Sighting(EPC, 3)])
            # An answer comes before any report: nothing is told until the client is ready for it.
            assert await client.ask(building.message("GET_ROSPECS", 5)) == 0
            assert client.tags == []
            client.say("ENABLE_EVENTS_AND_REPORTS")
            while len(client.tags) < 2:
                await client.next(REPORT)

    assert [tag.antenna for tag in client.tags] == [2, 3]
    assert reader.missed == 0


async def test_only_what_the_selector_names_is_told() -> None:
    content = building.parameter(
        "TagReportContentSelector",
        building.parameter("C1G2EPCMemorySelector", EnableCRC=1, EnablePCBits=1),
        EnablePeakRSSI=1,
        EnableSpecIndex=1,
        EnableInventoryParameterSpecID=1,
        EnableChannelIndex=1,
    )
    whole = building.rospec(building.InventorySetup())
    parts = [one for one in whole.children if one.name != "ROReportSpec"]
    spec = Parameter(
        whole.number, whole.values, (*parts, building.parameter("ROReportSpec", content, ROReportTrigger=1, N=1))
    )
    async with listening() as reader, client_of(reader) as client:
        assert await client.ask(add(spec)) == 0
        assert await client.ask(about("ENABLE_ROSPEC")) == 0
        reader.see([Sighting(EPC, 2)])
        report = await client.next(REPORT)

    (tag,) = report.parameters
    told = [one.name for one in tag.children]
    assert told == [
        "EPC-96",
        "SpecIndex",
        "InventoryParameterSpecID",
        "PeakRSSI",
        "ChannelIndex",
        "C1G2PC",
        "C1G2CRC",
    ]
    # PC bits: six words of EPC. The CRC of PC and EPC with itself behind them leaves the residue of every good frame.
    values = {name: value for one in tag.children for name, value in one.values.items()}
    assert values["PC"] == 0x3000
    assert _residue(bytes.fromhex("3000") + EPC + int(values["CRC"]).to_bytes(2, "big")) == 0x1D0F


def _residue(octets: bytes) -> int:
    """CRC-16 of Gen 2 (annex F), bit by bit."""
    register = 0xFFFF
    for octet in octets:
        register ^= octet << 8
        for _ in range(8):
            register = (register << 1 ^ 0x1021 if register & 0x8000 else register << 1) & 0xFFFF
    return register


async def test_messages_that_no_reader_knows_are_answered_with_an_error() -> None:
    async with listening() as reader, client_of(reader) as client:
        client.writer.write(encode_message(Message(MESSAGE_NUMBERS["RO_ACCESS_REPORT"], 8)))

        answer = await client.next(ERROR)

    assert answer.id == 8


async def test_events_of_operations_come_to_who_asked_for_them() -> None:
    async with listening() as reader, client_of(reader) as client:
        assert await client.ask(building.reader_configuration(3, keepalive_ms=0)) == 0
        assert await client.ask(add()) == 0
        assert await client.ask(about("ENABLE_ROSPEC")) == 0
        assert await client.ask(about("STOP_ROSPEC")) == 0
        assert not reader.is_reporting
        quiet = building.message("SET_READER_CONFIG", 4, building.parameter("ReaderEventNotificationSpec", _kind(2, 0)))
        assert await client.ask(quiet) == 0
        assert await client.ask(about("START_ROSPEC")) == 0
        assert reader.is_reporting

    told = [(one.name, one.integer("EventType")) for one in client.happened]
    assert told == [("ConnectionAttemptEvent", 0), ("ROSpecEvent", 0), ("ROSpecEvent", 1)]


def _kind(number: int, state: int) -> Parameter:
    return building.parameter("EventNotificationState", EventType=number, NotificationState=state)

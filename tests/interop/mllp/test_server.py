"""The server on loopback: driven by a client that we did not write, cut off, killed, and fed nonsense."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hl7.client import MLLPClient as TheirClient
from sqlmodel import Session

from interop.hl7v2.message import read_message
from interop.mllp.client import MllpClient
from interop.mllp.framing import framed
from interop.mllp.server import MllpOptions, MllpServer
from interop.service import messages, received
from server.listening import intake_of, mllp_server
from server.wiring import open_hospital
from tests.interop.conftest import Listening
from tests.interop.messages_for_tests import adt
from twin.errors import Unavailable
from twin.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
KILLS = int(os.environ.get("HOSPITAL_TWIN_KILLS", "2"))
FUZZED = int(os.environ.get("HOSPITAL_TWIN_FUZZED_FRAMES", "300"))


@pytest.fixture
async def server(listening: Listening) -> AsyncIterator[MllpServer]:
    async with mllp_server(listening.hospital) as started:
        yield started


async def test_a_client_that_we_did_not_write_is_understood(server: MllpServer, listening: Listening) -> None:
    def talk() -> list[bytes]:
        with TheirClient("127.0.0.1", server.port) as client:
            return [client.send_message(content) for content in (adt("A01", bed="W1^1^A"), adt("A08"))]

    answers = await asyncio.to_thread(talk)

    assert [read_message(answer.strip(b"\x0b\x1c\r")).value("MSA", 1) for answer in answers] == ["AA", "AA"]
    assert listening.encounter().place == "W1-1-A"


async def test_a_resend_gets_the_same_answer_and_is_no_second_event(server: MllpServer, listening: Listening) -> None:
    content = adt("A01", bed="W1^1^A", control="SAME")
    async with MllpClient("127.0.0.1", server.port) as client:
        first = read_message(await client.send(content))
        count = listening.event_count()
        again = read_message(await client.send(content.replace(b"|20260105080000||ADT", b"|20260105080500||ADT")))

    assert [one.value("MSA", 1) for one in (first, again)] == ["AA", "AA"]
    assert listening.event_count() == count
    assert listening.rows()[0].duplicates == 1


async def test_a_number_used_for_another_message_loses_neither(server: MllpServer, listening: Listening) -> None:
    async with MllpClient("127.0.0.1", server.port) as client:
        await client.send(adt("A01", visit="V1", control="SAME"))
        answer = read_message(await client.send(adt("A01", visit="V2", control="SAME")))

    assert answer.value("MSA", 1) == "AE"
    assert [row.outcome for row in listening.rows()] == ["dead", "applied"]


async def test_a_dead_letter_is_kept_answered_alike_and_can_be_replayed(
    server: MllpServer, listening: Listening
) -> None:
    content = adt("A01", PV1_19="", control="D1")
    async with MllpClient("127.0.0.1", server.port) as client:
        answers = [read_message(await client.send(content)).value("MSA", 1) for _ in range(2)]

    row = listening.rows()[0]
    assert answers == ["AE", "AE"]
    assert (row.outcome, row.duplicates) == ("dead", 1)
    assert "PV1-19" in row.problem
    intake, number, now = intake_of(listening.hospital), row.number, listening.clock.now()
    assert _body(listening, number) == content
    with pytest.raises(Exception, match="PV1-19"):
        listening.hospital.write_now(lambda session: messages.replay(session, intake, number=number, now=now))


def _body(listening: Listening, number: int) -> bytes:
    with listening.hospital.read() as session:
        return messages.body_of(session, intake_of(listening.hospital).vault, number)


async def test_what_is_no_message_is_rejected_and_kept(server: MllpServer, listening: Listening) -> None:
    async with MllpClient("127.0.0.1", server.port) as client:
        answer = read_message(await client.send(b"GET / HTTP/1.1"))

    assert answer.value("MSA", 1) == "AR"
    assert listening.rows()[0].outcome == "unreadable"
    assert _body(listening, listening.rows()[0].number) == b"GET / HTTP/1.1"


async def test_a_batch_in_one_frame_is_answered_message_by_message(server: MllpServer, listening: Listening) -> None:
    batch = b"BHS|^~\\&|X\r" + adt("A01", visit="V1") + adt("A01", visit="V2") + b"BTS|2\r"
    async with MllpClient("127.0.0.1", server.port) as client:
        first = await client.send(batch)
        second = await client.receive()

    assert [read_message(one).value("MSA", 1) for one in (first, second)] == ["AA", "AA"]
    assert len(listening.hospital.live.encounters) == 2


async def test_a_batch_is_stored_together_and_in_its_order(server: MllpServer, listening: Listening) -> None:
    beds = ("W1^1^A", "W2^1^A")
    parts = [adt("A01", bed=beds[0], at="20260105010000")]
    parts += [adt("A02", bed=beds[n % 2], at=f"20260105{2 + n // 60:02d}{n % 60:02d}00") for n in range(1, 30)]
    parts[7:7] = [adt("A01", PV1_19="", control="BAD")]  # harms no other
    writer = listening.hospital.database.writer
    before = writer.groups
    async with MllpClient("127.0.0.1", server.port) as client:
        first = await client.send(b"BHS|^~\\&|X\r" + b"".join(parts) + b"BTS|31\r")
        answers = [first] + [await client.receive() for _ in parts[1:]]

    codes = [read_message(one).value("MSA", 1) for one in answers]
    assert codes == ["AE" if n == 7 else "AA" for n in range(31)]
    numbers = [read_message(one).value("MSA", 2) for one in answers]
    assert numbers == [read_message(part).control_id for part in parts]
    assert listening.encounter().place == "W2-1-A"
    assert writer.groups - before < len(parts)  # how many fall together is a matter of time, that some do is not


async def test_a_message_of_a_batch_knows_what_those_before_it_said(server: MllpServer, listening: Listening) -> None:
    account = "ACC^^^HOSP^AN"
    parts = [
        adt("A01", PV1_19="", PID_18=account, bed="W1^1^A", at="20260105010000"),
        adt("A02", visit="V1", PID_18=account, bed="W2^1^A", at="20260105020000"),  # the same stay, by both numbers
        adt("A02", PV1_19="", PID_18=account, bed="W2^1^B", at="20260105030000"),
    ]
    async with MllpClient("127.0.0.1", server.port) as client:
        first = await client.send(b"BHS|^~\\&|X\r" + b"".join(parts) + b"BTS|3\r")
        answers = [first] + [await client.receive() for _ in parts[1:]]

    assert [read_message(one).value("MSA", 1) for one in answers] == ["AA"] * 3
    assert [one.place for one in listening.hospital.live.encounters.values() if not one.merged_into] == ["W2-1-B"]


async def test_octets_in_any_packets_are_answered_in_order(server: MllpServer, listening: Listening) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    stream = b"junk" + framed(adt("A01", control="1")) + b"\r\n" + framed(adt("A08", control="2"))
    for position in range(0, len(stream), 37):
        writer.write(stream[position : position + 37])
        await writer.drain()
    answers = [read_message((await reader.readuntil(b"\x1c\r"))[1:-2]).value("MSA", 2) for _ in range(2)]
    writer.close()

    assert answers == ["1", "2"]
    assert listening.event_count() > 0


async def test_too_long_and_silent_connections_are_closed() -> None:
    async def never(_content: bytes, _peer: str) -> list[bytes]:
        raise AssertionError

    server = MllpServer(never, MllpOptions(max_frame=1000, idle_s=0.05, max_connections=2))
    await server.start()
    async with MllpClient("127.0.0.1", server.port) as client:
        with pytest.raises(Unavailable):
            await client.send(bytes(5000))
    async with MllpClient("127.0.0.1", server.port) as client:
        with pytest.raises(Unavailable):
            await client.receive()
    await server.close()


async def test_nonsense_never_gets_a_good_answer(server: MllpServer, listening: Listening) -> None:
    chance = random.Random(1)
    whole = adt("A01", bed="W1^1^A", control="")
    async with MllpClient("127.0.0.1", server.port) as client:
        for number in range(FUZZED):
            broken = bytearray(whole)
            for _ in range(chance.randrange(1, 12)):
                broken[chance.randrange(len(broken))] = chance.choice(b'|^~\\&\r\n"\x00\xff9A')
            content = bytes(broken).replace(b"\x0b", b"").replace(b"\x1c", b"") + b"ZZZ|%d\r" % number
            answer = read_message(await client.send(content))
            row = listening.rows()[0]
            is_good = answer.value("MSA", 1) == "AA"
            assert is_good == (row.outcome in ("applied", "stored")), (content, answer.text())


@contextmanager
def running(folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    program = [sys.executable, str(ROOT / "tests/interop/mllp/listening_process.py"), str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(program, cwd=folder, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    try:
        yield process, int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _talk(port: int, contents: list[bytes], octet: int) -> bytes:
    """Hold the conversation up to one octet of it, whichever side says that; give what was answered so far.

    A conversation is what a sender says that waits for each answer: message, answer, message, answer.
    """
    answered, said = b"", 0
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        for content in contents:
            frame = framed(content)
            part = frame[: octet - said]
            line.sendall(part)
            said += len(part)
            if len(part) < len(frame):
                break
            before = len(answered)
            while not answered.endswith(b"\x1c\r") or len(answered) == before:
                got = line.recv(min(65_536, octet - said)) if octet > said else b""
                answered += got
                said += len(got)
                if not got:
                    return answered
    return answered


def test_killed_at_any_octet_nothing_acknowledged_is_lost_and_nothing_is_doubled(tmp_path: Path) -> None:
    contents = [adt("A01", visit=f"V{number}", control=f"K{number}") for number in range(12)]
    total, done, chance = len(b"".join(map(framed, contents))), 0, random.Random(3)
    for _ in range(KILLS):
        with running(tmp_path) as (process, port):
            # Answers are about as long as these messages: the last octets are those of the last answer.
            answered = _talk(port, contents, chance.randrange(1, total * 2))
            process.send_signal(signal.SIGKILL)
            done = max(done, answered.count(b"MSA|AA|"))
    hospital = open_hospital(Settings(data_dir=tmp_path, free_disk_floor_mb=0), handlers=[])
    with hospital.read() as session:
        kept = received.messages(session, limit=100)
    vault = intake_of(hospital).vault
    first = [vault.pseudonym("visit", "HOSP", f"V{number}") for number in range(done)]
    held = set(hospital.live.encounters)
    intake = intake_of(hospital)
    for content in contents:
        message = read_message(content)

        def use_case(session: Session, content: bytes = content, message: object = message) -> object:
            return messages.take_in(session, intake, data=content, message=message, now=1)  # type: ignore[arg-type]

        hospital.write_now(use_case)

    assert set(first) <= held
    assert len(kept) == len(held)
    assert hospital.ledger.last_sequence() == len(hospital.live.encounters) == len(contents)
    hospital.close()

from __future__ import annotations

import asyncio
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfid_gateway.drivers.driver import BackoffSettings
from rfid_gateway.drivers.em4100_reader import Em4100Reader, Em4100Settings
from rfid_gateway.rfid.em4100 import encode_frame
from rfid_gateway.transports.connection import Connection, memory_line
from rfid_gateway.transports.recording import Piece, RecordingConnection, ReplayConnection, read_recording
from tests.fakes import START_US
from tests.rfid_gateway.listeners import KeepingListener, around_of, until
from twin.clock import ManualClock
from twin.errors import DecodeError


async def test_line_that_was_recorded_can_be_played_to_a_driver() -> None:
    device, host = memory_line()
    out, clock = io.StringIO(), ManualClock(START_US)
    recording = RecordingConnection(host, clock, out)
    await device.send(encode_frame(bytes.fromhex("0416D7AC99")) * 2)
    await recording.receive()
    await recording.send(b"\x01")
    await recording.close()
    listener = KeepingListener()

    async def connect() -> Connection:
        return ReplayConnection(read_recording(out.getvalue().splitlines()))

    settings = Em4100Settings(device="d", backoff=BackoffSettings(first_s=10, most_s=10))
    task = asyncio.create_task(Em4100Reader(settings, connect, around_of(listener, clock)).run())
    await until(lambda: bool(listener.readings))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert [one.tag for one in listener.readings] == ["em:0416D7AC99"]
    assert out.getvalue().endswith(f"{START_US} > 01\n")


@given(st.lists(st.tuples(st.integers(0, 2**60), st.booleans(), st.binary(min_size=1, max_size=20))))
def test_recording_comes_back_as_it_was_written(pieces: list[tuple[int, bool, bytes]]) -> None:
    lines = [f"{at} {'<' if is_received else '>'} {octets.hex()}" for at, is_received, octets in pieces]

    assert read_recording(lines) == [Piece(*piece) for piece in pieces]


@pytest.mark.parametrize("line", ["1 <", "x < 00", "1 ? 00", "1 < 0", "1 < zz", "1 < 00 00"])
def test_broken_line_is_refused_with_its_number(line: str) -> None:
    with pytest.raises(DecodeError, match="line 2"):
        read_recording(["1 < 00", line])


async def test_closed_line_in_memory_says_so_at_both_ends() -> None:
    left, right = memory_line()
    await left.send(b"a")
    await left.close()

    assert [await right.receive(), await right.receive()] == [b"a", b""]
    with pytest.raises(ConnectionResetError):
        await right.send(b"b")


def test_direction_that_is_none_is_refused_with_its_line() -> None:
    with pytest.raises(DecodeError, match="line 2"):
        read_recording(["1 > 00", "2 <> 00"])

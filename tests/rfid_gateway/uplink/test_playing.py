"""A device is recorded over its real line, and the recording gives the same readings from the real driver."""

from __future__ import annotations

import asyncio
import io

import pytest

from rfid_gateway.simulators.llrp import Sighting, SimulatedReader
from rfid_gateway.transports.recording import Piece, read_recording
from rfid_gateway.uplink.configuration import GatewaySettings
from rfid_gateway.uplink.playing import record, replay
from tests.rfid_gateway.listeners import until
from twin.clock import SystemClock
from twin.errors import ConfigurationError, NotFound

TAG = bytes.fromhex("3074257BF7194E4000001A85")


def settings_of(port: int) -> GatewaySettings:
    return GatewaySettings.model_validate({"id": "edge", "readers": [{"id": "r1", "port": port}]})


async def test_recording_of_a_reader_gives_its_readings_again_at_their_times() -> None:
    reader, out = SimulatedReader("r1", SystemClock()), io.StringIO()
    port = await reader.start()
    recording = asyncio.create_task(record(settings_of(port), "r1", out, seconds=0))
    await until(lambda: reader.is_reporting)
    for antenna in (1, 2):
        reader.see([Sighting(TAG, antenna)])
    await until(lambda: out.getvalue().count(TAG.hex()) >= 2)
    recording.cancel()
    await asyncio.gather(recording, return_exceptions=True)
    await reader.stop()
    pieces = read_recording(out.getvalue().splitlines())

    played = await replay(pieces, "llrp")

    assert [(one.tag, one.antenna) for one in played.readings] == [(TAG.hex().upper(), 1), (TAG.hex().upper(), 2)]
    assert all(pieces[0].at <= one.at <= pieces[-1].at for one in played.readings)
    assert [one.status.value for one in played.statuses][:2] == ["online", "offline"]


async def test_recording_for_a_time_ends_by_itself_and_tells_how_much_came() -> None:
    reader, out = SimulatedReader("r1", SystemClock()), io.StringIO()
    port = await reader.start()

    count = await record(settings_of(port), "r1", out, seconds=0.3)
    await reader.stop()

    assert count == 0
    assert out.getvalue()


async def test_frames_of_a_card_reader_are_played_to_its_driver() -> None:
    frame = b"\x020416D7AC99F0\x03"

    played = await replay([Piece(5_000_000, True, frame), Piece(6_000_000, True, frame)], "em4100")

    assert [(one.tag, one.at) for one in played.readings] == [("em:0416D7AC99", 6_000_000)]


async def test_what_cannot_be_recorded_or_replayed_is_told() -> None:
    with pytest.raises(NotFound):
        await record(settings_of(1), "nobody", io.StringIO(), seconds=0.1)
    with pytest.raises(ConfigurationError, match="cannot be replayed"):
        await replay([], "mqtt")


async def test_empty_recording_gives_nothing() -> None:
    assert (await replay([], "em4100")).readings == []

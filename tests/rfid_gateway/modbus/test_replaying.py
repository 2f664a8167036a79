"""A recorded Modbus line gives the same values again, and never one from an answer that does not fit."""

from __future__ import annotations

import asyncio
import io
import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfid_gateway.modbus.profile import load_profile
from rfid_gateway.modbus.replaying import replay_machine
from rfid_gateway.modbus.replies import crc16
from rfid_gateway.modbus.samples import Quality
from rfid_gateway.simulators.modbus import SimulatedPlant
from rfid_gateway.simulators.plants import MedicineFridge
from rfid_gateway.transports.recording import Piece, read_recording
from rfid_gateway.uplink.configuration import GatewaySettings
from rfid_gateway.uplink.playing import record
from tests.rfid_gateway.listeners import until
from twin.clock import SystemClock

PROFILE = load_profile("generic-medicine-fridge")
FIRST = min(PROFILE.wire(one.address) for one in PROFILE.signals if one.table.function_code == 3)
COUNT = max(PROFILE.wire(one.address) + one.width for one in PROFILE.signals if one.table.function_code == 3) - FIRST
WORDS = tuple(range(40, 40 + COUNT))


def tcp(transaction: int, unit: int, pdu: bytes) -> bytes:
    return struct.pack(">HHHB", transaction, 0, len(pdu) + 1, unit) + pdu


def rtu(unit: int, pdu: bytes) -> bytes:
    frame = bytes([unit]) + pdu
    return frame + crc16(frame).to_bytes(2, "little")


QUESTION = struct.pack(">BHH", 3, FIRST, COUNT)
ANSWER = struct.pack(f">BB{COUNT}H", 3, 2 * COUNT, *WORDS)


def values(pieces: list[Piece], *, unit: int = 0) -> dict[str, float]:
    return {one.quantity: one.value for one in replay_machine(pieces, PROFILE, unit=unit).samples}


async def test_recorded_machine_gives_its_values_again_at_their_times() -> None:
    plant, out = SimulatedPlant(SystemClock()), io.StringIO()
    plant.add(1, PROFILE, MedicineFridge(setpoint_c=5.0).values_at)
    port = await plant.start()
    settings = GatewaySettings.model_validate(
        {"id": "edge", "machines": [{"id": "fridge-1", "profile": PROFILE.name, "port": port}]}
    )
    recording = asyncio.create_task(record(settings, "fridge-1", out, seconds=0))
    await until(lambda: out.getvalue().count(" < ") >= 3)
    recording.cancel()
    await asyncio.gather(recording, return_exceptions=True)
    await plant.stop()
    pieces = read_recording(out.getvalue().splitlines())

    played = replay_machine(pieces, PROFILE)

    # The recording was cut off somewhere: at most the last question has no answer.
    assert [one.code for one in played.faults] in ([], ["modbus.no_answer"])
    good = {one.quantity for one in played.samples if one.quality is Quality.GOOD}
    assert good
    assert good <= set(PROFILE.by_key)
    assert all(pieces[0].at <= one.at <= pieces[-1].at for one in played.samples)


@pytest.mark.parametrize("size", [1, 3, 7, 500])
def test_answer_in_pieces_is_one_answer(size: int) -> None:
    whole = tcp(7, 1, ANSWER)
    parts = [whole[i : i + size] for i in range(0, len(whole), size)]
    pieces = [Piece(1, False, tcp(7, 1, QUESTION)), *(Piece(2 + i, True, one) for i, one in enumerate(parts))]
    grown = [
        Piece(1, False, tcp(7, 1, QUESTION)),
        *(Piece(2 + i, True, whole[: i + size]) for i in range(0, len(whole), size)),
    ]

    assert values(pieces) == values(grown) != {}


def test_serial_line_with_two_units_gives_the_one_that_is_wanted() -> None:
    other = struct.pack(f">BB{COUNT}H", 3, 2 * COUNT, *(word + 1000 for word in WORDS))
    pieces = [
        Piece(1, False, rtu(1, QUESTION)),
        Piece(2, True, rtu(1, ANSWER)),
        Piece(3, False, rtu(2, QUESTION)),
        Piece(4, True, rtu(2, other)),
    ]

    assert values(pieces) == values(pieces, unit=1) != values(pieces, unit=2) != {}


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (tcp(8, 1, ANSWER), "modbus.wrong_transaction"),
        (tcp(7, 2, ANSWER), "modbus.wrong_unit"),
        (tcp(7, 1, b"\x04" + ANSWER[1:]), "modbus.wrong_function"),
        (tcp(7, 1, b"\x83\x02"), "modbus.exception_2"),
        (b"", "modbus.no_answer"),
    ],
)
def test_answer_that_does_not_fit_gives_no_value(answer: bytes, code: str) -> None:
    pieces = [Piece(1, False, tcp(7, 1, QUESTION)), *([Piece(2, True, answer)] if answer else [])]

    played = replay_machine(pieces, PROFILE)

    assert (played.samples, [one.code for one in played.faults]) == ([], [code])


@given(st.lists(st.tuples(st.booleans(), st.binary(min_size=1, max_size=40)), max_size=12))
def test_any_recording_gives_values_or_faults_but_no_error(told: list[tuple[bool, bytes]]) -> None:
    pieces = [Piece(i, is_received, octets) for i, (is_received, octets) in enumerate(told)]

    played = replay_machine(pieces, PROFILE)

    assert all(math.isnan(one.value) or math.isfinite(one.value) for one in played.samples)
    assert len(played.faults) <= played.questions


@given(st.integers(0, 8 * len(tcp(7, 1, ANSWER)) - 1))
def test_every_wrong_bit_of_a_serial_answer_is_a_fault(bit: int) -> None:
    whole = rtu(1, ANSWER)
    place = bit % (8 * len(whole))
    changed = bytes(one ^ (1 << place % 8) * (i == place // 8) for i, one in enumerate(whole))

    played = replay_machine([Piece(1, False, rtu(1, QUESTION)), Piece(2, True, changed)], PROFILE)

    assert played.samples == []

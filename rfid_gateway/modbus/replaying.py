"""A recording of a Modbus line read again, with the same strictness as the line itself: questions, answers, values.

What the gateway asked is in the recording, so that nothing has to be asked anew: each answer is judged against the
question before it, and what fits is decoded by a profile, which may be another one than at the time of recording.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence

import msgspec

from rfid_gateway.modbus.decoding import AnswerDecoder
from rfid_gateway.modbus.planning import Slot
from rfid_gateway.modbus.profile import Profile
from rfid_gateway.modbus.replies import Answer, Expected, Fault, Framing, crc16, judge
from rfid_gateway.modbus.samples import Sample
from rfid_gateway.transports.recording import Piece

_READS = (1, 2, 3, 4)
_TCP_REQUEST_OCTETS, _RTU_REQUEST_OCTETS = 12, 8  # of the four reads, with header and checksum


class ReplayFault(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that was none.

    Parameters
    ----------
    at : int
        When its last octets came, UTC microseconds.
    unit, function, address, count : int
        What was asked.
    code : str
        Stable code such as ``modbus.wrong_unit``, ``modbus.exception_2`` or ``modbus.no_answer``.
    """

    at: int
    unit: int
    function: int
    address: int
    count: int
    code: str


class PlayedMachine(msgspec.Struct, kw_only=True):
    """What a recording holds of one machine.

    Parameters
    ----------
    unit : int
        Unit whose answers were read; 0 if nothing was asked.
    questions : int
        Reads that were sent to it.
    samples : list[Sample]
        Values in the order in which they came.
    faults : list[ReplayFault]
        Answers that were none.
    """

    unit: int = 0
    questions: int = 0
    samples: list[Sample] = []
    faults: list[ReplayFault] = []


def replay_machine(pieces: Sequence[Piece], profile: Profile, *, unit: int = 0) -> PlayedMachine:
    """Read a recording of a machine's line by a profile.

    Parameters
    ----------
    pieces : Sequence[Piece]
        The recording, of TCP or of a serial line.
    profile : Profile
        What the registers mean.
    unit : int
        Whose answers; 0 for the unit that was asked first, since on a serial line there may be others.
    """
    played = PlayedMachine(unit=unit)
    decoders: dict[tuple[int, int, int], AnswerDecoder] = {}
    for question, framing, answer, at in _turns(pieces):
        played.unit = played.unit or question.unit
        if question.unit != played.unit:
            continue
        played.questions += 1
        found = judge(answer, question, framing) if answer else None
        if isinstance(found, Answer) and not found.exception:
            key = (question.function, question.address, question.count)
            if key not in decoders:
                decoders[key] = AnswerDecoder(_slots(profile, question))
            for signal, decoded in decoders[key].read(found.values):
                value = decoded.value if isinstance(decoded.value, float) else math.nan
                played.samples.append(Sample(profile.name, signal.key, at, value, decoded.quality))
        else:
            played.faults.append(_fault(question, at, found))
    return played


def _fault(question: Expected, at: int, found: Answer | Fault | None) -> ReplayFault:
    if isinstance(found, Fault):
        code = found.code
    else:
        code = f"modbus.exception_{found.exception}" if found is not None else "modbus.no_answer"
    return ReplayFault(
        at=at,
        unit=question.unit,
        function=question.function,
        address=question.address,
        count=question.count,
        code=code,
    )


def _turns(pieces: Sequence[Piece]) -> Iterator[tuple[Expected, Framing, bytes, int]]:
    """Give each question with all that came until the next one, and when the last of it came."""
    asked: tuple[Expected, Framing] | None = None
    answer, at = b"", 0
    for piece in pieces:
        if piece.is_received:
            # A client that gathers an answer shows it from its beginning each time; a line shows piece after piece.
            answer = piece.octets if answer and piece.octets.startswith(answer) else answer + piece.octets
            at = piece.at
            continue
        if asked is not None:
            yield (*asked, answer, at)
        asked, answer, at = _question(piece.octets), b"", piece.at
    if asked is not None:
        yield (*asked, answer, at)


def _question(octets: bytes) -> tuple[Expected, Framing] | None:
    """Read a question; None for a write, or for what is no question at all."""
    if len(octets) == _TCP_REQUEST_OCTETS and octets[2:6] == b"\x00\x00\x00\x06":
        transaction, _, _, unit, function, address, count = struct.unpack(">HHHBBHH", octets)
        framing = Framing.TCP
    elif len(octets) == _RTU_REQUEST_OCTETS and crc16(octets[:-2]) == int.from_bytes(octets[-2:], "little"):
        unit, function, address, count = struct.unpack(">BBHH", octets[:-2])
        transaction, framing = 0, Framing.RTU
    else:
        return None
    if function not in _READS:
        return None
    return Expected(unit=unit, function=function, address=address, count=count, transaction=transaction), framing


def _slots(profile: Profile, question: Expected) -> list[Slot]:
    """Give the signals of a profile that lie wholly inside of what was asked."""
    first, last = question.address, question.address + question.count - 1
    found = []
    for signal in profile.signals:
        start = profile.wire(signal.address)
        if signal.table.function_code != question.function or not first <= start <= last - signal.width + 1:
            continue
        exponent = profile.wire(signal.exponent.address) if signal.exponent else -1
        # A value without its exponent would be wrong by a power of ten: it is left out.
        if signal.exponent is None:
            found.append(Slot(signal, start - first))
        elif first <= exponent <= last:
            found.append(Slot(signal, start - first, exponent - first))
    return sorted(found, key=lambda slot: slot.offset)

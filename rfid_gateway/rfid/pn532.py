"""Frames and answers of the NFC controller PN532 on its high-speed serial line.

References
----------
NXP PN532 User Manual UM0701-02, sections 6.2.1 (frames), 7.2.2 (GetFirmwareVersion), 7.2.10 (SAMConfiguration), 7.3.1
(RFConfiguration), 7.3.5 (InListPassiveTarget).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from twin.errors import DecodeError

_START = b"\x00\xff"
_HOST_TO_CHIP, _CHIP_TO_HOST, _ERROR = 0xD4, 0xD5, 0x7F
_EXTENDED = b"\xff\xff"
# Longest extended frame: 264 octets of packet data and the one of the direction (section 6.2.1.2).
_MOST_DATA = 265
ACK = bytes.fromhex("0000FF00FF00")
NACK = bytes.fromhex("0000FFFF0000")
ERROR_FRAME = bytes.fromhex("0000FF01FF7F8100")
WAKE_UP = b"\x55\x55" + bytes(14)

GET_FIRMWARE_VERSION, SAM_CONFIGURATION, RF_CONFIGURATION, IN_LIST_PASSIVE_TARGET = 0x02, 0x14, 0x32, 0x4A
_UID_LENGTHS = (4, 7, 10)


_TOLD = {
    "pn532.length": "the length does not fit its own checksum, or no frame is so long",
    "pn532.postamble": "a frame ends with a zero octet",
    "pn532.checksum": "the checksum of the data does not fit: copy the frame again",
    "pn532.direction": "expected a command (D4) or an answer (D5) with its code",
}


class FrameKind(Enum):
    """What a frame is."""

    DATA = "data"
    ACK = "ack"
    NACK = "nack"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Pn532Frame:
    """One frame.

    Parameters
    ----------
    kind : FrameKind
        What it is.
    direction : int
        ``0xD4`` host to chip, ``0xD5`` back; 0 for frames without data.
    command : int
        Command code; an answer's is the request's plus one.
    data : bytes
        Octets after the command code.
    """

    kind: FrameKind
    direction: int = 0
    command: int = 0
    data: bytes = b""


def encode_command(command: int, data: bytes = b"", *, direction: int = _HOST_TO_CHIP) -> bytes:
    """Write a frame; an extended one when it is too long for a normal one.

    Parameters
    ----------
    command : int
        Command code.
    data : bytes
        Octets after it.
    direction : int
        ``0xD4`` to the chip, ``0xD5`` from it.

    Examples
    --------
    >>> encode_command(GET_FIRMWARE_VERSION).hex().upper()
    '0000FF02FED4022A00'
    """
    content = bytes([direction, command]) + data
    length = len(content)
    tail = content + bytes([-sum(content) & 0xFF, 0])
    if length <= 0xFF:
        return b"\0" + _START + bytes([length, -length & 0xFF]) + tail
    if length > _MOST_DATA:  # the length of a normal frame is one octet
        raise DecodeError(f"PN532: expected at most {_MOST_DATA} octets, got {length}.", code="pn532.length")
    size = length.to_bytes(2, "big")
    return b"\0" + _START + _EXTENDED + size + bytes([-sum(size) & 0xFF]) + tail


def decode_frame(frame: bytes) -> Pn532Frame:
    """Give the one frame that octets are.

    Raises
    ------
    DecodeError
        If they are no frame, or more than one.
    """
    decoder = Pn532Decoder()
    found = decoder.feed(frame)
    if decoder.problems:
        raise DecodeError(f"PN532: {_TOLD[decoder.problems[0]]}.", code=decoder.problems[0])
    # Nothing follows the last zero: where something does, an octet was added before it and what was read is shifted.
    if len(found) != 1 or decoder.has_rest:
        raise DecodeError(f"PN532: expected one whole frame, got {len(found)}.", code="pn532.frame")
    return found[0]


class Pn532Decoder:
    """Finds frames in a stream of octets, in whatever pieces it comes; what breaks a rule is dropped and noted."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self._buffer = bytearray()

    @property
    def waiting(self) -> int:
        """Octets of a frame that is not whole yet."""
        return len(self._buffer) if self._buffer.strip(b"\0") else 0

    @property
    def has_rest(self) -> bool:
        """Whether octets came after the last whole frame."""
        return bool(self._buffer)

    def reset(self) -> None:
        """Drop what is not whole yet."""
        self._buffer.clear()

    def feed(self, data: bytes) -> list[Pn532Frame]:
        """Take in octets and give the frames that are whole now."""
        self._buffer += data
        frames: list[Pn532Frame] = []
        while True:
            start = self._buffer.find(_START)
            if start < 0:
                # The last zero may be the first octet of a start code.
                del self._buffer[: max(len(self._buffer) - 1, 0)]
                return frames
            del self._buffer[:start]
            size = self._size()
            if size == 0 or (size > 0 and len(self._buffer) < size):
                return frames
            if size < 0:
                del self._buffer[:1]
                continue
            frame = self._take(bytes(self._buffer[:size]))
            if frame is None:
                # The broken frame's own octets may hold the start of a whole one.
                del self._buffer[:1]
                continue
            del self._buffer[:size]
            frames.append(frame)

    def _size(self) -> int:
        """Give the frame's length in octets from the start code on; 0 if too little is there, -1 if it is none."""
        head = self._buffer[2:7]
        if len(head) < 2:
            return 0
        pair = bytes(head[:2])
        # Acknowledgements have a length of their own and no checksum.
        if pair in (b"\x00\xff", b"\xff\x00"):
            return 5 if len(self._buffer) >= 5 else 0
        if pair == _EXTENDED:
            if len(head) < 5:
                return 0
            length = int.from_bytes(head[2:4], "big")
            if (head[2] + head[3] + head[4]) & 0xFF or not 1 <= length <= _MOST_DATA:
                return self._refuse("pn532.length")
            return 7 + length + 2
        if (pair[0] + pair[1]) & 0xFF or not pair[0]:
            return self._refuse("pn532.length")
        return 4 + pair[0] + 2

    def _refuse(self, problem: str) -> int:
        self.problems.append(problem)
        del self.problems[:-100]  # the last hundred are enough to look at
        return -1

    def _take(self, frame: bytes) -> Pn532Frame | None:
        if frame[-1] != 0:
            self._refuse("pn532.postamble")
            return None
        if len(frame) == 5 and frame[2:4] in (b"\x00\xff", b"\xff\x00"):
            return Pn532Frame(FrameKind.ACK if frame[2] == 0 else FrameKind.NACK)
        start = 7 if frame[2:4] == _EXTENDED else 4
        content = frame[start:-2]
        if (sum(content) + frame[-2]) & 0xFF:
            self._refuse("pn532.checksum")
            return None
        if content[0] == _ERROR and len(content) == 1:
            return Pn532Frame(FrameKind.ERROR)
        if content[0] not in (_HOST_TO_CHIP, _CHIP_TO_HOST) or len(content) < 2:
            self._refuse("pn532.direction")
            return None
        return Pn532Frame(FrameKind.DATA, content[0], content[1], content[2:])


@dataclass(frozen=True, slots=True)
class Target:
    """A card in the field.

    Parameters
    ----------
    uid : bytes
        4, 7 or 10 octets.
    sens_res : int
        Answer to request type A.
    sel_res : int
        Select acknowledge.
    """

    uid: bytes
    sens_res: int
    sel_res: int


def parse_targets(data: bytes) -> list[Target]:
    """Read the answer to InListPassiveTarget for 106 kbit/s type A.

    Parameters
    ----------
    data : bytes
        Octets after the command code.

    Raises
    ------
    DecodeError
        If a count or length does not fit.
    """
    if not data or data[0] > 2:
        raise DecodeError("PN532: expected 0 to 2 targets.", code="pn532.targets")
    targets, position = [], 1
    for number in range(1, data[0] + 1):
        head = data[position : position + 5]
        if len(head) < 5 or head[0] != number or head[4] not in _UID_LENGTHS:
            raise DecodeError("PN532: target data do not fit.", code="pn532.targets", offset=position)
        uid = data[position + 5 : position + 5 + head[4]]
        if len(uid) != head[4]:
            raise DecodeError("PN532: UID is cut off.", code="pn532.targets", offset=position + 5)
        targets.append(Target(uid, int.from_bytes(head[1:3], "big"), head[3]))
        position += 5 + head[4]
        if head[3] & 0x20 and position < len(data):
            # A card of ISO 14443-4 adds its answer to select, whose first octet counts itself.
            position += max(data[position], 1)
    if position != len(data):
        raise DecodeError("PN532: octets after the last target.", code="pn532.targets", offset=position)
    return targets

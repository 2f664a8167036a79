"""Frames of Chafon UHF readers (UHFReader18 and UHFReader288 families) on a serial line or TCP.

A frame is ``Len Adr Cmd [Status] Data CRC``: Len counts what follows it; the CRC (polynomial 0x8408 reflected, start
0xFFFF) covers everything before it and comes low octet first. There is no start mark, so a decoder that lost its place
finds it again by the CRC.

References
----------
UHF RFID Reader User's Manual V2.0, sections 2 (protocol), 4 (frames), 8.2.1 (inventory), 8.4.1 (reader information).
"""

from __future__ import annotations

from dataclasses import dataclass

from twin.errors import DecodeError

INVENTORY, READER_INFORMATION, ACTIVE_REPORT = 0x01, 0x21, 0xEE
MORE_FRAMES = 0x03
NO_TAG = 0xFB
_TAG_STATUSES = frozenset({0x00, 0x01, 0x02, 0x03, 0x04})
_SHORTEST, _LONGEST = 5, 255  # Len of an answer without data, and the most that one octet says
_OLD_TYPES = frozenset({0x03, 0x08, 0x09})  # families that tell neither antenna nor signal
_Q, _SCAN_100_MS = 4, 10  # a field of a dozen tags; how long one inventory may take, tenths of a second
BROADCAST = 0xFF


def crc16(octets: bytes) -> int:
    """Give the check value of octets.

    Examples
    --------
    >>> hex(crc16(bytes.fromhex("0700010101001e4b")[:-2]))
    '0x4b1e'
    """
    value = 0xFFFF
    for octet in octets:
        value ^= octet
        for _ in range(8):
            value = value >> 1 ^ 0x8408 if value & 1 else value >> 1
    return value


@dataclass(frozen=True, slots=True)
class ChafonFrame:
    """An answer of a reader.

    Parameters
    ----------
    address : int
        Of the reader, 0 to 254.
    command : int
        Which command it answers; ``0xEE`` for what an active reader reports by itself.
    status : int
        0 done; for an inventory 1 to 4, 3 says that more frames follow.
    data : bytes
        The rest.
    """

    address: int
    command: int
    status: int
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class ChafonTag:
    """A tag as a reader names it.

    Parameters
    ----------
    epc : bytes
        Its code.
    antenna : int
        1 and up; 0 if the family does not tell.
    signal : int or None
        The reader's own figure of strength, 0 to 255: no dBm, and not taken for it.
    """

    epc: bytes
    antenna: int = 0
    signal: int | None = None


@dataclass(frozen=True, slots=True)
class ReaderInformation:
    """What a reader says of itself.

    Parameters
    ----------
    firmware : str
        Version.
    kind : int
        Number of its family.
    power_dbm : int
        Transmit power.
    """

    firmware: str
    kind: int
    power_dbm: int

    @property
    def tells_antennas(self) -> bool:
        """Whether its inventory names antennas and signals."""
        return self.kind not in _OLD_TYPES


def encode_command(command: int, data: bytes = b"", *, address: int = BROADCAST) -> bytes:
    """Write a command.

    Examples
    --------
    >>> encode_command(READER_INFORMATION, address=0).hex()
    '040021d96a'
    """
    frame = bytes([len(data) + 4, address, command]) + data
    return frame + crc16(frame).to_bytes(2, "little")


def inventory_command(information: ReaderInformation, antenna: int = 1) -> bytes:
    """Write the question for tags in the form that a reader's family takes.

    Parameters
    ----------
    information : ReaderInformation
        What the reader said of itself.
    antenna : int
        Which antenna shall look, 1 to 4; only one family can be told.
    """
    if not information.tells_antennas:
        return encode_command(INVENTORY)
    session, memory, mask, target = 0, 1, bytes(3), 0
    return encode_command(
        INVENTORY, bytes([_Q, session, memory]) + mask + bytes([target, 0x80 | (antenna - 1) & 3, _SCAN_100_MS])
    )


def encode_answer(frame: ChafonFrame) -> bytes:
    """Write an answer, as a reader does."""
    content = bytes([len(frame.data) + 5, frame.address, frame.command, frame.status]) + frame.data
    return content + crc16(content).to_bytes(2, "little")


def decode_answer(octets: bytes) -> ChafonFrame:
    """Give the one answer that octets are.

    Raises
    ------
    DecodeError
        If length or check value do not fit.

    Examples
    --------
    >>> decode_answer(bytes.fromhex("0700010101001e4b")).status
    1
    """
    if len(octets) < _SHORTEST + 1 or octets[0] != len(octets) - 1:
        raise DecodeError(f"Chafon: Len does not fit {len(octets)} octets.", code="chafon.length", offset=0)
    if crc16(octets[:-2]) != int.from_bytes(octets[-2:], "little"):
        raise DecodeError("Chafon: check value does not fit.", code="chafon.checksum", offset=len(octets) - 2)
    return ChafonFrame(octets[1], octets[2], octets[3], octets[4:-2])


class ChafonDecoder:
    """Finds answers in a stream of octets, in whatever pieces it comes."""

    def __init__(self) -> None:
        self.dropped = 0
        self._buffer = bytearray()

    def reset(self) -> None:
        """Drop what is not whole yet."""
        self._buffer.clear()

    def feed(self, data: bytes) -> list[ChafonFrame]:
        """Take in octets and give the answers that are whole now."""
        self._buffer += data
        frames: list[ChafonFrame] = []
        while self._buffer:
            length = self._buffer[0]
            if length >= _SHORTEST:
                # A wrong length octet may announce more than ever comes: the driver's timeout resets the decoder then.
                if len(self._buffer) <= length:
                    break
                try:
                    frames.append(decode_answer(bytes(self._buffer[: length + 1])))
                except DecodeError:
                    pass
                else:
                    del self._buffer[: length + 1]
                    continue
            # resynchronisation costs one look per octet, at most 255 octets each
            # Here no answer begins: the next octet may be the start of one.
            self.dropped += 1
            del self._buffer[0]
        return frames


def parse_information(frame: ChafonFrame) -> ReaderInformation:
    """Read the answer to the question for the reader's information.

    Raises
    ------
    DecodeError
        If it is another answer or too short.
    """
    if frame.command != READER_INFORMATION or frame.status != 0 or len(frame.data) < 8:
        raise DecodeError("Chafon: expected the reader's information.", code="chafon.information")
    data = frame.data
    return ReaderInformation(f"{data[0]}.{data[1]}", data[2], data[6])


def parse_tags(frame: ChafonFrame, *, tells_antennas: bool) -> list[ChafonTag]:
    """Read the tags of an inventory's answer.

    Parameters
    ----------
    frame : ChafonFrame
        The answer.
    tells_antennas : bool
        Form of the reader's family.

    Raises
    ------
    DecodeError
        If counts and lengths do not use up the data exactly: no tag of it is believed then.
    """
    if frame.command not in (INVENTORY, ACTIVE_REPORT) or frame.status not in _TAG_STATUSES:
        if frame.status == NO_TAG:
            return []
        raise DecodeError(f"Chafon: inventory failed with status {frame.status:#04x}.", code="chafon.status")
    data, antenna = frame.data, 0
    if tells_antennas and data:
        # Antennas 1 to 4 are bits 0 to 3; more than one bit would name no antenna.
        antenna, data = data[0].bit_length() if data[0].bit_count() == 1 else 0, data[1:]
    if not data:
        return []
    count, position, tags = data[0], 1, []
    for _ in range(count):
        size = data[position] & 0x3F if position < len(data) else 0
        epc = data[position + 1 : position + 1 + size]
        end = position + 1 + size + tells_antennas
        if not size or len(epc) != size or end > len(data):
            raise DecodeError("Chafon: tag data do not fit.", code="chafon.tags", offset=position)
        tags.append(ChafonTag(bytes(epc), antenna, data[end - 1] if tells_antennas else None))
        position = end
    if position != len(data):
        raise DecodeError("Chafon: octets after the last tag.", code="chafon.tags", offset=position)
    return tags

"""125 kHz tags of type EM4100 as serial readers such as RDM6300 report them.

A frame is ``02``, ten hex characters (five octets of identity), two hex characters of checksum (the exclusive or of
the five), ``03``; some readers put CR LF before the end. The reader repeats it for as long as the tag lies there. One
octet of checksum lets some damaged frames pass, so a tag counts only after two equal frames.

What the tag itself sends, as a logic analyser or a bare demodulator shows it, is 64 bits: nine ones, ten rows of four
bits of identity with an even parity bit each, four even parity bits of the columns, and a zero (EM Microelectronic,
EM4100 data sheet, "memory array").
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import xor

from twin.errors import DecodeError

_START, _END = 0x02, 0x03
_CHARACTERS = 12
_HEX = frozenset(b"0123456789ABCDEFabcdef")


def decode_frame(frame: bytes) -> bytes:
    r"""Give the five octets of identity of one whole frame.

    Parameters
    ----------
    frame : bytes
        From start to end octet.

    Raises
    ------
    DecodeError
        If a framing octet, a character or the checksum is wrong.

    Examples
    --------
    >>> decode_frame(b"\x020416D7AC99F0\x03").hex().upper()
    '0416D7AC99'
    """
    # Some variants put CR LF before the end octet.
    body = frame[1:-1].removesuffix(b"\r\n")
    if len(frame) < 2 or frame[0] != _START or frame[-1] != _END or len(body) != _CHARACTERS:
        raise DecodeError("EM4100: expected 02, 12 hex characters, 03.", code="em4100.frame", offset=0)
    wrong = next((i for i, octet in enumerate(body) if octet not in _HEX), None)
    if wrong is not None:
        raise DecodeError(f"EM4100: {body[wrong]:#04x} is no hex character.", code="em4100.character", offset=wrong + 1)
    octets = bytes.fromhex(body.decode("ascii"))
    if reduce(xor, octets[:5]) != octets[5]:
        raise DecodeError("EM4100: checksum does not fit.", code="em4100.checksum", offset=11)
    return octets[:5]


def encode_frame(identity: bytes) -> bytes:
    """Give the frame of an identity of five octets."""
    checksum = reduce(xor, identity)
    return bytes([_START]) + (identity + bytes([checksum])).hex().upper().encode("ascii") + bytes([_END])


_AIR_OCTETS, _ROWS = 8, 10


def is_air_frame(octets: bytes) -> bool:
    """Tell whether octets begin as the 64 bits of a tag do; a serial reader's frame never does."""
    return len(octets) == _AIR_OCTETS and octets[0] == 0xFF and bool(octets[1] & 0x80)


def decode_air_frame(octets: bytes) -> bytes:
    """Give the five octets of identity in the 64 bits that a tag sends.

    Parameters
    ----------
    octets : bytes
        Eight octets from the first of the nine ones on.

    Raises
    ------
    DecodeError
        If the header, a parity bit or the last bit is wrong.

    Examples
    --------
    >>> decode_air_frame(bytes.fromhex("FF812366DF4C4A5E")).hex().upper()
    '0416D7AC99'
    """
    if not is_air_frame(octets):
        raise DecodeError("EM4100: expected 64 bits that begin with nine ones.", code="em4100.header", offset=0)
    bits = int.from_bytes(octets, "big")
    identity, columns = 0, 0
    for row in range(_ROWS):
        group = bits >> (64 - 9 - 5 * (row + 1)) & 0b11111
        if group.bit_count() % 2:
            raise DecodeError(f"EM4100: parity of row {row + 1} does not fit.", code="em4100.row_parity")
        identity = identity << 4 | group >> 1
        columns ^= group >> 1
    if columns != bits >> 1 & 0b1111:
        raise DecodeError("EM4100: parity of a column does not fit.", code="em4100.column_parity")
    if bits & 1:
        raise DecodeError("EM4100: the last bit is no zero.", code="em4100.stop")
    return identity.to_bytes(5, "big")


def encode_air_frame(identity: bytes) -> bytes:
    """Give the 64 bits that a tag of an identity of five octets sends, in eight octets."""
    bits, columns = 0x1FF, 0
    for digit in identity.hex():
        row = int(digit, 16)
        bits = bits << 5 | row << 1 | row.bit_count() % 2
        columns ^= row
    return (bits << 5 | columns << 1).to_bytes(_AIR_OCTETS, "big")


def printed_numbers(identity: bytes) -> dict[str, str]:
    """Give the numbers that are printed on such cards: search aliases only, since each drops bits of the identity.

    Examples
    --------
    >>> printed_numbers(bytes.fromhex("0416D7AC99"))
    {'ten_digits': '0383233177', 'eight_digits': '14134425', 'three_and_five_digits': '215,44185'}
    """
    low32, low24 = int.from_bytes(identity[1:], "big"), int.from_bytes(identity[2:], "big")
    return {
        "ten_digits": f"{low32:010d}",
        "eight_digits": f"{low24:08d}",
        "three_and_five_digits": f"{low24 >> 16:03d},{low24 & 0xFFFF:05d}",
    }


@dataclass(slots=True)
class Em4100Figures:
    """Counts since the decoder was made."""

    frames: int = 0
    broken: int = 0
    unconfirmed: int = 0


class Em4100Decoder:
    """Finds identities in a stream of octets, in whatever pieces it comes.

    Parameters
    ----------
    confirmations : int
        How many equal frames in a row a tag needs, at least 1.
    """

    def __init__(self, confirmations: int = 2) -> None:
        self.figures = Em4100Figures()
        self._needed = confirmations
        self._buffer = bytearray()
        self._candidate = b""
        self._seen = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Take in octets and give the identities that are confirmed now, one for each further frame."""
        found: list[bytes] = []
        for octet in data:
            if octet == _START:
                self._break_off()
                self._buffer.append(octet)
            elif self._buffer:
                self._buffer.append(octet)
                if octet == _END:
                    found += self._end()
                elif len(self._buffer) > _CHARACTERS + 3:  # 12 characters, CR LF and the start
                    self._break_off()
        return found

    def _break_off(self) -> None:
        if self._buffer:
            self.figures.broken += 1
            self._buffer.clear()
            self._forget()

    def _forget(self) -> None:
        # A broken frame between two equal ones may hide that another tag came and went.
        self._candidate, self._seen = b"", 0

    def _end(self) -> list[bytes]:
        frame = bytes(self._buffer)
        self._buffer.clear()
        try:
            identity = decode_frame(frame)
        except DecodeError:
            self.figures.broken += 1
            self._forget()
            return []
        self.figures.frames += 1
        self._seen = self._seen + 1 if identity == self._candidate else 1
        self._candidate = identity
        if self._seen < self._needed:
            self.figures.unconfirmed += 1
            return []
        return [identity]

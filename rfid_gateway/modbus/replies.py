"""Whether the octets that came are the answer to the question that was asked: pure, strict, for TCP and serial framing.

An answer counts only if everything about it fits the request: transaction, protocol, unit, function, length and byte
count. What does not fit is a fault with a code, never a value.

References
----------
MODBUS Application Protocol Specification V1.1b3 (2012), section 6; MODBUS Messaging on TCP/IP Implementation Guide
V1.0b (2006), section 3.1.3; MODBUS over Serial Line V1.02 (2006), section 2.5.1.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import Enum

import msgspec

_MBAP_OCTETS = 7
_MOST_PDU_OCTETS = 253
_WRITES = (5, 6, 15, 16)


class Framing(Enum):
    """How a message is packed."""

    TCP = "tcp"
    RTU = "rtu"


class Expected(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the answer must fit.

    Parameters
    ----------
    unit : int
        Unit id that was asked.
    function : int
        Function code 1 to 6, 15 or 16.
    count : int
        Registers or bits asked for or written.
    address : int
        Address asked for or written.
    value : int
        What a single write (5, 6) wrote; the answer echoes it.
    transaction : int
        TCP transaction id; unused on serial lines.
    """

    unit: int
    function: int
    count: int
    address: int = 0
    value: int = 0
    transaction: int = 0

    @property
    def data_octets(self) -> int:
        """Octets of data that a read's answer must carry."""
        return (self.count + 7) // 8 if self.function in (1, 2) else 2 * self.count

    @property
    def pdu_octets(self) -> int:
        """Octets of the answer from its function code on."""
        return 5 if self.function in _WRITES else 2 + self.data_octets


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to the question.

    Parameters
    ----------
    values : tuple[int, ...]
        Registers, or bits as 0 and 1; empty for writes and exceptions.
    exception : int
        Exception code that the machine gave; 0 for none.
    """

    values: tuple[int, ...] = ()
    exception: int = 0


@dataclass(frozen=True, slots=True)
class Fault:
    """Octets that are not the answer.

    Parameters
    ----------
    code : str
        Stable code such as ``modbus.wrong_unit``.
    """

    code: str


Finding = Answer | Fault | None
"""None while more octets may make it an answer."""


def judge(octets: bytes, expected: Expected, framing: Framing) -> Finding:
    """Say what the octets that came since the request are.

    Parameters
    ----------
    octets : bytes
        All octets since the request was sent.
    expected : Expected
        What the answer must fit.
    framing : Framing
        TCP or RTU.
    """
    return _judge_tcp(octets, expected) if framing is Framing.TCP else _judge_rtu(octets, expected)


def _judge_tcp(octets: bytes, expected: Expected) -> Finding:
    if len(octets) < _MBAP_OCTETS + 1:
        return None
    transaction, protocol, length, unit = struct.unpack_from(">HHHB", octets)
    if protocol:
        return Fault("modbus.wrong_protocol")
    # The length counts the unit and the PDU: at least an exception's two octets, at most 253 and one.
    if not 3 <= length <= _MOST_PDU_OCTETS + 1:
        return Fault("modbus.wrong_length")
    if transaction != expected.transaction:
        return Fault("modbus.wrong_transaction")
    if unit != expected.unit:
        return Fault("modbus.wrong_unit")
    end = 6 + length
    # Something follows the answer: nothing here can be trusted, not even the part that fits.
    if len(octets) > end:
        return Fault("modbus.too_long")
    head = _judge_head(octets[_MBAP_OCTETS:], expected, length - 1)
    if isinstance(head, Fault):
        return head
    return _judge_pdu(octets[_MBAP_OCTETS:end], expected) if len(octets) == end else None


def _judge_head(pdu: bytes, expected: Expected, announced: int) -> Fault | None:
    """Check function and announced length as soon as they are there, so that a broken frame costs no waiting."""
    function = pdu[0]
    if function not in (expected.function, expected.function | 0x80):
        return Fault("modbus.wrong_function")
    wanted = 2 if function & 0x80 else expected.pdu_octets
    return None if announced == wanted else Fault("modbus.wrong_length")


def _judge_rtu(octets: bytes, expected: Expected) -> Finding:
    if not octets:
        return None
    if octets[0] != expected.unit:
        return Fault("modbus.wrong_unit")
    if len(octets) < 2:
        return None
    if octets[1] not in (expected.function, expected.function | 0x80):
        return Fault("modbus.wrong_function")
    size = 5 if octets[1] & 0x80 else 3 + expected.pdu_octets  # without the checksum's two octets nothing is judged
    # The byte count is checked before the rest is there, so that a wrong answer does not cost the whole timeout.
    if (
        len(octets) > 2
        and not octets[1] & 0x80
        and expected.function not in _WRITES
        and octets[2] != expected.data_octets
    ):
        return Fault("modbus.wrong_byte_count")
    if len(octets) < size:
        return None
    if len(octets) > size:
        return Fault("modbus.too_long")
    if crc16(octets[:-2]) != int.from_bytes(octets[-2:], "little"):
        return Fault("modbus.wrong_checksum")
    return _judge_pdu(octets[1:-2], expected)


def _judge_pdu(pdu: bytes, expected: Expected) -> Answer | Fault:
    if pdu[0] & 0x80:
        # Exception code 0 does not exist.
        return Answer(exception=pdu[1]) if pdu[1] else Fault("modbus.wrong_exception")
    if expected.function in _WRITES:
        address, echo = struct.unpack(">HH", pdu[1:5])
        wanted = expected.value if expected.function in (5, 6) else expected.count
        return Answer() if (address, echo) == (expected.address, wanted) else Fault("modbus.wrong_echo")
    if pdu[1] != expected.data_octets:
        return Fault("modbus.wrong_byte_count")
    data = pdu[2:]
    if expected.function in (1, 2):
        return Answer(tuple(data[i >> 3] >> (i & 7) & 1 for i in range(expected.count)))
    return Answer(struct.unpack(f">{expected.count}H", data))


def _crc_table() -> tuple[int, ...]:
    table = []
    for octet in range(256):
        crc = octet
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1  # reflected polynomial 0x8005 (serial line 1.02, 6.2.2)
        table.append(crc)
    return tuple(table)


_CRC = _crc_table()


def crc16(octets: bytes) -> int:
    """Give the checksum of a serial frame; it is sent low octet first.

    Examples
    --------
    >>> hex(crc16(bytes.fromhex("0207")))
    '0x1241'
    """
    crc = 0xFFFF
    for octet in octets:
        crc = crc >> 8 ^ _CRC[(crc ^ octet) & 0xFF]
    return crc

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rfid_gateway.modbus.replies import Answer, Expected, Fault, Framing, crc16, judge

REGISTERS = Expected(unit=3, function=3, count=2, address=10, transaction=77)


def tcp(pdu: bytes, *, transaction: int = 77, protocol: int = 0, unit: int = 3, length: int | None = None) -> bytes:
    return struct.pack(">HHHB", transaction, protocol, len(pdu) + 1 if length is None else length, unit) + pdu


def rtu(pdu: bytes, *, unit: int = 3) -> bytes:
    message = bytes([unit]) + pdu
    return message + crc16(message).to_bytes(2, "little")


GOOD = bytes([3, 4, 0, 7, 1, 2])
FRAMED = [(Framing.TCP, tcp(GOOD)), (Framing.RTU, rtu(GOOD))]


@pytest.mark.parametrize(("framing", "octets"), FRAMED)
def test_the_answer_is_read(framing: Framing, octets: bytes) -> None:
    assert judge(octets, REGISTERS, framing) == Answer((7, 258))


@pytest.mark.parametrize(("framing", "octets"), FRAMED)
def test_every_beginning_of_the_answer_is_waited_for(framing: Framing, octets: bytes) -> None:
    for end in range(len(octets)):
        assert judge(octets[:end], REGISTERS, framing) is None


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (tcp(GOOD, transaction=76), "modbus.wrong_transaction"),
        (tcp(GOOD, protocol=1), "modbus.wrong_protocol"),
        (tcp(GOOD, unit=4), "modbus.wrong_unit"),
        (tcp(b"\x04" + GOOD[1:]), "modbus.wrong_function"),  # what bare pymodbus takes
        (tcp(bytes([3, 2, 0, 7])), "modbus.wrong_length"),  # one register instead of two: what bare pymodbus takes
        (tcp(bytes([3, 6, 0, 7, 1, 2, 3, 4])), "modbus.wrong_length"),
        (tcp(bytes([3, 2, 0, 7, 1, 2])), "modbus.wrong_byte_count"),
        (tcp(GOOD, length=0), "modbus.wrong_length"),
        (tcp(GOOD, length=65_535), "modbus.wrong_length"),
        (tcp(GOOD) + b"\0", "modbus.too_long"),
        (tcp(bytes([0x83, 0])), "modbus.wrong_exception"),
        (tcp(bytes([0x84, 2])), "modbus.wrong_function"),
    ],
)
def test_what_does_not_fit_over_tcp_is_a_fault(octets: bytes, code: str) -> None:
    assert judge(octets, REGISTERS, Framing.TCP) == Fault(code)


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (rtu(GOOD, unit=4), "modbus.wrong_unit"),
        (rtu(b"\x04" + GOOD[1:]), "modbus.wrong_function"),
        (rtu(bytes([3, 2, 0, 7])), "modbus.wrong_byte_count"),
        (rtu(GOOD)[:-1] + b"\xff", "modbus.wrong_checksum"),
        (rtu(GOOD) + rtu(GOOD), "modbus.too_long"),
    ],
)
def test_what_does_not_fit_on_a_serial_line_is_a_fault(octets: bytes, code: str) -> None:
    assert judge(octets, REGISTERS, Framing.RTU) == Fault(code)


@pytest.mark.parametrize(("framing", "octets"), [(Framing.TCP, tcp(b"\x83\x02")), (Framing.RTU, rtu(b"\x83\x02"))])
def test_an_exception_is_never_data(framing: Framing, octets: bytes) -> None:
    assert judge(octets, REGISTERS, framing) == Answer(exception=2)


def test_bits_come_lowest_first() -> None:
    expected = Expected(unit=1, function=2, count=10, transaction=1)

    found = judge(tcp(bytes([2, 2, 0b0000_0101, 0b10]), transaction=1, unit=1), expected, Framing.TCP)

    assert found == Answer((1, 0, 1, 0, 0, 0, 0, 0, 0, 1))


@pytest.mark.parametrize(
    ("expected", "pdu", "found"),
    [
        (Expected(unit=3, function=6, count=1, address=9, value=5, transaction=77), b"\x06\x00\x09\x00\x05", Answer()),
        (
            Expected(unit=3, function=6, count=1, address=9, value=5, transaction=77),
            b"\x06\x00\x09\x00\x06",
            Fault("modbus.wrong_echo"),
        ),
        (Expected(unit=3, function=16, count=2, address=9, transaction=77), b"\x10\x00\x09\x00\x02", Answer()),
        (
            Expected(unit=3, function=16, count=2, address=9, transaction=77),
            b"\x10\x00\x08\x00\x02",
            Fault("modbus.wrong_echo"),
        ),
    ],
)
def test_a_write_is_confirmed_by_its_own_echo_only(expected: Expected, pdu: bytes, found: Answer | Fault) -> None:
    assert judge(tcp(pdu), expected, Framing.TCP) == found
    assert judge(rtu(pdu), expected, Framing.RTU) == found


@settings(max_examples=500)
@given(
    st.binary(max_size=270), st.sampled_from([1, 2, 3, 4, 5, 6, 15, 16]), st.integers(1, 125), st.sampled_from(Framing)
)
def test_any_octets_are_judged_without_failing(octets: bytes, function: int, count: int, framing: Framing) -> None:
    expected = Expected(unit=3, function=function, count=count, transaction=77)

    found = judge(octets, expected, framing)

    if isinstance(found, Answer) and not found.exception and function < 5:
        assert len(found.values) == count


@given(st.integers(0, 14), st.integers(1, 255))
def test_one_wrong_octet_on_a_serial_line_is_always_seen(position: int, change: int) -> None:
    octets = bytearray(rtu(GOOD))
    position %= len(octets)
    octets[position] ^= change

    assert not isinstance(judge(bytes(octets), REGISTERS, Framing.RTU), Answer)

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfid_gateway.modbus.decoding import AnswerDecoder, SignalDecoder, decode, encode
from rfid_gateway.modbus.planning import Slot
from rfid_gateway.modbus.profile import BitField, ByteOrder, Exponent, RawType, Signal, Table
from rfid_gateway.modbus.samples import Quality
from twin.errors import DecodeError

ORDERS = list(ByteOrder)
RANGES = {
    RawType.INT16: (-(2**15), 2**15 - 1),
    RawType.UINT16: (0, 2**16 - 1),
    RawType.INT32: (-(2**31), 2**31 - 1),
    RawType.UINT32: (0, 2**32 - 1),
    RawType.INT8_HIGH: (-128, 127),
    RawType.INT8_LOW: (-128, 127),
    RawType.UINT8_HIGH: (0, 255),
    RawType.UINT8_LOW: (0, 255),
    RawType.BCD16: (0, 9999),
    RawType.BCD32: (0, 99_999_999),
    RawType.INT64: (-(2**53), 2**53),
    RawType.UINT64: (0, 2**53),
}


@given(st.sampled_from(list(RANGES)), st.sampled_from(ORDERS), st.data())
def test_every_integer_type_and_order_comes_back(kind: RawType, order: ByteOrder, data: st.DataObject) -> None:
    signal = Signal(key="a", address=0, type=kind, order=order)
    value = float(data.draw(st.integers(*RANGES[kind])))

    registers = encode(signal, value)

    assert len(registers) == signal.width
    assert decode(signal, registers).value == value


@given(st.sampled_from([RawType.FLOAT32, RawType.FLOAT64]), st.sampled_from(ORDERS), st.floats(-1e6, 1e6, width=32))
def test_every_float_type_and_order_comes_back(kind: RawType, order: ByteOrder, value: float) -> None:
    signal = Signal(key="a", address=0, type=kind, order=order)

    assert decode(signal, encode(signal, value)).value == value


@pytest.mark.parametrize(
    ("order", "registers"),
    [("ABCD", [0x4306, 0x3333]), ("CDAB", [0x3333, 0x4306]), ("BADC", [0x0643, 0x3333]), ("DCBA", [0x3333, 0x0643])],
)
def test_orders_are_named_after_where_the_octets_stand(order: str, registers: list[int]) -> None:
    signal = Signal(key="a", address=0, type=RawType.FLOAT32, order=ByteOrder(order))

    assert decode(signal, registers).value == pytest.approx(134.2)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("kind", [RawType.FLOAT16, RawType.FLOAT32, RawType.FLOAT64])
def test_float_that_is_no_number_is_not_available(kind: RawType, value: float) -> None:
    code = {RawType.FLOAT16: "e", RawType.FLOAT32: "f", RawType.FLOAT64: "d"}[kind]
    octets = struct.pack(">" + code, value)
    registers = [int.from_bytes(octets[i : i + 2], "big") for i in range(0, len(octets), 2)]

    decoded = decode(Signal(key="a", address=0, type=kind), registers)

    assert (decoded.value, decoded.quality) == (None, Quality.NOT_AVAILABLE)


@given(st.integers(-30_000, 30_000))
def test_tenths_are_exact(raw: int) -> None:
    signal = Signal(key="a", address=0, type=RawType.INT16, scale=0.1, unit="°C")

    assert decode(signal, [raw & 0xFFFF]).value == raw / 10


def test_value_is_given_in_the_inside_unit() -> None:
    signal = Signal(key="a", address=0, type=RawType.UINT16, scale=0.1, unit="°F")

    assert decode(signal, [2500]).value == pytest.approx(121.1111, abs=1e-4)


def test_implausible_value_is_kept_but_not_good() -> None:
    signal = Signal(key="a", address=0, type=RawType.INT16, unit="°C", plausible=(0, 150))

    decoded = decode(signal, [4120])

    assert (decoded.value, decoded.quality) == (4120.0, Quality.OUT_OF_RANGE)


def test_digits_above_nine_are_no_decimal_number() -> None:
    assert decode(Signal(key="a", address=0, type=RawType.BCD16), [0x12A4]).value is None


@pytest.mark.parametrize(("exponent", "value"), [(-2, 12.34), (0, 1234.0), (3, 1_234_000.0)])
def test_machine_scales_by_its_own_exponent(exponent: int, value: float) -> None:
    signal = Signal(key="a", address=0, exponent=Exponent(address=1))

    assert decode(signal, [1234], exponent).value == pytest.approx(value)


@pytest.mark.parametrize("exponent", [None, 19, -19])
def test_value_without_a_usable_exponent_is_not_available(exponent: int | None) -> None:
    signal = Signal(key="a", address=0, exponent=Exponent(address=1))

    assert decode(signal, [1234], exponent).value is None


@given(st.integers(0, 65_535), st.integers(0, 15), st.data())
def test_bit_field_is_cut_out(word: int, first: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 16 - first))
    signal = Signal(key="a", address=0, bits=BitField(first=first, count=count))

    assert decode(signal, [word]).value == (word >> first) % 2**count


def test_text_is_read_up_to_its_end() -> None:
    signal = Signal(key="a", address=0, type=RawType.STRING, words=4)

    assert decode(signal, encode(signal, "PM5110")).value == "PM5110"


@pytest.mark.parametrize("registers", [[], [1], [1, 2, 3], [1, 65_536], [-1, 0]])
def test_wrong_number_of_registers_is_never_read_as_a_value(registers: list[int]) -> None:
    with pytest.raises(DecodeError):
        decode(Signal(key="a", address=0, type=RawType.FLOAT32), registers)


@pytest.mark.parametrize("value", [40_000.0, -40_000.0])
def test_value_that_does_not_fit_is_not_written(value: float) -> None:
    with pytest.raises(DecodeError):
        encode(Signal(key="a", address=0, type=RawType.INT16), value)


def test_coil_is_a_bit() -> None:
    signal = Signal(key="a", address=0, table=Table.COILS, type=RawType.BIT)

    assert [decode(signal, [bit]).value for bit in (0, 1)] == [0.0, 1.0]


plain_signals = st.builds(
    Signal,
    key=st.just("a"),
    address=st.just(0),
    type=st.sampled_from([RawType.INT16, RawType.UINT16]),
    scale=st.sampled_from([1.0, 0.1, 0.25, 3.0, -0.01]),
    offset=st.sampled_from([0.0, -40.0]),
    unit=st.sampled_from(["count", "°F", "bar"]),
    sentinels=st.sampled_from([(), (0x8000,), (0, 0xFFFF)]),
    plausible=st.sampled_from([None, (-50.0, 500.0)]),
)


@given(plain_signals, st.integers(0, 0xFFFF), st.sampled_from([None, BitField(first=3, count=2)]))
def test_quick_way_of_plain_registers_says_what_the_careful_way_says(
    signal: Signal, word: int, bits: BitField | None
) -> None:
    if bits is not None and signal.type is RawType.UINT16:
        signal = signal.model_copy(update={"bits": bits})
    careful = SignalDecoder(signal)
    careful._plain = False

    assert SignalDecoder(signal).read([7, word], 1) == careful.read([7, word], 1)


def test_answer_is_decoded_slot_by_slot_with_its_exponent() -> None:
    scaled = Signal(key="flow", address=4, exponent=Exponent(address=5))
    plain = Signal(key="level", address=6, scale=0.1)
    decoder = AnswerDecoder([Slot(scaled, 0, 1), Slot(plain, 2)])

    found = decoder.read([25, 0xFFFF, 42])  # 25 with the exponent -1, and 42 tenths

    assert [(signal.key, decoded.value) for signal, decoded in found] == [("flow", 2.5), ("level", 4.2)]


@pytest.mark.parametrize(("kind", "value"), [(RawType.BCD16, 123_456.0), (RawType.BCD32, 1e8), (RawType.BCD16, -1.0)])
def test_decimal_number_with_too_many_digits_is_refused_instead_of_cut(kind: RawType, value: float) -> None:
    with pytest.raises(DecodeError):
        encode(Signal(key="a", address=0, type=kind), value)


def test_sentinel_may_be_written_as_the_negative_number_that_it_is() -> None:
    signal = Signal(key="a", address=0, type=RawType.INT16, sentinels=(-32_768,))

    assert encode(signal, None) == [0x8000]
    assert decode(signal, [0x8000]).value is None


@pytest.mark.parametrize(
    ("kind", "bits", "word", "value"),
    [
        (RawType.UINT8_LOW, BitField(first=0, count=4), 0xAB3C, 12.0),
        (RawType.UINT8_HIGH, BitField(first=4, count=4), 0xAB3C, 10.0),
        (RawType.UINT8_HIGH, BitField(first=7), 0x80FF, 1.0),
    ],
)
def test_bits_of_one_octet_are_counted_within_it(kind: RawType, bits: BitField, word: int, value: float) -> None:
    signal = Signal(key="a", address=0, type=kind, bits=bits)

    assert decode(signal, [word]).value == value
    assert decode(signal, encode(signal, value)).value == value


@pytest.mark.parametrize(
    ("kind", "sentinel", "word", "is_none"),
    [
        (RawType.INT8_HIGH, -128, 0x8012, True),
        (RawType.INT8_LOW, 0x80, 0x1280, True),
        (RawType.UINT8_LOW, 0xFF, 0x12FF, True),
        (RawType.UINT8_LOW, 0xFF, 0xFF12, False),  # the other half of the register is another value's
        (RawType.UINT8_HIGH, 0x8000, 0x0001, False),  # of the whole register, which is not so
        (RawType.UINT8_HIGH, 0x8000, 0x8000, True),
    ],
)
def test_sentinel_of_one_octet_is_looked_for_in_that_octet(
    kind: RawType, sentinel: int, word: int, is_none: bool
) -> None:
    signal = Signal(key="a", address=0, type=kind, sentinels=(sentinel,))

    assert (decode(signal, [word]).value is None) is is_none


def test_coil_is_0_or_1() -> None:
    signal = Signal(key="a", address=0, table=Table.COILS, type=RawType.BIT)

    assert decode(signal, [1]).value == 1.0
    with pytest.raises(DecodeError):
        decode(signal, [2])

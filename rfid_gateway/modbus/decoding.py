"""Registers to values and back: types, orders, scales, bit fields, sentinels, plausibility."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence

import msgspec

from rfid_gateway.modbus.planning import Slot
from rfid_gateway.modbus.profile import RawType, Signal
from rfid_gateway.modbus.samples import Quality
from twin.errors import DecodeError
from twin.units import CONVERSIONS_BY_UNIT

_FLOATS = {RawType.FLOAT16: "e", RawType.FLOAT32: "f", RawType.FLOAT64: "d"}
_PLAIN = frozenset({RawType.UINT16, RawType.INT16, RawType.BIT})  # one register or bit that is a number as it stands
_HIGH_OCTET = frozenset({RawType.INT8_HIGH, RawType.UINT8_HIGH})
_OCTETS = _HIGH_OCTET | {RawType.INT8_LOW, RawType.UINT8_LOW}
_SIGNED_BITS = {RawType.INT16: 16, RawType.INT32: 32, RawType.INT64: 64}


class Decoded(msgspec.Struct, frozen=True, gc=False):
    """What registers mean.

    Parameters
    ----------
    value : float, str or None
        In the inside unit; None where the machine has no value. Kept when it is implausible, for the engineer.
    quality : Quality
        Whether it can be used.
    """

    value: float | str | None
    quality: Quality = Quality.GOOD

    @property
    def number(self) -> float:
        """The value as a number; NaN for none and for text."""
        return self.value if isinstance(self.value, float) else math.nan


_NONE = Decoded(None, Quality.NOT_AVAILABLE)


def decode(signal: Signal, registers: Sequence[int], exponent: int | None = None) -> Decoded:
    """Give the value of a signal.

    Parameters
    ----------
    signal : Signal
        What the registers are.
    registers : Sequence[int]
        As many as the signal is wide, 0 to 65535 each; a single 0 or 1 for coils and discrete inputs.
    exponent : int, optional
        Content of the exponent register, signed, if the signal has one.

    Returns
    -------
    Decoded
        In the inside unit, with quality.

    Raises
    ------
    DecodeError
        If there are more or fewer registers than the signal is wide, or one is no 16-bit number, of a coil no bit.
    """
    most = 1 if signal.table.is_bits else 0xFFFF
    if len(registers) != signal.width or any(not 0 <= word <= most for word in registers):
        what = f"{signal.width} register(s) of 0 to {most}"
        text = f"Signal {signal.key}: expected {what}, got {list(registers)[:8]}."
        raise DecodeError(text, code="modbus.registers")
    return SignalDecoder(signal).read(registers, 0, exponent)


class SignalDecoder:
    """Decodes one signal over and over: what the profile says of it is looked up once.

    Most signals of most machines are one plain register; a gateway reads tens of thousands of them a second.

    Parameters
    ----------
    signal : Signal
        What the registers are.
    """

    __slots__ = (
        "_conversion",
        "_divisor",
        "_is_signed",
        "_mask",
        "_octet_sentinels",
        "_plain",
        "_sentinels",
        "_shift",
        "signal",
    )

    def __init__(self, signal: Signal) -> None:
        self.signal = signal
        self._sentinels = frozenset(_as_registers(signal, one) for one in signal.sentinels)
        self._octet_sentinels = frozenset(one & 0xFF for one in signal.sentinels if -0x80 <= one <= 0xFF)
        self._plain = signal.type in _PLAIN and not signal.order.is_low_byte_first and signal.exponent is None
        self._is_signed = signal.type is RawType.INT16
        self._shift = signal.bits.first if signal.bits else 0
        self._mask = (1 << signal.bits.count) - 1 if signal.bits else 0xFFFF
        self._divisor = _divisor(signal.scale)
        self._conversion = CONVERSIONS_BY_UNIT[signal.unit]

    # The conversion is looked up once, not for each of thousands of values a second.
    def read(self, values: Sequence[int], start: int, exponent: int | None = None) -> Decoded:
        """Give the value that begins at one place of an answer.

        Parameters
        ----------
        values : Sequence[int]
            Registers, 0 to 65535 each, or bits.
        start : int
            Index of the signal's first one.
        exponent : int, optional
            Content of the exponent register, signed.
        """
        if self._plain:
            word = values[start]
            if word in self._sentinels:
                return _NONE
            raw = word - 0x10000 if self._is_signed and word > 0x7FFF else word >> self._shift & self._mask
            return self._judged(raw / self._divisor if self._divisor else raw * self.signal.scale)
        signal = self.signal
        octets = _octets(signal, values[start : start + signal.width])
        # Sentinels are compared as they stand in the registers, before signs, bits and scales; those of one octet
        # without the other half of its register, which is another value's.
        if int.from_bytes(octets, "big") in self._sentinels or (
            signal.type in _OCTETS and _octet(signal, octets) in self._octet_sentinels
        ):
            return _NONE
        found = _raw(signal, octets)
        if found is None or isinstance(found, str):
            return Decoded(found) if found is not None else _NONE
        power = _power(signal, exponent)
        if power is None or not math.isfinite(found):
            return _NONE
        scaled = found / self._divisor if self._divisor else found * signal.scale
        # Dividing by a power of ten is exact where multiplying by its inverse is not: 235 / 10 is 23.5.
        return self._judged(scaled * 10.0**power if power >= 0 else scaled / 10.0**-power)

    def _judged(self, scaled: float) -> Decoded:
        signal, conversion = self.signal, self._conversion
        value = (scaled + signal.offset) * conversion.factor + conversion.offset
        if not math.isfinite(value):
            return _NONE
        plausible = signal.plausible
        # Outside of what can be, the number is kept for the engineer who looks for the cause.
        if plausible is not None and not plausible[0] <= value <= plausible[1]:
            return Decoded(value, Quality.OUT_OF_RANGE)
        return Decoded(value)


class AnswerDecoder:
    """Decodes the answers to one request.

    Parameters
    ----------
    slots : Sequence[Slot]
        What stands where in them.
    """

    def __init__(self, slots: Sequence[Slot]) -> None:
        self._slots = [(SignalDecoder(slot.signal), slot.offset, slot.exponent_offset) for slot in slots]

    def read(self, values: Sequence[int]) -> list[tuple[Signal, Decoded]]:
        """Give what an answer's registers or bits mean, in the order of the slots.

        Parameters
        ----------
        values : Sequence[int]
            Of the whole answer.
        """
        return [
            (decoder.signal, decoder.read(values, offset, _signed(values[at]) if at >= 0 else None))
            for decoder, offset, at in self._slots
        ]


def _signed(word: int) -> int:
    return word - 0x10000 if word > 0x7FFF else word


def _as_registers(signal: Signal, sentinel: int) -> int:
    """Give a sentinel as it stands in the registers: maps write 0x8000 and -32768 for the same."""
    return sentinel & ((1 << 16 * signal.width) - 1)


def _divisor(scale: float) -> int:
    """Give the whole number by which to divide instead of multiplying by a scale; 0 if there is none."""
    inverse = round(1.0 / scale) if 0.0 < abs(scale) < 1.0 else 0
    return inverse if inverse and 1.0 / inverse == scale else 0


def _octets(signal: Signal, registers: Sequence[int]) -> bytes:
    # Words in reverse order only: octets within each are the other half of the byte order.
    # A string keeps its words in order whatever the order of numbers; only its octets may be swapped.
    is_reversed = signal.order.is_low_word_first and signal.type is not RawType.STRING
    words = list(reversed(registers)) if is_reversed else registers
    return b"".join(word.to_bytes(2, "little" if signal.order.is_low_byte_first else "big") for word in words)


def _raw(signal: Signal, octets: bytes) -> float | str | None:
    kind = signal.type
    if kind in _FLOATS:
        return float(struct.unpack(">" + _FLOATS[kind], octets)[0])
    if kind is RawType.STRING:
        return octets.split(b"\0", 1)[0].decode("latin-1").rstrip() or None
    number = int.from_bytes(octets, "big")
    if kind in (RawType.BCD16, RawType.BCD32):
        return float(digits) if (digits := f"{number:0{len(octets) * 2}x}").isdecimal() else None
    if kind in _OCTETS:
        number = _octet(signal, octets)
        if kind in (RawType.INT8_HIGH, RawType.INT8_LOW) and number > 127:
            number -= 256
    if signal.bits is not None:
        number = number >> signal.bits.first & ((1 << signal.bits.count) - 1)
    width = _SIGNED_BITS.get(kind)
    return float(number - (1 << width) if width and number >> (width - 1) else number)


def _octet(signal: Signal, octets: bytes) -> int:
    """Give the octet of a register that a type of eight bits is."""
    return octets[0] if signal.type in _HIGH_OCTET else octets[1]


def _power(signal: Signal, exponent: int | None) -> int | None:
    if signal.exponent is None:
        return 0
    # Beyond this a value is a broken exponent register, and 10**power would leave the range of a float.
    power = signal.exponent.default if exponent is None else exponent
    if power is None or not -18 <= power <= 18:
        return None
    return -power if signal.exponent.is_negated else power


def encode(signal: Signal, value: float | str | None, exponent: int = 0) -> list[int]:
    """Give the registers that mean a value: what a simulator shows, and what a write sends.

    Parameters
    ----------
    signal : Signal
        What the registers are.
    value : float, str or None
        In the inside unit; None gives the first sentinel, or NaN for a float type.
    exponent : int
        Content of the exponent register, if the signal has one.

    Raises
    ------
    DecodeError
        If the value does not fit the type.
    """
    octets = _encode_octets(signal, value, exponent)
    words = [
        int.from_bytes(octets[i : i + 2], "little" if signal.order.is_low_byte_first else "big")
        for i in range(0, len(octets), 2)
    ]
    return words[::-1] if signal.order.is_low_word_first and signal.type is not RawType.STRING else words


def _encode_octets(signal: Signal, value: float | str | None, exponent: int) -> bytes:
    size = 2 * signal.width
    if isinstance(value, str) or signal.type is RawType.STRING:
        return str(value or "").encode("latin-1", "replace")[:size].ljust(size, b"\0")
    if value is None or math.isnan(value):
        if signal.sentinels:
            return _as_registers(signal, signal.sentinels[0]).to_bytes(size, "big")
        return struct.pack(">" + _FLOATS[signal.type], math.nan) if signal.type in _FLOATS else bytes(size)
    conversion = CONVERSIONS_BY_UNIT[signal.unit]
    outside = (value - conversion.offset) / conversion.factor
    raw = (outside - signal.offset) / signal.scale / 10.0 ** (_power(signal, exponent) or 0)
    try:
        return _encode_number(signal, raw, size)
    except (OverflowError, ValueError, struct.error) as error:
        text = f"Signal {signal.key}: {value} does not fit {signal.type.value} (raw {raw:g})."
        raise DecodeError(text, code="modbus.range") from error


def _encode_number(signal: Signal, raw: float, size: int) -> bytes:
    kind = signal.type
    if kind in _FLOATS:
        return struct.pack(">" + _FLOATS[kind], raw)
    number = round(raw)
    if kind in (RawType.BCD16, RawType.BCD32):
        digits = f"{number:0{size * 2}d}"
        if len(digits) > size * 2:
            raise OverflowError
        return bytes.fromhex(digits)
    if signal.bits is not None:
        if not 0 <= number < 1 << signal.bits.count:
            raise OverflowError
        number <<= signal.bits.first
    if kind in _OCTETS:
        octet = number.to_bytes(1, "big", signed=kind in (RawType.INT8_HIGH, RawType.INT8_LOW))
        return octet + b"\0" if kind in _HIGH_OCTET else b"\0" + octet
    return number.to_bytes(size, "big", signed=kind in _SIGNED_BITS)

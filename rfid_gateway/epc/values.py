"""How the value of a GS1 application identifier becomes bits: one class for each method of the standard.

References
----------
GS1 EPC Tag Data Standard 2.3 (2025), sections 14.5.2 and 14.5.4 to 14.5.15.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from rfid_gateway.epc.alphanumeric import (
    integer_bits,
    read_alphanumeric,
    read_delimited,
    read_digits,
    read_integer,
    write_alphanumeric,
    write_delimited,
    write_digits,
)
from rfid_gateway.epc.bits import BitReader, BitWriter
from rfid_gateway.epc.text import require_characters, require_digits
from twin.errors import DecodeError
from twin.gs1.keys import CHARACTERS_82

_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)  # the century is not told: any year may be a leap year
_COUNTRY_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_PRECISION_DIGITS = (8, 10, 12, 6)  # by the format indicator of a date with time, section 14.5.11
_TIME_BITS = (5, 6, 6)  # hours, minutes, seconds


class ValueMethod(Protocol):
    """Turns a value into bits and back."""

    def read(self, bits: BitReader) -> str:
        """Give the value that the next bits mean."""

    def write(self, text: str, bits: BitWriter) -> None:
        """Write a value, after checking that it is one."""


@dataclass(frozen=True, slots=True)
class Digits:
    """So many digits in four bits each (section 14.5.4)."""

    count: int

    def read(self, bits: BitReader) -> str:
        """Give the digits."""
        return read_digits(bits, self.count)

    def write(self, text: str, bits: BitWriter) -> None:
        """Write the digits."""
        write_digits(require_digits(text, self.count, "value"), bits)


@dataclass(frozen=True, slots=True)
class PackedDigits:
    """So many digits as one number (section 14.5.2)."""

    count: int

    def read(self, bits: BitReader) -> str:
        """Give the digits, with the zeros that lead them."""
        return read_integer(bits, self.count)

    def write(self, text: str, bits: BitWriter) -> None:
        """Write the digits."""
        bits.put(int(require_digits(text, self.count, "value")), integer_bits(self.count))


@dataclass(frozen=True, slots=True)
class CountedDigits:
    """Up to so many digits as one number after their count (section 14.5.13)."""

    most: int
    least: int = 1

    def read(self, bits: BitReader) -> str:
        """Give the digits."""
        count = bits.take(self.most.bit_length())
        if not self.least <= count <= self.most:
            raise DecodeError(f"EPC: expected {self.least} to {self.most} digits, got {count}.", code="epc.length")
        return read_integer(bits, count)

    def write(self, text: str, bits: BitWriter) -> None:
        """Write the digits."""
        if not self.least <= len(text) <= self.most:
            wanted = f"{self.least} to {self.most}"
            raise DecodeError(f"EPC: expected {wanted} digits, got {len(text)}.", code="epc.length")
        require_digits(text, len(text), "value")
        bits.put(len(text), self.most.bit_length())
        bits.put(int(text or "0"), integer_bits(len(text)))


@dataclass(frozen=True, slots=True)
class Text:
    """Up to so many characters in the shortest encoding (section 14.5.6)."""

    most: int
    length_bits: int
    allowed: frozenset[str] = CHARACTERS_82
    least: int = 1

    def read(self, bits: BitReader) -> str:
        """Give the text."""
        found = read_alphanumeric(bits, self.most, self.length_bits, least=self.least)
        return require_characters(found, self.allowed, "text")

    def write(self, text: str, bits: BitWriter) -> None:
        """Write the text."""
        require_characters(text, self.allowed, "text")
        write_alphanumeric(text, bits, self.most, self.length_bits, least=self.least)


@dataclass(frozen=True, slots=True)
class LedText:
    """Digits, and after them perhaps other characters (section 14.5.5)."""

    most: int
    allowed: frozenset[str] = CHARACTERS_82

    def read(self, bits: BitReader) -> str:
        """Give the text."""
        return require_characters(read_delimited(bits, self.most, self.most.bit_length()), self.allowed, "text")

    def write(self, text: str, bits: BitWriter) -> None:
        """Write the text."""
        require_characters(text, self.allowed, "text")
        write_delimited(text, bits, self.most, self.most.bit_length())


@dataclass(frozen=True, slots=True)
class Date:
    """Year, month and day in two digits each; day 00 means the whole month (section 14.5.8)."""

    def read(self, bits: BitReader) -> str:
        """Give the date as YYMMDD."""
        year, month, day = bits.take(7), bits.take(4), bits.take(5)
        _check_date(year, month, day)
        return f"{year:02d}{month:02d}{day:02d}"

    def write(self, text: str, bits: BitWriter) -> None:
        """Write the date."""
        year, month, day = _pairs(text, 3)
        _check_date(year, month, day)
        bits.put(year, 7)
        bits.put(month, 4)
        bits.put(day, 5)


@dataclass(frozen=True, slots=True)
class DateTime:
    """Date, hours and minutes (section 14.5.9); the wire has no room for the 9999 that says: no time."""

    def read(self, bits: BitReader) -> str:
        """Give the instant as YYMMDDhhmm."""
        return Date().read(bits) + _read_time(bits, 2)

    def write(self, text: str, bits: BitWriter) -> None:
        """Write the instant."""
        require_digits(text, 10, "date and time")
        Date().write(text[:6], bits)
        _write_time(text[6:], bits)


@dataclass(frozen=True, slots=True)
class DateRange:
    """One date, or two (section 14.5.10)."""

    def read(self, bits: BitReader) -> str:
        """Give YYMMDD or YYMMDDYYMMDD."""
        is_range = bits.take(1)
        return Date().read(bits) + (Date().read(bits) if is_range else "")

    def write(self, text: str, bits: BitWriter) -> None:
        """Write the date or dates."""
        if len(text) not in (6, 12):
            raise DecodeError(f"EPC date: expected 6 or 12 digits, got {len(text)}.", code="epc.date")
        bits.put(len(text) == 12, 1)
        for start in range(0, len(text), 6):
            Date().write(text[start : start + 6], bits)


@dataclass(frozen=True, slots=True)
class PreciseTime:
    """A date, with hours, minutes and seconds as far as they are known (section 14.5.11)."""

    def read(self, bits: BitReader) -> str:
        """Give 6, 8, 10 or 12 digits."""
        digits = _PRECISION_DIGITS[bits.take(2)]
        return Date().read(bits) + _read_time(bits, (digits - 6) // 2)

    def write(self, text: str, bits: BitWriter) -> None:
        """Write the instant."""
        if len(text) not in _PRECISION_DIGITS:
            raise DecodeError(f"EPC date: expected 6, 8, 10 or 12 digits, got {len(text)}.", code="epc.date")
        require_digits(text, len(text), "date and time")
        bits.put(_PRECISION_DIGITS.index(len(text)), 2)
        Date().write(text[:6], bits)
        _write_time(text[6:], bits)


@dataclass(frozen=True, slots=True)
class Country:
    """Two letters of ISO 3166-1 alpha-2, six bits each (section 14.5.12)."""

    def read(self, bits: BitReader) -> str:
        """Give the letters."""
        codes = (bits.take(6), bits.take(6))
        if max(codes) >= len(_COUNTRY_LETTERS):
            raise DecodeError("EPC: a country has two letters from A to Z.", code="epc.character")
        return "".join(_COUNTRY_LETTERS[code] for code in codes)

    def write(self, text: str, bits: BitWriter) -> None:
        """Write the letters."""
        if len(text) != 2 or not set(text) <= set(_COUNTRY_LETTERS):
            raise DecodeError(f"EPC: expected a country of two letters, got {text[:20]!r}.", code="epc.character")
        for letter in text:
            bits.put(_COUNTRY_LETTERS.index(letter), 6)


@dataclass(frozen=True, slots=True)
class OneOf:
    """One bit that stands for one of two texts (sections 14.5.7 and 14.5.14)."""

    off: str
    on: str

    def read(self, bits: BitReader) -> str:
        """Give the text."""
        return self.on if bits.take(1) else self.off

    def write(self, text: str, bits: BitWriter) -> None:
        """Write the bit."""
        if text not in (self.off, self.on):
            raise DecodeError(f"EPC: expected {self.off!r} or {self.on!r}, got {text[:20]!r}.", code="epc.flag")
        bits.put(text == self.on, 1)


@dataclass(frozen=True, slots=True)
class Sequence:
    """Which of how many, such as 1/3 for the first of triplets (section 14.5.15)."""

    def read(self, bits: BitReader) -> str:
        """Give both digits with the stroke between them."""
        which, many = bits.take(4), bits.take(4)
        if not (1 <= which <= 9 and 1 <= many <= 9):
            raise DecodeError(f"EPC: {which}/{many} is no sequence.", code="epc.sequence")
        return f"{which}/{many}"

    def write(self, text: str, bits: BitWriter) -> None:
        """Write both digits."""
        if len(text) != 3 or text[1] != "/" or not {text[0], text[2]} <= set("123456789"):
            raise DecodeError(f"EPC: expected a sequence such as 1/3, got {text[:20]!r}.", code="epc.sequence")
        write_digits(text[0] + text[2], bits)


@dataclass(frozen=True, slots=True)
class Pair:
    """A first component of fixed length and a second one behind it."""

    first: Digits | PackedDigits
    second: ValueMethod

    def read(self, bits: BitReader) -> str:
        """Give both components together."""
        return self.first.read(bits) + self.second.read(bits)

    def write(self, text: str, bits: BitWriter) -> None:
        """Write both components."""
        self.first.write(text[: self.first.count], bits)
        self.second.write(text[self.first.count :], bits)


def _pairs(text: str, count: int) -> tuple[int, ...]:
    require_digits(text, 2 * count, "date")
    return tuple(int(text[i : i + 2]) for i in range(0, 2 * count, 2))


def _check_date(year: int, month: int, day: int) -> None:
    if year > 99 or not 1 <= month <= 12 or day > _DAYS[month - 1]:
        raise DecodeError(f"EPC: {year:02d}-{month:02d}-{day:02d} is no date.", code="epc.date")


def _check_time(parts: tuple[int, ...]) -> None:
    # 24:00 is the end of a day and has no minutes after it.
    is_past_end = parts[:1] == (24,) and any(parts[1:])
    if any(part > most for part, most in zip(parts, (24, 59, 59), strict=False)) or is_past_end:
        raise DecodeError(f"EPC: {':'.join(f'{part:02d}' for part in parts)} is no time.", code="epc.date")


def _read_time(bits: BitReader, count: int) -> str:
    parts = tuple(bits.take(width) for width in _TIME_BITS[:count])
    _check_time(parts)
    return "".join(f"{part:02d}" for part in parts)


def _write_time(text: str, bits: BitWriter) -> None:
    parts = _pairs(text, len(text) // 2)
    _check_time(parts)
    for part, width in zip(parts, _TIME_BITS, strict=False):
        bits.put(part, width)

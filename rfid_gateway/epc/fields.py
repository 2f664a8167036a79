"""Fields of the binary schemes: numbers, partitioned keys, texts of six, seven and eight bits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

from rfid_gateway.epc.bits import BitReader, BitWriter
from rfid_gateway.epc.text import escape, require_characters, require_digits, unescape
from twin.errors import DecodeError
from twin.gs1.keys import CHARACTERS_39, CHARACTERS_82

PREFIX_BITS = (40, 37, 34, 30, 27, 24, 20)  # TDS 1.13, table 14-2 and its likes: company prefix by partition value
PREFIX_DIGITS = (12, 11, 10, 9, 8, 7, 6)


class Component(Protocol):
    """One or more dot-separated components of an EPC URI, and their bits."""

    part_count: ClassVar[int]

    def read(self, bits: BitReader) -> list[str]:
        """Give the components that the next bits mean."""

    def write(self, parts: list[str], bits: BitWriter) -> None:
        """Write the first components of a list as bits and take them off it."""


def next_part(parts: list[str], what: str) -> str:
    """Take the next component off a list.

    Raises
    ------
    DecodeError
        If there is none.
    """
    if not parts:
        raise DecodeError(f"EPC URI: {what} is missing.", code="epc.parts")
    return parts.pop(0)


def read_number(text: str, what: str) -> int:
    """Give a decimal number without leading zeros.

    Raises
    ------
    DecodeError
        If it is none: a leading zero would be lost on the tag.
    """
    # 40 digits are more than any field holds; longer ones would only cost time in int().
    if not (text.isascii() and text.isdigit()) or (text != "0" and text.startswith("0")) or len(text) > 40:
        raise DecodeError(f"EPC {what}: expected a number without leading zeros, got {text[:40]!r}.", code="epc.number")
    return int(text)


@dataclass(frozen=True, slots=True)
class Number:
    """A decimal number without leading zeros in so many bits; ``most`` digits where the bits could hold more."""

    part_count: ClassVar[int] = 1
    width: int
    what: str = "serial"
    most: int = 20

    def read(self, bits: BitReader) -> list[str]:
        """Give the number."""
        return [self._checked(bits.take(self.width))]

    def write(self, parts: list[str], bits: BitWriter) -> None:
        """Write the number."""
        value = read_number(next_part(parts, self.what), self.what)
        self._checked(value)
        bits.put(value, self.width, self.what)

    def _checked(self, value: int) -> str:
        digits_of(value, self.most, self.what)
        return str(value)


@dataclass(frozen=True, slots=True)
class FixedDigits:
    """Digits of fixed number, leading zeros kept, in so many bits."""

    part_count: ClassVar[int] = 1
    width: int
    digits: int
    what: str

    def read(self, bits: BitReader) -> list[str]:
        """Give the digits."""
        return [digits_of(bits.take(self.width), self.digits, self.what)]

    def write(self, parts: list[str], bits: BitWriter) -> None:
        """Write the digits."""
        text = require_digits(next_part(parts, self.what), self.digits, self.what)
        bits.put(int(text), self.width, self.what)


def digits_of(value: int, count: int, what: str) -> str:
    """Give a number as so many digits.

    Raises
    ------
    DecodeError
        If it has more digits: no encoder writes such bits.
    """
    if value >= 10**count:
        raise DecodeError(f"EPC {what}: {value} has more than {count} digits.", code="epc.range")
    return f"{value:0{count}d}" if count else ""


@dataclass(frozen=True, slots=True)
class ZeroBits:
    """Bits that must be zero."""

    part_count: ClassVar[int] = 0
    width: int

    def read(self, bits: BitReader) -> list[str]:
        """Check that they are zero."""
        if bits.take(self.width):
            raise DecodeError("EPC: reserved bits are not zero.", code="epc.reserved")
        return []

    def write(self, parts: list[str], bits: BitWriter) -> None:
        """Write zeros."""
        bits.put(0, self.width)


@dataclass(frozen=True, slots=True)
class NumericText:
    """Digits whose leading zeros count: written as the number with a 1 before it (TDS 1.13, section 14.3.5)."""

    part_count: ClassVar[int] = 1
    width: int
    most: int
    what: str = "serial"

    def read(self, bits: BitReader) -> list[str]:
        """Give the digits."""
        text = str(bits.take(self.width))
        # The 1 before it keeps leading zeros; without it "007" and "7" would be one serial.
        if not text.startswith("1") or not 1 <= len(text) - 1 <= self.most:
            raise DecodeError(f"EPC {self.what}: no numeric string begins so.", code="epc.numeric_string")
        return [text[1:]]

    def write(self, parts: list[str], bits: BitWriter) -> None:
        """Write the digits."""
        text = next_part(parts, self.what)
        if not 1 <= len(text) <= self.most:  # a document or coupon without a serial is a kind of them, and no EPC
            raise DecodeError(f"EPC {self.what}: expected 1 to {self.most} digits, got {len(text)}.", code="epc.length")
        bits.put(int("1" + require_digits(text, len(text), self.what)), self.width, self.what)


@dataclass(frozen=True, slots=True)
class Text7:
    """Text of seven bits a character, filled with zeros (TDS 1.13, section 14.3.2)."""

    part_count: ClassVar[int] = 1
    width: int
    most: int
    what: str = "serial"

    def read(self, bits: BitReader) -> list[str]:
        """Give the text, escaped."""
        return [escape(read_text7(bits, self.width, self.most, self.what))]

    def write(self, parts: list[str], bits: BitWriter) -> None:
        """Write the text."""
        write_text7(unescape(next_part(parts, self.what), self.what), bits, self.width, self.most, self.what)


def read_text7(bits: BitReader, width: int, most: int, what: str) -> str:
    """Give a text of seven-bit characters that ends with zeros."""
    characters = [bits.take(7) for _ in range(width // 7)]
    tail = bits.take(width % 7)
    # The first zero ends the text; a character after it means bits that no encoder writes.
    used = next((i for i, one in enumerate(characters) if one == 0), len(characters))
    if any(characters[used:]) or tail:
        raise DecodeError(f"EPC {what}: characters after its end.", code="epc.padding")
    text = "".join(map(chr, characters[:used]))
    if not 1 <= len(text) <= most:
        raise DecodeError(f"EPC {what}: expected 1 to {most} characters, got {len(text)}.", code="epc.length")
    return require_characters(text, CHARACTERS_82, what)


def write_text7(text: str, bits: BitWriter, width: int, most: int, what: str) -> None:
    """Write a text of seven-bit characters and fill it with zeros."""
    if not 1 <= len(text) <= most:
        raise DecodeError(f"EPC {what}: expected 1 to {most} characters, got {len(text)}.", code="epc.length")
    for one in require_characters(text, CHARACTERS_82, what):
        bits.put(ord(one), 7)
    bits.put(0, width - 7 * len(text))


def read_text6(bits: BitReader, most: int, what: str) -> str:
    """Give a text of six-bit characters that ends with six zero bits (TDS 1.13, section 14.3.9)."""
    text = ""
    while code := bits.take(6):
        # Six bits drop bit 6 of ASCII: codes with bit 5 set are digits and signs (0x20 to 0x3F), the others letters
        # (0x40 to 0x5F).
        text += chr(code if code & 0x20 else code | 0x40)
        if len(text) > most:
            raise DecodeError(f"EPC {what}: more than {most} characters.", code="epc.length")
    return require_characters(text, CHARACTERS_39, what)


def write_text6(text: str, bits: BitWriter, most: int, what: str) -> None:
    """Write a text of six-bit characters and the six zero bits that end it."""
    if len(text) > most:
        raise DecodeError(f"EPC {what}: at most {most} characters, got {len(text)}.", code="epc.length")
    for one in require_characters(text, CHARACTERS_39, what):
        bits.put(ord(one) & 0x3F, 6)
    bits.put(0, 6)


def read_prefix(bits: BitReader) -> tuple[int, str]:
    """Give partition value and company prefix."""
    partition = bits.take(3)
    if partition > 6:
        raise DecodeError("EPC partition: expected 0 to 6, got 7.", code="epc.partition")
    return partition, digits_of(bits.take(PREFIX_BITS[partition]), PREFIX_DIGITS[partition], "company prefix")


def write_prefix(prefix: str, bits: BitWriter) -> int:
    """Write partition value and company prefix, and give the partition value."""
    # The partition value follows from the prefix's length, so that a URI cannot contradict itself.
    if not 6 <= len(prefix) <= 12:
        raise DecodeError(f"EPC company prefix: expected 6 to 12 digits, got {prefix[:40]!r}.", code="epc.prefix")
    require_digits(prefix, len(prefix), "company prefix")
    partition = 12 - len(prefix)
    bits.put(partition, 3)
    bits.put(int(prefix), PREFIX_BITS[partition])
    return partition


@dataclass(frozen=True, slots=True)
class Partitioned:
    """Company prefix and a reference of digits that share a fixed number of digits and bits."""

    part_count: ClassVar[int] = 2
    width: int
    digits: int

    def read(self, bits: BitReader) -> list[str]:
        """Give prefix and reference."""
        partition, prefix = read_prefix(bits)
        reference = bits.take(self.width - 3 - PREFIX_BITS[partition])
        return [prefix, digits_of(reference, self.digits - PREFIX_DIGITS[partition], "reference")]

    def write(self, parts: list[str], bits: BitWriter) -> None:
        """Write prefix and reference."""
        partition = write_prefix(next_part(parts, "company prefix"), bits)
        text = require_digits(next_part(parts, "reference"), self.digits - PREFIX_DIGITS[partition], "reference")
        bits.put(int(text or "0"), self.width - 3 - PREFIX_BITS[partition], "reference")


@dataclass(frozen=True, slots=True)
class PartitionedNumber:
    """Company prefix and a number without leading zeros; digits limit what the bits could hold."""

    part_count: ClassVar[int] = 2
    width: int
    digits_at_partition: tuple[int, ...]

    def read(self, bits: BitReader) -> list[str]:
        """Give prefix and number."""
        partition, prefix = read_prefix(bits)
        value = bits.take(self.width - 3 - PREFIX_BITS[partition])
        # bits hold more than the digits allow: 2**38 is above 10**11
        digits_of(value, self.digits_at_partition[partition], "reference")
        return [prefix, str(value)]

    def write(self, parts: list[str], bits: BitWriter) -> None:
        """Write prefix and number."""
        partition = write_prefix(next_part(parts, "company prefix"), bits)
        value = read_number(next_part(parts, "reference"), "reference")
        digits_of(value, self.digits_at_partition[partition], "reference")
        bits.put(value, self.width - 3 - PREFIX_BITS[partition], "reference")


@dataclass(frozen=True, slots=True)
class PartitionedText:
    """Company prefix and a text of seven-bit characters; together at most 30 characters."""

    part_count: ClassVar[int] = 2
    width: int

    def read(self, bits: BitReader) -> list[str]:
        """Give prefix and text, escaped."""
        partition, prefix = read_prefix(bits)
        width = self.width - 3 - PREFIX_BITS[partition]
        return [prefix, escape(read_text7(bits, width, 30 - len(prefix), "reference"))]

    def write(self, parts: list[str], bits: BitWriter) -> None:
        """Write prefix and text."""
        prefix = next_part(parts, "company prefix")
        partition = write_prefix(prefix, bits)
        text = unescape(next_part(parts, "reference"), "reference")
        write_text7(text, bits, self.width - 3 - PREFIX_BITS[partition], 30 - len(prefix), "reference")


@dataclass(frozen=True, slots=True)
class PartitionedText6:
    """Company prefix and a part reference of six-bit characters with its end mark; together at most 30 characters."""

    part_count: ClassVar[int] = 2

    def read(self, bits: BitReader) -> list[str]:
        """Give prefix and part reference, escaped."""
        _, prefix = read_prefix(bits)
        text = read_text6(bits, 30 - len(prefix), "part reference")
        if not text:
            raise DecodeError("EPC part reference: empty.", code="epc.length")
        return [prefix, escape(text)]

    def write(self, parts: list[str], bits: BitWriter) -> None:
        """Write prefix and part reference."""
        prefix = next_part(parts, "company prefix")
        write_prefix(prefix, bits)
        text = unescape(next_part(parts, "part reference"), "part reference")
        if not text:
            raise DecodeError("EPC part reference: empty.", code="epc.length")
        write_text6(text, bits, 30 - len(prefix), "part reference")


@dataclass(frozen=True, slots=True)
class Cage6:
    """A CAGE code or DoDAAC in six-bit characters; five characters have a space before them (TDS 1.13, 14.3.8)."""

    part_count: ClassVar[int] = 1
    width: int = 36

    def read(self, bits: BitReader) -> list[str]:
        """Give the code."""
        codes = [bits.take(6) for _ in range(6)]
        return [_cage("".join(chr(code if code & 0x20 else code | 0x40) for code in codes))]

    def write(self, parts: list[str], bits: BitWriter) -> None:
        """Write the code."""
        for one in _padded_cage(next_part(parts, "CAGE")):
            bits.put(ord(one) & 0x3F, 6)


@dataclass(frozen=True, slots=True)
class Cage8:
    """A CAGE code or DoDAAC in eight-bit characters."""

    part_count: ClassVar[int] = 1
    width: int = 48

    def read(self, bits: BitReader) -> list[str]:
        """Give the code."""
        return [_cage("".join(chr(bits.take(8)) for _ in range(6)))]

    def write(self, parts: list[str], bits: BitWriter) -> None:
        """Write the code."""
        for one in _padded_cage(next_part(parts, "CAGE")):
            bits.put(ord(one), 8)


_CAGE_CHARACTERS = frozenset("0123456789ABCDEFGHJKLMNPQRSTUVWXYZ")  # no I and no O


def _cage(text: str) -> str:
    return require_characters(text[1:] if text.startswith(" ") else text, _CAGE_CHARACTERS, "CAGE")


def _padded_cage(text: str) -> str:
    if len(text) not in (5, 6):
        raise DecodeError(f"EPC CAGE: expected 5 or 6 characters, got {text[:20]!r}.", code="epc.length")
    return require_characters(text, _CAGE_CHARACTERS, "CAGE").rjust(6)


@dataclass(frozen=True, slots=True)
class Text6:
    """A text of six-bit characters with its end mark, escaped in the URI.

    A serial may begin with a number sign, which says that it was given for the tag alone; the part number is empty
    where a company numbers all its parts in one row (TDS 1.13, section 6.3.16). Either may be without the other.
    """

    part_count: ClassVar[int] = 1
    most: int
    what: str
    may_be_empty: bool = False

    def read(self, bits: BitReader) -> list[str]:
        """Give the text, escaped."""
        return [escape(self._checked(read_text6(bits, self.most, self.what)))]

    def write(self, parts: list[str], bits: BitWriter) -> None:
        """Write the text."""
        write_text6(self._checked(unescape(next_part(parts, self.what), self.what)), bits, self.most, self.what)

    def _checked(self, text: str) -> str:
        if not text and not self.may_be_empty:
            raise DecodeError(f"EPC {self.what}: empty.", code="epc.length")
        if "#" in text[1:] or (text.startswith("#") and self.what != "serial"):
            raise DecodeError(f"EPC {self.what}: the number sign stands before a serial only.", code="epc.character")
        return text

"""Texts and digits as bits, in the encodings that the schemes with a plus and the data after them share.

References
----------
GS1 EPC Tag Data Standard 2.3 (2025), sections 14.5.4 to 14.5.6 and 14.5.13, tables 14-3 to 14-9, E and B.
"""

from __future__ import annotations

from collections.abc import Callable

from rfid_gateway.epc.bits import BitReader, BitWriter
from twin.errors import DecodeError

_DECIMAL, _UPPER_HEX, _LOWER_HEX = "0123456789", "0123456789ABCDEF", "0123456789abcdef"
_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"  # RFC 4648, section 5
_CODE40 = " ABCDEFGHIJKLMNOPQRSTUVWXYZ-.:0123456789"  # TDS 2.3, table 14-8; the first one only fills
_CODE40_GROUPS = 64_000  # 40 to the power of 3: what three characters can say
_DELIMITER, _TERMINATOR = 0xE, 0xF  # TDS 2.3, table 14-4
_LEAST_LEADING_DIGITS = 4  # the shortest company prefix with which an asset or part number can begin


def integer_bits(digits: int) -> int:
    """Give how many bits hold every number of so many digits.

    References
    ----------
    TDS 2.3, table B, column "integer encoding".

    Examples
    --------
    >>> [integer_bits(digits) for digits in (1, 6, 20, 90)]
    [4, 20, 67, 299]
    """
    return int(10**digits - 1).bit_length()


def read_digits(bits: BitReader, count: int) -> str:
    """Read digits of four bits each.

    Raises
    ------
    DecodeError
        If one is above 9.
    """
    text = ""
    for _ in range(count):
        digit = bits.take(4)
        if digit > 9:
            raise DecodeError("EPC: a digit above 9.", code="epc.digits")
        text += str(digit)
    return text


def write_digits(text: str, bits: BitWriter) -> None:
    """Write digits in four bits each."""
    for digit in text:
        bits.put(int(digit), 4)


def read_integer(bits: BitReader, digits: int) -> str:
    """Read so many digits that are written as one number.

    Raises
    ------
    DecodeError
        If the number has more digits: no encoder writes such bits.
    """
    value = bits.take(integer_bits(digits))
    if value >= 10**digits:
        raise DecodeError(f"EPC: {value} has more than {digits} digits.", code="epc.range")
    return f"{value:0{digits}d}" if digits else ""


def read_table(bits: BitReader, count: int, table: str, width: int) -> str:
    """Read characters of so many bits each that stand in a table."""
    return "".join(table[bits.take(width)] for _ in range(count))


def read_code40(bits: BitReader, count: int) -> str:
    """Read characters in URN Code 40, three of them in 16 bits.

    Raises
    ------
    DecodeError
        If a group is none, or what fills the last one is no filling.
    """
    text = ""
    for _ in range((count + 2) // 3):
        value = bits.take(16) - 1
        if not 0 <= value < _CODE40_GROUPS:
            raise DecodeError("EPC: no group of URN Code 40.", code="epc.code40")
        text += _CODE40[value // 1600] + _CODE40[value // 40 % 40] + _CODE40[value % 40]
    if text[count:].strip(" ") or " " in text[:count]:
        raise DecodeError("EPC: wrong filling of URN Code 40.", code="epc.code40")
    return text[:count]


def write_code40(text: str, bits: BitWriter) -> None:
    """Write characters in URN Code 40; see :func:`fits_code40`."""
    filled = text + " " * (-len(text) % 3)
    for i in range(0, len(filled), 3):
        first, second, third = (_CODE40.index(one) for one in filled[i : i + 3])
        bits.put(1600 * first + 40 * second + third + 1, 16)


def fits_code40(text: str) -> bool:
    """Tell whether URN Code 40 has all characters of a text."""
    return set(text) <= set(_CODE40[1:])


def read_alphanumeric(bits: BitReader, most: int, length_bits: int, *, least: int = 1) -> str:
    """Read a text after its encoding indicator and its length.

    Parameters
    ----------
    bits : BitReader
        Where to read on.
    most : int
        Longest length that the value may have.
    length_bits : int
        Width of the length indicator.
    least : int
        Shortest length: 0 for a serial that may be absent.

    Raises
    ------
    DecodeError
        If the length is out of bounds, the indicator is reserved, or a character is none of its encoding.
    """
    indicator, count = bits.take(3), bits.take(length_bits)
    if not least <= count <= most:
        raise DecodeError(f"EPC: expected {least} to {most} characters, got {count}.", code="epc.length")
    readers: tuple[Callable[[], str], ...] = (
        lambda: read_integer(bits, count),
        lambda: read_table(bits, count, _UPPER_HEX, 4),
        lambda: read_table(bits, count, _LOWER_HEX, 4),
        lambda: read_table(bits, count, _BASE64, 6),
        lambda: "".join(chr(bits.take(7)) for _ in range(count)),
        lambda: read_code40(bits, count),
    )
    if indicator >= len(readers):
        raise DecodeError(f"EPC: unknown encoding indicator {indicator}.", code="epc.indicator")
    return readers[indicator]()


def write_alphanumeric(text: str, bits: BitWriter, most: int, length_bits: int, *, least: int = 1) -> None:
    """Write a text in the encoding that takes the fewest bits; among equals the one that the standard names first.

    Parameters
    ----------
    text : str
        Of characters that seven bits can hold; the caller has checked which of them the value allows.
    bits : BitWriter
        Where to write on.
    most, length_bits, least : int
        As for :func:`read_alphanumeric`.

    Raises
    ------
    DecodeError
        If the length is out of bounds.
    """
    count = len(text)
    if not least <= count <= most:
        raise DecodeError(f"EPC: expected {least} to {most} characters, got {count}.", code="epc.length")
    letters = set(text)
    choices = [(7 * count, 4)]
    # Leading zeros are safe in a number: whoever reads it fills it up to the length that stands before it.
    if letters <= set(_DECIMAL):
        choices.append((integer_bits(count), 0))
    if letters <= set(_UPPER_HEX):
        choices.append((4 * count, 1))
    if letters <= set(_LOWER_HEX):
        choices.append((4 * count, 2))
    if letters <= set(_BASE64):
        choices.append((6 * count, 3))
    if fits_code40(text):
        choices.append((16 * ((count + 2) // 3), 5))
    indicator = min(choices)[1]
    bits.put(indicator, 3)
    bits.put(count, length_bits)
    _write_value(text, indicator, bits)


def _write_value(text: str, indicator: int, bits: BitWriter) -> None:
    if indicator == 0:
        bits.put(int(text or "0"), integer_bits(len(text)))
    elif indicator == 5:
        write_code40(text, bits)
    elif indicator == 4:
        for one in text:
            bits.put(ord(one), 7)
    else:
        table, width = {1: (_UPPER_HEX, 4), 2: (_LOWER_HEX, 4), 3: (_BASE64, 6)}[indicator]
        for one in text:
            bits.put(table.index(one), width)


def read_delimited(bits: BitReader, most: int, length_bits: int) -> str:
    """Read digits up to a terminator, or up to a delimiter and a text after it.

    Raises
    ------
    DecodeError
        If it is longer than allowed or a digit is neither digit nor end.
    """
    digits = ""
    while (nibble := bits.take(4)) < 10:
        digits += str(nibble)
        if len(digits) > most:
            raise DecodeError(f"EPC: more than {most} characters.", code="epc.length")
    if nibble == _TERMINATOR:
        return digits
    if nibble != _DELIMITER:
        raise DecodeError("EPC: neither digit nor end.", code="epc.digits")
    return digits + read_alphanumeric(bits, most - len(digits), length_bits)


def write_delimited(text: str, bits: BitWriter, most: int, length_bits: int) -> None:
    """Write the digits with which a text begins, an end, and what follows them.

    Raises
    ------
    DecodeError
        If it is too short or too long or does not begin with the digits of a company prefix.
    """
    least = _LEAST_LEADING_DIGITS
    if not least < len(text) <= most or not (text[:least].isascii() and text[:least].isdigit()):
        raise DecodeError(f"EPC: expected 5 to {most} characters beginning with four digits.", code="epc.length")
    end = next((i for i, one in enumerate(text) if one not in _DECIMAL), len(text))
    write_digits(text[:end], bits)
    bits.put(_TERMINATOR if end == len(text) else _DELIMITER, 4)
    if end < len(text):
        write_alphanumeric(text[end:], bits, most - end, length_bits)

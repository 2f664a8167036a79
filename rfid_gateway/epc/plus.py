"""The schemes with a plus of the Tag Data Standard 2.0: no company prefix length, nearer to GS1 Digital Link.

After the header come one bit (whether further data follow the EPC), three bits of filter, and the values of GS1
application identifiers, each in the way that table F of the standard prescribes.

References
----------
GS1 EPC Tag Data Standard 2.0 (2022), sections 14.5 (encoding methods) and 14.6 (binary schemes).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rfid_gateway.epc.bits import BitReader, BitWriter
from rfid_gateway.epc.schemes import Element
from rfid_gateway.epc.text import CHARACTERS_39, CHARACTERS_82, check_digit, require_characters, require_digits
from twin.errors import DecodeError

_UPPER_HEX, _LOWER_HEX = "0123456789ABCDEF", "0123456789abcdef"
_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"  # RFC 4648, section 5
_CODE40 = " ABCDEFGHIJKLMNOPQRSTUVWXYZ-.:0123456789"  # TDS 2.0, section 14.5.6.5; the first one only fills
_DELIMITER, _TERMINATOR = 0xE, 0xF
_DATE_KEYS = ("11", "13", "15", "16", "17", "7006", "7007")  # DSGTIN+ date indicator, TDS 2.0, section 14.6.1


@dataclass(frozen=True, slots=True)
class PlusScheme:
    """One scheme with a plus.

    Parameters
    ----------
    name : str
        ``SGTIN+``, in lower case.
    header : int
        First eight bits.
    keys : tuple[str, ...]
        Application identifiers in order; ``date`` stands for a prioritised date before the key.
    """

    name: str
    header: int
    keys: tuple[str, ...]


PLUS_SCHEMES: tuple[PlusScheme, ...] = (
    PlusScheme("sgtin+", 0xF7, ("01", "21")),
    PlusScheme("dsgtin+", 0xFB, ("date", "01", "21")),
    PlusScheme("sscc+", 0xF9, ("00",)),
    PlusScheme("sgln+", 0xF2, ("414", "254")),
    PlusScheme("grai+", 0xF1, ("8003",)),
    PlusScheme("giai+", 0xFA, ("8004",)),
    PlusScheme("gsrn+", 0xF4, ("8018",)),
    PlusScheme("gsrnp+", 0xF5, ("8017",)),
    PlusScheme("gdti+", 0xF6, ("253",)),
    PlusScheme("sgcn+", 0xF8, ("255",)),
    PlusScheme("itip+", 0xF3, ("8006", "21")),
    PlusScheme("cpi+", 0xF0, ("8010", "8011")),
)
PLUS_BY_HEADER = {scheme.header: scheme for scheme in PLUS_SCHEMES}
PLUS_BY_NAME = {scheme.name: scheme for scheme in PLUS_SCHEMES}


def _integer_bits(digits: int) -> int:
    return int(10**digits - 1).bit_length()


def _read_digits(bits: BitReader, count: int) -> str:
    text = ""
    for _ in range(count):
        digit = bits.take(4)
        if digit > 9:
            raise DecodeError("EPC: a digit above 9.", code="epc.digits")
        text += str(digit)
    return text


def _write_digits(text: str, bits: BitWriter) -> None:
    for digit in text:
        bits.put(int(digit), 4)


def _read_integer(bits: BitReader, digits: int) -> str:
    value = bits.take(_integer_bits(digits))
    if value >= 10**digits:
        raise DecodeError(f"EPC: {value} has more than {digits} digits.", code="epc.range")
    return f"{value:0{digits}d}" if digits else ""


def _read_table(bits: BitReader, count: int, table: str, width: int) -> str:
    return "".join(table[bits.take(width)] for _ in range(count))


def _read_code40(bits: BitReader, count: int) -> str:
    text = ""
    for _ in range((count + 2) // 3):
        value = bits.take(16) - 1
        if not 0 <= value < 64_000:
            raise DecodeError("EPC: no group of URN Code 40.", code="epc.code40")
        text += _CODE40[value // 1600] + _CODE40[value // 40 % 40] + _CODE40[value % 40]
    if text[count:].strip(" ") or " " in text[:count]:
        raise DecodeError("EPC: wrong filling of URN Code 40.", code="epc.code40")
    return text[:count]


def _read_ascii(bits: BitReader, count: int) -> str:
    return "".join(chr(bits.take(7)) for _ in range(count))


def _read_alphanumeric(bits: BitReader, most: int, *, least: int = 1) -> str:
    """Read a text after its encoding indicator (3 bits) and length indicator (5 bits): TDS 2.0, section 14.5.6."""
    indicator, count = bits.take(3), bits.take(5)
    if not least <= count <= most:
        raise DecodeError(f"EPC: expected {least} to {most} characters, got {count}.", code="epc.length")
    readers: tuple[Callable[[], str], ...] = (
        lambda: _read_integer(bits, count),
        lambda: _read_table(bits, count, _UPPER_HEX, 4),
        lambda: _read_table(bits, count, _LOWER_HEX, 4),
        lambda: _read_table(bits, count, _BASE64, 6),
        lambda: _read_ascii(bits, count),
        lambda: _read_code40(bits, count),
    )
    if indicator >= len(readers):
        raise DecodeError(f"EPC: unknown encoding indicator {indicator}.", code="epc.indicator")
    return require_characters(readers[indicator](), CHARACTERS_82 | CHARACTERS_39, "text")


def _write_alphanumeric(text: str, bits: BitWriter, most: int) -> None:
    """Write a text in the shortest encoding that can hold it."""
    count = len(text)
    if not 1 <= count <= most:
        raise DecodeError(f"EPC: expected 1 to {most} characters, got {count}.", code="epc.length")
    letters = set(text)
    # A leading zero could be lost as a number by a strict reader; as a hexadecimal digit it is kept by all.
    is_number = letters <= set("0123456789") and (count == 1 or text[0] != "0")
    choices = [(7 * count, 4)]
    if is_number:
        choices.append((_integer_bits(count), 0))
    if letters <= set(_UPPER_HEX):
        choices.append((4 * count, 1))
    if letters <= set(_LOWER_HEX):
        choices.append((4 * count, 2))
    if letters <= set(_CODE40[1:]):
        choices.append((16 * ((count + 2) // 3), 5))
    if letters <= set(_BASE64):
        choices.append((6 * count, 3))
    indicator = min(choices)[1]
    bits.put(indicator, 3)
    bits.put(count, 5)
    _write_value(text, indicator, bits)


def _write_value(text: str, indicator: int, bits: BitWriter) -> None:
    if indicator == 0:
        bits.put(int(text), _integer_bits(len(text)))
    elif indicator == 5:
        filled = text + " " * (-len(text) % 3)
        for i in range(0, len(filled), 3):
            first, second, third = (_CODE40.index(one) for one in filled[i : i + 3])
            bits.put(1600 * first + 40 * second + third + 1, 16)
    elif indicator == 4:
        for one in require_characters(text, CHARACTERS_82 | CHARACTERS_39, "text"):
            bits.put(ord(one), 7)
    else:
        table, width = {1: (_UPPER_HEX, 4), 2: (_LOWER_HEX, 4), 3: (_BASE64, 6)}[indicator]
        for one in text:
            bits.put(table.index(one), width)


def _read_delimited(bits: BitReader, most: int) -> str:
    """Read digits up to a terminator, or up to a delimiter and a text after it: TDS 2.0, section 14.5.5."""
    digits = ""
    while (nibble := bits.take(4)) < 10:
        digits += str(nibble)
        if len(digits) > most:
            raise DecodeError(f"EPC: more than {most} characters.", code="epc.length")
    if nibble == _TERMINATOR:
        return digits
    if nibble != _DELIMITER:
        raise DecodeError("EPC: neither digit nor end.", code="epc.digits")
    return digits + _read_alphanumeric(bits, most - len(digits))


def _write_delimited(text: str, bits: BitWriter, most: int) -> None:
    if not 5 <= len(text) <= most or not text[:4].isdigit():
        raise DecodeError(f"EPC: expected 5 to {most} characters beginning with four digits.", code="epc.length")
    end = next((i for i, one in enumerate(text) if not ("0" <= one <= "9")), len(text))
    _write_digits(text[:end], bits)
    bits.put(_TERMINATOR if end == len(text) else _DELIMITER, 4)
    if end < len(text):
        _write_alphanumeric(text[end:], bits, most - end)


def _read_date(bits: BitReader) -> Element:
    key = bits.take(4)
    year, month, day = bits.take(7), bits.take(4), bits.take(5)
    if key >= len(_DATE_KEYS) or year > 99 or not 1 <= month <= 12 or day > 31:
        raise DecodeError("EPC: no date.", code="epc.date")
    return _DATE_KEYS[key], f"{year:02d}{month:02d}{day:02d}"


_DIGITS = {"01": 14, "00": 18, "414": 13, "8018": 18, "8017": 18, "8006": 18}
_DIGITS_THEN_TEXT = {"8003": (14, 16), "253": (13, 17)}


def _read_key(key: str, bits: BitReader) -> Element:
    if key == "date":
        return _read_date(bits)
    if key in _DIGITS:
        return key, _read_digits(bits, _DIGITS[key])
    if key in _DIGITS_THEN_TEXT:
        count, most = _DIGITS_THEN_TEXT[key]
        return key, _read_digits(bits, count) + _read_alphanumeric(bits, most)
    if key == "255":
        digits = _read_digits(bits, 13)
        return key, digits + _read_integer(bits, bits.take(4))
    if key == "8011":
        return key, _read_integer(bits, bits.take(4))
    if key in ("8004", "8010"):
        return key, _read_delimited(bits, 30)
    return key, _read_alphanumeric(bits, 20)


def _write_key(key: str, value: str, bits: BitWriter) -> None:
    if key in _DIGITS:
        _write_digits(require_digits(value, _DIGITS[key], key), bits)
    elif key in _DIGITS_THEN_TEXT:
        count, most = _DIGITS_THEN_TEXT[key]
        _write_digits(require_digits(value[:count], count, key), bits)
        _write_alphanumeric(value[count:], bits, most)
    elif key in ("255", "8011"):
        start = 13 if key == "255" else 0
        _write_digits(require_digits(value[:start], start, key), bits)
        rest = value[start:]
        if not 1 <= len(rest) <= 12:
            raise DecodeError(f"EPC {key}: expected 1 to 12 digits of serial, got {len(rest)}.", code="epc.length")
        bits.put(len(rest), 4)
        bits.put(int(require_digits(rest, len(rest), key)), _integer_bits(len(rest)))
    elif key in ("8004", "8010"):
        allowed = CHARACTERS_82 if key == "8004" else CHARACTERS_39
        _write_delimited(require_characters(value, allowed, key), bits, 30)
    else:
        _write_alphanumeric(require_characters(value, CHARACTERS_82, key), bits, 20)


_CHECKED = {"01": 14, "00": 18, "414": 13, "8018": 18, "8017": 18, "253": 13, "255": 13, "8003": 14, "8006": 14}


def _require_check_digit(key: str, value: str) -> None:
    length = _CHECKED.get(key)
    if length is not None and check_digit(value[: length - 1]) != value[length - 1]:
        raise DecodeError(f"EPC ({key}){value}: wrong check digit.", code="epc.check_digit")


def read_plus(scheme: PlusScheme, bits: BitReader) -> tuple[int, list[Element], bool]:
    """Give filter, application identifiers with values, and whether further data follow.

    Raises
    ------
    DecodeError
        If a value breaks its encoding, or a check digit is wrong.
    """
    has_data, filter_value = bool(bits.take(1)), bits.take(3)
    elements = [_read_key(key, bits) for key in scheme.keys]
    for key, value in elements:
        _require_check_digit(key, value)
    return filter_value, elements, has_data


def write_plus(scheme: PlusScheme, filter_value: int, elements: list[Element]) -> BitWriter:
    """Write an EPC of a scheme with a plus.

    Raises
    ------
    DecodeError
        If the application identifiers are not the scheme's or a value does not fit.
    """
    bits = BitWriter()
    bits.put(scheme.header, 8)
    bits.put(0, 1)
    bits.put(filter_value, 3, "filter")
    rest = list(elements)
    for key in scheme.keys:
        if key == "date":
            _write_date(rest, bits)
            continue
        if not rest or rest[0][0] != key:
            if key == "254" and not rest:
                rest.append(("254", "0"))  # the standard's way to say: no extension
            else:
                raise DecodeError(f"EPC {scheme.name}: ({key}) is missing.", code="epc.parts")
        _, value = rest.pop(0)
        _write_key(key, value, bits)
        _require_check_digit(key, value)
    if rest:
        raise DecodeError(f"EPC {scheme.name}: ({rest[0][0]}) does not belong to it.", code="epc.parts")
    return bits


def _write_date(rest: list[Element], bits: BitWriter) -> None:
    index = next((i for i, (key, _) in enumerate(rest) if key in _DATE_KEYS), None)
    if index is None:
        raise DecodeError("EPC dsgtin+: a date is missing.", code="epc.parts")
    key, value = rest.pop(index)
    require_digits(value, 6, key)
    bits.put(_DATE_KEYS.index(key), 4)
    bits.put(int(value[:2]), 7)
    bits.put(int(value[2:4]), 4)
    bits.put(int(value[4:]), 5)

"""The GS1 application identifiers that a tag may bear, and how each one's value is written.

References
----------
GS1 EPC Tag Data Standard 2.3 (2025), section 15.3, tables F (formats) and K (length of an identifier). (03) and (8014)
are left out there on purpose: they do not belong on tags.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rfid_gateway.epc.bits import BitReader, BitWriter
from rfid_gateway.epc.schemes import Element
from rfid_gateway.epc.values import (
    CountedDigits,
    Country,
    Date,
    DateRange,
    DateTime,
    Digits,
    LedText,
    OneOf,
    PackedDigits,
    Pair,
    PreciseTime,
    Sequence,
    Text,
    ValueMethod,
)
from twin.errors import DecodeError
from twin.gs1.elements import split_brackets
from twin.gs1.keys import CHARACTERS_39, CHARACTERS_64, CHARACTERS_82, CHECK_DIGIT_AT, check_digit

# Kinds: nN and bN are N digits, four bits each or as one number; vN up to N digits; xN up to N characters (xN/W with a
# length of W bits where it is not the usual width); tN digits and then characters, up to N.
_TABLE_F = """
00 8006 8017 8018 8026 n18
01 02 n14
7241 n2
410-417 n13
253 n13+x17
255 n13+v12
8003 n14+x16
10 21 22 243 254 420 4318 7020 7021 7022 710-716 7240 8002 8012 x20
235 x28
90 240 241 250 251 400 401 403 4308 4319 7002 7230-7239 x30
7254 x30/6
427 7008 x3
7010 x2
7040 7041 x4
7009 7255 x10
7005 x12
8007 x24
7242 8013 8020 x25
4300 4301 4310 4311 4320 x35
7253 7259 x40
8009 x50
4302-4306 4312-4316 7257 8110 8112 8200 x70
91-99 7256 8030 x90
421 b3+x9
7030-7039 b3+x27
20 b2
422 424 426 b3
3940-3943 8111 b4
3950-3953 8005 b6
7252 b1
7250 b8
7251 b12
7001 b13
8001 b14
402 b17
4309 b20
7004 v4
242 v6
30 37 v8
8019 v10
8011 v12
423 425 3900-3909 3920-3929 v15
3910-3919 3930-3939 b3+v15
7023 8004 8010 t30
11-13 15-17 4326 7006 date
4324 4325 7003 datetime
7007 daterange
7011 8008 precise
4307 4317 country
4321-4323 flag
4330-4333 b6+minus
7258 sequence
"""
# Measures such as 3102 (weight in kilograms, two decimal places): the fourth digit tells the decimal places.
_MEASURES = (*range(310, 317), *range(320, 338), *range(340, 358), *range(360, 370))
_DECIMAL_PLACES = range(6)

_NAMED: dict[str, ValueMethod] = {
    "date": Date(),
    "datetime": DateTime(),
    "daterange": DateRange(),
    "precise": PreciseTime(),
    "country": Country(),
    "flag": OneOf("0", "1"),
    "minus": OneOf("", "-"),
    "sequence": Sequence(),
}
# Characters other than the usual 82: part identifiers, and signatures in the base 64 of URLs (General Specifications).
_CHARACTERS = {
    "8010": CHARACTERS_39,
    "8030": CHARACTERS_64,
}
# Table K: identifiers of three and of four digits, by their first two; all others have two.
_THREE_DIGITS = frozenset(["23", "24", "25", "40", "41", "42", "71"])
_FOUR_DIGITS = frozenset(["31", "32", "33", "34", "35", "36", "39", "43", "70", "72", "80", "81", "82"])


def _keys(text: str) -> Iterator[str]:
    first, _, last = text.partition("-")
    for number in range(int(first), int(last or first) + 1):
        yield f"{number:0{len(first)}d}"


def _method(kind: str, key: str) -> ValueMethod:
    if kind in _NAMED:
        return _NAMED[kind]
    if "+" in kind:
        first, second = (_method(part, key) for part in kind.split("+"))
        if not isinstance(first, Digits | PackedDigits):
            raise TypeError(kind)
        # The serial of a document, coupon or returnable asset may be absent.
        if isinstance(second, Text | CountedDigits) and key in ("253", "255", "8003"):
            second = replace(second, least=0)
        return Pair(first, second)
    size, _, width = kind[1:].partition("/")
    count, allowed = int(size), _CHARACTERS.get(key, CHARACTERS_82)
    methods: dict[str, ValueMethod] = {
        "n": Digits(count),
        "b": PackedDigits(count),
        "v": CountedDigits(count),
        "t": LedText(count, allowed),
        "x": Text(count, int(width) if width else count.bit_length(), allowed),
    }
    return methods[kind[0]]


def _table() -> dict[str, ValueMethod]:
    found: dict[str, ValueMethod] = {}
    for line in _TABLE_F.strip().splitlines():
        *ranges, kind = line.split()
        for text in ranges:
            found.update((key, _method(kind, key)) for key in _keys(text))
    found.update((f"{key}{places}", PackedDigits(6)) for key in _MEASURES for places in _DECIMAL_PLACES)
    return found


METHODS: dict[str, ValueMethod] = _table()
"""How the value of each application identifier is written, by identifier."""


def read_value(key: str, bits: BitReader) -> str:
    """Read the value of an application identifier.

    Raises
    ------
    DecodeError
        If it breaks its format or its check digit is wrong.
    """
    value = METHODS[key].read(bits)
    _require_check_digit(key, value)
    return value


def write_value(key: str, value: str, bits: BitWriter) -> None:
    """Write the value of an application identifier.

    Raises
    ------
    DecodeError
        If the identifier does not belong on tags, its value breaks its format or its check digit is wrong.
    """
    method = METHODS.get(key)
    if method is None:
        raise DecodeError(f"EPC: ({key[:10]}) is no application identifier for tags.", code="epc.identifier")
    method.write(value, bits)
    _require_check_digit(key, value)


def _require_check_digit(key: str, value: str) -> None:
    length = CHECK_DIGIT_AT.get(key)
    if length is not None and check_digit(value[: length - 1]) != value[length - 1]:
        raise DecodeError(f"EPC ({key}){value}: wrong check digit.", code="epc.check_digit")


def write_key(key: str, bits: BitWriter) -> None:
    """Write an application identifier before its value, four bits a digit."""
    for digit in key:
        bits.put(int(digit), 4)


def read_key(bits: BitReader) -> str | None:
    """Read an application identifier; ``None`` if the next octet begins something that this standard reserves.

    Raises
    ------
    DecodeError
        If bits are missing or a digit is none.
    """
    octet = bits.take(8)
    first, second = octet >> 4, octet & 15
    if first > 9 or second > 9:
        return None
    key = f"{first}{second}"
    for _ in range((key in _THREE_DIGITS) + 2 * (key in _FOUR_DIGITS)):
        digit = bits.take(4)
        if digit > 9:
            raise DecodeError("EPC: a digit above 9.", code="epc.digits")
        key += str(digit)
    return key


def parse_elements(text: str) -> list[Element]:
    """Read an element string with brackets, such as ``(01)79521141123453(21)32a/b``.

    Raises
    ------
    DecodeError
        If it does not begin with an identifier.
    """
    try:
        return [(element.identifier, element.value) for element in split_brackets(text)]
    except DecodeError as error:
        raise DecodeError(f"EPC: expected (identifier)value…, got {text[:40]!r}.", code="epc.parts") from error

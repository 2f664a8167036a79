"""GS1 element strings: application identifiers with FNC1, with brackets, and with or without symbology prefix."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from urllib.parse import parse_qsl, unquote, urlsplit

from biip.gs1_application_identifiers import GS1ApplicationIdentifier

from assets.rules.udi.fields import DeviceLabel, day_of, full_year
from twin.errors import DecodeError

SEPARATOR = "\x1d"
LINK_HEADS = ("https://", "http://")
_PRIMARY_KEYS = frozenset(
    {"01", "00", "253", "255", "402", "414", "417", "8003", "8004", "8006", "8010", "8017", "8018"}
)
_PREFIXES = ("]d2", "]C1", "]e0", "]Q3", "]J1")
_BRACKETED = re.compile(r"\((\d{2,4})\)")
# Elements whose length is known from their first two digits need no separator, GS1 General Specifications 7.8.5.
_FIXED = {
    "00": 20,
    "01": 16,
    "02": 16,
    "03": 16,
    "04": 18,
    "11": 8,
    "12": 8,
    "13": 8,
    "14": 8,
    "15": 8,
    "16": 8,
    "17": 8,
    "18": 8,
    "19": 8,
    "20": 4,
    "31": 10,
    "32": 10,
    "33": 10,
    "34": 10,
    "35": 10,
    "36": 10,
    "41": 16,
}
_CHECKED = {
    "00": 18,
    "01": 14,
    "02": 14,
    "410": 13,
    "411": 13,
    "412": 13,
    "413": 13,
    "414": 13,
    "415": 13,
    "416": 13,
    "417": 13,
    "253": 13,
    "255": 13,
    "8003": 14,
    "8017": 18,
    "8018": 18,
}


@dataclass(frozen=True, slots=True)
class Element:
    """One application identifier with its value, and where the value begins."""

    ai: str
    value: str
    offset: int


def check_digit(digits: str) -> int:
    """Give the GS1 check digit of a number without it.

    References
    ----------
    GS1 General Specifications, section 7.9.

    Examples
    --------
    >>> check_digit("0084458800328")
    8
    """
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return -total % 10


def parse_gs1(text: str, *, today: date) -> DeviceLabel:
    """Read a GS1 element string.

    Parameters
    ----------
    text : str
        As scanned, with FNC1 as character 29, as printed with brackets, or as a Digital Link.
    today : date
        The present day, to which years of two digits are near.

    Raises
    ------
    DecodeError
        If an identifier is unknown, a value has the wrong form, or a check digit is wrong.
    """
    if text.startswith(LINK_HEADS):
        elements = list(_linked(text))
    else:
        elements = list(_bracketed(text) if text.startswith("(") else _scanned(text))
    values: dict[str, Element] = {}
    for element in elements:
        _check(element)
        known = values.get(element.ai)
        if known is not None and known.value != element.value:
            message = f"({element.ai}) stands there twice, as {known.value!r} and {element.value!r}."
            raise DecodeError(message, code="udi.duplicate", offset=element.offset)
        values[element.ai] = element
    return _label(values, today)


def _linked(text: str) -> Iterator[Element]:
    """Give the elements of a GS1 Digital Link: pairs of the path from the first primary key on, then of the query.

    GS1 Digital Link Standard: URI Syntax, section 4. Whatever stands before the primary key is the resolver's own.
    """
    try:
        parts = urlsplit(text)
    except ValueError as error:  # brackets of an IPv6 address that is none
        raise DecodeError(f"This is no link: {error}.", code="udi.value", offset=0) from error
    path = [unquote(part) for part in parts.path.split("/") if part]
    start = next((i for i in range(len(path) - 1) if path[i] in _PRIMARY_KEYS), None)
    if start is None:
        raise DecodeError("This link carries no GS1 key.", code="udi.unknown_ai", offset=0)
    pairs = list(zip(path[start::2], path[start + 1 :: 2], strict=False))
    if len(path[start:]) % 2:
        raise DecodeError(f"{path[-1]!r} has no value in this link.", code="udi.value", offset=text.find(path[-1]))
    pairs += [(key, value) for key, value in parse_qsl(parts.query) if key.isdigit()]
    for ai, value in pairs:
        offset = max(text.find(f"{ai}/"), text.find(f"{ai}="), 0)
        if _definition(ai) is None:
            raise DecodeError(f"There is no application identifier ({ai}).", code="udi.unknown_ai", offset=offset)
        yield Element(ai, value.zfill(14) if ai == "01" else value, offset + len(ai) + 1)


def _bracketed(text: str) -> Iterator[Element]:
    found = list(_BRACKETED.finditer(text))
    # A bracket may stand inside a value: only an identifier that exists, after at least one character, begins anew.
    marks = [mark for mark in found if _definition(mark.group(1)) is not None]
    if not marks or marks[0].start() != 0:
        first = found[0].group(1) if found else text[:5]
        raise DecodeError(f"There is no application identifier ({first}).", code="udi.unknown_ai", offset=0)
    ends = [*[mark.start() for mark in marks[1:]], len(text)]
    for mark, end in zip(marks, ends, strict=True):
        yield Element(mark.group(1), text[mark.end() : end].rstrip(SEPARATOR), mark.end())


def _definition(ai: str) -> GS1ApplicationIdentifier | None:
    try:
        found = GS1ApplicationIdentifier.extract(ai + "0")
    except Exception:  # the library has several errors for "unknown"
        return None
    return found if found.ai == ai else None


def _scanned(text: str) -> Iterator[Element]:
    start = next((len(prefix) for prefix in _PREFIXES if text.startswith(prefix)), 0)
    position = start
    while position < len(text):
        if text[position] == SEPARATOR:
            position += 1
            continue
        # The first two digits fix an identifier's length, so that at most one of the lengths fits.
        ai = next((a for n in (2, 3, 4) if _definition(a := text[position : position + n]) is not None), "")
        if not ai:
            shown = text[position : position + 4]
            raise DecodeError(f"No application identifier begins {shown!r}.", code="udi.unknown_ai", offset=position)
        begin = position + len(ai)
        fixed = _FIXED.get(ai[:2])
        if fixed is None:
            fixed = _own_length(ai)
        if fixed is not None:
            end = position + fixed
        else:
            found = text.find(SEPARATOR, begin)
            end = found if found >= 0 else len(text)
        yield Element(ai, text[begin:end], begin)
        position = end


def _own_length(ai: str) -> int | None:
    """Give the whole length of an element whose value has only one, so that a lost separator does no harm."""
    definition = _definition(ai)
    parts = re.fullmatch(rf"\^{ai}((?:\(\\d\{{\d+\}}\))+)\$", definition.pattern) if definition is not None else None
    return None if parts is None else len(ai) + sum(int(n) for n in re.findall(r"\d+", parts.group(1)))


def _check(element: Element) -> None:
    definition = _definition(element.ai)
    if definition is None or not re.fullmatch(definition.pattern, element.ai + element.value):
        message = f"({element.ai}) cannot have the value {element.value!r}."
        raise DecodeError(message, code="udi.value", offset=element.offset)
    length = _CHECKED.get(element.ai)
    if length is not None:
        number = element.value[:length]
        if check_digit(number[:-1]) != int(number[-1]):
            message = f"({element.ai}) {number} has check digit {number[-1]}, expected {check_digit(number[:-1])}."
            raise DecodeError(message, code="udi.check_digit", offset=element.offset + length - 1)


def _date(element: Element | None, today: date) -> date | None:
    if element is None:
        return None
    text = element.value
    return day_of(full_year(int(text[:2]), today), int(text[2:4]), int(text[4:6]), offset=element.offset)


_OWN = frozenset({"01", "10", "21", "17", "7003", "11", "8012", "30", "37", "8004", "8003"})


def _label(values: dict[str, Element], today: date) -> DeviceLabel:
    def text(ai: str) -> str:
        return values[ai].value if ai in values else ""

    count = text("30") or text("37")
    exact = values.get("7003")
    hour = int(exact.value[6:8]) if exact is not None else None
    if exact is not None and (int(exact.value[6:8]) > 23 or int(exact.value[8:10]) > 59):
        raise DecodeError(f"There is no time {exact.value[6:]}.", code="udi.date", offset=exact.offset + 6)
    warnings = []
    if "17" not in values and "7003" not in values and re.search(r"17\d{6}$", text("10")):
        warnings.append("udi.lot_swallows_expiry")
    if "01" not in values and "8004" not in values and "8003" not in values:
        warnings.append("udi.no_device_identifier")
    return DeviceLabel(
        issuer="GS1",
        device_identifier=text("01"),
        gtin=text("01"),
        lot=text("10"),
        serial=text("21"),
        software_version=text("8012"),
        expires_on=_date(values.get("17") or exact, today),
        expires_at_hour=hour,
        manufactured_on=_date(values.get("11"), today),
        quantity=int(count) if count else None,
        asset_identifier=text("8004") or text("8003"),
        others={ai: element.value for ai, element in values.items() if ai not in _OWN},
        warnings=tuple(warnings),
    )

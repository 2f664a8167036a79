"""HIBC labels of the Health Industry Business Communications Council, primary, secondary or both in one symbol."""

from __future__ import annotations

import re
from datetime import date, timedelta

from inventory.model.scan import Scan, scan_of
from twin.errors import DecodeError

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%"
"""Characters in the order of their values 0 to 42, as Code 39 has them."""

_PRIMARY = re.compile(r"^(?P<lic>[A-Z][A-Z0-9]{3})(?P<pcn>[A-Z0-9]{1,18})(?P<unit>\d)$")


def check_character(text: str) -> str:
    """Give the check character of a label without it.

    Parameters
    ----------
    text : str
        With the leading ``+``.

    Notes
    -----
    Sum of all characters' values modulo 43, ANSI/HIBC 2.6, section 3 (link and check characters).

    Examples
    --------
    >>> check_character("+A123BJC5D6E71")
    'G'
    """
    try:
        return _ALPHABET[sum(_ALPHABET.index(character) for character in text) % 43]
    except ValueError as error:
        raise DecodeError(
            f"A HIBC label has only 0-9 A-Z - . $ / + % and blank, got {text!r}.", code="scan.unreadable"
        ) from error


def read_hibc(text: str) -> Scan:
    """Read a HIBC label.

    Parameters
    ----------
    text : str
        Beginning with ``+``.

    Raises
    ------
    DecodeError
        With ``scan.check_digit`` for a wrong check character, ``scan.unreadable`` or ``scan.date`` otherwise.
    """
    # The alphabet has capitals only; scanners on a keyboard with caps lock the wrong way round send small ones.
    label = text.strip("*").upper()
    body, given = label[:-1], label[-1:]
    if len(label) < 4 or not label.startswith("+"):
        raise DecodeError(f"Expected a HIBC label of at least 4 characters, got {text!r}.", code="scan.unreadable")
    expected = check_character(body)
    if given != expected:
        raise DecodeError(
            f"HIBC label: expected check character {expected!r}, got {given!r}: scan again.",
            code="scan.check_digit",
            offset=len(label) - 1,
        )
    parts = body[1:].split("/")
    values: dict[str, object] = {"agency": "HIBCC", "elements": tuple(("HIBC", part) for part in parts)}
    first, *further = parts
    if first[:1].isalpha():
        values |= _primary(first)
        if further and not further[0].startswith(("S", "14D", "16D", "Q")):
            values |= _secondary(further.pop(0))
    else:
        # a secondary label of its own ends with the link character, the check character of its primary label
        *between, last = parts
        first, *further = (*between, last[:-1])
        values |= _secondary(first)
    for part in further:
        values |= _additional(part)
    return scan_of(values)


def _primary(part: str) -> dict[str, str]:
    match = _PRIMARY.match(part)
    if match is None:
        raise DecodeError(
            f"Expected labeller code, product number and unit of measure, got {part!r}.", code="scan.unreadable"
        )
    return {"lic": match["lic"], "pcn": match["pcn"], "unit_of_measure": match["unit"]}


def _secondary(part: str) -> dict[str, object]:
    if part.startswith("$$+"):
        values, rest = _quantity_and_date(part[3:])
        return values | ({"serial": rest} if rest else {})
    if part.startswith("$$"):
        values, rest = _quantity_and_date(part[2:])
        return values | ({"lot": rest} if rest else {})
    if part.startswith("$+"):
        return {"serial": part[2:]}
    if part.startswith("$"):
        return {"lot": part[1:]}
    if re.match(r"^\d{5}", part):
        return {"expiry": _julian(part[:5]), **({"lot": part[5:]} if part[5:] else {})}
    raise DecodeError(
        f"Expected a secondary data structure beginning with $ or a date, got {part!r}.", code="scan.unreadable"
    )


def _quantity_and_date(rest: str) -> tuple[dict[str, object], str]:
    values: dict[str, object] = {}
    for mark, digits in (("8", 2), ("9", 5)):
        if rest.startswith(mark) and rest[1 : 1 + digits].isdigit() and len(rest) > digits:
            values["count"] = int(rest[1 : 1 + digits])
            rest = rest[1 + digits :]
            break
    if not rest:
        return values, rest
    format_digit = rest[0]
    if format_digit in "01":
        day = _end_of_month(2000 + _number(rest[2:4]), _number(rest[:2]))
        return values | {"expiry": day.isoformat()}, rest[4:]
    if format_digit == "7":
        return values, rest[1:]
    shape = {"2": ("MMDDYY", 6), "3": ("YYMMDD", 6), "4": ("YYMMDDHH", 8), "5": ("YYJJJ", 5), "6": ("YYJJJHH", 7)}
    if format_digit not in shape:
        raise DecodeError(f"Expected a date format 2 to 7, got {format_digit!r}.", code="scan.unreadable")
    pattern, length = shape[format_digit]
    return {**values, **_dated(pattern, rest[1 : 1 + length])}, rest[1 + length :]


def _dated(pattern: str, text: str) -> dict[str, str]:
    if len(text) != len(pattern):
        raise DecodeError(f"Expected a date {pattern}, got {text!r}.", code="scan.date")
    if pattern.startswith("YYJJJ"):
        day = _julian(text[:5])
        hour = text[5:]
    else:
        part = {key: text[pattern.index(key) : pattern.index(key) + 2] for key in ("YY", "MM", "DD")}
        day = _day(2000 + _number(part["YY"]), _number(part["MM"]), _number(part["DD"])).isoformat()
        hour = text[6:]
    if not hour:
        return {"expiry": day}
    if _number(hour) > 23:
        raise DecodeError(f"Expected an hour 00 to 23, got {hour}.", code="scan.date")
    # the hour is part of the expiry itself on a HIBC label
    return {"expiry": f"{day}T{hour}:00"}


def _additional(part: str) -> dict[str, object]:
    if part.startswith("14D"):
        return {"expiry": _long_day(part[3:])}
    if part.startswith("16D"):
        return {"production": _long_day(part[3:])}
    if part.startswith("S"):
        return {"serial": part[1:]}
    if part.startswith("Q") and part[1:].isdigit():
        return {"count": int(part[1:])}
    return {}


def _long_day(text: str) -> str:
    if len(text) != 8:
        raise DecodeError(f"Expected a date YYYYMMDD, got {text!r}.", code="scan.date")
    return _day(_number(text[:4]), _number(text[4:6]), _number(text[6:])).isoformat()


def _julian(text: str) -> str:
    year, number = 2000 + _number(text[:2]), _number(text[2:])
    day = date(year, 1, 1) + timedelta(days=number - 1)
    if not number or day.year != year:
        raise DecodeError(f"Expected a day 001 to 366 of {year}, got {text[2:]}.", code="scan.date")
    return day.isoformat()


def _end_of_month(year: int, month: int) -> date:
    first = _day(year, month, 1)
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def _day(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError as error:
        raise DecodeError(f"{year:04}-{month:02}-{day:02} is no date.", code="scan.date") from error


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise DecodeError(f"Expected digits of a date, got {text!r}.", code="scan.date")
    return int(text)

"""ISBT 128 labels of ICCBBA: blood, cells, tissues and devices of human origin, alone or as a compound message."""

from __future__ import annotations

import re
from datetime import date, timedelta

from inventory.model.scan import Scan, scan_of
from twin.errors import DecodeError
from twin.gs1.dates import calendar_day

_STRUCTURES: tuple[tuple[str, str, int], ...] = (
    ("=/", "di", 16),
    ("=,", "serial", 6),
    ("&,1", "lot", 18),
    ("=<", "product_code", 8),
    ("=%", "blood_group", 4),
    ("=>", "expiry", 6),
    ("&>", "expiry_at", 10),
    ("=]", "expiry_month", 6),
    ("=}", "production", 6),
    ("&}", "production_at", 10),
    ("=*", "collection", 6),
    ("&*", "collection_at", 10),
    ("=+", "compound", 5),
    ("&(", "testing", 5),
    ("={", "red_cell_antigens", 18),
    ("=\\", "red_cell_antigens", 18),
    ("&\\", "red_cell_antigens", 18),
    ("&%", "red_cell_antigens", 18),
    ("&{", "platelet_antigens", 18),
    ("=[", "hla_a_b", 18),
    ('="', "hla_drb1", 18),
    ('&"', "infection_markers", 18),
    ("=)", "container", 10),
    ("&)", "container_lot", 10),
    ("=-", "catalogue", 10),
    ("&-", "accessory_lot", 10),
    ("='", "staff", 8),
)
"""Data identifier, what follows it and how many characters; ISBT 128 Standard Technical Specification, chapter 2."""

_DATES = ("expiry", "expiry_at", "expiry_month", "production", "production_at")
_DONATION = re.compile(r"^=(?P<number>[A-NP-Z1-9][A-Z0-9]{4}\d{8})(?P<flags>[0-9A-Z]{2})?")


def read_isbt128(text: str) -> Scan:
    """Read an ISBT 128 label.

    Parameters
    ----------
    text : str
        Beginning with ``=`` or ``&``.

    Raises
    ------
    DecodeError
        With ``scan.unreadable`` for an unknown data structure, ``scan.date`` for an impossible date.
    """
    values: dict[str, object] = {"agency": "ICCBBA"}
    elements: list[tuple[str, str]] = []
    rest = text
    while rest:
        name, value, length = _next_structure(rest, text)
        # A donation number is its own identifier: only "=" stands before it.
        elements.append((rest[: length - len(value)] or "=", value))
        rest = rest[length:]
        values |= _named(name, value)
    return scan_of({**values, "elements": tuple(elements)})


def _next_structure(rest: str, text: str) -> tuple[str, str, int]:
    for identifier, name, length in _STRUCTURES:
        if rest.startswith(identifier):
            value = rest[len(identifier) : len(identifier) + length]
            if len(value) < length:
                raise DecodeError(
                    f"{identifier}: expected {length} characters, got {value!r}.",
                    code="scan.unreadable",
                    offset=len(text) - len(rest),
                )
            return name, value, len(identifier) + length
    match = _DONATION.match(rest)
    if match is None:
        raise DecodeError(
            f"{rest[:2]!r} begins no known ISBT 128 data structure.",
            code="scan.unreadable",
            offset=len(text) - len(rest),
        )
    return "donation", match.group()[1:], match.end()


def _named(name: str, value: str) -> dict[str, object]:
    if name not in ("di", "serial", "lot", "product_code", "blood_group", "donation", *_DATES):
        return {}  # kept among the elements
    if name == "expiry":
        return {"expiry": _day(value)}
    if name == "expiry_at":
        return {"expiry": _day(value[:6]), "expiry_datetime": f"{_day(value[:6])}T{_time(value[6:])}"}
    if name == "expiry_month":
        return {"expiry": _month_end(value)}
    if name in ("production", "production_at"):
        return {"production": _day(value[:6])}
    return {name: value}


def _day(text: str) -> str:
    """Give the date of cYYJJJ: century digit (9 is 19, 0 is 20), year, day of the year."""
    if not (text.isascii() and text.isdigit()):
        raise DecodeError(f"Expected a date cYYJJJ, got {text!r}.", code="scan.date")
    century = 1900 if text[0] == "9" else 2000 + 100 * int(text[0])
    year, number = century + int(text[1:3]), int(text[3:])
    day = date(year, 1, 1) + timedelta(days=number - 1)
    if not number or day.year != year:
        raise DecodeError(f"Expected a day 001 to 366 of {year}, got {text[3:]}.", code="scan.date")
    return day.isoformat()


def _month_end(text: str) -> str:
    """Give the last day of YYYYMM: a month is over when its last day is (data structure 026)."""
    if not (text.isascii() and text.isdigit()):
        raise DecodeError(f"Expected a month YYYYMM, got {text!r}.", code="scan.date")
    try:
        return calendar_day(int(text[:4]), int(text[4:]), 0).isoformat()
    except ValueError as error:
        raise DecodeError(f"{text} is no month.", code="scan.date") from error


def _time(text: str) -> str:
    if not (text.isascii() and text.isdigit()) or int(text[:2]) > 23 or int(text[2:]) > 59:
        raise DecodeError(f"Expected a time HHMM, got {text!r}.", code="scan.date")
    return f"{text[:2]}:{text[2:]}"

"""Pharmacy product numbers of IFA, in a DataMatrix of ISO/IEC 15434 or as the older PZN in Code 39.

References
----------
ISO/IEC 15434 (envelopes 05 and 06); ANSI MH10.8.2 (data identifiers); IFA coding system, specification PPN code.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

from inventory.model.scan import Scan, scan_of
from inventory.rules.scanning.gs1 import read_gs1
from twin.clock import SystemClock
from twin.errors import DecodeError
from twin.gs1.dates import calendar_day, full_year
from twin.gs1.elements import SEPARATOR
from twin.gs1.keys import check_digit

_ENVELOPE = re.compile(
    r"\[\)>\x1e?(?P<format>\d{2})\x1d(?P<data>[^\x1e\x04]*)(?:\x1e\x04|\x1e|\x04)?", re.ASCII | re.DOTALL
)
_ELEMENT = re.compile(r"(?P<identifier>\d{0,3}[A-Z])(?P<value>.+)", re.ASCII | re.DOTALL)
_PPN = re.compile(r"(?P<agency>\d{2})(?P<number>[0-9A-Z]{1,18})(?P<check>\d{2})", re.ASCII)
_PZN = re.compile(r"\d{8}", re.ASCII)
_PZN_LABEL = re.compile(r"(?:PZN)?[ ]?-[ ]?(?P<pzn>\d{8})", re.ASCII)
_GTIN = re.compile(r"\d{8}|\d{12,14}", re.ASCII)
_NATIONAL = "11"  # agency code of the German PZN
_NTIN = "04150"  # GS1's prefix of the same number as a GTIN: GTIN-14 with the PZN and a check digit behind it
_GS1, _DATA_IDENTIFIERS = "05", "06"


def check_digits(text: str) -> str:
    """Give the two check digits of a PPN.

    Parameters
    ----------
    text : str
        Agency code and number, ASCII.

    Notes
    -----
    The sum of all characters' ASCII values, weighted 2, 3, 4 … from the left, modulo 97.

    Examples
    --------
    >>> check_digits("1112345678")
    '42'
    """
    return f"{sum(ord(character) * weight for weight, character in enumerate(text, start=2)) % 97:02}"


def is_ifa(text: str) -> bool:
    """Tell whether a label is an envelope of ISO/IEC 15434, a bare PPN or a PZN."""
    return text.startswith(("[)>", "9N")) or _PZN_LABEL.fullmatch(text) is not None


def read_ifa(text: str, *, today: date | None = None) -> Scan:
    """Read a label for which :func:`is_ifa` holds.

    Parameters
    ----------
    text : str
        As scanned; the separators of the envelope are ASCII 30, 29 and 4.
    today : date, optional
        The day to which years of two digits are near; the present one (UTC) if it is not given.

    Raises
    ------
    DecodeError
        ``scan.check_digit``, ``scan.date`` or ``scan.contradiction``; ``scan.unreadable`` for another envelope.
    """
    day = today or datetime.fromtimestamp(SystemClock().now() / 1e6, UTC).date()
    if label := _PZN_LABEL.fullmatch(text):
        return scan_of({"agency": "IFA", "elements": (("PZN", label["pzn"]),), **_pzn(label["pzn"])})
    if text.startswith("9N"):
        return _read_elements([text], day)
    envelope = _ENVELOPE.fullmatch(text)
    if envelope is None or envelope["format"] not in (_GS1, _DATA_IDENTIFIERS):
        raise DecodeError(f"Expected an envelope of format 05 or 06, got {text[:20]!r}.", code="scan.unreadable")
    if envelope["format"] == _GS1:
        return read_gs1(envelope["data"], today=today)
    return _read_elements([part for part in envelope["data"].split(SEPARATOR) if part], day)


def _read_elements(parts: list[str], today: date) -> Scan:
    values: dict[str, object] = {"agency": "IFA"}
    elements: list[tuple[str, str]] = []
    for part in parts:
        found = _ELEMENT.fullmatch(part)
        if found is None or not part.isascii() or not part.isprintable():
            raise DecodeError(f"Expected a data identifier and its value, got {part[:40]!r}.", code="scan.unreadable")
        elements.append((found["identifier"], found["value"]))
        for name, value in _named(found["identifier"], found["value"], today).items():
            if values.setdefault(name, value) != value:
                raise DecodeError(
                    f"The label says {name} twice, {values[name]!r} and {value!r}: scan each label alone.",
                    code="scan.contradiction",
                )
    if not elements:
        raise DecodeError("The envelope is empty.", code="scan.unreadable")
    return scan_of({**values, "elements": tuple(elements)})


def _named(identifier: str, value: str, today: date) -> dict[str, object]:
    if identifier == "9N":
        return _ppn(value)
    if identifier == "1T":
        return {"lot": value}
    if identifier == "S":
        return {"serial": value}
    if identifier == "D":
        return {"expiry": _short_day(value, today)}
    if identifier == "16D":
        return {"production": _long_day(value)}
    if identifier == "8P":
        return {"gtin": _gtin(value)}
    if identifier == "Q" and value.isdigit():
        return {"count": int(value)}
    return {}  # kept among the elements


def _ppn(value: str) -> dict[str, object]:
    found = _PPN.fullmatch(value)
    if found is None:
        raise DecodeError(f"Expected a PPN of 5 to 22 characters, got {value[:40]!r}.", code="scan.unreadable")
    expected = check_digits(value[:-2])
    if found["check"] != expected:
        raise DecodeError(
            f"PPN {value}: expected check digits {expected}, got {found['check']}: scan again.", code="scan.check_digit"
        )
    told: dict[str, object] = {"ppn": value}
    if found["agency"] != _NATIONAL:
        return told
    if not _PZN.fullmatch(found["number"]):
        raise DecodeError(f"Expected a PZN of 8 digits in {value}.", code="scan.unreadable")
    return told | _pzn(found["number"])


def _pzn(number: str) -> dict[str, object]:
    """Check a PZN: its last digit is the sum of the others, weighted 1 to 7, modulo 11; none has a remainder of 10."""
    remainder = sum(int(digit) * weight for weight, digit in enumerate(number[:-1], start=1)) % 11
    if remainder != int(number[-1]):
        raise DecodeError(f"PZN {number} has a wrong check digit: scan again.", code="scan.check_digit")
    national = _NTIN + number
    ppn = _NATIONAL + number
    # the same article under the name that GS1's labels and most catalogues give it
    return {"pzn": number, "ppn": ppn + check_digits(ppn), "gtin": national + check_digit(national)}


def _gtin(value: str) -> str:
    if not _GTIN.fullmatch(value):
        raise DecodeError(f"Expected a GTIN, got {value[:40]!r}.", code="scan.unreadable")
    if check_digit(value[:-1]) != value[-1]:
        raise DecodeError(f"GTIN {value} has a wrong check digit: scan again.", code="scan.check_digit")
    return value.zfill(14)


def _short_day(value: str, today: date) -> str:
    """Give the date of YYMMDD; day 00 is the last one of its month, as on GS1's labels."""
    if not (len(value) == 6 and value.isdigit()):
        raise DecodeError(f"Expected a date YYMMDD, got {value[:20]!r}.", code="scan.date")
    return _existing(full_year(int(value[:2]), today), int(value[2:4]), int(value[4:]))


def _long_day(value: str) -> str:
    if not (len(value) == 8 and value.isdigit()):
        raise DecodeError(f"Expected a date YYYYMMDD, got {value[:20]!r}.", code="scan.date")
    return _existing(int(value[:4]), int(value[4:6]), int(value[6:]))


def _existing(year: int, month: int, day: int) -> str:
    try:
        return calendar_day(year, month, day).isoformat()
    except ValueError as error:
        raise DecodeError(f"{year:04}-{month:02}-{day:02} is no date.", code="scan.date") from error

"""ISBT 128 labels of ICCBBA: data structures for tissue, cells and blood products as devices."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

from assets.rules.udi.fields import DeviceLabel, day_of_year
from twin.errors import DecodeError

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*"
# Data structures by their identifier; ISBT 128 Standard Technical Specification, sections 2.4 and 6.
_STRUCTURES = (
    ("=/", r"[A-Z0-9]{5}[A-Z0-9]{6}[A-Z0-9]{5}", "device_identifier"),
    ("=,", r"[A-Z0-9]{6}", "serial"),
    ("=>", r"\d{6}", "expires_on"),
    ("&>", r"\d{10}", "expires_at"),
    ("=}", r"\d{6}", "manufactured_on"),
    ("&,1", r"[A-Z0-9]{18}", "lot"),
    ("=<", r"[A-Z0-9]{8}", "product"),
    # Manufacturer and catalogue number, and lot, of a container set that is a device itself.
    ("=)", r"[A-Z0-9]{10}", "container"),
    ("&)", r"[A-Z0-9]{10}", "container_lot"),
    ("=+", r"\d{5}[A-Z0-9]*?", "compound"),
    ("=", r"[A-NP-Z1-9][A-Z0-9]{4}\d{2}\d{6}[A-Z0-9]{2}", "donation"),
)


def donation_check(identification: str) -> int:
    """Give the modulo 37-2 check value of a donation identification number of 13 characters.

    References
    ----------
    ISBT 128 Standard Technical Specification, appendix A (ISO/IEC 7064, modulo 37-2).

    Examples
    --------
    >>> _ALPHABET[donation_check("G123498654321")]
    'H'
    """
    total = 0
    for character in identification:
        total = (total + _ALPHABET.index(character)) * 2 % 37
    return (38 - total) % 37


def parse_iccbba(text: str, *, today: date) -> DeviceLabel:
    """Read an ISBT 128 label.

    Parameters
    ----------
    text : str
        One or more data structures, joined.
    today : date
        Not needed, since years have three digits; there so that all issuers are read alike.

    Raises
    ------
    DecodeError
        If a structure is unknown, has the wrong form, or its check is wrong.
    """
    del today
    label = DeviceLabel(issuer="ICCBBA")
    position = 0
    while position < len(text):
        for prefix, pattern, name in _STRUCTURES:
            found = re.compile(re.escape(prefix) + "(" + pattern + ")(?=[=&]|$)").match(text, position)
            if found is not None:
                label = _with(label, name, found.group(1), position + len(prefix))
                position = found.end()
                break
        else:
            shown = text[position : position + 12]
            raise DecodeError(f"No ISBT 128 data structure reads {shown!r}.", code="udi.structure", offset=position)
    if not label.device_identifier:
        label = replace(label, warnings=(*label.warnings, "udi.no_device_identifier"))
    return label


def _with(label: DeviceLabel, name: str, value: str, offset: int) -> DeviceLabel:
    if name in ("device_identifier", "container"):
        return replace(label, device_identifier=value)
    if name == "container_lot":
        return replace(label, lot=value)
    if name == "serial":
        return replace(label, serial=value)
    if name == "lot":
        # The structure is 18 characters long: shorter lots are padded with zeros from the left.
        return replace(label, lot=value.lstrip("0"))
    if name == "manufactured_on":
        return replace(label, manufactured_on=_day(value, offset))
    if name == "expires_on":
        return replace(label, expires_on=_day(value, offset))
    if name == "expires_at":
        if int(value[6:8]) > 23 or int(value[8:]) > 59:
            raise DecodeError(f"There is no time {value[6:]}.", code="udi.date", offset=offset + 6)
        return replace(label, expires_on=_day(value[:6], offset), expires_at_hour=int(value[6:8]))
    if name == "donation":
        flags = value[13:]
        # Flags of type 3 (60 to 96) carry the check value of the number itself.
        if flags.isdigit() and 60 <= int(flags) <= 96 and int(flags) - 60 != donation_check(value[:13]):
            message = f"Donation {value[:13]} has check {int(flags) - 60}, expected {donation_check(value[:13])}."
            raise DecodeError(message, code="udi.check_digit", offset=offset + 13)
        return replace(label, donation=value[:13])
    return replace(label, others=label.others | {name: value})


def _day(value: str, offset: int) -> date:
    # The first digit is that of the century: 0 for 20xx, 9 for 19xx.
    century = 1900 if value[0] == "9" else 2000 + 100 * int(value[0])
    return day_of_year(century + int(value[1:3]), int(value[3:6]), offset=offset)

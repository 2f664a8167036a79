"""What a device label says, in one shape for all issuing agencies."""

from __future__ import annotations

import calendar
from dataclasses import dataclass, field
from datetime import date, timedelta

from twin.errors import DecodeError


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceLabel:
    """The fields of one UDI.

    Parameters
    ----------
    issuer : str
        ``GS1``, ``HIBCC`` or ``ICCBBA``.
    device_identifier : str
        UDI-DI as the issuer writes it.
    gtin : str
        14 digits; empty for other issuers.
    lot, serial, software_version, donation : str
        Production identifiers; empty if the label has none.
    expires_on, manufactured_on : date or None
        Calendar days.
    expires_at_hour : int or None
        Hour of the day on which it expires, where the label has one.
    quantity : int or None
        Number of items, where the label has one.
    asset_identifier : str
        GIAI or GRAI.
    others : dict[str, str]
        Further elements by their identifier.
    warnings : tuple[str, ...]
        Stable codes of what looks wrong but is allowed.
    """

    issuer: str
    device_identifier: str = ""
    gtin: str = ""
    lot: str = ""
    serial: str = ""
    software_version: str = ""
    donation: str = ""
    expires_on: date | None = None
    expires_at_hour: int | None = None
    manufactured_on: date | None = None
    quantity: int | None = None
    asset_identifier: str = ""
    others: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def full_year(two_digits: int, today: date) -> int:
    """Give the year that two digits stand for: the one nearest to the present year.

    Parameters
    ----------
    two_digits : int
        0 to 99.
    today : date
        The present day.

    References
    ----------
    GS1 General Specifications, section 7.12.

    Examples
    --------
    >>> full_year(99, date(2026, 1, 1)), full_year(49, date(2026, 1, 1))
    (1999, 2049)
    """
    century = today.year - today.year % 100
    difference = two_digits - today.year % 100
    if difference >= 51:
        return century - 100 + two_digits
    return century + (100 if difference <= -50 else 0) + two_digits


def day_of(year: int, month: int, day: int, *, offset: int) -> date:
    """Give a calendar day; day 0 stands for the last one of the month.

    Parameters
    ----------
    year, month, day : int
        As on the label.
    offset : int
        Where it stands, for the message.

    Raises
    ------
    DecodeError
        If there is no such day.
    """
    try:
        return date(year, month, day or calendar.monthrange(year, month)[1])
    except (ValueError, calendar.IllegalMonthError) as error:
        message = f"There is no day {year}-{month:02}-{day:02}."
        raise DecodeError(message, code="udi.date", offset=offset) from error


def day_of_year(year: int, number: int, *, offset: int) -> date:
    """Give the n-th day of a year.

    Raises
    ------
    DecodeError
        If the year has no such day.
    """
    found = date(year, 1, 1) + timedelta(days=number - 1)
    if not 1 <= number <= 366 or found.year != year:
        raise DecodeError(f"The year {year} has no day {number}.", code="udi.date", offset=offset)
    return found

"""What a device label says, in one shape for all issuing agencies."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from twin.errors import DecodeError
from twin.gs1.dates import calendar_day


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
        return calendar_day(year, month, day)
    except ValueError as error:
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

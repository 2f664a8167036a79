"""Dates on GS1 labels: years of two digits, the day 00, and hours behind them.

References
----------
GS1 General Specifications, sections 3.4, 3.8 (dates and times by identifier) and 7.12 (century of a two-digit year).
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, time

from twin.errors import DecodeError

DATED: frozenset[str] = frozenset(
    ("11", "12", "13", "15", "16", "17", "4324", "4325", "4326", "7003", "7006", "7007", "7011", "7250", "7251", "8008")
)
"""Application identifiers whose values are dates, some with a time."""

_FULL_YEARS = frozenset({"7250", "7251"})  # dates of birth: no window of a hundred years would do
_MAY_LACK_TIME = frozenset({"4324", "4325"})  # delivery windows, section 3.8: 9999 says that only the day counts
_NO_TIME = "9999"


@dataclass(frozen=True, slots=True)
class Moment:
    """What a date on a label says.

    Parameters
    ----------
    day : date
        Calendar day; the last one of its month where the label says day 00.
    time : time or None
        Local time of the place where the label was printed, where it has one.
    """

    day: date
    time: time | None = None


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
    GS1 General Specifications, section 7.12: 49 years back to 50 years ahead.

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


def calendar_day(year: int, month: int, day: int) -> date:
    """Give a calendar day; day 0 stands for the last one of the month.

    Raises
    ------
    ValueError
        If there is no such day.

    Examples
    --------
    >>> calendar_day(2028, 2, 0).isoformat()
    '2028-02-29'
    """
    try:
        return date(year, month, day or calendar.monthrange(year, month)[1])
    except calendar.IllegalMonthError as error:
        raise ValueError(str(error)) from error


def moment_of(identifier: str, value: str, *, today: date, offset: int | None = None) -> Moment:
    """Give the day, and perhaps the time, that the value of a dated identifier says.

    Parameters
    ----------
    identifier : str
        One of :data:`DATED`.
    value : str
        Digits in the form that the identifier asks for; of a range the first day is given, the other one checked.
    today : date
        The present day, to which years of two digits are near.
    offset : int, optional
        Where the value begins on the label, for the message.

    Raises
    ------
    DecodeError
        With ``gs1.date`` if there is no such day or time.

    Examples
    --------
    >>> moment_of("7003", "2611222330", today=date(2026, 1, 1))
    Moment(day=datetime.date(2026, 11, 22), time=datetime.time(23, 30))
    """
    if identifier in _FULL_YEARS:
        year, rest = int(value[:4]), value[4:]
    else:
        year, rest = full_year(int(value[:2]), today), value[2:]
    clock = rest[4:]
    if identifier == "7007" and clock:
        moment_of(identifier, clock, today=today, offset=None if offset is None else offset + 6)
        clock = ""
    if identifier in _MAY_LACK_TIME and clock == _NO_TIME:
        clock = ""
    try:
        day = calendar_day(year, int(rest[:2]), int(rest[2:4]))
        hour, minute, second = (int(clock[i : i + 2] or "0") for i in (0, 2, 4))
        at = time(hour, minute, second) if clock else None
    except ValueError as error:
        message = f"({identifier}){value} is no date that exists: look at the package."
        raise DecodeError(message, code="gs1.date", offset=offset) from error
    return Moment(day, at)

"""Instants, ages and numbers as the reader writes them, in the site's time zone."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_skeleton, format_time
from babel.numbers import format_decimal, format_percent

from dash_app.texts.catalogue import gettext as _
from dash_app.texts.preferences import PREFERENCES
from twin.clock import DAY_US, to_datetime

_MINUTE_S = 60
_HOUR_S = 3600
_DAY_S = 86_400


def local(at: int) -> datetime:
    """Give an instant (UTC microseconds) as an aware datetime of the site's zone."""
    return to_datetime(at).astimezone(ZoneInfo(PREFERENCES.get().time_zone))


def moment(at: int) -> str:
    """Write day and time; an empty string for 0, which stands for "none"."""
    return format_datetime(local(at), "yyyy-MM-dd HH:mm", locale=PREFERENCES.get().language) if at else ""


def clock_time(at: int) -> str:
    """Write the time of day with seconds."""
    return format_time(local(at), "HH:mm:ss", locale=PREFERENCES.get().language) if at else ""


def calendar_day(at: int) -> str:
    """Write the calendar day in words of the language."""
    return format_date(local(at), "medium", locale=PREFERENCES.get().language) if at else ""


def plan_day(start_at: int, day: int) -> str:
    """Write the calendar day of a day of a plan.

    Parameters
    ----------
    start_at : int
        Midnight before the plan's day 0, UTC microseconds.
    day : int
        Day of the plan.
    """
    # noon of the day: where the clock changes, midnights are an hour off after so many times 24 hours
    return calendar_day(start_at + day * DAY_US + DAY_US // 2)


def duration(seconds: float) -> str:
    """Write a duration in its largest sensible unit.

    Parameters
    ----------
    seconds : float
        At least 0.

    Examples
    --------
    >>> duration(40), duration(90), duration(9000), duration(200_000)
    ('40 s', '1 min', '2 h 30 min', '2 d 7 h')
    """
    whole = max(0, int(seconds))
    if whole < _MINUTE_S:
        return _("{seconds} s").format(seconds=whole)
    if whole < _HOUR_S:
        return _("{minutes} min").format(minutes=whole // _MINUTE_S)
    if whole < _DAY_S:
        hours, rest = divmod(whole, _HOUR_S)
        minutes = rest // _MINUTE_S
        if not minutes:
            return _("{hours} h").format(hours=hours)
        return _("{hours} h {minutes} min").format(hours=hours, minutes=minutes)
    days, rest = divmod(whole, _DAY_S)
    return _("{days} d {hours} h").format(days=days, hours=rest // _HOUR_S)


def age(at: int, now: int) -> str:
    """Write how long ago an instant was; "never seen" for 0.

    Parameters
    ----------
    at, now : int
        UTC microseconds.
    """
    if not at:
        return _("never seen")
    return _("{duration} ago").format(duration=duration((now - at) / 1_000_000))


def weekday_of_plan(start_at: int, day: int) -> str:
    """Write weekday and day of a day of a plan, such as ``Sat, Nov 28``: what a roster is read by.

    Parameters
    ----------
    start_at : int
        Midnight before the plan's day 0, UTC microseconds.
    day : int
        Day of the plan.
    """
    # noon of the day, as for plan_day
    at = local(start_at + day * DAY_US + DAY_US // 2)
    return str(format_skeleton("MMMEd", at, locale=PREFERENCES.get().language))


def number(value: float, decimals: int = 0) -> str:
    """Write a number with the language's separators.

    Parameters
    ----------
    value : float
        Any finite number.
    decimals : int, optional
        Digits after the point, 0 to 6.
    """
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    return str(format_decimal(value, format=pattern, locale=PREFERENCES.get().language))


def percent(share: float) -> str:
    """Write a share (0 to 1) in percent."""
    return str(format_percent(share, format="#,##0 %", locale=PREFERENCES.get().language))

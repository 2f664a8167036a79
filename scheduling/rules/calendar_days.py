"""Days of a plan as people count them: from midnight to midnight on the wall, 23 or 25 hours long twice a year."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

DAY_US = 86_400_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


# Boards ask for the same few hundred instants over and over; zone arithmetic is the slow part.
@lru_cache(maxsize=4096)
def wall_time(start_at: int, day: int, zone: str, minute: int = 0) -> int:
    """Give the instant of a wall clock's time on a day of a plan.

    Parameters
    ----------
    start_at : int
        Midnight before day 0, UTC microseconds.
    day : int
        Day of the plan; may be below 0 or after its end.
    zone : str
        IANA name of the hospital's zone.
    minute : int
        Minutes after midnight on the wall; 1440 and more are on the days that follow.

    Returns
    -------
    int
        UTC microseconds. A time that the clock skips is the instant at which it would have been; one that it shows
        twice is the first of the two.

    Examples
    --------
    >>> march_28 = wall_time(0, 20_540, "UTC") - 3_600_000_000  # midnight in Berlin, the clock changes on the 29th
    >>> (wall_time(march_28, 2, "Europe/Berlin") - march_28) // 3_600_000_000
    47
    """
    there = ZoneInfo(zone)
    midnight = (_EPOCH + start_at * _MICROSECOND).astimezone(there).replace(tzinfo=None)
    # Naive arithmetic on the wall clock: a day later is the same hour, whatever the clock did at night.
    local = midnight + timedelta(days=day, minutes=minute)
    return (local.replace(tzinfo=there) - _EPOCH) // _MICROSECOND  # fold 0: of a time shown twice the first


def day_at(start_at: int, at: int, zone: str) -> int:
    """Give the day of a plan in which an instant lies; below 0 before the plan begins.

    Parameters
    ----------
    start_at : int
        Midnight before day 0, UTC microseconds.
    at : int
        UTC microseconds.
    zone : str
        IANA name of the hospital's zone.
    """
    guess = (at - start_at) // DAY_US
    # A day is at most an hour longer or shorter for each change of the clock in between: one step mends the guess.
    while wall_time(start_at, guess, zone) > at:
        guess -= 1
    while wall_time(start_at, guess + 1, zone) <= at:
        guess += 1
    return guess

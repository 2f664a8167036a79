"""Instants of HL7 version 2 (DTM, TS): local time of the sender unless an offset is given."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

from twin.clock import SECOND_US

_DTM = re.compile(
    r"(?P<date>\d{8})(?:(?P<hour>\d{2})(?P<minute>\d{2})?(?P<second>\d{2})?(?:\.(?P<part>\d{1,6})\d*)?)?"
    r"(?P<offset>[+-]\d{4})?\Z"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Instant:
    """An instant as a sender told it.

    Parameters
    ----------
    at : int
        UTC microseconds.
    is_day_only : bool
        Whether only the day was told; midnight then means nothing.
    """

    at: int
    is_day_only: bool


def _zone_of(offset: str) -> timezone | None:
    minutes = int(offset[1:3]) * 60 + int(offset[3:5])
    if minutes >= 24 * 60:
        return None
    return timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))


@lru_cache(maxsize=256)
def offset_of(text: str) -> tzinfo | None:
    """Give the offset that an instant names; None if it names none."""
    found = _DTM.match(text.strip())
    return _zone_of(found["offset"]) if found and found["offset"] else None


@lru_cache(maxsize=256)  # a message names the instant of its event two or three times, and a feed those of its minute
def read_instant(text: str, zone: tzinfo) -> Instant | None:
    """Read ``YYYYMMDD[HH[MM[SS[.S…]]]][+-ZZZZ]``; None for anything else, also for a month or a year alone.

    Parameters
    ----------
    text : str
        As written.
    zone : tzinfo
        Of the sender, where no offset is written. Of a local time that exists twice, the first is meant.
    """
    found = _DTM.match(text.strip())
    if found is None:
        return None
    part = (found["part"] or "").ljust(6, "0")
    told = _zone_of(found["offset"]) if found["offset"] else zone
    try:
        date = found["date"]
        local = datetime(
            int(date[:4]),
            int(date[4:6]),
            int(date[6:]),
            int(found["hour"] or 0),
            int(found["minute"] or 0),
            # A leap second is written as 60, which no datetime takes.
            min(int(found["second"] or 0), 59),
            int(part),
            tzinfo=told,
        )
        return Instant((local.astimezone(UTC) - _EPOCH) // _US, is_day_only=found["hour"] is None)
    except (ValueError, OverflowError):
        return None


def write_instant(at: int) -> str:
    """Write UTC microseconds as DTM with milliseconds and offset."""
    second, rest = divmod(at, SECOND_US)
    return f"{_second(second)}.{rest // 1000:03d}+0000"


@lru_cache(maxsize=4)  # answers of one second are written one after the other
def _second(at: int) -> str:
    return (_EPOCH + timedelta(seconds=at)).strftime("%Y%m%d%H%M%S")

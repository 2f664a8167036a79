"""Time at the edges: where instants come from, and what is due when.

Inside, an instant is an ``int``: UTC microseconds since 1970-01-01. Aware datetimes exist only at the doors, local time
only on screens. Nothing but a :class:`Clock` reads the wall clock, so a replay or a test sets its own time.
"""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US

EARLIEST_US = -62_135_596_800_000_000  # 0001-01-01T00:00:00Z: earlier and later instants have no datetime
LATEST_US = 253_402_300_799_999_999  # 9999-12-31T23:59:59.999999Z

_PLAIN_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # only for writing
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Clock(Protocol):
    """Where the present instant comes from."""

    def now(self) -> int:
        """Give the present instant in UTC microseconds since 1970."""


class SystemClock:
    """The computer's own clock, never running backwards within one process."""

    def __init__(self) -> None:
        self._last = 0

    def now(self) -> int:
        """Give the present instant in UTC microseconds since 1970."""
        # no lock: only a clock that is set back in the microseconds of a race could give a thread an earlier instant
        self._last = max(self._last, time.time_ns() // 1000)
        return self._last


class ManualClock:
    """A clock that stands still until it is told to move; for tests and replays.

    Parameters
    ----------
    at : int
        First instant, UTC microseconds.
    """

    def __init__(self, at: int = 0) -> None:
        self._at = at

    def now(self) -> int:
        """Give the instant that was set last."""
        return self._at

    def set(self, at: int) -> None:
        """Move to an instant, forwards or backwards."""
        self._at = at

    def advance(self, seconds: float) -> int:
        """Move forwards and give the new instant.

        Parameters
        ----------
        seconds : float
            How far, in seconds.
        """
        self._at += round(seconds * SECOND_US)
        return self._at


class ScaledClock:
    """A clock that runs faster than another one: the demo hospital's ``--speed``.

    Parameters
    ----------
    base : Clock
        The clock that is followed.
    start : int
        Instant shown when made, UTC microseconds.
    speed : float
        Shown seconds per real second, above 0.
    """

    def __init__(self, base: Clock, *, start: int, speed: float) -> None:
        if not speed > 0:
            raise ValueError(f"Expected speed > 0, got {speed}.")
        self._base = base
        self._base_start = base.now()
        self._start = start
        self.speed = speed

    def now(self) -> int:
        """Give the shown instant in UTC microseconds since 1970."""
        return self._start + round((self._base.now() - self._base_start) * self.speed)


def to_datetime(at: int) -> datetime:
    """Give an instant as an aware UTC datetime.

    Parameters
    ----------
    at : int
        UTC microseconds since 1970, within the years 1 to 9999.

    Examples
    --------
    >>> to_datetime(1_645_557_742_000_000).isoformat()
    '2022-02-22T19:22:22+00:00'
    """
    return _EPOCH + timedelta(microseconds=at)


def from_datetime(moment: datetime) -> int:
    """Give an aware datetime as an instant.

    Parameters
    ----------
    moment : datetime
        Aware; of any zone.

    Returns
    -------
    int
        UTC microseconds since 1970.

    Raises
    ------
    ValueError
        If the datetime carries no zone, since it could then mean any of 26 hours.
    """
    if moment.tzinfo is None:
        raise ValueError(f"Expected a datetime with a zone, got {moment.isoformat()}: add an offset such as +00:00.")
    return (moment - _EPOCH) // _MICROSECOND


def to_text(at: int) -> str:
    """Give an instant in ISO 8601 with microseconds and a ``Z``, as the doors write it.

    Examples
    --------
    >>> to_text(1_645_557_742_000_001)
    '2022-02-22T19:22:22.000001Z'
    """
    # without a zone, which would cost twice the time: lists write hundreds of instants
    return (_PLAIN_EPOCH + timedelta(microseconds=at)).isoformat("T", "microseconds") + "Z"


def from_text(text: str) -> int:
    """Read an ISO 8601 instant that names its offset.

    Parameters
    ----------
    text : str
        Such as ``2026-11-22T10:00:00Z`` or ``2026-11-22T18:00:00+08:00``.

    Raises
    ------
    ValueError
        If the text is no ISO 8601 instant or names no offset, or is outside the years 1 to 9999 in UTC.
    """
    at = from_datetime(datetime.fromisoformat(text))
    if not EARLIEST_US <= at <= LATEST_US:  # an offset carries the first and last hours over the border
        raise ValueError(f"Expected an instant within the years 1 to 9999 UTC, got {text!r}.")
    return at


@dataclass(frozen=True, slots=True)
class Deadline:
    """Something that becomes due at an instant unless it is called off.

    Parameters
    ----------
    key : Hashable
        What is due; one deadline per key.
    due_at : int
        UTC microseconds.
    """

    key: Hashable
    due_at: int


class Deadlines:
    """What becomes due when: the one source of all time-driven facts.

    On-delays of alarms, overdue tasks, lost tags and shelving that ends are all deadlines. Whoever holds the clock asks
    :meth:`due`; in a replay that is the replay's clock, so the same facts come out again.
    """

    def __init__(self) -> None:
        # the dict holds what is true; the heap may hold outdated entries besides, passed over when they come up
        self._due_at_by_key: dict[Hashable, int] = {}
        self._heap: list[tuple[int, int, Hashable]] = []
        self._order = itertools.count()  # so that equal instants never compare keys, which need not be comparable

    def __len__(self) -> int:
        """Give how many deadlines are set."""
        return len(self._due_at_by_key)

    def set(self, key: Hashable, due_at: int) -> None:
        """Set the deadline of a key, in place of an earlier one."""
        self._due_at_by_key[key] = due_at
        heapq.heappush(self._heap, (due_at, next(self._order), key))

    def cancel(self, key: Hashable) -> None:
        """Call off the deadline of a key; it need not have one."""
        self._due_at_by_key.pop(key, None)

    def next_at(self) -> int | None:
        """Give the instant of the earliest deadline, or None if none is set."""
        self._drop_stale()
        return self._heap[0][0] if self._heap else None

    def due(self, now: int) -> list[Deadline]:
        """Take out all deadlines up to and including an instant, earliest first.

        Parameters
        ----------
        now : int
            UTC microseconds.
        """
        found: list[Deadline] = []
        self._drop_stale()
        while self._heap and self._heap[0][0] <= now:
            due_at, _, key = heapq.heappop(self._heap)
            del self._due_at_by_key[key]
            found.append(Deadline(key, due_at))
            self._drop_stale()
        return found

    def _drop_stale(self) -> None:
        heap, valid = self._heap, self._due_at_by_key
        while heap and valid.get(heap[0][2]) != heap[0][0]:
            heapq.heappop(heap)

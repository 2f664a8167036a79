"""Stays in a unit as they were known at an instant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from simulation.model.plan import Floats, Integers

Flags = NDArray[np.bool_]
HOUR_US = 3_600_000_000
WEEK_HOURS = 168
_MONDAY_TO_1970_H = 72
_FIRST_MONDAY = date(1969, 12, 29)
_SUNDAY = 144  # its first hour of the week


@dataclass(frozen=True, slots=True, kw_only=True)
class Stays:
    """Stays of patients in one unit, in order of arrival.

    Parameters
    ----------
    arrived_us : Integers
        UTC microseconds, shape (n,), ascending.
    ended_us : Integers
        When it ended, or when it was last known to go on, shape (n,).
    is_open : Flags
        Whether the end is not known: censored, shape (n,).
    kinds : Integers
        Number of the kind of patient, shape (n,).
    kind_names : tuple[str, ...]
        Names of the kinds.
    """

    arrived_us: Integers
    ended_us: Integers
    is_open: Flags
    kinds: Integers
    kind_names: tuple[str, ...] = ("all",)

    def __post_init__(self) -> None:
        if np.any(self.ended_us < self.arrived_us):
            raise ValueError("a stay ends before it begins")

    def known_at(self, at: int) -> Stays:
        """Give what was known at an instant: later arrivals are gone, and whoever left later is still there.

        Parameters
        ----------
        at : int
            UTC microseconds.
        """
        known = self.arrived_us <= at
        ended = self.ended_us[known]
        return Stays(
            arrived_us=self.arrived_us[known],
            ended_us=np.minimum(ended, at),
            is_open=self.is_open[known] | (ended > at),
            kinds=self.kinds[known],
            kind_names=self.kind_names,
        )

    def present_at(self, at: int) -> Flags:
        """Tell of each stay whether it covers an instant; one that ends just then is over."""
        return (self.arrived_us <= at) & (self.ended_us > at)

    def census(self, at: Integers) -> Integers:
        """Give how many were present at instants, shape (m,)."""
        begun = np.searchsorted(np.sort(self.arrived_us), at, side="right")
        over = np.searchsorted(np.sort(self.ended_us), at, side="right")
        return np.asarray(begun - over, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class LocalTime:
    """Hours of the week as clocks on the wall show them.

    Parameters
    ----------
    zone : str
        IANA name.
    holidays : frozenset[date]
        Public holidays of the past and of the time ahead, on which a hospital works as on a Sunday: they are known long
        before, while a week that is like all others is not to be expected there.
    """

    zone: str = "UTC"
    holidays: frozenset[date] = frozenset()

    def week_hours(self, at: Integers) -> Integers:
        """Give the hour of the week, 0 being Monday's first, of instants in UTC microseconds; holidays are Sundays."""
        hours = self._local_hours(at)
        found = hours % WEEK_HOURS
        if self.holidays:
            numbers = np.array([(day - _FIRST_MONDAY).days for day in sorted(self.holidays)])
            found = np.where(np.isin(hours // 24, numbers), _SUNDAY + hours % 24, found)
        return found

    def days(self, at: Integers) -> Integers:
        """Give the number of the local calendar day of instants in UTC microseconds."""
        return self._local_hours(at) // 24

    def _local_hours(self, at: Integers) -> Integers:
        """Give hours on the wall since the Monday before 1970, which was a Thursday."""
        # By quarters of an hour: clocks of India, Nepal and others differ from UTC by halves and quarters.
        quarters, where = np.unique(at // (HOUR_US // 4), return_inverse=True)
        found = quarters + 4 * _MONDAY_TO_1970_H
        if self.zone != "UTC":
            zone = ZoneInfo(self.zone)
            instants = (datetime.fromtimestamp(quarter * 900, UTC).astimezone(zone) for quarter in quarters.tolist())
            quarter = timedelta(minutes=15)
            found = found + np.array([offset // quarter if (offset := one.utcoffset()) else 0 for one in instants])
        return np.asarray((found // 4)[where.reshape(at.shape)], dtype=np.int64)


def step_midpoints(start: int, steps: int, step_us: int) -> Integers:
    """Give the middle of each of so many steps from an instant on."""
    return start + step_us * np.arange(steps, dtype=np.int64) + step_us // 2


def as_hours(durations_us: Integers) -> Floats:
    """Give durations in hours."""
    return durations_us / HOUR_US

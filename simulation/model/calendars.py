"""Weekly patterns of local time laid out on the time axis of a run.

A run counts microseconds from its start. Patterns are local: across a change of the clocks a day has 23 or 25 hours,
and a shift that starts at 07:00 starts at 07:00.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from simulation.model.problems import PathwayError
from simulation.model.resources import Pool, Shift, ShiftEnd
from twin.clock import from_datetime, to_datetime

WEEK_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


# Calendars count in days, of which Python knows those of the years 1 to 9999; two weeks are left for shifts that reach
# over either end.
_FIRST_US, _LAST_US = -62_134_300_000_000_000, 253_401_000_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The stretch of time that a run covers.

    Parameters
    ----------
    start_at : int
        UTC microseconds of the start.
    horizon_us : int
        Length in microseconds.
    zone : str
        IANA name of the hospital's zone.
    """

    start_at: int
    horizon_us: int
    zone: str = "UTC"

    def __post_init__(self) -> None:
        end = self.start_at + self.horizon_us
        if self.horizon_us < 0 or not _FIRST_US <= self.start_at <= end <= _LAST_US:
            raise PathwayError(
                "horizon",
                f"Expected a run between the years 1 and 9999, got one of {self.horizon_us / 3.15576e13:.4g} years.",
                "Make it shorter, or check the unit of its times.",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Open hours that repeat weekly.

    Parameters
    ----------
    id : str
        Name in the pathway.
    openings : tuple[Shift, ...]
        Open stretches; their ``units`` mean nothing.
    """

    id: str
    openings: tuple[Shift, ...]


def occurrences(shifts: tuple[Shift, ...], span: Span) -> list[tuple[int, int, int]]:
    """Give every occurrence of weekly shifts that touches a span.

    Parameters
    ----------
    shifts : tuple[Shift, ...]
        Weekly patterns.
    span : Span
        Stretch of time; a week is added behind it, so that work under way finds its end.

    Returns
    -------
    list[tuple[int, int, int]]
        (start, end, units) in microseconds from the start of the span, the start possibly negative, sorted.
    """
    zone = ZoneInfo(span.zone)
    # Two days before: a shift may begin the day before, and a zone may be a day ahead.
    first = to_datetime(span.start_at).astimezone(zone).date() - timedelta(days=2)
    days = span.horizon_us // 86_400_000_000 + 11
    found = []
    for number in range(days):
        day = first + timedelta(days=number)
        for shift in shifts:
            if day.weekday() not in shift.days:
                continue
            length = shift.end_min - shift.start_min
            end_min = shift.end_min if length > 0 else shift.end_min + 1440
            midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001  # the zone is put on after adding minutes
            start, end = (
                from_datetime((midnight + timedelta(minutes=minutes)).replace(tzinfo=zone)) - span.start_at
                for minutes in (shift.start_min, end_min)
            )
            if end > 0 and end > start:
                found.append((start, end, shift.units))
    return sorted(found)


def open_intervals(calendar: Calendar, span: Span) -> list[tuple[int, int]]:
    """Give the open stretches of a calendar in a span, merged, sorted, cut at 0."""
    merged: list[tuple[int, int]] = []
    for start, end, _ in occurrences(calendar.openings, span):
        start = max(start, 0)
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def opening_instants(calendar: Calendar, span: Span) -> list[int]:
    """Give the instants within a span at which a calendar opens, sorted."""
    return sorted({start for start, _, _ in occurrences(calendar.openings, span) if start >= 0})


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityEvents:
    """How the units of a pool change in the course of a run.

    Parameters
    ----------
    first : int
        Units at the start.
    ups, downs : tuple[tuple[int, int], ...]
        (instant, units) at which units come and go, in microseconds from the start, ascending.
    """

    first: int
    ups: tuple[tuple[int, int], ...]
    downs: tuple[tuple[int, int], ...]


def capacity_events(pool: Pool, span: Span) -> CapacityEvents:
    """Give the changes of a pool's units in a span.

    Parameters
    ----------
    pool : Pool
        With shifts and single changes.
    span : Span
        Stretch of time.

    Notes
    -----
    Where staff finish their patients in overtime, those who leave and those who come at one instant both count; where
    they hand over, only the difference does.
    """
    first = pool.capacity
    come: dict[int, int] = {}
    go: dict[int, int] = {}
    for start, end, units in occurrences(pool.shifts, span):
        if start <= 0:
            first += units
        else:
            come[start] = come.get(start, 0) + units
        go[end] = go.get(end, 0) + units
    for change in pool.changes:
        if change.after_us <= 0:
            first += change.change
        elif change.change > 0:
            come[change.after_us] = come.get(change.after_us, 0) + change.change
        else:
            go[change.after_us] = go.get(change.after_us, 0) - change.change
    if pool.at_shift_end is not ShiftEnd.FINISH:
        for at in come.keys() & go.keys():
            both = min(come[at], go[at])
            come[at] -= both
            go[at] -= both
    within = [sorted((at, n) for at, n in side.items() if n > 0 and at <= span.horizon_us) for side in (come, go)]
    return CapacityEvents(first=first, ups=tuple(within[0]), downs=tuple(within[1]))


def local_offsets(span: Span) -> list[tuple[int, int]]:
    """Give the zone's offsets from UTC over a span.

    Parameters
    ----------
    span : Span
        Stretch of time.

    Returns
    -------
    list[tuple[int, int]]
        (from when in microseconds from the start, offset in microseconds), the first at 0 or before.
    """
    zone = ZoneInfo(span.zone)
    step = 3_600_000_000
    found: list[tuple[int, int]] = []
    for number in range(span.horizon_us // step + 2):
        moment = to_datetime(span.start_at + number * step).astimezone(zone)
        offset = int((moment.utcoffset() or timedelta()).total_seconds()) * 1_000_000
        if not found or found[-1][1] != offset:
            hour_start = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
            found.append((from_datetime(hour_start) - span.start_at, offset))
    return found


def week_start(span: Span) -> int:
    """Give the last Monday's local midnight at or before the start, in microseconds from the start (0 or negative)."""
    zone = ZoneInfo(span.zone)
    local = to_datetime(span.start_at).astimezone(zone)
    monday = local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None) - timedelta(days=local.weekday())
    return from_datetime(monday.replace(tzinfo=zone)) - span.start_at

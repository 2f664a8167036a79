"""Maintenance rules: what is due when, by the calendar, by a meter, or by whichever comes first."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class Anchor(StrEnum):
    """From where the next interval counts."""

    # From the due day, so that being late once does not shift the yearly service into another season.
    FIXED = "fixed"
    FLOATING = "floating"
    GRID = "grid"


class Strategy(StrEnum):
    """How a device is kept; every device is on the inventory, the strategy follows from risk and evidence."""

    OEM = "oem"
    AEM = "aem"
    INSPECTION = "inspection"
    RUN_TO_FAILURE = "run_to_failure"


class DueState(StrEnum):
    """Where a maintenance stands on a day."""

    NOT_DUE = "not_due"
    DUE_IN_WINDOW = "due_in_window"
    DUE = "due"
    OVERDUE = "overdue"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarRule:
    """Every so many months.

    Parameters
    ----------
    months : int
        Interval, above 0.
    anchor_on : date
        First due day; its day of the month is remembered, so that the 31st comes back after a February.
    anchor : Anchor
        Fixed: from the last due day. Floating: from the day it was done. Grid: whole intervals from the anchor day.
    window_days : int
        How many days before and after the due day count as in time.
    blackouts : tuple[tuple[date, date], ...]
        Times, both ends included, in which nothing may be due: the next day after is taken.
    season : tuple[int, ...]
        Months in which alone it may be due; empty for all.
    """

    months: int
    anchor_on: date
    anchor: Anchor = Anchor.FIXED
    window_days: int = 30
    blackouts: tuple[tuple[date, date], ...] = ()
    season: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a rule that never comes due."""
        if self.months < 1 or self.window_days < 0:
            raise ValueError(f"Expected months >= 1 and window_days >= 0, got {self.months} and {self.window_days}.")
        if any(not 1 <= month <= 12 for month in self.season):
            raise ValueError(f"Expected months 1 to 12 in season, got {self.season}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterRule:
    """Every so many hours, cycles or kilometres.

    Parameters
    ----------
    every : float
        Interval in the meter's unit, above 0.
    anchor : Anchor
        Floating: from the reading at which it was last done. Grid and fixed: at whole intervals from ``start``.
    start : float
        Reading at which the grid begins.
    """

    every: float
    anchor: Anchor = Anchor.FLOATING
    start: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a rule without an interval."""
        if not self.every > 0.0:
            raise ValueError(f"Expected every above 0, got {self.every}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What must be done to one asset again and again.

    Parameters
    ----------
    id, asset, title : str
        Keys, and what is to be done.
    calendar : CalendarRule or None
        By time.
    meter : MeterRule or None
        By use; with both, whichever comes first.
    meter_name : str
        Which of the device's meters counts.
    minutes : int
        Work that it takes.
    skill : str
        What the technician must be able to do; empty for all.
    kind : str
        Kind of work order.
    is_on : bool
        Whether it asks for anything: it rests while devices are run to failure.
    """

    id: str
    asset: str
    title: str = ""
    calendar: CalendarRule | None = None
    meter: MeterRule | None = None
    meter_name: str = "hours"
    minutes: int = 60
    skill: str = ""
    kind: str = "preventive"
    is_on: bool = True

    def __post_init__(self) -> None:
        """Refuse a rule that never comes due."""
        if self.calendar is None and self.meter is None:
            raise ValueError("Expected a calendar rule, a meter rule or both.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One due day of a rule.

    Parameters
    ----------
    rule : str
        Id of the rule.
    due_on, window_start, window_end : date
        Local calendar days, window ends included.
    """

    rule: str
    due_on: date
    window_start: date
    window_end: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Performed:
    """One due maintenance and what became of it, for the figures of compliance.

    Parameters
    ----------
    due_on : date
        Due day.
    done_on : date or None
        When it was done.
    window_days : int
        Days before and after that count as in time.
    excused_on : date or None
        When a coded excuse was approved; it counts only if that was before the window closed.
    excuse : str
        Its code: ``not_located``, ``in_use``, ``retired`` …
    found_fault : bool
        Whether it found a fault of safety or performance.
    """

    due_on: date
    done_on: date | None = None
    window_days: int = 30
    # Both: an excuse without the day on which it was approved could be written after the window.
    excused_on: date | None = None
    excuse: str = ""
    found_fault: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Compliance:
    """Maintenance of a period by its due day.

    Parameters
    ----------
    due, in_window, late, not_done, excused : int
        Counts; due is the sum of the others.
    strict, excused_adjusted, naive : float or None
        In window by due; in window by due less excused; done at all by due; None if nothing was due.
    yield_share : float or None
        Share of those done that found a fault.
    """

    due: int
    in_window: int
    late: int
    not_done: int
    excused: int
    strict: float | None
    excused_adjusted: float | None
    naive: float | None
    yield_share: float | None
    reasons: dict[str, int] = field(default_factory=dict)

"""When maintenance is due: anchors remembered, windows, meters that are reset, and compliance by due day."""

from __future__ import annotations

import calendar
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from assets.model.maintenance import (
    Anchor,
    CalendarRule,
    Compliance,
    DueState,
    MeterRule,
    Occurrence,
    Performed,
    Rule,
)

SHORTEST_MONTH = 28  # days; every month has them


def add_months(day: date, months: int, *, anchor_day: int | None = None) -> date:
    """Give the day so many months later, on the anchor's day of the month or the month's last.

    Parameters
    ----------
    day : date
        From where.
    months : int
        How many, also below 0.
    anchor_day : int or None
        Day of the month to return to; that of ``day`` if None.

    Examples
    --------
    >>> add_months(date(2027, 2, 28), 6, anchor_day=31).isoformat()
    '2027-08-31'
    """
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    wanted = anchor_day or day.day
    if wanted > SHORTEST_MONTH:  # asked for only then, since millions of due days are counted at a time
        wanted = min(wanted, calendar.monthrange(year, month + 1)[1])
    return date(year, month + 1, wanted)


def next_due(rule: CalendarRule, *, due_on: date, done_on: date) -> date:
    """Give the due day after one that was done.

    Parameters
    ----------
    rule : CalendarRule
        The rule.
    due_on, done_on : date
        When it was due, and when it was done.
    """
    if rule.anchor is Anchor.FLOATING:
        return allowed_day(rule, add_months(done_on, rule.months))
    if rule.anchor is Anchor.FIXED:
        return allowed_day(rule, add_months(due_on, rule.months, anchor_day=rule.anchor_on.day))
    step = 1
    # Grid days up to the one that this work fulfils are over, also those that were missed; early work within the window
    # fulfils the day that it was meant for.
    while (day := _nth(rule, step)) <= max(due_on, done_on - timedelta(days=rule.window_days)):
        step += 1
    return allowed_day(rule, day)


def _nth(rule: CalendarRule, step: int) -> date:
    return add_months(rule.anchor_on, step * rule.months, anchor_day=rule.anchor_on.day)


def allowed_day(rule: CalendarRule, day: date) -> date:
    """Move a day out of blackouts and into the season, forwards.

    Parameters
    ----------
    rule : CalendarRule
        With its blackouts and season.
    day : date
        As its interval alone would have it.

    Raises
    ------
    ValueError
        If season and blackouts leave no day within the next years.
    """
    if not rule.blackouts and not rule.season:
        return day
    # Each turn leaves a blackout or a month behind: so many turns without a free day mean that there is none.
    for _ in range(400):
        blackout = next((end for start, end in rule.blackouts if start <= day <= end), None)
        if blackout is not None:
            day = blackout + timedelta(days=1)
        elif rule.season and day.month not in rule.season:
            day = add_months(day.replace(day=1), 1)
        else:
            return day
    raise ValueError("Expected a season and blackouts that leave some day free.")


def occurrences(rule: Rule, *, start_on: date, end_on: date) -> Iterator[Occurrence]:
    """Give the due days of a calendar rule within a time, counted from the anchor, whatever was done.

    Parameters
    ----------
    rule : Rule
        With a calendar rule.
    start_on, end_on : date
        Both included.

    Notes
    -----
    Each due day depends on the anchor only, so that generating again, or after an outage, gives the same ones.
    """
    by_time = rule.calendar
    if by_time is None:
        return
    anchor = by_time.anchor_on
    months = (start_on.year - anchor.year) * 12 + start_on.month - anchor.month
    # Twelve steps early: a season or a blackout may have moved an earlier due day into the time asked about.
    step = max(0, months // by_time.months - 12)
    margin = timedelta(days=by_time.window_days)
    while True:
        due = _nth(by_time, step)
        if due > end_on:
            return
        due = allowed_day(by_time, due)
        step += 1
        if start_on <= due <= end_on:
            yield Occurrence(rule=rule.id, due_on=due, window_start=due - margin, window_end=due + margin)


def key_of(rule: str, due_on: date) -> str:
    """Give the key under which the order of a due day is opened once, whoever generates it how often."""
    return f"{rule}:{due_on.isoformat()}"


def state_on(day: date, *, due_on: date, window_days: int, is_done: bool = False) -> DueState:
    """Give where a maintenance stands on a local day."""
    margin = timedelta(days=window_days)
    if is_done or day < due_on - margin:
        return DueState.NOT_DUE
    return DueState.OVERDUE if day > due_on + margin else DueState.DUE_IN_WINDOW


def is_in_window(done_on: date, *, due_on: date, window_days: int) -> bool:
    """Tell whether a maintenance was done in time."""
    return abs((done_on - due_on).days) <= window_days


def local_day(at: int, zone: ZoneInfo) -> date:
    """Give the hospital's calendar day of an instant: due days are local, whatever the clock's changes.

    Parameters
    ----------
    at : int
        UTC microseconds.
    zone : ZoneInfo
        The hospital's.
    """
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)).astimezone(zone).date()


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterState:
    """Where a meter rule stands.

    Parameters
    ----------
    state : DueState
        Due or not.
    next_at : float
        Reading, of the running total, at which it is or was due.
    """

    state: DueState
    next_at: float


def meter_due(rule: MeterRule, *, last_done_at: float, reading: float) -> MeterState:
    """Give whether a meter rule is due.

    Parameters
    ----------
    rule : MeterRule
        The rule.
    last_done_at, reading : float
        Running totals when it was last done, and now.

    Examples
    --------
    >>> meter_due(MeterRule(every=500), last_done_at=10020, reading=10505).next_at
    10520.0
    """
    if rule.anchor is Anchor.FLOATING:
        next_at = last_done_at + rule.every
    else:
        # Counted from the grid: work that was done late does not move the next step.
        steps = math.floor((last_done_at - rule.start) / rule.every) + 1
        next_at = rule.start + steps * rule.every
    state = DueState.DUE if reading >= next_at else DueState.NOT_DUE
    return MeterState(state=state, next_at=float(next_at))


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterReading:
    """One reading of a meter.

    Parameters
    ----------
    value : float
        As it stood on the meter, not below 0.
    rollover_at : float or None
        Value at which the meter begins anew, if it did so since the reading before.
    is_reset : bool
        Whether the meter was replaced or set back since the reading before.
    """

    value: float
    rollover_at: float | None = None
    is_reset: bool = False


def running_total(readings: Sequence[MeterReading]) -> tuple[float, bool]:
    """Give the use since the first reading, and whether a fall of the meter needs to be explained.

    Parameters
    ----------
    readings : Sequence[MeterReading]
        In order of time.

    Notes
    -----
    Use never falls: a reading below the one before counts nothing until a reset or a rollover is recorded.
    """
    total, is_unexplained = 0.0, False
    for before, now in pairwise(readings):
        if now.is_reset:
            # A new meter begins at 0: all that it shows has been used since.
            total += max(now.value, 0.0)
        elif now.rollover_at is not None and now.value < before.value:
            total += max(now.rollover_at - before.value, 0.0) + now.value
        elif now.value >= before.value:
            total += now.value - before.value
        else:
            is_unexplained = True
    return total, is_unexplained


def forecast_due(
    by_time: CalendarRule, by_meter: MeterRule, *, last_done_on: date, use_since: float, use_per_day: float, on: date
) -> date:
    """Give the day on which whichever of time and use comes first is expected.

    Parameters
    ----------
    by_time : CalendarRule
        Its interval counts from the day it was done.
    by_meter : MeterRule
        Its interval counts from then as well.
    last_done_on : date
        When it was done.
    use_since, use_per_day : float
        Use since then up to ``on``, and expected use, in the meter's unit.
    on : date
        The present day.
    """
    time_due = allowed_day(by_time, add_months(last_done_on, by_time.months))
    by_use = day_of_use(left=by_meter.every - use_since, per_day=use_per_day, on=on)
    return time_due if by_use is None else min(time_due, by_use)


_LONGEST_DAYS = 100 * 366  # no device lives longer, and the calendar of Python ends


def day_of_use(*, left: float, per_day: float, on: date) -> date | None:
    """Give the day on which so much use is expected to be over; None if it is not foreseeable.

    Parameters
    ----------
    left, per_day : float
        Use that is left, below 0 if it is over already, and expected use, in the meter's unit.
    on : date
        The present day.

    Examples
    --------
    >>> day_of_use(left=25.0, per_day=10.0, on=date(2026, 1, 5)).isoformat()
    '2026-01-08'
    """
    if per_day <= 0.0:
        return on if left <= 0.0 else None
    days = max(left, 0.0) / per_day
    return on + timedelta(days=math.ceil(days)) if days <= _LONGEST_DAYS else None


def compliance_of(performed: Sequence[Performed], *, as_of: date) -> Compliance:
    """Give the compliance of all maintenance due in a period, by due day.

    Parameters
    ----------
    performed : Sequence[Performed]
        All that was due in the period.
    as_of : date
        What was done later is not yet known.

    Notes
    -----
    An excuse counts only if it was approved before the window closed; what was done in time needs none.
    """
    in_window = late = excused = done_any = faults = 0
    reasons: Counter[str] = Counter()
    for one in performed:
        done = one.done_on if one.done_on is not None and one.done_on <= as_of else None
        done_any += done is not None
        faults += done is not None and one.found_fault
        closes = one.due_on + timedelta(days=one.window_days)
        if done is not None and is_in_window(done, due_on=one.due_on, window_days=one.window_days):
            in_window += 1
        # Excuses after the window would turn every late job into an excused one.
        elif one.excuse and one.excused_on is not None and one.excused_on <= min(closes, as_of):
            excused += 1
            reasons[one.excuse] += 1
        elif done is not None:
            late += 1
    due = len(performed)
    return Compliance(
        due=due,
        in_window=in_window,
        late=late,
        not_done=due - in_window - late - excused,
        excused=excused,
        strict=in_window / due if due else None,
        excused_adjusted=in_window / (due - excused) if due > excused else None,
        naive=done_any / due if due else None,
        yield_share=faults / done_any if done_any else None,
        reasons=dict(reasons),
    )

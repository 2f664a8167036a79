"""Failure data from a CSV file, and what can honestly be said of them."""

from __future__ import annotations

import csv
import io
import math
import re
from collections import defaultdict
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta

from assets.rules.reliability.observation import FEWEST_EVENTS, Observation, TooFewEvents, lifetimes_of
from assets.rules.reliability.rates import mean_time_between_failures
from assets.rules.reliability.repairable import History, fit_power_law, mean_cumulative, trend_of
from assets.rules.reliability.survival import median_age, median_interval, survival_steps
from assets.rules.reliability.weibull import fit_weibull
from twin.errors import FieldProblem, ImportRefused, InputError

COLUMNS = ("asset", "start", "end", "event")
_EVENT = {
    **dict.fromkeys(("1", "1.0", "true", "t", "yes", "y", "failure", "failed", "fail"), True),
    **dict.fromkeys(("0", "0.0", "false", "f", "no", "n", "", "censored", "alive", "suspended", "suspension"), False),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureRow:
    """One row: a device watched from one age to another, and whether it failed then; ``place`` is its line."""

    asset: str
    start: float
    end: float
    is_event: bool
    place: str = ""


def read_failures(text: str, *, source: str) -> list[FailureRow]:
    """Read failure data.

    Parameters
    ----------
    text : str
        CSV with a header naming ``asset``, ``start``, ``end``, ``event``, split by comma, semicolon, tab or bar; ages
        as numbers in one unit of time, or days as ISO 8601 dates (then each device's age counts in days from its first
        start); event 1 for a failure at ``end`` and 0 for still alive. A device that is watched on after a failure is
        a repairable one; rows of a device without a failure in between are one watch.
    source : str
        Name of the file for messages.

    Raises
    ------
    ImportRefused
        If a column is missing or any row cannot be used; every problem is named with its row.
    """
    plain = text.removeprefix("\ufeff")
    declared = re.match(r"sep=(.)\r?\n", plain)  # Excel's own first line
    skipped = 1 if declared else 0
    plain = plain[declared.end() :] if declared else plain
    head = plain.split("\n", 1)[0]
    split = declared.group(1) if declared else max((";", "\t", "|", ","), key=head.count)
    reader = csv.DictReader(io.StringIO(plain, newline=""), skipinitialspace=True, delimiter=split)
    try:
        lines = [(reader.line_num + skipped, record) for record in reader]
    except csv.Error as error:
        cure = "Save the table as CSV in UTF-8."
        problem = FieldProblem(
            field="row", place=f"row {reader.line_num + skipped + 1}", message=f"{error}.", cure=cure
        )
        raise ImportRefused(source, [problem]) from error
    names = {(name or "").strip().lower(): name for name in reader.fieldnames or ()}
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        cure = f"Begin the file with {','.join(COLUMNS)}."
        raise ImportRefused(
            source,
            [
                FieldProblem(field=name, place=f"row {skipped + 1}", message="There is no such column.", cure=cure)
                for name in missing
            ],
        )
    rows: list[FailureRow] = []
    problems: list[FieldProblem] = []
    records = [{name: (record.get(names[name]) or "").strip() for name in COLUMNS} for _, record in lines]
    if split != ",":
        # Where no comma parts the fields, it is the decimal mark.
        records = [record | {name: record[name].replace(",", ".") for name in ("start", "end")} for record in records]
    for (number, _), values in zip(lines, _with_ages(records), strict=True):
        found = _row(values, f"row {number}", problems)
        if found is not None:
            rows.append(found)
    problems += _overlaps(rows)
    if not rows and not problems:
        problems.append(FieldProblem(field="asset", place="row 2", message="There are no rows.", cure="Add some."))
    if problems:
        raise ImportRefused(source, problems)
    return rows


def _with_ages(records: list[dict[str, str]]) -> list[dict[str, str]]:
    """Turn calendar days into ages in days since each device's first start; numbers stay as they are."""
    days = [{name: _day(record[name]) for name in ("start", "end")} for record in records]
    if not any(value is not None for day in days for value in day.values()):
        return records
    first: dict[str, float] = {}
    for record, day in zip(records, days, strict=True):
        begin = day["start"] if day["start"] is not None else day["end"]
        if begin is not None:
            first[record["asset"]] = min(first.get(record["asset"], begin), begin)
    found = []
    for record, day in zip(records, days, strict=True):
        zero = first.get(record["asset"], 0.0)
        ages = {name: record[name] if (at := day[name]) is None else repr(at - zero) for name in ("start", "end")}
        found.append(record | ages)
    return found


def _day(text: str) -> float | None:
    # No digit may follow: 20260131 is a day, 202601311 an age.
    if not re.match(r"\d{4}-?\d\d-?\d\d(?!\d)", text):
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (at.replace(tzinfo=at.tzinfo or UTC) - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(days=1)


def _row(values: dict[str, str], place: str, problems: list[FieldProblem]) -> FailureRow | None:
    count = len(problems)
    numbers = {}
    for name in ("start", "end"):
        try:
            numbers[name] = float(values[name]) if values[name] or name == "end" else 0.0
        except ValueError:
            numbers[name] = math.nan
        if not math.isfinite(numbers[name]):
            cure = "Give an age in hours, days or cycles, or a day as 2026-01-31."
            problems.append(FieldProblem(field=name, place=place, message=f"{values[name]!r} is no number.", cure=cure))
    event = _EVENT.get(values["event"].lower())
    if event is None:
        message, cure = f"{values['event']!r} is no event.", "Give 1 for a failure, 0 for none."
        problems.append(FieldProblem(field="event", place=place, message=message, cure=cure))
    if not values["asset"]:
        problems.append(FieldProblem(field="asset", place=place, message="It is empty.", cure="Name the device."))
    if len(problems) == count and not 0.0 <= numbers["start"] < numbers["end"]:
        message = f"Expected 0 <= start < end, got {numbers['start']} and {numbers['end']}."
        problems.append(FieldProblem(field="end", place=place, message=message, cure="Give ages, start before end."))
    if len(problems) > count:
        return None
    start, end = numbers["start"], numbers["end"]
    return FailureRow(asset=values["asset"], start=start, end=end, is_event=bool(event), place=place)


def _overlaps(rows: list[FailureRow]) -> list[FieldProblem]:
    latest: dict[str, FailureRow] = {}
    problems = []
    for row in sorted(rows, key=lambda one: (one.asset, one.start)):
        before = latest.get(row.asset)
        if before is not None and row.start < before.end:
            message = f"{row.asset} is watched twice from {row.start:g} on: here and in {before.place}."
            problems.append(FieldProblem(field="start", place=row.place, message=message, cure="Let rows follow."))
        if before is None or row.end > before.end:
            latest[row.asset] = row
    return problems


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityReport:
    """What can be said of failure data; what cannot is named in ``refused`` with a stable code.

    Parameters
    ----------
    devices, events : int
        What it rests on.
    time : float
        Watched time in all.
    is_repairable : bool
        Whether a device was watched on after a failure.
    rate, weibull, survival, median, median_low, median_high, power_law, trend, mean_cumulative
        Results as plain values, each with its n and interval; None where not given.
    refused : dict[str, str]
        Code of the reason by result that is not given.
    """

    devices: int
    events: int
    time: float
    is_repairable: bool
    rate: dict[str, object]
    weibull: dict[str, object] | None = None
    survival: list[dict[str, object]] | None = None
    median: float | None = None
    median_low: float | None = None
    median_high: float | None = None
    power_law: dict[str, object] | None = None
    trend: dict[str, object] | None = None
    mean_cumulative: list[dict[str, object]] | None = None
    refused: dict[str, str] = field(default_factory=dict)


def analyse_failures(rows: list[FailureRow], *, confidence: float = 0.95) -> ReliabilityReport:
    """Say what can be said of failure data.

    Parameters
    ----------
    rows : list[FailureRow]
        As :func:`read_failures` gives them.
    confidence : float
        Two-sided, of all intervals.

    Notes
    -----
    Lifetimes of devices that are watched once are fitted by Weibull and Kaplan-Meier. Failures of devices that were
    repaired are no lifetimes: they are treated as recurrent events by a power law, a trend test and the mean
    cumulative function. Watching that began at an age above 0 is left truncation in all of them.
    """
    by_asset = _watches(rows)
    events = sum(row.is_event for row in rows)
    time = sum(row.end - row.start for row in rows)
    # Watched on after a failure, it was repaired: its failures are recurrent events and no ends of lifetimes.
    is_repairable = any(row.is_event for own in by_asset.values() for row in own[:-1])
    rate = asdict(mean_time_between_failures(time, events, confidence=confidence))
    refused = {}
    if events < FEWEST_EVENTS:
        # The interval still says what is known; a point in so wide a range would only be read as more than it is.
        rate["point"], refused["rate"] = None, TooFewEvents.code
    base = ReliabilityReport(
        devices=len(by_asset),
        events=events,
        time=time,
        is_repairable=is_repairable,
        rate=rate,
        refused=refused,
    )
    watched = [row for own in by_asset.values() for row in own]
    return _recurrent(base, by_asset, confidence) if is_repairable else _lifetimes(base, watched, confidence)


def _watches(rows: list[FailureRow]) -> dict[str, list[FailureRow]]:
    """Give each device's watches in order; those that follow each other without a failure in between are one."""
    by_asset: defaultdict[str, list[FailureRow]] = defaultdict(list)
    for row in sorted(rows, key=lambda one: one.start):
        own = by_asset[row.asset]
        if own and own[-1].end == row.start and not own[-1].is_event:
            own[-1] = replace(row, start=own[-1].start)
        else:
            own.append(row)
    return dict(by_asset)


def _lifetimes(base: ReliabilityReport, rows: list[FailureRow], confidence: float) -> ReliabilityReport:
    observations = [Observation(start=r.start, end=r.end, is_event=r.is_event, asset=r.asset) for r in rows]
    refused = dict(base.refused)
    try:
        lifetimes = lifetimes_of(observations)
    except TooFewEvents as error:
        return replace(base, refused=refused | dict.fromkeys(("weibull", "survival"), error.code))
    steps = survival_steps(lifetimes, confidence=confidence)
    low, high = median_interval(steps)
    found = replace(
        base, survival=[asdict(step) for step in steps], median=median_age(steps), median_low=low, median_high=high
    )
    try:
        return replace(found, weibull=asdict(fit_weibull(lifetimes, confidence=confidence)))
    except InputError as error:
        return replace(found, refused=refused | {"weibull": error.code})


def _recurrent(base: ReliabilityReport, by_asset: dict[str, list[FailureRow]], confidence: float) -> ReliabilityReport:
    refused = base.refused | {"weibull": "reliability.repairable", "survival": "reliability.repairable"}
    histories = [history for own in by_asset.values() for history in _histories(own)]
    found = replace(base, mean_cumulative=[asdict(step) for step in mean_cumulative(histories)])
    if base.events < FEWEST_EVENTS:
        found = replace(found, mean_cumulative=None)
        refused["mean_cumulative"] = TooFewEvents.code
    try:
        found = replace(found, power_law=asdict(fit_power_law(histories, confidence=confidence)))
    except InputError as error:
        refused["power_law"] = error.code
    try:
        found = replace(found, trend=asdict(trend_of(*histories, confidence=confidence)))
    except InputError as error:
        refused["trend"] = error.code
    return replace(found, refused=refused)


def _histories(own: list[FailureRow]) -> list[History]:
    """Give one history per unbroken watch of a device; before and between them its failures are unknown."""
    found: list[History] = []
    for row in own:
        times = (row.end,) if row.is_event else ()
        if found and found[-1].end == row.start:
            found[-1] = replace(
                found[-1], times=found[-1].times + times, end=row.end, is_failure_terminated=row.is_event
            )
        else:
            found.append(History(times=times, start=row.start, end=row.end, is_failure_terminated=row.is_event))
    return found

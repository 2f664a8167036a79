"""Failure data from a CSV file, and what can honestly be said of them."""

from __future__ import annotations

import csv
import io
import math
from collections import defaultdict
from dataclasses import asdict, dataclass, replace

from assets.rules.reliability.observation import Observation, TooFewEvents, lifetimes_of
from assets.rules.reliability.rates import mean_time_between_failures
from assets.rules.reliability.repairable import History, fit_power_law, mean_cumulative, trend_of
from assets.rules.reliability.survival import median_age, survival_steps
from assets.rules.reliability.weibull import fit_weibull
from twin.errors import FieldProblem, ImportRefused, InputError

COLUMNS = ("asset", "start", "end", "event")
_EVENT = {"1": True, "true": True, "yes": True, "failure": True, "0": False, "false": False, "no": False, "": False,
          "censored": False}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureRow:
    """One row: a device watched from one age to another, and whether it failed then."""

    asset: str
    start: float
    end: float
    is_event: bool


def read_failures(text: str, *, source: str) -> list[FailureRow]:
    """Read failure data.

    Parameters
    ----------
    text : str
        CSV with a header naming ``asset``, ``start``, ``end``, ``event``; ages as numbers in one unit of time, event 1
        for a failure at ``end`` and 0 for still alive. A device with several rows is a repairable one.
    source : str
        Name of the file for messages.

    Raises
    ------
    ImportRefused
        If a column is missing or any row cannot be used; every problem is named with its row.
    """
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), skipinitialspace=True)
    names = {(name or "").strip().lower(): name for name in reader.fieldnames or ()}
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        cure = f"Begin the file with {','.join(COLUMNS)}."
        raise ImportRefused(source, [
            FieldProblem(field=name, place="row 1", message="There is no such column.", cure=cure) for name in missing
        ])  # fmt: skip
    rows: list[FailureRow] = []
    problems: list[FieldProblem] = []
    for number, record in enumerate(reader, start=2):
        values = {name: (record.get(names[name]) or "").strip() for name in COLUMNS}
        found = _row(values, f"row {number}", problems)
        if found is not None:
            rows.append(found)
    problems += _overlaps(rows)
    if not rows and not problems:
        problems.append(FieldProblem(field="asset", place="row 2", message="There are no rows.", cure="Add some."))
    if problems:
        raise ImportRefused(source, problems)
    return rows


def _row(values: dict[str, str], place: str, problems: list[FieldProblem]) -> FailureRow | None:
    count = len(problems)
    numbers = {}
    for name in ("start", "end"):
        try:
            numbers[name] = float(values[name]) if values[name] or name == "end" else 0.0
        except ValueError:
            numbers[name] = math.nan
        if not math.isfinite(numbers[name]):
            cure = "Give an age in hours, days or cycles."
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
    return FailureRow(asset=values["asset"], start=numbers["start"], end=numbers["end"], is_event=bool(event))


def _overlaps(rows: list[FailureRow]) -> list[FieldProblem]:
    latest: dict[str, float] = {}
    problems = []
    for row in sorted(rows, key=lambda one: (one.asset, one.start)):
        if row.start < latest.get(row.asset, 0.0):
            message = f"{row.asset} is watched twice from {row.start} on."
            problems.append(FieldProblem(field="start", place=row.asset, message=message, cure="Let rows follow."))
        latest[row.asset] = row.end
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
    rate, weibull, survival, median, power_law, trend, mean_cumulative
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
    power_law: dict[str, object] | None = None
    trend: dict[str, object] | None = None
    mean_cumulative: list[dict[str, object]] | None = None
    refused: dict[str, str] | None = None


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
    repaired are no lifetimes: they are treated as recurrent events by a power law, a trend test (one device) and the
    mean cumulative function.
    """
    by_asset: defaultdict[str, list[FailureRow]] = defaultdict(list)
    for row in rows:
        by_asset[row.asset].append(row)
    events = sum(row.is_event for row in rows)
    time = sum(row.end - row.start for row in rows)
    is_repairable = any(len(own) > 1 for own in by_asset.values())
    base = ReliabilityReport(
        devices=len(by_asset),
        events=events,
        time=time,
        is_repairable=is_repairable,
        rate=asdict(mean_time_between_failures(time, events, confidence=confidence)),
    )
    return _recurrent(base, by_asset, confidence) if is_repairable else _lifetimes(base, rows, confidence)


def _lifetimes(base: ReliabilityReport, rows: list[FailureRow], confidence: float) -> ReliabilityReport:
    observations = [Observation(start=r.start, end=r.end, is_event=r.is_event, asset=r.asset) for r in rows]
    try:
        lifetimes = lifetimes_of(observations)
    except TooFewEvents as error:
        return replace(base, refused=dict.fromkeys(("weibull", "survival"), error.code))
    steps = survival_steps(lifetimes, confidence=confidence)
    found = replace(base, survival=[asdict(step) for step in steps], median=median_age(steps))
    try:
        return replace(found, weibull=asdict(fit_weibull(lifetimes, confidence=confidence)))
    except InputError as error:
        return replace(found, refused={"weibull": error.code})


def _recurrent(base: ReliabilityReport, by_asset: dict[str, list[FailureRow]], confidence: float) -> ReliabilityReport:
    refused = {"weibull": "reliability.repairable", "survival": "reliability.repairable"}
    histories = [
        History(
            times=tuple(sorted(row.end for row in own if row.is_event)),
            end=max(row.end for row in own),
            is_failure_terminated=max(own, key=lambda row: row.end).is_event,
        )
        for own in by_asset.values()
    ]
    found = replace(base, refused=refused)
    if any(min(row.start for row in own) > 0.0 for own in by_asset.values()):
        # Failures before the watch began are unknown, so that ages cannot be taken for a process from new.
        refused |= dict.fromkeys(("power_law", "trend", "mean_cumulative"), "reliability.left_truncated")
        return found
    found = replace(found, mean_cumulative=[asdict(step) for step in mean_cumulative(histories)])
    try:
        found = replace(found, power_law=asdict(fit_power_law(histories, confidence=confidence)))
        if len(histories) > 1:
            refused["trend"] = "reliability.several_systems"
            return found
        return replace(found, trend=asdict(trend_of(histories[0], confidence=confidence)))
    except InputError as error:
        refused |= dict.fromkeys(("power_law", "trend"), error.code)
        return found

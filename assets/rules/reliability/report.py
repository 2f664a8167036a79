"""What can honestly be said of failure data, and the code of what cannot."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

from assets.rules.reliability.competing import cumulative_incidence
from assets.rules.reliability.observation import FEWEST_EVENTS, Observation, TooFewEvents, lifetimes_of
from assets.rules.reliability.rates import mean_time_between_failures
from assets.rules.reliability.repairable import History, fit_power_law, mean_cumulative, trend_of
from assets.rules.reliability.replacement_age import ReplacementAge, cheapest_replacement_age, minimal_repair_age
from assets.rules.reliability.survival import median_age, median_interval, survival_steps
from assets.rules.reliability.weibull import fit_weibull
from twin.errors import InputError


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
    rate, weibull, survival, median, median_low, median_high, cumulative_incidence, power_law, trend, mean_cumulative
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
    cumulative_incidence: dict[str, list[dict[str, object]]] | None = None
    power_law: dict[str, object] | None = None
    trend: dict[str, object] | None = None
    mean_cumulative: list[dict[str, object]] | None = None
    refused: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What replacing and failing cost, in one currency, each above 0.

    Parameters
    ----------
    planned : float
        Of a planned replacement.
    failure : float
        Of a failure: the replacement after it, or for a device that is repaired the repair.
    """

    planned: float
    failure: float

    def __post_init__(self) -> None:
        """Refuse what is no cost."""
        if not (0.0 < self.planned < math.inf and 0.0 < self.failure < math.inf):
            raise ValueError(f"Expected costs above 0, got {self.planned} and {self.failure}.")


def replacement_of(report: ReliabilityReport, costs: Costs) -> dict[str, object]:
    """Give the age at which replacing is cheapest, by the fit of a report, with the same for the shape's bounds.

    Parameters
    ----------
    report : ReliabilityReport
        With a fitted Weibull distribution or power law.
    costs : Costs
        Of a plan and of a failure.

    Returns
    -------
    dict[str, object]
        ``age`` (None: run to failure), ``at_shape_low`` and ``at_shape_high`` (the age were the shape at its interval's
        ends), ``method`` and ``events``; for lifetimes also ``cost_rate`` and ``run_to_failure_cost_rate``.

    Raises
    ------
    InputError
        With the code of what the report refuses, if nothing is fitted.
    """
    if report.weibull is not None:
        fit = report.weibull
        ages = {name: _age_of_lifetimes(_figure(fit, name), _figure(fit, "scale"), costs) for name in _SHAPES}
        best = ages["shape"]
        return _ages("age_replacement", fit, {name: found.age for name, found in ages.items()}) | {
            "cost_rate": best.cost_rate,
            "run_to_failure_cost_rate": best.run_to_failure_cost_rate,
        }
    if report.power_law is not None:
        law = report.power_law
        return _ages("minimal_repair", law, {name: _age_of_repairs(law, _figure(law, name), costs) for name in _SHAPES})
    code = report.refused.get("power_law") or report.refused.get("weibull", TooFewEvents.code)
    raise InputError("Nothing is fitted, so that no age can be told.", code=code)


UNSPECIFIED = "unspecified"
"""Stands for the cause of a failure of which nobody said one."""

_LARGEST_LOG = 700.0  # e to this is near the largest float
_SHAPES = ("shape", "shape_low", "shape_high")


def _figure(fit: Mapping[str, object], name: str) -> float:
    value = fit[name]
    assert isinstance(value, int | float)  # noqa: S101  # a field of the fit, as asdict gave it
    return float(value)


def _ages(method: str, fit: Mapping[str, object], ages: Mapping[str, float | None]) -> dict[str, object]:
    return {
        "method": method,
        "age": ages["shape"],
        "at_shape_low": ages["shape_low"],
        "at_shape_high": ages["shape_high"],
        "events": fit["events"],
        "confidence": fit["confidence"],
    }


def _age_of_lifetimes(shape: float, scale: float, costs: Costs) -> ReplacementAge:
    return cheapest_replacement_age(shape=shape, scale=scale, planned_cost=costs.planned, failure_cost=costs.failure)


def _age_of_repairs(law: Mapping[str, object], shape: float, costs: Costs) -> float | None:
    rate, each = _figure(law, "rate"), _figure(law, "events") / _figure(law, "systems")
    if rate <= 0.0 or shape <= 0.0:
        return None  # failures so close together that the fit says nothing about earlier ages
    # Every shape is drawn through the age up to which a system is expected to have failed as often as they did.
    log_reached = (math.log(each) - math.log(rate)) / _figure(law, "shape")
    log_scale = log_reached - math.log(each) / shape
    if abs(log_scale) > _LARGEST_LOG:
        return None
    return minimal_repair_age(
        shape=shape, scale=math.exp(log_scale), planned_cost=costs.planned, repair_cost=costs.failure
    )


def analyse_failures(rows: Sequence[Observation], *, confidence: float = 0.95) -> ReliabilityReport:
    """Say what can be said of failure data.

    Parameters
    ----------
    rows : Sequence[Observation]
        Watches, those of one device without an overlap, in any order; at least one.
    confidence : float
        Two-sided, of all intervals.

    Notes
    -----
    Lifetimes of devices that are watched once are fitted by Weibull and Kaplan-Meier. Failures of devices that were
    repaired are no lifetimes: they are treated as recurrent events by a power law, a trend test and the mean
    cumulative function. Watching that began at an age above 0 is left truncation in all of them. Where causes are told,
    the share of devices that have failed from each is given beside the others; failures without one stand under
    ``unspecified``.
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


def _watches(rows: Sequence[Observation]) -> dict[str, list[Observation]]:
    """Give each device's watches in order; those that follow each other without a failure in between are one."""
    by_asset: defaultdict[str, list[Observation]] = defaultdict(list)
    for row in sorted(rows, key=lambda one: one.start):
        own = by_asset[row.asset]
        if own and own[-1].end == row.start and not own[-1].is_event:
            own[-1] = replace(row, start=own[-1].start)
        else:
            own.append(row)
    return dict(by_asset)


def _lifetimes(base: ReliabilityReport, rows: list[Observation], confidence: float) -> ReliabilityReport:
    refused = dict(base.refused)
    try:
        lifetimes = lifetimes_of(rows)
    except TooFewEvents as error:
        silent = ["weibull", "survival", *(["cumulative_incidence"] if any(row.cause for row in rows) else [])]
        return replace(base, refused=refused | dict.fromkeys(silent, error.code))
    steps = survival_steps(lifetimes, confidence=confidence)
    low, high = median_interval(steps)
    found = replace(
        base, survival=[asdict(step) for step in steps], median=median_age(steps), median_low=low, median_high=high
    )
    if any(row.cause for row in rows):
        causes = [row.cause or UNSPECIFIED for row in rows]
        shares = cumulative_incidence(lifetimes, causes, confidence=confidence)
        told = {cause: [asdict(step) for step in own] for cause, own in shares.items()}
        found = replace(found, cumulative_incidence=told)
    try:
        return replace(found, weibull=asdict(fit_weibull(lifetimes, confidence=confidence)))
    except InputError as error:
        return replace(found, refused=refused | {"weibull": error.code})


def _recurrent(base: ReliabilityReport, by_asset: dict[str, list[Observation]], confidence: float) -> ReliabilityReport:
    refused = base.refused | {"weibull": "reliability.repairable", "survival": "reliability.repairable"}
    if any(row.cause for own in by_asset.values() for row in own):
        refused["cumulative_incidence"] = "reliability.repairable"
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


def _histories(own: list[Observation]) -> list[History]:
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

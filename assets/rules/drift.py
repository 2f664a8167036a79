"""Slow change of a machine's own figures against its healthy baseline: EWMA and CUSUM charts."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.special import stdtrit

from assets.model.drift import Baseline, ChartKind, Direction, DriftChart, DriftWatch, Observation


@dataclass(frozen=True, slots=True, kw_only=True)
class EwmaChart:
    """Exponentially weighted moving averages with limits.

    Parameters
    ----------
    values : tuple[float, ...]
        One average per observation.
    low, high : float
        Limits in the long run.
    alarms : tuple[int, ...]
        Indices beyond their limit at that time, counted from 0.
    """

    values: tuple[float, ...]
    low: float
    high: float
    alarms: tuple[int, ...]


def ewma(
    observations: Sequence[float],
    *,
    target: float,
    sigma: float,
    weight: float = 0.2,
    width: float = 3.0,
    has_starting_limits: bool = False,
) -> EwmaChart:
    """Give the EWMA chart of observations.

    Parameters
    ----------
    observations : Sequence[float]
        In order of time.
    target, sigma : float
        Mean and standard deviation of the healthy machine, sigma above 0.
    weight : float
        Of the newest observation, above 0 and at most 1.
    width : float
        Of the limits in their own standard deviations.
    has_starting_limits : bool
        Whether the limits are narrower at the beginning, as the variance then is.

    Notes
    -----
    z_i = λ x_i + (1 - λ) z_(i-1) with z_0 the target; limits target ± L σ √(λ/(2 - λ) [1 - (1 - λ)^(2i)]).

    References
    ----------
    NIST/SEMATECH e-Handbook 6.3.2.4; Roberts (1959).
    """
    if not (0.0 < weight <= 1.0 and sigma > 0.0):
        raise ValueError(f"Expected 0 < weight <= 1 and sigma > 0, got {weight} and {sigma}.")
    spread = width * sigma * math.sqrt(weight / (2.0 - weight))
    values, alarms, average = [], [], target
    for index, value in enumerate(observations):
        average = weight * value + (1.0 - weight) * average
        values.append(average)
        growth = math.sqrt(1.0 - (1.0 - weight) ** (2 * (index + 1))) if has_starting_limits else 1.0
        if abs(average - target) > spread * growth:
            alarms.append(index)
    return EwmaChart(values=tuple(values), low=target - spread, high=target + spread, alarms=tuple(alarms))


@dataclass(frozen=True, slots=True, kw_only=True)
class CusumChart:
    """Tabular cumulative sums.

    Parameters
    ----------
    above, below : tuple[float, ...]
        Sums in units of sigma.
    alarms : tuple[int, ...]
        Indices at which one exceeds the decision limit, counted from 0.
    """

    above: tuple[float, ...]
    below: tuple[float, ...]
    alarms: tuple[int, ...]


def cusum(
    observations: Sequence[float], *, target: float, sigma: float, slack: float = 0.5, limit: float = 5.0
) -> CusumChart:
    """Give the tabular CUSUM of observations.

    Parameters
    ----------
    observations : Sequence[float]
        In order of time.
    target, sigma : float
        Mean and standard deviation of the healthy machine, sigma above 0.
    slack, limit : float
        k and h in units of sigma.

    References
    ----------
    Page (1954); Montgomery, Introduction to Statistical Quality Control, section 9.1.
    """
    if not sigma > 0.0:
        raise ValueError(f"Expected sigma > 0, got {sigma}.")
    above, below, alarms = [], [], []
    high = low = 0.0
    for index, value in enumerate(observations):
        step = (value - target) / sigma
        high, low = max(0.0, high + step - slack), max(0.0, low - step - slack)
        above.append(high)
        below.append(low)
        if max(high, low) > limit:
            alarms.append(index)
    return CusumChart(above=tuple(above), below=tuple(below), alarms=tuple(alarms))


def learn_baseline(values: Sequence[float], *, least_sigma: float = 0.0) -> Baseline | None:
    """Give mean and standard deviation of a healthy device; None where its figures do not vary at all.

    Parameters
    ----------
    values : Sequence[float]
        At least two observations.
    least_sigma : float
        Smallest spread that is believed.
    """
    sigma = max(statistics.stdev(values), least_sigma)
    # Without any spread each later bit of noise would be infinitely many standard deviations.
    return Baseline(mean=statistics.fmean(values), sigma=sigma, n=len(values)) if sigma > 0.0 else None


def mean_interval(baseline: Baseline, *, confidence: float = 0.9) -> tuple[float, float]:
    """Give the two-sided interval of a healthy mean.

    Parameters
    ----------
    baseline : Baseline
        Learnt from at least two observations.
    confidence : float
        Two-sided, above 0 and below 1.

    Notes
    -----
    mean ± t(n - 1) · sigma / √n, with Student's quantile.
    """
    width = float(stdtrit(baseline.n - 1, 0.5 + confidence / 2.0)) * baseline.sigma / math.sqrt(baseline.n)
    return baseline.mean - width, baseline.mean + width


def chart_drift(observations: Sequence[Observation], watch: DriftWatch, *, charted_since: int = 0) -> DriftChart:
    """Chart what was observed of a device against its own healthy beginning.

    Parameters
    ----------
    observations : Sequence[Observation]
        In order of time; those before the watch's ``since_at`` are passed over.
    watch : DriftWatch
        Baseline, limits and direction.
    charted_since : int
        Charts begin anew after this instant, UTC microseconds: an earlier alarm was found to be none.

    Returns
    -------
    DriftChart
        Without a baseline while fewer than ``baseline_n`` observations have come, or they do not vary.
    """
    own = tuple(one for one in observations if one.at >= watch.since_at)
    plain = DriftChart(observations=own)
    if len(own) < watch.baseline_n:
        return plain
    baseline = learn_baseline([one.value for one in own[: watch.baseline_n]], least_sigma=watch.least_sigma)
    if baseline is None:
        return plain
    first = next((i for i in range(watch.baseline_n, len(own)) if own[i].at > charted_since), len(own))
    values = [one.value for one in own[first:]]
    target, sigma = baseline.mean, baseline.sigma
    averages = ewma(values, target=target, sigma=sigma, weight=watch.weight, width=watch.width)
    sums = cusum(values, target=target, sigma=sigma, slack=watch.slack, limit=watch.limit)
    by_ewma = _first(averages.values, averages.low, averages.high, watch.direction)
    by_cusum = _first_sum(sums, watch)
    found = [index for index in (by_ewma, by_cusum) if index >= 0]
    alarm = min(found, default=-1)
    kinds = ((ChartKind.EWMA, by_ewma), (ChartKind.CUSUM, by_cusum))
    return DriftChart(
        observations=own,
        baseline=baseline,
        ewma=averages.values,
        ewma_low=averages.low,
        ewma_high=averages.high,
        cusum_up=sums.above,
        cusum_down=sums.below,
        charted_from=first,
        alarm_index=first + alarm if alarm >= 0 else -1,
        alarm_by=tuple(kind for kind, index in kinds if index == alarm and alarm >= 0),
    )


def _first(values: Sequence[float], low: float, high: float, direction: Direction) -> int:
    for index, value in enumerate(values):
        is_up = value > high and direction is not Direction.DOWN
        if is_up or (value < low and direction is not Direction.UP):
            return index
    return -1


def _first_sum(sums: CusumChart, watch: DriftWatch) -> int:
    for index, (above, below) in enumerate(zip(sums.above, sums.below, strict=True)):
        is_up = above > watch.limit and watch.direction is not Direction.DOWN
        if is_up or (below > watch.limit and watch.direction is not Direction.UP):
            return index
    return -1

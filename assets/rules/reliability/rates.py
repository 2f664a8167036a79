"""Constant rates: MTBF with exact intervals, spare parts, pooling, and comparison of two periods."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import digamma, gammaincinv, gammaln, zeta
from scipy.stats import beta as beta_distribution
from scipy.stats import poisson


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanTime:
    """Mean time between failures with its interval.

    Parameters
    ----------
    point : float or None
        None without a failure: then only a lower bound can be given.
    low : float
        Lower bound.
    high : float or None
        Upper bound; None without a failure.
    events : int
        Failures.
    time : float
        Operating time.
    confidence : float
        Two-sided, 0..1.
    """

    point: float | None
    low: float
    high: float | None
    events: int
    time: float
    confidence: float


def mean_time_between_failures(
    time: float, events: int, *, confidence: float = 0.9, is_failure_terminated: bool = False
) -> MeanTime:
    """Give the mean time between failures of a constant rate.

    Parameters
    ----------
    time : float
        Operating time, above 0.
    events : int
        Failures in it, not below 0.
    confidence : float
        Two-sided, above 0 and below 1.
    is_failure_terminated : bool
        Whether watching ended with the last failure.

    Notes
    -----
    Lower bound 2T/χ²(1 - a/2; 2r + 2), upper 2T/χ²(a/2; 2r); with 2r in both if watching ended with a failure.

    References
    ----------
    NIST/SEMATECH e-Handbook 8.4.5.1; IEC 60605-4.
    """
    if not (time > 0.0 and events >= 0 and 0.0 < confidence < 1.0):
        raise ValueError(f"Expected time > 0, events >= 0, confidence in (0, 1), got {time}, {events}, {confidence}.")
    tail = (1.0 - confidence) / 2.0
    freedom = 2 * events if is_failure_terminated and events else 2 * events + 2
    return MeanTime(
        point=time / events if events else None,
        low=time / float(gammaincinv(freedom / 2.0, 1.0 - tail)),
        high=time / float(gammaincinv(events, tail)) if events else None,
        events=events,
        time=time,
        confidence=confidence,
    )


def spares_for(mean_demand: float, service: float) -> tuple[int, float]:
    """Give the least spare parts for a service level, and the level that they reach.

    Parameters
    ----------
    mean_demand : float
        Expected demand within the lead time: fleet failure rate times lead time, not below 0.
    service : float
        Wanted probability that no demand waits, 0..1 exclusive.

    Examples
    --------
    >>> spares_for(1.0, 0.95)[0]
    3
    """
    if not (mean_demand >= 0.0 and 0.0 < service < 1.0):
        raise ValueError(f"Expected demand >= 0 and service in (0, 1), got {mean_demand} and {service}.")
    spares = int(poisson.ppf(service, mean_demand)) if mean_demand > 0.0 else 0
    return spares, float(poisson.cdf(spares, mean_demand)) if mean_demand > 0.0 else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledRate:
    """The failure rate of one device, drawn towards its fellows.

    Parameters
    ----------
    rate, low, high : float
        Posterior mean and interval, per unit of time.
    events : int
        Its own failures.
    time : float
        Its own time.
    """

    rate: float
    low: float
    high: float
    events: int
    time: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Devices of one model and age band, each with a pooled rate.

    Parameters
    ----------
    shape, rate : float
        Gamma prior; ``rate`` is in units of time. Infinite shape means that all devices are alike.
    devices : tuple[PooledRate, ...]
        In the given order.
    """

    shape: float
    rate: float
    devices: tuple[PooledRate, ...]


# Beyond these the devices are all alike, or share nothing: the likelihood is flat there.
_LEAST, _MOST = np.array([-10.0, -10.0]), np.array([15.0, 10.0])
_NEWTON_STEPS = 40
_STEEPNESS = 1e-9  # of the likelihood per failure, below which its top is reached

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Slope:
    """Log-likelihood of the prior with its first and second derivatives by (ln a, ln of the prior mean)."""

    value: float
    first: Array
    second: Array


def _likelihood(counts: Array, spans: Array, overall: float, at: Array) -> _Slope:
    a = math.exp(float(at[0]))
    b = a / (overall * math.exp(float(at[1])))
    n, reach = len(counts), b + spans
    shares = np.log(b / reach)
    value = float(np.sum(gammaln(counts + a) + a * shares + counts * np.log(spans / reach))) - n * float(gammaln(a))
    by_a = float(np.sum(digamma(counts + a) + shares)) - n * float(digamma(a))
    by_b = n * a / b - float(np.sum((a + counts) / reach))
    # The trigamma function is Hurwitz's zeta at 2, which is one fast ufunc.
    by_aa = float(np.sum(zeta(2.0, counts + a))) - n * float(zeta(2.0, a))
    by_bb = float(np.sum((a + counts) / reach**2)) - n * a / b**2
    by_ab = n / b - float(np.sum(1.0 / reach))
    curve_b = b * by_b + b * b * by_bb
    cross = a * b * by_ab
    mixed = -(cross + curve_b)
    own = a * by_a + a * a * by_aa + 2.0 * cross + curve_b
    # By the chain rule, with da/d ln a = a, db/d ln a = b and db/d ln mean = -b.
    return _Slope(value, np.array([a * by_a + b * by_b, -b * by_b]), np.array([[own, mixed], [mixed, curve_b]]))


def _prior_of(counts: Array, spans: Array) -> tuple[float, float]:
    """Give shape and rate of the gamma prior under which these failures are likeliest.

    Notes
    -----
    Where failures vary no more than chance, Σ ((r - m)² - r) <= 0 with m the pooled rate's expectation, the likelihood
    rises without end in the shape: all devices are alike. Otherwise Newton's method from the moments, with halved steps
    while a whole one leads down; it takes some eight steps where a search without second derivatives takes a hundred.
    """
    overall = max(float(counts.sum()), 0.5) / float(spans.sum())
    expected = overall * spans
    excess = float(np.sum((counts - expected) ** 2 - counts))
    if excess <= 0.0:
        a = math.exp(float(_MOST[0]))
        return a, a / overall
    at = np.clip(np.array([math.log(float(np.sum(expected**2)) / excess), 0.0]), _LEAST, _MOST)
    found = _likelihood(counts, spans, overall, at)
    for _step in range(_NEWTON_STEPS):
        if float(np.max(np.abs(found.first))) <= _STEEPNESS * max(float(counts.sum()), 1.0):
            break
        step = _ascent(found)
        for _halving in range(30):
            tried = np.clip(at + step, _LEAST, _MOST)
            there = _likelihood(counts, spans, overall, tried)
            if there.value >= found.value or not np.any(tried != at):
                break
            step = step / 2.0
        if not np.any(tried != at) or there.value < found.value:
            break
        at, found = tried, there
    a = math.exp(float(at[0]))
    return a, a / (overall * math.exp(float(at[1])))


def _ascent(found: _Slope) -> Array:
    """Give Newton's step where the likelihood is round, and a bounded one along the slope where it is not."""
    (uu, uv), (_, vv) = found.second
    determinant = uu * vv - uv * uv
    if uu < 0.0 < determinant:
        gu, gv = found.first
        step = np.array([-(vv * gu - uv * gv), -(uu * gv - uv * gu)]) / determinant
    else:
        step = found.first / max(float(np.max(np.abs(found.first))), 1e-300)
    # At most two units of a logarithm at a time: further off the second derivatives say nothing.
    limited: Array = step * min(1.0, 2.0 / max(float(np.max(np.abs(step))), 1e-300))
    return limited


def pool_rates(events: Sequence[int], times: Sequence[float], *, confidence: float = 0.9) -> Pool:
    """Estimate each device's rate from its own failures and those of its fellows.

    Parameters
    ----------
    events : Sequence[int]
        Failures per device.
    times : Sequence[float]
        Watched time per device, above 0.
    confidence : float
        Two-sided, above 0 and below 1.

    Notes
    -----
    Empirical Bayes: failures are Poisson with gamma(a, b) rates; a and b maximise the negative binomial likelihood, and
    the estimate is (r + a)/(T + b). Its variance (r + a)/(T + b)² takes the fellows' mean μ = a/b for known; that mean
    is itself estimated, with variance 1/Σ 1/(μ/T_i + μ²/a), and counts by its share b/(T + b) of the estimate, squared.
    The interval is that of a gamma law with this mean and total variance. Without it a fleet whose devices differ by
    chance alone would give each device an interval of no width.

    References
    ----------
    Robbins (1955); Carlin and Louis (2000), sections 3.3 and 3.5 (why naive intervals are too short); Morris (1983),
    JASA 78, 47-55.
    """
    counts, spans = np.asarray(events, dtype=np.float64), np.asarray(times, dtype=np.float64)
    a, b = _prior_of(counts, spans)
    tail = (1.0 - confidence) / 2.0
    # All quantiles at once: asked one by one they would take most of the time of a large fleet.
    rates = (counts + a) / (spans + b)
    mean = a / b
    of_mean = 1.0 / float(np.sum(1.0 / (mean / spans + mean * mean / a)))
    variances = rates / (spans + b) + (b / (spans + b)) ** 2 * of_mean
    shapes, scales = rates * rates / variances, variances / rates
    lows = gammaincinv(shapes, tail) * scales
    highs = gammaincinv(shapes, 1.0 - tail) * scales
    columns = zip(rates.tolist(), lows.tolist(), highs.tolist(), counts.tolist(), spans.tolist(), strict=True)
    devices = tuple(
        PooledRate(rate=rate, low=low, high=high, events=int(count), time=span)
        for rate, low, high, count, span in columns
    )
    return Pool(shape=a, rate=b, devices=devices)


@dataclass(frozen=True, slots=True, kw_only=True)
class RateRatio:
    """Failure rate after a change, relative to before.

    Parameters
    ----------
    ratio : float or None
        None if there was no failure before.
    low : float
        Lower bound.
    high : float or None
        Upper bound; None if there was no failure before.
    events_before, events_after : int
        What it rests on.
    confidence : float
        Two-sided, 0..1.
    """

    ratio: float | None
    low: float
    high: float | None
    events_before: int
    events_after: int
    confidence: float


def compare_rates(before: tuple[int, float], after: tuple[int, float], *, confidence: float = 0.9) -> RateRatio:
    """Compare the failure rates of two periods.

    Parameters
    ----------
    before, after : tuple[int, float]
        Failures and operating time of each.
    confidence : float
        Two-sided, above 0 and below 1.

    Notes
    -----
    Given r1 + r2 failures, those after are binomial; its Clopper-Pearson interval is turned into one of the ratio.

    References
    ----------
    Przyborowski and Wilenski (1940); IEC 61650.
    """
    (r1, t1), (r2, t2) = before, after
    tail = (1.0 - confidence) / 2.0
    low_share = float(beta_distribution.ppf(tail, r2, r1 + 1)) if r2 else 0.0
    high_share = float(beta_distribution.ppf(1.0 - tail, r2 + 1, r1)) if r1 else 1.0
    high = high_share / (1.0 - high_share) * t1 / t2 if high_share < 1.0 else None
    return RateRatio(
        ratio=(r2 / t2) / (r1 / t1) if r1 else None,
        low=low_share / (1.0 - low_share) * t1 / t2,
        high=high,
        events_before=r1,
        events_after=r2,
        confidence=confidence,
    )

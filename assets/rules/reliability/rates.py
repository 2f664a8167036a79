"""Constant rates: MTBF with exact intervals, spare parts, pooling, and comparison of two periods."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import digamma, gammaln
from scipy.stats import beta as beta_distribution
from scipy.stats import chi2, gamma, poisson


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
        low=2.0 * time / float(chi2.ppf(1.0 - tail, freedom)),
        high=2.0 * time / float(chi2.ppf(tail, 2 * events)) if events else None,
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
    the estimate is (r + a)/(T + b).

    References
    ----------
    Robbins (1955); Carlin and Louis (2000), section 3.3.
    """
    counts, spans = np.asarray(events, dtype=np.float64), np.asarray(times, dtype=np.float64)
    overall = max(float(counts.sum()), 0.5) / float(spans.sum())

    def loss(parameters: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        kept = np.clip(parameters, _LEAST, _MOST)
        a = math.exp(float(kept[0]))
        b = a / (overall * math.exp(float(kept[1])))
        reach = b + spans
        shares = np.log(b / reach)
        terms = gammaln(counts + a) - gammaln(a) + a * shares + counts * np.log(spans / reach)
        by_a = float(np.sum(digamma(counts + a) - digamma(a) + shares))
        by_b = float(np.sum(a * spans / (b * reach) - counts / reach))
        # By the chain rule, since the search is in ln(a) and in the logarithm of the prior mean.
        slope = np.array([-(a * by_a + b * by_b), b * by_b])
        return -float(np.sum(terms)), np.where(kept == parameters, slope, 0.0)

    # With its gradient the search takes ten to twenty steps, without it some two hundred. Not L-BFGS-B: for two numbers
    # it wakes the threads of the linear algebra library, which on a busy machine costs seconds.
    found = minimize(loss, np.zeros(2), jac=True, method="BFGS", options={"gtol": 1e-9, "maxiter": 500})
    best = np.clip(found.x, _LEAST, _MOST)
    a = math.exp(float(best[0]))
    b = a / (overall * math.exp(float(best[1])))
    tail = (1.0 - confidence) / 2.0
    # All quantiles at once: asked one by one they would take most of the time of a large fleet.
    rates = (counts + a) / (spans + b)
    lows = gamma.ppf(tail, counts + a) / (spans + b)
    highs = gamma.ppf(1.0 - tail, counts + a) / (spans + b)
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

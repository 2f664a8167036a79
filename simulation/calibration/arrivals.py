"""Arrival rates by hour of the week, with the interval that a count of so many weeks allows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from simulation.model.plan import Floats, Integers

HOUR_US = 3_600_000_000
WEEK_HOURS = 168
_MONDAY_TO_1970_H = 72  # 1970-01-01 was a Thursday
_BELIEF_WEEKS = 2.0  # weeks' worth of belief that an hour follows its weekday and its hour of the day


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyRates:
    """Arrivals an hour for each hour of the week, from Monday's first.

    Parameters
    ----------
    per_hour : Floats
        Shape (168,), each near the product of its day and its hour where few came.
    low, high : Floats
        95 % interval of the plain rate of each hour (Garwood), shape (168,).
    weeks : float
        Counted over so many.
    dispersion : float
        Variance over mean of the daily counts around their weekday: 1 by chance alone.
    """

    per_hour: Floats
    low: Floats
    high: Floats
    weeks: float
    dispersion: float


def fit_weekly_rates(arrived_us: Integers) -> WeeklyRates:
    """Fit arrival rates to instants of arrival.

    Parameters
    ----------
    arrived_us : Integers
        UTC microseconds, at least two.

    References
    ----------
    F. Garwood, "Fiducial limits for the Poisson distribution", Biometrika 28 (1936), for the intervals.
    """
    hours = np.asarray(arrived_us) // HOUR_US + _MONDAY_TO_1970_H
    first, last = int(hours.min()), int(hours.max())
    # How often each hour of the week lies in the log: a log of ten days has some hours twice, others once.
    seen = np.bincount(np.arange(first, last + 1) % WEEK_HOURS, minlength=WEEK_HOURS).astype(float)
    counts = np.bincount(hours % WEEK_HOURS, minlength=WEEK_HOURS).astype(float)
    by_day, open_days = counts.reshape(7, 24), seen.reshape(7, 24)
    overall = by_day.sum() / open_days.sum()
    # A day's worth of the overall rate as belief keeps a weekday that is hardly in the log near the others.
    daily = (by_day.sum(axis=1) + 24 * overall) / (open_days.sum(axis=1) + 24)
    expected = (daily[:, None] * open_days).sum(axis=0)
    profile = (by_day.sum(axis=0) + 1.0) / (expected + 1.0)
    prior = (daily[:, None] * profile).ravel()
    with np.errstate(divide="ignore", invalid="ignore"):
        # chi2 with 0 degrees of freedom is NaN; where nobody came the lower limit is 0.
        low = np.where(counts > 0, stats.chi2.ppf(0.025, 2 * counts) / 2, 0.0) / np.maximum(seen, 1)
        high = stats.chi2.ppf(0.975, 2 * counts + 2) / 2 / np.maximum(seen, 1)
    days = np.bincount(hours // 24 - first // 24)
    weekday = (np.arange(len(days)) + first // 24) % 7
    usual = daily[weekday] * 24
    inner = slice(1, -1) if len(days) > 2 else slice(None)  # the first and last day are not whole
    return WeeklyRates(
        per_hour=(counts + _BELIEF_WEEKS * prior) / (seen + _BELIEF_WEEKS),
        low=low,
        high=high,
        weeks=float(open_days.sum() / WEEK_HOURS),
        dispersion=float(((days - usual)[inner] ** 2).sum() / max(usual[inner].sum(), 1e-9)),
    )

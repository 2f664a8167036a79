"""Slow change of a machine's own figures against its healthy baseline: EWMA and CUSUM charts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


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

"""Share of devices alive by age without assuming a distribution: Kaplan-Meier and Nelson-Aalen."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from assets.rules.reliability.observation import Lifetimes


@dataclass(frozen=True, slots=True, kw_only=True)
class SurvivalStep:
    """The estimate from one age of failure to the next.

    Parameters
    ----------
    age : float
        Age of the failures.
    at_risk, events : int
        Devices watched just before it, and failures at it.
    survival, low, high : float
        Kaplan-Meier share alive after it, with its interval.
    hazard : float
        Nelson-Aalen cumulative hazard as the sum of d/n.
    """

    age: float
    at_risk: int
    events: int
    survival: float
    low: float
    high: float
    hazard: float


def survival_steps(lifetimes: Lifetimes, *, confidence: float = 0.95) -> tuple[SurvivalStep, ...]:
    """Give the survival curve as steps at the ages of failure.

    Parameters
    ----------
    lifetimes : Lifetimes
        Watched devices; those that entered later count from their entry on.
    confidence : float
        Two-sided, above 0 and below 1.

    Notes
    -----
    S = Π (1 - d/n), H = Σ d/n (plain, not Fleming-Harrington's Σ 1/(n - j)); variance by Greenwood, interval on
    log(-log S) so that it stays within 0 and 1.

    References
    ----------
    Kaplan and Meier (1958); Kalbfleisch and Prentice (2002), section 1.4.
    """
    z = float(norm.ppf(0.5 + confidence / 2.0))
    survival, hazard, greenwood = 1.0, 0.0, 0.0
    steps = []
    ages, counts = np.unique(lifetimes.end[lifetimes.is_event], return_counts=True)
    # At risk at an age is who entered before it and has not left before it; who leaves at it still counts.
    entered = np.searchsorted(np.sort(lifetimes.start), ages, side="left")
    left = np.searchsorted(np.sort(lifetimes.end), ages, side="left")
    for age, events, at_risk in zip(ages.tolist(), counts.tolist(), (entered - left).tolist(), strict=True):
        survival *= 1.0 - events / at_risk
        hazard += events / at_risk
        greenwood += events / (at_risk * (at_risk - events)) if at_risk > events else math.inf
        low, high = _interval(survival, greenwood, z)
        steps.append(
            SurvivalStep(age=age, at_risk=at_risk, events=events, survival=survival, low=low, high=high, hazard=hazard)
        )
    return tuple(steps)


def _interval(survival: float, greenwood: float, z: float) -> tuple[float, float]:
    # Nobody is left: Greenwood's variance does not exist, and the interval says nothing.
    if survival <= 0.0 or not math.isfinite(greenwood):
        return 0.0, 1.0
    if survival >= 1.0:
        return 1.0, 1.0
    log = math.log(survival)
    width = z * math.sqrt(greenwood) / abs(log)
    return survival ** math.exp(width), survival ** math.exp(-width)


_HALF = 0.5 * (1.0 + 1e-12)
"""One half with room for rounding: 9/10 · 8/9 · 7/8 · 6/7 · 5/6 is one half, but in binary it may come out above."""


def median_age(steps: tuple[SurvivalStep, ...]) -> float | None:
    """Give the age at which half have failed, or None if more than half outlived the watch."""
    return next((step.age for step in steps if step.survival <= _HALF), None)


def median_interval(steps: tuple[SurvivalStep, ...]) -> tuple[float | None, float | None]:
    """Give the interval of the median age: where the curve's own interval reaches one half; None where it does not.

    References
    ----------
    Brookmeyer and Crowley (1982), Biometrics 38.
    """
    low = next((step.age for step in steps if step.low <= _HALF), None)
    return low, next((step.age for step in steps if step.high <= _HALF), None)

"""Weibull lifetimes by maximum likelihood, with right censoring and left truncation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm

from assets.rules.reliability.observation import Lifetimes
from twin.errors import InputError

_LARGEST_LOG = 700.0  # e to this is near the largest float
_SHAPES = np.geomspace(0.01, 1000.0, 161)  # where a root of the profile score is looked for


class NoSpread(InputError):
    """All failures came at one age, so that no finite shape fits."""

    code = "reliability.no_spread"


@dataclass(frozen=True, slots=True, kw_only=True)
class WeibullFit:
    """A fitted Weibull distribution with normal-approximation intervals on the logarithms.

    Parameters
    ----------
    shape, scale : float
        beta and alpha; scale in the unit of the ages.
    shape_low, shape_high, scale_low, scale_high : float
        Interval at ``confidence``.
    log_likelihood : float
        At the maximum.
    count, events : int
        Devices and failures.
    confidence : float
        Two-sided, 0..1.
    """

    shape: float
    scale: float
    shape_low: float
    shape_high: float
    scale_low: float
    scale_high: float
    log_likelihood: float
    count: int
    events: int
    confidence: float

    def survival(self, age: float) -> float:
        """Give the share alive at an age."""
        return math.exp(-((age / self.scale) ** self.shape))


def fit_weibull(lifetimes: Lifetimes, *, confidence: float = 0.95) -> WeibullFit:
    """Fit a Weibull distribution.

    Parameters
    ----------
    lifetimes : Lifetimes
        At least three failures.
    confidence : float
        Two-sided, above 0 and below 1.

    Raises
    ------
    NoSpread
        If all failures came at one age, or shape and scale are not bounded by what was watched.

    Notes
    -----
    log L = Σ_events [ln b - b ln a + (b - 1) ln t] - Σ (t^b - s^b)/a^b, with entry age s. For a given b the best a is
    a^b = Σ (t^b - s^b)/r, so that one equation in b remains; all its roots on a grid of shapes are refined and the one
    of the greatest likelihood is taken, since with truncation there may be more than one.

    References
    ----------
    Meeker and Escobar (1998), Statistical Methods for Reliability Data, sections 8.2 and 11.6.
    """
    # Ages as shares of the longest: t^b of raw hours overflows for the large shapes that are tried.
    unit = float(lifetimes.end.max())
    end, start = np.log(lifetimes.end / unit), np.log(np.maximum(lifetimes.start / unit, 1e-300))
    entered = lifetimes.start > 0.0
    failed, events = end[lifetimes.is_event], lifetimes.events
    if float(np.ptp(failed)) == 0.0 and not bool((end > failed[0]).any() or entered.any()):
        raise NoSpread(f"All {events} failures came at one age: no shape fits; look for a common cause.")

    def sums(shape: float) -> tuple[float, float]:
        to_end = np.exp(shape * end)
        to_start = np.where(entered, np.exp(shape * start), 0.0)
        if (total := float(np.sum(to_end - to_start))) <= 0.0:
            raise NoSpread("The watches are too short beside the ages at which they began: no shape fits.")
        return total, float(np.sum(to_end * end - to_start * np.where(entered, start, 0.0)))

    def score(shape: float) -> float:
        total, slope = sums(shape)
        return events / shape + float(failed.sum()) - events * slope / total

    def likelihood(shape: float) -> float:
        total, _ = sums(shape)
        return events * (math.log(shape) - math.log(total / events)) + (shape - 1.0) * float(failed.sum()) - events

    values = [score(float(shape)) for shape in _SHAPES]
    roots = [
        float(brentq(score, _SHAPES[i], _SHAPES[i + 1], xtol=1e-13, rtol=1e-14))
        for i in range(len(values) - 1)
        if values[i] > 0.0 >= values[i + 1]
    ]
    if not roots:
        raise NoSpread(f"No shape between {_SHAPES[0]} and {_SHAPES[-1]} fits {events} failures of nearly one age.")
    shape = max(roots, key=likelihood)
    total, _ = sums(shape)
    log_scale = math.log(unit) + math.log(total / events) / shape
    if abs(log_scale) > _LARGEST_LOG:
        raise NoSpread(f"{events} failures among {len(end)} watches: their scale is beyond any number.")
    scale = math.exp(log_scale)
    return _with_intervals(lifetimes, shape, scale, likelihood(shape) - events * math.log(unit), confidence)


def _with_intervals(
    lifetimes: Lifetimes, shape: float, scale: float, log_likelihood: float, confidence: float
) -> WeibullFit:
    """Add intervals from the observed information in (ln scale, ln shape).

    Raises
    ------
    NoSpread
        If the information is none in one direction.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        end = np.log(lifetimes.end / scale)
        start = np.where(lifetimes.start > 0.0, np.log(np.maximum(lifetimes.start, 1e-300) / scale), 0.0)
    to_end = np.exp(shape * end)
    to_start = np.where(lifetimes.start > 0.0, np.exp(shape * start), 0.0)
    failed = end[lifetimes.is_event]
    # Second derivatives of the log-likelihood with u = ln scale, v = ln shape.
    zeroth = float(np.sum(to_end - to_start))
    first = float(np.sum(to_end * end - to_start * start))
    second = float(np.sum(to_end * end * end - to_start * start * start))
    uu = -shape * shape * zeroth
    uv = -shape * lifetimes.events + shape * zeroth + shape * shape * first
    vv = shape * float(failed.sum()) - shape * first - shape * shape * second
    determinant = uu * vv - uv * uv
    z = float(norm.ppf(0.5 + confidence / 2.0))
    # The inverse of the negative of a matrix of two rows; where the likelihood is flat it does not exist.
    variances = (-vv / determinant, -uu / determinant) if determinant > 0.0 else (math.inf, math.inf)
    du, dv = (z * math.sqrt(max(variance, 0.0)) for variance in variances)
    if not max(du, dv) < _LARGEST_LOG:
        raise NoSpread(f"{lifetimes.events} failures do not bound shape and scale: pool devices of one model and age.")
    return WeibullFit(
        shape=shape,
        scale=scale,
        shape_low=shape * math.exp(-dv),
        shape_high=shape * math.exp(dv),
        scale_low=scale * math.exp(-du),
        scale_high=scale * math.exp(du),
        log_likelihood=log_likelihood,
        count=len(lifetimes.end),
        events=lifetimes.events,
        confidence=confidence,
    )

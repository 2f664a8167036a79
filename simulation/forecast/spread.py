"""Bands widened or narrowed by what earlier forecasts were worth, using only what was known by then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulation.model.plan import Floats

_LAST = 90  # scored forecasts that count
_NARROWEST, _WIDEST = 0.5, 4.0
_STRANGE = 16.0  # a single surprise, such as a holiday, counts no more than four standard deviations


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One forecast whose outcome is known.

    Parameters
    ----------
    mean, variance : float
        Of the forecast as the model alone made it.
    came : int
        What came.
    """

    mean: float
    variance: float
    came: int


def spread_factor(past: Sequence[Scored]) -> float:
    """Give the factor on the variance of the next forecast of the same horizon.

    Parameters
    ----------
    past : Sequence[Scored]
        Forecasts whose outcome was known by then, in order of time.

    Notes
    -----
    The mean of z² = (y − m)²/v is above 1 where bands are too narrow. Only what is more than chance counts: a distance
    d from 1 with standard error s is shrunk to d·max(1 − s²/d², 0) (positive part of James and Stein), since widening
    bands that are right costs as much as leaving narrow ones.

    References
    ----------
    W. James, C. Stein, "Estimation with quadratic loss", Fourth Berkeley Symposium (1961), 361-379.
    """
    last = past[-_LAST:]
    if len(last) < 2:
        return 1.0
    squares = np.array([min((one.came - one.mean) ** 2 / max(one.variance, 0.05), _STRANGE) for one in last])
    distance = float(squares.mean()) - 1.0
    error = float(squares.std(ddof=1)) / len(last) ** 0.5
    kept = max(1.0 - (error / distance) ** 2, 0.0) if distance else 0.0
    return float(np.clip(1.0 + kept * distance, _NARROWEST, _WIDEST))


def stretched(chances: Floats, factor: float) -> Floats:
    """Give a distribution of a count with the variance changed by a factor and the mean kept.

    Parameters
    ----------
    chances : Floats
        Probability of 0, 1, 2, …, shape (n,).
    factor : float
        Positive.

    Notes
    -----
    The count is taken to be spread evenly within ±½; its distribution function is stretched about the mean by √factor
    and read off at k + ½ again. What would fall below 0 is put at 0.
    """
    if abs(factor - 1.0) < 0.01:
        return chances
    size = len(chances)
    mean = float(np.arange(size) @ chances)
    scale = np.sqrt(factor)
    last = int(np.ceil(mean + (size - mean) * max(scale, 1.0))) + 1
    edges = np.arange(-0.5, size)
    below = np.concatenate(([0.0], np.cumsum(chances)))
    wanted = mean + (np.arange(last) + 0.5 - mean) / scale
    found = np.interp(wanted, edges, below, left=0.0, right=1.0)
    made = np.diff(np.concatenate(([0.0], found)))
    return np.asarray(made / made.sum())

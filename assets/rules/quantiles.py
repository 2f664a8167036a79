"""A quantile of observed times with its distribution-free interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import bdtr

FEWEST = 3  # below, nothing is said of a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantile:
    """A quantile with what it rests on.

    Parameters
    ----------
    share : float
        Which one, 0..1.
    point, low, high : float or None
        Value and bounds in the unit of the values; None below three values, and a bound that so few values do not
        reach is None.
    n : int
        Values.
    confidence : float
        Two-sided, at least.
    """

    share: float
    point: float | None
    low: float | None
    high: float | None
    n: int
    confidence: float


def quantile_of(values: Sequence[float], share: float, *, confidence: float = 0.9) -> Quantile:
    """Give a quantile and its interval from order statistics.

    Parameters
    ----------
    values : Sequence[float]
        In any order.
    share : float
        Above 0 and below 1: 0.5 for the median.
    confidence : float
        Two-sided, above 0 and below 1.

    Notes
    -----
    The r-th smallest value is below the quantile unless fewer than r of n binomial trials succeed. The bounds are the
    innermost order statistics that keep each tail at most (1 - confidence)/2, so that they cover at least as often as
    they say, whatever the distribution.

    References
    ----------
    Conover (1999), Practical Nonparametric Statistics, section 3.2.

    Examples
    --------
    >>> found = quantile_of(list(range(1, 21)), 0.5, confidence=0.95)
    >>> found.low, found.high
    (6.0, 15.0)
    """
    if not (0.0 < share < 1.0 and 0.0 < confidence < 1.0):
        raise ValueError(f"Expected share and confidence within 0 to 1, got {share} and {confidence}.")
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    n = len(ordered)
    if n < FEWEST:
        return Quantile(share=share, point=None, low=None, high=None, n=n, confidence=confidence)
    tail = (1.0 - confidence) / 2.0
    counts = np.arange(n + 1)
    below = bdtr(counts, n, share)  # chance of at most so many successes
    lower = int(np.searchsorted(below, tail, side="right"))  # largest r with P(successes <= r - 1) <= tail
    upper = (
        int(np.searchsorted(below, 1.0 - tail, side="left")) + 1
    )  # smallest s with P(successes <= s - 1) >= 1 - tail
    return Quantile(
        share=share,
        point=float(np.quantile(ordered, share)),
        low=float(ordered[lower - 1]) if lower >= 1 else None,
        high=float(ordered[upper - 1]) if upper <= n else None,
        n=n,
        confidence=confidence,
    )

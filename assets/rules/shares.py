"""A share of counted cases with its interval: kept maintenance, alerts that were right, tests that found a fault."""

from __future__ import annotations

from dataclasses import dataclass

from scipy.special import betaincinv


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many of how many, with an interval.

    Parameters
    ----------
    hits, n : int
        Counts, 0 <= hits <= n.
    point : float or None
        Share 0..1; None of nothing.
    low, high : float
        Two-sided bounds; 0 and 1 of nothing.
    confidence : float
        Of the interval.
    """

    hits: int
    n: int
    point: float | None
    low: float
    high: float
    confidence: float


def share_of(hits: int, n: int, *, confidence: float = 0.9) -> Share:
    """Give a share with its exact interval.

    Parameters
    ----------
    hits, n : int
        Counts, 0 <= hits <= n.
    confidence : float
        Two-sided, above 0 and below 1.

    Notes
    -----
    Bounds are quantiles of Beta(hits, n - hits + 1) and Beta(hits + 1, n - hits); they cover at least as often as they
    say, also where nearly all or nearly none are hits, as with maintenance kept in time.

    References
    ----------
    Clopper and Pearson (1934), Biometrika 26, 404-413.

    Examples
    --------
    >>> found = share_of(9, 10, confidence=0.95)
    >>> round(found.low, 3), found.point, round(found.high, 4)
    (0.555, 0.9, 0.9975)
    """
    if not (0 <= hits <= n and 0.0 < confidence < 1.0):
        raise ValueError(f"Expected 0 <= hits <= n and a confidence within 0 to 1, got {hits}, {n}, {confidence}.")
    tail = (1.0 - confidence) / 2.0
    low = float(betaincinv(hits, n - hits + 1, tail)) if hits else 0.0
    high = float(betaincinv(hits + 1, n - hits, 1.0 - tail)) if hits < n else 1.0
    return Share(hits=hits, n=n, point=hits / n if n else None, low=low, high=high, confidence=confidence)

"""How busy coming days are against others of their weekday, judged from the days before: levels hang together.

A week in which a surgeon is away, or an infection goes round, is quieter or busier on all of its days. How far that
goes is asked of the days themselves, each foretold from those before; where levels are chance they stay at 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulation.model.plan import Floats, Integers

HALF_LIVES_DAYS = (1.0, 2.0, 4.0, 7.0, 14.0)
"""Times after which half of a level that lasts is left; longer ones are the season's, which the rates follow."""
LASTING_SHARES = (0.3, 0.6, 1.0)
"""Shares of the variance of levels that last; the rest is a day's own."""
_ALIKE_SHAPE = 1e5  # days whose levels differ by less than a third of a percent have nothing to foretell
_FEWEST_DAYS = 28
_LEAST = 0.01  # arrivals expected of a day; one with fewer says nothing
_STRANGE = 3.0  # standard deviations; a day beyond counts as one at this distance


@dataclass(frozen=True, slots=True)
class DayLevel:
    """How busy a day is against others: a gamma law of this mean and shape."""

    mean: float
    shape: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCounts:
    """What came on the whole days until yesterday, and what was expected of their weekdays and hours.

    Parameters
    ----------
    came : Integers
        Arrivals by day, the oldest first, without gaps, shape (n,).
    expected : Floats
        Expected arrivals, shape (n,).
    is_usual : NDArray[np.bool_]
        Whether the day says something of its neighbours, which a holiday does not, shape (n,).
    """

    came: Integers
    expected: Floats
    is_usual: NDArray[np.bool_]


def levels_ahead(counts: DayCounts, day_shape: float, days: int) -> list[DayLevel]:
    """Give the levels of today and of the days after it, before anything of today is known.

    Parameters
    ----------
    counts : DayCounts
        The days until yesterday.
    day_shape : float
        Shape k of the gamma law, of mean 1, of the levels of days taken by themselves.
    days : int
        How many, at least 1; the first is today.

    Returns
    -------
    list[DayLevel]
        By day.

    Notes
    -----
    The ratio z = N/E − 1 of day d is x + e + noise: x lasts, x_d = φ x_{d−1} + η, with a share s of the variance 1/k of
    levels; e is the day's own; the noise of a Poisson count has variance 1/E. A Kalman filter goes over the days for
    each φ and s of a grid, and for levels that do not last at all. How well each foretold every day from those before
    it says how much it is believed, levels that do not last as much as all others together; means and variances are
    those of the mixture.

    References
    ----------
    A. C. Harvey, "Forecasting, structural time series models and the Kalman filter" (1989), sections 3.2 and 3.4.
    """
    # Where levels differ by less than counts do by chance, a day's count says next to nothing of its neighbours.
    usual = counts.expected[counts.is_usual]
    if len(usual) < _FEWEST_DAYS or day_shape >= min(float(usual.mean()), _ALIKE_SHAPE):
        return [DayLevel(1.0, day_shape)] * days
    keep, lasting = (grid.ravel() for grid in np.meshgrid(np.exp2(-1.0 / np.array(HALF_LIVES_DAYS)), LASTING_SHARES))
    keep, lasting = np.concatenate(([0.0], keep)), np.concatenate(([0.0], lasting)) / day_shape
    prior = np.full(len(keep), 0.5 / (len(keep) - 1))
    prior[0] = 0.5
    level, doubt, belief = _filtered(counts, keep, lasting, 1.0 / day_shape)
    weights = prior * np.exp(belief - belief.max())
    weights /= weights.sum()
    found = []
    for _ in range(days):
        level, doubt = keep * level, keep**2 * doubt + (1 - keep**2) * lasting
        mean = float(weights @ level)
        spread = float(weights @ (doubt + 1.0 / day_shape - lasting + level**2)) - mean**2
        # A level of nought would say that nobody can come.
        mean = max(1.0 + mean, 0.1)
        found.append(DayLevel(mean, mean**2 / spread))
    return found


def _filtered(counts: DayCounts, keep: Floats, lasting: Floats, variance: float) -> tuple[Floats, Floats, Floats]:
    """Give mean and variance of what lasts, yesterday, and the log-likelihood of all days, by grid point."""
    level, doubt, belief = np.zeros(len(keep)), lasting.copy(), np.zeros(len(keep))
    for came, expected, is_usual in zip(counts.came, counts.expected, counts.is_usual, strict=True):
        level, doubt = keep * level, keep**2 * doubt + (1 - keep**2) * lasting
        if not is_usual or expected < _LEAST:
            continue
        total = doubt + (variance - lasting) + 1.0 / expected
        limit = _STRANGE * np.sqrt(total)
        surprise = np.clip(came / expected - 1.0 - level, -limit, limit)
        belief -= 0.5 * (np.log(total) + surprise**2 / total)
        gain = doubt / total
        level, doubt = level + gain * surprise, (1.0 - gain) * doubt
    return level, doubt, belief

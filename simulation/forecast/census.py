"""The distribution of how many will be present: those there now, each with a chance to stay, and those who come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from simulation.forecast.arrivals import ArrivalRates, fit_arrivals
from simulation.forecast.bookings import Bookings
from simulation.forecast.hazard import STEP_US, Hazard, fit_hazard
from simulation.forecast.stays import HOUR_US, LocalTime, Stays, as_hours, step_midpoints
from simulation.model.plan import Floats

HORIZONS_H = (4, 8, 24, 48, 72)
_TAIL = 1e-12


def poisson_binomial(chances: Floats) -> Floats:
    """Give the distribution of how many of independent events happen.

    Parameters
    ----------
    chances : Floats
        Probability of each, shape (n,).

    Returns
    -------
    Floats
        Probability of 0..n, shape (n + 1,).

    Notes
    -----
    Pairs of distributions are convolved until one is left: exact, and fast for hundreds of patients.

    Examples
    --------
    >>> poisson_binomial(np.array([0.5, 0.5])).tolist()
    [0.25, 0.5, 0.25]
    """
    if not len(chances):
        return np.ones(1)
    parts: list[Floats] = [np.array([1.0 - p, p]) for p in chances.tolist()]
    while len(parts) > 1:
        joined = [np.convolve(a, b) for a, b in zip(parts[::2], parts[1::2], strict=False)]
        parts = joined + ([parts[-1]] if len(parts) % 2 else [])
    return parts[0]


def count_distribution(mean: float, shape: float) -> Floats:
    """Give the distribution of a Poisson count whose rate is uncertain: variance mean + mean²/shape.

    Parameters
    ----------
    mean : float
        At least 0.
    shape : float
        Of the gamma law of the rate; infinite or large gives Poisson.
    """
    if mean <= 0:
        return np.ones(1)
    # For shapes this large the negative binomial is Poisson to rounding.
    law = stats.poisson(mean) if shape > 1e5 * max(mean, 1.0) else stats.nbinom(shape, shape / (shape + mean))
    last = int(law.isf(_TAIL)) + 1
    return np.asarray(law.pmf(np.arange(last + 1)))


def _together(counts: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Give mean and shape of a sum of counts whose rates are high or low together, from the mean and shape of each."""
    mean = sum(one for one, _ in counts)
    deviation = sum(one / shape**0.5 for one, shape in counts)
    return mean, (mean / deviation) ** 2 if deviation > 0 else np.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class CensusForecast:
    """How many will be present at an instant to come.

    Parameters
    ----------
    made_at, target_at : int
        UTC microseconds.
    present : int
        How many were present when it was made.
    chances : Floats
        Probability of 0, 1, 2, … present, shape (n,).
    leaving, coming : float
        Expected to leave of those present, and to come and still be there.
    booked : float
        How many of those who come are known by name: expected of the bookings.
    """

    made_at: int
    target_at: int
    present: int
    chances: Floats
    leaving: float
    coming: float
    booked: float = 0.0

    @property
    def mean(self) -> float:
        """Expected number present."""
        return float(np.arange(len(self.chances)) @ self.chances)

    @property
    def variance(self) -> float:
        """Variance of the number present."""
        return float((np.arange(len(self.chances)) - self.mean) ** 2 @ self.chances)

    def quantile(self, share: float) -> int:
        """Give the smallest number that is not exceeded with this probability."""
        return int(np.searchsorted(np.cumsum(self.chances), share - 1e-12))

    def above(self, limit: int) -> float:
        """Give the probability of more than so many."""
        return float(self.chances[limit + 1 :].sum()) if limit >= 0 else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CensusModel:
    """What is known of a unit: how patients leave and how they come.

    Parameters
    ----------
    hazard : Hazard
        How they leave.
    arrivals : ArrivalRates
        How they come.
    """

    hazard: Hazard
    arrivals: ArrivalRates

    def forecast(
        self, stays: Stays, at: int, horizons_h: Sequence[float] = HORIZONS_H, *, bookings: Bookings | None = None
    ) -> list[CensusForecast]:
        """Forecast the number present after so many hours each.

        Parameters
        ----------
        stays : Stays
            As known at ``at``; those open are present.
        at : int
            Now, UTC microseconds.
        horizons_h : Sequence[float]
            Hours ahead, ascending, multiples of half an hour.
        bookings : Bookings | None
            Who is booked to come, as known at ``at``. Arrivals of their kind are then expected only as far as they use
            to be booked at shorter notice. If None all kinds come as they use to.

        Notes
        -----
        N(t) = Σ Bernoulli(p_i) + Poisson(∫ λ(s) P(still there at t | came at s) ds), exact where beds do not bind. Days
        have levels of their own, so that the Poisson counts of today and of later days are negative binomial; levels of
        later days are taken to be high or low together.
        """
        steps = round(max(horizons_h) * HOUR_US) // STEP_US
        here = stays.is_open & (stays.ended_us >= at)
        elapsed = as_hours(at - stays.arrived_us[here])
        staying = self.hazard.survival(stays.kinds[here], elapsed, at, steps)
        newcomers = self._newcomers(at, steps, bookings)
        # What the list of the day tells says nothing of how busy a day it is for those who come unannounced.
        levels = self.arrivals.levels(stays, at, len(newcomers), without=bookings.kind if bookings else -1)
        booked = self._booked(at, steps, bookings)
        found = []
        for hours in horizons_h:
            number = round(hours * HOUR_US) // STEP_US - 1
            p = np.concatenate((staying[:, number], booked[:, number]))
            by_day = [
                (float(usual) * level.mean, level.shape)
                for usual, level in zip(newcomers[:, number], levels, strict=True)
            ]
            chances = np.convolve(poisson_binomial(p), count_distribution(*by_day[0]))
            chances = np.convolve(chances, count_distribution(*_together(by_day[1:])))
            found.append(
                CensusForecast(
                    made_at=at,
                    target_at=at + (number + 1) * STEP_US,
                    present=int(here.sum()),
                    chances=chances / chances.sum(),
                    leaving=float((1 - staying[:, number]).sum()),
                    coming=sum(mean for mean, _ in by_day) + float(booked[:, number].sum()),
                    booked=float(booked[:, number].sum()),
                )
            )
        return found

    def _newcomers(self, at: int, steps: int, bookings: Bookings | None) -> Floats:
        """Give how many of each day's arrivals, today's first, are expected at each step's end, (days, steps)."""
        middles = step_midpoints(at, steps, STEP_US)
        rates = self.arrivals.at(middles) * (STEP_US / HOUR_US)
        if bookings is not None:
            rates[bookings.kind] *= bookings.unknown_share(middles - at)
        day = self.arrivals.clock.days(middles) - self.arrivals.clock.days(np.array([at]))[0]
        found = np.zeros((int(day[-1]) + 1, steps))
        kinds = np.arange(len(rates))
        for step in range(steps):
            # Half of those who come in a step come after a quarter of it, half after three quarters; one middle instant
            # would fall on the border of two classes of elapsed time, always on the same side.
            for late in (0.25, 0.75):
                begin = np.full(len(rates), -late * STEP_US / HOUR_US)
                ahead = self.hazard.survival(kinds, begin, at + step * STEP_US, steps - step)
                found[day[step], step:] += 0.5 * rates[:, step] @ ahead
        return found

    def _booked(self, at: int, steps: int, bookings: Bookings | None) -> Floats:
        """Give the probability that each of the booked has come and is there still, shape (n, steps)."""
        if bookings is None or not len(bookings.expected_us):
            return np.zeros((0, steps))
        rows = np.zeros((len(bookings.expected_us), steps))
        kinds, fresh = np.array([bookings.kind]), np.zeros(1)
        # Those who come in the same step share their chances to stay: a list of the day names the same hours often.
        firsts = np.maximum((bookings.expected_us - at) // STEP_US, 0)
        for first in np.unique(firsts[firsts < steps]).tolist():
            staying = self.hazard.survival(kinds, fresh, at + first * STEP_US, steps - first)[0]
            rows[firsts == first, first:] = staying
        return rows * bookings.chances[:, None]


def fit_census(stays: Stays, at: int, *, clock: LocalTime | None = None, weeks: float = 52.0) -> CensusModel:
    """Fit a unit's model to what was known at an instant.

    Parameters
    ----------
    stays : Stays
        As known then.
    at : int
        The instant.
    clock : LocalTime | None
        The hospital's; UTC if None.
    weeks : float
        How far back to look.
    """
    clock = clock or LocalTime()
    return CensusModel(
        hazard=fit_hazard(stays, at, clock=clock, weeks=weeks),
        arrivals=fit_arrivals(stays, at, clock=clock, weeks=weeks),
    )

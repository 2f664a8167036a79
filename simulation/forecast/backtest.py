"""Forecasts made again as they would have been made in the past, each from what was known then, and scored."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from simulation.forecast.bookings import Bookings
from simulation.forecast.census import CensusForecast, CensusModel, fit_census
from simulation.forecast.scores import Score, score
from simulation.forecast.spread import Scored, spread_factor, stretched
from simulation.forecast.stays import HOUR_US, WEEK_HOURS, LocalTime, Stays
from simulation.model.plan import Integers


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestPlan:
    """When forecasts are made again.

    Parameters
    ----------
    instants : Sequence[int]
        UTC microseconds, ascending.
    horizons_h : Sequence[float]
        Hours ahead.
    refit_days : float
        Age at which the model is fitted again.
    clock : LocalTime
        The hospital's.
    seed : int
        Spreads the PIT within the steps of counts.
    """

    instants: Sequence[int]
    horizons_h: Sequence[float] = (4, 8, 24)
    refit_days: float = 14.0
    clock: LocalTime = field(default_factory=LocalTime)
    seed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One forecast of the past and what came.

    Parameters
    ----------
    horizon_h : float
        Hours ahead.
    made_at, came, present : int
        When it was made, how many came to be present, how many were present then.
    score : Score
        What it was worth.
    climatology_crps : float
        What the same hour of all earlier weeks would have been worth; NaN in the first week.
    """

    horizon_h: float
    made_at: int
    came: int
    present: int
    score: Score
    climatology_crps: float


def backtest(stays: Stays, plan: BacktestPlan, bookings_at: Callable[[int], Bookings] | None = None) -> Iterator[Tried]:
    """Make forecasts of the past again and score them.

    Parameters
    ----------
    stays : Stays
        The whole log.
    plan : BacktestPlan
        When.
    bookings_at : Callable[[int], Bookings] | None
        Gives the bookings that were known at an instant; None if the log tells of none.

    Notes
    -----
    At each instant only stays known by then enter, in the fit as in the count of those present, and only outcomes known
    by then set the width of the bands.
    """
    random = np.random.default_rng(plan.seed)
    model: CensusModel | None = None
    fitted_at = 0
    past: dict[tuple[float, int], list[tuple[int, Scored]]] = {}
    for at in plan.instants:
        known = stays.known_at(at)
        if model is None or at - fitted_at >= plan.refit_days * 24 * HOUR_US:
            model, fitted_at = fit_census(known, at, clock=plan.clock), at
        hour = int(plan.clock.week_hours(np.array([at]))[0]) % 24
        bookings = None if bookings_at is None else bookings_at(at)
        points = model.forecast(known, at, plan.horizons_h, bookings=bookings)
        for horizon, made in zip(plan.horizons_h, points, strict=True):
            came = int(stays.census(np.array([made.target_at]))[0])
            earlier = past.setdefault((horizon, hour), [])
            factor = spread_factor([one for known_at, one in earlier if known_at <= at])
            earlier.append((made.target_at, _scored(made, came)))
            yield Tried(
                horizon_h=horizon,
                made_at=at,
                came=came,
                present=made.present,
                score=score(stretched(made.chances, factor), came, float(random.random())),
                climatology_crps=_climatology(stays, at, made.target_at, came),
            )


def _scored(made: CensusForecast, came: int) -> Scored:
    return Scored(mean=made.mean, variance=made.variance, came=came)


def _climatology(stays: Stays, at: int, target_at: int, came: int) -> float:
    """Score the counts at the same hour of all earlier weeks as if they were a forecast."""
    weeks = (target_at - int(stays.arrived_us[0])) // (WEEK_HOURS * HOUR_US)
    instants: Integers = target_at - WEEK_HOURS * HOUR_US * np.arange(1, weeks + 1, dtype=np.int64)
    counts = stays.census(instants[instants <= at])
    if not len(counts):
        return float("nan")
    chances = np.bincount(counts) / len(counts)
    return score(chances, came, 0.5).crps

"""How many patients come in the next hours, by kind and hour of the week, and how today differs from other days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from simulation.forecast.stays import HOUR_US, WEEK_HOURS, LocalTime, Stays
from simulation.model.plan import Floats, Integers

_HOUR_WEIGHT = 3.0  # weeks' worth of belief that an hour of the week follows its weekday and its hour of the day
_DAY_WEIGHT = 2.0  # weeks' worth of belief that a weekday is like the others
_CLOSED_SHARE = 0.5  # of what is usual on a weekday; a day with less, and not by chance, is taken as a holiday
_CLOSED_CHANCE = 1e-4
_TRIMMED = 0.05  # share of the strangest days that say nothing of how usual days differ
_MOST_SHAPE = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalRates:
    """Arrivals an hour.

    Parameters
    ----------
    per_hour : Floats
        By kind and hour of the week, shape (kinds, 168).
    day_shape : float
        Shape k of the gamma law, of mean 1, by which whole days are busier or quieter; large where days are alike.
    clock : LocalTime
        The hospital's.
    """

    per_hour: Floats
    day_shape: float
    clock: LocalTime

    def at(self, instants: Integers) -> Floats:
        """Give the rates at instants, shape (kinds, m)."""
        return np.asarray(self.per_hour[:, self.clock.week_hours(instants)])

    def level_today(self, stays: Stays, at: int) -> DayLevel:
        """Judge from the patients of today how busy a day it is.

        Parameters
        ----------
        stays : Stays
            As known at ``at``.
        at : int
            Now.

        Notes
        -----
        With n patients where e were expected, Gamma(k, k) becomes Gamma(k + n, k + e).
        """
        today = int(self.clock.days(np.array([at]))[0])
        quarter = HOUR_US // 4
        # A hundred quarters of an hour: the longest day of the year has 25 hours.
        back = at - quarter * np.arange(1, 100, dtype=np.int64) + quarter // 2
        back = back[self.clock.days(back) == today]
        expected = float(self.at(back).sum()) / 4
        came = int((self.clock.days(stays.arrived_us[stays.arrived_us > at - 25 * HOUR_US]) == today).sum())
        return DayLevel(mean=(self.day_shape + came) / (self.day_shape + expected), shape=self.day_shape + came)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayLevel:
    """How busy a day is against others: a gamma law of this mean and shape."""

    mean: float
    shape: float


def fit_arrivals(
    stays: Stays, at: int, *, clock: LocalTime, weeks: float = 52.0, half_life_weeks: float = 26.0
) -> ArrivalRates:
    """Fit arrival rates to what was known at an instant.

    Parameters
    ----------
    stays : Stays
        Arrivals by then.
    at : int
        The instant.
    clock : LocalTime
        The hospital's.
    weeks : float
        How far back to look; less if the log is younger.
    half_life_weeks : float
        Age at which an arrival counts half, so that rates follow the season.

    Notes
    -----
    Each hour of the week is a mean with a gamma prior at (rate of its day) × (profile of weekdays or weekend days).
    Days on which a unit was closed, such as holidays, are left out.
    """
    first = int(stays.arrived_us.min()) if len(stays.arrived_us) else at - HOUR_US
    begin = max(at - round(weeks * WEEK_HOURS * HOUR_US), first)
    hours = np.arange(max((at - begin) // HOUR_US, 1))
    instants = at - (hours + 1) * HOUR_US + HOUR_US // 2
    came = stays.arrived_us[(stays.arrived_us >= begin) & (stays.arrived_us <= at)]
    kinds = stays.kinds[(stays.arrived_us >= begin) & (stays.arrived_us <= at)]
    days, hour_days = clock.days(came), clock.days(instants)
    closed = _closed_days(days, hour_days)
    pace = np.log(2.0) / (half_life_weeks * WEEK_HOURS)
    open_hours = ~np.isin(hour_days, closed)
    worth = np.exp(-pace * hours)[open_hours]
    week_hours = clock.week_hours(instants[open_hours])
    open_weeks = np.bincount(week_hours, weights=worth, minlength=WEEK_HOURS).astype(np.float64)
    counted = ~np.isin(days, closed)
    counts = np.zeros((len(stays.kind_names), WEEK_HOURS))
    age_h = (at - came[counted]) / HOUR_US
    np.add.at(counts, (kinds[counted], clock.week_hours(came[counted])), np.exp(-pace * age_h))
    rates = np.stack([_shrunk(row, open_weeks) for row in counts])
    shape = _day_shape(days[counted], hour_days[open_hours], rates.sum(axis=0)[week_hours])
    return ArrivalRates(per_hour=rates, day_shape=shape, clock=clock)


def _whole_days(days: Integers, hour_days: Integers) -> tuple[Integers, Integers]:
    """Give the days that lie whole in the window, and how many came on each."""
    found, hours = np.unique(hour_days, return_counts=True)
    whole = found[hours >= 23]  # one day of the year has 23 hours
    counts = np.zeros(len(whole), dtype=np.int64)
    where = np.searchsorted(whole, days)
    inside = (where < len(whole)) & (whole[np.minimum(where, max(len(whole) - 1, 0))] == days) if len(whole) else []
    if len(whole):
        counts = np.bincount(where[inside], minlength=len(whole))
    return whole, counts


def _closed_days(days: Integers, hour_days: Integers) -> Integers:
    whole, counts = _whole_days(days, hour_days)
    closed = []
    for weekday in range(7):
        same = whole % 7 == weekday
        # Fewer than four such weekdays say too little of what is usual.
        usual = float(np.median(counts[same])) if same.sum() >= 4 else 0.0
        for day, count in zip(whole[same].tolist(), counts[same].tolist(), strict=True):
            if count < _CLOSED_SHARE * usual and stats.poisson.cdf(count, usual) < _CLOSED_CHANCE:
                closed.append(day)
    return np.array(closed, dtype=np.int64)


def _day_shape(days: Integers, hour_days: Integers, hourly: Floats) -> float:
    """Give k from how much more than by chance the counts of days vary: Var N = E + E²/k."""
    whole, counts = _whole_days(days, hour_days)
    if len(whole) < 14:
        return _MOST_SHAPE
    expected = np.bincount(
        np.searchsorted(whole, hour_days[np.isin(hour_days, whole)]),
        minlength=len(whole),
        weights=hourly[np.isin(hour_days, whole)],
    )
    # Holidays and the like are left out of the spread of usual days.
    strange = np.abs(counts - expected) / np.sqrt(np.maximum(expected, 0.5))
    usual = strange <= np.quantile(strange, 1 - _TRIMMED)
    extra = ((counts - expected)[usual] ** 2).sum() - expected[usual].sum()
    return float(np.clip((expected[usual] ** 2).sum() / max(extra, 1e-9), 1.0, _MOST_SHAPE))


def _shrunk(counts: Floats, open_weeks: Floats) -> Floats:
    by_day, seen = counts.reshape(7, 24), open_weeks.reshape(7, 24)
    total = by_day.sum() / max(seen.sum(), 1e-9)
    daily = (by_day.sum(axis=1) + _DAY_WEIGHT * 24 * total) / (seen.sum(axis=1) + _DAY_WEIGHT * 24)
    shape = np.empty((7, 24))
    for days in (slice(0, 5), slice(5, 7)):
        level = (daily[days, None] * seen[days]).sum(axis=0)
        shape[days] = (by_day[days].sum(axis=0) + 1.0) / (level + 1.0)
    prior = daily[:, None] * shape
    return np.asarray(((by_day + _HOUR_WEIGHT * prior) / (seen + _HOUR_WEIGHT)).ravel())

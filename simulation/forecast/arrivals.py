"""How many patients come in the next hours, by kind and hour of the week, and how today differs from other days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from simulation.forecast.levels import DayCounts, DayLevel, levels_ahead
from simulation.forecast.stays import HOUR_US, WEEK_HOURS, LocalTime, Stays
from simulation.model.plan import Floats, Integers

_HOUR_WEIGHT = 3.0  # weeks' worth of belief that an hour of the week follows its weekday and its hour of the day
_DAY_WEIGHT = 2.0  # weeks' worth of belief that a weekday is like the others
_CLOSED_SHARE = 0.5  # of what is usual on a weekday; a day with less, and not by chance, is taken as a holiday
_CLOSED_CHANCE = 1e-4
_TRIMMED = 0.05  # share of the strangest days that say nothing of how usual days differ
_LEFT_VARIANCE = 0.759  # of a normal variable without that share at its ends: 1 - 2 q phi(q) / 0.95, q = 1.96
_MOST_SHAPE = 1e6
_LEVEL_DAYS = 182  # half a year of days says how far levels last
HALF_LIVES_WEEKS = (6.0, 13.0, 26.0, 104.0)
"""Ages at which an arrival may count half; how far they foretold the weeks until now says how much each is believed."""
_LEARNT_WEEKS = 6  # from which the first week is foretold


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

    def levels(self, stays: Stays, at: int, days: int, *, without: int = -1) -> list[DayLevel]:
        """Judge from the patients of today and of the weeks before how busy today and the days after it are.

        Parameters
        ----------
        stays : Stays
            As known at ``at``.
        at : int
            Now.
        days : int
            How many, at least 1; the first is today.
        without : int
            Number of a kind that does not count; -1 for none.

        Notes
        -----
        Days before today set the laws, :func:`simulation.forecast.levels.levels_ahead`. With n patients today where e
        were expected, today's Gamma(k, k/m) of mean m becomes Gamma(k + n, k/m + e).
        """
        today = int(self.clock.days(np.array([at]))[0])
        quarter = HOUR_US // 4
        # A hundred quarters of an hour: the longest day of the year has 25 hours.
        back = at - quarter * np.arange(1, 100, dtype=np.int64) + quarter // 2
        back = back[self.clock.days(back) == today]
        counted = np.arange(len(self.per_hour)) != without
        expected = float(self.at(back)[counted].sum()) / 4
        arrived = stays.arrived_us[(stays.arrived_us > at - _LEVEL_DAYS * 24 * HOUR_US) & (stays.kinds != without)]
        came_on = self.clock.days(arrived)
        found = levels_ahead(self._before(at, today, came_on, counted), self.day_shape, days)
        came = int((came_on == today).sum())
        known = DayLevel((found[0].shape + came) / (found[0].shape / found[0].mean + expected), found[0].shape + came)
        return [known, *found[1:]]

    def _before(self, at: int, today: int, came_on: Integers, counted: NDArray[np.bool_]) -> DayCounts:
        """Count the whole days before today on which somebody could come since the first arrival that is known."""
        hours = at - HOUR_US * np.arange(_LEVEL_DAYS * 24, dtype=np.int64) - HOUR_US // 2
        on = self.clock.days(hours)
        # The first day may be known in part only.
        first = max(int(came_on.min(initial=today)), int(on[-1])) + 1
        inside = (on >= first) & (on < today)
        length = max(today - first, 0)
        expected = np.bincount(
            on[inside] - first, weights=self.at(hours[inside])[counted].sum(axis=0), minlength=length
        )
        known = came_on[(came_on >= first) & (came_on < today)]
        came = np.bincount(known - first, minlength=length)
        is_usual = ~np.isin(np.arange(first, first + length), _closed_days(known, on[inside]))
        return DayCounts(came=came, expected=expected.astype(np.float64), is_usual=is_usual)


def fit_arrivals(
    stays: Stays,
    at: int,
    *,
    clock: LocalTime,
    weeks: float = 52.0,
    half_lives_weeks: Sequence[float] = HALF_LIVES_WEEKS,
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
    half_lives_weeks : Sequence[float]
        Ages at which an arrival counts half, so that rates follow the season; one or several, then mixed.

    Notes
    -----
    Several half-lives are mixed by the probability with which each foretold the weeks of the window, every week from
    those before it: a hospital whose arrivals grow is followed quickly, one without a trend is averaged over long. Each
    hour of the week is a mean with a gamma prior at (rate of its day) × (profile of weekdays or weekend days).
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
    open_hours = ~np.isin(hour_days, closed)
    week_hours = clock.week_hours(instants[open_hours])
    counted = ~np.isin(days, closed)
    age_h = (at - came[counted]) / HOUR_US
    came_in = (kinds[counted], clock.week_hours(came[counted]))
    rates = np.zeros((len(stays.kind_names), WEEK_HOURS))
    beliefs = beliefs_in(_by_week(age_h, len(hours)), half_lives_weeks)
    for half_life, belief in zip(half_lives_weeks, beliefs.tolist(), strict=True):
        pace = np.log(2.0) / (half_life * WEEK_HOURS)
        worth = np.exp(-pace * hours)[open_hours]
        open_weeks = np.bincount(week_hours, weights=worth, minlength=WEEK_HOURS).astype(np.float64)
        counts = np.zeros_like(rates)
        np.add.at(counts, came_in, np.exp(-pace * age_h))
        rates += belief * np.stack([_shrunk(row, open_weeks) for row in counts])
    shape = _day_shape(days[counted], hour_days[open_hours], rates.sum(axis=0)[week_hours])
    return ArrivalRates(per_hour=rates, day_shape=shape, clock=clock)


def _by_week(age_h: Floats, hours: int) -> Integers:
    """Give how many came in each whole week until now, the oldest first."""
    weeks = hours // WEEK_HOURS
    ages = (age_h // WEEK_HOURS).astype(np.int64)
    return np.bincount(ages[ages < weeks], minlength=weeks)[::-1]


def beliefs_in(weekly: Integers, half_lives_weeks: Sequence[float]) -> Floats:
    """Give how far each half-life is believed after it has foretold every week from those before.

    Parameters
    ----------
    weekly : Integers
        Arrivals by week, the oldest first, shape (n,).
    half_lives_weeks : Sequence[float]
        Which.

    Returns
    -------
    Floats
        Probabilities, shape (m,); equal ones while there are too few weeks to judge.

    Notes
    -----
    Posterior probabilities of the half-lives with equal ones before. The likelihood of a week is that of a negative
    binomial count with the mean foretold; how far it varies more than by chance is taken from the weeks themselves, so
    that a wild week decides nothing alone.
    """
    count = len(half_lives_weeks)
    if count == 1 or len(weekly) <= _LEARNT_WEEKS:
        return np.full(count, 1.0 / count)
    mean = max(float(weekly.mean()), 0.5)
    # From neighbours, which a trend hardly parts: half the squared difference is a variance.
    extra = max(float(np.square(np.diff(weekly)).mean()) / 2 - mean, 1e-6)
    shape = mean**2 / extra
    scores = np.zeros(count)
    for which, half_life in enumerate(half_lives_weeks):
        keep = 0.5 ** (1.0 / half_life)
        total, worth = 0.0, 0.0
        for week, came in enumerate(weekly.tolist()):
            if week >= _LEARNT_WEEKS:
                foretold = max(total / worth, 0.1)
                scores[which] += stats.nbinom.logpmf(came, shape, shape / (shape + foretold))
            total, worth = keep * (total + came), keep * (worth + 1.0)
    chances = np.exp(scores - scores.max())
    return np.asarray(chances / chances.sum())


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
    # Without its ends a distribution looks narrower than it is, by a known factor.
    extra = ((counts - expected)[usual] ** 2).sum() / _LEFT_VARIANCE - expected[usual].sum()
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

"""What a patient-day needs, by how ill the patient is: patient-days of a ward by acuity, rates of use, surges.

A ward with two more patients of triage level 1 uses other things than one with two more of level 4: a factor on all its
use would send too much of some goods and too little of others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from inventory.rules.forecasting.methods import Floats
from inventory.rules.planning.demand import census_rates
from twin.clock import DAY_US

CLASSES = ("1", "2", "3", "4", "5", "unknown")
"""Triage levels, 1 the most urgent, and the patients of whom none was told: a class of their own, never a guess."""
UNKNOWN = len(CLASSES) - 1

FEWEST_DAYS = 7.0
"""Patient-days of a class from which it has a rate of its own; below, it gets the ward's."""
_SPARE_PERIODS = 2  # more periods than rates: else they would fit whatever was used
_CONFIDENCE = 0.95
_NONE_SEEN = 3.0  # rule of three: upper 95 % limit of a Poisson rate of which nothing was seen in so many days
HIGHEST_FACTOR = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """A stretch in which a patient was in one ward.

    Parameters
    ----------
    encounter, ward : str
        Whose, and where.
    from_us, to_us : int
        UTC microseconds.
    """

    encounter: str
    ward: str
    from_us: int
    to_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Periods of the past.

    Parameters
    ----------
    start_us, period_us : int
        First instant and length of a period, microseconds.
    periods : int
        How many.
    """

    start_us: int
    period_us: int
    periods: int

    @property
    def end_us(self) -> int:
        """Instant at which the last period ends."""
        return self.start_us + self.period_us * self.periods


def class_of(acuity: int) -> int:
    """Give the index in :data:`CLASSES` of a triage level; 0 and whatever is no level are unknown."""
    return acuity - 1 if 1 <= acuity <= UNKNOWN else UNKNOWN


def patient_days(
    stays: Iterable[Stay], levels: Mapping[str, Sequence[tuple[int, int]]], window: Window
) -> dict[str, Floats]:
    """Give the patient-days of each ward by period and acuity.

    Parameters
    ----------
    stays : Iterable[Stay]
        Of any wards, in any order.
    levels : Mapping[str, Sequence[tuple[int, int]]]
        By encounter, when which triage level was told (UTC microseconds), oldest first.
    window : Window
        Which periods.

    Returns
    -------
    dict[str, array of shape (n_periods, n_classes)]
        Days; what lies outside the window does not count.

    Notes
    -----
    A patient counts as told at the time: the minutes before triage are unknown, and a new level holds from then on. The
    classes of a ward add up to all its patient-days.
    """
    found: dict[str, Floats] = {}
    for stay in stays:
        begin, end = max(stay.from_us, window.start_us), min(stay.to_us, window.end_us)
        if begin >= end:
            continue
        days = found.setdefault(stay.ward, np.zeros((window.periods, len(CLASSES))))
        told = [(at, class_of(level)) for at, level in levels.get(stay.encounter, ()) if at < end]
        held = next((kind for at, kind in reversed(told) if at <= begin), UNKNOWN)
        changes = [(at, kind) for at, kind in told if at > begin]
        # the last change holds to the end; each one before it to the next
        for (at, kind), (until, _next) in zip([(begin, held), *changes], [*changes, (end, held)], strict=True):
            _spread(days[:, kind], at, until, window)
    return found


def _spread(days: Floats, begin: int, end: int, window: Window) -> None:
    at = begin
    while at < end:
        period = (at - window.start_us) // window.period_us
        until = min(end, window.start_us + (period + 1) * window.period_us)
        days[period] += (until - at) / DAY_US
        at = until


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Units of an item that a patient-day needs, by acuity.

    Parameters
    ----------
    rate, low, high : array of shape (n_classes,)
        Units a patient-day, with a 95 % interval; infinite where too few periods tell none.
    days : array of shape (n_classes,)
        Patient-days that they rest on.
    is_ward : array of bool, same shape
        Whether it is the rate of the whole ward, because the class has too few days of its own.
    periods : int
        Periods in which the ward had patients.
    """

    rate: Floats
    low: Floats
    high: Floats
    days: Floats
    is_ward: NDArray[np.bool_]
    periods: int


def rates_by_acuity(used: Floats, days: Floats, *, has_interval: bool = True) -> Rates:
    """Give the use of an item per patient-day of each acuity.

    Parameters
    ----------
    used : array of shape (n_periods,)
        Base units of an item.
    days : array of shape (n_periods, n_classes)
        Patient-days of its ward in the same periods.
    has_interval : bool
        Whether intervals are wanted, which takes a fit for each period.

    Notes
    -----
    Least squares without negative rates over the classes that have days enough; intervals by the jackknife over
    periods, which need not be alike, with Student's t. Where no unit was seen the upper limit is that of the rule of
    three.

    References
    ----------
    Efron, B. (1982), The Jackknife, the Bootstrap and Other Resampling Plans, chapter 3.
    """
    is_followed = days.sum(axis=1) > 0
    units, present = used[is_followed], days[is_followed]
    periods, total = len(units), present.sum(axis=0)
    has_own = total >= FEWEST_DAYS
    if periods < has_own.sum() + _SPARE_PERIODS:
        has_own = np.zeros(len(total), dtype=np.bool_)  # too few periods to part them: all get the ward's
    rate = _fit(units, present, has_own)
    low, high = np.zeros(len(rate)), np.full(len(rate), np.inf)
    if has_interval and periods > 1:
        others = np.stack([_fit(np.delete(units, i), np.delete(present, i, axis=0), has_own) for i in range(periods)])
        error = np.sqrt((periods - 1) / periods * ((others - others.mean(axis=0)) ** 2).sum(axis=0))
        reach = student.ppf(0.5 + _CONFIDENCE / 2, periods - 1) * error
        seen = np.where(has_own, total, total.sum())
        unseen = np.divide(_NONE_SEEN, seen, out=np.full(len(rate), np.inf), where=seen > 0)
        low, high = np.maximum(rate - reach, 0.0), np.where(rate > 0, rate + reach, np.maximum(reach, unseen))
    return Rates(rate=rate, low=low, high=high, days=total, is_ward=~has_own, periods=periods)


def _fit(units: Floats, present: Floats, has_own: NDArray[np.bool_]) -> Floats:
    total = present.sum()
    rate = np.full(present.shape[1], units.sum() / total if total > 0 else 0.0)
    if has_own.any():
        rate[has_own] = census_rates(units, np.ascontiguousarray(present[:, has_own]))
    return rate


def usual_patients(days: Floats, period_days: float) -> Floats:
    """Give the patients of each class that are usually present, over the periods in which the ward had any.

    Parameters
    ----------
    days : array of shape (n_periods, n_classes)
        Patient-days.
    period_days : float
        Length of a period.
    """
    is_followed = days.sum(axis=1) > 0
    found: Floats = days[is_followed].sum(axis=0) / (max(1, int(is_followed.sum())) * period_days)
    return found


def surge_factor(used: Floats, days: Floats, expected: Floats, period_days: float) -> float:
    """Give how many times its usual use of an item a ward will have with other patients.

    Parameters
    ----------
    used : array of shape (n_periods,)
        Base units.
    days : array of shape (n_periods, n_classes)
        Patient-days of the ward.
    expected : array of shape (n_classes,)
        Patients of each class that will be present.
    period_days : float
        Length of a period.

    Returns
    -------
    float
        0 to :data:`HIGHEST_FACTOR`; 1 for what was never used, or a ward that nobody was followed in.
    """
    rates = rates_by_acuity(used, days, has_interval=False).rate
    usual = float(rates @ usual_patients(days, period_days))
    if usual <= 0:
        return 1.0
    return min(HIGHEST_FACTOR, float(rates @ expected) / usual)

"""How far a simulated log is from the real one, and whether the difference is more than chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from simulation.calibration.logs import Case, durations_h

_HOUR_US = 3_600_000_000
_NGRAM = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Distances:
    """Distances of two logs.

    Parameters
    ----------
    ngram : float
        Of the sequences of activities, three at a time: 0 for the same, 1 for nothing in common.
    cycle_time_h : float
        Wasserstein distance of the times from arrival to end, hours.
    relative_h : float
        Wasserstein distance of the times of events after their case's arrival, hours.
    circadian_h : float
        Wasserstein distance of the hours of the day at which events happen.
    arrivals_per_day : float
        Difference of the mean numbers of cases a day.
    """

    ngram: float
    cycle_time_h: float
    relative_h: float
    circadian_h: float
    arrivals_per_day: float


def distances(real: Sequence[Case], simulated: Sequence[Case]) -> Distances:
    """Compare two logs.

    Parameters
    ----------
    real, simulated : Sequence[Case]
        Each with at least one case.

    References
    ----------
    D. Chapela-Campa et al., "Can I trust my simulation model? Measuring the quality of business process simulation
    models", BPM 2023: n-gram, relative, circadian and cycle-time distances.
    """
    mine, theirs = _ngrams(real), _ngrams(simulated)
    total = sum(mine.values()), sum(theirs.values())
    apart = sum(abs(mine[key] / total[0] - theirs[key] / total[1]) for key in mine.keys() | theirs.keys())
    return Distances(
        ngram=apart / 2,
        cycle_time_h=float(stats.wasserstein_distance(durations_h(real), durations_h(simulated))),
        relative_h=float(stats.wasserstein_distance(_relative(real), _relative(simulated))),
        circadian_h=float(stats.wasserstein_distance(_hours(real), _hours(simulated))),
        arrivals_per_day=_per_day(simulated) - _per_day(real),
    )


def _ngrams(cases: Sequence[Case]) -> Counter[tuple[str, ...]]:
    found: Counter[tuple[str, ...]] = Counter()
    # Edges, so that how a case begins and ends counts as much as what lies between.
    edge = ("",) * (_NGRAM - 1)
    for case in cases:
        names = (*edge, *(activity.name for activity in case.activities), *edge)
        found.update(names[k : k + _NGRAM] for k in range(len(names) - _NGRAM + 1))
    return found


def _relative(cases: Sequence[Case]) -> np.ndarray:
    return np.array([(one.end_us - case.arrived_us) / _HOUR_US for case in cases for one in case.activities])


def _hours(cases: Sequence[Case]) -> np.ndarray:
    return np.array([one.end_us // _HOUR_US % 24 for case in cases for one in case.activities])


def _per_day(cases: Sequence[Case]) -> float:
    first, last = min(case.arrived_us for case in cases), max(case.arrived_us for case in cases)
    # An hour at least: one case alone has no length of time.
    return len(cases) / max((last - first) / _HOUR_US / 24, 1 / 24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Whether one figure of the log lies where the model would put it.

    Parameters
    ----------
    figure : str
        ``cases_per_day``, ``cycle_time_mean_h``, ``cycle_time_p90_h``, ``present_mean``, ``activities_per_case``.
    real : float
        In the log.
    low, middle, high : float
        2.5 % quantile, median and 97.5 % quantile over simulated logs of the same length.
    matches : bool
        Whether the log lies between.
    """

    figure: str
    real: float
    low: float
    middle: float
    high: float
    matches: bool


def match(real: Sequence[Case], simulated: Sequence[Sequence[Case]], window_us: tuple[int, int]) -> list[Match]:
    """Tell where a model matches a window of the log.

    Parameters
    ----------
    real : Sequence[Case]
        The log.
    simulated : Sequence[Sequence[Case]]
        Logs of the model over the same window, at least 20 for a 95 % band.
    window_us : tuple[int, int]
        UTC microseconds; cases that arrive within count.
    """
    truth = _figures(real, window_us)
    several = [_figures(cases, window_us) for cases in simulated]
    found = []
    for figure, value in truth.items():
        low, middle, high = np.quantile([one[figure] for one in several], (0.025, 0.5, 0.975))
        found.append(
            Match(
                figure=figure,
                real=value,
                low=float(low),
                middle=float(middle),
                high=float(high),
                matches=bool(low <= value <= high),
            )
        )
    return found


def _figures(cases: Sequence[Case], window_us: tuple[int, int]) -> dict[str, float]:
    begin, end = window_us
    # Half open, so that a case on the border counts in one window only.
    inside = [case for case in cases if begin <= case.arrived_us < end]
    days = (end - begin) / _HOUR_US / 24
    times = durations_h(inside) if inside else np.zeros(1)
    # From the cases' overlap with the window, those that began before it included.
    present = sum(max(min(case.ended_us, end) - max(case.arrived_us, begin), 0) for case in cases) / (end - begin)
    return {
        "cases_per_day": len(inside) / days,
        "cycle_time_mean_h": float(times.mean()),
        "cycle_time_p90_h": float(np.quantile(times, 0.9)),
        "present_mean": float(present),
        "activities_per_case": sum(len(case.activities) for case in inside) / max(len(inside), 1),
    }

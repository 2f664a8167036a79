"""What many places will use: a forecast per series, chosen by its own past, with its deviation; empty shelves censored.

A period that ended with an empty shelf tells the least that was wanted, not what was wanted: read as demand it would
teach the plan to be short again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from inventory.rules.forecasting.methods import FORECASTS, Floats, Method

CANDIDATES = (Method.SES, Method.MOVING_MEAN, Method.CROSTON, Method.SBA, Method.TSB)
"""Methods that are tried on each series; the first one wins a tie."""

_ORIGINS = 8
_SHORTEST = 4  # periods before the first origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Expected use of many series.

    Parameters
    ----------
    mean, variance : array of shape (n_series,)
        Of one period.
    method : array of shape (n_series,)
        Index into :data:`CANDIDATES`.
    censored : array of shape (n_series,)
        Periods that ended with an empty shelf.
    """

    mean: Floats
    variance: Floats
    method: NDArray[np.int64]
    censored: NDArray[np.int64]


def uncensored(used: Floats, was_empty: NDArray[np.bool_]) -> Floats:
    """Give the use with censored periods lifted to the mean of the others, where that is more.

    Parameters
    ----------
    used : array of shape (n_series, n_periods)
        What was taken.
    was_empty : array of bool, same shape
        Whether the period ended with an empty shelf.

    Returns
    -------
    array of shape (n_series, n_periods)
        Never below ``used``; unchanged where nothing was empty, or everything.
    """
    open_periods = (~was_empty).sum(axis=1)
    total = np.where(was_empty, 0.0, used).sum(axis=1)
    typical = np.divide(total, open_periods, out=np.zeros(len(used)), where=open_periods > 0)
    return np.where(was_empty, np.maximum(used, typical[:, None]), used)


def outlook(used: Floats, was_empty: NDArray[np.bool_]) -> Outlook:
    """Forecast the next period of many series, each by the method that did best on its own last periods.

    Parameters
    ----------
    used : array of shape (n_series, n_periods)
        Use by period, at least 0; at least 4 periods.
    was_empty : array of bool, same shape
        Whether the period ended with an empty shelf.

    Notes
    -----
    The score is the mean squared one-step error over the last origins, scale-free within a series. The variance is the
    larger of that score and the series' own variance over the same periods: a lucky run of small errors must not
    promise a service that the next month breaks.
    """
    if used.ndim != 2 or used.shape[1] < _SHORTEST:
        raise ValueError(f"Expected (n_series, at least {_SHORTEST} periods), got {used.shape}.")
    demand = uncensored(used, was_empty)
    length = demand.shape[1]
    origins = range(max(_SHORTEST - 1, length - _ORIGINS), length)
    scores = np.zeros((len(CANDIDATES), len(demand)))
    for t in origins:
        past = np.ascontiguousarray(demand[:, :t])
        for index, method in enumerate(CANDIDATES):
            # One step ahead, from the periods before only: in-sample errors would favour whatever fits closest.
            scores[index] += (demand[:, t] - FORECASTS[method](past)) ** 2
    scores /= len(origins)
    best = np.argmin(scores, axis=0)
    ahead = np.stack([FORECASTS[method](demand) for method in CANDIDATES])
    rows = np.arange(len(demand))
    spread = demand[:, -max(_ORIGINS, 2) :].var(axis=1)
    return Outlook(
        mean=np.maximum(ahead[best, rows], 0.0),
        variance=np.maximum(scores[best, rows], spread),
        method=best,
        censored=was_empty.sum(axis=1),
    )


def census_rates(used: Floats, patient_days: Floats) -> Floats:
    """Give units used per patient-day of each acuity, by least squares without negative rates.

    Parameters
    ----------
    used : array of shape (n_periods,)
        Use of an item at a ward.
    patient_days : array of shape (n_periods, n_acuities)
        Patient-days by acuity in the same periods.

    Returns
    -------
    array of shape (n_acuities,)
        Rates; all zero without any patient-day.
    """
    if used.shape[0] != patient_days.shape[0]:
        raise ValueError(f"Expected as many periods of patient-days as of use, got {patient_days.shape[0]}.")
    if not patient_days.any():
        return np.zeros(patient_days.shape[1])
    rates, _residual = nnls(patient_days, used)
    return np.asarray(rates)

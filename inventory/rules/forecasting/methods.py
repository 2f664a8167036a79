"""Point forecasts of many demand series at once, each an array of shape (n_series, n_periods).

References
----------
Croston, J. D. (1972), Operational Research Quarterly 23; Syntetos, A. A. and Boylan, J. E. (2005), International
Journal of Forecasting 21; Teunter, R., Syntetos, A. and Babai, M. Z. (2011), European Journal of Operational Research
214; Nikolopoulos, K. et al. (2011), Journal of the Operational Research Society 62 (ADIDA).
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_YEAR = 12


class Method(StrEnum):
    """A way to forecast the next period."""

    NAIVE = "naive"
    SEASONAL_NAIVE = "seasonal_naive"
    MOVING_MEAN = "moving_mean"
    SES = "ses"
    CROSTON = "croston"
    SBA = "sba"
    TSB = "tsb"
    ADIDA = "adida"
    SEASONAL_SES = "seasonal_ses"
    COMBINED = "combined"


@numba.njit(cache=True)
def _smoothed(values: Floats, alpha: float) -> float:  # pragma: no cover
    level: float = values[0]
    for t in range(1, len(values)):
        level += alpha * (values[t] - level)
    return level


@numba.njit(cache=True)
def _squared_errors(values: Floats, alpha: float) -> float:  # pragma: no cover
    level, total = values[0], 0.0
    for t in range(1, len(values)):
        error = values[t] - level
        total += error * error
        level += alpha * error
    return total


@numba.njit(cache=True)
def _best_smoothed(values: Floats, low: float, high: float) -> float:  # pragma: no cover
    """Give the smoothed level with the best constant between two bounds, by golden section.

    Where every constant fits alike, as with two values or with one that alone differs at the end, none is the right
    one: as in the published figures, the search goes one step to the right and takes the middle of what is left.
    """
    ratio = 0.6180339887498949
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left, at_right = _squared_errors(values, left), _squared_errors(values, right)
    if at_left == at_right == _squared_errors(values, low):
        return _smoothed(values, (left + high) / 2)
    for _ in range(40):
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - ratio * (high - low)
            at_left = _squared_errors(values, left)
        else:
            low, left, at_left = left, right, at_right
            right = low + ratio * (high - low)
            at_right = _squared_errors(values, right)
    return _smoothed(values, (low + high) / 2)


@numba.njit(cache=True)
def _intermittent(series: Floats) -> tuple[Floats, Floats]:  # pragma: no cover
    """Give the demands that are not 0 and the intervals between them, the first counted from the start."""
    count = 0
    for value in series:
        count += value != 0
    sizes, intervals = np.empty(count), np.empty(count)
    found, last = 0, -1
    for t in range(len(series)):
        if series[t] != 0:
            # The first interval counts from before the series begins, as Croston's method is usually started.
            sizes[found], intervals[found] = series[t], t - last
            found, last = found + 1, t
    return sizes, intervals


@numba.njit(cache=True)
def _ses_all(series: Floats, alpha: float, out: Floats) -> None:  # pragma: no cover
    for row in range(series.shape[0]):
        out[row] = _smoothed(series[row], alpha)


@numba.njit(cache=True)
def _croston_all(series: Floats, alpha: float, factor: float, out: Floats) -> None:  # pragma: no cover
    for row in range(series.shape[0]):
        sizes, intervals = _intermittent(series[row])
        out[row] = factor * _smoothed(sizes, alpha) / _smoothed(intervals, alpha) if len(sizes) else 0.0


@numba.njit(cache=True)
def _tsb_all(series: Floats, alpha_size: float, alpha_share: float, out: Floats) -> None:  # pragma: no cover
    for row in range(series.shape[0]):
        sizes, _ = _intermittent(series[row])
        if not len(sizes):
            out[row] = 0.0
            continue
        share = 1.0 if series[row, 0] != 0 else 0.0  # moves every period: what is no longer needed dies out
        for t in range(1, series.shape[1]):
            share += alpha_share * ((1.0 if series[row, t] != 0 else 0.0) - share)
        out[row] = share * _smoothed(sizes, alpha_size)


@numba.njit(cache=True)
def _adida_all(series: Floats, low: float, high: float, out: Floats) -> None:  # pragma: no cover
    for row in range(series.shape[0]):
        sizes, intervals = _intermittent(series[row])
        if not len(sizes):
            out[row] = 0.0
            continue
        # buckets as long as the usual wait between two demands have next to no zeros left
        bucket = max(1, round(intervals.mean()))
        length = series.shape[1]
        # The oldest periods that fill no bucket are left out, not the newest.
        lost = length % bucket
        buckets = np.zeros((length - lost) // bucket)
        for t in range(lost, length):
            buckets[(t - lost) // bucket] += series[row, t]
        out[row] = _best_smoothed(buckets, low, high) / bucket


def ses(series: Floats, alpha: float = 0.2) -> Floats:
    """Give simple exponential smoothing, begun at the first value."""
    out = np.empty(len(series))
    _ses_all(np.ascontiguousarray(series), alpha, out)
    return out


def croston(series: Floats, alpha: float = 0.1) -> Floats:
    """Give Croston's forecast: smoothed size over smoothed interval."""
    out = np.empty(len(series))
    _croston_all(np.ascontiguousarray(series), alpha, 1.0, out)
    return out


def sba(series: Floats, alpha: float = 0.1) -> Floats:
    """Give Croston's forecast with the correction of Syntetos and Boylan, 1 - alpha / 2."""
    out = np.empty(len(series))
    _croston_all(np.ascontiguousarray(series), alpha, 1 - alpha / 2, out)
    return out


def tsb(series: Floats, alpha_size: float = 0.2, alpha_share: float = 0.2) -> Floats:
    """Give the forecast of Teunter, Syntetos and Babai, which falls when nothing is needed any more."""
    out = np.empty(len(series))
    _tsb_all(np.ascontiguousarray(series), alpha_size, alpha_share, out)
    return out


def adida(series: Floats) -> Floats:
    """Give the forecast by aggregation over the mean interval, smoothed with the best constant of 0.1 to 0.3."""
    out = np.empty(len(series))
    _adida_all(np.ascontiguousarray(series), 0.1, 0.3, out)
    return out


def moving_mean(series: Floats, periods: int = _YEAR) -> Floats:
    """Give the mean of the last periods."""
    return np.asarray(series[:, -periods:].mean(axis=1))


def naive(series: Floats) -> Floats:
    """Give the last value."""
    return np.asarray(series[:, -1])


def seasonal_naive(series: Floats, season: int = _YEAR) -> Floats:
    """Give the value of one season ago; the last one while there is none."""
    return np.asarray(series[:, -season] if series.shape[1] >= season else series[:, -1])


def seasonal_ses(series: Floats, season: int = _YEAR, alpha: float = 0.2) -> Floats:
    """Give exponential smoothing of the series without its season, times the coming season's factor.

    Notes
    -----
    Factors are shared by all series (ratio of the period's total to the year's mean, over whole years), since one
    series alone is too short to tell its season from chance; they are drawn halfway to 1.
    """
    length = series.shape[1]
    years = length // season
    if years < 2:
        return ses(series, alpha)
    recent = series[:, length - years * season :]
    totals = recent.sum(axis=0).reshape(years, season)
    yearly = totals.mean(axis=1, keepdims=True)
    ratios = np.divide(totals, yearly, out=np.ones_like(totals), where=yearly > 0).mean(axis=0)
    # A season of next to nothing would divide by next to nothing.
    factors = np.maximum((1 + ratios) / 2, 0.1)
    place = (np.arange(length) - (length - years * season)) % season
    return np.asarray(ses(series / factors[place], alpha) * factors[(place[-1] + 1) % season])


def combined(series: Floats) -> Floats:
    """Give the mean of exponential smoothing, yearly mean and seasonal forecast: their errors partly cancel."""
    total: Floats = ses(series) + moving_mean(series) + seasonal_ses(series)
    return total / 3


FORECASTS: dict[Method, Callable[[Floats], Floats]] = {
    Method.NAIVE: naive,
    Method.SEASONAL_NAIVE: seasonal_naive,
    Method.MOVING_MEAN: moving_mean,
    Method.SES: ses,
    Method.CROSTON: croston,
    Method.SBA: sba,
    Method.TSB: tsb,
    Method.ADIDA: adida,
    Method.SEASONAL_SES: seasonal_ses,
    Method.COMBINED: combined,
}
"""Forecast of the next period by method."""


class DemandClass(StrEnum):
    """Pattern of a demand: how often it comes and how much its size varies."""

    SMOOTH = "smooth"
    INTERMITTENT = "intermittent"
    ERRATIC = "erratic"
    LUMPY = "lumpy"
    NONE = "none"


def demand_class(series: Floats) -> DemandClass:
    """Give the pattern of one series: mean interval against 1.32, squared variation of sizes against 0.49.

    References
    ----------
    Syntetos, A. A., Boylan, J. E. and Croston, J. D. (2005), Journal of the Operational Research Society 56.
    """
    sizes, intervals = _intermittent(np.ascontiguousarray(series))
    if len(sizes) < 2:
        return DemandClass.NONE
    is_rare = intervals.mean() >= 1.32
    is_varied = (sizes.std() / sizes.mean()) ** 2 >= 0.49
    if is_rare:
        return DemandClass.LUMPY if is_varied else DemandClass.INTERMITTENT
    return DemandClass.ERRATIC if is_varied else DemandClass.SMOOTH

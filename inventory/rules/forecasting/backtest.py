"""How well forecasts would have done: rolling origins, quantiles, and the stock that they would have led to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from inventory.rules.forecasting.methods import FORECASTS, Floats, Method

QUANTILES = (0.5, 0.9, 0.95)
_LEARNING = 24  # periods before the first origin whose own forecasts teach the size and shape of errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How a method did over all series and origins.

    Parameters
    ----------
    method : str
        Its name.
    mase : float
        Mean absolute error over the training months' naive error, mean over series.
    pinball : dict[str, float]
        Mean pinball loss by quantile, each series scaled by its training naive error.
    pinball_mean : float
        Mean over the quantiles.
    """

    method: str
    mase: float
    pinball: dict[str, float]
    pinball_mean: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """Scores of all methods, the best first.

    Parameters
    ----------
    series, periods, origins : int
        What was tried.
    scores : tuple[Score, ...]
        By mean pinball loss.
    """

    series: int
    periods: int
    origins: int
    scores: tuple[Score, ...]


def naive_scale(training: Floats) -> Floats:
    """Give each series' mean absolute step in training; 0 where it never moves."""
    return np.asarray(np.abs(np.diff(training, axis=1)).mean(axis=1))


def one_step_forecasts(series: Floats, method: Method, first: int) -> Floats:
    """Give forecasts of every period from ``first`` on, each from the periods before it only.

    Parameters
    ----------
    series : array of shape (n_series, n_periods)
        Demand.
    method : Method
        How to forecast.
    first : int
        Index of the first period forecast, at least 2.

    Returns
    -------
    array of shape (n_series, n_periods - first)
        Forecasts, at least 0.
    """
    forecast = FORECASTS[method]
    return np.stack([np.maximum(forecast(series[:, :t]), 0) for t in range(first, series.shape[1])], axis=1)


def normal_quantiles(training: Floats, forecasts: Floats, actuals: Floats, quantiles: Sequence[float]) -> Floats:
    """Give quantiles as forecast plus a normal error of the training months' deviation.

    Parameters
    ----------
    training : array of shape (n_series, n_training)
        One-step errors of the training months.
    forecasts, actuals : array of shape (n_series, n_origins)
        Forecasts at the origins; the actual values are not used.
    quantiles : Sequence[float]
        Wanted probabilities.

    Returns
    -------
    array of shape (n_quantiles, n_series, n_origins)
        Quantiles, at least 0.
    """
    del actuals
    sd = np.sqrt((training**2).mean(axis=1))[:, None]
    return np.stack([np.maximum(forecasts + ndtri(quantile) * sd, 0) for quantile in quantiles])


def learnt_quantiles(training: Floats, forecasts: Floats, actuals: Floats, quantiles: Sequence[float]) -> Floats:
    """Give quantiles whose size follows each series' recent errors and whose shape is learnt from all series.

    Parameters
    ----------
    training : array of shape (n_series, n_training)
        One-step errors before the first origin.
    forecasts, actuals : array of shape (n_series, n_origins)
        Forecasts and what came; an origin uses only what came before it.
    quantiles : Sequence[float]
        Wanted probabilities.

    Returns
    -------
    array of shape (n_quantiles, n_series, n_origins)
        Quantiles, at least 0.

    Notes
    -----
    The scale is an exponentially weighted mean absolute error, drawn towards what series of the same size and scale
    have; errors over scale of all series at earlier origins give the shape, separately for four groups of
    coefficient of variation.
    """
    errors = np.concatenate([training, actuals - forecasts], axis=1)
    count, start = len(errors), training.shape[1]
    out = np.empty((len(quantiles), count, forecasts.shape[1]))
    for origin in range(forecasts.shape[1]):
        now = start + origin
        scale = _scale(errors[:, :now])
        group = _groups(scale, forecasts[:, origin])
        # From the third period on: a scale of fewer errors would divide by chance.
        window = range(max(start - _LEARNING, 3), now)
        past = np.concatenate([(errors[:, t] / _scale(errors[:, :t])) for t in window])
        labels = np.tile(group, len(window))
        for index, quantile in enumerate(quantiles):
            shape = np.array(
                [
                    np.quantile(past[labels == each], quantile) if (labels == each).any() else 0.0
                    for each in range(group.max() + 1)
                ]
            )
            out[index, :, origin] = np.maximum(forecasts[:, origin] + shape[group] * scale, 0)
    return out


def _scale(errors: Floats) -> Floats:
    length = errors.shape[1]
    weights = 0.93 ** np.arange(length)[::-1]
    found = np.abs(errors) @ weights / weights.sum()
    return np.asarray(np.maximum(found, 1e-9))


def _groups(scale: Floats, forecast: Floats) -> NDArray[np.int64]:
    variation = scale / np.maximum(forecast, 1e-9)
    edges = np.quantile(variation, [0.25, 0.5, 0.75])
    return np.asarray(np.searchsorted(edges, variation), dtype=np.int64)


def pinball(actuals: Floats, quantiles: Floats, probabilities: Sequence[float]) -> Floats:
    """Give mean pinball losses of shape (n_quantiles, n_series)."""
    losses = []
    for level, probability in zip(quantiles, probabilities, strict=True):
        error = actuals - level
        losses.append(np.maximum(probability * error, (probability - 1) * error).mean(axis=1))
    return np.stack(losses)


def backtest(series: Floats, *, origins: int, methods: Sequence[Method] = tuple(Method)) -> Backtest:
    """Try methods on rolling origins, each series scaled by its training months only.

    Parameters
    ----------
    series : array of shape (n_series, n_periods)
        Demand, at least 0; series that never move in training are left out.
    origins : int
        How many of the last periods are forecast one step ahead.
    methods : Sequence[Method]
        What is tried; each with quantiles learnt from all series, SES also with a normal error.
    """
    split = series.shape[1] - origins
    if origins < 1 or split < 15:
        raise ValueError(f"Expected at least 15 periods before {origins} origins, got {series.shape[1]} periods.")
    scale = naive_scale(series[:, :split])
    # A series that never moves has no naive error to be measured by.
    kept = scale > 0
    series, scale = series[kept], scale[kept]
    scores = []
    first = max(split - 2 * _LEARNING, 3)
    for method in methods:
        forecasts = one_step_forecasts(series, method, first)
        training = series[:, first:split] - forecasts[:, : split - first]
        ahead, actuals = forecasts[:, split - first :], series[:, split:]
        levels = learnt_quantiles(training, ahead, actuals, QUANTILES)
        scores.append(_score(method.value, ahead, actuals, levels, scale))
        if method is Method.SES:
            normal = normal_quantiles(training, ahead, actuals, QUANTILES)
            scores.append(_score("ses_normal", ahead, actuals, normal, scale))
    ordered = tuple(sorted(scores, key=lambda score: score.pinball_mean))
    return Backtest(series=len(series), periods=series.shape[1], origins=origins, scores=ordered)


def _score(name: str, ahead: Floats, actuals: Floats, levels: Floats, scale: Floats) -> Score:
    losses = pinball(actuals, levels, QUANTILES) / scale
    by_quantile = {str(quantile): float(value) for quantile, value in zip(QUANTILES, losses.mean(axis=1), strict=True)}
    return Score(
        method=name,
        mase=float((np.abs(actuals - ahead).mean(axis=1) / scale).mean()),
        pinball=by_quantile,
        pinball_mean=float(losses.mean()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FillResult:
    """What a target fill rate would have led to, ordering up to a level every period.

    Parameters
    ----------
    method : str
        Forecast used.
    target : float
        Wanted share of demand met from the shelf.
    fill_rate, cycle_service : float
        Reached: share of demand met, and share of periods without stock-out. They are different numbers.
    months_of_stock : float
        Mean order-up-to level over mean demand.
    """

    method: str
    target: float
    fill_rate: float
    cycle_service: float
    months_of_stock: float


def fill_backtest(series: Floats, *, origins: int, target: float, method: Method = Method.SEASONAL_SES) -> FillResult:
    """Try a target fill rate on rolling origins: safety is so large that the past would have filled the target.

    Parameters
    ----------
    series : array of shape (n_series, n_periods)
        Demand, at least 0.
    origins : int
        How many of the last periods are tried.
    target : float
        Wanted fill rate, above 0 and below 1.
    method : Method
        Point forecast.

    Notes
    -----
    Series share one safety factor k on their own error scale: the smallest with which the missing units of the last
    24 periods, max(error - k scale, 0), would have been at most 1 - target of the demand.
    """
    split = series.shape[1] - origins
    series = series[naive_scale(series[:, :split]) > 0]
    first = max(split - 2 * _LEARNING, 3)
    forecasts = one_step_forecasts(series, method, first)
    actuals = series[:, first:]
    errors = actuals - forecasts
    met = demanded = stocked = without = 0.0
    for now in range(split - first, errors.shape[1]):
        window = range(max(now - _LEARNING, 3), now)
        past = np.stack([errors[:, t] for t in window], axis=1)
        scales = np.stack([_scale(errors[:, :t]) for t in window], axis=1)
        factor = _safety_factor(past, scales, (1 - target) * float(actuals[:, window.start : now].sum()))
        level = np.maximum(forecasts[:, now] + factor * _scale(errors[:, :now]), 0)
        wanted = actuals[:, now]
        met += float(np.minimum(level, wanted).sum())
        demanded += float(wanted.sum())
        stocked += float(level.sum())
        without += float((wanted <= level).mean())
    return FillResult(
        method=method.value,
        target=target,
        fill_rate=met / demanded,
        cycle_service=without / origins,
        months_of_stock=stocked / demanded,
    )


def _safety_factor(errors: Floats, scales: Floats, allowed: float) -> float:
    # In units of the error scale; sixty halvings find the factor to the last digit.
    low, high = -5.0, 40.0
    for _ in range(60):
        middle = (low + high) / 2
        short = float(np.maximum(errors - middle * scales, 0).sum())
        low, high = (low, middle) if short <= allowed else (middle, high)
    return high

"""Repairable systems: power law, trend tests and the mean cumulative function."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import gammainc, gammaincinv, ndtr, ndtri  # chi-square and normal without the frame of scipy.stats

from assets.model.cycle import FloatArray
from assets.rules.reliability.observation import FEWEST_EVENTS, TooFewEvents
from twin.errors import InputError

_LARGEST_LOG = 709.0  # e to this is the largest float, nearly


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Failures of one repairable system.

    Parameters
    ----------
    times : tuple[float, ...]
        Ages at failure, ascending, above 0.
    end : float
        Age at which watching ended.
    is_failure_terminated : bool
        Whether watching ended with the last failure, by design.
    start : float
        Age at which watching began; above 0 for a system that is older than its records, whose failures before are
        unknown and are not taken for none.
    """

    times: tuple[float, ...]
    end: float
    is_failure_terminated: bool = False
    start: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what is not in order."""
        # Sorting what is sorted is one pass in C; comparing pairs here would take a tenth of a large fleet's second.
        if tuple(sorted(self.times)) != tuple(self.times):
            raise ValueError("Expected ascending times.")
        if not 0.0 <= self.start < self.end < math.inf:
            raise ValueError(f"Expected 0 <= start < end, got {self.start} and {self.end}.")
        if self.times and not self.start < self.times[0] <= self.times[-1] <= self.end:
            message = f"Expected {self.start} < times <= {self.end}, got {self.times[0]} to {self.times[-1]}."
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerLaw:
    """A power-law process: expected failures up to age t are rate · t^shape.

    Parameters
    ----------
    shape, rate : float
        beta and lambda by maximum likelihood; shape above 1 means that failures come ever faster.
    shape_unbiased : float or None
        For one system; None where no correction is known.
    shape_low, shape_high : float
        Interval of the shape at ``confidence``.
    cramer_von_mises : float or None
        Of one system with the unbiased shape; large means that the process does not fit.
    events, systems : int
        What it rests on.
    mtbf_instantaneous, mtbf_cumulative : float
        At the (greatest) end of watching.
    confidence : float
        Two-sided, 0..1.
    """

    shape: float
    rate: float
    shape_unbiased: float | None
    shape_low: float
    shape_high: float
    cramer_von_mises: float | None
    events: int
    systems: int
    mtbf_instantaneous: float
    mtbf_cumulative: float
    confidence: float


def fit_power_law(histories: Sequence[History], *, confidence: float = 0.95) -> PowerLaw:
    """Fit a power-law process to one system, or to several of one kind.

    Parameters
    ----------
    histories : Sequence[History]
        One per system, with at least three failures in all.
    confidence : float
        Two-sided, above 0 and below 1.

    Raises
    ------
    TooFewEvents
        If there are fewer than three failures.

    Notes
    -----
    One system from new: b = n/Σ ln(T/t). Several, or watched from an age S on: b = N/(λ Σ (T^b ln T - S^b ln S) -
    ΣΣ ln t) with λ = N/Σ (T^b - S^b). The interval rests on 2 n b/b̂ being chi-square with 2n (time-terminated) or
    2(n - 1) (failure-terminated) degrees of freedom; it is exact for one system from new and approximate otherwise.

    References
    ----------
    Crow (1974); MIL-HDBK-189C (2011), sections 6.2 and 6.3; IEC 61164.
    """
    count = sum(len(history.times) for history in histories)
    if count < FEWEST_EVENTS:
        raise TooFewEvents(count)
    single = histories[0] if len(histories) == 1 and histories[0].start == 0.0 else None
    ends = np.array([history.end for history in histories])
    starts = np.array([history.start for history in histories])
    shape = _shape_of_one(single) if single is not None else _shape_of_many(histories, starts, ends, count)
    unit = float(ends.max())
    relative = float(np.sum((ends / unit) ** shape - (starts / unit) ** shape))
    rate = _scaled(count / relative, -shape * math.log(unit))
    freedom = 2 * count - 2 * int(single is not None and single.is_failure_terminated)
    # The exact statistic has 2n/b̂ per shape; with several systems it is an approximation, and said to be.
    low = shape * float(gammaincinv(freedom / 2.0, 0.5 - confidence / 2.0)) / count
    high = shape * float(gammaincinv(freedom / 2.0, 0.5 + confidence / 2.0)) / count
    unbiased, cramer = _corrected(single, shape) if single is not None else (None, None)
    total = count / relative
    return PowerLaw(
        shape=shape,
        rate=rate,
        shape_unbiased=unbiased,
        shape_low=low,
        shape_high=high,
        cramer_von_mises=cramer,
        events=count,
        systems=len(histories),
        mtbf_instantaneous=unit / (total * shape),
        mtbf_cumulative=unit / total,
        confidence=confidence,
    )


class NoTrendSpread(InputError):
    """All failures stand at the end of watching, so that no finite shape fits."""

    code = "reliability.no_spread"


def _scaled(value: float, exponent: float) -> float:
    """Give value · e^exponent; a steep shape of large ages may leave the range of a float."""
    # Below it the rate is 0 to every digit that can be shown; above it nothing can be shown.
    if (logarithm := math.log(value) + exponent) > _LARGEST_LOG:
        raise NoTrendSpread("The failures are so close together that their rate is beyond any number.")
    return math.exp(logarithm)


def _shape_of_one(history: History) -> float:
    total = sum(math.log(history.end / t) for t in history.times)
    if total <= 0.0:
        raise NoTrendSpread("All failures stand at the end of watching: no finite shape fits.")
    return len(history.times) / total


def _shape_of_many(histories: Sequence[History], starts: FloatArray, ends: FloatArray, count: int) -> float:
    unit = float(ends.max())
    logs = float(np.sum(np.log(np.concatenate([np.asarray(h.times) for h in histories if h.times]) / unit)))
    scaled = np.log(ends / unit)
    entered = starts > 0.0
    # 1e-300 only keeps the logarithm finite where nothing entered late; those values are not used.
    late = np.where(entered, np.log(np.maximum(starts / unit, 1e-300)), 0.0)

    def equation(shape: float) -> float:
        to_end = np.exp(shape * scaled)
        to_start = np.where(entered, np.exp(shape * late), 0.0)
        slope = float(np.sum(to_end * scaled - to_start * late))
        if (total := float(np.sum(to_end - to_start))) <= 0.0:
            raise NoTrendSpread("The watches are too short beside the ages at which they began: no shape fits.")
        return count / shape - count * slope / total + logs

    # The equation falls as the shape grows: without a change of sign between the two there is no root.
    if equation(1e-6) <= 0.0 or equation(1e4) >= 0.0:
        raise NoTrendSpread("No finite shape above 0 fits these failures.")
    return float(brentq(equation, 1e-6, 1e4, xtol=1e-13, rtol=1e-14))


def _corrected(history: History, shape: float) -> tuple[float, float]:
    n = len(history.times)
    unbiased = shape * (n - 2) / n if history.is_failure_terminated else shape * (n - 1) / n
    m = n - 1 if history.is_failure_terminated else n
    ratios = np.array(history.times[:m]) / history.end
    ranks = (2.0 * np.arange(1, m + 1) - 1.0) / (2.0 * m)
    return unbiased, float(1.0 / (12.0 * m) + np.sum((ratios**unbiased - ranks) ** 2))


class Trend:
    """Words for what a trend test says."""

    WORSENING = "worsening"
    IMPROVING = "improving"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendTest:
    """Whether failures of one system come ever faster or slower.

    Parameters
    ----------
    laplace : float
        Laplace's U: above 0 when failures come faster.
    laplace_p : float
        Two-sided.
    mil_hdbk_189 : float
        Chi-square statistic 2 Σ ln(T/t).
    freedom : int
        Its degrees of freedom.
    mil_hdbk_189_p : float
        Lower tail: small when failures come faster.
    trend : str
        ``worsening``, ``improving`` or ``none`` by Laplace at ``confidence``.
    events : int
        Failures.
    """

    laplace: float
    laplace_p: float
    mil_hdbk_189: float
    freedom: int
    mil_hdbk_189_p: float
    trend: str
    events: int


def trend_of(*histories: History, confidence: float = 0.95) -> TrendTest:
    """Test one system, or several of one kind together, for a trend.

    Parameters
    ----------
    *histories : History
        At least three failures in all.
    confidence : float
        Two-sided, above 0 and below 1.

    Notes
    -----
    Without a trend each failure is uniform over its system's watch from S to T. Laplace: U = Σ (Σ t - m (S + T)/2) /
    √(Σ m (T - S)²/12), over the m failures of each system before its end (m = n - 1 if watching ended with a failure).
    MIL-HDBK-189: 2 ΣΣ ln((T - S)/(t - S)) is chi-square with 2 Σ m degrees of freedom.

    References
    ----------
    Ascher and Feingold (1984), section 5; Kvaløy and Lindqvist (1998) for several systems; MIL-HDBK-189C, section 5.

    Raises
    ------
    TooFewEvents
        If there are fewer than three failures.
    """
    n = sum(len(history.times) for history in histories)
    if n < FEWEST_EVENTS:
        raise TooFewEvents(n)
    inner = [h.times[:-1] if h.is_failure_terminated else h.times for h in histories]
    m = sum(map(len, inner))
    if m == 0:
        raise NoTrendSpread("Every failure ended its watch: none is left to tell a trend from.")
    excess = sum(sum(t) - len(t) * (h.start + h.end) / 2.0 for t, h in zip(inner, histories, strict=True))
    variance = sum(len(t) * (h.end - h.start) ** 2 / 12.0 for t, h in zip(inner, histories, strict=True))
    laplace = excess / math.sqrt(variance)
    sizes = [len(times) for times in inner]
    starts = np.repeat([h.start for h in histories], sizes)
    spans = np.repeat([h.end - h.start for h in histories], sizes)
    statistic = 2.0 * float(np.sum(np.log(spans / (np.concatenate([np.asarray(t) for t in inner]) - starts))))
    critical = float(ndtri(0.5 + confidence / 2.0))
    trend = Trend.WORSENING if laplace > critical else Trend.IMPROVING if laplace < -critical else Trend.NONE
    return TrendTest(
        laplace=laplace,
        laplace_p=2.0 * float(ndtr(-abs(laplace))),
        mil_hdbk_189=statistic,
        freedom=2 * m,
        mil_hdbk_189_p=float(gammainc(m, statistic / 2.0)),
        trend=trend,
        events=n,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CumulativeStep:
    """Mean number of failures per system up to an age.

    Parameters
    ----------
    age : float
        Age of one failure.
    at_risk : int
        Systems watched at it.
    mean, variance : float
        Mean cumulative function and its variance.
    """

    age: float
    at_risk: int
    mean: float
    variance: float


def mean_cumulative(histories: Sequence[History]) -> tuple[CumulativeStep, ...]:
    """Give the mean cumulative function, one step per failure.

    Parameters
    ----------
    histories : Sequence[History]
        One per system; a system is watched up to and including its end.

    Notes
    -----
    Each failure among r watched systems adds 1/r to the mean and Σ (d_i - 1/r)²/r² to the variance. Systems that are
    watched from a later age on count from then; below the first age at which any was watched nothing is said.

    References
    ----------
    Nelson (1988), Journal of Quality Technology 20; Nelson (2003), Recurrent Events Data Analysis.
    """
    ages = np.sort(np.concatenate([np.asarray(h.times, dtype=np.float64) for h in histories] or [np.zeros(0)]))
    starts, ends = np.sort([h.start for h in histories]), np.sort([h.end for h in histories])
    # Watched just before the age: those that had begun less those that had ended before it.
    at_risk = np.searchsorted(starts, ages, side="left") - np.searchsorted(ends, ages, side="left")
    share = 1.0 / np.maximum(at_risk, 1)
    mean, variance = np.cumsum(share), np.cumsum(((1.0 - share) ** 2 + (at_risk - 1) * share**2) * share**2)
    columns = zip(ages.tolist(), at_risk.tolist(), mean.tolist(), variance.tolist(), strict=True)
    return tuple(CumulativeStep(age=a, at_risk=r, mean=m, variance=v) for a, r, m, v in columns)

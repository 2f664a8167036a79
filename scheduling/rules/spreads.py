"""How far days differ from plans, learnt from the hospital's own log where it says enough.

Each figure starts from the usual one as if that had been seen in a few cases (a conjugate prior) and moves to the
hospital's own with every further case: three overruns in a week do not make a law.

References
----------
Gelman, A. et al. (2013). Bayesian Data Analysis, 3rd ed., sections 2.4 (beta), 2.6 (gamma for rates, scaled inverse
chi-square for a variance of known mean).
Strum, D. P., May, J. H., Vargas, L. G. (2000). Modeling the uncertainty of surgical procedure times. Anesthesiology 92.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum

from scipy.special import betaincinv, chdtri, gammaincinv

from scheduling.model.futures import Uncertainty

PRIOR_CASES = 20.0
"""Operations and discharges that the usual spread counts as."""
PRIOR_DAYS = 14.0
"""Days of operating that the usual rate of emergencies counts as."""
ENOUGH = 30
"""Cases from which on a figure is called the hospital's own."""
LEAST_RATIO, LARGEST_RATIO = 0.1, 10.0
"""Operations outside these were noted wrongly: a start pressed at the end of the day, a theatre left open overnight."""
MOST_LATE_DAYS = 30
_LOW, _HIGH = 0.025, 0.975


class Origin(StrEnum):
    """Where a figure comes from."""

    USUAL = "usual"
    """Nothing of the hospital's own is known: the usual figure."""
    MIXED = "mixed"
    """The usual figure, moved by fewer cases than :data:`ENOUGH`."""
    OWN = "own"
    LIVE = "live"
    """The twin's estimate from who is there now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """One figure of :class:`Uncertainty`, and how well it is known.

    Parameters
    ----------
    name : str
        Field of :class:`Uncertainty`.
    value, low, high : float
        In its unit, with its 95 % interval; both ends as the value where nothing is known of it.
    usual : float
        What is usual elsewhere.
    n : int
        Cases of the hospital's own log: operations, discharges, or days.
    origin : Origin
        Where it comes from.
    """

    name: str
    value: float
    low: float
    high: float
    usual: float
    n: int = 0
    origin: Origin = Origin.USUAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Operated:
    """One operation that is over.

    Parameters
    ----------
    planned_minutes, minutes : float
        As planned and as it was, above 0.
    is_emergency : bool
        Whether it came on the day.
    """

    planned_minutes: float
    minutes: float
    is_emergency: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """What the hospital's own log holds of the time that is looked at.

    Parameters
    ----------
    operations : tuple[Operated, ...]
        Those that are over.
    operating_days : int
        Days on which the board was used.
    emergencies : int
        Emergency operations announced on these days.
    late_days : tuple[int, ...]
        Of each discharge, whole days after the planned one; below 0 before it.
    """

    operations: tuple[Operated, ...] = ()
    operating_days: int = 0
    emergencies: int = 0
    late_days: tuple[int, ...] = ()


def spreads_of(log: Log, usual: Uncertainty | None = None) -> tuple[Spread, ...]:
    """Give every figure of the uncertainty of a plan, in the order of its fields.

    Parameters
    ----------
    log : Log
        The hospital's own.
    usual : Uncertainty, optional
        What to start from; that of the literature by default.
    """
    before = usual or Uncertainty()
    learnt = {
        one.name: one
        for one in (
            operation_spread(log.operations, before.operation_cv),
            late_spread(log.late_days, before.late_share),
            early_spread(log.late_days, before.early_share),
            emergency_rate(log.emergencies, log.operating_days, before.emergency_operations_per_day),
            emergency_length(log.operations, before.emergency_minutes),
        )
    }
    return tuple(learnt.get(one.name) or _usual(one.name, float(getattr(before, one.name))) for one in fields(before))


def with_spreads(uncertainty: Uncertainty, spreads: Iterable[Spread]) -> Uncertainty:
    """Give an uncertainty with what the hospital's own log says in the place of the usual figures."""
    learnt = {one.name: one.value for one in spreads if one.origin in (Origin.OWN, Origin.MIXED)}
    return replace(uncertainty, **learnt)  # type: ignore[arg-type]  # all of them are numbers


def _usual(name: str, value: float) -> Spread:
    return Spread(name=name, value=value, low=value, high=value, usual=value)


def _spread(name: str, usual: float, figures: tuple[float, float, float], n: int) -> Spread:
    if not n:
        return _usual(name, usual)
    value, low, high = figures
    origin = Origin.OWN if n >= ENOUGH else Origin.MIXED
    return Spread(name=name, value=value, low=low, high=high, usual=usual, n=n, origin=origin)


def operation_spread(operations: Sequence[Operated], usual: float) -> Spread:
    """Give the standard deviation of an operation's length over its planned length.

    Parameters
    ----------
    operations : Sequence[Operated]
        Emergencies are left out: nobody has planned them.
    usual : float
        Above 0.

    Notes
    -----
    The logarithm of actual over planned length is normal. Its variance s^2 has a scaled inverse chi-square law with
    :data:`PRIOR_CASES` degrees of freedom at ln(1 + usual^2), to which n cases add their squares about their own mean,
    one degree for the mean; cv = sqrt(exp(s^2) - 1).
    """
    ratios = [
        one.minutes / one.planned_minutes for one in operations if not one.is_emergency and one.planned_minutes > 0
    ]
    logs = [math.log(ratio) for ratio in ratios if LEAST_RATIO <= ratio <= LARGEST_RATIO]
    n = len(logs)
    mean = sum(logs) / n if n else 0.0
    degrees = PRIOR_CASES + max(0, n - 1)
    squares = PRIOR_CASES * math.log1p(usual**2) + sum((one - mean) ** 2 for one in logs)
    ends = (squares / degrees, squares / chdtri(degrees, _LOW), squares / chdtri(degrees, _HIGH))
    # chdtri takes the share above: at 2.5 % it is large, and the variance small.
    return _spread("operation_cv", usual, _three(math.sqrt(math.expm1(one)) for one in ends), n)


def late_spread(late_days: Sequence[int], usual: float) -> Spread:
    """Give the chance that a discharge is a day late, and again of each further day.

    Notes
    -----
    Days late are geometric, so that each late day is a failure to leave and each discharge one success: a beta law.
    """
    late = sum(min(max(0, one), MOST_LATE_DAYS) for one in late_days)
    return _share("late_share", usual, late, late + len(late_days), len(late_days), most=0.9)


def early_spread(late_days: Sequence[int], usual: float) -> Spread:
    """Give the chance that somebody leaves a day early."""
    return _share("early_share", usual, sum(one < 0 for one in late_days), len(late_days), len(late_days), most=1.0)


def _share(name: str, usual: float, hits: int, trials: int, n: int, *, most: float) -> Spread:
    a, b = usual * PRIOR_CASES + hits, (1 - usual) * PRIOR_CASES + trials - hits
    if min(a, b) <= 0:  # a usual share of 0 or 1 and nothing against it: there is no law to speak of
        return _spread(name, usual, (hits / trials if trials else usual,) * 3, n)
    ends = (a / (a + b), betaincinv(a, b, _LOW), betaincinv(a, b, _HIGH))
    return _spread(name, usual, _three(min(most, float(one)) for one in ends), n)


def emergency_rate(emergencies: int, days: int, usual: float) -> Spread:
    """Give the emergency operations of a day: a Poisson law whose rate has a gamma law."""
    shape, rate = usual * PRIOR_DAYS + emergencies, PRIOR_DAYS + days
    if shape <= 0:
        return _spread("emergency_operations_per_day", usual, (0.0, 0.0, 3.0 / rate), days)  # the rule of three
    ends = (shape / rate, gammaincinv(shape, _LOW) / rate, gammaincinv(shape, _HIGH) / rate)
    return _spread("emergency_operations_per_day", usual, _three(min(200.0, float(one)) for one in ends), days)


def emergency_length(operations: Sequence[Operated], usual: float) -> Spread:
    """Give the mean length of an emergency's operation in minutes.

    Notes
    -----
    The usual mean counts as :data:`PRIOR_CASES` operations; the interval is normal, by the spread of those seen.
    """
    lengths = [one.minutes for one in operations if one.is_emergency and 1.0 <= one.minutes <= 24 * 60.0]
    n = len(lengths)
    mean = (usual * PRIOR_CASES + sum(lengths)) / (PRIOR_CASES + n)
    own = sum(lengths) / n if n else usual
    spread = math.sqrt(sum((one - own) ** 2 for one in lengths) / (n - 1)) if n > 1 else usual
    half = 1.959963984540054 * spread / math.sqrt(PRIOR_CASES + n)
    return _spread("emergency_minutes", usual, (mean, max(1.0, mean - half), min(1440.0, mean + half)), n)


def _three(values: Iterable[float]) -> tuple[float, float, float]:
    value, low, high = (float(one) for one in values)
    return value, min(low, high), max(low, high)

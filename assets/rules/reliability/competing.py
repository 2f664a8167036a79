"""Share of devices that have failed by an age from each cause, where one cause takes devices away from the others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from assets.model.cycle import FloatArray
from assets.rules.reliability.observation import Lifetimes


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidenceStep:
    """The estimate for one cause from one of its failures on.

    Parameters
    ----------
    age : float
        Age of the failures.
    at_risk, events : int
        Devices watched just before it, and failures of this cause at it.
    incidence, low, high : float
        Share of all devices that have failed from this cause by then, with its interval.
    """

    age: float
    at_risk: int
    events: int
    incidence: float
    low: float
    high: float


def cumulative_incidence(
    lifetimes: Lifetimes, causes: Sequence[str], *, confidence: float = 0.95
) -> dict[str, tuple[IncidenceStep, ...]]:
    """Give the cumulative incidence of each cause.

    Parameters
    ----------
    lifetimes : Lifetimes
        Watched devices; those that entered later count from their entry on.
    causes : Sequence[str]
        One per device, in their order: of what it failed; of no meaning where it did not.
    confidence : float
        Two-sided, above 0 and below 1.

    Returns
    -------
    dict[str, tuple[IncidenceStep, ...]]
        By cause. At every age the shares of all causes add up to the share of devices that have failed.

    Notes
    -----
    F_k(t) = Σ S(t_j-) d_kj / n_j, with S by Kaplan and Meier over failures of all causes. One minus a Kaplan-Meier
    curve that takes the other causes for censoring would say how many failed of this one if there were no others, which
    is more than ever do. Variance by the delta method: Σ (F(t) - F_j)² d_j / (n_j (n_j - d_j)) +
    Σ S_j-² (n_j - d_kj) d_kj / n_j³ - 2 Σ (F(t) - F_j) S_j- d_kj / n_j²; interval on log(-log F), so that it stays
    within 0 and 1.

    References
    ----------
    Aalen and Johansen (1978), Scandinavian Journal of Statistics 5; Marubini and Valsecchi (1995), section 10.3.
    """
    z = float(norm.ppf(0.5 + confidence / 2.0))
    named = np.array(causes, dtype=object)
    ages, counts = np.unique(lifetimes.end[lifetimes.is_event], return_counts=True)
    entered = np.searchsorted(np.sort(lifetimes.start), ages, side="left")
    left = np.searchsorted(np.sort(lifetimes.end), ages, side="left")
    risk = (entered - left).astype(np.float64)
    survival = np.cumprod(1.0 - counts / risk)
    before = np.concatenate(([1.0], survival[:-1]))
    # Where all that were watched failed at once nobody is left, F changes no more, and the term counts nothing.
    alive = np.where(risk > counts, risk - counts, np.inf)
    greenwood = counts / (risk * alive)
    found = {}
    for cause in sorted({str(one) for one in named[lifetimes.is_event]}):
        own_ages = np.sort(lifetimes.end[lifetimes.is_event & (named == cause)])
        own = np.searchsorted(own_ages, ages, side="right") - np.searchsorted(own_ages, ages, side="left")
        found[cause] = _steps(ages, _Counts(risk, own.astype(np.float64), before, greenwood), z)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Counts:
    """Devices at risk, failures of one cause, survival before, and Greenwood's terms, at each age of failure."""

    risk: FloatArray
    own: FloatArray
    before: FloatArray
    greenwood: FloatArray


def _steps(ages: FloatArray, at: _Counts, z: float) -> tuple[IncidenceStep, ...]:
    incidence = np.cumsum(at.before * at.own / at.risk)
    # The sums over (F(t) - F_j) are opened up, so that one pass gives them at every age.
    squares = np.cumsum(at.greenwood) * incidence**2
    squares += np.cumsum(at.greenwood * incidence**2) - 2.0 * incidence * np.cumsum(at.greenwood * incidence)
    binomial = np.cumsum(at.before**2 * (at.risk - at.own) * at.own / at.risk**3)
    mixed = at.before * at.own / at.risk**2
    cross = incidence * np.cumsum(mixed) - np.cumsum(mixed * incidence)
    variance = np.maximum(squares + binomial - 2.0 * cross, 0.0)  # rounding may take it a hair below
    steps = []
    for index in np.flatnonzero(at.own > 0.0).tolist():
        share = min(float(incidence[index]), 1.0)
        low, high = _interval(share, math.sqrt(float(variance[index])), z)
        steps.append(
            IncidenceStep(
                age=float(ages[index]),
                at_risk=int(at.risk[index]),
                events=int(at.own[index]),
                incidence=share,
                low=low,
                high=high,
            )
        )
    return tuple(steps)


def _interval(share: float, deviation: float, z: float) -> tuple[float, float]:
    # All have failed, or none is left to tell a spread from: the interval says nothing.
    if not 0.0 < share < 1.0 - 1e-12 or deviation <= 0.0:
        return 0.0, 1.0
    width = z * deviation / (share * abs(math.log(share)))
    return share ** math.exp(width), share ** math.exp(-width)

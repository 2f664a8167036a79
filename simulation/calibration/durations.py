"""Laws of durations fitted to samples of which some are cut short."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from simulation.model.plan import Floats

Flags = NDArray[np.bool_]

_LEAST = 1e-9
_MOST_VALUES = 200  # of an empirical law; more would only make files long


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """One law fitted to durations.

    Parameters
    ----------
    law : str
        ``exp``, ``lognormal``, ``gamma``, ``weibull`` or ``values``.
    text : str
        As a pathway file writes it, numbers in the unit of the sample.
    aic : float
        Akaike's information criterion, 2k − 2 ln L; infinite for an empirical law.
    ks : float
        Greatest distance to the Kaplan-Meier distribution of the sample.
    mean : float
        Of the law.
    n, censored : int
        Durations, and how many of them are cut short.
    """

    law: str
    text: str
    aic: float
    ks: float
    mean: float
    n: int
    censored: int


def kaplan_meier(durations: Floats, is_cut: Flags) -> tuple[Floats, Floats]:
    """Give the times at which durations end and the probability of lasting longer than each.

    Parameters
    ----------
    durations : Floats
        Shape (n,).
    is_cut : Flags
        Whether one lasted at least so long, rather than exactly so.

    References
    ----------
    E. L. Kaplan, P. Meier, "Nonparametric estimation from incomplete observations", Journal of the American Statistical
    Association 53 (1958).
    """
    order = np.lexsort((is_cut, durations))  # who leaves at an instant leaves before whoever is lost at it
    sorted_durations, ended = durations[order], ~is_cut[order]
    at_risk = np.arange(len(durations), 0, -1)
    survival = np.cumprod(1.0 - ended / at_risk).astype(np.float64)
    last = np.r_[np.flatnonzero(np.diff(sorted_durations)), len(sorted_durations) - 1]
    return sorted_durations[last], survival[last]


def fit_durations(durations: Floats, is_cut: Flags | None = None) -> list[Fitted]:
    """Fit all laws to durations, the best first.

    Parameters
    ----------
    durations : Floats
        At least 0, shape (n,).
    is_cut : Flags | None
        Whether one is cut short, such as the stay of a patient who is still there. Leaving these out makes stays short.

    Returns
    -------
    list[Fitted]
        By AIC among those whose KS distance is at most twice the smallest one's; an empirical law last, unless no other
        is near the sample.

    Raises
    ------
    ValueError
        If there are fewer than five durations that came to their end.
    """
    cut = np.zeros(len(durations), dtype=bool) if is_cut is None else is_cut
    # A duration of 0 has no logarithm.
    known = np.maximum(durations, _LEAST)
    if int((~cut).sum()) < 5:
        raise ValueError(f"expected at least 5 whole durations, got {int((~cut).sum())}")
    times, survival = kaplan_meier(known, cut)
    found = [_fit_law(name, known, cut, (times, survival)) for name in _LAWS]
    parametric = [one for one in found if one is not None]
    parametric.sort(key=lambda one: one.aic)
    empirical = _empirical(known, cut, times, survival)
    # Nothing in the family fits where even the best one is far from the sample: 1.36/√n is the 5 % point of KS.
    far = 3 * 1.36 / math.sqrt(len(known))
    near = [one for one in parametric if one.ks <= max(far, 0.05)]
    rest = [one for one in parametric if one not in near]
    return [*near, empirical, *rest] if not near else [*near, *rest, empirical]


def _fit_law(name: str, durations: Floats, cut: Flags, sample: tuple[Floats, Floats]) -> Fitted | None:
    law = _LAWS[name]
    whole = durations[~cut]
    start = law.start(whole)
    if start is None:
        return None

    def cost(x: Floats) -> float:
        with np.errstate(all="ignore"):
            value = -(law.log_density(x, whole).sum() + law.log_survival(x, durations[cut]).sum())
        return float(value) if math.isfinite(value) else 1e12

    # Nelder-Mead: no gradients of the censored likelihood are needed, and there are two parameters at most.
    solved = optimize.minimize(
        cost, start, method="Nelder-Mead", options={"maxiter": 2000, "xatol": 1e-7, "fatol": 1e-7}
    )
    times, survival = sample
    with np.errstate(all="ignore"):
        model = np.exp(law.log_survival(solved.x, times))
    # A step of the sample is compared on both of its sides.
    before = np.r_[1.0, survival[:-1]]
    ks = float(np.maximum(np.abs(model - survival), np.abs(model - before)).max())
    return Fitted(
        law=name,
        text=law.text(solved.x),
        aic=2 * len(start) + 2 * float(solved.fun),
        ks=ks,
        mean=law.mean(solved.x),
        n=len(durations),
        censored=int(cut.sum()),
    )


def _empirical(durations: Floats, cut: Flags, times: Floats, survival: Floats) -> Fitted:
    """Give equally likely values: quantiles of the Kaplan-Meier distribution."""
    count = min(int((~cut).sum()), _MOST_VALUES)
    shares = (np.arange(count) + 0.5) / count
    where = np.searchsorted(-(survival), -(1 - shares), side="left")
    values = times[np.minimum(where, len(times) - 1)]
    text = "values:" + ",".join(f"{value:.6g}" for value in values)
    return Fitted(
        law="values",
        text=text,
        aic=math.inf,
        ks=0.5 / count,
        mean=float(values.mean()),
        n=len(durations),
        censored=int(cut.sum()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Law:
    """One family with its parameters as logarithms or plain numbers, whichever is free."""

    start: Callable[[Floats], Floats | None]
    log_density: Callable[[Floats, Floats], Floats]
    log_survival: Callable[[Floats, Floats], Floats]
    text: Callable[[Floats], str]
    mean: Callable[[Floats], float]


def _spread(values: Floats) -> float:
    return float(np.std(np.log(values)))


def _lognormal_mean(x: Floats) -> float:
    return math.exp(x[0] + math.exp(2 * x[1]) / 2)


def _lognormal_text(x: Floats) -> str:
    mean, variance = _lognormal_mean(x), math.exp(2 * x[1])
    return f"lognormal:{mean:.6g},{mean * math.sqrt(math.expm1(variance)):.6g}"


_LAWS: dict[str, _Law] = {
    "exp": _Law(
        start=lambda v: np.array([math.log(v.mean())]),
        log_density=lambda x, v: -x[0] - v / math.exp(x[0]),
        log_survival=lambda x, v: -v / math.exp(x[0]),
        text=lambda x: f"exp:mean={math.exp(x[0]):.6g}",
        mean=lambda x: math.exp(x[0]),
    ),
    "lognormal": _Law(
        start=lambda v: np.array([np.log(v).mean(), math.log(_spread(v))]) if _spread(v) > 0 else None,
        log_density=lambda x, v: (
            -np.log(v) - x[1] - 0.5 * math.log(2 * math.pi) - 0.5 * ((np.log(v) - x[0]) / math.exp(x[1])) ** 2
        ),
        log_survival=lambda x, v: special.log_ndtr(-(np.log(v) - x[0]) / math.exp(x[1])),
        text=_lognormal_text,
        mean=_lognormal_mean,
    ),
    "gamma": _Law(
        start=lambda v: np.array([0.0, math.log(v.mean())]) if _spread(v) > 0 else None,
        log_density=lambda x, v: (
            (math.exp(x[0]) - 1) * np.log(v)
            - v / math.exp(x[1])
            - special.gammaln(math.exp(x[0]))
            - math.exp(x[0]) * x[1]
        ),
        log_survival=lambda x, v: np.log(np.maximum(special.gammaincc(math.exp(x[0]), v / math.exp(x[1])), 1e-300)),
        text=lambda x: f"gamma:{math.exp(x[0]):.6g},{math.exp(x[1]):.6g}",
        mean=lambda x: math.exp(x[0] + x[1]),
    ),
    "weibull": _Law(
        start=lambda v: np.array([0.0, math.log(v.mean())]) if _spread(v) > 0 else None,
        log_density=lambda x, v: (
            x[0] - math.exp(x[0]) * x[1] + (math.exp(x[0]) - 1) * np.log(v) - (v / math.exp(x[1])) ** math.exp(x[0])
        ),
        log_survival=lambda x, v: -((v / math.exp(x[1])) ** math.exp(x[0])),
        text=lambda x: f"weibull:{math.exp(x[0]):.6g},{math.exp(x[1]):.6g}",
        mean=lambda x: math.exp(x[1]) * math.gamma(1 + math.exp(-x[0])),
    ),
}

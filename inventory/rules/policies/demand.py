"""Demand as a distribution that policies can ask: by parameters, by name, or by listed probabilities."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import integrate, stats

from inventory.rules.policies.losses import Loss, discrete_loss, discrete_second_loss
from inventory.rules.policies.requirements import wrong

CONTINUOUS = frozenset({"norm", "expon", "gamma", "uniform", "lognorm", "weibull_min", "beta", "triang"})
DISCRETE = frozenset({"poisson", "geom", "nbinom", "binom", "randint"})
TAIL = 1e-14
"""Probability beyond which a whole-numbered demand is cut off when it is listed."""
MOST_LEVELS = 1_000_000
"""Levels that are listed at most: a binomial demand of a billion trials would fill the memory."""


class Frozen(Protocol):
    """The part of a distribution that policies use."""

    def mean(self) -> float:
        """Give the expectation."""

    def std(self) -> float:
        """Give the deviation."""

    def cdf(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the probability of at most each x."""

    def sf(self, x: float) -> float:
        """Give the probability of more than x."""

    def ppf(self, q: float) -> float:
        """Give the quantile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A whole-numbered demand as levels and probabilities that sum to 1."""

    levels: NDArray[np.float64]
    pmf: NDArray[np.float64]

    def quantile(self, share: float) -> float:
        """Give the smallest level that covers a share of the probability."""
        covered = np.cumsum(self.pmf)
        index = int(np.searchsorted(covered, share * covered[-1] * (1 - 1e-15)))
        return float(self.levels[min(index, len(self.levels) - 1)])


def named(name: str, arguments: Sequence[float], keywords: Mapping[str, float]) -> Frozen:
    """Give a distribution by its scipy name.

    Parameters
    ----------
    name : str
        One of :data:`CONTINUOUS` or :data:`DISCRETE`.
    arguments : Sequence[float]
        Positional parameters.
    keywords : Mapping[str, float]
        Named parameters, such as ``loc`` and ``scale``.

    Raises
    ------
    FieldError
        If the name is unknown or the parameters do not fit.
    """
    if name not in CONTINUOUS | DISCRETE:
        raise wrong("distribution", f"Expected one of {sorted(CONTINUOUS | DISCRETE)}, got {name!r}.")
    try:
        found: Frozen = getattr(stats, name)(*arguments, **keywords)
        if not np.isfinite(found.mean()):
            raise wrong("distribution", f"The parameters {list(arguments)} {dict(keywords)} give no mean.")
    except TypeError as error:
        raise wrong("distribution", f"{name}: {error}.") from error
    return found


def listed(distribution: Frozen) -> Listed:
    """List a whole-numbered distribution up to negligible tails."""
    low, high = int(distribution.ppf(TAIL)), int(distribution.ppf(1 - TAIL))
    first = distribution.ppf(0.0)  # one below the least level that there is
    if first >= low - MOST_LEVELS:
        low = int(first) + 1
    _check_levels(high - low)
    levels = np.arange(low, high + 1, dtype=np.float64)
    covered = np.asarray(distribution.cdf(np.concatenate(([low - 1.0], levels))))
    return Listed(levels=levels, pmf=np.diff(covered))


def rounded(distribution: Frozen) -> Listed:
    """List a continuous distribution rounded to whole numbers; what is below 0 counts as 0."""
    high = max(0, int(distribution.ppf(1 - TAIL)) + 1)
    _check_levels(high)
    levels = np.arange(high + 1, dtype=np.float64)
    covered = np.asarray(distribution.cdf(np.concatenate(([-0.5], levels + 0.5))))
    pmf = np.diff(covered)
    pmf[0] += covered[0]
    return Listed(levels=levels, pmf=pmf)


def _check_levels(count: int) -> None:
    if count > MOST_LEVELS:
        told = f"Expected a demand of at most {MOST_LEVELS} different sizes, got {count}."
        raise wrong("demand_distrib", told, "Count in packs or hundreds, or give a continuous distribution.")


def from_probabilities(pmf: Mapping[str, float] | Mapping[int, float] | Sequence[float]) -> Listed:
    """List a demand from probabilities by level, or from probabilities of 0, 1, 2 and so on.

    Raises
    ------
    FieldError
        If a probability is negative or they do not sum to 1 (within 1e-6).
    """
    pairs = (
        sorted((float(level), float(share)) for level, share in pmf.items())
        if isinstance(pmf, Mapping)
        else [(float(level), float(share)) for level, share in enumerate(pmf)]
    )
    shares = np.array([share for _, share in pairs])
    if not len(shares) or (shares < 0).any() or abs(shares.sum() - 1) > 1e-6:
        raise wrong("demand_pmf", f"Expected probabilities that sum to 1, got {shares.sum() if len(shares) else 0:g}.")
    return Listed(levels=np.array([level for level, _ in pairs]), pmf=shares)


_UPPER_TAIL = 1e-3  # beyond it the loss is small beside the level and would be lost in a difference
_CUTS = (1e-12, 1e-9, 1e-6, 1e-3, 0.1, 0.5, 0.9, 1 - 1e-3, 1 - 1e-6, 1 - 1e-9, 1 - 1e-12)
"""Shares at whose levels an integral is cut in pieces: over a long tail in one piece the bulk would be passed over."""


def continuous_loss(x: float, distribution: Frozen) -> Loss:
    """Give the loss of any continuous demand by integrating what lies below the level, in the upper tail above it."""
    mean = float(distribution.mean())
    if float(distribution.sf(x)) > _UPPER_TAIL:
        below = _integral(lambda y: 1 - distribution.sf(y), float(distribution.ppf(1e-15)), x, distribution)
        return Loss(loss=mean - x + below, complement=below)
    loss = _integral(distribution.sf, x, float(distribution.ppf(1.0)), distribution)
    return Loss(loss=loss, complement=x - mean + loss)


def continuous_second_loss(x: float, distribution: Frozen) -> Loss:
    """Give the second-order loss of any continuous demand by integrating its tail."""
    loss = _integral(lambda y: (y - x) * distribution.sf(y), x, float(distribution.ppf(1.0)), distribution)
    mean, sd = float(distribution.mean()), float(distribution.std())
    return Loss(loss=loss, complement=((x - mean) ** 2 + sd**2) / 2 - loss)


def _integral(function: Callable[[float], float], low: float, high: float, distribution: Frozen) -> float:
    if high <= low:
        return 0.0
    inner = [level for share in _CUTS if low < (level := float(distribution.ppf(share))) < high]
    total = 0.0
    for start, end in pairwise([low, *inner, high]):
        # with the full output a doubtful piece is told instead of warned of
        value, error, *_ = integrate.quad(function, start, end, limit=200, epsabs=1e-12, epsrel=1e-12, full_output=1)
        if error > 1e-8 * max(1.0, abs(value)):
            raise ArithmeticError(f"the integral from {start:g} to {end:g} is only known within {error:g}")
        total += value
    return total


def loss_of(x: float, demand: Listed | Frozen) -> Loss:
    """Give the loss of any demand."""
    return discrete_loss(x, demand.levels, demand.pmf) if isinstance(demand, Listed) else continuous_loss(x, demand)


def second_loss_of(x: float, demand: Listed | Frozen) -> Loss:
    """Give the second-order loss of any demand."""
    if isinstance(demand, Listed):
        return discrete_second_loss(x, demand.levels, demand.pmf)
    return continuous_second_loss(x, demand)

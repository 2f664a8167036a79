"""Demand as a distribution that policies can ask: by parameters, by name, or by listed probabilities."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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


class Frozen(Protocol):
    """The part of a distribution that policies use."""

    def mean(self) -> float:
        """Give the expectation."""

    def std(self) -> float:
        """Give the deviation."""

    def cdf(self, x: float) -> float:
        """Give the probability of at most x."""

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
    low = min(low, int(distribution.ppf(0.0)) + 1) if distribution.ppf(0.0) > -1e9 else low
    # Demand below 0 does not exist, whatever a distribution says of it.
    levels = np.arange(max(low, 0), high + 1, dtype=np.float64)
    pmf = np.array([distribution.cdf(level) - distribution.cdf(level - 1) for level in levels])
    return Listed(levels=levels, pmf=pmf)


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


def continuous_loss(x: float, distribution: Frozen) -> Loss:
    """Give the loss of any continuous demand by integrating its tail."""
    loss = _integral(distribution.sf, x, float(distribution.ppf(1 - 1e-15)))
    return Loss(loss=loss, complement=x - float(distribution.mean()) + loss)


def continuous_second_loss(x: float, distribution: Frozen) -> Loss:
    """Give the second-order loss of any continuous demand by integrating its tail."""
    high = float(distribution.ppf(1 - 1e-15))
    loss = _integral(lambda y: (y - x) * distribution.sf(y), x, high)
    mean, sd = float(distribution.mean()), float(distribution.std())
    return Loss(loss=loss, complement=((x - mean) ** 2 + sd**2) / 2 - loss)


def _integral(function: Callable[[float], float], low: float, high: float) -> float:
    if high <= low:
        return 0.0
    value: float = integrate.quad(function, low, high, limit=200, epsabs=1e-12, epsrel=1e-12)[0]
    return value


def loss_of(x: float, demand: Listed | Frozen) -> Loss:
    """Give the loss of any demand."""
    return discrete_loss(x, demand.levels, demand.pmf) if isinstance(demand, Listed) else continuous_loss(x, demand)


def second_loss_of(x: float, demand: Listed | Frozen) -> Loss:
    """Give the second-order loss of any demand."""
    if isinstance(demand, Listed):
        return discrete_second_loss(x, demand.levels, demand.pmf)
    return continuous_second_loss(x, demand)

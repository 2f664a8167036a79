"""Loss functions: how much demand is expected above a level, and how much level above demand.

For demand X and level x: n(x) = E[(X - x)+] and its complement E[(x - X)+]; the second-order ones are half the
expectation of the square, for whole-numbered demand half of E[(X - x)+ (X - x - 1)+].

References
----------
Zipkin, P. H., Foundations of Inventory Management (2000), appendix C.3; Snyder and Shen (2019), appendix C.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, lgamma, log

import numpy as np
from numpy.typing import NDArray
from scipy import special

from inventory.rules.policies.requirements import above, at_least, whole, wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Expected demand above the level, and expected level above the demand."""

    loss: float
    complement: float


def standard_normal_loss(z: float) -> Loss:
    """Give the loss of the standard normal distribution.

    Examples
    --------
    >>> round(standard_normal_loss(0.3).loss, 9)
    0.266761242
    """
    density = exp(-z * z / 2) / np.sqrt(2 * np.pi)
    return Loss(loss=float(density - z * special.ndtr(-z)), complement=float(z * special.ndtr(z) + density))


def standard_normal_second_loss(z: float) -> Loss:
    """Give the second-order loss of the standard normal distribution."""
    density = exp(-z * z / 2) / np.sqrt(2 * np.pi)
    second = ((z * z + 1) * special.ndtr(-z) - z * density) / 2
    return Loss(loss=float(second), complement=float((z * z + 1) / 2 - second))


def normal_loss(x: float, mean: float, sd: float) -> Loss:
    """Give the loss of a normal demand; with no deviation it is what is missing or left for sure."""
    at_least(0, sd=sd)
    if not sd:
        return Loss(loss=max(mean - x, 0.0), complement=max(x - mean, 0.0))
    found = standard_normal_loss((x - mean) / sd)
    return Loss(loss=sd * found.loss, complement=sd * found.complement)


def normal_second_loss(x: float, mean: float, sd: float) -> Loss:
    """Give the second-order loss of a normal demand."""
    above(0, sd=sd)
    found = standard_normal_second_loss((x - mean) / sd)
    return Loss(loss=sd * sd * found.loss, complement=sd * sd * found.complement)


def lognormal_loss(x: float, mu: float, sigma: float) -> Loss:
    """Give the loss of a demand whose logarithm is normal with mean ``mu`` and deviation ``sigma``."""
    above(0, sigma=sigma)
    mean = exp(mu + sigma * sigma / 2)
    if x <= 0:
        return Loss(loss=mean - x, complement=0.0)
    upper = float(special.ndtr((mu + sigma * sigma - log(x)) / sigma))
    beyond = float(special.ndtr((mu - log(x)) / sigma))
    loss = mean * upper - x * beyond
    return Loss(loss=loss, complement=x - mean + loss)


def exponential_loss(x: float, mu: float) -> Loss:
    """Give the loss of an exponential demand with rate ``mu``."""
    above(0, mu=mu)
    at_least(0, x=x)
    loss = exp(-mu * x) / mu
    return Loss(loss=loss, complement=x - 1 / mu + loss)


def exponential_second_loss(x: float, mu: float) -> Loss:
    """Give the second-order loss of an exponential demand with rate ``mu``."""
    above(0, mu=mu)
    at_least(0, x=x)
    loss = exp(-mu * x) / mu**2
    return Loss(loss=loss, complement=((x - 1 / mu) ** 2 + 1 / mu**2) / 2 - loss)


def gamma_loss(x: float, a: float, b: float) -> Loss:
    """Give the loss of a gamma demand of shape ``a`` and scale ``b``."""
    above(0, a=a, b=b, x=x)
    mean = a * b
    loss = mean * float(special.gammaincc(a + 1, x / b)) - x * float(special.gammaincc(a, x / b))
    return Loss(loss=loss, complement=x - mean + loss)


def gamma_second_loss(x: float, a: float, b: float) -> Loss:
    """Give the second-order loss of a gamma demand of shape ``a`` and scale ``b``."""
    above(0, a=a, b=b, x=x)
    square = a * (a + 1) * b * b * float(special.gammaincc(a + 2, x / b))
    loss = (
        square - 2 * x * a * b * float(special.gammaincc(a + 1, x / b)) + x * x * float(special.gammaincc(a, x / b))
    ) / 2
    return Loss(loss=loss, complement=((x - a * b) ** 2 + a * b * b) / 2 - loss)


def uniform_loss(x: float, a: float, b: float) -> Loss:
    """Give the loss of a demand between ``a`` and ``b``, all equally likely; x lies between them."""
    _check_between(x, a, b)
    return Loss(loss=(b - x) ** 2 / (2 * (b - a)), complement=(x - a) ** 2 / (2 * (b - a)))


def uniform_second_loss(x: float, a: float, b: float) -> Loss:
    """Give the second-order loss of a demand between ``a`` and ``b``, all equally likely; x lies between them."""
    _check_between(x, a, b)
    return Loss(loss=(b - x) ** 3 / (6 * (b - a)), complement=(x - a) ** 3 / (6 * (b - a)))


def _check_between(x: float, a: float, b: float) -> None:
    above(a, b=b)
    if not a <= x <= b:
        raise wrong("x", f"Expected {a:g} to {b:g}, got {x:g}.")


def poisson_loss(x: float, mean: float) -> Loss:
    """Give the loss of a Poisson demand at a whole level.

    Notes
    -----
    n(x) = (mean - x) P(X >= x) + mean p(x - 1) for x >= 1, summed the stable way with the survival function.
    """
    whole(x=x)
    at_least(0, mean=mean)
    if x <= 0 or not mean:
        return Loss(loss=max(mean - x, 0.0), complement=max(x - mean, 0.0))
    loss = _poisson_loss(x, mean)
    return Loss(loss=loss, complement=x - mean + loss)


# In logarithms: a factorial of a few hundred is beyond what a float holds.
def _poisson_loss(x: float, mean: float) -> float:
    probability = exp(x * log(mean) - mean - lgamma(x + 1))
    beyond = float(special.pdtrc(x, mean))
    return max(0.0, float(-(x - mean) * beyond + mean * probability))  # rounding would leave less than nothing


def poisson_second_loss(x: float, mean: float) -> Loss:
    """Give the second-order loss of a Poisson demand at a whole level."""
    whole(x=x)
    at_least(0, mean=mean)
    total = ((x - mean) ** 2 + x) / 2
    probability = exp(x * log(mean) - mean - lgamma(x + 1)) if x >= 0 and mean else 0.0
    beyond = float(special.pdtrc(x, mean)) if x >= 0 else 1.0
    loss = (((x - mean) ** 2 + x) * beyond - mean * (x - mean) * probability) / 2
    return Loss(loss=loss, complement=total - loss)


def geometric_loss(x: float, p: float) -> Loss:
    """Give the loss of a geometric demand on 1, 2, 3 … with probability ``p`` of success."""
    whole(x=x)
    _check_share(p)
    loss = (1 - p) ** x / p if x >= 0 else 1 / p - x
    return Loss(loss=loss, complement=x - 1 / p + loss)


def geometric_second_loss(x: float, p: float) -> Loss:
    """Give the second-order loss of a geometric demand on 1, 2, 3 … with probability ``p`` of success."""
    whole(x=x)
    _check_share(p)
    mean, square = 1 / p, (2 - p) / p**2
    loss = (1 - p) ** (x + 1) / p**2
    total = (x * x + x - 2 * x * mean + square - mean) / 2
    return Loss(loss=loss, complement=total - loss)


def _check_share(p: float) -> None:
    if not 0 < p <= 1:
        raise wrong("p", f"Expected a probability above 0 up to 1, got {p}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class NegativeBinomial:
    """Parameters of a negative binomial demand on 0, 1, 2 …: failures before the r-th success of probability p."""

    r: float
    p: float

    @classmethod
    def given(
        cls, *, r: float | None = None, p: float | None = None, mean: float | None = None, sd: float | None = None
    ) -> NegativeBinomial:
        """Give the parameters from r and p, or from mean and deviation.

        Parameters
        ----------
        r, p : float, optional
            Number and probability of successes.
        mean, sd : float, optional
            Mean and deviation; the variance must be above the mean.
        """
        if r is not None and p is not None:
            if not 0 < p < 1 or r <= 0:
                raise wrong("r", f"Expected r above 0 and p between 0 and 1, got {r} and {p}.")
            return cls(r=r, p=p)
        if mean is None or sd is None:
            raise wrong("mean", "Expected r and p, or mean and sd.")
        if not 0 < mean < sd * sd:
            raise wrong("sd", f"Expected a variance above the mean {mean:g}, got {sd * sd:g}.")
        return cls(r=mean * mean / (sd * sd - mean), p=mean / (sd * sd))

    @property
    def mean(self) -> float:
        """Expected demand."""
        return self.r * (1 - self.p) / self.p


def negative_binomial_loss(x: float, demand: NegativeBinomial) -> Loss:
    """Give the loss of a negative binomial demand at a whole level."""
    whole(x=x)
    pmf, levels = _negative_binomial_below(x, demand)
    complement = float(np.sum((x - levels) * pmf))
    return Loss(loss=demand.mean - x + complement, complement=complement)


def negative_binomial_second_loss(x: float, demand: NegativeBinomial) -> Loss:
    """Give the second-order loss of a negative binomial demand at a whole level."""
    whole(x=x)
    pmf, levels = _negative_binomial_below(x, demand)
    complement = float(np.sum((x - levels) * (x - levels + 1) * pmf)) / 2
    variance = demand.mean / demand.p
    total = (x * x + x - 2 * x * demand.mean + variance + demand.mean**2 - demand.mean) / 2
    return Loss(loss=total - complement, complement=complement)


_LARGEST_LEVEL = 500_000  # probabilities that are added up one by one


def _negative_binomial_below(x: float, demand: NegativeBinomial) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if x > _LARGEST_LEVEL:
        raise wrong("demand_mean", f"A level of {x:.6g} is too large to be summed up to.", "Count in packs.")
    levels = np.arange(0, max(int(x), 0) + 1, dtype=np.float64)
    logs = (
        special.gammaln(levels + demand.r)
        - special.gammaln(demand.r)
        - special.gammaln(levels + 1)
        + demand.r * log(demand.p)
        + levels * np.log1p(-demand.p)
    )
    return np.exp(logs), levels


def discrete_loss(x: float, levels: NDArray[np.float64], pmf: NDArray[np.float64]) -> Loss:
    """Give the loss of any demand with listed levels and probabilities."""
    return Loss(
        loss=float(np.sum(np.maximum(levels - x, 0) * pmf)), complement=float(np.sum(np.maximum(x - levels, 0) * pmf))
    )


def discrete_second_loss(x: float, levels: NDArray[np.float64], pmf: NDArray[np.float64]) -> Loss:
    """Give the second-order loss of any whole-numbered demand with listed levels and probabilities."""
    above_x, below_x = np.maximum(levels - x, 0), np.maximum(x - levels, 0)
    return Loss(
        loss=float(np.sum(above_x * np.maximum(levels - x - 1, 0) * pmf)) / 2,
        complement=float(np.sum(below_x * (below_x + 1) * pmf)) / 2,
    )

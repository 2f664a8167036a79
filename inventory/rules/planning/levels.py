"""Service of whole-numbered stock levels for many items at once: Poisson, or negative binomial where use varies more.

The same formulae as :mod:`inventory.rules.policies.service` has for one item, on arrays; a test compares both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from inventory.model.planning import ServiceKind

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

_DISPERSED = 1.05  # variance over mean from which a Poisson would promise too much
_HIGHEST = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Use in a stretch of time, by series.

    Parameters
    ----------
    mean, variance : array of shape (n_series,)
        Of the whole stretch, base units.
    """

    mean: Floats
    variance: Floats

    @property
    def is_dispersed(self) -> NDArray[np.bool_]:
        """Whether the negative binomial stands in for the Poisson distribution."""
        return (self.mean > 0) & (self.variance > _DISPERSED * self.mean)


def _binomial(use: Use) -> tuple[Floats, Floats]:
    """Give r and p of the negative binomial; harmless values where the Poisson is taken."""
    # Both branches of np.where are worked out: these keep the unused one from dividing by 0.
    variance = np.where(use.is_dispersed, use.variance, 2 * np.maximum(use.mean, 1.0) + 1)
    mean = np.where(use.mean > 0, use.mean, 1.0)
    return mean * mean / (variance - mean), mean / variance


def cycle_service(level: Floats, use: Use) -> Floats:
    """Give the probability that a level lasts through the stretch.

    Parameters
    ----------
    level : array of shape (n_series,)
        Whole base units; below 0 never lasts.
    use : Use
        Of the stretch.
    """
    at = np.maximum(level, 0)
    r, p = _binomial(use)
    found = np.where(use.is_dispersed, special.betainc(r, at + 1, p), special.pdtr(at, use.mean))
    return np.where(level < 0, 0.0, np.where(use.mean > 0, found, 1.0))


def missing(level: Floats, use: Use) -> Floats:
    """Give the expected units that a level lacks in the stretch, E[(D - S)+].

    Notes
    -----
    Poisson: m P(D >= S) - S P(D > S). Negative binomial with mean m: m P(D' >= S) - S P(D > S), where D' has r + 1
    instead of r: x f(x; r) = m f(x - 1; r + 1).
    """
    at = np.maximum(level, 0)
    r, p = _binomial(use)
    beyond = np.where(use.is_dispersed, 1 - special.betainc(r, at + 1, p), special.pdtrc(at, use.mean))
    at_least = np.where(
        use.is_dispersed,
        np.where(at > 0, 1 - special.betainc(r + 1, np.maximum(at, 1e-12), p), 1.0),
        np.where(at > 0, special.pdtrc(at - 1, use.mean), 1.0),
    )
    found = np.maximum(use.mean * at_least - at * beyond, 0.0)
    return np.where(level < 0, use.mean - level, np.where(use.mean > 0, found, 0.0))


def fill_rate(level: Floats, protection: Use, lead: Use) -> Floats:
    """Give the share of the use of one review period that a level fills.

    Parameters
    ----------
    level : array of shape (n_series,)
        Order-up-to level, whole base units.
    protection, lead : Use
        Of review period and lead time together, and of the lead time alone.

    Notes
    -----
    beta = 1 - (E[(D_(R+L) - S)+] - E[(D_L - S)+]) / E[D_R].
    """
    wanted = protection.mean - lead.mean
    lost = missing(level, protection) - missing(level, lead)
    return 1 - np.divide(lost, wanted, out=np.zeros_like(lost), where=wanted > 0)


def smallest_level(target: float, service: ServiceKind, protection: Use, lead: Use) -> Whole:
    """Give the smallest whole level that reaches a target, by bisection of all series together.

    Parameters
    ----------
    target : float
        Above 0 and below 1.
    service : ServiceKind
        What the target means.
    protection, lead : Use
        As for :func:`fill_rate`.
    """

    def reached(level: Floats) -> NDArray[np.bool_]:
        value = fill_rate(level, protection, lead) if service is ServiceKind.FILL else cycle_service(level, protection)
        return np.asarray(value >= target)

    low = np.full(len(protection.mean), -1.0)
    high = np.ceil(protection.mean + 10 * np.sqrt(np.maximum(protection.variance, protection.mean)) + 10)
    while True:
        # Bounded: a target that rounding never reaches must not double for ever.
        short = ~reached(high) & (high < _HIGHEST)
        if not short.any():
            break
        high = np.where(short, high * 2, high)
    while (high - low > 1).any():
        middle = np.floor((low + high) / 2)
        is_enough = reached(middle)
        is_open = high - low > 1
        high = np.where(is_open & is_enough, middle, high)
        low = np.where(is_open & ~is_enough, middle, low)
    found: Whole = np.maximum(high, 0).astype(np.int64)
    return found

"""Moments of distributions, for the formulae that stand beside simulated queues."""

from __future__ import annotations

import math

import numpy as np
from scipy import integrate, special

from simulation.model.distributions import Distribution, Law
from simulation.numerics import laws
from simulation.numerics.sources import LawBook


def mean_of(distribution: Distribution) -> float:
    """Give the expected value of what is sampled: of a normal, with its lowest value taken into account."""
    if distribution.law is not Law.NORMAL:
        return distribution.mean
    return _clipped_normal(*distribution.parameters)[0]


def second_moment_of(distribution: Distribution) -> float:
    """Give E[S²] of a distribution, in the square of its unit."""
    p = distribution.parameters
    match distribution.law:
        case Law.CONSTANT:
            return p[0] ** 2
        case Law.EXPONENTIAL:
            return 2 * p[0] ** 2
        case Law.LOGNORMAL:
            return math.exp(2 * p[0] + 2 * p[1] ** 2)
        case Law.UNIFORM:
            return (p[0] ** 2 + p[0] * p[1] + p[1] ** 2) / 3
        case Law.TRIANGULAR:
            a, b, c = p
            return (a * a + b * b + c * c + a * b + a * c + b * c) / 6
        case Law.GAMMA:
            return p[0] * (p[0] + 1) * p[1] ** 2
        case Law.WEIBULL:
            return p[1] ** 2 * math.gamma(1 + 2 / p[0])
        case Law.VALUES:
            return sum(value * value for value in distribution.values) / len(distribution.values)
        case Law.HYPEREXPONENTIAL:
            return 2 * (p[0] * p[1] ** 2 + (1 - p[0]) * p[2] ** 2)
        case Law.NORMAL:
            return _clipped_normal(p[0], p[1], p[2])[1]


def _clipped_normal(mean: float, sd: float, lowest: float) -> tuple[float, float]:
    """Give E[max(X, l)] and E[max(X, l)²] of a normal X, from the partial moments above l."""
    z = (lowest - mean) / sd
    density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    below, above = float(special.ndtr(z)), float(special.ndtr(-z))
    first = lowest * below + mean * above + sd * density
    second = lowest**2 * below + (mean**2 + sd**2) * above + sd * (mean + lowest) * density
    return first, second


def mean_of_least(distribution: Distribution, limit: float) -> float:
    """Give E[min(S, limit)], the time of the first ``limit`` after the start that a service covers.

    Parameters
    ----------
    distribution : Distribution
        Of S.
    limit : float
        At least 0, in the unit of the distribution.
    """
    p = distribution.parameters
    match distribution.law:
        case Law.CONSTANT:
            return min(p[0], limit)
        case Law.EXPONENTIAL:
            return -p[0] * math.expm1(-limit / p[0])
        case Law.VALUES:
            return float(np.minimum(distribution.values, limit).mean())
    book = LawBook()
    row = book.add(distribution)
    table, values = book.arrays()
    kind, a, b, c = int(table[row, 0]), *table[row, 1:]
    corners = _corners(distribution, limit)
    area, _ = integrate.quad(
        lambda x: laws.survival(kind, a, b, c, values, x), 0.0, limit, points=corners, limit=200, epsabs=1e-12
    )
    return float(area)


def _corners(distribution: Distribution, limit: float) -> list[float]:
    """Give instants at which an integral is parted: where the law has a corner, and around its mean."""
    mean = mean_of(distribution)
    has_corners = distribution.law in {Law.UNIFORM, Law.TRIANGULAR, Law.NORMAL}
    corners = set(distribution.parameters if has_corners else ()) | {mean * 2.0**k for k in range(-3, 7)}
    return sorted(x for x in corners if 0 < x < limit)


def transform_of(distribution: Distribution, s: float) -> float:
    """Give the Laplace transform E[e^{−sX}] = 1 − s ∫ e^{−sx} P(X > x) dx of a distribution.

    Parameters
    ----------
    distribution : Distribution
        Of X, not negative.
    s : float
        Positive.
    """
    p = distribution.parameters
    match distribution.law:
        case Law.CONSTANT:
            return math.exp(-s * p[0])
        case Law.EXPONENTIAL:
            return 1 / (1 + s * p[0])
        case Law.GAMMA:
            return float((1 + s * p[1]) ** -p[0])
        case Law.HYPEREXPONENTIAL:
            return p[0] / (1 + s * p[1]) + (1 - p[0]) / (1 + s * p[2])
        case Law.UNIFORM:
            return (math.exp(-s * p[0]) - math.exp(-s * p[1])) / (s * (p[1] - p[0]))
        case Law.VALUES:
            return float(np.exp(-s * np.array(distribution.values)).mean())
    book = LawBook()
    row = book.add(distribution)
    table, values = book.arrays()
    kind, a, b, c = int(table[row, 0]), *table[row, 1:]
    end = 60.0 / s
    corners = _corners(distribution, end)
    area, _ = integrate.quad(
        lambda x: math.exp(-s * x) * laws.survival(kind, a, b, c, values, x), 0.0, end, points=corners, limit=400
    )
    return 1 - s * float(area)


def tilted(distribution: Distribution, rate: float) -> tuple[float, float]:
    """Give E[e^{aX}] and E[X e^{aX}], infinite where the tail of the distribution is too heavy for it.

    Parameters
    ----------
    distribution : Distribution
        Of X, not negative.
    rate : float
        a, not 0, of either sign.
    """
    p = distribution.parameters
    match distribution.law:
        case Law.CONSTANT:
            return math.exp(rate * p[0]), p[0] * math.exp(rate * p[0])
        case Law.EXPONENTIAL:
            return _tilted_gamma(1.0, p[0], rate)
        case Law.GAMMA:
            return _tilted_gamma(p[0], p[1], rate)
        case Law.HYPEREXPONENTIAL:
            one, other = (_tilted_gamma(1.0, mean, rate) for mean in p[1:])
            return p[0] * one[0] + (1 - p[0]) * other[0], p[0] * one[1] + (1 - p[0]) * other[1]
        case Law.VALUES:
            values = np.array(distribution.values)
            return float(np.exp(rate * values).mean()), float((values * np.exp(rate * values)).mean())
    end = _end_of_tilt(distribution, rate)
    return (math.inf, math.inf) if math.isinf(end) else _tilted_by_survival(distribution, rate, end)


def _tilted_gamma(shape: float, scale: float, rate: float) -> tuple[float, float]:
    left = 1 - rate * scale
    return (left**-shape, shape * scale * left ** (-shape - 1)) if left > 0 else (math.inf, math.inf)


def _end_of_tilt(distribution: Distribution, rate: float) -> float:
    """Give an instant beyond which e^{ax} P(X > x) is nothing; infinite if there is none."""
    p = distribution.parameters
    if distribution.law in {Law.UNIFORM, Law.TRIANGULAR}:
        return p[-1] if distribution.law is Law.TRIANGULAR else p[1]
    if rate < 0:
        return -60.0 / rate
    if distribution.law is Law.NORMAL:
        return max(p[0] + rate * p[1] ** 2, p[2]) + 12 * p[1]
    if distribution.law is Law.WEIBULL and p[0] > 1:
        end = p[1]
        while rate * end - (end / p[1]) ** p[0] > -60.0:
            end *= 1.5
        return end
    if distribution.law is Law.WEIBULL and p[0] == 1 and rate * p[1] < 1:
        return 60.0 / (1 / p[1] - rate)
    return math.inf


def _tilted_by_survival(distribution: Distribution, rate: float, end: float) -> tuple[float, float]:
    """Integrate by parts: E[e^{aX}] = 1 + a ∫ e^{ax} P(X > x) dx and E[X e^{aX}] = ∫ (1 + ax) e^{ax} P(X > x) dx."""
    book = LawBook()
    row = book.add(distribution)
    table, values = book.arrays()
    kind, a, b, c = int(table[row, 0]), *table[row, 1:]
    corners = _corners(distribution, end)

    def alive(x: float) -> float:
        return math.exp(rate * x) * float(laws.survival(kind, a, b, c, values, x))

    whole, _ = integrate.quad(alive, 0.0, end, points=corners, limit=400)
    slope, _ = integrate.quad(lambda x: (1 + rate * x) * alive(x), 0.0, end, points=corners, limit=400)
    return 1 + rate * float(whole), float(slope)

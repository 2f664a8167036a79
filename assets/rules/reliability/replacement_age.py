"""When to replace by age, and when never."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.integrate import quad
from scipy.optimize import minimize_scalar
from scipy.special import gamma

_LARGEST_LOG = 700.0  # e to this is near the largest float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplacementAge:
    """The cheapest age of replacement.

    Parameters
    ----------
    age : float or None
        None: run to failure, since replacing earlier never pays.
    cost_rate : float
        Cost per unit of time at that age.
    run_to_failure_cost_rate : float
        Cost per unit of time without replacement by age.
    """

    age: float | None
    cost_rate: float
    run_to_failure_cost_rate: float

    @property
    def saving_share(self) -> float:
        """What replacing by age saves, as a share of running to failure."""
        return 1.0 - self.cost_rate / self.run_to_failure_cost_rate


def cheapest_replacement_age(*, shape: float, scale: float, planned_cost: float, failure_cost: float) -> ReplacementAge:
    """Give the age at which replacing a device is cheapest in the long run.

    Parameters
    ----------
    shape, scale : float
        Weibull lifetime, both above 0.
    planned_cost, failure_cost : float
        Cost of a planned replacement and of one after a failure, above 0, in one currency.

    Notes
    -----
    C(T) = [c_p S(T) + c_f (1 - S(T))] / ∫_0^T S. Without wear-out (shape at most 1), or if a failure costs no more than
    a plan, C falls for ever and nothing is replaced by age.

    References
    ----------
    Barlow and Hunter (1960), Operations Research 8.
    """
    mean_life = scale * float(gamma(1.0 + 1.0 / shape))
    unplanned = failure_cost / mean_life
    if shape <= 1.0 or failure_cost <= planned_cost:
        return ReplacementAge(age=None, cost_rate=unplanned, run_to_failure_cost_rate=unplanned)

    def survival(age: float) -> float:
        return _survival(age, shape, scale)

    def cost(age: float) -> float:
        alive = survival(age)
        used = quad(survival, 0.0, age, epsabs=0.0, epsrel=1e-12, limit=200)[0]
        return (planned_cost * alive + failure_cost * (1.0 - alive)) / used

    # The cost has one valley; its logarithm in age is smooth, and ten lives past the scale nothing survives.
    grid = [scale * math.exp(-8.0 + 0.1 * i) for i in range(104)]
    best = min(range(len(grid)), key=lambda i: cost(grid[i]))
    if best == len(grid) - 1:
        return ReplacementAge(age=None, cost_rate=unplanned, run_to_failure_cost_rate=unplanned)
    bounds = (grid[max(best - 1, 0)], grid[best + 1])
    age = _stationary(shape, scale, failure_cost / planned_cost, bounds)
    rate = cost(age)
    if rate >= unplanned:
        return ReplacementAge(age=None, cost_rate=unplanned, run_to_failure_cost_rate=unplanned)
    return ReplacementAge(age=age, cost_rate=rate, run_to_failure_cost_rate=unplanned)


def _survival(age: float, shape: float, scale: float) -> float:
    """Give the share alive at an age; of a steep shape (age/scale)^shape alone is beyond any float."""
    if age <= 0.0:
        return 1.0
    return math.exp(-math.exp(min(shape * math.log(age / scale), _LARGEST_LOG)))


def _stationary(shape: float, scale: float, ratio: float, bounds: tuple[float, float]) -> float:
    """Solve h(T) ∫S - (1 - S(T)) = c_p/(c_f - c_p): a root is found to more digits than a minimum."""
    wanted = 1.0 / (ratio - 1.0)

    def balance(age: float) -> float:
        alive = _survival(age, shape, scale)
        used = quad(lambda t: _survival(t, shape, scale), 0.0, age, epsabs=0.0, epsrel=1e-12, limit=200)[0]
        hazard = shape / scale * math.exp(min((shape - 1.0) * math.log(age / scale), _LARGEST_LOG))
        return hazard * used - (1.0 - alive) - wanted

    low, high = bounds
    if balance(low) * balance(high) > 0.0:
        return float(minimize_scalar(lambda t: abs(balance(t)), bounds=bounds, method="bounded").x)
    for _ in range(200):
        middle = 0.5 * (low + high)
        if balance(middle) > 0.0:
            high = middle
        else:
            low = middle
    return 0.5 * (low + high)


def minimal_repair_age(*, shape: float, scale: float, planned_cost: float, repair_cost: float) -> float | None:
    """Give the cheapest age of replacement when failures in between are only mended; None if it never pays.

    Parameters
    ----------
    shape, scale : float
        Power-law process, both above 0.
    planned_cost, repair_cost : float
        Cost of a replacement and of one repair, above 0.

    Notes
    -----
    T = scale (c_p / (c_r (shape - 1)))^(1/shape).

    References
    ----------
    Barlow and Hunter (1960).

    Examples
    --------
    >>> round(minimal_repair_age(shape=2.5, scale=1000.0, planned_cost=1.0, repair_cost=5.0), 3)
    446.658
    """
    if shape <= 1.0:
        return None
    return scale * math.pow(planned_cost / (repair_cost * (shape - 1.0)), 1.0 / shape)


def equivalent_annual_cost(present_value: float, *, interest: float, years: int) -> float:
    """Spread a present value over years.

    Parameters
    ----------
    present_value : float
        Cost today.
    interest : float
        Per year, a share, not below 0.
    years : int
        Above 0.

    Notes
    -----
    EAC = PV i (1 + i)^n / ((1 + i)^n - 1).
    """
    if interest == 0.0:
        return present_value / years
    growth = math.pow(1.0 + interest, years)
    return present_value * interest * growth / (growth - 1.0)

"""Periodic review: order up to S when the inventory position is at or below s; exact for whole-numbered demand.

References
----------
Zheng, Y.-S. and Federgruen, A. (1991), Finding optimal (s,S) policies is about as simple as evaluating a single
policy, Operations Research 39. Ehrhardt, R. and Mosier, C. (1984), A revision of the power approximation, Management
Science 30.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from inventory.rules.policies.demand import Listed
from inventory.rules.policies.requirements import above, at_least, whole, wrong

LARGEST_ORDER = 20_000
"""Units that the exact search tries one by one; its time grows with the square, half a second here."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderUpTo:
    """Reorder point, order-up-to level and cost per period (None where the method gives none)."""

    reorder_point: float
    order_up_to_level: float
    cost: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodicCosts:
    """Costs per unit left, per unit missing, per order."""

    holding_cost: float
    stockout_cost: float
    fixed_cost: float

    def __post_init__(self) -> None:
        """Check the costs."""
        above(0, holding_cost=self.holding_cost, stockout_cost=self.stockout_cost)
        at_least(0, fixed_cost=self.fixed_cost)


def _check_size(units: float, field: str) -> None:
    if units > LARGEST_ORDER:
        raise wrong(
            field,
            f"About {units:.3g} units are too many to try one by one.",
            "Count in packs or hundreds instead of single units.",
        )


def poisson_pmf(mean: float) -> Floats:
    """Give Poisson probabilities of 0, 1, 2 and so on, up to a negligible tail."""
    above(0, demand_mean=mean)
    high = int(mean + 12 * sqrt(mean) + 20)
    _check_size(high, "demand_mean")
    levels = np.arange(high + 1, dtype=np.float64)
    logs = levels * np.log(mean) - mean - np.concatenate(([0.0], np.cumsum(np.log(levels[1:]))))
    return np.asarray(np.exp(logs), dtype=np.float64)


def normal_pmf(mean: float, sd: float) -> Floats:
    """Give a normal demand rounded to whole numbers; what is below 0 counts as 0."""
    at_least(0, demand_mean=mean)
    above(0, demand_sd=sd)
    high = int(mean + 10 * sd + 10)
    _check_size(high, "demand_sd")
    edges = ndtr((np.arange(high + 2) - 0.5 - mean) / sd)  # half a unit to each side, as a count is rounded
    pmf = np.diff(edges)
    pmf[0] += edges[0]
    return np.asarray(pmf, dtype=np.float64)


def pmf_of(demand: Listed) -> Floats:
    """Give probabilities of 0, 1, 2 and so on of a listed demand with whole levels of at least 0."""
    if (demand.levels < 0).any() or (demand.levels != np.floor(demand.levels)).any():
        raise wrong("demand_pmf", "Expected whole levels of at least 0.")
    _check_size(float(demand.levels.max()), "demand_pmf")
    pmf = np.zeros(int(demand.levels.max()) + 1)
    pmf[demand.levels.astype(np.int64)] = demand.pmf
    return pmf


@numba.njit(cache=True)
def _rate(level: int, costs: tuple[float, float], below: Floats, mean: float) -> float:  # pragma: no cover
    """Give the cost of one period that starts at a level; ``below[y]`` is E[(y - D)+]."""
    holding, stockout = costs
    if level <= 0:
        return stockout * (mean - level)
    left = below[level] if level < len(below) else below[-1] + (level - len(below) + 1)
    cost: float = holding * left + stockout * (left - level + mean)
    return cost


@numba.njit(cache=True)
def _left_over(pmf: Floats) -> Floats:  # pragma: no cover
    left = np.zeros(len(pmf) + 1)
    covered = 0.0
    for level in range(len(pmf)):
        covered += pmf[level]
        left[level + 1] = left[level] + covered
    return left


@numba.njit(cache=True)
def _renewal(pmf: Floats, count: int) -> Floats:  # pragma: no cover
    """Give the expected visits m(j) to each distance j below S before the next order."""
    visits = np.zeros(count)
    stay = 1.0 - pmf[0]
    visits[0] = 1.0 / stay
    for j in range(1, count):
        total = 0.0
        for i in range(1, min(j, len(pmf) - 1) + 1):
            total += pmf[i] * visits[j - i]
        visits[j] = total / stay
    return visits


@numba.njit(cache=True)
def _policy_cost(  # a compiled kernel takes plain numbers
    s: int, big: int, costs: tuple[float, float], fixed: float, left: Floats, mean: float, visits: Floats
) -> float:  # pragma: no cover
    held, periods = 0.0, 0.0
    for j in range(big - s):
        held += visits[j] * _rate(big - j, costs, left, mean)
        periods += visits[j]
    return (fixed + held) / periods


@numba.njit(cache=True)
def _best(pmf: Floats, holding: float, stockout: float, fixed: float) -> tuple[int, int, float]:  # pragma: no cover
    """Zheng and Federgruen's search; one function because splitting it costs half its speed."""
    costs = (holding, stockout)
    left = _left_over(pmf)
    mean = 0.0
    for level in range(len(pmf)):
        mean += level * pmf[level]
    best_level = 0
    while _rate(best_level + 1, costs, left, mean) < _rate(best_level, costs, left, mean):
        best_level += 1
    # Generous room for the search: S - s is near the economic quantity with backorders, which is long as well where a
    # stock-out costs little; twice it and the demand itself are enough.
    per_unit = holding * stockout / (holding + stockout)
    size = 4 * (best_level + len(pmf)) + int(2 * np.sqrt(2 * fixed * max(mean, 1.0) / per_unit)) + 16
    visits = _renewal(pmf, size)
    s, big = best_level, best_level
    while True:
        s -= 1
        cost = _policy_cost(s, big, costs, fixed, left, mean, visits)
        # a lower s would add periods that cost more than the mean of the cycle (their lemma 1)
        if cost <= _rate(s, costs, left, mean) or big - s >= size - 1:
            break
    best_s, best_big, best_cost = s, big, cost
    big += 1
    # no S whose own period already costs more than the best cycle can be better (their lemma 2)
    while _rate(big, costs, left, mean) <= best_cost and big - best_s < size - 1:
        cost = _policy_cost(best_s, big, costs, fixed, left, mean, visits)
        if cost < best_cost:
            best_big = big
            while cost <= _rate(best_s + 1, costs, left, mean) and best_s + 1 < best_big:
                best_s += 1
                cost = _policy_cost(best_s, best_big, costs, fixed, left, mean, visits)
            best_cost = _policy_cost(best_s, best_big, costs, fixed, left, mean, visits)
        big += 1
    return best_s, best_big, best_cost


def best_order_up_to(costs: PeriodicCosts, pmf: Floats) -> OrderUpTo:
    """Give the exact best (s, S) policy without lead time.

    Parameters
    ----------
    costs : PeriodicCosts
        Per period.
    pmf : array of shape (n,)
        Probabilities of a demand of 0, 1, … per period.
    """
    _check_pmf(pmf)
    mean = float(np.dot(np.arange(len(pmf)), pmf))
    per_unit = costs.holding_cost * costs.stockout_cost / (costs.holding_cost + costs.stockout_cost)
    if not per_unit:
        raise wrong("stockout_cost", "Next to the other cost it is nothing: no order is ever worth while.")
    _check_size(sqrt(2 * costs.fixed_cost * mean / per_unit), "fixed_cost")
    s, big, cost = _best(pmf, float(costs.holding_cost), float(costs.stockout_cost), float(costs.fixed_cost))
    return OrderUpTo(reorder_point=float(s), order_up_to_level=float(big), cost=float(cost))


def _check_pmf(pmf: Floats) -> None:
    if len(pmf) < 2 or pmf[0] >= 1:
        raise wrong("demand", "Expected a demand that is not always 0.")


def cost_of_order_up_to(costs: PeriodicCosts, pmf: Floats, reorder_point: float, order_up_to_level: float) -> float:
    """Give the cost per period of an (s, S) policy (Zheng and Federgruen 1991, equation 2)."""
    whole(reorder_point=reorder_point, order_up_to_level=order_up_to_level)
    above(reorder_point, order_up_to_level=order_up_to_level)
    _check_pmf(pmf)
    s, big = int(reorder_point), int(order_up_to_level)
    _check_size(big - s, "order_up_to_level")
    mean = float(np.dot(np.arange(len(pmf)), pmf))
    pair = (float(costs.holding_cost), float(costs.stockout_cost))
    return float(_policy_cost(s, big, pair, float(costs.fixed_cost), _left_over(pmf), mean, _renewal(pmf, big - s + 1)))


def best_order_up_to_many(means: Floats, costs: Floats) -> Floats:
    """Give exact best (s, S) policies for many Poisson demands at once.

    Parameters
    ----------
    means : array of shape (n,)
        Mean demand per period, above 0.
    costs : array of shape (n, 3)
        Holding, stock-out and fixed cost.

    Returns
    -------
    array of shape (n, 3)
        Reorder point, order-up-to level, cost per period.
    """
    if (means <= 0).any() or (costs[:, :2] <= 0).any() or (costs[:, 2] < 0).any():
        raise wrong("means", "Expected means and costs above 0.")
    lengths = (means + 12 * np.sqrt(means) + 21).astype(np.int64)
    out = np.empty((len(means), 3))
    _best_poisson_many(np.ascontiguousarray(means), lengths, np.ascontiguousarray(costs), out)
    return out


@numba.njit(cache=True)
def _best_poisson_many(
    means: Floats, lengths: NDArray[np.int64], costs: Floats, out: Floats
) -> None:  # pragma: no cover
    for row in range(len(means)):
        mean = means[row]
        pmf = np.empty(lengths[row])
        log_term = -mean
        for level in range(lengths[row]):
            if level:
                log_term += np.log(mean) - np.log(level)
            pmf[level] = np.exp(log_term)
        s, big, cost = _best(pmf, costs[row, 0], costs[row, 1], costs[row, 2])
        out[row, 0], out[row, 1], out[row, 2] = s, big, cost


def power_approximation(costs: PeriodicCosts, demand_mean: float, demand_sd: float) -> OrderUpTo:
    """Give (s, S) by the revised power approximation, for demand of any size.

    Notes
    -----
    Q = 1.30 mu^0.494 (K/h)^0.506 (1 + sigma^2/mu^2)^0.116, z = sqrt(Q h / (p sigma)),
    s = 0.973 mu + sigma (0.183/z + 1.063 - 2.192 z), S = s + Q; meant for Q above 1.5 mu.
    """
    above(0, demand_mean=demand_mean, demand_sd=demand_sd, fixed_cost=costs.fixed_cost)
    h, p = costs.holding_cost, costs.stockout_cost
    size = 1.30 * demand_mean**0.494 * (costs.fixed_cost / h) ** 0.506 * (1 + (demand_sd / demand_mean) ** 2) ** 0.116
    z = sqrt(size * h / (p * demand_sd))
    point = 0.973 * demand_mean + demand_sd * (0.183 / z + 1.063 - 2.192 * z)
    return OrderUpTo(reorder_point=point, order_up_to_level=point + size)

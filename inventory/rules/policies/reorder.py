"""Continuous review: order Q when the inventory position falls to r.

References
----------
Snyder and Shen (2019), chapter 5; Federgruen and Zheng (1992), An efficient algorithm for computing an optimal (r,Q)
policy in continuous review stochastic inventory systems, Operations Research 40.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt

from scipy import optimize, special

from inventory.rules.policies.economic import BackorderCase, economic_order, economic_order_with_backorders
from inventory.rules.policies.losses import normal_loss, normal_second_loss, poisson_loss
from inventory.rules.policies.newsvendor import poisson_quantile
from inventory.rules.policies.requirements import above, at_least, whole, wrong

_ROUNDS = 1000
_CLOSE = 1e-12
_DOUBLINGS = 100  # a double has not many more powers of two to either side of a quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class ReorderPolicy:
    """Reorder point, order quantity and cost per unit of time (None where the method gives none)."""

    reorder_point: float
    order_quantity: float
    cost: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReorderCase:
    """Costs and demand under continuous review, all for one unit of time.

    Parameters
    ----------
    holding_cost, stockout_cost, fixed_cost : float
        Per unit held, per unit backordered, per order.
    demand_mean, demand_sd : float
        Of the demand of a unit of time; the deviation is not used for Poisson demand.
    lead_time : float
        In the same unit of time.
    """

    holding_cost: float
    stockout_cost: float
    fixed_cost: float = 0.0
    demand_mean: float
    demand_sd: float = 0.0
    lead_time: float

    def __post_init__(self) -> None:
        """Check costs and demand."""
        above(0, holding_cost=self.holding_cost, stockout_cost=self.stockout_cost, demand_mean=self.demand_mean)
        at_least(0, fixed_cost=self.fixed_cost, demand_sd=self.demand_sd, lead_time=self.lead_time)

    @property
    def mean(self) -> float:
        """Expected demand of the lead time."""
        return self.demand_mean * self.lead_time

    @property
    def sd(self) -> float:
        """Deviation of the demand of the lead time."""
        return self.demand_sd * sqrt(self.lead_time)


def cost_normal(case: ReorderCase, reorder_point: float, order_quantity: float) -> float:
    """Give the expected cost of a policy for normal demand.

    Notes
    -----
    h (r - lambda L + Q/2) + K lambda / Q + (h + p) (n2(r) - n2(r + Q)) / Q, second-order loss n2 (equation 5.7).
    """
    above(0, order_quantity=order_quantity, demand_sd=case.demand_sd, lead_time=case.lead_time)
    r, q = reorder_point, order_quantity
    short = normal_second_loss(r, case.mean, case.sd).loss - normal_second_loss(r + q, case.mean, case.sd).loss
    return (
        case.holding_cost * (r - case.mean + q / 2)
        + case.fixed_cost * case.demand_mean / q
        + (case.holding_cost + case.stockout_cost) * short / q
    )


def _rate_normal(case: ReorderCase, level: float) -> float:
    found = normal_loss(level, case.mean, case.sd)
    return case.holding_cost * found.complement + case.stockout_cost * found.loss


def best_reorder_point(case: ReorderCase, order_quantity: float) -> float:
    """Give the best reorder point for a given order quantity and normal demand.

    Notes
    -----
    The root of g(r) = g(r + Q), where g is the cost rate of an inventory position (equation 5.9).
    """
    above(0, order_quantity=order_quantity, demand_sd=case.demand_sd, lead_time=case.lead_time)

    def gap(level: float) -> float:
        return _rate_normal(case, level) - _rate_normal(case, level + order_quantity)

    share = case.stockout_cost / (case.stockout_cost + case.holding_cost)
    # the cheapest level lies between r and r + Q: both ends of the bracket are on different sides of it
    best = case.mean + float(special.ndtri(share)) * case.sd
    return float(optimize.brentq(gap, best - order_quantity, best, xtol=1e-13, rtol=8.9e-16))


def expected_inventory_level(case: ReorderCase) -> ReorderPolicy:
    """Give the policy of the expected-inventory-level approximation (section 5.2)."""
    above(0, demand_sd=case.demand_sd, lead_time=case.lead_time, fixed_cost=case.fixed_cost)
    h, p = case.holding_cost, case.stockout_cost
    quantity = economic_order(case.fixed_cost, h, case.demand_mean).order_quantity
    for _ in range(_ROUNDS):
        share = quantity * h / (p * case.demand_mean)
        if share >= 1:  # holding the batch for its time costs more than every unit of it being short
            told = f"It is too low for this approximation beside a batch of {quantity:.6g}."
            raise wrong("stockout_cost", told, "Use the method exact.")
        point = case.mean - float(special.ndtri(share)) * case.sd
        missing = normal_loss(point, case.mean, case.sd).loss
        following = sqrt(2 * case.demand_mean * (case.fixed_cost + p * missing) / h)
        if abs(following - quantity) <= _CLOSE * quantity:
            break
        quantity = following
    cost = (
        h * (point - case.mean + quantity / 2)
        + case.fixed_cost * case.demand_mean / quantity
        + p * case.demand_mean * missing / quantity
    )
    return ReorderPolicy(reorder_point=point, order_quantity=quantity, cost=cost)


def with_backorders(case: ReorderCase) -> float:
    """Give the economic order quantity with backorders, which no best quantity is below."""
    return economic_order_with_backorders(
        BackorderCase(
            fixed_cost=case.fixed_cost,
            holding_cost=case.holding_cost,
            stockout_cost=case.stockout_cost,
            demand_rate=case.demand_mean,
        )
    ).order_quantity


def with_backorder_quantity(case: ReorderCase) -> ReorderPolicy:
    """Give the economic order quantity with backorders and its best reorder point (section 5.4)."""
    quantity = with_backorders(case)
    return ReorderPolicy(reorder_point=best_reorder_point(case, quantity), order_quantity=quantity)


def with_safety_stock(case: ReorderCase) -> ReorderPolicy:
    """Give the economic order quantity and the newsvendor's reorder point (section 5.5)."""
    above(0, demand_sd=case.demand_sd, lead_time=case.lead_time)
    quantity = economic_order(case.fixed_cost, case.holding_cost, case.demand_mean).order_quantity
    share = case.stockout_cost / (case.stockout_cost + case.holding_cost)
    return ReorderPolicy(reorder_point=case.mean + float(special.ndtri(share)) * case.sd, order_quantity=quantity)


def by_loss_function(case: ReorderCase) -> ReorderPolicy:
    """Give the policy of the loss-function approximation, which leaves n(r + Q) out (section 5.6).

    Notes
    -----
    Q = sqrt(2 (K lambda + (h + p) n2(r)) / h) and n(r) = h Q / (h + p), solved in turn.
    """
    above(0, demand_sd=case.demand_sd, lead_time=case.lead_time, fixed_cost=case.fixed_cost)
    h, p = case.holding_cost, case.stockout_cost
    quantity, point = economic_order(case.fixed_cost, h, case.demand_mean).order_quantity, case.mean
    for _ in range(_ROUNDS):
        wanted = h * quantity / (h + p)
        # n(r) is above any r's distance below the mean and vanishes forty deviations above it
        low = case.mean - wanted - 10 * case.sd
        high = case.mean + 40 * case.sd
        point = float(
            optimize.brentq(
                lambda r, wanted=wanted: normal_loss(r, case.mean, case.sd).loss - wanted, low, high, xtol=1e-13
            )
        )
        second = normal_second_loss(point, case.mean, case.sd).loss
        following = sqrt(2 * (case.fixed_cost * case.demand_mean + (h + p) * second) / h)
        if abs(following - quantity) <= _CLOSE * quantity:
            quantity = following
            break
        quantity = following
    return ReorderPolicy(reorder_point=point, order_quantity=quantity)


_LARGEST_ORDER = 200_000
"""Units whose cost is added up one by one, a second of work."""


def _check_size(units: float, field: str) -> None:
    if units > _LARGEST_ORDER:
        raise wrong(
            field,
            f"An order of about {units:.3g} units is too large to be weighed unit by unit.",
            "Count in packs or hundreds, or give demand_sd for a normal demand.",
        )


def _rate_poisson(case: ReorderCase, level: int) -> float:
    found = poisson_loss(level, case.mean)
    return case.holding_cost * found.complement + case.stockout_cost * found.loss


def cost_poisson(case: ReorderCase, reorder_point: float, order_quantity: float) -> float:
    """Give the expected cost of a policy for Poisson demand (equation 5.36)."""
    whole(reorder_point=reorder_point, order_quantity=order_quantity)
    above(0, order_quantity=order_quantity)
    r, q = int(reorder_point), int(order_quantity)
    _check_size(q, "order_quantity")
    held = sum(_rate_poisson(case, level) for level in range(r + 1, r + q + 1))
    return (case.fixed_cost * case.demand_mean + held) / q


def best_poisson(case: ReorderCase) -> ReorderPolicy:
    """Give the exact best policy for Poisson demand by Federgruen and Zheng's algorithm.

    Notes
    -----
    Levels are added to the interval (r, r + Q] cheapest first, since the cost rate is convex, until adding the next one
    no longer lowers the mean.
    """
    # the best quantity is at least the economic one with backorders, and one step of the search adds one unit
    _check_size(with_backorders(case) + sqrt(case.mean), "fixed_cost")
    total = case.fixed_cost * case.demand_mean
    for low, size, rate in _cheapest_levels(case):
        # The next cheapest level would raise the mean: then no further one lowers it, since the rate is convex.
        if size > 1 and rate >= total / (size - 1):
            break
        _check_size(size, "holding_cost")  # where holding costs next to nothing, no batch is too large
        total += rate
        best = ReorderPolicy(reorder_point=low - 1, order_quantity=size, cost=total / size)
    return best


def best_point_poisson(case: ReorderCase, order_quantity: float) -> float:
    """Give the best reorder point for a given order quantity and Poisson demand: below its cheapest levels."""
    whole(order_quantity=order_quantity)
    above(0, order_quantity=order_quantity)
    _check_size(order_quantity, "order_quantity")
    return next(low - 1 for low, size, _ in _cheapest_levels(case) if size == order_quantity)


def _cheapest_levels(case: ReorderCase) -> Iterator[tuple[int, int, float]]:
    """Give intervals that grow by the next cheapest level: their lowest level, their size, the rate of the new one."""
    share = case.stockout_cost / (case.stockout_cost + case.holding_cost)
    low = high = poisson_quantile(share, case.mean)
    yield low, 1, _rate_poisson(case, low)
    below, beyond = _rate_poisson(case, low - 1), _rate_poisson(case, high + 1)
    while True:
        if below <= beyond:
            low -= 1
            yield low, high - low + 1, below
            below = _rate_poisson(case, low - 1)
        else:
            high += 1
            yield low, high - low + 1, beyond
            beyond = _rate_poisson(case, high + 1)


def best_normal(case: ReorderCase) -> ReorderPolicy:
    """Give the best policy for normal demand: the quantity whose best reorder point costs least.

    Notes
    -----
    The least mean of the convex rate over an interval (r, r + Q] is where the rate at both ends equals the cost
    (equation 5.10): its derivative by Q is (rate - cost) / Q, which changes its sign once. A root is found to the last
    digits, where the least value of so flat a cost would be found to half of them.
    """
    above(0, fixed_cost=case.fixed_cost, demand_sd=case.demand_sd, lead_time=case.lead_time)

    def excess(quantity: float) -> float:
        point = best_reorder_point(case, quantity)
        return _rate_normal(case, point) - cost_normal(case, point, quantity)

    low = with_backorders(case)
    high = low + case.sd
    for _ in range(_DOUBLINGS):
        if excess(low) <= 0:
            break
        low /= 2
    for _ in range(_DOUBLINGS):
        if excess(high) > 0:
            break
        high *= 2
    quantity = float(optimize.brentq(excess, low, high, xtol=1e-13 * high, rtol=8.9e-16))
    point = best_reorder_point(case, quantity)
    return ReorderPolicy(reorder_point=point, order_quantity=quantity, cost=cost_normal(case, point, quantity))

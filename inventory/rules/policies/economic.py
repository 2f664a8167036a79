"""Economic order quantities: steady demand, no chance.

References
----------
Snyder, L. V. and Shen, Z.-J. M., Fundamentals of Supply Chain Theory, 2nd ed. (2019), chapter 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

from inventory.rules.policies.requirements import above, at_least, same_length, wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class EconomicOrder:
    """How much to order, and what that costs per unit of time."""

    order_quantity: float
    cost: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BackorderedOrder:
    """How much to order when stock-outs are backordered; ``stockout_fraction`` is the share of demand backordered."""

    order_quantity: float
    stockout_fraction: float
    cost: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscountedOrder:
    """How much to order under quantity discounts; ``region`` counts price regions from 0."""

    order_quantity: float
    region: int
    cost: float


@dataclass(frozen=True, slots=True, kw_only=True)
class JointOrder:
    """Orders of several items that share a fixed cost.

    Parameters
    ----------
    order_quantities : tuple[float, ...]
        Of each item.
    base_cycle_time : float
        Time between joint orders.
    order_multiples : tuple[int, ...]
        Every how many joint orders an item takes part.
    cost : float
        Per unit of time.
    """

    order_quantities: tuple[float, ...]
    base_cycle_time: float
    order_multiples: tuple[int, ...]
    cost: float


def economic_order(
    fixed_cost: float, holding_cost: float, demand_rate: float, order_quantity: float | None = None
) -> EconomicOrder:
    """Give the economic order quantity, or the cost of a given one.

    Parameters
    ----------
    fixed_cost : float
        Cost of an order, at least 0.
    holding_cost : float
        Cost of holding a unit for a unit of time, above 0.
    demand_rate : float
        Units per unit of time, at least 0.
    order_quantity : float, optional
        Evaluated instead of the best one.

    Notes
    -----
    Q* = sqrt(2 K d / h), cost K d / Q + h Q / 2 (equations 3.4 and 3.3).

    Examples
    --------
    >>> round(economic_order(8, 0.225, 1300).order_quantity, 4)
    304.0468
    """
    at_least(0, fixed_cost=fixed_cost, demand_rate=demand_rate)
    above(0, holding_cost=holding_cost)
    if order_quantity is None:
        order_quantity = sqrt(2 * fixed_cost * demand_rate / holding_cost)
        if not order_quantity:
            return EconomicOrder(order_quantity=0.0, cost=0.0)
    above(0, order_quantity=order_quantity)
    cost = fixed_cost * demand_rate / order_quantity + holding_cost * order_quantity / 2
    return EconomicOrder(order_quantity=order_quantity, cost=cost)


@dataclass(frozen=True, slots=True, kw_only=True)
class BackorderCase:
    """Parameters of the economic order quantity with backorders, as in :func:`economic_order`.

    Parameters
    ----------
    fixed_cost, holding_cost, demand_rate
        As there.
    stockout_cost : float
        Cost of a backordered unit for a unit of time, above 0.
    """

    fixed_cost: float
    holding_cost: float
    stockout_cost: float
    demand_rate: float


def economic_order_with_backorders(
    case: BackorderCase, order_quantity: float | None = None, stockout_fraction: float | None = None
) -> BackorderedOrder:
    """Give the economic order quantity when unmet demand waits, or the cost of given values.

    Parameters
    ----------
    case : BackorderCase
        Costs and demand.
    order_quantity, stockout_fraction : float, optional
        Evaluated instead of the best ones.

    Notes
    -----
    x* = h / (h + p), Q* = sqrt(2 K d (h + p) / (h p)),
    cost K d / Q + h Q (1 - x)^2 / 2 + p Q x^2 / 2 (equations 3.26 to 3.29).
    """
    at_least(0, fixed_cost=case.fixed_cost, demand_rate=case.demand_rate)
    above(0, holding_cost=case.holding_cost, stockout_cost=case.stockout_cost)
    h, p = case.holding_cost, case.stockout_cost
    share = h / (h + p) if stockout_fraction is None else stockout_fraction
    if not 0 <= share <= 1:
        raise wrong("stockout_fraction", f"Expected 0 to 1, got {share}.")
    quantity = order_quantity
    if quantity is None:
        per_unit = (h * (1 - share) ** 2 + p * share**2) / 2
        quantity = sqrt(case.fixed_cost * case.demand_rate / per_unit) if per_unit else 0.0
    if not quantity and order_quantity is None:
        return BackorderedOrder(order_quantity=0.0, stockout_fraction=share, cost=0.0)
    above(0, order_quantity=quantity)
    cost = case.fixed_cost * case.demand_rate / quantity + quantity * (h * (1 - share) ** 2 + p * share**2) / 2
    return BackorderedOrder(order_quantity=quantity, stockout_fraction=share, cost=cost)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductionCase:
    """Parameters of the economic production quantity; ``production_rate`` is above ``demand_rate``."""

    fixed_cost: float
    holding_cost: float
    demand_rate: float
    production_rate: float


def economic_production(case: ProductionCase, order_quantity: float | None = None) -> EconomicOrder:
    """Give the batch that a source of finite speed should make, or the cost of a given one.

    Parameters
    ----------
    case : ProductionCase
        Costs and rates.
    order_quantity : float, optional
        Evaluated instead of the best one.

    Notes
    -----
    With r = d / mu: Q* = sqrt(2 K d / (h (1 - r))), cost K d / Q + h (1 - r) Q / 2 (section 3.4).
    """
    at_least(0, demand_rate=case.demand_rate)
    above(0, holding_cost=case.holding_cost)
    above(case.demand_rate, production_rate=case.production_rate)
    slowed = case.holding_cost * (1 - case.demand_rate / case.production_rate)
    return economic_order(case.fixed_cost, slowed, case.demand_rate, order_quantity)


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscountCase:
    """Parameters of an order under quantity discounts.

    Parameters
    ----------
    fixed_cost : float
        Cost of an order.
    holding_cost_rate : float
        Holding cost of a unit for a unit of time as a share of its price.
    demand_rate : float
        Units per unit of time.
    breakpoints : Sequence[float]
        First quantity of each price region; the first is 0.
    unit_costs : Sequence[float]
        Price of a unit in each region.
    """

    fixed_cost: float
    holding_cost_rate: float
    demand_rate: float
    breakpoints: Sequence[float]
    unit_costs: Sequence[float]

    def __post_init__(self) -> None:
        """Check prices and regions."""
        at_least(0, fixed_cost=self.fixed_cost)
        above(0, holding_cost_rate=self.holding_cost_rate, demand_rate=self.demand_rate)
        for name in ("breakpoints", "unit_costs"):
            listed = getattr(self, name)
            if not isinstance(listed, (list, tuple)) or any(not isinstance(each, (int, float)) for each in listed):
                raise wrong(name, f"Expected a flat list of numbers, got {listed!r}.")
        same_length(breakpoints=self.breakpoints, unit_costs=self.unit_costs)
        above(0, **{f"unit_costs[{i}]": cost for i, cost in enumerate(self.unit_costs)})
        points = list(self.breakpoints)
        if not points or points[0] != 0 or any(after <= before for before, after in pairwise(points)):
            raise wrong("breakpoints", f"Expected rising quantities from 0, got {points}.")


def order_with_all_units_discounts(case: DiscountCase) -> DiscountedOrder:
    """Give the best order when the price of the region holds for all units; cost includes the purchase.

    Notes
    -----
    The best feasible of each region's economic quantity and of the breakpoints above it (section 3.3.2).
    """
    best: DiscountedOrder | None = None
    for region, price in enumerate(case.unit_costs):
        low = case.breakpoints[region]
        high = case.breakpoints[region + 1] if region + 1 < len(case.breakpoints) else float("inf")
        holding = case.holding_cost_rate * price
        wanted = sqrt(2 * case.fixed_cost * case.demand_rate / holding)
        if wanted >= high:
            continue  # it is cheaper there to buy at the next region's price
        # below the region its cost rises with the quantity, so that the breakpoint itself is the best it has
        quantity = max(wanted, low)
        if not quantity:
            continue
        cost = price * case.demand_rate + case.fixed_cost * case.demand_rate / quantity + holding * quantity / 2
        if best is None or cost < best.cost:
            best = DiscountedOrder(order_quantity=quantity, region=region, cost=cost)
    if best is None:
        raise wrong("fixed_cost", "Without a cost per order there is no best quantity.")
    return best


def order_with_incremental_discounts(case: DiscountCase) -> DiscountedOrder:
    """Give the best order when a lower price holds only for the units beyond its breakpoint; cost with purchase.

    Notes
    -----
    Region j acts as a fixed cost K + C_j, C_j = sum of (c_i)(b_(i+1) - b_i) over earlier regions less c_j b_j
    (section 3.3.3).
    """
    best: DiscountedOrder | None = None
    extra = 0.0
    for region, price in enumerate(case.unit_costs):
        if region:
            # what the first units cost more than this region's price: paid once an order, like a fixed cost
            extra += (case.unit_costs[region - 1] - price) * case.breakpoints[region]
        high = case.breakpoints[region + 1] if region + 1 < len(case.breakpoints) else float("inf")
        quantity = sqrt(2 * (case.fixed_cost + extra) * case.demand_rate / (case.holding_cost_rate * price))
        if not case.breakpoints[region] <= quantity < high or not quantity:
            continue
        cost = (
            price * case.demand_rate
            + case.holding_cost_rate * extra / 2
            + (case.fixed_cost + extra) * case.demand_rate / quantity
            + case.holding_cost_rate * price * quantity / 2
        )
        if best is None or cost < best.cost:
            best = DiscountedOrder(order_quantity=quantity, region=region, cost=cost)
    if best is None:
        raise wrong("breakpoints", "No region holds its own economic quantity.")
    return best


def joint_replenishment(
    shared_fixed_cost: float,
    individual_fixed_costs: Sequence[float],
    holding_costs: Sequence[float],
    demand_rates: Sequence[float],
) -> JointOrder:
    """Give orders of items that share the cost of a delivery, by Silver's heuristic.

    Parameters
    ----------
    shared_fixed_cost : float
        Cost of each joint order.
    individual_fixed_costs : Sequence[float]
        Further cost of each item that takes part.
    holding_costs, demand_rates : Sequence[float]
        Of each item.

    References
    ----------
    Silver, E. A. (1976), A simple method of determining order quantities in joint replenishments under deterministic
    demand, Management Science 22.
    """
    same_length(individual_fixed_costs=individual_fixed_costs, holding_costs=holding_costs, demand_rates=demand_rates)
    at_least(0, shared_fixed_cost=shared_fixed_cost)
    at_least(0, **{f"individual_fixed_costs[{i}]": k for i, k in enumerate(individual_fixed_costs)})
    above(0, **{f"holding_costs[{i}]": h for i, h in enumerate(holding_costs)})
    above(0, **{f"demand_rates[{i}]": d for i, d in enumerate(demand_rates)})
    weights = [h * d for h, d in zip(holding_costs, demand_rates, strict=True)]
    ratios = [k / w for k, w in zip(individual_fixed_costs, weights, strict=True)]
    if not ratios:
        raise wrong("individual_fixed_costs", "Expected at least one item.")
    # the item that is best ordered most often sets the beat; ties go to the first, so that an answer is one answer
    first = min(range(len(ratios)), key=lambda i: (ratios[i], i))
    base = shared_fixed_cost + individual_fixed_costs[first]
    multiples = [
        1 if i == first or not base else max(1, round(sqrt(ratio * weights[first] / base)))
        for i, ratio in enumerate(ratios)
    ]
    fixed = shared_fixed_cost + sum(k / m for k, m in zip(individual_fixed_costs, multiples, strict=True))
    held = sum(m * w for m, w in zip(multiples, weights, strict=True))
    cycle = sqrt(2 * fixed / held)
    return JointOrder(
        order_quantities=tuple(m * cycle * d for m, d in zip(multiples, demand_rates, strict=True)),
        base_cycle_time=cycle,
        order_multiples=tuple(multiples),
        cost=sqrt(2 * fixed * held),
    )

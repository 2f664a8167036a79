"""One order for one period: too much costs h per unit left, too little costs p per unit missing.

References
----------
Snyder and Shen (2019), chapter 4; Zipkin (2000), section 9.4 for the myopic cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy import optimize, special

from inventory.rules.policies.demand import Frozen, Listed, continuous_loss
from inventory.rules.policies.losses import Loss, discrete_loss, normal_loss, poisson_loss
from inventory.rules.policies.requirements import above, at_least, whole, wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseStock:
    """A base-stock level with its expected cost (or profit, where stated) per period."""

    base_stock_level: float
    cost: float


def critical_ratio(holding_cost: float, stockout_cost: float) -> float:
    """Give the share of periods without stock-out at the best level: p / (p + h)."""
    above(0, holding_cost=holding_cost, stockout_cost=stockout_cost)
    return stockout_cost / (stockout_cost + holding_cost)


def _cost(holding_cost: float, stockout_cost: float, found: Loss) -> float:
    return holding_cost * found.complement + stockout_cost * found.loss


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalCase:
    """Costs and a normal demand per period.

    Parameters
    ----------
    holding_cost, stockout_cost : float
        Per unit left or missing at the end of the period, above 0.
    demand_mean, demand_sd : float
        Per period.
    lead_time : float
        Periods that a delivery takes beyond the one that is ordered for.
    """

    holding_cost: float
    stockout_cost: float
    demand_mean: float
    demand_sd: float
    lead_time: float = 0.0

    def __post_init__(self) -> None:
        """Check costs and demand."""
        above(0, holding_cost=self.holding_cost, stockout_cost=self.stockout_cost)
        at_least(0, demand_mean=self.demand_mean, lead_time=self.lead_time)
        above(0, demand_sd=self.demand_sd)

    @property
    def mean(self) -> float:
        """Expected demand over lead time and period."""
        return self.demand_mean * (self.lead_time + 1)

    @property
    def sd(self) -> float:
        """Deviation of demand over lead time and period."""
        return self.demand_sd * sqrt(self.lead_time + 1)


def newsvendor_normal(case: NormalCase, base_stock_level: float | None = None) -> BaseStock:
    """Give the best base-stock level for a normal demand, or the cost of a given one.

    Examples
    --------
    >>> case = NormalCase(holding_cost=0.18, stockout_cost=0.7, demand_mean=50, demand_sd=8)
    >>> round(newsvendor_normal(case).base_stock_level, 4)
    56.604
    """
    above(0, demand_mean=case.demand_mean)
    level = base_stock_level
    if level is None:
        level = case.mean + float(special.ndtri(critical_ratio(case.holding_cost, case.stockout_cost))) * case.sd
    return BaseStock(
        base_stock_level=level,
        cost=_cost(case.holding_cost, case.stockout_cost, normal_loss(level, case.mean, case.sd)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PoissonCase:
    """Costs and a Poisson demand per period; fields as in :class:`NormalCase`."""

    holding_cost: float
    stockout_cost: float
    demand_mean: float
    lead_time: float = 0.0

    def __post_init__(self) -> None:
        """Check costs and demand."""
        above(0, holding_cost=self.holding_cost, stockout_cost=self.stockout_cost)
        at_least(0, demand_mean=self.demand_mean, lead_time=self.lead_time)

    @property
    def mean(self) -> float:
        """Expected demand over lead time and period."""
        return self.demand_mean * (self.lead_time + 1)


def poisson_quantile(share: float, mean: float) -> int:
    """Give the smallest whole number that a Poisson demand stays within with at least a probability."""
    low, high = -1, int(mean + 10 * sqrt(mean) + 20)
    if float(special.pdtr(high, mean)) < share:
        # a share of 1, or so large a mean that the probability is not exact to its last digits: no level is enough
        raise wrong("stockout_cost", "Next to the other cost it is so large that no level is enough.")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if float(special.pdtr(middle, mean)) >= share else (middle, high)
    return high


def newsvendor_poisson(case: PoissonCase, base_stock_level: float | None = None) -> BaseStock:
    """Give the best base-stock level for a Poisson demand, or the cost of a given one."""
    above(0, demand_mean=case.demand_mean)
    level = base_stock_level
    if level is None:
        level = float(poisson_quantile(critical_ratio(case.holding_cost, case.stockout_cost), case.mean))
    whole(base_stock_level=level)
    return BaseStock(
        base_stock_level=level, cost=_cost(case.holding_cost, case.stockout_cost, poisson_loss(level, case.mean))
    )


def newsvendor_continuous(
    holding_cost: float, stockout_cost: float, demand: Frozen, base_stock_level: float | None = None
) -> BaseStock:
    """Give the best base-stock level for any continuous demand, or the cost of a given one."""
    share = critical_ratio(holding_cost, stockout_cost)
    level = float(demand.ppf(share)) if base_stock_level is None else base_stock_level
    return BaseStock(base_stock_level=level, cost=_cost(holding_cost, stockout_cost, continuous_loss(level, demand)))


def newsvendor_discrete(
    holding_cost: float, stockout_cost: float, demand: Listed, base_stock_level: float | None = None
) -> BaseStock:
    """Give the best base-stock level for a whole-numbered demand, or the cost of a given one."""
    above(0, holding_cost=holding_cost)
    at_least(0, stockout_cost=stockout_cost)
    share = stockout_cost / (stockout_cost + holding_cost)
    level = demand.quantile(share) if base_stock_level is None else base_stock_level
    whole(base_stock_level=level)
    found = discrete_loss(level, demand.levels, demand.pmf)
    return BaseStock(base_stock_level=level, cost=_cost(holding_cost, stockout_cost, found))


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceCase:
    """Prices of a period: what is earned, paid and got back; all per unit.

    Parameters
    ----------
    revenue, purchase_cost, salvage_value : float
        Earned by a unit used, paid for it, got back for one left.
    holding_cost, stockout_cost : float
        Further cost of a unit left and of one missing.
    """

    revenue: float
    purchase_cost: float
    salvage_value: float
    holding_cost: float = 0.0
    stockout_cost: float = 0.0

    def __post_init__(self) -> None:
        """Check that buying can pay at all."""
        above(0, revenue=self.revenue, purchase_cost=self.purchase_cost)
        at_least(0, holding_cost=self.holding_cost, stockout_cost=self.stockout_cost)
        if not self.salvage_value - self.holding_cost < self.purchase_cost < self.revenue + self.stockout_cost:
            raise wrong(
                "purchase_cost",
                f"Expected between {self.salvage_value - self.holding_cost:g} and "
                f"{self.revenue + self.stockout_cost:g}, got {self.purchase_cost:g}.",
            )

    @property
    def ratio(self) -> float:
        """Critical ratio: lost margin over lost margin plus loss on a unit left."""
        missing = self.revenue + self.stockout_cost - self.purchase_cost
        left = self.purchase_cost - self.salvage_value + self.holding_cost
        return missing / (missing + left)

    def profit(self, level: float, mean: float, found: Loss) -> float:
        """Give the expected profit of a level."""
        used = mean - found.loss
        return (
            self.revenue * used
            + (self.salvage_value - self.holding_cost) * found.complement
            - self.purchase_cost * level
            - self.stockout_cost * found.loss
        )


def newsvendor_normal_explicit(
    prices: PriceCase, demand_mean: float, demand_sd: float, base_stock_level: float | None = None
) -> BaseStock:
    """Give the most profitable level for a normal demand, or the profit of a given one (as ``cost``)."""
    above(0, demand_mean=demand_mean, demand_sd=demand_sd)
    level = base_stock_level
    if level is None:
        level = demand_mean + float(special.ndtri(prices.ratio)) * demand_sd
    found = normal_loss(level, demand_mean, demand_sd)
    return BaseStock(base_stock_level=level, cost=prices.profit(level, demand_mean, found))


def newsvendor_poisson_explicit(
    prices: PriceCase, demand_mean: float, base_stock_level: float | None = None
) -> BaseStock:
    """Give the most profitable level for a Poisson demand, or the profit of a given one (as ``cost``)."""
    above(0, demand_mean=demand_mean)
    level = float(poisson_quantile(prices.ratio, demand_mean)) if base_stock_level is None else base_stock_level
    whole(base_stock_level=level)
    return BaseStock(base_stock_level=level, cost=prices.profit(level, demand_mean, poisson_loss(level, demand_mean)))


@dataclass(frozen=True, slots=True, kw_only=True)
class MyopicCase:
    """One period of many, in which what is left is worth the next period's price.

    Parameters
    ----------
    costs : NormalCase
        Costs and demand of the period.
    purchase_cost, purchase_cost_next_per : float
        Price now and in the next period.
    discount_factor : float
        Worth of the next period's money, above 0 up to 1.
    """

    costs: NormalCase
    purchase_cost: float
    purchase_cost_next_per: float
    discount_factor: float = 1.0

    def __post_init__(self) -> None:
        """Check that a best level exists."""
        if not 0 < self.discount_factor <= 1:
            raise wrong("discount_factor", f"Expected above 0 up to 1, got {self.discount_factor}.")
        change = self.purchase_cost - self.discount_factor * self.purchase_cost_next_per
        if not -self.costs.holding_cost < change < self.costs.stockout_cost:
            raise wrong("purchase_cost_next_per", f"The price changes by {change:g}: then no level is best.")

    def cost(self, level: float) -> float:
        """Give the cost of the period at a level, less the worth of what is left."""
        c = self.costs
        found = normal_loss(level, c.mean, c.sd)
        kept = self.discount_factor * self.purchase_cost_next_per * (level - c.mean)
        return self.purchase_cost * level - kept + _cost(c.holding_cost, c.stockout_cost, found)


def myopic(case: MyopicCase, base_stock_level: float | None = None) -> BaseStock:
    """Give the best level of one period, or the cost of a given one."""
    c = case.costs
    level = base_stock_level
    if level is None:
        gained = c.stockout_cost - case.purchase_cost + case.discount_factor * case.purchase_cost_next_per
        level = c.mean + float(special.ndtri(gained / (c.stockout_cost + c.holding_cost))) * c.sd
    return BaseStock(base_stock_level=level, cost=case.cost(level))


def level_of_myopic_cost(case: MyopicCase, cost: float, *, is_left: bool = True) -> float:
    """Give the level below (or above) the best one at which the period costs a given amount.

    Parameters
    ----------
    case : MyopicCase
        The period.
    cost : float
        At least the cost of the best level.
    is_left : bool
        Whether the level below the best is wanted.

    Raises
    ------
    FieldError
        If no level is so cheap.
    """
    best = myopic(case)
    if cost < best.cost:
        raise wrong("cost", f"Expected at least {best.cost:g}, the least cost, got {cost:g}.")
    # the cost is convex: it passes the wanted amount once on each side, and a bracket is found by doubling
    step = case.costs.sd if not is_left else -case.costs.sd
    far = best.base_stock_level + step
    while case.cost(far) < cost:
        step *= 2
        far += step
    low, high = sorted((best.base_stock_level, far))
    found = optimize.brentq(lambda level: case.cost(level) - cost, low, high, xtol=1e-12, rtol=8.9e-16)
    return float(np.float64(found))

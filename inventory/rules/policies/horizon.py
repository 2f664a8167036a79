"""A known number of periods: dynamic programmes for chance demand, and Wagner-Whitin for known demand.

References
----------
Snyder and Shen (2019), algorithms 3.1 and 4.1; Veinott, A. F. (1966), On the optimality of (s,S) inventory policies,
SIAM Journal on Applied Mathematics 14.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from inventory.rules.policies.economic import BackorderCase, economic_order_with_backorders
from inventory.rules.policies.newsvendor import MyopicCase, NormalCase, level_of_myopic_cost, myopic
from inventory.rules.policies.requirements import at_least, whole, wrong

Floats = NDArray[np.float64]
_DEMAND_SPREAD, _LEVEL_SPREAD = 4, 5  # deviations kept of the demand, and around the levels searched
_MOST_PERIODS = 1_000
_STEPS_A_LEVEL = 300
_MOST_STEPS = 1_000_000_000  # levels times demands times periods: a second or two


class HoldingBasis(StrEnum):
    """At whose rate a unit is held when the holding cost changes from period to period.

    ``ORDER``: at the rate of the period in which it was bought, as Snyder and Shen's recursion is written.
    ``PERIOD``: at the rate of each period in which it waits, as Wagner and Whitin (1958) have it.
    With one rate for all periods both are the same.
    """

    ORDER = "order"
    PERIOD = "period"


def per_period(value: float | Sequence[float | None], periods: int, field: str) -> Floats:
    """Give one value per period: a number for all, or a list (a first entry for period 0 is passed over).

    Raises
    ------
    FieldError
        If a list has another length, or an entry is missing.
    """
    if isinstance(value, (int, float)):
        return np.full(periods, float(value))
    listed = list(value)
    if len(listed) == periods + 1:
        listed = listed[1:]
    if len(listed) != periods or any(each is None for each in listed):
        raise wrong(field, f"Expected a number or {periods} numbers, got {value!r}.")
    return np.array([float(each) for each in listed if each is not None])


@dataclass(frozen=True, slots=True, kw_only=True)
class HorizonCase:
    """Costs and normal demand of every period; arrays of shape (periods,).

    Parameters
    ----------
    holding_cost, stockout_cost, purchase_cost, fixed_cost : array
        Per unit left, per unit missing, per unit bought, per order.
    demand_mean, demand_sd : array
        Of each period.
    discount_factor : array
        Worth of the next period's money, above 0 up to 1.
    terminal_holding_cost, terminal_stockout_cost : float
        Per unit left or missing after the last period.
    """

    holding_cost: Floats
    stockout_cost: Floats
    purchase_cost: Floats
    fixed_cost: Floats
    demand_mean: Floats
    demand_sd: Floats
    discount_factor: Floats
    terminal_holding_cost: float = 0.0
    terminal_stockout_cost: float = 0.0

    def __post_init__(self) -> None:
        """Check costs, demand and discount."""
        at_least(
            0, terminal_holding_cost=self.terminal_holding_cost, terminal_stockout_cost=self.terminal_stockout_cost
        )
        for name in ("holding_cost", "stockout_cost", "purchase_cost", "fixed_cost", "demand_mean", "demand_sd"):
            at_least(0, **{f"{name}[{t + 1}]": float(each) for t, each in enumerate(getattr(self, name))})
        for t, factor in enumerate(self.discount_factor):
            if not 0 < factor <= 1:
                raise wrong(f"discount_factor[{t + 1}]", f"Expected above 0 up to 1, got {factor}.")

    @property
    def periods(self) -> int:
        """Number of periods."""
        return len(self.holding_cost)


@dataclass(frozen=True, slots=True, kw_only=True)
class HorizonPolicy:
    """Reorder points and order-up-to levels of every period, and the least expected cost from the first on."""

    reorder_points: tuple[int, ...]
    order_up_to_levels: tuple[int, ...]
    cost: float


def check_periods(periods: float) -> int:
    """Give a number of periods as a whole number above 0.

    Raises
    ------
    FieldError
        If it is not.
    """
    whole(num_periods=periods)
    at_least(1, num_periods=periods)
    if periods > _MOST_PERIODS:
        raise wrong("num_periods", f"Expected at most {_MOST_PERIODS}, got {periods:g}.", "Use longer periods.")
    return int(periods)


def best_over_horizon(case: HorizonCase, initial_inventory_level: int = 0) -> HorizonPolicy:
    """Give the best (s, S) of every period by dynamic programming over whole levels.

    Parameters
    ----------
    case : HorizonCase
        Costs and demand.
    initial_inventory_level : int
        Level from which the cost is counted.

    Notes
    -----
    theta_t(x) = min over y >= x of K [y > x] + c (y - x) + g(y) + gamma E[theta_(t+1)(y - D)] (equation 4.66). Demand
    is rounded to whole numbers within four deviations; the range of levels is widened until no best level touches its
    end and no reorder point lies so low that a demand leads out of it.
    """
    mean, sd = case.demand_mean, case.demand_sd
    low = round(float(mean.min() - mean.max() - sd.max() * (_LEVEL_SPREAD + _DEMAND_SPREAD)))
    high = round(float(mean.max() + _largest_order(case) + sd.max() * _LEVEL_SPREAD))
    low, high = min(low, initial_inventory_level), max(high, initial_inventory_level + 1)
    if not (case.stockout_cost.any() or case.terminal_stockout_cost):
        raise wrong("stockout_cost", "Where no shortage costs anything, nothing is ever ordered.")
    while True:
        found = _solve(case, low, high, initial_inventory_level)
        if isinstance(found, HorizonPolicy):
            return found
        if found is _End.HIGH:
            high = high * 2 if high > 0 else high + 100
        else:
            low -= high - low


def _largest_order(case: HorizonCase) -> float:
    sizes = [0.0]
    for t in range(case.periods):
        if case.fixed_cost[t] > 0 and case.holding_cost[t] > 0 and case.stockout_cost[t] > 0:
            order = BackorderCase(
                fixed_cost=float(case.fixed_cost[t]),
                holding_cost=float(case.holding_cost[t]),
                stockout_cost=float(case.stockout_cost[t]),
                demand_rate=float(case.demand_mean[t]),
            )
            sizes.append(economic_order_with_backorders(order).order_quantity)
    return max(sizes)


class _End(StrEnum):
    """Which end of the range of levels is too near."""

    LOW = "low"
    HIGH = "high"


def _solve(case: HorizonCase, low: int, high: int, start: int) -> HorizonPolicy | _End:
    spread = _DEMAND_SPREAD * case.demand_sd.max()
    first = max(0, round(float(case.demand_mean.min() - spread)))
    last = round(float(case.demand_mean.max() + spread))
    # beside the demands each level costs some steps of its own
    if (high - low) * (last - first + _STEPS_A_LEVEL) * case.periods > _MOST_STEPS:
        raise wrong(
            "demand_mean",
            f"{high - low} levels and {last - first} demands in {case.periods} periods are too many to try one by one.",
            "Count demand and stock in packs or hundreds instead of single units.",
        )
    demand = np.arange(first, last + 1)
    levels = np.arange(low, high + 1, dtype=np.float64)
    future = case.terminal_holding_cost * np.maximum(levels, 0) + case.terminal_stockout_cost * np.maximum(-levels, 0)
    points, ups = [0] * case.periods, [0] * case.periods
    for t in reversed(range(case.periods)):
        held = _period_cost(case, t, levels) + case.discount_factor[t] * _expected(case, t, demand, future)
        best, chosen = _best_from(held, float(case.purchase_cost[t]), float(case.fixed_cost[t]), levels)
        # A best level at the end of the range may lie beyond it: the caller widens the range.
        if (chosen[:-1] == len(levels) - 1).any():
            return _End.HIGH
        ups[t] = int(levels[chosen[0]])
        differs = np.flatnonzero(chosen != chosen[0])
        points[t] = int(levels[differs[0] - 1 if len(differs) else len(levels) - 1])
        if chosen[0] == 0 or points[t] - case.demand_mean[t] - _DEMAND_SPREAD * case.demand_sd[t] < low:
            return _End.LOW
        future = best
    return HorizonPolicy(reorder_points=tuple(points), order_up_to_levels=tuple(ups), cost=float(future[start - low]))


def _period_cost(case: HorizonCase, t: int, levels: Floats) -> Floats:
    mean, sd = case.demand_mean[t], case.demand_sd[t]
    if not sd:
        missing: Floats = np.maximum(mean - levels, 0.0)
    else:
        z = (levels - mean) / sd
        missing = sd * (np.exp(-z * z / 2) / np.sqrt(2 * np.pi) - z * ndtr(-z))
    return np.asarray(case.holding_cost[t] * (levels - mean + missing) + case.stockout_cost[t] * missing)


def _expected(case: HorizonCase, t: int, demand: NDArray[np.int64], future: Floats) -> Floats:
    mean, sd = case.demand_mean[t], case.demand_sd[t]
    if sd:
        pmf = ndtr((demand + 0.5 - mean) / sd) - ndtr((demand - 0.5 - mean) / sd)
    else:
        pmf = (demand == round(float(mean))).astype(np.float64)
    # below the lowest level the cost of the lowest one stands in
    reached = np.concatenate((np.full(int(demand[-1]), future[0]), future))
    return np.convolve(reached, pmf, mode="valid")[: len(future)]


def _best_from(held: Floats, price: float, fixed: float, levels: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """Give, for every level before ordering, the least cost and the index of the level to order up to."""
    priced = held + price * levels
    count = len(levels)
    # the cheapest level from each one on, the lowest of equals: the next level at which no later one is cheaper
    least = np.minimum.accumulate(priced[::-1])[::-1]
    marked = np.where(priced == least, np.arange(count), count - 1)
    best_at = np.minimum.accumulate(marked[::-1])[::-1]
    ordered = np.append(priced[best_at[1:]], np.inf) + fixed - price * levels
    stays = held <= ordered
    chosen = np.where(stays, np.arange(count), np.append(best_at[1:], count - 1))
    return np.where(stays, held, ordered), chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class MyopicBounds:
    """Bounds on the best levels of every period; ``s_overbar`` is None where it does not exist."""

    S_underbar: tuple[float, ...]
    S_overbar: tuple[float, ...]
    s_underbar: tuple[float, ...]
    s_overbar: tuple[float | None, ...]


def myopic_bounds(case: HorizonCase) -> MyopicBounds:
    """Give Veinott's bounds on the best levels; the terminal costs count in the last period."""
    lower, upper, points_low, points_high = [], [], [], []
    for t in range(case.periods):
        is_last = t == case.periods - 1
        next_price = 0.0 if is_last else float(case.purchase_cost[t + 1])
        next_fixed = 0.0 if is_last else float(case.fixed_cost[t + 1])
        factor, fixed = float(case.discount_factor[t]), float(case.fixed_cost[t])
        costs = NormalCase(
            holding_cost=float(case.holding_cost[t]) + (case.terminal_holding_cost if is_last else 0.0),
            stockout_cost=float(case.stockout_cost[t]) + (case.terminal_stockout_cost if is_last else 0.0),
            demand_mean=float(case.demand_mean[t]),
            demand_sd=float(case.demand_sd[t]),
        )
        period = MyopicCase(
            costs=costs,
            purchase_cost=float(case.purchase_cost[t]),
            purchase_cost_next_per=next_price,
            discount_factor=factor,
        )
        best = myopic(period)
        lower.append(best.base_stock_level)
        upper.append(_level(period, best.cost, factor * next_fixed, is_left=False))
        points_low.append(_level(period, best.cost, fixed, is_left=True))
        saved = fixed - factor * next_fixed
        points_high.append(_level(period, best.cost, saved, is_left=True) if saved >= 0 else None)
    return MyopicBounds(
        S_underbar=tuple(lower), S_overbar=tuple(upper), s_underbar=tuple(points_low), s_overbar=tuple(points_high)
    )


def _level(period: MyopicCase, least: float, extra: float, *, is_left: bool) -> float:
    if not extra:
        return myopic(period).base_stock_level
    return level_of_myopic_cost(period, least + extra, is_left=is_left)


@dataclass(frozen=True, slots=True, kw_only=True)
class LotSizes:
    """Orders for known demand.

    Parameters
    ----------
    order_quantities : tuple[float, ...]
        Of every period.
    cost : float
        Least cost over all periods.
    costs_to_go : tuple[float, ...]
        Least cost from each period on.
    next_order_periods : tuple[int, ...]
        If one orders in a period (counted from 1): in which one next; periods + 1 means never.
    """

    order_quantities: tuple[float, ...]
    cost: float
    costs_to_go: tuple[float, ...]
    next_order_periods: tuple[int, ...]


def wagner_whitin(
    holding_cost: Floats,
    fixed_cost: Floats,
    demand: Floats,
    purchase_cost: Floats,
    *,
    basis: HoldingBasis = HoldingBasis.ORDER,
) -> LotSizes:
    """Give the cheapest orders for known demand, each an array of shape (periods,).

    Notes
    -----
    theta_t = min over s > t of K_t [some demand] + c_t (d_t + … + d_(s-1)) + holding of what waits + theta_s
    (equation 3.39); periods without demand are joined without an order and without its fixed cost.

    Examples
    --------
    >>> import numpy as np
    >>> found = wagner_whitin(np.full(4, 2.0), np.full(4, 500.0), np.array([90.0, 120, 80, 70]), np.zeros(4))
    >>> found.order_quantities, found.cost
    ((210.0, 0.0, 150.0, 0.0), 1380.0)
    """
    count = len(demand)
    for name, values in (
        ("holding_cost", holding_cost),
        ("fixed_cost", fixed_cost),
        ("demand", demand),
        ("purchase_cost", purchase_cost),
    ):
        at_least(0, **{f"{name}[{t + 1}]": float(each) for t, each in enumerate(values)})
    to_go = np.full(count + 1, np.inf)
    to_go[count] = 0.0
    following = np.full(count, count, dtype=np.int64)
    for t in range(count - 1, -1, -1):
        carried = rate = ordered = 0.0
        for end in range(t + 1, count + 1):
            # the demand of period end - 1 is bought at t and held until then
            carried += float(demand[end - 1]) * (rate + float(purchase_cost[t]))
            rate += float(holding_cost[t if basis is HoldingBasis.ORDER else end - 1])
            ordered += float(demand[end - 1])
            total = (float(fixed_cost[t]) if ordered > 0 else 0.0) + carried + to_go[end]
            if total < to_go[t] - 1e-12:
                to_go[t], following[t] = total, end
    quantities = np.zeros(count)
    t = 0
    while t < count:
        quantities[t] = demand[t : following[t]].sum()
        t = int(following[t])
    return LotSizes(
        order_quantities=tuple(quantities.tolist()),
        cost=float(to_go[0]),
        costs_to_go=tuple(to_go.tolist()),
        next_order_periods=tuple(int(end) + 1 for end in following),
    )

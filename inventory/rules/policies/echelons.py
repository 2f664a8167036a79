"""Several stocking points in a row: base-stock levels of a serial system.

References
----------
Clark and Scarf (1960), Management Science 6; Chen and Zheng (1994), Management Science 40; Shang and Song (2003),
Management Science 49; Snyder and Shen (2019), chapter 6.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil, floor, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from inventory.rules.policies.requirements import above, at_least, same_length, wrong

Floats = NDArray[np.float64]
_TAIL = float(stats.norm.cdf(-4))  # tail of a lead time's demand that is left out
FAR_TAIL = 6.661338147750939e-16  # upper tail of the whole chain's demand: the last one a double can tell from 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialCase:
    """A chain of stocking points, the one that serves the demand first.

    Parameters
    ----------
    echelon_holding_costs : Sequence[float]
        Echelon holding cost of each stage, downstream first.
    lead_times : Sequence[float]
        Lead time of each stage in periods, downstream first.
    stockout_cost : float
        Per unit backordered at the last stage and period.
    demand_mean, demand_sd : float
        Of the demand of a period.
    is_poisson : bool
        Whether the demand is Poisson; otherwise it is normal.
    x_num, d_num : int
        Steps of the grids of levels and of demand on which a normal demand is solved.
    upper_tail : float
        Probability left out above the levels of the grid.
    """

    echelon_holding_costs: Sequence[float]
    lead_times: Sequence[float]
    stockout_cost: float
    demand_mean: float
    demand_sd: float = 0.0
    is_poisson: bool = False
    x_num: int = 1000
    d_num: int = 100
    upper_tail: float = FAR_TAIL

    def __post_init__(self) -> None:
        """Check costs, times and demand."""
        same_length(echelon_holding_costs=self.echelon_holding_costs, lead_times=self.lead_times)
        above(0, stockout_cost=self.stockout_cost)
        at_least(0, demand_mean=self.demand_mean, demand_sd=self.demand_sd)
        at_least(0, **{f"echelon_holding_cost[{i}]": each for i, each in enumerate(self.echelon_holding_costs)})
        at_least(0, **{f"lead_time[{i}]": each for i, each in enumerate(self.lead_times)})
        if not self.lead_times:
            raise wrong("lead_time", "Expected at least one stage.")
        at_least(2, x_num=self.x_num, d_num=self.d_num)

    def quantile(self, share: float, periods: float) -> float:
        """Give a quantile of the demand of some periods."""
        mean = self.demand_mean * periods
        if self.is_poisson:
            return float(stats.poisson.ppf(share, mean)) if mean else 0.0
        sd = self.demand_sd * sqrt(periods)
        return float(stats.norm.ppf(share, mean, sd)) if sd else mean

    def cdf(self, x: Floats, periods: float) -> Floats:
        """Give the probability that the demand of some periods is at most x."""
        mean = self.demand_mean * periods
        if self.is_poisson:
            return np.asarray(stats.poisson.cdf(x, mean))
        sd = self.demand_sd * sqrt(periods)
        return np.asarray(stats.norm.cdf(x, mean, sd) if sd else (x >= mean).astype(np.float64))


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialPolicy:
    """Echelon base-stock levels, downstream first, and the expected cost per period."""

    base_stock_levels: tuple[float, ...]
    cost: float


def optimal_serial(case: SerialCase, base_stock_levels: Sequence[float] | None = None) -> SerialPolicy:
    """Give the best echelon base-stock levels of a chain, or the cost of given ones.

    Parameters
    ----------
    case : SerialCase
        The chain.
    base_stock_levels : Sequence[float], optional
        Evaluated instead of the best ones, downstream first.

    Notes
    -----
    Clark and Scarf's decomposition: g_j(y) = E[h_j (y - D_j) + g_(j-1)(min(S_(j-1), y - D_j))], S_j minimises g_j.
    Poisson demand is solved on whole numbers and is exact; normal demand on a grid of ``x_num`` levels and ``d_num``
    demands.
    """
    total = sum(case.lead_times)
    _check_size(case, max([case.quantile(1 - case.upper_tail, total), *(base_stock_levels or ())]))
    grid = _grid(case, total, base_stock_levels)
    step = grid[1] - grid[0] if len(grid) > 1 else 1.0
    costs = list(case.echelon_holding_costs)
    inner = (case.stockout_cost + sum(costs)) * np.maximum(-grid, 0)
    levels: list[float] = []
    best = 0.0
    for stage, (holding, lead_time) in enumerate(zip(costs, case.lead_times, strict=True)):
        demand, shares = _demand(case, lead_time)
        hat = holding * grid + inner
        outer = np.zeros(len(grid))
        for size, share in zip(demand, shares, strict=True):
            at = np.rint((grid - size - grid[0]) / step).astype(np.int64)
            beyond = _below_grid(case, stage, grid[0] + np.rint((grid - size - grid[0]) / step) * step)
            outer += share * np.where(grid - size < grid[0] - 1e-9 * step, beyond, hat[np.clip(at, 0, len(grid) - 1)])
        level = float(base_stock_levels[stage] if base_stock_levels else grid[int(np.argmin(outer))])
        levels.append(level)
        best = float(outer[_nearest(grid, level, step)])
        capped = np.minimum(grid, level)
        inner = outer[np.clip(np.rint((capped - grid[0]) / step).astype(np.int64), 0, len(grid) - 1)]
    return SerialPolicy(base_stock_levels=tuple(levels), cost=best)


_MOST_STEPS = 2e8
"""Of levels times demands, over all stages: some seconds."""


def _check_size(case: SerialCase, top: float) -> None:
    stages = len(case.lead_times)
    if not case.is_poisson:
        if case.x_num * case.d_num * stages > _MOST_STEPS:
            told = f"{case.x_num} levels times {case.d_num} demands at {stages} stages are too many to work out."
            raise wrong("x_num", told, f"Keep x_num times d_num times the stages within {_MOST_STEPS:.0e}.")
    elif 2 * top * case.quantile(1 - _TAIL, max(case.lead_times)) * stages > _MOST_STEPS:
        # every whole level is weighed against every whole demand
        raise wrong(
            "demand_mean",
            "So large a Poisson demand over the lead times is too much to work out unit by unit.",
            "Give demand_sd, the square root of the mean, for a normal demand, or count in packs.",
        )


def _grid(case: SerialCase, total: float, levels: Sequence[float] | None) -> Floats:
    low = 0.0 if case.is_poisson else case.quantile(_TAIL, total)
    high = case.quantile(1 - case.upper_tail, total)
    top = max([high, *levels]) if levels else high
    # Inventory levels may be below 0: as far down as the whole demand can take them.
    bottom = low - high
    if case.is_poisson:
        return np.arange(round(bottom), round(top) + 1, dtype=np.float64)
    if top <= bottom:
        return np.array([(bottom + top) / 2])
    return np.asarray(bottom + np.arange(case.x_num + 1) * ((top - bottom) / case.x_num))


def _demand(case: SerialCase, lead_time: float) -> tuple[Floats, Floats]:
    if case.is_poisson:
        low, high = 0.0, case.quantile(1 - _TAIL, lead_time)
        values = np.arange(low, max(high, low) + 1)
        step = 1.0
    else:
        low, high = max(case.quantile(_TAIL, lead_time), 0.0), max(case.quantile(1 - _TAIL, lead_time), 0.0)
        if high <= low:
            return np.array([(low + high) / 2]), np.ones(1)
        step = (high - low) / case.d_num
        values = low + np.arange(case.d_num + 1) * step
    # Each value stands for the demand half a step around it; both tails go to the ends.
    edges = case.cdf(values[:-1] + step / 2, lead_time)
    shares = np.diff(np.concatenate(([0.0], edges, [1.0])))
    return values[shares > 0], shares[shares > 0]


def _below_grid(case: SerialCase, stage: int, x: Floats) -> Floats:
    """Give the linear limit of the cost far below the levels of the grid (Snyder and Shen, problem 6.13)."""
    costs, times = list(case.echelon_holding_costs), list(case.lead_times)
    cost = -(case.stockout_cost + sum(costs)) * (x - case.demand_mean * sum(times[:stage]))
    for i in range(stage + 1):
        cost = cost + costs[i] * (x - case.demand_mean * sum(times[i:stage]))
    return np.asarray(cost)


def _nearest(grid: Floats, level: float, step: float) -> int:
    return int(np.clip(np.rint((level - grid[0]) / step), 0, len(grid) - 1))


class Rounding(StrEnum):
    """How near-best levels become whole."""

    NONE = "none"
    UP = "up"
    DOWN = "down"
    NEAREST = "nearest"


_ROUNDED: dict[Rounding, Callable[[float], float]] = {
    Rounding.NONE: float,
    Rounding.UP: lambda level: float(ceil(level - 1e-9)),
    Rounding.DOWN: lambda level: float(floor(level + 1e-9)),
    Rounding.NEAREST: lambda level: float(round(level)),
}


def newsvendor_serial(case: SerialCase, rounding: Rounding = Rounding.NONE) -> tuple[float, ...]:
    """Give near-best echelon base-stock levels, downstream first: means of two newsvendor levels (Shang and Song).

    Parameters
    ----------
    case : SerialCase
        The chain.
    rounding : Rounding
        How levels become whole.
    """
    costs, times, p = list(case.echelon_holding_costs), list(case.lead_times), case.stockout_cost
    levels = []
    for stage in range(len(costs)):
        periods = sum(times[: stage + 1])
        above_stage = p + sum(costs[stage + 1 :])
        ratio_low = above_stage / (p + sum(costs))
        ratio_high = above_stage / (p + sum(costs[stage:]))
        level = (case.quantile(ratio_low, periods) + case.quantile(ratio_high, periods)) / 2
        levels.append(_ROUNDED[rounding](level))
    return tuple(levels)

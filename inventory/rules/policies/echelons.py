"""Several stocking points in a row: base-stock levels of a serial system, and guaranteed service times of a tree.

References
----------
Clark and Scarf (1960), Management Science 6; Chen and Zheng (1994), Management Science 40; Shang and Song (2003),
Management Science 49; Snyder and Shen (2019), chapter 6. Graves and Willems (2000), M&SOM 2, for the tree.
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


_MOST_STEPS = 1e8
"""Of levels times demands; some seconds a stage."""


def _check_size(case: SerialCase, top: float) -> None:
    if not case.is_poisson:
        if case.x_num * case.d_num > _MOST_STEPS:
            told = f"{case.x_num} levels times {case.d_num} demands are too many to work out."
            raise wrong("x_num", told, f"Keep x_num times d_num within {_MOST_STEPS:.0e}.")
    elif 2 * top * case.quantile(1 - _TAIL, max(case.lead_times)) > _MOST_STEPS:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A stocking point of a guaranteed-service tree.

    Parameters
    ----------
    id : str
        Its name.
    processing_time : int
        Periods from receiving everything until it can be handed on.
    holding_cost : float
        Local holding cost per unit and period.
    demand_bound : float
        Deviation of its demand times the safety factor: safety stock for t periods is that times sqrt(t).
    inbound_service_time : int
        Service time of its outside supplier.
    outbound_service_time : int or None
        Largest service time promised to outside customers; None if it has none.
    suppliers : tuple[str, ...]
        Stages that it is supplied by.
    """

    id: str
    processing_time: int
    holding_cost: float
    demand_bound: float
    inbound_service_time: int = 0
    outbound_service_time: int | None = None
    suppliers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check times and costs."""
        at_least(
            0,
            processing_time=self.processing_time,
            holding_cost=self.holding_cost,
            demand_bound=self.demand_bound,
            inbound_service_time=self.inbound_service_time,
            outbound_service_time=self.outbound_service_time or 0,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceTimes:
    """Committed service time and safety stock of each stage, and the cost of all safety stock."""

    service_times: dict[str, int]
    safety_stocks: dict[str, float]
    cost: float


_LONGEST_TIME = 2_001


class _Tree:
    """Graves and Willems' dynamic programme over a tree, rooted anywhere."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        self.stages = {stage.id: stage for stage in stages}
        if len(self.stages) != len(stages):
            raise wrong("stages", "Expected each id once.")
        self.customers: dict[str, list[str]] = {stage.id: [] for stage in stages}
        for stage in stages:
            for supplier in stage.suppliers:
                if supplier not in self.stages:
                    raise wrong("suppliers", f"{stage.id} names {supplier!r}, which is no stage.")
                self.customers[supplier].append(stage.id)
        self.order, self.parent = self._rooted()
        self.longest = self._longest()
        self.horizon = max(self.longest.values()) + 1
        if self.horizon > _LONGEST_TIME:
            raise wrong(
                "processing_time",
                f"The longest chain takes {self.horizon - 1} periods; at most {_LONGEST_TIME - 1} can be worked out.",
                "Count in longer periods.",
            )
        self.out_cost: dict[str, Floats] = {}
        self.in_cost: dict[str, Floats] = {}

    def _rooted(self) -> tuple[list[str], dict[str, str]]:
        if not self.stages:
            raise wrong("stages", "Expected at least one stage.")
        root = next(iter(self.stages))
        order, parent, waiting = [], {root: ""}, [root]
        while waiting:
            current = waiting.pop()
            order.append(current)
            for other in (*self.stages[current].suppliers, *self.customers[current]):
                if other in self.stages[current].suppliers and other in self.customers[current]:
                    raise wrong("suppliers", f"{current} and {other} supply each other.", "One of them comes first.")
                if other == parent[current]:
                    continue
                if other in parent:
                    raise wrong("suppliers", "Expected a tree: no two ways between two stages.")
                parent[other] = current
                waiting.append(other)
        if len(order) != len(self.stages):
            raise wrong("suppliers", "Expected one connected tree.")
        return order, parent

    def _longest(self) -> dict[str, int]:
        # a stack of its own: a chain of a thousand stages is deeper than Python may call itself
        found: dict[str, int] = {}
        waiting = list(self.stages)
        while waiting:
            stage = self.stages[waiting[-1]]
            missing = [each for each in stage.suppliers if each not in found]
            if missing:
                waiting.extend(missing)
                continue
            waiting.pop()
            before = max([stage.inbound_service_time, *(found[each] for each in stage.suppliers)])
            found[stage.id] = before + stage.processing_time
        return found

    def solve(self) -> ServiceTimes:
        out_cost, in_cost = self.out_cost, self.in_cost
        choice: dict[str, NDArray[np.int64]] = {}
        for name in reversed(self.order):
            table = self._table(name)
            parent = self.parent[name]
            if parent and parent in self.customers[name]:
                out_cost[name] = table.min(axis=1)
                choice[name] = table.argmin(axis=1)
            elif parent:
                in_cost[name] = table.min(axis=0)
                choice[name] = table.argmin(axis=0)
            else:
                best = int(table.argmin())
                times = self._trace(name, divmod(best, table.shape[1]), choice)
                cost = float(table.flat[best])
        stocks = {
            name: stage.demand_bound * sqrt(times[name][1] + stage.processing_time - times[name][0])
            for name, stage in self.stages.items()
        }
        return ServiceTimes(
            service_times={name: pair[0] for name, pair in times.items()}, safety_stocks=stocks, cost=cost
        )

    def _table(self, name: str) -> Floats:
        """Give costs of the subtree by outbound (rows) and inbound service time (columns).

        No stage can wait longer for its supplies than the slowest way to it, nor promise more than that and its own
        work: its table ends there, so that a long chain does not make the tables of its first stages large.
        """
        stage = self.stages[name]
        ins = max(self.longest[name] - stage.processing_time, stage.inbound_service_time) + 1
        outs = self._longest_promise(name) + 1
        # the cost depends on the time to be covered only, so that one row of it, shifted, is the whole table
        covered = np.arange(1 - outs, ins) + stage.processing_time
        cost = stage.holding_cost * stage.demand_bound * np.sqrt(np.maximum(covered, 0))
        cost[covered < 0] = np.inf
        table = np.lib.stride_tricks.sliding_window_view(cost, ins)[::-1]
        by_in = np.zeros(ins)
        by_in[: stage.inbound_service_time] = np.inf
        for supplier in stage.suppliers:
            if supplier in self.out_cost:  # its outbound time is at most our inbound time
                by_in += _up_to(self.out_cost[supplier], ins)
        found = table + by_in
        for customer in self.customers[name]:
            if customer in self.in_cost:  # its inbound time is at least our outbound time
                found += _from(self.in_cost[customer], outs)[:, None]
        return np.asarray(found)

    def _longest_promise(self, name: str) -> int:
        stage = self.stages[name]
        if stage.outbound_service_time is not None:
            return min(stage.outbound_service_time, self.longest[name])
        return self.longest[name] if self.customers[name] else 0

    def _trace(
        self, root: str, pair: tuple[int, int], choice: dict[str, NDArray[np.int64]]
    ) -> dict[str, tuple[int, int]]:
        times = {root: (int(pair[0]), int(pair[1]))}
        for name in self.order:
            out_time, in_time = times[name]
            for supplier in self.stages[name].suppliers:
                if self.parent[supplier] == name:
                    chosen = int(np.argmin(self.out_cost[supplier][: in_time + 1]))
                    times[supplier] = (chosen, int(choice[supplier][chosen]))
            for customer in self.customers[name]:
                if self.parent[customer] == name:
                    chosen = out_time + int(np.argmin(self.in_cost[customer][out_time:]))
                    times[customer] = (int(choice[customer][chosen]), chosen)
        return times


def _up_to(costs: Floats, size: int) -> Floats:
    """Give the least cost of all times up to each of ``size`` times."""
    least = np.minimum.accumulate(costs)
    return np.concatenate((least[:size], np.full(max(0, size - len(least)), least[-1])))


def _from(costs: Floats, size: int) -> Floats:
    """Give the least cost of all times from each of ``size`` times on; none is left beyond the end."""
    least = np.minimum.accumulate(costs[::-1])[::-1]
    return np.concatenate((least[:size], np.full(max(0, size - len(least)), np.inf)))


def guaranteed_service_times(stages: Sequence[Stage]) -> ServiceTimes:
    """Give the committed service times of a tree of stages with the least cost of safety stock.

    Parameters
    ----------
    stages : Sequence[Stage]
        A connected tree; stages without customers promise their ``outbound_service_time``, 0 if none is given.

    Notes
    -----
    Cost h k sigma sqrt(SI + T - S) of each stage, S at most the promise, SI at least every supplier's S.
    """
    return _Tree(stages).solve()

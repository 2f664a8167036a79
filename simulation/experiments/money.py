"""What a run costs: a price by resource and hour of the day, by what happens, and once for the change itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from simulation.model.calendars import local_offsets
from simulation.model.plan import Floats, RunPlan
from simulation.model.problems import PathwayError
from simulation.statistics.outcome import RunOutcome

HOUR_US = 3.6e9
DAY_H = 24
BUSY, STAFFED, _QUEUED, OVERTIME = range(4)


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolCost:
    """Prices of one resource, in minor units of money.

    Parameters
    ----------
    per_hour : float | tuple[float, ...]
        For each unit on duty and hour; 24 numbers make a price for each local hour of the day.
    in_use_per_hour : float
        On top, for each unit and hour in use.
    overtime_per_hour : float
        For each unit and hour of overtime.
    """

    per_hour: float | tuple[float, ...] = 0.0
    in_use_per_hour: float = 0.0
    overtime_per_hour: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CostTable:
    """Prices of a hospital.

    Parameters
    ----------
    currency : str
        Such as CNY; shown beside sums.
    pools : Mapping[str, PoolCost]
        By pool; one that is not named costs what its ``cost_per_hour`` in the pathway says.
    counts : Mapping[str, float]
        Price of each that happens, by measure: ``left.wait-for-bay``, ``exits.home``, ``patients.arrived``.
    """

    currency: str = ""
    pools: Mapping[str, PoolCost] = field(default_factory=dict)
    counts: Mapping[str, float] = field(default_factory=dict)


def check_costs(table: CostTable, plan: RunPlan) -> None:
    """Refuse prices that cannot be used with a plan.

    Parameters
    ----------
    table : CostTable
        Prices.
    plan : RunPlan
        What is run.

    Raises
    ------
    PathwayError
        For a pool that is not there, a list that has not 24 prices, or prices by the hour without audits.
    """
    for name, cost in table.pools.items():
        place = f"costs.pools.{name}"
        if name not in plan.pathway.pools:
            raise PathwayError(place, "There is no such pool.", f"Use one of {', '.join(plan.pathway.pools)}.")
        if isinstance(cost.per_hour, tuple):
            if len(cost.per_hour) != DAY_H:
                raise PathwayError(f"{place}.per_hour", f"Expected 24 prices, got {len(cost.per_hour)}.", "Give 24.")
            if not 0 < plan.audit_every_us <= HOUR_US:
                raise PathwayError(f"{place}.per_hour", "Prices by the hour need audits.", "Set audit_every_s to 3600.")


def cost_measures(
    outcome: RunOutcome, plan: RunPlan, counted: Mapping[str, float], table: CostTable | None, once: float
) -> dict[str, float]:
    """Give ``cost`` and ``cost.POOL`` of one replication in minor units; nothing where no price is known.

    Parameters
    ----------
    outcome : RunOutcome
        Of the replication.
    plan : RunPlan
        What was run.
    counted : Mapping[str, float]
        Its other measures.
    table : CostTable | None
        Prices.
    once : float
        Of the change itself.
    """
    prices = table or CostTable()
    found: dict[str, float] = {}
    for number, pool in enumerate(plan.pathway.pools.values()):
        # Whoever wrote only the pathway's own price means it for overtime as well.
        cost = prices.pools.get(pool.id) or PoolCost(per_hour=pool.cost_per_hour, overtime_per_hour=pool.cost_per_hour)
        if cost == PoolCost():
            continue
        area = outcome.areas[number] / HOUR_US
        on_duty = (
            _by_hour(outcome, plan, number, np.array(cost.per_hour))
            if isinstance(cost.per_hour, tuple)
            else cost.per_hour * area[STAFFED]
        )
        found[f"cost.{pool.id}"] = float(
            on_duty + cost.in_use_per_hour * area[BUSY] + cost.overtime_per_hour * area[OVERTIME]
        )
    if not found and not prices.counts and not once:
        return {}
    happened = sum(price * counted.get(measure, 0.0) for measure, price in prices.counts.items())
    return found | {"cost": sum(found.values()) + happened + once}


def _by_hour(outcome: RunOutcome, plan: RunPlan, number: int, prices: Floats) -> float:
    """Add up units on duty at the audits of the window, each until the next one, at the price of its local hour."""
    at = np.arange(len(outcome.audits)) * plan.audit_every_us
    offsets = np.array(local_offsets(plan.span), dtype=np.int64).reshape(-1, 2)
    offset = offsets[np.maximum(np.searchsorted(offsets[:, 0], at, side="right") - 1, 0), 1]
    hours = ((plan.span.start_at + at + offset) // int(HOUR_US)) % DAY_H
    # The last audit lasts to the end of the run only.
    lasts = np.clip(plan.span.horizon_us - at, 0, plan.audit_every_us) / HOUR_US
    units = np.maximum(outcome.audits[:, 4 * number + 3], 0)
    return float((prices[hours] * units * lasts)[at >= plan.warm_up_us].sum())

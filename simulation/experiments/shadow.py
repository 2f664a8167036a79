"""What one more of each would bring: shadow prices by simulation, with the same patients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from simulation.experiments.measures import lower_is_better
from simulation.experiments.request import Change, ExperimentResult, Interval, Scenario, Verdict
from simulation.model.problems import PathwayError

ONE_MORE = "+1 "
MOST = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowPrice:
    """What one more unit of a pool does to a measure.

    Parameters
    ----------
    pool : str
        Where the unit is added, all day and every day.
    difference : Interval
        Of the measure, with one more less as it is.
    cost : Interval | None
        Of the cost, where prices are known.
    verdict : Verdict
        Whether it helps.
    """

    pool: str
    difference: Interval
    cost: Interval | None
    verdict: Verdict


def one_more_of_each(document: Mapping[str, object], pools: tuple[str, ...] = ()) -> tuple[Scenario, ...]:
    """Give a scenario for each pool, in which it has one unit more.

    Parameters
    ----------
    document : Mapping[str, object]
        Pathway document.
    pools : tuple[str, ...]
        Which; all that have a capacity or shifts, the largest first, if empty.

    Raises
    ------
    PathwayError
        If there is no such pool.
    """
    known = cast("dict[str, Mapping[str, object]]", document.get("pools", {}))
    for pool in pools:
        if pool not in known:
            raise PathwayError(f"pools.{pool}", "There is no such pool.", f"Use one of {', '.join(known)}.")
    # Stock is bought, not staffed: a unit more of it says nothing.
    wanted = pools or tuple(name for name, pool in known.items() if "restocking" not in pool)
    return tuple(
        Scenario(name=f"{ONE_MORE}{pool}", changes=_one_more(pool, known[pool]), has_bands=False)
        for pool in wanted[:MOST]
    )


def _one_more(pool: str, entry: Mapping[str, object]) -> tuple[Change, ...]:
    shifts = cast("list[object]", entry.get("shifts", []))
    if "capacity" in entry or not shifts:
        return (Change(path=f"pools.{pool}.capacity", action="add" if "capacity" in entry else "set", value=1),)
    return tuple(
        Change(path=f"pools.{pool}.shifts.{number}.units", action="add", value=1) for number in range(len(shifts))
    )


def shadow_prices(result: ExperimentResult, measure: str) -> tuple[ShadowPrice, ...]:
    """Give what one more of each pool does to a measure, the most helpful first.

    Parameters
    ----------
    result : ExperimentResult
        Of an experiment with the scenarios of :func:`one_more_of_each` behind the base.
    measure : str
        Such as ``wait.wait-for-bay.mean_s``.

    Raises
    ------
    PathwayError
        If the measure is not known, or neither way of it is better.
    """
    lower = lower_is_better(measure)
    if lower is None or measure not in result.scenarios[0].measures:
        known = sorted(name for name in result.scenarios[0].measures if lower_is_better(name) is not None)
        raise PathwayError("measure", f"Cannot rank by {measure!r}.", f"Use one of {', '.join(known)}.")
    costs = {one.scenario: one.difference for one in result.comparisons if one.measure == "cost"}
    found = [
        ShadowPrice(
            pool=one.scenario.removeprefix(ONE_MORE),
            difference=one.difference,
            cost=costs.get(one.scenario),
            verdict=one.verdict,
        )
        for one in result.comparisons
        if one.measure == measure and one.scenario.startswith(ONE_MORE)
    ]
    return tuple(sorted(found, key=lambda one: one.difference.mean if lower else -one.difference.mean))

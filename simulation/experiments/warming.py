"""How long a run needs until it has forgotten its empty beginning: MSER-5 on everything that is audited."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from simulation.experiments.request import ExperimentRequest, ShouldStop
from simulation.experiments.running import run
from simulation.model.plan import Floats
from simulation.model.problems import PathwayError, Stopped
from simulation.statistics.warmup import BATCH, WarmUpTooShort, mser5

HOUR_S = 3600.0
FEWEST = 4 * BATCH  # observations that the rule needs


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmUp:
    """How long the beginning of a run does not count.

    Parameters
    ----------
    warm_up_s : float
        The longest over all quantities, seconds, in whole cycles if there is one; NaN if one does not settle.
    by_quantity : Mapping[str, float]
        The same for each, such as ``pool.bed.occupied``; NaN where it does not settle in the first half of the run.
    replications : int
        Over which the mean was taken.
    horizon_s : float
        Length of each run.
    """

    warm_up_s: float
    by_quantity: Mapping[str, float]
    replications: int
    horizon_s: float

    @property
    def is_settled(self) -> bool:
        """Whether every quantity settles."""
        return math.isfinite(self.warm_up_s)


def find_warm_up(
    request: ExperimentRequest, *, cycle_s: float = 0.0, should_stop: ShouldStop = lambda: False
) -> WarmUp:
    """Find how long the warm-up of a pathway has to be.

    Parameters
    ----------
    request : ExperimentRequest
        Its first scenario is run from its beginning; its own warm-up does not count.
    cycle_s : float, optional
        Length of the cycle in which arrivals and shifts repeat, such as a day or a week: the rule then looks at the
        means of whole cycles, since a swing within one would be taken for a trend. 0 for none.
    should_stop : Callable[[], bool], optional
        Calls it off: the replications that are complete by then count.

    Raises
    ------
    PathwayError
        If the runs are too short for the rule.
    Stopped
        If it was called off before the first replication was complete.

    References
    ----------
    K. P. White, M. Cobb, S. Spratt, "A comparison of five steady-state truncation heuristics for simulation", Winter
    Simulation Conference 2000; the longest over several outputs as in K. Hoad, S. Robinson, R. Davies, "Automating
    warm-up length estimation", Journal of the Operational Research Society 61 (2010).
    """
    every_s = request.audit_every_s
    per_cycle = _per_cycle(cycle_s, every_s)
    observations = int(request.horizon_s / every_s) // per_cycle if every_s > 0 else 0
    if observations < FEWEST:
        needed = FEWEST * max(cycle_s, every_s) / HOUR_S
        raise PathwayError(
            "horizon_s",
            f"Expected at least {FEWEST} {'cycles' if cycle_s else 'audits'}, got {observations}.",
            f"Run {needed:g} h or longer, or audit more often.",
        )
    base = replace(request, scenarios=request.scenarios[:1], warm_up_s=0.0)
    result = run(base, should_stop=should_stop)
    scenario = result.scenarios[0]
    if not scenario.replications:
        raise Stopped
    found = {
        band.name: _settled(np.array(band.mean), per_cycle) * per_cycle * every_s
        for band in scenario.bands
        if max(band.mean) > min(band.mean)  # what never moves has nothing to settle
    }
    longest = max(found.values(), default=0.0) if not any(map(math.isnan, found.values())) else math.nan
    return WarmUp(
        warm_up_s=longest,
        by_quantity=found,
        replications=scenario.replications,
        horizon_s=request.horizon_s,
    )


def _per_cycle(cycle_s: float, every_s: float) -> int:
    if not cycle_s:
        return 1
    count = cycle_s / every_s if every_s > 0 else 0.0
    if not (count >= 1 and math.isclose(count, round(count))):
        raise PathwayError(
            "cycle_s", f"Expected a multiple of the audits' distance of {every_s:g} s, got {cycle_s:g} s.", "Mend it."
        )
    return round(count)


def _settled(means: Floats, per_cycle: int) -> float:
    """Give how many observations (cycles) do not count; NaN if the series does not settle."""
    # The audit at the start sees the state that was put in, not what the run makes of it.
    counted = means[1 : 1 + (len(means) - 1) // per_cycle * per_cycle].reshape(-1, per_cycle).mean(axis=1)
    try:
        return float(mser5(counted))
    except WarmUpTooShort:
        return math.nan


def plain_warm_up(found: WarmUp) -> dict[str, object]:
    """Give a warm-up as plain JSON values, hours; what does not settle is None."""

    def hours(seconds: float) -> float | None:
        return seconds / HOUR_S if math.isfinite(seconds) else None

    return {
        "warm_up_hours": hours(found.warm_up_s),
        "is_settled": found.is_settled,
        "replications": found.replications,
        "run_hours": found.horizon_s / HOUR_S,
        "by_quantity": {name: hours(value) for name, value in found.by_quantity.items()},
    }

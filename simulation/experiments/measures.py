"""Named numbers of one replication, and how several replications make an estimate."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from simulation.experiments.request import Band, Interval
from simulation.experiments.week import LEVELS, audited
from simulation.model.operations import Exit, Seize
from simulation.model.plan import Floats, RunPlan
from simulation.statistics.bins import quantile_of_bins
from simulation.statistics.outcome import RunOutcome

SECOND = 1e6
HOUR = 3.6e9
BUSY, STAFFED, QUEUED, OVERTIME, TURNING = range(5)
SKEWNESS_FROM = 10  # replications from which the skewness is known well enough to use it
_LOWER_IS_BETTER = ("wait.", "stay.", "left.", "cost")
_LOWER_ENDINGS = (".waiting", ".overtime_h", ".full_share")


def measures_of(outcome: RunOutcome, plan: RunPlan) -> dict[str, float]:
    """Give the measures of one replication; one that has no value in it is NaN.

    Parameters
    ----------
    outcome : RunOutcome
        Counts and sums.
    plan : RunPlan
        What was run.
    """
    found = {
        "patients.arrived": float(outcome.stays[:, 0].sum()),
        "patients.left": float(outcome.exits.sum()),
        "patients.inside": float(outcome.inside),
    }
    found.update(_pool_measures(outcome, plan))
    found.update(_wait_measures(outcome, plan))
    for number, name in enumerate(plan.pathway.classes):
        arrived, count, total = outcome.stays[number, :3]
        found[f"stay.{name}.mean_s"] = _ratio(total, count) / SECOND
        # Means of those who came in a short run lack its longest stays: those who left, whenever they came, do not.
        found[f"stay.{name}.leavers_mean_s"] = _ratio(outcome.stays[number, 6], outcome.stays[number, 5]) / SECOND
        found[f"stay.{name}.unfinished"] = float(arrived - count)
        found[f"stay.{name}.p95_s"] = quantile_of_bins(outcome.stay_bins[number], 0.95) / SECOND
    for number, (node, operation) in enumerate(plan.pathway.operations.items()):
        if isinstance(operation, Exit) and not operation.silent:
            found[f"exits.{node}"] = float(outcome.exits[number].sum())
    return found


def _pool_measures(outcome: RunOutcome, plan: RunPlan) -> dict[str, float]:
    found = {}
    for pool, area in zip(plan.pathway.pools.values(), outcome.areas, strict=False):
        found[f"pool.{pool.id}.occupied"] = area[BUSY] / outcome.window_us
        found[f"pool.{pool.id}.utilisation_share"] = _ratio(area[BUSY] - area[OVERTIME], area[STAFFED])
        found[f"pool.{pool.id}.overtime_h"] = area[OVERTIME] / HOUR
        found[f"pool.{pool.id}.waiting"] = area[QUEUED] / outcome.window_us
        found[f"pool.{pool.id}.turnover"] = area[TURNING] / outcome.window_us
    if plan.audit_every_us:
        for number, name in enumerate(plan.pathway.pools):
            found.update(_cover(outcome, plan, number, name))
    return found


def _cover(outcome: RunOutcome, plan: RunPlan, number: int, name: str) -> dict[str, float]:
    """Give how long units (or stock) lasted, the whole run if they never ran out, and how often none was left."""
    busy, _, turning, on_duty = (outcome.audits[:, 4 * number + column] for column in range(4))
    is_gone = busy + turning >= on_duty
    # The first audit at which nothing was left.
    first = int(is_gone.argmax()) if is_gone.any() else 0
    lasted = first * plan.audit_every_us if is_gone.any() else plan.span.horizon_us
    # Audits before the end of the warm-up do not count.
    counted = is_gone[-(-plan.warm_up_us // plan.audit_every_us) :]
    return {
        f"pool.{name}.full_after_h": lasted / HOUR,
        f"pool.{name}.full_share": float(counted.mean()) if len(counted) else math.nan,
    }


def _wait_measures(outcome: RunOutcome, plan: RunPlan) -> dict[str, float]:
    found = {}
    seizes = [(node, o) for node, o in plan.pathway.operations.items() if isinstance(o, Seize)]
    for number, (node, seize) in enumerate(seizes):
        counts = outcome.waits[number].sum(axis=0)
        found[f"wait.{node}.mean_s"] = _ratio(counts[1], counts[0]) / SECOND
        for share in (50, 90, 95):
            found[f"wait.{node}.p{share}_s"] = quantile_of_bins(outcome.wait_bins[number], share / 100) / SECOND
        # Nodes with a colon are parts that the reader wrote, not the planner.
        if len(plan.pathway.classes) > 1 and ":" not in node:
            for row, name in zip(outcome.waits[number], plan.pathway.classes, strict=True):
                found[f"wait.{node}.{name}.mean_s"] = _ratio(row[1], row[0]) / SECOND
        if seize.reneged:
            found[f"left.{node}"] = float(counts[4])
            found[f"left.{node}.share"] = _ratio(counts[4], counts[0] + counts[4])
    return found


def _ratio(above: float, below: float) -> float:
    return float(above) / float(below) if below else math.nan


def lower_is_better(measure: str) -> bool | None:
    """Tell which way a measure should go; None if neither way is better."""
    if measure == "patients.left" or measure.endswith(".full_after_h"):
        return False
    if measure == "patients.inside" or measure.startswith(_LOWER_IS_BETTER) or measure.endswith(_LOWER_ENDINGS):
        return True
    return None


def interval_of(values: Floats, confidence_share: float) -> Interval:
    """Give the confidence interval of a mean over independent replications.

    Parameters
    ----------
    values : Floats
        One per replication; NaN where it has none.
    confidence_share : float
        Such as 0.95.

    Notes
    -----
    x̄ ± t · s/√n with t = t(n − 1, (1 + c)/2), the replication being the unit: patients of one run are not
    independent. Means of waits are skewed, and Student's interval then covers too seldom; from ten replications on
    it is widened by the term of the Edgeworth expansion in the skewness g, 1 + g²(t⁴ + 2t² − 3)/(18n).

    References
    ----------
    P. Hall, "The Bootstrap and Edgeworth Expansion", Springer 1992, section 2.6, q₂ of the Studentized mean.
    """
    known = values[~np.isnan(values)]
    n = len(known)
    if n == 0:
        return Interval(mean=math.nan, half_width=math.inf, n=0)
    mean = float(known.mean())
    if n == 1:
        return Interval(mean=mean, half_width=math.inf, n=1)
    t = float(stats.t.ppf((1 + confidence_share) / 2, n - 1))
    error = float(known.std(ddof=1)) / math.sqrt(n)
    widened = 1 + _skewness(known) ** 2 * (t**4 + 2 * t**2 - 3) / (18 * n) if n >= SKEWNESS_FROM else 1.0
    return Interval(mean=mean, half_width=t * error * widened, n=n, error=error)


def _skewness(values: Floats) -> float:
    """Give the sample skewness, corrected for bias under normality; 0 for values that are all the same."""
    n, apart = len(values), values - values.mean()
    second = float((apart**2).mean())
    if second <= 0:
        return 0.0
    return float((apart**3).mean() / second**1.5 * math.sqrt(n * (n - 1)) / (n - 2))


def bands_of(outcomes: list[RunOutcome], plan: RunPlan) -> tuple[Band, ...]:
    """Give the spread of occupancy and queues over the replications at each audit.

    Parameters
    ----------
    outcomes : list[RunOutcome]
        Replications of one plan.
    plan : RunPlan
        What was run.
    """
    if not outcomes or not plan.audit_every_us:
        return ()
    audits = np.stack([outcome.audits for outcome in outcomes]).astype(np.float64)
    at = tuple(plan.span.start_at + number * plan.audit_every_us for number in range(audits.shape[1]))
    found = []
    for name, column in audited(plan):
        values = audits[:, :, column]
        levels = np.quantile(values, LEVELS, axis=0)
        lowest, low, median, high, highest = (tuple(row.tolist()) for row in levels)
        found.append(
            Band(
                name=name,
                at=at,
                mean=tuple(values.mean(axis=0).tolist()),
                low=low,
                median=median,
                high=high,
                lowest=lowest,
                highest=highest,
            )
        )
    return tuple(found)

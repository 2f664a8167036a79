"""The usual week: how full and how long the queues are by hour of the week, over weeks and replications."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import numpy as np

from simulation.experiments.request import Band
from simulation.model.plan import Floats, Integers, RunPlan
from simulation.statistics.outcome import RunOutcome
from twin.clock import HOUR_US, to_datetime

WEEK_HOURS = 168
LEVELS = (0.025, 0.1, 0.5, 0.9, 0.975)


def week_bands(outcomes: Sequence[RunOutcome], plan: RunPlan) -> tuple[Band, ...]:
    """Give the spread of occupancy and queues by hour of the local week.

    Parameters
    ----------
    outcomes : Sequence[RunOutcome]
        Replications of one plan.
    plan : RunPlan
        What was run. Audits before the end of the warm-up do not count.

    Returns
    -------
    tuple[Band, ...]
        For each quantity, its ``at`` being microseconds after Monday 00:00 local time; empty if the runs do not see a
        whole week after the warm-up.

    Notes
    -----
    Quantiles are over all audits of the hour, of all weeks and replications, as planners know them from occupancy
    reports; an hour that a change of the clocks repeats has more audits, one that it leaves out fewer.
    """
    if not outcomes or not plan.audit_every_us:
        return ()
    hours, first = _local_hours(plan, len(outcomes[0].audits))
    if len(set(hours[first:].tolist())) < WEEK_HOURS:
        return ()
    audits = np.stack([outcome.audits[first:] for outcome in outcomes]).astype(np.float64)
    order = [np.flatnonzero(hours[first:] == hour) for hour in range(WEEK_HOURS)]
    return tuple(_band(name, audits[:, :, column], order) for name, column in audited(plan))


def audited(plan: RunPlan) -> list[tuple[str, int]]:
    """Give name and column of everything that audits count, see :class:`RunOutcome`."""
    named = [
        (f"pool.{pool}.{what}", 4 * number + column)
        for number, pool in enumerate(plan.pathway.pools)
        for column, what in enumerate(("occupied", "waiting", "turnover"))
    ]
    return [*named, ("patients.inside", 4 * len(plan.pathway.pools))]


def _local_hours(plan: RunPlan, count: int) -> tuple[Integers, int]:
    zone = ZoneInfo(plan.span.zone)
    instants = [plan.span.start_at + number * plan.audit_every_us for number in range(count)]
    local = [to_datetime(at).astimezone(zone) for at in instants]
    hours = np.array([24 * moment.weekday() + moment.hour for moment in local], dtype=np.int64)
    return hours, -(-plan.warm_up_us // plan.audit_every_us)


def _band(name: str, values: Floats, order: Sequence[Integers]) -> Band:
    rows = [values[:, columns].ravel() for columns in order]
    quantiles = np.array([np.quantile(row, LEVELS) for row in rows])
    lowest, low, median, high, highest = (tuple(column.tolist()) for column in quantiles.T)
    return Band(
        name=name,
        at=tuple(hour * HOUR_US for hour in range(WEEK_HOURS)),
        mean=tuple(float(row.mean()) for row in rows),
        low=low,
        median=median,
        high=high,
        lowest=lowest,
        highest=highest,
    )

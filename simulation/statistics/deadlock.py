"""Patients who wait for one another for ever."""

from __future__ import annotations

from collections.abc import Sequence

from simulation.model.calendars import capacity_events
from simulation.model.plan import RunPlan, Waiting


def stuck_for_ever(waiting: Sequence[Waiting], plan: RunPlan) -> list[Waiting]:
    """Give those whose wait nobody can end, because all units they need are held by such as they.

    Parameters
    ----------
    waiting : Sequence[Waiting]
        Who waits when a run ends.
    plan : RunPlan
        The run, for the most units each pool ever has.

    Notes
    -----
    Everybody who is not waiting is taken to give back all it holds some day. Whoever could then be served gives back
    too, and so on; those left over hold what they keep from one another.
    """
    most = {}
    for pool in plan.pathway.pools.values():
        events = capacity_events(pool, plan.span)
        units = peak = events.first
        for _, change in sorted([*events.ups, *((at, -n) for at, n in events.downs)]):
            units += change
            peak = max(peak, units)
        most[pool.id] = peak if pool.restocking is None else 1 << 40
    stuck = list(waiting)
    while True:
        free = dict(most)
        for one in stuck:
            for name, held in one.held:
                free[name] -= held
        helped = [one for one in stuck if (any if one.any_of else all)(free[p] >= n for p, n in one.needs)]
        if not helped:
            return stuck if any(one.held for one in stuck) else []
        stuck = [one for one in stuck if one not in helped]

"""Patients who wait for one another for ever."""

from __future__ import annotations

from collections.abc import Sequence

from simulation.model.calendars import capacity_events
from simulation.model.plan import RunPlan, Waiting
from simulation.model.problems import Deadlock


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
    # Nearly every run ends without anybody who both holds and waits; that is told before any calendar is laid out.
    return _stuck(waiting, _most_units(plan)) if any(one.held for one in waiting) else []


def refuse_deadlock(waiting: Sequence[Waiting], plan: RunPlan) -> None:
    """Raise the deadlock that a run fell into, with the instant at which it arose and those who made it.

    Parameters
    ----------
    waiting : Sequence[Waiting]
        Who waits when the run ends.
    plan : RunPlan
        The run.

    Raises
    ------
    Deadlock
        If some wait for one another for ever. Those who only came to wait behind them are not named.

    Notes
    -----
    Whoever waits keeps what it holds, so those who were stuck at an instant are stuck still at the end. The deadlock
    arose when the last of the earliest of them, in order of asking, joined; of these, everybody is left out without
    whom the others would be stuck all the same. One who was interrupted counts from when it first asked.
    """
    if not stuck_for_ever(waiting, plan):
        return
    most = _most_units(plan)
    stuck = sorted(_stuck(waiting, most), key=lambda one: (one.since_us, one.name))
    low, high = 1, len(stuck)
    while low < high:  # more of those who wait never help the others, so the shortest stuck beginning can be halved to
        middle = (low + high) // 2
        low, high = (low, middle) if _stuck(stuck[:middle], most) else (middle + 1, high)
    made = _stuck(stuck[:low], most)
    for one in [*made]:
        rest = [other for other in made if other is not one]
        made = rest if _stuck(rest, most) else made
    named = [(one.name, tuple(pool for pool, _ in one.held), tuple(pool for pool, _ in one.needs)) for one in made]
    raise Deadlock(max(one.since_us for one in made), named)


def _most_units(plan: RunPlan) -> dict[str, int]:
    """Give the most units that each pool ever has; stock that is ordered again comes without end."""
    most = {}
    for pool in plan.pathway.pools.values():
        events = capacity_events(pool, plan.span)
        units = peak = events.first
        # At one instant units come before others go, as in the engines.
        changes = [*events.ups, *((at, -n) for at, n in events.downs)]
        for _, change in sorted(changes, key=lambda one: (one[0], -one[1])):
            units += change
            peak = max(peak, units)
        most[pool.id] = peak if pool.restocking is None else 1 << 40
    return most


def _stuck(waiting: Sequence[Waiting], most: dict[str, int]) -> list[Waiting]:
    stuck = list(waiting)
    while True:
        free = dict(most)
        for one in stuck:
            for name, held in one.held:
                free[name] -= held
        left = [one for one in stuck if not (any if one.any_of else all)(free[p] >= n for p, n in one.needs)]
        if len(left) == len(stuck):
            return stuck if any(one.held for one in stuck) else []
        stuck = left

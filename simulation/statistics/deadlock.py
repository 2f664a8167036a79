"""Patients who wait for one another for ever."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from simulation.model.calendars import capacity_events
from simulation.model.operations import Operation, Seize, targets
from simulation.model.plan import RunPlan, Waiting
from simulation.model.problems import Deadlock


def stuck_for_ever(waiting: Sequence[Waiting], plan: RunPlan, under_way: Sequence[str] = ()) -> list[Waiting]:
    """Give those whose wait nobody can end, because only such as they could.

    Parameters
    ----------
    waiting : Sequence[Waiting]
        Who waits when a run ends.
    plan : RunPlan
        The run, for the most units each pool ever has and for the ways to its batches.
    under_way : Sequence[str]
        Node of everybody else inside, who may yet come to a batch.

    Notes
    -----
    Everybody who is not waiting is taken to give back all it holds some day, and arrivals never to end. Whoever could
    then be served gives back too, and so on; a batch goes when as many as it misses can still come to it past pools
    that have units to give; a patient goes on when its branches do. Those left over keep from one another what they
    hold.
    """
    # Nearly every run ends without anybody who both holds and waits; that is told before any calendar is laid out.
    is_possible = any(one.held for one in waiting) and any(one.needs or one.missing for one in waiting)
    return _Run(plan, tuple(under_way)).stuck(waiting) if is_possible else []


def refuse_deadlock(waiting: Sequence[Waiting], plan: RunPlan, under_way: Sequence[str] = ()) -> None:
    """Raise the deadlock that a run fell into, with the instant at which it arose and those who made it.

    Parameters
    ----------
    waiting : Sequence[Waiting]
        Who waits when the run ends.
    plan : RunPlan
        The run.
    under_way : Sequence[str]
        Node of everybody else inside.

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
    if not stuck_for_ever(waiting, plan, under_way):
        return
    run = _Run(plan, tuple(under_way))
    stuck = sorted(run.stuck(waiting), key=lambda one: (one.since_us, one.name, one.branch))
    low, high = 1, len(stuck)
    while low < high:  # more of those who wait never help the others, so the shortest stuck beginning can be halved to
        middle = (low + high) // 2
        low, high = (low, middle) if run.stuck(stuck[:middle]) else (middle + 1, high)
    made = run.stuck(stuck[:low])
    for one in [*made]:
        rest = [other for other in made if other is not one]
        made = rest if run.stuck(rest) else made
    named = [(one.name, tuple(pool for pool, _ in one.held), _awaited(one)) for one in made]
    raise Deadlock(max(one.since_us for one in made), named, in_batch=any(one.missing for one in made))


def _awaited(one: Waiting) -> tuple[str, ...]:
    if one.needs:
        return tuple(pool for pool, _ in one.needs)
    return (f"{one.missing} more at {one.node!r}" if one.missing else f"its branches at {one.node!r}",)


def most_units(plan: RunPlan) -> dict[str, int]:
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


@dataclass(frozen=True)
class _Run:
    """What a run could give to those who wait in it."""

    plan: RunPlan
    under_way: tuple[str, ...]

    @cached_property
    def most(self) -> dict[str, int]:
        return most_units(self.plan)

    @cached_property
    def before(self) -> dict[str, list[tuple[str, str]]]:
        """Nodes from which each node is reached in one step, and in which role."""
        before: dict[str, list[tuple[str, str]]] = {node: [] for node in self.plan.pathway.operations}
        for node, operation in self.plan.pathway.operations.items():
            for role, target in targets(operation):
                before[target].append((node, role))
        return before

    def stuck(self, waiting: Sequence[Waiting]) -> list[Waiting]:
        """Give those of some who can never go on, if they hold anything; all others are taken to go on some day."""
        stuck, gone = list(waiting), list(self.under_way)
        while True:
            free = dict(self.most)
            for one in stuck:
                for name, held in one.held:
                    free[name] -= held
            parents = {(one.name, one.branch >> 5) for one in stuck if 0 < one.branch < 1 << 15}
            goes = [self._goes(one, free, parents, gone) for one in stuck]
            if not any(goes):
                return stuck if any(one.held for one in stuck) else []
            gone += [one.node for one, is_free in zip(stuck, goes, strict=True) if is_free]
            stuck = [one for one, is_free in zip(stuck, goes, strict=True) if not is_free]

    def _goes(self, one: Waiting, free: Mapping[str, int], parents: set[tuple[str, int]], gone: Sequence[str]) -> bool:
        if one.needs:
            return (any if one.any_of else all)(free[p] >= n for p, n in one.needs)
        if not one.missing:
            return (one.name, one.branch) not in parents
        sources = self._sources(one.node, free)
        if any(stream.to in sources for stream in self.plan.pathway.streams):
            return True
        return sum(node in sources for node in gone) >= one.missing

    def _sources(self, batch: str, free: Mapping[str, int]) -> set[str]:
        """Give the nodes from which somebody could still come to a batch."""
        found, ahead = {batch}, deque([batch])
        while ahead:
            for node, role in self.before[ahead.popleft()]:
                if node not in found and _lets_pass(self.plan.pathway.operations[node], role, free):
                    found.add(node)
                    ahead.append(node)
        return found


def _lets_pass(operation: Operation, role: str, free: Mapping[str, int]) -> bool:
    if not isinstance(operation, Seize) or role == "reneged":
        return True
    return (any if operation.any_of else all)(free[need.pool] >= need.quantity for need in operation.needs)

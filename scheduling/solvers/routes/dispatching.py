"""Rounds for tasks: values in, values out, by PyVRP's iterated local search.

What is promised stays: each carrier's committed tasks are walked first, and the search starts where and when the
carrier is done with them. Everything else may be dropped at the price of its prize, so that a plan always exists.

References
----------
Wouda, N. A., Lan, L., Kool, W. (2024). PyVRP: a high-performance VRP solver package. INFORMS Journal on
Computing 36(4).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyvrp import Client, Depot, Location, ProblemData, Solution, VehicleType
from pyvrp import Route as Walk

from scheduling.model.routes import (
    ALWAYS_S,
    FAR_S,
    Carrier,
    Dropped,
    DropReason,
    Round,
    RoutePlan,
    RouteProblem,
    RouteTask,
    Stop,
)
from scheduling.solvers.routes.searching import Clock, RouteSettings, Search, ShouldStop

GIVES_UP_AT = 0.4
"""Share of a search after which tasks that have to be done may be dropped, if no valid rounds were found by then."""
MUST_PRICE = 10
"""Price of dropping a task that has to be done, in longest ways: no detour costs as much."""


def plan_routes(
    problem: RouteProblem,
    settings: RouteSettings,
    *,
    previous: RoutePlan | None = None,
    should_stop: ShouldStop = lambda: False,
) -> RoutePlan:
    """Give every carrier a round.

    Parameters
    ----------
    problem : RouteProblem
        Places, tasks, carriers with what they have committed themselves to.
    settings : RouteSettings
        How long to search.
    previous : RoutePlan, optional
        Rounds of a moment ago to start from.
    should_stop : Callable, optional
        Asked often; True ends the search with what there is.

    Returns
    -------
    RoutePlan
        Rounds with times, and each task that is dropped with the reason.
    """
    return _Rounds(problem).plan(settings, previous, should_stop)


@dataclass(frozen=True, slots=True)
class _Ready:
    """A carrier after the committed tasks."""

    carrier: Carrier
    place: int
    at_s: int
    load: int
    walked_s: int
    stops: tuple[Stop, ...]


class _Rounds:
    """One problem as PyVRP sees it: location 0 is anywhere, then where rounds begin and end, then the free tasks.

    Other places are left out: PyVRP looks at the whole matrix again and again, and a small one stays in the cache.
    """

    def __init__(self, problem: RouteProblem) -> None:
        self.problem = problem
        self.index = {place: at for at, place in enumerate(problem.places)}
        self.task_by_id = {task.id: task for task in problem.tasks}
        promised = {task for one in problem.carriers for task in one.committed}
        self.ready = [self._ready(one) for one in problem.carriers]
        free = [task for task in problem.tasks if task.id not in promised]
        self.reason_by_task = {task.id: reason for task in free if (reason := self._hopeless(task)) is not None}
        self.free = [task for task in free if task.id not in self.reason_by_task]
        self.groups = self._groups()
        ends = {self.index[one.carrier.end] for one in self.ready if one.carrier.end}
        self.depots = sorted({one.place for one in self.ready} | ends)
        self.depot_at = {place: 1 + at for at, place in enumerate(self.depots)}

    def plan(self, settings: RouteSettings, previous: RoutePlan | None, should_stop: ShouldStop) -> RoutePlan:
        """Search, and give the rounds with times."""
        chosen: dict[int, list[int]] = {}
        if self.free and self.ready:
            found = self._searched(settings, previous, should_stop)
            unused = {kind: list(group) for kind, group in enumerate(self.groups)}
            # rounds that break a rule are left out, so that their tasks count as dropped: better none than a false one
            for walk in found.routes():
                if walk.is_feasible():
                    chosen[unused[walk.vehicle_type()].pop(0)] = [
                        activity.idx for activity in walk.schedule() if activity.is_client()
                    ]
        return self._told(chosen)

    def _searched(self, settings: RouteSettings, previous: RoutePlan | None, should_stop: ShouldStop) -> Solution:
        """Search for rounds with all that has to be done; where there seem to be none, for those that drop least."""
        clocks = [Clock(settings) for _ in range(settings.threads)]
        if not self._is_too_much():
            data = self._data()
            first = self._first(data, previous) if previous is not None else None
            found = Search(data, settings, should_stop, first).run(clocks, gives_up_at=GIVES_UP_AT)
            if found.is_feasible():
                return found
        data = self._data(has_musts=False)
        first = self._first(data, previous) if previous is not None else None
        return Search(data, settings, should_stop, first).run(clocks, gives_up_at=1.0)

    def _is_too_much(self) -> bool:
        """Tell whether what has to be done is more than all carriers have room for."""
        musts = [task for task in self.free if task.is_required]
        rooms = [one.carrier.capacity - one.load if one.carrier.capacity else ALWAYS_S for one in self.ready]
        return sum(task.amount for task in musts) > sum(max(0, room) for room in rooms)

    def _way(self, start: int, end: int) -> int:
        return min(FAR_S, int(self.problem.seconds[start, end]))

    def _home(self, place: int, carrier: Carrier) -> int:
        return self._way(place, self.index[carrier.end]) if carrier.end else 0

    def _carried(self, task: RouteTask) -> int:
        return self._way(self.index[task.from_place], self.index[task.place]) if task.from_place else 0

    def _follow(self, ready: _Ready, tasks: list[RouteTask]) -> _Ready:
        """Walk some tasks in order from where a carrier is."""
        stops, place, now, load, walked = list(ready.stops), ready.place, ready.at_s, ready.load, ready.walked_s
        for task in tasks:
            step, carried = self._way(place, self.index[task.from_place or task.place]), self._carried(task)
            begin = max(now + step, task.earliest_s)
            leave = begin + carried + task.service_s
            stops.append(Stop(task=task.id, arrive_s=now + step, begin_s=begin, leave_s=leave))
            place, now, load, walked = self.index[task.place], leave, load + task.amount, walked + step + carried
        return _Ready(ready.carrier, place, now, load, walked, tuple(stops))

    def _ready(self, carrier: Carrier) -> _Ready:
        start = _Ready(carrier, self.index[carrier.start], carrier.from_s, 0, 0, ())
        return self._follow(start, [self.task_by_id[task] for task in carrier.committed])

    def _may(self, carrier: Carrier, task: RouteTask) -> bool:
        return not task.roles or carrier.role in task.roles

    def _hopeless(self, task: RouteTask) -> DropReason | None:
        """Give why no carrier can do a task even if it were the only one, or None."""
        # Told before the search: the person learns why, and the search need not find out.
        able = [one for one in self.ready if self._may(one.carrier, task)]
        if not able:
            return DropReason.NO_ROLE
        carried = self._carried(task)
        near = [one for one in able if max(self._way(one.place, self._entry(task)), carried) < FAR_S]
        if not near:
            return DropReason.NO_WAY
        fitting = [one for one in near if not one.carrier.capacity or one.load + task.amount <= one.carrier.capacity]
        if not fitting:
            return DropReason.TOO_MUCH
        for one in fitting:
            alone = self._follow(one, [task])
            home = self._home(alone.place, one.carrier)
            if alone.stops[-1].begin_s <= task.latest_s and alone.at_s + home <= one.carrier.until_s:
                return None
        return DropReason.TOO_LATE

    def _entry(self, task: RouteTask) -> int:
        return self.index[task.from_place or task.place]

    def _groups(self) -> list[list[int]]:
        """Give carriers that are alike together: PyVRP searches faster over kinds of vehicles than over single ones."""
        found: dict[tuple[object, ...], list[int]] = {}
        for at, one in enumerate(self.ready):
            carrier = one.carrier
            key = (one.place, one.at_s, one.load, carrier.end, carrier.until_s, carrier.capacity, carrier.role)
            found.setdefault(key, []).append(at)
        return list(found.values())

    def _data(self, *, has_musts: bool = True) -> ProblemData:
        roles = sorted({self.ready[group[0]].carrier.role for group in self.groups})
        needs_roles = any(task.roles for task in self.free)
        matrix = self._matrix()
        matrices: list[Any] = [self._for_role(matrix, role) for role in roles] if needs_roles else [matrix]
        first = 1 + len(self.depots)
        must_price = MUST_PRICE * int(matrix[matrix < FAR_S].max())
        clients = [
            Client(
                location=first + at,
                delivery=[task.amount],
                service_duration=task.service_s + self._carried(task),
                tw_early=task.earliest_s,
                tw_late=min(task.latest_s, ALWAYS_S),
                # Prizes let PyVRP drop what does not fit; required clients would make the whole plan infeasible.
                prize=task.prize if has_musts or not task.is_required else task.prize + must_price,
                required=task.is_required and has_musts,
                name=task.id,
            )
            for at, task in enumerate(self.free)
        ]
        kinds = []
        for group in self.groups:
            one = self.ready[group[0]]
            carrier = one.carrier
            kinds.append(
                VehicleType(
                    num_available=len(group),
                    start_depot=self.depot_at[one.place],
                    end_depot=self.depot_at[self.index[carrier.end]] if carrier.end else 0,
                    # PyVRP knows no unlimited capacity
                    capacity=[max(0, carrier.capacity - one.load) if carrier.capacity else ALWAYS_S],
                    tw_early=one.at_s,
                    tw_late=max(one.at_s, carrier.until_s),
                    profile=roles.index(carrier.role) if needs_roles else 0,
                )
            )
        locations = [Location(0, 0) for _ in range(matrix.shape[0])]
        depots = [Depot(location=at) for at in range(first)]
        # walking with what is carried is walking too; its time is part of the client's service
        carried = np.array([0] * first + [self._carried(task) for task in self.free], np.int64)
        walked = [one + carried for one in matrices]
        for one in walked:
            np.fill_diagonal(one, 0)
        return ProblemData(locations, clients, depots, kinds, walked, matrices)

    def _matrix(self) -> NDArray[np.int64]:
        """Give seconds between all locations; a task is entered where it begins and left where it ends."""
        entries = np.array([*self.depots, *(self._entry(task) for task in self.free)], np.int64)
        exits = np.array([*self.depots, *(self.index[task.place] for task in self.free)], np.int64)
        matrix = np.zeros((1 + len(entries), 1 + len(entries)), np.int64)
        matrix[1:, 1:] = np.minimum(self.problem.seconds[np.ix_(exits, entries)], FAR_S)
        np.fill_diagonal(matrix, 0)
        return matrix

    def _for_role(self, matrix: NDArray[np.int64], role: str) -> NDArray[np.int64]:
        """Give the matrix of a role: tasks of other roles are out of reach."""
        changed = matrix.copy()
        for at, task in enumerate(self.free):
            if task.roles and role not in task.roles:
                # PyVRP has no skills; a task out of reach in a role's matrix is one that the role never does.
                changed[:, 1 + len(self.depots) + at] = FAR_S
        np.fill_diagonal(changed, 0)
        return changed

    def _first(self, data: ProblemData, previous: RoutePlan) -> Solution:
        """Give the rounds of a moment ago without what is done, dropped or promised by now."""
        place_of = {task.id: at for at, task in enumerate(self.free)}
        kind_of = {self.ready[at].carrier.id: kind for kind, group in enumerate(self.groups) for at in group}
        walks = []
        seen: set[int] = set()
        for round_ in previous.rounds:
            visits = [place_of[stop.task] for stop in round_.stops if stop.task in place_of]
            visits = [at for at in dict.fromkeys(visits) if at not in seen]
            seen.update(visits)
            if visits and round_.carrier in kind_of:
                walks.append(Walk(data, visits, kind_of[round_.carrier]))
        return Solution(data, walks)

    def _told(self, chosen: dict[int, list[int]]) -> RoutePlan:
        rounds, done = [], set()
        for at, ready in enumerate(self.ready):
            walked = self._follow(ready, [self.free[index] for index in chosen.get(at, [])])
            if not walked.stops:
                continue
            home = self._home(walked.place, ready.carrier)
            rounds.append(Round(carrier=ready.carrier.id, stops=walked.stops, walking_s=walked.walked_s + home))
            done |= {stop.task for stop in walked.stops}
        dropped = tuple(
            Dropped(task=task.id, reason=self.reason_by_task.get(task.id, DropReason.NOT_WORTH))
            for task in self.problem.tasks
            if task.id not in done
        )
        return RoutePlan(rounds=tuple(rounds), dropped=dropped)

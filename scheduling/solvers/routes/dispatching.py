"""Rounds for tasks: values in, values out, by PyVRP's iterated local search.

What is promised stays: each carrier's committed tasks are walked first, and the search starts where and when the
carrier is done with them. Everything else may be dropped at the price of its prize, so that a plan always exists.

References
----------
Wouda, N. A., Lan, L., Kool, W. (2024). PyVRP: a high-performance VRP solver package. INFORMS Journal on
Computing 36(4).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyvrp import (
    Client,
    Depot,
    IteratedLocalSearch,
    IteratedLocalSearchParams,
    Location,
    PenaltyManager,
    PenaltyParams,
    ProblemData,
    RandomNumberGenerator,
    Result,
    Solution,
    VehicleType,
)
from pyvrp import Route as Walk
from pyvrp.exceptions import PenaltyBoundWarning
from pyvrp.search import OPERATORS, LocalSearch, NeighbourhoodParams, PerturbationManager, compute_neighbours
from pyvrp.stop import MaxIterations, MaxRuntime

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
from scheduling.solvers.bounds import check_bounds
from twin.errors import InputError

SHORT_S = 10.0
"""Below this a search is set for little time."""
STEPS_A_SECOND = 1000
FIRST_PRICE = 10.0
"""Usual ways that a unit of load too much costs at first, and seconds that a second too late does."""

ShouldStop = Callable[[], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteSettings:
    """How long to search.

    Parameters
    ----------
    seconds : float
        Wall time, above 0.
    iterations : int
        When above 0 they bound the search instead of time, and the same seed gives the same rounds.
    seed : int
        Of chance.
    """

    seconds: float = 3.0
    iterations: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises
        ------
        InputError
            Naming the setting that is out of range.
        """
        check_bounds(self.seconds)
        if self.seed < 0 or self.iterations < 0:
            raise InputError(f"seed and iterations: expected at least 0, got {self.seed} and {self.iterations}.")


class _Stopping:
    """PyVRP's question whether to stop: time or iterations are over, or somebody said so."""

    def __init__(self, settings: RouteSettings, should_stop: ShouldStop) -> None:
        self._limit = MaxIterations(settings.iterations) if settings.iterations else MaxRuntime(settings.seconds)
        self._should_stop = should_stop

    def __call__(self, best_cost: int) -> bool:
        return bool(self._limit(best_cost)) or self._should_stop()


@dataclass(frozen=True, slots=True)
class _Pace:
    """How PyVRP is set for the time there is; its own defaults are for minutes.

    Late acceptance looks back as many steps as ``history`` says, which a search of a second hardly makes; its penalties
    begin at 50,000 and fall by a tenth every 500 steps, so that a short search never leaves what is valid.
    """

    history: int
    neighbours: int
    steps_between_prices: int

    @staticmethod
    def of(settings: RouteSettings) -> _Pace:
        """Give the pace of a search; a second makes one to two thousand steps for a hundred tasks."""
        seconds = settings.iterations / STEPS_A_SECOND if settings.iterations else settings.seconds
        if seconds < SHORT_S:
            return _Pace(history=100, neighbours=30, steps_between_prices=50)
        return _Pace(history=300, neighbours=50, steps_between_prices=500)


def _first_prices(data: ProblemData) -> tuple[list[float], float, float]:
    """Give what breaking a limit costs at first: a unit of load some usual ways, a second ten seconds of walking."""
    matrix: NDArray[np.int64] = np.asarray(data.distance_matrix(0), np.int64)
    ways = matrix[(matrix > 0) & (matrix < FAR_S)]
    usual = float(ways.mean()) if ways.size else 1.0
    load = max(1.0, float(np.mean([client.delivery[0] for client in data.clients()])))
    return [FIRST_PRICE * usual / load] * data.num_load_dimensions, FIRST_PRICE, FIRST_PRICE


def _searched(data: ProblemData, settings: RouteSettings, should_stop: ShouldStop, previous: Solution | None) -> Result:
    """Run PyVRP's iterated local search, set for the time there is."""
    pace = _Pace.of(settings)
    chance = RandomNumberGenerator(seed=settings.seed)
    neighbours = compute_neighbours(data, NeighbourhoodParams(num_neighbours=pace.neighbours))
    search = LocalSearch(data, chance, neighbours, PerturbationManager())
    for operator in OPERATORS:
        if operator.supports(data):
            search.add_operator(operator(data))
    prices = PenaltyManager(_first_prices(data), PenaltyParams(solutions_between_updates=pace.steps_between_prices))
    with warnings.catch_warnings():
        # told by the plan itself: tasks that cannot be done together are dropped by name
        warnings.simplefilter("ignore", PenaltyBoundWarning)
        if previous is None:
            # from rounds by chance: from none at all, single tasks are hard to place
            previous = search(Solution.make_random(data, chance), prices.max_cost_evaluator(), exhaustive=True)
        params = IteratedLocalSearchParams(history_length=pace.history)
        found = IteratedLocalSearch(data, prices, search, previous, params)
        return found.run(_Stopping(settings, should_stop), collect_stats=False)


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
        self.free = [task for task in free if task.id not in self.reason_by_task or task.is_required]
        self.groups = self._groups()
        ends = {self.index[one.carrier.end] for one in self.ready if one.carrier.end}
        self.depots = sorted({one.place for one in self.ready} | ends)
        self.depot_at = {place: 1 + at for at, place in enumerate(self.depots)}

    def plan(self, settings: RouteSettings, previous: RoutePlan | None, should_stop: ShouldStop) -> RoutePlan:
        """Search, and give the rounds with times."""
        chosen: dict[int, list[int]] = {}
        if self.free and self.ready:
            data = self._data()
            first = self._first(data, previous) if previous is not None else None
            found = _searched(data, settings, should_stop, first)
            unused = {kind: list(group) for kind, group in enumerate(self.groups)}
            # rounds that break a rule are left out, so that their tasks count as dropped: better none than a false one
            for walk in found.best.routes():
                if walk.is_feasible():
                    chosen[unused[walk.vehicle_type()].pop(0)] = [
                        activity.idx for activity in walk.schedule() if activity.is_client()
                    ]
        return self._told(chosen)

    def _way(self, start: int, end: int) -> int:
        return min(FAR_S, int(self.problem.seconds[start, end]))

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
            home = self._way(alone.place, self.index[one.carrier.end]) if one.carrier.end else 0
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

    def _data(self) -> ProblemData:
        roles = sorted({self.ready[group[0]].carrier.role for group in self.groups})
        needs_roles = any(task.roles for task in self.free)
        matrix = self._matrix()
        matrices: list[Any] = [self._for_role(matrix, role) for role in roles] if needs_roles else [matrix]
        first = 1 + len(self.depots)
        clients = [
            Client(
                location=first + at,
                delivery=[task.amount],
                service_duration=task.service_s + self._carried(task),
                tw_early=task.earliest_s,
                tw_late=min(task.latest_s, ALWAYS_S),
                prize=task.prize,
                # Prizes let PyVRP drop what does not fit; required clients would make the whole plan infeasible.
                required=task.is_required,
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
        return ProblemData(locations, clients, depots, kinds, matrices, matrices)

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
            end = ready.carrier.end
            home = self._way(walked.place, self.index[end]) if end else 0
            rounds.append(Round(carrier=ready.carrier.id, stops=walked.stops, walking_s=walked.walked_s + home))
            done |= {stop.task for stop in walked.stops}
        dropped = tuple(
            Dropped(task=task.id, reason=self.reason_by_task.get(task.id, DropReason.NOT_WORTH))
            for task in self.problem.tasks
            if task.id not in done
        )
        return RoutePlan(rounds=tuple(rounds), dropped=dropped)

"""PyVRP's iterated local search, set for the time there is, on several threads, ended when nothing valid is in sight.

References
----------
Wouda, N. A., Lan, L., Kool, W. (2024). PyVRP: a high-performance VRP solver package. INFORMS Journal on
Computing 36(4).
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyvrp import (
    IteratedLocalSearch,
    IteratedLocalSearchParams,
    PenaltyManager,
    PenaltyParams,
    ProblemData,
    RandomNumberGenerator,
    Result,
    Solution,
)
from pyvrp.exceptions import PenaltyBoundWarning
from pyvrp.search import OPERATORS, LocalSearch, NeighbourhoodParams, PerturbationManager, compute_neighbours

from scheduling.model.routes import FAR_S
from scheduling.solvers.bounds import check_bounds, check_counts

SHORT_S = 10.0
"""Below this a search is set for little time."""
STEPS_A_SECOND = 1000
FIRST_PRICE = 10.0
"""Usual ways that a unit of load too much costs at first, and seconds that a second too late does."""

THREAD_SEED = 7919
"""Between the seeds of two threads: large, so that seeds that people choose, 1 and 2, share no search."""
NO_COST = np.iinfo(np.int64).max
"""What PyVRP calls the cost of rounds that break a rule."""
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
    threads : int
        Searches side by side, each with a chance of its own; the best rounds of all are given.
    """

    seconds: float = 3.0
    iterations: int = 0
    seed: int = 0
    threads: int = 1

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises
        ------
        InputError
            Naming the setting that is out of range.
        """
        check_bounds(self.seconds, self.threads)
        check_counts(seed=self.seed, iterations=self.iterations)


class Clock:
    """How much of a search is over, 0 to 1 and more, by time or by steps."""

    def __init__(self, settings: RouteSettings) -> None:
        self._settings = settings
        self._began = time.monotonic()
        self.steps = 0

    def share(self) -> float:
        """Give the share that is over."""
        if self._settings.iterations:
            return self.steps / self._settings.iterations
        return (time.monotonic() - self._began) / self._settings.seconds


class _Stopping:
    """PyVRP's question whether to stop: time or steps are over, somebody said so, or nothing valid is in sight."""

    def __init__(self, clock: Clock, should_stop: ShouldStop, gives_up_at: float) -> None:
        self._clock = clock
        self._should_stop = should_stop
        self._gives_up_at = gives_up_at

    def __call__(self, best_cost: int) -> bool:
        share = self._clock.share()
        self._clock.steps += 1
        is_hopeless = best_cost >= NO_COST and share >= self._gives_up_at
        return share >= 1 or is_hopeless or self._should_stop()


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


@dataclass(frozen=True, slots=True)
class Search:
    """One search of PyVRP's, set for the time there is."""

    data: ProblemData
    settings: RouteSettings
    should_stop: ShouldStop
    previous: Solution | None

    def run(self, clocks: list[Clock], *, gives_up_at: float) -> Solution:
        """Search on as many threads as there are clocks, and give the best rounds."""
        with warnings.catch_warnings(), ThreadPoolExecutor(len(clocks)) as pool:
            # told by the plan itself: tasks that cannot be done together are dropped by name
            warnings.simplefilter("ignore", PenaltyBoundWarning)
            stops = [_Stopping(clock, self.should_stop, gives_up_at) for clock in clocks]
            seeds = [self.settings.seed + THREAD_SEED * thread for thread in range(len(clocks))]
            found = list(pool.map(self._alone, seeds, stops))
        return min(found, key=lambda one: float(one.cost())).best

    def _alone(self, seed: int, stop: _Stopping) -> Result:
        data, pace = self.data, _Pace.of(self.settings)
        chance = RandomNumberGenerator(seed=seed)
        neighbours = compute_neighbours(data, NeighbourhoodParams(num_neighbours=pace.neighbours))
        search = LocalSearch(data, chance, neighbours, PerturbationManager())
        for operator in OPERATORS:
            if operator.supports(data):
                search.add_operator(operator(data))
        prices = PenaltyManager(_first_prices(data), PenaltyParams(solutions_between_updates=pace.steps_between_prices))
        previous = self.previous
        if previous is None:
            # from rounds by chance: from none at all, single tasks are hard to place
            previous = search(Solution.make_random(data, chance), prices.max_cost_evaluator(), exhaustive=True)
        params = IteratedLocalSearchParams(history_length=pace.history)
        return IteratedLocalSearch(data, prices, search, previous, params).run(stop, collect_stats=False)

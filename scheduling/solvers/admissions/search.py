"""The search for an admission plan: annealing in several threads that exchange their best, any-time, told to stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from scheduling.model.admissions import AdmissionPlan, AdmissionProblem
from scheduling.solvers.admissions.annealing import Heat, anneal
from scheduling.solvers.admissions.arrays import (
    NEVER,
    W_UNSCHEDULED,
    Best,
    Bound,
    State,
    empty_state,
    fixed_of,
    no_best,
    plan_of,
)
from scheduling.solvers.admissions.starting import admit_mandatory, any_nurses, settle_occupants, take_over_stays
from twin.errors import InputError

CHUNK_S = 0.2
"""How long a thread computes before it looks at the clock and at whether to stop, seconds."""
CHUNK_STEPS = 50_000
"""Steps between two looks where the search is bounded by steps."""
MOST_THREADS = 64
MOST_SECONDS = 24 * 3600.0

Progress = Callable[[float, int], None]
"""Hears the share done, 0 to 1, and the cost of the best valid plan so far, -1 for none."""
ShouldStop = Callable[[], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How long and how to search.

    Parameters
    ----------
    seconds : float
        Wall time, above 0; compiling is not counted.
    threads : int
        Threads, at least 1.
    seed : int
        Of chance, at least 0.
    steps : int
        Steps of each thread; when above 0 they bound the search instead of time, and the same seed gives the same plan.
    """

    seconds: float = 60.0
    threads: int = 1
    seed: int = 0
    steps: int = 0

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises
        ------
        InputError
            Naming the setting that is out of range.
        """
        if not 0 < self.seconds <= MOST_SECONDS:
            raise InputError(f"seconds: expected more than 0 and at most {MOST_SECONDS:g}, got {self.seconds:g}.")
        if not 1 <= self.threads <= MOST_THREADS:
            raise InputError(f"threads: expected 1 to {MOST_THREADS}, got {self.threads}.")
        if self.seed < 0 or self.steps < 0:
            raise InputError(f"seed and steps: expected at least 0, got {self.seed} and {self.steps}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a search found.

    Parameters
    ----------
    plan : AdmissionPlan
        The best valid plan, else the one that breaks least.
    is_valid : bool
        Whether the search believes that it breaks no rule; the checker decides.
    steps : int
        Steps of all threads.
    seconds : float
        Wall time without compiling.
    """

    plan: AdmissionPlan
    is_valid: bool
    steps: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A part of the search, cooled geometrically down to :data:`COLD`.

    Parameters
    ----------
    share : float
        Of the whole search.
    start : float
        Temperature at its start, as a multiple of that of :data:`HOT`.
    """

    share: float
    start: float


HOT = (0.08, 0.2)
"""Temperature to begin with, by thread in turn, as a share of the weight of an optional patient.

Tightly packed problems want the lower one, large ones with many optional patients the higher one; which a problem is
shows at the end of the first phase only, when all threads go on from the best.
"""
COLD = 0.3
"""Temperature in the end, as a share of the least weight of all: not even one more nurse for a patient is taken."""
PHASES = (Phase(share=0.7, start=1.0), Phase(share=0.15, start=0.25), Phase(share=0.15, start=0.15))
CROWD_PRICES = (0.5, 1.5)
"""Price of a person too many at the start and from the end of the first phase on, in weights of an optional patient."""
OVERTIME_PRICES = (0.125, 0.375)
"""The same for a minute of overtime."""
NURSE_SHARES = (0.45, 0.35)
"""Share of moves that change nurses, by thread in turn."""


def solve(
    problem: AdmissionProblem,
    settings: Settings,
    progress: Progress = lambda share, cost: None,
    should_stop: ShouldStop = lambda: False,
) -> Outcome:
    """Search for a plan.

    Parameters
    ----------
    problem : AdmissionProblem
        What is to be planned.
    settings : Settings
        How long and how.
    progress : Callable, optional
        Hears the share done and the best cost.
    should_stop : Callable, optional
        Asked several times a second; True ends the search with what there is.

    Returns
    -------
    Outcome
        A plan in any case.
    """
    return _Search(problem, settings, progress, should_stop).run()


class _Search:
    def __init__(
        self, problem: AdmissionProblem, settings: Settings, progress: Progress, should_stop: ShouldStop
    ) -> None:
        self.problem = problem
        self.settings = settings
        self.progress = progress
        self.should_stop = should_stop
        self.fixed = fixed_of(problem)
        room_at = {room.id: index for index, room in enumerate(problem.rooms)}
        weights = self.fixed.weights[self.fixed.weights > 0]
        self.cold = COLD * float(weights.min(initial=1_000_000)) if len(weights) else COLD
        self.occupied = np.array([room_at[found.room] for found in problem.occupants], np.int32)
        self.bests = [no_best(self.fixed) for _ in range(settings.threads)]
        self.steps = [0] * settings.threads
        self.states: list[State] = []
        self.barrier = threading.Barrier(settings.threads)
        self.is_stopped = False
        self.started = 0.0

    def run(self) -> Outcome:
        """Run all threads and give the best plan."""
        self.states = [self._start(self.settings.seed * MOST_THREADS + k) for k in range(self.settings.threads)]
        anneal(self.fixed, self._start(0), no_best(self.fixed), self._heat(PHASES[0], 0, 1.0, 10))
        self.started = time.monotonic()
        with ThreadPoolExecutor(self.settings.threads) as pool:
            for future in [pool.submit(self._work, thread) for thread in range(self.settings.threads)]:
                future.result()
        best = min(self.bests, key=lambda found: int(found.value[0]))
        is_valid = int(best.value[0]) < NEVER
        if not is_valid:
            crowd, late = self._price(CROWD_PRICES, 1.0), self._price(OVERTIME_PRICES, 1.0)
            state = min(self.states, key=lambda now: crowd * float(now.total[1]) + late * float(now.total[2]))
            best = Best(who=state.who, nurse_of=state.nurse_of, value=best.value)
        return Outcome(
            plan=plan_of(self.problem, best.who, best.nurse_of),
            is_valid=is_valid,
            steps=sum(self.steps),
            seconds=time.monotonic() - self.started,
        )

    def _start(self, seed: int) -> State:
        state = empty_state(self.fixed, seed)
        price = self._price(CROWD_PRICES, 1.0)
        any_nurses(self.fixed, state)
        settle_occupants(self.fixed, state, self.occupied)
        admit_mandatory(self.fixed, state, Bound(0.0, price, price))
        return state

    def _again(self, best: Best, seed: int) -> State:
        """Give a state with all its sums for a plan that a search kept."""
        state = empty_state(self.fixed, seed)
        state.nurse_of[:, :] = best.nurse_of
        settle_occupants(self.fixed, state, self.occupied)
        take_over_stays(self.fixed, state, best.who)
        return state

    def _price(self, ramp: tuple[float, float], share: float) -> float:
        """Give the price of breaking a rule by a unit; it rises geometrically through the first phase."""
        scale: float = max(1.0, float(self.fixed.weights[W_UNSCHEDULED]))
        rise: float = (ramp[1] / ramp[0]) ** share
        return scale * ramp[0] * rise

    def _heat(self, phase: Phase, thread: int, share: float, steps: int) -> Heat:
        """Give one chunk of a phase; ``share`` of the phase is over."""
        scale = max(1.0, float(self.fixed.weights[W_UNSCHEDULED]))
        hot = max(HOT[thread % len(HOT)] * scale * phase.start, 2 * self.cold)
        temperature = hot * (self.cold / hot) ** share
        risen = share if phase is PHASES[0] else 1.0
        return Heat(
            steps=steps,
            start=temperature,
            end=temperature,
            nurses=NURSE_SHARES[thread % len(NURSE_SHARES)],
            crowd=self._price(CROWD_PRICES, risen),
            overtime=self._price(OVERTIME_PRICES, risen),
            cold=scale * 0.01,
        )

    def _work(self, thread: int) -> None:
        done = 0.0
        chunk = CHUNK_STEPS // 10 if not self.settings.steps else CHUNK_STEPS
        for phase in PHASES:
            if phase is not PHASES[0]:
                self._exchange(thread)
            while not self.is_stopped:
                share = (self._share(thread) - done) / phase.share
                if share >= 1.0:
                    break
                at = time.monotonic()
                anneal(self.fixed, self.states[thread], self.bests[thread], self._heat(phase, thread, share, chunk))
                self.steps[thread] += chunk
                if not self.settings.steps:
                    chunk = int(np.clip(chunk * CHUNK_S / max(1e-6, time.monotonic() - at), 1000, 2_000_000))
                if thread == 0:
                    self._tell()
            done += phase.share

    def _share(self, thread: int) -> float:
        if self.settings.steps:
            return self.steps[thread] / self.settings.steps
        return (time.monotonic() - self.started) / self.settings.seconds

    def _tell(self) -> None:
        cost = min(int(best.value[0]) for best in self.bests)
        self.progress(min(1.0, self._share(0)), cost if cost < NEVER else -1)
        self.is_stopped = self.is_stopped or self.should_stop()

    def _exchange(self, thread: int) -> None:
        """Wait for the others, then go on from the best plan of all."""
        self.barrier.wait()
        best = min(self.bests, key=lambda found: int(found.value[0]))
        if int(best.value[0]) < NEVER:
            state = self.states[thread]
            fresh = self._again(best, int(state.chance[0]) >> 1)
            self.states[thread] = fresh
        self.barrier.wait()

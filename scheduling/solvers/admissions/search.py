"""The search for an admission plan: annealing in several threads that exchange their best, any-time, told to stop."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from scheduling.model.admissions import AdmissionPlan, AdmissionProblem
from scheduling.solvers.admissions.annealing import Heat, anneal
from scheduling.solvers.admissions.arrays import (
    NEVER,
    W_DELAY,
    W_UNSCHEDULED,
    Best,
    Bound,
    State,
    empty_state,
    fixed_of,
    no_best,
    plan_of,
)
from scheduling.solvers.admissions.starting import (
    Some,
    admit_mandatory,
    any_nurses,
    settle_occupants,
    take_over_stays,
)
from scheduling.solvers.bounds import MOST_THREADS, Deadline, check_bounds, check_counts

CHUNK_S = 0.2
"""How long a thread computes before it looks at the clock and at whether to stop, seconds."""
CHUNK_STEPS = 50_000
"""Steps between two looks where the search is bounded by steps."""
LEAST_CHUNKS = 200
"""Pieces of even the shortest search: temperature and prices change between two of them only."""

START_SHARE = 0.2
"""Of the time, for the best slots of those who must come; who is left by then comes anywhere."""
START_PIECE, START_TRIES = 20, 8
"""Patients between two looks at the clock meanwhile; slots looked at for those who are left."""

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
        check_bounds(self.seconds, self.threads)
        check_counts(seed=self.seed, steps=self.steps)


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
    """A part of the search, cooled in a straight line down to :data:`COLD`.

    Parameters
    ----------
    share : float
        Of the whole search.
    start : float
        Temperature at its start, as a multiple of that of the thread's :class:`Cooling`.
    is_afresh : bool
        Whether rules may be broken at a low price to begin with; else the phase goes on from the best plan of all.
    """

    share: float
    start: float
    is_afresh: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cooling:
    """How a thread goes through a fresh phase.

    Parameters
    ----------
    hot : float
        Temperature to begin with, as a share of :meth:`_Search._scale`.
    rise_share : float
        Part of the phase through which prices of broken rules rise; then rules are as good as never broken any more.
    crowd, overtime : float
        Prices to begin with, of a person too many and of a minute, in weights of an optional patient.
    """

    hot: float
    rise_share: float
    crowd: float
    overtime: float


COOLINGS = (
    Cooling(hot=0.4, rise_share=0.3, crowd=0.1, overtime=0.01),
    Cooling(hot=0.75, rise_share=0.8, crowd=0.05, overtime=0.003),
)
"""By thread in turn. Prices that rise slowly from almost nothing let the plan begin overfull and be thinned out where
it hurts least: strategic oscillation (Glover & Laguna 1997, Tabu Search, section 4.4). Where surgeons' time is short
that needs long and hot; where beds are short the time is better spent within the rules. Which a problem is shows only
when all threads go on from the best.
"""
COLD = 0.3
"""Temperature in the end, as a share of the least weight of all: not even one more nurse for a patient is taken."""
PHASES = (
    Phase(share=0.08, start=1.0, is_afresh=True),  # a usable plan early, whatever happens later
    Phase(share=0.77, start=1.0, is_afresh=True),
    Phase(share=0.15, start=0.2, is_afresh=False),
)
CROWD_PRICE, OVERTIME_PRICE = 1.5, 0.375
"""Both once they have risen: half an hour of overtime then costs more than ten optional patients."""
HARDSHIP_SHARE, MOST_DOUBLINGS = 0.02, 6.0
"""While a thread finds no valid plan although prices have risen, they double after each such share of the search.

At the usual price a mandatory patient who fits nowhere costs less than the optional ones who would have to make room,
and a tightly packed hospital would end without a valid plan.
"""
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
        self.deadline = Deadline(settings.seconds)
        self.fixed = fixed_of(problem)
        room_at = {room.id: index for index, room in enumerate(problem.rooms)}
        # The least weight sets the cold end: the search must still be able to decline the smallest cost.
        weights = self.fixed.weights[self.fixed.weights > 0]
        self.cold = COLD * float(weights.min(initial=1_000_000)) if len(weights) else COLD
        self.unscheduled = float(max(1, self.fixed.weights[W_UNSCHEDULED]))
        self.occupied = np.array([room_at[found.room] for found in problem.occupants], np.int32)
        self.bests = [no_best(self.fixed) for _ in range(settings.threads)]
        self.found = [no_best(self.fixed) for _ in range(settings.threads)]  # within the phase
        self.steps = [0] * settings.threads
        self.states: list[State] = []
        self.barrier = threading.Barrier(settings.threads)
        self.is_stopped = False
        self.risen_at = [0.0] * settings.threads  # since which share of the search a thread is in hardship

    def run(self) -> Outcome:
        """Run all threads and give the best plan."""
        began = self.deadline.now()
        self._warm()
        self.deadline.forgive(self.deadline.now() - began)
        # Threads, not processes: kernels release the interpreter's lock and share the problem's arrays.
        with ThreadPoolExecutor(self.settings.threads) as pool:
            first = self.settings.seed * MOST_THREADS
            self.states = list(pool.map(self._start, range(first, first + self.settings.threads)))
            for future in [pool.submit(self._work, thread) for thread in range(self.settings.threads)]:
                future.result()
        best = min(self.bests, key=lambda found: int(found.value[0]))
        is_valid = int(best.value[0]) < NEVER
        if not is_valid:
            # No valid plan: the one that breaks least, rules priced as at the end of the search.
            crowd, late = self.unscheduled * CROWD_PRICE, self.unscheduled * OVERTIME_PRICE
            state = min(self.states, key=lambda now: crowd * float(now.total[1]) + late * float(now.total[2]))
            best = Best(who=state.who, nurse_of=state.nurse_of, value=best.value)
        return Outcome(
            plan=plan_of(self.problem, best.who, best.nurse_of),
            is_valid=is_valid,
            steps=sum(self.steps),
            seconds=self.deadline.used_s(),
        )

    def _warm(self) -> None:
        """Compile every kernel, with nothing to do for any of them: that on a fresh machine counts for nobody."""
        state, nobody = empty_state(self.fixed, 0), no_best(self.fixed)
        anneal(self.fixed, state, nobody, self._heat(PHASES[-1], 0, 1.0, 0))
        any_nurses(self.fixed, state)
        settle_occupants(self.fixed, state, self.occupied)
        admit_mandatory(self.fixed, state, Bound(0.0, 0.0, 0.0), Some(0, 0, 0))
        take_over_stays(self.fixed, state, nobody.who)

    def _start(self, seed: int) -> State:
        state = empty_state(self.fixed, seed)
        price = self.unscheduled * CROWD_PRICE
        any_nurses(self.fixed, state)
        settle_occupants(self.fixed, state, self.occupied)
        for at in range(0, self.fixed.size.patients, START_PIECE):
            is_late = not self.settings.steps and (self.deadline.share() >= START_SHARE or self.should_stop())
            some = Some(at, min(at + START_PIECE, self.fixed.size.patients), START_TRIES if is_late else 0)
            admit_mandatory(self.fixed, state, Bound(0.0, price, price), some)
        return state

    def _again(self, best: Best, seed: int) -> State:
        """Give a state with all its sums for a plan that a search kept."""
        state = empty_state(self.fixed, seed)
        state.nurse_of[:, :] = best.nurse_of
        settle_occupants(self.fixed, state, self.occupied)
        take_over_stays(self.fixed, state, best.who)
        return state

    def _scale(self) -> float:
        """Give a cost halfway between a day of delay and an optional patient: what packing a plan trades against."""
        delay = float(max(1, self.fixed.weights[W_DELAY]))
        return math.sqrt(delay * self.unscheduled)

    def _heat(self, phase: Phase, thread: int, share: float, steps: int) -> Heat:
        """Give one chunk of a phase; ``share`` of the phase is over."""
        cooling = COOLINGS[thread % len(COOLINGS)]
        hot = max(cooling.hot * self._scale() * phase.start, 2 * self.cold)
        temperature = hot + (self.cold - hot) * min(1.0, share)
        risen = min(1.0, share / cooling.rise_share) if phase.is_afresh else 1.0
        crowd = cooling.crowd * (CROWD_PRICE / cooling.crowd) ** risen
        overtime = cooling.overtime * (OVERTIME_PRICE / cooling.overtime) ** risen
        hardship = self._hardship(thread, risen)
        return Heat(
            steps=steps,
            start=temperature,
            end=temperature,
            nurses=NURSE_SHARES[thread % len(NURSE_SHARES)],
            crowd=self.unscheduled * crowd * hardship,
            overtime=self.unscheduled * overtime * hardship,
            cold=self.unscheduled * 0.01,
        )

    def _hardship(self, thread: int, risen: float) -> float:
        """Give by what the prices of broken rules are multiplied."""
        now = self._share(thread)
        # Only what the thread itself found: what others have found by now depends on the clock, and the same seed
        # shall give the same plan. A valid plan of an earlier, shorter phase is too poor to be content with.
        if risen < 1.0 or int(self.found[thread].value[0]) < NEVER:
            self.risen_at[thread] = now
        doublings = min(MOST_DOUBLINGS, (now - self.risen_at[thread]) / HARDSHIP_SHARE)
        return float(2.0**doublings)

    def _work(self, thread: int) -> None:
        try:
            self._phases(thread)
        except threading.BrokenBarrierError:
            return  # another thread failed, and its error is told
        except BaseException:
            # The others would wait at the barrier for ever.
            self.is_stopped = True
            self.barrier.abort()
            raise

    def _phases(self, thread: int) -> None:
        done = 0.0
        settings = self.settings
        chunk = max(1, min(CHUNK_STEPS, settings.steps // LEAST_CHUNKS)) if settings.steps else CHUNK_STEPS // 10
        chunk_s = min(CHUNK_S, settings.seconds / LEAST_CHUNKS)
        for phase in PHASES:
            if not phase.is_afresh:
                self._exchange(thread)
            self.found[thread] = no_best(self.fixed)
            while not self.is_stopped:
                share = (self._share(thread) - done) / phase.share
                if share >= 1.0:
                    break
                at = self.deadline.now()
                anneal(self.fixed, self.states[thread], self.found[thread], self._heat(phase, thread, share, chunk))
                self._keep(thread)
                self.steps[thread] += chunk
                if not settings.steps:
                    # The chunk follows the machine's speed, so that stopping and telling stay prompt on a slow one.
                    chunk = int(np.clip(chunk * chunk_s / max(1e-6, self.deadline.now() - at), 1000, 2_000_000))
                if thread == 0:
                    self._tell()
            done += phase.share

    def _keep(self, thread: int) -> None:
        """Keep what a phase found, if it is better than what the phases before found."""
        found, best = self.found[thread], self.bests[thread]
        if int(found.value[0]) < int(best.value[0]):
            best.who[:, :] = found.who
            best.nurse_of[:, :] = found.nurse_of
            best.value[:] = found.value

    def _share(self, thread: int) -> float:
        if self.settings.steps:
            return self.steps[thread] / self.settings.steps
        return self.deadline.share()

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

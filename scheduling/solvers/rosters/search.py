"""The search for a roster: a first one, then neighbourhoods of it, freed and solved again.

Where needs alone bind employees to each other, the first one is put together from whole schedules, see
:mod:`scheduling.solvers.rosters.composing`; else constraint programming finds it: one that keeps the musts alone,
before a model with prices is written down. A neighbourhood is some employees over all days, all employees over some
days, or some over some. Its size follows how hard the last ones of its kind were. Threads free different parts of the
best roster of all.

References
----------
Shaw, P. (1998). Using constraint programming and local search methods to solve vehicle routing problems. CP98.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
from ortools.sat.python import cp_model

from scheduling.model.rosters import NO_LIMIT, Assignment, Roster, RosterProblem
from scheduling.rules.rosters import with_legal_rest
from scheduling.solvers.bounds import Deadline
from scheduling.solvers.rosters.composing import ColumnSearch
from scheduling.solvers.rosters.employees import MOST_LIMITS, is_each_alone
from scheduling.solvers.rosters.modelling import RosterModel, hint_all
from scheduling.solvers.rosters.musts import musts_of
from scheduling.solvers.rosters.neighbourhoods import Frame, limit, roster_of
from scheduling.solvers.rosters.reserve import SEEN_PRICE, Demand, kept_after
from scheduling.solvers.rosters.settings import GRACE_S, NotInTime, Progress, RosterSettings, ShouldStop
from scheduling.solvers.rosters.simplifying import simplified
from twin.errors import InputError

FIRST_SHARE = 0.15
"""Of the time, for the first roster."""
MUSTS_SHARE = 0.7
"""Of what is left without any roster, for one that keeps every must, whatever it costs."""
MUSTS_WORK = 0.4
"""Work, as solvers count it, for a first look at the musts of a moderate problem, whatever the clock says: sixty people
and a week take a tenth of it, and without that roster all that comes after has nothing to improve."""
SMALL_CELLS = 1000
"""Employees times days times shifts up to which a problem is first looked at whole."""
COLUMNS_SHARE = 0.9
"""Of the time, for a roster from whole schedules; what it does not need is left to the neighbourhoods."""
MODEL_CELLS = 50_000
"""Employees times days times shifts above which only whole schedules are searched: the model of constraint programming
would take longer to build than it has to search."""
BEGIN_SHARE = 0.4
"""Of the time, for a roster from whole schedules where people are bound to each other by more than needs."""
PIECE_S = 3.0
"""Longest time for one neighbourhood, seconds."""
EASY_S = 0.7
"""A neighbourhood solved to the end within this was too small."""
FIXED_S = 10.0
"""Longest time for looking at a roster with everything fixed, which is no search, seconds."""
SURE_CELLS = 5_000
"""Employees times days times shifts up to which the model is written down in any case: that takes part of a second."""
LAST_WORK = 1.0
"""Work, as solvers count it, for looking at the last roster that is left when the time is over; a busy machine may take
longer for it than a second, but without it there would be none."""
LOOK_S = 0.1
"""How often somebody looks whether a solver is to stop, and tells how far it is, seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterOutcome:
    """What a search found.

    Parameters
    ----------
    roster : Roster
        The best roster.
    price : int
        What the search minimised; with weeks to come it holds paced totals too. -1 where the time was over before
        anything but musts was looked at.
    is_relaxed : bool
        Whether musts had to be broken, or seemed so: no roster that keeps them all was found in time.
    is_optimal : bool
        Whether no better one exists.
    rounds : int
        Neighbourhoods tried.
    """

    roster: Roster
    price: int
    is_relaxed: bool
    is_optimal: bool
    rounds: int


def solve_roster(
    problem: RosterProblem,
    settings: RosterSettings,
    progress: Progress = lambda share, price: None,
    should_stop: ShouldStop = lambda: False,
    start: Roster | None = None,
) -> RosterOutcome:
    """Search for a roster.

    Parameters
    ----------
    problem : RosterProblem
        What is to be rostered.
    settings : RosterSettings
        How long and how.
    progress : Callable, optional
        Hears the share done and the best price.
    should_stop : Callable, optional
        Asked several times a second; True ends the search with what there is.
    start : Roster, optional
        A roster to start from.

    Returns
    -------
    RosterOutcome
        A roster, which breaks musts where none that keeps them was found in time.

    Raises
    ------
    InputError
        If the problem is too large for the time, told with its size; or if weights or numbers allow no roster at all.
    """
    # What the law forbids is no variable of the model: it becomes a forbidden succession as those of the file.
    legal = replace(problem, shifts=with_legal_rest(problem.shifts, problem.rest_minutes))
    return _Search(legal, settings, progress, should_stop).run(start)


@dataclass(slots=True)
class _Best:
    """The best roster so far, as values of the model's variables by index."""

    price: int = 1 << 60
    values: list[int] = field(default_factory=list)
    rounds: int = 0


class _Hearing(cp_model.CpSolverSolutionCallback):
    """Hears of better rosters within one solve."""

    def __init__(self, heard: Callable[[int], None]) -> None:
        super().__init__()
        self._heard = heard

    def on_solution_callback(self) -> None:
        """Tell the price, and ask whether to stop."""
        self._heard(round(self.objective_value))


class _Search:
    def __init__(
        self, problem: RosterProblem, settings: RosterSettings, progress: Progress, should_stop: ShouldStop
    ) -> None:
        self.problem = problem
        self.settings = settings
        self.progress = progress
        self.should_stop = should_stop
        self.deadline = Deadline(settings.seconds)
        self.lock = threading.Lock()
        self.best = _Best()
        self.is_optimal = False
        self.is_relaxed = False
        #: a roster that is there already, of whole schedules or of musts alone, as an outcome
        self.whole: RosterOutcome | None = None
        #: what a solver said of the musts alone; None as long as none was asked
        self.musts: cp_model.CpSolverStatus | None = None
        #: people kept for the day after, see :func:`kept_after`; None for all that may be asked
        self.kept: list[tuple[Demand, int]] | None = None
        #: the price heard last, and when it was told how far the search is
        self.known, self.told_at = -1, float("-inf")

    def run(self, start: Roster | None) -> RosterOutcome:
        """Find a roster, of whole schedules if the model of constraint programming cannot be had in time."""
        try:
            return self._run(start)
        except NotInTime:
            if self.whole is None:
                raise InputError(self._too_large(), code="roster.too_large") from None
            return self._as_it_is(self.whole)

    def _run(self, start: Roster | None) -> RosterOutcome:
        """Find a first roster, then better ones."""
        n_cells = self._n_cells()
        is_vast = n_cells > MODEL_CELLS
        most_limits = NO_LIMIT if is_vast else MOST_LIMITS
        is_alone = (start is None or is_vast) and is_each_alone(self.problem, most_limits)
        made: RosterModel | None = None
        if is_alone and n_cells <= SMALL_CELLS and not self.settings.iterations:
            # constraint programming may prove the best roster of a small problem, which schedules cannot
            made = self._model()
            self._first(made, None, FIRST_SHARE * self.settings.seconds)
        whole: Roster | None = None
        if is_alone and not self.is_optimal:
            is_all = is_vast or self.settings.iterations > 0
            whole = self._of_columns(self.problem, 1.0 if is_all else COLUMNS_SHARE)
            if self.whole is not None and is_all:
                return self._as_it_is(self.whole)
            self.is_optimal = self.whole is not None and self.whole.is_optimal
        elif start is None and n_cells > SMALL_CELLS and (easier := simplified(self.problem, most_limits)) is not None:
            found = self._of_columns(easier.problem, BEGIN_SHARE)
            whole = None if found is None else easier.roster(found)
            if self.whole is not None and whole is not None:
                self.whole = replace(self.whole, roster=whole, is_optimal=False)
        valid: Roster | None = None
        if whole is None and not self.best.values:
            # before the whole model is written down: with this one there is something to give, whatever happens
            valid = self._find_valid(start)
            if valid is not None and self._is_over():
                raise NotInTime
        made = made or self._model(kept=self.kept)
        is_taken = whole is not None and self._take_over(made, whole)
        if not is_taken and not self.best.values:
            made = self._find_first(made, start or whole, valid)
        if not self.is_optimal:
            with ThreadPoolExecutor(self.settings.threads) as pool:
                for future in [pool.submit(self._work, thread, made) for thread in range(self.settings.threads)]:
                    future.result()
        self.progress(1.0, self.best.price)
        return RosterOutcome(
            roster=roster_of(made, self.best.values),
            price=self.best.price,
            is_relaxed=self.is_relaxed,
            is_optimal=self.is_optimal,
            rounds=self.best.rounds,
        )

    def _as_it_is(self, whole: RosterOutcome) -> RosterOutcome:
        """Give a roster of whole schedules without looking at it with constraint programming."""
        self.progress(1.0, whole.price)
        return whole

    def _n_cells(self) -> int:
        return len(self.problem.employees) * self.problem.days * len(self.problem.shifts)

    def _too_large(self) -> str:
        people, days, shifts = len(self.problem.employees), self.problem.days, len(self.problem.shifts)
        return (
            f"roster: {people} people, {days} days and {shifts} shifts are {self._n_cells()} choices, too many for "
            f"{self.settings.seconds:g} s: give more seconds, or fewer days, people or shifts."
        )

    def _model(
        self,
        problem: RosterProblem | None = None,
        *,
        is_relaxed: bool = False,
        kept: Sequence[tuple[Demand, int]] | None = None,
    ) -> RosterModel:
        """Write the model of the problem, or of one like it, down, as long as there is time."""
        began, is_sure = self.deadline.now(), self._n_cells() <= SURE_CELLS

        def look() -> None:
            if not is_sure and self.deadline.now() - began > GRACE_S and self._is_over():
                raise NotInTime

        return RosterModel(problem or self.problem, is_relaxed=is_relaxed, look=look, kept=kept)

    def _of_columns(self, problem: RosterProblem, share: float) -> Roster | None:
        """Look for a roster made of whole schedules; None where somebody has no schedule."""
        search = ColumnSearch(
            problem,
            self.settings,
            self._heard,
            self._asked,
            now=self.deadline.now,
        )
        began = self.deadline.now()
        search.warm()
        # Compiling on a fresh machine does not count against the time asked for.
        self.deadline.forgive(self.deadline.now() - began)
        roster = search.run(share * max(0.0, self._left_s()))
        if roster is not None:
            standing = search.standing
            self.whole = RosterOutcome(
                roster=roster,
                price=round(standing.best.price),
                is_relaxed=standing.is_short(),
                is_optimal=standing.is_proven(),
                rounds=standing.seeker.sought,
            )
        return roster

    def _take_over(self, made: RosterModel, roster: Roster, *, is_sure: bool = False) -> bool:
        """Take a roster as the best so far; gives whether it keeps every must, which may be known."""
        values = [0] * len(made.model.proto.variables)
        for var, value in made.values(roster):
            values[var.index] = value
        nothing = np.zeros((len(self.problem.employees), self.problem.days), np.bool_)
        found = Frame(made).solve(values, nothing, *self._bound(is_counted=is_sure))
        if not found.values and self.is_relaxed:
            found = Frame(made).solve(values, nothing, *self._bound(is_counted=True))
        if found.values and found.price <= self.best.price:
            self.best.price, self.best.values = found.price, found.values
        if not found.values and self.whole is not None and self._is_over():
            # nothing is known against it but that there was no time to look
            raise NotInTime
        return bool(found.values)

    def _bound(self, *, is_counted: bool) -> tuple[float, RosterSettings]:
        """Give how long to look at a roster with everything fixed: by the clock, or by a count of work."""
        if is_counted:
            return LAST_WORK, replace(self.settings, iterations=1)
        return self._within(FIXED_S), self.settings

    def _find_first(self, made: RosterModel, start: Roster | None, valid: Roster | None) -> RosterModel:
        """Find a first roster by constraint programming; gives the model, in which musts may be broken if need be."""
        first_s = FIRST_SHARE * self.settings.seconds
        if self.musts is None:
            # whole schedules were there, but together they break a must
            valid = self._find_valid(start)
        status = cp_model.UNKNOWN
        if valid is not None and self._take_over(made, valid, is_sure=True):
            self._first(made, None, first_s)
        elif valid is not None or (self.musts == cp_model.UNKNOWN and self._n_cells() <= SMALL_CELLS):
            status = self._first(made, start, first_s)
        if self.best.values:
            return made
        if valid is not None and status != cp_model.MODEL_INVALID:
            raise NotInTime
        self.is_relaxed = True
        made = self._model(is_relaxed=True)
        status = self._first(made, None, MUSTS_SHARE * self._left_s())
        if status in (cp_model.INFEASIBLE, cp_model.MODEL_INVALID):
            told = "No roster keeps one shift a day, skills and leave: check weights and numbers."
            raise InputError(told, code="roster.impossible")
        # nothing is a must but one shift a day, skills and leave: days off for all but who is pinned keep those
        if not self.best.values and not self._take_over(made, Roster(assignments=self._pinned())):
            raise NotInTime
        return made

    def _find_valid(self, start: Roster | None) -> Roster | None:
        """Find a roster that keeps every must, and people for the day after it if it can; prices left aside.

        A week that keeps too few people makes the next one impossible, whatever its wishes cost.
        """
        musts, levels = musts_of(self.problem), kept_after(self.problem)
        for at, level in enumerate(levels):
            made = self._model(musts, kept=[one for one in level if one[1] >= SEEN_PRICE])
            for missing, _ in made.reserve:
                made.model.add(missing == 0)
            made.model.proto.clear_objective()
            if start is not None:
                made.hint(start)
            share = MUSTS_SHARE / (len(levels) - at)
            if values := self._solve_musts(made, share):
                self.kept = level or None
                found = roster_of(made, values)
                self.whole = RosterOutcome(roster=found, price=-1, is_relaxed=False, is_optimal=False, rounds=0)
                return found
        return None

    def _solve_musts(self, made: RosterModel, share: float) -> list[int]:
        """Solve a model of musts alone within a share of what is left; gives its values, none if none are found."""
        self.musts = cp_model.UNKNOWN
        solver = self._solver(1)
        if self._n_cells() <= SURE_CELLS:
            limit(solver, MUSTS_WORK, replace(self.settings, iterations=1))
            self.musts = solver.solve(made.model)
        if self.musts == cp_model.UNKNOWN:
            solver = self._solver(self.settings.threads)
            limit(solver, self._within(share * self._left_s()), self.settings)
            with self._watched(solver):
                self.musts = solver.solve(made.model)
        is_found = self.musts in (cp_model.OPTIMAL, cp_model.FEASIBLE)
        # as values of all variables: cells are taken from them by index
        return list(solver.response_proto.solution) if is_found else []

    def _pinned(self) -> tuple[Assignment, ...]:
        away = {one.id: one.days_off for one in self.problem.employees}
        return tuple(pin for pin in self.problem.pins if pin.shift and pin.day not in away[pin.employee])

    def _share(self) -> float:
        if self.settings.iterations:
            return self.best.rounds / self.settings.iterations
        return self.deadline.share()

    def _is_over(self) -> bool:
        is_over = self._share() >= 1 if self.settings.iterations else self._left_s() <= 0.05
        return is_over or self.is_optimal or self._tell()

    def _left_s(self) -> float:
        """Give the seconds that are left; all of them where iterations bound the search."""
        return self.settings.seconds if self.settings.iterations else self.deadline.left_s()

    def _within(self, seconds: float) -> float:
        """Give how long a step may take that is worth so many seconds."""
        return max(0.05, min(seconds, self._left_s()))

    def _tell(self) -> bool:
        """Tell how far it is; gives whether to stop."""
        self.progress(min(1.0, self._share()), self.best.price if self.best.values else self.known)
        return self.should_stop()

    def _heard(self, price: int) -> None:
        """Tell a better price; called from the threads and solvers that find it."""
        self.known = price
        self.progress(min(1.0, self._share()), price)

    def _asked(self) -> bool:
        """Tell whether to stop; called thousands of times a second, so how far it is is told now and then only."""
        now = self.deadline.now()
        if now - self.told_at < LOOK_S:
            return self.should_stop()
        self.told_at = now
        return self._tell()

    def _solver(self, workers: int) -> cp_model.CpSolver:
        """Give a solver without a bound."""
        solver = cp_model.CpSolver()
        solver.parameters.catch_sigint_signal = False  # Ctrl-C is heard by the command, for all searches
        solver.parameters.num_workers = workers
        solver.parameters.random_seed = self.settings.seed
        return solver

    def _first(self, made: RosterModel, start: Roster | None, seconds: float) -> cp_model.CpSolverStatus:
        """Solve the whole model, and take over what is found if it is better."""
        if self.best.values:
            hint_all(made.model, self.best.values)
        elif start is not None:
            made.hint(start)
        solver = self._solver(self.settings.threads)
        limit(solver, self._within(seconds), self.settings)
        with self._watched(solver):
            status = solver.solve(made.model, _Hearing(self._heard))
        if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            # As values of all variables: hints and fixed cells are taken from them by index.
            values = list(solver.response_proto.solution)
            price = made.price(values)
            if price <= self.best.price:
                self.best.price, self.best.values = price, values
            self.is_optimal = status == cp_model.OPTIMAL
        return status

    @contextmanager
    def _watched(self, solver: cp_model.CpSolver) -> Iterator[None]:
        """Look on while a solver is at work, which itself tells nothing as long as it finds nothing."""
        ended = threading.Event()

        def look() -> None:
            while not ended.wait(LOOK_S):
                if self._is_over():
                    solver.stop_search()

        watching = threading.Thread(target=look, daemon=True)
        watching.start()
        try:
            yield
        finally:
            ended.set()
            watching.join()

    def _work(self, thread: int, made: RosterModel) -> None:
        """Free and solve neighbourhoods until the time is over."""
        chance = np.random.default_rng([self.settings.seed, thread])
        frame = Frame(made)
        sizes = {"people": 4.0, "days": 4.0, "both": 6.0}
        while not self._is_over():
            kind = list(sizes)[int(chance.integers(len(sizes)))]
            free = frame.free(kind, max(1, round(sizes[kind])), chance)
            # Copied under the lock: another thread may exchange the best meanwhile.
            with self.lock:
                values = list(self.best.values)
            settings = replace(self.settings, seed=int(chance.integers(1 << 30)))
            found = frame.solve(values, free, self._within(PIECE_S), settings)
            # Sizes follow the hardness: solved to the end too fast means too small, not solved means too large.
            if found.is_whole and found.took < EASY_S:
                sizes[kind] *= 1.12
            elif not found.is_whole:
                sizes[kind] = max(2.0, sizes[kind] * 0.88)
            with self.lock:
                self.best.rounds += 1
                if found.values and found.price <= self.best.price:
                    # Equal prices are taken too: walking along a plateau leaves it in the end.
                    self.best.price, self.best.values = found.price, found.values
                is_everything = free.all()
                self.is_optimal = self.is_optimal or (found.is_whole and bool(is_everything))

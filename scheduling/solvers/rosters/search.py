"""The search for a roster: a first one, then neighbourhoods of it, freed and solved again.

Where needs alone bind employees to each other, the first one is put together from whole schedules, see
:mod:`scheduling.solvers.rosters.composing`; else constraint programming finds it. A neighbourhood is some employees
over all days, all employees over some days, or some over some. Its size follows how hard the last ones of its kind
were. Threads free different parts of the best roster of all.

References
----------
Shaw, P. (1998). Using constraint programming and local search methods to solve vehicle routing problems. CP98.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np
from ortools.sat.python import cp_model

from scheduling.model.rosters import Assignment, Roster, RosterProblem
from scheduling.rules.rosters import with_legal_rest
from scheduling.solvers.rosters.composing import ColumnSearch
from scheduling.solvers.rosters.employees import is_each_alone
from scheduling.solvers.rosters.modelling import RosterModel
from scheduling.solvers.rosters.settings import Progress, RosterSettings, ShouldStop
from scheduling.solvers.rosters.simplifying import simplified
from twin.errors import InputError

FIRST_SHARE = 0.15
"""Of the time, for the first roster."""
SMALL_CELLS = 1000
"""Employees times days times shifts up to which a problem is first looked at whole."""
COLUMNS_SHARE = 0.9
"""Of the time, for a roster from whole schedules; what it does not need is left to the neighbourhoods."""
MODEL_CELLS = 50_000
"""Employees times days times shifts above which only whole schedules are searched: the model of constraint programming
would take longer to build than it has to search."""
BEGIN_SHARE = 0.4
"""Of the time, for a roster from whole schedules where people are bound to each other by more than needs."""
MUSTS_S = 10.0
"""At least so long is a roster looked for that keeps every must, whatever it costs and however short the time is."""
PIECE_S = 3.0
"""Longest time for one neighbourhood, seconds."""
EASY_S = 0.7
"""A neighbourhood solved to the end within this was too small."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterOutcome:
    """What a search found.

    Parameters
    ----------
    roster : Roster
        The best roster.
    price : int
        What the search minimised; with weeks to come it holds paced totals too.
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
        A roster in any case.
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
        self.started = time.monotonic()
        self.lock = threading.Lock()
        self.best = _Best()
        self.is_optimal = False
        self.is_relaxed = False

    def run(self, start: Roster | None) -> RosterOutcome:
        """Find a first roster, then better ones."""
        is_alone = start is None and is_each_alone(self.problem)
        n_cells = len(self.problem.employees) * self.problem.days * len(self.problem.shifts)
        made: RosterModel | None = None
        if is_alone and n_cells <= SMALL_CELLS and not self.settings.iterations:
            # constraint programming may prove the best roster of a small problem, which schedules cannot
            made = RosterModel(self.problem)
            self._first(made, None, FIRST_SHARE * self.settings.seconds)
        whole: Roster | None = None
        if is_alone and not self.is_optimal:
            is_all = n_cells > MODEL_CELLS or self.settings.iterations > 0
            search, whole = self._of_columns(self.problem, 1.0 if is_all else COLUMNS_SHARE)
            if whole is not None and is_all:
                return self._as_it_is(search, whole)
            self.is_optimal = whole is not None and search.standing.is_proven()
        elif start is None and n_cells > SMALL_CELLS and (easier := simplified(self.problem)) is not None:
            _, found = self._of_columns(easier.problem, BEGIN_SHARE)
            whole = None if found is None else easier.roster(found)
        made = made or RosterModel(self.problem)
        is_taken = whole is not None and self._take_over(made, whole)
        if not is_taken and not self.best.values:
            made = self._find_first(made, start or whole)
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

    def _of_columns(self, problem: RosterProblem, share: float) -> tuple[ColumnSearch, Roster | None]:
        """Look for a roster made of whole schedules; None where somebody has no schedule."""
        search = ColumnSearch(
            problem,
            self.settings,
            lambda price: self.progress(min(1.0, self._share()), price),
            self.should_stop,
        )
        began = time.monotonic()
        search.warm()
        # Compiling on a fresh machine does not count against the time asked for.
        self.started += time.monotonic() - began
        return search, search.run(share * max(0.0, self._left_s()))

    def _as_it_is(self, search: ColumnSearch, roster: Roster) -> RosterOutcome:
        """Give a roster of whole schedules without looking at it with constraint programming."""
        standing = search.standing
        self.progress(1.0, round(standing.best.price))
        return RosterOutcome(
            roster=roster,
            price=round(standing.best.price),
            is_relaxed=standing.is_short(),
            is_optimal=standing.is_proven(),
            rounds=standing.seeker.sought,
        )

    def _take_over(self, made: RosterModel, roster: Roster) -> bool:
        """Take a roster as the best so far; gives whether it keeps every must."""
        values = [0] * len(made.model.proto.variables)
        for var, value in made.values(roster):
            values[var.index] = value
        nothing = np.zeros((len(self.problem.employees), self.problem.days), np.bool_)
        found = _Frame(made).solve(values, nothing, MUSTS_S, self.settings)
        if found.values and found.price <= self.best.price:
            self.best.price, self.best.values = found.price, found.values
        return bool(found.values)

    def _find_first(self, made: RosterModel, start: Roster | None) -> RosterModel:
        """Find a first roster by constraint programming; gives the model, in which musts may be broken if need be."""
        first_s = FIRST_SHARE * self.settings.seconds
        status = self._first(made, start, first_s)
        if status == cp_model.UNKNOWN:
            # any roster that keeps every must is worth more than a proof that there is none: prices come later
            status = self._first(made, start, max(MUSTS_S, 2 * first_s), has_prices=False)
        if self.best.values:
            return made
        self.is_relaxed = True
        made = RosterModel(self.problem, is_relaxed=True)
        while not self.best.values:  # nothing is a must but one shift a day, skills and leave: only time is needed
            status = self._first(made, None, max(2.0, first_s))
            if status in (cp_model.INFEASIBLE, cp_model.MODEL_INVALID):
                told = "No roster keeps one shift a day, skills and leave: check weights and numbers."
                raise InputError(told, code="roster.impossible")
        return made

    def _share(self) -> float:
        if self.settings.iterations:
            return self.best.rounds / self.settings.iterations
        return (time.monotonic() - self.started) / self.settings.seconds

    def _is_over(self) -> bool:
        is_over = self._share() >= 1 if self.settings.iterations else self._left_s() <= 0.05
        return is_over or self.is_optimal or self._tell()

    def _left_s(self) -> float:
        return self.settings.seconds - (time.monotonic() - self.started)

    def _tell(self) -> bool:
        """Tell how far it is; gives whether to stop."""
        known = self.best.price if self.best.values else -1
        self.progress(min(1.0, self._share()), known)
        return self.should_stop()

    def _first(
        self, made: RosterModel, start: Roster | None, seconds: float, *, has_prices: bool = True
    ) -> cp_model.CpSolverStatus:
        if start is not None:
            made.hint(start)
        model = made.model
        if not has_prices:
            model = made.model.clone()
            model.proto.clear_objective()
        solver = cp_model.CpSolver()
        solver.parameters.catch_sigint_signal = False  # Ctrl-C is heard by the command, for all searches
        solver.parameters.num_workers = self.settings.threads
        solver.parameters.random_seed = self.settings.seed
        _limit(solver, seconds, self.settings)

        # Called from the solver's own threads.
        def heard(price: int) -> None:
            self.progress(min(1.0, self._share()), price)
            if self.should_stop():
                solver.stop_search()

        status = solver.solve(model, _Hearing(heard if has_prices else lambda price: None))
        if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            # As values of all variables: hints and fixed cells are taken from them by index.
            self.best.values = list(solver.response_proto.solution)
            self.best.price = made.price(self.best.values)
            self.is_optimal = status == cp_model.OPTIMAL and has_prices
        return status

    def _work(self, thread: int, made: RosterModel) -> None:
        """Free and solve neighbourhoods until the time is over."""
        chance = np.random.default_rng([self.settings.seed, thread])
        frame = _Frame(made)
        sizes = {"people": 4.0, "days": 4.0, "both": 6.0}
        while not self._is_over():
            kind = list(sizes)[int(chance.integers(len(sizes)))]
            free = frame.free(kind, max(1, round(sizes[kind])), chance)
            # Copied under the lock: another thread may exchange the best meanwhile.
            with self.lock:
                values = list(self.best.values)
            seconds = PIECE_S if self.settings.iterations else min(PIECE_S, max(0.05, self._left_s()))
            found = frame.solve(values, free, seconds, replace(self.settings, seed=int(chance.integers(1 << 30))))
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


@dataclass(frozen=True, slots=True)
class _Found:
    price: int
    values: list[int]
    is_whole: bool
    took: float


def _limit(solver: cp_model.CpSolver, seconds: float, settings: RosterSettings) -> None:
    """Bound a solve by time, or by the solver's own count of work, about as much as a second of it for a second."""
    if settings.iterations:
        solver.parameters.max_deterministic_time = seconds
    else:
        solver.parameters.max_time_in_seconds = seconds


class _Frame:
    """A copy of the model in which days can be fixed and freed again."""

    def __init__(self, made: RosterModel) -> None:
        self.problem = made.problem
        self.model = made.model.clone()
        self.cells = [
            [
                [made.off[e][d].index, *(var.index for var in made.works[e][d].values())]
                for d in range(made.problem.days)
            ]
            for e in range(len(made.problem.employees))
        ]
        variables = self.model.proto.variables
        self.domains = {i: tuple(variables[i].domain) for row in self.cells for cell in row for i in cell}

    def free(self, kind: str, size: int, chance: np.random.Generator) -> np.ndarray:
        """Give which days of which employees are free, shape ``(n_employees, n_days)``."""
        n, days = len(self.problem.employees), self.problem.days
        free = np.zeros((n, days), np.bool_)
        if kind == "people":
            free[chance.permutation(n)[:size]] = True
        elif kind == "days":
            first = int(chance.integers(-size + 1, days))
            free[:, max(0, first) : first + size] = True
        else:
            length = min(days, 7 + int(chance.integers(8)))
            first = int(chance.integers(max(1, days - length + 1)))
            free[chance.permutation(n)[: 2 * size], first : first + length] = True
        return free

    def solve(self, values: list[int], free: np.ndarray, seconds: float, settings: RosterSettings) -> _Found:
        """Solve with everything fixed that is not free."""
        variables = self.model.proto.variables
        for row, open_row in zip(self.cells, free, strict=True):
            for cell, is_free in zip(row, open_row, strict=True):
                for index in cell:
                    low, high = self.domains[index] if is_free else (values[index], values[index])
                    variables[index].domain[0] = low
                    variables[index].domain[1] = high
        hint = self.model.proto.solution_hint
        hint.vars.clear()
        hint.values.clear()
        hint.vars.extend(range(len(values)))
        hint.values.extend(values)
        solver = cp_model.CpSolver()
        solver.parameters.catch_sigint_signal = False  # Ctrl-C is heard by the command, for all searches
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = settings.seed
        _limit(solver, seconds, settings)
        status = solver.solve(self.model)
        took = solver.response_proto.deterministic_time if settings.iterations else solver.wall_time
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return _Found(1 << 60, [], is_whole=False, took=took)
        price = round(solver.objective_value)
        return _Found(price, list(solver.response_proto.solution), is_whole=status == cp_model.OPTIMAL, took=took)


def roster_of(made: RosterModel, values: list[int]) -> Roster:
    """Give the roster that values of a model's variables mean."""
    found = []
    for index, employee in enumerate(made.problem.employees):
        for day, shifts in enumerate(made.works[index]):
            for shift, var in shifts.items():
                if values[var.index]:
                    skills = [
                        skill
                        for skill in sorted(employee.skills)
                        if (index, day, shift, skill) in made.skilled
                        and values[made.skilled[index, day, shift, skill].index]
                    ]
                    skill = skills[0] if skills else ""
                    found.append(Assignment(employee=employee.id, day=day, shift=shift, skill=skill))
    return Roster(assignments=tuple(found))

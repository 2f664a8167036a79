"""Schedules as columns of a linear program: what they cost, what people on a shift are worth, and who finds them.

References
----------
Desaulniers, G., Desrosiers, J., Solomon, M. M. (2005). Column Generation. Springer, chapter 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ortools.linear_solver import pywraplp

from scheduling.model.rosters import RosterProblem
from scheduling.solvers.bounds import MOST_SECONDS
from scheduling.solvers.rosters.employees import person_of, price_of, prices_of
from scheduling.solvers.rosters.modelling import HARD_PRICE
from scheduling.solvers.rosters.persons import REST, Longs, Reals, kinds_of
from scheduling.solvers.rosters.schedules import Ask, Extent, Space, best_ends, read_back, space_for
from scheduling.solvers.rosters.tolls import seek

LITTLE = 1e-6
WIDTH = 48
"""Labels of a kind that go on."""
NARROW = 10
"""The same for a first look."""
HASTY = 5
"""The same for a look that is repeated thousands of times."""
FIRST_ROOM = 256
"""Schedules that a program has room for at first."""
NO_SCHEDULE = 1e7
"""Price of an employee without a schedule: only while none that fits the others is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A schedule of one employee.

    Parameters
    ----------
    employee : int
        By number.
    shifts : tuple[int, ...]
        Number of the shift of each day, :data:`REST` for a day off.
    price : float
        What it costs by itself.
    """

    employee: int
    shifts: tuple[int, ...]
    price: float

    def cells(self) -> list[tuple[int, int]]:
        """Give day and shift of each day at work."""
        return [(day, shift) for day, shift in enumerate(self.shifts) if shift != REST]

    def with_prices(self, worth: Reals) -> float:
        """Give the price with what each day and shift adds, shape ``(days, shifts)``."""
        return float(self.price + sum(worth[at] for at in self.cells()))


class Needs:
    """What people on a shift are worth.

    Parameters
    ----------
    problem : RosterProblem
        Needs by day and shift; several of the same add up.
    """

    def __init__(self, problem: RosterProblem) -> None:
        names = [shift.id for shift in problem.shifts]
        self.needs = problem.needs
        self.at = [(need.day, names.index(need.shift)) for need in problem.needs]
        self.shape = (problem.days, len(names))
        most = len(problem.employees) + 1
        #: price of a number of people on a shift, shape (days, shifts, number)
        self.table = np.zeros((*self.shape, most + 1))
        n = np.arange(most + 1)
        for need, (day, shift) in zip(self.needs, self.at, strict=True):
            self.table[day, shift] += need.under * np.maximum(0, need.preferred - n)
            self.table[day, shift] += need.over * np.maximum(0, n - need.preferred)
            self.table[day, shift] += HARD_PRICE * np.maximum(0, need.minimum - n)
        self._rows = np.arange(problem.days)[:, None], np.arange(len(names))[None, :]

    def price(self, present: Longs) -> float:
        """Give what numbers of people cost, shape ``(days, shifts)``."""
        return float(self.price_by_cell(present).sum())

    def price_by_cell(self, present: Longs) -> Reals:
        """Give what the number of people on each day and shift costs, shape ``(days, shifts)``."""
        found: Reals = self.table[(*self._rows, present)]
        return found

    def of_one_more(self, present: Longs) -> Reals:
        """Give what one more on each shift costs, below 0 where one is missing."""
        found: Reals = self.table[(*self._rows, present + 1)] - self.table[(*self._rows, present)]
        return found


class Seeker:
    """Finds schedules for prices, in the room of each thread.

    Parameters
    ----------
    problem : RosterProblem
        One for which :func:`scheduling.solvers.rosters.employees.is_each_alone` holds.
    threads : int
        Threads that look for schedules side by side.
    """

    def __init__(self, problem: RosterProblem, threads: int) -> None:
        self.persons = [person_of(problem, employee) for employee in problem.employees]
        self.prices = [prices_of(problem, employee) for employee in problem.employees]
        self.threads = min(threads, len(self.persons))
        extent = Extent(
            people=len(self.persons),
            days=problem.days,
            kinds=max(kinds_of(person) for person in self.persons),
            befores=max(len(person.may_follow) for person in self.persons),
            shifts=len(problem.shifts),
            limits=max(len(person.limits) for person in self.persons),
        )
        self.wide = [space_for(extent, WIDTH) for _ in range(self.threads)]
        self.narrow = [space_for(extent, NARROW) for _ in range(self.threads)]
        self.hasty = [space_for(extent, HASTY) for _ in range(self.threads)]
        #: schedules looked for so far
        self.sought = 0
        #: what nobody's schedules are below, for the prices of the last look for each
        self.bounds = np.zeros(len(self.persons))

    def best(
        self, employee: int, worth: Reals, space: Space, *, most: int = 1, below: float = float("inf")
    ) -> list[tuple[float, Column]]:
        """Give the cheapest schedules of an employee, with the prices of needs added, the best first.

        Parameters
        ----------
        employee : int
            By number.
        worth : Reals
            What is added to the price of each day and shift.
        space : Space
            Room of the thread; with more labels more is found, and later.
        most : int
            Schedules wanted; each ends in another kind of day.
        below : float
            Price that they have to be below.
        """
        person, prices = self.persons[employee], self.prices[employee]
        self.sought += 1
        self.bounds[employee] = seek(person, Ask(prices.shift + worth, prices.rest, below), space)
        places, ends = np.zeros(kinds_of(person), np.int64), np.zeros(kinds_of(person))
        best_ends(person, space, places, ends)
        found = []
        shifts = np.zeros(person.days, np.int64)
        for kind in np.argsort(ends, kind="stable")[:most].tolist():
            # labels are let go by what they pay in tolls too, so some that are left are not below the price
            if places[kind] < 0 or ends[kind] >= below:
                break
            read_back(person, space, kind, int(places[kind]), shifts)
            column = Column(employee=employee, shifts=tuple(shifts.tolist()), price=price_of(person, prices, shifts))
            found.append((float(ends[kind]), column))
        return found

    def thorough(
        self, employee: int, worth: Reals, thread: int, *, most: int = 1, below: float = float("inf")
    ) -> list[tuple[float, Column]]:
        """Give the cheapest schedules of an employee as :meth:`best` does, looking with few labels first.

        What they find bounds the look with many, which then has little left to look at.
        """
        first = self.best(employee, worth, self.narrow[thread], most=most, below=below)
        bound = self.bounds[employee]
        below = first[0][0] - LITTLE if first else below
        found = (self.best(employee, worth, self.wide[thread], most=most, below=below) + first)[:most]
        self.bounds[employee] = max(bound, self.bounds[employee])
        return found


class Master:
    """The linear program over the schedules known so far.

    Parameters
    ----------
    needs : Needs
        What is to be covered.
    employees : Sequence[int]
        By number; each takes one schedule.
    present : Longs
        Who is there besides, shape ``(days, shifts)``.
    """

    def __init__(self, needs: Needs, employees: Sequence[int], present: Longs) -> None:
        self.needs = needs
        self.employees = list(employees)
        self.present = present
        self.columns: list[Column] = []
        #: for each schedule the numbers of its cells, filled up with the number behind the last cell
        self.cells = np.zeros((FIRST_ROOM, needs.shape[0]), np.int64)
        self.prices = np.zeros(FIRST_ROOM)
        self.owners = np.zeros(FIRST_ROOM, np.int64)
        self.known: set[tuple[int, tuple[int, ...]]] = set()
        self.solver = pywraplp.Solver.CreateSolver("GLOP")
        # a program made simpler first cannot go on from where the last one ended
        self.solver.SetSolverSpecificParametersAsString("use_preprocessing: false")
        endless = self.solver.infinity()
        self.goal = self.solver.Objective()
        self.people = {employee: self.solver.Constraint(1, 1) for employee in self.employees}
        self.rows = []
        self.rows_at: dict[tuple[int, int], list[pywraplp.Constraint]] = {}
        for need, at in zip(needs.needs, needs.at, strict=True):
            left = need.preferred - int(present[at])
            row = self.solver.Constraint(left, left)
            few, many = self.solver.NumVar(0, endless, ""), self.solver.NumVar(0, endless, "")
            row.SetCoefficient(few, 1)
            row.SetCoefficient(many, -1)
            self.goal.SetCoefficient(few, need.under)
            self.goal.SetCoefficient(many, need.over)
            if need.minimum > 0:
                few.SetUb(max(0, need.preferred - need.minimum))
                none = self.solver.NumVar(0, endless, "")
                row.SetCoefficient(none, 1)
                self.goal.SetCoefficient(none, need.under + HARD_PRICE)
            self.rows.append(row)
            self.rows_at.setdefault(at, []).append(row)
        for row in self.people.values():
            none = self.solver.NumVar(0, endless, "")
            row.SetCoefficient(none, 1)
            self.goal.SetCoefficient(none, NO_SCHEDULE)
        self.goal.SetMinimization()
        self.is_solved = False
        self.shares: list[pywraplp.Variable] = []

    def add(self, column: Column) -> bool:
        """Add a schedule; gives whether it is new."""
        key = (column.employee, column.shifts)
        if key in self.known:
            return False
        self.known.add(key)
        share = self.solver.NumVar(0, self.solver.infinity(), "")
        self.goal.SetCoefficient(share, column.price)
        self.people[column.employee].SetCoefficient(share, 1)
        for at in column.cells():
            for row in self.rows_at.get(at, ()):
                row.SetCoefficient(share, 1)
        n = len(self.columns)
        if n == len(self.prices):
            self.cells, self.prices, self.owners = (
                np.concatenate([one, np.zeros_like(one)]) for one in (self.cells, self.prices, self.owners)
            )
        days, shifts = self.needs.shape
        self.cells[n] = [
            day * shifts + shift if shift != REST else days * shifts for day, shift in enumerate(column.shifts)
        ]
        self.prices[n], self.owners[n] = column.price, column.employee
        self.columns.append(column)
        self.shares.append(share)
        return True

    def with_prices(self, worth: Reals) -> Reals:
        """Give the price of each schedule with what each day and shift adds, shape ``(days, shifts)``."""
        n = len(self.columns)
        found: Reals = self.prices[:n] + np.append(worth.ravel(), 0.0)[self.cells[:n]].sum(axis=1)
        return found

    def cheapest(self, worth: Reals) -> Reals:
        """Give the price of the cheapest schedule of each employee of the program, infinite for none."""
        least = np.full(max(self.employees) + 1, np.inf)
        np.minimum.at(least, self.owners[: len(self.columns)], self.with_prices(worth))
        return least[self.employees]

    def reduced(self) -> Reals:
        """Give what each schedule costs above what the program pays for it at its own prices."""
        people, worth = self.duals()
        paid = np.zeros(max(self.employees) + 1)
        paid[list(people)] = list(people.values())
        found: Reals = self.with_prices(-worth) - paid[self.owners[: len(self.columns)]]
        return found

    def solve(self, seconds: float = float("inf")) -> float:
        """Solve within so many seconds; gives the price, infinite if that was too short."""
        if seconds < MOST_SECONDS:
            self.solver.SetTimeLimit(max(1, int(1000 * seconds)))
        self.is_solved = self.solver.Solve() == pywraplp.Solver.OPTIMAL
        # numerical trouble is rare; then there are neither shares nor prices to go on with
        return float(self.goal.Value()) if self.is_solved else float("inf")

    def duals(self) -> tuple[dict[int, float], Reals]:
        """Give the price of each employee, and of one more person on each day and shift."""
        worth = np.zeros(self.needs.shape)
        for row, at in zip(self.rows, self.needs.at, strict=True):
            worth[at] += row.dual_value()
        return {employee: row.dual_value() for employee, row in self.people.items()}, worth

    def bound(self, worth: Reals) -> float:
        """Give the least that gaps and the people wanted cost at prices of one more person each."""
        table = self.needs.table
        n = np.arange(table.shape[2])
        # there are at least those who are present besides
        may = n >= self.present[:, :, None]
        costs = np.where(may, table + worth[:, :, None] * (n - self.present[:, :, None]), np.inf)
        return float(costs.min(axis=2).sum())

    def values(self) -> Reals:
        """Give the share of each schedule."""
        return np.array([share.solution_value() for share in self.shares])

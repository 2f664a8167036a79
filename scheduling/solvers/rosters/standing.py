"""What the threads of a search for whole schedules share: the problem, the best roster so far, the time left."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from scheduling.model.rosters import Assignment, Roster, RosterProblem
from scheduling.solvers.bounds import Now
from scheduling.solvers.rosters.columns import Column, Needs, Seeker
from scheduling.solvers.rosters.employees import price_of
from scheduling.solvers.rosters.persons import Longs
from scheduling.solvers.rosters.schedules import Space
from scheduling.solvers.rosters.settings import RosterSettings, ShouldStop

LITTLE = 1e-6


@dataclass(slots=True)
class Incumbent:
    """The best roster so far, a schedule of each employee.

    Parameters
    ----------
    price : float
        Of all schedules and of the needs; infinite as long as there is none.
    chosen : list[Column]
        By number of the employee.
    """

    price: float = float("inf")
    chosen: list[Column] = field(default_factory=list)


class Standing:
    """How a search stands.

    Parameters
    ----------
    problem : RosterProblem
        One for which :func:`scheduling.solvers.rosters.employees.is_each_alone` holds.
    settings : RosterSettings
        Threads, seed, and schedules looked for if they bound the search instead of time.
    heard : Callable
        Told the price of each better roster.
    should_stop : Callable
        Asked between two steps.
    now : Now, optional
        The clock.
    """

    def __init__(
        self,
        problem: RosterProblem,
        settings: RosterSettings,
        heard: Callable[[int], None],
        should_stop: ShouldStop,
        now: Now = time.monotonic,
    ) -> None:
        self.problem = problem
        self.settings = settings
        self.heard = heard
        self.should_stop = should_stop
        self.clock = now
        self.needs = Needs(problem)
        self.everybody = list(range(len(problem.employees)))
        self.nobody = np.zeros(self.needs.shape, np.int64)
        self.seeker = Seeker(problem, settings.threads)
        self.staff = [
            (person, prices.shift, prices.rest)
            for person, prices in zip(self.seeker.persons, self.seeker.prices, strict=True)
        ]
        #: what one person missing costs, the unit of noise
        self.unit = float(np.mean([need.under for need in problem.needs] or [1])) or 1.0
        self.best = Incumbent()
        #: what no roster costs less than, most likely; and what none does for sure
        self.bound = self.proven = float("-inf")
        self.until = float("inf")
        self.lock = threading.Lock()

    def now(self) -> float:
        """Give the time, seconds; or schedules looked for, where they bound the search."""
        return float(self.seeker.sought) if self.settings.iterations else self.clock()

    def left(self, until: float | None = None) -> float:
        """Give how much of the time is left, as :meth:`now` counts it; by default until the end of the search."""
        return (self.until if until is None else until) - self.now()

    def is_over(self, until: float | None = None) -> bool:
        """Tell whether to stop what is being done."""
        return self.left(until) <= 0 or self.should_stop()

    def seconds_left(self, most: float = float("inf")) -> float:
        """Give how long a solver may take, at least a little; where schedules are counted, as long as it likes."""
        return most if self.settings.iterations else max(0.05, min(most, self.left()))

    def is_done(self) -> bool:
        """Tell whether the best roster is as cheap as the bound; a cheaper one shows that the bound is none."""
        # prices are whole numbers
        return -LITTLE <= self.best.price - self.bound < 1 - LITTLE

    def is_proven(self) -> bool:
        """Tell whether no roster is cheaper than the best one."""
        return self.best.price - self.proven < 1 - LITTLE

    def price(self, chosen: Sequence[Column], present: Longs) -> float:
        """Give the price of a roster, and of who is there in it."""
        return self.needs.price(present) + sum(column.price for column in chosen)

    def settle(self, chosen: list[Column], chance: np.random.Generator, space: Space) -> float:
        """Give one employee after the other their best schedule beside the others', until nobody's changes.

        The schedules are exchanged in place; gives the price of the roster, which is kept if it is the best so far.
        """
        present = present_of(chosen, self.nobody)
        since = 0
        while since < len(chosen) and not self.is_over():
            for employee in chance.permutation(len(chosen)).tolist():
                count(present, chosen[employee], -1)
                worth = self.needs.of_one_more(present)
                below = chosen[employee].with_prices(worth) - LITTLE
                found = self.seeker.best(employee, worth, space, below=below)
                since += 1
                if found:
                    chosen[employee], since = found[0][1], 0
                count(present, chosen[employee], 1)
                if since >= len(chosen) or self.is_over():
                    break
        price = self.price(chosen, present)
        with self.lock:
            # an equal one is taken too: walking along a plateau leaves it in the end
            if price <= self.best.price + LITTLE:
                if price < self.best.price - LITTLE:
                    self.heard(round(price))
                self.best = Incumbent(price, list(chosen))
        return price

    def columns(self, held: Longs) -> list[Column]:
        """Give a roster of numbers, shape ``(employees, days)``, as schedules."""
        made = []
        for employee, shifts in enumerate(held):
            price = price_of(self.seeker.persons[employee], self.seeker.prices[employee], shifts)
            made.append(Column(employee=employee, shifts=tuple(shifts.tolist()), price=price))
        return made

    def is_short(self) -> bool:
        """Tell whether the best roster lacks people who must be there."""
        present = present_of(self.best.chosen, self.nobody)
        return any(present[at] < need.minimum for need, at in zip(self.needs.needs, self.needs.at, strict=True))

    def roster(self) -> Roster:
        """Give the best roster."""
        names = [shift.id for shift in self.problem.shifts]
        return Roster(
            assignments=tuple(
                Assignment(employee=self.problem.employees[column.employee].id, day=day, shift=names[shift])
                for column in self.best.chosen
                for day, shift in column.cells()
            )
        )


def count(present: Longs, column: Column, sign: int) -> None:
    """Add a schedule to who is there, shape ``(days, shifts)``, or take it away with the sign -1."""
    for at in column.cells():
        present[at] += sign


def present_of(columns: Sequence[Column], nobody: Longs) -> Longs:
    """Give who is there with some schedules."""
    present = nobody.copy()
    for column in columns:
        count(present, column, 1)
    return present

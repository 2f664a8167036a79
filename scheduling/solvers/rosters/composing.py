"""Rosters put together from whole schedules: a linear program chooses among them, its prices ask for better ones.

The program takes one schedule of each employee so that wishes and gaps cost least, fractions of schedules allowed. Its
dual prices tell what one more person on a shift is worth; with them the best schedules of each employee are sought and
added until none helps. Then schedules are fixed one after the other, the most certain first, with new ones made for
what is left. What that gives is improved in parts: some employees are freed, schedules are made for them beside the
others', and whole ones are chosen among all known by constraint programming.

References
----------
Desaulniers, G., Desrosiers, J., Solomon, M. M. (2005). Column Generation. Springer, chapters 1 and 12.
Wentges, P. (1997). Weighted Dantzig-Wolfe decomposition for linear mixed-integer programming. International
Transactions in Operational Research 4(2), 151-162 (the prices between two rounds).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from ortools.sat.python import cp_model

from scheduling.model.rosters import Assignment, Roster, RosterProblem
from scheduling.solvers.rosters.columns import Column, Master, Needs, Seeker
from scheduling.solvers.rosters.employees import price_of
from scheduling.solvers.rosters.modelling import HARD_PRICE
from scheduling.solvers.rosters.schedules import Longs, Reals, Space
from scheduling.solvers.rosters.settings import RosterSettings, ShouldStop
from scheduling.solvers.rosters.shaking import Cover, answer, cooling, shake

AT_ONCE = 4
"""Schedules of one employee that are added in a round."""
SMOOTHING = 0.6
"""Share of the best prices so far in the prices of a round: those of the program alone leap to and fro."""
LITTLE = 1e-6
CLOSE_SHARE = 0.0005
"""How near to its bound the program is taken to be done."""
GENERATE_SHARE = 0.25
"""Of the time: until when schedules are made for all."""
DIVES = ((0.32, 0.7, 2), (0.5, 0.999, 12))
"""How schedules are fixed, fast and then with care: until which share of the time, which are certain, and how often new
ones are made after each step."""
ROUNDS_OF_A_PART = 8
FIRST_SIZE = 5.0
"""Employees that are freed together at first; the number follows how hard that was."""
KEPT_EACH = 25
"""Schedules for each employee who is left that go on to the next step of fixing, on average."""
MOST_KEPT = 60
"""Schedules of an employee that go into a part, the newest."""
PART_S = 0.8
"""A part that was done within this was too small."""
PIECE_S = 3.0
"""Longest time for choosing among schedules, seconds."""
SHAKEN_SHARE = 0.6
"""Of the time of improving, for shaking whole rosters; the rest is for choosing among schedules."""
HEATS = (0.02, 0.2)
"""Spread of the noise at first, by chance between the two, in what one person missing counts at first; hotter, and the
needs that count little are forgotten altogether."""
NEEDS_SHARES = (1.0, 0.5, 0.25, 0.12)
"""How much of the needs counts at first, by chance."""
WALKED = 0.2
"""How much dearer than the best a roster may be to go on from, in prices of one person missing: the best alone is left
by nothing when all that is near has been seen."""
GOES_ON = 0.5
"""How often a roster is shaken that another shaking ended with, instead of the best."""
SHAKEN_ROUNDS = (10, 20, 40)
"""Rounds over all employees until a shaken roster is cold, by chance."""
OWN_CHANCE = 77
"""Told apart from the threads of the neighbourhood search, whose chance is seeded with their numbers."""


@dataclass(slots=True)
class _Incumbent:
    price: float = float("inf")
    chosen: list[Column] = field(default_factory=list)


class ColumnSearch:
    """A search for one roster.

    Parameters
    ----------
    problem : RosterProblem
        One for which :func:`scheduling.solvers.rosters.employees.is_each_alone` holds.
    settings : RosterSettings
        Threads and seed.
    heard : Callable
        Told the price of each better roster.
    should_stop : Callable
        Asked between two steps.
    """

    def __init__(
        self,
        problem: RosterProblem,
        settings: RosterSettings,
        heard: Callable[[int], None],
        should_stop: ShouldStop,
    ) -> None:
        self.problem = problem
        self.settings = settings
        self.chance = np.random.default_rng([settings.seed, OWN_CHANCE])
        self.heard = heard
        self.should_stop = should_stop
        self.needs = Needs(problem)
        self.everybody = list(range(len(problem.employees)))
        self.nobody = np.zeros(self.needs.shape, np.int64)
        self.seeker = Seeker(problem, settings.threads)
        self.master = Master(self.needs, self.everybody, self.nobody)
        self.staff = [
            (person, prices.shift, prices.rest)
            for person, prices in zip(self.seeker.persons, self.seeker.prices, strict=True)
        ]
        #: what one person missing costs, the unit of noise
        self.unit = float(np.mean([need.under for need in problem.needs] or [1]))
        self.best = _Incumbent()
        self.bound = float("-inf")
        self.until = 0.0
        self.lock = threading.Lock()

    def warm(self) -> None:
        """Compile, before any clock starts."""
        nothing = np.zeros(self.needs.shape)
        found = self.seeker.best(0, nothing)
        if found:
            cover = Cover(self.needs.table, 1.0, self.nobody + 1, nothing.copy(), np.zeros(self.problem.days, np.int64))
            held = np.array(found[0][1].shifts, np.int64)
            answer(*self.staff[0], nothing, cover, held, self.seeker.hasty[0])

    def run(self, seconds: float) -> Roster | None:
        """Search for so many seconds; gives the best roster, None if somebody has no schedule at all."""
        started = time.monotonic()
        self.until = started + seconds
        chosen = self._one_by_one()
        if chosen is not None:
            self._settle(chosen, self.chance, self.seeker.spaces[0])
            self.until = started + GENERATE_SHARE * seconds
            self.bound = self._generate(self.master, 10_000)
            for until_share, certain, rounds in DIVES:
                self.until = started + until_share * seconds
                if not self._is_over() and not self._is_done():
                    self._dive(certain, rounds)
            self.until = started + seconds
            with ThreadPoolExecutor(self.seeker.threads) as pool:
                for future in [pool.submit(self._improve, thread) for thread in range(self.seeker.threads)]:
                    future.result()
        self.seeker.close()
        return None if chosen is None else self._roster()

    def _is_over(self) -> bool:
        return time.monotonic() >= self.until or self.should_stop()

    def _is_done(self) -> bool:
        # prices are whole numbers, and nothing is cheaper than the bound; a roster that is shows that labels were cut
        return -LITTLE <= self.best.price - self.bound < 1 - LITTLE

    def _one_by_one(self) -> list[Column] | None:
        """Give everybody the schedule that covers most of what is still missing."""
        present = self.nobody.copy()
        chosen: list[Column] = []
        for employee in self.everybody:
            found = self.seeker.best(employee, self.needs.of_one_more(present))
            if not found:
                return None
            chosen.append(found[0][1])
            _count(present, chosen[-1], 1)
        for column in chosen:
            self.master.add(column)
        return chosen

    def _settle(self, chosen: list[Column], chance: np.random.Generator, space: Space) -> None:
        """Give one employee after the other their best schedule beside the others', until nobody's changes."""
        present = self.nobody.copy()
        for column in chosen:
            _count(present, column, 1)
        since = 0
        while since < len(chosen) and not self._is_over():
            for employee in chance.permutation(len(chosen)).tolist():
                _count(present, chosen[employee], -1)
                worth = self.needs.of_one_more(present)
                found = self.seeker.best(employee, worth, space)
                since += 1
                # other prices, other labels: that a schedule exists does not mean that it is found again
                if found and found[0][0] < chosen[employee].with_prices(worth) - LITTLE:
                    chosen[employee], since = found[0][1], 0
                _count(present, chosen[employee], 1)
                if since >= len(chosen) or self._is_over():
                    break
        price = self.needs.price(present) + sum(column.price for column in chosen)
        with self.lock:
            # an equal one is taken too: walking along a plateau leaves it in the end
            if price <= self.best.price + LITTLE:
                if price < self.best.price - LITTLE:
                    self.heard(round(price))
                self.best = _Incumbent(price, list(chosen))

    def _generate(self, master: Master, rounds: int, thread: int = -1) -> float:
        """Add schedules while they help; gives the bound that their prices prove, if each was the cheapest.

        As long as a look with few labels finds something, a thorough one would only be slower.
        """
        bound = float("-inf")
        centre: Reals | None = None
        is_narrow = True
        for _ in range(rounds):
            price = master.solve()
            if self._is_over() or not master.is_solved:
                break
            people, worth = master.duals()
            used = worth if centre is None else SMOOTHING * centre + (1 - SMOOTHING) * worth
            found = self.seeker.all(master.employees, -used, AT_ONCE, thread=thread, is_narrow=is_narrow)
            # few labels may find nothing at all for somebody whose musts are tight
            if all(found):
                # Lagrange's bound: what the program would cost if everybody had their best schedule for these prices
                at_used = master.bound(used) + sum(columns[0][0] for columns in found)
                if at_used > bound:
                    bound, centre = at_used, used
            n_new = sum(
                master.add(column)
                for columns in found
                for _, column in columns
                if column.with_prices(-worth) - people[column.employee] < -LITTLE
            )
            is_close = price - bound < CLOSE_SHARE * abs(price)
            if is_narrow and (is_close or not n_new):
                # what few labels prove is too high: it is looked at anew
                is_narrow, bound, centre = False, float("-inf"), None
            elif is_close or (not n_new and (centre is None or np.allclose(used, worth))):
                break
            elif not n_new:
                # the prices between the two found nothing: next those of the program itself
                centre = worth
        return float("-inf") if is_narrow else bound

    def _dive(self, certain: float, rounds: int) -> None:
        """Fix the most certain schedules one after the other, new ones made in between."""
        chosen: dict[int, Column] = {}
        present = self.nobody.copy()
        master = self.master
        master.solve()
        began, steps = time.monotonic(), 0
        while len(chosen) < len(self.everybody) and master.is_solved and not self._is_over():
            people, worth = master.duals()
            values = master.values()
            n_fixed = len(chosen) + self._pace(began, steps, len(self.everybody) - len(chosen))
            steps += 1
            for index in np.argsort(-values, kind="stable").tolist():
                column = master.columns[index]
                if values[index] <= certain and len(chosen) >= n_fixed:
                    break
                if column.employee not in chosen:
                    chosen[column.employee] = column
                    _count(present, column, 1)
            left = [employee for employee in self.everybody if employee not in chosen]
            if left:
                # the dearest are hardly ever taken, and each makes the program slower
                dear = {id(one): one.with_prices(-worth) - people[one.employee] for one in master.columns}
                known = sorted(master.columns, key=lambda one: dear[id(one)])[: KEPT_EACH * len(left)]
                master = Master(self.needs, left, present)
                for column in known:
                    if column.employee not in chosen:
                        master.add(column)
                self._generate(master, rounds)
                master.solve()
        for employee in self.everybody:  # the time is over: who is left takes what is missing most
            if employee not in chosen:
                found = self.seeker.best(employee, self.needs.of_one_more(present))
                chosen[employee] = found[0][1] if found else self.best.chosen[employee]
                _count(present, chosen[employee], 1)
        self._settle([chosen[employee] for employee in self.everybody], self.chance, self.seeker.spaces[0])

    def _pace(self, began: float, steps: int, n_left: int) -> int:
        """Give how many are to be fixed at least in the next step of a dive so that it ends in time.

        Later steps are shorter than those before, so it is rather early.
        """
        now = time.monotonic()
        if not steps:
            return 1
        steps_left = (self.until - now) / max(LITTLE, (now - began) / steps)
        return max(1, min(n_left, round(n_left / max(1.0, steps_left))))

    def _improve(self, thread: int) -> None:
        """Free some employees, make schedules for them beside the others', choose among all known; again and again."""
        chance = np.random.default_rng([self.settings.seed, OWN_CHANCE, thread])
        space = self.seeker.spaces[thread]
        pool: dict[int, list[Column]] = {}
        for column in self.master.columns:
            pool.setdefault(column.employee, []).append(column)
        size = FIRST_SIZE
        used = {"shaken": 0.0, "parts": 0.0}
        walked: list[Column] = []
        while not self._is_over() and not self._is_done():
            began = time.monotonic()
            with self.lock:
                chosen = list(self.best.chosen)
            if used["shaken"] * (1 - SHAKEN_SHARE) <= used["parts"] * SHAKEN_SHARE:
                goes_on = bool(walked) and chance.random() < GOES_ON
                walked = self._shake(walked if goes_on else chosen, chance, thread)
                used["shaken"] += time.monotonic() - began
                continue
            free = sorted(chance.permutation(len(chosen))[: max(2, round(size))].tolist())
            present = self.nobody.copy()
            for column in chosen:
                if column.employee not in free:
                    _count(present, column, 1)
            master = Master(self.needs, free, present)
            for employee in free:
                master.add(chosen[employee])
                for column in pool[employee][-MOST_KEPT:]:
                    master.add(column)
            n_known = len(master.columns)
            self._generate(master, ROUNDS_OF_A_PART, thread)
            for column in master.columns[n_known:]:
                pool[column.employee].append(column)
            found, is_whole = self._choose(master, [chosen[employee] for employee in free])
            for column in found:
                chosen[column.employee] = column
            self._settle(chosen, chance, space)
            used["parts"] += time.monotonic() - began
            is_easy = is_whole and time.monotonic() - began < PART_S
            size = min(float(len(chosen)), size * 1.1) if is_easy else max(2.0, size * 0.9)

    def _shake(self, start: list[Column], chance: np.random.Generator, thread: int) -> list[Column]:
        """Shake a roster and let it cool; gives where to go on: from the end of it if that is about as good."""
        low, high = np.log(HEATS)
        share = float(chance.choice(NEEDS_SHARES))
        spread = self.unit * share * float(np.exp(chance.uniform(low, high)))
        plan = cooling(spread, share, int(chance.choice(SHAKEN_ROUNDS)))
        held = np.array([column.shifts for column in start], np.int64)
        cover = Cover(
            table=self.needs.table,
            share=1.0,
            present=_present(start, self.nobody),
            price=np.zeros(self.needs.shape),
            shifts=np.zeros(self.problem.days, np.int64),
        )
        _, found = shake(self.staff, cover, held, plan, chance, self.seeker.hasty[thread], self._is_over)
        self._settle(self._columns(found), chance, self.seeker.narrow[thread])
        end = self._columns(held)
        price = self.needs.price(cover.present) + sum(column.price for column in end)
        with self.lock:
            is_near = price <= self.best.price + WALKED * self.unit
            return end if is_near else list(self.best.chosen)

    def _columns(self, held: Longs) -> list[Column]:
        """Give a roster of numbers, shape ``(employees, days)``, as schedules."""
        made = []
        for employee, shifts in enumerate(held):
            price = price_of(self.seeker.persons[employee], self.seeker.prices[employee], shifts)
            made.append(Column(employee=employee, shifts=tuple(shifts.tolist()), price=price))
        return made

    def _choose(self, master: Master, held: Sequence[Column]) -> tuple[list[Column], bool]:
        """Choose whole schedules of a program; gives them, and whether there are no better ones in it."""
        bound = master.solve()
        if not master.is_solved:
            return list(held), False
        people, worth = master.duals()
        kept_price = self.needs.price(master.present + _present(held, self.nobody))
        room = kept_price + sum(column.price for column in held) - bound
        # what costs more than the room to the roster there is cannot be part of a better one
        kept = [c for c in master.columns if c.with_prices(-worth) - people[c.employee] <= room + LITTLE]
        model = cp_model.CpModel()
        taken = [model.new_bool_var("") for _ in kept]
        there: dict[tuple[int, int], list[cp_model.IntVar]] = {}
        of_one: dict[int, list[cp_model.IntVar]] = {employee: [] for employee in master.employees}
        for column, var in zip(kept, taken, strict=True):
            model.add_hint(var, column in held)
            of_one[column.employee].append(var)
            for at in column.cells():
                there.setdefault(at, []).append(var)
        for variables in of_one.values():
            model.add_exactly_one(variables)
        costs = [round(column.price) * var for column, var in zip(kept, taken, strict=True)]
        for need, at in zip(self.needs.needs, self.needs.at, strict=True):
            most = max(len(self.everybody), need.preferred)
            few, many = model.new_int_var(0, most, ""), model.new_int_var(0, most, "")
            n = sum(there.get(at, [])) + int(master.present[at])
            model.add(n + few - many == need.preferred)
            costs += [need.under * few, need.over * many]
            if need.minimum > 0:
                none = model.new_int_var(0, most, "")
                model.add(n + none >= need.minimum)
                costs.append(HARD_PRICE * none)
        model.minimize(sum(costs))
        solver = cp_model.CpSolver()
        solver.parameters.catch_sigint_signal = False  # Ctrl-C is heard by the command, for all searches
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = self.settings.seed
        solver.parameters.max_time_in_seconds = max(0.05, min(PIECE_S, self.until - time.monotonic()))
        status = solver.solve(model)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return list(held), False
        found = [column for column, var in zip(kept, taken, strict=True) if solver.boolean_value(var)]
        return found, status == cp_model.OPTIMAL

    def _roster(self) -> Roster:
        names = [shift.id for shift in self.problem.shifts]
        return Roster(
            assignments=tuple(
                Assignment(employee=self.problem.employees[column.employee].id, day=day, shift=names[shift])
                for column in self.best.chosen
                for day, shift in column.cells()
            )
        )


def _count(present: Longs, column: Column, sign: int) -> None:
    for at in column.cells():
        present[at] += sign


def _present(columns: Sequence[Column], nobody: Longs) -> Longs:
    present = nobody.copy()
    for column in columns:
        _count(present, column, 1)
    return present

"""Better rosters from a good one: whole rosters are shaken, and parts of the best one are put together anew.

A part is some employees who are freed: schedules are made for them beside the others', and whole ones chosen among
those, all made before, and those that shaken rosters left behind which ended well. How hot to shake is learnt while the
search goes on.

References
----------
Rothberg, E. (2007). An evolutionary algorithm for polishing mixed integer programming solutions. INFORMS Journal on
Computing 19(4), 534-541.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np

from scheduling.solvers.rosters.bandit import Bandit
from scheduling.solvers.rosters.columns import Column, Master
from scheduling.solvers.rosters.generating import choose, generate
from scheduling.solvers.rosters.shaking import Cover, cooling, shake
from scheduling.solvers.rosters.standing import Standing, count, present_of

ROUNDS_OF_A_PART = 8
FIRST_SIZE = 5.0
"""Employees that are freed together at first; the number follows how hard that was."""
MOST_KEPT = 60
"""Schedules of an employee that go into a part, the newest."""
PART_S = 0.8
"""A part that was done within this was too small."""
NEAR_A_GAP = 0.5
"""How often a part holds people who could fill a gap, instead of anybody."""
SHAKEN_SHARE = 0.6
"""Of the time of improving, for shaking whole rosters; the rest is for choosing among schedules."""
HEATS = (0.015, 0.03, 0.06, 0.12, 0.24)
"""Spread of the noise at first, in what one person missing counts at first; hotter, and the needs that count little are
forgotten altogether."""
HEATS_APART = 0.35
"""Half the logarithm between two heats: which one in between is left to chance."""
NEEDS_SHARES = (1.0, 0.5, 0.25, 0.12)
"""How much of the needs counts at first."""
MOST_TOLD = 3.0
"""What a shaken roster was dearer than the best, in prices of one person missing, counts up to this only: by how much a
hopeless setting is hopeless tells nothing."""
WALKED = 0.2
"""How much dearer than the best a roster may be to go on from, in prices of one person missing: the best alone is left
by nothing when all that is near has been seen."""
GOES_ON = 0.5
"""How often a roster is shaken that another shaking ended with, instead of the best."""
SHAKEN_ROUNDS = (10, 20, 40)
"""Rounds over all employees until a shaken roster is cold, by chance."""
GOOD = 0.5
"""How much dearer than the best a shaken roster may be to leave its schedules behind, in prices of one missing."""
GOOD_KEPT = 30
"""Schedules of good rosters kept of each employee, the newest."""
OWN_CHANCE = 77
"""Told apart from the threads of the neighbourhood search, whose chance is seeded with their numbers."""


class Experience:
    """What the threads have learnt together.

    Parameters
    ----------
    n_employees : int
        Employees of the problem.
    """

    def __init__(self, n_employees: int) -> None:
        self.lock = threading.Lock()
        self.shares = Bandit(len(NEEDS_SHARES))
        self.heats = Bandit(len(HEATS))
        self.good: list[dict[tuple[int, ...], Column]] = [{} for _ in range(n_employees)]
        #: schedules made for prices, the most promising last; none as long as they are being made
        self.made: list[Column] = []

    def keep(self, chosen: Sequence[Column]) -> None:
        """Keep the schedules of a good roster."""
        with self.lock:
            for column in chosen:
                of_one = self.good[column.employee]
                # taken out first, so that what comes again counts as new
                of_one.pop(column.shifts, None)
                of_one[column.shifts] = column
                if len(of_one) > GOOD_KEPT:
                    del of_one[next(iter(of_one))]

    def kept_of(self, employee: int) -> list[Column]:
        """Give the schedules of an employee in good rosters."""
        with self.lock:
            return list(self.good[employee].values())

    def kept(self) -> list[Column]:
        """Give the schedules of everybody in good rosters."""
        return [column for employee in range(len(self.good)) for column in self.kept_of(employee)]


class Improver:
    """One thread of improving.

    Parameters
    ----------
    standing : Standing
        Of the search.
    experience : Experience
        Of all threads.
    thread : int
        Its number.
    """

    def __init__(self, standing: Standing, experience: Experience, thread: int) -> None:
        self.standing = standing
        self.experience = experience
        self.thread = thread
        self.chance = np.random.default_rng([standing.settings.seed, OWN_CHANCE, thread])
        self.pool: dict[int, list[Column]] = {}
        self.size = FIRST_SIZE
        self.walked: list[Column] = []
        #: what one round of shaking over everybody takes, in time as the search counts it
        self.round = 0.0

    def run(self, until: float | None = None) -> None:
        """Improve until the time is over; in parts only once schedules have been made for prices."""
        standing = self.standing
        shaken = parts = 0.0
        while not standing.is_over(until) and not standing.is_done():
            began = standing.now()
            if self.experience.made and not self.pool:
                self._learn()
                shaken = parts = 0.0
            if not self.pool or shaken * (1 - SHAKEN_SHARE) <= parts * SHAKEN_SHARE:
                self._shake()
                shaken += standing.now() - began
            else:
                self._part()
                parts += standing.now() - began

    def _learn(self) -> None:
        for employee in self.standing.everybody:
            self.pool[employee] = []
        for column in self.experience.made:
            self.pool[column.employee].append(column)
        for columns in self.pool.values():
            del columns[:-MOST_KEPT]

    def _best(self) -> list[Column]:
        with self.standing.lock:
            return list(self.standing.best.chosen)

    def _shake(self) -> None:
        """Shake a roster and let it cool; goes on from the end of it the next time if that is about as good."""
        standing, experience, chance = self.standing, self.experience, self.chance
        goes_on = bool(self.walked) and chance.random() < GOES_ON
        start = self.walked if goes_on else self._best()
        with experience.lock:
            share_at, heat_at = experience.shares.pick(chance), experience.heats.pick(chance)
        share = NEEDS_SHARES[share_at]
        heat = HEATS[heat_at] * float(np.exp(chance.uniform(-HEATS_APART, HEATS_APART)))
        rounds = int(chance.choice(SHAKEN_ROUNDS))
        if self.round:
            # a roster that is still hot when the time is over is worth nothing
            rounds = max(1, min(rounds, int(standing.left() / self.round)))
        plan = cooling(standing.unit * share * heat, share, rounds)
        held = np.array([column.shifts for column in start], np.int64)
        present = present_of(start, standing.nobody)
        cover = Cover(
            table=standing.needs.table,
            share=1.0,
            present=present,
            price=np.zeros(standing.needs.shape),
            shifts=np.zeros(standing.problem.days, np.int64),
        )
        before, began = standing.best.price, standing.now()
        _, found = shake(standing.staff, cover, held, plan, chance, standing.seeker.hasty[self.thread], self._goes_on)
        self.round = (standing.now() - began) / len(plan)
        end = standing.columns(held)
        price = standing.price(end, cover.present)
        settled = standing.columns(found)
        settled_price = standing.settle(settled, chance, standing.seeker.narrow[self.thread])
        with experience.lock:
            told = min(MOST_TOLD, (settled_price - before) / standing.unit)
            experience.shares.tell(share_at, told)
            experience.heats.tell(heat_at, told)
        if settled_price <= standing.best.price + GOOD * standing.unit:
            experience.keep(settled)
        self.walked = end if price <= standing.best.price + WALKED * standing.unit else []

    def _goes_on(self) -> bool:
        """Count a schedule looked for; gives whether to stop."""
        self.standing.seeker.sought += 1
        return self.standing.is_over()

    def _part(self) -> None:
        """Free some employees, make schedules for them beside the others', and choose among all known."""
        standing = self.standing
        began = standing.now()
        chosen = self._best()
        free = self._free(chosen)
        present = standing.nobody.copy()
        for column in chosen:
            if column.employee not in free:
                count(present, column, 1)
        master = Master(standing.needs, free, present)
        for employee in free:
            master.add(chosen[employee])
            for column in [*self.pool[employee], *self.experience.kept_of(employee)]:
                master.add(column)
        n_known = len(master.columns)
        generate(standing, master, ROUNDS_OF_A_PART, self.thread)
        for column in master.columns[n_known:]:
            self.pool[column.employee].append(column)
            del self.pool[column.employee][:-MOST_KEPT]
        found, is_whole = choose(standing, master, [chosen[employee] for employee in free])
        self._take(chosen, found)
        is_fast = bool(standing.settings.iterations) or standing.now() - began < PART_S
        self.size = min(float(len(chosen)), self.size * 1.1) if is_whole and is_fast else max(2.0, self.size * 0.9)

    def _free(self, chosen: Sequence[Column]) -> list[int]:
        """Choose who is freed: anybody, or first some who could fill a gap."""
        standing, chance = self.standing, self.chance
        order = chance.permutation(len(chosen)).tolist()
        size = max(2, round(self.size))
        price = standing.needs.price_by_cell(present_of(chosen, standing.nobody)).ravel()
        if price.sum() > 0 and chance.random() < NEAR_A_GAP:
            cell = int(chance.choice(price.size, p=price / price.sum()))
            day, shift = divmod(cell, standing.needs.shape[1])
            able = [
                employee
                for employee in order
                if standing.seeker.persons[employee].may[day, shift] and chosen[employee].shifts[day] != shift
            ]
            order = list(dict.fromkeys([*able[: size // 3 + 1], *order]))
        return sorted(order[:size])

    def _take(self, chosen: list[Column], found: Sequence[Column]) -> None:
        """Take schedules over into a roster, and settle it."""
        for column in found:
            chosen[column.employee] = column
        self.standing.settle(chosen, self.chance, self.standing.seeker.narrow[self.thread])

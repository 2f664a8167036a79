"""Rosters put together from whole schedules: a linear program chooses among them, its prices ask for better ones.

The program takes one schedule of each employee so that wishes and gaps cost least, fractions of schedules allowed. Its
dual prices tell what one more person on a shift is worth; with them the best schedules of each employee are sought and
added until none helps. Then schedules are fixed one after the other, the most certain first, with new ones made for
what is left. What that gives is improved until the time is over, see :mod:`scheduling.solvers.rosters.improving`.

References
----------
Desaulniers, G., Desrosiers, J., Solomon, M. M. (2005). Column Generation. Springer, chapters 1 and 12.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from scheduling.model.rosters import Roster, RosterProblem
from scheduling.solvers.bounds import Now
from scheduling.solvers.rosters.columns import Column, Master
from scheduling.solvers.rosters.generating import generate
from scheduling.solvers.rosters.improving import OWN_CHANCE, Experience, Improver
from scheduling.solvers.rosters.settings import GRACE_S, NotInTime, RosterSettings, ShouldStop
from scheduling.solvers.rosters.shaking import Cover, answer
from scheduling.solvers.rosters.standing import LITTLE, Standing, count

SHAKE_SHARE = 0.1
"""Of the time: until when rosters are only shaken."""
GENERATE_SHARE = 0.3
"""Of the time: until when schedules are made for all."""
DIVE_SHARE = 0.55
"""Of the time: until when schedules are fixed one after the other."""
CERTAIN = 0.999
"""Share of a schedule in the program from which it is fixed together with others."""
ROUNDS_OF_A_STEP = 12
"""How often new schedules are made after each step of fixing."""
KEPT_EACH = 25
"""Schedules for each employee who is left that go on to the next step of fixing, on average."""
ROUNDS_NEEDED = 60
"""Looks for schedules of everybody that the program needs to be of use, at least; where that is more than its time,
rosters are shaken alone."""


class ColumnSearch:
    """A search for one roster.

    Parameters
    ----------
    problem : RosterProblem
        One for which :func:`scheduling.solvers.rosters.employees.is_each_alone` holds.
    settings : RosterSettings
        Threads and seed, and schedules looked for if they bound the search instead of time.
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
        self.standing = Standing(problem, settings, heard, should_stop, now)
        self.chance = np.random.default_rng([settings.seed, OWN_CHANCE])
        self.master = Master(self.standing.needs, self.standing.everybody, self.standing.nobody)

    def warm(self) -> None:
        """Compile, before any clock starts."""
        standing = self.standing
        nothing = np.zeros(standing.needs.shape)
        found = standing.seeker.best(0, nothing, standing.seeker.hasty[0])
        shifts = np.zeros(standing.problem.days, np.int64)
        cover = Cover(standing.needs.table, 1.0, standing.nobody + 1, nothing.copy(), shifts)
        held = np.array(found[0][1].shifts if found else shifts - 1, np.int64)
        answer(*standing.staff[0], nothing, cover, held, standing.seeker.hasty[0])

    def run(self, seconds: float) -> Roster | None:
        """Search for so many seconds; gives the best roster, None if somebody has no schedule at all.

        Raises
        ------
        NotInTime
            If the time was over before everybody had a schedule.
        """
        standing = self.standing
        began = standing.now()
        whole = float(standing.settings.iterations or seconds)
        standing.until = began + whole
        chosen = self.one_by_one()
        if chosen is None:
            return None
        # with whole years of many shifts even a few looks for everybody may take longer than there is
        is_vast = ROUNDS_NEEDED * (standing.now() - began) > GENERATE_SHARE * whole
        standing.settle(chosen, self.chance, standing.seeker.hasty[0])
        experience = Experience(len(standing.everybody))
        first, *others = (Improver(standing, experience, thread) for thread in range(standing.seeker.threads))
        with ThreadPoolExecutor(max(1, len(others))) as pool:
            shaking = [pool.submit(one.run) for one in others]
            # schedules of shaken rosters are most of what the program would have to ask for
            first.run(began + SHAKE_SHARE * whole)
            if not is_vast:
                self._compose(experience, began, whole)
            first.run()
            for future in shaking:
                future.result()
        return standing.roster()

    def _compose(self, experience: Experience, began: float, whole: float) -> None:
        """Make schedules for all, and put rosters together from them."""
        standing = self.standing
        for column in experience.kept():
            self.master.add(column)
        bounds = generate(standing, self.master, 10_000, 0, began + GENERATE_SHARE * whole)
        standing.bound, standing.proven = bounds.likely, bounds.proven
        if not standing.is_done():
            self._dive(began + DIVE_SHARE * whole)
        known = list(self.master.columns)
        self.master.solve(standing.seconds_left())
        if self.master.is_solved:
            known = [known[at] for at in np.argsort(-self.master.reduced(), kind="stable").tolist()]
        experience.made = known

    def one_by_one(self) -> list[Column] | None:
        """Give everybody the schedule that covers most of what is still missing."""
        standing, seeker = self.standing, self.standing.seeker
        began = standing.clock()
        present = standing.nobody.copy()
        chosen: list[Column] = []
        for employee in standing.everybody:
            if standing.clock() - began > GRACE_S and standing.is_over():
                raise NotInTime
            worth = standing.needs.of_one_more(present)
            found: list[tuple[float, Column]] = []
            for spaces in (seeker.hasty, seeker.narrow, seeker.wide):
                # few labels may miss the only schedules that somebody has
                found = found or seeker.best(employee, worth, spaces[0])
            # gaps draw labels to where nothing goes on for somebody whose musts are tight: then any schedule will do
            found = found or seeker.best(employee, np.zeros_like(worth), seeker.wide[0])
            if not found:
                return None
            chosen.append(found[0][1])
            count(present, chosen[-1], 1)
        for column in chosen:
            self.master.add(column)
        return chosen

    def _dive(self, until: float) -> None:
        """Fix the most certain schedules one after the other, new ones made in between."""
        standing = self.standing
        chosen: dict[int, Column] = {}
        present = standing.nobody.copy()
        master = self.master
        master.solve(standing.seconds_left())
        step = 0.0
        while len(chosen) < len(standing.everybody) and master.is_solved and not standing.is_over(until):
            began, n_left = standing.now(), len(standing.everybody) - len(chosen)
            # as many as it takes to end in time, if a step takes as long for each who is left as the last one did
            n_fixed = len(chosen) + max(1, round(n_left * min(1.0, step * n_left / max(LITTLE, until - began))))
            values = master.values()
            for index in np.argsort(-values, kind="stable").tolist():
                column = master.columns[index]
                if values[index] <= CERTAIN and len(chosen) >= n_fixed:
                    break
                if column.employee not in chosen:
                    chosen[column.employee] = column
                    count(present, column, 1)
            left = [employee for employee in standing.everybody if employee not in chosen]
            if left:
                # the dearest are hardly ever taken, and each makes the program slower
                order = np.argsort(master.reduced(), kind="stable")[: KEPT_EACH * len(left)].tolist()
                known = [master.columns[at] for at in order]
                master = Master(standing.needs, left, present)
                for column in known:
                    if column.employee not in chosen:
                        master.add(column)
                generate(standing, master, ROUNDS_OF_A_STEP, 0, until)
                master.solve(standing.seconds_left())
                step = (standing.now() - began) / n_left
        for employee in standing.everybody:  # the time is over: who is left takes what is missing most
            if employee not in chosen:
                found = []
                if not standing.is_over():  # of everything: a look for each of many takes long too
                    worth = standing.needs.of_one_more(present)
                    found = standing.seeker.best(employee, worth, standing.seeker.hasty[0])
                chosen[employee] = found[0][1] if found else standing.best.chosen[employee]
                count(present, chosen[employee], 1)
        standing.settle([chosen[employee] for employee in standing.everybody], self.chance, standing.seeker.narrow[0])

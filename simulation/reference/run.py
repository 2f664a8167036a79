"""The calendar, the draws and the records of one replication, on which everything else stands."""

from __future__ import annotations

from collections.abc import Callable, Generator
from itertools import count

import numpy as np
import simpy
from simpy.events import EventPriority

from simulation.model.calendars import capacity_events, local_offsets, open_intervals, opening_instants
from simulation.model.distributions import Distribution
from simulation.model.operations import (
    Batch,
    Delay,
    WaitUntil,
)
from simulation.model.plan import Mark, Phase, RunPlan
from simulation.model.problems import Overflow
from simulation.numerics import draws, laws, sources
from simulation.reference.tokens import PoolState, Standing, Token

Script = Generator[None, None, None]


class Run:
    """The state of one replication.

    Parameters
    ----------
    plan : RunPlan
        What is to be run.
    replication : int
        Which replication.
    """

    def __init__(self, plan: RunPlan, replication: int) -> None:
        self.plan = plan
        self.pathway = plan.pathway
        self.env = simpy.Environment(initial_time=0)
        self.key = np.uint64(draws.key_of(plan.seed, replication))
        self.sites = sources.sites_of(plan.pathway)
        self.book = sources.LawBook()
        self.pools = {
            pool.id: PoolState(pool, capacity_events(pool, plan.span).first, plan.pathway.levels)
            for pool in plan.pathway.pools.values()
        }
        self.pool_number = {pool: number for number, pool in enumerate(self.pools)}
        self.node_number = {node: number for number, node in enumerate(plan.pathway.operations)}
        self.calendars = {
            name: (open_intervals(calendar, plan.span), opening_instants(calendar, plan.span))
            for name, calendar in plan.pathway.calendars.items()
        }
        self.offsets = local_offsets(plan.span)
        self.batches: dict[str, list[Token]] = {
            node: [] for node, operation in plan.pathway.operations.items() if isinstance(operation, Batch)
        }
        self.batch_rounds = dict.fromkeys(self.batches, 0)
        self.order = count()
        self.rows: list[tuple[int, int, int, int, int, int, int]] = []
        self.tokens: dict[Token, None] = {}
        self.inside = 0
        self.steps = 0
        self.steps_at = -1

    # -- the calendar -------------------------------------------------------------------------------------------------

    @property
    def now(self) -> int:
        """Microseconds from the start."""
        return int(self.env.now)

    def at(self, delay: int, phase: Phase, action: Callable[[], None]) -> None:
        """Do something after a delay, in a phase."""
        event = simpy.Event(self.env)
        event._ok, event._value = (
            True,
            None,
        )  # SimPy offers no public way to schedule an event with a priority and a delay
        event.callbacks = [lambda _: action()]
        self.env.schedule(event, priority=EventPriority(int(phase)), delay=delay)

    def log(self, token: Token, mark: Mark, value: int = 0, node: str = "") -> None:
        """Write a row of the event log."""
        number = self.node_number[node or token.node]
        self.rows.append((self.now, token.stream, token.number, token.branch, number, int(mark), value))

    # -- draws --------------------------------------------------------------------------------------------------------

    def uniform(self, token: Token, node: str, visit: int, draw: int = 0) -> float:
        """Give the uniform number of a token at a node."""
        where = draws.where_of(self.sites[node], visit, draw)
        return draws.draw(self.key, token.who, np.uint64(where))

    def sample(self, distribution: Distribution, u: float) -> int:
        """Give a duration in whole microseconds."""
        row = self.book.add(distribution)
        table, values = self.book.arrays()
        found = int(laws.sample(table, row, values, u))
        if found >= laws.LONGEST_US:
            raise Overflow("A duration exceeds 36,000 years", "check its unit and parameters.")
        return found

    def residual(self, distribution: Distribution, elapsed: int, u: float) -> int:
        """Give the rest of a duration of which a part has passed."""
        row = self.book.add(distribution)
        table, values = self.book.arrays()
        return int(laws.residual(table, row, values, elapsed, u))

    def visit(self, token: Token) -> int:
        """Count a visit of the token's node; give how many there were before."""
        before = token.base_visit + token.visits[token.node]
        token.visits[token.node] += 1
        return before

    def resume(self, token: Token) -> None:
        """Let a token go on until it has to wait again."""
        token.standing = Standing.RUNNING
        if token.script is not None:
            next(token.script, None)

    def duration(self, token: Token, operation: Delay | WaitUntil) -> int:
        """Give how long a delay lasts from now."""
        if isinstance(operation, WaitUntil):
            token.interruptible = False
            openings = self.calendars[operation.calendar][1]
            return next((at for at in openings if at >= self.now), laws.LONGEST_US) - self.now
        u = self.uniform(token, token.node, token.visit, token.draws)
        work = self.sample(operation.durations[token.patient_class], u)
        token.interruptible = not operation.calendar
        return self.open_time(operation.calendar, work) if operation.calendar else work

    def open_time(self, calendar: str, work: int) -> int:
        """Give how long it takes until so much open time has passed."""
        time = self.now
        for start, end in self.calendars[calendar][0]:
            if end <= time:
                continue
            time = max(time, start)
            if work <= end - time:
                return time + work - self.now
            work -= end - time
            time = end
        return time + work - self.now

    def schedule_end(self, token: Token, lasts: int, whole: int | None = None) -> None:
        """Let a token's delay end after a while, unless the token's life changes before."""
        token.standing = Standing.DELAYED
        token.due = self.now + lasts
        token.duration = lasts if whole is None else whole
        life = token.life

        def end() -> None:
            if token.life == life:
                token.life += 1
                self.resume(token)

        self.at(lasts, Phase.COMPLETION, end)

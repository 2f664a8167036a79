"""Patients, requests and pools as plain objects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass, field
from enum import Enum, auto

import numpy as np

from simulation.model.operations import Seize
from simulation.model.resources import Discipline, Pool, ShiftEnd


class Standing(Enum):
    """What a token is doing."""

    RUNNING = auto()
    DELAYED = auto()
    WAITING = auto()
    EVICTED = auto()
    ELSEWHERE = auto()


@dataclass(eq=False, slots=True)
class Token:
    """A patient, a branch of one, or a unit in turnover."""

    stream: int
    number: int
    branch: int
    who: np.uint64
    patient_class: int
    arrived: int
    node: str
    name: str = ""
    silent: bool = False
    parent: Token | None = None
    pending: int = 0
    spawns: int = 0
    base_visit: int = 0
    visits: Counter[str] = field(default_factory=Counter)
    attributes: Counter[str] = field(default_factory=Counter)
    choices: dict[str, str] = field(default_factory=dict)
    held: Counter[str] = field(default_factory=Counter)
    grants: dict[str, Grant] = field(default_factory=dict)
    standing: Standing = Standing.RUNNING
    life: int = 0
    request: Request | None = None
    due: int = 0
    duration: int = 0
    since: int = 0  # when it came to wait for a batch or for its branches
    visit: int = 0
    draws: int = 0
    interruptible: bool = False
    script: Generator[None, None, None] | None = None


@dataclass(slots=True)
class Grant:
    """When, and with which claim, units were got that may be taken away again."""

    stamp: int
    level: int
    asked: int
    order: int


@dataclass(eq=False, slots=True)
class Request:
    """Somebody waiting for units."""

    token: Token
    needs: tuple[tuple[str, int], ...]
    any_of: bool
    level: int
    asked: int
    order: int
    seize: Seize | None = None


@dataclass(eq=False, slots=True)
class PoolState:
    """The units of one pool and its queue, one list for each level."""

    pool: Pool
    capacity: int
    levels: int
    busy: int = 0
    overtime: int = 0
    turning: int = 0
    ordered: bool = False
    orders: int = 0
    queues: list[list[Request]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make the queues."""
        self.queues = [[] for _ in range(self.levels)]

    @property
    def free(self) -> int:
        """Units that could be given now; negative in overtime."""
        return self.capacity - (self.busy - self.overtime) - self.turning

    @property
    def queued(self) -> int:
        """Requests waiting."""
        return sum(len(queue) for queue in self.queues)

    def queue_of(self, request: Request) -> list[Request]:
        """Give the list in which a request waits here."""
        return self.queues[0 if self.pool.discipline is Discipline.FIFO else request.level]

    def in_order(self) -> list[Request]:
        """Give all requests, the one to be met first in front."""
        worth = self.pool.level_worth_us
        if worth == 0:
            return [request for queue in self.queues for request in queue]
        heads = [list(queue) for queue in self.queues]
        ordered = []
        while any(heads):
            level = min(
                (n for n, queue in enumerate(heads) if queue),
                key=lambda n: (heads[n][0].asked + n * worth, heads[n][0].order),
            )
            ordered.append(heads[level].pop(0))
        return ordered

    def release(self, units: int) -> None:
        """Take units back; whoever works overtime goes home first."""
        self.busy -= units
        self.overtime -= min(self.overtime, units)

    def lower(self, units: int) -> None:
        """Take units off duty; what is then too much goes on in overtime if staff finish their patients."""
        self.capacity -= units
        if self.pool.at_shift_end is ShiftEnd.FINISH:
            regular = self.busy - self.overtime
            excess = regular + self.turning - self.capacity
            self.overtime += max(0, min(excess, regular))

"""What an engine is asked to run, and what it gives back: the contract between engines and everything above."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from simulation.model.calendars import Span
from simulation.model.pathway import Pathway
from simulation.model.state import InitialState

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


class Phase(IntEnum):
    """What goes first among events of one instant."""

    START = 0  # branches and turnovers begin
    CAPACITY_UP = 1  # units come, are repaired, stock arrives
    COMPLETION = 2  # delays end
    GRANT = 3  # those who were granted units go on
    ARRIVAL = 4
    TIMEOUT = 5  # patience ends, incomplete batches go
    CAPACITY_DOWN = 6  # units leave or fail
    OBSERVER = 7  # audits, end of the warm-up


class Mark(IntEnum):
    """What a row of the event log says."""

    ARRIVE = 0  # value: class
    REQUEST = 1  # joined a queue
    GRANT = 2  # got units; value: number of the first pool granted
    BEGIN = 3  # a delay begins
    END = 4  # a delay is over
    RELEASE = 5
    RENEGE = 6
    EVICT = 7  # value: number of the pool
    EXIT = 8
    ROUTE = 9  # value: number of the branch taken
    FORK = 10
    JOIN = 11
    BATCH = 12  # joined a batch
    SPAWN = 13


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """One model over one stretch of time.

    Parameters
    ----------
    pathway : Pathway
        The model.
    span : Span
        Stretch of time.
    initial : InitialState
        Who is there at the start.
    warm_up_us : int
        Statistics before this instant are thrown away.
    audit_every_us : int
        Distance of occupancy audits; 0 for none.
    step_budget : int
        Steps allowed within one instant before the run counts as endless.
    seed : int
        0..2**32-1.
    """

    pathway: Pathway
    span: Span
    initial: InitialState = field(default_factory=InitialState)
    warm_up_us: int = 0
    audit_every_us: int = 0
    step_budget: int = 1_000_000
    seed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LogColumns:
    """Rows of an event log in the order in which things happened, column by column.

    Parameters
    ----------
    times : Integers
        Microseconds from the start, shape (n,).
    streams, numbers, branches : Integers
        Who: stream (``-1`` for those in place at the start), number within it, branch within the patient.
    nodes : Integers
        Number of the node in the order of the pathway.
    marks : Integers
        A :class:`Mark`.
    values : Integers
        What the mark says it is, else 0.
    """

    times: Integers
    streams: Integers
    numbers: Integers
    branches: Integers
    nodes: Integers
    marks: Integers
    values: Integers


class EventLog:
    """What happened in a run, spelled out when somebody first looks at it.

    Most logs of many replications are never read, or only some of them: an engine hands over how to read its own
    notes, and the columns are made once.

    Parameters
    ----------
    size : int
        Number of rows.
    read : Callable[[], LogColumns]
        Makes the columns; called at most once.
    """

    __slots__ = ("__weakref__", "_columns", "_read", "_size")

    def __init__(self, size: int, read: Callable[[], LogColumns]) -> None:
        self._size = size
        self._read: Callable[[], LogColumns] | None = read
        self._columns: LogColumns | None = None

    def __len__(self) -> int:
        """Give the number of rows."""
        return self._size

    @property
    def columns(self) -> LogColumns:
        """The rows, column by column."""
        if self._columns is None and self._read is not None:
            self._columns, self._read = self._read(), None
        if self._columns is None:
            raise RuntimeError("two threads read one log at once: give each its own, or read it before")
        return self._columns

    def rows(self) -> list[tuple[int, ...]]:
        """Give the rows as tuples: time, stream, number, branch, node, mark, value."""
        c = self.columns
        columns = (c.times, c.streams, c.numbers, c.branches, c.nodes, c.marks, c.values)
        return list(zip(*(column.tolist() for column in columns), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Somebody who waits for units, for a batch or for its own branches when a run ends.

    Parameters
    ----------
    name : str
        Who.
    node : str
        Seize, batch or join node.
    held : tuple[tuple[str, int], ...]
        Units in its hands.
    needs : tuple[tuple[str, int], ...]
        Units that it waits for; empty for who waits for others.
    any_of : bool
        Whether one of the needs is enough.
    since_us : int
        When the wait began, microseconds from the start; negative for those who waited before it.
    branch : int
        Which branch of the patient, 0 for the patient itself; branches of branch b are 32 b + 1 to 32 b + 31.
    missing : int
        How many more its batch needs before it goes; 0 for who waits for something else. Batches that go unfilled
        after a while are not told.
    """

    name: str
    node: str
    held: tuple[tuple[str, int], ...]
    needs: tuple[tuple[str, int], ...]
    any_of: bool = False
    since_us: int = 0
    branch: int = 0
    missing: int = 0

"""One run as it is watched: how many are at each node, from frame to frame."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from simulation.compiled.engine import CompiledEngine
from simulation.model.plan import EventLog, Integers, Mark, RunPlan
from simulation.model.problems import Deadlock
from simulation.statistics.deadlock import refuse_deadlock

MOST_FRAMES = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Playback:
    """How many are at each node.

    Parameters
    ----------
    at : Integers
        Microseconds from the start of each frame, shape (frames,).
    nodes : tuple[str, ...]
        In the order of the pathway.
    present : Integers
        Patients (branches of one who is in several places count at each) at a node, shape (frames, nodes).
    waiting : Integers
        Of these, those who wait for units, shape (frames, nodes).
    deadlock : Deadlock or None, optional
        Who waited for one another for ever, and since when; it is watched all the same, since one sees how it came.
    """

    at: Integers
    nodes: tuple[str, ...]
    present: Integers
    waiting: Integers
    deadlock: Deadlock | None = None


def play_run(plan: RunPlan, *, every_us: int, replication: int = 0) -> Playback:
    """Run one replication and give what one would have seen.

    Parameters
    ----------
    plan : RunPlan
        What is run.
    every_us : int
        Distance of the frames, microseconds, above 0; widened if there would be more than :data:`MOST_FRAMES`.
    replication : int, optional
        Which.
    """
    outcome = CompiledEngine(plan).run(replication, log=True)
    if outcome.log is None:
        raise RuntimeError("the engine gave no log though it was asked for one")
    step = max(every_us, -(-plan.span.horizon_us // MOST_FRAMES))
    frames = np.arange(0, plan.span.horizon_us + 1, step, dtype=np.int64)
    seen = playback_of(outcome.log, tuple(plan.pathway.operations), frames)
    try:
        refuse_deadlock(outcome.waiting, plan, outcome.under_way)
    except Deadlock as error:
        return replace(seen, deadlock=error)
    return seen


def playback_of(log: EventLog, nodes: tuple[str, ...], frames: Integers) -> Playback:
    """Count who is where at each frame.

    Parameters
    ----------
    log : EventLog
        Rows in the order in which things happened.
    nodes : tuple[str, ...]
        Names of the nodes, in the order of the pathway.
    frames : Integers
        Instants, microseconds from the start, ascending.

    Notes
    -----
    A branch of a patient is at the node of its latest row until its next row; its last one ends it if it says exit, and
    a branch that joins is over as well. What happens at the very instant of a frame has happened.
    """
    columns = log.columns
    # By branch of a patient, in the order of the log: times alone would mix rows of one instant.
    order = np.lexsort((np.arange(len(log)), columns.branches, columns.numbers, columns.streams))
    who = np.stack((columns.streams, columns.numbers, columns.branches))[:, order]
    times, places, marks = columns.times[order], columns.nodes[order], columns.marks[order]
    goes_on = np.zeros(len(order), dtype=bool)
    goes_on[:-1] = (who[:, 1:] == who[:, :-1]).all(axis=0)
    until = np.where(goes_on, np.append(times[1:], 0), np.iinfo(np.int64).max)
    is_over = np.isin(marks, (Mark.EXIT, Mark.JOIN)) & ~goes_on
    until[is_over] = times[is_over]
    first, last = np.searchsorted(frames, times), np.searchsorted(frames, until)
    is_waiting = marks == Mark.REQUEST
    return Playback(
        at=frames,
        nodes=nodes,
        present=_counted(first, last, places, (len(frames), len(nodes))),
        waiting=_counted(first[is_waiting], last[is_waiting], places[is_waiting], (len(frames), len(nodes))),
    )


def _counted(first: Integers, last: Integers, places: Integers, shape: tuple[int, int]) -> Integers:
    """Count, frame by frame, what lasts from one frame (included) to another (not included)."""
    change = np.zeros((shape[0] + 1, shape[1]), dtype=np.int64)
    np.add.at(change, (first, places), 1)
    # What ends after the last frame ends beyond the table.
    np.add.at(change, (np.minimum(last, shape[0]), places), -1)
    return np.cumsum(change, axis=0)[:-1]

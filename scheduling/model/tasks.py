"""Tasks: who fetches, cleans, brings or mends what, and how far it has come."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from twin.events.work import TaskKind


class TaskStatus(StrEnum):
    """How far a task has come."""

    CREATED = "created"
    ASSIGNED = "assigned"
    STARTED = "started"
    PICKED = "picked"
    BLOCKED = "blocked"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


OPEN_STATUSES = frozenset(set(TaskStatus) - {TaskStatus.COMPLETED, TaskStatus.CANCELLED})
"""Statuses in which something is still to be done."""


class TaskAction(StrEnum):
    """What can be done to a task."""

    ASSIGN = "assign"
    UNASSIGN = "unassign"
    START = "start"
    PICK = "pick"
    BLOCK = "block"
    RESUME = "resume"
    COMPLETE = "complete"
    CANCEL = "cancel"


class TaskOutcome(StrEnum):
    """How a completed task ended."""

    DONE = "done"
    SHORT = "short"
    SUBSTITUTED = "substituted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task as it stands now.

    Parameters
    ----------
    id : str
        Its id; the id of the request that opened it.
    kind : TaskKind
        What is asked for.
    status : TaskStatus
        How far it has come.
    dedupe_key : str
        While the task is open, no second one with this key is made.
    subject_id : str
        Item, asset, bed or place that it is about.
    from_place, to_place : str
        Where to fetch and where to bring or to do; empty if it does not apply.
    quantity, picked, delivered : int
        Base units asked for, taken and brought.
    created_at, due_at : int
        UTC microseconds; ``due_at`` is 0 for no deadline.
    priority : int
        1 (highest) to 5.
    reason : str
        Stable code of the trigger.
    assignee : str
        Who has it; empty if nobody.
    position : int
        Place in the assignee's round, from 1; 0 if not routed.
    blocked_reason : str
        Stable code while it is blocked.
    outcome : str
        How it ended; empty while open.
    version : int
        Rises with every transition.
    """

    id: str
    kind: TaskKind
    status: TaskStatus
    dedupe_key: str = ""
    subject_id: str = ""
    from_place: str = ""
    to_place: str = ""
    quantity: int = 0
    picked: int = 0
    delivered: int = 0
    created_at: int = 0
    due_at: int = 0
    priority: int = 3
    reason: str = ""
    assignee: str = ""
    position: int = 0
    blocked_reason: str = ""
    outcome: str = ""
    version: int = 1

    @property
    def is_open(self) -> bool:
        """Whether something is still to be done."""
        return self.status in OPEN_STATUSES


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One recorded step of a task's life.

    Parameters
    ----------
    task : str
        Id of the task.
    action : TaskAction
        What was done.
    from_status, to_status : TaskStatus
        Before and after.
    at : int
        When, UTC microseconds.
    actor : str
        Who did it.
    reason : str
        Stable code; empty if none was given.
    """

    task: str
    action: TaskAction
    from_status: TaskStatus
    to_status: TaskStatus
    at: int
    actor: str
    reason: str = ""

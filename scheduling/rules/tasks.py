"""What may be done to a task, who gets it, and in what order a round is walked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scheduling.model.tasks import Task, TaskAction, TaskStatus
from twin.errors import Refused
from twin.events.work import TaskKind

_S, _A = TaskStatus, TaskAction

TRANSITIONS: dict[TaskAction, dict[TaskStatus, TaskStatus]] = {
    _A.ASSIGN: {_S.CREATED: _S.ASSIGNED, _S.ASSIGNED: _S.ASSIGNED, _S.BLOCKED: _S.ASSIGNED},
    _A.UNASSIGN: {_S.ASSIGNED: _S.CREATED, _S.STARTED: _S.CREATED, _S.BLOCKED: _S.CREATED},
    _A.START: {_S.CREATED: _S.STARTED, _S.ASSIGNED: _S.STARTED, _S.BLOCKED: _S.STARTED},
    _A.PICK: {_S.CREATED: _S.PICKED, _S.ASSIGNED: _S.PICKED, _S.STARTED: _S.PICKED, _S.PICKED: _S.PICKED},
    _A.BLOCK: {_S.CREATED: _S.BLOCKED, _S.ASSIGNED: _S.BLOCKED, _S.STARTED: _S.BLOCKED, _S.PICKED: _S.BLOCKED},
    _A.RESUME: {_S.BLOCKED: _S.STARTED},
    _A.COMPLETE: {
        _S.CREATED: _S.COMPLETED,
        _S.ASSIGNED: _S.COMPLETED,
        _S.STARTED: _S.COMPLETED,
        _S.PICKED: _S.COMPLETED,
        _S.BLOCKED: _S.COMPLETED,
    },
    _A.CANCEL: {
        _S.CREATED: _S.CANCELLED,
        _S.ASSIGNED: _S.CANCELLED,
        _S.STARTED: _S.CANCELLED,
        _S.BLOCKED: _S.CANCELLED,
    },
}
"""Next status by action and present status. What was picked cannot be cancelled: it is delivered or returned first.

Work that was done is recorded even if nobody pressed *start*, so ``complete`` is possible from every open status.
"""

ROLES_BY_KIND: dict[TaskKind, frozenset[str]] = {
    TaskKind.RESTOCK: frozenset({"logistics", "porter"}),
    TaskKind.CLEAN: frozenset({"cleaner"}),
    TaskKind.TRANSPORT: frozenset({"porter"}),
    TaskKind.MAINTAIN: frozenset({"biomed"}),
    TaskKind.RETRIEVE: frozenset({"porter", "logistics", "biomed"}),
    TaskKind.COUNT: frozenset({"logistics"}),
}
"""Staff roles to which a kind of task may be dispatched; see :func:`roles_of`."""

PULLS = frozenset({"recall", "expired"})
"""Reasons to fetch goods from shelves."""


def roles_of(task: Task) -> frozenset[str]:
    """Give the staff roles to which a task may be dispatched.

    Goods are pulled from shelves by whoever fills these; devices are fetched by whoever mends them too.

    Parameters
    ----------
    task : Task
        Any.
    """
    if task.kind is TaskKind.RETRIEVE and task.reason in PULLS:
        return ROLES_BY_KIND[TaskKind.RESTOCK]
    return ROLES_BY_KIND[task.kind]


def next_status(status: TaskStatus, action: TaskAction) -> TaskStatus:
    """Give the status after an action.

    Parameters
    ----------
    status : TaskStatus
        Present status.
    action : TaskAction
        What is to be done.

    Raises
    ------
    Refused
        With code ``task.transition`` if the action does not apply to the status.
    """
    target = TRANSITIONS[action].get(status)
    if target is None:
        allowed = ", ".join(sorted(found.value for found, row in TRANSITIONS.items() if status in row)) or "nothing"
        raise Refused(
            f"A task that is {status.value} cannot be given {action.value!r}: possible now: {allowed}.",
            reasons=(f"task.{status.value}",),
            code="task.transition",
        )
    return target


def urgency_key(task: Task, now: int) -> tuple[int, int, int, str]:
    """Give the sort key of a task: priority, overdue first, then due instant, then age by id.

    Parameters
    ----------
    task : Task
        An open task.
    now : int
        Present instant, UTC microseconds.
    """
    # No deadline sorts last.
    due = task.due_at or 2**62
    return task.priority, 0 if due <= now else 1, due, task.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who can be given a task.

    Parameters
    ----------
    id : str
        Id of the member of staff.
    role : str
        Profession code.
    place : str
        Where the person is believed to be; empty if unknown.
    open_tasks : int
        Tasks that the person already has.
    """

    id: str
    role: str
    place: str = ""
    open_tasks: int = 0


Seconds = Callable[[str, str], float]
"""Walking seconds between two places; infinite if there is no way."""


_FAR_S = 1e9  # someone whose place is unknown comes after everyone whose way is known


def _seconds_or_far(seconds: Seconds, start: str, end: str) -> float:
    if not start or not end:
        return _FAR_S
    return seconds(start, end)


def walking_order(tasks: Sequence[Task], start: str, seconds: Seconds, now: int) -> list[Task]:
    """Order a person's tasks for walking: urgent ones first, within one priority the nearest next stop.

    Parameters
    ----------
    tasks : Sequence[Task]
        The person's open tasks; those with a position keep the order of their round.
    start : str
        Where the person is.
    seconds : Seconds
        Walking time between places.
    now : int
        Present instant, UTC microseconds.
    """
    routed = sorted((task for task in tasks if task.position), key=lambda task: (task.position, task.id))
    waiting = [task for task in tasks if not task.position]
    place, ordered = start, list(routed)
    if routed:
        place = routed[-1].to_place or place
    # Nearest next stop within the most urgent priority: not optimal, but a person sees at once why.
    while waiting:
        first = min(task.priority for task in waiting)
        candidates = [task for task in waiting if task.priority == first]
        nearest = min(
            candidates,
            key=lambda task: (
                _seconds_or_far(seconds, place, task.from_place or task.to_place),
                urgency_key(task, now),
            ),
        )
        waiting.remove(nearest)
        ordered.append(nearest)
        place = nearest.to_place or nearest.from_place or place
    return ordered

"""Tasks in the order in which they should be done, and how many are late."""

from __future__ import annotations

from dataclasses import dataclass

from dash_app.queries.names import place_name, staff_label, subject_name
from twin.state.live import LiveState
from twin.state.model import OPEN_TASK_STATUSES, Task, TaskStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRow:
    """One task; instants in UTC microseconds, 0 if none."""

    id: str
    kind: str
    status: TaskStatus
    subject_id: str
    subject: str
    from_place: str
    to_place: str
    quantity: int
    due_at: int
    priority: int
    reason: str
    assignee: str
    assignee_name: str
    blocked_reason: str
    created_at: int
    is_late: bool


def _row(state: LiveState, task: Task, now: int, *, chinese: bool) -> TaskRow:
    return TaskRow(
        id=task.id,
        kind=task.kind.value if task.kind is not None else "",
        status=task.status,
        subject_id=task.subject_id,
        subject=subject_name(state, task.subject_id, chinese=chinese),
        from_place=place_name(state, task.from_place, chinese=chinese),
        to_place=place_name(state, task.to_place, chinese=chinese),
        quantity=task.quantity,
        due_at=task.due_at,
        priority=task.priority,
        reason=task.reason,
        assignee=task.assignee,
        assignee_name=staff_label(state, task.assignee) if task.assignee else "",
        blocked_reason=task.blocked_reason,
        created_at=task.created_at,
        is_late=bool(task.due_at) and task.due_at < now and task.status in OPEN_TASK_STATUSES,
    )


def open_tasks(state: LiveState, now: int, *, kind: str = "", status: str = "", chinese: bool = False) -> list[TaskRow]:
    """Give the open tasks: late ones first, then by priority, then by due time.

    Parameters
    ----------
    state : LiveState
        The hospital.
    now : int
        UTC microseconds.
    kind, status : str, optional
        Only these; empty for all.
    chinese : bool, optional
        Whether names are wanted in Chinese.
    """
    found = [
        _row(state, state.tasks[key], now, chinese=chinese)
        for key in tuple(state.index.open_tasks)
        if key in state.tasks
    ]
    far = 2**62
    return sorted(
        (row for row in found if kind in {"", row.kind} and status in {"", row.status.value}),
        key=lambda row: (not row.is_late, row.priority, row.due_at or far, row.created_at, row.id),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCounts:
    """How the work stands."""

    open: int
    unassigned: int
    in_progress: int
    blocked: int
    late: int


def counts(rows: list[TaskRow]) -> TaskCounts:
    """Count open tasks by what a supervisor must look at."""
    return TaskCounts(
        open=len(rows),
        unassigned=sum(not row.assignee for row in rows),
        in_progress=sum(row.status is TaskStatus.IN_PROGRESS for row in rows),
        blocked=sum(row.status is TaskStatus.ON_HOLD for row in rows),
        late=sum(row.is_late for row in rows),
    )


def assignees(state: LiveState) -> list[tuple[str, str]]:
    """Give who can be given tasks: id and label of all staff that carry, clean or repair, by label."""
    hands = {"porter", "cleaner", "logistics", "biomed", "technician"}
    found = [(key, member.label or key) for key, member in tuple(state.staff.items()) if member.role in hands]
    return sorted(found, key=lambda entry: (entry[1], entry[0]))

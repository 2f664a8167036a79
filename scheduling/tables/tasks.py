"""Rows of tasks and of every step in their lives."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import BigInteger, Index, text
from sqlmodel import Field, Session, SQLModel, col, select

from scheduling.model.tasks import OPEN_STATUSES, Task, TaskAction, TaskStatus, Transition
from twin.errors import NotFound
from twin.events.work import TaskKind

_OPEN = text("is_open")


class TaskRow(SQLModel, table=True):
    """A task as it stands now; at most one open task has a given key."""

    __tablename__ = "scheduling_task"
    # Partial indexes: closed tasks are history and may have any key again.
    __table_args__ = (
        Index(
            "scheduling_task_open_once",
            "dedupe_key",
            unique=True,
            sqlite_where=text("is_open AND dedupe_key <> ''"),
            postgresql_where=text("is_open AND dedupe_key <> ''"),
        ),
        Index("scheduling_task_of_assignee", "assignee", sqlite_where=_OPEN, postgresql_where=_OPEN),
    )

    id: str = Field(primary_key=True)
    kind: str
    status: str
    is_open: bool
    dedupe_key: str = ""
    subject_id: str = ""
    from_place: str = ""
    to_place: str = ""
    quantity: int = Field(default=0, sa_type=BigInteger)
    picked: int = Field(default=0, sa_type=BigInteger)
    delivered: int = Field(default=0, sa_type=BigInteger)
    created_at: int = Field(default=0, sa_type=BigInteger)
    due_at: int = Field(default=0, sa_type=BigInteger)
    priority: int = 3
    reason: str = ""
    assignee: str = ""
    position: int = 0
    blocked_reason: str = ""
    outcome: str = ""
    version: int = 1


class TransitionRow(SQLModel, table=True):
    """One step of a task's life; never changed once written."""

    __tablename__ = "scheduling_task_transition"

    task: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    action: str
    from_status: str
    to_status: str
    at: int = Field(sa_type=BigInteger)
    actor: str
    reason: str = ""
    command_id: str = Field(default="", index=True)


def task_of_row(row: TaskRow) -> Task:
    """Give the task of a row."""
    return Task(
        id=row.id,
        kind=TaskKind(row.kind),
        status=TaskStatus(row.status),
        dedupe_key=row.dedupe_key,
        subject_id=row.subject_id,
        from_place=row.from_place,
        to_place=row.to_place,
        quantity=row.quantity,
        picked=row.picked,
        delivered=row.delivered,
        created_at=row.created_at,
        due_at=row.due_at,
        priority=row.priority,
        reason=row.reason,
        assignee=row.assignee,
        position=row.position,
        blocked_reason=row.blocked_reason,
        outcome=row.outcome,
        version=row.version,
    )


def row_of_task(task: Task) -> TaskRow:
    """Give the row of a task."""
    return TaskRow(
        id=task.id,
        kind=task.kind.value,
        status=task.status.value,
        is_open=task.is_open,
        dedupe_key=task.dedupe_key,
        subject_id=task.subject_id,
        from_place=task.from_place,
        to_place=task.to_place,
        quantity=task.quantity,
        picked=task.picked,
        delivered=task.delivered,
        created_at=task.created_at,
        due_at=task.due_at,
        priority=task.priority,
        reason=task.reason,
        assignee=task.assignee,
        position=task.position,
        blocked_reason=task.blocked_reason,
        outcome=task.outcome,
        version=task.version,
    )


def find_task(session: Session, task: str, *, lock: bool = False) -> Task | None:
    """Give a task, or None.

    Parameters
    ----------
    session : Session
        The transaction.
    task : str
        Its id.
    lock : bool
        Whether others must wait until this transaction ends.
    """
    row = session.get(TaskRow, task, with_for_update=lock, populate_existing=lock)
    return None if row is None else task_of_row(row)


def load_task(session: Session, task: str, *, lock: bool = False) -> Task:
    """Give a task.

    Parameters
    ----------
    session : Session
        The transaction.
    task : str
        Its id.
    lock : bool
        Whether others must wait until this transaction ends.

    Raises
    ------
    NotFound
        If there is none.
    """
    found = find_task(session, task, lock=lock)
    if found is None:
        raise NotFound("task", task)
    return found


def find_open_by_key(session: Session, dedupe_key: str) -> Task | None:
    """Give the open task with a key, or None."""
    query = select(TaskRow).where(col(TaskRow.dedupe_key) == dedupe_key, col(TaskRow.is_open))
    row = session.exec(query).first()
    return None if row is None else task_of_row(row)


def save_task(session: Session, task: Task) -> None:
    """Write a task, new or changed."""
    session.merge(row_of_task(task))
    session.flush()


def save_transition(session: Session, transition: Transition, *, version: int, command_id: str) -> None:
    """Write one step of a task's life.

    Parameters
    ----------
    session : Session
        The transaction.
    transition : Transition
        The step.
    version : int
        Version of the task after it.
    command_id : str
        Id of the command that made it.
    """
    session.add(
        TransitionRow(
            task=transition.task,
            version=version,
            action=transition.action.value,
            from_status=transition.from_status.value,
            to_status=transition.to_status.value,
            at=transition.at,
            actor=transition.actor,
            reason=transition.reason,
            command_id=command_id,
        )
    )
    session.flush()


def find_transition(session: Session, task: str, action: TaskAction, command_id: str) -> Transition | None:
    """Give the step that a command made already, or None."""
    query = select(TransitionRow).where(
        col(TransitionRow.command_id) == command_id,
        col(TransitionRow.task) == task,
        col(TransitionRow.action) == action.value,
    )
    row = session.exec(query).first()
    return None if row is None else _transition_of(row)


def _transition_of(row: TransitionRow) -> Transition:
    return Transition(
        task=row.task,
        action=TaskAction(row.action),
        from_status=TaskStatus(row.from_status),
        to_status=TaskStatus(row.to_status),
        at=row.at,
        actor=row.actor,
        reason=row.reason,
    )


def transitions_of(session: Session, task: str) -> list[Transition]:
    """Give every step of a task's life, the first one first."""
    query = select(TransitionRow).where(col(TransitionRow.task) == task).order_by(col(TransitionRow.version))
    return [_transition_of(row) for row in session.exec(query)]


def list_tasks(
    session: Session,
    *,
    statuses: Sequence[TaskStatus] = tuple(OPEN_STATUSES),
    assignee: str | None = None,
    after: str = "",
    limit: int = 200,
) -> list[Task]:
    """Give tasks in the order of their ids, a page at a time.

    Parameters
    ----------
    session : Session
        May be a reading session.
    statuses : Sequence[TaskStatus]
        Only tasks in these; open ones by default.
    assignee : str, optional
        Only tasks of this person; empty for tasks that nobody has.
    after : str
        Id of the last task of the page before.
    limit : int
        Largest number of tasks.
    """
    query = select(TaskRow).where(
        col(TaskRow.status).in_([status.value for status in statuses]), col(TaskRow.id) > after
    )
    if assignee is not None:
        query = query.where(col(TaskRow.assignee) == assignee)
    return [task_of_row(row) for row in session.exec(query.order_by(col(TaskRow.id)).limit(limit))]

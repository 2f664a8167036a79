"""Tasks: facts in order, folded; the first end counts."""

from __future__ import annotations

from twin.events.work import TaskAssigned, TaskBlocked, TaskCancelled, TaskCompleted, TaskCreated, TaskStarted
from twin.state.claims import Inserted, insert_fact
from twin.state.model import Task, TaskFact, TaskStatus
from twin.state.tables import Tables

_ENDED = (TaskStatus.COMPLETED, TaskStatus.CANCELLED)


def task_fact(tables: Tables, event: TaskFact) -> None:
    """Keep a fact about a task and what it comes to."""
    task = tables.tasks.get(event.thing) or Task(id=event.thing)
    inserted = insert_fact(task.facts, event)
    if inserted is Inserted.LAST:
        step(task, event)
    elif inserted is Inserted.WITHIN:
        task = fold(task)
    tables.tasks[event.thing] = task
    if task.is_open:
        tables.index.open_tasks.add(task.id)
    else:
        tables.index.open_tasks.discard(task.id)


def fold(task: Task) -> Task:
    """Give a task made anew from all its facts."""
    anew = Task(id=task.id, facts=task.facts)
    for fact in task.facts:
        step(anew, fact)
    return anew


def step(task: Task, fact: TaskFact) -> None:
    """Fold one fact on top of a task."""
    if isinstance(fact, TaskCreated):
        _create(task, fact)
    elif task.status in _ENDED:
        return
    elif isinstance(fact, TaskAssigned):
        task.assignee, task.position, task.assigned_at = fact.assignee, fact.position, fact.occurred_at
        if task.status in (TaskStatus.REQUESTED, TaskStatus.ACCEPTED):
            task.status = TaskStatus.ACCEPTED if fact.assignee else TaskStatus.REQUESTED
    elif isinstance(fact, TaskStarted):
        task.status, task.started_at, task.blocked_reason = TaskStatus.IN_PROGRESS, fact.occurred_at, ""
    elif isinstance(fact, TaskBlocked):
        task.status, task.blocked_reason = TaskStatus.ON_HOLD, fact.reason
    elif isinstance(fact, TaskCompleted):
        task.status, task.ended_at = TaskStatus.COMPLETED, fact.occurred_at
        task.done_quantity, task.outcome = fact.quantity, fact.outcome
    elif isinstance(fact, TaskCancelled):
        task.status, task.ended_at, task.outcome = TaskStatus.CANCELLED, fact.occurred_at, fact.reason


def _create(task: Task, fact: TaskCreated) -> None:
    task.kind, task.dedupe_key, task.subject_id = fact.kind, fact.dedupe_key, fact.subject_id
    task.from_place, task.to_place, task.quantity = fact.from_place, fact.to_place, fact.quantity
    task.due_at, task.priority, task.reason = fact.due_at, fact.priority, fact.reason
    task.created_at = fact.occurred_at
    # an assignment may have come before the creation
    if task.status is TaskStatus.DRAFT:
        task.status = TaskStatus.ACCEPTED if task.assignee else TaskStatus.REQUESTED

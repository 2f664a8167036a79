"""The life of a task: created once, given to somebody, started, blocked, completed; every step is recorded."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlmodel import Session

from scheduling.model.tasks import Task, TaskAction, TaskOutcome, TaskStatus, Transition
from scheduling.rules.tasks import next_status
from scheduling.tables.tasks import (
    find_open_by_key,
    find_transition,
    load_task,
    save_task,
    save_transition,
)
from twin.errors import FieldError, FieldProblem
from twin.events.envelope import Event
from twin.events.patients import BedReadiness, BedReadinessChanged
from twin.events.work import (
    TaskAssigned,
    TaskBlocked,
    TaskCancelled,
    TaskCompleted,
    TaskCreated,
    TaskKind,
    TaskRequested,
    TaskStarted,
)
from twin.ports import EventSink


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Who does something to a task, and when.

    Parameters
    ----------
    command_id : str
        Given by the client; the same id has one effect however often it comes.
    actor : str
        Id of the person or program.
    at : int
        When, UTC microseconds.
    source : str
        Event source; a person's by default.
    staff : str
        Id of the member of staff that the actor is; empty if nobody said.
    """

    command_id: str
    actor: str
    at: int
    source: str = ""
    staff: str = ""

    @property
    def hands(self) -> str:
        """Who has a task that the actor takes."""
        return self.staff or self.actor

    @property
    def event_source(self) -> str:
        """Event source, never empty."""
        return self.source or ("twin:scheduling" if self.actor == "system" else f"user:{self.actor}")


def create_task(session: Session, *, task_id: str, request: TaskRequested) -> TaskCreated | None:
    """Make a task of a request, unless an open task has its key already.

    A repeated request with a higher priority or a larger quantity lifts the open task to it.

    Parameters
    ----------
    session : Session
        The transaction.
    task_id : str
        Id of the new task.
    request : TaskRequested
        What is asked for.

    Returns
    -------
    TaskCreated or None
        The event to be told; None if an open task stands for the request.
    """
    # An empty key never stands for another task.
    known = find_open_by_key(session, request.dedupe_key) if request.dedupe_key else None
    if known is not None:
        lifted = replace(known, priority=min(known.priority, request.priority))
        if lifted != known:
            save_task(session, lifted)
        return None
    task = Task(
        id=task_id,
        kind=request.kind,
        status=TaskStatus.CREATED,
        dedupe_key=request.dedupe_key,
        subject_id=request.subject_id,
        from_place=request.from_place,
        to_place=request.to_place,
        quantity=request.quantity,
        created_at=request.occurred_at,
        due_at=request.due_at,
        priority=request.priority,
        reason=request.reason,
    )
    save_task(session, task)
    return TaskCreated(
        thing=task_id,
        occurred_at=request.occurred_at,
        source="",
        source_key="",
        kind=request.kind,
        dedupe_key=request.dedupe_key,
        subject_id=request.subject_id,
        from_place=request.from_place,
        to_place=request.to_place,
        quantity=request.quantity,
        due_at=request.due_at,
        priority=request.priority,
        reason=request.reason,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    action: TaskAction
    task: Task
    reason: str = ""


def _advance(session: Session, change: _Change, step: Step) -> Task:
    before = change.task
    after = replace(before, status=next_status(before.status, change.action), version=before.version + 1)
    if after.status is not TaskStatus.BLOCKED:
        after = replace(after, blocked_reason="")
    save_task(session, after)
    save_transition(
        session,
        Transition(
            task=before.id,
            action=change.action,
            from_status=before.status,
            to_status=after.status,
            at=step.at,
            actor=step.actor,
            reason=change.reason,
        ),
        version=after.version,
        command_id=step.command_id,
    )
    return after


def _is_replay(session: Session, task: str, action: TaskAction, step: Step) -> bool:
    return bool(step.command_id) and find_transition(session, task, action, step.command_id) is not None


def request_task(session: Session, *, ledger: EventSink, step: Step, request: TaskRequested) -> None:
    """Ask for a task by hand; the ledger's handler makes it."""
    event = TaskRequested(
        thing=request.thing,
        occurred_at=step.at,
        source=step.event_source,
        source_key=step.command_id,
        actor=step.actor,
        kind=request.kind,
        dedupe_key=request.dedupe_key or f"manual:{step.command_id}",
        subject_id=request.subject_id,
        from_place=request.from_place,
        to_place=request.to_place,
        quantity=request.quantity,
        due_at=request.due_at,
        priority=request.priority,
        reason=request.reason or "manual",
    )
    ledger.append(session, [event])


def assign(session: Session, *, ledger: EventSink, step: Step, task: str, assignee: str, position: int = 0) -> Task:
    """Give a task to somebody, or take it back with an empty assignee.

    Parameters
    ----------
    session : Session
        The transaction.
    ledger : EventSink
        Where events go.
    step : Step
        Who does it.
    task : str
        Id of the task.
    assignee : str
        Who gets it; empty to take it back.
    position : int
        Place in the person's round, from 1; 0 if not routed.
    """
    action = TaskAction.ASSIGN if assignee else TaskAction.UNASSIGN
    found = load_task(session, task, lock=True)
    if _is_replay(session, task, action, step):
        return found
    after = _advance(session, _Change(action=action, task=replace(found, assignee=assignee, position=position)), step)
    event = TaskAssigned(
        thing=task,
        occurred_at=step.at,
        source=step.event_source,
        source_key=f"{step.command_id}:assign:{task}",
        actor=step.actor,
        assignee=assignee,
        position=position,
    )
    ledger.append(session, [event])
    return after


def start(session: Session, *, ledger: EventSink, step: Step, task: str) -> Task:
    """Begin a task; who begins it has it. Cleaning makes the bed ``cleaning``."""
    found = load_task(session, task, lock=True)
    if _is_replay(session, task, TaskAction.START, step):
        return found
    after = _advance(
        session, _Change(action=TaskAction.START, task=replace(found, assignee=found.assignee or step.hands)), step
    )
    events: list[Event] = []
    if not found.assignee:
        events.append(
            TaskAssigned(
                thing=task,
                occurred_at=step.at,
                source=step.event_source,
                source_key=f"{step.command_id}:take:{task}",
                actor=step.actor,
                assignee=step.hands,
            )
        )
    events.append(
        TaskStarted(
            thing=task,
            occurred_at=step.at,
            source=step.event_source,
            source_key=f"{step.command_id}:start:{task}",
            actor=step.actor,
        )
    )
    events += _bed_events(after, BedReadiness.CLEANING, step)
    ledger.append(session, events)
    return after


def _bed_events(task: Task, readiness: BedReadiness, step: Step) -> list[Event]:
    if task.kind is not TaskKind.CLEAN or not task.subject_id:
        return []
    return [
        BedReadinessChanged(
            thing=task.subject_id,
            occurred_at=step.at,
            source=step.event_source,
            source_key=f"{step.command_id}:{readiness.value}:{task.id}",
            actor=step.actor,
            readiness=readiness,
        )
    ]


def block(session: Session, *, ledger: EventSink, step: Step, task: str, reason: str) -> Task:
    """Say that a task cannot go on, and why; it stays open.

    Raises
    ------
    FieldError
        If no reason is given.
    """
    if not reason:
        raise FieldError(
            FieldProblem(field="reason", place="block", message="None was given.", cure="Choose why it cannot go on.")
        )
    found = load_task(session, task, lock=True)
    if _is_replay(session, task, TaskAction.BLOCK, step):
        return found
    after = _advance(session, _Change(action=TaskAction.BLOCK, task=found, reason=reason), step)
    after = replace(after, blocked_reason=reason)
    save_task(session, after)
    event = TaskBlocked(
        thing=task,
        occurred_at=step.at,
        source=step.event_source,
        source_key=f"{step.command_id}:block:{task}",
        actor=step.actor,
        reason=reason,
    )
    ledger.append(session, [event])
    return after


def cancel(session: Session, *, ledger: EventSink, step: Step, task: str, reason: str) -> Task:
    """Give a task up, with the reason; what was picked for it must be delivered or brought back first."""
    if not reason:
        raise FieldError(
            FieldProblem(field="reason", place="cancel", message="None was given.", cure="Say why it is given up.")
        )
    found = load_task(session, task, lock=True)
    if _is_replay(session, task, TaskAction.CANCEL, step):
        return found
    after, events = give_up(session, step=step, task=found, reason=reason)
    ledger.append(session, events)
    return after


def give_up(session: Session, *, step: Step, task: Task, reason: str) -> tuple[Task, list[Event]]:
    """Record that a task is given up and give the events that tell it, for a caller that tells them itself."""
    after = _advance(session, _Change(action=TaskAction.CANCEL, task=task, reason=reason), step)
    event = TaskCancelled(
        thing=task.id,
        occurred_at=step.at,
        source=step.event_source,
        source_key=f"{step.command_id}:cancel:{task.id}",
        actor=step.actor,
        reason=reason,
    )
    return after, [event]


def complete(
    session: Session, *, ledger: EventSink, step: Step, task: str, outcome: TaskOutcome = TaskOutcome.DONE
) -> Task:
    """Say that a task is done; a cleaned bed becomes clean.

    Parameters
    ----------
    session : Session
        The transaction.
    ledger : EventSink
        Where events go.
    step : Step
        Who does it.
    task : str
        Id of the task.
    outcome : TaskOutcome
        Whether all was brought.
    """
    found = load_task(session, task, lock=True)
    if _is_replay(session, task, TaskAction.COMPLETE, step):
        return found
    after, events = close(session, step=step, task=found, outcome=outcome)
    ledger.append(session, events)
    return after


def close(session: Session, *, step: Step, task: Task, outcome: TaskOutcome) -> tuple[Task, list[Event]]:
    """Record that a task is done and give the events that tell it, for a caller that tells them itself."""
    after = _advance(session, _Change(action=TaskAction.COMPLETE, task=replace(task, outcome=outcome.value)), step)
    events: list[Event] = [
        TaskCompleted(
            thing=task.id,
            occurred_at=step.at,
            source=step.event_source,
            source_key=f"{step.command_id}:complete:{task.id}",
            actor=step.actor,
            quantity=task.delivered,
            outcome=outcome.value,
        )
    ]
    return after, events + _bed_events(after, BedReadiness.CLEAN, step)


def note_picked(session: Session, *, step: Step, task: Task, quantity: int) -> Task:
    """Record that goods were taken for a task."""
    # Who picks for a task that nobody has, has it.
    counted = replace(task, picked=task.picked + quantity, assignee=task.assignee or step.actor)
    return _advance(session, _Change(action=TaskAction.PICK, task=counted), step)


def note_brought_back(session: Session, *, step: Step, task: Task, quantity: int) -> Task:
    """Record that picked goods were brought back; a task with nothing left on the way can be cancelled again."""
    after = replace(task, picked=max(0, task.picked - quantity), version=task.version + 1)
    if after.picked <= after.delivered and after.status is TaskStatus.PICKED:
        after = replace(after, status=TaskStatus.STARTED)
    save_task(session, after)
    save_transition(
        session,
        Transition(
            task=task.id,
            action=TaskAction.RESUME,
            from_status=task.status,
            to_status=after.status,
            at=step.at,
            actor=step.actor,
            reason="returned",
        ),
        version=after.version,
        command_id=step.command_id,
    )
    return after


def note_delivered(
    session: Session, *, step: Step, task: Task, quantity: int, outcome: TaskOutcome = TaskOutcome.DONE
) -> tuple[Task, list[Event]]:
    """Record that goods of a task were put down; the last of them completes it with the outcome given."""
    counted = replace(task, delivered=task.delivered + quantity)
    # A quantity of 0 is a task without a count: any delivery ends it.
    if counted.quantity and counted.delivered < counted.quantity:
        save_task(session, counted)
        return counted, []
    return close(session, step=step, task=counted, outcome=outcome)

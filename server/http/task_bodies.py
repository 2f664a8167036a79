"""What the task routes take and give."""

from __future__ import annotations

from typing import Annotated

import msgspec

from scheduling.model.tasks import Task, TaskOutcome, TaskStatus, Transition
from scheduling.service.rounds import Measured, RoundPlan
from twin.clock import to_text
from twin.events.work import TaskKind

Short = Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\x00]*$")]
Quantity = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]


class TaskView(msgspec.Struct, frozen=True, kw_only=True):
    """A task as it stands now; instants in ISO 8601, empty if none."""

    id: str
    kind: TaskKind
    status: TaskStatus
    subject_id: str
    from_place: str
    to_place: str
    quantity: int
    picked: int
    delivered: int
    priority: int
    reason: str
    assignee: str
    position: int
    blocked_reason: str
    outcome: str
    created_at: str
    due_at: str
    version: int


class TaskPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of tasks."""

    tasks: list[TaskView]
    next: str


class StepView(msgspec.Struct, frozen=True, kw_only=True):
    """One recorded step of a task's life."""

    action: str
    from_status: str
    to_status: str
    at: str
    actor: str
    reason: str


class PortionView(msgspec.Struct, frozen=True, kw_only=True):
    """A lot that should be taken for a task, and how much of it."""

    place: str
    lot: str
    lot_number: str
    expires_at: str
    quantity: int


class TaskDetail(msgspec.Struct, frozen=True, kw_only=True):
    """A task with its steps and, while goods are missing, the lots to take."""

    task: TaskView
    steps: list[StepView]
    portions: list[PortionView]
    short: int


class NewTask(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A task asked for by hand."""

    kind: TaskKind
    subject_id: Short = ""
    from_place: Short = ""
    to_place: Short = ""
    quantity: Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)] = 0
    due_at: Short = ""
    priority: Annotated[int, msgspec.Meta(ge=1, le=5)] = 3
    reason: Short = ""


class Assignment(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who gets a task; empty takes it back."""

    assignee: Short
    position: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 0


class StepTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A step without further facts; ``occurred_at`` when it was done offline."""

    occurred_at: Short = ""


class ReasonTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A step with its reason."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
    occurred_at: Short = ""


class Completion(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a task ended."""

    outcome: TaskOutcome = TaskOutcome.DONE
    occurred_at: Short = ""


class PickTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A label scanned at the shelf.

    ``packages`` of the scanned level, or ``quantity`` in base units; without either, what the task still needs.
    ``is_substitute`` says that an approved stand-in is taken on purpose; ``is_as_printed`` that somebody has compared
    a label that could be read in two ways with the package.
    """

    scan: Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]
    place: Short = ""
    packages: Quantity | None = None
    quantity: Quantity | None = None
    reason: Short = ""
    separator: Annotated[str, msgspec.Meta(max_length=8)] = ""
    is_substitute: bool = False
    is_as_printed: bool = False
    occurred_at: Short = ""


class DeliverTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The place whose label was scanned where the goods were put down.

    ``is_last`` says that nothing more will come: a task that brought less is closed as short, the rest is owed.
    """

    place: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    is_last: bool = False
    occurred_at: Short = ""


class DispatchResult(msgspec.Struct, frozen=True, kw_only=True):
    """Tasks that were given to somebody."""

    tasks: list[TaskView]


class PlannedTask(msgspec.Struct, frozen=True, kw_only=True):
    """Where a task stands in planned rounds; ``version`` is that of the task planned with, given back on applying."""

    task: Short
    assignee: Short
    position: Annotated[int, msgspec.Meta(ge=0, le=1000)]
    version: Annotated[int, msgspec.Meta(ge=1)]
    expected_at: Short = ""


class RoundMeasures(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds of walking of all, tasks done late, and tasks that nobody has."""

    walking_s: int
    late: int
    late_s: int
    waiting: int


class RoundsWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How rounds are planned; ``is_anew`` lets tasks change hands that nobody has begun."""

    is_anew: bool = True
    most_per_person: Annotated[int, msgspec.Meta(ge=1, le=100)] = 8


class RoundsView(msgspec.Struct, frozen=True, kw_only=True):
    """What would change, and how the rounds compare before and after."""

    changes: list[PlannedTask]
    before: RoundMeasures
    after: RoundMeasures


class RoundsTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The changes of a plan that are to be applied."""

    changes: Annotated[list[PlannedTask], msgspec.Meta(min_length=1, max_length=1000)]


class RoundsApplied(msgspec.Struct, frozen=True, kw_only=True):
    """Tasks as they stand, and ids of those that had changed since the plan was made and stay as they are."""

    tasks: list[TaskView]
    passed_over: list[str]


def rounds_view(plan: RoundPlan) -> RoundsView:
    """Give planned rounds as the API shows them."""
    return RoundsView(
        changes=[
            PlannedTask(
                task=each.task,
                assignee=each.assignee,
                position=each.position,
                version=each.version,
                expected_at=to_text(each.expected_at) if each.expected_at else "",
            )
            for each in plan.changed
        ],
        before=_measures(plan.before),
        after=_measures(plan.after),
    )


def _measures(found: Measured) -> RoundMeasures:
    return RoundMeasures(walking_s=found.walking_s, late=found.late, late_s=found.late_s, waiting=found.waiting)


def view_of(task: Task) -> TaskView:
    """Give a task as the API shows it."""
    return TaskView(
        id=task.id,
        kind=task.kind,
        status=task.status,
        subject_id=task.subject_id,
        from_place=task.from_place,
        to_place=task.to_place,
        quantity=task.quantity,
        picked=task.picked,
        delivered=task.delivered,
        priority=task.priority,
        reason=task.reason,
        assignee=task.assignee,
        position=task.position,
        blocked_reason=task.blocked_reason,
        outcome=task.outcome,
        created_at=to_text(task.created_at) if task.created_at else "",
        due_at=to_text(task.due_at) if task.due_at else "",
        version=task.version,
    )


def step_view(step: Transition) -> StepView:
    """Give a recorded step as the API shows it."""
    return StepView(
        action=step.action.value,
        from_status=step.from_status.value,
        to_status=step.to_status.value,
        at=to_text(step.at),
        actor=step.actor,
        reason=step.reason,
    )

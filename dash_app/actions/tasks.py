"""Give tasks to people, take them back, ask for new ones, cancel them."""

from __future__ import annotations

from dash_app.actions.port import Commands
from scheduling.service import tasks as service
from twin.access import Permission
from twin.errors import FieldError, FieldProblem


def _step(port: Commands, verb: str, task: str) -> service.Step:
    actor, now = port.actor(), port.clock.now()
    return service.Step(command_id=f"{actor.id}:{verb}:{task}:{now}", actor=actor.id, at=now)


def assign(port: Commands, task: str, assignee: str) -> None:
    """Give a task to somebody, or take it back with an empty assignee.

    Parameters
    ----------
    port : Commands
        The hospital.
    task : str
        Id of the task.
    assignee : str
        Id of a member of staff; empty to take it back.
    """
    port.actor().require(Permission.TASKS_ASSIGN)
    step = _step(port, "assign", task)
    port.writer.run(
        lambda session: service.assign(session, ledger=port.ledger, step=step, task=task, assignee=assignee)
    )


def cancel(port: Commands, task: str, reason: str) -> None:
    """Give a task up.

    Parameters
    ----------
    port : Commands
        The hospital.
    task : str
        Id of the task.
    reason : str
        Why; at least three characters.

    Raises
    ------
    FieldError
        If there is no reason.
    """
    port.actor().require(Permission.TASKS_ASSIGN)
    if len(reason.strip()) < 3:
        raise FieldError(
            FieldProblem(
                field="reason",
                place="cancel",
                message="Expected a reason of at least three characters.",
                cure="Write why it is not needed.",
            )
        )
    step = _step(port, "cancel", task)
    port.writer.run(
        lambda session: service.cancel(session, ledger=port.ledger, step=step, task=task, reason=reason.strip())
    )

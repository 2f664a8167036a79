"""Start and stop long computations."""

from __future__ import annotations

from collections.abc import Mapping

from dash_app.actions.port import Commands
from twin.access import Permission
from twin.errors import FieldError, FieldProblem

MOST_REPLICATIONS = 2000
LONGEST_HORIZON_S = 90 * 86_400.0


def start_what_if(port: Commands, arguments: Mapping[str, object]) -> str:
    """Queue a what-if run.

    Parameters
    ----------
    port : Commands
        The hospital.
    arguments : Mapping[str, object]
        As ``dash_app.queries.whatif.Question.arguments`` gives them.

    Returns
    -------
    str
        Id of the job.

    Raises
    ------
    FieldError
        If there are too many replications or the horizon is too long.
    """
    actor = port.actor()
    actor.require(Permission.SIMULATION_RUN)
    _within("replications", arguments.get("replications"), 2, MOST_REPLICATIONS)
    _within("horizon_s", arguments.get("horizon_s"), 3600, LONGEST_HORIZON_S)
    return port.jobs.submit("what_if", arguments, actor=actor)


def _within(name: str, value: object, low: float, high: float) -> None:
    if not isinstance(value, int | float) or not low <= value <= high:
        raise FieldError(
            FieldProblem(
                field=name,
                place="what-if",
                message=f"Expected {low:g} to {high:g}, got {value!r}.",
                cure="Choose a value within these bounds.",
            )
        )


def start_plan(port: Commands, arguments: Mapping[str, object]) -> str:
    """Queue the making of a plan; gives the job's id.

    Parameters
    ----------
    port : Commands
        The hospital.
    arguments : Mapping[str, object]
        ``kind``, ``horizon_h``, ``seconds``, ``seed``.
    """
    actor = port.actor()
    actor.require(Permission.PLANS_EDIT)
    _within("seconds", arguments.get("seconds"), 1, 600)
    return port.jobs.submit("plan", arguments, actor=actor)


def cancel(port: Commands, job_id: str) -> None:
    """Ask a job to stop.

    Parameters
    ----------
    port : Commands
        The hospital.
    job_id : str
        Id of the job.
    """
    port.actor().require(Permission.SIMULATION_RUN)
    port.jobs.cancel(job_id)

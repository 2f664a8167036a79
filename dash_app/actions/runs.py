"""Start and stop long computations."""

from __future__ import annotations

from collections.abc import Mapping

from dash_app.actions.port import Commands
from twin.access import Permission
from twin.errors import FieldError, FieldProblem

MOST_REPLICATIONS = 2000
MOST_UNITS = 10_000
LEAST_PRICE = 1e-6
LEAST_RUNS = 10  # of each scenario, from which the first means and variances are known
MOST_RUNS = 100_000
MOST_WEEKS = 520
LARGEST_LOG = 10_000_000  # characters: a request is bounded at 10 MiB
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


def lever_told(path: str, low: object, high: object, price: object) -> dict[str, object]:
    """Check what may change in a search for the cheapest counts, and give it as plain values.

    Parameters
    ----------
    path : str
        Entry of the pathway, such as ``pools.icu.capacity``.
    low, high : object
        Bounds as entered, whole numbers.
    price : object
        Of one, as entered, above 0.

    Raises
    ------
    FieldError
        If one cannot be used; it is named.
    """
    _within("low", low, 0, MOST_UNITS)
    _within("high", high, 0, MOST_UNITS)
    _within("price", price, LEAST_PRICE, 1e12)
    if not isinstance(low, int) or not isinstance(high, int) or low > high:
        raise FieldError(
            FieldProblem(
                field="high",
                place="levers",
                message=f"Expected whole numbers, the lower one first; got {low} and {high}.",
                cure="Enter bounds such as 4 and 20.",
            )
        )
    return {"path": path, "low": low, "high": high, "price": price}


def start_optimum(port: Commands, arguments: Mapping[str, object]) -> str:
    """Queue the search for the cheapest counts within limits; gives the job's id.

    Parameters
    ----------
    port : Commands
        The hospital.
    arguments : Mapping[str, object]
        ``levers`` and ``limits`` as texts, ``base``, ``horizon_s``, ``replications``.

    Raises
    ------
    FieldError
        If nothing may change, or nothing must hold.
    """
    actor = port.actor()
    actor.require(Permission.SIMULATION_RUN)
    for name, cure in (("levers", "Say what may change."), ("limits", "Say what must hold.")):
        if not arguments.get(name):
            raise FieldError(FieldProblem(field=name, place="what-if", message="Expected at least one.", cure=cure))
    return port.jobs.submit("optimum", arguments, actor=actor)


def start_choice(port: Commands, arguments: Mapping[str, object]) -> str:
    """Queue the choice of the best of several scenarios; gives the job's id.

    Parameters
    ----------
    port : Commands
        The hospital.
    arguments : Mapping[str, object]
        ``scenarios``, ``measure``, ``method`` with ``zone`` or ``budget``, ``limits`` as texts, and as for a what-if.

    Raises
    ------
    FieldError
        If there is nothing to choose among, or zone or budget cannot be used.
    """
    actor = port.actor()
    actor.require(Permission.SIMULATION_RUN)
    scenarios = arguments.get("scenarios")
    count = len(scenarios) if isinstance(scenarios, list) else 0
    if count < 2:
        message, cure = "Expected one beside the hospital as it is.", "Put a scenario together first."
        raise FieldError(FieldProblem(field="scenarios", place="what-if", message=message, cure=cure))
    if arguments.get("method") == "ocba":
        _within("budget", arguments.get("budget"), LEAST_RUNS * count, MOST_RUNS)
    else:
        _within("zone", arguments.get("zone"), LEAST_PRICE, 1e12)
    return port.jobs.submit("choice", arguments, actor=actor)


def start_calibration(port: Commands, arguments: Mapping[str, object]) -> str:
    """Queue the making of a pathway from an event log; gives the job's id.

    Parameters
    ----------
    port : Commands
        The hospital.
    arguments : Mapping[str, object]
        ``name`` of the file, ``log`` as text, ``weeks`` held back for the check.

    Raises
    ------
    FieldError
        If there is no log, or the weeks cannot be held back.
    """
    actor = port.actor()
    actor.require(Permission.SIMULATION_RUN)
    if not arguments.get("log"):
        message, cure = "Expected an event log.", "Choose a file first."
        raise FieldError(FieldProblem(field="log", place="calibration", message=message, cure=cure))
    _within("weeks", arguments.get("weeks"), 0.1, MOST_WEEKS)
    return port.jobs.submit("calibration", arguments, actor=actor)


def start_sensitivity(port: Commands, arguments: Mapping[str, object]) -> str:
    """Queue the question which guesses about a hospital matter; gives the job's id.

    Parameters
    ----------
    port : Commands
        The hospital.
    arguments : Mapping[str, object]
        ``rooms``, ``wards``, ``sheet``, ``measure``, ``share``, ``horizon_s``, ``warm_up_s``, ``replications``.

    Raises
    ------
    FieldError
        If a number cannot be used.
    """
    actor = port.actor()
    actor.require(Permission.SIMULATION_RUN)
    _within("share", arguments.get("share"), 0.01, 0.9)
    _within("replications", arguments.get("replications"), 2, MOST_REPLICATIONS)
    _within("horizon_s", arguments.get("horizon_s"), 3600.0, LONGEST_HORIZON_S)
    return port.jobs.submit("sensitivity", arguments, actor=actor)


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


def finish_plan(port: Commands, job_id: str) -> None:
    """Have a plan's job end with the best plan that it has.

    Parameters
    ----------
    port : Commands
        The hospital.
    job_id : str
        Id of the job.
    """
    port.actor().require(Permission.PLANS_EDIT)
    port.jobs.finish(job_id)


def cancel_plan(port: Commands, job_id: str) -> None:
    """Have the job of a plan or a roster stop without a result.

    Parameters
    ----------
    port : Commands
        The hospital.
    job_id : str
        Id of the job.
    """
    port.actor().require(Permission.PLANS_EDIT)
    port.jobs.cancel(job_id)


def start_roster(port: Commands, arguments: Mapping[str, object]) -> str:
    """Queue the making of a roster; gives the job's id.

    Parameters
    ----------
    port : Commands
        The hospital.
    arguments : Mapping[str, object]
        ``problem``, ``seconds``, ``seed``, ``start_at`` and ``zone``.
    """
    actor = port.actor()
    actor.require(Permission.PLANS_EDIT)
    _within("seconds", arguments.get("seconds"), 1, 600)
    return port.jobs.submit("roster", arguments, actor=actor)


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

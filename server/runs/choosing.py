"""Jobs beside the what-if: which scenario is best, which counts are cheapest within limits, how long the warm-up is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from server.runs.what_if import JobProgress, live_question, tell_preparing
from server.wiring import Hospital
from simulation.experiments.choosing import Limit, Method, Wanted, choose, limit_of, plain_choice
from simulation.experiments.optimising import Lever, lever_of, optimise, plain_optimum
from simulation.experiments.warming import find_warm_up, plain_warm_up
from simulation.experiments.wire import request_of
from twin.errors import FieldError, FieldProblem

_OWN = ("measure", "zone", "limits", "levers", "method", "budget")


def prepare(hospital: Hospital, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Put the hospital as it is now into a question, and read what only these jobs ask for.

    Parameters
    ----------
    hospital : Hospital
        Whose live state it is about.
    arguments : Mapping[str, Any]
        As for the what-if, and ``limits`` (texts such as ``wait.triage.p95_s<=900``) with either ``measure`` and
        ``zone``, or ``levers`` (texts such as ``pools.bay.capacity=4..20@500``).

    Raises
    ------
    FieldError, PathwayError
        If something cannot be read.
    """
    own = {name: arguments[name] for name in _OWN if name in arguments}
    rest = {name: value for name, value in arguments.items() if name not in _OWN}
    if "levers" in own:
        _levers(own)
    else:
        _wanted(own)
    _limits(own)
    return {"question": live_question(hospital, rest), **own}


def _texts(own: Mapping[str, Any], name: str) -> list[str]:
    told = own.get(name, [])
    if not isinstance(told, list | tuple) or not all(isinstance(one, str) for one in told):
        raise FieldError(
            FieldProblem(field=name, place="what-if", message="Expected a list of texts.", cure="See the guide.")
        )
    return list(told)


def _limits(own: Mapping[str, Any]) -> tuple[Limit, ...]:
    return tuple(limit_of(text) for text in _texts(own, "limits"))


def _levers(own: Mapping[str, Any]) -> tuple[Lever, ...]:
    return tuple(lever_of(text) for text in _texts(own, "levers"))


def _wanted(own: Mapping[str, Any]) -> Wanted:
    try:
        method = Method(own.get("method", Method.KIM_NELSON))
    except ValueError as error:
        raise FieldError(
            FieldProblem(field="method", place="what-if", message="Expected kn or ocba.", cure="Choose one of them.")
        ) from error
    if method is Method.BUDGET:
        budget = own.get("budget")
        if isinstance(budget, bool) or not isinstance(budget, int):
            message = "Expected a whole number of runs."
            raise FieldError(FieldProblem(field="budget", place="what-if", message=message, cure="Allow some."))
        return Wanted(measure=str(own.get("measure", "")), limits=_limits(own), method=method, budget=budget)
    zone = own.get("zone")
    if isinstance(zone, bool) or not isinstance(zone, int | float):
        raise FieldError(
            FieldProblem(
                field="zone",
                place="what-if",
                message="Expected a number.",
                cure="Say which difference does not matter, in the unit of the measure.",
            )
        )
    return Wanted(measure=str(own.get("measure", "")), zone=float(zone), limits=_limits(own))


def _told(progress: JobProgress) -> Callable[[], bool]:
    """Tell the job, before each block of replications, that it goes on; it is ended from outside."""
    tell_preparing(progress)
    blocks = 0

    def ask() -> bool:
        nonlocal blocks
        blocks += 1
        progress(1 - 1 / (1 + blocks / 20), "running")  # how many there will be is not known; it only ever grows
        return False

    return ask


def work_choice(arguments: dict[str, Any], progress: JobProgress) -> dict[str, Any]:
    """Choose among scenarios in the job's own process.

    Parameters
    ----------
    arguments : dict[str, Any]
        As :func:`prepare` gives them.
    progress : JobProgress
        Told before each block of replications.
    """
    wanted = _wanted(arguments)
    found = choose(request_of(arguments["question"]), wanted, _told(progress))
    return plain_choice(found, wanted.limits)


def work_optimum(arguments: dict[str, Any], progress: JobProgress) -> dict[str, Any]:
    """Look for the cheapest counts in the job's own process; like :func:`work_choice`."""
    question = request_of(arguments["question"])
    return plain_optimum(optimise(question, _levers(arguments), _limits(arguments), _told(progress)))


def work_warm_up(arguments: dict[str, Any], progress: JobProgress) -> dict[str, Any]:
    """Find the warm-up of a pathway in the job's own process.

    Parameters
    ----------
    arguments : dict[str, Any]
        ``question`` as the what-if prepares it, and ``cycle_s``.
    progress : JobProgress
        Told before each block of replications.
    """
    request = request_of(arguments["question"])
    return plain_warm_up(find_warm_up(request, cycle_s=float(arguments["cycle_s"]), should_stop=_told(progress)))


def prepare_warm_up(hospital: Hospital, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Put the hospital's pathway, or one of its own, into the question; nobody is in place at the start.

    Parameters
    ----------
    hospital : Hospital
        Whose live state it is about.
    arguments : Mapping[str, Any]
        As for the what-if, and ``cycle_s``.
    """
    rest = dict(arguments)
    cycle_s = float(rest.pop("cycle_s", 0.0))
    question = live_question(hospital, rest)
    question.pop("initial", None)  # the beginning that must be forgotten is the empty hospital
    return {"question": question, "cycle_s": cycle_s}

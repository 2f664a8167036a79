"""The what-if job: the hospital as it is goes in, a comparison with its uncertainty comes out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from dash_app.queries.port import PREPARING
from server.runs.house_model import desk_of, house_match
from server.wiring import Hospital
from simulation.experiments.changes import changed
from simulation.experiments.hospital import ParameterSheet
from simulation.experiments.live import live_start
from simulation.experiments.placing import placed_in
from simulation.experiments.readiness import is_engine_ready
from simulation.experiments.request import ExperimentResult
from simulation.experiments.running import run
from simulation.experiments.shadow import one_more_of_each
from simulation.experiments.situations.offers import situation_changes
from simulation.experiments.wire import plain_result, request_of
from simulation.model.building import build_pathway
from simulation.model.calendars import Span
from simulation.model.ways import places_named, with_travel
from twin.clock import HOUR_US
from twin.errors import FieldError, FieldProblem
from twin.state.frozen import HospitalState

LIVE = "live"


class JobProgress:
    """What a job is given to tell how far it is."""

    def __call__(self, share: float, note: str = "", partial: Mapping[str, object] | None = None) -> None:
        """Tell the share done, a code of the step, and what is known already."""


def tell_preparing(progress: JobProgress) -> None:
    """Tell that the engine has to be compiled first, if so: a minute without news would be taken for a run that hangs.

    Parameters
    ----------
    progress : JobProgress
        Of the job.
    """
    if not is_engine_ready():
        progress(0.0, PREPARING)


def prepare(hospital: Hospital, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Put the hospital as it is now into a question: see :func:`question_about`.

    Parameters
    ----------
    hospital : Hospital
        Whose live state it is about.
    arguments : Mapping[str, Any]
        The question.
    """
    values = live_question(hospital, arguments)
    house = desk_of(hospital).question() if _is_live(arguments) and not arguments.get("sheet") else None
    return values if house is None else values | {"house": house}


def live_question(hospital: Hospital, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Put the hospital as it is now into a question, without what tells how well the model matches.

    Parameters
    ----------
    hospital : Hospital
        Whose live state and history it is about.
    arguments : Mapping[str, Any]
        The question, see :func:`question_about`.
    """
    return question_about(hospital.live.freeze(hospital.clock.now()), _with_history(hospital, arguments))


def _is_live(arguments: Mapping[str, Any]) -> bool:
    return bool(arguments.get("base", LIVE if "pathway" not in arguments else "") == LIVE)


def _with_history(hospital: Hospital, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Let the laws of the hospital's own history stand where the question tells no sheet of its own."""
    values = dict(arguments)
    if _is_live(values) and isinstance(told := values.get("sheet", {}), Mapping):
        values["sheet"] = msgspec.to_builtins(desk_of(hospital).sheet()) | dict(told)
    return values


def question_about(state: HospitalState, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Put a state of the hospital into a question, so that the job needs nothing else and can be run again.

    Parameters
    ----------
    state : HospitalState
        What the question is about.
    arguments : Mapping[str, Any]
        A request of an experiment, or ``base: live`` in place of its pathway; ``sheet`` may change the usual values. A
        scenario may name ``situations`` of the library, each with ``name`` and ``values``; ``one_more`` (true, or names
        of pools) adds a scenario for each pool in which it has one unit more. With ``in_place`` a pathway of one's own
        begins with those of the live hospital who have a place in it. ``match``, what is known of how well the pathway
        matches what happened, is taken along to stand beside the answer.

    Raises
    ------
    FieldError
        If the question cannot be read.
    """
    values = dict(arguments)
    match = values.pop("match", None)
    begins_in_place = values.pop("in_place", False)
    base = values.pop("base", LIVE if "pathway" not in values else "")
    sheet = values.pop("sheet", {})
    if base == LIVE:
        try:
            chosen = msgspec.convert(sheet, ParameterSheet)
        except msgspec.ValidationError as error:
            raise _problem("sheet", str(error)) from error
        start = live_start(state, chosen)
        values |= {
            "pathway": start.pathway,
            "initial": msgspec.to_builtins(start.initial),
            "start_at": start.start_at,
        }
    elif base:
        raise _problem("base", f"Unknown base {base!r}.")
    elif begins_in_place:
        values |= _in_place(state, values.get("pathway"))
    values["scenarios"] = _scenarios(values.get("scenarios"), values.get("pathway"))
    one_more = values.pop("one_more", False)
    if one_more:
        pools = tuple(str(pool) for pool in one_more) if isinstance(one_more, list | tuple) else ()
        values["scenarios"] += msgspec.to_builtins(one_more_of_each(values["pathway"], pools))
    asked = request_of({name: value for name, value in values.items() if name != "placed"})
    ways = {way for one in asked.scenarios for way in places_named(changed(asked.pathway, one.changes))}
    if ways:
        # The question has to hold what it needs of the building: it is run elsewhere, and may be run again later.
        values["pathway"] = with_travel(asked.pathway, state.building(), ways)
    return values if match is None else values | {"match": match}


def _in_place(state: HospitalState, pathway: object) -> dict[str, Any]:
    """Give who of the live hospital begins in a pathway of one's own, and how many have no place in it."""
    if not isinstance(pathway, Mapping):
        raise _problem("pathway", f"Expected a pathway, got {pathway!r}.")
    document = with_travel(pathway, state.building()) if places_named(pathway) else pathway
    known = build_pathway(document, span=Span(start_at=state.at, horizon_us=HOUR_US))
    placed = placed_in(known, live_start(state).initial)
    return {
        "initial": msgspec.to_builtins(placed.initial),
        "start_at": state.at,
        "placed": {"in_place": len(placed.initial.patients), "left_out": dict(placed.left_out)},
    }


def _scenarios(told: object, pathway: object) -> list[dict[str, Any]]:
    """Write situations of the library out as changes, so that a kept question does not depend on the library."""
    if told is None:
        return [{"name": "as it is", "changes": []}]
    if not isinstance(told, list | tuple) or not isinstance(pathway, Mapping):
        raise _problem("scenarios", "Expected a list of scenarios and a pathway.")
    found = []
    for one in told:
        if not isinstance(one, Mapping):
            raise _problem("scenarios", f"Expected a scenario, got {one!r}.")
        scenario = dict(one)
        found.append(scenario)
        situations = scenario.pop("situations", ())
        if not situations:
            continue
        changes: list[Any] = []
        document = dict(pathway)
        for situation in situations:
            if not isinstance(situation, Mapping) or not isinstance(situation.get("values", {}), Mapping):
                raise _problem("situations", f"Expected a name and values, got {situation!r}.")
            made = situation_changes(document, str(situation.get("name", "")), situation.get("values"))
            document = changed(document, made)  # the next one builds on what this one has changed
            changes += msgspec.to_builtins(made)
        scenario["changes"] = [*changes, *scenario.get("changes", ())]
    return found


def _problem(field: str, message: str) -> FieldError:
    return FieldError(FieldProblem(field=field, place="what-if", message=message, cure="Mend it."))


def work(arguments: dict[str, Any], progress: JobProgress) -> dict[str, Any]:
    """Run the experiment in the job's own process.

    Parameters
    ----------
    arguments : dict[str, Any]
        As :func:`prepare` gives them.
    progress : JobProgress
        Told the share done and the partial result.
    """

    def tell(share: float, partial: ExperimentResult | None) -> None:
        progress(share, "running", None if partial is None else plain_result(partial))

    tell_preparing(progress)
    values = dict(arguments)
    match, house, placed = (values.pop(name, None) for name in ("match", "house", "placed"))
    result = plain_result(run(request_of(values), tell))
    if placed is not None:
        result |= {"placed": placed}
    if house is not None:
        match = house_match(house)
    return result if match is None else result | {"match": match}

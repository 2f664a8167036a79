"""The job that tells which guesses about a hospital without a log matter, and what its pathway is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from dash_app.actions.runs import LONGEST_HORIZON_S, MOST_REPLICATIONS
from server.runs.what_if import JobProgress, tell_preparing
from server.wiring import Hospital
from simulation.experiments.choosing import plain_interval
from simulation.experiments.hospital import Capacities, ParameterSheet, hospital_document
from simulation.experiments.request import ExperimentRequest
from simulation.experiments.sensitivity import USUAL_MEASURE, SheetStudy, ranked
from simulation.experiments.sizes import document_of, told_sheet
from twin.errors import FieldError, FieldProblem

_NUMBERS = {
    "share": (0.2, 0.01, 0.9),
    "horizon_s": (1_209_600.0, 3600.0, LONGEST_HORIZON_S),
    "warm_up_s": (604_800.0, 0.0, LONGEST_HORIZON_S),
    "replications": (20, 2, MOST_REPLICATIONS),
    "seed": (1, 0, (1 << 32) - 1),
}
"""Usual, least and greatest value of each number that is asked for."""


def prepare(hospital: Hospital, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Check what is asked.

    Parameters
    ----------
    hospital : Hospital
        Asks.
    arguments : Mapping[str, Any]
        As for :func:`simulation.experiments.sizes.told_sheet`, and ``measure``, ``share``, ``horizon_s``,
        ``warm_up_s``, ``replications``, ``seed``.

    Raises
    ------
    FieldError, PathwayError
        If something cannot be used.
    """
    zone = hospital.settings.time_zone
    document_of(arguments, zone)  # says what cannot be run before anything is
    size, sheet = told_sheet(arguments, zone)
    measure = arguments.get("measure", USUAL_MEASURE)
    if not isinstance(measure, str) or not measure:
        raise _problem("measure", f"Expected a name, got {measure!r}.", f"Write such as {USUAL_MEASURE}.")
    numbers = {name: _number(name, arguments.get(name, usual)) for name, (usual, _, _) in _NUMBERS.items()}
    if numbers["warm_up_s"] >= numbers["horizon_s"]:
        raise _problem("warm_up_s", "Expected less than the length of a run.", "Shorten it, or run for longer.")
    return {
        "size": msgspec.to_builtins(size),
        "sheet": msgspec.to_builtins(sheet),
        "measure": measure,
        "start_at": hospital.clock.now(),
        **numbers,
    }


def _number(name: str, value: object) -> float | int:
    usual, low, high = _NUMBERS[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise _problem(name, f"Expected a number from {low:g} to {high:g}, got {value!r}.", f"Write such as {usual:g}.")
    return float(value) if isinstance(usual, float) else int(value)


def work(arguments: dict[str, Any], progress: JobProgress) -> dict[str, Any]:
    """Vary the sheet in the job's own process.

    Parameters
    ----------
    arguments : dict[str, Any]
        As :func:`prepare` gives them.
    progress : JobProgress
        Told after each entry.

    Returns
    -------
    dict[str, Any]
        ``measure``, ``share``, ``usual`` (the measure with the sheet as it is), ``document`` and ``entries``, the most
        felt first, each with ``entry``, ``lower``, ``higher`` (differences) and ``is_felt``.
    """
    tell_preparing(progress)
    size = msgspec.convert(arguments["size"], Capacities)
    sheet = msgspec.convert(arguments["sheet"], ParameterSheet)
    request = ExperimentRequest(
        pathway={},
        start_at=arguments["start_at"],
        horizon_s=arguments["horizon_s"],
        warm_up_s=arguments["warm_up_s"],
        replications=arguments["replications"],
        seed=arguments["seed"],
    )
    study = SheetStudy(size, sheet, request, arguments["measure"], share=arguments["share"])
    found, entries = [], study.entries
    for number, entry in enumerate(entries):
        progress((number + 1) / (len(entries) + 1), "running")
        found.append(study.vary(entry))
    return {
        "measure": arguments["measure"],
        "share": arguments["share"],
        "usual": plain_interval(study.usual),
        "document": hospital_document(size, sheet, {}),
        "entries": [
            {
                "entry": one.entry,
                "lower": plain_interval(one.low),
                "higher": plain_interval(one.high),
                "is_felt": one.is_felt,
            }
            for one in ranked(found)
        ],
    }


def _problem(field: str, message: str, cure: str) -> FieldError:
    return FieldError(FieldProblem(field=field, place="sheet", message=message, cure=cure))

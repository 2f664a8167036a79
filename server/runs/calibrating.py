"""The job that makes a pathway from an event log, and says how well it tells the log's last weeks."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dash_app.actions.runs import LARGEST_LOG, MOST_WEEKS
from server.imports.event_logs import cases_of_file
from server.runs.what_if import JobProgress, tell_preparing
from server.wiring import Hospital
from simulation.calibration.checking import check_last_weeks
from simulation.calibration.mining import mine
from simulation.calibration.wire import plain_mined, plain_report
from simulation.model.problems import PathwayError
from twin.errors import FieldError, FieldProblem


def prepare(hospital: Hospital, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Check what a calibration is asked to do.

    Parameters
    ----------
    hospital : Hospital
        Asks.
    arguments : Mapping[str, Any]
        ``name`` of the file, ``log`` as text, ``weeks`` to hold back, ``seed``.

    Raises
    ------
    FieldError
        If one cannot be used.
    """
    name, log = arguments.get("name", "log.csv"), arguments.get("log")
    weeks, seed = arguments.get("weeks", 8.0), arguments.get("seed", 1)
    if not isinstance(log, str) or not 0 < len(log) <= LARGEST_LOG:
        raise _problem("log", f"Expected the text of a log, at most {LARGEST_LOG} characters.", "Give one.")
    if isinstance(weeks, bool) or not isinstance(weeks, int | float) or not 0 < weeks <= MOST_WEEKS:
        raise _problem("weeks", f"Expected 0 to {MOST_WEEKS:g} weeks, got {weeks!r}.", "Say how many to hold back.")
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 1 << 32:
        raise _problem("seed", f"Expected a whole number below 2**32, got {seed!r}.", "Give one.")
    return {"name": Path(str(name)).name or "log.csv", "log": log, "weeks": float(weeks), "seed": seed}


def work(arguments: dict[str, Any], progress: JobProgress) -> dict[str, Any]:
    """Make a pathway from a log in the job's own process.

    Parameters
    ----------
    arguments : dict[str, Any]
        As :func:`prepare` gives them.
    progress : JobProgress
        Told what is being done.

    Returns
    -------
    dict[str, Any]
        ``document``, ``arrivals``, ``gaps``, ``ways`` of the whole log, and the ``report`` on its last weeks.
    """
    with tempfile.TemporaryDirectory() as folder:
        suffix = ".xes" if arguments["name"].lower().endswith(".xes") else ".csv"
        path = Path(folder) / f"log{suffix}"
        path.write_text(arguments["log"], encoding="utf-8")
        progress(0.05, "running")
        try:
            cases = cases_of_file(path)
        except PathwayError as error:
            # The name of our own scratch file would tell the reader nothing.
            raise _problem("log", error.problem.message, error.problem.cure) from error
    progress(0.2, "running")
    tell_preparing(progress)
    try:
        report = check_last_weeks(cases, weeks=arguments["weeks"], seed=arguments["seed"])
    except ValueError as error:
        raise _problem("log", f"{error}.", "Give a longer log, or hold fewer weeks back.") from error
    progress(0.8, "running")
    mined = mine(cases)
    return plain_mined(mined) | {"name": arguments["name"], "report": plain_report(report, mined)}


def _problem(field: str, message: str, cure: str) -> FieldError:
    return FieldError(FieldProblem(field=field, place="calibration", message=message, cure=cure))

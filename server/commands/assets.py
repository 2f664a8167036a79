"""``hospital-twin assets``: judge recorded cycles, fit failure data and read device labels, all as JSON."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from assets.model.cycle import Judgement, Reason
from assets.model.drift import QUALIFIED_BASELINE, Direction, DriftWatch, Feature
from assets.rules.cycle_file import read_cycles
from assets.rules.drift_file import chart_file, read_observations
from assets.rules.failure_file import read_failures
from assets.rules.reliability.report import Costs, analyse_failures, replacement_of
from assets.rules.udi.parsing import parse_udi
from assets.rules.verdict import judge
from server.console import Exit, exit_code_of, say, show
from twin.clock import SystemClock
from twin.errors import DecodeError, HospitalTwinError, InputError

is_group = True
name = "assets"
command = typer.Typer(help=say("Judge cycles, fit failure data, read device labels."), no_args_is_help=True)

CycleFile = Annotated[Path, typer.Argument(help=say("JSON file of recorded cycles."))]
FailureFile = Annotated[Path, typer.Argument(help=say("CSV file with asset, start, end, event."))]
Label = Annotated[str, typer.Argument(help=say("Label as scanned or printed; \\x1d stands for FNC1."))]
ObservationFile = Annotated[Path, typer.Argument(help=say("CSV file with a column value, in order of time."))]
Baseline = Annotated[
    int, typer.Option(help=say("How many of the first observations are healthy."), min=10, max=100_000)
]
Way = Annotated[Direction, typer.Option(help=say("Which way is worse."))]
LeastSigma = Annotated[float, typer.Option(help=say("Smallest spread that is believed."), min=0.0)]
Confidence = Annotated[float, typer.Option(help=say("Two-sided confidence of all intervals."), min=0.5, max=0.999)]
Cost = Annotated[float, typer.Option(help=say("With both costs: the age at which replacing is cheapest."), min=0.0)]
AsJson = Annotated[bool, typer.Option("--json", help=say("Always on: this command speaks JSON."), hidden=True)]


_SEPARATORS = ("\\x1d", "\\u001d", "<GS>", "{GS}", "␝")  # ways in which people and programs write ASCII 29


@command.command("judge", help=say("Judge recorded sterilizer cycles."))
def judge_file(file: CycleFile, as_json: AsJson = True) -> None:
    """Print one verdict per cycle; a failed cycle is a result, not an error of the command."""

    def work() -> object:
        cycles = read_cycles(_document(_text(file)), source=file.name)
        return {
            "cycles": [
                _verdict(c.id, judge(c.trace, c.programme, c.preconditions)) | {"ignored": c.ignored} for c in cycles
            ]
        }

    _speak(work)


@command.command("reliability", help=say("Fit failure data."))
def fit_file(
    file: FailureFile,
    confidence: Confidence = 0.95,
    planned_cost: Cost = 0.0,
    failure_cost: Cost = 0.0,
    as_json: AsJson = True,
) -> None:
    """Print what can be said of failure data, and the code of what cannot.

    Example: hospital-twin assets reliability failures.csv --planned-cost 400 --failure-cost 2500
    """

    def work() -> object:
        report = analyse_failures(read_failures(_text(file), source=file.name), confidence=confidence)
        if not planned_cost and not failure_cost:
            return report
        try:
            costs = Costs(planned=planned_cost, failure=failure_cost)
        except ValueError as error:
            raise InputError(f"{error} Give both.", code="reliability.costs") from error
        told = msgspec.to_builtins(report)
        try:
            return told | {"replacement": replacement_of(report, costs)}
        except InputError as error:
            return told | {"replacement": None, "refused": report.refused | {"replacement": error.code}}

    _speak(work)


@command.command("udi", help=say("Read a device label."))
def read_label(text: Label, as_json: AsJson = True) -> None:
    """Print the fields of a label of GS1, HIBCC or ICCBBA."""
    today = datetime.fromtimestamp(SystemClock().now() / 1e6, UTC).date()
    for written in _SEPARATORS:
        text = text.replace(written, "\x1d")
    _speak(lambda: parse_udi(text, today=today))


@command.command("drift", help=say("Chart observations of one figure for drift."))
def chart_observations(
    file: ObservationFile,
    baseline: Baseline = QUALIFIED_BASELINE,
    direction: Way = Direction.BOTH,
    least_sigma: LeastSigma = 0.0,
    as_json: AsJson = True,
) -> None:
    """Print baseline, EWMA and CUSUM of observations, and at which of them a chart alarmed."""

    def work() -> object:
        watch = DriftWatch(
            id=file.name,
            asset=file.name,
            feature=Feature.CYCLE_S,
            baseline_n=baseline,
            direction=direction,
            least_sigma=least_sigma,
        )
        return chart_file(read_observations(_text(file), source=file.name), watch)

    _speak(work)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")  # what Windows saves begins with a mark
    except OSError as error:
        raise DecodeError(f"{file} cannot be read: {error.strerror}.", code="file.unreadable") from error
    except UnicodeDecodeError as error:
        message = f"{file} is no UTF-8 text: save it as UTF-8."
        raise DecodeError(message, code="file.encoding", offset=error.start) from error


def _document(text: str) -> object:
    """Read JSON, also as Python and R write it, with NaN for a value that is none; that is no evidence of anything."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        if not re.search(r"\b(?:NaN|Infinity)\b", text):
            raise
    try:
        return json.loads(text, parse_constant=lambda _: math.nan)
    except (ValueError, RecursionError) as error:
        raise DecodeError(f"Expected JSON: {error}.", code="file.json") from error


def _speak(work: Callable[[], object]) -> None:
    """Print the result, or a coded error to standard error with exit code 2."""
    try:
        result = work()
    except (msgspec.DecodeError, RecursionError) as error:
        _complain(DecodeError(f"Expected JSON: {error}.", code="file.json"))
    except HospitalTwinError as error:
        _complain(error)
    else:
        show(result)


def _complain(error: HospitalTwinError) -> None:
    facts: dict[str, object] = {"code": error.code, "detail": error.message}
    if isinstance(error, DecodeError) and error.offset is not None:
        facts["offset"] = error.offset
    problems = getattr(error, "problems", ())
    if problems:
        facts["problems"] = [
            {"place": p.place, "field": p.field, "message": p.message, "cure": p.cure} for p in problems[:100]
        ]
    sys.stderr.write(msgspec.json.encode({"error": facts}).decode() + "\n")
    raise typer.Exit(max(exit_code_of(error), Exit.WRONG_USE))


def _verdict(identifier: str, found: Judgement) -> dict[str, object]:
    return {
        "id": identifier,
        "verdict": found.verdict.name,
        "reasons": [_reason(reason) for reason in found.reasons],
        "warnings": [_reason(reason) for reason in found.warnings],
        "flags": [reason.code.upper() for reason in found.warnings],
        "f0_minutes": found.f0_minutes,
        "longest_hold_s": found.hold_s,
        "a0_s": found.a0_s,
        "max_temperature_c": found.max_temperature_c,
        "max_theoretical_difference_k": found.max_theoretical_difference_k,
        "air_share": found.air_share,
        "evaluated": found.evaluated,
        "not_evaluated": found.not_evaluated,
        "samples": found.samples,
        "input_hash": found.input_hash,
        "algorithm": found.algorithm,
    }


def _reason(reason: Reason) -> dict[str, object]:
    return {
        "code": reason.code,
        "verdict": reason.verdict.name,
        "measured": reason.measured,
        "limit": reason.limit,
    }

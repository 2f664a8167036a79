"""``simulate``: queues with exact values beside, and pathways with their event log."""

from __future__ import annotations

import csv
import math
import os
import re
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from server.commands.scenario_texts import change_of, instant_of, situation_of
from server.commands.stopping import nothing_known, stoppable
from server.console import AsJson, out, say, show, show_rows, warn, write_file
from server.imports.event_logs import cases_of_file
from simulation.calibration.checking import check_last_weeks
from simulation.calibration.logs import to_xes
from simulation.calibration.mining import mine
from simulation.calibration.wire import plain_report
from simulation.experiments.cluster import run_on_cluster
from simulation.experiments.measures import measures_of
from simulation.experiments.queues.estimates import QueueLine, answer, unstable_points
from simulation.experiments.queues.question import question_of
from simulation.experiments.request import (
    Engine,
    ExperimentRequest,
    ExperimentResult,
    Scenario,
    Verdict,
)
from simulation.experiments.running import plan_of, run, run_once
from simulation.experiments.shadow import ONE_MORE, ShadowPrice, one_more_of_each, shadow_prices
from simulation.experiments.situations.offers import SITUATIONS
from simulation.experiments.wire import plain_result, request_of
from simulation.model.plan import Mark, RunPlan
from simulation.model.problems import PathwayError, Stopped
from simulation.model.reading import load_document
from simulation.reference.running import run_reference
from simulation.statistics.deadlock import refuse_deadlock
from simulation.statistics.outcome import RunOutcome
from twin.clock import to_text
from twin.errors import ConfigurationError

command = typer.Typer(help=say("Run queues and pathways."), no_args_is_help=True)
is_group = True

_NEXT_LAW = re.compile(r",(?=\s*[a-z]+:)")


def _listed(text: str) -> tuple[str, ...]:
    """Split ``exp:1,exp:2`` where a new distribution begins; commas also part parameters."""
    return tuple(part.strip() for part in _NEXT_LAW.split(text) if part.strip())


@command.command("queue", help=say("Estimate service points in long run, with the exact value where one is known."))
def queue(
    file: Annotated[
        Path | None, typer.Argument(help=say("TOML or JSON file with one service point or a network of them."))
    ] = None,
    servers: Annotated[str, typer.Option(help=say("How many servers; inf for as many as patients."))] = "",
    service: Annotated[
        str, typer.Option(help=say("Service: exp:RATE, const:5, lognormal:MEAN,SD, …; one or one each."))
    ] = "",
    arrivals: Annotated[
        str, typer.Option(help=say("Gap between arrivals by class, the most urgent first: exp:1,exp:2."))
    ] = "",
    rates: Annotated[
        str, typer.Option(help=say("Arrival rates that repeat: 10,20,5, or sine:MEAN,AMPLITUDE,PERIOD."))
    ] = "",
    piece: Annotated[float, typer.Option(help=say("How long each of the rates holds."))] = 1.0,
    group: Annotated[str, typer.Option(help=say("How many come together: const:2, values:1,2,4; empty: one."))] = "",
    discipline: Annotated[str, typer.Option(help="fifo, priority, preemptive")] = "fifo",
    eviction: Annotated[str, typer.Option(help="resume, restart, resample")] = "resume",
    places: Annotated[
        int, typer.Option(help=say("Most patients in the system; further ones are lost. 0: no limit."))
    ] = 0,
    patience: Annotated[str, typer.Option(help=say("How long one waits before leaving; empty: for ever."))] = "",
    patients: Annotated[int | None, typer.Option(help=say("Patients in all; 1,000,000 unless told."))] = None,
    replications: Annotated[int | None, typer.Option(help=say("Independent runs; 20 unless told."))] = None,
    seed: Annotated[int | None, typer.Option(help=say("Seed; the same gives the same answer."))] = None,
    as_json: AsJson = False,
) -> None:
    """Estimate service points in long run."""
    document: dict[str, object] = {} if file is None else load_document(file)
    given: dict[str, object] = {
        "servers": int(servers) if servers.isdigit() else servers,
        "service": list(_listed(service)),
        "arrivals": list(_listed(arrivals)),
        "rates": rates if rates.startswith("sine") or not rates else _numbers(rates),
        "group": group,
        "places": places,
        "patience": list(_listed(patience)),
    }
    # No places means no limit, but no servers is a mistake that has to be told.
    told: dict[str, object] = {key: value for key, value in given.items() if value or (key == "servers" and servers)}
    if file is None:
        told |= {"discipline": discipline, "eviction": eviction, "piece": piece}
    elif told:
        raise PathwayError(next(iter(told)), "It stands in the file already.", "Give a file, or options.")
    told |= {"patients": patients, "replications": replications, "seed": seed}
    question = question_of(document | {key: value for key, value in told.items() if value is not None})
    with stoppable() as asked:
        lines = answer(question, threads=os.cpu_count() or 1, should_stop=asked)
    rows = [_row(line) for line in lines]
    for name in unstable_points(question):
        warn(say("More work comes to {point} than its servers can do: its queue grows for ever.", point=name))
    show_rows(rows, columns=("measure", "estimate", "half_width", "exact", "z"), as_json=as_json)
    asked.end_if_asked(max((line.estimate.n for line in lines), default=0), question.replications)


def _row(line: QueueLine) -> dict[str, object]:
    return {
        "measure": line.measure,
        "estimate": _shown(line.estimate.mean),
        "half_width": _shown(line.estimate.half_width),
        "exact": _shown(line.exact),
        "z": _shown(line.z),
    }


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise PathwayError("rates", f"Cannot read {text!r}.", "Write 10,20,5 or sine:MEAN,AMPLITUDE,PERIOD.") from error


def _shown(value: float) -> float | None:
    return float(f"{value:.7g}") if math.isfinite(value) else None


@command.command("run", help=say("Run a pathway file; with --log write what happened to a CSV file."))
def run_pathway(
    pathway: Annotated[Path, typer.Argument(help=say("TOML or JSON file."))],
    engine: Annotated[
        Engine, typer.Option(help=say("compiled is fast, reference is readable; both say the same."))
    ] = Engine.COMPILED,
    hours: Annotated[float, typer.Option(help=say("Length of a run."))] = 48.0,
    warm_up_hours: Annotated[float, typer.Option(help=say("Hours at the beginning that do not count."))] = 0.0,
    replications: Annotated[int, typer.Option(help=say("Independent runs."))] = 20,
    replication: Annotated[int, typer.Option(min=0, max=(1 << 32) - 1, help=say("Which run goes into the log."))] = 0,
    start: Annotated[
        str, typer.Option(help=say("Instant of the start, such as 2026-11-30T00:00:00Z."))
    ] = "2026-11-30T00:00:00Z",
    seed: Annotated[int, typer.Option(help=say("Seed; the same gives the same answer."))] = 1,
    log: Annotated[Path | None, typer.Option(help=say("CSV file for the event log of one run."))] = None,
    as_json: AsJson = False,
) -> None:
    """Run a pathway file."""
    request = ExperimentRequest(
        pathway=load_document(pathway),
        scenarios=(Scenario(name=pathway.stem),),
        start_at=instant_of(start),
        horizon_s=hours * 3600,
        warm_up_s=warm_up_hours * 3600,
        replications=replications,
        seed=seed,
        engine=engine,
    )
    if log is not None:
        plan = plan_of(request, request.scenarios[0])
        try:
            with stoppable() as asked:
                outcome = (
                    run_once(plan, replication, log=True, should_stop=asked)
                    if engine is Engine.COMPILED
                    else run_reference(plan, replication, should_stop=asked)
                )
        except Stopped:
            asked.end_if_asked(0, 1)
            raise
        rows = write_log(outcome, plan, log)
        refuse_deadlock(outcome.waiting, plan, outcome.under_way)  # after writing: the log shows how it came about
        facts = {"rows": rows, "file": str(log), "measures": _finite(measures_of(outcome, plan))}
        if as_json:
            show(facts)
        else:
            out(say("{rows} rows in {file}.", rows=rows, file=log))
        return
    with stoppable() as asked:
        result = run(request, should_stop=asked)
    if as_json:
        show(msgspec.Raw(msgspec.json.encode(plain_result(result))))
    else:
        _show_measures(result)
    asked.end_if_asked(_replications_in(result), replications)


def _replications_in(result: ExperimentResult) -> int:
    """Give how many replications are in a result that may have been called off."""
    return min((one.replications for one in result.scenarios), default=0)


def _show_measures(result: ExperimentResult) -> None:
    table = [
        {"measure": name, "mean": _shown(value.mean), "half_width": _shown(value.half_width), "n": value.n}
        for name, value in result.scenarios[0].measures.items()
        if value.n
    ]
    show_rows(table, columns=("measure", "mean", "half_width", "n"), as_json=False)


def _finite(values: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in values.items() if math.isfinite(value)}


def write_log(outcome: RunOutcome, plan: RunPlan, path: Path) -> int:
    """Write an event log as CSV that process-mining tools read; give the number of rows.

    Parameters
    ----------
    outcome : RunOutcome
        With a log.
    plan : RunPlan
        What was run, for the names.
    path : Path
        The file.
    """
    nodes = list(plan.pathway.operations)
    streams = [stream.id for stream in plan.pathway.streams]
    listed = outcome.log.rows() if outcome.log is not None else []
    try:
        opened = path.open("w", newline="", encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be written: {error.strerror}.") from error
    with opened as file:
        writer = csv.writer(file)
        writer.writerow(
            (
                "case:concept:name",
                "branch",
                "concept:name",
                "lifecycle:transition",
                "time:timestamp",
                "time_us",
                "value",
            )
        )
        for time, stream, number, branch, node, mark, value in listed:
            case = f"{streams[stream]}-{number}" if stream >= 0 else plan.initial.patients[number].name
            stamp = to_text(plan.span.start_at + time)
            writer.writerow((case, branch, nodes[node], Mark(mark).name.lower(), stamp, time, value))
    return len(listed)


@command.command("situations", help=say("List the situations that a comparison can name, with what each asks for."))
def list_situations(as_json: AsJson = False) -> None:
    """List the library."""
    if as_json:
        listed = [
            {
                "name": one.name,
                "choice": one.choice,
                "options": list(one.options),
                "parameters": [msgspec.to_builtins(parameter) for parameter in one.parameters],
            }
            for one in SITUATIONS.values()
        ]
        show({"situations": listed})
        return
    rows = [
        {"situation": one.name, "parameter": key, "usual": usual, "from": low, "to": high}
        for one in SITUATIONS.values()
        for key, usual, low, high in [
            *([(one.choice, "/".join(one.options), "", "")] if one.choice else []),
            *((each.key, each.usual, each.low, each.high) for each in one.parameters),
        ]
    ]
    show_rows(rows, columns=("situation", "parameter", "usual", "from", "to"), as_json=False)


@command.command("compare", help=say("Compare a pathway with situations and changes, all with the same patients."))
def compare(
    pathway: Annotated[Path, typer.Argument(help=say("TOML or JSON file."))],
    situation: Annotated[
        list[str] | None, typer.Option(help=say("Of the library: ward_closure:ward=ward-A,hours=48; once for each."))
    ] = None,
    change: Annotated[
        list[str] | None, typer.Option(help=say("pools.bed.capacity+2, pools.bed.capacity*1.5 or =10; all in one."))
    ] = None,
    one_more: Annotated[bool, typer.Option(help=say("Also one unit more of each pool, ranked by --measure."))] = False,
    measure: Annotated[str, typer.Option(help=say("What --one-more is ranked by."))] = "cost",
    costs: Annotated[Path | None, typer.Option(help=say("TOML or JSON file of prices."))] = None,
    hours: Annotated[float, typer.Option(help=say("Length of a run."))] = 168.0,
    warm_up_hours: Annotated[float, typer.Option(help=say("Hours at the beginning that do not count."))] = 0.0,
    replications: Annotated[int, typer.Option(min=2, help=say("Independent runs."))] = 20,
    start: Annotated[
        str, typer.Option(help=say("Instant of the start, such as 2026-11-30T00:00:00Z."))
    ] = "2026-11-30T00:00:00Z",
    seed: Annotated[int, typer.Option(help=say("Seed; the same gives the same answer."))] = 1,
    cluster: Annotated[str, typer.Option(help=say("Address of a Dask scheduler; empty: this machine."))] = "",
    as_json: AsJson = False,
) -> None:
    """Compare scenarios of a pathway."""
    document = load_document(pathway)
    scenarios = [Scenario(name="as it is"), *(situation_of(document, told) for told in situation or ())]
    if change:
        scenarios.append(Scenario(name="changed", changes=tuple(change_of(told) for told in change)))
    if one_more:
        scenarios += one_more_of_each(document)
    request = request_of(
        {
            "pathway": document,
            "scenarios": msgspec.to_builtins(scenarios),
            "start_at": instant_of(start),
            "horizon_s": hours * 3600,
            "warm_up_s": warm_up_hours * 3600,
            "replications": replications,
            "seed": seed,
            "costs": None if costs is None else load_document(costs),
        }
    )
    with stoppable() as asked:
        result = run_on_cluster(request, cluster, should_stop=asked) if cluster else run(request, should_stop=asked)
    is_known = one_more and _replications_in(result) > 1
    ranked = [_plain_price(one, measure) for one in shadow_prices(result, measure)] if is_known else []
    if as_json:
        show(plain_result(result) | ({"one_more": ranked} if one_more else {}))
    else:
        _show_comparisons(result)
        if one_more:
            columns = ("pool", "measure", "difference", "half_width", "cost", "verdict")
            show_rows(ranked, columns=columns, as_json=False)
    asked.end_if_asked(_replications_in(result), replications)


def _show_comparisons(result: ExperimentResult) -> None:
    """Show what can be told apart; one more of each has a table of its own."""
    rows = [
        {
            "scenario": one.scenario,
            "measure": one.measure,
            "difference": _shown(one.difference.mean),
            "half_width": _shown(one.difference.half_width),
            "verdict": one.verdict.value,
        }
        for one in result.comparisons
        if one.verdict is not Verdict.SAME and not one.scenario.startswith(ONE_MORE)
    ]
    show_rows(rows, columns=("scenario", "measure", "difference", "half_width", "verdict"), as_json=False)


def _plain_price(price: ShadowPrice, measure: str) -> dict[str, object]:
    return {
        "pool": price.pool,
        "measure": measure,
        "difference": _shown(price.difference.mean),
        "half_width": _shown(price.difference.half_width),
        "cost": None if price.cost is None else _shown(price.cost.mean),
        "verdict": price.verdict.value,
    }


@command.command(
    "calibrate", help=say("Make a pathway from an event log, and tell whether it matches the last weeks of the log.")
)
def calibrate(
    log: Annotated[Path, typer.Argument(help=say("CSV file with case, activity, time and perhaps a transition."))],
    to: Annotated[Path | None, typer.Option(help=say("JSON file for the pathway."))] = None,
    xes: Annotated[
        Path | None, typer.Option(help=say("XES file for the log, readable by process mining tools."))
    ] = None,
    weeks: Annotated[float, typer.Option(help=say("Length of the window that is held back for the check."))] = 8.0,
    seed: Annotated[int, typer.Option(help=say("Seed; the same gives the same answer."))] = 1,
    as_json: AsJson = False,
) -> None:
    """Make a pathway from an event log."""
    cases = cases_of_file(log)
    try:
        with stoppable() as asked, nothing_known(asked):
            report = check_last_weeks(cases, weeks=weeks, seed=seed, should_stop=asked)
        mined = mine(cases)
    except ValueError as error:
        raise PathwayError(str(log), f"{error}.", "Give a longer log.") from error
    if to is not None:
        write_file(to, msgspec.json.format(msgspec.json.encode(mined.document)))
    if xes is not None:
        write_file(xes, to_xes(cases).encode())
    if as_json:
        show(plain_report(report, mined))
        return
    out(say("{cases} cases, {weeks} weeks.", cases=len(cases), weeks=round(mined.arrivals.weeks, 1)))
    columns = ("figure", "real", "low", "middle", "high", "matches")
    show_rows([msgspec.to_builtins(one) for one in report.matches], columns=columns, as_json=False)
    fits = [{"activity": name} | msgspec.to_builtins(found) for name, found in mined.durations.items()]
    show_rows(fits, columns=("activity", "law", "mean", "n", "ks"), as_json=False)

"""The part of ``hospital-twin simulate`` that chooses among scenarios and looks for the cheapest counts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from server.commands import simulate
from server.commands.scenario_texts import change_of, instant_of, situation_of
from server.commands.stopping import nothing_known, stoppable
from server.console import AsJson, out, say, show, show_rows
from simulation.experiments.choosing import Choice, Limit, Method, Wanted, choose, limit_of, plain_choice
from simulation.experiments.optimising import Lever, Optimum, lever_of, optimise, plain_optimum
from simulation.experiments.request import Change, ExperimentRequest, Interval, Scenario
from simulation.experiments.wire import request_of
from simulation.model.problems import PathwayError
from simulation.model.reading import load_document

Hours = Annotated[float, typer.Option(help=say("Length of a run."))]
WarmUp = Annotated[float, typer.Option(help=say("Hours at the beginning that do not count."))]
Most = Annotated[int, typer.Option(min=10, help=say("Replications of each scenario at most."))]
Start = Annotated[str, typer.Option(help=say("Instant of the start, such as 2026-11-30T00:00:00Z."))]
Seed = Annotated[int, typer.Option(help=say("Seed; the same gives the same answer."))]
Limits = Annotated[list[str] | None, typer.Option(help=say("What must hold: wait.triage.p95_s<=900; once for each."))]
_MONDAY = "2026-11-30T00:00:00Z"


@simulate.command.command("choose", help=say("Choose the best of several scenarios by a measure, within limits."))
def choose_scenario(
    pathway: Annotated[Path, typer.Argument(help=say("TOML or JSON file."))],
    measure: Annotated[str, typer.Option(help=say("By what: wait.NODE.mean_s, stay.CLASS.mean_s, cost."))],
    zone: Annotated[float, typer.Option(help=say("The difference that does not matter, in the measure's unit."))] = 0.0,
    method: Annotated[
        Method, typer.Option(help=say("kn promises the confidence; ocba shares a budget of runs out."))
    ] = Method.KIM_NELSON,
    budget: Annotated[int, typer.Option(min=0, help=say("Runs of all scenarios together that ocba may use."))] = 1000,
    scenario: Annotated[
        list[str] | None, typer.Option(help=say("NAME:pools.bed.capacity+2;pools.nurse.capacity+1; once for each."))
    ] = None,
    situation: Annotated[
        list[str] | None, typer.Option(help=say("Of the library: ward_closure:ward=ward-A,hours=48; once for each."))
    ] = None,
    limit: Limits = None,
    costs: Annotated[Path | None, typer.Option(help=say("TOML or JSON file of prices."))] = None,
    hours: Hours = 168.0,
    warm_up_hours: WarmUp = 0.0,
    replications: Most = 200,
    start: Start = _MONDAY,
    seed: Seed = 1,
    as_json: AsJson = False,
) -> None:
    """Choose among scenarios; the pathway as it is takes part."""
    document = load_document(pathway)
    told = [Scenario(name="as it is"), *map(_scenario, scenario or ())]
    told += [situation_of(document, one) for one in situation or ()]
    plain = {"costs": None if costs is None else load_document(costs), "pathway": document}
    request = replace(
        request_of(plain),
        scenarios=tuple(told),
        start_at=instant_of(start),
        horizon_s=hours * 3600,
        warm_up_s=warm_up_hours * 3600,
        replications=replications,
        seed=seed,
    )
    limits = tuple(limit_of(text) for text in limit or ())
    wanted = Wanted(measure=measure, zone=zone, limits=limits, method=method, budget=budget)
    tell_choice(request, wanted, as_json=as_json)


@simulate.command.command("optimise", help=say("Find the cheapest numbers of beds, people and devices within limits."))
def find_cheapest(
    pathway: Annotated[Path, typer.Argument(help=say("TOML or JSON file."))],
    lever: Annotated[
        list[str], typer.Option(help=say("What may change: pools.bay.capacity=4..20@500 (bounds, price of one)."))
    ],
    limit: Annotated[list[str], typer.Option(help=say("What must hold: wait.triage.p95_s<=900; once for each."))],
    hours: Hours = 168.0,
    warm_up_hours: WarmUp = 0.0,
    replications: Most = 200,
    start: Start = _MONDAY,
    seed: Seed = 1,
    as_json: AsJson = False,
) -> None:
    """Look for the cheapest counts."""
    request = ExperimentRequest(
        pathway=load_document(pathway),
        start_at=instant_of(start),
        horizon_s=hours * 3600,
        warm_up_s=warm_up_hours * 3600,
        replications=replications,
        seed=seed,
    )
    levers, limits = tuple(map(lever_of, lever)), tuple(map(limit_of, limit))
    tell_optimum(request, levers, limits, as_json=as_json)


def _scenario(told: str) -> Scenario:
    name, colon, rest = told.partition(":")
    changes: tuple[Change, ...] = tuple(change_of(part) for part in filter(None, rest.split(";")))
    if not colon or not name.strip() or not changes:
        raise PathwayError(
            "scenario", f"Cannot read {told!r}.", "Write NAME:pools.bed.capacity+2;pools.nurse.capacity+1."
        )
    return Scenario(name=name.strip(), changes=changes)


def tell_choice(request: ExperimentRequest, wanted: Wanted, *, as_json: bool) -> None:
    """Choose the best scenario and tell how sure that is."""
    with stoppable() as asked, nothing_known(asked):
        found = choose(request, wanted, asked)
    if as_json:
        show(plain_choice(found, wanted.limits))
    else:
        _show_choice(found, wanted)
    if not found.is_complete:
        asked.end_with(
            say("Called off after {done} runs: by their means so far, nothing is sure.", done=found.replications)
        )


def _show_choice(found: Choice, wanted: Wanted) -> None:
    rows = [
        {
            "scenario": one.scenario,
            wanted.measure: _shown(one.value),
            "n": one.value.n,
            "keeps_limits": {True: "yes", False: "no", None: "?"}[one.keeps_limits],
            "kept": "yes" if one.is_kept else "",
        }
        for one in found.candidates
    ]
    show_rows(rows, columns=("scenario", wanted.measure, "n", "keeps_limits", "kept"), as_json=False)
    if not found.best and not found.is_complete:
        out(say("None of them keeps the limits by its mean so far."))
    elif not found.best:
        out(say("None of them keeps the limits."))
    elif found.chance is not None:
        share = f"{100 * found.chance:.1f}"
        out(say("Best: {scenario}; it is truly the best with {share} % or more.", scenario=found.best, share=share))
    elif found.is_sure:
        out(say("Best: {scenario}.", scenario=found.best))
    else:
        out(say("Best so far: {scenario}; more replications are needed to be sure.", scenario=found.best))


def tell_optimum(
    request: ExperimentRequest, levers: tuple[Lever, ...], limits: tuple[Limit, ...], *, as_json: bool
) -> None:
    """Look for the cheapest counts and tell the way to them."""
    with stoppable() as asked, nothing_known(asked):
        found = optimise(request, levers, limits, asked)
    if as_json:
        show(plain_optimum(found))
    else:
        _show_optimum(found, levers, limits)
    if not found.is_complete:
        asked.end_with(
            say("Called off after {done} runs: a cheaper one may not have been tried.", done=found.replications)
        )


def _show_optimum(found: Optimum, levers: tuple[Lever, ...], limits: tuple[Limit, ...]) -> None:
    columns = tuple(lever.path for lever in levers)
    rows = [
        {
            **dict(zip(columns, step.point, strict=True)),
            "cost": step.cost,
            **{limit.measure: _shown(value) for limit, value in zip(limits, step.limits, strict=True)},
            "keeps_limits": {True: "yes", False: "no", None: "?"}[step.keeps_limits],
        }
        for step in found.steps
        if step.is_taken
    ]
    named = (*columns, "cost", *(limit.measure for limit in limits), "keeps_limits")
    show_rows(rows, columns=named, as_json=False)
    if found.best is None and not found.is_complete:
        out(say("None that keeps the limits was found so far."))
    elif found.best is None:
        out(say("Not even the upper bounds keep the limits."))
    else:
        out(say("Cheapest that keeps the limits: {cost}.", cost=found.best.cost))


def _shown(value: Interval) -> str:
    return f"{value.mean:.6g} ± {value.half_width:.3g}"

"""``hospital-twin plan``: make plans from files and check plans."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from scheduling.checker.admissions import check_admissions
from scheduling.loaders.ihtc import load_plan, load_problem, plan_to_bytes
from scheduling.model.report import Report, Where
from scheduling.solvers.admissions.search import Outcome, Progress, Settings, solve
from server.console import AsJson, Exit, leave, out, say, show, show_rows, warn
from twin.errors import ConfigurationError

command = typer.Typer(help=say("Make plans of beds, theatres and nurses, and check them."), no_args_is_help=True)
is_group = True

Problem = Annotated[Path, typer.Argument(help=say("Problem file."))]
Solution = Annotated[Path, typer.Argument(help=say("Solution file."))]
Seconds = Annotated[float, typer.Option(help=say("How long to search, seconds."))]
Threads = Annotated[int, typer.Option(help=say("How many threads search."))]
Seed = Annotated[int, typer.Option(help=say("Seed of chance."))]
Steps = Annotated[int, typer.Option(help=say("Steps of each thread; bounds the search instead of time."))]
Out = Annotated[Path | None, typer.Option("--out", help=say("Where to write the solution."))]


@command.command("ihtc", help=say("Plan beds, theatres and nurses of a file of the 2024 timetabling competition."))
def plan_ihtc(
    file: Problem, seconds: Seconds = 60.0, threads: Threads = 2, seed: Seed = 0, steps: Steps = 0,
    target: Out = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Search, check, write and tell the cost by rule.

    Example: hospital-twin plan ihtc i01.json --seconds 60 --threads 2 --seed 1 --out solution.json
    """
    settings = Settings(seconds=seconds, threads=threads, seed=seed, steps=steps)
    problem = load_problem(file)
    outcome = solve(problem, settings, _progress(as_json))
    report = check_admissions(problem, outcome.plan)
    if target is not None:
        _write(target, plan_to_bytes(problem, outcome.plan))
    _tell(report, as_json, outcome)


@command.command("check", help=say("Check a solution of the 2024 timetabling competition."))
def check_solution(file: Problem, solution: Solution, as_json: AsJson = False) -> None:
    """Recompute every rule and cost; exit code 1 if a hard rule is broken.

    Example: hospital-twin plan check i01.json solution.json
    """
    problem = load_problem(file)
    _tell(check_admissions(problem, load_plan(solution, problem)), as_json)


def _progress(as_json: bool) -> Progress:
    def tell(share: float, cost: int) -> None:
        if not as_json and sys.stderr.isatty():
            sys.stderr.write(f"\r{share:4.0%}  {cost if cost >= 0 else '-'}   ")
            sys.stderr.flush()

    return tell


def _write(target: Path, body: bytes) -> None:
    try:
        target.write_bytes(body)
    except OSError as error:
        raise ConfigurationError(f"{target}: cannot be written: {error.strerror}.") from error


def _tell(report: Report, as_json: bool, outcome: Outcome | None = None) -> None:
    broken = report.violations_by_rule()
    costs = report.cost_by_rule()
    if as_json:
        told: dict[str, object] = {
            "cost": report.cost,
            "is_valid": report.is_valid,
            "violations": {rule.value: amount for rule, amount in broken.items()},
            "costs": {rule.value: cost for rule, cost in costs.items()},
        }
        if outcome is not None:
            told |= {"steps": outcome.steps, "seconds": round(outcome.seconds, 3)}
        show(told)
    else:
        rows = [{"rule": rule.value, "cost": cost} for rule, cost in costs.items()]
        show_rows([*rows, {"rule": say("total"), "cost": report.cost}], columns=["rule", "cost"], as_json=False)
        for found in report.violations[:20]:
            place = ", ".join(f"{name} {value}" for name, value in _facts(found.where))
            warn(say("Broken: {rule} by {amount} ({place})", rule=found.rule.value, amount=found.amount, place=place))
        out(say("No hard rule is broken.") if report.is_valid else say("Hard rules are broken."))
    leave(Exit.DONE if report.is_valid else Exit.NOT_IN_ORDER)


def _facts(where: Where) -> list[tuple[str, object]]:
    names = ("patient", "room", "theatre", "surgeon", "nurse", "day", "shift")
    return [(name, getattr(where, name)) for name in names if getattr(where, name) not in ("", -1)]

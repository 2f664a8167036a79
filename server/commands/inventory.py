"""``hospital-twin inventory``: read a label, ask a policy, try forecasts, verify the books."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from inventory.model.planning import PlanSettings, ServiceKind
from inventory.model.scan import ScannerProfile
from inventory.rules.forecasting.backtest import Backtest, backtest, fill_backtest
from inventory.rules.forecasting.methods import FORECASTS, Method, demand_class
from inventory.rules.forecasting.reading import Columns, DemandTable, read_demand
from inventory.rules.policies.doors import KINDS, solve
from inventory.rules.scanning.reading import read_label
from inventory.service.correcting import verify as verify_books
from inventory.service.reviewing import ReviewSettings
from server.commands import item_master, planning_stock
from server.console import AsJson, Exit, out, say, show, show_rows, warn
from server.imports.opening import open_stock
from server.rounds import ask_for_due_counts, plan_par_levels, review_shelves
from server.session import opened_alone
from twin.errors import DecodeError, FieldError, FieldProblem

is_group = True
command = typer.Typer(help=say("Stock: labels, policies, forecasts and the books."), no_args_is_help=True)


@command.command("scan", help=say("Read a label as scanned or typed."))
def scan(
    text: Annotated[str, typer.Argument(help=say("The label; - reads it from standard input."))],
    separator: Annotated[str, typer.Option(help=say("What the scanner sends between fields."))] = "\x1d",
    as_json: AsJson = True,
) -> None:
    """Print what a label says as JSON; a label that cannot be read is a coded error and exit code 2.

    Example: hospital-twin inventory scan '(01)09506000134352(17)261231(10)ABC123'
    """
    del as_json  # always one line of JSON: a label has no table
    try:
        label = _typed_in() if text == "-" else text
        found = read_label(label, ScannerProfile(separator=separator))
    except DecodeError as error:
        show({"error": error.code.removeprefix("scan."), "code": error.code, "message": error.message})
        raise typer.Exit(Exit.WRONG_USE) from error
    show(found.to_json())


def _typed_in() -> str:
    try:
        return sys.stdin.read()
    except UnicodeDecodeError as error:  # a scanner on a wrong code page
        raise DecodeError(f"Expected text in UTF-8: {error}.", code="scan.unreadable") from error


@command.command("policy", help=say("Ask a stock policy with parameters as JSON."))
def policy(
    kind: Annotated[str, typer.Argument(help=say("One of: {kinds}", kinds=", ".join(KINDS)))],
    parameters: Annotated[str, typer.Argument(help=say("JSON object, @FILE, or - for standard input."))] = "-",
    as_json: AsJson = False,
) -> None:
    """Print the answer of a policy.

    Example: hospital-twin inventory policy eoq '{"fixed_cost": 8, "holding_cost": 0.225, "demand_rate": 1300}' --json
    """
    try:
        answer = solve(kind, _parameters(parameters))
    except FieldError as error:
        if not as_json:
            raise
        show({"error": error.code, "field": error.problem.field, "message": error.message})
        raise typer.Exit(Exit.WRONG_USE) from error
    if as_json:
        show(answer)
    else:
        rows = [{"name": name, "value": value} for name, value in answer.items()]
        show_rows(rows, columns=("name", "value"), as_json=False)


def _parameters(text: str) -> dict[str, object]:
    try:
        if text == "-":
            text = sys.stdin.read()
        elif text.startswith("@"):
            text = Path(text[1:]).read_text(encoding="utf-8-sig")
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:  # also bytes that are no text at all
        raise _no_object(str(error)) from error
    except OSError as error:
        raise _no_object(f"{text[1:]} cannot be read ({error.strerror})") from error
    if not isinstance(found, dict):
        raise _no_object(f"got {type(found).__name__}")
    return found


def _no_object(message: str) -> FieldError:
    problem = FieldProblem(
        field="parameters",
        place="command line",
        message=f"Expected a JSON object: {message}.",
        cure="Quote it for the shell.",
    )
    return FieldError(problem, code="policy.parameter")


@command.command("forecast", help=say("Forecast demand from a CSV file, or try methods on its past."))
def forecast(  # one option per column and choice
    file: Annotated[Path, typer.Argument(help=say("CSV file with a header."), exists=True, dir_okay=False)],
    is_backtest: Annotated[bool, typer.Option("--backtest", help=say("Try every method on the last periods."))] = False,
    origins: Annotated[int, typer.Option(help=say("How many of the last periods are tried."), min=1)] = 19,
    time: Annotated[str, typer.Option(help=say("Column of the period."))] = "",
    value: Annotated[str, typer.Option(help=say("Column of the quantity."))] = "",
    series: Annotated[str, typer.Option(help=say("Columns that name a series, parted by commas."))] = "",
    as_json: AsJson = False,
) -> None:
    """Print forecasts of the next period, or with --backtest the scores of each method.

    Example: hospital-twin inventory forecast abx_sales.csv --backtest --series hosp,atc
    """
    columns = Columns(time=time, value=value, series=tuple(each.strip() for each in series.split(",") if each.strip()))
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            table = read_demand(lines, source=file.name, columns=columns)
    except UnicodeDecodeError as error:
        problem = FieldProblem(field="file", place=file.name, message=f"{error}.", cure="Save the table in UTF-8.")
        raise FieldError(problem, code="input.encoding") from error
    if is_backtest:
        _check_length(table, origins)
        _show_backtest(table, origins, as_json=as_json)
    else:
        _show_forecast(table, as_json=as_json)


def _check_length(table: DemandTable, origins: int) -> None:
    if table.demand.shape[1] - origins >= 15:
        return
    problem = FieldProblem(
        field="origins",
        place="command line",
        message=f"The file has {table.demand.shape[1]} periods; 15 must stand before the first of {origins} origins.",
        cure="Give fewer origins or a longer history.",
    )
    raise FieldError(problem)


def _show_backtest(table: DemandTable, origins: int, *, as_json: bool) -> None:
    found: Backtest = backtest(table.demand, origins=origins)
    best = next(Method(score.method) for score in found.scores if score.method in FORECASTS)
    fills = [
        fill_backtest(table.demand, origins=origins, target=target, method=best) for target in (0.9, 0.95, 0.96, 0.98)
    ]
    if as_json:
        told = asdict(found)
        show(
            told
            | {
                "filled_periods": table.filled,
                "best": best.value,
                "columns": asdict(table.columns),
                "fill": [asdict(each) for each in fills],
            }
        )
        return
    rows = [
        {"method": score.method, "mase": f"{score.mase:.4f}"}
        | {f"pinball {key}": f"{loss:.4f}" for key, loss in score.pinball.items()}
        for score in found.scores
    ]
    show_rows(rows, columns=tuple(rows[0]), as_json=False)
    fill_rows = [
        {key: each if isinstance(each, str) else f"{each:.4f}" for key, each in asdict(fill).items()} for fill in fills
    ]
    show_rows(fill_rows, columns=tuple(fill_rows[0]), as_json=False)


def _show_forecast(table: DemandTable, *, as_json: bool) -> None:
    predicted = {method.value: FORECASTS[method](table.demand) for method in FORECASTS}
    rows = [
        {"series": name, "class": demand_class(table.demand[index]).value}
        | {method: round(float(values[index]), 6) for method, values in predicted.items()}
        for index, name in enumerate(table.names)
    ]
    show_rows(rows, columns=tuple(rows[0]), as_json=as_json)


@command.command("opening", help=say("Make a first stocktake (CSV) the opening stock."))
def opening(
    file: Annotated[
        Path, typer.Argument(help=say("CSV: item,place,quantity,lot,expires_on,owner,supplier"), exists=True)
    ],
    is_dry_run: Annotated[bool, typer.Option("--dry-run", help=say("Check every line; store nothing."))] = False,
    as_json: AsJson = False,
) -> None:
    """Write the opening stock of places that have none yet, all lines or none.

    Example: hospital-twin inventory opening stocktake.csv --dry-run
    """
    with opened_alone() as hospital:
        report = open_stock(hospital, file, is_dry_run=is_dry_run)
    if as_json:
        show(asdict(report))
        return
    told = "{positions} positions, {units} units, {lots} lots; {quarantined} lots wait for an expiry in quarantine."
    out(say(told, **{key: value for key, value in asdict(report).items() if key != "is_replay"}))
    if is_dry_run:
        out(say("Dry run: nothing was stored. Run it again without --dry-run to store it."))
    elif report.is_replay:
        out(say("This stocktake was stored before: nothing was added."))


@command.command("plan", help=say("Plan all par levels anew from what was used."))
def plan(
    target: Annotated[float, typer.Option(help=say("Wanted service, such as 0.98."))] = 0.98,
    service: Annotated[ServiceKind, typer.Option(help=say("What the target means."))] = ServiceKind.FILL,
    surge: Annotated[list[str] | None, typer.Option(help=say("WARD=FACTOR of use, as often as needed."))] = None,
    acuity: Annotated[
        list[str] | None, typer.Option(help=say("WARD:LEVEL=PATIENTS present, level 1 to 5 or unknown."))
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compute a proposal for every place and item with a par level; a person accepts them in the par studio.

    Example: hospital-twin inventory plan --target 0.98 --service fill
    """
    try:
        settings = PlanSettings(target=target, service=service)
    except ValueError as error:
        raise _wrong_target(str(error)) from error
    with opened_alone() as hospital:
        found = plan_par_levels(
            hospital,
            settings=settings,
            surge=planning_stock.pairs_told(surge or [], "surge"),
            acuity=planning_stock.acuity_told(acuity or []),
        )
    by_decision = {each.value: count for each, count in found.by_decision.items()}
    if as_json:
        show({"lines": found.lines, "by_decision": by_decision})
        return
    out(say("{lines} par levels planned.", lines=found.lines))
    show_rows(
        [{"decision": name, "count": count} for name, count in sorted(by_decision.items())],
        columns=("decision", "count"),
        as_json=False,
    )


def _wrong_target(message: str) -> FieldError:
    return FieldError(FieldProblem(field="target", place="command line", message=message, cure="Give 0.98 for 98 %."))


@command.command("review", help=say("Look at every shelf and ask for what lacks."))
def review(
    days: Annotated[float, typer.Option(help=say("Until the next round's goods are there, days."), min=0)] = 1.0,
    as_json: AsJson = False,
) -> None:
    """Ask for a task for each shelf that is low, will run out before the next round, or holds expired goods.

    Example: hospital-twin inventory review --days 0.5
    """
    with opened_alone() as hospital:
        found = review_shelves(hospital, settings=ReviewSettings(until_next_days=days))
    if as_json:
        show(asdict(found))
        return
    told = (
        "{lines} shelves: {breaches} are low, {predicted} will run out, {pulls} hold expired goods; {waiting} have a"
        " task already, {without_source} lack what no other place has."
    )
    out(say(told, **asdict(found)))


@command.command("counts", help=say("Ask for a count of the shelves whose goods are due."))
def counts(
    most: Annotated[int, typer.Option(help=say("How many shelves at most."), min=1, max=200)] = 5,
    as_json: AsJson = False,
) -> None:
    """Ask for a count task for each of them, the most valuable goods first.

    Example: hospital-twin inventory counts --most 10
    """
    with opened_alone() as hospital:
        found = ask_for_due_counts(hospital, most=most)
    rows = [{"place": one.place, "items": one.items, "class": one.kind.value} for one in found]
    if rows or as_json:
        show_rows(rows, columns=("place", "items", "class"), as_json=as_json)
    else:
        out(say("Nothing is due to be counted."))


@command.command("verify", help=say("Compute every balance anew from the movements."))
def verify(as_json: AsJson = False) -> None:
    """Print balances and movements that do not add up; exit code 1 if there are any."""
    with opened_alone() as hospital, hospital.read() as session:
        found = verify_books(session)
    rows = [
        {"kind": each.kind, "key": " / ".join(each.key), "expected": each.expected, "found": each.found}
        for each in found
    ]
    if as_json:
        show(rows)
    elif rows:
        show_rows(rows, columns=("kind", "key", "expected", "found"), as_json=False)
    else:
        out(say("Every balance is the sum of its movements."))
    if found:
        warn(say("{count} differences: tell whoever looks after the system.", count=len(found)))
        raise typer.Exit(Exit.NOT_IN_ORDER)


for _work, _help in (
    (item_master.duplicates, say("List entries of the item master that are probably one.")),
    (item_master.merge, say("Make two entries of the item master one.")),
    (planning_stock.limit, say("Choose par levels within a budget and limited rooms.")),
    (planning_stock.transship, say("Say which wards can help out which.")),
):
    command.command(help=_help)(_work)

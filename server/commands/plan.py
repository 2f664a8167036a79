"""``hospital-twin plan``: make plans from files and check plans."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from scheduling.checker.admissions import check_admissions
from scheduling.checker.routes import check_routes
from scheduling.loaders.curtois import read_text
from scheduling.loaders.generator import Wanted, generate
from scheduling.loaders.ihtc import load_plan, load_problem, plan_to_bytes, problem_to_bytes
from scheduling.loaders.roster_sheets import Period
from scheduling.loaders.vrplib import Rounding, VrpProblem, load_vrp, routes_of_text, routes_to_text
from scheduling.model.futures import Uncertainty
from scheduling.model.report import Report, Where
from scheduling.model.routes import RoutePlan
from scheduling.rules.chance import Futures
from scheduling.service.planning import check_zone
from scheduling.service.roster_sheets import midnight
from scheduling.service.staffing import Level, Method
from scheduling.service.staffing import Wanted as StaffingWanted
from scheduling.solvers.admissions.search import Outcome, Progress, Settings, solve
from scheduling.solvers.conflicts import Demand, DemandKind, find_conflict
from scheduling.solvers.rosters.settings import RosterSettings
from scheduling.solvers.routes.dispatching import plan_routes
from scheduling.solvers.routes.searching import RouteSettings
from server.commands import plan_futures, roster_sheets, rostering
from server.commands.stopping import Stopping
from server.console import AsJson, Exit, leave, out, say, show, show_rows, warn, write_file
from twin.errors import InputError

command = typer.Typer(help=say("Make plans of beds, theatres and nurses, and check them."), no_args_is_help=True)
is_group = True

Problem = Annotated[Path, typer.Argument(help=say("Problem file."))]
Solution = Annotated[Path, typer.Argument(help=say("Solution file."))]
Seconds = Annotated[float, typer.Option(help=say("How long to search, seconds."))]
Threads = Annotated[int, typer.Option(help=say("How many threads search."))]
Seed = Annotated[int, typer.Option(help=say("Seed of chance."))]
Steps = Annotated[int, typer.Option(help=say("Steps of each thread; bounds the search instead of time."))]
Iterations = Annotated[int, typer.Option(help=say("Iterations; bound the search instead of time."))]
Round = Annotated[Rounding, typer.Option("--round", help=say("How distances become whole numbers."))]
HistoryFile = Annotated[Path | None, typer.Option("--history", help=say("History of a weekly roster."))]
WeekFiles = Annotated[list[Path] | None, typer.Option("--week", help=say("A week of a weekly roster; once for each."))]
Against = Annotated[Path | None, typer.Option(help=say("Another solution, played through the same futures."))]
Count = Annotated[int, typer.Option("--futures", help=say("How many futures."))]
LateShare = Annotated[float, typer.Option(help=say("Chance that a discharge is a day late, 0 to 0.9."))]
OperationCv = Annotated[float, typer.Option(help=say("Spread of an operation over its planned length, 0 to 3."))]
EmergencyBeds = Annotated[float, typer.Option(help=say("Emergencies a day who need a bed."))]
EmergencyOperations = Annotated[float, typer.Option(help=say("Emergencies a day who need a theatre."))]
Target = Annotated[Path, typer.Argument(help=say("Where to write the problem."))]
Patients = Annotated[int, typer.Option(help=say("How many patients wait."))]
Days = Annotated[int, typer.Option(help=say("Days of the horizon."))]
MandatoryShare = Annotated[float, typer.Option(help=say("Share of patients who must come, 0 to 1."))]
Load = Annotated[float, typer.Option(help=say("Bed-days asked for against bed-days there are."))]
ContractSheet = Annotated[Path, typer.Argument(help=say("Sheet of contracts."))]
StaffSheet = Annotated[Path, typer.Argument(help=say("Sheet of staff."))]
CoverSheet = Annotated[Path, typer.Argument(help=say("Sheet of cover: who is needed when."))]
ShiftSheet = Annotated[Path | None, typer.Option(help=say("Sheet of shifts; three usual ones if left out."))]
Starts = Annotated[str, typer.Option(help=say("First day, such as 2026-12-21."))]
DryRun = Annotated[bool, typer.Option("--dry-run", help=say("Only read the sheets and name what is wrong."))]
ResultFile = Annotated[Path, typer.Argument(help=say("Result of a simulation, JSON."))]
Measure = Annotated[str, typer.Option(help=say("Band of the result, such as pool.icu.occupied."))]
Ratio = Annotated[float, typer.Option(help=say("Patients that one person looks after."))]
AtLevel = Annotated[Level, typer.Option(help=say("Curve of the band that is staffed for."))]
By = Annotated[Method, typer.Option(help=say("How loads become people."))]
WaitingShare = Annotated[float, typer.Option(help=say("Share that may have to wait, for the square root."))]
Skill = Annotated[str, typer.Option(help=say("Skill of the people; anyone if left out."))]
Least = Annotated[int, typer.Option(help=say("People at any hour."))]
Zone = Annotated[str, typer.Option(help=say("Time zone of the hospital."))]
Out = Annotated[Path | None, typer.Option("--out", help=say("Where to write the solution."))]


@command.command("ihtc", help=say("Plan beds, theatres and nurses of a file of the 2024 timetabling competition."))
def plan_ihtc(
    file: Problem,
    seconds: Seconds = 60.0,
    threads: Threads = 2,
    seed: Seed = 0,
    steps: Steps = 0,
    target: Out = None,
    as_json: AsJson = False,
) -> None:
    """Search, check, write and tell the cost by rule; Ctrl-C ends the search with the best plan so far.

    Example: hospital-twin plan ihtc i01.json --seconds 60 --threads 2 --seed 1 --out solution.json
    """
    settings = Settings(seconds=seconds, threads=threads, seed=seed, steps=steps)
    rostering.check_target(target)
    problem = load_problem(file)
    with Stopping() as stopping:
        outcome = stopping.run(lambda: solve(problem, settings, _progress(as_json), stopping))
    report = check_admissions(problem, outcome.plan)
    if target is not None:
        write_file(target, plan_to_bytes(problem, outcome.plan))
    _tell(report, as_json, outcome)


@command.command("check", help=say("Check a solution: of the timetabling competition, a roster, or routes."))
def check_solution(
    file: Problem,
    solution: Solution,
    history: HistoryFile = None,
    weeks: WeekFiles = None,
    rounding: Round = Rounding.AUTO,
    as_json: AsJson = False,
) -> None:
    """Recompute every rule and cost; exit code 1 if a hard rule is broken.

    What kind of problem a file holds is seen from the file: a folder or a scenario is a weekly roster, other JSON the
    timetabling competition, text a monthly roster or a VRPLIB file.

    Example: hospital-twin plan check i01.json solution.json
    """
    kind = kind_of(file)
    if kind is Kind.WEEKS:
        rostering.check_period(file, solution, as_json, history=history, weeks=weeks or [])
    if kind is Kind.MONTH:
        rostering.check_month(file, solution, as_json)
    if kind is Kind.ROUTES:
        made = load_vrp(file, rounding)
        _tell_routes(made, routes_of_text(made, read_text(solution), solution.name), as_json)
    problem = load_problem(file)
    _tell(check_admissions(problem, load_plan(solution, problem)), as_json)


@command.command("routes", help=say("Plan the routes of a VRPLIB file."))
def plan_vrp(
    file: Problem,
    seconds: Seconds = 10.0,
    threads: Threads = 2,
    seed: Seed = 0,
    iterations: Iterations = 0,
    rounding: Round = Rounding.AUTO,
    target: Out = None,
    as_json: AsJson = False,
) -> None:
    """Search, check, write and tell the cost in the file's own unit; exit code 1 if no valid routes were found.

    Example: hospital-twin plan routes RC208.vrp --seconds 10 --out RC208.sol
    """
    settings = RouteSettings(seconds=seconds, threads=threads, seed=seed, iterations=iterations)
    rostering.check_target(target)
    _refuse_json(file, "a VRPLIB file")
    problem = load_vrp(file, rounding)
    with Stopping() as stopping:
        plan = stopping.run(lambda: plan_routes(problem.rounds, settings, should_stop=stopping))
    if target is not None:
        cost = check_routes(problem.rounds, plan).cost / problem.scale
        write_file(target, routes_to_text(plan, cost).encode())
    _tell_routes(problem, plan, as_json)


@command.command("roster", help=say("Make a roster from a file of the shift scheduling benchmarks or of INRC-II."))
def plan_roster(
    file: Problem,
    seconds: Seconds = 60.0,
    threads: Threads = 2,
    seed: Seed = 0,
    history: HistoryFile = None,
    weeks: WeekFiles = None,
    target: Out = None,
    as_json: AsJson = False,
) -> None:
    """Search, check, write and tell the cost by rule.

    A text file is a monthly roster. A folder, or a scenario in it, is a weekly one: by default its first history and
    its first weeks are taken, and each week goes on from the one before; ``--out`` is then a folder.

    Example: hospital-twin plan roster Instance1.txt --seconds 60 --out roster.txt
    """
    settings = RosterSettings(seconds=seconds, threads=threads, seed=seed)
    progress = _progress(as_json)
    if kind_of(file) is Kind.WEEKS:
        rostering.plan_weeks(file, settings, progress, target, as_json, history=history, weeks=weeks or [])
    _refuse_json(file, "a roster as text, or a scenario")
    rostering.plan_month(file, settings, progress, target, as_json)


@command.command("sheets", help=say("Make a roster from sheets (CSV) of contracts, staff and cover."))
def plan_sheets(
    contracts: ContractSheet,
    staff: StaffSheet,
    cover: CoverSheet,
    starts: Starts,
    days: Days = 28,
    shifts: ShiftSheet = None,
    dry_run: DryRun = False,
    seconds: Seconds = 60.0,
    threads: Threads = 2,
    seed: Seed = 0,
    target: Out = None,
    as_json: AsJson = False,
) -> None:
    """Read, search, check, write and tell the cost by rule; every wrong cell is named by sheet and row.

    Example: hospital-twin plan sheets contracts.csv staff.csv cover.csv --starts 2026-12-21 --days 28 --out roster.txt
    """
    sheets = roster_sheets.read_all(contracts, staff, cover, shifts)
    period = Period(first=roster_sheets.first_day(starts), days=days)
    if dry_run:
        roster_sheets.check_sheets(sheets, period, as_json)
    settings = RosterSettings(seconds=seconds, threads=threads, seed=seed)
    roster_sheets.plan_sheets(sheets, period, settings, _progress(as_json), target, as_json=as_json)


@command.command("cover", help=say("Tell people by the hour, and shifts, from a simulation's result."))
def find_cover(
    result: ResultFile,
    measure: Measure,
    starts: Starts,
    patients_per_person: Ratio,
    days: Days = 7,
    level: AtLevel = Level.HIGH,
    method: By = Method.QUANTILE,
    waiting_share: WaitingShare = 0.2,
    skill: Skill = "",
    least: Least = 0,
    zone: Zone = "UTC",
    shifts: ShiftSheet = None,
    target: Out = None,
    as_json: AsJson = False,
) -> None:
    """Write a sheet of cover that ``plan sheets`` reads.

    Example: hospital-twin plan cover r.json --measure pool.icu.occupied --patients-per-person 2 --starts 2026-12-21
    """
    check_zone(zone)
    first = roster_sheets.first_day(starts)
    wanted = StaffingWanted(
        start_at=midnight(first, zone),
        days=days,
        patients_per_person=patients_per_person,
        method=method,
        waiting_share=waiting_share,
        skill=skill,
        least=least,
        zone=zone,
    )
    asked = roster_sheets.CoverAsked(
        result=result, measure=measure, level=level, first=first, wanted=wanted, shifts=shifts
    )
    roster_sheets.find_cover(asked, target, as_json)


@command.command("conflicts", help=say("Tell why no plan can keep every must: a smallest set of demands."))
def tell_conflicts(file: Problem, seconds: Seconds = 10.0, as_json: AsJson = False) -> None:
    """Name demands of which one has to give way; exit code 1 if there are any.

    Example: hospital-twin plan conflicts i01.json
    """
    found = find_conflict(load_problem(file), seconds)
    rows = [{"kind": demand.kind.value, "who": demand.who, "text": _in_words(demand)} for demand in found.demands]
    if as_json:
        show({"demands": rows, "is_decided": found.is_decided, "is_minimal": found.is_minimal})
    elif rows:
        out(say("These cannot all be kept; one of them has to give way:"))
        for row in rows:
            out(f"- {row['text']}")
    else:
        out(say("Every must can be kept.") if found.is_decided else say("The time was too short to tell."))
    leave(Exit.NOT_IN_ORDER if rows or not found.is_decided else Exit.DONE)


def _in_words(demand: Demand) -> str:
    words = {
        DemandKind.ADMISSION: say("Patient {who} is admitted.", who=demand.who),
        DemandKind.WINDOW: say("Patient {who} comes between release day and due day.", who=demand.who),
        DemandKind.ROOMS: say("Patient {who} lies in a suitable room only.", who=demand.who),
        DemandKind.PIN: say("What is pinned for patient {who} stays.", who=demand.who),
        DemandKind.SURGEON: say("Surgeon {who} operates no longer than allowed.", who=demand.who),
        DemandKind.THEATRE: say("Theatre {who} is open no longer than planned.", who=demand.who),
        DemandKind.BEDS: say("Room {who} holds no more people than beds.", who=demand.who),
        DemandKind.INTENSIVE: say("Intensive care holds no more people than beds."),
        DemandKind.GENDER: say("Room {who} holds people of one gender.", who=demand.who),
    }
    return words[demand.kind]


@command.command("generate", help=say("Write a problem of any size, for trying things out."))
def generate_problem(
    target: Target,
    patients: Patients = 100,
    days: Days = 14,
    mandatory_share: MandatoryShare = 0.4,
    load: Load = 0.9,
    seed: Seed = 0,
) -> None:
    """Draw a problem from a seed and write it in the format of the timetabling competition.

    Example: hospital-twin plan generate week.json --patients 200 --days 21 --seed 7
    """
    wanted = Wanted(patients=patients, days=days, mandatory_share=mandatory_share, load=load, seed=seed)
    write_file(target, problem_to_bytes(generate(wanted)))
    out(str(target))
    leave(Exit.DONE)


@command.command("futures", help=say("Play a plan through simulated futures: overruns, emergencies, late discharges."))
def play_futures(
    file: Problem,
    solution: Solution,
    against: Against = None,
    count: Count = 1000,
    seed: Seed = 0,
    late_share: LateShare = 0.12,
    operation_cv: OperationCv = 0.35,
    emergency_beds: EmergencyBeds = 1.0,
    emergency_operations: EmergencyOperations = 0.5,
    as_json: AsJson = False,
) -> None:
    """Tell who may be called off, where overtime threatens, and whether another solution risks less.

    Example: hospital-twin plan futures i01.json solution.json --against other.json --futures 1000
    """
    uncertainty = Uncertainty(
        late_share=late_share,
        operation_cv=operation_cv,
        emergency_beds_per_day=emergency_beds,
        emergency_operations_per_day=emergency_operations,
    )
    futures = Futures(count=count, seed=seed)
    plan_futures.tell_risk(file, solution, against, uncertainty=uncertainty, futures=futures, as_json=as_json)


class Kind(StrEnum):
    """What a problem file holds."""

    ADMISSIONS = "admissions"
    MONTH = "month"
    WEEKS = "weeks"
    ROUTES = "routes"


def _head(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(4096)
    except OSError as error:
        raise InputError(f"{file.name}: cannot be read: {error.strerror}.", code="plan.file") from error


def _is_object(head: bytes) -> bool:
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")


def _refuse_json(file: Path, wanted: str) -> None:
    """Refuse a problem of another kind by its kind, rather than by each of its lines."""
    if not file.is_dir() and _is_object(_head(file)):
        told = f"{file.name}: expected {wanted}, found a JSON object: `plan ihtc` reads problems of the competition."
        raise InputError(told, code="plan.file")


def kind_of(file: Path) -> Kind:
    """Tell what a problem file holds, by its name and its first lines."""
    if file.is_dir():
        return Kind.WEEKS
    head = _head(file)
    if _is_object(head):
        return Kind.WEEKS if b'"numberOfWeeks"' in head else Kind.ADMISSIONS
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"SCENARIO"):
        return Kind.WEEKS
    if b"SECTION_HORIZON" in head or file.suffix.lower() == ".txt":
        return Kind.MONTH
    return Kind.ROUTES if b"DIMENSION" in head or file.suffix.lower() == ".vrp" else Kind.ADMISSIONS


def _tell_routes(problem: VrpProblem, plan: RoutePlan, as_json: bool) -> None:
    report = check_routes(problem.rounds, plan)
    cost = report.cost / problem.scale
    routes = [
        {
            "route": int(found.carrier) + 1,
            "stops": len(found.stops),
            "distance": found.walking_s / problem.scale,
            "visits": [stop.task for stop in found.stops],
        }
        for found in plan.rounds
    ]
    dropped = [{"task": found.task, "reason": found.reason.value} for found in plan.dropped]
    broken = [
        {"rule": found.rule.value, "amount": found.amount, "task": found.task, "carrier": found.carrier}
        for found in report.violations
    ]
    if as_json:
        show(
            {
                "cost": cost,
                "is_valid": report.is_valid,
                "distance": report.walking_s / problem.scale,
                "lost_prize": report.lost_prize / problem.scale,
                "routes": routes,
                "dropped": dropped,
                "violations": broken,
            }
        )
    else:
        show_rows(routes, columns=["route", "stops", "distance"], as_json=False)
        out(
            say(
                "Cost {cost} over {routes} routes, {dropped} dropped.",
                cost=f"{cost:g}",
                routes=len(routes),
                dropped=len(dropped),
            )
        )
        for line in broken[:20]:
            warn(
                say(
                    "Broken: {rule} by {amount} ({place})",
                    rule=line["rule"],
                    amount=line["amount"],
                    place=f"{line['carrier']} {line['task']}".strip(),
                )
            )
    leave(Exit.DONE if report.is_valid else Exit.NOT_IN_ORDER)


def _progress(as_json: bool) -> Progress:
    def tell(share: float, cost: int) -> None:
        if not as_json and sys.stderr.isatty():
            sys.stderr.write(f"\r{share:4.0%}  {cost if cost >= 0 else '-'}   ")
            sys.stderr.flush()

    return tell


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

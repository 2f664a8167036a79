"""The part of ``hospital-twin plan`` that makes and checks rosters."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scheduling.checker.rosters import check_roster
from scheduling.loaders.curtois import curtois_of, read_text, roster_of_text, roster_to_text
from scheduling.loaders.inrc2 import last_number, load_week_roster, load_weeks, week_to_bytes
from scheduling.model.rosters import RosterReport
from scheduling.service.rostering import RosteredWeek, check_weeks, roster_weeks
from scheduling.solvers.rosters.search import solve_roster
from scheduling.solvers.rosters.settings import Progress, RosterSettings
from server.commands.stopping import Stopping
from server.console import Exit, leave, out, say, show, show_rows, warn, write_file
from twin.errors import ConfigurationError, InputError


def plan_month(file: Path, settings: RosterSettings, progress: Progress, target: Path | None, as_json: bool) -> None:
    """Make a roster of one piece, check, write and tell it."""
    check_target(target)
    problem = curtois_of(read_text(file), file.name)
    with Stopping() as stopping:
        outcome = stopping.run(lambda: solve_roster(problem, settings, progress, stopping))
    report = check_roster(problem, outcome.roster)
    text = roster_to_text(problem, outcome.roster)
    if target is not None:
        write_file(target, text.encode())
    facts: dict[str, object] = {"is_optimal": outcome.is_optimal, "rounds": outcome.rounds}
    if target is None:
        facts["roster"] = [
            {"employee": found.employee, "day": found.day, "shift": found.shift} for found in outcome.roster.assignments
        ]
    tell([report], as_json, facts)


def plan_weeks(
    file: Path,
    settings: RosterSettings,
    progress: Progress,
    target: Path | None,
    as_json: bool,
    *,
    history: Path | None,
    weeks: Sequence[Path],
) -> None:
    """Make rosters week by week, check, write one solution file a week into a folder and tell them."""
    if target is not None and target.exists() and not target.is_dir():
        # Told before anybody has searched for what would stand in it.
        raise ConfigurationError(f"{target}: expected a folder for one file a week, found a file.")
    period = load_weeks(file, history, weeks)
    with Stopping() as stopping:
        done = stopping.run(lambda: roster_weeks(period, settings, progress, stopping))
    if target is not None:
        target.mkdir(parents=True, exist_ok=True)
        for index, week in enumerate(done):
            body = week_to_bytes(period.scenario, index, week.roster)
            write_file(target / f"Sol-{period.scenario}-{index}.json", body)
    tell([week.report for week in done], as_json, _week_facts(done))


def check_month(file: Path, solution: Path, as_json: bool) -> None:
    """Check a roster of one piece."""
    problem = curtois_of(read_text(file), file.name)
    tell([check_roster(problem, roster_of_text(problem, read_text(solution), solution.name))], as_json, {})


def check_period(file: Path, solution: Path, as_json: bool, *, history: Path | None, weeks: Sequence[Path]) -> None:
    """Check a folder of one solution file a week, in the order of their names."""
    if not solution.is_dir():
        raise InputError(f"{solution.name}: expected a folder with one solution file for each week.")
    period = load_weeks(file, history, weeks)
    # by the last number of their names: the tenth week comes after the second
    files = sorted(list(solution.glob("Sol-*.json")) or list(solution.glob("Sol-*.txt")), key=last_number)
    if len(files) != len(period.needs):
        told = f"expected {len(period.needs)} files Sol-*.json or Sol-*.txt, found {len(files)}"
        raise InputError(f"{solution.name}: {told}.")
    done = check_weeks(period, [load_week_roster(path, period.base) for path in files])
    tell([week.report for week in done], as_json, _week_facts(done))


def _week_facts(done: list[RosteredWeek]) -> dict[str, object]:
    return {
        "weeks": [
            {"cost": week.report.cost, "is_valid": week.report.is_valid, "is_again": week.is_again} for week in done
        ]
    }


def check_target(target: Path | None) -> None:
    """Refuse a file that could not be written, before anybody has searched for what would stand in it.

    Raises
    ------
    ConfigurationError
        If its folder is not there, or it is a folder itself.
    """
    if target is not None and (not target.parent.is_dir() or target.is_dir()):
        told = "it is a folder" if target.is_dir() else f"there is no folder {target.parent}"
        raise ConfigurationError(f"{target}: cannot be written: {told}.")


def tell(reports: Sequence[RosterReport], as_json: bool, facts: dict[str, object]) -> None:
    """Tell cost by rule and each must that is broken; exit code 1 if one is."""
    cost = sum(report.cost for report in reports)
    is_valid = all(report.is_valid for report in reports)
    by_rule: dict[str, int] = {}
    for report in reports:
        for rule, price in report.cost_by_rule().items():
            by_rule[rule.value] = by_rule.get(rule.value, 0) + price
    broken = [
        {
            "week": week,
            "rule": found.rule.value,
            "amount": found.amount,
            "employee": found.employee,
            "day": found.day,
            "shift": found.shift,
            "skill": found.skill,
        }
        for week, report in enumerate(reports)
        for found in report.violations
    ]
    if as_json:
        show({"cost": cost, "is_valid": is_valid, "costs": by_rule, "violations": broken, **facts})
    else:
        rows = [{"rule": rule, "cost": price} for rule, price in sorted(by_rule.items())]
        show_rows([*rows, {"rule": say("total"), "cost": cost}], columns=["rule", "cost"], as_json=False)
        for line in broken[:20]:
            place = ", ".join(
                f"{name} {line[name]}" for name in ("employee", "day", "shift") if line[name] not in ("", -1)
            )
            warn(say("Broken: {rule} by {amount} ({place})", rule=line["rule"], amount=line["amount"], place=place))
        out(say("No hard rule is broken.") if is_valid else say("Hard rules are broken."))
    leave(Exit.DONE if is_valid else Exit.NOT_IN_ORDER)

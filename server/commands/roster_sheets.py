"""The part of ``hospital-twin plan`` that makes rosters from sheets, and cover from simulated loads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import msgspec

from scheduling.checker.rosters import check_roster
from scheduling.loaders.curtois import roster_to_text
from scheduling.loaders.records import read_object
from scheduling.loaders.roster_sheets import Period, Sheets, read_sheet, shifts_of_sheet
from scheduling.model.rosters import RosterProblem
from scheduling.service.roster_sheets import cover_sheet, problem_from_sheets
from scheduling.service.staffing import Level, Wanted, load_of, staffing_of
from scheduling.solvers.rosters.search import solve_roster
from scheduling.solvers.rosters.settings import Progress, RosterSettings
from server.commands.rostering import check_target, tell
from server.commands.stopping import Stopping
from server.console import Exit, leave, out, say, show, warn, write_file
from twin.errors import InputError


def first_day(text: str) -> date:
    """Give a day that a person typed.

    Raises
    ------
    InputError
        If it is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"starts: expected a day such as 2026-12-21, got {text[:40]!r}.", code="plan.day") from error


def read_all(contracts: Path, staff: Path, cover: Path, shifts: Path | None) -> Sheets:
    """Read the sheets of a roster from files."""
    return Sheets(
        contracts=read_sheet(contracts),
        staff=read_sheet(staff),
        cover=read_sheet(cover),
        shifts=read_sheet(shifts) if shifts is not None else "",
    )


def _facts(problem: RosterProblem) -> dict[str, object]:
    return {
        "days": problem.days,
        "staff": len(problem.employees),
        "needs": len(problem.needs),
        "wishes": len(problem.requests),
        "leave_days": sum(len(one.days_off) for one in problem.employees),
    }


def check_sheets(sheets: Sheets, period: Period, as_json: bool) -> None:
    """Read the sheets and tell what they hold; nothing is made."""
    facts = _facts(problem_from_sheets(None, sheets=sheets, period=period))
    if as_json:
        show({"is_dry_run": True, **facts})
    else:
        out(say("The sheets are right: {staff} people, {needs} needs.", staff=facts["staff"], needs=facts["needs"]))
    leave(Exit.DONE)


def plan_sheets(
    sheets: Sheets, period: Period, settings: RosterSettings, progress: Progress, target: Path | None, *, as_json: bool
) -> None:
    """Make, check, write and tell a roster from sheets."""
    check_target(target)
    problem = problem_from_sheets(None, sheets=sheets, period=period)
    facts = _facts(problem)
    with Stopping() as stopping:
        outcome = stopping.run(lambda: solve_roster(problem, settings, progress, stopping))
    if target is not None:
        write_file(target, roster_to_text(problem, outcome.roster).encode())
    else:
        facts["roster"] = msgspec.to_builtins(outcome.roster)["assignments"]
    tell([check_roster(problem, outcome.roster)], as_json, {"is_dry_run": False, **facts})


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverAsked:
    """Which curve of which result is staffed for, and how.

    Parameters
    ----------
    result : Path
        JSON of an experiment's result.
    measure : str
        Name of the band, such as ``pool.icu-bed.occupied``.
    level : Level
        Which curve of it.
    first : date
        Day 0.
    wanted : Wanted
        Days, ratio and method.
    shifts : Path or None
        Sheet of shifts; the usual three if None.
    """

    result: Path
    measure: str
    level: Level
    first: date
    wanted: Wanted
    shifts: Path | None = None


def find_cover(asked: CoverAsked, target: Path | None, as_json: bool) -> None:
    """Tell the people by the hour that a simulation's result asks for, and write the cover that follows."""
    load = load_of(read_object(asked.result).values, asked.measure, asked.level)
    kinds = shifts_of_sheet(read_sheet(asked.shifts) if asked.shifts is not None else "")
    found = staffing_of(load, asked.wanted, kinds)
    text = cover_sheet(found.covered.needs, asked.first)
    if target is not None:
        write_file(target, text.encode())
    if as_json:
        gaps = [{"hour": hour, "missing": missing} for hour, missing in found.covered.gaps]
        told = {"people": list(found.people), "minutes": found.covered.minutes, "gaps": gaps, "cover": text}
        show({**told, "is_optimal": found.covered.is_optimal})
    else:
        out(text.rstrip())
        for hour, missing in found.covered.gaps[:20]:
            warn(say("No shift lies in hour {hour}: {missing} missing.", hour=hour, missing=missing))
    leave(Exit.DONE)

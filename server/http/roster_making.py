"""Making a roster over HTTP: from sheets with a dry run, with cover from a simulation's result."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from sqlmodel import Session

from scheduling.loaders.roster_sheets import Period, Sheets, shifts_of_sheet
from scheduling.model.rosters import RosterProblem
from scheduling.service import roster_sheets
from scheduling.service.staffing import Level, Method, Staffing, Wanted, load_of, staffing_of
from server.doors.context import Call, CallDep
from server.doors.router import Router
from server.schema.jobs import ResultRow
from twin.access import Permission
from twin.errors import FieldError, FieldProblem, NotFound

router = Router("/v1/roster", tag="roster")

Short = Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\x00]*$")]
Sheet = Annotated[str, msgspec.Meta(max_length=2_000_000)]
Hash = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]


class SheetsTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Sheets as CSV; ``starts`` is the first day. With ``dry_run`` nothing is made, all that is wrong is told."""

    starts: Short
    days: Annotated[int, msgspec.Meta(ge=1, le=92)]
    contracts: Sheet
    staff: Sheet
    cover: Sheet
    shifts: Sheet = ""
    place: Short = ""
    seconds: Annotated[float, msgspec.Meta(gt=0, le=600)] = 20.0
    seed: Annotated[int, msgspec.Meta(ge=0, le=1 << 32)] = 0
    dry_run: bool = False


class SheetsRead(msgspec.Struct, frozen=True, kw_only=True):
    """What the sheets hold; ``job`` makes the roster, empty for a dry run. ``continues`` counts known histories."""

    days: int
    n_staff: int
    n_contracts: int
    n_needs: int
    n_wishes: int
    n_leave_days: int
    continues: int
    job: str = ""


class StaffingTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which curve of which result of a simulation is staffed for, and how; ``shifts`` is a sheet."""

    result: Hash
    measure: Short
    starts: Short
    days: Annotated[int, msgspec.Meta(ge=1, le=31)]
    patients_per_person: Annotated[float, msgspec.Meta(gt=0, le=1000)]
    level: Level = Level.HIGH
    method: Method = Method.QUANTILE
    waiting_share: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.2
    scenario: Short = ""
    skill: Short = ""
    least: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0
    shifts: Sheet = ""


class GapShown(msgspec.Struct, frozen=True, kw_only=True):
    """An hour, counted from the first midnight, in which no shift of the hospital lies."""

    hour: int
    missing: int


class StaffingShown(msgspec.Struct, frozen=True, kw_only=True):
    """People by the hour, and ``cover``, a sheet with the shifts that cover them with the least time at work."""

    people: list[int]
    cover: str
    minutes: int
    is_optimal: bool
    gaps: list[GapShown]


def _first_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        problem = FieldProblem(
            field="starts", place="body", message=f"{text[:40]!r} is no day.", cure="Write a day such as 2026-12-21."
        )
        raise FieldError(problem) from error


def _read(call: Call, session: Session, told: SheetsTold) -> RosterProblem:
    sheets = Sheets(contracts=told.contracts, staff=told.staff, cover=told.cover, shifts=told.shifts)
    period = Period(first=_first_day(told.starts), days=told.days, place=told.place)
    return roster_sheets.problem_from_sheets(
        session, sheets=sheets, period=period, zone=call.hospital.settings.time_zone
    )


@router.post("/sheets", permission=Permission.PLANS_EDIT, takes=SheetsTold, gives=SheetsRead, status=202)
def read_sheets(call: CallDep) -> SheetsRead:
    """Read sheets of shifts, contracts, staff and cover, and have the roster made; every wrong cell is named."""
    told = call.read(SheetsTold)
    with call.hospital.read() as session:
        problem = _read(call, session, told)
    job = "" if told.dry_run else _start(call, told, problem)
    return SheetsRead(
        days=problem.days,
        n_staff=len(problem.employees),
        n_contracts=len(problem.contracts),
        n_needs=len(problem.needs),
        n_wishes=len(problem.requests),
        n_leave_days=sum(len(one.days_off) for one in problem.employees),
        continues=sum(one.history.last_shift != "" or one.history.off_run > 0 for one in problem.employees),
        job=job,
    )


def _start(call: Call, told: SheetsTold, problem: RosterProblem) -> str:
    zone = call.hospital.settings.time_zone
    arguments: dict[str, object] = {
        "kind": "roster",
        "problem": msgspec.to_builtins(problem),
        "seconds": told.seconds,
        "seed": told.seed,
        "start_at": roster_sheets.midnight(_first_day(told.starts), zone),
        "zone": zone,
    }
    return call.hospital.jobs.submit("roster", arguments, actor=call.actor)


@router.post("/staffing", permission=Permission.PLANS_READ, takes=StaffingTold, gives=StaffingShown)
def find_staffing(call: CallDep) -> StaffingShown:
    """Give people by the hour from a simulation's result, and the cover of a roster that follows from them."""
    told = call.read(StaffingTold)
    with call.hospital.read() as session:
        row = session.get(ResultRow, told.result)
    if row is None:
        raise NotFound("result", told.result)
    first, zone = _first_day(told.starts), call.hospital.settings.time_zone
    shifts = shifts_of_sheet(told.shifts)
    load = load_of(msgspec.json.decode(row.body), told.measure, told.level, scenario=told.scenario)
    wanted = Wanted(
        start_at=roster_sheets.midnight(first, zone),
        days=told.days,
        patients_per_person=told.patients_per_person,
        method=told.method,
        waiting_share=told.waiting_share,
        skill=told.skill,
        least=told.least,
        zone=zone,
    )
    return _shown(staffing_of(load, wanted, shifts), first)


def _shown(found: Staffing, first: date) -> StaffingShown:
    return StaffingShown(
        people=list(found.people),
        cover=roster_sheets.cover_sheet(found.covered.needs, first),
        minutes=found.covered.minutes,
        is_optimal=found.covered.is_optimal,
        gaps=[GapShown(hour=hour, missing=missing) for hour, missing in found.covered.gaps],
    )

"""The day-of-surgery board over HTTP: how far each theatre is, starts and ends, cancellations, emergencies, re-plan."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from dash_app.queries import surgery as queries
from scheduling.model.surgery_day import Case, Projected
from scheduling.rules.surgery_day import openings, project
from scheduling.service import surgery_day as service
from server.doors.context import Call, CallDep
from server.doors.pages import PathText
from server.doors.router import Router
from twin.access import Permission
from twin.clock import to_text
from twin.errors import FieldError, FieldProblem

router = Router("/v1/surgery", tag="surgery")

_FIRST_YEAR, _LAST_YEAR = 1970, 9000  # beyond them opening hours may have no instant

Short = Annotated[str, msgspec.Meta(max_length=200)]
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Minutes = Annotated[int, msgspec.Meta(ge=1, le=service.MOST_MINUTES)]
Position = Annotated[int, msgspec.Meta(ge=0, le=1000)]


class ActTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is done with a case of the version that was seen; the rest as the kind of act needs it."""

    kind: service.ActKind
    case: Id
    version: Annotated[int, msgspec.Meta(ge=1)]
    reason: Annotated[str, msgspec.Meta(max_length=500)] = ""
    theatre: Short = ""
    position: Position = 0
    minutes: Annotated[int, msgspec.Meta(ge=0, le=service.MOST_MINUTES)] = 0


class EmergencyAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How long an emergency's operation is expected to last, and whose it is if that is known."""

    minutes: Minutes
    surgeon: Short = ""


class EmergencyTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An emergency and the place that it gets; position 0 is before all that wait in the theatre.

    With the code of its ``procedure`` the goods of that card are brought, without it the theatre's emergency pack.
    """

    encounter: Id
    minutes: Minutes
    theatre: Id
    position: Position = 0
    surgeon: Short = ""
    procedure: Short = ""


class ReplanTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whether the better distribution is made, or only told."""

    is_trial: bool = True


class CaseShown(msgspec.Struct, frozen=True, kw_only=True):
    """A case; instants are empty until they are known, ``starts`` and ``ends`` are expected or as it was."""

    id: str
    surgeon: str
    position: int
    status: str
    is_emergency: bool
    planned_start: str
    planned_minutes: int
    starts: str
    ends: str
    delay_minutes: int
    ends_late: bool
    reason: str
    version: int


class TheatreShown(msgspec.Struct, frozen=True, kw_only=True):
    """A theatre's day."""

    theatre: str
    overtime_minutes: int
    free: str
    cases: list[CaseShown]


class DayShown(msgspec.Struct, frozen=True, kw_only=True):
    """A day of operating as it is expected to go on."""

    day: str
    opens: str
    closes: str
    overtime_minutes: int
    theatres: list[TheatreShown]


class OpeningShown(msgspec.Struct, frozen=True, kw_only=True):
    """A place for an emergency: what all others lose together, and more overtime."""

    theatre: str
    position: int
    starts: str
    delay_minutes: int
    overtime_minutes: int


class Openings(msgspec.Struct, frozen=True, kw_only=True):
    """Places for an emergency, the best first."""

    openings: list[OpeningShown]


class ShiftShown(msgspec.Struct, frozen=True, kw_only=True):
    """A case that would better be done elsewhere, and what the day has after it."""

    case: str
    theatre: str
    position: int
    overtime_minutes: int
    delay_minutes: int


class Replanned(msgspec.Struct, frozen=True, kw_only=True):
    """What was, or would be, changed, and the day after it."""

    shifts: list[ShiftShown]
    day: DayShown


def _day(call: Call, text: str) -> service.SurgeryDay:
    """Give a day of operating; freezes the whole hospital, so not in the event loop."""
    zone = ZoneInfo(call.hospital.settings.time_zone)
    try:
        day = datetime.fromtimestamp(call.now / 1e6, zone).date() if text == "today" else date.fromisoformat(text)
        if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
            raise ValueError(day)
    except ValueError as error:
        problem = FieldProblem(
            field="day", place="/path", message=f"{text[:40]!r} is no day.", cure="Write today or such as 2026-11-26."
        )
        raise FieldError(problem) from error
    return queries.day_of(call.hospital.live.freeze(call.now), day, call.hospital.settings)


def _doer(call: Call) -> service.Doer:
    return service.Doer(actor=call.actor, at=call.now, ledger=call.hospital.ledger)


def _text(at: int) -> str:
    return to_text(at) if at else ""


def _case(one: Projected) -> CaseShown:
    case = one.case
    return CaseShown(
        id=case.id,
        surgeon=case.surgeon,
        position=case.position,
        status=case.status.value,
        is_emergency=case.is_emergency,
        planned_start=to_text(case.planned_start_at),
        planned_minutes=case.planned_minutes,
        starts=_text(one.starts_at),
        ends=_text(one.ends_at),
        delay_minutes=one.delay_minutes,
        ends_late=one.ends_late,
        reason=case.reason,
        version=case.version,
    )


def _shown(day: service.SurgeryDay, cases: list[Case], now: int) -> DayShown:
    told = project(cases, day.theatres, day.hours, now)
    return DayShown(
        day=day.date.isoformat(),
        opens=to_text(day.hours.opens_at),
        closes=to_text(day.hours.closes_at),
        overtime_minutes=sum(one.overtime_minutes for one in told),
        theatres=[
            TheatreShown(
                theatre=one.theatre,
                overtime_minutes=one.overtime_minutes,
                free=to_text(one.free_at),
                cases=[_case(case) for case in one.cases],
            )
            for one in told
        ],
    )


@router.get("/{day}", permission=Permission.PLANS_READ, gives=DayShown)
def get_surgery_day(call: CallDep, day: PathText) -> DayShown:
    """Give a day of operating, ``today`` or by date: the plan in force, what has happened, and what is expected."""
    wanted = _day(call, day)
    with call.hospital.read() as session:
        cases = service.cases_of(session, wanted)
    return _shown(wanted, cases, call.now)


@router.post("/{day}/acts", permission=Permission.PLANS_EDIT, takes=ActTold, gives=DayShown)
async def act_on_case(call: CallDep, day: PathText) -> DayShown:
    """Start, finish, cancel, move a case, expect another length of it, or take back its last step."""
    told, wanted = call.read(ActTold), await run_in_threadpool(_day, call, day)
    intent = service.Act(
        kind=told.kind,
        case=told.case,
        version=told.version,
        reason=told.reason,
        theatre=told.theatre,
        position=told.position,
        minutes=told.minutes,
    )

    def use_case(session: Session) -> list[Case]:
        return service.act(session, doer=_doer(call), day=wanted, intent=intent)

    return _shown(wanted, await call.hospital.write(use_case), call.now)


@router.post("/{day}/openings", permission=Permission.PLANS_READ, takes=EmergencyAsked, gives=Openings)
def find_openings(call: CallDep, day: PathText) -> Openings:
    """Give the places that an emergency could have, the best first; nothing is kept."""
    told, wanted = call.read(EmergencyAsked), _day(call, day)
    with call.hospital.read() as session:
        cases = service.cases_of(session, wanted)
    emergency = Case(
        id="\0emergency",  # no encounter has such an id
        theatre="",
        surgeon=told.surgeon,
        position=0,
        planned_start_at=call.now,
        planned_minutes=told.minutes,
        is_emergency=True,
    )
    found = openings(cases, wanted.theatres, wanted.hours, call.now, emergency)
    return Openings(
        openings=[
            OpeningShown(
                theatre=one.theatre,
                position=one.position,
                starts=to_text(one.starts_at),
                delay_minutes=one.delay_minutes,
                overtime_minutes=one.overtime_minutes,
            )
            for one in found
        ]
    )


@router.post("/{day}/emergencies", permission=Permission.PLANS_EDIT, takes=EmergencyTold, gives=DayShown, status=201)
async def add_emergency(call: CallDep, day: PathText) -> DayShown:
    """Take an emergency into a theatre's list."""
    told, wanted = call.read(EmergencyTold), await run_in_threadpool(_day, call, day)
    emergency = service.Emergency(
        id=told.encounter,
        minutes=told.minutes,
        theatre=told.theatre,
        position=told.position,
        surgeon=told.surgeon,
        procedure=told.procedure,
    )

    def use_case(session: Session) -> list[Case]:
        return service.add_emergency(session, doer=_doer(call), day=wanted, emergency=emergency)

    return _shown(wanted, await call.hospital.write(use_case), call.now)


@router.post("/{day}/replans", permission=Permission.PLANS_EDIT, takes=ReplanTold, gives=Replanned)
async def replan_day(call: CallDep, day: PathText) -> Replanned:
    """Distribute what still waits so that overtime and delay are less; as a trial it is only told."""
    told, wanted = call.read(ReplanTold), await run_in_threadpool(_day, call, day)

    def use_case(session: Session) -> Replanned:
        unsuitable = service.unsuitable_theatres(session)
        cases, shifts = service.replan(
            session, doer=_doer(call), day=wanted, unsuitable=unsuitable, is_trial=told.is_trial
        )
        shown = [ShiftShown(**{name: getattr(one, name) for name in ShiftShown.__struct_fields__}) for one in shifts]
        return Replanned(shifts=shown, day=_shown(wanted, cases, call.now))

    return await call.hospital.write(use_case)

"""What people have fixed in a kept plan over HTTP: pinned, let go, and the plan made anew around it."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from sqlmodel import Session

from scheduling.model.plans import PlanKind
from scheduling.service import roster_talk, talk
from scheduling.service.making_again import order_again
from scheduling.tables.plans import PlanRow, load_plan_row
from server.doors.context import Call, CallDep
from server.doors.pages import PathText
from server.doors.router import Router
from twin.access import Permission
from twin.errors import FieldError, FieldProblem

router = Router("/v1/plans", tag="plans")

Short = Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\x00]*$")]
Day = Annotated[int, msgspec.Meta(ge=0, le=1000)]
Part = Literal["day", "room", "theatre"]


class PinsTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is pinned as it is now, or let go: days of an ``employee`` of a roster, or a ``patient`` of other plans.

    ``parts`` says what of a patient's place is pinned.
    """

    employee: Short = ""
    days: Annotated[tuple[Day, ...], msgspec.Meta(max_length=400)] = ()
    patient: Short = ""
    parts: Annotated[tuple[Part, ...], msgspec.Meta(min_length=1, max_length=3)] = ("day", "room", "theatre")
    is_pinned: bool = True
    title: Short = ""


class PinsKept(msgspec.Struct, frozen=True, kw_only=True):
    """The draft that pinning became, and all that is pinned in it."""

    plan: str
    version: int
    pins: msgspec.Raw


class AgainTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How long to search, and the seed of chance."""

    seconds: Annotated[float, msgspec.Meta(gt=0, le=600)] = 20.0
    seed: Annotated[int, msgspec.Meta(ge=0, le=1 << 32)] = 0


class AgainStarted(msgspec.Struct, frozen=True, kw_only=True):
    """The job that makes a plan anew."""

    job: str


@router.post("/{plan_id}/pins", permission=Permission.PLANS_EDIT, takes=PinsTold, gives=PinsKept, status=201)
async def pin(call: CallDep, plan_id: PathText) -> PinsKept:
    """Pin days of somebody, or a patient, as they are, or let them go; a new draft."""
    told = call.read(PinsTold)
    change = talk.Change(plan=plan_id, new_id=call.hospital.new_id(), title=told.title)

    def use_case(session: Session) -> PinsKept:
        is_roster = load_plan_row(session, plan_id).kind == PlanKind.ROSTER.value
        row = _pin_days(call, session, change, told) if is_roster else _pin_patient(call, session, change, told)
        pins = roster_talk.content_of(row)[0].pins if is_roster else talk.content_of(row)[0].pins
        return PinsKept(plan=row.id, version=row.version, pins=msgspec.Raw(msgspec.json.encode(pins)))

    return await call.hospital.write(use_case)


def _pin_days(call: Call, session: Session, change: talk.Change, told: PinsTold) -> PlanRow:
    if not told.employee or not told.days:
        raise _wrong("days" if told.employee else "employee", "A roster pins days of somebody.")
    pins = roster_talk.Pins(employee=told.employee, days=told.days, is_pinned=told.is_pinned)
    made = roster_talk.pin_days(session, actor=call.actor, at=call.now, change=change, pins=pins)
    return load_plan_row(session, made.plan)


def _pin_patient(call: Call, session: Session, change: talk.Change, told: PinsTold) -> PlanRow:
    if not told.patient:
        raise _wrong("patient", "A plan of admissions pins a patient.")
    parts = frozenset[str](told.parts) if told.is_pinned else frozenset[str]()
    pinning = talk.Pinning(patient=told.patient, parts=parts)
    return talk.pin_patient(session, actor=call.actor, at=call.now, change=change, pinning=pinning)


def _wrong(field: str, message: str) -> FieldError:
    return FieldError(FieldProblem(field=field, place="body", message=message, cure="Name it."))


@router.post("/{plan_id}/again", permission=Permission.PLANS_EDIT, takes=AgainTold, gives=AgainStarted, status=202)
def make_again(call: CallDep, plan_id: PathText) -> AgainStarted:
    """Have a plan made anew: pins are kept, and what changes has a price; its result can be kept as the next draft."""
    told = call.read(AgainTold)
    with call.hospital.read() as session:
        order = order_again(session, plan_id, seconds=told.seconds, seed=told.seed)
    return AgainStarted(job=call.hospital.jobs.submit(order.job, order.arguments, actor=call.actor))

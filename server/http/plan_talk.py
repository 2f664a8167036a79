"""Talking about a plan over HTTP: why here, where else, moved by hand, repaired after a bad call, compared."""

from __future__ import annotations

from typing import Annotated

import msgspec
from sqlmodel import Session

from scheduling.checker.admissions import check_admissions
from scheduling.model.admissions import Stay
from scheduling.service import talk
from scheduling.service.board import Alternative, Consequence
from scheduling.service.planning import report_to_json, to_json
from scheduling.service.repairing import Outage, Repaired
from server.doors.context import CallDep
from server.doors.pages import PathText
from server.doors.router import Router
from twin.access import Permission

router = Router("/v1/plans", tag="plans")

Short = Annotated[str, msgspec.Meta(max_length=200)]
Day = Annotated[int, msgspec.Meta(ge=0, le=1000)]


class PlaceTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where a patient is to be; day -1 for back to the waiting list. ``pins`` keeps them there from now on."""

    patient: Short
    day: Annotated[int, msgspec.Meta(ge=-1, le=1000)]
    room: Short = ""
    theatre: Short = ""
    pins: bool = False
    title: Short = ""


class OutageTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who or what is not there: one of nurse, surgeon and theatre; days count from 0, shift -1 is the whole day."""

    nurse: Short = ""
    surgeon: Short = ""
    theatre: Short = ""
    from_day: Day = 0
    to_day: Day = 0
    shift: Annotated[int, msgspec.Meta(ge=-1, le=20)] = -1
    title: Short = ""


class AlternativeShown(msgspec.Struct, frozen=True, kw_only=True):
    """A place that a patient could have; day -1 is none. Cost and rules are against now."""

    day: int
    room: str
    theatre: str
    cost: int
    crowding: int
    overtime_minutes: int
    is_allowed: bool
    is_present: bool


class Alternatives(msgspec.Struct, frozen=True, kw_only=True):
    """Places for a patient, the best first."""

    patient: str
    alternatives: list[AlternativeShown]


class Reasons(msgspec.Struct, frozen=True, kw_only=True):
    """What a patient's place costs by rule, and the best other places."""

    patient: str
    report: msgspec.Raw
    alternatives: list[AlternativeShown]


class ConsequenceShown(msgspec.Struct, frozen=True, kw_only=True):
    """What a change does to one rule: units broken if it must hold, else cost."""

    rule: str
    is_hard: bool
    before: int
    after: int
    where: msgspec.Raw


class DraftMade(msgspec.Struct, frozen=True, kw_only=True):
    """The draft that a change became, and everything that it does."""

    plan: str
    version: int
    cost_before: int
    cost_after: int
    n_violations: int
    consequences: list[ConsequenceShown]
    n_changed: int = 0
    n_cells: int = 0


class HandOverShown(msgspec.Struct, frozen=True, kw_only=True):
    """A room that another nurse looks after in one shift."""

    room: str
    day: int
    shift: int
    before: str
    after: str


class RepairShown(msgspec.Struct, frozen=True, kw_only=True):
    """What a repair would change; ``moved`` holds pairs of stays, null where a patient is not admitted."""

    cost_before: int
    cost_after: int
    n_violations: int
    n_changed: int
    n_cells: int
    moved: msgspec.Raw
    handed_over: list[HandOverShown]
    consequences: list[ConsequenceShown]


class ComparisonShown(msgspec.Struct, frozen=True, kw_only=True):
    """Two plans beside each other; ``moved`` holds pairs of stays, null where a patient is not admitted."""

    cost: int
    other_cost: int
    violations: int
    other_violations: int
    consequences: list[ConsequenceShown]
    moved: msgspec.Raw


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value, order="deterministic"))


def _alternatives(found: list[Alternative]) -> list[AlternativeShown]:
    return [
        AlternativeShown(
            day=one.stay.day if one.stay else -1,
            room=one.stay.room if one.stay else "",
            theatre=one.stay.theatre if one.stay else "",
            cost=one.cost,
            crowding=one.crowding,
            overtime_minutes=one.overtime_minutes,
            is_allowed=one.is_allowed,
            is_present=one.is_present,
        )
        for one in found
    ]


def _consequences(found: tuple[Consequence, ...]) -> list[ConsequenceShown]:
    return [
        ConsequenceShown(
            rule=one.rule.value, is_hard=one.is_hard, before=one.before, after=one.after, where=_raw(one.where)
        )
        for one in found
    ]


@router.get("/{plan_id}/patients/{patient}/alternatives", permission=Permission.PLANS_READ, gives=Alternatives)
def get_alternatives(call: CallDep, plan_id: PathText, patient: PathText) -> Alternatives:
    """Give the places that a patient could have, the best first, each with what it changes."""
    with call.hospital.read() as session:
        board = talk.board_of(session, plan_id)
    return Alternatives(patient=patient, alternatives=_alternatives(board.alternatives(patient)))


@router.get("/{plan_id}/patients/{patient}/reasons", permission=Permission.PLANS_READ, gives=Reasons)
def get_reasons(call: CallDep, plan_id: PathText, patient: PathText) -> Reasons:
    """Tell why a patient is where they are: cost by rule, and the best other places."""
    with call.hospital.read() as session:
        board = talk.board_of(session, plan_id)
    report, others = board.why(patient)
    return Reasons(patient=patient, report=_raw(report_to_json(report)), alternatives=_alternatives(others))


@router.post("/{plan_id}/trials", permission=Permission.PLANS_READ, takes=PlaceTold, gives=DraftMade)
def try_place(call: CallDep, plan_id: PathText) -> DraftMade:
    """Tell what a patient's move would do, every rule by who, where and when; nothing is kept."""
    told = call.read(PlaceTold)
    with call.hospital.read() as session:
        board = talk.board_of(session, plan_id)
    edited = board.edit(told.patient, _stay(told))
    broken = sum(1 for one in edited.consequences if one.is_hard and one.after > one.before)
    return DraftMade(
        plan="",
        version=0,
        cost_before=edited.cost_before,
        cost_after=edited.cost_after,
        n_violations=broken,
        consequences=_consequences(edited.consequences),
    )


def _stay(told: PlaceTold) -> Stay | None:
    if told.day < 0:
        return None
    return Stay(patient=told.patient, day=told.day, room=told.room, theatre=told.theatre)


@router.post("/{plan_id}/edits", permission=Permission.PLANS_EDIT, takes=PlaceTold, gives=DraftMade, status=201)
async def edit_plan(call: CallDep, plan_id: PathText) -> DraftMade:
    """Move a patient by hand; the changed plan is a new draft, and everything that it does is told."""
    told, now = call.read(PlaceTold), call.now
    change = talk.Change(plan=plan_id, new_id=call.hospital.new_id(), title=told.title)

    def use_case(session: Session) -> DraftMade:
        row, edited = talk.edit_plan(
            session,
            actor=call.actor,
            at=now,
            change=change,
            patient=told.patient,
            stay=_stay(told),
            pins=told.pins,
        )
        return DraftMade(
            plan=row.id,
            version=row.version,
            cost_before=edited.cost_before,
            cost_after=edited.cost_after,
            n_violations=row.n_violations,
            consequences=_consequences(edited.consequences),
        )

    return await call.hospital.write(use_case)


def _outage(told: OutageTold) -> Outage:
    return Outage(
        nurse=told.nurse,
        surgeon=told.surgeon,
        theatre=told.theatre,
        from_day=told.from_day,
        to_day=told.to_day,
        shift=told.shift,
    )


@router.post("/{plan_id}/repair-trials", permission=Permission.PLANS_READ, takes=OutageTold, gives=RepairShown)
def try_repair(call: CallDep, plan_id: PathText) -> RepairShown:
    """Tell what a repair would change, by patient and nurse; nothing is kept, and the repair itself does the same."""
    told = call.read(OutageTold)
    with call.hospital.read() as session:
        return _repair(talk.try_repair(session, plan_id, _outage(told)))


def _repair(found: Repaired) -> RepairShown:
    edited = found.edited
    return RepairShown(
        cost_before=edited.cost_before,
        cost_after=edited.cost_after,
        n_violations=len(check_admissions(found.problem, edited.plan).violations),
        n_changed=found.n_changed,
        n_cells=found.n_cells,
        moved=_raw([[to_json(old), to_json(new)] for old, new in found.moved]),
        handed_over=[
            HandOverShown(room=one.room, day=one.day, shift=one.shift, before=one.before, after=one.after)
            for one in found.handed_over
        ],
        consequences=_consequences(edited.consequences),
    )


@router.post("/{plan_id}/repairs", permission=Permission.PLANS_EDIT, takes=OutageTold, gives=DraftMade, status=201)
async def repair_plan(call: CallDep, plan_id: PathText) -> DraftMade:
    """Plan anew what an outage hits and nothing else; the result is a new draft."""
    told, now = call.read(OutageTold), call.now
    change = talk.Change(plan=plan_id, new_id=call.hospital.new_id(), title=told.title)
    outage = _outage(told)

    def use_case(session: Session) -> DraftMade:
        row, repaired = talk.repair_plan(session, actor=call.actor, at=now, change=change, outage=outage)
        edited = repaired.edited
        return DraftMade(
            plan=row.id,
            version=row.version,
            cost_before=edited.cost_before,
            cost_after=edited.cost_after,
            n_violations=row.n_violations,
            consequences=_consequences(edited.consequences),
            n_changed=repaired.n_changed,
            n_cells=repaired.n_cells,
        )

    return await call.hospital.write(use_case)


@router.get("/{plan_id}/comparison/{other}", permission=Permission.PLANS_READ, gives=ComparisonShown)
def compare_plans(call: CallDep, plan_id: PathText, other: PathText) -> ComparisonShown:
    """Compare two plans of the same days: cost, broken rules, and every stay that differs."""
    with call.hospital.read() as session:
        found = talk.compare(session, plan_id, other)
    return ComparisonShown(
        cost=found.cost,
        other_cost=found.other_cost,
        violations=found.violations,
        other_violations=found.other_violations,
        consequences=_consequences(found.consequences),
        moved=_raw([[to_json(old), to_json(new)] for old, new in found.moved]),
    )

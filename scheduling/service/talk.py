"""Questions and changes to plans that are kept: each change becomes a draft of its own, so that nothing is lost."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import msgspec
from sqlmodel import Session

from scheduling.checker.admissions import check_admissions
from scheduling.model.admissions import ANY_DAY, AdmissionPlan, AdmissionProblem, Pin, Stay
from scheduling.model.plans import PlanKind
from scheduling.service.board import Board, Consequence, Edited, consequences_between
from scheduling.service.planning import read_json
from scheduling.service.plans import NewPlan, keep_draft
from scheduling.service.repairing import CHANGE_PRICE, Outage, Repaired, moved_between, repair
from scheduling.tables.plans import PlanRow, load_plan_row
from twin.access import Actor, Permission
from twin.errors import FieldError, FieldProblem, InputError, NotFound


def content_of(row: PlanRow) -> tuple[AdmissionProblem, AdmissionPlan]:
    """Give the problem and the plan that a row keeps.

    Raises
    ------
    InputError
        If it is a roster.
    """
    if row.kind != PlanKind.ADMISSIONS.value:
        raise InputError(f"Plan {row.id} is a {row.kind}, not a plan of admissions.", code="plan.kind")
    return read_json(row.problem, AdmissionProblem, "problem"), read_json(row.plan, AdmissionPlan, "plan")


def row_of(session: Session, plan: str) -> PlanRow:
    """Give the row of a kept plan.

    Raises
    ------
    NotFound
        If there is no such plan.
    """
    return load_plan_row(session, plan)


def board_of(session: Session, plan: str) -> Board:
    """Give a kept plan as a board.

    Raises
    ------
    NotFound
        If there is no such plan.
    """
    return Board(*content_of(load_plan_row(session, plan)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A person's change of a plan.

    Parameters
    ----------
    plan : str
        Id of the plan.
    new_id : str
        Id of the draft that the change becomes.
    title : str
        What people call it.
    """

    plan: str
    new_id: str
    title: str = ""


def edit_plan(
    session: Session, *, actor: Actor, at: int, change: Change, patient: str, stay: Stay | None, pins: bool = False
) -> tuple[PlanRow, Edited]:
    """Keep a plan with a patient elsewhere as a new draft; broken rules are told, not refused.

    An older pin of the patient is let go; with ``pins`` they are pinned to the new place.

    Raises
    ------
    NotFound, InputError
        If plan, patient, room or theatre are unknown.
    Forbidden
        Without PLANS_EDIT.
    """
    actor.require(Permission.PLANS_EDIT)
    row = load_plan_row(session, change.plan)
    problem, plan = content_of(row)
    # who is moved by hand is not held by an older pin any more
    free = _pinned(problem, patient, None)
    edited = Board(free, plan).edit(patient, stay)
    after = _pinned(free, patient, _pin_at(stay, PINNABLE)) if pins and stay is not None else free
    return _keep(session, actor, at, change, row, after, edited.plan), edited


def repair_plan(session: Session, *, actor: Actor, at: int, change: Change, outage: Outage) -> tuple[PlanRow, Repaired]:
    """Keep a plan without somebody or something as a new draft.

    Raises
    ------
    NotFound, InputError
        If the plan, or who or what is not there, is unknown.
    Forbidden
        Without PLANS_EDIT.
    """
    actor.require(Permission.PLANS_EDIT)
    row = load_plan_row(session, change.plan)
    repaired = repair(*content_of(row), outage)
    return _keep(session, actor, at, change, row, repaired.problem, repaired.edited.plan), repaired


def try_repair(session: Session, plan: str, outage: Outage) -> Repaired:
    """Give a plan without somebody or something; nothing is kept, and keeping it later gives the same.

    Raises
    ------
    NotFound, InputError
        As of :func:`repair_plan`.
    """
    return repair(*content_of(load_plan_row(session, plan)), outage)


PINNABLE = ("day", "room", "theatre")
"""What of a patient's place can be pinned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinning:
    """A patient who is to stay where they are, or is let go.

    Parameters
    ----------
    patient : str
        Id.
    parts : frozenset[str]
        What of the place is pinned, of :data:`PINNABLE`; empty lets the patient go.
    """

    patient: str
    parts: frozenset[str] = frozenset(PINNABLE)


def pin_patient(session: Session, *, actor: Actor, at: int, change: Change, pinning: Pinning) -> PlanRow:
    """Keep a plan with a patient pinned where they are, or let go, as a new draft.

    Raises
    ------
    NotFound, InputError
        If plan or patient are unknown, or it is no plan of admissions.
    FieldError
        If a part is unknown, or the patient has no place that could be pinned.
    Forbidden
        Without PLANS_EDIT.
    """
    actor.require(Permission.PLANS_EDIT)
    row = load_plan_row(session, change.plan)
    problem, plan = content_of(row)
    if pinning.patient not in {one.id for one in problem.patients}:
        raise NotFound("patient", pinning.patient)
    unknown = sorted(pinning.parts - set(PINNABLE))
    if unknown:
        raise _wrong("parts", f"{unknown[0][:40]!r} cannot be pinned.", f"Use some of {', '.join(PINNABLE)}.")
    pin = None
    if pinning.parts:
        stay = next((one for one in plan.stays if one.patient == pinning.patient), None)
        if stay is None:
            raise _wrong("patient", "The patient is not admitted.", "Move them to a place first.")
        pin = _pin_at(stay, pinning.parts)
    return _keep(session, actor, at, change, row, _pinned(problem, pinning.patient, pin), plan)


def _wrong(field: str, message: str, cure: str) -> FieldError:
    return FieldError(FieldProblem(field=field, place="body", message=message, cure=cure))


def _pin_at(stay: Stay, parts: Collection[str]) -> Pin:
    return Pin(
        patient=stay.patient,
        day=stay.day if "day" in parts else ANY_DAY,
        room=stay.room if "room" in parts else "",
        theatre=stay.theatre if "theatre" in parts else "",
    )


def _pinned(problem: AdmissionProblem, patient: str, pin: Pin | None) -> AdmissionProblem:
    others = tuple(one for one in problem.pins if one.patient != patient)
    return replace(problem, pins=others if pin is None else (*others, pin))


def to_make_again(session: Session, plan: str) -> tuple[PlanRow, AdmissionProblem]:
    """Give a kept plan's row and problem, with a price on each day, room and theatre that will differ from it.

    Raises
    ------
    NotFound, InputError
        If there is no such plan, or it is a roster.
    """
    row = load_plan_row(session, plan)
    problem, kept = content_of(row)
    weights = replace(problem.weights, change=CHANGE_PRICE)
    return row, replace(problem, published=kept.stays, weights=weights)


def _keep(
    session: Session,
    actor: Actor,
    at: int,
    change: Change,
    row: PlanRow,
    problem: AdmissionProblem,
    plan: AdmissionPlan,
) -> PlanRow:
    new = NewPlan(
        id=change.new_id,
        title=change.title or row.title,
        start_at=row.start_at,
        zone=row.zone,
        problem=msgspec.json.encode(problem),
        plan=msgspec.json.encode(plan),
        based_on=row.id,
    )
    return keep_draft(session, actor=actor, at=at, new=new)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two plans beside each other.

    Parameters
    ----------
    cost, other_cost : int
        Of each.
    violations, other_violations : int
        Broken musts of each.
    consequences : tuple[Consequence, ...]
        What differs from the first to the other.
    moved : tuple[tuple[Stay | None, Stay | None], ...]
        Stays that differ.
    """

    cost: int
    other_cost: int
    violations: int
    other_violations: int
    consequences: tuple[Consequence, ...]
    moved: tuple[tuple[Stay | None, Stay | None], ...]


def compare(session: Session, plan: str, other: str) -> Comparison:
    """Compare two kept plans, both checked against the first one's problem.

    Raises
    ------
    NotFound
        If one of them is unknown.
    InputError
        If they are plans of different days.
    """
    row, second = load_plan_row(session, plan), load_plan_row(session, other)
    if (row.start_at, row.days) != (second.start_at, second.days):
        raise InputError("The two plans are of different days: compare plans of the same days.", code="plan.compare")
    problem, first = content_of(row)
    _, then = content_of(second)
    before, after = check_admissions(problem, first), check_admissions(problem, then)
    return Comparison(
        cost=before.cost,
        other_cost=after.cost,
        violations=len(before.violations),
        other_violations=len(after.violations),
        consequences=consequences_between(before, after),
        moved=moved_between(first, then),
    )

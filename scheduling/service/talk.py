"""Questions and changes to plans that are kept: each change becomes a draft of its own, so that nothing is lost."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from sqlmodel import Session

from scheduling.checker.admissions import check_admissions
from scheduling.model.admissions import AdmissionPlan, AdmissionProblem, Stay
from scheduling.service.board import Board, Consequence, Edited, Outage, Repaired, consequences_between, repair
from scheduling.service.planning import read_json
from scheduling.service.plans import NewPlan, keep_draft
from scheduling.tables.plans import PlanRow, load_plan_row
from twin.access import Actor, Permission
from twin.errors import InputError


def content_of(row: PlanRow) -> tuple[AdmissionProblem, AdmissionPlan]:
    """Give the problem and the plan that a row keeps."""
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
    session: Session, *, actor: Actor, at: int, change: Change, patient: str, stay: Stay | None
) -> tuple[PlanRow, Edited]:
    """Keep a plan with a patient elsewhere as a new draft; broken rules are told, not refused.

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
    edited = Board(problem, plan).edit(patient, stay)
    return _keep(session, actor, at, change, row, problem, edited.plan), edited


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
    old = {stay.patient: stay for stay in first.stays}
    new = {stay.patient: stay for stay in then.stays}
    moved = tuple(
        (old.get(key), new.get(key)) for key in sorted(old.keys() | new.keys()) if old.get(key) != new.get(key)
    )
    return Comparison(
        cost=before.cost,
        other_cost=after.cost,
        violations=len(before.violations),
        other_violations=len(after.violations),
        consequences=consequences_between(before, after),
        moved=moved,
    )

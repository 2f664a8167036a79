"""A plan's life: kept as a draft with its check, published with a person's word for each broken rule, replaced."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from sqlmodel import Session

from scheduling.model.plans import Override, PlanKind, PlanStatus
from scheduling.rules.calendar_days import wall_time
from scheduling.service.contents import content_of, told_of
from scheduling.service.publishing import calendar
from scheduling.tables.plans import PlanRow, load_plan_row, published_rows, save_plan_row
from twin.access import Actor, Permission
from twin.errors import Conflict, Refused, StaleVersion
from twin.events.work import PlanPublished
from twin.ports import EventSink


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPlan:
    """A plan to be kept.

    Parameters
    ----------
    id : str
        Its new id.
    title : str
        What people call it.
    start_at : int
        Midnight before its first day, UTC microseconds.
    problem, plan : bytes
        :class:`AdmissionProblem` and :class:`AdmissionPlan` as JSON, or those of a roster.
    kind : PlanKind
        What it is about.
    zone : str
        IANA name of the zone whose days it has.
    """

    id: str
    title: str
    start_at: int
    problem: bytes
    plan: bytes
    kind: PlanKind = PlanKind.ADMISSIONS
    zone: str = "UTC"


def keep_draft(session: Session, *, actor: Actor, at: int, new: NewPlan) -> PlanRow:
    """Check a plan anew, whoever made it, and keep it as a draft.

    Parameters
    ----------
    session : Session
        The transaction.
    actor : Actor
        Who keeps it; needs PLANS_EDIT.
    at : int
        When, UTC microseconds.
    new : NewPlan
        The plan.

    Raises
    ------
    DecodeError
        If problem or plan cannot be read.
    """
    actor.require(Permission.PLANS_EDIT)
    found = content_of(new.kind, new.problem, new.plan)
    row = PlanRow(
        id=new.id,
        kind=new.kind.value,
        title=new.title,
        start_at=new.start_at,
        zone=new.zone,
        place=found.place,
        days=found.days,
        cost=found.cost,
        n_violations=found.n_violations,
        content_hash=found.content_hash,
        problem=found.problem,
        plan=found.plan,
        report=msgspec.json.encode(found.report, order="deterministic"),
        created_at=at,
        created_by=actor.id,
    )
    save_plan_row(session, row)
    return row


@dataclass(frozen=True, slots=True, kw_only=True)
class Publishing:
    """A person's intention to put a plan in force.

    Parameters
    ----------
    plan : str
        Id of the plan.
    version : int
        Version that the person saw.
    overrides : tuple[Override, ...]
        One for each rule that the plan breaks.
    """

    plan: str
    version: int
    overrides: tuple[Override, ...] = ()


def publish(session: Session, *, ledger: EventSink, actor: Actor, at: int, intent: Publishing) -> PlanRow:
    """Put a draft in force; the plan in force before of its kind and place is replaced.

    Parameters
    ----------
    session : Session
        The transaction.
    ledger : EventSink
        Where ``PlanPublished`` goes.
    actor : Actor
        Who publishes; needs PLANS_PUBLISH.
    at : int
        When, UTC microseconds.
    intent : Publishing
        Which plan, and what is accepted.

    Raises
    ------
    Refused
        If a rule is broken without override, naming each.
    Conflict
        If it is no draft any more.
    StaleVersion
        If it changed since the person saw it.
    """
    actor.require(Permission.PLANS_PUBLISH)
    # Locked: two planners who publish at once must not both find a draft.
    row = load_plan_row(session, intent.plan, lock=True)
    if row.version != intent.version:
        raise StaleVersion(expected=intent.version, found=row.version)
    if row.status != PlanStatus.DRAFT.value:
        raise Conflict(f"Plan {row.id} is {row.status}: only a draft can be published.", code="plan.not_draft")
    # Checked anew at the moment of publishing: what was stored may be of an older release.
    broken = content_of(PlanKind(row.kind), row.problem, row.plan).broken
    accepted = {str(override.rule) for override in intent.overrides if override.reason.strip()}
    missing = [rule for rule in broken if rule not in accepted]
    if missing:
        raise Refused(
            "The plan breaks rules that nobody has accepted: change the plan, or give a reason for each.",
            reasons=[f"{rule}: {broken[rule]}" for rule in missing],
            code="plan.violations",
        )
    # One at most, but a crash between two transactions must not leave two in force.
    for old in published_rows(session, row.kind, row.place):
        old.status, old.version = PlanStatus.REPLACED.value, old.version + 1
        save_plan_row(session, old)
    row.status, row.published_at, row.published_by = PlanStatus.PUBLISHED.value, at, actor.id
    row.overrides = msgspec.json.encode(intent.overrides).decode()
    row.version += 1
    save_plan_row(session, row)
    ledger.append(session, [published_event(row)])
    return row


def published_event(row: PlanRow) -> PlanPublished:
    """Give the event that tells a published plan."""
    told = told_of(PlanKind(row.kind), row.start_at, row.problem, row.plan, row.zone)
    return PlanPublished(
        thing=row.id,
        occurred_at=row.published_at,
        source=f"user:{row.published_by}",
        source_key=f"publish:{row.id}:{row.version}",
        actor=row.published_by,
        kind=row.kind,
        start_at=row.start_at,
        end_at=wall_time(row.start_at, row.days, row.zone),
        stays=told.stays,
        shifts=told.shifts,
        content_hash=row.content_hash,
        place=row.place,
    )


def calendar_of(row: PlanRow) -> str:
    """Give a plan's calendar as iCalendar text."""
    told = told_of(PlanKind(row.kind), row.start_at, row.problem, row.plan, row.zone)
    return calendar(row.id, row.published_at or row.created_at, told.stays, told.shifts)

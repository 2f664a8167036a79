"""A plan's life: kept as a draft with its check, published with a person's word for each broken rule, replaced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from sqlmodel import Session

from scheduling.model.plans import Override, PlanKind, PlanStatus
from scheduling.rules.calendar_days import wall_time
from scheduling.service.contents import Told, content_of, told_of
from scheduling.service.crossings import broken_of
from scheduling.service.publishing import calendar
from scheduling.tables.plans import PlanRow, load_plan_row, numbered, published_rows, save_plan_row
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
    based_on : str
        Id of the draft that it changes; empty for a plan of its own.
    """

    id: str
    title: str
    start_at: int
    problem: bytes
    plan: bytes
    kind: PlanKind = PlanKind.ADMISSIONS
    zone: str = "UTC"
    based_on: str = ""


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
    NotFound
        If there is no draft that it could be based on.
    """
    actor.require(Permission.PLANS_EDIT)
    found = content_of(new.kind, new.problem, new.plan)
    number, draft = numbered(session, new.based_on)
    row = PlanRow(
        id=new.id,
        kind=new.kind.value,
        title=new.title,
        number=number,
        draft=draft,
        based_on=new.based_on,
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
    """Put a draft in force; the plan in force before of its kind, place and days is replaced.

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
    # Checked anew at the moment of publishing: what was stored may be of an older release, and other wards have moved
    # on since.
    broken = broken_of(session, row)
    accepted = {str(override.rule) for override in intent.overrides if override.reason.strip()}
    missing = [rule for rule in broken if rule not in accepted]
    if missing:
        raise Refused(
            "The plan breaks rules that nobody has accepted: change the plan, or give a reason for each.",
            reasons=[f"{rule}: {broken[rule]}" for rule in missing],
            code="plan.violations",
        )
    beside = _replace_others(session, row, at)
    row.status, row.published_at, row.published_by = PlanStatus.PUBLISHED.value, at, actor.id
    row.overrides = msgspec.json.encode(intent.overrides).decode()
    row.version += 1
    save_plan_row(session, row)
    ledger.append(session, [published_event(row, beside)])
    return row


def _replace_others(session: Session, row: PlanRow, at: int) -> list[PlanRow]:
    """Replace what a plan takes the place of; gives rosters of other days of its place, which stay in force."""
    beside = []
    for old in published_rows(session, row.kind, row.place):
        is_other_time = _end_of(old) <= row.start_at or _end_of(row) <= old.start_at
        # Next month's roster is published weeks ahead: this month's goes on until it is over.
        if row.kind == PlanKind.ROSTER.value and is_other_time and _end_of(old) > at:
            beside.append(old)
            continue
        old.status, old.version = PlanStatus.REPLACED.value, old.version + 1
        save_plan_row(session, old)
    return beside


def _end_of(row: PlanRow) -> int:
    return wall_time(row.start_at, row.days, row.zone)


def _joined(row: PlanRow, beside: Sequence[PlanRow]) -> list[PlanRow]:
    """Give a roster with those that go before it and follow it without a gap, in the order of their days."""
    found, rest = [row], sorted(beside, key=lambda one: one.start_at)
    # Of days between two rosters nobody knows who works: one event must not speak of them.
    for one in rest:
        if one.start_at == _end_of(found[-1]):
            found.append(one)
    for one in reversed(rest):
        if _end_of(one) == found[0].start_at:
            found.insert(0, one)
    return found


def _told(row: PlanRow) -> Told:
    return told_of(PlanKind(row.kind), row.start_at, row.problem, row.plan, row.zone)


def published_event(row: PlanRow, beside: Sequence[PlanRow] = ()) -> PlanPublished:
    """Give the event that tells a published plan.

    Parameters
    ----------
    row : PlanRow
        The plan.
    beside : Sequence[PlanRow]
        Rosters of the same place that stay in force; the event tells the shifts of those that join its days as well,
        since it takes the place of what was told of that place before.
    """
    told = _told(row)
    joined = _joined(row, beside)
    shifts = [shift for one in joined for shift in (told if one is row else _told(one)).shifts]
    return PlanPublished(
        thing=row.id,
        occurred_at=row.published_at,
        source=f"user:{row.published_by}",
        source_key=f"publish:{row.id}:{row.version}",
        actor=row.published_by,
        kind=row.kind,
        start_at=joined[0].start_at,
        end_at=_end_of(joined[-1]),
        stays=told.stays,
        shifts=tuple(shifts),
        content_hash=row.content_hash,
        place=row.place,
    )


def calendar_of(row: PlanRow) -> str:
    """Give a plan's calendar as iCalendar text."""
    told = _told(row)
    return calendar(row.id, row.published_at or row.created_at, told.stays, told.shifts)

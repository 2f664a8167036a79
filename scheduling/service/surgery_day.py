"""The day-of-surgery board: what the plan in force says, what has happened since, and what people decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from sqlmodel import Session

from scheduling.model.plans import PlanKind
from scheduling.model.surgery_day import Case, CaseStatus, Hours, Shift
from scheduling.rules.surgery_day import MINUTE_US, better_day, put
from scheduling.service.talk import content_of
from scheduling.tables.plans import published_rows
from scheduling.tables.surgery_day import delete_case, rows_of_day, save_case
from twin.access import Actor, Permission
from twin.clock import DAY_US
from twin.errors import Conflict, FieldError, FieldProblem, NotFound, StaleVersion
from twin.events.patients import StageReached
from twin.events.work import PlannedStay
from twin.ports import EventSink

MOST_MINUTES = 24 * 60


class ActKind(StrEnum):
    """What a person does with a case."""

    START = "start"
    FINISH = "finish"
    CANCEL = "cancel"
    RESTORE = "restore"
    MOVE = "move"
    EXPECT = "expect"


@dataclass(frozen=True, slots=True, kw_only=True)
class SurgeryDay:
    """A day and what is known of it from elsewhere.

    Parameters
    ----------
    date : date
        In the hospital's zone.
    at : int
        Midnight before it, UTC microseconds.
    stays : Sequence[PlannedStay]
        Of the plan in force; those of other days are left out.
    theatres : frozenset[str]
        Ids of all theatres.
    hours : Hours
        Opening and turnover.
    """

    date: date
    at: int
    stays: Sequence[PlannedStay]
    theatres: frozenset[str]
    hours: Hours


@dataclass(frozen=True, slots=True, kw_only=True)
class Doer:
    """Who acts, when, and where it is noted.

    Parameters
    ----------
    actor : Actor
        Needs PLANS_EDIT.
    at : int
        UTC microseconds.
    ledger : EventSink
        Each act is a ``StageReached`` of the encounter, which the audit hears too.
    """

    actor: Actor
    at: int
    ledger: EventSink


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A person's intention.

    Parameters
    ----------
    kind : ActKind
        What.
    case : str
        Id.
    version : int
        Of the case that the person saw.
    reason : str
        Why it is cancelled.
    theatre : str
        Where it moves to.
    position : int
        Its place there, from 0.
    minutes : int
        Expected length from its start.
    """

    kind: ActKind
    case: str
    version: int
    reason: str = ""
    theatre: str = ""
    position: int = 0
    minutes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Emergency:
    """An operation that nobody planned.

    Parameters
    ----------
    id : str
        Encounter.
    minutes : int
        Expected length.
    surgeon, theatre : str
        Ids; the surgeon may be unknown.
    position : int
        Before the waiting case that has it now.
    procedure : str
        Code of what is to be done, so that its goods are brought; empty while it is not known.
    """

    id: str
    minutes: int
    theatre: str
    position: int = 0
    surgeon: str = ""
    procedure: str = ""


def cases_of(session: Session, day: SurgeryDay) -> list[Case]:
    """Give the cases of a day: those of the plan in force, as people have changed them, and emergencies.

    Parameters
    ----------
    session : Session
        May be a reading session; nothing is written.
    day : SurgeryDay
        Which day.

    Notes
    -----
    A case that nobody has touched follows the plan: it moves with a new one, and goes when that leaves it out.
    """
    # Version 1 is a row that was stored along with others and never acted on.
    touched = [row.case() for row in rows_of_day(session, day.at) if row.is_emergency or row.version > 1]
    names = {case.id for case in touched}
    return [*touched, *(case for name, case in _planned(day).items() if name not in names)]


def _planned(day: SurgeryDay) -> dict[str, Case]:
    stays = [stay for stay in day.stays if stay.theatre and day.at <= stay.theatre_start_at < day.at + DAY_US]
    found: dict[str, Case] = {}
    places: dict[str, int] = {}
    for stay in sorted(stays, key=lambda one: (one.theatre_start_at, one.encounter)):
        place = places.get(stay.theatre, 0)
        places[stay.theatre] = place + 1
        found[stay.encounter] = Case(
            id=stay.encounter,
            theatre=stay.theatre,
            surgeon=stay.surgeon,
            position=place,
            planned_start_at=stay.theatre_start_at,
            planned_minutes=max(1, (stay.theatre_end_at - stay.theatre_start_at) // MINUTE_US),
        )
    return found


def act(session: Session, *, doer: Doer, day: SurgeryDay, intent: Act) -> list[Case]:
    """Do what a person decided about a case; gives the cases of the day after it.

    Parameters
    ----------
    session : Session
        The transaction.
    doer : Doer
        Who and when.
    day : SurgeryDay
        Which day.
    intent : Act
        What.

    Raises
    ------
    NotFound
        If the day has no such case or the hospital no such theatre.
    StaleVersion
        If somebody changed the case since the person saw it.
    Conflict
        If the case is not so far, or its theatre is in use.
    FieldError
        If a reason or a length is missing.
    """
    # Read and changed in one transaction, so that the version check cannot be overtaken.
    doer.actor.require(Permission.PLANS_EDIT)
    cases = cases_of(session, day)
    case = next((one for one in cases if one.id == intent.case), None)
    if case is None:
        raise NotFound("case", intent.case)
    if case.version != intent.version:
        raise StaleVersion(expected=intent.version, found=case.version)
    if intent.kind is ActKind.MOVE:
        _require(case, intent.kind, CaseStatus.PLANNED)
        _require_theatre(day, intent.theatre)
        after = put(cases, case, intent.theatre, intent.position)
    else:
        changed = _CHANGES[intent.kind](case, cases, intent, doer.at)
        after = [changed if one.id == case.id else one for one in cases]
    _note(session, doer, day, intent.kind, next(one for one in after if one.id == case.id))
    return _write(session, day, cases, after, {case.id})


STAGES = {
    ActKind.START: "operation_started",
    ActKind.FINISH: "operation_ended",
    ActKind.CANCEL: "operation_cancelled",
    ActKind.RESTORE: "operation_taken_back",
    ActKind.MOVE: "operation_moved",
    ActKind.EXPECT: "operation_length_changed",
}
"""What the ledger calls each act."""
ADDED = "operation_added"


def _note(
    session: Session, doer: Doer, day: SurgeryDay, kind: ActKind | None, case: Case, *, procedure: str = ""
) -> None:
    stage = STAGES[kind] if kind else ADDED
    event = StageReached(
        thing=case.id,
        occurred_at=doer.at,
        source=f"user:{doer.actor.id}",
        source_key=f"surgery:{day.at}:{case.id}:{case.version}:{stage}",
        actor=doer.actor.id,
        stage=stage,
        service_point=case.theatre,
        procedure=procedure,
    )
    doer.ledger.append(session, [event])


def _require(case: Case, kind: ActKind, *statuses: CaseStatus) -> None:
    if case.status not in statuses:
        allowed = ", ".join(status.value for status in statuses)
        raise Conflict(
            f"Case {case.id} is {case.status}: {kind} needs it to be {allowed}.", code="surgery.wrong_status"
        )


def _require_theatre(day: SurgeryDay, theatre: str) -> None:
    if theatre not in day.theatres:
        raise NotFound("theatre", theatre)


def _field(field: str, message: str, cure: str) -> FieldError:
    return FieldError(FieldProblem(field=field, place="surgery", message=message, cure=cure))


def _start(case: Case, cases: Sequence[Case], intent: Act, at: int) -> Case:
    _require(case, intent.kind, CaseStatus.PLANNED)
    running = [one.id for one in cases if one.theatre == case.theatre and one.status is CaseStatus.IN_THEATRE]
    if running:
        raise Conflict(
            f"{case.theatre} is in use by case {running[0]}: finish that first, or move this case.",
            code="surgery.theatre_in_use",
        )
    return replace(case, status=CaseStatus.IN_THEATRE, started_at=at)


def _finish(case: Case, cases: Sequence[Case], intent: Act, at: int) -> Case:
    del cases
    _require(case, intent.kind, CaseStatus.IN_THEATRE)
    return replace(case, status=CaseStatus.DONE, ended_at=max(at, case.started_at))


def _cancel(case: Case, cases: Sequence[Case], intent: Act, at: int) -> Case:
    del cases, at
    _require(case, intent.kind, CaseStatus.PLANNED)
    if len(intent.reason.strip()) < 3:
        raise _field("reason", "Expected why the case is cancelled.", "Write at least three characters.")
    return replace(case, status=CaseStatus.CANCELLED, reason=intent.reason.strip()[:500])


def _restore(case: Case, cases: Sequence[Case], intent: Act, at: int) -> Case:
    del at
    _require(case, intent.kind, CaseStatus.CANCELLED, CaseStatus.DONE, CaseStatus.IN_THEATRE)
    if case.status is CaseStatus.DONE:
        running = [one for one in cases if one.theatre == case.theatre and one.status is CaseStatus.IN_THEATRE]
        if running:
            raise Conflict(
                f"{case.theatre} is in use by case {running[0].id}: finish that first.", code="surgery.theatre_in_use"
            )
        return replace(case, status=CaseStatus.IN_THEATRE, ended_at=0)
    return replace(case, status=CaseStatus.PLANNED, started_at=0, reason="")


def _expect(case: Case, cases: Sequence[Case], intent: Act, at: int) -> Case:
    del cases, at
    _require(case, intent.kind, CaseStatus.PLANNED, CaseStatus.IN_THEATRE)
    return replace(case, planned_minutes=_minutes(intent.minutes))


def _minutes(minutes: int) -> int:
    if not 1 <= minutes <= MOST_MINUTES:
        raise _field("minutes", f"Expected 1 to {MOST_MINUTES} minutes, got {minutes}.", "Give the expected length.")
    return minutes


_CHANGES = {
    ActKind.START: _start,
    ActKind.FINISH: _finish,
    ActKind.CANCEL: _cancel,
    ActKind.RESTORE: _restore,
    ActKind.EXPECT: _expect,
}


def add_emergency(session: Session, *, doer: Doer, day: SurgeryDay, emergency: Emergency) -> list[Case]:
    """Take an emergency into a theatre's list; gives the cases of the day after it.

    Parameters
    ----------
    session : Session
        The transaction.
    doer : Doer
        Who, and when it was announced.
    day : SurgeryDay
        Which day.
    emergency : Emergency
        What and where.

    Raises
    ------
    Conflict
        If the day has a case of this id.
    NotFound
        If the hospital has no such theatre.
    FieldError
        If the length is out of range.
    """
    doer.actor.require(Permission.PLANS_EDIT)
    _require_theatre(day, emergency.theatre)
    cases = cases_of(session, day)
    if any(one.id == emergency.id for one in cases):
        raise Conflict(f"The day has a case {emergency.id} already.", code="surgery.known")
    case = Case(
        id=emergency.id,
        theatre=emergency.theatre,
        surgeon=emergency.surgeon,
        position=0,
        planned_start_at=doer.at,
        planned_minutes=_minutes(emergency.minutes),
        is_emergency=True,
    )
    _note(session, doer, day, None, case, procedure=emergency.procedure.strip())
    return _write(session, day, cases, put(cases, case, emergency.theatre, emergency.position), set())


def replan(
    session: Session, *, doer: Doer, day: SurgeryDay, unsuitable: Mapping[str, frozenset[str]], is_trial: bool = False
) -> tuple[list[Case], tuple[Shift, ...]]:
    """Distribute what still waits so that overtime and delay are less; gives the cases and what changes.

    Parameters
    ----------
    session, doer, day
        As for :func:`act`.
    unsuitable : Mapping[str, frozenset[str]]
        Theatres that do not suit a case, by its id.
    is_trial : bool, optional
        Whether it is only told.
    """
    doer.actor.require(Permission.PLANS_EDIT)
    cases = cases_of(session, day)
    shifts = better_day(cases, day.theatres, day.hours, doer.at, unsuitable)
    after = list(cases)
    for one in shifts:
        after = put(after, next(case for case in after if case.id == one.case), one.theatre, one.position)
    if is_trial:
        return after, shifts
    moved = {one.case for one in shifts}
    for case in after:
        if case.id in moved:
            _note(session, doer, day, ActKind.MOVE, case)
    return _write(session, day, cases, after, moved), shifts


def unsuitable_theatres(session: Session) -> dict[str, frozenset[str]]:
    """Give the theatres that do not suit a patient, by patient, of the plan in force."""
    found: dict[str, frozenset[str]] = {}
    for row in published_rows(session, PlanKind.ADMISSIONS.value):
        problem, _ = content_of(row)
        found |= {one.id: one.incompatible_theatres for one in problem.patients if one.incompatible_theatres}
    return found


def _write(
    session: Session, day: SurgeryDay, before: Sequence[Case], after: Sequence[Case], touched: set[str]
) -> list[Case]:
    """Store a day whole, so that positions stand together; what was touched or pushed on gets a new version."""
    old = {case.id: case for case in before}
    found = []
    for case in after:
        is_changed = case.id in old and case != old[case.id]
        found.append(replace(case, version=case.version + 1) if is_changed or case.id in touched else case)
    names = {case.id for case in found}
    # Rows that the plan has left out meanwhile and that nobody touched.
    for row in rows_of_day(session, day.at):
        if row.id not in names:
            delete_case(session, day.at, row.id)
    for case in found:
        save_case(session, day.at, case)
    return found

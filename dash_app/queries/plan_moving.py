"""A kept plan of admissions in which one patient is being moved, and two kept plans beside each other."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from scheduling.model.admissions import AdmissionProblem, Stay
from scheduling.model.plans import PlanKind
from scheduling.service import talk
from scheduling.service.board import Board, Edited
from scheduling.service.publishing import stays_of
from scheduling.service.talk import Comparison
from scheduling.tables.plans import PlanRow, list_plan_rows
from twin.errors import InputError, NotFound
from twin.events.work import PlannedStay

STEPS = ("earlier", "later", "up", "down", "theatre", "away")


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A plan as it would be with a patient elsewhere.

    Parameters
    ----------
    stay : Stay or None
        Where the patient would be; None for not admitted.
    edited : Edited or None
        What that does; None while it is as kept.
    stays : tuple[PlannedStay, ...]
        Of the whole plan as it would be, with instants.
    start_at : int
        Midnight before the plan's first day, UTC microseconds.
    """

    stay: Stay | None
    edited: Edited | None
    stays: tuple[PlannedStay, ...]
    start_at: int


def patients(session: Session, plan: str) -> frozenset[str]:
    """Give the ids of a plan's patients; parameters and errors as of :func:`as_kept`."""
    problem, _ = talk.content_of(talk.row_of(session, plan))
    return frozenset(one.id for one in problem.patients)


def place_of(session: Session, plan: str, patient: str) -> Stay | None:
    """Give where a patient is in a kept plan; None if they are not admitted.

    Raises
    ------
    NotFound
        If the plan or the patient is unknown.
    """
    problem, kept = talk.content_of(talk.row_of(session, plan))
    if patient not in {one.id for one in problem.patients}:
        raise NotFound("patient", patient)
    return next((stay for stay in kept.stays if stay.patient == patient), None)


def stepped(problem: AdmissionProblem, patient: str, stay: Stay | None, step: str) -> Stay | None:
    """Give the place one step further.

    Parameters
    ----------
    problem : AdmissionProblem
        Rooms, theatres and days.
    patient : str
        Id.
    stay : Stay or None
        The place now; a patient who is not admitted comes into the first room on their release day.
    step : str
        One of :data:`STEPS`: a day earlier or later, the room above or below, the next theatre, back to the list.
    """
    who = next(one for one in problem.patients if one.id == patient)
    rooms, theatres = [one.id for one in problem.rooms], [one.id for one in problem.theatres]
    if step == "away":
        return None
    if stay is None:
        theatre = theatres[0] if who.surgery_minutes and theatres else ""
        return Stay(patient=patient, day=who.release_day, room=rooms[0], theatre=theatre)
    day, room, theatre = stay.day, rooms.index(stay.room), stay.theatre
    if step in {"earlier", "later"}:
        day = min(problem.days - 1, max(0, day + (1 if step == "later" else -1)))
    elif step in {"up", "down"}:
        room = min(len(rooms) - 1, max(0, room + (1 if step == "down" else -1)))
    elif step == "theatre" and theatre in theatres:
        theatre = theatres[(theatres.index(theatre) + 1) % len(theatres)]
    return Stay(patient=patient, day=day, room=rooms[room], theatre=theatre)


def moved(session: Session, plan: str, patient: str, stay: Stay | None, step: str = "") -> Moved:
    """Give a kept plan as it would be with a patient one step further.

    Parameters
    ----------
    session : Session
        Any session.
    plan, patient : str
        Ids.
    stay : Stay or None
        Where the patient is being held.
    step : str, optional
        One of :data:`STEPS`; none to look only.

    Raises
    ------
    NotFound
        If the plan or the patient is unknown.
    InputError
        If the place cannot hold one more person at all.
    """
    row = talk.row_of(session, plan)
    problem, kept = talk.content_of(row)
    if patient not in {one.id for one in problem.patients}:
        raise NotFound("patient", patient)
    wanted = stepped(problem, patient, stay, step) if step else stay
    was = next((one for one in kept.stays if one.patient == patient), None)
    edited = Board(problem, kept).edit(patient, wanted) if wanted != was else None
    after = edited.plan if edited is not None else kept
    stays = stays_of(row.start_at, problem, after, row.zone)
    return Moved(stay=wanted, edited=edited, stays=stays, start_at=row.start_at)


def as_kept(session: Session, plan: str) -> Moved:
    """Give a kept plan in which nobody is being moved.

    Raises
    ------
    NotFound, InputError
        If there is no such plan, or it is a roster.
    """
    row = talk.row_of(session, plan)
    problem, kept = talk.content_of(row)
    stays = stays_of(row.start_at, problem, kept, row.zone)
    return Moved(stay=None, edited=None, stays=stays, start_at=row.start_at)


def comparable(session: Session, plan: str) -> list[PlanRow]:
    """Give the kept plans of admissions of the same days as a plan, the newest first."""
    row = session.get(PlanRow, plan) if plan else None
    if row is None or row.kind != PlanKind.ADMISSIONS.value:
        return []
    return [
        one
        for one in list_plan_rows(session)
        if one.id != plan and (one.kind, one.start_at, one.days) == (row.kind, row.start_at, row.days)
    ]


def compared(session: Session, plan: str, other: str) -> tuple[Comparison, int]:
    """Give two kept plans beside each other, and the first midnight of both.

    Raises
    ------
    NotFound, InputError
        If one is unknown, or they are of different days.
    """
    row = talk.row_of(session, plan)
    if row.kind != PlanKind.ADMISSIONS.value:
        raise InputError("Only plans of admissions can be compared.", code="plan.kind")
    return talk.compare(session, plan, other), row.start_at

"""What one person sees of the roster in force: their shifts, what they may take, and what waits for their word."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from scheduling.model.rosters import Assignment
from scheduling.model.shift_requests import OPEN_STATUSES, RequestStatus, ShiftRequest
from scheduling.service.roster_board import Choice, RosterBoard
from scheduling.service.shift_requests import RosterInForce, roster_in_force
from scheduling.tables.shift_requests import list_requests
from twin.errors import Conflict, HospitalTwinError

MOST_SHOWN = 60
MOST_TAKEN = 30
"""Offers that are looked at for one person; each is tried against the rules."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MyShift:
    """One shift of somebody.

    Parameters
    ----------
    shift, skill : str
        Which.
    from_at, to_at : int
        UTC microseconds.
    request : str
        Id of the open request that is about it; empty if there is none.
    """

    shift: str
    skill: str
    from_at: int
    to_at: int
    request: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Takeable:
    """An offered shift that somebody could take.

    Parameters
    ----------
    request : ShiftRequest
        The offer.
    choice : Choice
        What taking it would do; a must that it breaks needs a planner's word.
    """

    request: ShiftRequest
    choice: Choice


@dataclass(frozen=True, slots=True, kw_only=True)
class MyRoster:
    """What one person sees.

    Parameters
    ----------
    staff : str
        Whose.
    is_rostered : bool
        Whether they are in the roster in force.
    place : str
        What is staffed.
    shifts : tuple[MyShift, ...]
        To come, the next first.
    offers : tuple[Takeable, ...]
        What they could take, by start.
    requests : tuple[ShiftRequest, ...]
        Theirs and those to them, the newest first.
    """

    staff: str
    is_rostered: bool
    place: str = ""
    shifts: tuple[MyShift, ...] = ()
    offers: tuple[Takeable, ...] = ()
    requests: tuple[ShiftRequest, ...] = ()

    @property
    def news(self) -> int:
        """How many requests the person has to look at."""
        return sum(is_news_to(one, self.staff) for one in self.requests)


def is_news_to(request: ShiftRequest, staff: str) -> bool:
    """Tell whether somebody else did something with a request that a person has not seen."""
    mine = request.is_news_to_staff and request.staff == staff
    return bool(mine or (request.is_news_to_partner and request.partner == staff))


def my_roster(session: Session, *, staff: str, at: int) -> MyRoster:
    """Give what one person sees.

    Parameters
    ----------
    session : Session
        May be a reading session.
    staff : str
        Id of the member of staff.
    at : int
        Now, UTC microseconds.
    """
    requests = tuple(list_requests(session, staff=staff, limit=MOST_SHOWN))
    try:
        found = roster_in_force(session, staff=staff)
    except Conflict:  # without a roster there are no shifts, but what was decided can still be read
        return MyRoster(staff=staff, is_rostered=False, requests=requests)
    if staff not in {one.id for one in found.problem.employees}:
        return MyRoster(staff=staff, is_rostered=False, place=found.problem.place, requests=requests)
    open_by_start = {
        start: one.id
        for one in requests
        # A swap gives away one shift and takes another: both carry the mark.
        if one.status in OPEN_STATUSES
        for start in (
            one.from_at if one.staff == staff else 0,
            one.partner_from_at or one.from_at if one.partner == staff else 0,
        )
    }
    shifts = []
    for one in found.roster.assignments:
        if one.employee == staff and one.shift in found.time.shifts:
            begins, ends = found.time.span(one)
            if ends > at:
                asked = open_by_start.get(begins, "")
                shifts.append(MyShift(shift=one.shift, skill=one.skill, from_at=begins, to_at=ends, request=asked))
    return MyRoster(
        staff=staff,
        is_rostered=True,
        place=found.problem.place,
        shifts=tuple(sorted(shifts, key=lambda one: one.from_at)[:MOST_SHOWN]),
        offers=_offers(session, found, staff, at),
        requests=requests,
    )


def _offers(session: Session, found: RosterInForce, staff: str, at: int) -> tuple[Takeable, ...]:
    board = RosterBoard(found.problem, found.roster)
    offered = list_requests(session, statuses=[RequestStatus.OFFERED], limit=MOST_TAKEN)
    takeable = []
    for one in sorted(offered, key=lambda each: each.from_at):
        if one.staff == staff or one.from_at <= at:
            continue
        day = found.time.day_of(one.from_at)
        try:
            if board.at(staff, day).shift:
                continue  # one shift a day
            choice = board.consider([Assignment(employee=staff, day=day, shift=one.shift, skill=one.skill)])
        except HospitalTwinError:  # the offer is of another roster: nobody can take it, its giver still sees it
            continue
        lacks = one.skill and one.skill not in board.employees[staff].skills
        if not lacks:
            takeable.append(Takeable(request=one, choice=choice))
    return tuple(takeable)


def my_swaps(session: Session, *, staff: str, from_at: int, at: int) -> list[Choice]:
    """Give shifts of colleagues that a person could have for one of theirs without breaking a must, the best first.

    Parameters
    ----------
    session : Session
        May be a reading session.
    staff : str
        Id of the member of staff.
    from_at : int
        Start of the shift to be given away, UTC microseconds.
    at : int
        Now.

    Raises
    ------
    Conflict
        If no roster is in force.
    NotFound
        If there is no such shift.
    """
    found = roster_in_force(session, staff=staff)
    mine = found.shift_at(staff, from_at)
    # Shifts of today may have begun; swaps are offered from tomorrow on.
    tomorrow = found.time.day_of(at) + 1
    return RosterBoard(found.problem, found.roster).swaps(staff, mine.day, first_day=max(0, tomorrow))

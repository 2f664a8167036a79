"""What one person sees of the roster in force: their shifts, what they may take, and what waits for their word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlmodel import Session

from scheduling.model.rosters import Assignment
from scheduling.model.shift_requests import OPEN_STATUSES, RequestKind, RequestStatus, ShiftRequest
from scheduling.rules.shift_requests import spans_of
from scheduling.service.crossings import Elsewhere
from scheduling.service.roster_board import Choice, RosterBoard
from scheduling.service.rosters_in_force import RosterInForce, roster_with_shift, rosters_in_force
from scheduling.tables.shift_requests import list_requests
from twin.errors import HospitalTwinError

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
    place : str
        Ward or area; empty for the whole hospital.
    request : str
        Id of the open request that is about it; empty if there is none.
    """

    shift: str
    skill: str
    from_at: int
    to_at: int
    place: str = ""
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
        Whether they are in a roster in force.
    places : tuple[str, ...]
        What the rosters staff that speak of them, the one published last first; empty for the whole hospital.
    shifts : tuple[MyShift, ...]
        To come, the next first.
    offers : tuple[Takeable, ...]
        What they could take, by start.
    requests : tuple[ShiftRequest, ...]
        Theirs and those to them, the newest first.
    """

    staff: str
    is_rostered: bool
    places: tuple[str, ...] = ()
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
    known = [found for found in rosters_in_force(session) if found.has(staff)]
    # Without a roster there are no shifts, but what was decided can still be read.
    open_by_start = {
        span.from_at: one.id
        for one in requests
        # A swap gives away shifts and takes others: all of one's own carry the mark.
        if one.status in OPEN_STATUSES and one.kind is not RequestKind.LEAVE
        for span in spans_of(one, staff)
    }
    shifts = [
        MyShift(shift=one.shift, skill=one.skill, from_at=begins, to_at=ends, place=found.row.place)
        for found in known
        for one in found.roster.assignments
        if one.employee == staff and one.shift in found.time.shifts
        for begins, ends in [found.time.span(one)]
        if ends > at
    ]
    shifts = [replace(one, request=open_by_start.get(one.from_at, "")) for one in shifts]
    offered = list_requests(session, statuses=[RequestStatus.OFFERED], limit=MOST_TAKEN)
    return MyRoster(
        staff=staff,
        is_rostered=bool(known),
        places=tuple(dict.fromkeys(found.row.place for found in known)),
        shifts=tuple(sorted(shifts, key=lambda one: one.from_at)[:MOST_SHOWN]),
        offers=tuple(one for found in known for one in _offers(session, found, staff, offered, at)),
        requests=requests,
    )


def _offers(
    session: Session, found: RosterInForce, staff: str, offered: Sequence[ShiftRequest], at: int
) -> list[Takeable]:
    board, elsewhere = RosterBoard(found.problem, found.roster), Elsewhere(session, found)
    takeable = []
    for one in sorted(offered, key=lambda each: each.from_at):
        if one.staff == staff or one.from_at <= at or one.place != found.row.place:
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
            takeable.append(Takeable(request=one, choice=elsewhere.told(choice)))
    return takeable


def my_swaps(session: Session, *, staff: str, from_at: Sequence[int], at: int) -> list[Choice]:
    """Give shifts of colleagues that a person could have for some of theirs without breaking a must, the best first.

    Parameters
    ----------
    session : Session
        May be a reading session.
    staff : str
        Id of the member of staff.
    from_at : Sequence[int]
        Starts of the shifts to be given away, UTC microseconds, at least one.
    at : int
        Now.

    Raises
    ------
    Conflict
        If no roster is in force.
    NotFound
        If there is no such shift.
    """
    found = roster_with_shift(session, staff, from_at[0])
    days = [found.shift_at(staff, start).day for start in from_at]
    # Shifts of today may have begun; swaps are offered from tomorrow on.
    tomorrow = found.time.day_of(at) + 1
    elsewhere = Elsewhere(session, found)
    choices = RosterBoard(found.problem, found.roster).swaps(staff, days, first_day=max(0, tomorrow))
    return [one for one in map(elsewhere.told, choices) if one.is_allowed]

"""What a request for leave, a swap or an offered shift means for the days of a roster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scheduling.model.rosters import Assignment, Roster, RosterProblem, Shift
from scheduling.model.shift_requests import RequestKind, ShiftRequest, Span
from scheduling.rules.calendar_days import day_at, wall_time
from twin.errors import Conflict, Refused

MOST_LEAVE_DAYS = 60
MOST_PACKAGE = 7
"""Shifts of one person in one swap: what is more than a week is a new roster."""
DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterTime:
    """Instants of a roster's days and shifts.

    Parameters
    ----------
    start_at : int
        Midnight before day 0, UTC microseconds.
    zone : str
        IANA name of the hospital's zone.
    shifts : Mapping[str, Shift]
        By id.
    """

    start_at: int
    zone: str
    shifts: Mapping[str, Shift]

    def span(self, one: Assignment) -> tuple[int, int]:
        """Give start and end of a shift, UTC microseconds.

        A shift without a known start begins at midnight, one without a length lasts until the next midnight. It ends
        when the wall clock says so: a night in which the clock changes is an hour longer or shorter.
        """
        shift = self.shifts[one.shift]
        begins = max(0, shift.start_minute)
        return self.at(one.day, begins), self.at(one.day, begins + (shift.minutes or DAY_MINUTES))

    def at(self, day: int, minute: int = 0) -> int:
        """Give an instant of a day, UTC microseconds."""
        return wall_time(self.start_at, day, self.zone, minute)

    def day_of(self, at: int) -> int:
        """Give the day in which an instant lies."""
        return day_at(self.start_at, at, self.zone)


def leave_days(time: RosterTime, days: int, request: ShiftRequest) -> list[int]:
    """Give the days of a roster that a leave covers whole.

    Parameters
    ----------
    time : RosterTime
        Instants of the roster.
    days : int
        Horizon of the roster.
    request : ShiftRequest
        From midnight or noon to midnight or noon.
    """
    touched = _touched(time, days, request)
    return [day for day in touched if request.from_at <= time.at(day) and time.at(day + 1) <= request.to_at]


def half_leave_days(time: RosterTime, days: int, request: ShiftRequest) -> list[int]:
    """Give the days of a roster of which a leave covers the morning or the afternoon only; parameters as above."""
    whole = set(leave_days(time, days, request))
    return [day for day in _touched(time, days, request) if day not in whole]


def _touched(time: RosterTime, days: int, request: ShiftRequest) -> list[int]:
    # The end is the instant after the last one.
    first, last = time.day_of(request.from_at), time.day_of(request.to_at - 1)
    return list(range(max(0, first), min(days, last + 1)))


def shifts_within(time: RosterTime, day: int, request: ShiftRequest) -> list[str]:
    """Give the shifts of a day that a leave of half the day rules out, by id."""
    found = []
    for shift in time.shifts:
        begins, ends = time.span(Assignment(employee="", day=day, shift=shift))
        if begins < request.to_at and request.from_at < ends:
            found.append(shift)
    return found


def overlaps(one: ShiftRequest, other: ShiftRequest) -> bool:
    """Tell whether two requests of one person are about the same time of theirs."""
    theirs = spans_of(other, one.staff)
    return any(mine.from_at < span.to_at and span.from_at < mine.to_at for mine in one.given() for span in theirs)


def spans_of(request: ShiftRequest, staff: str) -> tuple[Span, ...]:
    """Give what a request is about of a person's own time: shifts that they would give away or take, or leave."""
    found: tuple[Span, ...] = request.given() if request.staff == staff else ()
    if request.partner == staff:
        found += request.wanted() or request.given()
    return found


def cells_of(time: RosterTime, problem: RosterProblem, roster: Roster, request: ShiftRequest) -> tuple[Assignment, ...]:
    """Give the days that change when a request is granted, as they would be; an empty shift is a day off.

    Parameters
    ----------
    time : RosterTime
        Instants of the roster.
    problem : RosterProblem
        Its problem.
    roster : Roster
        Who works when at present.
    request : ShiftRequest
        Leave, swap or offer; an offer that nobody has taken changes nothing but the giver's day.

    Raises
    ------
    Conflict
        If a shift that it is about is not in the roster any more.
    Refused
        If somebody would work two shifts on one day.
    """
    held = {(one.employee, one.day): one for one in roster.assignments}
    if request.kind is RequestKind.LEAVE:
        return _leave_cells(time, problem, held, request)
    if request.kind is RequestKind.SWAP:
        mine = [_held(time, held, request.staff, span.from_at) for span in request.given()]
        theirs = [_held(time, held, request.partner, span.from_at) for span in request.wanted()]
        return _swapped(mine, theirs, held)
    given = _given(time, held, request)
    if not request.partner:
        return (Assignment(employee=given.employee, day=given.day, shift=""),) if given.employee else ()
    if (request.partner, given.day) in held:
        raise Refused(f"{request.partner} works on that day already.", code="roster.works_already")
    # An empty skill means that skills are not told apart.
    if given.skill and given.skill not in next(one.skills for one in problem.employees if one.id == request.partner):
        raise Refused(f"{request.partner} lacks the skill {given.skill}.", code="roster.skill")
    taken = Assignment(employee=request.partner, day=given.day, shift=given.shift, skill=given.skill)
    return (taken, Assignment(employee=given.employee, day=given.day, shift="")) if given.employee else (taken,)


def _leave_cells(
    time: RosterTime, problem: RosterProblem, held: Mapping[tuple[str, int], Assignment], request: ShiftRequest
) -> tuple[Assignment, ...]:
    off = leave_days(time, problem.days, request)
    for day in half_leave_days(time, problem.days, request):
        one = held.get((request.staff, day))
        # Who works late may have the morning off and work all the same.
        if one is not None and one.shift in shifts_within(time, day, request):
            off.append(day)
    return tuple(Assignment(employee=request.staff, day=day, shift="") for day in sorted(off))


def _given(time: RosterTime, held: Mapping[tuple[str, int], Assignment], request: ShiftRequest) -> Assignment:
    if request.staff:
        return _held(time, held, request.staff, request.from_at)
    # nobody has it: the shift of the planner's offer
    return Assignment(employee="", day=time.day_of(request.from_at), shift=request.shift, skill=request.skill)


def _held(time: RosterTime, held: Mapping[tuple[str, int], Assignment], staff: str, at: int) -> Assignment:
    found = held.get((staff, time.day_of(at)))
    # The instant, not only the day: the shift of that day may have become another one.
    if found is None or time.span(found)[0] != at:
        raise Conflict(f"{staff} does not have that shift any more: the roster has changed.", code="roster.changed")
    return found


def _swapped(
    mine: Sequence[Assignment], theirs: Sequence[Assignment], held: Mapping[tuple[str, int], Assignment]
) -> tuple[Assignment, ...]:
    for taken, given in ((theirs, mine), (mine, theirs)):
        who, days = given[0].employee, {one.day for one in given}
        # Two shifts of one day would be taken from one person: the roster has one shift a day.
        for one in taken:
            if (who, one.day) in held and one.day not in days:
                raise Refused(f"{who} works on the other one's day already.", code="roster.works_already")
    return swap_cells(mine, theirs)


def swap_cells(mine: Sequence[Assignment], theirs: Sequence[Assignment]) -> tuple[Assignment, ...]:
    """Give the days of two people when each works the other's shifts: first what is worked, then days off.

    Parameters
    ----------
    mine, theirs : Sequence[Assignment]
        Shifts that change hands, at least one each, of one person each.
    """
    me, them = mine[0].employee, theirs[0].employee
    worked = [Assignment(employee=me, day=one.day, shift=one.shift, skill=one.skill) for one in theirs]
    worked += [Assignment(employee=them, day=one.day, shift=one.shift, skill=one.skill) for one in mine]
    # On one day each simply takes the other's shift; else whose shift it was gets the day off.
    busy = {(one.employee, one.day) for one in worked}
    off = [
        Assignment(employee=one.employee, day=one.day, shift="")
        for one in (*mine, *theirs)
        if (one.employee, one.day) not in busy
    ]
    return (*worked, *off)

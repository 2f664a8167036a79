"""What a request for leave, a swap or an offered shift means for the days of a roster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scheduling.model.rosters import Assignment, Roster, RosterProblem, Shift
from scheduling.model.shift_requests import RequestKind, ShiftRequest
from scheduling.rules.calendar_days import day_at, wall_time
from twin.errors import Conflict, Refused

MOST_LEAVE_DAYS = 60
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
    """Give the days of a roster that a leave covers.

    Parameters
    ----------
    time : RosterTime
        Instants of the roster.
    days : int
        Horizon of the roster.
    request : ShiftRequest
        From midnight to midnight.
    """
    # The end is the midnight after the last day.
    first, last = time.day_of(request.from_at), time.day_of(request.to_at - 1)
    return list(range(max(0, first), min(days, last + 1)))


def overlaps(one: ShiftRequest, other: ShiftRequest) -> bool:
    """Tell whether two requests of one person are about the same time of theirs."""
    mine = _spans(one, one.staff)
    return any(first < last_end and begin < end for first, end in mine for begin, last_end in _spans(other, one.staff))


def _spans(request: ShiftRequest, staff: str) -> list[tuple[int, int]]:
    found = []
    if request.staff == staff:
        found.append((request.from_at, request.to_at))
    if request.partner == staff and request.partner_from_at:
        found.append((request.partner_from_at, request.partner_to_at))
    elif request.partner == staff:
        found.append((request.from_at, request.to_at))
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
        days = leave_days(time, problem.days, request)
        return tuple(Assignment(employee=request.staff, day=day, shift="") for day in days)
    given = _given(time, held, request)
    if request.kind is RequestKind.SWAP:
        return _swapped(given, _held(time, held, request.partner, request.partner_from_at), held)
    if not request.partner:
        return (Assignment(employee=given.employee, day=given.day, shift=""),) if given.employee else ()
    if (request.partner, given.day) in held:
        raise Refused(f"{request.partner} works on that day already.", code="roster.works_already")
    # An empty skill means that skills are not told apart.
    if given.skill and given.skill not in next(one.skills for one in problem.employees if one.id == request.partner):
        raise Refused(f"{request.partner} lacks the skill {given.skill}.", code="roster.skill")
    taken = Assignment(employee=request.partner, day=given.day, shift=given.shift, skill=given.skill)
    return (taken, Assignment(employee=given.employee, day=given.day, shift="")) if given.employee else (taken,)


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
    mine: Assignment, theirs: Assignment, held: Mapping[tuple[str, int], Assignment]
) -> tuple[Assignment, ...]:
    changed = swap_cells(mine, theirs)
    if mine.day != theirs.day:
        for who, day in ((mine.employee, theirs.day), (theirs.employee, mine.day)):
            if (who, day) in held:
                raise Refused(f"{who} works on the other one's day already.", code="roster.works_already")
    return changed


def swap_cells(mine: Assignment, theirs: Assignment) -> tuple[Assignment, ...]:
    """Give the days of two people when each works the other's shift."""
    changed = (
        Assignment(employee=mine.employee, day=theirs.day, shift=theirs.shift, skill=theirs.skill),
        Assignment(employee=theirs.employee, day=mine.day, shift=mine.shift, skill=mine.skill),
    )
    # On one day each simply takes the other's shift; on two, both get a day off besides.
    if mine.day == theirs.day:
        return changed
    return (
        *changed,
        Assignment(employee=mine.employee, day=mine.day, shift=""),
        Assignment(employee=theirs.employee, day=theirs.day, shift=""),
    )

"""What a roster breaks together with what stands outside it: rosters of other wards, and leave that is granted.

The checker sees one roster; whoever works on two wards has one body, so that rest is looked at across all that are in
force when one more is published.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlmodel import Session

from scheduling.model.plans import PlanKind
from scheduling.model.rosters import Assignment, Roster, RosterRule
from scheduling.model.shift_requests import RequestKind, RequestStatus
from scheduling.rules.rosters import with_cells
from scheduling.rules.shift_requests import leave_days
from scheduling.service.contents import content_of
from scheduling.service.roster_board import Choice, RosterConsequence
from scheduling.service.rosters_in_force import RosterInForce, read_roster, rosters_in_force
from scheduling.tables.plans import PlanRow
from scheduling.tables.shift_requests import list_requests

MINUTE_US = 60_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """Two shifts of one person in two rosters with too little rest between them.

    Parameters
    ----------
    staff : str
        Who.
    from_at : int
        Start of the shift in the roster that is looked at, UTC microseconds.
    place : str
        What the other roster staffs.
    other_at : int
        Start of the other shift, UTC microseconds.
    rest_minutes : int
        Between them; below 0 if they overlap.
    """

    staff: str
    from_at: int
    place: str
    other_at: int
    rest_minutes: int


Spans = Mapping[str, Sequence[tuple[int, int]]]
"""Start and end of shifts by person, UTC microseconds."""


def crossings(mine: Spans, other: Spans, *, place: str, rest: int) -> list[Crossing]:
    """Give every pair of shifts of one person in two rosters that overlap or leave too little rest.

    Parameters
    ----------
    mine, other : Spans
        Of the two rosters.
    place : str
        Of the other roster.
    rest : int
        Least minutes between two shifts.
    """
    found = []
    for staff in sorted(mine.keys() & other.keys()):
        theirs = sorted(other[staff])
        for begins, ends in sorted(mine[staff]):
            for other_begins, other_ends in theirs:
                gap = max(other_begins - ends, begins - other_ends)
                # Shifts that overlap are two places at once, whatever rest is asked for.
                if gap < 0 or gap < rest * MINUTE_US:
                    found.append(
                        Crossing(
                            staff=staff,
                            from_at=begins,
                            place=place,
                            other_at=other_begins,
                            rest_minutes=gap // MINUTE_US,
                        )
                    )
    return found


def crossings_of(session: Session, row: PlanRow) -> list[Crossing]:
    """Give what a roster crosses in the rosters of other places that are in force.

    Parameters
    ----------
    session : Session
        May be a reading session.
    row : PlanRow
        A roster, in force or not; none for other plans.
    """
    return Elsewhere(session, read_roster(row)).crossed() if row.kind == PlanKind.ROSTER.value else []


class Elsewhere:
    """A roster beside those of other places in force.

    Parameters
    ----------
    session : Session
        May be a reading session.
    found : RosterInForce
        The roster that is looked at; need not be in force yet.
    """

    def __init__(self, session: Session, found: RosterInForce) -> None:
        self.found = found
        others = [one for one in rosters_in_force(session) if one.row.place != found.row.place]
        self._others = [(one.row.place, _spans(one, one.roster)) for one in others]

    def crossed(self, cells: Sequence[Assignment] = ()) -> list[Crossing]:
        """Give every crossing, with some days otherwise than they are."""
        mine = _spans(self.found, with_cells(self.found.roster, cells))
        rest = self.found.problem.rest_minutes
        return [one for place, theirs in self._others for one in crossings(mine, theirs, place=place, rest=rest)]

    def told(self, choice: Choice) -> Choice:
        """Give a choice that also says what it does to rest between wards; the same one if it does nothing."""
        people = {cell.employee for cell in choice.cells}
        # Most people stand in one roster only: for them there is nothing to look at.
        if not any(people & spans.keys() for _place, spans in self._others):
            return choice
        counts = [Counter(one.staff for one in self.crossed(cells)) for cells in ((), choice.cells)]
        more = tuple(
            RosterConsequence(
                rule=RosterRule.OTHER_ROSTER, is_hard=True, before=counts[0][who], after=counts[1][who], employee=who
            )
            for who in sorted(people)
            if counts[0][who] != counts[1][who]
        )
        broken = choice.broken + sum(one.after - one.before for one in more)
        return replace(choice, broken=broken, consequences=(*more, *choice.consequences)) if more else choice


def _spans(found: RosterInForce, roster: Roster) -> dict[str, list[tuple[int, int]]]:
    # Without known hours nobody can say how long the rest is.
    known = {name for name, one in found.time.shifts.items() if one.start_minute >= 0}
    spans: dict[str, list[tuple[int, int]]] = {}
    for one in roster.assignments:
        if one.shift in known:
            spans.setdefault(one.employee, []).append(found.time.span(one))
    return spans


def broken_of(session: Session, row: PlanRow) -> dict[str, int]:
    """Give the units by which a plan breaks each must, counted with what stands outside it.

    Parameters
    ----------
    session : Session
        May be a reading session.
    row : PlanRow
        A plan of any kind and status.
    """
    found = dict(content_of(PlanKind(row.kind), row.problem, row.plan).broken)
    across, leave = len(crossings_of(session, row)), _worked_on_leave(session, row)
    for rule, units in ((RosterRule.OTHER_ROSTER, across), (RosterRule.DAY_OFF, leave)):
        if units:
            found[rule.value] = found.get(rule.value, 0) + units
    return found


def _worked_on_leave(session: Session, row: PlanRow) -> int:
    """Count shifts on days of granted leave that the roster's own days off do not know of: made before, or by hand."""
    if row.kind != PlanKind.ROSTER.value:
        return 0
    found = read_roster(row)
    known = {one.id: one.days_off for one in found.problem.employees}
    granted = list_requests(session, statuses=[RequestStatus.APPROVED], kind=RequestKind.LEAVE)
    off = {(one.staff, day) for one in granted for day in leave_days(found.time, found.problem.days, one)}
    return sum(
        (one.employee, one.day) in off and one.day not in known.get(one.employee, ())
        for one in found.roster.assignments
    )

"""Rosters in force: of every place at once, of a place those of successive weeks; one person can stand in several."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from scheduling.model.plans import PlanKind
from scheduling.model.rosters import Assignment, Roster, RosterProblem
from scheduling.rules.shift_requests import RosterTime
from scheduling.service.planning import read_json
from scheduling.tables.plans import PlanRow, published_rows
from twin.errors import Conflict, NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterInForce:
    """The roster that requests are about.

    Parameters
    ----------
    row : PlanRow
        As kept.
    problem : RosterProblem
        What it was made for.
    roster : Roster
        Who works when.
    time : RosterTime
        Instants of its days and shifts.
    """

    row: PlanRow
    problem: RosterProblem
    roster: Roster
    time: RosterTime

    def shift_at(self, staff: str, at: int) -> Assignment:
        """Give the shift of somebody that begins at an instant.

        Raises
        ------
        NotFound
            If they have none then.
        """
        for one in self.roster.assignments:
            # A roster published against the checker's word may name shifts that there are not.
            if one.employee == staff and one.shift in self.time.shifts and self.time.span(one)[0] == at:
                return one
        raise NotFound("shift", f"{staff} at {at}")

    def covers(self, at: int) -> bool:
        """Tell whether an instant lies in one of its days."""
        return self.row.start_at <= at < self.time.at(self.problem.days)

    def has(self, staff: str) -> bool:
        """Tell whether it speaks of somebody."""
        return any(one.id == staff for one in self.problem.employees)

    def contract_of(self, staff: str) -> str:
        """Give the id of somebody's contract, empty if it does not speak of them."""
        return next((one.contract for one in self.problem.employees if one.id == staff), "")


def rosters_in_force(session: Session) -> list[RosterInForce]:
    """Give every roster in force, the one published last first: of a place this month's and the next one's."""
    return [read_roster(row) for row in published_rows(session, PlanKind.ROSTER.value)]


def roster_in_force(session: Session, *, staff: str = "", place: str | None = None, at: int = 0) -> RosterInForce:
    """Give a roster in force.

    Parameters
    ----------
    session : Session
        May be a reading session.
    staff : str
        One that has this member of staff; any if none has.
    place : str or None
        One of this place. With neither, the one published last.
    at : int
        Of several the one that has this instant, UTC microseconds; 0 for the one published last.

    Raises
    ------
    Conflict
        If there is none.
    """
    found = [read_roster(row) for row in published_rows(session, PlanKind.ROSTER.value, place)]
    if not found:
        where = f" for {place}" if place else ""
        raise Conflict(f"No roster is in force{where}: publish one first.", code="roster.none")
    # Whoever helps out on a second ward stands in two: the one published last is what was told last.
    found = [one for one in found if staff and one.has(staff)] or found
    return next((one for one in found if at and one.covers(at)), found[0])


def read_roster(row: PlanRow) -> RosterInForce:
    """Give a kept roster, in force or not, with the instants of its days."""
    problem = read_json(row.problem, RosterProblem, "problem")
    return RosterInForce(
        row=row,
        problem=problem,
        roster=read_json(row.plan, Roster, "plan"),
        time=RosterTime(start_at=row.start_at, zone=row.zone, shifts={one.id: one for one in problem.shifts}),
    )


def rosters_of(session: Session, staff: str) -> list[RosterInForce]:
    """Give every roster in force that speaks of a member of staff, the one published last first.

    Parameters
    ----------
    session : Session
        May be a reading session.
    staff : str
        Id of the member of staff.
    """
    return [found for found in rosters_in_force(session) if found.has(staff)]


def roster_with_shift(session: Session, staff: str, at: int) -> RosterInForce:
    """Give the roster in force in which somebody's shift begins at an instant.

    Parameters
    ----------
    session : Session
        May be a reading session.
    staff : str
        Id of the member of staff.
    at : int
        Start of the shift, UTC microseconds.

    Raises
    ------
    Conflict
        If no roster is in force.
    NotFound
        If they have no such shift in any.
    """
    known = rosters_in_force(session)
    if not known:
        raise Conflict("No roster is in force: publish one first.", code="roster.none")
    for found in known:
        try:
            found.shift_at(staff, at)
        except NotFound:
            continue
        return found
    raise NotFound("shift", f"{staff} at {at}")

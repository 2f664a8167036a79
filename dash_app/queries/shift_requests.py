"""Leave, swaps and offered shifts as pages show them: with names, and what a decision would do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from scheduling.model.shift_requests import OPEN_STATUSES, RequestStatus, ShiftRequest
from scheduling.service import my_shifts, shift_decisions
from scheduling.service.my_shifts import MyRoster
from scheduling.service.roster_board import Choice
from scheduling.service.rosters_in_force import RosterInForce, roster_in_force, roster_with_shift, rosters_in_force
from scheduling.service.shift_decisions import Outlook
from scheduling.tables.shift_requests import list_requests, load_request
from twin.errors import Conflict, HospitalTwinError, NotFound

MOST_DECIDED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What a planner sees.

    Parameters
    ----------
    open : list[ShiftRequest]
        Requests that are not over, those that wait for a planner first.
    decided : list[ShiftRequest]
        The last ones that were approved and have not begun: they can be undone.
    """

    open: list[ShiftRequest]
    decided: list[ShiftRequest]


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedAt:
    """A request, and what approval of it would do.

    Parameters
    ----------
    request : ShiftRequest
        The request.
    outlook : Outlook or None
        What approval would do; None if it cannot be approved any more.
    problem : HospitalTwinError or None
        Why it cannot.
    """

    request: ShiftRequest
    outlook: Outlook | None
    problem: HospitalTwinError | None


def mine(session: Session, staff: str, at: int) -> MyRoster:
    """Give what one person sees of the roster in force."""
    return my_shifts.my_roster(session, staff=staff, at=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Swaps:
    """What a person could have for some of their shifts.

    Parameters
    ----------
    force : RosterInForce
        The roster that these shifts are in.
    choices : list[Choice]
        The best first.
    """

    force: RosterInForce
    choices: list[Choice]


def swaps(session: Session, staff: str, from_at: Sequence[int], at: int) -> Swaps | None:
    """Give shifts of colleagues that a person could have for theirs; None if their shift is not there any more."""
    try:
        choices = my_shifts.my_swaps(session, staff=staff, from_at=from_at, at=at)
        return Swaps(force=roster_with_shift(session, staff, from_at[0]), choices=choices)
    except (Conflict, NotFound):
        return None


def waiting(session: Session, at: int) -> Waiting:
    """Give what waits for a planner, and what could be undone.

    Parameters
    ----------
    session : Session
        Any session.
    at : int
        Now, UTC microseconds.
    """
    found = [one for one in list_requests(session, statuses=OPEN_STATUSES) if one.begins_at > at]
    decided = [
        one
        for one in list_requests(session, statuses=[RequestStatus.APPROVED], limit=MOST_DECIDED)
        if one.begins_at > at
    ]
    found.sort(key=lambda one: (one.status is not RequestStatus.AGREED, one.from_at))
    return Waiting(open=found, decided=decided)


def looked_at(session: Session, request: str, *, fills: bool) -> LookedAt | None:
    """Give a request with what approval would do; None if there is no such request."""
    try:
        found = load_request(session, request)
    except NotFound:
        return None
    outlook, problem = shift_decisions.outlook_or_reason(session, found, fills=fills)
    return LookedAt(request=found, outlook=outlook, problem=problem)


def in_force(session: Session, *, staff: str = "", place: str | None = None) -> RosterInForce | None:
    """Give the roster in force of a person or a place, None if there is none."""
    try:
        return roster_in_force(session, staff=staff, place=place)
    except Conflict:
        return None


def all_in_force(session: Session) -> list[RosterInForce]:
    """Give every roster in force, one for each place, the one published last first."""
    return rosters_in_force(session)

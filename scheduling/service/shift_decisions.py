"""A planner's decision about leave, a swap or an offered shift, and taking it back until it begins.

Approval puts a new roster in force, checked as every other one: a must that it breaks more often than before needs a
reason of its own, what was accepted before stays accepted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec
from sqlmodel import Session

from scheduling.model.plans import Override, PlanKind
from scheduling.model.rosters import Assignment, RosterProblem
from scheduling.model.shift_requests import RequestKind, RequestStatus, ShiftRequest
from scheduling.rules.rosters import cells_at, with_cells
from scheduling.rules.shift_requests import leave_days
from scheduling.service.contents import content_of
from scheduling.service.plans import NewPlan, Publishing, keep_draft, publish
from scheduling.service.roster_board import Choice, RosterBoard, fill, without_new_leave
from scheduling.service.shift_requests import (
    Acting,
    Intent,
    RosterInForce,
    cells_in,
    opened,
    roster_in_force,
    store,
)
from scheduling.tables.shift_requests import list_requests
from twin.access import Permission
from twin.errors import Conflict, HospitalTwinError, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What approval would do.

    Parameters
    ----------
    choice : Choice
        Days that change and every rule that they touch, those of ``filled`` included.
    filled : tuple[Assignment, ...]
        Who would work the shifts that leave opens; none for swaps and offers, or without filling.
    gaps : tuple[Assignment, ...]
        Shifts that stay open.
    """

    choice: Choice
    filled: tuple[Assignment, ...] = ()
    gaps: tuple[Assignment, ...] = ()


def outlook(session: Session, request: ShiftRequest, *, fills: bool = False) -> Outlook:
    """Tell what approval of a request would do to the roster in force.

    Parameters
    ----------
    session : Session
        May be a reading session.
    request : ShiftRequest
        Of any status.
    fills : bool
        Whether shifts that leave opens are given to colleagues who break no must by it.

    Raises
    ------
    Conflict
        If no roster is in force, or it has changed so that the request cannot be any more.
    """
    found = roster_in_force(session, place=request.place)
    return _outlook(found, request, fills=fills)


def outlook_or_reason(
    session: Session, request: ShiftRequest, *, fills: bool = False
) -> tuple[Outlook | None, HospitalTwinError | None]:
    """Give what approval would do, or why it cannot be approved any more; parameters as of :func:`outlook`."""
    try:
        return outlook(session, request, fills=fills), None
    except (Conflict, Refused) as error:
        return None, error


def _outlook(found: RosterInForce, request: ShiftRequest, *, fills: bool) -> Outlook:
    cells = cells_in(found, request)
    problem = _problem_after(found, request)
    filled: tuple[Assignment, ...] = ()
    gaps: tuple[Assignment, ...] = ()
    if request.kind is RequestKind.LEAVE:
        vacated = [one for one in cells_at(found.roster, cells) if one.shift]
        if fills:
            filled = fill(RosterBoard(problem, with_cells(found.roster, cells)), vacated)
        taken = {(one.day, one.shift, one.skill) for one in filled}
        gaps = tuple(one for one in vacated if (one.day, one.shift, one.skill) not in taken)
    choice = RosterBoard(problem, found.roster).consider((*cells, *filled))
    return Outlook(choice=without_new_leave(choice), filled=filled, gaps=gaps)


def _problem_after(found: RosterInForce, request: ShiftRequest) -> RosterProblem:
    if request.kind is not RequestKind.LEAVE:
        return found.problem
    days = frozenset(leave_days(found.time, found.problem.days, request))
    employees = tuple(
        replace(one, days_off=one.days_off | days) if one.id == request.staff else one
        for one in found.problem.employees
    )
    return replace(found.problem, employees=employees)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A planner's decision for a request.

    Parameters
    ----------
    intent : Intent
        Which, of which version.
    new_plan : str
        Id of the roster that it puts in force.
    overrides : tuple[Override, ...]
        One for each must that is broken more than before.
    fills : bool
        Whether shifts that leave opens are given to colleagues.
    """

    intent: Intent
    new_plan: str
    overrides: tuple[Override, ...] = ()
    fills: bool = False


def approve(session: Session, *, acting: Acting, approval: Approval) -> ShiftRequest:
    """Put the roster in force that a request asks for.

    Raises
    ------
    Forbidden
        Without PLANS_EDIT and PLANS_PUBLISH.
    Refused
        If a must is broken more than before and nobody has accepted it, naming each.
    Conflict, StaleVersion
        As of :func:`agree`.
    """
    acting.actor.require(Permission.PLANS_PUBLISH)
    request = opened(session, acting, approval.intent, RequestStatus.AGREED)
    found = roster_in_force(session, place=request.place)
    seen = _outlook(found, request, fills=approval.fills)
    cells = seen.choice.cells
    _put_in_force(
        session,
        acting,
        found,
        _Next(problem=_problem_after(found, request), cells=cells, id=approval.new_plan, overrides=approval.overrides),
    )
    made = replace(
        request,
        status=RequestStatus.APPROVED,
        decided_at=acting.at,
        decided_by=acting.actor.id,
        plan=approval.new_plan,
        roster_start_at=found.row.start_at,
        cells_before=cells_at(found.roster, cells),
        cells_after=cells,
        leave_before=tuple(sorted(_leave_of(found, request.staff) - _other_leave(session, found, request))),
        is_news_to_staff=bool(request.staff),
        is_news_to_partner=bool(request.partner),
        version=request.version + 1,
    )
    return store(session, acting, made)


def _leave_of(found: RosterInForce, staff: str) -> frozenset[int]:
    """Give the days of a roster on which somebody is on leave."""
    return next((one.days_off for one in found.problem.employees if one.id == staff), frozenset())


def _other_leave(session: Session, found: RosterInForce, request: ShiftRequest) -> frozenset[int]:
    """Give the days of leave that other approved requests of the person grant."""
    others = list_requests(session, staff=request.staff, statuses=[RequestStatus.APPROVED]) if request.staff else []
    return frozenset(
        day
        for one in others
        if one.kind is RequestKind.LEAVE and one.id != request.id and one.staff == request.staff
        for day in leave_days(found.time, found.problem.days, one)
    )


def undo(session: Session, *, acting: Acting, approval: Approval) -> ShiftRequest:
    """Take an approved request back: its days become what they were, until the first of them has begun.

    Days that were leave before, or that another request has made leave, stay leave.

    Raises
    ------
    Forbidden
        Without PLANS_EDIT and PLANS_PUBLISH.
    Refused
        If that breaks a must more than now and nobody has accepted it.
    Conflict
        If it has begun, or its days have been changed since.
    StaleVersion
        If it changed since the person saw it.
    """
    acting.actor.require(Permission.PLANS_PUBLISH)
    request = opened(session, acting, approval.intent, RequestStatus.APPROVED)
    found = roster_in_force(session, place=request.place)
    is_other = found.row.start_at != request.roster_start_at
    # Taking back is exact or not at all: days that were changed since have another reason now.
    if is_other or cells_at(found.roster, request.cells_after) != request.cells_after:
        told = "These days have been changed since: change them in a new roster instead."
        raise Conflict(told, code="roster.changed_since")
    problem, cells = found.problem, request.cells_before
    if request.kind is RequestKind.LEAVE:
        kept = frozenset(request.leave_before) | _other_leave(session, found, request)
        days = frozenset(leave_days(found.time, problem.days, request)) - kept
        employees = tuple(
            replace(one, days_off=one.days_off - days) if one.id == request.staff else one for one in problem.employees
        )
        problem = replace(problem, employees=employees)
        # A day that stays leave gets no shift back: that would break the very leave.
        cells = tuple(cell for cell in cells if cell.employee != request.staff or cell.day not in kept)
    change = _Next(problem=problem, cells=cells, id=approval.new_plan, overrides=approval.overrides)
    _put_in_force(session, acting, found, change)
    made = replace(
        request,
        status=RequestStatus.UNDONE,
        decided_at=acting.at,
        decided_by=acting.actor.id,
        is_news_to_staff=bool(request.staff),
        is_news_to_partner=bool(request.partner),
        version=request.version + 1,
    )
    return store(session, acting, made)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Next:
    """The roster that follows the one in force."""

    problem: RosterProblem
    cells: Sequence[Assignment]
    id: str
    overrides: tuple[Override, ...]


def _put_in_force(session: Session, acting: Acting, found: RosterInForce, change: _Next) -> None:
    problem = msgspec.json.encode(change.problem)
    roster = msgspec.json.encode(with_cells(found.roster, change.cells))
    before = content_of(PlanKind.ROSTER, found.row.problem, found.row.plan).broken
    after = content_of(PlanKind.ROSTER, problem, roster).broken
    # Reasons given before hold for as long as the rule is not broken more often.
    known = msgspec.json.decode(found.row.overrides, type=tuple[Override, ...])
    given = _overrides(before, after, known, change.overrides)
    new = NewPlan(
        id=change.id,
        title=found.row.title,
        start_at=found.row.start_at,
        zone=found.row.zone,
        problem=problem,
        plan=roster,
        kind=PlanKind.ROSTER,
    )
    row = keep_draft(session, actor=acting.actor, at=acting.at, new=new)
    intent = Publishing(plan=row.id, version=row.version, overrides=given)
    publish(session, ledger=acting.ledger, actor=acting.actor, at=acting.at, intent=intent)


def _overrides(
    before: Mapping[str, int], after: Mapping[str, int], known: Sequence[Override], new: Sequence[Override]
) -> tuple[Override, ...]:
    """Give the reasons that count: what was accepted goes on to be so unless it gets worse."""
    worse = {rule for rule, amount in after.items() if amount > before.get(rule, 0)}
    kept = {one.rule: one for one in known if one.rule not in worse}
    return tuple((kept | {one.rule: one for one in new}).values())

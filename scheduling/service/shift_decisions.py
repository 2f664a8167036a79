"""A planner's decision about leave, a swap or an offered shift, and taking it back until it begins.

Approval puts a new roster in force, checked as every other one: a must that it breaks more often than before needs a
reason of its own, what was accepted before stays accepted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec
from sqlmodel import Session

from scheduling.model.plans import Override, PlanKind
from scheduling.model.rosters import Assignment, Request, RosterProblem
from scheduling.model.shift_requests import RequestKind, RequestStatus, RosterChange, ShiftRequest
from scheduling.rules.rosters import cells_at, with_cells
from scheduling.rules.shift_requests import half_leave_days, leave_days, shifts_within
from scheduling.service import leave
from scheduling.service.crossings import Elsewhere, broken_of
from scheduling.service.plans import NewPlan, Publishing, keep_draft, publish
from scheduling.service.roster_board import Choice, RosterBoard, fill, without_new_leave
from scheduling.service.rosters_in_force import RosterInForce, roster_in_force, rosters_of
from scheduling.service.shift_requests import Acting, Intent, cells_in, opened, store
from scheduling.tables.shift_requests import list_requests
from twin.access import Permission
from twin.errors import Conflict, HospitalTwinError, Refused

HALF_LEAVE_PRICE = 1000
"""Of a shift in half a day's leave when the roster is made again: dearer than any wish or anybody missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOutlook:
    """What approval would do to one roster.

    Parameters
    ----------
    place : str
        What it staffs; empty for the whole hospital.
    start_at : int
        Its first midnight, UTC microseconds.
    choice : Choice
        Days that change and every rule that they touch, those of ``filled`` included.
    filled : tuple[Assignment, ...]
        Who would work the shifts that leave opens; none for swaps and offers, or without filling.
    gaps : tuple[Assignment, ...]
        Shifts that stay open.
    """

    place: str
    start_at: int
    choice: Choice
    filled: tuple[Assignment, ...] = ()
    gaps: tuple[Assignment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What approval would do.

    Parameters
    ----------
    places : tuple[PlaceOutlook, ...]
        By roster: one for swaps and offers; leave touches every roster that speaks of the person.
    missing : dict[int, int]
        Half days of leave that there are not, by calendar year.
    """

    places: tuple[PlaceOutlook, ...]
    missing: dict[int, int] = field(default_factory=dict)

    def worse(self) -> list[str]:
        """Give the rules for which approval needs a reason, in the order of their names."""
        found = {
            one.rule.value
            for place in self.places
            for one in place.choice.consequences
            if one.is_hard and one.after > one.before
        }
        return sorted(found | ({leave.ALLOWANCE} if self.missing else set()))


def outlook(session: Session, request: ShiftRequest, *, fills: bool = False) -> Outlook:
    """Tell what approval of a request would do to the rosters in force.

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
    known = _rosters(session, request)
    places = tuple(_outlook(session, found, request, fills=fills) for found in known)
    return Outlook(places=places, missing=leave.missing_of(session, request, known[0].row.zone))


def _rosters(session: Session, request: ShiftRequest) -> list[RosterInForce]:
    """Give the rosters that a request changes, at least one."""
    if request.kind is RequestKind.LEAVE:
        # The ward that it was asked on may have no roster with the person any more; others may have.
        return rosters_of(session, request.staff) or [roster_in_force(session, place=request.place)]
    return [roster_in_force(session, place=request.place, at=request.from_at)]


def outlook_or_reason(
    session: Session, request: ShiftRequest, *, fills: bool = False
) -> tuple[Outlook | None, HospitalTwinError | None]:
    """Give what approval would do, or why it cannot be approved any more; parameters as of :func:`outlook`."""
    try:
        return outlook(session, request, fills=fills), None
    except (Conflict, Refused) as error:
        return None, error


def _outlook(session: Session, found: RosterInForce, request: ShiftRequest, *, fills: bool) -> PlaceOutlook:
    cells = cells_in(found, request) if found.has(request.staff) or request.kind is not RequestKind.LEAVE else ()
    problem = _problem_after(found, request)
    filled: tuple[Assignment, ...] = ()
    gaps: tuple[Assignment, ...] = ()
    if request.kind is RequestKind.LEAVE:
        vacated = [one for one in cells_at(found.roster, cells) if one.shift]
        if fills:
            filled = fill(RosterBoard(problem, with_cells(found.roster, cells)), vacated)
        taken = {(one.day, one.shift, one.skill) for one in filled}
        gaps = tuple(one for one in vacated if (one.day, one.shift, one.skill) not in taken)
    choice = without_new_leave(RosterBoard(problem, found.roster).consider((*cells, *filled)))
    choice = Elsewhere(session, found).told(choice)
    return PlaceOutlook(place=found.row.place, start_at=found.row.start_at, choice=choice, filled=filled, gaps=gaps)


def _problem_after(found: RosterInForce, request: ShiftRequest) -> RosterProblem:
    if request.kind is not RequestKind.LEAVE:
        return found.problem
    days = frozenset(leave_days(found.time, found.problem.days, request))
    employees = tuple(
        replace(one, days_off=one.days_off | days) if one.id == request.staff else one
        for one in found.problem.employees
    )
    wishes = _half_day_wishes(found, request)
    return replace(found.problem, employees=employees, requests=(*found.problem.requests, *wishes))


def _half_day_wishes(found: RosterInForce, request: ShiftRequest) -> tuple[Request, ...]:
    """Give the wishes that keep the shifts of half a day's leave away from whoever makes the roster again."""
    if not found.has(request.staff):
        return ()
    return tuple(
        Request(employee=request.staff, day=day, shift=shift, weight=HALF_LEAVE_PRICE)
        for day in half_leave_days(found.time, found.problem.days, request)
        for shift in shifts_within(found.time, day, request)
    )


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
    """Put the roster in force that a request asks for; leave does so with every roster that speaks of the person.

    Raises
    ------
    Forbidden
        Without PLANS_EDIT and PLANS_PUBLISH.
    Refused
        If a must is broken more than before, or leave is granted that there is not, and nobody has accepted it, naming
        each.
    Conflict, StaleVersion
        As of :func:`agree`.
    """
    acting.actor.require(Permission.PLANS_PUBLISH)
    request = opened(session, acting, approval.intent, RequestStatus.AGREED)
    reason = _allowed(session, request, approval)
    changes, nexts = [], []
    for index, found in enumerate(_rosters(session, request)):
        cells = _outlook(session, found, request, fills=approval.fills).choice.cells
        problem = _problem_after(found, request)
        if not cells and problem == found.problem:
            continue  # leave after this roster: those to come are made around it
        new = _Next(problem=problem, cells=cells, id=_plan_id(approval, index), overrides=approval.overrides)
        nexts.append((found, new))
        own = _leave_of(found, request.staff) - _other_leave(session, found, request)
        changes.append(
            RosterChange(
                place=found.row.place,
                plan=new.id,
                start_at=found.row.start_at,
                cells_before=cells_at(found.roster, cells),
                cells_after=cells,
                leave_before=tuple(sorted(own)),
            )
        )
    made = _decided(request, acting, RequestStatus.APPROVED)
    made = replace(made, changes=tuple(changes), allowance_reason=reason)
    # Stored first: what is published is looked at together with all leave that is granted, this one included.
    store(session, acting, made, reason=f"{leave.ALLOWANCE}: {reason}" if reason else "")
    _put_all_in_force(session, acting, nexts)
    return made


def _plan_id(approval: Approval, index: int) -> str:
    return f"{approval.new_plan}-{index + 1}" if index else approval.new_plan


def _decided(request: ShiftRequest, acting: Acting, status: RequestStatus) -> ShiftRequest:
    return replace(
        request,
        status=status,
        decided_at=acting.at,
        decided_by=acting.actor.id,
        is_news_to_staff=bool(request.staff),
        is_news_to_partner=bool(request.partner),
        version=request.version + 1,
    )


def _allowed(session: Session, request: ShiftRequest, approval: Approval) -> str:
    """Give why leave is granted beyond what there is, empty if there is enough.

    Raises
    ------
    Refused
        If nobody has accepted it.
    """
    missing = leave.missing_of(session, request, _rosters(session, request)[0].row.zone)
    if not missing:
        return ""
    reason = next((one.reason.strip() for one in approval.overrides if one.rule == leave.ALLOWANCE), "")
    if not reason:
        raise Refused(
            "There is not enough leave left: refuse it, correct the year by hand, or give a reason for granting it.",
            reasons=[f"{leave.ALLOWANCE}: {halves / 2:g} days of {year}" for year, halves in missing.items()],
            code="roster.leave_allowance",
        )
    return reason


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
    nexts = _taken_back(session, request, approval)
    made = _decided(request, acting, RequestStatus.UNDONE)
    # Stored first: the days are no leave any more when the roster with their shifts is looked at.
    store(session, acting, made)
    _put_all_in_force(session, acting, nexts)
    return made


def _taken_back(session: Session, request: ShiftRequest, approval: Approval) -> list[tuple[RosterInForce, _Next]]:
    """Give the rosters that follow when an approved request is taken back."""
    changed = {(one.place, one.start_at): one for one in request.changes}
    known = {(one.row.place, one.row.start_at): one for one in _rosters(session, request)}
    told = "These days have been changed since: change them in a new roster instead."
    if not changed.keys() <= known.keys():
        raise Conflict(told, code="roster.changed_since")
    nexts = []
    for index, (key, found) in enumerate(known.items()):
        change = changed.get(key, RosterChange(place=key[0], plan="", start_at=key[1]))
        # Taking back is exact or not at all: days that were changed since have another reason now.
        if cells_at(found.roster, change.cells_after) != change.cells_after:
            raise Conflict(told, code="roster.changed_since")
        problem, cells = found.problem, change.cells_before
        if request.kind is RequestKind.LEAVE:
            kept = frozenset(change.leave_before) | _other_leave(session, found, request)
            problem = _without_leave(found, request, kept)
            # A day that stays leave gets no shift back: that would break the very leave.
            cells = tuple(cell for cell in cells if cell.employee != request.staff or cell.day not in kept)
        if cells or problem != found.problem:
            new = _Next(problem=problem, cells=cells, id=_plan_id(approval, index), overrides=approval.overrides)
            nexts.append((found, new))
    return nexts


def _without_leave(found: RosterInForce, request: ShiftRequest, kept: frozenset[int]) -> RosterProblem:
    """Give a roster's problem without a leave, but for days that stay leave for another reason."""
    problem = found.problem
    days = frozenset(leave_days(found.time, problem.days, request)) - kept
    employees = tuple(
        replace(one, days_off=one.days_off - days) if one.id == request.staff else one for one in problem.employees
    )
    wishes = list(problem.requests)
    for wish in _half_day_wishes(found, request):
        if wish in wishes:
            wishes.remove(wish)
    return replace(problem, employees=employees, requests=tuple(wishes))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Next:
    """The roster that follows the one in force."""

    problem: RosterProblem
    cells: Sequence[Assignment]
    id: str
    overrides: tuple[Override, ...]


def _put_all_in_force(session: Session, acting: Acting, nexts: Sequence[tuple[RosterInForce, _Next]]) -> None:
    for index, (found, new) in enumerate(nexts):
        # One after the other: of two rosters of a ward at one instant nobody could say which was published last.
        _put_in_force(session, replace(acting, at=acting.at + index), found, new)


def _put_in_force(session: Session, acting: Acting, found: RosterInForce, change: _Next) -> None:
    before = broken_of(session, found.row)
    new = NewPlan(
        id=change.id,
        title=found.row.title,
        start_at=found.row.start_at,
        zone=found.row.zone,
        problem=msgspec.json.encode(change.problem),
        plan=msgspec.json.encode(with_cells(found.roster, change.cells)),
        kind=PlanKind.ROSTER,
        based_on=found.row.id,
    )
    row = keep_draft(session, actor=acting.actor, at=acting.at, new=new)
    # Reasons given before hold for as long as the rule is not broken more often.
    known = msgspec.json.decode(found.row.overrides, type=tuple[Override, ...])
    given = _overrides(before, broken_of(session, row), known, change.overrides)
    intent = Publishing(plan=row.id, version=row.version, overrides=given)
    publish(session, ledger=acting.ledger, actor=acting.actor, at=acting.at, intent=intent)


def _overrides(
    before: Mapping[str, int], after: Mapping[str, int], known: Sequence[Override], new: Sequence[Override]
) -> tuple[Override, ...]:
    """Give the reasons that count: what was accepted goes on to be so unless it gets worse."""
    worse = {rule for rule, amount in after.items() if amount > before.get(rule, 0)}
    kept = {one.rule: one for one in known if one.rule not in worse}
    return tuple((kept | {one.rule: one for one in new}).values())

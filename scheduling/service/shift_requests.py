"""Leave, swaps and offered shifts: asked by the person, agreed or taken by a colleague, refused or withdrawn.

None of this changes the roster in force: a planner's decision does, which stands in ``shift_decisions``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlmodel import Session

from scheduling.model.rosters import Assignment
from scheduling.model.shift_requests import OPEN_STATUSES, RequestKind, RequestStatus, ShiftRequest, Span
from scheduling.rules.leave import on_wall
from scheduling.rules.shift_requests import MOST_LEAVE_DAYS, MOST_PACKAGE, cells_of, overlaps
from scheduling.service.rosters_in_force import RosterInForce, roster_in_force, roster_with_shift, rosters_of
from scheduling.tables.shift_requests import list_requests, load_request, save_request
from twin.access import Actor, Permission
from twin.errors import Conflict, FieldError, FieldProblem, Forbidden, NotFound, Refused, StaleVersion
from twin.events.work import ShiftRequestChanged
from twin.ports import EventSink


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """Who acts, when, and where it is noted.

    Parameters
    ----------
    actor : Actor
        A person; acts for the member of staff that they are.
    at : int
        UTC microseconds.
    ledger : EventSink
        Each act is a ``ShiftRequestChanged``, which the audit hears too.
    """

    actor: Actor
    at: int
    ledger: EventSink


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody asks for.

    Parameters
    ----------
    id : str
        Id of the new request.
    kind : RequestKind
        Leave, swap or offer.
    from_at, to_at : int
        Leave: midnight before the first day and after the last one, or noon of these days. Swap and offer: start of
        one's own shift in ``from_at``; of an open shift any instant of its day.
    also : tuple[int, ...]
        Starts of further shifts of one's own in a swap.
    partner : str
        Colleague of a swap.
    partner_at : int
        Start of the colleague's shift.
    partner_also : tuple[int, ...]
        Starts of further shifts of the colleague's.
    shift, skill : str
        Of an open shift that nobody has; such an offer is a planner's.
    place : str or None
        Of an open shift: whose roster it is in; the one published last unless told.
    reason : str
        Why.
    """

    id: str
    kind: RequestKind
    from_at: int
    to_at: int = 0
    also: tuple[int, ...] = ()
    partner: str = ""
    partner_at: int = 0
    partner_also: tuple[int, ...] = ()
    shift: str = ""
    skill: str = ""
    place: str | None = None
    reason: str = ""


def ask(session: Session, *, acting: Acting, asked: Asked) -> ShiftRequest:
    """Ask for leave, for a swap, or offer a shift.

    Raises
    ------
    Forbidden
        If an open shift is offered without PLANS_EDIT.
    Conflict
        If no roster is in force, it has begun, or the same is asked for already.
    NotFound
        If the shift or the colleague is not in the roster.
    FieldError
        If days are in the wrong order, or outside the roster.
    Refused
        If it cannot be: one of the two works on the other's day already.
    """
    acting.actor.require(Permission.SELF)
    me = acting.actor.hands
    found = _roster_of(session, me, asked)
    new = ShiftRequest(
        id=asked.id,
        kind=asked.kind,
        status=RequestStatus.AGREED,
        staff=me,
        from_at=asked.from_at,
        to_at=asked.to_at,
        reason=asked.reason,
        asked_at=acting.at,
        asked_by=acting.actor.id,
        place=found.row.place,
    )
    if asked.kind is RequestKind.LEAVE:
        new = _leave(found, new)
    elif asked.kind is RequestKind.SWAP:
        new = _swap(found, new, asked)
    else:
        new = _offer(found, new, acting, asked)
    # Leave of today cannot be asked for by the person: the planner calls it an absence.
    if new.begins_at <= acting.at:
        raise Conflict("It has begun already: only what is still to come can be changed.", code="roster.begun")
    for other in list_requests(session, staff=new.staff, statuses=OPEN_STATUSES) if new.staff else ():
        if overlaps(new, other):
            told = f"You have asked for the same time already ({other.kind.value}): withdraw that request first."
            raise Conflict(told, code="roster.asked_already")
    return store(session, acting, new, reason=new.reason)


def _roster_of(session: Session, me: str, asked: Asked) -> RosterInForce:
    """Give the roster that a request is about: that of the shift or of the place; for leave any with the person."""
    if asked.kind is RequestKind.OFFER and asked.shift:
        return roster_in_force(session, place=asked.place, at=asked.from_at)
    if asked.kind is RequestKind.LEAVE:
        return roster_in_force(session, staff=me)
    if not rosters_of(session, me):
        return roster_in_force(session)  # where it is told that one is not in it
    return roster_with_shift(session, me, asked.from_at)


def _must_be_rostered(found: RosterInForce, staff: str) -> None:
    if staff not in {one.id for one in found.problem.employees}:
        told = "You are not in the roster in force: ask an administrator to link your user to a member of staff."
        raise Refused(told, code="roster.not_rostered")


def _leave(found: RosterInForce, new: ShiftRequest) -> ShiftRequest:
    _must_be_rostered(found, new.staff)
    if new.to_at <= new.from_at:
        raise wrong("to", "The last day is before the first one.", "Exchange the two.")
    days = (on_wall(new.to_at - 1, found.row.zone).date() - on_wall(new.from_at, found.row.zone).date()).days + 1
    # Two months at once are a matter for a talk, not for a form.
    if days > MOST_LEAVE_DAYS:
        raise wrong("to", f"More than {MOST_LEAVE_DAYS} days.", "Ask for fewer days at once.")
    # Days after the roster in force can be asked for as well: rosters to come are made around them.
    return new


def _swap(found: RosterInForce, new: ShiftRequest, asked: Asked) -> ShiftRequest:
    _must_be_rostered(found, new.staff)
    if asked.partner == new.staff or not found.has(asked.partner):
        raise wrong("partner", "There is no such colleague in the roster.", "Choose a colleague.")
    given = _package(found, new.staff, (asked.from_at, *asked.also), "also")
    wanted = _package(found, asked.partner, (asked.partner_at, *asked.partner_also), "partner_also")
    made = replace(
        new,
        status=RequestStatus.ASKED,
        from_at=given[0].from_at,
        to_at=given[0].to_at,
        also_given=given[1:],
        partner=asked.partner,
        partner_from_at=wanted[0].from_at,
        partner_to_at=wanted[0].to_at,
        also_wanted=wanted[1:],
        is_news_to_partner=True,
    )
    cells_in(found, made)  # refuses what cannot be before the colleague is bothered
    return made


def _package(found: RosterInForce, staff: str, starts: tuple[int, ...], field: str) -> tuple[Span, ...]:
    """Give a person's shifts of a swap in their order."""
    if len(set(starts)) != len(starts):
        raise wrong(field, "A shift stands twice.", "Name each shift once.")
    if len(starts) > MOST_PACKAGE:
        raise wrong(field, f"More than {MOST_PACKAGE} shifts.", "Swap fewer shifts at once.")
    spans = (found.time.span(found.shift_at(staff, start)) for start in sorted(starts))
    return tuple(Span(from_at=begins, to_at=ends) for begins, ends in spans)


def _offer(found: RosterInForce, new: ShiftRequest, acting: Acting, asked: Asked) -> ShiftRequest:
    if not asked.shift:
        _must_be_rostered(found, new.staff)
        mine = found.shift_at(new.staff, asked.from_at)
        from_at, to_at = found.time.span(mine)
        return replace(
            new,
            status=RequestStatus.OFFERED,
            from_at=from_at,
            to_at=to_at,
            shift=mine.shift,
            skill=mine.skill,
        )
    acting.actor.require(Permission.PLANS_EDIT)  # a shift that nobody has is the planner's to give
    if asked.shift not in found.time.shifts:
        raise NotFound("shift", asked.shift)
    if asked.skill and asked.skill not in found.problem.skills:
        raise NotFound("skill", asked.skill)
    day = found.time.day_of(asked.from_at)
    if not 0 <= day < found.problem.days:
        raise wrong("from", "The day is not in the roster in force.", "Choose a day of the roster.")
    from_at, to_at = found.time.span(Assignment(employee="", day=day, shift=asked.shift))
    return replace(
        new,
        status=RequestStatus.OFFERED,
        staff="",
        from_at=from_at,
        to_at=to_at,
        shift=asked.shift,
        skill=asked.skill,
    )


def cells_in(found: RosterInForce, request: ShiftRequest) -> tuple[Assignment, ...]:
    """Give the days of the roster in force that a request changes; errors as of ``cells_of``."""
    return cells_of(found.time, found.problem, found.roster, request)


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What somebody does with a request of the version that they saw.

    Parameters
    ----------
    request : str
        Id.
    version : int
        Of the request that the person saw.
    reason : str
        Why it is refused.
    """

    request: str
    version: int
    reason: str = ""


def opened(session: Session, acting: Acting, intent: Intent, *statuses: RequestStatus) -> ShiftRequest:
    """Give a request that can still be acted on.

    Raises
    ------
    NotFound, StaleVersion, Conflict
        If there is none, it changed since it was seen, has another status, or has begun.
    """
    found = load_request(session, intent.request)
    if found.version != intent.version:
        raise StaleVersion(expected=intent.version, found=found.version)
    if found.status not in statuses:
        raise Conflict(f"The request is {found.status.value} already.", code="roster.request_over")
    if found.begins_at <= acting.at:
        raise Conflict("It has begun already: only what is still to come can be changed.", code="roster.begun")
    return found


def agree(session: Session, *, acting: Acting, intent: Intent) -> ShiftRequest:
    """Agree to a swap as the colleague who is asked, or take an offered shift.

    Raises
    ------
    Forbidden
        If somebody else is asked.
    Refused
        If whoever takes a shift works on that day already, or lacks its skill.
    Conflict
        If it is over, or the roster has changed so that it cannot be any more.
    StaleVersion
        If it changed since the person saw it.
    """
    acting.actor.require(Permission.SELF)
    found = opened(session, acting, intent, RequestStatus.ASKED, RequestStatus.OFFERED)
    me, force = acting.actor.hands, roster_in_force(session, place=found.place, at=found.from_at)
    if found.status is RequestStatus.ASKED and me != found.partner:
        raise Forbidden("shift_request:partner")
    _must_be_rostered(force, me)
    if found.status is RequestStatus.OFFERED and me == found.staff:
        raise Refused("It is your own shift: withdraw the offer to keep it.", code="roster.own_shift")
    made = replace(found, status=RequestStatus.AGREED, partner=me, is_news_to_staff=bool(found.staff))
    cells_in(force, made)
    return store(session, acting, replace(made, version=found.version + 1))


def withdraw(session: Session, *, acting: Acting, intent: Intent) -> ShiftRequest:
    """Withdraw one's own request, or a planner's open shift; who took an offer may give it back before the decision.

    Raises
    ------
    Forbidden
        If it is somebody else's.
    Conflict, StaleVersion
        As of :func:`agree`.
    """
    acting.actor.require(Permission.SELF)
    found = opened(session, acting, intent, *OPEN_STATUSES)
    me = acting.actor.hands
    if found.kind is RequestKind.OFFER and found.partner and me == found.partner:
        back = replace(found, status=RequestStatus.OFFERED, partner="", is_news_to_staff=bool(found.staff))
        return store(session, acting, replace(back, version=found.version + 1))
    if found.staff != me or not found.staff:
        acting.actor.require(Permission.PLANS_EDIT)
    made = replace(
        found, status=RequestStatus.WITHDRAWN, is_news_to_partner=bool(found.partner), version=found.version + 1
    )
    return store(session, acting, made)


def refuse(session: Session, *, acting: Acting, intent: Intent) -> ShiftRequest:
    """Refuse a request: the colleague who is asked, or a planner with a reason.

    Raises
    ------
    Forbidden
        If it is neither of them.
    FieldError
        If a planner gives no reason.
    Conflict, StaleVersion
        As of :func:`agree`.
    """
    acting.actor.require(Permission.SELF)
    found = opened(session, acting, intent, *OPEN_STATUSES)
    is_asked = found.status is RequestStatus.ASKED and found.partner == acting.actor.hands
    if not is_asked:
        acting.actor.require(Permission.PLANS_EDIT)
        if not intent.reason.strip():
            raise wrong("reason", "Nobody likes to be refused without a reason.", "Say why.")
    made = replace(
        found,
        status=RequestStatus.REFUSED,
        answer=intent.reason.strip(),
        decided_at=acting.at,
        decided_by=acting.actor.id,
        is_news_to_staff=bool(found.staff),
        is_news_to_partner=bool(found.partner) and not is_asked,
        version=found.version + 1,
    )
    return store(session, acting, made, reason=made.answer)


def mark_seen(session: Session, *, acting: Acting, request: str) -> ShiftRequest:
    """Note that the person has seen what others did with a request; nothing else changes, and nobody is told.

    Raises
    ------
    Forbidden
        If it does not concern them.
    """
    found = load_request(session, request)
    me = acting.actor.hands
    if not found.concerns(me):
        raise Forbidden("shift_request:concerned")
    made = replace(
        found,
        is_news_to_staff=found.is_news_to_staff and me != found.staff,
        is_news_to_partner=found.is_news_to_partner and me != found.partner,
    )
    save_request(session, made)
    return made


def store(session: Session, acting: Acting, request: ShiftRequest, *, reason: str = "") -> ShiftRequest:
    """Write a request and tell what was done with it."""
    save_request(session, request)
    event = ShiftRequestChanged(
        thing=request.id,
        occurred_at=acting.at,
        source=f"user:{acting.actor.id}",
        source_key=f"shift-request:{request.id}:{request.version}",
        actor=acting.actor.id,
        kind=request.kind.value,
        stage=request.status.value,
        staff=request.staff,
        partner=request.partner,
        reason=reason[:500],
    )
    acting.ledger.append(session, [event])
    return request


def wrong(field: str, message: str, cure: str) -> FieldError:
    """Give the error of one field of what a person asks."""
    return FieldError(FieldProblem(field=field, place="body", message=message, cure=cure))

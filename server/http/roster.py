"""The roster in force over HTTP: what one person sees, leave, swaps and offered shifts, and a planner's decision."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated

import msgspec
from fastapi import Response
from sqlmodel import Session

from scheduling.model.plans import Override
from scheduling.model.rosters import Assignment
from scheduling.model.shift_requests import RequestKind, RequestStatus, ShiftRequest
from scheduling.rules.calendar_days import wall_time
from scheduling.rules.leave import NOON, on_wall
from scheduling.rules.shift_requests import MOST_PACKAGE, RosterTime
from scheduling.service import my_shifts, shift_decisions, shift_requests
from scheduling.service.publishing import calendar
from scheduling.service.roster_board import Choice
from scheduling.service.roster_sheets import midnight
from scheduling.service.rosters_in_force import roster_with_shift
from scheduling.service.shift_decisions import PlaceOutlook
from scheduling.service.shift_requests import Acting, Asked, Intent
from scheduling.tables.shift_requests import list_requests, load_request
from server.doors.context import Call, CallDep
from server.doors.pages import CursorText, Limit, PathText, Text
from server.doors.router import SELF, Router
from server.http.plans import OverrideTold
from server.http.roster_shapes import (
    CellShown,
    MyRosterShown,
    MyShiftShown,
    OfferShown,
    RequestDetail,
    RequestPage,
    ShiftRequestShown,
    Swaps,
    SwapShown,
    TakenShown,
    request_shown,
)
from server.http.roster_talk import consequences_shown
from twin.access import Permission
from twin.clock import from_text, to_text
from twin.errors import FieldError, FieldProblem, Forbidden
from twin.events.work import PlannedShift

router = Router("/v1/roster", tag="roster")

Short = Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\x00]*$")]
Reason = Annotated[str, msgspec.Meta(max_length=500, pattern=r"^[^\x00]*$")]
Further = Annotated[tuple[Short, ...], msgspec.Meta(max_length=MOST_PACKAGE)]
Version = Annotated[int, msgspec.Meta(ge=1, le=1 << 31)]


class RequestAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is asked for.

    ``leave``: ``from`` and ``to`` are its first and last day (``2026-12-24``); with ``from_noon`` it begins at noon,
    with ``to_noon`` it ends then. ``swap``: ``from`` is the start of one's own shift, ``partner`` and ``partner_from``
    the colleague's; ``also`` and ``partner_also`` are starts of further shifts of both. ``offer``: ``from`` is the
    start of one's own shift; with ``shift`` it is a day on which nobody has that shift; such an offer is a planner's,
    in the roster of ``place``.
    """

    kind: RequestKind
    from_: Short = msgspec.field(name="from")
    to: Short = ""
    from_noon: bool = False
    to_noon: bool = False
    also: Further = ()
    partner: Short = ""
    partner_from: Short = ""
    partner_also: Further = ()
    shift: Short = ""
    skill: Short = ""
    place: Short | None = None
    reason: Reason = ""


class ActKind(StrEnum):
    """What a person does with a request."""

    AGREE = "agree"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    SEEN = "seen"


class ActTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is done with a request of the version that was seen; ``agree`` also takes an offered shift."""

    kind: ActKind
    version: Version
    reason: Reason = ""


class DecisionKind(StrEnum):
    """What a planner decides."""

    APPROVE = "approve"
    UNDO = "undo"


class DecisionTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A decision; each must that is broken more than before needs an override. ``fills`` finds people for leave."""

    kind: DecisionKind
    version: Version
    overrides: Annotated[tuple[OverrideTold, ...], msgspec.Meta(max_length=50)] = ()
    fills: bool = False


def _acting(call: Call) -> Acting:
    return Acting(actor=call.actor, at=call.now, ledger=call.hospital.ledger)


def _day(call: Call, text: str, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise _wrong(field, f"{text[:40]!r} is no day.", "Write a day such as 2026-12-24.") from error


def _midnight(call: Call, day: date) -> int:
    return midnight(day, call.hospital.settings.time_zone)


def _noon(call: Call, day: date) -> int:
    return midnight(day, call.hospital.settings.time_zone, hour=NOON)


def _instant(text: str, field: str) -> int:
    try:
        return from_text(text)
    except ValueError as error:
        raise _wrong(field, f"{text[:40]!r} is no instant.", "Give an offset, such as 2026-12-24T07:00:00Z.") from error


def _asked(call: Call, told: RequestAsked, new_id: str) -> Asked:
    if told.kind is RequestKind.LEAVE:
        first, last = _day(call, told.from_, "from"), _day(call, told.to or told.from_, "to")
        try:
            end = last + timedelta(days=1)
        except OverflowError as error:
            raise _wrong("to", f"{told.to} is too late.", "Ask for days of the roster in force.") from error
        begins = _noon(call, first) if told.from_noon else _midnight(call, first)
        ends = _noon(call, last) if told.to_noon else _midnight(call, end)
        return Asked(id=new_id, kind=told.kind, from_at=begins, to_at=ends, reason=told.reason)
    is_open_shift = bool(told.shift)
    start = _midnight(call, _day(call, told.from_, "from")) if is_open_shift else _instant(told.from_, "from")
    return Asked(
        id=new_id,
        kind=told.kind,
        from_at=start,
        also=tuple(_instant(one, "also") for one in told.also),
        partner=told.partner,
        partner_also=tuple(_instant(one, "partner_also") for one in told.partner_also),
        partner_at=_instant(told.partner_from, "partner_from") if told.kind is RequestKind.SWAP else 0,
        shift=told.shift,
        skill=told.skill,
        place=told.place,
        reason=told.reason,
    )


@router.get("/mine", permission=SELF, gives=MyRosterShown)
def get_my_roster(call: CallDep) -> MyRosterShown:
    """Give one's own shifts to come, shifts that one could take, and requests that one has to do with."""
    with call.hospital.read() as session:
        found = my_shifts.my_roster(session, staff=call.actor.hands, at=call.now)
    me = call.actor.hands
    told = [*found.requests, *(one.request for one in found.offers)]
    return MyRosterShown(
        staff=me,
        is_rostered=found.is_rostered,
        places=list(found.places),
        news=found.news,
        names=_names(call, {who for one in told for who in (one.staff, one.partner) if who}),
        place_names=_place_names(call, found.places),
        shifts=[
            MyShiftShown(
                place=one.place,
                shift=one.shift,
                skill=one.skill,
                starts=to_text(one.from_at),
                ends=to_text(one.to_at),
                request=one.request,
            )
            for one in found.shifts
        ],
        offers=[
            OfferShown(request=request_shown(one.request, me), cost=one.choice.cost, breaks=_breaks(one.choice))
            for one in found.offers
        ],
        requests=[request_shown(one, me) for one in found.requests],
    )


def _breaks(choice: Choice) -> list[str]:
    return sorted({one.rule.value for one in choice.consequences if one.is_hard and one.after > one.before})


@router.get("/mine/calendar.ics", permission=SELF, media="text/calendar")
def get_my_calendar(call: CallDep) -> Response:
    """Give one's own shifts to come, of all wards, as a calendar file; an event keeps its id in the rosters to come."""
    me = call.actor.hands
    with call.hospital.read() as session:
        found = my_shifts.my_roster(session, staff=me, at=call.now)
    names = _place_names(call, found.places)
    shifts = [
        PlannedShift(
            staff=one.shift,
            place=names.get(one.place, one.place),
            start_at=one.from_at,
            end_at=one.to_at,
            role=one.skill,
        )
        for one in found.shifts
    ]
    headers = {"content-disposition": 'attachment; filename="shifts.ics"'}
    # Named by the person, not by the plan: whoever reads it again gets the same events, not a second set of them.
    text = calendar(f"shift-{me}", call.now, (), shifts)
    return Response(text, media_type="text/calendar; charset=utf-8", headers=headers)


@router.get("/mine/swaps", permission=SELF, gives=Swaps)
def find_swaps(call: CallDep, shift: Text) -> Swaps:
    """Give shifts of colleagues that one could have for one's own without breaking a must.

    One's own begin at ``shift``; several are given with commas between them.
    """
    starts, me = [_instant(one.strip(), "shift") for one in shift.split(",")], call.actor.hands
    if len(starts) > MOST_PACKAGE:
        raise _wrong("shift", f"More than {MOST_PACKAGE} shifts.", "Swap fewer shifts at once.")
    with call.hospital.read() as session:
        times = roster_with_shift(session, me, starts[0]).time
        found = my_shifts.my_swaps(session, staff=me, from_at=starts, at=call.now)
    shown = [_swap(times, me, one) for one in found]
    return Swaps(swaps=shown, names=_names(call, {one.partner for one in shown}))


def _names(call: Call, staff: set[str]) -> dict[str, str]:
    """Give the labels of members of staff; who has none is left out."""
    known = call.hospital.live.staff
    return {one: known[one].label for one in sorted(staff) if one in known and known[one].label}


def _place_names(call: Call, places: tuple[str, ...]) -> dict[str, str]:
    """Give the names of places; what is not known any more is left out."""
    known = call.hospital.live.places
    return {one: known[one].name for one in places if one in known and known[one].name}


def _swap(times: RosterTime, me: str, choice: Choice) -> SwapShown:
    taken = []
    for one in choice.cells:
        if one.employee == me and one.shift:
            begins, ends = times.span(one)
            taken.append(TakenShown(shift=one.shift, starts=to_text(begins), ends=to_text(ends)))
    first, *also = taken
    return SwapShown(
        partner=next(one.employee for one in choice.cells if one.employee != me),
        shift=first.shift,
        starts=first.starts,
        ends=first.ends,
        also=also,
        cost=choice.cost,
    )


@router.post("/requests", permission=SELF, takes=RequestAsked, gives=ShiftRequestShown, status=201)
async def ask(call: CallDep) -> ShiftRequestShown:
    """Ask for leave or a swap, or offer a shift; nothing changes until a planner has decided."""
    asked = _asked(call, call.read(RequestAsked), call.hospital.new_id())
    acting = _acting(call)
    made = await call.hospital.write(lambda session: shift_requests.ask(session, acting=acting, asked=asked))
    return request_shown(made, call.actor.hands)


@router.get("/requests", permission=Permission.PLANS_READ, gives=RequestPage)
def list_all(call: CallDep, status: Text = "", limit: Limit = 50, cursor: CursorText = "") -> RequestPage:
    """List requests, the newest first; of one status if that is named. Nurses see those that concern them."""
    if status and status not in set(RequestStatus):
        raise _wrong("status", f"There is no status {status[:40]!r}.", f"Use one of {', '.join(RequestStatus)}.")
    after = call.cursors.read(f"shift-requests:{status}", cursor)
    staff = "" if call.actor.may(Permission.PLANS_EDIT) else call.actor.hands
    with call.hospital.read() as session:
        found = list_requests(
            session,
            staff=staff,
            statuses=[RequestStatus(status)] if status else (),
            before=str(after[0]) if after else "",
            limit=limit + 1,
        )
    shown = [request_shown(one, call.actor.hands) for one in found[:limit]]
    following = call.cursors.write(f"shift-requests:{status}", [shown[-1].id]) if len(found) > limit else ""
    return RequestPage(requests=shown, next=following)


@router.get("/requests/{request_id}", permission=SELF, gives=RequestDetail)
def get_request(call: CallDep, request_id: PathText) -> RequestDetail:
    """Give a request and what approval would do to the roster in force, with colleagues found for leave."""
    with call.hospital.read() as session:
        found = load_request(session, request_id)
        is_offered = found.status is RequestStatus.OFFERED
        if not (found.concerns(call.actor.hands) or is_offered or call.actor.may(Permission.PLANS_EDIT)):
            raise Forbidden(Permission.PLANS_EDIT.value)
        outlook, problem = shift_decisions.outlook_or_reason(session, found, fills=True)
    if outlook is None:
        shown = request_shown(found, call.actor.hands)
        return RequestDetail(request=shown, cells=[], consequences=[], filled=[], gaps=[], problem=str(problem))
    return RequestDetail(
        request=request_shown(found, call.actor.hands),
        cells=[_cell(call, place, one) for place in outlook.places for one in place.choice.cells],
        consequences=[one for place in outlook.places for one in consequences_shown(place.choice.consequences)],
        filled=[_cell(call, place, one) for place in outlook.places for one in place.filled],
        gaps=[_cell(call, place, one) for place in outlook.places for one in place.gaps],
        missing_half_days={str(year): halves for year, halves in outlook.missing.items()},
    )


def _cell(call: Call, place: PlaceOutlook, one: Assignment) -> CellShown:
    day = wall_time(place.start_at, one.day, call.hospital.settings.time_zone)
    return CellShown(
        employee=one.employee,
        place=place.place,
        day=one.day,
        date=on_wall(day, call.hospital.settings.time_zone).date().isoformat(),
        shift=one.shift,
        skill=one.skill,
    )


@router.post("/requests/{request_id}/acts", permission=SELF, takes=ActTold, gives=ShiftRequestShown, status=201)
async def act(call: CallDep, request_id: PathText) -> ShiftRequestShown:
    """Agree as the colleague who is asked, take an offered shift, refuse, withdraw, or note that one has seen it."""
    told, acting = call.read(ActTold), _acting(call)
    intent = Intent(request=request_id, version=told.version, reason=told.reason)

    def use_case(session: Session) -> ShiftRequest:
        if told.kind is ActKind.AGREE:
            return shift_requests.agree(session, acting=acting, intent=intent)
        if told.kind is ActKind.REFUSE:
            return shift_requests.refuse(session, acting=acting, intent=intent)
        if told.kind is ActKind.WITHDRAW:
            return shift_requests.withdraw(session, acting=acting, intent=intent)
        return shift_requests.mark_seen(session, acting=acting, request=request_id)

    return request_shown(await call.hospital.write(use_case), call.actor.hands)


@router.post(
    "/requests/{request_id}/decision",
    permission=Permission.PLANS_PUBLISH,
    takes=DecisionTold,
    gives=ShiftRequestShown,
    status=201,
)
async def decide(call: CallDep, request_id: PathText) -> ShiftRequestShown:
    """Approve a request, which puts a new roster in force, or undo an approval until its first day begins."""
    told, acting = call.read(DecisionTold), _acting(call)
    approval = shift_decisions.Approval(
        intent=Intent(request=request_id, version=told.version),
        new_plan=call.hospital.new_id(),
        overrides=tuple(Override(rule=one.rule, reason=one.reason) for one in told.overrides),
        fills=told.fills,
    )

    def use_case(session: Session) -> ShiftRequest:
        if told.kind is DecisionKind.APPROVE:
            return shift_decisions.approve(session, acting=acting, approval=approval)
        return shift_decisions.undo(session, acting=acting, approval=approval)

    return request_shown(await call.hospital.write(use_case), call.actor.hands)


def _wrong(field: str, message: str, cure: str) -> FieldError:
    return FieldError(FieldProblem(field=field, place="body", message=message, cure=cure))

"""The part of the roster page in which people ask for leave, swap and offer shifts, and answer each other."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import ALL, Input, Output, State, html
from dash.development.base_component import Component

from dash_app.actions import shift_requests as actions
from dash_app.pages import leave
from dash_app.pages.address import TICK
from dash_app.pages.days import day_entry
from dash_app.pages.fields import needed, pressed
from dash_app.pages.guard import Callbacks
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import attributes, panel
from dash_app.pages.tables import Cell, table
from dash_app.queries import shift_requests as queries
from dash_app.queries.names import place_name, staff_label
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import calendar_day, local, number
from scheduling.model.shift_requests import OPEN_STATUSES, RequestKind, RequestStatus, ShiftRequest
from scheduling.rules.leave import NOON
from scheduling.rules.shift_requests import MOST_PACKAGE
from scheduling.service.my_shifts import MyRoster, MyShift, is_news_to
from scheduling.service.roster_board import Choice
from twin.access import Permission

MINE = "shift-mine"
LISTS = "shift-lists"
SHIFT = "shift-own"
REASON = "shift-reason"
FIRST = "shift-first-day"
LAST = "shift-last-day"
LEAVE = "shift-leave"
OFFER = "shift-offer"
SWAPS = "shift-swaps"
BALANCE = "shift-leave-left"
SWAP = "shift-swap"
ACT = "shift-act"
FROM_NOON = "shift-from-noon"
TO_NOON = "shift-to-noon"
ACTS = {
    "agree": mark("Agree"),
    "refuse": mark("Refuse"),
    "withdraw": mark("Withdraw"),
    "seen": mark("Seen"),
}


def span(from_at: int, to_at: int) -> str:
    """Write when a shift is: its day and its times."""
    return f"{calendar_day(from_at)} {local(from_at):%H:%M}–{local(to_at):%H:%M}"


def told_when(request: ShiftRequest) -> str:
    """Write what a request is about: days of leave, or the shifts of both people."""
    if request.kind is RequestKind.LEAVE:
        return _leave_days(request)
    text = ", ".join(span(one.from_at, one.to_at) for one in request.given())
    wanted = ", ".join(span(one.from_at, one.to_at) for one in request.wanted())
    return f"{text} ↔ {wanted}" if wanted else text


def _leave_days(request: ShiftRequest) -> str:
    """Write days of leave, and which of them are half days."""
    first, last = calendar_day(request.from_at), calendar_day(request.to_at - 1)
    is_late, is_early = local(request.from_at).hour >= NOON, local(request.to_at - 1).hour < NOON
    begins = _("{day}, afternoon").format(day=first) if is_late else first
    ends = _("{day}, morning").format(day=last) if is_early else last
    if first == last:
        return begins if is_late else ends
    return f"{begins} – {ends}"


def told_who(port: HospitalPort, request: ShiftRequest) -> str:
    """Write whom a request concerns."""
    state = port.state()
    who = staff_label(state, request.staff) if request.staff else _("open shift")
    return f"{who} ↔ {staff_label(state, request.partner)}" if request.partner else who


def _button(kind: str, text: str, request: ShiftRequest, what: str) -> Component:
    label = _("{act}: {what}").format(act=text, what=what)
    identity = {"type": ACT, "act": kind, "request": request.id, "version": request.version}
    return html.Button(text, id=identity, className="action", n_clicks=0, **attributes(aria_label=label))


def _acts(request: ShiftRequest, staff: str, what: str) -> Component:
    wanted = []
    if request.status is RequestStatus.ASKED and request.partner == staff:
        wanted += ["agree", "refuse"]
    elif request.status in OPEN_STATUSES and staff in (request.staff, request.partner):
        wanted.append("withdraw")
    if is_news_to(request, staff):
        wanted.append("seen")
    return html.Div([_button(kind, _(ACTS[kind]), request, what) for kind in wanted], className="row-acts")


def _requests(port: HospitalPort, found: MyRoster) -> list[Component]:
    if not found.requests:
        return []
    rows: list[list[Cell]] = [
        [
            codes.code_text(codes.SHIFT_REQUEST_KINDS, one.kind.value),
            told_who(port, one),
            told_when(one),
            html.Strong(_status(one)) if is_news_to(one, found.staff) else _status(one),
            one.answer or one.reason,
            _acts(one, found.staff, told_when(one)),
        ]
        for one in found.requests
    ]
    headings = [_("Request"), _("Who"), _("When"), _("Status"), _("Reason"), _("By hand")]
    return [panel(_("My requests, and those to me"), table(_("My requests"), headings, rows), wide=True)]


def _status(request: ShiftRequest) -> str:
    return codes.code_text(codes.SHIFT_REQUEST_STATUSES, request.status.value)


def _offers(port: HospitalPort, found: MyRoster) -> list[Component]:
    if not found.offers:
        return []
    take = _("Take it")
    rows: list[list[Cell]] = [
        [
            span(one.request.from_at, one.request.to_at),
            one.request.shift,
            one.request.skill,
            told_who(port, one.request),
            _breaks(one.choice),
            _button("take", take, one.request, span(one.request.from_at, one.request.to_at)),
        ]
        for one in found.offers
    ]
    headings = [_("When"), _("Shift"), _("Skill"), _("From whom"), _("Would break"), _("By hand")]
    return [panel(_("Shifts that I could take"), table(_("Shifts that I could take"), headings, rows), wide=True)]


def _breaks(choice: Choice) -> str:
    rules = sorted({one.rule.value for one in choice.consequences if one.is_hard and one.after > one.before})
    return ", ".join(codes.code_text(codes.PLAN_RULES, rule) for rule in rules)


def _asking(port: HospitalPort, found: MyRoster) -> Component:
    is_several = len(found.places) > 1
    choices = [
        {"value": str(one.from_at), "label": _shift_label(port, one, with_place=is_several)}
        for one in found.shifts
        if not one.request
    ]
    return panel(
        _("Ask for something"),
        html.Div(
            className="filters",
            children=[
                dmc.MultiSelect(
                    id=SHIFT,
                    label=_("My shift"),
                    description=_("Several for a swap of all of them"),
                    data=choices,
                    searchable=True,
                    clearable=True,
                    maxValues=MOST_PACKAGE,
                    miw=260,
                ),
                html.Button(_("Offer it to others"), id=OFFER, className="action", n_clicks=0),
            ],
        ),
        html.Div(id=SWAPS, role="status"),
        html.P(html.A(_("My shifts as a calendar"), href="/v1/roster/mine/calendar.ics", download="shifts.ics")),
        html.Div(leave.mine(port), id=BALANCE, role="status"),
        html.Div(
            className="filters",
            children=[
                day_entry(FIRST, _("Leave from")),
                dmc.Checkbox(id=FROM_NOON, label=_("from noon"), checked=False),
                day_entry(LAST, _("to")),
                dmc.Checkbox(id=TO_NOON, label=_("until noon"), checked=False),
                dmc.TextInput(id=REASON, label=_("Reason")),
                html.Button(_("Ask for leave"), id=LEAVE, className="action primary", n_clicks=0),
            ],
        ),
        wide=True,
    )


def _shift_label(port: HospitalPort, one: MyShift, *, with_place: bool) -> str:
    label = f"{span(one.from_at, one.to_at)} · {one.shift}"
    if not with_place:
        return label
    # Who stands on two wards must see which of them a shift is on.
    place = place_name(port.state(), one.place, chinese=wants_chinese()) if one.place else _("Hospital")
    return f"{label} · {place}"


def content(port: HospitalPort) -> list[Component]:
    """Build what the reader sees of their own: nothing if they are in no roster and nobody asked them anything.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    """
    found = _mine(port)
    asking = [_asking(port, found)] if found.is_rostered else []
    return [*asking, html.Div(_lists(port, found), id=LISTS)]


def _mine(port: HospitalPort) -> MyRoster:
    with port.read() as session:
        return queries.mine(session, port.actor().hands, port.clock.now())


def _lists(port: HospitalPort, found: MyRoster) -> list[Component]:
    return [*_offers(port, found), *_requests(port, found)]


def _swap_rows(port: HospitalPort, from_at: list[int]) -> list[Component]:
    with port.read() as session:
        found = queries.swaps(session, port.actor().hands, from_at, port.clock.now())
    if found is None:
        told = _("These shifts are of two wards, or not there any more: choose those of one ward.")
        return [html.P(told)]
    if not found.choices:
        return [html.P(_("Nobody has a shift that you could have for it without breaking a rule: offer it to others."))]
    me = port.actor().hands
    rows: list[list[Cell]] = []
    for choice in found.choices:
        taken = [one for one in choice.cells if one.employee == me and one.shift]
        spans = [found.force.time.span(one) for one in taken]
        partner = next(one.employee for one in choice.cells if one.employee != me)
        name, when = staff_label(port.state(), partner), ", ".join(span(*one) for one in spans)
        identity = {
            "type": SWAP,
            "mine": "+".join(map(str, from_at)),
            "partner": partner,
            "at": "+".join(str(begins) for begins, _ends in spans),
        }
        label = _("Ask {name} for {when}").format(name=name, when=when)
        ask = html.Button(_("Ask"), id=identity, className="action", n_clicks=0, **attributes(aria_label=label))
        rows.append([name, when, ", ".join(one.shift for one in taken), number(choice.cost), ask])
    headings = [_("Colleague"), _("When"), _("Shift"), _("Cost against now"), _("By hand")]
    return [table(_("Shifts that I could have for it"), headings, rows)]


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register asking, answering and the refresh."""

    # Only the lists with each tick: days and a reason that are being written must not vanish.
    @callbacks.add(
        Output(LISTS, "children"), Input(TICK, "data"), permission=Permission.SELF, prevent_initial_call=True
    )
    def refresh(_tick: Any) -> list[Component]:
        return _lists(port, _mine(port))

    @callbacks.add(
        Output(SWAPS, "children"), Input(SHIFT, "value"), permission=Permission.SELF, prevent_initial_call=True
    )
    def find_swaps(shifts: list[str] | None) -> list[Component]:
        return _swap_rows(port, sorted(map(int, shifts))) if shifts else []

    _register_asking(callbacks, port)

    @callbacks.add(
        Output(MINE, "children", allow_duplicate=True),
        Input({"type": ACT, "act": ALL, "request": ALL, "version": ALL}, "n_clicks"),
        permission=Permission.SELF,
        prevent_initial_call=True,
    )
    def act(_clicks: list[int]) -> list[Component]:
        button = pressed()
        kind = "agree" if button["act"] == "take" else str(button["act"])
        actions.act(port, kind, str(button["request"]), int(button["version"]))
        return content(port)


def _register_asking(callbacks: Callbacks, port: HospitalPort) -> None:
    @callbacks.add(
        Output(MINE, "children", allow_duplicate=True),
        Input(LEAVE, "n_clicks"),
        State(FIRST, "value"),
        State(LAST, "value"),
        State(FROM_NOON, "checked"),
        State(TO_NOON, "checked"),
        State(REASON, "value"),
        permission=Permission.SELF,
        prevent_initial_call=True,
    )
    def ask_leave(_clicks: int, first: str | None, last: str | None, *more: bool | str | None) -> list[Component]:
        from_noon, to_noon, reason = more
        wanted = actions.LeaveDays(first=first or "", last=last or "", from_noon=bool(from_noon), to_noon=bool(to_noon))
        actions.ask_leave(port, wanted, port.settings.time_zone, reason=str(reason or ""))
        return content(port)

    @callbacks.add(
        Output(MINE, "children", allow_duplicate=True),
        Input(OFFER, "n_clicks"),
        State(SHIFT, "value"),
        State(REASON, "value"),
        permission=Permission.SELF,
        prevent_initial_call=True,
    )
    def offer(_clicks: int, shifts: list[str] | None, reason: str | None) -> list[Component]:
        # One offer each: somebody may take one of them and leave the others.
        for shift in needed(shifts, _("My shift")):
            actions.offer(port, int(shift), reason=reason or "")
        return content(port)

    @callbacks.add(
        Output(MINE, "children", allow_duplicate=True),
        Input({"type": SWAP, "mine": ALL, "partner": ALL, "at": ALL}, "n_clicks"),
        State(REASON, "value"),
        permission=Permission.SELF,
        prevent_initial_call=True,
    )
    def swap(_clicks: list[int], reason: str | None) -> list[Component]:
        chosen = pressed()
        mine, theirs = ([int(at) for at in str(chosen[key]).split("+")] for key in ("mine", "at"))
        actions.ask_swap(port, mine, str(chosen["partner"]), theirs, reason=reason or "")
        return content(port)

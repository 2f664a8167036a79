"""The part of the roster page in which people ask for leave, swap and offer shifts, and answer each other."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import ALL, Input, Output, State, html
from dash.development.base_component import Component

from dash_app.actions import shift_requests as actions
from dash_app.pages.address import TICK
from dash_app.pages.days import day_entry
from dash_app.pages.fields import needed, pressed
from dash_app.pages.guard import Callbacks
from dash_app.pages.states import attributes, panel
from dash_app.pages.tables import Cell, table
from dash_app.queries import shift_requests as queries
from dash_app.queries.names import staff_label
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import calendar_day, local, number
from scheduling.model.shift_requests import OPEN_STATUSES, RequestKind, RequestStatus, ShiftRequest
from scheduling.service.my_shifts import MyRoster, is_news_to
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
SWAP = "shift-swap"
ACT = "shift-act"
# Leave ends at the midnight after its last day; half a day before that is in it, also where the clock changes.
_HALF_DAY_US = 43_200_000_000
"""How a day is typed, the same in every language."""
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
        first, last = calendar_day(request.from_at), calendar_day(request.to_at - _HALF_DAY_US)
        return first if first == last else f"{first} – {last}"
    text = span(request.from_at, request.to_at)
    if request.partner_from_at:
        return f"{text} ↔ {span(request.partner_from_at, request.partner_to_at)}"
    return text


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


def _asking(found: MyRoster) -> Component:
    choices = [
        {"value": str(one.from_at), "label": f"{span(one.from_at, one.to_at)} · {one.shift}"}
        for one in found.shifts
        if not one.request
    ]
    return panel(
        _("Ask for something"),
        html.Div(
            className="filters",
            children=[
                dmc.Select(id=SHIFT, label=_("My shift"), data=choices, searchable=True),
                html.Button(_("Offer it to others"), id=OFFER, className="action", n_clicks=0),
            ],
        ),
        html.Div(id=SWAPS, role="status"),
        html.Div(
            className="filters",
            children=[
                day_entry(FIRST, _("Leave from")),
                day_entry(LAST, _("to")),
                dmc.TextInput(id=REASON, label=_("Reason")),
                html.Button(_("Ask for leave"), id=LEAVE, className="action primary", n_clicks=0),
            ],
        ),
        wide=True,
    )


def content(port: HospitalPort) -> list[Component]:
    """Build what the reader sees of their own: nothing if they are in no roster and nobody asked them anything.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    """
    found = _mine(port)
    asking = [_asking(found)] if found.is_rostered else []
    return [*asking, html.Div(_lists(port, found), id=LISTS)]


def _mine(port: HospitalPort) -> MyRoster:
    with port.read() as session:
        return queries.mine(session, port.actor().hands, port.clock.now())


def _lists(port: HospitalPort, found: MyRoster) -> list[Component]:
    return [*_offers(port, found), *_requests(port, found)]


def _swap_rows(port: HospitalPort, from_at: int) -> list[Component]:
    with port.read() as session:
        found = queries.swaps(session, port.actor().hands, from_at, port.clock.now())
        force = queries.in_force(session, staff=port.actor().hands)
    if not found or force is None:
        return [html.P(_("Nobody has a shift that you could have for it without breaking a rule: offer it to others."))]
    rows: list[list[Cell]] = []
    for choice in found:
        begins, ends = force.time.span(choice.cells[0])
        partner = choice.cells[1].employee
        name = staff_label(port.state(), partner)
        identity = {"type": SWAP, "mine": str(from_at), "partner": partner, "at": str(begins)}
        label = _("Ask {name} for {when}").format(name=name, when=span(begins, ends))
        ask = html.Button(_("Ask"), id=identity, className="action", n_clicks=0, **attributes(aria_label=label))
        rows.append([name, span(begins, ends), choice.cells[0].shift, number(choice.cost), ask])
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
    def find_swaps(shift: str | None) -> list[Component]:
        return _swap_rows(port, int(shift)) if shift else []

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
        State(REASON, "value"),
        permission=Permission.SELF,
        prevent_initial_call=True,
    )
    def ask_leave(_clicks: int, first: str | None, last: str | None, reason: str | None) -> list[Component]:
        actions.ask_leave(port, first or "", last or "", port.settings.time_zone, reason=reason or "")
        return content(port)

    @callbacks.add(
        Output(MINE, "children", allow_duplicate=True),
        Input(OFFER, "n_clicks"),
        State(SHIFT, "value"),
        State(REASON, "value"),
        permission=Permission.SELF,
        prevent_initial_call=True,
    )
    def offer(_clicks: int, shift: str | None, reason: str | None) -> list[Component]:
        actions.offer(port, int(needed(shift, _("My shift"))), reason=reason or "")
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
        actions.ask_swap(port, int(chosen["mine"]), str(chosen["partner"]), int(chosen["at"]), reason=reason or "")
        return content(port)

"""Queues.

Opened by nurses and desks, to call the next one and see how long people will wait; by the administrator, to see where
waits grow and who was called out of turn, and to open another counter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, html, no_update
from dash.development.base_component import Component

from dash_app.actions import queues as actions
from dash_app.pages.address import URL, query_of
from dash_app.pages.filters import follow, narrow, select
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import empty, page_head, panel, since
from dash_app.pages.tables import Cell, table
from dash_app.queries import journey, queues
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import moment
from twin.access import Permission
from twin.errors import InputError
from twin.state.model import Ticket
from twin.state.queueing import ExpectedWait

CONTENT = "queues-content"
POINT = "queues-point"
TICKET = "queues-ticket"
COUNTER = "queues-counter"
REASON = "queues-reason"
DRAW, NEXT, CALL = "queues-draw", "queues-next", "queues-call"
START, END, LEAVE = "queues-start", "queues-end", "queues-leave"
PRIORITY, ENCOUNTER, RESULT = "queues-priority", "queues-encounter", "queues-result"
PRIORITIES: Mapping[str, str] = {"0": mark("Normal"), "5": mark("Urgent"), "9": mark("At once")}
"""Priorities that a desk gives, of the ten that there are: gaps leave room for those of other systems."""


def wait_text(wait: ExpectedWait) -> str:
    """Write an expected wait as a range in minutes, with what it rests on."""
    span = _("{low} to {high} min").format(low=round(wait.low_s / 60), high=round(wait.high_s / 60))
    basis = _("assumed") if wait.is_prior else _("n = {n}").format(n=wait.n)
    return f"{span} ({basis})"


def _waiting(view: queues.QueueView, now: int) -> Component:
    rows: list[list[Cell]] = [
        [wait.position, ticket.number, since(ticket.joined_at, now), wait_text(wait), ticket.priority or ""]
        for ticket, wait in view.waiting
    ]
    if not rows:
        return html.P(_("Nobody waits here."))
    headings = [_("Position"), _("Ticket number"), _("Waits since"), _("Expected wait"), _("Priority")]
    return table(_("Waiting at {place}").format(place=view.name), headings, rows)


def _counter(view: queues.QueueView, now: int) -> Component:
    rows: list[list[Cell]] = [
        [one.number, one.counter, codes.code_text(codes.TICKET_STATUSES, one.status.value), since(one.called_at, now)]
        for one in view.at_counter
    ]
    if not rows:
        return html.P(_("Nobody is being served."))
    headings = [_("Ticket number"), _("Counter"), _("Status"), _("Since")]
    return table(_("At the counters of {place}").format(place=view.name), headings, rows)


def content(port: HospitalPort, query: dict[str, str]) -> list[Component]:
    """Build the queues.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    query : dict[str, str]
        Filter ``point``.
    """
    state, now, chinese = port.state(), port.clock.now(), wants_chinese()
    known = queues.points(state, chinese=chinese)
    chosen = [point for point, _name in known if query.get("point", "") in ("", point)]
    if not chosen:
        why = _("No service point has a queue")
        return [empty(why, _("Give places a purpose such as triage or pharmacy, or draw the first ticket."))]
    views = [queues.queue(state, point, now, chinese=chinese) for point in chosen]
    waiting = sum(len(view.waiting) for view in views)
    panels = [
        panel(
            view.name,
            html.P(_("Who joins now waits {wait}").format(wait=wait_text(view.joiner))),
            _counter(view, now),
            _waiting(view, now),
            html.A(_("Waiting-room board"), href=f"/v1/board/{view.point}/page", className="action", target="_blank"),
        )
        for view in views
    ]
    parts: list[Component] = [
        html.P(_("Waiting in all: {count}").format(count=waiting), className="summary"),
        html.Div(panels, className="panels"),
    ]
    out_of_turn = queues.exceptions(state, now)
    if out_of_turn:
        parts.append(_exceptions(out_of_turn))
    return parts


def _exceptions(found: list[Ticket]) -> Component:
    rows: list[list[Cell]] = [[one.number, moment(one.called_at), one.counter, one.exception_reason] for one in found]
    headings = [_("Ticket number"), _("Called"), _("Counter"), _("Reason")]
    return panel(_("Called out of turn, last 24 h"), table(_("Called out of turn"), headings, rows), wide=True)


def _tickets(port: HospitalPort, point: str) -> list[dict[str, str]]:
    state = port.state()
    view = queues.queue(state, point, port.clock.now()) if point else None
    if view is None:
        return []
    found = [*view.at_counter, *(ticket for ticket, _wait in view.waiting)]
    return [
        {"value": one.id, "label": f"{one.number} · {codes.code_text(codes.TICKET_STATUSES, one.status.value)}"}
        for one in found
    ]


def _desk(port: HospitalPort, point: str) -> Component:
    encounters = journey.encounter_choices(port.state(), chinese=wants_chinese())
    priorities = [{"value": key, "label": _(name)} for key, name in PRIORITIES.items()]
    return panel(
        _("Desk"),
        html.P(id=RESULT, role="status"),
        html.Div(
            className="filters",
            children=[
                dmc.Select(
                    id=ENCOUNTER,
                    label=_("For the encounter (empty for a visitor)"),
                    data=encounters,
                    searchable=True,
                    clearable=True,
                    clearButtonProps={"aria-label": _("Nobody")},
                    limit=50,
                    w=280,
                ),
                dmc.Select(id=PRIORITY, label=_("Priority"), data=priorities, value="0", allowDeselect=False),
                html.Button(_("Draw a ticket"), id=DRAW, className="action", n_clicks=0),
            ],
        ),
        html.Div(
            className="filters",
            children=[
                dmc.TextInput(id=COUNTER, label=_("Counter or room")),
                html.Button(_("Call the next"), id=NEXT, className="action primary", n_clicks=0),
                dmc.Select(id=TICKET, label=_("Ticket"), data=_tickets(port, point), searchable=True),
                dmc.TextInput(id=REASON, label=_("Reason, if out of turn")),
                html.Button(_("Call this ticket"), id=CALL, className="action", n_clicks=0),
                html.Button(_("Begin"), id=START, className="action", n_clicks=0),
                html.Button(_("End"), id=END, className="action", n_clicks=0),
                html.Button(_("Did not come"), id=LEAVE, className="action", n_clicks=0),
            ],
        ),
        wide=True,
    )


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    options = [{"value": point, "label": name} for point, name in queues.points(port.state(), chinese=wants_chinese())]
    point = queues.meant_point(port.state(), visit.query.get("point", ""))
    parts: list[Component] = [
        page_head(_("Queues"), _("Who waits where, how long it will probably take, and who is called next.")),
        html.Div(select(POINT, _("Service point"), options, point), className="filters"),
        html.Div(content(port, dict(visit.query)), id=CONTENT),
    ]
    if port.actor().may(Permission.QUEUES_CALL):
        parts.append(html.Div(_desk(port, point), className="below"))
    return html.Div(parts)


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register filter, refresh and the desk."""
    may_call = Permission.QUEUES_CALL
    follow(callbacks, CONTENT, lambda query: content(port, query), permission=Permission.QUEUES_READ)
    follow(
        callbacks,
        TICKET,
        lambda query: _tickets(port, queues.meant_point(port.state(), query.get("point", ""))),
        permission=may_call,
        part="data",
    )
    narrow(callbacks, POINT, "point", permission=Permission.QUEUES_READ)
    for button, act in _ACTS.items():
        _register_act(callbacks, port, button, act)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entered:
    """What stands in the fields of the desk; empty for nothing."""

    point: str
    ticket: str
    counter: str
    reason: str
    priority: str
    encounter: str

    def needed(self, field: str) -> str:
        """Give a choice without which the act means nothing."""
        chosen: str = getattr(self, field)
        if not chosen:
            raise InputError(f"Choose a {field} first.", code=f"input.queue_{field}")
        return chosen


_Act = Callable[[HospitalPort, _Entered], Ticket]
_ACTS: dict[str, _Act] = {
    DRAW: lambda port, told: actions.draw(
        port, told.needed("point"), priority=int(told.priority or 0), encounter=told.encounter
    ),
    NEXT: lambda port, told: actions.call_next(port, told.needed("point"), counter=told.counter),
    CALL: lambda port, told: actions.call(port, told.needed("ticket"), counter=told.counter, reason=told.reason),
    START: lambda port, told: actions.move_on(port, told.needed("ticket"), "start"),
    END: lambda port, told: actions.move_on(port, told.needed("ticket"), "end"),
    LEAVE: lambda port, told: actions.move_on(port, told.needed("ticket"), "leave"),
}
_SAID: Mapping[str, str] = {
    NEXT: mark("Called: {number}. Counter: {counter}"),
    CALL: mark("Called: {number}. Counter: {counter}"),
    START: mark("Being served: {number}"),
    END: mark("Served: {number}"),
    LEAVE: mark("Taken out of the queue: {number}"),
}


def said(port: HospitalPort, button: str, ticket: Ticket) -> str:
    """Give the sentence on what a button of the desk has done: the number has to be told to somebody.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    button : str
        That was pressed.
    ticket : Ticket
        As it is now.
    """
    if button != DRAW:
        return _(_SAID[button]).format(number=ticket.number or ticket.id[-8:], counter=ticket.counter or "–")
    waiting = queues.queue(port.state(), ticket.service_point, port.clock.now()).waiting
    wait = next((wait for one, wait in waiting if one.id == ticket.id), None)
    if wait is None:  # called by another counter in the meantime
        return _("Ticket {number} was drawn.").format(number=ticket.number)
    told = _("Ticket {number} was drawn: position {position}, expected wait {wait}")
    return told.format(number=ticket.number, position=wait.position, wait=wait_text(wait))


def _chosen_next(button: str, ticket: Ticket) -> object:
    """Give which ticket stands chosen afterwards: who was called is begun with next, who is gone is not."""
    if button == DRAW:
        return no_update
    return None if button in (END, LEAVE) else ticket.id


def _register_act(callbacks: Callbacks, port: HospitalPort, button: str, act: _Act) -> None:
    @callbacks.add(
        Output(CONTENT, "children", allow_duplicate=True),
        Output(TICKET, "data", allow_duplicate=True),
        Output(TICKET, "value", allow_duplicate=True),
        Output(REASON, "value", allow_duplicate=True),
        Output(ENCOUNTER, "value", allow_duplicate=True),
        Output(PRIORITY, "value", allow_duplicate=True),
        Output(RESULT, "children", allow_duplicate=True),
        Input(button, "n_clicks"),
        *(State(field, "value") for field in (TICKET, COUNTER, REASON, PRIORITY, ENCOUNTER)),
        State(URL, "search"),
        permission=Permission.QUEUES_CALL,
        prevent_initial_call=True,
    )
    def do(_clicks: int, *entered: str | None) -> Any:
        ticket, counter, reason, priority, encounter, search = (one or "" for one in entered)
        query = query_of(search)
        point = queues.meant_point(port.state(), query.get("point", ""))
        done = act(
            port,
            _Entered(
                point=point, ticket=ticket, counter=counter, reason=reason, priority=priority, encounter=encounter
            ),
        )
        # reason, person and priority are given for one ticket: the next one needs its own
        fresh = ("", None, "0")
        chosen = _chosen_next(button, done)
        return content(port, query), _tickets(port, point), chosen, *fresh, said(port, button, done)


PAGE = Page(
    path="/queues",
    title=mark("Queues"),
    permission=Permission.QUEUES_READ,
    layout=layout,
    register=register,
    position=5,
    section=mark("Now"),
    icon="queue",
)

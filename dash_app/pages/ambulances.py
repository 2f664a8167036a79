"""Ambulances.

Opened by the emergency department, to see who comes when and how urgent, which bay is kept, and who of those who came
still waits to be seen; then the next one is announced, received or called off. Each announcement asks for a new
forecast.
"""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, ctx, dcc, html
from dash.development.base_component import Component

from dash_app.actions import journey as actions
from dash_app.pages.asking import asks_first
from dash_app.pages.filters import follow
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import empty, page_head, panel, since
from dash_app.pages.tables import Cell, table
from dash_app.queries import journey, overview
from dash_app.queries.names import place_name
from dash_app.queries.port import HospitalPort
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import clock_time, number
from twin.access import Permission
from twin.clock import MINUTE_US
from twin.errors import InputError
from twin.state.model import Encounter

CONTENT = "ambulances-content"
MINUTES, ACUITY, BAY, SERVICE = "ambulances-minutes", "ambulances-acuity", "ambulances-bay", "ambulances-service"
WHO = "ambulances-who"
ANNOUNCE, ARRIVED, CANCEL = "ambulances-announce", "ambulances-arrived", "ambulances-cancel"
BAY_PURPOSES = frozenset({"resus", "resuscitation", "shock_room"})


def eta_text(expected_at: int, now: int) -> str:
    """Write in how many minutes somebody comes, or since when they are late."""
    minutes = round((expected_at - now) / MINUTE_US)
    if expected_at < now:
        return _("late by {minutes} min").format(minutes=-minutes)
    return _("in {minutes} min").format(minutes=minutes)


def content(port: HospitalPort) -> list[Component]:
    """Build the board.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    """
    return [html.Div([_on_the_way(port), _unseen(port)], className="panels")]


def _unseen(port: HospitalPort) -> Component:
    """Show the emergency patients whom nobody has seen yet: the overview's figure leads here."""
    state, now, chinese = port.state(), port.clock.now(), wants_chinese()
    found = overview.waiting_to_be_seen(state)
    title = _("Waiting to be seen: {count}").format(count=number(len(found)))
    if not found:
        return panel(title, html.P(_("Everybody in emergency has been seen."), className="secondary"), wide=True)
    may_see = port.actor().may(Permission.ENCOUNTERS_READ)
    rows: list[list[Cell]] = [
        [
            one.id[-8:] if may_see else "–",
            since(one.started_at, now),
            one.acuity or _("unknown"),
            place_name(state, one.present or one.place, chinese=chinese) or "–",
        ]
        for one in found
    ]
    headings = [_("Encounter"), _("Came"), _("Triage level"), _("Place")]
    return panel(title, table(_("Waiting to be seen"), headings, rows), wide=True)


def _on_the_way(port: HospitalPort) -> Component:
    state, now, chinese = port.state(), port.clock.now(), wants_chinese()
    found = actions.desk_of(port).ambulances()
    title = _("On the way: {count}").format(count=number(len(found)))
    if not found:
        told = empty(_("No ambulance is on its way"), _("It appears here when it is announced."))
        return panel(title, told, wide=True)
    rows: list[list[Cell]] = [
        [
            one.id[-8:],
            eta_text(one.expected_at, now),
            clock_time(one.expected_at),
            one.acuity or _("unknown"),
            place_name(state, one.reserved, chinese=chinese) or _("none"),
            one.service,
        ]
        for one in found
    ]
    headings = [_("Encounter"), _("Arrives"), _("At"), _("Triage level"), _("Bay kept"), _("Hospital service")]
    return panel(title, table(_("Ambulances on the way"), headings, rows), wide=True)


def _choices(found: list[Encounter], now: int) -> list[dict[str, str]]:
    return [{"value": one.id, "label": f"{one.id[-8:]} · {eta_text(one.expected_at, now)}"} for one in found]


def _coming(port: HospitalPort) -> list[dict[str, str]]:
    return _choices(actions.desk_of(port).ambulances(), port.clock.now())


def _desk(port: HospitalPort) -> Component:
    state, chinese = port.state(), wants_chinese()
    bays = [
        {"value": key, "label": place_name(state, key, chinese=chinese)} for key in journey.bays(state, BAY_PURPOSES)
    ]
    levels = [{"value": str(level), "label": str(level)} for level in range(1, 6)]
    return html.Div(
        className="panels",
        children=[
            panel(
                _("Announce"),
                html.Div(
                    className="filters",
                    children=[
                        dmc.NumberInput(id=MINUTES, label=_("Minutes until arrival"), value=10, min=0, max=720),
                        dmc.Select(id=ACUITY, label=_("Triage level (1 is most urgent)"), data=levels, value="3"),
                        dmc.Select(id=BAY, label=_("Bay (empty: one is chosen)"), data=bays),
                        dmc.TextInput(id=SERVICE, label=_("Hospital service")),
                        html.Button(_("Announce"), id=ANNOUNCE, className="action primary", n_clicks=0),
                    ],
                ),
            ),
            panel(
                _("Receive"),
                html.Div(
                    className="filters",
                    children=[
                        dmc.Select(id=WHO, label=_("Ambulance"), data=_coming(port)),
                        html.Button(_("Has arrived"), id=ARRIVED, className="action primary", n_clicks=0),
                        asks_first(
                            html.Button(_("Does not come"), id=CANCEL, className="action", n_clicks=0),
                            _("Its bay is free again; if it comes after all, it must be announced anew."),
                            WHO,
                        ),
                    ],
                ),
            ),
        ],
    )


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    lead = _("Who comes by ambulance, when, how urgent, and which bay is kept.")
    may_forecast = port.actor().may(Permission.SIMULATION_READ)
    ahead = [dcc.Link(_("Forecast"), href="/ui/forecast", className="action")] if may_forecast else []
    parts: list[Component] = [page_head(_("Ambulances"), lead, *ahead), html.Div(content(port), id=CONTENT)]
    if port.actor().may(Permission.ENCOUNTERS_WRITE):
        parts.append(html.Div(_desk(port), className="below"))
    return html.Div(parts)


def _announced(port: HospitalPort, entered: tuple[Any, ...]) -> None:
    minutes, acuity, bay, service = entered
    # A field that was emptied gives an empty text.
    if not isinstance(minutes, int | float):
        raise InputError("Enter in how many minutes the ambulance arrives.", code="input.minutes")
    actions.announce(port, minutes=minutes, acuity=int(acuity or 0), bay=bay or "", service=service or "")


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register refresh and the desk."""
    write = Permission.ENCOUNTERS_WRITE
    follow(callbacks, CONTENT, lambda _query: content(port), permission=Permission.OVERVIEW_READ)
    follow(callbacks, WHO, lambda _query: _coming(port), permission=write, part="data")

    @callbacks.add(
        Output(CONTENT, "children", allow_duplicate=True),
        Output(WHO, "data", allow_duplicate=True),
        Output(WHO, "value"),
        Input(ANNOUNCE, "n_clicks"),
        Input(ARRIVED, "n_clicks"),
        Input(CANCEL, "n_clicks"),
        State(WHO, "value"),
        *(State(field, "value") for field in (MINUTES, ACUITY, BAY, SERVICE)),
        permission=write,
        prevent_initial_call=True,
    )
    def act(_announce: int, _arrive: int, _cancel: int, who: str | None, *entered: Any) -> Any:
        if ctx.triggered_id == ANNOUNCE:
            _announced(port, entered)
        elif not who:
            raise InputError("Choose an ambulance first.", code="input.ambulance")
        elif ctx.triggered_id == ARRIVED:
            actions.arrived(port, who)
        else:
            actions.cancel(port, who)
        return content(port), _coming(port), None


PAGE = Page(
    path="/ambulances",
    title=mark("Ambulances"),
    permission=Permission.OVERVIEW_READ,
    layout=layout,
    register=register,
    position=7,
    section=mark("Now"),
    icon="alarm",
)

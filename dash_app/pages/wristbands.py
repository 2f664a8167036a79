"""Wristbands.

Opened by nurses, to bind a band to a stay, to see where it was, and to check before something is handed over that the
right person wears it; each act and each refusal is in the audit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, ctx, html
from dash.development.base_component import Component

from dash_app.actions import journey as actions
from dash_app.pages import band_map
from dash_app.pages.address import URL, query_of, search_with
from dash_app.pages.filters import follow
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import empty, page_head, panel, since
from dash_app.pages.tables import Cell, table
from dash_app.queries import journey
from dash_app.queries.names import place_name
from dash_app.queries.port import HospitalPort
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import moment
from twin.access import Permission
from twin.errors import InputError

CONTENT = "wristbands-content"
TAG, ENCOUNTER, RESULT = "wristbands-tag", "wristbands-encounter", "wristbands-result"
SHOW, BIND, UNBIND, CHECK = "wristbands-show", "wristbands-bind", "wristbands-unbind", "wristbands-check"
REFUSALS: Mapping[str, str] = {
    "not_bound": mark("STOP: nobody wears this band."),
    "no_wristband": mark("STOP: this tag is fixed to a thing, it is no wristband."),
    "other_encounter": mark("STOP: this band is worn by somebody else."),
}


def _bindings(port: HospitalPort, tag: str) -> Component:
    state, chinese = port.state(), wants_chinese()
    rows: list[list[Cell]] = [
        [
            html.A(
                journey.encounter_label(state, band.encounter, chinese=chinese),
                href=f"/ui/reconcile?encounter={band.encounter}",
                title=_("Why?"),
            ),
            moment(band.since_at),
            moment(band.until_at) or _("worn now"),
        ]
        for band in reversed(actions.desk_of(port).bindings(tag))
    ]
    if not rows:
        return panel(_("Whose wrist"), html.P(_("This band was never bound to anybody.")))
    return panel(_("Whose wrist"), table(_("Whose wrist"), [_("Encounter"), _("From"), _("Until")], rows))


def _trail(port: HospitalPort, tag: str) -> Component:
    state, chinese = port.state(), wants_chinese()
    with port.read() as session:
        found = journey.band_trail(session, tag)
    rows: list[list[Cell]] = [
        [
            place_name(state, str(one.value), chinese=chinese),
            moment(one.from_at),
            moment(one.to_at) if one.to_at else _("still there"),
        ]
        for one in found
    ]
    if not rows:
        return panel(_("Where it was"), html.P(_("No reader has seen this band.")))
    return panel(_("Where it was"), table(_("Where it was"), [_("Place"), _("From"), _("Until")], rows))


def _now(port: HospitalPort, tag: str) -> Component:
    held, now = port.state().tags.get(tag), port.clock.now()
    entered = held.entered if held is not None else None
    if entered is None:
        return html.P(_("Not seen."), className="summary")
    where = place_name(port.state(), getattr(entered, "zone", ""), chinese=wants_chinese()) or _("unknown")
    sure = _("{share} % sure").format(share=round(entered.confidence * 100))
    return html.P([f"{where} ({sure}) · ", since(entered.occurred_at, now)], className="summary")


def content(port: HospitalPort, query: dict[str, str]) -> list[Component]:
    """Build what is known of a wristband.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    query : dict[str, str]
        ``tag``: the band.
    """
    tag = query.get("tag", "")
    if not tag:
        return [empty(_("No wristband chosen"), _("Scan a band, or enter its number, and press Show."))]
    return [
        _now(port, tag),
        html.Div([_bindings(port, tag), _trail(port, tag)], className="panels"),
        *band_map.maps(port, tag),
    ]


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    query = dict(visit.query)
    encounters = journey.encounter_choices(port.state(), chinese=wants_chinese())
    controls: list[Component] = [
        dmc.TextInput(id=TAG, label=_("Wristband"), value=query.get("tag", "")),
        html.Button(_("Show"), id=SHOW, className="action", n_clicks=0),
    ]
    if port.actor().may(Permission.ENCOUNTERS_WRITE):
        controls += [
            dmc.Select(id=ENCOUNTER, label=_("Encounter"), data=encounters, searchable=True, limit=50, w=280),
            html.Button(_("Check identity"), id=CHECK, className="action primary", n_clicks=0),
            html.Button(_("Bind"), id=BIND, className="action", n_clicks=0),
            html.Button(_("Take off"), id=UNBIND, className="action", n_clicks=0),
        ]
    lead = _("Who wears which band, where it was, and whether it is the right person.")
    return html.Div(
        [
            page_head(_("Wristbands"), lead),
            html.Div(controls, className="filters"),
            html.P(id=RESULT, role="alert"),
            html.Div(content(port, query), id=CONTENT),
        ]
    )


def _needed(tag: str | None, encounter: str | None = "-") -> str:
    if not tag or not tag.strip():
        raise InputError("Scan or enter a wristband first.", code="input.wristband")
    if not encounter:
        raise InputError("Choose an encounter first.", code="input.encounter")
    return tag.strip()


def _done(port: HospitalPort, button: str, tag: str, encounter: str) -> str:
    """Do what a button says; give the sentence that tells what came of it."""
    if button == UNBIND:
        actions.unbind(port, tag)
        return _("Taken off.")
    if button == BIND:
        actions.bind(port, tag, encounter)
        return _("Bound.")
    reason = actions.check(port, tag, encounter)
    return _(REFUSALS[reason]) if reason else _("MATCH: the right person wears this band.")


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register choice, refresh and acts."""
    read, write = Permission.ENCOUNTERS_READ, Permission.ENCOUNTERS_WRITE
    follow(callbacks, CONTENT, lambda query: content(port, query), permission=read)

    @callbacks.add(
        Output(URL, "search", allow_duplicate=True),
        Input(SHOW, "n_clicks"),
        Input(TAG, "n_submit"),
        State(TAG, "value"),
        State(URL, "search"),
        permission=read,
        prevent_initial_call=True,
    )
    def show(_clicks: int, _submitted: int | None, tag: str | None, search: str) -> Any:
        return search_with(search, tag=_needed(tag))

    @callbacks.add(
        Output(RESULT, "children"),
        Output(CONTENT, "children", allow_duplicate=True),
        *(Input(button, "n_clicks") for button in (BIND, UNBIND, CHECK)),
        State(TAG, "value"),
        State(ENCOUNTER, "value"),
        State(URL, "search"),
        permission=write,
        prevent_initial_call=True,
    )
    def act(_bound: int, _unbound: int, _checked: int, tag: str | None, *rest: str | None) -> Any:
        encounter, search = rest
        button = str(ctx.triggered_id)
        known = _needed(tag, "-" if button == UNBIND else encounter)
        said = _done(port, button, known, encounter or "")
        return said, content(port, query_of(search or "") | {"tag": known})


PAGE = Page(
    path="/wristbands",
    title=mark("Wristbands"),
    permission=Permission.ENCOUNTERS_READ,
    layout=layout,
    register=register,
    position=8,
    section=mark("Now"),
    icon="device",
)

"""Interfaces: what senders call our places.

Opened by the system administrator when a sender uses a name that nobody knows, to say which place it is; what that
sender told before is then put right by itself.
"""

from __future__ import annotations

import json
from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, html
from dash.development.base_component import Component

from dash_app.actions import interfaces as actions
from dash_app.pages.guard import Callbacks
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import panel, since
from dash_app.pages.tables import Cell, table
from dash_app.queries import interfaces
from dash_app.queries.names import place_name
from dash_app.queries.port import HospitalPort
from dash_app.texts.catalogue import gettext as _
from twin.access import Permission
from twin.errors import InputError

CONTENT = "interfaces-places"
NAME, PLACE, MATCH, UNMATCH = "interfaces-name", "interfaces-place", "interfaces-match", "interfaces-unmatch"
RESULT = "interfaces-places-result"
_MOST_PLACES = 5_000


def content(port: HospitalPort) -> Component:
    """Build the table of names.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    """
    now, state, chinese = port.clock.now(), port.state(), wants_chinese()
    title = _("What senders call our places")
    found = interfaces.names_of_places(port)
    if not found:
        return panel(title, html.P(_("Every place that was named so far is known.")), wide=True)
    rows: list[list[Cell]] = [
        [
            one.source,
            one.name,
            place_name(state, one.place, chinese=chinese) if one.place else _("not matched"),
            place_name(state, one.taken_as, chinese=chinese) if one.taken_as and not one.place else "",
            one.seen,
            since(one.last_at, now),
        ]
        for one in found
    ]
    headings = [_("Connection"), _("Name"), _("Our place"), _("Taken meanwhile"), _("Messages"), _("Last named")]
    return panel(title, table(title, headings, rows), wide=True)


def _key(source: str, name: str) -> str:
    return json.dumps([source, name], ensure_ascii=False)


def _names(port: HospitalPort) -> list[dict[str, str]]:
    found = interfaces.names_of_places(port)
    return [{"value": _key(one.source, one.name), "label": f"{one.source} · {one.name}"} for one in found]


def _places(port: HospitalPort) -> list[dict[str, str]]:
    state, chinese = port.state(), wants_chinese()
    keys = sorted(state.places)[:_MOST_PLACES]
    return [{"value": key, "label": f"{key} · {place_name(state, key, chinese=chinese)}"} for key in keys]


def desk(port: HospitalPort) -> Component:
    """Build the controls by which a name is matched or a match taken back.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    """
    controls = html.Div(
        className="filters",
        children=[
            dmc.Select(id=NAME, label=_("Name as the sender writes it"), data=_names(port), searchable=True, w=320),
            dmc.Select(id=PLACE, label=_("Our place"), data=_places(port), searchable=True, limit=50, w=320),
            html.Button(_("This is the place"), id=MATCH, className="action primary", n_clicks=0),
            html.Button(_("Take the match back"), id=UNMATCH, className="action", n_clicks=0),
            html.P(id=RESULT, role="status"),
        ],
    )
    return html.Div(panel(_("Say which place is meant"), controls, wide=True), className="below")


def _chosen(key: str | None) -> tuple[str, str]:
    if not key:
        raise InputError("Choose the name of a place first.", code="input.place_name")
    source, name = json.loads(key)
    return source, name


def match(port: HospitalPort, key: str | None, place: str | None) -> str:
    """Match a name; gives a sentence on what was put right.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    key : str or None
        Which name.
    place : str or None
        Id of our place.
    """
    source, name = _chosen(key)
    if not place:
        raise InputError("Choose our place first.", code="input.place")
    done = actions.match_place(port, source, name, place)
    told = _("Matched. Messages told again: {messages}, facts put right: {facts}")
    return told.format(messages=done.messages, facts=done.corrected)


def unmatch(port: HospitalPort, key: str | None) -> str:
    """Take a match back; parameters as :func:`match`."""
    actions.unmatch_place(port, *_chosen(key))
    return _("Taken back. What it has put right stays.")


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register matching."""
    after = (
        Output(RESULT, "children", allow_duplicate=True),
        Output(CONTENT, "children", allow_duplicate=True),
        Output(NAME, "data", allow_duplicate=True),
    )
    common: dict[str, Any] = {"permission": Permission.INTERFACES_OPERATE, "prevent_initial_call": True}

    @callbacks.add(*after, Input(MATCH, "n_clicks"), State(NAME, "value"), State(PLACE, "value"), **common)
    def say(_clicks: int, key: str | None, place: str | None) -> Any:
        return match(port, key, place), content(port), _names(port)

    @callbacks.add(*after, Input(UNMATCH, "n_clicks"), State(NAME, "value"), **common)
    def take_back(_clicks: int, key: str | None) -> Any:
        return unmatch(port, key), content(port), _names(port)

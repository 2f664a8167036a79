"""Cabinets and item masters.

Opened by logistics, to see where a cabinet counts something else than our ledger and have it counted, and to decide on
articles that another system's item master names.
"""

from __future__ import annotations

import json
from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, ctx, dcc, html
from dash.development.base_component import Component

from dash_app.actions import supplies as actions
from dash_app.pages.filters import follow
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import empty, page_head, panel, shape, since
from dash_app.pages.tables import Cell, table
from dash_app.queries import supplies
from dash_app.queries.names import place_name
from dash_app.queries.port import HospitalPort
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import calendar_day, number
from twin.access import Permission
from twin.errors import InputError
from twin.events.watch import AlarmPriority

CONTENT = "partner-supplies-content"
ENTRY, ACCEPT, DECLINE = "partner-supplies-entry", "partner-supplies-accept", "partner-supplies-decline"
RESULT = "partner-supplies-result"


def _figures(port: HospitalPort) -> Component:
    state, chinese, now = port.state(), wants_chinese(), port.clock.now()
    title = _("What other systems count")
    found = supplies.compared(port)
    if not found:
        return empty(
            _("No cabinet has told what it holds"),
            _("Send INU^U05 by HL7, or InventoryReport by FHIR; see the guide of interfaces."),
        )
    rows: list[list[Cell]] = [
        [
            place_name(state, one.figure.place, chinese=chinese),
            one.figure.item,
            one.figure.lot,
            number(one.figure.quantity),
            number(one.ours),
            _difference(one.difference),
            calendar_day(one.figure.expires_at) if one.figure.expires_at else "",
            one.figure.source,
            since(one.figure.told_at, now),
        ]
        for one in found
    ]
    headings = [
        _("Place"),
        _("Item"),
        _("Lot"),
        _("They say"),
        _("We say"),
        _("Difference"),
        _("Expires"),
        _("Connection"),
        _("Told"),
    ]
    return panel(title, table(title, headings, rows), wide=True)


def _difference(units: int) -> Cell:
    if not units:
        return _("none")
    told = f"+{units}" if units > 0 else f"−{-units}"
    return dcc.Link([shape(AlarmPriority.LOW), told], href="/ui/counts", className="status p3", title=_("Count it"))


def _proposals(port: HospitalPort) -> Component:
    now, title = port.clock.now(), _("Articles that wait for a decision")
    found = supplies.proposals(port)
    if not found:
        return panel(title, html.P(_("None.")), wide=True)
    rows: list[list[Cell]] = [
        [
            one.source,
            one.code,
            one.name,
            one.category,
            one.maker,
            one.catalogue_number,
            _("take away") if one.action in ("MDC", "MDL") else _("add or change"),
            since(one.told_at, now),
        ]
        for one in found
    ]
    headings = [
        _("Connection"),
        _("Code"),
        _("Name"),
        _("Category"),
        _("Maker"),
        _("Catalogue number"),
        _("What it asks"),
        _("Told"),
    ]
    return panel(title, table(title, headings, rows), wide=True)


def content(port: HospitalPort) -> list[Component]:
    """Build the tables.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    """
    return [_figures(port), _proposals(port)]


def _entries(port: HospitalPort) -> list[dict[str, str]]:
    return [
        {"value": json.dumps([one.source, one.code]), "label": f"{one.code} · {one.name} · {one.source}"}
        for one in supplies.proposals(port)
    ]


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    lead = _("Where cabinets count otherwise than we do, and which articles other systems know and we do not.")
    parts: list[Component] = [page_head(_("Cabinets and item masters"), lead), html.Div(content(port), id=CONTENT)]
    if port.actor().may(Permission.STOCK_PLAN):
        controls = html.Div(
            className="filters",
            children=[
                dmc.Select(id=ENTRY, label=_("Article"), data=_entries(port), searchable=True, w=420),
                html.Button(_("Take into the catalogue"), id=ACCEPT, className="action primary", n_clicks=0),
                html.Button(_("Leave out"), id=DECLINE, className="action", n_clicks=0),
                html.P(id=RESULT, role="status"),
            ],
        )
        parts.append(html.Div(panel(_("Decide on an article"), controls, wide=True), className="below"))
    return html.Div(parts)


def decide(port: HospitalPort, button: str, entry: str | None) -> str:
    """Do what a button says; gives a sentence on what came of it.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    button : str
        :data:`ACCEPT` or :data:`DECLINE`.
    entry : str or None
        Which article.
    """
    if not entry:
        raise InputError("Choose an article first.", code="input.item_proposal")
    source, code = json.loads(entry)
    if button == DECLINE:
        actions.decline(port, source, code)
        return _("Left out.")
    item = actions.accept(port, source, code)
    return _("Taken: {item}, to be reviewed.").format(item=item) if item else _("Noted; nothing was taken away.")


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register refresh and decisions."""
    follow(callbacks, CONTENT, lambda _query: content(port), permission=Permission.STOCK_READ)

    @callbacks.add(
        Output(RESULT, "children"),
        Output(CONTENT, "children", allow_duplicate=True),
        Output(ENTRY, "data"),
        Output(ENTRY, "value"),
        Input(ACCEPT, "n_clicks"),
        Input(DECLINE, "n_clicks"),
        State(ENTRY, "value"),
        permission=Permission.STOCK_PLAN,
        prevent_initial_call=True,
    )
    def act(_accepted: int, _declined: int, entry: str | None) -> Any:
        said = decide(port, str(ctx.triggered_id), entry)
        return said, content(port), _entries(port), None


PAGE = Page(
    path="/partner-supplies",
    title=mark("Cabinets and item masters"),
    permission=Permission.STOCK_READ,
    layout=layout,
    register=register,
    position=73,
    section=mark("System"),
    icon="gateway",
)

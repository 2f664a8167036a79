"""Doors and lifts.

Opened by whoever runs the house, to say that a lift or a corridor is out of use: tasks, transports, the nearest device
and what-if runs then go around it, until somebody opens it again.
"""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, html
from dash.development.base_component import Component

from dash_app.actions import house as actions
from dash_app.pages import listing
from dash_app.pages.address import URL, query_of
from dash_app.pages.fields import needed
from dash_app.pages.guard import Callbacks
from dash_app.pages.listing import Filter, Listing
from dash_app.pages.page import Page, Visit
from dash_app.pages.paging import Rows
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import attributes, panel
from dash_app.pages.tables import Column
from dash_app.queries import ways
from dash_app.queries.port import HospitalPort
from dash_app.queries.ways import Way
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import moment, number
from twin.access import Permission

CHOSEN, REASON, CLOSE, REOPEN, SAID = "ways-chosen", "ways-reason", "ways-close", "ways-reopen", "ways-said"


def _columns() -> list[Column]:
    return [
        Column(field="way", title=_("Way"), width=150),
        Column(field="kind", title=_("Kind"), width=110),
        Column(field="start", title=_("From"), width=190),
        Column(field="end", title=_("To"), width=190),
        Column(field="width", title=_("Width, m"), width=90, is_number=True),
        Column(field="state", title=_("State"), width=100),
        Column(field="since", title=_("Closed since"), width=150),
        Column(field="reason", title=_("Reason"), width=220),
    ]


def _found(port: HospitalPort, query: dict[str, str]) -> list[Way]:
    found = ways.ways(port.state(), kind=query.get("kind", ""), chinese=wants_chinese())
    state = query.get("state", "")
    return [way for way in found if not state or (state == "closed") == bool(way.closed_at)]


def _rows(port: HospitalPort, query: dict[str, str]) -> Rows:
    return [
        {
            "id": way.id,
            "way": way.id,
            "kind": codes.code_text(codes.PATH_KINDS, way.kind),
            "start": way.start,
            "end": way.end,
            "width": way.width_m,
            "state": _("Closed") if way.closed_at else _("Passable"),
            "since": moment(way.closed_at) if way.closed_at else "",
            "reason": way.reason,
        }
        for way in _found(port, query)
    ]


def _summary(port: HospitalPort, rows: Rows) -> str:
    closed = sum(bool(row["since"]) for row in rows)
    return _("Ways: {count}, closed: {closed}").format(count=number(len(rows)), closed=number(closed))


LISTING = Listing(
    key="ways",
    permission=Permission.PLACES_READ,
    filters=(
        Filter(
            name="kind",
            label=lambda: _("Kind"),
            options=lambda port: codes.choices(codes.PATH_KINDS, codes.PATH_KINDS),
        ),
        Filter(
            name="state",
            label=lambda: _("State"),
            options=lambda port: [{"value": "closed", "label": _("Closed")}, {"value": "open", "label": _("Passable")}],
        ),
    ),
    columns=_columns,
    rows=_rows,
    chooses=CHOSEN,
    summary=_summary,
)


def _choices(port: HospitalPort) -> list[dict[str, str]]:
    return [
        {
            "value": way.id,
            "label": f"{codes.code_text(codes.PATH_KINDS, way.kind)} · {way.id} · {way.start} – {way.end}",
        }
        for way in ways.ways(port.state(), chinese=wants_chinese())
    ]


def _work(port: HospitalPort) -> list[Component]:
    if not port.actor().may(Permission.PLACES_WRITE):
        return []
    return [
        panel(
            _("Close or open a way"),
            html.Div(
                [
                    dmc.Select(id=CHOSEN, label=_("Way"), data=_choices(port), searchable=True, limit=50, miw=420),
                    dmc.TextInput(id=REASON, label=_("Reason"), description=_("And for how long, if known"), miw=280),
                    html.Button(_("Close it"), id=CLOSE, className="action primary", n_clicks=0),
                    html.Button(_("Open it again"), id=REOPEN, className="action", n_clicks=0),
                ],
                className="filters",
            ),
            html.P(id=SAID, role="status", **attributes(aria_live="polite")),
            wide=True,
        )
    ]


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    lead = _("What is closed is gone around: by tasks, transports, the nearest device and what-if runs.")
    shown = listing.layout(LISTING, port, visit, _("Doors and lifts"), lead)
    return html.Div([shown, html.Div(_work(port), className="below")])


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register the table, closing and opening."""
    listing.register(LISTING, callbacks, port)
    common: dict[str, Any] = {"permission": Permission.PLACES_WRITE, "prevent_initial_call": True}
    after = (
        Output(SAID, "children", allow_duplicate=True),
        Output(REASON, "value", allow_duplicate=True),
        Output(LISTING.part("grid"), "rowData", allow_duplicate=True),
    )

    @callbacks.add(
        *after, Input(CLOSE, "n_clicks"), State(CHOSEN, "value"), State(REASON, "value"), State(URL, "search"), **common
    )
    def close(_clicks: int, way: str | None, reason: str | None, search: str) -> tuple[str, str, Rows]:
        way = needed(way, _("Way"))
        actions.close(port, way, reason or "")
        return _("{way} is closed.").format(way=way), "", _rows(port, query_of(search))

    @callbacks.add(*after, Input(REOPEN, "n_clicks"), State(CHOSEN, "value"), State(URL, "search"), **common)
    def reopen(_clicks: int, way: str | None, search: str) -> tuple[str, str, Rows]:
        way = needed(way, _("Way"))
        actions.reopen(port, way)
        return _("{way} is open again.").format(way=way), "", _rows(port, query_of(search))


PAGE = Page(
    path="/ways",
    title=mark("Doors and lifts"),
    permission=Permission.PLACES_READ,
    layout=layout,
    register=register,
    position=83,
    section=mark("System"),
    icon="map",
)

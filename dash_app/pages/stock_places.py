"""Places of the stock.

Opened by whoever plans the stock, once before the first delivery and when a room changes, to say which places are
stores, which keep their goods cold, which are quarantine, and where each is restocked from.
"""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, html
from dash.development.base_component import Component

from dash_app.actions import stock_places as actions
from dash_app.pages.fields import needed
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import attributes, empty, page_head, panel
from dash_app.pages.tables import Cell, table
from dash_app.queries import stock_places as queries
from dash_app.queries.names import place_name
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from inventory.model.items import StorageClass
from inventory.model.places import StockPlace, StockPlaceKind
from twin.access import Permission
from twin.ids import PlaceId

SHOWN, SAID = "stock-places-shown", "stock-places-said"
PLACE, KIND, STORAGE, SOURCE, KEEP = (f"stock-places-{name}" for name in ("place", "kind", "storage", "source", "keep"))


def content(port: HospitalPort) -> Component:
    """Build the table of places."""
    with port.read() as session:
        found = queries.defined(session)
    if not found:
        told = _("Until somebody says otherwise, each is a shelf of a ward at room temperature.")
        return empty(_("No place is described yet"), told)
    state, chinese = port.state(), wants_chinese()
    rows: list[list[Cell]] = sorted(
        [
            place_name(state, place.id, chinese=chinese),
            codes.code_text(codes.STOCK_PLACE_KINDS, place.kind.value),
            codes.code_text(codes.STORAGE_CLASSES, place.storage_class.value),
            place_name(state, place.source, chinese=chinese) or "–",
        ]
        for place in found
    )
    return table(_("Places of the stock"), [_("Place"), _("For"), _("Kept at"), _("Restocked from")], rows)


def _form(port: HospitalPort) -> Component:
    places = [{"value": key, "label": name} for key, name in queries.all_places(port.state(), chinese=wants_chinese())]
    kinds = codes.choices(codes.STOCK_PLACE_KINDS, codes.STOCK_PLACE_KINDS)
    classes = codes.choices(codes.STORAGE_CLASSES, codes.STORAGE_CLASSES)
    may = port.actor().may(Permission.STOCK_PLAN)
    return html.Div(
        [
            dmc.Select(id=PLACE, label=_("Place"), data=places, searchable=True, miw=260),
            dmc.Select(id=KIND, label=_("For"), data=kinds, value=StockPlaceKind.WARD.value, miw=180),
            dmc.Select(id=STORAGE, label=_("Kept at"), data=classes, value=StorageClass.AMBIENT.value, miw=180),
            dmc.Select(id=SOURCE, label=_("Restocked from"), data=places, searchable=True, clearable=True, miw=260),
            html.Button(_("Keep"), id=KEEP, className="action primary", n_clicks=0, disabled=not may),
        ],
        className="filters",
    )


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    del visit
    lead = _("Nothing is handed out from quarantine, and cold goods only from where they are kept cold.")
    title = _("Places of the stock")
    return html.Div(
        [
            page_head(title, lead),
            html.P(id=SAID, role="status", **attributes(aria_live="polite")),
            html.Div(
                [
                    panel(_("Say what a place is for"), _form(port), wide=True),
                    panel(title, html.Div(content(port), id=SHOWN), wide=True),
                ],
                className="below",
            ),
        ]
    )


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register the form: what is known of the chosen place, and keeping it."""

    @callbacks.add(
        Output(KIND, "value"),
        Output(STORAGE, "value"),
        Output(SOURCE, "value"),
        Input(PLACE, "value"),
        permission=Permission.STOCK_READ,
        prevent_initial_call=True,
    )
    def show(place: str | None) -> tuple[str, str, str | None]:
        with port.read() as session:
            known = {one.id: one for one in queries.defined(session)}
        found = known.get(PlaceId(place or ""), StockPlace(id=PlaceId(place or "")))
        return found.kind.value, found.storage_class.value, found.source or None

    @callbacks.add(
        Output(SHOWN, "children"),
        Output(SAID, "children"),
        Input(KEEP, "n_clicks"),
        State(PLACE, "value"),
        State(KIND, "value"),
        State(STORAGE, "value"),
        State(SOURCE, "value"),
        permission=Permission.STOCK_PLAN,
        prevent_initial_call=True,
    )
    def keep(_clicks: int, place: str | None, kind: str | None, storage: str | None, source: str | None) -> Any:
        told = StockPlace(
            id=PlaceId(needed(place, _("Place"))),
            kind=StockPlaceKind(needed(kind, _("For"))),
            storage_class=StorageClass(needed(storage, _("Kept at"))),
            source=PlaceId(source or ""),
        )
        actions.define(port, told)
        return content(port), _("Kept.")


PAGE = Page(
    path="/stock-places",
    title=mark("Places of the stock"),
    permission=Permission.STOCK_READ,
    layout=layout,
    register=register,
    icon="stock",
)

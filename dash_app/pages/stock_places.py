"""Places of the stock.

Opened by whoever plans the stock, once before the first delivery and when a room changes, to say which places are
stores, which keep their goods cold, which are quarantine, and where each is restocked from; what each bin holds, so
that its tag can ask for it; and to print the marks that handhelds scan.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import dash_mantine_components as dmc
from dash import Input, Output, State, ctx, html
from dash.development.base_component import Component

from dash_app.actions import stock_places as actions
from dash_app.pages.fields import needed, whole
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import attributes, empty, page_head, panel
from dash_app.pages.tables import Cell, table
from dash_app.queries import items
from dash_app.queries import stock_places as queries
from dash_app.queries.names import place_name
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from inventory.model.items import StorageClass
from inventory.model.places import StockPlace, StockPlaceKind
from inventory.service.restocking import Bin
from twin.access import Permission
from twin.ids import PlaceId

MARK = "stock-places-mark"
BINS, BIN, BIN_PLACE, BIN_ITEM, BIN_QUANTITY, BIN_KEEP, BIN_DROP = (
    f"stock-bins-{name}" for name in ("shown", "bin", "place", "item", "quantity", "keep", "drop")
)
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


def _mark(place: str) -> Component:
    address = f"/v1/place-labels?place={quote(place, safe='')}"
    return html.Span(
        [
            html.A(_("Print its mark"), href=address, target="_blank", className="action"),
            " ",
            html.A(_("for a label printer (ZPL)"), href=f"{address}&format=zpl", target="_blank", className="action"),
        ]
    )


def bins(port: HospitalPort) -> Component:
    """Build the table of bins."""
    with port.read() as session:
        found, names = queries.bins(session), items.names(session)
    if not found:
        told = _("A bin that nobody has described stands for all that its place keeps by two bins.")
        return empty(_("No bin is described yet"), told)
    state, chinese = port.state(), wants_chinese()
    rows: list[list[Cell]] = [
        [one.id, place_name(state, one.place, chinese=chinese), names.get(one.item, one.item), one.quantity]
        for one in found
    ]
    return table(_("Bins"), [_("Bin"), _("Place"), _("Item"), _("Units when full")], rows)


def _bin_form(port: HospitalPort) -> Component:
    with port.read() as session:
        names = items.names(session)
    wanted = [{"value": key, "label": name} for key, name in sorted(names.items(), key=lambda each: each[1])]
    places = [{"value": key, "label": name} for key, name in queries.all_places(port.state(), chinese=wants_chinese())]
    may = port.actor().may(Permission.STOCK_PLAN)
    return html.Div(
        [
            dmc.TextInput(id=BIN, label=_("Bin"), miw=160),
            dmc.Select(id=BIN_PLACE, label=_("Place"), data=places, searchable=True, miw=240),
            dmc.Select(id=BIN_ITEM, label=_("Item"), data=wanted, searchable=True, miw=260),
            dmc.NumberInput(id=BIN_QUANTITY, label=_("Units when full"), min=1, allowDecimal=False, w=140),
            html.Button(_("Keep"), id=BIN_KEEP, className="action primary", n_clicks=0, disabled=not may),
            html.Button(_("Forget it"), id=BIN_DROP, className="action", n_clicks=0, disabled=not may),
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
                    panel(_("Say what a place is for"), _form(port), html.P(id=MARK), wide=True),
                    panel(title, html.Div(content(port), id=SHOWN), wide=True),
                    panel(_("Bins"), _bin_form(port), html.Div(bins(port), id=BINS), wide=True),
                ],
                className="below",
            ),
        ]
    )


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register the forms of places and bins."""
    _register_places(callbacks, port)
    _register_bins(callbacks, port)


def _register_places(callbacks: Callbacks, port: HospitalPort) -> None:

    @callbacks.add(
        Output(KIND, "value"),
        Output(STORAGE, "value"),
        Output(SOURCE, "value"),
        Output(MARK, "children"),
        Input(PLACE, "value"),
        permission=Permission.STOCK_READ,
        prevent_initial_call=True,
    )
    def show(place: str | None) -> tuple[str, str, str | None, Component | None]:
        with port.read() as session:
            known = {one.id: one for one in queries.defined(session)}
        found = known.get(PlaceId(place or ""), StockPlace(id=PlaceId(place or "")))
        return found.kind.value, found.storage_class.value, found.source or None, _mark(place) if place else None

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


def _register_bins(callbacks: Callbacks, port: HospitalPort) -> None:
    @callbacks.add(
        Output(BINS, "children"),
        Output(SAID, "children", allow_duplicate=True),
        Input(BIN_KEEP, "n_clicks"),
        Input(BIN_DROP, "n_clicks"),
        State(BIN, "value"),
        State(BIN_PLACE, "value"),
        State(BIN_ITEM, "value"),
        State(BIN_QUANTITY, "value"),
        permission=Permission.STOCK_PLAN,
        prevent_initial_call=True,
    )
    def keep_bin(*told: Any) -> tuple[Component, str]:
        name, place, item, quantity = told[2:]
        bin_id = needed(name, _("Bin")).strip()
        if ctx.triggered_id == BIN_DROP:
            actions.forget_bin(port, bin_id)
            return bins(port), _("Forgotten.")
        held = Bin(
            id=bin_id,
            place=needed(place, _("Place")),
            item=needed(item, _("Item")),
            quantity=whole(quantity, _("Units when full")),
        )
        actions.define_bin(port, held)
        return bins(port), _("Kept.")


PAGE = Page(
    path="/stock-places",
    title=mark("Places of the stock"),
    permission=Permission.STOCK_READ,
    layout=layout,
    register=register,
    icon="stock",
)

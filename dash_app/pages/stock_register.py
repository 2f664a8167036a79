"""Running register.

Opened by pharmacists, ward leads and inspectors, to see line by line how the balance of an item at a place came about,
who did it and who saw it; for controlled drugs it stands in for the bound book.
"""

from __future__ import annotations

import dash_mantine_components as dmc
from dash import Input, Output, dcc, html
from dash.development.base_component import Component

from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import empty, page_head, panel
from dash_app.pages.tables import Cell, table
from dash_app.queries import stock
from dash_app.queries import stock_register as queries
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import moment
from twin.access import Permission

ITEM, PLACE, SHOWN = "register-item", "register-place", "register-shown"


def content(port: HospitalPort, item: str, place: str) -> Component:
    """Build the register of an item at a place."""
    if not item or not place:
        return empty(_("Nothing is chosen"), _("Choose an item and a place."))
    with port.read() as session:
        found = queries.lines(session, item=item, place=place)
    if not found:
        return empty(_("Nothing was ever there"), _("The books have no movement of it at this place."))
    rows: list[list[Cell]] = [
        [
            line.number,
            moment(line.occurred_at),
            codes.code_text(codes.MOVEMENT_KINDS, line.kind),
            line.change,
            line.balance,
            line.actor,
            line.witness or "–",
            line.encounter or "–",
        ]
        for line in found
    ]
    headings = [_("No."), _("When"), _("What"), _("Change"), _("Balance"), _("Who"), _("Witness"), _("Encounter")]
    return table(_("Running register"), headings, rows)


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    item, place = visit.query.get("item", ""), visit.query.get("place", "")
    with port.read() as session:
        items = [{"value": key, "label": name} for key, name in queries.item_names(session)]
    places = [{"value": key, "label": name} for key, name in stock.places(port.state(), chinese=wants_chinese())]
    return html.Div(
        [
            page_head(_("Running register"), _("Each change as it was recorded, with the balance after it.")),
            html.Div(
                [
                    dmc.Select(id=ITEM, label=_("Item"), data=items, value=item or None, searchable=True, miw=320),
                    dmc.Select(id=PLACE, label=_("Place"), data=places, value=place or None, searchable=True, miw=260),
                ],
                className="filters",
            ),
            html.Div(
                panel(
                    _("Register"),
                    html.Div(content(port, item, place), id=SHOWN),
                    html.P(dcc.Link(_("Lots, expiry and recalls"), href="/ui/lots", className="action")),
                    wide=True,
                ),
                className="below",
            ),
        ]
    )


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register the choice of item and place."""

    @callbacks.add(
        Output(SHOWN, "children"),
        Input(ITEM, "value"),
        Input(PLACE, "value"),
        permission=Permission.STOCK_READ,
        prevent_initial_call=True,
    )
    def choose(item: str | None, place: str | None) -> Component:
        return content(port, item or "", place or "")


PAGE = Page(
    path="/register",
    title=mark("Running register"),
    permission=Permission.STOCK_READ,
    layout=layout,
    register=register,
    icon="stock",
)

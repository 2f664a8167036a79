"""What the search box found.

Opened from every page by typing or scanning, to get to a device, place, item or task.
"""

from __future__ import annotations

from urllib.parse import quote

from dash import Input, Output, dcc, html
from dash.development.base_component import Component

from dash_app.pages.address import URL, query_of
from dash_app.pages.filters import detail_address
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import empty, page_head
from dash_app.pages.tables import Cell, table
from dash_app.queries import items
from dash_app.queries.port import HospitalPort
from dash_app.queries.search import Hit, find
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from twin.access import Permission

CONTENT = "search-content"
KINDS = {"asset": mark("Device"), "place": mark("Place"), "item": mark("Item"), "task": mark("Task")}


def _link(port: HospitalPort, hit: Hit) -> str:
    if hit.kind == "asset":
        return detail_address("devices", hit.id)
    if hit.kind == "place":
        place = port.state().places.get(hit.id)
        return f"/ui/map?floor={place.floor if place is not None else 0}"
    if hit.kind == "item":
        return f"/ui/stock?item={quote(hit.id)}"
    return "/ui/tasks"


def content(port: HospitalPort, query: dict[str, str]) -> list[Component]:
    """Build the list of hits.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    query : dict[str, str]
        ``q``, what was typed or scanned.
    """
    text = query.get("q", "")
    names: dict[str, str] = {}
    if text and port.actor().may(Permission.STOCK_READ):
        with port.read() as session:
            names = items.names(session)
    hits = find(port.state(), port.actor(), text, item_names=names, chinese=wants_chinese())
    if not hits:
        return [
            empty(
                _("Nothing found for “{text}”").format(text=text),
                _("Try a part of the name, the serial number, or scan the tag or label."),
            )
        ]
    rows: list[list[Cell]] = [[_(KINDS[hit.kind]), dcc.Link(hit.name, href=_link(port, hit)), hit.id] for hit in hits]
    return [table(_("Found"), [_("Kind"), _("Name"), _("Id")], rows)]


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    return html.Div(
        [
            page_head(_("Search"), _("Devices, places, items and tasks.")),
            html.Div(content(port, dict(visit.query)), id=CONTENT, className="panel"),
        ]
    )


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Search again when the address line changes."""

    @callbacks.add(
        Output(CONTENT, "children"), Input(URL, "search"), permission=Permission.SELF, prevent_initial_call=True
    )
    def again(search: str) -> list[Component]:
        return content(port, query_of(search))


PAGE = Page(path="/search", title=mark("Search"), permission=Permission.SELF, layout=layout, register=register)

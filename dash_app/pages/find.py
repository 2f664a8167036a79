"""Find me one.

Opened by a nurse who needs a device now, to see which usable, clean and free one is nearest, to keep it for the time of
the walk, and to give it back. From a row one goes to the device's page and its place on the map.
"""

from __future__ import annotations

from dash import ALL, Input, Output, State, dcc, html
from dash.development.base_component import Component

from dash_app.actions import devices as actions
from dash_app.pages.address import URL, address_of, query_of
from dash_app.pages.fields import pressed
from dash_app.pages.filters import detail_address, follow, narrow, select
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import attributes, empty, page_head, panel, since
from dash_app.pages.tables import Cell, table
from dash_app.queries import finding
from dash_app.queries.names import place_name
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import duration, percent
from twin.access import Permission

CONTENT = "find-content"
KIND = "find-kind"
START = "find-start"
RESERVE = "find-reserve"
RETURN = "find-return"


def _button(kind: str, asset: str, name: str, text: str) -> Component:
    label = attributes(aria_label=f"{text}: {name}")
    return html.Button(text, id={"type": kind, "asset": asset}, className="action", n_clicks=0, **label)


def _near(port: HospitalPort, found: finding.Finder, *, may_reserve: bool) -> Component:
    now, state = port.clock.now(), port.state()
    rows: list[list[Cell]] = []
    for one in found.found:
        place = place_name(state, one.location.place, chinese=wants_chinese())
        row: list[Cell] = [
            dcc.Link(one.name, href=detail_address("devices", one.asset)),
            dcc.Link(place or _("unknown place"), href=address_of("map", sel=one.asset)),
            duration(one.seconds),
            since(now - int(one.location.age_s * 1_000_000), now),
            percent(one.location.confidence),
        ]
        if may_reserve:
            row.append(_button(RESERVE, one.asset, one.name, _("Reserve")))
        rows.append(row)
    headings = [_("Device"), _("Place"), _("Walk"), _("Last seen"), _("Confidence")]
    return table(_("The nearest free devices"), [*headings, _("Reserve")] if may_reserve else headings, rows)


def _answer(port: HospitalPort, found: finding.Finder, query: dict[str, str], *, may_reserve: bool) -> Component:
    kind, start = query.get("kind", ""), query.get("from", "")
    if not kind or not start:
        return html.P(_("Choose what you need and where you are."), className="secondary")
    if found.found:
        return _near(port, found, may_reserve=may_reserve)
    if not found.knows_ways:
        return empty(_("Nobody knows a way from here"), _("Choose a place nearby."))
    free = found.free.get(kind, 0)
    why = _("None that can be used is free") if not free else _("No way is known to those that are free")
    return empty(
        why,
        _("Ask a colleague who holds one, or look at all devices of this kind."),
        link=f"/ui/devices?kind={kind}",
        link_text=_("All devices"),
    )


def _kept(port: HospitalPort, found: finding.Finder, *, may_return: bool) -> Component:
    now = port.clock.now()
    if not found.kept:
        return html.P(_("You keep no device."), className="secondary")
    rows: list[list[Cell]] = []
    for one in found.kept:
        row: list[Cell] = [
            dcc.Link(one.name, href=detail_address("devices", one.asset)),
            _("reserved") if one.is_reservation else _("held"),
            since(one.since_at, now),
        ]
        if may_return:
            row.append(_button(RETURN, one.asset, one.name, _("Give back")))
        rows.append(row)
    headings = [_("Device"), _("How"), _("Since")]
    return table(_("Kept by you"), [*headings, _("Give back")] if may_return else headings, rows)


def content(port: HospitalPort, query: dict[str, str]) -> list[Component]:
    """Build what was found and what the reader keeps.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    query : dict[str, str]
        ``kind`` of device, and ``from`` which place.
    """
    found = finding.finder(port, category=query.get("kind", ""), start=query.get("from", ""))
    may = port.actor().may(Permission.TASKS_DO)
    note = _("A reservation that nobody fetches ends by itself after four hours.")
    return [
        panel(_("Nearest"), _answer(port, found, query, may_reserve=may), wide=True),
        panel(_("Kept by you"), _kept(port, found, may_return=may), html.P(note, className="secondary"), wide=True),
    ]


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    lead = _("The nearest device that is usable, clean and free; reserve it while you walk.")
    free = finding.finder(port, category="", start="").free
    kinds = []
    for kind, count in free.items():
        text = _("{kind}: {count} free").format(kind=codes.code_text(codes.CATEGORIES, kind), count=count)
        kinds.append({"value": kind, "label": text})
    places = finding.starts(port, chinese=wants_chinese())
    return html.Div(
        [
            page_head(_("Find a device"), lead),
            html.Div(
                className="filters",
                children=[
                    select(KIND, _("What do you need"), kinds, visit.query.get("kind", "")),
                    select(START, _("Where are you"), places, visit.query.get("from", "")),
                ],
            ),
            html.Div(content(port, dict(visit.query)), id=CONTENT, className="panels"),
        ]
    )


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register search, reservation and return."""
    narrow(callbacks, KIND, "kind", permission=Permission.DEVICES_READ)
    narrow(callbacks, START, "from", permission=Permission.DEVICES_READ)

    follow(callbacks, CONTENT, lambda query: content(port, query), permission=Permission.DEVICES_READ)

    @callbacks.add(
        Output(CONTENT, "children", allow_duplicate=True),
        Input({"type": RESERVE, "asset": ALL}, "n_clicks"),
        State(URL, "search"),
        permission=Permission.TASKS_DO,
        prevent_initial_call=True,
    )
    def reserve(_clicks: list[int], search: str) -> list[Component]:
        actions.reserve(port, str(pressed()["asset"]))
        return content(port, query_of(search))

    @callbacks.add(
        Output(CONTENT, "children", allow_duplicate=True),
        Input({"type": RETURN, "asset": ALL}, "n_clicks"),
        State(URL, "search"),
        permission=Permission.TASKS_DO,
        prevent_initial_call=True,
    )
    def give_back(_clicks: list[int], search: str) -> list[Component]:
        actions.give_back(port, str(pressed()["asset"]))
        return content(port, query_of(search))


PAGE = Page(
    path="/find",
    title=mark("Find a device"),
    permission=Permission.DEVICES_READ,
    layout=layout,
    register=register,
    position=11,
    section=mark("Devices"),
    icon="device",
)

"""Live floor map.

Opened by whoever looks for something or watches the house, to see what is where and how sure that is. From a mark one
goes to the device's page.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from dash import ClientsideFunction, Input, Output, State, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dash_app.charts import floor_map as chart
from dash_app.pages.address import TICK, URL, query_of, search_with
from dash_app.pages.filters import detail_address, select
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.reader import chart_config, palette, wants_chinese
from dash_app.pages.states import attributes, empty, page_head, shape, since
from dash_app.pages.tables import Cell, Column, grid, table
from dash_app.queries import alarms, floor_map
from dash_app.queries.names import place_name
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import age, number, percent
from twin.access import Permission
from twin.events.places import PlaceKind
from twin.events.watch import AlarmPriority

GRAPH = "map-graph"
MODEL = "map-model"
FLOOR = "map-floor"
CATEGORY = "map-category"
GRID = "map-grid"
SUMMARY = "map-summary"
SELECTED = "map-selected"
_FACE = {AlarmPriority.HIGH: 1, AlarmPriority.MEDIUM: 2, AlarmPriority.LOW: 3}


def _floor_name(floor: int) -> str:
    return _("Ground floor") if floor == 0 else _("Floor {number}").format(number=floor)


def _chosen_floor(port: HospitalPort, query: dict[str, str]) -> int:
    storeys = floor_map.floors(port.state())
    wanted = query.get("floor", "")
    for storey in storeys:
        if wanted == str(storey):
            return storey
    selected = query.get("sel", "")
    if selected and not wanted:
        return floor_map.position(port.state(), selected, port.clock.now()).floor
    return 0 if 0 in storeys or not storeys else storeys[0]


def _columns() -> list[Column]:
    return [
        Column(field="link", title=_("Device"), width=190, is_link=True),
        Column(field="category", title=_("Kind"), width=140),
        Column(field="place", title=_("Place"), width=180),
        Column(field="seen", title=_("Last seen"), width=145, is_age=True),
        Column(field="confidence", title=_("Confidence"), width=110),
        Column(field="basis", title=_("Known by"), width=150),
        Column(field="alarm", title=_("Alarm"), width=90),
    ]


def _rows(found: list[floor_map.Position]) -> list[dict[str, object]]:
    return [
        {
            "id": entry.asset,
            "link": detail_address("devices", entry.asset),
            "link_text": entry.name,
            "category": codes.code_text(codes.CATEGORIES, entry.category),
            "place": entry.place_name,
            "seen": entry.seen_at,
            "confidence": percent(entry.confidence),
            "basis": codes.code_text(codes.BASES, entry.basis) + (_(", tag lost") if entry.is_lost else ""),
            "alarm": entry.priority.value if entry.priority is not None else "",
        }
        for entry in found
    ]


def _on_floor(port: HospitalPort, query: dict[str, str]) -> list[floor_map.Position]:
    floor, category = _chosen_floor(port, query), query.get("kind", "")
    found = floor_map.positions(port.state(), port.clock.now(), chinese=wants_chinese())
    return [entry for entry in found if entry.place and entry.floor == floor and category in {"", entry.category}]


def _in_room(found: list[floor_map.Position], query: dict[str, str]) -> list[floor_map.Position]:
    room = query.get("room", "")
    return [entry for entry in found if room in {"", entry.place}]


def _summary(port: HospitalPort, query: dict[str, str], found: list[floor_map.Position]) -> str:
    now = port.clock.now()
    oldest = min((entry.seen_at for entry in found if entry.seen_at), default=0)
    urgent = sum(entry.priority is not None for entry in found)
    text = _("{floor}. Devices: {count}, with an alarm: {urgent}.").format(
        floor=_floor_name(_chosen_floor(port, query)), count=len(found), urgent=urgent
    )
    return " ".join([text, _("Oldest position: {age}.").format(age=age(oldest, now))]) if oldest else text


def _crowd(room: floor_map.Gathered, shapes: dict[str, floor_map.PlaceShape]) -> chart.Crowd:
    text = _("{place}: {count} devices; choose it to see them").format(place=room.place_name, count=room.count)
    place = shapes[room.place]
    return chart.Crowd(id=room.place, x_m=place.x_m, y_m=place.y_m, count=room.count, text=text)


def _figure(port: HospitalPort, query: dict[str, str]) -> dict[str, Any]:
    state, now, floor = port.state(), port.clock.now(), _chosen_floor(port, query)
    alone, crowded = floor_map.gather(_on_floor(port, query), opened=query.get("room", ""))
    shapes = {shape.id: shape for shape in floor_map.shapes(state, chinese=wants_chinese())}
    seen = _("seen") + ": "
    rooms = [
        chart.Room(
            name="" if entry.kind is PlaceKind.BED else entry.name,
            x_m=entry.x_m,
            y_m=entry.y_m,
            width_m=entry.width_m,
            depth_m=entry.depth_m,
        )
        for entry in shapes.values()
        if entry.floor == floor and entry.width_m > 0
    ]
    marks = [
        chart.Mark(
            id=entry.asset,
            x_m=shapes[entry.place].x_m + entry.u * shapes[entry.place].width_m,
            y_m=shapes[entry.place].y_m + entry.v * shapes[entry.place].depth_m,
            face=_FACE[entry.priority] if entry.priority is not None else 0,
            text="<br>".join([entry.name, entry.place_name, seen + age(entry.seen_at, now)]),
        )
        for entry in alone
        if entry.place in shapes
    ]
    crowds = [_crowd(room, shapes) for room in crowded if room.place in shapes]
    return chart.figure(rooms, marks, palette(), crowds=crowds)


def _model(port: HospitalPort, query: dict[str, str]) -> dict[str, object]:
    state, now, chinese = port.state(), port.clock.now(), wants_chinese()
    return floor_map.browser_model(
        floor_map.shapes(state, chinese=chinese),
        floor_map.positions(state, now, chinese=chinese),
        floor=_chosen_floor(port, query),
        category=query.get("kind", ""),
        alarm_subjects={row.id: row.subject_id for row in alarms.active(state, now)},
        opened=query.get("room", ""),
    )


def _room_selected(port: HospitalPort, query: dict[str, str]) -> list[Component]:
    """Tell what stands in a room that was chosen, by kind."""
    room = query["room"]
    inside = [entry for entry in _on_floor(port, {**query, "kind": ""}) if entry.place == room]
    kinds = Counter(codes.code_text(codes.CATEGORIES, entry.category) for entry in inside)
    rows: list[list[Cell]] = [[kind, number(count)] for kind, count in sorted(kinds.items())]
    title = place_name(port.state(), room, chinese=wants_chinese())
    return [
        html.H2(title),
        table(title, [_("Kind"), _("Devices")], rows),
        html.P(
            dcc.Link(_("Whole floor"), href=f"/ui/map{search_with(_search_of(query), room=None)}", className="action")
        ),
    ]


def _search_of(query: dict[str, str]) -> str:
    return search_with("", **query)


def _selected(port: HospitalPort, query: dict[str, str]) -> list[Component]:
    asset = query.get("sel", "")
    if not asset and query.get("room") in port.state().places:
        return _room_selected(port, query)
    if not asset:
        return [html.P(_("Choose a mark to see what it is."), className="secondary")]
    now = port.clock.now()
    found = floor_map.position(port.state(), asset, now, chinese=wants_chinese())
    facts: list[tuple[str, Component | str]] = [
        (_("Place"), found.place_name or _("unknown place")),
        (_("Last seen"), since(found.seen_at, now)),
        (_("Confidence"), percent(found.confidence)),
        (_("Known by"), codes.code_text(codes.BASES, found.basis)),
    ]
    head: list[Component | str] = (
        [shape(found.priority), f" {found.priority.value} "] if found.priority is not None else []
    )
    return [
        html.H2([*head, found.name]),
        html.Dl([part for name, value in facts for part in (html.Dt(name), html.Dd(value))], className="facts"),
        dcc.Link(_("Open the device's page"), href=detail_address("devices", asset), className="action"),
    ]


def _legend() -> Component:
    entries = [html.Span(["● ", _("normal")]), html.Span(["○ ", _("so many devices in one room")])]
    entries += [html.Span([shape(priority), f" {priority.value}"]) for priority in AlarmPriority]
    return html.P(entries, className="legend")


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    query = dict(visit.query)
    head = page_head(_("Floor map"), _("What is where, how long ago it was seen, and how sure that is."))
    storeys = floor_map.floors(port.state())
    if not storeys:
        return html.Div(
            [head, empty(_("No places yet"), _("Import the building's places, then read points, then tags."))]
        )
    found = _on_floor(port, query)
    kinds = sorted({asset.entry.category for asset in tuple(port.state().assets.values()) if asset.entry is not None})
    floor = str(_chosen_floor(port, query))
    floors = [{"value": str(storey), "label": _floor_name(storey)} for storey in storeys]
    return html.Div(
        [
            head,
            html.Div(
                className="filters",
                children=[
                    select(FLOOR, _("Floor"), floors, floor, may_clear=False),
                    select(CATEGORY, _("Kind"), codes.choices(codes.CATEGORIES, kinds), query.get("kind", "")),
                ],
            ),
            html.P(_summary(port, query, found), id=SUMMARY, className="summary"),
            dcc.Store(id=MODEL, data=_model(port, query)),
            html.Div(
                className="map-and-selected",
                children=[
                    html.Div(
                        dcc.Graph(id=GRAPH, figure=_figure(port, query), config=chart_config(), className="map"),
                        className="panel",
                        role="img",
                        **attributes(aria_label=_("Floor map; the table below holds the same")),
                    ),
                    html.Div(_selected(port, query), id=SELECTED, className="panel"),
                ],
            ),
            _legend(),
            html.Details(
                [html.Summary(_("Table view")), grid(GRID, _columns(), _rows(_in_room(found, query)))],
                className="as-table",
                open=True,
            ),
        ]
    )


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register filters, selection, and the slow refresh; marks are moved by the browser itself."""
    _register_filters(callbacks)

    @callbacks.add(
        Output(GRAPH, "figure"),
        Output(MODEL, "data"),
        Output(SELECTED, "children"),
        Input(URL, "search"),
        permission=Permission.PLACES_READ,
        prevent_initial_call=True,
    )
    def show(search: str) -> tuple[dict[str, Any], dict[str, object], list[Component]]:
        query = query_of(search)
        return _figure(port, query), _model(port, query), _selected(port, query)

    @callbacks.add(
        Output(GRID, "rowData"),
        Output(SUMMARY, "children"),
        Input(TICK, "data"),
        Input(URL, "search"),
        permission=Permission.PLACES_READ,
        prevent_initial_call=True,
    )
    def refresh(_tick: Any, search: str) -> tuple[list[dict[str, object]], str]:
        query = query_of(search)
        found = _on_floor(port, query)
        return _rows(_in_room(found, query)), _summary(port, query, found)

    callbacks.add_clientside(
        ClientsideFunction("ht", "keepModel"), Output(MODEL, "modified_timestamp"), Input(MODEL, "data")
    )


def _register_filters(callbacks: Callbacks) -> None:
    @callbacks.add(
        Output(URL, "search", allow_duplicate=True),
        Input(FLOOR, "value"),
        Input(CATEGORY, "value"),
        State(URL, "search"),
        permission=Permission.PLACES_READ,
        prevent_initial_call=True,
    )
    def filter_map(floor: str | None, category: str | None, search: str) -> str:
        # A room stands on one floor: kept for another, it would empty the table.
        is_other_floor = query_of(search).get("floor", floor) != floor
        changed = search_with(search, floor=floor, kind=category)
        return search_with(changed, room=None) if is_other_floor else changed

    @callbacks.add(
        Output(URL, "search", allow_duplicate=True),
        Input(GRAPH, "clickData"),
        State(URL, "search"),
        permission=Permission.PLACES_READ,
        prevent_initial_call=True,
    )
    def choose(click: dict[str, Any] | None, search: str) -> str:
        points = (click or {}).get("points") or []
        if not points:
            raise PreventUpdate
        chosen = str(points[0]["customdata"])
        if chosen.startswith(chart.ROOM_HEAD):
            return search_with(search, room=chosen.removeprefix(chart.ROOM_HEAD), sel=None)
        return search_with(search, sel=chosen)


PAGE = Page(
    path="/map",
    title=mark("Floor map"),
    permission=Permission.PLACES_READ,
    layout=layout,
    register=register,
    position=2,
    section=mark("Now"),
    icon="map",
)

"""Wristbands: the way of a band over the floors, drawn on the plan beside the table that says the same."""

from __future__ import annotations

from dash import dcc, html
from dash.development.base_component import Component

from dash_app.charts import floor_map as chart
from dash_app.pages.reader import chart_config, palette, wants_chinese
from dash_app.pages.states import attributes, panel
from dash_app.queries import floor_map, journey
from dash_app.queries.journey import Stop
from dash_app.queries.names import place_name
from dash_app.queries.port import HospitalPort
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.moments import moment
from twin.state.live import LiveState

_MOST_STOPS = 40  # more numbers than that on one plan are a blot; the table holds all


def maps(port: HospitalPort, tag: str) -> list[Component]:
    """Build one plan for each floor that a band was on, the latest floor first; none if nothing can be drawn.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    tag : str
        The band.
    """
    state = port.state()
    with port.read() as session:
        found = journey.stops(state, journey.band_trail(session, tag))[-_MOST_STOPS:]
    by_floor: dict[int, list[tuple[int, Stop]]] = {}
    for number, stop in enumerate(found, 1):
        by_floor.setdefault(stop.floor, []).append((number, stop))
    latest = sorted(by_floor, key=lambda floor: -by_floor[floor][-1][0])
    return [_plan(state, floor, by_floor[floor]) for floor in latest]


def _plan(state: LiveState, floor: int, stops: list[tuple[int, Stop]]) -> Component:
    chinese = wants_chinese()
    rooms = [
        chart.Room(name=one.name, x_m=one.x_m, y_m=one.y_m, width_m=one.width_m, depth_m=one.depth_m)
        for one in floor_map.shapes(state, chinese=chinese)
        if one.floor == floor
    ]
    marks = [
        chart.Mark(
            id=str(number),
            x_m=stop.x_m,
            y_m=stop.y_m,
            face=0 if stop.to_at else 1,
            text=_text(state, stop, chinese=chinese),
        )
        for number, stop in stops
    ]
    title = _("Way over floor {number}").format(number=floor) if floor else _("Way over the ground floor")
    graph = dcc.Graph(figure=chart.trail(rooms, marks, palette()), config=chart_config(), style={"height": "360px"})
    label = _("{title}: {count} stops, the same as in the table").format(title=title, count=len(stops))
    return panel(title, html.Div(graph, role="img", **attributes(aria_label=label)), wide=True)


def _text(state: LiveState, stop: Stop, *, chinese: bool) -> str:
    until = moment(stop.to_at) if stop.to_at else _("still there")
    return f"{place_name(state, stop.place, chinese=chinese)} · {moment(stop.from_at)} – {until}"

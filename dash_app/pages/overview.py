"""Operations overview.

Opened by the hospital's administrator on duty, to see where pressure builds and which action relieves it. From a tile
one goes to the page where that action is taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import Input, Output, dcc, html
from dash.development.base_component import Component

from dash_app.charts.spark import spark
from dash_app.pages.address import TICK
from dash_app.pages.alarms import alarm_line
from dash_app.pages.forecast import blind_notice, card_line
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.reader import palette, wants_chinese
from dash_app.pages.states import attributes, empty, page_head, panel, shape, since
from dash_app.pages.tables import Cell, table
from dash_app.queries import alarms, beds, overview
from dash_app.queries.beds import BedUse
from dash_app.queries.forecast import outlook_of
from dash_app.queries.names import place_name
from dash_app.queries.port import HospitalPort
from dash_app.queries.trends import SPAN_US, Trend, trends
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import clock_time, duration, number, percent
from simulation.forecast.house import UnitForecast
from twin.access import Permission
from twin.clock import HOUR_US, MINUTE_US
from twin.events.watch import AlarmPriority
from twin.telemetry.telemetry import Telemetry

CONTENT = "overview-content"
PREFIX = "/ui/"
_MOST_ALARMS = 5
_MOST_WARDS = 8
_BEHIND_US = 15 * MINUTE_US  # a line of fewer samples would be a dot at the edge
WHOLE_US = 23 * HOUR_US  # from which age of its first sample a line tells the whole day


def _detail(code: str, count: int) -> str:
    return codes.code_text(codes.TILE_DETAILS, code).format(count=number(count), duration=duration(count))


def _spark(trend: Trend | None, now: int) -> list[Component]:
    if trend is None:
        return []
    first = trend.points[0][0]
    text = _("Last 24 h: {low} to {high}") if now - first > WHOLE_US else _("Since {time}: {low} to {high}")
    told = text.format(time=clock_time(first), low=number(trend.lowest), high=number(trend.highest))
    picture = spark(trend.points, (now - SPAN_US, now), palette().normal)
    return [html.Img(src=picture, alt=told, className="spark"), html.P(told, className="secondary")]


_NEEDED = {"plan": Permission.PLANS_READ, "gateways": Permission.GATEWAYS_READ}
"""What opens the page behind a tile, where not everybody who sees the overview holds it."""


def _tile(tile: overview.Tile, trend: Trend | None, now: int, *, may_follow: bool) -> Component:
    css = f"tile {tile.level.value.lower()}" if tile.level else "tile"
    of = [html.Small(_(" of {total}").format(total=number(tile.total)))] if tile.total else []
    mark_ = (
        [shape(tile.level), html.Span(f" {tile.level.value} ", className=tile.level.value.lower())]
        if tile.level
        else []
    )
    name = codes.code_text(codes.TILES, tile.key)
    action = codes.code_text(codes.TILE_ACTIONS, tile.action).format(**dict(tile.action_parameters))
    figure: list[str | Component] = [number(tile.value), *of]
    return html.Section(
        className=css,
        children=[
            html.H2([*mark_, name]),
            # The figure leads to what stands behind it, whether or not something is to be done about it.
            html.P(dcc.Link(figure, href=PREFIX + tile.path, title=name) if may_follow else figure, className="value"),
            *_spark(trend, now),
            html.P(" · ".join(_detail(code, count) for code, count in tile.details), className="secondary"),
            html.P([_("Last change: "), since(tile.as_of, now) if tile.as_of else _("never")], className="secondary"),
            html.P(
                className="next",
                children=dcc.Link(action, href=PREFIX + tile.path) if tile.action and may_follow else action,
            ),
        ],
    )


def _pressure(found: overview.Pressure) -> Component:
    priority = {4: "p1", 3: "p2"}.get(found.level, "")
    steps = [html.Span(className="on" if step <= found.level else "") for step in range(1, 5)]
    drivers = [
        f"{codes.code_text(codes.PRESSURE_PARAMETERS, entry.key)}: {_value(entry)}" for entry in found.scored[:3]
    ]
    return html.Section(
        className=f"panel pressure {priority}",
        **attributes(aria_label=_("Pressure")),
        children=[
            html.Span(
                _("Pressure {level} of 4: {word}").format(
                    level=found.level, word=codes.code_text(codes.PRESSURE_LEVELS, str(found.level))
                ),
                className="level",
            ),
            html.Span(steps, className=f"steps {priority}", **attributes(aria_hidden="true")),
            html.Span(_("Driven by: {drivers}").format(drivers=" · ".join(drivers)), className="secondary")
            if drivers
            else html.Span(_("No figures yet"), className="secondary"),
        ],
    )


def _value(entry: overview.Scored) -> str:
    return percent(entry.value) if entry.key.endswith("_share") else number(entry.value)


def _past(port: HospitalPort, tiles: Sequence[overview.Tile], now: int) -> Mapping[str, Trend]:
    store = port.services.get("telemetry")
    if not isinstance(store, Telemetry):
        return {}
    with port.read() as session:
        found = trends(session, store, tiles, now)
    return {key: trend for key, trend in found.items() if now - trend.points[0][0] >= _BEHIND_US}


def _wards(port: HospitalPort) -> Component:
    found = [ward for ward in beds.wards(port.state(), chinese=wants_chinese()) if ward.id]
    rows: list[list[Cell]] = [
        [
            dcc.Link(ward.name, href=f"{PREFIX}beds?ward={ward.id}"),
            html.Span(html.Span(style={"width": f"{min(ward.occupied_share, 1):.0%}"}), className="meter"),
            f"{ward.by_use[BedUse.OCCUPIED]} / {ward.open_beds}",
            str(ward.by_use[BedUse.READY]),
            str(ward.by_use[BedUse.DIRTY] + ward.by_use[BedUse.CLEANING]),
        ]
        for ward in found[:_MOST_WARDS]
    ]
    if not rows:
        return empty(_("No wards with beds yet"), _("Import places, or wait for the first admission."))
    headings = [_("Ward"), _("Occupied share"), _("Occupied / open"), _("Ready"), _("To clean")]
    more = dcc.Link(_("All wards: {count}").format(count=number(len(found))), href=f"{PREFIX}beds")
    return html.Div([table(_("Fullest wards"), headings, rows), html.P(more)])


def _alarms(port: HospitalPort) -> Component:
    now = port.clock.now()
    found = [row for row in alarms.active(port.state(), now) if row.priority is not AlarmPriority.LOW]
    if not found:
        return html.P(_("No alarm of priority P1 or P2."), className="secondary")
    # What does not fit is counted: five lines must not be taken for all that is urgent.
    more = dcc.Link(_("All urgent alarms: {count}").format(count=number(len(found))), href=f"{PREFIX}alarms")
    return html.Div([*(alarm_line(port.state(), row, now) for row in found[:_MOST_ALARMS]), html.P(more)])


def content(port: HospitalPort) -> list[Component]:
    """Build what changes with the hospital.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    """
    state, now, actor = port.state(), port.clock.now(), port.actor()
    if not overview.has_anything(state):
        return [
            empty(
                _("This hospital is empty"),
                _("Import places, devices, items and staff from spreadsheets, or start the demo hospital."),
            )
        ]
    tiles = overview.tiles(state, now)
    past = _past(port, tiles, now)
    parts = [
        _pressure(overview.pressure(overview.pressure_values(tiles))),
        html.Div(
            [
                _tile(tile, past.get(tile.key), now, may_follow=actor.may(_NEEDED.get(tile.path, Permission.SELF)))
                for tile in tiles
            ],
            className="tiles",
        ),
    ]
    panels = [panel(_("Fullest wards"), _wards(port))]
    if actor.may(Permission.ALARMS_READ):
        panels.insert(0, panel(_("Act now"), _alarms(port), wide=True))
    if actor.may(Permission.SIMULATION_READ):
        panels.append(panel(_("Next hours"), _outlook(port, now)))
    return [*parts, html.Div(panels, className="panels")]


def _outlook(port: HospitalPort, now: int) -> Component:
    found = outlook_of(port.services)
    if found is None:
        return html.P(
            _("The first forecast is made when the past has been read: a minute or two after the start."),
            className="secondary",
        )
    rest = dcc.Link(_("Every unit, 4 to 72 h"), href=f"{PREFIX}forecast")
    if found.blind_since or not found.heard_at:
        return html.Div([blind_notice(found, now), rest])
    rows: list[list[Cell]] = []
    for unit in sorted(found.units, key=_fullness)[:_MOST_WARDS]:
        name = place_name(port.state(), unit.unit, chinese=wants_chinese())
        bands = [
            f"{number(p.quantile(0.5))} ({number(p.quantile(0.1))}–{number(p.quantile(0.9))})" for p in unit.points
        ]
        shown = [bands[k] for k in (1, 2)] if bands else [_("too few stays yet"), "–"]
        rows.append([name, f"{number(unit.present)} / {number(unit.beds)}", *shown])
    headings = [_("Unit"), _("Now / open beds"), _("in {hours} h").format(hours=8), _("in {hours} h").format(hours=24)]
    return html.Div(
        [
            *([html.Ul([card_line(port, card) for card in found.cards[:3]], className="cards")] if found.cards else []),
            table(_("Patients expected, median and 80 % band"), headings, rows),
            html.P([_("Made "), since(found.made_at, now), " · ", rest], className="secondary"),
        ]
    )


def _fullness(unit: UnitForecast) -> float:
    return -max((point.above(unit.beds - 1) for point in unit.points[:3]), default=0.0)


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    return html.Div(
        [
            page_head(_("Operations overview"), _("Where pressure builds, and what relieves it.")),
            html.Div(content(port), id=CONTENT),
        ]
    )


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Refresh the page when something has happened."""

    @callbacks.add(
        Output(CONTENT, "children"),
        Input(TICK, "data"),
        permission=Permission.OVERVIEW_READ,
        prevent_initial_call=True,
    )
    def refresh(_tick: Any) -> list[Component]:
        return content(port)


PAGE = Page(
    path="/",
    title=mark("Overview"),
    permission=Permission.OVERVIEW_READ,
    layout=layout,
    register=register,
    position=1,
    section=mark("Now"),
    icon="overview",
)

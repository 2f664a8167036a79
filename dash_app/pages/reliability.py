"""Reliability explorer.

Opened by the biomedical engineer, to see which models fail how often, whether it gets worse with age, and which single
devices stand out. No figure stands without the failures that it rests on and its interval; below three failures the
page says that it says nothing.
"""

from __future__ import annotations

from typing import Any

from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from assets.service.fleet import FleetGroup
from dash_app.charts.series import Axes, Band, banded
from dash_app.pages.address import URL, query_of, search_with
from dash_app.pages.filters import detail_address, select
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.reader import chart_config, palette
from dash_app.pages.states import attributes, empty, page_head, panel
from dash_app.pages.tables import Cell, table
from dash_app.queries import device_planning
from dash_app.queries.names import asset_name
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes, device_words
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import number
from twin.access import Permission

CONTENT = "reliability-content"
KIND = "reliability-kind"
CONFIDENCE = 0.9
_Z = 1.6449  # of the normal distribution at 90 % two-sided
MOST = 200


def device_kinds(port: HospitalPort) -> list[dict[str, str]]:
    """Give the kinds of device that are there, as options."""
    held = tuple(port.state().assets.values())
    return codes.choices(codes.CATEGORIES, sorted({asset.entry.category for asset in held if asset.entry is not None}))


def interval_text(low: float | None, high: float | None, decimals: int = 0) -> str:
    """Write an interval; an open end where nothing bounds it."""
    if low is None:
        return "–"
    upper = number(high, decimals) if high is not None else "…"
    return f"{number(low, decimals)} – {upper}"


def _mean_time(group: FleetGroup) -> str:
    mean = group.mtbf_days
    bounds = interval_text(mean.low, mean.high)
    if mean.point is None:
        return _("at least {low} days").format(low=number(mean.low)) if not group.failures else f"({bounds})"
    return f"{number(mean.point)} ({bounds})"


def _availability(group: FleetGroup) -> str:
    if group.availability is None or group.availability_low is None or group.availability_high is None:
        return "–"
    low, high = number(100 * group.availability_low, 2), number(100 * group.availability_high, 2)
    return f"{number(100 * group.availability, 2)} % ({low} – {high})"


def _growth(group: FleetGroup) -> str:
    if group.growth is None or group.trend is None:
        return codes.code_text(device_words.REFUSALS, group.refused.get("growth") or group.refused.get("trend", ""))
    shape = f"{number(group.growth.shape, 2)} ({interval_text(group.growth.shape_low, group.growth.shape_high, 2)})"
    trend = codes.code_text(device_words.TRENDS, group.trend.trend)
    return f"{shape}; {trend}, p = {number(group.trend.laplace_p, 3)}"


def _models(query: dict[str, str], found: device_planning.Explored) -> Component:
    rows: list[list[Cell]] = [
        [
            dcc.Link(
                f"{group.manufacturer} {group.model}".strip() or codes.code_text(codes.CATEGORIES, group.category),
                href=f"/ui/reliability{search_with('', kind=query.get('kind'), model=group.model)}",
            ),
            codes.code_text(codes.CATEGORIES, group.category),
            group.devices,
            group.failures,
            number(group.days / 365.25, 1),
            _mean_time(group),
            _availability(group),
            _growth(group),
        ]
        for group in found.groups
    ]
    headings = [
        _("Model"),
        _("Kind"),
        _("Devices"),
        _("Failures"),
        _("Years watched"),
        _("Days between failures (90 %)"),
        _("Up (90 %)"),
        _("Shape (90 %) and trend"),
    ]
    return table(_("Models"), headings, rows, most=MOST)


def _curve(found: device_planning.Explored) -> Component:
    steps = found.curve
    if not steps:
        return html.P(_("Fewer than three failures: too little to say"), className="secondary")
    kept = steps[:: max(1, len(steps) // 300)]
    spread = [_Z * step.variance**0.5 for step in kept]
    ages = [step.age / 365.25 for step in kept]
    band = Band(
        name=_("Failures per device"),
        x=ages,
        low=[max(step.mean - width, 0.0) for step, width in zip(kept, spread, strict=True)],
        middle=[step.mean for step in kept],
        high=[step.mean + width for step, width in zip(kept, spread, strict=True)],
    )
    title = _("Mean failures per device by age, with the 90 % interval; n = {count} failures").format(count=len(steps))
    figure = banded([band], Axes(x=_("Age, years"), y=_("Failures per device")), palette())
    rows: list[list[Cell]] = [
        [number(x, 2), number(middle, 2), f"{number(low, 2)} – {number(high, 2)}"]
        for x, low, middle, high in list(zip(ages, band.low, band.middle, band.high, strict=True))[::10]
    ]
    return html.Div(
        [
            html.P(title),
            html.Div(
                dcc.Graph(figure=figure, config=chart_config(), style={"height": "300px"}),
                role="img",
                **attributes(aria_label=title),
            ),
            html.Details(
                [
                    html.Summary(_("Table view")),
                    table(title, [_("Age, years"), _("Failures per device"), _("Interval (90 %)")], rows),
                ],
                className="as-table",
            ),
        ]
    )


def _devices(port: HospitalPort, group: FleetGroup) -> Component:
    if not group.pooled:
        return html.P(_("Fewer than three failures: too little to say"), className="secondary")
    worst = sorted(group.pooled, key=lambda one: -one[1].rate)[:20]
    rows: list[list[Cell]] = [
        [
            dcc.Link(asset_name(port.state(), asset), href=detail_address("devices", asset)),
            rate.events,
            number(rate.time, 1),
            f"{number(rate.rate, 2)} ({interval_text(rate.low, rate.high, 2)})",
        ]
        for asset, rate in worst
    ]
    headings = [_("Device"), _("Failures"), _("Years watched"), _("Failures a year, drawn towards its fellows (90 %)")]
    return table(_("Devices that fail most"), headings, rows)


def content(port: HospitalPort, query: dict[str, str]) -> list[Component]:
    """Build the explorer.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    query : dict[str, str]
        ``kind`` of device and ``model`` whose curve is shown.
    """
    with port.read() as session:
        found = device_planning.explore(
            session,
            now=port.clock.now(),
            category=query.get("kind", ""),
            model=query.get("model", ""),
            confidence=CONFIDENCE,
        )
    if found.chosen is None:
        return [empty(_("No device has been watched yet"), _("Register devices; their repairs become the record."))]
    chosen = found.chosen
    name = f"{chosen.manufacturer} {chosen.model}".strip() or codes.code_text(codes.CATEGORIES, chosen.category)
    text = _("Models: {models}, devices: {devices}, failures: {failures}").format(
        models=len(found.groups),
        devices=sum(g.devices for g in found.groups),
        failures=sum(g.failures for g in found.groups),
    )
    return [
        html.P(text, className="summary"),
        html.Div(
            [
                panel(_("Models"), _models(query, found), wide=True),
                panel(name, _curve(found)),
                panel(_("Devices that fail most"), _devices(port, chosen)),
            ],
            className="panels",
        ),
    ]


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    lead = _("How often models fail and whether it gets worse, each figure with what it rests on.")
    return html.Div(
        [
            page_head(_("Reliability"), lead),
            html.Div(select(KIND, _("Kind"), device_kinds(port), visit.query.get("kind", "")), className="filters"),
            html.Div(content(port, dict(visit.query)), id=CONTENT),
        ]
    )


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register the filter; failures come slowly, so that nothing refreshes by itself."""

    @callbacks.add(
        Output(CONTENT, "children"),
        Input(URL, "search"),
        permission=Permission.DEVICES_READ,
        prevent_initial_call=True,
    )
    def show(search: str) -> list[Component]:
        return content(port, query_of(search))

    @callbacks.add(
        Output(URL, "search", allow_duplicate=True),
        Input(KIND, "value"),
        State(URL, "search"),
        permission=Permission.DEVICES_READ,
        prevent_initial_call=True,
    )
    def narrow(kind: str | None, search: str) -> Any:
        # Dash calls as well when the selection is put on the page: a model that an address names must not go then.
        if (kind or "") == query_of(search).get("kind", ""):
            raise PreventUpdate
        return search_with(search, kind=kind, model=None)


PAGE = Page(
    path="/reliability",
    title=mark("Reliability"),
    permission=Permission.DEVICES_READ,
    layout=layout,
    register=register,
    position=18,
    section=mark("Devices"),
    icon="whatif",
)

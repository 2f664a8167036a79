"""Drift of devices.

Opened by the biomedical engineer, to see which machine changes slowly against its own healthy beginning, to look at the
chart, and to follow the order that it led to. What is charted is chosen here, per device and figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from assets.model.drift import QUALIFIED_BASELINE, Baseline, Direction, DriftAlert, DriftChart, DriftWatch, Feature
from assets.rules.drift import mean_interval
from dash_app.actions import device_records as actions
from dash_app.charts.series import Axes, Limit
from dash_app.charts.series import cycle as limited_lines
from dash_app.pages.address import URL, query_of
from dash_app.pages.asking import asks_first
from dash_app.pages.device_field import device_field, register_device_fields
from dash_app.pages.fields import needed
from dash_app.pages.filters import detail_address
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.reader import chart_config, palette
from dash_app.pages.states import attributes, empty, page_head, panel, shape
from dash_app.pages.tables import Cell, table
from dash_app.queries import device_records
from dash_app.queries.names import asset_name
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes, device_words
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import moment, percent
from twin.access import Permission
from twin.events.watch import AlarmPriority

CONTENT = "drift-content"
TOLD = ("device", "feature", "quantity", "programme", "direction", "baseline_n")
ADD = "drift-add"
SAID = "drift-said"
CHOSEN = "drift-chosen"
ANEW = "drift-anew"
STOP = "drift-stop"
SHOWN = 100  # lines of the table beside a chart


def feature_text(watch: DriftWatch) -> str:
    """Write which figure is charted."""
    text = codes.code_text(device_words.FEATURES, watch.feature.value)
    parts = [part for part in (watch.quantity, watch.programme) if part]
    return f"{text} ({', '.join(parts)})" if parts else text


def _figure(value: float) -> str:
    return f"{value:.4g}"


def baseline_text(found: Baseline) -> str:
    """Write the healthy mean with its interval, the deviation and how many observations both rest on."""
    low, high = mean_interval(found)
    return _("{mean} (90 %: {low} – {high}), deviation {sigma}, n = {n}").format(
        mean=_figure(found.mean), low=_figure(low), high=_figure(high), sigma=_figure(found.sigma), n=found.n
    )


def _now_text(chart: DriftChart) -> str:
    """Write the weighted mean with the limits that it keeps while nothing has changed."""
    if not chart.ewma:
        return "–"
    return _("{value} (limits {low} – {high}; n = {n})").format(
        value=_figure(chart.ewma[-1]),
        low=_figure(chart.ewma_low),
        high=_figure(chart.ewma_high),
        n=len(chart.ewma),
    )


def _state(watch: DriftWatch, chart: DriftChart) -> Component | str:
    if chart.baseline is None:
        return _("learns: {n} of {wanted} observations").format(n=len(chart.observations), wanted=watch.baseline_n)
    if chart.alarm_index < 0:
        return _("no drift in {n} observations").format(n=len(chart.ewma))
    text = _("drift since observation {number}").format(number=chart.alarm_index + 1)
    return html.Span([shape(AlarmPriority.MEDIUM), " ", text], className="status p2")


def _board(port: HospitalPort, found: device_records.DriftBoard) -> Component:
    rows: list[list[Cell]] = [
        [
            dcc.Link(
                f"{asset_name(port.state(), watch.asset)} · {feature_text(watch)}",
                href=f"/ui/drift?watch={quote(watch.id, safe='')}",
            ),
            _state(watch, chart),
            "–" if chart.baseline is None else baseline_text(chart.baseline),
            _now_text(chart),
            moment(chart.observations[-1].at) if chart.observations else "–",
        ]
        for watch, chart in found.lines
    ]
    headings = [_("What is charted"), _("State"), _("Healthy mean and deviation"), _("Weighted mean now"), _("Last")]
    return table(_("What is charted"), headings, rows)


def _alerts(port: HospitalPort, found: device_records.DriftBoard) -> Component:
    if not found.alerts:
        return html.P(_("No chart has alarmed yet."), className="secondary")
    right = found.precision
    text = _("Settled alerts that were right: {hits} of {n}").format(hits=right.hits, n=right.n)
    if right.point is not None:
        text = _("{text} = {share} (90 % interval {low} – {high})").format(
            text=text, share=percent(right.point), low=percent(right.low), high=percent(right.high)
        )
    rows: list[list[Cell]] = [_alert_row(port, one) for one in found.alerts]
    headings = [_("When"), _("Device"), _("What"), _("Healthy → now"), _("Plot as it was then"), _("What became of it")]
    return html.Div([html.P(text), table(_("Alerts"), headings, rows, most=SHOWN)])


def _alert_row(port: HospitalPort, one: DriftAlert) -> list[Cell]:
    return [
        moment(one.at),
        dcc.Link(asset_name(port.state(), one.asset), href=detail_address("devices", one.asset)),
        codes.code_text(device_words.FEATURES, one.feature.value),
        f"{baseline_text(one.baseline)} → {_figure(one.value)}",
        html.A(_("Plot"), href=f"/v1/documents/{quote(one.document, safe='')}", target="_blank"),
        codes.code_text(device_words.ALERT_OUTCOMES, one.outcome.value),
    ]


def _graph(figure: dict[str, Any], title: str, height: int) -> Component:
    return html.Div(
        dcc.Graph(figure=figure, config=chart_config(), style={"height": f"{height}px"}),
        role="img",
        **attributes(aria_label=title),
    )


def _charts(port: HospitalPort, watch: DriftWatch, chart: DriftChart) -> Component:
    title = f"{asset_name(port.state(), watch.asset)} · {feature_text(watch)}"
    if chart.baseline is None:
        return panel(title, html.P(_state(watch, chart)), wide=True)
    numbers = [index + 1 for index in range(len(chart.observations))]
    own = numbers[chart.charted_from :]
    lines: list[tuple[str, Sequence[float | str], Sequence[float | None]]] = [
        (_("Observed value"), numbers, [one.value for one in chart.observations]),
        (_("Weighted mean (EWMA)"), own, list(chart.ewma)),
    ]
    limits = Limit(
        low=chart.ewma_low,
        high=chart.ewma_high,
        label=_("limits of the weighted mean {low} to {high}").format(
            low=_figure(chart.ewma_low), high=_figure(chart.ewma_high)
        ),
    )
    axes = Axes(x=_("Observation"), y=codes.code_text(device_words.FEATURES, watch.feature.value))
    sums: list[tuple[str, Sequence[float | str], Sequence[float | None]]] = [
        (_("Sum upward"), own, list(chart.cusum_up)),
        (_("Sum downward"), own, list(chart.cusum_down)),
    ]
    allowed = Limit(low=0.0, high=watch.limit, label=_("limit {limit} deviations").format(limit=f"{watch.limit:g}"))
    learnt = _("Learnt while it was healthy: {baseline}.").format(baseline=baseline_text(chart.baseline))
    return panel(
        title,
        html.P(_state(watch, chart)),
        html.P(learnt, className="secondary"),
        _graph(limited_lines(lines, axes, palette(), limit=limits), title, 320),
        html.P(_("Cumulative sums (CUSUM)")),
        _graph(
            limited_lines(sums, Axes(x=_("Observation"), y=_("Standard deviations")), palette(), limit=allowed),
            _("Cumulative sums (CUSUM)"),
            220,
        ),
        html.Details([html.Summary(_("Table view")), _points(title, chart)], className="as-table"),
        wide=True,
    )


def _points(title: str, chart: DriftChart) -> Component:
    rows: list[list[Cell]] = []
    for index, one in list(enumerate(chart.observations))[-SHOWN:]:
        own = index - chart.charted_from
        is_charted = 0 <= own < len(chart.ewma)
        rows.append(
            [
                index + 1,
                moment(one.at),
                _figure(one.value),
                _figure(chart.ewma[own]) if is_charted else "–",
                _figure(chart.cusum_up[own]) if is_charted else "–",
                _figure(chart.cusum_down[own]) if is_charted else "–",
            ]
        )
    headings = [
        _("Observation"),
        _("When"),
        _("Observed value"),
        _("Weighted mean (EWMA)"),
        _("Sum upward"),
        _("Sum downward"),
    ]
    return table(title, headings, rows)


def content(port: HospitalPort, query: dict[str, str]) -> list[Component]:
    """Build the board.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    query : dict[str, str]
        ``watch``, whose charts are shown.
    """
    with port.read() as session:
        found = device_records.drift_board(session)
    if not found.lines and not found.alerts:
        return [empty(_("Nothing is charted yet"), _("Choose below a device and what is to be charted of it."))]
    drifting = sum(chart.alarm_index >= 0 for _watch, chart in found.lines)
    text = _("Charted: {count}, drifting: {drifting}").format(count=len(found.lines), drifting=drifting)
    panels = [_charts(port, *line) for line in found.lines if line[0].id == query.get("watch")]
    panels += [
        panel(_("What is charted"), _board(port, found), wide=True),
        panel(_("Alerts"), _alerts(port, found), wide=True),
    ]
    return [html.P(text, className="summary"), html.Div(panels, className="panels")]


def _choices(port: HospitalPort) -> list[dict[str, str]]:
    with port.read() as session:
        found = device_records.drift_board(session)
    return [
        {"value": watch.id, "label": f"{asset_name(port.state(), watch.asset)} · {feature_text(watch)}"}
        for watch, _chart in found.lines
    ]


def _charted(port: HospitalPort) -> Component:
    return html.Div(
        className="filters",
        children=[
            dmc.Select(
                id=CHOSEN,
                label=_("What is charted"),
                data=_choices(port),
                w=420,
                searchable=True,
                comboboxProps={"withinPortal": False},
                nothingFoundMessage=_("Nothing found"),
            ),
            asks_first(
                html.Button(_("Learn anew from now on"), id=ANEW, className="action", n_clicks=0),
                _("What counts as healthy is forgotten; until it is learnt again nothing warns of a drift."),
                CHOSEN,
            ),
            asks_first(
                html.Button(_("Chart it no more"), id=STOP, className="action", n_clicks=0),
                _("Nothing warns of a drift of this figure any more, and what was learnt is given up."),
                CHOSEN,
            ),
        ],
    )


def _desk(port: HospitalPort, visit: Visit) -> Component:
    def choose(name: str, label: str, words: Any, value: str, width: int) -> Component:
        control: Component = dmc.Select(
            id=f"drift-{name}",
            label=label,
            data=codes.choices(words, list(words)),
            value=value,
            allowDeselect=False,
            w=width,
            comboboxProps={"withinPortal": False},
        )
        return control

    return panel(
        _("Chart a figure"),
        html.P(_("Its first observations are taken as healthy. An alarm opens a work order with the plot.")),
        html.Div(
            className="filters",
            children=[
                device_field(port, "drift-device", value=visit.query.get("device", "")),
                choose("feature", _("Figure"), device_words.FEATURES, Feature.HEAT_UP_S.value, 280),
                dmc.TextInput(id="drift-quantity", label=_("Quantity, for a day's samples"), w=200),
                dmc.TextInput(id="drift-programme", label=_("Only this programme; empty for all"), w=220),
                choose("direction", _("What is worse"), device_words.DIRECTIONS, Direction.BOTH.value, 200),
                dmc.NumberInput(
                    id="drift-baseline_n",
                    label=_("Healthy observations to learn from"),
                    value=QUALIFIED_BASELINE,
                    min=10,
                    max=1000,
                    hideControls=True,
                    w=240,
                ),
                html.Button(_("Chart it"), id=ADD, className="action primary", n_clicks=0),
            ],
        ),
        _charted(port),
        html.P(id=SAID, role="status"),
        wide=True,
    )


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    lead = _("Machines that change slowly against their own healthy beginning, before they fail.")
    parts = [page_head(_("Drift"), lead), html.Div(content(port, dict(visit.query)), id=CONTENT)]
    if port.actor().may(Permission.WORK_ORDERS_WRITE):
        parts.append(html.Div(_desk(port, visit), className="below"))
    return html.Div(parts)


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register showing, adding, learning anew and stopping; charts change once an hour, so that nothing refreshes."""
    register_device_fields(callbacks, port, "drift-device")

    @callbacks.add(
        Output(CONTENT, "children"),
        Input(URL, "search"),
        permission=Permission.DEVICES_READ,
        prevent_initial_call=True,
    )
    def show(search: str) -> list[Component]:
        return content(port, query_of(search))

    outputs = (
        Output(SAID, "children", allow_duplicate=True),
        Output(CHOSEN, "data", allow_duplicate=True),
        Output(CONTENT, "children", allow_duplicate=True),
    )
    common: dict[str, Any] = {"permission": Permission.WORK_ORDERS_WRITE, "prevent_initial_call": True}

    @callbacks.add(*outputs, Input(ADD, "n_clicks"), *[State(f"drift-{field}", "value") for field in TOLD], **common)
    def add(_clicks: int, *entered: Any) -> Any:
        watch = actions.save_watch(port, dict(zip(TOLD, entered, strict=True)))
        text = _("Charted. Past cycles and samples are taken in within the hour.")
        return text, _choices(port), content(port, {"watch": watch.id})

    @callbacks.add(*outputs, Input(ANEW, "n_clicks"), State(CHOSEN, "value"), **common)
    def anew(_clicks: int, chosen: str | None) -> Any:
        chosen = needed(chosen, _("What is charted"))
        actions.begin_anew(port, chosen)
        return _("A new baseline is learnt from now on."), _choices(port), content(port, {"watch": chosen})

    @callbacks.add(*outputs, Input(STOP, "n_clicks"), State(CHOSEN, "value"), **common)
    def stop(_clicks: int, chosen: str | None) -> Any:
        chosen = needed(chosen, _("What is charted"))
        actions.stop_watch(port, chosen)
        return _("It is charted no more; what was observed is kept."), _choices(port), content(port, {})


PAGE = Page(
    path="/drift",
    title=mark("Drift"),
    permission=Permission.DEVICES_READ,
    layout=layout,
    register=register,
    position=19,
    section=mark("Devices"),
    icon="whatif",
)

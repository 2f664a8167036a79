"""Cheapest within limits.

Opened by the planner and the administrator, to find how few beds, people and devices hold a promise, such as 95 %
of the patients seen within four hours. The search starts from the hospital as it is now; what it proposes can be tried
on the what-if page.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dash_app.actions import runs as actions
from dash_app.pages.address import URL, query_of, search_with
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import attributes, empty, page_head, panel
from dash_app.pages.tables import Cell, table
from dash_app.queries.cheapest import Found, LimitShown, PointShown, found_of
from dash_app.queries.levers import LeverKind, levers, limitable, ward_names
from dash_app.queries.port import HospitalPort, JobState, JobView
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.measures import lever_text, measure_text, scale_of
from dash_app.texts.moments import number
from twin.access import Permission

LEVERS, LEVER_LIST, LIMITS, LIMIT_LIST = (
    "cheapest-levers",
    "cheapest-lever-list",
    "cheapest-limits",
    "cheapest-limit-list",
)
POOL, LOW, HIGH, PRICE, ADD = "cheapest-pool", "cheapest-low", "cheapest-high", "cheapest-price", "cheapest-add"
MEASURE, MOST, ADD_LIMIT, CLEAR = "cheapest-measure", "cheapest-most", "cheapest-limit-add", "cheapest-clear"
HORIZON, RUN, CANCEL = "cheapest-horizon", "cheapest-run", "cheapest-cancel"
PROGRESS, ANSWER, TIMER = "cheapest-progress", "cheapest-answer", "cheapest-timer"
_POLL_MS = 1000
_REPLICATIONS = 200

Told = list[dict[str, Any]]


def _pools(port: HospitalPort) -> dict[str, tuple[str, float]]:
    """Give text and present number of everything that can be counted, by its entry in the pathway."""
    return {
        one.path: (lever_text(one.kind.value, one.subject, one.name), one.now or 0)
        for one in levers(port.state(), port.clock.now(), chinese=wants_chinese())
        if one.kind is LeverKind.CAPACITY
    }


def _lever_items(told: Told) -> list[Component]:
    if not told:
        return [html.Li(_("Nothing may change yet."), className="secondary")]
    text = _("{text}: {low} to {high}, {price} each")
    return [
        html.Li(text.format(text=one["text"], low=one["low"], high=one["high"], price=number(one["price"], 2)))
        for one in told
    ]


def _limit_items(told: Told) -> list[Component]:
    if not told:
        return [html.Li(_("Nothing is promised yet."), className="secondary")]
    return [
        html.Li(_("{measure}: at most {most}").format(measure=one["text"], most=number(one["most"], 2))) for one in told
    ]


def _question(port: HospitalPort) -> Component:
    pools = [{"value": path, "label": f"{text} ({number(now)})"} for path, (text, now) in _pools(port).items()]
    names = ward_names(port.state(), chinese=wants_chinese())
    measures = [{"value": one, "label": measure_text(one, names)} for one in limitable(port.state(), port.clock.now())]
    horizons = [{"value": str(hours), "label": _("{hours} h").format(hours=hours)} for hours in (24, 48, 72, 168)]
    may_run = port.actor().may(Permission.SIMULATION_RUN)
    return panel(
        _("Question"),
        html.H3(_("What may change")),
        html.Ul(_lever_items([]), id=LEVER_LIST, className="changes"),
        dmc.Select(id=POOL, label=_("What"), data=pools, value=pools[0]["value"] if pools else None, searchable=True),
        dmc.NumberInput(id=LOW, label=_("At least"), value=1, min=0, hideControls=True, allowDecimal=False),
        dmc.NumberInput(id=HIGH, label=_("At most"), value=20, min=0, hideControls=True, allowDecimal=False),
        dmc.NumberInput(id=PRICE, label=_("Price of one"), value=1, min=0, hideControls=True),
        html.P(html.Button(_("This may change"), id=ADD, className="action", n_clicks=0)),
        html.H3(_("What must hold")),
        html.Ul(_limit_items([]), id=LIMIT_LIST, className="changes"),
        dmc.Select(
            id=MEASURE,
            label=_("Measure"),
            data=measures,
            value=measures[0]["value"] if measures else None,
            searchable=True,
        ),
        dmc.NumberInput(id=MOST, label=_("At most, in the measure's unit"), value=60, hideControls=True),
        html.P(
            [
                html.Button(_("This must hold"), id=ADD_LIMIT, className="action", n_clicks=0),
                " ",
                html.Button(_("Take all away"), id=CLEAR, className="action", n_clicks=0),
            ]
        ),
        html.H3(_("Run")),
        dmc.Select(id=HORIZON, label=_("How far ahead"), data=horizons, value="48", allowDeselect=False),
        html.P(
            [
                html.Button(_("Search"), id=RUN, className="action primary", n_clicks=0, disabled=not may_run),
                " ",
                html.Button(_("Cancel"), id=CANCEL, className="action", n_clicks=0, disabled=not may_run),
            ]
        ),
    )


def _view(port: HospitalPort, run: str) -> JobView | None:
    return port.jobs.view(run) if run else None


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page; an address with a run shows its answer."""
    view = _view(port, visit.query.get("run", ""))
    lead = _("How few beds, people and devices hold what was promised? Searched from the hospital as it is now.")
    return html.Div(
        [
            page_head(_("Cheapest within limits"), lead),
            dcc.Store(id=LEVERS, data=[]),
            dcc.Store(id=LIMITS, data=[]),
            dcc.Interval(id=TIMER, interval=_POLL_MS, disabled=view is None or view.is_over),
            html.Div(
                className="two",
                children=[
                    _question(port),
                    html.Div(
                        [
                            html.Div(_progress(view), id=PROGRESS, role="status"),
                            html.Div(_answer(port, view), id=ANSWER),
                        ]
                    ),
                ],
            ),
        ]
    )


def _progress(view: JobView | None) -> list[Component]:
    if view is None:
        return []
    parts: list[Component] = [html.P(codes.code_text(codes.JOB_STATES, view.state.value))]
    if not view.is_over:
        # how many points there are to try is not known: a bar without a value says that it goes on
        parts.append(html.Progress(**attributes(aria_label=_("Progress"))))
    if view.state is JobState.FAILED:
        parts.append(html.Div(html.P(f"{view.error_message} ({view.error_code})"), className="state-error"))
    return parts


def _answer(port: HospitalPort, view: JobView | None) -> list[Component]:
    if view is None:
        told = _("Say what may change and at which price, and what must hold, then press Search.")
        return [empty(_("No search yet"), told)]
    found = found_of(view.result)
    if found is None:
        return []
    texts = {path: text for path, (text, _now) in _pools(port).items()}
    return [
        html.Div(_found_panels(found, texts, ward_names(port.state(), chinese=wants_chinese())), className="panels")
    ]


def _found_panels(found: Found, texts: Mapping[str, str], names: Mapping[str, str]) -> list[Component]:
    if found.best is None:
        head = _("Not even the upper bounds keep the limits.")
    else:
        head = _("Cheapest found: {cost}; as it is: {now}.").format(
            cost=number(found.best.cost, 2), now=number(found.start.cost, 2)
        )
    counted = _("{points} points tried in {runs} runs, all with the same patients.").format(
        points=number(len(found.steps)), runs=number(found.replications)
    )
    shown = [("start", found.start), *((("best", found.best),) if found.best is not None else ())]
    rows: list[list[Cell]] = [
        [texts.get(path, path), *(point.counts[path] for _name, point in shown)] for path in found.start.counts
    ]
    headings = [_("What"), _("as it is"), *([_("Cheapest")] if found.best is not None else [])]
    limits: list[list[Cell]] = [
        [measure_text(one.measure, names), number(one.most / scale_of(one.measure), 2), _within(one)]
        for one in (found.best or found.start).limits
    ]
    note = _("Within the bounds no unit less, and no exchange for a cheaper one, keeps the limits.")
    return [
        panel(
            _("Answer"),
            html.P(head, className="summary"),
            table(_("Numbers"), headings, rows),
            table(_("Limits"), [_("Measure"), _("At most"), _("Mean and 95 % interval")], limits),
            html.P([counted, " ", note], className="secondary"),
            wide=True,
        ),
        _steps_panel(found, texts),
    ]


def _within(one: LimitShown) -> str:
    if one.mean is None or one.half_width is None:
        return "–"
    scale = scale_of(one.measure)
    return _("{mean} ± {half_width} (n = {n})").format(
        mean=number(one.mean / scale, 2), half_width=number(one.half_width / scale, 2), n=one.n
    )


def _verdict(point: PointShown) -> str:
    return {True: _("holds"), False: _("broken"), None: _("not known")}[point.keeps_limits]


def _steps_panel(found: Found, texts: Mapping[str, str]) -> Component:
    rows: list[list[Cell]] = [
        [*point.counts.values(), number(point.cost, 2), _verdict(point), _("yes") if point.is_taken else ""]
        for point in found.steps
    ]
    headings = [*(texts.get(path, path) for path in found.start.counts), _("Cost"), _("Limits"), _("Taken")]
    title = _("The way of the search")
    return html.Details([html.Summary(title), table(title, headings, rows)], className="as-table")


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register putting the question together, the search, and following it."""
    _register_question(callbacks, port)
    _register_run(callbacks, port)


def _register_question(callbacks: Callbacks, port: HospitalPort) -> None:
    common: dict[str, Any] = {"permission": Permission.SIMULATION_RUN, "prevent_initial_call": True}

    @callbacks.add(
        Output(LEVERS, "data"),
        Output(LEVER_LIST, "children"),
        Input(ADD, "n_clicks"),
        State(LEVERS, "data"),
        State(POOL, "value"),
        State(LOW, "value"),
        State(HIGH, "value"),
        State(PRICE, "value"),
        **common,
    )
    def add(clicks: int, told: Told, path: str | None, low: Any, high: Any, price: Any) -> tuple[Told, list[Component]]:
        if not clicks or not path:
            raise PreventUpdate
        lever = actions.lever_told(path, low, high, price)
        made = [*(one for one in told if one["path"] != path), {**lever, "text": _pools(port)[path][0]}]
        return made, _lever_items(made)

    @callbacks.add(
        Output(LIMITS, "data"),
        Output(LIMIT_LIST, "children"),
        Input(ADD_LIMIT, "n_clicks"),
        State(LIMITS, "data"),
        State(MEASURE, "value"),
        State(MOST, "value"),
        **common,
    )
    def add_limit(clicks: int, told: Told, measure: str | None, most: Any) -> tuple[Told, list[Component]]:
        if not clicks or not measure or not isinstance(most, int | float):
            raise PreventUpdate
        text = measure_text(measure, ward_names(port.state(), chinese=wants_chinese()))
        made = [*(one for one in told if one["measure"] != measure), {"measure": measure, "most": most, "text": text}]
        return made, _limit_items(made)

    @callbacks.add(
        Output(LEVERS, "data", allow_duplicate=True),
        Output(LEVER_LIST, "children", allow_duplicate=True),
        Output(LIMITS, "data", allow_duplicate=True),
        Output(LIMIT_LIST, "children", allow_duplicate=True),
        Input(CLEAR, "n_clicks"),
        **common,
    )
    def take_away(clicks: int) -> tuple[Told, list[Component], Told, list[Component]]:
        if not clicks:
            raise PreventUpdate
        return [], _lever_items([]), [], _limit_items([])


def _register_run(callbacks: Callbacks, port: HospitalPort) -> None:
    @callbacks.add(
        Output(URL, "search", allow_duplicate=True),
        Output(TIMER, "disabled"),
        Output(ANSWER, "children", allow_duplicate=True),
        Input(RUN, "n_clicks"),
        State(LEVERS, "data"),
        State(LIMITS, "data"),
        State(HORIZON, "value"),
        State(URL, "search"),
        permission=Permission.SIMULATION_RUN,
        prevent_initial_call=True,
    )
    def run(clicks: int, told: Told, limits: Told, horizon: str, search: str) -> tuple[str, bool, list[Component]]:
        if not clicks:
            raise PreventUpdate
        arguments = {
            "levers": [f"{one['path']}={one['low']}..{one['high']}@{one['price']}" for one in told],
            "limits": [f"{one['measure']}<={one['most'] * scale_of(one['measure'])}" for one in limits],
            "base": "live",
            "horizon_s": int(horizon) * 3600.0,
            "replications": _REPLICATIONS,
        }
        job = actions.start_optimum(port, arguments)
        return search_with(search, run=job), False, []

    @callbacks.add(
        Output(PROGRESS, "children"),
        Output(TIMER, "disabled", allow_duplicate=True),
        Output(ANSWER, "children"),
        Input(TIMER, "n_intervals"),
        State(URL, "search"),
        permission=Permission.SIMULATION_READ,
        prevent_initial_call=True,
    )
    def follow(_ticks: int, search: str) -> tuple[list[Component], bool, list[Component]]:
        view = _view(port, query_of(search).get("run", ""))
        return _progress(view), view is None or view.is_over, _answer(port, view)

    @callbacks.add(
        Output(PROGRESS, "children", allow_duplicate=True),
        Input(CANCEL, "n_clicks"),
        State(URL, "search"),
        permission=Permission.SIMULATION_RUN,
        prevent_initial_call=True,
    )
    def call_off(clicks: int, search: str) -> list[Component]:
        run = query_of(search).get("run", "")
        if not clicks or not run:
            raise PreventUpdate
        actions.cancel(port, run)
        return _progress(_view(port, run))


PAGE = Page(
    path="/cheapest",
    title=mark("Cheapest within limits"),
    permission=Permission.SIMULATION_READ,
    layout=layout,
    register=register,
    position=28,
    section=mark("Ahead"),
    icon="whatif",
)

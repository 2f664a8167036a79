"""What-if.

Opened by the planner, to see whether a change of beds, staff or arrivals pays, before it is made. A run starts from the
hospital as it is now; its answer says better, worse, or not distinguishable, and can be computed again to the same
figures from its seed and hash.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dash_app.actions import runs as actions
from dash_app.charts.series import Axes, Band, banded
from dash_app.pages.address import URL, query_of, search_with
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.reader import chart_config, palette, wants_chinese
from dash_app.pages.states import attributes, empty, page_head, panel
from dash_app.pages.tables import Cell, table
from dash_app.queries.levers import Lever, levers, ward_names
from dash_app.queries.port import HospitalPort, JobState, JobView
from dash_app.queries.whatif import (
    BASE_NAME,
    Answer,
    Change,
    Compared,
    Estimate,
    Question,
    Spread,
    answer_of,
    most_apart,
    telling_first,
)
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.measures import lever_text, measure_text, quantity_text, scale_of
from dash_app.texts.moments import local, number, percent
from twin.access import Permission

CHANGES = "whatif-changes"
CHANGE_LIST = "whatif-change-list"
PATH = "whatif-path"
ACTION = "whatif-action"
VALUE = "whatif-value"
ADD = "whatif-add"
CLEAR = "whatif-clear"
HORIZON = "whatif-horizon"
REPLICATIONS = "whatif-replications"
SEED = "whatif-seed"
RUN = "whatif-run"
CANCEL = "whatif-cancel"
PROGRESS = "whatif-progress"
ANSWER = "whatif-answer"
TIMER = "whatif-timer"
_POLL_MS = 1000

ACTIONS = {"add": mark("add"), "scale": mark("multiply by"), "set": mark("set to")}
VERDICTS = {"better": mark("better"), "worse": mark("worse"), "not_distinguishable": mark("not distinguishable")}
_MOST_CHARTS = 4
_MOST_ALIKE = 12


def _lever_text(lever: Lever) -> str:
    text = lever_text(lever.kind.value, lever.subject, lever.name)
    return text if lever.now is None else _("{text} (now {count})").format(text=text, count=number(lever.now, 0))


def _changes_text(change: dict[str, Any]) -> str:
    return f"{change['text']}: {_(ACTIONS[str(change['action'])])} {number(float(change['value']), 2)}"


def _change_items(changes: list[dict[str, Any]]) -> list[Component]:
    if not changes:
        return [html.Li(_("No change: the hospital as it is."), className="secondary")]
    return [html.Li(_changes_text(change)) for change in changes]


def _levers(port: HospitalPort) -> list[Lever]:
    return levers(port.state(), port.clock.now(), chinese=wants_chinese())


def _paths(port: HospitalPort) -> list[dict[str, str]]:
    return [{"value": lever.path, "label": _lever_text(lever)} for lever in _levers(port)]


def _question_panel(port: HospitalPort, *, may_run: bool) -> Component:
    options = [{"value": key, "label": _(text)} for key, text in ACTIONS.items()]
    paths = _paths(port)
    horizons = [{"value": str(hours), "label": _("{hours} h").format(hours=hours)} for hours in (24, 48, 72, 168)]
    return panel(
        _("Question"),
        html.H3(_("Base")),
        html.P(_("The hospital as it is now, with everybody in place.")),
        html.H3(_("Changes")),
        html.Ul(_change_items([]), id=CHANGE_LIST, className="changes"),
        dmc.Select(id=PATH, label=_("What changes"), data=paths, value=paths[0]["value"], searchable=True),
        dmc.Select(id=ACTION, label=_("How"), data=options, value="add", allowDeselect=False),
        dmc.NumberInput(id=VALUE, label=_("By how much"), value=1, hideControls=True),
        html.P(
            [
                html.Button(_("Add the change"), id=ADD, className="action", n_clicks=0),
                " ",
                html.Button(_("Take all away"), id=CLEAR, className="action", n_clicks=0),
            ]
        ),
        html.H3(_("Run")),
        dmc.Select(id=HORIZON, label=_("How far ahead"), data=horizons, value="48", allowDeselect=False),
        dmc.NumberInput(id=REPLICATIONS, label=_("Replications"), value=20, min=2, max=2000, hideControls=True),
        dmc.NumberInput(id=SEED, label=_("Seed"), value=1, min=0, max=4294967295, hideControls=True),
        html.P(
            [
                html.Button(_("Run"), id=RUN, className="action primary", n_clicks=0, disabled=not may_run),
                " ",
                html.Button(_("Cancel"), id=CANCEL, className="action", n_clicks=0, disabled=not may_run),
            ]
        ),
    )


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page; an address with a run shows its answer."""
    run = visit.query.get("run", "")
    view = _view(port, run)
    return html.Div(
        [
            page_head(_("What if"), _("Would a change pay? Simulated from the hospital as it is now.")),
            dcc.Store(id=CHANGES, data=[]),
            html.Div(dcc.Graph(figure={}), hidden=True),  # loads the drawing library while the question is put together
            dcc.Interval(id=TIMER, interval=_POLL_MS, disabled=view is None or view.is_over),
            html.Div(
                className="two",
                children=[
                    _question_panel(port, may_run=port.actor().may(Permission.SIMULATION_RUN)),
                    html.Div(
                        [
                            html.Div(_progress(view), id=PROGRESS, role="status"),
                            html.Div(_answer(port, view, visit.query.get("seed", "")), id=ANSWER),
                        ]
                    ),
                ],
            ),
        ]
    )


def _view(port: HospitalPort, run: str) -> JobView | None:
    return port.jobs.view(run) if run else None


def _progress(view: JobView | None) -> list[Component]:
    if view is None:
        return []
    state = codes.code_text(codes.JOB_STATES, view.state.value)
    parts: list[Component] = [html.P(f"{state} · {percent(view.progress)}")]
    if not view.is_over:
        label = attributes(aria_label=_("Progress"))
        parts.append(html.Progress(value=str(view.progress), max="1", **label))
    if view.state is JobState.FAILED:
        parts.append(
            html.Div(
                [html.P(_("The run failed.")), html.P(f"{view.error_message} ({view.error_code})")],
                className="state-error",
            )
        )
    return parts


def _answer(port: HospitalPort, view: JobView | None, seed: str) -> list[Component]:
    if view is None:
        return [empty(_("No run yet"), _("Put changes together, then press Run. The base alone gives a forecast."))]
    answer = answer_of(view.result or view.partial)
    if not answer.measures:
        return []
    names = ward_names(port.state(), chinese=wants_chinese())
    parts: list[Component] = []
    if answer.comparisons:
        parts.append(_comparison_panel(answer, names))
    parts += _spread_panels(answer, names)
    parts.append(_measures_panel(answer, names))
    if answer.address:
        parts.append(_reproduce_panel(answer, seed))
    return [html.Div(parts, className="panels")]


def _wrote(estimate: Estimate | None, measure: str) -> str:
    if estimate is None:
        return "–"
    mean, half_width = estimate.mean / scale_of(measure), estimate.half_width / scale_of(measure)
    if estimate.half_width == float("inf"):
        return _("{mean} (n = {n}, no interval)").format(mean=number(mean, 2), n=estimate.n)
    return _("{mean} ± {half_width} (n = {n})").format(
        mean=number(mean, 2), half_width=number(half_width, 2), n=estimate.n
    )


def _verdict(compared: Compared) -> Component:
    sign = {"better": "▲", "worse": "▼"}.get(compared.verdict, "=")
    css = "status p2" if compared.verdict == "worse" else "status"
    return html.Span(
        [html.Span(sign, **attributes(aria_hidden="true")), _(VERDICTS.get(compared.verdict, compared.verdict))],
        className=css,
    )


def _compared_row(one: Compared, names: Mapping[str, str]) -> list[Cell]:
    found = (one.base, one.changed, one.difference)
    return [measure_text(one.measure, names), *(_wrote(estimate, one.measure) for estimate in found), _verdict(one)]


def _comparison_panel(answer: Answer, names: Mapping[str, str]) -> Component:
    better = sum(one.verdict == "better" for one in answer.comparisons)
    worse = sum(one.verdict == "worse" for one in answer.comparisons)
    alike = len(answer.comparisons) - better - worse
    summary = _("{better} measures better, {worse} worse, {same} not distinguishable at 95 %").format(
        better=better, worse=worse, same=alike
    )
    headings = [_("Measure"), _("Base"), _("Changed"), _("Difference"), _("Verdict")]
    rows = [_compared_row(one, names) for one in telling_first(answer.comparisons)]
    shown = better + worse + _MOST_ALIKE
    parts: list[Component] = [table(_("Comparison"), headings, rows[:shown])]
    if rows[shown:]:
        rest = table(_("Further measures, not distinguishable"), headings, rows[shown:])
        title = _("Further measures, not distinguishable: {count}").format(count=len(rows) - shown)
        parts.append(html.Details([html.Summary(title), rest], className="as-table"))
    return panel(_("Comparison"), html.P(summary, className="summary"), *parts, wide=True)


def _measures_panel(answer: Answer, names: Mapping[str, str]) -> Component:
    rows: list[list[Cell]] = [
        [_scenario(scenario), measure_text(name, names), _wrote(estimate, name)]
        for scenario, measures in answer.measures.items()
        for name, estimate in sorted(measures.items())
    ]
    headings = [_("Scenario"), _("Measure"), _("Mean and 95 % interval")]
    return html.Details(
        [html.Summary(_("All measures")), table(_("All measures"), headings, rows)], className="as-table"
    )


def _scenario(name: str) -> str:
    return _("as it is") if name == BASE_NAME else name


def _spread_panels(answer: Answer, names: Mapping[str, str]) -> list[Component]:
    return [
        _spread_panel([spread for spread in answer.spreads if spread.name == name], names)
        for name in most_apart(answer.spreads)[:_MOST_CHARTS]
    ]


def _spread_panel(spreads: list[Spread], names: Mapping[str, str]) -> Component:
    title = quantity_text(spreads[0].name, names)
    bands = [
        Band(
            name=_scenario(spread.scenario),
            x=[local(at).strftime("%Y-%m-%d %H:%M") for at in spread.at],
            low=spread.low,
            middle=spread.middle,
            high=spread.high,
        )
        for spread in spreads
    ]
    figure = banded(bands, Axes(x=_("Time"), y=_("Units")), palette())
    rows: list[list[Cell]] = [
        [band.name, x, number(low, 1), number(middle, 1), number(high, 1)]
        for band in bands
        for x, low, middle, high in zip(band.x, band.low, band.middle, band.high, strict=True)
    ]
    headings = [_("Scenario"), _("Time"), _("10 %"), _("Mean"), _("90 %")]
    label = _("{title} over time, mean and the range of 80 % of the runs").format(title=title)
    return panel(
        title,
        html.Div(
            dcc.Graph(figure=figure, config=chart_config(), style={"height": "260px"}),
            role="img",
            **attributes(aria_label=label),
        ),
        html.Details([html.Summary(_("Table view")), table(label, headings, rows)], className="as-table"),
        wide=True,
    )


def _reproduce_panel(answer: Answer, seed: str) -> Component:
    return panel(
        _("Compute it again"),
        html.P(_("The same state, changes, seed and engine give the same figures.")),
        *([html.P([_("Seed: "), html.Code(seed)])] if seed else []),
        html.P([_("Hash: "), html.Code(answer.address)]),
        html.P([_("Engine: "), html.Code(answer.engine_version)]),
        wide=True,
    )


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register putting a question together, running it, and following the run."""
    _register_question(callbacks, port)
    _register_run(callbacks, port)


def _register_question(callbacks: Callbacks, port: HospitalPort) -> None:
    @callbacks.add(
        Output(CHANGES, "data"),
        Output(CHANGE_LIST, "children"),
        Input(ADD, "n_clicks"),
        State(CHANGES, "data"),
        State(PATH, "value"),
        State(ACTION, "value"),
        State(VALUE, "value"),
        permission=Permission.SIMULATION_RUN,
        prevent_initial_call=True,
    )
    def add_change(
        _clicks: int, changes: list[dict[str, Any]], path: str | None, action: str, value: float | str
    ) -> tuple[list[dict[str, Any]], list[Component]]:
        if not path or not isinstance(value, int | float):
            raise PreventUpdate
        text = next((_lever_text(one) for one in _levers(port) if one.path == path), path)
        longer = [*changes, {"path": path, "action": action, "value": value, "text": text}]
        return longer, _change_items(longer)

    @callbacks.add(
        Output(CHANGES, "data", allow_duplicate=True),
        Output(CHANGE_LIST, "children", allow_duplicate=True),
        Input(CLEAR, "n_clicks"),
        permission=Permission.SIMULATION_RUN,
        prevent_initial_call=True,
    )
    def take_away(_clicks: int) -> tuple[list[dict[str, Any]], list[Component]]:
        return [], _change_items([])


def _register_run(callbacks: Callbacks, port: HospitalPort) -> None:
    @callbacks.add(
        Output(URL, "search", allow_duplicate=True),
        Output(TIMER, "disabled"),
        Input(RUN, "n_clicks"),
        State(CHANGES, "data"),
        State(HORIZON, "value"),
        State(REPLICATIONS, "value"),
        State(SEED, "value"),
        State(URL, "search"),
        permission=Permission.SIMULATION_RUN,
        prevent_initial_call=True,
    )
    def run(*values: Any) -> tuple[str, bool]:
        clicks, changes, horizon, replications, seed, search = values
        if not clicks:  # the button has only been put on the page: Dash calls because the address stands already
            raise PreventUpdate
        question = Question(
            name=_("changed"),
            changes=tuple(Change(path=c["path"], action=c["action"], value=c["value"]) for c in changes),
            horizon_h=int(horizon),
            replications=int(replications or 0),
            seed=int(seed or 0),
        )
        job = actions.start_what_if(port, question.arguments())
        return search_with(search, run=job, seed=question.seed), False

    @callbacks.add(
        Output(PROGRESS, "children"),
        Output(ANSWER, "children"),
        Output(TIMER, "disabled", allow_duplicate=True),
        Input(TIMER, "n_intervals"),
        State(URL, "search"),
        permission=Permission.SIMULATION_READ,
        prevent_initial_call=True,
    )
    def follow(_ticks: int, search: str) -> tuple[list[Component], Any, bool]:
        query = query_of(search)
        view = _view(port, query.get("run", ""))
        # Charts drawn anew every second would each load the drawing library again before it has come once.
        answer: Any = _answer(port, view, query.get("seed", "")) if view is None or view.is_over else no_update
        return _progress(view), answer, view is None or view.is_over

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
    path="/what-if",
    title=mark("What if"),
    permission=Permission.SIMULATION_READ,
    layout=layout,
    register=register,
    position=19,
    section=mark("Ahead"),
    icon="whatif",
)

"""What-if.

Opened by the planner, to see whether a change of beds, staff or arrivals pays, before it is made. A run starts from the
hospital as it is now; its answer says better, worse, or not distinguishable, and can be computed again to the same
figures from its seed and hash.
"""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dash_app.actions import runs as actions
from dash_app.charts.series import Axes, Band, banded
from dash_app.pages.address import URL, query_of, search_with
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.reader import chart_config, palette
from dash_app.pages.states import attributes, empty, page_head, panel
from dash_app.pages.tables import Cell, table
from dash_app.queries.port import HospitalPort, JobState, JobView
from dash_app.queries.whatif import Answer, Change, Compared, Estimate, Question, Spread, answer_of
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.measures import measure_text, quantity_text
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
SUGGESTED_PATHS = {
    "pools.icu-bed.capacity": mark("Beds in intensive care"),
    "pools.ward-bed.capacity": mark("Beds on wards"),
    "pools.ed-bay.capacity": mark("Bays in emergency"),
    "pools.theatre.capacity": mark("Theatres"),
    "pools.nurse.capacity": mark("Nurses on duty"),
    "arrivals.emergency.per_hour": mark("Arrivals in emergency, per hour"),
    "arrivals.elective.per_hour": mark("Planned admissions, per hour"),
}


def _change_text(change: dict[str, Any]) -> str:
    path = str(change["path"])
    subject = _(SUGGESTED_PATHS[path]) if path in SUGGESTED_PATHS else path
    return f"{subject}: {_(ACTIONS[str(change['action'])])} {number(float(change['value']), 2)}"


def _change_items(changes: list[dict[str, Any]]) -> list[Component]:
    if not changes:
        return [html.Li(_("No change: the hospital as it is."), className="secondary")]
    return [html.Li(_change_text(change)) for change in changes]


def _paths(port: HospitalPort) -> list[dict[str, str]]:
    offered = port.services.get("what_if_paths")
    paths = list(offered) if isinstance(offered, list | tuple) else list(SUGGESTED_PATHS)
    return [{"value": str(p), "label": _(SUGGESTED_PATHS[p]) if p in SUGGESTED_PATHS else str(p)} for p in paths]


def _question_panel(port: HospitalPort, *, may_run: bool) -> Component:
    options = [{"value": key, "label": _(text)} for key, text in ACTIONS.items()]
    horizons = [{"value": str(hours), "label": _("{hours} h").format(hours=hours)} for hours in (24, 48, 72, 168)]
    return panel(
        _("Question"),
        html.H3(_("Base")),
        html.P(_("The hospital as it is now, with everybody in place.")),
        html.H3(_("Changes")),
        html.Ul(_change_items([]), id=CHANGE_LIST, className="changes"),
        dmc.Select(id=PATH, label=_("What changes"), data=_paths(port), value="pools.icu-bed.capacity"),
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
            dcc.Interval(id=TIMER, interval=_POLL_MS, disabled=view is None or view.is_over),
            html.Div(
                className="two",
                children=[
                    _question_panel(port, may_run=port.actor().may(Permission.SIMULATION_RUN)),
                    html.Div(
                        [
                            html.Div(_progress(view), id=PROGRESS, role="status"),
                            html.Div(_answer(view), id=ANSWER),
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


def _answer(view: JobView | None) -> list[Component]:
    if view is None:
        return [empty(_("No run yet"), _("Put changes together, then press Run. The base alone gives a forecast."))]
    answer = answer_of(view.result or view.partial)
    if not answer.measures:
        return []
    parts: list[Component] = []
    if answer.comparisons:
        parts.append(_comparison_panel(answer))
    parts += _spread_panels(answer)
    parts.append(_measures_panel(answer))
    if answer.address:
        parts.append(_reproduce_panel(view, answer))
    return [html.Div(parts, className="panels")]


def _wrote(estimate: Estimate | None) -> str:
    if estimate is None:
        return "–"
    if estimate.half_width == float("inf"):
        return _("{mean} (n = {n}, no interval)").format(mean=number(estimate.mean, 2), n=estimate.n)
    return _("{mean} ± {half_width} (n = {n})").format(
        mean=number(estimate.mean, 2), half_width=number(estimate.half_width, 2), n=estimate.n
    )


def _verdict(compared: Compared) -> Component:
    sign = {"better": "▲", "worse": "▼"}.get(compared.verdict, "=")
    css = "status p2" if compared.verdict == "worse" else "status"
    return html.Span(
        [html.Span(sign, **attributes(aria_hidden="true")), _(VERDICTS.get(compared.verdict, compared.verdict))],
        className=css,
    )


def _comparison_panel(answer: Answer) -> Component:
    rows: list[list[Cell]] = [
        [
            measure_text(one.measure),
            _wrote(one.base),
            _wrote(one.changed),
            _wrote(one.difference),
            _verdict(one),
        ]
        for one in answer.comparisons
    ]
    better = sum(one.verdict == "better" for one in answer.comparisons)
    worse = sum(one.verdict == "worse" for one in answer.comparisons)
    summary = _("{better} measures better, {worse} worse, {same} not distinguishable at 95 %").format(
        better=better, worse=worse, same=len(answer.comparisons) - better - worse
    )
    headings = [_("Measure"), _("Base"), _("Changed"), _("Difference"), _("Verdict")]
    return panel(
        _("Comparison"), html.P(summary, className="summary"), table(_("Comparison"), headings, rows), wide=True
    )


def _measures_panel(answer: Answer) -> Component:
    rows: list[list[Cell]] = [
        [scenario, measure_text(name), _wrote(estimate)]
        for scenario, measures in answer.measures.items()
        for name, estimate in sorted(measures.items())
    ]
    headings = [_("Scenario"), _("Measure"), _("Mean and 95 % interval")]
    return html.Details(
        [html.Summary(_("All measures")), table(_("All measures"), headings, rows)], className="as-table"
    )


def _spread_panels(answer: Answer) -> list[Component]:
    names = list(dict.fromkeys(spread.name for spread in answer.spreads))
    return [_spread_panel([spread for spread in answer.spreads if spread.name == name]) for name in names[:6]]


def _spread_panel(spreads: list[Spread]) -> Component:
    title = quantity_text(spreads[0].name)
    bands = [
        Band(
            name=spread.scenario,
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


def _reproduce_panel(view: JobView, answer: Answer) -> Component:
    return panel(
        _("Compute it again"),
        html.P(_("The same state, changes, seed and engine give the same figures.")),
        html.P(html.Code(f"hospital-twin simulate rerun {view.id}")),
        html.P([_("Hash: "), html.Code(answer.address)]),
        html.P([_("Engine: "), html.Code(answer.engine_version)]),
        wide=True,
    )


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register putting a question together, running it, and following the run."""
    _register_question(callbacks)
    _register_run(callbacks, port)


def _register_question(callbacks: Callbacks) -> None:
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
        longer = [*changes, {"path": path, "action": action, "value": value}]
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
        _clicks, changes, horizon, replications, seed, search = values
        question = Question(
            name=_("changed"),
            changes=tuple(Change(path=c["path"], action=c["action"], value=c["value"]) for c in changes),
            horizon_h=int(horizon),
            replications=int(replications or 0),
            seed=int(seed or 0),
        )
        return search_with(search, run=actions.start_what_if(port, question.arguments())), False

    @callbacks.add(
        Output(PROGRESS, "children"),
        Output(ANSWER, "children"),
        Output(TIMER, "disabled", allow_duplicate=True),
        Input(TIMER, "n_intervals"),
        State(URL, "search"),
        permission=Permission.SIMULATION_READ,
        prevent_initial_call=True,
    )
    def follow(_ticks: int, search: str) -> tuple[list[Component], list[Component], bool]:
        view = _view(port, query_of(search).get("run", ""))
        return _progress(view), _answer(view), view is None or view.is_over

    @callbacks.add(
        Output(PROGRESS, "children", allow_duplicate=True),
        Input(CANCEL, "n_clicks"),
        State(URL, "search"),
        permission=Permission.SIMULATION_RUN,
        prevent_initial_call=True,
    )
    def call_off(_clicks: int, search: str) -> list[Component]:
        run = query_of(search).get("run", "")
        if not run:
            raise PreventUpdate
        actions.cancel(port, run)
        return _progress(_view(port, run))


PAGE = Page(
    path="/what-if",
    title=mark("What if"),
    permission=Permission.SIMULATION_READ,
    layout=layout,
    register=register,
    position=9,
    section=mark("Ahead"),
    icon="whatif",
)

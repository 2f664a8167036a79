"""Plan board.

Opened by the planner, to see who is to lie and be operated where and when, to have a new plan made, and to put it in
force once the independent checker has nothing against it.
"""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dash_app.actions import plans as publishing
from dash_app.actions import runs as actions
from dash_app.charts import gantt
from dash_app.pages.address import TICK, URL, query_of, search_with
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.reader import chart_config, palette, wants_chinese
from dash_app.pages.states import attributes, empty, page_head, panel, shape
from dash_app.pages.tables import Cell, table
from dash_app.queries import plans
from dash_app.queries.port import HospitalPort, JobState, JobView
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import local, moment, number, percent
from twin.access import Permission
from twin.events.watch import AlarmPriority

CONTENT = "plan-content"
SECONDS = "plan-seconds"
SEED = "plan-seed"
RUN = "plan-run"
JOB = "plan-job"
PUBLISH = "plan-publish"
TIMER = "plan-timer"
KINDS = {"bed": mark("Beds"), "theatre": mark("Theatres"), "shift": mark("Shifts")}
PLAN_KINDS = {"admissions": mark("Admissions"), "roster": mark("Roster")}
_POLL_MS = 1000


def _text(at: int) -> str:
    return local(at).strftime("%Y-%m-%d %H:%M:%S")


def _gantt(port: HospitalPort, title: str, lines: list[plans.PlanLine]) -> Component:
    bars = [
        gantt.Bar(
            row=line.row_name,
            label=line.label,
            start=_text(line.start_at),
            end=_text(line.end_at),
            duration_us=max(1, line.end_at - line.start_at),
        )
        for line in lines
    ]
    figure = gantt.figure(bars, palette(), now=_text(port.clock.now()))
    height = figure["layout"]["height"]
    rows: list[list[Cell]] = [[line.row_name, line.label, moment(line.start_at), moment(line.end_at)] for line in lines]
    headings = [_("Where or who"), _("Whom or where"), _("From"), _("To")]
    return panel(
        title,
        html.Div(
            dcc.Graph(figure=figure, config=chart_config(), style={"height": f"{height}px"}),
            role="img",
            **attributes(aria_label=_("{title}; the table below holds the same").format(title=title)),
        ),
        html.Details([html.Summary(_("Table view")), table(title, headings, rows)], className="as-table"),
        wide=True,
    )


def _plan_panels(port: HospitalPort, plan: plans.PlanView) -> list[Component]:
    kind = codes.code_text(PLAN_KINDS, plan.kind)
    facts = _("{kind}, from {start} to {end}, in force since {published}").format(
        kind=kind, start=moment(plan.start_at), end=moment(plan.end_at), published=moment(plan.published_at)
    )
    head: list[Component] = [html.P(facts, className="summary")]
    if plan.content_hash:
        head.append(html.P([_("Hash: "), html.Code(plan.content_hash)]))
    parts = [_gantt(port, _(text), plan.of(key)) for key, text in KINDS.items() if plan.of(key)]
    return [*head, html.Div(parts, className="panels")]


def content(port: HospitalPort) -> list[Component]:
    """Build the plans in force.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    """
    found = plans.published(port.state(), chinese=wants_chinese())
    if not found:
        return [empty(_("No plan is in force"), _("Have one made from the waiting list, check it, then publish it."))]
    return [part for plan in found for part in _plan_panels(port, plan)]


def _view(port: HospitalPort, run: str) -> JobView | None:
    return port.jobs.view(run) if run else None


def _report(view: JobView | None, *, may_publish: bool) -> list[Component]:
    if view is None:
        return []
    state = codes.code_text(codes.JOB_STATES, view.state.value)
    parts: list[Component] = [html.P(f"{state} · {percent(view.progress)}")]
    if view.state is JobState.FAILED:
        parts.append(html.P(f"{view.error_message} ({view.error_code})", className="state-error"))
    lines = plans.check_lines(view.result)
    broken = sum(line.violations for line in lines if line.is_hard)
    if lines:
        rows: list[list[Cell]] = [
            [
                line.rule.replace("_", " "),
                _("must hold") if line.is_hard else _("should hold"),
                line.violations,
                number(line.cost, 1),
            ]
            for line in lines
        ]
        headings = [_("Rule"), _("Kind"), _("Broken"), _("Cost")]
        parts += [html.H3(_("What the independent checker says")), table(_("Checker's report"), headings, rows)]
        if broken:
            text = _("Rules that must hold are broken ({count} times): it cannot be published.").format(count=broken)
            parts.append(html.P([shape(AlarmPriority.MEDIUM), text], className="status p2"))
    may = may_publish and view.state is JobState.DONE and not broken
    parts.append(html.Button(_("Publish"), id=PUBLISH, className="action primary", n_clicks=0, disabled=not may))
    return parts


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    actor = port.actor()
    view = _view(port, visit.query.get("run", ""))
    making = panel(
        _("Make a plan"),
        html.Div(
            className="filters",
            children=[
                dmc.NumberInput(id=SECONDS, label=_("Computing time, seconds"), value=20, min=1, max=600,
                                hideControls=True),
                dmc.NumberInput(id=SEED, label=_("Seed"), value=1, min=0, max=4294967295, hideControls=True),
                html.Button(_("Make"), id=RUN, className="action primary", n_clicks=0),
            ],
        ),
        html.Div(_report(view, may_publish=actor.may(Permission.PLANS_PUBLISH)), id=JOB, role="status"),
    )  # fmt: skip
    lead = _("Who is to lie, be operated and work where and when; checked before it is in force.")
    return html.Div(
        [
            page_head(_("Plan"), lead),
            dcc.Interval(id=TIMER, interval=_POLL_MS, disabled=view is None or view.is_over),
            *([making] if actor.may(Permission.PLANS_EDIT) else []),
            html.Div(content(port), id=CONTENT, className="below"),
        ]
    )


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register the refresh, making a plan, and publishing it."""

    @callbacks.add(
        Output(CONTENT, "children"), Input(TICK, "data"), permission=Permission.PLANS_READ, prevent_initial_call=True
    )
    def refresh(_tick: Any) -> list[Component]:
        return content(port)

    _register_making(callbacks, port)


def _register_making(callbacks: Callbacks, port: HospitalPort) -> None:
    @callbacks.add(
        Output(URL, "search", allow_duplicate=True),
        Output(TIMER, "disabled"),
        Input(RUN, "n_clicks"),
        State(SECONDS, "value"),
        State(SEED, "value"),
        State(URL, "search"),
        permission=Permission.PLANS_EDIT,
        prevent_initial_call=True,
    )
    def make(clicks: int, seconds: Any, seed: Any, search: str) -> tuple[str, bool]:
        if not clicks:  # the button has only been put on the page: Dash calls because the address stands already
            raise PreventUpdate
        arguments = {"kind": "admissions", "seconds": int(seconds or 0), "seed": int(seed or 0)}
        return search_with(search, run=actions.start_plan(port, arguments)), False

    @callbacks.add(
        Output(JOB, "children"),
        Output(TIMER, "disabled", allow_duplicate=True),
        Input(TIMER, "n_intervals"),
        State(URL, "search"),
        permission=Permission.PLANS_EDIT,
        prevent_initial_call=True,
    )
    def follow(_ticks: int, search: str) -> tuple[list[Component], bool]:
        view = _view(port, query_of(search).get("run", ""))
        report = _report(view, may_publish=port.actor().may(Permission.PLANS_PUBLISH))
        return report, view is None or view.is_over

    @callbacks.add(
        Output(CONTENT, "children", allow_duplicate=True),
        Input(PUBLISH, "n_clicks"),
        State(URL, "search"),
        permission=Permission.PLANS_PUBLISH,
        prevent_initial_call=True,
    )
    def publish(clicks: int, search: str) -> list[Component]:
        view = _view(port, query_of(search).get("run", ""))
        if not clicks or view is None:
            raise PreventUpdate
        publishing.publish(port, view.result)
        return content(port)


PAGE = Page(
    path="/plan",
    title=mark("Plan"),
    permission=Permission.PLANS_READ,
    layout=layout,
    register=register,
    position=10,
    section=mark("Ahead"),
    icon="plan",
)

"""Plan board.

Opened by the planner, to see who is to lie and be operated where and when, to have a new plan made, to keep it as a
draft, and to put it in force once the independent checker has nothing against it, or a reason stands beside each rule
that it breaks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dash_mantine_components as dmc
from dash import ALL, Input, Output, State, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dash_app.actions import plans as actions
from dash_app.actions import runs
from dash_app.charts import gantt
from dash_app.pages import (
    plan_followed,
    plan_futures,
    plan_kept,
    plan_moving,
    plan_pins,
    plan_repair,
    plan_search,
    plan_talk,
    plan_waiting,
)
from dash_app.pages.address import TICK, URL, query_of, search_with
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.plan_checked import PUBLISH, REASON
from dash_app.pages.plan_search import JOB, KEEP, TIMER, TITLE
from dash_app.pages.reader import chart_config, palette, wants_chinese
from dash_app.pages.states import attributes, empty, page_head, panel
from dash_app.pages.tables import Cell, table
from dash_app.queries import overview, plans
from dash_app.queries.port import HospitalPort, JobView
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import local, moment, number
from scheduling.loaders.horizon import MOST_DAYS
from twin.access import Permission

CONTENT = "plan-content"
SECONDS = "plan-seconds"
SEED = "plan-seed"
RUN = "plan-run"
KEPT = "plan-kept"
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
    busy = overview.theatres_tile(port.state(), port.clock.now())
    told = _("Theatres in use by plan: {running} of {theatres}; operations in the next 12 h: {coming}").format(
        running=number(busy.value), theatres=number(busy.total), coming=number(dict(busy.details)["coming_12h"])
    )
    return [
        html.P(told, className="summary"),
        *plan_followed.content(port),
        *(part for plan in found for part in _plan_panels(port, plan)),
    ]


def _view(port: HospitalPort, run: str) -> JobView | None:
    return port.jobs.view(run) if run else None


def _report(port: HospitalPort, query: Mapping[str, str]) -> list[Component]:
    may_publish = port.actor().may(Permission.PLANS_PUBLISH)
    if query.get("plan"):
        return plan_kept.draft_report(port, query, may_publish=may_publish)
    view = _view(port, query.get("run", ""))
    return plan_search.job_report(view, may_publish=may_publish) if view is not None else []


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    actor = port.actor()
    view = None if visit.query.get("plan") else _view(port, visit.query.get("run", ""))
    making = panel(
        _("Make a plan"),
        html.Div(
            className="filters",
            children=[
                dmc.NumberInput(
                    id=SECONDS, label=_("Computing time, seconds"), value=20, min=1, max=600, hideControls=True
                ),
                dmc.NumberInput(id=SEED, label=_("Seed"), value=1, min=0, max=4294967295, hideControls=True),
                dmc.NumberInput(
                    id=plan_waiting.DAYS, label=_("Days"), value=14, min=1, max=MOST_DAYS, hideControls=True
                ),
                *plan_waiting.asking(),
                html.Button(_("Make"), id=RUN, className="action primary", n_clicks=0),
            ],
        ),
        html.Div(id=plan_waiting.REPORT, role="status"),
        html.Div(_report(port, visit.query), id=JOB, role="status"),
    )
    lead = _("Who is to lie, be operated and work where and when; checked before it is in force.")
    return html.Div(
        [
            page_head(_("Plan"), lead),
            dcc.Interval(id=TIMER, interval=_POLL_MS, disabled=view is None or view.is_over),
            *([making] if actor.may(Permission.PLANS_EDIT) else []),
            html.Div(content(port), id=CONTENT, className="below"),
            html.Div(plan_kept.kept_plans(port), id=KEPT, className="below"),
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
    _register_deciding(callbacks, port)
    plan_search.register(callbacks, port)
    plan_talk.register(callbacks, port)
    plan_pins.register(callbacks, port)
    plan_repair.register(callbacks, port)
    plan_moving.register(callbacks, port)
    plan_waiting.register(callbacks, port)
    plan_futures.register(callbacks, port)


def _register_making(callbacks: Callbacks, port: HospitalPort) -> None:
    @callbacks.add(
        Output(URL, "search", allow_duplicate=True),
        Output(TIMER, "disabled"),
        Input(RUN, "n_clicks"),
        State(SECONDS, "value"),
        State(SEED, "value"),
        State(plan_waiting.DAYS, "value"),
        State(plan_waiting.ROOMS, "value"),
        State(plan_waiting.FILE, "contents"),
        State(URL, "search"),
        permission=Permission.PLANS_EDIT,
        prevent_initial_call=True,
    )
    def make(_clicks: int, *told: Any) -> tuple[str, bool]:
        seconds, seed, days, rooms, contents, search = told
        waiting_list = plan_waiting.text_of(contents)
        if waiting_list:
            # refused here with every row, rather than by a job that has waited for its turn
            actions.read_waiting(port, waiting_list, int(days or 0))
        arguments = {
            "kind": "admissions",
            "seconds": int(seconds or 0),
            "seed": int(seed or 0),
            "days": int(days or 0),
            "nurse_rooms": int(rooms or 0),
            "waiting_list": waiting_list,
        }
        return search_with(search, run=runs.start_plan(port, arguments), plan=None), False

    @callbacks.add(
        Output(JOB, "children"),
        Output(TIMER, "disabled", allow_duplicate=True),
        Input(TIMER, "n_intervals"),
        State(URL, "search"),
        permission=Permission.PLANS_EDIT,
        prevent_initial_call=True,
    )
    def follow(_ticks: int, search: str) -> tuple[list[Component], bool]:
        query = query_of(search)
        view = _view(port, query.get("run", ""))
        return _report(port, query), view is None or view.is_over

    @callbacks.add(
        Output(JOB, "children", allow_duplicate=True),
        Output(KEPT, "children", allow_duplicate=True),
        Input(URL, "search"),
        permission=Permission.PLANS_EDIT,
        prevent_initial_call=True,
    )
    def show_another(search: str) -> tuple[list[Component], list[Component]]:
        return _report(port, query_of(search)), plan_kept.kept_plans(port)


def _register_deciding(callbacks: Callbacks, port: HospitalPort) -> None:
    @callbacks.add(
        Output(URL, "search", allow_duplicate=True),
        Output(KEPT, "children", allow_duplicate=True),
        Input(KEEP, "n_clicks"),
        State(TITLE, "value"),
        State(URL, "search"),
        permission=Permission.PLANS_EDIT,
        prevent_initial_call=True,
    )
    def keep(_clicks: int, title: str | None, search: str) -> tuple[str, list[Component]]:
        run = query_of(search).get("run", "")
        view = _view(port, run)
        if view is None:
            raise PreventUpdate
        kept = actions.keep(port, run, view.result, title=title or "")
        return search_with(search, run=None, plan=kept), plan_kept.kept_plans(port)

    @callbacks.add(
        Output(CONTENT, "children", allow_duplicate=True),
        Output(JOB, "children", allow_duplicate=True),
        Output(KEPT, "children", allow_duplicate=True),
        Output(URL, "search", allow_duplicate=True),
        Input(PUBLISH, "n_clicks"),
        State({"type": REASON, "rule": ALL}, "value"),
        State({"type": REASON, "rule": ALL}, "id"),
        State(URL, "search"),
        permission=Permission.PLANS_PUBLISH,
        prevent_initial_call=True,
    )
    def publish(_clicks: int, reasons: list[str | None], fields: list[dict[str, str]], search: str) -> Any:
        query = query_of(search)
        given = {field["rule"]: reason or "" for field, reason in zip(fields, reasons, strict=True)}
        plan = query.get("plan") or _keep_result(port, query.get("run", ""))
        with port.read() as session:
            found = plans.find_kept(session, plan)
        if found is None:
            raise PreventUpdate
        actions.publish(port, plan, version=found[0].version, reasons=given)
        after = search_with(search, run=None, plan=plan)
        return content(port), _report(port, {"plan": plan}), plan_kept.kept_plans(port), after


def _keep_result(port: HospitalPort, run: str) -> str:
    view = _view(port, run)
    if view is None:
        raise PreventUpdate
    return actions.keep(port, run, view.result)


PAGE = Page(
    path="/plan",
    title=mark("Plan"),
    permission=Permission.PLANS_READ,
    layout=layout,
    register=register,
    position=52,
    section=mark("Ahead"),
    icon="plan",
)

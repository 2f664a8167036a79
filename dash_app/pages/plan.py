"""Plan board.

Opened by the planner, to see who is to lie and be operated where and when, to have a new plan made, to keep it as a
draft, and to put it in force once the independent checker has nothing against it, or a reason stands beside each rule
that it breaks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import dash_mantine_components as dmc
from dash import ALL, Input, Output, State, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dash_app.actions import plans as actions
from dash_app.actions import runs
from dash_app.charts import gantt
from dash_app.pages import plan_followed, plan_futures, plan_moving, plan_talk, plan_waiting
from dash_app.pages.address import TICK, URL, query_of, search_with
from dash_app.pages.asking import asks_first
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.reader import chart_config, palette, wants_chinese
from dash_app.pages.states import attributes, empty, page_head, panel, shape
from dash_app.pages.tables import Cell, table
from dash_app.queries import overview, plans
from dash_app.queries.names import place_name, staff_label
from dash_app.queries.port import HospitalPort, JobState, JobView
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import calendar_day, local, moment, number, percent
from scheduling.loaders.horizon import MOST_DAYS
from scheduling.model.plans import PlanStatus
from scheduling.service.crossings import Crossing
from twin.access import Permission
from twin.events.watch import AlarmPriority

CONTENT = "plan-content"
SECONDS = "plan-seconds"
SEED = "plan-seed"
RUN = "plan-run"
JOB = "plan-job"
KEEP = "plan-keep"
TITLE = "plan-title"
REASON = "plan-reason"
PUBLISH = "plan-publish"
KEPT = "plan-kept"
TIMER = "plan-timer"
ENOUGH = "plan-enough"
CANCEL = "plan-cancel"
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


def _check(result: Mapping[str, Any] | None) -> list[Component]:
    rows: list[list[Cell]] = [
        [
            codes.code_text(codes.PLAN_RULES, line.rule),
            _("must hold") if line.is_hard else _("should hold"),
            line.violations,
            number(line.cost, 1),
        ]
        for line in plans.check_lines(result)
        if line.violations or line.cost
    ]
    if not rows:
        return [html.P(_("The independent checker has nothing against it."))]
    headings = [_("Rule"), _("Kind"), _("Broken"), _("Cost")]
    return [html.H3(_("What the independent checker says")), table(_("Checker's report"), headings, rows)]


def _broken(result: Mapping[str, Any] | None) -> list[str]:
    return [line.rule for line in plans.check_lines(result) if line.is_hard and line.violations]


def _publishing(broken: list[str]) -> list[Component]:
    """Give what publishing needs: a reason for each broken rule, and the button."""
    asked: list[Component] = [
        dmc.TextInput(
            id={"type": REASON, "rule": rule},
            label=_("Why “{rule}” may be broken").format(rule=codes.code_text(codes.PLAN_RULES, rule)),
            required=True,
        )
        for rule in broken
    ]
    if broken:
        text = _("Rules that must hold are broken: it is published only with a reason for each.")
        asked.insert(0, html.P([shape(AlarmPriority.MEDIUM), text], className="status p2"))
    button = html.Button(_("Publish"), id=PUBLISH, className="action primary", n_clicks=0)
    if broken:
        told = _("Wards and theatres work by it from now on although {count} rules are broken; your reasons are kept.")
        asks_first(button, told.format(count=len(broken)))
    return [*asked, button]


def _job_report(view: JobView, *, may_publish: bool) -> list[Component]:
    state = codes.code_text(codes.JOB_STATES, view.state.value)
    parts: list[Component] = [html.P(f"{state} · {percent(view.progress)}")]
    if view.state is JobState.FAILED:
        parts.append(html.P(f"{view.error_message} ({view.error_code})", className="state-error"))
    cost = (view.partial or {}).get("cost", -1)
    if not view.is_over:
        if isinstance(cost, int) and cost >= 0:
            parts.append(html.P(_("best so far: {cost}").format(cost=number(cost))))
        elif view.state is JobState.RUNNING and not view.progress:
            # Minutes at 0 % look broken; after that first time the search begins at once.
            parts.append(html.P(_("The first search on a machine is compiled before it begins: that takes a minute.")))
        ending = html.Button(_("That is good enough"), id=ENOUGH, className="action", n_clicks=0)
        stopping = html.Button(_("Cancel"), id=CANCEL, className="action", n_clicks=0)
        parts.append(html.Div([ending, stopping], className="filters"))
    if view.state is not JobState.DONE:
        return parts
    keeping = html.Div(
        className="filters",
        children=[
            dmc.TextInput(id=TITLE, label=_("What it is called")),
            html.Button(_("Keep as a draft"), id=KEEP, className="action", n_clicks=0),
        ],
    )
    parts += [*_check(view.result), keeping]
    return [*parts, *_publishing(_broken(view.result))] if may_publish else parts


def _draft_report(port: HospitalPort, plan: str, *, may_publish: bool) -> list[Component]:
    with port.read() as session:
        found = plans.find_kept(session, plan)
    if found is None:
        return [html.P(_("This plan is not kept here."), className="state-error")]
    kept, report = found
    result = {"report": report}
    head = _("{status}: {title}").format(
        status=codes.code_text(codes.PLAN_STATUSES, kept.status.value), title=kept.title or _("without a title")
    )
    parts = [html.P(head, className="summary"), *_check(result)]
    parts += [
        html.P(
            _("Accepted: {rule}, because: {reason}").format(
                rule=codes.code_text(codes.PLAN_RULES, override.rule), reason=override.reason
            )
        )
        for override in kept.overrides
    ]
    if kept.status is PlanStatus.DRAFT and may_publish:
        with port.read() as session:
            outside = plans.outside(session, plan)
        parts += [*_crossings(port, outside.crossings), *_publishing(outside.rules)]
    talk = plan_talk.asking(port, plan)
    # Only a plan of admissions can be argued with and played; a roster has a page of its own.
    if not talk:
        return parts
    moving = plan_moving.moving() if port.actor().may(Permission.PLANS_EDIT) else []
    return [*parts, *talk, *moving, *plan_moving.comparing(port, plan), *plan_futures.asking(port, plan)]


def _crossings(port: HospitalPort, found: list[Crossing]) -> list[Component]:
    """Build the table of people who would stand on two wards with too little rest between."""
    if not found:
        return []
    state, chinese = port.state(), wants_chinese()
    rows: list[list[Cell]] = [
        [
            staff_label(state, one.staff),
            moment(one.from_at),
            moment(one.other_at),
            place_name(state, one.place, chinese=chinese) if one.place else _("Hospital"),
            number(one.rest_minutes / 60, 1),
        ]
        for one in found
    ]
    headings = [_("Who"), _("Shift here"), _("Shift there"), _("Where"), _("Rest between, hours")]
    title = _("Too little rest between wards")
    return [html.H3(title), table(title, headings, rows)]


def _report(port: HospitalPort, query: Mapping[str, str]) -> list[Component]:
    may_publish = port.actor().may(Permission.PLANS_PUBLISH)
    if query.get("plan"):
        return _draft_report(port, query["plan"], may_publish=may_publish)
    view = _view(port, query.get("run", ""))
    return _job_report(view, may_publish=may_publish) if view is not None else []


def _person(port: HospitalPort, actor: str) -> str:
    """Write who acted: the reader by name, since a user's id says nothing to anybody."""
    me = port.actor()
    return me.name if actor == me.id else staff_label(port.state(), actor)


def _kept_plans(port: HospitalPort) -> list[Component]:
    with port.read() as session:
        found = plans.kept(session)
    if not found:
        return []
    rows: list[list[Cell]] = [
        [
            dcc.Link(plan.title or moment(plan.created_at), href=f"/ui/plan?plan={quote(plan.id)}"),
            codes.code_text(codes.PLAN_STATUSES, plan.status.value),
            _("{day}, {count} days").format(day=calendar_day(plan.start_at), count=plan.days),
            number(plan.cost),
            plan.n_violations,
            f"{_person(port, plan.created_by)}, {moment(plan.created_at)}",
            f"{_person(port, plan.published_by)}, {moment(plan.published_at)}" if plan.published_at else "",
            html.A(_("Calendar"), href=f"/v1/plans/{quote(plan.id)}/calendar.ics", download="plan.ics"),
        ]
        for plan in found
    ]
    headings = [
        _("Plan"),
        _("Status"),
        _("Horizon"),
        _("Cost"),
        _("Broken"),
        _("Made by"),
        _("Published by"),
        _("Calendar"),
    ]
    return [panel(_("Kept plans"), table(_("Kept plans"), headings, rows), wide=True)]


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
            html.Div(_kept_plans(port), id=KEPT, className="below"),
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
    _register_ending(callbacks, port)
    _register_deciding(callbacks, port)
    plan_talk.register(callbacks, port)
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
        return _report(port, query_of(search)), _kept_plans(port)


def _register_ending(callbacks: Callbacks, port: HospitalPort) -> None:
    @callbacks.add(
        Output(JOB, "children", allow_duplicate=True),
        Input(ENOUGH, "n_clicks"),
        State(URL, "search"),
        permission=Permission.PLANS_EDIT,
        prevent_initial_call=True,
    )
    def enough(_clicks: int, search: str) -> list[Component]:
        run = query_of(search).get("run", "")
        if not run:
            raise PreventUpdate
        runs.finish_plan(port, run)
        return [html.P(_("It ends with the best plan that it has …"))]

    @callbacks.add(
        Output(JOB, "children", allow_duplicate=True),
        Input(CANCEL, "n_clicks"),
        State(URL, "search"),
        permission=Permission.PLANS_EDIT,
        prevent_initial_call=True,
    )
    def cancel(_clicks: int, search: str) -> list[Component]:
        run = query_of(search).get("run", "")
        if not run:
            raise PreventUpdate
        runs.cancel_plan(port, run)
        return [html.P(_("It is being cancelled; nothing of it is kept."))]


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
        return search_with(search, run=None, plan=kept), _kept_plans(port)

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
        return content(port), _report(port, {"plan": plan}), _kept_plans(port), after


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

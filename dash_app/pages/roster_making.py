"""The part of the roster page in which a planner has a roster made from sheets: tried, watched, ended early, kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dash_app.actions import plans, rosters
from dash_app.actions.rosters import SHEETS, Order
from dash_app.pages.address import URL, query_of, search_with
from dash_app.pages.days import day_entry
from dash_app.pages.guard import Callbacks
from dash_app.pages.plan_search import progress_line, register_ending
from dash_app.pages.plan_waiting import problems
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import attributes, panel
from dash_app.pages.tables import Cell, table
from dash_app.queries import places
from dash_app.queries.names import place_name
from dash_app.queries.plans import check_lines
from dash_app.queries.port import HospitalPort, JobState, JobView
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import number
from scheduling.loaders import roster_sheets
from scheduling.model.rosters import RosterProblem
from twin.access import Permission
from twin.errors import ImportRefused
from twin.events.places import PlaceKind

STARTS, DAYS, SECONDS, SEED = "roster-starts", "roster-days", "roster-seconds", "roster-seed"
PLACE = "roster-place"
TRY, MAKE, ENOUGH, KEEP, TITLE = "roster-try", "roster-make", "roster-enough", "roster-keep", "roster-title"
REPORT, JOB, TIMER, CANCEL = "roster-report", "roster-job", "roster-timer", "roster-cancel"
LARGEST_BYTES = 4_000_000
_POLL_MS = 1000
FILES = {
    "contracts": mark("Contracts (CSV)"),
    "staff": mark("Staff (CSV)"),
    "cover": mark("Who is needed (CSV)"),
    "shifts": mark("Shifts (CSV, optional)"),
}
COLUMNS = {
    "contracts": roster_sheets.CONTRACT_COLUMNS,
    "staff": roster_sheets.STAFF_COLUMNS,
    "cover": roster_sheets.COVER_COLUMNS,
    "shifts": roster_sheets.SHIFT_COLUMNS,
}


def file_of(sheet: str) -> str:
    """Give the id of a sheet's file."""
    return f"roster-file-{sheet}"


def _upload(sheet: str) -> Component:
    text = _(FILES[sheet])
    template = ",".join(COLUMNS[sheet]) + "\n"
    return html.Div(
        [
            html.Div(
                className="upload",
                children=dcc.Upload(
                    id=file_of(sheet), max_size=LARGEST_BYTES, children=html.Span(text, className="action")
                ),
                **attributes(data_file_label=text),
            ),
            html.A(
                _("Template"),
                href=f"data:text/csv;charset=utf-8,{quote(template)}",
                download=f"{sheet}.csv",
                **attributes(aria_label=_("Template: {sheet}").format(sheet=text)),
            ),
            " ",
            html.Span(id=f"{file_of(sheet)}-name", className="secondary"),
        ]
    )


def _wards(port: HospitalPort) -> list[dict[str, str]]:
    state, chinese = port.state(), wants_chinese()
    found = places.places(state, kind=PlaceKind.WARD.value)
    return [{"value": one.thing, "label": place_name(state, one.thing, chinese=chinese)} for one in found]


def making(port: HospitalPort, query: Mapping[str, str]) -> list[Component]:
    """Build the form, and how far a roster is that is being made; nothing for who may not edit plans.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    query : Mapping[str, str]
        ``make`` is the job.
    """
    if not port.actor().may(Permission.PLANS_EDIT):
        return []
    view = _view(port, query.get("make", ""))
    fields = [
        day_entry(STARTS, _("First day")),
        dmc.NumberInput(id=DAYS, label=_("Days"), value=28, min=1, max=roster_sheets.MOST_DAYS, hideControls=True),
        dmc.Select(
            id=PLACE,
            label=_("Ward"),
            placeholder=_("Whole hospital"),
            data=_wards(port),
            searchable=True,
            clearable=True,
            clearButtonProps={"aria-label": _("Whole hospital")},
            limit=50,
        ),
        dmc.NumberInput(id=SECONDS, label=_("Computing time, seconds"), value=30, min=1, max=600, hideControls=True),
        dmc.NumberInput(id=SEED, label=_("Seed"), value=1, min=0, max=4294967295, hideControls=True),
    ]
    buttons = [
        html.Button(_("Try the sheets"), id=TRY, className="action", n_clicks=0),
        html.Button(_("Make the roster"), id=MAKE, className="action primary", n_clicks=0),
    ]
    return [
        panel(
            _("Make a roster"),
            html.P(_("Sheets as a spreadsheet saves them; nothing is made before every row is right.")),
            html.Div([_upload(sheet) for sheet in SHEETS], className="filters"),
            html.Div([*fields, *buttons], className="filters"),
            html.Div(id=REPORT, role="status", **attributes(aria_live="polite")),
            html.Div(_job(view), id=JOB, role="status"),
            dcc.Interval(id=TIMER, interval=_POLL_MS, disabled=view is None or view.is_over),
            wide=True,
        )
    ]


def _view(port: HospitalPort, job: str) -> JobView | None:
    return port.jobs.view(job) if job else None


def _job(view: JobView | None) -> list[Component]:
    if view is None:
        return []
    parts: list[Component] = [html.P(progress_line(view))]
    if view.state is JobState.FAILED:
        parts.append(html.P(f"{view.error_message} ({view.error_code})", className="state-error"))
    elif view.state is JobState.DONE:
        parts += _result(view)
    elif not view.is_over:
        ending = html.Button(_("That is good enough"), id=ENOUGH, className="action", n_clicks=0)
        stopping = html.Button(_("Cancel"), id=CANCEL, className="action", n_clicks=0)
        parts.append(html.Div([ending, stopping], className="filters"))
    return parts


def _result(view: JobView) -> list[Component]:
    lines = check_lines(view.result)
    rows: list[list[Cell]] = [
        [
            codes.code_text(codes.PLAN_RULES, line.rule),
            _("must hold") if line.is_hard else _("should hold"),
            line.violations,
            number(line.cost, 1),
        ]
        for line in lines
    ]
    broken = sum(line.violations for line in lines if line.is_hard)
    head = _("Cost {cost}, {broken} rules broken").format(
        cost=number(sum(line.cost for line in lines)), broken=number(broken)
    )
    headings = [_("Rule"), _("Kind"), _("Broken"), _("Cost")]
    found = table(_("Checker's report"), headings, rows) if rows else html.P(_("Every rule is kept."))
    keeping = [
        dmc.TextInput(id=TITLE, label=_("What it is called")),
        html.Button(_("Keep as a draft"), id=KEEP, className="action primary", n_clicks=0),
    ]
    title = html.H3(_("What the independent checker says"))
    return [html.P(head, className="summary"), title, found, html.Div(keeping, className="filters")]


def _told(problem: RosterProblem) -> list[Component]:
    text = _("The sheets are right: {staff} people, {needs} needs, {wishes} wishes, {leave} days of leave.").format(
        staff=number(len(problem.employees)),
        needs=number(len(problem.needs)),
        wishes=number(len(problem.requests)),
        leave=number(sum(len(one.days_off) for one in problem.employees)),
    )
    known = sum(one.history.last_shift != "" or one.history.off_run > 0 for one in problem.employees)
    if known:
        text += " " + _("It goes on from the roster in force for {count} people.").format(count=number(known))
    return [html.P(text)]


def _order(port: HospitalPort, files: list[str | None], starts: str | None, days: Any, place: str | None) -> Order:
    given = {name: contents for name, contents in zip(SHEETS, files, strict=True) if contents}
    return Order(files=given, starts=starts or "", days=int(days or 0), place=place or "", zone=port.settings.time_zone)


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register trying, making, watching, ending early and keeping."""
    given = [State(file_of(sheet), "contents") for sheet in SHEETS]
    asked = [*given, State(STARTS, "value"), State(DAYS, "value"), State(PLACE, "value")]

    @callbacks.add(
        Output(REPORT, "children"),
        Input(TRY, "n_clicks"),
        *asked,
        permission=Permission.PLANS_EDIT,
        prevent_initial_call=True,
    )
    def try_sheets(_clicks: int, *values: Any) -> list[Component]:
        order = _order(port, list(values[:4]), *values[4:])
        try:
            with port.read() as session:
                return _told(rosters.read(session, order))
        except ImportRefused as refused:
            return problems(refused)

    @callbacks.add(
        Output(REPORT, "children", allow_duplicate=True),
        Output(URL, "search", allow_duplicate=True),
        Output(TIMER, "disabled"),
        Input(MAKE, "n_clicks"),
        State(SECONDS, "value"),
        State(SEED, "value"),
        State(URL, "search"),
        *asked,
        permission=Permission.PLANS_EDIT,
        prevent_initial_call=True,
    )
    def make(_clicks: int, seconds: Any, seed: Any, search: str, *values: Any) -> tuple[list[Component], str, bool]:
        order = _order(port, list(values[:4]), *values[4:])
        try:
            with port.read() as session:
                problem = rosters.read(session, order)
        except ImportRefused as refused:
            return problems(refused), search, True
        job = rosters.make(port, problem, order, seconds=int(seconds or 0), seed=int(seed or 0))
        return _told(problem), search_with(search, make=job, plan=None), False

    _register_names(callbacks)
    _register_following(callbacks, port)


def _register_names(callbacks: Callbacks) -> None:
    for sheet in SHEETS:
        identity = file_of(sheet)

        @callbacks.add(
            Output(f"{identity}-name", "children"),
            Input(identity, "filename"),
            permission=Permission.PLANS_EDIT,
            prevent_initial_call=True,
        )
        def name_it(name: str | None) -> str:
            return name or ""


def _register_following(callbacks: Callbacks, port: HospitalPort) -> None:
    @callbacks.add(
        Output(JOB, "children"),
        Output(TIMER, "disabled", allow_duplicate=True),
        Input(TIMER, "n_intervals"),
        State(URL, "search"),
        permission=Permission.PLANS_EDIT,
        prevent_initial_call=True,
    )
    def follow(_ticks: int, search: str) -> tuple[list[Component], bool]:
        view = _view(port, query_of(search).get("make", ""))
        return _job(view), view is None or view.is_over

    register_ending(
        callbacks,
        port,
        buttons=(ENOUGH, CANCEL),
        told=(JOB, mark("It ends with the best roster that it has …")),
        key="make",
    )

    @callbacks.add(
        Output(URL, "search", allow_duplicate=True),
        Output(JOB, "children", allow_duplicate=True),
        Input(KEEP, "n_clicks"),
        State(TITLE, "value"),
        State(URL, "search"),
        permission=Permission.PLANS_EDIT,
        prevent_initial_call=True,
    )
    def keep(_clicks: int, title: str | None, search: str) -> tuple[str, list[Component]]:
        job = query_of(search).get("make", "")
        view = _view(port, job)
        if view is None:
            raise PreventUpdate
        kept = plans.keep(port, job, view.result, title=title or "")
        return search_with(search, make=None, plan=kept), []

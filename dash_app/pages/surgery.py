"""Day of surgery.

Opened by the theatre coordinator, to see how far each theatre is and when it will end, to start and end cases, cancel
one with a reason, find the place in which an emergency costs the others least, and re-plan what still waits.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import dash_mantine_components as dmc
from dash import ALL, Input, Output, State, dcc, html
from dash.development.base_component import Component

from dash_app.actions import surgery as actions
from dash_app.charts import gantt
from dash_app.pages import surgery_emergency
from dash_app.pages.address import TICK, URL, query_of
from dash_app.pages.fields import needed, pressed
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.reader import chart_config, palette, wants_chinese
from dash_app.pages.states import attributes, empty, page_head, panel, shape
from dash_app.pages.surgery_emergency import cases_shown, clock_text, day_shown
from dash_app.pages.tables import Cell, table
from dash_app.queries.names import place_name, staff_label
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import calendar_day, local
from scheduling.model.surgery_day import CaseStatus, Projected, TheatreDay
from scheduling.rules.surgery_day import project
from scheduling.service.surgery_day import MOST_MINUTES, Act, ActKind, SurgeryDay
from twin.access import Permission
from twin.events.watch import AlarmPriority

CONTENT = "surgery-content"
CASE = "surgery-case"
REASON = "surgery-reason"
MINUTES = "surgery-minutes"
THEATRE = "surgery-theatre"
POSITION = "surgery-position"
ACT = "surgery-act"
STATUSES = {
    "planned": mark("Still waits"),
    "in_theatre": mark("In theatre"),
    "done": mark("Done"),
    "cancelled": mark("Cancelled"),
}
ACTS = {
    ActKind.START: mark("Start"),
    ActKind.FINISH: mark("Finish"),
    ActKind.EXPECT: mark("Set the length"),
    ActKind.MOVE: mark("Move"),
    ActKind.CANCEL: mark("Cancel the case"),
    ActKind.RESTORE: mark("Take back"),
}


def _row(port: HospitalPort, one: Projected) -> list[Cell]:
    case = one.case
    status = codes.code_text(STATUSES, case.status.value)
    if case.reason:
        status = f"{status}: {case.reason}"
    late: Cell = ""
    if one.ends_late and case.status in {CaseStatus.PLANNED, CaseStatus.IN_THEATRE}:
        late = html.Span([shape(AlarmPriority.MEDIUM), _("after closing")], className="status p2")
    name = _("{case} (emergency)").format(case=case.id) if case.is_emergency else case.id
    return [
        name,
        staff_label(port.state(), case.surgeon) if case.surgeon else "",
        clock_text(case.planned_start_at),
        f"{clock_text(one.starts_at)}–{clock_text(one.ends_at)}" if one.starts_at else "",
        one.delay_minutes or "",
        status,
        late,
    ]


def _theatre(port: HospitalPort, day: TheatreDay) -> Component:
    name = place_name(port.state(), day.theatre, chinese=wants_chinese())
    if not day.cases:
        return panel(name, html.P(_("Nothing is planned.")))
    told = _("Ends at {end}").format(end=clock_text(day.free_at))
    if day.overtime_minutes:
        told = _("Ends at {end}, {count} min overtime").format(end=clock_text(day.free_at), count=day.overtime_minutes)
    headings = [_("Case"), _("Surgeon"), _("Planned"), _("Expected"), _("Delay, min"), _("Status"), _("Warning")]
    title = _("Cases of {theatre}").format(theatre=name)
    return panel(
        name,
        html.P(told, className="summary"),
        table(title, headings, [_row(port, one) for one in day.cases]),
        wide=True,
    )


def _gantt(port: HospitalPort, days: tuple[TheatreDay, ...]) -> list[Component]:
    def text(at: int) -> str:
        return local(at).strftime("%Y-%m-%d %H:%M:%S")

    bars = [
        gantt.Bar(
            row=place_name(port.state(), day.theatre, chinese=wants_chinese()),
            label=one.case.id,
            start=text(one.starts_at),
            end=text(one.ends_at),
            duration_us=max(1, one.ends_at - one.starts_at),
            is_emphasised=one.ends_late or one.case.is_emergency,
        )
        for day in days
        for one in day.cases
        if one.starts_at
    ]
    if not bars:
        return []
    figure = gantt.figure(bars, palette(), now=text(port.clock.now()))
    graph = dcc.Graph(figure=figure, config=chart_config(), style={"height": f"{figure['layout']['height']}px"})
    title = _("Theatres and their cases")
    label = attributes(aria_label=_("{title}; the table below holds the same").format(title=title))
    return [panel(title, html.Div(graph, role="img", **label), wide=True)]


def content(port: HospitalPort, query: dict[str, str]) -> list[Component]:
    """Build the board: every theatre with its cases and when it is expected to end.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    query : dict[str, str]
        ``day`` as a date; today if absent.
    """
    day = day_shown(port, query)
    if not day.theatres:
        return [empty(_("The hospital has no theatres"), _("Import places with the purpose “theatre”."))]
    told = project(cases_shown(port, day), day.theatres, day.hours, port.clock.now())
    if not any(one.cases for one in told):
        # A page of empty theatres tells nobody why they are empty.
        hint = _("Publish a plan with operations of this day on the plan board, or announce an emergency above.")
        return [empty(_("No operation is planned for this day"), hint)]
    return [html.Div([*_gantt(port, told), *(_theatre(port, one) for one in told)], className="panels")]


def _choices(port: HospitalPort, day: SurgeryDay) -> list[dict[str, str]]:
    """Give the cases to choose from; the value carries the version that the person sees."""
    return [
        {
            "value": f"{case.version}|{case.id}",
            "label": f"{case.id} · {codes.code_text(STATUSES, case.status.value)}",
        }
        for case in sorted(cases_shown(port, day), key=lambda one: (one.theatre, one.position, one.id))
    ]


def _deciding(port: HospitalPort, day: SurgeryDay) -> Component:
    state, chinese = port.state(), wants_chinese()
    theatres = [{"value": name, "label": place_name(state, name, chinese=chinese)} for name in sorted(day.theatres)]
    buttons = [
        html.Button(_(text), id={"type": ACT, "kind": kind.value}, className="action", n_clicks=0)
        for kind, text in ACTS.items()
    ]
    return panel(
        _("Decide about a case"),
        html.Div(
            className="filters",
            children=[
                dmc.Select(id=CASE, label=_("Case"), data=_choices(port, day), searchable=True),
                dmc.NumberInput(id=MINUTES, label=_("Length, minutes"), min=1, max=MOST_MINUTES, hideControls=True),
                dmc.Select(id=THEATRE, label=_("To theatre"), data=theatres),
                dmc.NumberInput(id=POSITION, label=_("As number"), value=1, min=1, max=100, hideControls=True),
                dmc.TextInput(id=REASON, label=_("Reason of a cancellation")),
            ],
        ),
        html.Div(buttons, className="filters"),
        wide=True,
    )


def _other_days(port: HospitalPort, day: SurgeryDay) -> Component:
    """Build the links to the days around the one that is shown, and to today."""
    shown, today = day.date, local(port.clock.now()).date()
    wanted = [(_("Day before"), shown - timedelta(days=1)), (_("Day after"), shown + timedelta(days=1))]
    if shown != today:
        wanted.insert(1, (_("Today"), today))
    # Another day is another page: what is being decided about a case of this one must not go with it.
    links = [html.A(text, href=f"/ui/surgery?day={one.isoformat()}", className="action") for text, one in wanted]
    return html.Div([html.Strong(calendar_day(day.at)), *links], className="filters")


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    query = dict(visit.query)
    day = day_shown(port, query)
    may_edit = port.actor().may(Permission.PLANS_EDIT) and bool(day.theatres)
    deciding = [_deciding(port, day), surgery_emergency.asking(port)] if may_edit else []
    return html.Div(
        [
            page_head(
                _("Day of surgery"), _("How far each theatre is, when it will end, and what can still be changed.")
            ),
            _other_days(port, day),
            html.Div(deciding, className="panels"),
            html.Div(content(port, query), id=CONTENT, className="below"),
        ]
    )


def _shown(port: HospitalPort, search: str) -> tuple[list[Component], list[dict[str, str]]]:
    query = query_of(search)
    return content(port, query), _choices(port, day_shown(port, query))


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register the refresh, acts, emergencies and the re-plan."""

    @callbacks.add(
        Output(CONTENT, "children"),
        Input(TICK, "data"),
        State(URL, "search"),
        permission=Permission.PLANS_READ,
        prevent_initial_call=True,
    )
    def refresh(_tick: Any, search: str) -> list[Component]:
        return content(port, query_of(search))

    @callbacks.add(
        Output(CONTENT, "children", allow_duplicate=True),
        Output(CASE, "data"),
        Output(CASE, "value"),
        Input({"type": ACT, "kind": ALL}, "n_clicks"),
        State(CASE, "value"),
        State(MINUTES, "value"),
        State(THEATRE, "value"),
        State(POSITION, "value"),
        State(REASON, "value"),
        State(URL, "search"),
        permission=Permission.PLANS_EDIT,
        prevent_initial_call=True,
    )
    def act(
        _clicks: list[int],
        case: str | None,
        minutes: Any,
        theatre: str | None,
        position: Any,
        reason: str | None,
        search: str,
    ) -> Any:
        kind = str(pressed()["kind"])
        version, _bar, name = needed(case, _("Case")).partition("|")
        intent = Act(
            kind=ActKind(kind),
            case=name,
            version=int(version),
            reason=reason or "",
            theatre=theatre or "",
            position=int(position or 1) - 1,
            minutes=int(minutes or 0),
        )
        actions.act(port, day_shown(port, query_of(search)), intent)
        shown, data = _shown(port, search)
        # The act has given the case a new version, and so another value in the selection.
        kept = next((one["value"] for one in data if one["value"].partition("|")[2] == name), None)
        return shown, data, kept

    surgery_emergency.register(callbacks, port, shown=lambda search: _shown(port, search))


PAGE = Page(
    path="/surgery",
    title=mark("Day of surgery"),
    permission=Permission.PLANS_READ,
    layout=layout,
    register=register,
    position=54,
    section=mark("Ahead"),
    icon="plan",
)

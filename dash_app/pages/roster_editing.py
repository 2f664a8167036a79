"""The part of the roster page in which a planner changes a kept roster: by hand, after a sick call, or made again."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import dash_mantine_components as dmc
from dash import ALL, Input, Output, State, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dash_app.actions import rosters
from dash_app.pages.address import URL, query_of, search_with
from dash_app.pages.fields import needed, pressed
from dash_app.pages.guard import Callbacks
from dash_app.pages.plan_kept import draft_name, undoing
from dash_app.pages.shift_decisions import consequences_table
from dash_app.pages.states import attributes, panel
from dash_app.pages.tables import Cell, table
from dash_app.queries import roster_talk as queries
from dash_app.queries.names import staff_label
from dash_app.queries.plans import find_plan
from dash_app.queries.port import HospitalPort
from dash_app.queries.roster_talk import KeptRoster
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.moments import number, plan_day, weekday_of_plan
from scheduling.checker.rosters import check_roster
from scheduling.model.rosters import Assignment
from scheduling.service.roster_board import Choice
from scheduling.service.roster_talk import Absence
from twin.access import Permission

EDITING, WHO, DAY, CHOICES = "roster-editing", "roster-who", "roster-day", "roster-choices"
CHOOSE, LET_GO = "roster-choose", "roster-let-go"
ILL, ILL_FROM, ILL_TO, MEND = "roster-ill", "roster-ill-from", "roster-ill-to", "roster-mend"
MENDED = "roster-mended"
"""Stands beside the panel: the draft that mends a sick call has an address of its own, which builds the panel anew."""
AGAIN = "roster-again"
AGAIN_SECONDS = 20
MOST_RULES = 3


def editing(port: HospitalPort, plan: str) -> list[Component]:
    """Build a kept roster with everything that can be done with it; nothing if it is no roster or may not be edited.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    plan : str
        Id of the kept roster.
    """
    if not port.actor().may(Permission.PLANS_EDIT):
        return []
    with port.read() as session:
        found, kept = queries.kept_roster(session, plan), find_plan(session, plan)
    if found is None or kept is None:
        return []
    report = check_roster(found.board.problem, found.board.roster)
    head = _("{title}: price {cost}, {broken} rules broken").format(
        title=" ".join((found.title or _("Roster"), draft_name(kept))),
        cost=number(report.cost),
        broken=number(len(report.violations)),
    )
    links = [
        *undoing(kept, "roster"),
        dcc.Link(_("Publish it on the plan board"), href=f"/ui/plan?plan={quote(plan)}", className="action"),
        html.Button(_("Make it again, keeping pins"), id=AGAIN, className="action", n_clicks=0),
    ]
    return [
        panel(
            _("Change this roster"),
            html.P(head, className="summary"),
            html.Div(links, className="filters"),
            _grid(port, found),
            _asking(port, found),
            html.Div(id=CHOICES, role="status"),
            *_pins(port, found),
            _illness(port, found),
            wide=True,
        )
    ]


def _days(found: KeptRoster) -> list[dict[str, str]]:
    return [
        {"value": str(day), "label": weekday_of_plan(found.start_at, day)} for day in range(found.board.problem.days)
    ]


def _people(port: HospitalPort, found: KeptRoster) -> list[dict[str, str]]:
    state = port.state()
    return [{"value": one.id, "label": staff_label(state, one.id)} for one in found.board.problem.employees]


def _grid(port: HospitalPort, found: KeptRoster) -> Component:
    days = range(found.board.problem.days)
    pinned = {(one.employee, one.day) for one in found.pins}
    rows: list[list[Cell]] = []
    for one in found.board.problem.employees:
        shifts = found.shift_by_day(one.id)
        cells = [
            html.Strong(shifts.get(day, "–"), title=_("pinned")) if (one.id, day) in pinned else shifts.get(day, "")
            for day in days
        ]
        rows.append([staff_label(port.state(), one.id), *cells])
    headings = [_("Who"), *(weekday_of_plan(found.start_at, day) for day in days)]
    return table(_("Change this roster"), headings, rows)  # the one in force has the other name


def _asking(port: HospitalPort, found: KeptRoster) -> Component:
    return html.Div(
        className="filters",
        children=[
            dmc.Select(id=WHO, label=_("Whose day"), data=_people(port, found), searchable=True),
            dmc.Select(id=DAY, label=_("Day"), data=_days(found), searchable=True),
        ],
    )


def _choice(found: KeptRoster, one: Choice) -> list[Cell]:
    cell = one.cells[0]
    what = " ".join(part for part in (cell.shift or _("off"), cell.skill) if part)
    worse = [each for each in one.consequences if each.after > each.before][:MOST_RULES]
    told = ", ".join(codes.code_text(codes.PLAN_RULES, each.rule.value) for each in worse)
    cost = _("now") if one.is_present else f"{'+' if one.cost > 0 else ''}{number(one.cost)}"
    broken = "" if one.is_allowed else _("breaks what must hold")
    buttons = []
    for kind, text in (("set", _("Make it so")), ("pin", _("Make it so, and pin it"))):
        if kind == "set" and one.is_present:
            continue
        identity = {"type": CHOOSE, "kind": kind, "cell": f"{cell.employee}|{cell.day}|{cell.shift}|{cell.skill}"}
        label = _("{act}: {what}").format(act=text, what=what)
        buttons.append(html.Button(text, id=identity, className="action", n_clicks=0, **attributes(aria_label=label)))
    return [what, cost, broken, told, html.Div(buttons)]


def choices(port: HospitalPort, plan: str, employee: str, day: int) -> list[Component]:
    """Build everything that a day of somebody could be, the best first.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    plan, employee : str
        Ids.
    day : int
        Day of the roster.
    """
    with port.read() as session:
        found = queries.kept_roster(session, plan)
    if found is None:
        return []
    rows = [_choice(found, one) for one in queries.choices(found, employee, day)]
    headings = [_("Shift"), _("Cost against now"), _("Must"), _("Gets worse"), _("By hand")]
    return [table(_("What this day could be"), headings, rows)]


def _pins(port: HospitalPort, found: KeptRoster) -> list[Component]:
    rows: list[list[Cell]] = []
    for one in found.pins:
        name, day = staff_label(port.state(), one.employee), plan_day(found.start_at, one.day)
        identity = {"type": LET_GO, "employee": one.employee, "day": one.day}
        label = _("Let go: {name}, {day}").format(name=name, day=day)
        free = html.Button(_("Let go"), id=identity, className="action", n_clicks=0, **attributes(aria_label=label))
        rows.append([name, day, one.shift or _("off"), free])
    if not rows:
        return []
    return [html.H3(_("Pinned")), table(_("Pinned"), [_("Who"), _("Day"), _("Shift"), _("By hand")], rows)]


def _illness(port: HospitalPort, found: KeptRoster) -> Component:
    return html.Div(
        [
            html.H3(_("Sick call")),
            html.Div(
                className="filters",
                children=[
                    dmc.Select(id=ILL, label=_("Who cannot work"), data=_people(port, found), searchable=True),
                    dmc.Select(id=ILL_FROM, label=_("From"), data=_days(found), searchable=True),
                    dmc.Select(id=ILL_TO, label=_("To"), data=_days(found), searchable=True),
                    html.Button(_("Find who steps in"), id=MEND, className="action", n_clicks=0),
                ],
            ),
        ]
    )


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register choices, hand edits, pins, the sick call and making again; each change is a new draft."""

    @callbacks.add(
        Output(EDITING, "children"), Input(URL, "search"), permission=Permission.PLANS_READ, prevent_initial_call=True
    )
    def show(search: str) -> list[Component]:
        return editing(port, query_of(search).get("plan", ""))

    @callbacks.add(
        Output(CHOICES, "children"),
        Input(WHO, "value"),
        Input(DAY, "value"),
        State(URL, "search"),
        permission=Permission.PLANS_READ,
        prevent_initial_call=True,
    )
    def ask(who: str | None, day: str | None, search: str) -> list[Component]:
        plan = query_of(search).get("plan", "")
        return choices(port, plan, who, int(day)) if who and day and plan else []

    @callbacks.add(
        Output(URL, "search", allow_duplicate=True),
        Input({"type": CHOOSE, "kind": ALL, "cell": ALL}, "n_clicks"),
        State(URL, "search"),
        permission=Permission.PLANS_EDIT,
        prevent_initial_call=True,
    )
    def choose(_clicks: list[int], search: str) -> str:
        plan = query_of(search).get("plan", "")
        if not plan:
            raise PreventUpdate
        button = pressed()
        employee, day, shift, skill = str(button["cell"]).rsplit("|", 3)
        cell = Assignment(employee=employee, day=int(day), shift=shift, skill=skill)
        made = rosters.edit(port, plan, cell, pins=button["kind"] == "pin")
        return search_with(search, plan=made.plan)

    _register_mending(callbacks, port)


def _register_mending(callbacks: Callbacks, port: HospitalPort) -> None:
    @callbacks.add(
        Output(URL, "search", allow_duplicate=True),
        Input({"type": LET_GO, "employee": ALL, "day": ALL}, "n_clicks"),
        State(URL, "search"),
        permission=Permission.PLANS_EDIT,
        prevent_initial_call=True,
    )
    def let_go(_clicks: list[int], search: str) -> str:
        plan = query_of(search).get("plan", "")
        if not plan:
            raise PreventUpdate
        pin = pressed()
        made = rosters.let_go(port, plan, str(pin["employee"]), int(pin["day"]))
        return search_with(search, plan=made.plan)

    @callbacks.add(
        Output(URL, "search", allow_duplicate=True),
        Output(MENDED, "children"),
        Input(MEND, "n_clicks"),
        State(ILL, "value"),
        State(ILL_FROM, "value"),
        State(ILL_TO, "value"),
        State(URL, "search"),
        permission=Permission.PLANS_EDIT,
        prevent_initial_call=True,
    )
    def mend(_clicks: int, who: str | None, first: str | None, last: str | None, search: str) -> Any:
        plan = query_of(search).get("plan", "")
        if not plan:
            raise PreventUpdate
        begins = int(needed(first, _("From")))
        absence = Absence(employee=needed(who, _("Who cannot work")), from_day=begins, to_day=int(last or begins))
        made = rosters.mend(port, plan, absence)
        with port.read() as session:
            found = queries.kept_roster(session, made.plan)
        start_at = found.start_at if found is not None else 0
        told = consequences_table(port, made.choice.consequences, start_at)
        return search_with(search, plan=made.plan), panel(_("Sick call"), *told, wide=True)

    @callbacks.add(
        Output(URL, "search", allow_duplicate=True),
        Input(AGAIN, "n_clicks"),
        State(URL, "search"),
        permission=Permission.PLANS_EDIT,
        prevent_initial_call=True,
    )
    def again(_clicks: int, search: str) -> str:
        plan = query_of(search).get("plan", "")
        if not plan:
            raise PreventUpdate
        return search_with(search, make=rosters.make_again(port, plan, seconds=AGAIN_SECONDS, seed=1), plan=None)

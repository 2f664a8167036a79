"""Roster.

Opened by nurses and planners, to see who works when and how evenly nights and weekends are shared; people ask
for leave and swaps, and a planner has rosters made, changes them by hand, and puts them in force on the plan board.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from dash import Input, Output, dcc, html
from dash.development.base_component import Component

from dash_app.pages import leave, roster_editing, roster_making, shift_decisions, shift_requests
from dash_app.pages.address import TICK
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.plan_kept import draft_name
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import empty, page_head, panel
from dash_app.pages.tables import Cell, table
from dash_app.queries import plans, roster
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import calendar_day, local, moment, number, weekday_of_plan
from scheduling.model.plans import PlanKind
from twin.access import Permission

CONTENT = "roster-content"


def _grid(found: roster.RosterView) -> Component:
    days = range(found.days)
    rows: list[list[Cell]] = [
        [row.name, *(row.shift_by_day.get(day, "") for day in days), number(row.hours, 1), row.nights, row.weekend_days]
        for row in found.rows
    ]
    dates = [weekday_of_plan(found.start_at, day) for day in days]
    at_work: list[Cell] = [
        _("At work"),
        *(sum(day in row.shift_by_day for row in found.rows) for day in days),
        "",
        "",
        "",
    ]
    headings = [_("Who"), *dates, _("Hours"), _("Nights"), _("Weekend days")]
    title = _("Who works when")
    # several are in force, one a ward: whoever hears the page read aloud must tell their tables apart
    places = ", ".join(found.places) or _("Hospital")
    caption = f"{title} · {places}"
    return panel(title, table(caption, headings, [*rows, at_work]), wide=True)


def _kept(port: HospitalPort) -> list[Component]:
    with port.read() as session:
        found = [plan for plan in plans.kept(session) if plan.kind == PlanKind.ROSTER.value]
    if not found:
        return []
    rows: list[list[Cell]] = [
        [
            draft_name(plan),
            dcc.Link(plan.title or moment(plan.created_at), href=f"/ui/roster?plan={quote(plan.id)}"),
            codes.code_text(codes.PLAN_STATUSES, plan.status.value),
            calendar_day(plan.start_at),
            number(plan.cost),
            plan.n_violations,
            html.A(_("Calendar"), href=f"/v1/plans/{quote(plan.id)}/calendar.ics", download="roster.ics"),
        ]
        for plan in found
    ]
    headings = [_("Draft"), _("Roster"), _("Status"), _("From"), _("Cost"), _("Broken"), _("Calendar")]
    return [panel(_("Kept rosters"), table(_("Kept rosters"), headings, rows), wide=True)]


def content(port: HospitalPort) -> list[Component]:
    """Build the rosters in force, one for each ward, and the list of kept ones.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    """
    known = roster.all_in_force(port.state(), local, chinese=wants_chinese())
    if not known:
        told = empty(_("No roster is in force"), _("Have one made, check it on the plan board, then publish it."))
        return [told, *_kept(port)]
    return [*(part for found in known for part in _in_force(found)), *_kept(port)]


def _in_force(found: roster.RosterView) -> list[Component]:
    facts = _("{places}: {count} people, {days} days from {start}, in force since {published}").format(
        places=", ".join(found.places) or _("Hospital"),
        count=len(found.rows),
        days=found.days,
        start=calendar_day(found.start_at),
        published=moment(found.published_at),
    )
    return [html.P(facts, className="summary"), _grid(found)]


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    query = dict(visit.query)
    return html.Div(
        [
            page_head(_("Roster"), _("Who works when, and how nights and weekends are shared.")),
            html.Div(content(port), id=CONTENT),
            html.Div(shift_requests.content(port), id=shift_requests.MINE, className="below"),
            html.Div(shift_decisions.deciding(port), className="below"),
            html.Div(leave.leave(port), className="below"),
            html.Div(roster_editing.editing(port, query.get("plan", "")), id=roster_editing.EDITING, className="below"),
            html.Div(id=roster_editing.MENDED, className="below", role="status"),
            html.Div(roster_making.making(port, query), className="below"),
        ]
    )


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register the refresh."""

    @callbacks.add(
        Output(CONTENT, "children"), Input(TICK, "data"), permission=Permission.PLANS_READ, prevent_initial_call=True
    )
    def refresh(_tick: Any) -> list[Component]:
        return content(port)

    shift_requests.register(callbacks, port)
    shift_decisions.register(callbacks, port)
    leave.register(callbacks, port)
    roster_editing.register(callbacks, port)
    roster_making.register(callbacks, port)


PAGE = Page(
    path="/roster",
    title=mark("Roster"),
    permission=Permission.PLANS_READ,
    layout=layout,
    register=register,
    position=53,
    section=mark("Ahead"),
    icon="plan",
)

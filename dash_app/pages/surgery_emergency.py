"""The part of the day-of-surgery board that finds places for emergencies and re-plans what waits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import dash_mantine_components as dmc
from dash import ALL, Input, Output, State, html
from dash.development.base_component import Component

from dash_app.actions import surgery as actions
from dash_app.pages.address import URL, query_of
from dash_app.pages.fields import pressed
from dash_app.pages.guard import Callbacks
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import attributes, panel
from dash_app.pages.tables import Cell, table
from dash_app.queries import surgery as queries
from dash_app.queries.names import place_name, staff_label
from dash_app.queries.port import HospitalPort
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.moments import local
from scheduling.model.surgery_day import Case, Opening
from scheduling.rules.surgery_day import better_day, openings
from scheduling.service import surgery_day as service
from scheduling.service.surgery_day import Emergency, SurgeryDay
from twin.access import Permission

CONTENT = "surgery-content"
CASE = "surgery-case"
ENCOUNTER = "surgery-encounter"
LENGTH = "surgery-length"
SURGEON = "surgery-surgeon"
PROCEDURE = "surgery-procedure"
FIND = "surgery-find"
FOUND = "surgery-found"
TAKE = "surgery-take"
REPLAN = "surgery-replan"
MAKE = "surgery-make"
_MOST_OPENINGS = 6
FIRST_YEAR, LAST_YEAR = 1970, 2200
"""Places for an emergency that are shown; the HTTP route gives all."""

Shown = Callable[[str], tuple[list[Component], list[dict[str, str]]]]
"""Gives the board and the choices of cases anew, for an address."""


def day_shown(port: HospitalPort, query: dict[str, str]) -> SurgeryDay:
    """Give the day that an address names with ``day``; today if it names none."""
    now = port.clock.now()
    try:
        wanted = date.fromisoformat(query.get("day", ""))
    except ValueError:
        wanted = local(now).date()
    # Nobody operates then, and calendars run out of years near their ends.
    if not FIRST_YEAR <= wanted.year <= LAST_YEAR:
        wanted = local(now).date()
    return queries.day_of(port.state().freeze(now), wanted, port.settings)


def cases_shown(port: HospitalPort, day: SurgeryDay) -> list[Case]:
    """Give the cases of a day."""
    with port.read() as session:
        return service.cases_of(session, day)


def clock_text(at: int) -> str:
    """Write an instant as the clock on the wall shows it; nothing for 0."""
    return f"{local(at):%H:%M}" if at else ""


def asking(port: HospitalPort) -> Component:
    """Build the question: what came, how long it takes, and whose it is."""
    state = port.state()
    surgeons = [
        {"value": key, "label": staff_label(state, key)}
        for key, member in sorted(state.staff.items())
        if member.role == "surgeon"
    ]
    return panel(
        _("An emergency"),
        html.Div(
            className="filters",
            children=[
                dmc.TextInput(id=ENCOUNTER, label=_("Encounter")),
                dmc.NumberInput(id=LENGTH, label=_("Length, minutes"), value=90, min=1, max=1440, hideControls=True),
                dmc.Select(id=SURGEON, label=_("Surgeon"), data=surgeons, clearable=True, searchable=True),
                dmc.TextInput(
                    id=PROCEDURE, label=_("Procedure"), description=_("Its code, if known: its goods are brought")
                ),
                html.Button(_("Find a place"), id=FIND, className="action primary", n_clicks=0),
                html.Button(_("Re-plan what waits"), id=REPLAN, className="action", n_clicks=0),
            ],
        ),
        html.Div(id=FOUND, role="status"),
        wide=True,
    )


def _take_label(one: Opening) -> str:
    return _("Take: {theatre} at {time}").format(theatre=one.theatre, time=clock_text(one.starts_at))


def places(port: HospitalPort, day: SurgeryDay, minutes: int, surgeon: str) -> list[Component]:
    """Build the places for an emergency, the best first.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    day : SurgeryDay
        Which day.
    minutes : int
        Expected length.
    surgeon : str
        Id; empty if unknown.
    """
    now = port.clock.now()
    emergency = Case(
        id="\0emergency",  # no encounter has such an id
        theatre="",
        surgeon=surgeon,
        position=0,
        planned_start_at=now,
        planned_minutes=min(max(minutes, 1), service.MOST_MINUTES),
        is_emergency=True,
    )
    found = openings(cases_shown(port, day), day.theatres, day.hours, now, emergency)[:_MOST_OPENINGS]
    rows: list[list[Cell]] = [
        [
            place_name(port.state(), one.theatre, chinese=wants_chinese()),
            one.position + 1,
            clock_text(one.starts_at),
            one.delay_minutes,
            one.overtime_minutes,
            html.Button(
                _("Take"),
                id={"type": TAKE, "place": f"{one.position}|{one.theatre}"},
                className="action",
                n_clicks=0,
                **attributes(aria_label=_take_label(one)),
            ),
        ]
        for one in found
    ]
    headings = [_("Theatre"), _("As number"), _("Begins"), _("Others wait, min"), _("More overtime, min"), _("Decide")]
    return [table(_("Places for the emergency"), headings, rows)]


def proposals(port: HospitalPort, day: SurgeryDay) -> list[Component]:
    """Build what a re-plan would change.

    Parameters
    ----------
    port, day
        As for :func:`places`.
    """
    with port.read() as session:
        cases, unsuitable = service.cases_of(session, day), service.unsuitable_theatres(session)
    found = better_day(cases, day.theatres, day.hours, port.clock.now(), unsuitable)
    if not found:
        return [html.P(_("No change of what waits would save overtime or delay."))]
    rows: list[list[Cell]] = [
        [
            one.case,
            place_name(port.state(), one.theatre, chinese=wants_chinese()),
            one.position + 1,
            one.overtime_minutes,
            one.delay_minutes,
        ]
        for one in found
    ]
    headings = [_("Case"), _("To theatre"), _("As number"), _("Overtime then, min"), _("Delay then, min")]
    return [
        table(_("What would change"), headings, rows),
        html.Button(_("Make these changes"), id=MAKE, className="action primary", n_clicks=0),
    ]


def register(callbacks: Callbacks, port: HospitalPort, *, shown: Shown) -> None:
    """Register finding a place, taking it, and the re-plan."""
    _register_emergency(callbacks, port, shown)
    _register_replan(callbacks, port, shown)


def _register_emergency(callbacks: Callbacks, port: HospitalPort, shown: Shown) -> None:
    @callbacks.add(
        Output(FOUND, "children"),
        Input(FIND, "n_clicks"),
        State(LENGTH, "value"),
        State(SURGEON, "value"),
        State(URL, "search"),
        permission=Permission.PLANS_READ,
        prevent_initial_call=True,
    )
    def find(_clicks: int, minutes: Any, surgeon: str | None, search: str) -> list[Component]:
        return places(port, day_shown(port, query_of(search)), int(minutes or 0), surgeon or "")

    @callbacks.add(
        Output(CONTENT, "children", allow_duplicate=True),
        Output(CASE, "data", allow_duplicate=True),
        Output(FOUND, "children", allow_duplicate=True),
        Input({"type": TAKE, "place": ALL}, "n_clicks"),
        State(ENCOUNTER, "value"),
        State(LENGTH, "value"),
        State(SURGEON, "value"),
        State(PROCEDURE, "value"),
        State(URL, "search"),
        permission=Permission.PLANS_EDIT,
        prevent_initial_call=True,
    )
    def take(_clicks: list[int], encounter: str | None, minutes: Any, *further: Any) -> Any:
        surgeon, procedure, search = further
        if not (encounter or "").strip():
            return *shown(search), [html.P(_("Name the encounter first."), className="state-error")]
        position, _bar, theatre = str(pressed()["place"]).partition("|")
        emergency = Emergency(
            id=str(encounter).strip()[:200],
            minutes=int(minutes or 0),
            theatre=theatre,
            position=int(position),
            surgeon=surgeon or "",
            procedure=(procedure or "").strip()[:200],
        )
        actions.add_emergency(port, day_shown(port, query_of(search)), emergency)
        told = _("{case} is in the list.").format(case=emergency.id)
        return *shown(search), [html.P(told)]


def _register_replan(callbacks: Callbacks, port: HospitalPort, shown: Shown) -> None:
    @callbacks.add(
        Output(FOUND, "children", allow_duplicate=True),
        Input(REPLAN, "n_clicks"),
        State(URL, "search"),
        permission=Permission.PLANS_EDIT,
        prevent_initial_call=True,
    )
    def propose(_clicks: int, search: str) -> list[Component]:
        return proposals(port, day_shown(port, query_of(search)))

    @callbacks.add(
        Output(CONTENT, "children", allow_duplicate=True),
        Output(CASE, "data", allow_duplicate=True),
        Output(FOUND, "children", allow_duplicate=True),
        Input(MAKE, "n_clicks"),
        State(URL, "search"),
        permission=Permission.PLANS_EDIT,
        prevent_initial_call=True,
    )
    def make(_clicks: int, search: str) -> Any:
        count = actions.replan(port, day_shown(port, query_of(search)))
        return *shown(search), [html.P(_("{count} cases were moved.").format(count=count))]

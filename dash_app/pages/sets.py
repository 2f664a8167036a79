"""Sets: where one stands and was used, and what a failed indicator reaches.

Opened by sterile supply, to answer in a minute which patients (by their case) were reached by a cycle in doubt, and
which sets are to be fetched back before they are used.
"""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from dash_app.pages.address import URL, query_of, search_with
from dash_app.pages.guard import Callbacks
from dash_app.pages.instrument_faults import OPEN, fault_desk, open_faults, register_faults
from dash_app.pages.page import Page, Visit
from dash_app.pages.set_contents import assembling_desk, contents_part, instrument_panel, register_assembling
from dash_app.pages.states import page_head, panel, shape
from dash_app.pages.tables import Cell, table
from dash_app.queries import device_planning
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes, device_words
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import moment
from dash_app.texts.problems import problem_text
from twin.access import Permission
from twin.errors import NotFound
from twin.events.watch import AlarmPriority

CONTENT = "sets-content"
SET = "sets-set"
CYCLE = "sets-cycle"
INSTRUMENT = "sets-instrument"
FIND = "sets-find"


def _flags(flags: tuple[str, ...]) -> str:
    return "; ".join(codes.code_text(device_words.SET_FLAGS, flag) for flag in flags)


def _set_panel(port: HospitalPort, name: str) -> Component:
    with port.read() as session:
        found = device_planning.set_trace(session, name=name, now=port.clock.now())
    facts: list[tuple[str, Component | str]] = [
        (_("May it be issued"), _flags(found.flags) if found.flags else _("yes")),
        (_("State"), codes.code_text(device_words.LOAD_STATES, found.state) if found.state else "–"),
        (
            _("Latest cycle"),
            dcc.Link(found.cycle, href=f"/ui/reprocessing{search_with('', cycle=found.cycle)}") if found.cycle else "–",
        ),
        (_("Expires"), moment(found.expires_at) if found.expires_at else "–"),
    ]
    rows: list[list[Cell]] = [
        [moment(at), case, cycle or "–", _flags(flags) or "–"] for at, case, cycle, flags in found.uses
    ]
    uses: Component = html.P(_("No use is recorded."), className="secondary")
    if rows:
        uses = table(_("Uses"), [_("When"), _("Case"), _("After cycle"), _("What was wrong then")], rows)
    return panel(
        name,
        html.Dl([part for title, value in facts for part in (html.Dt(title), html.Dd(value))], className="facts"),
        contents_part(port, name),
        html.H3(_("Uses")),
        uses,
        wide=True,
    )


def _recall_panel(port: HospitalPort, cycle: str) -> Component:
    try:
        with port.read() as session:
            found = device_planning.closure(session, cycle=cycle)
    except NotFound as error:
        return panel(cycle, html.P(problem_text(error), role="alert"), wide=True)
    text = _("Cycles in doubt: {cycles}, loads: {loads}, cases reached: {cases}, sets to fetch back: {sets}").format(
        cycles=len(found.cycles),
        loads=len(found.loads),
        cases=len({use.case_id for use in found.exposed}),
        sets=len(found.to_retrieve),
    )
    exposed: list[list[Cell]] = [[moment(use.at), use.case_id, use.set_instance, use.cycle] for use in found.exposed]
    fetch: list[list[Cell]] = [
        [dcc.Link(name, href=f"/ui/sets{search_with('', set=name)}")] for name in found.to_retrieve
    ]
    parts: list[Component] = [
        html.P([shape(AlarmPriority.HIGH), " ", text], className="status p1") if found.exposed else html.P(text)
    ]
    if exposed:
        parts.append(table(_("Cases reached"), [_("When"), _("Case"), _("Set"), _("After cycle")], exposed, most=1000))
    if fetch:
        parts.append(table(_("Sets to fetch back"), [_("Set")], fetch, most=1000))
    return panel(_("If the indicator of {cycle} failed").format(cycle=cycle), *parts, wide=True)


def content(port: HospitalPort, query: dict[str, str]) -> list[Component]:
    """Build what was asked for.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    query : dict[str, str]
        ``set``, ``cycle`` and ``instrument`` that are looked at.
    """
    panels = []
    if query.get("set"):
        panels.append(_set_panel(port, query["set"]))
    if query.get("cycle"):
        panels.append(_recall_panel(port, query["cycle"]))
    if query.get("instrument"):
        panels.append(instrument_panel(port, query["instrument"]))
    if not panels:
        text = _("Scan or type a set, an instrument, or the cycle whose indicator failed.")
        return [html.P(text, className="secondary")]
    return [html.Div(panels, className="panels")]


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    lead = _("Where a set stands, in which cases it was used, and what a failed indicator reaches.")
    fields = html.Div(
        [
            dmc.TextInput(id=SET, label=_("Set"), value=visit.query.get("set", ""), w=260),
            dmc.TextInput(id=CYCLE, label=_("Cycle"), value=visit.query.get("cycle", ""), w=320),
            dmc.TextInput(
                id=INSTRUMENT, label=_("Mark of an instrument"), value=visit.query.get("instrument", ""), w=260
            ),
            html.Button(_("Find"), id=FIND, className="action primary", n_clicks=0),
        ],
        className="filters",
    )
    desk = [html.Div(part, className="below") for part in (*fault_desk(port), *assembling_desk(port))]
    shown = [html.Div(content(port, dict(visit.query)), id=CONTENT), html.Div(open_faults(port), id=OPEN)]
    return html.Div([page_head(_("Sets"), lead), fields, *shown, *desk])


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register the search."""

    @callbacks.add(
        Output(CONTENT, "children"),
        Input(URL, "search"),
        permission=Permission.DEVICES_READ,
        prevent_initial_call=True,
    )
    def show(search: str) -> list[Component]:
        return content(port, query_of(search))

    @callbacks.add(
        Output(URL, "search", allow_duplicate=True),
        Input(FIND, "n_clicks"),
        Input(SET, "n_submit"),
        Input(CYCLE, "n_submit"),
        Input(INSTRUMENT, "n_submit"),
        State(SET, "value"),
        State(CYCLE, "value"),
        State(INSTRUMENT, "value"),
        State(URL, "search"),
        permission=Permission.DEVICES_READ,
        prevent_initial_call=True,
    )
    def find(_clicks: int, _set: Any, _cycle: Any, _instrument: Any, *given: str | None) -> str:
        name, cycle, instrument = ((text or "").strip() or None for text in given[:3])
        return search_with(given[3], set=name, cycle=cycle, instrument=instrument)

    register_assembling(callbacks, port)
    register_faults(callbacks, port)


PAGE = Page(
    path="/sets",
    title=mark("Sets"),
    permission=Permission.DEVICES_READ,
    layout=layout,
    register=register,
    position=23,
    section=mark("Sterile supply"),
    icon="reprocessing",
)

"""Doors.

Opened by the administrator of the house and by who answers for a pharmacy or a store, to see which professions may
enter which zone and who was refused; a system administrator sets and ends rules. From a breach one goes to its alarm.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from dash_app.actions import doors as actions
from dash_app.pages.filters import follow
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import empty, page_head, panel, shape, since
from dash_app.pages.tables import Cell, table
from dash_app.queries import doors
from dash_app.queries.names import place_name
from dash_app.queries.port import HospitalPort
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from twin.access import Permission
from twin.errors import InputError
from twin.events.watch import AlarmPriority

CONTENT = "doors-content"
ZONE, ROLES, DEPARTMENTS, SET = "doors-zone", "doors-roles", "doors-departments", "doors-set"
HELD, END, RESULT = "doors-held", "doors-end", "doors-result"
OUTCOMES: Mapping[str, str] = {
    "granted": mark("Let in"),
    "refused": mark("Stayed shut"),
    "forced": mark("Forced open"),
}
PROFESSIONS: Mapping[str, str] = {
    "nurse": mark("Nurse"),
    "doctor": mark("Doctor"),
    "surgeon": mark("Surgeon"),
    "porter": mark("Porter"),
    "cleaner": mark("Cleaner"),
    "biomed": mark("Biomedical engineer"),
    "logistics": mark("Logistics"),
    "pharmacist": mark("Pharmacist"),
}
FINDINGS: Mapping[str, str] = {
    "": mark("by the rules"),
    "unknown_badge": mark("nobody has this badge"),
    "role": mark("profession may not enter"),
    "department": mark("other department"),
    "forced": mark("door forced"),
}


def role_name(role: str) -> str:
    """Give the name of a profession; its code if it is one of the house's own."""
    return _(PROFESSIONS[role]) if role in PROFESSIONS else role


def _rules(port: HospitalPort) -> Component:
    state, chinese = port.state(), wants_chinese()
    found, title = doors.matrix(port), _("Who may enter")
    if not found.rules:
        return empty(
            _("No zone has a rule: every door is open to everybody"),
            _("Set a rule below, or send it to /v1/access-rules."),
        )
    rows: list[list[Cell]] = [
        [
            place_name(state, rule.place, chinese=chinese),
            *(_cell(role in rule.roles) for role in found.roles),
            ", ".join(rule.departments) or _("all"),
        ]
        for rule in found.rules
    ]
    headings = [_("Zone"), *(role_name(role) for role in found.roles), _("Departments")]
    return panel(title, table(title, headings, rows), wide=True)


def _cell(may_enter: bool) -> Cell:
    # A word for screen readers beside the sign; what is forbidden is the normal case and stays quiet.
    return html.Span(["✓ ", html.Span(_("may enter"), className="sr-only")]) if may_enter else "–"


def _refusals(port: HospitalPort) -> Component:
    state, chinese, now = port.state(), wants_chinese(), port.clock.now()
    found, title = doors.doors_of(port).refused(), _("Last refusals and breaches")
    if not found:
        return panel(title, html.P(_("Nobody was refused, and no rule was broken.")), wide=True)
    rows: list[list[Cell]] = [
        [
            since(one.at, now),
            doors.label_of(state, one.staff),
            place_name(state, one.door, chinese=chinese),
            _(OUTCOMES[one.outcome.value]),
            _judged(str(one.finding)),
        ]
        for one in found
    ]
    headings = [_("When"), _("Who"), _("Door to"), _("Door"), _("Verdict")]
    return panel(title, table(title, headings, rows), wide=True)


def _judged(finding: str) -> Cell:
    told = _(FINDINGS.get(finding, finding))
    if not finding:
        return told
    return dcc.Link([shape(AlarmPriority.MEDIUM), told], href="/ui/alarms", className="status p2")


def content(port: HospitalPort) -> list[Component]:
    """Build the matrix of rules and the last refusals.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    """
    return [_rules(port), _refusals(port)]


def _held(port: HospitalPort) -> list[dict[str, str]]:
    state, chinese = port.state(), wants_chinese()
    rules = doors.doors_of(port).rules()
    return [{"value": rule.id, "label": place_name(state, rule.place, chinese=chinese)} for rule in rules]


def _desk(port: HospitalPort) -> Component:
    state, chinese = port.state(), wants_chinese()
    places = [
        {"value": key, "label": f"{key} · {place_name(state, key, chinese=chinese)}"} for key in sorted(state.places)
    ]
    roles = [{"value": role, "label": role_name(role)} for role in doors.matrix(port).roles]
    departments = [{"value": one, "label": one} for one in doors.departments_of(state)]
    controls = html.Div(
        className="filters",
        children=[
            dmc.Select(id=ZONE, label=_("Zone"), data=places, searchable=True, limit=50, w=280),
            dmc.MultiSelect(id=ROLES, label=_("Professions that may enter"), data=roles, searchable=True, w=280),
            dmc.MultiSelect(
                id=DEPARTMENTS, label=_("Only of departments (empty for all)"), data=departments, searchable=True, w=280
            ),
            html.Button(_("Set the rule"), id=SET, className="action primary", n_clicks=0),
            dmc.Select(id=HELD, label=_("Rule in force"), data=_held(port), searchable=True, w=280),
            html.Button(_("End the rule"), id=END, className="action", n_clicks=0),
            html.P(id=RESULT, role="status"),
        ],
    )
    return html.Div(panel(_("Set or end a rule"), controls, wide=True), className="below")


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    lead = _("Which professions may enter which zone, and who was refused. Opening doors stays with the door system.")
    parts: list[Component] = [page_head(_("Doors"), lead), html.Div(content(port), id=CONTENT)]
    if port.actor().may(Permission.ALARMS_CONFIGURE):
        parts.append(_desk(port))
    return html.Div(parts)


def put(port: HospitalPort, zone: str | None, roles: list[str] | None, departments: list[str] | None) -> str:
    """Set a rule; gives a sentence on it.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    zone : str or None
        Id of the place.
    roles, departments : list[str] or None
        Who may enter.
    """
    if not zone or not roles:
        raise InputError("Choose a zone and at least one profession first.", code="input.access_rule")
    actions.set_rule(port, zone, roles, departments or [])
    return _("The rule is in force.")


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register refresh, setting and ending of rules."""
    follow(callbacks, CONTENT, lambda _query: content(port), permission=Permission.ALARMS_READ)
    after = (
        Output(RESULT, "children", allow_duplicate=True),
        Output(CONTENT, "children", allow_duplicate=True),
        Output(HELD, "data", allow_duplicate=True),
        Output(HELD, "value", allow_duplicate=True),
    )
    common: dict[str, Any] = {"permission": Permission.ALARMS_CONFIGURE, "prevent_initial_call": True}
    fields = (State(one, "value") for one in (ZONE, ROLES, DEPARTMENTS))

    @callbacks.add(*after, Input(SET, "n_clicks"), *fields, **common)
    def set_rule(_clicks: int, zone: str | None, roles: list[str] | None, departments: list[str] | None) -> Any:
        return put(port, zone, roles, departments), content(port), _held(port), None

    @callbacks.add(*after, Input(END, "n_clicks"), State(HELD, "value"), **common)
    def end_rule(_clicks: int, rule: str | None) -> Any:
        if not rule:
            raise InputError("Choose a rule first.", code="input.access_rule")
        actions.end_rule(port, rule)
        return _("Ended: everybody may enter the zone again."), content(port), _held(port), None


PAGE = Page(
    path="/doors",
    title=mark("Doors"),
    permission=Permission.ALARMS_READ,
    layout=layout,
    register=register,
    position=72,
    section=mark("System"),
    icon="gateway",
)

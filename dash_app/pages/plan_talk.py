"""The part of the plan board in which a planner argues with a kept plan: why here, where else, and move by hand."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import ALL, Input, Output, State, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dash_app.actions import plans as actions
from dash_app.pages.address import URL, query_of, search_with
from dash_app.pages.fields import pressed
from dash_app.pages.guard import Callbacks
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import attributes
from dash_app.pages.tables import Cell, table
from dash_app.queries import plan_talk
from dash_app.queries.names import place_name
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.moments import number, plan_day
from scheduling.model.admissions import Stay
from scheduling.service.board import Alternative
from twin.access import Permission

PATIENT = "plan-talk-patient"
ANSWER = "plan-talk-answer"
MOVE = "plan-talk-move"


def asking(port: HospitalPort, plan: str, who: str = "") -> list[Component]:
    """Build the question: which patient, and the answer if one is chosen already.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    plan : str
        Id of the kept plan.
    who : str, optional
        Id of the patient who is talked about; one that the plan does not have is left out.
    """
    with port.read() as session:
        found = plan_talk.patients(session, plan)
    if not found:
        return []
    chosen = who if who in found else None
    return [
        html.H3(_("Argue with this plan")),
        html.Div(
            className="filters",
            children=[
                dmc.Select(
                    id=PATIENT,
                    label=_("Why is this patient here, and where else?"),
                    data=found,
                    value=chosen,
                    searchable=True,
                )
            ],
        ),
        html.Div(answering(port, plan, chosen) if chosen else [], id=ANSWER, role="status"),
    ]


def _what_breaks(one: Alternative) -> str:
    if one.is_allowed:
        return ""
    parts = []
    if one.crowding > 0:
        parts.append(_("{count} too many or mixed").format(count=one.crowding))
    if one.overtime_minutes > 0:
        parts.append(_("{count} min overtime").format(count=one.overtime_minutes))
    return ", ".join(parts)


def _row(port: HospitalPort, one: Alternative, start_at: int, *, may_edit: bool) -> list[Cell]:
    state, chinese = port.state(), wants_chinese()
    if one.stay is None:
        place: list[Cell] = [_("not admitted"), "", ""]
        slot = "-1||"
    else:
        theatre = place_name(state, one.stay.theatre, chinese=chinese) if one.stay.theatre else ""
        day = plan_day(start_at, one.stay.day)
        place = [day, place_name(state, one.stay.room, chinese=chinese), theatre]
        slot = f"{one.stay.day}|{one.stay.room}|{one.stay.theatre}"
    cost = _("now") if one.is_present else f"{'+' if one.cost > 0 else ''}{number(one.cost)}"
    buttons = []
    for kind, text in (("move", _("Move here")), ("pin", _("Move here, and pin"))):
        if not may_edit or one.is_present or (kind == "pin" and one.stay is None):
            continue
        label = _("{act}: {what}").format(act=text, what=f"{place[0]} {place[1]}")
        identity = {"type": MOVE, "kind": kind, "slot": slot}
        buttons.append(html.Button(text, id=identity, className="action", n_clicks=0, **attributes(aria_label=label)))
    return [*place, cost, _what_breaks(one), html.Div(buttons, className="filters") if buttons else ""]


def answering(port: HospitalPort, plan: str, patient: str) -> list[Component]:
    """Build the answer: cost by rule, then the ranked places.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    plan, patient : str
        Ids.
    """
    with port.read() as session:
        found = plan_talk.answer(session, plan, patient)
    costs = [f"{codes.code_text(codes.PLAN_RULES, rule)} {number(cost)}" for rule, cost in found.costs.items()]
    told = _("This place costs: {costs}").format(costs=", ".join(costs) if costs else _("nothing"))
    may_edit = port.actor().may(Permission.PLANS_EDIT)
    rows = [_row(port, one, found.start_at, may_edit=may_edit) for one in found.alternatives]
    headings = [_("Day"), _("Room"), _("Theatre"), _("Cost against now"), _("Would break"), _("By hand")]
    pinned = [html.P(_("Pinned: let go below to see other places."))] if found.is_pinned else []
    return [html.P(told), *pinned, table(_("Places for {patient}").format(patient=patient), headings, rows)]


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register the answer and the move by hand, which becomes a draft of its own."""

    @callbacks.add(
        Output(ANSWER, "children"),
        Input(PATIENT, "value"),
        State(URL, "search"),
        permission=Permission.PLANS_READ,
        prevent_initial_call=True,
    )
    def answer(patient: str | None, search: str) -> list[Component]:
        plan = query_of(search).get("plan", "")
        return answering(port, plan, patient) if patient and plan else []

    @callbacks.add(
        Output(URL, "search", allow_duplicate=True),
        Input({"type": MOVE, "kind": ALL, "slot": ALL}, "n_clicks"),
        State(PATIENT, "value"),
        State(URL, "search"),
        permission=Permission.PLANS_EDIT,
        prevent_initial_call=True,
    )
    def move(_clicks: list[int], patient: str | None, search: str) -> Any:
        plan = query_of(search).get("plan", "")
        if not patient or not plan:
            raise PreventUpdate
        button = pressed()
        day, room, theatre = str(button["slot"]).split("|")
        stay = None if day == "-1" else Stay(patient=patient, day=int(day), room=room, theatre=theatre)
        made = actions.move(port, plan, patient=patient, stay=stay, pins=button["kind"] == "pin")
        return search_with(search, plan=made, run=None, who=patient)

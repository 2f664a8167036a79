"""The part of the plan board in which a patient's bar is moved by keyboard or buttons, and two plans are compared."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import ALL, Input, Output, State, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dash_app.actions import plans as actions
from dash_app.charts import gantt
from dash_app.pages import plan_pins
from dash_app.pages.address import URL, query_of, search_with
from dash_app.pages.fields import pressed
from dash_app.pages.guard import Callbacks
from dash_app.pages.plan_talk import PATIENT
from dash_app.pages.reader import chart_config, palette, wants_chinese
from dash_app.pages.states import attributes
from dash_app.pages.tables import Cell, table
from dash_app.queries import plan_moving as queries
from dash_app.queries.names import place_name, staff_label
from dash_app.queries.plan_moving import Moved
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import local, number, plan_day
from scheduling.model.admissions import Stay
from scheduling.service.board import Consequence
from twin.access import Permission

MOVER, HELD, STEP, KEEP, CHART = "plan-mover", "plan-held", "plan-step", "plan-move-keep", "plan-chart"
OTHER, COMPARED = "plan-other", "plan-compared"
MOST_TOLD = 12
STEPS = {
    "earlier": (mark("← a day earlier"), "ArrowLeft"),
    "later": (mark("→ a day later"), "ArrowRight"),
    "up": (mark("↑ room above"), "ArrowUp"),
    "down": (mark("↓ room below"), "ArrowDown"),
    "theatre": (mark("T other theatre"), "t"),
    "away": (mark("Delete: back to the list"), "Delete"),
}


def comparing(port: HospitalPort, plan: str) -> list[Component]:
    """Build the choice of a plan to compare with; nothing if there is none of the same days.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    plan : str
        Id of the kept plan.
    """
    with port.read() as session:
        found = queries.comparable(session, plan)
    if not found:
        return []
    data = [
        {
            "value": one.id,
            "label": _("{draft} {title}, cost {cost}").format(
                draft=f"{one.number}.{one.draft}", title=one.title, cost=number(one.cost)
            ),
        }
        for one in found
    ]
    return [
        html.H3(_("Compare")),
        html.Div(dmc.Select(id=OTHER, label=_("With which plan"), data=data), className="filters"),
        html.Div(id=COMPARED, role="status"),
    ]


def moving(port: HospitalPort, plan: str, who: str = "") -> list[Component]:
    """Build the place in which a chosen patient's bar is moved, and the chart from which one is chosen.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    plan : str
        Id of the kept plan.
    who : str, optional
        Id of the patient who is chosen already.
    """
    shown, held = _taken(port, plan, who)
    return [dcc.Store(id=HELD, data=held), html.Div(shown, id=MOVER)]


def _taken(port: HospitalPort, plan: str, who: str) -> tuple[list[Component], dict[str, Any] | None]:
    """Give the chart with a patient in hand, or with nobody if the plan does not have them."""
    with port.read() as session:
        if who and who in queries.patients(session, plan):
            found = queries.moved(session, plan, who, queries.place_of(session, plan, who))
            return mover(port, plan, who, found), _held(found.stay)
        found = queries.as_kept(session, plan)
    hint = html.P(_("Choose a patient above, or press a bar."))
    return [html.H3(_("Who lies where")), hint, _chart(port, "", found)], None


def _where(port: HospitalPort, one: Consequence) -> str:
    state, chinese = port.state(), wants_chinese()
    places = (place_name(state, place, chinese=chinese) for place in (one.where.room, one.where.theatre) if place)
    staff = (staff_label(state, person) for person in (one.where.surgeon, one.where.nurse) if person)
    return " · ".join(part for part in (one.where.patient, *places, *staff) if part)


def consequence_table(port: HospitalPort, found: tuple[Consequence, ...], start_at: int) -> Component:
    """Build a table of what a change does to each rule, what gets worse first.

    Parameters
    ----------
    port : HospitalPort
        The hospital, for names.
    found : tuple[Consequence, ...]
        From the board.
    start_at : int
        Midnight before the plan's first day, UTC microseconds.
    """
    rows: list[list[Cell]] = [
        [
            codes.code_text(codes.PLAN_RULES, one.rule.value),
            _("must hold") if one.is_hard else _("should hold"),
            _where(port, one),
            plan_day(start_at, one.where.day) if one.where.day >= 0 else "",
            number(one.before),
            number(one.after),
        ]
        for one in found
    ]
    if not rows:
        return html.P(_("No rule is touched."))
    headings = [_("Rule"), _("Kind"), _("Where or who"), _("Day"), _("Before"), _("After")]
    return table(_("What it does"), headings, rows, most=MOST_TOLD)


def place_text(port: HospitalPort, stay: Stay | None, start_at: int) -> str:
    """Write where somebody is: day, room and theatre.

    Parameters
    ----------
    port : HospitalPort
        The hospital, for names.
    stay : Stay or None
        None for not admitted.
    start_at : int
        Midnight before the plan's first day, UTC microseconds.
    """
    if stay is None:
        return _("not admitted")
    state, chinese = port.state(), wants_chinese()
    parts = [plan_day(start_at, stay.day), place_name(state, stay.room, chinese=chinese)]
    if stay.theatre:
        parts.append(place_name(state, stay.theatre, chinese=chinese))
    return " · ".join(parts)


def _text(at: int) -> str:
    return local(at).strftime("%Y-%m-%d %H:%M:%S")


def _chart(port: HospitalPort, patient: str, found: Moved) -> Component:
    state, chinese = port.state(), wants_chinese()
    bars = [
        gantt.Bar(
            row=place_name(state, stay.place, chinese=chinese),
            label=f"▶ {stay.encounter}" if stay.encounter == patient else stay.encounter[-8:],
            start=_text(stay.start_at),
            end=_text(stay.end_at),
            duration_us=max(1, stay.end_at - stay.start_at),
            is_emphasised=stay.encounter == patient,
            key=stay.encounter,
        )
        for stay in sorted(found.stays, key=lambda one: (one.place, one.start_at))
    ]
    figure = gantt.figure(bars, palette(), now=_text(port.clock.now()))
    label = _("Who lies where; choosing a patient above says where in words")
    if patient:
        label = _("Rooms with {patient} marked; the text above says where").format(patient=patient)
    height = {"height": f"{figure['layout']['height']}px"}
    graph = dcc.Graph(id=CHART, figure=figure, config=chart_config(), style=height)
    return html.Div(graph, role="img", **attributes(aria_label=label))


def mover(port: HospitalPort, plan: str, patient: str, found: Moved) -> list[Component]:
    """Build the buttons that move or pin a patient's bar, and what the move would do.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    plan, patient : str
        Ids.
    found : Moved
        The plan as it would be.
    """
    buttons = [
        html.Button(
            _(text),
            id={"type": STEP, "step": step},
            className="action",
            n_clicks=0,
            **attributes(data_key=key),
        )
        for step, (text, key) in STEPS.items()
    ]
    parts: list[Component] = [
        html.H3(_("Move by keyboard")),
        html.P(_("Focus a button here; arrows, T and Delete move the bar, Enter on “Keep” makes a draft of it.")),
        html.P(place_text(port, found.stay, found.start_at), className="summary", role="status"),
        html.Div(buttons, className="filters"),
    ]
    if found.edited is not None:
        change = found.edited.cost_after - found.edited.cost_before
        told = _("Cost {change} against the kept plan").format(change=f"{'+' if change > 0 else ''}{number(change)}")
        keep = html.Button(_("Keep as a draft"), id=KEEP, className="action primary", n_clicks=0)
        parts += [html.P(told), consequence_table(port, found.edited.consequences, found.start_at), html.P(keep)]
    else:
        parts += plan_pins.pinning(port, plan, patient)
    return [html.Div([*parts, _chart(port, patient, found)], **attributes(data_arrow_keys="true"))]


def _held(stay: Stay | None) -> dict[str, Any] | None:
    return None if stay is None else {"day": stay.day, "room": stay.room, "theatre": stay.theatre}


def _stay(patient: str, held: dict[str, Any] | None) -> Stay | None:
    if held is None:
        return None
    return Stay(patient=patient, day=int(held["day"]), room=str(held["room"]), theatre=str(held["theatre"]))


def _compared(port: HospitalPort, plan: str, other: str) -> list[Component]:
    with port.read() as session:
        found, start_at = queries.compared(session, plan, other)
    rows: list[list[Cell]] = [
        [_("Cost"), number(found.cost), number(found.other_cost)],
        [_("Broken musts"), found.violations, found.other_violations],
        [_("Patients elsewhere"), "", len(found.moved)],
    ]
    moved: list[list[Cell]] = []
    for was, now in found.moved:
        who = was or now
        if who is not None:
            moved.append([who.patient, place_text(port, was, start_at), place_text(port, now, start_at)])
    parts: list[Component] = [
        table(_("Two plans"), [_("What"), _("This plan"), _("The other plan")], rows),
        html.H4(_("What differs by rule: before is this plan, after the other")),
        consequence_table(port, found.consequences, start_at),
    ]
    if moved:
        headings = [_("Patient"), _("This plan"), _("The other plan")]
        parts += [html.H4(_("Who is elsewhere")), table(_("Who is elsewhere"), headings, moved)]
    return parts


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register choosing by the chart, moving, keeping and comparing."""
    _register_comparing(callbacks, port)
    _register_choosing(callbacks)

    @callbacks.add(
        Output(MOVER, "children"),
        Output(HELD, "data"),
        Input(PATIENT, "value"),
        State(URL, "search"),
        permission=Permission.PLANS_EDIT,
        prevent_initial_call=True,
    )
    def take(patient: str | None, search: str) -> tuple[list[Component], dict[str, Any] | None]:
        plan = query_of(search).get("plan", "")
        return _taken(port, plan, patient or "") if plan else ([], None)

    @callbacks.add(
        Output(MOVER, "children", allow_duplicate=True),
        Output(HELD, "data", allow_duplicate=True),
        Input({"type": STEP, "step": ALL}, "n_clicks"),
        State(HELD, "data"),
        State(PATIENT, "value"),
        State(URL, "search"),
        permission=Permission.PLANS_EDIT,
        prevent_initial_call=True,
    )
    def step(_clicks: list[int], held: dict[str, Any] | None, patient: str | None, search: str) -> Any:
        plan = query_of(search).get("plan", "")
        if not patient or not plan:
            raise PreventUpdate
        with port.read() as session:
            found = queries.moved(session, plan, patient, _stay(patient, held), str(pressed()["step"]))
        return mover(port, plan, patient, found), _held(found.stay)

    @callbacks.add(
        Output(URL, "search", allow_duplicate=True),
        Input(KEEP, "n_clicks"),
        State(HELD, "data"),
        State(PATIENT, "value"),
        State(URL, "search"),
        permission=Permission.PLANS_EDIT,
        prevent_initial_call=True,
    )
    def keep(_clicks: int, held: dict[str, Any] | None, patient: str | None, search: str) -> str:
        plan = query_of(search).get("plan", "")
        if not patient or not plan:
            raise PreventUpdate
        made = actions.move(port, plan, patient=patient, stay=_stay(patient, held))
        return search_with(search, plan=made, run=None, who=patient)


def _register_choosing(callbacks: Callbacks) -> None:
    @callbacks.add(
        Output(PATIENT, "value"),
        Input(CHART, "clickData"),
        permission=Permission.PLANS_READ,
        prevent_initial_call=True,
    )
    def choose(pressed_at: dict[str, Any] | None) -> str:
        points = (pressed_at or {}).get("points") or [{}]
        patient = points[0].get("customdata")
        if not isinstance(patient, str) or not patient:
            raise PreventUpdate
        return patient


def _register_comparing(callbacks: Callbacks, port: HospitalPort) -> None:
    @callbacks.add(
        Output(COMPARED, "children"),
        Input(OTHER, "value"),
        State(URL, "search"),
        permission=Permission.PLANS_READ,
        prevent_initial_call=True,
    )
    def compare(other: str | None, search: str) -> list[Component]:
        plan = query_of(search).get("plan", "")
        return _compared(port, plan, other) if other and plan else []

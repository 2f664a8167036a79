"""The part of the roster page in which a planner decides about leave, swaps and offers, and offers open shifts."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import ALL, Input, Output, State, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dash_app.actions import shift_requests as actions
from dash_app.pages.address import TICK
from dash_app.pages.days import day_entry
from dash_app.pages.fields import needed, pressed
from dash_app.pages.guard import Callbacks
from dash_app.pages.leave import days
from dash_app.pages.reader import wants_chinese
from dash_app.pages.shift_requests import told_when, told_who
from dash_app.pages.states import attributes, panel, shape
from dash_app.pages.tables import Cell, table
from dash_app.queries import shift_requests as queries
from dash_app.queries.names import place_name, staff_label
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.moments import number, plan_day
from dash_app.texts.problems import problem_text
from scheduling.model.shift_requests import RequestStatus, ShiftRequest
from scheduling.service.roster_board import RosterConsequence
from scheduling.service.shift_decisions import Outlook, PlaceOutlook
from twin.access import Permission
from twin.events.watch import AlarmPriority

WAITING = "shift-waiting"
LOOK = "shift-look"
LOOKED = "shift-looked"
CHOSEN = "shift-chosen"
OVERRIDE = "shift-override"
ANSWER = "shift-answer"
DECIDE = "shift-decide"
OPEN_DAY = "shift-open-day"
OPEN_SHIFT = "shift-open-shift"
OPEN_SKILL = "shift-open-skill"
OPEN_PLACE = "shift-open-place"
OPEN = "shift-open"
MOST_TOLD = 12


def _line(port: HospitalPort, one: ShiftRequest) -> list[Cell]:
    what = told_when(one)
    label = _("Look at {who}: {what}").format(who=told_who(port, one), what=what)
    look = html.Button(
        _("Look"), id={"type": LOOK, "request": one.id}, className="action", n_clicks=0, **attributes(aria_label=label)
    )
    return [
        codes.code_text(codes.SHIFT_REQUEST_KINDS, one.kind.value),
        told_who(port, one),
        what,
        codes.code_text(codes.SHIFT_REQUEST_STATUSES, one.status.value),
        one.reason,
        look,
    ]


def waiting(port: HospitalPort) -> list[Component]:
    """Build what waits for a decision, and what can still be undone.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    """
    with port.read() as session:
        found = queries.waiting(session, port.clock.now())
    headings = [_("Request"), _("Who"), _("When"), _("Status"), _("Reason"), _("By hand")]
    rows = [_line(port, one) for one in [*found.open, *found.decided]]
    if not rows:
        return [html.P(_("Nobody asks for leave, a swap or a shift at present."))]
    return [table(_("Requests"), headings, rows)]


def _place_text(port: HospitalPort, place: str) -> str:
    return place_name(port.state(), place, chinese=wants_chinese()) if place else _("Hospital")


def _offering(port: HospitalPort) -> list[Component]:
    with port.read() as session:
        known = queries.all_in_force(session)
    if not known:
        return []
    # Of a ward this month's roster and the next one's can be in force.
    wards = dict.fromkeys(one.row.place for one in known)
    places = [{"value": place, "label": _place_text(port, place)} for place in wards]
    skills = sorted({skill for one in known for skill in one.problem.skills})
    shifts = list(dict.fromkeys(shift.id for one in known for shift in one.problem.shifts))
    return [
        html.H3(_("Offer a shift that nobody has")),
        html.Div(
            className="filters",
            children=[
                dmc.Select(
                    id=OPEN_PLACE, label=_("Roster"), data=places, value=known[0].row.place, allowDeselect=False
                ),
                day_entry(OPEN_DAY, _("Day")),
                dmc.Select(id=OPEN_SHIFT, label=_("Shift"), data=shifts),
                dmc.Select(id=OPEN_SKILL, label=_("Skill"), data=skills, clearable=True, disabled=not skills),
                html.Button(_("Offer"), id=OPEN, className="action", n_clicks=0),
            ],
        ),
    ]


def deciding(port: HospitalPort) -> list[Component]:
    """Build the planner's part; nothing for who may not publish.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    """
    actor = port.actor()
    if not (actor.may(Permission.PLANS_PUBLISH) and actor.may(Permission.PLANS_EDIT)):
        return []
    return [
        panel(
            _("Leave, swaps and offered shifts"),
            html.Div(waiting(port), id=WAITING),
            dcc.Store(id=CHOSEN, data=None),
            html.Div(id=LOOKED, role="status"),
            *_offering(port),
            wide=True,
        )
    ]


def consequence_rows(port: HospitalPort, found: tuple[RosterConsequence, ...], start_at: int) -> list[list[Cell]]:
    """Give a table's rows of what a change does to each rule.

    Parameters
    ----------
    port : HospitalPort
        The hospital, for names.
    found : tuple[RosterConsequence, ...]
        What gets worse first.
    start_at : int
        First midnight of the roster.
    """
    return [
        [
            codes.code_text(codes.PLAN_RULES, one.rule.value),
            _("must hold") if one.is_hard else _("should hold"),
            staff_label(port.state(), one.employee) if one.employee else "",
            plan_day(start_at, one.day) if one.day >= 0 else "",
            " ".join(part for part in (one.shift, one.skill) if part),
            number(one.before),
            number(one.after),
        ]
        for one in found
    ]


def consequences_table(port: HospitalPort, found: tuple[RosterConsequence, ...], start_at: int) -> list[Component]:
    """Build the table of what a change does, or say that it does nothing; parameters as :func:`consequence_rows`."""
    if not found:
        return [html.P(_("No rule is touched."))]
    headings = [_("Rule"), _("Kind"), _("Who"), _("Day"), _("Shift"), _("Before"), _("After")]
    return [table(_("What it does"), headings, consequence_rows(port, found, start_at), most=MOST_TOLD)]


def _outlook(port: HospitalPort, outlook: Outlook) -> list[Component]:
    parts: list[Component] = [
        html.P(
            [
                shape(AlarmPriority.MEDIUM),
                _("{days} days of leave of {year} are not there: granting them needs your reason.").format(
                    days=days(halves), year=year
                ),
            ],
            className="status p2",
        )
        for year, halves in outlook.missing.items()
    ]
    for place in outlook.places:
        if len(outlook.places) > 1:
            parts.append(html.H4(_place_text(port, place.place)))
        parts += _place_outlook(port, place)
    return parts


def _place_outlook(port: HospitalPort, place: PlaceOutlook) -> list[Component]:
    start_at, state = place.start_at, port.state()
    parts = consequences_table(port, place.choice.consequences, start_at)
    filled = [
        _("{who} would work {shift} on {day}").format(
            who=staff_label(state, one.employee), shift=one.shift, day=plan_day(start_at, one.day)
        )
        for one in place.filled
    ]
    gaps = [
        _("{shift} on {day} stays open").format(shift=one.shift, day=plan_day(start_at, one.day)) for one in place.gaps
    ]
    return [*parts, html.Ul([html.Li(text) for text in [*filled, *gaps]])] if filled or gaps else parts


def _decisions(request: ShiftRequest, outlook: Outlook | None) -> list[Component]:
    if request.status is RequestStatus.APPROVED:
        return [_decision("undo", _("Undo"))]
    worse = outlook.worse() if outlook is not None else []
    parts: list[Component] = [
        dmc.TextInput(
            id={"type": OVERRIDE, "rule": rule},
            label=_("Why “{rule}” may be broken").format(rule=codes.code_text(codes.PLAN_RULES, rule)),
            required=True,
        )
        for rule in worse
    ]
    parts.append(dmc.TextInput(id=ANSWER, label=_("Reason of a refusal")))
    if request.status is RequestStatus.AGREED and outlook is not None:
        parts.append(_decision("approve", _("Approve")))
        if any(place.filled for place in outlook.places):
            parts.append(_decision("fill", _("Approve, and colleagues work it")))
    parts.append(_decision("refuse", _("Refuse")))
    return parts


def _decision(kind: str, text: str) -> Component:
    return html.Button(text, id={"type": DECIDE, "kind": kind}, className="action", n_clicks=0)


def looked_at(port: HospitalPort, request: str) -> list[Component]:
    """Build what approval of a request would do, and the buttons.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    request : str
        Id.
    """
    with port.read() as session:
        found = queries.looked_at(session, request, fills=True)
    if found is None:
        return [html.P(_("It is not there any more. Load the page again."))]
    one, outlook = found.request, found.outlook
    head = _("{kind}: {who}, {when}").format(
        kind=codes.code_text(codes.SHIFT_REQUEST_KINDS, one.kind.value), who=told_who(port, one), when=told_when(one)
    )
    parts: list[Component] = [html.H3(head)]
    if found.problem is not None and one.status is not RequestStatus.APPROVED:
        text = problem_text(found.problem)
        parts.append(html.P([shape(AlarmPriority.MEDIUM), text], className="status p2"))
    elif outlook is not None and one.status is not RequestStatus.APPROVED:
        parts += _outlook(port, outlook)
    return [*parts, html.Div(_decisions(one, outlook), className="filters")]


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register looking, deciding and offering."""

    @callbacks.add(
        Output(WAITING, "children"), Input(TICK, "data"), permission=Permission.PLANS_PUBLISH, prevent_initial_call=True
    )
    def refresh(_tick: Any) -> list[Component]:
        return waiting(port)

    @callbacks.add(
        Output(LOOKED, "children"),
        Output(CHOSEN, "data"),
        Input({"type": LOOK, "request": ALL}, "n_clicks"),
        permission=Permission.PLANS_PUBLISH,
        prevent_initial_call=True,
    )
    def look(_clicks: list[int]) -> tuple[list[Component], str]:
        request = str(pressed()["request"])
        return looked_at(port, request), request

    @callbacks.add(
        Output(WAITING, "children", allow_duplicate=True),
        Output(LOOKED, "children", allow_duplicate=True),
        Input({"type": DECIDE, "kind": ALL}, "n_clicks"),
        State(CHOSEN, "data"),
        State({"type": OVERRIDE, "rule": ALL}, "value"),
        State({"type": OVERRIDE, "rule": ALL}, "id"),
        # The field is there only beside a request that can be refused.
        State(ANSWER, "value", allow_optional=True),
        permission=Permission.PLANS_PUBLISH,
        prevent_initial_call=True,
    )
    def decide(
        _clicks: list[int],
        request: str | None,
        whys: list[str | None],
        fields: list[dict[str, str]],
        answer: str | None,
    ) -> tuple[list[Component], list[Component]]:
        if not request:
            raise PreventUpdate
        reasons = {field["rule"]: why or "" for field, why in zip(fields, whys, strict=True)}
        _decide(port, str(pressed()["kind"]), request, reasons, answer or "")
        return waiting(port), []

    @callbacks.add(
        Output(WAITING, "children", allow_duplicate=True),
        Input(OPEN, "n_clicks"),
        State(OPEN_DAY, "value"),
        State(OPEN_SHIFT, "value"),
        State(OPEN_SKILL, "value"),
        State(OPEN_PLACE, "value"),
        permission=Permission.PLANS_EDIT,
        prevent_initial_call=True,
    )
    def offer(_clicks: int, day: str | None, shift: str | None, skill: str | None, place: str) -> list[Component]:
        shift = needed(shift, _("Shift"))
        actions.offer_open(port, day or "", port.settings.time_zone, shift=shift, skill=skill or "", place=place)
        return waiting(port)


def _decide(port: HospitalPort, kind: str, request: str, reasons: dict[str, str], answer: str) -> None:
    with port.read() as session:
        found = queries.looked_at(session, request, fills=False)
    if found is None:
        raise PreventUpdate
    version = found.request.version
    if kind == "refuse":
        actions.act(port, "refuse", request, version, reason=answer)
    elif kind == "undo":
        actions.decide(port, "undo", request, version, reasons=reasons, fills=False)
    else:
        actions.decide(port, "approve", request, version, reasons=reasons, fills=kind == "fill")

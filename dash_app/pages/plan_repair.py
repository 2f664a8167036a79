"""The part of the plan board for a sick call: who or what is not there, what a repair changes, and its keeping.

Nothing is kept before the planner has seen who would be elsewhere and what it costs.
"""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dash_app.actions import plans as actions
from dash_app.pages.address import URL, query_of, search_with
from dash_app.pages.fields import needed
from dash_app.pages.guard import Callbacks
from dash_app.pages.plan_moving import consequence_table, place_text
from dash_app.pages.reader import wants_chinese
from dash_app.pages.tables import Cell, table
from dash_app.queries import plan_repair as queries
from dash_app.queries.names import place_name, staff_label
from dash_app.queries.plan_repair import Absentees, Tried
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import number, plan_day, weekday_of_plan
from scheduling.service.repairing import Outage
from twin.access import Permission

WHO, FROM, TO, SHIFT = "plan-out-who", "plan-out-from", "plan-out-to", "plan-out-shift"
TRY, TRIED, OUT, KEEP = "plan-out-try", "plan-out-tried", "plan-out-held", "plan-out-keep"
KINDS = {"nurse": mark("Nurses"), "surgeon": mark("Surgeons"), "theatre": mark("Theatres")}
SHIFT_NAMES = {"early": mark("Early shift"), "late": mark("Late shift"), "night": mark("Night shift")}
MOST_HANDED = 40


def asking(port: HospitalPort, plan: str) -> list[Component]:
    """Build the question: who or what is not there, and when.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    plan : str
        Id of the kept plan.
    """
    with port.read() as session:
        found = queries.absentees(session, plan)
    days = [{"value": str(day), "label": weekday_of_plan(found.start_at, day)} for day in range(found.days)]
    shifts = [{"value": str(at), "label": _shift_name(name)} for at, name in enumerate(found.shift_types)]
    everything = [{"value": "-1", "label": _("Whole day")}]
    return [
        html.H3(_("Sick call")),
        html.P(_("Only what the absence hits is planned anew; look at what that changes before you keep it.")),
        html.Div(
            className="filters",
            children=[
                dmc.Select(id=WHO, label=_("Who or what is not there"), data=_choices(port, found), searchable=True),
                dmc.Select(id=FROM, label=_("From"), data=days, searchable=True),
                dmc.Select(id=TO, label=_("To"), data=days, searchable=True),
                dmc.Select(id=SHIFT, label=_("Shift, of a nurse"), data=[*everything, *shifts], value="-1"),
                html.Button(_("Look what a repair changes"), id=TRY, className="action", n_clicks=0),
            ],
        ),
        dcc.Store(id=OUT, data=None),
        html.Div(id=TRIED, role="status"),
    ]


def _shift_name(name: str) -> str:
    return codes.code_text(SHIFT_NAMES, name)


def _choices(port: HospitalPort, found: Absentees) -> list[dict[str, Any]]:
    """Give who and what can be missing, in groups; an empty group is left out."""
    state, chinese = port.state(), wants_chinese()
    named = {
        "nurse": [(one, staff_label(state, one)) for one in found.nurses],
        "surgeon": [(one, staff_label(state, one)) for one in found.surgeons],
        "theatre": [(one, place_name(state, one, chinese=chinese)) for one in found.theatres],
    }
    return [
        {
            "group": _(KINDS[kind]),
            "items": [
                {"value": f"{kind}|{key}", "label": label} for key, label in sorted(ones, key=lambda one: one[1])
            ],
        }
        for kind, ones in named.items()
        if ones
    ]


def _outage(held: dict[str, Any]) -> Outage:
    kind, _separator, key = str(held["who"]).partition("|")
    return Outage(
        nurse=key if kind == "nurse" else "",
        surgeon=key if kind == "surgeon" else "",
        theatre=key if kind == "theatre" else "",
        from_day=int(held["from"]),
        to_day=int(held["to"]),
        shift=int(held["shift"]) if kind == "nurse" else -1,
    )


def trial(port: HospitalPort, found: Tried) -> list[Component]:
    """Build what a repair would change: cost, who would be elsewhere, who would look after which room.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    found : Tried
        The repair, which is not kept yet.
    """
    repaired = found.repaired
    if not repaired.n_changed:
        return [html.P(_("Nothing is planned with them in these days: nothing changes."))]
    edited = repaired.edited
    cost = _("Cost {before} before, {after} after; {broken} rules broken before, {then} after").format(
        before=number(edited.cost_before),
        after=number(edited.cost_after),
        broken=number(found.broken_before),
        then=number(found.broken_after),
    )
    share = _("{changed} of {cells} places of patients and nurses change ({share} %)").format(
        changed=number(repaired.n_changed),
        cells=number(repaired.n_cells),
        share=number(100 * repaired.changed_share, 1),
    )
    keep = html.Button(_("Keep the repair as a draft"), id=KEEP, className="action primary", n_clicks=0)
    return [
        html.P(cost, className="summary"),
        html.P(share),
        *_moved(port, found),
        *_handed(port, found),
        html.H4(_("What it does")),
        consequence_table(port, edited.consequences, found.start_at),
        html.P(keep),
    ]


def _moved(port: HospitalPort, found: Tried) -> list[Component]:
    rows: list[list[Cell]] = []
    for was, now in found.repaired.moved:
        who = was or now
        if who is not None:
            rows.append([who.patient, place_text(port, was, found.start_at), place_text(port, now, found.start_at)])
    if not rows:
        return []
    title = _("Patients who would be elsewhere")
    return [html.H4(title), table(title, [_("Patient"), _("Before"), _("After")], rows)]


def _handed(port: HospitalPort, found: Tried) -> list[Component]:
    state, chinese = port.state(), wants_chinese()
    rows: list[list[Cell]] = [
        [
            plan_day(found.start_at, one.day),
            _shift_name(found.shift_types[one.shift]),
            place_name(state, one.room, chinese=chinese),
            staff_label(state, one.before),
            staff_label(state, one.after),
        ]
        for one in found.repaired.handed_over
    ]
    if not rows:
        return []
    title = _("Rooms that another nurse would look after")
    headings = [_("Day"), _("Shift"), _("Room"), _("Before"), _("After")]
    return [html.H4(title), table(title, headings, rows, most=MOST_HANDED)]


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register looking at a repair, and keeping what was looked at."""

    @callbacks.add(
        Output(TRIED, "children"),
        Output(OUT, "data"),
        Input(TRY, "n_clicks"),
        State(WHO, "value"),
        State(FROM, "value"),
        State(TO, "value"),
        State(SHIFT, "value"),
        State(URL, "search"),
        permission=Permission.PLANS_EDIT,
        prevent_initial_call=True,
    )
    def look(clicks: int, *told: str | None) -> tuple[list[Component], dict[str, Any]]:
        who, first, last, shift, search = told
        plan = query_of(search).get("plan", "")
        if not clicks or not plan:
            raise PreventUpdate
        begins = needed(first, _("From"))
        chosen = needed(who, _("Who or what is not there"))
        held = {"who": chosen, "from": begins, "to": last or begins, "shift": shift or "-1"}
        with port.read() as session:
            found = queries.tried(session, plan, _outage(held))
        return trial(port, found), held

    @callbacks.add(
        Output(URL, "search", allow_duplicate=True),
        Input(KEEP, "n_clicks"),
        State(OUT, "data"),
        State(URL, "search"),
        permission=Permission.PLANS_EDIT,
        prevent_initial_call=True,
    )
    def keep(clicks: int, held: dict[str, Any] | None, search: str) -> str:
        plan = query_of(search).get("plan", "")
        if not clicks or not plan or not held:
            raise PreventUpdate
        return search_with(search, plan=actions.repair(port, plan, _outage(held)), run=None)

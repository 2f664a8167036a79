"""The part of the plan board in which a kept plan is played through futures, alone or against another plan."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dash_app.pages.address import URL, query_of
from dash_app.pages.guard import Callbacks
from dash_app.pages.reader import wants_chinese
from dash_app.pages.tables import Cell, table
from dash_app.queries import plan_futures
from dash_app.queries.names import place_name
from dash_app.queries.port import HospitalPort
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import moment, number, percent, plan_day
from scheduling.model.futures import Estimate, PlanRisk, RiskDifference
from scheduling.rules.chance import Futures
from scheduling.rules.spreads import Origin, Spread
from scheduling.service.futures import RiskCompared
from scheduling.service.talk import row_of
from twin.access import Permission

COUNT = "plan-futures-count"
OTHER = "plan-futures-other"
RUN = "plan-futures-run"
ANSWER = "plan-futures-answer"
MEASURES = {
    "called_off": mark("Patients called off"),
    "overtime_minutes": mark("Overtime of theatres, minutes"),
    "emergencies_elsewhere": mark("Emergencies without a bed"),
    "moved": mark("Patients in another room than planned"),
    "as_planned_share": mark("Chance that nobody is called off"),
}
SPREADS = {
    "operation_cv": mark("Spread of an operation's length over the planned one"),
    "no_show_share": mark("Patients who do not come"),
    "late_share": mark("Discharges a day late, and again of each further day"),
    "early_share": mark("Discharges a day early"),
    "emergency_operations_per_day": mark("Emergency operations a day"),
    "emergency_beds_per_day": mark("Emergencies a day who need a bed"),
    "emergency_minutes": mark("Length of an emergency's operation, minutes"),
    "emergency_stay_days": mark("Stay of an emergency, days"),
    "turnover_minutes": mark("Between two operations, minutes"),
    "overtime_limit_minutes": mark("Called off beyond, minutes after closing"),
}
ORIGINS = {
    Origin.USUAL: mark("usual elsewhere"),
    Origin.MIXED: mark("usual, moved by the few own cases"),
    Origin.OWN: mark("own log of half a year"),
    Origin.LIVE: mark("the twin, from who is there now"),
}
_SHOWN = 8
"""Theatres and patients in a table: those with the greatest risk; the HTTP route gives all."""


def asking(port: HospitalPort, plan: str) -> list[Component]:
    """Build the question: how many futures, and against which other plan.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    plan : str
        Id of a kept plan of admissions.
    """
    with port.read() as session:
        others = plan_futures.others(session, plan)
    data = [{"value": one.id, "label": f"{one.title or one.id} · {moment(one.created_at)}"} for one in others]
    return [
        html.H3(_("What may come otherwise")),
        html.P(_("Overruns, emergencies, late discharges and patients who stay away, from the hospital as it is now.")),
        html.Div(
            className="filters",
            children=[
                dmc.NumberInput(id=COUNT, label=_("Futures"), value=1000, min=2, max=10_000, hideControls=True),
                dmc.Select(id=OTHER, label=_("Against another plan of the same days"), data=data, clearable=True),
                html.Button(_("Play the futures"), id=RUN, className="action", n_clicks=0),
            ],
        ),
        dcc.Loading(html.Div(id=ANSWER, role="status")),
    ]


def _mean(one: Estimate, *, is_share: bool = False) -> str:
    if is_share:
        return f"{percent(one.mean)} ± {percent(one.half_width)}"
    return f"{number(one.mean, 1)} ± {number(one.half_width, 1)}"


def _totals(found: PlanRisk | RiskCompared) -> Component:
    first = found.first if isinstance(found, RiskCompared) else found
    apart = {one.measure: one for one in found.differences} if isinstance(found, RiskCompared) else {}
    rows: list[list[Cell]] = []
    for name, text in MEASURES.items():
        is_share = name.endswith("_share")
        row: list[Cell] = [_(text), _mean(getattr(first.totals, name), is_share=is_share)]
        if isinstance(found, RiskCompared):
            row += [_mean(getattr(found.second.totals, name), is_share=is_share), *_verdict(apart[name], is_share)]
        rows.append(row)
    headings = [_("Measure"), _("This plan")]
    if apart:
        headings += [_("The other plan"), _("Other minus this"), _("Verdict")]
    return table(_("Risk of the plan"), headings, rows)


def _verdict(one: RiskDifference, is_share: bool) -> list[Cell]:
    if not one.is_distinguishable:
        return [_mean(one.difference, is_share=is_share), _("not distinguishable")]
    # Every measure but the chance that all goes as planned should be low.
    is_better = (one.difference.mean > 0) == is_share
    return [
        _mean(one.difference, is_share=is_share),
        _("the other plan is better") if is_better else _("this plan is better"),
    ]


def answering(port: HospitalPort, plan: str, other: str, count: int) -> list[Component]:
    """Build the answer: totals, then the theatres, days and patients most at risk.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    plan, other : str
        Ids; no other plan if empty.
    count : int
        Futures.
    """
    with port.read() as session:
        assumed = plan_futures.uncertainty_for(session, port.state().freeze(port.clock.now()), plan)
        uncertainty = assumed.uncertainty
        found = plan_futures.risk(session, plan, other, uncertainty=uncertainty, futures=Futures(count=count))
        start_at = row_of(session, plan).start_at
    risk = found.first if isinstance(found, RiskCompared) else found
    told = _("{count} futures; means with their 95 % intervals. A day brings {beds} emergencies who need a bed.")
    return [
        html.P(told.format(count=number(risk.futures), beds=number(uncertainty.emergency_beds_per_day, 1))),
        _totals(found),
        *_details(port, risk, start_at),
        _assumed(assumed.spreads),
    ]


def _assumed(spreads: tuple[Spread, ...]) -> Component:
    """Build the table of what was assumed, and where each figure comes from."""
    rows: list[list[Cell]] = []
    for one in spreads:
        is_share, decimals = one.name.endswith("_share"), 0 if one.name.endswith("_minutes") else 2
        value, low, high, usual = (
            percent(figure) if is_share else number(figure, decimals)
            for figure in (one.value, one.low, one.high, one.usual)
        )
        interval = f"{low} – {high}" if one.low < one.high else "–"
        rows.append([_(SPREADS[one.name]), value, interval, one.n or "–", usual, _(ORIGINS[one.origin])])
    headings = [_("Figure"), _("Used"), _("95 % interval"), _("Own cases"), _("Usual"), _("From")]
    title = _("What was assumed, and where it comes from")
    return html.Details([html.Summary(title), table(title, headings, rows)], className="as-table")


def _details(port: HospitalPort, risk: PlanRisk, start_at: int) -> list[Component]:
    state, chinese = port.state(), wants_chinese()

    def day_of(day: int) -> str:
        return plan_day(start_at, day)

    theatres: list[list[Cell]] = [
        [
            place_name(state, one.theatre, chinese=chinese),
            day_of(one.day),
            f"{one.planned_minutes} / {one.available_minutes}",
            _mean(one.overtime_share, is_share=True),
            _mean(one.overtime_minutes),
            number(one.overtime_p95_minutes),
        ]
        for one in risk.theatres[:_SHOWN]
    ]
    days: list[list[Cell]] = [
        [
            day_of(one.day),
            one.beds,
            _mean(one.occupied),
            number(one.occupied_p95),
            _mean(one.moved),
            _mean(one.without_bed),
        ]
        for one in risk.days
    ]
    patients: list[list[Cell]] = [
        [
            one.patient,
            day_of(one.day),
            place_name(state, one.room, chinese=chinese),
            _mean(one.no_bed_share, is_share=True),
            _mean(one.no_time_share, is_share=True),
        ]
        for one in risk.patients[:_SHOWN]
        # Eight patients with no risk at all would look like eight who are in danger.
        if one.no_bed_share.mean or one.no_time_share.mean
    ]
    overtime = [_("Theatre"), _("Day"), _("Planned of open, min"), _("Chance"), _("Overtime, min"), _("1 in 20 above")]
    beds = [_("Day"), _("Beds"), _("In use"), _("1 in 20 above"), _("In another room"), _("Without a bed")]
    people = [_("Patient"), _("Day"), _("Room"), _("No bed"), _("No operating time")]
    return [
        table(_("Theatres with most overtime"), overtime, theatres),
        table(_("Patients most likely called off"), people, patients)
        if patients
        else html.P(_("Nobody of the plan was called off in any of these futures.")),
        html.Details([html.Summary(_("Beds by day")), table(_("Beds by day"), beds, days)], className="as-table"),
    ]


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register the answer."""

    @callbacks.add(
        Output(ANSWER, "children"),
        Input(RUN, "n_clicks"),
        State(COUNT, "value"),
        State(OTHER, "value"),
        State(URL, "search"),
        permission=Permission.PLANS_READ,
        prevent_initial_call=True,
    )
    def answer(_clicks: int, count: Any, other: str | None, search: str) -> list[Component]:
        plan = query_of(search).get("plan", "")
        if not plan:
            raise PreventUpdate
        return answering(port, plan, other or "", int(count or 0))

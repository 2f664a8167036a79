"""Replacement studio.

Opened by the biomedical engineer and the administrator, to see which devices should be replaced in which year within a
budget, why each one, and why the others not. What speaks for each is counted by night. Settings stand in the address
line, so that a plan can be sent to others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from assets.service.replacement_counts import KeptCases, kept_cases
from assets.service.replacing import DeviceCase, StudioPlan, best_ratio
from dash_app.actions.replacing import recount
from dash_app.pages.address import URL, query_of, search_with
from dash_app.pages.device_life import money_text
from dash_app.pages.filters import detail_address, export_button, select
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.reliability import device_kinds
from dash_app.pages.replacement_rules import EOS, RULES, register_scenarios, rules_fields, scenario_desk
from dash_app.pages.states import empty, page_head, panel, since
from dash_app.pages.tables import Cell, Column, csv_text, table
from dash_app.queries import device_planning
from dash_app.queries.device_planning import StudioView
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes, device_words
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import number, percent
from dash_app.texts.problems import problem_text
from twin.access import Permission
from twin.errors import HospitalTwinError

CONTENT = "replacement-content"
PLAN = "replacement-plan"
EXPORT = "replacement-export"
RECOUNT = "replacement-count"
KIND = "replacement-kind"
NUMBERS = (("budget", 500_000), ("years", 5), ("risk", 30), ("models", 0), ("installs", 0))
SHOWN = 200


def _label(name: str) -> str:
    return {
        "budget": _("Budget a year"),
        "years": _("Years"),
        "risk": _("Worth of the score, % of the price"),
        "models": _("Most new models per kind, 0 for any"),
        "installs": _("Most installations a year, 0 for any"),
    }[name]


def _why(case: DeviceCase) -> str:
    parts = sorted(case.score.parts.items(), key=lambda part: -part[1])
    return ", ".join(
        f"{codes.code_text(device_words.SCORE_PARTS, name)} {percent(points)}" for name, points in parts if points > 0
    )


def _outcome(case: DeviceCase, view: StudioView | None) -> str:
    """Say in which year a device is replaced, or why it is not and how far it was from it."""
    if view is None:
        return "–"
    found = view.found
    year = found.plan.year_by_asset.get(case.asset)
    if year is not None:
        return _("year {number}").format(number=year + 1)
    if case.price <= 0:
        return _("nobody knows what a new one costs")
    reason = found.plan.reasons.get(case.asset, "")
    text = codes.code_text(device_words.LEFT_OUT, reason)
    if reason not in ("budget", "benefit"):
        return text
    # What the next unit of money would buy is the price of the budget: a device below it waits for more than money.
    return _("{reason}: it gains {ratio} by a unit of money; the best left out gains {price}").format(
        reason=text, ratio=number(best_ratio(case, view.studio), 2), price=number(found.plan.price, 2)
    )


def _cases(cases: Sequence[DeviceCase], found: StudioView | None, *, count: int) -> Component:
    rows: list[list[Cell]] = [
        [
            dcc.Link(case.name, href=detail_address("devices", case.asset)),
            case.model or "–",
            money_text(case.price),
            money_text(case.repair_cost),
            _("{count} in {years} years").format(count=case.failures, years=number(case.years, 1)),
            percent(case.score.score),
            _why(case) or "–",
            _outcome(case, found),
        ]
        for case in cases[:SHOWN]  # each names its reasons: costly for thousands
    ]
    headings = [
        _("Device"),
        _("Model"),
        _("Price of a new one"),
        _("Repairs in these years"),
        _("Failures"),
        _("Score"),
        _("Why"),
        _("Plan"),
    ]
    return table(_("Devices by score"), headings, rows, count=count)


def _years(found: StudioPlan, budget: int) -> Component:
    counts = [sum(y == year for y in found.plan.year_by_asset.values()) for year in range(len(found.plan.spent))]
    rows: list[list[Cell]] = [
        [year + 1, counts[year], money_text(spent), money_text(budget)] for year, spent in enumerate(found.plan.spent)
    ]
    return table(_("Years"), [_("Year"), _("Devices"), _("Spent"), _("Budget")], rows)


def content(port: HospitalPort, query: dict[str, str]) -> list[Component]:
    """Build the plan, or the scores alone: a plan takes seconds, and is made when somebody asks for one.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    query : dict[str, str]
        Settings of the studio.
    """
    try:
        with port.read() as session:
            view = device_planning.replacement(session, query=query) if query.get("budget") else None
            kept = view.kept if view else device_planning.scores(session, category=query.get("kind", ""), most=SHOWN)
    except HospitalTwinError as error:
        return [html.P(problem_text(error), role="alert")]
    if not kept.cases:
        return [_nothing(kept)]
    parts: list[Component] = [html.P(_plan_text(view), className="summary"), _counted(port, kept)]
    panels = [panel(_("Devices by score"), _cases(kept.cases, view, count=kept.count), wide=True)]
    if view is not None:
        panels.insert(0, panel(_("Years"), _years(view.found, view.studio.budgets[0]), wide=True))
        if unknown := len(view.found.without_price):
            note = _("Without a price, and so without a plan: {count}").format(count=unknown)
            parts.append(html.P(note, className="secondary"))
    return [*parts, html.Div(panels, className="panels")]


def _nothing(kept: KeptCases) -> Component:
    if kept.missing:
        return empty(
            _("The devices were not counted yet"),
            _("They are counted every night, and shortly after the first were registered. Press Count now."),
        )
    return empty(_("No device is registered"), _("Register devices with their price, or import them."))


def _plan_text(view: StudioView | None) -> str:
    if view is None:
        return _("Set a budget, then press Plan.")
    return _(
        "Replaced: {count} of {all} devices. At most {gap} better is possible. "
        "The ten highest scores stay {stable} the same when a weight changes by a fifth."
    ).format(
        count=len(view.found.plan.year_by_asset),
        all=len(view.found.cases),
        gap=percent(view.found.plan.gap),
        stable=percent(view.stability),
    )


def _counted(port: HospitalPort, kept: KeptCases) -> Component:
    """Say how old the figures are, and how many devices are not in them."""
    parts: list[Component | str] = [_("Counted:"), " ", since(kept.counted_at, port.clock.now())]
    if kept.missing:
        parts += [" · ", _("Registered since then, and not counted: {count}").format(count=number(kept.missing))]
    return html.P(parts, className="secondary")


def _settings(visit: Visit, port: HospitalPort) -> Component:
    fields: list[Component] = [
        dmc.NumberInput(
            id=f"replacement-{name}",
            label=_label(name),
            min=0,
            hideControls=True,
            w=210,
            value=int(text) if (text := visit.query.get(name, "")).isdigit() else default,
        )
        for name, default in NUMBERS
    ]
    button = html.Button(_("Plan"), id=PLAN, className="action primary", n_clicks=0)
    kind = select(KIND, _("Kind"), device_kinds(port), visit.query.get("kind", ""))
    return html.Div([html.Div([kind, *fields, button], className="filters"), rules_fields(visit)])


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    lead = _("Which devices to replace in which year within a budget, and why.")
    may_export = port.actor().may(Permission.EXPORT_RUN)
    actions: list[Component] = [html.Button(_("Count now"), id=RECOUNT, className="action", n_clicks=0)]
    actions += [export_button(EXPORT)] if may_export else []
    return html.Div(
        [
            page_head(_("Replacement"), lead, *actions),
            _settings(visit, port),
            dcc.Loading(html.Div(content(port, dict(visit.query)), id=CONTENT), delay_show=300),
            html.Div(scenario_desk(port), className="below"),
        ]
    )


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register planning and export."""

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
        Input(PLAN, "n_clicks"),
        State(KIND, "value"),
        *[State(f"replacement-{name}", "value") for name, _default in NUMBERS],
        *[State(f"replacement-{name}", "value") for name in RULES],
        State(EOS, "checked"),
        State(URL, "search"),
        permission=Permission.DEVICES_READ,
        prevent_initial_call=True,
    )
    def plan(_clicks: int, kind: str | None, *values: Any) -> Any:
        given = {name: str(int(value or 0)) for (name, _default), value in zip(NUMBERS, values, strict=False)}
        given |= dict(zip(RULES, values[len(NUMBERS) :], strict=False))
        return search_with(values[-1], kind=kind, eos="1" if values[-2] else None, **given)

    register_scenarios(callbacks, port)

    @callbacks.add(
        Output(CONTENT, "children", allow_duplicate=True),
        Input(RECOUNT, "n_clicks"),
        State(URL, "search"),
        permission=Permission.DEVICES_READ,
        prevent_initial_call=True,
        running=[(Output(RECOUNT, "disabled"), True, False)],
    )
    def count_now(_clicks: int, search: str) -> list[Component]:
        recount(port)
        return content(port, query_of(search))

    @callbacks.add(
        Output(f"{EXPORT}-download", "data"),
        Input(EXPORT, "n_clicks"),
        State(URL, "search"),
        permission=Permission.EXPORT_RUN,
        prevent_initial_call=True,
    )
    def export(_clicks: int, search: str) -> dict[str, Any]:
        return _exported(port, query_of(search))


def _exported(port: HospitalPort, query: dict[str, str]) -> dict[str, Any]:
    port.actor().require(Permission.DEVICES_READ)
    with port.read() as session:
        view = device_planning.replacement(session, query=query) if query.get("budget") else None
        kept = view.kept if view else kept_cases(session, category=query.get("kind", ""))
    columns = [
        Column(field="id", title=_("Device")),
        Column(field="name", title=_("Name")),
        Column(field="price", title=_("Price of a new one")),
        Column(field="score", title=_("Score")),
        Column(field="failures", title=_("Failures")),
        Column(field="plan", title=_("Plan")),
    ]
    rows = [
        {
            "id": case.asset,
            "name": case.name,
            "price": money_text(case.price),
            "score": percent(case.score.score),
            "failures": case.failures,
            "plan": _outcome(case, view),
        }
        for case in kept.cases
    ]
    return {"content": csv_text(columns, rows), "filename": "replacement.csv", "type": "text/csv"}


PAGE = Page(
    path="/replacement",
    title=mark("Replacement"),
    permission=Permission.DEVICES_READ,
    layout=layout,
    register=register,
    position=21,
    section=mark("Devices"),
    icon="plan",
)

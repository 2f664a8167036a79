"""Parts of the replacement studio: rules beyond the budget, and plans kept to be compared."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from assets.model.studio import Scenario
from dash_app.actions import scenarios as actions
from dash_app.pages.address import URL, query_of
from dash_app.pages.asking import asks_first
from dash_app.pages.device_life import money_text
from dash_app.pages.fields import needed
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Visit
from dash_app.pages.states import panel
from dash_app.pages.tables import Cell, table
from dash_app.queries import device_planning
from dash_app.queries.names import staff_label
from dash_app.queries.port import HospitalPort
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.moments import moment, number, percent
from twin.access import Permission
from twin.errors import InputError

RULES = ("force", "bundle", "cover")
EOS = "replacement-eos"
KEPT = "replacement-kept"
NAME = "replacement-name"
KEEP = "replacement-keep"
DROP = "replacement-drop"
SAID = "replacement-said"


def rules_fields(visit: Visit) -> Component:
    """Build the fields for what must be replaced, what belongs together and what each site gets."""
    labels = {
        "force": _("Must be replaced: device; year"),
        "bundle": _("Together or not at all: name; device, device"),
        "cover": _("At least so many: site; kind; number"),
    }
    held = {name: visit.query.get(name, "") for name in RULES}
    is_open = any(held.values()) or visit.query.get("eos") == "1"
    return html.Details(
        [
            html.Summary(_("More rules, one a line")),
            html.Div(
                [
                    *(
                        dmc.Textarea(
                            id=f"replacement-{name}",
                            label=labels[name],
                            value=held[name],
                            w=340,
                            autosize=True,
                            minRows=2,
                        )
                        for name in RULES
                    ),
                    dmc.Checkbox(
                        id=EOS,
                        label=_("Replace what loses its support, in that year"),
                        checked=visit.query.get("eos") == "1",
                        mt="xl",
                    ),
                ],
                className="filters",
            ),
        ],
        open=is_open,
    )


def _row(port: HospitalPort, one: Scenario) -> list[Cell]:
    address = urlencode({k: v for k, v in device_planning.query_of_studio(one.studio).items() if v})
    gap = (one.bound - one.benefit) / one.bound if one.bound > 0 else 0.0
    rules = len(one.studio.forced) + len(one.studio.bundles) + len(one.studio.coverage)
    return [
        dcc.Link(one.name, href=f"/ui/replacement?{address}"),
        len(one.studio.budgets),
        money_text(sum(one.studio.budgets)),
        money_text(sum(one.spent)),
        _("{replaced} of {all}").format(replaced=one.replaced, all=one.replaced + one.left_out),
        number(one.benefit / 100),
        percent(gap),
        rules + one.studio.forces_end_of_support,
        _("{time}, {who}").format(time=moment(one.saved_at), who=staff_label(port.state(), one.saved_by)),
    ]


def scenario_table(port: HospitalPort) -> Component:
    """Lay the kept plans side by side."""
    with port.read() as session:
        found = device_planning.kept_scenarios(session)
    if not found:
        return html.P(_("No plan is kept yet. Plan first, then keep the plan under a name."))
    headings = [
        _("Plan"),
        _("Years"),
        _("Budget in all"),
        _("Spent in all"),
        _("Replaced"),
        _("Gain"),
        _("At most better by"),
        _("Rules"),
        _("Kept"),
    ]
    return table(_("Kept plans"), headings, [_row(port, one) for one in found])


def scenario_desk(port: HospitalPort) -> Component:
    """Build the list of kept plans with its form, for who may keep one."""
    parts: list[Component] = [html.Div(scenario_table(port), id=KEPT)]
    if port.actor().may(Permission.DEVICES_WRITE):
        parts += [
            html.Div(
                [
                    dmc.TextInput(id=NAME, label=_("Name of the plan"), w=280),
                    html.Button(_("Keep this plan"), id=KEEP, className="action primary", n_clicks=0),
                    asks_first(
                        html.Button(_("Drop the plan of this name"), id=DROP, className="action", n_clicks=0),
                        _("The kept plan and its figures are gone for good."),
                        NAME,
                    ),
                ],
                className="filters",
            ),
            html.P(id=SAID, role="status"),
        ]
    return panel(_("Kept plans"), *parts, wide=True)


def register_scenarios(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register keeping and dropping a plan."""
    outputs = (Output(SAID, "children", allow_duplicate=True), Output(KEPT, "children", allow_duplicate=True))
    common: dict[str, Any] = {"permission": Permission.DEVICES_WRITE, "prevent_initial_call": True}

    @callbacks.add(*outputs, Input(KEEP, "n_clicks"), State(NAME, "value"), State(URL, "search"), **common)
    def keep(_clicks: int, name: str | None, search: str) -> Any:
        query = query_of(search)
        if not (name or "").strip() or not query.get("budget"):
            raise InputError("Expected a name and a plan.", code="input.scenario")
        with port.read() as session:
            view = device_planning.replacement(session, query=query)
        actions.keep(port, name or "", view.studio, view.found)
        return _("Kept."), scenario_table(port)

    @callbacks.add(*outputs, Input(DROP, "n_clicks"), State(NAME, "value"), **common)
    def drop(_clicks: int, name: str | None) -> Any:
        actions.drop(port, needed(name, _("Name of the plan")).strip())
        return _("Dropped."), scenario_table(port)

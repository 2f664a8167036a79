"""Leave for a device to be outside: shown and given on its page; the alarm at the door stays silent meanwhile."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, html
from dash.development.base_component import Component

from dash_app.actions import device_records as actions
from dash_app.pages.address import URL
from dash_app.pages.days import instant_entry
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Visit
from dash_app.pages.states import panel
from dash_app.pages.tables import Cell, table
from dash_app.queries import device_records
from dash_app.queries.port import HospitalPort
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.moments import moment
from twin.access import Permission

LIST = "device-permits"
UNTIL = "device-permit-until"
REASON = "device-permit-reason"
GIVE = "device-permit-give"
END = "device-permit-end"
SAID = "device-permit-said"


def permit_list(port: HospitalPort, asset: str) -> Component:
    """Give the times in which a device may be outside, and whether that is now."""
    now = port.clock.now()
    with port.read() as session:
        found = device_records.permits(session, asset)
    if not found:
        return html.P(_("It must stay in the house: an alarm rings if it leaves."))
    rows: list[list[Cell]] = [
        [
            moment(permit.start_at),
            moment(permit.end_at) if permit.end_at else _("until taken back"),
            _("holds now") if permit.covers(now) else (_("still to come") if permit.start_at > now else _("over")),
        ]
        for permit in found
    ]
    return table(_("Leave to be outside"), [_("From"), _("To"), _("State")], rows)


def permit_desk(port: HospitalPort, asset: str) -> Component:
    """Build the panel with the permits and, for who may, the form that gives one."""
    parts: list[Component] = [html.Div(permit_list(port, asset), id=LIST)]
    if port.actor().may(Permission.DEVICES_WRITE):
        parts += [
            html.Div(
                className="filters",
                children=[
                    instant_entry(UNTIL, _("Until; empty for until taken back")),
                    dmc.TextInput(id=REASON, label=_("Reason"), w=300),
                    html.Button(_("Let it leave"), id=GIVE, className="action primary", n_clicks=0),
                    html.Button(_("It must stay"), id=END, className="action", n_clicks=0),
                ],
            ),
            html.P(id=SAID, role="status"),
        ]
    return panel(_("Leave to be outside"), *parts, wide=True)


def register_permits(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register giving a permit and taking all of them back."""
    outputs = (
        Output(SAID, "children", allow_duplicate=True),
        Output(LIST, "children", allow_duplicate=True),
    )
    common: dict[str, Any] = {"permission": Permission.DEVICES_WRITE, "prevent_initial_call": True}

    @callbacks.add(
        *outputs,
        Input(GIVE, "n_clicks"),
        State(UNTIL, "value"),
        State(REASON, "value"),
        State(URL, "pathname"),
        **common,
    )
    def give(_clicks: int, until: str | None, reason: str | None, pathname: str) -> Any:
        asset = Visit.of(pathname).name
        actions.give_permit(port, asset=asset, until=until, reason=reason or "")
        return _("It may leave; the alarm at the door stays silent."), permit_list(port, asset)

    @callbacks.add(*outputs, Input(END, "n_clicks"), State(URL, "pathname"), **common)
    def end(_clicks: int, pathname: str) -> Any:
        asset = Visit.of(pathname).name
        actions.end_permits(port, asset)
        return _("It must stay: an alarm rings if it leaves."), permit_list(port, asset)

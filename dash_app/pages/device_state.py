"""Where a device stands in its life: said by a person with a reason, on its page."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, html
from dash.development.base_component import Component

from assets.model.regions import GONE
from dash_app.actions import devices as actions
from dash_app.pages.address import URL
from dash_app.pages.asking import asks_first
from dash_app.pages.fields import needed
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Visit
from dash_app.pages.states import panel
from dash_app.pages.tables import Cell, table
from dash_app.queries.device_life import Standing, standing_of
from dash_app.queries.names import staff_label
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes, device_words
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.moments import moment
from twin.access import Permission

LIST, NEXT, REASON = "device-state-list", "device-state-next", "device-state-reason"
SAY, SAID = "device-state-say", "device-state-said"


def _standing(port: HospitalPort, asset: str) -> Standing | None:
    with port.read() as session:
        return standing_of(session, asset)


def _text(state: str) -> str:
    return codes.code_text(device_words.OPERATIONAL, state)


def state_list(port: HospitalPort, asset: str) -> Component:
    """Give where a device stands and what people said of it, the latest first."""
    found = _standing(port, asset)
    if found is None:
        return html.P(_("It is not in the register."), className="secondary")
    now = html.P(_("It is {state}.").format(state=_text(found.state)))
    rows: list[list[Cell]] = [
        [moment(step.at), _text(step.before), _text(step.after), step.reason, staff_label(port.state(), step.actor)]
        for step in found.steps
    ]
    if not rows:
        return now
    headings = [_("When"), _("Before"), _("Since then"), _("Why"), _("Who")]
    return html.Div([now, table(_("Steps of its life"), headings, rows)])


def _next(port: HospitalPort, asset: str) -> list[dict[str, str]]:
    found = _standing(port, asset)
    return codes.choices(device_words.OPERATIONAL, list(found.following)) if found is not None else []


def state_desk(port: HospitalPort, asset: str) -> Component:
    """Build the panel with the steps and, for who may, the form that says the next one."""
    parts: list[Component] = [html.Div(state_list(port, asset), id=LIST)]
    if port.actor().may(Permission.DEVICES_WRITE):
        parts += [
            html.Div(
                className="filters",
                children=[
                    dmc.Select(
                        id=NEXT,
                        label=_("From now on"),
                        data=_next(port, asset),
                        w=240,
                        comboboxProps={"withinPortal": False},
                        nothingFoundMessage=_("Nothing found"),
                    ),
                    dmc.TextInput(id=REASON, label=_("Reason"), w=360),
                    asks_first(
                        html.Button(_("Say so"), id=SAY, className="action", n_clicks=0),
                        _("It leaves the fleet for good: no plan, search or work order counts with it any more."),
                        *(NEXT, REASON),
                        only_if=(NEXT, [_text(state.value) for state in GONE]),
                    ),
                ],
            ),
            html.P(id=SAID, role="status"),
        ]
    return panel(_("Where it stands"), *parts, wide=True)


def register_state(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register saying the next step."""

    @callbacks.add(
        Output(SAID, "children"),
        Output(LIST, "children"),
        Output(NEXT, "data"),
        Output(NEXT, "value"),
        Input(SAY, "n_clicks"),
        State(NEXT, "value"),
        State(REASON, "value"),
        State(URL, "pathname"),
        permission=Permission.DEVICES_WRITE,
        prevent_initial_call=True,
    )
    def say(_clicks: int, state: str | None, reason: str | None, pathname: str) -> Any:
        asset, wanted = Visit.of(pathname).name, needed(state, _("From now on"))
        actions.say_state(port, asset=asset, state=wanted, reason=needed(reason, _("Reason")))
        return _("Noted."), state_list(port, asset), _next(port, asset), None

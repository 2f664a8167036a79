"""The part of the bed board that changes a bed: clean or not, in service or not."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, html
from dash.development.base_component import Component

from dash_app.actions import house as actions
from dash_app.pages.address import URL, query_of
from dash_app.pages.fields import needed
from dash_app.pages.guard import Callbacks
from dash_app.pages.states import attributes, panel
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.moments import moment
from twin.access import Permission
from twin.events.patients import BedReadiness, BedService
from twin.state import views

READINESS, SERVICE, REASON = "bed-readiness", "bed-service", "bed-reason"
SAY, PUT, SAID = "bed-say", "bed-put", "bed-said"


def parts(port: HospitalPort, query: dict[str, str]) -> list[Component]:
    """Build the panel of the bed in the address line; nothing for who may not change it, or without a bed.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    query : dict[str, str]
        With ``bed``.
    """
    state, bed = port.state(), query.get("bed", "")
    if not bed or not views.is_bed(state, bed) or not port.actor().may(Permission.BEDS_WRITE):
        return []
    view = views.bed_view(state, bed)
    readiness = codes.choices(codes.BED_READINESS, codes.BED_READINESS)
    service = codes.choices(codes.BED_SERVICE, codes.BED_SERVICE)
    return [
        panel(
            _("Change this bed"),
            html.Div(
                [
                    dmc.Select(
                        id=READINESS,
                        label=_("Cleanliness"),
                        data=readiness,
                        value=view.readiness.value if view.readiness is not None else None,
                        allowDeselect=False,
                    ),
                    html.Button(_("Note it"), id=SAY, className="action", n_clicks=0),
                    dmc.Select(
                        id=SERVICE, label=_("Service"), data=service, value=view.service.value, allowDeselect=False
                    ),
                    dmc.TextInput(
                        id=REASON, label=_("Reason"), description=_("Needed to close or isolate it"), miw=280
                    ),
                    html.Button(_("Change the service"), id=PUT, className="action", n_clicks=0),
                ],
                className="filters",
            ),
            html.P(id=SAID, role="status", **attributes(aria_live="polite")),
            wide=True,
        )
    ]


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register both changes."""
    common: dict[str, Any] = {"permission": Permission.BEDS_WRITE, "prevent_initial_call": True}

    @callbacks.add(
        Output(SAID, "children"), Input(SAY, "n_clicks"), State(READINESS, "value"), State(URL, "search"), **common
    )
    def say(_clicks: int, readiness: str | None, search: str) -> str:
        actions.set_readiness(port, query_of(search).get("bed", ""), BedReadiness(needed(readiness, _("Cleanliness"))))
        return _noted(port)

    @callbacks.add(
        Output(SAID, "children", allow_duplicate=True),
        Output(REASON, "value"),
        Input(PUT, "n_clicks"),
        State(SERVICE, "value"),
        State(REASON, "value"),
        State(URL, "search"),
        **common,
    )
    def put(_clicks: int, service: str | None, reason: str | None, search: str) -> tuple[str, str]:
        actions.set_service(
            port, query_of(search).get("bed", ""), BedService(needed(service, _("Service"))), reason or ""
        )
        return _noted(port), ""


def _noted(port: HospitalPort) -> str:
    return _("Noted at {time}.").format(time=moment(port.clock.now()))

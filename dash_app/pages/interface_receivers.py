"""Interfaces: who is told where our tags are.

Opened by the system administrator, to let another system follow tags by messages of the HL7 guide or of IHE MEM-LS, and
to end that.
"""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, html
from dash.development.base_component import Component

from dash_app.actions import interfaces as actions
from dash_app.pages.guard import Callbacks
from dash_app.pages.states import panel
from dash_app.queries import interfaces
from dash_app.queries.port import HospitalPort
from dash_app.texts.catalogue import gettext as _
from twin.access import Permission
from twin.errors import InputError

KIND, ADDRESS, ENROLLED = "interfaces-kind", "interfaces-address", "interfaces-enrolled"
ADD, HELD, REMOVE, RESULT = "interfaces-add", "interfaces-held", "interfaces-remove", "interfaces-receivers-result"
EXAMPLE = "https://hie.example/rtls"  # an address is the same in every language


def _held(port: HospitalPort) -> list[dict[str, str]]:
    found = [one for one in interfaces.followers(port) if one.kind in interfaces.RECEIVERS]
    return [{"value": one.id, "label": f"{one.kind.upper()} · {one.wanted.endpoint}"} for one in found]


def desk(port: HospitalPort) -> Component:
    """Build the controls by which a receiver is named or taken away.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    """
    kinds = [
        {"value": "rtls", "label": _("FHIR messages of the RTLS guide, by HTTP")},
        {"value": "memls", "label": _("HL7 v2 of IHE MEM-LS, by MLLP")},
    ]
    controls = html.Div(
        className="filters",
        children=[
            dmc.Select(id=KIND, label=_("Standard"), data=kinds, value="rtls", w=320),
            dmc.TextInput(id=ADDRESS, label=_("Address"), placeholder=EXAMPLE, w=320),
            dmc.Checkbox(id=ENROLLED, label=_("Only tags that were enrolled"), checked=False),
            html.Button(_("Tell this system"), id=ADD, className="action primary", n_clicks=0),
            dmc.Select(id=HELD, label=_("Receiver"), data=_held(port), w=320),
            html.Button(_("Tell it no more"), id=REMOVE, className="action", n_clicks=0),
            html.P(id=RESULT, role="status"),
        ],
    )
    return html.Div(panel(_("Tell others where tags are"), controls, wide=True), className="below")


def add(port: HospitalPort, kind: str | None, address: str | None, *, only_enrolled: bool) -> str:
    """Name a receiver; gives a sentence on it.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    kind, address : str or None
        By which standard, and where to.
    only_enrolled : bool
        Whether only of tags that were enrolled.
    """
    if not kind or not address or not address.strip():
        raise InputError("Enter the address of the system first.", code="input.address")
    actions.add_receiver(port, kind, address.strip(), only_enrolled=only_enrolled)
    return _("It is told of every move from now on.")


def remove(port: HospitalPort, receiver: str | None) -> str:
    """Take a receiver away; parameters as :func:`add`."""
    if not receiver:
        raise InputError("Choose a receiver first.", code="input.receiver")
    actions.remove_receiver(port, receiver)
    return _("It is told nothing more.")


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register adding and removing."""
    after = (Output(RESULT, "children", allow_duplicate=True), Output(HELD, "data", allow_duplicate=True))
    common: dict[str, Any] = {"permission": Permission.INTERFACES_OPERATE, "prevent_initial_call": True}
    fields = (State(KIND, "value"), State(ADDRESS, "value"), State(ENROLLED, "checked"))

    @callbacks.add(*after, Input(ADD, "n_clicks"), *fields, **common)
    def put(_clicks: int, kind: str | None, address: str | None, only_enrolled: bool) -> Any:
        return add(port, kind, address, only_enrolled=bool(only_enrolled)), _held(port)

    @callbacks.add(*after, Input(REMOVE, "n_clicks"), State(HELD, "value"), **common)
    def end(_clicks: int, receiver: str | None) -> Any:
        return remove(port, receiver), _held(port)

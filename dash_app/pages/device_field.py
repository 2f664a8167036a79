"""The field in which a device is named: scanned, typed by id or control number, or found by its name while typing."""

from __future__ import annotations

import dash_mantine_components as dmc
from dash import Input, Output
from dash.development.base_component import Component

from dash_app.pages.guard import Callbacks
from dash_app.queries.port import HospitalPort
from dash_app.queries.search import device_label, devices_like
from dash_app.texts.catalogue import gettext as _
from twin.access import Permission


def device_field(
    port: HospitalPort, identifier: str, *, label: str = "", value: str = "", width: int = 320
) -> Component:
    """Give the field; what it holds is read by ``dash_app.actions.device_records.device_named``.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    identifier : str
        Component id; :func:`register_device_fields` lets it offer what fits.
    label : str, optional
        Translated; "Device: name, scan or number" unless told otherwise.
    value : str, optional
        Id of the device at first.
    width : int, optional
        Pixels.
    """
    entry: Component = dmc.Autocomplete(
        id=identifier,
        label=label or _("Device: name, scan or number"),
        value=device_label(port.state(), value) if value else "",
        data=[],
        limit=20,
        w=width,
        comboboxProps={"withinPortal": False, "transitionProps": {"duration": 0}},
    )
    return entry


def register_device_fields(callbacks: Callbacks, port: HospitalPort, *identifiers: str) -> None:
    """Let such fields offer the devices whose name or number has what was typed.

    Parameters
    ----------
    callbacks : Callbacks
        Where it is registered.
    port : HospitalPort
        The hospital.
    *identifiers : str
        Ids of the fields.
    """
    for identifier in identifiers:
        # Only what fits is sent: a house has tens of thousands of devices.
        @callbacks.add(
            Output(identifier, "data"),
            Input(identifier, "value"),
            permission=Permission.DEVICES_READ,
            prevent_initial_call=True,
        )
        def offer(text: str | None) -> list[str]:
            return devices_like(port.state(), text or "")

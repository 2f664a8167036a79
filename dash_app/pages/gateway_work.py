"""The working half of the gateways page: try and add a device, raw frames, settings."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dash_app.actions import gateways as actions
from dash_app.pages.gateway_walk import register as register_walk
from dash_app.pages.gateway_walk import walk_panel
from dash_app.pages.guard import Callbacks
from dash_app.pages.states import attributes, panel, since
from dash_app.pages.tables import Cell, table
from dash_app.queries import gateways
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.moments import number
from rfid_gateway.uplink.orders import OrderResult, Report
from twin.access import Permission

GATEWAY = "gateways-gateway"
KIND, NEW_ID, HOST, PORT = "gateways-kind", "gateways-id", "gateways-host", "gateways-port"
LINE, UNIT, ANTENNAS, TOPIC = "gateways-line", "gateways-unit", "gateways-antennas", "gateways-topic"
PLACE, TRY, ADD, TRIED = "gateways-place", "gateways-try", "gateways-add", "gateways-tried"
DEVICE, FRAMES, SHOW, SAVE, SAVED = (
    "gateways-device",
    "gateways-frames",
    "gateways-show",
    "gateways-save",
    "gateways-saved",
)
ROLL_BACK, VERSIONS = "gateways-roll-back", "gateways-versions"
NEW_KEY, KEY_TOLD = "gateways-new-key", "gateways-key-told"
_FIELDS = {
    "kind": KIND,
    "id": NEW_ID,
    "host": HOST,
    "port": PORT,
    "device": LINE,
    "unit": UNIT,
    "antennas": ANTENNAS,
    "topic": TOPIC,
    "place": PLACE,
}
_MS = 1000


def reports(port: HospitalPort) -> list[Component]:
    """Give a panel for each gateway that reports: its queue, and each device's figures."""
    desk = gateways.desk_of(port)
    return [_report(one, desk.clock.now(), port.clock.now()) for one in desk.reported()]


def _report(one: gateways.ReportedView, now: int, heard_now: int) -> Component:
    # The desk lives in real time; what devices say bears the hospital's, which a demo lets run faster.
    told = one.report
    headings = [
        _("Reader or machine"),
        _("Kind"),
        _("Status"),
        _("Last heard"),
        _("Readings"),
        _("Errors"),
        _("Clock offset (ms)"),
        _("Firmware"),
        _("Identity"),
    ]
    rows: list[list[Cell]] = [
        [
            device.device,
            device.kind,
            codes.code_text(codes.GATEWAY_STATUSES, device.status),
            since(device.last_heard_at, heard_now) if device.last_heard_at else _("never"),
            device.readings,
            device.errors,
            number(device.clock_offset_us / _MS, 0),
            device.firmware,
            device.identity,
        ]
        for device in told.devices
    ]
    return panel(
        _("Gateway {id}").format(id=told.gateway),
        html.P(_figures(told, one.readings_per_s)),
        html.P(
            [_("Settings version {version}, reported").format(version=told.settings_version), " ", since(one.at, now)],
            className="secondary",
        ),
        table(_("Devices of gateway {id}").format(id=told.gateway), headings, rows),
        wide=True,
    )


def _figures(told: Report, per_s: float) -> str:
    figures = _("{rate} readings/s, {waiting} rows wait, {sent} sent, {dropped} dropped, {refused} refused.")
    return figures.format(
        rate=number(per_s, 1),
        waiting=told.waiting_rows,
        sent=told.sent_rows,
        dropped=told.dropped_rows,
        refused=told.refused_rows,
    )


def working(port: HospitalPort) -> list[Component]:
    """Build the panels with which somebody works; nothing while no gateway reports."""
    found = [one.report for one in gateways.desk_of(port).reported()]
    if not found:
        return []
    may = port.actor().may(Permission.GATEWAYS_CONFIGURE)
    names = [one.gateway for one in found]
    devices = [f"{one.gateway}: {device.device}" for one in found for device in one.devices]
    places = [{"value": place, "label": place} for place in sorted(port.state().places)]
    return [
        _trying(names, places, may=may),
        _frames(devices),
        walk_panel(port, names, places, may=may),
        _settings(port, names[0], may=may),
    ]


def _trying(names: list[str], places: list[dict[str, str]], *, may: bool) -> Component:
    return panel(
        _("Try and add a reader or machine"),
        html.P(
            _("The gateway opens the line and tells what it hears within some seconds; nothing is written."),
            className="secondary",
        ),
        dmc.Select(id=GATEWAY, label=_("Gateway"), data=names, value=names[0], allowDeselect=False),
        dmc.Select(
            id=KIND,
            label=_("Kind of reader, or profile of machine"),
            data=actions.device_kinds(),
            value="llrp",
            searchable=True,
            allowDeselect=False,
        ),
        dmc.TextInput(id=NEW_ID, label=_("Its id")),
        dmc.TextInput(id=HOST, label=_("Network address"), value="127.0.0.1"),
        dmc.TextInput(id=PORT, label=_("Port (empty: the usual one)")),
        dmc.TextInput(id=LINE, label=_("Serial line, such as /dev/ttyUSB0")),
        dmc.TextInput(id=UNIT, label=_("Modbus unit")),
        dmc.TextInput(id=ANTENNAS, label=_("Antennas, such as 1,2")),
        dmc.TextInput(id=TOPIC, label=_("MQTT topic")),
        dmc.Select(id=PLACE, label=_("Place of its first antenna"), data=places, searchable=True, clearable=True),
        html.P(
            [
                html.Button(_("Test read"), id=TRY, className="action primary", n_clicks=0, disabled=not may),
                " ",
                html.Button(_("Add to the gateway"), id=ADD, className="action", n_clicks=0, disabled=not may),
            ]
        ),
        html.Div(id=TRIED, role="status"),
    )


def _frames(devices: list[str]) -> Component:
    return panel(
        _("Raw frames"),
        html.P(_("What went over the line last: UTC microseconds, direction, octets in hex."), className="secondary"),
        dmc.Select(
            id=DEVICE,
            label=_("Reader or machine"),
            data=devices,
            value=devices[0] if devices else None,
            searchable=True,
            allowDeselect=False,
        ),
        html.P(
            [
                html.Button(_("Show"), id=SHOW, className="action", n_clicks=0),
                " ",
                html.Button(_("Save as recording"), id=SAVE, className="action", n_clicks=0),
            ]
        ),
        html.Pre(id=FRAMES, className="frames", tabIndex=0, role="region", **attributes(aria_label=_("Raw frames"))),
        dcc.Download(id=SAVED),
    )


def _settings(port: HospitalPort, gateway: str, *, may: bool) -> Component:
    return panel(
        _("Settings"),
        html.Div(versions(port, gateway), id=VERSIONS),
        html.P(
            [
                html.Button(
                    _("Back to the settings before"), id=ROLL_BACK, className="action", n_clicks=0, disabled=not may
                ),
                " ",
                html.Button(_("Change the key"), id=NEW_KEY, className="action", n_clicks=0, disabled=not may),
            ]
        ),
        html.Div(id=KEY_TOLD, role="status"),
        wide=True,
    )


def versions(port: HospitalPort, gateway: str) -> Component:
    """Give the versions of a gateway's settings."""
    found = gateways.settings_of(port).versions(gateway)
    if not found:
        return html.P(_("This gateway works with its own file; the first device added here makes version 1."))
    now = port.clock.now()
    rows: list[list[Cell]] = [
        [
            row.version,
            codes.code_text(codes.SETTING_STAGES, row.stage),
            since(row.created_at, now),
            row.note,
            row.problem,
        ]
        for row in found
    ]
    return table(_("Versions"), [_("Version"), _("Stage"), _("Made"), _("Note"), _("Problem")], rows)


def _tried(result: OrderResult) -> list[Component]:
    head = _("Heard.") if result.is_done else _("Not heard: {code}").format(code=result.code)
    facts = [f"{name}: {text}" for name, text in result.facts.items() if text]
    return [html.P(html.Strong(head)), html.Ul([html.Li(line) for line in [*facts, *result.lines][:40]])]


def _told(values: tuple[Any, ...]) -> dict[str, str]:
    return {name: str(value).strip() for name, value in zip(_FIELDS, values, strict=True) if value not in (None, "")}


def _place_of_device(choice: str | None) -> tuple[str, str]:
    gateway, found, device = (choice or "").partition(": ")
    if not found:
        raise PreventUpdate
    return gateway, device


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register what the buttons do."""
    _register_trying(callbacks, port)
    _register_settings(callbacks, port)
    _register_frames(callbacks, port)
    register_walk(callbacks, port)


def _register_trying(callbacks: Callbacks, port: HospitalPort) -> None:
    fields = [State(identifier, "value") for identifier in _FIELDS.values()]

    @callbacks.add(
        Output(TRIED, "children"),
        Input(TRY, "n_clicks"),
        State(GATEWAY, "value"),
        *fields,
        permission=Permission.GATEWAYS_CONFIGURE,
        prevent_initial_call=True,
        running=[(Output(TRY, "disabled"), True, False)],
    )
    def try_device(_clicks: int, gateway: str, *values: Any) -> list[Component]:
        return _tried(actions.test_read(gateways.desk_of(port), gateway, _told(values), actor=port.actor()))

    @callbacks.add(
        Output(TRIED, "children", allow_duplicate=True),
        Output(VERSIONS, "children"),
        Input(ADD, "n_clicks"),
        State(GATEWAY, "value"),
        *fields,
        permission=Permission.GATEWAYS_CONFIGURE,
        prevent_initial_call=True,
    )
    def add_device(_clicks: int, gateway: str, *values: Any) -> tuple[Component, Component]:
        version = actions.add_device(gateways.settings_of(port), gateway, _told(values), actor=port.actor())
        text = _("Given to the gateway as version {version}; it goes back by itself if the line is lost.")
        return html.P(text.format(version=version)), versions(port, gateway)


def _register_settings(callbacks: Callbacks, port: HospitalPort) -> None:
    @callbacks.add(
        Output(VERSIONS, "children", allow_duplicate=True),
        Input(ROLL_BACK, "n_clicks"),
        State(GATEWAY, "value"),
        permission=Permission.GATEWAYS_CONFIGURE,
        prevent_initial_call=True,
    )
    def roll_back(_clicks: int, gateway: str) -> Component:
        actions.roll_back(gateways.settings_of(port), gateway, actor=port.actor())
        return versions(port, gateway)

    @callbacks.add(
        Output(KEY_TOLD, "children"),
        Input(NEW_KEY, "n_clicks"),
        State(GATEWAY, "value"),
        permission=Permission.GATEWAYS_CONFIGURE,
        prevent_initial_call=True,
        running=[(Output(NEW_KEY, "disabled"), True, False)],
    )
    def change_key(_clicks: int, gateway: str) -> Component:
        key = actions.change_key(gateways.settings_of(port), gateway, actor=port.actor())
        text = _("Gateway {gateway} has the new key {key}; the old one ends with its next report.")
        return html.P(text.format(gateway=gateway, key=key))


def _register_frames(callbacks: Callbacks, port: HospitalPort) -> None:
    @callbacks.add(
        Output(FRAMES, "children"),
        Input(SHOW, "n_clicks"),
        State(DEVICE, "value"),
        permission=Permission.GATEWAYS_READ,
        prevent_initial_call=True,
    )
    def show_frames(_clicks: int, choice: str | None) -> str:
        lines = actions.frames(gateways.desk_of(port), *_place_of_device(choice), actor=port.actor())
        return "\n".join(lines) or _("Nothing has gone over this line yet.")

    @callbacks.add(
        Output(SAVED, "data"),
        Input(SAVE, "n_clicks"),
        State(DEVICE, "value"),
        permission=Permission.GATEWAYS_READ,
        prevent_initial_call=True,
    )
    def save_frames(_clicks: int, choice: str | None) -> dict[str, str]:
        gateway, device = _place_of_device(choice)
        content = "\n".join(actions.frames(gateways.desk_of(port), gateway, device, actor=port.actor()))
        return {"filename": f"{device}.recording", "content": content + "\n"}

"""The working half of the gateways page: try and add a device, raw frames, settings."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dash_app.actions import gateways as actions
from dash_app.pages.fields import needed
from dash_app.pages.gateway_settings import CHANGED, settings_panel
from dash_app.pages.gateway_settings import register as register_settings
from dash_app.pages.gateway_walk import register as register_walk
from dash_app.pages.gateway_walk import walk_panel
from dash_app.pages.guard import Callbacks
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import attributes, panel, shape, since
from dash_app.pages.tables import Cell, table
from dash_app.queries import gateways
from dash_app.queries.names import place_name
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes, gateway_words
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.moments import number
from rfid_gateway.uplink.orders import OrderResult, Report
from twin.access import Permission
from twin.events.watch import AlarmPriority, GatewayStatus

GATEWAY = "gateways-gateway"
KIND, NEW_ID, HOST, PORT = "gateways-kind", "gateways-id", "gateways-host", "gateways-port"
LINE, UNIT, ANTENNAS, TOPIC = "gateways-line", "gateways-unit", "gateways-antennas", "gateways-topic"
PLACE, TRY, ADD, TRIED = "gateways-place", "gateways-try", "gateways-add", "gateways-tried"
TRYING = "gateways-trying"
READS_TID, ENCRYPTED = "gateways-reads-tid", "gateways-encrypted"
USER, PASSWORD = "gateways-user", "gateways-password"
FRAMING, BAUD, PARITY = "gateways-framing", "gateways-baud", "gateways-parity"
CONVERTER = "gateways-converter"
DEVICE, DEVICES_TIMER, FRAMES, SHOW, SAVE, SAVED = (
    "gateways-device",
    "gateways-devices-timer",
    "gateways-frames",
    "gateways-show",
    "gateways-save",
    "gateways-saved",
)
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
    "reads_tid": READS_TID,
    "is_encrypted": ENCRYPTED,
    "user": USER,
    "password": PASSWORD,
    "framing": FRAMING,
    "baud": BAUD,
    "parity": PARITY,
    "is_behind_converter": CONVERTER,
}
_FLAGS = frozenset({"reads_tid", "is_encrypted", "is_behind_converter"})
_BOXED = tuple(name for name in _FIELDS if name not in ("kind", "id"))
_FIRST_KIND = "llrp"
_HIDDEN, _SHOWN = {"display": "none"}, {"display": "block"}
_MS = 1000
_DEVICES_MS = 5000
_MOST_UNFOLDED = 12
"""A screen's worth of devices. With eighty the panels that somebody works with would lie ten screens below."""


def reports(port: HospitalPort) -> list[Component]:
    """Give a panel for each gateway that reports: its queue, and each device's figures."""
    desk = gateways.desk_of(port)
    return [_report(one, desk.clock.now(), port.clock.now()) for one in desk.reported()]


def folded(label: str, headings: list[str], rows: list[tuple[bool, list[Cell]]]) -> list[Component]:
    """Give a table of devices; of many, those that are in order are folded away, so that trouble is seen at once.

    Parameters
    ----------
    label : str
        Name of the table.
    headings : list[str]
        Of the columns.
    rows : list[tuple[bool, list[Cell]]]
        Whether a device is in order, and its cells.
    """
    if len(rows) <= _MOST_UNFOLDED:
        return [table(label, headings, [cells for _fine, cells in rows])]
    troubled = [cells for is_fine, cells in rows if not is_fine]
    fine = [cells for is_fine, cells in rows if is_fine]
    told = html.Summary(_("{count} are heard and in order").format(count=number(len(fine))))
    open_part = [table(label, headings, troubled)] if troubled else []
    return [*open_part, html.Details([told, table(_("{name}: in order").format(name=label), headings, fine)])]


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
        _("Delay (ms)"),
        _("Too late"),
        _("Firmware"),
        _("Identity"),
    ]
    rows: list[tuple[bool, list[Cell]]] = [
        (
            device.status == GatewayStatus.ONLINE,
            [
                device.device,
                device.kind,
                codes.code_text(gateway_words.GATEWAY_STATUSES, device.status),
                since(device.last_heard_at, heard_now) if device.last_heard_at else _("never"),
                device.readings,
                device.errors,
                number(device.clock_offset_us / _MS, 0),
                number(device.usual_delay_us / _MS, 0),
                device.late,
                device.firmware,
                device.identity,
            ],
        )
        for device in told.devices
    ]
    return panel(
        _("Gateway {id}").format(id=told.gateway),
        *_doubled(one),
        html.P(_figures(told, one.readings_per_s)),
        html.P(
            [_("Settings version {version}, reported").format(version=told.settings_version), " ", since(one.at, now)],
            className="secondary",
        ),
        *folded(_("Devices of gateway {id}").format(id=told.gateway), headings, rows),
        wide=True,
    )


def _doubled(one: gateways.ReportedView) -> list[Component]:
    if not one.is_doubled:
        return []
    text = _("Two gateways report under this name: give one of them another id and key, or switch it off.")
    return [html.P([shape(AlarmPriority.MEDIUM), " ", text], role="status")]


def _figures(told: Report, per_s: float) -> str:
    figures = _("{rate} readings/s, {waiting} rows wait, {sent} sent, {dropped} dropped, {refused} refused.")
    return figures.format(
        rate=number(per_s, 1),
        waiting=told.waiting_rows,
        sent=told.sent_rows,
        dropped=told.dropped_rows,
        refused=told.refused_rows,
    )


def reporting(port: HospitalPort) -> list[str]:
    """Give the ids of the gateways that report; none where this process has no desk."""
    if port.services.get("gateway_desk") is None:
        return []
    return [one.report.gateway for one in gateways.desk_of(port).reported()]


def working(port: HospitalPort) -> list[Component]:
    """Build the panels with which somebody works; nothing while no gateway reports."""
    found = [one.report for one in gateways.desk_of(port).reported()]
    if not found:
        return []
    may = port.actor().may(Permission.GATEWAYS_CONFIGURE)
    names = [one.gateway for one in found]
    state, chinese = port.state(), wants_chinese()
    # Plans name places by ids, people by names: either finds it.
    places = [
        {"value": place, "label": f"{place_name(state, place, chinese=chinese)} ({place})"}
        for place in sorted(state.places)
    ]
    return [
        _trying(names, places, may=may),
        _frames(_devices(port)),
        walk_panel(port, names, places, may=may),
        settings_panel(port, names, may=may),
    ]


def _devices(port: HospitalPort) -> list[str]:
    reported = [one.report for one in gateways.desk_of(port).reported()]
    return [f"{one.gateway}: {device.device}" for one in reported for device in one.devices]


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
            value=_FIRST_KIND,
            searchable=True,
            allowDeselect=False,
        ),
        dmc.TextInput(id=NEW_ID, label=_("Its id")),
        *_device_fields(places),
        html.P(
            [
                html.Button(_("Test read"), id=TRY, className="action primary", n_clicks=0, disabled=not may),
                " ",
                html.Button(_("Add to a draft"), id=ADD, className="action", n_clicks=0, disabled=not may),
            ]
        ),
        html.P(_("The gateway is asked; it answers within some seconds."), id=TRYING, style=_HIDDEN),
        html.Div(id=TRIED, role="status"),
    )


def _device_fields(places: list[dict[str, str]]) -> list[Component]:
    """Give the fields of all kinds; only those of the kind that is chosen are shown."""
    fields: dict[str, Component] = {
        "host": dmc.TextInput(id=HOST, label=_("Network address"), value="127.0.0.1"),
        "port": dmc.TextInput(id=PORT, label=_("Port (empty: the usual one)")),
        "is_encrypted": dmc.Checkbox(id=ENCRYPTED, label=_("It speaks TLS")),
        "user": dmc.TextInput(id=USER, label=_("User name at the device or broker")),
        "password": dmc.PasswordInput(id=PASSWORD, label=_("Password there")),
        "device": dmc.TextInput(id=LINE, label=_("Serial line, such as /dev/ttyUSB0")),
        "framing": dmc.Select(
            id=FRAMING,
            label=_("Frames on its line"),
            data=[{"value": "tcp", "label": _("Modbus TCP")}, {"value": "rtu", "label": _("Modbus RTU (serial)")}],
            value="tcp",
            allowDeselect=False,
        ),
        "baud": dmc.TextInput(id=BAUD, label=_("Baud rate (empty: 19200)")),
        "parity": dmc.Select(
            id=PARITY,
            label=_("Parity"),
            data=[
                {"value": "E", "label": _("even")},
                {"value": "O", "label": _("odd")},
                {"value": "N", "label": _("none")},
            ],
            value="E",
            allowDeselect=False,
        ),
        "is_behind_converter": dmc.Checkbox(
            id=CONVERTER, label=_("A converter from network to serial line is between")
        ),
        "unit": dmc.TextInput(id=UNIT, label=_("Modbus unit")),
        "antennas": dmc.TextInput(id=ANTENNAS, label=_("Antennas, such as 1,2")),
        "topic": dmc.TextInput(id=TOPIC, label=_("MQTT topic")),
        "reads_tid": dmc.Checkbox(id=READS_TID, label=_("Read the number of each tag's chip too (costs air time)")),
        "place": dmc.Select(
            id=PLACE, label=_("Place of its first antenna"), data=places, searchable=True, clearable=True
        ),
    }
    shown = actions.fields_of(_FIRST_KIND)
    return [
        html.Div(field, id=_box(name), style=_SHOWN if name in shown else _HIDDEN) for name, field in fields.items()
    ]


def _box(name: str) -> str:
    return f"{_FIELDS[name]}-box"


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
        dcc.Interval(id=DEVICES_TIMER, interval=_DEVICES_MS),
        html.Pre(id=FRAMES, className="frames", tabIndex=0, role="region", **attributes(aria_label=_("Raw frames"))),
        dcc.Download(id=SAVED),
    )


def tried(result: OrderResult) -> list[Component]:
    """Give what a test read came to: what was heard, or why not in words that say where to look.

    Parameters
    ----------
    result : OrderResult
        Of the gateway.
    """
    reason = codes.code_text(gateway_words.GATEWAY_DETAILS, result.code) if result.code else _("no reason was told")
    head = _("Heard.") if result.is_done else _("Not heard: {code}").format(code=reason)
    facts = [_fact(name, text) for name, text in result.facts.items() if text]
    # A line that works with an empty field looks like a broken one to who holds no tag before it.
    lines = result.lines or ([_("Nothing was read: hold a tag before it and try again.")] if result.is_done else [])
    told = [html.P(result.message)] if result.message else []
    return [html.P(html.Strong(head)), *told, html.Ul([html.Li(line) for line in [*facts, *lines][:40]])]


def _fact(name: str, text: str) -> str:
    told = codes.code_text(gateway_words.GATEWAY_STATUSES, text) if name == "status" else text
    return _("{name}: {text}").format(name=codes.code_text(gateway_words.TEST_FACTS, name), text=told)


def _told(values: tuple[Any, ...]) -> dict[str, str]:
    told = zip(_FIELDS, values, strict=True)
    return {name: str(value).strip() for name, value in told if value not in (None, "", False)}


def _place_of_device(choice: str | None) -> tuple[str, str]:
    gateway, _colon, device = needed(choice, _("Reader or machine")).partition(": ")
    return gateway, device


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register what the buttons do."""
    _register_trying(callbacks, port)
    _register_frames(callbacks, port)
    register_walk(callbacks, port)
    register_settings(callbacks, port)


def _register_trying(callbacks: Callbacks, port: HospitalPort) -> None:
    @callbacks.add(
        *(Output(_box(name), "style") for name in _BOXED),
        Input(KIND, "value"),
        permission=Permission.GATEWAYS_READ,
        prevent_initial_call=True,
    )
    def show_fields(kind: str) -> tuple[dict[str, str], ...]:
        shown = actions.fields_of(kind)
        return tuple(_SHOWN if name in shown else _HIDDEN for name in _BOXED)

    fields = [State(identifier, "checked" if name in _FLAGS else "value") for name, identifier in _FIELDS.items()]

    @callbacks.add(
        Output(TRIED, "children"),
        Input(TRY, "n_clicks"),
        State(GATEWAY, "value"),
        *fields,
        permission=Permission.GATEWAYS_CONFIGURE,
        prevent_initial_call=True,
        # What an earlier try told must not be taken for the answer of this one.
        running=[
            (Output(TRY, "disabled"), True, False),
            (Output(TRYING, "style"), _SHOWN, _HIDDEN),
            (Output(TRIED, "style"), _HIDDEN, _SHOWN),
        ],
    )
    def try_device(_clicks: int, gateway: str, *values: Any) -> list[Component]:
        return tried(actions.test_read(gateways.desk_of(port), gateway, _told(values), actor=port.actor()))

    @callbacks.add(
        Output(TRIED, "children", allow_duplicate=True),
        Output(CHANGED, "data", allow_duplicate=True),
        Input(ADD, "n_clicks"),
        State(GATEWAY, "value"),
        *fields,
        permission=Permission.GATEWAYS_CONFIGURE,
        prevent_initial_call=True,
    )
    def add_device(_clicks: int, gateway: str, *values: Any) -> tuple[Component, dict[str, Any]]:
        version = actions.add_device(gateways.settings_of(port), gateway, _told(values), actor=port.actor())
        text = _("In draft {version}: look below at what it changes, then give it to the gateway.")
        return html.P(text.format(version=version)), {"gateway": gateway, "version": version}


def _register_frames(callbacks: Callbacks, port: HospitalPort) -> None:
    @callbacks.add(
        Output(DEVICE, "data"),
        Input(DEVICES_TIMER, "n_intervals"),
        State(DEVICE, "data"),
        permission=Permission.GATEWAYS_READ,
        prevent_initial_call=True,
    )
    def follow_devices(_intervals: Any, known: list[str] | None) -> list[str]:
        # A reader that was just given to a gateway is the one whose frames somebody wants to see.
        found = _devices(port)
        if found == known:
            raise PreventUpdate
        return found

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

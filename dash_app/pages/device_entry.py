"""The register entry of a device, on its page: seen by everybody, corrected by who keeps the register."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from assets.model.register import Asset
from assets.rules.due_dates import local_day
from dash_app.actions import device_entry as actions
from dash_app.pages.address import URL
from dash_app.pages.days import day_entry
from dash_app.pages.device_field import device_field, register_device_fields
from dash_app.pages.fields import needed
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Visit
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import panel
from dash_app.queries import places
from dash_app.queries.device_life import entry_of
from dash_app.queries.names import place_name
from dash_app.queries.port import HospitalPort
from dash_app.texts.catalogue import gettext as _
from twin.access import Permission

SEEN = "entry-seen"
MAY_LEAVE = "entry-may_leave"
KEEP = "entry-keep"
SAID = "entry-said"
FIELDS = (*actions.TEXTS, *actions.DAYS, "cost", "criticality")


def _labels() -> dict[str, str]:
    return {
        "control_no": _("Control number"),
        "name": _("Name"),
        "manufacturer": _("Maker"),
        "model": _("Model"),
        "serial": _("Serial number"),
        "lot": _("Lot"),
        "firmware": _("Firmware"),
        "owner": _("Owner"),
        "cost_centre": _("Cost centre"),
        "home": _("Home"),
        "pool": _("Pool"),
        "parent": _("Part of the device"),
        "acquired_at": _("Bought on"),
        "commissioned_at": _("In service since"),
        "warranty_until": _("Warranty until"),
    }


def _day(at: int, zone: ZoneInfo, *, is_end: bool) -> str:
    # The end of a day is the first instant of the next one; shown is the day itself.
    day = local_day(at, zone) - timedelta(days=1) if is_end and at else local_day(at, zone)
    return day.isoformat() if at else ""


def _values(entry: Asset, zone: ZoneInfo) -> dict[str, str]:
    texts = {name: str(getattr(entry, name)) for name in actions.TEXTS}
    days = {name: _day(getattr(entry, name), zone, is_end=name == actions.LAST_DAY) for name in actions.DAYS}
    return texts | days


def _homes(port: HospitalPort, held: str) -> list[dict[str, str]]:
    """Give the places by name; also a home that the plan of the house does not hold yet, so that it stays."""
    state, chinese = port.state(), wants_chinese()
    found = {one.thing: place_name(state, one.thing, chinese=chinese) for one in places.places(state)}
    return [{"value": key, "label": label} for key, label in ({held: held} | found if held else found).items()]


def _control(port: HospitalPort, name: str, label: str, value: str) -> Component:
    identifier = f"entry-{name}"
    if name in actions.DAYS:
        return day_entry(identifier, label, value=value, width=240)
    if name == "parent":
        return device_field(port, identifier, label=label, value=value, width=240)
    control: Component
    if name == "home":
        control = dmc.Select(
            id=identifier,
            label=label,
            data=_homes(port, value),
            value=value or None,
            searchable=True,
            clearable=True,
            clearButtonProps={"aria-label": _("Empty the field")},
            nothingFoundMessage=_("Nothing found"),
            limit=50,
            w=240,
        )
    else:
        control = dmc.TextInput(id=identifier, label=label, value=value, w=240)
    return control


def entry_desk(port: HospitalPort, asset: str) -> list[Component]:
    """Build the form, filled with what the register holds; nothing for a device that it does not know."""
    if not port.actor().may(Permission.DEVICES_WRITE):
        return []
    with port.read() as session:
        found = entry_of(session, asset)
    if found is None:
        return []
    entry, version = found
    labels = _labels()
    values = _values(entry, ZoneInfo(port.settings.time_zone))
    fields = [_control(port, name, label, values[name]) for name, label in labels.items()]
    return [
        panel(
            _("Register entry"),
            html.P(_("Age, warranty and cost of the device rest on it.")),
            html.Div(
                className="filters",
                children=[
                    *fields,
                    dmc.NumberInput(
                        id="entry-cost",
                        label=_("Price paid"),
                        value=entry.cost / 100 if entry.cost else "",
                        min=0,
                        decimalScale=2,
                        hideControls=True,
                        w=160,
                    ),
                    dmc.NumberInput(
                        id="entry-criticality",
                        label=_("Criticality, 1 to 5"),
                        value=entry.criticality,
                        min=1,
                        max=5,
                        allowDecimal=False,
                        w=160,
                    ),
                    dmc.Checkbox(id=MAY_LEAVE, label=_("It may leave the house"), checked=entry.may_leave, mt="xl"),
                    html.Button(_("Keep the entry"), id=KEEP, className="action primary", n_clicks=0),
                ],
            ),
            html.P(id=SAID, role="status"),
            dcc.Store(id=SEEN, data=version),
            wide=True,
        )
    ]


def register_entry(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register keeping an entry."""
    register_device_fields(callbacks, port, "entry-parent")

    @callbacks.add(
        Output(SAID, "children"),
        Output(SEEN, "data"),
        Input(KEEP, "n_clicks"),
        *[State(f"entry-{field}", "value") for field in FIELDS],
        State(MAY_LEAVE, "checked"),
        State(SEEN, "data"),
        State(URL, "pathname"),
        permission=Permission.DEVICES_WRITE,
        prevent_initial_call=True,
    )
    def keep_entry(_clicks: int, *entered: Any) -> Any:
        told = dict(zip((*FIELDS, "may_leave"), entered[:-2], strict=True))
        for field in actions.NEEDED:
            needed(told[field], _labels()[field])
        version = actions.keep_entry(port, asset=Visit.of(entered[-1]).name, version=int(entered[-2]), entered=told)
        return _("Kept."), version

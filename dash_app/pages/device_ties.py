"""What hangs on what, on a device's page: its ties, whom its failure hits, and the form that keeps a tie."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from assets.model.register import Relation, RelationKind
from dash_app.actions import devices as actions
from dash_app.pages.address import URL
from dash_app.pages.device_field import device_field, register_device_fields
from dash_app.pages.fields import needed
from dash_app.pages.filters import detail_address
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Visit
from dash_app.pages.states import panel
from dash_app.pages.tables import Cell, table
from dash_app.queries.device_ties import Ties, ties_of
from dash_app.queries.names import asset_name
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes, device_words
from dash_app.texts.catalogue import gettext as _
from twin.access import Permission

LIST = "device-ties"
OTHER = "device-tie-other"
KIND = "device-tie-kind"
CHOSEN = "device-tie-chosen"
KEEP = "device-tie-keep"
DROP = "device-tie-drop"
SAID = "device-tie-said"
_SPLIT = "\t"


def _found(port: HospitalPort, asset: str) -> Ties:
    with port.read() as session:
        return ties_of(session, asset)


def _link(port: HospitalPort, asset: str) -> Component:
    return dcc.Link(asset_name(port.state(), asset), href=detail_address("devices", asset))


def tie_list(port: HospitalPort, asset: str) -> list[Component]:
    """Give the ties of a device, and each device that its failure hits with the way there."""
    found = _found(port, asset)
    if not found.relations:
        return [html.P(_("Nothing is said of what it hangs on, or what hangs on it."))]
    ties: list[list[Cell]] = [
        [_link(port, one.asset), codes.code_text(device_words.RELATIONS, one.kind.value), _link(port, one.other)]
        for one in found.relations
    ]
    hits: list[list[Cell]] = [
        [_link(port, hit), " → ".join(asset_name(port.state(), step) for step in chain)] for hit, chain in found.hits
    ]
    told = _("Devices that its failure hits: {count}").format(count=len(hits))
    parts: list[Component] = [table(_("Ties"), [_("Device"), _("How"), _("Other device")], ties), html.P(told)]
    return [*parts, table(told, [_("Device"), _("By way of")], hits)] if hits else parts


def _own(port: HospitalPort, asset: str) -> list[dict[str, str]]:
    """Give the ties that can be taken back here: its own ones."""
    return [
        {
            "value": f"{one.kind.value}{_SPLIT}{one.other}",
            "label": f"{codes.code_text(device_words.RELATIONS, one.kind.value)} {asset_name(port.state(), one.other)}",
        }
        for one in _found(port, asset).relations
        if one.asset == asset
    ]


def ties_desk(port: HospitalPort, asset: str) -> Component:
    """Build the panel with the ties and, for who may, the form that keeps and drops one."""
    parts: list[Component] = [html.Div(tie_list(port, asset), id=LIST)]
    if port.actor().may(Permission.DEVICES_WRITE):
        lists: dict[str, Any] = {"comboboxProps": {"withinPortal": False}}
        parts += [
            html.Div(
                className="filters",
                children=[
                    dmc.Select(
                        id=KIND,
                        label=_("How"),
                        data=codes.choices(device_words.RELATIONS, [kind.value for kind in RelationKind]),
                        value=RelationKind.PART_OF.value,
                        allowDeselect=False,
                        w=220,
                        **lists,
                    ),
                    device_field(port, OTHER, label=_("Other device"), width=260),
                    html.Button(_("Keep this tie"), id=KEEP, className="action primary", n_clicks=0),
                    dmc.Select(id=CHOSEN, label=_("Its ties"), data=_own(port, asset), w=320, **lists),
                    html.Button(_("Drop this tie"), id=DROP, className="action", n_clicks=0),
                ],
            ),
            html.P(id=SAID, role="status"),
        ]
    return panel(_("What hangs on what"), *parts, wide=True)


def register_ties(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register keeping and dropping a tie."""
    register_device_fields(callbacks, port, OTHER)
    outputs = (
        Output(SAID, "children", allow_duplicate=True),
        Output(LIST, "children", allow_duplicate=True),
        Output(CHOSEN, "data", allow_duplicate=True),
        Output(CHOSEN, "value", allow_duplicate=True),
    )
    common: dict[str, Any] = {"permission": Permission.DEVICES_WRITE, "prevent_initial_call": True}

    @callbacks.add(
        *outputs, Input(KEEP, "n_clicks"), State(KIND, "value"), State(OTHER, "value"), State(URL, "pathname"), **common
    )
    def keep_tie(_clicks: int, kind: str, other: str | None, pathname: str) -> Any:
        asset = Visit.of(pathname).name
        actions.keep_tie(port, asset=asset, kind=RelationKind(kind), other=needed(other, _("Other device")))
        return _("Kept."), tie_list(port, asset), _own(port, asset), None

    @callbacks.add(*outputs, Input(DROP, "n_clicks"), State(CHOSEN, "value"), State(URL, "pathname"), **common)
    def drop_tie(_clicks: int, chosen: str | None, pathname: str) -> Any:
        asset = Visit.of(pathname).name
        kind, _tab, other = needed(chosen, _("Its ties")).partition(_SPLIT)
        actions.drop_tie(port, Relation(asset=asset, kind=RelationKind(kind), other=other))
        return _("Dropped."), tie_list(port, asset), _own(port, asset), None

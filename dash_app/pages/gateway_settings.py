"""The settings of a gateway on its page: a draft is looked at before the gateway goes over to it, and can be undone.

Opened by who runs the gateways. They see what a draft would change against what the gateway works with, entry by entry,
give it to the gateway, watch whether it proves itself, and go back with one button.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from dash_app.actions import gateways as actions
from dash_app.pages.asking import asks_first
from dash_app.pages.guard import Callbacks
from dash_app.pages.states import panel, since
from dash_app.pages.tables import Cell, table
from dash_app.queries import gateways
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes, gateway_words
from dash_app.texts.catalogue import gettext as _
from twin.access import Permission

GATEWAY, VERSION, CHANGED = "gateways-set-gateway", "gateways-set-version", "gateways-set-changed"
VERSIONS, LOOKED, TOLD = "gateways-versions", "gateways-looked", "gateways-set-told"
STAGE, DISCARD, ROLL_BACK = "gateways-stage", "gateways-discard", "gateways-roll-back"
TAKE, NEW_KEY = "gateways-take", "gateways-new-key"
TEXT, NOTE, KEEP = "gateways-text", "gateways-note", "gateways-keep"
TICKING = "gateways-set-timer"
IDS = (
    GATEWAY,
    VERSION,
    CHANGED,
    VERSIONS,
    LOOKED,
    TOLD,
    STAGE,
    DISCARD,
    ROLL_BACK,
    TAKE,
    NEW_KEY,
    TEXT,
    NOTE,
    KEEP,
    TICKING,
)
_REFRESH_MS = 3000
"""A gateway tells within some seconds whether it works with the settings that it was given."""


def settings_panel(port: HospitalPort, names: Sequence[str], *, may: bool) -> Component:
    """Build the panel.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    names : Sequence[str]
        Ids of the gateways that report, at least one.
    may : bool
        Whether the visitor may change settings.
    """
    choices = _choices(gateways.settings_of(port).versions(names[0]))
    version = choices[0]["value"] if choices else None
    buttons = (
        (_("Give to the gateway"), STAGE, "action primary"),
        (_("Put the draft away"), DISCARD, "action"),
        (_("Back to the settings before"), ROLL_BACK, "action"),
        (_("Take over the building's read points"), TAKE, "action"),
        (_("Change the key"), NEW_KEY, "action"),
    )
    asked = {
        DISCARD: _("The draft is gone for good; the settings in force stay."),
        NEW_KEY: _("The gateway's present key ends now: it is refused until somebody gives it the new one."),
    }
    return panel(
        _("Settings"),
        dcc.Store(id=CHANGED),
        dcc.Interval(id=TICKING, interval=_REFRESH_MS),
        dmc.Select(
            id=GATEWAY,
            label=_("Gateway whose settings these are"),
            data=list(names),
            value=names[0],
            allowDeselect=False,
        ),
        html.Div(versions(port, names[0]), id=VERSIONS),
        dmc.Select(id=VERSION, label=_("Version to look at"), data=choices, value=version, allowDeselect=False),
        html.Div(_looked(port, names[0], version), id=LOOKED, role="status"),
        html.P(
            [
                part
                for text, identifier, look in buttons
                for part in (
                    _button(text, identifier, look, consequence=asked.get(identifier, ""), may=may),
                    " ",
                )
            ]
        ),
        html.Div(id=TOLD, role="status"),
        _editor(port, names[0], version, may=may),
        wide=True,
    )


def _button(text: str, identifier: str, look: str, *, consequence: str, may: bool) -> Component:
    button = html.Button(text, id=identifier, className=look, n_clicks=0, disabled=not may)
    return asks_first(button, consequence) if consequence else button


def _editor(port: HospitalPort, gateway: str, version: str | None, *, may: bool) -> Component:
    return html.Details(
        [
            html.Summary(_("Edit as text")),
            dmc.Textarea(
                id=TEXT,
                label=_("Settings (YAML) without id, uplink and spool, which are the gateway's own"),
                value=_text(port, gateway, version),
                autosize=True,
                minRows=6,
                maxRows=30,
                disabled=not may,
            ),
            dmc.TextInput(id=NOTE, label=_("Note for those who come later")),
            html.P(html.Button(_("Keep as a draft"), id=KEEP, className="action", n_clicks=0, disabled=not may)),
        ]
    )


def _choices(found: Sequence[gateways.VersionView]) -> list[dict[str, str]]:
    return [
        {
            "value": str(row.version),
            "label": f"{row.version} · {codes.code_text(gateway_words.SETTING_STAGES, row.stage)}"
            + (f" · {row.note}" if row.note else ""),
        }
        for row in found
    ]


def versions(port: HospitalPort, gateway: str) -> Component:
    """Give the versions of a gateway's settings."""
    found = gateways.settings_of(port).versions(gateway)
    if not found:
        return html.P(_("This gateway works with its own file; the first device added here makes version 1."))
    now = port.clock.now()
    rows: list[list[Cell]] = [
        [
            row.version,
            codes.code_text(gateway_words.SETTING_STAGES, row.stage),
            since(row.created_at, now),
            row.note,
            row.problem,
        ]
        for row in found
    ]
    return table(_("Versions"), [_("Version"), _("Stage"), _("Made"), _("Note"), _("Problem")], rows)


def _row_of(port: HospitalPort, gateway: str, version: str | None) -> gateways.VersionView | None:
    found = gateways.settings_of(port).versions(gateway)
    return next((row for row in found if str(row.version) == version), None)


def _text(port: HospitalPort, gateway: str, version: str | None) -> str:
    if not port.actor().may(Permission.GATEWAYS_CONFIGURE):
        return ""  # it may hold the readers' passwords
    row = _row_of(port, gateway, version)
    return row.text if row is not None else ""


def _looked(port: HospitalPort, gateway: str, version: str | None) -> list[Component]:
    """Give what a version would change."""
    row = _row_of(port, gateway, version)
    if row is None:
        return []
    if row.stage == "active":
        return [html.P(_("The gateway works with version {version}.").format(version=row.version))]
    told = gateways.settings_of(port).difference(gateway, row.version)
    if not told:
        return [
            html.P(_("Version {version} says the same as what the gateway works with.").format(version=row.version))
        ]
    rows: list[list[Cell]] = [
        [
            codes.code_text(gateway_words.SETTING_SECTIONS, one.section),
            one.entry,
            codes.code_text(gateway_words.SETTING_CHANGES, one.kind.value),
            one.field,
            one.before,
            one.after,
        ]
        for one in told
    ]
    headings = [_("Part"), _("Entry"), _("What happens"), _("Field"), _("Now"), _("Then")]
    return [table(_("What version {version} would change").format(version=row.version), headings, rows)]


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register what the panel does."""
    _register_looking(callbacks, port)
    _register_stages(callbacks, port)
    _register_drafting(callbacks, port)
    _register_key(callbacks, port)


def _register_looking(callbacks: Callbacks, port: HospitalPort) -> None:
    @callbacks.add(
        Output(VERSIONS, "children"),
        Output(VERSION, "data"),
        Output(VERSION, "value"),
        Output(GATEWAY, "value"),
        Input(GATEWAY, "value"),
        Input(CHANGED, "data"),
        Input(TICKING, "n_intervals"),
        State(VERSION, "value"),
        permission=Permission.GATEWAYS_READ,
        prevent_initial_call=True,
    )
    def refresh(gateway: str, changed: dict[str, Any] | None, _ticks: Any, version: str | None) -> tuple[Any, ...]:
        shown = (gateway, version)
        if ctx.triggered_id == CHANGED and changed:
            # Another panel may have made the draft for another gateway: that one is looked at now.
            gateway, version = str(changed["gateway"]), str(changed["version"])
        choices = _choices(gateways.settings_of(port).versions(gateway))
        if version not in {one["value"] for one in choices} or ctx.triggered_id == GATEWAY:
            version = choices[0]["value"] if choices else None
        # A value that is set anew sets off what hangs on it: the text that somebody edits must not be wiped every tick.
        told = [no_update if old == new else new for old, new in zip(shown, (gateway, version), strict=True)]
        return versions(port, gateway), choices, told[1], told[0]

    @callbacks.add(
        Output(LOOKED, "children"),
        Input(VERSION, "value"),
        Input(CHANGED, "data"),
        Input(TICKING, "n_intervals"),
        State(GATEWAY, "value"),
        permission=Permission.GATEWAYS_READ,
        prevent_initial_call=True,
    )
    def look(version: str | None, _changed: Any, _ticks: Any, gateway: str) -> list[Component]:
        return _looked(port, gateway, version)

    @callbacks.add(
        Output(TEXT, "value"),
        Input(VERSION, "value"),
        State(GATEWAY, "value"),
        permission=Permission.GATEWAYS_READ,
        prevent_initial_call=True,
    )
    def show_text(version: str | None, gateway: str) -> str:
        return _text(port, gateway, version)


def _changed(gateway: str, version: int) -> dict[str, Any]:
    return {"gateway": gateway, "version": version}


def _register_stages(callbacks: Callbacks, port: HospitalPort) -> None:
    @callbacks.add(
        Output(CHANGED, "data", allow_duplicate=True),
        Output(TOLD, "children", allow_duplicate=True),
        Input(STAGE, "n_clicks"),
        State(GATEWAY, "value"),
        State(VERSION, "value"),
        permission=Permission.GATEWAYS_CONFIGURE,
        prevent_initial_call=True,
    )
    def stage(_clicks: int, gateway: str, version: str | None) -> tuple[dict[str, Any], Component]:
        number = actions.stage(gateways.settings_of(port), gateway, version, actor=port.actor())
        text = _("Version {version} is given to the gateway; it goes back by itself if the line is lost.")
        return _changed(gateway, number), html.P(text.format(version=number))

    @callbacks.add(
        Output(CHANGED, "data", allow_duplicate=True),
        Output(TOLD, "children", allow_duplicate=True),
        Input(DISCARD, "n_clicks"),
        State(GATEWAY, "value"),
        State(VERSION, "value"),
        permission=Permission.GATEWAYS_CONFIGURE,
        prevent_initial_call=True,
    )
    def discard(_clicks: int, gateway: str, version: str | None) -> tuple[dict[str, Any], Component]:
        number = actions.discard(gateways.settings_of(port), gateway, version, actor=port.actor())
        return _changed(gateway, number), html.P(_("Draft {version} is put away.").format(version=number))

    @callbacks.add(
        Output(CHANGED, "data", allow_duplicate=True),
        Output(TOLD, "children", allow_duplicate=True),
        Input(ROLL_BACK, "n_clicks"),
        State(GATEWAY, "value"),
        permission=Permission.GATEWAYS_CONFIGURE,
        prevent_initial_call=True,
    )
    def roll_back(_clicks: int, gateway: str) -> tuple[dict[str, Any], Component]:
        number = actions.roll_back(gateways.settings_of(port), gateway, actor=port.actor())
        return _changed(gateway, number), html.P(_("Back to version {version}.").format(version=number))


def _register_drafting(callbacks: Callbacks, port: HospitalPort) -> None:
    @callbacks.add(
        Output(CHANGED, "data", allow_duplicate=True),
        Output(TOLD, "children", allow_duplicate=True),
        Input(TAKE, "n_clicks"),
        State(GATEWAY, "value"),
        permission=Permission.GATEWAYS_CONFIGURE,
        prevent_initial_call=True,
    )
    def take(_clicks: int, gateway: str) -> tuple[dict[str, Any], Component]:
        number = actions.take_read_points(gateways.settings_of(port), gateway, actor=port.actor())
        return _changed(gateway, number), html.P(_("Draft {version} is made: look at it above.").format(version=number))

    @callbacks.add(
        Output(CHANGED, "data", allow_duplicate=True),
        Output(TOLD, "children", allow_duplicate=True),
        Input(KEEP, "n_clicks"),
        State(GATEWAY, "value"),
        State(TEXT, "value"),
        State(NOTE, "value"),
        permission=Permission.GATEWAYS_CONFIGURE,
        prevent_initial_call=True,
    )
    def keep(_clicks: int, gateway: str, text: str | None, note: str | None) -> tuple[dict[str, Any], Component]:
        draft = actions.Written(text=text or "", note=note or "")
        number = actions.draft(gateways.settings_of(port), gateway, draft, actor=port.actor())
        return _changed(gateway, number), html.P(_("Draft {version} is made: look at it above.").format(version=number))


def _register_key(callbacks: Callbacks, port: HospitalPort) -> None:
    @callbacks.add(
        Output(TOLD, "children", allow_duplicate=True),
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

"""The part of the pathway page where pathways are kept by name, opened again, and taken out of the list."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from dash_app.actions import pathways as keeping
from dash_app.actions.pathways import SERVICE, PathwayLine
from dash_app.pages.fields import needed
from dash_app.pages.guard import Callbacks
from dash_app.pages.states import panel
from dash_app.pages.tables import Cell, table
from dash_app.queries.names import staff_label
from dash_app.queries.port import HospitalPort
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.moments import local, moment, number
from twin.access import Permission

CHOSEN, OPEN, WITHDRAW = "pathway-kept", "pathway-open", "pathway-withdraw"
NAME, NOTE, KEEP, SAID = "pathway-name", "pathway-note", "pathway-keep", "pathway-kept-said"
TO, VERSIONS = "pathway-kept-to", "pathway-kept-versions"


def kept_lines(port: HospitalPort) -> list[PathwayLine]:
    """Give the kept pathways, the newest first; none where nothing keeps them."""
    return list(keeping.desk_of(port.services).listed()) if SERVICE in port.services else []


def _options(lines: list[PathwayLine]) -> list[dict[str, str]]:
    text = _("{name}, version {version} of {day}")
    return [
        {
            "value": line.name,
            "label": text.format(name=line.name, version=line.version, day=f"{local(line.kept_at):%Y-%m-%d}"),
        }
        for line in lines
    ]


def version_of(text: str) -> int:
    """Give the version that an address names; 0, the newest, where it names none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def versions_shown(port: HospitalPort, name: str) -> list[Component]:
    """Give every version of a kept pathway with its address, the newest first; nothing for a name without any.

    Parameters
    ----------
    port : HospitalPort
        Where they are kept.
    name : str
        Of the pathway; empty for none.
    """
    if not name or SERVICE not in port.services:
        return []
    lines = keeping.desk_of(port.services).versions(name)
    if not lines:
        return []
    rows: list[list[Cell]] = [
        [
            # Not a link of Dash: only the query differs, and the page is built by its path.
            html.A(str(line.version), href=f"/ui/pathway?kept={quote(line.name)}&version={line.version}"),
            moment(line.kept_at),
            staff_label(port.state(), line.actor),
            line.note,
        ]
        for line in lines
    ]
    shown = table(_("Versions"), [_("Version"), _("Kept"), _("Who"), _("Note")], rows)
    return [html.Details([html.Summary(_("Versions")), shown], className="as-table")]


def kept_panel(port: HospitalPort, name: str) -> Component:
    """Give the fields that keep and open pathways.

    Parameters
    ----------
    port : HospitalPort
        Where they are kept.
    name : str
        Of the pathway that is shown; empty if it is not a kept one.
    """
    lines = kept_lines(port)
    may_keep = port.actor().may(Permission.SIMULATION_RUN) and SERVICE in port.services
    known = {line.name for line in lines}
    return panel(
        _("Kept pathways"),
        html.P(_("{count} kept on this server.").format(count=number(len(lines))), className="secondary"),
        dcc.Location(id=TO, refresh="callback-nav"),
        dmc.Select(
            id=CHOSEN,
            label=_("Pathway"),
            data=_options(lines),
            value=name if name in known else None,
            clearable=True,
            searchable=True,
        ),
        html.P(
            [
                html.Button(_("Open this one"), id=OPEN, className="action", n_clicks=0),
                " ",
                html.Button(
                    _("Take out of the list"), id=WITHDRAW, className="action", n_clicks=0, disabled=not may_keep
                ),
            ]
        ),
        dmc.TextInput(id=NAME, label=_("Keep what is shown as"), value=name),
        dmc.TextInput(id=NOTE, label=_("Note"), value=""),
        html.P(html.Button(_("Keep"), id=KEEP, className="action primary", n_clicks=0, disabled=not may_keep)),
        html.Div(id=SAID, role="status"),
        html.Div(versions_shown(port, name), id=VERSIONS),
    )


def register_kept(callbacks: Callbacks, port: HospitalPort, held: str, match: str) -> None:
    """Register keeping what is shown, opening a kept one and taking one out of the list.

    Parameters
    ----------
    callbacks : Callbacks
        Of the page.
    port : HospitalPort
        Where they are kept.
    held, match : str
        Ids of the stores of the document and of the report that belongs to it.
    """
    common: dict[str, Any] = {"permission": Permission.SIMULATION_RUN, "prevent_initial_call": True}

    @callbacks.add(
        Output(TO, "href"),
        Input(OPEN, "n_clicks"),
        State(CHOSEN, "value"),
        permission=Permission.SIMULATION_READ,
        prevent_initial_call=True,
    )
    def open_kept(_clicks: int, name: str | None) -> str:
        name = needed(name, _("Pathway"))
        return f"/ui/pathway?kept={quote(name)}"

    @callbacks.add(
        Output(SAID, "children"),
        Output(CHOSEN, "data"),
        Output(CHOSEN, "value"),
        Output(VERSIONS, "children"),
        Input(KEEP, "n_clicks"),
        State(NAME, "value"),
        State(NOTE, "value"),
        State(held, "data"),
        State(match, "data"),
        **common,
    )
    def keep(_clicks: int, name: str, note: str, document: dict[str, Any], report: Any) -> Any:
        line = keeping.keep(port, name or "", document, note or "", report)
        said = _("Kept as {name}, version {version}.").format(name=line.name, version=line.version)
        return html.P(said), _options(kept_lines(port)), line.name, versions_shown(port, line.name)

    @callbacks.add(
        Output(SAID, "children", allow_duplicate=True),
        Output(CHOSEN, "data", allow_duplicate=True),
        Output(CHOSEN, "value", allow_duplicate=True),
        Input(WITHDRAW, "n_clicks"),
        State(CHOSEN, "value"),
        **common,
    )
    def withdraw(_clicks: int, name: str | None) -> Any:
        name = needed(name, _("Pathway"))
        keeping.withdraw(port, name)
        said = _("{name} is out of the list; keeping the name again brings it back.").format(name=name)
        return html.P(said), _options(kept_lines(port)), None

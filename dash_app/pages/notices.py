"""Safety notices.

Opened by the biomedical engineer, to decide for each device that a notice names, or may name, what is done about it.
Each device is closed with its proof; the notice itself only when none is left.
"""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from assets.model.notices import MatchState
from dash_app.actions import devices as actions
from dash_app.pages.asking import asks_first
from dash_app.pages.fields import needed
from dash_app.pages.filters import detail_address, follow
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.states import empty, page_head, panel, shape
from dash_app.pages.tables import Cell, table
from dash_app.queries import device_planning
from dash_app.queries.names import asset_name
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes, device_words
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import moment
from twin.access import Permission
from twin.events.watch import AlarmPriority

CONTENT = "notices-content"
DEVICE = "notices-device"
OUTCOME = "notices-outcome"
PROOF = "notices-proof"
CLOSE = "notices-close"
DONE = "notices-done"
CLOSE_ALL = "notices-close-all"
_SPLIT = "\t"


def _lines(port: HospitalPort, one: device_planning.Triage) -> Component:
    rows: list[list[Cell]] = [
        [
            dcc.Link(asset_name(port.state(), match.asset), href=detail_address("devices", match.asset)),
            codes.code_text(device_words.CERTAINTIES, match.certainty.value),
            codes.code_text(device_words.MATCH_STATES, match.state.value),
            match.evidence or "–",
            moment(match.closed_at) if match.closed_at else "–",
        ]
        for match in one.matches
    ]
    headings = [_("Device"), _("Does it apply"), _("State"), _("Proof"), _("Closed")]
    return table(one.notice.title, headings, rows)


def _notice(port: HospitalPort, one: device_planning.Triage) -> Component:
    count = _("To be dealt with: {open} of {all} devices").format(open=one.open_count, all=len(one.matches))
    level = AlarmPriority.HIGH if one.open_count and one.notice.stops_use else AlarmPriority.MEDIUM
    head: list[Component | str] = [shape(level), " ", count] if one.open_count else [count]
    facts = [one.notice.issuer, one.notice.reference, moment(one.notice.received_at) if one.notice.received_at else ""]
    return panel(
        one.notice.title,
        html.P(head, className=f"status {level.value.lower()}" if one.open_count else "secondary"),
        html.P(" · ".join(fact for fact in facts if fact), className="secondary"),
        html.P(one.notice.action or _("No action is named.")),
        _lines(port, one) if one.matches else html.P(_("No device of this hospital is named.")),
        wide=True,
    )


def content(port: HospitalPort, query: dict[str, str]) -> list[Component]:
    """Build the list of notices.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    query : dict[str, str]
        ``closed`` is ``1`` to see those that are closed.
    """
    with port.read() as session:
        found = device_planning.triage(session, is_open=query.get("closed") != "1")
    if not found:
        return [empty(_("No safety notice is open"), _("Notices come in over the interface or by import."))]
    open_devices = sum(one.open_count for one in found)
    text = _("Notices: {count}, devices to be dealt with: {devices}").format(count=len(found), devices=open_devices)
    return [html.P(text, className="summary"), html.Div([_notice(port, one) for one in found], className="panels")]


def _open_devices(port: HospitalPort) -> list[dict[str, str]]:
    """Give what is left to close: open devices, and those that were not found, also of notices that are closed."""
    with port.read() as session:
        found = [*device_planning.triage(session), *device_planning.triage(session, is_open=False)]
    left = [
        (one.notice, match)
        for one in found
        for match in one.matches
        if match.state in (MatchState.OPEN, MatchState.NOT_LOCATED)
    ]
    return [
        {
            "value": f"{notice.id}{_SPLIT}{match.asset}",
            "label": " · ".join((notice.title, asset_name(port.state(), match.asset), *_not_found(match.state))),
        }
        for notice, match in left
    ]


def _not_found(state: MatchState) -> tuple[str, ...]:
    return (codes.code_text(device_words.MATCH_STATES, state.value),) if state is MatchState.NOT_LOCATED else ()


def _closing(port: HospitalPort) -> Component:
    outcomes = [state for state in MatchState if state is not MatchState.OPEN]
    return panel(
        _("Close a device"),
        html.P(_("Your name and the time are kept with the proof.")),
        html.Div(
            className="filters",
            children=[
                dmc.Select(
                    id=DEVICE,
                    label=_("Device"),
                    data=_open_devices(port),
                    w=420,
                    searchable=True,
                    comboboxProps={"withinPortal": False},
                    nothingFoundMessage=_("Nothing found"),
                ),
                dmc.Select(
                    id=OUTCOME,
                    label=_("What became of it"),
                    w=220,
                    value=MatchState.FIXED.value,
                    comboboxProps={"withinPortal": False},
                    allowDeselect=False,
                    data=codes.choices(device_words.MATCH_STATES, [state.value for state in outcomes]),
                ),
                dmc.TextInput(id=PROOF, label=_("Proof"), w=320),
                asks_first(
                    html.Button(_("Close this device"), id=CLOSE, className="action primary", n_clicks=0),
                    _("The notice no longer keeps this device from use, and its proof cannot be changed."),
                    *(DEVICE, OUTCOME, PROOF),
                ),
                asks_first(
                    html.Button(_("Close notices without open devices"), id=CLOSE_ALL, className="action", n_clicks=0),
                    _("Every notice that has no open device is closed; none of them can be opened again."),
                ),
            ],
        ),
        html.P(id=DONE, role="status"),
        wide=True,
    )


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    closed = visit.query.get("closed") == "1"
    other = dcc.Link(
        _("Open notices") if closed else _("Closed notices"),
        href="/ui/notices" if closed else "/ui/notices?closed=1",
        className="action",
    )
    lead = _("Which devices a notice names, and what was done about each.")
    parts = [
        page_head(_("Safety notices"), lead, other),
        html.Div(content(port, dict(visit.query)), id=CONTENT),
    ]
    if port.actor().may(Permission.DEVICES_WRITE):
        parts.append(html.Div(_closing(port), className="below"))
    return html.Div(parts)


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register refresh and closing."""
    follow(callbacks, CONTENT, lambda query: content(port, query), permission=Permission.DEVICES_READ)

    outputs = (
        Output(DONE, "children", allow_duplicate=True),
        Output(DEVICE, "data", allow_duplicate=True),
        Output(CONTENT, "children", allow_duplicate=True),
    )

    @callbacks.add(
        *outputs,
        Input(CLOSE, "n_clicks"),
        State(DEVICE, "value"),
        State(OUTCOME, "value"),
        State(PROOF, "value"),
        permission=Permission.DEVICES_WRITE,
        prevent_initial_call=True,
    )
    def close(_clicks: int, device: str | None, outcome: str, proof: str | None) -> Any:
        notice, _tab, asset = needed(device, _("Device")).partition(_SPLIT)
        actions.close_match(port, notice=notice, asset=asset, state=MatchState(outcome), evidence=proof or "")
        return _("Closed with its proof."), _open_devices(port), content(port, {})

    @callbacks.add(
        *outputs, Input(CLOSE_ALL, "n_clicks"), permission=Permission.DEVICES_WRITE, prevent_initial_call=True
    )
    def close_all(_clicks: int) -> Any:
        with port.read() as session:
            ready = [one.notice.id for one in device_planning.triage(session) if not one.open_count]
        for notice in ready:
            actions.close_notice(port, notice)
        return _("Notices closed: {count}").format(count=len(ready)), _open_devices(port), content(port, {})


PAGE = Page(
    path="/notices",
    title=mark("Safety notices"),
    permission=Permission.DEVICES_READ,
    layout=layout,
    register=register,
    position=12,
    section=mark("Devices"),
    icon="alarm",
)

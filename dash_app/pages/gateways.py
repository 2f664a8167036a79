"""Gateways.

Opened by the biomedical engineer or the system administrator, to see which readers and machine lines are silent and
which places are blind because of it; then to try and add one, to look at what goes over its line, and to go back to
the settings before.
"""

from __future__ import annotations

from typing import Any

from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dash_app.pages import gateway_work
from dash_app.pages.address import TICK
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import empty, page_head, panel, shape, since
from dash_app.pages.tables import Cell
from dash_app.queries import gateways
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes, gateway_words
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import number
from twin.access import Permission
from twin.events.watch import AlarmPriority, GatewayStatus

CONTENT = "gateways-content"
TIMER = "gateways-timer"
WORK, KNOWN = "gateways-work", "gateways-known"
REFRESH_MS = 5000
"""Figures of reports change without an event that would refresh the page."""
_LEVEL = {GatewayStatus.OFFLINE: AlarmPriority.MEDIUM, GatewayStatus.DEGRADED: AlarmPriority.LOW}


def _status(status: GatewayStatus) -> Component:
    text = codes.code_text(gateway_words.GATEWAY_STATUSES, status.value)
    level = _LEVEL.get(status)
    if level is None:
        return html.Span(text)
    return html.Span([shape(level), text], className=f"status {level.value.lower()}")


def heard(port: HospitalPort) -> Component:
    """Build the table of who is heard, under the figures that the overview shows.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    """
    now = port.clock.now()
    found = gateways.rows(port.state(), chinese=wants_chinese())
    if not found:
        return empty(_("No gateway has spoken yet"), _("Start one with the command: hospital-twin gateway run"))
    rows: list[tuple[bool, list[Cell]]] = [
        (
            row.status is GatewayStatus.ONLINE,
            [
                row.id,
                _status(row.status),
                since(row.since_at, now),
                codes.code_text(gateway_words.GATEWAY_DETAILS, row.detail),
                row.parent,
                ", ".join(row.places),
                since(row.last_read_at, now),
                row.tags,
            ],
        )
        for row in found
    ]
    headings = [
        _("Gateway, reader or line"),
        _("Status"),
        _("Since"),
        _("Cause"),
        _("Behind"),
        _("Stands for"),
        _("Last read"),
        _("Tags seen"),
    ]
    offline = sum(row.status is GatewayStatus.OFFLINE for row in found)
    degraded = sum(row.status is GatewayStatus.DEGRADED for row in found)
    summary = _("Gateways and readers: {count}, offline: {offline}, degraded: {degraded}").format(
        count=number(len(found)), offline=number(offline), degraded=number(degraded)
    )
    tables = gateway_work.folded(_("Gateways"), headings, rows)
    return panel(_("Readers and machine lines"), html.P(summary), *tables, wide=True)


def content(port: HospitalPort) -> list[Component]:
    """Build who is heard and, once there is any, what gateways report of themselves.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    """
    is_known = bool(tuple(port.state().gateways))
    return [heard(port), *(gateway_work.reports(port) if is_known else [])]


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    return html.Div(
        [
            page_head(_("Gateways"), _("Which readers and machines are heard, and which places are blind.")),
            dcc.Interval(id=TIMER, interval=REFRESH_MS),
            html.Div(content(port), id=CONTENT),
            dcc.Store(id=KNOWN, data=gateway_work.reporting(port)),
            html.Div(gateway_work.working(port), id=WORK, className="two below"),
        ]
    )


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Refresh the page when something has happened; register what its buttons do."""
    gateway_work.register(callbacks, port)

    @callbacks.add(
        Output(CONTENT, "children"),
        Input(TICK, "data"),
        Input(TIMER, "n_intervals"),
        permission=Permission.GATEWAYS_READ,
        prevent_initial_call=True,
    )
    def refresh(_tick: Any, _intervals: Any) -> list[Component]:
        return content(port)

    @callbacks.add(
        Output(WORK, "children"),
        Output(KNOWN, "data"),
        Input(TIMER, "n_intervals"),
        State(KNOWN, "data"),
        permission=Permission.GATEWAYS_READ,
        prevent_initial_call=True,
    )
    def notice_gateways(_intervals: Any, known: list[str] | None) -> tuple[list[Component], list[str]]:
        found = gateway_work.reporting(port)
        # Only for a gateway that is new: what somebody is entering must not be wiped away by the clock.
        if set(found) <= set(known or []):
            raise PreventUpdate
        return gateway_work.working(port), found


PAGE = Page(
    path="/gateways",
    title=mark("Gateways"),
    permission=Permission.GATEWAYS_READ,
    layout=layout,
    register=register,
    position=70,
    section=mark("System"),
    icon="gateway",
)

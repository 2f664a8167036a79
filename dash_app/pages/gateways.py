"""Gateways.

Opened by the biomedical engineer or the system administrator, to see which readers and machine lines are silent and
which places are blind because of it.
"""

from __future__ import annotations

from typing import Any

from dash import Input, Output, html
from dash.development.base_component import Component

from dash_app.pages.address import TICK
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import empty, page_head, panel, shape, since
from dash_app.pages.tables import Cell, table
from dash_app.queries import gateways
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from twin.access import Permission
from twin.events.watch import AlarmPriority, GatewayStatus

CONTENT = "gateways-content"
_LEVEL = {GatewayStatus.OFFLINE: AlarmPriority.MEDIUM, GatewayStatus.DEGRADED: AlarmPriority.LOW}


def _status(status: GatewayStatus) -> Component:
    text = codes.code_text(codes.GATEWAY_STATUSES, status.value)
    level = _LEVEL.get(status)
    if level is None:
        return html.Span(text)
    return html.Span([shape(level), text], className=f"status {level.value.lower()}")


def content(port: HospitalPort) -> list[Component]:
    """Build the table.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    """
    now = port.clock.now()
    found = gateways.rows(port.state(), chinese=wants_chinese())
    if not found:
        return [empty(_("No gateway has spoken yet"), _("Start one with the command: hospital-twin gateway run"))]
    rows: list[list[Cell]] = [
        [
            row.id,
            _status(row.status),
            since(row.since_at, now),
            codes.code_text(codes.GATEWAY_DETAILS, row.detail),
            row.parent,
            ", ".join(row.places),
            since(row.last_read_at, now),
            row.tags,
        ]
        for row in found
    ]
    headings = [
        _("Gateway, reader or line"), _("Status"), _("Since"), _("Cause"), _("Behind"), _("Stands for"), _("Last read"),
        _("Tags seen"),
    ]  # fmt: skip
    offline = sum(row.status is GatewayStatus.OFFLINE for row in found)
    summary = _("Gateways and readers: {count}, offline: {offline}").format(count=len(found), offline=offline)
    return [panel(_("Readers and machine lines"), html.P(summary), table(_("Gateways"), headings, rows), wide=True)]


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    return html.Div(
        [
            page_head(_("Gateways"), _("Which readers and machines are heard, and which places are blind.")),
            html.Div(content(port), id=CONTENT),
        ]
    )


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Refresh the page when something has happened."""

    @callbacks.add(
        Output(CONTENT, "children"),
        Input(TICK, "data"),
        permission=Permission.GATEWAYS_READ,
        prevent_initial_call=True,
    )
    def refresh(_tick: Any) -> list[Component]:
        return content(port)


PAGE = Page(
    path="/gateways",
    title=mark("Gateways"),
    permission=Permission.GATEWAYS_READ,
    layout=layout,
    register=register,
    position=13,
    section=mark("System"),
    icon="gateway",
)

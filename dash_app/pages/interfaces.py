"""Interfaces.

Opened by the system administrator, to see whether every connected system still speaks, what of it could not be used and
why; to try dead letters again once the cause is mended, to say which place a sender means, and who is told of tags.
"""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import dash_mantine_components as dmc
from dash import Input, Output, State, html
from dash.development.base_component import Component

from dash_app.pages import interface_places, interface_receivers
from dash_app.pages.address import TICK
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.states import empty, page_head, panel, since
from dash_app.pages.tables import Cell, table
from dash_app.queries import interfaces
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from twin.access import Permission
from twin.errors import Unavailable

CONTENT = "interfaces-content"
LETTER = "interfaces-letter"
REPLAY = "interfaces-replay"
RESULT = "interfaces-result"
SERVICE = "messages"


@runtime_checkable
class Replays(Protocol):
    """Tries dead letters again; ``server.listening.MessageDesk`` meets it."""

    def replay(self, number: int) -> str:
        """Try one dead letter again; gives what became of it."""


def _connections(port: HospitalPort) -> Component:
    now = port.clock.now()
    found = interfaces.connections(port)
    if not found:
        cure = _("Set mllp_port and let the hospital's systems send HL7 messages there; see the guide of interfaces.")
        return empty(_("No other system has spoken yet"), cure)
    rows: list[list[Cell]] = [
        [
            one.source,
            since(one.last_at, now),
            one.last_hour,
            one.messages,
            one.duplicates,
            one.stored_only,
            one.unknown_triggers,
            one.dead_letters,
        ]
        for one in found
    ]
    headings = [
        _("Connection"),
        _("Last message"),
        _("In the last hour"),
        _("In all"),
        _("Sent again"),
        _("Only stored"),
        _("Unknown kind"),
        _("Dead letters"),
    ]
    return panel(_("Connections"), table(_("Connections"), headings, rows), wide=True)


def _messages(port: HospitalPort, title: str, outcome: str, limit: int) -> Component:
    now = port.clock.now()
    found = interfaces.recent(port, outcome=outcome, limit=limit)
    if not found:
        return panel(title, html.P(_("None.")), wide=True)
    rows: list[list[Cell]] = [
        [
            one.number,
            one.source,
            f"{one.kind}^{one.trigger}",
            since(one.received_at, now),
            codes.code_text(codes.MESSAGE_OUTCOMES, one.outcome),
            one.events,
            one.problem or one.notes,
        ]
        for one in found
    ]
    headings = [
        _("Message number"),
        _("Connection"),
        _("Message"),
        _("Received"),
        _("Outcome"),
        _("Events"),
        _("Remarks"),
    ]
    return panel(title, table(title, headings, rows), wide=True)


def _followers(port: HospitalPort) -> Component:
    now, title = port.clock.now(), _("Who is told of what happens here")
    found = interfaces.followers(port)
    if not found:
        return panel(title, html.P(_("Nobody: other systems subscribe by FHIR or EPCIS; see the guide.")), wide=True)
    rows: list[list[Cell]] = [
        [
            one.id[-8:],
            one.kind.upper(),
            one.topic,
            one.wanted.endpoint,
            codes.code_text(codes.SUBSCRIPTION_STATES, one.state.value),
            one.sent,
            one.failures or "",
            one.problem,
            since(one.created_at, now),
        ]
        for one in found
    ]
    headings = [
        _("Subscription"),
        _("Standard"),
        _("Topic"),
        _("Address"),
        _("Status"),
        _("Events told"),
        _("Failures in a row"),
        _("Last problem"),
        _("Since"),
    ]
    return panel(title, table(title, headings, rows), wide=True)


def content(port: HospitalPort) -> list[Component]:
    """Build the tables.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    """
    return [
        _connections(port),
        html.Div(interface_places.content(port), id=interface_places.CONTENT),
        _messages(port, _("Dead letters"), "dead", 50),
        _messages(port, _("Latest messages"), "", 30),
        _followers(port),
    ]


def _letters(port: HospitalPort) -> list[dict[str, str]]:
    found = interfaces.recent(port, outcome="dead", limit=200)
    return [{"value": str(one.number), "label": f"{one.number} · {one.source} · {one.problem[:60]}"} for one in found]


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    parts: list[Component] = [
        page_head(
            _("Interfaces"), _("Which systems speak, what became of their messages, and what could not be used.")
        ),
        html.Div(content(port), id=CONTENT),
    ]
    if port.actor().may(Permission.INTERFACES_OPERATE):
        controls = html.Div(
            className="filters",
            children=[
                dmc.Select(
                    id=LETTER,
                    label=_("Dead letter (empty for all)"),
                    data=_letters(port),
                    clearable=True,
                    clearButtonProps={"aria-label": _("All")},
                    w=420,
                ),
                html.Button(_("Try again"), id=REPLAY, className="action primary", n_clicks=0),
                html.P(id=RESULT, role="status"),
            ],
        )
        parts.append(html.Div(panel(_("Try dead letters again"), controls, wide=True), className="below"))
        parts += [interface_places.desk(port), interface_receivers.desk(port)]
    return html.Div(parts)


def replay(port: HospitalPort, number: str) -> str:
    """Try one dead letter again, or all; gives a sentence on what became of them.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    number : str
        Of one letter; empty for all.

    Raises
    ------
    Unavailable
        If nothing listens here.
    """
    port.actor().require(Permission.INTERFACES_OPERATE)
    desk = port.services.get(SERVICE)
    if not isinstance(desk, Replays):
        raise Unavailable("No intake of messages is running here.")
    # The oldest first: a later message may rest on what an earlier one tells.
    wanted = [int(number)] if number else [int(one["value"]) for one in reversed(_letters(port))]
    outcomes = [desk.replay(one) for one in wanted]
    done = sum(outcome != "dead" for outcome in outcomes)
    return _("Tried again: {count}, used now: {done}").format(count=len(outcomes), done=done)


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register refresh, replay, matching of places and receivers of locations."""
    interface_places.register(callbacks, port)
    interface_receivers.register(callbacks, port)

    @callbacks.add(
        Output(CONTENT, "children"),
        Input(TICK, "data"),
        permission=Permission.INTERFACES_READ,
        prevent_initial_call=True,
    )
    def refresh(_tick: Any) -> list[Component]:
        return content(port)

    @callbacks.add(
        Output(RESULT, "children"),
        Output(CONTENT, "children", allow_duplicate=True),
        Output(LETTER, "data"),
        Output(LETTER, "value"),
        Input(REPLAY, "n_clicks"),
        State(LETTER, "value"),
        permission=Permission.INTERFACES_OPERATE,
        prevent_initial_call=True,
    )
    def try_again(_clicks: int, number: str | None) -> Any:
        return replay(port, number or ""), content(port), _letters(port), None


PAGE = Page(
    path="/interfaces",
    title=mark("Interfaces"),
    permission=Permission.INTERFACES_READ,
    layout=layout,
    register=register,
    position=71,
    section=mark("System"),
    icon="gateway",
)

"""The walk test on the gateways page: somebody carries a tag from room to room and sees at once what the antennas saw.

Opened by who places antennas. They read off which rooms are not covered and which antennas hear the room beside theirs,
turn or move an antenna, and walk again.
"""

from __future__ import annotations

from collections.abc import Sequence

import dash_mantine_components as dmc
import msgspec
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from dash_app.actions import gateways as actions
from dash_app.pages.guard import Callbacks
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import panel
from dash_app.pages.tables import Cell, table
from dash_app.queries import gateways
from dash_app.queries.names import place_name
from dash_app.queries.port import HospitalPort
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.moments import number
from rfid_gateway.cleaning.walking import ZoneWalked
from rfid_gateway.uplink.orders import OrderResult
from twin.access import Permission
from twin.state.live import LiveState

GATEWAY, TAG, PLACE = "gateways-walk-gateway", "gateways-walk-tag", "gateways-walk-place"
BEGIN, HERE, END, SHOWN = "gateways-walk-begin", "gateways-walk-here", "gateways-walk-end", "gateways-walk-shown"
FOLLOW = "gateways-walk-follow"
_FOLLOW_MS = 4000
"""A gateway reports every two seconds; asking more often than it answers would only queue up."""
LEAST_COVERAGE = 0.9
"""A room seen less than this is told to be covered badly: the filter then needs many seconds to notice a move."""
MOST_CONFUSION = 0.05
_PERCENT = 100


def walk_panel(port: HospitalPort, names: Sequence[str], places: Sequence[dict[str, str]], *, may: bool) -> Component:
    """Build the panel.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    names : Sequence[str]
        Ids of the gateways that report, at least one.
    places : Sequence[dict[str, str]]
        Choices of places.
    may : bool
        Whether the visitor may walk.
    """
    told = _("Carry a tag that no device bears; say which room you enter, stay half a minute, and go on.")
    buttons = (
        (_("Begin here"), BEGIN, "action primary"),
        (_("I am here now"), HERE, "action"),
        (_("End"), END, "action"),
    )
    return panel(
        _("Walk test"),
        html.P(told, className="secondary"),
        dmc.Select(
            id=GATEWAY, label=_("Gateway of the antennas"), data=list(names), value=names[0], allowDeselect=False
        ),
        dmc.TextInput(id=TAG, label=_("Tag that is carried (EPC in hex)")),
        dmc.Select(id=PLACE, label=_("Room"), data=list(places), searchable=True, clearable=True),
        html.P(
            [
                part
                for text, identifier, look in buttons
                for part in (html.Button(text, id=identifier, className=look, n_clicks=0, disabled=not may), " ")
            ]
        ),
        # Runs while somebody walks: who stands in a room with a tag wants to see it covered without pressing anything.
        dcc.Interval(id=FOLLOW, interval=_FOLLOW_MS, disabled=True),
        html.Div(id=SHOWN, role="status"),
        wide=True,
    )


def _share(share: float) -> str:
    return f"{number(share * _PERCENT, 0)} %"


def _advice(one: ZoneWalked) -> str:
    if one.coverage_high < LEAST_COVERAGE:
        return _("Covered badly: move or add an antenna.")
    if one.confusion > MOST_CONFUSION:
        return _("Taken for another room: turn the other room's antenna away, or lower its power.")
    if one.coverage_low < LEAST_COVERAGE:
        return _("Not sure yet: stay longer.")
    return _("Good.")


def _row(state: LiveState, one: ZoneWalked) -> list[Cell]:
    others = [
        f"{place_name(state, zone, chinese=wants_chinese())} {_share(share)}"
        for zone, share in one.taken_for.items()
        if zone not in ("", one.place)
    ]
    return [
        place_name(state, one.place, chinese=wants_chinese()),
        one.epochs,
        f"{_share(one.coverage)} ({_share(one.coverage_low)} – {_share(one.coverage_high)})",
        number(one.longest_gap_s, 0),
        ", ".join(f"{point} {_share(share)}" for point, share in list(one.seen_by.items())[:4]),
        ", ".join(others),
        _advice(one),
    ]


def shown(state: LiveState, result: OrderResult) -> list[Component]:
    """Give what a walk showed so far.

    Parameters
    ----------
    state : LiveState
        For the names of places.
    result : OrderResult
        Of the gateway.
    """
    if not result.is_done:
        return [html.P(html.Strong(_("Not done: {reason}").format(reason=result.message or result.code)))]
    place = result.facts.get("place", "")
    where = (
        _("Walking in {place}.").format(place=place_name(state, place, chinese=wants_chinese()))
        if place
        else _("Ended.")
    )
    walked = [msgspec.json.decode(line, type=ZoneWalked) for line in result.lines]
    headings = [
        _("Room"),
        _("Seconds that count"),
        _("Covered (95 % interval)"),
        _("Longest gap (s)"),
        _("Seen by"),
        _("Taken for"),
        _("What to do"),
    ]
    return [html.P(where), table(_("Walk test"), headings, [_row(state, one) for one in walked])]


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register what the buttons do."""
    for button, action in ((BEGIN, "begin"), (HERE, "mark"), (END, "end")):
        _register_step(callbacks, port, button, action)

    @callbacks.add(
        Output(SHOWN, "children", allow_duplicate=True),
        Output(FOLLOW, "disabled", allow_duplicate=True),
        Input(FOLLOW, "n_intervals"),
        State(GATEWAY, "value"),
        permission=Permission.GATEWAYS_CONFIGURE,
        prevent_initial_call=True,
    )
    def follow(_ticks: int, gateway: str) -> tuple[list[Component], bool]:
        return _taken(port, gateway, actions.WalkStep(action="show"))


def _taken(port: HospitalPort, gateway: str, step: actions.WalkStep) -> tuple[list[Component], bool]:
    """Take a step, and tell whether there is nothing to follow after it."""
    result = actions.walk(gateways.desk_of(port), gateway, step, actor=port.actor())
    return shown(port.state(), result), not (result.is_done and result.facts.get("place"))


def _register_step(callbacks: Callbacks, port: HospitalPort, button: str, action: str) -> None:
    @callbacks.add(
        Output(SHOWN, "children", allow_duplicate=True),
        Output(FOLLOW, "disabled", allow_duplicate=True),
        Input(button, "n_clicks"),
        State(GATEWAY, "value"),
        State(TAG, "value"),
        State(PLACE, "value"),
        permission=Permission.GATEWAYS_CONFIGURE,
        prevent_initial_call=True,
        running=[(Output(button, "disabled"), True, False)],
    )
    def step(_clicks: int, gateway: str, tag: str | None, place: str | None) -> tuple[list[Component], bool]:
        return _taken(port, gateway, actions.WalkStep(action=action, tag=tag or "", place=place or ""))

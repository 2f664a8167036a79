"""Geofences and room climate.

Opened by wards, to set and lift a fence around a patient or a device, and by who answers for rooms and fridges, to see
the last value beside its limits. From a broken one one goes to its alarm.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from dash_app.actions import journey as actions
from dash_app.pages import watch_chart
from dash_app.pages.filters import follow
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import page_head, panel, shape, since
from dash_app.pages.tables import Cell, table
from dash_app.queries import journey
from dash_app.queries.names import place_name, subject_name
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import number
from twin.access import Permission
from twin.errors import InputError
from twin.events.things import BearerKind
from twin.events.watch import AlarmPriority

CONTENT = "watches-content"
NOTHING: Mapping[str, str] = MappingProxyType({})
KIND, BEARER, PLACES, EXIT_S = "watches-kind", "watches-bearer", "watches-places", "watches-exit"
DEVICE, QUANTITY, ROOM = "watches-device", "watches-quantity", "watches-room"
LOW, HIGH, DEADBAND, DELAY_S = "watches-low", "watches-high", "watches-deadband", "watches-delay"
FENCE, LIFT, LIMIT, END = "watches-fence", "watches-lift", "watches-limit", "watches-end"
HELD_FENCE, HELD_LIMIT = "watches-held-fence", "watches-held-limit"


def _judged(is_ringing: bool, right: str, wrong: str) -> Cell:
    if not is_ringing:
        return right
    return dcc.Link([shape(AlarmPriority.HIGH), wrong], href="/ui/alarms", className="status p1")


def _bearer_name(port: HospitalPort, fence: journey.FenceView) -> str:
    """Give whom a fence is for: a patient by the bed, a device by name and number, for there are fifty of its name."""
    state, chinese = port.state(), wants_chinese()
    if fence.bearer_kind is BearerKind.ENCOUNTER:
        return journey.encounter_label(state, fence.bearer, chinese=chinese)
    name = subject_name(state, fence.bearer, chinese=chinese)
    return f"{name} · {fence.bearer}" if fence.bearer_kind is BearerKind.ASSET else name


def _bearers(port: HospitalPort, kind: str) -> list[dict[str, str]]:
    """Give who or what a fence may be set for."""
    state = port.state()
    if kind == BearerKind.ENCOUNTER:
        return journey.encounter_choices(state, chinese=wants_chinese())
    keys = sorted(dict(state.assets if kind == BearerKind.ASSET else state.staff))
    if kind == BearerKind.ASSET:
        return [{"value": key, "label": f"{subject_name(state, key)} · {key}"} for key in keys]
    return [{"value": key, "label": subject_name(state, key)} for key in keys]


def _fences(port: HospitalPort) -> Component:
    state, chinese = port.state(), wants_chinese()
    broken = journey.ringing(state, "geofence")
    rows: list[list[Cell]] = [
        [
            codes.code_text(codes.BEARERS, one.bearer_kind.value),
            _bearer_name(port, one),
            ", ".join(place_name(state, place, chinese=chinese) for place in one.places),
            _("{seconds} s").format(seconds=number(one.exit_s, 0)),
            _judged(one.bearer in broken, _("inside"), _("outside")),
        ]
        for one in journey.watch_list(port).fences()
    ]
    title = _("Geofences")
    if not rows:
        return panel(title, html.P(_("No fence is set: nobody and nothing is kept within a place.")), wide=True)
    headings = [_("Kind"), _("Who or what"), _("May be in"), _("Alarm after"), _("Now")]
    return panel(title, table(title, headings, rows), wide=True)


def _limits(port: HospitalPort) -> Component:
    state, now, chinese = port.state(), port.clock.now(), wants_chinese()
    broken, title = journey.ringing(state, "environment"), _("Room climate")
    rows: list[list[Cell]] = []
    with port.read() as session:
        for one in journey.watch_list(port).limits():
            seen = journey.last_reading(port, session, one)
            rows.append(
                [
                    place_name(state, one.place, chinese=chinese),
                    f"{one.device} · {one.quantity}",
                    f"{one.low:g} – {one.high:g}",
                    html.Span([f"{seen.value:g} · ", since(seen.at, now)]) if seen.at else _("no value for an hour"),
                    _("{seconds} s").format(seconds=number(one.delay_s, 0)),
                    _judged(one.place in broken, _("within limits"), _("outside of limits")),
                    dcc.Link(_("24 h"), href=f"/ui/watches?limit={one.id}", title=_("Show the samples")),
                ]
            )
    if not rows:
        return panel(title, html.P(_("No limit is set for any room or fridge.")), wide=True)
    headings = [_("Place"), _("Measured by"), _("Limits"), _("Last value"), _("Alarm after"), _("Now"), _("Samples")]
    return panel(title, table(title, headings, rows), wide=True)


def content(port: HospitalPort, query: Mapping[str, str] = NOTHING) -> list[Component]:
    """Build the tables, and the chart of a chosen limit.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    query : Mapping[str, str], optional
        ``limit``: whose samples are drawn.
    """
    drawn = watch_chart.chart(port, query["limit"]) if query.get("limit") else None
    return [_fences(port), _limits(port), *([drawn] if drawn is not None else [])]


def _held_fences(port: HospitalPort) -> list[dict[str, str]]:
    return [
        {"value": one.id, "label": f"{_bearer_name(port, one)} · {', '.join(one.places)}"}
        for one in journey.watch_list(port).fences()
    ]


def _held_limits(port: HospitalPort) -> list[dict[str, str]]:
    return [{"value": one.id, "label": f"{one.place} · {one.quantity}"} for one in journey.watch_list(port).limits()]


def _places(port: HospitalPort) -> list[dict[str, str]]:
    state, chinese = port.state(), wants_chinese()
    return [{"value": key, "label": place_name(state, key, chinese=chinese)} for key in sorted(state.places)]


def _fence_desk(port: HospitalPort) -> Component:
    kinds = [{"value": key, "label": codes.code_text(codes.BEARERS, key)} for key in codes.BEARERS]
    return panel(
        _("Set a fence"),
        html.Div(
            className="filters",
            children=[
                dmc.Select(id=KIND, label=_("Kind"), data=kinds, value="encounter"),
                dmc.Select(
                    id=BEARER,
                    label=_("Who or what"),
                    data=_bearers(port, BearerKind.ENCOUNTER),
                    searchable=True,
                    nothingFoundMessage=_("Nothing found"),
                    limit=50,
                    w=280,
                ),
                dmc.MultiSelect(id=PLACES, label=_("May be in"), data=_places(port), searchable=True, limit=50),
                dmc.NumberInput(id=EXIT_S, label=_("Alarm after, seconds"), value=1, min=0, max=86_400),
                html.Button(_("Set the fence"), id=FENCE, className="action primary", n_clicks=0),
                dmc.Select(id=HELD_FENCE, label=_("Fence in force"), data=_held_fences(port)),
                html.Button(_("Lift the fence"), id=LIFT, className="action", n_clicks=0),
            ],
        ),
        wide=True,
    )


def _limit_desk(port: HospitalPort) -> Component:
    with port.read() as session:
        measured = journey.measured(session, port.clock.now())
    # Offered, not demanded: a limit may be set before the device sends its first sample.
    devices = list(dict.fromkeys(device for device, _quantity in measured))
    quantities = sorted({quantity for _device, quantity in measured})
    return panel(
        _("Set a limit"),
        html.Div(
            className="filters",
            children=[
                dmc.Autocomplete(id=DEVICE, label=_("Measuring device"), data=devices, limit=50),
                dmc.Autocomplete(id=QUANTITY, label=_("Quantity"), data=quantities, limit=50),
                dmc.Select(id=ROOM, label=_("Place"), data=_places(port), searchable=True, limit=50),
                dmc.NumberInput(id=LOW, label=_("At least")),
                dmc.NumberInput(id=HIGH, label=_("At most")),
                dmc.NumberInput(id=DEADBAND, label=_("Must come back by"), value=0, min=0),
                dmc.NumberInput(id=DELAY_S, label=_("Alarm after, seconds"), value=300, min=0, max=86_400),
                html.Button(_("Set the limit"), id=LIMIT, className="action primary", n_clicks=0),
                dmc.Select(id=HELD_LIMIT, label=_("Limit in force"), data=_held_limits(port)),
                html.Button(_("End the limit"), id=END, className="action", n_clicks=0),
            ],
        ),
        wide=True,
    )


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    lead = _("Who and what must stay where, and between which values rooms and fridges must stay.")
    parts: list[Component] = [
        page_head(_("Fences and climate"), lead),
        html.Div(content(port, visit.query), id=CONTENT),
    ]
    if port.actor().may(Permission.ALARMS_ACT):
        parts.append(html.Div(_fence_desk(port), className="below"))
    if port.actor().may(Permission.ALARMS_CONFIGURE):
        parts.append(html.Div(_limit_desk(port), className="below"))
    return html.Div(parts)


def _chosen(told: str | None) -> str:
    if not told:
        raise InputError("Choose which one first.", code="input.watch")
    return told


def _register_fences(callbacks: Callbacks, port: HospitalPort) -> None:
    after = (Output(CONTENT, "children", allow_duplicate=True), Output(HELD_FENCE, "data", allow_duplicate=True))
    common: dict[str, Any] = {"permission": Permission.ALARMS_ACT, "prevent_initial_call": True}

    @callbacks.add(
        *after, Input(FENCE, "n_clicks"), *(State(one, "value") for one in (KIND, BEARER, PLACES, EXIT_S)), **common
    )
    def put(_clicks: int, kind: str, bearer: str | None, places: list[str] | None, exit_s: Any) -> Any:
        if not bearer or not places:
            raise InputError("Enter whom the fence is for and choose at least one place.", code="input.fence")
        facts = {"bearer_kind": kind, "bearer": bearer.strip(), "places": places, "exit_s": exit_s}
        actions.set_fence(port, facts)
        return content(port), _held_fences(port)

    @callbacks.add(
        Output(BEARER, "data"),
        Output(BEARER, "value"),
        Input(KIND, "value"),
        permission=Permission.ALARMS_ACT,
        prevent_initial_call=True,
    )
    def choose_kind(kind: str | None) -> Any:
        return _bearers(port, kind or BearerKind.ENCOUNTER), None

    @callbacks.add(*after, Input(LIFT, "n_clicks"), State(HELD_FENCE, "value"), **common)
    def lift(_clicks: int, fence: str | None) -> Any:
        actions.lift_fence(port, _chosen(fence))
        return content(port), _held_fences(port)


def _register_limits(callbacks: Callbacks, port: HospitalPort) -> None:
    after = (Output(CONTENT, "children", allow_duplicate=True), Output(HELD_LIMIT, "data", allow_duplicate=True))
    common: dict[str, Any] = {"permission": Permission.ALARMS_CONFIGURE, "prevent_initial_call": True}
    fields = {
        "device": DEVICE,
        "quantity": QUANTITY,
        "place": ROOM,
        "low": LOW,
        "high": HIGH,
        "deadband": DEADBAND,
        "delay_s": DELAY_S,
    }

    @callbacks.add(*after, Input(LIMIT, "n_clicks"), *(State(one, "value") for one in fields.values()), **common)
    def put(_clicks: int, *entered: Any) -> Any:
        if any(one in (None, "") for one in entered):
            raise InputError("Fill in every field of the limit.", code="input.limit")
        actions.set_limit(port, dict(zip(fields, entered, strict=True)))
        return content(port), _held_limits(port)

    @callbacks.add(*after, Input(END, "n_clicks"), State(HELD_LIMIT, "value"), **common)
    def end(_clicks: int, limit: str | None) -> Any:
        actions.end_limit(port, _chosen(limit))
        return content(port), _held_limits(port)


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register refresh, fences and limits."""
    follow(callbacks, CONTENT, lambda query: content(port, query), permission=Permission.ALARMS_READ)
    _register_fences(callbacks, port)
    _register_limits(callbacks, port)


PAGE = Page(
    path="/watches",
    title=mark("Fences and climate"),
    permission=Permission.ALARMS_READ,
    layout=layout,
    register=register,
    position=9,
    section=mark("Now"),
    icon="alarm",
)

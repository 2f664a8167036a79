"""Alarms.

Opened by whoever is on duty, to see what needs a response now, what follows if nobody acts, and what to do. Each alarm
is acknowledged, or put aside for a while with a reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import dash_mantine_components as dmc
from dash import ALL, Input, Output, State, dcc, html
from dash.development.base_component import Component

from dash_app.actions import alarms as actions
from dash_app.pages.address import URL, query_of, search_with
from dash_app.pages.fields import pressed
from dash_app.pages.filters import detail_address, follow, narrow, select
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import empty, page_head, shape, since
from dash_app.pages.tables import Cell
from dash_app.queries import alarms
from dash_app.queries.names import place_name, staff_label, subject_name
from dash_app.queries.port import HospitalPort
from dash_app.texts.alarm_classes import alarm_text, filled
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import moment
from twin.access import Actor, Permission
from twin.events.watch import AlarmPriority
from twin.state.floods import AlarmGroup, groups_of, is_flood, root_of
from twin.state.live import LiveState

LIST = "alarms-list"
PRIORITY = "alarms-priority"
ACKNOWLEDGE = "alarms-acknowledge"
SHELVE = "alarms-shelve"
UNSHELVE = "alarms-unshelve"
SETTLE = "alarms-settle"
DIALOG = "alarms-dialog"
SHELVED_ID = "alarms-shelved-id"
REASON = "alarms-reason"
HOURS = "alarms-hours"
CONFIRM = "alarms-confirm"
_HOURS = ("1", "2", "4", "8")
LEADS: Mapping[str, tuple[str, str, Permission]] = {
    "gateway": ("gateways", mark("Gateways"), Permission.GATEWAYS_READ),
    "tag": ("map", mark("Floor map"), Permission.PLACES_READ),
    "egress": ("map", mark("Floor map"), Permission.PLACES_READ),
    "staff": ("map", mark("Floor map"), Permission.PLACES_READ),
    "cycle": ("reprocessing", mark("Reprocessing"), Permission.DEVICES_READ),
    "reprocessing.instrument": ("sets", mark("Sets"), Permission.DEVICES_READ),
    "reprocessing": ("reprocessing", mark("Reprocessing"), Permission.DEVICES_READ),
    "device.incident": ("incidents", mark("Incidents"), Permission.DEVICES_READ),
    "device.measurements": ("calibrations", mark("Calibration and safety"), Permission.DEVICES_READ),
    "stockout": ("stock", mark("Stock"), Permission.STOCK_READ),
    "stock.": ("lots", mark("Lots"), Permission.STOCK_READ),
    "task": ("tasks", mark("Tasks"), Permission.TASKS_READ),
    "queue": ("queues", mark("Queues"), Permission.QUEUES_READ),
    "geofence": ("watches", mark("Fences and climate"), Permission.ALARMS_READ),
    "environment": ("watches", mark("Fences and climate"), Permission.ALARMS_READ),
    "access": ("doors", mark("Doors"), Permission.ALARMS_READ),
    "door": ("doors", mark("Doors"), Permission.ALARMS_READ),
    "disk": ("upkeep", mark("Upkeep"), Permission.SYSTEM_OPERATE),
    "backup": ("upkeep", mark("Upkeep"), Permission.SYSTEM_OPERATE),
    "ledger": ("upkeep", mark("Upkeep"), Permission.SYSTEM_OPERATE),
}
"""Page on which the cause of an alarm is dealt with, its name and what opens it, by the beginning of the class."""


def _fields(state: LiveState, row: alarms.AlarmRow) -> dict[str, str]:
    chinese = wants_chinese()
    return dict(row.parameters) | {
        "subject": subject_name(state, row.subject_id, chinese=chinese),
        "place": place_name(state, row.place, chinese=chinese) or _("unknown place"),
    }


def alarm_line(state: LiveState, row: alarms.AlarmRow, now: int) -> Component:
    """Give an alarm in short: shape, priority, message, age.

    Parameters
    ----------
    state : LiveState
        The hospital.
    row : alarms.AlarmRow
        The alarm.
    now : int
        UTC microseconds.
    """
    text = alarm_text(row.alarm_class)
    fields = _fields(state, row)
    return html.Div(
        className=f"alarm {row.priority.value.lower()}",
        children=[
            html.H3(
                [
                    shape(row.priority),
                    html.Span(row.priority.value, className=row.priority.value.lower()),
                    html.Span(filled(text.message, fields)),
                    since(row.raised_at, now),
                ]
            ),
            html.P(filled(text.action, fields)),
        ],
    )


def _thing(state: LiveState, thing_id: str) -> Cell:
    """Give the link to what an alarm is about, or its name where it has no page."""
    name = subject_name(state, thing_id, chinese=wants_chinese())
    if thing_id in state.assets:
        return dcc.Link(name, href=detail_address("devices", thing_id))
    place = state.places.get(thing_id)
    if place is not None:
        return dcc.Link(name, href=f"/ui/map{search_with('', floor=place.floor, room=thing_id)}")
    return name


def _lead(actor: Actor, alarm_class: str) -> list[Component]:
    """Give the link to the page on which the cause is dealt with, if the reader may open it."""
    found = next((lead for head, lead in LEADS.items() if alarm_class.startswith(head)), None)
    if found is None or not actor.may(found[2]):
        return []
    return [dcc.Link(_(found[1]), href=f"/ui/{found[0]}", className="action")]


def _card(port: HospitalPort, row: alarms.AlarmRow, now: int, *, may_act: bool) -> Component:
    state = port.state()
    text = alarm_text(row.alarm_class)
    fields = _fields(state, row)
    return html.Article(
        className=f"alarm {row.priority.value.lower()}",
        children=[
            html.H2(
                [
                    shape(row.priority),
                    html.Span(row.priority.value, className=row.priority.value.lower()),
                    html.Span(filled(text.message, fields)),
                    since(row.raised_at, now),
                ]
            ),
            html.Dl(
                [
                    html.Dt(_("What follows")),
                    html.Dd(filled(text.consequence, fields)),
                    html.Dt(_("What to do")),
                    html.Dd(filled(text.action, fields)),
                    html.Dt(_("About")),
                    html.Dd(_thing(state, row.subject_id)),
                    html.Dt(_("Where")),
                    html.Dd(_thing(state, row.place) if row.place else fields["place"]),
                    html.Dt(_("Raised")),
                    html.Dd(moment(row.raised_at)),
                ]
            ),
            html.Div([*_acts(state, row, may_act=may_act), *_lead(port.actor(), row.alarm_class)], className="acts"),
        ],
    )


def _acts(state: LiveState, row: alarms.AlarmRow, *, may_act: bool) -> list[Component]:
    told: list[Component] = []
    if row.is_acknowledged:
        told.append(
            html.Span(
                _("Acknowledged by {who}").format(who=staff_label(state, row.acknowledged_by)), className="secondary"
            )
        )
    if row.shelved_until:
        told.append(
            html.Span(
                _("Put aside until {time}: {reason}").format(time=moment(row.shelved_until), reason=row.shelved_reason),
                className="secondary",
            )
        )
    if not may_act:
        return told
    acts: list[Component] = []
    if not row.is_acknowledged:
        acts.append(
            html.Button(
                _("Acknowledge"), id={"type": ACKNOWLEDGE, "alarm": row.id}, className="action primary", n_clicks=0
            )
        )
    if row.alarm_class == "tag_suspected":
        acts.append(
            html.Button(_("The copy is gone"), id={"type": SETTLE, "alarm": row.id}, className="action", n_clicks=0)
        )
    if row.shelved_until:
        acts.append(html.Button(_("Take back"), id={"type": UNSHELVE, "alarm": row.id}, className="action", n_clicks=0))
    else:
        acts.append(html.Button(_("Put aside …"), id={"type": SHELVE, "alarm": row.id}, className="action", n_clicks=0))
    return [*acts, *told]


def content(port: HospitalPort, query: dict[str, str]) -> list[Component]:
    """Build the list.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    query : dict[str, str]
        Filter ``priority``.
    """
    state, now = port.state(), port.clock.now()
    may_act = port.actor().may(Permission.ALARMS_ACT)
    rows = alarms.active(state, now, priority=query.get("priority", ""), with_shelved=True)
    if not rows:
        return [empty(_("No alarm is active"), _("Nothing needs a response. New alarms appear here by themselves."))]
    summary = _("{active} active, {open} not acknowledged, {shelved} put aside").format(
        active=len(rows),
        open=sum(not row.is_acknowledged and not row.shelved_until for row in rows),
        shelved=sum(bool(row.shelved_until) for row in rows),
    )
    cards = {row.id: _card(port, row, now, may_act=may_act) for row in rows}
    return [html.P(summary, className="summary"), *_gathered(port, rows, cards, now)]


def _gathered(
    port: HospitalPort, rows: list[alarms.AlarmRow], cards: dict[str, Component], now: int
) -> list[Component]:
    """Give the cards one by one; in a flood those with one root stand together, so that the roots can be seen."""
    open_rows = [row for row in rows if not row.shelved_until]
    if not is_flood((row.raised_at for row in open_rows), now):
        return [cards[row.id] for row in rows]
    state = port.state()
    # The hospital goes on between two looks: an alarm may be over by now.
    held = [state.alarms[row.id] for row in open_rows if row.id in state.alarms]
    groups = groups_of(held, root_of=partial(root_of, state), now=now)
    told = _("Alarms come faster than they can be read: {count} roots are shown, each with what hangs on it.").format(
        count=len(groups)
    )
    parts: list[Component] = [html.P([shape(AlarmPriority.MEDIUM), told], className="status p2", role="status")]
    for group in groups:
        together = [cards[key] for key in group.alarms if key in cards]
        parts += together if len(together) == 1 else [_group(state, group, together)]
    return parts + [cards[row.id] for row in rows if row.shelved_until]


def _group(state: LiveState, group: AlarmGroup, cards: list[Component]) -> Component:
    kind, _colon, where = group.root.partition(":")
    if kind == "gateway":
        text = _("Behind gateway {name}").format(name=subject_name(state, where, chinese=wants_chinese()))
    else:
        place = place_name(state, where, chinese=wants_chinese()) or _("unknown place")
        text = filled(alarm_text(kind).message, {"subject": _("several"), "place": place})
        text = f"{text} · {place}" if where else text
    priority = AlarmPriority(group.priority)
    head = [
        shape(priority),
        html.Span(priority.value, className=priority.value.lower()),
        html.B(_("{count} alarms").format(count=len(cards))),
        html.Span(text),
    ]
    return html.Details([html.Summary(head), *cards], className=f"alarm-group {priority.value.lower()}")


def _dialog() -> Component:
    dialog: Component = dmc.Modal(
        id=DIALOG,
        title=_("Put the alarm aside"),
        opened=False,
        closeButtonProps={"aria-label": _("Close")},
        children=[
            dcc.Store(id=SHELVED_ID),
            html.P(_("It comes back by itself. Write why it can wait.")),
            dmc.TextInput(id=REASON, label=_("Reason"), required=True),
            dmc.Select(
                id=HOURS,
                label=_("For how long"),
                value=_HOURS[0],
                allowDeselect=False,
                data=[{"value": hours, "label": _("{hours} h").format(hours=hours)} for hours in _HOURS],
            ),
            html.P(html.Button(_("Put aside"), id=CONFIRM, className="action primary", n_clicks=0)),
        ],
    )
    return dialog


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    priorities = [{"value": priority.value, "label": priority.value} for priority in AlarmPriority]
    return html.Div(
        [
            page_head(
                _("Alarms"),
                _("Operational alarms that need a response. This is not a medical alarm system."),
                dcc.Link(_("Alarm health"), href="/ui/alarms/health", className="action"),
            ),
            html.Div(select(PRIORITY, _("Priority"), priorities, visit.query.get("priority", "")), className="filters"),
            html.Div(content(port, dict(visit.query)), id=LIST),
            _dialog(),
        ]
    )


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register the list, its filter, and the acts."""
    follow(callbacks, LIST, lambda query: content(port, query), permission=Permission.ALARMS_READ)
    narrow(callbacks, PRIORITY, "priority", permission=Permission.ALARMS_READ)
    _register_acts(callbacks, port)
    _register_putting_aside(callbacks, port)


def _register_acts(callbacks: Callbacks, port: HospitalPort) -> None:
    @callbacks.add(
        Output(LIST, "children", allow_duplicate=True),
        Input({"type": ACKNOWLEDGE, "alarm": ALL}, "n_clicks"),
        State(URL, "search"),
        permission=Permission.ALARMS_ACT,
        prevent_initial_call=True,
    )
    def acknowledge(_clicks: list[int], search: str) -> list[Component]:
        actions.acknowledge(port, str(pressed()["alarm"]))
        return content(port, query_of(search))

    @callbacks.add(
        Output(LIST, "children", allow_duplicate=True),
        Input({"type": UNSHELVE, "alarm": ALL}, "n_clicks"),
        State(URL, "search"),
        permission=Permission.ALARMS_ACT,
        prevent_initial_call=True,
    )
    def take_back(_clicks: list[int], search: str) -> list[Component]:
        actions.unshelve(port, str(pressed()["alarm"]))
        return content(port, query_of(search))

    @callbacks.add(
        Output(LIST, "children", allow_duplicate=True),
        Input({"type": SETTLE, "alarm": ALL}, "n_clicks"),
        State(URL, "search"),
        permission=Permission.ALARMS_ACT,
        prevent_initial_call=True,
    )
    def settle(_clicks: list[int], search: str) -> list[Component]:
        actions.settle_suspicion(port, str(pressed()["alarm"]))
        return content(port, query_of(search))


def _register_putting_aside(callbacks: Callbacks, port: HospitalPort) -> None:
    @callbacks.add(
        Output(DIALOG, "opened"),
        Output(SHELVED_ID, "data"),
        Input({"type": SHELVE, "alarm": ALL}, "n_clicks"),
        permission=Permission.ALARMS_ACT,
        prevent_initial_call=True,
    )
    def ask_why(_clicks: list[int]) -> tuple[bool, str]:
        return True, str(pressed()["alarm"])

    @callbacks.add(
        Output(LIST, "children", allow_duplicate=True),
        Output(DIALOG, "opened", allow_duplicate=True),
        Output(REASON, "value"),
        Input(CONFIRM, "n_clicks"),
        State(SHELVED_ID, "data"),
        State(REASON, "value"),
        State(HOURS, "value"),
        State(URL, "search"),
        permission=Permission.ALARMS_ACT,
        prevent_initial_call=True,
    )
    def put_aside(
        _clicks: int, alarm: str, reason: str | None, hours: str, search: str
    ) -> tuple[list[Component], bool, str]:
        actions.shelve(port, alarm, hours=float(hours), reason=reason or "")
        return content(port, query_of(search)), False, ""


PAGE = Page(
    path="/alarms",
    title=mark("Alarms"),
    permission=Permission.ALARMS_READ,
    layout=layout,
    register=register,
    position=3,
    section=mark("Now"),
    icon="alarm",
)

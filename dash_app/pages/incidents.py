"""Incidents with devices.

Opened by the biomedical engineer and whoever was there, to say what happened, see how long the reporting clock still
runs, note the authority's reference, and close it; until then the device must not be used.
"""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from assets.model.incidents import Incident, Severity
from dash_app.actions import device_records as actions
from dash_app.pages.address import TICK
from dash_app.pages.asking import asks_first
from dash_app.pages.days import instant_entry
from dash_app.pages.device_field import device_field, register_device_fields
from dash_app.pages.fields import needed
from dash_app.pages.filters import detail_address, follow
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.states import empty, page_head, panel, shape
from dash_app.pages.tables import Cell, table
from dash_app.queries import device_records
from dash_app.queries.names import asset_name, staff_label
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes, device_words
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import duration, moment
from twin.access import Permission
from twin.clock import DAY_US
from twin.events.watch import AlarmPriority

CONTENT = "incidents-content"
TOLD = ("device", "severity", "happened", "aware", "case", "description", "evidence")
REPORT = "incidents-report"
SAID = "incidents-said"
CHOSEN = "incidents-chosen"
WORDS = "incidents-words"
NOTE = "incidents-note"
CLOSE = "incidents-close"
DONE = "incidents-done"
SOON_US = 2 * DAY_US


def _clock(one: Incident, now: int) -> Component | str:
    """Write how long the reporting clock still runs, or that it has run out."""
    if one.reported_at:
        return _("reported {time} as {reference}").format(time=moment(one.reported_at), reference=one.reference)
    if not one.due_at:
        return _("no clock runs")
    left = one.due_at - now
    if left <= 0:
        text = _("ran out {age} ago").format(age=duration(-left / 1e6))
        return html.Span([shape(AlarmPriority.HIGH), " ", text], className="status p1")
    text = _("{left} left, until {time}").format(left=duration(left / 1e6), time=moment(one.due_at))
    if left < SOON_US:
        return html.Span([shape(AlarmPriority.MEDIUM), " ", text], className="status p2")
    return text


def _open_table(port: HospitalPort, found: list[Incident]) -> Component:
    now = port.clock.now()
    rows: list[list[Cell]] = [
        [
            _clock(one, now),
            codes.code_text(device_words.SEVERITIES, one.severity.value),
            dcc.Link(asset_name(port.state(), one.asset), href=detail_address("devices", one.asset)),
            moment(one.happened_at),
            moment(one.aware_at),
            one.description,
            one.evidence or "–",
        ]
        for one in found
    ]
    headings = [
        _("Reporting clock"),
        _("How bad"),
        _("Device"),
        _("Happened"),
        _("Known since"),
        _("What happened"),
        _("Kept unchanged"),
    ]
    return table(_("Open incidents"), headings, rows)


def _closed_table(port: HospitalPort, found: list[Incident]) -> Component:
    rows: list[list[Cell]] = [
        [
            moment(one.closed_at),
            codes.code_text(device_words.SEVERITIES, one.severity.value),
            dcc.Link(asset_name(port.state(), one.asset), href=detail_address("devices", one.asset)),
            one.description,
            one.reference or "–",
            one.conclusion,
            staff_label(port.state(), one.closed_by),
        ]
        for one in found
    ]
    headings = [
        _("Closed"),
        _("How bad"),
        _("Device"),
        _("What happened"),
        _("Reported as"),
        _("Conclusion"),
        _("Closed by"),
    ]
    return table(_("Closed incidents"), headings, rows)


def content(port: HospitalPort, query: dict[str, str]) -> list[Component]:
    """Build the list of incidents.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    query : dict[str, str]
        ``closed`` is ``1`` to see those that are closed.
    """
    is_closed = query.get("closed") == "1"
    with port.read() as session:
        found = device_records.incidents(session, is_open=not is_closed)
    if not found:
        return [empty(_("No incident is kept here"), _("Report below what happened with a device."))]
    late = sum(0 < one.due_at <= port.clock.now() and not one.reported_at for one in found)
    text = _("Incidents: {count}, clocks that ran out: {late}").format(count=len(found), late=late)
    shown = _closed_table(port, found) if is_closed else _open_table(port, found)
    title = _("Closed incidents") if is_closed else _("Open incidents")
    return [html.P(text, className="summary"), html.Div([panel(title, shown, wide=True)], className="panels")]


def _clocks_text(port: HospitalPort) -> str:
    with port.read() as session:
        clocks = device_records.clocks(session)
    parts = [
        _("{severity}: {days} days ({source})").format(
            severity=codes.code_text(device_words.SEVERITIES, severity.value), days=clock.days, source=clock.source
        )
        for severity, clock in clocks.items()
    ]
    return "; ".join(parts)


def _reporting(port: HospitalPort, visit: Visit) -> Component:
    severities = codes.choices(device_words.SEVERITIES, [severity.value for severity in Severity])
    name = {field: f"incidents-{field}" for field in TOLD}
    return panel(
        _("Report an incident"),
        html.P(_("The device must not be used until the incident is closed. Write no patient's name.")),
        html.P(_("Clocks: {clocks}").format(clocks=_clocks_text(port)), className="secondary"),
        html.Div(
            className="filters",
            children=[
                device_field(port, name["device"], value=visit.query.get("device", "")),
                dmc.Select(
                    id=name["severity"],
                    label=_("How bad"),
                    data=severities,
                    value=Severity.NEAR_MISS.value,
                    allowDeselect=False,
                    w=280,
                    comboboxProps={"withinPortal": False},
                ),
                instant_entry(name["happened"], _("Happened at; empty for now")),
                instant_entry(name["aware"], _("Known since; empty for now")),
                dmc.TextInput(id=name["case"], label=_("Pseudonym of the case"), w=180),
                dmc.Textarea(id=name["description"], label=_("What happened"), w=420, autosize=True, minRows=2),
                dmc.TextInput(id=name["evidence"], label=_("What is kept unchanged"), w=320),
                html.Button(_("Report the incident"), id=REPORT, className="action primary", n_clicks=0),
            ],
        ),
        html.P(id=SAID, role="status"),
        wide=True,
    )


def _choices(port: HospitalPort) -> list[dict[str, str]]:
    with port.read() as session:
        found = device_records.incidents(session, is_open=True)
    return [
        {"value": one.id, "label": f"{asset_name(port.state(), one.asset)} · {one.description[:60]}"} for one in found
    ]


def _settling(port: HospitalPort) -> Component:
    return panel(
        _("Note its report, or close it"),
        html.P(_("Your name and the time are kept. Whoever reports it enters the number that was received.")),
        html.Div(
            className="filters",
            children=[
                dmc.Select(
                    id=CHOSEN,
                    label=_("Incident"),
                    data=_choices(port),
                    w=420,
                    searchable=True,
                    comboboxProps={"withinPortal": False},
                    nothingFoundMessage=_("Nothing found"),
                ),
                dmc.TextInput(id=WORDS, label=_("Reference or conclusion"), w=360),
                html.Button(_("It was reported"), id=NOTE, className="action primary", n_clicks=0),
                asks_first(
                    html.Button(_("Close the incident"), id=CLOSE, className="action", n_clicks=0),
                    _("The device may be used again, and the incident cannot be opened again."),
                    *(CHOSEN, WORDS),
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
        _("Open incidents") if closed else _("Closed incidents"),
        href="/ui/incidents" if closed else "/ui/incidents?closed=1",
        className="action",
    )
    parts = [
        page_head(_("Incidents"), _("What happened with devices, and how long there is to report it."), other),
        html.Div(content(port, dict(visit.query)), id=CONTENT),
        html.Div(_reporting(port, visit), className="below"),
    ]
    if port.actor().may(Permission.DEVICES_WRITE):
        parts.append(html.Div(_settling(port), className="below"))
    return html.Div(parts)


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register refresh, reporting, noting and closing."""
    register_device_fields(callbacks, port, "incidents-device")
    follow(callbacks, CONTENT, lambda query: content(port, query), permission=Permission.DEVICES_READ)

    @callbacks.add(
        Output(SAID, "children"),
        Output(CONTENT, "children", allow_duplicate=True),
        Input(REPORT, "n_clicks"),
        *[State(f"incidents-{field}", "value") for field in TOLD],
        permission=Permission.DEVICES_READ,
        prevent_initial_call=True,
    )
    def report(_clicks: int, *entered: str | None) -> Any:
        kept = actions.report_incident(port, dict(zip(TOLD, entered, strict=True)))
        text = _("Reported. The device must not be used.")
        if kept.due_at:
            text = _("Reported. The device must not be used. Report it by {time}.").format(time=moment(kept.due_at))
        return text, content(port, {})

    _register_settling(callbacks, port)


def _register_settling(callbacks: Callbacks, port: HospitalPort) -> None:
    outputs = (
        Output(DONE, "children", allow_duplicate=True),
        Output(CHOSEN, "data", allow_duplicate=True),
        Output(CONTENT, "children", allow_duplicate=True),
    )
    given = (State(CHOSEN, "value"), State(WORDS, "value"))

    @callbacks.add(
        Output(CHOSEN, "data"), Input(TICK, "data"), permission=Permission.DEVICES_WRITE, prevent_initial_call=True
    )
    def offer_what_was_reported(_tick: Any) -> list[dict[str, str]]:
        return _choices(port)

    @callbacks.add(
        *outputs, Input(NOTE, "n_clicks"), *given, permission=Permission.DEVICES_WRITE, prevent_initial_call=True
    )
    def note(_clicks: int, chosen: str | None, words: str | None) -> Any:
        actions.note_report(port, needed(chosen, _("Incident")), words or "")
        return _("Noted: its clock has stopped."), _choices(port), content(port, {})

    @callbacks.add(
        *outputs, Input(CLOSE, "n_clicks"), *given, permission=Permission.DEVICES_WRITE, prevent_initial_call=True
    )
    def close(_clicks: int, chosen: str | None, words: str | None) -> Any:
        actions.close_incident(port, needed(chosen, _("Incident")), words or "")
        return _("Closed."), _choices(port), content(port, {})


PAGE = Page(
    path="/incidents",
    title=mark("Incidents"),
    permission=Permission.DEVICES_READ,
    layout=layout,
    register=register,
    position=13,
    section=mark("Devices"),
    icon="alarm",
)

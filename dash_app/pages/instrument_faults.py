"""Parts of the page of sets: instruments that were found faulty, and the cases that they may have reached."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from assets.service.instrument_faults import Exposure
from dash_app.actions import instruments as actions
from dash_app.pages.address import address_of
from dash_app.pages.fields import needed
from dash_app.pages.guard import Callbacks
from dash_app.pages.states import panel, shape
from dash_app.pages.tables import Cell, table
from dash_app.queries import instruments
from dash_app.queries.names import staff_label
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes, device_words
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.moments import moment
from twin.access import Permission
from twin.events.watch import AlarmPriority

FAULT_FIELDS = ("mark", "kind", "note")
REPORT, MEND, SAID = "faults-report", "faults-mend", "faults-said"
OPEN = "faults-open"


def exposure_text(found: Exposure) -> Component:
    """Write which cases a fault may have reached; act where there is one."""
    cases = found.cases
    if not cases:
        return html.P(_("No case was reached since it was last in hand."))
    text = _("Cases that it may have reached ({count}): {cases}").format(count=len(cases), cases=", ".join(cases))
    return html.P([shape(AlarmPriority.HIGH), " ", text], className="status p1")


def faults_part(port: HospitalPort, mark: str) -> Component:
    """Build the faults of one instrument with what they may have reached."""
    with port.read() as session:
        found = instruments.faults(session, mark=mark)
    parts: list[Component] = []
    for one in found:
        fault = one.fault
        head = _("{what}, found {time} by {who}: {note}").format(
            what=codes.code_text(device_words.FAULTS, fault.kind.value),
            time=moment(fault.found_at),
            who=staff_label(port.state(), fault.actor),
            note=fault.note,
        )
        end = _("faulty since then")
        if fault.mended_at:
            end = _("dealt with {time}: {outcome}").format(time=moment(fault.mended_at), outcome=fault.outcome)
        parts += [html.P(f"{head} · {end}"), exposure_text(one)]
    return html.Div([html.H3(_("Faults")), *parts]) if parts else html.Div()


def open_faults(port: HospitalPort) -> list[Component]:
    """Build the list of instruments that are faulty now; nothing if there is none."""
    with port.read() as session:
        found = instruments.faults(session)
    if not found:
        return []
    rows: list[list[Cell]] = [
        [
            dcc.Link(one.fault.instrument, href=address_of("sets", instrument=one.fault.instrument)),
            codes.code_text(device_words.FAULTS, one.fault.kind.value),
            one.fault.note,
            moment(one.fault.found_at),
            ", ".join(one.cases) or _("none"),
        ]
        for one in found
    ]
    title = _("Faulty instruments")
    headings = [_("Mark"), _("What is wrong"), _("Note"), _("Found"), _("Cases that it may have reached")]
    return [panel(title, table(title, headings, rows), wide=True)]


def fault_desk(port: HospitalPort) -> list[Component]:
    """Build the form by which a fault is told, and what was done about it."""
    actor = port.actor()
    if not actor.may(Permission.TASKS_DO):
        return []
    mend = html.Button(_("It was dealt with"), id=MEND, className="action", n_clicks=0)
    return [
        panel(
            _("A faulty instrument"),
            html.P(
                _("Cases since it was last in hand are told at once, and its set is not issued until it is mended.")
            ),
            html.Div(
                [
                    dmc.TextInput(id="faults-mark", label=_("Mark of an instrument"), w=220),
                    dmc.Select(
                        id="faults-kind",
                        label=_("What is wrong"),
                        data=codes.choices(device_words.FAULTS, list(device_words.FAULTS)),
                        w=240,
                        comboboxProps={"withinPortal": False},
                    ),
                    dmc.TextInput(id="faults-note", label=_("In words, or what was done"), w=360),
                    html.Button(_("It is faulty"), id=REPORT, className="action primary", n_clicks=0),
                    *([mend] if actor.may(Permission.DEVICES_WRITE) else []),
                ],
                className="filters",
            ),
            html.Div(id=SAID, role="status"),
            wide=True,
        )
    ]


def register_faults(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register telling of a fault and of what was done about it."""
    outputs = (Output(SAID, "children", allow_duplicate=True), Output(OPEN, "children", allow_duplicate=True))
    given = [State(f"faults-{field}", "value") for field in FAULT_FIELDS]

    @callbacks.add(
        *outputs, Input(REPORT, "n_clicks"), *given, permission=Permission.TASKS_DO, prevent_initial_call=True
    )
    def report(_clicks: int, mark: str | None, kind: str | None, note: str | None) -> Any:
        found = actions.report_fault(
            port,
            mark=needed(mark, _("Mark of an instrument")),
            kind=needed(kind, _("What is wrong")),
            note=needed(note, _("In words, or what was done")),
        )
        return exposure_text(found), open_faults(port)

    @callbacks.add(
        *outputs, Input(MEND, "n_clicks"), *given, permission=Permission.DEVICES_WRITE, prevent_initial_call=True
    )
    def mend(_clicks: int, mark: str | None, _kind: str | None, note: str | None) -> Any:
        kept = actions.mend_fault(
            port,
            mark=needed(mark, _("Mark of an instrument")),
            outcome=needed(note, _("In words, or what was done")),
        )
        return _("Noted: {what}").format(what=f"{kept.instrument}: {kept.outcome}"), open_faults(port)

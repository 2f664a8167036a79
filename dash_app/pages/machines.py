"""Machines and programmes.

Opened by the biomedical engineer, to see by which limits each reprocessing machine is judged and where those come from,
and to set up a machine before its first cycle. Next one looks at the reprocessing board.
"""

from __future__ import annotations

from typing import Any

from dash import Input, Output, dcc, html, no_update
from dash.development.base_component import Component

from assets.model.programme import Programme
from assets.rules.setup_text import programmes_text
from dash_app.pages.address import URL, address_of, query_of
from dash_app.pages.guard import Callbacks
from dash_app.pages.machine_desk import desks, filled_machine, filled_programme, register_desks
from dash_app.pages.page import Page, Visit
from dash_app.pages.states import empty, page_head, panel, shape, since
from dash_app.pages.tables import Cell, table
from dash_app.queries import machines
from dash_app.queries.names import asset_name
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes, device_words
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import duration, number
from twin.access import Permission
from twin.events.watch import AlarmPriority

CONTENT = "machines-content"


def _found(port: HospitalPort) -> machines.SetUp:
    with port.read() as session:
        return machines.set_up(session)


def _machines(port: HospitalPort, found: machines.SetUp) -> Component:
    now = port.clock.now()
    rows: list[list[Cell]] = [
        [
            dcc.Link(
                asset_name(port.state(), line.machine.id),
                href=address_of("machines", machine=line.machine.id),
            ),
            codes.code_text(device_words.MACHINE_KINDS, line.machine.kind.value),
            programmes_text(line.machine.programmes) or _no_programme(),
            line.machine.telemetry_device,
            codes.code_text(device_words.LEADING, line.machine.leading),
            line.cycles,
            since(line.last_at, now) if line.last_at else _("never"),
        ]
        for line in found.machines
    ]
    headings = [
        _("Machine"),
        _("How it works"),
        _("Programme by its code"),
        _("Device of the gateway"),
        _("A cycle is known by"),
        _("Cycles"),
        _("Last cycle began"),
    ]
    return table(_("Machines"), headings, rows)


def _no_programme() -> Component:
    text = _("none: every cycle stays undetermined")
    return html.Span([shape(AlarmPriority.LOW), " ", text], className="status p3")


def criteria_text(programme: Programme) -> str:
    """Write what a programme asks for beside band and time."""
    parts = []
    if programme.min_f0_minutes:
        parts.append(_("F0 at least {value} min").format(value=number(programme.min_f0_minutes, 1)))
    if programme.min_a0_s:
        parts.append(_("A0 at least {value} s").format(value=number(programme.min_a0_s)))
    if programme.pulses is not None:
        parts.append(
            _("{count} vacuum pulses from {low} to {high} kPa").format(
                count=programme.pulses.count,
                low=number(programme.pulses.low_kpa, 1),
                high=number(programme.pulses.high_kpa, 1),
            )
        )
    if programme.drying is not None:
        parts.append(
            _("drying at {pressure} kPa for {time}").format(
                pressure=number(programme.drying.pressure_kpa, 1), time=duration(programme.drying.duration_s)
            )
        )
    return "; ".join(parts) or "–"


def _evidence(programme: Programme) -> str:
    required = sorted(each.value for each in programme.required)
    return ", ".join(codes.code_text(device_words.EVIDENCE, one) for one in required)


def _source(programme: Programme) -> Component | str:
    told = " · ".join(part for part in (programme.source, programme.edition) if part)
    if told:
        return told
    text = _("no source named: check it before use")
    return html.Span([shape(AlarmPriority.LOW), " ", text], className="status p3")


def _programmes(found: machines.SetUp) -> Component:
    rows: list[list[Cell]] = [
        [
            dcc.Link(
                line.programme.name or line.programme.id,
                href=address_of("machines", programme=line.programme.id),
            ),
            line.programme.id,
            codes.code_text(device_words.MACHINE_KINDS, line.programme.kind.value),
            _("{low} to {high} °C").format(
                low=number(line.programme.band_low_c, 1), high=number(line.programme.band_high_c, 1)
            ),
            duration(line.programme.required_hold_s),
            criteria_text(line.programme),
            _evidence(line.programme),
            _source(line.programme),
            line.cycles,
        ]
        for line in found.programmes
    ]
    headings = [
        _("Programme"),
        _("Key"),
        _("How it works"),
        _("Band"),
        _("Time in the band"),
        _("Further criteria"),
        _("Required evidence"),
        _("Source"),
        _("Cycles judged"),
    ]
    return table(_("Programmes"), headings, rows)


def content(port: HospitalPort) -> list[Component]:
    """Build the lists of machines and programmes."""
    found = _found(port)
    if not found.machines and not found.programmes:
        why = _("No machine is set up")
        cure = _("Enter a programme with its limits, then the machine that runs it; or import both from sheets.")
        sheets = "/ui/imports?kind=programmes" if port.actor().may(Permission.IMPORT_RUN) else ""
        return [empty(why, cure, link=sheets, link_text=_("Import from a sheet"))]
    summary = _("Machines: {machines}, programmes: {programmes}").format(
        machines=len(found.machines), programmes=len(found.programmes)
    )
    parts = [
        panel(_("Machines"), _machines(port, found), wide=True),
        panel(_("Programmes"), _programmes(found), wide=True),
    ]
    return [html.P(summary, className="summary"), html.Div(parts, className="panels")]


def _links(port: HospitalPort) -> list[Component]:
    if not port.actor().may(Permission.IMPORT_RUN):
        return []
    sheets = [("machines", _("Machines as a sheet")), ("programmes", _("Programmes as a sheet"))]
    return [
        dcc.Link(_("Import from a sheet"), href=address_of("imports", kind="machines"), className="action"),
        *[
            html.A(text, href=f"/v1/imports/{kind}/sheet", download=f"{kind}.csv", className="action")
            for kind, text in sheets
        ],
    ]


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page; an address with a machine or a programme fills its form."""
    lead = _("By which limits cycles are judged, and where those come from. A change counts for cycles to come.")
    parts = [
        page_head(_("Machines and programmes"), lead, *_links(port)),
        html.Div(content(port), id=CONTENT),
    ]
    if port.actor().may(Permission.DEVICES_WRITE):
        parts += desks(port, _found(port), dict(visit.query))
    return html.Div(parts)


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register choosing what is edited, and the forms; set-ups change a few times a year, so nothing refreshes."""

    @callbacks.add(
        *[Output(identifier, "value", allow_duplicate=True) for identifier in (*filled_programme(), *filled_machine())],
        Input(URL, "search"),
        permission=Permission.DEVICES_WRITE,
        prevent_initial_call=True,
    )
    def choose(search: str) -> list[Any]:
        query, found = query_of(search), _found(port)
        programme = found.programme(query.get("programme", ""))
        machine = found.machine(query.get("machine", ""))
        # The form of what was not chosen keeps what somebody has begun to enter there.
        filled = list((filled_programme(programme) if programme is not None else {}).values())
        other = list((filled_machine(machine) if machine is not None else {}).values())
        return [
            *(filled or [no_update] * len(filled_programme())),
            *(other or [no_update] * len(filled_machine())),
        ]

    register_desks(callbacks, port, Output(CONTENT, "children", allow_duplicate=True), lambda: content(port))


PAGE = Page(
    path="/machines",
    title=mark("Machines and programmes"),
    permission=Permission.DEVICES_READ,
    layout=layout,
    register=register,
    position=24,
    section=mark("Sterile supply"),
    icon="reprocessing",
)

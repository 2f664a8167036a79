"""Reprocessing.

Opened by sterile supply and the biomedical engineer, to see what each cycle's evidence says and to sign for its load. A
cycle that passed is not yet a released load: a person signs.
"""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from assets.rules.interlock import StartCheck
from dash_app.actions import reprocessing as actions
from dash_app.charts.series import Axes, Limit
from dash_app.charts.series import cycle as cycle_chart
from dash_app.pages.address import TICK, address_of
from dash_app.pages.asking import asks_first
from dash_app.pages.fields import needed
from dash_app.pages.filters import follow
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.printouts import printout_panel, register_printouts
from dash_app.pages.proofs import proofs_panel, register_proofs
from dash_app.pages.reader import chart_config, palette
from dash_app.pages.room_turnaround import turnaround_panel
from dash_app.pages.states import attributes, empty, page_head, panel, shape, since
from dash_app.pages.tables import Cell, table
from dash_app.queries import reprocessing
from dash_app.queries.names import asset_name
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes, device_words
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import duration, moment, number
from dash_app.texts.verdict_words import reason_text
from twin.access import Permission
from twin.events.supply import Verdict
from twin.events.watch import AlarmPriority

CONTENT = "reprocessing-content"
LOAD = "reprocessing-load"
NOTE = "reprocessing-note"
RELEASE = "reprocessing-release"
REJECT = "reprocessing-reject"
DEVIATE = "reprocessing-deviate"
SIGNED = "reprocessing-signed"
_LEVEL = {Verdict.FAIL: AlarmPriority.HIGH, Verdict.UNDETERMINED: AlarmPriority.MEDIUM}


def _verdict(line: reprocessing.CycleLine) -> Component:
    if line.judgement is None:
        return html.Span(_("running") if not line.end_at else _("not judged"))
    verdict = line.judgement.verdict
    text = codes.code_text(codes.VERDICTS, verdict.value)
    level = _LEVEL.get(verdict)
    if level is None:
        return html.Span(text)
    return html.Span([shape(level), text], className=f"status {level.value.lower()}")


def _reasons(line: reprocessing.CycleLine) -> str:
    if line.judgement is None:
        return ""
    return "; ".join(reason_text(reason.code) for reason in line.judgement.reasons)


def _cycle_table(port: HospitalPort, lines: list[reprocessing.CycleLine]) -> Component:
    rows: list[list[Cell]] = [
        [
            dcc.Link(moment(line.start_at), href=address_of("reprocessing", cycle=line.id)),
            asset_name(port.state(), line.machine),
            line.programme or "–",
            _verdict(line),
            _reasons(line),
            duration(line.judgement.hold_s) if line.judgement is not None else "",
            number(line.judgement.f0_minutes, 1) if line.judgement is not None else "",
            codes.code_text(device_words.LOAD_STATES, line.load_state),
            line.items,
        ]
        for line in lines
    ]
    headings = [
        _("Begun"),
        _("Machine"),
        _("Programme"),
        _("What the evidence says"),
        _("Reasons"),
        _("Time in the band"),
        _("F0, minutes"),
        _("Load"),
        _("Things in it"),
    ]
    return table(_("Latest cycles"), headings, rows)


def _machines(port: HospitalPort, found: list[reprocessing.MachineNow]) -> Component:
    now = port.clock.now()
    rows: list[list[Cell]] = [
        [
            machine.name,
            _("cycle runs since {time}").format(time=moment(machine.cycle_started_at))
            if machine.cycle
            else _("no cycle runs"),
            since(machine.told_at, now),
        ]
        for machine in found
    ]
    return table(_("Machines"), [_("Machine"), _("Now"), _("Told")], rows)


def _celsius(value: float | None) -> str:
    return "–" if value is None else number(value, 1)


def _curve_panel(port: HospitalPort, line: reprocessing.CycleLine) -> Component:
    store = reprocessing.store_of(port.services.get("telemetry"))
    title = _("Cycle of {machine}, begun {time}").format(
        machine=asset_name(port.state(), line.machine), time=moment(line.start_at)
    )
    if store is None:
        return panel(
            title, empty(_("No samples are kept here"), _("Connect the machine through a gateway.")), wide=True
        )
    with port.read() as session:
        curve = reprocessing.curve(session, line.id, store)
    if not curve.minutes:
        return panel(title, empty(_("No samples of this cycle"), _("It was entered by hand.")), wide=True)
    sensors = [(_("Control sensor"), curve.control_c), (_("Record sensor"), curve.record_c)]
    lines = [(name, curve.minutes, values) for name, values in sensors if values]
    limit = None
    if curve.band_high_c:
        label = _("band {low} to {high} °C for {hold}").format(
            low=number(curve.band_low_c, 1), high=number(curve.band_high_c, 1), hold=duration(curve.required_hold_s)
        )
        limit = Limit(low=curve.band_low_c, high=curve.band_high_c, label=label)
    figure = cycle_chart(lines, Axes(x=_("Minutes"), y=_("Temperature, °C")), palette(), limit=limit)
    step = max(1, len(curve.minutes) // 120)
    rows: list[list[Cell]] = [
        [number(curve.minutes[i], 1), *(_celsius(values[i]) for _name, _x, values in lines)]
        for i in range(0, len(curve.minutes), step)
    ]
    return panel(
        title,
        html.P(_verdict(line)),
        html.P(_reasons(line)),
        html.Div(
            dcc.Graph(figure=figure, config=chart_config(), style={"height": "320px"}),
            role="img",
            **attributes(aria_label=title),
        ),
        html.Details(
            [html.Summary(_("Table view")), table(title, [_("Minutes"), *(name for name, _x, _y in lines)], rows)],
            className="as-table",
        ),
        wide=True,
    )


def _start_text(found: StartCheck) -> str:
    told = [reason_text(code) for code in found.reasons]
    told += [f"{one.item}: {reason_text(one.code)}" for one in found.items]
    told += [_("perhaps: {reason}").format(reason=reason_text(code)) for code in found.warnings]
    return "; ".join(told)


def _waiting_table(port: HospitalPort, found: list[StartCheck]) -> Component:
    rows: list[list[Cell]] = [
        [
            one.load,
            asset_name(port.state(), one.machine),
            _("may be started")
            if one.may_start
            else html.Span([shape(AlarmPriority.MEDIUM), _("better not yet")], className="status medium"),
            _start_text(one),
        ]
        for one in found
    ]
    return table(_("Loads that wait to be started"), [_("Load"), _("Machine"), _("Now"), _("Reasons")], rows)


def content(port: HospitalPort, query: dict[str, str]) -> list[Component]:
    """Build the board.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    query : dict[str, str]
        ``cycle``, whose curve is shown.
    """
    with port.read() as session:
        machines = reprocessing.machines(session, port.state())
        lines, pending = reprocessing.cycles(session), reprocessing.pending(session)
        starts = reprocessing.starts(session, port.clock.now())
    if not machines and not lines:
        return [empty(_("No machine is set up"), _("Register sterilizers and washers, then connect them."))]
    shown = next((line for line in lines if line.id == query.get("cycle")), None)
    summary = _("Cycles shown: {count}, loads that wait for a signature: {waiting}").format(
        count=len(lines), waiting=len(pending)
    )
    parts = [html.P(summary, className="summary")]
    panels = [_curve_panel(port, shown)] if shown is not None else []
    if starts:
        panels.append(panel(_("Loads that wait to be started"), _waiting_table(port, starts), wide=True))
    panels += [
        panel(_("Latest cycles"), _cycle_table(port, lines), wide=True),
        panel(_("Machines"), _machines(port, machines), wide=True),
    ]
    return [*parts, html.Div(panels, className="panels")]


def _pending(port: HospitalPort) -> list[dict[str, str]]:
    with port.read() as session:
        lines = reprocessing.pending(session)
    return [{"value": line.load, "label": _pending_text(port, line)} for line in lines]


def _pending_text(port: HospitalPort, line: reprocessing.CycleLine) -> str:
    text = f"{asset_name(port.state(), line.machine)} · {moment(line.end_at)}"
    if line.against:
        reasons = ", ".join(reason_text(code) for code in line.against)
        return " · ".join([text, _("against it: {reasons}").format(reasons=reasons)])
    return text


def _signing(port: HospitalPort) -> Component:
    return panel(
        _("Sign for a load"),
        html.P(_("Your name and the time are kept with the signature. It cannot be taken back.")),
        html.Div(
            className="filters",
            children=[
                dmc.Select(id=LOAD, label=_("Load"), data=_pending(port), w=420),
                dmc.TextInput(id=NOTE, label=_("Remark or reason")),
                asks_first(
                    html.Button(_("Release"), id=RELEASE, className="action primary", n_clicks=0),
                    _("The sets of the load may be used on patients. The signature cannot be taken back."),
                    *(LOAD, NOTE),
                ),
                asks_first(
                    html.Button(_("Reject"), id=REJECT, className="action", n_clicks=0),
                    _("All sets of the load must be reprocessed. The signature cannot be taken back."),
                    *(LOAD, NOTE),
                ),
                html.Button(_("Name a deviation"), id=DEVIATE, className="action", n_clicks=0),
            ],
        ),
        html.P(id=SIGNED, role="status"),
        wide=True,
    )


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    lead = _("Cycles, what their evidence says, and loads that wait for a signature. Passed is not yet released.")
    parts = [page_head(_("Reprocessing"), lead), html.Div(content(port, dict(visit.query)), id=CONTENT)]
    if port.actor().may(Permission.LOADS_RELEASE):
        desks = (_signing(port), proofs_panel(port), printout_panel(port))
        parts += [html.Div(desk, className="below") for desk in desks]
    # Not part of what refreshes: a week's history is read once when the page opens.
    parts.append(html.Div(turnaround_panel(port), className="below"))
    return html.Div(parts)


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register the refresh and the signatures."""
    follow(callbacks, CONTENT, lambda query: content(port, query), permission=Permission.DEVICES_READ)

    @callbacks.add(
        Output(LOAD, "data", allow_duplicate=True),
        Input(TICK, "data"),
        permission=Permission.LOADS_RELEASE,
        prevent_initial_call=True,
    )
    def offer_what_has_ended(_tick: Any) -> list[dict[str, str]]:
        # Cycles end while the page is open: whoever signs must not have to load it anew.
        return _pending(port)

    _register_signatures(callbacks, port)
    shown = (Output(LOAD, "data", allow_duplicate=True), Output(CONTENT, "children", allow_duplicate=True))
    register_printouts(callbacks, port, shown, lambda: (_pending(port), content(port, {})))
    register_proofs(callbacks, port, shown[1], lambda: content(port, {}))


def _register_signatures(callbacks: Callbacks, port: HospitalPort) -> None:
    outputs = (
        Output(SIGNED, "children", allow_duplicate=True),
        Output(LOAD, "data", allow_duplicate=True),
        Output(LOAD, "value", allow_duplicate=True),
    )
    given = (State(LOAD, "value"), State(NOTE, "value"))

    @callbacks.add(
        *outputs, Input(RELEASE, "n_clicks"), *given, permission=Permission.LOADS_RELEASE, prevent_initial_call=True
    )
    def release(_clicks: int, load: str | None, note: str | None) -> Any:
        load = needed(load, _("Load"))
        is_released = actions.release(port, load, note or "")
        text = _("Released.") if is_released else _("Signed; another person must sign as well.")
        return text, _pending(port), None

    @callbacks.add(
        *outputs, Input(REJECT, "n_clicks"), *given, permission=Permission.LOADS_RELEASE, prevent_initial_call=True
    )
    def reject(_clicks: int, load: str | None, note: str | None) -> Any:
        load = needed(load, _("Load"))
        actions.reject(port, load, note or "")
        return _("Rejected: the load must be reprocessed."), _pending(port), None

    @callbacks.add(
        *outputs, Input(DEVIATE, "n_clicks"), *given, permission=Permission.LOADS_RELEASE, prevent_initial_call=True
    )
    def deviate(_clicks: int, load: str | None, note: str | None) -> Any:
        load = needed(load, _("Load"))
        actions.name_deviation(port, load, note or "")
        return _("Deviation noted; another person must now release the load."), _pending(port), load


PAGE = Page(
    path="/reprocessing",
    title=mark("Reprocessing"),
    permission=Permission.DEVICES_READ,
    layout=layout,
    register=register,
    position=22,
    section=mark("Sterile supply"),
    icon="reprocessing",
)

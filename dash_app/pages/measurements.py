"""Calibrations and electrical safety tests.

Opened by the biomedical engineer, to see which calibration runs out next, what was found and left, and which results an
instrument out of tolerance puts in doubt; and to enter a calibration or a safety test.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from assets.model.electrical import Method, Quantity
from assets.model.measurements import CalibrationPoint, DecisionRule, Result
from assets.service.measured import Measured
from assets.service.measuring import Trace
from dash_app.actions import device_records as actions
from dash_app.pages.address import URL, query_of
from dash_app.pages.days import day_entry, instant_entry
from dash_app.pages.device_field import device_field, register_device_fields
from dash_app.pages.device_life import detail_text
from dash_app.pages.filters import detail_address
from dash_app.pages.guard import Callbacks
from dash_app.pages.lines import Field, Lines, register_sheet, sheet
from dash_app.pages.page import Page, Visit
from dash_app.pages.states import empty, page_head, panel, shape
from dash_app.pages.tables import Cell, table
from dash_app.queries import device_records
from dash_app.queries.names import asset_name
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes, device_words
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import duration, moment, number, percent
from twin.access import Permission
from twin.clock import DAY_US
from twin.events.watch import AlarmPriority

CONTENT = "measured-content"
TOLD = ("device", "instrument", "certificate", "laboratory", "at", "valid_until", "rule")
POINTS = Lines(key="measured-points", keys=actions.POINT_FIELDS)
ENTER = "measured-enter"
SAID = "measured-said"
TESTED = ("device", "instrument", "class", "method", "leakage", "part", "part-leakage", "earth-path", "earth")
VISUAL = "safety-visual"
FUNCTIONAL = "safety-functional"
TEST = "safety-enter"
TEST_SAID = "safety-said"
SOON_US = 30 * DAY_US
SHOWN = 100
_FOREVER = 2**62  # a span in doubt that has not ended


def _device(port: HospitalPort, asset: str) -> Component | str:
    return dcc.Link(asset_name(port.state(), asset), href=detail_address("devices", asset)) if asset else "–"


def _due_text(valid_until: int, now: int) -> Component | str:
    if not valid_until:
        return _("no date set")
    left = valid_until - now
    if left <= 0:
        text = _("ran out {age} ago").format(age=duration(-left / 1e6))
        return html.Span([shape(AlarmPriority.MEDIUM), " ", text], className="status p2")
    text = moment(valid_until)
    if left < SOON_US:
        return html.Span([shape(AlarmPriority.LOW), " ", text], className="status p3")
    return text


def _due(port: HospitalPort, board: device_records.CalibrationBoard) -> Component:
    now = port.clock.now()
    rows: list[list[Cell]] = [
        [
            _due_text(one.valid_until, now),
            _device(port, one.asset),
            moment(one.at),
            one.certificate or "–",
            percent(one.worst_share),
            _("within tolerance") if one.is_left_good else _("out of tolerance"),
        ]
        for one in board.due
    ]
    headings = [
        _("Due"),
        _("Device"),
        _("Calibrated"),
        _("Certificate"),
        _("Greatest deviation found, of its tolerance"),
        _("As left"),
    ]
    return table(_("Calibrations due"), headings, rows, most=SHOWN)


def _verdict(result: Result) -> Component | str:
    if result.is_flagged:
        text = _("in doubt: its instrument was out of tolerance")
        return html.Span([shape(AlarmPriority.MEDIUM), " ", text], className="status p2")
    return _("passed") if result.is_passed else _("failed")


def _point_text(point: CalibrationPoint) -> str:
    left = point.as_found if point.as_left is None else point.as_left
    return _("{quantity} {nominal} {unit}: found {found}, left {left}, allowed ± {tolerance}").format(
        quantity=point.quantity,
        nominal=f"{point.nominal:g}",
        unit=point.unit,
        found=f"{point.as_found:g}",
        left=f"{left:g}",
        tolerance=f"{point.tolerance:g}",
    )


def _calibrations(port: HospitalPort, found: tuple[Measured, ...]) -> Component:
    rows: list[list[Cell]] = []
    for one in found:
        if one.calibration is None:
            continue
        rows.append(
            [
                moment(one.result.at),
                _device(port, one.result.asset),
                _verdict(one.result),
                html.Ul([html.Li(_point_text(point)) for point in one.calibration.points], className="plain"),
                _device(port, one.result.instrument),
                " · ".join(part for part in (one.calibration.certificate, one.calibration.laboratory) if part) or "–",
            ]
        )
    headings = [
        _("When"),
        _("Device"),
        _("As found"),
        _("Points"),
        _("Instrument"),
        _("Certificate"),
    ]
    return table(_("Calibrations"), headings, rows) if rows else html.P(_("Nothing is kept yet."))


def _safety_tests(port: HospitalPort, found: tuple[Measured, ...]) -> Component:
    rows: list[list[Cell]] = []
    for one in found:
        if one.safety_test is None:
            continue
        values = [
            f"{codes.code_text(device_words.MEASURED, value.quantity.value)}: {number(value.value, 1)} "
            f"({' '.join(part for part in (value.subject, value.method.value) if part)})"
            for value in one.safety_test.measurements
        ]
        rows.append(
            [
                moment(one.result.at),
                _device(port, one.result.asset),
                _verdict(one.result),
                html.Ul([html.Li(text) for text in values], className="plain"),
                "; ".join(detail_text(code) for code in one.result.details) or "–",
                _device(port, one.result.instrument),
            ]
        )
    headings = [_("When"), _("Device"), _("Result"), _("Measured"), _("To be noticed"), _("Tester")]
    return table(_("Electrical safety tests"), headings, rows) if rows else html.P(_("Nothing is kept yet."))


def _doubt(port: HospitalPort, traces: tuple[Trace, ...]) -> Component:
    rows: list[list[Cell]] = [
        [
            _device(port, trace.instrument),
            "; ".join(_span_text(after, until) for after, until in trace.spans),
            len(trace.results),
            dcc.Link(
                _("Show what is in doubt"), href=f"/ui/calibrations?instrument={quote(trace.instrument, safe='')}"
            ),
        ]
        for trace in traces
    ]
    headings = [_("Instrument"), _("Time in doubt"), _("Results in doubt"), _("Trace")]
    return table(_("Instruments out of tolerance"), headings, rows)


def _span_text(after: int, until: int) -> str:
    begins = moment(after) if after > 0 else _("its first use")
    ends = moment(until) if until < _FOREVER else _("until now")
    return f"{begins} – {ends}"


def _traced(port: HospitalPort, trace: Trace) -> Component:
    title = _("In doubt because of {instrument}").format(instrument=asset_name(port.state(), trace.instrument))
    rows: list[list[Cell]] = [
        [
            _device(port, result.asset),
            codes.code_text(device_words.WORK_KINDS, result.kind.value),
            moment(result.at),
            _("passed") if result.is_passed else _("failed"),
        ]
        for result in trace.results
    ]
    devices = len({result.asset for result in trace.results})
    text = _("Devices to be tested again: {devices}, results: {results}").format(devices=devices, results=len(rows))
    return panel(
        title, html.P(text), table(title, [_("Device"), _("What"), _("When"), _("Said then")], rows), wide=True
    )


def content(port: HospitalPort, query: dict[str, str]) -> list[Component]:
    """Build the board.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    query : dict[str, str]
        ``instrument``, whose results in doubt are shown.
    """
    with port.read() as session:
        board = device_records.calibration_board(session)
    if not board.due and not board.safety_tests:
        return [empty(_("Nothing is measured yet"), _("Enter a calibration or a safety test below."))]
    now = port.clock.now()
    late = sum(0 < one.valid_until <= now for one in board.due)
    text = _("Calibrated: {count}, run out: {late}, instruments in doubt: {doubt}").format(
        count=len(board.due), late=late, doubt=len(board.in_doubt)
    )
    panels = [_traced(port, trace) for trace in board.in_doubt if trace.instrument == query.get("instrument")]
    if board.in_doubt:
        panels.append(panel(_("Instruments out of tolerance"), _doubt(port, board.in_doubt), wide=True))
    panels += [
        panel(_("Calibrations due"), _due(port, board), wide=True),
        panel(_("Calibrations"), _calibrations(port, board.calibrations), wide=True),
        panel(_("Electrical safety tests"), _safety_tests(port, board.safety_tests), wide=True),
    ]
    return [html.P(text, className="summary"), html.Div(panels, className="panels")]


def _point_fields() -> list[Field]:
    titles = {
        "quantity": (_("Quantity"), 140),
        "unit": (_("Unit of measure"), 90),
        "nominal": (_("Nominal"), 100),
        "as_found": (_("As found"), 100),
        "as_left": (_("As left"), 100),
        "tolerance": (_("Tolerance ±"), 100),
        "uncertainty": (_("Uncertainty"), 100),
    }
    return [Field(key=key, title=titles[key][0], width=titles[key][1]) for key in POINTS.keys]


def _calibrating(port: HospitalPort, visit: Visit) -> Component:
    def field(name: str, label: str, width: int = 200) -> Component:
        control: Component = dmc.TextInput(id=f"measured-{name}", label=label, w=width)
        return control

    return panel(
        _("Enter a calibration"),
        html.P(
            _("One comparison a line; lines of a spreadsheet can be pasted. What was not adjusted has no “as left”.")
        ),
        html.Div(
            className="filters",
            children=[
                device_field(port, "measured-device", value=visit.query.get("device", "")),
                device_field(port, "measured-instrument", label=_("Reference instrument"), width=260),
                field("certificate", _("Certificate")),
                field("laboratory", _("Laboratory")),
                instant_entry("measured-at", _("Done at; empty for now")),
                day_entry("measured-valid_until", _("Valid until")),
                dmc.Select(
                    id="measured-rule",
                    label=_("Decision"),
                    data=codes.choices(device_words.DECISION_RULES, [rule.value for rule in DecisionRule]),
                    value=DecisionRule.SIMPLE.value,
                    allowDeselect=False,
                    w=320,
                    comboboxProps={"withinPortal": False},
                ),
            ],
        ),
        sheet(POINTS, _("Points"), _point_fields()),
        html.P(html.Button(_("Keep the calibration"), id=ENTER, className="action primary", n_clicks=0)),
        html.P(id=SAID, role="status"),
        wide=True,
    )


def _choice(name: str, label: str, data: list[dict[str, str]], width: int) -> Component:
    control: Component = dmc.Select(
        id=f"safety-{name}",
        label=label,
        data=data,
        value=data[0]["value"],
        allowDeselect=False,
        w=width,
        comboboxProps={"withinPortal": False},
    )
    return control


def _plain(*values: str) -> list[dict[str, str]]:
    return [{"value": value, "label": value} for value in values]


def _value(name: str, label: str) -> Component:
    control: Component = dmc.NumberInput(id=f"safety-{name}", label=label, min=0, hideControls=True, w=200)
    return control


def _limits(port: HospitalPort) -> Component:
    with port.read() as session:
        found = device_records.electrical_limits(session)
    rows: list[list[Cell]] = [
        [
            codes.code_text(device_words.MEASURED, one.quantity.value),
            codes.code_text(device_words.LEAKAGE_METHODS, one.method.value) or "–",
            codes.code_text(device_words.EARTH_PATHS, one.subject),
            number(one.limit),
            one.source or "–",
        ]
        for one in found
    ]
    headings = [_("Quantity"), _("Method"), _("Class or part"), _("At most"), _("Source")]
    title = _("Limits in force")
    return html.Details([html.Summary(title), table(title, headings, rows)], className="as-table")


def _testing(port: HospitalPort) -> Component:
    words = device_words
    return panel(
        _("Enter an electrical safety test"),
        html.P(_("After IEC 62353. What was not measured stays empty. A failed test forbids use.")),
        html.Div(
            className="filters",
            children=[
                device_field(port, "safety-device"),
                device_field(port, "safety-instrument", label=_("Tester"), width=260),
                _choice("class", _("Protection class"), _plain("I", "II"), 140),
                _choice("method", _("Method"), codes.choices(words.LEAKAGE_METHODS, list(words.LEAKAGE_METHODS)), 160),
                _value("leakage", _("Equipment leakage, µA")),
                _choice("part", _("Applied part"), _plain("BF", "CF"), 120),
                _value("part-leakage", _("Applied part leakage, µA")),
                _choice(
                    "earth-path", _("Earth measured"), codes.choices(words.EARTH_PATHS, list(words.EARTH_PATHS)), 200
                ),
                _value("earth", _("Protective earth, mΩ")),
                dmc.Checkbox(id=VISUAL, label=_("Visual inspection passed"), checked=True, mt="xl"),
                dmc.Checkbox(id=FUNCTIONAL, label=_("Function test passed"), checked=True, mt="xl"),
                html.Button(_("Keep the test"), id=TEST, className="action primary", n_clicks=0),
            ],
        ),
        html.P(id=TEST_SAID, role="status"),
        _limits(port),
        wide=True,
    )


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    lead = _("What was found and left, what runs out, and which results are in doubt.")
    parts = [page_head(_("Calibration and safety"), lead), html.Div(content(port, dict(visit.query)), id=CONTENT)]
    if port.actor().may(Permission.WORK_ORDERS_WRITE):
        parts += [html.Div(_calibrating(port, visit), className="below"), html.Div(_testing(port), className="below")]
    return html.Div(parts)


def _said(result: Result) -> str:
    if result.is_passed:
        return _("Kept: passed.")
    reasons = "; ".join(detail_text(code) for code in result.details)
    return _("Kept: failed. {reasons}").format(reasons=reasons)


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register showing and entering; results come a few a day, so that nothing refreshes by itself."""
    register_device_fields(
        callbacks, port, "measured-device", "measured-instrument", "safety-device", "safety-instrument"
    )
    register_sheet(callbacks, POINTS, _point_fields, permission=Permission.WORK_ORDERS_WRITE)

    @callbacks.add(
        Output(CONTENT, "children"),
        Input(URL, "search"),
        permission=Permission.DEVICES_READ,
        prevent_initial_call=True,
    )
    def show(search: str) -> list[Component]:
        return content(port, query_of(search))

    common: dict[str, Any] = {"permission": Permission.WORK_ORDERS_WRITE, "prevent_initial_call": True}

    @callbacks.add(
        Output(SAID, "children"),
        Output(CONTENT, "children", allow_duplicate=True),
        Input(ENTER, "n_clicks"),
        *[State(f"measured-{field}", "value") for field in TOLD],
        *POINTS.states(),
        **common,
    )
    def calibrate(_clicks: int, *entered: Any) -> Any:
        facts = dict(zip(TOLD, entered[: len(TOLD)], strict=True))
        kept = actions.enter_calibration(port, facts, POINTS.read(entered[len(TOLD) :]))
        return _said(kept), content(port, {})

    @callbacks.add(
        Output(TEST_SAID, "children"),
        Output(CONTENT, "children", allow_duplicate=True),
        Input(TEST, "n_clicks"),
        *[State(f"safety-{field}", "value") for field in TESTED],
        State(VISUAL, "checked"),
        State(FUNCTIONAL, "checked"),
        **common,
    )
    def test(_clicks: int, *entered: Any) -> Any:
        told = dict(zip(TESTED, entered[:-2], strict=True))
        kept = actions.enter_safety_test(
            port,
            device=told["device"],
            instrument=told["instrument"],
            measurements=[
                (Quantity.EQUIPMENT_LEAKAGE, told["class"], Method(told["method"]), _measured(told["leakage"])),
                (Quantity.APPLIED_PART_LEAKAGE, told["part"], Method.NONE, _measured(told["part-leakage"])),
                (Quantity.PROTECTIVE_EARTH, told["earth-path"], Method.NONE, _measured(told["earth"])),
            ],
            passed=(bool(entered[-2]), bool(entered[-1])),
        )
        return _said(kept), content(port, {})


def _measured(value: float | str | None) -> float | None:
    return float(value) if isinstance(value, int | float) else None


PAGE = Page(
    path="/calibrations",
    title=mark("Calibration and safety"),
    permission=Permission.DEVICES_READ,
    layout=layout,
    register=register,
    position=17,
    section=mark("Devices"),
    icon="reprocessing",
)

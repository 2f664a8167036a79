"""Maintenance strategies.

Opened by the biomedical engineer, to keep the devices of a model otherwise than their manufacturer says, on evidence;
to see whether they fail more often since; and to take it back. Where they do, it takes itself back.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from assets.model.maintenance import Strategy
from assets.model.strategies import Alternative
from assets.rules.alternatives import RateCheck
from dash_app.actions import strategies as actions
from dash_app.actions.files import LARGEST_BYTES, file_handed_over
from dash_app.pages.days import day_entry
from dash_app.pages.fields import needed
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.states import attributes, empty, page_head, panel, shape
from dash_app.pages.tables import Cell, table
from dash_app.queries import strategies
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes, device_words
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import moment, number
from twin.access import Permission
from twin.events.watch import AlarmPriority

CONTENT = "strategies-content"
TOLD = ("model", "strategy", "months", "evidence", "review")
MARKS = ("imaging", "laser", "critical")
BEGIN = "strategies-begin"
CHOSEN = "strategies-chosen"
REASON = "strategies-reason"
END = "strategies-end"
SAID = "strategies-said"
FILE, FILE_NAME, ADD = "strategies-file", "strategies-file-name", "strategies-add"


def _figures(found: RateCheck | None) -> str:
    if found is None:
        return _("not watched long enough")
    ratio = found.ratio
    counts = _("{before} failures in {years_before} device-years, then {after} in {years_after}").format(
        before=ratio.events_before,
        years_before=number(found.years_before, 1),
        after=ratio.events_after,
        years_after=number(found.years_after, 1),
    )
    high = number(ratio.high, 2) if ratio.high is not None else "…"
    bounds = _("ratio {ratio} ({confidence} interval {low} – {high})").format(
        ratio=number(ratio.ratio, 2) if ratio.ratio is not None else "–",
        confidence=f"{100 * ratio.confidence:.1f} %",
        low=number(ratio.low, 2),
        high=high,
    )
    return f"{counts}; {bounds}"


def _state(one: Alternative) -> Component | str:
    if not one.ended_at:
        return _("in force; its evidence counts until {day}").format(day=one.review_on.isoformat())
    why = codes.code_text(device_words.STRATEGY_ENDS, one.ended_by.value if one.ended_by is not None else "")
    text = _("taken back {time}: {why} ({note})").format(time=moment(one.ended_at), why=why, note=one.ended_note)
    return html.Span([shape(AlarmPriority.LOW), " ", text], className="status p3")


def content(port: HospitalPort) -> list[Component]:
    """Build the list of alternative schedules.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    """
    with port.read() as session:
        found = strategies.alternatives(session, now=port.clock.now())
    if not found:
        return [
            empty(
                _("All devices are kept as their manufacturers say"),
                _("Give a model another interval below, with the evidence for it."),
            )
        ]
    rows: list[list[Cell]] = [
        [
            f"{one.manufacturer} {one.model}".strip(),
            codes.code_text(device_words.STRATEGIES, one.strategy.value),
            _("{months} months").format(months=one.months) if one.months else "–",
            len(one.months_by_rule),
            html.Div([html.Span(one.evidence), _files(line)]),
            moment(one.began_at),
            _figures(line.figures),
            _state(one),
        ]
        for line in found
        for one in (line.alternative,)
    ]
    headings = [
        _("Model"),
        _("Strategy"),
        _("Interval"),
        _("Rules changed"),
        _("Evidence"),
        _("Begun"),
        _("Failures before and since"),
        _("State"),
    ]
    title = _("Alternative schedules")
    return [html.Div([panel(title, table(title, headings, rows), wide=True)], className="panels")]


def _files(line: strategies.AlternativeLine) -> Component:
    links: list[Component] = [
        html.Li(html.A(one.name, href=f"/v1/documents/{quote(one.id, safe='')}")) for one in line.files
    ]
    if not links:
        return html.P(_("no file is kept with it"), className="secondary")
    return html.Ul(links, className="plain")


def _models(port: HospitalPort) -> list[dict[str, str]]:
    with port.read() as session:
        found = strategies.models(session)
    return [
        {"value": f"{maker}\t{model}", "label": f"{maker} {model} ({count})".strip()} for maker, model, count in found
    ]


def _in_force(port: HospitalPort) -> list[dict[str, str]]:
    with port.read() as session:
        found = strategies.in_force(session)
    return [{"value": one.id, "label": f"{one.manufacturer} {one.model}".strip()} for one in found]


def _desk(port: HospitalPort) -> Component:
    given = [strategy.value for strategy in Strategy if strategy is not Strategy.OEM]
    lists: dict[str, Any] = {"comboboxProps": {"withinPortal": False}, "nothingFoundMessage": _("Nothing found")}
    return panel(
        _("Keep a model otherwise"),
        html.P(
            _(
                "Imaging, lasers and models with less than a year of records keep the manufacturer's schedule. "
                "After each failure the rates are compared; if devices fail more often, or the evidence is past its "
                "review, the former interval comes back by itself."
            )
        ),
        html.Div(
            className="filters",
            children=[
                dmc.Select(
                    id="strategies-model", label=_("Model"), data=_models(port), w=320, searchable=True, **lists
                ),
                dmc.Select(
                    id="strategies-strategy",
                    label=_("Strategy"),
                    data=codes.choices(device_words.STRATEGIES, given),
                    value=Strategy.AEM.value,
                    allowDeselect=False,
                    w=320,
                    **lists,
                ),
                dmc.NumberInput(
                    id="strategies-months",
                    label=_("Every so many months"),
                    value=12,
                    min=0,
                    max=240,
                    hideControls=True,
                    w=180,
                ),
                dmc.TextInput(id="strategies-evidence", label=_("Evidence: what it says, where it is kept"), w=420),
                day_entry("strategies-review", _("Evidence counts until")),
                _upload(FILE, _("File of the evidence: PDF, picture, text or CSV")),
                html.Span(id=FILE_NAME, className="secondary", role="status"),
                dmc.Checkbox(id="strategies-imaging", label=_("Imaging"), checked=False, mt="xl"),
                dmc.Checkbox(id="strategies-laser", label=_("Laser"), checked=False, mt="xl"),
                dmc.Checkbox(id="strategies-critical", label=_("Its failure can hurt"), checked=True, mt="xl"),
                html.Button(_("Begin"), id=BEGIN, className="action primary", n_clicks=0),
            ],
        ),
        html.Div(
            className="filters",
            children=[
                dmc.Select(id=CHOSEN, label=_("In force"), data=_in_force(port), w=320, **lists),
                dmc.TextInput(id=REASON, label=_("Reason"), w=320),
                html.Button(_("Take it back"), id=END, className="action", n_clicks=0),
                _upload(ADD, _("Add a file to its evidence")),
            ],
        ),
        html.P(id=SAID, role="status"),
        wide=True,
    )


def _upload(identifier: str, text: str) -> Component:
    return html.Div(
        dcc.Upload(id=identifier, max_size=LARGEST_BYTES, children=html.Span(text, className="action")),
        className="upload",
        **attributes(data_file_label=text),
    )


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    lead = _("Which models are kept otherwise than their manufacturer says, why, and whether they fail more since.")
    parts = [page_head(_("Maintenance strategies"), lead), html.Div(content(port), id=CONTENT)]
    if port.actor().may(Permission.DEVICES_WRITE):
        parts.append(html.Div(_desk(port), className="below"))
    return html.Div(parts)


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register beginning and taking back; failures come slowly, so that nothing refreshes by itself."""
    outputs = (
        Output(SAID, "children", allow_duplicate=True),
        Output(CHOSEN, "data", allow_duplicate=True),
        Output(CONTENT, "children", allow_duplicate=True),
    )
    common: dict[str, Any] = {"permission": Permission.DEVICES_WRITE, "prevent_initial_call": True}

    @callbacks.add(
        *outputs,
        Input(BEGIN, "n_clicks"),
        *[State(f"strategies-{field}", "value") for field in TOLD],
        *[State(f"strategies-{field}", "checked") for field in MARKS],
        State(FILE, "contents"),
        State(FILE, "filename"),
        **common,
    )
    def begin(_clicks: int, *entered: Any) -> Any:
        file = file_handed_over(*entered[-2:])
        kept = actions.begin(port, dict(zip((*TOLD, *MARKS), entered[:-2], strict=True)), file)
        text = _("Begun: {count} maintenance rules have the new interval.").format(count=len(kept.months_by_rule))
        return text, _in_force(port), content(port)

    @callbacks.add(*outputs, Input(END, "n_clicks"), State(CHOSEN, "value"), State(REASON, "value"), **common)
    def end(_clicks: int, chosen: str | None, reason: str | None) -> Any:
        actions.end(port, needed(chosen, _("In force")), reason or "")
        return _("Taken back: the former intervals hold again."), _in_force(port), content(port)

    _register_files(callbacks, port, outputs)


def _register_files(callbacks: Callbacks, port: HospitalPort, outputs: tuple[Output, ...]) -> None:
    common: dict[str, Any] = {"permission": Permission.DEVICES_WRITE, "prevent_initial_call": True}

    @callbacks.add(Output(FILE_NAME, "children"), Input(FILE, "filename"), **common)
    def show_name(name: str | None) -> str:
        return name or ""

    @callbacks.add(*outputs, Input(ADD, "contents"), State(ADD, "filename"), State(CHOSEN, "value"), **common)
    def add_file(contents: str | None, name: str | None, chosen: str | None) -> Any:
        file = file_handed_over(contents, name)
        if file is None:
            raise PreventUpdate
        kept = actions.add_evidence(port, needed(chosen, _("In force")), file)
        return _("Kept: {what}").format(what=kept.name), _in_force(port), content(port)


PAGE = Page(
    path="/strategies",
    title=mark("Maintenance strategies"),
    permission=Permission.DEVICES_READ,
    layout=layout,
    register=register,
    position=15,
    section=mark("Devices"),
    icon="plan",
)

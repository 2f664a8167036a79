"""Fit to a log.

Opened by the planner who has a log of what happened: it becomes a pathway, with the laws that were found in it and a
report whether the model tells the last weeks again. What convinces is kept under a name and asked on the what-if page.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dash_app.actions import pathways as keeping
from dash_app.actions import runs as actions
from dash_app.actions.files import LARGEST_BYTES, content_of
from dash_app.charts.series import Axes, Band, banded
from dash_app.pages.address import URL, query_of, search_with
from dash_app.pages.guard import Callbacks
from dash_app.pages.match_shown import match_panel
from dash_app.pages.page import Page, Visit
from dash_app.pages.reader import chart_config, palette
from dash_app.pages.run_following import (
    RunIds,
    progress_parts,
    register_following,
    run_buttons,
    run_column,
    view_of,
    while_starting,
)
from dash_app.pages.states import attributes, empty, page_head, panel
from dash_app.pages.tables import Cell, table
from dash_app.queries.calibration import Calibrated, LawShown, calibrated_of
from dash_app.queries.port import HospitalPort, JobView
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import number, percent
from twin.access import Permission
from twin.errors import FieldError, FieldProblem

IDS = RunIds("calibration", "calibration")
FILE, FILE_NAME, WEEKS = "calibration-file", "calibration-file-name", "calibration-weeks"
NAME, NOTE, KEEP, KEPT = "calibration-name", "calibration-note", "calibration-keep", "calibration-kept"
ENCODINGS = ("utf-8-sig", "gb18030")
_MOST_ROWS = 200
DAYS = (mark("Mon"), mark("Tue"), mark("Wed"), mark("Thu"), mark("Fri"), mark("Sat"), mark("Sun"))


def _question(port: HospitalPort) -> Component:
    text = _("Choose a file, or drop it here")
    told = _("CSV with a case, an activity and a time, perhaps a transition (start, complete); or XES.")
    return panel(
        _("Log"),
        html.P(told),
        html.Div(
            dcc.Upload(id=FILE, max_size=LARGEST_BYTES, children=html.Span(text, className="action")),
            className="upload",
            **attributes(data_file_label=text),
        ),
        html.P(id=FILE_NAME, className="secondary", role="status"),
        dmc.NumberInput(id=WEEKS, label=_("Weeks held back for the check"), value=8, min=0.1, hideControls=True),
        run_buttons(IDS, _("Fit and check"), may_run=port.actor().may(Permission.SIMULATION_RUN)),
    )


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page; an address with a run shows its answer."""
    view = view_of(port, visit.query.get("run", ""))
    lead = _("A log of what happened becomes a pathway, with a report on how well it tells the last weeks again.")
    return html.Div(
        [
            page_head(_("Fit to a log"), lead),
            html.Div(dcc.Graph(figure={}), hidden=True),  # loads the drawing library while the file is chosen
            html.Div(
                className="two",
                children=[_question(port), run_column(port, IDS, view, progress_parts(view), _answer(port, view))],
            ),
        ]
    )


def _answer(port: HospitalPort, view: JobView | None) -> list[Component]:
    if view is None:
        return [empty(_("No log yet"), _("Choose the log of a department, then press Fit and check."))]
    found = calibrated_of(view.result)
    if found is None:
        return []
    panels = [match_panel(found.match, {}), _keep_panel(port, found), _arrivals_panel(found), *_law_panels(found)]
    return [html.Div([*panels, _ways_panel(found)], className="panels")]


def _keep_panel(port: HospitalPort, found: Calibrated) -> Component:
    may_keep = port.actor().may(Permission.SIMULATION_RUN)
    counted = _("{cases} cases in {weeks} weeks; daily arrivals vary {dispersion} times as much as by chance alone.")
    told = counted.format(
        cases=number(found.cases), weeks=number(found.weeks, 1), dispersion=number(found.dispersion, 1)
    )
    return panel(
        _("Keep it"),
        html.P(told),
        dmc.TextInput(id=NAME, label=_("Name of the pathway"), value=found.name.rsplit(".", 1)[0]),
        dmc.TextInput(id=NOTE, label=_("Note"), value=""),
        html.P(html.Button(_("Keep"), id=KEEP, className="action primary", n_clicks=0, disabled=not may_keep)),
        html.Div(id=KEPT, role="status"),
    )


def hour_texts() -> list[str]:
    """Give the hours of a week as texts, from Monday's first."""
    return [f"{_(DAYS[hour // 24])} {hour % 24:02d}:00" for hour in range(168)]


def _arrivals_panel(found: Calibrated) -> Component:
    title = _("Arrivals by hour of the week")
    label = _("Arrivals an hour with their 95 % interval, from Monday to Sunday")
    hours = hour_texts()
    band = Band(name=_("Arrivals"), x=hours, low=found.low, middle=found.per_hour, high=found.high)
    figure = banded([band], Axes(x=_("Hour of the week"), y=_("Patients an hour")), palette())
    rows: list[list[Cell]] = [
        [hour, number(rate, 2), _("{low} to {high}").format(low=number(low, 2), high=number(high, 2))]
        for hour, rate, low, high in zip(hours, found.per_hour, found.low, found.high, strict=True)
    ]
    headings = [_("Hour of the week"), _("Patients an hour"), _("95 % interval")]
    return panel(
        title,
        html.Div(
            dcc.Graph(figure=figure, config=chart_config(), style={"height": "260px"}),
            role="img",
            **attributes(aria_label=label),
        ),
        html.Details([html.Summary(_("Table view")), table(label, headings, rows)], className="as-table"),
        wide=True,
    )


def _law_panels(found: Calibrated) -> list[Component]:
    parts = []
    for title, laws in ((_("How long activities last"), found.laws), (_("How long one waits between"), found.gaps)):
        if laws:
            parts.append(panel(title, table(title, _law_headings(), _law_rows(laws), most=_MOST_ROWS), wide=True))
    return parts


def _law_headings() -> list[str]:
    return [_("Activity"), _("Law"), _("Mean, hours"), _("Observed"), _("Greatest distance (KS)")]


def _law_rows(laws: tuple[LawShown, ...]) -> list[list[Cell]]:
    by_weight = sorted(laws, key=lambda one: -one.n)
    return [[one.name, one.law, number(one.mean_h, 2), number(one.n), number(one.ks, 3)] for one in by_weight]


def _ways_panel(found: Calibrated) -> Component:
    title = _("Where one goes next")
    headings = [_("From"), _("To"), _("Observed"), _("Share"), _("95 % interval")]
    rows: list[list[Cell]] = [
        [
            one.start or _("arrival"),
            one.end or _("end"),
            number(one.count),
            percent(one.share),
            _("{low} to {high}").format(low=percent(one.low), high=percent(one.high)),
        ]
        for one in found.ways
    ]
    return panel(title, table(title, headings, rows, most=_MOST_ROWS), wide=True)


def _text_of(contents: str) -> str:
    """Give the text of a file that was handed over.

    Raises
    ------
    FieldError
        If it did not arrive whole, or is no text.
    """
    raw = content_of(contents)
    for encoding in ENCODINGS:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _refused("The file is neither UTF-8 nor GB 18030.", "Save it as UTF-8.")


def _refused(message: str, cure: str) -> FieldError:
    return FieldError(FieldProblem(field="file", place="upload", message=message, cure=cure))


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register taking a log, fitting it, following that, and keeping what came out."""
    _register_run(callbacks, port)
    _register_keeping(callbacks, port)
    register_following(callbacks, port, IDS, progress_parts, lambda view, _search: _answer(port, view))


def _register_run(callbacks: Callbacks, port: HospitalPort) -> None:
    @callbacks.add(
        Output(FILE_NAME, "children"),
        Input(FILE, "filename"),
        permission=Permission.SIMULATION_RUN,
        prevent_initial_call=True,
    )
    def show_name(name: str | None) -> str:
        return name or ""

    @callbacks.add(
        Output(URL, "search", allow_duplicate=True),
        Input(IDS.run, "n_clicks"),
        State(FILE, "contents"),
        State(FILE, "filename"),
        State(WEEKS, "value"),
        State(URL, "search"),
        permission=Permission.SIMULATION_RUN,
        prevent_initial_call=True,
        running=while_starting(IDS),
    )
    def run(_clicks: int, contents: str | None, name: str | None, weeks: Any, search: str) -> str:
        log = _text_of(contents) if contents else ""
        arguments = {"name": name or "log.csv", "log": log, "weeks": weeks}
        return search_with(search, run=actions.start_calibration(port, arguments))


def _register_keeping(callbacks: Callbacks, port: HospitalPort) -> None:
    @callbacks.add(
        Output(KEPT, "children"),
        Input(KEEP, "n_clicks"),
        State(NAME, "value"),
        State(NOTE, "value"),
        State(URL, "search"),
        permission=Permission.SIMULATION_RUN,
        prevent_initial_call=True,
    )
    def keep(_clicks: int, name: str, note: str, search: str) -> list[Component]:
        view = view_of(port, query_of(search).get("run", ""))
        found = calibrated_of(view.result) if view is not None else None
        if found is None:
            raise PreventUpdate
        line = keeping.keep(port, name or "", found.document, note or "", found.report)
        said = _("Kept as {name}, version {version}.").format(name=line.name, version=line.version)
        address = f"/ui/pathway?kept={quote(line.name)}"
        return [html.P(said), dcc.Link(_("Open it to look, change and ask"), href=address, className="action")]


PAGE = Page(
    path="/fit",
    title=mark("Fit to a log"),
    permission=Permission.SIMULATION_READ,
    layout=layout,
    register=register,
    position=58,
    section=mark("Ahead"),
    icon="whatif",
)

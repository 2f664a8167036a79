"""Imports.

Opened by whoever sets the hospital up, to start from its own spreadsheets and event logs. A file is looked at first:
what it would change, how its columns were read, each cell that cannot be used. Then all of it is stored, or nothing.
"""

from __future__ import annotations

from typing import Any

from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dash_app.actions import imports as actions
from dash_app.actions.files import LARGEST_BYTES, content_of
from dash_app.actions.imports import KINDS, ImportReport, Upload, desk_of
from dash_app.pages.address import URL, query_of, search_with
from dash_app.pages.filters import select
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.states import attributes, page_head, panel, shape
from dash_app.pages.tables import Cell, table
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import number
from twin.access import Permission
from twin.events.watch import AlarmPriority

KIND = "imports-kind"
KIND_HELP = "imports-kind-help"
FILE = "imports-file"
MAPPING = "imports-mapping"
REPORT = "imports-report"
STORE = "imports-store"
EVENTS = "events"

IMPORT_KINDS = {
    "places": mark("Places: buildings, wards, rooms, beds"),
    "paths": mark("Paths between places"),
    "assets": mark("Devices with their tags"),
    "tags": mark("Tags and the devices that carry them"),
    "staff": mark("Staff by pseudonym"),
    "items": mark("Items with GTINs and packages"),
    "register": mark("Register entries of devices: maker, lot, price, days"),
    "stock_places": mark("Places of the stock: stores, refrigerators, quarantine"),
    "par_levels": mark("Par levels: how much of each item a place should hold"),
    "work_orders": mark("Work orders and failures of a previous maintenance system"),
    "programmes": mark("Programmes of reprocessing machines with their limits"),
    "machines": mark("Reprocessing machines and the programmes that they run"),
    "events": mark("Event log of visits or activities"),
}
_NEXT = {
    "places": "map",
    "paths": "map",
    "assets": "devices",
    "tags": "devices",
    "staff": "tasks",
    "items": "stock",
    "register": "devices",
    "stock_places": "stock-places",
    "par_levels": "stock",
    "work_orders": "reliability",
    "programmes": "machines",
    "machines": "machines",
    "events": "beds",
}


def _kind_of(query: dict[str, str]) -> str:
    return query["kind"] if query.get("kind") in KINDS else KINDS[0]


def _kind_help(kind: str) -> list[Component]:
    if kind == EVENTS:
        return [html.P(_("CSV or XES as your system gives it; its columns are guessed, and the guess is shown."))]
    return [
        html.P(_("A CSV sheet with the template's columns; commas, semicolons or tabs; UTF-8 or GB 18030.")),
        html.A(
            _("Download the template"), href=f"/v1/imports/{kind}/template", download=f"{kind}.csv", className="action"
        ),
    ]


def _upload() -> Component:
    text = _("Choose a file, or drop it here")
    return html.Div(
        className="upload",
        # The file input itself is what the keyboard reaches; the text under it only shows.
        children=dcc.Upload(id=FILE, max_size=LARGEST_BYTES, children=html.Span(text, className="action primary")),
        **attributes(data_file_label=text),
    )


def _problems(report: ImportReport) -> list[Component]:
    if not report.n_problems:
        return []
    text = _("{count} problems: nothing is stored until they are mended.").format(count=number(report.n_problems))
    rows: list[list[Cell]] = [[one.place, one.field, one.message, one.cure] for one in report.problems]
    return [
        html.P([shape(AlarmPriority.MEDIUM), text], className="status p2"),
        table(_("Problems"), [_("Where"), _("Column"), _("What is wrong"), _("What to do")], rows),
    ]


def _reading(report: ImportReport) -> list[Component]:
    parts: list[Component] = []
    if report.guessed:
        parts += [
            html.H3(_("How the columns were read")),
            html.Ul([html.Li(line) for line in report.guessed]),
            html.P(_("If this is right, store it: the guess is then the mapping.")),
        ]
    if report.unknown_places:
        names = ", ".join(f"{place} ({count})" for place, count in sorted(report.unknown_places.items())[:20])
        parts.append(html.P(_("These name no place of the hospital yet: {names}").format(names=names)))
    if report.similar:
        pairs: list[list[Cell]] = [
            [place, name, other, codes.code_text(codes.LIKENESS, why)] for place, name, other, why in report.similar
        ]
        parts += [
            html.H3(_("Probably known under another number")),
            html.P(_("They are stored all the same; make two entries one on the page of the item master.")),
            table(
                _("Probably known under another number"),
                [_("Where"), _("Item"), _("Resembles"), _("By")],
                pairs,
            ),
        ]
    if report.columns:
        rows: list[list[Cell]] = [list(row) for row in report.first_rows]
        sheet = table(_("First rows"), list(report.columns), rows)
        parts.append(html.Details([html.Summary(_("First rows")), sheet], className="as-table"))
    return parts


def report_of(report: ImportReport) -> list[Component]:
    """Draw what an import did, or would do.

    Parameters
    ----------
    report : ImportReport
        From the desk.
    """
    counts = _("{rows} rows, {count} new or changed").format(rows=number(report.n_rows), count=number(report.n_new))
    if report.is_stored:
        link = dcc.Link(_("See them"), href=f"/ui/{_NEXT[report.kind]}")
        return [panel(_("Stored"), html.P([counts, " · ", link]), wide=True)]
    head = html.P(f"{report.file}: {counts}", className="summary")
    store = html.Button(
        _("Store all of it"), id=STORE, className="action primary", n_clicks=0, disabled=report.n_problems > 0
    )
    title = _("What it would change; nothing is stored yet")
    return [panel(title, head, *_problems(report), *_reading(report), html.P(store), wide=True)]


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    kind = _kind_of(dict(visit.query))
    kinds = [{"value": key, "label": codes.code_text(IMPORT_KINDS, key)} for key in KINDS]
    return html.Div(
        [
            page_head(
                _("Imports"),
                _("Start from your own spreadsheets and event logs: looked at first, then stored as a whole."),
            ),
            dcc.Store(id=MAPPING, data=""),
            panel(
                _("File"),
                html.Div(
                    [select(KIND, _("What it lists"), kinds, kind, may_clear=False), _upload()], className="filters"
                ),
                html.Div(_kind_help(kind), id=KIND_HELP),
            ),
            html.Div(id=REPORT, className="below", role="status", **attributes(aria_live="polite")),
        ]
    )


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register the choice of the kind, the look at a file, and storing it."""

    @callbacks.add(
        Output(URL, "search", allow_duplicate=True),
        Output(KIND_HELP, "children"),
        Output(FILE, "contents"),
        Output(REPORT, "children", allow_duplicate=True),
        Input(KIND, "value"),
        State(URL, "search"),
        permission=Permission.IMPORT_RUN,
        prevent_initial_call=True,
    )
    def choose(kind: str, search: str) -> tuple[str, list[Component], None, list[Component]]:
        return search_with(search, kind=kind), _kind_help(kind), None, []

    @callbacks.add(
        Output(REPORT, "children"),
        Output(MAPPING, "data"),
        Input(FILE, "contents"),
        State(FILE, "filename"),
        State(URL, "search"),
        permission=Permission.IMPORT_RUN,
        prevent_initial_call=True,
    )
    def look(contents: str | None, name: str | None, search: str) -> tuple[list[Component], str]:
        if not contents:
            raise PreventUpdate
        kind = _kind_of(query_of(search))
        report = desk_of(port.services).look(
            Upload(kind=kind, name=name or "", content=content_of(contents), mapping="")
        )
        return report_of(report), report.mapping

    @callbacks.add(
        Output(REPORT, "children", allow_duplicate=True),
        Output(FILE, "contents", allow_duplicate=True),
        Input(STORE, "n_clicks"),
        State(FILE, "contents"),
        State(FILE, "filename"),
        State(MAPPING, "data"),
        State(URL, "search"),
        permission=Permission.IMPORT_RUN,
        prevent_initial_call=True,
    )
    def store(_clicks: int, contents: str | None, name: str | None, mapping: str, search: str) -> Any:
        if not contents:
            raise PreventUpdate
        kind = _kind_of(query_of(search))
        upload = Upload(kind=kind, name=name or "", content=content_of(contents), mapping=mapping or "")
        return report_of(actions.store(port, upload)), None


PAGE = Page(
    path="/imports",
    title=mark("Imports"),
    permission=Permission.IMPORT_RUN,
    layout=layout,
    register=register,
    position=80,
    section=mark("System"),
    icon="import",
)

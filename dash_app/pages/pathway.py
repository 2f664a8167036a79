"""Pathway.

Opened by the planner, to see how patients go through the house, to change a node, a pool or an arrival stream, and to
watch one run go by. A pathway that was changed can be taken to a what-if run, or away as a file.
"""

from __future__ import annotations

import json
from math import inf, isfinite
from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dash_app.actions import pathways as keeping
from dash_app.actions import runs as actions
from dash_app.actions.files import content_of
from dash_app.charts import pathway as chart
from dash_app.pages.guard import Callbacks
from dash_app.pages.match_shown import match_panel
from dash_app.pages.page import Page, Visit
from dash_app.pages.pathway_entry import APPLY, ENTRY, TEXT, entry_panel, register_entry
from dash_app.pages.pathway_kept import kept_panel, register_kept, version_of
from dash_app.pages.reader import chart_config, palette, wants_chinese
from dash_app.pages.states import attributes, page_head, panel
from dash_app.pages.tables import Cell, table
from dash_app.pages.whatif_situations import register_situations, situation_panel
from dash_app.queries import pathway as queries
from dash_app.queries.calibration import match_of
from dash_app.queries.levers import ward_names
from dash_app.queries.pathway import Document, PathwayShown
from dash_app.queries.port import HospitalPort
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.measures import quantity_text
from dash_app.texts.moments import local, number
from dash_app.texts.pathway_faults import said
from dash_app.texts.problems import problem_text
from simulation.experiments.playback import Playback
from simulation.experiments.warming import WarmUp
from simulation.model.problems import PathwayRefused
from twin.access import Permission
from twin.clock import HOUR_US
from twin.errors import HospitalTwinError

HELD, GRAPH, PROBLEMS, WAYS = "pathway-held", "pathway-graph", "pathway-problems", "pathway-ways"
IN_PLACE = "pathway-in-place"
FILE, LIVE, TAKE, TAKEN = "pathway-file", "pathway-live", "pathway-take", "pathway-taken"
HOURS, PLAY, RUN, GO = "pathway-hours", "pathway-play", "pathway-run", "pathway-go"
WARM, WARMED = "pathway-warm", "pathway-warmed"
PREFIX, MATCH, SITUATIONS = "pathway", "pathway-match", "pathway-situations"
LARGEST_BYTES = 2_000_000
_DAY_S = 86_400.0
_LOUD = frozenset({"seize", "serve", "gate", "batch"})  # where somebody may have to wait


def _drawn(port: HospitalPort, document: Document) -> tuple[dict[str, Any], PathwayShown]:
    plan = queries.plan_for(document, start_at=port.clock.now(), hours=24)
    found = queries.shown(plan.pathway, document)
    return chart.figure(_spots(found), _arrows(found), palette()), found


def _spots(found: PathwayShown) -> list[chart.Spot]:
    return [
        chart.Spot(
            id=node.id,
            x=node.x,
            y=node.y,
            label=node.id,
            text=f"{node.id}: {node.does}<br>{node.text}",
            is_loud=node.does in _LOUD,
        )
        for node in found.nodes
    ]


def _arrows(found: PathwayShown) -> list[tuple[str, str]]:
    return [(way.start, way.end) for way in found.ways]


def _played(port: HospitalPort, document: Document, hours: float) -> tuple[dict[str, Any], list[Component]]:
    start_at = port.clock.now()
    plan = queries.plan_for(document, start_at=start_at, hours=hours)
    found = queries.shown(plan.pathway, document)
    seen: Playback = queries.playback(document, start_at=start_at, hours=hours)
    columns = [seen.nodes.index(node.id) for node in found.nodes]
    moments = [
        chart.Moment(
            name=f"{local(start_at + int(at)):%m-%d %H:%M}",
            present=seen.present[row, columns].tolist(),
            waiting=seen.waiting[row, columns].tolist(),
        )
        for row, at in enumerate(seen.at)
    ]
    words = chart.Words(play=_("Play"), pause=_("Pause"), time=_("Time"))
    figure = chart.figure(_spots(found), _arrows(found), palette(), moments=moments, words=words)
    return figure, [] if seen.deadlock is None else [_problems(seen.deadlock)]


def _ways(found: PathwayShown) -> Component:
    rows: list[list[Cell]] = [[way.start, ", ".join(way.roles), way.end] for way in found.ways]
    return table(_("Where one goes next"), [_("From"), _("How"), _("To")], rows)


def _problems(error: HospitalTwinError) -> Component:
    if not isinstance(error, PathwayRefused):
        return html.P(problem_text(error), className="status p2")
    rows: list[list[Cell]] = [[one.place, said(one.message), said(one.cure)] for one in error.problems]
    text = _("{count} problems: the drawing shows the pathway before the change.").format(count=number(len(rows)))
    headings = [_("Where"), _("What is wrong"), _("What to do")]
    return html.Div([html.P(text, className="status p2"), table(_("Problems"), headings, rows)])


def _options(document: Document) -> list[dict[str, str]]:
    return [{"value": address, "label": address} for address in queries.entries_of(document)]


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page; an address with a kept pathway shows that one, in the version that it names or the newest."""
    name, report = visit.query.get("kept", ""), None
    if name:
        kept = keeping.desk_of(port.services).open(name, version_of(visit.query.get("version", "")))
        document, report = dict(kept.document), None if kept.report is None else dict(kept.report)
    else:
        document = queries.live_document(port.state(), port.clock.now(), port.services)
    figure, found = _drawn(port, document)
    first = f"nodes.{found.nodes[0].id}" if found.nodes else ""
    may_run = port.actor().may(Permission.SIMULATION_RUN)
    lead = _("How patients go through the house: look, change, watch a run, take it to a what-if.")
    return html.Div(
        [
            page_head(_("Pathway"), lead),
            dcc.Store(id=HELD, data=document),
            dcc.Store(id=MATCH, data=report),
            dcc.Store(id=SITUATIONS, data=[]),
            dcc.Location(id=GO, refresh="callback-nav"),
            _source(),
            html.Div(id=PROBLEMS, role="status", **attributes(aria_live="polite")),
            html.Div(
                dcc.Graph(id=GRAPH, figure=figure, config=chart_config(), style={"height": "560px"}),
                className="panel",
                role="img",
                **attributes(aria_label=_("Pathway as a graph; the table below holds the same")),
            ),
            html.P(
                _("Diamonds are where one may wait. In a run marks grow with the patients; waiting colours them."),
                className="legend",
            ),
            html.Div(
                [entry_panel(document, first), _running(may_run), _situations(), kept_panel(port, name)],
                className="panels below",
            ),
            html.Div(
                [match_panel(match_of(report), ward_names(port.state(), chinese=wants_chinese()))] if name else [],
                className="below",
            ),
            html.Details([html.Summary(_("Table view")), html.Div(_ways(found), id=WAYS)], className="as-table"),
        ]
    )


def _source() -> Component:
    text = _("Choose a file, or drop it here")
    return html.Div(
        className="filters",
        children=[
            html.Button(_("The hospital as it is now"), id=LIVE, className="action", n_clicks=0),
            html.Div(
                dcc.Upload(id=FILE, max_size=LARGEST_BYTES, children=html.Span(text, className="action")),
                className="upload",
                **attributes(data_file_label=text),
            ),
            html.Button(_("Download as JSON"), id=TAKE, className="action", n_clicks=0),
            dcc.Download(id=TAKEN),
        ],
    )


def _situations() -> Component:
    told = _("Draws what a situation of the library makes of the pathway; each one builds on those before.")
    return panel(_("Situation"), html.P(told), *situation_panel(PREFIX))


def _running(may_run: bool) -> Component:
    hours = [{"value": str(hours), "label": _("{hours} h").format(hours=hours)} for hours in (12, 24, 48, 168)]
    return panel(
        _("Run it"),
        html.P(
            _("Watching is one run with nobody in place at its beginning; a what-if makes many and tells intervals.")
        ),
        dmc.Select(id=HOURS, label=_("How far ahead"), data=hours, value="24", allowDeselect=False),
        dmc.Checkbox(
            id=IN_PLACE,
            label=_("What-if run: begin with who is in place now"),
            description=_("Everybody who has a node of the same name in this pathway; else it begins empty."),
            checked=False,
        ),
        html.P(
            [
                html.Button(_("Watch one run"), id=PLAY, className="action", n_clicks=0, disabled=not may_run),
                " ",
                html.Button(_("What-if run"), id=RUN, className="action primary", n_clicks=0, disabled=not may_run),
            ]
        ),
        html.P(
            html.Button(_("How long is the beginning?"), id=WARM, className="action", n_clicks=0, disabled=not may_run)
        ),
        html.Div(id=WARMED, role="status"),
    )


def _warmed(found: WarmUp, names: dict[str, str]) -> list[Component]:
    """Tell how long a run from an empty house must not count, the slowest first."""
    if found.is_settled:
        days = number(found.warm_up_s / _DAY_S, 0)
        head = html.P(_("A run that begins empty should leave its first {days} days out.").format(days=days))
    else:
        told = _("Not everything settles within {days} days: something grows for ever, or the runs are too short.")
        head = html.P(told.format(days=number(found.horizon_s / _DAY_S)), className="status p2")
    slowest = sorted(found.by_quantity.items(), key=lambda one: -one[1] if isfinite(one[1]) else -inf)
    rows: list[list[Cell]] = [
        [quantity_text(name, names), number(seconds / _DAY_S, 0) if isfinite(seconds) else _("does not settle")]
        for name, seconds in slowest
    ]
    title = _("Days until it has forgotten its beginning (MSER-5)")
    return [
        head,
        html.Details([html.Summary(title), table(title, [_("Figure"), _("Days")], rows)], className="as-table"),
    ]


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register loading, changing, watching and running."""
    _register_document(callbacks, port)
    register_entry(callbacks)
    _register_running(callbacks, port)
    register_situations(callbacks, port, SITUATIONS, PREFIX)
    register_kept(callbacks, port, HELD, MATCH)


def _register_document(callbacks: Callbacks, port: HospitalPort) -> None:
    @callbacks.add(
        Output(HELD, "data"),
        Output(GRAPH, "figure"),
        Output(WAYS, "children"),
        Output(PROBLEMS, "children"),
        Output(ENTRY, "data"),
        Output(FILE, "contents"),
        Output(MATCH, "data"),
        Input(LIVE, "n_clicks"),
        Input(FILE, "contents"),
        Input(APPLY, "n_clicks"),
        Input(SITUATIONS, "data"),
        State(FILE, "filename"),
        State(HELD, "data"),
        State(ENTRY, "value"),
        State(TEXT, "value"),
        permission=Permission.SIMULATION_READ,
        prevent_initial_call=True,
    )
    def change(*told: Any) -> Any:
        clicks, contents, applied, situations, name, held, entry, text = told
        if (ctx.triggered_id == FILE and not contents) or not any((clicks, contents, applied, situations)):
            raise PreventUpdate
        match: Any = no_update
        try:
            if ctx.triggered_id == LIVE:
                document, match = queries.live_document(port.state(), port.clock.now(), port.services), None
            elif ctx.triggered_id == FILE:
                document, match = queries.read_document(name or "", content_of(contents)), None
            elif ctx.triggered_id == SITUATIONS:
                document = queries.with_situation(held, situations[-1])
            else:
                document = queries.with_entry(held, entry or "", text or "")
            figure, found = _drawn(port, document)
        except HospitalTwinError as error:
            shown = _drawn(port, held)
            # the document stays: told again it would undo what stands in the fields, which is still to be mended
            return no_update, shown[0], _ways(shown[1]), _problems(error), _options(held), None, no_update
        said = html.P(_("{name}: {nodes} nodes, no fault found.").format(name=found.name, nodes=len(found.nodes)))
        return document, figure, _ways(found), said, _options(document), None, match

    @callbacks.add(
        Output(TAKEN, "data"),
        Input(TAKE, "n_clicks"),
        State(HELD, "data"),
        permission=Permission.EXPORT_RUN,
        prevent_initial_call=True,
    )
    def take(_clicks: int, held: Document) -> dict[str, str]:
        port.actor().require(Permission.SIMULATION_READ)
        content = json.dumps(held, ensure_ascii=False, indent=2)
        return {"content": content, "filename": "pathway.json", "type": "application/json"}


def _register_running(callbacks: Callbacks, port: HospitalPort) -> None:
    common: dict[str, Any] = {"permission": Permission.SIMULATION_RUN, "prevent_initial_call": True}

    @callbacks.add(
        Output(GRAPH, "figure", allow_duplicate=True),
        Output(PROBLEMS, "children", allow_duplicate=True),
        Input(PLAY, "n_clicks"),
        State(HELD, "data"),
        State(HOURS, "value"),
        **common,
    )
    def play(_clicks: int, held: Document, hours: str) -> tuple[dict[str, Any], list[Component]]:
        return _played(port, held, float(hours))

    @callbacks.add(Output(WARMED, "children"), Input(WARM, "n_clicks"), State(HELD, "data"), **common)
    def warm(_clicks: int, held: Document) -> list[Component]:
        found = queries.warm_up(held, start_at=port.clock.now())
        return _warmed(found, ward_names(port.state(), chinese=wants_chinese()))

    @callbacks.add(
        Output(GO, "href"),
        Input(RUN, "n_clicks"),
        State(HELD, "data"),
        State(HOURS, "value"),
        State(MATCH, "data"),
        State(IN_PLACE, "checked"),
        **common,
    )
    def run(_clicks: int, held: Document, hours: str, report: dict[str, Any] | None, begins_in_place: bool) -> str:
        now = port.clock.now()
        queries.plan_for(held, start_at=now, hours=float(hours))
        arguments = {
            "pathway": held,
            "start_at": now - now % HOUR_US,
            "horizon_s": float(hours) * 3600.0,
            "replications": 20,
            "seed": 1,
            "in_place": bool(begins_in_place),
            **({} if report is None else {"match": report}),
        }
        return f"/ui/what-if?run={actions.start_what_if(port, arguments)}&seed=1"


PAGE = Page(
    path="/pathway",
    title=mark("Pathway"),
    permission=Permission.SIMULATION_READ,
    layout=layout,
    register=register,
    position=56,
    section=mark("Ahead"),
    icon="whatif",
)

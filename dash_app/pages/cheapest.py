"""Cheapest within limits.

Opened by the planner and the administrator, to find how few beds, people and devices hold a promise, such as 95 %
of the patients seen within four hours. The search starts from the hospital as it is now; what it proposes can be tried
on the what-if page.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from dash_app.actions import runs as actions
from dash_app.pages.address import URL, search_with
from dash_app.pages.fields import needed
from dash_app.pages.guard import Callbacks
from dash_app.pages.limits_asked import (
    limit_button,
    limit_texts,
    limits_id,
    limits_panel,
    register_limits,
)
from dash_app.pages.page import Page, Visit
from dash_app.pages.reader import wants_chinese
from dash_app.pages.run_following import (
    RunIds,
    progress_parts,
    register_following,
    run_buttons,
    run_column,
    view_of,
    while_starting,
)
from dash_app.pages.states import empty, page_head, panel
from dash_app.pages.tables import Cell, table
from dash_app.pages.told_list import Told, register_told, told_items
from dash_app.queries.cheapest import Found, LimitShown, PointShown, found_of
from dash_app.queries.levers import LeverKind, levers, ward_names
from dash_app.queries.port import HospitalPort, JobView
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.measures import lever_text, measure_text, scale_of
from dash_app.texts.moments import number
from twin.access import Permission

PREFIX = "cheapest"
IDS = RunIds(PREFIX, "optimum")
LEVERS, LEVER_LIST = "cheapest-levers", "cheapest-lever-list"
POOL, LOW, HIGH, PRICE, ADD = "cheapest-pool", "cheapest-low", "cheapest-high", "cheapest-price", "cheapest-add"
CLEAR, HORIZON = "cheapest-clear", "cheapest-horizon"
_REPLICATIONS = 200


def _pools(port: HospitalPort) -> dict[str, tuple[str, float]]:
    """Give text and present number of everything that can be counted, by its entry in the pathway."""
    return {
        one.path: (lever_text(one.kind.value, one.subject, one.name), one.now or 0)
        for one in levers(port.state(), port.clock.now(), chinese=wants_chinese())
        if one.kind is LeverKind.CAPACITY
    }


def _lever_items(told: Told) -> list[Component]:
    text = _("{text}: {low} to {high}, {price} each")
    texts = [
        text.format(text=one["text"], low=one["low"], high=one["high"], price=number(one["price"], 2)) for one in told
    ]
    return told_items(LEVERS, texts, _("Nothing may change yet."))


def _question(port: HospitalPort) -> Component:
    pools = [{"value": path, "label": f"{text} ({number(now)})"} for path, (text, now) in _pools(port).items()]
    horizons = [{"value": str(hours), "label": _("{hours} h").format(hours=hours)} for hours in (24, 48, 72, 168)]
    may_run = port.actor().may(Permission.SIMULATION_RUN)
    return panel(
        _("Question"),
        html.H3(_("What may change")),
        html.Ul(_lever_items([]), id=LEVER_LIST, className="changes"),
        dmc.Select(id=POOL, label=_("What"), data=pools, value=pools[0]["value"] if pools else None, searchable=True),
        dmc.NumberInput(id=LOW, label=_("At least"), value=1, min=0, hideControls=True, allowDecimal=False),
        dmc.NumberInput(id=HIGH, label=_("At most"), value=20, min=0, hideControls=True, allowDecimal=False),
        dmc.NumberInput(id=PRICE, label=_("Price of one"), value=1, min=0, hideControls=True),
        html.P(html.Button(_("This may change"), id=ADD, className="action", n_clicks=0)),
        *limits_panel(port, PREFIX),
        html.P(
            [
                limit_button(PREFIX),
                " ",
                html.Button(_("Take all away"), id=CLEAR, className="action", n_clicks=0),
            ]
        ),
        html.H3(_("Run")),
        dmc.Select(id=HORIZON, label=_("How far ahead"), data=horizons, value="48", allowDeselect=False),
        run_buttons(IDS, _("Search"), may_run=may_run),
    )


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page; an address with a run shows its answer."""
    view = view_of(port, visit.query.get("run", ""))
    lead = _("How few beds, people and devices hold what was promised? Searched from the hospital as it is now.")
    return html.Div(
        [
            page_head(_("Cheapest within limits"), lead),
            dcc.Store(id=LEVERS, data=[]),
            html.Div(
                className="two",
                children=[_question(port), run_column(port, IDS, view, _progress(view), _answer(port, view))],
            ),
        ]
    )


def _progress(view: JobView | None) -> list[Component]:
    # How many points there are to try is not known: a bar without a value says that it goes on.
    return progress_parts(view, is_measured=False)


def _answer(port: HospitalPort, view: JobView | None) -> list[Component]:
    if view is None:
        told = _("Say what may change and at which price, and what must hold, then press Search.")
        return [empty(_("No search yet"), told)]
    found = found_of(view.result)
    if found is None:
        return []
    texts = {path: text for path, (text, _now) in _pools(port).items()}
    return [
        html.Div(_found_panels(found, texts, ward_names(port.state(), chinese=wants_chinese())), className="panels")
    ]


def _found_panels(found: Found, texts: Mapping[str, str], names: Mapping[str, str]) -> list[Component]:
    if found.best is None:
        head = _("Not even the upper bounds keep the limits.")
    else:
        head = _("Cheapest found: {cost}; as it is: {now}.").format(
            cost=number(found.best.cost, 2), now=number(found.start.cost, 2)
        )
    counted = _("{points} points tried in {runs} runs, all with the same patients.").format(
        points=number(len(found.steps)), runs=number(found.replications)
    )
    shown = [("start", found.start), *((("best", found.best),) if found.best is not None else ())]
    rows: list[list[Cell]] = [
        [texts.get(path, path), *(point.counts[path] for _name, point in shown)] for path in found.start.counts
    ]
    headings = [_("What"), _("as it is"), *([_("Cheapest")] if found.best is not None else [])]
    limits: list[list[Cell]] = [
        [measure_text(one.measure, names), number(one.most / scale_of(one.measure), 2), _within(one)]
        for one in (found.best or found.start).limits
    ]
    note = _("Within the bounds no unit less, and no exchange for a cheaper one, keeps the limits.")
    return [
        panel(
            _("Answer"),
            html.P(head, className="summary"),
            table(_("Numbers"), headings, rows),
            table(_("Limits"), [_("Measure"), _("At most"), _("Mean and 95 % interval")], limits),
            html.P([counted, " ", note], className="secondary"),
            wide=True,
        ),
        _steps_panel(found, texts),
    ]


def _within(one: LimitShown) -> str:
    if one.mean is None or one.half_width is None:
        return "–"
    scale = scale_of(one.measure)
    return _("{mean} ± {half_width} (n = {n})").format(
        mean=number(one.mean / scale, 2), half_width=number(one.half_width / scale, 2), n=one.n
    )


def _verdict(point: PointShown) -> str:
    return {True: _("holds"), False: _("broken"), None: _("not known")}[point.keeps_limits]


def _steps_panel(found: Found, texts: Mapping[str, str]) -> Component:
    rows: list[list[Cell]] = [
        [*point.counts.values(), number(point.cost, 2), _verdict(point), _("yes") if point.is_taken else ""]
        for point in found.steps
    ]
    headings = [*(texts.get(path, path) for path in found.start.counts), _("Cost"), _("Limits"), _("Taken")]
    title = _("The way of the search")
    return html.Details([html.Summary(title), table(title, headings, rows)], className="as-table")


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register putting the question together, the search, and following it."""
    _register_question(callbacks, port)
    register_limits(callbacks, port, PREFIX)
    _register_run(callbacks, port)
    register_following(callbacks, port, IDS, _progress, lambda view, _search: _answer(port, view))


def _register_question(callbacks: Callbacks, port: HospitalPort) -> None:
    common: dict[str, Any] = {"permission": Permission.SIMULATION_RUN, "prevent_initial_call": True}
    register_told(callbacks, LEVERS, LEVER_LIST, _lever_items)

    @callbacks.add(
        Output(LEVERS, "data"),
        Input(ADD, "n_clicks"),
        State(LEVERS, "data"),
        State(POOL, "value"),
        State(LOW, "value"),
        State(HIGH, "value"),
        State(PRICE, "value"),
        **common,
    )
    def add(_clicks: int, told: Told, path: str | None, low: Any, high: Any, price: Any) -> Told:
        path = needed(path, _("What"))
        lever = actions.lever_told(path, low, high, price)
        return [*(one for one in told if one["path"] != path), {**lever, "text": _pools(port)[path][0]}]

    @callbacks.add(
        Output(LEVERS, "data", allow_duplicate=True),
        Output(limits_id(PREFIX), "data", allow_duplicate=True),
        Input(CLEAR, "n_clicks"),
        **common,
    )
    def take_away(_clicks: int) -> tuple[Told, Told]:
        return [], []


def _register_run(callbacks: Callbacks, port: HospitalPort) -> None:
    @callbacks.add(
        Output(URL, "search", allow_duplicate=True),
        Input(IDS.run, "n_clicks"),
        State(LEVERS, "data"),
        State(limits_id(PREFIX), "data"),
        State(HORIZON, "value"),
        State(URL, "search"),
        permission=Permission.SIMULATION_RUN,
        prevent_initial_call=True,
        running=while_starting(IDS),
    )
    def run(_clicks: int, told: Told, limits: Told, horizon: str, search: str) -> str:
        arguments = {
            "levers": [f"{one['path']}={one['low']}..{one['high']}@{one['price']}" for one in told],
            "limits": limit_texts(limits),
            "base": "live",
            "horizon_s": int(horizon) * 3600.0,
            "replications": _REPLICATIONS,
        }
        return search_with(search, run=actions.start_optimum(port, arguments))


PAGE = Page(
    path="/cheapest",
    title=mark("Cheapest within limits"),
    permission=Permission.SIMULATION_READ,
    layout=layout,
    register=register,
    position=55,
    section=mark("Ahead"),
    icon="whatif",
)

"""What-if.

Opened by the planner, to see whether a change of beds, staff or arrivals pays, before it is made. A run starts from the
hospital as it is now; its answer says better, worse, or not distinguishable, and can be computed again to the same
figures from its seed and hash.
"""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from dash_app.actions import runs as actions
from dash_app.pages.address import URL, query_of, search_with
from dash_app.pages.fields import figure, needed
from dash_app.pages.guard import Callbacks
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
from dash_app.pages.told_list import register_told, told_items
from dash_app.pages.whatif_answer import answer_panels, known_so_far
from dash_app.pages.whatif_situations import register_situations, situation_panel
from dash_app.queries.levers import Lever, LeverKind, lever_of_ward, levers, ward_names
from dash_app.queries.port import HospitalPort, JobView
from dash_app.queries.whatif import (
    Change,
    Question,
    Situated,
    answer_of,
)
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.measures import lever_text
from dash_app.texts.moments import number
from twin.access import Permission

CHANGES = "whatif-changes"
CHANGE_LIST = "whatif-change-list"
PATH = "whatif-path"
ACTION = "whatif-action"
VALUE = "whatif-value"
ADD = "whatif-add"
CLEAR = "whatif-clear"
HORIZON = "whatif-horizon"
REPLICATIONS = "whatif-replications"
SEED = "whatif-seed"
IDS = RunIds("whatif", "what_if")
PRICES = "whatif-prices"
PRICE_LIST = "whatif-price-list"
PRICED = "whatif-priced"
PRICE = "whatif-price"
ADD_PRICE = "whatif-price-add"
ONE_MORE_TOO = "whatif-one-more"

ACTIONS = {"add": mark("add"), "scale": mark("multiply by"), "set": mark("set to")}


def _lever_text(lever: Lever) -> str:
    text = lever_text(lever.kind.value, lever.subject, lever.name)
    return text if lever.now is None else _("{text} (now {count})").format(text=text, count=number(lever.now, 0))


def change_text(change: dict[str, Any]) -> str:
    """Give one entry of a list of changes as a sentence: a situation, or what is done to a lever.

    Parameters
    ----------
    change : dict[str, Any]
        As the pages keep it.
    """
    if "situation" in change:
        return str(change["text"])
    return f"{change['text']}: {_(ACTIONS[str(change['action'])])} {number(float(change['value']), 2)}"


def _change_items(changes: list[dict[str, Any]]) -> list[Component]:
    return told_items(CHANGES, [change_text(one) for one in changes], _("No change: the hospital as it is."))


def _levers(port: HospitalPort) -> list[Lever]:
    return levers(port.state(), port.clock.now(), chinese=wants_chinese())


def lever_title(port: HospitalPort, path: str) -> str:
    """Give the text of the lever that an entry of the pathway is; the entry itself if it is none."""
    return next((_lever_text(one) for one in _levers(port) if one.path == path), path)


def lever_choices(port: HospitalPort) -> list[dict[str, str]]:
    """Give everything that can be changed in the hospital as it is now, as the options of a choice."""
    return [{"value": lever.path, "label": _lever_text(lever)} for lever in _levers(port)]


def _priced(port: HospitalPort) -> list[dict[str, str]]:
    """Give the pools that can have a price, by the text of their lever."""
    return [
        {"value": lever.subject, "label": lever_text(lever.kind.value, lever.subject, lever.name)}
        for lever in _levers(port)
        if lever.kind is LeverKind.CAPACITY
    ]


def _question_panel(port: HospitalPort, ward: str, *, may_run: bool) -> Component:
    options = [{"value": key, "label": _(text)} for key, text in ACTIONS.items()]
    paths = lever_choices(port)
    # Whoever comes from a card of the forecast asks about the beds of its ward.
    named = lever_of_ward(port.state(), port.clock.now(), ward) if ward else ""
    chosen = named if any(one["value"] == named for one in paths) else paths[0]["value"]
    horizons = [{"value": str(hours), "label": _("{hours} h").format(hours=hours)} for hours in (24, 48, 72, 168)]
    return panel(
        _("Question"),
        html.H3(_("Base")),
        html.P(_("The hospital as it is now, with everybody in place.")),
        html.H3(_("Situation")),
        *situation_panel(IDS.prefix),
        html.H3(_("Changes")),
        html.Ul(_change_items([]), id=CHANGE_LIST, className="changes"),
        dmc.Select(id=PATH, label=_("What changes"), data=paths, value=chosen, searchable=True),
        dmc.Select(id=ACTION, label=_("How"), data=options, value="add", allowDeselect=False),
        dmc.NumberInput(id=VALUE, label=_("By how much"), value=1, hideControls=True),
        html.P(
            [
                html.Button(_("Add the change"), id=ADD, className="action", n_clicks=0),
                " ",
                html.Button(_("Take all away"), id=CLEAR, className="action", n_clicks=0),
            ]
        ),
        html.H3(_("Money")),
        html.Ul([], id=PRICE_LIST, className="changes"),
        dmc.Select(id=PRICED, label=_("What costs"), data=_priced(port), value=None, clearable=True, searchable=True),
        dmc.NumberInput(id=PRICE, label=_("Price of one for an hour"), value=0, min=0, hideControls=True),
        html.P(html.Button(_("Set the price"), id=ADD_PRICE, className="action", n_clicks=0)),
        html.H3(_("Run")),
        dmc.Checkbox(id=ONE_MORE_TOO, label=_("Also: what would one more of each bring?"), checked=False),
        dmc.Select(id=HORIZON, label=_("How far ahead"), data=horizons, value="48", allowDeselect=False),
        dmc.NumberInput(id=REPLICATIONS, label=_("Replications"), value=20, min=2, max=2000, hideControls=True),
        dmc.NumberInput(id=SEED, label=_("Seed"), value=1, min=0, max=4294967295, hideControls=True),
        run_buttons(IDS, _("Run"), may_run=may_run),
    )


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page; an address with a run shows its answer, one with a ward begins with that ward's beds."""
    view = view_of(port, visit.query.get("run", ""))
    return html.Div(
        [
            page_head(_("What if"), _("Would a change pay? Simulated from the hospital as it is now.")),
            dcc.Store(id=CHANGES, data=[]),
            dcc.Store(id=PRICES, data={}),
            html.Div(dcc.Graph(figure={}), hidden=True),  # loads the drawing library while the question is put together
            html.Div(
                className="two",
                children=[
                    _question_panel(
                        port, visit.query.get("ward", ""), may_run=port.actor().may(Permission.SIMULATION_RUN)
                    ),
                    run_column(port, IDS, view, _progress(view), _answer(port, view, visit.query.get("seed", ""))),
                ],
            ),
        ]
    )


def _progress(view: JobView | None) -> list[Component]:
    return progress_parts(view, [] if view is None else known_so_far(answer_of(view.partial)))


def _answer(port: HospitalPort, view: JobView | None, seed: str) -> list[Component]:
    if view is None:
        return [empty(_("No run yet"), _("Put changes together, then press Run. The base alone gives a forecast."))]
    answer = answer_of(view.result or view.partial)
    if not answer.measures:
        return []
    names = ward_names(port.state(), chinese=wants_chinese())
    parts = answer_panels(answer, names, seed)
    return [html.Div(parts, className="panels")]


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register putting a question together, running it, and following the run."""
    _register_question(callbacks, port)
    _register_prices(callbacks)
    register_situations(callbacks, port, CHANGES, IDS.prefix)
    _register_run(callbacks, port)

    def answer(view: JobView | None, search: str) -> list[Component]:
        return _answer(port, view, query_of(search).get("seed", ""))

    register_following(callbacks, port, IDS, _progress, answer)


def _register_question(callbacks: Callbacks, port: HospitalPort) -> None:
    register_told(callbacks, CHANGES, CHANGE_LIST, _change_items)

    @callbacks.add(
        Output(CHANGES, "data"),
        Input(ADD, "n_clicks"),
        State(CHANGES, "data"),
        State(PATH, "value"),
        State(ACTION, "value"),
        State(VALUE, "value"),
        permission=Permission.SIMULATION_RUN,
        prevent_initial_call=True,
    )
    def add_change(
        _clicks: int, changes: list[dict[str, Any]], path: str | None, action: str, value: float | str
    ) -> list[dict[str, Any]]:
        path, value = needed(path, _("What changes")), figure(value, _("By how much"))
        return [*changes, {"path": path, "action": action, "value": value, "text": lever_title(port, path)}]

    @callbacks.add(
        Output(CHANGES, "data", allow_duplicate=True),
        Input(CLEAR, "n_clicks"),
        permission=Permission.SIMULATION_RUN,
        prevent_initial_call=True,
    )
    def take_away(_clicks: int) -> list[dict[str, Any]]:
        return []


def _register_prices(callbacks: Callbacks) -> None:
    @callbacks.add(
        Output(PRICES, "data"),
        Output(PRICE_LIST, "children"),
        Input(ADD_PRICE, "n_clicks"),
        State(PRICES, "data"),
        State(PRICED, "value"),
        State(PRICED, "data"),
        State(PRICE, "value"),
        permission=Permission.SIMULATION_RUN,
        prevent_initial_call=True,
    )
    def set_price(
        _clicks: int, prices: dict[str, float], pool: str | None, pools: list[dict[str, str]], price: float | str
    ) -> tuple[dict[str, float], list[Component]]:
        pool, price = needed(pool, _("What costs")), figure(price, _("Price of one for an hour"))
        names = {one["value"]: one["label"] for one in pools}
        made = {name: value for name, value in {**prices, pool: price}.items() if value}
        return made, [html.Li(f"{names.get(name, name)}: {number(value, 2)}") for name, value in made.items()]


def _question(told: list[Any]) -> Question:
    changes, horizon, replications, seed, one_more, prices = told
    return Question(
        name=_("changed"),
        changes=tuple(Change(path=c["path"], action=c["action"], value=c["value"]) for c in changes if "path" in c),
        situations=tuple(Situated(name=c["situation"], values=c["values"]) for c in changes if "situation" in c),
        one_more=bool(one_more),
        prices=prices,
        horizon_h=int(horizon),
        replications=int(replications or 0),
        seed=int(seed or 0),
    )


def _register_run(callbacks: Callbacks, port: HospitalPort) -> None:
    @callbacks.add(
        Output(URL, "search", allow_duplicate=True),
        Input(IDS.run, "n_clicks"),
        State(CHANGES, "data"),
        State(HORIZON, "value"),
        State(REPLICATIONS, "value"),
        State(SEED, "value"),
        State(ONE_MORE_TOO, "checked"),
        State(PRICES, "data"),
        State(URL, "search"),
        permission=Permission.SIMULATION_RUN,
        prevent_initial_call=True,
        running=while_starting(IDS),
    )
    def run(*values: Any) -> str:
        _clicks, *told, search = values
        question = _question(told)
        job = actions.start_what_if(port, question.arguments())
        return search_with(search, run=job, seed=question.seed)


PAGE = Page(
    path="/what-if",
    title=mark("What if"),
    permission=Permission.SIMULATION_READ,
    layout=layout,
    register=register,
    position=51,
    section=mark("Ahead"),
    icon="whatif",
)

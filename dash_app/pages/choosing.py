"""Best of several.

Opened by the planner who has several ideas and wants the best of them, within what was promised. All are tried on the
hospital as it is now, with the same patients; the answer says how sure it is, and what broke a limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from dash_app.actions import runs as actions
from dash_app.pages.address import URL, search_with
from dash_app.pages.fields import figure, needed
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
from dash_app.pages.whatif import ACTIONS, change_text, lever_choices, lever_title
from dash_app.pages.whatif_situations import register_situations, situation_panel
from dash_app.queries.choosing import CandidateShown, Chosen, chosen_of
from dash_app.queries.levers import rankable, ward_names
from dash_app.queries.port import HospitalPort, JobView
from dash_app.queries.whatif import BASE_NAME
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.measures import measure_text, scale_of
from dash_app.texts.moments import number, percent
from twin.access import Permission

PREFIX = "choosing"
IDS = RunIds(PREFIX, "choice")
SCENARIOS, SCENARIO_LIST = "choosing-scenarios", "choosing-scenario-list"
PARTS, PART_LIST = "choosing-parts", "choosing-part-list"
PATH, ACTION, VALUE, ADD_PART = "choosing-path", "choosing-action", "choosing-value", "choosing-part-add"
NAME, ADD, CLEAR = "choosing-name", "choosing-add", "choosing-clear"
BY, METHOD, ZONE, BUDGET, HORIZON = (
    "choosing-by",
    "choosing-method",
    "choosing-zone",
    "choosing-budget",
    "choosing-horizon",
)
METHODS: Mapping[str, str] = {
    "kn": mark("With a promise: as many runs as it takes (Kim and Nelson)"),
    "ocba": mark("As well as a number of runs allows (OCBA)"),
}
_REPLICATIONS = 200


def _part_items(parts: Told) -> list[Component]:
    return told_items(PARTS, [change_text(one) for one in parts], _("No change yet."))


def _scenario_items(told: Told) -> list[Component]:
    texts = [f"{one['name']}: " + "; ".join(change_text(part) for part in one["parts"]) for one in told]
    return told_items(SCENARIOS, texts, _("as it is"), keeps_begin=True)


def _scenarios_panel(port: HospitalPort) -> list[Component]:
    paths = lever_choices(port)
    hows = [{"value": key, "label": _(text)} for key, text in ACTIONS.items()]
    return [
        html.H3(_("Scenarios")),
        html.Ul(_scenario_items([]), id=SCENARIO_LIST, className="changes"),
        html.H3(_("One more scenario")),
        html.Ul(_part_items([]), id=PART_LIST, className="changes"),
        *situation_panel(PREFIX),
        dmc.Select(id=PATH, label=_("What changes"), data=paths, value=paths[0]["value"], searchable=True),
        dmc.Select(id=ACTION, label=_("How"), data=hows, value="add", allowDeselect=False),
        dmc.NumberInput(id=VALUE, label=_("By how much"), value=1, hideControls=True),
        html.P(html.Button(_("Add the change"), id=ADD_PART, className="action", n_clicks=0)),
        dmc.TextInput(id=NAME, label=_("Name of the scenario"), value=""),
        html.P(
            [
                html.Button(_("Add the scenario"), id=ADD, className="action", n_clicks=0),
                " ",
                html.Button(_("Take all away"), id=CLEAR, className="action", n_clicks=0),
            ]
        ),
    ]


def _question(port: HospitalPort) -> Component:
    names = ward_names(port.state(), chinese=wants_chinese())
    measures = [{"value": one, "label": measure_text(one, names)} for one in rankable(port.state(), port.clock.now())]
    methods = [{"value": key, "label": _(text)} for key, text in METHODS.items()]
    horizons = [{"value": str(hours), "label": _("{hours} h").format(hours=hours)} for hours in (24, 48, 72, 168)]
    return panel(
        _("Question"),
        *_scenarios_panel(port),
        html.H3(_("By what")),
        dmc.Select(id=BY, label=_("The lower the better"), data=measures, value=measures[0]["value"], searchable=True),
        dmc.Select(id=METHOD, label=_("How to choose"), data=methods, value="kn", allowDeselect=False),
        dmc.NumberInput(
            id=ZONE, label=_("With a promise: the difference that does not matter"), value=1, min=0, hideControls=True
        ),
        dmc.NumberInput(
            id=BUDGET, label=_("With a number of runs: for all together"), value=400, min=20, hideControls=True
        ),
        *limits_panel(port, PREFIX),
        html.P(limit_button(PREFIX)),
        html.H3(_("Run")),
        dmc.Select(id=HORIZON, label=_("How far ahead"), data=horizons, value="48", allowDeselect=False),
        run_buttons(IDS, _("Choose"), may_run=port.actor().may(Permission.SIMULATION_RUN)),
    )


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page; an address with a run shows its answer."""
    view = view_of(port, visit.query.get("run", ""))
    lead = _("Which of several ideas is best? All are tried on the hospital as it is now, with the same patients.")
    return html.Div(
        [
            page_head(_("Best of several"), lead),
            dcc.Store(id=SCENARIOS, data=[]),
            dcc.Store(id=PARTS, data=[]),
            html.Div(
                className="two",
                children=[_question(port), run_column(port, IDS, view, _progress(view), _answer(port, view))],
            ),
        ]
    )


def _progress(view: JobView | None) -> list[Component]:
    return progress_parts(view, is_measured=False)  # how many runs it takes is what is being found out


def _answer(port: HospitalPort, view: JobView | None) -> list[Component]:
    if view is None:
        told = _("Put scenarios together, say by what they are judged and what must hold, then press Choose.")
        return [empty(_("No choice yet"), told)]
    found = chosen_of(view.result)
    if found is None:
        return []
    names = ward_names(port.state(), chinese=wants_chinese())
    return [html.Div(_answer_panel(found, names), className="panels")]


def _verdict(found: Chosen) -> str:
    best = _("as it is") if found.best == BASE_NAME else found.best
    if not best:
        return _("None of them keeps the limits.")
    if found.chance is not None:
        return _("Best: {name}; truly the best with {share} or more.").format(name=best, share=percent(found.chance))
    if found.is_sure:
        return _("Best: {name}.").format(name=best)
    return _("Best so far: {name}; not yet told apart from the others that are still in the running.").format(name=best)


def _answer_panel(found: Chosen, names: Mapping[str, str]) -> Component:
    limits = found.candidates[0].limits
    kept = {True: _("holds"), False: _("broken"), None: _("not known")}
    rows: list[list[Cell]] = [
        [
            _("as it is") if one.scenario == BASE_NAME else one.scenario,
            _interval(one.mean, one.half_width, one.n, found.measure),
            *(_interval(limit.mean, limit.half_width, limit.n, limit.measure) for limit in one.limits),
            *([kept[one.keeps_limits]] if limits else []),
            _standing(one, found),
        ]
        for one in found.candidates
    ]
    text = _("{measure}: at most {most}")
    headings = [
        _("Scenario"),
        measure_text(found.measure, names),
        *(
            text.format(measure=measure_text(one.measure, names), most=number(one.most / scale_of(one.measure), 2))
            for one in limits
        ),
        *([_("Limits")] if limits else []),
        _("In the end"),
    ]
    told = _("{runs} runs, mean and 95 % interval.").format(runs=number(found.replications))
    return panel(
        _("Answer"),
        html.P(_verdict(found), className="summary"),
        table(_("Scenarios"), headings, rows),
        html.P(told, className="secondary"),
        wide=True,
    )


def _standing(one: CandidateShown, found: Chosen) -> str:
    if one.scenario == found.best:
        return _("best")
    if one.keeps_limits is not False and found.chance is not None:
        return _("behind")  # sharing runs out throws nothing out: it only looks more closely at the best
    return _("still in the running") if one.is_kept else _("out")


def _interval(mean: float | None, half_width: float | None, n: int, measure: str) -> str:
    if mean is None or half_width is None:
        return "–"
    scale = scale_of(measure)
    return _("{mean} ± {half_width} (n = {n})").format(
        mean=number(mean / scale, 2), half_width=number(half_width / scale, 2), n=n
    )


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register putting scenarios together, the choice, and following it."""
    _register_parts(callbacks, port)
    _register_scenarios(callbacks)
    register_situations(callbacks, port, PARTS, PREFIX)
    register_limits(callbacks, port, PREFIX)
    _register_run(callbacks, port)
    register_following(callbacks, port, IDS, _progress, lambda view, _search: _answer(port, view))


def _register_parts(callbacks: Callbacks, port: HospitalPort) -> None:
    register_told(callbacks, PARTS, PART_LIST, _part_items)

    @callbacks.add(
        Output(PARTS, "data"),
        Input(ADD_PART, "n_clicks"),
        State(PARTS, "data"),
        State(PATH, "value"),
        State(ACTION, "value"),
        State(VALUE, "value"),
        permission=Permission.SIMULATION_RUN,
        prevent_initial_call=True,
    )
    def add_part(_clicks: int, parts: Told, path: str | None, action: str, value: Any) -> Told:
        path, value = needed(path, _("What changes")), figure(value, _("By how much"))
        return [*parts, {"path": path, "action": action, "value": value, "text": lever_title(port, path)}]


def _register_scenarios(callbacks: Callbacks) -> None:
    common: dict[str, Any] = {"permission": Permission.SIMULATION_RUN, "prevent_initial_call": True}
    register_told(callbacks, SCENARIOS, SCENARIO_LIST, _scenario_items)

    @callbacks.add(
        Output(SCENARIOS, "data"),
        Output(PARTS, "data", allow_duplicate=True),
        Output(NAME, "value"),
        Input(ADD, "n_clicks"),
        State(SCENARIOS, "data"),
        State(PARTS, "data"),
        State(NAME, "value"),
        **common,
    )
    def add(_clicks: int, told: Told, parts: Told, name: str) -> tuple[Told, Told, str]:
        parts = needed(parts, _("Add the change"))
        # A scenario without a name is called by what it changes; the same name again takes the place of the first.
        called = (name or "").strip() or "; ".join(change_text(one) for one in parts)[:100]
        made = [*(one for one in told if one["name"] != called), {"name": called, "parts": parts}]
        return made, [], ""

    @callbacks.add(
        Output(SCENARIOS, "data", allow_duplicate=True),
        Output(PARTS, "data", allow_duplicate=True),
        Output(limits_id(PREFIX), "data", allow_duplicate=True),
        Input(CLEAR, "n_clicks"),
        **common,
    )
    def take_away(_clicks: int) -> tuple[Told, Told, Told]:
        return [], [], []


def _plain(told: Told) -> list[dict[str, object]]:
    """Give the scenarios as the job reads them, the hospital as it is first."""
    found: list[dict[str, object]] = [{"name": BASE_NAME, "changes": []}]
    for one in told:
        situations = [part for part in one["parts"] if "situation" in part]
        changes = [part for part in one["parts"] if "path" in part]
        found.append(
            {
                "name": one["name"],
                "situations": [{"name": part["situation"], "values": part["values"]} for part in situations],
                "changes": [{key: part[key] for key in ("path", "action", "value")} for part in changes],
            }
        )
    return found


def _register_run(callbacks: Callbacks, port: HospitalPort) -> None:
    @callbacks.add(
        Output(URL, "search", allow_duplicate=True),
        Input(IDS.run, "n_clicks"),
        State(SCENARIOS, "data"),
        State(limits_id(PREFIX), "data"),
        State(BY, "value"),
        State(METHOD, "value"),
        State(ZONE, "value"),
        State(BUDGET, "value"),
        State(HORIZON, "value"),
        State(URL, "search"),
        permission=Permission.SIMULATION_RUN,
        prevent_initial_call=True,
        running=while_starting(IDS),
    )
    def run(_clicks: int, *values: Any) -> str:
        told, limits, measure, method, zone, budget, horizon, search = values
        is_number = isinstance(zone, int | float) and not isinstance(zone, bool)
        arguments = {
            "scenarios": _plain(told),
            "measure": measure,
            "method": method,
            "limits": limit_texts(limits),
            "base": "live",
            "horizon_s": int(horizon) * 3600.0,
            "replications": _REPLICATIONS,
            # Each method has its own number; the other one stands on the page without meaning anything.
            **({"budget": budget} if method == "ocba" else {"zone": zone * scale_of(measure) if is_number else zone}),
        }
        return search_with(search, run=actions.start_choice(port, arguments))


PAGE = Page(
    path="/choose",
    title=mark("Best of several"),
    permission=Permission.SIMULATION_READ,
    layout=layout,
    register=register,
    position=57,
    section=mark("Ahead"),
    icon="whatif",
)

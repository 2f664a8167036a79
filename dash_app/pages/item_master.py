"""Item master.

Opened by whoever keeps the item master, to find entries that are probably one item and to make them one, after a look
at what would go over. Lots, stock, labels and par levels follow; what was used on patients stays traceable.
"""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, html
from dash.development.base_component import Component

from dash_app.actions import item_master as actions
from dash_app.pages.fields import needed
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import attributes, empty, page_head, panel
from dash_app.pages.tables import Cell, table
from dash_app.queries import item_master as queries
from dash_app.queries import items
from dash_app.queries.names import place_name
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import moment, number, percent
from inventory.service.merging import Outlook
from twin.access import Permission

PAIRS, KEEP, DROP, LOOK = "master-pairs", "master-keep", "master-drop", "master-look"
PAST, PAST_ONE, UNDO = "master-past", "master-past-one", "master-undo"
SEEN, MERGE, SAID = "master-seen", "master-merge", "master-said"


def _pairs(port: HospitalPort) -> Component:
    with port.read() as session:
        found = queries.pairs(session)
    if not found:
        return empty(_("No two entries look like one item"), _("Import the item master, or choose two entries below."))
    rows: list[list[Cell]] = [
        [
            f"{pair.first_name} ({pair.candidate.first})",
            f"{pair.second_name} ({pair.candidate.second})",
            codes.code_text(codes.LIKENESS, pair.candidate.why.value),
            percent(pair.candidate.score),
        ]
        for pair in found
    ]
    return table(_("Probably one item"), [_("Entry"), _("Entry"), _("By"), _("Likeness")], rows)


def _work(port: HospitalPort) -> Component:
    with port.read() as session:
        names = items.names(session)
    options = [
        {"value": key, "label": f"{name} ({key})"} for key, name in sorted(names.items(), key=lambda each: each[1])
    ]
    may = port.actor().may(Permission.STOCK_PLAN)
    return panel(
        _("Make two entries one"),
        html.Div(
            [
                dmc.Select(id=KEEP, label=_("Stays"), data=options, searchable=True, miw=300),
                dmc.Select(id=DROP, label=_("Goes"), data=options, searchable=True, miw=300),
                html.Button(_("Look at it"), id=LOOK, className="action", n_clicks=0),
                html.Button(_("Merge"), id=MERGE, className="action primary", n_clicks=0, disabled=True),
            ],
            className="filters",
        ),
        html.P(
            _("Nothing changes before you press Merge; what it did can be taken back below.")
            if may
            else _("You may look; merging needs the right to plan stock."),
            className="secondary",
        ),
        html.Div(id=SEEN, **attributes(aria_live="polite")),
        wide=True,
    )


def _outlook(port: HospitalPort, found: Outlook) -> Component:
    state, chinese = port.state(), wants_chinese()

    def places(names: tuple[str, ...]) -> str:
        return ", ".join(place_name(state, name, chinese=chinese) for name in names) or "–"

    standing = found.standing
    rows: list[list[Cell]] = [
        [_("Units on hand"), number(found.on_hand)],
        [_("Places"), places(standing.places)],
        [_("Lots"), number(found.lots)],
        [_("Labels (GTIN)"), number(standing.packages)],
        [_("Par levels"), places(standing.par_places)],
        [_("Par levels that are dropped: both have one"), places(found.par_conflicts)],
        [_("Substitutes"), number(standing.substitutes)],
        [_("Suppliers"), number(standing.supplies)],
        [_("Lines of open orders"), number(standing.open_orders)],
    ]
    told = _("{drop} becomes {keep}").format(drop=found.drop.name, keep=found.keep.name)
    parts: list[Component] = [html.H3(told), table(told, [_("What goes over"), ""], rows)]
    if found.obstacles:
        reasons = [html.Li(codes.code_text(codes.MERGE_OBSTACLES, code)) for code in found.obstacles]
        parts.append(html.Div([html.P(_("Not possible yet:"), className="status p2"), html.Ul(reasons)]))
    return html.Div(parts)


def _past(port: HospitalPort) -> Component:
    with port.read() as session:
        found = queries.past_merges(session)
    if not found:
        return empty(_("No entries were merged"), _("What is merged above can be taken back here."))
    rows: list[list[Cell]] = [
        [one.drop_name, one.keep_name, moment(one.record.merged_at), one.record.merged_by] for one in found
    ]
    options = [
        {"value": one.record.id, "label": f"{one.drop_name} → {one.keep_name} · {moment(one.record.merged_at)}"}
        for one in found
    ]
    may = port.actor().may(Permission.STOCK_PLAN)
    told = _(
        "Labels, suppliers and par levels come back as they were, and what is left of its lots; what was used "
        "meanwhile stays in the books as it is."
    )
    return html.Div(
        [
            html.P(told, className="secondary"),
            table(_("Merged entries"), [_("Went"), _("Into"), _("When"), _("By")], rows),
            html.Div(
                [
                    dmc.Select(id=PAST_ONE, label=_("Merge"), data=options, searchable=True, miw=420),
                    html.Button(_("Take it back"), id=UNDO, className="action", n_clicks=0, disabled=not may),
                ],
                className="filters",
            ),
        ]
    )


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    del visit
    lead = _("Entries that are probably one item: found by code, supplier's number and name; sizes have to agree.")
    return html.Div(
        [
            page_head(_("Item master"), lead),
            html.P(id=SAID, role="status", **attributes(aria_live="polite")),
            html.Div(
                [
                    panel(_("Probably one item"), html.Div(_pairs(port), id=PAIRS), wide=True),
                    _work(port),
                    panel(_("Merged entries"), html.Div(_past(port), id=PAST), wide=True),
                ],
                className="below",
            ),
        ]
    )


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register the look at a pair and its merge."""

    @callbacks.add(
        Output(SEEN, "children"),
        Output(MERGE, "disabled"),
        Input(LOOK, "n_clicks"),
        State(KEEP, "value"),
        State(DROP, "value"),
        permission=Permission.STOCK_READ,
        prevent_initial_call=True,
    )
    def look(_clicks: int, keep: str | None, drop: str | None) -> tuple[Component, bool]:
        keep, drop = needed(keep, _("Stays")), needed(drop, _("Goes"))
        with port.read() as session:
            found = queries.outlook(session, keep, drop)
        may = port.actor().may(Permission.STOCK_PLAN)
        return _outlook(port, found), bool(found.obstacles) or not may

    @callbacks.add(
        Output(SAID, "children"),
        Output(PAIRS, "children"),
        Output(SEEN, "children", allow_duplicate=True),
        Output(MERGE, "disabled", allow_duplicate=True),
        Output(DROP, "value"),
        Output(PAST, "children"),
        Input(MERGE, "n_clicks"),
        State(KEEP, "value"),
        State(DROP, "value"),
        permission=Permission.STOCK_PLAN,
        prevent_initial_call=True,
    )
    def merge(_clicks: int, keep: str | None, drop: str | None) -> Any:
        keep, drop = needed(keep, _("Stays")), needed(drop, _("Goes"))
        done = actions.merge(port, keep, drop)
        said = _("{drop} is {keep} now; {units} units went over.").format(
            drop=done.drop.name, keep=done.keep.name, units=number(done.on_hand)
        )
        return said, _pairs(port), None, True, None, _past(port)

    @callbacks.add(
        Output(SAID, "children", allow_duplicate=True),
        Output(PAIRS, "children", allow_duplicate=True),
        Output(PAST, "children", allow_duplicate=True),
        Input(UNDO, "n_clicks"),
        State(PAST_ONE, "value"),
        permission=Permission.STOCK_PLAN,
        prevent_initial_call=True,
    )
    def undo(_clicks: int, merge: str | None) -> Any:
        done = actions.undo(port, needed(merge, _("Merge")))
        said = _("Taken back: {units} units came back, {spent} were used meanwhile.").format(
            units=number(done.quantity), spent=number(done.spent)
        )
        return said, _pairs(port), _past(port)


PAGE = Page(
    path="/item-master",
    title=mark("Item master"),
    permission=Permission.STOCK_READ,
    layout=layout,
    register=register,
    icon="stock",
)

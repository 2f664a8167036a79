"""Shortages.

Opened by logistics staff, to see which places are owed goods since a task came short, and by whoever has clinical
authority, to say what may be given instead. What is owed is asked for by itself as soon as some arrives.
"""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, ctx, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dash_app.actions import shortages as actions
from dash_app.pages.asking import asks_first
from dash_app.pages.fields import needed, whole
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import attributes, empty, page_head, panel, since
from dash_app.pages.tables import Cell, table
from dash_app.queries import items, shortages
from dash_app.queries.names import place_name
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from inventory.model.back_orders import BackOrder, BackOrderState
from inventory.model.items import Substitute
from inventory.service.helping import Help
from twin.access import Permission
from twin.ids import ItemId

CONTENT, SAID = "shortages-content", "shortages-said"
OWED, CANCEL = "shortages-owed", "shortages-cancel"
ITEM, STAND_IN, GIVEN, REPLACED = "shortages-item", "shortages-stand-in", "shortages-given", "shortages-replaced"
LOOK, ASK, HELP = "shortages-look", "shortages-ask", "shortages-help"
PROPOSE, PAIR, APPROVE, WITHDRAW = "shortages-propose", "shortages-pair", "shortages-approve", "shortages-withdraw"


def _owed_table(port: HospitalPort, found: list[BackOrder], names: dict[str, str]) -> Component:
    if not found:
        return empty(_("Nothing is owed"), _("A task that comes short leaves the rest here."))
    state, chinese, now = port.state(), wants_chinese(), port.clock.now()
    rows: list[list[Cell]] = [
        [
            names.get(one.item, one.item),
            place_name(state, one.place, chinese=chinese),
            one.quantity,
            place_name(state, one.source, chinese=chinese) if one.source else "–",
            since(one.opened_at, now),
            codes.code_text(codes.BACK_ORDER_STATES, one.state.value),
        ]
        for one in found
    ]
    headings = [_("Item"), _("Place"), _("Owed"), _("Source"), _("Since"), _("State")]
    return table(_("What is owed"), headings, rows)


def _owed(port: HospitalPort, found: list[BackOrder], names: dict[str, str]) -> Component:
    state, chinese = port.state(), wants_chinese()
    options = [
        {
            "value": one.id,
            "label": f"{names.get(one.item, one.item)} · {place_name(state, one.place, chinese=chinese)}",
        }
        for one in found
        if one.state is BackOrderState.OPEN
    ]
    may = port.actor().may(Permission.TASKS_ASSIGN)
    return panel(
        _("Owed to places"),
        _owed_table(port, found, names),
        html.Div(
            [
                dmc.Select(id=OWED, label=_("Owed"), data=options, searchable=True, miw=320),
                asks_first(
                    html.Button(_("Not needed any more"), id=CANCEL, className="action", n_clicks=0, disabled=not may),
                    _("The place gets nothing for it when goods come; it must ask anew."),
                    OWED,
                ),
            ],
            className="filters",
        ),
        wide=True,
    )


def _pair_text(pair: Substitute, names: dict[str, str]) -> str:
    return f"{names.get(pair.item, pair.item)} ← {names.get(pair.stand_in, pair.stand_in)}"


def _substitutes(port: HospitalPort, pairs: list[Substitute], names: dict[str, str]) -> Component:
    actor = port.actor()
    may_plan, may_approve = actor.may(Permission.STOCK_PLAN), actor.may(Permission.SUBSTITUTES_APPROVE)
    rows: list[list[Cell]] = [
        [
            names.get(pair.item, pair.item),
            names.get(pair.stand_in, pair.stand_in),
            f"{pair.numerator} : {pair.denominator}",
            pair.approved_by or _("waits for approval"),
        ]
        for pair in pairs
    ]
    headings = [_("Item"), _("Stands in"), _("Units for units"), _("Approved by")]
    options = [{"value": key, "label": name} for key, name in sorted(names.items(), key=lambda each: each[1])]
    choices = [{"value": f"{pair.item}|{pair.stand_in}", "label": _pair_text(pair, names)} for pair in pairs]
    shown = (
        table(_("What may stand in for what"), headings, rows)
        if rows
        else empty(_("No substitute is known"), _("Propose one below; somebody with clinical authority approves it."))
    )
    return panel(
        _("Substitutes"),
        shown,
        html.Div(
            [
                dmc.Select(id=PAIR, label=_("Pair"), data=choices, searchable=True, miw=320),
                html.Button(_("Approve"), id=APPROVE, className="action primary", n_clicks=0, disabled=not may_approve),
                html.Button(_("Withdraw"), id=WITHDRAW, className="action", n_clicks=0, disabled=not may_plan),
            ],
            className="filters",
        ),
        html.Div(
            [
                dmc.Select(id=ITEM, label=_("Item that lacks"), data=options, searchable=True, miw=240),
                dmc.Select(id=STAND_IN, label=_("Stands in"), data=options, searchable=True, miw=240),
                dmc.NumberInput(id=GIVEN, label=_("Units given"), value=1, min=1, allowDecimal=False, w=130),
                dmc.NumberInput(
                    id=REPLACED, label=_("for units of the item"), value=1, min=1, allowDecimal=False, w=170
                ),
                html.Button(_("Propose"), id=PROPOSE, className="action", n_clicks=0, disabled=not may_plan),
            ],
            className="filters",
        ),
        wide=True,
    )


def _helping(port: HospitalPort) -> Component:
    may = port.actor().may(Permission.TASKS_ASSIGN)
    return panel(
        _("Wards help each other out"),
        html.P(_("For what no store has: who keeps more than its own need for three days, with the least walking.")),
        html.P(
            [
                html.Button(_("Look who can help"), id=LOOK, className="action", n_clicks=0, disabled=not may),
                " ",
                html.Button(_("Ask for these tasks"), id=ASK, className="action primary", n_clicks=0, disabled=True),
            ]
        ),
        html.Div(id=HELP, **attributes(aria_live="polite")),
        wide=True,
    )


def help_table(port: HospitalPort, found: list[Help]) -> Component:
    """Show who can help out whom."""
    if not found:
        return empty(_("Nobody can help"), _("The stores have what lacks, or no ward has more than it needs."))
    state, chinese = port.state(), wants_chinese()
    with port.read() as session:
        names = items.names(session)
    rows: list[list[Cell]] = [
        [
            names.get(each.item, each.item),
            each.quantity,
            place_name(state, each.from_place, chinese=chinese),
            place_name(state, each.to_place, chinese=chinese),
            round(each.seconds / 60),
        ]
        for each in found
    ]
    headings = [_("Item"), _("Units"), _("From"), _("To"), _("Minutes to walk")]
    return table(_("Who can help whom"), headings, rows)


def content(port: HospitalPort) -> list[Component]:
    """Build both parts of the page.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    """
    with port.read() as session:
        found, pairs, names = shortages.owed(session), shortages.substitutes(session), items.names(session)
    return [_owed(port, found, names), _substitutes(port, pairs, names)]


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    del visit
    lead = _("What short tasks left owed, and what may be given instead.")
    return html.Div(
        [
            page_head(_("Shortages"), lead),
            html.P(id=SAID, role="status", **attributes(aria_live="polite")),
            html.Div(content(port), id=CONTENT, className="below"),
            html.Div(_helping(port), className="below"),
        ]
    )


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register what the buttons do; each action asks for its own permission."""

    @callbacks.add(
        Output(CONTENT, "children"),
        Output(SAID, "children"),
        *(Input(button, "n_clicks") for button in (CANCEL, APPROVE, WITHDRAW, PROPOSE)),
        State(OWED, "value"),
        State(PAIR, "value"),
        State(ITEM, "value"),
        State(STAND_IN, "value"),
        State(GIVEN, "value"),
        State(REPLACED, "value"),
        permission=Permission.STOCK_READ,
        prevent_initial_call=True,
    )
    def act(*told: Any) -> tuple[list[Component], str]:
        said = _acted(port, str(ctx.triggered_id), told[4:])
        return content(port), said

    @callbacks.add(
        Output(HELP, "children"),
        Output(ASK, "disabled"),
        Input(LOOK, "n_clicks"),
        permission=Permission.TASKS_ASSIGN,
        prevent_initial_call=True,
    )
    def look(_clicks: int) -> tuple[Component, bool]:
        desk = actions.desk_of(port.services)
        found = desk.look() if desk is not None else []
        return help_table(port, found), not found

    @callbacks.add(
        Output(SAID, "children", allow_duplicate=True),
        Output(ASK, "disabled", allow_duplicate=True),
        Input(ASK, "n_clicks"),
        permission=Permission.TASKS_ASSIGN,
        prevent_initial_call=True,
    )
    def ask(_clicks: int) -> tuple[str, bool]:
        desk = actions.desk_of(port.services)
        if desk is None:
            raise PreventUpdate
        return _("{count} tasks asked for.").format(count=len(actions.ask_for_help(port, desk))), True


def _acted(port: HospitalPort, what: str, told: tuple[Any, ...]) -> str:
    owed, pair, item, stand_in, given, replaced = told
    if what == CANCEL:
        actions.cancel_owed(port, needed(owed, _("Owed")))
        return _("Given up.")
    if what == PROPOSE:
        proposed = Substitute(
            item=ItemId(needed(item, _("Item that lacks"))),
            stand_in=ItemId(needed(stand_in, _("Stands in"))),
            numerator=whole(given, _("Units given")),
            denominator=whole(replaced, _("for units of the item")),
        )
        actions.propose(port, proposed)
        return _("Proposed; it is offered once somebody has approved it.")
    left, _bar, right = needed(pair, _("Pair")).partition("|")
    if what == APPROVE:
        actions.approve(port, left, right)
        return _("Approved.")
    actions.withdraw(port, left, right)
    return _("Withdrawn.")


PAGE = Page(
    path="/shortages",
    title=mark("Shortages"),
    permission=Permission.STOCK_READ,
    layout=layout,
    register=register,
    icon="stock",
)

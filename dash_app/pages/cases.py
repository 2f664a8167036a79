"""Case carts.

Opened by logistics and theatre staff, to see what the surgery plan will need and what lacks for it, to ask for all that
a procedure needs in one go, and afterwards to say what was used and what goes back. The goods come by ordinary restock
tasks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, ctx, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dash_app.actions import cases as actions
from dash_app.pages import kit_desk
from dash_app.pages.asking import asks_first
from dash_app.pages.fields import needed
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import attributes, empty, page_head, panel
from dash_app.pages.tables import Cell, table
from dash_app.queries import cases as queries
from dash_app.queries import items, stock
from dash_app.queries.names import place_name, staff_label
from dash_app.queries.port import HospitalPort
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import moment
from inventory.model.kits import CaseCart, Kit
from inventory.service.kits import CaseLine, Closing, Wanted
from twin.access import Permission
from twin.clock import HOUR_US

CONTENT, SAID = "cases-content", "cases-said"
KIT, PLACE, HOURS, ENCOUNTER, ASK = "cases-kit", "cases-place", "cases-hours", "cases-encounter", "cases-ask"
PROPOSED, ASK_NOW, DROP = "cases-proposed", "cases-ask-now", "cases-drop"
CART, BACK, CLOSE, CANCEL = "cases-cart", "cases-back", "cases-close", "cases-cancel"


def _places(port: HospitalPort) -> list[dict[str, str]]:
    return [{"value": key, "label": name} for key, name in stock.places(port.state(), chinese=wants_chinese())]


def _kits(port: HospitalPort, found: list[Kit], names: dict[str, str]) -> Component:
    may = port.actor().may(Permission.TASKS_ASSIGN)
    if not found:
        return panel(
            _("Kits"),
            empty(_("No kit is known"), _("A planner makes them below, or through the API: POST /v1/kits.")),
            wide=True,
        )
    rows: list[list[Cell]] = [
        [
            kit.name,
            kit.procedure or "–",
            staff_label(port.state(), kit.surgeon) or _("Every surgeon"),
            names.get(line.item, line.item),
            line.opened,
            line.held,
        ]
        for kit in found
        for line in kit.lines
    ]
    headings = [_("Kit"), _("Procedure"), _("Surgeon"), _("Item"), _("Units opened"), _("Units held ready")]
    options = [{"value": kit.id, "label": kit.name} for kit in found]
    return panel(
        _("Kits"),
        html.Div(
            [
                dmc.Select(id=KIT, label=_("Kit"), data=options, searchable=True, miw=240),
                dmc.Select(id=PLACE, label=_("Brought to"), data=_places(port), searchable=True, miw=240),
                dmc.NumberInput(id=HOURS, label=_("In how many hours"), value=2, min=0, max=240, step=0.5, w=150),
                dmc.TextInput(id=ENCOUNTER, label=_("Encounter")),
                html.Button(_("Ask for the cart"), id=ASK, className="action primary", n_clicks=0, disabled=not may),
            ],
            className="filters",
        ),
        table(_("What kits hold"), headings, rows),
        wide=True,
    )


def _proposed(port: HospitalPort, found: queries.Proposed, kits: dict[str, str], names: dict[str, str]) -> Component:
    title = _("Needed by the surgery plan")
    if not found.carts:
        told = _("A published plan whose waiting list names procedures proposes a cart for each that has a kit.")
        return panel(title, empty(_("No operation waits for a cart"), told), wide=True)
    state, chinese = port.state(), wants_chinese()
    rows: list[list[Cell]] = [
        [
            moment(cart.operation_at),
            place_name(state, cart.place, chinese=chinese),
            kits.get(cart.kit, cart.kit),
            cart.encounter,
            moment(cart.due_at),
            _lacks(found.lacking.get(cart.id, {}), names),
        ]
        for cart in found.carts
    ]
    headings = [_("Operation"), _("Theatre"), _("Kit"), _("Encounter"), _("There by"), _("The stores lack")]
    options = [
        {"value": cart.id, "label": f"{row[0]} · {row[1]} · {row[2]}"}
        for cart, row in zip(found.carts, rows, strict=True)
    ]
    may = port.actor().may(Permission.TASKS_ASSIGN)
    return panel(
        title,
        html.P(_("Each is asked for by itself a day before it has to be there."), className="secondary"),
        table(title, headings, rows),
        html.Div(
            [
                dmc.Select(id=PROPOSED, label=_("Operation"), data=options, searchable=True, miw=360),
                html.Button(_("Ask for it now"), id=ASK_NOW, className="action primary", n_clicks=0, disabled=not may),
                html.Button(_("Not needed"), id=DROP, className="action", n_clicks=0, disabled=not may),
            ],
            className="filters",
        ),
        wide=True,
    )


def _lacks(missing: Mapping[str, int], names: dict[str, str]) -> Cell:
    if not missing:
        return "–"
    return ", ".join(f"{quantity} × {names.get(item, item)}" for item, quantity in sorted(missing.items()))


def _carts(port: HospitalPort, carts: list[CaseCart], kits: dict[str, str]) -> Component:
    if not carts:
        return panel(_("Open case carts"), empty(_("No cart is open"), _("Ask for one above.")), wide=True)
    state, chinese, actor = port.state(), wants_chinese(), port.actor()
    rows: list[list[Cell]] = [
        [
            kits.get(cart.kit, cart.kit),
            place_name(state, cart.place, chinese=chinese),
            moment(cart.due_at),
            cart.encounter or "–",
            cart.asked_by,
        ]
        for cart in carts
    ]
    options = [
        {"value": cart.id, "label": f"{row[0]} · {row[1]} · {row[2]}"} for cart, row in zip(carts, rows, strict=True)
    ]
    may_move, may_assign = actor.may(Permission.STOCK_MOVE), actor.may(Permission.TASKS_ASSIGN)
    return panel(
        _("Open case carts"),
        table(_("Open case carts"), [_("Kit"), _("Place"), _("Due"), _("Encounter"), _("Asked by")], rows),
        html.Div(
            [
                dmc.Select(id=CART, label=_("Case cart"), data=options, searchable=True, miw=360),
                dmc.Select(id=BACK, label=_("Held goods go back to"), data=_places(port), searchable=True, miw=240),
                asks_first(
                    html.Button(
                        _("Opened was used, held goes back"),
                        id=CLOSE,
                        className="action primary",
                        n_clicks=0,
                        disabled=not may_move,
                    ),
                    _("What was to be opened is booked as used, and the cart is closed for good."),
                    *(CART, BACK),
                ),
                asks_first(
                    html.Button(_("Give it up"), id=CANCEL, className="action", n_clicks=0, disabled=not may_assign),
                    _("Its tasks are cancelled; whoever needs the goods must ask for a new cart."),
                    CART,
                ),
            ],
            className="filters",
        ),
        wide=True,
    )


def content(port: HospitalPort) -> list[Component]:
    """Build kits and open carts.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    """
    with port.read() as session:
        kits, carts, names = queries.kits(session), queries.open_carts(session), items.names(session)
        proposed = queries.proposed(session, now=port.clock.now())
    kit_names = {kit.id: kit.name for kit in kits}
    return [
        _proposed(port, proposed, kit_names, names),
        _kits(port, kits, names),
        _carts(port, carts, kit_names),
    ]


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    del visit
    lead = _("All that a procedure needs, brought in one go; what was held ready and not needed goes back.")
    return html.Div(
        [
            page_head(_("Case carts"), lead),
            html.P(id=SAID, role="status", **attributes(aria_live="polite")),
            html.Div(content(port), id=CONTENT, className="below"),
            html.Div(kit_desk.desk(port), className="below"),
        ]
    )


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register what is done with carts, and the making of kits."""
    _register_carts(callbacks, port)
    kit_desk.register(callbacks, port, CONTENT, content)


def _register_carts(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register asking for a cart, closing it and giving it up; each action asks for its own permission."""

    @callbacks.add(
        Output(CONTENT, "children"),
        Output(SAID, "children"),
        Input(ASK, "n_clicks"),
        State(KIT, "value"),
        State(PLACE, "value"),
        State(HOURS, "value"),
        State(ENCOUNTER, "value"),
        permission=Permission.TASKS_ASSIGN,
        prevent_initial_call=True,
    )
    def ask(_clicks: int, kit: str | None, place: str | None, hours: Any, encounter: str | None) -> Any:
        due_at = port.clock.now() + int(float(hours or 0) * HOUR_US)
        kit, place = needed(kit, _("Kit")), needed(place, _("Brought to"))
        actions.ask(port, Wanted(kit=kit, place=place, due_at=due_at, encounter=encounter or ""))
        return content(port), _("Asked for.")

    @callbacks.add(
        Output(CONTENT, "children", allow_duplicate=True),
        Output(SAID, "children", allow_duplicate=True),
        Input(CLOSE, "n_clicks"),
        Input(CANCEL, "n_clicks"),
        State(CART, "value"),
        State(BACK, "value"),
        permission=Permission.STOCK_READ,
        prevent_initial_call=True,
    )
    def end(_closes: int, _cancels: int, cart: str | None, back: str | None) -> Any:
        cart = needed(cart, _("Case cart"))
        if ctx.triggered_id == CANCEL:
            actions.cancel(port, cart)
            return content(port), _("Given up.")
        actions.close(port, cart, _as_planned(port, cart, back or ""))
        return content(port), _("Closed.")

    @callbacks.add(
        Output(CONTENT, "children", allow_duplicate=True),
        Output(SAID, "children", allow_duplicate=True),
        Input(ASK_NOW, "n_clicks"),
        Input(DROP, "n_clicks"),
        State(PROPOSED, "value"),
        permission=Permission.TASKS_ASSIGN,
        prevent_initial_call=True,
    )
    def decide(_asks: int, _drops: int, cart: str | None) -> Any:
        cart = needed(cart, _("Operation"))
        if ctx.triggered_id == DROP:
            actions.cancel(port, cart)
            return content(port), _("Given up.")
        actions.ask_proposed(port, cart)
        return content(port), _("Asked for.")


def _as_planned(port: HospitalPort, cart: str, back: str) -> Closing:
    """Give the closing of a case that used what was opened and none of what was held ready."""
    with port.read() as session:
        found = next((one for one in queries.open_carts(session) if one.id == cart), None)
        if found is None:
            raise PreventUpdate
        lines = queries.kit(session, found.kit).lines
    return Closing(
        used=[CaseLine(item=line.item, quantity=line.opened) for line in lines if line.opened],
        returned=[CaseLine(item=line.item, quantity=line.held) for line in lines if line.held],
        return_to=back,
    )


PAGE = Page(
    path="/cases",
    title=mark("Case carts"),
    permission=Permission.STOCK_READ,
    layout=layout,
    register=register,
    icon="stock",
)

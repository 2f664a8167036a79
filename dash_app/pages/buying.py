"""Buying.

Opened by whoever buys, to propose orders for what the stores lack, and by whoever answers for the money, to approve
them. Goods are taken in against an order here or at the store's door, line by line; what differs is told and kept.
"""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, ctx, dcc, html
from dash.development.base_component import Component

from dash_app.actions import buying as actions
from dash_app.pages import listing
from dash_app.pages.address import URL, query_of
from dash_app.pages.asking import asks_first
from dash_app.pages.buying_deliveries import delivery_parts, register_deliveries
from dash_app.pages.fields import needed
from dash_app.pages.guard import Callbacks
from dash_app.pages.listing import Filter, Listing
from dash_app.pages.page import Page, Visit
from dash_app.pages.paging import Rows
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import panel
from dash_app.pages.tables import Cell, Column, table
from dash_app.queries import buying, items
from dash_app.queries.names import place_name
from dash_app.queries.people import person_names
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import moment, number
from inventory.model.orders import Order, OrderState
from inventory.service.buying import Proposed
from inventory.service.sending import Shape
from twin.access import Permission

MOST_NAMED = 10
CHOSEN, LINES, SAID = "buying-chosen", "buying-lines", "buying-said"
PROPOSE, APPROVE, SENT, CANCEL = "buying-propose", "buying-approve", "buying-sent", "buying-cancel"
FILE, EDIFACT, FILE_DATA, BILL = "buying-file", "buying-edifact", "buying-file-data", "buying-bill"


def _columns() -> list[Column]:
    return [
        Column(field="order", title=_("Order"), width=140),
        Column(field="supplier", title=_("Supplier"), width=150),
        Column(field="place", title=_("Delivered to"), width=150),
        Column(field="state", title=_("State"), width=120),
        Column(field="lines", title=_("Lines"), width=90, is_number=True),
        Column(field="missing", title=_("Units to come"), width=110, is_number=True),
        Column(field="money", title=_("Order value"), width=110, is_number=True),
        Column(field="proposed", title=_("Proposed on"), width=150),
        Column(field="approved", title=_("Approved on"), width=150),
    ]


def _rows(port: HospitalPort, query: dict[str, str]) -> Rows:
    chinese, state = wants_chinese(), port.state()
    with port.read() as session:
        found = buying.orders(session, query.get("state", ""))
    return [
        {
            "id": order.id,
            "order": order.id,
            "supplier": order.supplier,
            "place": place_name(state, order.place, chinese=chinese),
            "state": codes.code_text(codes.ORDER_STATES, order.state.value),
            "lines": len(order.lines),
            "missing": sum(line.missing for line in order.lines),
            "money": round(order.value_minor / 100, 2),
            "proposed": moment(order.proposed_at),
            "approved": moment(order.approved_at) if order.approved_at else "",
        }
        for order in found
    ]


def _summary(port: HospitalPort, rows: Rows) -> str:
    money = sum(float(str(row["money"])) for row in rows)
    return _("{count} orders worth {money}").format(count=len(rows), money=number(money, 2))


LISTING = Listing(
    key="buying",
    permission=Permission.STOCK_READ,
    filters=(
        Filter(
            name="state",
            label=lambda: _("State"),
            options=lambda port: codes.choices(codes.ORDER_STATES, codes.ORDER_STATES),
        ),
    ),
    columns=_columns,
    rows=_rows,
    chooses=CHOSEN,
    summary=_summary,
)


def _options(rows: Rows) -> list[dict[str, str]]:
    return [{"value": str(row["id"]), "label": f"{row['order']} · {row['supplier']} · {row['state']}"} for row in rows]


def _answers_for(port: HospitalPort, order: Order) -> Component:
    """Say who proposed an order and who approved it, or who may."""
    if order.approved_by:
        text = _("Proposed by {proposer}, approved by {approver}.")
    elif order.state is not OrderState.PROPOSED:
        text = _("Proposed by {proposer}.")
    elif order.proposed_by == port.actor().id:
        text = _("You proposed it: somebody else who may buy has to approve it.")
    elif port.actor().may(Permission.STOCK_BUY):
        text = _("Proposed by {proposer}: anybody else who may buy can approve it, you too.")
    else:
        text = _("Proposed by {proposer}: anybody else who may buy can approve it.")
    names = person_names(port, {order.proposed_by, order.approved_by})
    told = {
        who: names.get(actor, actor)
        for who, actor in (("proposer", order.proposed_by), ("approver", order.approved_by))
    }
    return html.P(text.format(**told), className="secondary")


def _lines(port: HospitalPort, order_id: str) -> Component:
    """Show an order: who answers for it, its lines, what came of it, and the form to take more in."""
    with port.read() as session:
        order, names = buying.order(session, order_id), items.names(session)
    rows: list[list[Cell]] = [
        [
            names.get(line.item, line.item),
            line.supplier_code or "–",
            line.packs,
            line.pack_quantity,
            line.quantity,
            line.received,
            number(line.packs * line.price_minor / 100, 2),
        ]
        for line in order.lines
    ]
    headings = [_("Item"), _("Supplier's number"), _("Packs"), _("In a pack"), _("Units"), _("Come"), _("Price")]
    lines = table(_("Lines of the order"), headings, rows)
    return html.Div([_answers_for(port, order), lines, *delivery_parts(port, order, names)])


def _consigned(port: HospitalPort) -> Component:
    with port.read() as session:
        found, names = buying.consigned(session), items.names(session)
    if not found:
        return html.P(_("Nothing of a vendor's goods waits for a bill."), className="secondary")
    rows: list[list[Cell]] = [[one.owner, names.get(one.item, one.item), one.quantity] for one in found]
    return table(_("Vendors' goods used"), [_("Vendor"), _("Item"), _("Units")], rows)


def _work(port: HospitalPort, rows: Rows) -> list[Component]:
    options = _options(rows)
    first = options[0]["value"] if options else None
    may = port.actor().may(Permission.STOCK_BUY)
    buttons = [
        html.Button(label, id=key, className=kind, n_clicks=0, disabled=not may)
        for label, key, kind in (
            (_("Approve"), APPROVE, "action primary"),
            (_("It went out"), SENT, "action"),
            (_("Give it up"), CANCEL, "action"),
        )
    ]
    asks_first(buttons[-1], _("Nothing of it comes any more; a supplier who has it already must be told."), CHOSEN)
    return [
        panel(
            _("One order"),
            dmc.Select(
                id=CHOSEN, label=_("Order"), data=options, value=first, searchable=True, allowDeselect=False, w=480
            ),
            html.Div(_lines(port, first) if first else None, id=LINES),
            html.P(
                [
                    *buttons,
                    html.Button(_("Order as CSV"), id=FILE, className="action", n_clicks=0),
                    html.Button(_("Order as EDIFACT"), id=EDIFACT, className="action", n_clicks=0),
                    dcc.Download(id=FILE_DATA),
                ]
            ),
            html.P(id=SAID, role="status"),
            wide=True,
        ),
        panel(
            _("Vendors' goods used"),
            html.P(
                _("Used of consignment stock and not billed yet; a bill-only order pays for it and brings nothing.")
            ),
            _consigned(port),
            html.P(html.Button(_("Make bill-only orders"), id=BILL, className="action", n_clicks=0, disabled=not may)),
        ),
        panel(
            _("Propose orders"),
            html.P(_("Looks at what stores and pharmacies lack beyond what is on order; nothing goes out by itself.")),
            html.P(html.Button(_("Propose now"), id=PROPOSE, className="action", n_clicks=0, disabled=not may)),
        ),
    ]


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    lead = _("Orders to suppliers: proposed, approved by a second person, sent, received.")
    shown = listing.layout(LISTING, port, visit, _("Buying"), lead)
    return html.Div([shown, html.Div(_work(port, _rows(port, dict(visit.query))), className="below")])


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register the table, the lines of an order and what the buttons do."""
    listing.register(LISTING, callbacks, port)
    after = (
        Output(LISTING.part("grid"), "rowData", allow_duplicate=True),
        Output(LISTING.part("summary"), "children", allow_duplicate=True),
        Output(CHOSEN, "data", allow_duplicate=True),
        Output(CHOSEN, "value", allow_duplicate=True),
        Output(SAID, "children", allow_duplicate=True),
        Output(LINES, "children", allow_duplicate=True),
    )
    common: dict[str, Any] = {"permission": Permission.STOCK_BUY, "prevent_initial_call": True}

    def shown(search: str, said: str, order: str | None) -> tuple[Any, ...]:
        rows = _rows(port, query_of(search))
        # The order stays chosen, or becomes so: what the buttons do is done to the one that is shown.
        return rows, _summary(port, rows), _options(rows), order, said, _lines(port, order) if order else None

    @callbacks.add(
        Output(LINES, "children"), Input(CHOSEN, "value"), permission=Permission.STOCK_READ, prevent_initial_call=True
    )
    def lines(order: str | None) -> Component | None:
        return _lines(port, order) if order else None

    @callbacks.add(*after, Input(PROPOSE, "n_clicks"), State(CHOSEN, "value"), State(URL, "search"), **common)
    def propose(_clicks: int, order: str | None, search: str) -> Any:
        found = actions.propose(port)
        return shown(search, _proposed_text(port, found), found.orders[0].id if found.orders else order)

    @callbacks.add(*after, Input(BILL, "n_clicks"), State(CHOSEN, "value"), State(URL, "search"), **common)
    def bill(_clicks: int, order: str | None, search: str) -> Any:
        found = actions.bill(port)
        said = _("{count} bill-only orders proposed.").format(count=len(found.orders))
        return shown(search, said, found.orders[0].id if found.orders else order)

    @callbacks.add(*after, Input(APPROVE, "n_clicks"), State(CHOSEN, "value"), State(URL, "search"), **common)
    def approve(_clicks: int, order: str | None, search: str) -> Any:
        actions.approve(port, _chosen(order))
        return shown(search, _("Approved."), order)

    @callbacks.add(*after, Input(SENT, "n_clicks"), State(CHOSEN, "value"), State(URL, "search"), **common)
    def sent(_clicks: int, order: str | None, search: str) -> Any:
        actions.note_sent(port, _chosen(order))
        return shown(search, _("Noted as sent."), order)

    @callbacks.add(*after, Input(CANCEL, "n_clicks"), State(CHOSEN, "value"), State(URL, "search"), **common)
    def cancel(_clicks: int, order: str | None, search: str) -> Any:
        actions.cancel(port, _chosen(order))
        return shown(search, _("Given up."), order)

    _register_file(callbacks, port)
    register_deliveries(callbacks, port, after, shown)


def _register_file(callbacks: Callbacks, port: HospitalPort) -> None:
    @callbacks.add(
        Output(FILE_DATA, "data"),
        Input(FILE, "n_clicks"),
        Input(EDIFACT, "n_clicks"),
        State(CHOSEN, "value"),
        permission=Permission.EXPORT_RUN,
        prevent_initial_call=True,
    )
    def as_file(_csv: int, _edifact: int, order: str | None) -> dict[str, str]:
        port.actor().require(Permission.STOCK_READ)
        chosen, is_edifact = _chosen(order), ctx.triggered_id == EDIFACT
        shape = Shape("edifact" if is_edifact else "csv", buyer=port.settings.site_name)
        with port.read() as session:
            content, media = buying.file_of(session, chosen, shape)
        if not is_edifact:
            content = f"\ufeff{content}"  # without it Excel takes Chinese names for letters of another alphabet
        return {"content": content, "filename": f"{chosen}.{'edi' if is_edifact else 'csv'}", "type": media}


def _proposed_text(port: HospitalPort, found: Proposed) -> str:
    """Say what was proposed, and name what lacks and cannot be bought: it needs a supplier first."""
    said = _("{count} orders proposed; {lacking} items lack and nobody sells them to us.").format(
        count=len(found.orders), lacking=len(found.without_supplier)
    )
    if not found.without_supplier:
        return said
    with port.read() as session:
        names = items.names(session)
    unsold = list(dict.fromkeys(names.get(item, item) for _place, item in found.without_supplier))
    more = ", …" if len(unsold) > MOST_NAMED else ""
    return f"{said} {', '.join(unsold[:MOST_NAMED])}{more}"


def _chosen(order: str | None) -> str:
    return needed(order, _("Order"))


PAGE = Page(
    path="/buying",
    title=mark("Buying"),
    permission=Permission.STOCK_READ,
    layout=layout,
    register=register,
    position=32,
    section=mark("Supplies and tasks"),
    icon="stock",
)

"""Buying over HTTP: who sells what, proposals, approval, export."""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import msgspec
from starlette.responses import Response

from inventory.model.movements import Command
from inventory.model.orders import OPEN_ORDERS, Order, OrderState, Supply
from inventory.service import buying, sending
from inventory.tables.orders import list_orders, load_order
from server.doors.context import Call, CallDep
from server.doors.pages import CursorText, Limit, PathText, Text
from server.doors.router import Router
from server.http.commanding import command_id, instant_told
from server.http.inventory_bodies import Amount, Key, Quantity, Short, instant
from twin.access import Permission
from twin.errors import FieldError, FieldProblem
from twin.ids import ItemId

router = Router("/v1", tag="stock")


class SupplyBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """That an item can be bought of a supplier; prices in minor units of the currency, per pack."""

    item: Key
    supplier: Key
    supplier_code: Short = ""
    pack_quantity: Quantity = 1
    price_minor: Amount = 0
    lead_days: Annotated[int, msgspec.Meta(ge=0, le=3650)] = 2
    is_preferred: bool = True


class OrderLineView(msgspec.Struct, frozen=True, kw_only=True):
    """One position of an order."""

    number: int
    item: str
    packs: int
    pack_quantity: int
    quantity: int
    price_minor: int
    supplier_code: str
    received: int


class OrderView(msgspec.Struct, frozen=True, kw_only=True):
    """An order to one supplier; instants in ISO 8601, empty if not yet."""

    id: str
    supplier: str
    place: str
    state: OrderState
    value_minor: int
    proposed_by: str
    approved_by: str
    proposed_at: str
    approved_at: str
    sent_at: str
    is_bill_only: bool
    closed_reason: str
    lines: list[OrderLineView]


class OrderPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of orders."""

    orders: list[OrderView]
    next: str


class Lack(msgspec.Struct, frozen=True, kw_only=True):
    """What lacks and nobody sells to us."""

    place: str
    item: str


class ProposedView(msgspec.Struct, frozen=True, kw_only=True):
    """New proposals, and what could not be proposed."""

    orders: list[OrderView]
    without_supplier: list[Lack]


class LineChangeBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Another number of packs; 0 takes the line off."""

    number: Annotated[int, msgspec.Meta(ge=1)]
    packs: Amount


class LinesTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Changed lines of a proposed order."""

    lines: Annotated[list[LineChangeBody], msgspec.Meta(min_length=1, max_length=1000)]


def order_view(order: Order) -> OrderView:
    """Give an order as the API shows it."""
    return OrderView(
        id=order.id,
        supplier=order.supplier,
        place=order.place,
        state=order.state,
        value_minor=order.value_minor,
        proposed_by=order.proposed_by,
        approved_by=order.approved_by,
        proposed_at=instant(order.proposed_at),
        approved_at=instant(order.approved_at),
        sent_at=instant(order.sent_at),
        is_bill_only=order.is_bill_only,
        closed_reason=order.closed_reason,
        lines=[
            OrderLineView(**{name: getattr(line, name) for name in OrderLineView.__struct_fields__})
            for line in order.lines
        ],
    )


def command_of(call: Call, occurred_at: str = "", witness: str = "") -> Command:
    """Give the command that a request is, by who sent it."""
    return Command(
        id=command_id(call),
        actor=call.actor.id,
        occurred_at=instant_told(occurred_at, call.now, "body"),
        recorded_at=call.now,
        witness=witness,
    )


@router.post("/supplies", permission=Permission.STOCK_BUY, takes=SupplyBody, gives=SupplyBody, status=201)
async def define_supply(call: CallDep) -> SupplyBody:
    """Say that an item can be bought of a supplier, in which packs and at what price."""
    told = call.read(SupplyBody)
    fields = {name: getattr(told, name) for name in told.__struct_fields__}
    supply = Supply(**{**fields, "item": ItemId(told.item)})
    await call.hospital.write(lambda session: buying.define_supply(session, supply))
    return told


@router.post("/purchase-orders:propose", permission=Permission.STOCK_BUY, gives=ProposedView, status=201)
async def propose_purchase_orders(call: CallDep) -> ProposedView:
    """Propose orders for what stores and pharmacies lack beyond what is on order."""
    command, ledger = command_of(call), call.hospital.ledger
    zone = ZoneInfo(call.hospital.settings.time_zone)
    found = await call.hospital.write(
        lambda session: buying.propose_orders(session, ledger=ledger, command=command, zone=zone)
    )
    return ProposedView(
        orders=[order_view(order) for order in found.orders],
        without_supplier=[Lack(place=place, item=item) for place, item in found.without_supplier],
    )


@router.get("/purchase-orders", permission=Permission.STOCK_READ, gives=OrderPage)
def list_purchase_orders(call: CallDep, limit: Limit = 50, cursor: CursorText = "", state: Text = "") -> OrderPage:
    """List orders, open ones unless a state is named."""
    scope = f"orders:{state}"
    after = call.cursors.read(scope, cursor)
    with call.hospital.read() as session:
        found = list_orders(session, states=_states_told(state), after=str(after[0]) if after else "", limit=limit + 1)
    shown = found[:limit]
    return OrderPage(
        orders=[order_view(order) for order in shown],
        next=call.cursors.write(scope, [shown[-1].id]) if len(found) > limit else "",
    )


def _states_told(text: str) -> tuple[OrderState, ...]:
    if not text:
        return OPEN_ORDERS
    try:
        return (OrderState(text),)
    except ValueError as error:
        known = ", ".join(state.value for state in OrderState)
        problem = FieldProblem(field="state", place="/query", message=f"{text!r} is none.", cure=f"Use {known}.")
        raise FieldError(problem) from error


@router.get("/purchase-orders/{order_id}", permission=Permission.STOCK_READ, gives=OrderView)
def read_purchase_order(call: CallDep, order_id: PathText) -> OrderView:
    """Give an order."""
    with call.hospital.read() as session:
        return order_view(load_order(session, order_id))


@router.post("/purchase-orders/{order_id}:change", permission=Permission.STOCK_BUY, takes=LinesTold, gives=OrderView)
async def change_purchase_order(call: CallDep, order_id: PathText) -> OrderView:
    """Change how many packs a proposed order asks for."""
    told = call.read(LinesTold)
    changes = [buying.LineChange(number=line.number, packs=line.packs) for line in told.lines]
    return order_view(
        await call.hospital.write(lambda session: buying.change_lines(session, order=order_id, changes=changes))
    )


@router.post("/purchase-orders/{order_id}:approve", permission=Permission.STOCK_BUY, gives=OrderView)
async def approve_purchase_order(call: CallDep, order_id: PathText) -> OrderView:
    """Answer for the money of an order that somebody else proposed."""
    command, ledger = command_of(call), call.hospital.ledger
    return order_view(
        await call.hospital.write(
            lambda session: buying.approve(session, ledger=ledger, command=command, order=order_id)
        )
    )


@router.post("/purchase-orders/{order_id}:send", permission=Permission.STOCK_BUY, gives=OrderView)
async def send_purchase_order(call: CallDep, order_id: PathText) -> OrderView:
    """Note that an approved order went out to the supplier."""
    command, ledger = command_of(call), call.hospital.ledger
    return order_view(
        await call.hospital.write(
            lambda session: buying.note_sent(session, ledger=ledger, command=command, order=order_id)
        )
    )


@router.post("/purchase-orders/{order_id}:cancel", permission=Permission.STOCK_BUY, gives=OrderView)
async def cancel_purchase_order(call: CallDep, order_id: PathText) -> OrderView:
    """Give an order up; what has come of it stays."""
    command, ledger = command_of(call), call.hospital.ledger
    return order_view(
        await call.hospital.write(
            lambda session: buying.cancel(session, ledger=ledger, command=command, order=order_id)
        )
    )


@router.get("/purchase-orders/{order_id}/export", permission=Permission.EXPORT_RUN, media="text/csv")
def export_purchase_order(
    call: CallDep, order_id: PathText, shape: Text = "csv", buyer: Text = "", currency: Text = "EUR"
) -> Response:
    """Give an approved order as CSV, or with ``shape=edifact`` as an EDIFACT ORDERS D.96A message."""
    with call.hospital.read() as session:
        order = buying.order_to_send(session, order_id)
        told = sending.Shape(_shape_told(shape), buyer or call.hospital.settings.site_name, currency)
        text, media = sending.written(session, order, told)
    ending = "csv" if media == "text/csv" else "edi"
    headers = {"Content-Disposition": f'attachment; filename="{order.id}.{ending}"'}
    return Response(text.encode(), media_type=f"{media}; charset=utf-8", headers=headers)


def _shape_told(text: str) -> Literal["csv", "edifact"]:
    if text == "csv":
        return "csv"
    if text == "edifact":
        return "edifact"
    problem = FieldProblem(field="shape", place="/query", message=f"{text!r} is none.", cure="Use csv or edifact.")
    raise FieldError(problem)

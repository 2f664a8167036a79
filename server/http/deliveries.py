"""Deliveries over HTTP: goods taken in against an order, their differences, and orders closed without their rest."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from sqlmodel import Session

from inventory.model.orders import Difference
from inventory.service import deliveries
from inventory.tables.deliveries import deliveries_of
from inventory.tables.orders import load_order
from server.doors.context import CallDep
from server.doors.pages import PathText
from server.doors.router import Router
from server.http.buying import OrderView, command_of, order_view
from server.http.inventory import check_place, receipt_of
from server.http.inventory_bodies import MovementView, ReceiptLine, Short, instant, movement_view
from twin.access import Permission

router = Router("/v1", tag="stock")


class DeliveryTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What came; ``is_last`` says that nothing more will, and ``reason`` why, if something is missing then."""

    lines: Annotated[list[ReceiptLine], msgspec.Meta(min_length=1, max_length=1000)]
    is_last: bool = False
    reason: Short = ""
    witness: Short = ""
    occurred_at: Short = ""


class CloseTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Why what is missing of an order will not come."""

    reason: Short = ""


class DifferenceView(msgspec.Struct, frozen=True, kw_only=True):
    """How a delivery differs from what was still expected; base units."""

    item: str
    kind: str
    ordered: int
    received: int


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True):
    """The receipt, the order after it, and the differences."""

    movement: MovementView
    order: OrderView
    differences: list[DifferenceView]


class KeptDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery of an order with its differences, as they were found."""

    movement: str
    at: str
    actor: str
    differences: list[DifferenceView]


class KeptDeliveries(msgspec.Struct, frozen=True, kw_only=True):
    """Deliveries of an order, the first one first."""

    deliveries: list[KeptDelivery]


def _differences(found: tuple[Difference, ...]) -> list[DifferenceView]:
    return [
        DifferenceView(item=each.item, kind=each.kind.value, ordered=each.ordered, received=each.received)
        for each in found
    ]


@router.post(
    "/purchase-orders/{order_id}:receive",
    permission=Permission.STOCK_MOVE,
    takes=DeliveryTold,
    gives=DeliveryView,
    status=201,
)
async def receive_purchase_order(call: CallDep, order_id: PathText) -> DeliveryView:
    """Take goods in against an order, by scan or by keys; differences are stored as they are, told and kept."""
    told = call.read(DeliveryTold)
    check_place(call, *(line.place for line in told.lines))
    command, zone = command_of(call, told.occurred_at, told.witness), ZoneInfo(call.hospital.settings.time_zone)

    def use_case(session: Session) -> deliveries.Delivered:
        receipts = [receipt_of(session, line, zone, index) for index, line in enumerate(told.lines)]
        arrival = deliveries.Arrival(order=order_id, receipts=receipts, is_last=told.is_last, reason=told.reason)
        return deliveries.receive_order(session, ledger=call.hospital.ledger, command=command, arrival=arrival)

    done = await call.hospital.write(use_case)
    return DeliveryView(
        movement=movement_view(done.movement),
        order=order_view(done.order),
        differences=_differences(done.differences),
    )


@router.post("/purchase-orders/{order_id}:close", permission=Permission.STOCK_BUY, takes=CloseTold, gives=OrderView)
async def close_purchase_order(call: CallDep, order_id: PathText) -> OrderView:
    """Close an order although something of it is missing, with the reason; what came of it stays."""
    told = call.read(CloseTold)
    command, ledger = command_of(call), call.hospital.ledger
    return order_view(
        await call.hospital.write(
            lambda session: deliveries.close_rest(
                session, ledger=ledger, command=command, order=order_id, reason=told.reason
            )
        )
    )


@router.get("/purchase-orders/{order_id}/deliveries", permission=Permission.STOCK_READ, gives=KeptDeliveries)
def list_deliveries(call: CallDep, order_id: PathText) -> KeptDeliveries:
    """Give what has come of an order, and how each delivery differed from what was expected."""
    with call.hospital.read() as session:
        load_order(session, order_id)
        found = deliveries_of(session, order_id)
    return KeptDeliveries(
        deliveries=[
            KeptDelivery(
                movement=each.movement,
                at=instant(each.at),
                actor=each.actor,
                differences=_differences(each.differences),
            )
            for each in found
        ]
    )

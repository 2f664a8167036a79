"""Consignment over HTTP: what was used of vendors' goods, and the orders that bill it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import msgspec

from inventory.model.movements import Command
from inventory.service.consignment import bill_uses
from inventory.tables.consignment import unbilled_uses
from inventory.tables.driver import Driver
from server.doors.context import CallDep
from server.doors.pages import Limit, Text
from server.doors.router import Router
from server.http.buying import Lack, OrderView, order_view
from server.http.commanding import command_id
from server.http.inventory_bodies import Short, instant
from twin.access import Permission

router = Router("/v1", tag="stock")


class UsedView(msgspec.Struct, frozen=True, kw_only=True):
    """A use of a vendor's goods that no order bills yet; the quantity is below 0 where a use was taken back."""

    owner: str
    item: str
    lot: str
    serial: str
    quantity: int
    encounter: str
    movement: str
    occurred_at: str


class UsedList(msgspec.Struct, frozen=True, kw_only=True):
    """Uses by vendor and item."""

    uses: list[UsedView]


class BillTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whose goods are billed; all vendors' if empty."""

    owner: Short = ""


class BilledView(msgspec.Struct, frozen=True, kw_only=True):
    """Bill-only orders, and vendor (``place``) and item of lines without a price."""

    orders: list[OrderView]
    without_price: list[Lack]


@router.get("/consignment/uses", permission=Permission.STOCK_READ, gives=UsedList)
def list_consigned_uses(call: CallDep, limit: Limit = 200, owner: Text = "") -> UsedList:
    """List what was used of vendors' goods and is not billed yet."""
    with call.hospital.read() as session:
        found = unbilled_uses(Driver(session), owner=owner, limit=limit)
    return UsedList(
        uses=[
            UsedView(
                owner=each.owner,
                item=each.item,
                lot=each.lot,
                serial=each.serial,
                quantity=each.quantity,
                encounter=each.encounter,
                movement=each.movement,
                occurred_at=instant(each.occurred_at),
            )
            for each in found
        ]
    )


@router.post("/consignment/bills", permission=Permission.STOCK_BUY, takes=BillTold, gives=BilledView, status=201)
async def bill_consigned_uses(call: CallDep) -> BilledView:
    """Propose an order that brings nothing and pays for what was used of each vendor's goods."""
    told = call.read(BillTold)
    command = Command(id=command_id(call), actor=call.actor.id, occurred_at=call.now, recorded_at=call.now)
    zone = ZoneInfo(call.hospital.settings.time_zone)
    done = await call.hospital.write(lambda session: bill_uses(session, command=command, zone=zone, owner=told.owner))
    return BilledView(
        orders=[order_view(order) for order in done.orders],
        without_price=[Lack(place=vendor, item=item) for vendor, item in done.without_price],
    )

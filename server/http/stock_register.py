"""The running register of an item at a place, what was destroyed, and goods put on their shelf, over HTTP."""

from __future__ import annotations

import msgspec

from inventory.service import correcting, handing_out, using
from inventory.tables.catalogue import load_item
from server.doors.context import CallDep
from server.doors.pages import CursorText, Limit, Text
from server.doors.router import Router
from server.http import inventory_bodies as bodies
from server.http.inventory import check_place, hand_out_told, use_told
from twin.access import Permission

router = Router("/v1", tag="stock")


class RegisterLineView(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a register: what changed, who did it, who saw it, and what was there afterwards."""

    number: int
    movement: str
    kind: str
    occurred_at: str
    actor: str
    witness: str
    encounter: str
    change: int
    balance: int


class RegisterPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a register, in the order in which it was written."""

    item: str
    place: str
    lines: list[RegisterLineView]
    next: str


@router.get("/stock/register", permission=Permission.STOCK_READ, gives=RegisterPage)
def read_register(call: CallDep, item: Text, place: Text, limit: Limit = 200, cursor: CursorText = "") -> RegisterPage:
    """Give the running register of an item at a place; for controlled drugs the book that two persons sign."""
    check_place(call, place)
    scope = f"register:{item}:{place}"
    after = call.cursors.read(scope, cursor)
    first = int(str(after[0])) if after else 0
    with call.hospital.read() as session:
        load_item(session, item)
        lines = correcting.register(session, item=item, place=place)
    shown = [line for line in lines if line.number > first][:limit]
    following = call.cursors.write(scope, [shown[-1].number]) if shown and shown[-1].number < len(lines) else ""
    return RegisterPage(item=item, place=place, lines=[_line_view(line) for line in shown], next=following)


def _line_view(line: correcting.RegisterLine) -> RegisterLineView:
    return RegisterLineView(
        number=line.number,
        movement=line.movement,
        kind=line.kind,
        occurred_at=bodies.instant(line.occurred_at),
        actor=line.actor,
        witness=line.witness,
        encounter=line.encounter,
        change=line.change,
        balance=line.balance,
    )


@router.post(
    "/stock/destructions", permission=Permission.STOCK_MOVE, takes=bodies.UseTold, gives=bodies.MovementView, status=201
)
async def destroy_stock(call: CallDep) -> bodies.MovementView:
    """Record that recalled or expired goods were destroyed, with the reason; controlled drugs need a witness."""
    return await use_told(call, using.destroy)


@router.post(
    "/stock/put-aways",
    permission=Permission.STOCK_MOVE,
    takes=bodies.HandOutTold,
    gives=bodies.MovementView,
    status=201,
)
async def put_stock_away(call: CallDep) -> bodies.MovementView:
    """Put received goods on the shelf where they are kept."""
    return await hand_out_told(call, handing_out.put_away)

"""Substitutes over HTTP: what could stand in for what, who approved it; and what is owed to places."""

from __future__ import annotations

from typing import Annotated

import msgspec

from inventory.model.back_orders import BackOrder, BackOrderState
from inventory.model.items import Substitute
from inventory.model.movements import Command
from inventory.service.owing import cancel_back_order
from inventory.service.substituting import MOST_UNITS, approve_substitute, propose_substitute, withdraw_substitute
from inventory.tables.back_orders import list_back_orders as rows_of_back_orders
from inventory.tables.substitutes import list_substitutes as rows_of_substitutes
from server.doors.context import Call, CallDep
from server.doors.pages import CursorText, Limit, PathText, Text
from server.doors.router import Router
from server.http.commanding import command_id
from server.http.inventory_bodies import Key, instant
from twin.access import Permission
from twin.errors import FieldError, FieldProblem
from twin.ids import ItemId

router = Router("/v1", tag="stock")

Units = Annotated[int, msgspec.Meta(ge=1, le=MOST_UNITS)]


class SubstituteTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``numerator`` base units of the stand-in replace ``denominator`` base units of the item."""

    stand_in: Key
    numerator: Units = 1
    denominator: Units = 1


class SubstituteView(msgspec.Struct, frozen=True, kw_only=True):
    """A pair; ``approved_by`` is empty while nobody with clinical authority answers for it."""

    item: str
    stand_in: str
    numerator: int
    denominator: int
    approved_by: str


class SubstitutePage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of pairs."""

    substitutes: list[SubstituteView]
    next: str


class BackOrderView(msgspec.Struct, frozen=True, kw_only=True):
    """What is owed to a place; ``task`` brings it now."""

    id: str
    place: str
    item: str
    source: str
    quantity: int
    state: BackOrderState
    opened_at: str
    closed_at: str
    task: str


class BackOrderPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of back-orders."""

    back_orders: list[BackOrderView]
    next: str


def _view(found: Substitute) -> SubstituteView:
    return SubstituteView(**{name: getattr(found, name) for name in SubstituteView.__struct_fields__})


def _owed_view(found: BackOrder) -> BackOrderView:
    return BackOrderView(
        id=found.id,
        place=found.place,
        item=found.item,
        source=found.source,
        quantity=found.quantity,
        state=found.state,
        opened_at=instant(found.opened_at),
        closed_at=instant(found.closed_at),
        task=found.task,
    )


def _command(call: Call) -> Command:
    return Command(id=command_id(call), actor=call.actor.id, occurred_at=call.now, recorded_at=call.now)


@router.get("/substitutes", permission=Permission.STOCK_READ, gives=SubstitutePage)
def list_substitutes(call: CallDep, limit: Limit = 50, cursor: CursorText = "", item: Text = "") -> SubstitutePage:
    """List what may stand in for what, approved or not."""
    scope = f"substitutes:{item}"
    after = call.cursors.read(scope, cursor) or ["", ""]
    with call.hospital.read() as session:
        found = rows_of_substitutes(session, item=item, after=(str(after[0]), str(after[1])), limit=limit + 1)
    shown = found[:limit]
    key = [shown[-1].item, shown[-1].stand_in] if len(found) > limit else None
    return SubstitutePage(
        substitutes=[_view(each) for each in shown], next=call.cursors.write(scope, key) if key else ""
    )


@router.post(
    "/items/{item_id}/substitutes",
    permission=Permission.STOCK_PLAN,
    takes=SubstituteTold,
    gives=SubstituteView,
    status=201,
)
async def define_substitute(call: CallDep, item_id: PathText) -> SubstituteView:
    """Propose that an item may stand in for another; it is offered once somebody has approved it."""
    told = call.read(SubstituteTold)
    pair = Substitute(
        item=ItemId(item_id),
        stand_in=ItemId(told.stand_in),
        numerator=told.numerator,
        denominator=told.denominator,
    )
    return _view(await call.hospital.write(lambda session: propose_substitute(session, substitute=pair)))


@router.post(
    "/items/{item_id}/substitutes/{stand_in}:approve",
    permission=Permission.SUBSTITUTES_APPROVE,
    gives=SubstituteView,
)
async def approve_pair(call: CallDep, item_id: PathText, stand_in: PathText) -> SubstituteView:
    """Approve clinically that an item stands in for another."""
    command = _command(call)
    return _view(
        await call.hospital.write(
            lambda session: approve_substitute(session, command=command, item=item_id, stand_in=stand_in)
        )
    )


@router.delete("/items/{item_id}/substitutes/{stand_in}", permission=Permission.STOCK_PLAN, status=204)
async def withdraw_pair(call: CallDep, item_id: PathText, stand_in: PathText) -> None:
    """Take a pair back."""
    await call.hospital.write(lambda session: withdraw_substitute(session, item=item_id, stand_in=stand_in))


@router.get("/back-orders", permission=Permission.STOCK_READ, gives=BackOrderPage)
def list_back_orders(call: CallDep, limit: Limit = 50, cursor: CursorText = "", state: Text = "open") -> BackOrderPage:
    """List what short tasks left owed; ``state`` is ``open``, ``asked``, ``cancelled`` or ``all``."""
    scope = f"back-orders:{state}"
    after = call.cursors.read(scope, cursor)
    wanted = _state_told(state)
    with call.hospital.read() as session:
        found = rows_of_back_orders(session, state=wanted, after=str(after[0]) if after else "", limit=limit + 1)
    shown = found[:limit]
    return BackOrderPage(
        back_orders=[_owed_view(each) for each in shown],
        next=call.cursors.write(scope, [shown[-1].id]) if len(found) > limit else "",
    )


def _state_told(text: str) -> BackOrderState | None:
    if text == "all":
        return None
    try:
        return BackOrderState(text)
    except ValueError as error:
        known = ", ".join([*BackOrderState, "all"])
        problem = FieldProblem(field="state", place="/query", message=f"{text!r} is none.", cure=f"Use {known}.")
        raise FieldError(problem) from error


@router.post("/back-orders/{back_order}:cancel", permission=Permission.TASKS_ASSIGN, gives=BackOrderView)
async def cancel_owed(call: CallDep, back_order: PathText) -> BackOrderView:
    """Say that what is owed is not needed any more."""
    command = _command(call)
    return _owed_view(
        await call.hospital.write(lambda session: cancel_back_order(session, command=command, identifier=back_order))
    )

"""Kits and case carts over HTTP."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from sqlmodel import Session

from inventory.model.kits import EVERYWHERE, CartState, CaseCart, Kit, KitLine
from inventory.model.movements import Command
from inventory.service import kits as service
from inventory.service.resolving import resolve
from inventory.tables.kits import list_carts, list_kits
from server.doors.context import Call, CallDep
from server.doors.pages import CursorText, Limit, PathText, Text
from server.doors.router import Router
from server.http.commanding import command_id, instant_told
from server.http.history import parse_instant
from server.http.inventory import check_place
from server.http.inventory_bodies import Amount, Key, Quantity, Short, instant
from server.http.labels import label_told
from twin.access import Permission
from twin.errors import FieldError, FieldProblem

router = Router("/v1", tag="stock")


class KitLineBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base units of an item that are opened at once, and those held ready."""

    item: Key
    opened: Amount = 0
    held: Amount = 0


class KitBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A preference card: for a procedure, or one surgeon's own for it.

    ``emergency_at`` makes it the emergency pack of a theatre, or of all with ``*``: what an emergency gets whose
    procedure is not known.
    """

    id: Key
    name: Key
    procedure: Short = ""
    surgeon: Short = ""
    emergency_at: Short = ""
    lines: Annotated[list[KitLineBody], msgspec.Meta(min_length=1, max_length=service.MOST_LINES)]


class KitPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of kits."""

    kits: list[KitBody]
    next: str


class CartTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which kit is brought where, by when."""

    kit: Key
    place: Key
    due_at: Key
    encounter: Short = ""


class CartView(msgspec.Struct, frozen=True, kw_only=True):
    """A case cart; instants in ISO 8601, empty if not yet; ``plan`` is the surgery plan that proposed it."""

    id: str
    kit: str
    place: str
    encounter: str
    due_at: str
    state: CartState
    asked_by: str
    asked_at: str
    closed_at: str
    plan: str
    operation_at: str
    reason: str
    closed_by: str


class CartPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of case carts."""

    carts: list[CartView]
    next: str


class CaseLineTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What was used or came back."""

    item: Key
    quantity: Quantity
    lot: Short = ""
    serial: Short = ""


class ClosingTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a case used and what goes back; what is not named stays where it lies."""

    used: Annotated[list[CaseLineTold], msgspec.Meta(max_length=1000)] = []
    returned: Annotated[list[CaseLineTold], msgspec.Meta(max_length=1000)] = []
    return_to: Short = ""


class ScannedLineTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A label of what a case had: how many packages of it, and whether they were not needed and go back."""

    scan: Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]
    packages: Quantity = 1
    is_returned: bool = False
    is_as_printed: bool = False


class ScannedClosingTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a case used and what goes back, by labels; ``occurred_at`` is when it was over."""

    lines: Annotated[list[ScannedLineTold], msgspec.Meta(max_length=1000)]
    return_to: Short = ""
    occurred_at: Short = ""


def _kit_view(kit: Kit) -> KitBody:
    lines = [KitLineBody(item=line.item, opened=line.opened, held=line.held) for line in kit.lines]
    return KitBody(
        id=kit.id,
        name=kit.name,
        procedure=kit.procedure,
        surgeon=kit.surgeon,
        emergency_at=kit.emergency_at,
        lines=lines,
    )


def _cart_view(cart: CaseCart) -> CartView:
    return CartView(
        id=cart.id,
        kit=cart.kit,
        place=cart.place,
        encounter=cart.encounter,
        due_at=instant(cart.due_at),
        state=cart.state,
        asked_by=cart.asked_by,
        asked_at=instant(cart.asked_at),
        closed_at=instant(cart.closed_at),
        plan=cart.plan,
        operation_at=instant(cart.operation_at),
        reason=cart.reason,
        closed_by=cart.closed_by,
    )


def _command(call: Call) -> Command:
    return Command(id=command_id(call), actor=call.actor.id, occurred_at=call.now, recorded_at=call.now)


@router.get("/kits", permission=Permission.STOCK_READ, gives=KitPage)
def read_kits(call: CallDep, limit: Limit = 50, cursor: CursorText = "") -> KitPage:
    """List what procedures need."""
    after = call.cursors.read("kits", cursor)
    with call.hospital.read() as session:
        found = list_kits(session, after=str(after[0]) if after else "", limit=limit + 1)
    following = call.cursors.write("kits", [found[limit - 1].id]) if len(found) > limit else ""
    return KitPage(kits=[_kit_view(kit) for kit in found[:limit]], next=following)


@router.post("/kits", permission=Permission.STOCK_PLAN, takes=KitBody, gives=KitBody, status=201)
async def define_kit(call: CallDep) -> KitBody:
    """Say what a procedure needs, or change it."""
    told = call.read(KitBody)
    lines = tuple(KitLine(item=line.item, opened=line.opened, held=line.held) for line in told.lines)
    if told.emergency_at and told.emergency_at != EVERYWHERE:
        check_place(call, told.emergency_at)
    kit = Kit(
        id=told.id,
        name=told.name,
        procedure=told.procedure,
        surgeon=told.surgeon,
        emergency_at=told.emergency_at,
        lines=lines,
    )
    return _kit_view(await call.hospital.write(lambda session: service.define_kit(session, kit)))


@router.get("/case-carts", permission=Permission.STOCK_READ, gives=CartPage)
def read_carts(call: CallDep, limit: Limit = 50, cursor: CursorText = "", state: Text = "asked") -> CartPage:
    """List case carts; ``state`` is ``proposed``, ``asked``, ``closed``, ``cancelled`` or ``all``."""
    scope = f"case-carts:{state}"
    after = call.cursors.read(scope, cursor)
    wanted = _state_told(state)
    with call.hospital.read() as session:
        found = list_carts(session, state=wanted, after=str(after[0]) if after else "", limit=limit + 1)
    following = call.cursors.write(scope, [found[limit - 1].id]) if len(found) > limit else ""
    return CartPage(carts=[_cart_view(cart) for cart in found[:limit]], next=following)


def _state_told(text: str) -> CartState | None:
    if text == "all":
        return None
    try:
        return CartState(text)
    except ValueError as error:
        known = ", ".join([*CartState, "all"])
        problem = FieldProblem(field="state", place="/query", message=f"{text!r} is none.", cure=f"Use {known}.")
        raise FieldError(problem) from error


@router.post("/case-carts", permission=Permission.TASKS_ASSIGN, takes=CartTold, gives=CartView, status=201)
async def ask_for_case_cart(call: CallDep) -> CartView:
    """Ask for the goods of a kit: one task an item, due together."""
    told, command, ledger = call.read(CartTold), _command(call), call.hospital.ledger
    check_place(call, told.place)
    due_at = parse_instant(told.due_at, "due_at")
    wanted = service.Wanted(kit=told.kit, place=told.place, due_at=due_at, encounter=told.encounter)
    return _cart_view(
        await call.hospital.write(
            lambda session: service.ask_for_cart(session, ledger=ledger, command=command, wanted=wanted)
        )
    )


@router.post("/case-carts/{cart}/asking", permission=Permission.TASKS_ASSIGN, gives=CartView)
async def ask_for_proposed_cart(call: CallDep, cart: PathText) -> CartView:
    """Ask now for a cart that the surgery plan has proposed; otherwise it is asked for a day before it is due."""
    command, ledger = _command(call), call.hospital.ledger
    return _cart_view(
        await call.hospital.write(
            lambda session: service.ask_for_proposed(session, ledger=ledger, command=command, cart=cart)
        )
    )


@router.post("/case-carts/{cart}/closing", permission=Permission.STOCK_MOVE, takes=ClosingTold, gives=CartView)
async def close_case_cart(call: CallDep, cart: PathText) -> CartView:
    """Record what a case has used, and bring back what it has not."""
    told, command, ledger = call.read(ClosingTold), _command(call), call.hospital.ledger
    check_place(call, told.return_to)

    def lines(found: list[CaseLineTold]) -> list[service.CaseLine]:
        return [service.CaseLine(item=one.item, quantity=one.quantity, lot=one.lot, serial=one.serial) for one in found]

    closing = service.Closing(used=lines(told.used), returned=lines(told.returned), return_to=told.return_to)
    return _cart_view(
        await call.hospital.write(
            lambda session: service.close_cart(session, ledger=ledger, command=command, cart=cart, closing=closing)
        )
    )


@router.post(
    "/handheld/case-carts/{cart}/closing", permission=Permission.STOCK_MOVE, takes=ScannedClosingTold, gives=CartView
)
async def close_case_cart_by_scans(call: CallDep, cart: PathText) -> CartView:
    """Close a case cart by the labels of what it had, also hours later from a handheld that was offline."""
    told, ledger = call.read(ScannedClosingTold), call.hospital.ledger
    check_place(call, told.return_to)
    command = replace(_command(call), occurred_at=instant_told(told.occurred_at, call.now, "body"))
    zone = ZoneInfo(call.hospital.settings.time_zone)

    def work(session: Session) -> CaseCart:
        lines = [(one.is_returned, _scanned(session, one, zone)) for one in told.lines]
        closing = service.Closing(
            used=_summed(line for is_returned, line in lines if not is_returned),
            returned=_summed(line for is_returned, line in lines if is_returned),
            return_to=told.return_to,
        )
        return service.close_cart(session, ledger=ledger, command=command, cart=cart, closing=closing)

    return _cart_view(await call.hospital.write(work))


def _scanned(session: Session, line: ScannedLineTold, zone: ZoneInfo) -> service.CaseLine:
    scan = label_told(line.scan, is_as_printed=line.is_as_printed)
    found = resolve(session, scan=scan, zone=zone, text=line.scan)
    lot = found.the_lot() if scan.lot else None  # without a lot on the label the first to expire is meant
    quantity = 1 if found.serial else line.packages * found.package_quantity
    return service.CaseLine(item=found.item.id, quantity=quantity, lot=lot.id if lot else "", serial=found.serial)


def _summed(lines: Iterable[service.CaseLine]) -> list[service.CaseLine]:
    """Give one line for what was scanned twice; pieces with a serial number stay one by one."""
    totals: dict[tuple[str, str, str], int] = {}
    for line in lines:
        key = (line.item, line.lot, line.serial)
        totals[key] = 1 if line.serial else totals.get(key, 0) + line.quantity
    return [
        service.CaseLine(item=item, quantity=quantity, lot=lot, serial=serial)
        for (item, lot, serial), quantity in totals.items()
    ]


@router.post("/case-carts/{cart}/cancelling", permission=Permission.TASKS_ASSIGN, gives=CartView)
async def cancel_case_cart(call: CallDep, cart: PathText) -> CartView:
    """Give a case cart up."""
    command, ledger = _command(call), call.hospital.ledger
    return _cart_view(
        await call.hospital.write(
            lambda session: service.cancel_cart(session, ledger=ledger, command=command, cart=cart)
        )
    )

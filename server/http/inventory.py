"""Stock over HTTP: what lies where, what moved, scans, receipts, uses, counts and par levels."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlmodel import Session

from inventory.model.items import Item, Package
from inventory.model.lots import end_of_day
from inventory.model.movements import Command, Movement
from inventory.model.scan import ScannerProfile
from inventory.model.stock import LotHolding, ParLevel
from inventory.rules.eligibility import Need, reasons_against
from inventory.rules.scanning.reading import read_label
from inventory.service import correcting, handing_out, receiving, restocking, using
from inventory.service.resolving import Resolved, resolve
from inventory.tables.balances import StockFilter, list_stock
from inventory.tables.catalogue import list_items as rows_of_items
from inventory.tables.catalogue import load_item, load_place, save_item, save_package
from inventory.tables.driver import Driver
from inventory.tables.ledger import load_movement, movements_after, movements_touching
from server.doors.context import Call, CallDep
from server.doors.pages import CursorText, Limit, PathText, Text
from server.doors.router import Router
from server.http import inventory_bodies as bodies
from server.http.commanding import command_id, instant_told
from server.http.labels import label_told
from twin.access import Permission
from twin.clock import from_text, to_text
from twin.errors import FieldError, FieldProblem, NotFound
from twin.ids import Gtin, ItemId, PlaceId

router = Router("/v1", tag="stock")

Told = TypeVar("Told", bodies.UseTold, bodies.HandOutTold)


def _zone(call: Call) -> ZoneInfo:
    return ZoneInfo(call.hospital.settings.time_zone)


def _command(call: Call, occurred_at: str, **told: str) -> Command:
    return Command(
        id=command_id(call),
        actor=call.actor.id,
        occurred_at=instant_told(occurred_at, call.now, "body"),
        recorded_at=call.now,
        **told,
    )


def check_place(call: Call, *places: str) -> None:
    """Refuse a place that the building does not have: a typing error would hide the goods."""
    known = call.hospital.live.places
    for place in places:
        if place and known and place not in known:
            raise NotFound("place", place)


@router.get("/stock", permission=Permission.STOCK_READ, gives=bodies.StockPage)
def list_stock_lines(  # filters of one list
    call: CallDep, limit: Limit = 50, cursor: CursorText = "", place: Text = "", item: Text = "", lot: Text = ""
) -> bodies.StockPage:
    """List what lies where, by place, item and lot."""
    scope = f"stock:{place}:{item}:{lot}"
    after = call.cursors.read(scope, cursor) or ["", "", "", ""]
    wanted = StockFilter(
        place=place,
        item=item,
        lot=lot,
        after=(str(after[0]), str(after[1]), str(after[2]), str(after[3])),
        limit=limit + 1,
    )
    with call.hospital.read() as session:
        found = list_stock(Driver(session), wanted)
        shown = found[:limit]
        views = [bodies.stock_view(each, _ineligible(session, each, call.now)) for each in shown]
    key = [views[-1].place, views[-1].item, views[-1].lot, views[-1].owner] if len(found) > limit else None
    return bodies.StockPage(stock=views, next=call.cursors.write(scope, key) if key else "")


def _ineligible(session: Session, source: LotHolding, now: int) -> list[str]:
    need = Need(item=load_item(session, source.holding.item), now=now, place=load_place(session, source.holding.place))
    return [reason.value for reason in reasons_against(source.lot if source.lot.id else None, need)]


@router.get("/stock/as-of", permission=Permission.STOCK_READ, gives=bodies.AsOfView)
def read_stock_as_of(call: CallDep, item: Text, place: Text, at: Text, known_at: Text = "") -> bodies.AsOfView:
    """Give what a place had of an item at an instant, also as it was known at another."""
    occurred = _instant(at, "at")
    known = _instant(known_at, "known_at") if known_at else None
    with call.hospital.read() as session:
        load_item(session, item)
        on_hand = correcting.as_of(session, item=item, place=place, occurred_at=occurred, known_at=known)
    return bodies.AsOfView(
        item=item, place=place, at=to_text(occurred), known_at=to_text(known) if known else "", on_hand=on_hand
    )


def _instant(text: str, field: str) -> int:
    try:
        return from_text(text)
    except (ValueError, OverflowError) as error:
        problem = FieldProblem(
            field=field, place="/query", message=f"{text!r} is no instant.", cure="Use 2026-11-22T10:00:00Z."
        )
        raise FieldError(problem) from error


@router.get("/stock/verify", permission=Permission.STOCK_ADJUST, gives=bodies.VerifyView)
def verify_stock(call: CallDep) -> bodies.VerifyView:
    """Compute every balance anew from the movements and list what differs."""
    with call.hospital.read() as session:
        found = correcting.verify(session)
    return bodies.VerifyView(
        differences=[
            bodies.DifferenceView(kind=each.kind, key=list(each.key), expected=each.expected, found=each.found)
            for each in found
        ]
    )


@router.get("/stock/movements", permission=Permission.STOCK_READ, gives=bodies.MovementPage)
def list_movements(
    call: CallDep, limit: Limit = 50, cursor: CursorText = "", item: Text = "", place: Text = ""
) -> bodies.MovementPage:
    """List movements as recorded; with item and place, the latest ones that made that quantity."""
    scope = "movements"
    with call.hospital.read() as session:
        driver = Driver(session)
        if item and place:
            found = movements_touching(driver, item=item, place=place, limit=limit)
            return bodies.MovementPage(movements=[bodies.movement_view(each) for each in found], next="")
        after = call.cursors.read(scope, cursor) or [0, ""]
        found = movements_after(driver, recorded_at=int(after[0]), after=str(after[1]), limit=limit + 1)
    shown = found[:limit]
    key = [shown[-1].command.recorded_at, shown[-1].id] if len(found) > limit else None
    return bodies.MovementPage(
        movements=[bodies.movement_view(each) for each in shown], next=call.cursors.write(scope, key) if key else ""
    )


@router.get("/stock/movements/{movement_id}", permission=Permission.STOCK_READ, gives=bodies.MovementView)
def read_movement(call: CallDep, movement_id: PathText) -> bodies.MovementView:
    """Give a movement with its lines."""
    with call.hospital.read() as session:
        found = load_movement(Driver(session), movement_id)
    if found is None:
        raise NotFound("movement", movement_id)
    return bodies.movement_view(found)


@router.post(
    "/stock/receipts", permission=Permission.STOCK_MOVE, takes=bodies.ReceiptTold, gives=bodies.MovementView, status=201
)
async def receive_stock(call: CallDep) -> bodies.MovementView:
    """Take goods into stock, by scan or by keys."""
    told = call.read(bodies.ReceiptTold)
    check_place(call, *(line.place for line in told.lines))
    command = _command(call, told.occurred_at, witness=told.witness)
    zone = _zone(call)

    def use_case(session: Session) -> Movement:
        receipts = [receipt_of(session, line, zone, index) for index, line in enumerate(told.lines)]
        return receiving.receive(session, ledger=call.hospital.ledger, command=command, receipts=receipts)

    return bodies.movement_view(await call.hospital.write(use_case))


def receipt_of(session: Session, line: bodies.ReceiptLine, zone: ZoneInfo, index: int) -> receiving.Receipt:
    """Give a received position as told, by its scanned label or by keys.

    Raises
    ------
    FieldError
        If it names neither an item nor a label.
    """
    item, number, expires_at, size, serials = line.item, line.lot_number, 0, 1, tuple(line.serials)
    if line.scan:
        scan = label_told(line.scan, is_as_printed=line.is_as_printed)
        resolved = resolve(session, scan=scan, zone=zone, text=line.scan)
        item, size = resolved.item.id, resolved.package_quantity
        number, expires_at = number or scan.lot, resolved.expires_at
        serials = serials or ((scan.serial,) if scan.serial and resolved.item.tracking.value == "serial" else ())
    if line.expires_on:
        expires_at = end_of_day(day_told(line.expires_on, f"lines/{index}"), zone)
    if not item:
        problem = FieldProblem(
            field="item", place=f"lines/{index}", message="Neither an item nor a label was given.", cure="Scan it."
        )
        raise FieldError(problem)
    quantity = line.quantity if line.quantity is not None else (line.packages or 1) * size
    return receiving.Receipt(
        item=item,
        quantity=quantity,
        place=line.place,
        lot_number=number,
        expires_at=expires_at,
        owner=line.owner,
        supplier=line.supplier,
        serials=serials,
    )


def day_told(text: str, place: str) -> date:
    """Give a date told as YYYY-MM-DD.

    Raises
    ------
    FieldError
        If there is no such day.
    """
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        problem = FieldProblem(field="expires_on", place=place, message=f"{text!r} is no date.", cure="Use YYYY-MM-DD.")
        raise FieldError(problem) from error


async def use_told(call: CallDep, service: Callable[..., Movement]) -> bodies.MovementView:
    """Read what was used and record it by a service of ``inventory.service.using``."""
    told = call.read(bodies.UseTold)
    check_place(call, told.place)
    command = _command(call, told.occurred_at, encounter=told.encounter, reason=told.reason, witness=told.witness)
    use = using.Use(
        item=told.item,
        quantity=told.quantity,
        place=told.place,
        lot=told.lot,
        owner=told.owner,
        serial=told.serial,
    )
    ledger = call.hospital.ledger
    return bodies.movement_view(
        await call.hospital.write(lambda session: service(session, ledger=ledger, command=command, use=use))
    )


@router.post(
    "/stock/uses", permission=Permission.STOCK_MOVE, takes=bodies.UseTold, gives=bodies.MovementView, status=201
)
async def use_stock(call: CallDep) -> bodies.MovementView:
    """Record that something was used up."""
    return await use_told(call, using.consume)


@router.post(
    "/stock/implants", permission=Permission.STOCK_MOVE, takes=bodies.UseTold, gives=bodies.MovementView, status=201
)
async def implant_stock(call: CallDep) -> bodies.MovementView:
    """Record that an implant stayed in a patient."""
    return await use_told(call, using.implant)


@router.post(
    "/stock/wastes", permission=Permission.STOCK_MOVE, takes=bodies.UseTold, gives=bodies.MovementView, status=201
)
async def waste_stock(call: CallDep) -> bodies.MovementView:
    """Record that something was thrown away."""
    return await use_told(call, using.waste)


@router.post(
    "/stock/openings", permission=Permission.STOCK_MOVE, takes=bodies.UseTold, gives=bodies.MovementView, status=201
)
async def open_stock(call: CallDep) -> bodies.MovementView:
    """Record that a container was opened."""
    return await use_told(call, using.open_container)


async def hand_out_told(call: CallDep, service: Callable[..., Movement]) -> bodies.MovementView:
    """Read what is to be moved and move it by a service of ``inventory.service.handing_out``."""
    told = call.read(bodies.HandOutTold)
    check_place(call, told.place, told.to_place)
    command = _command(call, told.occurred_at, encounter=told.encounter, reason=told.reason, witness=told.witness)
    request = handing_out.Request(
        item=told.item,
        quantity=told.quantity,
        place=told.place,
        to_place=told.to_place,
        lot=told.lot,
        serial=told.serial,
    )
    ledger = call.hospital.ledger
    return bodies.movement_view(
        await call.hospital.write(lambda session: service(session, ledger=ledger, command=command, request=request))
    )


@router.post(
    "/stock/issues", permission=Permission.STOCK_MOVE, takes=bodies.HandOutTold, gives=bodies.MovementView, status=201
)
async def issue_stock(call: CallDep) -> bodies.MovementView:
    """Hand goods out to an encounter, first expired first."""
    return await hand_out_told(call, handing_out.issue)


@router.post(
    "/stock/transfers",
    permission=Permission.STOCK_MOVE,
    takes=bodies.HandOutTold,
    gives=bodies.MovementView,
    status=201,
)
async def transfer_stock(call: CallDep) -> bodies.MovementView:
    """Move goods from one place to another."""
    return await hand_out_told(call, handing_out.transfer)


@router.post(
    "/stock/counts", permission=Permission.STOCK_MOVE, takes=bodies.CountTold, gives=bodies.CountView, status=201
)
async def count_stock(call: CallDep) -> bodies.CountView:
    """Post what was counted; movements made since then stay as they are."""
    told = call.read(bodies.CountTold)
    check_place(call, *(line.place for line in told.lines))
    command = _command(call, told.occurred_at, witness=told.witness)
    counted = [
        correcting.Counted(item=line.item, place=line.place, quantity=line.quantity, lot=line.lot, owner=line.owner)
        for line in told.lines
    ]
    ledger = call.hospital.ledger
    result = await call.hospital.write(
        lambda session: correcting.count(session, ledger=ledger, command=command, counted=counted)
    )
    return bodies.CountView(
        surplus=result.surplus,
        missing=result.missing,
        movement=bodies.movement_view(result.movement) if result.movement else None,
    )


@router.post(
    "/stock/adjustments",
    permission=Permission.STOCK_ADJUST,
    takes=bodies.AdjustTold,
    gives=bodies.MovementView,
    status=201,
)
async def adjust_stock(call: CallDep) -> bodies.MovementView:
    """Correct a balance by a signed quantity, with a reason."""
    told = call.read(bodies.AdjustTold)
    if told.change > 0:  # what lies at a place that was removed meanwhile can still be written off
        check_place(call, told.place)
    command = _command(call, told.occurred_at, reason=told.reason, witness=told.witness)
    counted = correcting.Counted(item=told.item, place=told.place, quantity=0, lot=told.lot, owner=told.owner)
    ledger = call.hospital.ledger
    return bodies.movement_view(
        await call.hospital.write(
            lambda session: correcting.adjust(
                session, ledger=ledger, command=command, counted=counted, change=told.change
            )
        )
    )


@router.post(
    "/stock/movements/{movement_id}:reverse",
    permission=Permission.STOCK_MOVE,
    takes=bodies.ReverseTold,
    gives=bodies.MovementView,
    status=201,
)
async def reverse_movement(call: CallDep, movement_id: PathText) -> bodies.MovementView:
    """Undo a movement by one that goes the other way."""
    told = call.read(bodies.ReverseTold)
    command = _command(call, "", reason=told.reason, witness=told.witness)
    ledger = call.hospital.ledger
    return bodies.movement_view(
        await call.hospital.write(
            lambda session: correcting.reverse(session, ledger=ledger, command=command, movement=movement_id)
        )
    )


@router.get("/items", permission=Permission.STOCK_READ, gives=bodies.ItemPage)
def list_items(call: CallDep, limit: Limit = 50, cursor: CursorText = "") -> bodies.ItemPage:
    """List the items of the catalogue."""
    after = call.cursors.read("items", cursor)
    with call.hospital.read() as session:
        found = rows_of_items(session, after=str(after[0]) if after else "", limit=limit + 1)
    shown = found[:limit]
    more = len(found) > limit
    return bodies.ItemPage(
        items=[bodies.item_view(item) for item in shown],
        next=call.cursors.write("items", [shown[-1].id]) if more else "",
    )


@router.post("/items", permission=Permission.STOCK_PLAN, takes=bodies.ItemBody, gives=bodies.ItemBody, status=201)
async def define_item(call: CallDep) -> bodies.ItemBody:
    """Add an item to the catalogue, or change it."""
    told = call.read(bodies.ItemBody)
    item = Item(**{name: getattr(told, name) for name in bodies.ItemBody.__struct_fields__})
    await call.hospital.write(lambda session: save_item(session, item))
    return told


@router.post(
    "/items/{item_id}/packages",
    permission=Permission.STOCK_PLAN,
    takes=bodies.PackageBody,
    gives=bodies.PackageBody,
    status=201,
)
async def define_package(call: CallDep, item_id: PathText) -> bodies.PackageBody:
    """Say what a GTIN on a piece, box or case holds."""
    told = call.read(bodies.PackageBody)
    package = Package(gtin=Gtin(told.gtin), item=ItemId(item_id), level=told.level, quantity=told.quantity)

    def use_case(session: Session) -> None:
        load_item(session, item_id)
        save_package(session, package)

    await call.hospital.write(use_case)
    return told


@router.get("/par-levels", permission=Permission.STOCK_READ, gives=bodies.ParPage)
def list_par_levels(call: CallDep, limit: Limit = 50, cursor: CursorText = "", place: Text = "") -> bodies.ParPage:
    """List how much of each item the places should hold."""
    scope = f"pars:{place}"
    after = call.cursors.read(scope, cursor) or ["", ""]
    with call.hospital.read() as session:
        found = restocking.list_pars(session, place=place, after=(str(after[0]), str(after[1])), limit=limit + 1)
    shown = found[:limit]
    key = [shown[-1].place, shown[-1].item] if len(found) > limit else None
    return bodies.ParPage(
        par_levels=[bodies.par_view(par) for par in shown], next=call.cursors.write(scope, key) if key else ""
    )


@router.post("/par-levels", permission=Permission.STOCK_PLAN, takes=bodies.ParBody, gives=bodies.ParBody, status=201)
async def set_par_level(call: CallDep) -> bodies.ParBody:
    """Set how much of an item a place should hold."""
    told = call.read(bodies.ParBody)
    check_place(call, told.place, told.source)
    if told.reorder_point >= told.par_level:
        problem = FieldProblem(
            field="reorder_point",
            place="body",
            message=f"Expected less than the par level {told.par_level}, got {told.reorder_point}.",
            cure="Ask earlier, or fill up to more.",
        )
        raise FieldError(problem)
    par = ParLevel(
        place=PlaceId(told.place),
        item=ItemId(told.item),
        par_level=told.par_level,
        reorder_point=told.reorder_point,
        pack_multiple=told.pack_multiple,
        source=PlaceId(told.source),
        method=told.method,
    )
    command = _command(call, "")
    ledger = call.hospital.ledger
    await call.hospital.write(lambda session: restocking.set_par(session, ledger=ledger, command=command, par=par))
    return told


@router.post("/scans", permission=Permission.STOCK_READ, takes=bodies.ScanTold, gives=bodies.ScanView)
def read_scan(call: CallDep) -> bodies.ScanView:
    """Read a label, or an item's own code, and say what it stands for here."""
    told = call.read(bodies.ScanTold)
    scan = label_told(told.scan, separator=told.separator, is_as_printed=True)
    label = {key: value for key, value in scan.to_json().items() if key != "elements"}
    with call.hospital.read() as session:
        try:
            found: Resolved | None = resolve(session, scan=scan, zone=_zone(call), text=told.scan)
        except NotFound:
            # what is no label either is refused with what is wrong with it
            read_label(told.scan, ScannerProfile(separator=told.separator or "\x1d"))
            found = None
    if found is None:
        return bodies.ScanView(
            label=label,  # type: ignore[arg-type]  # JSON of a label
            item="",
            item_name="",
            package_level="",
            package_quantity=0,
            lots=[],
            ineligible=[],
        )
    lot = found.lots[0] if len(found.lots) == 1 else None
    reasons = reasons_against(lot, Need(item=found.item, now=call.now)) if lot else ()
    return bodies.ScanView(
        label=label,  # type: ignore[arg-type]  # JSON of a label
        item=found.item.id,
        item_name=found.item.name,
        package_level=found.package.level if found.package else "",
        package_quantity=found.package_quantity,
        lots=[each.id for each in found.lots],
        ineligible=[reason.value for reason in reasons],
    )

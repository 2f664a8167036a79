"""Goods go out, first expired first: pick, deliver, issue, transfer; each is refused when it should not happen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlmodel import Session

from inventory.model.items import Item, Tracking
from inventory.model.lots import Lot
from inventory.model.movements import BalanceKey, Command, Line, Movement, MovementKind
from inventory.model.places import PATIENT, StockPlaceKind, carrier_of
from inventory.model.stock import Holding, LotHolding
from inventory.rules.controlled import check_witness
from inventory.rules.eligibility import Need, reasons_against
from inventory.rules.fefo import Allocation, Portion, allocate, earlier_lots, fefo_key, owner_rank
from inventory.service.desk import Desk, Plan
from inventory.tables.balances import holdings_at, with_lots
from inventory.tables.catalogue import load_item, load_place
from inventory.tables.driver import Driver, number_of
from inventory.tables.reservations import keep_at_most, released_by, reservations_of, still_to_fetch, use_up
from inventory.tables.serials import find_piece
from twin.errors import FieldError, FieldProblem, NotFound, Refused
from twin.ids import ItemId, PlaceId
from twin.ports import EventSink


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is to be handed out.

    Parameters
    ----------
    item : str
        What.
    quantity : int
        Base units, above 0.
    place : str
        Where from.
    to_place : str
        Where to; for a pick for a task empty means the task's carrier.
    lot : str
        Id of the lot that was scanned; empty lets first expired, first out choose.
    serial : str
        Serial number that was scanned, for items tracked by serial.
    owner : str
        Only stock of this owner; ``*`` for any.
    minimum_remaining_days : int
        Remaining life that the receiver asks for, days.
    """

    item: str
    quantity: int
    place: str
    to_place: str = ""
    lot: str = ""
    serial: str = ""
    owner: str = "*"
    minimum_remaining_days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shelf:
    item: Item
    need: Need
    sources: list[LotHolding]
    promised: dict[BalanceKey, int]


def propose_pick(session: Session, *, request: Request, now: int, task: str = "") -> Allocation:
    """Give the lots that a picker should take, without taking anything.

    Parameters
    ----------
    session : Session
        May be a reading session.
    request : Request
        What is wanted.
    now : int
        Present instant, UTC microseconds.
    task : str
        Task whose own promised quantities may be taken.
    """
    driver = Driver(session)
    shelf = _look(session, driver, request, now, task, lock=False)
    return allocate(shelf.sources, request.quantity, shelf.need)


def pick(session: Session, *, ledger: EventSink, command: Command, request: Request) -> Movement:
    """Take goods from a shelf for a task or another place.

    Raises
    ------
    Refused
        If no eligible lot has enough, the scanned lot may not be used (every reason is named), or an earlier expiry
        lies there and the command gives no reason for passing it over.
    """
    target = request.to_place or (carrier_of(command.task) if command.task else "")
    if not target:
        raise FieldError(
            FieldProblem(
                field="to_place",
                place="pick",
                message="Neither a task nor a place to bring it to was given.",
                cure="Name the task, or where the goods go.",
            )
        )
    return _hand_out(session, ledger, command, replace(request, to_place=target), MovementKind.PICK)


def issue(session: Session, *, ledger: EventSink, command: Command, request: Request) -> Movement:
    """Hand goods out to a patient, known by the encounter's pseudonym.

    Raises
    ------
    Refused
        As for :func:`pick`.
    """
    if not command.encounter:
        raise FieldError(
            FieldProblem(field="encounter", place="issue", message="None was given.", cure="Scan the wristband.")
        )
    return _hand_out(session, ledger, command, replace(request, to_place=PATIENT), MovementKind.ISSUE)


def transfer(session: Session, *, ledger: EventSink, command: Command, request: Request) -> Movement:
    """Move goods from one place to another; what may not be used may still go to quarantine or returns."""
    target = load_place(session, request.to_place)
    if target.kind in (StockPlaceKind.QUARANTINE, StockPlaceKind.RETURN):
        return _set_aside(session, ledger, command, request)
    return _hand_out(session, ledger, command, request, MovementKind.TRANSFER)


def put_away(session: Session, *, ledger: EventSink, command: Command, request: Request) -> Movement:
    """Put received goods on the shelf where they are kept; parameters and errors as for :func:`transfer`.

    The books tell it apart from a transfer between wards: it is no use of the place that the goods leave.
    """
    target = load_place(session, request.to_place)
    if target.kind in (StockPlaceKind.QUARANTINE, StockPlaceKind.RETURN):
        return _set_aside(session, ledger, command, request)
    return _hand_out(session, ledger, command, request, MovementKind.PUT_AWAY)


def deliver(session: Session, *, ledger: EventSink, command: Command, to_place: str, item: str = "") -> Movement:
    """Put down what was picked for a task; the event of it closes the task when all has been brought.

    Parameters
    ----------
    session : Session
        The transaction.
    ledger : EventSink
        Where events go.
    command : Command
        Names the task.
    to_place : str
        Where it was put: the place's label was scanned.
    item : str
        Only this item; empty for all that the carrier holds.

    Raises
    ------
    Refused
        If nothing was picked for the task, or a lot has been recalled or held on the way.
    """
    desk = Desk(session, ledger, command, ("deliver", command.task, to_place, item))
    if earlier := desk.replay():
        return earlier
    carried = _carried(desk.driver, command.task, item)
    if not carried:
        raise Refused(
            f"Nothing is on the way for task {command.task}: pick first.",
            reasons=("stock.nothing_picked",),
            code="stock.nothing_picked",
        )
    for source in with_lots(desk.driver, carried, lock="FOR SHARE"):
        found = load_item(session, source.holding.item)
        # Looked at once more: a lot may be recalled, or expire, between shelf and ward.
        _check_eligible(source, Need(item=found, now=command.recorded_at))
    lines = tuple(_line(holding, holding.on_hand, to_place) for holding in carried)
    return desk.record(Plan(kind=MovementKind.DELIVER, lines=lines))


def return_picked(session: Session, *, ledger: EventSink, command: Command, to_place: str) -> Movement:
    """Bring back what was picked for a task and not delivered; recalled goods go to a quarantine place."""
    desk = Desk(session, ledger, command, ("return_picked", command.task, to_place))
    if earlier := desk.replay():
        return earlier
    carried = _carried(desk.driver, command.task, "")
    if not carried:
        raise Refused(
            f"Nothing is on the way for task {command.task}.",
            reasons=("stock.nothing_picked",),
            code="stock.nothing_picked",
        )
    lines = tuple(_line(holding, holding.on_hand, to_place) for holding in carried)
    return desk.record(Plan(kind=MovementKind.RETURN, lines=lines))


def carried_for(session: Session, *, task: str) -> int:
    """Give how many base units are on the way for a task."""
    return sum(holding.on_hand for holding in _carried(Driver(session), task, ""))


def free_of_lot(session: Session, *, place: str, lot: str, task: str = "") -> int:
    """Give how many base units of a lot are free at a place, for a task also those promised to it."""
    driver = Driver(session)
    row = driver.row("SELECT SUM(on_hand - reserved) FROM inventory_balance WHERE place = ? AND lot = ?", (place, lot))
    promised = reservations_of(driver, task)
    own = sum(quantity for key, quantity in promised.items() if key[0] == place and key[2] == lot)
    return number_of(row[0] if row else 0) + own


def _carried(driver: Driver, task: str, item: str) -> list[Holding]:
    carrier = carrier_of(task)
    rows = driver.rows("SELECT DISTINCT item FROM inventory_balance WHERE place = ? AND on_hand > 0", (carrier,))
    items = sorted(str(row[0]) for row in rows if not item or row[0] == item)
    return [holding for each in items for holding in holdings_at(driver, item=each, place=carrier, lock=True)]


def _hand_out(session: Session, ledger: EventSink, command: Command, request: Request, kind: MovementKind) -> Movement:
    desk = Desk(session, ledger, command, (kind.value, request, command.task))
    if earlier := desk.replay():
        return earlier
    if request.serial and not request.lot:
        # The piece says which lot it is of; the first lot on the shelf would give it the expiry and recalls of another.
        piece = find_piece(desk.driver, item=request.item, serial=request.serial)
        request = replace(request, lot=piece.lot if piece is not None else "")
    shelf = _look(session, desk.driver, request, command.recorded_at, command.task, lock=True)
    check_witness(shelf.item, kind, command)
    flags: tuple[str, ...] = ()
    if request.lot or request.serial:
        portions, flags = _portions_of_scan(shelf, request, command)
    else:
        portions = _portions_by_fefo(shelf, request)
    lines = tuple(
        replace(_line(portion.source.holding, portion.quantity, request.to_place), serial=request.serial)
        for portion in portions
    )
    released = released_by(lines, shelf.promised)
    movement = desk.record(Plan(kind=kind, lines=lines, flags=flags, released=released))
    if not movement.is_replay:
        use_up(desk.driver, command.task, released)
        if shelf.promised:
            keep_at_most(desk.driver, command.task, still_to_fetch(desk.driver, command.task))
    return movement


def _look(session: Session, driver: Driver, request: Request, now: int, task: str, *, lock: bool) -> _Shelf:
    """Read the shelf; with lock, lots first and balances after, each in sorted order, as every command does."""
    item = load_item(session, request.item)
    if lock:
        with_lots(driver, holdings_at(driver, item=item.id, place=request.place), lock="FOR SHARE")
    holdings = holdings_at(driver, item=item.id, place=request.place, lock=lock)
    if request.owner != "*":
        holdings = [holding for holding in holdings if holding.owner == request.owner]
    promised = reservations_of(driver, task)
    # What is promised to this task is free for it, and for it alone.
    freed = [
        replace(
            holding,
            reserved=holding.reserved - promised.get((holding.place, holding.item, holding.lot, holding.owner), 0),
        )
        for holding in holdings
    ]
    need = Need(
        item=item,
        now=now,
        minimum_remaining_days=request.minimum_remaining_days,
        place=load_place(session, request.place),
    )
    sources = with_lots(driver, freed, lock="FOR SHARE" if lock else "")
    return _Shelf(item=item, need=need, sources=sources, promised=promised)


def _portions_by_fefo(shelf: _Shelf, request: Request) -> Sequence[Portion]:
    allocation = allocate(shelf.sources, request.quantity, shelf.need)
    if allocation.short:
        reasons = sorted({reason.value for _, found in allocation.refused for reason in found})
        raise Refused(
            f"{request.place} has {allocation.quantity} of {request.quantity} usable units of {shelf.item.name}: "
            "take fewer, another place or a substitute.",
            reasons=("stock.short", *reasons),
            code="stock.short",
        )
    return allocation.portions


def _portions_of_scan(shelf: _Shelf, request: Request, command: Command) -> tuple[Sequence[Portion], tuple[str, ...]]:
    matching = [source for source in shelf.sources if not request.lot or source.lot.id == request.lot]
    if not matching:
        raise NotFound("stock of the scanned lot at this place", request.lot or request.serial)
    if shelf.item.tracking is Tracking.SERIAL and not request.serial:
        raise FieldError(
            FieldProblem(
                field="serial",
                place="pick",
                message=f"{shelf.item.name} is tracked piece by piece.",
                cure="Scan the serial number.",
            )
        )
    # one lot may lie there under several owners: whose goods go first is the item's rule
    matching.sort(key=lambda source: fefo_key(source, shelf.need))
    chosen = matching[0]
    _check_eligible(chosen, shelf.need)
    flags: tuple[str, ...] = ()
    passed_over = earlier_lots(chosen, shelf.sources, shelf.need)
    if passed_over:
        if not command.reason:
            first = min(passed_over, key=lambda source: fefo_key(source, shelf.need))
            _check_owners_turn(chosen, first, shelf.need)
            raise Refused(
                f"Lot {first.lot.number} expires earlier than {chosen.lot.number}: take it first, or give a reason.",
                reasons=tuple(source.lot.number for source in passed_over),
                code="stock.earlier_expiry",
            )
        flags = ("fefo_override",)
    portions, missing = [], request.quantity
    for source in matching:
        taken = min(missing, source.holding.free)
        if taken > 0:
            portions.append(Portion(source=source, quantity=taken))
            missing -= taken
    if missing:
        raise Refused(
            f"{request.place} has {request.quantity - missing} of {request.quantity} free units of lot "
            f"{chosen.lot.number}: take fewer or another lot.",
            reasons=("stock.short",),
            code="stock.short",
        )
    return portions, flags


def _check_owners_turn(chosen: LotHolding, first: LotHolding, need: Need) -> None:
    """Refuse goods whose owner's turn comes later by the item's rule, in words that say whose go first."""
    mine, other = chosen.holding.owner, first.holding.owner
    rule = need.item.owner_rule
    if owner_rank(mine, rule) > owner_rank(other, rule):
        whose = f"those of {other}" if other else "the hospital's own"
        raise Refused(
            f"Of {need.item.name} {whose} go first (lot {first.lot.number or 'none'}): take them, or give a reason.",
            reasons=(first.lot.number,),
            code="stock.owner_first",
        )


def _check_eligible(source: LotHolding, need: Need) -> None:
    lot: Lot | None = source.lot if source.lot.id else None
    reasons = reasons_against(lot, need)
    if reasons:
        raise Refused(
            f"Lot {source.lot.number or 'none'} of {need.item.name} must not be handed out: set it aside.",
            reasons=tuple(reason.value for reason in reasons),
            code=reasons[0].value,
        )


def _line(holding: Holding, quantity: int, to_place: str) -> Line:
    return Line(
        item=holding.item,
        quantity=quantity,
        from_place=holding.place,
        to_place=PlaceId(to_place),
        lot=holding.lot,
        owner=holding.owner,
    )


def _set_aside(session: Session, ledger: EventSink, command: Command, request: Request) -> Movement:
    desk = Desk(session, ledger, command, ("set_aside", request))
    if earlier := desk.replay():
        return earlier
    item = load_item(session, request.item)
    flags = check_witness(item, MovementKind.QUARANTINE, command)
    missing, lines = request.quantity, []
    for holding in holdings_at(desk.driver, item=ItemId(request.item), place=request.place, lock=True):
        if (request.lot and holding.lot != request.lot) or not missing:
            continue
        taken = min(missing, holding.free)
        if taken:
            lines.append(_line(holding, taken, request.to_place))
            missing -= taken
    if missing:
        raise Refused(
            f"{request.place} has {request.quantity - missing} of {request.quantity} free units: set fewer aside.",
            reasons=("stock.short",),
            code="stock.short",
        )
    return desk.record(Plan(kind=MovementKind.QUARANTINE, lines=tuple(lines), flags=flags))

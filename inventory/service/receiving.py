"""Goods come in: from a supplier, from reprocessing, and back from where they were not needed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from inventory.model.items import Item, ItemKind, Package, StorageClass, Tracking
from inventory.model.lots import NO_LOT, Lot, LotStatus
from inventory.model.movements import Command, Line, Movement, MovementKind
from inventory.model.places import REPROCESSING, SUPPLIER
from inventory.rules.controlled import check_witness
from inventory.service.desk import Desk, Plan
from inventory.tables.catalogue import (
    ensure_lot,
    find_lots,
    find_package,
    fold,
    load_item,
    load_lots,
    save_item,
    save_package,
    set_lot_status,
)
from inventory.tables.driver import Driver
from inventory.tables.recalls import recalled_numbers
from twin.errors import FieldError, FieldProblem, NotFound, Refused
from twin.events.supply import ReleasedSet
from twin.ids import Gtin, ItemId, LotId, PlaceId
from twin.ports import EventSink


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One received position.

    Parameters
    ----------
    item : str
        What came.
    quantity : int
        Base units, above 0.
    place : str
        Where it was put.
    lot_number : str
        As printed; empty where lots are not tracked.
    expires_at : int
        UTC microseconds; 0 if none is printed: an expiry-tracked item then waits in quarantine until it is keyed and
        confirmed by a second person.
    owner : str
        Whose it is until used; empty for the hospital's own.
    supplier : str
        Who delivered it.
    serials : tuple[str, ...]
        One per piece for items tracked by serial number.
    """

    item: str
    quantity: int
    place: str
    lot_number: str = ""
    expires_at: int = 0
    owner: str = ""
    supplier: str = ""
    serials: tuple[str, ...] = ()


def receive(session: Session, *, ledger: EventSink, command: Command, receipts: Sequence[Receipt]) -> Movement:
    """Take goods into stock.

    Parameters
    ----------
    session : Session
        The transaction.
    ledger : EventSink
        Where events go.
    command : Command
        Who received them and when.
    receipts : Sequence[Receipt]
        What came, at least one position.

    Raises
    ------
    FieldError
        If a position lacks its lot number or its serial numbers.
    """
    desk = Desk(session, ledger, command, ("receive", list(receipts)))
    if earlier := desk.replay():
        return earlier
    lines: list[Line] = []
    for index, receipt in enumerate(receipts):
        item = load_item(session, receipt.item)
        check_witness(item, MovementKind.RECEIVE, command)
        _check_receipt(receipt, item, index)
        lot = _lot_for(desk.driver, receipt, item)
        lines += _lines_for(receipt, lot)
    return desk.record(Plan(kind=MovementKind.RECEIVE, lines=tuple(lines)))


def _check_receipt(receipt: Receipt, item: Item, index: int) -> None:
    def problem(field: str, message: str, cure: str) -> FieldError:
        return FieldError(FieldProblem(field=field, place=f"receipts/{index}", message=message, cure=cure))

    if receipt.quantity < 1:
        raise problem("quantity", f"Expected at least 1 base unit, got {receipt.quantity}.", "Key what came.")
    if item.tracking is not Tracking.NONE and not receipt.lot_number.strip():
        raise problem("lot_number", f"{item.name} is tracked by lot, but none was given.", "Scan or key the lot.")
    # Each serial number becomes a line of one piece, so that a number too few or too many changes what is received.
    is_one_each = len(receipt.serials) == len(set(receipt.serials)) == receipt.quantity
    if (item.tracking is Tracking.SERIAL or receipt.serials) and not is_one_each:
        raise problem(
            "serials",
            f"Expected {receipt.quantity} different serial numbers, got {len(receipt.serials)}, "
            f"{len(set(receipt.serials))} of them different.",
            "Scan each piece once.",
        )


def lot_id_of(item: str, number: str, expires_at: int) -> LotId:
    """Give the id of a lot: the same for the same item, number and expiry, whoever meets it first."""
    # Made from the content, not drawn: two handhelds without a network give the same lot the same id.
    digest = hashlib.blake2b(f"{item}\n{number.strip().casefold()}\n{expires_at}".encode(), digest_size=12)
    return LotId(digest.hexdigest())


def _lot_for(driver: Driver, receipt: Receipt, item: Item) -> Lot:
    if item.tracking is Tracking.NONE:
        return Lot(id=NO_LOT, item=item.id)
    is_unknown = item.is_expiry_tracked and not receipt.expires_at
    status = LotStatus.QUARANTINED if is_unknown else LotStatus.RELEASED
    # A recall often comes before the last box of its lot does.
    if (item.id, fold(receipt.lot_number)) in recalled_numbers(driver, {item.id}):
        status = LotStatus.RECALLED
    return ensure_lot(
        driver,
        Lot(
            id=lot_id_of(item.id, receipt.lot_number, receipt.expires_at),
            item=item.id,
            number=receipt.lot_number.strip(),
            expires_at=receipt.expires_at,
            status=status,
            supplier=receipt.supplier,
        ),
    )


def _lines_for(receipt: Receipt, lot: Lot) -> list[Line]:
    pieces: list[tuple[int, str]] = [(1, serial) for serial in receipt.serials] or [(receipt.quantity, "")]
    return [
        Line(
            item=ItemId(receipt.item),
            quantity=quantity,
            from_place=SUPPLIER,
            to_place=PlaceId(receipt.place),
            lot=lot.id,
            owner=receipt.owner,
            serial=serial,
        )
        for quantity, serial in pieces
    ]


def confirm_expiry(session: Session, *, lot: str, expires_at: int, actor: str, confirmed_by: str) -> None:
    """Key the expiry of a lot that came without one; a second person has confirmed it, and the lot is released.

    Parameters
    ----------
    session : Session
        The transaction.
    lot : str
        Id of a lot in quarantine.
    expires_at : int
        As keyed, UTC microseconds.
    actor, confirmed_by : str
        Who keyed it and who confirmed it: two people.

    Raises
    ------
    Refused
        If both are one person, the lot has an expiry already, or one of its number and this expiry is known.
    """
    driver = Driver(session)
    if not confirmed_by or actor == confirmed_by:
        raise Refused(
            "A keyed expiry needs a second person: ask a colleague to read it from the pack and confirm.",
            reasons=("stock.witness_is_actor",),
            code="stock.witness_is_actor",
        )
    found = load_lots(driver, [lot], lock="FOR UPDATE").get(lot)
    if found is None:
        raise NotFound("lot", lot)
    if found.expires_at or found.status is not LotStatus.QUARANTINED:
        raise Refused(
            f"Lot {found.number} is {found.status.value} and not waiting for its expiry: nothing to confirm.",
            reasons=("stock.expiry_known",),
            code="stock.expiry_known",
        )
    same = [lot for lot in find_lots(driver, found.item, found.number) if lot.expires_at == expires_at]
    if any((one.opened_at, one.thawed_at) == (found.opened_at, found.thawed_at) for one in same):
        raise Refused(
            f"Lot {found.number} with this expiry has come before and is kept as a lot of its own: "
            "count the lot that waits to 0 and the known one to what lies there.",
            reasons=("stock.lot_known",),
            code="stock.lot_known",
        )
    driver.run(
        "UPDATE inventory_lot SET expires_at = ?, keyed_by = ? WHERE id = ?",
        (expires_at, f"{actor}+{confirmed_by}", lot),
    )
    set_lot_status(driver, lot, LotStatus.RELEASED, "expiry_confirmed")


def stock_released_sets(
    session: Session, *, ledger: EventSink, command: Command, sets: Sequence[ReleasedSet], place: str
) -> Movement:
    """Make the sets of a released load stock at the place where the load stands.

    A set whose GTIN the catalogue does not know gets an item that waits for review: what was released exists.
    """
    desk = Desk(session, ledger, command, ("reprocess", list(sets), place))
    if earlier := desk.replay():
        return earlier
    lines = []
    for released in sets:
        item = _item_of_set(session, released.gtin)
        lot = ensure_lot(
            desk.driver,
            Lot(
                id=lot_id_of(item, released.lot, released.expires_at),
                item=item,
                number=released.lot,
                expires_at=released.expires_at,
            ),
        )
        lines.append(
            Line(
                item=item,
                quantity=released.quantity,
                from_place=REPROCESSING,
                to_place=PlaceId(place),
                lot=lot.id,
            )
        )
    return desk.record(Plan(kind=MovementKind.REPROCESS, lines=tuple(lines)))


def _item_of_set(session: Session, gtin: str) -> ItemId:
    package = find_package(session, gtin)
    if package is not None:
        return package.item
    item = Item(
        id=ItemId(f"set-{gtin}"),
        code=gtin,
        name=f"Set {gtin}",
        kind=ItemKind.STERILE_SET,
        storage_class=StorageClass.AMBIENT,
    )
    save_item(session, item, is_reviewed=False)
    save_package(session, Package(gtin=Gtin(gtin), item=item.id, level="each", quantity=1))
    return item.id

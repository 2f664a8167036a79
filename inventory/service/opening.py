"""Go-live: the first stocktake of a hospital becomes its opening stock, all of it or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from inventory.model.items import Item, Tracking
from inventory.model.lots import NO_LOT, Lot, LotStatus
from inventory.model.movements import Command
from inventory.model.places import FOUND
from inventory.service.desk import source_of
from inventory.service.receiving import lot_id_of
from inventory.tables.catalogue import ensure_lot, find_item, fold, load_lots
from inventory.tables.driver import Driver
from inventory.tables.ledger import content_hash
from inventory.tables.opening import Opening, OpeningRow, places_with_stock, post_opening
from inventory.tables.recalls import recalled_numbers
from twin.errors import Conflict, FieldProblem, ImportRefused
from twin.events.supply import StockMoved
from twin.ids import LotId
from twin.ports import EventSink

_SHOWN = 100  # problems told at once
_CHUNK = 5_000  # ids in one question: SQLite takes 32,766 values in a statement

_INSERT_LOT = (
    "INSERT INTO inventory_lot (id, item, number, number_folded, expires_at, supplier, status, status_reason,"
    " opened_at, thawed_at, keyed_by) VALUES (?,?,?,?,?,?,?,'',0,0,'') ON CONFLICT DO NOTHING"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """One counted position of the stocktake.

    Parameters
    ----------
    item, place : str
        What lies where.
    quantity : int
        Base units.
    lot_number : str
        As printed; empty where lots are not tracked.
    expires_at : int
        UTC microseconds; 0 if none is printed: an expiry-tracked lot then waits in quarantine.
    owner, supplier : str
        Whose it is and who delivered it; empty for the hospital's own and for unknown.
    row : str
        Where the position stands in the file, for errors.
    """

    item: str
    place: str
    quantity: int
    lot_number: str = ""
    expires_at: int = 0
    owner: str = ""
    supplier: str = ""
    row: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What became stock.

    Parameters
    ----------
    positions, units, lots : int
        Positions and base units written, and different lots among them.
    quarantined : int
        Lots without the expiry that their item needs: they are held until it is keyed and confirmed.
    is_replay : bool
        Whether the same stocktake had been written before.
    """

    positions: int
    units: int
    lots: int
    quarantined: int
    is_replay: bool = False


def open_books(
    session: Session, *, ledger: EventSink, command: Command, positions: Sequence[Position], source: str = "stocktake"
) -> Opened:
    """Write the opening stock of places that have none yet.

    Parameters
    ----------
    session : Session
        The transaction.
    ledger : EventSink
        Where events go: one per place and item.
    command : Command
        Who counted, when; its id makes the stocktake happen once.
    positions : Sequence[Position]
        What was counted.
    source : str
        Name of the file, for errors.

    Raises
    ------
    ImportRefused
        With every position that cannot be used (the first 100): unknown items, missing lots, pieces tracked by serial
        number, places that already have stock of the item.
    Conflict
        If the command's id was used for another movement.
    """
    driver = Driver(session)
    items = {name: find_item(session, name) for name in sorted({each.item for each in positions})}
    digest = content_hash("open_books", command.actor, list(positions))
    lots = {
        _lot_of(each, item): each
        for each in positions
        if (item := items[each.item]) is not None and item.tracking is not Tracking.NONE
    }
    if _is_replay(driver, command, digest):
        return _opened(positions, lots, items, is_replay=True)
    problems = _problems(driver, positions, items)
    if problems:
        raise ImportRefused(source, problems)
    known = {name: item for name, item in items.items() if item is not None}
    stored = _make_lots(driver, lots, known)
    rows = tuple(_row(each, known[each.item], stored) for each in positions)
    if not post_opening(driver, Opening(command=command, content_hash=digest, source=FOUND, rows=rows)):
        raise Conflict("The same stocktake is being recorded by someone else: send it again.")
    ledger.append(session, _events(command, rows))
    return _opened(positions, lots, items, is_replay=False)


def _opened(
    positions: Sequence[Position], lots: dict[str, Position], items: dict[str, Item | None], *, is_replay: bool
) -> Opened:
    tracked = {name for name, item in items.items() if item is not None and item.is_expiry_tracked}
    return Opened(
        positions=len(positions),
        units=sum(each.quantity for each in positions),
        lots=len(lots),
        quarantined=sum(each.item in tracked and not each.expires_at for each in lots.values()),
        is_replay=is_replay,
    )


def _is_replay(driver: Driver, command: Command, digest: str) -> bool:
    row = driver.row("SELECT command_hash FROM inventory_movement WHERE id = ?", (command.id,))
    if row is not None and row[0] != digest:
        raise Conflict(
            f"Command id {command.id!r} was used for another movement: give each stocktake an id of its own.",
            code="stock.command_reused",
        )
    return row is not None


def _lot_of(position: Position, item: Item) -> str:
    if item.tracking is Tracking.NONE:
        return NO_LOT
    return lot_id_of(item.id, position.lot_number, position.expires_at)


def _row(position: Position, item: Item, stored: dict[str, str]) -> OpeningRow:
    lot = _lot_of(position, item)
    return position.item, position.place, stored.get(lot, lot), position.owner, position.quantity


def _make_lots(driver: Driver, lots: dict[str, Position], items: dict[str, Item]) -> dict[str, str]:
    """Make the lots that are new, and give the stored id where a lot stands under another one than its own.

    A lot whose expiry was keyed later has the key of a printed one, but keeps the id under which it came.
    """
    recalled = recalled_numbers(driver, set(items))
    wanted = {lot: _new_lot(lot, position, items[position.item], recalled) for lot, position in sorted(lots.items())}
    driver.run_many(
        _INSERT_LOT,
        [
            (each.id, each.item, each.number, fold(each.number), each.expires_at, each.supplier, each.status.value)
            for each in wanted.values()
        ],
    )
    names = list(wanted)
    known = {lot for start in range(0, len(names), _CHUNK) for lot in load_lots(driver, names[start : start + _CHUNK])}
    return {lot: ensure_lot(driver, each).id for lot, each in wanted.items() if lot not in known}


def _new_lot(lot: str, position: Position, item: Item, recalled: set[tuple[str, str]]) -> Lot:
    is_unknown = item.is_expiry_tracked and not position.expires_at
    status = LotStatus.QUARANTINED if is_unknown else LotStatus.RELEASED
    return Lot(
        id=LotId(lot),
        item=item.id,
        number=position.lot_number.strip(),
        expires_at=position.expires_at,
        status=LotStatus.RECALLED if (item.id, fold(position.lot_number)) in recalled else status,
        supplier=position.supplier,
    )


def _problems(driver: Driver, positions: Sequence[Position], items: dict[str, Item | None]) -> list[FieldProblem]:
    # Places are asked once each: a stocktake has tens of thousands of positions and some hundred places.
    taken = places_with_stock(driver, (each.place for each in positions))
    found: list[FieldProblem] = []
    for position in positions:
        problem = _problem_of(position, items[position.item], taken)
        if problem is not None:
            found.append(problem)
            if len(found) >= _SHOWN:
                break
    return found


def _problem_of(position: Position, item: Item | None, taken: dict[tuple[str, str], int]) -> FieldProblem | None:
    def problem(field: str, message: str, cure: str) -> FieldProblem:
        return FieldProblem(field=field, place=position.row, message=message, cure=cure)

    if item is None:
        return problem("item", f"{position.item!r} is no known item.", "Import the item master first.")
    if position.quantity < 1:
        return problem("quantity", f"Expected at least 1 base unit, got {position.quantity}.", "Leave empty ones out.")
    if item.tracking is Tracking.SERIAL:
        return problem("item", f"{item.name} is tracked piece by piece.", "Receive it by scanning each piece.")
    if item.tracking is Tracking.LOT and not position.lot_number.strip():
        return problem("lot", f"{item.name} is tracked by lot, but none was given.", "Give the lot on the package.")
    on_hand = taken.get((position.place, position.item))
    if on_hand:
        return problem("place", f"{position.place} has {on_hand} units already.", "Count it instead.")
    return None


def _events(command: Command, rows: Sequence[OpeningRow]) -> list[StockMoved]:
    totals: dict[tuple[str, str], int] = {}
    for item, place, _, _, quantity in rows:
        totals[(place, item)] = totals.get((place, item), 0) + quantity
    return [
        StockMoved(
            thing=item,
            occurred_at=command.occurred_at,
            source=source_of(command),
            source_key=command.id if index == 0 else f"{command.id}/{index}",
            actor=command.actor,
            quantity=quantity,
            from_place=FOUND,
            to_place=place,
            reason="count",
        )
        for index, ((place, item), quantity) in enumerate(sorted(totals.items()))
    ]

"""Items, packages, lots and stock places: rows to values and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy.orm import Mapped
from sqlmodel import Session, col, select

from inventory.model.items import (
    Criticality,
    Item,
    ItemKind,
    OwnerRule,
    Package,
    StorageClass,
    Substitute,
    Tracking,
    ValueClass,
)
from inventory.model.lots import Lot, LotStatus
from inventory.model.places import StockPlace, StockPlaceKind
from inventory.tables.driver import Driver, Row, marks, number_of, text_of
from inventory.tables.rows import ItemRow, PackageRow, PlaceRow, SubstituteRow
from twin.errors import NotFound
from twin.ids import Gtin, ItemId, LotId, PlaceId

IDS_A_QUERY = 500
"""Ids named in one query; both databases take some thousands of values at most."""
LOT_COLUMNS = "id, item, number, expires_at, status, opened_at, thawed_at, supplier"


def save_item(session: Session, item: Item, *, is_reviewed: bool = True) -> None:
    """Write an item, new or changed.

    Parameters
    ----------
    session : Session
        The transaction.
    item : Item
        The item.
    is_reviewed : bool
        False for an item that the system made itself because it arrived unannounced.
    """
    save_items(session, [item], is_reviewed=is_reviewed)


def save_items(session: Session, items: Iterable[Item], *, is_reviewed: bool = True) -> None:
    """Write items, new or changed; of two with one id the last counts. See :func:`save_item`."""
    rows = {item.id: _row_of_item(item, is_reviewed) for item in items}
    # an old sheet that still lists a merged entry must not bring it back to life
    merged = select(ItemRow.id, ItemRow.merged_into).where(col(ItemRow.merged_into) != "")
    for identifier, kept in session.exec(merged).all():
        if ItemId(identifier) in rows:
            rows[ItemId(identifier)].merged_into = kept
    _write(session, col(ItemRow.id), rows)


def _row_of_item(item: Item, is_reviewed: bool) -> ItemRow:
    return ItemRow(
        id=item.id,
        code=item.code,
        name=item.name,
        kind=item.kind.value,
        base_unit=item.base_unit,
        tracking=item.tracking.value,
        is_expiry_tracked=item.is_expiry_tracked,
        minimum_remaining_days=item.minimum_remaining_days,
        in_use_days=item.in_use_days,
        thawed_days=item.thawed_days,
        storage_class=item.storage_class.value,
        criticality=item.criticality.value,
        value_class=item.value_class.value,
        controlled_schedule=item.controlled_schedule,
        unit_cost_minor=item.unit_cost_minor,
        unit_volume_ml=item.unit_volume_ml,
        owner_rule=item.owner_rule.value,
        is_reviewed=is_reviewed,
    )


def item_of_row(row: ItemRow) -> Item:
    """Give the item of a row."""
    return Item(
        id=ItemId(row.id),
        code=row.code,
        name=row.name,
        kind=ItemKind(row.kind),
        base_unit=row.base_unit,
        tracking=Tracking(row.tracking),
        is_expiry_tracked=row.is_expiry_tracked,
        minimum_remaining_days=row.minimum_remaining_days,
        in_use_days=row.in_use_days,
        thawed_days=row.thawed_days,
        storage_class=StorageClass(row.storage_class),
        criticality=Criticality(row.criticality),
        value_class=ValueClass(row.value_class),
        controlled_schedule=row.controlled_schedule,
        unit_cost_minor=row.unit_cost_minor,
        unit_volume_ml=row.unit_volume_ml,
        owner_rule=OwnerRule(row.owner_rule),
    )


def find_item(session: Session, item: str) -> Item | None:
    """Give an item by its id, or None."""
    row = session.get(ItemRow, item)
    return None if row is None else item_of_row(row)


def load_item(session: Session, item: str) -> Item:
    """Give an item by its id.

    Raises
    ------
    NotFound
        If there is none.
    """
    found = find_item(session, item)
    if found is None:
        raise NotFound("item", item)
    return found


def list_items(session: Session, *, after: str = "", limit: int = 200) -> list[Item]:
    """Give items in the order of their ids, a page at a time; those that were merged into others are left out."""
    query = select(ItemRow).where(col(ItemRow.id) > after, col(ItemRow.merged_into) == "")
    return [item_of_row(row) for row in session.exec(query.order_by(col(ItemRow.id)).limit(limit))]


def every_item(session: Session) -> list[Item]:
    """Give the whole item master without what was merged, in the order of ids."""
    query = select(ItemRow).where(col(ItemRow.merged_into) == "").order_by(col(ItemRow.id))
    return [item_of_row(row) for row in session.exec(query)]


def save_package(session: Session, package: Package) -> None:
    """Write a packaging level, new or changed."""
    save_packages(session, [package])


def save_packages(session: Session, packages: Iterable[Package]) -> None:
    """Write packaging levels, new or changed; of two with one GTIN the last counts."""
    rows = {
        one.gtin: PackageRow(gtin=one.gtin, item=one.item, level=one.level, quantity=one.quantity) for one in packages
    }
    _write(session, col(PackageRow.gtin), rows)


def _write(session: Session, key: Mapped[str], rows: Mapping[ItemId, ItemRow] | Mapping[Gtin, PackageRow]) -> None:
    """Write rows by their ids with one question for all: a question for each is what makes an import slow."""
    ids = list(rows)
    held: set[str] = set()
    for first in range(0, len(ids), IDS_A_QUERY):
        held.update(session.exec(select(key).where(key.in_(ids[first : first + IDS_A_QUERY]))))
    for identifier, row in rows.items():
        if identifier in held:
            session.merge(row)
        else:
            session.add(row)
    session.flush()


def find_package(session: Session, gtin: str) -> Package | None:
    """Give the packaging level of a GTIN-14, or None."""
    row = session.get(PackageRow, gtin)
    if row is None:
        return None
    return Package(gtin=Gtin(row.gtin), item=ItemId(row.item), level=row.level, quantity=row.quantity)


def packages_of(session: Session, item: str) -> list[Package]:
    """Give the packaging levels of an item, the smallest first."""
    rows = session.exec(
        select(PackageRow).where(col(PackageRow.item) == item).order_by(col(PackageRow.quantity), col(PackageRow.gtin))
    )
    return [Package(gtin=Gtin(row.gtin), item=ItemId(row.item), level=row.level, quantity=row.quantity) for row in rows]


def save_substitute(session: Session, substitute: Substitute) -> None:
    """Write that an item may stand in for another."""
    session.merge(
        SubstituteRow(
            item=substitute.item,
            stand_in=substitute.stand_in,
            numerator=substitute.numerator,
            denominator=substitute.denominator,
            approved_by=substitute.approved_by,
        )
    )
    session.flush()


def approved_substitutes(session: Session, item: str) -> list[Substitute]:
    """Give what may stand in for an item, as far as somebody with clinical authority approved it."""
    rows = session.exec(
        select(SubstituteRow).where(col(SubstituteRow.item) == item, col(SubstituteRow.approved_by) != "")
    )
    return [
        Substitute(
            item=ItemId(row.item),
            stand_in=ItemId(row.stand_in),
            numerator=row.numerator,
            denominator=row.denominator,
            approved_by=row.approved_by,
        )
        for row in rows
    ]


def save_place(session: Session, place: StockPlace) -> None:
    """Write a stock place, new or changed."""
    session.merge(
        PlaceRow(id=place.id, kind=place.kind.value, storage_class=place.storage_class.value, source=place.source)
    )
    session.flush()


def load_place(session: Session, place: str) -> StockPlace:
    """Give a stock place; one without a row of its own is an ordinary shelf at room temperature."""
    row = session.get(PlaceRow, place)
    if row is None:
        return StockPlace(id=PlaceId(place))
    return _place_of(row)


def _place_of(row: PlaceRow) -> StockPlace:
    return StockPlace(
        id=PlaceId(row.id),
        kind=StockPlaceKind(row.kind),
        storage_class=StorageClass(row.storage_class),
        source=PlaceId(row.source),
    )


def list_places(session: Session, *, after: str = "", limit: int = 200) -> list[StockPlace]:
    """Give the stock places that have a row of their own, in the order of their ids, a page at a time."""
    query = select(PlaceRow).where(col(PlaceRow.id) > after).order_by(col(PlaceRow.id)).limit(limit)
    return [_place_of(row) for row in session.exec(query)]


def fold(number: str) -> str:
    """Give a lot number as it is compared: without regard to case and outer blanks."""
    return number.strip().casefold()


def lot_of_row(row: Row) -> Lot:
    """Give the lot of a row read with :data:`LOT_COLUMNS`."""
    return Lot(
        id=LotId(text_of(row[0])),
        item=ItemId(text_of(row[1])),
        number=text_of(row[2]),
        expires_at=number_of(row[3]),
        status=LotStatus(text_of(row[4])),
        opened_at=number_of(row[5]),
        thawed_at=number_of(row[6]),
        supplier=text_of(row[7]),
    )


def load_lots(driver: Driver, lots: Iterable[str], *, lock: str = "") -> dict[str, Lot]:
    """Give lots by id, locked in the order of their ids.

    Parameters
    ----------
    driver : Driver
        The transaction.
    lots : Iterable[str]
        Ids; the empty id is passed over.
    lock : str
        ``FOR SHARE`` while something is handed out, ``FOR UPDATE`` while the status changes; empty to only look.
    """
    wanted = sorted({lot for lot in lots if lot})
    if not wanted:
        return {}
    rows = driver.rows(
        f"SELECT {LOT_COLUMNS} FROM inventory_lot WHERE id IN ({marks(len(wanted))}) ORDER BY id"
        + (driver.locking(lock) if lock else ""),
        wanted,
    )
    return {lot.id: lot for lot in map(lot_of_row, rows)}


def ensure_lot(driver: Driver, lot: Lot, *, keyed_by: str = "") -> Lot:
    """Give the lot of this item, number and expiry; make it if there is none.

    Parameters
    ----------
    driver : Driver
        The transaction.
    lot : Lot
        With the id to use if it is new.
    keyed_by : str
        Who keyed the expiry by hand; empty if it was scanned.
    """
    key = (lot.item, fold(lot.number), lot.expires_at, lot.opened_at, lot.thawed_at)
    driver.run(
        "INSERT INTO inventory_lot (id, item, number, number_folded, expires_at, status, status_reason, opened_at,"
        " thawed_at, supplier, keyed_by) VALUES (?,?,?,?,?,?,'',?,?,?,?)"
        " ON CONFLICT (item, number_folded, expires_at, opened_at, thawed_at) DO NOTHING",
        (
            lot.id,
            lot.item,
            lot.number,
            key[1],
            lot.expires_at,
            lot.status.value,
            lot.opened_at,
            lot.thawed_at,
            lot.supplier,
            keyed_by,
        ),
    )
    row = driver.row(
        f"SELECT {LOT_COLUMNS} FROM inventory_lot WHERE item = ? AND number_folded = ? AND expires_at = ?"
        " AND opened_at = ? AND thawed_at = ?",
        key,
    )
    if row is None:
        raise NotFound("lot", lot.number)
    return lot_of_row(row)


def find_lots(driver: Driver, item: str, number: str) -> list[Lot]:
    """Give the lots of an item with a printed number; more than one if the number came with several expiries."""
    rows = driver.rows(
        f"SELECT {LOT_COLUMNS} FROM inventory_lot WHERE item = ? AND number_folded = ? ORDER BY expires_at, id",
        (item, fold(number)),
    )
    return [lot_of_row(row) for row in rows]


def find_lots_of_item(driver: Driver, item: str) -> list[Lot]:
    """Give every lot of an item, opened and thawed containers too."""
    rows = driver.rows(f"SELECT {LOT_COLUMNS} FROM inventory_lot WHERE item = ? ORDER BY id", (item,))
    return [lot_of_row(row) for row in rows]


def set_lot_status(driver: Driver, lot: str, status: LotStatus, reason: str) -> None:
    """Write a lot's status; the caller holds its lock."""
    driver.run("UPDATE inventory_lot SET status = ?, status_reason = ? WHERE id = ?", (status.value, reason, lot))

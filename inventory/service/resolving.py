"""From a scanned label to the item, package and lot of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, tzinfo

from sqlmodel import Session, col, select

from inventory.model.items import Item, Package, Tracking
from inventory.model.lots import Lot, end_of_day
from inventory.model.scan import Scan
from inventory.tables.catalogue import find_lots, find_package, load_item
from inventory.tables.driver import Driver
from inventory.tables.rows import ItemRow
from twin.errors import NotFound, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What a label stands for in this hospital.

    Parameters
    ----------
    item : Item
        The item.
    package : Package or None
        Packaging level of the scanned GTIN; None for an item found by its own number.
    lots : tuple[Lot, ...]
        Lots that the label can mean: one if all is clear, none if the lot was never received.
    serial : str
        Serial number on the label.
    expires_at : int
        End of the label's expiry by the hospital's clock, UTC microseconds; 0 if it has none.
    """

    item: Item
    package: Package | None
    lots: tuple[Lot, ...]
    serial: str
    expires_at: int

    @property
    def package_quantity(self) -> int:
        """Base units in the scanned package."""
        return self.package.quantity if self.package else 1

    def the_lot(self) -> Lot | None:
        """Give the one lot that is meant; None where lots are not tracked.

        Raises
        ------
        NotFound
            If it was never received.
        Refused
            If the number alone can mean several lots.
        """
        if self.item.tracking is Tracking.NONE:
            return None
        if not self.lots:
            raise NotFound("received lot with this number and expiry", self.item.code)
        if len(self.lots) > 1:
            raise Refused(
                f"Lot {self.lots[0].number} of {self.item.name} came with {len(self.lots)} expiries: "
                "scan a label that carries the expiry.",
                reasons=tuple(lot.id for lot in self.lots),
                code="stock.lot_ambiguous",
            )
        return self.lots[0]


def expiry_instant(scan: Scan, zone: tzinfo) -> int:
    """Give the instant at which a label's expiry is over, by the hospital's clock; 0 if it carries none."""
    return end_of_day(date.fromisoformat(scan.expiry[:10]), zone) if scan.expiry else 0


def resolve(session: Session, *, scan: Scan, zone: tzinfo, text: str = "") -> Resolved:
    """Find what a label stands for.

    Parameters
    ----------
    session : Session
        May be a reading session.
    scan : Scan
        The label, read.
    zone : tzinfo
        The hospital's time zone.
    text : str
        The label as scanned; an item's own code is found by it.

    Raises
    ------
    NotFound
        If the catalogue has no such package, product number or code.
    """
    package = find_package(session, scan.gtin) if scan.gtin else None
    if package is None and scan.lic:
        # a HIBC product is listed under labeller code and product number
        package = find_package(session, f"+{scan.lic}{scan.pcn}{scan.unit_of_measure}")
    if package is None and scan.di:
        package = find_package(session, f"=/{scan.di}")
    if package is None and scan.ppn:
        package = find_package(session, f"9N{scan.ppn}")
    item = load_item(session, package.item) if package else _item_by_code(session, scan.gtin or text)
    expires_at = expiry_instant(scan, zone)
    lots = find_lots(Driver(session), item.id, scan.lot) if scan.lot else []
    if expires_at:
        lots = [lot for lot in lots if lot.expires_at == expires_at]
    lots = [lot for lot in lots if not lot.opened_at and not lot.thawed_at]
    return Resolved(item=item, package=package, lots=tuple(lots), serial=scan.serial, expires_at=expires_at)


def _item_by_code(session: Session, code: str) -> Item:
    row = session.exec(select(ItemRow).where(col(ItemRow.code) == code)).first()
    if row is None:
        raise NotFound("package with this GTIN or item with this code", code)
    return load_item(session, row.merged_into or row.id)  # the code of a merged entry leads to the one that stays

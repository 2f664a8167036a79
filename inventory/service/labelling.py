"""What is printed on a lot's own label: for goods whose package was opened, thawed, or never had one that scans."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from sqlmodel import Session

from inventory.model.lots import effective_expiry
from inventory.rules.labels import LabelContent
from inventory.tables.catalogue import load_item, load_lots, packages_of
from inventory.tables.driver import Driver
from twin.errors import FieldError, FieldProblem, NotFound
from twin.gs1.keys import check_digit

_GTIN_DIGITS = 14


def label_of_lot(session: Session, *, lot: str, zone: tzinfo, gtin: str = "", serial: str = "") -> LabelContent:
    """Give what the label of a lot says.

    Parameters
    ----------
    session : Session
        May be a reading session.
    lot : str
        Its id.
    zone : tzinfo
        The hospital's: an expiry is over at the end of a day there.
    gtin : str
        Of the package that it is for; by default the smallest one of the item.
    serial : str
        Of one piece; empty for none.

    Raises
    ------
    NotFound
        If there is no such lot, or the item has no such package.
    FieldError
        If the item has no package with a GTIN, or the lot's number cannot stand on a GS1 label.
    """
    found = load_lots(Driver(session), [lot]).get(lot)
    if found is None:
        raise NotFound("lot", lot)
    item = load_item(session, found.item)
    packages = sorted(
        (package for package in packages_of(session, item.id) if _is_gtin(package.gtin)),
        key=lambda package: (package.quantity, package.gtin),
    )
    if gtin and gtin not in [package.gtin for package in packages]:
        raise NotFound("package of the item with this GTIN", gtin)
    if not packages:
        message, cure = f"{item.name} has no package with a GTIN.", "Add its package to the item master first."
        raise FieldError(FieldProblem(field="lot", place="label", message=message, cure=cure))
    limit = effective_expiry(found, item)
    # The code keeps the maker's date, by which the lot is found when it is scanned; what was opened or thawed ends
    # before it, and that is for people to read.
    is_shorter = bool(limit) and limit != found.expires_at
    return LabelContent(
        gtin=gtin or packages[0].gtin,
        lot=found.number,
        serial=serial,
        expiry=_last_day(found.expires_at, zone) if found.expires_at else "",
        name=f"{item.name[:20]} \N{LESS-THAN OR EQUAL TO} {_last_day(limit, zone)}" if is_shorter else item.name,
    )


def _is_gtin(key: str) -> bool:
    # HIBC products stand among the packages by their own key
    is_number = len(key) == _GTIN_DIGITS and key.isascii() and key.isdigit()
    return is_number and check_digit(key[:-1]) == key[-1]


def _last_day(limit: int, zone: tzinfo) -> str:
    """Give the last day on which something may be used; the instant itself is over, so midnight is the day before."""
    return datetime.fromtimestamp((limit - 1) / 1e6, UTC).astimezone(zone).date().isoformat()

"""Which items may stand in for others, and what they cover on the shelves."""

from __future__ import annotations

from sqlmodel import Session, col, select

from inventory.model.items import Substitute
from inventory.rules.substitutes import quantity_stood_for
from inventory.tables.balances import USABLE
from inventory.tables.driver import Driver, number_of, text_of
from inventory.tables.rows import SubstituteRow
from twin.ids import ItemId

_COVER = (
    "SELECT p.place, p.item, s.stand_in, s.numerator, s.denominator, SUM(b.on_hand - b.reserved),"
    " COALESCE(MAX(q.par_level), 0)"
    " FROM inventory_substitute s JOIN inventory_par_level p ON p.item = s.item"
    " JOIN inventory_balance b ON b.place = p.place AND b.item = s.stand_in AND b.on_hand > 0"
    " LEFT JOIN inventory_lot l ON l.id = b.lot"
    " LEFT JOIN inventory_par_level q ON q.place = p.place AND q.item = s.stand_in"
    f" WHERE s.approved_by <> '' AND {USABLE}"
)
_GROUPED = " GROUP BY p.place, p.item, s.stand_in, s.numerator, s.denominator"


def substitute_of_row(row: SubstituteRow) -> Substitute:
    """Give the substitute of a row."""
    return Substitute(
        item=ItemId(row.item),
        stand_in=ItemId(row.stand_in),
        numerator=row.numerator,
        denominator=row.denominator,
        approved_by=row.approved_by,
    )


def find_substitute(session: Session, *, item: str, stand_in: str) -> Substitute | None:
    """Give the pair, approved or not, or None."""
    row = session.get(SubstituteRow, (item, stand_in))
    return None if row is None else substitute_of_row(row)


def list_substitutes(
    session: Session, *, item: str = "", after: tuple[str, str] = ("", ""), limit: int = 200
) -> list[Substitute]:
    """Give pairs in the order of item and stand-in, a page at a time.

    Parameters
    ----------
    session : Session
        Any.
    item : str
        Only what may stand in for this one.
    after : tuple[str, str]
        Item and stand-in of the last pair of the page before.
    limit : int
        How many at most.
    """
    query = select(SubstituteRow).order_by(col(SubstituteRow.item), col(SubstituteRow.stand_in)).limit(limit)
    if item:
        query = query.where(col(SubstituteRow.item) == item)
    same_item = (col(SubstituteRow.item) == after[0]) & (col(SubstituteRow.stand_in) > after[1])
    query = query.where((col(SubstituteRow.item) > after[0]) | same_item)
    return [substitute_of_row(row) for row in session.exec(query)]


def approved_pairs(driver: Driver) -> dict[tuple[ItemId, ItemId], Substitute]:
    """Give every approved pair by item and stand-in."""
    rows = driver.rows(
        "SELECT item, stand_in, numerator, denominator, approved_by FROM inventory_substitute WHERE approved_by <> ''"
    )
    pairs = (
        Substitute(
            item=ItemId(text_of(row[0])),
            stand_in=ItemId(text_of(row[1])),
            numerator=number_of(row[2]),
            denominator=number_of(row[3]),
            approved_by=text_of(row[4]),
        )
        for row in rows
    )
    return {(pair.item, pair.stand_in): pair for pair in pairs}


def standing_in(driver: Driver, *, now: int, place: str = "", item: str = "") -> dict[tuple[str, str], int]:
    """Give how many base units of an item its approved stand-ins on the same shelf stand for, by place and item.

    A stand-in that has a par level of its own there covers others only with what it has above that level.

    Parameters
    ----------
    driver : Driver
        The transaction.
    now : int
        What has expired by then helps nobody, UTC microseconds.
    place, item : str
        Only these; empty for all.
    """
    where, values = "", [now]
    more: list[str] = []
    for column, wanted in (("p.place", place), ("p.item", item)):
        if wanted:
            where += f" AND {column} = ?"
            more.append(wanted)
    found: dict[tuple[str, str], int] = {}
    for row in driver.rows(f"{_COVER}{where}{_GROUPED}", [*values, *more]):
        key = text_of(row[0]), text_of(row[1])
        pair = Substitute(
            item=ItemId(key[1]),
            stand_in=ItemId(text_of(row[2])),
            numerator=number_of(row[3]),
            denominator=number_of(row[4]),
        )
        spare = max(0, number_of(row[5]) - number_of(row[6]))
        found[key] = found.get(key, 0) + quantity_stood_for(pair, spare)
    return found

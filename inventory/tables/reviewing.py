"""What a round must know of every shelf, by one query: usable stock, what is on its way, what will be used."""

from __future__ import annotations

from dataclasses import dataclass

from inventory.model.items import Criticality
from inventory.model.places import SUPPLYING_KINDS, carrier_of
from inventory.model.planning import Expected
from inventory.model.stock import ParLevel, ParMethod
from inventory.tables.balances import USABLE
from inventory.tables.driver import Driver, number_of, text_of
from inventory.tables.planning import expected_of_row
from inventory.tables.substitutes import standing_in
from twin.ids import ItemId, PlaceId

_FREE = (
    "SELECT b.place, b.item, SUM(b.on_hand - b.reserved) AS free FROM inventory_balance b"
    f" LEFT JOIN inventory_lot l ON l.id = b.lot WHERE b.on_hand > 0 AND {USABLE}"
)
_LINES = (
    "SELECT p.place, p.item, p.par_level, p.reorder_point, p.pack_multiple, p.source, p.method, i.criticality,"
    " COALESCE(s.free, 0), COALESCE(n.coming, 0),"
    " x.place, x.item, x.method, x.mean_per_day, x.sd_per_day, x.periods, x.censored, x.at"
    " FROM inventory_par_level p JOIN inventory_item i ON i.id = p.item"
    f" LEFT JOIN ({_FREE} GROUP BY b.place, b.item) s ON s.place = p.place AND s.item = p.item"
    " LEFT JOIN (SELECT place, item, SUM(quantity) AS coming FROM inventory_inbound GROUP BY place, item) n"
    " ON n.place = p.place AND n.item = p.item"
    " LEFT JOIN inventory_expected_use x ON x.place = p.place AND x.item = p.item"
)
_STORES = ",".join(f"'{kind.value}'" for kind in SUPPLYING_KINDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewLine:
    """One place and item as it stands.

    Parameters
    ----------
    par : ParLevel
        What should be there.
    criticality : Criticality
        VED class of the item.
    free : int
        Usable base units that are promised to nobody.
    inbound : int
        Base units that open tasks will bring.
    expected : Expected or None
        Use of a day; None before the first plan.
    standing_in : int
        Base units for which approved substitutes on the same shelf stand.
    """

    par: ParLevel
    criticality: Criticality
    free: int
    inbound: int
    expected: Expected | None
    standing_in: int = 0

    @property
    def position(self) -> int:
        """Base units that the place can count on: its own, those on the way, and what stands in for them."""
        return self.free + self.inbound + self.standing_in

    @property
    def key(self) -> tuple[str, str]:
        """Place and item."""
        return self.par.place, self.par.item


def lines_to_review(driver: Driver, *, now: int, place: str = "") -> list[ReviewLine]:
    """Give every place and item with a par level, in order.

    Parameters
    ----------
    driver : Driver
        The transaction.
    now : int
        Present instant: what has expired does not count, UTC microseconds.
    place : str
        Only this place; empty for all.
    """
    where, values = (" WHERE p.place = ?", [place]) if place else ("", [])
    cover = standing_in(driver, now=now, place=place)
    return [
        ReviewLine(
            par=ParLevel(
                place=PlaceId(text_of(row[0])),
                item=ItemId(text_of(row[1])),
                par_level=number_of(row[2]),
                reorder_point=number_of(row[3]),
                pack_multiple=number_of(row[4]),
                source=PlaceId(text_of(row[5])),
                method=ParMethod(text_of(row[6])),
            ),
            criticality=Criticality(text_of(row[7])),
            free=number_of(row[8]),
            inbound=number_of(row[9]),
            expected=expected_of_row(row[10:]) if row[10] is not None else None,
            standing_in=cover.get((text_of(row[0]), text_of(row[1])), 0),
        )
        for row in driver.rows(f"{_LINES}{where} ORDER BY p.place, p.item", [now, *values])
    ]


def usable_at(driver: Driver, *, item: str, now: int) -> dict[str, int]:
    """Give the usable base units of an item that are promised to nobody, by place."""
    rows = driver.rows(f"{_FREE} AND b.item = ? GROUP BY b.place, b.item", (now, item))
    return {text_of(row[0]): number_of(row[2]) for row in rows}


def supplying_places(driver: Driver) -> list[str]:
    """Give the stores and pharmacies, in the order of their ids."""
    return [
        text_of(row[0]) for row in driver.rows(f"SELECT id FROM inventory_place WHERE kind IN ({_STORES}) ORDER BY id")
    ]


def unsupplied_places(driver: Driver) -> set[str]:
    """Give the stores and pharmacies for which no place is named that supplies them."""
    rows = driver.rows(f"SELECT id FROM inventory_place WHERE kind IN ({_STORES}) AND source = ''")
    return {text_of(row[0]) for row in rows}


def tasks_from_nowhere(driver: Driver) -> list[tuple[str, str]]:
    """Give place and item of open restock tasks that are to bring goods to an unsupplied store from no place at all.

    What a porter has picked for one lies on a cart and has to be delivered or brought back: such a task is not given.
    """
    rows = driver.rows(
        "SELECT DISTINCT n.place, n.item FROM inventory_inbound n JOIN inventory_place p ON p.id = n.place"
        f" WHERE n.source = '' AND p.source = '' AND p.kind IN ({_STORES}) AND NOT EXISTS"
        " (SELECT 1 FROM inventory_balance b WHERE b.place = ? || n.task AND b.on_hand > 0) ORDER BY n.place, n.item",
        (carrier_of(""),),
    )
    return [(text_of(row[0]), text_of(row[1])) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiring:
    """Goods at a place that are expired or soon will be."""

    place: str
    item: str
    lot: str
    quantity: int
    expires_at: int


def expiring(driver: Driver, *, before: int, limit: int) -> list[Expiring]:
    """Give what lies outside quarantine and returns and expires before an instant, the earliest first.

    Parameters
    ----------
    driver : Driver
        The transaction.
    before : int
        UTC microseconds.
    limit : int
        Largest number of balances.
    """
    rows = driver.rows(
        "SELECT b.place, b.item, b.lot, SUM(b.on_hand), l.expires_at FROM inventory_balance b"
        " JOIN inventory_lot l ON l.id = b.lot LEFT JOIN inventory_place p ON p.id = b.place"
        " WHERE b.on_hand > 0 AND l.expires_at > 0 AND l.expires_at <= ? AND l.status IN ('released', 'held')"
        " AND COALESCE(p.kind, '') NOT IN ('quarantine', 'return') AND b.place NOT LIKE ?"
        " GROUP BY b.place, b.item, b.lot, l.expires_at ORDER BY l.expires_at, b.place, b.lot LIMIT ?",
        (before, carrier_of("%"), limit),
    )
    return [
        Expiring(
            place=text_of(row[0]),
            item=text_of(row[1]),
            lot=text_of(row[2]),
            quantity=number_of(row[3]),
            expires_at=number_of(row[4]),
        )
        for row in rows
    ]

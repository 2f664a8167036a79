"""What lies where: balances, reservations, history and the verifier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from inventory.model.lots import NO_LOT, Lot
from inventory.model.movements import BalanceKey
from inventory.model.places import VIRTUAL_PLACES
from inventory.model.stock import Holding, LotHolding
from inventory.tables.catalogue import load_lots
from inventory.tables.driver import Driver, Row, marks, number_of, text_of
from twin.ids import ItemId, LotId, PlaceId

_HOLDING_COLUMNS = "place, item, lot, owner, on_hand, reserved, received_at"
_VIRTUAL = sorted(VIRTUAL_PLACES)
USABLE = "(b.lot = '' OR (l.status = 'released' AND (l.expires_at = 0 OR l.expires_at > ?)))"
"""Condition on a balance ``b`` with its lot ``l``: what is expired, recalled or held lies there but helps nobody."""


def _holding_of(row: Row) -> Holding:
    return Holding(
        place=PlaceId(text_of(row[0])),
        item=ItemId(text_of(row[1])),
        lot=LotId(text_of(row[2])),
        owner=text_of(row[3]),
        on_hand=number_of(row[4]),
        reserved=number_of(row[5]),
        received_at=number_of(row[6]),
    )


def holdings_at(driver: Driver, *, item: str, place: str, lock: bool = False) -> list[Holding]:
    """Give the holdings of an item at a place that are not empty, in the order of locking.

    Parameters
    ----------
    driver : Driver
        The transaction.
    item, place : str
        What and where.
    lock : bool
        Whether others must wait until this transaction ends.
    """
    rows = driver.rows(
        f"SELECT {_HOLDING_COLUMNS} FROM inventory_balance WHERE item = ? AND place = ? AND on_hand > 0"
        " ORDER BY place, item, lot, owner" + (driver.locking("FOR UPDATE") if lock else ""),
        (item, place),
    )
    return [_holding_of(row) for row in rows]


def holding_of_key(driver: Driver, key: BalanceKey, *, lock: bool = False) -> Holding:
    """Give one holding; an empty one if nothing was ever there."""
    row = driver.row(
        f"SELECT {_HOLDING_COLUMNS} FROM inventory_balance WHERE place = ? AND item = ? AND lot = ? AND owner = ?"
        + (driver.locking("FOR UPDATE") if lock else ""),
        key,
    )
    if row is None:
        return Holding(place=PlaceId(key[0]), item=ItemId(key[1]), lot=LotId(key[2]), owner=key[3])
    return _holding_of(row)


def with_lots(driver: Driver, holdings: Sequence[Holding], *, lock: str = "") -> list[LotHolding]:
    """Give holdings together with their lots; stock without a lot gets an unnamed one."""
    lots = load_lots(driver, (holding.lot for holding in holdings), lock=lock)
    return [
        LotHolding(holding=holding, lot=lots.get(holding.lot) or Lot(id=NO_LOT, item=holding.item))
        for holding in holdings
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class StockFilter:
    """Which holdings are listed; empty means any.

    Parameters
    ----------
    place, item, lot : str
        Where, what and which lot.
    after : BalanceKey
        Key of the last holding of the page before.
    limit : int
        Largest number of holdings.
    """

    place: str = ""
    item: str = ""
    lot: str = ""
    after: BalanceKey = ("", "", "", "")
    limit: int = 200


def list_stock(driver: Driver, wanted: StockFilter) -> list[LotHolding]:
    """Give what lies where, in the order of place, item, lot and owner, a page at a time."""
    conditions = ["on_hand > 0", "(place, item, lot, owner) > (?,?,?,?)"]
    values: list[str | int] = list(wanted.after)
    for name in ("place", "item", "lot"):
        value = getattr(wanted, name)
        if value:
            conditions.append(f"{name} = ?")
            values.append(value)
    rows = driver.rows(
        f"SELECT {_HOLDING_COLUMNS} FROM inventory_balance WHERE {' AND '.join(conditions)}"
        " ORDER BY place, item, lot, owner LIMIT ?",
        [*values, wanted.limit],
    )
    return with_lots(driver, [_holding_of(row) for row in rows])


@dataclass(frozen=True, slots=True, kw_only=True)
class OnHand:
    """What a place has of an item, over all lots and owners."""

    on_hand: int
    reserved: int
    inbound: int


def position_at(driver: Driver, *, item: str, place: str, now: int = 0) -> OnHand:
    """Give on hand, reserved and inbound of an item at a place, base units.

    Parameters
    ----------
    driver : Driver
        The transaction.
    item, place : str
        What and where.
    now : int
        When given, only what can be used at that instant counts: nothing expired, recalled or held, UTC microseconds.
    """
    if now:
        # goods that nobody may use lie there as well: a shelf full of recalled lots is an empty shelf
        stock = driver.row(
            "SELECT SUM(b.on_hand), SUM(b.reserved) FROM inventory_balance b LEFT JOIN inventory_lot l ON l.id = b.lot"
            f" WHERE b.item = ? AND b.place = ? AND b.on_hand > 0 AND {USABLE}",
            (item, place, now),
        ) or (0, 0)
    else:
        stock = driver.row(
            "SELECT SUM(on_hand), SUM(reserved) FROM inventory_balance WHERE item = ? AND place = ?", (item, place)
        ) or (0, 0)
    inbound = driver.row("SELECT SUM(quantity) FROM inventory_inbound WHERE place = ? AND item = ?", (place, item)) or (
        0,
    )
    return OnHand(on_hand=number_of(stock[0]), reserved=number_of(stock[1]), inbound=number_of(inbound[0]))


def on_hand_as_of(driver: Driver, *, item: str, place: str, occurred_at: int, known_at: int) -> int:
    """Give what a place had of an item at an instant, as it was known at another.

    Parameters
    ----------
    driver : Driver
        The transaction.
    item, place : str
        What and where.
    occurred_at : int
        Movements up to and including this instant count, UTC microseconds.
    known_at : int
        Movements recorded later do not count, UTC microseconds.
    """
    row = driver.row(
        "SELECT SUM(e.quantity) FROM inventory_entry e JOIN inventory_movement m ON m.id = e.movement"
        " WHERE e.item = ? AND e.place = ? AND m.occurred_at <= ? AND m.recorded_at <= ?",
        (item, place, occurred_at, known_at),
    ) or (0,)
    return number_of(row[0])


def key_as_of(driver: Driver, key: BalanceKey, occurred_at: int) -> int:
    """Give what a place had of one lot and owner at an instant, with all that is known now."""
    row = driver.row(
        "SELECT SUM(e.quantity) FROM inventory_entry e JOIN inventory_movement m ON m.id = e.movement"
        " WHERE e.place = ? AND e.item = ? AND e.lot = ? AND e.owner = ? AND m.occurred_at <= ?",
        (*key, occurred_at),
    ) or (0,)
    return number_of(row[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A balance that is not the sum of its entries, or a movement that does not sum to zero."""

    kind: str
    key: tuple[str, ...]
    expected: int
    found: int


def differences(driver: Driver, *, limit: int = 100) -> list[Difference]:
    """Compute all balances anew from the entries and give where they differ; an empty list is the proof.

    Parameters
    ----------
    driver : Driver
        The transaction.
    limit : int
        Largest number of differences of each kind.
    """
    found = [
        Difference(
            kind="balance", key=tuple(map(text_of, row[:4])), expected=number_of(row[4]), found=number_of(row[5])
        )
        for row in driver.rows(
            "SELECT place, item, lot, owner, SUM(entered), SUM(held) FROM ("
            # Both sides in one list: entries without a balance are found as well as a balance without entries.
            " SELECT place, item, lot, owner, quantity AS entered, 0 AS held FROM inventory_entry"
            f" WHERE place NOT IN ({marks(len(_VIRTUAL))})"
            " UNION ALL SELECT place, item, lot, owner, 0, on_hand FROM inventory_balance) both_sides"
            " GROUP BY place, item, lot, owner HAVING SUM(entered) <> SUM(held) LIMIT ?",
            [*_VIRTUAL, limit],
        )
    ]
    found += [
        Difference(kind="movement", key=tuple(map(text_of, row[:4])), expected=0, found=number_of(row[4]))
        for row in driver.rows(
            "SELECT movement, item, lot, owner, SUM(quantity) FROM inventory_entry"
            " GROUP BY movement, item, lot, owner HAVING SUM(quantity) <> 0 LIMIT ?",
            (limit,),
        )
    ]
    found += [
        Difference(
            kind="reserved", key=tuple(map(text_of, row[:4])), expected=number_of(row[4]), found=number_of(row[5])
        )
        for row in driver.rows(
            "SELECT place, item, lot, owner, SUM(promised), SUM(held) FROM ("
            " SELECT place, item, lot, owner, quantity AS promised, 0 AS held FROM inventory_reservation"
            " UNION ALL SELECT place, item, lot, owner, 0, reserved FROM inventory_balance) both_sides"
            " GROUP BY place, item, lot, owner HAVING SUM(promised) <> SUM(held) LIMIT ?",
            (limit,),
        )
    ]
    return found

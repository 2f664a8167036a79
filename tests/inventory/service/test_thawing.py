"""Thawing: frozen goods become a lot of their own with a shorter life, and are never frozen again."""

from __future__ import annotations

import pytest

from inventory.model.items import StorageClass
from inventory.model.lots import LotStatus
from inventory.model.places import StockPlace, StockPlaceKind
from inventory.service import correcting, handing_out, safety, using
from inventory.service.handing_out import Request
from inventory.tables.catalogue import load_lots, save_place
from inventory.tables.driver import Driver
from tests.inventory.stockroom import Stockroom
from twin.clock import DAY_US, MINUTE_US
from twin.errors import NotFound, Refused
from twin.ids import PlaceId


def frozen_plasma(stockroom: Stockroom, **values: object) -> str:
    stockroom.item("plasma", storage_class=StorageClass.FROZEN, **values)
    for place, band in (("freezer", StorageClass.FROZEN), ("fridge", StorageClass.COOL)):
        save_place(stockroom.session, StockPlace(id=PlaceId(place), kind=StockPlaceKind.CABINET, storage_class=band))
    stockroom.receive("plasma", 5, "freezer", days=300)
    return stockroom.lot("plasma", "A", 300)


def thaw(stockroom: Stockroom, lot: str, quantity: int = 2, to_place: str = "fridge", item: str = "plasma") -> str:
    movement = using.thaw(
        stockroom.session,
        ledger=stockroom.ledger,
        command=stockroom.command(),
        use=using.Use(item=item, quantity=quantity, place="freezer", lot=lot),
        to_place=to_place,
    )
    return movement.lines[-1].lot


def offered(stockroom: Stockroom, place: str) -> tuple[int, list[tuple[str, ...]]]:
    found = handing_out.propose_pick(
        stockroom.session, request=Request(item="plasma", quantity=5, place=place), now=stockroom.now
    )
    return found.quantity, [tuple(reasons) for _, reasons in found.refused]


def test_thawed_goods_live_as_long_as_thawed_goods_do(stockroom: Stockroom) -> None:
    lot = frozen_plasma(stockroom, thawed_days=5)
    thaw(stockroom, lot)

    assert offered(stockroom, "fridge") == (2, [])
    stockroom.now += 5 * DAY_US
    assert offered(stockroom, "fridge") == (0, [("stock.expired",)])
    assert offered(stockroom, "freezer") == (3, [])
    assert correcting.verify(stockroom.session) == []


def test_what_is_thawed_is_not_handed_out_of_the_freezer(stockroom: Stockroom) -> None:
    lot = frozen_plasma(stockroom, thawed_days=5)
    thaw(stockroom, lot, to_place="")

    assert offered(stockroom, "freezer") == (3, [("stock.storage_wrong",)])


def test_unknown_life_after_thawing_is_quarantined_and_flagged(stockroom: Stockroom) -> None:
    lot = frozen_plasma(stockroom)
    movement = using.thaw(
        stockroom.session,
        ledger=stockroom.ledger,
        command=stockroom.command(),
        use=using.Use(item="plasma", quantity=1, place="freezer", lot=lot),
        to_place="fridge",
    )

    assert movement.flags == ("thawed_life_unknown",)
    assert offered(stockroom, "fridge") == (0, [("stock.quarantined",)])


def test_thawing_makes_no_held_lot_usable(stockroom: Stockroom) -> None:
    lot = frozen_plasma(stockroom)
    safety.change_status(stockroom.session, lot=lot, status=LotStatus.HELD, reason="warm")

    thawed = thaw(stockroom, lot)

    assert load_lots(Driver(stockroom.session), [thawed])[thawed].status is LotStatus.HELD


def test_thawing_again_a_strange_lot_and_another_item_are_refused(stockroom: Stockroom) -> None:
    lot = frozen_plasma(stockroom, thawed_days=5)
    stockroom.item("gloves")
    thawed = thaw(stockroom, lot, to_place="")

    with pytest.raises(Refused, match="thawed already"):
        thaw(stockroom, thawed, 1)
    for strange, item in (("no-such-lot", "plasma"), (lot, "gloves")):
        with pytest.raises(NotFound):
            thaw(stockroom, strange, 1, item=item)
    assert correcting.verify(stockroom.session) == []


def test_thawing_told_twice_happens_once_and_is_no_opening(stockroom: Stockroom) -> None:
    lot = frozen_plasma(stockroom, thawed_days=5, in_use_days=1)
    command = stockroom.command()
    use = using.Use(item="plasma", quantity=2, place="freezer", lot=lot)
    opened = using.open_container(
        stockroom.session,
        ledger=stockroom.ledger,
        command=stockroom.command(),
        use=using.Use(item="plasma", quantity=1, place="freezer", lot=lot),
    )

    first = using.thaw(stockroom.session, ledger=stockroom.ledger, command=command, use=use, to_place="fridge")
    again = using.thaw(stockroom.session, ledger=stockroom.ledger, command=command, use=use, to_place="fridge")

    assert again.is_replay
    assert again.lines == first.lines
    assert opened.lines[-1].lot != first.lines[-1].lot
    assert offered(stockroom, "fridge") == (2, [])


def test_thawed_goods_are_judged_as_what_is_kept_in_a_refrigerator(stockroom: Stockroom) -> None:
    lot = frozen_plasma(stockroom, thawed_days=5)
    thaw(stockroom, lot)
    times = tuple(10 * MINUTE_US * i for i in range(4))

    def assess(*temperatures: float) -> tuple[str, ...]:
        record = safety.TemperatureRecord(place="fridge", times_us=times, temperatures_c=temperatures)
        command = stockroom.command()
        return safety.assess_temperatures(
            stockroom.session, ledger=stockroom.ledger, command=command, record=record
        ).held

    assert assess(4.0, 5.0, 5.0, 4.0) == ()
    assert len(assess(4.0, 9.0, 5.0, 4.0)) == 1

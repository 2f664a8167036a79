"""A merge is taken back: what hung on each entry stands where it stood, and no unit is lost or made."""

from __future__ import annotations

import pytest

from inventory.model.items import Package, Substitute, Tracking
from inventory.model.kits import Kit, KitLine
from inventory.model.lots import LotStatus
from inventory.model.stock import ParLevel
from inventory.service import correcting, handing_out, kits, merging, receiving, restocking, safety, unmerging, using
from inventory.tables.balances import position_at
from inventory.tables.catalogue import every_item, find_lots, packages_of, save_package, save_substitute
from inventory.tables.driver import Driver
from inventory.tables.kits import load_kit
from inventory.tables.substitutes import list_substitutes
from inventory.tables.unmerging import list_merges, load_merge
from tests.inventory.stockroom import Stockroom
from twin.clock import DAY_US
from twin.errors import NotFound, Refused
from twin.events.supply import ItemsMerged, ParLevelSet
from twin.ids import Gtin, ItemId, PlaceId


def both(room: Stockroom, **values: object) -> None:
    room.item("gauze", **values)
    room.item("swab", **values)


def merged(room: Stockroom, keep: str = "gauze", drop: str = "swab") -> str:
    command = room.command()
    merging.merge_items(room.session, ledger=room.ledger, command=command, keep=keep, drop=drop)
    return command.id


def undone(room: Stockroom, merge: str) -> unmerging.Undoing:
    return unmerging.undo_merge(room.session, ledger=room.ledger, command=room.command(), merge=merge)


def on_hand(room: Stockroom, item: str, place: str = "store") -> int:
    return position_at(Driver(room.session), item=item, place=place).on_hand


def use(room: Stockroom, item: str, quantity: int, place: str = "store", lot: str = "", encounter: str = "") -> None:
    wanted = using.Use(item=item, quantity=quantity, place=place, lot=lot)
    using.consume(room.session, ledger=room.ledger, command=room.command(encounter=encounter), use=wanted)


def move(room: Stockroom, item: str, quantity: int, to_place: str) -> None:
    request = handing_out.Request(item=item, quantity=quantity, place="store", to_place=to_place)
    handing_out.transfer(room.session, ledger=room.ledger, command=room.command(), request=request)


def pars(room: Stockroom) -> dict[tuple[str, str], int]:
    return {(par.item, par.place): par.par_level for par in restocking.list_pars(room.session)}


def set_par(room: Stockroom, item: str, place: str, level: int) -> None:
    wanted = ParLevel(place=PlaceId(place), item=ItemId(item), par_level=level, reorder_point=1)
    restocking.store_pars(room.session, [wanted], accepted_by="user-1", at=room.now)


def test_everything_that_hung_on_the_entry_comes_back(stockroom: Stockroom) -> None:
    both(stockroom)
    session = stockroom.session
    stockroom.item("lint")
    save_package(session, Package(gtin=Gtin("09506000134352"), item=ItemId("swab"), level="box", quantity=10))
    save_substitute(session, Substitute(item=ItemId("swab"), stand_in=ItemId("lint"), approved_by="dr"))
    kits.define_kit(
        session, Kit(id="k", name="K", lines=(KitLine(item="gauze", opened=2), KitLine(item="swab", held=3)))
    )
    kits.define_kit(session, Kit(id="l", name="L", lines=(KitLine(item="swab", opened=1),)))
    for item, place, level in (("gauze", "ward", 20), ("swab", "ward", 30), ("swab", "theatre", 40)):
        set_par(stockroom, item, place, level)
    stockroom.receive("swab", 7, lot="S")
    before = pars(stockroom)

    merge = merged(stockroom)
    assert load_kit(session, "k").lines == (KitLine(item="gauze", opened=2, held=3),)
    assert load_kit(session, "l").lines == (KitLine(item="gauze", opened=1),)
    set_par(stockroom, "gauze", "icu", 9)  # what it got since then stays with it
    done = undone(stockroom, merge)

    assert (done.quantity, done.spent, done.obstacles) == (7, 0, ())
    assert pars(stockroom) == before | {("gauze", "icu"): 9}
    assert [package.item for package in packages_of(session, "swab")] == ["swab"]
    assert [(one.item, one.stand_in) for one in list_substitutes(session)] == [("swab", "lint")]
    assert {line.item: line.quantity for line in load_kit(session, "k").lines} == {"gauze": 2, "swab": 3}
    assert [line.item for line in load_kit(session, "l").lines] == ["swab"]
    assert {item.id for item in every_item(session)} == {"gauze", "lint", "swab"}
    assert (on_hand(stockroom, "gauze"), on_hand(stockroom, "swab")) == (0, 7)
    told = stockroom.ledger.of(ItemsMerged)[-1]
    assert (told.thing, told.dropped, told.quantity, told.is_undone) == ("gauze", "swab", 7, True)  # type: ignore[attr-defined]
    levels = {(one.thing, one.place): one.par_level for one in stockroom.ledger.of(ParLevelSet)}  # type: ignore[attr-defined]
    assert levels == {
        ("gauze", "ward"): 20,
        ("swab", "ward"): 30,
        ("gauze", "theatre"): 0,
        ("swab", "theatre"): 40,
    }
    assert correcting.verify(session) == []


def test_lots_of_its_own_come_back_from_wherever_they_lie_now(stockroom: Stockroom) -> None:
    both(stockroom)
    stockroom.receive("swab", 10, lot="S")
    merge = merged(stockroom)
    move(stockroom, "gauze", 4, "ward")
    use(stockroom, "gauze", 1, "ward")

    looked = unmerging.look_at_undoing(stockroom.session, merge)
    done = undone(stockroom, merge)

    assert (looked.quantity, looked.spent) == (done.quantity, done.spent) == (9, 1)
    assert (on_hand(stockroom, "swab"), on_hand(stockroom, "swab", "ward")) == (6, 3)
    assert (on_hand(stockroom, "gauze"), on_hand(stockroom, "gauze", "ward")) == (0, 0)
    assert correcting.verify(stockroom.session) == []


def test_of_a_lot_that_both_had_no_more_comes_back_than_went_over(stockroom: Stockroom) -> None:
    both(stockroom)
    stockroom.receive("gauze", 5, lot="A")
    stockroom.receive("swab", 7, lot="A")
    merge = merged(stockroom)
    use(stockroom, "gauze", 6)  # nobody knows of which name

    done = undone(stockroom, merge)

    assert (done.quantity, done.spent) == (6, 1)
    assert (on_hand(stockroom, "gauze"), on_hand(stockroom, "swab")) == (0, 6)


def test_goods_without_a_lot_come_back_as_far_as_they_are_there(stockroom: Stockroom) -> None:
    both(stockroom, tracking=Tracking.NONE)
    for item, quantity in (("gauze", 2), ("swab", 3)):
        receipt = receiving.Receipt(item=item, quantity=quantity, place="store")
        receiving.receive(stockroom.session, ledger=stockroom.ledger, command=stockroom.command(), receipts=[receipt])
    merge = merged(stockroom)

    assert undone(stockroom, merge).quantity == 3
    assert (on_hand(stockroom, "gauze"), on_hand(stockroom, "swab")) == (2, 3)


def test_pieces_come_back_one_by_one(stockroom: Stockroom) -> None:
    both(stockroom, tracking=Tracking.SERIAL)
    for item, serials in (("gauze", ("G1",)), ("swab", ("S1", "S2"))):
        receipt = receiving.Receipt(
            item=item,
            quantity=len(serials),
            place="store",
            lot_number="A",
            expires_at=stockroom.now + DAY_US,
            serials=serials,
        )
        receiving.receive(stockroom.session, ledger=stockroom.ledger, command=stockroom.command(), receipts=[receipt])
    merge = merged(stockroom)
    wanted = using.Use(item="gauze", quantity=1, place="store", serial="S2")
    using.consume(stockroom.session, ledger=stockroom.ledger, command=stockroom.command(), use=wanted)

    done = undone(stockroom, merge)

    assert (done.quantity, done.spent) == (1, 1)
    rows = Driver(stockroom.session).rows(
        "SELECT item, serial FROM inventory_serial WHERE place = 'store' ORDER BY item, serial"
    )
    assert rows == [("gauze", "G1"), ("swab", "S1")]
    assert correcting.verify(stockroom.session) == []


def test_who_got_it_under_the_other_name_is_found_by_a_recall(stockroom: Stockroom) -> None:
    both(stockroom)
    stockroom.receive("swab", 10, lot="BAD")
    merge = merged(stockroom)
    use(stockroom, "gauze", 2, encounter="e-7")
    undone(stockroom, merge)

    notice = safety.Notice(id="FSN-1", item="swab", lot_numbers=("bad",))
    found = safety.recall(stockroom.session, ledger=stockroom.ledger, command=stockroom.command(), notice=notice)

    assert [hit.encounter for hit in found.trace.patients] == ["e-7"]
    assert [(hit.place, hit.on_hand) for hit in found.trace.places] == [("store", 8)]


def test_a_lot_that_was_stopped_meanwhile_stays_stopped(stockroom: Stockroom) -> None:
    both(stockroom)
    stockroom.receive("swab", 10, lot="S")
    merge = merged(stockroom)
    [lot] = find_lots(Driver(stockroom.session), "gauze", "S")
    safety.change_status(stockroom.session, lot=lot.id, status=LotStatus.HELD, reason="excursion")

    undone(stockroom, merge)

    assert [one.status for one in find_lots(Driver(stockroom.session), "swab", "S")] == [LotStatus.HELD]


def test_goods_that_somebody_carries_forbid_it(stockroom: Stockroom) -> None:
    both(stockroom)
    stockroom.receive("swab", 10, lot="S")
    merge = merged(stockroom)
    request = handing_out.Request(item="gauze", quantity=1, place="store")
    command = stockroom.command(task="t-1")
    handing_out.pick(stockroom.session, ledger=stockroom.ledger, command=command, request=request)

    with pytest.raises(Refused) as refused:
        undone(stockroom, merge)

    assert refused.value.code == "merge.goods_on_the_way"
    assert load_merge(stockroom.session, merge).undone_at == 0


def test_promised_goods_forbid_it(stockroom: Stockroom) -> None:
    both(stockroom)
    stockroom.receive("swab", 10, lot="S")
    merge = merged(stockroom)
    [lot] = find_lots(Driver(stockroom.session), "gauze", "S")
    restocking.reserve(stockroom.session, task="t-1", parts=[(("store", "gauze", lot.id, ""), 3)])

    with pytest.raises(Refused) as refused:
        undone(stockroom, merge)

    assert refused.value.code == "merge.goods_promised"


def test_it_is_taken_back_once_and_the_later_one_first(stockroom: Stockroom) -> None:
    both(stockroom)
    stockroom.item("lint")
    stockroom.receive("swab", 10, lot="S")
    first = merged(stockroom)
    second = merged(stockroom, keep="lint", drop="gauze")

    with pytest.raises(Refused) as early:
        undone(stockroom, first)
    undone(stockroom, second)
    undone(stockroom, first)
    with pytest.raises(Refused) as again:
        undone(stockroom, first)

    assert (early.value.code, again.value.code) == ("merge.merged_already", "merge.undone_already")
    assert on_hand(stockroom, "swab") == 10
    assert [bool(record.undone_at) for record in list_merges(stockroom.session)] == [True, True]
    merged(stockroom)  # and may be made again
    assert on_hand(stockroom, "gauze") == 10
    assert correcting.verify(stockroom.session) == []


def test_what_was_never_merged_is_not_found(stockroom: Stockroom) -> None:
    with pytest.raises(NotFound):
        undone(stockroom, "nothing")

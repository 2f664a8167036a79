"""Two entries become one: every unit, lot, label and trace goes over; what must not be one is refused with each reason."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from inventory.model.items import Package, StorageClass, Substitute, Tracking
from inventory.model.lots import LotStatus
from inventory.model.movements import MovementKind
from inventory.model.stock import ParLevel
from inventory.rules.scanning.reading import read_label
from inventory.service import correcting, merging, receiving, restocking, safety, using
from inventory.service.resolving import resolve
from inventory.tables.balances import position_at
from inventory.tables.catalogue import (
    every_item,
    find_item,
    find_lots,
    load_lots,
    packages_of,
    save_item,
    save_package,
    save_substitute,
    set_lot_status,
)
from inventory.tables.driver import Driver
from inventory.tables.planning import planned_lines, use_history
from inventory.tables.substitutes import list_substitutes
from scheduling.tables.tasks import list_tasks
from tests.inventory.stockroom import Stockroom
from twin.clock import DAY_US
from twin.errors import FieldError, NotFound, Refused
from twin.events.supply import ItemsMerged, ParLevelSet
from twin.ids import Gtin, ItemId, PlaceId

LABEL = "010950600013435217280630" + "10LOT-A1"


def both(room: Stockroom, **values: object) -> None:
    room.item("gauze", **values)
    room.item("swab", **values)


def merged(room: Stockroom, keep: str = "gauze", drop: str = "swab") -> merging.Outlook:
    return merging.merge_items(room.session, ledger=room.ledger, command=room.command(), keep=keep, drop=drop)


def on_hand(room: Stockroom, item: str, place: str = "store") -> int:
    return position_at(Driver(room.session), item=item, place=place).on_hand


def par(room: Stockroom, item: str, place: str, level: int) -> None:
    wanted = ParLevel(
        place=PlaceId(place), item=ItemId(item), par_level=level, reorder_point=1, source=PlaceId("store")
    )
    restocking.store_pars(room.session, [wanted], accepted_by="user-1", at=room.now)


def test_stock_lots_labels_and_par_levels_go_over(stockroom: Stockroom) -> None:
    both(stockroom)
    save_package(stockroom.session, Package(gtin=Gtin("09506000134352"), item=ItemId("swab"), level="box", quantity=10))
    stockroom.receive("gauze", 5, lot="A")
    stockroom.receive("swab", 7, lot="A")  # the same lot, known under both entries
    stockroom.receive("swab", 11, place="ward", lot="B")
    par(stockroom, "gauze", "ward", 20)
    par(stockroom, "swab", "ward", 30)
    par(stockroom, "swab", "theatre", 40)

    looked = merging.look_at_merge(stockroom.session, keep="gauze", drop="swab")
    done = merged(stockroom)

    assert looked == done
    assert (looked.lots, looked.on_hand, looked.par_conflicts, looked.obstacles) == (2, 18, ("ward",), ())
    assert (on_hand(stockroom, "gauze"), on_hand(stockroom, "gauze", "ward"), on_hand(stockroom, "swab")) == (12, 11, 0)
    pars = {each.place: each.par_level for each in restocking.list_pars(stockroom.session)}
    assert pars == {"ward": 20, "theatre": 40}
    assert [package.item for package in packages_of(stockroom.session, "gauze")] == ["gauze"]
    assert [item.id for item in every_item(stockroom.session)] == ["gauze"]
    assert find_item(stockroom.session, "swab") is not None  # its history needs it
    [told] = stockroom.ledger.of(ItemsMerged)
    assert (told.thing, told.dropped, told.quantity) == ("gauze", "swab", 18)  # type: ignore[attr-defined]
    sets = [(one.thing, one.place, one.par_level) for one in stockroom.ledger.of(ParLevelSet)]  # type: ignore[attr-defined]
    assert sets == [("swab", "theatre", 0), ("gauze", "theatre", 40), ("swab", "ward", 0)]
    assert correcting.verify(stockroom.session) == []


def test_code_and_label_of_the_entry_that_went_lead_to_the_one_that_stays(stockroom: Stockroom) -> None:
    both(stockroom)
    save_package(stockroom.session, Package(gtin=Gtin("09506000134352"), item=ItemId("swab"), level="box", quantity=10))
    merged(stockroom)

    zone = ZoneInfo("UTC")
    by_label = resolve(stockroom.session, scan=read_label(LABEL), zone=zone, text=LABEL)
    by_code = resolve(stockroom.session, scan=read_label("(240)swab"), zone=zone, text="swab")

    assert (by_label.item.id, by_code.item.id) == ("gauze", "gauze")


def test_a_recall_of_the_entry_that_stays_finds_patients_of_the_one_that_went(stockroom: Stockroom) -> None:
    both(stockroom)
    stockroom.receive("swab", 10, lot="BAD")
    use = using.Use(item="swab", quantity=2, place="store")
    using.consume(stockroom.session, ledger=stockroom.ledger, command=stockroom.command(encounter="e-7"), use=use)
    merged(stockroom)

    notice = safety.Notice(id="FSN-1", item="gauze", lot_numbers=("bad",))
    found = safety.recall(stockroom.session, ledger=stockroom.ledger, command=stockroom.command(), notice=notice)

    assert [hit.encounter for hit in found.trace.patients] == ["e-7"]
    assert [(hit.place, hit.on_hand) for hit in found.trace.places] == [("store", 8)]
    assert found.unknown_numbers == ()
    assert {
        lot.status for lot in load_lots(Driver(stockroom.session), [lot.id for lot in found.trace.lots]).values()
    } == {LotStatus.RECALLED}


@pytest.mark.parametrize("stopped", ["gauze", "swab"])
def test_a_lot_known_under_both_entries_keeps_the_stricter_status(stockroom: Stockroom, stopped: str) -> None:
    both(stockroom)
    for item in ("gauze", "swab"):
        stockroom.receive(item, 3, lot="A")
    set_lot_status(Driver(stockroom.session), stockroom.lot(stopped, "A"), LotStatus.HELD, "excursion")

    merged(stockroom)

    assert [lot.status for lot in find_lots(Driver(stockroom.session), "gauze", "A")] == [LotStatus.HELD]


def test_pieces_go_over_one_by_one(stockroom: Stockroom) -> None:
    both(stockroom, tracking=Tracking.SERIAL)
    receipt = receiving.Receipt(
        item="swab", quantity=2, place="store", lot_number="A", expires_at=stockroom.now + DAY_US, serials=("S1", "S2")
    )
    receiving.receive(stockroom.session, ledger=stockroom.ledger, command=stockroom.command(), receipts=[receipt])

    merged(stockroom)

    rows = Driver(stockroom.session).rows("SELECT item, serial, place FROM inventory_serial ORDER BY item, serial")
    assert rows == [
        ("gauze", "S1", "store"),
        ("gauze", "S2", "store"),
        ("swab", "S1", "merged"),
        ("swab", "S2", "merged"),
    ]
    assert correcting.verify(stockroom.session) == []


def test_use_before_the_merge_counts_for_the_entry_that_stays(stockroom: Stockroom) -> None:
    both(stockroom)
    par(stockroom, "gauze", "store", 20)
    for item, quantity in (("gauze", 3), ("swab", 4)):
        stockroom.receive(item, 10)
        use = using.Use(item=item, quantity=quantity, place="store")
        using.consume(stockroom.session, ledger=stockroom.ledger, command=stockroom.command(), use=use)
    merged(stockroom)

    driver = Driver(stockroom.session)
    lines = planned_lines(driver)
    start = stockroom.now - 2 * DAY_US
    history = use_history(driver, lines, start_at=start, period_us=DAY_US, periods=4)

    assert history.used.tolist() == [[0.0, 0.0, 7.0, 0.0]]


def test_substitutes_follow_and_none_stands_in_for_itself(stockroom: Stockroom) -> None:
    both(stockroom)
    stockroom.item("towel")
    for item, stand_in in (
        ("swab", "gauze"),
        ("gauze", "swab"),
        ("swab", "towel"),
        ("towel", "swab"),
        ("towel", "gauze"),
    ):
        save_substitute(
            stockroom.session, Substitute(item=ItemId(item), stand_in=ItemId(stand_in), approved_by="nurse-1")
        )

    merged(stockroom)

    found = [(pair.item, pair.stand_in) for pair in list_substitutes(stockroom.session)]
    assert found == [("gauze", "towel"), ("towel", "gauze")]


def test_a_merge_sent_twice_is_done_once(stockroom: Stockroom) -> None:
    both(stockroom)
    stockroom.receive("swab", 7)
    merged(stockroom)

    merged(stockroom)

    assert on_hand(stockroom, "gauze") == 7
    assert len(stockroom.ledger.of(ItemsMerged)) == 1


def test_a_chain_of_merges_ends_at_the_last_entry(stockroom: Stockroom) -> None:
    both(stockroom)
    stockroom.item("cloth")
    stockroom.receive("swab", 7)
    merged(stockroom)
    merged(stockroom, keep="cloth", drop="gauze")

    code = resolve(stockroom.session, scan=read_label("(240)swab"), zone=ZoneInfo("UTC"), text="swab")

    assert (code.item.id, on_hand(stockroom, "cloth")) == ("cloth", 7)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"base_unit": "box"}, "merge.base_unit_differs"),  # ten boxes are not ten swabs
        ({"tracking": Tracking.NONE}, "merge.tracking_differs"),
        ({"storage_class": StorageClass.COOL}, "merge.storage_class_differs"),
        ({"controlled_schedule": "II"}, "merge.controlled_schedule_differs"),
    ],
)
def test_entries_that_do_not_mean_the_same_are_not_merged(
    stockroom: Stockroom, values: dict[str, object], code: str
) -> None:
    stockroom.item("gauze")
    stockroom.item("swab", **values)

    with pytest.raises(Refused) as refused:
        merged(stockroom)

    assert refused.value.reasons == (code,)
    assert {item.id for item in every_item(stockroom.session)} == {"gauze", "swab"}


def test_work_under_way_is_finished_first(stockroom: Stockroom) -> None:
    both(stockroom)
    stockroom.receive("swab", 50)
    wanted = ParLevel(
        place=PlaceId("ward"), item=ItemId("swab"), par_level=20, reorder_point=5, source=PlaceId("store")
    )
    restocking.set_par(stockroom.session, ledger=stockroom.ledger, command=stockroom.command(), par=wanted)
    assert len(list_tasks(stockroom.session)) == 1

    with pytest.raises(Refused) as refused:
        merged(stockroom)

    assert refused.value.reasons == ("merge.tasks_open",)


def test_one_serial_number_under_both_entries_is_a_person_s_question(stockroom: Stockroom) -> None:
    both(stockroom, tracking=Tracking.SERIAL)
    for item in ("gauze", "swab"):
        receipt = receiving.Receipt(
            item=item, quantity=1, place="store", lot_number="A", expires_at=stockroom.now + DAY_US, serials=("S1",)
        )
        receiving.receive(stockroom.session, ledger=stockroom.ledger, command=stockroom.command(), receipts=[receipt])

    with pytest.raises(Refused) as refused:
        merged(stockroom)

    assert refused.value.code == "merge.same_serial"


def test_an_old_sheet_does_not_bring_a_merged_entry_back(stockroom: Stockroom) -> None:
    both(stockroom)
    dropped = find_item(stockroom.session, "swab")
    merged(stockroom)

    assert dropped is not None
    save_item(stockroom.session, dropped)

    assert [item.id for item in every_item(stockroom.session)] == ["gauze"]
    assert merging.candidates(stockroom.session, every_item(stockroom.session)) == []


def test_an_entry_is_not_merged_with_itself_or_with_none(stockroom: Stockroom) -> None:
    both(stockroom)

    with pytest.raises(FieldError):
        merged(stockroom, drop="gauze")
    with pytest.raises(NotFound):
        merged(stockroom, drop="nothing")


def test_merging_is_a_movement_of_its_own_kind(stockroom: Stockroom) -> None:
    both(stockroom)
    stockroom.receive("swab", 7)
    merged(stockroom)

    rows = Driver(stockroom.session).rows("SELECT kind FROM inventory_movement ORDER BY recorded_at, id")
    assert (MovementKind.MERGE.value,) in rows

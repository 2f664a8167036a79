from __future__ import annotations

import pytest

from inventory.model.items import StorageClass, Tracking
from inventory.model.lots import LotStatus
from inventory.model.places import StockPlace
from inventory.service import handing_out, receiving, safety, using
from inventory.tables.catalogue import save_place
from tests.inventory.stockroom import Stockroom
from twin.clock import DAY_US, MINUTE_US
from twin.errors import FieldError, Refused
from twin.events.watch import AlarmRaised
from twin.events.work import TaskRequested
from twin.ids import PlaceId


def recall(room: Stockroom, *numbers: str, recall_class: str = "I", is_confirmed: bool = False) -> safety.RecallResult:
    notice = safety.Notice(
        id="R-1", item="gloves", lot_numbers=numbers, recall_class=recall_class, is_confirmed=is_confirmed
    )
    return safety.recall(room.session, ledger=room.ledger, command=room.command(), notice=notice)


def consume(room: Stockroom, quantity: int, place: str, encounter: str) -> None:
    using.consume(
        room.session,
        ledger=room.ledger,
        command=room.command(encounter=encounter),
        use=using.Use(item="gloves", quantity=quantity, place=place),
    )


def test_recall_finds_every_place_and_patient_and_stops_the_lot(stockroom: Stockroom) -> None:
    stockroom.item()
    stockroom.receive("gloves", 10, "store", lot="bad1")
    stockroom.receive("gloves", 6, "ward", lot="BAD1")
    stockroom.receive("gloves", 6, "ward", lot="GOOD", days=300)
    consume(stockroom, 2, "ward", "enc-1")
    consume(stockroom, 1, "ward", "enc-2")

    found = recall(stockroom, "BAD1", "NEVER")

    assert [(hit.place, hit.on_hand) for hit in found.trace.places] == [("store", 10), ("ward", 3)]
    assert [(hit.encounter, hit.quantity) for hit in found.trace.patients] == [("enc-1", 2), ("enc-2", 1)]
    assert found.unknown_numbers == ("NEVER",)
    requests = stockroom.ledger.of(TaskRequested)
    assert [event.from_place for event in requests if event.reason == "recall"] == ["store", "ward"]  # type: ignore[attr-defined]
    [alarm] = stockroom.ledger.of(AlarmRaised)
    assert ("encounters", "2") in alarm.parameters  # type: ignore[attr-defined]
    taken = handing_out.pick(
        stockroom.session,
        ledger=stockroom.ledger,
        command=stockroom.command(task="t"),
        request=handing_out.Request(item="gloves", quantity=6, place="ward"),
    )
    assert {line.lot for line in taken.lines} == {stockroom.lot("gloves", "GOOD", 300)}


def test_recall_includes_opened_containers(stockroom: Stockroom) -> None:
    stockroom.item()
    stockroom.receive("gloves", 3, lot="BAD")
    using.open_container(
        stockroom.session,
        ledger=stockroom.ledger,
        command=stockroom.command(),
        use=using.Use(item="gloves", quantity=1, place="store", lot=stockroom.lot("gloves", "BAD")),
    )

    found = recall(stockroom, "BAD")

    assert sum(hit.on_hand for hit in found.trace.places) == 3
    assert len(found.trace.lots) == 2


def test_goods_of_a_recalled_lot_that_come_after_the_recall_are_recalled(stockroom: Stockroom) -> None:
    stockroom.item()
    recall(stockroom, "BAD", is_confirmed=True)
    stockroom.receive("gloves", 3, lot="bad")
    stockroom.receive("gloves", 2, lot="GOOD", days=300)

    found = handing_out.propose_pick(
        stockroom.session, request=handing_out.Request(item="gloves", quantity=5, place="store"), now=stockroom.now
    )

    assert found.quantity == 2
    assert [tuple(reasons) for _, reasons in found.refused] == [("stock.recalled",)]


def test_recall_of_numbers_never_held_here_asks_first_and_offers_what_was_meant(stockroom: Stockroom) -> None:
    stockroom.item()
    stockroom.receive("gloves", 3, lot="LOT-1780")

    with pytest.raises(Refused) as refusal, stockroom.session.begin_nested():
        recall(stockroom, "L0T I780", "XYZ")
    stockroom.receive("gloves", 3, lot="XYZ", days=300)

    assert refusal.value.code == "recall.unknown_numbers"
    assert refusal.value.reasons == ("L0T I780", "XYZ")
    assert "L0T I780 (near: LOT-1780)" in refusal.value.message
    wanted = handing_out.Request(item="gloves", quantity=6, place="store")
    found = handing_out.propose_pick(stockroom.session, request=wanted, now=stockroom.now)
    assert found.quantity == 6  # nothing of the notice was kept


def test_a_serial_number_in_a_recall_names_the_lot_of_its_piece(stockroom: Stockroom) -> None:
    stockroom.item("valve", tracking=Tracking.SERIAL)
    receipt = receiving.Receipt(
        item="valve", quantity=1, place="store", lot_number="V7", expires_at=stockroom.now + DAY_US, serials=("S-9",)
    )
    receiving.receive(stockroom.session, ledger=stockroom.ledger, command=stockroom.command(), receipts=[receipt])

    found = safety.unknown_numbers(stockroom.session, safety.Notice(id="R-2", item="valve", lot_numbers=("S-9", "T-1")))

    assert [(each.number, each.lot_of_piece) for each in found] == [("S-9", "V7"), ("T-1", "")]


def test_one_known_number_is_enough_to_be_kept_at_once(stockroom: Stockroom) -> None:
    stockroom.item()
    stockroom.receive("gloves", 3, lot="A1")

    assert (
        safety.unknown_numbers(stockroom.session, safety.Notice(id="R", item="gloves", lot_numbers=("a1", "B2"))) == []
    )
    assert recall(stockroom, "a1", "B2").unknown_numbers == ("B2",)


def test_recalled_lot_is_never_released_again(stockroom: Stockroom) -> None:
    stockroom.item()
    stockroom.receive("gloves", 3, lot="BAD")
    recall(stockroom, "BAD")
    lot = stockroom.lot("gloves", "BAD")

    with pytest.raises(Refused, match="cannot become released"):
        safety.change_status(stockroom.session, lot=lot, status=LotStatus.RELEASED, reason="looks fine")


def test_unknown_recall_class_is_refused(stockroom: Stockroom) -> None:
    stockroom.item()

    with pytest.raises(FieldError):
        recall(stockroom, "BAD", recall_class="IV")


def test_warm_fridge_holds_its_vaccines_and_raises_an_alarm(stockroom: Stockroom) -> None:
    stockroom.item("vaccine", storage_class=StorageClass.COOL)
    save_place(stockroom.session, StockPlace(id=PlaceId("fridge"), storage_class=StorageClass.COOL))
    stockroom.receive("vaccine", 5, "fridge")
    times = tuple(10 * MINUTE_US * i for i in range(4))

    fine = safety.assess_temperatures(
        stockroom.session,
        ledger=stockroom.ledger,
        command=stockroom.command(),
        record=safety.TemperatureRecord(place="fridge", times_us=times, temperatures_c=(4.0, 5.0, 5.0, 4.0)),
    )
    warm = safety.assess_temperatures(
        stockroom.session,
        ledger=stockroom.ledger,
        command=stockroom.command(),
        record=safety.TemperatureRecord(place="fridge", times_us=times, temperatures_c=(4.0, 9.0, 11.0, 4.0)),
    )

    assert fine.held == ()
    assert warm.held == (stockroom.lot("vaccine", "A"),)
    with pytest.raises(Refused) as refusal:
        handing_out.pick(
            stockroom.session,
            ledger=stockroom.ledger,
            command=stockroom.command(task="t"),
            request=handing_out.Request(item="vaccine", quantity=1, place="fridge"),
        )
    assert "stock.held" in refusal.value.reasons
    assert [event.alarm_class for event in stockroom.ledger.of(AlarmRaised)] == ["stock.temperature"]  # type: ignore[attr-defined]

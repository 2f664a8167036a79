from __future__ import annotations

import pytest

from inventory.model.items import Tracking
from inventory.model.lots import LotStatus
from inventory.model.movements import MovementKind
from inventory.service import correcting, handing_out, receiving, using
from inventory.service.handing_out import Request
from inventory.tables.balances import StockFilter, list_stock
from inventory.tables.catalogue import set_lot_status
from inventory.tables.driver import Driver
from tests.inventory.stockroom import Stockroom
from twin.clock import DAY_US
from twin.errors import Conflict, FieldError, Refused
from twin.events.supply import StockMoved
from twin.events.watch import AlarmRaised


def stock(room: Stockroom, place: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for holding in list_stock(Driver(room.session), StockFilter(place=place)):
        found[holding.lot.number] = found.get(holding.lot.number, 0) + holding.holding.on_hand
    return found


def pick(room: Stockroom, quantity: int, **values: object):  # type: ignore[no-untyped-def]
    command = {"task": "task-1", **{k: v for k, v in values.items() if k in ("task", "id", "reason", "actor")}}
    request = {k: v for k, v in values.items() if k not in command}
    return handing_out.pick(
        room.session,
        ledger=room.ledger,
        command=room.command(**command),
        request=Request(**{"item": "gloves", "quantity": quantity, "place": "store", **request}),  # type: ignore[arg-type]
    )


def test_pick_takes_the_first_to_expire_and_tells_of_each_lot(stockroom: Stockroom) -> None:
    stockroom.item()
    stockroom.receive("gloves", 5, lot="LATE", days=200)
    stockroom.receive("gloves", 4, lot="EARLY", days=30)

    movement = pick(stockroom, 6)

    assert [(line.lot, line.quantity) for line in movement.lines] == [
        (stockroom.lot("gloves", "EARLY", 30), 4),
        (stockroom.lot("gloves", "LATE", 200), 2),
    ]
    assert stock(stockroom, "store") == {"LATE": 3}
    assert stock(stockroom, "task:task-1") == {"EARLY": 4, "LATE": 2}
    moved = [event for event in stockroom.ledger.of(StockMoved) if event.reason == "pick"]  # type: ignore[attr-defined]
    assert [event.task for event in moved] == ["task-1", "task-1"]  # type: ignore[attr-defined]
    assert moved[0].source_key == movement.id
    assert correcting.verify(stockroom.session) == []


def test_same_command_twice_has_one_effect_and_the_same_answer(stockroom: Stockroom) -> None:
    stockroom.item()
    stockroom.receive("gloves", 5)

    first = pick(stockroom, 2, id="click-1")
    again = pick(stockroom, 2, id="click-1")

    assert again.lines == first.lines
    assert again.is_replay
    assert stock(stockroom, "store") == {"A": 3}


def test_command_id_used_for_something_else_is_refused(stockroom: Stockroom) -> None:
    stockroom.item()
    stockroom.receive("gloves", 5)
    pick(stockroom, 2, id="click-1")

    with pytest.raises(Conflict, match="was used for another movement"):
        pick(stockroom, 3, id="click-1")


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (LotStatus.RECALLED, "stock.recalled"),
        (LotStatus.QUARANTINED, "stock.quarantined"),
        (LotStatus.HELD, "stock.held"),
    ],
)
def test_scan_of_a_blocked_lot_is_refused_with_its_reason(stockroom: Stockroom, status: LotStatus, code: str) -> None:
    stockroom.item()
    stockroom.receive("gloves", 5)
    lot = stockroom.lot("gloves", "A")
    set_lot_status(Driver(stockroom.session), lot, status, "notice")

    with pytest.raises(Refused) as refusal:
        pick(stockroom, 1, lot=lot)

    assert refusal.value.code == code
    assert stock(stockroom, "store") == {"A": 5}


def test_expired_stock_does_not_count_as_stock(stockroom: Stockroom) -> None:
    stockroom.item()
    stockroom.receive("gloves", 5, days=1)
    stockroom.now += 2 * DAY_US

    with pytest.raises(Refused) as refusal:
        pick(stockroom, 1)

    assert refusal.value.reasons == ("stock.short", "stock.expired")


def test_passing_over_an_earlier_lot_needs_a_reason(stockroom: Stockroom) -> None:
    stockroom.item()
    stockroom.receive("gloves", 5, lot="LATE", days=200)
    stockroom.receive("gloves", 5, lot="EARLY", days=30)
    late = stockroom.lot("gloves", "LATE", 200)

    with pytest.raises(Refused) as refusal:
        pick(stockroom, 1, lot=late)
    movement = pick(stockroom, 1, lot=late, reason="front_blocked")

    assert refusal.value.code == "stock.earlier_expiry"
    assert refusal.value.reasons == ("EARLY",)
    assert movement.flags == ("fefo_override",)


def test_lot_recalled_on_the_way_is_not_delivered_but_can_come_back(stockroom: Stockroom) -> None:
    stockroom.item()
    stockroom.receive("gloves", 5)
    pick(stockroom, 5)
    set_lot_status(Driver(stockroom.session), stockroom.lot("gloves", "A"), LotStatus.RECALLED, "notice")

    with pytest.raises(Refused) as refusal:
        handing_out.deliver(
            stockroom.session, ledger=stockroom.ledger, command=stockroom.command(task="task-1"), to_place="ward"
        )
    handing_out.return_picked(
        stockroom.session, ledger=stockroom.ledger, command=stockroom.command(task="task-1"), to_place="cage"
    )

    assert refusal.value.code == "stock.recalled"
    assert stock(stockroom, "cage") == {"A": 5}
    assert stock(stockroom, "task:task-1") == {}


def test_one_lot_number_with_two_expiries_is_two_lots(stockroom: Stockroom) -> None:
    stockroom.item()
    stockroom.receive("gloves", 5, lot="77", days=30)
    stockroom.receive("gloves", 5, lot="77", days=60)

    movement = pick(stockroom, 6)

    assert len({line.lot for line in movement.lines}) == 2


def test_drug_without_expiry_waits_until_two_people_confirmed_it(stockroom: Stockroom) -> None:
    stockroom.item()
    receiving.receive(
        stockroom.session,
        ledger=stockroom.ledger,
        command=stockroom.command(),
        receipts=[receiving.Receipt(item="gloves", quantity=5, place="store", lot_number="X")],
    )
    lot = receiving.lot_id_of("gloves", "X", 0)
    with pytest.raises(Refused):
        pick(stockroom, 1, lot=lot)
    with pytest.raises(Refused, match="second person"):
        receiving.confirm_expiry(
            stockroom.session, lot=lot, expires_at=stockroom.now + DAY_US, actor="user-1", confirmed_by="user-1"
        )

    receiving.confirm_expiry(
        stockroom.session, lot=lot, expires_at=stockroom.now + DAY_US, actor="user-1", confirmed_by="user-2"
    )

    assert pick(stockroom, 1, lot=lot).quantity == 1


@pytest.mark.parametrize(
    ("receipt", "field"),
    [
        # a tracked item without its lot number
        (receiving.Receipt(item="gloves", quantity=1, place="store"), "lot_number"),
        # nothing came
        (receiving.Receipt(item="gloves", quantity=0, place="store", lot_number="A"), "quantity"),
    ],
)
def test_bad_receipt_is_refused_naming_the_field(stockroom: Stockroom, receipt: receiving.Receipt, field: str) -> None:
    stockroom.item()

    with pytest.raises(FieldError) as refusal:
        receiving.receive(stockroom.session, ledger=stockroom.ledger, command=stockroom.command(), receipts=[receipt])

    assert refusal.value.problem.field == field


def test_use_of_a_recalled_lot_is_recorded_and_raises_an_exposure_alarm(stockroom: Stockroom) -> None:
    stockroom.item()
    stockroom.receive("gloves", 5)
    lot = stockroom.lot("gloves", "A")
    set_lot_status(Driver(stockroom.session), lot, LotStatus.RECALLED, "notice")

    movement = using.consume(
        stockroom.session,
        ledger=stockroom.ledger,
        command=stockroom.command(encounter="enc-7"),
        use=using.Use(item="gloves", quantity=1, place="store", lot=lot),
    )

    assert movement.flags == ("recalled_used",)
    [alarm] = stockroom.ledger.of(AlarmRaised)
    assert ("encounter", "enc-7") in alarm.parameters  # type: ignore[attr-defined]


def test_use_of_more_than_the_books_have_comes_from_found_and_is_flagged(stockroom: Stockroom) -> None:
    stockroom.item()
    stockroom.receive("gloves", 2)

    movement = using.consume(
        stockroom.session,
        ledger=stockroom.ledger,
        command=stockroom.command(),
        use=using.Use(item="gloves", quantity=5, place="store", lot=stockroom.lot("gloves", "A")),
    )

    assert movement.flags == ("found",)
    assert [(line.from_place, line.quantity) for line in movement.lines] == [("found", 3), ("store", 5)]
    assert stock(stockroom, "store") == {}
    assert correcting.verify(stockroom.session) == []


def test_count_leaves_movements_made_during_the_count_alone(stockroom: Stockroom) -> None:
    stockroom.item()
    stockroom.receive("gloves", 10)
    lot = stockroom.lot("gloves", "A")
    counted_at = stockroom.now + 1_000_000
    stockroom.now += 60_000_000
    pick(stockroom, 3)  # after the shelf was counted, before the count was sent

    result = correcting.count(
        stockroom.session,
        ledger=stockroom.ledger,
        command=stockroom.command(occurred_at=counted_at),
        counted=[correcting.Counted(item="gloves", place="store", lot=lot, quantity=9)],
    )

    assert (result.surplus, result.missing) == (0, 1)
    assert stock(stockroom, "store") == {"A": 6}


def test_reversal_restores_every_balance_and_works_once(stockroom: Stockroom) -> None:
    stockroom.item()
    stockroom.receive("gloves", 10)
    before = stock(stockroom, "store")
    movement = pick(stockroom, 4)

    undone = correcting.reverse(
        stockroom.session, ledger=stockroom.ledger, command=stockroom.command(), movement=movement.id
    )

    assert undone.kind is MovementKind.REVERSE
    assert stock(stockroom, "store") == before
    with pytest.raises(Refused, match="undone already"):
        correcting.reverse(
            stockroom.session, ledger=stockroom.ledger, command=stockroom.command(), movement=movement.id
        )


def test_as_of_tells_what_was_and_what_was_known(stockroom: Stockroom) -> None:
    stockroom.item()
    stockroom.receive("gloves", 10)
    monday = stockroom.now
    stockroom.now += 3 * DAY_US
    using.consume(  # recorded on Thursday, happened on Tuesday
        stockroom.session,
        ledger=stockroom.ledger,
        command=stockroom.command(occurred_at=monday + DAY_US),
        use=using.Use(item="gloves", quantity=4, place="store"),
    )

    def asked(occurred_at: int, known_at: int | None = None) -> int:
        return correcting.as_of(
            stockroom.session, item="gloves", place="store", occurred_at=occurred_at, known_at=known_at
        )

    assert asked(monday) == 10
    assert asked(monday + 2 * DAY_US) == 6
    assert asked(monday + 2 * DAY_US, known_at=monday + 2 * DAY_US) == 10


def test_controlled_drug_needs_another_person_and_keeps_a_running_register(stockroom: Stockroom) -> None:
    stockroom.item("morphine", controlled_schedule="II")
    stockroom.receive("morphine", 10)
    use = using.Use(item="morphine", quantity=1, place="store")
    for witness, code in (("", "stock.witness_missing"), ("user-1", "stock.witness_is_actor")):
        with pytest.raises(Refused) as refusal:
            using.waste(
                stockroom.session,
                ledger=stockroom.ledger,
                command=stockroom.command(reason="broken", witness=witness),
                use=use,
            )
        assert refusal.value.code == code

    using.waste(
        stockroom.session,
        ledger=stockroom.ledger,
        command=stockroom.command(reason="broken", witness="user-2"),
        use=use,
    )

    lines = correcting.register(stockroom.session, item="morphine", place="store")
    assert [(line.number, line.change, line.balance, line.witness) for line in lines] == [
        (1, 10, 10, ""),
        (2, -1, 9, "user-2"),
    ]


def test_opened_vial_lives_only_as_long_as_an_opened_vial_does(stockroom: Stockroom) -> None:
    stockroom.item("insulin", in_use_days=28)
    stockroom.receive("insulin", 3, days=300)
    closed = stockroom.lot("insulin", "A", 300)
    using.open_container(
        stockroom.session,
        ledger=stockroom.ledger,
        command=stockroom.command(),
        use=using.Use(item="insulin", quantity=1, place="store", lot=closed),
    )
    stockroom.now += 29 * DAY_US

    proposal = handing_out.propose_pick(
        stockroom.session, request=Request(item="insulin", quantity=3, place="store"), now=stockroom.now
    )

    assert proposal.quantity == 2
    assert [reasons for _, reasons in proposal.refused] == [("stock.expired",)]
    assert correcting.verify(stockroom.session) == []


def test_serial_is_in_one_place_only(stockroom: Stockroom) -> None:
    stockroom.item("stent", tracking=Tracking.SERIAL)
    receiving.receive(
        stockroom.session,
        ledger=stockroom.ledger,
        command=stockroom.command(),
        receipts=[
            receiving.Receipt(
                item="stent",
                quantity=2,
                place="store",
                lot_number="A",
                expires_at=stockroom.now + DAY_US,
                serials=("S1", "S2"),
            )
        ],
    )
    request = Request(item="stent", quantity=1, place="store", lot=stockroom.lot("stent", "A", 1), serial="S1")
    handing_out.pick(stockroom.session, ledger=stockroom.ledger, command=stockroom.command(task="t1"), request=request)

    with pytest.raises(Refused) as refusal:
        handing_out.pick(
            stockroom.session, ledger=stockroom.ledger, command=stockroom.command(task="t2"), request=request
        )

    assert refusal.value.code == "stock.serial_elsewhere"


@pytest.mark.parametrize("statement", ["UPDATE inventory_entry SET quantity = 1", "DELETE FROM inventory_movement"])
def test_books_cannot_be_rewritten_by_hand(stockroom: Stockroom, statement: str) -> None:
    from sqlalchemy import text
    from sqlalchemy.exc import DatabaseError

    stockroom.item()
    stockroom.receive("gloves", 5)

    with pytest.raises(DatabaseError, match="append-only"):
        stockroom.session.connection().execute(text(statement))


def stents(room: Stockroom) -> None:
    """Two pieces of two lots in the store; the one that expires first is S1."""
    room.item("stent", tracking=Tracking.SERIAL)
    for lot, days, serial in (("A", 1, "S1"), ("B", 9, "S2")):
        one = receiving.Receipt(
            item="stent",
            quantity=1,
            place="store",
            lot_number=lot,
            expires_at=room.now + days * DAY_US,
            serials=(serial,),
        )
        receiving.receive(room.session, ledger=room.ledger, command=room.command(), receipts=[one])


def test_a_piece_is_of_its_own_lot_and_not_of_the_first_on_the_shelf(stockroom: Stockroom) -> None:
    stents(stockroom)
    request = Request(item="stent", quantity=1, place="store", to_place="theatre", serial="S2")

    taken = handing_out.pick(
        stockroom.session,
        ledger=stockroom.ledger,
        command=stockroom.command(reason="size"),
        request=request,
    )

    assert [line.lot for line in taken.lines] == [stockroom.lot("stent", "B", 9)]
    assert taken.flags == ("fefo_override",)


def test_an_implant_that_the_books_have_elsewhere_is_recorded_where_it_was_used(stockroom: Stockroom) -> None:
    stents(stockroom)

    used = using.implant(
        stockroom.session,
        ledger=stockroom.ledger,
        command=stockroom.command(encounter="enc-1"),
        use=using.Use(item="stent", quantity=1, place="theatre", serial="S2"),
    )

    assert [(line.from_place, line.to_place, line.serial) for line in used.lines] == [
        ("store", "theatre", "S2"),
        ("theatre", "patient", "S2"),
    ]
    assert {line.lot for line in used.lines} == {stockroom.lot("stent", "B", 9)}
    assert stock(stockroom, "store") == {"A": 1}
    assert correcting.verify(stockroom.session) == []


@pytest.mark.parametrize(
    ("quantity", "serials"),
    [
        (3, ("S1", "S2")),  # one too few
        (2, ("S1", "S1", "S2")),  # two different ones, but three lines
    ],
)
@pytest.mark.parametrize("tracking", [Tracking.SERIAL, Tracking.LOT])
def test_serial_numbers_are_as_many_as_pieces(
    stockroom: Stockroom, quantity: int, serials: tuple[str, ...], tracking: Tracking
) -> None:
    stockroom.item("stent", tracking=tracking)
    one = receiving.Receipt(
        item="stent", quantity=quantity, place="store", lot_number="A", expires_at=stockroom.now, serials=serials
    )

    with pytest.raises(FieldError, match="different serial numbers"):
        receiving.receive(stockroom.session, ledger=stockroom.ledger, command=stockroom.command(), receipts=[one])


def test_a_keyed_expiry_that_is_known_of_the_lot_already_is_refused_with_a_cure(stockroom: Stockroom) -> None:
    stockroom.item()
    stockroom.receive("gloves", 3, lot="A", days=100)
    stockroom.receive("gloves", 2, lot="A", days=None)  # type: ignore[arg-type]  # the pack came without its date

    with pytest.raises(Refused, match="count the lot that waits to 0"):
        receiving.confirm_expiry(
            stockroom.session,
            lot=receiving.lot_id_of("gloves", "A", 0),
            expires_at=stockroom.now + 100 * DAY_US,
            actor="user-1",
            confirmed_by="user-2",
        )


def test_one_lot_counted_in_two_lines_is_refused(stockroom: Stockroom) -> None:
    stockroom.item()
    stockroom.receive("gloves", 10)
    half = correcting.Counted(item="gloves", place="store", quantity=5, lot=stockroom.lot("gloves", "A"))

    with pytest.raises(FieldError, match="two lines"):
        correcting.count(stockroom.session, ledger=stockroom.ledger, command=stockroom.command(), counted=[half, half])

    assert stock(stockroom, "store") == {"A": 10}

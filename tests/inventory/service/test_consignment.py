"""A vendor's goods: taken in their turn, billed once when used, and never booked as the hospital's own."""

from __future__ import annotations

from datetime import UTC

import pytest

from inventory.model.items import OwnerRule
from inventory.model.orders import OrderState, Supply
from inventory.service import buying, consignment, correcting, handing_out, receiving, using
from inventory.tables.balances import StockFilter, list_stock
from inventory.tables.consignment import unbilled_uses
from inventory.tables.driver import Driver
from inventory.tables.orders import on_order
from tests.inventory.stockroom import Stockroom
from twin.clock import DAY_US
from twin.errors import Refused
from twin.events.supply import ConsignmentUsed
from twin.ids import ItemId


def receive(room: Stockroom, quantity: int, *, owner: str = "", lot: str = "A", days: int = 100) -> None:
    receipt = receiving.Receipt(
        item="stent",
        quantity=quantity,
        place="store",
        lot_number=lot,
        expires_at=room.now + days * DAY_US,
        owner=owner,
    )
    receiving.receive(room.session, ledger=room.ledger, command=room.command(), receipts=[receipt])


def use(room: Stockroom, quantity: int, **values: str) -> str:
    told = using.Use(item="stent", quantity=quantity, place="store", **values)
    command = room.command(encounter="e-1")
    return using.consume(room.session, ledger=room.ledger, command=command, use=told).id


def owners(room: Stockroom) -> dict[str, int]:
    found: dict[str, int] = {}
    for each in list_stock(Driver(room.session), StockFilter(place="store")):
        found[each.holding.owner] = found.get(each.holding.owner, 0) + each.holding.on_hand
    return found


@pytest.fixture
def shelf(stockroom: Stockroom) -> Stockroom:
    stockroom.item("stent")
    receive(stockroom, 3)
    receive(stockroom, 5, owner="Acme", lot="B", days=30)
    return stockroom


def test_own_goods_are_used_before_a_vendor_s_although_these_expire_first(shelf: Stockroom) -> None:
    use(shelf, 4)

    assert owners(shelf) == {"Acme": 4}
    [told] = shelf.ledger.of(ConsignmentUsed)
    assert (told.owner, told.quantity, told.place) == ("Acme", 1, "store")  # type: ignore[attr-defined]
    assert correcting.verify(shelf.session) == []


def test_a_vendor_s_lot_that_was_scanned_is_the_vendor_s_whoever_forgot_to_say_so(shelf: Stockroom) -> None:
    use(shelf, 2, lot=shelf.lot("stent", "B", 30))

    assert owners(shelf) == {"": 3, "Acme": 3}  # nothing came from nowhere
    assert [one.quantity for one in unbilled_uses(Driver(shelf.session))] == [2]


@pytest.mark.parametrize(
    ("rule", "lots"),
    [
        (OwnerRule.ANY, ["B", "A"]),  # first expired first, whoever owns it
        (OwnerRule.OWN_FIRST, ["A", "B"]),
        (OwnerRule.CONSIGNED_FIRST, ["B", "A"]),
    ],
)
def test_the_item_s_rule_says_whose_goods_are_picked_first(shelf: Stockroom, rule: OwnerRule, lots: list[str]) -> None:
    shelf.item("stent", owner_rule=rule)
    request = handing_out.Request(item="stent", quantity=8, place="store")

    found = handing_out.propose_pick(shelf.session, request=request, now=shelf.now)

    assert [portion.source.lot.number for portion in found.portions] == lots


def test_a_scanned_lot_out_of_turn_is_refused_with_whose_go_first(shelf: Stockroom) -> None:
    shelf.item("stent", owner_rule=OwnerRule.OWN_FIRST)
    request = handing_out.Request(item="stent", quantity=1, place="store", lot=shelf.lot("stent", "B", 30))

    with pytest.raises(Refused) as refused:
        handing_out.pick(shelf.session, ledger=shelf.ledger, command=shelf.command(task="t"), request=request)

    assert refused.value.code == "stock.owner_first"
    assert "the hospital's own go first" in str(refused.value)


def test_what_was_used_is_billed_once_in_the_vendor_s_packs(shelf: Stockroom) -> None:
    supply = Supply(item=ItemId("stent"), supplier="Acme", supplier_code="S-9", pack_quantity=2, price_minor=1001)
    buying.define_supply(shelf.session, supply)
    use(shelf, 2, owner="Acme")

    done = consignment.bill_uses(shelf.session, command=shelf.command(actor="buyer-1"), zone=UTC)
    again = consignment.bill_uses(shelf.session, command=shelf.command(actor="buyer-1"), zone=UTC)

    [order] = done.orders
    assert (order.supplier, order.is_bill_only, order.value_minor) == ("Acme", True, 1001)
    assert [(line.packs, line.pack_quantity, line.received) for line in order.lines] == [(1, 2, 2)]
    assert again.orders == ()
    assert not any(on_order(Driver(shelf.session)).values())  # it brings nothing
    command = shelf.command(actor="buyer-2")
    buying.approve(shelf.session, ledger=shelf.ledger, command=command, order=order.id)
    sent = buying.note_sent(shelf.session, ledger=shelf.ledger, command=shelf.command(), order=order.id)
    assert sent.state is OrderState.RECEIVED


def test_a_part_of_a_pack_and_an_unknown_price_are_told(shelf: Stockroom) -> None:
    use(shelf, 3, owner="Acme")
    without = consignment.bill_uses(shelf.session, command=shelf.command(), zone=UTC)

    assert without.without_price == (("Acme", "stent"),)
    assert [(line.packs, line.pack_quantity, line.price_minor) for line in without.orders[0].lines] == [(3, 1, 0)]


def test_a_use_that_was_taken_back_is_not_billed(shelf: Stockroom) -> None:
    movement = use(shelf, 2, owner="Acme")
    correcting.reverse(shelf.session, ledger=shelf.ledger, command=shelf.command(), movement=movement)

    assert consignment.bill_uses(shelf.session, command=shelf.command(), zone=UTC).orders == ()
    assert owners(shelf) == {"": 3, "Acme": 5}


def test_a_bill_that_was_given_up_comes_again(shelf: Stockroom) -> None:
    use(shelf, 1, owner="Acme")
    [order] = consignment.bill_uses(shelf.session, command=shelf.command(), zone=UTC).orders
    buying.cancel(shelf.session, ledger=shelf.ledger, command=shelf.command(), order=order.id)

    [second] = consignment.bill_uses(shelf.session, command=shelf.command(), zone=UTC).orders

    assert [line.quantity for line in second.lines] == [1]


def test_own_goods_are_nobody_s_to_bill(shelf: Stockroom) -> None:
    use(shelf, 3)

    assert unbilled_uses(Driver(shelf.session)) == []
    assert shelf.ledger.of(ConsignmentUsed) == []

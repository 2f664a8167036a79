"""Buying: proposals beyond what is on order, two people for the money, deliveries that differ, files for suppliers."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import inventory.tables.order_rows  # its tables
import inventory.tables.plan_rows  # noqa: F401
from inventory.model.orders import Discrepancy, Order, OrderLine, OrderState, Supply
from inventory.model.places import StockPlace, StockPlaceKind
from inventory.model.stock import ParLevel
from inventory.rules.buying import Parties, cheapest, differences_of, edifact, line_for, order_csv, spread
from inventory.service import buying, correcting, deliveries, restocking
from inventory.service.receiving import Receipt
from inventory.tables.catalogue import save_place
from inventory.tables.deliveries import deliveries_of
from inventory.tables.driver import Driver
from inventory.tables.order_numbers import next_order_number
from inventory.tables.orders import load_order, on_order
from tests.inventory.stockroom import Stockroom
from twin.clock import DAY_US, from_datetime
from twin.errors import FieldError, NotFound, Refused
from twin.events.supply import OrderDecided
from twin.ids import ItemId, PlaceId


@pytest.fixture
def store(stockroom: Stockroom) -> Stockroom:
    """A store that has three gloves left of a par level of 100, and a supplier who sells boxes of 24."""
    stockroom.item()
    stockroom.item("gauze")
    save_place(stockroom.session, StockPlace(id=PlaceId("store"), kind=StockPlaceKind.CENTRAL))
    stockroom.receive("gloves", 3, "store")
    for item in ("gloves", "gauze"):
        level = ParLevel(place=PlaceId("store"), item=ItemId(item), par_level=100, reorder_point=20)
        restocking.store_pars(stockroom.session, [level], accepted_by="", at=0)
    buying.define_supply(stockroom.session, supply())
    return stockroom


def supply(**values: object) -> Supply:
    given: dict[str, object] = {
        "item": ItemId("gloves"),
        "supplier": "Acme",
        "supplier_code": "A-1",
        "pack_quantity": 24,
        "price_minor": 950,
    }
    return Supply(**{**given, **values})  # type: ignore[arg-type]  # test shorthand


def proposed(room: Stockroom, actor: str = "user-1") -> Order:
    [order] = buying.propose_orders(
        room.session, ledger=room.ledger, command=room.command(actor=actor), zone=UTC
    ).orders
    return order


def came(
    room: Stockroom, order: str, quantity: int, *, item: str = "gloves", is_last: bool = False, reason: str = ""
) -> deliveries.Delivered:
    receipt = Receipt(item=item, quantity=quantity, place="store", lot_number="N", expires_at=room.now + 200 * DAY_US)
    arrival = deliveries.Arrival(order=order, receipts=[receipt], is_last=is_last, reason=reason)
    return deliveries.receive_order(room.session, ledger=room.ledger, command=room.command(), arrival=arrival)


def test_store_below_its_reorder_point_is_proposed_once_in_whole_packs(store: Stockroom) -> None:
    found = buying.propose_orders(store.session, ledger=store.ledger, command=store.command(), zone=UTC)
    again = buying.propose_orders(store.session, ledger=store.ledger, command=store.command(), zone=UTC)

    [order] = found.orders
    [line] = order.lines
    assert (order.supplier, order.place, order.state) == ("Acme", "store", OrderState.PROPOSED)
    assert (line.packs, line.quantity, order.value_minor) == (5, 120, 4750)  # 97 lack, boxes of 24
    assert found.without_supplier == (("store", "gauze"),)
    assert again.orders == ()  # what is on its way is not bought twice


def test_two_people_stand_behind_an_order(store: Stockroom) -> None:
    order = proposed(store, "user-1")

    with pytest.raises(Refused) as refusal:
        buying.approve(store.session, ledger=store.ledger, command=store.command(actor="user-1"), order=order.id)
    approved = buying.approve(store.session, ledger=store.ledger, command=store.command(actor="user-2"), order=order.id)
    sent = buying.note_sent(store.session, ledger=store.ledger, command=store.command(), order=order.id)

    assert refusal.value.code == "order.same_person"
    assert (approved.state, approved.approved_by) == (OrderState.APPROVED, "user-2")
    assert buying.note_sent(store.session, ledger=store.ledger, command=store.command(), order=order.id) == sent
    with pytest.raises(Refused):
        buying.approve(store.session, ledger=store.ledger, command=store.command(actor="user-2"), order=order.id)


def test_goods_are_not_taken_in_against_an_order_that_nobody_approved(store: Stockroom) -> None:
    order = proposed(store)

    with pytest.raises(Refused) as refusal, store.session.begin_nested():
        came(store, order.id, 120)

    assert refusal.value.code == "order.state"
    assert correcting.verify(store.session) == []


@pytest.fixture
def sent(store: Stockroom) -> Order:
    order = proposed(store, "system")
    buying.approve(store.session, ledger=store.ledger, command=store.command(), order=order.id)
    return buying.note_sent(store.session, ledger=store.ledger, command=store.command(), order=order.id)


def test_delivery_in_two_parts_ends_the_order_and_tells_what_lacked(store: Stockroom, sent: Order) -> None:
    first, second = came(store, sent.id, 100), came(store, sent.id, 20)

    assert [(each.kind, each.ordered, each.received) for each in first.differences] == [(Discrepancy.SHORT, 120, 100)]
    assert first.order.state is OrderState.SENT
    assert (second.differences, second.order.state) == ((), OrderState.RECEIVED)
    assert second.order.lines[0].received == 120
    with pytest.raises(Refused):
        came(store, sent.id, 1)


def test_what_arrived_is_stored_as_it_came(store: Stockroom, sent: Order) -> None:
    found = came(store, sent.id, 130)

    assert [(each.kind, each.received) for each in found.differences] == [(Discrepancy.OVER, 130)]
    assert correcting.as_of(store.session, item="gloves", place="store", occurred_at=store.now) == 133


def test_goods_that_nobody_ordered_are_stored_and_told(store: Stockroom, sent: Order) -> None:
    found = came(store, sent.id, 7, item="gauze", is_last=True, reason="sold out")

    assert [(each.item, each.kind) for each in found.differences] == [
        ("gauze", Discrepancy.NOT_ORDERED),
        ("gloves", Discrepancy.SHORT),
    ]
    assert found.order.state is OrderState.RECEIVED  # nothing more will come
    assert correcting.as_of(store.session, item="gauze", place="store", occurred_at=store.now) == 7


def test_same_delivery_sent_twice_counts_once(store: Stockroom, sent: Order) -> None:
    receipt = Receipt(item="gloves", quantity=50, place="store", lot_number="N", expires_at=store.now + DAY_US * 99)
    command = store.command()
    for _ in range(2):
        arrival = deliveries.Arrival(order=sent.id, receipts=[receipt])
        done = deliveries.receive_order(store.session, ledger=store.ledger, command=command, arrival=arrival)

    assert done.order.lines[0].received == 50
    assert done.movement.is_replay


def test_proposed_order_can_be_changed_until_it_is_approved(store: Stockroom) -> None:
    order = proposed(store, "system")

    changed = buying.change_lines(store.session, order=order.id, changes=[buying.LineChange(number=1, packs=2)])
    with pytest.raises(Refused):
        buying.change_lines(store.session, order=order.id, changes=[buying.LineChange(number=1, packs=0)])
    with pytest.raises(FieldError):
        buying.change_lines(store.session, order=order.id, changes=[buying.LineChange(number=9, packs=1)])

    assert changed.lines[0].quantity == 48
    buying.cancel(store.session, ledger=store.ledger, command=store.command(), order=order.id)
    with pytest.raises(Refused):
        buying.approve(store.session, ledger=store.ledger, command=store.command(), order=order.id)
    with pytest.raises(NotFound):
        buying.cancel(store.session, ledger=store.ledger, command=store.command(), order="PO-none")


def test_orders_are_numbered_in_each_year_without_a_gap(stockroom: Stockroom) -> None:
    def at(year: int, month: int, day: int, hour: int) -> int:
        return from_datetime(datetime(year, month, day, hour, tzinfo=UTC))

    driver, zone = Driver(stockroom.session), ZoneInfo("Europe/Berlin")
    first = [next_order_number(driver, at=at(2026, 12, 31, hour), zone=zone) for hour in (20, 22)]
    nested = stockroom.session.begin_nested()
    next_order_number(Driver(stockroom.session), at=at(2026, 12, 31, 22), zone=zone)
    nested.rollback()  # the order was refused: its number is free again
    second = [next_order_number(driver, at=when, zone=zone) for when in (at(2026, 12, 31, 22), at(2026, 12, 31, 23))]

    assert first == ["PO-2026-00001", "PO-2026-00002"]
    assert second == ["PO-2026-00003", "PO-2027-00001"]  # 23 h UTC is the new year in Berlin


def test_no_two_orders_of_one_proposal_share_a_number(store: Stockroom) -> None:
    buying.define_supply(store.session, supply(item=ItemId("gauze"), supplier="Beta"))

    found = buying.propose_orders(store.session, ledger=store.ledger, command=store.command(), zone=UTC)

    assert [order.id for order in found.orders] == ["PO-2026-00001", "PO-2026-00002"]


def test_what_is_not_approved_or_was_given_up_does_not_go_out(store: Stockroom) -> None:
    order = proposed(store, "system")

    with pytest.raises(Refused) as early:
        buying.order_to_send(store.session, order.id)
    buying.approve(store.session, ledger=store.ledger, command=store.command(), order=order.id)
    assert buying.order_to_send(store.session, order.id).approved_by == "user-1"
    buying.cancel(store.session, ledger=store.ledger, command=store.command(), order=order.id)
    with pytest.raises(Refused) as late:
        buying.order_to_send(store.session, order.id)

    assert (early.value.code, late.value.code) == ("order.not_approved", "order.cancelled")


def test_differences_of_a_delivery_stay_as_they_were_found(store: Stockroom, sent: Order) -> None:
    first = came(store, sent.id, 100)
    store.now += 1
    second = came(store, sent.id, 30)

    kept = deliveries_of(store.session, sent.id)
    assert [each.movement for each in kept] == [first.movement.id, second.movement.id]
    assert [[(one.kind, one.ordered, one.received) for one in each.differences] for each in kept] == [
        [(Discrepancy.SHORT, 120, 100)],
        [(Discrepancy.OVER, 20, 30)],
    ]


def test_the_rest_is_given_up_only_with_a_reason(store: Stockroom, sent: Order) -> None:
    with pytest.raises(FieldError) as refusal, store.session.begin_nested():
        came(store, sent.id, 100, is_last=True)
    assert refusal.value.code == "order.reason"
    assert deliveries_of(store.session, sent.id) == []

    closed = came(store, sent.id, 100, is_last=True, reason="  out of production ")

    assert (closed.order.state, closed.order.closed_reason) == (OrderState.RECEIVED, "out of production")
    assert load_order(store.session, sent.id) == closed.order
    assert not on_order(Driver(store.session))  # the next proposal asks for it again


def test_an_order_is_closed_without_its_rest_by_a_word_of_its_own(store: Stockroom, sent: Order) -> None:
    came(store, sent.id, 100)

    closed = deliveries.close_rest(
        store.session, ledger=store.ledger, command=store.command(), order=sent.id, reason="supplier gave it up"
    )

    assert (closed.state, closed.closed_reason, closed.lines[0].missing) == (
        OrderState.RECEIVED,
        "supplier gave it up",
        20,
    )
    assert [event.decision for event in store.ledger.of(OrderDecided)] == ["approved", "sent", "closed"]  # type: ignore[attr-defined]
    with pytest.raises(Refused):
        came(store, sent.id, 20)


def test_preferred_supplier_comes_first_then_the_cheapest_unit() -> None:
    dear = supply(supplier="Dear", price_minor=9600)
    cheap = supply(supplier="Cheap", price_minor=100, is_preferred=False)
    large = supply(supplier="Large", price_minor=1000, pack_quantity=100)

    assert cheapest([dear, cheap, large]) == large
    assert cheapest([dear, cheap]) == dear
    assert cheapest([]) is None


lines_of = st.lists(
    st.builds(
        OrderLine,
        number=st.integers(1, 99),
        item=st.sampled_from([ItemId("a"), ItemId("b")]),
        packs=st.integers(0, 9),
        pack_quantity=st.integers(1, 20),
        received=st.integers(0, 50),
    ),
    max_size=5,
    unique_by=lambda line: line.number,
)


@given(lines_of, st.integers(1, 500))
def test_every_delivered_unit_counts_on_one_line(lines: list[OrderLine], quantity: int) -> None:
    counted = spread(lines, "a", quantity)

    assert sum(counted.values()) == (quantity if any(line.item == "a" for line in lines) else 0)
    assert all(each > 0 for each in counted.values())


@given(lines_of, st.dictionaries(st.sampled_from(["a", "b", "c"]), st.integers(1, 300)))
def test_differences_add_up_to_what_came_less_what_was_expected(
    lines: list[OrderLine], came_in: dict[str, int]
) -> None:
    found = differences_of(lines, came_in)

    expected = sum(line.missing for line in lines)
    assert sum(each.received - each.ordered for each in found) == sum(came_in.values()) - expected


@given(st.integers(1, 5000), st.integers(1, 300))
def test_order_line_brings_what_is_needed_and_less_than_a_pack_more(needed: int, pack: int) -> None:
    line = line_for(1, supply(pack_quantity=pack), needed)

    assert needed <= line.quantity < needed + pack


@pytest.mark.parametrize("wrong", [{"pack_quantity": 0}, {"price_minor": -1}, {"lead_days": -1}])
def test_supply_that_cannot_be_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        supply(**wrong)


def an_order(**values: object) -> Order:
    line = OrderLine(number=1, item=ItemId("gloves"), packs=5, pack_quantity=24, price_minor=950, supplier_code="A+1'S")
    given: dict[str, object] = {
        "id": "PO-7",
        "supplier": "Acme",
        "place": PlaceId("store"),
        "state": OrderState.APPROVED,
        "lines": (line,),
    }
    return Order(**{**given, **values})  # type: ignore[arg-type]  # test shorthand


def test_edifact_counts_its_segments_and_releases_special_characters() -> None:
    parties = Parties(buyer="4012345000009", supplier="4098765000010")

    text = edifact(an_order(), parties, {"gloves": "09506000134352"}, date(2026, 11, 26))

    segments = text.replace("'\n", "\n").splitlines()
    assert segments[0] == "UNH+1+ORDERS:D:96A:UN:EAN008"
    assert segments[-1] == f"UNT+{len(segments)}+1"
    assert "BGM+220+PO-7+9" in segments
    assert "DTM+137:20261126:102" in segments
    assert "LIN+1++09506000134352:EN" in segments
    assert "PIA+1+A?+1?'S:SA" in segments
    assert ("QTY+21:5:PCE" in segments, "PRI+AAA:9.50" in segments) == (True, True)
    assert "CNT+2:1" in segments


@pytest.mark.parametrize(
    "longer",
    [
        {"id": "PO-" + "9" * 33},  # two orders would bear one number
        {"place": PlaceId("P" * 36)},
        {"lines": (OrderLine(number=1, item=ItemId("a"), packs=1, pack_quantity=1, supplier_code="S" * 36),)},
    ],
)
def test_edifact_refuses_a_number_that_it_has_no_room_for(longer: dict[str, object]) -> None:
    parties = Parties(buyer="4012345000009", supplier="4098765000010")

    with pytest.raises(FieldError) as refusal:
        edifact(an_order(**longer), parties, {}, date(2026, 1, 1))

    assert refusal.value.code == "order.edifact_too_long"


def test_edifact_names_a_party_that_has_no_location_number() -> None:
    parties = Parties(buyer="St. Mary's Hospital and Medical Centre of the County", supplier="4098765000010")

    segments = edifact(an_order(), parties, {}, date(2026, 1, 1)).splitlines()

    assert "NAD+BY+++St. Mary?'s Hospital and Medical Cen:tre of the County'" in segments
    assert "NAD+SU+4098765000010::9'" in segments


@given(st.text(max_size=35))
def test_no_text_can_break_out_of_its_segment(code: str) -> None:
    line = OrderLine(number=1, item=ItemId("gloves"), packs=1, pack_quantity=1, supplier_code=code)
    parties = Parties(buyer="b", supplier="s")

    text = edifact(an_order(lines=(line,)), parties, {}, date(2026, 1, 1))

    plain = text.replace("??", "").replace("?'", "").replace("?+", "")
    assert plain.count("'") == text.count("'\n")
    tags = [segment[:3] for segment in text.split("'\n") if segment]
    assert set(tags) <= {"UNH", "BGM", "DTM", "NAD", "CUX", "LIN", "PIA", "QTY", "PRI", "UNS", "CNT", "UNT"}


def test_csv_of_an_order_is_never_taken_for_a_formula() -> None:
    rows = list(csv.DictReader(io.StringIO(order_csv(an_order(), {"gloves": "=cmd|' /C calc'!A0"}))))

    assert [(row["packs"], row["quantity"], row["supplier_code"]) for row in rows] == [("5", "120", "A+1'S")]
    assert rows[0]["name"].startswith("'=")

"""When things happened and when they were written down: back-dated entries, counts, and days on which clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine
from sqlmodel import Session, SQLModel

import inventory.tables.triggers  # noqa: F401
from inventory.model.items import Item
from inventory.model.lots import Lot, end_of_day
from inventory.model.movements import Movement
from inventory.rules.eligibility import Ineligible, Need, reasons_against
from inventory.service import correcting, receiving, using
from inventory.service.correcting import Counted
from inventory.tables.balances import holding_of_key
from inventory.tables.driver import Driver
from tests.inventory.stockroom import FakeLedger, Stockroom
from twin.clock import DAY_US, HOUR_US, MINUTE_US, from_datetime, from_text
from twin.ids import ItemId, LotId

BERLIN, CAIRO, HAVANA = ZoneInfo("Europe/Berlin"), ZoneInfo("Africa/Cairo"), ZoneInfo("America/Havana")


def used(room: Stockroom, quantity: int, *, ago: int) -> Movement:
    return using.consume(
        room.session,
        ledger=room.ledger,
        command=room.command(occurred_at=room.now - ago),
        use=using.Use(item="gloves", quantity=quantity, place="ward", lot=room.lot("gloves", "A")),
    )


def counted(room: Stockroom, quantity: int, *, ago: int = 0) -> correcting.CountResult:
    seen = Counted(item="gloves", place="ward", quantity=quantity, lot=room.lot("gloves", "A"))
    command = room.command(occurred_at=room.now - ago)
    return correcting.count(room.session, ledger=room.ledger, command=command, counted=[seen])


def at(room: Stockroom, *, ago: int, known_ago: int | None = None) -> int:
    known = None if known_ago is None else room.now - known_ago
    return correcting.as_of(room.session, item="gloves", place="ward", occurred_at=room.now - ago, known_at=known)


@pytest.fixture
def room(stockroom: Stockroom) -> Stockroom:
    stockroom.item()
    lot_expiry = stockroom.now + 100 * DAY_US
    start = stockroom.now - 10 * HOUR_US
    receiving.receive(
        stockroom.session,
        ledger=stockroom.ledger,
        command=stockroom.command(occurred_at=start, recorded_at=start),
        receipts=[receiving.Receipt(item="gloves", quantity=50, place="ward", lot_number="A", expires_at=lot_expiry)],
    )
    return stockroom


def test_back_dated_use_changes_the_past_as_it_was_but_not_as_it_was_known(room: Stockroom) -> None:
    used(room, 8, ago=3 * HOUR_US)

    assert at(room, ago=4 * HOUR_US) == 50
    assert at(room, ago=3 * HOUR_US) == 42
    assert at(room, ago=3 * HOUR_US, known_ago=1) == 50
    assert at(room, ago=0) == 42
    assert correcting.verify(room.session) == []


def test_use_written_down_after_a_count_leaves_what_was_counted(room: Stockroom) -> None:
    counted(room, 42, ago=HOUR_US)  # eight were used before the count and nobody had written it down
    used(room, 8, ago=3 * HOUR_US)

    assert at(room, ago=3 * HOUR_US) == 42
    assert at(room, ago=HOUR_US) == 42
    assert at(room, ago=0) == 42
    assert correcting.verify(room.session) == []


def test_use_written_down_after_an_empty_count_takes_what_was_there_then(room: Stockroom) -> None:
    counted(room, 0, ago=HOUR_US)

    moved = used(room, 50, ago=2 * HOUR_US)

    assert (moved.quantity, moved.flags) == (50, ())
    assert at(room, ago=HOUR_US) == at(room, ago=0) == 0
    assert correcting.verify(room.session) == []


def test_receipt_written_down_after_a_count_was_seen_by_who_counted(room: Stockroom) -> None:
    counted(room, 70, ago=HOUR_US)
    receipt = receiving.Receipt(
        item="gloves", quantity=20, place="ward", lot_number="A", expires_at=room.now + 100 * DAY_US
    )
    receiving.receive(
        room.session, ledger=room.ledger, command=room.command(occurred_at=room.now - 2 * HOUR_US), receipts=[receipt]
    )

    assert at(room, ago=HOUR_US) == 70
    assert at(room, ago=0) == 70
    assert correcting.verify(room.session) == []


def test_earlier_count_that_comes_late_does_not_change_the_later_one(room: Stockroom) -> None:
    counted(room, 30, ago=HOUR_US)
    counted(room, 47, ago=5 * HOUR_US)

    assert (at(room, ago=5 * HOUR_US), at(room, ago=HOUR_US), at(room, ago=0)) == (47, 30, 30)


def test_movements_during_a_count_stay_whoever_is_written_down_first(room: Stockroom) -> None:
    """Counted at ten to; five used at five to; the count is keyed at the hour, before or after the use."""
    used(room, 5, ago=5 * MINUTE_US)
    result = counted(room, 48, ago=10 * MINUTE_US)

    assert (result.surplus, result.missing) == (0, 2)
    assert at(room, ago=0) == 43


def test_same_count_without_a_difference_is_kept_once(room: Stockroom) -> None:
    seen = [Counted(item="gloves", place="ward", quantity=50, lot=room.lot("gloves", "A"))]
    command = room.command()
    for _ in range(2):
        correcting.count(room.session, ledger=room.ledger, command=command, counted=seen)

    assert Driver(room.session).rows("SELECT quantity FROM inventory_count") == [(50,)]


Step = tuple[str, int, int]
steps = st.lists(
    st.tuples(st.sampled_from(["use", "count"]), st.integers(0, 30), st.integers(1, 500)), min_size=1, max_size=8
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps)
def test_last_thing_counted_plus_what_came_after_is_what_is_there(told: list[Step]) -> None:
    """In whatever order things are written down, the last count (by its instant) and later uses give the balance."""
    engine = create_engine("sqlite://")
    SQLModel.metadata.create_all(
        engine, tables=[table for name, table in SQLModel.metadata.tables.items() if name.startswith("inventory_")]
    )
    with Session(engine) as session:
        room = Stockroom(session, FakeLedger())
        room.item()
        start = room.now - 1000 * MINUTE_US
        expires_at = room.now + 100 * DAY_US
        receiving.receive(
            session,
            ledger=room.ledger,
            command=room.command(occurred_at=start, recorded_at=start),
            receipts=[
                receiving.Receipt(item="gloves", quantity=1000, place="ward", lot_number="A", expires_at=expires_at)
            ],
        )
        told = list({minutes: (kind, quantity, minutes) for kind, quantity, minutes in told}.values())
        for kind, quantity, minutes in told:
            if kind == "count":
                counted(room, 500 + quantity, ago=minutes * MINUTE_US)
            elif quantity:
                used(room, quantity, ago=minutes * MINUTE_US)

        in_time = sorted(told, key=lambda step: -step[2])
        expected = 1000
        for kind, quantity, _ in in_time:
            expected = 500 + quantity if kind == "count" else expected - quantity
        assert at(room, ago=0) == expected
        assert correcting.verify(session) == []
        session.rollback()
    engine.dispose()


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        (BERLIN, date(2026, 3, 29), 23),  # 02:30 does not exist
        (BERLIN, date(2026, 10, 25), 25),  # 02:30 comes twice
        (CAIRO, date(2026, 4, 23), 24),  # the next midnight does not exist: the day ends as the clock jumps
        (HAVANA, date(2026, 11, 1), 25),  # midnight comes twice: the first one begins the day
        (BERLIN, date(2026, 6, 1), 24),
    ],
)
def test_expiry_ends_with_the_local_day_however_long_it_is(zone: ZoneInfo, day: date, hours: int) -> None:
    start, end = end_of_day(day - timedelta(days=1), zone), end_of_day(day, zone)

    assert end - start == hours * HOUR_US
    item = Item(id=ItemId("i"), code="i", name="i")
    lot = Lot(id=LotId("l"), item=item.id, expires_at=end)
    assert reasons_against(lot, Need(item=item, now=end - 1)) == ()
    assert reasons_against(lot, Need(item=item, now=end)) == (Ineligible.EXPIRED,)
    local = datetime.fromtimestamp((end - 1) / 1e6, UTC).astimezone(zone)
    assert local.date() == day


def test_half_past_two_that_comes_twice_is_two_instants_in_order(room: Stockroom) -> None:
    first, second = from_text("2026-10-25T02:30:00+02:00"), from_text("2026-10-25T02:30:00+01:00")
    assert second - first == HOUR_US
    room.now = from_datetime(datetime(2026, 10, 25, 12, tzinfo=UTC))
    lot = room.receive("gloves", 20, "fridge", days=50).lines[0].lot
    # received "now", so put the receipt before both uses: a count would otherwise be the only earlier fact
    for index, instant in enumerate((second, first)):
        using.consume(
            room.session,
            ledger=room.ledger,
            command=room.command(occurred_at=instant),
            use=using.Use(item="gloves", quantity=3 + index, place="fridge", lot=lot),
        )

    between = correcting.as_of(room.session, item="gloves", place="fridge", occurred_at=first)
    after = correcting.as_of(room.session, item="gloves", place="fridge", occurred_at=second)
    assert (between, after) == (-4, -7)  # taken before the receipt that was written down for noon
    assert holding_of_key(Driver(room.session), ("fridge", "gloves", lot, "")).on_hand == 13


@pytest.mark.parametrize("text", ["2026-10-25T02:30:00", "2026-03-29T02:30:00", "2026-03-29 02:30"])
def test_wall_clock_time_without_its_offset_is_refused(text: str) -> None:
    """On two days a year it would mean two instants, or none."""
    with pytest.raises(ValueError, match="offset"):
        from_text(text)

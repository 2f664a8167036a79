"""The first stocktake of a hospital: all of it becomes stock, or none of it does, and only once."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, create_engine

import inventory.tables.triggers  # noqa: F401
from inventory.model.items import Tracking
from inventory.model.lots import LotStatus
from inventory.service import correcting, handing_out
from inventory.service.opening import Position, open_books
from inventory.tables import rows as tables
from inventory.tables.balances import StockFilter, list_stock
from inventory.tables.catalogue import load_lots
from inventory.tables.driver import Driver
from inventory.tables.ledger import load_movement
from inventory.tables.rows import table_of
from tests.inventory.stockroom import NOW, FakeLedger, Stockroom
from twin.clock import DAY_US
from twin.errors import Conflict, ImportRefused, Refused
from twin.events.supply import StockMoved

LATER = NOW + 90 * DAY_US


def position(**values: object) -> Position:
    given_values: dict[str, object] = {
        "item": "gloves",
        "place": "ward",
        "quantity": 10,
        "lot_number": "A",
        "expires_at": LATER,
        "row": "row 2",
    }
    return Position(**{**given_values, **values})  # type: ignore[arg-type]  # test shorthand


def on_hand(session: Session) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for each in list_stock(Driver(session), StockFilter(limit=10_000)):
        key = (each.holding.place, each.lot.number)
        found[key] = found.get(key, 0) + each.holding.on_hand
    return found


def test_every_position_becomes_stock_that_can_be_picked(stockroom: Stockroom) -> None:
    stockroom.item()

    opened = open_books(
        stockroom.session,
        ledger=stockroom.ledger,
        command=stockroom.command(id="go-live"),
        positions=[position(), position(lot_number="B", quantity=4), position(place="store", quantity=7)],
    )

    assert (opened.positions, opened.units, opened.lots, opened.quarantined) == (3, 21, 2, 0)
    assert on_hand(stockroom.session) == {("ward", "A"): 10, ("ward", "B"): 4, ("store", "A"): 7}
    assert correcting.verify(stockroom.session) == []
    handing_out.pick(
        stockroom.session,
        ledger=stockroom.ledger,
        command=stockroom.command(task="t"),
        request=handing_out.Request(item="gloves", quantity=12, place="ward"),
    )
    assert correcting.verify(stockroom.session) == []


def test_movement_of_a_stocktake_reads_like_any_other(stockroom: Stockroom) -> None:
    stockroom.item()
    open_books(
        stockroom.session, ledger=stockroom.ledger, command=stockroom.command(id="go-live"), positions=[position()]
    )

    movement = load_movement(Driver(stockroom.session), "go-live")

    assert movement is not None
    [line] = movement.lines
    assert (line.from_place, line.to_place, line.quantity) == ("found", "ward", 10)


def test_one_event_for_each_place_and_item(stockroom: Stockroom) -> None:
    stockroom.item()
    open_books(
        stockroom.session,
        ledger=stockroom.ledger,
        command=stockroom.command(),
        positions=[position(), position(lot_number="B"), position(place="store")],
    )

    moved = [event for event in stockroom.ledger.of(StockMoved) if isinstance(event, StockMoved)]
    assert sorted((event.to_place, event.quantity) for event in moved) == [("store", 10), ("ward", 20)]


def test_same_stocktake_twice_has_one_effect(stockroom: Stockroom) -> None:
    stockroom.item()
    given_positions = [position()]
    once = stockroom.command(id="once")

    first = open_books(stockroom.session, ledger=stockroom.ledger, command=once, positions=given_positions)
    again = open_books(stockroom.session, ledger=stockroom.ledger, command=once, positions=given_positions)

    assert (first.is_replay, again.is_replay) == (False, True)
    assert (again.positions, again.units, again.lots) == (first.positions, first.units, first.lots)
    with pytest.raises(ImportRefused, match="10 units already"):
        open_books(
            stockroom.session, ledger=stockroom.ledger, command=stockroom.command(id="twice"), positions=given_positions
        )

    assert on_hand(stockroom.session) == {("ward", "A"): 10}


@pytest.mark.parametrize(
    ("values", "field", "told"),
    [
        ({"item": "unheard-of"}, "item", "no known item"),
        ({"quantity": 0}, "quantity", "at least 1"),
        ({"lot_number": " "}, "lot", "tracked by lot"),
        ({"item": "pacemaker"}, "item", "piece by piece"),
    ],
)
def test_position_that_cannot_be_used_is_named_and_nothing_is_stored(
    stockroom: Stockroom, values: dict[str, object], field: str, told: str
) -> None:
    stockroom.item()
    stockroom.item("pacemaker", tracking=Tracking.SERIAL)

    with pytest.raises(ImportRefused) as refusal:
        open_books(
            stockroom.session,
            ledger=stockroom.ledger,
            command=stockroom.command(),
            positions=[position(), position(**values)],
        )

    [problem] = refusal.value.problems
    assert (problem.field, problem.place) == (field, "row 2")
    assert told in problem.message
    assert on_hand(stockroom.session) == {}


def test_lot_without_its_expiry_waits_in_quarantine(stockroom: Stockroom) -> None:
    stockroom.item(is_expiry_tracked=True)
    opened = open_books(
        stockroom.session, ledger=stockroom.ledger, command=stockroom.command(), positions=[position(expires_at=0)]
    )

    assert opened.quarantined == 1
    with pytest.raises(Refused) as refusal:
        handing_out.pick(
            stockroom.session,
            ledger=stockroom.ledger,
            command=stockroom.command(task="t"),
            request=handing_out.Request(item="gloves", quantity=1, place="ward"),
        )
    assert refusal.value.code == "stock.short"


def test_lot_that_is_known_already_keeps_its_status(stockroom: Stockroom) -> None:
    stockroom.item()
    stockroom.receive("gloves", 5, "store", lot="A", days=90)
    lot = stockroom.lot("gloves", "A", 90)

    open_books(stockroom.session, ledger=stockroom.ledger, command=stockroom.command(), positions=[position()])

    assert load_lots(Driver(stockroom.session), [lot])[lot].status is LotStatus.RELEASED
    assert on_hand(stockroom.session) == {("store", "A"): 5, ("ward", "A"): 10}


def test_command_of_another_movement_is_refused(stockroom: Stockroom) -> None:
    stockroom.item()
    stockroom.receive("gloves", 5, "store")

    with pytest.raises(Conflict):
        open_books(
            stockroom.session,
            ledger=stockroom.ledger,
            command=stockroom.command(id="command-1"),
            positions=[position()],
        )


@given(
    st.lists(
        st.tuples(st.sampled_from("AB"), st.sampled_from("XYZ"), st.integers(1, 50), st.sampled_from(["", "vendor"])),
        min_size=1,
        max_size=12,
    )
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_books_add_up_whatever_was_counted(counted: list[tuple[str, str, int, str]]) -> None:
    engine = create_engine("sqlite://")
    made = [table for name, table in tables.SQLModel.metadata.tables.items() if name.startswith("inventory_")]
    assert table_of(tables.EntryRow) in made
    tables.SQLModel.metadata.create_all(engine, tables=made)
    with Session(engine) as session:
        room = Stockroom(session, FakeLedger())
        room.item()

        open_books(
            session,
            ledger=room.ledger,
            command=room.command(),
            positions=[
                position(place=place, lot_number=lot, quantity=quantity, owner=owner)
                for place, lot, quantity, owner in counted
            ],
        )

        expected: dict[tuple[str, str], int] = {}
        for place, lot, quantity, _ in counted:
            expected[(place, lot)] = expected.get((place, lot), 0) + quantity
        assert on_hand(session) == expected
        assert correcting.verify(session) == []
    engine.dispose()

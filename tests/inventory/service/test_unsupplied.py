"""Stores that no place supplies: what lacks there is bought, never carried from nowhere."""

from __future__ import annotations

from datetime import UTC

import pytest

import inventory.tables.order_rows  # its tables
import inventory.tables.plan_rows  # noqa: F401
from inventory.model.orders import Supply
from inventory.model.places import StockPlace, StockPlaceKind
from inventory.model.stock import ParLevel, ParMethod
from inventory.service import buying, handing_out, restocking, using
from inventory.service.reviewing import Reviewed, ReviewSettings, review
from inventory.tables.balances import position_at
from inventory.tables.catalogue import save_place
from inventory.tables.driver import Driver
from scheduling.model.tasks import TaskStatus
from scheduling.tables.tasks import list_tasks, load_task, transitions_of
from tests.inventory.stockroom import Stockroom
from twin.events.things import BinEmptied
from twin.events.work import TaskKind, TaskRequested
from twin.ids import ItemId, PlaceId


@pytest.fixture
def store(stockroom: Stockroom) -> Stockroom:
    """A central store without a source that has 30 gloves of a par level of 100, and somebody who sells them."""
    stockroom.item()
    save_place(stockroom.session, StockPlace(id=PlaceId("store"), kind=StockPlaceKind.CENTRAL))
    stockroom.receive("gloves", 30, "store")
    buying.define_supply(stockroom.session, Supply(item=ItemId("gloves"), supplier="Acme", pack_quantity=10))
    return stockroom


def set_par(room: Stockroom, *, point: int = 20, source: str = "", method: ParMethod = ParMethod.FIXED) -> None:
    par = ParLevel(
        place=PlaceId("store"),
        item=ItemId("gloves"),
        par_level=100,
        reorder_point=point,
        source=PlaceId(source),
        method=method,
    )
    restocking.set_par(room.session, ledger=room.ledger, command=room.command(), par=par)


def use(room: Stockroom, quantity: int) -> None:
    wanted = using.Use(item="gloves", quantity=quantity, place="store")
    using.consume(room.session, ledger=room.ledger, command=room.command(), use=wanted)


def looked(room: Stockroom) -> Reviewed:
    settings = ReviewSettings(is_predicting=False)
    return review(room.session, ledger=room.ledger, command=room.command(actor="system"), settings=settings)


def ask_from_nowhere(room: Stockroom) -> str:
    """Open a task as it was made before stores were told apart; gives its id."""
    request = TaskRequested(
        thing="restock:store:gloves",
        occurred_at=room.now,
        source="twin:old",
        source_key="old-1",
        kind=TaskKind.RESTOCK,
        dedupe_key="restock:store:gloves",
        subject_id="gloves",
        to_place="store",
        quantity=70,
        reason="par_breach",
    )
    room.ledger.append(room.session, [request])
    [task] = list_tasks(room.session)
    return task.id


def test_a_shortage_leads_to_a_proposal_at_once_and_to_no_task(store: Stockroom) -> None:
    set_par(store)

    use(store, 15)
    found = buying.propose_orders(store.session, ledger=store.ledger, command=store.command(), zone=UTC)

    assert list_tasks(store.session) == []
    [order] = found.orders
    assert (order.place, order.lines[0].quantity) == ("store", 90)


def test_a_par_level_that_is_set_above_the_stock_asks_nobody(store: Stockroom) -> None:
    set_par(store, point=50)

    assert list_tasks(store.session) == []
    assert (looked(store).breaches, looked(store).without_source) == (0, 1)


def test_another_store_that_has_some_is_not_raided_for_it(store: Stockroom) -> None:
    save_place(store.session, StockPlace(id=PlaceId("pharmacy"), kind=StockPlaceKind.PHARMACY))
    store.receive("gloves", 500, "pharmacy", lot="P")

    set_par(store, point=50)

    assert looked(store).breaches == 0
    assert list_tasks(store.session) == []


def test_a_store_with_a_source_is_filled_from_there(store: Stockroom) -> None:
    save_place(store.session, StockPlace(id=PlaceId("depot"), kind=StockPlaceKind.CENTRAL))
    store.receive("gloves", 500, "depot", lot="D")

    set_par(store, point=50, source="depot")

    [task] = list_tasks(store.session)
    assert (task.from_place, task.to_place) == ("depot", "store")


def test_an_empty_bin_of_the_store_asks_nobody(store: Stockroom) -> None:
    set_par(store, method=ParMethod.TWO_BIN)
    empty = BinEmptied(thing="bin", occurred_at=store.now, source="gateway:g", source_key="read", place="store")

    store.ledger.append(store.session, [empty])

    assert list_tasks(store.session) == []


def test_an_old_task_from_nowhere_is_given_up_with_its_reason_by_the_next_round(store: Stockroom) -> None:
    set_par(store)
    task = ask_from_nowhere(store)

    looked(store)

    assert load_task(store.session, task).status is TaskStatus.CANCELLED
    assert transitions_of(store.session, task)[-1].reason == "bought"
    assert position_at(Driver(store.session), item="gloves", place="store").inbound == 0


def test_an_old_task_from_nowhere_keeps_no_proposal_away(store: Stockroom) -> None:
    set_par(store, point=50)
    task = ask_from_nowhere(store)

    found = buying.propose_orders(store.session, ledger=store.ledger, command=store.command(), zone=UTC)

    assert [order.lines[0].quantity for order in found.orders] == [70]
    assert load_task(store.session, task).status is TaskStatus.CANCELLED


def test_goods_that_are_on_a_cart_already_are_delivered_first(store: Stockroom) -> None:
    save_place(store.session, StockPlace(id=PlaceId("depot"), kind=StockPlaceKind.CENTRAL))
    store.receive("gloves", 500, "depot", lot="D")
    set_par(store)
    task = ask_from_nowhere(store)
    request = handing_out.Request(item="gloves", quantity=70, place="depot")
    handing_out.pick(store.session, ledger=store.ledger, command=store.command(task=task), request=request)

    looked(store)

    assert load_task(store.session, task).status is TaskStatus.PICKED

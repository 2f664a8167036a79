from __future__ import annotations

from inventory.model.places import carrier_of
from inventory.model.stock import ParLevel
from inventory.service import correcting, handing_out, restocking, using
from inventory.tables.balances import StockFilter, list_stock, position_at
from inventory.tables.driver import Driver
from scheduling.model.tasks import TaskAction, TaskStatus
from scheduling.tables.tasks import list_tasks, load_task, transitions_of
from tests.inventory.stockroom import Stockroom
from twin.events.supply import LoadReleased, ReleasedSet
from twin.events.things import BinEmptied
from twin.events.work import TaskCompleted, TaskCreated, TaskRequested
from twin.ids import ItemId, PlaceId


def set_par(room: Stockroom, level: int = 20, point: int = 5, pack: int = 1) -> None:
    restocking.set_par(
        room.session,
        ledger=room.ledger,
        command=room.command(),
        par=ParLevel(
            place=PlaceId("ward"),
            item=ItemId("gloves"),
            par_level=level,
            reorder_point=point,
            pack_multiple=pack,
            source=PlaceId("store"),
        ),
    )


def use(room: Stockroom, quantity: int) -> None:
    using.consume(
        room.session,
        ledger=room.ledger,
        command=room.command(),
        use=using.Use(item="gloves", quantity=quantity, place="ward"),
    )


def test_par_breach_makes_one_task_that_pick_and_delivery_close(stockroom: Stockroom) -> None:
    stockroom.item()
    stockroom.receive("gloves", 100, lot="STORE")
    stockroom.receive("gloves", 10, place="ward", lot="WARD")
    set_par(stockroom, pack=5)

    use(stockroom, 6)
    use(stockroom, 1)  # still below par, but the position counts what is on its way
    [task] = list_tasks(stockroom.session)
    for step in ("pick", "deliver"):
        command = stockroom.command(task=task.id)
        if step == "pick":
            request = handing_out.Request(item="gloves", quantity=task.quantity, place=task.from_place)
            handing_out.pick(stockroom.session, ledger=stockroom.ledger, command=command, request=request)
        else:
            handing_out.deliver(stockroom.session, ledger=stockroom.ledger, command=command, to_place=task.to_place)

    assert (task.quantity, task.from_place, task.to_place, task.reason) == (20, "store", "ward", "par_breach")
    assert len(stockroom.ledger.of(TaskRequested)) == 1
    closed = load_task(stockroom.session, task.id)
    assert (closed.status, closed.picked, closed.delivered) == (TaskStatus.COMPLETED, 20, 20)
    assert [step.action for step in transitions_of(stockroom.session, task.id)] == [
        TaskAction.PICK,
        TaskAction.COMPLETE,
    ]
    [done] = stockroom.ledger.of(TaskCompleted)
    assert done.thing == task.id
    stock = position_at(Driver(stockroom.session), item="gloves", place="ward")
    assert (stock.on_hand, stock.inbound) == (23, 0)
    assert list_stock(Driver(stockroom.session), StockFilter(place=carrier_of(task.id))) == []
    assert correcting.verify(stockroom.session) == []


def test_empty_bin_read_twice_asks_once(stockroom: Stockroom) -> None:
    stockroom.item()
    restocking.define_bin(stockroom.session, bin_id="bin-1", place="ward", item="gloves", quantity=50)
    for key in ("read-1", "read-2"):
        stockroom.ledger.append(
            stockroom.session,
            [BinEmptied(thing="bin-1", occurred_at=stockroom.now, source="gateway:g", source_key=key, place="ward")],
        )

    [created] = stockroom.ledger.of(TaskCreated)
    assert (created.subject_id, created.quantity, created.reason) == ("gloves", 50, "bin_empty")  # type: ignore[attr-defined]


def test_released_load_becomes_stock_with_lot_and_expiry(stockroom: Stockroom) -> None:
    expires_at = stockroom.now + 10**13
    event = LoadReleased(
        thing="load-1",
        occurred_at=stockroom.now,
        source="user:u",
        source_key="release-1",
        actor="u",
        machine="ster-1",
        cycle="c-1",
        sets=(ReleasedSet(gtin="09506000134352", lot="LOAD1", quantity=3, expires_at=expires_at),),
        place="cssd",
    )
    stockroom.ledger.append(stockroom.session, [event, event])

    [found] = list_stock(Driver(stockroom.session), StockFilter(place="cssd"))
    assert (found.lot.number, found.lot.expires_at, found.holding.on_hand) == ("LOAD1", expires_at, 3)
    assert correcting.verify(stockroom.session) == []

"""Promises when a task is given out, what a short task leaves owed, and substitutes from the pick to the shelf."""

from __future__ import annotations

import pytest

from inventory.model.back_orders import BackOrderState
from inventory.model.items import Substitute
from inventory.model.places import StockPlace, StockPlaceKind
from inventory.model.stock import ParLevel
from inventory.service import correcting, handing_out, owing, restocking, reviewing, substituting, using
from inventory.tables.back_orders import list_back_orders
from inventory.tables.balances import position_at
from inventory.tables.catalogue import save_place
from inventory.tables.driver import Driver
from inventory.tables.reservations import reservations_of
from scheduling.model.tasks import Task, TaskOutcome
from scheduling.service import tasks as work
from scheduling.tables.tasks import list_tasks, load_task
from tests.inventory.stockroom import Stockroom
from twin.clock import DAY_US
from twin.errors import FieldError, NotFound, Refused
from twin.events.work import TaskKind
from twin.ids import ItemId, PlaceId


def par(room: Stockroom, place: str = "ward", *, level: int = 20, point: int = 5, item: str = "gloves") -> None:
    wanted = ParLevel(
        place=PlaceId(place), item=ItemId(item), par_level=level, reorder_point=point, source=PlaceId("store")
    )
    restocking.set_par(room.session, ledger=room.ledger, command=room.command(), par=wanted)


def step(room: Stockroom, actor: str = "porter") -> work.Step:
    return work.Step(command_id=f"step-{room.numbers()}", actor=actor, at=room.now)


def asked(room: Stockroom, *, store: int = 100) -> Task:
    """A restock task of 20 gloves for the ward, with so many in the store."""
    room.item()
    if store:
        room.receive("gloves", store, lot="STORE")
    par(room)
    return list_tasks(room.session)[0]


def given(room: Stockroom, task: Task, assignee: str = "porter") -> None:
    work.assign(room.session, ledger=room.ledger, step=step(room), task=task.id, assignee=assignee)


def pick(room: Stockroom, task: Task, quantity: int, **values: str) -> None:
    request = handing_out.Request(
        item=values.get("item", "gloves"), quantity=quantity, place="store", lot=values.get("lot", "")
    )
    command = room.command(task=task.id, reason=values.get("reason", ""))
    handing_out.pick(room.session, ledger=room.ledger, command=command, request=request)


def deliver(room: Stockroom, task: Task) -> None:
    handing_out.deliver(room.session, ledger=room.ledger, command=room.command(task=task.id), to_place="ward")


def reserved(room: Stockroom, place: str = "store") -> int:
    return position_at(Driver(room.session), item="gloves", place=place).reserved


def end_short(room: Stockroom, task: Task) -> None:
    work.complete(room.session, ledger=room.ledger, step=step(room), task=task.id, outcome=TaskOutcome.SHORT)


def test_goods_are_promised_when_a_task_is_given_and_free_again_when_it_is_taken_back(stockroom: Stockroom) -> None:
    task = asked(stockroom)
    assert reserved(stockroom) == 0

    given(stockroom, task)
    given(stockroom, task, "somebody-else")  # from hand to hand the promise stays what it is
    promised = reserved(stockroom)
    given(stockroom, task, "")

    assert (promised, reserved(stockroom)) == (20, 0)
    assert correcting.verify(stockroom.session) == []


def test_promised_goods_are_for_that_task_alone(stockroom: Stockroom) -> None:
    task = asked(stockroom, store=25)
    given(stockroom, task)

    with pytest.raises(Refused) as short:
        stockroom_issue(stockroom, 6)
    stockroom_issue(stockroom, 5)
    pick(stockroom, task, 20)
    deliver(stockroom, task)

    assert short.value.code == "stock.short"
    assert (reserved(stockroom), position_at(Driver(stockroom.session), item="gloves", place="store").on_hand) == (0, 0)
    assert reservations_of(Driver(stockroom.session), task.id) == {}
    assert correcting.verify(stockroom.session) == []


def stockroom_issue(room: Stockroom, quantity: int) -> None:
    request = handing_out.Request(item="gloves", quantity=quantity, place="store")
    handing_out.issue(room.session, ledger=room.ledger, command=room.command(encounter="e-1"), request=request)


def test_who_takes_another_lot_than_the_promised_one_does_not_keep_both(stockroom: Stockroom) -> None:
    stockroom.item()
    stockroom.receive("gloves", 20, lot="EARLY", days=30)
    stockroom.receive("gloves", 20, lot="LATE", days=200)
    par(stockroom)
    [task] = list_tasks(stockroom.session)
    given(stockroom, task)
    assert reserved(stockroom) == 20

    pick(stockroom, task, 15, lot=stockroom.lot("gloves", "LATE", 200), reason="front of the shelf")

    assert reserved(stockroom) == 5  # what is still to be fetched, no more
    assert correcting.verify(stockroom.session) == []


def test_part_of_a_promise_is_kept_when_the_source_has_less(stockroom: Stockroom) -> None:
    task = asked(stockroom, store=7)
    given(stockroom, task)
    assert reserved(stockroom) == 7

    stockroom.receive("gloves", 50, lot="MORE")
    work.start(stockroom.session, ledger=stockroom.ledger, step=step(stockroom), task=task.id)

    assert reserved(stockroom) == 20  # beginning promises what has come since
    work.block(stockroom.session, ledger=stockroom.ledger, step=step(stockroom), task=task.id, reason="access")
    assert reserved(stockroom) == 0
    assert correcting.verify(stockroom.session) == []


def test_a_promise_of_yesterday_does_not_keep_goods_from_others(stockroom: Stockroom) -> None:
    task = asked(stockroom)
    given(stockroom, task)

    later = stockroom.command(occurred_at=stockroom.now + 2 * DAY_US, recorded_at=stockroom.now + 2 * DAY_US)
    settings = reviewing.ReviewSettings(is_predicting=False)
    reviewing.review(stockroom.session, ledger=stockroom.ledger, command=later, settings=settings)

    assert reserved(stockroom) == 0
    assert load_task(stockroom.session, task.id).is_open


def test_the_rest_of_a_short_task_is_owed_and_asked_for_when_some_arrives(stockroom: Stockroom) -> None:
    task = asked(stockroom, store=12)
    pick(stockroom, task, 12)
    deliver(stockroom, task)
    end_short(stockroom, task)

    [owed] = list_back_orders(stockroom.session)
    assert (owed.place, owed.item, owed.quantity, owed.source) == ("ward", "gloves", 8, "store")
    use(stockroom, 9)  # below the reorder point again, but nobody is sent to an empty shelf
    assert [one for one in list_tasks(stockroom.session) if one.kind is TaskKind.RESTOCK] == []

    stockroom.receive("gloves", 40, lot="NEW")

    [again] = list_tasks(stockroom.session)
    assert (again.quantity, again.from_place, again.reason) == (17, "store", "back_order")
    [done] = list_back_orders(stockroom.session, state=None)
    assert (done.state, done.task) == (BackOrderState.ASKED, again.id)
    assert correcting.verify(stockroom.session) == []


def use(room: Stockroom, quantity: int, place: str = "ward") -> None:
    using.consume(
        room.session,
        ledger=room.ledger,
        command=room.command(),
        use=using.Use(item="gloves", quantity=quantity, place=place),
    )


def test_a_shelf_that_the_books_call_full_is_counted_and_the_next_store_asked(stockroom: Stockroom) -> None:
    save_place(stockroom.session, StockPlace(id=PlaceId("pharmacy"), kind=StockPlaceKind.PHARMACY))
    task = asked(stockroom, store=30)
    stockroom.receive("gloves", 50, place="pharmacy", lot="PHARM")

    end_short(stockroom, task)  # the picker found nothing there

    found = {one.kind: one for one in list_tasks(stockroom.session)}
    assert (found[TaskKind.COUNT].to_place, found[TaskKind.COUNT].reason) == ("store", "short_pick")
    assert (found[TaskKind.RESTOCK].from_place, found[TaskKind.RESTOCK].quantity) == ("pharmacy", 20)
    assert list_back_orders(stockroom.session) == []


def test_what_is_owed_can_be_given_up_once(stockroom: Stockroom) -> None:
    end_short(stockroom, asked(stockroom, store=0))
    [owed] = list_back_orders(stockroom.session)

    owing.cancel_back_order(stockroom.session, command=stockroom.command(), identifier=owed.id)

    with pytest.raises(Refused) as again:
        owing.cancel_back_order(stockroom.session, command=stockroom.command(), identifier=owed.id)
    assert again.value.code == "back_order.state"
    with pytest.raises(NotFound):
        owing.cancel_back_order(stockroom.session, command=stockroom.command(), identifier="nobody's")


def pair(room: Stockroom, *, numerator: int = 1, approved: bool = True) -> None:
    room.item("mitts")
    offered = Substitute(item=ItemId("gloves"), stand_in=ItemId("mitts"), numerator=numerator)
    substituting.propose_substitute(room.session, substitute=offered)
    if approved:
        command = room.command(actor="nurse-1")
        substituting.approve_substitute(room.session, command=command, item="gloves", stand_in="mitts")


def test_a_substitute_closes_the_task_with_what_it_stands_for(stockroom: Stockroom) -> None:
    task = asked(stockroom, store=0)
    pair(stockroom, numerator=2)
    stockroom.receive("mitts", 25, lot="M1", days=30)
    stockroom.receive("mitts", 25, lot="M2", days=60)

    pick(stockroom, task, 40, item="mitts")  # two lots, 25 and 15: neither alone stands for a whole number
    picked = load_task(stockroom.session, task.id).picked
    deliver(stockroom, task)

    done = load_task(stockroom.session, task.id)
    assert (picked, done.delivered, done.outcome) == (20, 20, "substituted")
    assert position_at(Driver(stockroom.session), item="gloves", place="ward").inbound == 0
    assert correcting.verify(stockroom.session) == []


def test_substitutes_on_the_shelf_keep_the_round_from_bringing_more(stockroom: Stockroom) -> None:
    task = asked(stockroom, store=0)
    pair(stockroom)
    stockroom.receive("mitts", 20, lot="M1")
    pick(stockroom, task, 20, item="mitts")
    deliver(stockroom, task)
    stockroom.receive("gloves", 100, lot="NEW")

    settings = reviewing.ReviewSettings(is_predicting=False)
    found = reviewing.review(stockroom.session, ledger=stockroom.ledger, command=stockroom.command(), settings=settings)

    assert (found.breaches, list_tasks(stockroom.session)) == (0, [])


def test_another_ratio_takes_the_approval_away(stockroom: Stockroom) -> None:
    stockroom.item()
    pair(stockroom)
    same = substituting.propose_substitute(
        stockroom.session, substitute=Substitute(item=ItemId("gloves"), stand_in=ItemId("mitts"))
    )
    other = substituting.propose_substitute(
        stockroom.session, substitute=Substitute(item=ItemId("gloves"), stand_in=ItemId("mitts"), numerator=3)
    )

    assert (same.approved_by, other.approved_by) == ("nurse-1", "")
    with pytest.raises(Refused) as wrong:
        substituting.approved_stand_in(stockroom.session, item="gloves", stand_in="mitts")
    assert wrong.value.code == "stock.wrong_item"


@pytest.mark.parametrize(
    ("stand_in", "numerator", "denominator"),
    [
        ("gloves", 1, 1),  # itself
        ("mitts", 0, 1),
        ("mitts", 1, -1),
        ("mitts", 10_001, 1),
    ],
)
def test_a_pair_that_cannot_be_is_refused(
    stockroom: Stockroom, stand_in: str, numerator: int, denominator: int
) -> None:
    stockroom.item()
    stockroom.item("mitts")
    wrong = Substitute(item=ItemId("gloves"), stand_in=ItemId(stand_in), numerator=numerator, denominator=denominator)

    with pytest.raises(FieldError):
        substituting.propose_substitute(stockroom.session, substitute=wrong)

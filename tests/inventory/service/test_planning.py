"""A night's plan from the books, what a person does with it, and the round that looks at every shelf."""

from __future__ import annotations

import pytest

import inventory.tables.plan_rows  # noqa: F401  # its tables
from inventory.model.items import Criticality, Substitute
from inventory.model.lots import LotStatus
from inventory.model.places import StockPlace, StockPlaceKind
from inventory.model.planning import Decision, PlanSettings, ProposalState
from inventory.model.stock import ParLevel, ParMethod
from inventory.service import correcting, handing_out, planning, receiving, restocking, safety, substituting, using
from inventory.service.reviewing import Reviewed, ReviewSettings, review
from inventory.tables.catalogue import save_place
from inventory.tables.driver import Driver
from inventory.tables.planning import ProposalFilter, list_proposals, planned_lines, use_history
from scheduling.tables.tasks import list_tasks
from tests.inventory.stockroom import Stockroom
from twin.clock import DAY_US
from twin.errors import Conflict, NotFound, Refused
from twin.events.supply import StockoutPredicted
from twin.events.work import TaskKind
from twin.ids import ItemId, PlaceId

SETTINGS = PlanSettings(periods=8)


def par(room: Stockroom, par_level: int, reorder_point: int, *, source: str = "store") -> None:
    level = ParLevel(
        place=PlaceId("ward"),
        item=ItemId("gloves"),
        par_level=par_level,
        reorder_point=reorder_point,
        source=PlaceId(source),
    )
    restocking.set_par(room.session, ledger=room.ledger, command=room.command(), par=level)


def use_weekly(room: Stockroom, quantity: int, weeks: int = 8) -> None:
    """Use a quantity in the middle of each of the last weeks."""
    for week in range(weeks):
        at = room.now - (week * 7 + 3) * DAY_US
        using.consume(
            room.session,
            ledger=room.ledger,
            command=room.command(occurred_at=at, recorded_at=at),
            use=using.Use(item="gloves", quantity=quantity, place="ward"),
        )


@pytest.fixture
def ward(stockroom: Stockroom) -> Stockroom:
    """A ward whose gloves come from a store that has plenty; stocked since nine weeks."""
    stockroom.item(unit_cost_minor=10)
    start = stockroom.now - 63 * DAY_US
    for place, quantity in (("store", 500), ("ward", 200)):
        receiving.receive(
            stockroom.session,
            ledger=stockroom.ledger,
            command=stockroom.command(occurred_at=start, recorded_at=start),
            receipts=[
                receiving.Receipt(
                    item="gloves",
                    quantity=quantity,
                    place=place,
                    lot_number="A",
                    expires_at=stockroom.now + 90 * DAY_US,
                )
            ],
        )
    save_place(stockroom.session, StockPlace(id=PlaceId("store"), kind=StockPlaceKind.CENTRAL))
    return stockroom


def plan(room: Stockroom) -> planning.Replanned:
    prepared = planning.prepare(room.session, settings=SETTINGS, now=room.now)
    planning.store(room.session, prepared)
    return prepared.replanned()


def looked(room: Stockroom, **settings: object) -> Reviewed:
    wanted = ReviewSettings(**settings)  # type: ignore[arg-type]  # test shorthand
    return review(room.session, ledger=room.ledger, command=room.command(actor="system"), settings=wanted)


def test_plan_reads_the_books_and_says_what_it_found(ward: Stockroom) -> None:
    par(ward, 400, 100)
    use_weekly(ward, 21)

    found = plan(ward)
    proposal = planning.load_proposal(ward.session, place="ward", item="gloves")

    assert (found.lines, found.by_decision) == (1, {Decision.PROPOSED: 1})
    assert proposal.expected.mean_per_day == pytest.approx(3.0)
    assert (proposal.expected.periods, proposal.expected.censored) == (8, 0)
    assert proposal.fill_rate >= 0.98
    assert proposal.par_level < 30  # three a day need no four hundred
    assert proposal.stock_cost_minor < 0
    assert proposal.current.par_level == 400


def test_undone_use_is_no_demand(ward: Stockroom) -> None:
    par(ward, 40, 10)
    use_weekly(ward, 21)
    mistaken = using.consume(
        ward.session,
        ledger=ward.ledger,
        command=ward.command(occurred_at=ward.now - 2 * DAY_US, recorded_at=ward.now - 2 * DAY_US),
        use=using.Use(item="gloves", quantity=30, place="ward"),
    )
    correcting.reverse(ward.session, ledger=ward.ledger, command=ward.command(), movement=mistaken.id)

    plan(ward)

    proposal = planning.load_proposal(ward.session, place="ward", item="gloves")
    assert proposal.expected.mean_per_day == pytest.approx(3.0)


def test_accepted_proposal_is_the_par_level_and_can_be_taken_back(ward: Stockroom) -> None:
    par(ward, 400, 100)
    use_weekly(ward, 21)
    plan(ward)
    where = {"place": "ward", "item": "gloves"}

    accepted = planning.accept(ward.session, ledger=ward.ledger, command=ward.command(), **where)
    present = restocking.find_par(ward.session, **where)
    [change] = planning.list_changes(ward.session)
    with pytest.raises(Refused):  # it is not open any more
        planning.accept(ward.session, ledger=ward.ledger, command=ward.command(), **where)
    undone = planning.undo_change(ward.session, ledger=ward.ledger, command=ward.command(), change=change.id)

    assert present == accepted
    assert (undone.par_level, undone.reorder_point) == (400, 100)
    assert restocking.find_par(ward.session, **where) == undone
    with pytest.raises(Refused):
        planning.undo_change(ward.session, ledger=ward.ledger, command=ward.command(), change=change.id)


def test_accepted_par_level_is_left_alone_for_two_weeks(ward: Stockroom) -> None:
    par(ward, 400, 100)
    use_weekly(ward, 21)
    plan(ward)
    planning.accept(ward.session, ledger=ward.ledger, command=ward.command(), place="ward", item="gloves")
    use_weekly(ward, 5)

    soon = plan(ward).by_decision
    ward.now += 15 * DAY_US
    later = plan(ward).by_decision

    assert soon == {Decision.KEPT_FROZEN: 1}
    assert Decision.KEPT_FROZEN not in later


def test_proposal_on_an_old_par_level_is_not_accepted(ward: Stockroom) -> None:
    par(ward, 400, 100)
    use_weekly(ward, 21)
    plan(ward)
    par(ward, 50, 20)

    with pytest.raises(Conflict):
        planning.accept(ward.session, ledger=ward.ledger, command=ward.command(), place="ward", item="gloves")


def test_dismissed_proposal_stays_away_until_it_says_something_else(ward: Stockroom) -> None:
    par(ward, 400, 100)
    use_weekly(ward, 21)
    plan(ward)
    planning.dismiss(ward.session, place="ward", item="gloves")

    plan(ward)
    still = list_proposals(Driver(ward.session), ProposalFilter())
    use_weekly(ward, 90, weeks=1)
    plan(ward)
    again = list_proposals(Driver(ward.session), ProposalFilter())

    assert still == []
    assert [found.state for found in again] == [ProposalState.OPEN]


def test_nothing_planned_yet_is_not_found(ward: Stockroom) -> None:
    with pytest.raises(NotFound):
        planning.load_proposal(ward.session, place="ward", item="gloves")
    with pytest.raises(NotFound):
        planning.curve(ward.session, place="ward", item="gloves", settings=SETTINGS)
    assert plan(ward).lines == 0


def test_round_asks_once_for_a_shelf_that_no_movement_told_of(ward: Stockroom) -> None:
    with ward.session.begin_nested():  # a par level that came with an import: nobody was told
        restocking.store_pars(
            ward.session,
            [
                ParLevel(
                    place=PlaceId("ward"),
                    item=ItemId("gloves"),
                    par_level=300,
                    reorder_point=250,
                    source=PlaceId("store"),
                )
            ],
            accepted_by="",
            at=0,
        )

    first, second = looked(ward), looked(ward)

    assert (first.lines, first.breaches, first.waiting) == (1, 1, 0)
    assert (second.breaches, second.waiting) == (0, 1)
    [task] = list_tasks(ward.session)
    assert (task.kind, task.quantity, task.from_place, task.reason) == (TaskKind.RESTOCK, 100, "store", "par_breach")


def test_round_sends_somebody_before_a_shelf_runs_out(ward: Stockroom) -> None:
    par(ward, 300, 10)
    use_weekly(ward, 21)
    plan(ward)
    left = 200 - 8 * 21  # 32 left, three a day

    calm, worried = looked(ward, until_next_days=3.0), looked(ward, until_next_days=9.0)

    assert (calm.predicted, worried.predicted) == (0, 1)
    [event] = ward.ledger.of(StockoutPredicted)
    assert isinstance(event, StockoutPredicted)
    assert 0.05 < event.probability <= 1
    assert event.expected_at == pytest.approx(ward.now + left / 3.0 * DAY_US, abs=DAY_US / 100)
    [task] = list_tasks(ward.session)
    assert (task.reason, task.quantity) == ("stockout_predicted", 300 - left)


def test_recalled_stock_on_the_shelf_does_not_keep_a_round_away(ward: Stockroom) -> None:
    par(ward, 150, 50)
    ward.receive("gloves", 500, "store", lot="B", days=400)
    safety.change_status(ward.session, lot=ward.lot("gloves", "A", 90), status=LotStatus.RECALLED, reason="notice")

    found = looked(ward)

    assert found.breaches == 1
    [task] = [task for task in list_tasks(ward.session) if task.kind is TaskKind.RESTOCK]
    assert task.quantity == 150


def test_nobody_is_sent_for_what_no_place_has(ward: Stockroom) -> None:
    par(ward, 300, 250)
    for task in list_tasks(ward.session):
        restocking.end_inbound(ward.session, task=task.id)
    safety.change_status(ward.session, lot=ward.lot("gloves", "A", 90), status=LotStatus.HELD, reason="investigation")

    found = looked(ward)

    assert (found.breaches, found.without_source) == (0, 1)


def test_empty_usual_source_is_passed_over_for_a_store_that_has_some(ward: Stockroom) -> None:
    save_place(ward.session, StockPlace(id=PlaceId("other-store"), kind=StockPlaceKind.CENTRAL))
    par(ward, 300, 250, source="other-store")

    [task] = list_tasks(ward.session)

    assert task.from_place == "store"


def test_expired_goods_are_fetched_once_a_day(ward: Stockroom) -> None:
    ward.item("vaccine", criticality=Criticality.VITAL)
    ward.receive("vaccine", 5, "ward", lot="V", days=1)
    ward.now += 2 * DAY_US

    found = looked(ward)
    looked(ward)

    assert found.pulls == 1
    [task] = [task for task in list_tasks(ward.session) if task.kind is TaskKind.RETRIEVE]
    assert (task.subject_id, task.from_place, task.quantity, task.reason) == ("vaccine", "ward", 5, "expired")


def test_shelf_that_needs_goods_is_no_place_that_has_some(ward: Stockroom) -> None:
    use = using.Use(item="gloves", quantity=500, place="store")
    using.consume(ward.session, ledger=ward.ledger, command=ward.command(), use=use)
    par(ward, 300, 250)
    for task in list_tasks(ward.session):
        restocking.end_inbound(ward.session, task=task.id)

    found = looked(ward)

    # what lies on the ward itself is no reason to send a porter for more of it
    assert (found.breaches, found.without_source) == (0, 1)


def test_bin_that_nobody_defined_stands_for_all_two_bin_items_of_a_large_store(stockroom: Stockroom) -> None:
    items = [f"item-{number:03d}" for number in range(205)]
    for item in items:
        stockroom.item(item)
    pars = [
        ParLevel(place=PlaceId("ward"), item=ItemId(item), par_level=10, reorder_point=0, method=ParMethod.TWO_BIN)
        for item in items
    ]
    restocking.store_pars(stockroom.session, pars, accepted_by="user-1", at=stockroom.now)

    asked = restocking.request_for_bin(stockroom.session, bin_id="unknown", place="ward", now=stockroom.now)

    assert sorted(one.subject_id for one in asked) == items


def used_by_item(room: Stockroom, items: tuple[str, ...]) -> dict[str, float]:
    driver = Driver(room.session)
    lines = planned_lines(driver)
    found = use_history(driver, lines, start_at=room.now - 7 * DAY_US, period_us=7 * DAY_US + 1, periods=1)
    used = {
        (line.current.place, line.current.item): float(each.sum()) for line, each in zip(lines, found.used, strict=True)
    }
    return {item: used["ward", item] for item in items if ("ward", item) in used}


def two_small_for_a_large(room: Stockroom) -> None:
    """A ward that keeps large gloves; two small ones stand in for a large one."""
    room.item("small")
    room.receive("small", 40, "ward")
    par(room, 300, 5)
    pair = Substitute(item=ItemId("gloves"), stand_in=ItemId("small"), numerator=2, denominator=1)
    substituting.propose_substitute(room.session, substitute=pair)
    substituting.approve_substitute(room.session, command=room.command(actor="doctor"), item="gloves", stand_in="small")


def use_small(room: Stockroom) -> None:
    use = using.Use(item="small", quantity=8, place="ward")
    using.consume(room.session, ledger=room.ledger, command=room.command(), use=use)


def test_use_of_a_stand_in_teaches_the_item_that_lacked(ward: Stockroom) -> None:
    two_small_for_a_large(ward)
    use_small(ward)

    assert used_by_item(ward, ("gloves",)) == {"gloves": 4}


def test_stand_in_that_a_place_keeps_itself_teaches_its_own_demand(ward: Stockroom) -> None:
    two_small_for_a_large(ward)
    own = ParLevel(place=PlaceId("ward"), item=ItemId("small"), par_level=40, reorder_point=5)
    restocking.set_par(ward.session, ledger=ward.ledger, command=ward.command(), par=own)
    use_small(ward)

    assert used_by_item(ward, ("gloves", "small")) == {"gloves": 0, "small": 8}


def test_pick_of_a_stand_in_for_a_task_teaches_the_item_that_the_task_wanted(ward: Stockroom) -> None:
    two_small_for_a_large(ward)
    own = ParLevel(place=PlaceId("ward"), item=ItemId("small"), par_level=40, reorder_point=5)
    restocking.set_par(ward.session, ledger=ward.ledger, command=ward.command(), par=own)
    wanted = restocking.Inbound(task="task-1", place="theatre", item="gloves", quantity=4, at=ward.now)
    restocking.note_inbound(ward.session, wanted)

    request = handing_out.Request(item="small", quantity=8, place="ward")
    taken = handing_out.pick(ward.session, ledger=ward.ledger, command=ward.command(task="task-1"), request=request)

    assert taken.flags == ("stands_for:gloves",)
    assert used_by_item(ward, ("gloves", "small")) == {"gloves": 4, "small": 0}

"""What inventory does when something happens elsewhere: an empty bin, a released load, a moved stock, a task."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from inventory.model.kits import PlannedCase
from inventory.model.movements import Command
from inventory.model.places import is_carrier, is_virtual
from inventory.model.stock import ParLevel
from inventory.rules.case_carts import STAGE_ADDED, STAGES, CartTiming, Planned
from inventory.service.case_carts import EmergencyCase, ask_for_emergency, follow_operation, propose
from inventory.service.desk import CollectedEvents
from inventory.service.kits import CASE_KEY, carried_on
from inventory.service.owing import after_short, note_asked, owe_rest, requests_for_owed
from inventory.service.receiving import stock_released_sets
from inventory.service.reserving import free_task, reserve_for_task
from inventory.service.restocking import (
    Inbound,
    end_inbound,
    find_par,
    lower_inbound,
    note_inbound,
    remove_par,
    request_for_bin,
    request_for_breach,
    store_pars,
)
from inventory.tables.catalogue import find_item
from inventory.tables.kits import note_cart_task
from twin.events.envelope import Event
from twin.events.patients import StageReached
from twin.events.supply import LoadReleased, ParLevelSet, StockMoved
from twin.events.things import BinEmptied
from twin.events.work import (
    PlannedStay,
    PlanPublished,
    TaskAssigned,
    TaskBlocked,
    TaskCancelled,
    TaskCompleted,
    TaskCreated,
    TaskKind,
    TaskStarted,
)
from twin.ids import ItemId, PlaceId
from twin.ports import HandlerContext, Handlers

DEFAULT_TIMING = CartTiming()
SHORT = "short"
"""Outcome of a task that brought less than it was asked for."""


def ask_for_bin(context: HandlerContext, event: Event) -> Iterable[Event]:
    """Ask for the contents of a bin that was put to the empty position."""
    assert isinstance(event, BinEmptied)  # noqa: S101  # the registry hands over nothing else
    return request_for_bin(context.session, bin_id=event.thing, place=event.place, now=event.occurred_at)


def ask_after_movement(context: HandlerContext, event: Event) -> Iterable[Event]:
    """Ask for more where a movement left too little, and note what has arrived."""
    assert isinstance(event, StockMoved)  # noqa: S101
    session, carried = context.session, None
    if event.task and event.reason == "deliver":
        lower_inbound(session, task=event.task, quantity=event.quantity_for_task)
        carried = carried_on(
            session,
            task=event.task,
            item=event.thing,
            place=event.to_place,
            quantity=event.quantity,
            now=event.occurred_at,
        )
    if find_item(session, event.thing) is None:
        return ()  # moved in another system's books: nothing is kept for it here
    request = request_for_breach(session, item=event.thing, place=event.from_place, now=event.occurred_at)
    requests = [one for one in (request, carried) if one is not None]
    if not is_virtual(event.to_place) and not is_carrier(event.to_place):
        requests += requests_for_owed(session, item=event.thing, source=event.to_place, now=event.occurred_at)
    return requests


def ask_after_par(context: HandlerContext, event: Event) -> Iterable[Event]:
    """Keep a par level that was set elsewhere, and ask at once if the place is below it."""
    assert isinstance(event, ParLevelSet)  # noqa: S101
    session = context.session
    if find_item(session, event.thing) is None:
        return ()
    if not event.par_level:
        remove_par(session, place=event.place, item=event.thing)
        return ()
    known = find_par(session, place=event.place, item=event.thing)
    if known is None or (known.par_level, known.reorder_point) != (event.par_level, event.reorder_point):
        par = ParLevel(
            place=PlaceId(event.place),
            item=ItemId(event.thing),
            par_level=event.par_level,
            reorder_point=event.reorder_point,
            pack_multiple=known.pack_multiple if known else 1,
            source=known.source if known else PlaceId(""),
        )
        store_pars(session, [par], accepted_by=event.actor, at=context.now)
    request = request_for_breach(session, item=event.thing, place=event.place, now=event.occurred_at)
    return () if request is None else (request,)


def stock_load(context: HandlerContext, event: Event) -> Iterable[Event]:
    """Make the sets of a released load stock where the load stands."""
    assert isinstance(event, LoadReleased)  # noqa: S101
    if not event.sets:
        return ()
    # a load whose place nobody knows stands at its machine until it is scanned elsewhere
    place = event.place if event.place and not is_virtual(event.place) else event.machine
    told = CollectedEvents()
    command = Command(
        id=f"load:{event.thing}",
        actor=event.actor or "system",
        occurred_at=event.occurred_at,
        recorded_at=context.now,
        reason="load_released",
    )
    stock_released_sets(context.session, ledger=told, command=command, sets=event.sets, place=place)
    return told.events


def note_task(context: HandlerContext, event: Event) -> Iterable[Event]:
    """Note what a new restock task will bring."""
    assert isinstance(event, TaskCreated)  # noqa: S101
    if event.kind is TaskKind.RESTOCK and event.subject_id and event.to_place and event.quantity > 0:
        inbound = Inbound(
            task=event.thing,
            place=event.to_place,
            item=event.subject_id,
            quantity=event.quantity,
            at=event.occurred_at,
            source=event.from_place,
        )
        note_inbound(context.session, inbound)
        if event.dedupe_key.startswith(CASE_KEY):
            cart = event.dedupe_key.removeprefix(CASE_KEY).partition(":")[0]
            note_cart_task(context.session, task=event.thing, cart=cart)
        note_asked(context.session, place=inbound.place, item=inbound.item, task=inbound.task, at=event.occurred_at)
    return ()


def promise_goods(context: HandlerContext, event: Event) -> Iterable[Event]:
    """Promise to a task that somebody has what it will fetch; one that was taken back gets nothing kept for it."""
    assert isinstance(event, TaskAssigned | TaskStarted)  # noqa: S101
    if isinstance(event, TaskAssigned) and not event.assignee:
        free_task(context.session, task=event.thing)
    else:
        reserve_for_task(context.session, task=event.thing, now=context.now)
    return ()


def free_goods(context: HandlerContext, event: Event) -> Iterable[Event]:
    """Give back what was promised to a task that cannot go on; it is promised again when somebody begins anew."""
    assert isinstance(event, TaskBlocked)  # noqa: S101
    free_task(context.session, task=event.thing)
    return ()


def forget_task(context: HandlerContext, event: Event) -> Iterable[Event]:
    """Forget what a closed task would have brought; what a short one has not is owed to the place."""
    session, now = context.session, event.occurred_at
    is_short = isinstance(event, TaskCompleted) and event.outcome == SHORT
    owed = owe_rest(session, task=event.thing, at=now) if is_short else None
    end_inbound(session, task=event.thing)
    return () if owed is None else after_short(session, owed, now=now)


def cases_of(stays: Sequence[PlannedStay]) -> tuple[PlannedCase, ...]:
    """Give the operations among planned stays."""
    return tuple(
        PlannedCase(
            encounter=stay.encounter,
            procedure=stay.procedure,
            surgeon=stay.surgeon,
            theatre=stay.theatre,
            starts_at=stay.theatre_start_at,
            number=number,
        )
        for number, stay in enumerate(stays)
        if stay.theatre and stay.theatre_start_at
    )


def follow_published(context: HandlerContext, event: Event, *, timing: CartTiming = DEFAULT_TIMING) -> Iterable[Event]:
    """Propose the case carts of a new surgery plan, and let those of the plan before follow it."""
    assert isinstance(event, PlanPublished)  # noqa: S101
    if event.kind != "admissions":
        return ()
    planned = Planned(
        plan=event.thing, start_at=event.start_at, cases=cases_of(event.stays), number=event.id, timing=timing
    )
    return propose(context.session, planned, now=context.now)


def follow_board(context: HandlerContext, event: Event) -> Iterable[Event]:
    """Let a case cart follow what the day's board of operations says."""
    assert isinstance(event, StageReached)  # noqa: S101
    if event.stage not in STAGES:
        return ()  # by far the most: a patient's way through the house opens no transaction here
    if event.stage == STAGE_ADDED:
        return _bring_emergency(context, event)
    return follow_operation(
        context.session,
        encounter=event.thing,
        stage=event.stage,
        theatre=event.service_point,
        number=event.id,
        now=context.now,
    )


def _bring_emergency(context: HandlerContext, event: StageReached) -> list[Event]:
    told = CollectedEvents()
    command = Command(
        id=f"emergency:{event.id}",
        actor=event.actor or "system",
        occurred_at=event.occurred_at,
        recorded_at=context.now,
    )
    emergency = EmergencyCase(
        encounter=event.thing, theatre=event.service_point, procedure=event.procedure, number=event.id
    )
    ask_for_emergency(context.session, ledger=told, command=command, emergency=emergency)
    return told.events


def handlers(timing: CartTiming = DEFAULT_TIMING) -> Handlers:
    """Give inventory's handlers by event type and stable name.

    Parameters
    ----------
    timing : CartTiming, optional
        When case carts are due and asked for.
    """
    return {
        BinEmptied: {"inventory.bin": ask_for_bin},
        StockMoved: {"inventory.par": ask_after_movement},
        ParLevelSet: {"inventory.par_set": ask_after_par},
        LoadReleased: {"inventory.load": stock_load},
        PlanPublished: {"inventory.case_carts": partial(follow_published, timing=timing)},
        StageReached: {"inventory.case_board": follow_board},
        TaskCreated: {"inventory.inbound": note_task},
        TaskAssigned: {"inventory.promise": promise_goods},
        TaskStarted: {"inventory.promise": promise_goods},
        TaskBlocked: {"inventory.promise_end": free_goods},
        TaskCompleted: {"inventory.inbound_end": forget_task},
        TaskCancelled: {"inventory.inbound_end": forget_task},
    }

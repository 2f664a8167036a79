"""What scheduling does when something happens elsewhere: requests become tasks, movements close them."""

from __future__ import annotations

from collections.abc import Iterable

from scheduling.model.tasks import TaskOutcome, TaskStatus
from scheduling.service.tasks import (
    Step,
    close,
    create_task,
    give_up,
    note_brought_back,
    note_delivered,
    note_picked,
)
from scheduling.tables.tasks import find_open_by_key, find_task
from twin.events.envelope import Event
from twin.events.patients import BedReadiness, BedReadinessChanged, EncounterDeparted
from twin.events.places import PlaceKind
from twin.events.supply import StockMoved
from twin.events.work import RequestSettled, TaskKind, TaskRequested
from twin.ports import HandlerContext, Handlers
from twin.state.beds import is_bed

CLEANING_DUE_US = 45 * 60 * 1_000_000
"""Time in which a vacated bed should be clean, microseconds."""


def open_task(context: HandlerContext, event: Event) -> Iterable[Event]:
    """Make a task of a request; it carries the id of the request that opened it."""
    assert isinstance(event, TaskRequested)  # noqa: S101  # the registry hands over nothing else
    created = create_task(context.session, task_id=event.id, request=event)
    # The request's own id becomes the task's, so that a request that is handled twice makes one task.
    return () if created is None else (created,)


def end_task(context: HandlerContext, event: Event) -> Iterable[Event]:
    """End the task of a request that was settled elsewhere: a signed work order needs no second signature here."""
    assert isinstance(event, RequestSettled)  # noqa: S101  # the registry hands over nothing else
    task = find_open_by_key(context.session, event.dedupe_key)
    if task is None:
        return ()
    if not event.is_done and task.status is TaskStatus.PICKED:
        return ()  # goods are on somebody's cart: they are delivered or brought back, and end the task themselves
    step = Step(command_id=event.source_key, actor=event.actor or "system", at=event.occurred_at, source=event.source)
    if event.is_done:
        return close(context.session, step=step, task=task, outcome=TaskOutcome.DONE)[1]
    return give_up(context.session, step=step, task=task, reason=event.reason or "not_needed")[1]


def clean_after_departure(context: HandlerContext, event: Event) -> Iterable[Event]:
    """Make a vacated bed dirty and ask for its cleaning."""
    assert isinstance(event, EncounterDeparted)  # noqa: S101
    place = event.place or _bed_of(context, event.thing)
    if not place or (place in context.state.places and not is_bed(context.state, place)):
        return ()  # nobody knows which bed, or it was a chair or a room
    known = context.state.places.get(event.place)
    if known is not None and known.kind is not PlaceKind.BED:
        return ()  # a waiting area or a corridor is not a bed to be made
    dirty = BedReadinessChanged(
        thing=place,
        occurred_at=event.occurred_at,
        source="",
        source_key="",
        readiness=BedReadiness.DIRTY,
    )
    request = TaskRequested(
        thing=place,
        occurred_at=event.occurred_at,
        source="",
        source_key="",
        kind=TaskKind.CLEAN,
        dedupe_key=f"clean:{place}",
        subject_id=place,
        to_place=place,
        due_at=event.occurred_at + CLEANING_DUE_US,
        priority=2,
        reason="departure",
    )
    return dirty, request


def _bed_of(context: HandlerContext, encounter: str) -> str:
    """Give where an encounter was as far as the live state knows; empty if it does not."""
    known = context.state.encounters.get(encounter)
    return (known.present or known.place) if known is not None else ""


def follow_stock(context: HandlerContext, event: Event) -> Iterable[Event]:
    """Note what was picked and delivered for a task; the last delivery completes it in the same transaction."""
    assert isinstance(event, StockMoved)  # noqa: S101
    if not event.task:
        return ()
    task = find_task(context.session, event.task, lock=True)
    if task is None or not task.is_open:
        return ()
    step = Step(command_id=event.source_key, actor=event.actor or "system", at=event.occurred_at, source=event.source)
    quantity = event.quantity_for_task
    if event.reason == "pick":
        note_picked(context.session, step=step, task=task, quantity=quantity)
    elif event.reason == "return":
        note_brought_back(context.session, step=step, task=task, quantity=quantity)
    elif event.reason == "deliver":
        outcome = TaskOutcome.DONE if event.counts_as < 0 else TaskOutcome.SUBSTITUTED
        return note_delivered(context.session, step=step, task=task, quantity=quantity, outcome=outcome)[1]
    return ()


def handlers() -> Handlers:
    """Give scheduling's handlers by event type and stable name."""
    return {
        TaskRequested: {"scheduling.task": open_task},
        RequestSettled: {"scheduling.settled": end_task},
        EncounterDeparted: {"scheduling.clean": clean_after_departure},
        StockMoved: {"scheduling.stock": follow_stock},
    }

"""Which facts begin or end which abnormal conditions; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from server.alarms.classes import AlarmClass
from twin.events.envelope import Event
from twin.events.supply import CycleEnded, CycleStarted, StockMoved, StockoutPredicted, Verdict
from twin.events.things import AssetMoved, EgressSeen, TagSuspected
from twin.events.watch import GatewayHealthChanged, GatewayStatus
from twin.events.work import TaskCancelled, TaskCompleted, TaskCreated


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A condition begins or ends.

    Parameters
    ----------
    alarm_class : str
        Key of the class.
    subject : str
        Id of what it is about.
    is_on : bool
        Whether it begins.
    at : int
        Since when, UTC microseconds.
    place : str
        Id of where to go; empty if none.
    starts_at : int
        When it becomes abnormal, UTC microseconds, if that lies ahead: a due time, a waiting limit; else 0.
    parameters : tuple[tuple[str, str], ...]
        Values that the message names.
    """

    alarm_class: str
    subject: str
    is_on: bool
    at: int
    place: str = ""
    starts_at: int = 0
    parameters: tuple[tuple[str, str], ...] = ()


CAUSES: frozenset[type[Event]] = frozenset(
    {
        EgressSeen,
        AssetMoved,
        GatewayHealthChanged,
        CycleEnded,
        CycleStarted,
        StockoutPredicted,
        StockMoved,
        TagSuspected,
        TaskCreated,
        TaskCompleted,
        TaskCancelled,
    }
)
"""Events that may begin or end a condition; all others may be passed over."""

STOCK_KEY = "{item}@{place}"


def stock_subject(item: str, place: str) -> str:
    """Give the subject of an alarm about an item at a place."""
    return STOCK_KEY.format(item=item, place=place)


def conditions_of(event: Event, *, exits: frozenset[str], classes: Mapping[str, AlarmClass]) -> Iterator[Condition]:
    """Give the conditions that an event begins or ends.

    Parameters
    ----------
    event : Event
        Any.
    exits : frozenset[str]
        Ids of places that lead out of the house; an asset seen elsewhere ends its egress.
    classes : Mapping[str, AlarmClass]
        Limits and deadbands.
    """
    at = event.occurred_at
    if isinstance(event, EgressSeen):
        yield Condition(alarm_class="egress", subject=event.thing, is_on=True, at=at, place=event.place)
    elif isinstance(event, AssetMoved):
        if event.to_place not in exits:
            yield Condition(alarm_class="egress", subject=event.thing, is_on=False, at=at)
    elif isinstance(event, GatewayHealthChanged):
        is_off = event.status is GatewayStatus.OFFLINE
        cause = (("detail", event.detail),)
        yield Condition(alarm_class="gateway_offline", subject=event.thing, is_on=is_off, at=at, parameters=cause)
    elif isinstance(event, TagSuspected):
        where = (("other", event.other_zone), ("reason", event.reason.value))
        yield Condition(
            alarm_class="tag_suspected",
            subject=event.thing,
            is_on=not event.is_over,
            at=at,
            place=event.zone,
            parameters=where,
        )
    elif isinstance(event, CycleEnded):
        failed = event.verdict is not Verdict.PASS
        told = (("cycle", event.cycle), ("verdict", event.verdict.value), ("reasons", ", ".join(event.reasons)))
        yield Condition(alarm_class="cycle_failed", subject=event.thing, is_on=failed, at=at, parameters=told)
    elif isinstance(event, CycleStarted):
        yield Condition(alarm_class="cycle_failed", subject=event.thing, is_on=False, at=at)
    elif isinstance(event, StockoutPredicted | StockMoved):
        yield from _stock(event, classes["stockout_predicted"])
    elif isinstance(event, TaskCreated | TaskCompleted | TaskCancelled):
        yield from _task(event)


def _stock(event: StockoutPredicted | StockMoved, data: AlarmClass) -> Iterator[Condition]:
    at = event.occurred_at
    if isinstance(event, StockMoved):
        # What arrives ends it; the next prediction raises it again if it was too little.
        yield Condition(
            alarm_class="stockout_predicted", subject=stock_subject(event.thing, event.to_place), is_on=False, at=at
        )
        return
    is_on = event.probability >= data.limit_share
    if not is_on and event.probability > data.limit_share * (1 - data.deadband_share):
        return  # within the deadband: whatever holds goes on
    told = (
        ("item", event.thing),
        ("expected_at", str(event.expected_at)),
        ("probability", f"{event.probability:.2f}"),
    )
    subject = stock_subject(event.thing, event.place)
    yield Condition(
        alarm_class="stockout_predicted", subject=subject, is_on=is_on, at=at, place=event.place, parameters=told
    )


def _task(event: TaskCreated | TaskCompleted | TaskCancelled) -> Iterator[Condition]:
    if not isinstance(event, TaskCreated):
        yield Condition(alarm_class="task_overdue", subject=event.thing, is_on=False, at=event.occurred_at)
    elif event.due_at:
        told = (("kind", event.kind.value), ("about", event.subject_id))
        yield Condition(
            alarm_class="task_overdue",
            subject=event.thing,
            is_on=True,
            at=event.occurred_at,
            place=event.to_place,
            starts_at=event.due_at,
            parameters=told,
        )

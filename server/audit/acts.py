"""Acts of people that change what the hospital does, noted in the audit whichever door they came through.

The audit hears them from the ledger, in the transaction that stores them: an act through the API, a page, the handheld
or the command line cannot pass it by, and one that is undone leaves no row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from server.audit.chain import Entry, note
from twin.events.envelope import Event
from twin.events.patients import BedReadinessChanged, BedServiceChanged, QueueCalled, QueueLeft, StageReached
from twin.events.places import PathClosed, PathReopened, PlaceDefined, PlaceRemoved
from twin.events.supply import ItemsMerged, LoadRejected, LoadReleased, OrderDecided
from twin.events.things import AssetRetired, LimitsSet, TagSuspected
from twin.events.watch import AlarmAcknowledged, AlarmShelved, AlarmUnshelved
from twin.events.work import (
    LeaveGranted,
    LeaveTermsSet,
    PlanPublished,
    ShiftRequestChanged,
    TaskAssigned,
    TaskBlocked,
    TaskCancelled,
    TaskCompleted,
    TaskRequested,
    TaskStarted,
)
from twin.ports import HandlerContext, Handlers

NAME = "access.acts"
NOBODY = frozenset({"", "system"})
"""Actors of what happens by itself: a par breach asks for a task, a deadline cancels one."""

ACTIONS: Mapping[type[Event], str] = MappingProxyType(
    {
        LoadReleased: "load.released",
        LoadRejected: "load.rejected",
        ItemsMerged: "item.merged",
        OrderDecided: "order.decided",
        PlanPublished: "plan.published",
        ShiftRequestChanged: "shift_request.changed",
        LeaveTermsSet: "leave.terms_set",
        LeaveGranted: "leave.granted",
        AssetRetired: "asset.retired",
        LimitsSet: "limits.set",
        TagSuspected: "tag.suspicion_settled",
        PlaceDefined: "place.defined",
        PlaceRemoved: "place.removed",
        PathClosed: "path.closed",
        PathReopened: "path.reopened",
        BedServiceChanged: "bed.service_changed",
        BedReadinessChanged: "bed.readiness_changed",
        AlarmAcknowledged: "alarm.acknowledged",
        AlarmShelved: "alarm.shelved",
        AlarmUnshelved: "alarm.unshelved",
        TaskRequested: "task.requested",
        TaskAssigned: "task.assigned",
        TaskStarted: "task.started",
        TaskBlocked: "task.blocked",
        TaskCompleted: "task.completed",
        TaskCancelled: "task.cancelled",
        QueueCalled: "queue.called",
        QueueLeft: "queue.left",
        StageReached: "encounter.stage_reached",
    }
)
"""Code of the audit by what happened."""

FACTS = (
    "reason",
    "service",
    "readiness",
    "until",
    "assignee",
    "outcome",
    "quantity",
    "machine",
    "cycle",
    "content_hash",
    "kind",
    "subject_id",
    "name",
    "parent",
    "counter",
    "exception_reason",
    "stage",
    "staff",
    "partner",
    "service_point",
    "dropped",
    "is_undone",
    "decision",
    "supplier",
    "value_minor",
)
"""Fields of the event that the row repeats; the rest stands in the ledger under ``event``."""


def entry_of(event: Event) -> Entry:
    """Give the row of an act.

    Parameters
    ----------
    event : Event
        Of a type in :data:`ACTIONS`, as stored.
    """
    told = {name: getattr(event, name) for name in FACTS if getattr(event, name, None)}
    facts = {"event": event.id, "source": event.source, **{name: _plain(value) for name, value in told.items()}}
    return Entry(at=event.recorded_at, actor=event.actor, action=ACTIONS[type(event)], subject=event.thing, facts=facts)


def _plain(value: object) -> object:
    return value if isinstance(value, int) else str(value)


def note_act(context: HandlerContext, event: Event) -> Iterable[Event]:
    """Note an act of somebody; nothing for what happens by itself.

    Parameters
    ----------
    context : HandlerContext
        The transaction that stores the event.
    event : Event
        Of a type in :data:`ACTIONS`.
    """
    if event.actor not in NOBODY:
        note(context.session, entry_of(event))
    return ()


def handlers() -> Handlers:
    """Give the handler of each audited event type."""
    return {kind: {NAME: note_act} for kind in ACTIONS}

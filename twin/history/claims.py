"""What an event says of which facet of which thing: the vocabulary of the history.

Facets are registers: the claim with the greatest precedence up to an instant holds. The facets of encounters are not
claimed by single events, since cancels, swaps and merges reach back; ``encounters`` folds them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twin.events import patients, places, supply, things, watch, work
from twin.events.envelope import Event

Claim = tuple[str, str, str]
"""Facet, thing, value; an empty value means none."""


def _bearer(event: things.TagBound) -> list[Claim]:
    return [("tag.bearer", event.thing, f"{event.bearer_kind}/{event.bearer}")]


def _seen(event: things.ZoneChanged | things.ZoneConfirmed) -> list[Claim]:
    claims = [("tag.zone", event.thing, event.zone)]
    # A reader that does not ask for the chip says nothing of it; that is no claim that there is none.
    return [*claims, ("tag.chip", event.thing, event.tid)] if event.tid else claims


def _registered(event: things.AssetRegistered) -> list[Claim]:
    return [
        ("asset.home", event.thing, event.home),
        ("asset.category", event.thing, event.category),
        ("asset.register", event.thing, "active"),
    ]


def _released(event: supply.LoadReleased) -> list[Claim]:
    return [("asset.readiness", asset, "clean") for asset in event.assets]


_CLAIMS: dict[type[Event], Callable[[Any], list[Claim]]] = {
    things.ZoneChanged: _seen,
    things.ZoneConfirmed: _seen,
    things.PortalCrossed: lambda e: [("tag.zone", e.thing, e.to_zone)],
    things.TagLost: lambda e: [("tag.zone", e.thing, "")],
    things.TagBound: _bearer,
    things.TagUnbound: lambda e: [("tag.bearer", e.thing, "")],
    things.AssetRegistered: _registered,
    things.AssetRetired: lambda e: [("asset.register", e.thing, "retired")],
    things.CustodyChanged: lambda e: [("asset.custodian", e.thing, e.custodian)],
    things.DeviceReadinessChanged: lambda e: [("asset.readiness", e.thing, str(e.readiness))],
    things.DeviceStatusChanged: lambda e: [("asset.status", e.thing, e.status)],
    things.AvailabilityChanged: lambda e: [("asset.usable", e.thing, "yes" if e.is_usable else "no")],
    supply.LoadReleased: _released,
    supply.CycleStarted: lambda e: [("asset.cycle", e.thing, e.cycle)],
    supply.CycleEnded: lambda e: [("asset.cycle", e.thing, "")],
    supply.ParLevelSet: lambda e: [("item.par", f"{e.thing}@{e.place}", f"{e.par_level}/{e.reorder_point}")],
    patients.BedReadinessChanged: lambda e: [("bed.readiness", e.thing, str(e.readiness))],
    patients.BedServiceChanged: lambda e: [("bed.service", e.thing, str(e.service))],
    patients.QueueJoined: lambda e: [("ticket.status", e.thing, f"waiting@{e.service_point}")],
    patients.QueueCalled: lambda e: [("ticket.status", e.thing, "called")],
    patients.QueueServiceStarted: lambda e: [("ticket.status", e.thing, "serving")],
    patients.QueueServiceEnded: lambda e: [("ticket.status", e.thing, "ended")],
    patients.QueueLeft: lambda e: [("ticket.status", e.thing, "left")],
    places.PathClosed: lambda e: [("path.open", e.thing, "no")],
    places.PathReopened: lambda e: [("path.open", e.thing, "yes")],
    places.PlaceDefined: lambda e: [("place.parent", e.thing, e.parent)],
    places.PlaceRemoved: lambda e: [("place.parent", e.thing, "")],
    work.TaskCreated: lambda e: [("task.status", e.thing, "created")],
    work.TaskAssigned: lambda e: [("task.assignee", e.thing, e.assignee)],
    work.TaskStarted: lambda e: [("task.status", e.thing, "started")],
    work.TaskBlocked: lambda e: [("task.status", e.thing, "blocked")],
    work.TaskCompleted: lambda e: [("task.status", e.thing, "completed")],
    work.TaskCancelled: lambda e: [("task.status", e.thing, "cancelled")],
    watch.AlarmRaised: lambda e: [("alarm.status", e.thing, "raised")],
    watch.AlarmAcknowledged: lambda e: [("alarm.status", e.thing, "acknowledged")],
    watch.AlarmShelved: lambda e: [("alarm.status", e.thing, "shelved")],
    watch.AlarmUnshelved: lambda e: [("alarm.status", e.thing, "unshelved")],
    watch.AlarmCleared: lambda e: [("alarm.status", e.thing, "cleared")],
    watch.GatewayHealthChanged: lambda e: [("gateway.status", e.thing, str(e.status))],
}


def claims_of(event: Event) -> list[Claim]:
    """Give what an event says, as (facet, thing, value).

    Parameters
    ----------
    event : Event
        Any event; those about encounters, and those that only ask for something, claim nothing here.
    """
    maker = _CLAIMS.get(type(event))
    return maker(event) if maker is not None else []

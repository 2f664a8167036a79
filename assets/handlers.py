"""What the device organ does when something happens: movements, egress, readiness, availability.

``handlers()`` gives the functions by event type and stable name; each only writes this organ's tables and gives derived
events, to which the ledger adds source, key and cause.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from assets.rules.egress import is_egress, is_exit
from assets.service.custody import permits_of
from assets.service.mirroring import (
    mirror_custody,
    mirror_entries,
    mirror_readiness,
    mirror_retirement,
    mirror_status,
)
from assets.service.notices import rematch_rows
from assets.tables.register import find_asset
from twin.events.envelope import Event
from twin.events.supply import LoadReleased
from twin.events.things import (
    AssetMoved,
    AssetRegistered,
    AssetRetired,
    AvailabilityChanged,
    CustodyChanged,
    DeviceReadiness,
    DeviceReadinessChanged,
    DeviceStatusChanged,
    EgressSeen,
    PortalCrossed,
    ZoneChanged,
)
from twin.ports import HandlerContext, Handlers, InBatches


def handlers() -> Handlers:
    """Give this organ's handlers by event type and stable name."""
    return {
        AssetRegistered: {"assets.register": InBatches(on_registered)},
        AssetRetired: {"assets.retirement": on_retired},
        ZoneChanged: {"assets.movement": InBatches(on_zone_changed), "assets.egress": InBatches(on_seen_at_exit)},
        PortalCrossed: {"assets.movement": on_portal_crossed, "assets.egress": on_crossed_exit},
        LoadReleased: {"assets.release": on_load_released},
        DeviceReadinessChanged: {"assets.readiness": on_readiness_changed},
        DeviceStatusChanged: {"assets.status": on_status_changed},
        CustodyChanged: {"assets.custody": on_custody_changed},
    }


def on_registered(context: HandlerContext, events: Sequence[Event]) -> list[Iterable[Event]]:
    """Enter assets that came as events, and look whether an open safety notice applies to them."""
    registered = [event for event in events if isinstance(event, AssetRegistered)]
    rows = mirror_entries(context.session, registered)
    changed = rematch_rows(context.session, [(rows[event.thing], event.occurred_at) for event in registered])
    return [_told(one) for one in changed]


def on_retired(context: HandlerContext, event: Event) -> Iterable[Event]:
    """Retire an asset of which another system says so."""
    assert isinstance(event, AssetRetired)  # noqa: S101  # the runner calls by type
    return _told(mirror_retirement(context.session, event))


def on_zone_changed(context: HandlerContext, events: Sequence[Event]) -> list[Iterable[Event]]:
    """Tell of assets what was seen of their tags."""
    told: list[Iterable[Event]] = [()] * len(events)
    for index, event in enumerate(events):
        assert isinstance(event, ZoneChanged)  # noqa: S101  # the runner calls by type
        if event.zone != event.previous_zone:
            asset = _asset_of(context, event.thing, event.occurred_at)
            if asset:
                told[index] = (_moved(asset, event, from_place=event.previous_zone, to_place=event.zone),)
    return told


def on_portal_crossed(context: HandlerContext, event: Event) -> Iterable[Event]:
    """Tell of the asset what was seen of its tag at a doorway."""
    assert isinstance(event, PortalCrossed)  # noqa: S101  # the runner calls by type
    asset = _asset_of(context, event.thing, event.occurred_at)
    return (_moved(asset, event, from_place=event.from_zone, to_place=event.to_zone),) if asset else ()


def on_seen_at_exit(context: HandlerContext, events: Sequence[Event]) -> list[Iterable[Event]]:
    """Tell that assets stand at an exit without a permit."""
    told: list[Iterable[Event]] = [()] * len(events)
    # few zones and thousands of sightings at a time: each zone is judged once
    exits: dict[str, bool] = {}
    for index, event in enumerate(events):
        assert isinstance(event, ZoneChanged)  # noqa: S101  # the runner calls by type
        zone = event.zone
        leads_out = exits.get(zone)
        if leads_out is None:
            leads_out = exits[zone] = is_exit(_purpose(context, zone))
        if leads_out:
            told[index] = _egress(context, event, place=zone, from_place=event.previous_zone)
    return told


def on_crossed_exit(context: HandlerContext, event: Event) -> Iterable[Event]:
    """Tell that an asset went out through an exit without a permit; coming in is none."""
    assert isinstance(event, PortalCrossed)  # noqa: S101  # the runner calls by type
    if is_exit(_purpose(context, event.to_zone)):
        return _egress(context, event, place=event.to_zone, from_place=event.from_zone)
    if is_exit(_purpose(context, event.portal)) and not is_exit(_purpose(context, event.from_zone)):
        known = context.state.places.get(event.to_zone)
        # A portal that stands for an exit leads outside where the plan ends, unless it leads into a known place.
        return () if known is not None else _egress(context, event, place=event.portal, from_place=event.from_zone)
    return ()


def on_load_released(context: HandlerContext, event: Event) -> Iterable[Event]:
    """Tell that the devices of a released load are clean."""
    assert isinstance(event, LoadReleased)  # noqa: S101  # the runner calls by type
    return [
        DeviceReadinessChanged(
            thing=asset, occurred_at=event.occurred_at, source="", source_key="", readiness=DeviceReadiness.CLEAN
        )
        for asset in event.assets
    ]


def on_readiness_changed(context: HandlerContext, event: Event) -> Iterable[Event]:
    """Tell if a device became usable, or not, by being clean or dirty."""
    assert isinstance(event, DeviceReadinessChanged)  # noqa: S101  # the runner calls by type
    return _told(mirror_readiness(context.session, event))


def on_status_changed(context: HandlerContext, event: Event) -> Iterable[Event]:
    """Tell if a device became usable, or not, by what it reports of itself."""
    assert isinstance(event, DeviceStatusChanged)  # noqa: S101  # the runner calls by type
    return _told(mirror_status(context.session, event))


def on_custody_changed(context: HandlerContext, event: Event) -> Iterable[Event]:
    """Follow who answers for a device when another system says so."""
    assert isinstance(event, CustodyChanged)  # noqa: S101  # the runner calls by type
    return _told(mirror_custody(context.session, event))


def _told(changed: AvailabilityChanged | None) -> Iterable[Event]:
    return () if changed is None else (changed,)


def _asset_of(context: HandlerContext, tag: str, at: int) -> str:
    """Give the asset to which a tag was fixed at an instant, or ``""``: a wristband is nobody's asset."""
    bearer = context.bearer_of(tag, at)
    if bearer and (bearer in context.state.assets or find_asset(context.session, bearer) is not None):
        return bearer
    return ""


def _moved(asset: str, event: Event, *, from_place: str, to_place: str) -> AssetMoved:
    return AssetMoved(
        thing=asset,
        occurred_at=event.occurred_at,
        source="",
        source_key="",
        confidence=event.confidence,
        from_place=from_place,
        to_place=to_place,
    )


def _purpose(context: HandlerContext, place: str) -> str:
    known = context.state.places.get(place)
    return known.purpose if known is not None else ""


def _egress(context: HandlerContext, event: Event, *, place: str, from_place: str) -> Iterable[Event]:
    purpose = _purpose(context, place)
    if not is_exit(purpose):
        return ()
    asset = _asset_of(context, event.thing, event.occurred_at)
    if not asset:
        return ()
    row = find_asset(context.session, asset)
    entry = context.state.assets[asset].entry if asset in context.state.assets else None
    may_leave = row.may_leave if row is not None else entry is not None and entry.may_leave
    permits = permits_of(context.session, asset)
    if not is_egress(purpose=purpose, may_leave=may_leave, permits=permits, at=event.occurred_at):
        return ()
    return (
        EgressSeen(
            thing=asset,
            occurred_at=event.occurred_at,
            source="",
            source_key="",
            confidence=event.confidence,
            place=place,
            from_place=from_place,
        ),
    )

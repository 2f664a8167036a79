"""Facets of assets and beds: registers in which the latest claim wins."""

from __future__ import annotations

from twin.events.patients import BedReadinessChanged, BedServiceChanged
from twin.events.supply import CycleEnded, CycleStarted, LoadRejected, LoadReleased
from twin.events.things import (
    AssetRegistered,
    AssetRetired,
    AvailabilityChanged,
    CustodyChanged,
    DeviceReadinessChanged,
    DeviceStatusChanged,
    EgressSeen,
)
from twin.state.claims import hold, is_newer
from twin.state.model import Asset, Bed
from twin.state.tables import Tables


def asset_of(tables: Tables, asset_id: str) -> Asset:
    """Give the record of an asset; made when somebody speaks of it for the first time."""
    asset = tables.assets.get(asset_id)
    if asset is None:
        asset = tables.assets[asset_id] = Asset(id=asset_id)
    return asset


def is_in_register(asset: Asset) -> bool:
    """Tell whether an asset is registered and not retired since."""
    return asset.entry is not None and (asset.retired is None or is_newer(asset.entry, asset.retired))


def place_asset(tables: Tables, asset_id: str, observed: str | None = None) -> None:
    """Bring the indices of one asset in line with its register entry and its tags.

    An asset that is seen but not in the register stands under the empty category.

    Parameters
    ----------
    tables : Tables
        Changed in place.
    asset_id : str
        Id of the asset.
    observed : str, optional
        Zone where its tags were seen, empty for none; as before if not given.
    """
    index = tables.index
    # taken out first and put in anew: category, home and zone may all have changed
    before = index.asset_slot.pop(asset_id, None)
    if before is not None:
        index.assets_by_category[before[0]][before[1]].discard(asset_id)
    if observed is None:
        observed = before[2] if before is not None else ""
    asset = tables.assets.get(asset_id)
    entry = asset.entry if asset is not None and is_in_register(asset) else None
    place = observed or (entry.home if entry is not None else "")
    if entry is not None or place:
        category = entry.category if entry is not None else ""
        index.asset_slot[asset_id] = (category, place, observed)
        index.assets_by_category[category][place].add(asset_id)


def asset_registered(tables: Tables, event: AssetRegistered) -> None:
    """Keep a register entry."""
    asset = asset_of(tables, event.thing)
    if is_newer(event, asset.entry):
        asset.entry = event
        place_asset(tables, event.thing)


def asset_retired(tables: Tables, event: AssetRetired) -> None:
    """Take an asset out of the register."""
    asset = asset_of(tables, event.thing)
    if is_newer(event, asset.retired):
        asset.retired = event
        place_asset(tables, event.thing)


def custody_changed(tables: Tables, event: CustodyChanged) -> None:
    """Keep who answers for an asset."""
    asset = asset_of(tables, event.thing)
    if is_newer(event, asset.custody):
        asset.custody = event


def device_readiness(tables: Tables, event: DeviceReadinessChanged) -> None:
    """Keep whether a device is clean."""
    asset = asset_of(tables, event.thing)
    if is_newer(event, asset.readiness):
        asset.readiness = event


def device_status(tables: Tables, event: DeviceStatusChanged) -> None:
    """Keep what a device reports of itself."""
    asset = tables.assets.get(event.thing) or asset_of(tables, event.thing)
    held = asset.status
    if held is None or event.occurred_at > held.occurred_at or is_newer(event, held):
        asset.status = event


def availability_changed(tables: Tables, event: AvailabilityChanged) -> None:
    """Keep whether a device may be used, and why not."""
    asset = asset_of(tables, event.thing)
    if is_newer(event, asset.availability):
        asset.availability = event


def egress_seen(tables: Tables, event: EgressSeen) -> None:
    """Keep when an asset last passed an exit without a permit."""
    asset = asset_of(tables, event.thing)
    if is_newer(event, asset.egress):
        asset.egress = event


def cycle_changed(tables: Tables, event: CycleStarted | CycleEnded) -> None:
    """Keep the latest cycle of a machine."""
    asset = asset_of(tables, event.thing)
    if is_newer(event, asset.cycle):
        asset.cycle = event


def load_released(tables: Tables, event: LoadReleased) -> None:
    """Keep the verdict on a load; its devices are clean from then on."""
    hold(tables.loads, event.thing, event)
    for asset_id in event.assets:
        asset = asset_of(tables, asset_id)
        if is_newer(event, asset.readiness):
            asset.readiness = event


def load_rejected(tables: Tables, event: LoadRejected) -> None:
    """Keep the verdict on a load."""
    hold(tables.loads, event.thing, event)


def bed_readiness(tables: Tables, event: BedReadinessChanged) -> None:
    """Keep whether a bed is clean."""
    bed = tables.beds.setdefault(event.thing, Bed(id=event.thing))
    if is_newer(event, bed.readiness):
        bed.readiness = event


def bed_service(tables: Tables, event: BedServiceChanged) -> None:
    """Keep whether a bed is in service."""
    bed = tables.beds.setdefault(event.thing, Bed(id=event.thing))
    if is_newer(event, bed.service):
        bed.service = event

"""Following what others say about devices, so that the register agrees with the ledger whoever spoke first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlmodel import Session, col, select

from assets.model.regions import CustodyState, OperationalState, Regions, ReprocessingState
from assets.model.register import Asset, CustodianKind
from assets.service.availability import settle
from assets.tables.register import asset_of_row, find_asset, find_assets, new_row, regions_of_row, write_entry
from assets.tables.rows import AssetRow, CustodyRow
from twin.events.things import (
    AssetRegistered,
    AssetRetired,
    AvailabilityChanged,
    CustodyChanged,
    DeviceReadiness,
    DeviceReadinessChanged,
    DeviceStatusChanged,
)

_READINESS = {
    DeviceReadiness.CLEAN: ReprocessingState.CLEAN,
    DeviceReadiness.DIRTY: ReprocessingState.DIRTY,
    DeviceReadiness.REPROCESSING: ReprocessingState.REPROCESSING,
}


def mirror_entries(session: Session, events: Sequence[AssetRegistered]) -> dict[str, AssetRow]:
    """Enter, or bring up to date, assets that came in as events, such as from a spreadsheet; give their rows by id."""
    rows = find_assets(session, [event.thing for event in events])
    for event in events:
        row = rows.get(event.thing)
        if row is None:
            rows[event.thing] = row = _entered(event)
        else:
            _follow(row, event)
        session.add(row)
    session.flush()
    return rows


def _told(event: AssetRegistered) -> dict[str, object]:
    return {
        "category": event.category,
        "name": event.name,
        "model": event.model,
        "home": event.home,
        "pool": event.pool,
        "gtin": event.gtin,
        "serial": event.serial,
        "is_mobile": event.is_mobile,
        "may_leave": event.may_leave,
    }


def _entered(event: AssetRegistered) -> AssetRow:
    asset = Asset(id=event.thing, control_no=event.thing, **_told(event))  # type: ignore[arg-type]  # names are fields
    return new_row(asset, regions=Regions(reprocessing=ReprocessingState.CLEAN), at=event.occurred_at)


def _follow(row: AssetRow, event: AssetRegistered) -> None:
    # An edit says anew what stands in the entry, not since when the device is watched: failure rates rest on that.
    row.registered_at = min(row.registered_at or event.occurred_at, event.occurred_at)
    if event.occurred_at < row.entry_at:
        return
    held = asset_of_row(row)
    changed = replace(held, **_told(event))  # type: ignore[arg-type]  # names are fields
    row.entry_at = event.occurred_at
    if changed != held:
        write_entry(row, changed)
        row.version += 1


def mirror_retirement(session: Session, event: AssetRetired) -> AvailabilityChanged | None:
    """Retire an asset of which another system says so."""
    row = find_asset(session, event.thing)
    if row is None or event.occurred_at < row.entry_at:
        return None
    regions = regions_of_row(row)
    if regions.operational in (OperationalState.RETIRED, OperationalState.SANITISED, OperationalState.DISPOSED):
        return None
    return settle(session, row, replace(regions, operational=OperationalState.RETIRED), at=event.occurred_at)


def mirror_readiness(session: Session, event: DeviceReadinessChanged) -> AvailabilityChanged | None:
    """Keep whether a device is clean; an older word than the one held changes nothing."""
    row = _ensure(session, event.thing, event.occurred_at)
    if event.occurred_at < row.readiness_at:
        return None
    row.readiness_at = event.occurred_at
    regions = replace(regions_of_row(row), reprocessing=_READINESS[event.readiness])
    return settle(session, row, regions, at=event.occurred_at)


def mirror_status(session: Session, event: DeviceStatusChanged) -> AvailabilityChanged | None:
    """Keep what a device reports of itself; an older word than the one held changes nothing."""
    row = _ensure(session, event.thing, event.occurred_at)
    if event.occurred_at < row.status_at:
        return None
    row.status_at = event.occurred_at
    if row.status == event.status:
        session.add(row)
        return None
    return settle(session, row, replace(regions_of_row(row), status=event.status), at=event.occurred_at)


def mirror_custody(session: Session, event: CustodyChanged) -> AvailabilityChanged | None:
    """Keep who answers for a device when another system says so; our own acts have done it already."""
    row = _ensure(session, event.thing, event.occurred_at)
    current = session.exec(
        select(CustodyRow).where(col(CustodyRow.asset) == row.id, col(CustodyRow.end_at) == 0)
    ).first()
    holder = current.custodian if current is not None else ""
    if holder == event.custodian or (current is not None and event.occurred_at <= current.start_at):
        return None
    if current is not None:
        current.end_at = event.occurred_at
        session.add(current)
        session.flush()
    if event.custodian:
        session.merge(
            CustodyRow(
                asset=row.id,
                start_at=event.occurred_at,
                custodian=event.custodian,
                kind=CustodianKind.PERSON.value,
            )
        )
    custody = CustodyState.HELD if event.custodian else CustodyState.FREE
    return settle(session, row, replace(regions_of_row(row), custody=custody), at=event.occurred_at)


def _ensure(session: Session, asset_id: str, at: int) -> AssetRow:
    """Give the row of a device; a device of which nobody has said more than a facet gets a bare entry."""
    row = find_asset(session, asset_id)
    if row is None:
        asset = Asset(id=asset_id, control_no=asset_id, category="", name=asset_id)
        row = new_row(asset, regions=Regions(), at=0)
        session.add(row)
        session.flush()
    return row

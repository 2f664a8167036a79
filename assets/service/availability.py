"""Keeping each device's usability true, and telling when it changes."""

from __future__ import annotations

from dataclasses import replace

from sqlmodel import Session

from assets.model.regions import GONE, Regions
from assets.rules.usability import usability_of
from assets.service.act import Act
from assets.tables.register import load_asset, regions_of_row, write_regions
from assets.tables.rows import AssetRow
from twin.events.things import AvailabilityChanged


def settle(session: Session, row: AssetRow, regions: Regions, *, at: int) -> AvailabilityChanged | None:
    """Put a device into a state; give the event if that makes it usable, unusable, or so for other reasons.

    Parameters
    ----------
    session : Session
        The transaction.
    row : AssetRow
        The device.
    regions : Regions
        Its new state.
    at : int
        Since when, UTC microseconds.

    Returns
    -------
    AvailabilityChanged or None
        Without source and key, which the caller knows.
    """
    found = usability_of(regions)
    reasons = ",".join(found.reasons)
    # Told only when it changes: plans, boards and forecasts count usable devices and work anew at every word.
    is_same = row.is_usable == found.is_usable and row.reasons == reasons
    write_regions(row, regions)
    row.retired_at = (row.retired_at or at) if regions.operational in GONE else 0
    row.is_usable, row.reasons = found.is_usable, reasons
    row.version += 1
    session.add(row)
    session.flush()
    if is_same:
        return None
    return AvailabilityChanged(
        thing=row.id,
        occurred_at=at,
        source="",
        source_key="",
        is_usable=found.is_usable,
        reasons=found.reasons,
    )


def change_state(session: Session, *, act: Act, asset_id: str, **changes: object) -> AssetRow:
    """Change regions of a device's state and tell if it became usable or not.

    Parameters
    ----------
    session : Session
        The transaction.
    act : Act
        Who acts.
    asset_id : str
        Which device.
    **changes : object
        New states by region, as in :class:`assets.model.regions.Regions`.

    Raises
    ------
    NotFound
        If there is no such asset.
    """
    row = load_asset(session, asset_id)
    regions = replace(regions_of_row(row), **changes)  # type: ignore[arg-type]  # the names are fields of Regions
    changed = settle(session, row, regions, at=act.now)
    if changed is not None:
        tell(session, act, changed)
    return row


def tell(session: Session, act: Act, changed: AvailabilityChanged) -> None:
    """Store that a device became usable or not, as a consequence of an act."""
    event = AvailabilityChanged(
        thing=changed.thing,
        occurred_at=changed.occurred_at,
        source=act.source,
        # One per act and device: two changes in one act need keys apart, else the second is taken for a repetition.
        source_key=f"{act.key}:availability:{changed.thing}",
        actor=act.actor.id,
        is_usable=changed.is_usable,
        reasons=changed.reasons,
    )
    act.ledger.append(session, [event])

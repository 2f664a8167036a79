"""Register rows to values and back."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlmodel import Session, col, select

from assets.model.regions import ComplianceFlag, CustodyState, OperationalState, Regions, ReprocessingState
from assets.model.register import Asset, DeviceModel
from assets.tables.rows import AssetRow, IdentifierRow, ModelRow
from twin.errors import NotFound

IDS_A_QUERY = 500
"""Ids named in one query; both databases take some thousands of values at most."""


def asset_of_row(row: AssetRow) -> Asset:
    """Give the register entry of a row."""
    return msgspec.json.decode(row.body, type=Asset)


def regions_of_row(row: AssetRow) -> Regions:
    """Give the present state of a row."""
    flags = frozenset(ComplianceFlag(flag) for flag in row.compliance.split(",") if flag)
    return Regions(
        operational=OperationalState(row.operational),
        reprocessing=ReprocessingState(row.reprocessing),
        custody=CustodyState(row.custody),
        compliance=flags,
        status=row.status,
    )


def flagged_with(session: Session, flag: ComplianceFlag) -> set[str]:
    """Give the ids of the assets that carry a flag, in one query for the whole register."""
    # flags stand in one column, divided by commas; no flag's name is part of another's
    return set(session.exec(select(AssetRow.id).where(col(AssetRow.compliance).contains(flag.value))))


def write_regions(row: AssetRow, regions: Regions) -> None:
    """Put a state into a row."""
    row.operational = regions.operational.value
    row.reprocessing = regions.reprocessing.value
    row.custody = regions.custody.value
    row.compliance = ",".join(sorted(regions.compliance))
    row.status = regions.status


def write_entry(row: AssetRow, asset: Asset) -> None:
    """Put a register entry into a row."""
    for name in ("control_no", "category", "name", "model", "manufacturer", "serial", "gtin", "home", "pool", "parent"):
        setattr(row, name, getattr(asset, name))
    row.may_leave = asset.may_leave
    row.body = msgspec.json.encode(asset).decode()


def new_row(asset: Asset, *, regions: Regions, at: int) -> AssetRow:
    """Give the row of an asset that enters the register.

    Parameters
    ----------
    asset : Asset
        The entry.
    regions : Regions
        State to begin with.
    at : int
        When it is registered, UTC microseconds.
    """
    row = AssetRow(
        id=asset.id,
        control_no=asset.control_no,
        category=asset.category,
        name=asset.name,
        operational="",
        reprocessing="",
        custody="",
        registered_at=at,
        entry_at=at,
    )
    write_entry(row, asset)
    write_regions(row, regions)
    return row


def find_asset(session: Session, asset_id: str) -> AssetRow | None:
    """Give the row of an asset, or None."""
    return session.get(AssetRow, asset_id)


def find_assets(session: Session, ids: Sequence[str]) -> dict[str, AssetRow]:
    """Give the rows of those assets that are known, by id."""
    found: dict[str, AssetRow] = {}
    for first in range(0, len(ids), IDS_A_QUERY):
        some = ids[first : first + IDS_A_QUERY]
        found.update((row.id, row) for row in session.exec(select(AssetRow).where(col(AssetRow.id).in_(some))))
    return found


def load_asset(session: Session, asset_id: str) -> AssetRow:
    """Give the row of an asset.

    Raises
    ------
    NotFound
        If there is no such asset.
    """
    row = session.get(AssetRow, asset_id)
    if row is None:
        raise NotFound("asset", asset_id)
    return row


def list_assets(
    session: Session, *, category: str = "", is_usable: bool | None = None, after: str = "", limit: int = 200
) -> list[AssetRow]:
    """Give assets by id.

    Parameters
    ----------
    session : Session
        Any session.
    category : str
        Only this kind; all if empty.
    is_usable : bool or None
        Only usable, or only unusable, ones.
    after : str
        Id after which to go on.
    limit : int
        At most this many.
    """
    query = select(AssetRow).where(col(AssetRow.id) > after)
    if category:
        query = query.where(col(AssetRow.category) == category)
    if is_usable is not None:
        query = query.where(col(AssetRow.is_usable) == is_usable)
    return list(session.exec(query.order_by(col(AssetRow.id)).limit(limit)))


def find_by_identifier(session: Session, value: str) -> AssetRow | None:
    """Give the asset that a scanned mark, control number or id names, or None."""
    # Ids and control numbers are unique, marks only within their kind: the unique ones go first.
    row = session.get(AssetRow, value)
    if row is None:
        row = session.exec(select(AssetRow).where(col(AssetRow.control_no) == value)).first()
    if row is None:
        mark = session.exec(select(IdentifierRow).where(col(IdentifierRow.value) == value)).first()
        row = session.get(AssetRow, mark.asset) if mark is not None else None
    return row


def save_model(session: Session, model: DeviceModel) -> None:
    """Write a catalogue entry, new or changed."""
    body = msgspec.json.encode(model).decode()
    session.merge(ModelRow(id=model.id, category=model.category, body=body))
    session.flush()


def load_model(session: Session, model_id: str) -> DeviceModel:
    """Give a catalogue entry.

    Raises
    ------
    NotFound
        If there is no such entry.
    """
    row = session.get(ModelRow, model_id)
    if row is None:
        raise NotFound("device model", model_id)
    return msgspec.json.decode(row.body, type=DeviceModel)


def load_models(session: Session) -> dict[tuple[str, str], DeviceModel]:
    """Give all catalogue entries by (maker, name) in small letters, and by ("", id)."""
    found: dict[tuple[str, str], DeviceModel] = {}
    for row in session.exec(select(ModelRow).order_by(col(ModelRow.id))):
        model = msgspec.json.decode(row.body, type=DeviceModel)
        found["", model.id] = model
        found[model.manufacturer.casefold(), model.name.casefold()] = model
    return found


def list_models(session: Session, *, limit: int = 1000) -> list[DeviceModel]:
    """Give catalogue entries by id."""
    rows = session.exec(select(ModelRow).order_by(col(ModelRow.id)).limit(limit))
    return [msgspec.json.decode(row.body, type=DeviceModel) for row in rows]


def model_of(session: Session, asset: Asset) -> DeviceModel | None:
    """Give the catalogue entry of an asset by its maker and model, or by the entry's id; None if there is none."""
    models = load_models(session)
    return models.get((asset.manufacturer.casefold(), asset.model.casefold())) or models.get(("", asset.model))

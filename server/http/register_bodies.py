"""What the routes of the device register take and give; what is shown can be sent back as it is told."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from assets.model.register import Asset
from assets.tables.register import asset_of_row
from assets.tables.rows import AssetRow
from server.http.asset_bodies import Count, Key, Level, Short, instant
from server.http.history import parse_instant

_INSTANTS = ("acquired_at", "commissioned_at", "warranty_until")


class AssetTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A register entry; instants are ISO 8601 with an offset, empty for none."""

    id: Key
    control_no: Key
    category: Key
    name: Key
    model: Short = ""
    manufacturer: Short = ""
    serial: Short = ""
    lot: Short = ""
    gtin: Annotated[str, msgspec.Meta(max_length=20, pattern=r"^[^\x00]*$")] = ""
    owner: Short = ""
    cost_centre: Short = ""
    home: Short = ""
    pool: Short = ""
    parent: Short = ""
    acquired_at: Short = ""
    commissioned_at: Short = ""
    warranty_until: Short = ""
    cost: Count = 0
    firmware: Short = ""
    criticality: Level = 2
    is_mobile: bool = True
    may_leave: bool = False

    def fields(self) -> dict[str, Any]:
        """Give what was told by the names of the register."""
        told = {name: getattr(self, name) for name in self.__struct_fields__}
        return told | {name: parse_instant(told[name], name) if told[name] else 0 for name in _INSTANTS}

    def to_asset(self) -> Asset:
        """Give it as the organ's value."""
        return Asset(**self.fields())


class AssetShown(msgspec.Struct, frozen=True, kw_only=True):
    """A device as the register has it, with its state and whether it may be used."""

    id: str
    control_no: str
    category: str
    name: str
    model: str
    manufacturer: str
    serial: str
    lot: str
    gtin: str
    owner: str
    cost_centre: str
    home: str
    pool: str
    parent: str
    acquired_at: str
    commissioned_at: str
    warranty_until: str
    cost: int
    firmware: str
    criticality: int
    is_mobile: bool
    may_leave: bool
    operational: str
    reprocessing: str
    custody: str
    compliance: list[str]
    status: str
    is_usable: bool
    reasons: list[str]
    version: int


def asset_shown(row: AssetRow) -> AssetShown:
    """Give a row as it is shown."""
    entry = asset_of_row(row)
    held = {name: getattr(entry, name) for name in AssetTold.__struct_fields__}
    return AssetShown(
        **held | {name: instant(held[name]) for name in _INSTANTS},
        operational=row.operational,
        reprocessing=row.reprocessing,
        custody=row.custody,
        compliance=_split(row.compliance),
        status=row.status,
        is_usable=row.is_usable,
        reasons=_split(row.reasons),
        version=row.version,
    )


def _split(text: str) -> list[str]:
    return [part for part in text.split(",") if part]


class AssetRegister(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the register."""

    assets: list[AssetShown]
    next: str = ""

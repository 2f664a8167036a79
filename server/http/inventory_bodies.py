"""What the stock routes take and give."""

from __future__ import annotations

from typing import Annotated

import msgspec

from inventory.model.items import Criticality, Item, ItemKind, OwnerRule, StorageClass, Tracking, ValueClass
from inventory.model.lots import Lot, LotStatus
from inventory.model.movements import Movement
from inventory.model.stock import LotHolding, ParLevel, ParMethod
from twin.clock import to_text

Short = Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\x00]*$")]
Key = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
Quantity = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]
Amount = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]
Days = Annotated[int, msgspec.Meta(ge=0, le=36_500)]


def instant(at: int) -> str:
    """Give an instant in ISO 8601; empty for none."""
    return to_text(at) if at else ""


class ItemBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An item of the catalogue."""

    id: Key
    code: Key
    name: Key
    kind: ItemKind = ItemKind.CONSUMABLE
    base_unit: Key = "each"
    tracking: Tracking = Tracking.LOT
    is_expiry_tracked: bool = True
    minimum_remaining_days: Days = 0
    in_use_days: Days = 0
    thawed_days: Days = 0
    storage_class: StorageClass = StorageClass.AMBIENT
    criticality: Criticality = Criticality.ESSENTIAL
    value_class: ValueClass = ValueClass.LOW
    controlled_schedule: Short = ""
    unit_cost_minor: Amount = 0
    unit_volume_ml: Amount = 0
    owner_rule: OwnerRule = OwnerRule.ANY


class PackageBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A packaging level: a GTIN-14, or a HIBC or ISBT product number, and what it holds."""

    gtin: Key
    level: Key = "each"
    quantity: Quantity = 1


class ItemPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of items."""

    items: list[ItemBody]
    next: str


class StockView(msgspec.Struct, frozen=True, kw_only=True):
    """What lies at a place of one lot and owner; ``ineligible`` names every reason against handing it out."""

    place: str
    item: str
    lot: str
    lot_number: str
    expires_at: str
    status: LotStatus
    owner: str
    on_hand: int
    reserved: int
    ineligible: list[str]


class StockPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of stock."""

    stock: list[StockView]
    next: str


class LineView(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a movement."""

    item: str
    lot: str
    quantity: int
    from_place: str
    to_place: str
    owner: str
    serial: str


class MovementView(msgspec.Struct, frozen=True, kw_only=True):
    """A movement of stock."""

    id: str
    kind: str
    occurred_at: str
    recorded_at: str
    actor: str
    witness: str
    task: str
    reason: str
    encounter: str
    flags: list[str]
    reverses: str
    lines: list[LineView]


class MovementPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of movements."""

    movements: list[MovementView]
    next: str


class CountView(msgspec.Struct, frozen=True, kw_only=True):
    """What a count changed."""

    surplus: int
    missing: int
    movement: MovementView | None


class ReceiptLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One received position: an item with lot and expiry, or the label that says so."""

    place: Key
    scan: Annotated[str, msgspec.Meta(max_length=1024)] = ""
    item: Short = ""
    quantity: Quantity | None = None
    packages: Quantity | None = None
    lot_number: Short = ""
    expires_on: Annotated[str, msgspec.Meta(pattern=r"^(\d{4}-\d{2}-\d{2})?$")] = ""
    owner: Short = ""
    supplier: Short = ""
    serials: Annotated[list[Key], msgspec.Meta(max_length=1000)] = []
    is_as_printed: bool = False


class ReceiptTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Goods that came in."""

    lines: Annotated[list[ReceiptLine], msgspec.Meta(min_length=1, max_length=500)]
    occurred_at: Short = ""
    witness: Short = ""


class UseTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What was used, wasted, destroyed, implanted or opened."""

    item: Key
    quantity: Quantity
    place: Key
    lot: Short = ""
    owner: Short = ""
    serial: Short = ""
    encounter: Short = ""
    reason: Short = ""
    witness: Short = ""
    occurred_at: Short = ""


class HandOutTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is to be issued to an encounter or moved to another place."""

    item: Key
    quantity: Quantity
    place: Key
    to_place: Short = ""
    encounter: Short = ""
    lot: Short = ""
    serial: Short = ""
    reason: Short = ""
    witness: Short = ""
    occurred_at: Short = ""


class CountedLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What was seen of one lot."""

    item: Key
    place: Key
    quantity: Amount
    lot: Short = ""
    owner: Short = ""


class CountTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A count; ``occurred_at`` is when the shelf was looked at."""

    lines: Annotated[list[CountedLine], msgspec.Meta(min_length=1, max_length=1000)]
    occurred_at: Short = ""
    witness: Short = ""


class AdjustTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A signed correction with its reason."""

    item: Key
    place: Key
    change: Annotated[int, msgspec.Meta(ge=-1_000_000_000, le=1_000_000_000)]
    reason: Key
    lot: Short = ""
    owner: Short = ""
    witness: Short = ""
    occurred_at: Short = ""


class ReverseTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Why a movement is undone."""

    reason: Short = ""
    witness: Short = ""


class ParBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How much of an item a place should hold."""

    place: Key
    item: Key
    par_level: Quantity
    reorder_point: Amount
    pack_multiple: Quantity = 1
    source: Short = ""
    method: ParMethod = ParMethod.FIXED


class ParPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of par levels."""

    par_levels: list[ParBody]
    next: str


class ScanTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A scanned or typed label, and how the scanner sends separators."""

    scan: Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]
    separator: Annotated[str, msgspec.Meta(max_length=8)] = ""


class ScanView(msgspec.Struct, frozen=True, kw_only=True):
    """What a label says, and what it stands for here; ``item`` is empty if the catalogue does not know it."""

    label: dict[str, str | int | list[str] | dict[str, str]]
    item: str
    item_name: str
    package_level: str
    package_quantity: int
    lots: list[str]
    ineligible: list[str]


class AsOfView(msgspec.Struct, frozen=True, kw_only=True):
    """What a place had of an item at an instant."""

    item: str
    place: str
    at: str
    known_at: str
    on_hand: int


class DifferenceView(msgspec.Struct, frozen=True, kw_only=True):
    """A balance or movement that does not add up."""

    kind: str
    key: list[str]
    expected: int
    found: int


class VerifyView(msgspec.Struct, frozen=True, kw_only=True):
    """Result of computing every balance anew; no difference is the proof."""

    differences: list[DifferenceView]


def item_view(item: Item) -> ItemBody:
    """Give an item as the API shows it."""
    return ItemBody(**{name: getattr(item, name) for name in ItemBody.__struct_fields__})


def stock_view(source: LotHolding, ineligible: list[str]) -> StockView:
    """Give a holding as the API shows it."""
    holding, lot = source.holding, source.lot
    return StockView(
        place=holding.place,
        item=holding.item,
        lot=holding.lot,
        lot_number=lot.number,
        expires_at=instant(lot.expires_at),
        status=lot.status,
        owner=holding.owner,
        on_hand=holding.on_hand,
        reserved=holding.reserved,
        ineligible=ineligible,
    )


def movement_view(movement: Movement) -> MovementView:
    """Give a movement as the API shows it."""
    command = movement.command
    return MovementView(
        id=movement.id,
        kind=movement.kind.value,
        occurred_at=instant(command.occurred_at),
        recorded_at=instant(command.recorded_at),
        actor=command.actor,
        witness=command.witness,
        task=command.task,
        reason=command.reason,
        encounter=command.encounter,
        flags=list(movement.flags),
        reverses=movement.reverses,
        lines=[
            LineView(
                item=line.item,
                lot=line.lot,
                quantity=line.quantity,
                from_place=line.from_place,
                to_place=line.to_place,
                owner=line.owner,
                serial=line.serial,
            )
            for line in movement.lines
        ],
    )


def par_view(par: ParLevel) -> ParBody:
    """Give a par level as the API shows it."""
    return ParBody(**{name: getattr(par, name) for name in ParBody.__struct_fields__})


class LotView(msgspec.Struct, frozen=True, kw_only=True):
    """A lot."""

    id: str
    item: str
    number: str
    expires_at: str
    status: LotStatus


def lot_view(lot: Lot) -> LotView:
    """Give a lot as the API shows it."""
    return LotView(id=lot.id, item=lot.item, number=lot.number, expires_at=instant(lot.expires_at), status=lot.status)

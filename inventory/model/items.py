"""Items of the catalogue, their packages and what may stand in for them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from twin.ids import Gtin, ItemId


class ItemKind(StrEnum):
    """What an item is for."""

    CONSUMABLE = "consumable"
    DRUG = "drug"
    IMPLANT = "implant"
    REAGENT = "reagent"
    STERILE_SET = "sterile_set"
    BLOOD = "blood"
    PROTECTIVE = "ppe"


class Tracking(StrEnum):
    """How finely an item is followed."""

    NONE = "none"
    LOT = "lot"
    SERIAL = "serial"


class StorageClass(StrEnum):
    """Where an item must be kept; the value is the temperature band in °C."""

    AMBIENT = "ambient"
    COOL = "2-8"
    FROZEN = "-20"
    DEEP_FROZEN = "-70"
    LIQUID_NITROGEN = "LN2"


class Criticality(StrEnum):
    """What happens to a patient when the item is missing: VED analysis."""

    VITAL = "V"
    ESSENTIAL = "E"
    DESIRABLE = "D"


class ValueClass(StrEnum):
    """Share of the yearly spend: ABC analysis."""

    HIGH = "A"
    MIDDLE = "B"
    LOW = "C"


class OwnerRule(StrEnum):
    """Whose goods of an item are taken first."""

    ANY = "any"
    """First expired, first out, whoever owns it."""
    OWN_FIRST = "own_first"
    """The hospital's own before a vendor's: what is paid for goes before what would be billed."""
    CONSIGNED_FIRST = "consigned_first"
    """A vendor's before the hospital's own, such as where the contract asks for turnover."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item of the catalogue.

    Parameters
    ----------
    id : ItemId
        Its id.
    code, name : str
        The hospital's own number and what screens call it.
    kind : ItemKind
        What it is for.
    base_unit : str
        Unit of every quantity, such as ``each``; it cannot change after the first movement.
    tracking : Tracking
        Whether lots or serial numbers are followed.
    is_expiry_tracked : bool
        Whether a lot without an expiry must be keyed and confirmed before use.
    minimum_remaining_days : int
        Shortest remaining life at which it is still handed out, days.
    in_use_days : int
        Life after first opening, days; 0 if opening does not matter.
    thawed_days : int
        Life after thawing, days; 0 if it is not frozen.
    storage_class : StorageClass
        Where it must be kept.
    criticality : Criticality
        VED class.
    value_class : ValueClass
        ABC class.
    controlled_schedule : str
        Schedule of a controlled drug, such as ``II``; empty if it is none.
    unit_cost_minor : int
        Cost of a base unit in the currency's minor unit.
    unit_volume_ml : int
        Room that a base unit takes on a shelf, millilitres; 0 if nobody has measured it.
    owner_rule : OwnerRule
        Whose goods are taken first where a vendor's lie beside the hospital's own.
    """

    id: ItemId
    code: str
    name: str
    kind: ItemKind = ItemKind.CONSUMABLE
    base_unit: str = "each"
    tracking: Tracking = Tracking.LOT
    is_expiry_tracked: bool = True
    minimum_remaining_days: int = 0
    in_use_days: int = 0
    thawed_days: int = 0
    storage_class: StorageClass = StorageClass.AMBIENT
    criticality: Criticality = Criticality.ESSENTIAL
    value_class: ValueClass = ValueClass.LOW
    controlled_schedule: str = ""
    unit_cost_minor: int = 0
    unit_volume_ml: int = 0
    owner_rule: OwnerRule = OwnerRule.ANY

    def __post_init__(self) -> None:
        """Check that no day count or cost is negative."""
        for name in ("minimum_remaining_days", "in_use_days", "thawed_days", "unit_cost_minor", "unit_volume_ml"):
            value = getattr(self, name)
            if value < 0:
                raise ValueError(f"Expected {name} >= 0 of item {self.code}, got {value}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One packaging level of an item: what a GTIN on a box, a case or a piece stands for.

    Parameters
    ----------
    gtin : Gtin
        GTIN-14 of this level.
    item : ItemId
        What is inside.
    level : str
        ``each``, ``box``, ``case``, ``pallet``.
    quantity : int
        Base units in one package, above 0.
    """

    gtin: Gtin
    item: ItemId
    level: str
    quantity: int

    def __post_init__(self) -> None:
        """Check that the package holds something."""
        if self.quantity < 1:
            raise ValueError(f"Expected at least 1 base unit in package {self.gtin}, got {self.quantity}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Substitute:
    """An item that may stand in for another.

    Parameters
    ----------
    item, stand_in : ItemId
        What is missing, and what is given instead.
    numerator, denominator : int
        Base units of the stand-in for each base unit of the item.
    approved_by : str
        Id of the person with clinical authority who approved it; empty if nobody has.
    """

    item: ItemId
    stand_in: ItemId
    numerator: int = 1
    denominator: int = 1
    approved_by: str = ""

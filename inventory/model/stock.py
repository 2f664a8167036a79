"""What lies where, and how much of it should."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from inventory.model.lots import Lot
from inventory.model.places import NO_PLACE
from twin.ids import ItemId, LotId, PlaceId


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A quantity of one lot of one owner at one place.

    Parameters
    ----------
    place : PlaceId
        Where.
    item : ItemId
        What.
    lot : LotId
        Its lot; empty where lots are not tracked.
    owner : str
        Whose; empty for the hospital's own.
    on_hand : int
        Base units that lie there.
    reserved : int
        Base units of these that are promised to a task.
    received_at : int
        When the lot first came to the place, UTC microseconds.
    """

    place: PlaceId
    item: ItemId
    lot: LotId
    owner: str = ""
    on_hand: int = 0
    reserved: int = 0
    received_at: int = 0

    @property
    def free(self) -> int:
        """Base units that are promised to nobody."""
        return self.on_hand - self.reserved


@dataclass(frozen=True, slots=True, kw_only=True)
class LotHolding:
    """A holding together with its lot, as FEFO needs it."""

    holding: Holding
    lot: Lot


class ParMethod(StrEnum):
    """How a place asks for more."""

    FIXED = "fixed"
    TWO_BIN = "two_bin"
    DYNAMIC = "dynamic"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParLevel:
    """How much of an item a place should hold.

    Parameters
    ----------
    place : PlaceId
        Where.
    item : ItemId
        What.
    par_level : int
        Base units to fill up to.
    reorder_point : int
        Ask when the inventory position is at or below, base units.
    pack_multiple : int
        Base units of the smallest pack that is brought.
    source : PlaceId
        Where it is fetched from; empty for the place's own source.
    method : ParMethod
        What triggers the restocking.
    """

    place: PlaceId
    item: ItemId
    par_level: int
    reorder_point: int
    pack_multiple: int = 1
    source: PlaceId = NO_PLACE
    method: ParMethod = ParMethod.FIXED

    def __post_init__(self) -> None:
        """Check that filling up can end the breach."""
        if not 0 <= self.reorder_point < self.par_level:
            raise ValueError(
                f"Expected 0 <= reorder_point < par_level for {self.item} at {self.place}, "
                f"got {self.reorder_point} and {self.par_level}."
            )
        if self.pack_multiple < 1:
            raise ValueError(f"Expected pack_multiple >= 1 for {self.item} at {self.place}, got {self.pack_multiple}.")

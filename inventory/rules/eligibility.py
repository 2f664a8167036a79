"""Whether something of a lot may be handed out now, with every reason against it.

Eligibility comes before any sorting: a list sorted by expiry alone begins with what has expired.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from inventory.model.items import Item, StorageClass, Tracking
from inventory.model.lots import Lot, LotStatus, effective_expiry
from inventory.model.places import StockPlace, StockPlaceKind, is_virtual
from twin.clock import DAY_US


class Ineligible(StrEnum):
    """A reason why nothing of a lot may be handed out."""

    EXPIRED = "stock.expired"
    RECALLED = "stock.recalled"
    QUARANTINED = "stock.quarantined"
    HELD = "stock.held"
    DESTROYED = "stock.destroyed"
    EXPIRY_UNKNOWN = "stock.expiry_unknown"
    LIFE_TOO_SHORT = "stock.life_too_short"
    STORAGE_WRONG = "stock.storage_wrong"
    PLACE_BLOCKED = "stock.place_blocked"
    LOT_UNKNOWN = "stock.lot_unknown"


_REASON_BY_STATUS: dict[LotStatus, Ineligible] = {
    LotStatus.QUARANTINED: Ineligible.QUARANTINED,
    LotStatus.HELD: Ineligible.HELD,
    LotStatus.RECALLED: Ineligible.RECALLED,
    LotStatus.DESTROYED: Ineligible.DESTROYED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What the eligibility of a lot is judged against.

    Parameters
    ----------
    item : Item
        What is asked for.
    now : int
        Instant of handing out, UTC microseconds.
    minimum_remaining_days : int, optional
        Remaining life that the receiver asks for, days; the item's own minimum counts when it is longer.
    place : StockPlace, optional
        Where it lies; quarantine places and wrong storage are then seen.
    """

    item: Item
    now: int
    minimum_remaining_days: int = 0
    place: StockPlace | None = None


def reasons_against(lot: Lot | None, need: Need) -> tuple[Ineligible, ...]:
    """Give every reason why nothing of a lot may be handed out; none means that it may.

    Parameters
    ----------
    lot : Lot or None
        The lot; None where the stock carries no lot.
    need : Need
        Item, instant, place and the remaining life asked for.

    Returns
    -------
    tuple[Ineligible, ...]
        In the order of :class:`Ineligible`.
    """
    found = set(_reasons_of_place(need, lot))
    item = need.item
    if lot is None:
        if item.tracking is not Tracking.NONE:
            found.add(Ineligible.LOT_UNKNOWN)
        return _ordered(found)
    if lot.status in _REASON_BY_STATUS:
        found.add(_REASON_BY_STATUS[lot.status])
    if item.is_expiry_tracked and not lot.expires_at:
        found.add(Ineligible.EXPIRY_UNKNOWN)
    limit = effective_expiry(lot, item)
    if limit:
        days = max(item.minimum_remaining_days, need.minimum_remaining_days)
        if need.now >= limit:
            found.add(Ineligible.EXPIRED)
        elif limit - need.now < days * DAY_US:
            found.add(Ineligible.LIFE_TOO_SHORT)
    return _ordered(found)


def kept_at(item: Item, lot: Lot | None) -> StorageClass:
    """Give how something of a lot must be kept: as its item says, until it is thawed."""
    if lot is not None and lot.thawed_at and item.storage_class is not StorageClass.AMBIENT:
        # thawed goods belong in the refrigerator; in the freezer they would be frozen a second time
        return StorageClass.COOL
    return item.storage_class


def _reasons_of_place(need: Need, lot: Lot | None) -> list[Ineligible]:
    place = need.place
    if place is None or is_virtual(place.id):
        return []
    reasons = []
    if place.kind is StockPlaceKind.QUARANTINE:
        reasons.append(Ineligible.PLACE_BLOCKED)
    kept = kept_at(need.item, lot)
    cold = kept is not StorageClass.AMBIENT
    if cold and place.kind is not StockPlaceKind.TRANSIT and place.storage_class is not kept:
        reasons.append(Ineligible.STORAGE_WRONG)
    return reasons


def _ordered(found: set[Ineligible]) -> tuple[Ineligible, ...]:
    return tuple(reason for reason in Ineligible if reason in found)

"""When a place asks for more, how much, and how urgent it is."""

from __future__ import annotations

from inventory.model.items import Criticality
from inventory.model.stock import ParLevel

PRIORITY_BY_CRITICALITY: dict[Criticality, int] = {
    Criticality.VITAL: 1,
    Criticality.ESSENTIAL: 2,
    Criticality.DESIRABLE: 3,
}
"""Priority of a restock task by what the lack of the item does to a patient; 1 is the highest."""

DUE_SECONDS_BY_CRITICALITY: dict[Criticality, int] = {
    Criticality.VITAL: 30 * 60,
    Criticality.ESSENTIAL: 4 * 3600,
    Criticality.DESIRABLE: 12 * 3600,
}
"""Time in which a restock task should be done, seconds."""


def inventory_position(*, on_hand: int, reserved: int, inbound: int) -> int:
    """Give what a place can count on: on hand, less what is promised, plus what is on its way.

    Asking by on-hand alone would ask again while the first delivery is still on its way.
    """
    return on_hand - reserved + inbound


def quantity_to_order(par: ParLevel, position: int) -> int:
    """Give how much a place asks for.

    Parameters
    ----------
    par : ParLevel
        Par level, reorder point and pack size.
    position : int
        Inventory position, base units.

    Returns
    -------
    int
        0 while the position is above the reorder point; else whole packs that bring it to the par level or just above.
    """
    if position > par.reorder_point:
        return 0
    return quantity_to_par(par, position)


def quantity_to_par(par: ParLevel, position: int) -> int:
    """Give the whole packs that bring a place to its par level or just above; 0 if it is there already."""
    missing = max(0, par.par_level - position)
    packs = -(-missing // par.pack_multiple)
    return packs * par.pack_multiple


def priority_of(criticality: Criticality, *, on_hand: int) -> int:
    """Give the priority of a restock task, 1 (highest) to 5.

    Parameters
    ----------
    criticality : Criticality
        VED class of the item.
    on_hand : int
        Base units left at the place; an empty place is one step more urgent.
    """
    priority = PRIORITY_BY_CRITICALITY[criticality] + 1
    # A step below what the class allows at most, so that an empty shelf has a step to rise.
    return max(1, priority - 1 if on_hand <= 0 else priority)

"""Pure questions to the present hospital, in one place for those who ask."""

from __future__ import annotations

from twin.state.beds import (
    BedStatusCode,
    BedView,
    Occupancy,
    WardOccupancy,
    bed_code,
    bed_view,
    beds_of,
    encounters_of,
    is_bed,
    occupancy_of,
    ward_of,
)
from twin.state.explaining import explain
from twin.state.invariants import Violation, invariants
from twin.state.locations import (
    Basis,
    BelievedLocation,
    NearAsset,
    bearer_of,
    believed_encounter_location,
    believed_location,
    binding_of,
    is_free_to_use,
    nearest_assets,
    tags_of,
)
from twin.state.model import StockLine, Ticket
from twin.state.tables import Tables

__all__ = [
    "Basis",
    "BedStatusCode",
    "BedView",
    "BelievedLocation",
    "NearAsset",
    "Occupancy",
    "Violation",
    "WardOccupancy",
    "bearer_of",
    "bed_code",
    "bed_view",
    "beds_of",
    "believed_encounter_location",
    "believed_location",
    "binding_of",
    "encounters_of",
    "explain",
    "invariants",
    "is_bed",
    "is_free_to_use",
    "low_stock",
    "nearest_assets",
    "occupancy_of",
    "on_hand",
    "queue_view",
    "tags_of",
    "ward_of",
]


def queue_view(state: Tables, service_point: str) -> tuple[Ticket, ...]:
    """Give the waiting tickets of a service point in the order in which they are to be called."""
    return tuple(state.tickets[key] for _, _, key in state.index.queues.get(service_point, ()))


def on_hand(state: Tables, place: str, item: str) -> int:
    """Give how much of an item a place holds, base units."""
    line = state.stock.get((place, item))
    return line.quantity if line is not None else 0


def low_stock(state: Tables) -> list[StockLine]:
    """Give the lines at or below their reorder point, by place and item."""
    return [state.stock[key] for key in sorted(state.index.low_stock)]

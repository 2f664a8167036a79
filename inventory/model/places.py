"""Where stock can be: real places of the building, carriers on the move, and virtual counterparts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from inventory.model.items import StorageClass
from twin.ids import PlaceId

NO_PLACE = PlaceId("")
SUPPLIER = PlaceId("supplier")
PATIENT = PlaceId("patient")
CONSUMED = PlaceId("consumed")
WASTE = PlaceId("waste")
FOUND = PlaceId("found")
LOST = PlaceId("lost")
ADJUSTMENT = PlaceId("adjustment")
REPROCESSING = PlaceId("reprocessing")
OPENED = PlaceId("opened")
MERGED = PlaceId("merged")

VIRTUAL_PLACES = frozenset({SUPPLIER, PATIENT, CONSUMED, WASTE, FOUND, LOST, ADJUSTMENT, REPROCESSING, OPENED, MERGED})
"""Counterparts outside the stock rooms: the only places whose sum may be below zero."""

_CARRIER_PREFIX = "task:"


class StockPlaceKind(StrEnum):
    """What a stock place is for."""

    CENTRAL = "central"
    PHARMACY = "pharmacy"
    WARD = "ward"
    CABINET = "cabinet"
    BIN = "bin"
    CART = "cart"
    TRANSIT = "transit"
    QUARANTINE = "quarantine"
    RETURN = "return"


SUPPLYING_KINDS = (StockPlaceKind.CENTRAL, StockPlaceKind.PHARMACY)
"""Places from which others are restocked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StockPlace:
    """A real place that holds stock.

    Parameters
    ----------
    id : PlaceId
        Id of the place of the building.
    kind : StockPlaceKind
        What it is for; nothing is handed out from quarantine.
    storage_class : StorageClass
        What it keeps its contents at.
    source : PlaceId
        Where it is restocked from; empty if unknown.
    """

    id: PlaceId
    kind: StockPlaceKind = StockPlaceKind.WARD
    storage_class: StorageClass = StorageClass.AMBIENT
    source: PlaceId = NO_PLACE


def is_bought_for(place: StockPlace, source: str) -> bool:
    """Tell whether what lacks at a place is bought: it is a store, and no other place supplies it.

    Such a store is no place to which a porter could bring anything: a task would begin nowhere, and while it stood
    open it would count as goods on their way.

    Parameters
    ----------
    place : StockPlace
        The place.
    source : str
        Where the item in question is fetched for it, by its par level; empty if that does not say.
    """
    return place.kind in SUPPLYING_KINDS and not (source or place.source)


def carrier_of(task: str) -> PlaceId:
    """Give the place that stands for the cart or hand which carries a task's goods.

    What was picked for a task is there until it is delivered, returned or lost; a closed task's carrier is empty.
    """
    return PlaceId(_CARRIER_PREFIX + task)


def is_virtual(place: str) -> bool:
    """Tell whether a place is a counterpart outside the stock rooms."""
    return place in VIRTUAL_PLACES


def is_carrier(place: str) -> bool:
    """Tell whether a place stands for goods on the move."""
    return place.startswith(_CARRIER_PREFIX)

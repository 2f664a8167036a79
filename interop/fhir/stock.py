"""Stock as FHIR R5 says it: R4 has no resource for what a shelf holds.

References
----------
HL7 FHIR R5 (5.0.0): InventoryItem, InventoryReport.
"""

from __future__ import annotations

from collections.abc import Iterator

from interop.fhir.resources import Json, Resource, instant
from interop.hl7v2.supplying import StockFigure
from twin.state.model import VIRTUAL_STOCK_PLACES, StockLine
from twin.state.tables import Tables

ITEM_SYSTEM = "urn:hospital-twin:item"
LOT_SYSTEM = "urn:hospital-twin:lot"


def _items(state: Tables) -> dict[str, dict[str, StockLine]]:
    return {item: lines for item, lines in state.index.stock_by_item.items() if lines}


def item(key: str) -> Resource:
    """Give an item that is kept in stock."""
    return {
        "resourceType": "InventoryItem",
        "id": key,
        "identifier": [{"system": ITEM_SYSTEM, "value": key}],
        "status": "active",
        "code": [{"coding": [{"system": ITEM_SYSTEM, "code": key}]}],
    }


def items(state: Tables) -> Iterator[Resource]:
    """Give every item that any place holds or should hold, by id."""
    for key in sorted(_items(state)):
        yield item(key)


def one_item(state: Tables, key: str) -> Resource | None:
    """Give an item, if any place holds it."""
    return item(key) if state.index.stock_by_item.get(key) else None


def report(place: str, lines: dict[str, StockLine]) -> Resource:
    """Give what a place holds now: a snapshot, one entry an item and lot.

    Parameters
    ----------
    place : str
        Id of the place.
    lines : dict[str, StockLine]
        By item.
    """
    held: list[Json] = []
    for key in sorted(lines):
        line = lines[key]
        lots = {lot: quantity for lot, quantity in sorted(line.lots.items()) if lot}
        rest = line.quantity - sum(lots.values())
        # What no lot is known of is told too, so that the parts always add up to what the shelf holds.
        parts = [*lots.items(), *([("", rest)] if rest or not lots else [])]
        for lot, quantity in parts:
            reference: Resource = {"reference": f"InventoryItem/{key}", "identifier": {"value": key}}
            if lot:
                reference["display"] = f"{key} lot {lot}"
            entry: Resource = {"item": {"reference": reference}, "quantity": {"value": quantity}}
            if lot:
                entry["category"] = {"coding": [{"system": LOT_SYSTEM, "code": lot}]}
            held.append(entry)
    # R5 needs an instant: of a shelf on which nothing has moved yet, when it was said what it should hold.
    told = [line.moved_at or (line.par.occurred_at if line.par is not None else 0) for line in lines.values()]
    return {
        "resourceType": "InventoryReport",
        "id": place,
        "status": "active",
        "countType": "snapshot",
        "reportedDateTime": instant(max(told, default=0)),
        "inventoryListing": [{"location": {"reference": f"Location/{place}"}, "item": held}],
    }


def _places(state: Tables) -> dict[str, dict[str, StockLine]]:
    found = state.index.stock_by_place
    return {place: lines for place, lines in found.items() if lines and place not in VIRTUAL_STOCK_PLACES}


def reports(state: Tables) -> Iterator[Resource]:
    """Give what every place holds, by the place's id; what is outside of the house is no shelf."""
    found = _places(state)
    for place in sorted(found):
        yield report(place, found[place])


def one_report(state: Tables, key: str) -> Resource | None:
    """Give what a place holds, if it holds anything."""
    lines = _places(state).get(key)
    return report(key, lines) if lines else None


def figures_of(resource: Resource) -> Iterator[StockFigure]:
    """Give what an InventoryReport that somebody writes says that places hold; only whole quantities of named items.

    Parameters
    ----------
    resource : Resource
        Checked; an InventoryReport.
    """
    if resource.get("status") not in ("active", "final") or resource.get("countType") != "snapshot":
        return  # a difference is no figure, and a request asks for one
    for listing in _dicts(resource.get("inventoryListing")):
        place = _tail(listing.get("location"))
        for entry in _dicts(listing.get("item")):
            named, quantity = entry.get("item"), entry.get("quantity")
            item = _item_of(named) if isinstance(named, dict) else ""
            value = quantity.get("value") if isinstance(quantity, dict) else None
            if place and item and isinstance(value, int | float) and 0 <= value == int(value):
                yield StockFigure(place=place, item=item, lot=_lot_of(entry), quantity=int(value), expires_at=0)


def _dicts(value: Json) -> Iterator[Resource]:
    yield from (one for one in (value if isinstance(value, list) else []) if isinstance(one, dict))


def _tail(reference: Json) -> str:
    told = reference.get("reference") if isinstance(reference, dict) else None
    return told.rpartition("/")[2] if isinstance(told, str) else ""


def _item_of(named: Resource) -> str:
    """Give the item of a CodeableReference: by its concept's code, else by the InventoryItem it refers to."""
    concept = named.get("concept")
    codings = concept.get("coding") if isinstance(concept, dict) else None
    codes = [one.get("code") for one in _dicts(codings)]
    return next((code for code in codes if isinstance(code, str)), "") or _tail(named.get("reference"))


def _lot_of(entry: Resource) -> str:
    category = entry.get("category")
    codings = category.get("coding") if isinstance(category, dict) else None
    found = (one.get("code") for one in _dicts(codings) if one.get("system") == LOT_SYSTEM)
    return next((code for code in found if isinstance(code, str)), "")


def updated_at(state: Tables, kind: str, key: str) -> int:
    """Give when stock last moved, UTC microseconds; 0 if never."""
    by = state.index.stock_by_place if kind == "InventoryReport" else state.index.stock_by_item
    return max((line.moved_at for line in by.get(key, {}).values()), default=0)

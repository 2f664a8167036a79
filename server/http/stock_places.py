"""What places are to the stock, over HTTP."""

from __future__ import annotations

import msgspec

from inventory.model.items import StorageClass
from inventory.model.places import StockPlace, StockPlaceKind
from inventory.service.places import define_place
from inventory.tables.catalogue import list_places
from server.doors.context import CallDep
from server.doors.pages import CursorText, Limit, PathText
from server.doors.router import Router
from server.http.inventory import check_place
from server.http.inventory_bodies import Short
from twin.access import Permission
from twin.ids import PlaceId

router = Router("/v1", tag="stock")


class StockPlaceBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a place is for, the temperature that it keeps (°C), and where it is restocked from."""

    kind: StockPlaceKind
    storage_class: StorageClass = StorageClass.AMBIENT
    source: Short = ""


class StockPlaceView(msgspec.Struct, frozen=True, kw_only=True):
    """A place of the stock."""

    place: str
    kind: StockPlaceKind
    storage_class: StorageClass
    source: str


class StockPlacePage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of places."""

    places: list[StockPlaceView]
    next: str


def _view(place: StockPlace) -> StockPlaceView:
    return StockPlaceView(place=place.id, kind=place.kind, storage_class=place.storage_class, source=place.source)


@router.get("/stock-places", permission=Permission.STOCK_READ, gives=StockPlacePage)
def read_stock_places(call: CallDep, limit: Limit = 50, cursor: CursorText = "") -> StockPlacePage:
    """List the places of which somebody has said what they are for; all others are shelves of a ward."""
    after = call.cursors.read("stock-places", cursor)
    with call.hospital.read() as session:
        found = list_places(session, after=str(after[0]) if after else "", limit=limit + 1)
    following = call.cursors.write("stock-places", [found[limit - 1].id]) if len(found) > limit else ""
    return StockPlacePage(places=[_view(place) for place in found[:limit]], next=following)


@router.put("/stock-places/{place}", permission=Permission.STOCK_PLAN, takes=StockPlaceBody, gives=StockPlaceView)
async def define_stock_place(call: CallDep, place: PathText) -> StockPlaceView:
    """Say what a place is for, or change it; nothing is handed out from quarantine, or from a wrong temperature."""
    told = call.read(StockPlaceBody)
    check_place(call, place, told.source)
    wanted = StockPlace(
        id=PlaceId(place), kind=told.kind, storage_class=told.storage_class, source=PlaceId(told.source)
    )
    return _view(await call.hospital.write(lambda session: define_place(session, wanted)))

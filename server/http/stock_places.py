"""What places are to the stock, over HTTP."""

from __future__ import annotations

import msgspec

from inventory.model.items import StorageClass
from inventory.model.places import StockPlace, StockPlaceKind
from inventory.service.places import define_place
from inventory.service.restocking import Bin, define_bin, list_bins, remove_bin
from inventory.tables.catalogue import list_places
from server.doors.context import CallDep
from server.doors.pages import CursorText, Limit, PathText
from server.doors.router import Router
from server.http.inventory import check_place
from server.http.inventory_bodies import Key, Quantity, Short
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


class BinBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a bin holds when it is full, base units, and where it belongs."""

    place: Key
    item: Key
    quantity: Quantity


class BinView(msgspec.Struct, frozen=True, kw_only=True):
    """A bin; its tag is bound to ``bin``."""

    bin: str
    place: str
    item: str
    quantity: int


class BinPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of bins."""

    bins: list[BinView]
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


def _bin_view(found: Bin) -> BinView:
    return BinView(bin=found.id, place=found.place, item=found.item, quantity=found.quantity)


@router.get("/bins", permission=Permission.STOCK_READ, gives=BinPage)
def read_bins(call: CallDep, limit: Limit = 50, cursor: CursorText = "") -> BinPage:
    """List bins; one that is not listed stands for all that its place keeps by two bins."""
    after = call.cursors.read("bins", cursor)
    with call.hospital.read() as session:
        found = list_bins(session, after=str(after[0]) if after else "", limit=limit + 1)
    following = call.cursors.write("bins", [found[limit - 1].id]) if len(found) > limit else ""
    return BinPage(bins=[_bin_view(one) for one in found[:limit]], next=following)


@router.put("/bins/{bin_id}", permission=Permission.STOCK_PLAN, takes=BinBody, gives=BinView)
async def define_stock_bin(call: CallDep, bin_id: PathText) -> BinView:
    """Say what a bin holds, so that its tag at the empty position asks for the right thing."""
    told = call.read(BinBody)
    check_place(call, told.place)
    await call.hospital.write(
        lambda session: define_bin(session, bin_id=bin_id, place=told.place, item=told.item, quantity=told.quantity)
    )
    return BinView(bin=bin_id, place=told.place, item=told.item, quantity=told.quantity)


@router.delete("/bins/{bin_id}", permission=Permission.STOCK_PLAN, status=204)
async def forget_stock_bin(call: CallDep, bin_id: PathText) -> None:
    """Forget what a bin holds."""
    await call.hospital.write(lambda session: remove_bin(session, bin_id))

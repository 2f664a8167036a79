"""Stock as the page tells it apart: what may be handed out, and what lies there and helps nobody."""

from __future__ import annotations

from dash_app.queries.stock_parts import parts
from inventory.model.lots import LotStatus
from inventory.model.places import StockPlace, StockPlaceKind
from inventory.service import safety
from inventory.tables.catalogue import save_place
from tests.inventory.conftest import stockroom  # noqa: F401  # a fresh stock
from tests.inventory.stockroom import Stockroom
from twin.clock import DAY_US
from twin.ids import PlaceId


def test_recalled_expired_held_and_quarantined_goods_are_held_apart(stockroom: Stockroom) -> None:  # noqa: F811
    room = stockroom
    room.item()
    save_place(room.session, StockPlace(id=PlaceId("cage"), kind=StockPlaceKind.QUARANTINE))
    for lot, days, place in (("GOOD", 90, "store"), ("BAD", 91, "store"), ("OLD", 1, "store"), ("ODD", 92, "store")):
        room.receive("gloves", 10, place, lot=lot, days=days)
    room.receive("gloves", 4, "cage", lot="GOOD", days=90)
    safety.change_status(room.session, lot=room.lot("gloves", "ODD", 92), status=LotStatus.HELD, reason="look")
    safety.change_status(room.session, lot=room.lot("gloves", "BAD", 91), status=LotStatus.RECALLED, reason="notice")

    found = parts(room.session, now=room.now + 2 * DAY_US)

    assert found["store", "gloves"].usable == 10
    assert dict(found["store", "gloves"].apart) == {"stock.recalled": 10, "stock.expired": 10, "stock.held": 10}
    assert (found["cage", "gloves"].usable, dict(found["cage", "gloves"].apart)) == (0, {"stock.place_blocked": 4})


def test_one_shelf_alone_is_asked_for(stockroom: Stockroom) -> None:  # noqa: F811
    room = stockroom
    room.item()
    room.receive("gloves", 3, "store")
    room.receive("gloves", 5, "ward")

    assert list(parts(room.session, now=room.now, place="ward")) == [("ward", "gloves")]
    assert parts(room.session, now=room.now, item="nothing") == {}

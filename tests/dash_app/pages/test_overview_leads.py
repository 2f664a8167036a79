"""The figures of the overview are those of the page to which each leads: nobody finds another number behind a tile."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dash_app.pages import frame, gateways
from dash_app.pages.registry import page_for
from dash_app.queries import overview
from dash_app.queries.beds import BedUse
from dash_app.queries.overview import Tile
from dash_app.texts import codes
from dash_app.texts.moments import number
from tests.dash_app.pages.test_device_pages import words
from tests.dash_app.small_hospital import EVERYTHING, HOUR, NOW, Teller, small_events, small_port
from twin.events.patients import BedService, BedServiceChanged, EncounterClass, EncounterStarted, StageReached
from twin.events.supply import ParLevelSet, StockMoved, StockoutPredicted
from twin.events.things import AssetRegistered, AssetRetired, TagLost
from twin.events.watch import GatewayHealthChanged, GatewayStatus
from twin.state.live import LiveState


def awkward_state() -> LiveState:
    """Give the small hospital with everything in it that one page might count and another not."""
    tell = Teller(told=small_events())
    tell(BedServiceChanged, "W1-B4", ago_s=60, service=BedService.CLOSED, reason="motor")
    tell(StockMoved, "unplanned", quantity=5, from_place="supplier", to_place="STORE", reason="receive")
    tell(StockMoved, "spoilt", quantity=1, from_place="STORE", to_place="waste", reason="waste")
    tell(ParLevelSet, "waste-only", place="waste", par_level=9, reorder_point=3)
    tell(ParLevelSet, "negative", place="STORE", par_level=9, reorder_point=3)
    tell(StockMoved, "negative", quantity=2, from_place="STORE", to_place="W1", reason="pick")
    tell(StockoutPredicted, "gloves-m", place="STORE", expected_at=NOW + HOUR, probability=0.9)
    tell(StockoutPredicted, "unplanned", place="STORE", expected_at=NOW + HOUR, probability=0.9)
    tell(AssetRegistered, "OLD", category="ventilator", name="Old one")
    tell(AssetRetired, "OLD", ago_s=30)
    tell(TagLost, "T-4", ago_s=5, last_zone="STORE")
    tell(GatewayHealthChanged, "reader-2", ago_s=60, status=GatewayStatus.DEGRADED, parent="gw-1")
    tell(EncounterStarted, "enc-ed-2", ago_s=900, encounter_class=EncounterClass.EMERGENCY)
    tell(EncounterStarted, "enc-ed-3", ago_s=800, encounter_class=EncounterClass.EMERGENCY)
    tell(StageReached, "enc-ed-3", ago_s=300, stage="exam_started")
    state = LiveState()
    for sequence, event in enumerate(tell.told, start=1):
        state.apply(event, sequence)
    return state


def _beds(tile: Tile, details: dict[str, int]) -> list[str]:
    uses = {BedUse.OCCUPIED: tile.value} | {use: details[use.value] for use in BedUse if use.value in details}
    counted = [f"{codes.code_text(codes.BED_USES, use.value)} {number(count)}" for use, count in uses.items()]
    return [f"Beds in service: {number(tile.total)} of", *counted]


SAID: dict[str, Callable[[Tile, dict[str, int]], list[str]]] = {
    "beds": _beds,
    "emergency": lambda tile, d: [f"Waiting to be seen: {tile.value}", f"On the way: {d['inbound']}"],
    "theatres": lambda tile, d: [
        f"Theatres in use by plan: {tile.value} of {tile.total}; operations in the next 12 h: {d['coming_12h']}"
    ],
    "stock": lambda tile, d: [
        f"with a par level: {tile.total}, empty: {tile.value}, low: {d['low']}, out within 24 h: {d['out_within_24h']}"
    ],
    "devices": lambda tile, d: [
        f"Devices: {tile.total}, not usable: {tile.value}; tags lost in the house: {d['lost_tags']}"
    ],
    "gateways": lambda tile, d: [
        f"Gateways and readers: {tile.total}, offline: {tile.value}, degraded: {d['degraded']}"
    ],
}
"""What the page says of the figures of its tile."""


@pytest.mark.parametrize("key", [tile.key for tile in overview.tiles(LiveState(), NOW)])
def test_the_page_behind_a_tile_says_the_same_figures(key: str) -> None:
    state = awkward_state()
    tile = next(tile for tile in overview.tiles(state, NOW) if tile.key == key)

    port = small_port(*EVERYTHING, state=state)
    # The small hospital has no desk for gateways, without which the rest of that page is not built.
    shown = words(gateways.heard(port) if key == "gateways" else frame.content(port, f"/{tile.path}", ""))

    for said in SAID[key](tile, dict(tile.details)):
        assert said in shown


def test_the_awkward_hospital_is_awkward() -> None:
    tiles = {tile.key: tile for tile in overview.tiles(awkward_state(), NOW)}

    assert (tiles["stock"].value, tiles["stock"].total, dict(tiles["stock"].details)["low"]) == (2, 4, 1)
    assert dict(tiles["beds"].details)["closed"] == 1
    assert tiles["devices"].total == 5
    assert dict(tiles["devices"].details)["lost_tags"] == 1
    assert (tiles["gateways"].total, dict(tiles["gateways"].details)["degraded"]) == (3, 1)
    assert tiles["emergency"].value == 2


def test_every_tile_leads_to_a_page() -> None:
    assert all(page_for(f"/{tile.path}") is not None for tile in overview.tiles(LiveState(), NOW))

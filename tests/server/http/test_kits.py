"""Kits and case carts over HTTP: asked for, brought, closed by keys or by the labels of what the case had."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.conftest import Served
from tests.server.http.test_device_records import Client
from twin.access import Role
from twin.clock import HOUR_US, to_text

DRAPE = "010950600013435217290630" + "10D-1"  # a box of five
SUTURE = "010950600013437617290630" + "10S-1"


@pytest.fixture
async def theatre(served: Served) -> Client:
    """A theatre where ten drapes and ten sutures lie, and a kit of both."""
    call = Client(await served.signed_in(Role.LOGISTICS))
    for item, gtin, size in (("drape", "09506000134352", 5), ("suture", "09506000134376", 1)):
        await call("POST", "/items", {"id": item, "code": item, "name": item.title()})
        await call("POST", f"/items/{item}/packages", {"gtin": gtin, "level": "box", "quantity": size})
    for label, packages in ((DRAPE, 2), (SUTURE, 10)):
        await call("POST", "/stock/receipts", {"lines": [{"place": "theatre", "scan": label, "packages": packages}]})
    lines = [{"item": "drape", "opened": 5}, {"item": "suture", "opened": 2, "held": 3}]
    await call("POST", "/kits", {"id": "hip", "name": "Hip replacement", "lines": lines})
    return call


async def cart(served: Served, call: Client) -> str:
    due_at = to_text(served.clock.now() + HOUR_US)
    asked = {"kit": "hip", "place": "theatre", "due_at": due_at, "encounter": "e-9"}
    return str((await call("POST", "/case-carts", asked))["id"])


async def on_hand(call: Client, place: str) -> dict[str, int]:
    return {one["item"]: one["on_hand"] for one in (await call("GET", f"/stock?place={place}"))["stock"]}


async def test_a_cart_is_closed_by_the_labels_of_what_was_used_and_what_goes_back(
    served: Served, theatre: Client
) -> None:
    number = await cart(served, theatre)
    over_at = to_text(served.clock.now())
    served.clock.advance(600)  # the handheld was offline for a while
    lines = [
        {"scan": DRAPE},
        {"scan": SUTURE, "packages": 2},
        {"scan": SUTURE, "packages": 1},  # once more, later
        {"scan": SUTURE, "packages": 3, "is_returned": True},
    ]

    closed = await theatre(
        "POST",
        f"/handheld/case-carts/{number}/closing",
        {"lines": lines, "return_to": "store", "occurred_at": over_at},
        status=200,
    )

    assert closed["state"] == "closed"
    assert await on_hand(theatre, "theatre") == {"drape": 5, "suture": 4}
    assert await on_hand(theatre, "store") == {"suture": 3}
    used: list[Any] = (await theatre("GET", "/stock/movements?limit=200"))["movements"]
    assert {one["occurred_at"] for one in used if one["encounter"] == "e-9"} == {over_at}
    again = await theatre("POST", f"/handheld/case-carts/{number}/closing", {"lines": []}, status=409)
    assert again["code"] == "cart.state"


async def test_goods_that_go_back_need_a_place_and_a_label_that_is_known(served: Served, theatre: Client) -> None:
    number = await cart(served, theatre)
    address = f"/handheld/case-carts/{number}/closing"

    nowhere = await theatre("POST", address, {"lines": [{"scan": DRAPE, "is_returned": True}]}, status=422)
    unknown = await theatre("POST", address, {"lines": [{"scan": "nobody-knows"}]}, status=404)

    assert "return_to" in str(nowhere["errors"])
    assert "nobody-knows" in unknown["detail"]
    assert await on_hand(theatre, "theatre") == {"drape": 10, "suture": 10}
    assert [one["id"] for one in (await theatre("GET", "/case-carts"))["carts"]] == [number]


async def test_whoever_may_only_read_closes_nothing(served: Served, theatre: Client) -> None:
    number = await cart(served, theatre)
    auditor = Client(await served.signed_in(Role.AUDITOR, "auditor"))

    await auditor("POST", f"/handheld/case-carts/{number}/closing", {"lines": []}, status=403)

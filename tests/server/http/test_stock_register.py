"""The running register of a controlled drug, what is destroyed of it, and goods put on their shelf."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.conftest import Served
from tests.server.http.test_device_records import Client
from tests.server.http.test_plans import furnish
from twin.access import Role

LABEL = "010950600013435217290630" + "10M-1"


@pytest.fixture
async def morphine(served: Served) -> Client:
    """Ten ampoules of a controlled drug in a room."""
    furnish(served)
    call = Client(await served.signed_in(Role.LOGISTICS))
    item = {"id": "morphine", "code": "mor", "name": "Morphine", "kind": "drug", "controlled_schedule": "II"}
    await call("POST", "/items", item)
    await call("POST", "/items/morphine/packages", {"gtin": "09506000134352", "level": "each", "quantity": 1})
    await call("POST", "/stock/receipts", {"lines": [{"place": "r1", "scan": LABEL, "packages": 10}]})
    return call


def told(quantity: int = 1, **more: str) -> dict[str, Any]:
    return {"item": "morphine", "quantity": quantity, "place": "r1", **more}


async def lines(call: Client, address: str = "/stock/register?item=morphine&place=r1") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await call("GET", address))["lines"]
    return found


async def test_each_change_stands_in_the_register_with_who_saw_it(served: Served, morphine: Client) -> None:
    alone = await morphine("POST", "/stock/issues", told(encounter="e-1"), status=409)
    await morphine("POST", "/stock/issues", told(2, encounter="e-1", witness="nurse-2"))
    served.clock.advance(60)
    unseen = await morphine("POST", "/stock/destructions", told(reason="dropped"), status=409)
    await morphine("POST", "/stock/destructions", told(reason="dropped", witness="nurse-2"))

    assert (alone["code"], unseen["code"]) == ("stock.witness_missing", "stock.witness_missing")
    found = await lines(morphine)
    assert [(one["number"], one["kind"], one["change"], one["balance"]) for one in found] == [
        (1, "receive", 10, 10),
        (2, "issue", -2, 8),
        (3, "destroy", -1, 7),
    ]
    assert [(one["witness"], one["encounter"]) for one in found] == [("", ""), ("nurse-2", "e-1"), ("nurse-2", "")]
    assert (await morphine("GET", "/stock/verify"))["differences"] == []


async def test_a_register_is_read_a_page_at_a_time(morphine: Client) -> None:
    for _ in range(4):
        await morphine("POST", "/stock/issues", told(encounter="e-1", witness="nurse-2"))

    numbers: list[int] = []
    address = "/stock/register?item=morphine&place=r1&limit=2"
    page = await morphine("GET", address)
    while True:
        numbers += [one["number"] for one in page["lines"]]
        if not page["next"]:
            break
        page = await morphine("GET", f"{address}&cursor={page['next']}")

    assert numbers == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/stock/register?item=nothing&place=r1", 404),
        ("/stock/register?item=morphine&place=nowhere", 404),
        ("/stock/register?item=morphine", 422),
    ],
)
async def test_a_register_of_nothing_is_told(morphine: Client, address: str, status: int) -> None:
    await morphine("GET", address, status=status)


async def test_what_is_destroyed_needs_a_reason(morphine: Client) -> None:
    refused = await morphine("POST", "/stock/destructions", told(witness="nurse-2"), status=422)

    assert "reason" in str(refused["errors"])
    assert len(await lines(morphine)) == 1


async def test_received_goods_are_put_on_their_shelf(morphine: Client) -> None:
    moved = await morphine("POST", "/stock/put-aways", told(4, to_place="r2"))

    assert moved["kind"] == "put_away"
    assert [one["on_hand"] for one in (await morphine("GET", "/stock?place=r2"))["stock"]] == [4]
    assert [one["change"] for one in await lines(morphine)] == [10, -4]


async def test_an_administrator_reads_the_register_and_destroys_nothing(served: Served, morphine: Client) -> None:
    reader = Client(await served.signed_in(Role.ADMINISTRATOR))

    await reader("POST", "/stock/destructions", told(reason="x", witness="y"), status=403)
    assert len(await lines(reader)) == 1

"""What needs a second person, over HTTP: orders, counts and keyed expiries; and orders from proposal to receipt."""

from __future__ import annotations

import httpx2
import pytest

from tests.server.conftest import Served
from tests.server.http.test_restocking import porter  # noqa: F401  # the same goods
from twin.access import Role


@pytest.fixture
async def buyer(served: Served) -> httpx2.AsyncClient:
    """Give a second person who may buy and count."""
    return await served.signed_in(Role.LOGISTICS, "a-buyer")


async def proposed(client: httpx2.AsyncClient) -> dict[str, object]:
    """Have a store without a source propose what it lacks of gloves: 2 boxes of 50."""
    place = await client.put("/v1/stock-places/store", json={"kind": "central"})
    assert place.status_code == 200, place.text
    for path, body in (
        ("/v1/supplies", {"item": "gloves", "supplier": "Acme", "pack_quantity": 50, "price_minor": 900}),
        ("/v1/par-levels", {"place": "store", "item": "gloves", "par_level": 200, "reorder_point": 150}),
    ):
        answer = await client.post(path, json=body)
        assert answer.status_code == 201, answer.text
    answer = await client.post("/v1/purchase-orders:propose", json={})
    assert answer.status_code == 201, answer.text
    [order] = answer.json()["orders"]
    return dict(order)


async def test_an_order_is_approved_by_another_person_than_its_proposer(
    porter: httpx2.AsyncClient,  # noqa: F811
    buyer: httpx2.AsyncClient,
) -> None:
    order = await proposed(porter)
    path = f"/v1/purchase-orders/{order['id']}"

    own = await porter.post(f"{path}:approve", json={})
    other = await buyer.post(f"{path}:approve", json={})

    assert (own.status_code, own.json()["code"]) == (409, "order.same_person")
    assert (other.status_code, other.json()["state"]) == (200, "approved")
    assert other.json()["approved_by"] != order["proposed_by"]


async def test_an_order_goes_out_only_when_it_is_approved_and_whole(
    served: Served,
    porter: httpx2.AsyncClient,  # noqa: F811
    buyer: httpx2.AsyncClient,
) -> None:
    order = await proposed(porter)
    path = f"/v1/purchase-orders/{order['id']}"
    planner = await served.signed_in(Role.PLANNER)

    early = await planner.get(f"{path}/export", params={"shape": "edifact"})
    await buyer.post(f"{path}:approve", json={})
    message = await planner.get(f"{path}/export", params={"shape": "edifact"})
    sheet = await planner.get(f"{path}/export")

    assert (early.status_code, early.json()["code"]) == (409, "order.not_approved")
    assert f"BGM+220+{order['id']}+9'" in message.text
    assert len(str(order["id"])) == len("PO-2026-00001")
    assert message.headers["content-disposition"] == f'attachment; filename="{order["id"]}.edi"'
    assert sheet.text.splitlines()[1].startswith(f"{order['id']},1,")


async def test_a_delivery_that_differs_is_kept_and_the_rest_closed_with_a_reason(
    porter: httpx2.AsyncClient,  # noqa: F811
    buyer: httpx2.AsyncClient,
) -> None:
    order = await proposed(porter)
    path = f"/v1/purchase-orders/{order['id']}"
    await buyer.post(f"{path}:approve", json={})
    line = {"place": "store", "item": "gloves", "quantity": 60, "lot_number": "N1", "expires_on": "2028-01-31"}

    came = await porter.post(f"{path}:receive", json={"lines": [line]})
    silent = await porter.post(f"{path}:close", json={})
    closed = await porter.post(f"{path}:close", json={"reason": "sold out"})
    kept = await porter.get(f"{path}/deliveries")

    short = [{"item": "gloves", "kind": "short", "ordered": 100, "received": 60}]
    assert (came.status_code, came.json()["differences"]) == (201, short)
    assert came.json()["order"]["state"] == "approved"  # the rest stays open
    assert (silent.status_code, silent.json()["code"]) == (422, "order.reason")
    assert (closed.json()["state"], closed.json()["closed_reason"]) == ("received", "sold out")
    assert [each["differences"] for each in kept.json()["deliveries"]] == [short]


async def test_a_second_count_is_another_person_s(
    porter: httpx2.AsyncClient,  # noqa: F811
    buyer: httpx2.AsyncClient,
) -> None:
    opened = await porter.post("/v1/stock/count-sessions", json={"place": "ward", "is_blind": False})
    assert opened.status_code == 201, opened.text
    count = opened.json()
    [line] = count["lines"]
    told = {"lines": [{"item": line["item"], "lot": line["lot"], "quantity": 7}]}
    path = f"/v1/stock/count-sessions/{count['id']}/counts"

    await porter.post(path, json=told)
    own = await porter.post(path, json=told)
    other = await buyer.post(path, json=told)

    assert (own.status_code, own.json()["code"]) == (409, "count.same_person")
    assert other.status_code == 200, other.text


async def test_a_keyed_expiry_is_confirmed_by_another_person(
    served: Served,
    porter: httpx2.AsyncClient,  # noqa: F811
    buyer: httpx2.AsyncClient,
) -> None:
    line = {"place": "store", "item": "gloves", "quantity": 5, "lot_number": "NODATE"}
    received = await porter.post("/v1/stock/receipts", json={"lines": [line]})
    assert received.status_code == 201, received.text
    [lot] = [each["lot"] for each in received.json()["lines"]]
    me = (await porter.get("/v1/auth/me")).json()["id"]
    other = (await buyer.get("/v1/auth/me")).json()["id"]
    path = f"/v1/lots/{lot}:expiry"

    alone = await porter.post(path, json={"expires_on": "2028-01-31", "confirmed_by": me})
    both = await porter.post(path, json={"expires_on": "2028-01-31", "confirmed_by": other})

    assert alone.status_code == 409, alone.text
    assert both.status_code == 200, both.text
    assert both.json()["status"] == "released"

"""A blind count over HTTP: who counts does not see, who decides does, and the books change at the end."""

from __future__ import annotations

import httpx2
import pytest

from tests.server.conftest import Served
from twin.access import Role

ITEM = {"id": "gloves", "code": "gloves", "name": "Gloves", "tracking": "none", "is_expiry_tracked": False}


async def furnish(client: httpx2.AsyncClient) -> None:
    made = await client.post("/v1/items", json=ITEM)
    assert made.status_code == 201, made.text
    line = {"item": "gloves", "place": "store", "quantity": 40}
    came = await client.post("/v1/stock/receipts", json={"lines": [line]})
    assert came.status_code == 201, came.text


@pytest.mark.timeout(60)
async def test_a_blind_count_from_opening_to_posting(served: Served) -> None:
    boss = await served.signed_in(Role.LOGISTICS, "boss")
    first, second = await served.signed_in(Role.NURSE, "first"), await served.signed_in(Role.NURSE, "second")
    await furnish(boss)
    opened = await first.post("/v1/stock/count-sessions", json={"place": "store"})
    assert opened.status_code == 201, opened.text
    address = f"/v1/stock/count-sessions/{opened.json()['id']}"

    for client in (first, second):
        told = await client.post(f"{address}/counts", json={"lines": [{"item": "gloves", "quantity": 38}]})
        assert told.status_code == 200, told.text
        (line,) = told.json()["lines"]
        assert line["first"] is None  # blind: not even what oneself has seen
    (line,) = (await boss.get(address)).json()["lines"]
    assert (line["state"], line["first"]["quantity"], line["second"]["books"]) == ("agreed", 38, 40)

    assert (await first.post(f"{address}/closing")).status_code == 403
    closed = await boss.post(f"{address}/closing")
    assert (closed.json()["missing"], closed.json()["session"]["state"]) == (2, "closed")
    (stock,) = (await boss.get("/v1/stock?place=store")).json()["stock"]
    assert stock["on_hand"] == 38
    (shown,) = (await first.get("/v1/stock/count-sessions?state=closed")).json()["sessions"]
    assert shown["lines"][0]["first"]["quantity"] == 38
    assert (await boss.post(f"{address}/cancelling")).json()["code"] == "count.not_open"


async def test_what_is_due_is_listed(served: Served) -> None:
    boss = await served.signed_in(Role.LOGISTICS)
    await furnish(boss)
    (due,) = (await boss.get("/v1/stock/counts-due?place=store")).json()["due"]

    assert (due["item"], due["kind"], due["counted_at"]) == ("gloves", "C", "")
    assert (await boss.get("/v1/stock/count-sessions?state=odd")).status_code == 422


async def test_shelves_that_are_due_are_asked_to_be_counted(served: Served) -> None:
    boss, nurse = await served.signed_in(Role.LOGISTICS), await served.signed_in(Role.NURSE, "nurse")
    await furnish(boss)

    asked = await boss.post("/v1/stock/count-tasks", json={"most": 3})

    assert asked.status_code == 201, asked.text
    assert asked.json()["shelves"] == [{"place": "store", "items": 1, "kind": "C"}]
    tasks = (await boss.get("/v1/tasks?limit=50")).json()["tasks"]
    assert [(one["kind"], one["to_place"], one["reason"]) for one in tasks] == [("count", "store", "count_due")]
    await boss.post("/v1/stock/count-tasks", json={"most": 3})  # the task is open: no second one
    assert len((await boss.get("/v1/tasks?limit=50")).json()["tasks"]) == 1
    assert (await nurse.post("/v1/stock/count-tasks", json={})).status_code == 403

"""The third journey through the doors: par breach, task, pick by scan, delivery, closed books."""

from __future__ import annotations

import httpx2
import pytest

from tests.server.conftest import Served
from twin.access import Role
from twin.events.places import PlaceDefined, PlaceKind

LABEL = "010950600013435217280630" + "10LOT-A1"


def places(served: Served) -> list[PlaceDefined]:
    return [
        PlaceDefined(
            thing=name,
            occurred_at=served.clock.now(),
            source="import:t",
            source_key=name,
            kind=PlaceKind.ROOM,
            name=name,
        )
        for name in ("store", "ward", "cage")
    ]


@pytest.fixture
async def porter(served: Served) -> httpx2.AsyncClient:
    served.hospital.record_now(places(served))
    client = await served.signed_in(Role.LOGISTICS)
    for path, body in (
        ("/v1/items", {"id": "gloves", "code": "G-1", "name": "Gloves"}),
        ("/v1/items/gloves/packages", {"gtin": "09506000134352", "level": "box", "quantity": 10}),
        ("/v1/stock/receipts", {"lines": [{"place": "store", "scan": LABEL, "packages": 10}]}),
        ("/v1/stock/receipts", {"lines": [{"place": "ward", "scan": LABEL, "packages": 1}]}),
        (
            "/v1/par-levels",
            {
                "place": "ward",
                "item": "gloves",
                "par_level": 30,
                "reorder_point": 8,
                "pack_multiple": 10,
                "source": "store",
            },
        ),
    ):
        answer = await client.post(path, json=body)
        assert answer.status_code == 201, answer.text
    return client


async def use(client: httpx2.AsyncClient, quantity: int) -> httpx2.Response:
    return await client.post("/v1/stock/uses", json={"item": "gloves", "quantity": quantity, "place": "ward"})


async def on_hand(client: httpx2.AsyncClient, place: str) -> int:
    answer = await client.get("/v1/stock", params={"place": place})
    return sum(line["on_hand"] for line in answer.json()["stock"])


async def test_thawed_goods_wait_in_quarantine_while_their_life_is_unknown(porter: httpx2.AsyncClient) -> None:
    [frozen] = (await porter.get("/v1/stock", params={"place": "store"})).json()["stock"]
    told = {"item": "gloves", "quantity": 10, "place": "store", "lot": frozen["lot"], "to_place": "cage"}

    wrong = await porter.post("/v1/stock/thawings", json={**told, "to_place": "nowhere"})
    done = await porter.post("/v1/stock/thawings", json=told)
    [thawed] = (await porter.get("/v1/stock", params={"place": "cage"})).json()["stock"]
    again = await porter.post("/v1/stock/thawings", json={**told, "place": "cage", "lot": thawed["lot"], "quantity": 1})

    assert (wrong.status_code, done.status_code) == (404, 201), done.text
    assert (thawed["on_hand"], thawed["lot_number"], thawed["ineligible"]) == (10, "LOT-A1", ["stock.quarantined"])
    assert again.json()["code"] == "stock.thawed"
    assert await on_hand(porter, "store") == 90


async def test_breach_becomes_a_task_that_three_scans_close(served: Served, porter: httpx2.AsyncClient) -> None:
    assert (await use(porter, 5)).status_code == 201
    [task] = (await porter.get("/v1/tasks/mine", params={"place": "store"})).json()["tasks"]
    assert (task["kind"], task["quantity"], task["from_place"], task["to_place"]) == ("restock", 30, "store", "ward")
    detail = (await porter.get(f"/v1/tasks/{task['id']}")).json()
    assert [(portion["lot_number"], portion["quantity"]) for portion in detail["portions"]] == [("LOT-A1", 30)]

    started = await porter.post(f"/v1/tasks/{task['id']}:start", json={})
    picked = await porter.post(f"/v1/tasks/{task['id']}:pick", json={"scan": LABEL, "packages": 3})
    wrong = await porter.post(f"/v1/tasks/{task['id']}:deliver", json={"place": "cage"})
    delivered = await porter.post(f"/v1/tasks/{task['id']}:deliver", json={"place": "ward"})

    assert started.json()["status"] == "started", started.text
    assert (picked.status_code, picked.json()["picked"]) == (200, 30), picked.text
    assert wrong.json()["code"] == "task.wrong_place"
    assert (delivered.json()["status"], delivered.json()["delivered"]) == ("completed", 30), delivered.text
    assert await on_hand(porter, "ward") == 35
    assert served.hospital.live.stock["ward", "gloves"].quantity == 35
    assert served.hospital.live.tasks[task["id"]].status.value == "completed"
    assert (await porter.get("/v1/stock/verify")).json() == {"differences": []}


async def test_same_pick_sent_twice_with_its_key_takes_once(porter: httpx2.AsyncClient) -> None:
    await use(porter, 5)
    [task] = (await porter.get("/v1/tasks/mine")).json()["tasks"]
    headers = {"Idempotency-Key": "scan-0001"}

    first = await porter.post(f"/v1/tasks/{task['id']}:pick", json={"scan": LABEL, "quantity": 5}, headers=headers)
    again = await porter.post(f"/v1/tasks/{task['id']}:pick", json={"scan": LABEL, "quantity": 5}, headers=headers)

    assert first.json() == again.json()
    assert await on_hand(porter, "store") == 95


@pytest.mark.parametrize(
    ("label", "status", "code"),
    [
        ("0109506000134353", 422, "scan.check_digit"),  # one digit misread
        ("0104012345678901" + "10X", 404, "not_found"),  # a package that the catalogue does not know
        ("010950600013435210OTHER", 404, "not_found"),  # a lot that was never received
    ],
)
async def test_wrong_label_is_refused_with_its_reason(
    porter: httpx2.AsyncClient, label: str, status: int, code: str
) -> None:
    await use(porter, 5)
    [task] = (await porter.get("/v1/tasks/mine")).json()["tasks"]

    answer = await porter.post(f"/v1/tasks/{task['id']}:pick", json={"scan": label})

    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


async def test_task_with_goods_on_the_cart_cannot_be_completed(porter: httpx2.AsyncClient) -> None:
    await use(porter, 5)
    [task] = (await porter.get("/v1/tasks/mine")).json()["tasks"]
    await porter.post(f"/v1/tasks/{task['id']}:pick", json={"scan": LABEL, "quantity": 10})

    early = await porter.post(f"/v1/tasks/{task['id']}:complete", json={"outcome": "short"})
    back = await porter.post(f"/v1/tasks/{task['id']}:return", json={"place": "store"})
    done = await porter.post(f"/v1/tasks/{task['id']}:complete", json={"outcome": "short"})

    assert early.json()["code"] == "task.goods_on_the_way"
    assert back.status_code == 200, back.text
    assert (done.json()["status"], done.json()["outcome"]) == ("completed", "short"), done.text


async def test_typing_error_in_a_place_is_refused(porter: httpx2.AsyncClient) -> None:
    answer = await porter.post("/v1/stock/uses", json={"item": "gloves", "quantity": 1, "place": "wrad"})

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_scan_says_what_a_label_stands_for(porter: httpx2.AsyncClient) -> None:
    told = (await porter.post("/v1/scans", json={"scan": LABEL})).json()

    assert (told["item"], told["package_level"], told["package_quantity"]) == ("gloves", "box", 10)
    assert told["label"]["expiry"] == "2028-06-30"
    assert len(told["lots"]) == 1


async def test_as_of_needs_a_real_instant(porter: httpx2.AsyncClient) -> None:
    answer = await porter.get("/v1/stock/as-of", params={"item": "gloves", "place": "ward", "at": "yesterday"})

    assert answer.status_code == 422


async def test_recalled_lot_is_refused_at_the_shelf_and_traced(porter: httpx2.AsyncClient) -> None:
    used = await porter.post(
        "/v1/stock/uses", json={"item": "gloves", "quantity": 2, "place": "ward", "encounter": "enc-9"}
    )
    lot = used.json()["lines"][0]["lot"]
    await use(porter, 5)
    [task] = (await porter.get("/v1/tasks/mine", params={"kind": "restock"})).json()["tasks"]

    recalled = await porter.post(
        "/v1/recalls", json={"id": "R-1", "item": "gloves", "lot_numbers": ["lot-a1"], "recall_class": "I"}
    )
    refused = await porter.post(f"/v1/tasks/{task['id']}:pick", json={"scan": LABEL})
    released = await porter.post(f"/v1/lots/{lot}:status", json={"status": "released", "reason": "mistake"})

    assert [hit["encounter"] for hit in recalled.json()["patients"]] == ["enc-9"], recalled.text
    assert {hit["place"] for hit in recalled.json()["places"]} == {"store", "ward"}
    assert refused.json()["code"] == "stock.recalled"
    assert released.json()["code"] == "stock.status"
    assert (await porter.get(f"/v1/lots/{lot}/trace")).json()["lots"][0]["status"] == "recalled"


async def test_record_of_a_warm_store_holds_its_lots(porter: httpx2.AsyncClient) -> None:
    samples = [{"at": f"2026-01-05T07:{minute:02d}:00Z", "temperature_c": 38.0} for minute in range(0, 50, 10)]

    answer = await porter.post("/v1/stock/temperatures", json={"place": "store", "samples": samples})

    assert len(answer.json()["held"]) == 1, answer.text
    assert answer.json()["storage"][0]["reasons"] == ["temperature.too_warm", "temperature.mean_kinetic"]


async def test_the_nearest_places_are_those_from_which_something_may_be_taken(
    served: Served, porter: httpx2.AsyncClient
) -> None:
    async def nearest() -> dict[str, int]:
        answer = await porter.get("/v1/handheld/nearest", params={"item": "gloves", "place": "ward"})
        return {one["place"]: one["free"] for one in answer.json()["places"]}

    assert await nearest() == {"store": 100}
    await use(porter, 5)
    [task] = (await porter.get("/v1/tasks/mine")).json()["tasks"]
    picked = await porter.post(f"/v1/tasks/{task['id']}:pick", json={"scan": LABEL, "packages": 3})
    on_the_way = await nearest()
    [lot] = {line["lot"] for line in (await porter.get("/v1/stock", params={"place": "store"})).json()["stock"]}
    held = await porter.post(f"/v1/lots/{lot}:status", json={"status": "held", "reason": "look at it"})

    assert (picked.status_code, on_the_way) == (200, {"store": 70})  # not the porter's own cart
    assert held.status_code < 300, held.text
    assert await nearest() == {}

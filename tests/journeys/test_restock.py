"""Journey 3: a ward uses its gloves up, a porter is sent, three scans bring them, and the books are closed."""

from __future__ import annotations

import asyncio
from datetime import datetime

import httpx2

from tests.journeys.conftest import House, until
from twin.access import Role

GTIN = "09506000134352"
SOON = f"01{GTIN}17280630" + "10LOT-SOON"
LATER = f"01{GTIN}17290630" + "10LOT-LATER"


def supply(client: httpx2.Client, store: str, ward: str) -> None:
    """Define gloves in boxes of ten, two lots of them in the store, one box on the ward, and the ward's par level."""
    par = {"place": ward, "item": "gloves", "par_level": 30, "reorder_point": 8, "pack_multiple": 10, "source": store}
    for path, body in (
        ("/v1/items", {"id": "gloves", "code": "G-1", "name": "Gloves"}),
        ("/v1/items/gloves/packages", {"gtin": GTIN, "level": "box", "quantity": 10}),
        ("/v1/stock/receipts", {"lines": [{"place": store, "scan": LATER, "packages": 5}]}),
        ("/v1/stock/receipts", {"lines": [{"place": store, "scan": SOON, "packages": 5}]}),
        ("/v1/stock/receipts", {"lines": [{"place": ward, "scan": SOON, "packages": 1}]}),
        ("/v1/par-levels", par),
    ):
        answer = client.post(path, json=body)
        assert answer.status_code == 201, answer.text


def stores(client: httpx2.Client) -> tuple[str, str]:
    """Give a store and a clean utility of the building."""
    places = []
    cursor = ""
    while True:
        page = client.get("/v1/state/places", params={"limit": 200, "cursor": cursor}).json()
        places += page["places"]
        cursor = page.get("next", "")
        if not cursor:
            break
    by_purpose = {place["purpose"]: place["id"] for place in places}
    return by_purpose["central_store"], by_purpose["clean_utility"]


async def test_a_breach_of_par_is_restocked_by_three_scans(house: House) -> None:
    manager = await asyncio.to_thread(house.person, Role.SYSADMIN, name="manager", also=(Role.LOGISTICS,))
    porter = await asyncio.to_thread(house.person, Role.LOGISTICS)
    store, ward = await asyncio.to_thread(stores, manager)
    await asyncio.to_thread(supply, manager, store, ward)

    async def do(client: httpx2.Client, path: str, **body: object) -> httpx2.Response:
        return await asyncio.to_thread(client.post, path, json=body)

    used = await do(manager, "/v1/stock/uses", item="gloves", quantity=5, place=ward)
    assert used.status_code == 201, used.text

    async def asked_for() -> dict[str, object] | None:
        mine = (await asyncio.to_thread(porter.get, "/v1/tasks/mine")).json()["tasks"]
        return next((task for task in mine if task["subject_id"] == "gloves"), None)

    task = await until(asked_for, "a task to restock the ward")
    assert (task["kind"], task["from_place"], task["to_place"], task["quantity"]) == ("restock", store, ward, 30)
    detail = (await asyncio.to_thread(porter.get, f"/v1/tasks/{task['id']}")).json()
    assert [portion["lot_number"] for portion in detail["portions"]] == ["LOT-SOON"]  # first to expire, first out
    address = f"/v1/tasks/{task['id']}"
    await do(porter, f"{address}:start")
    picked = await do(porter, f"{address}:pick", scan=SOON, packages=3)
    wrong = await do(porter, f"{address}:deliver", place=store)
    delivered = await do(porter, f"{address}:deliver", place=ward)

    assert (picked.status_code, picked.json()["picked"]) == (200, 30), picked.text
    assert (wrong.status_code, wrong.json()["code"]) == (409, "task.wrong_place"), wrong.text
    assert (delivered.json()["status"], delivered.json()["delivered"]) == ("completed", 30), delivered.text
    stock = (await asyncio.to_thread(manager.get, "/v1/stock", params={"item": "gloves"})).json()["stock"]
    on_hand: dict[str, int] = {}
    for line in stock:
        on_hand[line["place"]] = on_hand.get(line["place"], 0) + line["on_hand"]
    assert on_hand == {store: 70, ward: 35}
    assert (await asyncio.to_thread(manager.get, "/v1/stock/verify")).json() == {"differences": []}
    steps = (await asyncio.to_thread(porter.get, address)).json()["steps"]
    instants = [datetime.fromisoformat(step["at"]) for step in steps]
    assert instants == sorted(instants)  # how long it took is what the lead time is learnt from
    auditor = await asyncio.to_thread(house.person, Role.AUDITOR)
    rows = (await asyncio.to_thread(auditor.get, "/v1/audit", params={"action": "task."})).json()["rows"]
    assert "task.completed" in {row["action"] for row in rows if row["subject"] == task["id"]}

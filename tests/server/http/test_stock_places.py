"""What a place is to the stock is said through the door, and decides what is handed out from there."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.conftest import Served
from tests.server.http.test_device_records import Client
from tests.server.http.test_plans import furnish
from twin.access import Role

LABEL = "010950600013435217290630" + "10V-1"


@pytest.fixture
async def vaccine(served: Served) -> Client:
    """Ten doses of something that is kept at 2 to 8 °C, in a room of which nobody has said anything."""
    furnish(served)
    call = Client(await served.signed_in(Role.LOGISTICS))
    await call("POST", "/items", {"id": "flu", "code": "flu", "name": "Vaccine", "storage_class": "2-8"})
    await call("POST", "/items/flu/packages", {"gtin": "09506000134352", "level": "each", "quantity": 1})
    await call("POST", "/stock/receipts", {"lines": [{"place": "r1", "scan": LABEL, "packages": 10}]})
    return call


async def issue(call: Client, status: int) -> Any:
    return await call(
        "POST", "/stock/transfers", {"item": "flu", "quantity": 1, "place": "r1", "to_place": "r2"}, status=status
    )


async def test_cold_goods_leave_from_a_refrigerator_only(vaccine: Client) -> None:
    refused = await issue(vaccine, 409)
    told = await vaccine("PUT", "/stock-places/r1", {"kind": "pharmacy", "storage_class": "2-8"})
    await issue(vaccine, 201)
    await vaccine("PUT", "/stock-places/r1", {"kind": "quarantine", "storage_class": "2-8"})
    blocked = await issue(vaccine, 409)

    assert "stock.storage_wrong" in str(refused)
    assert told == {"place": "r1", "kind": "pharmacy", "storage_class": "2-8", "source": ""}
    assert "stock.place_blocked" in str(blocked)
    assert (await vaccine("GET", "/stock-places"))["places"] == [told | {"kind": "quarantine"}]


@pytest.mark.parametrize(
    ("place", "body", "status"),
    [
        ("r1", {"kind": "central", "source": "r1"}, 422),  # from itself
        ("r1", {"kind": "central", "source": "nowhere"}, 404),
        ("nowhere", {"kind": "central"}, 404),
        ("r1", {"kind": "warehouse"}, 422),
        ("r1", {}, 422),
        ("r1", {"kind": "central", "source": "supplier"}, 404),  # a counterpart of the books
    ],
)
async def test_what_cannot_be_is_refused(vaccine: Client, place: str, body: dict[str, str], status: int) -> None:
    await vaccine("PUT", f"/stock-places/{place}", body, status=status)

    assert (await vaccine("GET", "/stock-places"))["places"] == []


async def test_places_are_listed_a_page_at_a_time(vaccine: Client) -> None:
    for name in ("b1", "r1", "r2"):
        await vaccine("PUT", f"/stock-places/{name}", {"kind": "cabinet", "source": "w1"})

    first = await vaccine("GET", "/stock-places?limit=2")
    second = await vaccine("GET", f"/stock-places?limit=2&cursor={first['next']}")

    assert [one["place"] for one in first["places"] + second["places"]] == ["b1", "r1", "r2"]
    assert second["next"] == ""


async def test_a_nurse_may_look_but_not_change(served: Served, vaccine: Client) -> None:
    nurse = Client(await served.signed_in(Role.NURSE))

    await nurse("PUT", "/stock-places/r1", {"kind": "central"}, status=403)
    assert (await nurse("GET", "/stock-places"))["places"] == []

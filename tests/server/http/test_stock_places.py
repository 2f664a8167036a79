"""What a place is to the stock is said through the door, and decides what is handed out from there."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.server.conftest import Served
from tests.server.http.test_device_records import Client
from tests.server.http.test_plans import furnish
from twin.access import Role
from twin.events.things import BinEmptied

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


async def test_a_bin_that_is_told_what_it_holds_asks_for_it_when_it_is_empty(served: Served, vaccine: Client) -> None:
    told = await vaccine("PUT", "/bins/bin-7", {"place": "r2", "item": "flu", "quantity": 12})
    assert (await vaccine("GET", "/bins"))["bins"] == [told]
    emptied = BinEmptied(thing="bin-7", occurred_at=served.clock.now(), source="gateway:g", source_key="b7", place="r2")

    served.hospital.record_now([emptied])

    [task] = (await vaccine("GET", "/tasks"))["tasks"]
    assert (task["reason"], task["subject_id"], task["to_place"], task["quantity"]) == ("bin_empty", "flu", "r2", 12)
    await vaccine("DELETE", "/bins/bin-7")
    await vaccine("DELETE", "/bins/bin-7", status=404)
    assert (await vaccine("GET", "/bins"))["bins"] == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"place": "r2", "item": "flu", "quantity": 0}, 422),  # an empty bin is always empty
        ({"place": "r2", "item": "nothing", "quantity": 1}, 404),
        ({"place": "nowhere", "item": "flu", "quantity": 1}, 404),
    ],
)
async def test_a_bin_of_nothing_is_refused(vaccine: Client, body: dict[str, Any], status: int) -> None:
    await vaccine("PUT", "/bins/bin-7", body, status=status)

    assert (await vaccine("GET", "/bins"))["bins"] == []


async def test_labels_are_printed_of_a_lot_and_of_its_shelf(vaccine: Client) -> None:
    [held] = (await vaccine("GET", "/stock?place=r1"))["stock"]
    address = f"/stock-labels?lot={quote(held['lot'])}"

    picture = await vaccine("GET", address)
    linear = await vaccine("GET", f"{address}&format=code128")
    commands = await vaccine("GET", f"{address}&format=zpl&serial=S_1")
    mark = await vaccine("GET", "/place-labels?place=r1")

    assert picture.headers["content-type"].startswith("image/svg+xml")
    assert "(10) V-1" in picture.text
    assert "(17) 290630" in linear.text
    assert "^FD_1010950600013435217290630" + "10V-1_121S__1^FS" in commands.text
    assert ">r1</text>" in mark.text
    assert "^FDr1^FS" in (await vaccine("GET", "/place-labels?place=r1&format=zpl")).text


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/stock-labels?lot=nothing", 404),
        ("/stock-labels", 422),
        ("/stock-labels?lot=nothing&format=pdf", 422),
        ("/place-labels?place=nowhere", 404),
    ],
)
async def test_what_has_no_label_is_told(vaccine: Client, address: str, status: int) -> None:
    await vaccine("GET", address, status=status)


async def test_a_package_that_is_none_of_the_item_and_a_serial_that_no_label_holds_are_refused(vaccine: Client) -> None:
    [held] = (await vaccine("GET", "/stock?place=r1"))["stock"]
    address = f"/stock-labels?lot={quote(held['lot'])}"

    await vaccine("GET", f"{address}&gtin=09506000134376", status=404)
    refused = await vaccine("GET", f"{address}&serial=a%5Eb", status=422)

    assert "serial" in str(refused["errors"])


async def test_a_nurse_may_look_but_not_change(served: Served, vaccine: Client) -> None:
    nurse = Client(await served.signed_in(Role.NURSE))

    await nurse("PUT", "/stock-places/r1", {"kind": "central"}, status=403)
    assert (await nurse("GET", "/stock-places"))["places"] == []

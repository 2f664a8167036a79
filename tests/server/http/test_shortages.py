"""Substitutes, short tasks, lost separators, blind counts and pictures of labels through the doors."""

from __future__ import annotations

import httpx2
import numpy as np
import pytest
import zxingcpp

from tests.server.conftest import Served
from tests.server.http.test_restocking import LABEL, on_hand, porter, use  # noqa: F401  # the same hospital
from twin.access import Role

MITTS = "0109506000134369" + "17280630" + "10M-1"
LOST = "0109506000134352" + "10L117281231"  # lot L1 and the expiry, if the scanner lost the separator between them


@pytest.fixture
async def nurse(served: Served) -> httpx2.AsyncClient:
    return await served.signed_in(Role.NURSE)


async def task_of(client: httpx2.AsyncClient) -> dict[str, object]:
    await use(client, 5)
    [task] = (await client.get("/v1/tasks/mine")).json()["tasks"]
    return task


async def with_mitts(client: httpx2.AsyncClient) -> None:
    for path, body in (
        ("/v1/items", {"id": "mitts", "code": "M-1", "name": "Mitts"}),
        ("/v1/items/mitts/packages", {"gtin": "09506000134369", "level": "box", "quantity": 10}),
        ("/v1/stock/receipts", {"lines": [{"place": "store", "scan": MITTS, "packages": 8}]}),
        ("/v1/items/gloves/substitutes", {"stand_in": "mitts", "numerator": 2}),
    ):
        answer = await client.post(path, json=body)
        assert answer.status_code == 201, answer.text


async def test_a_substitute_is_offered_once_a_nurse_has_approved_it(
    porter: httpx2.AsyncClient,  # noqa: F811
    nurse: httpx2.AsyncClient,
) -> None:
    task = await task_of(porter)
    await with_mitts(porter)
    pick = f"/v1/tasks/{task['id']}:pick"

    unapproved = await porter.post(pick, json={"scan": MITTS, "is_substitute": True})
    own = await porter.post("/v1/items/gloves/substitutes/mitts:approve")
    approved = await nurse.post("/v1/items/gloves/substitutes/mitts:approve")
    known = (await porter.get("/v1/handheld/knowledge")).json()
    unsaid = await porter.post(pick, json={"scan": MITTS})
    taken = await porter.post(pick, json={"scan": MITTS, "is_substitute": True})
    delivered = await porter.post(f"/v1/tasks/{task['id']}:deliver", json={"place": "ward"})

    assert (unapproved.json()["code"], own.status_code) == ("stock.wrong_item", 403)
    assert approved.json()["approved_by"]
    [told] = known["substitutes"]
    assert (told["stand_in"], told["numerator"], known["may_move"]) == ("mitts", 2, True)
    assert {item["id"] for item in known["items"]} == {"gloves", "mitts"}
    assert unsaid.json()["code"] == "stock.substitute_unconfirmed"
    assert taken.json()["picked"] == 30, taken.text  # 60 mitts stand for 30 gloves
    assert (delivered.json()["status"], delivered.json()["outcome"]) == ("completed", "substituted"), delivered.text
    assert (await porter.get("/v1/stock/verify")).json() == {"differences": []}


async def test_pairs_are_listed_and_withdrawn(porter: httpx2.AsyncClient, nurse: httpx2.AsyncClient) -> None:  # noqa: F811
    await with_mitts(porter)

    listed = (await porter.get("/v1/substitutes", params={"item": "gloves"})).json()["substitutes"]
    unknown = await nurse.post("/v1/items/gloves/substitutes/nothing:approve")
    gone = await porter.delete("/v1/items/gloves/substitutes/mitts")

    assert [(pair["stand_in"], pair["approved_by"]) for pair in listed] == [("mitts", "")]
    assert (unknown.status_code, gone.status_code) == (404, 204)
    assert (await porter.get("/v1/substitutes")).json() == {"substitutes": [], "next": ""}


async def test_a_short_delivery_closes_the_task_and_owes_the_rest(porter: httpx2.AsyncClient) -> None:  # noqa: F811
    task = await task_of(porter)
    await porter.post(f"/v1/tasks/{task['id']}:pick", json={"scan": LABEL, "packages": 2})

    closed = await porter.post(f"/v1/tasks/{task['id']}:deliver", json={"place": "ward", "is_last": True})
    [owed] = (await porter.get("/v1/back-orders", params={"state": "all"})).json()["back_orders"]
    wrong = await porter.get("/v1/back-orders", params={"state": "lost"})

    assert (closed.json()["status"], closed.json()["outcome"]) == ("completed", "short"), closed.text
    assert (owed["quantity"], owed["place"], owed["source"]) == (10, "ward", "store")
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/query/state")


async def test_what_is_owed_is_given_up(porter: httpx2.AsyncClient) -> None:  # noqa: F811
    task = await task_of(porter)
    await porter.post(f"/v1/tasks/{task['id']}:complete", json={"outcome": "short"})
    [owed] = (await porter.get("/v1/back-orders")).json()["back_orders"]

    done = await porter.post(f"/v1/back-orders/{owed['id']}:cancel")
    again = await porter.post(f"/v1/back-orders/{owed['id']}:cancel")

    assert (done.json()["state"], again.json()["code"]) == ("cancelled", "back_order.state")


async def test_a_label_that_can_be_read_in_two_ways_moves_nothing_before_somebody_has_looked(
    porter: httpx2.AsyncClient,  # noqa: F811
) -> None:
    line = {"place": "store", "scan": LOST, "packages": 1}

    asked = await porter.post("/v1/stock/receipts", json={"lines": [line]})
    whole = await porter.post("/v1/stock/receipts", json={"lines": [line | {"is_as_printed": True}]})
    cut = await porter.post("/v1/stock/receipts", json={"lines": [line | {"scan": LOST.replace("L1", "L1\x1d", 1)}]})

    assert (asked.status_code, asked.json()["code"]) == (409, "scan.separator_lost")
    assert "lot L1" in asked.json()["detail"]
    assert (whole.status_code, cut.status_code) == (201, 201), whole.text + cut.text
    lots = {
        one["lot_number"]: one for one in (await porter.get("/v1/stock", params={"place": "store"})).json()["stock"]
    }
    assert lots["L117281231"]["ineligible"]  # without an expiry it waits in quarantine
    assert lots["L1"]["expires_at"].startswith("2029-01-01")  # through the end of the printed day


async def test_a_blind_count_by_scans_says_nothing_of_the_books(porter: httpx2.AsyncClient) -> None:  # noqa: F811
    told = {"place": "store", "lines": [{"scan": LABEL, "quantity": 98}], "is_all": True}

    first = await porter.post("/v1/handheld/counts", json=told)
    own = await porter.post("/v1/handheld/counts", json=told)
    [session] = (await porter.get("/v1/stock/count-sessions")).json()["sessions"]

    assert first.status_code == 201, first.text
    assert first.json() == {"session": session["id"], "noted": 1, "waiting": 0, "to_recount": 1}
    assert own.json()["code"] == "count.same_person"
    assert await on_hand(porter, "store") == 100  # nothing is posted before somebody decides


async def test_a_shelf_of_which_the_books_say_nothing_is_counted_too(porter: httpx2.AsyncClient) -> None:  # noqa: F811
    told = {"place": "cage", "lines": [{"scan": LABEL, "quantity": 3}, {"scan": LABEL, "quantity": 4}]}
    nothing = await porter.post("/v1/handheld/counts", json={"place": "cage", "lines": []})

    done = await porter.post("/v1/handheld/counts", json=told)

    assert nothing.json()["errors"][0]["pointer"] == "/body/lines"
    assert (done.status_code, done.json()["noted"]) == (201, 1), done.text  # two boxes of one lot are one line
    session = (await porter.get(f"/v1/stock/count-sessions/{done.json()['session']}")).json()
    assert [line["first"]["quantity"] for line in session["lines"]] == [7]


@pytest.mark.parametrize(
    ("scan", "status", "code"),
    [
        ("0109506000134353", 422, "scan.check_digit"),
        ("010950600013435210OTHER", 404, "not_found"),  # a lot that was never received
        ("no-such-code", 404, "not_found"),
        (LOST, 409, "scan.separator_lost"),
    ],
)
async def test_a_count_with_a_wrong_label_notes_nothing(
    porter: httpx2.AsyncClient,  # noqa: F811
    scan: str,
    status: int,
    code: str,
) -> None:
    told = {"place": "store", "lines": [{"scan": LABEL, "quantity": 1}, {"scan": scan, "quantity": 1}]}

    answer = await porter.post("/v1/handheld/counts", json=told)

    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert (await porter.get("/v1/stock/count-sessions")).json()["sessions"] == []


def graymap(text: str) -> bytes:
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.DataMatrix, gs1=True).to_image(
        scale=6, add_quiet_zones=True
    )
    pixels = np.asarray(code, dtype=np.uint8)
    height, width = pixels.shape
    return b"P5 %d %d 255\n" % (width, height) + pixels.tobytes()


async def test_a_picture_of_a_label_is_read_as_a_scanner_would(porter: httpx2.AsyncClient) -> None:  # noqa: F811
    content = graymap("(01)09506000134352(10)LOT-A1(17)280630")

    answer = await porter.post(
        "/v1/handheld/pictures", content=content, headers={"content-type": "image/x-portable-graymap"}
    )
    [code] = answer.json()["codes"]
    resolved = (await porter.post("/v1/scans", json={"scan": code})).json()

    assert code == "]d20109506000134352" + "10LOT-A1\x1d17280630"
    assert (resolved["item"], resolved["label"]["lot"]) == ("gloves", "LOT-A1")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"P6 2 2 255\n" + bytes(12),  # in colour
        b"P5 2 2 255\n" + bytes(3),  # a byte lacks
        b"P5 0 2 255\n",
        b"P5 99999 99999 255\n",
        b"\x89PNG\r\n\x1a\n",
    ],
)
async def test_a_picture_that_is_none_is_refused(porter: httpx2.AsyncClient, content: bytes) -> None:  # noqa: F811
    answer = await porter.post(
        "/v1/handheld/pictures", content=content, headers={"content-type": "image/x-portable-graymap"}
    )

    assert (answer.status_code, answer.json()["code"]) == (422, "picture.unreadable"), answer.text

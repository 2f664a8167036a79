"""Goods on the handheld: receipts and blind counts by scans, substitutes, short shelves, questions and photos."""

import base64
import json

import numpy as np
import pytest
import zxingcpp

from tests.browser.test_handheld import scan
from tests.browser.test_offline_restocking import OFFLINE, stopped
from tests.browser.test_order_receipt import order  # noqa: F401  # one that waits for its approval
from tests.browser.test_restocking import LABEL, gauze, given_task  # noqa: F401  # the same goods

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SWABS = "0109506000134376" + "17290131" + "10SW-1"
LOST = "0109506000134352" + "10L117281231"
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


def handheld(visit, *, language="en", allowed=()):
    watched = visit("porter", width=390, language=language, allowed=(*OFFLINE, *allowed))
    page = watched.open("/m/")
    page.wait_for_selector("#goods-receive")
    return watched, page


def until_told(watched, text):
    watched.until("text => document.querySelector('#toast-text').textContent.includes(text)", text)


def answered(watched):
    """Wait until nothing of this device waits to be sent."""
    watched.until("() => document.querySelector('#offline').hidden", seconds=20)


def test_goods_are_received_without_a_network_and_arrive_once(visit, served, gauze):  # noqa: F811
    before = served.hospital.live.stock["STORE", "gauze"].quantity
    watched, page = handheld(visit)
    page.click("#goods-receive")
    page.wait_for_selector("#goods-place")
    page.context.set_offline(True)

    scan(page, LABEL)
    until_told(watched, "Scan the shelf first")
    scan(page, "STORE")
    watched.until("() => document.querySelector('#goods-place').value === 'STORE'")
    scan(page, LABEL)
    scan(page, LABEL)  # a second box of the same lot
    watched.until("() => document.querySelector('#goods-count-0')?.value === '2'")
    page.locator("button.primary", has_text="Put into stock").click()
    watched.until("() => document.querySelector('#offline').textContent.startsWith('Offline: 1 steps wait')")
    assert served.hospital.live.stock["STORE", "gauze"].quantity == before

    page.context.set_offline(False)
    answered(watched)
    assert served.hospital.live.stock["STORE", "gauze"].quantity == before + 20


def test_a_scanner_that_types_into_a_field_does_not_spoil_it(visit, gauze):  # noqa: F811
    watched, page = handheld(visit)
    page.click("#goods-count")
    scan(page, "STORE")
    scan(page, LABEL)
    page.wait_for_selector("#goods-count-0:focus")
    page.keyboard.type("41")
    page.wait_for_timeout(120)  # longer than a scanner pauses between two keys
    page.keyboard.type(LABEL + "\n")

    watched.until("() => document.querySelector('#goods-count-0').value === '41'")
    assert page.locator(".goods-line").count() == 1
    assert watched.violations() == []


def test_a_blind_count_is_sent_and_waits_for_a_second_person(visit, api, gauze):  # noqa: F811
    people = api("all")
    for one in people.get("/v1/stock/count-sessions", params={"state": "open"}).json()["sessions"]:
        people.post(f"/v1/stock/count-sessions/{one['id']}/cancelling", json={})
    watched, page = handheld(visit)
    page.click("#goods-count")
    scan(page, "STORE")
    scan(page, LABEL)
    page.wait_for_selector("#goods-count-0:focus")
    page.keyboard.type("7")
    assert "books" not in page.inner_text("main").lower()
    page.locator("button.primary", has_text="Send the count").click()

    until_told(watched, "second person")
    [session] = people.get("/v1/stock/count-sessions", params={"state": "open"}).json()["sessions"]
    assert [line["first"]["quantity"] for line in session["lines"] if line["first"]] == [7]
    people.post(f"/v1/stock/count-sessions/{session['id']}/cancelling", json={})


def test_a_refused_receipt_keeps_what_was_scanned(visit, gauze):  # noqa: F811
    watched, page = handheld(visit, allowed=("status of 404",))
    page.click("#goods-receive")
    scan(page, "STORE")
    page.context.set_offline(True)  # the label's meaning is not known here: it is taken as it is
    scan(page, "0104012345678901" + "10X")
    page.wait_for_selector("#goods-count-0")
    page.locator("button.primary", has_text="Put into stock").click()
    page.context.set_offline(False)

    assert "04012345678901" in stopped(page)
    page.click("#stop-close")
    kept = page.locator(".goods-kept")
    kept.wait_for()
    assert "Refused" in kept.inner_text()
    kept.locator("button", has_text="Discard").click()
    watched.until("() => !document.querySelector('.goods-kept')")


def test_a_lost_separator_is_asked_about_before_anything_moves(visit, gauze):  # noqa: F811
    watched, page = handheld(visit)
    page.click("#goods-receive")
    scan(page, "STORE")
    scan(page, LOST)
    page.wait_for_selector("#ask:not([hidden])")
    assert watched.violations() == []
    choices = page.locator("#ask-choices button").all_inner_texts()
    page.locator("#ask-choices button").nth(0).click()

    assert choices == ["Lot L1, expiry 2028-12-31", "Lot L117281231"]
    watched.until("() => document.querySelector('.goods-line')?.innerText.includes('Lot L1 · 2028-12-31')")


def test_an_approved_substitute_is_offered_at_the_pick_without_a_network(visit, api, served, gauze):  # noqa: F811
    people = api("all")
    for path, body in (
        ("/v1/items", {"id": "swabs", "code": "SW", "name": "Swabs"}),
        ("/v1/items/swabs/packages", {"gtin": "09506000134376", "level": "box", "quantity": 10}),
        ("/v1/stock/receipts", {"lines": [{"place": "STORE", "scan": SWABS, "packages": 6}]}),
        ("/v1/items/gauze/substitutes", {"stand_in": "swabs"}),
    ):
        answer = people.post(path, json=body)
        assert answer.status_code == 201, answer.text
    assert people.post("/v1/items/gauze/substitutes/swabs:approve").status_code == 200
    task = given_task(gauze)
    watched, page = handheld(visit)
    page.locator(".card", has_text="Gauze").click()
    page.wait_for_selector("#stand-ins >> text=Swabs: 30 units")
    page.context.set_offline(True)

    scan(page, "STORE")
    page.wait_for_selector(".step.now >> text=Gauze")
    scan(page, SWABS)
    page.wait_for_selector("#ask:not([hidden])")
    assert "approved in place of Gauze" in page.inner_text("#ask-text")
    page.locator("#ask-choices button", has_text="Take it instead").click()
    watched.until("() => document.querySelectorAll('.step.done').length === 2")
    assert page.locator("#stand-ins").count() == 0  # nothing is missing any more
    scan(page, "ICU-B4")
    page.context.set_offline(False)
    answered(watched)

    detail = gauze.get(f"/v1/tasks/{task['id']}").json()["task"]
    assert (detail["status"], detail["outcome"], detail["delivered"]) == ("completed", "substituted", 30), detail
    assert people.delete("/v1/items/gauze/substitutes/swabs").status_code == 204


def test_a_shelf_without_any_more_leaves_the_rest_owed(visit, api, gauze):  # noqa: F811
    task = given_task(gauze)
    watched, page = handheld(visit)
    page.locator(".card", has_text="Gauze").click()
    page.locator("main button", has_text="No more here").click()

    until_told(watched, "the rest is owed")
    answered(watched)
    people = api("all")
    [owed] = [one for one in people.get("/v1/back-orders").json()["back_orders"] if one["id"] == task["id"]]
    assert owed["quantity"] == task["quantity"]
    assert people.post(f"/v1/back-orders/{owed['id']}:cancel").status_code == 200


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_an_exception_is_sent_with_a_photo_that_the_board_shows(visit, gauze, tmp_path, language):  # noqa: F811
    task = given_task(gauze)
    picture = tmp_path / "broken.png"
    picture.write_bytes(PIXEL)
    watched, page = handheld(visit, language=language)
    page.locator(".card", has_text="Gauze").click()
    page.locator("main .acts button", has_text="Damaged" if language == "en" else "已损坏").click()
    page.set_input_files("#exception-photo", picture)
    assert watched.violations() == []
    page.locator("main button.primary").click()
    answered(watched)

    for _ in range(100):
        found = gauze.get("/v1/documents", params={"subject": task["id"]}).json()["documents"]
        if found:
            break
        page.wait_for_timeout(50)
    assert [one["name"].startswith("damaged-") for one in found] == [True]
    assert gauze.get(f"/v1/tasks/{task['id']}").json()["task"]["blocked_reason"] == "damaged"


def test_the_camera_reads_a_label_where_there_is_no_scanner(visit, gauze):  # noqa: F811
    code = zxingcpp.create_barcode("(01)09506000134352(10)LOT-A1", zxingcpp.BarcodeFormat.DataMatrix, gs1=True)
    picture = code.to_image(scale=8, add_quiet_zones=True)
    rows = json.dumps(np.asarray(picture, dtype=np.uint8).tolist())
    _watched, page = handheld(visit)
    page.evaluate(
        """rows => {
          const canvas = Object.assign(document.createElement('canvas'), {width: 640, height: 480});
          const draw = () => {
            const context = canvas.getContext('2d');
            context.fillStyle = 'white';
            context.fillRect(0, 0, 640, 480);
            rows.forEach((row, y) => row.forEach((level, x) => {
              context.fillStyle = `rgb(${level},${level},${level})`;
              context.fillRect(120 + x, 80 + y, 1, 1);
            }));
          };
          draw();
          setInterval(draw, 100);  // a stream gives a picture only when its source is drawn anew
          navigator.mediaDevices.getUserMedia = async () => canvas.captureStream(10);
        }""",
        json.loads(rows),
    )
    page.click("#goods-receive")
    scan(page, "STORE")
    page.click("#camera")

    page.wait_for_selector("#goods-count-0", timeout=20_000)
    assert "LOT-A1" in page.inner_text(".goods-line")
    assert page.locator("#viewfinder").count() == 0


def test_a_case_is_closed_by_scans_without_a_network(visit, api, served, gauze):  # noqa: F811
    people = api("all")
    lines = [{"item": "gauze", "opened": 10, "held": 10}]
    assert people.post("/v1/kits", json={"id": "hernia", "name": "Hernia repair", "lines": lines}).status_code == 201
    asked = {"kit": "hernia", "place": "STORE", "due_at": "2026-12-24T08:00:00Z"}
    cart = people.post("/v1/case-carts", json=asked).json()["id"]
    before = {place: served.hospital.live.stock[place, "gauze"].quantity for place in ("STORE", "ICU-B4")}
    watched, page = handheld(visit)
    page.click("#goods-case")
    watched.until("id => [...document.querySelectorAll('#goods-cart option')].some((one) => one.value === id)", cart)
    assert watched.violations() == []
    page.context.set_offline(True)

    scan(page, LABEL)
    until_told(watched, "Choose the case cart first")
    page.select_option("#goods-cart", cart)
    scan(page, LABEL)
    page.wait_for_selector("#goods-back-0")
    scan(page, "ICU-B4")
    watched.until("() => document.querySelector('#goods-place').value === 'ICU-B4'")
    assert watched.violations() == []
    page.locator("button.primary", has_text="Close the case").click()
    watched.until("() => document.querySelector('#offline').textContent.startsWith('Offline: 1 steps wait')")
    page.context.set_offline(False)
    answered(watched)

    until_told(watched, "what was used is written down")
    assert served.hospital.live.stock["STORE", "gauze"].quantity == before["STORE"] - 10
    assert served.hospital.live.stock["ICU-B4", "gauze"].quantity == before["ICU-B4"]
    carts = people.get("/v1/case-carts", params={"state": "closed", "limit": 200}).json()["carts"]
    assert cart in {one["id"] for one in carts}


def test_goods_of_an_order_are_received_by_its_number_among_shelves_only(visit, api, order):  # noqa: F811
    people, number, item = api("all"), order["id"], order["lines"][0]["item"]
    assert people.post(f"/v1/purchase-orders/{number}:approve", json={}).status_code == 200
    watched, page = handheld(visit)
    assert page.evaluate("document.querySelector('#main button').id") == "goods-receive"  # above all that is overdue

    scan(page, number.lower())
    watched.until("() => document.querySelector('#goods-place')?.value === 'STORE'")
    assert page.input_value("#goods-order") == number
    offered = page.eval_on_selector_all("#goods-place option", "all => all.map(one => one.value)")
    assert set(offered) - {""} == set(people.get("/v1/handheld/knowledge").json()["shelves"])
    assert "ICU-B1" not in offered  # a bed at which nothing of the stock lies

    scan(page, item)
    page.wait_for_selector("#goods-lot-0")
    page.fill("#goods-count-0", "45")
    page.fill("#goods-lot-0", "HH-1")
    page.fill("#goods-expiry-0", "2028-01-31")
    page.check("#goods-last")
    page.fill("#goods-reason", "out of production")
    assert watched.violations() == []
    page.locator("button.primary", has_text="Put into stock").click()

    until_told(watched, "differs from the order: Swabs 45/60")
    found = people.get(f"/v1/purchase-orders/{number}").json()
    assert (found["state"], found["closed_reason"]) == ("received", "out of production")

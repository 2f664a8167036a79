"""An order by hand on its page: proposed by one, approved by another, given out as files, taken in with what differs."""

from itertools import count

import pytest

from tests.browser.test_stock_pages import opened, pressed, surely

NUMBERS = count(1)
"""Each order is of an item of its own: what one test received would leave the next one nothing to buy."""

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.timeout(120)]


@pytest.fixture
def order(api):
    """An order of 60 swabs that a store lacks and somebody else has proposed."""
    people, buyer, item = api("all"), api("porter"), f"swabs-{next(NUMBERS)}"
    assert people.put("/v1/stock-places/STORE", json={"kind": "central"}).status_code == 200
    for path, body in (
        ("/v1/items", {"id": item, "code": item, "name": "Swabs"}),
        ("/v1/supplies", {"item": item, "supplier": "Swab Works", "pack_quantity": 20, "price_minor": 900}),
        ("/v1/par-levels", {"place": "STORE", "item": item, "par_level": 60, "reorder_point": 10}),
    ):
        answer = people.post(path, json=body)
        assert answer.status_code == 201, answer.text
    [made] = buyer.post("/v1/purchase-orders:propose", json={}).json()["orders"]
    return made


def choose(watched, number):
    """Choose an order by its number."""
    page = watched.page
    if number in page.input_value("#buying-chosen"):
        return  # it is the newest one, which the page shows by itself
    page.fill("#buying-chosen", number)
    page.locator("[role=option]:visible", has_text=number).first.click()
    watched.until("number => document.querySelector('#buying-chosen').value.includes(number)", number)
    watched.settle()


def add(page, watched, quantity, lot, expiry):
    """Put one lot on the delivery."""
    page.fill("#buying-came-quantity", str(quantity))
    page.fill("#buying-came-lot", lot)
    page.fill("#buying-came-expiry", expiry)
    page.click("#buying-came-add")
    watched.until("lot => document.querySelector('#buying-came-list').innerText.includes(lot)", lot)


def test_an_order_is_approved_given_out_and_taken_in_with_its_difference(visit, api, order, shots):
    people, item, order = api("all"), order["lines"][0]["item"], order["id"]
    watched, page = opened(visit, "/ui/buying", shots)
    choose(watched, order)
    assert "Proposed by porter: anybody else who may buy can approve it, you too." in page.inner_text("#buying-lines")
    assert page.locator("#buying-receive").count() == 0  # nothing may come yet

    page.click("#buying-edifact")
    watched.until("() => document.querySelector('#frame-notice').innerText.includes('order.not_approved')")
    pressed(watched, "buying-approve", "Approved.")
    with page.expect_download() as message:
        page.click("#buying-edifact")
    assert message.value.suggested_filename == f"{order}.edi"
    assert f"BGM+220+{order}+9'" in message.value.path().read_text()
    with page.expect_download() as sheet:
        page.click("#buying-file")
    assert sheet.value.suggested_filename == f"{order}.csv"
    heading, line = sheet.value.path().read_text(encoding="utf-8").splitlines()
    assert heading.startswith("\ufefforder,line,")  # with the mark by which Excel knows the coding
    assert line.startswith(f"{order},1,,{item},Swabs,3,20,60,900")

    add(page, watched, 30, "SW-A", "2028-01-31")
    add(page, watched, 10, "SW-B", "2028-02-29")
    assert watched.violations() == []
    pressed(watched, "buying-receive", "It differs: Swabs: 40 of 60 (Less than expected)")
    found = people.get(f"/v1/purchase-orders/{order}").json()
    assert (found["state"], found["lines"][0]["received"]) == ("approved", 40)
    assert "40 of 60" in page.inner_text("#buying-lines")  # kept beside the order
    if shots is not None:
        page.screenshot(path=shots / "buying-received-en.png", full_page=True)

    page.fill("#buying-came-reason", "sold out")
    surely(page, "buying-close")
    watched.until("() => document.querySelector('#buying-said').innerText.includes('Closed without the rest.')")
    found = people.get(f"/v1/purchase-orders/{order}").json()
    assert (found["state"], found["closed_reason"]) == ("received", "sold out")
    stock = people.get("/v1/stock", params={"item": item}).json()["stock"]
    assert {line["lot_number"]: line["on_hand"] for line in stock} == {"SW-A": 30, "SW-B": 10}


def test_whoever_proposed_an_order_reads_that_another_one_approves_it(visit, api, order, shots):
    watched, page = opened(visit, "/ui/buying", shots, language="zh_CN")
    people = api("all")
    people.post(f"/v1/purchase-orders/{order['id']}:cancel", json={})
    [own] = people.post("/v1/purchase-orders:propose", json={}).json()["orders"]
    page.reload()
    page.wait_for_selector("#buying-chosen")
    choose(watched, own["id"])

    assert "须由另一位有采购权限的人批准" in page.inner_text("#buying-lines")
    page.click("#buying-approve")
    watched.until("() => document.querySelector('#frame-notice').innerText.includes('order.same_person')")


def test_the_sum_over_the_table_follows_what_the_buttons_do(visit, order, shots):
    watched, page = opened(visit, "/ui/buying?state=proposed", shots)
    choose(watched, order["id"])
    before = page.inner_text("#buying-summary")
    pressed(watched, "buying-approve", "Approved.")
    watched.until("before => document.querySelector('#buying-summary').innerText !== before", before)

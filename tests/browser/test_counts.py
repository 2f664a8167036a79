"""Two people count a shelf blind on the page, and a third sees the difference and posts it."""

import pytest

from tests.browser.test_stock_pages import surely

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_a_shelf_is_counted_decided_and_posted(visit, api):
    client = api("all")
    item = {"id": "count-me", "code": "count-me", "name": "Swabs", "tracking": "none", "is_expiry_tracked": False}
    assert client.post("/v1/items", json=item).status_code == 201
    line = {"item": "count-me", "place": "STORE", "quantity": 12}
    came = client.post("/v1/stock/receipts", json={"lines": [line]})
    assert came.status_code == 201, came.text
    opened = client.post("/v1/stock/count-sessions", json={"place": "STORE", "items": ["count-me"]})
    assert opened.status_code == 201, opened.text

    watched = visit("porter")
    page = watched.open(f"/ui/counts?count={opened.json()['id']}")
    page.click("#counts-line")
    page.locator("[role=option]:visible").first.click()  # the one that is chosen stays chosen
    page.fill("#counts-quantity", "9")
    page.click("#counts-note")
    page.locator("#counts-said", has_text="Noted").wait_for()
    page.locator("#counts-content td", has_text="second person").wait_for()
    assert watched.violations() == []

    page = visit("all").open(f"/ui/counts?count={opened.json()['id']}")
    page.fill("#counts-quantity", "10")
    page.click("#counts-note")
    page.locator("#counts-content td", has_text="To be decided").wait_for()
    page.fill("#counts-quantity", "10")
    page.fill("#counts-reason", "one box was open")
    page.click("#counts-decide")
    page.locator("#counts-content td", has_text="Agreed").wait_for()
    surely(page, "counts-close")
    page.locator("#counts-said", has_text="2 missing").wait_for()

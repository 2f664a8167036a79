"""Shortages, item master, lots, case carts: seen by axe in both languages, and worked by hand."""

import pytest

from tests.browser.test_restocking import gauze  # noqa: F401  # the same goods
from tests.browser.test_stock_pages import opened, pressed

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.timeout(120)]


def chosen(page, identifier, text):
    """Choose an option of a selection by its text."""
    page.click(f"#{identifier}")
    page.fill(f"#{identifier}", text)
    page.locator("[role=option]:visible", has_text=text).first.click()


@pytest.mark.parametrize("language", ["en", "zh_CN"])
@pytest.mark.parametrize(
    "address",
    ["/ui/shortages", "/ui/item-master", "/ui/lots", "/ui/cases", "/ui/stock", "/ui/stock-places", "/ui/register"],
)
def test_page_has_no_finding_in_either_language(visit, gauze, shots, address, language):  # noqa: F811
    opened(visit, address, shots, language=language)


def test_substitute_is_proposed_approved_and_withdrawn_on_the_page(visit, api, gauze, shots):  # noqa: F811
    people = api("all")
    assert people.post("/v1/items", json={"id": "lint", "code": "LI", "name": "Lint"}).status_code == 201
    watched, page = opened(visit, "/ui/shortages", None)
    chosen(page, "shortages-item", "Gauze")
    chosen(page, "shortages-stand-in", "Lint")
    pressed(watched, "shortages-propose", "offered once somebody has approved it")
    chosen(page, "shortages-pair", "Gauze ← Lint")
    pressed(watched, "shortages-approve", "Approved.")

    [pair] = [one for one in people.get("/v1/substitutes").json()["substitutes"] if one["stand_in"] == "lint"]
    assert pair["approved_by"]
    chosen(page, "shortages-pair", "Gauze ← Lint")
    pressed(watched, "shortages-withdraw", "Withdrawn.")


def test_two_entries_are_looked_at_and_made_one(visit, api, gauze, shots):  # noqa: F811
    people = api("all")
    for name in ("tape-a", "tape-b"):
        body = {"id": name, "code": name, "name": "Adhesive tape 5 cm", "tracking": "none"}
        assert people.post("/v1/items", json=body).status_code == 201
    received = {"lines": [{"place": "STORE", "item": "tape-b", "quantity": 9}]}
    assert people.post("/v1/stock/receipts", json=received).status_code == 201
    watched, page = opened(visit, "/ui/item-master", None)
    assert "Adhesive tape" in page.inner_text("#master-pairs")
    chosen(page, "master-keep", "(tape-a)")
    chosen(page, "master-drop", "(tape-b)")
    page.click("#master-look")
    page.wait_for_selector("#master-merge:not([disabled])")
    pressed(watched, "master-merge", "units went over")

    stock = people.get("/v1/stock", params={"place": "STORE", "item": "tape-a"}).json()["stock"]
    assert [line["on_hand"] for line in stock] == [9]
    assert people.get("/v1/stock/verify").json() == {"differences": []}


def test_movements_and_trace_of_a_lot_are_shown(visit, gauze, shots):  # noqa: F811
    watched, page = opened(visit, "/ui/lots?item=gauze&place=STORE", None)
    chosen(page, "lots-chosen", "LOT-A1")

    watched.until("() => document.querySelector('#lots-audit').innerText.includes('What made this quantity')")
    assert "Received" in page.inner_text("#lots-audit")
    assert watched.violations() == []


def test_a_place_a_bin_and_a_level_are_told_by_hand(visit, api, gauze, shots):  # noqa: F811
    people = api("all")
    watched, page = opened(visit, "/ui/stock-places", None)
    chosen(page, "stock-places-place", "STORE")
    watched.until("() => document.querySelector('#stock-places-mark a')")
    page.click("#stock-places-kind")  # a short list that cannot be typed into
    page.locator("[role=option]:visible", has_text="Locked cabinet").click()
    pressed(watched, "stock-places-keep", "Kept.")
    [told] = [one for one in people.get("/v1/stock-places").json()["places"] if one["place"] == "STORE"]
    assert told["kind"] == "cabinet"
    assert people.put("/v1/stock-places/STORE", json={"kind": "ward"}).status_code == 200  # as other tests know it
    page.fill("#stock-bins-bin", "bin-9")
    chosen(page, "stock-bins-place", "STORE")
    chosen(page, "stock-bins-item", "Gauze")
    page.fill("#stock-bins-quantity", "25")
    page.click("#stock-bins-keep")
    watched.until("() => document.querySelector('#stock-bins-shown').innerText.includes('bin-9')")
    assert watched.violations() == []

    watched, page = opened(visit, "/ui/par-studio", None)
    chosen(page, "par-hand-place", "STORE")
    chosen(page, "par-hand-item", "Gauze")
    page.fill("#par-hand-level", "9")
    page.fill("#par-hand-point", "2")
    page.click("#par-hand-set")
    watched.until("() => document.querySelector('#par-hand-said').innerText.includes('Kept.')")

    levels = people.get("/v1/par-levels", params={"place": "STORE"}).json()["par_levels"]
    assert [(one["item"], one["par_level"], one["reorder_point"]) for one in levels if one["item"] == "gauze"] == [
        ("gauze", 9, 2)
    ]
    page.click("#par-hand-remove")
    watched.until("() => document.querySelector('#par-hand-said').innerText.includes('Nothing is asked')")
    assert people.delete("/v1/bins/bin-9").status_code == 204
    assert watched.violations() == []

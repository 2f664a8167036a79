"""Par studio, buying and the rounds of the task board, worked by hand in a real browser."""

import pytest

from tests.browser.test_restocking import gauze  # noqa: F401  # the same goods

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.timeout(120)]


def opened(visit, address, shots, *, language="en"):
    """Open a page in a theme of the language, and let axe look at it."""
    watched = visit(language=language, theme="light" if language == "en" else "dark")
    page = watched.open(address)
    page.wait_for_selector("#page h1")
    watched.until("() => !document.querySelector('.state-loading')")
    assert watched.violations() == []
    if shots is not None:
        page.screenshot(path=shots / f"{address.strip('/').replace('/', '-')}-{language}.png", full_page=True)
    return watched, page


def surely(page, button):
    """Press a button; where what it does cannot be taken back, say yes to its question."""
    page.click(f"#{button}")
    if page.locator(f"#{button}").get_attribute("data-sure"):
        page.click("#sure-yes")


def pressed(watched, button, said):
    """Press a button, answer its second question with yes if it asks one, wait until the page says that it is done."""
    surely(watched.page, button)
    watched.until("text => document.querySelector('#page').innerText.includes(text)", said)


def test_proposed_par_level_is_accepted_and_taken_back(visit, gauze, shots):  # noqa: F811
    watched, page = opened(visit, "/ui/par-studio", shots)
    pressed(watched, "par-plan", "planned")
    page.reload()
    page.wait_for_selector("#par-accept")
    before = gauze.get("/v1/par-changes").json()["changes"]
    proposed = gauze.get("/v1/par-proposals").json()["proposals"]

    if proposed:
        page.wait_for_selector("#par-curve .js-plotly-plot, #par-curve .state-empty")
        pressed(watched, "par-accept", "Accepted.")
        changes = gauze.get("/v1/par-changes").json()["changes"]
        assert len(changes) == len(before) + 1
        page.click("#par-change")
        page.locator("[role=option]:visible").first.click()
        pressed(watched, "par-undo", "Taken back.")
        assert gauze.get("/v1/par-changes").json()["changes"][0]["undone_by"]
    opened(visit, "/ui/par-studio?shown=all", shots, language="zh_CN")
    assert gauze.get("/v1/par-proposals", params={"state": "all"}).json()["proposals"]


def test_rounds_are_planned_looked_at_and_applied(visit, gauze, shots):  # noqa: F811
    watched, page = opened(visit, "/ui/tasks", shots)
    page.click("#rounds-plan")
    watched.until("() => document.querySelector('#rounds-difference').innerText.length > 10")

    if page.is_enabled("#rounds-apply"):
        assert "What would change" in page.inner_html("#rounds-difference")
        pressed(watched, "rounds-apply", "tasks given out")
    assert watched.violations() == []
    again = gauze.post("/v1/tasks:plan-rounds", json={"is_anew": False}).json()
    assert again["before"] == again["after"]


def test_order_is_proposed_by_one_and_approved_by_another(visit, api, gauze, shots):  # noqa: F811
    people = api("all")
    for path, body in (
        ("/v1/supplies", {"item": "gauze", "supplier": "Acme", "pack_quantity": 50, "price_minor": 900}),
        ("/v1/par-levels", {"place": "PHARM", "item": "gauze", "par_level": 100, "reorder_point": 20}),
    ):
        answer = people.post(path, json=body)
        assert answer.status_code in {201, 404}, answer.text
    watched, _page = opened(visit, "/ui/buying", shots)
    pressed(watched, "buying-propose", "orders proposed")
    found = gauze.post("/v1/purchase-orders:propose", json={}).json()

    assert found["orders"] == []  # what the page has proposed is on order already
    opened(visit, "/ui/buying", shots, language="zh_CN")

"""A restock from the first scan to the last without a network: stops come from the device, each step arrives once."""

import json

import pytest

from tests.browser.test_handheld import scan
from tests.browser.test_restocking import LABEL, gauze, given_task  # noqa: F401  # the same goods

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

OFFLINE = ("ERR_INTERNET_DISCONNECTED", "ERR_FAILED")
OTHER = "010950600013436917280630" + "10X"


def opened(visit):
    watched = visit("porter", width=390, allowed=OFFLINE)
    page = watched.open("/m/")
    page.locator(".card", has_text="Gauze").click()
    watched.until("() => /List of stopped lots: [01] min/.test(document.querySelector('#list-age').textContent)")
    return watched, page


def stopped(page):
    page.wait_for_selector("#stop:not([hidden])")
    return page.inner_text("#stop-text")


def test_whole_restock_is_done_without_a_network_and_arrives_once(visit, served, gauze):  # noqa: F811
    task = given_task(gauze)
    before = served.hospital.live.stock["STORE", "gauze"].quantity
    watched, page = opened(visit)
    assert page.inner_text("#facts") == "30 units = 3 × box (10)"
    page.context.set_offline(True)

    scan(page, "STORE")
    page.wait_for_selector(".step.now >> text=Gauze")
    scan(page, OTHER)
    assert "The task asks for Gauze" in stopped(page)
    page.click("#stop-close")
    scan(page, LABEL)
    watched.until("() => document.querySelectorAll('.step.done').length === 2")
    scan(page, "ICU-B4")
    watched.until("() => document.querySelector('#offline').textContent.startsWith('Offline: 3 steps wait')")
    assert served.hospital.live.stock["STORE", "gauze"].quantity == before

    page.context.set_offline(False)
    for _ in range(200):
        detail = gauze.get(f"/v1/tasks/{task['id']}").json()["task"]
        if detail["status"] == "completed":
            break
        page.wait_for_timeout(50)
    assert (detail["status"], detail["picked"], detail["delivered"]) == ("completed", 30, 30), detail
    assert served.hospital.live.stock["STORE", "gauze"].quantity == before - 30
    watched.until("() => document.querySelector('#offline').hidden", seconds=20)


def judged(page, scanned, *, item=None, known=None, minutes=0):
    """Ask the device's own judgement of a scan; gives the words' key, empty if nothing is against it."""
    gauze_item = {
        "id": "gauze",
        "code": "GZ-1",
        "name": "Gauze",
        "is_careful": False,
        "packages": [{"gtin": "09506000134352", "level": "box", "quantity": 10}],
    }
    knowledge = {
        "got_at": 1795687200000,
        "lasts_s": 3600,
        "items": [{**gauze_item, **(item or {})}],
        "stopped": [],
        **(known or {}),
    }
    found = page.evaluate(
        "async ([scanned, known, now]) => { const {reasonAgainst} = await import('/m/stops.js'); "
        "return reasonAgainst({subject_id: 'gauze'}, scanned, known, now); }",
        [scanned, knowledge, 1795687200000 + minutes * 60000],
    )
    return json.loads(json.dumps(found or {})).get("key", "")


RECALLED = {"item": "gauze", "lot": "lot-a1", "expires_at": "", "reason": "stock.recalled"}


def test_device_judges_labels_by_what_it_knows(visit):
    page = visit("porter").open("/m/")

    assert judged(page, LABEL) == ""
    assert judged(page, "gz-1") == ""
    assert judged(page, "]d2" + LABEL + "\x1d21SN") == ""
    assert judged(page, OTHER) == "wrongItem"
    assert judged(page, "(01)09506000134369(10)X") == "wrongItem"
    assert judged(page, "01095060001343521725013110OLD") == "expired"
    assert judged(page, "01095060001343521726110010OLD") == ""  # day 00 is the last day of November
    assert judged(page, LABEL, known={"stopped": [RECALLED]}) == "stoppedLot"
    assert judged(page, LABEL.replace("LOT-A1", "lot-b2"), known={"stopped": [RECALLED]}) == ""
    other_day = {**RECALLED, "expires_at": "2029-07-01T00:00:00Z"}  # the same number with another expiry
    assert judged(page, LABEL, known={"stopped": [other_day]}) == ""
    assert judged(page, LABEL, known={"stopped": [{**RECALLED, "expires_at": "2028-07-01T00:00:00Z"}]}) == "stoppedLot"


def test_drugs_and_implants_need_a_list_of_less_than_an_hour(visit):
    page = visit("porter").open("/m/")

    assert judged(page, LABEL, item={"is_careful": True}, minutes=59) == ""
    assert judged(page, LABEL, item={"is_careful": True}, minutes=61) == "oldList"
    assert judged(page, LABEL, minutes=600) == ""

"""Incidents, checklists, permits, calibrations and drift watches, worked by hand in a real browser."""

import pytest

from tests.browser.test_stock_pages import opened, pressed

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.timeout(120)]


POINT = ("flow", "ml/h", "100", "112", "100", "5")


def device(api, name):
    """Register a device of this test alone, so that nothing depends on what another test left."""
    entry = {
        "id": name,
        "control_no": f"C-{name}",
        "category": "infusion_pump",
        "name": f"Pump {name}",
        "manufacturer": "Acme",
        "model": "Records",
        "serial": f"SN-{name}",
    }
    answer = api("all").post("/v1/assets", json=entry)
    assert answer.status_code == 201, answer.text
    return name


def chosen(page, field, label):
    """Choose from a list by its visible text."""
    page.click(f"#{field}")
    page.locator("[role=option]:visible", has_text=label).first.click()


def test_incident_is_reported_by_control_number_noted_and_closed(visit, api, shots):
    name = device(api, "records-1")
    watched, page = opened(visit, "/ui/incidents", shots)
    page.fill("#incidents-device", f"C-{name}")
    chosen(page, "incidents-severity", "Serious")
    page.fill("#incidents-description", "Free flow of records-1")
    pressed(watched, "incidents-report", "Report it by")

    chosen(page, "incidents-chosen", "Free flow of records-1")
    page.fill("#incidents-words", "BfArM 17")
    pressed(watched, "incidents-note", "its clock has stopped")
    page.fill("#incidents-words", "The latch was worn")
    pressed(watched, "incidents-close", "Closed.")

    opened(visit, "/ui/incidents?closed=1", shots, language="zh_CN")
    (kept,) = api("all").get("/v1/incidents", params={"asset": name}).json()["incidents"]
    assert (kept["reference"], kept["conclusion"]) == ("BfArM 17", "The latch was worn")


def test_step_with_limits_is_added_and_an_order_takes_the_checklist(visit, api, shots):
    name = device(api, "records-2")
    watched, page = opened(visit, "/ui/checklists?work=incoming", shots)
    page.fill("#checklists-label", "Flow at 100 ml/h")
    chosen(page, "checklists-step", "Number")
    page.fill("#checklists-unit", "ml/h")
    page.fill("#checklists-low", "95")
    page.fill("#checklists-high", "105")
    pressed(watched, "checklists-add", "Kept as version")
    assert "95 – 105 ml/h" in page.inner_text("#checklists-content")

    page.fill("#checklists-device", name)
    pressed(watched, "checklists-open", "Order opened with")

    (order,) = api("all").get("/v1/work-orders", params={"asset": name}).json()["work_orders"]
    assert [step["label"] for step in order["steps"]][-1] == "Flow at 100 ml/h"


def test_permit_is_given_and_taken_back_on_the_page_of_the_device(visit, api, shots):
    name = device(api, "records-3")
    watched, page = opened(visit, f"/ui/devices/{name}", shots)
    page.fill("#device-permit-reason", "Loan to the clinic")
    pressed(watched, "device-permit-give", "the alarm at the door stays silent")
    assert len(api("all").get(f"/v1/assets/{name}/permits").json()["permits"]) == 1
    pressed(watched, "device-permit-end", "It must stay: an alarm rings")


def test_calibration_out_of_tolerance_and_a_drift_watch_are_entered(visit, api, shots):
    name = device(api, "records-4")
    watched, page = opened(visit, "/ui/calibrations", shots)
    page.fill("#measured-device", name)
    page.click("#measured-points-more")
    watched.until("() => document.querySelectorAll('#measured-points-rows tr').length === 4")
    for field, text in zip(("quantity", "unit", "nominal", "as_found", "as_left", "tolerance"), POINT, strict=True):
        page.locator(f'[id*="measured-points-{field}"]').last.fill(text)
    pressed(watched, "measured-enter", "Kept: failed.")
    assert "found 112, left 100" in page.inner_text("#measured-content")

    watched, page = opened(visit, f"/ui/drift?device={name}", shots)
    chosen(page, "drift-feature", "Mean of a day")
    page.fill("#drift-quantity", "current_a")
    pressed(watched, "drift-add", "learns: 0 of 50")
    held = api("all").get("/v1/drift-watches", params={"asset": name}).json()["watches"]
    assert [one["quantity"] for one in held] == ["current_a"]

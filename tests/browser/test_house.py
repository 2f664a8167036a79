"""Whoever runs the house closes a lift and a bed on the pages, and opens them again."""

import pytest

from twin.events.places import PathDefined, PathKind

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def choose(page, select, text):
    page.click(f"#{select}")
    page.locator("[role=option]:visible", has_text=text).first.click()


def test_a_lift_is_closed_and_opened_again(visit, served):
    served.tell(PathDefined, "LIFT-9", start="W1", end="ICU", kind=PathKind.LIFT)
    watched = visit()
    page = watched.open("/ui/ways?kind=lift")
    choose(page, "ways-chosen", "LIFT-9")
    page.fill("#ways-reason", "inspection until noon")
    page.click("#ways-close")
    page.locator(".ag-row", has_text="inspection until noon").wait_for()
    assert watched.violations() == []

    page.click("#ways-reopen")
    page.locator("#ways-said", has_text="open again").wait_for()
    assert page.locator(".ag-row", has_text="inspection until noon").count() == 0


def test_a_bed_is_put_out_of_service_with_a_reason_only(visit, served):
    bed = sorted(served.hospital.live.beds)[-1]
    page = visit().open(f"/ui/beds?bed={bed}")
    choose(page, "bed-service", "Out of service")
    page.click("#bed-put")
    page.locator("#frame-notice", has_text="reason").wait_for()

    page.fill("#bed-reason", "motor broken")
    page.click("#bed-put")
    page.locator("#bed-said", has_text="Noted").wait_for()
    assert served.hospital.live.beds[bed].service.reason == "motor broken"
    choose(page, "bed-service", "In service")
    page.click("#bed-put")
    page.locator(".bed", has_text="Out of service").first.wait_for(state="detached")

"""What forms share, in a real browser: days by keyboard and calendar, sheets that take a spreadsheet, devices by name."""

import pytest

from tests.browser.test_device_records import device
from tests.browser.test_stock_pages import opened, pressed

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.timeout(120)]


def test_a_day_is_typed_or_picked(visit, shots):
    watched, page = opened(visit, "/ui/calibrations", None)
    page.fill("#measured-valid_until", "2027-09-30")
    page.keyboard.press("Tab")
    assert page.input_value("#measured-valid_until") == "2027-09-30"

    page.fill("#measured-valid_until", "no day")
    page.keyboard.press("Tab")
    assert page.input_value("#measured-valid_until") == "2027-09-30"  # what is no day does not stay

    page.click("#measured-valid_until")
    page.locator("[data-dates-dropdown] button:visible", has_text="15").first.click()
    assert page.input_value("#measured-valid_until") == "2027-09-15"
    assert watched.violations() == []


def test_the_calendar_is_in_chinese_and_can_be_read(visit, shots):
    watched, page = opened(visit, "/ui/calibrations", None, language="zh_CN")
    page.fill("#measured-valid_until", "2027-09-30")
    page.click("#measured-valid_until")
    calendar = page.locator("[data-dates-dropdown]:visible").first
    calendar.wait_for()
    said = calendar.inner_text()

    assert "2027年9月" in said
    assert {"一", "日"} <= set(said)
    if shots is not None:
        page.screenshot(path=shots / "calendar-zh.png")
    assert watched.violations() == []


def test_lines_of_a_spreadsheet_are_spread_over_a_sheet(visit):
    watched, page = opened(visit, "/ui/calibrations", None)
    first = page.locator('[id*="measured-points-quantity"]').first
    first.focus()
    page.evaluate(
        """() => {
          const data = new DataTransfer();
          data.setData('text/plain', Array.from({length: 5}, (_, n) => `flow\\tml/h\\t${n}\\t${n}`).join('\\n'));
          document.activeElement.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true}));
        }"""
    )
    watched.until("() => document.querySelectorAll('#measured-points-rows tr').length >= 5")
    fields = "[...document.querySelectorAll('#measured-points-rows [id*=\"measured-points-as_found\"]')]"
    watched.until(f"() => {fields}.slice(0, 5).map(one => one.value).join() === '0,1,2,3,4'")
    units = page.locator('[id*="measured-points-unit"]')
    assert [units.nth(row).input_value() for row in range(5)] == ["ml/h"] * 5


def test_a_device_is_found_by_its_name_while_one_types(visit, api):
    device(api, "found-1")
    watched, page = opened(visit, "/ui/incidents", None)
    page.fill("#incidents-device", "pump found")
    page.locator("[role=option]:visible", has_text="Pump found-1").first.click()
    assert page.input_value("#incidents-device") == "Pump found-1 · found-1"
    page.fill("#incidents-description", "by its name")
    pressed(watched, "incidents-report", "Reported.")
    page.locator("#incidents-content a", has_text="Pump found-1").first.wait_for()


def test_paper_is_white_and_has_no_buttons(visit, shots):
    watched = visit(theme="dark")
    page = watched.open("/ui/devices/IP-1")
    page.emulate_media(media="print")
    shown = page.evaluate(
        """() => ({
          background: getComputedStyle(document.querySelector('.panel')).backgroundColor,
          buttons: [...document.querySelectorAll('button, .rail, .top-bar, input')].filter(one => one.checkVisibility()).length,
        })"""
    )
    if shots is not None:
        page.screenshot(path=shots / "paper-device.png", full_page=True)

    assert shown == {"background": "rgb(255, 255, 255)", "buttons": 0}


def test_a_place_is_made_renamed_and_removed(visit, served):
    watched, page = opened(visit, "/ui/places", None)
    page.fill("#places-id", "ROOM-77")
    page.fill("#places-name", "Room 77")
    pressed(watched, "places-save", "Kept: Room 77")
    assert served.hospital.live.places["ROOM-77"].name == "Room 77"
    page.click("#places-chosen")
    page.fill("#places-chosen", "ROOM-77")
    page.locator("[role=option]:visible", has_text="ROOM-77").first.click()
    watched.until("() => document.querySelector('#places-name').value === 'Room 77'")
    page.fill("#places-name", "Room 77 b")
    pressed(watched, "places-save", "Kept: Room 77 b")
    pressed(watched, "places-remove", "Removed: ROOM-77")
    assert "ROOM-77" not in served.hospital.live.places
    assert watched.violations() == []

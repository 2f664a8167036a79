"""A planner without a log fills in a sheet, sees which guesses matter, keeps the pathway and opens it."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.mark.timeout(300)  # the first run of a fresh machine compiles the engine
def test_a_sheet_is_filled_in_studied_kept_and_opened(visit, shots):
    watched = visit()
    page = watched.open("/ui/first-guess")
    page.fill("#guess-wards", "A=twelve")
    page.click("#guess-run")  # what cannot be read is named
    page.locator("#frame-notice", has_text="A=twelve").wait_for()

    page.fill("#guess-wards", "A=12, B=8")
    page.fill("#guess-room-ed", "6")
    page.fill("#guess-weeks", "0.2")
    page.fill("#guess-runs", "2")
    page.click("#guess-run")
    page.wait_for_url("**run=*")
    page.locator("#guess-answer", has_text="Length of stay in intensive care").first.wait_for(timeout=200_000)
    assert "n = 2" in page.inner_text("#guess-answer")
    assert watched.violations() == []
    if shots is not None:
        page.screenshot(path=shots / "first-guess-en.png", full_page=True)

    page.fill("#guess-name", "new house")
    page.click("#guess-keep")
    page.locator("#guess-kept", has_text="new house").wait_for()
    page.click("#guess-kept a")
    page.wait_for_url("**/ui/pathway?kept=*")
    page.locator("#pathway-name").wait_for()
    chinese = visit(language="zh_CN", theme="dark")
    other = chinese.open("/ui/first-guess")
    other.locator("#page", has_text="没有日志").first.wait_for()
    assert chinese.violations() == []
    if shots is not None:
        other.screenshot(path=shots / "first-guess-zh.png", full_page=True)

"""A planner looks at the pathway, mends an entry, watches a run, and takes it to a what-if."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.mark.timeout(300)  # the first run of a fresh machine compiles the engine
def test_a_pathway_is_changed_watched_and_asked_about(visit):
    watched = visit()
    page = watched.open("/ui/pathway")
    watched.until("() => document.querySelectorAll('#pathway-graph .scatterlayer .point').length > 5", seconds=30)
    page.fill("#pathway-entry", "pools.icu")
    page.keyboard.press("Escape")
    watched.until("() => document.querySelector('#pathway-text').value.includes('capacity')")
    field = page.get_by_label("Units always there")
    field.fill("0.5")
    field.press("Tab")
    watched.until("() => document.querySelector('#pathway-text').value.includes('0.5')")
    page.click("#pathway-apply")
    page.locator("#pathway-problems", has_text="capacity").wait_for()

    page.locator("summary", has_text="As JSON").click()
    page.fill("#pathway-text", '{"capacity": 9}')
    page.click("#pathway-apply")
    page.locator("#pathway-problems", has_text="no fault found").wait_for()
    page.click("#pathway-play")
    page.locator("#pathway-graph .updatemenu-button").first.wait_for(timeout=200_000)
    assert watched.violations() == []

    page.click("#pathway-warm")
    page.locator("#pathway-warmed table, #pathway-warmed summary").first.wait_for(timeout=60_000)

    page.check("#pathway-in-place")
    page.click("#pathway-run")
    page.wait_for_url("**/ui/what-if?run=*")
    page.wait_for_selector("#whatif-answer code", timeout=200_000)
    page.locator("#whatif-answer", has_text="It began with").wait_for()

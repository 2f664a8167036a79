"""Days are typed in the usual ways of writing them, or chosen from a calendar: by mouse, by keys, on a phone, in Chinese."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.timeout(120)]

DAY, INSTANT = "#measured-valid_until", "#measured-at"


def opened(visit, **how):
    watched = visit("all", **how)
    page = watched.open("/ui/calibrations")
    page.locator(DAY).wait_for()
    return watched, page


def holds(watched, field, value):
    watched.until("([field, value]) => document.querySelector(field).value === value", [field, value])


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("2026-12-24", "2026-12-24"),
        ("2026/3/5", "2026-03-05"),  # as on Chinese forms
        ("2026年12月24日", "2026-12-24"),
        ("24.12.2026", "2026-12-24"),  # as in central Europe
        ("20261224", "2026-12-24"),  # as a scanner sends it
        ("12/24/2026", "12/24/2026"),  # nobody can tell which of the two is the month: it stays to be mended
        ("2026-02-30", "2026-02-30"),  # no such day
    ],
)
def test_a_day_is_typed_as_people_write_it(visit, typed, kept):
    watched, page = opened(visit)

    page.fill(DAY, typed)
    page.press(DAY, "Tab")

    holds(watched, DAY, kept)


def test_an_instant_is_typed_with_its_time(visit):
    watched, page = opened(visit)

    page.fill(INSTANT, "2026年12月24日 9:05")
    page.press(INSTANT, "Tab")

    holds(watched, INSTANT, "2026-12-24 09:05")


def test_a_day_is_chosen_by_keys_alone(visit):
    watched, page = opened(visit)
    page.fill(DAY, "2026-01-31")
    page.press(DAY, "Tab")  # to the button within the field
    page.keyboard.press("Enter")
    page.locator("dialog.days").wait_for()
    # a month on: the 31st of a short month is its last day; then to the Monday of the week after
    for key in ("PageDown", "ArrowDown", "Home"):
        page.keyboard.press(key)
    assert page.inner_text("#days-title") == "March 2026"
    assert watched.violations() == []
    page.keyboard.press("Enter")

    holds(watched, DAY, "2026-03-02")
    assert page.evaluate("document.activeElement.id") == DAY[1:]


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 390)])
def test_an_instant_is_chosen_in_chinese(visit, shots, theme, width):
    watched, page = opened(visit, language="zh_CN", theme=theme, width=width)
    page.fill(INSTANT, "2026-12-24 09:05")
    page.click(f'[data-calendar="{INSTANT[1:]}"]')
    dialog = page.locator("dialog.days")
    dialog.wait_for()
    assert page.inner_text("#days-title") == "2026年12月"
    assert dialog.locator("th").first.get_attribute("abbr") == "星期一"
    box = dialog.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert watched.violations() == []
    if shots:
        page.screenshot(path=str(shots / f"calendar-{theme}.png"))

    dialog.locator('[data-day="2026-12-31"]').click()
    page.fill("#days-time", "24:00")
    page.press("#days-time", "Enter")
    assert page.get_attribute("#days-time", "aria-invalid") == "true"
    page.fill("#days-time", "23:45")
    page.press("#days-time", "Enter")

    holds(watched, INSTANT, "2026-12-31 23:45")


def test_escape_leaves_the_field_as_it_was_and_empty_empties_it(visit):
    watched, page = opened(visit)
    page.fill(DAY, "2026-12-24")
    opener = f'[data-calendar="{DAY[1:]}"]'
    page.click(opener)
    page.locator("dialog.days").wait_for()
    page.keyboard.press("Escape")
    page.locator("dialog.days").wait_for(state="detached")
    holds(watched, DAY, "2026-12-24")

    page.click(opener)
    page.locator("dialog.days .acts button").first.click()
    holds(watched, DAY, "")

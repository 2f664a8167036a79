"""Every page in both languages, in a real browser: it stands, it is accessible, it asks nothing of the outside."""

from pathlib import Path

import pytest

from dash_app.pages.registry import PAGES
from dash_app.texts.catalogue import translations

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

ADDRESSES = [page.path for page in PAGES if not page.path.endswith("/*")] + ["/devices/IP-3"]
PARTS = 8  # axe takes up to three seconds for a page on a busy machine, and a test has a minute


def _open_all(visit, addresses, language, theme, shots):
    watched = visit(language=language, theme=theme)
    found = {}
    for address in addresses:
        page = watched.open(f"/ui{address}")
        page.wait_for_selector("#page h1")
        watched.until("() => !document.querySelector('.state-loading')")
        violations = watched.violations()
        if violations:
            found[address] = violations
        if shots is not None:
            name = address.strip("/").replace("/", "-") or "overview"
            page.screenshot(path=shots / f"{name}-{language}-{theme}.png")
    return watched, found


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("zh_CN", "dark")])
def test_every_page_stands_and_axe_finds_nothing(visit, shots, language, theme, part):
    watched, found = _open_all(visit, ADDRESSES[part::PARTS], language, theme, shots)

    assert found == {}
    assert watched.page.get_attribute("html", "lang") == ("en" if language == "en" else "zh-CN")


def test_titles_are_in_the_readers_language(visit):
    watched = visit(language="zh_CN")
    page = watched.open("/ui/alarms")

    assert page.inner_text("#page h1") == translations("zh_CN")["Alarms"]
    watched.until("() => document.title.startsWith('报警')")


@pytest.mark.parametrize("address", ["/", "/map", "/alarms", "/tasks"])
def test_nothing_sticks_out_at_320_pixels(visit, address):
    page = visit(width=320).open(f"/ui{address}")
    page.wait_for_selector("#page h1")

    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def test_the_rail_shows_only_what_the_role_may_open(visit):
    page = visit("auditor", allowed=("403", "404")).open("/ui/stock")
    page.wait_for_selector(".state-forbidden")

    assert page.locator("a.rail-link").all_inner_texts() == ["Audit"]
    assert "stock:read" in page.inner_text(".state-forbidden")


def test_an_unknown_page_says_so(visit):
    page = visit(allowed=("404",)).open("/ui/nowhere")

    assert page.inner_text("#page h1") == "There is no such page"


def test_the_language_switch_changes_every_word(visit):
    page = visit().open("/ui/beds")
    page.click("button[data-language=zh_CN]")
    page.wait_for_selector("html[lang=zh-CN] #page h1")

    assert page.inner_text("#page h1") == "床位"


def test_a_scanned_tag_leads_to_its_device(visit):
    page = visit().open("/ui/")
    page.wait_for_selector("#page h1")
    page.keyboard.press("/")
    page.keyboard.type("T-3")
    page.keyboard.press("Enter")
    page.wait_for_selector("#search-content a")

    assert page.get_attribute("#search-content a", "href") == "/ui/devices/IP-3"


def test_the_keyboard_reaches_the_content_first(visit):
    page = visit().open("/ui/")
    page.keyboard.press("Tab")

    assert page.evaluate("document.activeElement.className") == "skip-link"


def test_filters_stand_in_the_address_and_survive_a_reload(visit):
    watched = visit()
    page = watched.open("/ui/devices?use=unusable")
    page.wait_for_selector(".ag-row")
    page.reload()
    # rows come page by page: one that is still asked for stands there empty
    watched.until(
        "() => document.querySelector('.ag-center-cols-container')?.innerText.includes('Maintenance is overdue')"
    )

    assert page.locator(".ag-center-cols-container .ag-row").count() == 1


def test_the_export_is_a_csv_that_spreadsheets_read(visit):
    page = visit().open("/ui/stock")
    page.wait_for_selector(".ag-row")
    with page.expect_download() as download:
        page.click("#stock-export")
    content = Path(download.value.path()).read_bytes()

    assert content.startswith(b"\xef\xbb\xbfItem,")
    assert b"gloves-m,Ward store,Low,12" in content

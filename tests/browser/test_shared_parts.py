"""What all pages share: a table that can be taken along, a row that is chosen, a button that says what it lacks."""

import csv
import io
from pathlib import Path

import pytest

from tests.browser.test_stock_pages import opened
from twin.events.things import AssetRegistered

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.timeout(120)]


def saved_rows(page, button):
    """Press the button below a table; give the rows of the sheet that comes."""
    with page.expect_download() as saved:
        page.locator(button).first.click()
    text = Path(saved.value.path()).read_text(encoding="utf-8")
    assert text.startswith("\ufeff")
    assert saved.value.suggested_filename.endswith(".csv")
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


def test_a_saved_sheet_has_instants_for_ages_and_nothing_that_runs(visit):
    _watched, page = opened(visit, "/ui/account", None)
    # Beside the page, so that nothing draws it anew: cells with a formula, a number with its sign, an age.
    page.evaluate(
        """() => document.body.insertAdjacentHTML('beforeend', `<div><div><table><tr><td>=1+1</td><td>-3.5 %</td>
        <td>in bay <span data-since="1790000000000000">5 min ago</span></td></tr></table></div>
        <div class="table-foot"><button id="probe" data-csv="a/b">CSV</button></div></div>`)"""
    )

    [row] = saved_rows(page, "#probe")

    assert row[:2] == ["'=1+1", "-3.5 %"]
    assert row[2].startswith("in bay 2026-09-21")


def test_a_row_that_is_clicked_stands_in_the_form_below(visit):
    _watched, page = opened(visit, "/ui/access", None)
    cell = page.locator("#access-grid .ag-cell[col-id=name]").first
    name = cell.inner_text()
    cell.click()

    page.wait_for_function("name => document.querySelector('#access-name').value === name", arg=name)


def test_a_button_that_lacks_something_names_the_field(visit):
    _watched, page = opened(visit, "/ui/lots", None)
    page.click("#lots-recall")

    page.locator("#frame-notice", has_text="Number of the notice").wait_for()


@pytest.mark.parametrize("page", ["/buying", "/par-studio", "/places", "/plan"])
def test_no_page_is_wider_than_a_phone(visit, page):
    watched = visit("all", width=390)
    shown = watched.open(f"/ui{page}")
    shown.locator("#page .mantine-InputWrapper-root").first.wait_for()

    watched.until("() => document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_a_long_table_comes_page_by_page_and_is_exported_whole(visit, served):
    """170 more devices: the browser holds one page, sorts and narrows on the server, and a move refreshes it."""
    watched = visit("all")
    for number in range(170):
        served.tell(AssetRegistered, f"LP-{number}", name=f"Lamp {number}", category="lamp")
    page = watched.page
    answers = []
    page.on("response", lambda one: answers.append(one) if "_dash-update-component" in one.url else None)
    watched.open("/ui/devices?kind=lamp")
    page.wait_for_selector("#devices-grid .ag-row")
    watched.until(
        "() => document.querySelector('#devices-grid .ag-paging-row-summary-panel')?.innerText.includes('170')"
    )

    rows = [answer.json() for answer in answers if "devices-grid" in (answer.request.post_data or "")]
    sent = [
        one["response"]["devices-grid"]["getRowsResponse"] for one in rows if "devices-grid" in one.get("response", {})
    ]
    assert {(len(one["rowData"]), one["rowCount"]) for one in sent if one} == {(100, 170)}

    page.click("#devices-grid .ag-header-cell[col-id=link]")
    watched.until(
        "() => document.querySelector('#devices-grid [row-index=\"10\"] [col-id=link]')?.innerText === 'Lamp 10'"
    )
    page.click("#devices-grid .ag-header-cell[col-id=link]")
    watched.until(
        "() => document.querySelector('#devices-grid [row-index=\"0\"] [col-id=link]')?.innerText === 'Lamp 169'"
    )
    page.click("#devices-grid [aria-label='Next page']")
    watched.until(
        "() => document.querySelector('#devices-grid [row-index=\"100\"] [col-id=link]')?.innerText === 'Lamp 69'"
    )

    exported = saved_rows(page, "#devices-export")
    assert [row[0] for row in exported[1:]] == [f"Lamp {number}" for number in range(169, -1, -1)]

    served.tell(AssetRegistered, "LP-170", name="Lamp 170", category="lamp")
    watched.until(
        "() => document.querySelector('#devices-grid .ag-paging-row-summary-panel').innerText.includes('171')"
    )


def test_a_link_in_a_table_changes_the_page_without_loading_it_anew(visit):
    page = visit("all").open("/ui/")
    page.evaluate("() => { window.same = true; }")
    link = page.locator("#page table a").first
    address = link.get_attribute("href")
    link.click()

    page.wait_for_function("address => location.pathname + location.search === address", arg=address)
    page.locator("#page h1", has_text="Beds").wait_for()
    assert page.evaluate("window.same")
    page.go_back()
    page.locator("#page .tiles").wait_for()

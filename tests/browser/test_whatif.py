"""A planner's question, from the button to the comparison."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_opening_the_page_starts_nothing(visit):
    watched = visit()
    page = watched.open("/ui/what-if")
    page.wait_for_selector("#whatif-run")
    page.wait_for_timeout(1500)

    assert "run=" not in page.url
    assert "No run yet" in page.inner_text("#whatif-answer")


def test_stock_can_be_asked_for_one_item(visit):
    page = visit().open("/ui/stock?item=gloves-m")
    page.wait_for_selector(".ag-row")

    assert page.locator(".ag-center-cols-container .ag-row").count() >= 1
    for row in page.locator(".ag-center-cols-container .ag-row").all():
        assert "gloves-m" in row.inner_text()

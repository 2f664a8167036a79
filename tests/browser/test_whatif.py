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


def test_whoever_comes_from_a_card_of_the_forecast_asks_about_its_ward(visit):
    page = visit().open("/ui/what-if?ward=W1")
    page.wait_for_selector("#whatif-run")

    assert "Ward 1" in page.input_value("#whatif-path")


def test_stock_can_be_asked_for_one_item(visit):
    page = visit().open("/ui/stock?item=gloves-m")
    page.wait_for_selector(".ag-row")

    assert page.locator(".ag-center-cols-container .ag-row").count() >= 1
    for row in page.locator(".ag-center-cols-container .ag-row").all():
        assert "gloves-m" in row.inner_text()


@pytest.mark.timeout(300)  # the first run of a fresh machine compiles the engine
def test_a_finished_run_shows_charts_with_intervals_and_how_to_have_it_again(visit):
    watched = visit()
    page = watched.open("/ui/what-if")
    page.fill("#whatif-replications", "10")
    page.click("#whatif-add")
    page.locator("#whatif-change-list li").first.wait_for()
    page.click("#whatif-run")
    page.wait_for_url("**run=*")
    page.wait_for_selector("#whatif-answer code", timeout=200_000)

    watched.until("() => document.querySelectorAll('#whatif-answer .js-plotly-plot').length >= 1")
    charts = page.evaluate(
        """() => [...document.querySelectorAll('#whatif-answer .js-plotly-plot')].map(graph => ({
          bands: graph.data.filter(trace => trace.fill && trace.fill !== 'none').length,
          points: Math.max(...graph.data.map(trace => trace.x.length)),
          axes: [graph.layout.xaxis.title?.text, graph.layout.yaxis.title?.text]}))"""
    )
    assert all(chart["bands"] >= 1 and chart["points"] > 1 for chart in charts), charts
    assert all(all(chart["axes"]) for chart in charts), charts
    comparison = page.locator("#whatif-answer table").first.inner_text()
    assert "±" in comparison, comparison
    assert "(n = 10)" in comparison, comparison
    shown = page.locator("#whatif-answer code").all_inner_texts()
    assert max(map(len, shown)) >= 16, shown  # the hash of the question
    assert watched.violations() == []

    page.reload()  # the answer is kept under its address
    page.wait_for_selector("#whatif-answer code")
    assert page.locator("#whatif-answer code").all_inner_texts() == shown

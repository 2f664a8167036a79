"""A theatre coordinator takes an emergency, starts and ends it, and cancels another with a reason."""

from datetime import UTC, datetime

import pytest

from dash_app.queries.surgery import day_of
from scheduling.service.surgery_day import cases_of

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def status_of(served, case):
    hospital = served.hospital
    now = hospital.clock.now()
    day = day_of(hospital.live.freeze(now), datetime.fromtimestamp(now / 1e6, UTC).date(), hospital.settings)
    with hospital.read() as session:
        return {one.id: one.status.value for one in cases_of(session, day)}.get(case)


def take(page, case, minutes):
    page.fill("#surgery-encounter", case)
    page.fill("#surgery-length", str(minutes))
    page.click("#surgery-find")
    page.locator("#surgery-found button", has_text="Take").first.click()
    page.locator("#surgery-content td", has_text=f"{case} (emergency)").wait_for()


def choose(page, case):
    page.click("#surgery-case")
    page.get_by_role("option", name=case).click()


def decide(page, text):
    page.get_by_role("button", name=text, exact=True).click()


def test_an_emergency_is_taken_started_ended_and_taken_back(visit, served):
    watched = visit()
    page = watched.open("/ui/surgery")
    take(page, "em-browser-1", 60)
    assert status_of(served, "em-browser-1") == "planned"
    assert watched.violations() == []

    choose(page, "em-browser-1")
    decide(page, "Start")
    page.locator("#surgery-content tr", has_text="em-browser-1").locator("text=In theatre").wait_for()
    decide(page, "Finish")
    page.locator("#surgery-content tr", has_text="em-browser-1").locator("text=Done").wait_for()
    assert status_of(served, "em-browser-1") == "done"
    decide(page, "Take back")
    page.locator("#surgery-content tr", has_text="em-browser-1").locator("text=In theatre").wait_for()
    decide(page, "Finish")
    page.locator("#surgery-content tr", has_text="em-browser-1").locator("text=Done").wait_for()


def test_a_case_is_cancelled_with_a_reason(visit, served):
    page = visit().open("/ui/surgery")
    take(page, "em-browser-2", 45)
    choose(page, "em-browser-2")
    page.fill("#surgery-reason", "patient has a fever")
    decide(page, "Cancel the case")

    page.locator("#surgery-content tr", has_text="patient has a fever").wait_for()
    assert status_of(served, "em-browser-2") == "cancelled"


def test_a_replan_says_when_there_is_nothing_to_gain(visit):
    page = visit().open("/ui/surgery")
    page.click("#surgery-replan")

    page.locator("#surgery-found", has_text="No change of what waits").or_(
        page.locator("#surgery-found", has_text="What would change")
    ).first.wait_for()


def test_another_day_is_one_link_away_and_an_empty_one_says_why(visit, served):
    watched = visit()
    page = watched.open("/ui/surgery?day=2031-05-01")
    page.get_by_text("No operation is planned for this day").wait_for()
    assert watched.violations() == []

    page.get_by_role("link", name="Day after").click()

    page.locator("strong", has_text="May 2, 2031").wait_for()
    assert page.url.endswith("day=2031-05-02")

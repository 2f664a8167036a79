"""A planner has a roster made from sheets, ends the search early, keeps it, and changes it by hand; seen in a browser."""

import pytest
from sqlmodel import col, delete

from scheduling.model.plans import PlanKind
from scheduling.tables.plans import PlanRow, list_plan_rows
from tests.scheduling.loaders.test_roster_sheets import CONTRACTS, COVER, STAFF

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
LOOSE = "contract,hours_max\nfull,80\n"


@pytest.fixture
def clean(served):
    """Other tests count the plans that are kept."""
    yield

    def forget(session):
        session.exec(delete(PlanRow).where(col(PlanRow.kind) == PlanKind.ROSTER.value))

    served.hospital.write_now(forget)


def choose(page, **sheets):
    for name, text in sheets.items():
        page.locator(f"#roster-file-{name} input[type=file]").set_input_files(
            {"name": f"{name}.csv", "mimeType": "text/csv", "buffer": text.encode()}
        )
        page.locator(f"#roster-file-{name}-name", has_text=f"{name}.csv").wait_for()


def rosters(served):
    with served.hospital.read() as session:
        return [row for row in list_plan_rows(session) if row.kind == PlanKind.ROSTER.value]


@pytest.mark.timeout(120)
def test_a_roster_is_made_from_sheets_kept_and_changed_by_hand(visit, served, clean):
    watched = visit()
    page = watched.open("/ui/roster")
    page.fill("#roster-starts", "2026-12-21")
    page.fill("#roster-days", "7")
    page.fill("#roster-seconds", "60")
    choose(page, contracts=LOOSE, staff=STAFF, cover="day,shift,skill,minimum,preferred\nmon,E,,1,1\n")
    page.click("#roster-make")
    page.locator("#roster-report", has_text="2 people").wait_for()
    enough = page.locator("#roster-enough")
    enough.or_(page.locator("#roster-keep")).first.wait_for(timeout=60_000)
    if enough.count():  # a small roster may be proved the best before anybody can say so
        enough.click()
    page.locator("#roster-keep").wait_for(timeout=60_000)
    assert watched.violations() == []
    page.fill("#roster-title", "From sheets")
    page.click("#roster-keep")

    page.locator("#roster-editing h2").wait_for()
    assert [row.title for row in rosters(served)] == ["From sheets"]
    page.click("#roster-who")
    page.get_by_role("option", name="bo").click()
    page.click("#roster-day")
    page.get_by_role("option").nth(1).click()
    page.locator("#roster-choices tbody tr").first.wait_for()
    assert watched.violations() == []
    before = page.url
    page.locator("#roster-choices button", has_text="and pin it").first.click()
    page.wait_for_function("old => window.location.href !== old", arg=before)

    page.locator("#roster-editing h3", has_text="Pinned").wait_for()
    assert len(rosters(served)) == 2  # each change is a draft of its own

    page.click("#roster-ill")
    page.get_by_role("option", name="bo").click()
    page.click("#roster-ill-from")
    page.get_by_role("option").first.click()
    pinned = page.url
    page.click("#roster-mend")
    page.wait_for_function("old => window.location.href !== old", arg=pinned)
    page.locator("#roster-mended h2").wait_for()
    assert watched.violations() == []

    page.locator("#roster-undo", has_text=".2").click()
    page.wait_for_function("old => window.location.href === old", arg=pinned)
    page.locator("#roster-undo", has_text=".1").wait_for()
    assert [row.draft for row in rosters(served)] == [3, 2, 1]  # going back loses nothing


def test_wrong_rows_are_named_in_chinese_and_nothing_is_made(visit, served, clean):
    watched = visit(language="zh_CN", theme="dark")
    page = watched.open("/ui/roster")
    page.fill("#roster-starts", "2026-12-21")
    choose(page, contracts=CONTRACTS, staff=STAFF.replace("bo,full", "bo,part"), cover=COVER)

    page.click("#roster-make")

    page.locator("#roster-report tr", has_text="人员表第 3 行").wait_for()
    assert watched.violations() == []
    assert rosters(served) == []

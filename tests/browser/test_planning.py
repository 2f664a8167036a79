"""A planner has a plan made, keeps it, and puts it in force; a second one replaces it."""

from datetime import UTC, datetime

import pytest

from scheduling.tables.plans import list_plan_rows
from twin.clock import DAY_US
from twin.events.patients import EncounterClass, EncounterPlanned
from twin.events.work import StaffDefined

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
OF_OTHER_TESTS = {"By the book", "Operations"}


def kept(served, *, of_talk=False):
    """Give title, status and publisher of the plans that the first test keeps, or of those that the others keep."""
    with served.hospital.read() as session:
        rows = [row for row in list_plan_rows(session) if (row.title in OF_OTHER_TESTS) == of_talk]
        return [(row.title, row.status, row.published_by) for row in rows]


def make(page, seed):
    page.fill("#plan-seconds", "1")
    page.fill("#plan-seed", str(seed))
    page.click("#plan-run")
    page.wait_for_selector("#plan-publish", timeout=120_000)


@pytest.mark.timeout(300)  # the first plan of a fresh machine compiles the kernels
def test_a_plan_is_made_kept_and_published_and_the_next_one_replaces_it(visit, served):
    for day in (2, 3):
        served.tell(
            EncounterPlanned,
            f"enc-booked-{day}",
            encounter_class=EncounterClass.INPATIENT,
            expected_at=served.hospital.clock.now() + day * DAY_US,
        )
    watched = visit()
    page = watched.open("/ui/plan")
    make(page, 1)
    page.fill("#plan-title", "Next two weeks")
    page.click("#plan-keep")
    page.wait_for_url("**plan=*")
    page.locator("#plan-kept tr", has_text="Next two weeks").locator("text=Draft").wait_for()
    assert kept(served) == [("Next two weeks", "draft", "")]

    page.click("#plan-publish")
    page.locator("#plan-kept tr", has_text="Next two weeks").locator("text=In force").wait_for()
    assert kept(served) == [("Next two weeks", "published", "user-all")]
    with served.hospital.read() as session:
        digest = list_plan_rows(session)[0].content_hash
    assert served.hospital.live.plans["admissions"].content_hash == digest
    assert watched.violations() == []

    make(page, 2)
    page.click("#plan-publish")  # without keeping it first: publishing keeps it
    page.locator("#plan-kept tr", has_text="Next two weeks").locator("text=Replaced").wait_for()
    assert [status for _title, status, _who in kept(served)] == ["published", "replaced"]
    with page.expect_download() as download:
        page.locator("#plan-kept a", has_text="Calendar").first.click()
    assert download.value.path().read_bytes().startswith(b"BEGIN:VCALENDAR")


@pytest.mark.timeout(300)  # the first plan of a fresh machine compiles the kernels
def test_a_planner_asks_where_else_and_moves_a_patient_by_hand(visit, served):
    served.tell(
        EncounterPlanned,
        "enc-booked-9",
        encounter_class=EncounterClass.INPATIENT,
        expected_at=served.hospital.clock.now() + 2 * DAY_US,
    )
    watched = visit()
    page = watched.open("/ui/plan")
    make(page, 1)
    page.fill("#plan-title", "By the book")
    page.click("#plan-keep")
    page.wait_for_url("**plan=*")
    before = page.url

    page.fill("#plan-futures-count", "200")
    page.click("#plan-futures-run")
    page.locator("#plan-futures-answer", has_text="200 futures").wait_for(timeout=60_000)
    assert page.locator("#plan-futures-answer table").count() >= 3
    assert watched.violations() == []

    page.click("#plan-talk-patient")
    page.get_by_role("option", name="enc-booked-9").click()
    page.locator("#plan-talk-answer tr", has_text="now").first.wait_for(timeout=120_000)
    assert watched.violations() == []

    was = page.locator("#plan-mover p.summary").inner_text()
    page.locator("#plan-mover button[data-key=ArrowRight]").focus()
    page.keyboard.press("ArrowRight")
    page.locator("#plan-move-keep").wait_for()
    assert page.locator("#plan-mover p.summary").inner_text() != was
    watched.until("() => document.activeElement?.dataset.key === 'ArrowRight'")
    assert watched.violations() == []

    page.locator("#plan-talk-answer button").first.click()
    page.wait_for_function("old => window.location.href !== old", arg=before)

    page.locator("#plan-kept tr", has_text="By the book").nth(1).wait_for(timeout=60_000)
    assert [status for title, status, _who in kept(served, of_talk=True) if title == "By the book"] == [
        "draft",
        "draft",
    ]
    page.click("#plan-other")
    page.get_by_role("option", name="By the book").first.click()
    page.locator("#plan-compared table").first.wait_for()
    assert watched.violations() == []

    drafts = page.locator("#plan-kept tr", has_text="By the book")
    page.locator("#plan-pin").click()  # the patient is still in hand
    page.locator("#plan-job tr", has_text="Let go").wait_for()
    assert drafts.count() == 3
    assert watched.violations() == []
    page.locator("#plan-undo").click()
    page.locator("#plan-job", has_text="Nobody is pinned").wait_for()
    assert drafts.count() == 3  # going back loses nothing


@pytest.mark.timeout(300)  # the first plan of a fresh machine compiles the kernels
def test_a_closed_theatre_is_repaired_once_its_price_was_seen(visit, served):
    served.tell(StaffDefined, "surgeon-9", role="surgeon", label="Surgeon 009")
    tomorrow = datetime.fromtimestamp(served.hospital.clock.now() / 1e6 + 86_400, UTC).date().isoformat()
    operation = f"patient,gender,age,days,release,minutes,surgeon\nop-1,F,40,2,{tomorrow},60,surgeon-9\n"
    watched = visit()
    page = watched.open("/ui/plan")
    page.locator("#plan-list-file input[type=file]").set_input_files(
        {"name": "list.csv", "mimeType": "text/csv", "buffer": operation.encode()}
    )
    page.locator("#plan-list-name", has_text="list.csv").wait_for()
    make(page, 1)
    summary = page.locator("#plan-job p.summary")
    assert "1 of 1 patients admitted, 0 left out" in summary.inner_text()
    page.fill("#plan-title", "Operations")
    page.click("#plan-keep")
    page.wait_for_url("**plan=*")
    before = page.url

    page.click("#plan-out-who")
    page.get_by_role("option", name="Theatre 1").click()
    page.click("#plan-out-from")
    page.get_by_role("option").first.click()
    page.click("#plan-out-try")
    page.locator("#plan-out-tried", has_text="Patients who would be elsewhere").wait_for(timeout=60_000)
    assert watched.violations() == []
    assert page.url == before  # nothing is kept by looking
    page.click("#plan-out-keep")

    page.wait_for_function("old => window.location.href !== old", arg=before)
    page.locator("#plan-kept tr", has_text="Operations").nth(1).wait_for()
    assert watched.violations() == []


def test_a_waiting_list_is_tried_row_by_row(visit):
    watched = visit()
    page = watched.open("/ui/plan")
    text = "patient,gender,age,days,release\np1,F,40,3,1999-01-01\n"
    page.locator("#plan-list-file input[type=file]").set_input_files(
        {"name": "list.csv", "mimeType": "text/csv", "buffer": text.encode()}
    )
    page.locator("#plan-list-name", has_text="list.csv").wait_for()

    page.click("#plan-list-try")

    page.locator("#plan-list-report tr", has_text="row 2").wait_for()
    assert watched.violations() == []


def test_opening_the_page_makes_nothing(visit):
    page = visit().open("/ui/plan")
    page.wait_for_selector("#plan-run")
    page.wait_for_timeout(800)

    assert "run=" not in page.url

"""The roster in force, seen in a browser, in both languages."""

import pytest

from twin.clock import DAY_US
from twin.events.work import PlannedShift, PlanPublished

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.mark.parametrize(("language", "theme", "heading"), [("en", "light", "Nights"), ("zh_CN", "dark", "夜班")])
def test_who_works_when_is_shown_with_hours_nights_and_weekends(visit, served, language, theme, heading):
    start = served.hospital.clock.now() // DAY_US * DAY_US
    shifts = tuple(
        PlannedShift(
            staff=f"nurse-{who}",
            place="w1",
            start_at=start + day * DAY_US + 21 * 3_600_000_000,
            end_at=start + (day + 1) * DAY_US + 7 * 3_600_000_000,
        )
        for who in range(6)
        for day in range(who % 3, 14, 3)
    )
    served.tell(PlanPublished, "plan-roster", kind="roster", start_at=start, end_at=start + 14 * DAY_US, shifts=shifts)
    watched = visit(language=language, theme=theme)
    page = watched.open("/ui/roster")

    # Rosters of other wards may be in force beside it.
    table = page.locator("#roster-content table").filter(has_text="nurse-5")
    table.locator("th", has_text=heading).wait_for()

    assert table.locator("tbody tr").count() == 7  # six people, and how many are at work each day
    assert watched.violations() == []

"""A nurse asks on the roster page and on the handheld, a planner decides: seen in a browser, in both languages."""

from datetime import UTC, datetime

import msgspec
import pytest
from sqlmodel import col, delete

from scheduling.model.plans import PlanKind
from scheduling.model.rosters import Assignment, Contract, Employee, Need, Roster, RosterProblem, Shift
from scheduling.service.plans import NewPlan, Publishing, keep_draft, publish
from scheduling.tables.leave import LeaveGrantRow, LeaveTermsRow
from scheduling.tables.plans import PlanRow
from scheduling.tables.shift_requests import ShiftRequestRow
from twin.access import Actor, Role
from twin.clock import DAY_US

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
PLANNER = Actor(id="planner", name="planner", roles=frozenset({Role.PLANNER}))


@pytest.fixture
def roster(served):
    """A roster in force in which the reader works early on two days; Bo could step in."""
    hospital = served.hospital
    start = (hospital.clock.now() // DAY_US + 1) * DAY_US
    problem = RosterProblem(
        days=7,
        shifts=(Shift(id="E", minutes=480, start_minute=420), Shift(id="L", minutes=480, start_minute=840)),
        contracts=(Contract(id="full"),),
        employees=(Employee(id="user-all", contract="full"), Employee(id="bo", contract="full")),
        needs=(Need(day=2, shift="E", minimum=1),),
        place="W1",
    )
    works = (("user-all", 2, "E"), ("user-all", 3, "E"), ("bo", 4, "L"))
    found = Roster(assignments=tuple(Assignment(employee=who, day=day, shift=shift) for who, day, shift in works))
    new_id = hospital.new_id()
    new = NewPlan(
        id=new_id,
        title="Asked",
        start_at=start,
        problem=msgspec.json.encode(problem),
        plan=msgspec.json.encode(found),
        kind=PlanKind.ROSTER,
    )

    def use_case(session):
        now = hospital.clock.now()
        keep_draft(session, actor=PLANNER, at=now, new=new)
        publish(session, ledger=hospital.ledger, actor=PLANNER, at=now, intent=Publishing(plan=new_id, version=1))

    hospital.write_now(use_case)
    yield start

    def forget(session):
        # other tests count the plans that are kept
        session.exec(delete(PlanRow).where(col(PlanRow.kind) == PlanKind.ROSTER.value))
        session.exec(delete(ShiftRequestRow))
        session.exec(delete(LeaveTermsRow))
        session.exec(delete(LeaveGrantRow))

    hospital.write_now(forget)


def days_of(served, staff):
    plan = served.hospital.live.plans["roster:W1"]
    return sorted((one.start_at - plan.start_at) // DAY_US for one in plan.shifts if one.staff == staff)


def until_days(watched, served, staff, days):
    for _ in range(200):
        if days_of(served, staff) == days:
            return
        watched.page.wait_for_timeout(50)
    raise AssertionError(f"{staff} works on {days_of(served, staff)}")


def day_text(at):
    return datetime.fromtimestamp(at / 1e6, UTC).date().isoformat()


def test_leave_is_asked_for_looked_at_and_approved_with_somebody_who_steps_in(visit, served, roster):
    watched = visit()
    page = watched.open("/ui/roster")
    page.fill("#shift-first-day", day_text(roster + 2 * DAY_US))
    page.fill("#shift-reason", "wedding")
    page.click("#shift-leave")
    page.locator("#shift-mine tr", has_text="Waits for a planner").first.wait_for()

    page.reload()
    page.locator("#shift-waiting tr", has_text="wedding").locator("button").click()
    page.locator("#shift-looked", has_text="bo would work E").wait_for()
    assert watched.violations() == []
    page.get_by_role("button", name="Approve, and colleagues work it").click()

    until_days(watched, served, "user-all", [3])
    assert days_of(served, "bo") == [2, 4]
    page.locator("#shift-mine tr", has_text="Approved").first.wait_for()


@pytest.mark.parametrize(("language", "theme", "mine"), [("en", "dark", "My shifts"), ("zh_CN", "light", "我的班次")])
def test_on_the_handheld_a_shift_is_given_away(visit, served, roster, language, theme, mine):
    watched = visit(language=language, theme=theme, width=390)
    page = watched.open("/m/")
    page.locator("#my-shifts", has_text=mine).click()
    page.locator("#shifts li").nth(1).wait_for()
    assert page.locator("#shifts > li").count() == 2
    assert watched.violations() == []

    page.locator("#shifts > li").first.locator("button").first.click()

    page.locator("#requests li").first.wait_for()
    page.locator("#shifts > li").first.locator("button").first.wait_for(state="detached")
    page.locator("#requests > li").first.locator("button").first.click()  # take it back
    page.locator("#shifts > li").first.locator("button").first.wait_for()


def test_two_shifts_are_swapped_for_one_on_the_handheld(visit, served, roster):
    watched = visit(language="en", theme="light", width=390)
    page = watched.open("/m/")
    page.locator("#my-shifts").click()
    page.locator("#shifts > li").nth(1).wait_for()
    for index in range(2):
        page.locator("#shifts > li input[type=checkbox]").nth(index).check()
    page.locator("#package button").first.click()
    page.locator("#package #swaps li", has_text="bo").wait_for()
    assert watched.violations() == []

    page.locator("#package #swaps li button").first.click()

    page.locator("#requests > li", has_text="↔").wait_for()
    # three spans from start to end: two of the reader's and one of the colleague's
    assert page.locator("#requests > li").first.inner_text().count("–") == 3


def test_a_planner_sets_what_a_contract_grants_and_everybody_sees_what_is_left(visit, served, roster):
    watched = visit()
    page = watched.open("/ui/roster")
    page.locator("#leave-year", has_text="No contract has terms yet").wait_for()
    page.fill("#leave-days", "25.5")
    page.click("#leave-set")
    page.locator("#leave-year td", has_text="25.5").first.wait_for()
    page.click("#leave-who")
    page.locator("[role=option]", has_text="bo").click()
    page.fill("#leave-change", "-3")
    page.fill("#leave-why", "joined in May")
    page.click("#leave-correct")
    page.locator("#leave-year tr", has_text="bo").locator("td", has_text="22.5").wait_for()

    page.reload()

    page.locator("#shift-leave-left", has_text="25.5 of 25.5 days left").wait_for()
    assert watched.violations() == []

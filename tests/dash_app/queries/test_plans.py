"""What the plan board tells of searches, drafts and the people behind them."""

from __future__ import annotations

from dataclasses import replace

from dash_app.pages.plan_kept import draft_name, undoing
from dash_app.pages.plan_search import progress_line
from dash_app.queries.people import USER_NAMES, person_names
from dash_app.queries.plans import KeptPlan, searched
from dash_app.queries.port import JobState, JobView
from scheduling.model.plans import PlanStatus
from tests.dash_app.small_hospital import small_port
from twin.access import Role


def result(*admitted):
    """Give what a search of three patients found."""
    patients = [
        {"id": name, "is_mandatory": must, "release_day": 0, "due_day": due}
        for name, must, due in (("late", False, 9), ("soon", False, 2), ("must", True, 5))
    ]
    return {
        "plan": {"start_at": 0},
        "problem": {"patients": patients},
        "admissions": {"stays": [{"patient": name} for name in admitted]},
        "report": {"cost": 42},
    }


def test_a_search_tells_cost_and_whom_it_leaves_out_the_most_pressing_first():
    told = searched(result())

    assert (told.cost, told.n_patients, told.n_admitted) == (42, 3, 0)
    assert [one.patient for one in told.left] == ["must", "soon", "late"]
    assert [one.patient for one in searched(result("must", "late")).left] == ["soon"]


def test_a_roster_or_nothing_tells_no_patients():
    assert searched({"roster": {}, "plan": {}}) is None
    assert searched(None) is None


def test_a_cancelled_search_says_what_it_had_reached():
    stopped = {"id": "j", "state": JobState.CANCELLED, "progress": 0.25}

    assert progress_line(JobView(**stopped, partial={"cost": 1234})).endswith("25 % of its time · best so far: 1,234")
    assert progress_line(JobView(**stopped, partial={"cost": -1})).endswith("nothing found by then")
    assert "before it had begun" in progress_line(JobView(id="j", state=JobState.CANCELLED))


def plan(draft, base):
    """Give a draft of plan 12."""
    return KeptPlan(
        id=f"p{draft}", title="", status=PlanStatus.DRAFT, version=1, start_at=0, days=7, cost=0, n_violations=0,
        created_at=0, created_by="u", number=12, draft=draft, based_on=f"p{base}" if base else "", based_on_draft=base,
    )  # fmt: skip


def test_drafts_are_told_apart_and_lead_back_to_the_one_before():
    assert draft_name(plan(1, 0)) == "12.1"
    assert draft_name(plan(4, 2)) == "12.4, from 12.2"
    assert undoing(plan(1, 0), "plan") == []
    (back,) = undoing(plan(4, 2), "roster")
    assert back.href == "/ui/roster?plan=p2"


def test_users_stand_by_name_where_the_reader_works_with_them_and_by_id_elsewhere():
    ids = {"user-7", "porter-1", "system", ""}

    def named(*roles):
        names = {USER_NAMES: lambda actors: {"user-7": "ana"} if "user-7" in actors else {}}
        port = replace(small_port(*roles), services=names)
        return person_names(port, {*ids, port.actor().id}), port.actor()

    told, me = named(Role.PLANNER)
    assert told == {"user-7": "ana", "porter-1": "Porter 001", "system": "Hospital Twin", me.id: me.name}
    assert named(Role.NURSE)[0]["user-7"] == "user-7"

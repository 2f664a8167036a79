"""A roster through the doors: problem, job, draft, publication with reasons, calendar, and the live state."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import msgspec
import pytest

from scheduling.model.rosters import Employee, Fairness, Need, RosterProblem
from scheduling.service.roster_plan import plan_roster
from scheduling.service.roster_sheets import with_carried_shares
from scheduling.service.rosters_in_force import roster_in_force, rosters_in_force
from server.jobs.kinds import JOB_KINDS
from server.runs.plans import prepare
from server.schema.jobs import JobRow, ResultRow
from tests.scheduling.staff import contract, month
from tests.server.conftest import Served
from tests.server.http.test_plans import quiet
from twin.access import Role
from twin.clock import DAY_US
from twin.errors import Conflict, DecodeError
from twin.state.rosters import rosters


def ward(**changed: object) -> RosterProblem:
    """Give two weeks of a ward."""
    return month(place="w1", **changed)


def finish(served: Served, problem: RosterProblem, job: str = "job-r") -> dict[str, Any]:
    """Do a roster job in this process and store its result as the runner does."""
    wish = {"kind": "roster", "problem": json.loads(msgspec.json.encode(problem)), "seconds": 1.5}
    prepared = msgspec.json.decode(msgspec.json.encode(prepare(served.hospital, wish)))
    result = msgspec.json.encode(plan_roster(prepared, quiet), order="deterministic")
    digest = hashlib.sha256(result).hexdigest()
    now = served.clock.now()
    row = JobRow(
        id=job, kind="roster", state="done", actor="a", payload=b"{}", result_hash=digest, created_at=now, ended_at=now
    )
    served.hospital.write_now(lambda session: session.add(ResultRow(hash=digest, body=result, created_at=now)))
    served.hospital.write_now(lambda session: session.add(row))
    found: dict[str, Any] = json.loads(result)
    return found


async def publish(planner: httpx2.AsyncClient, plan: str, overrides: list[dict[str, str]]) -> httpx2.Response:
    """Publish a draft."""
    address = f"/v1/plans/{plan}/publication"
    return await planner.post(address, json={"overrides": overrides}, headers={"if-match": '"v1"'})


async def test_a_roster_is_kept_published_and_in_the_live_state(served: Served) -> None:
    planner = await served.signed_in(Role.PLANNER)
    made = finish(served, ward())
    draft = (await planner.post("/v1/plans", json={"job": "job-r", "title": "Ward 1"})).json()
    assert (draft["kind"], draft["n_violations"], draft["days"]) == ("roster", 0, 14)
    assert draft["cost"] == made["report"]["cost"]

    answer = await publish(planner, draft["id"], [])

    assert answer.status_code == 201, answer.text
    shifts = served.hospital.live.plans["roster:w1"].shifts
    assert len(shifts) == len(made["roster"]["assignments"])
    assert {shift.place for shift in shifts} == {"w1"}
    first = min(shifts, key=lambda shift: shift.start_at)
    assert (first.start_at - made["plan"]["start_at"]) % DAY_US == 420 * 60_000_000  # seven o'clock
    text = (await planner.get(f"/v1/plans/{draft['id']}/calendar.ics")).text
    assert text.count("BEGIN:VEVENT") == len(shifts)


async def test_a_broken_must_of_a_roster_needs_a_reason(served: Served) -> None:
    planner = await served.signed_in(Role.PLANNER)
    needs = tuple(Need(day=day, shift="N", minimum=4) for day in range(14))
    finish(served, ward(needs=needs))
    draft = (await planner.post("/v1/plans", json={"job": "job-r"})).json()
    assert draft["n_violations"] > 0

    refused = await publish(planner, draft["id"], [])

    assert refused.status_code in {409, 422}, refused.text
    report = (await planner.get(f"/v1/plans/{draft['id']}")).json()["report"]
    reasons = [{"rule": rule, "reason": "agreed with the ward"} for rule in report["violations_by_rule"]]
    assert (await publish(planner, draft["id"], reasons)).status_code == 201


async def test_a_roster_in_force_does_not_replace_the_plan_of_admissions(served: Served) -> None:
    planner = await served.signed_in(Role.PLANNER)
    finish(served, ward())
    for _ in range(2):
        draft = (await planner.post("/v1/plans", json={"job": "job-r"})).json()
        assert (await publish(planner, draft["id"], [])).status_code == 201

    listed = (await planner.get("/v1/plans")).json()["plans"]

    assert [plan["status"] for plan in listed] == ["published", "replaced"]
    assert set(served.hospital.live.plans) == {"roster:w1"}


async def test_rosters_of_two_wards_are_in_force_beside_one_another(served: Served) -> None:
    planner = await served.signed_in(Role.PLANNER)
    finish(served, ward())
    people = tuple(replace(one, id=f"{one.id}-2") for one in ward().employees)
    finish(served, replace(ward(), place="w2", employees=people), "job-2")
    plans = []
    for job in ("job-r", "job-2", "job-2"):
        draft = (await planner.post("/v1/plans", json={"job": job})).json()
        assert (await publish(planner, draft["id"], [])).status_code == 201
        plans.append(draft["id"])

    with served.hospital.read() as session:
        found = {one.row.place: one.row.id for one in rosters_in_force(session)}
        assert found == {"w1": plans[0], "w2": plans[2]}  # only the roster of the same ward was replaced
        assert roster_in_force(session, staff="a-2").row.place == "w2"
        assert roster_in_force(session, staff="a").row.place == "w1"
        assert roster_in_force(session, place="w1").row.id == plans[0]
        with pytest.raises(Conflict, match="w3"):
            roster_in_force(session, place="w3")
    live = rosters(served.hospital.live.plans)
    assert [plan.place for plan in live] == ["w1", "w2"]
    assert {shift.place for shift in live[1].shifts} == {"w2"}


async def test_a_new_roster_knows_who_had_the_nights_before(served: Served) -> None:
    planner = await served.signed_in(Role.PLANNER)
    made = finish(served, ward())
    draft = (await planner.post("/v1/plans", json={"job": "job-r"})).json()
    assert (await publish(planner, draft["id"], [])).status_code == 201
    nights = [one["employee"] for one in made["roster"]["assignments"] if one["shift"] == "N"]
    first = datetime.fromtimestamp(made["plan"]["start_at"] / 1e6, UTC).date()
    shared = (Fairness(shifts=frozenset({"N"})), Fairness())
    next_one = replace(ward(), fairness=shared, employees=(*ward().employees, Employee(id="new", contract="full")))

    with served.hospital.read() as session:
        after = with_carried_shares(session, next_one, first=first + timedelta(days=14), zone="UTC")
        much_later = with_carried_shares(session, next_one, first=first + timedelta(weeks=20), zone="UTC")
        half_way = with_carried_shares(session, next_one, first=first + timedelta(days=1), zone="UTC")

    told = after.fairness[0].carried
    counts = {one.id: nights.count(one.id) for one in ward().employees}
    least = min(*counts.values(), sum(counts.values()) // len(counts))
    assert {name: told[name] for name in counts} == {name: count - least for name, count in counts.items()}
    assert told["new"] == sum(counts.values()) // len(counts) - least  # as many as the others on average
    assert much_later.fairness == shared  # twelve weeks are remembered
    assert sum(half_way.fairness[0].carried.values()) <= len(counts)  # days still to come do not count


def test_the_job_is_known_to_the_runner() -> None:
    assert JOB_KINDS["roster"].endswith("plan_roster")


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"employees": ()}, "employees"),  # an empty list
        ({"employees": (Employee(id="a", contract="none"),)}, "'none'"),  # unknown contract
        ({"employees": (Employee(id="a", contract="full"),) * 2}, "twice"),  # one id twice
        ({"contracts": (contract(), contract())}, "contracts"),  # one contract twice
        ({"needs": (Need(day=0, shift="X"),)}, "'X'"),  # unknown shift
        ({"needs": (Need(day=14, shift="E"),)}, "day 14"),  # after the last day
        ({"days": 0}, "days"),  # no day at all
    ],
)
def test_a_problem_that_cannot_be_is_refused_by_field(changed: dict[str, object], named: str) -> None:
    problem = json.loads(msgspec.json.encode(ward(**changed)))

    with pytest.raises(DecodeError, match=named):
        plan_roster({"kind": "roster", "problem": problem, "seconds": 1.0}, quiet)


@pytest.mark.parametrize("problem", [None, {"days": "many"}, {"shifts": []}])
def test_what_is_no_problem_is_refused(problem: object) -> None:
    with pytest.raises(DecodeError):
        plan_roster({"kind": "roster", "problem": problem, "seconds": 1.0}, quiet)

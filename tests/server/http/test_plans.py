"""The fifth journey through the doors: admission list, plan, check, publication, calendar."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import httpx2
import msgspec
import pytest

from scheduling.loaders.ihtc import problem_to_bytes
from scheduling.service.planning import plan_admissions
from server.runs.plans import prepare
from server.schema.jobs import JobRow, ResultRow
from tests.scheduling.wards import patient, problem
from tests.server.conftest import Served
from twin.access import Role
from twin.clock import DAY_US
from twin.events.patients import EncounterClass, EncounterFinished, EncounterStarted
from twin.events.places import PlaceDefined, PlaceKind
from twin.events.work import PlannedStay, PlanPublished, StaffDefined

pytestmark = pytest.mark.timeout(300)  # the first test of a fresh machine compiles the kernels

LIST = """patient,gender,age,days,release,due,mandatory,minutes,surgeon,ward
e1,A,40,2,{day},,yes,60,dr1,w1
e2,B,80,3,{day},,no,,,
"""


def quiet(share: float, note: str = "", partial: Mapping[str, object] | None = None) -> None:
    """Hear and forget."""


def furnish(served: Served) -> None:
    """Give the hospital a ward of two rooms, a theatre and a surgeon."""
    rows = [
        ("w1", PlaceKind.WARD, "", "ward"),
        ("r1", PlaceKind.ROOM, "w1", "ward_room"),
        ("b1", PlaceKind.BED, "r1", "bed"),
        ("r2", PlaceKind.ROOM, "w1", "ward_room"),
        ("b2", PlaceKind.BED, "r2", "bed"),
        ("t1", PlaceKind.ROOM, "", "theatre"),
    ]
    at = served.clock.now()
    places = [
        PlaceDefined(
            thing=key,
            occurred_at=at,
            source="import:t",
            source_key=key,
            kind=kind,
            name=key,
            parent=parent,
            purpose=purpose,
        )
        for key, kind, parent, purpose in rows
    ]
    surgeon = StaffDefined(thing="dr1", occurred_at=at, source="import:t", source_key="dr1", role="surgeon")
    served.hospital.record_now([*places, surgeon])


def finish(served: Served, arguments: Mapping[str, Any], job: str = "job-1") -> dict[str, Any]:
    """Do a plan job in this process and store its result as the runner does."""
    prepared = msgspec.json.decode(msgspec.json.encode(prepare(served.hospital, arguments)))
    result = msgspec.json.encode(plan_admissions({**prepared, "steps": 20_000}, quiet), order="deterministic")
    digest = hashlib.sha256(result).hexdigest()
    now = served.clock.now()
    served.hospital.write_now(lambda session: session.add(ResultRow(hash=digest, body=result, created_at=now)))
    row = JobRow(
        id=job, kind="plan", state="done", actor="a", payload=b"{}", result_hash=digest, created_at=now, ended_at=now
    )
    served.hospital.write_now(lambda session: session.add(row))
    found: dict[str, Any] = json.loads(result)
    return found


def weekday_list(served: Served) -> tuple[dict[str, Any], str]:
    """Give arguments and list for a horizon that starts on a Monday."""
    start = (served.clock.now() // DAY_US + 7) * DAY_US
    while (start // DAY_US + 3) % 7:
        start += DAY_US
    from datetime import UTC, datetime

    day = datetime.fromtimestamp(start / 1e6, UTC).date().isoformat()
    return {"start_at": start, "days": 5}, LIST.format(day=day)


async def kept(served: Served, client: httpx2.AsyncClient) -> dict[str, Any]:
    """Give a draft made of a waiting list."""
    furnish(served)
    arguments, text = weekday_list(served)
    finish(served, {**arguments, "waiting_list": text})
    answer = await client.post("/v1/plans", json={"job": "job-1", "title": "Next week"})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_list_becomes_a_checked_plan_in_force_with_a_calendar(served: Served) -> None:
    planner = await served.signed_in(Role.PLANNER)
    draft = await kept(served, planner)
    assert (draft["status"], draft["n_violations"]) == ("draft", 0)

    published = await planner.post(
        f"/v1/plans/{draft['id']}/publication", json={}, headers={"if-match": f'"v{draft["version"]}"'}
    )

    assert published.status_code == 201, published.text
    plan = served.hospital.live.plans["admissions"]
    assert {stay.encounter for stay in plan.stays} == {"e1", "e2"}
    [operation] = [stay for stay in plan.stays if stay.theatre]
    assert (operation.theatre, operation.surgeon) == ("t1", "dr1")
    assert operation.theatre_end_at - operation.theatre_start_at == 3600 * 1_000_000
    text = (await planner.get(f"/v1/plans/{draft['id']}/calendar.ics")).text
    assert text.startswith("BEGIN:VCALENDAR\r\n")
    assert text.count("BEGIN:VEVENT") == 3
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    detail = (await planner.get(f"/v1/plans/{draft['id']}")).json()
    assert detail["summary"]["status"] == "published"
    assert {rule["rule"] for rule in detail["report"]["rules"]} >= {"delay", "gender_mix"}


async def test_a_second_publication_replaces_the_first(served: Served) -> None:
    planner = await served.signed_in(Role.PLANNER)
    first = await kept(served, planner)
    second = (await planner.post("/v1/plans", json={"job": "job-1"})).json()
    for draft in (first, second):
        answer = await planner.post(f"/v1/plans/{draft['id']}/publication", json={}, headers={"if-match": '"v1"'})
        assert answer.status_code == 201

    listed = (await planner.get("/v1/plans", params={"limit": 1})).json()
    rest = (await planner.get("/v1/plans", params={"limit": 1, "cursor": listed["next"]})).json()

    assert [plan["status"] for plan in (*listed["plans"], *rest["plans"])] == ["published", "replaced"]
    again = await planner.post(f"/v1/plans/{first['id']}/publication", json={}, headers={"if-match": '"v3"'})
    assert again.status_code == 409


async def test_a_broken_rule_needs_a_reason(served: Served) -> None:
    planner = await served.signed_in(Role.PLANNER)
    made = problem(patients=tuple(patient(f"p{i}", due_day=0) for i in range(5)))
    finish(served, {"ihtc": json.loads(problem_to_bytes(made)), "start_at": 0})
    draft = (await planner.post("/v1/plans", json={"job": "job-1"})).json()
    address, headers = f"/v1/plans/{draft['id']}/publication", {"if-match": '"v1"'}

    refused = await planner.post(address, json={}, headers=headers)

    assert refused.status_code in {409, 422}, refused.text
    broken = (await planner.get(f"/v1/plans/{draft['id']}")).json()["report"]["violations_by_rule"]
    overrides = [{"rule": rule, "reason": "agreed with the ward"} for rule in broken]
    accepted = await planner.post(address, json={"overrides": overrides}, headers=headers)
    assert accepted.status_code == 201, accepted.text


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [(Role.NURSE, "/v1/plans", 200), (Role.LOGISTICS, "/v1/plans", 403), (Role.AUDITOR, "/v1/plans", 403)],
)
async def test_who_may_read_plans(served: Served, role: Role, path: str, status: int) -> None:
    client = await served.signed_in(role)

    assert (await client.get(path)).status_code == status


async def test_a_nurse_may_not_publish(served: Served) -> None:
    nurse = await served.signed_in(Role.NURSE)

    answer = await nurse.post("/v1/plans/x/publication", json={}, headers={"if-match": '"v1"'})

    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("get", "/v1/plans/none", None, 404),
        ("get", "/v1/plans/none/calendar.ics", None, 404),
        ("post", "/v1/plans", {"job": "none"}, 404),
        ("post", "/v1/plans", {}, 422),  # no job named
        ("post", "/v1/plans/jobs", {"seconds": -1}, 422),
        ("post", "/v1/plans/jobs", {"days": 4000}, 422),
        ("post", "/v1/plans/x/publication", {}, 428),  # no version named
    ],
)
async def test_bad_calls_get_a_clear_answer(
    served: Served, method: str, path: str, body: dict[str, Any] | None, status: int
) -> None:
    planner = await served.signed_in(Role.PLANNER)

    answer = await (planner.get(path) if method == "get" else planner.post(path, json=body))

    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")


async def test_what_became_of_the_plan_in_force_is_told(served: Served) -> None:
    planner = await served.signed_in(Role.PLANNER)
    assert (await planner.get("/v1/plans/in-force/followed")).json() == {
        "plan": "",
        "counts": dict.fromkeys(("due", "as_planned", "elsewhere", "late", "not_come", "cancelled"), 0),
        "stays": [],
    }
    now = served.clock.now()
    names = ("e-a", "e-b", "e-gone")
    stays = tuple(PlannedStay(encounter=name, place="r1", start_at=now, end_at=now + 1) for name in names)
    told = {"source": "user:p", "occurred_at": now}
    served.hospital.record_now(
        [
            PlanPublished(
                **told, thing="p1", source_key="p1", kind="admissions", start_at=now, end_at=now + 1, stays=stays
            ),
            EncounterStarted(
                **told, thing="e-a", source_key="e-a", encounter_class=EncounterClass.INPATIENT, place="r2"
            ),
            EncounterStarted(
                **told, thing="e-gone", source_key="e-gone", encounter_class=EncounterClass.INPATIENT, place="r1"
            ),
            EncounterFinished(**told, thing="e-gone", source_key="e-gone-2"),
        ]
    )

    found = (await planner.get("/v1/plans/in-force/followed")).json()

    assert (found["plan"], found["counts"]["elsewhere"], found["counts"]["due"]) == ("p1", 1, 1)
    assert (found["counts"]["as_planned"], found["counts"]["not_come"]) == (1, 0)  # who has come and gone has come
    rooms = {one["encounter"]: one["room"] for one in found["stays"]}
    assert rooms == {"e-a": "r2", "e-b": "", "e-gone": "r1"}

"""The day-of-surgery board through the door."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from tests.server.conftest import Served
from tests.server.http.test_plans import furnish
from twin.access import Role
from twin.clock import DAY_US
from twin.events.places import PlaceDefined, PlaceKind
from twin.events.work import PlannedStay, PlanPublished

MINUTE_US = 60_000_000


def put_in_force(served: Served) -> int:
    """Give the hospital two theatres and a plan of two operations in the first; gives midnight."""
    furnish(served)
    now = served.clock.now()
    midnight = now // DAY_US * DAY_US
    eight = midnight + 480 * MINUTE_US
    stays = tuple(
        PlannedStay(
            encounter=name,
            place="r1",
            start_at=eight,
            end_at=eight + DAY_US,
            theatre="t1",
            theatre_start_at=eight + start * MINUTE_US,
            theatre_end_at=eight + (start + 60) * MINUTE_US,
            surgeon="dr1",
        )
        for name, start in (("e1", 0), ("e2", 60))
    )
    second = PlaceDefined(
        thing="t2",
        occurred_at=now,
        source="import:t",
        source_key="t2",
        kind=PlaceKind.ROOM,
        name="t2",
        purpose="theatre",
    )
    plan = PlanPublished(
        thing="plan-1",
        occurred_at=now,
        source="user:u",
        source_key="p",
        actor="u",
        kind="admissions",
        start_at=midnight,
        end_at=midnight + 7 * DAY_US,
        stays=stays,
        content_hash="h",
    )
    served.hospital.record_now([second, plan])
    return midnight


def cases_of(day: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {case["id"]: {**case, "theatre": one["theatre"]} for one in day["theatres"] for case in one["cases"]}


def burden(day: dict[str, Any]) -> int:
    waits = [case["delay_minutes"] for case in cases_of(day).values() if case["status"] == "planned"]
    return 2 * int(day["overtime_minutes"]) + sum(waits)


async def acted(client: httpx2.AsyncClient, kind: str, case: dict[str, Any], **more: object) -> httpx2.Response:
    body = {"kind": kind, "case": case["id"], "version": case["version"], **more}
    return await client.post("/v1/surgery/today/acts", json=body)


async def test_a_day_goes_from_the_plan_to_done_and_back(served: Served) -> None:
    midnight = put_in_force(served)
    planner = await served.signed_in(Role.PLANNER)
    day = (await planner.get("/v1/surgery/today")).json()
    assert day["day"] == datetime.fromtimestamp(midnight / 1e6, UTC).date().isoformat()
    assert {case["status"] for case in cases_of(day).values()} == {"planned"}
    assert [one["theatre"] for one in day["theatres"]] == ["t1", "t2"]

    begun = await acted(planner, "start", cases_of(day)["e1"])
    assert begun.status_code == 200, begun.text
    busy = await acted(planner, "start", cases_of(begun.json())["e2"])
    assert busy.status_code == 409  # the theatre is in use
    ended = await acted(planner, "finish", cases_of(begun.json())["e1"])
    back = await acted(planner, "restore", cases_of(ended.json())["e1"])

    assert cases_of(ended.json())["e1"]["status"] == "done"
    assert cases_of(back.json())["e1"]["status"] == "in_theatre"
    again = (await planner.get(f"/v1/surgery/{day['day']}")).json()
    assert cases_of(again) == cases_of(back.json())


async def test_a_cancellation_needs_a_reason_and_frees_the_theatre(served: Served) -> None:
    put_in_force(served)
    planner = await served.signed_in(Role.PLANNER)
    case = cases_of((await planner.get("/v1/surgery/today")).json())["e1"]

    refused = await acted(planner, "cancel", case)
    cancelled = await acted(planner, "cancel", case, reason="fever")

    assert refused.status_code == 422
    assert cases_of(cancelled.json())["e1"]["reason"] == "fever"
    seen_before = await acted(planner, "cancel", case, reason="twice")
    assert seen_before.status_code == 412  # somebody changed it since


async def test_an_emergency_gets_the_best_place_and_moves_later(served: Served) -> None:
    put_in_force(served)
    planner = await served.signed_in(Role.PLANNER)

    found = (await planner.post("/v1/surgery/today/openings", json={"minutes": 90})).json()["openings"]
    told = {"encounter": "em1", "minutes": 90, "theatre": found[0]["theatre"], "position": found[0]["position"]}
    made = await planner.post("/v1/surgery/today/emergencies", json=told)

    assert found[0]["theatre"] == "t2"  # the empty one
    assert made.status_code == 201, made.text
    assert cases_of(made.json())["em1"]["is_emergency"]
    assert (await planner.post("/v1/surgery/today/emergencies", json=told)).status_code == 409
    moved = await acted(planner, "move", cases_of(made.json())["em1"], theatre="t1", position=0)
    order = next(one["cases"] for one in moved.json()["theatres"] if one["theatre"] == "t1")
    assert min(order, key=lambda case: case["position"])["id"] == "em1"


async def test_a_replan_is_told_first_and_then_made(served: Served) -> None:
    put_in_force(served)
    planner = await served.signed_in(Role.PLANNER)
    case = cases_of((await planner.get("/v1/surgery/today")).json())["e1"]
    late = (await acted(planner, "expect", case, minutes=400)).json()

    tried = (await planner.post("/v1/surgery/today/replans", json={})).json()
    unchanged = (await planner.get("/v1/surgery/today")).json()
    made = (await planner.post("/v1/surgery/today/replans", json={"is_trial": False})).json()

    assert cases_of(unchanged) == cases_of(late)
    assert tried["shifts"] == made["shifts"]
    assert burden(made["day"]) < burden(late)


async def test_who_acts_stands_in_the_audit(served: Served) -> None:
    put_in_force(served)
    planner = await served.signed_in(Role.PLANNER)
    case = cases_of((await planner.get("/v1/surgery/today")).json())["e1"]

    await acted(planner, "start", case)

    auditor = await served.signed_in(Role.AUDITOR)
    rows = (await auditor.get("/v1/audit")).text
    assert "operation_started" in rows


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("get", "/v1/surgery/2026-13-40", None, 422),  # no such date
        ("get", "/v1/surgery/0001-01-01", None, 422),  # its hours begin before any instant
        ("post", "/v1/surgery/today/acts", {"kind": "start", "case": "nobody", "version": 1}, 404),
        ("post", "/v1/surgery/today/acts", {"kind": "dance", "case": "e1", "version": 1}, 422),
        ("post", "/v1/surgery/today/acts", {"kind": "move", "case": "e1", "version": 1, "theatre": "no"}, 404),
        ("post", "/v1/surgery/today/acts", {"kind": "expect", "case": "e1", "version": 1}, 422),  # no length
        ("post", "/v1/surgery/today/acts", {"kind": "finish", "case": "e1", "version": 1}, 409),  # not begun
        ("post", "/v1/surgery/today/openings", {"minutes": 0}, 422),
        ("post", "/v1/surgery/today/emergencies", {"encounter": "x", "minutes": 60, "theatre": "no"}, 404),
    ],
)
async def test_bad_acts_get_a_clear_answer(
    served: Served, method: str, path: str, body: dict[str, Any] | None, status: int
) -> None:
    put_in_force(served)
    planner = await served.signed_in(Role.PLANNER)

    answer = await (planner.get(path) if method == "get" else planner.post(path, json=body))

    assert answer.status_code == status, answer.text


async def test_a_nurse_reads_and_does_not_act(served: Served) -> None:
    put_in_force(served)
    nurse = await served.signed_in(Role.NURSE)

    day = await nurse.get("/v1/surgery/today")
    assert day.status_code == 200
    assert (await acted(nurse, "start", cases_of(day.json())["e1"])).status_code == 403

"""The par studio, shelf rounds, planned task rounds and the link of user and staff through their HTTP doors."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx2
import pytest

from server import rounds
from server.rounds import PLAN_AT, next_local
from tests.server.conftest import Served
from tests.server.http.test_restocking import on_hand, porter, use  # noqa: F401  # the same goods
from twin.access import Role
from twin.clock import DAY_US, from_datetime
from twin.events.work import StaffDefined


async def used_for_days(served: Served, days: int = 5) -> httpx2.AsyncClient:
    """Use nine a day and restock them by hand, so that the books have a history; gives a client of that day."""
    client = await served.signed_in(Role.LOGISTICS)
    for _ in range(days):
        served.clock.advance(DAY_US / 1e6)
        client = await served.signed_in(Role.LOGISTICS)  # nobody stays signed in for a day
        moved = {"item": "gloves", "quantity": 9, "place": "store", "to_place": "ward"}
        answer = await client.post("/v1/stock/transfers", json=moved)
        assert answer.status_code == 201, answer.text
        assert (await use(client, 9)).status_code == 201
    return client


async def test_proposal_is_planned_accepted_and_taken_back(served: Served, porter: httpx2.AsyncClient) -> None:  # noqa: F811
    porter = await used_for_days(served)

    planned = await porter.post("/v1/par-proposals:plan", json={"period_days": 1, "periods": 5, "target": 0.95})
    page = (await porter.get("/v1/par-proposals", params={"state": "all"})).json()
    [proposal] = page["proposals"]
    where = {"place": proposal["place"], "item": proposal["item"]}
    curve = (await porter.get("/v1/par-proposals/curve", params=where)).json()
    accepted = await porter.post("/v1/par-proposals:accept", json=where)
    twice = await porter.post("/v1/par-proposals:accept", json=where)
    [change] = (await porter.get("/v1/par-changes")).json()["changes"]
    undone = await porter.post(f"/v1/par-changes/{change['id']}:undo", json={})

    assert planned.status_code == 200, planned.text
    assert planned.json() == {"lines": 1, "by_decision": {"proposed": 1}}
    assert proposal["mean_per_day"] == pytest.approx(
        4 * 9 / 5, abs=1.0
    )  # the first of five days lies before the first use
    assert proposal["fill_rate"] >= 0.95
    assert proposal["cycle_service"] != proposal["fill_rate"]
    assert curve["points"][0]["fill_rate"] < curve["points"][-1]["fill_rate"]
    assert accepted.json()["par_level"] == proposal["par_level"]
    assert (twice.status_code, twice.json()["code"]) == (409, "par.not_open")
    assert (undone.json()["par_level"], undone.json()["reorder_point"]) == (30, 8)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/par-proposals:plan", {"target": 98}, 422),  # percent
        ("/v1/par-proposals:plan", {"service": "95"}, 422),  # which of the two?
        ("/v1/par-proposals:plan", {"unknown": 1}, 422),
        ("/v1/par-proposals:accept", {"place": "ward", "item": "nothing"}, 404),
        ("/v1/par-proposals:dismiss", {"place": "ward", "item": "nothing"}, 404),
        ("/v1/par-changes/none:undo", {}, 404),
        ("/v1/stock/reviews", {"until_next_days": -1}, 422),
        ("/v1/tasks:apply-rounds", {"changes": []}, 422),
    ],
)
async def test_what_cannot_be_is_refused(
    served: Served,
    porter: httpx2.AsyncClient,  # noqa: F811
    path: str,
    body: dict[str, object],
    status: int,
) -> None:
    answer = await porter.post(path, json=body)

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text


async def test_round_finds_the_shelf_that_nobody_told_of(served: Served, porter: httpx2.AsyncClient) -> None:  # noqa: F811
    await use(porter, 5)
    [task] = (await porter.get("/v1/tasks/mine")).json()["tasks"]
    await porter.post(f"/v1/tasks/{task['id']}:cancel", json={"reason": "mistake"})

    found = await porter.post("/v1/stock/reviews", json={})

    assert found.status_code == 201, found.text
    assert (found.json()["lines"], found.json()["breaches"]) == (1, 1)
    [again] = (await porter.get("/v1/tasks/mine")).json()["tasks"]
    assert (again["quantity"], again["reason"]) == (30, "par_breach")


def staff(served: Served, name: str) -> None:
    member = StaffDefined(
        thing=name,
        occurred_at=served.clock.now(),
        source="import:staff",
        source_key=name,
        role="porter",
        label=name,
    )
    served.hospital.record_now([member])


async def test_tasks_given_to_staff_are_those_of_the_linked_user(
    served: Served,
    porter: httpx2.AsyncClient,  # noqa: F811
) -> None:
    staff(served, "STAFF-1")
    await use(porter, 5)
    me = (await porter.get("/v1/auth/me")).json()["id"]
    manager = await served.signed_in(Role.SYSADMIN, "root")
    user = await manager.get(f"/v1/users/{me}")
    headers = {"if-match": user.headers["etag"]}
    unknown = await manager.patch(f"/v1/users/{me}", json={"staff": "STAFF-9"}, headers=headers)
    linked = await manager.patch(f"/v1/users/{me}", json={"staff": "STAFF-1"}, headers=headers)
    assert (unknown.status_code, linked.status_code) == (404, 200), linked.text
    assert linked.json()["staff"] == "STAFF-1"
    again = await served.signed_in(Role.LOGISTICS)  # changing a user ended the sessions

    plan = (await again.post("/v1/tasks:plan-rounds", json={})).json()
    given = await again.post("/v1/tasks:apply-rounds", json={"changes": plan["changes"]})
    late = await again.post("/v1/tasks:apply-rounds", json={"changes": plan["changes"]})
    mine = (await again.get("/v1/tasks/mine")).json()["tasks"]

    assert (plan["before"]["waiting"], plan["after"]["waiting"]) == (1, 0)
    assert [task["assignee"] for task in given.json()["tasks"]] == ["STAFF-1"]
    assert late.json() == {"tasks": [], "passed_over": [mine[0]["id"]]}
    assert [(task["assignee"], task["position"]) for task in mine] == [("STAFF-1", 1)]
    started = await again.post(f"/v1/tasks/{mine[0]['id']}:start", json={})
    assert started.json()["assignee"] == "STAFF-1"


async def test_two_users_are_not_one_member_of_staff(served: Served) -> None:
    staff(served, "STAFF-1")
    manager = await served.signed_in(Role.SYSADMIN, "root")
    answers = []
    for name in ("anna", "bert"):
        served.add_user(name, Role.LOGISTICS)
    for user in (await manager.get("/v1/users")).json()["users"]:
        if user["name"] in {"anna", "bert"}:
            address = f"/v1/users/{user['id']}"
            headers = {"if-match": (await manager.get(address)).headers["etag"]}
            answers.append(await manager.patch(address, json={"staff": "STAFF-1"}, headers=headers))

    assert [answer.status_code for answer in answers] == [200, 409]
    assert answers[1].json()["code"] == "conflict.staff"


async def test_dispatch_gives_waiting_tasks_out_by_itself(served: Served, porter: httpx2.AsyncClient) -> None:  # noqa: F811
    staff(served, "STAFF-1")
    assert rounds.dispatch_tasks(served.hospital).tasks == ()
    await use(porter, 5)

    applied = rounds.dispatch_tasks(served.hospital)

    assert [task.assignee for task in applied.tasks] == ["STAFF-1"]
    assert rounds.dispatch_tasks(served.hospital).tasks == ()


@pytest.mark.parametrize(
    "zone_name", ["Europe/Berlin", "America/New_York", "Africa/Cairo", "Australia/Lord_Howe", "UTC"]
)
def test_nightly_plan_runs_once_on_every_calendar_day(zone_name: str) -> None:
    """02:30 does not exist on one day of spring and comes twice on one of autumn."""
    zone = ZoneInfo(zone_name)
    at = from_datetime(datetime(2026, 1, 1, 12, tzinfo=UTC))
    days: list[date] = []
    for _ in range(365):
        following = next_local(at, zone, hour=PLAN_AT[0], minute=PLAN_AT[1])
        assert 22 * 3600 * 10**6 < following - at < 27 * 3600 * 10**6 or not days
        at = following
        days.append(datetime.fromtimestamp(at / 1e6, UTC).astimezone(zone).date())

    assert days == [days[0] + timedelta(days=n) for n in range(365)]


async def test_a_level_is_taken_away_and_asks_for_nothing_any_more(served: Served, porter: httpx2.AsyncClient) -> None:  # noqa: F811
    where = {"place": "ward", "item": "gloves"}

    gone = await porter.delete("/v1/par-levels", params=where)
    again = await porter.delete("/v1/par-levels", params=where)
    await use(porter, 10)

    assert (gone.status_code, again.status_code) == (204, 404)
    assert (await porter.get("/v1/par-levels")).json()["par_levels"] == []
    told = served.hospital.live.stock["ward", "gloves"].par
    assert told is None or not told.par_level
    assert not [task for task in (await porter.get("/v1/tasks")).json()["tasks"] if task["to_place"] == "ward"]

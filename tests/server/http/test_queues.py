"""Queues through the public door: tickets, calls, the refusal to jump, the board without names."""

from __future__ import annotations

from typing import Any

import pytest

from tests.interop.conftest import places
from tests.server.conftest import Served
from twin.access import Role


@pytest.fixture
async def nurse(served: Served) -> Any:
    served.hospital.record_now(places())
    return await served.signed_in(Role.NURSE)


async def _join(client: Any, **body: Any) -> dict[str, Any]:
    answer = await client.post("/v1/queues/W1/tickets", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_tickets_are_numbered_and_know_their_position_and_expected_wait(nurse: Any) -> None:
    first, second, urgent = [await _join(nurse, priority=priority) for priority in (0, 0, 5)]

    queue = (await nurse.get("/v1/queues/W1")).json()

    assert [one["number"] for one in (first, second, urgent)] == ["A001", "A002", "A003"]
    assert [one["number"] for one in queue["tickets"]] == ["A003", "A001", "A002"]
    assert [one["position"] for one in queue["tickets"]] == [1, 2, 3]
    assert queue["next_joiner"]["is_prior"]
    assert queue["next_joiner"]["low_s"] <= queue["next_joiner"]["high_s"]


async def test_a_point_that_opens_later_leaves_the_others_their_letter(nurse: Any) -> None:
    await _join(nurse)

    other = (await nurse.post("/v1/queues/H/tickets", json={})).json()
    again = await _join(nurse)

    assert (other["number"], again["number"]) == ("B001", "A002")


async def test_nobody_jumps_the_queue_without_a_reason_that_is_kept(nurse: Any) -> None:
    await _join(nurse)
    second = await _join(nurse)
    path = f"/v1/tickets/{second['id']}/call"

    refused = await nurse.post(path, json={"counter": "1"})
    called = await nurse.post(path, json={"counter": "1", "reason": "chest pain"})
    exceptions = (await nurse.get("/v1/queue-exceptions")).json()

    assert (refused.status_code, refused.json()["code"]) == (409, "queue.jump")
    assert called.json()["exception_reason"] == "chest pain"
    assert [one["id"] for one in exceptions] == [second["id"]]


async def test_a_ticket_goes_its_way(nurse: Any) -> None:
    ticket = await _join(nurse)
    called = (await nurse.post("/v1/queues/W1/call-next", json={"counter": "Room 2"})).json()
    steps = []
    for verb in ("start", "end", "start"):
        answer = await nurse.post(f"/v1/tickets/{ticket['id']}/{verb}", json={})
        told = answer.json()
        steps.append((answer.status_code, told.get("code") or told["status"]))

    assert called["status"] == "called"
    assert steps == [(200, "serving"), (200, "served"), (409, "queue.state")]
    assert (await nurse.post("/v1/queues/W1/call-next", json={})).json()["code"] == "queue.empty"


async def test_the_board_shows_numbers_to_anybody_and_never_a_name(served: Served, nurse: Any) -> None:
    await _join(nurse)
    await _join(nurse)
    await nurse.post("/v1/queues/W1/call-next", json={"counter": "Room <2>"})
    stranger = await served.stranger()

    board = (await stranger.get("/v1/board/W1")).json()
    page = await stranger.get("/v1/board/W1/page", params={"lang": "zh_CN"})

    assert [one["number"] for one in board["called"]] == ["A001"]
    assert board["called"][0]["spoken"]["en"] == "Number A 0 0 1, please go to Room <2>."
    assert board["waiting"] == ["A002"]
    assert set(board) == {"name", "at", "called", "waiting", "wait_minutes"}
    assert "Room &lt;2&gt;" in page.text
    assert "正在叫号" in page.text
    assert 'lang="zh-CN"' in page.text


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/queues/nowhere/tickets", {}, 404),
        ("/v1/queues/W1/tickets", {"encounter": "nobody"}, 404),
        ("/v1/queues/W1/tickets", {"priority": 99}, 422),
        ("/v1/tickets/none/call", {}, 404),
        ("/v1/tickets/none/leave", {}, 404),
    ],
)
async def test_what_cannot_be_is_refused(nurse: Any, path: str, body: dict[str, Any], status: int) -> None:
    assert (await nurse.post(path, json=body)).status_code == status


async def test_only_who_may_call_can_call(served: Served, nurse: Any) -> None:
    await _join(nurse)
    planner = await served.signed_in(Role.PLANNER)

    assert (await planner.post("/v1/queues/W1/call-next", json={})).status_code == 403
    assert (await planner.get("/v1/queues")).status_code == 200

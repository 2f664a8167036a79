"""Talking about a plan through the doors: alternatives, trials, edits, repairs and comparisons."""

from __future__ import annotations

from typing import Any

import pytest

from scheduling.service.making_again import order_again
from tests.server.conftest import Served
from tests.server.http.test_plans import finish, kept
from twin.access import Role

pytestmark = pytest.mark.timeout(300)  # the first test of a fresh machine compiles the kernels


async def test_a_planner_asks_tries_moves_and_compares(served: Served) -> None:
    planner = await served.signed_in(Role.PLANNER)
    draft = await kept(served, planner)
    address = f"/v1/plans/{draft['id']}"

    told = (await planner.get(f"{address}/patients/e2/alternatives")).json()["alternatives"]
    other = next(one for one in told if one["is_allowed"] and not one["is_present"] and one["day"] >= 0)
    place = {"patient": "e2", "day": other["day"], "room": other["room"], "theatre": other["theatre"]}
    tried = (await planner.post(f"{address}/trials", json=place)).json()
    made = await planner.post(f"{address}/edits", json=place)

    assert made.status_code == 201, made.text
    edited = made.json()
    assert tried["cost_after"] == edited["cost_after"] == tried["cost_before"] + other["cost"]
    assert edited["n_violations"] == 0
    compared = (await planner.get(f"{address}/comparison/{edited['plan']}")).json()
    assert (compared["cost"], compared["other_cost"]) == (edited["cost_before"], edited["cost_after"])
    assert [pair[1]["patient"] for pair in compared["moved"]] == ["e2"]
    kept_plan = (await planner.get(f"/v1/plans/{edited['plan']}")).json()
    assert kept_plan["summary"]["status"] == "draft"


async def test_reasons_tell_cost_by_rule_and_other_places(served: Served) -> None:
    planner = await served.signed_in(Role.PLANNER)
    draft = await kept(served, planner)

    told = (await planner.get(f"/v1/plans/{draft['id']}/patients/e1/reasons")).json()

    assert {rule["rule"] for rule in told["report"]["rules"]} >= {"delay", "gender_mix"}
    assert any(one["is_present"] for one in told["alternatives"])


async def test_a_surgeon_who_is_ill_is_planned_around(served: Served) -> None:
    planner = await served.signed_in(Role.PLANNER)
    draft = await kept(served, planner)
    detail = (await planner.get(f"/v1/plans/{draft['id']}")).json()
    [stay] = [stay for stay in detail["plan"]["stays"] if stay["patient"] == "e1"]

    answer = await planner.post(
        f"/v1/plans/{draft['id']}/repairs", json={"surgeon": "dr1", "from_day": stay["day"], "to_day": stay["day"]}
    )

    assert answer.status_code == 201, answer.text
    changed = (await planner.get(f"/v1/plans/{answer.json()['plan']}")).json()
    [after] = [found for found in changed["plan"]["stays"] if found["patient"] == "e1"]
    assert after["day"] != stay["day"]
    assert answer.json()["n_changed"] >= 1


async def test_a_repair_is_looked_at_before_it_is_kept_and_kept_as_it_was_shown(served: Served) -> None:
    planner, nurse = await served.signed_in(Role.PLANNER), await served.signed_in(Role.NURSE)
    draft = await kept(served, planner)
    stays = (await planner.get(f"/v1/plans/{draft['id']}")).json()["plan"]["stays"]
    [day] = [stay["day"] for stay in stays if stay["patient"] == "e1"]
    outage = {"surgeon": "dr1", "from_day": day, "to_day": day}

    tried = await nurse.post(f"/v1/plans/{draft['id']}/repair-trials", json=outage)

    assert tried.status_code == 200, tried.text
    shown = tried.json()
    assert len((await planner.get("/v1/plans")).json()["plans"]) == 1  # nothing is kept by looking
    assert [(pair[0]["patient"], pair[0]["day"]) for pair in shown["moved"]] == [("e1", day)]
    made = (await planner.post(f"/v1/plans/{draft['id']}/repairs", json=outage)).json()
    after = (await planner.get(f"/v1/plans/{made['plan']}")).json()["plan"]["stays"]
    assert shown["moved"][0][1] in after
    assert (made["cost_after"], made["n_changed"]) == (shown["cost_after"], shown["n_changed"])


async def test_a_pinned_patient_stays_and_drafts_bear_numbers(served: Served) -> None:
    planner = await served.signed_in(Role.PLANNER)
    draft = await kept(served, planner)
    assert (draft["number"], draft["draft"], draft["based_on"]) == (1, 1, "")

    pinned = await planner.post(f"/v1/plans/{draft['id']}/pins", json={"patient": "e1", "parts": ["day", "room"]})

    assert pinned.status_code == 201, pinned.text
    [pin] = pinned.json()["pins"]
    assert (pin["patient"], pin["theatre"]) == ("e1", "")
    address = f"/v1/plans/{pinned.json()['plan']}"
    summary = (await planner.get(address)).json()["summary"]
    assert (summary["number"], summary["draft"], summary["based_on"]) == (1, 2, draft["id"])
    away = {"patient": "e1", "day": pin["day"] + 1, "room": pin["room"], "theatre": "t1"}
    moved = (await planner.post(f"{address}/edits", json={**away, "pins": True})).json()
    detail = (await planner.get(f"/v1/plans/{moved['plan']}")).json()
    assert "pin" not in detail["report"]["violations_by_rule"]  # moved by hand: the new place is the pinned one
    loose = (await planner.post(f"/v1/plans/{moved['plan']}/pins", json={"patient": "e1", "is_pinned": False})).json()
    assert loose["pins"] == []
    listed = (await planner.get("/v1/plans")).json()["plans"]
    assert [(one["number"], one["draft"]) for one in listed] == [(1, 4), (1, 3), (1, 2), (1, 1)]
    again = (await planner.post("/v1/plans", json={"job": "job-1"})).json()
    assert (again["number"], again["draft"]) == (2, 1)  # a search of its own is a plan of its own


async def test_a_plan_is_made_again_around_its_pins_as_the_next_draft(served: Served) -> None:
    planner = await served.signed_in(Role.PLANNER)
    draft = await kept(served, planner)
    other = next(
        one
        for one in (await planner.get(f"/v1/plans/{draft['id']}/patients/e2/alternatives")).json()["alternatives"]
        if one["is_allowed"] and not one["is_present"] and one["day"] >= 0
    )
    place = {"patient": "e2", "day": other["day"], "room": other["room"], "pins": True}
    moved = (await planner.post(f"/v1/plans/{draft['id']}/edits", json=place)).json()
    with served.hospital.read() as session:
        order = order_again(session, moved["plan"], seconds=1, seed=1)
    assert order.job == "plan"

    finish(served, order.arguments, job="job-2")

    again = (await planner.post("/v1/plans", json={"job": "job-2"})).json()
    assert (again["number"], again["draft"], again["based_on"]) == (1, 3, moved["plan"])
    stays = (await planner.get(f"/v1/plans/{again['id']}")).json()["plan"]["stays"]
    assert [(one["day"], one["room"]) for one in stays if one["patient"] == "e2"] == [(other["day"], other["room"])]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("get", "/patients/nobody/alternatives", None, 404),
        ("get", "/patients/nobody/reasons", None, 404),
        ("get", "/comparison/none", None, 404),
        ("post", "/trials", {"patient": "e1", "day": 0, "room": "nowhere"}, 422),  # unknown room
        ("post", "/edits", {"patient": "nobody", "day": -1}, 404),
        ("post", "/edits", {"patient": "e1"}, 422),  # no day
        ("post", "/repairs", {}, 422),  # nobody named
        ("post", "/repairs", {"surgeon": "dr9"}, 404),
        ("post", "/repair-trials", {}, 422),  # nobody named
        ("post", "/pins", {"patient": "nobody"}, 404),
        ("post", "/pins", {"patient": "e1", "parts": ["bed"]}, 422),  # no such part
        ("post", "/pins", {"employee": "e1", "days": [0]}, 422),  # a plan of admissions has no employees
        ("post", "/pins", {}, 422),  # nobody named
        ("post", "/again", {"seconds": 0}, 422),
    ],
)
async def test_bad_questions_get_a_clear_answer(
    served: Served, method: str, path: str, body: dict[str, Any] | None, status: int
) -> None:
    planner = await served.signed_in(Role.PLANNER)
    draft = await kept(served, planner)
    address = f"/v1/plans/{draft['id']}{path}"

    answer = await (planner.get(address) if method == "get" else planner.post(address, json=body))

    assert answer.status_code == status, answer.text


async def test_a_nurse_may_ask_but_not_change(served: Served) -> None:
    planner, nurse = await served.signed_in(Role.PLANNER), await served.signed_in(Role.NURSE)
    draft = await kept(served, planner)

    assert (await nurse.get(f"/v1/plans/{draft['id']}/patients/e1/alternatives")).status_code == 200
    answer = await nurse.post(f"/v1/plans/{draft['id']}/edits", json={"patient": "e1", "day": -1})
    assert answer.status_code == 403

"""Talking about a plan through the doors: alternatives, trials, edits, repairs and comparisons."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.conftest import Served
from tests.server.http.test_plans import kept
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

"""Plans played through futures at the door."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.conftest import Served
from tests.server.http.test_plans import kept
from twin.access import Role

pytestmark = pytest.mark.timeout(300)  # the first test of a fresh machine compiles the kernels


async def test_a_plan_is_shown_with_its_risk_and_the_live_emergencies(served: Served) -> None:
    planner = await served.signed_in(Role.PLANNER)
    draft = await kept(served, planner)

    answer = await planner.post(f"/v1/plans/{draft['id']}/futures", json={"futures": 500, "operation_cv": 0.5})

    assert answer.status_code == 200, answer.text
    risk = answer.json()["risk"]
    assert risk["futures"] == 500
    assert risk["uncertainty"]["operation_cv"] == 0.5
    assert risk["uncertainty"]["emergency_beds_per_day"] > 0  # from the hospital as it is
    assert 0 <= risk["totals"]["as_planned_share"]["mean"] <= 1
    assert {one["patient"] for one in risk["patients"]} <= {"e1", "e2"}
    assert len(risk["days"]) == 5
    assert answer.json()["other"] is None


async def test_two_plans_meet_the_same_futures(served: Served) -> None:
    planner = await served.signed_in(Role.PLANNER)
    draft = await kept(served, planner)
    home = await planner.post(f"/v1/plans/{draft['id']}/edits", json={"patient": "e1", "day": -1})
    told = {"futures": 300, "other": home.json()["plan"]}

    first = (await planner.post(f"/v1/plans/{draft['id']}/futures", json=told)).json()
    again = (await planner.post(f"/v1/plans/{draft['id']}/futures", json=told)).json()

    assert first == again
    by_measure = {one["measure"]: one for one in first["differences"]}
    assert set(by_measure) == set(first["risk"]["totals"])
    for name, one in by_measure.items():
        apart = first["other"]["totals"][name]["mean"] - first["risk"]["totals"][name]["mean"]
        assert one["difference"]["mean"] == pytest.approx(apart, abs=1e-9)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"futures": 1}, 422),  # no interval
        ({"operation_cv": -1}, 422),
        ({"late_share": 1.0}, 422),  # nobody would ever leave
        ({"other": "nowhere"}, 404),
        ({"colour": "red"}, 422),
    ],
)
async def test_bad_futures_are_named(served: Served, body: dict[str, Any], status: int) -> None:
    planner = await served.signed_in(Role.PLANNER)
    draft = await kept(served, planner)

    answer = await planner.post(f"/v1/plans/{draft['id']}/futures", json=body)

    assert answer.status_code == status, answer.text
    assert next(iter(body)) in answer.text or status == 404


async def test_an_unknown_plan_is_not_found(served: Served) -> None:
    planner = await served.signed_in(Role.PLANNER)

    assert (await planner.post("/v1/plans/none/futures", json={})).status_code == 404

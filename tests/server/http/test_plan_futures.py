"""Plans played through futures at the door."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlmodel import Session

from scheduling.model.surgery_day import Case, CaseStatus
from scheduling.tables.surgery_day import save_case
from tests.server.conftest import Served
from tests.server.http.test_plans import kept
from twin.access import Role
from twin.clock import DAY_US

HOUR_US = 3_600_000_000
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


async def test_overruns_and_emergencies_of_the_own_log_are_told_apart_from_usual_figures(served: Served) -> None:
    planner = await served.signed_in(Role.PLANNER)
    draft = await kept(served, planner)
    url, told = f"/v1/plans/{draft['id']}/futures", {"futures": 50}
    usual = {one["name"]: one for one in (await planner.post(url, json=told)).json()["spreads"]}
    assert (usual["operation_cv"]["origin"], usual["operation_cv"]["n"]) == ("usual", 0)
    assert usual["emergency_beds_per_day"]["origin"] == "live"

    def operate(session: Session) -> None:
        for day in range(1, 41):
            midnight = served.clock.now() - day * DAY_US
            # Planned for an hour, one in two lasts twice as long; every fourth day brings an emergency.
            minutes = 120 if day % 2 else 60
            case = Case(
                id="c",
                theatre="t1",
                position=0,
                planned_start_at=midnight,
                planned_minutes=60,
                status=CaseStatus.DONE,
                started_at=midnight + HOUR_US,
                ended_at=midnight + HOUR_US + minutes * 60_000_000,
            )
            save_case(session, midnight, case)
            if day % 4 == 0:
                save_case(session, midnight, replace(case, id="x", is_emergency=True))

    served.hospital.write_now(operate)
    own = {one["name"]: one for one in (await planner.post(url, json=told)).json()["spreads"]}

    assert (own["operation_cv"]["origin"], own["operation_cv"]["n"]) == ("own", 40)
    assert own["operation_cv"]["low"] < own["operation_cv"]["value"] < own["operation_cv"]["high"]
    assert (own["emergency_operations_per_day"]["n"], own["emergency_minutes"]["n"]) == (40, 10)
    assert own["emergency_operations_per_day"]["value"] < usual["emergency_operations_per_day"]["value"]
    assert (own["late_share"]["origin"], own["no_show_share"]["origin"]) == ("usual", "usual")
    by_hand = (await planner.post(url, json=told | {"operation_cv": 0.5})).json()
    assert by_hand["risk"]["uncertainty"]["operation_cv"] == 0.5
    assert "operation_cv" not in {one["name"] for one in by_hand["spreads"]}

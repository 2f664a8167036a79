"""Journey 5: a waiting list becomes a plan of beds and theatres, the checker looks, a person publishes, all see it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.journeys.conftest import COMPILING_S, House, until
from twin.access import Role
from twin.clock import DAY_US

STAFF = "id,role,label\ndr1,surgeon,Surgeon 1\n"
HEAD = "patient,gender,age,days,release,due,mandatory,minutes,surgeon,ward\n"


def waiting_list(now: int, ward: str) -> str:
    """Give two patients: one to be operated, one to lie only, both from the day after tomorrow on."""
    day = datetime.fromtimestamp((now // DAY_US + 2) * DAY_US / 1e6, UTC).date().isoformat()
    return HEAD + f"e1,A,40,2,{day},,yes,60,dr1,{ward}\ne2,B,80,3,{day},,no,,,\n"


@pytest.mark.slow
@pytest.mark.timeout(240)  # a fresh machine compiles the kernels first
async def test_a_waiting_list_becomes_a_published_calendar(house: House) -> None:
    planner = await asyncio.to_thread(house.person, Role.PLANNER)
    root = await asyncio.to_thread(house.person, Role.SYSADMIN, name="importer")
    imported = await asyncio.to_thread(
        root.post, "/v1/imports/staff", content=STAFF, headers={"content-type": "text/csv"}
    )
    assert imported.status_code == 200, imported.text
    ward = next(
        place.thing for place in house.hospital.live.places.values() if place.kind == "wa" or place.purpose == "ward"
    )
    wanted = {"waiting_list": waiting_list(house.hospital.clock.now(), ward), "days": 10, "seconds": 2, "seed": 1}

    started = await asyncio.to_thread(planner.post, "/v1/plans/jobs", json=wanted)
    assert started.status_code == 202, started.text

    async def over() -> dict[str, Any] | None:
        job: dict[str, Any] = (await asyncio.to_thread(planner.get, f"/v1/jobs/{started.json()['job']}")).json()
        return job if job["state"] in {"done", "failed", "cancelled"} else None

    job = await until(over, "the plan is made", patience_s=COMPILING_S)
    assert job["state"] == "done", job
    draft = await asyncio.to_thread(planner.post, "/v1/plans", json={"job": job["id"], "title": "Next ten days"})
    assert draft.status_code == 201, draft.text
    address = f"/v1/plans/{draft.json()['id']}"
    detail = (await asyncio.to_thread(planner.get, address)).json()
    broken = {rule for rule, count in detail["report"]["violations_by_rule"].items() if count}
    # A plan tried against simulated futures is looked at here, between the checker and the person.
    overrides = [{"rule": rule, "reason": "agreed with the wards"} for rule in sorted(broken)]

    published = await asyncio.to_thread(
        planner.post, f"{address}/publication", json={"overrides": overrides}, headers={"if-match": '"v1"'}
    )

    assert published.status_code == 201, published.text
    in_force = house.hospital.live.plans["admissions"]
    assert {stay.encounter for stay in in_force.stays} == {"e1", "e2"}
    assert in_force.content_hash == published.json()["content_hash"]
    text = (await asyncio.to_thread(planner.get, f"{address}/calendar.ics")).text
    assert text.startswith("BEGIN:VCALENDAR")
    assert text.count("BEGIN:VEVENT") == 3
    auditor = await asyncio.to_thread(house.person, Role.AUDITOR)
    [row] = (await asyncio.to_thread(auditor.get, "/v1/audit", params={"action": "plan."})).json()["rows"]
    assert (row["action"], row["facts"]["content_hash"]) == ("plan.published", in_force.content_hash)

"""A roster from sheets through the doors: dry run, job, hand edits, pins, sick call; cover from a simulation's result."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import httpx2
import pytest

from scheduling.model.rosters import Assignment, Contract, Employee, Need, RosterProblem
from server.schema.jobs import ResultRow
from tests.scheduling.loaders.test_roster_sheets import CONTRACTS, COVER, STAFF
from tests.scheduling.staff import month
from tests.server.conftest import Served
from tests.server.http.test_roster_plans import finish
from twin.access import Role

SHEETS: dict[str, Any] = {"starts": "2026-12-21", "days": 7, "contracts": CONTRACTS, "staff": STAFF, "cover": COVER}


async def test_a_dry_run_tells_what_the_sheets_hold_and_makes_nothing(served: Served) -> None:
    planner = await served.signed_in(Role.PLANNER)

    answer = await planner.post("/v1/roster/sheets", json={**SHEETS, "dry_run": True})

    assert answer.status_code == 202, answer.text
    told = answer.json()
    assert (told["n_staff"], told["n_needs"], told["n_wishes"], told["n_leave_days"]) == (2, 8, 2, 3)
    assert told["job"] == ""


async def test_every_wrong_cell_comes_back_with_its_row(served: Served) -> None:
    planner = await served.signed_in(Role.PLANNER)
    staff = STAFF.replace("bo,full", "bo,part").replace("12-24..", "12-27..")

    answer = await planner.post("/v1/roster/sheets", json={**SHEETS, "staff": staff})

    assert answer.status_code == 422
    pointers = [one["pointer"] for one in answer.json()["errors"]]
    assert pointers == ["/staff/row/2/leave", "/staff/row/3/contract"]


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"starts": "soon"}, 422),  # no day
        ({"starts": "0001-01-01"}, 422),  # before all calendars
        ({"starts": "9999-12-31"}, 422),  # after them
        ({"days": 0}, 422),  # no length
        ({"days": 10**30}, 422),  # huge
        ({"staff": 3}, 422),  # wrong type
        ({"seconds": -1}, 422),  # negative time
        ({"extra": 1}, 422),  # unknown field
    ],
)
async def test_what_is_no_order_is_refused(served: Served, changed: dict[str, Any], status: int) -> None:
    planner = await served.signed_in(Role.PLANNER)

    assert (await planner.post("/v1/roster/sheets", json={**SHEETS, **changed})).status_code == status


async def test_a_nurse_makes_no_roster(served: Served) -> None:
    nurse = await served.signed_in(Role.NURSE)

    assert (await nurse.post("/v1/roster/sheets", json=SHEETS)).status_code == 403


async def test_cover_follows_from_a_simulations_result(served: Served) -> None:
    planner = await served.signed_in(Role.PLANNER)
    hour = 3_600_000_000
    band = {"name": "pool.icu.occupied", "at": [0, 8 * hour], "mean": [2.0, 6.0], "high": [4.0, 12.0]}
    body = json.dumps({"scenarios": [{"name": "base", "bands": [band]}]}).encode()
    digest = hashlib.sha256(body).hexdigest()
    served.hospital.write_now(lambda session: session.add(ResultRow(hash=digest, body=body, created_at=1)))
    asked = {"result": digest, "measure": "pool.icu.occupied", "starts": "1970-01-01", "days": 1}

    told = (await planner.post("/v1/roster/staffing", json={**asked, "patients_per_person": 2})).json()

    assert told["people"] == [2] * 8 + [6] * 16
    assert told["cover"].startswith("day,shift,skill,minimum,preferred\n1970-01-01,E,,6,6\n")
    # what it gives is what the sheets take
    read = await planner.post(
        "/v1/roster/sheets",
        json={
            **SHEETS,
            "starts": "1970-01-01",
            "cover": told["cover"],
            "staff": "staff,contract\nann,full\n",
            "dry_run": True,
        },
    )
    assert read.status_code == 202, read.text
    unknown = await planner.post("/v1/roster/staffing", json={**asked, "measure": "x", "patients_per_person": 2})
    assert unknown.json()["code"] == "staffing.result"


def ward() -> RosterProblem:
    """Give two weeks of four people who can be asked for anything that is legal."""
    return month(
        contracts=(Contract(id="full"),),
        needs=tuple(Need(day=day, shift="E", minimum=1, preferred=1, under=100, over=1) for day in range(14)),
        employees=tuple(Employee(id=name, contract="full") for name in "abcd"),
        pins=(Assignment(employee="a", day=0, shift="E"),),
        place="w1",
    )


async def draft(served: Served, planner: httpx2.AsyncClient) -> dict[str, Any]:
    """Keep a roster of the ward."""
    finish(served, ward())
    kept: dict[str, Any] = (await planner.post("/v1/plans", json={"job": "job-r", "title": "Ward 1"})).json()
    return kept


async def test_a_day_is_changed_by_hand_and_every_consequence_told(served: Served) -> None:
    planner = await served.signed_in(Role.PLANNER)
    kept = await draft(served, planner)
    choices = (await planner.get(f"/v1/plans/{kept['id']}/employees/a/days/0")).json()["choices"]
    assert {one["shift"] for one in choices} == {"", "E", "L", "N"}
    assert [one["shift"] for one in choices if one["is_present"]] == ["E"]
    cells = {"cells": [{"employee": "a", "day": 0, "shift": ""}]}

    trial = (await planner.post(f"/v1/plans/{kept['id']}/roster-trials", json=cells)).json()
    made = await planner.post(f"/v1/plans/{kept['id']}/roster-edits", json={**cells, "pins": True})

    assert made.status_code == 201, made.text
    edited = made.json()
    assert (trial["plan"], edited["consequences"]) == ("", trial["consequences"])
    assert {one["rule"] for one in edited["consequences"] if one["is_hard"]} == {"minimum_cover", "pin"}
    shown = (await planner.get(f"/v1/plans/{edited['plan']}")).json()
    assert shown["report"]["violations_by_rule"] == {"minimum_cover": 1}  # the new pin holds the new day
    assert (await planner.get(f"/v1/plans/{kept['id']}")).json()["summary"]["n_violations"] == 0  # as it was


async def test_who_else_and_a_sick_call(served: Served) -> None:
    planner = await served.signed_in(Role.PLANNER)
    kept = await draft(served, planner)
    path = f"/v1/plans/{kept['id']}"
    found = (await planner.get(f"{path}/days/0/candidates", params={"shift": "E", "instead_of": "a"})).json()
    assert {one["employee"] for one in found["choices"]} <= {"b", "c", "d"}

    mended = await planner.post(f"{path}/absences", json={"employee": "a", "from_day": 0, "to_day": 0})

    assert mended.status_code == 201, mended.text
    assert mended.json()["n_changed"] == 2  # who is ill, and who steps in
    assert mended.json()["n_cells"] == 56
    shown = (await planner.get(f"/v1/plans/{mended.json()['plan']}")).json()
    assert shown["summary"]["n_violations"] == 0
    backwards = await planner.post(f"{path}/absences", json={"employee": "a", "from_day": 3, "to_day": 1})
    assert backwards.status_code == 422


async def test_days_are_pinned_and_let_go(served: Served) -> None:
    planner = await served.signed_in(Role.PLANNER)
    kept = await draft(served, planner)
    body = {"employee": "b", "days": [0, 1, 2]}

    pinned = (await planner.post(f"/v1/plans/{kept['id']}/pins", json=body)).json()
    loose = await planner.post(f"/v1/plans/{pinned['plan']}/pins", json={**body, "is_pinned": False})

    assert loose.status_code == 201, loose.text
    assert [one["day"] for one in pinned["pins"] if one["employee"] == "b"] == [0, 1, 2]
    assert "b" not in {one["employee"] for one in loose.json()["pins"]}
    broken = {"cells": [{"employee": "b", "day": 0, "shift": "N"}]}
    held = (await planner.post(f"/v1/plans/{pinned['plan']}/roster-trials", json=broken)).json()
    free = (await planner.post(f"/v1/plans/{loose.json()['plan']}/roster-trials", json=broken)).json()
    assert "pin" in {one["rule"] for one in held["consequences"]}
    assert "pin" not in {one["rule"] for one in free["consequences"]}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("roster-trials", {"cells": [{"employee": "zoe", "day": 0}]}, 404),  # nobody of that name
        ("roster-trials", {"cells": [{"employee": "a", "day": 14}]}, 422),  # after the last day
        ("roster-trials", {"cells": [{"employee": "a", "day": -1}]}, 422),  # negative
        ("roster-trials", {"cells": [{"employee": "a", "day": 0, "shift": "X"}]}, 404),  # no such shift
        ("roster-trials", {"cells": []}, 422),  # nothing
        ("roster-edits", {"cells": [{"employee": "a", "day": 10**30}]}, 422),  # huge
        ("pins", {"employee": "a", "days": [99]}, 422),  # outside
        ("pins", {"employee": "a"}, 422),  # no days
        ("pins", {"patient": "a"}, 422),  # a roster has no patients
        ("absences", {"employee": "zoe", "from_day": 0, "to_day": 1}, 404),  # nobody of that name
    ],
)
async def test_what_names_nothing_is_refused(served: Served, path: str, body: dict[str, Any], status: int) -> None:
    planner = await served.signed_in(Role.PLANNER)
    kept = await draft(served, planner)

    answer = await planner.post(f"/v1/plans/{kept['id']}/{path}", json=body)

    assert answer.status_code == status, answer.text
    assert len((await planner.get("/v1/plans")).json()["plans"]) == 1

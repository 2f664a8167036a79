"""Work orders as a handheld takes them along and reports them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.conftest import Served
from tests.server.http.test_assets import PUMP
from tests.server.http.test_device_records import Client, biomed
from tests.server.http.test_restocking import places
from twin.access import Role
from twin.clock import to_text

STEPS = [
    {"id": "alarm", "label": "Alarm sounds"},
    {"id": "flow", "label": "Flow", "kind": "number", "unit": "ml/h", "low": 95, "high": 105},
    {"id": "note", "label": "Remark", "kind": "text", "is_required": False},
]


async def ordered(served: Served, **fields: Any) -> tuple[Client, str]:
    call = await biomed(served)
    told = {"asset": "pump-1", "kind": "preventive", "title": "Yearly service", "steps": STEPS} | fields
    return call, (await call("POST", "/work-orders", told))["id"]


async def test_a_technician_takes_orders_and_marks_along_and_a_porter_gets_none(served: Served) -> None:
    call, order = await ordered(served)

    taken = await call("GET", "/handheld/work-orders")
    porter = Client(await served.signed_in(Role.LOGISTICS))

    assert [one["id"] for one in taken["work_orders"]] == [order]
    [device] = taken["devices"]
    assert {"pump-1", "C-pump-1", "SN0"} <= set(device["marks"])
    assert (device["name"], device["place"]) == (PUMP["name"], PUMP["home"])
    assert await porter("GET", "/handheld/work-orders") == {"work_orders": [], "devices": [], "papers": {}}
    await porter("POST", f"/handheld/work-orders/{order}/report", {"begins": True}, status=403)


async def test_a_report_begins_finds_and_signs_at_the_time_it_was_done(served: Served) -> None:
    call, order = await ordered(served)
    done_at = to_text(served.clock.now())
    served.clock.advance(600)
    answers = [{"step": "alarm", "value": True}, {"step": "flow", "value": 101.5}]

    closed = await call(
        "POST",
        f"/handheld/work-orders/{order}/report",
        {"begins": True, "answers": answers, "minutes": 25, "signs": True, "occurred_at": done_at},
    )

    assert (closed["state"], closed["started_at"], closed["closed_at"]) == ("closed", done_at, done_at)
    assert [(one["staff"] != "", one["minutes"]) for one in closed["labour"]] == [(True, 25)]
    assert (await call("GET", "/assets/pump-1"))["operational"] == "in_service"
    again = await call("POST", f"/handheld/work-orders/{order}/report", {"minutes": 5}, status=409)
    assert again["code"] == "work_order.closed"


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"answers": [{"step": "alarm", "value": True}]}, "step_missing.flow"),
        ({"answers": [{"step": "alarm", "value": True}, {"step": "flow", "value": 94.99}]}, "step_out_of_limits.flow"),
        ({"answers": [{"step": "alarm", "value": False}, {"step": "flow", "value": 100}]}, "step_out_of_limits.alarm"),
    ],
)
async def test_what_is_missing_or_outside_keeps_all_of_the_report_back(
    served: Served, told: dict[str, Any], reason: str
) -> None:
    call, order = await ordered(served)

    refused = await call(
        "POST", f"/handheld/work-orders/{order}/report", told | {"begins": True, "signs": True}, status=409
    )

    assert reason in [one["detail"] for one in refused["errors"]]
    kept = await call("GET", f"/work-orders/{order}")
    assert (kept["state"], kept["answers"]) == ("open", [])


async def test_two_people_s_findings_are_kept_side_by_side_and_the_later_counts(served: Served) -> None:
    call, order = await ordered(served)
    other = Client(await served.signed_in(Role.BIOMED))
    path = f"/handheld/work-orders/{order}/report"

    await call("POST", path, {"begins": True, "answers": [{"step": "flow", "value": 120}]})
    await other("POST", path, {"begins": True, "answers": [{"step": "flow", "value": 100}]})
    closed = await call("POST", path, {"answers": [{"step": "alarm", "value": True}], "signs": True})

    assert [one["value"] for one in closed["answers"]] == [120, 100, True]
    assert closed["state"] == "closed"


async def test_a_repair_is_signed_after_its_acceptance_and_safety_test(served: Served) -> None:
    call, order = await ordered(served, kind="corrective", steps=[])
    path = f"/handheld/work-orders/{order}/report"
    repaired = {"begins": True, "finding": "repaired", "failure_code": "battery", "opens_mains_part": True}

    half = await call("POST", path, repaired | {"acceptance_passed": True, "signs": True}, status=409)
    whole = await call("POST", path, repaired | {"acceptance_passed": True, "safety_test_passed": True, "signs": True})

    assert [one["detail"] for one in half["errors"]] == ["safety_test_missing"]
    assert (whole["state"], whole["finding"], whole["failure_code"]) == ("closed", "repaired", "battery")
    assert (await call("GET", "/assets/pump-1"))["operational"] == "in_service"


async def test_parts_leave_the_shelf_with_the_report_and_not_twice(served: Served) -> None:
    call, order = await ordered(served)
    logistics = Client(await served.signed_in(Role.LOGISTICS))
    await logistics("POST", "/items", {"id": "battery", "code": "BAT-1", "name": "Battery", "kind": "consumable"})
    served.hospital.record_now(places(served))
    place = "store"
    path = f"/handheld/work-orders/{order}/report"
    part = {"scan": "BAT-1", "quantity": 2, "place": place}
    key = {"headers": {"idempotency-key": "0192f0c1-2b3a-7c4d-8e5f-001122334455"}}

    first = await call("POST", path, {"begins": True, "parts": [part]}, **key)
    again = await call("POST", path, {"begins": True, "parts": [part]}, **key)
    await call("POST", path, {"parts": [part | {"place": "nowhere"}]}, status=422)
    await call("POST", path, {"parts": [{"scan": "no such label"}]}, status=404)

    assert first["parts"] == again["parts"] == [{"item": "battery", "quantity": 2, "lot": "", "cost": 0}]
    moved = await logistics("GET", "/stock/movements", params={"item": "battery", "place": place})
    [movement] = moved["movements"]
    assert (movement["kind"], movement["reason"]) == ("consume", f"work_order:{order}")


async def test_parts_of_a_finding_leave_the_shelf_and_a_vendor_s_own_do_not(served: Served) -> None:
    call, order = await ordered(served)
    logistics = Client(await served.signed_in(Role.LOGISTICS))
    await logistics("POST", "/items", {"id": "battery", "code": "BAT-1", "name": "Battery", "kind": "consumable"})
    served.hospital.record_now(places(served))
    path = f"/work-orders/{order}/findings"

    async def report(*parts: dict[str, Any], status: int = 201) -> Any:
        version = (await call("GET", f"/work-orders/{order}"))["version"]
        return await call("POST", path, {"parts": list(parts)}, headers={"if-match": f'"v{version}"'}, status=status)

    await report({"item": "battery", "quantity": 1, "place": "store"}, {"item": "vendor-seal", "quantity": 1})
    await report({"item": "battery", "quantity": 1, "place": "nowhere"}, status=422)
    await report({"item": "no-such-item", "quantity": 1, "place": "store"}, status=404)

    kept = await call("GET", f"/work-orders/{order}")
    assert [part["item"] for part in kept["parts"]] == ["battery", "vendor-seal"]
    moved = (await logistics("GET", "/stock/movements", params={"item": "battery"}))["movements"]
    assert [(one["kind"], one["reason"]) for one in moved] == [("consume", f"work_order:{order}")]


@pytest.mark.parametrize(("verb", "status"), [("closing", "completed"), ("cancelling", "cancelled")])
async def test_the_task_of_a_work_order_ends_with_it(served: Served, verb: str, status: str) -> None:
    call, order = await ordered(served, steps=[{"id": "a", "label": "A", "is_required": False}])
    [task] = (await call("GET", "/tasks", params={"kind": "maintain"}))["tasks"]
    assert task["status"] == "created"

    started = await call("POST", f"/work-orders/{order}/start", headers={"if-match": '"v1"'})
    body = {"text": "bought a new one"} if verb == "cancelling" else None
    version = {"if-match": f'"v{started["version"]}"'}
    await call("POST", f"/work-orders/{order}/{verb}", body, headers=version)

    assert (await call("GET", f"/tasks/{task['id']}"))["task"]["status"] == status

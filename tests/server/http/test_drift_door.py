"""Drift watches, alternative schedules, fleet figures and kept plans through the HTTP door and the hourly care."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any

import numpy as np

from server.care import look_after
from tests.server.conftest import Served
from tests.server.http.test_assets import PUMP
from tests.server.http.test_device_records import Client, biomed
from twin.access import Role
from twin.clock import DAY_US, SECOND_US, to_text
from twin.telemetry.samples import SampleChunk

WATCH = {"asset": "pump-1", "feature": "mean", "quantity": "current_a", "baseline_n": 10, "direction": "up"}


def measure(served: Served, days: list[float]) -> None:
    """Store one sample an hour, with a mean that a test decides on by day."""
    end = served.clock.now() // DAY_US * DAY_US
    for number, mean in enumerate(days):
        start = end - (len(days) - number) * DAY_US
        times = start + np.arange(24, dtype=np.int64) * 3600 * SECOND_US
        chunk = SampleChunk(
            device="pump-1",
            quantity="current_a",
            times_us=times,
            values=mean + 0.05 * np.tile([-1.0, 1.0], 12),
            quality=np.zeros(24, np.uint8),
            source="gateway:test",
            source_key=f"day-{number}",
        )
        served.hospital.write_now(lambda session, chunk=chunk: served.hospital.telemetry.store(session, chunk))


async def test_samples_that_drift_open_an_order_whose_plot_is_read_as_a_picture(served: Served) -> None:
    call = await biomed(served)
    made = await call("PUT", "/drift-watches/w1", WATCH)
    healthy = np.random.default_rng(1).normal(2.0, 0.1, 20).tolist()
    measure(served, [*healthy, 2.6, 2.8, 3.0])

    await asyncio.to_thread(look_after, served.hospital)
    await asyncio.to_thread(look_after, served.hospital)

    chart = await call("GET", "/drift-watches/w1/chart")
    found = await call("GET", "/drift-alerts?watch=w1")
    (alert,) = found["alerts"]
    order = await call("GET", f"/work-orders/{alert['work_order']}")
    plot = await call("GET", f"/documents/{alert['document']}")
    taken = await call("GET", "/handheld/work-orders")
    assert taken["papers"] == {alert["work_order"]: [{"id": alert["document"], "name": "drift-w1.svg"}]}
    assert (made["id"], len(chart["points"]), chart["baseline"]["n"]) == ("w1", 23, 10)
    assert chart["alarm_at"] == alert["at"] != ""
    assert (order["asset"], order["kind"], alert["outcome"]) == ("pump-1", "preventive", "open")
    assert plot.headers["content-type"].startswith("image/svg+xml")
    assert "sandbox" in plot.headers["content-security-policy"]
    assert (found["precision"]["n"], found["precision"]["point"]) == (0, None)
    assert [one["id"] for one in (await call("GET", "/drift-watches?asset=pump-1"))["watches"]] == ["w1"]
    anew = await call("POST", "/drift-watches/w1/baseline", {})
    assert anew["since_at"] == served.clock.now()


async def test_nobody_hands_in_a_picture_that_could_hold_a_script(served: Served) -> None:
    call = await biomed(served)

    await call(
        "POST",
        "/documents?subject=pump-1&name=x.svg",
        status=422,
        content=b"<svg onload='alert(1)'/>",
        headers={"content-type": "image/svg+xml"},
    )


async def test_a_watch_that_says_nothing_or_has_too_long_an_id_is_refused(served: Served) -> None:
    call = await biomed(served)

    await call("PUT", "/drift-watches/w", WATCH | {"quantity": ""}, status=422)
    await call("PUT", f"/drift-watches/{'w' * 61}", WATCH, status=422)
    await call("PUT", "/drift-watches/w", WATCH | {"asset": "none"}, status=404)
    await call("GET", "/drift-watches/none/chart", status=404)
    nurse = Client(await served.signed_in(Role.NURSE))
    await nurse("PUT", "/drift-watches/w", WATCH, status=403)


def strategy(**fields: Any) -> dict[str, Any]:
    review = (date(2036, 1, 1) + timedelta(days=1)).isoformat()
    own = {"manufacturer": "", "model": "none", "strategy": "aem", "months": 24, "evidence": "File 7"}
    return own | {"review_on": review} | fields


async def test_an_alternative_schedule_needs_a_model_a_year_of_records_and_evidence(served: Served) -> None:
    call = await biomed(served)
    device = await call("GET", "/assets/pump-1")
    own = {"manufacturer": device["manufacturer"], "model": device["model"]}

    await call("POST", "/maintenance/strategies", strategy(), status=404)
    await call("POST", "/maintenance/strategies", strategy(months=0), status=422)
    refused = await call("POST", "/maintenance/strategies", strategy(**own), status=409)

    assert refused["code"] == "strategy.not_allowed"
    assert (await call("GET", "/maintenance/strategies"))["strategies"] == []
    await call("POST", "/maintenance/strategies/none/end", {"text": "x"}, status=404)


async def test_figures_say_how_little_they_rest_on(served: Served) -> None:
    call = await biomed(served)

    costs = (await call("GET", "/fleet/cost-ratios"))["models"]
    uses = (await call("GET", "/fleet/utilisation?days=1"))["kinds"]

    assert [(one["by_acquisition"]["point"], one["by_acquisition"]["n"]) for one in costs] == [
        (None, costs[0]["devices"])
    ]
    assert uses == []
    await call("GET", "/fleet/utilisation?days=0", status=422)


async def test_a_plan_is_kept_under_a_name_with_its_rules_and_dropped(served: Served) -> None:
    call = Client(await served.signed_in(Role.BIOMED))
    for number in (1, 2):
        own = {"id": f"pump-{number}", "control_no": f"C-{number}", "serial": f"S{number}", "cost": 400_000}
        await call("POST", "/assets", PUMP | own)
    told = {"budgets": [500_000], "forced": [{"asset": "pump-1", "year": 1}]}

    kept = await call("PUT", "/replacement-scenarios/Modest", told)
    listed = (await call("GET", "/replacement-scenarios"))["scenarios"]

    assert (kept["replaced"], kept["studio"]["forced"]) == (1, [{"asset": "pump-1", "year": 1}])
    assert [one["name"] for one in listed] == ["Modest"]
    await call("PUT", "/replacement-scenarios/x", told | {"forced": [{"asset": "none", "year": 1}]}, status=422)
    await call("PUT", "/replacement-scenarios/x", told | {"forced": [{"asset": "pump-1", "year": 2}]}, status=422)
    await call("DELETE", "/replacement-scenarios/Modest")
    await call("DELETE", "/replacement-scenarios/Modest", status=404)


async def test_limits_that_the_hospital_sets_decide_on_what_is_measured_and_reported_from_then_on(
    served: Served,
) -> None:
    call = await biomed(served)
    usual = await call("GET", "/device-limits")
    value = {"quantity": "equipment_leakage", "subject": "I", "method": "direct", "value": 300}
    before = await call("POST", "/assets/pump-1/safety-tests", {"id": "t-1", "measurements": [value]})
    stricter = {"quantity": "equipment_leakage", "subject": "I", "method": "direct", "limit": 250, "source": "own"}
    served.clock.advance(60)

    await call("PUT", "/device-limits/electrical", {"limits": [stricter]})
    clock = {"days": 10, "source": "21 CFR 803.30", "is_working_days": True}
    set_now = await call("PUT", "/device-limits/clocks", {"clocks": {"near_miss": clock}})
    after = await call("POST", "/assets/pump-1/safety-tests", {"id": "t-2", "measurements": [value]})
    happened = to_text(served.clock.now() - 3600 * SECOND_US)
    told = {"asset": "pump-1", "severity": "near_miss", "description": "x", "happened_at": happened}
    near_miss = await call("POST", "/incidents", told)
    serious = await call("POST", "/incidents", told | {"severity": "serious"})

    assert len(usual["electrical"]) == 12
    assert (before["is_passed"], after["is_passed"]) == (True, False)
    assert [one["source"] for one in set_now["electrical"]] == ["own"]
    assert (bool(near_miss["due_at"]), serious["due_at"]) == (True, "")
    await call("PUT", "/device-limits/electrical", {"limits": [stricter, stricter]}, status=422)
    await call("PUT", "/device-limits/clocks", {"clocks": {"serious": clock | {"days": 0}}}, status=422)
    scopes = usual["endoscopes"] | {"hang_s": 3600}
    assert (await call("PUT", "/device-limits/endoscopes", scopes))["endoscopes"]["hang_s"] == 3600
    nurse = Client(await served.signed_in(Role.NURSE))
    await nurse("PUT", "/device-limits/endoscopes", scopes, status=403)

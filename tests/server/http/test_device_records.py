"""Records, set-up and planning of devices through the HTTP door."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from assets.model.machine import Machine
from assets.service.cycles import cycle_id
from assets.tables.rows import CycleRow
from benchmarks.cycles import clean_cycle
from tests.server.conftest import Served
from tests.server.http.test_assets import PUMP
from twin.access import Role
from twin.clock import to_text
from twin.telemetry.samples import SampleChunk

P134 = {"band_low_c": 134, "band_high_c": 137, "required_hold_s": 180, "source": "validation 2026", "edition": "1"}
PRINTED = P134 | {"required": ["printout"]}
PNG = b"\x89PNG\r\n\x1a\n0000"


class Client:
    """A signed-in client whose answers are checked and unpacked."""

    def __init__(self, client: Any) -> None:
        self.client = client

    async def __call__(self, method: str, path: str, body: Any = None, *, status: int = 0, **options: Any) -> Any:
        wanted = status or {"POST": 201, "PUT": 200, "GET": 200, "DELETE": 204}[method]
        if body is not None:
            options["json"] = body
        answer = await self.client.request(method, f"/v1{path}", **options)
        assert answer.status_code == wanted, answer.text
        return answer.json() if answer.content and "json" in answer.headers["content-type"] else answer


async def biomed(served: Served, *assets: str) -> Client:
    client = Client(await served.signed_in(Role.BIOMED))
    for number, asset in enumerate(assets or ("pump-1",)):
        entry = PUMP | {"id": asset, "control_no": f"C-{asset}", "serial": f"SN{number}"}
        await client("POST", "/assets", entry)
    return client


async def test_an_instrument_out_of_tolerance_is_traced_to_its_results(served: Served) -> None:
    call = await biomed(served, "pump-1", "tester")
    value = {"quantity": "equipment_leakage", "subject": "I", "method": "direct", "value": 80, "mains_v": 230}
    test = {"id": "t-1", "measurements": [value], "instrument": "tester"}
    await call("POST", "/assets/pump-1/safety-tests", test)
    served.clock.advance(60)
    points = [{"quantity": "leakage", "unit": "µA", "nominal": 100, "as_found": 130, "as_left": 100, "tolerance": 5}]

    bad = await call("POST", "/assets/tester/calibrations", {"id": "c-1", "points": points, "certificate": "K 7"})

    trace = await call("GET", "/assets/tester/reverse-trace")
    results = (await call("GET", "/assets/pump-1/results"))["results"]
    assert (bad["is_passed"], bad["is_left_good"]) == (False, True)
    assert (trace["assets"], [span["after"] for span in trace["spans"]]) == (["pump-1"], [""])
    assert results[0]["is_flagged"] is True
    await call(
        "POST",
        "/assets/pump-1/safety-tests",
        test | {"id": "t-2", "measurements": [value | {"method": ""}]},
        status=422,
    )
    await call("POST", "/assets/none/calibrations", {"id": "c-2", "points": points}, status=404)


async def test_an_incident_from_a_nurse_to_its_conclusion(served: Served) -> None:
    call = await biomed(served)
    nurse = Client(await served.signed_in(Role.NURSE))
    happened = to_text(served.clock.now() - 3_600_000_000)
    told = {"asset": "pump-1", "severity": "death", "description": "Free flow.", "happened_at": happened}

    made = await nurse("POST", "/incidents", told)

    path = f"/incidents/{made['id']}"
    await nurse("POST", f"{path}/closing", {"text": "x"}, status=403)
    await call("POST", f"{path}/closing", {"text": "x"}, status=409)
    assert (await call("GET", "/assets/pump-1"))["is_usable"] is False
    await call("POST", f"{path}/report", {"text": "REF 1"})
    closed = await call("POST", f"{path}/closing", {"text": "Latch worn."})
    assert (closed["reference"], closed["conclusion"]) == ("REF 1", "Latch worn.")
    assert (await call("GET", "/incidents", params={"is_open": True}))["incidents"] == []


async def test_agreements_meters_checklists_and_what_runs_out(served: Served) -> None:
    call = await biomed(served)
    today = to_text(served.clock.now())[:10]
    rental = {"kind": "rental", "party": "Rent", "assets": ["pump-1"], "starts_on": today, "ends_on": today}
    await call("PUT", "/agreements/r-1", rental)
    await call("PUT", "/agreements/r-2", rental | {"ends_on": "2001-01-01"}, status=422)
    assert [one["agreement"] for one in (await call("GET", "/agreements/running-out"))["running_out"]] == ["r-1"]
    assert (await call("POST", "/agreements/r-1/end", {"on": today}))["ends_on"] == today

    await call("POST", "/assets/pump-1/meters/hours", {"value": 10})
    served.clock.advance(1200)
    used = await call("POST", "/assets/pump-1/meters/hours", {"value": 12.5})
    assert (used["total"], used["readings"]) == (2.5, 2)
    assert [one["meter"] for one in (await call("GET", "/assets/pump-1/meters"))["meters"]] == ["hours"]

    steps = [{"id": "flow", "label": "Flow", "kind": "number", "low": 95, "high": 105}]
    kept = await call("PUT", "/checklists", {"kind": "preventive", "category": "infusion_pump", "steps": steps})
    order = await call("POST", "/work-orders", {"asset": "pump-1", "kind": "preventive"})
    assert kept["version"] == 1
    assert [step["id"] for step in order["steps"]] == ["flow"]
    assert len((await call("GET", "/checklists"))["templates"]) == 1
    await call("PUT", "/checklists", {"kind": "preventive", "category": "infusion_pump", "steps": []}, status=412)


async def test_a_photo_is_sent_as_it_is_and_given_back_as_it_was(served: Served) -> None:
    call = await biomed(served)
    where = {"subject": "pump-1", "name": 'my "plate".png'}
    head = {"content-type": "image/png"}

    made = await call("POST", "/documents", params=where, content=PNG, headers=head)
    back = await call("GET", f"/documents/{made['id']}")

    assert (back.content, back.headers["content-type"]) == (PNG, "image/png")
    assert back.headers["content-disposition"] == 'inline; filename="my__plate_.png"'
    assert back.headers["x-content-type-options"] == "nosniff"
    assert len((await call("GET", "/documents", params={"subject": "pump-1"}))["documents"]) == 1
    await call("POST", "/documents", params=where, content=b"<html>", headers={"content-type": "text/html"}, status=422)
    await call("DELETE", f"/documents/{made['id']}")
    await call("GET", f"/documents/{made['id']}", status=404)


async def test_duplicates_are_listed_and_merged_and_terms_are_found(served: Served) -> None:
    call = await biomed(served)
    await call("POST", "/assets", PUMP | {"id": "pump-2", "control_no": "C-2", "serial": "sn-0"})

    found = (await call("GET", "/assets-duplicates"))["duplicates"]
    merged = await call("POST", "/assets-duplicates/merge", {"keep": "pump-1", "drop": "pump-2"})

    assert [one["assets"] for one in found] == [["pump-1", "pump-2"]]
    assert merged["id"] == "pump-1"
    assert (await call("GET", "/assets/pump-2"))["operational"] == "retired"
    table = b"code,term\nZ,EQUIPMENT\nZ12,EXAMINATION\n"
    head = {"content-type": "text/csv"}
    dry = await call(
        "POST", "/nomenclature/emdn", params={"version": "1", "is_dry_run": True}, content=table, headers=head
    )
    await call("POST", "/nomenclature/emdn", params={"version": "1"}, content=table, headers=head)
    assert dry["added"] == 2
    assert [t["code"] for t in (await call("GET", "/nomenclature", params={"text": "exam"}))["terms"]] == ["Z12"]


async def machine(served: Served, programme: dict[str, Any]) -> Client:
    call = await biomed(served, "ster-1")
    await call("PUT", "/programmes/P", programme)
    await call("PUT", "/machines/ster-1", {"place": "cssd", "programmes": {"0": "P"}})
    return call


async def test_machines_and_programmes_are_set_up_by_people(served: Served) -> None:
    call = await machine(served, P134)
    await call("POST", "/assets", PUMP | {"id": "ster-2", "control_no": "C-9", "serial": "SN9"})

    listed = (await call("GET", "/machines"))["machines"]

    assert [(one["id"], one["programmes"]) for one in listed] == [("ster-1", {"0": "P"})]
    assert (await call("GET", "/programmes"))["programmes"][0]["edition"] == "1"
    await call("PUT", "/machines/none", {}, status=404)
    await call("PUT", "/machines/ster-2", {"programmes": {"0": "none"}}, status=404)
    await call("PUT", "/machines/ster-2", {"device": "ster-1"}, status=409)
    await call("PUT", "/machines/ster-2", {"programmes": {"one": "P"}}, status=422)
    await call("PUT", "/machines/ster-2", {"quantities": {"colour": ["x"]}}, status=422)
    await call("PUT", "/programmes/Q", P134 | {"band_high_c": 1}, status=422)


async def test_a_cycle_from_a_printout_needs_its_photo_and_a_signature(served: Served) -> None:
    call = await machine(served, PRINTED)
    start = served.clock.now()
    load = await call(
        "POST", "/loads", {"machine": "ster-1", "items": [{"set_instance": "s", "gtin": "1", "lot": "L"}]}
    )
    served.clock.advance(1200)
    photo = await call(
        "POST",
        "/documents",
        params={"subject": "ster-1", "name": "p.png"},
        content=PNG,
        headers={"content-type": "image/png"},
    )
    told = {
        "machine": "ster-1",
        "programme": "P",
        "start_at": to_text(start),
        "end_at": to_text(served.clock.now()),
        "lowest_c": 134.1,
        "highest_c": 135.9,
        "hold_s": 200,
    }

    await call("POST", "/cycles", told | {"hold_s": 7200}, status=422)
    await call("POST", "/cycles", told | {"photo": "doc:none"}, status=404)
    cycle = await call("POST", "/cycles", told | {"photo": photo["id"], "load": load["id"]})
    await call("POST", "/cycles", told, status=409)
    released = await call("POST", f"/loads/{load['id']}/release", {})

    assert (cycle["verdict"], released["state"]) == ("pass", "released")
    await call("POST", f"/cycles/{cycle['id']}/judgement", status=409)


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, "undetermined"),  # no photo
        ({"hold_s": 170}, "fail"),
        ({"highest_c": 137.2}, "fail"),
        ({"lowest_c": 133.9}, "fail"),
        ({"machine_says_passed": False}, "fail"),
    ],
)
async def test_a_printout_never_passes_by_itself(served: Served, change: dict[str, Any], verdict: str) -> None:
    call = await machine(served, PRINTED)
    start = served.clock.now()
    served.clock.advance(1200)
    told = {
        "machine": "ster-1",
        "programme": "P",
        "start_at": to_text(start),
        "end_at": to_text(served.clock.now()),
        "lowest_c": 134.1,
        "highest_c": 135.9,
        "hold_s": 200,
    }

    assert (await call("POST", "/cycles", told | change))["verdict"] == verdict


async def test_samples_that_come_late_are_judged_again_and_a_fallen_verdict_recalls(served: Served) -> None:
    call = await machine(served, P134)
    start = served.clock.now()
    trace = clean_cycle(seed=5)
    times = trace.times_us + start
    served.clock.advance(1200)
    hospital = served.hospital

    def store(part: slice) -> None:
        for quantity in ("control_c", "pressure_kpa"):
            values = trace.channels()[quantity][part]
            chunk = SampleChunk(
                device="ster-1",
                quantity=quantity,
                times_us=times[part],
                values=values,
                quality=np.zeros(len(values), dtype=np.uint8),
                source="gateway:g1",
                source_key=f"{quantity}-{part.start}",
            )
            hospital.write_now(lambda session, one=chunk: hospital.telemetry.store(session, one))

    store(slice(0, 500))
    row = CycleRow(
        id=cycle_id("ster-1", start),
        machine="ster-1",
        programme="P",
        start_at=start,
        end_at=int(times[-1]) + 1,
        verdict="undetermined",
    )
    hospital.write_now(lambda session: session.add(row))

    half = await call("POST", f"/cycles/{cycle_id('ster-1', start)}/judgement")
    store(slice(500, None))
    whole = await call("POST", f"/cycles/{cycle_id('ster-1', start)}/judgement")
    again = await call("POST", f"/cycles/{cycle_id('ster-1', start)}/judgement")

    assert (half["now"], whole["before"], whole["now"]) == ("undetermined", "undetermined", "pass")
    assert again["is_same_input"] is True


async def test_an_endoscope_is_ready_only_after_every_step_in_order(served: Served) -> None:
    call = await biomed(served, "scope-1")
    nurse = Client(await served.signed_in(Role.NURSE))

    used = await nurse("POST", "/endoscopes/scope-1/steps", {"step": "used"})
    assert (used["next_step"], [clock["name"] for clock in used["clocks"]]) == ("leak_test", ["bedside_to_clean"])
    assert (await call("GET", "/assets/scope-1"))["reprocessing"] == "dirty"
    for step, extra in (("leak_test", {}), ("manual_clean", {}), ("machine", {}), ("dried", {"duration_s": 600})):
        served.clock.advance(300)
        status = await nurse("POST", "/endoscopes/scope-1/steps", {"step": step} | extra)
    assert status["reasons"] == []
    assert (await call("GET", "/assets/scope-1"))["reprocessing"] == "clean"

    served.clock.advance(8 * 86_400)
    call = Client(await served.signed_in(Role.BIOMED))
    assert (await call("GET", "/endoscopes/scope-1"))["reasons"] == ["endoscope.hang_time"]


async def test_light_in_a_room_is_told_beside_its_target(served: Served) -> None:
    call = await biomed(served)
    doses = [
        {"position": "bed", "irradiance_mw_cm2": 0.1, "duration_s": 600, "target_mj_cm2": 50},
        {"position": "door", "irradiance_mw_cm2": 0.05, "duration_s": 600, "target_mj_cm2": 50},
    ]

    told = await call("POST", "/rooms/room-1/light", {"doses": doses})

    assert told["is_reached"] is False
    assert [(one["dose_mj_cm2"], one["is_reached"]) for one in told["doses"]] == [(60.0, True), (30.0, False)]
    assert len((await call("GET", "/rooms/room-1/light"))["doses"]) == 1


async def test_maintenance_is_levelled_and_kept_and_replacements_are_planned(served: Served) -> None:
    names = [f"pump-{n}" for n in range(8)]
    call = await biomed(served, *names)
    today = to_text(served.clock.now())[:10]
    for name in names:
        calendar = {"months": 12, "anchor_on": today, "window_days": 28}
        rule = {"id": f"r-{name}", "asset": name, "title": "Check", "minutes": 120, **calendar}
        await call("PUT", "/maintenance/rules", rule, status=200)
    await call("POST", "/maintenance/generation", {"days": 30})

    levelled = await call("POST", "/maintenance/levelling", {"capacity": {"": 300}, "weeks": 4, "is_kept": True})

    assert sum(levelled["load_after"]) == sum(levelled["load_before"]) == 960
    assert max(levelled["load_after"]) <= 300 < max(levelled["load_before"])
    assert levelled["variation_after"] < levelled["variation_before"]

    model = {
        "manufacturer": "Acme",
        "name": "IP 20",
        "category": "infusion_pump",
        "replacement_cost": 100_000,
        "expected_life_years": 8,
        "device_identifiers": ["00844588003288"],
    }
    await call("PUT", "/device-models/ip-20", model)
    await call("PUT", "/device-models/bad", model | {"device_identifiers": ["00844588003289"]}, status=422)
    plan = await call("POST", "/replacement-plans", {"budgets": [200_000, 100_000], "risk_weight": 1.0})
    assert len(plan["cases"]) == 8
    assert len(plan["year_by_asset"]) + len(plan["reasons"]) == 8
    assert all(spent <= 300_000 for spent in plan["spent"])
    assert plan["benefit"] <= plan["bound"]
    await call("POST", "/replacement-plans", {"budgets": []}, status=422)
    served.clock.advance(60)
    fleet = (await call("GET", "/fleet/reliability"))["groups"]
    assert (fleet[0]["devices"], fleet[0]["mtbf_days"]["point"], fleet[0]["refused"]["mtbf"]) == (
        8,
        None,
        "reliability.too_few_events",
    )


def test_a_machine_leads_by_its_phase_unless_told_otherwise() -> None:
    assert Machine(id="m").leading == "phase"


async def test_a_rental_says_what_it_has_cost_until_a_day(served: Served) -> None:
    call = await biomed(served, "pump-1")
    told = {"kind": "rental", "party": "Vendor", "assets": ["pump-1"], "starts_on": "2026-01-01"}
    await call("PUT", "/agreements/rent-1", told | {"cost": 700, "per_days": 7}, status=200)

    first = await call("GET", "/agreements/rent-1/cost?until_on=2026-01-08")

    assert (first["until_on"], first["cost"]) == ("2026-01-08", 1400)  # the second week has begun
    assert (await call("GET", "/agreements/rent-1/cost"))["cost"] == 700  # the fifth of January
    await call("GET", "/agreements/rent-1/cost?until_on=soon", status=422)
    await call("GET", "/agreements/none/cost", status=404)

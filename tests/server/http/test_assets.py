"""Devices, work orders, notices and loads through the HTTP door."""

from __future__ import annotations

import pytest

from assets.model.machine import Machine
from assets.model.programme import Programme
from assets.tables.reprocessing import save_machine, save_programme
from server.care import look_after
from server.http.register_bodies import AssetTold
from tests.server.conftest import Served
from twin.access import Role
from twin.clock import to_text
from twin.events.places import PathDefined, PlaceDefined, PlaceKind
from twin.events.things import BearerKind, TagBound, ZoneChanged

PUMP = {
    "id": "pump-1",
    "control_no": "C-1",
    "category": "infusion_pump",
    "name": "Pump 1",
    "manufacturer": "Acme",
    "model": "IP 20",
    "serial": "SN1",
    "home": "store",
}


async def entered(served: Served, **fields: object) -> dict[str, object]:
    biomed = await served.signed_in(Role.BIOMED)
    answer = await biomed.post("/v1/assets", json=PUMP | fields)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_an_entered_asset_is_listed_scanned_and_edited_by_version(served: Served) -> None:
    await entered(served)
    biomed = await served.signed_in(Role.BIOMED)

    listed = (await biomed.get("/v1/assets", params={"category": "infusion_pump", "is_usable": True})).json()
    scanned = (await biomed.get("/v1/assets/scan/C-1")).json()
    edited = await biomed.put(
        "/v1/assets/pump-1", json=PUMP | {"home": "ward"}, headers={"if-match": f'"v{scanned["version"]}"'}
    )
    stale = await biomed.put("/v1/assets/pump-1", json=PUMP, headers={"if-match": f'"v{scanned["version"]}"'})

    assert [one["id"] for one in listed["assets"]] == ["pump-1"]
    assert edited.json()["home"] == "ward"
    assert stale.status_code == 412
    assert (await biomed.post("/v1/assets", json=PUMP)).status_code == 409
    assert (await biomed.get("/v1/assets/none")).status_code == 404


async def test_a_nurse_finds_reserves_and_returns_the_nearest_pump(served: Served) -> None:
    head = {"occurred_at": served.clock.now(), "source": "import:places"}
    served.hospital.record_now(
        [
            PlaceDefined(thing="ward", source_key="1", kind=PlaceKind.WARD, name="Ward", **head),
            PlaceDefined(thing="store", source_key="2", kind=PlaceKind.ROOM, name="Store", **head),
            PathDefined(thing="p", source_key="3", start="ward", end="store", length_m=14.0, **head),
        ]
    )
    await entered(served)
    nurse = await served.signed_in(Role.NURSE)

    found = (await nurse.get("/v1/assets/find", params={"category": "infusion_pump", "start": "ward"})).json()
    kept = await nurse.post("/v1/assets/pump-1/reservation")
    again = (await nurse.get("/v1/assets/find", params={"category": "infusion_pump", "start": "ward"})).json()
    refused = await nurse.post("/v1/assets/pump-1/reservation")
    served.clock.advance(60)
    back = await nurse.post("/v1/assets/pump-1/return")

    assert [(one["asset"], one["place"]) for one in found["devices"]] == [("pump-1", "store")]
    assert found["devices"][0]["seconds"] > 0
    assert {"age_s", "confidence", "basis"} <= set(found["devices"][0])
    assert (kept.status_code, again["devices"], refused.status_code) == (201, [], 409)
    assert back.json()["custody"] == "free"
    assert len((await nurse.get("/v1/assets/pump-1/custody")).json()["custody"]) == 1


async def test_a_repair_through_the_door(served: Served) -> None:
    await entered(served)
    biomed = await served.signed_in(Role.BIOMED)
    order = (await biomed.post("/v1/work-orders", json={"asset": "pump-1", "kind": "corrective"})).json()

    async def step(verb: str, body: dict[str, object] | None = None) -> dict[str, object]:
        seen = (await biomed.get(f"/v1/work-orders/{order['id']}")).json()["version"]
        answer = await biomed.post(
            f"/v1/work-orders/{order['id']}/{verb}", json=body, headers={"if-match": f'"v{seen}"'}
        )
        return answer.json() | {"http": answer.status_code}

    assert (await biomed.get("/v1/assets/pump-1")).json()["reasons"] == ["operational.failed"]
    await step("start")
    await step("findings", {"finding": "repaired", "labour": [{"staff": "b", "minutes": 30}]})
    refused = await step("closing")
    await step("findings", {"acceptance_passed": True})
    closed = await step("closing")

    assert refused["http"] == 409
    assert (closed["http"], closed["state"]) == (201, "closed")
    assert (await biomed.get("/v1/assets/pump-1")).json()["is_usable"]
    assert (await biomed.get("/v1/work-orders", params={"is_open": True})).json()["work_orders"] == []


async def test_a_notice_through_the_door(served: Served) -> None:
    await entered(served)
    biomed = await served.signed_in(Role.BIOMED)
    told = {"id": "fsn-1", "title": "Free flow", "clauses": [{"manufacturer": "acme", "models": ["IP20"]}]}

    matched = (await biomed.post("/v1/notices", json=told)).json()["matches"]
    refused = await biomed.post("/v1/notices/fsn-1/closing")
    await biomed.post("/v1/notices/fsn-1/matches/pump-1", json={"state": "fixed", "evidence": "clamp replaced"})
    closed = await biomed.post("/v1/notices/fsn-1/closing")

    assert [(one["asset"], one["certainty"]) for one in matched] == [("pump-1", "certain")]
    assert refused.status_code == 409
    assert closed.json() == {"matched": 1, "actioned": 1, "not_affected": 0, "open": 0}
    assert (await biomed.post("/v1/notices", json=told | {"clauses": [{}]})).status_code == 422


async def test_a_load_is_not_released_before_its_cycle_ended(served: Served) -> None:
    steam = Programme(id="P134", band_low_c=134.0, band_high_c=137.0, required_hold_s=180.0)
    served.hospital.write_now(lambda session: save_programme(session, steam))
    served.hospital.write_now(lambda session: save_machine(session, Machine(id="ster-1", programmes={0: "P134"})))
    nurse = await served.signed_in(Role.NURSE)
    item = {"gtin": "09506000134352", "lot": "L1"}

    load = (await nurse.post("/v1/loads", json={"machine": "ster-1", "items": [item]})).json()
    refused = await nurse.post(f"/v1/loads/{load['id']}/release", json={})
    await nurse.post(f"/v1/loads/{load['id']}/items", json={"items": [item]})
    rejected = await nurse.post(f"/v1/loads/{load['id']}/rejection", json={"text": "wet"})

    assert refused.status_code == 409
    assert "cycle.not_ended" in refused.text
    assert (rejected.json()["state"], len(rejected.json()["items"])) == ("rejected", 2)
    assert (await nurse.get("/v1/loads", params={"state": "rejected"})).json()["loads"][0]["id"] == load["id"]
    assert (await nurse.get("/v1/cycles")).json() == {"cycles": []}
    assert (await nurse.post("/v1/loads", json={"machine": "ster-1", "items": [{}]})).status_code == 422


@pytest.mark.parametrize("path", ["/v1/assets", "/v1/work-orders", "/v1/loads", "/v1/notices"])
async def test_strangers_and_gateways_see_nothing(served: Served, path: str) -> None:
    stranger, gateway = await served.stranger(), await served.program(Role.SERVICE_GATEWAY)

    assert (await stranger.get(path)).status_code == 401
    assert (await gateway.get(path)).status_code == 403


async def test_maintenance_is_generated_once_and_counted(served: Served) -> None:
    await entered(served)
    biomed = await served.signed_in(Role.BIOMED)
    rule = {"id": "pm", "asset": "pump-1", "months": 6, "anchor_on": "2026-01-31"}

    kept = await biomed.put("/v1/maintenance/rules", json=rule)
    first = (await biomed.post("/v1/maintenance/generation", json={"days": 60})).json()
    again = (await biomed.post("/v1/maintenance/generation", json={"days": 60})).json()
    figures = await biomed.get("/v1/maintenance/compliance", params={"start_on": "2026-01-01", "end_on": "2026-12-31"})

    assert kept.status_code == 200
    assert (first["work_orders"], again["work_orders"]) == (["pm:pm:2026-01-31"], [])
    assert (figures.json()["due"], figures.json()["strict"]) == (1, 0.0)
    assert (await biomed.put("/v1/maintenance/rules", json=rule | {"anchor_on": "soon"})).status_code == 422
    assert (await biomed.put("/v1/maintenance/rules", json={"id": "x", "asset": "pump-1"})).status_code == 422


async def test_a_rule_keeps_its_season_and_blackouts_and_one_that_never_comes_due_is_refused(served: Served) -> None:
    await entered(served)
    biomed = await served.signed_in(Role.BIOMED)
    rule = {"id": "pm", "asset": "pump-1", "months": 6, "anchor_on": "2026-01-31", "season": [1, 2, 7]}
    shut = [{"start_on": "2026-01-25", "end_on": "2026-02-03"}]

    kept = await biomed.put("/v1/maintenance/rules", json=rule | {"blackouts": shut})
    opened = (await biomed.post("/v1/maintenance/generation", json={"days": 60})).json()
    turned = [{"start_on": "2026-02-03", "end_on": "2026-01-25"}]
    for wrong in ({"blackouts": turned}, {"season": [13]}, {"season": [1], "blackouts": YEARS_SHUT}):
        assert (await biomed.put("/v1/maintenance/rules", json=rule | wrong)).status_code == 422

    assert kept.status_code == 200
    assert opened["work_orders"] == ["pm:pm:2026-02-04"]


YEARS_SHUT = [{"start_on": f"{year}-01-01", "end_on": f"{year}-01-31"} for year in range(2026, 2100)]


async def test_uptime_comes_with_count_and_interval(served: Served) -> None:
    await entered(served)
    biomed = await served.signed_in(Role.BIOMED)
    await biomed.post("/v1/work-orders", json={"asset": "pump-1", "kind": "corrective"})
    served.clock.advance(900)

    found = await biomed.get("/v1/assets/pump-1/uptime", params={"start": "2026-01-04T08:00:00Z"})

    hours = found.json()["hours"]
    assert (hours["failures"], hours["down"]) == (1, pytest.approx(0.25))
    assert hours["mtbf"]["low"] < hours["mtbf"]["point"] < hours["mtbf"]["high"]
    # What is to come counts neither as up nor as down.
    window = {"start": "2026-01-04T08:00:00Z", "end": "2026-12-31T00:00:00Z"}
    assert (await biomed.get("/v1/assets/pump-1/uptime", params=window)).json()["hours"] == hours
    ahead = {"start": "2026-06-01T00:00:00Z", "end": "2026-12-31T00:00:00Z"}
    assert (await biomed.get("/v1/assets/pump-1/uptime", params=ahead)).status_code == 422
    assert (await biomed.get("/v1/notices/none/matches")).status_code == 404


async def test_a_set_that_was_never_reprocessed_is_flagged_when_used(served: Served) -> None:
    nurse = await served.signed_in(Role.NURSE)

    used = await nurse.post("/v1/sets/tray-a/uses", json={"case_id": "case-1"})

    assert (used.status_code, used.json()["flags"]) == (201, ["set.never_reprocessed"])
    assert (await nurse.get("/v1/cycles/none/recall")).status_code == 404


async def test_what_somebody_keeps_is_told_and_a_forgotten_reservation_lapses(served: Served) -> None:
    await entered(served)
    await entered(served, id="pump-2", control_no="C-2", serial="SN2")
    nurse, biomed = await served.signed_in(Role.NURSE), await served.signed_in(Role.BIOMED)

    await nurse.post("/v1/assets/pump-1/reservation")
    served.clock.advance(60)
    mine = (await nurse.get("/v1/devices/finder")).json()
    others = (await biomed.get("/v1/devices/finder")).json()
    assert [(one["asset"], one["is_reservation"]) for one in mine["kept"]] == [("pump-1", True)]
    assert mine["kinds"] == [{"category": "infusion_pump", "free": 1}]
    assert others["kept"] == []

    look_after(served.hospital)
    assert (await nurse.get("/v1/devices/finder")).json()["kept"] != []
    served.clock.advance(4 * 3600)
    look_after(served.hospital)

    later = await served.signed_in(Role.NURSE)
    after = (await later.get("/v1/devices/finder")).json()
    assert after["kinds"] == [{"category": "infusion_pump", "free": 2}]
    periods = (await later.get("/v1/assets/pump-1/custody")).json()["custody"]
    assert [one["end_at"] != "" for one in periods] == [True]


async def test_a_permit_keeps_the_door_silent_until_it_is_taken_back(served: Served) -> None:
    head = {"occurred_at": served.clock.now(), "source": "import:places"}
    exit_place = PlaceDefined(thing="gate", source_key="1", kind=PlaceKind.PORTAL, name="Gate", purpose="exit", **head)
    served.hospital.record_now([exit_place])
    await entered(served)
    biomed = await served.signed_in(Role.BIOMED)
    tag = {"occurred_at": served.clock.now(), "source": "import:tags", "source_key": "t"}
    served.hospital.record_now([TagBound(thing="T1", bearer="pump-1", bearer_kind=BearerKind.ASSET, **tag)])

    def at_the_gate(key: str) -> bool:
        seen = {"occurred_at": served.clock.now(), "source": "gateway:g", "source_key": key}
        served.hospital.record_now([ZoneChanged(thing="T1", zone="gate", previous_zone=key, read_point="r", **seen)])
        egress = served.hospital.live.assets["pump-1"].egress
        return egress is not None and egress.occurred_at == served.clock.now()

    until = to_text(served.clock.now() + 3600 * 1_000_000)
    bad = await biomed.post("/v1/assets/pump-1/permits", json={"end_at": "2001-01-01T00:00:00Z", "reason": "loan"})
    nobody = await biomed.post("/v1/assets/none/permits", json={"end_at": until, "reason": "loan"})
    given = await biomed.post("/v1/assets/pump-1/permits", json={"end_at": until, "reason": "loan"})
    assert (bad.status_code, nobody.status_code, given.status_code) == (422, 404, 201)
    served.clock.advance(60)
    assert not at_the_gate("a")

    served.clock.advance(60)
    taken = (await biomed.post("/v1/assets/pump-1/permits/ending")).json()["permits"]
    assert [one["end_at"] for one in taken] == [to_text(served.clock.now())]
    served.clock.advance(60)
    assert at_the_gate("b")
    endless = (await biomed.post("/v1/assets/pump-1/permits", json={"reason": "its patient takes it home"})).json()
    assert endless["end_at"] == ""
    served.clock.advance(60)
    assert not at_the_gate("c")
    await biomed.post("/v1/assets/pump-1/permits/ending")
    served.clock.advance(60)
    assert at_the_gate("d")
    nurse = await served.signed_in(Role.NURSE)
    assert (await nurse.post("/v1/assets/pump-1/permits", json={"end_at": until, "reason": "x"})).status_code == 403


async def test_a_register_entry_is_sent_back_as_it_was_shown(served: Served) -> None:
    dates = {"commissioned_at": "2020-03-01T00:00:00.000000Z", "warranty_until": "2027-03-01T00:00:00.000000Z"}
    shown = await entered(served, **dates, lot="L7", cost=250_000, cost_centre="4711", firmware="2.1", criticality=4)
    biomed = await served.signed_in(Role.BIOMED)
    told = {name: value for name, value in shown.items() if name in AssetTold.__struct_fields__}

    edited = await biomed.put(
        "/v1/assets/pump-1", json=told | {"home": "ward"}, headers={"if-match": f'"v{shown["version"]}"'}
    )

    assert shown["commissioned_at"] == dates["commissioned_at"]
    changed = {name for name, value in edited.json().items() if value != shown[name]}
    assert changed == {"home", "version"}


async def test_a_date_that_is_none_is_named(served: Served) -> None:
    biomed = await served.signed_in(Role.BIOMED)

    answer = await biomed.post("/v1/assets", json=PUMP | {"commissioned_at": "last spring"})

    assert answer.status_code == 422
    assert "commissioned_at" in answer.text


async def test_relations_are_kept_shown_both_ways_and_taken_back(served: Served) -> None:
    for number in range(1, 4):
        await entered(served, id=f"pump-{number}", control_no=f"C-{number}", serial=f"SN{number}")
    biomed, nurse = await served.signed_in(Role.BIOMED), await served.signed_in(Role.NURSE)

    made = await biomed.post("/v1/assets/pump-1/relations", json={"other": "pump-2", "kind": "powered_by"})
    await biomed.post("/v1/assets/pump-2/relations", json={"other": "pump-3", "kind": "part_of"})
    refused = await nurse.post("/v1/assets/pump-1/relations", json={"other": "pump-3", "kind": "powered_by"})
    circle = await biomed.post("/v1/assets/pump-3/relations", json={"other": "pump-2", "kind": "part_of"})
    itself = await biomed.post("/v1/assets/pump-3/relations", json={"other": "pump-3", "kind": "powered_by"})
    unknown = await biomed.post("/v1/assets/pump-1/relations", json={"other": "none", "kind": "powered_by"})
    impact = (await nurse.get("/v1/assets/pump-3/impact")).json()
    both = (await nurse.get("/v1/assets/pump-2/relations")).json()["relations"]

    assert made.status_code == 201
    assert [answer.status_code for answer in (refused, circle, itself, unknown)] == [403, 409, 409, 404]
    assert impact["hits"] == [
        {"asset": "pump-1", "chain": ["pump-3", "pump-2", "pump-1"]},
        {"asset": "pump-2", "chain": ["pump-3", "pump-2"]},
    ]
    assert [(one["asset"], one["kind"], one["other"]) for one in both] == [
        ("pump-2", "part_of", "pump-3"),
        ("pump-1", "powered_by", "pump-2"),
    ]

    gone = await biomed.delete("/v1/assets/pump-1/relations/powered_by/pump-2")
    again = await biomed.delete("/v1/assets/pump-1/relations/powered_by/pump-2")
    left = (await nurse.get("/v1/assets/pump-3/impact")).json()["hits"]
    assert (gone.status_code, again.status_code, [hit["asset"] for hit in left]) == (204, 404, ["pump-2"])


async def test_a_set_that_nobody_reprocessed_is_not_issuable(served: Served) -> None:
    nurse = await served.signed_in(Role.NURSE)

    answer = await nurse.get("/v1/sets/tray-1/issuable")

    assert answer.status_code == 409
    assert [one["detail"] for one in answer.json()["errors"]] == ["set.never_reprocessed"]


async def test_a_leak_test_above_its_limit_is_not_told_as_passed(served: Served) -> None:
    served.hospital.write_now(lambda session: save_machine(session, Machine(id="ster-1")))
    biomed = await served.signed_in(Role.BIOMED)
    told = {"machine": "ster-1", "kind": "leak_test", "is_passed": True}

    above = await biomed.post("/v1/machine-tests", json=told | {"value": 0.1300001})
    at_limit = await biomed.post("/v1/machine-tests", json=told | {"value": 0.13})

    assert (above.status_code, at_limit.status_code) == (422, 201)
    assert "is_passed" in above.text


async def test_repairs_are_told_with_their_number_and_interval(served: Served) -> None:
    await entered(served)
    biomed = await served.signed_in(Role.BIOMED)
    start = to_text(served.clock.now())
    for minutes in (30, 60, 90):
        opened = (await biomed.post("/v1/work-orders", json={"asset": "pump-1", "kind": "corrective"})).json()
        served.clock.advance(900)  # below what signs an idle person out
        path = f"/v1/work-orders/{opened['id']}"
        found = {"labour": [{"staff": "b", "minutes": minutes}], "acceptance_passed": True}
        for step, body in (("start", None), ("findings", found), ("closing", None)):
            version = (await biomed.get(path)).json()["version"]
            answer = await biomed.post(f"{path}/{step}", json=body, headers={"if-match": f'"v{version}"'})
            assert answer.status_code == 201, answer.text
        served.clock.advance(900)  # below what signs an idle person out

    told = (await biomed.get("/v1/assets/pump-1/uptime", params={"start": start})).json()["repairs"]

    assert (told["repairs"], told["mean_repair"], told["mean_response"]) == (3, 1.0, 0.25)
    assert told["repair_low"] < 1.0 < told["repair_high"]
    assert told["response_low"] == told["response_high"] == 0.25


async def test_a_rule_is_forecast_by_time_or_use_whichever_comes_first(served: Served) -> None:
    await entered(served)
    biomed = await served.signed_in(Role.BIOMED)
    rule = {"id": "pm", "asset": "pump-1", "months": 12, "anchor_on": "2026-07-31", "every": 100.0}
    assert (await biomed.put("/v1/maintenance/rules", json=rule)).status_code == 200

    by_time = (await biomed.get("/v1/maintenance/rules/pm/forecast")).json()
    for at, value in (("2025-12-26T08:00:00Z", 0.0), ("2026-01-05T08:00:00Z", 50.0)):
        await biomed.post("/v1/assets/pump-1/meters/hours", json={"value": value, "at": at})
    by_use = (await biomed.get("/v1/maintenance/rules/pm/forecast")).json()

    assert (by_time["due_on"], by_time["is_by_use"], by_time["readings"]) == ("2026-07-31", False, 0)
    assert (by_use["due_on"], by_use["is_by_use"], by_use["per_day"]) == ("2026-01-15", True, 5.0)
    assert (await biomed.get("/v1/maintenance/rules/none/forecast")).status_code == 404


async def test_a_device_is_scored_and_points_out_of_range_are_refused(served: Served) -> None:
    biomed = await served.signed_in(Role.BIOMED)
    asked = {"function": "10", "risk": "5", "upkeep": "3", "history": "1"}

    found = await biomed.get("/v1/maintenance/score", params=asked)

    assert found.json() == {"points": 19, "is_included": True, "interval_months": 6}
    assert (await biomed.get("/v1/maintenance/score", params=asked | {"risk": "9"})).status_code == 422

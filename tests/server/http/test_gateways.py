"""The desk over HTTP: reports under the gateway's own key, orders, audited writes, and settings with stages."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest
import yaml

from server.access import keys
from server.audit.chain import rows_of
from server.gateways.desk import desk_of
from tests.server.conftest import Served
from twin.access import Role
from twin.events.watch import ReadPointDefined

READERS = "readers: [{id: r9, host: 10.1.2.3}]"


def report(gateway: str = "east", **more: Any) -> dict[str, Any]:
    return {"gateway": gateway, "started_at": 5, "devices": [{"device": "r1", "readings": 10}], **more}


async def tell(client: httpx2.AsyncClient, gateway: str = "east", **more: Any) -> dict[str, Any]:
    answer = await client.post(f"/v1/gateways/{gateway}/report", json=report(gateway, **more))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def actions(served: Served) -> list[str]:
    with served.hospital.read() as session:
        return [row.action for row in rows_of(session)]


async def test_gateway_reports_under_its_own_key_only(served: Served) -> None:
    east = await served.program(Role.SERVICE_GATEWAY, "gateway:east")
    biomed = await served.signed_in(Role.BIOMED)

    await tell(east)
    foreign = await east.post("/v1/gateways/west/report", json=report("west"))
    mixed = await east.post("/v1/gateways/west/report", json=report("east"))
    shown = (await biomed.get("/v1/gateways")).json()["gateways"]

    assert (foreign.status_code, foreign.json()["code"]) == (403, "forbidden.source")
    assert mixed.status_code == 422
    assert [(one["id"], one["is_silent"], one["report"]["devices"][0]["device"]) for one in shown] == [
        ("east", False, "r1")
    ]


async def test_order_goes_to_the_gateway_and_its_result_comes_back(served: Served) -> None:
    east = await served.program(Role.SERVICE_GATEWAY, "gateway:east")
    biomed = await served.signed_in(Role.BIOMED)
    await tell(east)

    asking = asyncio.create_task(biomed.get("/v1/gateways/east/devices/r1/frames"))
    orders: list[dict[str, Any]] = []
    while not orders:
        await asyncio.sleep(0.01)
        orders = (await tell(east))["orders"]
    again = (await tell(east))["orders"]
    await tell(east, results=[{"id": orders[0]["id"], "is_done": True, "lines": ["1 < 00"]}])
    answer = await asking

    assert (orders[0]["kind"], orders[0]["arguments"]) == ("frames", {"device": "r1"})
    assert again == []
    assert answer.json()["lines"] == ["1 < 00"]


async def test_step_of_a_walk_test_goes_to_the_gateway(served: Served) -> None:
    east = await served.program(Role.SERVICE_GATEWAY, "gateway:east")
    biomed = await served.signed_in(Role.BIOMED)
    await tell(east)

    body = {"action": "begin", "tag": "3074257BF7194E4000001A85", "place": "WARD"}
    asking = asyncio.create_task(biomed.post("/v1/gateways/east/walk", json=body))
    orders: list[dict[str, Any]] = []
    while not orders:
        await asyncio.sleep(0.01)
        orders = (await tell(east))["orders"]
    await tell(east, results=[{"id": orders[0]["id"], "is_done": True, "facts": {"place": "WARD"}}])
    answer = await asking
    unknown = await biomed.post("/v1/gateways/east/walk", json={"action": "run"})

    assert (orders[0]["kind"], orders[0]["arguments"]) == ("walk", body)
    assert answer.json()["facts"] == {"place": "WARD"}
    assert unknown.status_code == 422


async def rotated(served: Served, *, is_taken: bool) -> tuple[httpx2.Response, str]:
    """Ask for another key and answer as the gateway; give the answer, and the key that was handed over."""
    east = await served.program(Role.SERVICE_GATEWAY, "gateway:east")
    biomed = await served.signed_in(Role.BIOMED)
    await tell(east)
    asking = asyncio.create_task(biomed.post("/v1/gateways/east/key"))
    orders: list[dict[str, Any]] = []
    while not orders:
        await asyncio.sleep(0.01)
        orders = (await tell(east))["orders"]
    await tell(east, results=[{"id": orders[0]["id"], "is_done": is_taken, "code": "" if is_taken else "gateway.key"}])
    return await asking, str(orders[0]["arguments"]["key"])


async def test_old_key_ends_when_the_gateway_has_spoken_under_the_new_one(served: Served) -> None:
    answer, text = await rotated(served, is_taken=True)
    signed = {"Authorization": f"Bearer {text}"}

    east = await served.stranger()
    await east.post("/v1/gateways/east/report", json=report(), headers=signed)
    again = await east.post("/v1/gateways/east/report", json=report(), headers=signed)

    with served.hospital.read() as session:
        active = [row.id for row in keys.list_keys(session) if row.source == "gateway:east" and not row.revoked_at]
    assert (answer.status_code, again.status_code) == (200, 200)
    assert active == [answer.json()["key"]]
    assert text not in answer.text
    assert actions(served).count("key.revoked") == 1


async def test_key_that_the_gateway_does_not_take_ends_at_once(served: Served) -> None:
    answer, text = await rotated(served, is_taken=False)

    with served.hospital.read() as session:
        rows = {row.id: row.revoked_at for row in keys.list_keys(session) if row.source == "gateway:east"}
    assert (answer.status_code, answer.json()["code"]) == (409, "gateway.key")
    assert [bool(revoked) for key, revoked in rows.items() if key in text] == [True]
    assert sum(not revoked for revoked in rows.values()) == 1


async def test_gateway_that_does_not_report_takes_no_orders(served: Served) -> None:
    biomed = await served.signed_in(Role.BIOMED)

    answer = await biomed.post("/v1/gateways/gone/writes", json={"device": "m", "signal": "s", "value": 1})

    assert answer.status_code == 404


async def test_write_is_audited_before_and_after_and_refusals_name_their_reasons(served: Served) -> None:
    east = await served.program(Role.SERVICE_GATEWAY, "gateway:east")
    biomed = await served.signed_in(Role.BIOMED)
    await tell(east)

    async def written(result: dict[str, Any]) -> httpx2.Response:
        body = {"device": "fridge", "signal": "set_c", "value": 4.5}
        asking = asyncio.create_task(biomed.post("/v1/gateways/east/writes", json=body))
        orders: list[dict[str, Any]] = []
        while not orders:
            await asyncio.sleep(0.01)
            orders = (await tell(east))["orders"]
        assert (orders[0]["arguments"]["value"], orders[0]["roles"]) == ("4.5", ["biomed"])
        await tell(east, results=[{"id": orders[0]["id"], **result}])
        return await asking

    done = await written({"is_done": True, "facts": {"outcome": "done", "read_back": "4.5"}})
    refused = await written(
        {"is_done": False, "code": "machine.write_refused", "message": "no", "facts": {"reasons": "out_of_range"}}
    )

    assert done.json()["facts"]["read_back"] == "4.5"
    assert (refused.status_code, refused.json()["code"]) == (409, "machine.write_refused")
    assert [one for one in actions(served) if one.startswith("machine.")] == [
        "machine.write_asked",
        "machine.write_ended",
    ] * 2


@pytest.mark.parametrize("role", [Role.NURSE, Role.LOGISTICS, Role.PLANNER])
async def test_who_may_not_command_machines_is_refused(served: Served, role: Role) -> None:
    client = await served.signed_in(role)

    answer = await client.post("/v1/gateways/east/writes", json={"device": "m", "signal": "s", "value": 1})

    assert answer.status_code == 403


async def test_settings_are_drafted_staged_proven_and_rolled_back(served: Served) -> None:
    east = await served.program(Role.SERVICE_GATEWAY, "gateway:east")
    admin = await served.signed_in(Role.BIOMED)
    first = await admin.post("/v1/gateways/east/settings", json={"text": READERS, "note": "first"})
    second = await admin.post("/v1/gateways/east/settings", json={"text": "readers: []"})
    nothing_yet = await tell(east)

    async def go_over_to(version: int) -> None:
        answer = await admin.post(f"/v1/gateways/east/settings/{version}/stage")
        assert answer.json()["stage"] == "staged"
        assert (await tell(east))["settings_version"] == version
        await tell(east, settings_version=version)

    await go_over_to(1)
    await go_over_to(2)
    back = await admin.post("/v1/gateways/east/settings/roll-back")
    told = await tell(east, settings_version=2)
    await tell(east, settings_version=1)
    stages = {
        one["version"]: one["stage"] for one in (await admin.get("/v1/gateways/east/settings")).json()["versions"]
    }

    assert (first.status_code, first.json()["version"], second.json()["version"]) == (201, 1, 2)
    assert nothing_yet["settings_version"] == 0
    assert (back.json()["version"], told["settings"]) == (1, READERS)
    assert stages == {1: "active", 2: "superseded"}
    assert [one for one in actions(served) if one.startswith("gateway.settings")][:4] == [
        "gateway.settings_drafted",
        "gateway.settings_drafted",
        "gateway.settings_staged",
        "gateway.settings_active",
    ]


async def test_gateway_goes_back_from_its_first_version_to_its_own_file_and_forward_again(served: Served) -> None:
    east = await served.program(Role.SERVICE_GATEWAY, "gateway:east")
    admin = await served.signed_in(Role.BIOMED)
    await admin.post("/v1/gateways/east/settings", json={"text": READERS})
    await admin.post("/v1/gateways/east/settings/1/stage")
    await tell(east, settings_version=1)

    back = await admin.post("/v1/gateways/east/settings/roll-back")
    told = await tell(east, settings_version=1)
    await tell(east, settings_version=2)
    forward = await admin.post("/v1/gateways/east/settings/roll-back")

    assert (back.status_code, back.json()["version"], back.json()["stage"]) == (200, 2, "staged")
    assert (told["settings_version"], told["settings"]) == (2, "{}\n")  # adds nothing to the gateway's own file
    assert (forward.json()["version"], forward.json()["text"]) == (1, READERS)


async def test_settings_that_the_gateway_went_back_from_are_told_with_the_reason(served: Served) -> None:
    east = await served.program(Role.SERVICE_GATEWAY, "gateway:east")
    admin = await served.signed_in(Role.BIOMED)
    await admin.post("/v1/gateways/east/settings", json={"text": READERS})
    await admin.post("/v1/gateways/east/settings/1/stage")

    after = await tell(east, failed_version=1, settings_problem="no route")
    (row,) = (await admin.get("/v1/gateways/east/settings")).json()["versions"]
    never = await admin.post("/v1/gateways/east/settings/roll-back")

    assert (row["stage"], row["problem"]) == ("failed", "no route")
    assert after["settings_version"] == 0
    assert (never.status_code, never.json()["code"]) == (409, "gateway.no_earlier_settings")


@pytest.mark.parametrize("text", ["readers: [{id: r9, kind: nothing}]", "uplink: {url: x}", "[", "id: east"])
async def test_settings_that_break_a_rule_are_not_kept(served: Served, text: str) -> None:
    admin = await served.signed_in(Role.BIOMED)

    answer = await admin.post("/v1/gateways/east/settings", json={"text": text})

    assert answer.status_code == 422
    assert (await admin.get("/v1/gateways/east/settings")).json()["versions"] == []


async def test_order_that_nobody_fetched_is_taken_back(served: Served) -> None:
    east = await served.program(Role.SERVICE_GATEWAY, "gateway:east")
    await tell(east)
    desk = desk_of(served.hospital)
    from rfid_gateway.uplink.orders import OrderKind
    from twin.access import SYSTEM

    result = desk.leave("east", OrderKind.FRAMES, {"device": "r1"}, SYSTEM)

    assert desk.withdraw("east", result)
    assert (await tell(east))["orders"] == []


async def test_draft_is_looked_at_before_it_is_given_and_put_away_afterwards(served: Served) -> None:
    biomed = await served.signed_in(Role.BIOMED)
    path = "/v1/gateways/east/settings"
    await biomed.post(path, json={"text": READERS})
    await biomed.post(path, json={"text": "readers: [{id: r9, host: 10.1.2.4}]", "note": "moved"})

    shown = (await biomed.get(f"{path}/2/difference")).json()["differences"]
    away = await biomed.post(f"{path}/2/discard")
    again = await biomed.post(f"{path}/2/discard")
    nothing = await biomed.get(f"{path}/9/difference")

    # Nothing runs yet but the gateway's own file: all that a draft holds is new.
    assert [(one["section"], one["entry"], one["kind"]) for one in shown] == [("readers", "r9", "added")]
    assert (away.json()["stage"], again.status_code, again.json()["code"]) == ("superseded", 409, "gateway.no_draft")
    assert nothing.status_code == 404
    assert actions(served)[-1] == "gateway.settings_discarded"


async def test_difference_is_against_what_the_gateway_works_with(served: Served) -> None:
    east = await served.program(Role.SERVICE_GATEWAY, "gateway:east")
    biomed = await served.signed_in(Role.BIOMED)
    path = "/v1/gateways/east/settings"
    await biomed.post(path, json={"text": READERS})
    await biomed.post(f"{path}/1/stage")
    await tell(east, settings_version=1)
    await biomed.post(path, json={"text": READERS.replace("10.1.2.3", "10.1.2.4")})

    (shown,) = (await biomed.get(f"{path}/2/difference")).json()["differences"]

    assert (shown["entry"], shown["field"], shown["before"], shown["after"]) == ("r9", "host", "10.1.2.3", "10.1.2.4")


async def test_read_points_of_the_buildings_plan_become_a_draft(served: Served) -> None:
    east = await served.program(Role.SERVICE_GATEWAY, "gateway:east")
    biomed = await served.signed_in(Role.BIOMED)
    await tell(east)
    head = {"occurred_at": served.hospital.clock.now(), "source": "import:plan"}
    points = [
        ReadPointDefined(thing="plan-1", source_key="1", reader="r1", antenna=1, place="WARD", **head),
        ReadPointDefined(thing="plan-2", source_key="2", reader="elsewhere", antenna=1, place="WARD", **head),
    ]
    await served.hospital.write(lambda session: served.hospital.ledger.append(session, points))
    path = "/v1/gateways/east/settings"
    text = "read_points: [{id: old, reader: r1, antenna: 1, place: STORE, kind: choke}]"
    await biomed.post(path, json={"text": text})

    draft = await biomed.post(f"{path}/read-points")
    again = await biomed.post(f"{path}/read-points")

    # The antenna keeps its kind of view; its name and place are the plan's. Other gateways' readers are left alone.
    assert yaml.safe_load(draft.json()["text"]) == {
        "read_points": [{"id": "plan-1", "reader": "r1", "antenna": 1, "place": "WARD", "kind": "choke"}]
    }
    assert (again.status_code, again.json()["code"]) == (409, "gateway.nothing_to_take")

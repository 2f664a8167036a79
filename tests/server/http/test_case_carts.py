"""Case carts from a published plan to the theatre's door, through the public doors."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from server.rounds import bring_case_carts
from tests.server.conftest import Served
from tests.server.http.test_device_records import Client
from tests.server.http.test_plans import furnish
from twin.access import Role
from twin.clock import DAY_US, HOUR_US, to_text
from twin.events.patients import StageReached
from twin.events.work import PlannedStay, PlanPublished

LABEL = "010950600013435217290630" + "10D-1"


@pytest.fixture
async def store(served: Served) -> Client:
    """Ten drapes in a store, and a card for one procedure that needs two."""
    furnish(served)
    call = Client(await served.signed_in(Role.LOGISTICS))
    await call("POST", "/items", {"id": "drape", "code": "drape", "name": "Drape"})
    await call("POST", "/items/drape/packages", {"gtin": "09506000134352", "level": "box", "quantity": 1})
    await call("PUT", "/stock-places/r2", {"kind": "central"})
    await call("POST", "/stock/receipts", {"lines": [{"place": "r2", "scan": LABEL, "packages": 10}]})
    await call("POST", "/kits", card())
    return call


def card(**changed: object) -> dict[str, object]:
    lines = [{"item": "drape", "opened": 1, "held": 1}]
    return {"id": "hip", "name": "Hip replacement", "procedure": "5-820", "lines": lines, **changed}


def stay(served: Served, encounter: str, hours: float, **changed: object) -> PlannedStay:
    starts_at = served.clock.now() + int(hours * HOUR_US)
    plain = PlannedStay(
        encounter=encounter,
        place="r1",
        start_at=starts_at - HOUR_US,
        end_at=starts_at + DAY_US,
        theatre="t1",
        theatre_start_at=starts_at,
        theatre_end_at=starts_at + HOUR_US,
        surgeon="dr1",
        procedure="5-820",
    )
    return replace(plain, **changed)


def publish(served: Served, number: int, *stays: PlannedStay) -> None:
    now = served.clock.now()
    plan = PlanPublished(
        thing=f"plan-{number}",
        occurred_at=now + number,
        source="user:u",
        source_key=f"p{number}",
        actor="u",
        kind="admissions",
        start_at=now,
        end_at=now + 14 * DAY_US,
        stays=stays,
        content_hash=f"h{number}",
    )
    served.hospital.record_now([plan])


async def carts(call: Client, state: str) -> dict[str, dict[str, Any]]:
    found = (await call("GET", f"/case-carts?state={state}"))["carts"]
    return {one["encounter"]: one for one in found}


async def tasks(call: Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await call("GET", "/tasks"))["tasks"]
    return [one for one in found if one["reason"] == "case_cart"]


async def test_a_published_plan_brings_its_carts_in_time(served: Served, store: Client) -> None:
    publish(served, 1, stay(served, "e1", 5), stay(served, "e2", 60), stay(served, "e3", 5, procedure="5-999"))

    proposed = await carts(store, "proposed")
    assert set(proposed) == {"e1", "e2"}
    told = proposed["e1"]
    assert (told["plan"], told["place"], told["kit"], told["asked_by"]) == ("plan-1", "t1", "hip", "")
    assert told["due_at"] == to_text(served.clock.now() + 4 * HOUR_US)
    assert await tasks(store) == []

    assert [cart.encounter for cart in bring_case_carts(served.hospital)] == ["e1"]
    assert bring_case_carts(served.hospital) == []

    [task] = await tasks(store)
    assert (task["from_place"], task["to_place"], task["quantity"]) == ("r2", "t1", 2)
    assert task["due_at"] == told["due_at"]
    assert set(await carts(store, "asked")) == {"e1"}


async def test_a_person_may_ask_earlier_and_give_up(served: Served, store: Client) -> None:
    publish(served, 1, stay(served, "e2", 60), stay(served, "e4", 61))
    found = await carts(store, "proposed")

    asked = await store("POST", f"/case-carts/{found['e2']['id']}/asking", status=200)
    dropped = await store("POST", f"/case-carts/{found['e4']['id']}/cancelling", status=200)
    again = await store("POST", f"/case-carts/{found['e2']['id']}/asking", status=409)
    publish(served, 2, stay(served, "e2", 60), stay(served, "e4", 62))

    assert (asked["state"], dropped["state"], dropped["reason"]) == ("asked", "cancelled", "given_up")
    assert dropped["closed_by"] == asked["asked_by"] != ""
    assert again["code"] == "cart.state"
    assert await carts(store, "proposed") == {}  # what a person gave up stays so
    assert {one: cart["plan"] for one, cart in (await carts(store, "asked")).items()} == {"e2": "plan-2"}
    assert len(await tasks(store)) == 1


async def test_a_plan_that_changes_takes_its_carts_along(served: Served, store: Client) -> None:
    publish(served, 1, stay(served, "e1", 5), stay(served, "e2", 6))
    bring_case_carts(served.hospital)
    publish(served, 2, stay(served, "e1", 3))

    assert {one["reason"] for one in (await store("GET", "/case-carts?state=cancelled"))["carts"]} == {
        "not_planned",
        "plan_changed",
    }
    assert await tasks(store) == []  # they would have come too late, and for nobody
    bring_case_carts(served.hospital)

    [task] = await tasks(store)
    assert task["due_at"] == to_text(served.clock.now() + 2 * HOUR_US)


async def test_the_days_board_cancels_and_brings_back(served: Served, store: Client) -> None:
    publish(served, 1, stay(served, "e1", 5))
    bring_case_carts(served.hospital)

    def stage(code: str, theatre: str = "t1") -> None:
        told = StageReached(
            thing="e1",
            occurred_at=served.clock.now(),
            source="user:u",
            source_key=f"{code}{theatre}",
            actor="u",
            stage=code,
            service_point=theatre,
        )
        served.hospital.record_now([told])

    stage("operation_cancelled")
    assert await tasks(store) == []
    assert (await carts(store, "cancelled"))["e1"]["reason"] == "operation_cancelled"
    stage("operation_taken_back")
    assert [cart.encounter for cart in bring_case_carts(served.hospital)] == ["e1"]
    stage("operation_moved", "r1")
    bring_case_carts(served.hospital)

    assert [task["to_place"] for task in await tasks(store)] == ["r1"]


async def moved(served: Served, theatre: str, key: str = "m") -> None:
    told = StageReached(
        thing="e1",
        occurred_at=served.clock.now(),
        source="user:u",
        source_key=key,
        actor="u",
        stage="operation_moved",
        service_point=theatre,
    )
    await served.hospital.record([told])


async def on_hand(call: Client, place: str) -> int:
    return sum(one["on_hand"] for one in (await call("GET", f"/stock?place={place}"))["stock"])


async def test_goods_that_are_picked_go_with_the_operation(served: Served, store: Client) -> None:
    publish(served, 1, stay(served, "e1", 5))
    bring_case_carts(served.hospital)
    [task] = await tasks(store)
    await store("POST", f"/tasks/{task['id']}:pick", {"scan": LABEL, "packages": 2}, status=200)
    await moved(served, "r1")

    # on the way to the old theatre: nothing is asked for a second time, and what arrives there is carried on
    assert [one["id"] for one in await tasks(store)] == [task["id"]]
    assert {one["place"] for one in (await carts(store, "asked")).values()} == {"r1"}
    await store("POST", f"/tasks/{task['id']}:deliver", {"place": "t1"}, status=200)
    [carry] = [one for one in await tasks(store) if one["id"] != task["id"] and one["status"] != "completed"]
    assert (carry["from_place"], carry["to_place"], carry["quantity"]) == ("t1", "r1", 2)
    await store("POST", f"/tasks/{carry['id']}:pick", {"scan": LABEL, "packages": 2}, status=200)
    await store("POST", f"/tasks/{carry['id']}:deliver", {"place": "r1"}, status=200)

    assert (await on_hand(store, "t1"), await on_hand(store, "r1"), await on_hand(store, "r2")) == (0, 2, 8)
    # and back, once they lie there: a plan, this time
    publish(served, 2, stay(served, "e1", 5))
    [back] = [one for one in await tasks(store) if one["status"] not in ("completed", "cancelled")]
    assert (back["from_place"], back["to_place"]) == ("r1", "t1")
    assert len(await carts(store, "asked")) == 1


async def emergency(call: Client, encounter: str, **told: str) -> None:
    body = {"encounter": encounter, "minutes": 60, "theatre": "t1", **told}
    await call("POST", "/surgery/today/emergencies", body)


async def test_an_emergency_brings_the_pack_of_its_theatre_or_what_its_procedure_needs(
    served: Served, store: Client
) -> None:
    planner = Client(await served.signed_in(Role.PLANNER))
    await emergency(planner, "em-0")
    assert await carts(store, "all") == {}  # the hospital has no pack yet
    await store("POST", "/kits", card(id="pack", procedure="", emergency_at="*"))
    await store("POST", "/kits", card(id="pack-t1", procedure="", emergency_at="t1"))
    twice = await store("POST", "/kits", card(id="pack-2", procedure="", emergency_at="t1"), status=422)
    await store("POST", "/kits", card(id="pack-3", procedure="", emergency_at="nowhere"), status=404)

    await emergency(planner, "em-1")
    await emergency(planner, "em-2", procedure="5-820")
    await emergency(planner, "em-3", procedure="5-999")  # no card: the pack

    found = await carts(store, "asked")
    assert {one: (cart["kit"], cart["place"]) for one, cart in found.items()} == {
        "em-1": ("pack-t1", "t1"),
        "em-2": ("hip", "t1"),
        "em-3": ("pack-t1", "t1"),
    }
    assert "pack-t1" in str(twice["errors"])
    assert all(cart["plan"] == "emergency" and cart["asked_by"] for cart in found.values())
    assert [task["to_place"] for task in await tasks(store)] == ["t1"] * 3


async def test_the_next_plan_leaves_the_cart_of_an_emergency_alone(served: Served, store: Client) -> None:
    planner = Client(await served.signed_in(Role.PLANNER))
    await store("POST", "/kits", card(id="pack", procedure="", emergency_at="*"))
    await emergency(planner, "em-1")
    served.clock.advance(60)
    publish(served, 1, stay(served, "e1", 5))

    assert set(await carts(store, "asked")) == {"em-1"}


async def test_a_card_that_comes_after_the_plan_is_used(served: Served, store: Client) -> None:
    publish(served, 1, stay(served, "e1", 60, procedure="5-822"))
    assert await carts(store, "proposed") == {}
    await store("POST", "/kits", card(id="knee", procedure="5-822"))

    bring_case_carts(served.hospital)

    assert {one: cart["kit"] for one, cart in (await carts(store, "proposed")).items()} == {"e1": "knee"}


async def test_a_procedure_has_one_card_and_each_surgeon_one(served: Served, store: Client) -> None:
    refused = await store("POST", "/kits", card(id="hip-2"), status=422)
    await store("POST", "/kits", card(id="hip-dr1", surgeon="dr1"))
    publish(served, 1, stay(served, "e1", 60), stay(served, "e2", 60, surgeon="dr2"))

    assert "hip" in str(refused["errors"])
    assert {one: cart["kit"] for one, cart in (await carts(store, "proposed")).items()} == {
        "e1": "hip-dr1",
        "e2": "hip",
    }

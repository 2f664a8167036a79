"""Ways and beds over HTTP: closed and opened by those who may, gone around, and noted in the audit."""

from __future__ import annotations

import pytest

from tests.server.conftest import Served
from twin.access import Role
from twin.events.patients import EncounterClass, EncounterFinished, EncounterStarted
from twin.events.places import PathDefined, PathKind, PlaceDefined, PlaceKind


@pytest.fixture
def house(served: Served) -> Served:
    head = {"occurred_at": 1, "source": "import:test"}
    events = [
        PlaceDefined(thing="W", source_key="w", kind=PlaceKind.WARD, name="Ward", **head),
        PlaceDefined(thing="B", source_key="b", kind=PlaceKind.BED, name="Bed", parent="W", **head),
        *(
            PathDefined(thing=f"L{n}", source_key=f"l{n}", start="W", end="B", kind=PathKind.LIFT, **head)
            for n in range(3)
        ),
    ]
    served.hospital.record_now(events)
    return served


async def test_a_lift_is_closed_listed_and_opened(house: Served) -> None:
    client = await house.signed_in(Role.ADMINISTRATOR)
    closed = await client.post("/v1/paths/L1/closing", json={"reason": "serviced until noon"})
    assert closed.status_code == 201, closed.text

    (shown,) = (await client.get("/v1/paths?closed=true")).json()["paths"]
    assert (shown["id"], shown["kind"], shown["reason"]) == ("L1", "lift", "serviced until noon")
    assert shown["closed_since"]
    again = await client.post("/v1/paths/L1/closing", json={"reason": "twice"})
    assert (again.status_code, again.json()["code"]) == (409, "refused.closed")

    assert (await client.post("/v1/paths/L1/reopening")).status_code == 201
    assert (await client.get("/v1/paths?closed=true")).json()["paths"] == []


async def test_ways_come_in_pages(house: Served) -> None:
    client = await house.signed_in(Role.LOGISTICS)
    first = (await client.get("/v1/paths?limit=2")).json()
    rest = (await client.get(f"/v1/paths?limit=2&cursor={first['next']}")).json()

    assert [one["id"] for one in first["paths"] + rest["paths"]] == ["L0", "L1", "L2"]
    assert rest["next"] == ""


async def test_encounters_are_listed_after_some_have_left_the_live_state(served: Served) -> None:
    client = await served.signed_in(Role.NURSE)
    hospital = served.hospital

    def come(thing: str) -> EncounterStarted:
        head = {"thing": thing, "source": "his:main", "source_key": thing, "occurred_at": 1}
        return EncounterStarted(encounter_class=EncounterClass.INPATIENT, **head)  # type: ignore[arg-type]

    hospital.record_now([come("E1"), come("E3")])
    assert [one["id"] for one in (await client.get("/v1/state/encounters")).json()["encounters"]] == ["E1", "E3"]

    hospital.record_now([EncounterFinished(thing="E1", source="his:main", source_key="f", occurred_at=2)])
    hospital.ledger.forget_closed(3)
    hospital.record_now([come("E2")])

    first = (await client.get("/v1/state/encounters?limit=1")).json()
    rest = (await client.get(f"/v1/state/encounters?limit=1&cursor={first['next']}")).json()
    assert [one["id"] for one in first["encounters"] + rest["encounters"]] == ["E2", "E3"]
    assert rest["next"] == ""


async def test_who_may_not_is_refused_and_nothing_changes(house: Served) -> None:
    client = await house.signed_in(Role.LOGISTICS)
    for path, body in (
        ("/v1/paths/L1/closing", {"reason": "x"}),
        ("/v1/beds/B/service", {"service": "closed", "reason": "x"}),
        ("/v1/beds/B/readiness", {"readiness": "clean"}),
    ):
        assert (await client.post(path, json=body)).status_code == 403
    assert house.hospital.live.closures == {}


async def test_a_bed_is_closed_and_cleaned_and_the_audit_knows_by_whom(house: Served) -> None:
    nurse, auditor = await house.signed_in(Role.NURSE), await house.signed_in(Role.AUDITOR)
    bare = await nurse.post("/v1/beds/B/service", json={"service": "closed"})
    assert (bare.status_code, bare.json()["errors"][0]["pointer"]) == (422, "/reason")
    told = {"service": "closed", "reason": "motor broken"}
    assert (await nurse.post("/v1/beds/B/service", json=told)).status_code == 201
    assert (await nurse.post("/v1/beds/B/readiness", json={"readiness": "dirty"})).status_code == 201
    assert (await nurse.post("/v1/beds/B9/readiness", json={"readiness": "dirty"})).status_code == 404
    assert (await nurse.post("/v1/beds/B/readiness", json={"readiness": "shiny"})).status_code == 422

    rows = (await auditor.get("/v1/audit?action=bed.")).json()["rows"]
    assert [(row["action"], row["subject"]) for row in rows] == [
        ("bed.service_changed", "B"),
        ("bed.readiness_changed", "B"),
    ]
    assert rows[0]["facts"]["reason"] == "motor broken"


async def test_a_place_is_made_changed_and_removed(house: Served) -> None:
    client = await house.signed_in(Role.ADMINISTRATOR)
    room = {"kind": "ro", "name": "Room 7", "name_zh": "7号房", "parent": "W", "floor": 2}
    made = await client.put("/v1/places/R7", json=room)
    assert made.status_code == 200, made.text
    house.clock.advance(1)  # type: ignore[union-attr]
    moved = await client.put("/v1/places/R7", json={**room, "parent": ""})
    assert moved.status_code == 200, moved.text

    held = house.hospital.live.places["R7"]
    assert (held.name, held.parent, held.floor) == ("Room 7", "", 2)
    house.clock.advance(1)  # type: ignore[union-attr]
    assert (await client.delete("/v1/places/R7")).status_code == 200
    assert "R7" not in house.hospital.live.places
    assert (await client.delete("/v1/places/R7")).status_code == 404


async def test_a_place_that_is_needed_or_lies_in_itself_is_refused(house: Served) -> None:
    client = await house.signed_in(Role.ADMINISTRATOR)

    needed = await client.delete("/v1/places/B")
    circle = await client.put("/v1/places/W", json={"kind": "wa", "name": "Ward", "parent": "B"})
    unknown = await client.put("/v1/places/W", json={"kind": "palace", "name": "Ward"})

    assert (needed.status_code, needed.json()["code"]) == (409, "refused.place_in_use")
    assert circle.status_code == 422
    assert unknown.status_code in {400, 422}
    assert house.hospital.live.places["W"].parent == ""


async def test_who_may_not_change_places_is_refused(house: Served) -> None:
    client = await house.signed_in(Role.NURSE)

    assert (await client.put("/v1/places/R7", json={"kind": "ro", "name": "R"})).status_code == 403
    assert (await client.delete("/v1/places/W")).status_code == 403

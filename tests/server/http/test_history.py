"""The past over HTTP: what a thing went through, and nothing of who bore its tag before."""

from __future__ import annotations

import pytest

from server.wiring import follow
from tests.server.conftest import Served
from twin.access import Role
from twin.events.patients import EncounterClass, EncounterStarted, QueueJoined
from twin.events.things import AssetRegistered, BearerKind, TagBound, ZoneChanged
from twin.history.projection import NAME


async def test_trail_of_a_device_begins_with_its_tag(served: Served) -> None:
    hospital = served.hospital
    follow(hospital)
    head = {"thing": "T", "source": "gateway:g"}
    hospital.record_now(
        [
            AssetRegistered(thing="P", occurred_at=1, source="t:t", source_key="p", category="pump", name="Pump"),
            TagBound(bearer="E", bearer_kind=BearerKind.ENCOUNTER, occurred_at=10, source_key="1", **head),  # type: ignore[arg-type]
            ZoneChanged(zone="ward", occurred_at=20, source_key="2", **head),  # type: ignore[arg-type]
            ZoneChanged(zone="store", occurred_at=30, source_key="3", **head),  # type: ignore[arg-type]
            TagBound(bearer="P", bearer_kind=BearerKind.ASSET, occurred_at=40, source_key="4", **head),  # type: ignore[arg-type]
            ZoneChanged(zone="room", occurred_at=50, source_key="5", **head),  # type: ignore[arg-type]
        ]
    )
    followed = hospital.services[NAME]
    assert followed.wait_until(hospital.ledger.last_sequence())  # type: ignore[attr-defined]
    client = await served.signed_in(Role.LOGISTICS)

    told = (await client.get("/v1/things/P/trail?facet=tag.zone")).json()

    assert [one["value"] for one in told["intervals"]] == ["store", "room"]
    assert told["intervals"][0]["since"] == "1970-01-01T00:00:00.000040Z"


async def past_of_a_patient_and_a_pump(served: Served) -> None:
    hospital = served.hospital
    follow(hospital)
    wristband, sticker = {"thing": "W", "source": "gateway:g"}, {"thing": "S", "source": "gateway:g"}
    visit = {"thing": "E", "source": "his:main", "encounter_class": EncounterClass.INPATIENT}
    hospital.record_now(
        [
            AssetRegistered(thing="P", occurred_at=1, source="t:t", source_key="p", category="pump", name="Pump"),
            EncounterStarted(occurred_at=5, source_key="e", place="bed-1", **visit),  # type: ignore[arg-type]
            TagBound(bearer="E", bearer_kind=BearerKind.ENCOUNTER, occurred_at=10, source_key="1", **wristband),  # type: ignore[arg-type]
            TagBound(bearer="P", bearer_kind=BearerKind.ASSET, occurred_at=10, source_key="2", **sticker),  # type: ignore[arg-type]
            ZoneChanged(zone="ward", occurred_at=20, source_key="3", **wristband),  # type: ignore[arg-type]
            ZoneChanged(zone="store", occurred_at=30, source_key="4", **sticker),  # type: ignore[arg-type]
            QueueJoined(thing="Q", service_point="lab", encounter="E", occurred_at=40, source="t:t", source_key="q"),
        ]
    )
    followed = hospital.services[NAME]
    assert followed.wait_until(hospital.ledger.last_sequence())  # type: ignore[attr-defined]


async def test_who_may_not_see_encounters_sees_no_person_in_the_ledger(served: Served) -> None:
    await past_of_a_patient_and_a_pump(served)
    planner, biomed = await served.signed_in(Role.PLANNER), await served.signed_in(Role.BIOMED)

    whole = (await planner.get("/v1/events?limit=100")).json()
    less = (await biomed.get("/v1/events?limit=100")).json()
    of_tag = (await biomed.get("/v1/events?thing=W")).json()

    about = [(one["event"]["type"], one["event"]["thing"]) for one in less["events"]]
    assert ("TagBound", "S") in about
    assert ("ZoneChanged", "S") in about
    assert not {"E", "W", "Q"} & {thing for _, thing in about}
    assert {"E", "W", "Q", "P", "S"} <= {one["event"]["thing"] for one in whole["events"]}
    assert of_tag["events"] == []
    # the place to go on from is the same, whatever was left out
    assert less["next_after"] == whole["next_after"] == served.hospital.ledger.last_sequence()


async def test_who_may_not_see_encounters_sees_no_person_in_the_past(served: Served) -> None:
    await past_of_a_patient_and_a_pump(served)
    planner, biomed = await served.signed_in(Role.PLANNER), await served.signed_in(Role.BIOMED)
    asked = "/v1/history/state-at?at=1970-01-01T00:00:01Z"

    whole, less = (await planner.get(asked)).json(), (await biomed.get(asked)).json()

    shown = {(one["facet"], one["thing"]) for one in less["facts"]}
    assert {("tag.zone", "S"), ("tag.bearer", "S"), ("asset.category", "P")} <= shown
    assert not {"E", "W"} & {thing for _, thing in shown}
    every = {(one["facet"], one["thing"]) for one in whole["facts"]}
    assert {("tag.zone", "W"), ("tag.bearer", "W"), ("encounter.place", "E")} <= every
    for name, status in ((biomed, 403), (planner, 200)):
        assert (await name.get("/v1/things/W/trail")).status_code == status


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("1970-01-01T08:00:01+08:00", 200),  # the plus unescaped, which means a space
        ("1970-01-01T08:00:01%2B08:00", 200),
        ("1970-01-01T08:00:01%2B0800", 200),
        ("1970-01-01 08:00:01", 422),  # no offset
        ("1970-01-01T08:00:01 8", 422),
    ],
)
async def test_offset_of_an_instant_may_be_written_as_people_write_it(served: Served, text: str, status: int) -> None:
    await past_of_a_patient_and_a_pump(served)
    planner = await served.signed_in(Role.PLANNER)

    answer = await planner.get(f"/v1/history/state-at?at={text}&facet=asset.category")

    assert answer.status_code == status, answer.text
    if status == 200:
        assert answer.json()["at"] == "1970-01-01T00:00:01.000000Z"

"""The past over HTTP: what a thing went through, and nothing of who bore its tag before."""

from __future__ import annotations

from server.wiring import follow
from tests.server.conftest import Served
from twin.access import Role
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

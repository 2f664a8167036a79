"""The FHIR facade through the public door; every answer is valid R4 by somebody else's classes."""

from __future__ import annotations

import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.capabilitystatement import CapabilityStatement
from fhir.resources.R4B.operationoutcome import OperationOutcome

from interop.hl7v2.message import read_message
from server.listening import receive
from tests.interop.conftest import places
from tests.interop.messages_for_tests import adt
from tests.server.conftest import Served
from twin.access import Role
from twin.events.things import AssetRegistered


@pytest.fixture
async def peopled(served: Served) -> Served:
    pump = AssetRegistered(
        thing="P1",
        occurred_at=1_000_000,
        source="import:t",
        source_key="P1",
        category="pump",
        name="Pump",
        gtin="09506000134352",
        serial="7",
        home="W1",
    )
    served.hospital.record_now([*places(), pump])
    for content in (adt("A01", bed="W1^1^A"), adt("A14", visit="V2", PV1_42="W1^1^B")):
        await receive(served.hospital, read_message(content), content)
    return served


async def test_beds_carry_their_code_and_reserved_is_not_occupied(peopled: Served) -> None:
    client = await peopled.program(Role.SERVICE_HIS)

    occupied = (await client.get("/fhir/Location", params={"operational-status": "O"})).json()
    reserved = (await client.get("/fhir/Location/W1-1-B")).json()
    planned = (await client.get("/fhir/Encounter", params={"status": "planned"})).json()

    assert [entry["resource"]["id"] for entry in occupied["entry"]] == ["W1-1-A"]
    assert reserved["operationalStatus"]["code"] == "U"
    assert planned["entry"][0]["resource"]["location"][0]["status"] == "planned"


@pytest.mark.parametrize("kind", ["Location", "Encounter", "Device", "Task", "Appointment", "SupplyRequest"])
async def test_every_answer_is_valid_r4(peopled: Served, kind: str) -> None:
    client = await peopled.program(Role.SERVICE_HIS)

    answer = await client.get(f"/fhir/{kind}")

    assert answer.headers["content-type"] == "application/fhir+json"
    bundle = Bundle.model_validate_json(answer.content)
    assert bundle.total == len(bundle.entry or [])


async def test_what_the_server_can_is_stated(peopled: Served) -> None:
    client = await peopled.program(Role.SERVICE_HIS)

    told = CapabilityStatement.model_validate_json((await client.get("/fhir/metadata")).content)

    assert {one.type for one in told.rest[0].resource} >= {"Location", "Encounter", "Device", "Task", "Observation"}


async def test_nobody_is_named(peopled: Served) -> None:
    client = await peopled.program(Role.SERVICE_HIS)

    text = (await client.get("/fhir/Encounter")).text

    assert "FAMILYNAME" not in text
    assert "MRNV1" not in text


async def test_pages_follow_each_other_and_give_everything_once(peopled: Served) -> None:
    client = await peopled.program(Role.SERVICE_HIS)
    url, seen = "/fhir/Location?limit=3", []
    while url:
        bundle = (await client.get(url)).json()
        seen += [entry["resource"]["id"] for entry in bundle["entry"]]
        url = next((link["url"] for link in bundle["link"] if link["relation"] == "next"), "")

    assert sorted(set(seen)) == seen
    assert len(seen) == bundle["total"] == 8


async def test_unknown_things_are_refused(peopled: Served) -> None:
    client = await peopled.program(Role.SERVICE_HIS)

    codes = [(await client.get(f"/fhir/{path}")).status_code for path in ("Location/none", "Location?colour=red")]

    assert codes == [404, 422]
    for path in ("/fhir/Patient", "/fhir/Patient/1"):
        answer = await client.get(path)
        issue = OperationOutcome.model_validate(answer.json()).issue[0]
        assert (answer.status_code, issue.code) == (404, "not-supported")

"""FHIR writes through the public door: official examples round trip, versions, errors, and what they mean to the twin."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.operationoutcome import OperationOutcome

from interop.fhir.validation import R5_TYPES, TYPES
from server.http.fhir import ResourceType
from tests.interop.conftest import places
from tests.server.conftest import Served
from twin.access import Role
from twin.events.patients import EncounterClass
from twin.events.work import TaskStarted
from twin.state.beds import bed_view
from twin.state.model import EncounterStatus

APPOINTMENT = {
    "resourceType": "Appointment",
    "id": "A1",
    "status": "booked",
    "start": "2026-01-05T09:00:00Z",
    "end": "2026-01-05T09:30:00Z",
    "participant": [
        {"actor": {"reference": "Patient/p1", "display": "FAMILYNAME"}, "status": "accepted"},
        {"actor": {"reference": "Location/W1"}, "status": "accepted"},
    ],
}


def _encounter(status: str, *locations: tuple[str, str], key: str = "E1") -> dict[str, Any]:
    told = [{"location": {"reference": f"Location/{place}"}, "status": how} for place, how in locations]
    made: dict[str, Any] = {
        "resourceType": "Encounter",
        "id": key,
        "status": status,
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
    }
    return made | ({"location": told} if told else {})


def test_what_is_served_is_what_can_be_checked() -> None:
    assert sorted(str(kind) for kind in ResourceType) == list(TYPES)


async def test_every_official_example_of_our_types_round_trips(served: Served, data_dir: Path) -> None:
    client = await served.program(Role.SERVICE_HIS)
    seen = set()
    for file in sorted((data_dir / "fhir_r4").glob("*.json")):
        body = file.read_bytes()
        told = json.loads(body)
        kind = told["resourceType"]
        if kind not in TYPES:
            continue
        put = await client.put(
            f"/fhir/{kind}/{told['id']}", content=body, headers={"content-type": "application/fhir+json"}
        )
        got = await client.get(f"/fhir/{kind}/{told['id']}")

        assert put.status_code == 201, (file.name, put.text)
        found = got.json()
        assert found.pop("meta")["versionId"] == "1"
        told.pop("meta", None)
        assert found == told, file.name
        seen.add(kind)
    assert seen >= {"Observation", "Encounter", "Location", "Task", "AuditEvent", "Schedule", "Slot", "Provenance"}


async def test_numbers_keep_the_digits_that_were_sent(served: Served) -> None:
    client = await served.program(Role.SERVICE_HIS)
    body = (
        b'{"resourceType":"Observation","id":"O1","status":"final","code":{"text":"t"},"valueQuantity":{"value":16.20}}'
    )
    await client.put("/fhir/Observation/O1", content=body)

    assert b'"value":16.20' in (await client.get("/fhir/Observation/O1")).content


async def test_versions_history_and_since(served: Served) -> None:
    client = await served.program(Role.SERVICE_HIS)
    for status in ("booked", "fulfilled"):
        answer = await client.put("/fhir/Appointment/A1", json=APPOINTMENT | {"status": status})
        served.hospital.clock.advance(60)  # type: ignore[attr-defined]
    stale = await client.put("/fhir/Appointment/A1", json=APPOINTMENT, headers={"if-match": 'W/"1"'})
    past = (await client.get("/fhir/Appointment/A1/_history/1")).json()
    answered = await client.get("/fhir/Appointment/A1/_history")
    assert answered.status_code == 200, answered.text
    history = answered.json()
    Bundle.model_validate(history)
    since = (await client.get("/fhir/Appointment/_history", params={"_since": "2999-01-01T00:00:00Z"})).json()

    assert (answer.headers["etag"], stale.status_code) == ('W/"2"', 412)
    assert past["status"] == "booked"
    assert [entry["resource"]["status"] for entry in history["entry"]] == ["fulfilled", "booked"]
    assert since["entry"] == []


async def test_what_was_deleted_is_gone_and_its_history_stays(served: Served) -> None:
    client = await served.program(Role.SERVICE_HIS)
    await client.put("/fhir/Appointment/A1", json=APPOINTMENT)

    gone = await client.delete("/fhir/Appointment/A1")
    read = await client.get("/fhir/Appointment/A1")
    again = await client.delete("/fhir/Appointment/A1")

    assert (gone.status_code, read.status_code, again.status_code) == (204, 410, 404)
    assert OperationOutcome.model_validate_json(read.content).issue[0].code == "deleted"
    assert len((await client.get("/fhir/Appointment/A1/_history")).json()["entry"]) == 2


@pytest.mark.parametrize(
    ("kind", "change", "field"),
    [
        ("Appointment", {"status": 7}, "status"),  # wrong type
        ("Appointment", {"colour": "red"}, "colour"),  # unknown field
        ("Appointment", {"start": "soon"}, "start"),  # no instant
        ("Appointment", {"id": "other"}, "id"),  # not the id of the address
        ("Slot", {}, "resourceType"),  # another type than the address
    ],
)
async def test_what_is_wrong_is_named_in_an_operation_outcome(
    served: Served, kind: str, change: dict[str, Any], field: str
) -> None:
    client = await served.program(Role.SERVICE_HIS)

    answer = await client.put(f"/fhir/{kind}/A1", json=APPOINTMENT | change)

    (issue,) = OperationOutcome.model_validate_json(answer.content).model_dump()["issue"]
    assert answer.status_code == 422
    assert field in str(issue)


async def test_strangers_get_an_operation_outcome(served: Served) -> None:
    answer = await (await served.stranger()).get("/fhir/Location")

    assert answer.status_code == 401
    assert OperationOutcome.model_validate_json(answer.content).issue[0].code == "login"


async def test_an_encounter_that_is_written_is_one_of_the_twin(served: Served) -> None:
    hospital, client = served.hospital, await served.program(Role.SERVICE_HIS)
    hospital.record_now(places())
    steps = [
        _encounter("planned", ("W1-1-A", "planned")),
        _encounter("in-progress", ("W1-1-A", "active")),
        _encounter("in-progress", ("W1-1-A", "active"), ("W2-1-A", "reserved")),
        _encounter("in-progress", ("W2-1-A", "active")),
        _encounter("finished"),
    ]
    seen = []
    for step in steps:
        answer = await client.put("/fhir/Encounter/E1", json=step)
        assert answer.status_code in (200, 201), answer.text
        hospital.clock.advance(1)  # type: ignore[attr-defined]
        (found,) = hospital.live.encounters.values()
        seen.append((found.status, found.place, found.reserved))

    assert seen == [
        (EncounterStatus.PLANNED, "", "W1-1-A"),
        (EncounterStatus.IN_PROGRESS, "W1-1-A", ""),
        (EncounterStatus.IN_PROGRESS, "W1-1-A", "W2-1-A"),
        (EncounterStatus.IN_PROGRESS, "W2-1-A", ""),
        (EncounterStatus.FINISHED, "", ""),
    ]
    assert bed_view(hospital.live, "W2-1-A").code == "O"  # discharge does not free the bed, departure does


async def test_leave_discharge_taken_back_and_a_new_class_are_told_by_what_changed(served: Served) -> None:
    hospital, client = served.hospital, await served.program(Role.SERVICE_HIS)
    hospital.record_now(places())
    bed = ("W1-1-A", "active")
    seen = []
    for step in (
        _encounter("in-progress", bed) | {"class": {"code": "EMER"}},
        _encounter("in-progress", bed) | {"serviceType": {"text": "cardiology"}},
        _encounter("onleave", bed),
        _encounter("onleave", bed),  # the same again says nothing new
        _encounter("in-progress", bed),
        _encounter("finished"),
        _encounter("in-progress", bed),
    ):
        answer = await client.put("/fhir/Encounter/E1", json=step)
        assert answer.status_code in (200, 201), answer.text
        hospital.clock.advance(1)  # type: ignore[attr-defined]
        (found,) = hospital.live.encounters.values()
        seen.append((found.status, found.encounter_class, found.place))

    assert seen == [
        (EncounterStatus.IN_PROGRESS, EncounterClass.EMERGENCY, "W1-1-A"),
        (EncounterStatus.IN_PROGRESS, EncounterClass.INPATIENT, "W1-1-A"),
        (EncounterStatus.ON_LEAVE, EncounterClass.INPATIENT, "W1-1-A"),
        (EncounterStatus.ON_LEAVE, EncounterClass.INPATIENT, "W1-1-A"),
        (EncounterStatus.IN_PROGRESS, EncounterClass.INPATIENT, "W1-1-A"),
        (EncounterStatus.FINISHED, EncounterClass.INPATIENT, ""),
        (EncounterStatus.IN_PROGRESS, EncounterClass.INPATIENT, "W1-1-A"),
    ]
    assert (found.service, found.conflicts) == ("cardiology", ())


@pytest.mark.parametrize(
    ("location", "place"),
    [
        ({"reference": "Location/W1-1-A"}, "W1-1-A"),
        ({"reference": "https://his.example/fhir/Location/W1-1-A"}, "W1-1-A"),
        ({"reference": "Location/W1-1-A/_history/3"}, "W1-1-A"),
        ({"identifier": {"system": "urn:his:beds", "value": "W1-1-A"}, "display": "Bed A"}, "W1-1-A"),
        ({"reference": "#bay"}, ""),  # contained: a place of the sender's, not of the house
        ({"reference": "urn:uuid:53fefa32-fcbb-4ff8-8a92-55ee120877b7"}, ""),
        ({"display": "somewhere"}, ""),
    ],
)
async def test_a_place_is_read_from_every_form_of_reference(
    served: Served, location: dict[str, Any], place: str
) -> None:
    client = await served.program(Role.SERVICE_HIS)
    served.hospital.record_now(places())
    body = _encounter("in-progress") | {
        "contained": [{"resourceType": "Location", "id": "bay", "name": "Bay"}],
        "location": [{"location": location}],
    }

    assert (await client.put("/fhir/Encounter/E1", json=body)).status_code == 201

    (found,) = served.hospital.live.encounters.values()
    assert found.place == place


@pytest.mark.parametrize(
    "subject",
    [
        {"reference": "Patient/p1"},
        {"reference": "https://his.example/fhir/Patient/p1/_history/2", "display": "FAMILYNAME"},
        {"type": "Patient", "identifier": {"system": "urn:his:mrn", "value": "4711"}},
        {"reference": "#p", "type": "Patient"},
    ],
)
async def test_who_was_written_by_fhir_can_be_erased_by_the_encounter(served: Served, subject: dict[str, Any]) -> None:
    client, operator = await served.program(Role.SERVICE_HIS), await served.signed_in(Role.SYSADMIN)
    patient = {"resourceType": "Patient", "id": "p", "identifier": [{"value": "4711"}], "name": [{"family": "FAMILY"}]}
    body = _encounter("in-progress") | {"subject": subject}
    if subject.get("reference") == "#p":
        body["contained"] = [patient]
    assert (await client.put("/fhir/Encounter/E1", json=body)).status_code == 201
    (encounter,) = served.hospital.live.encounters

    why = {"reason": "asked for by the person"}
    erased = await operator.post(f"/v1/interfaces/identities/{encounter}/erase", json=why)

    assert erased.status_code == 200, erased.text
    assert "FAMILY" not in (await client.get("/fhir/Encounter/E1")).text
    assert (await client.get("/fhir/Encounter/E1/_history")).json().get("entry", []) == []
    assert encounter in served.hospital.live.encounters  # the census keeps its history


async def test_a_bed_that_is_written_closed_is_closed(served: Served) -> None:
    hospital, client = served.hospital, await served.program(Role.SERVICE_HIS)
    hospital.record_now(places())
    status = {"system": "http://terminology.hl7.org/CodeSystem/v2-0116", "code": "C"}
    bed = {"resourceType": "Location", "id": "W1-1-A", "status": "active", "operationalStatus": status}

    await client.put("/fhir/Location/W1-1-A", json=bed)
    await client.put("/fhir/Location/W1-1-B", json={"resourceType": "Location", "id": "W1-1-B", "status": "suspended"})

    for key in ("W1-1-A", "W1-1-B"):
        assert (await client.get(f"/fhir/Location/{key}")).json()["operationalStatus"]["code"] == "C"


async def test_a_transaction_is_done_whole_or_not_at_all_and_links_its_entries(served: Served) -> None:
    client = await served.program(Role.SERVICE_HIS)
    schedule = {"resourceType": "Schedule", "actor": [{"reference": "Location/W1"}]}
    slot = {
        "resourceType": "Slot",
        "schedule": {"reference": "urn:uuid:1"},
        "status": "free",
        "start": "2026-01-05T09:00:00Z",
        "end": "2026-01-05T09:30:00Z",
    }
    entries = [
        {"fullUrl": "urn:uuid:1", "resource": schedule, "request": {"method": "POST", "url": "Schedule"}},
        {"resource": slot, "request": {"method": "PUT", "url": "Slot/S1"}},
    ]
    bad = {"resource": slot | {"status": 3}, "request": {"method": "PUT", "url": "Slot/S2"}}

    refused = await client.post(
        "/fhir", json={"resourceType": "Bundle", "type": "transaction", "entry": [*entries, bad]}
    )
    batch = await client.post("/fhir", json={"resourceType": "Bundle", "type": "batch", "entry": [bad]})
    done = await client.post("/fhir", json={"resourceType": "Bundle", "type": "transaction", "entry": entries})

    assert refused.status_code == 422
    assert batch.json()["entry"][0]["response"]["status"] == "422"
    assert done.status_code == 200, done.text
    made = done.json()["entry"][0]["response"]["location"].split("/_history")[0]
    assert (await client.get("/fhir/Slot/S1")).json()["schedule"]["reference"] == made
    found = (await client.get("/fhir/Slot", params={"schedule": made, "start": "ge2026-01-05"})).json()
    assert (found["total"], found["entry"][0]["resource"]["id"]) == (1, "S1")


async def test_a_batch_reads_beside_its_writes_and_pages_go_on(served: Served) -> None:
    client = await served.program(Role.SERVICE_HIS)
    urls = ("Location/L1", "Location?name=room&_count=1", "Location/none", "Location/L1/_history/1", "Patient/1")
    entries: list[dict[str, Any]] = [{"request": {"method": "GET", "url": url}} for url in urls]
    for key in ("L1", "L2"):
        location = {"resourceType": "Location", "id": key, "status": "active", "name": f"Room {key}"}
        entries.append({"request": {"method": "PUT", "url": f"Location/{key}"}, "resource": location})

    answer = await client.post("/fhir", json={"resourceType": "Bundle", "type": "batch", "entry": entries})

    Bundle.model_validate(answer.json())
    one, search, nothing, version, strange, *written = answer.json()["entry"]
    assert [entry["response"]["status"] for entry in written] == ["201", "201"]
    assert (one["response"]["status"], one["resource"]["name"]) == ("200", "Room L1")  # read after it was written
    assert version["response"] == {"status": "200", "etag": 'W/"1"'}
    assert [entry["response"]["status"] for entry in (nothing, strange)] == ["404", "422"]
    assert nothing["response"]["outcome"]["issue"][0]["code"] == "not-found"
    further = next(link["url"] for link in search["resource"]["link"] if link["relation"] == "next")
    page = (await client.get(further)).json()
    found = [entry["resource"]["id"] for entry in (*search["resource"]["entry"], *page["entry"])]
    assert found == ["L1", "L2"]


async def test_searches_find_by_token_reference_date_and_person_without_keeping_the_person(served: Served) -> None:
    client = await served.program(Role.SERVICE_HIS)
    await client.put("/fhir/Appointment/A1", json=APPOINTMENT)

    async def count(**asked: str) -> int:
        return int((await client.get("/fhir/Appointment", params=asked)).json()["total"])

    assert [await count(status="booked"), await count(status="cancelled")] == [1, 0]
    assert [await count(patient="Patient/p1"), await count(patient="Patient/p2")] == [1, 0]
    assert [await count(date="2026-01-05"), await count(date="lt2026-01-05"), await count(_id="A1")] == [1, 0, 1]
    body = (served.hospital.settings.data_dir / "hospital.db").read_bytes()
    wal = (served.hospital.settings.data_dir / "hospital.db-wal").read_bytes()
    assert b"FAMILYNAME" not in body + wal
    assert b"Patient/p1" not in body + wal


async def test_inventory_reports_of_r5_are_kept(served: Served) -> None:
    client = await served.program(Role.SERVICE_HIS)
    report = {
        "resourceType": "InventoryReport",
        "id": "R1",
        "status": "active",
        "countType": "snapshot",
        "reportedDateTime": "2026-01-05T09:00:00Z",
    }

    assert "InventoryReport" in R5_TYPES
    assert (await client.put("/fhir/InventoryReport/R1", json=report)).status_code == 201


def _observation(value: str) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "identifier": [{"system": "urn:lab", "value": value}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "8310-5"}]},
    }


async def test_if_none_exist_creates_once_and_gives_what_is_there(served: Served) -> None:
    client = await served.program(Role.SERVICE_HIS)
    once = {"if-none-exist": "identifier=urn:lab|1"}

    first = await client.post("/fhir/Observation", json=_observation("1"), headers=once)
    again = await client.post("/fhir/Observation", json=_observation("1"), headers=once)

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["id"] == first.json()["id"]
    assert again.headers["location"] == first.headers["location"]


async def test_if_none_exist_that_finds_several_or_says_nothing_is_refused(served: Served) -> None:
    client = await served.program(Role.SERVICE_HIS)
    for number in ("1", "2"):
        await client.post("/fhir/Observation", json=_observation(number))

    for condition, status in (("code=8310-5", 412), ("", 201), ("?", 422), ("colour=red", 422)):
        answer = await client.post("/fhir/Observation", json=_observation("3"), headers={"if-none-exist": condition})
        assert answer.status_code in (status, 400 if status == 422 else status), (condition, answer.text)


async def test_a_request_for_supplies_is_one_resource_and_its_delivery_names_it(served: Served) -> None:
    served.hospital.record_now(places())
    client = await served.program(Role.SERVICE_HIS)
    body = {
        "resourceType": "SupplyRequest",
        "id": "SR-1",
        "status": "active",
        "itemCodeableConcept": {"coding": [{"code": "GLOVES"}]},
        "quantity": {"value": 4},
        "deliverTo": {"reference": "Location/W1"},
    }
    assert (await client.put("/fhir/SupplyRequest/SR-1", json=body)).status_code == 201
    (task,) = served.hospital.live.tasks
    now = served.hospital.clock.now()
    served.hospital.record_now([TaskStarted(thing=task, occurred_at=now, source="user:u", source_key="s", actor="u")])

    requests = (await client.get("/fhir/SupplyRequest")).json()["entry"]
    deliveries = (await client.get("/fhir/SupplyDelivery")).json()["entry"]

    assert [one["resource"]["id"] for one in requests] == ["SR-1"]
    assert [one["resource"]["basedOn"] for one in deliveries] == [[{"reference": "SupplyRequest/SR-1"}]]
    assert deliveries[0]["resource"]["status"] == "in-progress"

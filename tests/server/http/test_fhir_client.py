"""The FHIR doors driven by a client library that we did not write: fhirclient, with its own models of R4."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest
from fhirclient.client import FHIRClient
from fhirclient.models.appointment import Appointment
from fhirclient.models.encounter import Encounter
from fhirclient.models.location import Location
from fhirclient.models.observation import Observation
from fhirclient.server import FHIRNotFoundException, FHIRServer

from interop.fhir.validation import R4_TYPES
from tests.interop.conftest import places
from tests.server.conftest import Live
from twin.access import Role


@pytest.fixture
def server(live: Live) -> Any:
    live.served.hospital.record_now(places())
    client = FHIRClient(settings={"app_id": "test", "api_base": f"{live.base_url}/fhir"})
    found: FHIRServer = client.server
    found.session.headers["Authorization"] = f"Bearer {live.make_key(Role.SERVICE_HIS, 'his:lib')}"
    yield found
    found.session.close()


def _encounter(key: str, status: str, place: str) -> Encounter:
    return Encounter(
        {
            "resourceType": "Encounter",
            "id": key,
            "status": status,
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
            "location": [{"location": {"reference": f"Location/{place}"}, "status": "active"}],
        }
    )


def test_the_statement_of_capabilities_is_read(server: FHIRServer) -> None:
    stated = server.capabilityStatement

    assert stated.fhirVersion == "4.0.1"
    assert {one.type for one in stated.rest[0].resource} >= {"Encounter", "Location", "Slot"}


def test_places_of_the_twin_are_found_and_read(server: FHIRServer) -> None:
    found = list(Location.where({"_count": "200"}).perform_resources_iter(server))

    assert "W1" in {one.id for one in found}
    assert Location.read("W1", server).name


def test_what_is_written_is_read_changed_and_taken_away(server: FHIRServer, live: Live) -> None:
    _encounter("E-lib", "in-progress", "W1-1-A").update(server)
    assert Encounter.read("E-lib", server).status == "in-progress"
    assert any(one.place == "W1-1-A" for one in live.served.hospital.live.encounters.values())

    _encounter("E-lib", "finished", "W1-1-A").update(server)
    read = Encounter.read("E-lib", server)
    assert read.status == "finished"

    read.delete(server)
    with pytest.raises(Exception, match=r"410|404"):
        Encounter.read("E-lib", server)


def test_a_created_resource_is_found_by_what_it_says(server: FHIRServer) -> None:
    told = Observation(
        {
            "resourceType": "Observation",
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "8310-5"}]},
            "valueQuantity": {"value": 36.6, "unit": "Cel"},
        }
    )
    answer = told.create(server)

    assert answer is not None
    found = list(Observation.where({"code": "http://loinc.org|8310-5"}).perform_resources_iter(server))
    assert [one.valueQuantity.value for one in found] == [36.6]
    assert list(Appointment.where({"date": "ge2026-01-01"}).perform_resources_iter(server)) == []


def test_what_is_not_there_is_told_as_the_standard_says(server: FHIRServer) -> None:
    with pytest.raises(FHIRNotFoundException):
        Encounter.read("nobody", server)


SAMPLES: dict[str, dict[str, Any]] = {
    # types without an official example in the test data, or with one that this library's models refuse
    "DeviceMetric": {"type": {"text": "pressure"}, "category": "measurement"},
    "SupplyRequest": {"itemCodeableConcept": {"text": "gloves"}, "quantity": {"value": 2}, "status": "draft"},
    "SupplyDelivery": {"status": "in-progress"},
    "Subscription": {
        "status": "requested",
        "reason": "test",
        "criteria": "Observation?code=1",
        "channel": {"type": "rest-hook", "endpoint": "https://hie.example/in"},
    },
}


def _sample(kind: str, data_dir: Path) -> dict[str, Any]:
    if kind in SAMPLES:
        return {"resourceType": kind, **SAMPLES[kind]}
    files = sorted((data_dir / "fhir_r4").glob(f"{kind}*.json")) or sorted((data_dir / "fhir_r4").glob("*.json"))
    found = (json.loads(file.read_bytes()) for file in files)
    told: dict[str, Any] = next(one for one in found if one["resourceType"] == kind)
    return {name: value for name, value in told.items() if name not in ("id", "meta", "text")}


def test_every_type_is_created_read_searched_changed_and_taken_away_by_the_library(
    server: FHIRServer, live: Live, data_dir: Path
) -> None:
    """Each interaction that the statement names, for each type of R4 that is served."""
    stated = {one.type: {how.code for how in one.interaction} for one in server.capabilityStatement.rest[0].resource}
    assert set(stated) == set(R4_TYPES)
    for kind in R4_TYPES:
        model = getattr(importlib.import_module(f"fhirclient.models.{kind.lower()}"), kind)
        made = model(_sample(kind, data_dir)).create(server)
        key = made["id"]
        read = model.read(key, server)
        assert read.id == key, kind
        assert [one.id for one in model.where({"_id": key}).perform_resources_iter(server)] == [key], kind

        read.language = "de"
        assert read.update(server)["meta"]["versionId"] == "2", kind
        assert model.read(f"{key}/_history/1", server).language is None, kind
        assert server.request_json(f"{kind}/{key}/_history")["total"] == 2, kind
        assert key in json.dumps(server.request_json(f"{kind}/_history?_count=200")), kind

        model.read(key, server).delete(server)
        with pytest.raises(Exception, match=r"410|404"):
            model.read(key, server)
        assert stated[kind] == {
            "read",
            "vread",
            "update",
            "patch",
            "delete",
            "history-instance",
            "history-type",
            "create",
            "search-type",
        }

"""Resources as other vendors write them, and spoiled at any place: kept as sent, or refused with the element named."""

from __future__ import annotations

import json
from typing import Any

import pytest

from interop.fhir.meaning import Writing, events_of, persons_of
from interop.fhir.searching import MAX_VALUE, terms_of
from interop.fhir.validation import TYPES, read_resource
from interop.service.keys import Vault
from tests.interop.spoiling import ODD, spoiled
from twin.errors import FieldError, InputError
from twin.state.live import LiveState

RESOURCES: tuple[dict[str, Any], ...] = (
    {
        "resourceType": "Encounter",
        "id": "E1",
        "meta": {"profile": ["http://vendor.example/Encounter"], "tag": [{"code": "x"}]},
        "contained": [{"resourceType": "Location", "id": "l", "name": "Bay"}],
        "extension": [{"url": "http://vendor.example/acuity", "valueDecimal": 2.50}],
        "status": "in-progress",
        "_status": {"extension": [{"url": "http://vendor.example/why", "valueString": "bed board"}]},
        "class": {"system": "http://vendor.example/classes", "code": "DAYCASE"},
        "subject": {"reference": "https://his.example/fhir/Patient/p1", "display": "FAMILYNAME"},
        "period": {"start": "2026-01"},
        "location": [
            {"location": {"reference": "#l"}, "status": "completed"},
            {"location": {"reference": "https://his.example/fhir/Location/W1"}, "period": {"start": "2026-01-05"}},
            {"location": {"reference": "Location/B2"}, "status": "reserved"},
        ],
    },
    {
        "resourceType": "Location",
        "id": "B1",
        "status": "active",
        "operationalStatus": {"system": "http://terminology.hl7.org/CodeSystem/v2-0116", "code": "K"},
        "position": {"longitude": 5.270, "latitude": 52.10},
        "partOf": {"reference": "Location/W1"},
    },
    {
        "resourceType": "Appointment",
        "id": "A1",
        "status": "booked",
        "start": "2026-01-05T09:00:00.000+01:00",
        "end": "2026-01-05T09:30:00+01:00",
        "participant": [
            {"actor": {"reference": "urn:uuid:53fefa32-fcbb-4ff8-8a92-55ee120877b7"}, "status": "accepted"},
            {"actor": {"reference": "Location/W1"}, "required": "required", "status": "accepted"},
        ],
    },
    {
        "resourceType": "SupplyRequest",
        "id": "S1",
        "status": "active",
        "priority": "stat",
        "itemCodeableConcept": {"coding": [{"system": "urn:x", "code": "glove-m"}]},
        "quantity": {"value": 1.50, "unit": "pack"},
        "occurrenceDateTime": "2026-01-05",
        "deliverTo": {"reference": "Location/W1"},
    },
    {
        "resourceType": "InventoryReport",
        "id": "R1",
        "status": "active",
        "countType": "snapshot",
        "reportedDateTime": "2026-01-05T09:00:00Z",
        "inventoryListing": [
            {
                "location": {"reference": "Location/W1"},
                "item": [{"quantity": {"value": 5}, "item": {"concept": {"coding": [{"code": "glove-m"}]}}}],
            }
        ],
    },
)


def take(resource: Any, kind: str) -> None:
    """Do with a resource what a write does with it, but for storing it."""
    told = read_resource(json.dumps(resource).encode("utf-8", "surrogatepass"), kind)
    vault = Vault(bytes(32))
    writing = Writing(kind=kind, id="x", version=1, source="his:t", at=1, pseudonym=vault.pseudonym, live=LiveState())
    assert all(isinstance(event.occurred_at, int) for event in events_of(told, writing))
    terms = terms_of(told, kind, lambda text: vault.fingerprint(text.encode("utf-8", "surrogatepass")))
    assert all(len(value) <= MAX_VALUE and "\x00" not in value for _, value in terms)
    assert all("Patient/" in reference for reference in persons_of(told))


def is_refused(resource: Any, kind: str) -> bool:
    try:
        take(resource, kind)
    except InputError:
        return True
    return False


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda one: str(one["resourceType"]))
def test_a_resource_spoiled_at_any_place_is_refused_or_taken_but_never_breaks(resource: dict[str, Any]) -> None:
    kind = str(resource["resourceType"])
    assert not is_refused(resource, kind)

    assert sum(is_refused(made, kind) for _path, made in spoiled(resource, ODD[::2])) > 50


@pytest.mark.parametrize(
    ("resource", "field"),
    [
        ({"resourceType": "Encounter", "status": "in_progress", "class": {"code": "IMP"}}, "status"),
        (
            {
                "resourceType": "Encounter",
                "status": "planned",
                "class": {"code": "IMP"},
                "location": [{"location": {"reference": "Location/B1"}, "status": "occupied"}],
            },
            "location.status",
        ),
        ({"resourceType": "Location", "status": "open"}, "status"),
        ({"resourceType": "Task", "status": "done", "intent": "order"}, "status"),
        ({"resourceType": "Task", "status": "ready", "intent": "order", "priority": "high"}, "priority"),
        ({"resourceType": "Observation", "status": "done", "code": {"text": "x"}}, "status"),
    ],
)
def test_a_code_outside_its_required_value_set_is_refused_and_named(resource: dict[str, Any], field: str) -> None:
    with pytest.raises(FieldError) as caught:
        read_resource(json.dumps(resource).encode(), str(resource["resourceType"]))

    assert caught.value.problem.field == field
    assert "Expected one of" in caught.value.problem.message


def test_a_code_that_is_absent_with_a_reason_is_taken() -> None:
    absent = [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]
    body = {
        "resourceType": "Location",
        "_status": {"extension": absent},
        "physicalType": {"coding": [{"system": "http://vendor.example/kinds", "code": "pod"}]},
    }

    assert read_resource(json.dumps(body).encode(), "Location") == body


def test_every_type_is_looked_at() -> None:
    assert {one["resourceType"] for one in RESOURCES} <= set(TYPES)

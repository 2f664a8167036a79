"""Events with anything in the place of anything: refused with the place named, or taken and found again; never a crash."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from interop.epcis.document import check, events_of
from interop.epcis.hashing import hash_of, ignored_fields, namespaces_of
from interop.epcis.terms import terms_of
from interop.service.epcis_queries import Trace, _amounts, _follow
from tests.interop.spoiling import spoiled
from twin.errors import FieldError, InputError

OBJECT: dict[str, Any] = {
    "type": "ObjectEvent",
    "eventID": "urn:uuid:1",
    "eventTime": "2026-01-05T08:00:00.1415+14:00",
    "eventTimeZoneOffset": "+14:00",
    "recordTime": "2026-01-05T08:00:00Z",
    "action": "OBSERVE",
    "bizStep": "shipping",
    "disposition": "in_transit",
    "persistentDisposition": {"set": ["completeness_verified"], "unset": ["conformant"]},
    "certificationInfo": ["https://example.org/certificate"],
    "epcList": ["urn:epc:id:sgtin:4012345.011111.9876"],
    "quantityList": [{"epcClass": "urn:epc:class:lgtin:4012345.011111.L1", "quantity": 10.50, "uom": "KGM"}],
    "readPoint": {"id": "urn:epc:id:sgln:4012345.00001.0", "example:floor": "2"},
    "bizLocation": {"id": "https://id.gs1.org/414/4012345000016"},
    "bizTransactionList": [{"type": "po", "bizTransaction": "urn:epc:id:gdti:0614141.00001.1618034"}],
    "sourceList": [{"type": "owning_party", "source": "urn:epc:id:pgln:4012345.00001"}],
    "destinationList": [{"type": "location", "destination": "urn:epc:id:sgln:4012345.00002.0"}],
    "sensorElementList": [
        {
            "sensorMetadata": {"time": "2026-01-05T08:00:00Z", "deviceID": "urn:epc:id:giai:4000001.111"},
            "sensorReport": [
                {"type": "Temperature", "value": 26.00, "uom": "CEL", "component": "x"},
                {"type": "gs1:AbsoluteHumidity", "booleanValue": True, "example:x": [1, 2]},
            ],
            "example:furtherSensorData": [{"example:timeStamp": "2026-01-05T08:00:00Z"}],
        }
    ],
    "ilmd": {"cbvmda:lotNumber": "L1", "example:grown": {"example:at": "2026-01-01"}},
    "errorDeclaration": {
        "declarationTime": "2026-01-06T08:00:00Z",
        "reason": "incorrect_data",
        "correctiveEventIDs": ["urn:uuid:2"],
    },
    "example:myField": {"@value": "x", "example:inner": ["a", {"example:deep": 1}]},
}
DOCUMENT: dict[str, Any] = {
    "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld", {"example": "http://e.example/x/"}],
    "type": "EPCISDocument",
    "schemaVersion": "2.0",
    "example:ignoreFields": ["bizStep"],
    "epcisBody": {"eventList": [OBJECT]},
}
OTHERS: tuple[dict[str, Any], ...] = tuple(
    {"eventTime": "2026-01-05T08:00:00Z", "eventTimeZoneOffset": "-05:30", "readPoint": {"id": "urn:x:1"}} | fields
    for fields in (
        {"type": "AggregationEvent", "action": "ADD", "parentID": "urn:epc:id:sscc:0614141.1234567890",
         "childEPCs": ["urn:epc:id:sgtin:4012345.011111.9876"],
         "childQuantityList": [{"epcClass": "urn:epc:idpat:sgtin:4012345.011111.*", "quantity": 1}]},
        {"type": "AssociationEvent", "action": "DELETE", "parentID": "urn:epc:id:grai:4012345.55555.987",
         "childEPCs": ["urn:epc:id:giai:4000001.12345"], "childQuantityList": []},
        {"type": "TransactionEvent", "action": "ADD", "epcList": [], "parentID": "urn:epc:id:sscc:0614141.1234567890",
         "bizTransactionList": [{"bizTransaction": "urn:x:po"}], "quantityList": [{"epcClass": "urn:x:class"}]},
        {"type": "TransformationEvent", "transformationID": "urn:x:t", "inputEPCList": ["urn:x:in"],
         "outputEPCList": ["urn:x:out"], "inputQuantityList": [{"epcClass": "urn:x:in", "quantity": 0}],
         "outputQuantityList": [{"epcClass": "urn:x:out", "quantity": 2.5, "uom": "LTR"}]},
    )
)  # fmt: skip


def take(document: Any) -> None:
    """Do with a document what capture and trace do with it."""
    namespaces = namespaces_of(document["@context"] if isinstance(document.get("@context"), list) else [])
    ignored = ignored_fields(document)
    for index, event in enumerate(events_of(document)):
        at = check(event, index)
        assert -(2**63) < at < 2**63
        assert hash_of(event, namespaces=namespaces, ignored=ignored).startswith("ni:///sha-256;")
        terms = terms_of(event, namespaces)
        assert all(len(value) <= 400 and "\x00" not in value for _, value in terms)
        kept = msgspec.json.decode(msgspec.json.encode(event))
        found = Trace(key="https://id.gs1.org/01/04012345111118")
        for name, quantity, unit in _amounts(kept, found.key):
            _follow(kept, name, quantity, unit, {}, found.receipts)


def refusal(document: Any) -> str:
    """Give the code with which a document is refused; empty if it is taken."""
    try:
        take(document)
    except InputError as error:
        return error.code
    return ""


def test_a_document_spoiled_at_any_place_is_refused_or_taken_but_never_breaks() -> None:
    codes = [refusal(document) for _path, document in spoiled(DOCUMENT)]

    assert {code.partition(".")[0] for code in codes} == {"", "epcis"}
    assert codes.count("") > 300
    assert len(codes) - codes.count("") > 300


@pytest.mark.parametrize("event", OTHERS, ids=lambda event: str(event["type"]))
def test_an_event_of_every_type_spoiled_at_any_place_never_breaks(event: dict[str, Any]) -> None:
    whole = DOCUMENT | {"epcisBody": {"eventList": [event]}}
    assert refusal(whole) == ""

    codes = {refusal(document) for _path, document in spoiled(whole)}
    assert {code.partition(".")[0] for code in codes} == {"", "epcis"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("type", ["ObjectEvent"]),  # a list has no hash: it is compared, not looked up
        ("action", {"x": 1}),
        ("quantityList", [{"epcClass": "urn:x:y", "quantity": "10"}]),
        ("quantityList", [{"epcClass": "urn:x:y", "quantity": True}]),
        ("quantityList", [{"epcClass": "urn:x:y", "quantity": -1}]),
        ("quantityList", [{"epcClass": "urn:x:y", "quantity": 1, "uom": 7}]),
        ("bizTransactionList", ["urn:x:po"]),
        ("sourceList", [{"type": "location"}]),
        ("destinationList", [{"type": "location", "destination": 5}]),
        ("sensorElementList", ["warm"]),
        ("sensorElementList", [{"sensorReport": "warm"}]),
        ("ilmd", []),
        ("persistentDisposition", "conformant"),
        ("errorDeclaration", {}),
        ("errorDeclaration", {"declarationTime": "yesterday"}),
    ],
)
def test_a_wrong_field_is_named_with_its_place(field: str, value: Any) -> None:
    with pytest.raises(FieldError) as caught:
        check(OBJECT | {field: value}, 3)

    problem = caught.value.problem
    assert (problem.field, problem.place) == (field, f"/epcisBody/eventList/3/{field}")
    assert problem.cure


@pytest.mark.parametrize("context", [None, "x", {"example": "http://e.example/x/"}, {"@vocab": "http://x/"}, [], [[]]])
def test_contexts_of_every_shape_are_taken(context: Any) -> None:
    document = DOCUMENT | {"@context": context}

    assert [event["eventID"] for event in events_of(document)] == ["urn:uuid:1"]
    assert isinstance(namespaces_of(context if isinstance(context, list) else [context]), dict)


BARE: dict[str, Any] = {"eventTime": "2026-01-05T08:00:00Z", "eventTimeZoneOffset": "+00:00"}
EPC = "urn:epc:id:sgtin:4012345.011111.9876"


@pytest.mark.parametrize(
    ("event", "field"),
    [
        ({"type": "ObjectEvent", "action": "OBSERVE"}, "epcList"),  # of nothing
        ({"type": "ObjectEvent", "action": "OBSERVE", "epcList": []}, "epcList"),
        ({"type": "AggregationEvent", "action": "ADD", "childEPCs": [EPC]}, "parentID"),
        ({"type": "AggregationEvent", "action": "DELETE"}, "parentID"),
        ({"type": "AssociationEvent", "action": "ADD", "childEPCs": [EPC]}, "parentID"),
        ({"type": "TransactionEvent", "action": "ADD", "epcList": [EPC]}, "bizTransactionList"),
        ({"type": "TransformationEvent", "inputEPCList": [EPC]}, "outputEPCList"),
        ({"type": "TransformationEvent", "outputEPCList": [EPC]}, "inputEPCList"),
    ],
)
def test_an_event_that_says_nothing_about_anything_is_refused(event: dict[str, Any], field: str) -> None:
    with pytest.raises(FieldError) as refused:
        check(BARE | event, 0)

    assert refused.value.problem.field == field


@pytest.mark.parametrize(
    "event",
    [
        {"type": "ObjectEvent", "action": "OBSERVE", "sensorElementList": [{"sensorReport": [{"type": "x"}]}]},
        {"type": "AggregationEvent", "action": "OBSERVE", "childEPCs": [EPC]},  # seen together in nobody knows what
        {"type": "AggregationEvent", "action": "DELETE", "parentID": "urn:epc:id:sscc:0614141.1234567890"},  # of all
        {"type": "TransformationEvent", "inputEPCList": [EPC], "transformationID": "urn:epc:id:gdti:0614141.1.1"},
    ],
)
def test_an_event_that_leaves_out_what_it_may_is_taken(event: dict[str, Any]) -> None:
    assert check(BARE | event, 0) > 0

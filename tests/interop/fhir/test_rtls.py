"""Messages of the RTLS guide: its own examples, what is refused, and that ours are read back and valid R4."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.parameters import Parameters
from hypothesis import given
from hypothesis import strategies as st

from interop.fhir.rtls import (
    EVENTS,
    RtlsEvent,
    Whereabouts,
    duress_answer,
    location_update,
    read_bundle,
    read_parameters,
    response,
)
from interop.fhir.xml import read_xml
from twin.errors import DecodeError, FieldError, HospitalTwinError


@pytest.fixture
def examples(data_dir: Path) -> Path:
    return data_dir / "rtls"


@pytest.mark.parametrize(
    ("file", "event", "names"),
    [
        ("rtlsMessageBundleEnroll-example.xml", RtlsEvent.ENROLL, ()),
        ("rtlsMessageBundleUnenroll-example.xml", RtlsEvent.UNENROLL, ()),
        ("rtlsMessageBundleLocationUpdate-example.xml", RtlsEvent.LOCATION, ("EMC-317",)),
    ],
)
def test_the_examples_of_the_guide_are_read(
    examples: Path, file: str, event: RtlsEvent, names: tuple[str, ...]
) -> None:
    message = read_bundle(read_xml((examples / file).read_bytes()))

    assert (message.event, message.tags[0].tag) == (event, "12345678")
    assert message.tags[0].names[: len(names)] == names
    assert message.at == 1_679_671_453_188_243 // 1_000_000 * 1_000_000 + 188_243
    assert message.id


def test_a_call_for_help_of_the_guide_is_read(examples: Path) -> None:
    message = read_parameters(read_xml((examples / "rtlsAuxiliaryFunctionInput-example.xml").read_bytes()))

    assert (message.event, message.tags[0].tag) == (RtlsEvent.DURESS, "12345678")
    assert "EMC-317" in message.tags[0].names
    assert Parameters.model_validate(duress_answer("1")).parameter[0].name == "task"


def bundle(event: str = "location-update", **changed: Any) -> dict[str, Any]:
    header = {
        "resourceType": "MessageHeader",
        "id": "M1",
        "eventCoding": {"system": EVENTS, "code": event},
        "source": {"endpoint": "http://rtls.test/in"},
        "focus": [{"reference": "Device/D1"}],
    }
    device = {
        "resourceType": "Device",
        "id": "D1",
        "identifier": [{"value": "T-1"}],
        "location": {"reference": "Location/W1"},
    }
    made = {
        "resourceType": "Bundle",
        "type": "message",
        "timestamp": "2026-01-05T08:00:00Z",
        "entry": [{"resource": header | changed.pop("header", {})}, {"resource": device | changed.pop("device", {})}],
    }
    return made | changed


def test_a_reference_to_a_place_of_ours_needs_no_copy_of_it() -> None:
    assert read_bundle(bundle()).tags[0].names == ("W1",)


@pytest.mark.parametrize(
    ("told", "field"),
    [
        (bundle(type="batch"), "type"),  # no message
        (bundle(resourceType="Parameters"), "type"),  # no Bundle
        (bundle(entry=[]), "entry.0.resource"),  # no header
        (bundle("assign-tag"), "eventCoding"),  # an event that the guide's ballot took out
        (bundle(header={"eventCoding": {"system": "http://other", "code": "location-update"}}), "eventCoding"),
        (bundle(device={"identifier": []}), "identifier"),  # a tag without an id
        (bundle(device={"location": None}), "location"),  # an update without a place
        (bundle(entry=[bundle()["entry"][0]]), "entry"),  # nothing in focus
    ],
)
def test_what_is_no_message_of_the_guide_is_refused_by_field(told: dict[str, Any], field: str) -> None:
    with pytest.raises(FieldError) as caught:
        read_bundle(told)

    assert field in caught.value.problem.field


@pytest.mark.parametrize("missing", ["event", "location", "device", "timestamp"])
def test_a_call_for_help_needs_every_parameter(missing: str) -> None:
    held = {
        "event": {"valueCoding": {"code": "staff-duress"}},
        "location": {"resource": {"resourceType": "Location", "id": "W1"}},
        "device": {"resource": {"resourceType": "Device", "identifier": [{"value": "T"}]}},
        "timestamp": {"valueInstant": "2026-01-05T08:00:00Z"},
    }
    told = [{"name": name} | value for name, value in held.items() if name != missing]

    with pytest.raises(FieldError, match=missing):
        read_parameters({"resourceType": "Parameters", "parameter": told})  # type: ignore[dict-item]  # JSON


_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=20)
_ID = st.from_regex(r"[A-Za-z0-9\-.]{1,20}", fullmatch=True)


@given(tag=_TEXT, place=_ID, name=_TEXT, at=st.integers(1_600_000_000_000, 1_800_000_000_000))
def test_what_we_tell_is_valid_r4_and_read_back(tag: str, place: str, name: str, at: int) -> None:
    made = location_update(
        Whereabouts(tag=tag, place=place, name=name, at=at * 1000), key="0198-1", url="http://twin.test/fhir"
    )

    Bundle.model_validate(made)
    message = read_bundle(made)

    assert (message.event, message.at, message.id) == (RtlsEvent.LOCATION, at * 1000, "0198-1")
    assert (message.tags[0].tag, message.tags[0].names[0]) == (tag, place)
    Bundle.model_validate(response(message, key="1", at=at * 1000, url="http://twin.test/fhir"))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<",
        b"<Bundle/>",  # no namespace
        b'<!DOCTYPE a [<!ENTITY b "c">]><Bundle xmlns="http://hl7.org/fhir"/>',
        b'<Bundle xmlns="http://hl7.org/fhir">' + b"<entry>" * 100 + b"</entry>" * 100 + b"</Bundle>",
        "<Bündel".encode("latin-1"),
    ],
)
def test_xml_that_is_no_resource_is_refused(data: bytes) -> None:
    with pytest.raises(DecodeError):
        read_xml(data)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(_JSON, st.sampled_from(["header", "device", "entry", "focus", "timestamp"]))
def test_no_message_makes_the_reader_fall_over(value: Any, where: str) -> None:
    told = bundle(**({where: value} if where not in ("header", "device") else {}))
    if where in ("header", "device"):
        told["entry"][0 if where == "header" else 1]["resource"] = value
    try:
        read_bundle(told)
    except HospitalTwinError:
        return


@given(st.binary(max_size=200))
def test_no_octets_make_the_xml_reader_fall_over(data: bytes) -> None:
    try:
        read_xml(b'<Bundle xmlns="http://hl7.org/fhir">' + data)
    except DecodeError:
        return

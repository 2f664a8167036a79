"""Event hashes against the published ones, and properties of the canonical form."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interop.epcis.document import events_of
from interop.epcis.hashing import canonical_text, hash_of, ignored_fields, namespaces_of
from interop.epcis.identifiers import canonical_key, canonical_term, like_of
from interop.epcis.xml import read_xml
from twin.errors import DecodeError

FOLDER = "gateway/epcis-hash-examples"


def _hashes(document: dict[str, Any]) -> list[str]:
    contexts = document.get("@context", [])
    spaces = namespaces_of(contexts if isinstance(contexts, list) else [contexts])
    ignored = ignored_fields(document)
    return [hash_of(event, namespaces=spaces, ignored=ignored) for event in events_of(document)]


def _published(file: Path) -> list[str]:
    return file.with_suffix(".hashes").read_text(encoding="utf-8").split()


def test_every_published_hash_of_json_documents_is_met(data_dir: Path) -> None:
    files = sorted((data_dir / FOLDER).glob("*.jsonld"))

    found = {file.name: _hashes(json.loads(file.read_text(encoding="utf-8"))) for file in files}

    assert len(files) == 22
    assert found == {file.name: _published(file) for file in files}


def test_every_published_hash_of_xml_documents_is_met(data_dir: Path) -> None:
    files = sorted((data_dir / FOLDER).glob("*.xml"))

    found = {file.name: sorted(_hashes(read_xml(file.read_bytes()))) for file in files}

    assert len(files) == 17
    assert found == {file.name: sorted(_published(file)) for file in files}


EVENT = {
    "type": "ObjectEvent",
    "action": "OBSERVE",
    "eventTime": "2026-01-05T08:00:00+08:00",
    "eventTimeZoneOffset": "+08:00",
    "epcList": ["urn:epc:id:sgtin:4012345.011111.1", "urn:epc:id:sscc:4012345.0000000111"],
    "bizStep": "shipping",
    "readPoint": {"id": "urn:epc:id:sgln:4012345.00011.987"},
    "bizTransactionList": [{"type": "po", "bizTransaction": "urn:x:1"}, {"type": "inv", "bizTransaction": "urn:x:2"}],
}


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)  # a busy machine is no finding
@given(st.randoms(use_true_random=False))
def test_the_order_of_fields_and_of_lists_does_not_change_the_hash(chance: random.Random) -> None:
    names = list(EVENT)
    chance.shuffle(names)
    shuffled: dict[str, Any] = {name: EVENT[name] for name in names}
    for name in ("epcList", "bizTransactionList"):
        shuffled[name] = chance.sample(shuffled[name], len(shuffled[name]))

    assert hash_of(shuffled, namespaces={}) == hash_of(EVENT, namespaces={})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("bizStep", "urn:epcglobal:cbv:bizstep:shipping"),  # URN of CBV 1.2
        ("bizStep", "https://ref.gs1.org/cbv/BizStep-shipping"),  # Web URI of CBV 2.0
        ("eventTime", "2026-01-05T00:00:00.0004Z"),  # the same millisecond, in UTC
        ("epcList", ["https://id.gs1.org/01/04012345111118/21/1", "https://x.org/00/040123450000001112"]),
        ("recordTime", "2026-01-06T00:00:00Z"),  # a repository's own
        ("errorDeclaration", {"declarationTime": "2026-01-06T00:00:00Z"}),
    ],
)
def test_another_form_of_the_same_event_has_the_same_hash(name: str, value: Any) -> None:
    assert hash_of({**EVENT, name: value}, namespaces={}) == hash_of(EVENT, namespaces={})  # type: ignore[arg-type, dict-item]


@pytest.mark.parametrize(
    ("name", "value"), [("bizStep", "receiving"), ("action", "ADD"), ("eventTimeZoneOffset", "+07:00"), ("x:y", "1")]
)
def test_another_event_has_another_hash(name: str, value: str) -> None:
    assert hash_of({**EVENT, name: value}, namespaces={}) != hash_of(EVENT, namespaces={})  # type: ignore[arg-type, dict-item]


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)  # a busy machine is no finding
@given(st.text(max_size=60))
def test_canonical_keys_are_canonical_already(text: str) -> None:
    for start in ("", "urn:epc:id:sgtin:", "urn:epc:id:sgln:4012345.00011.", "https://id.gs1.org/01/"):
        once = canonical_key(start + text)
        assert canonical_key(once) == once


def test_patterns_open_every_part_of_a_key() -> None:
    assert like_of("urn:epc:idpat:sgtin:0614141.107346.*") == "https://id.gs1.org/01/10614141073464/%"
    assert like_of("urn:epc:idpat:sgtin:0614141.*.*") == "https://id.gs1.org/01/_0614141%/21/%"
    assert like_of("urn:epc:idpat:grai:4012345.00022.*") == "https://id.gs1.org/8003/04012345000221%"
    assert like_of("urn:epc:idpat:sgln:4012345.*.*") == "https://id.gs1.org/414/4012345%"
    assert like_of("urn:x:100%_") == "urn:x:100\\%\\_"


def test_a_document_type_is_refused_before_an_entity_can_grow() -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bb">]><a>&b;</a>'

    with pytest.raises(DecodeError) as caught:
        read_xml(bomb)

    assert caught.value.code == "epcis.xml"


def test_the_text_of_an_event_says_what_is_hashed() -> None:
    text = canonical_text(EVENT, namespaces={})  # type: ignore[arg-type]

    assert text.startswith("eventType=ObjectEventeventTime=2026-01-05T00:00:00.000ZeventTimeZoneOffset=+08:00epcList")
    assert canonical_term("disposition", "x:own") == "x:own"

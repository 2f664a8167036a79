from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfid_gateway.rfid.json_events import (
    FieldNames,
    JsonTag,
    JsonTags,
    instant_us,
    read_impinj_line,
    read_mapped_message,
    read_zebra_message,
)
from twin.errors import DecodeError

AT_US = 1_767_600_000_500_000
AT = "2026-01-05T08:00:00.500Z"


def test_line_of_an_impinj_reader_is_read() -> None:
    line = (
        b'{"timestamp":"2026-01-05T08:00:01Z","eventType":"tagInventory","tagInventoryEvent":{"epcHex":"e2801160",'
        b'"antennaPort":2,"peakRssiCdbm":-5450,"lastSeenTime":"' + AT.encode() + b'"}}'
    )

    assert read_impinj_line(line).tags == [JsonTag(epc="E2801160", antenna=2, rssi_dbm=-54.5, seen_at=AT_US)]


def test_plain_field_of_an_impinj_reader_is_base64_for_urls() -> None:
    (tag,) = read_impinj_line(b'{"tagInventoryEvent":{"epc":"4oARYP__"}}').tags

    assert tag.epc == "E2801160FFFF"


@pytest.mark.parametrize("line", [b"", b"\r\n", b'{"inventoryStatusEvent":{"inventoryStatus":"running"}}'])
def test_line_without_a_tag_tells_none(line: bytes) -> None:
    assert read_impinj_line(line).tags == []


def test_message_of_a_zebra_reader_is_read() -> None:
    message = (
        b'{"type":"SIMPLE","timestamp":"2026-01-05T08:00:00.500+0000","data":{"eventNum":12,"format":"epc",'
        b'"idHex":"E2801160","antenna":1,"peakRssi":-48,"reads":3}}'
    )
    expected = [JsonTag(epc="E2801160", antenna=1, rssi_dbm=-48.0, seen_at=AT_US, times=3, number=12)]

    assert read_zebra_message(message).tags == expected
    assert read_zebra_message(b"[" + message + b"]").tags == expected


def test_fields_of_any_program_are_found_by_their_names() -> None:
    names = FieldNames(records="reads.items", epc="tag.id", antenna="port", rssi_dbm="level", seen_at="ms")
    message = {"reads": {"items": [{"tag": {"id": "30AA"}, "port": 4, "level": -61.5, "ms": AT_US // 1000}]}}

    found = read_mapped_message(msgspec.json.encode(message), names)

    assert found.tags == [JsonTag(epc="30AA", antenna=4, rssi_dbm=-61.5, seen_at=AT_US)]


@pytest.mark.parametrize(
    "record",
    [
        {"epc": "XYZ"},
        {"epc": "30A"},  # half an octet
        {"epc": ""},
        {"epc": 12},
        {"epc": "AA" * 63},  # more than a tag can hold
        {},
        {"epc": "30AA", "antenna": True},
        {"epc": "30AA", "antenna": -1},
        {"epc": "30AA", "antenna": "1"},
        {"epc": "30AA", "rssi": 2000},
        {"epc": "30AA", "timestamp": "yesterday"},
        {"epc": "30AA", "timestamp": "2026-01-05T08:00:00"},  # whose clock?
        {"epc": "30AA", "timestamp": False},
        "30AA",
    ],
)
def test_record_that_breaks_a_rule_costs_itself_only(record: object) -> None:
    found = read_mapped_message(msgspec.json.encode([record, {"epc": "30BB"}]), FieldNames())

    assert [tag.epc for tag in found.tags] == ["30BB"]
    assert len(found.problems) == 1


def test_event_that_is_no_object_costs_a_message_of_a_zebra_reader_itself_only() -> None:
    good = {"data": {"eventNum": 1, "idHex": "30BB", "antenna": 1}}

    found = read_zebra_message(msgspec.json.encode([good, "heartbeat", None, good, {"data": [7, {"idHex": "30CC"}]}]))

    assert [tag.epc for tag in found.tags] == ["30BB", "30BB", "30CC"]
    assert len(found.problems) == 3


@pytest.mark.parametrize("read", [read_zebra_message, lambda payload: read_mapped_message(payload, FieldNames())])
def test_records_that_are_left_out_for_their_number_are_told(read: Callable[[bytes], JsonTags]) -> None:
    found = read(msgspec.json.encode([{"epc": "30BB", "data": {"idHex": "30BB"}}] * 10_003))

    assert (len(found.tags), found.problems) == (10_000, ["3 record(s) after the first 10000 were left out"])


@pytest.mark.parametrize("payload", [b"", b"nonsense", b"\xff", b"[" * 100_000, b'"text"', b"12"])
def test_what_is_no_event_is_refused_with_a_code(payload: bytes) -> None:
    for read in (read_impinj_line, read_zebra_message):
        if read is read_impinj_line and not payload:
            continue
        with pytest.raises(DecodeError) as caught:
            read(payload)
        assert caught.value.code == "json.malformed"


@given(st.integers(946_684_800_000_000, 4_070_908_800_000_000))
def test_instants_in_every_unit_mean_the_same(at: int) -> None:
    text_us = instant_us((datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)).isoformat())

    assert text_us == at
    assert instant_us(text_us) == text_us
    assert abs((instant_us(text_us // 1000) or 0) - text_us) < 1000
    assert abs((instant_us(text_us // 1_000_000) or 0) - text_us) < 1_000_000


@pytest.mark.parametrize(
    ("found", "tid"),
    [
        (read_impinj_line(b'{"tagInventoryEvent":{"epcHex":"E280","tidHex":"e2801160"}}'), "E2801160"),
        (read_impinj_line(b'{"tagInventoryEvent":{"epcHex":"E280","tid":"4oARYA"}}'), "E2801160"),
        (read_impinj_line(b'{"tagInventoryEvent":{"epcHex":"E280"}}'), ""),
        (read_zebra_message(b'{"data":{"idHex":"E280","TID":"E2801160"}}'), "E2801160"),
        (read_zebra_message(b'{"data":{"idHex":"E280","TID":""}}'), ""),
        (read_mapped_message(b'{"epc":"E280","chip":"E2801160"}', FieldNames(tid="chip")), "E2801160"),
    ],
)
def test_chip_is_told_beside_its_code(found: JsonTags, tid: str) -> None:
    assert [(one.epc, one.tid) for one in found.tags] == [("E280", tid)]


def test_chip_that_is_no_hex_costs_its_own_record_only() -> None:
    found = read_zebra_message(b'{"data":[{"idHex":"E280","TID":"xyz"},{"idHex":"E281"}]}')

    assert [one.epc for one in found.tags] == ["E281"]
    assert "TID" in found.problems[0]

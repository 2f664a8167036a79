from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfid_gateway.modbus.decoding import decode
from rfid_gateway.modbus.mbmap import MapImport, profile_from_mbmap
from rfid_gateway.modbus.profile import ByteOrder, Table
from twin.errors import ImportRefused

TEMPERATURE = {"name": "Chamber temperature", "address": 40, "type": "int16", "scale": 0.1, "unit": "°C"}


def taken(*registers: Any, base: int | None = None, **top: Any) -> MapImport:
    whole = {"address_base": 0, "registers": list(registers), **top}
    return profile_from_mbmap(json.dumps(whole), "x.mbmap.json", name="x", address_base=base)


def test_map_becomes_a_profile_that_decodes() -> None:
    found = taken(
        TEMPERATURE,
        {"name": "State", "address": "0x10", "type": "u16", "table": "input", "enum": {"0": "idle", "1": "busy"}},
        {"name": "Count", "address": 20, "type": "uint32", "word_order": "little"},
        {"name": "Serial", "address": 30, "type": "string", "length": 4, "parts": [{"name": "a", "offset": 0}]},
        {"name": "Door", "address": 3, "type": "bool", "function_code": 2},
        {"name": "Invalid", "address": 50, "type": "int16", "sentinels": ["0x8000"], "x_maker": {"any": 1}},
    )

    by_key = found.profile.by_key
    assert found.left_out == ()
    assert decode(by_key["chamber_temperature"], [215]).value == 21.5
    assert (by_key["state"].address, by_key["state"].labels) == (16, {0: "idle", 1: "busy"})
    assert decode(by_key["count"], [2, 1]).value == 65_538
    assert (by_key["serial"].words, by_key["door"].table) == (4, Table.DISCRETE_INPUTS)
    assert decode(by_key["invalid"], [0x8000]).value is None


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"factor": 10}, "/registers/1/factor"),  # might be a scale
        ({"type": "uint32"}, "/registers/1/word_order"),  # two ways to put two registers together
        ({"type": "int12"}, "/registers/1/type"),
        ({"address": "forty"}, "/registers/1"),
        ({"address": 70_000}, "/registers/1/address"),
        ({"address": True}, "/registers/1/address"),
        ({"table": "file"}, "/registers/1/table"),
        ({"scale": 0.1, "offset": -40}, "/registers/1/offset"),  # before or after the scale
        ({"scale": None}, "/registers/1/scale"),
        ({"scale": True}, "/registers/1/scale"),
        ({"type": "uint32", "word_order": "big", "length": 1}, "/registers/1/length"),  # registers, or the wrong type
        ({"type": "uint32", "word_order": "big", "length": 4}, "/registers/1/length"),  # octets, perhaps
        ({"word_order": "sideways"}, "/registers/1/word_order"),
        ({"enum": ["off", "on"]}, "/registers/1/enum"),
        ({"type": "string"}, "/registers/1/"),
        ({"type": "bool"}, "/registers/1/table"),
    ],
)
def test_register_that_is_not_wholly_understood_is_named_and_left_out(more: dict[str, Any], place: str) -> None:
    found = taken(TEMPERATURE, {"name": "Odd", "address": 41, "type": "uint16", **more})

    assert [one.key for one in found.profile.signals] == ["chamber_temperature"]
    assert [one.place for one in found.left_out] == [place]


def test_no_object_is_named_by_its_place() -> None:
    assert [one.place for one in taken(TEMPERATURE, 7).left_out] == ["/registers/1/"]


def test_what_else_the_file_says_is_named_when_it_is_not_read() -> None:
    assert [one.place for one in taken(TEMPERATURE, firmware={"from": 2}).left_out] == ["/firmware"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("{", "/"),
        ("[]", "/"),
        ("[" * 100_000, "/"),
        ('{"registers": []}', "/registers"),
        ('{"registers": [{"address": 1, "type": "uint16"}]}', "/address_base"),
        ('{"addressing": "from the maker", "registers": [{"address": 1, "type": "uint16"}]}', "/addressing"),
    ],
)
def test_file_that_is_no_map_or_leaves_addresses_open_is_refused(text: str, place: str) -> None:
    with pytest.raises(ImportRefused) as caught:
        profile_from_mbmap(text, "x.json", name="x")

    assert [one.place for one in caught.value.problems] == [place]


def test_map_of_which_nothing_is_understood_is_refused_with_the_reasons() -> None:
    with pytest.raises(ImportRefused) as caught:
        taken({"name": "Odd", "address": 1, "type": "uint16", "mystery": 1})

    assert [one.field for one in caught.value.problems] == ["mystery"]


@pytest.mark.parametrize(
    ("said", "told", "base"), [({"addressing": "1-based"}, None, 1), ({"address_base": 0}, 1, 0), ({}, 1, 1)]
)
def test_file_says_how_addresses_count_or_the_person_does(said: dict[str, Any], told: int | None, base: int) -> None:
    text = json.dumps({"registers": [TEMPERATURE], **said})

    assert profile_from_mbmap(text, "x.json", name="x", address_base=told).profile.address_base == base


@pytest.mark.parametrize(
    ("orders", "expected"),
    [
        ({"word_order": "big"}, ByteOrder.ABCD),
        ({"word_order": "low_first"}, ByteOrder.CDAB),
        ({"word_order": "msw-first", "byte_order": "little-endian"}, ByteOrder.BADC),
        ({"word_order": "le", "byte_order": "le"}, ByteOrder.DCBA),
        ({"byte_order": "cdab"}, ByteOrder.CDAB),
    ],
)
def test_order_of_words_and_octets_is_the_registers_or_the_maps(orders: dict[str, str], expected: ByteOrder) -> None:
    register = {"name": "a", "address": 1, "type": "float32"}

    assert taken({**register, **orders}).profile.signals[0].order is expected
    assert taken(register, **orders).profile.signals[0].order is expected


def test_registers_that_must_be_read_alone_make_one_request_each() -> None:
    assert taken({**TEMPERATURE, "read_alone": True}).profile.limits.is_one_request_per_signal
    assert not taken(TEMPERATURE).profile.limits.is_one_request_per_signal


def test_same_names_and_unknown_units_are_kept_apart_and_noted() -> None:
    first, second = taken({**TEMPERATURE, "unit": "furlong"}, {**TEMPERATURE, "address": 44}).profile.signals

    assert (first.key, second.key) == ("chamber_temperature", "chamber_temperature_2")
    assert (first.unit, first.note) == ("count", "[furlong]")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = [
    "address",
    "type",
    "table",
    "scale",
    "offset",
    "length",
    "unit",
    "enum",
    "sentinels",
    "name",
    "word_order",
    "odd",
]


@given(st.lists(st.dictionaries(st.sampled_from(KEYS), anything) | anything, min_size=1, max_size=4))
def test_any_registers_are_taken_or_named(registers: list[Any]) -> None:
    found = taken(TEMPERATURE, *registers)

    places = {one.place.split("/")[2] for one in found.left_out}
    assert len(found.profile.signals) + len(places) == 1 + len(registers)

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from rfid_gateway.modbus.decoding import decode
from rfid_gateway.modbus.planning import plan
from rfid_gateway.modbus.profile import json_schema, load_profile, parse_profile, shipped_profiles
from rfid_gateway.modbus.samples import Quality
from tests.datafiles import load_json
from twin.errors import ImportRefused, NotFound

SIGNAL = "{key: a, address: 1, type: float32}"


@pytest.mark.parametrize("name", shipped_profiles())
def test_shipped_profile_proves_itself_with_its_vectors(name: str) -> None:
    profile = load_profile(name)

    assert profile.vectors
    for vector in profile.vectors:
        decoded = decode(profile.by_key[vector.signal], vector.registers, vector.exponent)
        assert decoded.value == (vector.value if vector.value is None else pytest.approx(vector.value, rel=1e-6))
        if decoded.value is not None:
            assert decoded.quality is Quality.GOOD


@pytest.mark.parametrize("name", shipped_profiles())
def test_shipped_profile_can_be_read_in_few_requests(name: str) -> None:
    profile = load_profile(name)

    assert 1 <= len(plan(profile)) <= len(profile.signals)


def test_the_dozen_maps_and_the_generic_ones_are_shipped() -> None:
    names = shipped_profiles()

    assert len([name for name in names if name.startswith("generic-")]) == 4
    assert len(names) >= 16


# Which shipped profile and signal each published device row is about, and what its value has to be multiplied by.
PUBLISHED = {
    "Vaisala HMP RH": ("vaisala-hmp", "humidity_share", 0.01),
    "Comet T33xx/T73xx temperature (RTU)": ("comet-t3x-rtu", "air_c", 1),
    "Comet negative": ("comet-t3x-rtu", "air_c", 1),
    "Eurotherm 3200 PV float": ("eurotherm-3200", "process_value_c", 1),
    "Eurotherm 3200 dwell1 ms": ("eurotherm-3200", "dwell1_s", 1),
    "DeltaOHM HD402ST1 dP": ("deltaohm-hd402st", "pressure_pa", 1),
    "DeltaOHM not available": ("deltaohm-hd402st", "pressure_pa", 1),
    "iEM3000 active power": ("schneider-iem3000", "power_w", 1),
    "iEM3000 import energy": ("schneider-iem3000", "import_wh", 1000),
    "ABB B23 undefined": ("abb-b23", "power_w", 1),
    "Siemens PAC2200 energy": ("siemens-pac2200", "import_wh", 1000),
    "Schneider PM5100 total P": ("schneider-pm5100", "power_w", 1000),
    "Carel PJ probe 1": ("carel-pj-basic", "probe1_c", 1),
    "Carel HI alarm": ("carel-pj-basic", "high_alarm", 1),
    "float NaN": ("eurotherm-3200", "process_value_c", 1),
}


@pytest.mark.parametrize("row", load_json("assets/25_modbus_decode_vectors.json")["rows"], ids=lambda row: row["dev"])
def test_published_registers_mean_what_the_maker_says(row: dict[str, Any]) -> None:
    if row["dev"] not in PUBLISHED:
        # A value scaled by the instrument's decimals: the profile reads the mirror with full resolution instead.
        assert row["dev"] == "Eurotherm 3200 PV low"
        return
    name, key, factor = PUBLISHED[row["dev"]]
    profile = load_profile(name)
    signal = profile.by_key[key]

    decoded = decode(signal, row["regs"] if "regs" in row else [row["bit"]])

    expected = next((row[one] for one in ("value", "value_W", "value_kWh") if one in row), None)
    assert decoded.value == (None if expected is None else pytest.approx(float(expected) * factor, rel=1e-6))
    if "wire" in row and row["dev"] != "ABB B23 undefined":
        assert (profile.wire(signal.address), signal.table.function_code) == (row["wire"], row["fc"])


def problem_of(text: str) -> str:
    with pytest.raises(ImportRefused) as caught:
        parse_profile(text, "map.yaml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name: x\nsignals: []", "signals"),  # nothing to read
        (f"name: X Y\nsignals: [{SIGNAL}]", "name"),
        (f"name: x\nspeed: 9\nsignals: [{SIGNAL}]", "speed"),  # an unknown key is a typing error
        ("name: x\nsignals: [{key: A, address: 1}]", "key"),
        ("name: x\nsignals: [{key: a, address: 70000}]", "address"),
        ("name: x\nsignals: [{key: a, address: 65536, type: float64}]", "last address"),
        ("name: x\nsignals: [{key: a, address: 1, unit: furlong}]", "unit"),
        ("name: x\nsignals: [{key: a, address: 1, type: int16, bits: {first: 0}}]", "unsigned"),
        ("name: x\nsignals: [{key: a, address: 1, bits: {first: 10, count: 8}}]", "beyond"),
        ("name: x\nsignals: [{key: a, address: 1, type: string}]", "words"),
        ("name: x\nsignals: [{key: a, address: 1, table: coils}]", "bit"),
        ("name: x\nsignals: [{key: a, address: 1, plausible: [5, 1]}]", "plausible"),
        (f"name: x\nsignals: [{SIGNAL}, {SIGNAL}]", "twice"),
        (f"name: x\nheartbeat: {{signal: b}}\nsignals: [{SIGNAL}]", "unknown signals"),
        ("name: x\naddress_base: 1\nsignals: [{key: a, address: 0}]", "below the base"),
        ("name: x\nsignals: [{key: a, address: 1, scale: .nan}]", "scale"),
        ("name: x\nsignals: [{key: a, address: 65536}]", "above 65535"),  # there is one with a base of 1 only
        ("name: x\nsignals: [{key: a, address: 1, exponent: {address: 65536}}]", "exponents"),
        ("name: x\nsignals: [{key: a, address: 1, sentinels: [0x10000]}]", "sentinels"),
        ("{", "YAML"),
        ("a: &x [1]\nb: *x", "YAML"),  # references could grow to gigabytes
        ("[" * 3000, "map.yaml"),
        ("name: x\nsignals: [{key: a, address: 0100}]", "leading zeros"),  # YAML would read 64
        ("name: x\nsignals: [{key: a, address: 1:30}]", "colons"),  # and 90 here
        ("name: x\nsignals: [{key: a, address: 1, address: 2}]", "told twice"),
        ("name: x\nname: y\nsignals: [{key: a, address: 1}]", "told twice"),
        ("name: x\nsignals: [{key: a, address: 1, scale: 0}]", "scale must not be 0"),
        ("name: x\nsignals: [{key: a, address: 1, type: uint8_low, bits: {first: 4, count: 5}}]", "beyond the 8 bits"),
        ("name: x\nsignals: [{key: a, address: 1, writable: {low: 8, high: 2}}]", "low must not be above high"),
    ],
)
def test_profile_with_a_fault_is_refused_with_its_place(text: str, expected: str) -> None:
    assert expected in problem_of(text)


def test_unknown_profile_is_not_found() -> None:
    with pytest.raises(NotFound):
        load_profile("no-such-thing")


def test_schema_accepts_every_shipped_profile() -> None:
    schema = json.loads(json_schema())

    for name in shipped_profiles():
        plain = json.loads(load_profile(name).model_dump_json())
        jsonschema.validate(plain, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load("name: x\nsignals: []"), schema)


def test_wrong_signal_is_the_only_problem_that_is_named() -> None:
    with pytest.raises(ImportRefused) as caught:
        parse_profile("name: x\nsignals: [{key: a, addres: 1}]", "map.yaml")

    assert [one.place for one in caught.value.problems] == ["signals/0/address (line 2)", "signals/0/addres (line 2)"]


@pytest.mark.parametrize(
    ("source", "text", "line"),
    [
        ("map.yaml", "name: x\n\nsignals:\n  - key: a\n    address: 1\n  - key: b\n    address: 70000\n", 7),
        ("map.yaml", "name: x\nsignals:\n  - key: a\n    address: 1\n    bits:\n      first: 99\n", 6),
        ("map.yaml", "name: x\nsignals:\n  - key: a\n    address: 1\n  - key: b\n", 5),  # without an address
        ("map.json", '{"name": "x",\n "signals": [\n  {"key": "a", "address": 1, "scale": "one"}]}', 3),
        ("map.yaml", "name: x\nsignals:\n  - key: a\n    address: 1\n    scale: [\n", 6),  # no YAML at all
        ("map.yaml", "name: x\nsignals:\n  - key: a\n    address: 0100\n", 4),
        ("map.toml", 'name = "x"\n[[signals]]\nkey = "a"\naddress = 1\n[[signals]]\nkey = "b"\naddress = 70000\n', 7),
        ("map.toml", 'name = "x"\n[[signals]]\nkey = "a"\naddress = 1\n[signals.bits]\nfirst = 99\n', 6),
        ("map.toml", 'name = "x"\n[limits]\nmost_gap = 500\n[[signals]]\nkey = "a"\naddress = 1\n', 3),
        ("map.toml", 'name = "x"\n[[signals]]\nkey = "a"\n[[signals]]\nkey = "b"\naddress = 1\n', 2),
        ("map.toml", 'name = "x"\nsignals = [\n  {key = "a", address = 70000},\n]\n', 2),
        ("map.toml", 'name = "x"\n[[signals]]\nkey = "a\n', 3),  # no TOML at all
    ],
)
def test_fault_of_a_file_is_told_with_its_line(source: str, text: str, line: int) -> None:
    with pytest.raises(ImportRefused) as caught:
        parse_profile(text, source)

    assert f"line {line}" in str(caught.value)


def test_words_that_older_yaml_takes_for_truth_values_stay_words() -> None:
    profile = parse_profile("name: x\nsignals: [{key: a, address: 1, labels: {0: off, 1: on}}]", "map.yaml")

    assert profile.by_key["a"].labels == {0: "off", 1: "on"}


TOML = """name = "x"
limits = {is_one_request_per_signal = true}

[[signals]]
key = "a"
address = 0x10
labels = {0 = "off"}
"""


def test_profile_may_be_toml(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(TOML, encoding="utf-8")
    profile = load_profile(str(tmp_path / "x.toml"))

    assert (profile.by_key["a"].address, profile.by_key["a"].labels) == (16, {0: "off"})
    assert profile.limits.is_one_request_per_signal


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("x.toml", b'name = "x"\n[[signals]\n', "TOML"),
        ("x.yaml", b"name: x\ntitle: 5 \xb0C\n", "UTF-8"),  # saved in another encoding
        ("x.txt", b"name: x\nsignals: []\n", "signals"),  # any file is read, whatever it is called
    ],
)
def test_file_that_is_no_profile_is_refused_with_a_reason(
    name: str, content: bytes, expected: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(ImportRefused) as caught:
        load_profile(str(tmp_path / name))

    assert expected in str(caught.value)

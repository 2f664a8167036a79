from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from rfid_gateway.cleaning.layout import ReadPointKind
from rfid_gateway.modbus.replies import Framing
from rfid_gateway.uplink.configuration import merged_settings, parse_settings
from rfid_gateway.uplink.runtime import layout_of
from twin.errors import ImportRefused

GUIDE = Path(__file__).resolve().parents[3] / "docs/guides/gateways.md"


def test_settings_of_the_guide_are_taken() -> None:
    block, others = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)

    settings = parse_settings(block, "east.yaml")

    assert [one.kind for one in settings.readers] == ["llrp", "pn532", "em4100"]
    assert [one.kind for one in settings.read_points].count(ReadPointKind.CHOKE) == 1
    kinds = [one.kind for one in parse_settings("id: east\n" + others, "others.yaml").readers]
    assert kinds == ["impinj_r700", "zebra_mqtt", "mqtt", "chafon", "pn532_board"]
    assert layout_of(settings).are_neighbours("WARD-3A-STORE", "WARD-3A")


def plain(**more: Any) -> str:
    return yaml.safe_dump({"id": "east", "readers": [{"id": "r1"}], **more})


# Each line holds the one before nine times: ten such lines are gigabytes once they are checked as values.
BOMB = "a: &a [x]\n" + "".join(
    f"{two}: &{two} [{', '.join([f'*{one}'] * 9)}]\n" for one, two in itertools.pairwise("abcdefghij")
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id: [", "YAML"),
        ("id: 2026-02-31", "YAML"),  # YAML makes dates of what looks like one, and there is no such day
        (BOMB, "references"),
        ("[]", "gateway"),
        (plain(speeed=1), "speeed"),
        (plain(id="a b"), "id"),
        (plain(speed=0), "speed"),
        (plain(readers=[{"id": "r1"}, {"id": "r1"}]), "twice"),
        (plain(machines=[{"id": "r1", "profile": "x"}]), "twice"),
        (plain(machines=[{"id": "m", "profile": "x", "device": "/dev/ttyS1", "framing": "tcp"}]), "speaks rtu"),
        (plain(read_points=[{"id": "p", "reader": "r9", "place": "A"}]), "unknown readers"),
        (plain(read_points=[{"id": "p", "reader": "r1", "place": "A", "kind": "portal"}]), "inside and outside"),
        (
            plain(read_points=[{"id": "p", "reader": "r1", "place": "A"}, {"id": "q", "reader": "r1", "place": "B"}]),
            "antennas",
        ),
        (plain(cleaning={"proof": 0.4}), "proof"),
        (plain(readers=[{"id": "r1", "port": 70000}]), "port"),
    ],
)
def test_settings_with_a_fault_are_refused_with_their_place(text: str, expected: str) -> None:
    with pytest.raises(ImportRefused) as caught:
        parse_settings(text, "east.yaml")

    assert any(expected in f"{one.field} {one.place} {one.message}" for one in caught.value.problems)


OWN = "id: east\nreaders: [{id: r1, host: 10.0.0.1}]\nuplink: {url: http://core}\ncleaning: {epoch_s: 2}"


def test_cores_settings_add_to_the_gateways_own_file_and_overrule_by_id() -> None:
    told = "readers: [{id: r1, host: 10.0.0.9}, {id: r2}]\nread_points: [{id: p, reader: r1, place: A}]"

    merged = merged_settings(parse_settings(OWN, "own"), told, "version 1")

    assert {one.id: one.host for one in merged.readers} == {"r1": "10.0.0.9", "r2": "127.0.0.1"}
    assert (merged.id, merged.uplink.url, merged.cleaning.epoch_s) == ("east", "http://core", 2.0)
    assert [one.place for one in merged.read_points] == ["A"]


@pytest.mark.parametrize("told", ["id: west", "uplink: {}", "[]", "read_points: [{id: p, reader: nobody, place: A}]"])
def test_cores_settings_that_do_not_fit_the_gateways_own_are_refused(told: str) -> None:
    with pytest.raises(ImportRefused):
        merged_settings(parse_settings(OWN, "own"), told, "version 1")


def test_cores_read_point_takes_the_place_of_the_gateways_own_for_the_same_antenna() -> None:
    own = OWN + "\nread_points: [{id: a, reader: r1, antenna: 1, place: A}, {id: b, reader: r1, antenna: 2, place: B}]"
    told = "read_points: [{id: plan-1, reader: r1, antenna: 1, place: C}]"

    merged = merged_settings(parse_settings(own, "own"), told, "version 1")

    assert {(one.id, one.antenna, one.place) for one in merged.read_points} == {("plan-1", 1, "C"), ("b", 2, "B")}


def test_number_as_an_option_needs_no_quotation_marks() -> None:
    settings = parse_settings("id: east\nreaders: [{id: r1, options: {session: 0, user: root}}]", "east.yaml")

    assert settings.readers[0].options == {"session": "0", "user": "root"}


def test_tag_of_a_bin_is_known_however_it_is_written() -> None:
    bins = [{"tag": tag, "bin": "b", "place": "P"} for tag in ("3414257bf40000000000162e", "nfc:04a22c9a", "pillar-7")]

    settings = parse_settings(
        plain(bins=[*bins, {**bins[0], "tag": "urn:epc:tag:giai-96:0.0614141.5678"}]), "east.yaml"
    )

    assert [one.tag for one in settings.bins] == [
        "3414257BF40000000000162E",
        "nfc:04A22C9A",
        "pillar-7",
        "3414257BF40000000000162E",
    ]


def test_machines_of_one_line_must_agree_on_how_it_speaks() -> None:
    machines = [{"id": "m1", "profile": "carel-pj-basic", "device": "/dev/ttyS1", "framing": "rtu", "baud": 9600}]
    machines.append({**machines[0], "id": "m2", "unit": 2, "baud": 19_200})

    with pytest.raises(ImportRefused, match="m2"):
        parse_settings(plain(machines=machines), "east.yaml")


@pytest.mark.parametrize(
    ("line", "framing"),
    [
        ({"device": "/dev/ttyUSB0"}, Framing.RTU),  # nobody must know that a serial line has frames of its own
        ({"device": "/dev/ttyUSB0", "framing": "rtu"}, Framing.RTU),
        ({"host": "10.0.0.9"}, Framing.TCP),
        ({"host": "10.0.0.9", "framing": "rtu"}, Framing.RTU),  # a plain converter
    ],
)
def test_framing_follows_from_the_line(line: dict[str, str], framing: Framing) -> None:
    settings = parse_settings(plain(machines=[{"id": "m", "profile": "x", **line}]), "east.yaml")

    assert settings.machines[0].framing is framing

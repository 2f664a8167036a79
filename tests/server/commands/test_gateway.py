from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rfid_gateway.epc.plus import PLUS_BY_NAME, PlusContent, write_plus
from server.console import run
from server.tree import build_tree
from tests.datafiles import data_file, load_json

VECTORS: list[dict[str, Any]] = load_json("gateway/epc_tds_vectors.json")["vectors"]


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = run(build_tree(), ["gateway", *arguments])
    return code, capsys.readouterr().out


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["scheme"])
def test_epc_is_decoded_to_the_published_forms(vector: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    code, printed = answer(capsys, "decode", "epc", vector["hex"])

    assert code == 0
    assert {key: json.loads(printed)[key] for key in vector if key != "hex"} == {
        key: value for key, value in vector.items() if key != "hex"
    }


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["scheme"])
def test_tag_uri_is_encoded_to_the_published_hex(vector: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    code, printed = answer(capsys, "encode", "epc", f" {vector['tag_uri'].replace('urn:epc', 'URN:EPC')} ")

    words = printed.strip()
    assert (code, len(words) % 4) == (0, 0)
    assert words.rstrip("0") == vector["hex"].rstrip("0")
    assert 0 <= len(words) - len(vector["hex"]) < 4


def test_tag_uri_is_encoded_in_whole_words(capsys: pytest.CaptureFixture[str]) -> None:
    code, printed = answer(capsys, "encode", "epc", "urn:epc:tag:cpi-var:3.0614141.5PQ7%2FZ43.12345")

    assert (code, printed.strip()) == (0, "3D74257BF75411DEF6B4CC00000003039000")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("decode", "em4100", "0230343136443741433939463003"), {"identity": "0416D7AC99"}),
        (("decode", "epc", " 0x3074257bf7194e4000001a85 "), {"scheme": "sgtin-96", "filter": 3}),
        (("decode", "epc", "3074257BF7194E4000001A85000"), {"pure_identity": "urn:epc:id:sgtin:0614141.812345.6789"}),
        (("decode", "epc", "E280"), {"scheme": "raw", "tag_uri": "urn:epc:raw:16.xE280", "gs1_element_string": None}),
        (("decode", "em4100", "02 30 34 31 36 44 37 41 43 39 39 46 30 0D 0A 03"), {"identity": "0416D7AC99"}),
        (("decode", "em4100", "FF812366DF4C4A5E"), {"identity": "0416D7AC99", "bits": 40}),  # as the tag sends it
        (("decode", "pn532", "0000FF00FF00"), {"kind": "ack"}),
        (("decode", "modbus-profile", "generic-medicine-fridge", "air_c", "00EB"), {"value": 23.5}),
        (("decode", "modbus-profile", "generic-medicine-fridge", "air_c", "0042"), {"value": 4.2}),
        (("decode", "pn532", "0000FF06FAD50332010607E800"), {"command": "03", "data": "32010607"}),
        (("decode", "llrp", "043e0000000a00000007"), {"type": "KEEPALIVE", "id": 7}),
        (("decode", "modbus-profile", "generic-medicine-fridge", "air_c", "42"), {"value": 4.2, "quality": "good"}),
        (("decode", "modbus-profile", "generic-medicine-fridge", "air_c", "0x8000"), {"value": None}),
    ],
)
def test_octets_are_told_as_json(
    arguments: tuple[str, ...], expected: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    code, printed = answer(capsys, *arguments)

    assert code == 0
    assert expected.items() <= json.loads(printed).items()


@pytest.mark.parametrize(
    "arguments",
    [
        ("decode", "epc", "30"),
        ("decode", "epc", "xyz"),
        ("decode", "epc", ""),
        ("decode", "epc", "30" * 300),  # longer than a tag's memory, and than a file's name
        ("decode", "epc", "3074257BF7194E4000001A850000"),  # a whole word too many
        ("decode", "epc", "3074257BF7194E4000001A851"),  # a set bit after the end
        ("encode", "epc", ""),
        ("encode", "epc", "https://id.gs1.org/"),
        ("encode", "epc", "urn:epc:id:sgtin:0614141.812345.6789"),  # a pure identity names no scheme
        ("encode", "epc", "urn:epc:tag:sgtin-96:9.0614141.812345.6789"),  # a filter of four bits
        ("decode", "llrp", "04" * 5000),
        ("decode", "em4100", "023034313644374143393946300"),  # half an octet
        ("decode", "modbus-profile", "generic-medicine-fridge", "air_c", "70000"),
        ("decode", "modbus-profile", "generic-medicine-fridge", "air_c", "4.2"),
        ("encode", "epc", "urn:epc:tag:sgtin-96:3.0614141.812345.007"),
        ("decode", "llrp", "043e00000009"),
        ("decode", "pn532", "0000FF02FED4022B00"),
        ("decode", "em4100", "00"),
        ("decode", "em4100", "FF812366DF4C4A5C"),  # a wrong parity bit
        ("decode", "modbus-profile", "no-such-profile"),
        ("decode", "modbus-profile", "generic-medicine-fridge", "no_such_signal", "1"),
        ("decode", "modbus-profile", "generic-medicine-fridge", "air_c", "1", "2"),
        ("check", "no-such-profile"),
    ],
)
def test_what_is_not_valid_exits_with_two(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    code, printed = answer(capsys, *arguments)

    assert (code, printed) == (2, "")


@pytest.mark.parametrize(
    ("kind", "capture", "told", "code"),
    [
        ("llrp", "043e0000000a00000007" * 2, [("id", 7), ("id", 7)], 0),
        ("llrp", "043e0000000a00000007" + "043e0000", [("id", 7)], 2),  # cut off in the second one
        ("llrp", "043e0000000a00000007" + "043e0000000000000007", [("id", 7)], 2),  # a length that cannot be
        ("pn532", "0000FF00FF00" + "0000FF06FAD50332010607E800", [("kind", "ack"), ("kind", "data")], 0),
        ("pn532", "0000FF06FAD50332010607E900" + "0000FF00FF00", [("kind", "ack")], 2),  # a wrong checksum before it
    ],
)
def test_capture_is_told_message_by_message(
    kind: str, capture: str, told: list[tuple[str, object]], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    exited, printed = answer(capsys, "decode", kind, capture, "--stream")

    views = [json.loads(line) for line in printed.splitlines()]
    assert exited == code
    assert [(key, view[key]) for view, (key, _) in zip(views, told, strict=True)] == told


def test_check_prints_the_plan_of_requests(capsys: pytest.CaptureFixture[str]) -> None:
    code, printed = answer(capsys, "check", "generic-steam-sterilizer", "--json")

    plan = json.loads(printed)
    assert code == 0
    assert [(one["address"], one["count"]) for one in plan["requests"] if one["class"] == "fast"] == [(1, 19)]
    assert 0 < plan["load_share"] < 1


def test_simulated_readers_start_and_stop(capsys: pytest.CaptureFixture[str]) -> None:
    code, printed = answer(capsys, "simulate", "llrp", "--count", "2", "--for", "0.05")

    assert code == 0
    assert printed.count("127.0.0.1:") == 2


def test_simulated_machines_start_and_stop(capsys: pytest.CaptureFixture[str]) -> None:
    code, printed = answer(capsys, "simulate", "modbus", "--profile", "generic-isolation-room", "--for", "0.05")

    assert (code, "unit 1" in printed) == (0, True)


GOLDEN = "gateway/edgex-llrp/testdata/roAccessReports/ROAccessReport-001.bytes"


def test_body_without_header_is_told_with_its_tags(capsys: pytest.CaptureFixture[str]) -> None:
    code, printed = answer(capsys, "decode", "llrp", str(data_file(GOLDEN)), "--body-of", "RO_ACCESS_REPORT")

    view = json.loads(printed)
    assert (code, view["problems"]) == (0, [])
    assert view["tags"]
    assert all(bytes.fromhex(tag["epc"]) for tag in view["tags"])


def test_broken_parameter_is_named_and_costs_itself_only(capsys: pytest.CaptureFixture[str]) -> None:
    # Two tag reports; the first one's antenna is cut off by the length of its parent.
    body = bytes.fromhex("00F000138D112233445566778899AABBCC81" + "00" + "00F000148DAABBCCDDEEFF001122334455810002")
    message = (1 << 10 | 61).to_bytes(2, "big") + (10 + len(body)).to_bytes(4, "big") + bytes(4) + body

    code, printed = answer(capsys, "decode", "llrp", message.hex())

    view = json.loads(printed)
    assert code == 0
    assert [one["problem"] for one in view["problems"]] == ["llrp.short"]
    assert {tag["epc"]: tag["antenna"] for tag in view["tags"]}["AABBCCDDEEFF001122334455"] == 2


@pytest.mark.parametrize("octet", ["00", "55"])
def test_octets_after_a_frame_are_refused(octet: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(capsys, "decode", "pn532", "0000FF06FAD50332010607E800" + octet)[0] == 2


def test_identifiers_that_do_not_belong_together_are_told_when_a_tag_is_read(
    capsys: pytest.CaptureFixture[str],
) -> None:
    # Written by somebody else: our own encoder refuses the count of contained items beside the item itself.
    elements = (("01", "79521141123453"), ("21", "7"), ("37", "5"), ("410", "9521141123454"))
    written = write_plus(PLUS_BY_NAME["sgtin+"], PlusContent(elements=elements)).hex_words()

    code, printed = answer(capsys, "decode", "epc", written)

    view = json.loads(printed)
    assert (code, view["gs1_element_string"]) == (0, "(01)79521141123453(21)7(37)5(410)9521141123454")
    assert view["warnings"] == [
        {"code": "epc.pair", "identifiers": ["01", "37"]},
        {"code": "epc.partner", "identifiers": ["37"], "needs": ["00+02", "00+8026"]},
    ]


@pytest.mark.parametrize(
    ("kind", "address"),
    [("pn532", "/dev/"), ("em4100", "/dev/"), ("chafon", "127.0.0.1:"), ("impinj", "127.0.0.1:")],
)
def test_every_kind_of_reader_is_simulated(kind: str, address: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, printed = answer(capsys, "simulate", kind, "--count", "2", "--for", "0.05")

    assert (code, printed.count(address)) == (0, 2)


def test_machines_are_simulated_on_one_serial_line(capsys: pytest.CaptureFixture[str]) -> None:
    code, printed = answer(capsys, "simulate", "modbus", "--serial", "--count", "3", "--for", "0.05")

    assert code == 0
    assert len({line.split()[-1] for line in printed.splitlines()}) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "FORBIDDEN"),
        ("check", "SCALE"),
        ("scan", "127.0.0.1:502", "--first", "10", "--last", "9"),
        ("simulate", "modbus", "--fault", "mischief", "--for", "0.1"),
    ],
)
def test_what_the_caller_wrote_wrongly_is_wrong_use(
    arguments: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, text in (
        (
            "FORBIDDEN",
            "limits: {forbidden: [{table: holding_registers, first: 0, last: 9}]}\nsignals: [{key: a, address: 1}]",
        ),
        ("SCALE", "signals: [{key: a, address: 1, scale: 0}]"),
    ):
        (tmp_path / f"{name}.yaml").write_text(f"name: x\n{text}\n", encoding="utf-8")
    told = [str(tmp_path / f"{one}.yaml") if one.isupper() else one for one in arguments]

    code = run(build_tree(), ["gateway", *told])

    assert code == 2
    assert "Value error" not in capsys.readouterr().err


def test_a_slip_of_the_pen_does_not_empty_an_earlier_recording(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings, recording = tmp_path / "east.yaml", tmp_path / "reader-3a.recording"
    settings.write_text("id: east\nreaders:\n  - {id: reader-3a}\n")
    recording.write_text("1 < 00\n")

    code = run(build_tree(), ["gateway", "record", str(settings), "reader-3b", str(recording), "--for", "1"])

    assert (code, recording.read_text()) == (2, "1 < 00\n")
    assert "it has reader-3a" in capsys.readouterr().err


def test_a_profile_that_is_not_there_is_told_with_those_that_are(capsys: pytest.CaptureFixture[str]) -> None:
    code = run(build_tree(), ["gateway", "check", "generic-medicine-frigde"])

    assert code == 2
    assert "generic-medicine-fridge" in capsys.readouterr().err

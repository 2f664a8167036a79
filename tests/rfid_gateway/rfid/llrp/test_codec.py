from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfid_gateway.rfid.llrp.codec import (
    Frame,
    FrameSplitter,
    Message,
    Parameter,
    decode_message,
    decode_parameters,
    encode_message,
    encode_parameter,
    split_one,
    to_plain,
)
from rfid_gateway.rfid.llrp.fields import BitString, Value
from rfid_gateway.rfid.llrp.layouts import MESSAGE_NUMBERS, MESSAGES, PARAMETERS, VALUE_PARAMETERS, Field
from tests.datafiles import DATA, data_file
from twin.errors import DecodeError

GOLDEN_NUMBERS = {
    "CloseConnectionResponse": 4,
    "GetAccessSpecsResponse": 54,
    "GetROSpecsResponse": 36,
    "GetReaderCapabilitiesResponse": 11,
    "GetReaderConfigResponse": 12,
    "ReaderEventNotification": 63,
    "ROAccessReport": 61,
}
GOLDEN = sorted((DATA / "gateway/edgex-llrp/testdata").rglob("*.bytes"))


def problems_of(parameter: Parameter) -> list[str]:
    own = [parameter.problem] if parameter.problem else []
    return own + [problem for child in parameter.children for problem in problems_of(child)]


def test_golden_frames_are_there() -> None:
    data_file("gateway/edgex-llrp/testdata")

    assert len(GOLDEN) >= 15


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden_frame_is_read_without_problem_and_written_byte_for_byte(path: Path) -> None:
    body = path.read_bytes()

    message = decode_message(Frame(GOLDEN_NUMBERS[path.stem.split("-")[0]], 1, 7, body))

    assert [problem for one in message.parameters for problem in problems_of(one)] == []
    assert encode_message(message)[10:] == body


def test_golden_capabilities_mean_what_their_json_says() -> None:
    folder = data_file("gateway/edgex-llrp/testdata")
    expected = json.loads((folder / "GetReaderCapabilitiesResponse-000.json").read_text())
    body = (folder / "GetReaderCapabilitiesResponse-000.bytes").read_bytes()

    message = decode_message(Frame(11, 1, 7, body))

    general = message.find(137)
    assert general is not None
    wanted = expected["GeneralDeviceCapabilities"]
    assert general.values["ReaderFirmwareVersion"] == wanted["FirmwareVersion"]
    assert general.values["DeviceManufacturerName"] == wanted["DeviceManufacturer"]
    assert general.values["ModelName"] == wanted["Model"]
    levels = [one.values["ReceiveSensitivityValue"] for one in general.children if one.number == 139]
    assert levels == [one["ReceiveSensitivity"] for one in wanted["ReceiveSensitivities"]]
    regulatory = message.find(143)
    assert regulatory is not None
    band = regulatory.child(144)
    assert band is not None
    powers = [one.values["TransmitPowerValue"] for one in band.children if one.number == 145]
    source = expected["RegulatoryCapabilities"]["UHFBandCapabilities"]["TransmitPowerLevels"]
    assert powers == [one["TransmitPowerValue"] for one in source]


def values_for(fields: tuple[Field, ...]) -> st.SearchStrategy[dict[str, Value]]:
    kinds: dict[str, st.SearchStrategy[Value]] = {}
    for field in fields:
        match field.kind:
            case "u":
                kinds[field.name] = st.integers(0, 2**field.width - 1)
            case "s":
                kinds[field.name] = st.integers(-(2 ** (field.width - 1)), 2 ** (field.width - 1) - 1)
            case "b":
                kinds[field.name] = st.binary(min_size=field.width, max_size=field.width)
            case "utf8":
                kinds[field.name] = st.text(max_size=9)
            case "bytes" | "rest":
                kinds[field.name] = st.binary(max_size=9)
            case "bits":
                kinds[field.name] = st.binary(max_size=9).map(lambda octets: BitString(8 * len(octets), octets))
            case "u16v":
                kinds[field.name] = st.lists(st.integers(0, 65_535), max_size=4).map(tuple)
            case "u32v":
                kinds[field.name] = st.lists(st.integers(0, 2**32 - 1), max_size=4).map(tuple)
    return st.fixed_dictionaries(kinds)


def parameters() -> st.SearchStrategy[Parameter]:
    plain = [
        values_for(layout.fields).map(lambda values, number=layout.number: Parameter(number, values))
        for layout in (*VALUE_PARAMETERS.values(), *PARAMETERS.values())
    ]
    leaf = st.one_of(plain)
    # A parameter that ends with all remaining octets has no room for children.
    holders = st.sampled_from([layout for layout in PARAMETERS.values() if not layout.fields])
    nested = st.builds(lambda layout, inside: Parameter(layout.number, {}, tuple(inside)), holders, st.lists(leaf))
    return st.one_of(leaf, nested)


@given(parameters())
def test_every_parameter_comes_back_as_it_was_written(parameter: Parameter) -> None:
    (found,) = decode_parameters(encode_parameter(parameter))

    assert found == parameter


@given(st.sampled_from(sorted(MESSAGES)), st.integers(0, 2**32 - 1), st.lists(parameters(), max_size=3), st.data())
def test_every_message_comes_back_as_it_was_written(
    number: int, identifier: int, inside: list[Parameter], data: st.DataObject
) -> None:
    values = data.draw(values_for(MESSAGES[number].fields))
    if "Data" in values:
        inside = []
    message = Message(number, identifier, values, tuple(inside))

    assert decode_message(split_one(encode_message(message))) == message


@given(st.binary(max_size=200))
def test_any_octets_are_read_as_parameters_without_failing_and_written_alike(octets: bytes) -> None:
    found = list(decode_parameters(octets))

    written = b"".join(map(encode_parameter, found))
    # Six bits before a type number are reserved and not kept; everything else is.
    assert len(written) == len(octets)


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=5), st.data())
def test_frames_are_found_whatever_the_pieces(bodies: list[bytes], data: st.DataObject) -> None:
    frames = [Frame(61, 1, i, body) for i, body in enumerate(bodies)]
    stream = b"".join(
        (1 << 10 | one.number).to_bytes(2, "big")
        + (10 + len(one.body)).to_bytes(4, "big")
        + one.id.to_bytes(4, "big")
        + one.body
        for one in frames
    )
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    splitter = FrameSplitter()

    found = [
        frame
        for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)
        for frame in splitter.feed(stream[start:end])
    ]

    assert found == frames


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (bytes.fromhex("043e00000009") + bytes(4), "llrp.length"),  # shorter than its own header
        (bytes.fromhex("043effffffff") + bytes(4), "llrp.length"),  # four gigabytes
        (bytes.fromhex("003e0000000a") + bytes(4), "llrp.version"),  # version 0
        (bytes.fromhex("1c3e0000000a") + bytes(4), "llrp.version"),  # version 7
    ],
)
def test_stream_with_an_impossible_header_is_refused(octets: bytes, code: str) -> None:
    with pytest.raises(DecodeError) as caught:
        FrameSplitter().feed(octets)

    assert caught.value.code == code


@pytest.mark.parametrize(
    ("octets", "problem"),
    [
        ("00f10003", "llrp.length"),  # length below its own header: an endless loop for the careless
        ("00f000ff8d", "llrp.length"),  # longer than its parent
        ("8d3000", "llrp.short"),  # EPC-96 of two octets
        ("9fffff", "llrp.unknown"),  # TV type 31: length unknowable
        ("0123000500", "llrp.unknown"),  # TLV type 291 is in no version
        ("00800006ffff", "llrp.short"),  # a time of two octets
    ],
)
def test_broken_parameter_costs_only_itself(octets: str, problem: str) -> None:
    before = bytes.fromhex("810002")

    antenna, broken = decode_parameters(before + bytes.fromhex(octets))

    assert antenna.values == {"AntennaID": 2}
    assert broken.problem == problem


def test_parameter_after_an_unknown_one_is_still_read() -> None:
    unknown, antenna = decode_parameters(bytes.fromhex("0123000500810002"))

    assert unknown.raw == b"\0"
    assert antenna.name == "AntennaID"


def test_deep_nesting_is_kept_raw_and_does_not_exhaust_the_stack() -> None:
    octets = b""
    for _ in range(2000):
        octets = (240).to_bytes(2, "big") + (len(octets) + 4).to_bytes(2, "big") + octets

    (outer,) = decode_parameters(octets)

    assert "llrp.depth" in problems_of(outer)


def test_impinj_signal_is_read_in_hundredths() -> None:
    custom = Parameter(1023, {"VendorID": 25_882, "Subtype": 57, "Data": (-5_312).to_bytes(2, "big", signed=True)})

    assert to_plain(custom)["RSSI_cdBm"] == -5_312
    assert custom.name == "ImpinjPeakRSSI"


@pytest.mark.parametrize(
    ("vendor", "subtype", "data", "values"),
    [
        (25_882, 58, "02D1F5C4FF4D3C2B", {"Latitude": 47_314_372, "Longitude": -11_715_541}),
        (161, 709, "A0D4", {"PhaseAngle": -24_364}),  # as an FX9600 sends it
        (161, 712, "FF", {"CheckStatus": 255}),
        (161, 709, "0000A0D4", {}),  # as Zebra's guide prints it: another length is not guessed at
        (161, 709, "A0", {}),
        (161, 9999, "01", {}),
    ],
)
def test_parameters_of_makers_are_read_only_where_their_length_is_right(
    vendor: int, subtype: int, data: str, values: dict[str, int]
) -> None:
    custom = Parameter(1023, {"VendorID": vendor, "Subtype": subtype, "Data": bytes.fromhex(data)})

    assert custom.vendor_values() == values
    assert to_plain(custom)["Data"] == data
    assert list(decode_parameters(encode_parameter(custom))) == [custom]


def test_reader_name_that_is_no_utf8_survives() -> None:
    status = bytes.fromhex("011f0009000000") + b"\x01\xff"

    (parameter,) = decode_parameters(status)

    assert encode_parameter(parameter) == status
    assert json.dumps(to_plain(parameter))


def test_version_messages_of_1_1_are_known() -> None:
    names = {"GET_SUPPORTED_VERSION", "SET_PROTOCOL_VERSION", "CLIENT_REQUEST_OP", "CLIENT_REQUEST_OP_RESPONSE"}

    assert {MESSAGES[number].name for number in (46, 47, 45, 55)} == names
    assert MESSAGE_NUMBERS["SET_PROTOCOL_VERSION_RESPONSE"] == 57

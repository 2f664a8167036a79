"""Damaged input for every decoder: no uncaught error, no value that the octets do not hold, no hang.

CI runs 100,000 inputs for each decoder; a developer's machine runs fewer.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import date

import numpy as np
import pytest

from rfid_gateway.epc.identity import decode_epc, encode_epc
from rfid_gateway.modbus.map_import import profile_from_csv
from rfid_gateway.modbus.mbmap import profile_from_mbmap
from rfid_gateway.modbus.profile import parse_profile
from rfid_gateway.modbus.replies import Expected, Framing, judge
from rfid_gateway.rfid import chafon, em4100, pn532
from rfid_gateway.rfid.json_events import FieldNames, read_impinj_line, read_mapped_message, read_zebra_message
from rfid_gateway.rfid.llrp import building
from rfid_gateway.rfid.llrp.codec import FrameSplitter, decode_message, encode_message, encode_parameter, to_plain
from rfid_gateway.rfid.llrp.reports import ReportReader
from rfid_gateway.simulators.llrp_reports import ChipReading, Observation, Selection, Sighting, tag_report
from rfid_gateway.transports.recording import read_recording
from twin.errors import DecodeError, ImportRefused
from twin.gs1.labels import read_gs1_label

INPUTS = int(os.environ.get("HOSPITAL_TWIN_FUZZ") or (100_000 if os.environ.get("CI", "").lower() == "true" else 4_000))

LONGEST_S = 0.1  # what counts as a hang

ROSPEC = encode_message(building.message("ADD_ROSPEC", 7, building.rospec(building.InventorySetup())))
CONFIG = encode_message(building.reader_configuration(9, 10_000))
TOLD = Selection(operation=True, antenna=True, rssi=True, first_seen=True, last_seen=True, count=True)
SEEN = Observation(Sighting(bytes(range(12)), 2, at=1_767_600_000_000_000, tid=bytes(range(12))), 1, 1)
REPORT = tag_report(SEEN, TOLD, 1701, None)
CHIP_REPORT = tag_report(SEEN, TOLD, 1701, ChipReading(1701, 1, 6))
LONG_EPC = "https://id.example.com/00/095201234567891235?10=LOT7&17=261231"


def llrp_stream(octets: bytes) -> None:
    for frame in FrameSplitter().feed(octets):
        to_plain(decode_message(frame))


def llrp_parameters(octets: bytes) -> None:
    reader = ReportReader()
    for tag in reader.read(octets):
        assert tag.epc in octets
    encode_parameter(building.parameter("EPCData"))


def nfc(octets: bytes) -> None:
    for frame in pn532.Pn532Decoder().feed(octets):
        if frame.command == pn532.IN_LIST_PASSIVE_TARGET + 1:
            for target in pn532.parse_targets(frame.data):
                assert target.uid in octets


def low_frequency(octets: bytes) -> None:
    for identity in em4100.Em4100Decoder(1).feed(octets):
        assert identity.hex().upper().encode() in octets.upper()


def epc(octets: bytes) -> None:
    assert decode_epc(octets.hex()).hex == octets.hex().upper()


def epc_text(octets: bytes) -> None:
    written = encode_epc(octets.decode("latin-1"))
    assert not len(written) % 4
    decode_epc(written)


def gs1_label(octets: bytes) -> None:
    for element in read_gs1_label(octets.decode("latin-1"), today=date(2026, 1, 5)).elements:
        assert element.value.lstrip("0").encode() in octets


def registers(octets: bytes) -> None:
    for framing in Framing:
        judge(octets, Expected(unit=7, function=3, count=4, transaction=1), framing)


def chafon_reader(octets: bytes) -> None:
    for frame in chafon.ChafonDecoder().feed(octets):
        for tag in chafon.parse_tags(frame, tells_antennas=True):
            assert tag.epc in octets


def json_readers(octets: bytes) -> None:
    for read in (read_impinj_line, read_zebra_message, lambda told: read_mapped_message(told, FieldNames())):
        try:
            found = read(octets)
        except DecodeError:
            continue
        for tag in found.tags:
            assert tag.epc.encode().lower() in octets.lower() or b"epc" in octets


def recording(octets: bytes) -> None:
    for piece in read_recording(octets.decode("latin-1").splitlines()):
        assert piece.octets.hex().encode() in octets.lower()


def register_table(octets: bytes) -> None:
    assert profile_from_csv(octets.decode("latin-1"), "map.csv", name="x").signals


def register_map(octets: bytes) -> None:
    assert profile_from_mbmap(octets.decode("latin-1"), "map.json", name="x", address_base=0).profile.signals


def profile_file(octets: bytes) -> None:
    assert parse_profile(octets.decode("latin-1"), "map.yaml").signals


def profile_toml(octets: bytes) -> None:
    assert parse_profile(octets.decode("latin-1"), "map.toml").signals


FILES = frozenset({"register table", "register map", "profile", "profile in TOML"})
FILE_SHARE = (
    100  # files that people choose, not what lines bring: a hundredth of the inputs, each a hundred times dearer
)

SEEDS: dict[str, tuple[Callable[[bytes], None], bytes]] = {
    "llrp messages": (llrp_stream, ROSPEC + CONFIG),
    "llrp reports": (llrp_parameters, REPORT * 3),
    "llrp reports with chips": (llrp_parameters, CHIP_REPORT * 3),
    "pn532": (
        nfc,
        bytes.fromhex("00FF0CF4D54B0101004400040102030408") + pn532.ACK + bytes.fromhex("0000FF02FED5151600"),
    ),
    "em4100": (low_frequency, em4100.encode_frame(bytes.fromhex("0416D7AC99")) * 2),
    "epc": (epc, bytes.fromhex("3D74257BF75411DEF6B4CC00000003039000")),
    # SSCC++ with a host, then lot and expiry behind it: the longest way through the decoder.
    "epc with data": (epc, bytes.fromhex(encode_epc(LONG_EPC, scheme="sscc++"))),
    "epc uri": (epc_text, b"urn:epc:tag:sgtin-198:3.0614141.812345.6789%2F"),
    "epc element string": (epc_text, b"(01)79521141123453(21)32a/b(10)LOT7(17)261231(7003)2601012359"),
    "gs1 label": (gs1_label, b"]d2010950600013435217261231" + b"10LOT-A1\x1d21SN0001"),
    "gs1 link": (gs1_label, b"https://id.gs1.org/01/09506000134352/10/LOT-A1/21/SN0001?17=261231"),
    "chafon": (chafon_reader, bytes.fromhex("1500010301010c0000000000000000000003136bb1a5") * 2),
    "json": (
        json_readers,
        b'[{"timestamp":"2026-01-05T08:00:00.5Z","data":[{"idHex":"E28011","antenna":1,"eventNum":7}],"epc":"E280"}]',
    ),
    "recording": (recording, b"1767600000000000 < 0230343136\n1767600000000500 > 0A0B\n"),
    "register table": (register_table, b"key;address;type;scale;bits\na;0x10;int16;0,1;\nb;17;uint16;;4-6\n"),
    "register map": (
        register_map,
        b'{"registers": [{"name": "a", "address": "0x10", "type": "float32", "word_order": "big", "enum": {"0": "x"}}]}',
    ),
    "profile": (profile_file, b"name: x\nsignals:\n  - {key: a, address: 16, labels: {0: off, 1: on}, scale: 0.1}\n"),
    "profile in TOML": (profile_toml, b'name = "x"\n[[signals]]\nkey = "a"\naddress = 16\nlabels = {0 = "off"}\n'),
    "modbus": (registers, bytes.fromhex("00010000000B070308000100020003000411")),
}


def damaged(chance: np.random.Generator, seed: bytes) -> bytes:
    octets = bytearray(seed)
    # All chance of an input is drawn at once: number by number it would cost as much as many a decoder.
    dice = chance.bytes(48)
    for turn in range(1 + dice[0] % 4):
        kind, high, low, size, *fresh = dice[1 + 10 * turn : 11 + 10 * turn]
        position = (high << 8 | low) % max(len(octets), 1)
        match kind % 4:
            case 0:
                octets[position : position + 1] = fresh[:1]
            case 1:
                del octets[position : position + 1 + size % 5]
            case 2:
                octets[position:position] = fresh[: 1 + size % 5]
            case _:
                octets = octets[:position] or octets
    return bytes(octets)


@pytest.mark.parametrize("name", SEEDS)
def test_damaged_input_is_refused_or_read_but_never_fails(name: str) -> None:
    take, seed = SEEDS[name]
    chance = np.random.default_rng(len(name))

    longest_s = 0.0
    for _ in range(INPUTS // (FILE_SHARE if name in FILES else 1)):
        octets = damaged(chance, seed)
        started_s = time.thread_time()  # the decoder's own time: what other programs take from the machine is not in it
        try:
            take(octets)
        except (DecodeError, ImportRefused) as error:
            assert "." in error.code  # noqa: PT017 - both outcomes are right
        longest_s = max(longest_s, time.thread_time() - started_s)

    assert longest_s < LONGEST_S


def test_inputs_are_damaged_in_every_way() -> None:
    chance, seed = np.random.default_rng(1), bytes(range(64))

    lengths = {len(damaged(chance, seed)) - len(seed) for _ in range(2000)}

    assert {-63, -5, -1, 0, 1, 5} <= lengths

from __future__ import annotations

import json
import struct
from base64 import b64decode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfid_gateway.rfid.llrp.codec import Parameter, encode_parameter
from rfid_gateway.rfid.llrp.fields import BitString
from rfid_gateway.rfid.llrp.reports import ReportReader, TagReport
from tests.datafiles import DATA

REPORTS = sorted((DATA / "gateway/edgex-llrp/testdata/roAccessReports").glob("*.bytes"))


def report(*tags: list[Parameter]) -> bytes:
    return b"".join(encode_parameter(Parameter(240, {}, tuple(tag))) for tag in tags)


def epc96(number: int) -> Parameter:
    return Parameter(13, {"EPC": number.to_bytes(12, "big")})


def antenna(number: int) -> Parameter:
    return Parameter(1, {"AntennaID": number})


def rssi(level: int) -> Parameter:
    return Parameter(6, {"PeakRSSI": level})


@pytest.mark.parametrize("path", REPORTS, ids=lambda path: path.stem)
def test_golden_report_gives_what_its_json_says(path: Path) -> None:
    expected = json.loads(path.with_suffix(".json").read_text())["TagReportData"]

    tags = ReportReader().read(path.read_bytes())

    assert [tag.epc for tag in tags] == [b64decode(one["EPC96"]["EPC"]) for one in expected]
    assert [tag.antenna for tag in tags] == [one["AntennaID"] for one in expected]
    assert [tag.rssi_dbm for tag in tags] == [one["PeakRSSI"] for one in expected]
    assert [tag.first_seen for tag in tags] == [one["FirstSeenUTC"] for one in expected]


tag_fields = st.fixed_dictionaries(
    {"epc": st.integers(0, 2**96 - 1), "antenna": st.integers(1, 8), "rssi": st.integers(-90, -20)},
    optional={
        "up": st.integers(1, 2**50),
        "seen": st.integers(1, 2**60),
        "count": st.integers(1, 99),
        "rospec": st.integers(1, 9),
    },
)


def encoded(tag: dict[str, int]) -> list[Parameter]:
    found = [epc96(tag["epc"]), antenna(tag["antenna"]), rssi(tag["rssi"])]
    if "up" in tag:
        found.append(Parameter(5, {"Microseconds": tag["up"]}))
    if "seen" in tag:
        found.append(Parameter(4, {"Microseconds": tag["seen"]}))
    if "count" in tag:
        found.append(Parameter(8, {"TagCount": tag["count"]}))
    if "rospec" in tag:
        found.append(Parameter(9, {"ROSpecID": tag["rospec"]}))
    return found


@given(st.lists(tag_fields, min_size=1, max_size=8))
def test_fast_path_and_careful_path_agree(tags: list[dict[str, int]]) -> None:
    body = report(*map(encoded, tags))
    careful = ReportReader()
    careful_tags = careful._complete(list(careful._read_each(body)), frozenset())

    assert ReportReader().read(body) == careful_tags
    assert [tag.epc for tag in careful_tags] == [one["epc"].to_bytes(12, "big") for one in tags]


@given(st.lists(st.binary(max_size=60), max_size=6))
def test_any_octets_give_tags_or_counted_faults_but_no_error(pieces: list[bytes]) -> None:
    reader = ReportReader()
    good = report([epc96(7), antenna(1)])

    for piece in pieces:
        reader.read(piece)
        reader.read(good + piece)

    assert reader.read(good)[0].epc == (7).to_bytes(12, "big")


def test_what_a_reader_leaves_out_is_what_it_said_before() -> None:
    reader = ReportReader()
    reader.read(report([epc96(1), antenna(3), rssi(-50), Parameter(9, {"ROSpecID": 5})]))

    (tag,) = reader.read(report([epc96(2), Parameter(9, {"ROSpecID": 5})]))

    assert (tag.antenna, tag.rssi_dbm) == (3, -50.0)


def test_what_was_left_out_is_not_taken_from_another_reader_operation() -> None:
    reader = ReportReader()
    reader.read(report([epc96(1), antenna(3), Parameter(9, {"ROSpecID": 5})]))
    reader.read(report([epc96(1), antenna(4), Parameter(9, {"ROSpecID": 6})]))

    (tag,) = reader.read(report([epc96(2), Parameter(9, {"ROSpecID": 5})]))

    assert tag.antenna == 3


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([(3, 70), (5, 90)], (70, 90)),
        ([(2, 1000), (3, 70), (4, 2000), (5, 90)], (1000, 2000)),
        ([(5, 90), (4, 2000), (3, 70), (2, 1000)], (1000, 2000)),  # UTC counts in whichever order they come
        ([(2, 1000), (5, 90)], (1000, 90)),
    ],
)
def test_uptime_stands_in_for_a_time_of_day_that_is_not_told(
    times: list[tuple[int, int]], expected: tuple[int, int]
) -> None:
    record = [epc96(1), antenna(1), *(Parameter(number, {"Microseconds": at}) for number, at in times)]

    (fast,) = ReportReader().read(report(record))
    (careful,) = ReportReader()._read_each(report(record))

    assert (fast.first_seen, fast.last_seen) == expected
    assert (careful.first_seen, careful.last_seen) == expected


def test_tag_without_an_epc_is_counted_and_left_out() -> None:
    reader = ReportReader()

    tags = reader.read(report([antenna(1)], [epc96(9), antenna(1)]))

    assert [tag.epc[-1] for tag in tags] == [9]
    assert reader.broken_parameters == 1


@pytest.mark.parametrize("bits", [0, 1, 62, 96, 128, 496])
def test_epc_of_any_length_is_read(bits: int) -> None:
    octets = bytes(range((bits + 7) // 8))

    tags = ReportReader().read(report([Parameter(241, {"EPC": BitString(bits, octets)}), antenna(1)]))

    assert [tag.epc for tag in tags] == ([octets] if bits else [])


def test_impinj_hundredths_replace_the_coarse_signal() -> None:
    fine = Parameter(1023, {"VendorID": 25_882, "Subtype": 57, "Data": struct.pack(">h", -5_312)})

    (tag,) = ReportReader().read(report([epc96(1), antenna(1), rssi(-53), fine]))

    assert tag.rssi_dbm == -53.12


def test_published_tag_of_56_octets_is_read() -> None:
    body = struct.pack(
        ">HHB12sBHBbBHBQBQBH", 240, 46, 0x8D, b"0t" + bytes(10), 0x81, 1, 0x86, -40, 0x87, 3, 0x82, 5, 0x84, 9, 0x88, 1
    )

    assert len(body) + 10 == 56
    assert ReportReader().read(body) == [TagReport(b"0t" + bytes(10), 1, -40.0, 5, 9, 1, None, 3)]


def chip(result: int, *words: int) -> Parameter:
    return Parameter(349, {"Result": result, "OpSpecID": 1, "ReadData": tuple(words)})


@given(
    st.lists(
        st.tuples(st.integers(0, 2**96 - 1), st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=6)),
        min_size=1,
        max_size=6,
    )
)
def test_chips_of_a_report_are_the_same_on_both_paths(tags: list[tuple[int, list[int]]]) -> None:
    body = report(*([epc96(epc), antenna(1), chip(0, *words)] for epc, words in tags))
    careful = ReportReader()

    found = ReportReader().read(body)

    assert found == careful._complete(list(careful._read_each(body)), frozenset())
    assert [one.tid for one in found] == [b"".join(word.to_bytes(2, "big") for word in words) for _, words in tags]


def test_chip_is_never_taken_over_from_the_tag_before() -> None:
    reader = ReportReader()
    reader.read(report([epc96(1), antenna(1), chip(0, 0xE280, 0x1160)]))

    failed, silent = reader.read(report([epc96(1), antenna(1), chip(4)], [epc96(2), antenna(1)]))

    assert (failed.tid, silent.tid) == (None, None)


def test_words_of_a_failed_reading_mean_nothing() -> None:
    (tag,) = ReportReader().read(report([epc96(1), antenna(1), chip(2, 0xE280)]))

    assert tag.tid is None

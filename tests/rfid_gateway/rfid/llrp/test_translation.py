from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rfid_gateway.rfid.clocks import EARLIEST_US, ClockOffset
from rfid_gateway.rfid.llrp import translation
from rfid_gateway.rfid.llrp.codec import Parameter, encode_parameter
from rfid_gateway.rfid.llrp.reports import ReportReader
from rfid_gateway.rfid.llrp.translation import ReportTranslator
from rfid_gateway.rfid.readings import UNKNOWN_RSSI_DBM, TagReading
from tests.fakes import START_US

# What a reader may say of a tag, by parameter number; the same time lies in 1970, in our days and in the far future.
told = st.fixed_dictionaries(
    {13: st.binary(min_size=12, max_size=12).map(lambda epc: {"EPC": epc})},
    optional={
        1: st.integers(0, 9).map(lambda antenna: {"AntennaID": antenna}),
        6: st.integers(-128, 127).map(lambda level: {"PeakRSSI": level}),
        2: st.integers(0, 2**63).map(lambda at: {"Microseconds": at}),
        4: st.sampled_from([0, 5_000_000, START_US - 7, START_US + 3, 2**62]).map(lambda at: {"Microseconds": at}),
        8: st.integers(0, 99).map(lambda count: {"TagCount": count}),
    },
)


def one_by_one(body: bytes, device: str, offset: ClockOffset, arrived_at: int) -> list[TagReading]:
    """Say it again without columns: what each field means when it is there, and when it is not."""
    tags = ReportReader().read(body)
    if not tags:
        return []
    offset.observe(max((tag.last_seen or tag.first_seen or 0) for tag in tags), arrived_at)
    readings = []
    for tag in tags:
        seen_at = tag.last_seen or tag.first_seen
        at = min(seen_at + offset.offset_us, arrived_at) if seen_at else arrived_at
        at = at if at >= EARLIEST_US else arrived_at
        level = UNKNOWN_RSSI_DBM if tag.rssi_dbm is None else float(tag.rssi_dbm)
        readings.append(TagReading(tag.epc.hex().upper(), device, tag.antenna or 0, at, level, tag.times or 1))
    return readings


@given(st.lists(told, max_size=6))
def test_columns_say_what_tag_by_tag_says(tags: list[dict[int, dict[str, int | bytes]]]) -> None:
    body = b"".join(
        encode_parameter(Parameter(240, {}, tuple(Parameter(number, fields) for number, fields in tag.items())))
        for tag in tags
    )

    readings = ReportTranslator("gate").read(body, START_US)

    assert readings == one_by_one(body, "gate", ClockOffset(), START_US)


def test_report_without_a_tag_leaves_the_clock_alone() -> None:
    translator = ReportTranslator("gate")

    assert translator.read(b"", START_US) == []
    assert translator.offset.offset_us == 0


def test_names_of_tags_that_never_come_again_do_not_fill_the_memory() -> None:
    translator = ReportTranslator("gate")
    names = translator._names

    for number in range(translation._MOST_NAMES + 5):
        assert names[number.to_bytes(12, "big")] == f"{number:024X}"

    assert len(names) == 5

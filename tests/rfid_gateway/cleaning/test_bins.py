"""Bins on the rack: one request each, over readings, restarts and full disks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rfid_gateway.cleaning.bins import Bin, BinRacks
from rfid_gateway.rfid.readings import TagReading
from tests.fakes import START_US
from twin.clock import SECOND_US

REST_US = 600 * SECOND_US


def racks() -> BinRacks:
    return BinRacks({"BIN1": Bin("bin-1", "SHELF")}, REST_US)


def reading(at_s: float, tag: str = "BIN1") -> TagReading:
    return TagReading(tag, "r", 1, START_US + round(at_s * SECOND_US), -50.0)


def test_a_bin_that_nobody_named_is_told_by_its_tag_and_rack() -> None:
    (emptied,) = racks().see(reading(0, "TAG9"), "RACK")

    assert (emptied.thing, emptied.place) == ("TAG9", "RACK")


@given(st.lists(st.floats(0, 5000), min_size=1, max_size=40).map(sorted), st.sets(st.integers(0, 39)))
def test_restarts_change_nothing_as_long_as_they_are_shorter_than_the_rest(times: list[float], stops: set[int]) -> None:
    steady, restarted, kept = racks(), racks(), dict[str, int]()
    told: list[tuple[int, int]] = []

    for number, at_s in enumerate(times):
        told.append((len(steady.see(reading(at_s), "RACK")), len(restarted.see(reading(at_s), "RACK"))))
        kept |= restarted.changes()
        if number in stops:
            restarted = racks()
            restarted.remember(kept)

    # What is kept is up to a quarter of the rest old: a bin that was away for nearly the rest may then be told.
    gaps = [later - before for before, later in zip(times, times[1:], strict=False)]
    for gap, (alone, both) in zip(gaps, told[1:], strict=True):
        assert both == alone or 450 <= gap <= 600
    assert told[0] == (1, 1)


def test_what_is_kept_is_given_once_and_again_if_it_was_not_kept() -> None:
    rack = racks()
    rack.see(reading(0), "RACK")

    first = rack.changes()
    rack.take_back(first)

    assert first == rack.changes() == {"BIN1": START_US}
    assert rack.changes() == {}


def test_a_bin_that_lies_there_is_not_written_to_disk_with_every_reading() -> None:
    rack = racks()

    writes = 0
    for second in range(600):
        rack.see(reading(second), "RACK")
        writes += bool(rack.changes())

    assert writes == 4

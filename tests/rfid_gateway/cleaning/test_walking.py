from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfid_gateway.cleaning import walking
from rfid_gateway.cleaning.layout import Layout, ReadPoint
from rfid_gateway.cleaning.walking import WalkTest, ZoneWalked, wilson
from rfid_gateway.rfid.readings import TagReading
from tests.fakes import START_US
from twin.clock import SECOND_US

LAYOUT = Layout(
    (
        ReadPoint(id="a1", reader="r", antenna=1, place="A"),
        ReadPoint(id="a2", reader="r", antenna=2, place="A"),
        ReadPoint(id="b1", reader="r", antenna=3, place="B"),
    )
)


class Walk:
    """Somebody with a tag and a clock that is moved by hand; a second is an epoch."""

    def __init__(self) -> None:
        self.test = WalkTest(LAYOUT, "REF", epoch_us=SECOND_US, settle_s=5.0)
        self.now = START_US

    def stay(self, place: str, pattern: str, *, zone: str = "") -> None:
        """Stay for as many seconds as the pattern has letters, after the time that does not count.

        Each letter says which antenna sees the tag: 1, 2, 3, or none.
        """
        self.test.mark(place, self.now)
        for letter in "." * 5 + pattern:
            antennas = [int(letter)] if letter.isdigit() else []
            self.test.take([TagReading("REF", "r", antenna, self.now) for antenna in antennas])
            self.test.take([TagReading("OTHER", "r", 1, self.now)])
            self.test.watch(zone or place, self.now)
            self.now += SECOND_US

    def results(self) -> dict[str, ZoneWalked]:
        return {one.place: one for one in self.test.results(self.now)}


def test_coverage_is_the_share_of_seconds_in_which_the_zones_own_antennas_saw_the_tag() -> None:
    walk = Walk()
    walk.stay("A", "11.2" * 5)

    found = walk.results()["A"]

    assert (found.epochs, found.coverage, found.longest_gap_s) == (20, 0.75, 1.0)
    assert found.seen_by == {"a1": 0.5, "a2": 0.25}
    assert found.coverage_low < 0.75 < found.coverage_high


def test_antenna_of_another_room_covers_nothing_and_is_named() -> None:
    walk = Walk()
    walk.stay("B", "1111111133", zone="A")

    found = walk.results()["B"]

    assert (found.coverage, found.longest_gap_s) == (0.2, 8.0)
    assert found.seen_by == {"a1": 0.8, "b1": 0.2}
    assert (found.taken_for, found.confusion) == ({"A": 1.0}, 1.0)


def test_zone_walked_twice_is_one_row_and_the_way_between_is_no_gap() -> None:
    walk = Walk()
    walk.stay("A", "1" * 9 + ".")
    walk.stay("B", "3" * 10)
    walk.stay("A", "." + "1" * 9)
    walk.test.finish(walk.now)
    walk.now += 100 * SECOND_US

    found = walk.results()

    assert list(found) == ["A", "B"]
    assert (found["A"].epochs, found["A"].coverage, found["A"].longest_gap_s) == (20, 0.9, 1.0)
    assert walk.test.place == ""


def test_zone_left_at_once_has_no_share_but_the_whole_interval() -> None:
    walk = Walk()
    walk.stay("A", "")

    found = walk.results()["A"]

    assert (found.epochs, found.coverage, found.coverage_low, found.coverage_high) == (0, 0.0, 0.0, 1.0)


def test_walk_that_nobody_ended_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walking, "MOST_EPOCHS", 10)
    walk = Walk()
    walk.stay("A", "1" * 50)

    assert (len(walk.test._seen), len(walk.test._zone), walk.results()["A"].epochs) == (10, 10, 10)


@given(st.integers(0, 200), st.integers(0, 200))
def test_interval_holds_the_share_and_lies_between_none_and_all(hits: int, more: int) -> None:
    low, high = wilson(hits, hits + more)

    assert 0.0 <= low <= high <= 1.0
    assert hits + more == 0 or low <= hits / (hits + more) <= high


@given(st.lists(st.tuples(st.sampled_from("AB"), st.text(alphabet="123.", max_size=12)), max_size=5))
def test_shares_are_shares_whatever_is_walked(stays: list[tuple[str, str]]) -> None:
    walk = Walk()
    for place, pattern in stays:
        walk.stay(place, pattern)

    for found in walk.results().values():
        assert found.epochs == sum(len(pattern) for place, pattern in stays if place == found.place)
        assert 0.0 <= found.coverage_low <= found.coverage <= found.coverage_high <= 1.0
        assert all(0.0 < share <= 1.0 for share in (*found.seen_by.values(), *found.taken_for.values()))
        assert found.longest_gap_s <= found.epochs

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfid_gateway.cleaning.layout import Layout, ReadPoint, ReadPointKind
from rfid_gateway.cleaning.pipeline import Cleaning, CleaningSettings
from rfid_gateway.cleaning.stays import Stays
from rfid_gateway.rfid.readings import TagReading
from tests.fakes import START_US
from twin.clock import SECOND_US
from twin.events.envelope import Event
from twin.events.things import TagLost, ZoneChanged, ZoneStayEnded

DOOR = {"place": "DOOR", "kind": ReadPointKind.PORTAL, "inside": "A", "outside": "STREET"}
LAYOUT = Layout(
    (
        ReadPoint(id="a", reader="r", antenna=1, place="A"),
        ReadPoint(id="b", reader="r", antenna=2, place="B"),
        ReadPoint(id="i", reader="r", antenna=3, **DOOR),
        ReadPoint(id="o", reader="r", antenna=4, is_outer=True, **DOOR),
    ),
    frozenset({("A", "B")}),
)


class Walk:
    """A tag that is carried about, second by second."""

    def __init__(self, **settings: Any) -> None:
        self.cleaning = Cleaning(LAYOUT, CleaningSettings(**{"stay_lag_s": 5.0, **settings}))
        self.now = START_US
        self.events: list[Event] = []

    def second(self, *antennas: int) -> None:
        for antenna in antennas:
            self.events += self.cleaning.accept([TagReading("T", "r", antenna, self.now, -50.0)], self.now)
            self.now += SECOND_US // 10
        self.now += SECOND_US - len(antennas) * SECOND_US // 10
        self.events += self.cleaning.advance(self.now)

    def of(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


def seconds(at: int) -> float:
    return (at - START_US) / SECOND_US


def test_stay_is_told_with_both_its_ends_once_it_is_over() -> None:
    walk = Walk()

    for antenna, count in ((1, 40), (2, 30), (1, 20)):
        for _ in range(count):
            walk.second(antenna)

    first, second = walk.of(ZoneStayEnded)
    assert (first.zone, second.zone) == ("A", "B")
    assert seconds(first.occurred_at) == pytest.approx(40, abs=1)
    assert second.entered_at == first.occurred_at
    assert seconds(second.occurred_at) == pytest.approx(70, abs=1)
    assert first.confidence > 0.95


def test_stray_reading_that_moves_the_map_for_a_moment_is_no_stay() -> None:
    # One second nobody reads the tag in its room and the neighbour does: proof enough for a mark, not for a stay.
    walk = Walk(proof=0.51)
    for _ in range(60):
        walk.second(1)
    for antennas in ((2,), (2,), (1,)):
        walk.second(*antennas)
    for _ in range(60):
        walk.second(1)

    assert len(walk.of(ZoneChanged)) >= 3
    assert walk.of(ZoneStayEnded) == []


def test_tag_that_is_lost_stayed_until_it_was_seen_last() -> None:
    walk = Walk(absence_s=60.0)
    for _ in range(20):
        walk.second(1)
    for _ in range(120):
        walk.second()

    (stay,) = walk.of(ZoneStayEnded)
    (lost,) = walk.of(TagLost)
    assert (stay.zone, lost.last_zone) == ("A", "A")
    assert seconds(stay.occurred_at) == 19


def test_stay_ends_at_the_door_and_what_was_before_it_begins_no_other() -> None:
    walk = Walk()
    for _ in range(20):
        walk.second(1)
    walk.second(3, 3, 4, 4)
    for _ in range(30):
        walk.second()

    (stay,) = walk.of(ZoneStayEnded)
    assert stay.zone == "A"
    assert seconds(stay.occurred_at) == pytest.approx(20, abs=1)


def test_without_a_lag_there_are_no_stays() -> None:
    walk = Walk(stay_lag_s=0.0)
    for antenna in [1] * 20 + [2] * 20:
        walk.second(antenna)

    assert walk.of(ZoneChanged)
    assert walk.of(ZoneStayEnded) == []


@given(st.lists(st.lists(st.integers(0, 2), min_size=3, max_size=3), min_size=1, max_size=30))
def test_stays_of_a_tag_follow_one_another_without_overlap(states: list[list[int]]) -> None:
    stays, tags = Stays(("A", "B"), SECOND_US), ["x", "y", "z"]
    told: list[ZoneStayEnded] = []

    for number, row in enumerate(states, 1):
        belief = np.full((3, 3), 0.05)
        belief[np.arange(3), row] = 0.9
        told += stays.take(belief, tags, START_US + number * SECOND_US)
    for number in range(3):
        told += stays.close(number, tags, START_US + len(states) * SECOND_US)

    for tag in tags:
        own = [one for one in told if one.thing == tag]
        assert all(one.entered_at < one.occurred_at for one in own)
        assert all(one.occurred_at == after.entered_at for one, after in zip(own, own[1:], strict=False))
        assert all(one.zone != after.zone for one, after in zip(own, own[1:], strict=False))
        assert all(one.confidence == 0.9 for one in own)

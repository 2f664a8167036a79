from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfid_gateway.cleaning.layout import Layout, ReadPoint, ReadPointKind
from rfid_gateway.cleaning.pipeline import Cleaning
from rfid_gateway.cleaning.suspicions import Suspicions, hops_between
from rfid_gateway.rfid.readings import TagReading
from tests.fakes import START_US
from twin.clock import SECOND_US
from twin.events.things import SuspicionReason, TagSuspected

ROOMS = tuple("ABCDE")
POINTS = tuple(ReadPoint(id=room.lower(), reader="r", antenna=i + 1, place=room) for i, room in enumerate(ROOMS))
CORRIDOR = Layout(POINTS, frozenset(zip(ROOMS, ROOMS[1:], strict=False)))


def watch(path: list[str], *, layout: Layout = CORRIDOR, step_s: float = 1.0) -> list[TagSuspected]:
    """Give what is suspected of one tag that is seen, epoch by epoch, in the rooms that each text names."""
    suspicions, found, end = Suspicions(layout), [], START_US
    for rooms in path:
        end += round(step_s * SECOND_US)
        seen = np.array([[room in rooms for room in ROOMS]])
        found += suspicions.take(seen, ["T1"], end)
    return found


def test_distances_are_counted_in_rooms_and_unknown_ones_are_none() -> None:
    apart = Layout(POINTS, frozenset({("A", "B")}))
    choke = ReadPoint(id="x", reader="x", antenna=1, place="E", kind=ReadPointKind.CHOKE)

    assert hops_between(CORRIDOR)[0].tolist() == [0, 1, 2, 3, 4]
    assert hops_between(apart)[0].tolist() == [0, 1, 0, 0, 0]
    assert hops_between(Layout((*POINTS, choke), CORRIDOR.neighbours))[5].tolist() == [0] * 6


def test_tag_in_two_places_at_once_is_suspected_once_and_its_end_is_told() -> None:
    found = watch(["A", "AE", "AE", "AE", "AE"] + ["A"] * 700)

    assert [(one.reason, one.is_over) for one in found] == [
        (SuspicionReason.TWO_PLACES, False),
        (SuspicionReason.TWO_PLACES, True),
    ]
    assert {found[0].zone, found[0].other_zone} == {"A", "E"}
    assert found[0].occurred_at == START_US + 4 * SECOND_US


def test_suspicion_that_goes_on_is_told_again_each_hour() -> None:
    found = watch(["AE"] * 7300)

    assert [one.is_over for one in found] == [False, False, False]
    assert found[1].occurred_at - found[0].occurred_at == 3600 * SECOND_US


def test_tag_that_jumps_to_and_fro_is_suspected_of_impossible_travel() -> None:
    found = watch(["A", "D", "A", "D", "A"])

    assert [one.reason for one in found] == [SuspicionReason.IMPOSSIBLE_TRAVEL]


@pytest.mark.parametrize(
    "path",
    [
        ["A", "AE", "A", "A"] * 1,  # one reflection
        ["AB", "AB", "BC", "BC"] * 20,  # stray readings from next door
        ["A", "A", "B", "B", "C", "C", "D", "D", "E", "E"] * 2,  # two walks, and one jump between them
        [""] * 50,
    ],
)
def test_what_a_carried_tag_does_is_not_suspected(path: list[str]) -> None:
    assert watch(path) == []


def test_layout_without_neighbours_says_nothing() -> None:
    assert watch(["AE"] * 20, layout=Layout(POINTS)) == []


@given(st.lists(st.integers(-1, 1), max_size=120), st.integers(0, 4))
def test_no_walk_through_neighbouring_rooms_is_ever_suspected(steps: list[int], start: int) -> None:
    room, path = start, []
    for step in steps:
        room = min(max(room + step, 0), len(ROOMS) - 1)
        path.append(ROOMS[room])

    assert watch(path) == []


def test_copied_tag_is_told_by_the_whole_pipeline() -> None:
    cleaning, events, now = Cleaning(CORRIDOR), list[Any](), START_US
    for _ in range(10):
        events += cleaning.accept([TagReading("T1", "r", 1, now), TagReading("T1", "r", 5, now)], now)
        now += SECOND_US
        events += cleaning.advance(now)

    (told,) = [one for one in events if isinstance(one, TagSuspected)]
    assert (told.thing, {told.zone, told.other_zone}) == ("T1", {"A", "E"})

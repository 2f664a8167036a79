"""A copied tag whose original is read by one gateway and whose copy by another."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.gateways.copies import ChipTurns, CopyWatch, Sighting
from server.wiring import Hospital, open_hospital
from tests.fakes import START_US
from twin.clock import DAY_US, MINUTE_US, ManualClock
from twin.events.things import SuspicionReason, TagSuspected, ZoneChanged, ZoneConfirmed
from twin.settings import Settings

CODE = "3074257BF7194E4000001A85"


def seen(source: str, chip: str, minute: int) -> Sighting:
    return Sighting(CODE, chip, source, f"zone-of-{source}", START_US + minute * MINUTE_US, f"{source}-{minute}")


def told(*sightings: Sighting) -> list[TagSuspected]:
    turns = ChipTurns()
    return [found for one in sightings if (found := turns.take(one))]


def test_first_chip_that_is_told_again_after_another_gateway_told_a_second_is_two_tags() -> None:
    (found,) = told(seen("east", "A", 0), seen("west", "B", 5), seen("east", "A", 10))

    assert (found.thing, found.reason, found.is_over) == (CODE, SuspicionReason.TWO_CHIPS, False)
    assert (found.tid, found.other) == ("A", "B")
    assert (found.zone, found.other_zone) == ("zone-of-east", "zone-of-west")


def turns_of_two() -> tuple[ChipTurns, list[TagSuspected]]:
    turns = ChipTurns()
    both = [seen("east" if minute % 2 else "west", "A" if minute % 2 else "B", minute) for minute in range(10)]
    return turns, [found for one in both if (found := turns.take(one))]


def test_suspicion_is_told_once_and_is_over_a_day_after_the_last_proof_though_nobody_reads_the_tag() -> None:
    turns, found = turns_of_two()
    last = START_US + 9 * MINUTE_US

    early, late, again = turns.over(last + DAY_US - 1), turns.over(last + DAY_US), turns.over(last + 2 * DAY_US)

    assert [one.is_over for one in found] == [False]
    assert (early, [(one.thing, one.is_over, one.tid) for one in late], again) == ([], [(CODE, True, "A")], [])


def test_word_that_the_copy_is_gone_ends_a_suspicion_until_there_is_a_new_proof() -> None:
    turns, _ = turns_of_two()

    turns.settle(CODE)

    assert turns.over(START_US + 2 * DAY_US) == []
    # One sighting of each proves nothing anew: the copy may have been taken away in between.
    assert [turns.take(seen("east", "A", 20)), turns.take(seen("west", "B", 21))] == [None, None]
    assert turns.take(seen("east", "A", 22)) is not None


@pytest.mark.parametrize(
    "sightings",
    [
        [seen("east", "A", 0), seen("west", "A", 5), seen("east", "A", 10)],  # one tag that is carried about
        [seen("east", "A", 0), seen("west", "B", 5), seen("west", "B", 10)],  # a new label, elsewhere
        [seen("east", "A", 0), seen("west", "B", 5), seen("east", "B", 10), seen("west", "B", 15)],
        [seen("east", "A", 0), seen("east", "B", 5), seen("east", "A", 10)],  # the gateway itself tells of these
        [seen("east", "A", 10), seen("west", "B", 5), seen("east", "A", 20)],  # told late: B was before both
        [seen("east", "A", 10), seen("west", "B", 15), seen("east", "A", 5)],  # a gateway that catches up
    ],
)
def test_what_one_tag_can_do_is_not_suspected(sightings: list[Sighting]) -> None:
    assert told(*sightings) == []


@given(st.lists(st.tuples(st.sampled_from("xyz"), st.integers(0, 1000)), max_size=40), st.integers(0, 1000))
def test_label_that_is_replaced_is_never_suspected_whatever_the_order_of_gateways(
    sightings: list[tuple[str, int]], replaced_at: int
) -> None:
    assert told(*(seen(one, "A" if minute < replaced_at else "B", minute) for one, minute in sightings)) == []


@pytest.fixture
def hospital(settings: Settings, clock: ManualClock) -> Iterator[Hospital]:
    found = open_hospital(settings, clock=clock, handlers=[])
    yield found
    found.close()


def test_copy_is_recorded_once_though_the_same_sightings_are_delivered_again(
    hospital: Hospital, clock: ManualClock
) -> None:
    keys = count()

    def sighted(kind: type[ZoneChanged | ZoneConfirmed], source: str, tid: str) -> ZoneChanged | ZoneConfirmed:
        clock.advance(60.0)
        key = f"k{next(keys)}"
        return kind(thing=CODE, occurred_at=clock.now(), source=source, source_key=key, zone=source, tid=tid)

    stored = hospital.record_now(
        [
            sighted(ZoneChanged, "gateway:east", "A"),
            sighted(ZoneConfirmed, "gateway:west", ""),  # this reader asks for no chips
            sighted(ZoneChanged, "gateway:west", "B"),
            sighted(ZoneConfirmed, "gateway:east", "A"),
        ]
    )

    for _ in range(2):  # the second time as after a crash
        CopyWatch(hospital).follow(stored)

    with hospital.read() as session:
        found = [one.event for one in hospital.ledger.read(session) if isinstance(one.event, TagSuspected)]
    assert [(one.thing, one.tid, one.other, one.zone) for one in found] == [(CODE, "A", "B", "gateway:east")]

"""Two chips that take turns under one code are two tags; a label that is replaced is not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rfid_gateway.cleaning.chips import ChipPairs
from rfid_gateway.cleaning.layout import Layout, ReadPoint
from rfid_gateway.cleaning.pipeline import Cleaning
from rfid_gateway.rfid.readings import TagReading
from twin.clock import SECOND_US
from twin.events.things import SuspicionReason, TagSuspected, ZoneChanged

AT = 1_767_600_000_000_000
CODE, OTHER_CODE = "3074257BF7194E4000001A85", "3074257BF7194E4000001A86"
FIRST, SECOND = "E2801160600002054CC2096F", "E28011606000020A55B2A1F3"


def read(pairs: ChipPairs, chips: str, *, code: str = CODE) -> list[TagSuspected]:
    """Feed one letter a second: a and b are two chips."""
    told: list[TagSuspected] = []
    for i, one in enumerate(chips):
        chip, place = (FIRST, "ward") if one == "a" else (SECOND, "exit")
        told += pairs.take(code, chip, place, AT + i * SECOND_US)
    return told


def test_two_chips_that_take_turns_are_told_once_with_both_places() -> None:
    pairs = ChipPairs()

    (told,) = read(pairs, "aabbabab")

    assert (told.thing, told.reason, told.is_over) == (CODE, SuspicionReason.TWO_CHIPS, False)
    assert {told.tid, told.other} == {FIRST, SECOND}
    assert {told.zone, told.other_zone} == {"ward", "exit"}


def test_chips_that_go_on_taking_turns_are_told_again_each_hour() -> None:
    told = read(ChipPairs(), "ab" * 1850)

    assert [one.is_over for one in told] == [False, False]
    assert told[1].occurred_at - told[0].occurred_at >= 3600 * SECOND_US


def test_a_label_that_is_replaced_is_no_suspicion() -> None:
    pairs = ChipPairs()

    assert read(pairs, "aaaaabbbbbbbb") == []
    assert pairs.chip_of(CODE, AT) == SECOND


def test_one_reading_of_another_chip_is_taken_for_a_misread() -> None:
    assert read(ChipPairs(), "aaaabaaaa") == []


def test_one_chip_with_two_codes_in_turn_is_told() -> None:
    pairs, told = ChipPairs(), []
    for i, code in enumerate([CODE, CODE, OTHER_CODE, OTHER_CODE, CODE]):
        told += pairs.take(code, FIRST, "ward", AT + i)

    assert [(one.thing, one.reason, one.other) for one in told] == [(CODE, SuspicionReason.TWO_CODES, OTHER_CODE)]


def test_suspicion_ends_when_the_turns_end_and_can_begin_again() -> None:
    pairs = ChipPairs(rest_s=10.0)
    read(pairs, "aabba")

    early = pairs.advance(AT + 5 * SECOND_US)
    (over,) = pairs.advance(AT + 20 * SECOND_US)

    assert early == []
    assert (over.thing, over.is_over) == (CODE, True)
    assert pairs.advance(AT + 60 * SECOND_US) == []
    assert len(read(pairs, "bbab")) == 1


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=60))
def test_code_and_chip_that_never_change_partners_are_never_suspected(order: list[tuple[int, int]]) -> None:
    pairs = ChipPairs()

    told = [one for tag, _ in order for one in pairs.take(f"{tag:024X}", f"E2{tag:022X}", "ward", AT)]

    assert told == []


def test_sighting_bears_the_chip_that_answered() -> None:
    layout = Layout((ReadPoint(id="w", reader="r", antenna=1, place="ward"),), frozenset())
    cleaning = Cleaning(layout)
    events = []
    for second in range(6):
        now = AT + second * SECOND_US
        events += cleaning.accept([TagReading(CODE, "r", 1, now, -50.0, 1, FIRST)], now)
    events += cleaning.advance(AT + 8 * SECOND_US)

    changed = [one for one in events if isinstance(one, ZoneChanged)]
    assert [(one.zone, one.tid) for one in changed] == [("ward", FIRST)]


def test_copy_beside_its_original_is_told_though_both_are_seen_by_one_antenna_at_once() -> None:
    layout = Layout((ReadPoint(id="w", reader="r", antenna=1, place="ward"),), frozenset())
    cleaning = Cleaning(layout)
    both = [TagReading(CODE, "r", 1, AT, -50.0, 1, chip) for chip in (FIRST, SECOND, FIRST, SECOND)]

    events = cleaning.accept(both, AT)

    assert [one.reason for one in events if isinstance(one, TagSuspected)] == [SuspicionReason.TWO_CHIPS]


def test_chip_that_answered_long_ago_is_claimed_by_no_reading_without_one() -> None:
    pairs = ChipPairs()
    read(pairs, "aa")

    assert pairs.chip_of(CODE, AT + 60 * SECOND_US) == FIRST
    assert pairs.chip_of(CODE, AT + 600 * SECOND_US) == ""  # the reader that sees the code now asks for no chips

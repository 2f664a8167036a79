from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfid_gateway.rfid.clocks import ClockOffset
from tests.fakes import START_US
from twin.clock import HOUR_US, SECOND_US


@given(st.integers(-2 * HOUR_US, 2 * HOUR_US), st.lists(st.integers(1000, 2 * SECOND_US), min_size=5, max_size=50))
def test_offset_is_never_further_off_than_the_least_delay(error: int, delays: list[int]) -> None:
    clock = ClockOffset()
    for i, delay in enumerate(delays):
        seen_at = START_US + i * SECOND_US
        clock.observe(seen_at + error, seen_at + delay)

    assert clock.offset_us == -error + min(delays)


@pytest.mark.parametrize("jump", [HOUR_US, -HOUR_US])
def test_clock_that_jumps_is_followed_within_two_windows(jump: int) -> None:
    clock = ClockOffset(window_us=10 * SECOND_US)
    for second in range(60):
        seen_at = START_US + second * SECOND_US
        clock.observe(seen_at + (jump if second >= 30 else 0), seen_at + 1000)

    assert clock.offset_us == 1000 - jump


@given(st.integers(-(2**62), 2**62), st.integers(0, 2**40))
def test_nothing_is_seen_after_it_was_reported(reader_time: int, delay: int) -> None:
    clock = ClockOffset()
    clock.observe(START_US, START_US + delay)

    assert clock.correct(reader_time, START_US + delay) <= START_US + delay


def test_reader_that_counts_from_its_start_is_followed_through_a_restart() -> None:
    clock = ClockOffset()
    week_us = 7 * 24 * HOUR_US
    clock.observe(week_us, START_US)
    assert clock.correct(week_us - SECOND_US, START_US) == START_US - SECOND_US

    restarted_at = START_US + 30 * SECOND_US
    clock.observe(5 * SECOND_US, restarted_at)

    assert clock.correct(3 * SECOND_US, restarted_at) == restarted_at - 2 * SECOND_US


@pytest.mark.parametrize("reader_time", [None, 0, 5_000_000])
def test_reader_without_a_usable_clock_saw_the_tag_when_it_said_so(reader_time: int | None) -> None:
    assert ClockOffset().correct(reader_time, START_US) == START_US

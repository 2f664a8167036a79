"""How far readers have come, who is waited for, and for how long."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rfid_gateway.cleaning.watermarks import Watermarks
from tests.fakes import START_US
from twin.clock import SECOND_US

LATENESS_US, PATIENCE_US = 300_000, 2_000_000


def marks(*readers: str) -> Watermarks:
    return Watermarks(readers or ("a", "b"), LATENESS_US, PATIENCE_US)


def test_readers_that_never_told_anything_hold_for_the_lateness_only() -> None:
    assert marks().low(START_US) == START_US - LATENESS_US


def test_readers_that_have_all_come_further_hold_nothing() -> None:
    both = marks()
    for reader in ("a", "b"):
        both.take(reader, START_US - 10_000, START_US - 10_000, START_US)

    assert both.low(START_US) == START_US - 10_000


def test_reader_whose_parcels_come_late_is_waited_for_a_little_longer_than_it_took() -> None:
    both = marks()
    both.take("a", START_US, START_US, START_US)
    both.take("b", START_US - SECOND_US, START_US - SECOND_US, START_US)

    assert both.low(START_US + 100_000) == START_US + 100_000 - 1_250_000 + 150_000  # no further back than it told
    assert both.low(START_US + SECOND_US) == START_US + SECOND_US - 1_250_000
    assert both.of("b").usual_delay_us == SECOND_US


def test_reader_that_held_back_an_hour_is_waited_for_no_longer_than_the_patience() -> None:
    both = marks()
    both.take("b", START_US - 3600 * SECOND_US, START_US - 3590 * SECOND_US, START_US)

    assert both.low(START_US) == START_US - PATIENCE_US


def test_silent_reader_is_idle_after_a_minute_and_holds_as_one_of_which_nothing_is_known() -> None:
    both = marks()
    both.take("b", START_US - SECOND_US, START_US - SECOND_US, START_US)

    assert both.low(START_US + 10 * SECOND_US) == START_US + 10 * SECOND_US - 1_250_000
    assert both.low(START_US + 61 * SECOND_US) == START_US + 61 * SECOND_US - LATENESS_US


def test_reader_that_is_cut_off_is_not_waited_for_until_it_is_back() -> None:
    both = marks()
    both.take("b", START_US - SECOND_US, START_US - SECOND_US, START_US)
    both.set_offline("b", is_offline=True)
    cut_off = both.low(START_US)
    both.set_offline("b", is_offline=False)

    assert (cut_off, both.low(START_US)) == (START_US - LATENESS_US, START_US - SECOND_US)


def test_readings_that_go_back_in_time_lower_what_a_reader_is_believed() -> None:
    one = marks("a")
    one.take("a", START_US, START_US, START_US)
    one.take("a", START_US - 50_000, START_US - 50_000, START_US + 10_000)
    one.take("a", START_US + 20_000, START_US + 20_000, START_US + 20_000)

    assert one.low(START_US + 20_000) == START_US + 20_000 - 50_000


def test_clock_that_runs_ahead_or_begins_in_1970_proves_nothing() -> None:
    one = marks("a")
    one.take("a", 5, START_US + 3600 * SECOND_US, START_US)

    assert one.low(START_US + SECOND_US) == START_US + SECOND_US - LATENESS_US
    assert one.of("a").usual_delay_us == 0


def test_gateway_whose_clock_is_set_back_waits_for_nobody_longer() -> None:
    one, back = marks("a"), START_US - 10 * SECOND_US
    one.take("a", START_US, START_US, START_US)
    one.take("a", back, back, back)

    assert one.low(back) == back
    assert one.low(back + 100_000) == back


def test_reader_of_no_read_point_is_waited_for_by_nobody() -> None:
    both = marks()
    both.take("stranger", START_US - SECOND_US, START_US - SECOND_US, START_US)
    both.set_offline("stranger", is_offline=False)

    assert both.low(START_US) == START_US - LATENESS_US
    assert both.of("stranger").newest == 0


def test_doorway_waits_for_its_own_readers_only() -> None:
    both = marks()
    both.take("a", START_US, START_US, START_US)
    both.take("b", START_US - SECOND_US, START_US - SECOND_US, START_US)

    assert both.low(START_US, {"a"}) == START_US
    assert both.low(START_US, {"b"}) == START_US - SECOND_US


told = st.tuples(st.sampled_from("ab"), st.integers(0, 5_000_000), st.integers(0, 1_000_000), st.integers(0, 400_000))


@given(st.lists(told, max_size=40), st.integers(0, 3_000_000))
def test_nobody_holds_longer_than_the_patience_and_the_future_is_never_told(
    messages: list[tuple[str, int, int, int]], later: int
) -> None:
    both, now = marks(), START_US
    for reader, delay, span, pause in messages:
        now += pause
        both.take(reader, now - delay - span, now - delay, now)
    now += later

    assert now - PATIENCE_US <= both.low(now) <= now


@given(st.lists(st.tuples(st.integers(0, LATENESS_US), st.integers(0, 3_000_000)), max_size=60))
def test_what_comes_in_order_within_the_lateness_is_never_behind_the_watermark(steps: list[tuple[int, int]]) -> None:
    one, now, newest, low = marks("a"), START_US, 0, 0
    for delay, pause in steps:
        now += pause
        low = max(low, one.low(now))
        at = max(now - delay, newest)
        newest = at

        assert at >= low
        one.take("a", at, at, now)

"""The figures of alarm health, against counting by hand and simple properties."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dash_app.queries.alarm_health import WINDOW_US, alarm_health
from twin.clock import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from twin.events.watch import AlarmAcknowledged, AlarmCleared, AlarmPriority, AlarmRaised
from twin.state.live import LiveState

NOW = 1_790_000_000 * SECOND_US
PRIORITIES = list(AlarmPriority)


def raised(state: LiveState, ago_us: int, *, number: int, subject: str = "s", priority: str = "P3") -> str:
    key = f"a{number}"
    event = AlarmRaised(
        thing=key,
        occurred_at=NOW - ago_us,
        source="t",
        source_key=key,
        id=f"e{number}",
        alarm_class="egress",
        subject_id=subject,
        priority=AlarmPriority(priority),
    )
    state.apply(event, state.sequence + 1)
    return key


def told(state: LiveState, kind: type, key: str, ago_us: int) -> None:
    source_key = f"{kind.__name__}{key}"
    event = kind(thing=key, occurred_at=NOW - ago_us, source="t", source_key=source_key, id=source_key)
    state.apply(event, state.sequence + 1)


def figures(state: LiveState) -> dict[str, tuple[float, bool]]:
    return {one.key: (one.value, one.is_in_order) for one in alarm_health(state, NOW).figures}


def test_a_quiet_week_is_in_order() -> None:
    state = LiveState()
    for number in range(20):
        key = raised(state, number * 6 * HOUR_US + MINUTE_US, number=number, subject=f"s{number}")
        told(state, AlarmAcknowledged, key, number * 6 * HOUR_US)
        told(state, AlarmCleared, key, number * 6 * HOUR_US)

    found = figures(state)

    assert all(is_in_order for _value, is_in_order in found.values()), found
    assert found["per_day"][0] == pytest.approx(20 / (114 + 1 / 60) * 24)
    assert found["minutes_to_acknowledge"][0] == 1.0


def test_eleven_in_ten_minutes_are_a_flood_and_ten_are_none() -> None:
    ten, eleven = LiveState(), LiveState()
    for number in range(10):
        raised(ten, number * 50 * SECOND_US, number=number, subject=f"s{number}")
    for number in range(11):
        raised(eleven, number * 50 * SECOND_US, number=number, subject=f"s{number}")

    assert figures(ten)["most_in_ten_minutes"] == (10, True)
    assert figures(ten)["flood_share"] == (0, True)
    assert figures(eleven)["most_in_ten_minutes"] == (11, False)
    assert figures(eleven)["flood_share"] == (1, False)


def test_three_times_in_a_minute_is_chattering_from_one_source_only() -> None:
    one, three = LiveState(), LiveState()
    for number in range(3):
        raised(one, HOUR_US + number * 20 * SECOND_US, number=number)
        raised(three, HOUR_US + number * 20 * SECOND_US, number=number, subject=f"s{number}")

    assert figures(one)["chattering"] == (1, False)
    assert figures(three)["chattering"] == (0, True)


def test_an_alarm_that_stays_for_more_than_a_day_is_stale_until_it_clears() -> None:
    state = LiveState()
    keys = [raised(state, DAY_US + number, number=number, subject=f"s{number}") for number in range(6)]
    assert figures(state)["stale"] == (6, False)

    told(state, AlarmCleared, keys[0], HOUR_US)

    assert figures(state)["stale"] == (5, True)


def test_what_is_older_than_the_window_counts_for_nothing_but_stale() -> None:
    state = LiveState()
    raised(state, WINDOW_US, number=1)

    health = alarm_health(state, NOW)

    assert health.count == 0
    assert figures(state)["stale"][0] == 1


@given(st.lists(st.tuples(st.integers(0, 6 * DAY_US), st.integers(0, 4), st.sampled_from(PRIORITIES)), max_size=60))
def test_shares_and_counts_agree(told_alarms: list[tuple[int, int, AlarmPriority]]) -> None:
    state = LiveState()
    for number, (ago, subject, priority) in enumerate(told_alarms):
        raised(state, ago, number=number, subject=f"s{subject}", priority=priority.value)

    health = alarm_health(state, NOW)

    assert health.count == len(told_alarms)
    assert sum(source.count for source in health.sources) == len(told_alarms)
    if told_alarms:
        assert sum(health.share_by_priority.values()) == pytest.approx(1)
        assert health.since == NOW - max(ago for ago, _subject, _priority in told_alarms)
    worst = next(one.value for one in health.figures if one.key == "most_in_ten_minutes")
    assert worst == max(
        (
            sum(at - 10 * MINUTE_US < other <= at for other in [NOW - ago for ago, _s, _p in told_alarms])
            for at in [NOW - ago for ago, _s, _p in told_alarms]
        ),
        default=0,
    )

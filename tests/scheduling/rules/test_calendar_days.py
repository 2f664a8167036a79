"""Days of a plan where the clock changes."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.rules.calendar_days import day_at, wall_time

BERLIN = "Europe/Berlin"
HOUR = 3_600_000_000


def berlin(text: str) -> int:
    """Give an instant of a wall clock in Berlin."""
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(BERLIN)).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("start", "day", "hours"),
    [
        ("2026-03-28", 1, 24),
        ("2026-03-28", 2, 47),  # the 29th is an hour short
        ("2026-10-24", 2, 49),  # the 25th is an hour long
        ("2026-03-28", 210, 210 * 24 - 1),  # in summer
    ],
)
def test_midnight_is_midnight_on_the_wall(start: str, day: int, hours: int) -> None:
    at = wall_time(berlin(start), day, BERLIN)

    assert (at - berlin(start)) // HOUR == hours
    assert datetime.fromtimestamp(at / 1e6, ZoneInfo(BERLIN)).strftime("%H:%M") == "00:00"


def test_eight_in_the_morning_stays_eight_in_the_morning() -> None:
    found = [wall_time(berlin("2026-03-28"), day, BERLIN, 480) for day in range(3)]

    assert [datetime.fromtimestamp(at / 1e6, ZoneInfo(BERLIN)).hour for at in found] == [8, 8, 8]
    assert [datetime.fromtimestamp(at / 1e6, UTC).hour for at in found] == [7, 6, 6]


@given(
    st.integers(0, 1_900_000_000),
    st.integers(0, 400),
    st.integers(0, 24 * 60 - 1),
    st.sampled_from(["UTC", BERLIN, "America/New_York", "Asia/Shanghai", "Australia/Lord_Howe"]),
)
def test_an_instant_lies_in_the_day_that_begins_before_it(second: int, day: int, minute: int, zone: str) -> None:
    there = datetime.fromtimestamp(second, ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    start = round(there.timestamp()) * 1_000_000
    at = wall_time(start, day, zone, minute)

    found = day_at(start, at, zone)

    assert wall_time(start, found, zone) <= at < wall_time(start, found + 1, zone)
    assert abs(found - day) <= 1  # a time that the clock skips may be after the next midnight

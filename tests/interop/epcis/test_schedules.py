"""Schedules of EPCIS queries beside a clock that is looked at second by second."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interop.epcis.schedules import RANGES, Schedule, read_schedule
from twin.clock import SECOND_US
from twin.errors import FieldError

BERLIN = ZoneInfo("Europe/Berlin")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # half an hour of summer time
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def us(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * SECOND_US


def shown(at: int, zone: ZoneInfo) -> str:
    return (EPOCH + timedelta(microseconds=at)).astimezone(zone).isoformat()


def is_meant(schedule: Schedule, second: int, zone: ZoneInfo) -> bool:
    local = (EPOCH + timedelta(seconds=second)).astimezone(zone)
    return (
        local.second in schedule.second
        and local.minute in schedule.minute
        and local.hour in schedule.hour
        and local.day in schedule.day_of_month
        and local.month in schedule.month
        and local.isoweekday() in schedule.day_of_week
    )


@pytest.mark.parametrize(
    ("told", "at", "expected"),
    [
        # every hour on the hour
        ({"second": "0", "minute": "0"}, "2026-01-05T08:00:00+01:00", "2026-01-05T09:00:00+01:00"),
        # at one in the night on working days: from Friday to Monday
        ({"second": "0", "minute": "0", "hour": "1", "dayOfWeek": "[1-5]"}, "2026-01-09T12:00:00+01:00",
         "2026-01-12T01:00:00+01:00"),
        # twice a day, given as numbers
        ({"second": 0, "minute": 30, "hour": "6,18"}, "2026-01-05T06:30:00+01:00", "2026-01-05T18:30:00+01:00"),
        # a fraction of a second before it still counts
        ({"second": "[10-12],40"}, "2026-01-05T08:00:10+01:00", "2026-01-05T08:00:11+01:00"),
        # the last day that not every month has
        ({"second": "0", "minute": "0", "hour": "0", "dayOfMonth": "31"}, "2026-01-31T00:00:00+01:00",
         "2026-03-31T00:00:00+02:00"),
        # leap days
        ({"second": "0", "minute": "0", "hour": "12", "dayOfMonth": "29", "month": "2"}, "2096-03-01T00:00:00+01:00",
         "2104-02-29T12:00:00+01:00"),
        # 29 March 2026 has no half past two in Berlin
        ({"second": "0", "minute": "30", "hour": "2"}, "2026-03-28T12:00:00+01:00", "2026-03-30T02:30:00+02:00"),
        # 25 October 2026 has two of them
        ({"second": "0", "minute": "30", "hour": "2"}, "2026-10-25T00:00:00+02:00", "2026-10-25T02:30:00+02:00"),
        ({"second": "0", "minute": "30", "hour": "2"}, "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"),
    ],
)  # fmt: skip
def test_the_next_time_is_what_a_calendar_says(told: dict[str, object], at: str, expected: str) -> None:
    assert shown(read_schedule(told).next_after(us(at), BERLIN), BERLIN) == expected


@given(
    seconds=st.sets(st.integers(0, 59), min_size=1, max_size=4),
    minutes=st.sets(st.integers(0, 59), min_size=1, max_size=30),
    hours=st.sets(st.integers(0, 23), min_size=12),
    # hours around both changes of the clock in both zones, and any other hour
    start=st.one_of(
        st.sampled_from(["2026-03-29T00:10:00+00:00", "2026-10-25T00:10:00+00:00", "2026-04-04T14:20:00+00:00"]).map(
            us
        ),
        st.integers(1_767_225_600_000_000, 1_893_456_000_000_000),  # the years 2026 to 2029
    ),
    zone=st.sampled_from([BERLIN, LORD_HOWE]),
)
def test_no_reading_is_passed_over_and_none_is_made_up(
    seconds: set[int], minutes: set[int], hours: set[int], start: int, zone: ZoneInfo
) -> None:
    told = {"second": seconds, "minute": minutes, "hour": hours}
    schedule = read_schedule({name: ",".join(map(str, some)) for name, some in told.items()})

    found = schedule.next_after(start, zone) // SECOND_US

    assert is_meant(schedule, found, zone)
    first = start // SECOND_US + 1
    # at most an hour is looked at second by second: further ahead the test would do nothing but count
    assert not any(is_meant(schedule, second, zone) for second in range(first, min(found, first + 3600)))


@given(at=st.integers(0, 4_000_000_000), name=st.sampled_from(sorted(RANGES)))
def test_one_field_alone_comes_again_within_the_year(at: int, name: str) -> None:
    schedule = read_schedule({name: str(RANGES[name][1])})

    found = schedule.next_after(at * SECOND_US, BERLIN) // SECOND_US

    assert at < found <= at + 367 * 86_400


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({}, "schedule"),
        ({"second": "60"}, "schedule/second"),
        ({"dayOfWeek": "0"}, "schedule/dayOfWeek"),  # Sunday is 7
        ({"dayOfMonth": "0"}, "schedule/dayOfMonth"),
        ({"hour": "[5-3]"}, "schedule/hour"),
        ({"hour": "*"}, "schedule/hour"),  # cron's own sign
        ({"hour": "1,,2"}, "schedule/hour"),
        ({"hour": "-1"}, "schedule/hour"),
        ({"hour": True}, "schedule/hour"),
        ({"hour": ["1"]}, "schedule/hour"),
        ({"hour": "٣"}, "schedule/hour"),  # a digit, but none that a clock shows here
        ({"month": "2", "dayOfMonth": "30"}, "schedule/dayOfMonth"),
        ({"jobName": "x"}, "schedule/jobName"),
    ],
)
def test_what_is_no_schedule_is_refused_with_its_field(told: dict[str, object], field: str) -> None:
    with pytest.raises(FieldError) as raised:
        read_schedule(told)

    assert raised.value.problem.field == field
    assert raised.value.code == "epcis.subscription_controls"

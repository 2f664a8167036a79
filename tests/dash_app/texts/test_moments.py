from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dash_app.texts import moments
from dash_app.texts.preferences import PREFERENCES, Preferences
from twin.clock import from_datetime


@pytest.fixture
def reader_in(request):
    tokens = []

    def choose(zone, language="en"):
        tokens.append(PREFERENCES.set(Preferences(language=language, time_zone=zone)))

    yield choose
    for token in reversed(tokens):
        PREFERENCES.reset(token)


AUTUMN = from_datetime(datetime(2026, 10, 25, 0, 30, tzinfo=UTC))  # 02:30 for the first time in Berlin


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("UTC", "2026-10-25 00:30"),
        ("Europe/Berlin", "2026-10-25 02:30"),
        ("Asia/Shanghai", "2026-10-25 08:30"),
        ("America/St_Johns", "2026-10-24 22:00"),
        ("Australia/Lord_Howe", "2026-10-25 11:30"),
    ],
)
def test_moments_are_written_in_the_sites_zone(reader_in, zone, text):
    reader_in(zone)

    assert moments.moment(AUTUMN) == text


def test_the_repeated_hour_of_autumn_is_two_different_instants(reader_in):
    reader_in("Europe/Berlin")
    later = AUTUMN + int(timedelta(hours=1).total_seconds()) * 1_000_000

    assert moments.moment(AUTUMN) == moments.moment(later)
    assert moments.local(AUTUMN).utcoffset() != moments.local(later).utcoffset()


def test_nothing_is_written_for_no_instant():
    assert moments.moment(0) == ""
    assert moments.clock_time(0) == ""
    assert moments.calendar_day(0) == ""
    assert moments.age(0, 5) == "never seen"


@given(st.integers(0, 10**8))
def test_a_longer_time_is_never_written_in_a_smaller_unit(seconds):
    units = ["s", "min", "h", "d"]

    def rank(text):
        return units.index(text.split()[1])

    assert rank(moments.duration(seconds)) <= rank(moments.duration(seconds + 1))


def test_ages_count_from_now():
    assert moments.age(1_000_000, 41_000_000) == "40 s ago"


def test_a_clock_that_lags_gives_no_negative_age():
    assert moments.age(41_000_000, 1_000_000) == "0 s ago"


def test_numbers_have_the_separators_of_the_language():
    assert moments.number(12345.678, 1) == "12,345.7"
    assert moments.percent(0.876) == "88 %"

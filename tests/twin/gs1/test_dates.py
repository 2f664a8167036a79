"""Dates of labels: centuries, the day 00, times."""

from __future__ import annotations

import calendar
from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.errors import DecodeError
from twin.gs1.dates import Moment, calendar_day, full_year, moment_of

TODAY = date(2026, 11, 22)


@given(st.integers(0, 99), st.dates(date(1990, 1, 1), date(2120, 12, 31)))
def test_two_digits_mean_the_year_that_is_nearest(two_digits: int, today: date) -> None:
    found = full_year(two_digits, today)

    assert found % 100 == two_digits
    assert -49 <= found - today.year <= 50


@given(st.integers(1990, 2080), st.integers(1, 12))
def test_day_zero_is_the_last_day_of_its_month(year: int, month: int) -> None:
    assert calendar_day(year, month, 0) == date(year, month, calendar.monthrange(year, month)[1])


@pytest.mark.parametrize(
    ("identifier", "value", "wanted"),
    [
        ("17", "280200", Moment(date(2028, 2, 29))),
        ("11", "770101", Moment(date(1977, 1, 1))),  # 51 years ahead is a century ago
        ("11", "760101", Moment(date(2076, 1, 1))),
        ("7003", "2611222330", Moment(date(2026, 11, 22), time(23, 30))),
        ("7003", "2611000815", Moment(date(2026, 11, 30), time(8, 15))),
        ("8008", "26112209", Moment(date(2026, 11, 22), time(9))),
        ("8008", "261122091559", Moment(date(2026, 11, 22), time(9, 15, 59))),
        ("7011", "261122", Moment(date(2026, 11, 22))),
        ("4324", "2611229999", Moment(date(2026, 11, 22))),  # only the day counts
        ("7007", "261101261122", Moment(date(2026, 11, 1))),
        ("7250", "19310704", Moment(date(1931, 7, 4))),  # a birth: the full year, never a nearer one
        ("7251", "193107042359", Moment(date(1931, 7, 4), time(23, 59))),
    ],
)
def test_each_dated_identifier_is_read_in_its_own_form(identifier: str, value: str, wanted: Moment) -> None:
    assert moment_of(identifier, value, today=TODAY) == wanted


@pytest.mark.parametrize(
    ("identifier", "value", "offset"),
    [
        ("17", "270229", 4),  # no leap year
        ("17", "261300", 4),
        ("17", "260015", 4),  # no month 0
        ("7003", "2611222400", 4),  # midnight is 00:00 of the next day
        ("7003", "2611229999", 4),  # an expiry with a time has one
        ("8008", "261122096000", 4),
        ("7007", "261101261131", 10),  # the second day of the range
        ("7250", "20000230", 4),
    ],
)
def test_a_day_that_does_not_exist_is_refused_where_it_stands(identifier: str, value: str, offset: int) -> None:
    with pytest.raises(DecodeError) as caught:
        moment_of(identifier, value, today=TODAY, offset=4)

    assert (caught.value.code, caught.value.offset) == ("gs1.date", offset)

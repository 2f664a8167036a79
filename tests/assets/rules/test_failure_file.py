"""Failure data of other hands: which reading of a file is the only one, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.rules.failure_file import read_failures
from twin.errors import ImportRefused

HEAD = "asset,start,end,event\n"


def problems_of(text: str) -> list[tuple[str, str]]:
    with pytest.raises(ImportRefused) as refused:
        read_failures(text, source="f.csv")
    assert all(problem.cure for problem in refused.value.problems)
    return [(problem.place, problem.field) for problem in refused.value.problems]


def test_ages_of_eight_digits_are_no_days() -> None:
    # 31,511,231 s is a year; read as a day it would be one of the year 3151.
    rows = read_failures(HEAD + "a,0,31511231,1\nb,10000101,20000101,0\nc,0,99999999,1\n", source="f.csv")

    assert [(row.start, row.end) for row in rows] == [(0.0, 31511231.0), (10000101.0, 20000101.0), (0.0, 99999999.0)]


def test_days_without_hyphens_are_days_where_every_cell_is_one() -> None:
    rows = read_failures(HEAD + "a,20260101,20260131,1\na,20260131,20260302,0\n", source="f.csv")

    assert [(row.start, row.end) for row in rows] == [(0.0, 30.0), (30.0, 60.0)]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("a,2026-01-01,2026-02-30,1\n", [("row 2", "end")]),  # there is no such day
        ("a,2026-01-01,2026-02-01,1\nb,0,31,1\n", [("row 3", "start"), ("row 3", "end")]),  # days and ages mixed
        ("a,,2026-02-01,1\n", [("row 2", "start")]),  # from what day on was it watched?
        ("a,0,12,5,1\n", [("row 2", "columns")]),  # a comma as decimal mark between commas
        ("a,0,12\nb,0,5,1\n", [("row 2", "columns")]),  # cut off: absent is not censored
        ("a,0,5,1,,\nb,-1,5,1\n", [("row 3", "end")]),  # empty cells at the end are nothing
        ("a,0,1e16,1\n", [("row 2", "end")]),  # longer than anything lives
        ("a,0,inf,1\nb,nan,2,1\n", [("row 2", "end"), ("row 3", "start")]),
        ("a,0,10,1\nb,0,1,0\na,3,4,0\na,9,20,0\n", [("row 4", "start"), ("row 5", "start")]),  # within, and beyond
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(rows: str, expected: list[tuple[str, str]]) -> None:
    assert problems_of(HEAD + rows) == expected


def test_an_empty_event_is_censored() -> None:
    (row,) = read_failures(HEAD + "a,,5,\n", source="f.csv")

    assert (row.start, row.is_event) == (0.0, False)


@given(text=st.text(max_size=200) | st.text('asetndv,;|\t\n0123456789.-"', max_size=120).map(lambda t: HEAD + t))
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        rows = read_failures(text, source="f.csv")
    except ImportRefused:
        return

    assert rows
    assert all(0.0 <= row.start < row.end for row in rows)

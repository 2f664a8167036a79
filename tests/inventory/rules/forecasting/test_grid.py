"""Periods in which nobody needed anything are periods all the same."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.rules.forecasting.grid import positions
from inventory.rules.forecasting.reading import Columns, DemandTable, read_demand
from twin.errors import ImportRefused


def read(text: str, **columns: str) -> DemandTable:
    return read_demand(text.splitlines(keepends=True), source="demand.csv", columns=Columns(**columns))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ordered", "places"),
    [
        (["2024-01", "2024-02", "2024-05"], [0, 1, 4]),
        (["2023-11", "2024-01", "2024-02"], [0, 2, 3]),  # over the year's end
        (["2024-01-01", "2024-01-08", "2024-01-29"], [0, 1, 4]),  # weeks by their Mondays
        (["2024-01-31", "2024-02-29", "2024-04-30"], [0, 1, 3]),  # months by their last days
        (["2024-01-15", "2024-02-15", "2024-04-15"], [0, 1, 3]),  # and by another day
        (["2024-01-01", "2024-01-02", "2024-01-05"], [0, 1, 4]),
        (["31.12.2023", "31.01.2024", "31.03.2024"], [0, 1, 3]),
        (["Dec 2023", "Jan 2024", "Mar 2024"], [0, 1, 3]),
        (["12/2023", "01/2024", "03/2024"], [0, 1, 3]),
        (["202311", "202312", "202402"], [0, 1, 3]),  # not 91 numbers apart
        (["202352", "202401", "202403"], [0, 1, 3]),  # weeks: one of them is above 12
        (["20231231", "20240101", "20240103"], [0, 1, 3]),
        (["2023-W52", "2024-W01", "2024-W03"], [0, 1, 3]),
        (["2023Q3", "2023Q4", "2024Q2"], [0, 1, 3]),
        (["Week 9", "Week 10", "Week 12"], [0, 1, 3]),
        (["1", "2", "7"], [0, 1, 6]),
        (["10", "20", "50"], [0, 1, 4]),  # the step that all have in common
        (["1.5", "2.5", "9.5"], [0, 1, 2]),  # of which no grid is known
        (["2024-03-01T06:00", "2024-03-01T18:30"], [0, 1]),
        (["year 1 week 2", "year 3 week 4"], [0, 1]),
        (["2024-W53", "2025-W01", "2025-W03"], [0, 1, 2]),  # 2024 has no week 53
        (["2024-01"], [0]),
    ],
)
def test_gaps_stay_gaps(ordered: list[str], places: list[int]) -> None:
    assert positions(ordered) == places


@given(st.lists(st.integers(0, 400), min_size=3, unique=True).map(sorted), st.sampled_from([1, 7]))
def test_days_and_weeks_stand_where_the_calendar_has_them(numbers: list[int], step: int) -> None:
    days = [date(2023, 1, 2) + timedelta(days=step * number) for number in numbers]

    found = positions([str(day) for day in days])

    assert found[0] == 0
    grid = {(day - days[0]).days for day in days}
    # months if all fall on one day of the month, else an even number of days
    if len({day.day for day in days}) > 1 and any((day + timedelta(days=1)).day > 1 for day in days):
        assert len({(day - days[0]).days / place for day, place in zip(days, found, strict=True) if place}) == 1
    assert len(set(found)) == len(grid)
    assert found == sorted(found)


def test_a_slow_item_is_not_forecast_as_a_fast_one() -> None:
    table = read("week,item,units\n2024-W01,stent,1\n2024-W02,drape,9\n2024-W09,stent,1\n")

    assert table.demand.tolist() == [[0, 9, 0, 0, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0, 0, 1]]
    assert (table.filled, table.periods[0], table.periods[2]) == (6, "2024-W01", "")


@pytest.mark.parametrize(
    ("text", "demand"),
    [
        ("month;item;quantity\n2024-01;a;3,5\n2024-02;a;1\n", [[3.5, 1.0]]),  # as spreadsheets of most of Europe write
        ("month\titem\tquantity\n2024-01\ta\t3.5\n2024-02\ta\t1\n", [[3.5, 1.0]]),
        ('month,item,quantity\n2024-01,"a;b;c;d",2\n', [[2.0]]),  # signs below the header part nothing
        ("quantity,month\n0,2024-01\n0,2024-02\n", [[0.0, 0.0]]),
    ],
)
def test_columns_are_parted_by_whatever_the_header_is(text: str, demand: list[list[float]]) -> None:
    assert read(text).demand.tolist() == demand


def test_a_comma_in_a_sheet_of_commas_is_no_decimal_point() -> None:
    with pytest.raises(ImportRefused) as refused:
        read('month,quantity\n2024-01,"3,5"\n')

    assert [problem.place for problem in refused.value.problems] == ["row 2"]


def test_a_period_that_is_centuries_off_is_told_instead_of_filled_up() -> None:
    with pytest.raises(ImportRefused) as refused:
        read("day,quantity\n1024-01-01,1\n2024-01-01,2\n2024-01-02,2\n")

    [problem] = refused.value.problems
    assert problem.field == "day"
    assert "1024-01-01" in problem.message

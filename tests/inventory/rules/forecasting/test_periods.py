from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.rules.forecasting.periods import Unordered, in_order


@pytest.mark.parametrize(
    "written",
    [
        ["2", "9", "10"],  # numbers, not texts
        ["2023-12", "2024-01", "2024-11"],
        ["2024-1-9", "2024-1-10", "2024-02-01"],  # without leading zeros
        ["2024-03-01", "2024-03-01T06:00", "2024-03-01T18:30"],
        ["31.01.2024", "01.02.2024", "15.02.2024"],  # dots: day first
        ["28/02/2024", "01/03/2024"],  # 28 is no month
        ["2/28/2024", "3/1/2024"],  # 28 is no month either
        ["12/2023", "01/2024"],
        ["Dec 2023", "Jan 2024", "Nov 2024"],
        ["5 Mar 2024", "12 Mar 2024"],
        ["2023 December", "2024 January"],
        ["2023Q4", "2024Q1"],
        ["2024-W9", "2024-W10"],
        ["Week 9", "Week 10", "Week 11"],
    ],
)
def test_periods_come_in_the_order_of_time(written: list[str]) -> None:
    assert in_order(reversed(written)) == written


@pytest.mark.parametrize(
    "written",
    [
        ["03/04/2024", "05/06/2024"],  # March the fourth or April the third
        ["January", "spring"],  # words without an order
        ["13/13/2024", "01/13/2024"],  # no such month
        ["2024-01", "7"],  # two spellings
    ],
)
def test_periods_without_an_order_are_refused(written: list[str]) -> None:
    with pytest.raises(Unordered):
        in_order(written)


@given(st.lists(st.dates(), min_size=1, unique=True))
def test_iso_dates_stand_as_dates_do(days: list[object]) -> None:
    assert in_order([str(day) for day in days]) == [str(day) for day in sorted(days)]  # type: ignore[type-var]

"""People by the hour from simulated loads, and the shifts that cover them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.model.rosters import Shift
from scheduling.rules.staffing import HOUR_US, Load, by_ratio, by_square_root, hourly, quality_of
from scheduling.service.staffing import Level, Method, Wanted, load_of, staffing_of
from scheduling.solvers.covering import cover_hours
from twin.errors import InputError

EARLY = Shift(id="E", minutes=480, start_minute=420)
LATE = Shift(id="L", minutes=480, start_minute=900)
NIGHT = Shift(id="N", minutes=480, start_minute=1380)
DAY = (EARLY, LATE, NIGHT)


def erlang_c(servers: int, offered: float) -> float:
    """Give the chance of waiting in M/M/c, by the recursion of Erlang's first formula."""
    blocked = 1.0
    for n in range(1, servers + 1):
        blocked = offered * blocked / (n + offered * blocked)
    return servers * blocked / (servers - offered * (1 - blocked))


@pytest.mark.parametrize("offered", [10.0, 50.0, 200.0])
@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
def test_square_root_staffing_agrees_with_erlang_within_one_person(offered: float, share: float) -> None:
    servers = math.floor(offered) + 1
    while erlang_c(servers, offered) > share:
        servers += 1

    assert abs(by_square_root([offered], 1.0, share)[0] - servers) <= 1


@given(st.floats(0.001, 0.999), st.floats(0.001, 0.999))
def test_who_waits_less_needs_more_people(one: float, other: float) -> None:
    low, high = sorted((one, other))

    assert quality_of(low) >= quality_of(high) >= 0


def test_an_hour_needs_what_its_largest_load_needs() -> None:
    load = Load(at=(0, HOUR_US // 2, 2 * HOUR_US), values=(3.0, 9.0, 1.0))

    assert hourly(load, 0, 4) == [9.0, 9.0, 1.0, 1.0]
    assert hourly(load, -HOUR_US, 1) == [3.0]  # before the series its first value holds
    assert by_ratio([9.0, 1.0, 0.0], 4) == [3, 1, 0]


@pytest.mark.parametrize(
    ("at", "values"),
    [
        ((), ()),  # nothing
        ((0, 1), (1.0,)),  # one value too few
        ((1, 0), (1.0, 1.0)),  # backwards
        ((0,), (-1.0,)),  # fewer than none
        ((0,), (math.nan,)),  # no number
    ],
)
def test_what_is_no_load_is_refused(at: tuple[int, ...], values: tuple[float, ...]) -> None:
    with pytest.raises(InputError, match="load"):
        Load(at=at, values=values)


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0, math.nan])
def test_a_share_that_waits_lies_between_none_and_all(share: float) -> None:
    with pytest.raises(InputError, match="waiting_share"):
        quality_of(share)


@settings(max_examples=25)
@given(st.lists(st.integers(0, 6), min_size=48, max_size=48))
def test_every_hour_that_a_shift_can_reach_is_covered_from_the_first_shift_on(people: list[int]) -> None:
    found = cover_hours(people, DAY)

    at_work = [0] * 72
    lengths = {shift.id: shift for shift in DAY}
    for need in found.needs:
        shift = lengths[need.shift]
        for hour in range(shift.start_minute // 60, (shift.start_minute + shift.minutes) // 60):
            at_work[need.day * 24 + hour] += need.minimum
    assert found.gaps == ()
    # before seven on the first morning those of the eve are still at work
    assert all(at_work[hour] >= people[hour] for hour in range(7, 48))
    assert found.is_optimal
    assert found.minutes == sum(480 * need.minimum for need in found.needs)


def test_what_no_shift_reaches_is_told_as_a_gap() -> None:
    found = cover_hours([2] * 24, (EARLY,))

    assert {hour for hour, _ in found.gaps} == set(range(24)) - set(range(7, 15))
    assert [(need.shift, need.minimum) for need in found.needs] == [("E", 2)]


def test_a_result_of_a_simulation_becomes_cover() -> None:
    band = {"name": "pool.icu.occupied", "at": [0, 8 * HOUR_US], "mean": [2.0, 6.0], "high": [4.0, 12.0]}
    result = {"scenarios": [{"name": "base", "bands": [band]}]}

    load = load_of(result, "pool.icu.occupied", Level.HIGH)
    found = staffing_of(load, Wanted(start_at=0, days=1, patients_per_person=2.0, skill="ICU"), DAY)

    assert found.people == (2,) * 8 + (6,) * 16
    assert {(need.shift, need.minimum, need.skill) for need in found.covered.needs} == {
        ("E", 6, "ICU"),
        ("L", 6, "ICU"),
        ("N", 6, "ICU"),
    }
    root = Wanted(start_at=0, days=1, patients_per_person=1.0, method=Method.SQUARE_ROOT, waiting_share=0.2)
    mean = staffing_of(load_of(result, "pool.icu.occupied", Level.MEAN), root, DAY)
    assert mean.people[:8] == (by_square_root([2.0], 1.0, 0.2)[0],) * 8


@pytest.mark.parametrize(
    ("result", "told"),
    [
        ({}, "scenarios"),  # nothing
        ({"scenarios": []}, "scenarios"),  # none
        ([], "scenarios"),  # no object at all
        ({"scenarios": [{"name": "a", "bands": [{"name": "m", "at": [0], "high": [10**400]}]}]}, "high"),  # huge
        ({"scenarios": [1]}, "scenarios"),  # no object
        ({"scenarios": [{"name": "a", "bands": 3}]}, "no band"),  # no list
        ({"scenarios": [{"name": "a", "bands": [{"name": "m", "at": [0], "high": "x"}]}]}, "high"),  # no numbers
        ({"scenarios": [{"name": "a", "bands": [{"name": "m", "at": [True], "high": [1]}]}]}, "high"),  # no instants
    ],
)
def test_a_result_that_holds_no_such_series_is_refused(result: dict[str, object], told: str) -> None:
    with pytest.raises(InputError, match=told):
        load_of(result, "m", Level.HIGH)


@pytest.mark.parametrize(
    ("people", "shifts"),
    [
        ([1] * 23, DAY),  # no whole day
        ([], DAY),  # nothing
        ([1] * 24, ()),  # no shift
        ([1] * 24, (Shift(id="X"),)),  # a shift without times
    ],
)
def test_what_cannot_be_covered_is_refused(people: list[int], shifts: tuple[Shift, ...]) -> None:
    with pytest.raises(InputError):
        cover_hours(people, shifts)

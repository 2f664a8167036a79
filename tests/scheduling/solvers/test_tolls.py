"""Bounds by tolls: no schedule is cheaper, and what is found below a price is what there is below it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.solvers.rosters.columns import LITTLE, Seeker
from scheduling.solvers.rosters.employees import price_of
from scheduling.solvers.rosters.schedules import UNITS, WEEKENDS, Ask
from scheduling.solvers.rosters.tolls import raise_bound, seek
from tests.scheduling.one_person import every_valid_week, five_days


def asked(seed: int) -> tuple[Seeker, np.ndarray, list[tuple[float, tuple[int, ...]]]]:
    """Give a seeker, prices of shifts by chance, and every week that the musts allow with its price, cheapest first."""
    problem = five_days(seed)
    seeker = Seeker(problem, 1)
    worth = np.random.default_rng(seed).normal(scale=20, size=(5, 3)).round(2)
    numbers = {"": -1} | {shift.id: at for at, shift in enumerate(problem.shifts)}
    weeks = []
    for names, _ in every_valid_week(problem):
        shifts = tuple(numbers[name] for name in names)
        alone = price_of(seeker.persons[0], seeker.prices[0], np.array(shifts))
        weeks.append((alone + sum(worth[day, shift] for day, shift in enumerate(shifts) if shift >= 0), shifts))
    return seeker, worth, sorted(weeks)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1_000_000))
def test_no_schedule_is_cheaper_than_the_bound(seed: int) -> None:
    seeker, worth, weeks = asked(seed)
    space = seeker.hasty[0]
    ask = Ask(seeker.prices[0].shift + worth, seeker.prices[0].rest, np.inf)

    bounds = [raise_bound(seeker.persons[0], ask, space) for _ in range(3)]

    least = weeks[0][0] if weeks else np.inf
    assert all(bound <= least + LITTLE for bound, _ in bounds)
    # it goes on from the tolls of the last time, so it never falls
    assert bounds[0][0] <= bounds[1][0] + LITTLE <= bounds[2][0] + 2 * LITTLE
    assert space.toll[WEEKENDS] >= 0
    if bounds[-1][1]:
        assert tuple(space.walk.tolist()) in [shifts for price, shifts in weeks if price <= least + LITTLE]
        assert bounds[-1][0] == pytest.approx(least)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1_000_000), share=st.floats(-0.2, 1.2))
def test_what_is_found_below_a_price_is_what_there_is_below_it(seed: int, share: float) -> None:
    seeker, worth, weeks = asked(seed)
    low, high = (weeks[0][0], weeks[-1][0]) if weeks else (0.0, 1.0)
    below = low + share * (high - low)

    found = seeker.best(0, worth, seeker.wide[0], most=20, below=below)

    # just at the price rounding decides
    if not weeks or abs(low - below) > LITTLE:
        assert bool(found) == (bool(weeks) and low < below)
    assert all(price < below for price, _ in found)
    if found:
        assert found[0][0] == pytest.approx(low)
        known = {shifts: price for price, shifts in weeks}
        assert all(price == pytest.approx(known[column.shifts]) for price, column in found)


def test_a_reward_draws_those_who_have_to_work_more() -> None:
    seeker, _, _ = asked(3)
    person = seeker.persons[0]._replace(units_low=3 * int(seeker.persons[0].units.max()))
    dear = Ask(np.full((5, 3), 9.0), np.zeros(5), np.inf)

    bound = seek(person, dear, seeker.narrow[0])

    # three shifts that nobody would work by choice; without a reward the bound would be a week off
    assert seeker.narrow[0].toll[UNITS] < 0
    assert bound > 0

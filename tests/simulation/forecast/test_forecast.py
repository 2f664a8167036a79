"""Forecasts against exact values, against simulated hospitals whose truth is known, and against the past."""

from __future__ import annotations

import math
from datetime import date
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulation.forecast.arrivals import fit_arrivals
from simulation.forecast.backtest import BacktestPlan, backtest
from simulation.forecast.census import count_distribution, fit_census, poisson_binomial
from simulation.forecast.hazard import fit_hazard
from simulation.forecast.scores import accuracy_of, pit_histogram, score
from simulation.forecast.spread import Scored, spread_factor, stretched
from simulation.forecast.stays import HOUR_US, LocalTime, Stays

DAY = 24 * HOUR_US
MONDAY = 1_795_996_800_000_000
UTC = LocalTime()


def hospital(*, days: int = 120, per_day: float = 24.0, mean_h: float = 30.0, seed: int = 1) -> Stays:
    """Make a unit with Poisson arrivals and exponential stays: everything about it is known exactly."""
    random = np.random.default_rng(seed)
    count = random.poisson(per_day * days)
    arrived = np.sort(MONDAY + (random.random(count) * days * DAY).astype(np.int64))
    lasting = (random.exponential(mean_h * HOUR_US, count)).astype(np.int64) + 1
    return Stays(
        arrived_us=arrived,
        ended_us=arrived + lasting,
        is_open=np.zeros(count, dtype=bool),
        kinds=np.zeros(count, dtype=np.int64),
    )


@given(st.lists(st.floats(0, 1), max_size=9))
def test_poisson_binomial_is_the_sum_over_all_outcomes(chances: list[float]) -> None:
    expected = np.zeros(len(chances) + 1)
    for outcome in product((0, 1), repeat=len(chances)):
        expected[sum(outcome)] += math.prod(p if x else 1 - p for p, x in zip(chances, outcome, strict=True))

    assert poisson_binomial(np.array(chances)) == pytest.approx(expected, abs=1e-12)


@given(st.floats(0.01, 200), st.floats(0.5, 50))
def test_count_has_the_mean_and_variance_it_is_named_for(mean: float, shape: float) -> None:
    chances = count_distribution(mean, shape)
    numbers = np.arange(len(chances))

    assert numbers @ chances == pytest.approx(mean, rel=1e-3, abs=1e-6)
    assert (numbers - mean) ** 2 @ chances == pytest.approx(mean + mean**2 / shape, rel=1e-2, abs=1e-6)


@settings(max_examples=40)
@given(st.floats(0.5, 60), st.floats(0.5, 4.0))
def test_stretching_changes_the_spread_and_keeps_the_mean(mean: float, factor: float) -> None:
    chances = count_distribution(mean + 20, 1e9)  # far enough from 0 that nothing is cut off there
    numbers = np.arange(len(chances))
    before = float(numbers @ chances)

    made = stretched(chances, factor)
    after = np.arange(len(made))

    assert made.sum() == pytest.approx(1.0)
    assert after @ made == pytest.approx(before, rel=0.01)
    assert (after - before) ** 2 @ made == pytest.approx(factor * ((numbers - before) ** 2 @ chances), rel=0.08)


def test_spread_is_believed_until_forecasts_say_otherwise() -> None:
    right = [Scored(mean=10, variance=4, came=12), Scored(mean=10, variance=4, came=8)] * 50
    narrow = [Scored(mean=10, variance=4, came=14), Scored(mean=10, variance=4, came=6)] * 50

    assert spread_factor([]) == 1.0
    assert spread_factor(right) == pytest.approx(1.0)
    assert 3.0 < spread_factor(narrow) <= 4.0


def test_present_patients_are_censored_and_not_left_out() -> None:
    stays = hospital()
    at = MONDAY + 60 * DAY
    known = stays.known_at(at)
    without = known.is_open

    fitted = fit_hazard(known, at, clock=UTC)
    naive = Stays(
        arrived_us=known.arrived_us[~without],
        ended_us=known.ended_us[~without],
        is_open=known.is_open[~without],
        kinds=known.kinds[~without],
    )
    short = fit_hazard(naive, at, clock=UTC)

    survival = fitted.survival(np.zeros(1, np.int64), np.zeros(1), at, 48)[0]
    assert survival[-1] == pytest.approx(math.exp(-24 / 30), abs=0.03)
    assert short.survival(np.zeros(1, np.int64), np.zeros(1), at, 48)[0, -1] < survival[-1]


def test_nothing_from_the_future_enters() -> None:
    stays = hospital()
    at = MONDAY + 60 * DAY
    early = stays.arrived_us <= at
    cut = Stays(
        arrived_us=stays.arrived_us[early],
        ended_us=np.where(stays.ended_us[early] > at, at + 999 * DAY, stays.ended_us[early]),
        is_open=stays.is_open[early],
        kinds=stays.kinds[early],
    )

    one, other = fit_census(stays.known_at(at), at), fit_census(cut.known_at(at), at)

    for mine, theirs in zip(one.forecast(stays.known_at(at), at), other.forecast(cut.known_at(at), at), strict=True):
        assert mine.chances.tolist() == theirs.chances.tolist()


def test_forecast_of_a_known_hospital_is_right() -> None:
    stays = hospital(days=200)
    plan = BacktestPlan(
        instants=[MONDAY + day * DAY + 6 * HOUR_US for day in range(60, 190)], horizons_h=(8, 24), refit_days=40
    )

    tried = list(backtest(stays, plan))

    for horizon in (8, 24):
        accuracy = accuracy_of([one.score for one in tried if one.horizon_h == horizon])
        assert accuracy is not None
        assert 0.8 < accuracy.pit_inside_90 < 0.98
        assert 0.06 < accuracy.pit_variance < 0.105
        assert 0.85 < accuracy.ideal_mae_ratio < 1.2
    assert sum(pit_histogram([one.score for one in tried])) == len(tried)


def test_arrivals_follow_the_hour_and_leave_holidays_out() -> None:
    random = np.random.default_rng(3)
    instants = []
    for day in range(84):
        busy = 0 if day == 77 else 60
        for hour, share in ((9, 0.7), (20, 0.3)):
            count = random.poisson(busy * share)
            instants += (
                MONDAY + day * DAY + hour * HOUR_US + (random.random(count) * HOUR_US).astype(np.int64)
            ).tolist()
    arrived = np.sort(np.array(instants, dtype=np.int64))
    stays = Stays(
        arrived_us=arrived,
        ended_us=arrived + HOUR_US,
        is_open=np.zeros(len(arrived), bool),
        kinds=np.zeros(len(arrived), np.int64),
    )

    rates = fit_arrivals(stays, MONDAY + 84 * DAY, clock=UTC)

    hours = rates.per_hour[0].reshape(7, 24)
    assert hours[0, 9] == pytest.approx(42, rel=0.12)  # Monday the 77th day would pull it down by a twelfth
    assert hours[3, 20] == pytest.approx(18, rel=0.2)
    assert hours[:, 3].max() < 0.5


def test_holidays_of_the_past_and_of_the_time_ahead_are_taken_as_sundays() -> None:
    random = np.random.default_rng(5)
    instants: list[int] = []
    past, ahead = date(2027, 1, 6), date(2027, 2, 24)  # two Wednesdays, days 37 and 86 from the first Monday
    for day in range(86):
        busy = 8 if day % 7 == 6 or day == 37 else 80
        count = random.poisson(busy)
        instants += (MONDAY + day * DAY + 9 * HOUR_US + (random.random(count) * HOUR_US).astype(np.int64)).tolist()
    arrived = np.sort(np.array(instants, dtype=np.int64))
    stays = Stays(
        arrived_us=arrived,
        ended_us=arrived + 4 * HOUR_US,
        is_open=np.zeros(len(arrived), bool),
        kinds=np.zeros(len(arrived), np.int64),
    )
    at = MONDAY + 85 * DAY + 20 * HOUR_US  # the evening before

    known, unknown = (
        fit_census(stays.known_at(at), at, clock=clock).forecast(stays.known_at(at), at, (16,))[0]
        for clock in (LocalTime(holidays=frozenset({past, ahead})), UTC)
    )

    assert known.mean < 15
    assert unknown.mean > 60


def test_day_that_begins_busy_is_expected_to_go_on_so() -> None:
    random = np.random.default_rng(4)
    instants: list[int] = []
    for day in range(120):
        level = random.gamma(5, 0.2) if day < 119 else 2.5
        instants += (
            MONDAY + day * DAY + np.sort(random.random(random.poisson(48 * level)) * DAY).astype(np.int64)
        ).tolist()
    arrived = np.sort(np.array(instants, dtype=np.int64))
    at = MONDAY + 119 * DAY + 12 * HOUR_US
    stays = Stays(
        arrived_us=arrived,
        ended_us=arrived + HOUR_US,
        is_open=np.zeros(len(arrived), bool),
        kinds=np.zeros(len(arrived), np.int64),
    ).known_at(at)

    rates = fit_arrivals(stays, at, clock=UTC)

    assert 2 < rates.day_shape < 20  # the strangest days are left out, so it comes out above the true 5
    assert rates.levels(stays, at, 1)[0].mean > 1.5


def test_hours_are_those_of_the_hospital() -> None:
    shanghai = LocalTime("Asia/Shanghai")

    assert shanghai.week_hours(np.array([MONDAY])).tolist() == [8]
    assert shanghai.days(np.array([MONDAY + 16 * HOUR_US]))[0] == shanghai.days(np.array([MONDAY]))[0] + 1


@given(st.lists(st.floats(0.01, 1), min_size=1, max_size=30), st.integers(0, 40), st.floats(0, 1))
def test_score_of_a_count(weights: list[float], came: int, u: float) -> None:
    chances = np.array(weights) / sum(weights)

    found = score(chances, came, u)
    certain = score(np.eye(came + 1)[came], came, u)

    assert certain.crps == 0.0
    assert found.crps >= 0
    assert 0 <= found.pit <= 1
    assert (not found.inside_50) or (found.inside_80 and found.inside_95)
    # CRPS = E|X − y| − E|X − X'|/2, the other way to write it.
    numbers = np.arange(len(chances))
    other = chances @ np.abs(numbers - came) - 0.5 * chances @ np.abs(numbers[:, None] - numbers) @ chances
    assert found.crps == pytest.approx(other, abs=1e-9)


def test_clocks_that_differ_by_half_an_hour_show_the_right_hour() -> None:
    kolkata = LocalTime("Asia/Kolkata")
    at = np.array([0, HOUR_US // 2, 18 * HOUR_US, 18 * HOUR_US + HOUR_US // 2])  # Thursday, 5:30, 6:00, 23:30, 0:00

    assert kolkata.week_hours(at).tolist() == [77, 78, 95, 96]
    assert (kolkata.days(at) - kolkata.days(at)[0]).tolist() == [0, 0, 0, 1]

"""Levels of days are carried on as far as the days before say that they last, and no further."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation.forecast.levels import DayCounts, levels_ahead

SHAPE = 40.0


def days(levels: np.ndarray, expected: float, random: np.random.Generator) -> DayCounts:
    means = np.full(len(levels), expected)
    return DayCounts(came=random.poisson(means * levels), expected=means, is_usual=np.ones(len(levels), dtype=bool))


def lasting(count: int, keep: float, random: np.random.Generator) -> np.ndarray:
    """Give levels of variance 1/SHAPE around 1 of which so much is left the day after."""
    found, level = np.empty(count), 0.0
    for day in range(count):
        level = keep * level + random.normal() * ((1 - keep**2) / SHAPE) ** 0.5
        found[day] = 1 + level
    return np.maximum(found, 0.05)


def test_days_whose_levels_last_are_foretold_better_than_by_their_weekday() -> None:
    random = np.random.default_rng(3)
    levels = lasting(400, 0.9, random)
    counts = days(levels, 300.0, random)

    errors = []
    for today in range(150, 400, 5):
        before = DayCounts(came=counts.came[:today], expected=counts.expected[:today], is_usual=counts.is_usual[:today])
        told = levels_ahead(before, SHAPE, 1)[0]
        errors.append((levels[today] - told.mean, levels[today] - 1, told.mean / told.shape**0.5))
    ours, usual, said = (float(np.sqrt(np.mean(np.square(column)))) for column in zip(*errors, strict=True))

    assert ours < 0.7 * usual
    assert said == pytest.approx(ours, rel=0.35)  # and it knows how far it errs


def test_levels_by_chance_stay_what_they_were() -> None:
    random = np.random.default_rng(4)
    told = levels_ahead(days(random.gamma(SHAPE, 1 / SHAPE, 180), 300.0, random), SHAPE, 4)

    assert [one.mean for one in told] == pytest.approx([1.0] * 4, abs=0.03)
    assert [one.shape for one in told] == pytest.approx([SHAPE] * 4, rel=0.15)


def test_a_quiet_day_is_forgotten_with_time_and_a_holiday_at_once() -> None:
    random = np.random.default_rng(5)
    counts = days(lasting(200, 0.85, random), 300.0, random)
    counts.came[-5:] = 200
    holiday = DayCounts(came=counts.came, expected=counts.expected, is_usual=np.arange(200) < 195)

    told = levels_ahead(counts, SHAPE, 10)

    means = [one.mean for one in told]
    assert means[0] < 0.85
    assert means == sorted(means)
    assert means[-1] > means[0] + 0.05
    assert levels_ahead(holiday, SHAPE, 1)[0].mean > means[0] + 0.1


@given(st.integers(0, 60), st.integers(1, 5), st.floats(0.5, 1e6), st.floats(0.0, 500.0), st.integers(0, 9))
def test_levels_are_laws_whatever_came(count: int, ahead: int, shape: float, expected: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    told = levels_ahead(days(random.gamma(0.3, 2.0, count), expected, random), shape, ahead)

    assert len(told) == ahead
    assert all(0 < one.mean < np.inf and 0 < one.shape < np.inf for one in told)
